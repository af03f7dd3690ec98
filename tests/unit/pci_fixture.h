/* A host bridge in the fixture's machine, and accesses to configuration space. */
#ifndef ARMSIM_TESTS_UNIT_PCI_FIXTURE_H
#define ARMSIM_TESTS_UNIT_PCI_FIXTURE_H

#include "devices/pci/pci.h"

#include "device_fixture.h"

#define ECAM 0x50000000ull
#define IO_WINDOW 0x60000000ull
#define MEMORY_WINDOW 0x61000000ull
#define MEMORY64_WINDOW 0x8000000000ull
enum { PCI_SLOTS_USED_MAX = 8 };

struct pci_fixture {
    struct fixture f;
    struct device *host;
    struct irq_line lines[PCI_PINS];
    bool level[PCI_PINS];
};

static inline void pci_line(void *opaque, unsigned number, bool level)
{
    ((struct pci_fixture *)opaque)->level[number] = level;
}

static inline void pci_fixture_init(struct pci_fixture *p)
{
    fixture_init(&p->f);
    struct pci_host_place place = {.ecam = {ECAM, 0x1000000},
                                   .io = {IO_WINDOW, 0x10000},
                                   .memory = {MEMORY_WINDOW, 0x1000000},
                                   .memory64 = {MEMORY64_WINDOW, 0x8000000000},
                                   .pas_mask = PAS_MASK_BOTH};
    for (unsigned i = 0; i < PCI_PINS; i++) {
        p->level[i] = false;
        p->lines[i] = (struct irq_line){.set = pci_line, .opaque = p, .number = i};
        place.lines[i] = &p->lines[i];
    }
    p->host = pci_host_create(&p->f.env, &place);
    fixture_attach(p->host);
}

static inline void pci_fixture_free(struct pci_fixture *p)
{
    fixture_free(&p->f, p->host);
}

static inline uint64_t config_address(unsigned slot, unsigned offset)
{
    return ECAM + slot * 0x8000ull + offset;
}

static inline uint64_t bus_get(struct pci_fixture *p, uint64_t address, unsigned size)
{
    uint64_t value;
    ck_assert_int_eq(bus_read(p->f.bus, address, size, fixture_cpu, &value), BUS_OK);
    return value;
}

static inline void bus_put(struct pci_fixture *p, uint64_t address, unsigned size, uint64_t value)
{
    ck_assert_int_eq(bus_write(p->f.bus, address, size, fixture_cpu, value), BUS_OK);
}

static inline uint32_t cfg(struct pci_fixture *p, unsigned slot, unsigned offset, unsigned size)
{
    return (uint32_t)bus_get(p, config_address(slot, offset), size);
}

static inline void set_cfg(struct pci_fixture *p, unsigned slot, unsigned offset, unsigned size, uint32_t value)
{
    bus_put(p, config_address(slot, offset), size, value);
}

/* The offset of a capability, 0: it isn't in the list. `skip`: of that many of the kind before it. */
static inline unsigned find_capability(struct pci_fixture *p, unsigned slot, unsigned id, unsigned skip)
{
    if (!(cfg(p, slot, 0x06, 2) & 0x10))
        return 0;
    unsigned at = cfg(p, slot, 0x34, 1);
    for (unsigned i = 0; at && i < 48; i++, at = cfg(p, slot, at + 1, 1))
        if (cfg(p, slot, at, 1) == id && skip-- == 0)
            return at;
    return 0;
}

#endif
