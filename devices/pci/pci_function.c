/*
 * A PCI function: accesses to its configuration space, which addresses its BARs claim, its interrupts.
 *
 * Interrupts. With MSI-X enabled messages come from its table, with MSI enabled from its capability, else the pin is
 * used (unless the command register disables it). A message is a write to memory, so it needs bus mastering; one that is
 * masked, or can't be sent for lack of that, is pending, and sent later.
 *
 * Deviations: no function level reset, no power management, no extended configuration space (it reads as zero: no
 * extended capability), no expansion ROM. A message can't be addressed to another function (no peer-to-peer).
 */
#include "devices/pci/pci_function.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { MSI_CONTROL = 2, MSI_ADDRESS = 4, MSI_DATA = 12, MSI_MASK = 16, MSI_PENDING = 20, MSI_ENABLE = 1 };
enum { MSIX_CONTROL = 2, MSIX_MASK_ALL = 1 << 14, MSIX_ENABLE = 1 << 15, MSIX_PBA = 0x800, MSIX_BAR_BYTES = 0x1000 };
enum { ENTRY_ADDRESS, ENTRY_ADDRESS_HIGH, ENTRY_DATA, ENTRY_CONTROL, ENTRY_WORDS };

static const struct state_field fields[] = {
    STATE_KEPT_ARRAY(struct pci_function, config), /* reset: to `initial` */
    STATE_ARRAY(struct pci_function, msix_table, 0),
    STATE_FIELD(struct pci_function, msix_pending, 0),
    STATE_FIELD(struct pci_function, level, 0),
};

static struct pci_function *of(const struct device *device)
{
    return (struct pci_function *)(uintptr_t)device;
}

static uint32_t command(const struct pci_function *function)
{
    return pci_config_get(function, PCI_COMMAND, 2);
}

unsigned pci_function_devfn(const struct device *function)
{
    return of(function)->devfn;
}

bool pci_function_is_master(const struct device *function)
{
    return command(of(function)) & COMMAND_MASTER;
}

struct bus_attrs pci_function_dma(const struct device *function)
{
    return (struct bus_attrs){.pas = PAS_NON_SECURE, .requester = (uint16_t)(BUS_REQUESTER_DMA + of(function)->devfn)};
}

uint32_t pci_function_stored(const struct device *function, unsigned offset, unsigned size)
{
    return pci_config_get(of(function), offset, size);
}

/* --- messages --- */

static uint32_t msi(const struct pci_function *function, unsigned member, unsigned size)
{
    return pci_config_get(function, PCI_MSI_CAPABILITY + member, size);
}

bool pci_function_msi_enabled(const struct device *function)
{
    return of(function)->info.msi && (msi(of(function), MSI_CONTROL, 2) & MSI_ENABLE);
}

static uint32_t msix_control(const struct pci_function *function)
{
    return function->info.msix_vectors ? pci_config_get(function, PCI_MSIX_CAPABILITY + MSIX_CONTROL, 2) : 0;
}

bool pci_function_msix_enabled(const struct device *function)
{
    return msix_control(of(function)) & MSIX_ENABLE;
}

static void send(struct pci_function *function, uint64_t address, uint32_t data)
{
    if (bus_write(function->device.env->bus, address & ~3ull, 4, pci_function_dma(&function->device), data) != BUS_OK)
        log_message(function->device.env->log, LOG_GUEST_ERROR, "%s: a message to %#" PRIx64 ", where nothing takes it",
                    function->device.name, address);
}

static void send_msi(struct pci_function *function)
{
    uint64_t address = msi(function, MSI_ADDRESS, 4) | (uint64_t)msi(function, MSI_ADDRESS + 4, 4) << 32;
    function->config[PCI_MSI_CAPABILITY + MSI_PENDING] = 0;
    send(function, address, msi(function, MSI_DATA, 2));
}

static void send_msix(struct pci_function *function, unsigned vector)
{
    const uint32_t *entry = &function->msix_table[vector * ENTRY_WORDS];
    function->msix_pending &= ~(1u << vector);
    send(function, entry[ENTRY_ADDRESS] | (uint64_t)entry[ENTRY_ADDRESS_HIGH] << 32, entry[ENTRY_DATA]);
}

