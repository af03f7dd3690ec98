/* PCI: configuration space, windows and BARs, pins, MSI, MSI-X, bus mastering. */
#include "pci_fixture.h"

#define MSI_TARGET (FIXTURE_RAM + 0x1000)

/* A device with three BARs whose registers are their own offsets, plus what was written last. */
struct gadget {
    struct device *function;
    uint64_t last_offset, last_value;
    unsigned last_size, mastering;
};

static enum bus_result gadget_read(void *opaque, uint64_t offset, unsigned size, struct bus_attrs attrs, uint64_t *value)
{
    *value = offset + 0x100;
    return offset == 0x80 ? BUS_DEVICE_ERROR : BUS_OK;
}

static enum bus_result gadget_write(void *opaque, uint64_t offset, unsigned size, struct bus_attrs attrs, uint64_t value)
{
    struct gadget *gadget = opaque;
    gadget->last_offset = offset;
    gadget->last_size = size;
    gadget->last_value = value;
    return BUS_OK;
}

static void gadget_mastering(void *opaque, bool on)
{
    struct gadget *gadget = opaque;
    gadget->mastering = gadget->mastering * 2 + on;
}

static const struct bus_ops gadget_ops = {gadget_read, gadget_write, 1 | 2 | 4};

static void plug(struct pci_fixture *p, struct gadget *gadget, bool msix)
{
    *gadget = (struct gadget){.function = pci_function_create(&p->f.env, p->host)};
    ck_assert_ptr_nonnull(gadget->function);
    const struct pci_function_info info = {
        .vendor = 0x1234, .device = 0x5678, .subsystem_vendor = 0x9abc, .subsystem = 0xdef0, .class_code = 0x010601,
        .revision = 7, .express = true, .pin = 1, .msi = !msix, .msix_vectors = msix ? 3 : 0, .msix_bar = 5,
        .bars = {{PCI_BAR_MEMORY, 0x1000, &gadget_ops, gadget}, {PCI_BAR_IO, 0x20, &gadget_ops, gadget},
                 {PCI_BAR_MEMORY64, 0x4000, &gadget_ops, gadget}},
        .opaque = gadget, .mastering = gadget_mastering};
    pci_function_define(gadget->function, &info);
}

START_TEST(identity)
{
    struct pci_fixture p;
    struct gadget gadget;
    pci_fixture_init(&p);
    plug(&p, &gadget, false);
    ck_assert_uint_eq(cfg(&p, 0, 0, 4), 0x56781234);
    ck_assert_uint_eq(cfg(&p, 0, 2, 2), 0x5678);
    ck_assert_uint_eq(cfg(&p, 0, 1, 1), 0x12);
    ck_assert_uint_eq(cfg(&p, 0, 8, 4), 0x01060107);
    ck_assert_uint_eq(cfg(&p, 0, 0x0e, 1), 0); /* header type 0, one function */
    ck_assert_uint_eq(cfg(&p, 0, 0x2c, 4), 0xdef09abc);
    ck_assert_uint_eq(cfg(&p, 0, 0x3d, 1), 1);
    ck_assert_uint_eq(cfg(&p, 0, 0x06, 2), 0x10);
    ck_assert_uint_ne(find_capability(&p, 0, 0x10, 0), 0);
    ck_assert_uint_ne(find_capability(&p, 0, 0x05, 0), 0);
    ck_assert_uint_eq(find_capability(&p, 0, 0x11, 0), 0);
    ck_assert_uint_eq(cfg(&p, 0, 0x100, 4), 0); /* no extended capability */
    /* Other slots, functions and buses are absent: all ones of any size; writes are lost. */
    ck_assert_uint_eq(cfg(&p, 1, 0, 4), UINT32_MAX);
    ck_assert_uint_eq(cfg(&p, 31, 0, 2), 0xffff);
    ck_assert_uint_eq(bus_get(&p, ECAM + 0x1000, 4), UINT32_MAX);
    ck_assert_uint_eq(bus_get(&p, ECAM + 0x100000, 1), 0xff);
    bus_put(&p, ECAM + 0x100000, 4, 0);
    bus_put(&p, ECAM + 0x1004, 4, 7);
    ck_assert_uint_eq(cfg(&p, 0, 4, 2), 0);
    device_destroy(gadget.function);
    ck_assert_uint_eq(cfg(&p, 0, 0, 4), UINT32_MAX);
    pci_fixture_free(&p);
}
END_TEST

