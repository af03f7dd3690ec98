/* Guests as their archive describes them: docs/visor.md. */
#ifndef VISOR_CONFIG_H
#define VISOR_CONFIG_H

#include "roms/visor/archive.h"
#include "roms/visor/vcpu.h"

struct config {
    char name[16];
    struct file kernel, initrd, cmdline, disk;
    u64 memory, place;     /* place: the guest's RAM is at this very physical address; 0: anywhere, and seen at 1 GiB */
    unsigned vcpus, first_pe;
    bool passed_console, passed_virtio;
    u64 features;          /* transports */
    bool native, compatible; /* personas */
};

/* ---- config.c. False: there is no such guest. What is wrong is said, and stops the start. */
bool config_read(const u8 *archive, u64 size, unsigned number, struct config *config);

/* ---- guest_tree.c: the device tree of a guest, or 0: it doesn't fit */
u32 guest_tree(const struct vm *vm, void *memory, u32 capacity, u64 initrd_start, u64 initrd_end);

/* ---- guest.c */
struct vm *vm_create(unsigned index, const struct config *config);
/* The images in memory as at the first start, and the first vCPU on its way. */
bool vm_start(struct vm *vm);

/* ---- virtio.c: emulated block devices, behind the slots that the board has */
enum { VIRTIO_STRIDE = 0x200, VIRTIO_DISK_BASE = 0x0a004000, VIRTIO_DISK_INTID = 80 };
bool virtio_disk_create(struct vm *vm, struct file file);
void virtio_reset(struct vm *vm);

#endif
