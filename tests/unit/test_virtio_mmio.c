/* The virtio transport and the split ring, by the device that does least: entropy. */
#include "virtio_fixture.h"

static struct fixture f;
static struct device *device;
static struct guest_queue q;

static void setup(void)
{
    fixture_init(&f);
    struct virtio_place place = fixture_place(&f);
    device = virtio_rng_create(&f.env, &place, 1);
    fixture_attach(device);
}

static void teardown(void)
{
    fixture_free(&f, device);
}

static void start(uint64_t features)
{
    ck_assert(negotiate(&f, BASE_FEATURES | features));
    setup_queue(&f, &q, 0, RING_SIZE);
    driver_ok(&f);
}

START_TEST(test_registers)
{
    static const uint32_t write_only[] = {V_FEATURES_SEL,    V_DRIVER_FEATURES, V_DRIVER_FEATURES_SEL, V_QUEUE_SEL,
                                          V_QUEUE_NUM,       V_QUEUE_NOTIFY,    V_INTERRUPT_ACK,       V_QUEUE_DESC,
                                          V_QUEUE_DESC + 4,  V_QUEUE_DRIVER,    V_QUEUE_DRIVER + 4,    V_QUEUE_DEVICE,
                                          V_QUEUE_DEVICE + 4, V_SHM_SEL};
    static const uint32_t read_only[] = {V_MAGIC,   V_VERSION,     V_DEVICE_ID,        V_VENDOR_ID,
                                         V_FEATURES, V_QUEUE_NUM_MAX, V_INTERRUPT_STATUS, V_CONFIG_GENERATION};
    ck_assert_str_eq(device->name, "virtio-rng@9000000");
    ck_assert_uint_eq(rd(&f, V_MAGIC), 0x74726976);
    ck_assert_uint_eq(rd(&f, V_VERSION), 2);
    ck_assert_uint_eq(rd(&f, V_DEVICE_ID), 4);
    ck_assert_uint_ne(rd(&f, V_VENDOR_ID), 0);
    ck_assert_uint_eq(offered_features(&f),
                      VIRTIO_F_VERSION_1 | VIRTIO_F_INDIRECT_DESC | VIRTIO_F_EVENT_IDX | VIRTIO_F_RING_RESET);
    wr(&f, V_FEATURES_SEL, 2);
    ck_assert_uint_eq(rd(&f, V_FEATURES), 0);
    ck_assert_uint_eq(rd(&f, V_QUEUE_NUM_MAX), 256);
    ck_assert_uint_eq(rd(&f, V_QUEUE_READY), 0);
    ck_assert_uint_eq(rd(&f, V_INTERRUPT_STATUS), 0);
    ck_assert_uint_eq(rd(&f, V_STATUS), 0);
    ck_assert_uint_eq(rd(&f, V_QUEUE_RESET), 0);
    ck_assert_uint_eq(rd(&f, V_CONFIG_GENERATION), 0);
    for (unsigned i = 0; i < 16; i += 4)
        ck_assert_uint_eq(rd(&f, V_SHM_LEN + i), UINT32_MAX);
    wr(&f, V_SHM_SEL, 3);
    wr(&f, V_QUEUE_SEL, 1);
    ck_assert_uint_eq(rd(&f, V_QUEUE_NUM_MAX), 0);
    ck_assert_uint_eq(rd(&f, V_QUEUE_READY), 0);
    wr(&f, V_QUEUE_SEL, 0);
    ck_assert_uint_eq(f.guest_errors, 0);
    for (size_t i = 0; i < sizeof(write_only) / 4; i++) {
        ck_assert_uint_eq(rd(&f, write_only[i]), 0);
        ck_assert_uint_eq(f.guest_errors, i + 1);
    }
    unsigned errors = f.guest_errors;
    for (size_t i = 0; i < sizeof(read_only) / 4; i++)
        wr(&f, read_only[i], 0);
    ck_assert_uint_eq(f.guest_errors, errors + sizeof(read_only) / 4);
    errors = f.guest_errors;
    rd_size(&f, V_MAGIC, 1); /* registers are 32 bits */
    wr_size(&f, V_STATUS, 2, 1);
    rd(&f, V_CONFIG); /* no configuration space */
    wr(&f, V_CONFIG, 0);
    ck_assert_uint_eq(f.guest_errors, errors + 4);
    ck_assert_uint_eq(peek(&f, device, V_MAGIC), 0x74726976);
}
END_TEST

