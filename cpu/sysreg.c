/*
 * System register access: AArch64.CheckSystemAccess() on the rows of sysregs.def, redirection, reset, and the
 * accesses by name.
 */
#include "cpu/sysreg.h"

#include "cpu/coverage.h"
#include "cpu/cpu.h"
#include "cpu/exception.h"
#include "cpu/impdef.h"
#include "cpu/pmu.h"
#include "cpu/sysreg_access.h"
#include "cpu/syndrome.h"
#include "cpu/traps.h"
#include "devices/generic_timer.h"

#include <stdio.h>
#include <string.h>

/* The model's group of implementation registers has the row. */
static bool has_tag(const struct pe *pe, const struct sysreg_row *row)
{
    return row->tags == 0 || (row->tags >> pe->model->implementation_registers & 1);
}

static unsigned highest_el(const struct pe *pe) { return pe->have_el3 ? 3 : pe->have_el2 ? 2 : 1; }

static bool number_exists(const struct pe *pe, const struct sysreg_row *row)
{
    uint64_t dfr0 = SR(pe, ID_AA64DFR0_EL1);
    if (row->conditions & SYSREG_BREAKPOINTS)
        return row->number <= (dfr0 >> 12 & 15);
    if (row->conditions & SYSREG_WATCHPOINTS)
        return row->number <= (dfr0 >> 20 & 15);
    return true;
}

bool sysreg_exists(const struct pe *pe, const struct sysreg_row *row)
{
    if (row->feature != FEATURE_COUNT && !has_feature(pe, (enum feature)row->feature))
        return false;
    if (!has_tag(pe, row) || !number_exists(pe, row))
        return false;
    unsigned els = row->read_els | row->write_els;
    if (row->conditions & SYSREG_HIGHEST)
        return els >> highest_el(pe) & 1;
    if ((row->conditions & (SYSREG_EL2 | SYSREG_NEEDS_EL2 | SYSREG_VHE)) && !pe->have_el2)
        return false;
    return pe->have_el3 || els != 8;
}

uint64_t sysreg_writable(const struct pe *pe, const struct sysreg_row *row)
{
    uint64_t writable = row->writable;
    for (unsigned i = 0; i < row->more_count; i++) {
        if (has_feature(pe, (enum feature)row->more[i].feature))
            writable |= row->more[i].bits;
    }
    if (row->storage == SR_HCR_EL2 && !pe->have_el3) /* with EL3 it is RES0: SCR_EL3.HCE decides */
        writable |= HCR_EL2_HCD;
    return writable;
}

void sysreg_store(struct pe *pe, const struct sysreg_row *row, uint64_t value)
{
    uint64_t writable = sysreg_writable(pe, row);
    pe->sr[row->storage] = (value & writable) | (row->ones & ~writable);
}

enum sysreg_result sysreg_read(struct pe *pe, const struct sysreg_row *row, uint64_t *value)
{
    if (row->read)
        return row->read(pe, row, value);
    if (row->storage == SR_COUNT)
        return SYSREG_UNDEFINED;
    *value = pe->sr[row->storage];
    return SYSREG_DONE;
}

void sysreg_forget_rulings(struct pe *pe)
{
    pe->ruling_generation += RULING_GENERATION;
    if (pe->ruling_generation == 0) { /* those of the first generations are still there */
        memset(pe->rulings, 0, sizeof(pe->rulings));
        memset(pe->list_rulings, 0, sizeof(pe->list_rulings));
        pe->ruling_generation = RULING_GENERATION;
    }
}

/* The register has been written. */
static void take_effect(struct pe *pe, const struct sysreg_row *row)
{
    if (row->then & SYSREG_THEN_RULINGS)
        sysreg_forget_rulings(pe);
    if (row->then & SYSREG_THEN_CONTEXT)
        pe_update_context(pe);
}

