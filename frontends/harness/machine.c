/* A test's machine: made, loaded, and put where the test begins. */
#include "frontends/harness/harness.h"

#include <stdlib.h>
#include <string.h>

/* The memory of assembled tests: RAM from here; assemble.c links at TEXT. */
#define RAM_BASE UINT64_C(0x40000000)
#define RAM_BYTES UINT64_C(0x200000)
/* The virt board's memory of the Secure state. */
#define SECURE_RAM_BASE UINT64_C(0x0e000000)
#define SECURE_RAM_BYTES UINT64_C(0x1000000)
#define DEFAULT_LIMIT 100000
#define DEFAULT_TRAPS 4096

static bool number_setting(const struct test *test, const char *name, uint64_t otherwise, uint64_t *value,
                           struct buffer *error)
{
    const char *text = test_value(test, name);
    *value = otherwise;
    struct scope none = {0};
    if (!text)
        return true;
    if (value_parse(&none, text, value, error))
        return true;
    buffer_add(error, " (%s)", name);
    return false;
}

static bool has_gic(const struct test *test)
{
    return strcmp(test_value_or(test, "gic", "none"), "none") != 0;
}

/* Every setting that is "on" unless the test says otherwise. */
static bool has_el(const struct test *test, const char *name)
{
    return strcmp(test_value_or(test, name, "on"), "off") != 0;
}

static bool is_bare(const struct test *test)
{
    return strcmp(test_value_or(test, "board", has_gic(test) ? "virt" : "bare"), "bare") == 0;
}

/* Without EL3 the bare machine's one security state can be Secure. */
static bool secure_only(const struct test *test)
{
    return !has_el(test, "el3") && test_is_on(test, "secure");
}

/* --- callbacks --- */

/* A debugger has gone back: what happens has been kept already. */
bool running_in_past(const struct running *running)
{
    uint64_t first, last;
    return running->gdb && armsim_history(running->machine, &first, &last) == 0 &&
           armsim_instructions(running->machine) < last;
}

static enum armsim_hook_answer keep_trap(void *opaque, struct armsim_machine *machine, struct armsim_hook_event *event)
{
    struct running *running = opaque;
    (void)machine;
    if (running_in_past(running))
        return ARMSIM_HOOK_CONTINUE;
    running->traps = grow(running->traps, running->trap_count, &running->trap_capacity, sizeof(*running->traps));
    running->traps[running->trap_count++] = event->trap;
    bool stops = running->trap_count >= running->trap_limit || running_awaits_trap(running);
    return stops ? ARMSIM_HOOK_STOP : ARMSIM_HOOK_CONTINUE;
}

static void keep_console(void *opaque, const uint8_t *data, size_t size)
{
    struct running *running = opaque;
    buffer_bytes(&running->console, data, size);
}

static enum armsim_hook_answer keep_instruction(void *opaque, struct armsim_machine *machine,
                                                struct armsim_hook_event *event)
{
    struct running *running = opaque;
    (void)machine;
    if (event->instructions < running->window_from || event->instructions >= running->window_to)
        return ARMSIM_HOOK_CONTINUE;
    running->window = grow(running->window, running->window_count, &running->window_capacity, sizeof(*running->window));
    running->window[running->window_count++] = *event;
    return ARMSIM_HOOK_CONTINUE;
}

static void add_hook(struct running *running, uint32_t kinds, armsim_hook_fn *fn)
{
    const struct armsim_hook_options options = {.size = sizeof(options), .kinds = kinds};
    check_memory(armsim_hook_add(running->machine, &options, fn, running, NULL) == 0);
}

void running_watch(struct running *running, uint64_t from, uint64_t to)
{
    running->window_from = from;
    running->window_to = to;
    add_hook(running, ARMSIM_HOOK_BIT(ARMSIM_HOOK_INSTRUCTION), keep_instruction);
}

/* --- the machine --- */

static const struct armsim_impdef *impdefs_of(struct running *running, size_t *count)
{
    const struct test *test = running->test;
    struct armsim_impdef *impdefs = arena_alloc(&running->arena, (test->line_count + 1) * sizeof(*impdefs));
    for (size_t i = 0; i < test->line_count; i++) {
        const char *value = test->lines[i].value, *equals = strchr(value, '=');
        if (strcmp(test->lines[i].key, "impdef") != 0 || !equals)
            continue;
        impdefs[(*count)++] = (struct armsim_impdef){
            .name = trim(arena_text(&running->arena, value, (size_t)(equals - value))),
            .value = trim(arena_text(&running->arena, equals + 1, strlen(equals + 1))),
        };
    }
    return impdefs;
}

