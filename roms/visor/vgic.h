/*
 * The interrupt controller that guests see: GICv2 where the machine has GICv2, GICv3 where it has GICv3. The CPU interface
 * is the hardware's virtual one, fed by list registers; distributor and redistributors are emulated.
 *
 * The state of an interrupt is in its struct virq, but for what is in list registers of a running vCPU: vgic_exit() folds
 * that back after each exit, vgic_enter() chooses again.
 */
#ifndef VISOR_VGIC_H
#define VISOR_VGIC_H

#include "roms/lib/types.h"

enum { VGIC_SPIS = 64, VGIC_IDS = 32 + VGIC_SPIS, VGIC_LRS = 16 };

struct vcpu;
struct vm;

struct virq {
    u8 priority;
    u8 owner;      /* SPIs: index of the vCPU */
    u8 targets;    /* SPIs, GICv2: as written */
    u8 sources;    /* SGIs, GICv2: a bit for each sender */
    u8 active_source; /* ... and the sender of the one that is active: the guest's EOI names it */
    u16 physical;  /* the interrupt behind it, which the guest's EOI deactivates; 0: none */
    bool enabled, group1, edge;
    bool line;     /* of an emulated device, level-sensitive */
    bool latch;    /* pending by an edge, by the physical interrupt, by software */
    bool active;
};

struct vgic {
    bool enabled0, enabled1; /* groups, GICD_CTLR */
    struct virq spis[VGIC_SPIS];
    u64 router[VGIC_SPIS];   /* as written */
};

struct vgic_cpu {
    struct virq private[32];
    u32 live[VGIC_IDS / 32];     /* interrupts that may have to be in a list register */
    u16 listed[VGIC_LRS];        /* INTIDs in the list registers, while the vCPU runs */
    u8 listed_source[VGIC_LRS];  /* the sender of an SGI there */
    u8 listed_sources[VGIC_LRS]; /* what has moved there from the struct virq: the sender's bit, */
    bool listed_latch[VGIC_LRS]; /* and the latch */
    unsigned listed_count;
    u64 vmcr, apr0[4], apr1[4];  /* while it isn't loaded */
    bool asleep;                 /* GICR_WAKER.ProcessorSleep */
};

/* ---- vgic.c */
void vgic_cpu_reset(struct vcpu *vcpu);
void vgic_reset(struct vm *vm);
struct virq *vgic_irq(struct vcpu *vcpu, unsigned intid);
/* An interrupt's state has changed: look at it again when its vCPU is entered, and soon. vm->lock held, as for all. */
void vgic_changed(struct vm *vm, struct vcpu *vcpu, unsigned intid);
/* The line of a level-sensitive interrupt; vcpu for PPIs (any of the VM for SPIs). */
void vgic_line(struct vcpu *vcpu, unsigned intid, bool high);
/* An edge, or the physical interrupt behind it. */
void vgic_pend(struct vcpu *vcpu, unsigned intid);
void vgic_sgi(struct vcpu *from, struct vcpu *to, unsigned intid, bool group1);
/* Whether the vCPU would take an interrupt if it didn't mask them by PSTATE. */
bool vgic_deliverable(struct vcpu *vcpu);
bool vgic_pending(const struct virq *irq);
/* Around each run, and around the time on a PE. */
void vgic_enter(struct vcpu *vcpu);
void vgic_exit(struct vcpu *vcpu);
void vgic_load(struct vcpu *vcpu);
void vgic_unload(struct vcpu *vcpu);
/* ICC_SGI1R_EL1 and its like. */
void vgic_write_sgir(struct vcpu *vcpu, u64 value, bool group1);

/* ---- vgic_registers.c: GICD and GICR */
enum { VGIC_GICD = 0x08000000, VGIC_GICC = 0x08010000, VGIC_GICR = 0x080a0000, VGIC_GICR_SIZE = 0x20000 };
void vgic_add_regions(struct vm *vm);

/* ---- list_registers.c: GICH_LR<n> or ICH_LR<n>_EL2 */
struct list_register {
    unsigned intid, physical, priority, source;
    bool pending, active, group1, notify; /* notify: a maintenance interrupt after the EOI */
};
unsigned lr_count(void);
void lr_write(unsigned n, const struct list_register *lr);
struct list_register lr_read(unsigned n);
/* On, with a maintenance interrupt when the list registers run empty, or off. */
void lr_control(bool on, bool underflow);
/* ICH_VMCR_EL2 or GICH_VMCR, and the priority mask in one. */
u64 vmcr_read(void);
unsigned vmcr_mask(u64 vmcr);

#endif
