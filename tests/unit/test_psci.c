/* PSCI, SMCCC and TRNG calls on a machine of four PEs in two clusters. */
#include "libarmsim/firmware/smccc.h"
#include "run_suite.h"

#include <check.h>
#include <string.h>

enum { PES = 4, RAM_BASE = 0x40000000, RAM_SIZE = 0x10000000 };
enum { SUCCESS = 0, NOT_SUPPORTED = -1, INVALID_PARAMETERS = -2, ALREADY_ON = -4, INVALID_ADDRESS = -9 };

static const uint64_t affinities[PES] = {0x0, 0x1, 0x100, 0x101};

struct fake {
    bool on[PES];
    unsigned started, stopped, standby; /* 1 + PE */
    uint64_t entry, context;
    unsigned off, resets, warm_resets;
    uint64_t random;
};

static unsigned pe_count(void *opaque)
{
    return PES;
}
static uint64_t affinity(void *opaque, unsigned pe)
{
    return affinities[pe];
}
static bool is_on(void *opaque, unsigned pe)
{
    return ((struct fake *)opaque)->on[pe];
}
static bool valid_entry(void *opaque, uint64_t address)
{
    return address % 4 == 0 && address >= RAM_BASE && address < RAM_BASE + (uint64_t)RAM_SIZE;
}
static void start(void *opaque, unsigned pe, uint64_t entry, uint64_t context)
{
    struct fake *fake = opaque;
    fake->on[pe] = true;
    fake->started = pe + 1;
    fake->entry = entry;
    fake->context = context;
}
static void stop(void *opaque, unsigned pe)
{
    struct fake *fake = opaque;
    fake->on[pe] = false;
    fake->stopped = pe + 1;
}
static void standby(void *opaque, unsigned pe)
{
    ((struct fake *)opaque)->standby = pe + 1;
}
static void system_off(void *opaque)
{
    ((struct fake *)opaque)->off++;
}
static void system_reset(void *opaque, bool warm)
{
    struct fake *fake = opaque;
    fake->resets++;
    fake->warm_resets += warm;
}
static uint64_t random_bits(void *opaque)
{
    ((struct fake *)opaque)->random++;
    return UINT64_MAX;
}

static const struct firmware_ops ops = {pe_count, affinity,   is_on,        valid_entry, start,
                                        stop,     standby,    system_off,   system_reset, random_bits};

static struct fake fake;
static struct smccc_call call;

static void setup(void)
{
    fake = (struct fake){.on = {true}};
}

/* X0 after the call, as the guest reads it. */
static int64_t do_call(uint32_t function, uint64_t a, uint64_t b, uint64_t c)
{
    const struct firmware firmware = {&ops, &fake};
    call = (struct smccc_call){.pe = 0, .x = {function, a, b, c}};
    smccc_dispatch(&firmware, &call);
    return (int64_t)call.x[0];
}

START_TEST(versions)
{
    ck_assert_int_eq(do_call(0x84000000, 0, 0, 0), 0x10001); /* PSCI 1.1 */
    ck_assert_int_eq(do_call(0x80000000, 0, 0, 0), 0x10002); /* SMCCC 1.2 */
    ck_assert_int_eq(do_call(0x84000050, 0, 0, 0), 0x10000); /* TRNG 1.0 */
    ck_assert_int_eq(do_call(0x84000006, 0, 0, 0), 2);       /* no Trusted OS */
    /* The upper half of X0 is no part of the function's number. */
    const struct firmware firmware = {&ops, &fake};
    call = (struct smccc_call){.x = {0xffffffff84000000}};
    smccc_dispatch(&firmware, &call);
    ck_assert_uint_eq(call.x[0], 0x10001);
}
END_TEST

