/*
 * What breakpoints and watchpoints match: AArch64.BreakpointMatch(), AArch64.WatchpointMatch() and what they ask.
 * Where the architecture leaves a choice (reserved values, masks and byte selections that contradict each other), the
 * breakpoint or watchpoint does not match.
 */
#include "cpu/debug.h"
#include "cpu/traps.h"

enum { TOP_BIT = 48 }; /* of the addresses compared; DebugAddrTop() without FEAT_LVA */

static uint64_t bits(uint64_t value, unsigned lsb, unsigned width) { return value >> lsb & ((1ull << width) - 1); }
static bool bit(uint64_t value, unsigned n) { return value >> n & 1; }

unsigned debug_breakpoint_count(const struct pe *pe) { return (unsigned)bits(SR(pe, ID_AA64DFR0_EL1), 12, 4) + 1; }
unsigned debug_watchpoint_count(const struct pe *pe) { return (unsigned)bits(SR(pe, ID_AA64DFR0_EL1), 20, 4) + 1; }

/* The last ones are context-aware. */
static bool is_context_aware(const struct pe *pe, unsigned n)
{
    unsigned all = debug_breakpoint_count(pe), aware = (unsigned)bits(SR(pe, ID_AA64DFR0_EL1), 28, 4) + 1;
    return n < all && n + aware >= all;
}

static bool same_address(uint64_t a, uint64_t b, unsigned bottom)
{
    return bits(a ^ b, bottom, TOP_BIT + 1 - bottom) == 0;
}

/* --- the ELs and Security states that a breakpoint or watchpoint is for: HMC, SSC and PMC or PAC --- */

struct selection {
    unsigned hmc, ssc, privilege;
    bool linked;
    unsigned linked_to;
};

#define SELECTION(hmc, ssc, privilege) ((hmc) << 4 | (ssc) << 2 | (privilege))

/* CheckValidStateMatch(). */
static bool is_reserved(const struct pe *pe, const struct selection *s)
{
    unsigned code = SELECTION(s->hmc, s->ssc, s->privilege);
    bool el2 = pe->have_el2, el3 = pe->have_el3, secure = el3 || pe->secure_only;
    if (s->privilege == 0 && !s->hmc && s->ssc != 3)
        return true;
    if (code == SELECTION(0, 3, 2) || (!s->hmc && (s->ssc & 2) && !secure))
        return true;
    if (s->hmc && s->ssc == 0 && !(s->privilege & 1))
        return true;
    if (s->hmc && s->ssc != 0 && s->privilege == 2)
        return true;
    if (!el3 && !el2 && (s->hmc || s->ssc))
        return true;
    if (!el3 && (s->ssc == 1 || s->ssc == 2) && code != SELECTION(1, 1, 0))
        return true;
    if (!el3 && code == SELECTION(1, 2, 0))
        return true;
    if (!el2 && code == SELECTION(1, 3, 0))
        return true;
    bool needs_secure_el2 = code == SELECTION(0, 3, 0) || code == SELECTION(1, 1, 0) ||
                            (s->ssc == 3 && (s->privilege & 1));
    return needs_secure_el2 && !has_feature(pe, FEATURE_SEL2);
}

static bool selects_el(const struct pe *pe, const struct selection *s, unsigned el)
{
    switch (el) {
    case 3: return pe->have_el3 && s->hmc && !(s->ssc & 1);
    case 2: return pe->have_el2 && (s->ssc == 3 || (s->hmc && !(s->ssc == 2 && s->privilege == 0)));
    case 1: return s->privilege & 1;
    default: return s->privilege >> 1 & 1;
    }
}

static bool selects_security(const struct pe *pe, const struct selection *s)
{
    bool secure = !(effective_scr(pe) & SCR_EL3_NS);
    switch (s->ssc) {
    case 0: return true;
    case 1: return !secure;
    case 2: return secure;
    default: return s->hmc || secure;
    }
}

/* --- DBGBCR<n>_EL1.BT --- */

