/* The identification registers as guests read them: what the PE has, less what the visor keeps for itself or doesn't keep
 * per vCPU. A register without a row reads as zero. */
#include "roms/visor/sysregs.h"

/* Fields of four bits, by the position of their lowest one. */
#define FIELD(at) (15ull << (at))

/* Name, CRm, Op2, the fields that go through. */
#define ID_REGISTERS(R)                                                                                                \
    R(S3_0_C0_C1_0, 1, 0, ~0ull)                                                                                       \
    R(S3_0_C0_C1_1, 1, 1, ~0ull)                                                                                       \
    R(S3_0_C0_C1_2, 1, 2, ~FIELD(24)) /* ID_DFR0: no PMU */                                                            \
    R(S3_0_C0_C1_3, 1, 3, ~0ull)                                                                                       \
    R(S3_0_C0_C1_4, 1, 4, ~0ull)                                                                                       \
    R(S3_0_C0_C1_5, 1, 5, ~0ull)                                                                                       \
    R(S3_0_C0_C1_6, 1, 6, ~0ull)                                                                                       \
    R(S3_0_C0_C1_7, 1, 7, ~0ull)                                                                                       \
    R(S3_0_C0_C2_0, 2, 0, ~0ull)                                                                                       \
    R(S3_0_C0_C2_1, 2, 1, ~0ull)                                                                                       \
    R(S3_0_C0_C2_2, 2, 2, ~0ull)                                                                                       \
    R(S3_0_C0_C2_3, 2, 3, ~0ull)                                                                                       \
    R(S3_0_C0_C2_4, 2, 4, ~0ull)                                                                                       \
    R(S3_0_C0_C2_5, 2, 5, ~0ull)                                                                                       \
    R(S3_0_C0_C2_6, 2, 6, ~0ull)                                                                                       \
    R(S3_0_C0_C3_0, 3, 0, ~0ull)                                                                                       \
    R(S3_0_C0_C3_1, 3, 1, ~0ull)                                                                                       \
    R(S3_0_C0_C3_2, 3, 2, ~0ull)                                                                                       \
    R(S3_0_C0_C3_4, 3, 4, ~0ull)                                                                                       \
    R(S3_0_C0_C3_6, 3, 6, ~0ull)                                                                                       \
    /* ID_AA64PFR0: EL0, EL1, FP, AdvSIMD, GIC, DIT, CSV2, CSV3; neither EL2 nor EL3, RAS, SVE, AMU, MPAM, RME */      \
    R(S3_0_C0_C4_0, 4, 0, 0xffull | FIELD(16) | FIELD(20) | FIELD(24) | FIELD(48) | FIELD(56) | FIELD(60))             \
    /* ID_AA64PFR1: BT, SSBS; neither MTE nor SME */                                                                   \
    R(S3_0_C0_C4_1, 4, 1, FIELD(0) | FIELD(4))                                                                         \
    /* ID_AA64DFR0: DebugVer, breakpoints, watchpoints; neither PMU nor trace */                                       \
    R(S3_0_C0_C5_0, 5, 0, FIELD(0) | FIELD(12) | FIELD(20) | FIELD(28))                                                \
    R(S3_0_C0_C6_0, 6, 0, ~FIELD(24)) /* ID_AA64ISAR0: no TME */                                                       \
    /* ID_AA64ISAR1: no pointer authentication (keys), no LS64 */                                                      \
    R(S3_0_C0_C6_1, 6, 1, ~(FIELD(4) | FIELD(8) | FIELD(24) | FIELD(28) | FIELD(60)))                                  \
    R(S3_0_C0_C6_2, 6, 2, FIELD(0) | FIELD(4)) /* ID_AA64ISAR2: WFxT, RPRES */                                         \
    R(S3_0_C0_C7_0, 7, 0, ~(FIELD(56) | FIELD(60))) /* ID_AA64MMFR0: neither FGT nor ECV */                            \
    /* ID_AA64MMFR1: HAFDBS, VMIDBits, HPDS, PAN, SpecSEI, ETS, AFP; nothing of EL2, no LORegions */                   \
    R(S3_0_C0_C7_1, 7, 1, FIELD(0) | FIELD(4) | FIELD(12) | FIELD(20) | FIELD(24) | FIELD(36) | FIELD(44))             \
    R(S3_0_C0_C7_2, 7, 2, ~(FIELD(24) | FIELD(56))) /* ID_AA64MMFR2: neither NV nor EVT */

#define READ_REGISTER(name, crm, op2, fields)                                                                          \
    case ENCODING(3u, 0, 0, crm, op2): *value = READ(name) & (fields); return true;

bool id_register_read(unsigned encoding, u64 *value)
{
    switch (encoding) {
        ID_REGISTERS(READ_REGISTER)
    default: return false;
    }
}