START_TEST(cpu_on)
{
    for (unsigned width = 0; width < 2; width++) {
        uint32_t function = width ? 0xc4000003 : 0x84000003;
        setup();
        ck_assert_int_eq(do_call(function, 0x101, RAM_BASE + 0x80, 0x1234), SUCCESS);
        ck_assert_uint_eq(fake.started, 4);
        ck_assert_uint_eq(fake.entry, RAM_BASE + 0x80);
        ck_assert_uint_eq(fake.context, 0x1234);
        ck_assert_int_eq(do_call(function, 0x101, RAM_BASE, 0), ALREADY_ON);
        ck_assert_int_eq(do_call(function, 0, RAM_BASE, 0), ALREADY_ON);
        ck_assert_int_eq(do_call(function, 2, RAM_BASE, 0), INVALID_PARAMETERS);
        ck_assert_int_eq(do_call(function, 0x80000001, RAM_BASE, 0), INVALID_PARAMETERS); /* reserved bits */
        ck_assert_int_eq(do_call(function, 1, 0x1000, 0), INVALID_ADDRESS);
        ck_assert_int_eq(do_call(function, 1, RAM_BASE + 2, 0), INVALID_ADDRESS);
        ck_assert_int_eq(do_call(function, 1, RAM_BASE + 1, 0), INVALID_ADDRESS); /* T32 */
        ck_assert(!fake.on[1]);
    }
    /* 32-bit calls see the W registers only. */
    ck_assert_int_eq(do_call(0x84000003, 0xdead00000001, 0xffff000000000000 | RAM_BASE, UINT64_MAX), SUCCESS);
    ck_assert_uint_eq(fake.entry, RAM_BASE);
    ck_assert_uint_eq(fake.context, 0xffffffff);
    ck_assert_int_eq(do_call(0xc4000003, 0xdead00000100, RAM_BASE, 0), INVALID_PARAMETERS);
}
END_TEST

START_TEST(cpu_off_and_suspend)
{
    do_call(0x84000002, 0, 0, 0);
    ck_assert(call.no_return);
    ck_assert_uint_eq(fake.stopped, 1);
    setup();
    ck_assert_int_eq(do_call(0xc4000001, 0, 0, 0), SUCCESS);
    ck_assert_uint_eq(fake.standby, 1);
    ck_assert(!call.no_return);
    ck_assert_int_eq(do_call(0xc4000001, 1 << 16, RAM_BASE, 0), SUCCESS);
    ck_assert_int_eq(do_call(0xc4000001, 1 << 16, 0, 0), INVALID_ADDRESS);
    ck_assert_int_eq(do_call(0xc4000001, 1 << 24, RAM_BASE, 0), INVALID_PARAMETERS); /* no such level */
    ck_assert_int_eq(do_call(0xc4000001, 1 << 17, RAM_BASE, 0), INVALID_PARAMETERS); /* reserved */
    ck_assert_int_eq(do_call(0x84000001, 7, RAM_BASE, 0), INVALID_PARAMETERS);       /* no such state */
}
END_TEST

START_TEST(affinity_info)
{
    ck_assert_int_eq(do_call(0xc4000004, 0, 0, 0), 0);
    ck_assert_int_eq(do_call(0xc4000004, 1, 0, 0), 1);
    ck_assert_int_eq(do_call(0x84000004, 0x101, 0, 0), 1);
    ck_assert_int_eq(do_call(0xc4000004, 0x7, 0, 0), INVALID_PARAMETERS);
    ck_assert_int_eq(do_call(0xc4000004, 0x000, 1, 0), 0); /* the cluster of PE 0 is on */
    ck_assert_int_eq(do_call(0xc4000004, 0x100, 1, 0), 1);
    ck_assert_int_eq(do_call(0xc4000004, 0x200, 1, 0), INVALID_PARAMETERS);
    ck_assert_int_eq(do_call(0xc4000004, 0, 3, 0), 0);
    ck_assert_int_eq(do_call(0xc4000004, 0, 4, 0), INVALID_PARAMETERS);
    ck_assert_int_eq(do_call(0xc4000004, UINT64_C(1) << 31, 0, 0), INVALID_PARAMETERS);
}
END_TEST

START_TEST(system_calls)
{
    do_call(0x84000008, 0, 0, 0);
    ck_assert(call.no_return && fake.off == 1);
    do_call(0x84000009, 0, 0, 0);
    ck_assert(call.no_return && fake.resets == 1 && fake.warm_resets == 0);
    do_call(0xc4000012, 0, 0, 0);
    ck_assert(call.no_return && fake.resets == 2 && fake.warm_resets == 1);
    ck_assert_int_eq(do_call(0xc4000012, 0x80000000, 0, 0), INVALID_PARAMETERS);
    ck_assert_int_eq(do_call(0x84000012, 1, 0, 0), INVALID_PARAMETERS);
    ck_assert(!call.no_return && fake.resets == 2);
}
END_TEST

