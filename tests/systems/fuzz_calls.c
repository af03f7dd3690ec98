/*
 * fuzz_calls VISOR ARCHIVE ELF [--count N] [--seed N] [--own WORD]: hypercalls with arbitrary registers, some after another
 * in each fork of a guest of the visor, by every transport, from EL1 and EL0. What is no valid call must answer 0xffffffff
 * and change nothing; what is one may change the registers of its answer; a string form may end in the guest's own data
 * abort. Nothing else may happen.
 *
 * ARCHIVE has the guest `calls` with all transports, ELF is its kernel. WORD is a transport of one's own (docs/tutorial.md)
 * that needs the key and is EL1's alone: all calls are made by it.
 */
#include "libarmsim/fabric/random.h"

#include <armsim/armsim.h>

#include <elf.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { MAGIC = 0x41524d53, PORT = 0x4153, STREAM = 0x4154, FAILURE = 0xffffffff, KEY = 0x86 };
enum { HVC, BRK, DCC, WFE, OWN, TRANSPORTS };
static const char *words[TRANSPORTS] = {"hvc", "brk", "dcc", "wfe", NULL};
#define OPENING 0x49435052u
#define EL0_STACK_ROOM 4096
#define CALLS_OF_A_FORK 20 /* what one leaves behind, another one finds */

static uint64_t random_state, at[TRANSPORTS], el0_stack, buffer;
static struct armsim_machine *base;
static uint64_t channel, keys[2], el1_pstate, el1_stack;

static uint64_t next_random(void)
{
    return splitmix64(&random_state);
}

static void fail(const char *what, const struct armsim_machine *machine)
{
    fprintf(stderr, "fuzz_calls: %s: %s\n", what, armsim_last_error(machine));
    exit(1);
}

/* ---- the guest's symbols */

static uint64_t symbol(const char *path, const char *name)
{
    static char image[1 << 20];
    FILE *file = fopen(path, "rb");
    size_t size = file ? fread(image, 1, sizeof(image), file) : 0;
    Elf64_Ehdr header;
    if (file)
        fclose(file);
    if (size < sizeof(header))
        fail(path, NULL);
    memcpy(&header, image, sizeof(header));
    const Elf64_Shdr *sections = (const void *)(image + header.e_shoff);
    for (unsigned i = 0; i < header.e_shnum; i++) {
        if (sections[i].sh_type != SHT_SYMTAB)
            continue;
        const Elf64_Sym *symbols = (const void *)(image + sections[i].sh_offset);
        const char *names = image + sections[sections[i].sh_link].sh_offset;
        for (size_t n = 0; n < sections[i].sh_size / sizeof(*symbols); n++)
            if (strcmp(names + symbols[n].st_name, name) == 0)
                return symbols[n].st_value;
    }
    fail(name, NULL);
    return 0;
}

/* ---- one call */

struct outcome {
    uint64_t x[31], nzcv, pc, vectors;
};

static void poke(struct armsim_machine *machine, armsim_register_id id, uint64_t value)
{
    if (armsim_poke(machine, 0, id, value) != 0)
        fail("a register", machine);
}

static uint64_t peek(struct armsim_machine *machine, armsim_register_id id)
{
    uint64_t value = 0;
    armsim_peek(machine, 0, id, &value);
    return value;
}

/* False: it didn't come back to the guest. */
static bool run_call(struct armsim_machine *machine, unsigned transport, unsigned el, const uint64_t x[31], uint64_t nzcv,
                     struct outcome *outcome)
{
    struct armsim_stop stop = {.size = sizeof(stop)};
    outcome->vectors = peek(machine, armsim_register_by_name(machine, "VBAR_EL1"));
    poke(machine, ARMSIM_REG_PSTATE, el ? el1_pstate : 0x3c0);
    poke(machine, ARMSIM_REG_SP, el ? el1_stack : el0_stack);
    for (unsigned i = 0; i < 31; i++)
        poke(machine, ARMSIM_REG_X0 + i, x[i]);
    poke(machine, ARMSIM_REG_NZCV, nzcv);
    poke(machine, ARMSIM_REG_PC, at[transport]);
    poke(machine, ARMSIM_REG_EVENT, 0);
    uint64_t ends[] = {at[transport] + 4, outcome->vectors + (el ? 0x200 : 0x400)};
    for (unsigned i = 0; i < 2; i++)
        armsim_breakpoint_add(machine, ends[i]);
    if (armsim_run(machine, 20000000, &stop) != 0 || stop.reason != ARMSIM_STOP_BREAKPOINT)
        return false;
    for (unsigned i = 0; i < 2; i++)
        armsim_breakpoint_remove(machine, ends[i]);
    for (unsigned i = 0; i < 31; i++)
        outcome->x[i] = peek(machine, ARMSIM_REG_X0 + i);
    outcome->nzcv = peek(machine, ARMSIM_REG_NZCV);
    outcome->pc = stop.pc;
    return true;
}

