/* Snapshot files: damaged as they are, and with contents that were damaged before the checksums were made. */
#include "fuzz.h"
#include "libarmsim/fabric/little_endian.h"
#include "tests/unit/saved_bytes.h"

#include <armsim/armsim.h>
#include <stdlib.h>
#include <string.h>
#include <zlib.h>

enum { HEADER = 32, BLOCK = 32, MAX_FILE = 1 << 20, DISK_BYTES = 1 << 16 };

/* The first byte of an input: a file, or blocks (type, size, contents) from which one is made. */
enum { AS_FILE, AS_BLOCKS };

static struct bytes good, changed;
static struct armsim_machine *machine;
static uint8_t disk[DISK_BYTES];

static int disk_read(void *opaque, uint64_t offset, void *data, size_t size)
{
    memcpy(data, disk + offset, size);
    return 0;
}

static int disk_write(void *opaque, uint64_t offset, const void *data, size_t size)
{
    memcpy(disk + offset, data, size);
    return 0;
}

/* Two PEs that do a little of everything: exclusives, traps, a translated access. */
static void make_machine(void)
{
    static const uint32_t code[] = {0x10000802, 0xc85f7c40, 0x91000400, 0xc8037c40, 0xd4000001, 0x17fffffb};
    struct armsim_drive drive = {.block = {.read = disk_read, .write = disk_write, .size = sizeof disk}};
    struct armsim_load load = {.image = {.data = code, .size = sizeof code}, .address = 0x40200000, .has_address = true,
                               .raw = true, .set_pc = true};
    struct armsim_options options;
    struct armsim_machine *child;
    armsim_options_init(&options, sizeof options);
    options.ram_size = 8 * ARMSIM_MIB;
    options.gic_version = 3;
    options.smp = 2;
    options.secure = options.virtualization = options.virtio_console = true;
    options.drives = &drive;
    options.drive_count = 1;
    options.semihosting.enabled = true;
    options.loads = &load;
    options.load_count = 1;
    if (armsim_create(&options, &machine) || armsim_fork(machine, &child)) /* holds the drive */
        abort();
    armsim_destroy(child);
    armsim_run(machine, 2000, NULL);
    armsim_serial_input(machine, ARMSIM_SERIAL_UART0, "waiting", 7);
    if (armsim_snapshot_save_to(machine, put_bytes, &good))
        abort();
}

/* The good file's blocks, unpacked. */
static size_t unpacked(uint8_t *data, size_t max)
{
    size_t size = 0;
    for (size_t at = HEADER; at < good.size;) {
        const uint8_t *head = good.data + at;
        uint64_t length = load_le64(head + 8), raw = load_le64(head + 16);
        uLongf room = raw;
        if (size + 8 + raw > max)
            return 0;
        memcpy(data + size, head, 4);
        store_le32(data + size + 4, raw);
        if (!load_le32(head + 4))
            memcpy(data + size + 8, head + BLOCK, raw);
        else if (uncompress(data + size + 8, &room, head + BLOCK, length) != Z_OK)
            abort();
        size += 8 + raw;
        at += BLOCK + length;
    }
    return size;
}

static void pack(struct bytes *file, const uint8_t *data, size_t size)
{
    file->size = 0;
    put_bytes(file, good.data, HEADER);
    while (size >= 8) {
        uint8_t head[BLOCK] = {0};
        uint64_t raw = load_le32(data + 4);
        if (raw > size - 8)
            raw = size - 8;
        memcpy(head, data, 4);
        store_le64(head + 8, raw);
        store_le64(head + 16, raw);
        store_le32(head + 24, crc32(crc32(0, head, BLOCK - 8), data + 8, (uInt)raw));
        put_bytes(file, head, BLOCK);
        put_bytes(file, data + 8, raw);
        data += 8 + raw;
        size -= 8 + raw;
    }
}

size_t fuzz_seed(unsigned index, uint8_t *data, size_t max)
{
    if (!machine)
        make_machine();
    if (index > 1 || good.size >= max)
        return 0;
    data[0] = (uint8_t)index;
    if (index == AS_BLOCKS)
        return 1 + unpacked(data + 1, max - 1);
    memcpy(data + 1, good.data, good.size);
    return 1 + good.size;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static uint64_t before; /* the machine's state: inputs begin and end with it */
    uint64_t after = 0;
    if (!machine)
        make_machine();
    if (!size || size > MAX_FILE / 2)
        return 0;
    changed.at = changed.size = 0;
    if (data[0] % 2 == AS_FILE)
        put_bytes(&changed, data + 1, size - 1);
    else
        pack(&changed, data + 1, size - 1);
    if (!before)
        armsim_state_hash(machine, &before);
    if (armsim_snapshot_load_from(machine, get_bytes, &changed) < 0) {
        const char *text = armsim_last_error(machine);
        armsim_state_hash(machine, &after);
        if (before != after || !text[0] || strchr(text, '\n'))
            abort(); /* a refusal changes nothing, and is one line */
        return 0;
    }
    struct armsim_stop stop = {.size = sizeof stop};
    armsim_run(machine, 3000, &stop);
    armsim_state_hash(machine, &after);
    good.at = 0;
    if (armsim_snapshot_load_from(machine, get_bytes, &good) < 0)
        abort();
    armsim_state_hash(machine, &after);
    if (before != after)
        abort(); /* nothing of the changed one may be left */
    return 0;
}
