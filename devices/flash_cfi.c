/*
 * NOR flash bank: two 16-bit chips side by side on a 32-bit bus, as on QEMU's virt board. Specifications: JEDEC JESD68.01
 * (Common Flash Interface), JEP137 command set 0x0001 (Intel/Sharp extended), Intel StrataFlash data sheets.
 *
 * The lower half of each 32-bit word is chip 0, the upper half chip 1; each has a state of its own. Commands, by the
 * low byte written:
 *
 *   0xff read array          0x40, 0x10 program a word     0x60 then 0x01 lock, 0xd0 unlock, 0x2f lock down a block
 *   0x70 read status         0xe8 program a buffer: count - 1, words, 0xd0
 *   0x50 clear status        0x20 then 0xd0 erase a block  0xb0 suspend, 0xd0 resume (nothing is ever suspended)
 *   0x90 read identifier     0x98 query (CFI)
 *
 * Status: 7 ready, 5 erase error, 4 program error (both: command sequence), 1 block locked.
 *
 * While both chips show their array the region is read as memory, at full speed; otherwise it is MMIO (see
 * bus_add_rom_device). Programming clears bits, erasing a block of 128 KiB a chip sets them.
 *
 * Deviations: programming and erasing take no virtual time. Blocks are unlocked at reset, and locking down is locking.
 * There are no protection registers. A bank that nothing was loaded into holds zeroes, not ones: host memory is taken
 * for what is used only.
 */
#include "devices/flash_cfi.h"

#include "devices/fdt_writer.h"
#include "libarmsim/fabric/little_endian.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { CHIPS = 2, WORD_BYTES = 2 * CHIPS, BUFFER_WORDS = 512, BLOCK_WORDS = 0x10000, BLOCKS_MAX = 512 };
enum { BLOCK_BYTES = BLOCK_WORDS * WORD_BYTES, SIZE_MIN = 2 * BLOCK_BYTES };
enum { MANUFACTURER = 0x89, DEVICE_ID = 0x18 };
enum { REQUESTER = BUS_REQUESTER_DMA + 0x7001 };

enum mode { READ_ARRAY, READ_STATUS, READ_ID, READ_QUERY };
enum step { STEP_IDLE, STEP_PROGRAM, STEP_ERASE, STEP_COUNT, STEP_DATA, STEP_CONFIRM, STEP_LOCK };
enum { SR_READY = 0x80, SR_ERASE = 0x20, SR_PROGRAM = 0x10, SR_LOCKED = 0x02, SR_SEQUENCE = SR_ERASE | SR_PROGRAM };

struct chip {
    uint8_t mode, step, status;
    uint16_t buffer[BUFFER_WORDS];
    uint32_t buffer_start; /* word address of the first buffered word */
    uint16_t buffer_count, buffer_left;
    uint8_t buffer_bad;    /* a word was outside */
    uint8_t locked[BLOCKS_MAX];
};

struct flash {
    struct device device;
    char array_name[48]; /* of the region: the memory is a part of the machine's state with a name of its own */
    struct bus_region *region;
    struct chip chip[CHIPS];
};

#define CHIP_FIELDS(n)                                                                                                 \
    STATE_FIELD_MAX(struct flash, chip[n].mode, READ_ARRAY, READ_QUERY),                                               \
        STATE_FIELD_MAX(struct flash, chip[n].step, STEP_IDLE, STEP_LOCK),                                             \
        STATE_FIELD(struct flash, chip[n].status, SR_READY), STATE_ARRAY(struct flash, chip[n].buffer, 0),             \
        STATE_FIELD(struct flash, chip[n].buffer_start, 0), STATE_FIELD_MAX(struct flash, chip[n].buffer_count, 0, BUFFER_WORDS), \
        STATE_FIELD_MAX(struct flash, chip[n].buffer_left, 0, BUFFER_WORDS), STATE_FIELD(struct flash, chip[n].buffer_bad, 0),           \
        STATE_ARRAY(struct flash, chip[n].locked, 0)

static const struct state_field fields[] = {CHIP_FIELDS(0), CHIP_FIELDS(1)};

/* --- the array --- */

static uint32_t words(const struct flash *flash)
{
    return (uint32_t)(flash->device.size / WORD_BYTES);
}

static uint16_t array_word(const struct flash *flash, unsigned chip, uint32_t word)
{
    const uint8_t *at = bus_host(flash->region, (uint64_t)word * WORD_BYTES + 2 * chip);
    return load_le16(at);
}

