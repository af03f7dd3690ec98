/*
 * The AHCI host bus adapter. Specification: Serial ATA Advanced Host Controller Interface 1.3.1.
 *
 *   0x000 CAP   0x010 VS    0x100 + 0x80 n: PxCLB, PxCLBU, PxFB, PxFBU, PxIS, PxIE, PxCMD, -, PxTFD, PxSIG, PxSSTS,
 *   0x004 GHC                               PxSCTL, PxSERR, PxSACT, PxCI, PxSNTF, PxFBS, PxDEVSLP
 *   0x008 IS    0x024 CAP2
 *   0x00c PI    0x028 BOHC
 *
 * Six ports of 32 slots, 64-bit addresses, native command queuing, command list override, AHCI mode only. No port
 * multipliers, no staggered spin-up, no command completion coalescing, no enclosure management, no link power
 * management, no hot plug: what belongs to them is read-only zero. Accesses are of 32 bits.
 *
 * Interrupt: one line, high while IS is not zero and GHC.IE is set; as a PCI function with MSI a message when a bit of IS
 * is set, and when a write leaves some. Without bus mastering nothing is fetched; it goes on when that is enabled.
 *
 * Time: commands are served 10 us of virtual time after they are issued (4 MiB of data at once, the rest after another
 * 10 us); a disk sends its signature 10 us after a reset, or when the port receives FISes.
 */
#include "devices/ahci/ahci_internal.h"

#include "devices/fdt_writer.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { LATENCY_NS = 10000, SPEED = 3 /* 6 Gbit/s */ };
enum { CAP = 0x00, GHC = 0x04, IS = 0x08, PI = 0x0c, VS = 0x10, CCC_CTL = 0x14, CAP2 = 0x24, BOHC = 0x28 };
enum { PORTS_AT = 0x100, PORT_BYTES = 0x80, VERSION_1_3_1 = 0x00010301 };

#define CAP_VALUE                                                                                                      \
    (1u << 31 /* S64A */ | 1u << 30 /* SNCQ */ | 1u << 24 /* SCLO */ | SPEED << 20 | 1u << 18 /* SAM */ | 31u << 8 |   \
     (AHCI_PORTS - 1))
#define GHC_AE (1u << 31)
#define GHC_IE (1u << 1)
#define GHC_HR (1u << 0)

#define TFD_NO_DEVICE 0x7fu

static const struct state_field fields[] = {
    STATE_FIELD(struct ahci, control, GHC_AE),
    STATE_FIELD(struct ahci, interrupts, 0),
    STATE_MEMBERS(struct ahci, port, command_list, 0),
    STATE_MEMBERS(struct ahci, port, fis, 0),
    STATE_MEMBERS(struct ahci, port, interrupts, 0),
    STATE_MEMBERS(struct ahci, port, enabled, 0),
    STATE_MEMBERS(struct ahci, port, command, CMD_SUD | CMD_POD),
    STATE_MEMBERS(struct ahci, port, task_file, TFD_NO_DEVICE),
    STATE_MEMBERS(struct ahci, port, signature, UINT32_MAX),
    STATE_MEMBERS(struct ahci, port, status, 0),
    STATE_MEMBERS(struct ahci, port, control, 0),
    STATE_MEMBERS(struct ahci, port, errors, 0),
    STATE_MEMBERS(struct ahci, port, active, 0),
    STATE_MEMBERS(struct ahci, port, issued, 0),
    STATE_MEMBERS(struct ahci, port, slot, 0),
    STATE_MEMBERS(struct ahci, port, halted, 0),
    STATE_MEMBERS(struct ahci, port, resetting, 0),
    STATE_MEMBERS(struct ahci, port, announce, 0),
    STATE_MEMBERS(struct ahci, port, disk.multiple, 0),
    STATE_MEMBERS(struct ahci, port, disk.mode, 0),
    STATE_MEMBERS(struct ahci, port, disk.write_through, 0),
    STATE_MEMBERS(struct ahci, port, disk.no_look_ahead, 0),
    STATE_MEMBERS(struct ahci, port, disk.standby, 0),
    STATE_MEMBERS(struct ahci, port, disk.asleep, 0),
    STATE_MEMBERS(struct ahci, port, disk.queue_failed, 0),
    STATE_MEMBERS(struct ahci, port, disk.failed_tag, 0),
    STATE_MEMBERS(struct ahci, port, disk.failed_status, 0),
    STATE_MEMBERS(struct ahci, port, disk.failed_error, 0),
    STATE_MEMBERS(struct ahci, port, disk.failed_lba, 0),
};