START_TEST(test_empty_transport)
{
    teardown();
    fixture_init(&f);
    struct virtio_place place = fixture_place(&f);
    device = virtio_empty_create(&f.env, &place);
    fixture_attach(device);
    ck_assert_uint_eq(rd(&f, V_MAGIC), 0x74726976);
    ck_assert_uint_eq(rd(&f, V_VERSION), 2);
    ck_assert_uint_eq(rd(&f, V_DEVICE_ID), 0);
    ck_assert_uint_eq(rd(&f, V_FEATURES), 0);
    ck_assert_uint_eq(rd(&f, V_QUEUE_NUM_MAX), 0);
    wr(&f, V_STATUS, 0xf);
    ck_assert_uint_eq(rd(&f, V_STATUS), 0);
    ck_assert_uint_eq(f.guest_errors, 1);
}
END_TEST

START_TEST(test_status)
{
    /* Not without VERSION_1, not with what was not offered. */
    ck_assert(!negotiate(&f, 0));
    ck_assert(!negotiate(&f, BASE_FEATURES | 1));
    ck_assert(!negotiate(&f, BASE_FEATURES | 1ull << 60));
    wr(&f, V_STATUS, 7);
    ck_assert_uint_eq(rd(&f, V_STATUS), 3); /* no DRIVER_OK without FEATURES_OK */
    ck_assert(negotiate(&f, BASE_FEATURES));
    unsigned errors = f.guest_errors;
    wr(&f, V_DRIVER_FEATURES_SEL, 0);
    wr(&f, V_DRIVER_FEATURES, 1 << 29); /* too late */
    wr(&f, V_STATUS, 1);                /* bits are not taken away */
    ck_assert_uint_eq(rd(&f, V_STATUS), 11);
    ck_assert_uint_eq(f.guest_errors, errors + 2);
    wr(&f, V_STATUS, 11 | VIRTIO_NEEDS_RESET); /* the device's bit */
    ck_assert_uint_eq(rd(&f, V_STATUS), 11);
    wr(&f, V_STATUS, 11 | VIRTIO_FAILED);
    ck_assert_uint_eq(rd(&f, V_STATUS), 11 | VIRTIO_FAILED);
    wr(&f, V_STATUS, 0);
    ck_assert_uint_eq(rd(&f, V_STATUS), 0);
    wr(&f, V_DRIVER_FEATURES_SEL, 2);
    wr(&f, V_DRIVER_FEATURES, 0);
    ck_assert_uint_eq(f.guest_errors, errors + 2);
    wr(&f, V_DRIVER_FEATURES, 1);
    ck_assert_uint_eq(f.guest_errors, errors + 3);
}
END_TEST

