/* Control of S02: the controller is hidden as well, and nothing shows it. */
#define DESCRIBE pci_shim_hide
#define CALLS .call = NULL
#include "config_pci.c"
