/* Exception syndromes (ESR_ELx): classes, fields, and the values that are built or compared as a whole. */
#ifndef ROM_SYNDROME_H
#define ROM_SYNDROME_H

#include "types.h"

enum exception_class {
    EC_UNKNOWN = 0x00,
    EC_WFX = 0x01,
    EC_ILLEGAL_STATE = 0x0e,
    EC_SVC = 0x15,
    EC_HVC = 0x16,
    EC_SMC = 0x17,
    EC_SYSREG = 0x18,
    EC_FETCH_LOWER = 0x20, /* instruction abort from a lower EL */
    EC_FETCH_SAME = 0x21,
    EC_DATA_LOWER = 0x24,
    EC_DATA_SAME = 0x25,
    EC_SERROR = 0x2f,
    EC_BREAKPOINT_LOWER = 0x30, /* one more: from the same EL; so for the next two */
    EC_STEP_LOWER = 0x32,
    EC_WATCHPOINT_LOWER = 0x34,
    EC_BKPT = 0x38, /* of AArch32 */
    EC_BRK = 0x3c,
};

#define ESR_IL (1u << 25)
#define ESR_VALUE(ec, iss) ((u32)(ec) << 26 | ESR_IL | (u32)(iss))
#define ESR_CLASS(esr) ((unsigned)((esr) >> 26 & 0x3f))
#define ESR_ISS(esr) ((u32)(esr) & 0x1ffffffu)

#define ESR_HVC(immediate) ESR_VALUE(EC_HVC, immediate)
#define ESR_SMC(immediate) ESR_VALUE(EC_SMC, immediate)
#define ESR_BRK(immediate) ESR_VALUE(EC_BRK, immediate)
#define ESR_WFI ESR_VALUE(EC_WFX, 0x1e00000) /* CV, COND = always */
#define ESR_WFE ESR_VALUE(EC_WFX, 0x1e00001)

/* A system register access: ISS = op0 << 20 | op2 << 17 | op1 << 14 | CRn << 10 | Rt << 5 | CRm << 1 | read */
#define ISS_SYSREG(op0, op1, crn, crm, op2) ((op0) << 20 | (op2) << 17 | (op1) << 14 | (crn) << 10 | (crm) << 1)
#define ISS_SYSREG_MASK 0x3ffc1eu /* which register */
#define ISS_SYSREG_READ 1u
#define ISS_SYSREG_RT(iss) ((iss) >> 5 & 31)
#define ESR_MRS_XZR(...) ESR_VALUE(EC_SYSREG, ISS_SYSREG(__VA_ARGS__) | 31 << 5 | ISS_SYSREG_READ)

/* Data aborts, and the fault status code of both kinds of aborts. */
#define ISS_WNR (1u << 6)
#define ISS_S1PTW (1u << 7)
#define ISS_CM (1u << 8)
#define ISS_EA (1u << 9)
#define ISS_FNV (1u << 10)
#define ISS_ISV (1u << 24)
#define ISS_FSC(iss) ((unsigned)(iss) & 63)
#define FSC_TRANSLATION(level) (4u + (level))
#define FSC_PERMISSION(level) (12u + (level))
#define FSC_EXTERNAL 0x10u
#define FSC_EXTERNAL_WALK(level) (0x14u + (level))

#endif