/* ---- what is asked: often nearly right */

static uint64_t one_of(const uint64_t *values, unsigned count)
{
    uint64_t r = next_random();
    if (r % 16 == 0)
        return next_random();
    uint64_t value = values[r / 16 % count];
    return r >> 32 & 7 ? value : value ^ UINT64_C(1) << (r >> 40) % 64; /* one bit off */
}
#define ONE_OF(...) one_of((const uint64_t[]){__VA_ARGS__}, sizeof((uint64_t[]){__VA_ARGS__}) / sizeof(uint64_t))

/* A string form OUT that the channel would take, to or from anywhere. */
static void choose_stream(uint64_t x[31])
{
    x[0] = MAGIC;
    x[1] = 0;
    x[2] = ONE_OF(1, 2, 16, 600, 10000);
    x[3] = STREAM | channel << 16;
    x[4] = ONE_OF(buffer, buffer + 4090, buffer + 72000, 0, 0x40000000, 0x43fffffe, 0x4a000000, 0x50000000,
                  0xffff000000000000, 0x08000000, 0x09000000);
    x[5] = keys[1];
    x[6] = keys[0];
    x[7] = (uint64_t)KEY << 32 | ONE_OF(0x18, 0x19, 0x1a, 0x10, 0x38, 0x3a, 0x30);
}

static void choose(uint64_t x[31])
{
    for (unsigned i = 0; i < 31; i++)
        x[i] = next_random();
    if (next_random() % 3 == 0) {
        choose_stream(x);
        return;
    }
    x[0] = ONE_OF(MAGIC, MAGIC, MAGIC, 0x564d5868);
    x[1] = ONE_OF(0, OPENING, 'x', 4096);
    x[2] = ONE_OF(0, 1, 2, 3, 4, 5, 4 | 1 << 16, 4 | 2 << 16, 4 | 3 << 16, 4 | 4 << 16, 4 | 5 << 16, 16, 600, 65536);
    x[3] = ONE_OF(PORT, PORT, STREAM, 0x5658) | channel << 16;
    x[4] = ONE_OF(keys[0], buffer, buffer + 4090, 0, 0x40000000, 0x4a000000, 0xffff000000000000, 0x08000000, 0x09000000);
    x[5] = ONE_OF(keys[1], buffer, buffer + 4090, 0, 0x40000000, 0x4a000000, 0xffff000000000000, 0x08000000, 0x09000000);
    x[6] = ONE_OF(keys[0], keys[1]);
    x[7] = ONE_OF(0xe, 0xe, 0x1c, 0x18, 0x1e, 0x38, next_random() & 0x1fff) | (next_random() & 7 ? (uint64_t)KEY << 32 : 0);
}

/* ---- what is right */

static bool is_foreign(unsigned transport, const uint64_t *x)
{
    uint32_t w7 = (uint32_t)x[7], form = w7 >> 3 & 3;
    static const unsigned bits[] = {13, 5, 6, 6};
    bool valid = (w7 & 3) != 3 && w7 >> bits[form] == 0;
    uint32_t port = form ? (uint16_t)x[3] : w7 >> 5 & 0xff;
    if (transport == HVC || transport == BRK)
        return false;
    if (x[7] >> 32 != KEY)
        return true;
    return transport == WFE && (!valid || (uint32_t)x[0] != MAGIC || (port != PORT && port != STREAM));
}

/* Commands that may answer; what else there is in X2 is a failure. Messages depend on the channel: either. */
static bool may_succeed(unsigned el, const uint64_t *x)
{
    uint32_t w7 = (uint32_t)x[7], command = (uint16_t)x[2];
    if ((uint32_t)x[0] != MAGIC)
        return false;
    if (w7 == 0xe && (uint16_t)x[3] == PORT)
        return command <= 5 && (el == 1 || (command != 3 && command != 5));
    return (w7 & 0x10) && (w7 & 3) != 3 && w7 >> 6 == 0 && (uint16_t)x[3] == STREAM && (uint32_t)x[1] == 0;
}

static const char *judge(unsigned transport, unsigned el, const uint64_t *x, uint64_t nzcv, const struct outcome *o)
{
    bool string = (uint32_t)x[7] & 0x10, came_back = o->pc == at[transport] + 4, changed = false;
    for (unsigned i = 7; i < 31; i++)
        if (o->x[i] != x[i])
            return "a register changed that is none of the answer's";
    if (o->nzcv != nzcv)
        return "the flags changed";
    for (unsigned i = 1; i < 7; i++)
        changed = changed || o->x[i] != x[i];
    if (!came_back)
        return may_succeed(el, x) && string && o->x[0] == x[0] && o->x[1] == x[1] ? NULL : "an exception";
    if (is_foreign(transport, x))
        return o->x[0] == x[0] && !changed ? NULL : "what was no call had an answer";
    if (!may_succeed(el, x) && (o->x[0] != FAILURE || changed))
        return "a failure isn't 0xffffffff alone";
    if (o->x[0] == FAILURE && changed)
        return "a failure changed more than X0";
    return NULL;
}

