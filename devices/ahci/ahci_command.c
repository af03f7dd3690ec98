/*
 * Commands: the command list and tables, FISes, the scatter list. Specification: AHCI 1.3.1, sections 4.2 and 5; the
 * FISes are those of Serial ATA 3.2, section 10.5.
 *
 * A command is fetched, executed and completed at one moment of virtual time, so nothing is in flight anywhere but in the
 * ports' registers and in guest memory. Of a queued command the acceptance (a Register FIS) and the completion (a Set
 * Device Bits FIS, one for all that are done by then) come at the same time.
 */
#include "devices/ahci/ahci_internal.h"

#include "libarmsim/fabric/little_endian.h"

#include <inttypes.h>
#include <string.h>

enum { SLOTS = 32, HEADER_BYTES = 32, TABLE_PRDT = 0x80, PRD_BYTES = 16, PRD_SIZE_MASK = 0x3fffff };
enum { FIS_H2D = 0x27, FIS_D2H = 0x34, FIS_DMA_SETUP = 0x41, FIS_PIO_SETUP = 0x5f, FIS_SET_BITS = 0xa1 };
/* Where FISes are received, and how long they are. */
enum { AT_DMA_SETUP = 0x00, AT_PIO_SETUP = 0x20, AT_D2H = 0x40, AT_SET_BITS = 0x58 };
enum { DMA_SETUP_BYTES = 28, PIO_SETUP_BYTES = 20, D2H_BYTES = 20, SET_BITS_BYTES = 8, H2D_BYTES = 20 };
enum { FIS_INTERRUPT = 0x40, FIS_TO_HOST = 0x20, CONTROL_RESET = 0x04, BATCH_BYTES = 4 << 20 };

/* What a command came with. */
struct command {
    unsigned slot;
    uint64_t header, table;
    uint32_t entries;    /* of the scatter list */
    uint64_t moved;      /* bytes, PRDBC */
    struct ata_registers registers;
    struct ata_transfer transfer;
    /* Position in the scatter list. */
    uint32_t entry;
    uint64_t part, left; /* where the entry's next bytes lie, and how many they are */
    bool tell;           /* the entry asks for an interrupt */
};

static struct bus_attrs dma_attrs(const struct ahci *ahci)
{
    if (ahci->function)
        return pci_function_dma(ahci->function);
    return (struct bus_attrs){.pas = PAS_NON_SECURE, .requester = (uint16_t)(BUS_REQUESTER_DMA + ahci->device.spi)};
}

/* --- errors --- */

/* Nothing more is fetched until software restarts the port. */
static void halt(struct ahci_port *port, uint32_t interrupts)
{
    port->halted = true;
    ahci_raise(port, interrupts);
}

static bool bus_fault(struct ahci_port *port, uint64_t address, size_t size)
{
    log_message(port->ahci->device.env->log, LOG_GUEST_ERROR, "%s: port %u: %zu bytes at %#" PRIx64 " are not in memory",
                port->ahci->device.name, (unsigned)(port - port->ahci->port), size, address);
    halt(port, IS_HBFS);
    return false;
}

static bool fetch(struct ahci_port *port, uint64_t address, void *data, size_t size)
{
    if (bus_read_block(port->ahci->device.env->bus, address, data, size, dma_attrs(port->ahci)) == BUS_OK)
        return true;
    return bus_fault(port, address, size);
}

static bool put(struct ahci_port *port, uint64_t address, const void *data, size_t size)
{
    if (bus_write_block(port->ahci->device.env->bus, address, data, size, dma_attrs(port->ahci)) == BUS_OK)
        return true;
    return bus_fault(port, address, size);
}

/* --- FISes to the host --- */

static bool receive(struct ahci_port *port, unsigned at, const uint8_t *fis, size_t size)
{
    return !(port->command & CMD_FRE) || put(port, port->fis + at, fis, size);
}

static void set_task_file(struct ahci_port *port, const struct ata_registers *registers)
{
    port->task_file = (uint32_t)registers->error << 8 | registers->status;
}

/* Bytes 2 to 13 of a Register or PIO Setup FIS. */
static void put_registers(uint8_t *fis, const struct ata_registers *registers)
{
    fis[2] = registers->status;
    fis[3] = registers->error;
    store_le(fis + 4, registers->lba, 3);
    store_le(fis + 8, registers->lba >> 24, 3);
    fis[7] = registers->device;
    store_le16(fis + 12, registers->count);
}

static void send_d2h(struct ahci_port *port, const struct ata_registers *registers, bool interrupt)
{
    uint8_t fis[D2H_BYTES] = {FIS_D2H, interrupt ? FIS_INTERRUPT : 0};
    put_registers(fis, registers);
    set_task_file(port, registers);
    if (!receive(port, AT_D2H, fis, sizeof(fis)))
        return;
    uint32_t interrupts = interrupt ? IS_DHRS : 0;
    if (registers->status & ATA_ERR)
        halt(port, interrupts | IS_TFES);
    else
        ahci_raise(port, interrupts);
}

