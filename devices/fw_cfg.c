/*
 * The firmware configuration device (fw_cfg), MMIO flavour, as firmware and kernels for QEMU's virt board know it.
 * Specification: "QEMU Firmware Configuration (fw_cfg) Device", docs/specs/fw_cfg in QEMU's documentation.
 *
 *   0x00 data        1, 2, 4 or 8 bytes: the next bytes of the selected item, lowest address first
 *   0x08 selector    16 bits, big-endian: selects an item and rewinds it
 *   0x10 DMA address 64 bits, big-endian: writing the low half (0x14), or all 8 bytes, runs the command there;
 *                    reads as "QEMU CFG"
 *
 * DMA command (big-endian): control (error 1, read 2, skip 4, select 8, write 0x10, key in [31:16]), length, address.
 * It runs at once and leaves control 0, or 1 when it failed.
 *
 * Items are fixed before the machine runs, and none is writable: a DMA write fails, a data register write is ignored
 * (both logged). Reading past an item's end, or an unknown key, gives zeroes. No interrupt.
 */
#include "devices/fw_cfg.h"

#include "devices/fdt_writer.h"
#include "libarmsim/fabric/little_endian.h"

#include <errno.h>
#include <inttypes.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

enum { WINDOW_SIZE = 0x18, DATA = 0x00, SELECTOR = 0x08, DMA_HIGH = 0x10, DMA_LOW = 0x14 };
enum { DMA_ERROR = 1, DMA_READ = 2, DMA_SKIP = 4, DMA_SELECT = 8, DMA_WRITE = 0x10, DMA_BYTES = 16 };
enum { KEY_COUNT = 0x4000, ID_TRADITIONAL = 1, ID_DMA = 2 };
enum { FILE_NAME_BYTES = 56, FILE_ENTRY_BYTES = 64, ZERO_CHUNK = 4096 };
enum { REQUESTER = BUS_REQUESTER_DMA + 0x7000 };

#define DMA_SIGNATURE 0x51454d5520434647ull /* "QEMU CFG" */

/* Items never change: machines that are forks of each other have them in common. */
struct contents {
    atomic_uint users;
    uint8_t data[];
};

struct item {
    uint16_t key;
    struct contents *contents;
    uint32_t size;
    char file[FILE_NAME_BYTES]; /* empty: not in the directory */
};

struct fw_cfg {
    struct device device;
    struct item *items; /* sorted by key */
    size_t item_count, item_capacity;
    uint8_t *directory; /* item FW_CFG_FILE_DIR, rebuilt when a file is added */
    uint32_t directory_size, file_count;

    uint16_t key;
    uint32_t position;
    uint32_t dma_high;
};

static const struct state_field fields[] = {
    STATE_FIELD(struct fw_cfg, key, 0),
    STATE_FIELD(struct fw_cfg, position, 0),
    STATE_FIELD(struct fw_cfg, dma_high, 0),
};

static uint32_t load_be32(const uint8_t *bytes)
{
    return (uint32_t)bytes[0] << 24 | (uint32_t)bytes[1] << 16 | (uint32_t)bytes[2] << 8 | bytes[3];
}

static void store_be32(uint8_t *bytes, uint32_t value)
{
    for (unsigned i = 0; i < 4; i++)
        bytes[i] = (uint8_t)(value >> (24 - 8 * i));
}

static uint64_t swap_bytes(uint64_t value, unsigned size)
{
    return __builtin_bswap64(value) >> (64 - 8 * size);
}

/* --- items --- */

static size_t lower_bound(const struct fw_cfg *cfg, uint16_t key)
{
    size_t index = 0;
    while (index < cfg->item_count && cfg->items[index].key < key)
        index++;
    return index;
}

static void leave_contents(struct contents *contents)
{
    if (atomic_fetch_sub_explicit(&contents->users, 1, memory_order_acq_rel) == 1)
        free(contents);
}

static void free_items(struct item *items, size_t count)
{
    for (size_t i = 0; i < count; i++)
        leave_contents(items[i].contents);
    free(items);
}