/* --- interrupts --- */

static uint32_t port_interrupts(const struct ahci_port *port)
{
    return port->interrupts | (port->errors & SERR_EXCHANGED ? IS_PCS : 0) |
           (port->errors & SERR_PHY_CHANGED ? IS_PRCS : 0);
}

/* IS follows the ports; `left`: a write has left bits set, of which another message tells. */
static void update_interrupt(struct ahci *ahci, bool left)
{
    uint32_t before = ahci->interrupts;
    for (unsigned i = 0; i < AHCI_PORTS; i++)
        if (port_interrupts(&ahci->port[i]) & ahci->port[i].enabled)
            ahci->interrupts |= 1u << i;
    bool level = ahci->interrupts && (ahci->control & GHC_IE);
    if (!ahci->function) {
        irq_set(ahci->device.irq, level);
        return;
    }
    pci_function_set_level(ahci->function, level);
    if (level && ((ahci->interrupts & ~before) || left))
        pci_function_message(ahci->function, 0);
}

void ahci_raise(struct ahci_port *port, uint32_t interrupts)
{
    port->interrupts |= interrupts;
    update_interrupt(port->ahci, false);
}

/* --- work --- */

void ahci_schedule(struct ahci_port *port)
{
    struct clock *clock = port->ahci->device.env->clock;
    if (!clock_is_scheduled(&port->work))
        clock_schedule(clock, &port->work, clock_now(clock) + LATENCY_NS);
}

static bool may_dma(const struct ahci *ahci)
{
    return !ahci->function || pci_function_is_master(ahci->function);
}

static bool is_linked(const struct ahci_port *port)
{
    return (port->status & 15) == 3;
}

static void on_work(void *opaque, uint64_t now)
{
    struct ahci_port *port = opaque;
    if (!is_linked(port) || !may_dma(port->ahci))
        return;
    if (port->announce && (port->command & CMD_FRE))
        ahci_announce(port);
    if ((port->command & CMD_ST) && port->issued && !port->halted && ahci_serve(port))
        clock_schedule(port->ahci->device.env->clock, &port->work, now + LATENCY_NS);
}

static void on_mastering(void *opaque, bool on)
{
    struct ahci *ahci = opaque;
    for (unsigned i = 0; i < AHCI_PORTS && on; i++)
        if (ahci->port[i].issued || ahci->port[i].announce)
            ahci_schedule(&ahci->port[i]);
}

/* --- the link --- */

static void link_down(struct ahci_port *port, uint32_t detection)
{
    port->status = detection;
    port->task_file = TFD_NO_DEVICE;
    port->signature = UINT32_MAX;
    port->announce = port->resetting = false;
    clock_cancel(port->ahci->device.env->clock, &port->work);
}

static void link_up(struct ahci_port *port)
{
    uint32_t limit = port->control >> 4 & 15, speed = limit && limit < SPEED ? limit : SPEED;
    link_down(port, 0);
    if (!port->disk.sectors)
        return;
    port->status = 1u << 8 | speed << 4 | 3;
    port->errors |= SERR_EXCHANGED | SERR_PHY_CHANGED;
    port->task_file = ATA_BUSY;
    port->announce = true;
    ahci_schedule(port);
}

