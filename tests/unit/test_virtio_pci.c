/* The virtio PCI transport: capabilities, every field of the common configuration, notifications, interrupts. */
#include "devices/virtio/virtio_core.h"

#include "pci_fixture.h"

#define STRUCTURES 0x8000000000ull
#define NOTIFY (STRUCTURES + 0x3000)
#define ISR (STRUCTURES + 0x1000)
#define TABLE (MEMORY_WINDOW + 0x1000)
#define RING FIXTURE_RAM
#define BUFFER (FIXTURE_RAM + 0x8000)
#define MSI_TARGET (FIXTURE_RAM + 0xf000)

struct guest {
    struct pci_fixture p;
    struct device *function, *rng;
};

static void begin(struct guest *g)
{
    pci_fixture_init(&g->p);
    g->function = pci_function_create(&g->p.f.env, g->p.host);
    struct virtio_place place = {.function = g->function, .pas_mask = PAS_MASK_BOTH};
    g->rng = virtio_rng_create(&g->p.f.env, &place, 7);
    ck_assert_ptr_nonnull(g->rng);
    fixture_attach(g->rng); /* has no window of its own */
    set_cfg(&g->p, 0, 0x14, 4, TABLE);
    set_cfg(&g->p, 0, 0x24, 4, 0x80);
    set_cfg(&g->p, 0, 4, 2, 6);
}

static void end(struct guest *g)
{
    device_destroy(g->rng);
    device_destroy(g->function);
    pci_fixture_free(&g->p);
}

static uint32_t get(struct guest *g, unsigned offset, unsigned size)
{
    return (uint32_t)bus_get(&g->p, STRUCTURES + offset, size);
}

static void put(struct guest *g, unsigned offset, unsigned size, uint32_t value)
{
    bus_put(&g->p, STRUCTURES + offset, size, value);
}

/* To DRIVER_OK, with a queue of 4. */
static void start(struct guest *g, uint16_t queue_vector)
{
    put(g, 0x14, 1, 0);
    put(g, 0x14, 1, 3);
    put(g, 0x08, 4, 1);
    put(g, 0x0c, 4, 1);
    put(g, 0x14, 1, 11);
    ck_assert_uint_eq(get(g, 0x14, 1), 11);
    put(g, 0x16, 2, 0);
    put(g, 0x18, 2, 4);
    put(g, 0x1a, 2, queue_vector);
    const uint32_t areas[] = {RING, 0, RING + 0x1000, 0, RING + 0x2000, 0};
    for (unsigned i = 0; i < 6; i++)
        put(g, 0x20 + 4 * i, 4, areas[i]);
    put(g, 0x1c, 2, 1);
    ck_assert_uint_eq(get(g, 0x1c, 2), 1);
    put(g, 0x14, 1, 15);
}

/* One buffer of 32 bytes; the index of the available ring after it. */
static void offer(struct guest *g, uint16_t index)
{
    bus_put(&g->p, RING, 8, BUFFER);
    bus_put(&g->p, RING + 8, 4, 32);
    bus_put(&g->p, RING + 12, 2, 2);
    bus_put(&g->p, RING + 0x1004 + 2 * ((index - 1u) & 3), 2, 0);
    bus_put(&g->p, RING + 0x1002, 2, index);
    bus_put(&g->p, NOTIFY, 2, 0);
}

START_TEST(identity)
{
    struct guest g;
    begin(&g);
    ck_assert_uint_eq(cfg(&g.p, 0, 0, 4), 0x10441af4);
    ck_assert_uint_eq(cfg(&g.p, 0, 8, 1), 1);
    /* Five structures, each in BAR 4; the types in the order of the list. */
    static const uint32_t expected[][4] = {{1, 0, 0x40, 16}, {3, 0x1000, 1, 16}, {4, 0x2000, 64, 16},
                                           {2, 0x3000, 40, 20}, {5, 0, 0, 20}};
    for (unsigned i = 0; i < 5; i++) {
        unsigned at = find_capability(&g.p, 0, 9, i);
        ck_assert_uint_ne(at, 0);
        ck_assert_uint_eq(cfg(&g.p, 0, at + 3, 1), expected[i][0]);
        ck_assert_uint_eq(cfg(&g.p, 0, at + 8, 4), expected[i][1]);
        ck_assert_uint_eq(cfg(&g.p, 0, at + 12, 4), expected[i][2]);
        ck_assert_uint_eq(cfg(&g.p, 0, at + 2, 1), expected[i][3]);
        if (i < 4)
            ck_assert_uint_eq(cfg(&g.p, 0, at + 4, 1), 4);
    }
    ck_assert_uint_eq(cfg(&g.p, 0, find_capability(&g.p, 0, 9, 3) + 16, 4), 4);
    ck_assert_uint_eq(find_capability(&g.p, 0, 9, 5), 0);
    end(&g);
}
END_TEST