START_TEST(test_queue_registers)
{
    static const uint32_t bad_sizes[] = {0, 3, 257, 512, 0x10010};
    ck_assert(negotiate(&f, BASE_FEATURES));
    unsigned errors = f.guest_errors;
    for (size_t i = 0; i < sizeof(bad_sizes) / 4; i++)
        wr(&f, V_QUEUE_NUM, bad_sizes[i]);
    ck_assert_uint_eq(f.guest_errors, errors + 5);
    static const uint32_t misaligned[][2] = {{V_QUEUE_DESC, 8}, {V_QUEUE_DRIVER, 1}, {V_QUEUE_DEVICE, 2}};
    for (size_t i = 0; i < 3; i++) {
        wr(&f, misaligned[i][0], misaligned[i][1]);
        wr(&f, V_QUEUE_READY, 1);
        ck_assert_uint_eq(rd(&f, V_QUEUE_READY), 0);
        wr(&f, misaligned[i][0], 0);
    }
    setup_queue(&f, &q, 0, RING_SIZE);
    errors = f.guest_errors;
    wr(&f, V_QUEUE_NUM, 8); /* while ready */
    wr(&f, V_QUEUE_DESC, 0);
    wr(&f, V_QUEUE_RESET, 1); /* not negotiated */
    wr(&f, V_QUEUE_NOTIFY, 0); /* before DRIVER_OK */
    driver_ok(&f);
    wr(&f, V_QUEUE_NOTIFY, 1); /* no such queue */
    wr(&f, V_QUEUE_SEL, 5);
    wr(&f, V_QUEUE_NUM, 8);
    ck_assert_uint_eq(f.guest_errors, errors + 6);
    wr(&f, V_QUEUE_SEL, 0);
    wr(&f, V_QUEUE_READY, 0);
    ck_assert_uint_eq(rd(&f, V_QUEUE_READY), 0);
    wr(&f, V_QUEUE_READY, 1); /* its addresses are still there */
    struct guest_part part = {BUFFERS, 8, true};
    uint16_t head = offer(&f, &q, &part, 1);
    kick(&f, 0);
    ck_assert_uint_eq(take_used(&f, &q, head), 8);

    ck_assert(negotiate(&f, BASE_FEATURES | VIRTIO_F_RING_RESET));
    setup_queue(&f, &q, 0, RING_SIZE);
    driver_ok(&f);
    offer(&f, &q, &part, 1);
    wr(&f, V_QUEUE_NOTIFY, 0);
    wr(&f, V_QUEUE_RESET, 1);
    ck_assert_uint_eq(rd(&f, V_QUEUE_RESET), 0);
    ck_assert_uint_eq(rd(&f, V_QUEUE_READY), 0);
    advance(&f, 1000000);
    ck_assert_uint_eq(used_count(&f, &q), 0);
    setup_queue(&f, &q, 0, RING_SIZE); /* and used again */
    head = offer(&f, &q, &part, 1);
    kick(&f, 0);
    ck_assert_uint_eq(take_used(&f, &q, head), 8);
}
END_TEST

START_TEST(test_latency_and_interrupt)
{
    start(0);
    struct guest_part parts[2] = {{BUFFERS, 5, true}, {BUFFERS + 0x100, 11, true}};
    uint16_t head = offer(&f, &q, parts, 2);
    wr(&f, V_QUEUE_NOTIFY, 0);
    advance(&f, 999);
    ck_assert_uint_eq(used_count(&f, &q), 0);
    ck_assert(!f.irq.level);
    advance(&f, 1);
    ck_assert_uint_eq(take_used(&f, &q, head), 16);
    ck_assert_uint_eq(look(&f, BUFFERS + 5, 1), 0);
    ck_assert(f.irq.level);
    ck_assert_uint_eq(rd(&f, V_INTERRUPT_STATUS), VIRTIO_INTERRUPT_QUEUE);
    wr(&f, V_INTERRUPT_ACK, VIRTIO_INTERRUPT_QUEUE);
    ck_assert(!f.irq.level);
    poke(&f, q.avail, 2, 1); /* VIRTQ_AVAIL_F_NO_INTERRUPT */
    head = offer(&f, &q, parts, 2);
    kick(&f, 0);
    take_used(&f, &q, head);
    ck_assert(!f.irq.level);
    wr(&f, V_STATUS, 0);
    ck_assert_uint_eq(rd(&f, V_INTERRUPT_STATUS), 0);
}
END_TEST

