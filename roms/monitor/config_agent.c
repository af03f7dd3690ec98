/* The EL3 half of S04 and S05: boot firmware that listens to the WFE channel. */
#include "monitor.h"

const struct monitor_config config = {.name = "agent", .wfe_agent = true};
