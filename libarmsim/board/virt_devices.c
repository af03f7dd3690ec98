/* The devices of the board `virt`, and how they reach the world outside. */
#include "devices/flash_cfi.h"
#include "devices/fw_cfg.h"
#include "devices/pl011.h"
#include "devices/pl031.h"
#include "devices/virtio/virtio.h"
#include "libarmsim/board/raw_drive.h"
#include "libarmsim/board/virt.h"

#include <errno.h>
#include <string.h>

/* --- serial ports --- */

static void serial_write(void *opaque, const uint8_t *data, size_t size)
{
    const struct virt_link *link = opaque;
    const struct armsim_serial *serial = &link->machine->options.serial[link->index];
    machine_output(link->machine, link->index, serial->write, serial->opaque, data, size);
}

static void serial_ready(void *opaque)
{
    const struct virt_link *link = opaque;
    machine_serial_ready(link->machine, link->index);
}

static struct char_backend serial_backend(struct armsim_machine *machine, unsigned port)
{
    struct virt_link *link = &machine->board_data->serial_links[port];
    *link = (struct virt_link){.machine = machine, .index = port};
    return (struct char_backend){.write = serial_write, .ready = serial_ready, .opaque = link};
}

static size_t uart_receive(void *device, const uint8_t *data, size_t size)
{
    return pl011_receive(device, data, size);
}

static size_t console_receive(void *device, const uint8_t *data, size_t size)
{
    return virtio_console_receive(device, 0, data, size);
}

/* A register, without any effect. */
static bool look_at(const struct device *device, uint64_t offset, uint64_t *value)
{
    const struct bus_attrs attrs = {
        .pas = device->pas_mask & PAS_BIT(PAS_NON_SECURE) ? PAS_NON_SECURE : PAS_SECURE, .el = 3, .debug = true};
    return bus_read(device->env->bus, device->base + offset, 4, attrs, value) == BUS_OK;
}

/* --- the devices with registers of their own --- */

struct virt_device {
    uint64_t base;
    unsigned spi;
    bool secure; /* there with secure=on only, for the Secure side only */
    int (*add)(struct armsim_machine *machine, const struct virt_device *device);
};

static unsigned pas_mask_of(const struct virt_device *device)
{
    return device->secure ? PAS_BIT(PAS_SECURE) : PAS_MASK_BOTH;
}

/* The first bank holds the firmware: with EL3, the Secure side's alone. */
static int add_flash(struct armsim_machine *machine, const struct virt_device *device)
{
    bool hidden = machine->options.secure && device->base == VIRT_FLASH_BASE;
    return machine_add_device(machine, flash_cfi_create(&machine->device_env, device->base, VIRT_FLASH_BANK,
                                                        hidden ? PAS_BIT(PAS_SECURE) : PAS_MASK_BOTH));
}

static int add_uart(struct armsim_machine *machine, const struct virt_device *device)
{
    unsigned port = device->secure ? ARMSIM_SERIAL_UART1 : ARMSIM_SERIAL_UART0;
    /* Programs for this board expect to print by writing to the data register, with no set-up before. */
    struct pl011_options options = {.backend = serial_backend(machine, port),
                                    .initialised = true,
                                    .fifo_depth = machine->options.uart_fifo};
    struct device *uart = pl011_create(&machine->device_env, device->base, pas_mask_of(device),
                                       machine_spi(machine, device->spi), device->spi, &options);
    int error = machine_add_device(machine, uart);
    if (error == 0) {
        machine->board_data->uart[port] = uart;
        machine_attach_serial(machine, port, uart_receive, uart);
    }
    return error;
}

bool virt_serial_listens(const struct board_data *virt, unsigned port)
{
    enum { UARTIMSC = 0x38, UARTIMSC_RX_RT = 1 << 4 | 1 << 6 };
    if (port == ARMSIM_SERIAL_VIRTIO)
        return virt->console && virtio_in_use(virt->console);
    uint64_t mask = 0;
    return virt->uart[port] && look_at(virt->uart[port], UARTIMSC, &mask) && (mask & UARTIMSC_RX_RT);
}

static int add_rtc(struct armsim_machine *machine, const struct virt_device *device)
{
    return machine_add_device(machine, pl031_create(&machine->device_env, device->base, pas_mask_of(device),
                                                    machine_spi(machine, device->spi), device->spi,
                                                    (uint32_t)machine->options.rtc_epoch));
}

static int add_fw_cfg(struct armsim_machine *machine, const struct virt_device *device)
{
    struct device *fw_cfg = fw_cfg_create(&machine->device_env, device->base, pas_mask_of(device));
    int error = machine_add_device(machine, fw_cfg);
    if (error < 0)
        return error;
    machine->board_data->fw_cfg = fw_cfg;
    const struct armsim_options *options = &machine->options;
    if (fw_cfg_add_u64(fw_cfg, FW_CFG_RAM_SIZE, options->ram_size) < 0 ||
        fw_cfg_add_u16(fw_cfg, FW_CFG_NB_CPUS, (uint16_t)options->smp) < 0 ||
        fw_cfg_add_u16(fw_cfg, FW_CFG_MAX_CPUS, (uint16_t)options->smp) < 0 ||
        fw_cfg_add_u16(fw_cfg, FW_CFG_NOGRAPHIC, 1) < 0 || fw_cfg_add_u16(fw_cfg, FW_CFG_BOOT_MENU, 0) < 0)
        return machine_fail(machine, ARMSIM_ERROR_MEMORY, "out of memory");
    return 0;
}