/* ---- */

static void start(const char *visor, const char *archive)
{
    struct armsim_options options;
    struct armsim_stop stop = {.size = sizeof(stop)};
    armsim_options_init(&options, sizeof(options));
    options.cpu = "cortex-a76";
    options.gic_version = 3;
    options.virtualization = true;
    options.ram_size = 160 << 20; /* a fork copies the list of its pages */
    options.kernel.path = visor;
    options.initrd.path = archive;
    if (armsim_create(&options, &base) != 0)
        fail("the machine", base);
    armsim_breakpoint_add(base, at[HVC]);
    if (armsim_run(base, 200000000, &stop) != 0 || stop.reason != ARMSIM_STOP_BREAKPOINT)
        fail("the guest doesn't come to its first call", base);
    armsim_breakpoint_remove(base, at[HVC]);
    el1_pstate = peek(base, ARMSIM_REG_PSTATE);
    el1_stack = peek(base, ARMSIM_REG_SP);
}

/* A channel that waits for a message, so that string forms have something to do. */
static void open_channel(void)
{
    uint64_t x[31] = {MAGIC, OPENING, 4, PORT, 0, 0, 0, 0xe};
    struct outcome outcome;
    if (!run_call(base, HVC, 1, x, 0, &outcome) || outcome.x[0] != 0)
        fail("OPEN", base);
    channel = outcome.x[1];
    keys[0] = outcome.x[4];
    keys[1] = outcome.x[5];
    uint64_t send[31] = {MAGIC, 40000, 4 | 1 << 16, PORT | channel << 16, keys[0], keys[1], 0, 0xe};
    if (!run_call(base, HVC, 1, send, 0, &outcome) || outcome.x[0] != 0)
        fail("SEND", base);
}

int main(int argc, char **argv)
{
    uint64_t count = 1000, seed = 1, good = 0, faults = 0;
    if (argc < 4)
        return 2;
    for (int i = 4; i + 1 < argc; i += 2) {
        if (strcmp(argv[i], "--count") == 0)
            count = strtoull(argv[i + 1], NULL, 0);
        if (strcmp(argv[i], "--seed") == 0)
            seed = strtoull(argv[i + 1], NULL, 0);
        if (strcmp(argv[i], "--own") == 0)
            words[OWN] = argv[i + 1];
    }
    for (unsigned t = 0; t < TRANSPORTS && words[t]; t++) {
        char name[64];
        snprintf(name, sizeof(name), "probe_%s_at", words[t]);
        at[t] = symbol(argv[3], name);
    }
    el0_stack = symbol(argv[3], "el0_stack") + EL0_STACK_ROOM;
    buffer = symbol(argv[3], "buffer");
    random_state = seed;
    start(argv[1], argv[2]);
    open_channel();
    struct armsim_machine *child = NULL;
    for (uint64_t n = 0; n < count; n++) {
        struct outcome outcome = {0};
        uint64_t x[31], nzcv = (next_random() & 15) << 28;
        unsigned el = next_random() & 1, transport = el ? next_random() % OWN : 1 + next_random() % (OWN - 1);
        if (words[OWN]) {
            el = 1;
            transport = OWN;
        }
        choose(x);
        if (n % CALLS_OF_A_FORK == 0) {
            armsim_destroy(child);
            if (armsim_fork(base, &child) != 0)
                fail("a fork", base);
        }
        const char *wrong = run_call(child, transport, el, x, nzcv, &outcome) ? judge(transport, el, x, nzcv, &outcome)
                                                                             : "it doesn't come back";
        good += outcome.x[0] != FAILURE;
        faults += outcome.pc != at[transport] + 4;
        if (!wrong)
            continue;
        fprintf(stderr, "call %llu (seed %llu), transport %u, EL%u: %s\n", (unsigned long long)n,
                (unsigned long long)seed, transport, el, wrong);
        for (unsigned i = 0; i < 8; i++)
            fprintf(stderr, "  X%u %016llx -> %016llx\n", i, (unsigned long long)x[i], (unsigned long long)outcome.x[i]);
        return 1;
    }
    armsim_destroy(child);
    armsim_destroy(base);
    printf("%llu calls: %llu didn't fail, %llu ended in the guest's abort\n", (unsigned long long)count,
           (unsigned long long)good, (unsigned long long)faults);
    return 0;
}
