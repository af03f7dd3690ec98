/* Snapshots in files of the host. */
#include "libarmsim/snapshot/file.h"

#include "libarmsim/snapshot/format.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static int write_file(void *opaque, const void *data, size_t size)
{
    for (const uint8_t *from = data; size > 0;) {
        ssize_t put = write(*(const int *)opaque, from, size);
        if (put < 0 && errno == EINTR)
            continue;
        if (put < 0)
            return -errno;
        from += put;
        size -= (size_t)put;
    }
    return 0;
}

static int read_file(void *opaque, void *data, size_t size, size_t *got)
{
    *got = 0;
    for (uint8_t *to = data; *got < size;) {
        ssize_t part = read(*(const int *)opaque, to + *got, size - *got);
        if (part < 0 && errno == EINTR)
            continue;
        if (part < 0)
            return -errno;
        if (part == 0)
            break;
        *got += (size_t)part;
    }
    return 0;
}

/* Puts the path before the text of an error. */
static int with_path(struct armsim_machine *machine, const char *path, int error)
{
    char text[sizeof(machine->error)];
    memcpy(text, machine->error, sizeof(text));
    return machine_fail(machine, (enum armsim_error)error, "%s: %s", path, text);
}

int snapshot_save_path(struct armsim_machine *machine, const char *path)
{
    static const char suffix[] = ".partial";
    size_t length = strlen(path);
    char *partial = malloc(length + sizeof(suffix));
    if (!partial)
        return out_of_memory(machine);
    memcpy(partial, path, length);
    memcpy(partial + length, suffix, sizeof(suffix));
    struct stat status;
    bool special = stat(path, &status) == 0 && !S_ISREG(status.st_mode); /* a pipe can't be renamed to */
    const char *target = special ? path : partial;
    int fd = open(target, O_WRONLY | O_CREAT | O_TRUNC | O_NOCTTY | O_CLOEXEC, 0666), error;
    if (fd < 0) {
        error = machine_fail_errno(machine, target, "open for writing", errno);
    } else {
        error = snapshot_save(machine, write_file, &fd);
        if (error < 0)
            with_path(machine, path, error);
        if (close(fd) != 0 && error == 0)
            error = machine_fail_errno(machine, target, "write", errno);
        if (error == 0 && !special && rename(partial, path) != 0)
            error = machine_fail_errno(machine, path, "rename", errno);
        if (error < 0 && !special)
            unlink(partial);
    }
    free(partial);
    return error;
}

int snapshot_load_path(struct armsim_machine *machine, const char *path)
{
    int fd = open(path, O_RDONLY | O_NOCTTY | O_CLOEXEC);
    if (fd < 0)
        return machine_fail_errno(machine, path, "open", errno);
    int error = snapshot_load(machine, read_file, &fd);
    close(fd);
    return error < 0 ? with_path(machine, path, error) : 0;
}