START_TEST(fields)
{
    static const struct {
        unsigned offset, size;
        uint32_t reset, ones;
    } rows[] = {
        {0x00, 4, 0, UINT32_MAX}, {0x08, 4, 0, UINT32_MAX}, {0x0c, 4, 0, 0 /* a part beyond bit 63 */},
        {0x10, 2, 0xffff, 0xffff}, {0x12, 2, 1, 1}, {0x15, 1, 0, 0}, {0x18, 2, 256, 256}, {0x1a, 2, 0xffff, 0xffff},
        {0x1e, 2, 0, 0}, {0x20, 4, 0, UINT32_MAX}, {0x24, 4, 0, UINT32_MAX}, {0x28, 4, 0, UINT32_MAX},
        {0x2c, 4, 0, UINT32_MAX}, {0x30, 4, 0, UINT32_MAX}, {0x34, 4, 0, UINT32_MAX}, {0x38, 2, 0, 0}, {0x3a, 2, 0, 0},
    };
    struct guest g;
    begin(&g);
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        ck_assert_msg(get(&g, rows[i].offset, rows[i].size) == rows[i].reset, "%#x", rows[i].offset);
        put(&g, rows[i].offset, rows[i].size, UINT32_MAX);
        ck_assert_msg(get(&g, rows[i].offset, rows[i].size) == rows[i].ones, "%#x", rows[i].offset);
    }
    put(&g, 0x14, 1, 0); /* a reset */
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
        ck_assert_msg(get(&g, rows[i].offset, rows[i].size) == rows[i].reset, "%#x", rows[i].offset);
    /* Features by halves. */
    put(&g, 0x00, 4, 1);
    ck_assert_uint_eq(get(&g, 0x04, 4), (uint32_t)((VIRTIO_F_VERSION_1 | VIRTIO_F_RING_RESET) >> 32));
    /* Vectors that exist are kept; there are two. */
    put(&g, 0x10, 2, 1);
    put(&g, 0x1a, 2, 2);
    ck_assert_uint_eq(get(&g, 0x10, 2), 1);
    ck_assert_uint_eq(get(&g, 0x1a, 2), 0xffff);
    /* A queue that doesn't exist reads as zero; fields of another size, and what lies between, too. */
    put(&g, 0x16, 2, 3);
    ck_assert_uint_eq(get(&g, 0x18, 2), 0);
    unsigned errors = g.p.f.guest_errors;
    ck_assert_uint_eq(get(&g, 0x14, 4), 0);
    ck_assert_uint_eq(get(&g, 0x3c, 4), 0);
    put(&g, 0x18, 2, 4);
    put(&g, 0x12, 2, 4);
    put(&g, 0x1002, 2, 4);
    ck_assert_uint_eq(g.p.f.guest_errors, errors + 5);
    end(&g);
}
END_TEST

START_TEST(request_by_pin)
{
    struct guest g;
    begin(&g);
    start(&g, 0xffff);
    put(&g, 0x1c, 2, 0); /* can't be cleared */
    ck_assert_uint_eq(get(&g, 0x1c, 2), 1);
    offer(&g, 1);
    advance(&g.p.f, 1000000);
    ck_assert_uint_eq(bus_get(&g.p, RING + 0x2002, 2), 1);
    ck_assert_uint_eq(bus_get(&g.p, RING + 0x2008, 4), 32);
    ck_assert_uint_ne(bus_get(&g.p, BUFFER, 8), 0);
    ck_assert(g.p.level[0]);
    uint64_t value;
    ck_assert_int_eq(bus_read(g.p.f.bus, ISR, 1, fixture_debug, &value), BUS_OK); /* a look clears nothing */
    ck_assert_uint_eq(value, 1);
    ck_assert_uint_eq(bus_get(&g.p, ISR, 1), 1);
    ck_assert_uint_eq(bus_get(&g.p, ISR, 1), 0);
    ck_assert(!g.p.level[0]);
    /* Without bus mastering nothing is read or written, and the notification is a guest error. */
    set_cfg(&g.p, 0, 4, 2, 2);
    unsigned errors = g.p.f.guest_errors;
    offer(&g, 2);
    advance(&g.p.f, 1000000);
    ck_assert_uint_eq(g.p.f.guest_errors, errors + 1);
    ck_assert_uint_eq(bus_get(&g.p, RING + 0x2002, 2), 1);
    set_cfg(&g.p, 0, 4, 2, 6);
    bus_put(&g.p, NOTIFY, 2, 0);
    advance(&g.p.f, 1000000);
    ck_assert_uint_eq(bus_get(&g.p, RING + 0x2002, 2), 2);
    bus_put(&g.p, NOTIFY + 4, 2, 0); /* no such queue */
    ck_assert_uint_eq(g.p.f.guest_errors, errors + 2);
    end(&g);
}
END_TEST