enum sysreg_result sysreg_write(struct pe *pe, const struct sysreg_row *row, uint64_t value)
{
    if (row->write) {
        enum sysreg_result result = row->write(pe, row, value);
        if (result != SYSREG_DONE)
            return result;
    } else if (row->storage != SR_COUNT) {
        sysreg_store(pe, row, value);
    } else {
        return SYSREG_UNDEFINED;
    }
    take_effect(pe, row);
    if (row->then & SYSREG_THEN_INTERRUPTS)
        pe->sample_interrupts = true;
    return SYSREG_DONE;
}

bool sysreg_peek(struct pe *pe, const struct sysreg_row *row, uint64_t *value)
{
    if (row->storage == SR_ICC_SRE_EL1)
        return row->read(pe, row, value) == SYSREG_DONE;
    if (row->storage != SR_COUNT) {
        *value = pe->sr[row->storage];
        return true;
    }
    /* Registers without storage of their own show PSTATE, counters or devices; reading those that are not read for
     * their effect (acknowledging interrupts, random numbers) changes nothing. */
    return row->read && !sysreg_read_has_effect(row) && row->read(pe, row, value) == SYSREG_DONE;
}

bool sysreg_poke(struct pe *pe, const struct sysreg_row *row, uint64_t value)
{
    if (row->storage == SR_COUNT)
        return false;
    if (row->storage == SR_ICC_SRE_EL1 && !(effective_scr(pe) & SCR_EL3_NS))
        SR(pe, ICC_SRE_EL1_S) = value; /* the Secure instance */
    else if (row->write_els)
        sysreg_store(pe, row, value);
    else
        pe->sr[row->storage] = value;
    take_effect(pe, row);
    return true;
}

static char lower(char c) { return c >= 'A' && c <= 'Z' ? (char)(c - 'A' + 'a') : c; }

static bool same_name(const char *a, const char *b)
{
    while (*a && lower(*a) == lower(*b)) {
        a++;
        b++;
    }
    return *a == *b;
}

const struct sysreg_row *sysreg_find(const char *name)
{
    unsigned op0, op1, crn, crm, op2;
    if (sscanf(name, "%*1[Ss]%u_%u_%*1[Cc]%u_%*1[Cc]%u_%u", &op0, &op1, &crn, &crm, &op2) == 5 && op0 < 4 && op1 < 8 &&
        crn < 16 && crm < 16 && op2 < 8)
        return sysreg_lookup(SYSREG_KEY(op0, op1, crn, crm, op2));
    for (size_t i = 0; i < sysreg_row_count; i++) {
        if (same_name(sysreg_rows[i].name, name))
            return &sysreg_rows[i];
    }
    return NULL;
}

/* The clauses that most rows don't have. False: UNDEFINED. */
static bool conditions_hold(const struct pe *pe, const struct sysreg_row *row, bool read)
{
    unsigned el = pe->pstate.el, conditions = row->conditions;
    uint64_t hcr = effective_hcr(pe);
    bool secure = !(effective_scr(pe) & SCR_EL3_NS);
    if ((conditions & SYSREG_VHE) && !(hcr & HCR_EL2_E2H))
        return false;
    if ((conditions & SYSREG_NEEDS_EL2) && !el2_enabled(pe))
        return false;
    if ((conditions & SYSREG_SECURE_EL1) && el == 1 && (!secure || el2_enabled(pe)))
        return false;
    if ((conditions & SYSREG_SECURE_EL2) && el == 2 && !secure)
        return false;
    if ((conditions & SYSREG_NON_SECURE_EL3) && el == 3 && !(effective_scr(pe) & (SCR_EL3_NS | SCR_EL3_EEL2)))
        return false;
    if ((conditions & SYSREG_SP_EL0) && !pe->pstate.sp)
        return false;
    if ((conditions & SYSREG_HIGHEST) && el != highest_el(pe))
        return false;
    if ((conditions & SYSREG_HIGHEST_WRITES) && !read && el != highest_el(pe))
        return false;
    if ((conditions & SYSREG_LOR) && secure)
        return false;
    return number_exists(pe, row);
}

/* IMPLEMENTATION DEFINED space: S<1|3>_<op1>_<C11|C15>. */
static bool is_implementation_space(unsigned key)
{
    enum { RESERVED_CRN = 0xb };
    return (key >> 7 & RESERVED_CRN) == RESERVED_CRN && (key >> 14 & 1);
}