static bool may_send_msi(const struct pci_function *function)
{
    return pci_function_is_master(&function->device) && !(msi(function, MSI_MASK, 4) & 1);
}

static bool may_send_msix(const struct pci_function *function, unsigned vector)
{
    return pci_function_is_master(&function->device) && !(msix_control(function) & MSIX_MASK_ALL) &&
           !(function->msix_table[vector * ENTRY_WORDS + ENTRY_CONTROL] & 1);
}

void pci_function_message(struct device *device, unsigned vector)
{
    struct pci_function *function = of(device);
    if (pci_function_msix_enabled(device)) {
        if (vector >= function->info.msix_vectors)
            return;
        function->msix_pending |= 1u << vector;
        if (may_send_msix(function, vector))
            send_msix(function, vector);
    } else if (pci_function_msi_enabled(device) && vector == 0) {
        function->config[PCI_MSI_CAPABILITY + MSI_PENDING] = 1;
        if (may_send_msi(function))
            send_msi(function);
    }
}

/* Something that held messages back may be gone. */
static void send_pending(struct pci_function *function)
{
    if (pci_function_msix_enabled(&function->device)) {
        for (unsigned vector = 0; vector < function->info.msix_vectors; vector++)
            if (function->msix_pending >> vector & 1 && may_send_msix(function, vector))
                send_msix(function, vector);
    } else if (pci_function_msi_enabled(&function->device) && (msi(function, MSI_PENDING, 1) & 1) &&
               may_send_msi(function)) {
        send_msi(function);
    }
}

/* The table and the pending bits: a BAR of 32-bit registers. */
static enum bus_result msix_read(void *opaque, uint64_t offset, unsigned size, struct bus_attrs attrs, uint64_t *value)
{
    const struct pci_function *function = opaque;
    *value = 0;
    if (offset < function->info.msix_vectors * 16u)
        *value = function->msix_table[offset / 4];
    else if (offset == MSIX_PBA)
        *value = function->msix_pending;
    return BUS_OK;
}

static enum bus_result msix_write(void *opaque, uint64_t offset, unsigned size, struct bus_attrs attrs, uint64_t value)
{
    struct pci_function *function = opaque;
    static const uint32_t writable[ENTRY_WORDS] = {~3u, UINT32_MAX, UINT32_MAX, 1};
    if (offset >= function->info.msix_vectors * 16u) {
        device_bad_offset(&function->device, "write of the MSI-X structures", offset, size);
        return BUS_OK;
    }
    function->msix_table[offset / 4] = (uint32_t)value & writable[offset / 4 % ENTRY_WORDS];
    send_pending(function);
    return BUS_OK;
}

static const struct bus_ops msix_ops = {msix_read, msix_write, 4};

/* --- the pin --- */

bool pci_function_pin(const struct pci_function *function)
{
    return function->level && function->info.pin && !(command(function) & COMMAND_NO_INTX) &&
           !pci_function_msi_enabled(&function->device) && !pci_function_msix_enabled(&function->device);
}

void pci_function_set_level(struct device *device, bool level)
{
    struct pci_function *function = of(device);
    if (function->level == level)
        return;
    function->level = level;
    pci_host_update_lines(function->host);
}

/* --- configuration space --- */

uint32_t pci_config_read(struct pci_function *function, unsigned offset, unsigned size, bool debug)
{
    uint32_t value;
    if (offset + size > PCI_CONFIG_BYTES)
        return 0;
    if (function->info.config_read && function->info.config_read(function->info.opaque, offset, size, debug, &value))
        return value;
    value = pci_config_get(function, offset, size);
    if (offset <= PCI_STATUS && PCI_STATUS < offset + size && function->level) /* whatever the command register says */
        value |= (uint32_t)STATUS_INTERRUPT << (8 * (PCI_STATUS - offset));
    return value;
}

