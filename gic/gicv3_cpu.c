/*
 * GICv3 CPU interface: the ICC_* system registers. IHI 0069 section 12.2.
 *
 * Choices: system registers only (ICC_SRE_ELx.SRE, DFB and DIB are RAO/WI); an end of interrupt that doesn't match the
 * highest active priority, and a DIR while EOImode is 0, are UNPREDICTABLE: ignored and logged.
 */
#include "gic/internal.h"

enum { BANK_NS, BANK_S };

struct access {
    struct gic_cpu_interface *cpu;
    struct gic_view view;
    unsigned bank;        /* of banked registers */
    bool non_secure_view; /* priorities are shifted: Group 0 is out of reach */
    bool peek;
};

static struct access make_access(struct gic_cpu_interface *cpu, struct gic_view view, bool peek)
{
    const struct gic *gic = cpu->gic;
    bool secure = view.el == 3 || view.secure;
    return (struct access){cpu, view, gic->config.security && view.secure ? BANK_S : BANK_NS,
                           gic->two_states && !secure && view.scr_fiq, peek};
}

/* The group that the *1 registers of this access are about. */
static enum gic_group group1(const struct access *a)
{
    return a->cpu->gic->two_states && a->bank == BANK_S ? GIC_GROUP1_SECURE : GIC_GROUP1_NON_SECURE;
}

static void log_ignored(const struct access *a, const char *reg, uint32_t intid, const char *why)
{
    log_message(a->cpu->gic->env->log, LOG_GUEST_ERROR, "gic: PE %u: %s of INTID %u ignored: %s", a->cpu->index, reg,
                intid, why);
}

static void groups_changed(struct gic_cpu_interface *cpu)
{
    gic_groups_changed(cpu->gic);
    gic_cpu_update(cpu);
}

/* --- masks --- */

static uint64_t read_mask(const struct access *a, uint8_t priority)
{
    return a->non_secure_view ? gic_mask_read_non_secure(priority) : priority;
}

static void write_pmr(const struct access *a, uint8_t value)
{
    struct gic_cpu_interface *cpu = a->cpu;
    if (a->non_secure_view)
        value = gic_mask_write_non_secure(cpu->pmr, value);
    cpu->pmr = value & cpu->gic->priority_mask;
    gic_cpu_signal(cpu);
}

/* BPR1 of the other security view follows BPR0 where CBPR says so; at EL3 the register itself is accessed. */
static bool common_bpr(const struct access *a)
{
    return a->cpu->ctlr[a->bank] & ICC_CTLR_CBPR && (a->view.el != 3 || !a->cpu->gic->two_states);
}

static uint64_t read_bpr1(const struct access *a)
{
    const struct gic_cpu_interface *cpu = a->cpu;
    if (!common_bpr(a))
        return cpu->bpr1[a->bank];
    return group1(a) == GIC_GROUP1_SECURE ? cpu->bpr0 : gic_bpr_common_view(cpu->bpr0);
}

static void write_bpr0(struct gic_cpu_interface *cpu, uint64_t value)
{
    cpu->bpr0 = (uint8_t)gic_bpr_clamp(value & 7, cpu->gic->preemption_bits, GIC_SPLIT_BPR0);
    gic_cpu_masks_changed(cpu);
    gic_cpu_signal(cpu);
}

static void write_bpr1(const struct access *a, uint64_t value)
{
    struct gic_cpu_interface *cpu = a->cpu;
    if (common_bpr(a)) {
        if (group1(a) == GIC_GROUP1_SECURE)
            write_bpr0(cpu, value);
        return;
    }
    enum gic_split split = a->bank == BANK_S ? GIC_SPLIT_BPR0 : GIC_SPLIT_BPR1;
    cpu->bpr1[a->bank] = (uint8_t)gic_bpr_clamp(value & 7, cpu->gic->preemption_bits, split);
    gic_cpu_masks_changed(cpu);
    gic_cpu_signal(cpu);
}

/* --- control --- */

/* PRIbits, A3V and RSS, alike in ICC_CTLR_EL1 and ICC_CTLR_EL3. IDbits 0: 16 bits of INTID. */
static uint64_t control_constants(const struct gic *gic)
{
    return (gic->config.priority_bits - 1) << 8 | 1u << 15 | (uint32_t)gic->range_selector << 18;
}

enum {
    CTLR_EL3_EOIMODE_EL3 = 1u << 2,
    CTLR_EL3_PMHE = 1u << 6,
};

