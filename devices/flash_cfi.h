/* NOR flash with the Common Flash Interface. See flash_cfi.c for the commands. */
#ifndef ARMSIM_DEVICES_FLASH_CFI_H
#define ARMSIM_DEVICES_FLASH_CFI_H

#include "devices/device.h"

/*
 * A bank of two 16-bit chips side by side. `size` is a power of two from 512 KiB to 128 MiB. NULL: out of memory, or
 * another size. Contents are written by bus_write_block() with `debug` set, once the device is attached.
 */
struct device *flash_cfi_create(const struct device_env *env, uint64_t base, uint64_t size, unsigned pas_mask);

#endif
