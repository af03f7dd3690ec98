/* A snapshot in memory: put_bytes() and get_bytes() are what armsim_snapshot_save_to() and _load_from() call. */
#ifndef ARMSIM_TESTS_SAVED_BYTES_H
#define ARMSIM_TESTS_SAVED_BYTES_H

#include <errno.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

struct bytes {
    uint8_t *data; /* the user frees it */
    size_t size, capacity, at;
};

static inline int put_bytes(void *opaque, const void *data, size_t size)
{
    struct bytes *bytes = opaque;
    if (!size)
        return 0;
    if (size > bytes->capacity - bytes->size) {
        size_t capacity = 2 * (bytes->size + size);
        uint8_t *grown = realloc(bytes->data, capacity);
        if (!grown)
            return -ENOMEM;
        bytes->data = grown;
        bytes->capacity = capacity;
    }
    memcpy(bytes->data + bytes->size, data, size);
    bytes->size += size;
    return 0;
}

static inline int get_bytes(void *opaque, void *data, size_t size, size_t *got)
{
    struct bytes *bytes = opaque;
    *got = bytes->size - bytes->at < size ? bytes->size - bytes->at : size;
    if (*got)
        memcpy(data, bytes->data + bytes->at, *got);
    bytes->at += *got;
    return 0;
}

#endif