static void press_power_key(struct armsim_machine *machine)
{
    pl061_press(machine->board_data->gpio, PL061_POWER_KEY_LINE);
}

static int add_gpio(struct armsim_machine *machine, const struct virt_device *device)
{
    struct pl061_options options = {.power_key = true};
    struct device *gpio = pl061_create(&machine->device_env, device->base, pas_mask_of(device),
                                       machine_spi(machine, device->spi), device->spi, &options);
    int error = machine_add_device(machine, gpio);
    if (error == 0) {
        machine->board_data->gpio = gpio;
        machine->power_key = press_power_key;
    }
    return error;
}

/* The Secure GPIO's lines switch the machine, for firmware at EL3. */
static void switch_power(void *opaque, uint8_t levels, uint8_t direction)
{
    struct armsim_machine *machine = opaque;
    if (levels & 1 << PL061_POWER_OFF_LINE)
        machine_stop(machine, ARMSIM_STOP_POWER_OFF, 0);
    else if (levels & 1 << PL061_RESTART_LINE)
        machine_stop(machine, ARMSIM_STOP_RESET, false);
}

static int add_secure_gpio(struct armsim_machine *machine, const struct virt_device *device)
{
    struct pl061_options options = {.power_control = true, .output = switch_power, .opaque = machine};
    return machine_add_device(machine, pl061_create(&machine->device_env, device->base, pas_mask_of(device), NULL, 0,
                                                    &options));
}

static const struct virt_device virt_devices[] = {
    {VIRT_FLASH_BASE, 0, false, add_flash},
    {VIRT_FLASH_BASE + VIRT_FLASH_BANK, 0, false, add_flash},
    {VIRT_UART0_BASE, VIRT_SPI_UART0, false, add_uart},
    {VIRT_RTC_BASE, VIRT_SPI_RTC, false, add_rtc},
    {VIRT_FW_CFG_BASE, 0, false, add_fw_cfg},
    {VIRT_GPIO_BASE, VIRT_SPI_GPIO, false, add_gpio},
    {VIRT_UART1_BASE, VIRT_SPI_UART1, true, add_uart},
    {VIRT_SECURE_GPIO_BASE, 0, true, add_secure_gpio},
};

/* --- virtio: drives first, then network cards, the console, the entropy source; the other transports are empty --- */

/* The next place for a virtio device: a free transport, or a function. False after machine_fail(). */
static bool find_place(struct armsim_machine *machine, unsigned *slot, enum armsim_attachment attachment,
                       const char *what, struct virtio_place *place)
{
    *place = (struct virtio_place){.pas_mask = PAS_MASK_BOTH};
    if (attachment == ARMSIM_VIRTIO_PCI) {
        place->function = virt_add_function(machine, what);
        return place->function;
    }
    if (attachment != ARMSIM_VIRTIO_MMIO) {
        machine_fail(machine, ARMSIM_ERROR_OPTION, "%s: attachment %d is not one of those it can have", what, attachment);
        return false;
    }
    place->base = VIRT_VIRTIO_BASE + (uint64_t)*slot * VIRTIO_MMIO_SIZE;
    place->spi = VIRT_SPI_VIRTIO + *slot;
    place->irq = machine_spi(machine, place->spi);
    ++*slot;
    return true;
}

int virt_open_drive(struct armsim_machine *machine, size_t index)
{
    struct block_backend backend;
    struct load_error error;
    void *raw;
    if (machine->drives[index].base)
        return 0;
    int result = raw_drive_open(&raw, &machine->options.drives[index], &backend, &error);
    if (result < 0)
        return machine_fail(machine, result == -EINVAL ? ARMSIM_ERROR_INPUT : ARMSIM_ERROR_IO, "%s", error.text);
    if (drive_open(&machine->drives[index], &backend, raw_drive_close) < 0)
        return machine_fail(machine, ARMSIM_ERROR_MEMORY, "out of memory");
    return 0;
}

static int add_drive(struct armsim_machine *machine, unsigned *slot, size_t index)
{
    const struct armsim_drive *drive = &machine->options.drives[index];
    int result = virt_open_drive(machine, index);
    struct virtio_place place;
    if (result < 0)
        return result;
    if (!find_place(machine, slot, drive->attachment, "drive", &place))
        return ARMSIM_ERROR_OPTION;
    struct virtio_blk_options options = {.backend = drive_backend(&machine->drives[index]), .serial = drive->serial};
    return machine_add_device(machine, virtio_blk_create(&machine->device_env, &place, &options));
}

static void nic_send(void *opaque, const uint8_t *frame, size_t size)
{
    const struct virt_link *link = opaque;
    const struct net_port *port = &link->machine->nic[link->index];
    if (port->transmit && !link->machine->muted)
        port->transmit(port->opaque, frame, size);
}