int fw_cfg_share_items(struct device *device, const struct device *from)
{
    struct fw_cfg *cfg = (struct fw_cfg *)device;
    const struct fw_cfg *other = (const struct fw_cfg *)from;
    size_t size = other->item_count * sizeof(*other->items);
    struct item *items = malloc(size ? size : 1);
    uint8_t *directory = malloc(other->directory_size ? other->directory_size : 1);
    if (!items || !directory) {
        free(items);
        free(directory);
        return -ENOMEM;
    }
    memcpy(items, other->items, size);
    memcpy(directory, other->directory, other->directory_size);
    for (size_t i = 0; i < other->item_count; i++)
        atomic_fetch_add_explicit(&items[i].contents->users, 1, memory_order_relaxed);
    free_items(cfg->items, cfg->item_count);
    free(cfg->directory);
    cfg->items = items;
    cfg->item_count = cfg->item_capacity = other->item_count;
    cfg->directory = directory;
    cfg->directory_size = other->directory_size;
    cfg->file_count = other->file_count;
    return 0;
}

static int insert_item(struct fw_cfg *cfg, uint16_t key, const char *file, const void *data, size_t size)
{
    if (key >= KEY_COUNT || size > UINT32_MAX)
        return -EINVAL;
    size_t index = lower_bound(cfg, key);
    if (index < cfg->item_count && cfg->items[index].key == key)
        return -EEXIST;
    if (cfg->item_count == cfg->item_capacity) {
        size_t capacity = cfg->item_capacity ? 2 * cfg->item_capacity : 16;
        struct item *items = realloc(cfg->items, capacity * sizeof(*items));
        if (!items)
            return -ENOMEM;
        cfg->items = items;
        cfg->item_capacity = capacity;
    }
    struct contents *contents = malloc(sizeof(*contents) + size);
    if (!contents)
        return -ENOMEM;
    atomic_init(&contents->users, 1);
    if (size)
        memcpy(contents->data, data, size);
    memmove(&cfg->items[index + 1], &cfg->items[index], (cfg->item_count - index) * sizeof(*cfg->items));
    cfg->items[index] = (struct item){.key = key, .contents = contents, .size = (uint32_t)size};
    strncpy(cfg->items[index].file, file, FILE_NAME_BYTES - 1);
    cfg->item_count++;
    return 0;
}

static int by_name(const void *a, const void *b)
{
    return strcmp(*(const char *const *)a, *(const char *const *)b);
}

/* Names the files in the directory's order: sorted. */
static int build_directory(struct fw_cfg *cfg)
{
    uint32_t count = cfg->file_count;
    size_t size = 4 + (size_t)count * FILE_ENTRY_BYTES;
    const char **names = malloc((count ? count : 1) * sizeof(*names));
    uint8_t *directory = calloc(1, size);
    if (!names || !directory) {
        free(names);
        free(directory);
        return -ENOMEM;
    }
    uint32_t found = 0;
    for (size_t i = 0; i < cfg->item_count && found < count; i++)
        if (cfg->items[i].file[0])
            names[found++] = cfg->items[i].file;
    qsort(names, found, sizeof(*names), by_name);
    store_be32(directory, found);
    for (uint32_t i = 0; i < found; i++) {
        const struct item *item = (const struct item *)(const void *)(names[i] - offsetof(struct item, file));
        uint8_t *entry = directory + 4 + (size_t)i * FILE_ENTRY_BYTES;
        store_be32(entry, item->size);
        entry[4] = (uint8_t)(item->key >> 8);
        entry[5] = (uint8_t)item->key;
        memcpy(entry + 8, item->file, FILE_NAME_BYTES);
    }
    free(names);
    free(cfg->directory);
    cfg->directory = directory;
    cfg->directory_size = (uint32_t)size;
    return 0;
}

int fw_cfg_add_item(struct device *device, uint16_t key, const void *data, size_t size)
{
    if (key >= FW_CFG_FILE_DIR)
        return -EINVAL;
    return insert_item((struct fw_cfg *)device, key, "", data, size);
}

static int add_number(struct device *device, uint16_t key, uint64_t value, unsigned size)
{
    uint8_t bytes[8];
    store_le64(bytes, value);
    return fw_cfg_add_item(device, key, bytes, size);
}

int fw_cfg_add_u16(struct device *device, uint16_t key, uint16_t value)
{
    return add_number(device, key, value, 2);
}

int fw_cfg_add_u32(struct device *device, uint16_t key, uint32_t value)
{
    return add_number(device, key, value, 4);
}

int fw_cfg_add_u64(struct device *device, uint16_t key, uint64_t value)
{
    return add_number(device, key, value, 8);
}

