/*
 * Asynchronous exceptions: which are pending and unmasked, where they go, and the error synchronization barrier.
 */
#include "cpu/exception.h"

#include "cpu/cpu.h"
#include "cpu/impdef.h"
#include "cpu/syndrome.h"
#include "cpu/traps.h"

/* Bits as in PSTATE.{A,I,F}, HCR_EL2.{AMO,IMO,FMO}, HCR_EL2.{VSE,VI,VF}: FIQ 0, IRQ 1, SError 2. */
enum { MASK_FIQ = 1, MASK_IRQ = 2, MASK_SERROR = 4, MASK_ALL = 7 };
enum { VECTOR_IRQ = 0x80, VECTOR_FIQ = 0x100, VECTOR_SERROR = 0x180 };

static unsigned pstate_mask(const struct pe *pe)
{
    return (unsigned)pe->pstate.a << 2 | (unsigned)pe->pstate.i << 1 | pe->pstate.f;
}

static unsigned routed_by_hcr(uint64_t hcr) { return hcr >> 3 & MASK_ALL; }

/* SCR_EL3.{EA,IRQ,FIQ} in the order of the other masks. */
static unsigned routed_by_scr(const struct pe *pe)
{
    uint64_t scr = SR(pe, SCR_EL3);
    return (unsigned)(scr >> 3 & 1) << 2 | (unsigned)(scr >> 1 & 1) << 1 | (unsigned)(scr >> 2 & 1);
}

static unsigned physical_pending(const struct pe *pe)
{
    return (pe->pending & PENDING_SERROR ? MASK_SERROR : 0) | (pe->pending & PENDING_IRQ ? MASK_IRQ : 0) |
           (pe->pending & PENDING_FIQ ? MASK_FIQ : 0);
}

/* HCR_EL2.{VSE,VI,VF} and the virtual CPU interface, as far as HCR_EL2.{AMO,IMO,FMO} enable them. */
static unsigned virtual_pending(const struct pe *pe)
{
    uint64_t hcr = effective_hcr(pe);
    if (pe->pstate.el > 1 || (hcr & HCR_EL2_TGE))
        return 0;
    unsigned pending = hcr >> 6 & MASK_ALL;
    if (pe->pending & PENDING_VIRQ)
        pending |= MASK_IRQ;
    if (pe->pending & PENDING_VFIQ)
        pending |= MASK_FIQ;
    return pending & routed_by_hcr(hcr);
}

void interrupt_masks(const struct pe *pe, unsigned el, struct el_context *level)
{
    unsigned unmaskable = 0, masked = 0;
    if (el2_enabled(pe)) {
        uint64_t hcr = SR(pe, HCR_EL2);
        bool tge = hcr & HCR_EL2_TGE;
        unsigned override = tge ? (hcr & HCR_EL2_E2H ? 0 : MASK_ALL) : routed_by_hcr(hcr);
        if (el < 2)
            unmaskable = override;
        else if (el == 2 && !tge)
            masked = ~override & MASK_ALL;
    }
    if (pe->have_el3) {
        unsigned routed = routed_by_scr(pe);
        if (el != 3) {
            unmaskable |= routed;
            masked &= ~routed;
        } else {
            masked |= ~routed & MASK_ALL;
        }
    }
    level->unmaskable = (uint8_t)unmaskable;
    level->masked = (uint8_t)masked;
}

/* AArch64.PendingUnmaskedPhysicalInterrupts(). */
static inline unsigned unmasked_physical(const struct pe *pe)
{
    const struct el_context *level = &pe->level[pe->pstate.el];
    return physical_pending(pe) & ~((pstate_mask(pe) & ~level->unmaskable) | level->masked);
}

static unsigned unmasked_virtual(const struct pe *pe) { return virtual_pending(pe) & ~pstate_mask(pe); }

bool interrupt_pending(const struct pe *pe, bool for_wfi)
{
    if (for_wfi) /* InterruptPending(): masked or not */
        return physical_pending(pe) || virtual_pending(pe);
    return unmasked_physical(pe) || unmasked_virtual(pe);
}

struct route {
    unsigned target;
    const char *why;
};

/* Where the physical interrupt of `mask` goes; `scr`, `hcr`: the names of its routing controls. */
static struct route route_physical(const struct pe *pe, unsigned mask, const char *scr, const char *hcr_name,
                                   const char *plain)
{
    unsigned el = pe->pstate.el;
    uint64_t hcr = effective_hcr(pe);
    if (pe->have_el3 && (routed_by_scr(pe) & mask))
        return (struct route){3, scr};
    if (el == 3)
        return (struct route){3, plain};
    if (el == 2)
        return (struct route){2, plain};
    if (hcr & HCR_EL2_TGE)
        return (struct route){2, "HCR_EL2.TGE"};
    if (routed_by_hcr(hcr) & mask)
        return (struct route){2, hcr_name};
    return (struct route){1, plain};
}

