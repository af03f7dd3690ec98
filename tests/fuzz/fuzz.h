/*
 * A fuzz target is one function over bytes, as libFuzzer has it; driver.c feeds it from a seeded generator, so that it
 * needs no compiler's own runtime. A defect shows as a crash or as a sanitizer's report.
 */
#ifndef FUZZ_H
#define FUZZ_H

#include <stddef.h>
#include <stdint.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* Inputs to begin with, which the driver changes at random: number `index`, 0 to the first that returns 0. The bytes
 * written to `data` (at most `max`); a target without any returns 0 at once. */
size_t fuzz_seed(unsigned index, uint8_t *data, size_t max);

/* Takes the input apart. Behind its end there are zeros. */
struct fuzz_input {
    const uint8_t *data;
    size_t size;
};
static inline uint64_t fuzz_take(struct fuzz_input *input, unsigned bytes)
{
    uint64_t value = 0;
    for (unsigned i = 0; i < bytes; i++) {
        if (!input->size)
            break;
        value |= (uint64_t)*input->data++ << (8 * i);
        input->size--;
    }
    return value;
}

#endif
