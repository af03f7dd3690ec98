/*
 * The Generic Interrupt Controller: GICv2 (IHI 0048B) and GICv3 (IHI 0069), with Security Extensions and the virtual
 * interface as options.
 *
 * gic/ knows nothing of a PE. What it needs of a PE's state comes in a struct gic_view with each system register
 * access, and by gic_set_pe_state() when the Exception level or Security state changes. Traps (ICH_HCR_EL2.TC, TALL0,
 * TALL1, TDIR; SCR_EL3.IRQ, FIQ; ICC_SRE_ELx) are the caller's; the choice between ICC_* and ICV_* is made here.
 */
#ifndef ARMSIM_GIC_GIC_H
#define ARMSIM_GIC_GIC_H

#include "devices/device.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct gic;
struct gic_cpu_interface;

enum { GIC_SGIS = 16, GIC_PRIVATE = 32, GIC_MAX_SPIS = 988, GIC_MAX_LIST_REGISTERS = 16, GIC_V2_MAX_CPUS = 8 };

/* Fields at 0 take the default in brackets. */
struct gic_config {
    unsigned version;                 /* 2 or 3 */
    unsigned cpus;                    /* 1 to 8 (GICv2), 1 to 512 (GICv3) */
    const uint64_t *affinity;         /* GICv3: MPIDR_EL1 of each PE; NULL: Aff0 = n % 16, Aff1 = n / 16 */
    bool security;                    /* two Security states (GICD_TYPER.SecurityExtn) */
    bool single_security;             /* GICv3 with `security`: GICD_CTLR.DS is fixed at one */
    bool virtualization;              /* GICH/GICV, ICH_*: list registers and maintenance interrupt */
    bool its;                         /* GICv3: LPIs and one ITS */
    bool awake_at_reset;              /* GICv3: GICR_WAKER resets to awake, as absent EL3 firmware would leave it */
    unsigned spis;                    /* multiple of 32, to 960 + 28 [256] */
    unsigned priority_bits;           /* physical, 4 to 8 [5] */
    unsigned virtual_priority_bits;   /* 5 to 8 [5] */
    unsigned list_registers;          /* 1 to 16 [4] */
    unsigned maintenance_intid;       /* PPI of the maintenance interrupt [25] */
    uint64_t distributor_base;        /* [0x08000000] */
    uint64_t cpu_base;                /* GICC [0x08010000] */
    uint64_t hypervisor_base;         /* GICH [0x08030000] */
    uint64_t virtual_cpu_base;        /* GICV [0x08040000] */
    uint64_t its_base;                /* [0x08080000] */
    uint64_t redistributor_base;      /* [0x080a0000], 128 KiB for each PE ... */
    unsigned redistributor_count;     /* ... of this many PEs [all]; the others' are at ... */
    uint64_t redistributor_high_base; /* ... this address */
    uint64_t msi_base;                /* GICv2: a GICv2m frame, 0: none ... */
    unsigned msi_first_spi, msi_spis; /* ... with these SPIs */
    uint32_t phandle;                 /* of the FDT node [FDT_PHANDLE_GIC] */
};

/*
 * Creates the controller and puts its frames on env->bus. NULL: *error is -ENOMEM, -EINVAL (config out of range) or
 * bus_add_mmio's error. `env` is borrowed and outlives the GIC.
 */
struct gic *gic_create(const struct gic_config *config, const struct device_env *env, int *error);
void gic_destroy(struct gic *gic);
/* Cold reset. Input levels stay what they are. */
void gic_reset(struct gic *gic);
/* The configuration with defaults filled in. */
const struct gic_config *gic_config(const struct gic *gic);

/* Input lines. SPI n is INTID 32 + n, PPI n is INTID 16 + n. NULL: no such interrupt. */
struct irq_line *gic_spi(struct gic *gic, unsigned n);
struct irq_line *gic_ppi(struct gic *gic, unsigned cpu, unsigned n);

/* One PE's interface. `cpu` is the PE's index, which is also its bus requester id. */
struct gic_cpu_interface *gic_cpu_interface(struct gic *gic, unsigned cpu);
/* Connects the four outputs (levels). Any may be NULL. Levels already asserted are driven at once. */
void gic_connect(struct gic_cpu_interface *cpu, struct irq_line *irq, struct irq_line *fiq, struct irq_line *virq,
                 struct irq_line *vfiq);

/* What an interface knows of its PE: its first member. */
struct gic_pe_state {
    union {
        struct {
            bool el3, secure;
        };
        uint16_t both; /* as they are compared */
    };
};
void gic_pe_state_changed(struct gic_cpu_interface *cpu);

/*
 * Whether the PE is at EL3 and its Security state, which decide whether a Group 1 interrupt is an IRQ or an FIQ. `secure`
 * at EL3: ignored for AArch64. For EL3 using AArch32 pass false, true. Cheap: call it on every change of EL.
 */