/* Whether the machine starts as `armsim run` has it, from images; the test's own file is there for its symbols. */
static bool boots(const struct test *test)
{
    return test_value(test, "bios") || test_value(test, "kernel");
}

static enum armsim_conduit conduit_of(const struct test *test)
{
    const char *name = test_value_or(test, "conduit", boots(test) ? "auto" : "none");
    return strcmp(name, "auto") == 0  ? ARMSIM_CONDUIT_AUTO
           : strcmp(name, "hvc") == 0 ? ARMSIM_CONDUIT_HVC
           : strcmp(name, "smc") == 0 ? ARMSIM_CONDUIT_SMC
                                      : ARMSIM_CONDUIT_NONE;
}

/* A file named by a setting, beside the test. */
static struct armsim_image file_of(struct running *running, const char *name)
{
    const char *value = test_value(running->test, name), *path = running->test->file->path, *slash = strrchr(path, '/');
    if (!value || value[0] == '/' || !slash)
        return (struct armsim_image){.path = value};
    return (struct armsim_image){.path = arena_format(&running->arena, "%.*s/%s", (int)(slash - path), path, value)};
}

static bool make_machine(struct running *running, struct buffer *error)
{
    const struct test *test = running->test;
    struct armsim_options options;
    uint64_t smp, ram, quantum, traps;
    armsim_options_init(&options, sizeof(options));
    if (!number_setting(test, "smp", 1, &smp, error) || !number_setting(test, "ram", RAM_BYTES, &ram, error) ||
        !number_setting(test, "quantum", options.quantum, &quantum, error) ||
        !number_setting(test, "limit", DEFAULT_LIMIT, &running->limit, error) ||
        !number_setting(test, "traps", DEFAULT_TRAPS, &traps, error))
        return false;
    running->trap_limit = traps;
    running->ram_size = ram;
    bool bare = is_bare(test);
    options.board = test_value_or(test, "board", bare ? "bare" : "virt");
    options.cpu = test_value_or(test, "cpu", "v8.2");
    options.smp = (uint32_t)smp;
    options.quantum = quantum;
    options.virtualization = has_el(test, "el2");
    options.secure = has_el(test, "el3");
    options.rng_seed = running->options->seed;
    options.impdefs = impdefs_of(running, &options.impdef_count);
    options.trap_ring = 0;
    if (bare) {
        options.secure_only = !options.secure && test_is_on(test, "secure");
        options.reset_address = RAM_BASE;
    } else {
        options.gic_version = strcmp(test_value_or(test, "gic", "3"), "2") == 0 ? 2 : 3;
        options.ram_size = ram;
        options.pci = strcmp(test_value_or(test, "pci", "on"), "on") == 0;
        options.conduit = conduit_of(test);
        options.bios = file_of(running, "bios");
        options.kernel = file_of(running, "kernel");
        options.initrd = file_of(running, "initrd");
        options.append = test_value(test, "append");
        for (unsigned port = 0; port < ARMSIM_SERIAL_PORTS; port++)
            options.serial[port] = (struct armsim_serial){.write = keep_console, .opaque = running};
        options.semihosting = (struct armsim_semihosting){
            .enabled = test_is_on(test, "semihosting"), .write = keep_console, .opaque = running};
    }
    if (!drives_parse(running, &options, error))
        return false;
    if (armsim_create(&options, &running->machine) != 0 ||
        (bare && armsim_map_ram(running->machine, RAM_BASE, ram, 3) != 0)) {
        buffer_add(error, "%s", armsim_last_error(running->machine));
        return false;
    }
    running->scope.machine = running->machine;
    return true;
}

static bool load_image(struct running *running, struct buffer *error)
{
    const struct image *image = running->scope.image;
    struct armsim_space space = ARMSIM_PHYSICAL(ARMSIM_PAS_NON_SECURE);
    if (secure_only(running->test))
        space = ARMSIM_PHYSICAL(ARMSIM_PAS_SECURE);
    for (size_t i = 0; i < image->segment_count; i++) {
        const struct segment *segment = &image->segments[i];
        if (armsim_write_memory(running->machine, &space, segment->address, segment->data, segment->size, NULL) != 0) {
            buffer_add(error, "loading: %s", armsim_last_error(running->machine));
            return false;
        }
    }
    return true;
}

/* --- the starting state --- */

static void poke(struct running *running, uint32_t pe, const char *name, uint64_t set, uint64_t clear)
{
    armsim_register_id id = armsim_register_by_name(running->machine, name);
    uint64_t value = 0;
    if (id != ARMSIM_REG_NONE && armsim_peek(running->machine, pe, id, &value) == 0)
        armsim_poke(running->machine, pe, id, (value | set) & ~clear);
}