/* A driver may fill its queues before DRIVER_OK: they are served after it, as if it had notified. */
START_TEST(test_filled_before_driver_ok)
{
    ck_assert(negotiate(&f, BASE_FEATURES));
    setup_queue(&f, &q, 0, RING_SIZE);
    struct guest_part part = {BUFFERS, 8, true};
    uint16_t head = offer(&f, &q, &part, 1);
    kick(&f, 0);
    ck_assert_uint_eq(used_count(&f, &q), 0);
    driver_ok(&f);
    advance(&f, 999);
    ck_assert_uint_eq(used_count(&f, &q), 0);
    advance(&f, 1);
    ck_assert_uint_eq(take_used(&f, &q, head), 8);
    ck_assert(f.irq.level);
}
END_TEST

/* The wrong order is the driver's error, which no device refuses. */
START_TEST(test_queue_before_features_ok)
{
    wr(&f, V_STATUS, VIRTIO_ACKNOWLEDGE | VIRTIO_DRIVER);
    wr(&f, V_DRIVER_FEATURES_SEL, 1);
    wr(&f, V_DRIVER_FEATURES, (uint32_t)(VIRTIO_F_VERSION_1 >> 32));
    unsigned errors = f.guest_errors;
    setup_queue(&f, &q, 0, RING_SIZE);
    ck_assert_uint_eq(f.guest_errors, errors + 1);
    struct guest_part part = {BUFFERS, 8, true};
    uint16_t head = offer(&f, &q, &part, 1);
    advance(&f, 1000000);
    ck_assert_uint_eq(used_count(&f, &q), 0);
    wr(&f, V_STATUS, VIRTIO_ACKNOWLEDGE | VIRTIO_DRIVER | VIRTIO_FEATURES_OK);
    driver_ok(&f);
    advance(&f, 1000);
    ck_assert_uint_eq(take_used(&f, &q, head), 8);
}
END_TEST

START_TEST(test_event_index)
{
    start(VIRTIO_F_EVENT_IDX);
    struct guest_part part = {BUFFERS, 8, true};
    uint64_t used_event = q.avail + 4 + 2 * RING_SIZE, avail_event = q.used + 4 + 8 * RING_SIZE;
    poke(&f, used_event, 2, 2); /* interrupt when the third is used */
    for (unsigned i = 0; i < 3; i++) {
        ck_assert(!f.irq.level);
        uint16_t head = offer(&f, &q, &part, 1);
        kick(&f, 0);
        take_used(&f, &q, head);
        ck_assert_uint_eq(look(&f, avail_event, 2), i + 1);
    }
    ck_assert(f.irq.level);
    wr(&f, V_INTERRUPT_ACK, 1);
    /* A batch that goes past the index. */
    poke(&f, used_event, 2, 4);
    for (unsigned i = 0; i < 4; i++)
        offer(&f, &q, &part, 1);
    kick(&f, 0);
    ck_assert(f.irq.level);
    ck_assert_uint_eq(used_count(&f, &q), 4);
    /* Round the 16-bit corner: indices only ever grow. */
    wr(&f, V_INTERRUPT_ACK, 1);
    poke(&f, used_event, 2, 0xffff);
    for (unsigned i = 0; i < 0x10000 - 7; i++) {
        offer(&f, &q, &part, 1);
        wr(&f, V_QUEUE_NOTIFY, 0);
        advance(&f, 1000);
    }
    ck_assert_uint_eq(look(&f, q.used + 2, 2), 0);
    ck_assert(f.irq.level);
}
END_TEST

START_TEST(test_indirect)
{
    start(VIRTIO_F_INDIRECT_DESC);
    uint64_t table = BUFFERS + 0x1000;
    /* A direct part, then a table of three, whose own flags say nothing about writing. */
    set_descriptor(&f, q.desc, 0, BUFFERS, 4, D_NEXT | D_WRITE, 5);
    set_descriptor(&f, q.desc, 5, table, 3 * 16, D_INDIRECT, 0);
    set_descriptor(&f, table, 0, BUFFERS + 0x10, 4, D_NEXT | D_WRITE, 2);
    set_descriptor(&f, table, 2, BUFFERS + 0x20, 4, D_NEXT | D_WRITE, 1);
    set_descriptor(&f, table, 1, BUFFERS + 0x30, 0, D_WRITE, 0); /* of no bytes */
    make_available(&f, &q, 0);
    kick(&f, 0);
    ck_assert_uint_eq(take_used(&f, &q, 0), 12);
    ck_assert_uint_eq(rd(&f, V_STATUS) & VIRTIO_NEEDS_RESET, 0);
}
END_TEST

