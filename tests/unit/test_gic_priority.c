/* The GIC's priority rules against IHI 0069 section 4.8, written out as tables. */
#include "gic/priority.h"
#include "run_suite.h"

#include <check.h>
#include <stdlib.h>

START_TEST(test_priority_masks)
{
    static const uint8_t masks[] = {[4] = 0xf0, [5] = 0xf8, [6] = 0xfc, [7] = 0xfe, [8] = 0xff};
    for (unsigned bits = 4; bits <= 8; bits++) {
        ck_assert_uint_eq(gic_priority_mask(bits), masks[bits]);
        ck_assert_uint_eq(gic_preemption_bits(bits), bits == 8 ? 7 : bits);
    }
}
END_TEST

/* Tables 4-8 and 4-9: binary point, group priority field. */
START_TEST(test_group_masks)
{
    static const uint8_t bpr0[8] = {0xfe, 0xfc, 0xf8, 0xf0, 0xe0, 0xc0, 0x80, 0x00};
    static const uint8_t bpr1[8] = {0xff, 0xfe, 0xfc, 0xf8, 0xf0, 0xe0, 0xc0, 0x80};
    for (unsigned bpr = 0; bpr < 8; bpr++) {
        ck_assert_uint_eq(gic_group_priority_mask(bpr, GIC_SPLIT_BPR0), bpr0[bpr]);
        ck_assert_uint_eq(gic_group_priority_mask(bpr, GIC_SPLIT_BPR1), bpr1[bpr]);
    }
}
END_TEST

START_TEST(test_binary_points)
{
    /* The group priority at the minimum has as many bits as take part in preemption, in both splits. */
    for (unsigned bits = 4; bits <= 7; bits++)
        for (enum gic_split split = GIC_SPLIT_BPR0; split <= GIC_SPLIT_BPR1; split++) {
            unsigned minimum = gic_bpr_minimum(bits, split);
            ck_assert_uint_eq(gic_group_priority_mask(minimum, split), gic_priority_mask(bits));
            for (unsigned value = 0; value < 16; value++) {
                unsigned clamped = gic_bpr_clamp(value, bits, split);
                ck_assert_uint_eq(clamped, (value & 7) < minimum ? minimum : (value & 7));
            }
        }
    ck_assert_uint_eq(gic_bpr_minimum(5, GIC_SPLIT_BPR0), 2);
    ck_assert_uint_eq(gic_bpr_minimum(5, GIC_SPLIT_BPR1), 3);
    ck_assert_uint_eq(gic_bpr_minimum(7, GIC_SPLIT_BPR0), 0);
    for (unsigned bpr = 0; bpr < 8; bpr++)
        ck_assert_uint_eq(gic_bpr_common_view(bpr), bpr == 7 ? 7 : bpr + 1);
}
END_TEST

START_TEST(test_non_secure_priorities)
{
    for (unsigned value = 0; value < 256; value++) {
        uint8_t stored = gic_priority_write_non_secure((uint8_t)value);
        ck_assert_uint_eq(stored, 0x80 | value >> 1);
        ck_assert_uint_eq(gic_priority_read_non_secure(stored), value & 0xfe);
    }
}
END_TEST

START_TEST(test_non_secure_mask)
{
    for (unsigned pmr = 0; pmr < 256; pmr++) {
        uint8_t seen = gic_mask_read_non_secure((uint8_t)pmr);
        ck_assert_uint_eq(seen, pmr == 0xff ? 0xff : pmr < 0x80 ? 0 : (pmr << 1 & 0xff));
        for (unsigned value = 0; value < 256; value += 5) {
            uint8_t written = gic_mask_write_non_secure((uint8_t)pmr, (uint8_t)value);
            ck_assert_uint_eq(written, pmr < 0x80 ? pmr : (0x80 | value >> 1));
        }
    }
}
END_TEST

START_TEST(test_active_priorities)
{
    static const unsigned registers[] = {[4] = 1, [5] = 1, [6] = 2, [7] = 4};
    for (unsigned bits = 4; bits <= 7; bits++) {
        ck_assert_uint_eq(gic_active_registers(bits), registers[bits]);
        struct gic_active active = {{0}};
        ck_assert_uint_eq(gic_active_highest(&active, bits), GIC_PRIORITY_IDLE);
        ck_assert(!gic_active_drop(&active));
        unsigned step = 1u << (8 - bits);
        /* Nest from the lowest group priority to the highest, then unwind. */
        for (int priority = 256 - (int)step; priority >= 0; priority -= (int)step) {
            gic_active_set(&active, bits, (uint8_t)priority);
            ck_assert_uint_eq(gic_active_highest(&active, bits), priority);
        }
        for (unsigned n = 0; n < 4; n++)
            ck_assert_uint_eq(active.apr[n], bits == 4 ? (n ? 0 : 0xffff) : n < registers[bits] ? UINT32_MAX : 0);
        for (unsigned priority = 0; priority < 256; priority += step) {
            ck_assert_uint_eq(gic_active_highest(&active, bits), priority);
            ck_assert(gic_active_drop(&active));
        }
        ck_assert_uint_eq(gic_active_highest(&active, bits), GIC_PRIORITY_IDLE);
    }
}
END_TEST

START_TEST(test_preemption)
{
    /* Every combination: the rule as the specification words it. */
    for (unsigned bpr = 0; bpr < 8; bpr++)
        for (unsigned priority = 0; priority < 256; priority += 3)
            for (unsigned running = 0; running < 256; running += 5)
                for (unsigned pmr = 0; pmr < 256; pmr += 17) {
                    uint8_t mask = gic_group_priority_mask(bpr, GIC_SPLIT_BPR0);
                    bool higher_than_mask = priority < pmr;
                    bool idle = running == 0xff;
                    bool higher_group = (priority & mask) < running;
                    ck_assert(gic_preempts((uint8_t)priority, (uint8_t)pmr, (uint8_t)running, mask) ==
                              (higher_than_mask && (idle || higher_group)));
                }
    ck_assert(!gic_preempts(0xff, 0xff, 0xff, 0xff)); /* the lowest priority is never signalled */
    ck_assert(!gic_preempts(0, 0, 0xff, 0xff));
    ck_assert(gic_preempts(0xfe, 0xff, 0xff, 0x00));  /* no group bits: anything is taken when idle */
    ck_assert(!gic_preempts(0x00, 0xff, 0x00, 0x00)); /* ... and nothing preempts */
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("gic priority");
    TCase *tests = tcase_create("rules");
    tcase_add_test(tests, test_priority_masks);
    tcase_add_test(tests, test_group_masks);
    tcase_add_test(tests, test_binary_points);
    tcase_add_test(tests, test_non_secure_priorities);
    tcase_add_test(tests, test_non_secure_mask);
    tcase_add_test(tests, test_active_priorities);
    tcase_add_test(tests, test_preemption);
    suite_add_tcase(suite, tests);
    return run_suite(suite);
}
