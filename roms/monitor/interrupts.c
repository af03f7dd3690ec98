/* Group 0 interrupts: the Secure timer, and those of devices that the monitor drives itself. */
#include "../lib/gic_secure.h"
#include "monitor.h"

static bool timer_is_armed(void)
{
    return READ(cntps_ctl_el1) & 1;
}

void tick_at(u64 time)
{
    if (timer_is_armed() && READ(cntps_cval_el1) <= time)
        return;
    WRITE(cntps_cval_el1, time);
    WRITE(cntps_ctl_el1, 1);
    ISB();
}

void fiq(void)
{
    unsigned intid = gic_secure_acknowledge();
    if (intid >= 1020)
        return;
    if (intid == INTID_SECURE_TIMER) {
        WRITE(cntps_ctl_el1, 0);
        ISB();
    }
    monitor_lock();
    if (intid == INTID_SECURE_TIMER) {
        devices_tick(READ(cntpct_el0));
        watchdog_tick();
    } else {
        devices_interrupt(intid);
    }
    monitor_unlock();
    gic_secure_end(intid);
}
