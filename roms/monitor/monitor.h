/* The secure monitor: what its parts share. docs/monitor.md says what it does. */
#ifndef MONITOR_H
#define MONITOR_H

#include "../lib/dt_edit.h"
#include "../lib/memory.h"
#include "../lib/print.h"
#include "../lib/rom.h"
#include "../lib/syndrome.h"

enum { MAX_PES = 8 };
enum pe_power { PE_OFF, PE_ON_PENDING, PE_ON };

struct pe {
    unsigned index;
    u64 affinity;
    enum pe_power power;
    u64 entry, context; /* of the CPU_ON that is under way */
    struct frame *interrupted; /* of the level below that is in the monitor; NULL: none, the PE is off */
    u32 serror;         /* the syndrome of one that the lower level has masked; 0: none */
    volatile bool translating; /* by AT; false again after it: the walk had an external abort */
};

extern struct pe pes[MAX_PES];
extern unsigned pe_count;

static inline struct pe *this_pe(void)
{
    return (struct pe *)READ(tpidr_el3);
}

/* ---- entry.S */
/* Leaves EL3 with what the frame says. */
void leave_monitor(struct frame *frame) __attribute__((noreturn));
/* The stack of this PE is empty again, and it waits for CPU_ON. */
void park(void) __attribute__((noreturn));
void read_vector(unsigned n, u64 value[2]);
void write_vector(unsigned n, const u64 value[2]);

/* ---- boot.c */
void cold_boot(void) __attribute__((noreturn));
void warm_boot(unsigned index) __attribute__((noreturn));
void wait_for_work(void) __attribute__((noreturn));

/* ---- platform.c */
void power_off_board(void) __attribute__((noreturn));
void reset_board(void) __attribute__((noreturn));
void panic(const char *what, const struct frame *frame) __attribute__((noreturn));

/* ---- memory_map.c */
struct range {
    u64 base, size;
};
extern struct range ram; /* Non-secure */
void memory_map_build(void);
void memory_map_use(void);
/* Non-secure memory that holds all of [address, address + size): the monitor may read it where it lies. */
bool is_non_secure_memory(u64 address, u64 size);

/* ---- lower.c: the levels below */
extern bool have_el2;
void lower_levels_reset(void);
unsigned caller_el(const struct frame *frame);
/* The stack pointer that the caller uses. */
u64 caller_sp(const struct frame *frame);
void set_caller_sp(const struct frame *frame, u64 value);
bool caller_is_big_endian(const struct frame *frame);
/* An application under a VHE host lives in EL2's regime. */
bool is_host_el0(const struct frame *frame);
enum caller_access { CALLER_READS, CALLER_WRITES, CALLER_FETCHES };
/* Where the caller's access goes; false: it would fault. PAR_EL1 stays as it was. */
bool caller_translate(const struct frame *frame, u64 address, enum caller_access access, bool unprivileged, u64 *physical);
/* The A64 instruction that came here is complete. */
void skip_instruction(struct frame *frame);

/* ---- reflect.c */
enum reflection { REFLECT_SYNC, REFLECT_SERROR = 0x180 };
/* The exception goes to the level that would have got it without the monitor, with this syndrome. */
void reflect(struct frame *frame, enum reflection kind, u32 esr, u64 far);
void deliver_serror(struct frame *frame);

/* ---- abort.c */
void data_abort(struct frame *frame);
/* What it has done, on the console. */
void print_abort_counts(void);

/* ---- wfe.c */
void wait_for_event(struct frame *frame);
void watchdog_tick(void);

/* ---- smc.c, psci.c */
void smc(struct frame *frame);
bool psci_call(u64 x[4]);

/* ---- interrupts.c: Group 0, which comes as FIQ */
enum { INTID_SECURE_TIMER = 29 };
void fiq(void);
/* Calls devices_tick() at this time of the counter; of several, the first. */
void tick_at(u64 time);

/* ---- devices.c */
struct mmio_device {
    const char *name;
    u64 base, size;
    u64 (*place)(const struct mmio_device *device); /* NULL: `base`; or where it is now */
    bool (*read)(const struct mmio_device *device, u64 offset, unsigned bytes, u64 *value);
    bool (*write)(const struct mmio_device *device, u64 offset, unsigned bytes, u64 value);
    void (*start)(const struct mmio_device *device);
    void (*tick)(const struct mmio_device *device, u64 now);
    void (*interrupt)(const struct mmio_device *device, unsigned intid); /* of Group 0 */
    /* Its node, or what it changes in the tree. False: no room. */
    bool (*describe)(const struct mmio_device *device, struct dt_edit *tree);
    unsigned intid;
    void *state;
};
#define NOWHERE (~0ul)
/* The device of a physical address, and the offset there. */
const struct mmio_device *device_at(u64 physical, u64 *offset);
void devices_start(void);
void devices_tick(u64 now);
void devices_interrupt(unsigned intid);
bool devices_describe(struct dt_edit *tree);
/* One lock for everything that PEs have in common after the boot. */
void monitor_lock(void);
void monitor_unlock(void);

/* ---- config_*.c: what this monitor is built for */
struct monitor_config {
    const char *name;
    const struct mmio_device *const *devices;
    unsigned device_count;
    bool deaf;      /* a control: the devices are described, and nobody answers */
    bool wfe_agent; /* SCR_EL3.TWE */
    bool (*call)(u64 x[5]); /* standard service calls of its own, X0 to X4; NULL: none. False: not one of them */
    unsigned call_count;
};
extern const struct monitor_config config;

#endif
