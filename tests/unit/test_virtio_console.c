/* virtio console: one port and several, control messages, emergency writes, resizing. */
#include "virtio_fixture.h"

enum { DEVICE_READY = 0, DEVICE_ADD = 1, PORT_READY = 3, CONSOLE_PORT = 4, RESIZE = 5, PORT_OPEN = 6, PORT_NAME = 7 };

#define F_SIZE 1ull
#define F_MULTIPORT 2ull
#define F_EMERG_WRITE 4ull

static struct fixture f;
static struct device *device;
static struct guest_queue q[6];
static char out[2][8192];
static size_t out_size[2];
static unsigned readies[2];

static void on_write(void *opaque, const uint8_t *data, size_t size)
{
    size_t port = (size_t)(uintptr_t)opaque;
    ck_assert_uint_le(out_size[port] + size, sizeof(out[port]));
    memcpy(out[port] + out_size[port], data, size);
    out_size[port] += size;
}

static void on_ready(void *opaque)
{
    readies[(uintptr_t)opaque]++;
}

static void create(unsigned ports)
{
    fixture_init(&f);
    memset(out_size, 0, sizeof(out_size));
    memset(readies, 0, sizeof(readies));
    struct virtio_place place = fixture_place(&f);
    struct virtio_console_options options = {
        .ports = {{{on_write, on_ready, (void *)0}, NULL}, {{on_write, on_ready, (void *)1}, "org.example.port"}},
        .port_count = ports};
    device = virtio_console_create(&f.env, &place, &options);
    fixture_attach(device);
}

static void setup(void)
{
    create(1);
}

static void teardown(void)
{
    fixture_free(&f, device);
}

static void start(uint64_t features, unsigned queues)
{
    ck_assert(negotiate(&f, BASE_FEATURES | features));
    for (unsigned i = 0; i < queues; i++)
        setup_queue(&f, &q[i], i, RING_SIZE);
    driver_ok(&f);
}

START_TEST(test_config)
{
    ck_assert_uint_eq(rd(&f, V_DEVICE_ID), 3);
    ck_assert_uint_eq(offered_features(&f) & 0xffffff, F_SIZE | F_EMERG_WRITE);
    ck_assert_uint_eq(rd(&f, V_CONFIG), 25 << 16 | 80);
    ck_assert_uint_eq(rd(&f, V_CONFIG + 4), 1);
    ck_assert_uint_eq(rd(&f, V_CONFIG + 8), 0);
    wr(&f, V_CONFIG + 8, '!'); /* emergency: before anything is set up */
    ck_assert_int_eq(out[0][0], '!');
    wr(&f, V_CONFIG, 1);
    ck_assert_uint_eq(f.guest_errors, 1);
    wr(&f, V_QUEUE_SEL, 2);
    ck_assert_uint_eq(rd(&f, V_QUEUE_NUM_MAX), 0);
    struct virtio_place place = fixture_place(&f);
    struct virtio_console_options none = {.port_count = 0}, many = {.port_count = 5};
    ck_assert_ptr_null(virtio_console_create(&f.env, &place, &none));
    ck_assert_ptr_null(virtio_console_create(&f.env, &place, &many));
}
END_TEST

START_TEST(test_one_port)
{
    ck_assert_uint_eq(virtio_console_receive(device, 0, (const uint8_t *)"x", 1), 0);
    start(F_SIZE, 2);
    for (unsigned i = 0; i < 6000; i++)
        poke(&f, BUFFERS + i, 1, 'a' + i % 26);
    struct guest_part parts[2] = {{BUFFERS, 5, false}, {BUFFERS + 5, 5995, false}};
    uint16_t head = offer(&f, &q[1], parts, 2);
    kick(&f, 1);
    ck_assert_uint_eq(take_used(&f, &q[1], head), 0);
    ck_assert_uint_eq(out_size[0], 6000);
    ck_assert_int_eq(out[0][5999], 'a' + 5999 % 26);

    unsigned before = readies[0];
    struct guest_part buffer = {BUFFERS, 4, true};
    uint16_t first = offer(&f, &q[0], &buffer, 1);
    buffer.address += 4;
    uint16_t second = offer(&f, &q[0], &buffer, 1);
    kick(&f, 0);
    ck_assert_uint_eq(readies[0], before + 1);
    ck_assert_uint_eq(virtio_console_receive(device, 0, (const uint8_t *)"hello, world", 12), 8);
    ck_assert_uint_eq(take_used(&f, &q[0], first), 4);
    ck_assert_uint_eq(take_used(&f, &q[0], second), 4);
    ck_assert_uint_eq(look(&f, BUFFERS, 8), 0x77202c6f6c6c6568); /* "hello, w" */
    ck_assert(f.irq.level);
    ck_assert_uint_eq(virtio_console_receive(device, 1, (const uint8_t *)"x", 1), 0);
    buffer.size = 0; /* room for nothing */
    offer(&f, &q[0], &buffer, 1);
    virtio_console_receive(device, 0, (const uint8_t *)"x", 1);
    ck_assert_uint_eq(rd(&f, V_STATUS), 15 | VIRTIO_NEEDS_RESET);
}
END_TEST

