/*
 * library --kernel FILE --initrd FILE: what the library's own things cost on a booted Debian of 512 MiB: saving, loading,
 * forking, going back, an exception hook. Prints lines "name value"; times are CPU time.
 */
#include "roms/builtin_rom.h"

#include <armsim/armsim.h>
#include <armsim/hook.h>

#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#define MARKER "=== init is up ==="
enum { RUNS = 3, FORKS = 200, SMALL_FORKS = 20000, CHILD_INSTRUCTIONS = 1000000, STEPS_BACK = 20 };
#define FAR UINT64_C(1700000000)

static double now(void)
{
    struct timespec time;
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &time);
    return (double)time.tv_sec + (double)time.tv_nsec / 1e9;
}

static double least(double a, double b)
{
    return a < b ? a : b;
}

static void put(const char *name, double value)
{
    printf("%s %.9g\n", name, value);
    fflush(stdout);
}

static void check(int result, const struct armsim_machine *machine, const char *what)
{
    if (result >= 0)
        return;
    fprintf(stderr, "%s: %s: %s\n", what, armsim_strerror(result), armsim_last_error(machine));
    exit(1);
}

/* --- the guest --- */

struct guest {
    const char *kernel, *initrd, *append;
    size_t matched; /* characters of the marker */
    struct armsim_machine *machine;
};

static void watch_console(void *opaque, const uint8_t *data, size_t size)
{
    struct guest *guest = opaque;
    for (size_t i = 0; i < size && MARKER[guest->matched]; i++)
        guest->matched = data[i] == MARKER[guest->matched] ? guest->matched + 1 : data[i] == MARKER[0];
    if (!MARKER[guest->matched])
        armsim_request_stop(guest->machine);
}

static void create(struct guest *guest)
{
    struct armsim_options options;
    armsim_options_init(&options, sizeof(options));
    options.ram_size = 512 * ARMSIM_MIB;
    options.kernel.path = guest->kernel;
    options.initrd.path = guest->initrd;
    options.append = guest->append;
    options.serial[0] = (struct armsim_serial){.write = watch_console, .opaque = guest, .input = true};
    guest->matched = 0;
    check(armsim_create(&options, &guest->machine), guest->machine, "create");
}

/* To the initramfs's first line. */
static void boot(struct guest *guest)
{
    struct armsim_stop stop = {.size = sizeof(stop)};
    while (MARKER[guest->matched]) {
        check(armsim_run(guest->machine, ARMSIM_NO_LIMIT, &stop), guest->machine, "run");
        if (stop.reason != ARMSIM_STOP_REQUEST) {
            fprintf(stderr, "the kernel's boot ended: %s\n", armsim_stop_name(stop.reason));
            exit(1);
        }
    }
}

/* --- snapshots --- */

static void measure_snapshots(struct guest *guest)
{
    char path[] = "/tmp/armsim-bench-XXXXXX";
    struct guest other = *guest;
    double save = 1e9, load = 1e9;
    create(&other);
    close(mkstemp(path));
    for (unsigned i = 0; i < RUNS; i++) {
        double start = now();
        check(armsim_snapshot_save(guest->machine, path), guest->machine, "save");
        save = least(save, now() - start);
        start = now();
        check(armsim_snapshot_load(other.machine, path), other.machine, "load");
        load = least(load, now() - start);
    }
    FILE *file = fopen(path, "rb");
    if (file && fseek(file, 0, SEEK_END) == 0)
        put("file_mb", (double)ftell(file) / 1e6);
    if (file)
        fclose(file);
    unlink(path);
    armsim_destroy(other.machine);
    put("save_s", save);
    put("load_s", load);
}

static void measure_forks(struct guest *guest)
{
    struct armsim_machine *child;
    double fork = 0, run = 0, alone = 0;
    int64_t pages = 0;
    for (unsigned i = 0; i < FORKS; i++) {
        double start = now();
        check(armsim_fork(guest->machine, &child), guest->machine, "fork");
        fork += now() - start;
        armsim_dirty_pages(child, NULL, 0, true);
        start = now();
        armsim_run(child, CHILD_INSTRUCTIONS, NULL); /* copies the pages that it writes */
        run += now() - start;
        pages += armsim_dirty_pages(child, NULL, 0, true);
        start = now();
        armsim_run(child, CHILD_INSTRUCTIONS, NULL);
        alone += now() - start;
        armsim_destroy(child);
    }
    put("fork_ms", 1e3 * fork / FORKS);
    put("child_ms", 1e3 * run / FORKS);
    put("child_again_ms", 1e3 * alone / FORKS);
    put("child_pages", (double)pages / FORKS);
}

