/*
 * Configuration space: what a function's bytes hold at reset, and which bits of them can be written, as a table of
 * fields. Header type 0; capabilities: PCI Express (PCI Express Base 3.0, section 7.8, of a root complex integrated
 * endpoint), MSI with a 64-bit address and a mask (PCI Local Bus 3.0, section 6.8.1), MSI-X (6.8.2), and the device's own.
 */
#include "devices/pci/pci_function.h"

enum { CAPABILITY_MSI = 0x05, CAPABILITY_EXPRESS = 0x10, CAPABILITY_MSIX = 0x11 };

static void define(struct pci_function *function, const struct pci_field *field)
{
    if (field->offset + field->size > PCI_CONFIG_BYTES)
        return;
    store_le(function->initial + field->offset, field->value, field->size);
    store_le(function->writable + field->offset, field->writable, field->size);
    store_le(function->clears + field->offset, field->clears, field->size);
}

static void define_all(struct pci_function *function, const struct pci_field *fields, size_t count)
{
    for (size_t i = 0; i < count; i++)
        define(function, &fields[i]);
}

#define DEFINE(function, ...)                                                                                          \
    do {                                                                                                               \
        const struct pci_field fields_[] = {__VA_ARGS__};                                                              \
        define_all(function, fields_, sizeof(fields_) / sizeof(fields_[0]));                                           \
    } while (0)

static uint32_t command_bits(const struct pci_function_info *info)
{
    uint32_t bits = COMMAND_MASTER | 1u << 6 | 1u << 8; /* parity error response, SERR# */
    for (unsigned i = 0; i < PCI_BARS; i++)
        bits |= info->bars[i].kind == PCI_BAR_NONE ? 0 : info->bars[i].kind == PCI_BAR_IO ? COMMAND_IO : COMMAND_MEMORY;
    return info->pin ? bits | COMMAND_NO_INTX : bits;
}

static void define_header(struct pci_function *function)
{
    const struct pci_function_info *info = &function->info;
    DEFINE(function,
           {0x00, 2, info->vendor, 0, 0},
           {0x02, 2, info->device, 0, 0},
           {PCI_COMMAND, 2, 0, command_bits(info), 0},
           {PCI_STATUS, 2, 0, 0, 0xf900},
           {0x08, 4, info->class_code << 8 | info->revision, 0, 0},
           {0x0c, 1, 0, 0xff, 0}, /* cache line size: no effect with PCI Express */
           {0x2c, 2, info->subsystem_vendor, 0, 0},
           {0x2e, 2, info->subsystem, 0, 0},
           {PCI_INTERRUPT_LINE, 1, 0, info->pin ? 0xff : 0, 0},
           {PCI_INTERRUPT_PIN, 1, info->pin, 0, 0});
}

static void define_bars(struct pci_function *function)
{
    for (unsigned i = 0; i < PCI_BARS; i++) {
        const struct pci_bar *bar = &function->info.bars[i];
        uint16_t offset = (uint16_t)(PCI_BAR0 + 4 * i);
        uint32_t address = ~(bar->size - 1);
        if (bar->kind == PCI_BAR_IO)
            DEFINE(function, {offset, 4, 1, address & ~3u, 0});
        else if (bar->kind == PCI_BAR_MEMORY)
            DEFINE(function, {offset, 4, 0, address & ~15u, 0});
        else if (bar->kind == PCI_BAR_MEMORY64)
            DEFINE(function, {offset, 4, 4, address & ~15u, 0}, {(uint16_t)(offset + 4), 4, 0, UINT32_MAX, 0});
    }
}

static void define_express(struct pci_function *function, uint16_t at)
{
    DEFINE(function,
           {at, 1, CAPABILITY_EXPRESS, 0, 0},
           {at + 2, 2, 0x92, 0, 0},          /* version 2, root complex integrated endpoint */
           {at + 4, 4, 1u << 15, 0, 0},      /* role-based error reporting; payloads of 128 bytes */
           {at + 8, 2, 0x2810, 0x78ff, 0},   /* relaxed ordering, no snoop, read requests of 512 bytes */
           {at + 10, 2, 0, 0, 0x000f},
           {at + 0x28, 2, 0, 0x001f, 0});    /* completion timeouts: there are none */
}

static void define_msi(struct pci_function *function, uint16_t at)
{
    DEFINE(function,
           {at, 1, CAPABILITY_MSI, 0, 0},
           {at + 2, 2, 0x0180, 0x0001, 0},   /* per-vector masking, 64 bits */
           {at + 4, 4, 0, ~3u, 0},
           {at + 8, 4, 0, UINT32_MAX, 0},
           {at + 12, 2, 0, 0xffff, 0},
           {at + 16, 4, 0, 1, 0});           /* mask; the pending bit behind it is read-only */
}

static void define_msix(struct pci_function *function, uint16_t at)
{
    const struct pci_function_info *info = &function->info;
    DEFINE(function,
           {at, 1, CAPABILITY_MSIX, 0, 0},
           {at + 2, 2, info->msix_vectors - 1u, 0xc000, 0},
           {at + 4, 4, info->msix_bar, 0, 0},
           {at + 8, 4, 0x800u | info->msix_bar, 0, 0});
}

void pci_config_define(struct pci_function *function)
{
    const struct pci_function_info *info = &function->info;
    const struct {
        bool there;
        uint16_t at;
        void (*define)(struct pci_function *function, uint16_t at);
    } capabilities[] = {
        {info->express, PCI_EXPRESS_CAPABILITY, define_express},
        {info->msi, PCI_MSI_CAPABILITY, define_msi},
        {info->msix_vectors, PCI_MSIX_CAPABILITY, define_msix},
        {info->capability_fields, PCI_CAPABILITIES, NULL},
    };
    define_header(function);
    define_bars(function);
    unsigned link = PCI_CAPABILITY_POINTER;
    for (size_t i = 0; i < sizeof(capabilities) / sizeof(capabilities[0]); i++) {
        if (!capabilities[i].there)
            continue;
        if (capabilities[i].define)
            capabilities[i].define(function, capabilities[i].at);
        function->initial[link] = (uint8_t)capabilities[i].at;
        link = capabilities[i].at + 1u;
        function->initial[PCI_STATUS] = STATUS_CAPABILITIES;
    }
    define_all(function, info->capabilities, info->capability_fields);
}
