/* Control of S02: the controller is hidden as well, and nothing shows it. */
#define DESCRIBE pci_shim_hide
#include "config_pci.c"
