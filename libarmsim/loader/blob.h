/* The bytes of one input, from a file or from memory. */
#ifndef ARMSIM_LOADER_BLOB_H
#define ARMSIM_LOADER_BLOB_H

#include "libarmsim/loader/load_error.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct blob {
    const char *name; /* borrowed: for reports */
    uint8_t *data;
    size_t size;
    bool owned; /* data is malloc'ed and belongs to the blob */
};

/* Where an input comes from: a path, or (path NULL) bytes of the caller, borrowed. */
struct load_source {
    const char *path;
    const void *data;
    size_t size;
    const char *name; /* for reports when there is no path; NULL: "(memory)" */
};

static inline bool load_source_given(const struct load_source *source) { return source->path || source->data; }

/*
 * Gets all bytes of a source; more than `limit` is an error (-EFBIG) that says so. The file is only read.
 * Returns 0 or a negative errno value with *error filled in. blob_free() afterwards in either case is allowed.
 */
int blob_read(struct blob *blob, const struct load_source *source, uint64_t limit, struct load_error *error);
void blob_free(struct blob *blob);

/* CRC-32 and Adler-32 of the bytes: a reset checks that a file is still the one that was started. */
uint64_t blob_fingerprint(const struct blob *blob);

#endif
