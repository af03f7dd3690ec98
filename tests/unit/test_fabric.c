/* The bus, the clock, the log and the state tables. */
#include "libarmsim/fabric/bus.h"
#include "libarmsim/fabric/clock.h"
#include "libarmsim/fabric/irq.h"
#include "libarmsim/fabric/log.h"
#include "libarmsim/fabric/state.h"
#include "run_suite.h"

#include <check.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

/* --- bus --- */

static const struct bus_attrs ns = {.pas = PAS_NON_SECURE, .el = 1};
static const struct bus_attrs secure = {.pas = PAS_SECURE, .el = 3};
static const struct bus_attrs debug = {.pas = PAS_NON_SECURE, .debug = true};

struct fake {
    uint64_t offset, value, reads, writes;
    unsigned size;
};

static enum bus_result fake_read(void *opaque, uint64_t offset, unsigned size, struct bus_attrs attrs, uint64_t *value)
{
    struct fake *fake = opaque;
    fake->offset = offset;
    fake->size = size;
    fake->reads++;
    *value = 0x1234 + offset;
    return offset == 0x80 ? BUS_DEVICE_ERROR : BUS_OK;
}

static enum bus_result fake_write(void *opaque, uint64_t offset, unsigned size, struct bus_attrs attrs, uint64_t value)
{
    struct fake *fake = opaque;
    fake->offset = offset;
    fake->size = size;
    fake->value = value;
    fake->writes++;
    return BUS_OK;
}

static const struct bus_ops fake_ops = {fake_read, fake_write, 0};
static const struct bus_ops fake_ops_4 = {fake_read, fake_write, 4};

START_TEST(test_regions_and_overlap)
{
    struct bus *bus = bus_create();
    const struct bus_region *other;
    ck_assert_int_eq(bus_add_ram(bus, "ram", 0x40000000, 0x10000, PAS_MASK_BOTH, &other), 0);
    ck_assert_ptr_null(other);
    ck_assert_int_eq(bus_add_ram(bus, "b", 0x4000f000, 0x2000, PAS_BIT(PAS_SECURE), &other), -EEXIST);
    ck_assert_str_eq(other->name, "ram");
    ck_assert_int_eq(bus_add_ram(bus, "c", 0x3ffff000, 0x1000, PAS_MASK_BOTH, NULL), 0);
    ck_assert_int_eq(bus_add_ram(bus, "c", 0x3fffe000, 0x2000, PAS_MASK_BOTH, &other), -EEXIST);
    ck_assert_int_eq(bus_add_ram(bus, "d", 0x1000, 0, PAS_MASK_BOTH, NULL), -EINVAL);
    ck_assert_int_eq(bus_add_ram(bus, "d", 0x1001, 0x1000, PAS_MASK_BOTH, NULL), -EINVAL);
    ck_assert_int_eq(bus_add_ram(bus, "d", 0x1000, 0x1000, 0, NULL), -EINVAL);
    ck_assert_int_eq(bus_add_ram(bus, "d", UINT64_MAX - 0xfff, 0x2000, PAS_MASK_BOTH, NULL), -EINVAL);
    ck_assert_int_eq(bus_add_ram(bus, "top", UINT64_MAX - 0xfff, 0x1000, PAS_MASK_BOTH, NULL), 0);
    /* The same addresses in two spaces are two places. */
    ck_assert_int_eq(bus_add_ram(bus, "s", 0x1000, 0x1000, PAS_BIT(PAS_SECURE), NULL), 0);
    ck_assert_int_eq(bus_add_ram(bus, "n", 0x1000, 0x1000, PAS_BIT(PAS_NON_SECURE), NULL), 0);
    ck_assert_uint_eq(bus_region_count(bus), 5);
    for (size_t i = 1; i < 5; i++)
        ck_assert(bus_region_at(bus, i - 1)->base <= bus_region_at(bus, i)->base);
    ck_assert_ptr_null(bus_region_at(bus, 5));

    uint64_t value;
    ck_assert_int_eq(bus_write(bus, 0x1008, 8, secure, 0x1122334455667788), BUS_OK);
    ck_assert_int_eq(bus_read(bus, 0x1008, 8, ns, &value), BUS_OK);
    ck_assert_uint_eq(value, 0);
    ck_assert_int_eq(bus_read(bus, 0x100a, 2, secure, &value), BUS_OK);
    ck_assert_uint_eq(value, 0x5566);
    ck_assert_int_eq(bus_read(bus, 0x2000, 4, ns, &value), BUS_DECODE_ERROR);
    struct bus_attrs realm = {.pas = PAS_REALM};
    ck_assert_int_eq(bus_read(bus, 0x1000, 4, realm, &value), BUS_DECODE_ERROR);

    uint64_t offset;
    ck_assert_str_eq(bus_find(bus, PAS_NON_SECURE, 0x40000123, &offset)->name, "ram");
    ck_assert_uint_eq(offset, 0x123);
    ck_assert_ptr_null(bus_find(bus, PAS_NON_SECURE, 0x40010000, NULL));
    bus_destroy(bus);
    bus_destroy(NULL);
}
END_TEST