static void poke_vectors(struct running *running, uint32_t pe)
{
    const struct symbol *all = image_symbol(running->scope.image, "vectors");
    for (unsigned el = 1; el <= 3; el++) {
        char symbol[16], name[16];
        snprintf(symbol, sizeof(symbol), "vectors_el%u", el);
        snprintf(name, sizeof(name), "VBAR_EL%u", el);
        const struct symbol *own = image_symbol(running->scope.image, symbol);
        if (own || all)
            poke(running, pe, name, (own ? own : all)->value, 0);
    }
}

/* Each EL's stack ends a page below the next one's, at the end of RAM. */
static void poke_stacks(struct running *running, uint32_t pe)
{
    uint64_t top = RAM_BASE + RAM_BYTES - pe * UINT64_C(0x8000);
    static const char *const names[] = {"SP_EL0", "SP_EL1", "SP_EL2", "SP_EL3"};
    for (unsigned el = 0; el < 4; el++)
        poke(running, pe, names[el], top - el * UINT64_C(0x1000), 0);
}

#define SCR_NS 1u
#define SCR_HCE (1u << 8)
#define SCR_RW (1u << 10)
#define HCR_RW (UINT64_C(1) << 31)

/* "el1" and "el1h": SP_EL1; "el1t": SP_EL0. */
static bool poke_entry(struct running *running, uint32_t pe, struct buffer *error)
{
    const char *entry = test_value_or(running->test, "entry", "el1");
    unsigned el = entry[0] == 'e' && entry[1] == 'l' ? (unsigned)(entry[2] - '0') : 9;
    if (el > 3 || (entry[3] && strcmp(entry + 3, "h") != 0 && strcmp(entry + 3, "t") != 0)) {
        buffer_add(error, "entry: expected el0 to el3, el1t to el3t, found \"%s\"", entry);
        return false;
    }
    bool handler = el > 0 && entry[3] != 't';
    if (armsim_poke(running->machine, pe, ARMSIM_REG_PSTATE, 0x3c0u | el << 2 | handler) == 0)
        return true;
    buffer_add(error, "entry: this machine can't be at %s", entry);
    return false;
}

/* Whether a "PLACE = VALUE" is in one of the test's devices. */
static bool is_in_device(struct running *running, const char *text)
{
    struct place place;
    struct buffer ignored = {0};
    bool memory = place_parse(&running->scope, trim(arena_text(&running->arena, text, strcspn(text, "="))), &place,
                              &ignored) &&
                  place.memory;
    buffer_free(&ignored);
    for (size_t i = 0; memory && i < running->device_count; i++)
        if (place.address - running->devices[i].base < running->devices[i].size)
            return true;
    return false;
}

static bool set_lines(struct running *running, bool again, struct buffer *error)
{
    const struct test *test = running->test;
    for (size_t i = 0; i < test->line_count; i++) {
        const struct line *line = &test->lines[i];
        if (strcmp(line->key, "set") != 0 || (again && is_in_device(running, line->value)))
            continue;
        struct event event = {.line = line, .what = DO_SET, .text = line->value};
        if (!event_fire(running, &event, error)) {
            buffer_add(error, " (%s:%u: set: %s)", line->file, line->number, line->value);
            return false;
        }
    }
    return true;
}

static bool start_pe(struct running *running, uint32_t pe, struct buffer *error)
{
    const struct test *test = running->test;
    const char *start = test_value(test, "start");
    uint64_t pc = running->scope.image->entry;
    if (start && !value_parse(&running->scope, start, &pc, error))
        return false;
    poke(running, pe, "SCR_EL3", SCR_HCE | SCR_RW | (test_is_on(test, "secure") ? 0 : SCR_NS),
         test_is_on(test, "secure") ? SCR_NS : 0);
    poke(running, pe, "HCR_EL2", HCR_RW, 0);
    if (!poke_entry(running, pe, error))
        return false;
    poke_stacks(running, pe);
    poke_vectors(running, pe);
    armsim_poke(running->machine, pe, ARMSIM_REG_EVENT, 0);
    armsim_poke(running->machine, pe, ARMSIM_REG_PC, pc);
    armsim_set_pe_state(running->machine, pe, ARMSIM_PE_RUNNING);
    return true;
}