static bool has_plain_storage(const struct sysreg_row *row, bool read)
{
    if (row->storage == SR_COUNT)
        return false;
    return read ? !row->read : !row->write && !row->then && !row->more_count && !row->ones && !~row->writable;
}

bool sysreg_is_plain(const struct feature_set *features, const struct sysreg_row *row, bool read)
{
    return (row->feature == FEATURE_COUNT || feature_set_has(features, (enum feature)row->feature)) && !row->tags &&
           !(row->conditions & ~SYSREG_EL2) && !is_implementation_space(row->key) && has_plain_storage(row, read) &&
           (row->e2h == SYSREG_NO_ROW || has_plain_storage(&sysreg_rows[row->e2h], read));
}

/* The ELs from which a list of traps.def can catch an access. Without FEAT_NV the rows of its controls never fire. */
static unsigned trapped_els(const struct feature_set *features, const uint16_t *rows, unsigned count)
{
    unsigned els = 0;
    for (unsigned i = 0; i < count; i++) {
        const struct trap_row *row = &trap_rows[rows[i]];
        bool nested = row->tests[0].sysreg == SR_HCR_EL2 && row->test_count && (row->tests[0].mask & HCR_EL2_NV);
        if (nested && !feature_set_has(features, FEATURE_NV))
            continue;
        for (unsigned el = 0; el < 4; el++)
            els |= (unsigned)(row->states >> (el << CONTROL_EL_SHIFT) & 0xffff ? 1u << el : 0);
    }
    return els;
}

unsigned sysreg_storage_els(const struct feature_set *features, const struct sysreg_row *row, bool read)
{
    if (!sysreg_is_plain(features, row, read))
        return 0;
    unsigned allowed = read ? row->read_els : row->write_els, els = allowed;
    if (row->e2h != SYSREG_NO_ROW)
        els &= sysreg_redirects_el0(row) ? ~5u : ~4u;
    if (row->conditions & SYSREG_EL2) /* there may be none */
        els &= ~8u;
    els &= ~(read ? trapped_els(features, row->read_traps, row->read_trap_count)
                  : trapped_els(features, row->write_traps, row->write_trap_count));
    return els & (allowed & -allowed) ? els : 0;
}

static unsigned trapped_by(const struct trap_row *trap) { return RULING_TRAPPED + (unsigned)(trap - trap_rows); }

/* AArch64.CheckSystemAccess(), EL2 absent, redirection. */
static unsigned ruling(struct pe *pe, const struct sysreg_row *row, bool read)
{
    const struct trap_row *trap = is_implementation_space(row->key) ? trap_find_list(pe, TRAPS_tidcp) : NULL;
    if (trap)
        return trapped_by(trap);
    if ((row->feature != FEATURE_COUNT && !has_feature(pe, (enum feature)row->feature)) || !has_tag(pe, row) ||
        !((read ? row->read_els : row->write_els) >> pe->pstate.el & 1) ||
        (row->conditions && !conditions_hold(pe, row, read)))
        return RULING_REFUSED;
    trap = sysreg_trap(pe, row, read);
    if (trap)
        return trapped_by(trap);
    if ((row->conditions & SYSREG_EL2) && !pe->have_el2)
        return RULING_ABSENT;
    row = sysreg_redirect(pe, row);
    if (has_plain_storage(row, read))
        return RULING_STORAGE + row->storage;
    return RULING_ROW + (unsigned)(row - sysreg_rows);
}

_Static_assert(SR_COUNT <= RULING_ROW - RULING_STORAGE && SYSREG_ROW_COUNT <= RULING_TRAPPED - RULING_ROW &&
                   TRAP_ROW_COUNT <= RULING_REFUSED - RULING_TRAPPED,
               "rulings have room for what they name");

unsigned sysreg_rule(struct pe *pe, unsigned index, bool read)
{
    const struct sysreg_row *row = &sysreg_rows[index];
    unsigned result = ruling(pe, row, read);
    if (!(row->conditions & SYSREG_SP_EL0)) /* PSTATE.SP changes without notice */
        pe->rulings[index][read][pe->pstate.el] = result ^ pe->ruling_generation;
    return result;
}