START_TEST(test_unaligned_and_blocks)
{
    struct bus *bus = bus_create();
    ck_assert_int_eq(bus_add_ram(bus, "a", 0x1000, 0x1000, PAS_MASK_BOTH, NULL), 0);
    ck_assert_int_eq(bus_add_ram(bus, "b", 0x2000, 0x1000, PAS_MASK_BOTH, NULL), 0);
    uint64_t value;
    ck_assert_int_eq(bus_write(bus, 0x1ffd, 8, ns, 0x8877665544332211), BUS_OK);
    ck_assert_int_eq(bus_read(bus, 0x1ffd, 8, ns, &value), BUS_OK);
    ck_assert_uint_eq(value, 0x8877665544332211);
    ck_assert_int_eq(bus_read(bus, 0x2000, 1, ns, &value), BUS_OK);
    ck_assert_uint_eq(value, 0x44);
    ck_assert_int_eq(bus_read(bus, 0x2ffd, 8, ns, &value), BUS_DECODE_ERROR);
    ck_assert_int_eq(bus_read(bus, 0x1000, 3, ns, &value), BUS_DEVICE_ERROR);

    uint8_t block[0x1800], back[0x1800];
    for (size_t i = 0; i < sizeof(block); i++)
        block[i] = (uint8_t)(i * 7);
    ck_assert_int_eq(bus_write_block(bus, 0x1400, block, sizeof(block), ns), BUS_OK);
    ck_assert_int_eq(bus_read_block(bus, 0x1400, back, sizeof(back), ns), BUS_OK);
    ck_assert_mem_eq(block, back, sizeof(block));
    ck_assert_int_eq(bus_write_block(bus, 0x2c00, block, 0x800, ns), BUS_DECODE_ERROR);
    ck_assert_int_eq(bus_read_block(bus, 0x2c00, back, 0x400, ns), BUS_OK);
    ck_assert_mem_eq(block, back, 0x400);
    bus_destroy(bus);
}
END_TEST

