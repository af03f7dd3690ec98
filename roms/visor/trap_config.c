/* What each feature of a guest asks of the trap controls. The sum over a vCPU's features is what it runs with. */
#include "roms/visor/host.h"

struct request {
    u64 hcr, mdcr;
    u64 cptr, cptr_e2h; /* CPTR_EL2 has another form with E2H; so has CNTHCTL_EL2 */
    u64 cnthctl, cnthctl_e2h;
};

/* CNTHCTL_EL2: the physical counter is free (bit 0, with E2H bit 10), the physical timer is trapped (bits 1 and 11 are 0). */
static const struct request requests[FEATURE_COUNT] = {
    [FEATURE_BASE] = {.hcr = HCR_VM | HCR_SWIO | HCR_FMO | HCR_IMO | HCR_AMO | HCR_FB | HCR_BSU_INNER | HCR_TID3 |
                             HCR_TSC | HCR_TIDCP | HCR_TACR | HCR_TSW | HCR_RW | HCR_TLOR | HCR_TERR,
                      .mdcr = MDCR_TPM | MDCR_TPMCR | MDCR_TDOSA | MDCR_TDRA,
                      .cptr = 0x32ff | BIT(8) | BIT(20), /* RES1; TZ; TTA */
                      .cptr_e2h = 3 << 20 | BIT(28),     /* FPEN; TTA */
                      .cnthctl = BIT(0), .cnthctl_e2h = BIT(10)},
    [FEATURE_SHARED_PE] = {.hcr = HCR_TWI},
#define TRANSPORT(NAME, word, SYNDROME, key, kernel, HCR, MDCR, ...) [FEATURE_##NAME] = {.hcr = HCR, .mdcr = MDCR},
#include "roms/lib/transports.def"
    [FEATURE_DEBUG] = {.mdcr = MDCR_DEBUG},
    [FEATURE_TRAP_CTR] = {.hcr = HCR_TID2},
    [FEATURE_TRAP_CACHE] = {.hcr = HCR_TPC | HCR_TPU},
};

/* Later controls, where there are any: no fine-grained traps but those whose 0 traps what guests don't have. */
static void later_controls(void)
{
    if (READ(id_aa64mmfr0_el1) >> 56 & 15) { /* FEAT_FGT */
        WRITE(S3_4_C1_C1_4, 0);  /* HFGRTR_EL2 */
        WRITE(S3_4_C1_C1_5, 0);  /* HFGWTR_EL2 */
        WRITE(S3_4_C1_C1_6, 0);  /* HFGITR_EL2 */
        WRITE(S3_4_C3_C1_4, 0);  /* HDFGRTR_EL2 */
        WRITE(S3_4_C3_C1_5, 0);  /* HDFGWTR_EL2 */
    }
    if (READ(id_aa64mmfr1_el1) >> 40 & 15) /* FEAT_HCX */
        WRITE(S3_4_C1_C2_2, 0);  /* HCRX_EL2 */
}

void trap_config_load(const struct vcpu *vcpu)
{
    bool e2h = has_vhe();
    u64 hcr = e2h ? HCR_E2H : 0, mdcr = READ(mdcr_el2) & MDCR_HPMN, cptr = 0, cnthctl = 0;
    for (unsigned i = 0; i < FEATURE_COUNT; i++) {
        if (!vm_has(vcpu->vm, i))
            continue;
        hcr |= requests[i].hcr;
        mdcr |= requests[i].mdcr;
        cptr |= e2h ? requests[i].cptr_e2h : requests[i].cptr;
        cnthctl |= e2h ? requests[i].cnthctl_e2h : requests[i].cnthctl;
    }
    if (vcpu->pe->vcpu_count > 1)
        hcr |= requests[FEATURE_SHARED_PE].hcr;
    if (vcpu->virtual_serror)
        hcr |= HCR_VSE;
    /* Bits of what the PE doesn't have are RES0. */
    hcr &= READ(id_aa64mmfr1_el1) >> 16 & 15 ? ~0ull : ~HCR_TLOR;
    hcr &= READ(id_aa64pfr0_el1) >> 28 & 15 ? ~0ull : ~HCR_TERR;
    WRITE(hcr_el2, hcr);
    WRITE(mdcr_el2, mdcr);
    WRITE(cptr_el2, cptr);
    WRITE(cnthctl_el2, cnthctl);
    WRITE(hstr_el2, 0);
    later_controls();
    /* 39 bits of IPA from level 1, Write-Back, inner shareable; PS as large as the PE's. */
    u64 size = READ(id_aa64mmfr0_el1) & 15;
    WRITE(vtcr_el2, (64 - 39) | 1 << 6 | 1 << 8 | 1 << 10 | 3 << 12 | size << 16 | BIT(31));
    ISB();
}
