/*
 * What a drive's device reads and writes: the drive itself, or, while the drive is held, the drive with changes that
 * stay in memory. Forks and histories hold drives: the file (or whatever it is) stays as it was, for all who share it.
 */
#ifndef ARMSIM_MACHINE_DRIVE_H
#define ARMSIM_MACHINE_DRIVE_H

#include "devices/block_backend.h"
#include "libarmsim/fabric/pages.h"

struct drive_base;

struct drive {
    struct drive_base *base; /* NULL: no drive */
    bool held;
    bool owner;           /* not a fork's: its changes reach the file in the end */
    struct pages changes; /* while held: pages that differ from the base */
};

/* Makes the base; `close` frees `backend->opaque`, also on failure. 0 or -ENOMEM. */
int drive_open(struct drive *drive, const struct block_backend *backend, void (*close)(void *opaque));
/* The same drive for a fork: both are held. 0 or -ENOMEM. */
int drive_share(struct drive *drive, struct drive *other);
/* Writes what the owner has changed, when nobody else needs the base as it was, and closes it then. */
void drive_close(struct drive *drive);

/* What the device uses. */
struct block_backend drive_backend(struct drive *drive);

int drive_hold(struct drive *drive);
/* Ends holding: the changes are written. -EBUSY: forks share the base; or the error of writing. Stays held then. */
int drive_release(struct drive *drive);
/* Makes the changes others: shares them. 0 or -ENOMEM with nothing changed. */
int drive_set_changes(struct drive *drive, const struct pages *changes);
uint64_t drive_pages(const struct drive *drive);

#endif