static void write_control(struct ahci_port *port, uint32_t value)
{
    enum { DET_NONE = 0, DET_RESET = 1, DET_OFF = 4 };
    uint32_t before = port->control & 15, now = value & 15;
    port->control = value & 0xfff;
    if (now == before)
        return;
    if (now == DET_RESET)
        link_down(port, 0);
    else if (now == DET_OFF)
        link_down(port, DET_OFF);
    else if (now == DET_NONE)
        link_up(port);
    update_interrupt(port->ahci, false);
}

/* --- port registers --- */

static void stop(struct ahci_port *port)
{
    port->command &= ~(CMD_ST | CMD_CR);
    port->issued = port->active = 0;
    port->slot = 0;
    port->halted = false;
}

static void write_command(struct ahci_port *port, uint32_t value)
{
    const struct device *device = &port->ahci->device;
    uint32_t stored = CMD_ATAPI | CMD_DLAE;
    port->command = (port->command & ~stored) | (value & stored);
    if (value & CMD_CLO)
        port->task_file &= ~(uint32_t)(ATA_BUSY | ATA_DRQ);
    if (value & CMD_FRE)
        port->command |= CMD_FRE | CMD_FR;
    else
        port->command &= ~(CMD_FRE | CMD_FR);
    if (!(value & CMD_ST)) {
        stop(port);
    } else if (!(port->command & CMD_ST)) {
        if (!(value & CMD_FRE))
            log_message(device->env->log, LOG_GUEST_ERROR, "%s: PxCMD.ST without FRE", device->name);
        port->command |= CMD_ST | CMD_CR;
    }
    if (port->announce && (port->command & CMD_FRE))
        ahci_schedule(port);
}

static void issue(struct ahci_port *port, uint32_t slots)
{
    const struct device *device = &port->ahci->device;
    if (!(port->command & CMD_ST)) {
        if (slots)
            log_message(device->env->log, LOG_GUEST_ERROR, "%s: PxCI while PxCMD.ST is clear", device->name);
        return;
    }
    port->issued |= slots;
    if (port->issued && !port->halted)
        ahci_schedule(port);
}

static uint32_t *half(uint64_t *address, bool high)
{
    return (uint32_t *)(void *)address + (__BYTE_ORDER__ == __ORDER_BIG_ENDIAN__ ? !high : high);
}

static uint32_t read_port(struct ahci_port *port, uint64_t offset, bool debug)
{
    switch (offset) {
    case PORT_CLB:
    case PORT_CLBU:
        return *half(&port->command_list, offset == PORT_CLBU);
    case PORT_FB:
    case PORT_FBU:
        return *half(&port->fis, offset == PORT_FBU);
    case PORT_IS:
        return port_interrupts(port);
    case PORT_IE:
        return port->enabled;
    case PORT_CMD:
        return port->command | (uint32_t)port->slot << 8;
    case PORT_TFD:
        return port->task_file;
    case PORT_SIG:
        return port->signature;
    case PORT_SSTS:
        return port->status;
    case PORT_SCTL:
        return port->control;
    case PORT_SERR:
        return port->errors;
    case PORT_SACT:
        return port->active;
    case PORT_CI:
        return port->issued;
    case PORT_SNTF:
    case PORT_FBS:
    case PORT_DEVSLP:
        return 0;
    default:
        if (!debug)
            device_bad_offset(&port->ahci->device, "read of a port", offset, 4);
        return 0;
    }
}

static void write_port(struct ahci_port *port, uint64_t offset, uint32_t value)
{
    enum { INTERRUPTS = 0x7dc0003f | IS_PCS | IS_PRCS }; /* those of AHCI 1.3.1, without cold presence detect */
    switch (offset) {
    case PORT_CLB:
        *half(&port->command_list, false) = value & ~0x3ffu;
        break;
    case PORT_CLBU:
        *half(&port->command_list, true) = value;
        break;
    case PORT_FB:
        *half(&port->fis, false) = value & ~0xffu;
        break;
    case PORT_FBU:
        *half(&port->fis, true) = value;
        break;
    case PORT_IS:
        port->interrupts &= ~value;
        break;
    case PORT_IE:
        port->enabled = value & INTERRUPTS;
        update_interrupt(port->ahci, false);
        break;
    case PORT_CMD:
        write_command(port, value);
        break;
    case PORT_SCTL:
        write_control(port, value);
        break;
    case PORT_SERR:
        port->errors &= ~value;
        break;
    case PORT_SACT:
        if (port->command & CMD_ST)
            port->active |= value;
        break;
    case PORT_CI:
        issue(port, value);
        break;
    case PORT_SNTF:
    case PORT_FBS:
    case PORT_DEVSLP:
        break; /* read-only without what they are for */
    default: /* PxTFD, PxSIG and PxSSTS among them */
        device_bad_offset(&port->ahci->device, "write of a port", offset, 4);
        break;
    }
}

