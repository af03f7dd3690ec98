/* Cache maintenance, address translation and TLB maintenance instructions. */
#include "cpu/debug.h"
#include "cpu/exception.h"
#include "cpu/impdef.h"
#include "cpu/sysreg_handlers.h"
#include "cpu/traps.h"

#include <string.h>

#define HCR_EL2_FB (1ull << 9)
#define HCR_EL2_SWIO (1ull << 1)

/* From EL1, HCR_EL2.FB makes local maintenance reach the Inner Shareable domain. */
static bool forced_broadcast(const struct pe *pe) { return pe->pstate.el == 1 && (effective_hcr(pe) & HCR_EL2_FB); }

/* --- caches --- */

/* The data caches are coherent with everything: what maintenance by set and way would change can't be seen. */
enum sysreg_result sysreg_write_dc_sw(struct pe *pe, const struct sysreg_row *row, uint64_t value) { return SYSREG_DONE; }

static bool translate(struct pe *pe, const struct mmu_access *access, uint64_t va, struct mmu_result *result)
{
    if (mmu_translate(pe->mmu, &pe->regime[pe->current_regime], access, va, result))
        return true;
    pe->iss.valid = false;
    take_data_abort(pe, &result->fault);
    return false;
}

/* AArch64.DC(): the address must translate, with write permission to invalidate, and at EL0 with read permission. */
enum sysreg_result sysreg_write_dc_va(struct pe *pe, const struct sysreg_row *row, uint64_t value)
{
    bool invalidate = row->key == SYSREG_KEY(1, 0, 7, 6, 1);
    struct mmu_access access = {.type = ACCESS_DC, .el = pe->pstate.el, .pan = pe->pstate.pan, .write = invalidate,
                                .read = !invalidate && pe->pstate.el == 0};
    struct mmu_result result;
    if (!translate(pe, &access, value, &result) || (invalidate && pe->watching && debug_watchpoint_dc(pe, value)))
        return SYSREG_EXCEPTION;
    return SYSREG_DONE;
}

enum sysreg_result sysreg_write_dc_zva(struct pe *pe, const struct sysreg_row *row, uint64_t value)
{
    static const uint8_t zeros[2048];
    unsigned size = 4u << (SR(pe, DCZID_EL0) & 15);
    if (size > sizeof zeros)
        return SYSREG_UNDEFINED;
    struct mmu_access access = {.type = ACCESS_DC_ZVA, .write = true, .el = pe->pstate.el, .pan = pe->pstate.pan,
                                .size = 1};
    uint64_t va = value & ~(uint64_t)(size - 1);
    struct mmu_result result;
    pe->iss.valid = false;
    if (!mmu_translate(pe->mmu, &pe->regime[pe->current_regime], &access, va, &result)) {
        result.fault.va = value; /* the address that was asked for, not the block's */
        take_data_abort(pe, &result.fault);
        return SYSREG_EXCEPTION;
    }
    return mem_write(pe, va, size, &access, zeros) ? SYSREG_DONE : SYSREG_EXCEPTION;
}

enum sysreg_result sysreg_write_ic_all(struct pe *pe, const struct sysreg_row *row, uint64_t value)
{
    if (pe->env->broadcast_icache)
        pe->env->broadcast_icache(pe->env->machine, pe, true, 0);
    return SYSREG_DONE;
}

enum sysreg_result sysreg_write_ic_ivau(struct pe *pe, const struct sysreg_row *row, uint64_t value)
{
    struct mmu_access access = {.type = ACCESS_IC, .el = pe->pstate.el, .pan = pe->pstate.pan};
    struct mmu_result result;
    if (!translate(pe, &access, value, &result))
        return SYSREG_EXCEPTION;
    if (pe->env->broadcast_icache)
        pe->env->broadcast_icache(pe->env->machine, pe, false, result.pa);
    return SYSREG_DONE;
}

/* --- address translation --- */

/* AT_<stages>E<el><R|W>[P], from the row's encoding. */
struct at_operation {
    unsigned el;
    bool both_stages, write, pan;
};

static struct at_operation decode_at(const struct sysreg_row *row)
{
    unsigned op1 = row->key >> 11 & 7, crm = row->key >> 3 & 15, op2 = row->key & 7;
    struct at_operation at = {.write = op2 & 1, .pan = crm == 9, .both_stages = op1 == 4 && op2 >= 4};
    if (op1 == 6)
        at.el = 3;
    else if (op1 == 4 && op2 < 2)
        at.el = 2;
    else
        at.el = op2 & 2 ? 0 : 1;
    return at;
}

