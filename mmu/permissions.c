/* Permission and alignment checks of both stages. They are redone at every access, TLB hit or not. */
#include "mmu/internal.h"

/* AP[2:1] and APTable to what EL1 (or EL2, EL3) and EL0 may do. XN bits come with the hierarchical ones applied. */
uint8_t s1_direct_permissions(unsigned ap, unsigned ap_table, bool privileged_xn, bool unprivileged_xn)
{
    static const uint8_t by_ap[4] = {S1_PR | S1_PW, S1_PR | S1_PW | S1_UR | S1_UW, S1_PR, S1_PR | S1_UR};
    static const uint8_t kept_by_table[4] = {S1_PR | S1_PW | S1_UR | S1_UW, S1_PR | S1_PW, S1_PR | S1_UR, S1_PR};
    uint8_t permissions = by_ap[ap] & kept_by_table[ap_table];
    if (!privileged_xn)
        permissions |= S1_PX;
    if (!unprivileged_xn)
        permissions |= S1_UX;
    return permissions;
}

bool pan_applies(const struct mmu_access *access)
{
    switch (access->type) {
    case ACCESS_READ:
    case ACCESS_WRITE:
    case ACCESS_DC_ZVA:
        return access->pan;
    case ACCESS_AT:
        return access->pan && access->at_pan;
    default:
        return false;
    }
}

bool access_dirties(const struct mmu_access *access)
{
    return access->write && access->type != ACCESS_AT && access->type != ACCESS_DC && access->type != ACCESS_IC;
}

/* SCR_EL3.SIF and its kin: no execution from a physical address space outside the security state's own. */
static bool fetch_crosses_security(const struct mmu_regime *regime, const struct s1_leaf *leaf)
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
static bool pan_denies(const struct mmu_regime *regime, unsigned permissions)
{
    if (nv1_enabled(regime) && !regime->aarch32)
        return false;
    bool epan = regime->features->pan3 && !regime->aarch32 && sctlr_bit(regime, SCTLR_EPAN);
    return permissions & (S1_UR | S1_UW | (epan ? S1_UX : 0));
}

/* AArch64.S1ComputePermissions (direct). A stage 1 that is off allows everything. */
unsigned s1_compute_permissions(const struct mmu_regime *regime, const struct s1_leaf *leaf, unsigned el, bool pan)
{
    if (!leaf->enabled)
        return MAY_READ | MAY_WRITE | MAY_EXECUTE;
    unsigned permissions = leaf->permissions;
    unsigned may = el == 0 ? permissions >> 3 & 7 : permissions & 7;
    bool denied_by_pan = pan && el != 0 && has_unprivileged(regime) && pan_denies(regime, permissions);
    if (sctlr_bit(regime, SCTLR_WXN) && (may & MAY_WRITE))
        may &= ~(unsigned)MAY_EXECUTE;
    if (regime->aarch32 && el != 0 && (permissions & S1_UW) && has_unprivileged(regime) &&
        sctlr_bit(regime, SCTLR_UWXN))
        may &= ~(unsigned)MAY_EXECUTE;
    if (fetch_crosses_security(regime, leaf))
        may &= ~(unsigned)MAY_EXECUTE;
    if (denied_by_pan)
        may &= ~(unsigned)(MAY_READ | MAY_WRITE);
    return may;
}

unsigned s2_compute_permissions(const struct s2_leaf *leaf, unsigned el)
{
    unsigned may = leaf->permissions & (S2_R | S2_W);
    return may | (leaf->permissions & (el == 0 ? S2_UX : S2_PX) ? MAY_EXECUTE : 0);
}

/* The masks above are shifted into each other. */
_Static_assert((int)S1_PR == (int)MAY_READ && (int)S1_PW == (int)MAY_WRITE && (int)S1_PX == (int)MAY_EXECUTE, "layout");
_Static_assert((int)S1_UR == (int)S1_PR << 3 && (int)S1_UW == (int)S1_PW << 3 && (int)S1_UX == (int)S1_PX << 3, "layout");
_Static_assert((int)S2_R == (int)MAY_READ && (int)S2_W == (int)MAY_WRITE, "layout");

/* AArch64.S1HasAlignmentFault, AArch64.S2HasAlignmentFault */
static bool has_alignment_fault(const struct mmu_regime *regime, const struct mmu_access *access, bool aligned,
                                const struct mem_attrs *attrs)
{
    if (!attrs->device || access->type == ACCESS_FETCH)
        return false;
    if (access->multiple && regime->features->lsmaoc && !sctlr_bit(regime, SCTLR_NTLSMD) &&
        attrs->device_type != DEVICE_GRE)
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

bool s1_check(const struct mmu_regime *regime, const struct mmu_access *access, bool aligned,
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

/* AArch64.S2CheckPermissions, after AArch64.S2HasAlignmentFault. */
bool s2_check(const struct mmu_regime *regime, const struct mmu_access *access, bool aligned,
              const struct s2_leaf *leaf, const struct mem_attrs *attrs, struct fault_record *fault)
{
    unsigned may = s2_compute_permissions(leaf, access->el);
    fault->level = leaf->level;
    if (has_alignment_fault(regime, access, aligned, attrs))
        return set_fault(fault, FAULT_ALIGNMENT, leaf->level);
    switch (access->type) {
    case ACCESS_TTW:
        return check_table_walk(regime, access, may, attrs, fault);
    case ACCESS_FETCH:
        return check_fetch(regime, attrs, may, fault);
    case ACCESS_DC:
        return regime->aarch32 || check_dc(access, may, fault);
    case ACCESS_IC:
        return regime->aarch32 || check_ic(regime, access, may, fault);
    default:
        return check_data(access, may, fault);
    }
}
