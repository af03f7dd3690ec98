/*
 * Virtual machines and their vCPUs.
 *
 * A vCPU belongs to one PE for good. While it is the PE's current one, its registers of context.h are on the PE
 * ("loaded"), the general ones are always in the struct between exits. vcpu_get() and vcpu_set() know the difference.
 */
#ifndef VISOR_VCPU_H
#define VISOR_VCPU_H

#include "roms/lib/pgtab.h"
#include "roms/lib/trapcall.h"
#include "roms/visor/context.h"
#include "roms/visor/layout.h"
#include "roms/visor/vgic.h"

#define MAX_GUESTS 4
#define MAX_VCPUS 8
#define MAX_REGIONS 24
#define MAX_DISKS 4

struct vcpu;
struct vm;

/* Emulated registers in a guest's physical address space. A handler gets the offset, 1, 2, 4 or 8 bytes; false: there is
 * no such register for this size, and the guest has its external abort. Called with vm->lock held. */
typedef bool region_fn(struct vcpu *vcpu, void *device, u64 offset, unsigned size, bool write, u64 *value);
struct region {
    u64 base, size;
    region_fn *access;
    void *device;
};

/* What a guest may use, from its config. trap_config.c says which traps each one needs. */
enum feature {
#define TRANSPORT(NAME, ...) FEATURE_##NAME = TRANSPORT_##NAME, /* hypercalls by it */
#include "roms/lib/transports.def"
    FEATURE_BASE = TRANSPORTS, /* what every guest needs */
    FEATURE_SHARED_PE,  /* other vCPUs want the PE: waiting gives it up */
    FEATURE_DEBUG,      /* self-hosted debug registers are kept per vCPU */
    FEATURE_TRAP_CTR,   /* what the caches are is asked of the visor */
    FEATURE_TRAP_CACHE, /* so is their maintenance */
    FEATURE_COUNT
};

enum vcpu_state { VCPU_OFF, VCPU_RUNNABLE, VCPU_WAITING, VCPU_STOPPED };

/* Self-hosted debug, where its registers trap (debug.h). */
struct debug_context {
    u64 mdscr, mdccint;   /* as the guest has written them */
    u64 points[4][16];    /* DBGBVR, DBGBCR, DBGWVR, DBGWCR */
    u8 claimed;
    bool unlocked;        /* the OS lock */
    bool over;            /* one instruction is executed without breakpoints and watchpoints */
    bool eret, eret_ss;   /* the instruction stepped over silently is an ERET, with that SPSR_EL1.SS */
};

struct vcpu {
    u64 x[31];
    u64 pc, pstate;       /* of the guest: ELR_EL2 and SPSR_EL2 at the exit */
    u64 esr, far, hpfar;  /* of the exit */
    u64 registers[GUEST_REGISTER_COUNT];
    struct fp_context fp;
    struct vm *vm;
    unsigned index;       /* in the VM */
    struct pe *pe;
    bool loaded;
    volatile enum vcpu_state state;
    volatile bool nudged; /* something has happened that it may wait for */
    u64 physical_ctl, physical_cval; /* the emulated CNTP timer */
    bool physical_line;
    bool virtual_serror;  /* to be taken when it isn't masked */
    struct vgic_cpu gic;
    u64 exits[64];        /* by exception class */
    struct debug_context debug;
    void *channel;        /* of the WFE agent and the hypercalls: their own state, or NULL */
};

struct vm {
    unsigned index;
    char name[16];
    volatile u32 lock;    /* devices and the interrupt controller */
    struct pgtab stage2;
    u64 vttbr;
    u64 ram_ipa, ram_pa, ram_size;
    u64 features;         /* bits of enum feature */
    u32 personas;         /* of the hypercalls */
    unsigned vcpu_count;
    struct vcpu *vcpus[MAX_VCPUS];
    struct vgic gic;
    struct region regions[MAX_REGIONS];
    unsigned region_count;
    const struct config *config; /* what it is started from */
    u64 counter_offset;   /* of the virtual counter: 0 when it started */
    struct vuart *uart;
    struct disk *disks[MAX_DISKS];
    unsigned disk_count;
    volatile bool running, reset_wanted;
};

