/*
 * The ATA disk. Specification: ATA/ATAPI Command Set 3 (ACS-3), and Serial ATA 3.2 for native command queuing.
 *
 * 48-bit addresses, sectors of 512 bytes, a queue of 32. Unknown commands and features are aborted, as are writes to a
 * disk whose backend is read-only (ATA has no better word for it) and transfers by cylinder, head and sector. A queued
 * command that fails is described in the NCQ command error log (page 10h); until it is read all others are aborted.
 *
 * Write cache: with it writes are complete when the backend has them, without (SET FEATURES 82h), and by FUA commands,
 * when it has flushed them. Power: STANDBY, IDLE and SLEEP are taken notice of; the disk serves every command but in
 * SLEEP, which only a reset ends. Not there: ATAPI, SMART, security, TRIM, host protected areas, the standby timer.
 */
#include "devices/ahci/ata.h"

#include "libarmsim/fabric/little_endian.h"

#include <string.h>

enum { QUEUE_DEPTH = 32, MULTIPLE_MAX = 16, LBA28_SECTORS = 0x0fffffff };
enum { LOG_DIRECTORY = 0x00, LOG_QUEUE_ERROR = 0x10 };
enum { DEVICE_LBA = 0x40, DEVICE_FUA = 0x80 };

static void complete(struct ata_registers *registers)
{
    registers->status = ATA_GOOD;
    registers->error = 0;
}

static void fail(struct ata_registers *registers, uint8_t error)
{
    registers->status = ATA_GOOD | ATA_ERR;
    registers->error = error;
}

/* --- transfers --- */

enum { IN = 1, OUT = 2, PIO = 4, EXT = 8, MULTIPLE = 16, QUEUED = 32, FUA = 64, VERIFY = 128 };

static uint64_t sector_count(const struct ata_registers *registers, unsigned flags)
{
    if (flags & QUEUED)
        return registers->features ? registers->features : 0x10000;
    if (flags & EXT)
        return registers->count ? registers->count : 0x10000;
    return registers->count & 0xff ? registers->count & 0xff : 0x100;
}

static uint64_t address(const struct ata_registers *registers, unsigned flags)
{
    if (flags & (EXT | QUEUED))
        return registers->lba;
    return (registers->lba & 0xffffff) | (uint64_t)(registers->device & 15) << 24;
}

static void begin_transfer(struct ata_disk *disk, struct ata_registers *registers, unsigned flags,
                           struct ata_transfer *transfer)
{
    uint64_t count = sector_count(registers, flags), lba = address(registers, flags);
    transfer->queued = flags & QUEUED;
    transfer->tag = registers->count >> 3 & 31;
    if (!(registers->device & DEVICE_LBA) || ((flags & MULTIPLE) && !disk->multiple) ||
        ((flags & OUT) && disk->backend.read_only) || ((flags & QUEUED) && disk->queue_failed)) {
        fail(registers, ATA_ABORT);
    } else if (lba >= disk->sectors || count > disk->sectors - lba) {
        fail(registers, ATA_NOT_FOUND);
    } else {
        complete(registers);
        if (flags & VERIFY)
            return;
        transfer->direction = flags & IN ? ATA_IN : ATA_OUT;
        transfer->pio = flags & PIO;
        transfer->bytes = count * ATA_SECTOR;
        transfer->offset = lba * ATA_SECTOR;
        transfer->flush = (flags & OUT) && ((flags & FUA) || disk->write_through ||
                                            ((flags & QUEUED) && (registers->device & DEVICE_FUA)));
    }
}

bool ata_read(struct ata_disk *disk, const struct ata_transfer *transfer, uint64_t done, uint8_t *data, size_t size,
              struct ata_registers *registers)
{
    if (transfer->from_page) {
        memcpy(data, transfer->page + done, size);
        return true;
    }
    if (disk->backend.read(disk->backend.opaque, transfer->offset + done, data, size) == 0)
        return true;
    fail(registers, ATA_UNCORRECTABLE);
    return false;
}

static void fault(struct ata_registers *registers)
{
    fail(registers, ATA_ABORT);
    registers->status |= ATA_FAULT;
}

