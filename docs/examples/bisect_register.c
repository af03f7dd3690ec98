/*
 * Which instruction gave a register the value that it has at the end? With a history one can go to any instruction of
 * the past: the moment of the change is found by halving.
 *
 *     bisect_register IMAGE REGISTER
 */
#include <armsim/armsim.h>

#include <inttypes.h>
#include <stdio.h>

static struct armsim_machine *machine;

static uint64_t value_at(armsim_register_id id, uint64_t instructions)
{
    uint64_t value = 0;
    if (armsim_go_to(machine, instructions) < 0 || armsim_peek(machine, 0, id, &value) < 0)
        fprintf(stderr, "bisect_register: %s\n", armsim_last_error(machine));
    return value;
}

static int bisect(armsim_register_id id, const char *name)
{
    uint64_t first, last, probes = 0;
    armsim_history(machine, &first, &last);
    uint64_t final = value_at(id, last), start = value_at(id, first);
    printf("%s: 0x%" PRIx64 " at the start, 0x%" PRIx64 " after %" PRIu64 " instructions\n", name, start, final, last);
    if (final == start)
        return 0;
    /* It has another value after `first` instructions and the final one after `last`: so until they are neighbours. */
    while (last - first > 1) {
        uint64_t middle = first + (last - first) / 2;
        *(value_at(id, middle) == final ? &last : &first) = middle;
        probes++;
    }
    uint64_t before = value_at(id, first), pc;
    uint32_t word = 0;
    char text[128] = "";
    struct armsim_space as_seen = ARMSIM_VIRTUAL(0);
    armsim_peek(machine, 0, ARMSIM_REG_PC, &pc);
    if (armsim_read_memory(machine, &as_seen, pc, &word, sizeof(word), NULL) == 0)
        armsim_describe_instruction(word, text, sizeof(text));
    printf("instruction %" PRIu64 " at 0x%" PRIx64 " changes it from 0x%" PRIx64 " (%" PRIu64 " steps)\n  %08" PRIx32
           " %s\n", first, pc, before, probes, word, text);
    return 0;
}

int main(int argc, char **argv)
{
    if (argc < 3) {
        fprintf(stderr, "usage: bisect_register IMAGE REGISTER\n");
        return 2;
    }
    struct armsim_options options;
    armsim_options_init(&options, sizeof(options));
    options.virtualization = true;
    options.kernel.path = argv[1];
    int status = 1;
    if (armsim_create(&options, &machine) == 0 && armsim_set_history(machine, 100000, 0) == 0 &&
        armsim_run(machine, 100000000, NULL) == 0) {
        armsim_register_id id = armsim_register_by_name(machine, argv[2]);
        if (id == ARMSIM_REG_NONE)
            fprintf(stderr, "bisect_register: no register %s\n", argv[2]);
        else
            status = bisect(id, argv[2]);
    } else {
        fprintf(stderr, "bisect_register: %s\n", armsim_last_error(machine));
    }
    armsim_destroy(machine);
    return status;
}
