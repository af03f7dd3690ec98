/* What the files of gic/ share: the controller's state, and the steps from an input to a PE's interrupt pin. */
#ifndef ARMSIM_GIC_INTERNAL_H
#define ARMSIM_GIC_INTERNAL_H

#include "gic/gic.h"
#include "gic/priority.h"

enum {
    GIC_MAX_SPI_BANKS = 31,
    GIC_NONE = 1023,           /* special INTID: nothing to acknowledge */
    GIC_GROUP1_PENDING = 1022, /* GICv2: a Group 1 interrupt needs the other register, or AckCtl */
    GIC_SECURE_PENDING = 1020, /* GICv3, EL3: ... is for Secure EL1 */
    GIC_NON_SECURE_PENDING = 1021,
    GIC_SPECIAL = 1020, /* 1020 to 1023 are no interrupts */
    GIC_FIRST_LPI = 8192,
    GIC_IMPLEMENTER = 0x43b, /* IIDR: Arm */
    GICV2_INTERFACE_ID = 0x02020000 | 0x1000 | GIC_IMPLEMENTER, /* GICC_IIDR, GICV_IIDR: a GIC-400 r0p1 */
};

#define GIC_NO_PRIORITY 0x100u /* of "nothing pending": below every priority */

/* State of 32 consecutive INTIDs; bit n or element n belongs to INTID base + n. */
struct gic_bank {
    uint32_t implemented;
    uint32_t group;          /* IGROUPR */
    uint32_t group_modifier; /* IGRPMODR */
    uint32_t enabled;
    uint32_t latched; /* set by an edge, a message, or a write to ISPENDR */
    uint32_t level;   /* the input signal */
    uint32_t edge;    /* 1: edge-triggered, 0: level-sensitive */
    uint32_t active;
    uint32_t nsacr[2]; /* 2 bits each */
    uint8_t priority[32];
    uint64_t route[32]; /* SPIs: GICD_IROUTER, or GICD_ITARGETSR */
};

struct gic_pending {
    uint32_t intid;    /* GIC_NONE: nothing */
    uint16_t priority; /* GIC_NO_PRIORITY: nothing */
    uint8_t group;     /* enum gic_group */
};

/* LPIs of one redistributor: see lpi.c. */
struct gic_lpis;

/* The virtual interface of one PE, in the layout of the ICH_* registers; GICH_* is a view of it. */
struct gic_virtual {
    uint64_t hcr;
    uint32_t vmcr;
    struct gic_active active[2]; /* ICH_AP0R, ICH_AP1R; GICH_APR is active[0] */
    uint64_t lr[GIC_MAX_LIST_REGISTERS];
};

struct gic_cpu_interface {
    union {
        struct gic_pe_state pe; /* first: gic_set_pe_state() */
        struct {
            bool el3, secure;
        };
    };
    struct gic *gic;
    unsigned index;
    struct irq_line *irq, *fiq, *virq, *vfiq;

    /* Derived. */
    struct gic_pending best; /* the highest-priority pending interrupt */
    uint8_t running;         /* highest active priority */
    uint8_t group_mask[GIC_GROUP_COUNT];
    uint8_t groups_enabled; /* bit per enum gic_group: enabled all the way to this interface */

    /* SGIs and PPIs (GICR SGI frame, or the banked GICD registers). */
    struct gic_bank private_bank;
    uint8_t sgi_sources[GIC_SGIS]; /* GICv2: CPUs that made the SGI pending */

    /* CPU interface. */
    uint8_t pmr;
    uint8_t bpr0, bpr1[2]; /* [1] is the Secure copy; GICv2: bpr1[0] is GICC_ABPR */
    struct gic_active active[GIC_GROUP_COUNT];
    uint32_t ctlr[2];  /* GICv3: CBPR, EOImode of ICC_CTLR_EL1; GICv2: [0] is GICC_CTLR in the Secure view */
    uint32_t ctlr_el3; /* EOImode_EL3, PMHE */
    uint8_t igrpen0, igrpen1[2];
    uint8_t sre_enable[2]; /* Enable of ICC_SRE_EL2, ICC_SRE_EL3 */

    struct gic_virtual virt;