/* Every byte: what reads at reset, after ones, after zeroes. The registers that aren't plain are looked at elsewhere. */
START_TEST(masks)
{
    static const struct {
        unsigned offset, size;
        uint32_t reset, ones, zeroes;
    } rows[] = {
        {0x00, 4, 0x56781234, 0x56781234, 0x56781234}, {0x04, 2, 0, 0x0547, 0},
        {0x06, 2, 0x10, 0x10, 0x10},                   {0x08, 4, 0x01060107, 0x01060107, 0x01060107},
        {0x0c, 4, 0, 0xff, 0},                         {0x10, 4, 0, 0xfffff000, 0},
        {0x14, 4, 1, 0xffffffe1, 1},                   {0x18, 4, 4, 0xffffc004, 4},
        {0x1c, 4, 0, 0xffffffff, 0},                   {0x20, 4, 0, 0, 0},
        {0x24, 4, 0, 0, 0},                            {0x28, 4, 0, 0, 0},
        {0x2c, 4, 0xdef09abc, 0xdef09abc, 0xdef09abc}, {0x30, 4, 0, 0, 0},
        {0x34, 4, 0x40, 0x40, 0x40},                   {0x38, 4, 0, 0, 0},
        {0x3c, 4, 0x100, 0x1ff, 0x100},                {0x40, 4, 0x00927c10, 0x00927c10, 0x00927c10},
        {0x44, 4, 0x8000, 0x8000, 0x8000},             {0x48, 4, 0x2810, 0x78ff, 0},
        {0x4c, 4, 0, 0, 0},                            {0x50, 4, 0, 0, 0},
        {0x64, 4, 0, 0, 0},                            {0x68, 4, 0, 0x1f, 0},
        {0x7c, 4, 0x01800005, 0x01810005, 0x01800005}, {0x80, 4, 0, 0xfffffffc, 0},
        {0x84, 4, 0, 0xffffffff, 0},                   {0x88, 4, 0, 0xffff, 0},
        {0x8c, 4, 0, 1, 0},                            {0x90, 4, 0, 0, 0},
    };
    struct pci_fixture p;
    struct gadget gadget;
    pci_fixture_init(&p);
    plug(&p, &gadget, false);
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        ck_assert_msg(cfg(&p, 0, rows[i].offset, rows[i].size) == rows[i].reset, "%#x", rows[i].offset);
        set_cfg(&p, 0, rows[i].offset, rows[i].size, UINT32_MAX);
        ck_assert_msg(cfg(&p, 0, rows[i].offset, rows[i].size) == rows[i].ones, "%#x: ones: %#x", rows[i].offset,
                      cfg(&p, 0, rows[i].offset, rows[i].size));
        set_cfg(&p, 0, rows[i].offset, rows[i].size, 0);
        ck_assert_msg(cfg(&p, 0, rows[i].offset, rows[i].size) == rows[i].zeroes, "%#x: zeroes", rows[i].offset);
        set_cfg(&p, 0, rows[i].offset, rows[i].size, rows[i].reset);
    }
    /* Bytes and halfwords change their own part only. */
    set_cfg(&p, 0, 0x84, 4, 0x11223344);
    set_cfg(&p, 0, 0x85, 1, 0xaa);
    set_cfg(&p, 0, 0x86, 2, 0xbbcc);
    ck_assert_uint_eq(cfg(&p, 0, 0x84, 4), 0xbbccaa44);
    device_reset(gadget.function);
    ck_assert_uint_eq(cfg(&p, 0, 0x84, 4), 0);
    uint64_t value;
    ck_assert_int_eq(bus_read(p.f.bus, ECAM, 8, fixture_cpu, &value), BUS_DEVICE_ERROR);
    ck_assert_int_eq(bus_write(p.f.bus, ECAM + 4, 2, fixture_debug, 7), BUS_DEVICE_ERROR);
    device_destroy(gadget.function);
    pci_fixture_free(&p);
}
END_TEST

