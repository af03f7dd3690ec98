/*
 * Every device under random accesses: deterministic, bounded, meant for the sanitizers. Checks that reads change
 * nothing when a debugger makes them, that a reset restores the reset state, that equal inputs give equal state, and
 * that the host survives. virtio devices start with rings that work half of the time and are then damaged.
 */
#include "devices/ahci/ahci.h"
#include "devices/fw_cfg.h"
#include "devices/pl011.h"
#include "devices/pl031.h"
#include "devices/pl061.h"

#include "virtio_fixture.h"

enum { ACCESSES = 30000, DISK_BYTES = 1 << 16 };

static uint64_t random_state;

static uint32_t random32(void)
{
    random_state = random_state * 6364136223846793005ull + 1442695040888963407ull;
    return (uint32_t)(random_state >> 33) ^ (uint32_t)(random_state >> 29 << 16);
}

static uint32_t below(uint32_t bound)
{
    return random32() % bound;
}

/* --- backends that check what they are given --- */

static uint8_t disk[DISK_BYTES];
static uint64_t output_hash;

static void check_output(void *opaque, const uint8_t *data, size_t size)
{
    output_hash = state_hash_bytes(output_hash, data, size);
}

static int check_read(void *opaque, uint64_t offset, void *data, size_t size)
{
    must(offset <= DISK_BYTES && size <= DISK_BYTES - offset);
    memcpy(data, disk + offset, size);
    return below(16) ? 0 : -1;
}

static int check_write(void *opaque, uint64_t offset, const void *data, size_t size)
{
    must(offset <= DISK_BYTES && size <= DISK_BYTES - offset);
    memcpy(disk + offset, data, size);
    return below(16) ? 0 : -1;
}

static int check_discard(void *opaque, uint64_t offset, uint64_t size)
{
    must(offset <= DISK_BYTES && size <= DISK_BYTES - offset);
    return 0;
}

/* --- the models --- */

static struct device *make_pl011(struct fixture *f)
{
    struct pl011_options options = {.backend = {check_output, NULL, NULL}, .initialised = true};
    return pl011_create(&f->env, FIXTURE_DEVICE, PAS_MASK_BOTH, &f->irq, 1, &options);
}

static void poke_pl011(struct device *device)
{
    uint8_t bytes[40] = {0};
    if (below(8))
        pl011_receive(device, bytes, below(sizeof(bytes)));
    else
        pl011_receive_break(device);
}

static struct device *make_pl031(struct fixture *f)
{
    return pl031_create(&f->env, FIXTURE_DEVICE, PAS_MASK_BOTH, &f->irq, 1, 12345);
}

static struct device *make_pl061(struct fixture *f)
{
    struct pl061_options options = {0};
    return pl061_create(&f->env, FIXTURE_DEVICE, PAS_MASK_BOTH, &f->irq, 1, &options);
}

static void poke_pl061(struct device *device)
{
    if (below(8))
        pl061_set_input(device, below(10), below(2));
    else
        pl061_press(device, below(10));
}

static struct device *make_fw_cfg(struct fixture *f)
{
    struct device *device = fw_cfg_create(&f->env, FIXTURE_DEVICE, PAS_MASK_BOTH);
    fw_cfg_add_file(device, "a", disk, 1000);
    fw_cfg_add_file(device, "b", disk, 3);
    return device;
}

static struct device *make_empty(struct fixture *f)
{
    struct virtio_place place = fixture_place(f);
    return virtio_empty_create(&f->env, &place);
}

static struct device *make_blk(struct fixture *f)
{
    struct virtio_place place = fixture_place(f);
    struct virtio_blk_options options = {
        .backend = {.read = check_read, .write = check_write, .discard = check_discard, .size = DISK_BYTES}};
    return virtio_blk_create(&f->env, &place, &options);
}

static struct device *make_net(struct fixture *f)
{
    struct virtio_place place = fixture_place(f);
    struct virtio_net_options options = {.backend = {.send = check_output}};
    return virtio_net_create(&f->env, &place, &options);
}

static void poke_net(struct device *device)
{
    static const uint8_t frame[2000];
    virtio_net_receive(device, frame, below(sizeof(frame)));
    if (!below(32))
        virtio_net_set_link(device, below(2));
}

static struct device *make_console(struct fixture *f)
{
    struct virtio_place place = fixture_place(f);
    struct virtio_console_options options = {.port_count = 4, .ports = {{{check_output, NULL, NULL}, "name"}}};
    return virtio_console_create(&f->env, &place, &options);
}

static void poke_console(struct device *device)
{
    static const uint8_t bytes[300];
    virtio_console_receive(device, below(5), bytes, below(sizeof(bytes)));
    if (!below(32))
        virtio_console_resize(device, (uint16_t)below(200), (uint16_t)below(100));
}

static struct device *make_rng(struct fixture *f)
{
    struct virtio_place place = fixture_place(f);
    return virtio_rng_create(&f->env, &place, 7);
}