static bool send_pio_setup(struct ahci_port *port, const struct command *command)
{
    bool in = command->transfer.direction == ATA_IN;
    uint8_t fis[PIO_SETUP_BYTES] = {FIS_PIO_SETUP, FIS_INTERRUPT | (in ? FIS_TO_HOST : 0)};
    struct ata_registers during = command->registers;
    during.status |= ATA_DRQ;
    put_registers(fis, &during);
    fis[15] = command->registers.status; /* E_STATUS: after the data */
    store_le16(fis + 16, (uint16_t)command->transfer.bytes);
    return receive(port, AT_PIO_SETUP, fis, sizeof(fis));
}

static bool send_dma_setup(struct ahci_port *port, const struct command *command)
{
    uint8_t fis[DMA_SETUP_BYTES] = {FIS_DMA_SETUP, command->transfer.direction == ATA_IN ? FIS_TO_HOST : 0};
    fis[4] = command->transfer.tag;
    store_le32(fis + 20, (uint32_t)command->transfer.bytes);
    return receive(port, AT_DMA_SETUP, fis, sizeof(fis));
}

/* Completes queued commands; with an error, none. */
static void send_set_bits(struct ahci_port *port, uint32_t done, const struct ata_registers *registers)
{
    uint8_t fis[SET_BITS_BYTES] = {FIS_SET_BITS, FIS_INTERRUPT, registers->status & 0x77, registers->error};
    store_le32(fis + 4, done);
    port->task_file = (port->task_file & 0x88) | (uint32_t)registers->error << 8 | (registers->status & 0x77);
    if (!receive(port, AT_SET_BITS, fis, sizeof(fis)))
        return;
    port->active &= ~done;
    if (registers->status & ATA_ERR)
        halt(port, IS_SDBS | IS_TFES);
    else
        ahci_raise(port, IS_SDBS);
}

void ahci_announce(struct ahci_port *port)
{
    struct ata_registers registers = {0};
    ata_reset(&port->disk, &registers);
    port->announce = false;
    port->signature = (uint32_t)registers.lba << 8 | (registers.count & 0xff);
    send_d2h(port, &registers, false);
}

/* --- the scatter list --- */

static bool next_entry(struct ahci_port *port, struct command *command)
{
    uint8_t prd[PRD_BYTES];
    if (command->entry == command->entries)
        return false;
    if (!fetch(port, command->table + TABLE_PRDT + (uint64_t)command->entry * PRD_BYTES, prd, sizeof(prd)))
        return false;
    command->entry++;
    command->part = (load_le32(prd) & ~1u) | (uint64_t)load_le32(prd + 4) << 32;
    command->left = ((load_le32(prd + 12) & PRD_SIZE_MASK) | 1) + 1; /* bit 0 is always one: an even number of bytes */
    command->tell = load_le32(prd + 12) >> 31;
    return true;
}

/* Moves `size` bytes between the buffer and memory. False: the port is halted. */
static bool scatter(struct ahci_port *port, struct command *command, uint8_t *data, size_t size, bool to_memory)
{
    while (size) {
        if (!command->left && !next_entry(port, command)) {
            if (!port->halted) /* more data than room */
                halt(port, IS_OFS | IS_IFS);
            return false;
        }
        size_t part = command->left < size ? (size_t)command->left : size;
        if (!(to_memory ? put(port, command->part, data, part) : fetch(port, command->part, data, part)))
            return false;
        command->part += part;
        command->left -= part;
        command->moved += part;
        data += part;
        size -= part;
        if (!command->left && command->tell)
            ahci_raise(port, IS_DPS);
    }
    return true;
}

/* All data of a command. False: the port is halted. What the disk refuses is in the registers. */
static bool move_data(struct ahci_port *port, struct command *command)
{
    struct ata_transfer *transfer = &command->transfer;
    struct ahci *ahci = port->ahci;
    for (uint64_t done = 0; done < transfer->bytes;) {
        size_t part = transfer->bytes - done < sizeof(ahci->buffer) ? (size_t)(transfer->bytes - done)
                                                                   : sizeof(ahci->buffer);
        if (transfer->direction == ATA_IN) {
            if (!ata_read(&port->disk, transfer, done, ahci->buffer, part, &command->registers))
                return true;
            if (!scatter(port, command, ahci->buffer, part, true))
                return false;
        } else {
            if (!scatter(port, command, ahci->buffer, part, false))
                return false;
            if (!ata_write(&port->disk, transfer, done, ahci->buffer, part, &command->registers))
                return true;
        }
        done += part;
    }
    ata_end(&port->disk, transfer, &command->registers);
    return true;
}

/* --- one command --- */