/* Sets a chip's words: `data` ANDed in, or all ones when it is NULL. A page at a time, other lanes kept. */
static void change_words(struct flash *flash, unsigned chip, uint32_t word, uint32_t count, const uint16_t *data)
{
    uint8_t page[PAGE_BYTES];
    while (count) {
        uint64_t offset = (uint64_t)word * WORD_BYTES;
        uint32_t room = (uint32_t)(PAGE_BYTES - offset % PAGE_BYTES) / WORD_BYTES;
        uint32_t part = count < room ? count : room;
        memcpy(page, bus_host(flash->region, offset), (size_t)part * WORD_BYTES);
        for (uint32_t i = 0; i < part; i++) {
            uint8_t *lane = page + (size_t)i * WORD_BYTES + 2 * chip;
            lane[0] = data ? lane[0] & (uint8_t)data[i] : 0xff;
            lane[1] = data ? lane[1] & (uint8_t)(data[i] >> 8) : 0xff;
        }
        bus_program(flash->device.env->bus, flash->region, offset, page, (size_t)part * WORD_BYTES, REQUESTER);
        word += part;
        count -= part;
        data = data ? data + part : NULL;
    }
}

/* --- what the other modes show --- */

/* The query table, from word 0x10 on; what depends on the size is filled in by query_word(). */
static const uint8_t query_table[] = {
    'Q', 'R', 'Y',
    0x01, 0x00, /* 0x13: primary command set: Intel/Sharp extended */
    0x31, 0x00, /* 0x15: address of its table */
    0x00, 0x00, 0x00, 0x00, /* 0x17: no alternate set */
    0x17, 0x20, /* 0x1b: Vcc 1.7 V to 2.0 V */
    0x85, 0x95, /* 0x1d: Vpp 8.5 V to 9.5 V */
    0x08, 0x09, 0x0a, 0x00, /* 0x1f: typical 2^n: word 256 us, buffer 512 us, block erase 1024 ms, no chip erase */
    0x01, 0x01, 0x02, 0x00, /* 0x23: at most 2^n times that */
    0x00,       /* 0x27: size, 2^n bytes */
    0x01, 0x00, /* 0x28: 16-bit interface */
    0x0a, 0x00, /* 0x2a: buffer of 2^10 bytes */
    0x01,       /* 0x2c: one erase block region: */
    0x00, 0x00, /* 0x2d: blocks - 1 */
    0x00, 0x02, /* 0x2f: block size / 256 */
    'P', 'R', 'I', '1', '0', /* 0x31: extended table, version 1.0 */
    0x20, 0x00, 0x00, 0x00, /* 0x36: individual block locking */
    0x00,       /* 0x3a: nothing after suspend */
    0x01, 0x00, /* 0x3b: block status: locked */
    0x18, 0x90, /* 0x3d: best Vcc 1.8 V, Vpp 9.0 V */
    0x00,       /* 0x3f: no protection registers */
};

enum { QUERY_BASE = 0x10, QUERY_SIZE = 0x27, QUERY_BLOCKS = 0x2d, QUERY_LENGTH = sizeof(query_table) };
_Static_assert(QUERY_LENGTH == 0x30, "the query table ends at word 0x3f");

static uint16_t query_word(const struct flash *flash, uint32_t word)
{
    uint32_t blocks = words(flash) / BLOCK_WORDS;
    if (word == QUERY_SIZE)
        return (uint16_t)(__builtin_ctzll(flash->device.size) - 1); /* of one chip of two */
    if (word == QUERY_BLOCKS || word == QUERY_BLOCKS + 1)
        return ((blocks - 1) >> (8 * (word - QUERY_BLOCKS))) & 0xff;
    return word >= QUERY_BASE && word - QUERY_BASE < QUERY_LENGTH ? query_table[word - QUERY_BASE] : 0;
}

static uint16_t id_word(const struct chip *chip, uint32_t word)
{
    switch (word % BLOCK_WORDS) {
    case 0:
        return MANUFACTURER;
    case 1:
        return DEVICE_ID;
    case 2:
        return chip->locked[word / BLOCK_WORDS];
    default:
        return 0;
    }
}

static uint16_t chip_read(const struct flash *flash, unsigned index, uint32_t word, bool array)
{
    const struct chip *chip = &flash->chip[index];
    switch (array ? READ_ARRAY : chip->mode) {
    case READ_STATUS:
        return chip->status;
    case READ_ID:
        return id_word(chip, word);
    case READ_QUERY:
        return query_word(flash, word % BLOCK_WORDS);
    default:
        return array_word(flash, index, word);
    }
}

/* --- commands --- */

static void guest_error(const struct flash *flash, const char *what, uint32_t value)
{
    log_message(flash->device.env->log, LOG_GUEST_ERROR, "%s: %s (%#x)", flash->device.name, what, value);
}