static uint64_t resident_kib(void)
{
    char line[256];
    unsigned long kib = 0;
    FILE *file = fopen("/proc/self/status", "r");
    while (file && fgets(line, sizeof(line), file))
        if (sscanf(line, "VmRSS: %lu", &kib) == 1)
            break;
    if (file)
        fclose(file);
    return kib;
}

/* The built-in ROM, halfway through its exceptions, forked again and again. */
static void measure_small_forks(void)
{
    struct armsim_options options;
    struct armsim_machine *small, *child;
    armsim_options_init(&options, sizeof(options));
    options.gic_version = 3;
    options.secure = options.virtualization = true;
    options.ram_size = 4 * ARMSIM_MIB;
    options.kernel.data = builtin_rom;
    options.kernel.size = builtin_rom_size;
    options.semihosting.enabled = true;
    check(armsim_create(&options, &small), small, "create");
    check(armsim_run(small, 20000, NULL), small, "run");
    uint64_t memory = 0;
    double start = now();
    for (unsigned i = 0; i < SMALL_FORKS; i++) {
        check(armsim_fork(small, &child), small, "fork");
        armsim_run(child, 1000, NULL);
        armsim_destroy(child);
        if (i == SMALL_FORKS / 10)
            memory = resident_kib();
    }
    put("small_forks_per_s", SMALL_FORKS / (now() - start));
    put("small_forks_growth_kib", (double)resident_kib() - (double)memory);
    armsim_destroy(small);
}

/* --- going back --- */

static void run_to(struct guest *guest, uint64_t instructions)
{
    while (armsim_instructions(guest->machine) < instructions)
        check(armsim_run(guest->machine, instructions - armsim_instructions(guest->machine), NULL), guest->machine,
              "run");
}

static void measure_history(struct guest *guest)
{
    create(guest);
    check(armsim_set_history(guest->machine, 20000000, 1024 * ARMSIM_MIB), guest->machine, "history");
    run_to(guest, FAR);
    double worst = 0;
    for (unsigned i = 1; i <= STEPS_BACK; i++) {
        double start = now();
        check(armsim_go_to(guest->machine, FAR - i), guest->machine, "go to");
        worst = now() - start > worst ? now() - start : worst;
    }
    put("step_back_ms", 1e3 * worst);
    armsim_destroy(guest->machine);
}

/* --- hooks --- */

static enum armsim_hook_answer count_event(void *opaque, struct armsim_machine *machine, struct armsim_hook_event *event)
{
    ++*(uint64_t *)opaque;
    return ARMSIM_HOOK_CONTINUE;
}

static double boot_time(struct guest *guest, uint64_t *events)
{
    struct armsim_hook_options options = {
        .size = sizeof(options),
        .kinds = ARMSIM_HOOK_BIT(ARMSIM_HOOK_EXCEPTION) | ARMSIM_HOOK_BIT(ARMSIM_HOOK_RETURN)};
    create(guest);
    if (events)
        check(armsim_hook_add(guest->machine, &options, count_event, events, NULL), guest->machine, "hook");
    double start = now();
    boot(guest);
    double time = now() - start;
    armsim_destroy(guest->machine);
    return time;
}

static void measure_hook(struct guest *guest)
{
    double without = 1e9, with = 1e9;
    uint64_t events = 0;
    for (unsigned i = 0; i < RUNS; i++) { /* in turn: the host's speed varies */
        without = least(without, boot_time(guest, NULL));
        events = 0;
        with = least(with, boot_time(guest, &events));
    }
    put("boot_s", without);
    put("boot_hooked_s", with);
    put("events", (double)events);
}

int main(int argc, char **argv)
{
    struct guest guest = {.append = "console=ttyAMA0"}, busy;
    for (int i = 1; i + 1 < argc; i += 2) {
        if (!strcmp(argv[i], "--kernel"))
            guest.kernel = argv[i + 1];
        else if (!strcmp(argv[i], "--initrd"))
            guest.initrd = argv[i + 1];
    }
    if (!guest.kernel || !guest.initrd)
        return fprintf(stderr, "usage: library --kernel FILE --initrd FILE\n"), 2;
    measure_small_forks();
    busy = guest;
    measure_hook(&busy);
    busy.append = "console=ttyAMA0 armsim.test=busy";
    measure_history(&busy);
    create(&guest);
    boot(&guest);
    measure_snapshots(&guest);
    measure_forks(&guest);
    armsim_destroy(guest.machine);
    return 0;
}
