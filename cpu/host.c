/* The host's look at a PE. */
#include "cpu/host.h"

#include "cpu/control.h"
#include "cpu/exception.h"
#include "cpu/interp/interp.h"
#include "cpu/pstate.h"
#include "cpu/sysreg_access.h"

#include <string.h>

bool host_is_secure(const struct pe *pe)
{
    return pe->pstate.el == 3 || !(effective_scr(pe) & SCR_EL3_NS);
}

uint64_t host_pstate(const struct pe *pe)
{
    return pstate_to_spsr(pe);
}

/* Whether the PE could be at this EL in AArch64 state. */
static bool has_el(const struct pe *pe, unsigned el)
{
    return el < 2 || (el == 2 && pe->have_el2) || (el == 3 && pe->have_el3);
}

bool host_set_pstate(struct pe *pe, uint64_t spsr)
{
    unsigned el = spsr >> 2 & 3;
    bool aarch32 = spsr >> 4 & 1, reserved = spsr >> 1 & 1, el0_with_own_sp = el == 0 && (spsr & 1);
    if (aarch32 || reserved || el0_with_own_sp || !has_el(pe, el))
        return false;
    pe_save_sp(pe);
    pstate_from_spsr(pe, spsr, pstate_mode_of(spsr));
    pe_level_changed(pe);
    pe->sample_interrupts = true;
    return true;
}

static unsigned current_sp(const struct pe *pe)
{
    return pe->pstate.sp ? pe->pstate.el : 0;
}

uint64_t host_sp(const struct pe *pe, unsigned el)
{
    return el == current_sp(pe) ? pe->x[REG_SP] : pe->sp_el[el & 3];
}

void host_set_sp(struct pe *pe, unsigned el, uint64_t value)
{
    if (el == current_sp(pe)) {
        pe->x[REG_SP] = value;
        pe_update_context(pe); /* `strict` depends on the SP's alignment */
    } else {
        pe->sp_el[el & 3] = value;
    }
}

/* --- system registers --- */

static unsigned highest_el(const struct pe *pe)
{
    return pe->have_el3 ? 3 : pe->have_el2 ? 2 : 1;
}

static bool is_register(const struct sysreg_row *row)
{
    return row->key >> 14 >= 2;
}

static bool describe(const struct pe *pe, const struct sysreg_row *row, struct host_sysreg *info)
{
    if (!row || !is_register(row) || !sysreg_exists(pe, row))
        return false;
    unsigned els = 1u << highest_el(pe) | 2u | 1u; /* some are accessible from below only */
    *info = (struct host_sysreg){
        .key = row->key,
        .name = row->name,
        .readable = row->read_els & els,
        .writable = row->write_els & els,
    };
    return true;
}

bool host_sysreg_next(const struct pe *pe, size_t *place, struct host_sysreg *info)
{
    while (*place < sysreg_row_count)
        if (describe(pe, &sysreg_rows[(*place)++], info))
            return true;
    return false;
}

bool host_sysreg_find(const struct pe *pe, const char *name, struct host_sysreg *info)
{
    return describe(pe, sysreg_find(name), info);
}

bool host_sysreg_info(const struct pe *pe, uint32_t key, struct host_sysreg *info)
{
    return describe(pe, sysreg_lookup(key), info);
}

static const struct sysreg_row *row_of(const struct pe *pe, uint32_t key)
{
    const struct sysreg_row *row = sysreg_lookup(key);
    return row && sysreg_exists(pe, row) ? row : NULL;
}

/* SP_ELx lives in the PE itself: the EL, or -1 for another register. */
static int sp_level(uint32_t key)
{
    switch (key) {
    case SYSREG_KEY(3, 0, 4, 1, 0):
        return 0;
    case SYSREG_KEY(3, 4, 4, 1, 0):
        return 1;
    case SYSREG_KEY(3, 6, 4, 1, 0):
        return 2;
    default:
        return -1;
    }
}

enum host_result host_peek(const struct pe *pe, uint32_t key, uint64_t *value)
{
    const struct sysreg_row *row = row_of(pe, key);
    if (!row)
        return HOST_NO_REGISTER;
    if (sp_level(key) >= 0) {
        *value = host_sp(pe, (unsigned)sp_level(key));
        return HOST_OK;
    }
    /* Looking changes nothing: sysreg_peek() promises that, it takes a writable PE for its handlers' sake only. */
    return sysreg_peek((struct pe *)pe, row, value) ? HOST_OK : HOST_NO_ACCESS;
}

enum host_result host_poke(struct pe *pe, uint32_t key, uint64_t value)
{
    const struct sysreg_row *row = row_of(pe, key);
    if (!row)
        return HOST_NO_REGISTER;
    if (sp_level(key) >= 0) {
        host_set_sp(pe, (unsigned)sp_level(key), value);
        return HOST_OK;
    }
    return sysreg_poke(pe, row, value) ? HOST_OK : HOST_NO_ACCESS;
}

static enum host_result result_of(enum sysreg_result result)
{
    switch (result) {
    case SYSREG_DONE:
        return HOST_OK;
    case SYSREG_UNDEFINED:
        return HOST_NO_REGISTER;
    default:
        return HOST_NO_ACCESS;
    }
}

enum host_result host_read(struct pe *pe, uint32_t key, uint64_t *value)
{
    const struct sysreg_row *row = row_of(pe, key);
    if (!row)
        return HOST_NO_REGISTER;
    if (sp_level(key) >= 0)
        return host_peek(pe, key, value);
    return row->read_els ? result_of(sysreg_read(pe, row, value)) : HOST_NO_ACCESS;
}

