/*
 * From the state of the interrupts to the pins of the PEs.
 *
 * Every SGI, PPI and SPI is a bit in a bank of 32. For each PE the highest-priority pending interrupt is kept in
 * cpu->best and selected again when something that concerns the PE changes: one word for its SGIs and PPIs, and the
 * SPI banks that have candidates at all.
 */
#include "gic/internal.h"

enum gic_group gic_bank_group(const struct gic *gic, const struct gic_bank *bank, unsigned n)
{
    if (bank->group >> n & 1)
        return GIC_GROUP1_NON_SECURE;
    return gic->two_states && bank->group_modifier >> n & 1 ? GIC_GROUP1_SECURE : GIC_GROUP0;
}

/* The INTIDs of a bank whose group is among `groups`. */
static inline uint32_t bank_in_groups(const struct gic *gic, const struct gic_bank *bank, unsigned groups)
{
    uint32_t modified = gic->two_states ? bank->group_modifier : 0;
    uint32_t mask = 0;
    if (groups & 1u << GIC_GROUP0)
        mask |= ~bank->group & ~modified;
    if (groups & 1u << GIC_GROUP1_SECURE)
        mask |= ~bank->group & modified;
    if (groups & 1u << GIC_GROUP1_NON_SECURE)
        mask |= bank->group;
    return mask;
}

/* Among equal priorities the lowest INTID wins: candidates come in that order. */
static inline void select_best(struct gic_pending *best, const struct gic *gic, const struct gic_bank *bank,
                               uint32_t candidates, uint32_t first)
{
    while (candidates) {
        unsigned n = (unsigned)__builtin_ctz(candidates);
        candidates &= candidates - 1;
        if (bank->priority[n] < best->priority)
            *best = (struct gic_pending){first + n, bank->priority[n], (uint8_t)gic_bank_group(gic, bank, n)};
    }
}

void gic_cpu_update(struct gic_cpu_interface *cpu)
{
    const struct gic *gic = cpu->gic;
    struct gic_pending best = {GIC_NONE, GIC_NO_PRIORITY, GIC_GROUP0};
    unsigned groups = cpu->groups_enabled;
    if (groups) {
        const struct gic_bank *bank = &cpu->private_bank;
        uint32_t candidates = gic_bank_candidates(bank);
        if (candidates)
            select_best(&best, gic, bank, candidates & bank_in_groups(gic, bank, groups), 0);
        for (uint32_t banks = gic->candidate_banks; banks; banks &= banks - 1) {
            unsigned b = (unsigned)__builtin_ctz(banks);
            candidates = gic->candidates[b] & gic->targets[b * gic->config.cpus + cpu->index];
            if (candidates)
                select_best(&best, gic, &gic->spi[b], candidates & bank_in_groups(gic, &gic->spi[b], groups),
                            GIC_PRIVATE + 32 * b);
        }
        if (cpu->lpis && groups & 1u << GIC_GROUP1_NON_SECURE) {
            struct gic_pending lpi = gic_lpi_best(cpu);
            if (lpi.priority < best.priority)
                best = lpi;
        }
    }
    cpu->best = best;
    gic_cpu_signal(cpu);
}

void gic_cpu_candidate(struct gic_cpu_interface *cpu, const struct gic_bank *bank, unsigned n)
{
    if (!(gic_bank_candidates(bank) >> n & 1))
        return;
    uint32_t intid = n + (bank == &cpu->private_bank ? 0 : GIC_PRIVATE + 32 * (uint32_t)(bank - cpu->gic->spi));
    enum gic_group group = gic_bank_group(cpu->gic, bank, n);
    uint16_t priority = bank->priority[n];
    bool better = priority < cpu->best.priority || (priority == cpu->best.priority && intid < cpu->best.intid);
    if (!better || !(cpu->groups_enabled >> group & 1))
        return;
    cpu->best = (struct gic_pending){intid, priority, (uint8_t)group};
    gic_cpu_signal(cpu);
}

/* IHI 0069 section 4.6.2, table "Interrupt signals for two Security states when EL3 is using AArch64". */
static bool gicv3_signals_fiq(const struct gic_cpu_interface *cpu, enum gic_group group)
{
    if (group == GIC_GROUP0)
        return true;
    if (!cpu->gic->two_states)
        return false;
    if (cpu->el3)
        return true;
    return (group == GIC_GROUP1_SECURE) != cpu->secure;
}

