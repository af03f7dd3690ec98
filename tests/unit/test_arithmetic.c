/* The pure functions of the interpreter, against definitions bit by bit; CRC32 against zlib's. */
#include "cpu/interp/arithmetic.h"
#include "libarmsim/fabric/little_endian.h"
#include "libarmsim/fabric/random.h"
#include "run_suite.h"

#include <check.h>
#include <stdlib.h>
#include <zlib.h>

static uint64_t state;

static uint64_t random_bits(void)
{
    uint64_t z = splitmix64(&state);
    switch (state >> 32 & 7) { /* corner cases are likely */
    case 0: return 0;
    case 1: return ~0ull;
    case 2: return 1ull << (z & 63);
    case 3: return ~(1ull << (z & 63));
    default: return z;
    }
}

static unsigned bit(uint64_t x, unsigned n) { return x >> n & 1; }

START_TEST(rotations)
{
    for (unsigned i = 0; i < 10000; i++) {
        uint64_t x = random_bits();
        unsigned n = i % 64;
        uint64_t a = rotate_right_64(x, n), b = rotate_right_32((uint32_t)x, n);
        uint64_t a_bits = 0, b_bits = 0;
        for (unsigned k = 0; k < 64; k++)
            a_bits |= (uint64_t)bit(x, (k + n) % 64) << k;
        for (unsigned k = 0; k < 32; k++)
            b_bits |= (uint64_t)bit(x, (k + n) % 32) << k;
        ck_assert_uint_eq(a, a_bits);
        ck_assert_uint_eq(b, b_bits);
    }
}
END_TEST

START_TEST(reversals)
{
    for (unsigned i = 0; i < 10000; i++) {
        uint64_t x = random_bits();
        uint64_t a = reverse_bits_64(x), b = reverse_bits_32((uint32_t)x);
        uint64_t c = reverse_halfwords_64(x), d = reverse_halfwords_32((uint32_t)x);
        uint64_t a_bits = 0, b_bits = 0, c_bits = 0;
        for (unsigned k = 0; k < 64; k++) {
            a_bits |= (uint64_t)bit(x, 63 - k) << k;
            c_bits |= (uint64_t)bit(x, k ^ 8) << k;
        }
        for (unsigned k = 0; k < 32; k++)
            b_bits |= (uint64_t)bit(x, 31 - k) << k;
        ck_assert_uint_eq(a, a_bits);
        ck_assert_uint_eq(b, b_bits);
        ck_assert_uint_eq(c, c_bits);
        ck_assert_uint_eq(d, (uint32_t)c_bits);
    }
}
END_TEST

static unsigned naive_leading(uint64_t x, unsigned width, unsigned value)
{
    unsigned count = 0;
    while (count < width && bit(x, width - 1 - count) == value)
        count++;
    return count;
}

START_TEST(leading_zeros_and_signs)
{
    for (unsigned i = 0; i < 10000; i++) {
        uint64_t x = random_bits() >> i % 64;
        x = i % 2 ? ~x : x;
        ck_assert_uint_eq(count_leading_zeros_64(x), naive_leading(x, 64, 0));
        ck_assert_uint_eq(count_leading_zeros_32((uint32_t)x), naive_leading(x, 32, 0));
        ck_assert_uint_eq(count_leading_signs_64(x), naive_leading(x, 64, bit(x, 63)) - 1);
        ck_assert_uint_eq(count_leading_signs_32((uint32_t)x), naive_leading(x, 32, bit(x, 31)) - 1);
    }
}
END_TEST

/* BFM and SBFM as the manual's figures show them: s >= r extracts bits s..r, s < r places bits s..0 at width - r. */
static uint64_t naive_bitfield(uint64_t old, uint64_t x, unsigned r, unsigned s, unsigned width, bool sign)
{
    uint64_t result = sign ? 0 : old;
    unsigned length = s >= r ? s - r + 1 : s + 1, from = s >= r ? r : 0, to = s >= r ? 0 : width - r;
    for (unsigned k = 0; k < length; k++)
        result = (result & ~(1ull << (to + k))) | (uint64_t)bit(x, from + k) << (to + k);
    if (sign)
        for (unsigned k = to + length; k < width; k++)
            result |= (uint64_t)bit(x, s) << k;
    return result;
}