START_TEST(test_mmio_rules)
{
    struct bus *bus = bus_create();
    struct fake fake = {0};
    ck_assert_int_eq(bus_add_mmio(bus, "dev", 0x9000000, 0x1000, PAS_MASK_BOTH, &fake_ops, &fake, NULL), 0);
    ck_assert_int_eq(bus_add_mmio(bus, "dev4", 0x9001000, 0x1000, PAS_MASK_BOTH, &fake_ops_4, &fake, NULL), 0);
    uint64_t value;
    ck_assert_int_eq(bus_read(bus, 0x9000010, 4, ns, &value), BUS_OK);
    ck_assert_uint_eq(value, 0x1244);
    ck_assert_uint_eq(fake.offset, 0x10);
    ck_assert_int_eq(bus_read(bus, 0x9000012, 4, ns, &value), BUS_DEVICE_ERROR);
    ck_assert_int_eq(bus_read(bus, 0x9000010, 8, ns, &value), BUS_DEVICE_ERROR);
    ck_assert_int_eq(bus_read(bus, 0x9000080, 4, ns, &value), BUS_DEVICE_ERROR);
    ck_assert_int_eq(bus_write(bus, 0x9001004, 1, ns, 1), BUS_DEVICE_ERROR);
    ck_assert_int_eq(bus_write(bus, 0x9001004, 4, ns, 0xabcd), BUS_OK);
    ck_assert_uint_eq(fake.value, 0xabcd);
    ck_assert_uint_eq(fake.writes, 1);
    uint8_t bytes[4];
    ck_assert_int_eq(bus_read_block(bus, 0x9000010, bytes, 4, ns), BUS_DEVICE_ERROR);
    ck_assert_int_eq(bus_write_block(bus, 0x9000010, bytes, 4, ns), BUS_DEVICE_ERROR);
    bus_destroy(bus);
}
END_TEST

START_TEST(test_alias)
{
    struct bus *bus = bus_create();
    struct fake fake = {0};
    ck_assert_int_eq(bus_add_ram(bus, "ram", 0x40000000, 0x2000, PAS_MASK_BOTH, NULL), 0);
    ck_assert_int_eq(bus_add_mmio(bus, "dev", 0x9000000, 0x1000, PAS_MASK_BOTH, &fake_ops, &fake, NULL), 0);
    ck_assert_int_eq(bus_add_alias(bus, "low", 0, 0x3000, PAS_MASK_BOTH, 0x40001000, NULL), 0);
    ck_assert_int_eq(bus_add_alias(bus, "devs", 0x10000, 0x1000, PAS_MASK_BOTH, 0x9000000, NULL), 0);
    ck_assert_int_eq(bus_add_alias(bus, "circle", 0x20000, 0x1000, PAS_MASK_BOTH, 0x20000, NULL), 0);
    uint64_t value, offset;
    ck_assert_int_eq(bus_write(bus, 0x8, 4, ns, 77), BUS_OK);
    ck_assert_int_eq(bus_read(bus, 0x40001008, 4, ns, &value), BUS_OK);
    ck_assert_uint_eq(value, 77);
    ck_assert_int_eq(bus_read(bus, 0x1000, 4, ns, &value), BUS_DECODE_ERROR);
    ck_assert_int_eq(bus_read(bus, 0x10020, 4, ns, &value), BUS_OK);
    ck_assert_uint_eq(fake.offset, 0x20);
    ck_assert_int_eq(bus_read(bus, 0x20000, 4, ns, &value), BUS_DECODE_ERROR);
    ck_assert_str_eq(bus_find(bus, PAS_SECURE, 0x10, &offset)->name, "ram");
    ck_assert_uint_eq(offset, 0x1010);
    bus_destroy(bus);
}
END_TEST

START_TEST(test_rom)
{
    struct bus *bus = bus_create();
    ck_assert_int_eq(bus_add_rom(bus, "rom", 0, 0x1000, PAS_MASK_BOTH, NULL), 0);
    uint64_t value;
    ck_assert_int_eq(bus_write(bus, 0, 4, debug, 0x11111111), BUS_OK);
    ck_assert_int_eq(bus_write(bus, 0, 4, ns, 0x22222222), BUS_OK);
    ck_assert_int_eq(bus_write_block(bus, 0, "abcd", 4, ns), BUS_OK);
    ck_assert_int_eq(bus_read(bus, 0, 4, ns, &value), BUS_OK);
    ck_assert_uint_eq(value, 0x11111111);
    ck_assert_int_eq(bus_write_block(bus, 0, "abcd", 4, debug), BUS_OK);
    ck_assert_int_eq(bus_read(bus, 0, 4, ns, &value), BUS_OK);
    ck_assert_uint_eq(value, 0x64636261);
    bus_destroy(bus);
}
END_TEST

