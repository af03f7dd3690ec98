#include "libarmsim/machine/drive.h"

#include <errno.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

struct drive_base {
    atomic_uint users;
    struct block_backend backend;
    void (*close)(void *opaque);
    struct pages left; /* the owner's changes, when it went before its forks */
};

int drive_open(struct drive *drive, const struct block_backend *backend, void (*close)(void *opaque))
{
    struct drive_base *base = calloc(1, sizeof(*base));
    if (!base) {
        close(backend->opaque);
        return -ENOMEM;
    }
    base->backend = *backend;
    base->close = close;
    atomic_init(&base->users, 1);
    *drive = (struct drive){.base = base, .owner = true};
    return 0;
}

uint64_t drive_pages(const struct drive *drive)
{
    return (drive->base->backend.size + PAGE_BYTES - 1) / PAGE_BYTES;
}

int drive_hold(struct drive *drive)
{
    if (drive->held)
        return 0;
    int error = pages_create(&drive->changes, drive_pages(drive));
    drive->held = error == 0;
    return error;
}

int drive_share(struct drive *drive, struct drive *other)
{
    int error = drive_hold(other);
    struct pages changes;
    if (error < 0 || (error = pages_share(&changes, &other->changes)) < 0)
        return error;
    atomic_fetch_add_explicit(&other->base->users, 1, memory_order_relaxed);
    *drive = (struct drive){.base = other->base, .held = true, .changes = changes};
    return 0;
}

/* Bytes of a page that the drive has. */
static size_t page_size(const struct drive_base *base, uint64_t page)
{
    uint64_t left = base->backend.size - page * PAGE_BYTES;
    return left < PAGE_BYTES ? (size_t)left : PAGE_BYTES;
}

static int commit(const struct drive_base *base, const struct pages *changes)
{
    const struct block_backend *backend = &base->backend;
    for (uint64_t page = 0; page < changes->count; page++) {
        const uint8_t *data = pages_get(changes, page);
        if (!data)
            continue;
        int error = backend->write(backend->opaque, page * PAGE_BYTES, data, page_size(base, page));
        if (error)
            return error;
    }
    return backend->flush ? backend->flush(backend->opaque) : 0;
}

void drive_close(struct drive *drive)
{
    struct drive_base *base = drive->base;
    if (!base)
        return;
    if (drive->held && drive->owner && base->backend.write) {
        base->left = drive->changes;
        drive->changes = (struct pages){0};
    }
    if (drive->held)
        pages_free(&drive->changes);
    if (atomic_fetch_sub_explicit(&base->users, 1, memory_order_acq_rel) == 1) {
        if (base->left.chunk)
            commit(base, &base->left);
        pages_free(&base->left);
        base->close(base->backend.opaque);
        free(base);
    }
    *drive = (struct drive){0};
}

int drive_release(struct drive *drive)
{
    if (!drive->held)
        return 0;
    if (!drive->owner || atomic_load_explicit(&drive->base->users, memory_order_acquire) > 1)
        return -EBUSY;
    int error = drive->base->backend.write ? commit(drive->base, &drive->changes) : 0;
    if (error)
        return error;
    pages_free(&drive->changes);
    drive->held = false;
    return 0;
}

int drive_set_changes(struct drive *drive, const struct pages *changes)
{
    struct pages copy;
    int error = changes->count == drive_pages(drive) ? pages_share(&copy, changes) : -EINVAL;
    if (error < 0)
        return error;
    if (drive->held)
        pages_free(&drive->changes);
    drive->held = true;
    drive->changes = copy;
    return 0;
}

/* --- the device's side --- */

static int read_held(const struct drive *drive, uint64_t offset, uint8_t *to, size_t size)
{
    const struct block_backend *backend = &drive->base->backend;
    while (size) {
        uint64_t page = offset / PAGE_BYTES;
        size_t at = (size_t)(offset % PAGE_BYTES), part = PAGE_BYTES - at < size ? PAGE_BYTES - at : size;
        const uint8_t *changed = pages_get(&drive->changes, page);
        if (changed) {
            memcpy(to, changed + at, part);
        } else {
            /* As many pages at once as are unchanged. */
            while (part < size && !pages_get(&drive->changes, (offset + part) / PAGE_BYTES))
                part = size - part < PAGE_BYTES ? size : part + PAGE_BYTES;
            int error = backend->read(backend->opaque, offset, to, part);
            if (error)
                return error;
        }
        offset += part;
        to += part;
        size -= part;
    }
    return 0;
}

static int write_held(struct drive *drive, uint64_t offset, const uint8_t *from, size_t size)
{
    const struct block_backend *backend = &drive->base->backend;
    while (size) {
        uint64_t page = offset / PAGE_BYTES;
        size_t at = (size_t)(offset % PAGE_BYTES), part = PAGE_BYTES - at < size ? PAGE_BYTES - at : size;
        uint8_t whole[PAGE_BYTES] = {0};
        bool is_new = !pages_get(&drive->changes, page);
        int error = 0;
        if (is_new && part < PAGE_BYTES)
            error = backend->read(backend->opaque, page * PAGE_BYTES, whole, page_size(drive->base, page));
        uint8_t *own = error ? NULL : pages_own(&drive->changes, page);
        if (!own)
            return error ? error : -ENOMEM;
        if (is_new)
            memcpy(own, whole, PAGE_BYTES);
        memcpy(own + at, from, part);
        offset += part;
        from += part;
        size -= part;
    }
    return 0;
}

static int drive_read(void *opaque, uint64_t offset, void *data, size_t size)
{
    const struct drive *drive = opaque;
    const struct block_backend *backend = &drive->base->backend;
    return drive->held ? read_held(drive, offset, data, size) : backend->read(backend->opaque, offset, data, size);
}

static int drive_write(void *opaque, uint64_t offset, const void *data, size_t size)
{
    struct drive *drive = opaque;
    const struct block_backend *backend = &drive->base->backend;
    return drive->held ? write_held(drive, offset, data, size) : backend->write(backend->opaque, offset, data, size);
}

static int drive_flush(void *opaque)
{
    const struct drive *drive = opaque;
    const struct block_backend *backend = &drive->base->backend;
    return drive->held || !backend->flush ? 0 : backend->flush(backend->opaque);
}

struct block_backend drive_backend(struct drive *drive)
{
    struct block_backend backend = drive->base->backend;
    backend.opaque = drive;
    backend.read = drive_read;
    backend.write = backend.write ? drive_write : NULL;
    backend.flush = backend.flush ? drive_flush : NULL;
    backend.discard = NULL; /* as all raw drives: discarding does nothing */
    return backend;
}