static struct device *make_ahci(struct fixture *f)
{
    const struct block_backend backend = {.read = check_read, .write = check_write, .size = DISK_BYTES};
    struct ahci_options options = {.disks = {{.backend = backend}, {.backend = backend}}};
    options.disks[1].backend.write = NULL;
    struct ahci_place place = {.base = FIXTURE_DEVICE, .pas_mask = PAS_MASK_BOTH, .irq = &f->irq, .spi = 1};
    return ahci_create(&f->env, &place, &options);
}

static uint64_t random_address(void);

/* Commands in some slots of a port's list, mostly right, and the port running. */
static void start_ahci(struct fixture *f)
{
    static const uint8_t codes[] = {0x20, 0x25, 0x29, 0x2f, 0x35, 0x40, 0x60, 0x61, 0x60, 0x61, 0xc4, 0xc6,
                                    0xc8, 0xca, 0xe5, 0xe6, 0xe7, 0xec, 0xef, 0x00};
    uint64_t port = 0x100 + 0x80 * below(3), list = BUFFERS + 0x400 * below(4), issued = 0, active = 0;
    for (unsigned n = below(8); n > 0; n--) {
        unsigned slot = below(32), entries = below(6), command = codes[below(sizeof(codes))];
        uint64_t header = list + 32 * slot, table = BUFFERS + 0x2000 + 0x100 * below(16);
        bool queued = command == 0x60 || command == 0x61;
        poke(f, header, 4, entries << 16 | (below(16) ? 5 : below(32)));
        poke(f, header + 8, 8, below(16) ? table : random_address());
        poke(f, table, 4, (below(16) ? 0x27 : random32() & 0xff) | (below(16) ? 0x8000 : 0) | command << 16 | below(4) << 24);
        poke(f, table + 4, 4, below(140) | (below(16) ? 0x40u << 24 : random32()));
        poke(f, table + 8, 4, below(64) ? queued ? 0 : below(256) << 24 : random32());
        poke(f, table + 12, 4, queued ? slot << 3 : (below(4) | (below(64) ? 0u : 4u << 24)));
        for (unsigned i = 0; i < 8; i++) {
            poke(f, table + 0x80 + 16 * i, 8, random_address());
            poke(f, table + 0x8c + 16 * i, 4, (below(16) ? below(0x800) | 1 : random32()));
        }
        issued |= 1u << slot;
        active |= queued ? 1u << slot : 0;
    }
    const uint64_t writes[][2] = {{0x30, UINT32_MAX}, {0x10, UINT32_MAX}, {0x00, list}, {0x04, 0}, {0x08, BUFFERS + 0x6000},
                                  {0x0c, 0}, {0x14, random32()}, {0x18, 0x11}, {0x34, active}, {0x38, issued}};
    for (size_t i = 0; i < sizeof(writes) / sizeof(writes[0]); i++)
        wr(f, port + writes[i][0], (uint32_t)writes[i][1]);
}

static const struct model {
    struct device *(*make)(struct fixture *f);
    void (*poke)(struct device *device); /* input from outside */
    unsigned queues;                     /* virtio: how many to set up */
    void (*start)(struct fixture *f);    /* others: gives the device something to do */
} models[] = {
    {make_ahci, NULL, 0, start_ahci},
    {make_pl011, poke_pl011, 0, NULL}, {make_pl031, NULL, 0, NULL}, {make_pl061, poke_pl061, 0, NULL},
    {make_fw_cfg, NULL, 0, NULL}, {make_empty, NULL, 0, NULL}, {make_blk, NULL, 1, NULL},
    {make_net, poke_net, 2, NULL}, {make_console, poke_console, 6, NULL}, {make_rng, NULL, 1, NULL},
};

/* --- the guest --- */

static uint64_t random_address(void)
{
    switch (below(8)) {
    case 0:
        return (uint64_t)random32() << 32 | random32();
    case 1:
        return FIXTURE_RAM + FIXTURE_RAM_SIZE - below(64);
    default:
        return BUFFERS + below(0x8000);
    }
}

/* A chain that is mostly right: a random shape of readable then writable parts, small, in RAM. */
static void random_chain(struct fixture *f, struct guest_queue *q)
{
    struct guest_part parts[6];
    unsigned readable = below(4), count = readable + below(3);
    if (!count)
        count = 1;
    for (unsigned i = 0; i < count; i++)
        parts[i] = (struct guest_part){random_address(), below(8) ? 1 + below(1024) : random32(), i >= readable};
    if (readable && below(4)) { /* something that a block device would take for a request */
        static const uint32_t types[] = {0, 1, 4, 8, 11, 13, 99};
        parts[0] = (struct guest_part){BUFFERS + 16 * below(64), 16, false};
        poke(f, parts[0].address, 8, types[below(7)]);
        poke(f, parts[0].address + 8, 8, below(200));
    }
    offer(f, q, parts, count);
    if (!below(8)) /* damage */
        poke(f, q->desc + below(RING_SIZE * 16), 1, random32());
    if (!below(32))
        poke(f, q->avail + below(40), 1, random32());
    if (!below(8)) {
        uint64_t table = BUFFERS + 16 * below(0x100);
        set_descriptor(f, q->desc, below(RING_SIZE), table, 16 * below(40), D_INDIRECT, 0);
        for (unsigned i = 0; i < 8; i++)
            set_descriptor(f, table, i, random_address(), below(600), (uint16_t)below(4), (uint16_t)below(9));
    }
}

