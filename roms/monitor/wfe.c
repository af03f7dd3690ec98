/* WFE that came here (SCR_EL3.TWE). */
#include "monitor.h"

void wait_for_event(struct frame *frame)
{
    frame->elr += 4;
}
