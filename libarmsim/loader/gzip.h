/* gzip (RFC 1952) by zlib. */
#ifndef ARMSIM_LOADER_GZIP_H
#define ARMSIM_LOADER_GZIP_H

#include "libarmsim/loader/blob.h"

bool gzip_is(const uint8_t *data, size_t size);

/*
 * Inflates all members of a gzip file into *out (owned, named like the input). At most `limit` bytes come out:
 * a file that holds more is an error and takes no more memory than that. `field` names what is compressed in
 * reports ("gzip", "payload"). Zero padding may follow the last member; anything else is an error.
 */
int gzip_inflate(struct blob *out, const char *name, const char *field, const uint8_t *data, size_t size,
                 uint64_t limit, struct load_error *error);

#endif