START_TEST(windows)
{
    struct pci_fixture p;
    struct gadget a, b;
    pci_fixture_init(&p);
    plug(&p, &a, false);
    plug(&p, &b, false);
    set_cfg(&p, 0, 0x10, 4, MEMORY_WINDOW + 0x2000);
    set_cfg(&p, 0, 0x14, 4, 0x40);
    set_cfg(&p, 0, 0x18, 4, 0x10000);
    set_cfg(&p, 0, 0x1c, 4, 0x81);
    /* Nothing answers before the command register says so. */
    ck_assert_uint_eq(bus_get(&p, MEMORY_WINDOW + 0x2004, 4), UINT32_MAX);
    set_cfg(&p, 0, 4, 2, 2);
    ck_assert_uint_eq(bus_get(&p, MEMORY_WINDOW + 0x2004, 4), 0x104);
    ck_assert_uint_eq(bus_get(&p, 0x8100010000, 2), 0x100);
    ck_assert_uint_eq(bus_get(&p, IO_WINDOW + 0x48, 1), 0xff);
    set_cfg(&p, 0, 4, 2, 1);
    ck_assert_uint_eq(bus_get(&p, IO_WINDOW + 0x48, 4), 0x108);
    ck_assert_uint_eq(bus_get(&p, IO_WINDOW + 0x60, 4), UINT32_MAX);
    ck_assert_uint_eq(bus_get(&p, MEMORY_WINDOW + 0x2004, 4), UINT32_MAX);
    set_cfg(&p, 0, 4, 2, 2);
    /* 64 bits are two doublewords; what the device refuses is as what isn't there, and a guest error. */
    ck_assert_uint_eq(bus_get(&p, MEMORY_WINDOW + 0x2008, 8), 0x10c00000108);
    bus_put(&p, MEMORY_WINDOW + 0x2008, 8, 0x1122334455667788);
    ck_assert_uint_eq(a.last_offset, 0xc);
    ck_assert_uint_eq(a.last_value, 0x11223344);
    unsigned errors = p.f.guest_errors;
    ck_assert_uint_eq(bus_get(&p, MEMORY_WINDOW + 0x2080, 4), UINT32_MAX);
    ck_assert_uint_eq(p.f.guest_errors, errors + 1);
    /* A BAR that moves is gone from where it was. */
    set_cfg(&p, 0, 0x10, 4, MEMORY_WINDOW + 0x9000);
    ck_assert_uint_eq(bus_get(&p, MEMORY_WINDOW + 0x2004, 4), UINT32_MAX);
    ck_assert_uint_eq(bus_get(&p, MEMORY_WINDOW + 0x9ffc, 4), 0x10fc);
    /* Overlaps: the lowest slot answers, then the lowest BAR. */
    set_cfg(&p, 1, 0x10, 4, MEMORY_WINDOW + 0x9000);
    set_cfg(&p, 1, 4, 2, 2);
    bus_put(&p, MEMORY_WINDOW + 0x9000, 4, 1);
    ck_assert_uint_eq(a.last_value, 1);
    ck_assert_uint_eq(b.last_value, 0);
    set_cfg(&p, 0, 4, 2, 0);
    bus_put(&p, MEMORY_WINDOW + 0x9000, 4, 2);
    ck_assert_uint_eq(b.last_value, 2);
    /* At the top of the address space, and where no window is. */
    set_cfg(&p, 1, 0x18, 4, UINT32_MAX);
    set_cfg(&p, 1, 0x1c, 4, UINT32_MAX);
    set_cfg(&p, 1, 0x10, 4, 0);
    ck_assert_uint_eq(bus_get(&p, MEMORY_WINDOW, 4), UINT32_MAX);
    device_destroy(b.function);
    device_destroy(a.function);
    pci_fixture_free(&p);
}
END_TEST

START_TEST(pins)
{
    struct pci_fixture p;
    struct gadget gadget[6];
    pci_fixture_init(&p);
    for (unsigned i = 0; i < 6; i++)
        plug(&p, &gadget[i], false);
    for (unsigned i = 0; i < 6; i++) {
        pci_function_set_level(gadget[i].function, true);
        for (unsigned line = 0; line < PCI_PINS; line++)
            ck_assert_int_eq(p.level[line], line == i % PCI_PINS);
        ck_assert_uint_eq(cfg(&p, i, 6, 2), 0x18);
        pci_function_set_level(gadget[i].function, false);
        ck_assert(!p.level[i % PCI_PINS]);
    }
    /* Shared: low when both are. */
    pci_function_set_level(gadget[1].function, true);
    pci_function_set_level(gadget[5].function, true);
    pci_function_set_level(gadget[1].function, false);
    ck_assert(p.level[1]);
    /* INTx disable hides the line, not the status. */
    set_cfg(&p, 5, 4, 2, 0x400);
    ck_assert(!p.level[1]);
    ck_assert_uint_eq(cfg(&p, 5, 6, 2), 0x18);
    set_cfg(&p, 5, 4, 2, 0);
    ck_assert(p.level[1]);
    /* So does MSI. */
    set_cfg(&p, 5, 0x7e, 2, 1);
    ck_assert(!p.level[1]);
    device_reset(gadget[5].function);
    ck_assert(!p.level[1]);
    for (unsigned i = 6; i > 0; i--)
        device_destroy(gadget[i - 1].function);
    pci_fixture_free(&p);
}
END_TEST