bool ata_write(struct ata_disk *disk, const struct ata_transfer *transfer, uint64_t done, const uint8_t *data,
               size_t size, struct ata_registers *registers)
{
    if (disk->backend.write(disk->backend.opaque, transfer->offset + done, data, size) == 0)
        return true;
    fault(registers);
    return false;
}

static void flush(struct ata_disk *disk, struct ata_registers *registers)
{
    if (disk->backend.flush && disk->backend.flush(disk->backend.opaque))
        fault(registers);
    else
        complete(registers);
}

void ata_end(struct ata_disk *disk, const struct ata_transfer *transfer, struct ata_registers *registers)
{
    complete(registers);
    if (transfer->flush)
        flush(disk, registers);
}

/* --- pages of data that the disk itself makes --- */

static void put_word(uint8_t *page, unsigned word, uint32_t value)
{
    store_le16(page + 2 * word, (uint16_t)value);
}

static void put_words(uint8_t *page, unsigned word, uint64_t value, unsigned count)
{
    store_le(page + 2 * word, value, 2 * count);
}

/* ATA strings have two characters to a word, the first in its high byte, and are padded with spaces. */
static void put_string(uint8_t *page, unsigned word, unsigned words, const char *text)
{
    for (unsigned i = 0; i < 2 * words; i++) {
        page[2 * word + (i ^ 1)] = *text ? (uint8_t)*text : ' ';
        text += *text != '\0';
    }
}

/* The last byte makes the sum of all zero. */
static void put_checksum(uint8_t *page)
{
    uint8_t sum = 0;
    for (unsigned i = 0; i < ATA_SECTOR - 1; i++)
        sum = (uint8_t)(sum + page[i]);
    page[ATA_SECTOR - 1] = (uint8_t)-sum;
}

static void fill_identity(const struct ata_disk *disk, uint8_t *page)
{
    static const struct {
        uint8_t word;
        uint16_t value;
    } fixed[] = {
        {0, 0x0040},   {1, 16383},    {3, 16},       {6, 63},       {47, 0x8000 | MULTIPLE_MAX},
        {48, 0x4000},  {49, 0x0f00},  {50, 0x4000},  {53, 0x0006},  {63, 0x0007}, /* DMA, LBA, IORDY; multiword DMA */
        {64, 0x0003},  {65, 120},     {66, 120},     {67, 120},     {68, 120},    /* PIO modes, cycle times in ns */
        {75, QUEUE_DEPTH - 1},        {76, 0x010e},  {77, 0x0006},                /* queuing; three speeds, the third */
        {80, 0x07f0},  {82, 0x0068},  {83, 0x7400},  {84, 0x4060},                /* power, cache; LBA48, flush; log, FUA */
        {86, 0x3400},  {87, 0x4060},  {106, 0x4000}, {119, 0x4000}, {120, 0x4000},
        {217, 1},      {222, 0x107e},                                             /* no rotation; Serial ATA */
    };
    for (size_t i = 0; i < sizeof(fixed) / sizeof(fixed[0]); i++)
        put_word(page, fixed[i].word, fixed[i].value);
    put_string(page, 10, 10, disk->serial);
    put_string(page, 23, 4, "1.0");
    put_string(page, 27, 20, "armsim disk");
    put_word(page, 59, disk->multiple ? 0x100u | disk->multiple : 0);
    put_words(page, 60, disk->sectors < LBA28_SECTORS ? disk->sectors : LBA28_SECTORS, 2);
    put_word(page, 85, 0x0008u | (uint32_t)!disk->write_through << 5 | (uint32_t)!disk->no_look_ahead << 6);
    put_word(page, 88, 0x007fu | (disk->mode >> 3 == 8 ? 0x100u << (disk->mode & 7) : 0));
    put_words(page, 100, disk->sectors, 4);
    page[510] = 0xa5;
    put_checksum(page);
}

static void begin_page(struct ata_registers *registers, struct ata_transfer *transfer)
{
    complete(registers);
    transfer->direction = ATA_IN;
    transfer->pio = transfer->from_page = true;
    transfer->bytes = ATA_SECTOR;
}

static void identify(struct ata_disk *disk, struct ata_registers *registers, unsigned flags,
                     struct ata_transfer *transfer)
{
    fill_identity(disk, transfer->page);
    begin_page(registers, transfer);
}

