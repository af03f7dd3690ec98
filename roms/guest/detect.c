#include "detect.h"

#define ATTEMPT(name, before, instruction)                                                                             \
    static unsigned attempt_##name(u64 *word)                                                                          \
    {                                                                                                                  \
        u64 value;                                                                                                     \
        unsigned status;                                                                                               \
        __asm__ volatile(before "ldxr %0, [%2]\n\t" instruction "\n\tstxr %w1, %0, [%2]"                               \
                         : "=&r"(value), "=&r"(status)                                                                 \
                         : "r"(word)                                                                                   \
                         : "memory", "x9");                                                                            \
        return status;                                                                                                 \
    }

ATTEMPT(nop, "", "nop")
ATTEMPT(wfe, "sevl\n\twfe\n\t", "wfe")
ATTEMPT(ctr, "", "mrs x9, ctr_el0")
ATTEMPT(aidr, "", "mrs x9, aidr_el1")
ATTEMPT(pfr0, "", "mrs x9, id_aa64pfr0_el1")
ATTEMPT(actlr, "", "mrs x9, actlr_el1")
ATTEMPT(afsr_write, "", "msr afsr0_el1, xzr")
ATTEMPT(afsr_read, "", "mrs x9, afsr0_el1")
ATTEMPT(cisw, "", "dc cisw, xzr")
ATTEMPT(civac, "", "dc civac, %2")
ATTEMPT(cvau, "", "dc cvau, %2")
ATTEMPT(ivau, "", "ic ivau, %2")
ATTEMPT(tlbi, "", "tlbi vmalle1")
ATTEMPT(mdscr, "", "mrs x9, mdscr_el1")
ATTEMPT(mdccsr, "", "mrs x9, mdccsr_el0")
ATTEMPT(oslsr, "", "mrs x9, oslsr_el1")
ATTEMPT(mdrar, "", "mrs x9, mdrar_el1")
ATTEMPT(pmcr, "", "mrs x9, pmcr_el0")
ATTEMPT(pmccntr, "", "mrs x9, pmccntr_el0")
ATTEMPT(cntpct, "", "mrs x9, cntpct_el0")
ATTEMPT(cntp_ctl, "", "mrs x9, cntp_ctl_el0")
ATTEMPT(fmov, "", "fmov d31, xzr")
ATTEMPT(cpacr, "", "mrs x9, cpacr_el1")

#define HCR(bit) {DETECT_HCR, 1ul << (bit), false}
#define MDCR(bits) {DETECT_MDCR, bits, false}
#define TDE 0x100ul

const struct candidate candidates[] = {
    {"nothing", attempt_nop, true, false, {{0}}},
    {"WFE", attempt_wfe, true, true, {HCR(14)}},                     /* TWE */
    {"MRS CTR_EL0", attempt_ctr, true, false, {HCR(17)}},             /* TID2 */
    {"MRS AIDR_EL1", attempt_aidr, false, false, {HCR(16)}},          /* TID1 */
    {"MRS ID_AA64PFR0_EL1", attempt_pfr0, false, false, {HCR(18)}},   /* TID3 */
    {"MRS ACTLR_EL1", attempt_actlr, false, false, {HCR(21)}},        /* TACR */
    {"MSR AFSR0_EL1", attempt_afsr_write, false, false, {HCR(26)}},   /* TVM */
    {"MRS AFSR0_EL1", attempt_afsr_read, false, false, {HCR(30)}},    /* TRVM */
    {"DC CISW", attempt_cisw, false, false, {HCR(22)}},               /* TSW */
    {"DC CIVAC", attempt_civac, true, false, {HCR(23)}},              /* TPC */
    {"DC CVAU", attempt_cvau, true, false, {HCR(24)}},                /* TPU */
    {"IC IVAU", attempt_ivau, true, false, {HCR(24)}},
    {"TLBI VMALLE1", attempt_tlbi, false, false, {HCR(25)}},          /* TTLB */
    {"MRS MDSCR_EL1", attempt_mdscr, false, false, {MDCR(0x200 | TDE)}}, /* TDA */
    {"MRS MDCCSR_EL0", attempt_mdccsr, true, false, {MDCR(0x200 | TDE)}},
    {"MRS OSLSR_EL1", attempt_oslsr, false, false, {MDCR(0x400 | TDE)}}, /* TDOSA */
    {"MRS MDRAR_EL1", attempt_mdrar, false, false, {MDCR(0x800 | TDE)}}, /* TDRA */
    {"MRS PMCR_EL0", attempt_pmcr, true, false, {MDCR(0x60)}},        /* TPM, TPMCR */
    {"MRS PMCCNTR_EL0", attempt_pmccntr, true, false, {MDCR(0x40)}},  /* TPM */
    {"MRS CNTPCT_EL0", attempt_cntpct, true, false, {{DETECT_CNTHCTL, 1, true}}},     /* EL1PCTEN */
    {"MRS CNTP_CTL_EL0", attempt_cntp_ctl, true, false, {{DETECT_CNTHCTL, 2, true}}}, /* EL1PCEN */
    {"FMOV D31", attempt_fmov, true, false, {{DETECT_CPTR, 0x400, false}}},           /* TFP */
    {"MRS CPACR_EL1", attempt_cpacr, false, false, {{DETECT_CPTR, 1ul << 31, false}}}, /* TCPAC */
};
const unsigned candidate_count = sizeof(candidates) / sizeof(*candidates);

bool detect_one(unsigned n, u64 *word)
{
    unsigned successes = 0, enough = candidates[n].majority ? (DETECT_ATTEMPTS + 1) / 2 : 1;
    for (unsigned i = 0; i < DETECT_ATTEMPTS && successes < enough; i++)
        successes += !candidates[n].attempt(word);
    return successes < enough;
}

u64 detect(bool el0, u64 *word)
{
    u64 trapped = 0;
    for (unsigned i = 0; i < candidate_count; i++)
        if (candidates[i].el0 || !el0)
            trapped |= (u64)detect_one(i, word) << i;
    return trapped;
}
