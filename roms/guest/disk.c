#include "disk.h"

#include "../lib/memory.h"
#include "../lib/rom.h"

enum { FEATURES = 0x20, FEATURES_SEL = 0x24, QUEUE_SIZE = 0x38, QUEUE_RINGS = 0x80 };

struct disk_memory disk __attribute__((aligned(4096)));

void disk_describe(unsigned n, u64 address, u32 length, unsigned flags, unsigned next)
{
    disk.descriptors[2 * n] = address;
    disk.descriptors[2 * n + 1] = length | (u64)flags << 32 | (u64)next << 48;
}

void disk_start(u64 descriptors, u64 available, u64 used, unsigned size)
{
    const u64 rings[] = {descriptors, available, used};
    memset(&disk, 0, sizeof(disk));
    DISK_REG(DISK_STATUS) = 0;
    DISK_REG(DISK_STATUS) = 3;
    DISK_REG(FEATURES_SEL) = 1;
    DISK_REG(FEATURES) = 1; /* VERSION_1 */
    DISK_REG(DISK_STATUS) = 11;
    DISK_REG(QUEUE_SIZE) = size;
    for (unsigned i = 0; i < COUNT(rings); i++) {
        DISK_REG(QUEUE_RINGS + 16 * i) = (u32)rings[i];
        DISK_REG(QUEUE_RINGS + 16 * i + 4) = (u32)(rings[i] >> 32);
    }
    DISK_REG(DISK_READY) = 1;
    DISK_REG(DISK_STATUS) = 15;
}

void disk_start_here(void)
{
    disk_start((u64)disk.descriptors, (u64)disk.available, (u64)disk.used, 4);
}

void disk_chain(unsigned type, u64 sector, u64 data, u32 length)
{
    disk.request[0] = type;
    disk.request[1] = sector;
    disk.status = DISK_NO_STATUS;
    disk_describe(0, (u64)disk.request, sizeof(disk.request), 1, 1);
    disk_describe(1, data, length, type == DISK_READ ? 3 : 1, 2);
    disk_describe(2, (u64)&disk.status, 1, 2, 0);
}

void disk_notify(void)
{
    disk.available[1]++;
    DSB();
    DISK_REG(DISK_NOTIFY) = 0;
    DSB();
}

unsigned disk_transfer(unsigned type, u64 sector)
{
    disk_chain(type, sector, (u64)disk.data, sizeof(disk.data));
    disk_notify();
    return *(volatile u8 *)&disk.status;
}