static void fill_queue_error(const struct ata_disk *disk, uint8_t *page)
{
    if (!disk->queue_failed) {
        page[0] = 0x80; /* not about a queued command */
    } else {
        page[0] = disk->failed_tag;
        page[2] = disk->failed_status;
        page[3] = disk->failed_error;
        store_le(page + 4, disk->failed_lba, 3);
        store_le(page + 8, disk->failed_lba >> 24, 3);
        page[7] = DEVICE_LBA;
    }
    put_checksum(page);
}

static void read_log(struct ata_disk *disk, struct ata_registers *registers, unsigned flags,
                     struct ata_transfer *transfer)
{
    uint8_t log = registers->lba & 0xff;
    uint64_t page = (registers->lba >> 8 & 0xff) | (registers->lba >> 32 & 0xff) << 8;
    if (registers->count != 1 || page || (log != LOG_DIRECTORY && log != LOG_QUEUE_ERROR)) {
        fail(registers, ATA_ABORT);
        return;
    }
    if (log == LOG_QUEUE_ERROR) {
        fill_queue_error(disk, transfer->page);
        disk->queue_failed = false;
    } else {
        put_word(transfer->page, 0, 1);               /* version */
        put_word(transfer->page, LOG_QUEUE_ERROR, 1); /* pages */
    }
    begin_page(registers, transfer);
}

void ata_queue_error(struct ata_disk *disk, uint8_t tag, const struct ata_registers *registers)
{
    if (disk->queue_failed)
        return; /* the first one counts */
    disk->queue_failed = true;
    disk->failed_tag = tag;
    disk->failed_status = registers->status;
    disk->failed_error = registers->error;
    disk->failed_lba = registers->lba;
}

/* --- commands without data --- */

/* PIO default (with IORDY or not), PIO flow control 0 to 4, multiword DMA 0 to 2, Ultra DMA 0 to 6. */
static bool is_transfer_mode(unsigned mode)
{
    return mode <= 0x01 || (mode >= 0x08 && mode <= 0x0c) || (mode >= 0x20 && mode <= 0x22) ||
           (mode >= 0x40 && mode <= 0x46);
}

static void set_features(struct ata_disk *disk, struct ata_registers *registers, unsigned flags,
                         struct ata_transfer *transfer)
{
    complete(registers);
    switch (registers->features & 0xff) {
    case 0x02:
    case 0x82:
        disk->write_through = registers->features & 0x80;
        if (disk->write_through)
            flush(disk, registers);
        break;
    case 0xaa:
    case 0x55:
        disk->no_look_ahead = (registers->features & 0xff) == 0x55;
        break;
    case 0x03:
        if (is_transfer_mode(registers->count & 0xff))
            disk->mode = (uint8_t)registers->count;
        else
            fail(registers, ATA_ABORT);
        break;
    default:
        fail(registers, ATA_ABORT);
        break;
    }
}

static void set_multiple(struct ata_disk *disk, struct ata_registers *registers, unsigned flags,
                         struct ata_transfer *transfer)
{
    unsigned count = registers->count & 0xff;
    if (count > MULTIPLE_MAX || (count & (count - 1))) {
        fail(registers, ATA_ABORT);
        return;
    }
    disk->multiple = (uint8_t)count;
    complete(registers);
}

static void flush_cache(struct ata_disk *disk, struct ata_registers *registers, unsigned flags,
                        struct ata_transfer *transfer)
{
    flush(disk, registers);
}

static void power(struct ata_disk *disk, struct ata_registers *registers, unsigned flags, struct ata_transfer *transfer)
{
    enum { STANDBY_IMMEDIATE = 0xe0, STANDBY = 0xe2, CHECK_POWER_MODE = 0xe5, SLEEP = 0xe6 };
    complete(registers);
    if (registers->command == CHECK_POWER_MODE) {
        registers->count = disk->standby ? 0x00 : 0xff;
        return;
    }
    disk->standby = registers->command == STANDBY_IMMEDIATE || registers->command == STANDBY;
    disk->asleep = registers->command == SLEEP;
    if (disk->standby || disk->asleep)
        flush(disk, registers);
}

static void diagnose(struct ata_disk *disk, struct ata_registers *registers, unsigned flags,
                     struct ata_transfer *transfer)
{
    ata_reset(disk, registers);
}

static void nothing(struct ata_disk *disk, struct ata_registers *registers, unsigned flags,
                    struct ata_transfer *transfer)
{
    complete(registers);
}

