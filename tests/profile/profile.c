/*
 * Writes the execution profile of a guest for cpu/gen/profile.py.
 *
 * usage: profile OUT LIMIT KERNEL [INITRD APPEND [CPU]]   what a guest executes
 *        profile OUT static TEXT...                       what compiled code consists of: raw .text sections
 * In a build with -Dprofile=true -Ddispatch=loop -Dhandlers=0, where every instruction has its generic handler.
 */
#include "cpu/interp/interp.h"
#include "libarmsim/machine/machine.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void write_line(void *opaque, const char *text)
{
    fprintf(opaque, "%s\n", text);
}

/* Each straight run of the text counts once. */
static int write_static(FILE *out, int files, char **names)
{
    struct translation t = {&cpu_model_find("v8.0")->features, 0, false};
    for (int i = 0; i < files; i++) {
        FILE *file = fopen(names[i], "rb");
        uint32_t word;
        bool in_run = false;
        if (!file)
            return 3;
        while (fread(&word, sizeof(word), 1, file) == 1) {
            struct record r;
            unsigned op = translate(&t, word, &r);
            if (op_name(op))
                fprintf(out, "%s%s:%u:%u:%u:%u", in_run ? " " : "1 ", op_name(op), r.a, r.b, r.c, r.d);
            bool ends = !op_name(op) || op_ends_block(op);
            if (ends && (in_run || op_name(op)))
                fputc('\n', out);
            in_run = !ends;
            t.page_offset = (t.page_offset + 4) & 0xfff;
        }
        if (in_run)
            fputc('\n', out);
        fclose(file);
    }
    return 0;
}

int main(int argc, char **argv)
{
    if (argc < 4) {
        fprintf(stderr, "usage: profile OUT LIMIT KERNEL [INITRD APPEND [CPU]]\n");
        return 2;
    }
    if (!strcmp(argv[2], "static")) {
        FILE *out = fopen(argv[1], "w");
        int status = out ? write_static(out, argc - 3, argv + 3) : 3;
        if (out)
            fclose(out);
        return status;
    }
    struct armsim_options options;
    armsim_options_init(&options, sizeof(options));
    options.gic_version = 3;
    options.ram_size = 512u << 20;
    options.kernel.path = argv[3];
    options.semihosting.enabled = true;
    if (argc > 5) {
        options.initrd.path = argv[4];
        options.append = argv[5];
    }
    if (argc > 6)
        options.cpu = argv[6];
    struct armsim_machine *machine;
    if (armsim_create(&options, &machine) < 0) {
        fprintf(stderr, "profile: %s\n", armsim_last_error(machine));
        return 3;
    }
    struct armsim_stop why = {.size = sizeof(why)};
    int error = armsim_run(machine, strtoull(argv[2], NULL, 0), &why);
    printf("%s after %llu instructions\n", error ? armsim_strerror(error) : armsim_stop_name(why.reason),
           (unsigned long long)machine->pes[0]->instructions);
    FILE *out = fopen(argv[1], "w");
    if (!out)
        return 3;
    icache_write_profile(machine->icache, write_line, out);
    fclose(out);
    armsim_destroy(machine);
    return 0;
}