static uint64_t read_ctlr_el1(const struct access *a)
{
    const struct gic_cpu_interface *cpu = a->cpu;
    return control_constants(cpu->gic) | cpu->ctlr[a->bank] | (cpu->ctlr_el3 & ICC_CTLR_PMHE);
}

static void write_ctlr_el1(const struct access *a, uint64_t value)
{
    struct gic_cpu_interface *cpu = a->cpu;
    bool locked = cpu->gic->two_states; /* CBPR and PMHE are read-only aliases of ICC_CTLR_EL3 */
    uint32_t writable = locked ? ICC_CTLR_EOIMODE : ICC_CTLR_EOIMODE | ICC_CTLR_CBPR;
    cpu->ctlr[a->bank] = (cpu->ctlr[a->bank] & ~writable) | ((uint32_t)value & writable);
    if (!locked)
        cpu->ctlr_el3 = (cpu->ctlr_el3 & ~(uint32_t)CTLR_EL3_PMHE) | ((uint32_t)value & ICC_CTLR_PMHE);
    gic_cpu_masks_changed(cpu);
    gic_cpu_signal(cpu);
}

static uint64_t read_ctlr_el3(const struct gic_cpu_interface *cpu)
{
    uint32_t s = cpu->ctlr[BANK_S], ns = cpu->ctlr[BANK_NS];
    return control_constants(cpu->gic) | cpu->ctlr_el3 | (s & 1) | (ns & 1) << 1 | (s >> 1 & 1) << 3 |
           (ns >> 1 & 1) << 4;
}

static void write_ctlr_el3(struct gic_cpu_interface *cpu, uint64_t value)
{
    cpu->ctlr_el3 = value & (CTLR_EL3_EOIMODE_EL3 | CTLR_EL3_PMHE);
    cpu->ctlr[BANK_S] = (value & 1) | (value >> 3 & 1) << 1;
    cpu->ctlr[BANK_NS] = (value >> 1 & 1) | (value >> 4 & 1) << 1;
    gic_cpu_masks_changed(cpu);
    gic_cpu_signal(cpu);
}

/* EOImode: at EL3 its own, below it that of the Security state. */
static bool end_mode(const struct access *a)
{
    if (a->view.el == 3)
        return a->cpu->ctlr_el3 & CTLR_EL3_EOIMODE_EL3;
    return a->cpu->ctlr[a->bank] & ICC_CTLR_EOIMODE;
}

/* --- acknowledge and end --- */

/* What IAR0 and HPPIR0 (group 0) or IAR1 and HPPIR1 (group 1) answer for the pending interrupt; may be special. */
static uint32_t visible_pending(const struct access *a, unsigned group)
{
    const struct gic_pending *best = &a->cpu->best;
    if (best->intid == GIC_NONE)
        return GIC_NONE;
    if (group == 1)
        return best->group == group1(a) ? best->intid : (uint32_t)GIC_NONE;
    if (best->group == GIC_GROUP0)
        return best->intid;
    if (a->view.el != 3 || !a->cpu->gic->two_states)
        return GIC_NONE;
    return best->group == GIC_GROUP1_SECURE ? GIC_SECURE_PENDING : GIC_NON_SECURE_PENDING;
}

static uint64_t read_iar(const struct access *a, unsigned group)
{
    if (!gic_cpu_can_signal(a->cpu))
        return GIC_NONE;
    uint32_t intid = visible_pending(a, group);
    bool special = intid >= GIC_SPECIAL && intid <= GIC_NONE;
    return special || a->peek ? intid : gic_acknowledge(a->cpu);
}

static void write_eoir(const struct access *a, unsigned group_number, uint64_t value)
{
    struct gic_cpu_interface *cpu = a->cpu;
    uint32_t intid = (uint32_t)value & 0xffffff;
    enum gic_group group = group_number ? group1(a) : GIC_GROUP0;
    const char *name = group_number ? "ICC_EOIR1_EL1" : "ICC_EOIR0_EL1";
    if (intid >= GIC_SPECIAL && intid <= GIC_NONE)
        return;
    if (!gic_priority_drop(cpu, group)) {
        log_ignored(a, name, intid, "no interrupt of its group has the highest active priority");
        return;
    }
    if (!end_mode(a) && intid < GIC_SPECIAL) {
        unsigned n;
        struct gic_bank *bank = gic_find(cpu, intid, &n);
        if (bank && gic_bank_group(cpu->gic, bank, n) == group)
            gic_deactivate(cpu, intid);
        else
            log_ignored(a, name, intid, "not an interrupt of this group (the priority has dropped)");
    }
    gic_cpu_signal(cpu);
}