void gic_cpu_signal(struct gic_cpu_interface *cpu)
{
    bool irq = false, fiq = false;
    if (gic_cpu_can_signal(cpu)) {
        if (cpu->gic->config.version == 3) {
            fiq = gicv3_signals_fiq(cpu, cpu->best.group);
            irq = !fiq;
        } else if (cpu->best.group == GIC_GROUP0) {
            bool enabled = cpu->ctlr[0] & GICC_CTLR_GRP0;
            fiq = enabled && cpu->ctlr[0] & GICC_CTLR_FIQEN;
            irq = enabled && !fiq;
        } else {
            irq = cpu->ctlr[0] & GICC_CTLR_GRP1;
        }
    }
    irq_set(cpu->irq, irq);
    irq_set(cpu->fiq, fiq);
}

void gic_pe_state_changed(struct gic_cpu_interface *cpu)
{
    if (cpu->gic->two_states && cpu->best.intid != GIC_NONE)
        gic_cpu_signal(cpu);
}

void gic_spi_changed(struct gic *gic, unsigned bank, uint32_t bits, bool force)
{
    uint32_t now = gic_bank_candidates(&gic->spi[bank]);
    if (!force && !((now ^ gic->candidates[bank]) & bits))
        return;
    gic->candidates[bank] = now;
    if (now)
        gic->candidate_banks |= 1u << bank;
    else
        gic->candidate_banks &= ~(1u << bank);
    const uint32_t *targets = &gic->targets[bank * gic->config.cpus];
    for (unsigned i = 0; i < gic->config.cpus; i++)
        if (targets[i] & bits)
            gic_cpu_update(&gic->cpus[i]);
}

void gic_route_spi(struct gic *gic, unsigned spi)
{
    unsigned b = spi / 32, cpus = gic->config.cpus;
    uint32_t bit = 1u << spi % 32;
    uint64_t route = gic->spi[b].route[spi % 32];
    uint32_t *targets = &gic->targets[b * cpus];
    bool pending = gic->candidates[b] & bit;

    int chosen = -1;
    if (gic->config.version == 3)
        chosen = gic_find_affinity(gic, (uint32_t)(route & 0xffffff) | (uint32_t)(route >> 32) << 24);
    for (unsigned i = 0; i < cpus; i++) {
        bool target = gic->config.version == 3 ? (int)i == chosen : cpus == 1 || route >> i & 1;
        if (target == !!(targets[i] & bit))
            continue;
        targets[i] ^= bit;
        if (pending)
            gic_cpu_update(&gic->cpus[i]);
    }
}

void gic_cpu_masks_changed(struct gic_cpu_interface *cpu)
{
    const struct gic *gic = cpu->gic;
    bool common_secure, common_non_secure;
    if (gic->config.version == 3) {
        common_secure = cpu->ctlr[1] & ICC_CTLR_CBPR;
        common_non_secure = cpu->ctlr[0] & ICC_CTLR_CBPR;
    } else {
        common_secure = common_non_secure = cpu->ctlr[0] & GICC_CTLR_CBPR;
    }
    uint8_t bpr0 = gic_group_priority_mask(cpu->bpr0, GIC_SPLIT_BPR0);
    cpu->group_mask[GIC_GROUP0] = bpr0;
    cpu->group_mask[GIC_GROUP1_SECURE] = common_secure ? bpr0 : gic_group_priority_mask(cpu->bpr1[1], GIC_SPLIT_BPR0);
    cpu->group_mask[GIC_GROUP1_NON_SECURE] =
        common_non_secure ? bpr0 : gic_group_priority_mask(cpu->bpr1[0], GIC_SPLIT_BPR1);
}

static uint8_t cpu_groups(const struct gic_cpu_interface *cpu)
{
    unsigned groups = cpu->gic->groups_enabled;
    if (cpu->gic->config.version == 2)
        return (uint8_t)groups; /* GICC_CTLR's enables gate the signal, not the selection */
    if (cpu->waker)
        return 0;
    unsigned enabled = 0;
    if (cpu->igrpen0)
        enabled |= 1u << GIC_GROUP0;
    if (cpu->igrpen1[1])
        enabled |= 1u << GIC_GROUP1_SECURE;
    if (cpu->igrpen1[0])
        enabled |= 1u << GIC_GROUP1_NON_SECURE;
    return (uint8_t)(groups & enabled);
}