/* --- the adapter's registers --- */

static uint32_t read_global(const struct ahci *ahci, uint64_t offset, bool debug)
{
    switch (offset) {
    case CAP:
        return CAP_VALUE;
    case GHC:
        return ahci->control;
    case IS:
        return ahci->interrupts;
    case PI:
        return (1u << AHCI_PORTS) - 1;
    case VS:
        return VERSION_1_3_1;
    case CCC_CTL ... CAP2 - 4: /* command completion coalescing, enclosure management */
    case CAP2:
    case BOHC:
        return 0;
    default:
        if (!debug)
            device_bad_offset(&ahci->device, "read", offset, 4);
        return 0;
    }
}

/* As at power-on, but for the places of the command lists and FISes, which stay. */
static void reset_adapter(struct ahci *ahci)
{
    uint64_t places[AHCI_PORTS][2];
    for (unsigned i = 0; i < AHCI_PORTS; i++) {
        places[i][0] = ahci->port[i].command_list;
        places[i][1] = ahci->port[i].fis;
    }
    device_reset(&ahci->device);
    for (unsigned i = 0; i < AHCI_PORTS; i++) {
        ahci->port[i].command_list = places[i][0];
        ahci->port[i].fis = places[i][1];
    }
}

static void write_global(struct ahci *ahci, uint64_t offset, uint32_t value)
{
    bool was_enabled = ahci->control & GHC_IE;
    switch (offset) {
    case GHC:
        if (value & GHC_HR) {
            reset_adapter(ahci);
            break;
        }
        ahci->control = GHC_AE | (value & GHC_IE);
        update_interrupt(ahci, !was_enabled);
        break;
    case IS:
        ahci->interrupts &= ~value;
        update_interrupt(ahci, true);
        break;
    case CAP: /* drivers write back what they have read */
    case PI:
    case CCC_CTL ... CAP2 - 4:
    case BOHC:
        break;
    default:
        device_bad_offset(&ahci->device, "write", offset, 4);
        break;
    }
}

static enum bus_result ahci_read(void *opaque, uint64_t offset, unsigned size, struct bus_attrs attrs, uint64_t *value)
{
    struct ahci *ahci = opaque;
    unsigned port = (unsigned)(offset - PORTS_AT) / PORT_BYTES;
    if (offset >= PORTS_AT && port < AHCI_PORTS)
        *value = read_port(&ahci->port[port], offset % PORT_BYTES, attrs.debug);
    else
        *value = read_global(ahci, offset, attrs.debug);
    return BUS_OK;
}

static enum bus_result ahci_write(void *opaque, uint64_t offset, unsigned size, struct bus_attrs attrs, uint64_t value)
{
    struct ahci *ahci = opaque;
    unsigned port = (unsigned)(offset - PORTS_AT) / PORT_BYTES;
    if (attrs.debug)
        return BUS_DEVICE_ERROR;
    if (offset >= PORTS_AT && port < AHCI_PORTS)
        write_port(&ahci->port[port], offset % PORT_BYTES, (uint32_t)value);
    else
        write_global(ahci, offset, (uint32_t)value);
    return BUS_OK;
}

/* --- life --- */

static void reset(struct device *device)
{
    struct ahci *ahci = (struct ahci *)device;
    for (unsigned i = 0; i < AHCI_PORTS; i++)
        link_up(&ahci->port[i]);
    update_interrupt(ahci, false);
}

