/*
 * Fuzzing a hypercall handler: every try is a fork of one machine that stands before a hypercall, gets a sequence of
 * calls, and is thrown away. Sequences that reach a basic block at EL2 that none has reached before are kept and changed
 * further; the first one that makes EL2 itself take an exception is the finding. The random numbers are the program's
 * own: it finds the same thing in the same try every time.
 *
 *     fuzz_hypercalls guest.elf [TRIES]
 */
#include <armsim/hook.h>

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { CALLS = 8, CORPUS = 256, MAP = 1 << 14, CALL_LIMIT = 10000 };

struct input {
    struct {
        uint64_t x[3];
    } calls[CALLS];
};

struct fuzzer {
    struct armsim_machine *start; /* stands at `hvc` */
    uint64_t hvc;
    struct input corpus[CORPUS];
    size_t corpus_size;
    bool seen[MAP]; /* blocks at EL2, by address */
    bool is_new;
    struct armsim_trap crash;
    uint64_t random;
};

static void die(const struct armsim_machine *machine, const char *what)
{
    fprintf(stderr, "fuzz_hypercalls: %s: %s\n", what, armsim_last_error(machine));
    exit(1);
}

static uint64_t next_random(struct fuzzer *fuzzer)
{
    fuzzer->random ^= fuzzer->random << 13;
    fuzzer->random ^= fuzzer->random >> 7;
    fuzzer->random ^= fuzzer->random << 17;
    return fuzzer->random * 0x2545f4914f6cdd1d;
}

static enum armsim_hook_answer on_block(void *opaque, struct armsim_machine *machine, struct armsim_hook_event *event)
{
    struct fuzzer *fuzzer = opaque;
    bool *seen = &fuzzer->seen[event->pc / 4 % MAP];
    fuzzer->is_new |= !*seen;
    *seen = true;
    return ARMSIM_HOOK_CONTINUE;
}

/* The call is over; or EL2 has done something wrong. */
static enum armsim_hook_answer on_exception(void *opaque, struct armsim_machine *machine,
                                            struct armsim_hook_event *event)
{
    if (event->kind == ARMSIM_HOOK_EXCEPTION)
        ((struct fuzzer *)opaque)->crash = event->trap;
    return ARMSIM_HOOK_STOP;
}

static void add_hooks(struct fuzzer *fuzzer, struct armsim_machine *machine)
{
    struct armsim_hook_options blocks = {
        .size = sizeof(blocks), .kinds = ARMSIM_HOOK_BIT(ARMSIM_HOOK_BLOCK), .els = 1 << 2};
    struct armsim_hook_options traps = {
        .size = sizeof(traps),
        .kinds = ARMSIM_HOOK_BIT(ARMSIM_HOOK_EXCEPTION) | ARMSIM_HOOK_BIT(ARMSIM_HOOK_RETURN),
        .els = 1 << 2}; /* from EL2 */
    if (armsim_hook_add(machine, &blocks, on_block, fuzzer, NULL) < 0 ||
        armsim_hook_add(machine, &traps, on_exception, fuzzer, NULL) < 0)
        die(machine, "hooks");
}

/* True: the input makes EL2 take an exception. */
static bool try_input(struct fuzzer *fuzzer, const struct input *input)
{
    struct armsim_machine *machine;
    if (armsim_fork(fuzzer->start, &machine) < 0)
        die(fuzzer->start, "fork");
    add_hooks(fuzzer, machine);
    fuzzer->is_new = false;
    fuzzer->crash.why = NULL;
    for (unsigned i = 0; i < CALLS && !fuzzer->crash.why; i++) {
        for (uint32_t n = 0; n < 3; n++)
            armsim_poke(machine, 0, ARMSIM_REG_X0 + n, input->calls[i].x[n]);
        armsim_poke(machine, 0, ARMSIM_REG_PC, fuzzer->hvc);
        struct armsim_stop stop = {.size = sizeof(stop)};
        if (armsim_run(machine, CALL_LIMIT, &stop) < 0 || stop.reason != ARMSIM_STOP_HOOK)
            die(machine, armsim_stop_name(stop.reason));
    }
    armsim_destroy(machine);
    return fuzzer->crash.why;
}