/* False, with the status bits set: the block is locked. */
static bool unlocked(struct flash *flash, struct chip *chip, uint32_t word, uint8_t error)
{
    if (!chip->locked[word / BLOCK_WORDS])
        return true;
    guest_error(flash, "a locked block is programmed or erased", word / BLOCK_WORDS);
    chip->status |= SR_LOCKED | error;
    return false;
}

static void sequence_error(struct flash *flash, struct chip *chip, uint16_t data)
{
    guest_error(flash, "a command sequence that is none", data);
    chip->status |= SR_SEQUENCE;
    chip->step = STEP_IDLE;
}

static void first_command(struct flash *flash, struct chip *chip, uint16_t data)
{
    static const struct {
        uint8_t command, mode, step;
    } rows[] = {
        {0xff, READ_ARRAY, STEP_IDLE},   {0x70, READ_STATUS, STEP_IDLE},  {0x90, READ_ID, STEP_IDLE},
        {0x98, READ_QUERY, STEP_IDLE},   {0x40, READ_STATUS, STEP_PROGRAM}, {0x10, READ_STATUS, STEP_PROGRAM},
        {0x20, READ_STATUS, STEP_ERASE}, {0xe8, READ_STATUS, STEP_COUNT}, {0x60, READ_STATUS, STEP_LOCK},
        {0xb0, READ_STATUS, STEP_IDLE},  {0xd0, READ_STATUS, STEP_IDLE},
        /* No commands of this set: drivers probe for the other one with them. */
        {0xf0, READ_ARRAY, STEP_IDLE},   {0x00, READ_ARRAY, STEP_IDLE},
    };
    uint8_t command = (uint8_t)data;
    if (command == 0x50) {
        chip->status = SR_READY;
        return;
    }
    for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
        if (rows[i].command == command) {
            chip->mode = rows[i].mode;
            chip->step = rows[i].step;
            return;
        }
    }
    log_message(flash->device.env->log, LOG_UNIMPLEMENTED, "%s: command %#x", flash->device.name, command);
    chip->mode = READ_ARRAY;
}

static void begin_buffer(struct flash *flash, struct chip *chip, uint16_t data)
{
    if (data >= BUFFER_WORDS) {
        sequence_error(flash, chip, data);
        return;
    }
    chip->buffer_count = chip->buffer_left = data + 1;
    chip->buffer_bad = 0;
    memset(chip->buffer, 0xff, sizeof(chip->buffer));
    chip->step = STEP_DATA;
}

static void buffer_word(struct chip *chip, uint32_t word, uint16_t data)
{
    if (chip->buffer_left == chip->buffer_count)
        chip->buffer_start = word;
    uint32_t index = word - chip->buffer_start;
    if (index < chip->buffer_count && word / BLOCK_WORDS == chip->buffer_start / BLOCK_WORDS)
        chip->buffer[index] = data;
    else
        chip->buffer_bad = 1;
    if (!--chip->buffer_left)
        chip->step = STEP_CONFIRM;
}

static void chip_write(struct flash *flash, unsigned index, uint32_t word, uint16_t data)
{
    struct chip *chip = &flash->chip[index];
    bool confirmed = (data & 0xff) == 0xd0;
    uint8_t step = chip->step;
    switch (step) {
    case STEP_IDLE:
        first_command(flash, chip, data);
        return;
    case STEP_COUNT:
        begin_buffer(flash, chip, data);
        return;
    case STEP_DATA:
        buffer_word(chip, word, data);
        return;
    default:
        chip->step = STEP_IDLE;
        break;
    }
    if (step == STEP_PROGRAM) {
        if (unlocked(flash, chip, word, SR_PROGRAM))
            change_words(flash, index, word, 1, &data);
    } else if (step == STEP_ERASE && confirmed) {
        if (unlocked(flash, chip, word, SR_ERASE))
            change_words(flash, index, word / BLOCK_WORDS * BLOCK_WORDS, BLOCK_WORDS, NULL);
    } else if (step == STEP_CONFIRM && confirmed && !chip->buffer_bad) {
        if (unlocked(flash, chip, chip->buffer_start, SR_PROGRAM))
            change_words(flash, index, chip->buffer_start, chip->buffer_count, chip->buffer);
    } else if (step == STEP_LOCK && (confirmed || (data & 0xff) == 0x01 || (data & 0xff) == 0x2f)) {
        chip->locked[word / BLOCK_WORDS] = !confirmed;
    } else {
        sequence_error(flash, chip, data);
    }
}

/* --- accesses: 32-bit words of two lanes --- */

static uint32_t read_word(const struct flash *flash, uint32_t word, bool array)
{
    return chip_read(flash, 0, word, array) | (uint32_t)chip_read(flash, 1, word, array) << 16;
}

