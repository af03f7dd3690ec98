#include "client.h"

#define EVENT_STREAM 4u /* CNTKCTL_EL1.EVNTEN */

/* The event stream's longest period of 2^(n+1) ticks that three waits don't make longer than the interval. */
static u64 event_stream(u64 interval)
{
    u64 ticks = interval * READ(cntfrq_el0) / 1000000000 / 3;
    unsigned bit = 0;
    while (bit < 15 && 1ul << (bit + 2) <= ticks)
        bit++;
    return EVENT_STREAM | bit << 4;
}

void discover(struct discovery *discovery, u64 interval, bool kernel)
{
    u64 control = kernel ? READ(cntkctl_el1) : 0;
    if (kernel) {
        WRITE(cntkctl_el1, (control & ~0xfcul) | event_stream(interval));
        ISB();
    }
    u64 start = READ(cntvct_el0);
    u64 x[5] = {WFE_REQUEST, ~WFE_REQUEST, WFE_DISCOVER, 0, 0};
    discovery->found = wfe_call(x);
    ISB();
    discovery->elapsed = (READ(cntvct_el0) - start) * 1000000000 / READ(cntfrq_el0);
    discovery->levels = discovery->found ? x[2] : 0;
    discovery->ids[2] = discovery->found ? x[3] : 0;
    discovery->ids[3] = discovery->found ? x[4] : 0;
    if (kernel) {
        WRITE(cntkctl_el1, control);
        ISB();
    }
}
