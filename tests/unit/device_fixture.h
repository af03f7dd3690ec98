/* A small machine for the tests of device models: RAM, a clock, a log that is kept, interrupt lines that count. */
#ifndef ARMSIM_TESTS_UNIT_DEVICE_FIXTURE_H
#define ARMSIM_TESTS_UNIT_DEVICE_FIXTURE_H

#include "devices/device.h"
#include "run_suite.h"

#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { FIXTURE_RAM = 0x40000000, FIXTURE_RAM_SIZE = 0x100000, FIXTURE_DEVICE = 0x9000000 };

/* As ck_assert, for what is checked at every access: ck_assert itself writes to a file each time. */
#define must(condition)                                                                                                \
    do {                                                                                                               \
        if (!(condition))                                                                                              \
            ck_abort_msg("%s", #condition);                                                                            \
    } while (0)

struct fixture {
    struct bus *bus;
    struct clock *clock;
    struct log log;
    struct device_env env;
    struct irq_line irq;
    unsigned irq_edges; /* rising */
    unsigned guest_errors, unimplemented;
    char last_message[1024];
};

static inline void fixture_log(void *opaque, enum log_class class, const char *message)
{
    struct fixture *f = opaque;
    f->guest_errors += class == LOG_GUEST_ERROR;
    f->unimplemented += class == LOG_UNIMPLEMENTED;
    snprintf(f->last_message, sizeof(f->last_message), "%s", message);
}

static inline void fixture_irq(void *opaque, unsigned number, bool level)
{
    ((struct fixture *)opaque)->irq_edges += level;
}

static inline void fixture_init(struct fixture *f)
{
    memset(f, 0, sizeof(*f));
    f->bus = bus_create();
    f->clock = clock_create();
    ck_assert_ptr_nonnull(f->bus);
    ck_assert_ptr_nonnull(f->clock);
    ck_assert_int_eq(bus_add_ram(f->bus, "ram", FIXTURE_RAM, FIXTURE_RAM_SIZE, PAS_MASK_BOTH, NULL), 0);
    f->log = (struct log){.mask = ~0u, .sink = fixture_log, .opaque = f};
    f->env = (struct device_env){.bus = f->bus, .clock = f->clock, .log = &f->log};
    f->irq = (struct irq_line){.set = fixture_irq, .opaque = f};
}

static inline void fixture_attach(struct device *device)
{
    ck_assert_ptr_nonnull(device);
    ck_assert_int_eq(device_attach(device, NULL), 0);
}

static inline void fixture_free(struct fixture *f, struct device *device)
{
    device_destroy(device);
    ck_assert_uint_eq(clock_event_count(f->clock), 0); /* nothing of the device is left behind */
    bus_destroy(f->bus);
    clock_destroy(f->clock);
}

static const struct bus_attrs fixture_cpu = {.pas = PAS_NON_SECURE, .el = 1};
static const struct bus_attrs fixture_debug = {.pas = PAS_NON_SECURE, .debug = true};

static inline uint64_t rd_size(struct fixture *f, uint64_t offset, unsigned size)
{
    uint64_t value;
    must(bus_read(f->bus, FIXTURE_DEVICE + offset, size, fixture_cpu, &value) == BUS_OK);
    return value;
}

static inline uint32_t rd(struct fixture *f, uint64_t offset)
{
    return (uint32_t)rd_size(f, offset, 4);
}

/* A debugger's look, which must not change anything. */
static inline uint32_t peek(struct fixture *f, struct device *device, uint64_t offset)
{
    struct state_section section = device_section(device);
    uint64_t before = state_hash_section(0, &section), value;
    ck_assert_int_eq(bus_read(f->bus, FIXTURE_DEVICE + offset, 4, fixture_debug, &value), BUS_OK);
    ck_assert_uint_eq(before, state_hash_section(0, &section));
    return (uint32_t)value;
}

static inline void wr_size(struct fixture *f, uint64_t offset, unsigned size, uint64_t value)
{
    must(bus_write(f->bus, FIXTURE_DEVICE + offset, size, fixture_cpu, value) == BUS_OK);
}

static inline void wr(struct fixture *f, uint64_t offset, uint32_t value)
{
    wr_size(f, offset, 4, value);
}

static inline void advance(struct fixture *f, uint64_t ns)
{
    clock_advance(f->clock, clock_now(f->clock) + ns);
}

/* A row of a register table: value after reset, and which bits a write of all ones or zeroes leaves. */
struct register_row {
    uint32_t offset, reset, ones, zeroes;
};

/* Checks reset values first, then what each register keeps (writing back the reset value after it). */
static inline void check_registers(struct fixture *f, const struct register_row *rows, size_t count)
{
    for (size_t i = 0; i < count; i++)
        ck_assert_msg(rd(f, rows[i].offset) == rows[i].reset, "offset %#x: reset value %#x", rows[i].offset,
                      rd(f, rows[i].offset));
    for (size_t i = 0; i < count; i++) {
        wr(f, rows[i].offset, UINT32_MAX);
        ck_assert_msg(rd(f, rows[i].offset) == rows[i].ones, "offset %#x: all ones read %#x", rows[i].offset,
                      rd(f, rows[i].offset));
        wr(f, rows[i].offset, 0);
        ck_assert_msg(rd(f, rows[i].offset) == rows[i].zeroes, "offset %#x: zero reads %#x", rows[i].offset,
                      rd(f, rows[i].offset));
        wr(f, rows[i].offset, rows[i].reset);
    }
}

static inline void check_primecell_id(struct fixture *f, uint32_t periph_id)
{
    for (unsigned i = 0; i < 4; i++) {
        ck_assert_uint_eq(rd(f, 0xfe0 + 4 * i), (periph_id >> (8 * i)) & 0xff);
        ck_assert_uint_eq(rd(f, 0xff0 + 4 * i), (0xb105f00d >> (8 * i)) & 0xff);
    }
}

static inline int run_case(const char *name, TCase *tcase)
{
    Suite *suite = suite_create(name);
    suite_add_tcase(suite, tcase);
    return run_suite(suite);
}

#endif
