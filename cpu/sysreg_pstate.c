/* PSTATE, FPCR, stack pointers, interrupt status. */
#include "cpu/exception.h"
#include "cpu/sysreg_access.h"
#include "cpu/sysreg_handlers.h"
#include "cpu/traps.h"

enum { NZCV_SHIFT = 28, SSBS_SHIFT = 12, PAN_SHIFT = 22, UAO_SHIFT = 23, DIT_SHIFT = 24, TCO_SHIFT = 25 };

bool sysreg_read_has_effect(const struct sysreg_row *row)
{
    return row->identity == SYSREG_KEY(3, 0, 12, 8, 0) || row->identity == SYSREG_KEY(3, 0, 12, 12, 0);
}

enum sysreg_result sysreg_read_current_el(struct pe *pe, const struct sysreg_row *row, uint64_t *value)
{
    *value = (uint64_t)pe->pstate.el << 2;
    return SYSREG_DONE;
}

enum sysreg_result sysreg_read_spsel(struct pe *pe, const struct sysreg_row *row, uint64_t *value)
{
    *value = pe->pstate.sp;
    return SYSREG_DONE;
}

enum sysreg_result sysreg_write_spsel(struct pe *pe, const struct sysreg_row *row, uint64_t value)
{
    pe_save_sp(pe);
    pe->pstate.sp = value & 1;
    pe_load_sp(pe);
    pe_update_pstate(pe);
    return SYSREG_DONE;
}

enum sysreg_result sysreg_read_nzcv(struct pe *pe, const struct sysreg_row *row, uint64_t *value)
{
    *value = (uint64_t)pe_nzcv(pe) << NZCV_SHIFT;
    return SYSREG_DONE;
}

enum sysreg_result sysreg_write_nzcv(struct pe *pe, const struct sysreg_row *row, uint64_t value)
{
    pe_set_nzcv(pe, value >> NZCV_SHIFT & 15);
    return SYSREG_DONE;
}

enum sysreg_result sysreg_read_daif(struct pe *pe, const struct sysreg_row *row, uint64_t *value)
{
    const struct pstate *p = &pe->pstate;
    *value = (uint64_t)p->d << 9 | (uint64_t)p->a << 8 | (uint64_t)p->i << 7 | (uint64_t)p->f << 6;
    return SYSREG_DONE;
}

enum sysreg_result sysreg_write_daif(struct pe *pe, const struct sysreg_row *row, uint64_t value)
{
    pe->pstate.d = value >> 9 & 1;
    pe->pstate.a = value >> 8 & 1;
    pe->pstate.i = value >> 7 & 1;
    pe->pstate.f = value >> 6 & 1;
    return SYSREG_DONE;
}

#define PSTATE_BIT(field, shift)                                                                                       \
    enum sysreg_result sysreg_read_##field(struct pe *pe, const struct sysreg_row *row, uint64_t *value)               \
    {                                                                                                                  \
        *value = (uint64_t)pe->pstate.field << (shift);                                                                \
        return SYSREG_DONE;                                                                                            \
    }                                                                                                                  \
    enum sysreg_result sysreg_write_##field(struct pe *pe, const struct sysreg_row *row, uint64_t value)               \
    {                                                                                                                  \
        pe->pstate.field = value >> (shift) & 1;                                                                       \
        return SYSREG_DONE;                                                                                            \
    }
PSTATE_BIT(pan, PAN_SHIFT)
PSTATE_BIT(uao, UAO_SHIFT)
PSTATE_BIT(dit, DIT_SHIFT)
PSTATE_BIT(ssbs, SSBS_SHIFT)
PSTATE_BIT(tco, TCO_SHIFT)

enum sysreg_result sysreg_read_fpcr(struct pe *pe, const struct sysreg_row *row, uint64_t *value)
{
    *value = pe->fpcr;
    return SYSREG_DONE;
}

