/* Whatever comes to EL3, by what it is. */
#include "monitor.h"

void handle_trap(struct frame *frame, unsigned vector);

static void synchronous(struct frame *frame)
{
    switch (ESR_CLASS(frame->esr)) {
    case EC_SMC:
        smc(frame);
        break;
    case EC_DATA_LOWER:
        data_abort(frame);
        break;
    case EC_FETCH_LOWER:
        reflect(frame, REFLECT_SYNC, (u32)frame->esr, frame->far);
        break;
    case EC_WFX:
        wait_for_event(frame);
        break;
    default:
        panic("an exception that nothing here asks for", frame);
    }
}

/* A walk that AT makes through tables of the caller's, where nothing is: the caller's fault, and nobody else's. */
static bool is_of_translation(const struct frame *frame, unsigned vector)
{
    return vector % 4 == VECTOR_SYNC && ESR_CLASS(frame->esr) == EC_DATA_SAME && this_pe()->translating;
}

void handle_trap(struct frame *frame, unsigned vector)
{
    bool own = vector / 4 < 2; /* of the monitor itself: Group 0 while this PE is off, and AT */
    if (own && is_of_translation(frame, vector)) {
        this_pe()->translating = false;
        frame->elr += 4;
        return;
    }
    if (own && vector % 4 != VECTOR_FIQ)
        panic("an exception in the monitor", frame);
    this_pe()->interrupted = own ? NULL : frame;
    switch (vector % 4) {
    case VECTOR_SYNC:
        synchronous(frame);
        break;
    case VECTOR_FIQ:
        fiq();
        break;
    case VECTOR_SERROR:
        this_pe()->serror = (u32)frame->esr;
        break;
    default:
        panic("an IRQ that is not routed here", frame);
    }
    if (!own)
        deliver_serror(frame);
}