struct watched {
    unsigned calls;
    uint64_t offset[4], size[4];
    uint16_t requester;
    uint8_t before;
};

static void watch(void *opaque, struct bus_region *region, uint64_t offset, uint64_t size, uint16_t requester)
{
    struct watched *watched = opaque;
    if (watched->calls < 4) {
        watched->offset[watched->calls] = offset;
        watched->size[watched->calls] = size;
    }
    watched->calls++;
    watched->requester = requester;
    watched->before = *bus_host(region, offset);
}

START_TEST(test_watch)
{
    struct bus *bus = bus_create();
    struct watched watched = {0};
    ck_assert_int_eq(bus_add_ram(bus, "ram", 0x40000000, 0x4000, PAS_MASK_BOTH, NULL), 0);
    bus_set_watch(bus, watch, &watched);
    struct bus_region *ram = bus_find(bus, PAS_NON_SECURE, 0x40000000, NULL);
    struct bus_attrs dma = {.pas = PAS_NON_SECURE, .requester = BUS_REQUESTER_DMA + 2};

    ck_assert_int_eq(bus_write(bus, 0x40000000, 4, ns, 0x55), BUS_OK);
    ck_assert_uint_eq(watched.calls, 0);
    ck_assert_uint_eq(ram->page_flags[0], BUS_PAGE_WRITTEN);
    ram->page_flags[0] |= BUS_PAGE_CODE;
    ram->page_flags[2] |= BUS_PAGE_EXCLUSIVE;
    ck_assert_int_eq(bus_write(bus, 0x40000000, 4, dma, 0x66), BUS_OK);
    ck_assert_uint_eq(watched.calls, 1);
    ck_assert_uint_eq(watched.requester, BUS_REQUESTER_DMA + 2);
    ck_assert_uint_eq(watched.before, 0x55); /* called before the write */

    static uint8_t block[0x4000];
    watched.calls = 0;
    ck_assert_int_eq(bus_write_block(bus, 0x40000ff0, block, 0x1020, dma), BUS_OK);
    ck_assert_uint_eq(watched.calls, 2);
    ck_assert_uint_eq(watched.offset[0], 0xff0);
    ck_assert_uint_eq(watched.size[0], 0x10);
    ck_assert_uint_eq(watched.offset[1], 0x2000);
    ck_assert_uint_eq(watched.size[1], 0x10);
    ck_assert_uint_eq(ram->page_flags[1], BUS_PAGE_WRITTEN);
    ck_assert_uint_eq(ram->page_flags[3], 0);
    bus_destroy(bus);
}
END_TEST

START_TEST(test_memory_hash)
{
    struct bus *a = bus_create(), *b = bus_create();
    bus_add_ram(a, "ram", 0x40000000, 0x100000, PAS_MASK_BOTH, NULL);
    bus_add_ram(b, "ram", 0x40000000, 0x100000, PAS_MASK_BOTH, NULL);
    ck_assert_uint_eq(bus_hash_memory(a, 1), bus_hash_memory(b, 1));
    bus_write(a, 0x40005000, 1, ns, 1);
    ck_assert_uint_ne(bus_hash_memory(a, 1), bus_hash_memory(b, 1));
    bus_write(b, 0x40006000, 1, ns, 1);
    ck_assert_uint_ne(bus_hash_memory(a, 1), bus_hash_memory(b, 1)); /* where counts */
    bus_write(b, 0x40006000, 1, ns, 0);
    bus_write(b, 0x40005000, 1, ns, 1);
    ck_assert_uint_eq(bus_hash_memory(a, 1), bus_hash_memory(b, 1));
    bus_destroy(a);
    bus_destroy(b);
}
END_TEST