/* Every way to break a ring: each must end in DEVICE_NEEDS_RESET, a configuration interrupt and a guest error. */
enum breakage { AVAIL_TOO_FAR, HEAD_BEYOND, NEXT_BEYOND, LOOP, READ_AFTER_WRITE, OUTSIDE_RAM, TOO_LONG, AVAIL_OUTSIDE,
                USED_OUTSIDE, DESC_OUTSIDE, DESC_WRAPS, FIRST_INDIRECT, INDIRECT_TWICE = FIRST_INDIRECT, INDIRECT_NEXT,
                INDIRECT_SIZE, INDIRECT_EMPTY, INDIRECT_BEYOND, INDIRECT_LOOP, INDIRECT_OUTSIDE, INDIRECT_REFUSED,
                BREAKAGES };

static void break_indirect(enum breakage how)
{
    uint64_t table = BUFFERS + 0x1000;
    uint32_t size = how == INDIRECT_SIZE ? 33 : how == INDIRECT_EMPTY ? 0 : 32;
    set_descriptor(&f, q.desc, 0, how == INDIRECT_OUTSIDE ? 0x1000 : table, size,
                   D_INDIRECT | (how == INDIRECT_NEXT ? D_NEXT : 0), 1);
    set_descriptor(&f, q.desc, 1, BUFFERS, 8, D_WRITE, 0);
    set_descriptor(&f, table, 0, BUFFERS, 8,
                   how == INDIRECT_TWICE ? D_INDIRECT : D_WRITE | (how == INDIRECT_REFUSED ? 0 : D_NEXT),
                   how == INDIRECT_BEYOND ? 2 : how == INDIRECT_LOOP ? 0 : 1);
    set_descriptor(&f, table, 1, BUFFERS, 8, D_WRITE, 0);
    make_available(&f, &q, 0);
}

static void break_ring(enum breakage how)
{
    struct guest_part part = {BUFFERS, 8, true};
    switch (how) {
    case AVAIL_TOO_FAR:
        poke(&f, q.avail + 2, 2, RING_SIZE + 1);
        break;
    case HEAD_BEYOND:
        make_available(&f, &q, RING_SIZE);
        break;
    case NEXT_BEYOND:
        set_descriptor(&f, q.desc, 0, BUFFERS, 8, D_WRITE | D_NEXT, RING_SIZE);
        make_available(&f, &q, 0);
        break;
    case LOOP:
        set_descriptor(&f, q.desc, 0, BUFFERS, 8, D_WRITE | D_NEXT, 1);
        set_descriptor(&f, q.desc, 1, BUFFERS, 8, D_WRITE | D_NEXT, 0);
        make_available(&f, &q, 0);
        break;
    case READ_AFTER_WRITE:
        set_descriptor(&f, q.desc, 0, BUFFERS, 8, D_WRITE | D_NEXT, 1);
        set_descriptor(&f, q.desc, 1, BUFFERS, 8, 0, 0);
        make_available(&f, &q, 0);
        break;
    case OUTSIDE_RAM:
        part.address = FIXTURE_RAM + FIXTURE_RAM_SIZE - 4;
        offer(&f, &q, &part, 1);
        break;
    case TOO_LONG:
        set_descriptor(&f, q.desc, 0, BUFFERS, UINT32_MAX, D_WRITE | D_NEXT, 1);
        set_descriptor(&f, q.desc, 1, BUFFERS, 8, D_WRITE, 0);
        make_available(&f, &q, 0);
        break;
    case DESC_WRAPS: /* a buffer over the top of the address space */
        part.address = UINT64_MAX - 3;
        offer(&f, &q, &part, 1);
        break;
    default:
        break;
    }
}

