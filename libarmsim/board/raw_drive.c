#include "libarmsim/board/raw_drive.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdbool.h>
#include <stdlib.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

enum { SECTOR_SIZE = 512 };

struct raw_drive {
    int fd; /* -1: none */
    struct armsim_block block; /* when there is no file */
};

/* Moves all bytes, or fails: the end of a file that has shrunk in the meantime is an I/O error. */
static int file_read_all(void *opaque, uint64_t offset, void *data, size_t size)
{
    const struct raw_drive *drive = opaque;
    for (uint8_t *to = data; size > 0;) {
        ssize_t got = pread(drive->fd, to, size, (off_t)offset);
        if (got < 0 && errno == EINTR)
            continue;
        if (got <= 0)
            return got < 0 ? -errno : -EIO;
        to += got;
        offset += (uint64_t)got;
        size -= (size_t)got;
    }
    return 0;
}

static int file_write_all(void *opaque, uint64_t offset, const void *data, size_t size)
{
    const struct raw_drive *drive = opaque;
    for (const uint8_t *from = data; size > 0;) {
        ssize_t put = pwrite(drive->fd, from, size, (off_t)offset);
        if (put < 0 && errno == EINTR)
            continue;
        if (put <= 0)
            return put < 0 ? -errno : -EIO;
        from += put;
        offset += (uint64_t)put;
        size -= (size_t)put;
    }
    return 0;
}

static int file_flush(void *opaque)
{
    const struct raw_drive *drive = opaque;
    return fsync(drive->fd) == 0 ? 0 : -errno;
}

static int user_read(void *opaque, uint64_t offset, void *data, size_t size)
{
    const struct armsim_block *block = &((const struct raw_drive *)opaque)->block;
    return block->read(block->opaque, offset, data, size);
}

static int user_write(void *opaque, uint64_t offset, const void *data, size_t size)
{
    const struct armsim_block *block = &((const struct raw_drive *)opaque)->block;
    return block->write(block->opaque, offset, data, size);
}

static int user_flush(void *opaque)
{
    const struct armsim_block *block = &((const struct raw_drive *)opaque)->block;
    return block->flush ? block->flush(block->opaque) : 0;
}

static int check_size(const char *path, uint64_t size, struct load_error *error)
{
    if (size == 0)
        return load_fail(error, -EINVAL, path, "size", "expected at least one sector of %d bytes, the drive is empty",
                         SECTOR_SIZE);
    if (size % SECTOR_SIZE != 0)
        return load_fail(error, -EINVAL, path, "size", "expected a multiple of %d bytes, found %" PRIu64, SECTOR_SIZE,
                         size);
    return 0;
}

static int open_file(struct raw_drive *drive, const struct armsim_drive *options, uint64_t *size,
                     struct load_error *error)
{
    const char *path = options->path;
    /* O_NONBLOCK: a FIFO in place of a file is refused below, not waited for. */
    drive->fd = open(path, (options->read_only ? O_RDONLY : O_RDWR) | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
    if (drive->fd < 0)
        return load_fail_errno(error, -errno, path, options->read_only ? "open" : "open for writing");
    struct stat status;
    if (fstat(drive->fd, &status) != 0)
        return load_fail_errno(error, -errno, path, "status");
    if (!S_ISREG(status.st_mode) && !S_ISBLK(status.st_mode))
        return load_fail(error, -EINVAL, path, "type", "expected a regular file or a block device");
    off_t end = lseek(drive->fd, 0, SEEK_END);
    if (end < 0)
        return load_fail_errno(error, -errno, path, "size");
    *size = (uint64_t)end;
    int result = check_size(path, *size, error);
    if (result < 0)
        return result;
    if (flock(drive->fd, (options->read_only ? LOCK_SH : LOCK_EX) | LOCK_NB) == 0 || errno == ENOLCK ||
        errno == EINVAL)
        return 0; /* a file system without locks can't tell */
    if (errno != EWOULDBLOCK)
        return load_fail_errno(error, -errno, path, "lock");
    return load_fail(error, -EBUSY, path, "lock", "expected a drive that nobody %s, it is in use",
                     options->read_only ? "else writes" : "else uses");
}

int raw_drive_open(void **result, const struct armsim_drive *options, struct block_backend *backend,
                   struct load_error *error)
{
    struct raw_drive *drive = malloc(sizeof(*drive));
    if (!drive)
        return load_fail_errno(error, -ENOMEM, options->path ? options->path : "drive", "open");
    *drive = (struct raw_drive){.fd = -1, .block = options->block};
    *backend = (struct block_backend){.opaque = drive, .read_only = options->read_only, .size = options->block.size};
    int failure = options->path ? open_file(drive, options, &backend->size, error)
                                : check_size("drive", options->block.size, error);
    if (failure < 0) {
        raw_drive_close(drive);
        return failure;
    }
    *result = drive;
    if (options->path) {
        backend->read = file_read_all;
        backend->write = backend->read_only ? NULL : file_write_all;
        backend->flush = backend->read_only ? NULL : file_flush;
    } else {
        backend->read = user_read;
        backend->read_only |= !options->block.write;
        backend->write = backend->read_only ? NULL : user_write;
        backend->flush = backend->read_only ? NULL : user_flush;
    }
    return 0;
}

void raw_drive_close(void *opaque)
{
    struct raw_drive *drive = opaque;
    if (drive->fd >= 0)
        close(drive->fd);
    free(drive);
}
