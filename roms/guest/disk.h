/* A virtio block device by MMIO, version 2, driven by hand: one queue, three descriptors, no interrupts. */
#ifndef GUEST_DISK_H
#define GUEST_DISK_H

#include "../lib/types.h"

#define DISK 0x0a004000ul /* the visor's emulated one */
#define DISK_REG(offset) (*(volatile u32 *)(DISK + (offset)))
enum { DISK_READY = 0x44, DISK_NOTIFY = 0x50, DISK_STATUS = 0x70, DISK_NEEDS_RESET = 64 };
enum { DISK_READ = 0, DISK_WRITE = 1, DISK_NO_STATUS = 0xff };

/* What the device and the driver share. */
struct disk_memory {
    u64 descriptors[16];
    u16 available[16];
    u32 used[16];
    u64 request[2]; /* type, sector */
    u8 data[512];
    u8 status;
};
extern struct disk_memory disk;

/* From reset to DRIVER_OK with rings at these addresses; the shared memory is zero then. */
void disk_start(u64 descriptors, u64 available, u64 used, unsigned size);
void disk_start_here(void);
void disk_describe(unsigned n, u64 address, u32 length, unsigned flags, unsigned next);
/* Header, data at an address, status: descriptors 0 to 2. */
void disk_chain(unsigned type, u64 sector, u64 data, u32 length);
void disk_notify(void);
/* One sector from or to disk.data: the status. */
unsigned disk_transfer(unsigned type, u64 sector);

#endif
