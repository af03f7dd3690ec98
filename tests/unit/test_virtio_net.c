/* virtio network: configuration, frames both ways, merged buffers, the link. */
#include "virtio_fixture.h"

#define F_MTU (1ull << 3)
#define F_MAC (1ull << 5)
#define F_MRG_RXBUF (1ull << 15)
#define F_STATUS (1ull << 16)

static struct fixture f;
static struct device *device;
static struct guest_queue rx, tx;
static uint8_t sent[70000];
static size_t sent_size;
static unsigned sends, readies;

static void on_send(void *opaque, const uint8_t *frame, size_t size)
{
    ck_assert_uint_le(size, sizeof(sent));
    memcpy(sent, frame, size);
    sent_size = size;
    sends++;
}

static void on_ready(void *opaque)
{
    readies++;
}

static void create(uint16_t mtu)
{
    fixture_init(&f);
    sends = readies = 0;
    struct virtio_place place = fixture_place(&f);
    struct virtio_net_options options = {
        .backend = {on_send, on_ready, NULL}, .mac = {0x52, 0x54, 0, 0x12, 0x34, 0x56}, .mtu = mtu};
    device = virtio_net_create(&f.env, &place, &options);
    fixture_attach(device);
}

static void setup(void)
{
    create(0);
}

static void teardown(void)
{
    fixture_free(&f, device);
}

static void start(uint64_t features)
{
    ck_assert(negotiate(&f, BASE_FEATURES | features));
    setup_queue(&f, &rx, 0, RING_SIZE);
    setup_queue(&f, &tx, 1, RING_SIZE);
    driver_ok(&f);
}

START_TEST(test_config)
{
    static const uint8_t mac[6] = {0x52, 0x54, 0, 0x12, 0x34, 0x56};
    ck_assert_uint_eq(rd(&f, V_DEVICE_ID), 1);
    ck_assert_uint_eq(offered_features(&f) & 0xffffff, F_MAC | F_MRG_RXBUF | F_STATUS);
    for (unsigned i = 0; i < 6; i++)
        ck_assert_uint_eq(rd_size(&f, V_CONFIG + i, 1), mac[i]);
    ck_assert_uint_eq(rd_size(&f, V_CONFIG + 6, 2), 1);
    ck_assert_uint_eq(rd_size(&f, V_CONFIG + 8, 2), 1);
    wr(&f, V_CONFIG, 0);
    ck_assert_uint_eq(f.guest_errors, 1);
    teardown();
    create(9000);
    ck_assert(offered_features(&f) & F_MTU);
    ck_assert_uint_eq(rd_size(&f, V_CONFIG + 10, 2), 9000);
}
END_TEST

START_TEST(test_transmit)
{
    start(F_MAC);
    for (unsigned i = 0; i < 60; i++)
        poke(&f, BUFFERS + 0x100 + i, 1, i);
    struct guest_part parts[2] = {{BUFFERS, 12, false}, {BUFFERS + 0x100, 60, false}};
    uint16_t head = offer(&f, &tx, parts, 2);
    wr(&f, V_QUEUE_NOTIFY, 1);
    advance(&f, 4999);
    ck_assert_uint_eq(sends, 0);
    advance(&f, 1);
    ck_assert_uint_eq(sends, 1);
    ck_assert_uint_eq(sent_size, 60);
    for (unsigned i = 0; i < 60; i++)
        ck_assert_uint_eq(sent[i], i);
    ck_assert_uint_eq(take_used(&f, &tx, head), 0);

    /* Refused and dropped, but given back: too short, too long, an offload, nothing behind the header. */
    unsigned errors = f.guest_errors;
    struct guest_part bad = {BUFFERS, 11, false};
    take_used(&f, &tx, (head = offer(&f, &tx, &bad, 1), kick(&f, 1), head));
    bad.size = 12 + VIRTIO_NET_FRAME_MAX + 1;
    take_used(&f, &tx, (head = offer(&f, &tx, &bad, 1), kick(&f, 1), head));
    poke(&f, BUFFERS, 1, 1);
    bad.size = 72;
    take_used(&f, &tx, (head = offer(&f, &tx, &bad, 1), kick(&f, 1), head));
    ck_assert_uint_eq(f.guest_errors, errors + 3);
    poke(&f, BUFFERS, 1, 0);
    bad.size = 12;
    take_used(&f, &tx, (head = offer(&f, &tx, &bad, 1), kick(&f, 1), head));
    ck_assert_uint_eq(sends, 1);
}
END_TEST