static enum bus_result flash_read(void *opaque, uint64_t offset, unsigned size, struct bus_attrs attrs,
                                  uint64_t *value)
{
    const struct flash *flash = opaque;
    uint32_t word = (uint32_t)(offset / WORD_BYTES);
    *value = device_lanes(read_word(flash, word, attrs.debug), offset, size < 4 ? size : 4);
    if (size == 8)
        *value |= (uint64_t)read_word(flash, word + 1, attrs.debug) << 32;
    return BUS_OK;
}

static void write_word(struct flash *flash, uint64_t offset, unsigned size, uint32_t value)
{
    uint32_t word = (uint32_t)(offset / WORD_BYTES);
    unsigned lane = (offset >> 1) & 1;
    if (size == 4) {
        chip_write(flash, 0, word, (uint16_t)value);
        chip_write(flash, 1, word, (uint16_t)(value >> 16));
    } else if (size == 2) {
        chip_write(flash, lane, word, (uint16_t)value);
    } else if (!(offset & 1)) {
        chip_write(flash, lane, word, 0xff00 | (uint8_t)value); /* the other byte of the chip's bus floats high */
    } else {
        guest_error(flash, "a write to the upper byte of a chip", value);
    }
}

static void show(struct flash *flash)
{
    if (flash->region)
        bus_set_direct(flash->device.env->bus, flash->region,
                       flash->chip[0].mode == READ_ARRAY && flash->chip[1].mode == READ_ARRAY);
}

static enum bus_result flash_write(void *opaque, uint64_t offset, unsigned size, struct bus_attrs attrs,
                                   uint64_t value)
{
    struct flash *flash = opaque;
    if (attrs.debug) { /* a loader, not a command */
        uint8_t bytes[8];
        store_le(bytes, value, size);
        bus_program(flash->device.env->bus, flash->region, offset, bytes, size, attrs.requester);
        return BUS_OK;
    }
    write_word(flash, offset, size < 4 ? size : 4, (uint32_t)value);
    if (size == 8)
        write_word(flash, offset + 4, 4, (uint32_t)(value >> 32));
    show(flash);
    return BUS_OK;
}

/* --- life --- */

static void flash_reset(struct device *device)
{
    show((struct flash *)device);
}

static bool flash_loaded(void *opaque)
{
    struct flash *flash = opaque;
    for (unsigned i = 0; i < CHIPS; i++) {
        const struct chip *chip = &flash->chip[i];
        bool counting = chip->step == STEP_DATA || chip->step == STEP_CONFIRM;
        if (chip->buffer_left > chip->buffer_count || (chip->step == STEP_DATA && !chip->buffer_left) ||
            (counting && (uint64_t)chip->buffer_start + chip->buffer_count > words(flash)))
            return false;
    }
    show(flash);
    return true;
}

static void flash_destroy(struct device *device)
{
    free(device);
}

static int flash_describe(struct device *device, struct fdt_writer *writer)
{
    fdtw_begin_at(writer, "flash", device->base);
    fdtw_string(writer, "compatible", "cfi-flash");
    fdtw_device(writer, device);
    fdtw_u32(writer, "bank-width", WORD_BYTES);
    fdtw_end(writer);
    return fdtw_error(writer);
}

static int flash_attach(struct device *device, const struct bus_region **other)
{
    struct flash *flash = (struct flash *)device;
    return bus_add_rom_device(device->env->bus, flash->array_name, device->base, device->size, device->pas_mask,
                              &device->ops->bus, device, &flash->region, other);
}

static const struct device_ops flash_ops = {
    .model = "flash",
    .bus = {.read = flash_read, .write = flash_write, .sizes = 1 | 2 | 4 | 8},
    .fields = fields,
    .field_count = sizeof(fields) / sizeof(*fields),
    .state_version = 1,
    .attach = flash_attach,
    .reset = flash_reset,
    .destroy = flash_destroy,
    .loaded = flash_loaded,
    .describe = flash_describe,
};

struct device *flash_cfi_create(const struct device_env *env, uint64_t base, uint64_t size, unsigned pas_mask)
{
    if (size < SIZE_MIN || size > (uint64_t)BLOCKS_MAX * BLOCK_BYTES || (size & (size - 1)))
        return NULL;
    struct flash *flash = calloc(1, sizeof(*flash));
    if (!flash)
        return NULL;
    device_init(&flash->device, &flash_ops, env, base, size, pas_mask, NULL, 0);
    snprintf(flash->array_name, sizeof(flash->array_name), "%s.array", flash->device.name);
    device_reset(&flash->device);
    return &flash->device;
}