static bool put_count(struct ahci_port *port, const struct command *command)
{
    uint8_t count[4];
    store_le32(count, (uint32_t)command->moved);
    return put(port, command->header + 4, count, sizeof(count));
}

static void finish_queued(struct ahci_port *port, struct command *command, uint32_t *done)
{
    struct ata_registers accepted = command->registers;
    if (command->registers.status & ATA_ERR) {
        ata_queue_error(&port->disk, command->transfer.tag, &command->registers);
        port->issued &= ~(1u << command->slot);
        send_set_bits(port, 0, &command->registers);
        return;
    }
    send_d2h(port, &accepted, false);
    if (port->halted)
        return;
    port->issued &= ~(1u << command->slot);
    *done |= 1u << command->transfer.tag;
}

static void finish(struct ahci_port *port, struct command *command)
{
    bool good = !(command->registers.status & ATA_ERR);
    bool by_setup = good && command->transfer.pio && command->transfer.direction == ATA_IN;
    if (!put_count(port, command))
        return;
    if (good)
        port->issued &= ~(1u << command->slot);
    if (!by_setup) {
        send_d2h(port, &command->registers, true);
        return;
    }
    set_task_file(port, &command->registers); /* the PIO Setup FIS has the final status too */
    ahci_raise(port, IS_PSS);
}

static void execute(struct ahci_port *port, struct command *command, uint32_t *done)
{
    bool queued = ata_is_queued(command->registers.command);
    ata_begin(&port->disk, &command->registers, &command->transfer);
    if (command->transfer.direction != ATA_NO_DATA) {
        if (command->transfer.pio && !send_pio_setup(port, command))
            return;
        if (queued && !send_dma_setup(port, command))
            return;
        if (!move_data(port, command))
            return;
        if (command->transfer.pio && command->transfer.direction == ATA_OUT)
            ahci_raise(port, IS_PSS);
    }
    if (queued)
        finish_queued(port, command, done);
    else
        finish(port, command);
}

/* The control register of a FIS that is no command: its reset bit begins, and then ends, a software reset. */
static void write_control(struct ahci_port *port, unsigned slot, uint8_t control)
{
    port->issued &= ~(1u << slot);
    if (control & CONTROL_RESET) {
        port->resetting = true;
        port->task_file &= 0xffffff00u | (uint32_t)~(ATA_BUSY | ATA_DRQ);
    } else if (port->resetting) {
        port->resetting = false;
        ahci_announce(port);
    }
}

static struct ata_registers registers_of(const uint8_t *fis)
{
    return (struct ata_registers){.command = fis[2],
                                  .device = fis[7],
                                  .features = (uint16_t)(fis[3] | fis[11] << 8),
                                  .count = load_le16(fis + 12),
                                  .lba = load_le(fis + 4, 3) | load_le(fis + 8, 3) << 24};
}

static void issue(struct ahci_port *port, unsigned slot, uint32_t *done, uint64_t *moved)
{
    struct command command = {.slot = slot, .header = port->command_list + slot * HEADER_BYTES};
    uint8_t header[HEADER_BYTES], fis[H2D_BYTES];
    if (!fetch(port, command.header, header, sizeof(header)))
        return;
    command.table = (load_le32(header + 8) & ~0x7fu) | (uint64_t)load_le32(header + 12) << 32;
    command.entries = load_le32(header) >> 16;
    if (!fetch(port, command.table, fis, sizeof(fis)))
        return;
    if (fis[0] != FIS_H2D || (load_le32(header) & 31) < H2D_BYTES / 4) {
        log_message(port->ahci->device.env->log, LOG_GUEST_ERROR, "%s: a FIS of type %#x and %u words is no command",
                    port->ahci->device.name, fis[0], (unsigned)(load_le32(header) & 31));
        port->errors |= SERR_HANDSHAKE;
        halt(port, IS_IFS);
        return;
    }
    if (!(fis[1] & 0x80)) {
        write_control(port, slot, fis[15]);
        return;
    }
    command.registers = registers_of(fis);
    execute(port, &command, done);
    *moved += command.moved;
}

/* The next slot behind the present one, round and round, whose command is issued. */
static unsigned next_slot(const struct ahci_port *port)
{
    unsigned slot = port->slot;
    do
        slot = (slot + 1) % SLOTS;
    while (!(port->issued >> slot & 1));
    return slot;
}

bool ahci_serve(struct ahci_port *port)
{
    uint32_t done = 0;
    uint64_t moved = 0;
    while (port->issued && !port->halted && moved < BATCH_BYTES) {
        port->slot = (uint8_t)next_slot(port);
        issue(port, port->slot, &done, &moved);
    }
    if (done && !port->halted) {
        const struct ata_registers good = {.status = ATA_GOOD};
        send_set_bits(port, done, &good);
    } else if (done) {
        port->active &= ~done; /* the error came behind them: they are complete */
    }
    return port->issued && !port->halted;
}