/* An interrupt may be deactivated where its exceptions may be taken: by EL3, or by the levels they are routed to. */
static bool may_deactivate(const struct access *a, enum gic_group group)
{
    bool two_states = a->cpu->gic->two_states;
    if (a->view.el == 3)
        return true;
    if (group == GIC_GROUP0)
        return !a->view.scr_fiq && (a->bank == BANK_S || !two_states);
    if (two_states && (group == GIC_GROUP1_SECURE) != (a->bank == BANK_S))
        return false;
    return !a->view.scr_irq;
}

static void write_dir(const struct access *a, uint64_t value)
{
    struct gic_cpu_interface *cpu = a->cpu;
    uint32_t intid = (uint32_t)value & 0xffffff;
    unsigned n;
    struct gic_bank *bank = gic_find(cpu, intid, &n);
    if (!bank)
        return;
    if (!end_mode(a))
        log_ignored(a, "ICC_DIR_EL1", intid, "EOImode is 0");
    else if (may_deactivate(a, gic_bank_group(cpu->gic, bank, n)))
        gic_deactivate(cpu, intid);
    else
        log_ignored(a, "ICC_DIR_EL1", intid, "its group is not handled in this state");
}

/* --- SGIs --- */

/* IHI 0069 section 12.1.10: which requests reach a PE that has the SGI in which group. */
static void send_sgi(struct gic_cpu_interface *target, unsigned sgi, enum gic_group wanted, bool secure)
{
    const struct gic *gic = target->gic;
    struct gic_bank *bank = &target->private_bank;
    enum gic_group group = gic_bank_group(gic, bank, sgi);
    if (wanted == GIC_GROUP1_SECURE && group == GIC_GROUP0)
        wanted = GIC_GROUP0;
    if (wanted != group)
        return;
    if (!secure && !gic_bank_accessible(gic, bank, sgi, false, group == GIC_GROUP0 ? 1 : 2))
        return;
    bank->latched |= 1u << sgi;
    gic_cpu_candidate(target, bank, sgi);
}

static enum gic_group sgi_group(const struct access *a, enum gic_register reg, bool *exists)
{
    bool two_states = a->cpu->gic->two_states, secure = a->bank == BANK_S;
    *exists = true;
    if (reg == GIC_ICC_SGI0R_EL1)
        return GIC_GROUP0;
    if (!two_states) {
        *exists = reg == GIC_ICC_SGI1R_EL1; /* ASGI1R is for the other Security state */
        return GIC_GROUP1_NON_SECURE;
    }
    return (reg == GIC_ICC_SGI1R_EL1) == secure ? GIC_GROUP1_SECURE : GIC_GROUP1_NON_SECURE;
}

static void write_sgir(const struct access *a, enum gic_register reg, uint64_t value)
{
    struct gic *gic = a->cpu->gic;
    bool exists, secure = a->bank == BANK_S || !gic->two_states;
    enum gic_group group = sgi_group(a, reg, &exists);
    unsigned sgi = value >> 24 & 15;
    if (!exists)
        return;
    if (value >> 40 & 1) { /* IRM: all but this PE */
        for (unsigned i = 0; i < gic->config.cpus; i++)
            if (i != a->cpu->index)
                send_sgi(&gic->cpus[i], sgi, group, secure);
        return;
    }
    uint32_t affinity = (uint32_t)(value >> 16 & 0xff) << 8 | (uint32_t)(value >> 32 & 0xff) << 16 |
                        (uint32_t)(value >> 48 & 0xff) << 24 | (uint32_t)(value >> 44 & 15) << 4;
    for (uint32_t targets = value & 0xffff; targets; targets &= targets - 1) {
        int index = gic_find_affinity(gic, affinity | (uint32_t)__builtin_ctz(targets));
        if (index >= 0)
            send_sgi(&gic->cpus[index], sgi, group, secure);
    }
}

/* --- active priorities --- */

static uint32_t *active_register(const struct access *a, enum gic_register reg)
{
    struct gic_cpu_interface *cpu = a->cpu;
    unsigned n = (reg - GIC_ICC_AP0R0_EL1) % 4;
    if (n >= gic_active_registers(cpu->gic->preemption_bits))
        return NULL;
    return &cpu->active[reg < GIC_ICC_AP1R0_EL1 ? GIC_GROUP0 : group1(a)].apr[n];
}