enum sysreg_result sysreg_write_fpcr(struct pe *pe, const struct sysreg_row *row, uint64_t value)
{
    /* AHP, DN, FZ, RMode; trapped exceptions are not implemented (RAZ/WI), Len and Stride are AArch32's. */
    enum { AHP_DN_FZ_RMODE = 0x07c00000, FZ16 = 1u << 19 };
    pe->fpcr = (uint32_t)value & (AHP_DN_FZ_RMODE | (has_feature(pe, FEATURE_FP16) ? FZ16 : 0));
    return SYSREG_DONE;
}

enum sysreg_result sysreg_read_fpsr(struct pe *pe, const struct sysreg_row *row, uint64_t *value)
{
    *value = pe->fpsr;
    return SYSREG_DONE;
}

enum sysreg_result sysreg_write_fpsr(struct pe *pe, const struct sysreg_row *row, uint64_t value)
{
    enum { QC = 1u << 27, CUMULATIVE = 0x9f };
    pe->fpsr = (uint32_t)value & (QC | CUMULATIVE);
    return SYSREG_DONE;
}

/* SP_ELx, wherever it is at the moment: op1 of SP_EL0, SP_EL1, SP_EL2 is 0, 4, 6. */
static uint64_t *stack_pointer(struct pe *pe, const struct sysreg_row *row)
{
    unsigned op1 = row->key >> 11 & 7, bank = op1 == 0 ? 0 : op1 == 4 ? 1 : 2;
    unsigned current = pe->pstate.sp ? pe->pstate.el : 0;
    return bank == current ? &pe->x[REG_SP] : &pe->sp_el[bank];
}

enum sysreg_result sysreg_read_sp_elx(struct pe *pe, const struct sysreg_row *row, uint64_t *value)
{
    *value = *stack_pointer(pe, row);
    return SYSREG_DONE;
}

enum sysreg_result sysreg_write_sp_elx(struct pe *pe, const struct sysreg_row *row, uint64_t value)
{
    *stack_pointer(pe, row) = value;
    return SYSREG_DONE;
}

enum sysreg_result sysreg_read_isr(struct pe *pe, const struct sysreg_row *row, uint64_t *value)
{
    *value = pending_interrupt_status(pe);
    return SYSREG_DONE;
}

/* At EL1 with virtual SErrors enabled, DISR_EL1 is VDISR_EL2; it reads as zero where SErrors go to EL3. */
static uint64_t *deferred_interrupt_status(struct pe *pe)
{
    enum { HCR_AMO = 1u << 5, SCR_EA = 1u << 3 };
    if (pe->pstate.el == 1 && (effective_hcr(pe) & HCR_AMO))
        return &SR(pe, VDISR_EL2);
    if (pe->pstate.el < 3 && pe->have_el3 && (SR(pe, SCR_EL3) & SCR_EA))
        return NULL;
    return &SR(pe, DISR_EL1);
}

#define DISR_WRITABLE 0x81ffffffull /* A, IDS, ISS */

enum sysreg_result sysreg_read_disr(struct pe *pe, const struct sysreg_row *row, uint64_t *value)
{
    const uint64_t *disr = deferred_interrupt_status(pe);
    *value = disr ? *disr : 0;
    return SYSREG_DONE;
}

enum sysreg_result sysreg_write_disr(struct pe *pe, const struct sysreg_row *row, uint64_t value)
{
    uint64_t *disr = deferred_interrupt_status(pe);
    if (disr)
        *disr = value & DISR_WRITABLE;
    return SYSREG_DONE;
}

enum sysreg_result sysreg_write_hcr_el2(struct pe *pe, const struct sysreg_row *row, uint64_t value)
{
    enum { HCD = 29 }; /* exists where there is no EL3 */
    sysreg_store(pe, row, value);
    if (!pe->have_el3)
        SR(pe, HCR_EL2) |= value & 1ull << HCD;
    return SYSREG_DONE;
}
