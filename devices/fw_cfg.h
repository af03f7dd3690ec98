/* The firmware configuration device of QEMU's virt board. See fw_cfg.c for the registers. */
#ifndef ARMSIM_DEVICES_FW_CFG_H
#define ARMSIM_DEVICES_FW_CFG_H

#include "devices/device.h"

/* Well-known selector keys (those that guests of virt read). */
enum fw_cfg_key {
    FW_CFG_SIGNATURE = 0x00,
    FW_CFG_ID = 0x01,
    FW_CFG_UUID = 0x02,
    FW_CFG_RAM_SIZE = 0x03,
    FW_CFG_NOGRAPHIC = 0x04,
    FW_CFG_NB_CPUS = 0x05,
    FW_CFG_KERNEL_ADDR = 0x07,
    FW_CFG_KERNEL_SIZE = 0x08,
    FW_CFG_KERNEL_CMDLINE = 0x09,
    FW_CFG_INITRD_ADDR = 0x0a,
    FW_CFG_INITRD_SIZE = 0x0b,
    FW_CFG_BOOT_DEVICE = 0x0c,
    FW_CFG_BOOT_MENU = 0x0e,
    FW_CFG_MAX_CPUS = 0x0f,
    FW_CFG_KERNEL_ENTRY = 0x10,
    FW_CFG_KERNEL_DATA = 0x11,
    FW_CFG_INITRD_DATA = 0x12,
    FW_CFG_CMDLINE_ADDR = 0x13,
    FW_CFG_CMDLINE_SIZE = 0x14,
    FW_CFG_CMDLINE_DATA = 0x15,
    FW_CFG_SETUP_ADDR = 0x16,
    FW_CFG_SETUP_SIZE = 0x17,
    FW_CFG_SETUP_DATA = 0x18,
    FW_CFG_FILE_DIR = 0x19,
    FW_CFG_FILE_FIRST = 0x20,
};

struct device *fw_cfg_create(const struct device_env *env, uint64_t base, unsigned pas_mask);

/*
 * Items. `data` is copied. Return 0, -ENOMEM, -EEXIST (the key or the file name is taken), -EINVAL (name empty or
 * longer than 55 characters, key out of range, more than 4 GiB) or -ENOSPC (too many items).
 */
int fw_cfg_add_item(struct device *device, uint16_t key, const void *data, size_t size);
int fw_cfg_add_u16(struct device *device, uint16_t key, uint16_t value);
int fw_cfg_add_u32(struct device *device, uint16_t key, uint32_t value);
int fw_cfg_add_u64(struct device *device, uint16_t key, uint64_t value);
/* A named file; takes the next free key from FW_CFG_FILE_FIRST on, the directory is kept sorted by name. */
int fw_cfg_add_file(struct device *device, const char *name, const void *data, size_t size);
/* Takes all items of another one in place of its own: the bytes are shared. 0 or -ENOMEM. */
int fw_cfg_share_items(struct device *device, const struct device *from);

#endif
