/* Permission and alignment checks of both stages. They are redone at every access, TLB hit or not. */
#include "mmu/internal.h"

/* SCR_EL3.SIF and its kin: no execution from a physical address space outside the security state's own. */
bool fetch_crosses_security(const struct mmu_regime *regime, const struct s1_leaf *leaf)
{
    switch (regime->security) {
    case PAS_SECURE:
        return leaf->pas == PAS_NON_SECURE && bit(regime->scr, SCR_SIF);
    case PAS_ROOT:
        return leaf->pas != PAS_ROOT;
    case PAS_REALM:
        return regime->id != REGIME_EL10 && leaf->pas != PAS_REALM;
    default:
        return false;
    }
}

/* PSTATE.PAN, and SCTLR_ELx.EPAN: privileged data access to what EL0 may read, write or (EPAN) execute. */
bool pan_denies(const struct mmu_regime *regime, unsigned permissions)
{
    if (!has_unprivileged(regime) || (nv1_enabled(regime) && !regime->aarch32))
        return false;
    bool epan = regime->features->pan3 && !regime->aarch32 && sctlr_bit(regime, SCTLR_EPAN);
    return permissions & (S1_UR | S1_UW | (epan ? S1_UX : 0));
}

/* AArch64.S1HasAlignmentFault, AArch64.S2HasAlignmentFault */
static bool has_alignment_fault(const struct mmu_regime *regime, const struct mmu_access *access, bool aligned,
                                const struct mem_attrs *attrs)
{
    if (!attrs->device || access->type == ACCESS_FETCH)
        return false;
    bool trapped = !sctlr_bit(regime, regime->aarch32 ? SCTLR32_NTLSMD : SCTLR_NTLSMD);
    if (access->multiple && regime->features->lsmaoc && trapped && attrs->device_type != DEVICE_GRE)
        return true;
    return !aligned || access->type == ACCESS_DC_ZVA;
}

static bool permission_fault(struct fault_record *fault, bool write)
{
    fault->type = FAULT_PERMISSION;
    fault->write = write;
    return false;
}

/* Reads and writes: a read that is not allowed is reported first (atomics do both). */
static bool check_data(const struct mmu_access *access, unsigned may, struct fault_record *fault)
{
    if (access->read && !(may & MAY_READ))
        return permission_fault(fault, false);
    if (access->write && !(may & MAY_WRITE))
        return permission_fault(fault, true);
    return true;
}

/* DC IVAC needs write permission (`write`); the others, from EL0, read permission. */
static bool check_dc(const struct mmu_access *access, unsigned may, struct fault_record *fault)
{
    if (access->write ? !(may & MAY_WRITE) : access->el == 0 && !(may & MAY_READ))
        return permission_fault(fault, fault->write);
    return true;
}

static bool check_ic(const struct mmu_regime *regime, const struct mmu_access *access, unsigned may,
                     struct fault_record *fault)
{
    if (access->el == 0 && regime->features->ic_permission_fault && !(may & MAY_READ))
        return permission_fault(fault, fault->write);
    return true;
}

static bool check_fetch(const struct mmu_regime *regime, const struct mem_attrs *attrs, unsigned may,
                        struct fault_record *fault)
{
    if ((attrs->device && regime->features->fault_device_fetch) || !(may & MAY_EXECUTE))
        return permission_fault(fault, fault->write);
    return true;
}

/* AArch64.S1CheckPermissions; AArch32's differ in cache maintenance and in atomics being writes only. */
static bool s1_check_permissions(const struct mmu_regime *regime, const struct mmu_access *access,
                                 const struct s1_leaf *leaf, struct fault_record *fault)
{
    unsigned may = s1_compute_permissions(regime, leaf, access->el, pan_applies(access));
    if (access->type == ACCESS_FETCH)
        return check_fetch(regime, &leaf->attrs, may, fault);
    if (access->type == ACCESS_DC)
        return regime->aarch32 || check_dc(access, may, fault);
    if (access->type == ACCESS_IC)
        return regime->aarch32 || check_ic(regime, access, may, fault);
    if (regime->aarch32 && (access->write ? !(may & MAY_WRITE) : !(may & MAY_READ)))
        return permission_fault(fault, fault->write);
    return regime->aarch32 || check_data(access, may, fault);
}