static bool add_devices(struct running *running, struct buffer *error)
{
    const struct test *test = running->test;
    for (size_t i = 0; i < test->line_count; i++) {
        if (strcmp(test->lines[i].key, "device") != 0)
            continue;
        if (running->device_count == MAX_TEST_DEVICES) {
            buffer_add(error, "device: more than %d", MAX_TEST_DEVICES);
            return false;
        }
        struct test_device *device = &running->devices[running->device_count++];
        if (!device_parse(running, &test->lines[i], device, error) || !device_attach(running, device, error))
            return false;
    }
    return true;
}

static bool add_events(struct running *running, struct buffer *error)
{
    const struct test *test = running->test;
    running->events = arena_alloc(&running->arena, (2 * test->line_count + 1) * sizeof(*running->events));
    for (size_t i = 0; i < test->line_count; i++)
        if (strcmp(test->lines[i].key, "inject") == 0 &&
            !event_parse(running, &test->lines[i], running->events, &running->event_count, error))
            return false;
    for (size_t i = 0; i < running->event_count; i++)
        if (running->events[i].when == WHEN_SYMBOL)
            armsim_breakpoint_add(running->machine, running->events[i].at);
        else if (running->events[i].when == WHEN_READ || running->events[i].when == WHEN_WRITE)
            armsim_watchpoint_add(running->machine, running->events[i].at, 1, event_watch_kinds(&running->events[i]));
    return true;
}

static uint64_t hash_text(const char *text)
{
    uint64_t hash = UINT64_C(0xcbf29ce484222325);
    for (; *text; text++)
        hash = (hash ^ (unsigned char)*text) * UINT64_C(0x100000001b3);
    return hash;
}

/* Loaded, and every PE where the test begins. */
static bool begin(struct running *running, bool again, struct buffer *error)
{
    const struct test *test = running->test;
    uint32_t pes = boots(test) ? 0 : armsim_pe_count(running->machine);
    if (!boots(test) && !load_image(running, error))
        return false;
    for (uint32_t pe = 0; pe < pes; pe++)
        if (!start_pe(running, pe, error))
            return false;
    if (!set_lines(running, again, error))
        return false;
    for (uint32_t pe = 0; pe < pes; pe++) { /* what follows from PSTATE, now with the registers that were set */
        uint64_t pstate = 0;
        armsim_peek(running->machine, pe, ARMSIM_REG_PSTATE, &pstate);
        armsim_poke(running->machine, pe, ARMSIM_REG_PSTATE, pstate);
    }
    return true;
}

bool running_start(struct running *running, const struct test *test, const struct harness_options *options,
                   struct buffer *error)
{
    *running = (struct running){
        .test = test,
        .options = options,
        .scope = {.image = &test->file->image},
        .random = hash_text(test->name) ^ options->seed,
    };
    if (!make_machine(running, error) || !add_devices(running, error) || !begin(running, false, error))
        return false;
    add_hook(running, ARMSIM_HOOK_BIT(ARMSIM_HOOK_EXCEPTION) | ARMSIM_HOOK_BIT(ARMSIM_HOOK_RETURN), keep_trap);
    if (strcmp(test_value_or(test, "engine", "run"), "step") == 0)
        running_watch(running, 0, 0);
    return add_events(running, error);
}

/* --- power --- */

/* RAM without power holds nothing that one can count on: neither what was there, nor zeroes. */
static bool lose_memory(struct running *running, enum armsim_pas pas, uint64_t base, uint64_t size)
{
    struct armsim_space space = ARMSIM_PHYSICAL(pas);
    uint64_t words[512], state = running->random ^ base;
    for (uint64_t at = 0; at < size; at += sizeof(words)) {
        for (size_t i = 0; i < 512; i++)
            words[i] = state = state * UINT64_C(6364136223846793005) + 1442695040888963407;
        if (armsim_write_memory(running->machine, &space, base + at, words, sizeof(words), NULL) < 0)
            return false;
    }
    return true;
}

bool running_restart(struct running *running, struct buffer *error)
{
    bool secure_ram = !is_bare(running->test) && has_el(running->test, "el3");
    enum armsim_pas pas = secure_only(running->test) ? ARMSIM_PAS_SECURE : ARMSIM_PAS_NON_SECURE;
    bool lost = armsim_reset(running->machine, ARMSIM_RESET_COLD) == 0;
    if (lost && !boots(running->test)) /* else the reset has put the images there */
        lost = lose_memory(running, pas, RAM_BASE, running->ram_size) &&
               (!secure_ram || lose_memory(running, ARMSIM_PAS_SECURE, SECURE_RAM_BASE, SECURE_RAM_BYTES));
    if (lost)
        return begin(running, true, error);
    buffer_add(error, "power-cut: %s", armsim_last_error(running->machine));
    return false;
}