void gic_groups_changed(struct gic *gic)
{
    gic->two_states = gic->config.security && !(gic->gicd_ctlr & GICD_CTLR_DS);
    unsigned groups = 0;
    if (gic->gicd_ctlr & GICD_CTLR_GRP0)
        groups |= 1u << GIC_GROUP0;
    if (gic->gicd_ctlr & GICD_CTLR_GRP1S)
        groups |= 1u << GIC_GROUP1_SECURE;
    if (gic->gicd_ctlr & GICD_CTLR_GRP1NS)
        groups |= 1u << GIC_GROUP1_NON_SECURE;
    gic->groups_enabled = (uint8_t)groups;
    for (unsigned i = 0; i < gic->config.cpus; i++)
        gic->cpus[i].groups_enabled = cpu_groups(&gic->cpus[i]);
}

void gic_update_all(struct gic *gic)
{
    for (unsigned b = 0; b < gic->spi_banks; b++) {
        gic->candidates[b] = gic_bank_candidates(&gic->spi[b]);
        if (gic->candidates[b])
            gic->candidate_banks |= 1u << b;
        else
            gic->candidate_banks &= ~(1u << b);
    }
    for (unsigned i = 0; i < gic->config.cpus; i++)
        gic_cpu_update(&gic->cpus[i]);
}

void gic_running_changed(struct gic_cpu_interface *cpu)
{
    struct gic_active all = cpu->active[0]; /* levels are those of priorities, whatever the group */
    for (unsigned group = 1; group < GIC_GROUP_COUNT; group++)
        for (unsigned n = 0; n < 4; n++)
            all.apr[n] |= cpu->active[group].apr[n];
    cpu->running = gic_active_highest(&all, cpu->gic->preemption_bits);
}

struct gic_bank *gic_find(struct gic_cpu_interface *cpu, uint32_t intid, unsigned *n)
{
    struct gic_bank *bank;
    if (intid < GIC_PRIVATE) {
        bank = &cpu->private_bank;
    } else {
        unsigned b = (intid - GIC_PRIVATE) / 32;
        if (intid >= GIC_SPECIAL || b >= cpu->gic->spi_banks)
            return NULL;
        bank = &cpu->gic->spi[b];
    }
    *n = intid % 32;
    return bank->implemented >> *n & 1 ? bank : NULL;
}

uint32_t gic_acknowledge(struct gic_cpu_interface *cpu)
{
    struct gic_pending taken = cpu->best;
    uint8_t group_priority = (uint8_t)taken.priority & cpu->group_mask[taken.group];
    gic_active_set(&cpu->active[taken.group], cpu->gic->preemption_bits, group_priority);
    cpu->running = group_priority;

    if (taken.intid >= GIC_FIRST_LPI) {
        gic_lpi_set_pending(cpu, taken.intid, false);
        return taken.intid;
    }
    unsigned n = taken.intid % 32;
    uint32_t result = taken.intid;
    struct gic_bank *bank =
        taken.intid < GIC_PRIVATE ? &cpu->private_bank : &cpu->gic->spi[(taken.intid - GIC_PRIVATE) / 32];
    bank->active |= 1u << n;
    if (taken.intid < GIC_SGIS && cpu->sgi_sources[n]) {
        unsigned source = (unsigned)__builtin_ctz(cpu->sgi_sources[n]);
        cpu->sgi_sources[n] &= (uint8_t)(cpu->sgi_sources[n] - 1);
        result |= source << 10;
        if (!cpu->sgi_sources[n])
            bank->latched &= ~(1u << n);
    } else {
        bank->latched &= ~(1u << n);
    }
    if (taken.intid >= GIC_PRIVATE)
        gic_spi_changed(cpu->gic, (taken.intid - GIC_PRIVATE) / 32, 1u << n, false);
    gic_cpu_update(cpu);
    return result;
}

bool gic_priority_drop(struct gic_cpu_interface *cpu, enum gic_group group)
{
    uint8_t highest = gic_active_highest(&cpu->active[group], cpu->gic->preemption_bits);
    if (highest == GIC_PRIORITY_IDLE || highest != cpu->running)
        return false;
    gic_active_drop(&cpu->active[group]);
    gic_running_changed(cpu);
    return true;
}

void gic_deactivate(struct gic_cpu_interface *cpu, uint32_t intid)
{
    unsigned n;
    struct gic_bank *bank = gic_find(cpu, intid, &n);
    if (bank && bank->active >> n & 1) {
        bank->active &= ~(1u << n);
        if (intid >= GIC_PRIVATE)
            gic_spi_changed(cpu->gic, (intid - GIC_PRIVATE) / 32, 1u << n, false);
        else
            gic_cpu_candidate(cpu, bank, n);
    }
}
