/*
 * Who writes here? Tells every write to a range of virtual addresses: instruction, address, the value before and after.
 *
 *     memory_watch IMAGE ADDRESS SIZE
 */
#include <armsim/hook.h>

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

static enum armsim_hook_answer on_write(void *opaque, struct armsim_machine *machine, struct armsim_hook_event *event)
{
    /* The write is about to be made: memory still has the old value. Read as the PE sees it. */
    struct armsim_space as_seen = ARMSIM_VIRTUAL(event->pe);
    uint64_t old = 0;
    uint32_t size = event->memory.size <= sizeof(old) ? event->memory.size : sizeof(old);
    armsim_read_memory(machine, &as_seen, event->memory.va, &old, size, NULL);
    printf("%8" PRIu64 " EL%u pc=0x%" PRIx64 " [0x%" PRIx64 "] %" PRIu32 " bytes: 0x%" PRIx64 " -> 0x%" PRIx64 "\n",
           event->instructions, event->el, event->pc, event->memory.va, event->memory.size, old, event->memory.value[0]);
    ++*(unsigned *)opaque;
    return ARMSIM_HOOK_CONTINUE;
}

int main(int argc, char **argv)
{
    if (argc < 4) {
        fprintf(stderr, "usage: memory_watch IMAGE ADDRESS SIZE\n");
        return 2;
    }
    struct armsim_machine *machine;
    struct armsim_options options;
    armsim_options_init(&options, sizeof(options));
    options.virtualization = true;
    options.kernel.path = argv[1];
    unsigned writes = 0;
    struct armsim_hook_options watch = {.size = sizeof(watch),
                                        .kinds = ARMSIM_HOOK_BIT(ARMSIM_HOOK_WRITE),
                                        .address = strtoull(argv[2], NULL, 0),
                                        .address_size = strtoull(argv[3], NULL, 0)};
    struct armsim_stop stop = {.size = sizeof(stop)};
    int error = armsim_create(&options, &machine);
    if (error == 0)
        error = armsim_hook_add(machine, &watch, on_write, &writes, NULL);
    if (error == 0)
        error = armsim_run(machine, 100000000, &stop);
    if (error < 0)
        fprintf(stderr, "memory_watch: %s\n", armsim_last_error(machine));
    else
        printf("%s after %" PRIu64 " instructions: %u writes\n", armsim_stop_name(stop.reason), stop.instructions, writes);
    armsim_destroy(machine);
    return error < 0;
}
