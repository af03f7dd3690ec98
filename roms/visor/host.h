/* The machine under the visor: what its device tree says, memory, PEs, console, interrupts, time. */
#ifndef VISOR_HOST_H
#define VISOR_HOST_H

#include "roms/lib/dt.h"
#include "roms/visor/vcpu.h"

struct host {
    struct dt fdt;
    u64 initrd_start, initrd_end;
    unsigned pe_count;
    struct pe pes[MAX_PES];
    bool psci_by_hvc;
    unsigned gic_version;
    u64 gicd, gicc, gich, gicv;  /* GICv2; gicd for both */
    u64 gicr, gicr_size;
    u64 uart;
    unsigned uart_spi;
    u64 virtio, virtio_size;     /* the virtio-mmio slots, if any: one range */
};
extern struct host host;

/* Host interrupts. */
enum { SGI_KICK = 0, PPI_MAINTENANCE = 25, PPI_HYP_TIMER = 26, PPI_VIRTUAL_TIMER = 27, NO_INTERRUPT = 1020 };

/* ---- host.c */
bool host_read_tree(const void *blob);
struct pe *this_pe(void);

/* ---- pages.c: memory that is never given back */
void pages_init(void);
/* Zeroed unless large; aligned to `align` (a power of 2 from 4096). NULL: there is no more. */
void *pages_take(u64 size, u64 align);
/* At a place of its own, for guests whose RAM is where it is: false if it isn't free. */
bool pages_take_at(u64 address, u64 size);
void *page_zeroed(void *context);

/* ---- host_mmu.c: one to one */
void mmu_start(void);
void mmu_join(void);
void mmu_map_device(u64 base, u64 size);

/* ---- host_gic.c */
void gic_start(void);       /* distributor; once */
void gic_start_pe(void);
unsigned gic_acknowledge(void);
void gic_drop(unsigned intid);       /* priority drop */
void gic_deactivate(unsigned intid);
void gic_enable_spi(unsigned intid, const struct pe *pe, bool edge);
void gic_kick(const struct pe *pe);
/* The active state of a PPI of this PE. */
void gic_set_active(unsigned intid, bool active);

/* ---- smp.c */
void pes_start(void);
void power_off(void) __attribute__((noreturn));

/* ---- locks: short, with interrupts masked as they always are at EL2. Tickets: the next one in the upper half, whose turn it
 * is in the lower one, so that a PE that comes often doesn't keep the others waiting. */
static inline void lock(volatile u32 *word)
{
    u32 value, ticket, failed;
    __asm__ volatile("1: ldaxr %w0, [%3]\n"
                     "add %w1, %w0, #16, lsl #12\n"
                     "stxr %w2, %w1, [%3]\n"
                     "cbnz %w2, 1b\n"
                     "lsr %w1, %w0, #16\n"
                     "uxth %w0, %w0\n"
                     "cmp %w0, %w1\n"
                     "b.eq 3f\n"
                     "sevl\n"
                     "2: wfe\n"
                     "ldaxrh %w0, [%3]\n"
                     "cmp %w0, %w1\n"
                     "b.ne 2b\n"
                     "3:\n"
                     : "=&r"(value), "=&r"(ticket), "=&r"(failed)
                     : "r"(word)
                     : "cc", "memory");
}
static inline void unlock(volatile u32 *word)
{
    u32 turn;
    __asm__ volatile("ldrh %w0, [%1]\n"
                     "add %w0, %w0, #1\n"
                     "stlrh %w0, [%1]\n"
                     : "=&r"(turn)
                     : "r"(word)
                     : "memory");
}

/* ---- console.c: the machine's PL011, shared by the guests that have an emulated one and by the visor */
void put_char(char c);
/* A line of the visor's own: "visor: ...". */
void say(const char *format, ...);
/* Input goes to the first VM that asks, until Ctrl-^ gives it to the next. */
void console_start(void);
void console_add(struct vm *vm);
void console_interrupt(void);
/* A guest's output, lines with its name before them if there are several. */
void console_write(struct vm *vm, char c);
void console_flush(struct vm *vm);

/* ---- vuart.c: the emulated PL011 of a guest */
bool vuart_create(struct vm *vm);
void vuart_reset(struct vm *vm);
void vuart_receive(struct vm *vm, char c);
/* The guest waits: what it has written of a line is shown. */
void vuart_idle(struct vm *vm);

/* ---- sched.c */
void sched_run(struct pe *pe) __attribute__((noreturn));
/* Looks again at a vCPU, wherever it is. */
void sched_wake(struct vcpu *vcpu);
/* The current vCPU gives its PE up; it is picked again after the others. */
void sched_yield(struct vcpu *vcpu);
/* It waits for an interrupt (WFI, CPU_SUSPEND), or is off. */
void sched_wait(struct vcpu *vcpu);
void sched_off(struct vcpu *vcpu);

/* ---- exits.c, interrupts.c */
void poll_interrupts(void);
/* True: it stays active, for the guest that it belongs to. */
bool host_interrupt(struct pe *pe, unsigned intid);
/* The SPI goes to a guest from now on. */
void pass_interrupt(struct vm *vm, unsigned intid);

/* ---- timer.c */
u64 counter(void);
/* The current vCPU's timers, around its time on a PE. */
void timer_load(struct vcpu *vcpu);
void timer_unload(struct vcpu *vcpu);
/* When a vCPU that isn't loaded has to be woken (counter value); ~0: not at all. */
u64 timer_deadline(struct vcpu *vcpu);
/* The emulated physical timer's line, by the time now. */
void timer_update(struct vcpu *vcpu);
void timer_arm(u64 deadline); /* the visor's own, of this PE; ~0: off */

#endif