static const struct {
    uint8_t code;
    unsigned flags;
    void (*begin)(struct ata_disk *disk, struct ata_registers *registers, unsigned flags,
                  struct ata_transfer *transfer);
} commands[] = {
    {0x10, 0, nothing},                                   /* RECALIBRATE */
    {0x20, IN | PIO, begin_transfer},                     /* READ SECTORS */
    {0x24, IN | PIO | EXT, begin_transfer},               /* READ SECTORS EXT */
    {0x25, IN | EXT, begin_transfer},                     /* READ DMA EXT */
    {0x29, IN | PIO | EXT | MULTIPLE, begin_transfer},    /* READ MULTIPLE EXT */
    {0x2f, 0, read_log},                                  /* READ LOG EXT */
    {0x30, OUT | PIO, begin_transfer},                    /* WRITE SECTORS */
    {0x34, OUT | PIO | EXT, begin_transfer},              /* WRITE SECTORS EXT */
    {0x35, OUT | EXT, begin_transfer},                    /* WRITE DMA EXT */
    {0x39, OUT | PIO | EXT | MULTIPLE, begin_transfer},   /* WRITE MULTIPLE EXT */
    {0x3d, OUT | EXT | FUA, begin_transfer},              /* WRITE DMA FUA EXT */
    {0x40, VERIFY, begin_transfer},                       /* READ VERIFY SECTORS */
    {0x42, VERIFY | EXT, begin_transfer},                 /* READ VERIFY SECTORS EXT */
    {0x60, IN | QUEUED, begin_transfer},                  /* READ FPDMA QUEUED */
    {0x61, OUT | QUEUED, begin_transfer},                 /* WRITE FPDMA QUEUED */
    {0x90, 0, diagnose},                                  /* EXECUTE DEVICE DIAGNOSTIC */
    {0x91, 0, nothing},                                   /* INITIALIZE DEVICE PARAMETERS: geometry, not used */
    {0xc4, IN | PIO | MULTIPLE, begin_transfer},          /* READ MULTIPLE */
    {0xc5, OUT | PIO | MULTIPLE, begin_transfer},         /* WRITE MULTIPLE */
    {0xc6, 0, set_multiple},                              /* SET MULTIPLE MODE */
    {0xc8, IN, begin_transfer},                           /* READ DMA */
    {0xca, OUT, begin_transfer},                          /* WRITE DMA */
    {0xce, OUT | PIO | EXT | MULTIPLE | FUA, begin_transfer}, /* WRITE MULTIPLE FUA EXT */
    {0xe0, 0, power},                                     /* STANDBY IMMEDIATE */
    {0xe1, 0, power},                                     /* IDLE IMMEDIATE */
    {0xe2, 0, power},                                     /* STANDBY */
    {0xe3, 0, power},                                     /* IDLE */
    {0xe5, 0, power},                                     /* CHECK POWER MODE */
    {0xe6, 0, power},                                     /* SLEEP */
    {0xe7, 0, flush_cache},                               /* FLUSH CACHE */
    {0xea, 0, flush_cache},                               /* FLUSH CACHE EXT */
    {0xec, 0, identify},                                  /* IDENTIFY DEVICE */
    {0xef, 0, set_features},                              /* SET FEATURES */
};

void ata_begin(struct ata_disk *disk, struct ata_registers *registers, struct ata_transfer *transfer)
{
    *transfer = (struct ata_transfer){.direction = ATA_NO_DATA};
    if (!disk->asleep)
        for (size_t i = 0; i < sizeof(commands) / sizeof(commands[0]); i++)
            if (commands[i].code == registers->command) {
                commands[i].begin(disk, registers, commands[i].flags, transfer);
                return;
            }
    fail(registers, ATA_ABORT);
}

bool ata_is_queued(uint8_t command)
{
    return command == 0x60 || command == 0x61;
}

void ata_reset(struct ata_disk *disk, struct ata_registers *registers)
{
    disk->multiple = 0;
    disk->standby = disk->asleep = disk->queue_failed = false;
    registers->status = ATA_GOOD;
    registers->error = 1; /* diagnostics passed */
    registers->count = 1;
    registers->lba = 1;   /* with these: an ATA disk */
    registers->device = 0;
}