/* Every address is answered by the region that a linear search finds. */
START_TEST(test_bisection_against_linear)
{
    struct bus *bus = bus_create();
    uint32_t random = 1;
    struct fake fake = {0};
    for (int i = 0; i < 400; i++) {
        random = random * 1664525 + 1013904223;
        uint64_t base = (random >> 8) & 0xffff, size = 1 + (random >> 26);
        bus_add_mmio(bus, "r", base, size, 1 + random % 15, &fake_ops, &fake, NULL);
    }
    for (enum pas pas = 0; pas < PAS_COUNT; pas++) {
        for (uint64_t pa = 0; pa < 0x10100; pa++) {
            struct bus_region *expected = NULL;
            for (size_t i = 0; i < bus_region_count(bus); i++) {
                struct bus_region *r = bus_region_at(bus, i);
                if ((r->pas_mask & PAS_BIT(pas)) && pa >= r->base && pa - r->base < r->size) {
                    if (expected)
                        ck_abort_msg("two regions at %#lx", (unsigned long)pa);
                    expected = r;
                }
            }
            if (bus_find(bus, pas, pa, NULL) != expected)
                ck_abort_msg("another region at %#lx", (unsigned long)pa);
        }
    }
    bus_destroy(bus);
}
END_TEST

/* --- clock --- */

struct trace {
    char text[512];
    struct clock *clock;
    struct clock_event *chain;
};
static struct trace trace;

struct named_event {
    struct clock_event event;
    char letter;
};

static void record(void *opaque, uint64_t now)
{
    struct named_event *named = opaque;
    char letter[2] = {named->letter, 0};
    ck_assert_uint_eq(now, named->event.time);
    ck_assert_uint_eq(clock_now(trace.clock), now);
    strcat(trace.text, letter);
    if (named->letter == 'r' && strlen(trace.text) < 8)
        clock_schedule(trace.clock, &named->event, now + 10);
}

static void init_event(struct clock *clock, struct named_event *named, char letter, uint32_t priority)
{
    *named = (struct named_event){.event = {.name = "e", .fire = record, .opaque = named, .priority = priority},
                                  .letter = letter};
    ck_assert_int_eq(clock_register(clock, &named->event), 0);
}

static void on_deadline(void *opaque, uint64_t deadline)
{
    *(uint64_t *)opaque = deadline;
}

START_TEST(test_clock_order)
{
    struct clock *clock = clock_create();
    trace = (struct trace){.clock = clock};
    uint64_t deadline = 0;
    clock_set_deadline_watch(clock, on_deadline, &deadline);
    struct named_event a, b, c, d;
    init_event(clock, &a, 'a', CLOCK_PRIORITY_DEVICE);
    init_event(clock, &b, 'b', CLOCK_PRIORITY_TIMER);
    init_event(clock, &c, 'c', CLOCK_PRIORITY_DEVICE);
    init_event(clock, &d, 'd', CLOCK_PRIORITY_DEVICE);
    ck_assert_uint_eq(clock_next_deadline(clock), CLOCK_NEVER);
    clock_schedule(clock, &c.event, 100);
    ck_assert_uint_eq(deadline, 100);
    clock_schedule(clock, &a.event, 100);
    clock_schedule(clock, &b.event, 100);
    deadline = 0;
    clock_schedule(clock, &d.event, 150);
    ck_assert_uint_eq(deadline, 0); /* not earlier: not told */
    clock_schedule(clock, &d.event, 50);
    ck_assert_uint_eq(deadline, 50);
    clock_advance(clock, 99);
    ck_assert_str_eq(trace.text, "d");
    ck_assert_uint_eq(clock_now(clock), 99);
    clock_advance(clock, 100);
    ck_assert_str_eq(trace.text, "dbca"); /* priority, then insertion */
    clock_advance(clock, 10);
    ck_assert_uint_eq(clock_now(clock), 100); /* never backwards */
    ck_assert(!clock_is_scheduled(&a.event));

    clock_schedule(clock, &a.event, 200);
    clock_cancel(clock, &a.event);
    clock_cancel(clock, &a.event);
    clock_schedule(clock, &b.event, 300);
    clock_schedule(clock, &b.event, CLOCK_NEVER);
    ck_assert_uint_eq(clock_next_deadline(clock), CLOCK_NEVER);
    clock_destroy(clock);
    clock_destroy(NULL);
}
END_TEST