static bool write_active(const struct access *a, enum gic_register reg, uint64_t value)
{
    uint32_t *apr = active_register(a, reg);
    unsigned bits = a->cpu->gic->preemption_bits;
    if (!apr)
        return false;
    *apr = (uint32_t)value & (bits < 5 ? (1u << (1u << bits)) - 1 : UINT32_MAX);
    gic_running_changed(a->cpu);
    gic_cpu_signal(a->cpu);
    return true;
}

/* --- system register enables: SRE, DFB, DIB are RAO/WI --- */

static uint64_t read_sre(const struct gic_cpu_interface *cpu, enum gic_register reg)
{
    if (reg == GIC_ICC_SRE_EL1)
        return 7;
    return 7 | (uint64_t)cpu->sre_enable[reg == GIC_ICC_SRE_EL3] << 3;
}

static void write_sre(struct gic_cpu_interface *cpu, enum gic_register reg, uint64_t value)
{
    if (reg != GIC_ICC_SRE_EL1)
        cpu->sre_enable[reg == GIC_ICC_SRE_EL3] = value >> 3 & 1;
}

/* --- dispatch --- */

static bool icc_read(const struct access *a, enum gic_register reg, uint64_t *value)
{
    struct gic_cpu_interface *cpu = a->cpu;
    const uint32_t *apr;
    switch (reg) {
    case GIC_ICC_PMR_EL1:
        *value = read_mask(a, cpu->pmr);
        return true;
    case GIC_ICC_IAR0_EL1:
        *value = read_iar(a, 0);
        return true;
    case GIC_ICC_IAR1_EL1:
        *value = read_iar(a, 1);
        return true;
    case GIC_ICC_HPPIR0_EL1:
        *value = visible_pending(a, 0);
        return true;
    case GIC_ICC_HPPIR1_EL1:
        *value = visible_pending(a, 1);
        return true;
    case GIC_ICC_BPR0_EL1:
        *value = cpu->bpr0;
        return true;
    case GIC_ICC_BPR1_EL1:
        *value = read_bpr1(a);
        return true;
    case GIC_ICC_AP0R0_EL1 ... GIC_ICC_AP1R3_EL1:
        apr = active_register(a, reg);
        *value = apr ? *apr : 0;
        return apr;
    case GIC_ICC_RPR_EL1:
        *value = read_mask(a, cpu->running);
        return true;
    case GIC_ICC_CTLR_EL1:
        *value = read_ctlr_el1(a);
        return true;
    case GIC_ICC_CTLR_EL3:
        *value = read_ctlr_el3(cpu);
        return true;
    case GIC_ICC_SRE_EL1:
    case GIC_ICC_SRE_EL2:
    case GIC_ICC_SRE_EL3:
        *value = read_sre(cpu, reg);
        return true;
    case GIC_ICC_IGRPEN0_EL1:
        *value = cpu->igrpen0;
        return true;
    case GIC_ICC_IGRPEN1_EL1:
        *value = cpu->igrpen1[a->bank];
        return true;
    case GIC_ICC_IGRPEN1_EL3:
        *value = cpu->igrpen1[BANK_NS] | (uint64_t)cpu->igrpen1[BANK_S] << 1;
        return true;
    default:
        return false; /* EOIR, DIR, SGIR are write-only */
    }
}

