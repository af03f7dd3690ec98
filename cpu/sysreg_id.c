/* Identification registers, and a PE's identity at creation. */
#include "cpu/sysreg_handlers.h"

#include "cpu/cpu.h"
#include "cpu/impdef.h"
#include "cpu/sysreg_access.h"
#include "cpu/traps.h"

/* MIDR_EL1 and MPIDR_EL1 read from EL1 give what the hypervisor says. */
static bool virtualized(const struct pe *pe) { return pe->pstate.el == 1 && el2_enabled(pe); }

enum sysreg_result sysreg_read_midr(struct pe *pe, const struct sysreg_row *row, uint64_t *value)
{
    *value = virtualized(pe) ? SR(pe, VPIDR_EL2) : SR(pe, MIDR_EL1);
    return SYSREG_DONE;
}

enum sysreg_result sysreg_read_mpidr(struct pe *pe, const struct sysreg_row *row, uint64_t *value)
{
    *value = virtualized(pe) ? SR(pe, VMPIDR_EL2) : pe->mpidr;
    return SYSREG_DONE;
}

enum sysreg_result sysreg_read_zero(struct pe *pe, const struct sysreg_row *row, uint64_t *value)
{
    *value = 0;
    return SYSREG_DONE;
}

enum sysreg_result sysreg_write_ignore(struct pe *pe, const struct sysreg_row *row, uint64_t value) { return SYSREG_DONE; }

enum sysreg_result sysreg_read_ccsidr(struct pe *pe, const struct sysreg_row *row, uint64_t *value)
{
    unsigned select = SR(pe, CSSELR_EL1) & 15;
    *value = select < sizeof pe->model->ccsidr / sizeof pe->model->ccsidr[0] ? pe->model->ccsidr[select] : 0;
    return SYSREG_DONE;
}

enum sysreg_result sysreg_read_dczid(struct pe *pe, const struct sysreg_row *row, uint64_t *value)
{
    enum { DZP = 1u << 4 }; /* DC ZVA is prohibited here */
    const struct sysreg_row *zva = sysreg_lookup(SYSREG_KEY(1, 3, 7, 4, 1));
    *value = SR(pe, DCZID_EL0) | (sysreg_trap(pe, zva, false) ? DZP : 0);
    return SYSREG_DONE;
}

/* L2CTLR_EL1 of Cortex-A53, A57, A72: bits 25:24 are the number of cores less one. The machine's cores are in one
 * cluster as far as this register can say. */
enum sysreg_result sysreg_read_l2ctlr(struct pe *pe, const struct sysreg_row *row, uint64_t *value)
{
    enum { CORES_SHIFT = 24, FOUR_CORES = 3 };
    *value = (uint64_t)FOUR_CORES << CORES_SHIFT;
    return SYSREG_DONE;
}

enum sysreg_result sysreg_read_rvbar(struct pe *pe, const struct sysreg_row *row, uint64_t *value)
{
    *value = pe->reset_address;
    return SYSREG_DONE;
}

enum { RMR_AA64 = 1, RMR_RR = 2 };

enum sysreg_result sysreg_read_rmr(struct pe *pe, const struct sysreg_row *row, uint64_t *value)
{
    *value = RMR_AA64; /* RAO/WI where only AArch64 can be entered at reset */
    return SYSREG_DONE;
}

enum sysreg_result sysreg_write_rmr(struct pe *pe, const struct sysreg_row *row, uint64_t value)
{
    if (!(value & RMR_RR))
        return SYSREG_DONE;
    pe_reset(pe, false);
    return SYSREG_EXCEPTION; /* the PC is the reset address */
}

static bool is_identification(const struct sysreg_row *row)
{
    return row->storage != SR_COUNT && row->write_els == 0 && row->key >> 14 == 3;
}

static uint64_t set_field(uint64_t value, unsigned lsb, uint64_t field)
{
    return (value & ~(0xfull << lsb)) | field << lsb;
}

/* ID_AA64PFR0_EL1.EL0 to EL3: AArch64 at least, and AArch32 as the features have set it; 0 where there is no EL. */
static uint64_t identify_levels(const struct pe *pe, uint64_t pfr0)
{
    const bool have[4] = {true, true, pe->have_el2, pe->have_el3};
    for (unsigned el = 0; el < 4; el++) {
        unsigned field = pfr0 >> (4 * el) & 15;
        pfr0 = set_field(pfr0, 4 * el, have[el] ? (field ? field : 1) : 0);
    }
    return pfr0;
}

static unsigned encode_pa_bits(unsigned bits)
{
    static const uint8_t sizes[] = {32, 36, 40, 42, 44, 48, 52};
    for (unsigned i = 0; i < sizeof sizes; i++) {
        if (sizes[i] == bits)
            return i;
    }
    return 5;
}