START_TEST(test_receive)
{
    uint8_t frame[100];
    for (unsigned i = 0; i < sizeof(frame); i++)
        frame[i] = (uint8_t)(i + 1);
    ck_assert(!virtio_net_receive(device, frame, sizeof(frame))); /* nobody there yet */
    start(F_MAC);
    ck_assert_uint_eq(readies, 1);
    ck_assert(!virtio_net_receive(device, frame, sizeof(frame)));
    struct guest_part parts[2] = {{BUFFERS, 12, true}, {BUFFERS + 0x100, 1514, true}};
    uint16_t head = offer(&f, &rx, parts, 2);
    kick(&f, 0);
    ck_assert_uint_eq(readies, 2);
    ck_assert(virtio_net_receive(device, frame, sizeof(frame)));
    ck_assert_uint_eq(take_used(&f, &rx, head), 112);
    ck_assert_uint_eq(look(&f, BUFFERS, 8), 0);
    ck_assert_uint_eq(look(&f, BUFFERS + 8, 4), 0x10000); /* num_buffers 1 */
    for (unsigned i = 0; i < sizeof(frame); i++)
        ck_assert_uint_eq(look(&f, BUFFERS + 0x100 + i, 1), i + 1);
    ck_assert(f.irq.level);
    /* A buffer that can't take the frame breaks the driver's promise. */
    parts[1].size = 50;
    offer(&f, &rx, parts, 2);
    ck_assert(virtio_net_receive(device, frame, sizeof(frame)));
    ck_assert_uint_eq(rd(&f, V_STATUS), 15 | VIRTIO_NEEDS_RESET);
    ck_assert(virtio_net_receive(device, frame, sizeof(frame))); /* lost */
}
END_TEST

START_TEST(test_merged_buffers)
{
    static uint8_t frame[VIRTIO_NET_FRAME_MAX];
    for (unsigned i = 0; i < sizeof(frame); i++)
        frame[i] = (uint8_t)(i * 5);
    start(F_MRG_RXBUF | VIRTIO_F_EVENT_IDX);
    uint16_t heads[4];
    struct guest_part part = {0, 40, true};
    for (unsigned i = 0; i < 2; i++) {
        part.address = BUFFERS + 0x100 * i;
        heads[i] = offer(&f, &rx, &part, 1);
    }
    kick(&f, 0);
    ck_assert(!virtio_net_receive(device, frame, 100)); /* two are not enough, and both are kept */
    ck_assert_uint_eq(used_count(&f, &rx), 0);
    ck_assert_uint_eq(look(&f, rx.used + 4 + 8 * RING_SIZE, 2), 2); /* tell me of the third */
    for (unsigned i = 2; i < 4; i++) {
        part.address = BUFFERS + 0x100 * i;
        heads[i] = offer(&f, &rx, &part, 1);
    }
    ck_assert(virtio_net_receive(device, frame, 100));
    ck_assert_uint_eq(look(&f, BUFFERS + 10, 2), 3);
    static const uint32_t sizes[3] = {40, 40, 32};
    unsigned at = 0;
    for (unsigned i = 0; i < 3; i++) {
        ck_assert_uint_eq(take_used(&f, &rx, heads[i]), sizes[i]);
        for (unsigned n = i ? 0 : 12; n < sizes[i]; n++)
            ck_assert_uint_eq(look(&f, BUFFERS + 0x100 * i + n, 1), frame[at++]);
    }
    ck_assert_uint_eq(used_count(&f, &rx), 0);
    ck_assert(virtio_net_receive(device, frame, 20));
    ck_assert_uint_eq(take_used(&f, &rx, heads[3]), 32);
    /* A frame larger than all the ring could hold is never accepted, whatever is offered; nothing breaks. */
    ck_assert(!virtio_net_receive(device, frame, sizeof(frame)));
    ck_assert(virtio_net_receive(device, frame, VIRTIO_NET_FRAME_MAX + 1)); /* too long for any: dropped */
}
END_TEST

START_TEST(test_link)
{
    start(F_STATUS);
    struct guest_part part = {BUFFERS, 72, false};
    virtio_net_set_link(device, false);
    ck_assert_uint_eq(rd_size(&f, V_CONFIG + 6, 2), 0);
    ck_assert_uint_eq(rd(&f, V_CONFIG_GENERATION), 1);
    ck_assert_uint_eq(rd(&f, V_INTERRUPT_STATUS), VIRTIO_INTERRUPT_CONFIG);
    ck_assert(virtio_net_receive(device, sent, 60));
    offer(&f, &tx, &part, 1);
    kick(&f, 1);
    ck_assert_uint_eq(sends, 0);
    virtio_net_set_link(device, true);
    virtio_net_set_link(device, true);
    ck_assert_uint_eq(rd(&f, V_CONFIG_GENERATION), 2);
    offer(&f, &tx, &part, 1);
    kick(&f, 1);
    ck_assert_uint_eq(sends, 1);
}
END_TEST

int main(void)
{
    TCase *tcase = tcase_create("virtio-net");
    tcase_add_checked_fixture(tcase, setup, teardown);
    tcase_add_test(tcase, test_config);
    tcase_add_test(tcase, test_transmit);
    tcase_add_test(tcase, test_receive);
    tcase_add_test(tcase, test_merged_buffers);
    tcase_add_test(tcase, test_link);
    return run_case("virtio-net", tcase);
}
