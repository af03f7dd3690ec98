#include "libarmsim/loader/gzip.h"

#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <zlib.h>

enum { MINIMUM_CAPACITY = 64 * 1024, MAXIMUM_CHUNK = 1 << 30 };

bool gzip_is(const uint8_t *data, size_t size)
{
    return size >= 2 && data[0] == 0x1f && data[1] == 0x8b;
}

struct inflater {
    z_stream stream;
    const char *name, *field;
    const uint8_t *data;
    size_t size, position; /* input */
    uint64_t limit;
    size_t capacity;
    struct blob *out;
    struct load_error *error;
};

static int grow(struct inflater *inflater)
{
    struct blob *out = inflater->out;
    if (out->size < inflater->capacity)
        return 0;
    if (inflater->capacity > inflater->limit)
        return load_fail(inflater->error, -EFBIG, inflater->name, inflater->field,
                         "expected at most %" PRIu64 " bytes when decompressed", inflater->limit);
    size_t capacity = inflater->capacity ? inflater->capacity * 2 : inflater->size * 4;
    if (capacity < MINIMUM_CAPACITY)
        capacity = MINIMUM_CAPACITY;
    if (capacity > inflater->limit)
        capacity = (size_t)inflater->limit + 1; /* one more shows that there is too much */
    uint8_t *data = realloc(out->data, capacity);
    if (!data)
        return load_fail_errno(inflater->error, -ENOMEM, inflater->name, inflater->field);
    out->data = data;
    inflater->capacity = capacity;
    return 0;
}

static int report(struct inflater *inflater, int status)
{
    const char *what = inflater->stream.msg ? inflater->stream.msg : "damaged stream";
    if (status == Z_MEM_ERROR)
        return load_fail_errno(inflater->error, -ENOMEM, inflater->name, inflater->field);
    if (status == Z_BUF_ERROR)
        return load_fail(inflater->error, -EINVAL, inflater->name, inflater->field,
                         "expected a complete gzip stream, it is cut off after %zu bytes", inflater->size);
    return load_fail(inflater->error, -EINVAL, inflater->name, inflater->field,
                     "expected a valid gzip stream, found near byte %zu: %s", inflater->position, what);
}

/* One member: Z_STREAM_END, or the status that ended it, or a negative errno value in *failure. */
static int inflate_member(struct inflater *inflater, int *failure)
{
    z_stream *stream = &inflater->stream;
    int status;
    do {
        *failure = grow(inflater);
        if (*failure < 0)
            return Z_OK;
        size_t in = inflater->size - inflater->position, out = inflater->capacity - inflater->out->size;
        stream->next_in = (Bytef *)(uintptr_t)(inflater->data + inflater->position);
        stream->avail_in = (uInt)(in < MAXIMUM_CHUNK ? in : MAXIMUM_CHUNK);
        stream->next_out = inflater->out->data + inflater->out->size;
        stream->avail_out = (uInt)(out < MAXIMUM_CHUNK ? out : MAXIMUM_CHUNK);
        uInt given_in = stream->avail_in, given_out = stream->avail_out;
        status = inflate(stream, Z_NO_FLUSH);
        inflater->position += given_in - stream->avail_in;
        inflater->out->size += given_out - stream->avail_out;
        if (status == Z_BUF_ERROR && stream->avail_out == 0)
            status = Z_OK; /* the output is full, not the input empty */
        else if (status == Z_OK && inflater->position == inflater->size && stream->avail_out != 0)
            status = Z_BUF_ERROR;
    } while (status == Z_OK);
    return status;
}

static int inflate_all(struct inflater *inflater)
{
    int failure = 0;
    do {
        int status = inflate_member(inflater, &failure);
        if (failure < 0)
            return failure;
        if (status != Z_STREAM_END)
            return report(inflater, status);
        inflateReset(&inflater->stream);
    } while (gzip_is(inflater->data + inflater->position, inflater->size - inflater->position));
    for (size_t i = inflater->position; i < inflater->size; i++)
        if (inflater->data[i] != 0)
            return load_fail(inflater->error, -EINVAL, inflater->name, inflater->field,
                             "expected the end of the gzip stream at byte %zu, found more data", i);
    if (inflater->out->size > inflater->limit)
        return load_fail(inflater->error, -EFBIG, inflater->name, inflater->field,
                         "expected at most %" PRIu64 " bytes when decompressed", inflater->limit);
    return 0;
}

int gzip_inflate(struct blob *out, const char *name, const char *field, const uint8_t *data, size_t size,
                 uint64_t limit, struct load_error *error)
{
    *out = (struct blob){.name = name, .owned = true};
    if (limit >= SIZE_MAX / 2)
        limit = SIZE_MAX / 2;
    struct inflater inflater = {
        .name = name, .field = field, .data = data, .size = size, .limit = limit, .out = out, .error = error};
    if (!gzip_is(data, size))
        return load_fail(error, -EINVAL, name, field, "expected the gzip magic 1f 8b");
    if (inflateInit2(&inflater.stream, 15 + 16) != Z_OK) /* 15: largest window; + 16: a gzip header, not zlib's */
        return load_fail_errno(error, -ENOMEM, name, field);
    int result = inflate_all(&inflater);
    inflateEnd(&inflater.stream);
    if (result < 0)
        blob_free(out);
    return result;
}
