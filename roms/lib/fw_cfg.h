/* The firmware configuration device (docs/devices.md): a client that copies by DMA. */
#ifndef ROM_FW_CFG_H
#define ROM_FW_CFG_H

#include "types.h"

enum fw_cfg_item {
    FW_CFG_SIGNATURE = 0x00,
    FW_CFG_NB_CPUS = 0x05,
    FW_CFG_KERNEL_SIZE = 0x08,
    FW_CFG_INITRD_SIZE = 0x0b,
    FW_CFG_KERNEL_DATA = 0x11,
    FW_CFG_INITRD_DATA = 0x12,
    FW_CFG_CMDLINE_SIZE = 0x14,
    FW_CFG_CMDLINE_DATA = 0x15,
};

/* Whether there is one that can do DMA. */
bool fw_cfg_present(void);
u32 fw_cfg_u32(enum fw_cfg_item item);
/* The first bytes of an item, by the data register. */
void fw_cfg_read(enum fw_cfg_item item, void *to, u32 size);
/* The same by DMA, which sees Non-secure memory only: `command` are 16 bytes of it, aligned to 8, and it is not cached
 * differently there and here. False: the device refuses. */
bool fw_cfg_copy(enum fw_cfg_item item, u64 to, u32 size, volatile void *command);

#endif