static enum regime_id at_regime(const struct pe *pe, struct at_operation *at)
{
    uint64_t hcr = effective_hcr(pe);
    bool host = (hcr & HCR_EL2_E2H) && (hcr & HCR_EL2_TGE);
    if (at->both_stages)
        return REGIME_EL10;
    if (at->el == 1 && host) /* the names of EL1 mean the EL2&0 regime */
        at->el = 2;
    return regime_of_el(pe, at->el);
}

/* AArch64.AT(). */
enum sysreg_result sysreg_write_at(struct pe *pe, const struct sysreg_row *row, uint64_t value)
{
    struct at_operation at = decode_at(row);
    const struct mmu_regime *regime = &pe->regime[at_regime(pe, &at)];
    struct mmu_access access = {.type = ACCESS_AT, .el = (uint8_t)at.el, .write = at.write, .read = !at.write,
                                .pan = pe->pstate.pan, .at_pan = at.pan, .first_stage_only = !at.both_stages};
    struct mmu_result result;
    if (mmu_translate(pe->mmu, regime, &access, value, &result)) {
        SR(pe, PAR_EL1) = at_par_success(&result);
        return SYSREG_DONE;
    }
    const struct fault_record *fault = &result.fault;
    bool external = fault->type == FAULT_SYNC_EXTERNAL || fault->type == FAULT_SYNC_EXTERNAL_ON_WALK ||
                    fault->type == FAULT_SYNC_PARITY || fault->type == FAULT_SYNC_PARITY_ON_WALK;
    if (external || (pe->pstate.el == 1 && el2_enabled(pe) && fault->s2fs1walk)) {
        pe->iss.valid = false;
        take_data_abort(pe, fault);
        return SYSREG_EXCEPTION;
    }
    SR(pe, PAR_EL1) = at_par_fault(fault);
    return SYSREG_DONE;
}

/* --- TLB maintenance --- */

static enum regime_id tlbi_regime(const struct pe *pe, unsigned el, enum tlbi_op op)
{
    enum { HOST = CONTROL_E2H | CONTROL_TGE };
    enum { STAGE1 = 1u << TLBI_VA | 1u << TLBI_VA_ALL_ASID | 1u << TLBI_ASID | 1u << TLBI_VMALL };
    if (el == 3)
        return REGIME_EL3;
    if (el == 2)
        return pe->control_state & CONTROL_E2H ? REGIME_EL20 : REGIME_EL2;
    /* EL1's operations mean EL2&0 in a host; those on stage 2 and on all of EL1&0 don't. */
    return (pe->control_state & HOST) == HOST && (STAGE1 >> op & 1) ? REGIME_EL20 : REGIME_EL10;
}

static uint16_t tlbi_asid(const struct pe *pe, enum regime_id regime, uint64_t value)
{
    bool wide = pe->mmu_features.asid16 && (pe->regime[regime].tcr >> 36 & 1);
    return (uint16_t)(value >> 48 & (wide ? 0xffff : 0xff));
}

static uint64_t tlbi_va(uint64_t value) { return (uint64_t)((int64_t)(value << 20) >> 8) & ~0xfffull; }

enum sysreg_result sysreg_write_tlbi(struct pe *pe, const struct sysreg_row *row, uint64_t value)
{
    enum tlbi_op op = (enum tlbi_op)(row->argument & 15);
    unsigned el = row->argument >> 4 & 15;
    enum regime_id regime = tlbi_regime(pe, el, op);
    bool secure = el == 3 || !(effective_scr(pe) & SCR_EL3_NS);
    struct tlbi tlbi = {.op = op, .regime = regime, .security = secure ? PAS_SECURE : PAS_NON_SECURE,
                        .last_level_only = row->argument & TLBI_LAST_LEVEL, .asid = tlbi_asid(pe, regime, value),
                        .vmid = pe->regime[regime].vmid, .address = tlbi_va(value)};
    if (op == TLBI_IPAS2) {
        if (!el2_enabled(pe)) /* nothing has been cached for a stage that isn't there */
            return SYSREG_DONE;
        tlbi.address = (value & 0xfffffffffull) << 12;
        tlbi.ipa_secure = secure && !(value >> 63);
    }
    mmu_tlbi(pe->mmu, &tlbi);
    if (((row->argument & TLBI_BROADCAST) || (el == 1 && forced_broadcast(pe))) && pe->env->broadcast_tlbi)
        pe->env->broadcast_tlbi(pe->env->machine, pe, &tlbi);
    return SYSREG_DONE;
}
