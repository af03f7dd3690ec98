/* What the ROMs share: entry at whatever EL the machine starts at, a console, exceptions, the GIC, a flat map. */
#ifndef ROM_H
#define ROM_H

#include "memory.h"
#include "sysreg.h"
#include "types.h"

static inline unsigned current_el(void)
{
    return (unsigned)(READ(CurrentEL) >> 2);
}

/* ---- print.c and console.c: the PL011 at 0x09000000, raw until an EL0 has to ask for it by SVC */
#include "print.h"

/* ---- start.S, exception.c */

/* What an exception handler sees and may change; saved on the stack of the EL the exception went to. */
struct frame {
    u64 x[31];
    u64 elr, spsr, esr, far;
};

enum { VECTOR_SYNC, VECTOR_IRQ, VECTOR_FIQ, VECTOR_SERROR }; /* vector % 4; vector / 4: from where, as in VBAR */

/* Called at the EL the exception was taken to. Execution goes on as the frame says. */
typedef void handler_fn(struct frame *frame, unsigned vector, unsigned el);
void set_handler(handler_fn *handler);

/* Installs the vectors of the current EL. */
void install_vectors(void);

/* Goes down to a lower EL at `entry`, on a stack of that EL. Only an exception comes back. */
void enter(unsigned el, void (*entry)(void)) __attribute__((noreturn));

/* Calls a function at EL0, from EL1. It may return, or pass its result to SVC_LEAVE. */
u64 call_el0(u64 (*entry)(void));
#define SVC_LEAVE 0x7f
#define SVC_PUT_CHAR 0x70

/* What `fn` returns for `argument` when it is called at EL2 or EL3, which must be the ROM's own (has_el()). */
u64 call_at(unsigned el, u64 (*fn)(u64), u64 argument);
#define CALL_AT 0x7e /* the immediate of its HVC or SMC */

const char *exception_class_name(unsigned ec);
const char *fault_status_name(unsigned status);

/* The ROM's own. Called at the EL the machine starts at. */
void rom_main(void);

/* Ends the run with a status: by PSCI, or where EL3 is the ROM's own, by semihosting. */
void power_off(unsigned status) __attribute__((noreturn));
extern unsigned start_el;

/* ---- firmware.c: the firmware, where EL3 isn't the ROM's own */
i64 firmware_call(u64 function, u64 a, u64 b, u64 c);
enum { MAX_SECONDARIES = 7 };
/* PE `number` (1 to MAX_SECONDARIES) begins at EL1 with the map of mmu_on(). What PSCI says: 0, or less than 0. One
 * function at a time: another one when the PE has begun. */
i64 start_secondary(unsigned number, void (*function)(unsigned number));

/* ---- el.c: the controls of the higher ELs, so that the lower ones can do everything */
bool has_el(unsigned el);
void open_el3(void); /* Non-secure, AArch64 below, nothing trapped */
void open_el2(void);
/* A program of EL1 that firmware has started there or at EL2; `entry` does not come back. */
void go_on_at_el1(void (*entry)(void));
void open_el1(void);

/* ---- mmu.c: identity map of EL1&0 with 4 KiB pages for the ROM, blocks for the rest */
void mmu_on(void);
void mmu_join(void); /* another PE, on the tables of the first */
/* Whether a page of the ROM's own is mapped. */
void mmu_set_page(u64 va, bool mapped);
/* Its descriptor, to be changed as the caller likes; and what is cached of it is forgotten, on all PEs. */
volatile u64 *mmu_descriptor(u64 va);
void mmu_invalidate(u64 va);
/* A page of the ROM's own becomes a window to Device memory at a physical address. */
void mmu_map_device(u64 va, u64 physical);
/* The same map for EL2 (HCR_EL2.E2H as it is). */
void mmu_on_el2(void);
#define UNMAPPED 0x4000000000ul /* an address without translation */
extern u8 el0_stack[4096];
#define EL0_DATA __attribute__((section(".el0"))) /* variables that EL0 may read and write; zero at the start */

/* ---- gic.c: either version; priorities are in the view of the security state that asks */
unsigned gic_version(void);
void gic_init_el3(void); /* all interrupts to Non-secure group 1 */
void gic_init_el1(void);
void gic_enable(unsigned intid, unsigned priority);
void gic_set_priority_mask(unsigned priority);
unsigned gic_priority_mask(void);
void gic_send_self(unsigned sgi);
unsigned gic_acknowledge(void);
void gic_end(unsigned intid);

static inline void irq_unmask(void)
{
    __asm__ volatile("msr daifclr, #2" ::: "memory");
    ISB();
}
static inline void irq_mask(void)
{
    __asm__ volatile("msr daifset, #2" ::: "memory");
}

#endif