void pci_config_write(struct pci_function *function, unsigned offset, unsigned size, uint32_t value)
{
    if (offset + size > PCI_CONFIG_BYTES)
        return;
    bool was_master = pci_function_is_master(&function->device);
    for (unsigned i = offset; i < offset + size; i++, value >>= 8) {
        uint8_t writable = function->writable[i], byte = (uint8_t)value;
        function->config[i] = (uint8_t)((function->config[i] & ~writable) | (byte & writable));
        function->config[i] &= (uint8_t)~(byte & function->clears[i]);
    }
    bool is_master = pci_function_is_master(&function->device);
    if (function->info.mastering && is_master != was_master)
        function->info.mastering(function->info.opaque, is_master);
    pci_host_update_lines(function->host);
    send_pending(function);
    if (function->info.config_written)
        function->info.config_written(function->info.opaque, offset, size);
}

const struct pci_bar *pci_function_decode(const struct pci_function *function, bool io, uint64_t address,
                                          uint64_t *offset)
{
    if (!(command(function) & (io ? COMMAND_IO : COMMAND_MEMORY)))
        return NULL;
    for (unsigned i = 0; i < PCI_BARS; i++) {
        const struct pci_bar *bar = &function->info.bars[i];
        if (bar->kind == PCI_BAR_NONE || (bar->kind == PCI_BAR_IO) != io)
            continue;
        uint64_t base = pci_config_get(function, PCI_BAR0 + 4 * i, 4) & (io ? ~3u : ~15u);
        if (bar->kind == PCI_BAR_MEMORY64)
            base |= (uint64_t)pci_config_get(function, PCI_BAR0 + 4 * i + 4, 4) << 32;
        if (address - base < bar->size) {
            *offset = address - base;
            return bar;
        }
    }
    return NULL;
}

/* --- life --- */

static void reset(struct device *device)
{
    struct pci_function *function = of(device);
    memcpy(function->config, function->initial, sizeof(function->config));
    for (unsigned vector = 0; vector < PCI_MSIX_VECTORS_MAX; vector++)
        function->msix_table[vector * ENTRY_WORDS + ENTRY_CONTROL] = 1; /* masked */
    pci_host_update_lines(function->host);
}

static void destroy(struct device *device)
{
    struct pci_function *function = of(device);
    pci_host_unplug(function->host, function);
    free(function);
}

/* Bits that nobody can write have one value only; but for MSI's pending bit. */
static bool loaded(void *opaque)
{
    const struct pci_function *function = opaque;
    for (unsigned i = 0; i < PCI_CONFIG_BYTES; i++) {
        uint8_t fixed = (uint8_t)~(function->writable[i] | function->clears[i]);
        if (function->info.msi && i == PCI_MSI_CAPABILITY + MSI_PENDING)
            fixed &= (uint8_t)~1;
        if ((function->config[i] ^ function->initial[i]) & fixed)
            return false;
    }
    for (unsigned i = 0; i < function->info.msix_vectors * ENTRY_WORDS; i++)
        if (i % ENTRY_WORDS == ENTRY_CONTROL && function->msix_table[i] > 1)
            return false;
    return !(function->msix_pending >> function->info.msix_vectors);
}

static const struct device_ops function_ops = {
    .model = "pci-function",
    .fields = fields,
    .field_count = sizeof(fields) / sizeof(fields[0]),
    .state_version = 1,
    .reset = reset,
    .destroy = destroy,
    .loaded = loaded,
};

struct device *pci_function_create(const struct device_env *env, struct device *host)
{
    struct pci_function *function = calloc(1, sizeof(*function));
    if (!function)
        return NULL;
    device_init(&function->device, &function_ops, env, 0, 0, PAS_BIT(PAS_NON_SECURE), NULL, 0);
    function->host = host;
    int slot = pci_host_plug(host, function);
    if (slot < 0) {
        free(function);
        return NULL;
    }
    function->devfn = (unsigned)slot << 3;
    snprintf(function->device.name, sizeof(function->device.name), "pci-function@00:%02x.0", (unsigned)slot);
    return &function->device;
}

void pci_function_define(struct device *device, const struct pci_function_info *info)
{
    struct pci_function *function = of(device);
    function->info = *info;
    if (info->msix_vectors)
        function->info.bars[info->msix_bar] =
            (struct pci_bar){PCI_BAR_MEMORY, MSIX_BAR_BYTES, &msix_ops, function};
    pci_config_define(function);
    device_reset(device);
}