    /* Redistributor. */
    uint64_t affinity; /* Aff3:Aff2:Aff1:Aff0 as 32 bits */
    uint32_t gicr_ctlr;
    uint8_t waker; /* ProcessorSleep */
    uint64_t propbaser, pendbaser;
    struct gic_lpis *lpis;

    /* Inputs: 16 PPIs. */
    struct irq_line ppi[GIC_PRIVATE - GIC_SGIS];
    char name[24];
};

/* PEs that one ICC_SGI*R value can target: the same Aff3.Aff2.Aff1 and range of 16 Aff0 values. */
struct gic_cluster {
    uint32_t key;    /* affinity >> 4 */
    int16_t cpu[16]; /* -1: no such PE */
};

/* A contiguous region of redistributors, of the PEs first to first + count - 1. */
struct gic_redistributor_region {
    struct gic *gic;
    unsigned first, count;
};

struct gic_its;

struct gic {
    struct gic_config config;
    const struct device_env *env;

    uint32_t gicd_ctlr;     /* Secure view */
    bool two_states;        /* derived: security and not GICD_CTLR.DS */
    uint8_t groups_enabled; /* derived: bit per enum gic_group enabled in GICD_CTLR */
    uint8_t priority_mask;
    unsigned preemption_bits;
    unsigned virtual_preemption_bits;
    bool range_selector; /* some PE has an Aff0 of 16 or more */

    unsigned spi_banks;
    struct gic_bank *spi;                   /* [spi_banks] */
    uint32_t *targets;                      /* [spi_banks][cpus]: which of the bank's SPIs go to the PE */
    uint32_t candidates[GIC_MAX_SPI_BANKS]; /* derived: pending, enabled and not active */
    uint32_t candidate_banks;               /* derived: banks with candidates */
    struct irq_line *spi_lines;             /* [32 * spi_banks] */
    char (*spi_names)[24];

    struct gic_cpu_interface *cpus; /* [config.cpus] */
    struct gic_cluster *clusters;
    unsigned cluster_count;
    struct gic_redistributor_region redistributors[2];
    struct gic_its *its;
};

/* --- gic.c: from pending interrupts to the pins --- */

static inline uint32_t gic_bank_pending(const struct gic_bank *bank)
{
    return bank->latched | (bank->level & ~bank->edge);
}

static inline uint32_t gic_bank_candidates(const struct gic_bank *bank)
{
    return gic_bank_pending(bank) & bank->enabled & ~bank->active;
}

/* The group of INTID n of the bank. */
enum gic_group gic_bank_group(const struct gic *gic, const struct gic_bank *bank, unsigned n);

/* Selects the highest-priority pending interrupt again and drives the pins. After any change for this PE. */
void gic_cpu_update(struct gic_cpu_interface *cpu);
/* The same after no more than INTID n of the bank (SGIs and PPIs, or SPIs) may have become a candidate. */
void gic_cpu_candidate(struct gic_cpu_interface *cpu, const struct gic_bank *bank, unsigned n);
/* Drives the pins: after a change of masks, active priorities or the PE's state alone. */
void gic_cpu_signal(struct gic_cpu_interface *cpu);
/* After a change of SPIs `bits` of a bank; `force` when more than their being a candidate may have changed. */
void gic_spi_changed(struct gic *gic, unsigned bank, uint32_t bits, bool force);
void gic_update_all(struct gic *gic);
/* Recomputes targets[] for one SPI from its route. */
void gic_route_spi(struct gic *gic, unsigned spi);
/* GICD_CTLR or a group enable of the interface changed: recomputes groups_enabled, two_states. */
void gic_groups_changed(struct gic *gic);
/* BPRs or CBPR changed. */
void gic_cpu_masks_changed(struct gic_cpu_interface *cpu);

/* The pending interrupt may be signalled: mask and running priority let it through. */
static inline bool gic_cpu_can_signal(const struct gic_cpu_interface *cpu)
{
    return cpu->best.priority < GIC_NO_PRIORITY &&
           gic_preempts((uint8_t)cpu->best.priority, cpu->pmr, cpu->running, cpu->group_mask[cpu->best.group]);
}

