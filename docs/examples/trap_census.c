/*
 * A census of the exceptions of a kernel's boot: how often each class went from one level to another, until the kernel
 * has printed a text.
 *
 *     trap_census KERNEL INITRD [TEXT]
 */
#include <armsim/armsim.h>

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct console {
    struct armsim_machine *machine;
    const char *text;
    size_t matched;
    bool found;
};

static void on_output(void *opaque, const uint8_t *data, size_t size)
{
    struct console *console = opaque;
    for (size_t i = 0; i < size && !console->found; i++) {
        if (data[i] != (uint8_t)console->text[console->matched])
            console->matched = 0;
        if (data[i] == (uint8_t)console->text[console->matched])
            console->matched++;
        console->found = !console->text[console->matched];
    }
    if (console->found)
        armsim_request_stop(console->machine);
}

static int by_count(const void *a, const void *b)
{
    uint64_t x = ((const struct armsim_trap_count *)a)->count, y = ((const struct armsim_trap_count *)b)->count;
    return x < y ? 1 : x > y ? -1 : 0;
}

int main(int argc, char **argv)
{
    if (argc < 3) {
        fprintf(stderr, "usage: trap_census KERNEL INITRD [TEXT]\n");
        return 2;
    }
    struct console console = {.text = argc > 3 ? argv[3] : "=== init is up ==="};
    struct armsim_options options;
    armsim_options_init(&options, sizeof(options));
    options.cpu = "cortex-a76";
    options.gic_version = 3;
    options.ram_size = 512 * ARMSIM_MIB;
    options.kernel.path = argv[1];
    options.initrd.path = argv[2];
    options.append = "console=ttyAMA0";
    options.serial[ARMSIM_SERIAL_UART0] = (struct armsim_serial){.write = on_output, .opaque = &console};
    if (armsim_create(&options, &console.machine) < 0) {
        fprintf(stderr, "trap_census: %s\n", armsim_last_error(console.machine));
        armsim_destroy(console.machine);
        return 1;
    }
    struct armsim_stop stop = {.size = sizeof(stop)};
    armsim_run(console.machine, 10000000000, &stop);

    static struct armsim_trap_count counts[1024];
    int64_t lines = armsim_trap_counts(console.machine, counts, sizeof(counts) / sizeof(counts[0]));
    qsort(counts, lines > 0 ? (size_t)lines : 0, sizeof(counts[0]), by_count);
    printf("%s after %" PRIu64 " instructions, %" PRIu64 " exceptions and returns\n", armsim_stop_name(stop.reason),
           stop.instructions, armsim_trap_total(console.machine));
    for (int64_t i = 0; i < lines; i++)
        printf("%10" PRIu64 "  EL%u -> EL%u  %s%s%s\n", counts[i].count, counts[i].from_el, counts[i].to_el,
               armsim_trap_kind_name(counts[i].kind), counts[i].kind == ARMSIM_TRAP_SYNC ? ": " : "",
               counts[i].kind == ARMSIM_TRAP_SYNC ? armsim_exception_class_name(counts[i].ec) : "");
    armsim_destroy(console.machine);
    return console.found ? 0 : 1;
}