static void start_virtio(struct fixture *f, const struct model *model, struct guest_queue *queues)
{
    uint64_t features = offered_features(f);
    for (unsigned bit = 0; bit < 64; bit++)
        if (bit != 32 && !below(4))
            features &= ~(1ull << bit);
    if (!negotiate(f, features))
        return;
    for (unsigned i = 0; i < model->queues; i++) {
        wr(f, V_QUEUE_SEL, i);
        if (rd(f, V_QUEUE_NUM_MAX))
            setup_queue(f, &queues[i], i, RING_SIZE);
    }
    driver_ok(f);
}

/* A run's fingerprint: device, memory, clock, output. */
static uint64_t run(const struct model *model, uint64_t seed)
{
    struct fixture f;
    struct guest_queue queues[VIRTIO_QUEUES_MAX] = {0};
    fixture_init(&f);
    random_state = seed;
    output_hash = 0;
    memset(disk, 0x5a, sizeof(disk));
    struct device *device = model->make(&f);
    fixture_attach(device);
    struct state_section section = device_section(device);
    uint64_t hash = 0;
    for (unsigned i = 0; i < ACCESSES; i++) {
        unsigned size = 1u << below(4);
        uint64_t offset = below((uint32_t)device->size), value;
        if (below(4))
            offset &= model->start ? 0x3fc : 0xfc; /* where the registers are */
        offset &= ~(uint64_t)(size - 1);
        uint32_t action = below(100);
        if (action < 30) {
            bus_read(f.bus, FIXTURE_DEVICE + offset, size, fixture_cpu, &value);
            hash = state_hash_words(hash, &value, 1);
        } else if (action < 35) {
            uint64_t before = state_hash_section(0, &section);
            bus_read(f.bus, FIXTURE_DEVICE + offset, size, fixture_debug, &value);
            bus_write(f.bus, FIXTURE_DEVICE + offset, size, fixture_debug, value);
            must(before == state_hash_section(0, &section));
        } else if (action < (model->queues ? 45 : 70)) {
            value = below(2) ? random32() : below(256);
            bus_write(f.bus, FIXTURE_DEVICE + offset, size, fixture_cpu, value);
        } else if (action < 75 && model->poke) {
            model->poke(device);
        } else if (action < 80) {
            advance(&f, below(8) ? below(20000) : random32());
        } else if (model->start && action >= 80) {
            model->start(&f);
            if (below(2))
                advance(&f, 10000);
        } else if (model->queues && action < 98) {
            struct guest_queue *q = &queues[below(model->queues)];
            if (q->size)
                random_chain(&f, q);
            bus_write(f.bus, FIXTURE_DEVICE + V_QUEUE_NOTIFY, 4, fixture_cpu, below(model->queues));
            if (below(2))
                advance(&f, 10000);
        } else if (model->queues && (rd(&f, V_STATUS) != 15 || !below(16))) {
            start_virtio(&f, model, queues);
        }
    }
    hash = state_hash_section(hash, &section);
    hash = bus_hash_memory(f.bus, clock_hash(f.clock, hash)) ^ output_hash;

    /* Reset is complete: a device that has lived looks like a new one, but for what it keeps. */
    device_reset(device);
    struct device *fresh = model->make(&f);
    struct state_section fresh_section = device_section(fresh);
    for (size_t i = 0; i < section.field_count; i++) {
        const struct state_field *field = &section.fields[i];
        if (field->flags & STATE_KEEP_ON_RESET)
            continue;
        for (uint32_t n = 0; n < field->count; n++) {
            if (state_get(&section, field, n) != state_get(&fresh_section, field, n))
                ck_abort_msg("%s: %s[%u] after a reset", device->name, field->name, n);
        }
    }
    device_destroy(fresh);
    ck_assert(!f.irq.level);
    fixture_free(&f, device);
    return hash;
}

START_TEST(test_fuzz)
{
    const struct model *model = &models[_i];
    uint64_t first = run(model, 1 + (uint64_t)_i);
    ck_assert_uint_eq(first, run(model, 1 + (uint64_t)_i));
    ck_assert_uint_ne(first, run(model, 1000 + (uint64_t)_i));
}
END_TEST

int main(void)
{
    TCase *tcase = tcase_create("device-fuzz");
    tcase_set_timeout(tcase, 60);
    tcase_add_loop_test(tcase, test_fuzz, 0, sizeof(models) / sizeof(*models));
    return run_case("device-fuzz", tcase);
}
