/*
 * driver [--seconds N] [--inputs N] [--seed N] [--save FILE] [INPUT...]: feeds a target with random and with changed
 * inputs, for a while or so many, or with the given files once. The input at work is kept in the file, so that it
 * survives a crash.
 */
#include "fuzz.h"
#include "libarmsim/fabric/random.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <time.h>
#include <fcntl.h>
#include <unistd.h>

enum { MAX_INPUT = 1 << 18 };

/* The input at work: its size, then its bytes. */
struct saved {
    uint64_t size;
    uint8_t data[MAX_INPUT];
};

static uint64_t state;

static uint64_t next(void)
{
    return splitmix64(&state);
}

static size_t random_input(uint8_t *data)
{
    size_t size = next() % (next() % 4 ? 256 : 4096) + 1;
    for (size_t i = 0; i < size; i++)
        data[i] = (uint8_t)next();
    return size;
}

/* Bits and bytes changed, fields set to corner values, parts cut out, repeated or moved. */
static size_t change(uint8_t *data, size_t size)
{
    static const uint64_t corners[] = {0, 1, 0x7f, 0x80, 0xff, 0xffff, 0x7fffffff, 0x80000000, 0xffffffff,
                                       0x7fffffffffffffff, 0x8000000000000000, 0xffffffffffffffff};
    for (uint64_t count = 1 + next() % 8; count && size; count--) {
        size_t at = next() % size;
        size_t length = next() % (size - at) + 1;
        switch (next() % 6) {
        case 0:
            data[at] ^= (uint8_t)(1 << next() % 8);
            break;
        case 1:
            data[at] = (uint8_t)next();
            break;
        case 2: {
            uint64_t value = corners[next() % (sizeof corners / sizeof *corners)] + next() % 3 - 1;
            size_t width = (size_t)1 << next() % 4;
            memcpy(data + at, &value, width < size - at ? width : size - at);
            break;
        }
        case 3:
            size = next() % 4 ? size : at + 1; /* cut short */
            break;
        case 4:
            memmove(data + next() % (size - length + 1), data + at, length);
            break;
        default:
            if (size + 16 < MAX_INPUT)
                for (unsigned i = 0; i < 16; i++)
                    data[size++] = (uint8_t)next();
        }
    }
    return size;
}

static int run_file(const char *path)
{
    static uint8_t data[sizeof(struct saved)];
    FILE *file = fopen(path, "rb");
    if (!file) {
        fprintf(stderr, "%s: %s\n", path, strerror(errno));
        return 1;
    }
    size_t size = fread(data, 1, sizeof data, file);
    fclose(file);
    const struct saved *saved = (const struct saved *)data;
    if (size == sizeof *saved && saved->size <= MAX_INPUT)
        LLVMFuzzerTestOneInput(saved->data, saved->size); /* kept by an earlier run */
    else
        LLVMFuzzerTestOneInput(data, size);
    return 0;
}

int main(int argc, char **argv)
{
    double seconds = 10;
    unsigned long inputs = 0; /* 0: as many as there is time for */
    const char *save = NULL;
    int first = 1;
    for (; first + 1 < argc && argv[first][0] == '-'; first += 2) {
        if (!strcmp(argv[first], "--seconds"))
            seconds = atof(argv[first + 1]);
        else if (!strcmp(argv[first], "--inputs"))
            inputs = strtoul(argv[first + 1], NULL, 0);
        else if (!strcmp(argv[first], "--seed"))
            state = strtoull(argv[first + 1], NULL, 0);
        else if (!strcmp(argv[first], "--save"))
            save = argv[first + 1];
        else
            return fprintf(stderr, "unknown option %s\n", argv[first]), 2;
    }
    if (first < argc) {
        for (; first < argc; first++)
            if (run_file(argv[first]))
                return 1;
        return 0;
    }
    int descriptor = save ? open(save, O_RDWR | O_CREAT | O_TRUNC, 0600) : -1;
    if (save && (descriptor < 0 || ftruncate(descriptor, sizeof(struct saved))))
        return perror(save), 1;
    struct saved *saved = mmap(NULL, sizeof *saved, PROT_READ | PROT_WRITE,
                               save ? MAP_SHARED : MAP_PRIVATE | MAP_ANONYMOUS, descriptor, 0);
    if (saved == MAP_FAILED)
        return perror("mmap"), 1;
    unsigned seeds = 0;
    while (fuzz_seed(seeds, saved->data, MAX_INPUT))
        seeds++;
    struct timespec start, now;
    clock_gettime(CLOCK_MONOTONIC, &start);
    unsigned long runs = 0;
    do {
        if (seeds && next() % 8)
            saved->size = change(saved->data, fuzz_seed((unsigned)(next() % seeds), saved->data, MAX_INPUT));
        else
            saved->size = random_input(saved->data);
        LLVMFuzzerTestOneInput(saved->data, saved->size);
        runs++;
        clock_gettime(CLOCK_MONOTONIC, &now);
    } while (inputs ? runs < inputs
                    : (double)(now.tv_sec - start.tv_sec) + (double)(now.tv_nsec - start.tv_nsec) / 1e9 < seconds);
    printf("%lu inputs\n", runs);
    if (save)
        unlink(save);
    return 0;
}
