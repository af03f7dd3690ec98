/* Hooks, exceptions from the host. */
#include "libarmsim/api/check.h"

#include "cpu/host.h"

int armsim_hook_add(struct armsim_machine *machine, const struct armsim_hook_options *options, armsim_hook_fn *fn,
                    void *opaque, armsim_hook_id *id)
{
    REQUIRE(machine, options && options->size >= offsetof(struct armsim_hook_options, pes) && options->size <= 65536 && fn);
    return hooks_add(machine, options, fn, opaque, id);
}

int armsim_hook_remove(struct armsim_machine *machine, armsim_hook_id id)
{
    REQUIRE(machine, id);
    return hooks_remove(machine, id);
}

int armsim_raise(struct armsim_machine *machine, uint32_t pe, const struct armsim_exception *exception)
{
    REQUIRE(machine, pe < machine->pe_count && exception);
    REQUIRE_STOPPED(machine);
    struct raised raised;
    int error = hooks_check_exception(machine, machine->pes[pe], exception, &raised);
    if (error < 0)
        return error;
    machine_touched(machine);
    host_raise(machine->pes[pe], &raised);
    return 0;
}