static bool loaded(void *opaque)
{
    const struct ahci *ahci = opaque;
    for (unsigned i = 0; i < AHCI_PORTS; i++) {
        const struct ahci_port *port = &ahci->port[i];
        if (port->slot > 31 || port->disk.multiple > 16 || (is_linked(port) && !port->disk.sectors))
            return false;
    }
    return true;
}

static void destroy(struct device *device)
{
    struct ahci *ahci = (struct ahci *)device;
    for (unsigned i = 0; i < AHCI_PORTS; i++)
        clock_unregister(device->env->clock, &ahci->port[i].work);
    free(ahci);
}

static int describe(struct device *device, struct fdt_writer *writer)
{
    if (((struct ahci *)device)->function)
        return 0;
    fdtw_begin_at(writer, "sata", device->base);
    fdtw_string(writer, "compatible", "generic-ahci");
    fdtw_device(writer, device);
    fdtw_empty(writer, "dma-coherent");
    fdtw_end(writer);
    return fdtw_error(writer);
}

static const struct device_ops ahci_ops = {
    .model = "ahci",
    .bus = {.read = ahci_read, .write = ahci_write, .sizes = 4},
    .fields = fields,
    .field_count = sizeof(fields) / sizeof(fields[0]),
    .state_version = 1,
    .reset = reset,
    .destroy = destroy,
    .loaded = loaded,
    .describe = describe,
};

/* The ICH9's identity, which drivers that go by numbers know as QEMU's too. */
static void define_function(struct ahci *ahci)
{
    struct pci_function_info info = {.vendor = 0x8086,
                                     .device = 0x2922,
                                     .subsystem_vendor = 0x1af4,
                                     .subsystem = 0x1100,
                                     .class_code = 0x010601,
                                     .revision = 2,
                                     .express = true,
                                     .pin = 1,
                                     .msi = true,
                                     .bars = {[5] = {PCI_BAR_MEMORY, AHCI_SIZE, &ahci_ops.bus, ahci}},
                                     .opaque = ahci,
                                     .mastering = on_mastering};
    snprintf(ahci->device.name, sizeof(ahci->device.name), "ahci@00:%02x.0", pci_function_devfn(ahci->function) >> 3);
    pci_function_define(ahci->function, &info);
}

static int connect_ports(struct ahci *ahci, const struct ahci_options *options)
{
    for (unsigned i = 0; i < AHCI_PORTS; i++) {
        struct ahci_port *port = &ahci->port[i];
        const struct ahci_disk *disk = &options->disks[i];
        port->ahci = ahci;
        port->disk.backend = disk->backend;
        port->disk.backend.read_only |= !disk->backend.write;
        port->disk.sectors = disk->backend.size / ATA_SECTOR;
        if (disk->serial)
            strncpy(port->disk.serial, disk->serial, sizeof(port->disk.serial) - 1);
        else
            snprintf(port->disk.serial, sizeof(port->disk.serial), "armsim%u", i);
        port->work = (struct clock_event){
            .name = "ahci port", .fire = on_work, .opaque = port, .priority = CLOCK_PRIORITY_DEVICE};
        int error = clock_register(ahci->device.env->clock, &port->work);
        if (error)
            return error;
    }
    return 0;
}

struct device *ahci_create(const struct device_env *env, const struct ahci_place *place,
                           const struct ahci_options *options)
{
    struct ahci *ahci = calloc(1, sizeof(*ahci));
    if (!ahci)
        return NULL;
    device_init(&ahci->device, &ahci_ops, env, place->base, place->function ? 0 : AHCI_SIZE, place->pas_mask,
                place->irq, place->spi);
    ahci->function = place->function;
    if (connect_ports(ahci, options) < 0) {
        destroy(&ahci->device);
        return NULL;
    }
    if (ahci->function)
        define_function(ahci);
    device_reset(&ahci->device);
    return &ahci->device;
}