/* Makes cpu->best active and returns its INTID (GICv2: with the source CPU). */
uint32_t gic_acknowledge(struct gic_cpu_interface *cpu);
/* Drops the highest active priority of a group. False: another group's is higher, or none; nothing happens. */
bool gic_priority_drop(struct gic_cpu_interface *cpu, enum gic_group group);
void gic_running_changed(struct gic_cpu_interface *cpu);
/* Clears the active state of an interrupt as this PE sees it. Doesn't check the group. */
void gic_deactivate(struct gic_cpu_interface *cpu, uint32_t intid);
/* The bank and bit of an INTID below 1020, as this PE sees it. NULL: not implemented. */
struct gic_bank *gic_find(struct gic_cpu_interface *cpu, uint32_t intid, unsigned *n);
/* The PE with this affinity (32 bits, Aff3:Aff2:Aff1:Aff0), or -1. */
int gic_find_affinity(const struct gic *gic, uint32_t affinity);
void gic_set_spi_latch(struct gic *gic, uint32_t intid, bool set);

/* --- distributor.c: registers that are laid out alike in GICv2, GICv3 and the redistributor --- */

/* The registers of one bit for each INTID: offset bits [11:7]. */
enum gic_bit_register {
    GIC_IGROUPR = 1,
    GIC_ISENABLER,
    GIC_ICENABLER,
    GIC_ISPENDR,
    GIC_ICPENDR,
    GIC_ISACTIVER,
    GIC_ICACTIVER,
    GIC_IGRPMODR = 0x1a,
};

uint32_t gic_bank_read_bits(const struct gic *gic, const struct gic_bank *bank, enum gic_bit_register reg, bool secure);
/* `fixed`: INTIDs whose enable and pending state these registers don't change (GICv2's SGIs). */
void gic_bank_write_bits(const struct gic *gic, struct gic_bank *bank, enum gic_bit_register reg, bool secure,
                         uint32_t value, uint32_t fixed);
uint8_t gic_bank_read_priority(const struct gic *gic, const struct gic_bank *bank, unsigned n, bool secure);
void gic_bank_write_priority(const struct gic *gic, struct gic_bank *bank, unsigned n, bool secure, uint8_t value);
/* ICFGR and NSACR: 16 INTIDs in a register; `half` 0 or 1. */
uint32_t gic_bank_read_config(const struct gic *gic, const struct gic_bank *bank, unsigned half, bool secure);
void gic_bank_write_config(const struct gic *gic, struct gic_bank *bank, unsigned half, bool secure, uint32_t value);
/* Whether an access may touch INTID n; `nsacr` is the least NSACR value that opens it to Non-secure (4: none). */
bool gic_bank_accessible(const struct gic *gic, const struct gic_bank *bank, unsigned n, bool secure, unsigned nsacr);
/* Priorities, ICFGR, NSACR, one-bit registers of SPIs: common to both distributors. False: not such a register. */
bool gic_spi_registers_read(struct gic *gic, uint64_t offset, unsigned size, bool secure, uint64_t *value);
bool gic_spi_registers_write(struct gic *gic, uint64_t offset, unsigned size, bool secure, uint64_t value);
/* The same of SGIs and PPIs. */
bool gic_private_registers_read(struct gic_cpu_interface *cpu, uint64_t offset, unsigned size, bool secure,
                                uint64_t *value);
bool gic_private_registers_write(struct gic_cpu_interface *cpu, uint64_t offset, unsigned size, bool secure,
                                 uint64_t value);
/* What an access of 4 or 8 bytes sees of a 64-bit register, and what a write makes of it. */
static inline uint64_t gic_part(uint64_t whole, uint64_t offset, unsigned size)
{
    return size == 8 ? whole : whole >> 8 * (offset & 4) & UINT32_MAX;
}
static inline uint64_t gic_with_part(uint64_t whole, uint64_t offset, unsigned size, uint64_t value)
{
    unsigned shift = 8 * (offset & 4);
    return size == 8 ? value : (whole & ~((uint64_t)UINT32_MAX << shift)) | (value & UINT32_MAX) << shift;
}

