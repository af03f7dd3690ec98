/*
 * An emulated virtio block device (virtio 1.2: 4.2 MMIO, version 2; 5.2 block) on a file of the guests' archive. What is
 * written stays in memory, over resets of the guest too. Requests are done when the guest notifies. An address that isn't
 * the guest's RAM, or a chain that can't be, stops the device: DEVICE_NEEDS_RESET.
 */
#include "roms/lib/memory.h"
#include "roms/visor/config.h"
#include "roms/visor/host.h"

enum {
    MAGIC = 0, VERSION = 4, DEVICE_ID = 8, VENDOR_ID = 0xc, DEVICE_FEATURES = 0x10, DEVICE_FEATURES_SEL = 0x14,
    DRIVER_FEATURES = 0x20, DRIVER_FEATURES_SEL = 0x24, QUEUE_SEL = 0x30, QUEUE_SIZE_MAX = 0x34, QUEUE_SIZE = 0x38,
    QUEUE_READY = 0x44, QUEUE_NOTIFY = 0x50, INTERRUPT_STATUS = 0x60, INTERRUPT_ACK = 0x64, STATUS = 0x70,
    QUEUE_DESC = 0x80, QUEUE_DRIVER = 0x90, QUEUE_DEVICE = 0xa0, CONFIG_GENERATION = 0xfc, CONFIG = 0x100,
};
enum { STATUS_DRIVER_OK = 4, STATUS_FEATURES_OK = 8, STATUS_NEEDS_RESET = 64 };
enum { INTERRUPT_USED = 1, INTERRUPT_CONFIG = 2 };
enum { DESC_NEXT = 1, DESC_WRITE = 2 };
enum { BLK_IN = 0, BLK_OUT = 1, BLK_FLUSH = 4, BLK_GET_ID = 8 };
enum { BLK_OK = 0, BLK_ERROR = 1, BLK_UNSUPPORTED = 2 };
enum { QUEUE_MAX = 64, SECTOR = 512 };
#define FEATURES (1ull << 32 | 1ull << 9) /* VERSION_1, BLK_F_FLUSH */

struct descriptor {
    u64 address;
    u32 length;
    u16 flags, next;
};

struct disk {
    struct vm *vm;
    struct file file;
    unsigned intid;
    u64 driver_features;
    u32 feature_word, driver_word, status, interrupts, queue_size, queue_ready;
    u64 rings[3]; /* descriptors, driver (available), device (used) */
    u16 next_available;
};

/* A request's memory: what the device reads, then what it writes. */
struct chain {
    struct {
        u8 *at;
        u32 length;
    } parts[QUEUE_MAX];
    unsigned read_parts, parts_count;
    u64 read_bytes, write_bytes;
};

static void set_interrupt(struct disk *disk, u32 bits)
{
    disk->interrupts |= bits;
    vgic_pend(disk->vm->vcpus[0], disk->intid);
}

static bool stop(struct disk *disk)
{
    disk->status |= STATUS_NEEDS_RESET;
    set_interrupt(disk, INTERRUPT_CONFIG);
    return false;
}

static bool add_part(struct disk *disk, struct chain *chain, const struct descriptor *descriptor)
{
    u8 *at = vm_ram(disk->vm, descriptor->address, descriptor->length);
    bool writes = descriptor->flags & DESC_WRITE;
    /* Readable parts come first (2.7.4.2). */
    if (!at || chain->parts_count == QUEUE_MAX || (!writes && chain->write_bytes))
        return false;
    chain->parts[chain->parts_count].at = at;
    chain->parts[chain->parts_count++].length = descriptor->length;
    chain->read_parts += !writes;
    *(writes ? &chain->write_bytes : &chain->read_bytes) += descriptor->length;
    return true;
}

static bool read_chain(struct disk *disk, unsigned head, struct chain *chain)
{
    const volatile struct descriptor *table = vm_ram(disk->vm, disk->rings[0], 16ull * disk->queue_size);
    *chain = (struct chain){.parts_count = 0};
    for (unsigned count = 0;; count++) {
        if (!table || head >= disk->queue_size || count == disk->queue_size)
            return false;
        /* Once: the guest may change it any time. */
        struct descriptor descriptor = {table[head].address, table[head].length, table[head].flags, table[head].next};
        if (!add_part(disk, chain, &descriptor))
            return false;
        if (!(descriptor.flags & DESC_NEXT))
            return true;
        head = descriptor.next;
    }
}

