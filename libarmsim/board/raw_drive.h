/* Drives: a raw image file, or the caller's functions, as the backend of a block device. */
#ifndef ARMSIM_BOARD_RAW_DRIVE_H
#define ARMSIM_BOARD_RAW_DRIVE_H

#include "devices/block_backend.h"
#include "libarmsim/loader/load_error.h"

#include <armsim/armsim.h>

/*
 * Opens the drive's file, which must be a regular file or a block device, not empty and of whole 512-byte sectors.
 * One that is written by this or another machine can't be opened again, and one that is read can't be opened for
 * writing. The size is what the file has now: it never grows or shrinks. *drive is the backend's `opaque`, for
 * raw_drive_close(). Returns 0 or a negative errno value with a report.
 */
int raw_drive_open(void **drive, const struct armsim_drive *options, struct block_backend *backend,
                   struct load_error *error);
void raw_drive_close(void *drive);

#endif