START_TEST(test_resize)
{
    start(F_SIZE, 2);
    virtio_console_resize(device, 132, 50);
    virtio_console_resize(device, 132, 50);
    ck_assert_uint_eq(rd(&f, V_CONFIG), 50 << 16 | 132);
    ck_assert_uint_eq(rd(&f, V_CONFIG_GENERATION), 1);
    ck_assert_uint_eq(rd(&f, V_INTERRUPT_STATUS), VIRTIO_INTERRUPT_CONFIG);
}
END_TEST

static void control(uint32_t port, uint16_t event, uint16_t value)
{
    poke(&f, BUFFERS + 0x8000, 4, port);
    poke(&f, BUFFERS + 0x8004, 2, event);
    poke(&f, BUFFERS + 0x8006, 2, value);
    struct guest_part part = {BUFFERS + 0x8000, 8, false};
    uint16_t head = offer(&f, &q[3], &part, 1);
    kick(&f, 3);
    take_used(&f, &q[3], head);
}

/* Expects the next message to the guest, in the control buffer it was put in (they go round). */
static unsigned next_control;

static void expect_control(uint32_t port, uint16_t event, uint32_t size)
{
    uint64_t at = BUFFERS + 0x40 * (next_control % RING_SIZE);
    ck_assert_uint_eq(take_used(&f, &q[2], (uint16_t)(next_control % RING_SIZE)), size);
    ck_assert_uint_eq(look(&f, at, 4), port);
    ck_assert_uint_eq(look(&f, at + 4, 2), event);
    ck_assert_uint_eq(look(&f, at + 6, 2), 1);
    next_control++;
}

static void offer_control_buffers(unsigned count)
{
    for (unsigned i = 0; i < count; i++) {
        struct guest_part part = {BUFFERS + 0x40 * q[2].free_descriptor, 0x40, true};
        offer(&f, &q[2], &part, 1);
    }
    kick(&f, 2);
}

START_TEST(test_multiport)
{
    teardown();
    create(2);
    next_control = 0;
    ck_assert_uint_eq(offered_features(&f) & 0xffffff, F_SIZE | F_MULTIPORT | F_EMERG_WRITE);
    ck_assert_uint_eq(rd(&f, V_CONFIG + 4), 2);
    start(F_SIZE | F_MULTIPORT, 6);
    control(0, DEVICE_READY, 1);
    offer_control_buffers(1); /* one buffer: the rest waits */
    expect_control(0, DEVICE_ADD, 8);
    ck_assert_uint_eq(used_count(&f, &q[2]), 0);
    offer_control_buffers(8);
    expect_control(1, DEVICE_ADD, 8);
    control(0, PORT_READY, 1);
    expect_control(0, CONSOLE_PORT, 8);
    ck_assert_uint_eq(look(&f, BUFFERS + 0x40 * next_control + 8, 4), 25 << 16 | 80);
    expect_control(0, RESIZE, 12);
    expect_control(0, PORT_OPEN, 8);
    control(1, PORT_READY, 1);
    expect_control(1, PORT_OPEN, 8);
    ck_assert_uint_eq(look(&f, BUFFERS + 0x40 * next_control + 8, 1), 'o');
    expect_control(1, PORT_NAME, 8 + 16);

    struct guest_part in = {BUFFERS + 0x9000, 16, true}, message = {BUFFERS + 0xa000, 3, false};
    uint16_t head = offer(&f, &q[4], &in, 1);
    kick(&f, 4);
    ck_assert_uint_eq(virtio_console_receive(device, 1, (const uint8_t *)"abc", 3), 0); /* not open */
    unsigned before = readies[1];
    control(1, PORT_OPEN, 1);
    ck_assert_uint_eq(readies[1], before + 1);
    ck_assert_uint_eq(virtio_console_receive(device, 1, (const uint8_t *)"abc", 3), 3);
    ck_assert_uint_eq(take_used(&f, &q[4], head), 3);
    poke(&f, BUFFERS + 0xa000, 4, 0x7a7978);
    head = offer(&f, &q[5], &message, 1);
    kick(&f, 5);
    take_used(&f, &q[5], head);
    ck_assert_mem_eq(out[1], "xyz", 3);
    virtio_console_resize(device, 100, 40);
    expect_control(0, RESIZE, 12);

    unsigned errors = f.guest_errors;
    control(7, PORT_OPEN, 1); /* no such port, no such event */
    control(0, 42, 1);
    ck_assert_uint_eq(f.guest_errors, errors + 2);
    /* Asking a thousand times is remembered once. */
    for (unsigned i = 0; i < 1000; i++)
        control(1, PORT_READY, 1);
    ck_assert_uint_eq(rd(&f, V_STATUS), 15);
    struct guest_part part = {BUFFERS + 0x8000, 7, false}; /* short */
    offer(&f, &q[3], &part, 1);
    kick(&f, 3);
    ck_assert_uint_eq(rd(&f, V_STATUS), 15 | VIRTIO_NEEDS_RESET);
}
END_TEST

int main(void)
{
    TCase *tcase = tcase_create("virtio-console");
    tcase_add_checked_fixture(tcase, setup, teardown);
    tcase_add_test(tcase, test_config);
    tcase_add_test(tcase, test_one_port);
    tcase_add_test(tcase, test_resize);
    tcase_add_test(tcase, test_multiport);
    return run_case("virtio-console", tcase);
}
