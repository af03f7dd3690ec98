#include "agents.h"

#include "../lib/syndrome.h"

unsigned agent_traps[4];
u64 agent_traced[4];
static enum agent_kind kinds[4];

#define TWE_EL2 (1ul << 14) /* HCR_EL2 */
#define TWE_EL3 (1ul << 13) /* SCR_EL3 */

static u64 set_at_el2(u64 kind)
{
    kinds[2] = (enum agent_kind)kind;
    WRITE(hcr_el2, kind == AGENT_NONE ? READ(hcr_el2) & ~TWE_EL2 : READ(hcr_el2) | TWE_EL2);
    /* What asks EL3 from here waits for an event when there is nobody: one comes every 2^10 ticks. */
    WRITE(cnthctl_el2, (READ(cnthctl_el2) & ~0xfcul) | (kind == AGENT_OURS ? 0x94 : 0));
    ISB();
    return 0;
}

static u64 set_at_el3(u64 kind)
{
    kinds[3] = (enum agent_kind)kind;
    WRITE(scr_el3, kind == AGENT_NONE ? READ(scr_el3) & ~TWE_EL3 : READ(scr_el3) | TWE_EL3);
    ISB();
    return 0;
}

void agents_set(unsigned el, enum agent_kind kind)
{
    call_at(el, el == 3 ? set_at_el3 : set_at_el2, kind);
}

static u64 now(void *opaque)
{
    (void)opaque;
    return READ(cntpct_el0) * 1000000000 / READ(cntfrq_el0);
}

static void timer(void *opaque, u64 deadline)
{
    (void)opaque;
    (void)deadline; /* no watchdog here: visor and monitor have it */
}

static void bark(void *opaque, enum wfe_action action)
{
    (void)opaque;
    (void)action;
}

static void trace(void *opaque, u64 code)
{
    agent_traced[*(unsigned *)opaque] = code;
}

static void below(void *opaque, u64 *x)
{
    (void)opaque;
    wfe_call(x);
}

static const struct wfe_agent_ops el2_ops = {now, timer, bark, trace, below};
static const struct wfe_agent_ops el3_ops = {now, timer, bark, trace, NULL};
static unsigned levels[4] = {0, 1, 2, 3};
static struct wfe_agent agents[4] = {
    [2] = {.ops = &el2_ops, .opaque = &levels[2], .el = 2, .id = AGENT_ID(2)},
    [3] = {.ops = &el3_ops, .opaque = &levels[3], .el = 3, .id = AGENT_ID(3)},
};

bool agents_handle(struct frame *frame, unsigned el)
{
    if (el < 2 || (u32)frame->esr != ESR_WFE)
        return false;
    agent_traps[el]++;
    if (kinds[el] == AGENT_OURS)
        wfe_agent_serve(&agents[el], frame->esr, frame->x);
    frame->elr += 4;
    return true;
}