/* Bytes [from, from + size) of one of the two streams, copied to or from ours. */
static void copy_stream(struct chain *chain, bool writable, u64 from, u8 *ours, u64 size)
{
    unsigned i = writable ? chain->read_parts : 0, end = writable ? chain->parts_count : chain->read_parts;
    for (; i < end && size; i++) {
        u64 length = chain->parts[i].length;
        if (from >= length) {
            from -= length;
            continue;
        }
        u64 part = length - from < size ? length - from : size;
        if (writable)
            memcpy(chain->parts[i].at + from, ours, part);
        else
            memcpy(ours, chain->parts[i].at + from, part);
        ours += part;
        size -= part;
        from = 0;
    }
}

/* The status; *written: bytes for the guest besides it. */
static u8 serve(struct disk *disk, struct chain *chain, u32 type, u64 sector, u64 *written)
{
    u64 room = chain->write_bytes - 1, data = chain->read_bytes - 16, size = type == BLK_IN ? room : data;
    u64 sectors = disk->file.size / SECTOR;
    u8 *at = (u8 *)disk->file.data + sector * SECTOR;
    *written = 0;
    if (type == BLK_FLUSH)
        return BLK_OK;
    if (type == BLK_GET_ID) {
        u8 name[20] = "visor-";
        memcpy(name + 6, disk->vm->name, sizeof(name) - 7);
        *written = room < sizeof(name) ? room : sizeof(name);
        copy_stream(chain, true, 0, name, *written);
        return BLK_OK;
    }
    if (type != BLK_IN && type != BLK_OUT)
        return BLK_UNSUPPORTED;
    if (size % SECTOR || sector > sectors || size / SECTOR > sectors - sector)
        return BLK_ERROR;
    copy_stream(chain, type == BLK_IN, type == BLK_IN ? 0 : 16, at, size);
    *written = type == BLK_IN ? size : 0;
    return BLK_OK;
}

static bool request(struct disk *disk, unsigned head, u32 *length)
{
    struct chain chain;
    struct {
        u32 type, reserved;
        u64 sector;
    } header;
    u64 written;
    if (!read_chain(disk, head, &chain) || chain.read_bytes < sizeof(header) || chain.write_bytes < 1)
        return false;
    copy_stream(&chain, false, 0, (u8 *)&header, sizeof(header));
    u8 status = serve(disk, &chain, header.type, header.sector, &written);
    copy_stream(&chain, true, chain.write_bytes - 1, &status, 1);
    *length = (u32)written + 1;
    return true;
}

struct ring {
    volatile u16 flags, index;
    volatile u16 entries[];
};

static bool serve_queue(struct disk *disk)
{
    u64 size = disk->queue_size;
    struct ring *available = vm_ram(disk->vm, disk->rings[1], 4 + 2 * size);
    struct ring *used = vm_ram(disk->vm, disk->rings[2], 4 + 8 * size);
    bool done = false;
    if (!available || !used)
        return stop(disk);
    while (disk->next_available != available->index) {
        __asm__ volatile("dmb ish" ::: "memory");
        if ((u16)(available->index - disk->next_available) > size)
            return stop(disk);
        unsigned head = available->entries[disk->next_available++ % size];
        volatile u32 *entry = (volatile u32 *)used->entries + 2 * (used->index % size);
        u32 length;
        if (!request(disk, head, &length))
            return stop(disk);
        entry[0] = head;
        entry[1] = length;
        __asm__ volatile("dmb ish" ::: "memory");
        used->index++;
        done = true;
    }
    if (done && !(available->flags & 1))
        set_interrupt(disk, INTERRUPT_USED);
    return true;
}

static bool queue_is_good(const struct disk *disk)
{
    u64 size = disk->queue_size;
    return size && size <= QUEUE_MAX && !(size & (size - 1)) && !(disk->rings[0] & 15) && !(disk->rings[1] & 1) &&
           !(disk->rings[2] & 3);
}