START_TEST(test_clock_reschedule)
{
    struct clock *clock = clock_create();
    trace = (struct trace){.clock = clock};
    struct named_event r, x;
    init_event(clock, &r, 'r', 0);
    init_event(clock, &x, 'x', 0);
    clock_schedule(clock, &r.event, 10);
    clock_schedule(clock, &x.event, 25);
    clock_advance(clock, 1000);
    ck_assert_str_eq(trace.text, "rrxrrrrr");
    ck_assert_uint_eq(clock_now(clock), 1000);

    /* An event that was never registered has no place: it is not lost memory, it just does not run. */
    struct clock *empty = clock_create();
    struct clock_event stray = {.fire = record};
    clock_schedule(empty, &stray, 5);
    ck_assert(!clock_is_scheduled(&stray));
    clock_destroy(empty);
    clock_destroy(clock);
}
END_TEST

static uint64_t last_time, fired;

static void check_monotone(void *opaque, uint64_t now)
{
    ck_assert_uint_ge(now, last_time);
    last_time = now;
    fired++;
}

START_TEST(test_clock_random)
{
    enum { COUNT = 300 };
    static struct clock_event events[COUNT];
    struct clock *clock = clock_create();
    last_time = fired = 0;
    for (int i = 0; i < COUNT; i++) {
        events[i] = (struct clock_event){.name = "r", .fire = check_monotone};
        ck_assert_int_eq(clock_register(clock, &events[i]), 0);
    }
    uint32_t random = 7;
    uint64_t now = 0, expected = 0;
    for (int i = 0; i < 20000; i++) {
        random = random * 1664525 + 1013904223;
        struct clock_event *event = &events[(random >> 8) % COUNT];
        if (random >> 30 == 0)
            clock_cancel(clock, event);
        else if (random >> 30 == 1)
            clock_advance(clock, now += 50);
        else
            clock_schedule(clock, event, now + 1 + (random >> 20));
        if (clock_next_deadline(clock) <= now)
            ck_abort_msg("an event is overdue");
        uint64_t earliest = CLOCK_NEVER;
        for (int n = 0; n < COUNT; n++)
            if (clock_is_scheduled(&events[n]) && events[n].time < earliest)
                earliest = events[n].time;
        if (earliest != clock_next_deadline(clock))
            ck_abort_msg("the earliest event is not first");
    }
    for (int n = 0; n < COUNT; n++)
        expected += clock_is_scheduled(&events[n]);
    fired = 0;
    clock_advance(clock, CLOCK_NEVER - 1);
    ck_assert_uint_eq(fired, expected);
    clock_destroy(clock);
}
END_TEST

static uint64_t source(void *opaque)
{
    return *(uint64_t *)opaque;
}

START_TEST(test_clock_source_and_hash)
{
    struct clock *clock = clock_create();
    trace = (struct trace){.clock = clock};
    uint64_t time = 42;
    clock_set_source(clock, source, &time);
    ck_assert_uint_eq(clock_now(clock), 42);
    struct named_event a, b;
    init_event(clock, &a, 'a', 0);
    init_event(clock, &b, 'b', 0);
    uint64_t idle = clock_hash(clock, 0);
    clock_schedule(clock, &a.event, 100);
    clock_schedule(clock, &b.event, 100);
    uint64_t ab = clock_hash(clock, 0);
    ck_assert_uint_ne(idle, ab);
    ck_assert_uint_eq(clock_event_count(clock), 2);
    ck_assert_ptr_eq(clock_event_at(clock, 1), &b.event);
    ck_assert_ptr_null(clock_event_at(clock, 2));

    /* A queue that is saved and loaded in any order hashes and fires the same. */
    uint64_t order_a = a.event.order, order_b = b.event.order;
    clock_cancel(clock, &a.event);
    clock_cancel(clock, &b.event);
    clock_schedule_ordered(clock, &b.event, 100, order_b);
    clock_schedule_ordered(clock, &a.event, 100, order_a);
    ck_assert_uint_eq(clock_hash(clock, 0), ab);
    clock_set_source(clock, NULL, NULL);
    clock_advance(clock, 100);
    ck_assert_str_eq(trace.text, "ab");

    clock_schedule(clock, &a.event, 200);
    clock_unregister(clock, &a.event);
    clock_unregister(clock, &a.event);
    ck_assert_uint_eq(clock_next_deadline(clock), CLOCK_NEVER);
    ck_assert_ptr_eq(clock_event_at(clock, 0), &b.event);
    clock_destroy(clock);
}
END_TEST