/* What PSCI_FEATURES announces is what answers, for every function number of PSCI. */
START_TEST(features)
{
    static const uint32_t mandatory[] = {0x84000000, 0x84000001, 0xc4000001, 0x84000002, 0x84000003, 0xc4000003,
                                         0x84000004, 0xc4000004, 0x84000008, 0x84000009, 0x8400000a, 0x80000000};
    for (size_t i = 0; i < sizeof(mandatory) / sizeof(mandatory[0]); i++)
        ck_assert_int_eq(do_call(0x8400000a, mandatory[i], 0, 0), SUCCESS);
    for (uint32_t number = 0; number < 0x20; number++) {
        for (unsigned width = 0; width < 2; width++) {
            uint32_t function = (width ? 0xc4000000 : 0x84000000) | number;
            int64_t announced = do_call(0x8400000a, function, 0, 0);
            ck_assert(announced == SUCCESS || announced == NOT_SUPPORTED);
            if (function == 0x8400000a)
                continue; /* NOT_SUPPORTED is an answer of PSCI_FEATURES itself */
            int64_t result = do_call(function, 0xffff, 0, 0);
            ck_assert_msg((announced == NOT_SUPPORTED) == (result == NOT_SUPPORTED), "function %x", function);
        }
    }
    ck_assert_int_eq(do_call(0x80000001, 0x80000000, 0, 0), 0);
    ck_assert_int_eq(do_call(0x80000001, 0x80000001, 0, 0), 0);
    ck_assert_int_eq(do_call(0x80000001, 0x80008000, 0, 0), NOT_SUPPORTED);
}
END_TEST

START_TEST(unknown_calls)
{
    static const uint32_t functions[] = {0, 1, 0xffffffff, 0x80000002, 0x84000020, 0x8400001f, 0x86000000,
                                         0xc2000001, 0x8600ff01, 0xb2000000, 0x04000000};
    for (size_t i = 0; i < sizeof(functions) / sizeof(functions[0]); i++) {
        ck_assert_int_eq(do_call(functions[i], 1, 2, 3), NOT_SUPPORTED);
        ck_assert_uint_eq(call.x[0], UINT64_MAX);
    }
    const struct firmware firmware = {&ops, &fake};
    call = (struct smccc_call){.imm = 1, .x = {0x84000000}};
    smccc_dispatch(&firmware, &call);
    ck_assert_uint_eq(call.x[0], UINT64_MAX);
}
END_TEST

START_TEST(trng)
{
    ck_assert_int_eq(do_call(0x84000051, 0xc4000053, 0, 0), 0);
    ck_assert_int_eq(do_call(0x84000051, 0x84000054, 0, 0), NOT_SUPPORTED);
    do_call(0x84000052, 0, 0, 0);
    ck_assert_uint_ne((uint32_t)call.x[0], UINT32_MAX);
    ck_assert_int_eq(do_call(0xc4000053, 192, 0, 0), 0);
    ck_assert(call.x[1] == UINT64_MAX && call.x[2] == UINT64_MAX && call.x[3] == UINT64_MAX);
    ck_assert_int_eq(do_call(0xc4000053, 65, 0, 0), 0);
    ck_assert(call.x[1] == 0 && call.x[2] == 1 && call.x[3] == UINT64_MAX);
    ck_assert_int_eq(do_call(0x84000053, 33, 0, 0), 0);
    ck_assert(call.x[1] == 0 && call.x[2] == 1 && call.x[3] == UINT32_MAX);
    ck_assert_int_eq(do_call(0xc4000053, 0, 0, 0), INVALID_PARAMETERS);
    ck_assert_int_eq(do_call(0xc4000053, 193, 0, 0), INVALID_PARAMETERS);
    ck_assert_int_eq(do_call(0x84000053, 97, 0, 0), INVALID_PARAMETERS);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("psci");
    TCase *tests = tcase_create("all");
    tcase_add_checked_fixture(tests, setup, NULL);
    tcase_add_test(tests, versions);
    tcase_add_test(tests, cpu_on);
    tcase_add_test(tests, cpu_off_and_suspend);
    tcase_add_test(tests, affinity_info);
    tcase_add_test(tests, system_calls);
    tcase_add_test(tests, features);
    tcase_add_test(tests, unknown_calls);
    tcase_add_test(tests, trng);
    suite_add_tcase(suite, tests);
    return run_suite(suite);
}