/* One physical PE. */
struct pe {
    struct vcpu *current;
    unsigned index;
    u64 mpidr;
    volatile bool online;
    bool resched;         /* the current vCPU's turn is over */
    u64 slice_end;        /* when it is, counter value */
    u8 gic_target;        /* GICv2: its bit in GICD_ITARGETSR */
    struct vcpu *vcpus[MAX_GUESTS * MAX_VCPUS];
    unsigned vcpu_count, next;
};

static inline bool vm_has(const struct vm *vm, enum feature feature)
{
    return vm->features >> feature & 1;
}

/* ---- vcpu.c */
struct vcpu *vcpu_create(struct vm *vm, unsigned index, struct pe *pe);
/* As after a reset, with a start address and X0. Not while it is loaded elsewhere. */
void vcpu_reset(struct vcpu *vcpu, u64 entry, u64 x0);
void vcpu_load(struct vcpu *vcpu);
void vcpu_unload(struct vcpu *vcpu);
u64 vcpu_get(struct vcpu *vcpu, enum guest_register reg);
void vcpu_set(struct vcpu *vcpu, enum guest_register reg, u64 value);
/* Xn as an operand: 31 is zero. */
u64 vcpu_x(const struct vcpu *vcpu, unsigned n);
void vcpu_set_x(struct vcpu *vcpu, unsigned n, u64 value);
/* Behind the instruction that came here: 4 bytes, or 2 of T32; PSTATE.IT and PSTATE.SS move along. */
void vcpu_skip(struct vcpu *vcpu);

/* ---- inject.c: exceptions to EL1, as the PE would take them */
void inject_sync(struct vcpu *vcpu, u64 esr, const u64 *far);
/* The class of a syndrome by whether the vCPU is at EL1 or EL0: EC_DATA_LOWER or EC_DATA_SAME and their like. */
void inject_abort(struct vcpu *vcpu, bool fetch, u64 far, unsigned status, u64 iss);
void inject_undefined(struct vcpu *vcpu);
/* What was trapped, to EL1 with the same syndrome, as if EL1 had set the trap itself. */
void inject_same(struct vcpu *vcpu);

/* ---- memory.c: the guest's memory, as the guest may use it */

/* Physical memory behind an IPA of the VM's RAM, or NULL where [ipa, ipa + size) isn't all RAM. */
void *vm_ram(const struct vm *vm, u64 ipa, u64 size);
enum access { ACCESS_READ, ACCESS_WRITE, ACCESS_FETCH };
/* Stage 1 of the loaded vCPU, with the permissions of its current EL (with PSTATE.PAN, but for a fetch), or of EL0. False: *par has the PAR_EL1 of the
 * fault, for inject_translation_fault(). */
bool vcpu_translate(struct vcpu *vcpu, u64 va, enum access access, bool as_el0, u64 *ipa, u64 *par);
/* Bytes between the visor and a virtual address of the guest, page by page. What was done before a fault stays done: the
 * count of bytes moved; *par as above, or 0 where the IPA isn't RAM (an external abort). */
u64 vcpu_read(struct vcpu *vcpu, u64 va, void *to, u64 size, bool as_el0, u64 *par);
u64 vcpu_write(struct vcpu *vcpu, u64 va, const void *from, u64 size, bool as_el0, u64 *par);
/* The instruction at its PC. */
bool vcpu_fetch(struct vcpu *vcpu, u32 *opcode);
/* The DFSC of such a fault. */
unsigned fault_status(struct vcpu *vcpu, u64 va, u64 par);
/* The level at which a walk for an address goes to what isn't the guest's. */
unsigned walk_level(struct vcpu *vcpu, u64 va);
void inject_translation_fault(struct vcpu *vcpu, u64 va, u64 par, bool write);

/* ---- vm.c */
bool vm_add_region(struct vm *vm, u64 base, u64 size, region_fn *access, void *device);
/* Both take effect at once for the caller's vCPU, soon for the others. */
void vm_power_off(struct vm *vm);
void vm_reset(struct vm *vm);
/* All its vCPUs are off their PEs. */
void vm_ended(struct vm *vm);

/* ---- exits.c */
void handle_exit(struct vcpu *vcpu, unsigned kind);
unsigned guest_enter(struct vcpu *vcpu);

/* ---- trap_config.c */
void trap_config_load(const struct vcpu *vcpu);

#endif