START_TEST(msi)
{
    struct pci_fixture p;
    struct gadget gadget;
    pci_fixture_init(&p);
    plug(&p, &gadget, false);
    set_cfg(&p, 0, 0x80, 4, MSI_TARGET);
    set_cfg(&p, 0, 0x88, 2, 0xbeef);
    pci_function_message(gadget.function, 0); /* not enabled: nothing, now or later */
    set_cfg(&p, 0, 0x7e, 2, 1);
    set_cfg(&p, 0, 4, 2, 4);
    ck_assert_uint_eq(bus_get(&p, MSI_TARGET, 4), 0);
    pci_function_message(gadget.function, 0);
    ck_assert_uint_eq(bus_get(&p, MSI_TARGET, 4), 0xbeef);
    bus_put(&p, MSI_TARGET, 4, 0);
    /* Masked, and without mastering: pending. */
    set_cfg(&p, 0, 0x8c, 4, 1);
    pci_function_message(gadget.function, 0);
    ck_assert_uint_eq(cfg(&p, 0, 0x90, 4), 1);
    set_cfg(&p, 0, 4, 2, 0);
    set_cfg(&p, 0, 0x8c, 4, 0);
    ck_assert_uint_eq(bus_get(&p, MSI_TARGET, 4), 0);
    set_cfg(&p, 0, 4, 2, 4);
    ck_assert_uint_eq(bus_get(&p, MSI_TARGET, 4), 0xbeef);
    ck_assert_uint_eq(cfg(&p, 0, 0x90, 4), 0);
    ck_assert_uint_eq(gadget.mastering, 5); /* on, off, on */
    /* To nowhere, and to a window: lost, and a guest error. */
    const uint64_t bad[] = {0x1000, MEMORY_WINDOW, ECAM + 4};
    for (unsigned i = 0; i < 3; i++) {
        set_cfg(&p, 0, 0x80, 4, (uint32_t)bad[i]);
        unsigned errors = p.f.guest_errors;
        pci_function_message(gadget.function, 0);
        ck_assert_uint_eq(p.f.guest_errors, errors + 1);
    }
    ck_assert_uint_eq(cfg(&p, 0, 4, 2), 4);
    device_destroy(gadget.function);
    pci_fixture_free(&p);
}
END_TEST