const struct trap_row *trap_rule_list(struct pe *pe, enum trap_list list)
{
    const struct trap_list_rows *rows = &trap_lists[list];
    const struct trap_row *row = trap_find(pe, rows->rows, rows->count, rows->states);
    pe->list_rulings[list][pe->pstate.el] = (row ? (uint32_t)(row - trap_rows) + 1 : 0) ^ pe->ruling_generation;
    return row;
}

static bool take_trap(struct pe *pe, const struct trap_row *trap, unsigned key, unsigned rt, bool read)
{
    uint32_t esr = trap->class == TRAP_FP ? syndrome_fp() : syndrome_sysreg(key, rt, read);
    take_sync(pe, trap_target(pe, trap), esr, trap->name);
    return false;
}

/* Not allowed by the columns of the row, or without a row: HCR_EL2.NV catches EL2's registers from EL1. */
static bool refuse(struct pe *pe, const char *name, unsigned key, unsigned rt, bool read)
{
    unsigned op1 = key >> 11 & 7;
    const struct trap_row *trap = op1 == 4 || op1 == 5 ? trap_find_list(pe, TRAPS_nv) : NULL;
    if (trap)
        return take_trap(pe, trap, key, rt, read);
    take_undefined(pe, name);
    return false;
}

/* An access that a handler or this PE's configuration refuses. */
static __attribute__((noinline)) bool undefined_here(struct pe *pe, const struct sysreg_row *row)
{
    log_message(pe->env->log, LOG_GUEST_ERROR, "PE %u: %s is not implemented in this configuration (pc 0x%llx)",
                pe->index, row->name, (unsigned long long)pe->pc);
    take_undefined(pe, row->name);
    return false;
}

/* IMPLEMENTATION DEFINED registers that the model doesn't have may be RAZ/WI. */
static bool is_zero(struct pe *pe, unsigned key, unsigned rt, bool read)
{
    if (!is_implementation_space(key) || impdef(pe, IMPDEF_UNALLOCATED) != IMPDEF_UNALLOCATED_ZERO)
        return false;
    if (read)
        pe->x[rt == 31 ? REG_SINK : rt] = 0;
    return true;
}

static bool access_unknown(struct pe *pe, uint32_t insn)
{
    unsigned key = insn >> 5 & 0xffff, rt = insn & 31;
    bool read = insn >> 21 & 1;
    log_message(pe->env->log, LOG_UNIMPLEMENTED, "PE %u: no system register S%u_%u_C%u_C%u_%u (pc 0x%llx)", pe->index,
                insn >> 19 & 3, insn >> 16 & 7, insn >> 12 & 15, insn >> 8 & 15, insn >> 5 & 7, (unsigned long long)pe->pc);
    const struct trap_row *trap = is_implementation_space(key) ? trap_find_list(pe, TRAPS_tidcp) : NULL;
    if (trap)
        return take_trap(pe, trap, key, rt, read);
    return is_zero(pe, key, rt, read) || refuse(pe, "unallocated system register", key, rt, read);
}

static void count_access(struct pe *pe, unsigned row, bool read)
{
    if (read)
        pe->env->coverage->registers[row].reads++;
    else
        pe->env->coverage->registers[row].writes++;
}

bool sysreg_call_row(struct pe *pe, unsigned index, unsigned rt)
{
    const struct sysreg_row *row = &sysreg_rows[index];
    enum sysreg_result result = row->write(pe, row, pe->x[rt == 31 ? REG_ZR : rt]);
    return UNLIKELY(result == SYSREG_UNDEFINED) ? undefined_here(pe, row) : result == SYSREG_DONE;
}

