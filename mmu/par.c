/* PAR_EL1 and the AArch32 PAR: the results of address translation instructions. */
#include "mmu/internal.h"

/* PAREncodeShareability */
static unsigned par_shareability(const struct mem_attrs *attrs)
{
    static const uint8_t encoded[3] = {[SHARE_NSH] = 0, [SHARE_ISH] = 3, [SHARE_OSH] = 2};
    struct mem_attrs effective = *attrs;
    effective_shareability(&effective);
    return encoded[effective.shareability];
}

/* Four bits of a MAIR-like attribute. */
static unsigned encode_ldf_attr(uint8_t attr, bool transient)
{
    switch (attr & ~HINTS) {
    case CACHE_WT:
        return (transient ? 0u : 8u) | (attr & HINTS);
    case CACHE_WB:
        return (transient ? 4u : 12u) | (attr & HINTS);
    default:
        return 4;
    }
}

/* EncodePARAttrs */
static unsigned par_attrs(const struct mem_attrs *attrs)
{
    if (attrs->device)
        return (unsigned)(DEVICE_NGNRNE - attrs->device_type) << 2;
    if (attrs->tagged)
        return 0xf0;
    return encode_ldf_attr(attrs->outer, attrs->transient & 2) << 4 |
           encode_ldf_attr(attrs->inner, attrs->transient & 1);
}

uint64_t at_par_success(const struct mmu_result *result)
{
    return (uint64_t)par_attrs(&result->attrs) << 56 | (result->pa & low_mask(52) & ~low_mask(12)) | 1u << 11 |
           (uint64_t)(result->pas != PAS_SECURE) << 9 | (uint64_t)par_shareability(&result->attrs) << 7;
}

uint64_t at_par_fault(const struct fault_record *fault)
{
    return 1u << 11 | (uint64_t)fault->second_stage << 9 | (uint64_t)fault->s2fs1walk << 8 |
           (uint64_t)mmu_fault_status_code(fault) << 1 | 1;
}

/* AArch32.PARInnerAttrs */
static unsigned par_inner_attrs(const struct mem_attrs *attrs)
{
    if (attrs->device)
        return attrs->device_type == DEVICE_NGNRNE ? 1 : 3;
    switch (attrs->inner & ~HINTS) {
    case CACHE_WT:
        return 6;
    case CACHE_WB:
        return attrs->inner & HINT_WA ? 5 : 7;
    default:
        return 0;
    }
}

/* AArch32.PAROuterAttrs */
static unsigned par_outer_attrs(const struct mem_attrs *attrs)
{
    if (attrs->device)
        return 0;
    switch (attrs->outer & ~HINTS) {
    case CACHE_WT:
        return 2;
    case CACHE_WB:
        return attrs->outer & HINT_WA ? 1 : 3;
    default:
        return 0;
    }
}

uint32_t at_par_short_success(const struct mmu_result *result, bool supersection)
{
    struct mem_attrs attrs = result->attrs;
    uint32_t pa = (uint32_t)result->pa & 0xfffff000;
    effective_shareability(&attrs);
    if (supersection) /* PA[31:24], and PA[39:32] in bits [23:16] */
        pa = ((uint32_t)result->pa & 0xff000000) | (uint32_t)(result->pa >> 32 & 0xff) << 16;
    return pa | (uint32_t)(attrs.shareability != SHARE_OSH) << 10 | (uint32_t)(result->pas != PAS_SECURE) << 9 |
           (uint32_t)(attrs.shareability != SHARE_NSH) << 7 | par_inner_attrs(&attrs) << 4 |
           par_outer_attrs(&attrs) << 2 | (uint32_t)supersection << 1;
}

uint32_t at_par_short_fault(const struct fault_record *fault)
{
    return mmu_fault_status_code_short(fault) << 1 | 1;
}
