/* Device tree blobs given by the user. */
#ifndef ARMSIM_LOADER_DTB_H
#define ARMSIM_LOADER_DTB_H

#include "libarmsim/loader/blob.h"

/* The boot protocol's limit. */
#define DTB_MAX_SIZE 0x200000u

/* Checks the header and the whole structure: 0 or -EINVAL with a report. */
int dtb_check(const struct blob *blob, struct load_error *error);

#endif