START_TEST(bitfields)
{
    for (unsigned r = 0; r < 64; r++) {
        for (unsigned s = 0; s < 64; s++) {
            for (unsigned i = 0; i < 8; i++) {
                uint64_t x = random_bits(), old = random_bits();
                ck_assert_uint_eq(bitfield_insert_64(old, x, r, s), naive_bitfield(old, x, r, s, 64, false));
                ck_assert_uint_eq(signed_bitfield_64(x, r, s), naive_bitfield(old, x, r, s, 64, true));
                if (r >= 32 || s >= 32)
                    continue;
                ck_assert_uint_eq(bitfield_insert_32((uint32_t)old, (uint32_t)x, r, s),
                                  naive_bitfield((uint32_t)old, (uint32_t)x, r, s, 32, false));
                ck_assert_uint_eq(signed_bitfield_32((uint32_t)x, r, s), naive_bitfield(0, (uint32_t)x, r, s, 32, true));
            }
        }
    }
}
END_TEST

/* The element size from the place of the first 0 in imms, or N; ones, rotated inside the element, repeated. */
static bool naive_bit_mask(unsigned n, unsigned immr, unsigned imms, uint64_t *mask)
{
    unsigned size = 64;
    if (!n)
        for (size = 32; size > 1 && imms & size; size /= 2)
            ;
    if (size < 2)
        return false;
    unsigned count = (imms & (size - 1)) + 1;
    if (count == size)
        return false;
    *mask = 0;
    for (unsigned k = 0; k < 64; k++) {
        unsigned place = (k % size + immr % size) % size; /* of the bit before it was rotated to the right */
        *mask |= (uint64_t)(place < count) << k;
    }
    return true;
}

START_TEST(bit_masks)
{
    unsigned allocated = 0;
    for (unsigned n = 0; n < 2; n++) {
        for (unsigned immr = 0; immr < 64; immr++) {
            for (unsigned imms = 0; imms < 64; imms++) {
                uint64_t mask;
                if (!naive_bit_mask(n, immr, imms, &mask))
                    continue;
                allocated++;
                ck_assert_uint_eq(decode_bit_mask(n, immr, imms, true), mask);
                if (!n)
                    ck_assert_uint_eq(decode_bit_mask(n, immr, imms, false), (uint32_t)mask);
            }
        }
    }
    ck_assert_uint_eq(allocated, 64 * 63 + 64 * (31 + 15 + 7 + 3 + 1));
}
END_TEST

START_TEST(checksums)
{
    for (unsigned i = 0; i < 20000; i++) {
        uint64_t value = random_bits();
        uint32_t accumulator = (uint32_t)random_bits();
        unsigned size = 1u << i % 4;
        uint8_t bytes[8];
        store_le64(bytes, value);
        /* zlib inverts before and after; the instruction doesn't. */
        ck_assert_uint_eq(crc32_update(accumulator, value, size, 0xedb88320), ~(uint32_t)crc32(~accumulator, bytes, size));
    }
    /* CRC-32C's check value. */
    uint32_t c = ~0u;
    for (const char *p = "123456789"; *p; p++)
        c = crc32_update(c, (uint8_t)*p, 1, 0x82f63b78);
    ck_assert_uint_eq(~c, 0xe3069283);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("arithmetic");
    TCase *tests = tcase_create("arithmetic");
    tcase_set_timeout(tests, 60);
    tcase_add_test(tests, rotations);
    tcase_add_test(tests, reversals);
    tcase_add_test(tests, leading_zeros_and_signs);
    tcase_add_test(tests, bitfields);
    tcase_add_test(tests, bit_masks);
    tcase_add_test(tests, checksums);
    suite_add_tcase(suite, tests);
    return run_suite(suite);
}