/* --- log, interrupt lines, state --- */

static char logged[2048];
static enum log_class logged_class;

static void log_sink(void *opaque, enum log_class class, const char *message)
{
    logged_class = class;
    strncpy(logged, message, sizeof(logged) - 1);
}

START_TEST(test_log)
{
    struct log sink = {.mask = LOG_GUEST_ERROR, .sink = log_sink}, *log = &sink;
    log_message(log, LOG_GUEST_ERROR, "pl011: %s %#x", "offset", 0x44u);
    ck_assert_str_eq(logged, "pl011: offset 0x44");
    ck_assert_int_eq(logged_class, LOG_GUEST_ERROR);
    log_message(log, LOG_UNIMPLEMENTED, "not wanted");
    log_message((struct log *)NULL, LOG_GUEST_ERROR, "nobody");
    ck_assert_str_eq(logged, "pl011: offset 0x44");
    char long_text[5000];
    memset(long_text, 'x', sizeof(long_text) - 1);
    long_text[sizeof(long_text) - 1] = 0;
    log_message(log, LOG_GUEST_ERROR, "%s", long_text);
    ck_assert_uint_eq(strlen(logged), 1023);
}
END_TEST

static unsigned irq_calls;

static void irq_sink(void *opaque, unsigned number, bool level)
{
    irq_calls++;
}

START_TEST(test_irq)
{
    struct irq_line line = {.set = irq_sink, .number = 3};
    irq_calls = 0;
    irq_set(&line, true);
    irq_set(&line, true);
    irq_set(&line, false);
    ck_assert_uint_eq(irq_calls, 2);
    irq_pulse(&line);
    ck_assert_uint_eq(irq_calls, 4);
    irq_set(NULL, true);
}
END_TEST

struct sample {
    uint8_t pad;
    bool flag;
    uint16_t half;
    uint32_t word;
    uint64_t doubleword;
    uint32_t array[5];
    uint8_t bytes[13];
    uint32_t kept;
    struct {
        uint8_t small;
        uint32_t large;
    } channel[3];
};

static const struct state_field sample_fields[] = {
    STATE_FIELD(struct sample, flag, 1),
    STATE_FIELD(struct sample, half, 0x1234),
    STATE_FIELD(struct sample, word, 0xdeadbeef),
    STATE_FIELD(struct sample, doubleword, 0x1122334455667788),
    STATE_ARRAY(struct sample, array, 9),
    STATE_ARRAY(struct sample, bytes, 0xaa),
    STATE_KEPT(struct sample, kept),
    STATE_MEMBERS(struct sample, channel, small, 3),
    STATE_MEMBERS(struct sample, channel, large, 0x10000000),
};
enum { SAMPLE_FIELDS = sizeof(sample_fields) / sizeof(sample_fields[0]) };

static uint64_t extra(void *instance, uint64_t hash)
{
    return hash + 1;
}