enum { BT_LINKED = 1, BT_ADDRESS = 0, BT_CONTEXT_ID = 2, BT_MISMATCH = 4, BT_CONTEXT_ID_EL1 = 6, BT_VMID = 8,
       BT_VMID_CONTEXT_ID = 10, BT_CONTEXT_ID_EL2 = 12, BT_BOTH_CONTEXT_IDS = 14 };

/* Context breakpoints with bit 0 set are there to be linked to; an address one with it set links to another. */
static bool is_link_target(unsigned type) { return (type & BT_LINKED) && (type & (BT_CONTEXT_ID | BT_VMID)); }

/* AArch64.ReservedBreakpointType(). Mismatch is for stage 1 regimes of AArch32. */
static bool is_reserved_type(const struct pe *pe, unsigned n, unsigned type)
{
    unsigned kind = type & ~BT_LINKED;
    if (kind == BT_ADDRESS)
        return false;
    if (kind == BT_MISMATCH || !is_context_aware(pe, n))
        return true;
    if ((kind & BT_VMID) && !pe->have_el2)
        return true;
    bool two_ids = kind == BT_CONTEXT_ID_EL1 || kind == BT_CONTEXT_ID_EL2 || kind == BT_BOTH_CONTEXT_IDS;
    return two_ids && !has_feature(pe, FEATURE_VHE) && !has_feature(pe, FEATURE_Debugv8p2);
}

static bool matches_vmid(const struct pe *pe, uint64_t value)
{
    bool wide = has_feature(pe, FEATURE_VMID16) && bit(SR(pe, VTCR_EL2), 19);
    unsigned width = wide ? 16 : 8;
    return pe->pstate.el < 2 && el2_enabled(pe) && !in_host(pe) &&
           bits(SR(pe, VTTBR_EL2), 48, width) == bits(value, 32, width);
}

/* AArch64.BreakpointValueMatch() of a context breakpoint. */
static bool matches_context(const struct pe *pe, unsigned kind, uint64_t value)
{
    uint32_t low = (uint32_t)value, high = (uint32_t)(value >> 32);
    uint32_t el1 = (uint32_t)SR(pe, CONTEXTIDR_EL1), el2 = (uint32_t)SR(pe, CONTEXTIDR_EL2);
    bool guest = pe->pstate.el < 2 && !in_host(pe);
    bool matches_el2 = pe->pstate.el < 3 && el2_enabled(pe) && high == el2;
    switch (kind) {
    case BT_CONTEXT_ID: return in_host(pe) ? low == el2 : pe->pstate.el < 2 && low == el1;
    case BT_CONTEXT_ID_EL1: return guest && low == el1;
    case BT_VMID: return matches_vmid(pe, value);
    case BT_VMID_CONTEXT_ID: return matches_vmid(pe, value) && guest && low == el1;
    case BT_CONTEXT_ID_EL2: return matches_el2;
    default: return matches_el2 && guest && low == el1;
    }
}

/* The context breakpoint that something is linked to. */
static bool matches_linked(const struct pe *pe, unsigned n)
{
    uint64_t control = pe->sr[SR_DBGBCR0_EL1 + n];
    unsigned type = (unsigned)bits(control, 20, 4);
    return is_context_aware(pe, n) && bit(control, 0) && !is_reserved_type(pe, n, type) && is_link_target(type) &&
           matches_context(pe, type & ~BT_LINKED, pe->sr[SR_DBGBVR0_EL1 + n]);
}

/* AArch64.StateMatch(). */
static bool matches_state(const struct pe *pe, const struct selection *s, unsigned el)
{
    return !is_reserved(pe, s) && selects_el(pe, s, el) && selects_security(pe, s) &&
           (!s->linked || matches_linked(pe, s->linked_to));
}

static struct selection breakpoint_selection(uint64_t control)
{
    return (struct selection){.hmc = bit(control, 13), .ssc = (unsigned)bits(control, 14, 2),
                              .privilege = (unsigned)bits(control, 1, 2),
                              .linked = bits(control, 20, 4) == (BT_ADDRESS | BT_LINKED),
                              .linked_to = (unsigned)bits(control, 16, 4)};
}

