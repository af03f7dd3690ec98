/*
 * WFE that came here (SCR_EL3.TWE): the agent of the WFE channel, and its watchdog, which no mask of the levels below
 * holds back. Any other WFE is complete: it may be at any time, and the return from here is an event.
 */
#include "../lib/wfe_agent.h"
#include "monitor.h"

#define NS 1000000000ul
#define SERROR_WATCHDOG (0x2fu << 26 | 1u << 25 | 1u << 24 | 0x57) /* IL, IDS: IMPLEMENTATION DEFINED syndrome */

static u64 now(void *opaque)
{
    (void)opaque;
    ISB();
    u64 count = READ(cntpct_el0), frequency = READ(cntfrq_el0);
    return count / frequency * NS + count % frequency * NS / frequency;
}

static void timer(void *opaque, u64 deadline)
{
    u64 frequency = READ(cntfrq_el0);
    (void)opaque;
    if (deadline)
        tick_at(deadline / NS * frequency + (deadline % NS * frequency + NS - 1) / NS);
}

static void dump(const struct frame *frame)
{
    for (unsigned n = 0; n < 31; n++)
        print("X%02u %016lx%s", n, frame->x[n], n % 4 == 3 ? "\n" : " ");
    print("\nPC %lx PSTATE %lx SP %lx\n", frame->elr, frame->spsr, caller_sp(frame));
}

static void bark(void *opaque, enum wfe_action action)
{
    struct frame *frame = this_pe()->interrupted;
    (void)opaque;
    print("monitor: watchdog, PE %u\n", this_pe()->index);
    if (frame)
        dump(frame);
    if (action == WFE_ACTION_RESET)
        reset_board();
    if (action == WFE_ACTION_NMI && frame) /* masked or not: what it interrupts is stuck */
        reflect(frame, REFLECT_SERROR, SERROR_WATCHDOG, 0);
}

static void trace(void *opaque, u64 code)
{
    (void)opaque;
    print("monitor: trace %lx\n", code);
}

static const struct wfe_agent_ops ops = {.now = now, .timer = timer, .bark = bark, .trace = trace};
static struct wfe_agent agent = {.ops = &ops, .el = 3, .id = 0x61726d73696d2d4d}; /* "armsim-M" */

/* The lock is for requests alone: other waits are many. */
void wait_for_event(struct frame *frame)
{
    skip_instruction(frame);
    if (!wfe_is_request(frame->esr, frame->x))
        return;
    monitor_lock();
    wfe_agent_serve(&agent, frame->esr, frame->x);
    monitor_unlock();
}

void watchdog_tick(void)
{
    wfe_agent_timer(&agent);
    if (agent.deadline)
        timer(NULL, agent.deadline);
}