START_TEST(test_state)
{
    struct sample one, two;
    memset(&one, 0x55, sizeof(one));
    memset(&two, 0x66, sizeof(two));
    one.kept = two.kept = 99;
    struct state_section a = {"sample", 1, sample_fields, SAMPLE_FIELDS, &one, NULL, NULL, NULL, NULL};
    struct state_section b = {"sample", 1, sample_fields, SAMPLE_FIELDS, &two, NULL, NULL, NULL, NULL};
    state_reset_section(&a);
    state_reset_section(&b);
    ck_assert(one.flag);
    ck_assert_uint_eq(one.half, 0x1234);
    ck_assert_uint_eq(one.word, 0xdeadbeef);
    ck_assert_uint_eq(one.doubleword, 0x1122334455667788);
    ck_assert_uint_eq(one.array[4], 9);
    ck_assert_uint_eq(one.bytes[12], 0xaa);
    ck_assert_uint_eq(one.kept, 99);
    ck_assert_uint_eq(one.pad, 0x55);
    for (int i = 0; i < 3; i++) {
        ck_assert_uint_eq(one.channel[i].small, 3);
        ck_assert_uint_eq(one.channel[i].large, 0x10000000);
    }
    /* Padding and undeclared bytes don't count; every declared element does. */
    uint64_t base = state_hash_section(7, &a);
    ck_assert_uint_eq(base, state_hash_section(7, &b));
    ck_assert_uint_ne(base, state_hash_section(8, &a));
    for (size_t i = 0; i < SAMPLE_FIELDS; i++) {
        for (uint32_t n = 0; n < sample_fields[i].count; n++) {
            uint64_t old = state_get(&a, &sample_fields[i], n);
            state_set(&a, &sample_fields[i], n, old ^ 1);
            ck_assert_uint_eq(state_get(&a, &sample_fields[i], n), old ^ 1);
            ck_assert_uint_ne(base, state_hash_section(7, &a));
            state_set(&a, &sample_fields[i], n, old);
            ck_assert_uint_eq(base, state_hash_section(7, &a));
        }
        ck_assert_uint_eq(state_get(&a, &sample_fields[i], sample_fields[i].count), 0);
    }
    a.hash_extra = extra;
    ck_assert_uint_eq(state_hash_section(7, &a), base + 1);
    a.hash_extra = NULL;
    a.version = 2;
    ck_assert_uint_ne(state_hash_section(7, &a), base);
}
END_TEST

START_TEST(test_hash)
{
    /* Fixed values: the hash is a format, equal on every host and in every build. */
    static const uint8_t bytes[] = {1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11};
    uint64_t word = 0x0807060504030201;
    ck_assert_uint_ne(state_hash_bytes(0, bytes, 11), state_hash_bytes(0, bytes, 10));
    ck_assert_uint_ne(state_hash_bytes(0, "\0", 1), state_hash_bytes(0, "\0\0", 2));
    ck_assert_uint_ne(state_hash_bytes(0, NULL, 0), 0);
    ck_assert_uint_ne(state_hash_words(0, &word, 1), state_hash_words(1, &word, 1));
    ck_assert_uint_eq(state_hash_bytes(0, bytes, 11), 0xebe80e1ff7c9abd1ull);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("fabric");
    TCase *tcase = tcase_create("fabric");
    tcase_add_test(tcase, test_regions_and_overlap);
    tcase_add_test(tcase, test_unaligned_and_blocks);
    tcase_add_test(tcase, test_mmio_rules);
    tcase_add_test(tcase, test_alias);
    tcase_add_test(tcase, test_rom);
    tcase_add_test(tcase, test_watch);
    tcase_add_test(tcase, test_memory_hash);
    tcase_add_test(tcase, test_bisection_against_linear);
    tcase_add_test(tcase, test_clock_order);
    tcase_add_test(tcase, test_clock_reschedule);
    tcase_add_test(tcase, test_clock_random);
    tcase_add_test(tcase, test_clock_source_and_hash);
    tcase_add_test(tcase, test_log);
    tcase_add_test(tcase, test_irq);
    tcase_add_test(tcase, test_state);
    tcase_add_test(tcase, test_hash);
    suite_add_tcase(suite, tcase);
    return run_suite(suite);
}