/* An allowed access to the register itself. */
static bool access_register(struct pe *pe, const struct sysreg_row *row, unsigned rt, bool read)
{
    enum sysreg_result result;
    if (read) {
        uint64_t value = 0;
        result = sysreg_read(pe, row, &value);
        if (result == SYSREG_DONE)
            pe->x[rt == 31 ? REG_SINK : rt] = value;
    } else {
        result = sysreg_write(pe, row, pe->x[rt == 31 ? REG_ZR : rt]);
    }
    if (UNLIKELY(result == SYSREG_UNDEFINED))
        return undefined_here(pe, row);
    return result == SYSREG_DONE;
}

bool sysreg_take_trap(struct pe *pe, unsigned row, unsigned ruling, unsigned rt, bool read)
{
    return take_trap(pe, &trap_rows[ruling - RULING_TRAPPED], sysreg_rows[row].key, rt, read);
}

bool sysreg_access_row(struct pe *pe, unsigned index, unsigned rt, bool read)
{
    const struct sysreg_row *row = &sysreg_rows[index];
    unsigned ruling = sysreg_known_ruling(pe, index, read);
    if (UNLIKELY(ruling >= RULING_LIMIT))
        ruling = sysreg_rule(pe, index, read);
    if (LIKELY(ruling - RULING_ROW < RULING_TRAPPED - RULING_ROW && !pe->env->coverage))
        return access_register(pe, &sysreg_rows[ruling - RULING_ROW], rt, read);
    if (ruling >= RULING_TRAPPED && ruling < RULING_REFUSED)
        return sysreg_take_trap(pe, index, ruling, rt, read);
    if (UNLIKELY(ruling == RULING_REFUSED))
        return (!has_tag(pe, row) && is_zero(pe, row->key, rt, read)) || refuse(pe, row->name, row->key, rt, read);
    if (UNLIKELY(pe->env->coverage))
        count_access(pe, index, read);
    if (UNLIKELY(ruling == RULING_ABSENT)) {
        if (impdef(pe, EL2_ABSENT) == EL2_ABSENT_UNDEFINED)
            return undefined_here(pe, row);
        if (read)
            pe->x[rt == 31 ? REG_SINK : rt] = 0;
        return true;
    }
    if (ruling >= RULING_ROW)
        return access_register(pe, &sysreg_rows[ruling - RULING_ROW], rt, read);
    if (read)
        pe->x[rt == 31 ? REG_SINK : rt] = pe->sr[ruling];
    else
        pe->sr[ruling] = pe->x[rt == 31 ? REG_ZR : rt];
    return true;
}

bool sysreg_access(struct pe *pe, uint32_t insn)
{
    const struct sysreg_row *row = sysreg_lookup(insn >> 5 & 0xffff);
    if (!row)
        return access_unknown(pe, insn);
    return sysreg_access_row(pe, (unsigned)(row - sysreg_rows), insn & 31, insn >> 21 & 1);
}

void sysreg_reset(struct pe *pe, bool cold)
{
    sysreg_forget_rulings(pe);
    for (size_t i = 0; i < sysreg_row_count; i++) {
        const struct sysreg_row *row = &sysreg_rows[i];
        if (row->storage == SR_COUNT || !row->write_els || row->key != row->identity || (row->keep && !cold))
            continue;
        pe->sr[row->storage] = row->reset | (row->ones & ~sysreg_writable(pe, row));
    }
    if (cold) {
        SR(pe, OSLSR_EL1) = 0xa; /* OSLM: implemented; OSLK: locked */
        SR(pe, CNTFRQ_EL0) = pe->timer ? generic_timer_frequency(pe->timer) : GENERIC_TIMER_FREQUENCY;
    }
    pmu_reset(pe);
    SR(pe, ICC_SRE_EL1_S) = 7;
    SR(pe, ICC_SRE_EL1) = 7;
    SR(pe, VPIDR_EL2) = SR(pe, MIDR_EL1);
    SR(pe, VMPIDR_EL2) = pe->mpidr;
    SR(pe, MDCR_EL2) = pe->model->pmu_counters; /* HPMN */
    if (!pe->have_el3) /* SCR_EL3 as its absence is treated: HCE, RW, and no trap */
        SR(pe, SCR_EL3) = SCR_WITHOUT_EL3 | (pe->secure_only ? 0 : SCR_EL3_NS);
    sysreg_reset_devices(pe);
}
