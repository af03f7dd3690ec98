/* What a disk's data is kept in. */
#ifndef ARMSIM_DEVICES_BLOCK_BACKEND_H
#define ARMSIM_DEVICES_BLOCK_BACKEND_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/*
 * Functions return 0 or a negative number: an I/O error. Offsets and sizes are inside `size` (bytes, a multiple of 512;
 * what lies beyond the last multiple is never touched).
 */
struct block_backend {
    int (*read)(void *opaque, uint64_t offset, void *data, size_t size);
    int (*write)(void *opaque, uint64_t offset, const void *data, size_t size); /* NULL only if read_only */
    int (*flush)(void *opaque);                                                 /* NULL: nothing to flush */
    int (*discard)(void *opaque, uint64_t offset, uint64_t size);               /* NULL: discarding does nothing */
    uint64_t size;
    bool read_only;
    void *opaque;
};

#endif