static void reset(struct disk *disk)
{
    struct disk fresh = {.vm = disk->vm, .file = disk->file, .intid = disk->intid};
    *disk = fresh;
}

static void write_status(struct disk *disk, u32 value)
{
    if (value == 0) {
        reset(disk);
        return;
    }
    if (value & STATUS_FEATURES_OK && (disk->driver_features & ~FEATURES || !(disk->driver_features >> 32 & 1)))
        value &= ~(u32)STATUS_FEATURES_OK;
    disk->status = value | (disk->status & STATUS_NEEDS_RESET);
}

static void write_register(struct disk *disk, u64 offset, u32 value)
{
    unsigned shift = offset & 4 ? 32 : 0;
    switch (offset) {
    case DEVICE_FEATURES_SEL: disk->feature_word = value; break;
    case DRIVER_FEATURES_SEL: disk->driver_word = value; break;
    case DRIVER_FEATURES:
        if (disk->driver_word < 2)
            disk->driver_features = (disk->driver_features & ~(0xffffffffull << 32 * disk->driver_word)) |
                                    (u64)value << 32 * disk->driver_word;
        break;
    case QUEUE_SIZE: disk->queue_size = value; break;
    case QUEUE_READY:
        disk->queue_ready = value & 1 && queue_is_good(disk);
        disk->next_available = 0;
        break;
    case QUEUE_NOTIFY:
        if (value == 0 && disk->queue_ready && disk->status & STATUS_DRIVER_OK && !(disk->status & STATUS_NEEDS_RESET))
            serve_queue(disk);
        break;
    case INTERRUPT_ACK: disk->interrupts &= ~value; break;
    case STATUS: write_status(disk, value); break;
    default:
        if (offset >= QUEUE_DESC && offset < QUEUE_DEVICE + 8 && (offset & 15) < 8) {
            u64 *ring = &disk->rings[(offset - QUEUE_DESC) / 16];
            *ring = (*ring & ~(0xffffffffull << shift)) | (u64)value << shift;
        }
    }
}

static u32 read_register(const struct disk *disk, u64 offset)
{
    switch (offset) {
    case MAGIC: return 0x74726976;
    case VERSION: return 2;
    case DEVICE_ID: return 2;
    case VENDOR_ID: return 0x4d4d5241;
    case DEVICE_FEATURES: return disk->feature_word < 2 ? (u32)(FEATURES >> 32 * disk->feature_word) : 0;
    case QUEUE_SIZE_MAX: return QUEUE_MAX;
    case QUEUE_READY: return disk->queue_ready;
    case INTERRUPT_STATUS: return disk->interrupts;
    case STATUS: return disk->status;
    default: return 0;
    }
}

static bool access(struct vcpu *vcpu, void *device, u64 offset, unsigned size, bool write, u64 *value)
{
    struct disk *disk = device;
    u64 capacity[2] = {disk->file.size / SECTOR, 0};
    (void)vcpu;
    if (offset >= CONFIG) {
        if (!write) {
            *value = 0;
            if (offset - CONFIG + size <= sizeof(capacity))
                memcpy(value, (u8 *)capacity + (offset - CONFIG), size);
        }
        return true;
    }
    if (size != 4)
        return false;
    if (write)
        write_register(disk, offset, (u32)*value);
    else
        *value = read_register(disk, offset);
    return true;
}

void virtio_reset(struct vm *vm)
{
    for (unsigned i = 0; i < vm->disk_count; i++)
        reset(vm->disks[i]);
}

bool virtio_disk_create(struct vm *vm, struct file file)
{
    unsigned slot = vm->disk_count;
    struct disk *disk = slot < MAX_DISKS ? page_zeroed(NULL) : NULL;
    if (!disk)
        return false;
    *disk = (struct disk){.vm = vm, .file = file, .intid = VIRTIO_DISK_INTID + slot};
    vm->disks[vm->disk_count++] = disk;
    return vm_add_region(vm, VIRTIO_DISK_BASE + slot * VIRTIO_STRIDE, VIRTIO_STRIDE, access, disk);
}
