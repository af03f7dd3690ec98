/* A second machine with the state of the first, which shares its memory until one of them writes. */
#include "libarmsim/snapshot/fork.h"

#include "libarmsim/snapshot/image.h"

#include <stdlib.h>
#include <string.h>

static int share_drives(struct armsim_machine *child, struct armsim_machine *parent)
{
    for (size_t i = 0; i < MACHINE_MAX_DRIVES && parent->drives[i].base; i++)
        if (drive_share(&child->drives[i], &parent->drives[i]) < 0)
            return machine_fail(child, ARMSIM_ERROR_MEMORY, "out of memory");
    return 0;
}

int machine_fork(struct armsim_machine *parent, struct armsim_machine **result)
{
    struct image image;
    int error = image_possible(parent);
    struct armsim_machine *child = error < 0 ? NULL : calloc(1, sizeof(*child));
    if (!child)
        return error < 0 ? error : machine_fail(parent, ARMSIM_ERROR_MEMORY, "out of memory");
    child->inputs_end = &child->inputs;
    child->is_fork = true;
    atomic_init(&child->stop_requested, false);
    child->board = parent->board;
    machine_share_options(child, parent);
    error = share_drives(child, parent);
    if (error == 0)
        error = machine_build(child, parent);
    if (error == 0 && image_take(parent, &image) < 0)
        error = machine_fail(child, ARMSIM_ERROR_MEMORY, "out of memory");
    if (error == 0) {
        error = image_put(child, &image);
        image_free(&image);
    }
    if (error < 0) {
        machine_fail(parent, (enum armsim_error)error, "%s", child->error);
        machine_free(child);
        return error;
    }
    *result = child;
    return 0;
}