static inline void gic_set_pe_state(struct gic_cpu_interface *cpu, bool el3, bool secure)
{
    struct gic_pe_state *state = (struct gic_pe_state *)cpu, now = {.el3 = el3, .secure = secure};
    if (state->both == now.both)
        return;
    state->both = now.both;
    gic_pe_state_changed(cpu);
}
/* The PE alone is reset (PSCI CPU_ON): resets its ICC and ICH registers. GICv2's interface is no part of the PE. */
void gic_pe_reset(struct gic_cpu_interface *cpu);

/* What of the PE's state an access depends on. The hcr_* fields are Effective values: 0 when EL2 is not enabled. */
struct gic_view {
    uint8_t el;
    bool secure; /* the Security state whose banked registers are accessed: at EL3, SCR_EL3.NS == 0 */
    bool scr_fiq, scr_irq;
    bool hcr_imo, hcr_fmo, hcr_tge;
};

enum gic_register {
    GIC_ICC_PMR_EL1,
    GIC_ICC_IAR0_EL1,
    GIC_ICC_EOIR0_EL1,
    GIC_ICC_HPPIR0_EL1,
    GIC_ICC_BPR0_EL1,
    GIC_ICC_AP0R0_EL1,
    GIC_ICC_AP0R1_EL1,
    GIC_ICC_AP0R2_EL1,
    GIC_ICC_AP0R3_EL1,
    GIC_ICC_AP1R0_EL1,
    GIC_ICC_AP1R1_EL1,
    GIC_ICC_AP1R2_EL1,
    GIC_ICC_AP1R3_EL1,
    GIC_ICC_DIR_EL1,
    GIC_ICC_RPR_EL1,
    GIC_ICC_SGI1R_EL1,
    GIC_ICC_ASGI1R_EL1,
    GIC_ICC_SGI0R_EL1,
    GIC_ICC_IAR1_EL1,
    GIC_ICC_EOIR1_EL1,
    GIC_ICC_HPPIR1_EL1,
    GIC_ICC_BPR1_EL1,
    GIC_ICC_CTLR_EL1,
    GIC_ICC_SRE_EL1,
    GIC_ICC_IGRPEN0_EL1,
    GIC_ICC_IGRPEN1_EL1,
    GIC_ICC_SRE_EL2,
    GIC_ICC_CTLR_EL3,
    GIC_ICC_SRE_EL3,
    GIC_ICC_IGRPEN1_EL3,
    GIC_ICH_AP0R0_EL2,
    GIC_ICH_AP0R1_EL2,
    GIC_ICH_AP0R2_EL2,
    GIC_ICH_AP0R3_EL2,
    GIC_ICH_AP1R0_EL2,
    GIC_ICH_AP1R1_EL2,
    GIC_ICH_AP1R2_EL2,
    GIC_ICH_AP1R3_EL2,
    GIC_ICH_HCR_EL2,
    GIC_ICH_VTR_EL2,
    GIC_ICH_MISR_EL2,
    GIC_ICH_EISR_EL2,
    GIC_ICH_ELRSR_EL2,
    GIC_ICH_VMCR_EL2,
    GIC_ICH_LR0_EL2,
    GIC_ICH_LR15_EL2 = GIC_ICH_LR0_EL2 + 15,
    GIC_REGISTER_COUNT
};

/*
 * One access to a system register. False: this configuration doesn't implement the register (or not for this
 * direction), so the instruction is UNDEFINED; also on GICv2, which has no system registers.
 */
bool gic_icc_read(struct gic_cpu_interface *cpu, enum gic_register reg, struct gic_view view, uint64_t *value);
bool gic_icc_write(struct gic_cpu_interface *cpu, enum gic_register reg, struct gic_view view, uint64_t value);
/* The value a read would return, without its side effects (debuggers). */
bool gic_icc_peek(struct gic_cpu_interface *cpu, enum gic_register reg, struct gic_view view, uint64_t *value);

/* ICH_HCR_EL2 as written, for the PE's own trap decisions (TC, TALL0, TALL1, TDIR). */
uint64_t gic_ich_hcr(const struct gic_cpu_interface *cpu);

/* State sections for hashing and snapshots, in a fixed order. */
size_t gic_section_count(const struct gic *gic);
struct state_section gic_section(struct gic *gic, size_t index);
/* After a load of sections: recomputes what is derived, and drives the outputs. */
void gic_loaded(struct gic *gic);

/* Emits the interrupt controller's FDT node (and the ITS's): 0 or a negative libfdt error. */
int gic_describe(struct gic *gic, struct fdt_writer *writer);
uint32_t gic_phandle(const struct gic *gic);

#endif