static void identify_mmu(struct pe *pe)
{
    uint64_t mmfr0 = SR(pe, ID_AA64MMFR0_EL1);
    struct mmu_features *mmu = &pe->mmu_features;
    *mmu = (struct mmu_features){
        .pa_bits = pe->model->pa_bits,
        .granule4 = (mmfr0 >> 28 & 15) != 15,
        .granule16 = (mmfr0 >> 20 & 15) != 0,
        .granule64 = (mmfr0 >> 24 & 15) != 15,
        .asid16 = (mmfr0 >> 4 & 15) == 2,
        .hafdbs_af = has_feature(pe, FEATURE_HAF),
        .hafdbs_dirty = has_feature(pe, FEATURE_HAFDBS),
        .hpd = has_feature(pe, FEATURE_HPDS),
        .hpd2 = has_feature(pe, FEATURE_HPDS2),
        .pan = has_feature(pe, FEATURE_PAN),
        .pan2 = has_feature(pe, FEATURE_PAN2),
        .pan3 = has_feature(pe, FEATURE_PAN3),
        .uao = has_feature(pe, FEATURE_UAO),
        .vhe = has_feature(pe, FEATURE_VHE),
        .xnx = has_feature(pe, FEATURE_XNX),
        .cnp = has_feature(pe, FEATURE_TTCNP),
        .ttcnp = has_feature(pe, FEATURE_TTCNP),
        .ttst = has_feature(pe, FEATURE_TTST),
        .e0pd = has_feature(pe, FEATURE_E0PD),
        .s2fwb = has_feature(pe, FEATURE_S2FWB),
        .lpa = has_feature(pe, FEATURE_LPA),
        .lva = has_feature(pe, FEATURE_LVA),
        .lpa2 = has_feature(pe, FEATURE_LPA2),
        .sec_el2 = has_feature(pe, FEATURE_SEL2),
        .bti = has_feature(pe, FEATURE_BTI),
        .vmid16 = has_feature(pe, FEATURE_VMID16),
        .nv = has_feature(pe, FEATURE_NV),
        .pauth = has_feature(pe, FEATURE_PAuth),
        .mte2 = has_feature(pe, FEATURE_MTE2),
        .xs = has_feature(pe, FEATURE_XS),
        .lsmaoc = has_feature(pe, FEATURE_LSMAOC),
        .fault_small_txsz = impdef(pe, TXSZ_SMALL) == TXSZ_SMALL_FAULT,
        .fault_large_txsz = impdef(pe, TXSZ_LARGE) == TXSZ_LARGE_FAULT,
        .ignore_contiguous = impdef(pe, CONTIGUOUS) == CONTIGUOUS_IGNORED,
        .fault_contiguous = impdef(pe, CONTIGUOUS_TOO_LARGE) == CONTIGUOUS_TOO_LARGE_FAULT,
        .fault_device_fetch = impdef(pe, DEVICE_FETCH) == DEVICE_FETCH_FAULT,
        .no_cacheop_access_flag_fault = impdef(pe, CACHEOP_ACCESS_FLAG) == CACHEOP_ACCESS_FLAG_IGNORE,
        .ic_permission_fault = impdef(pe, IC_IVAU_PERMISSION) == IC_IVAU_PERMISSION_FAULT,
        .access_flag_update_on_fault = impdef(pe, ACCESS_FLAG_ON_FAULT) == ACCESS_FLAG_ON_FAULT_SET,
        .tlb_check = impdef(pe, TLB_CHECK) == TLB_CHECK_OFF    ? MMU_CHECK_OFF
                     : impdef(pe, TLB_CHECK) == TLB_CHECK_WARN ? MMU_CHECK_WARN
                                                               : MMU_CHECK_FAULT,
    };
}

static uint64_t spsr_fields(const struct pe *pe)
{
    static const struct {
        enum feature feature;
        uint64_t bits;
    } optional[] = {{FEATURE_BTI, 3u << 10},  {FEATURE_SSBS, 1u << 12}, {FEATURE_PAN, 1u << 22},
                    {FEATURE_UAO, 1u << 23}, {FEATURE_DIT, 1u << 24},  {FEATURE_MTE, 1u << 25}};
    uint64_t bits = 0xfull << 28 | 3u << 20 | 0xfu << 6 | 0x1fu; /* NZCV, SS, IL, DAIF, M */
    for (size_t i = 0; i < sizeof optional / sizeof optional[0]; i++)
        bits |= has_feature(pe, optional[i].feature) ? optional[i].bits : 0;
    return bits;
}

void pe_identify(struct pe *pe)
{
    pe->spsr_fields = spsr_fields(pe);
    for (size_t i = 0; i < sysreg_row_count; i++) {
        if (is_identification(&sysreg_rows[i]))
            pe->sr[sysreg_rows[i].storage] = cpu_model_id_register(pe->model, &pe->features, sysreg_rows[i].storage);
    }
    SR(pe, ID_AA64PFR0_EL1) = identify_levels(pe, SR(pe, ID_AA64PFR0_EL1));
    SR(pe, ID_AA64MMFR0_EL1) = set_field(SR(pe, ID_AA64MMFR0_EL1), 0, encode_pa_bits(pe->model->pa_bits));
    /* CTR_EL0.ERG: log2 of the exclusives reservation granule in words. */
    SR(pe, CTR_EL0) = set_field(SR(pe, CTR_EL0), 20, impdef(pe, EXCLUSIVE_GRANULE) + 2u);
    identify_mmu(pe);
}