static bool icc_write(const struct access *a, enum gic_register reg, uint64_t value)
{
    struct gic_cpu_interface *cpu = a->cpu;
    switch (reg) {
    case GIC_ICC_PMR_EL1:
        write_pmr(a, (uint8_t)value);
        return true;
    case GIC_ICC_EOIR0_EL1:
        write_eoir(a, 0, value);
        return true;
    case GIC_ICC_EOIR1_EL1:
        write_eoir(a, 1, value);
        return true;
    case GIC_ICC_DIR_EL1:
        write_dir(a, value);
        return true;
    case GIC_ICC_BPR0_EL1:
        write_bpr0(cpu, value);
        return true;
    case GIC_ICC_BPR1_EL1:
        write_bpr1(a, value);
        return true;
    case GIC_ICC_AP0R0_EL1 ... GIC_ICC_AP1R3_EL1:
        return write_active(a, reg, value);
    case GIC_ICC_SGI0R_EL1:
    case GIC_ICC_SGI1R_EL1:
    case GIC_ICC_ASGI1R_EL1:
        write_sgir(a, reg, value);
        return true;
    case GIC_ICC_CTLR_EL1:
        write_ctlr_el1(a, value);
        return true;
    case GIC_ICC_CTLR_EL3:
        write_ctlr_el3(cpu, value);
        return true;
    case GIC_ICC_SRE_EL1:
    case GIC_ICC_SRE_EL2:
    case GIC_ICC_SRE_EL3:
        write_sre(cpu, reg, value);
        return true;
    case GIC_ICC_IGRPEN0_EL1:
        cpu->igrpen0 = value & 1;
        groups_changed(cpu);
        return true;
    case GIC_ICC_IGRPEN1_EL1:
        cpu->igrpen1[a->bank] = value & 1;
        groups_changed(cpu);
        return true;
    case GIC_ICC_IGRPEN1_EL3:
        cpu->igrpen1[BANK_NS] = value & 1;
        cpu->igrpen1[BANK_S] = value >> 1 & 1;
        groups_changed(cpu);
        return true;
    default:
        return false; /* IAR, HPPIR, RPR are read-only */
    }
}

/* ICC to ICV: at EL1, the registers of a group whose interrupts HCR_EL2 makes virtual; the common ones if either is. */
static bool is_virtual(enum gic_register reg, struct gic_view view)
{
    if (view.el != 1 || view.hcr_tge || !(view.hcr_imo || view.hcr_fmo))
        return false;
    switch (reg) {
    case GIC_ICC_IAR0_EL1:
    case GIC_ICC_EOIR0_EL1:
    case GIC_ICC_HPPIR0_EL1:
    case GIC_ICC_BPR0_EL1:
    case GIC_ICC_AP0R0_EL1 ... GIC_ICC_AP0R3_EL1:
    case GIC_ICC_IGRPEN0_EL1:
        return view.hcr_fmo;
    case GIC_ICC_IAR1_EL1:
    case GIC_ICC_EOIR1_EL1:
    case GIC_ICC_HPPIR1_EL1:
    case GIC_ICC_BPR1_EL1:
    case GIC_ICC_AP1R0_EL1 ... GIC_ICC_AP1R3_EL1:
    case GIC_ICC_IGRPEN1_EL1:
        return view.hcr_imo;
    case GIC_ICC_PMR_EL1:
    case GIC_ICC_RPR_EL1:
    case GIC_ICC_CTLR_EL1:
    case GIC_ICC_DIR_EL1:
        return true;
    default:
        return false;
    }
}

static bool exists(const struct gic *gic, enum gic_register reg)
{
    if (gic->config.version != 3 || reg >= GIC_REGISTER_COUNT)
        return false;
    if (reg >= GIC_ICH_AP0R0_EL2)
        return gic->config.virtualization;
    return reg < GIC_ICC_CTLR_EL3 || gic->config.security;
}

static bool read_register(struct gic_cpu_interface *cpu, enum gic_register reg, struct gic_view view, bool peek,
                          uint64_t *value)
{
    if (!exists(cpu->gic, reg))
        return false;
    if (reg >= GIC_ICH_AP0R0_EL2)
        return gicv3_ich_read(cpu, reg, value);
    if (cpu->gic->config.virtualization && is_virtual(reg, view))
        return gicv3_icv_read(cpu, reg, peek, value);
    struct access a = make_access(cpu, view, peek);
    return icc_read(&a, reg, value);
}

bool gic_icc_read(struct gic_cpu_interface *cpu, enum gic_register reg, struct gic_view view, uint64_t *value)
{
    return read_register(cpu, reg, view, false, value);
}

bool gic_icc_peek(struct gic_cpu_interface *cpu, enum gic_register reg, struct gic_view view, uint64_t *value)
{
    return read_register(cpu, reg, view, true, value);
}

bool gic_icc_write(struct gic_cpu_interface *cpu, enum gic_register reg, struct gic_view view, uint64_t value)
{
    if (!exists(cpu->gic, reg))
        return false;
    if (reg >= GIC_ICH_AP0R0_EL2)
        return gicv3_ich_write(cpu, reg, value);
    if (cpu->gic->config.virtualization && is_virtual(reg, view))
        return gicv3_icv_write(cpu, reg, value);
    struct access a = make_access(cpu, view, false);
    return icc_write(&a, reg, value);
}

uint64_t gic_ich_hcr(const struct gic_cpu_interface *cpu)
{
    return cpu->virt.hcr;
}