static void move_area(unsigned area, uint32_t address)
{
    wr(&f, V_QUEUE_READY, 0);
    wr(&f, V_QUEUE_DESC + 0x10 * area, address);
    wr(&f, V_QUEUE_READY, 1);
}

START_TEST(test_malformed)
{
    start(_i == INDIRECT_REFUSED ? 0 : VIRTIO_F_INDIRECT_DESC);
    struct guest_part part = {BUFFERS, 8, true};
    if (_i == AVAIL_OUTSIDE || _i == USED_OUTSIDE || _i == DESC_OUTSIDE) {
        offer(&f, &q, &part, 1);
        move_area(_i == DESC_OUTSIDE ? 0 : _i == AVAIL_OUTSIDE ? 1 : 2, 0x1000);
    } else if (_i >= FIRST_INDIRECT) {
        break_indirect(_i);
    } else {
        break_ring(_i);
    }
    unsigned errors = f.guest_errors;
    kick(&f, 0);
    ck_assert_uint_eq(rd(&f, V_STATUS), 15 | VIRTIO_NEEDS_RESET);
    ck_assert_uint_gt(f.guest_errors, errors);
    ck_assert_uint_eq(rd(&f, V_INTERRUPT_STATUS) & VIRTIO_INTERRUPT_CONFIG, VIRTIO_INTERRUPT_CONFIG);
    ck_assert(f.irq.level);
    /* It does nothing more; a reset makes it whole. */
    kick(&f, 0);
    start(0);
    uint16_t head = offer(&f, &q, &part, 1);
    kick(&f, 0);
    ck_assert_uint_eq(take_used(&f, &q, head), 8);
}
END_TEST

START_TEST(test_deterministic_bytes)
{
    uint64_t first[4], again[4], other[4];
    for (unsigned round = 0; round < 3; round++) {
        uint64_t *bytes = round == 0 ? first : round == 1 ? again : other;
        teardown();
        fixture_init(&f);
        struct virtio_place place = fixture_place(&f);
        device = virtio_rng_create(&f.env, &place, round == 2 ? 2 : 1);
        fixture_attach(device);
        start(0);
        struct guest_part part = {BUFFERS, 32, true};
        offer(&f, &q, &part, 1);
        kick(&f, 0);
        for (unsigned i = 0; i < 4; i++)
            bytes[i] = look(&f, BUFFERS + 8 * i, 8);
    }
    ck_assert_mem_eq(first, again, sizeof(first));
    ck_assert_mem_ne(first, other, sizeof(first));
    ck_assert_uint_ne(first[0], first[1]);
    /* Goes on over a reset, and at most 64 KiB a request. */
    device_reset(device);
    start(0);
    struct guest_part big = {BUFFERS, 0x20000, true};
    uint16_t head = offer(&f, &q, &big, 1);
    kick(&f, 0);
    ck_assert_uint_eq(take_used(&f, &q, head), 0x10000);
    ck_assert_uint_ne(look(&f, BUFFERS, 8), other[0]);
}
END_TEST

int main(void)
{
    TCase *tcase = tcase_create("virtio-mmio");
    tcase_add_checked_fixture(tcase, setup, teardown);
    tcase_add_test(tcase, test_registers);
    tcase_add_test(tcase, test_empty_transport);
    tcase_add_test(tcase, test_status);
    tcase_add_test(tcase, test_queue_registers);
    tcase_add_test(tcase, test_latency_and_interrupt);
    tcase_add_test(tcase, test_filled_before_driver_ok);
    tcase_add_test(tcase, test_queue_before_features_ok);
    tcase_add_test(tcase, test_event_index);
    tcase_add_test(tcase, test_indirect);
    tcase_add_loop_test(tcase, test_malformed, 0, BREAKAGES);
    tcase_add_test(tcase, test_deterministic_bytes);
    return run_case("virtio-mmio", tcase);
}
