/* Control of S01: the same device tree, and nobody who answers. */
#define DEAF true
#include "config_devices.c"