/* Reads the identification registers at 0xfd0 (GICv2) or 0xffd0 (GICv3); `offset` within the last 64 bytes. */
uint32_t gic_id_register(const struct gic *gic, uint64_t offset, uint8_t part);
bool gic_access_secure(const struct gic *gic, struct bus_attrs attrs);
/* Logs a guest error for an access to a reserved offset or of a wrong size; such accesses are RAZ/WI. */
void gic_bad_access(const struct gic *gic, const char *frame, bool write, uint64_t offset, unsigned size);

/* --- virtual.c: list registers and the virtual CPU interface --- */

struct gic_virtual_pending {
    int lr; /* -1: nothing */
    uint8_t priority;
    uint8_t group; /* 0 or 1 */
};

/* Fields of a list register (ICH_LR<n>_EL2). */
#define LR_VINTID(lr)   ((uint32_t)(lr))
#define LR_PINTID(lr)   ((uint32_t)((lr) >> 32) & 0x1fff)
#define LR_PRIORITY(lr) ((uint8_t)((lr) >> 48))
#define LR_GROUP1       (1ull << 60)
#define LR_HW           (1ull << 61)
#define LR_PENDING      (1ull << 62)
#define LR_ACTIVE       (1ull << 63)
#define LR_EOI          (1ull << 41) /* HW == 0: maintenance interrupt when it becomes invalid */

enum {
    ICH_HCR_EN = 1u << 0,
    ICH_HCR_UIE = 1u << 1,
    ICH_HCR_LRENPIE = 1u << 2,
    ICH_HCR_NPIE = 1u << 3,
    ICH_HCR_VGRP0EIE = 1u << 4,
    ICH_HCR_VGRP0DIE = 1u << 5,
    ICH_HCR_VGRP1EIE = 1u << 6,
    ICH_HCR_VGRP1DIE = 1u << 7,
    ICH_HCR_TC = 1u << 10,
    ICH_HCR_TALL0 = 1u << 11,
    ICH_HCR_TALL1 = 1u << 12,
    ICH_HCR_TSEI = 1u << 13,
    ICH_HCR_TDIR = 1u << 14,
    ICH_HCR_EOICOUNT_SHIFT = 27,

    ICH_VMCR_VENG0 = 1u << 0,
    ICH_VMCR_VENG1 = 1u << 1,
    ICH_VMCR_VACKCTL = 1u << 2,
    ICH_VMCR_VFIQEN = 1u << 3,
    ICH_VMCR_VCBPR = 1u << 4,
    ICH_VMCR_VEOIM = 1u << 9,
};

static inline unsigned vmcr_bpr0(const struct gic_virtual *v)
{
    return v->vmcr >> 21 & 7;
}
static inline unsigned vmcr_bpr1(const struct gic_virtual *v)
{
    return v->vmcr >> 18 & 7;
}
static inline uint8_t vmcr_pmr(const struct gic_virtual *v)
{
    return (uint8_t)(v->vmcr >> 24);
}

void gic_virtual_reset(struct gic_cpu_interface *cpu);
/* Drives virq, vfiq and the maintenance interrupt. */
void gic_virtual_update(struct gic_cpu_interface *cpu);
void gic_virtual_write_hcr(struct gic_cpu_interface *cpu, uint64_t value);
void gic_virtual_write_vmcr(struct gic_cpu_interface *cpu, uint32_t value);
void gic_virtual_write_lr(struct gic_cpu_interface *cpu, unsigned n, uint64_t value);
void gic_virtual_write_pmr(struct gic_cpu_interface *cpu, uint8_t value);
void gic_virtual_write_bpr(struct gic_cpu_interface *cpu, unsigned group, unsigned value);
unsigned gic_virtual_read_bpr1(const struct gic_cpu_interface *cpu);
uint32_t gic_virtual_misr(const struct gic_cpu_interface *cpu);
uint32_t gic_virtual_eisr(const struct gic_cpu_interface *cpu);
uint32_t gic_virtual_elrsr(const struct gic_cpu_interface *cpu);
uint32_t gic_virtual_vtr(const struct gic_cpu_interface *cpu);
struct gic_virtual_pending gic_virtual_pending(const struct gic_cpu_interface *cpu);
bool gic_virtual_can_signal(const struct gic_cpu_interface *cpu, struct gic_virtual_pending pending);
uint8_t gic_virtual_running(const struct gic_cpu_interface *cpu);
/* Acknowledges the pending list register; returns its vINTID (GICv2: with the source CPU). */
uint32_t gic_virtual_acknowledge(struct gic_cpu_interface *cpu, struct gic_virtual_pending pending);
/* End of interrupt: priority drop, and deactivation when VEOIM is 0. `group` as the register's. */
void gic_virtual_end(struct gic_cpu_interface *cpu, uint32_t vintid, unsigned group);
void gic_virtual_deactivate(struct gic_cpu_interface *cpu, uint32_t vintid);