START_TEST(msix)
{
    struct pci_fixture p;
    struct gadget gadget;
    pci_fixture_init(&p);
    plug(&p, &gadget, true);
    unsigned at = find_capability(&p, 0, 0x11, 0);
    ck_assert_uint_eq(cfg(&p, 0, at + 2, 2), 2);
    ck_assert_uint_eq(cfg(&p, 0, at + 4, 4), 5);
    ck_assert_uint_eq(cfg(&p, 0, at + 8, 4), 0x805);
    const uint64_t table = MEMORY_WINDOW + 0x5000, pending = table + 0x800;
    set_cfg(&p, 0, 0x24, 4, (uint32_t)table);
    set_cfg(&p, 0, 4, 2, 6);
    for (unsigned vector = 0; vector < 3; vector++) {
        ck_assert_uint_eq(bus_get(&p, table + 16 * vector + 12, 4), 1);
        bus_put(&p, table + 16 * vector, 8, MSI_TARGET + 4 * vector + 3); /* the low bits are reserved */
        ck_assert_uint_eq(bus_get(&p, table + 16 * vector, 4), MSI_TARGET + 4 * vector);
        bus_put(&p, table + 16 * vector + 8, 4, 0x1000 + vector);
        bus_put(&p, table + 16 * vector + 12, 4, 0xfffffffe);
        ck_assert_uint_eq(bus_get(&p, table + 16 * vector + 12, 4), 0);
    }
    pci_function_message(gadget.function, 1);
    ck_assert_uint_eq(bus_get(&p, MSI_TARGET + 4, 4), 0);
    set_cfg(&p, 0, at + 2, 2, 0x8000);
    pci_function_message(gadget.function, 1);
    ck_assert_uint_eq(bus_get(&p, MSI_TARGET + 4, 4), 0x1001);
    ck_assert_uint_eq(bus_get(&p, MSI_TARGET, 4), 0);
    pci_function_message(gadget.function, 3); /* not there */
    /* The vector's mask, the function's mask. */
    bus_put(&p, table + 12, 4, 1);
    pci_function_message(gadget.function, 0);
    ck_assert_uint_eq(bus_get(&p, pending, 4), 1);
    set_cfg(&p, 0, at + 2, 2, 0xc000);
    pci_function_message(gadget.function, 2);
    ck_assert_uint_eq(bus_get(&p, pending, 4), 5);
    bus_put(&p, pending, 4, 0); /* read-only */
    ck_assert_uint_eq(bus_get(&p, pending, 4), 5);
    set_cfg(&p, 0, at + 2, 2, 0x8000);
    ck_assert_uint_eq(bus_get(&p, MSI_TARGET + 8, 4), 0x1002);
    ck_assert_uint_eq(bus_get(&p, pending, 4), 1);
    bus_put(&p, table + 12, 4, 0);
    ck_assert_uint_eq(bus_get(&p, MSI_TARGET, 4), 0x1000);
    ck_assert_uint_eq(bus_get(&p, pending, 4), 0);
    device_destroy(gadget.function);
    pci_fixture_free(&p);
}
END_TEST

/* A saved state comes back; one in which a read-only bit is another is refused. */
START_TEST(state)
{
    struct pci_fixture p;
    struct gadget gadget;
    const char *why;
    pci_fixture_init(&p);
    plug(&p, &gadget, true);
    set_cfg(&p, 0, 0x10, 4, MEMORY_WINDOW + 0x3000);
    set_cfg(&p, 0, 4, 2, 6);
    struct state_section section = device_section(gadget.function);
    struct state_writer writer = {0};
    uint64_t hash = state_hash_section(0, &section);
    state_save_section(&writer, &section);
    device_reset(gadget.function);
    ck_assert_uint_ne(state_hash_section(0, &section), hash);
    struct state_reader reader = {.data = writer.data, .size = writer.size};
    ck_assert(state_load_section(&reader, &section, &why));
    ck_assert_uint_eq(state_hash_section(0, &section), hash);
    ck_assert_uint_eq(bus_get(&p, MEMORY_WINDOW + 0x3004, 4), 0x104);
    state_set(&section, &section.fields[0], 0, 0x35); /* the vendor */
    writer.size = 0;
    state_save_section(&writer, &section);
    reader = (struct state_reader){.data = writer.data, .size = writer.size};
    ck_assert(!state_load_section(&reader, &section, &why));
    state_writer_free(&writer);
    device_destroy(gadget.function);
    pci_fixture_free(&p);
}
END_TEST

START_TEST(slots)
{
    struct pci_fixture p;
    struct device *function[PCI_SLOTS];
    pci_fixture_init(&p);
    for (unsigned i = 0; i < PCI_SLOTS; i++) {
        function[i] = pci_function_create(&p.f.env, p.host);
        ck_assert_ptr_nonnull(function[i]);
        ck_assert_uint_eq(pci_function_devfn(function[i]), i << 3);
    }
    ck_assert_ptr_null(pci_function_create(&p.f.env, p.host));
    for (unsigned i = PCI_SLOTS; i > 0; i--)
        device_destroy(function[i - 1]);
    pci_fixture_free(&p);
}
END_TEST

int main(void)
{
    TCase *tcase = tcase_create("pci");
    tcase_add_test(tcase, identity);
    tcase_add_test(tcase, masks);
    tcase_add_test(tcase, windows);
    tcase_add_test(tcase, pins);
    tcase_add_test(tcase, msi);
    tcase_add_test(tcase, msix);
    tcase_add_test(tcase, state);
    tcase_add_test(tcase, slots);
    return run_case("pci", tcase);
}