enum domain_access { DOMAIN_NO_ACCESS = 0, DOMAIN_CLIENT = 1, DOMAIN_MANAGER = 3 };

/* AArch32.OutputDomain; the reserved value acts as No access. */
static enum domain_access output_domain(const struct mmu_regime *regime, unsigned domain)
{
    unsigned access = (unsigned)field(regime->dacr, 2 * domain, 2);
    return access == 2 ? DOMAIN_NO_ACCESS : (enum domain_access)access;
}

bool s1_check_fault(const struct mmu_regime *regime, const struct mmu_access *access, bool aligned,
                    const struct s1_leaf *leaf, struct fault_record *fault)
{
    fault->level = leaf->level;
    if (!leaf->enabled) {
        if (leaf->attrs.device && has_alignment_fault(regime, access, aligned, &leaf->attrs))
            return set_fault(fault, FAULT_ALIGNMENT, leaf->level);
        return true;
    }
    if (leaf->domain_checked)
        fault->domain = leaf->domain;
    if (has_alignment_fault(regime, access, aligned, &leaf->attrs))
        return set_fault(fault, FAULT_ALIGNMENT, leaf->level);
    if (leaf->domain_checked) {
        enum domain_access domain = output_domain(regime, leaf->domain);
        bool cache_operation = access->type == ACCESS_DC || access->type == ACCESS_IC;
        if (domain == DOMAIN_NO_ACCESS && !cache_operation)
            return set_fault(fault, FAULT_DOMAIN, leaf->level);
        if (domain != DOMAIN_CLIENT)
            return true;
    }
    return s1_check_permissions(regime, access, leaf, fault);
}

static bool check_table_walk(const struct mmu_regime *regime, const struct mmu_access *access, unsigned may,
                             const struct mem_attrs *attrs, struct fault_record *fault)
{
    bool protected_walk = bit(regime->hcr, HCR_PTW) && !bit(regime->hcr, HCR_TGE);
    if ((protected_walk && attrs->device) || !(may & MAY_READ) || (access->write && !(may & MAY_WRITE)))
        return permission_fault(fault, fault->write);
    return true;
}

/* Whether a check looks at the memory type: mostly it doesn't, and the stages' attributes needn't be combined. */
static bool depends_on_type(const struct mmu_regime *regime, const struct mmu_access *access, bool aligned)
{
    return !aligned || access->multiple || access->type == ACCESS_DC_ZVA ||
           (access->type == ACCESS_TTW && bit(regime->hcr, HCR_PTW)) ||
           (access->type == ACCESS_FETCH && regime->features->fault_device_fetch);
}

/* AArch64.S2CheckPermissions, after AArch64.S2HasAlignmentFault. */
bool s2_check(const struct mmu_regime *regime, const struct mmu_access *access, bool aligned,
              const struct s2_leaf *leaf, const struct mem_attrs *s1_attrs, struct fault_record *fault)
{
    unsigned may = s2_compute_permissions(leaf, access->el);
    struct mem_attrs attrs = {0};
    fault->level = leaf->level;
    if (depends_on_type(regime, access, aligned))
        attrs = s2_attrs(regime, s1_attrs, leaf);
    if (has_alignment_fault(regime, access, aligned, &attrs))
        return set_fault(fault, FAULT_ALIGNMENT, leaf->level);
    switch (access->type) {
    case ACCESS_TTW:
        return check_table_walk(regime, access, may, &attrs, fault);
    case ACCESS_FETCH:
        return check_fetch(regime, &attrs, may, fault);
    case ACCESS_DC:
        return regime->aarch32 || check_dc(access, may, fault);
    case ACCESS_IC:
        return regime->aarch32 || check_ic(regime, access, may, fault);
    default:
        return check_data(access, may, fault);
    }
}