static void remove_item(struct fw_cfg *cfg, uint16_t key)
{
    size_t index = lower_bound(cfg, key);
    leave_contents(cfg->items[index].contents);
    cfg->item_count--;
    memmove(&cfg->items[index], &cfg->items[index + 1], (cfg->item_count - index) * sizeof(*cfg->items));
}

int fw_cfg_add_file(struct device *device, const char *name, const void *data, size_t size)
{
    struct fw_cfg *cfg = (struct fw_cfg *)device;
    if (!name[0] || strlen(name) >= FILE_NAME_BYTES)
        return -EINVAL;
    for (size_t i = 0; i < cfg->item_count; i++)
        if (!strcmp(cfg->items[i].file, name))
            return -EEXIST;
    uint32_t key = FW_CFG_FILE_FIRST + cfg->file_count;
    if (key >= KEY_COUNT)
        return -ENOSPC;
    int error = insert_item(cfg, (uint16_t)key, name, data, size);
    if (error)
        return error;
    cfg->file_count++;
    error = build_directory(cfg);
    if (error) {
        cfg->file_count--;
        remove_item(cfg, (uint16_t)key);
    }
    return error;
}

/* --- reading --- */

/* The bytes of the selected item from the position on; *size 0 when there are none (left). */
static const uint8_t *selected(const struct fw_cfg *cfg, uint32_t *size)
{
    const uint8_t *data = NULL;
    uint32_t total = 0;
    size_t index = lower_bound(cfg, cfg->key);
    if (cfg->key == FW_CFG_FILE_DIR) {
        data = cfg->directory;
        total = cfg->directory_size;
    } else if (index < cfg->item_count && cfg->items[index].key == cfg->key) {
        data = cfg->items[index].contents->data;
        total = cfg->items[index].size;
    }
    *size = cfg->position < total ? total - cfg->position : 0;
    return *size ? data + cfg->position : NULL;
}

static void advance(struct fw_cfg *cfg, uint32_t count)
{
    cfg->position = count > UINT32_MAX - cfg->position ? UINT32_MAX : cfg->position + count;
}

static uint64_t peek_data(const struct fw_cfg *cfg, unsigned size)
{
    uint32_t left;
    const uint8_t *data = selected(cfg, &left);
    return left ? load_le(data, size < left ? size : left) : 0;
}

static void select_item(struct fw_cfg *cfg, uint16_t key)
{
    cfg->key = key;
    cfg->position = 0;
    if (key >= KEY_COUNT)
        log_message(cfg->device.env->log, LOG_GUEST_ERROR, "%s: key %#x: writing and architecture-local keys don't exist",
                    cfg->device.name, key);
}

/* --- DMA --- */

static struct bus_attrs dma_attrs(void)
{
    return (struct bus_attrs){.pas = PAS_NON_SECURE, .requester = REQUESTER};
}

/* Copies the item's next `length` bytes to memory, then zeroes for what it does not have. */
static bool dma_read(struct fw_cfg *cfg, uint64_t address, uint32_t length)
{
    static const uint8_t zeroes[ZERO_CHUNK];
    struct bus *bus = cfg->device.env->bus;
    uint32_t left;
    const uint8_t *data = selected(cfg, &left);
    uint32_t part = length < left ? length : left;
    if (part && bus_write_block(bus, address, data, part, dma_attrs()) != BUS_OK)
        return false;
    advance(cfg, length);
    for (uint64_t done = part; done < length;) {
        size_t chunk = length - done < ZERO_CHUNK ? (size_t)(length - done) : ZERO_CHUNK;
        if (bus_write_block(bus, address + done, zeroes, chunk, dma_attrs()) != BUS_OK)
            return false;
        done += chunk;
    }
    return true;
}