/* --- frames --- */
extern const struct bus_ops gicv2_distributor_ops, gicv2_cpu_ops, gicv2_hypervisor_ops, gicv2_virtual_cpu_ops;
extern const struct bus_ops gicv3_distributor_ops, gicv3_redistributor_ops;

/* GICD_CTLR bits of the Secure view. */
enum {
    GICD_CTLR_GRP0 = 1u << 0,
    GICD_CTLR_GRP1NS = 1u << 1,
    GICD_CTLR_GRP1S = 1u << 2,
    GICD_CTLR_ARE_S = 1u << 4,
    GICD_CTLR_ARE_NS = 1u << 5,
    GICD_CTLR_DS = 1u << 6,
    GICD_CTLR_E1NWF = 1u << 7,
};

/* GICv2's GICC_CTLR in the Secure view. */
enum {
    GICC_CTLR_GRP0 = 1u << 0,
    GICC_CTLR_GRP1 = 1u << 1,
    GICC_CTLR_ACKCTL = 1u << 2,
    GICC_CTLR_FIQEN = 1u << 3,
    GICC_CTLR_CBPR = 1u << 4,
    GICC_CTLR_BYPASS = 0xfu << 5,
    GICC_CTLR_EOIMODE = 1u << 9,
    GICC_CTLR_EOIMODE_NS = 1u << 10,
};

/* ICC_CTLR_EL1. */
enum { ICC_CTLR_CBPR = 1u << 0, ICC_CTLR_EOIMODE = 1u << 1, ICC_CTLR_PMHE = 1u << 6 };

/* --- gicv3_virt.c --- */
bool gicv3_icv_read(struct gic_cpu_interface *cpu, enum gic_register reg, bool peek, uint64_t *value);
bool gicv3_icv_write(struct gic_cpu_interface *cpu, enum gic_register reg, uint64_t value);
bool gicv3_ich_read(struct gic_cpu_interface *cpu, enum gic_register reg, uint64_t *value);
bool gicv3_ich_write(struct gic_cpu_interface *cpu, enum gic_register reg, uint64_t value);

/* --- lpi.c and its.c --- */
enum { GIC_LPI_ID_BITS = 16 };
int gic_lpi_create(struct gic_cpu_interface *cpu);
void gic_lpi_destroy(struct gic_cpu_interface *cpu);
void gic_lpi_reset(struct gic_cpu_interface *cpu);
/* GICR_CTLR.EnableLPIs was set: reads configuration and pending tables. */
void gic_lpi_enable(struct gic_cpu_interface *cpu);
void gic_lpi_set_pending(struct gic_cpu_interface *cpu, uint32_t intid, bool pending);
bool gic_lpi_is_pending(const struct gic_cpu_interface *cpu, uint32_t intid);
/* Reads the configuration of one LPI, or of all (intid 0), again. */
void gic_lpi_invalidate(struct gic_cpu_interface *cpu, uint32_t intid);
void gic_lpi_move_all(struct gic_cpu_interface *from, struct gic_cpu_interface *to);
struct gic_pending gic_lpi_best(const struct gic_cpu_interface *cpu);
size_t gic_lpi_section_count(const struct gic *gic);
struct state_section gic_lpi_section(struct gic_cpu_interface *cpu);
void gic_lpi_loaded(struct gic_cpu_interface *cpu);

int gicv2m_create(struct gic *gic);
int gic_its_create(struct gic *gic);
void gic_its_destroy(struct gic *gic);
void gic_its_reset(struct gic *gic);
struct state_section gic_its_section(struct gic *gic);

#endif