START_TEST(request_by_message)
{
    struct guest g;
    begin(&g);
    unsigned at = find_capability(&g.p, 0, 0x11, 0);
    ck_assert_uint_eq(cfg(&g.p, 0, at + 2, 2), 1); /* two vectors */
    bus_put(&g.p, TABLE + 16, 4, MSI_TARGET);
    bus_put(&g.p, TABLE + 24, 4, 0x77);
    bus_put(&g.p, TABLE + 28, 4, 0);
    set_cfg(&g.p, 0, at + 2, 2, 0x8000);
    start(&g, 1);
    ck_assert_uint_eq(get(&g, 0x1a, 2), 1);
    offer(&g, 1);
    advance(&g.p.f, 1000000);
    ck_assert_uint_eq(bus_get(&g.p, MSI_TARGET, 4), 0x77);
    ck_assert(!g.p.level[0]);
    ck_assert_uint_eq(bus_get(&g.p, ISR, 1), 0);
    /* A queue without a vector is served without a word. */
    bus_put(&g.p, MSI_TARGET, 4, 0);
    start(&g, 0xffff);
    bus_put(&g.p, RING + 0x2002, 2, 0);
    bus_put(&g.p, RING + 0x1002, 2, 0);
    offer(&g, 1);
    advance(&g.p.f, 1000000);
    ck_assert_uint_eq(bus_get(&g.p, RING + 0x2002, 2), 1);
    ck_assert_uint_eq(bus_get(&g.p, MSI_TARGET, 4), 0);
    end(&g);
}
END_TEST

/* The same registers through configuration space. */
START_TEST(window)
{
    struct guest g;
    begin(&g);
    unsigned at = find_capability(&g.p, 0, 9, 4);
    set_cfg(&g.p, 0, at + 4, 1, 4);
    set_cfg(&g.p, 0, at + 8, 4, 0x12);
    set_cfg(&g.p, 0, at + 12, 4, 2);
    ck_assert_uint_eq(cfg(&g.p, 0, at + 16, 2), 1);
    set_cfg(&g.p, 0, at + 8, 4, 0x08);
    set_cfg(&g.p, 0, at + 12, 4, 4);
    set_cfg(&g.p, 0, at + 16, 4, 0x1234);
    ck_assert_uint_eq(get(&g, 0x08, 4), 0x1234);
    /* Another BAR, an odd place, one outside: nothing but storage. */
    const uint32_t bad[][3] = {{3, 0x08, 4}, {4, 0x0a, 4}, {4, 0x4000, 4}, {4, 0x08, 3}};
    for (unsigned i = 0; i < 4; i++) {
        set_cfg(&g.p, 0, at + 4, 1, bad[i][0]);
        set_cfg(&g.p, 0, at + 8, 4, bad[i][1]);
        set_cfg(&g.p, 0, at + 12, 4, bad[i][2]);
        set_cfg(&g.p, 0, at + 16, 4, 0x9999);
        ck_assert_uint_eq(cfg(&g.p, 0, at + 16, 4), 0x9999);
        ck_assert_uint_eq(get(&g, 0x08, 4), 0x1234);
    }
    end(&g);
}
END_TEST

int main(void)
{
    TCase *tcase = tcase_create("virtio-pci");
    tcase_add_test(tcase, identity);
    tcase_add_test(tcase, fields);
    tcase_add_test(tcase, request_by_pin);
    tcase_add_test(tcase, request_by_message);
    tcase_add_test(tcase, window);
    return run_case("virtio-pci", tcase);
}