static void run_dma(struct fw_cfg *cfg, uint64_t address)
{
    struct bus *bus = cfg->device.env->bus;
    uint8_t command[DMA_BYTES];
    if (bus_read_block(bus, address, command, sizeof(command), dma_attrs()) != BUS_OK) {
        log_message(cfg->device.env->log, LOG_GUEST_ERROR, "%s: DMA command at %#" PRIx64 " is not in memory",
                    cfg->device.name, address);
        return;
    }
    uint32_t control = load_be32(command), length = load_be32(command + 4);
    uint64_t buffer = (uint64_t)load_be32(command + 8) << 32 | load_be32(command + 12);
    bool done = true;
    if (control & DMA_SELECT)
        select_item(cfg, (uint16_t)(control >> 16));
    if (control & DMA_READ)
        done = dma_read(cfg, buffer, length);
    else if (control & DMA_WRITE)
        done = false;
    else if (control & DMA_SKIP)
        advance(cfg, length);
    if (!done)
        log_message(cfg->device.env->log, LOG_GUEST_ERROR,
                    "%s: DMA %s of %" PRIu32 " bytes at %#" PRIx64 ", item %#x: %s", cfg->device.name,
                    control & DMA_READ ? "read" : "write", length, buffer, cfg->key,
                    control & DMA_READ ? "not memory" : "no item is writable");
    store_be32(command, done ? 0 : DMA_ERROR);
    if (bus_write_block(bus, address, command, 4, dma_attrs()) != BUS_OK)
        log_message(cfg->device.env->log, LOG_GUEST_ERROR, "%s: DMA command at %#" PRIx64 " is not writable",
                    cfg->device.name, address);
}

/* --- accesses --- */

static enum bus_result fw_cfg_read(void *opaque, uint64_t offset, unsigned size, struct bus_attrs attrs,
                                   uint64_t *value)
{
    struct fw_cfg *cfg = opaque;
    *value = 0;
    if (offset < SELECTOR) {
        *value = peek_data(cfg, size);
        if (!attrs.debug)
            advance(cfg, size);
    } else if (offset >= DMA_HIGH) {
        uint64_t bytes = swap_bytes(DMA_SIGNATURE, 8) >> (8 * (offset - DMA_HIGH));
        *value = bytes & bus_ones(size);
    } else if (!attrs.debug) {
        device_bad_offset(&cfg->device, "read", offset, size);
    }
    return BUS_OK;
}

static enum bus_result fw_cfg_write(void *opaque, uint64_t offset, unsigned size, struct bus_attrs attrs,
                                    uint64_t value)
{
    struct fw_cfg *cfg = opaque;
    if (attrs.debug)
        return BUS_DEVICE_ERROR;
    if (offset == SELECTOR && size == 2) {
        select_item(cfg, (uint16_t)swap_bytes(value, 2));
    } else if (offset == DMA_HIGH && size == 4) {
        cfg->dma_high = (uint32_t)swap_bytes(value, 4);
    } else if (offset == DMA_LOW && size == 4) {
        uint64_t address = (uint64_t)cfg->dma_high << 32 | swap_bytes(value, 4);
        cfg->dma_high = 0;
        run_dma(cfg, address);
    } else if (offset == DMA_HIGH && size == 8) {
        run_dma(cfg, swap_bytes(value, 8));
    } else {
        device_bad_offset(&cfg->device, "write", offset, size);
    }
    return BUS_OK;
}

static void fw_cfg_destroy(struct device *device)
{
    struct fw_cfg *cfg = (struct fw_cfg *)device;
    free_items(cfg->items, cfg->item_count);
    free(cfg->directory);
    free(cfg);
}

static int fw_cfg_describe(struct device *device, struct fdt_writer *writer)
{
    fdtw_begin_at(writer, "fw-cfg", device->base);
    fdtw_string(writer, "compatible", "qemu,fw-cfg-mmio");
    fdtw_device(writer, device);
    fdtw_empty(writer, "dma-coherent");
    fdtw_end(writer);
    return fdtw_error(writer);
}

static const struct device_ops fw_cfg_ops = {
    .model = "fw-cfg",
    .bus = {.read = fw_cfg_read, .write = fw_cfg_write, .sizes = 1 | 2 | 4 | 8},
    .fields = fields,
    .field_count = sizeof(fields) / sizeof(*fields),
    .state_version = 1,
    .destroy = fw_cfg_destroy,
    .describe = fw_cfg_describe,
};

struct device *fw_cfg_create(const struct device_env *env, uint64_t base, unsigned pas_mask)
{
    struct fw_cfg *cfg = calloc(1, sizeof(*cfg));
    if (!cfg)
        return NULL;
    device_init(&cfg->device, &fw_cfg_ops, env, base, WINDOW_SIZE, pas_mask, NULL, 0);
    if (build_directory(cfg) || fw_cfg_add_item(&cfg->device, FW_CFG_SIGNATURE, "QEMU", 4) ||
        fw_cfg_add_u32(&cfg->device, FW_CFG_ID, ID_TRADITIONAL | ID_DMA)) {
        fw_cfg_destroy(&cfg->device);
        return NULL;
    }
    device_reset(&cfg->device);
    return &cfg->device;
}
