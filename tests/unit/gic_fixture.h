/* A bus, a clock and a GIC whose pins are recorded: what the tests of gic/ share. */
#ifndef ARMSIM_TESTS_GIC_FIXTURE_H
#define ARMSIM_TESTS_GIC_FIXTURE_H

#include "gic/gic.h"
#include "run_suite.h"

#include <check.h>
#include <stdlib.h>
#include <string.h>

enum { MAX_TEST_CPUS = 40 };
enum pin { PIN_IRQ, PIN_FIQ, PIN_VIRQ, PIN_VFIQ, PIN_COUNT };

#define GICD          0x08000000u
#define GICC          0x08010000u
#define GICH          0x08030000u
#define GICV          0x08040000u
#define GICR          0x080a0000u
#define GICR_SGI(cpu) (GICR + 0x20000u * (cpu) + 0x10000u)
#define GICR_RD(cpu)  (GICR + 0x20000u * (cpu))

struct fixture {
    struct device_env env;
    struct log log;
    unsigned logged;
    struct gic *gic;
    struct irq_line pins[MAX_TEST_CPUS][PIN_COUNT];
};

static struct fixture fx;

static inline void fixture_pin(void *opaque, unsigned number, bool level)
{
}

static inline void fixture_log(void *opaque, enum log_class class, const char *message)
{
    fx.logged++;
}

static inline void fixture_start(struct gic_config config)
{
    int error = 0;
    memset(&fx, 0, sizeof(fx));
    fx.log = (struct log){LOG_GUEST_ERROR, fixture_log, NULL};
    fx.env = (struct device_env){.bus = bus_create(), .clock = clock_create(), .log = &fx.log};
    fx.gic = gic_create(&config, &fx.env, &error);
    ck_assert_int_eq(error, 0);
    ck_assert_ptr_nonnull(fx.gic);
    for (unsigned cpu = 0; cpu < config.cpus; cpu++) {
        for (unsigned pin = 0; pin < PIN_COUNT; pin++)
            fx.pins[cpu][pin] = (struct irq_line){.set = fixture_pin};
        gic_connect(gic_cpu_interface(fx.gic, cpu), &fx.pins[cpu][PIN_IRQ], &fx.pins[cpu][PIN_FIQ],
                    &fx.pins[cpu][PIN_VIRQ], &fx.pins[cpu][PIN_VFIQ]);
    }
}

static inline void fixture_stop(void)
{
    gic_destroy(fx.gic);
    bus_destroy(fx.env.bus);
    clock_destroy(fx.env.clock);
}

static inline struct bus_attrs from(unsigned cpu, bool secure)
{
    return (struct bus_attrs){.pas = secure ? PAS_SECURE : PAS_NON_SECURE, .el = 1, .requester = (uint16_t)cpu};
}

static inline uint64_t read_sized(unsigned cpu, bool secure, uint64_t address, unsigned size)
{
    uint64_t value = 0xdeadull;
    ck_assert_int_eq(bus_read(fx.env.bus, address, size, from(cpu, secure), &value), BUS_OK);
    return value;
}

static inline void write_sized(unsigned cpu, bool secure, uint64_t address, unsigned size, uint64_t value)
{
    ck_assert_int_eq(bus_write(fx.env.bus, address, size, from(cpu, secure), value), BUS_OK);
}

/* Secure and Non-secure words. With one Security state they are the same. */
static inline uint32_t rds(unsigned cpu, uint64_t address)
{
    return (uint32_t)read_sized(cpu, true, address, 4);
}
static inline uint32_t rdn(unsigned cpu, uint64_t address)
{
    return (uint32_t)read_sized(cpu, false, address, 4);
}
static inline void wrs(unsigned cpu, uint64_t address, uint32_t value)
{
    write_sized(cpu, true, address, 4, value);
}
static inline void wrn(unsigned cpu, uint64_t address, uint32_t value)
{
    write_sized(cpu, false, address, 4, value);
}
static inline void wrb(unsigned cpu, uint64_t address, uint8_t value)
{
    write_sized(cpu, true, address, 1, value);
}

static inline bool pin(unsigned cpu, enum pin which)
{
    return fx.pins[cpu][which].level;
}
static inline void ppi(unsigned cpu, unsigned intid, bool level)
{
    irq_set(gic_ppi(fx.gic, cpu, intid - 16), level);
}
static inline void spi(unsigned intid, bool level)
{
    irq_set(gic_spi(fx.gic, intid - 32), level);
}

/* System registers. */
static const struct gic_view el3_s = {.el = 3, .secure = true}, el3_ns = {.el = 3, .secure = false};
static const struct gic_view el1_s = {.el = 1, .secure = true}, el1_ns = {.el = 1};
static const struct gic_view el1_ns_fiq = {.el = 1, .scr_fiq = true}; /* Group 0 belongs to EL3 */
static const struct gic_view el2_ns = {.el = 2};
static const struct gic_view el1_virtual = {.el = 1, .hcr_imo = true, .hcr_fmo = true};

static inline uint64_t mrs(unsigned cpu, enum gic_register reg, struct gic_view view)
{
    uint64_t value = 0;
    ck_assert(gic_icc_read(gic_cpu_interface(fx.gic, cpu), reg, view, &value));
    return value;
}

static inline void msr(unsigned cpu, enum gic_register reg, struct gic_view view, uint64_t value)
{
    ck_assert(gic_icc_write(gic_cpu_interface(fx.gic, cpu), reg, view, value));
}

#endif
