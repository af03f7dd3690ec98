#include "libarmsim/loader/blob.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <zlib.h>

enum { FIRST_CAPACITY = 64 * 1024 };

/* What a seekable file says of itself, to allocate once; anything else grows from a small start. */
static size_t expected_size(FILE *file)
{
    if (fseek(file, 0, SEEK_END) != 0)
        return 0;
    long end = ftell(file);
    if (fseek(file, 0, SEEK_SET) != 0 || end <= 0 || end == INT64_MAX)
        return 0;
    return (size_t)end;
}

static int too_big(struct load_error *error, const char *name, uint64_t limit)
{
    return load_fail(error, -EFBIG, name, "size", "expected at most %" PRIu64 " bytes, the file is longer", limit);
}

static int read_stream(struct blob *blob, FILE *file, uint64_t limit, struct load_error *error)
{
    size_t hint = expected_size(file);
    if (hint > limit)
        return too_big(error, blob->name, limit);
    size_t capacity = hint ? hint + 1 : FIRST_CAPACITY; /* one more, to meet the end of file in the first read */
    for (;;) {
        uint8_t *data = realloc(blob->data, capacity);
        if (!data)
            return load_fail_errno(error, -ENOMEM, blob->name, "read");
        blob->data = data;
        errno = 0;
        blob->size += fread(data + blob->size, 1, capacity - blob->size, file);
        if (ferror(file))
            return load_fail_errno(error, errno ? -errno : -EIO, blob->name, "read");
        if (blob->size > limit)
            return too_big(error, blob->name, limit);
        if (blob->size < capacity)
            return 0;
        if (capacity > SIZE_MAX / 2)
            return too_big(error, blob->name, limit);
        capacity *= 2;
    }
}

int blob_read(struct blob *blob, const struct load_source *source, uint64_t limit, struct load_error *error)
{
    *blob = (struct blob){.name = source->path ? source->path : source->name ? source->name : "(memory)"};
    if (!source->path) {
        if (source->size > limit)
            return too_big(error, blob->name, limit);
        blob->data = (uint8_t *)(uintptr_t)source->data; /* not owned: nobody writes through it */
        blob->size = source->size;
        return 0;
    }
    blob->owned = true;
    FILE *file = fopen(source->path, "rb");
    if (!file)
        return load_fail_errno(error, errno ? -errno : -EIO, blob->name, "open");
    int result = read_stream(blob, file, limit, error);
    fclose(file);
    if (result < 0)
        blob_free(blob);
    return result;
}

void blob_free(struct blob *blob)
{
    if (blob->owned)
        free(blob->data);
    blob->data = NULL;
    blob->size = 0;
    blob->owned = false;
}

uint64_t blob_fingerprint(const struct blob *blob)
{
    return (uint64_t)crc32_z(0, blob->data, blob->size) << 32 | adler32_z(1, blob->data, blob->size);
}