static void take_async(struct pe *pe, enum trap_kind kind, struct route route, uint16_t vector, uint32_t esr)
{
    take_exception(pe, &(struct exception){.kind = kind, .target_el = (uint8_t)route.target, .vector_offset = vector,
                                           .esr = esr, .preferred_return = pe->pc, .keep_btype = true,
                                           .why = route.why});
}

static void take_virtual(struct pe *pe, unsigned pending)
{
    if (pending & MASK_FIQ) {
        take_async(pe, TRAP_VFIQ, (struct route){1, "virtual FIQ"}, VECTOR_FIQ, 0);
    } else if (pending & MASK_IRQ) {
        take_async(pe, TRAP_VIRQ, (struct route){1, "virtual IRQ"}, VECTOR_IRQ, 0);
    } else {
        uint64_t iss = has_feature(pe, FEATURE_RAS) ? SR(pe, VSESR_EL2) : 0;
        SR(pe, HCR_EL2) &= ~(1ull << 8); /* ClearPendingVirtualSError() */
        pe_update_context(pe);
        take_async(pe, TRAP_VSERROR, (struct route){1, "HCR_EL2.VSE"}, VECTOR_SERROR, syndrome_serror(iss));
    }
}

static void take_physical(struct pe *pe, unsigned pending)
{
    if (pending & MASK_FIQ) {
        take_async(pe, TRAP_FIQ, route_physical(pe, MASK_FIQ, "SCR_EL3.FIQ", "HCR_EL2.FMO", "FIQ"), VECTOR_FIQ, 0);
    } else if (pending & MASK_IRQ) {
        take_async(pe, TRAP_IRQ, route_physical(pe, MASK_IRQ, "SCR_EL3.IRQ", "HCR_EL2.IMO", "IRQ"), VECTOR_IRQ, 0);
    } else {
        uint64_t iss = pe->serror_syndrome;
        struct route route = route_physical(pe, MASK_SERROR, "SCR_EL3.EA", "HCR_EL2.AMO", "SError");
        if (impdef(pe, SERROR_TRIGGER) == SERROR_TRIGGER_EDGE) {
            pe_set_pending(pe, PENDING_SERROR, false);
            pe->serror_syndrome = 0;
        }
        take_async(pe, TRAP_SERROR, route, VECTOR_SERROR, syndrome_serror(iss));
    }
}

bool take_pending_interrupt(struct pe *pe)
{
    /* The order among them is IMPLEMENTATION DEFINED; this is the pseudocode's: virtual ones first, FIQ, IRQ, SError. */
    unsigned pending = unmasked_virtual(pe);
    if (pending) {
        take_virtual(pe, pending);
        return true;
    }
    pending = unmasked_physical(pe);
    if (pending) {
        take_physical(pe, pending);
        return true;
    }
    return false;
}

uint64_t pending_interrupt_status(const struct pe *pe)
{
    unsigned pending = physical_pending(pe);
    uint64_t hcr = effective_hcr(pe);
    if (pe->pstate.el == 1 && el2_enabled(pe) && !(hcr & HCR_EL2_TGE)) {
        /* The physical ones that are routed to EL2 are not seen; their virtual counterparts are. */
        unsigned routed = routed_by_hcr(hcr);
        unsigned physical_serror = pending & MASK_SERROR;
        pending = (pending & ~routed) | virtual_pending(pe) | physical_serror;
    }
    return (uint64_t)pending << 6;
}

#define DISR_A (1ull << 31)

void error_synchronization_barrier(struct pe *pe)
{
    /* AArch64.ESBOperation() */
    if ((pe->pending & PENDING_SERROR) && !(unmasked_physical(pe) & MASK_SERROR)) {
        SR(pe, DISR_EL1) = DISR_A | (pe->serror_syndrome & 0x1ffffff);
        pe_set_pending(pe, PENDING_SERROR, false);
        pe->serror_syndrome = 0;
    }
    /* AArch64.vESBOperation() */
    if ((virtual_pending(pe) & MASK_SERROR) && pe->pstate.a) {
        SR(pe, VDISR_EL2) = DISR_A | (SR(pe, VSESR_EL2) & 0x1ffffff);
        SR(pe, HCR_EL2) &= ~(1ull << 8);
        pe_update_context(pe);
    }
    pe->sample_interrupts = true; /* what is unmasked is taken now */
}
