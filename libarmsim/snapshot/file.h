/* Snapshot files: docs/snapshot.md. */
#ifndef ARMSIM_SNAPSHOT_FILE_H
#define ARMSIM_SNAPSHOT_FILE_H

#include "libarmsim/machine/machine.h"

/* Moves all bytes: 0 or a negative errno value. At the end of a file `read` gets fewer bytes: *got. */
typedef int snapshot_write_fn(void *opaque, const void *data, size_t size);
typedef int snapshot_read_fn(void *opaque, void *data, size_t size, size_t *got);

/* 0 or an error after machine_fail(); on failure of loading nothing has changed. */
int snapshot_save(struct armsim_machine *machine, snapshot_write_fn *write, void *opaque);
int snapshot_load(struct armsim_machine *machine, snapshot_read_fn *read, void *opaque);

/* To a file: it gets its name when it is complete. */
int snapshot_save_path(struct armsim_machine *machine, const char *path);
int snapshot_load_path(struct armsim_machine *machine, const char *path);

#endif
