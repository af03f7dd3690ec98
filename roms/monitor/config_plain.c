/* Boot firmware and nothing more. */
#include "monitor.h"

const struct monitor_config config = {.name = "plain"};