enum host_result host_write(struct pe *pe, uint32_t key, uint64_t value)
{
    const struct sysreg_row *row = row_of(pe, key);
    if (!row)
        return HOST_NO_REGISTER;
    if (sp_level(key) >= 0)
        return host_poke(pe, key, value);
    return row->write_els ? result_of(sysreg_write(pe, row, value)) : HOST_NO_ACCESS;
}

void host_look_system(struct pe *pe, uint32_t key, struct host_system *system)
{
    const struct sysreg_row *row = sysreg_lookup(key);
    *system = (struct host_system){.name = row ? row->name : NULL, .exists = row && sysreg_exists(pe, row)};
    if (!system->exists || !is_register(row))
        return;
    row = sysreg_redirect(pe, row);
    system->known = host_peek(pe, row->key, &system->value) == HOST_OK;
}

/* --- exceptions --- */

unsigned host_default_target(const struct pe *pe) { return default_target_el(pe); }

bool host_can_take(const struct pe *pe, unsigned el)
{
    if (el < 1 || el > 3 || el < pe->pstate.el || !has_el(pe, el))
        return false;
    return el == 3 || (el == 2 ? pe->pstate.el == 2 || el2_enabled(pe) : !(pe->control_state & CONTROL_TGE));
}

void host_raise(struct pe *pe, const struct raised *raised)
{
    interp_raise(pe, raised);
    pe->interp->sample_point = true;
    pe->sample_interrupts = true;
    pe->power = PE_RUNNING;
}

/* --- translation --- */

/* The regime of another EL or Security state: the PE is put there for a moment. */
static struct mmu_regime regime_elsewhere(struct pe *pe, unsigned el, bool secure)
{
    uint64_t scr = SR(pe, SCR_EL3);
    uint8_t own_el = pe->pstate.el;
    if (pe->have_el3 && el < 3)
        SR(pe, SCR_EL3) = secure ? scr & ~SCR_EL3_NS : scr | SCR_EL3_NS;
    pe->pstate.el = (uint8_t)el;
    pe_update_context(pe);
    struct mmu_regime regime = pe->regime[pe->current_regime];
    SR(pe, SCR_EL3) = scr;
    pe->pstate.el = own_el;
    pe_update_context(pe);
    return regime;
}

/* Whether EL `el` can be in that Security state. */
static bool state_exists(const struct pe *pe, unsigned el, bool secure)
{
    if (!has_el(pe, el))
        return false;
    if (el == 3)
        return secure;
    if (!pe->have_el3)
        return secure == pe->secure_only;
    return el != 2 || !secure || has_feature(pe, FEATURE_SEL2);
}

/* Where permissions don't matter: the mapping as whoever may use it sees it. */
static bool translate_for_anyone(struct mmu *mmu, const struct mmu_regime *regime, struct mmu_access *access,
                                 uint64_t va, struct mmu_result *result)
{
    const struct {
        enum access_type type;
        uint8_t el;
    } users[] = {{ACCESS_READ, access->el}, {ACCESS_FETCH, access->el}, {ACCESS_READ, 1}, {ACCESS_FETCH, 1}};
    access->pan = access->write = false;
    for (unsigned i = 0; i < sizeof(users) / sizeof(users[0]); i++) {
        access->type = users[i].type;
        access->read = users[i].type == ACCESS_READ;
        access->el = access->el == 0 ? users[i].el : access->el;
        if (mmu_translate(mmu, regime, access, va, result))
            return true;
    }
    return false;
}

bool host_translate(struct pe *pe, const struct host_walk *walk, uint64_t va, struct mmu_result *result,
                    bool *unsupported)
{
    *unsupported = !state_exists(pe, walk->el, walk->secure);
    if (*unsupported)
        return false;
    bool here = walk->el == pe->pstate.el && walk->secure == host_is_secure(pe);
    struct mmu_regime regime;
    if (here)
        regime = pe->regime[pe->current_regime];
    else
        regime = regime_elsewhere(pe, walk->el, walk->secure);
    struct mmu_access access = {
        .type = walk->type,
        .read = walk->type == ACCESS_READ,
        .write = walk->type == ACCESS_WRITE,
        .el = (uint8_t)walk->el,
        .pan = here && pe->pstate.pan,
        .no_update = true,
    };
    struct mmu *mmu = walk->fresh ? walk->fresh : pe->mmu;
    mmu_set_walk_observer(mmu, walk->observer, walk->opaque);
    bool valid = mmu_translate(mmu, &regime, &access, va, result);
    if (!valid && walk->ignore_permissions && result->fault.type == FAULT_PERMISSION)
        valid = translate_for_anyone(mmu, &regime, &access, va, result);
    mmu_set_walk_observer(mmu, NULL, NULL);
    return valid;
}

void host_stats(const struct pe *pe, struct host_stats *stats)
{
    const struct mmu_stats *mmu = mmu_stats(pe->mmu);
    *stats = (struct host_stats){
        .tlb_hits = mmu->tlb_hits,
        .tlb_misses = mmu->tlb_misses,
        .walks = mmu->walks,
        .descriptor_reads = mmu->descriptor_reads,
        .invalidations = mmu->invalidations,
        .decoded = pe->interp->decoded,
        .invalidated = pe->interp->invalidated,
    };
}