static void nic_ready(void *opaque)
{
    const struct virt_link *link = opaque;
    machine_net_ready(link->machine, link->index);
}

static bool nic_receive(void *device, const uint8_t *frame, size_t size)
{
    return virtio_net_receive(device, frame, size);
}

static int add_nic(struct armsim_machine *machine, unsigned *slot, size_t index)
{
    static const uint8_t default_mac[6] = {0x52, 0x54, 0x00, 0x12, 0x34, 0x56}, none[6];
    struct virt_link *link = &machine->board_data->nic_links[index];
    *link = (struct virt_link){.machine = machine, .index = (unsigned)index};
    struct virtio_net_options options = {.backend = {.send = nic_send, .ready = nic_ready, .opaque = link}};
    const struct armsim_nic *nic = &machine->options.nics[index];
    if (memcmp(nic->mac, none, sizeof(none)) != 0) {
        memcpy(options.mac, nic->mac, sizeof(options.mac));
    } else {
        memcpy(options.mac, default_mac, sizeof(options.mac));
        options.mac[5] = (uint8_t)(options.mac[5] + index);
    }
    struct virtio_place place;
    if (!find_place(machine, slot, nic->attachment, "network card", &place))
        return ARMSIM_ERROR_OPTION;
    struct device *device = virtio_net_create(&machine->device_env, &place, &options);
    int error = machine_add_device(machine, device);
    if (error == 0) {
        machine->board_data->nics[index] = device;
        machine_attach_nic(machine, (unsigned)index, nic_receive, device);
    }
    return error;
}

static int add_console(struct armsim_machine *machine, unsigned *slot)
{
    struct virtio_console_options options = {.port_count = 1};
    options.ports[0].backend = serial_backend(machine, ARMSIM_SERIAL_VIRTIO);
    struct virtio_place place;
    if (!find_place(machine, slot, ARMSIM_VIRTIO_MMIO, "console", &place))
        return ARMSIM_ERROR_OPTION;
    struct device *device = virtio_console_create(&machine->device_env, &place, &options);
    int error = machine_add_device(machine, device);
    if (error == 0) {
        machine->board_data->console = device;
        machine_attach_serial(machine, ARMSIM_SERIAL_VIRTIO, console_receive, device);
    }
    return error;
}

static int add_rng(struct armsim_machine *machine, unsigned *slot, enum armsim_attachment attachment)
{
    struct virtio_place place;
    if (!find_place(machine, slot, attachment, "entropy source", &place))
        return ARMSIM_ERROR_OPTION;
    uint64_t seed = builtin_firmware_random(machine->board_data->firmware);
    return machine_add_device(machine, virtio_rng_create(&machine->device_env, &place, seed));
}

static int add_empty(struct armsim_machine *machine, unsigned *slot)
{
    struct virtio_place place;
    if (!find_place(machine, slot, ARMSIM_VIRTIO_MMIO, "transport", &place))
        return ARMSIM_ERROR_OPTION;
    return machine_add_device(machine, virtio_empty_create(&machine->device_env, &place));
}

static bool is_ahci(const struct armsim_drive *drive)
{
    return drive->attachment == ARMSIM_AHCI_PCI || drive->attachment == ARMSIM_AHCI_PLATFORM;
}

static int add_virtio(struct armsim_machine *machine)
{
    const struct armsim_options *options = &machine->options;
    unsigned slot = 0;
    int error = 0;
    for (size_t i = 0; i < options->drive_count && error == 0; i++)
        error = is_ahci(&options->drives[i]) ? 0 : add_drive(machine, &slot, i);
    for (size_t i = 0; i < options->nic_count && error == 0; i++)
        error = add_nic(machine, &slot, i);
    if (options->virtio_console && error == 0)
        error = add_console(machine, &slot);
    if (error == 0)
        error = add_rng(machine, &slot, ARMSIM_VIRTIO_MMIO);
    if (options->virtio_rng_pci && error == 0)
        error = add_rng(machine, &slot, ARMSIM_VIRTIO_PCI);
    while (slot < VIRT_VIRTIO_SLOTS && error == 0)
        error = add_empty(machine, &slot);
    return error;
}

int virt_populate(struct armsim_machine *machine)
{
    struct board_data *virt = machine->board_data;
    int error = builtin_firmware_create(machine, handover_pe, &virt->firmware);
    if (error < 0)
        return error;
    for (size_t i = 0; i < sizeof(virt->rng_seed); i++)
        virt->rng_seed[i] = (uint8_t)builtin_firmware_random(virt->firmware);
    virt->kaslr_seed = builtin_firmware_random(virt->firmware);
    for (size_t i = 0; i < sizeof(virt_devices) / sizeof(virt_devices[0]); i++) {
        if (virt_devices[i].secure && !machine->options.secure)
            continue;
        error = virt_devices[i].add(machine, &virt_devices[i]);
        if (error < 0)
            return error;
    }
    error = virt_add_pci(machine);
    if (error == 0)
        error = add_virtio(machine);
    return error < 0 ? error : virt_add_ahci(machine);
}