static void change(struct fuzzer *fuzzer, struct input *input)
{
    for (uint64_t changes = 1 + next_random(fuzzer) % 3; changes > 0; changes--) {
        uint64_t random = next_random(fuzzer);
        uint64_t *x = &input->calls[random % CALLS].x[random / CALLS % 3];
        switch (random >> 8 & 3) {
        case 0: /* a small number */
            *x = random >> 16 & 15;
            break;
        case 1: /* one bit */
            *x ^= 1ull << (random >> 16 & 63);
            break;
        case 2:
            *x = random;
            break;
        default: /* another call's */
            input->calls[random % CALLS] = fuzzer->corpus[(random >> 16) % fuzzer->corpus_size].calls[(random >> 32) % CALLS];
        }
    }
}

/* Runs the machine to its first hypercall. */
static void find_start(struct fuzzer *fuzzer)
{
    struct armsim_trap_filter hvc = {
        .pe = ARMSIM_ANY, .kinds = 1 << ARMSIM_TRAP_SYNC, .from_els = 1 << 1, .to_els = 1 << 2, .classes = 1ull << 0x16};
    struct armsim_stop stop = {.size = sizeof(stop)};
    armsim_stop_on_trap(fuzzer->start, &hvc);
    if (armsim_run(fuzzer->start, 1000000, &stop) < 0 || stop.reason != ARMSIM_STOP_TRAP)
        die(fuzzer->start, "no hypercall");
    fuzzer->hvc = stop.trap.elr - 4;
    armsim_stop_on_trap(fuzzer->start, NULL);
    /* Back to EL1, so that each call begins there. */
    armsim_poke(fuzzer->start, 0, ARMSIM_REG_PSTATE, stop.trap.spsr);
    armsim_poke(fuzzer->start, 0, ARMSIM_REG_PC, fuzzer->hvc);
}

static int report(const struct fuzzer *fuzzer, const struct input *input, unsigned long tries)
{
    char text[512];
    armsim_format_trap(&fuzzer->crash, ARMSIM_TRACE_TEXT, text, sizeof(text));
    printf("try %lu, %zu inputs kept: EL2 takes an exception\n  %s\n", tries, fuzzer->corpus_size, text);
    for (unsigned i = 0; i < CALLS; i++)
        printf("  hvc x0=0x%" PRIx64 " x1=0x%" PRIx64 " x2=0x%" PRIx64 "\n", input->calls[i].x[0], input->calls[i].x[1],
               input->calls[i].x[2]);
    return 0;
}

int main(int argc, char **argv)
{
    static struct fuzzer fuzzer = {.corpus_size = 1, .random = 1};
    unsigned long tries = argc > 2 ? strtoul(argv[2], NULL, 0) : 100000;
    struct armsim_options options;
    armsim_options_init(&options, sizeof(options));
    options.virtualization = true;
    options.ram_size = 2 * ARMSIM_MIB;
    options.kernel.path = argc > 1 ? argv[1] : "guest.elf";
    if (armsim_create(&options, &fuzzer.start) < 0)
        die(fuzzer.start, "create");
    find_start(&fuzzer);
    int status = 1;
    for (unsigned long i = 0; i < tries && status != 0; i++) {
        struct input input = fuzzer.corpus[next_random(&fuzzer) % fuzzer.corpus_size];
        change(&fuzzer, &input);
        if (try_input(&fuzzer, &input))
            status = report(&fuzzer, &input, i);
        else if (fuzzer.is_new && fuzzer.corpus_size < CORPUS)
            fuzzer.corpus[fuzzer.corpus_size++] = input;
    }
    if (status != 0)
        printf("%zu kept; nothing found in %lu tries\n", fuzzer.corpus_size, tries);
    armsim_destroy(fuzzer.start);
    return status;
}