/* Enabled, and an address or context breakpoint of its own. */
static bool is_active(const struct pe *pe, unsigned n)
{
    uint64_t control = pe->sr[SR_DBGBCR0_EL1 + n];
    unsigned type = (unsigned)bits(control, 20, 4);
    return bit(control, 0) && !is_link_target(type) && !is_reserved_type(pe, n, type);
}

bool debug_breakpoint_applies(const struct pe *pe, unsigned n, unsigned el)
{
    struct selection s = breakpoint_selection(pe->sr[SR_DBGBCR0_EL1 + n]);
    return is_active(pe, n) && !is_reserved(pe, &s) && selects_el(pe, &s, el) && selects_security(pe, &s);
}

static bool matches_breakpoint(const struct pe *pe, unsigned n, uint64_t va)
{
    uint64_t control = pe->sr[SR_DBGBCR0_EL1 + n], value = pe->sr[SR_DBGBVR0_EL1 + n];
    unsigned kind = (unsigned)bits(control, 20, 4) & ~BT_LINKED;
    struct selection s = breakpoint_selection(control);
    if (!is_active(pe, n) || !matches_state(pe, &s, pe->pstate.el))
        return false;
    if (kind == BT_ADDRESS)
        return same_address(va, value, 2) && bit(control, 5); /* BAS of the first byte */
    return matches_context(pe, kind, value);
}

bool debug_matches_breakpoint(const struct pe *pe, uint64_t va)
{
    for (unsigned n = 0; n < debug_breakpoint_count(pe); n++)
        if (matches_breakpoint(pe, n, va))
            return true;
    return false;
}

/* --- watchpoints --- */

/* The bytes that DBGWCR<n>_EL1.BAS selects are side by side. */
static bool is_contiguous(unsigned bytes)
{
    unsigned lowest = bytes & (0u - bytes), above = bytes + lowest;
    return (above & (above - 1)) == 0;
}

/* AArch64.WatchpointByteMatch() for each byte of the access. */
static bool matches_bytes(uint64_t control, uint64_t value, uint64_t va, unsigned size)
{
    unsigned mask = (unsigned)bits(control, 24, 5), select = (unsigned)bits(control, 5, 8);
    if (mask) {
        if (mask <= 2 || select != 0xff || bits(value, 2, mask - 2))
            return false;
        for (uint64_t byte = va; byte < va + size; byte++)
            if (same_address(byte, value, mask))
                return true;
        return false;
    }
    if (!is_contiguous(select))
        return false;
    unsigned bottom = bit(value, 2) ? 2 : 3;
    for (unsigned i = 0; i < size; i++) {
        uint64_t byte = va + i;
        if (same_address(byte, value, bottom) && bit(select, (unsigned)bits(byte, 0, bottom)))
            return true;
    }
    return false;
}

static bool matches_watchpoint(const struct pe *pe, unsigned n, const struct watched_access *access)
{
    uint64_t control = pe->sr[SR_DBGWCR0_EL1 + n];
    bool loads = bit(control, 3), stores = bit(control, 4);
    if (!bit(control, 0) || !((loads && (access->read || (stores && access->maintenance))) ||
                              (stores && (access->write || access->maintenance))))
        return false;
    struct selection s = {.hmc = bit(control, 13), .ssc = (unsigned)bits(control, 14, 2),
                          .privilege = (unsigned)bits(control, 1, 2), .linked = bit(control, 20),
                          .linked_to = (unsigned)bits(control, 16, 4)};
    return matches_state(pe, &s, access->el) &&
           matches_bytes(control, pe->sr[SR_DBGWVR0_EL1 + n], access->va, access->size);
}

bool debug_matches_watchpoint(const struct pe *pe, const struct watched_access *access, bool *write)
{
    bool found = false;
    for (unsigned n = 0; n < debug_watchpoint_count(pe); n++) {
        if (!matches_watchpoint(pe, n, access))
            continue;
        found = true;
        *write = !(bit(pe->sr[SR_DBGWCR0_EL1 + n], 3) && access->read); /* one that is for loads sees the load */
    }
    return found;
}
