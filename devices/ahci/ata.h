/* An ATA disk: what a command does, apart from how the host adapter moves its data. Private to devices/ahci/. */
#ifndef ARMSIM_DEVICES_AHCI_ATA_H
#define ARMSIM_DEVICES_AHCI_ATA_H

#include "devices/block_backend.h"

enum { ATA_SECTOR = 512 };

/* The status and error registers. */
enum { ATA_ERR = 0x01, ATA_DRQ = 0x08, ATA_SEEK = 0x10, ATA_FAULT = 0x20, ATA_READY = 0x40, ATA_BUSY = 0x80 };
enum { ATA_ABORT = 0x04, ATA_NOT_FOUND = 0x10, ATA_UNCORRECTABLE = 0x40 };
enum { ATA_GOOD = ATA_READY | ATA_SEEK };

struct ata_disk {
    struct block_backend backend;
    uint64_t sectors; /* 0: no disk */
    char serial[21];

    uint8_t multiple;        /* sectors of READ and WRITE MULTIPLE; 0: not set */
    uint8_t mode;            /* the transfer mode chosen by SET FEATURES */
    bool write_through, no_look_ahead;
    bool standby, asleep;
    bool queue_failed;       /* a queued command failed: all are aborted until its log page is read */
    uint8_t failed_tag, failed_status, failed_error;
    uint64_t failed_lba;
};

/* What a command's registers hold; status and error are the answer's. */
struct ata_registers {
    uint8_t command, device, status, error;
    uint16_t features, count;
    uint64_t lba; /* 48 bits, as the registers have them */
};

enum ata_direction { ATA_NO_DATA, ATA_IN /* to the host */, ATA_OUT };

/* The data of a command that goes on. */
struct ata_transfer {
    enum ata_direction direction;
    bool pio, queued;
    uint8_t tag;      /* queued */
    uint64_t bytes;
    uint64_t offset;  /* on the disk ... */
    bool from_page;   /* ... or in the page */
    bool flush;       /* before it is complete (FUA) */
    uint8_t page[ATA_SECTOR];
};

/* Begins a command: what data it moves. Without any it is complete; status and error are set. */
void ata_begin(struct ata_disk *disk, struct ata_registers *registers, struct ata_transfer *transfer);
/* Data for the host, or from it. False: the disk fails; status and error are set. */
bool ata_read(struct ata_disk *disk, const struct ata_transfer *transfer, uint64_t done, uint8_t *data, size_t size,
              struct ata_registers *registers);
bool ata_write(struct ata_disk *disk, const struct ata_transfer *transfer, uint64_t done, const uint8_t *data,
               size_t size, struct ata_registers *registers);
/* All data has been moved. */
void ata_end(struct ata_disk *disk, const struct ata_transfer *transfer, struct ata_registers *registers);
/* A queued command has failed: kept for the log. */
void ata_queue_error(struct ata_disk *disk, uint8_t tag, const struct ata_registers *registers);
/* A hardware or software reset: the registers of the signature. */
void ata_reset(struct ata_disk *disk, struct ata_registers *registers);
bool ata_is_queued(uint8_t command);

#endif
