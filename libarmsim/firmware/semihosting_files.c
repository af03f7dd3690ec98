#include "libarmsim/firmware/semihosting_files.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* ":semihosting-features": magic, then bit 0 SH_EXT_EXIT_EXTENDED, bit 1 SH_EXT_STDOUT_STDERR. */
static const uint8_t features_contents[] = {'S', 'H', 'F', 'B', 0x03};

/* The modes of SYS_OPEN are ISO C's fopen modes; the binary ones are the odd numbers. */
static const struct open_mode {
    int flags;
    bool truncate, append;
} open_modes[] = {
    {O_RDONLY, false, false},         /* r */
    {O_RDWR, false, false},           /* r+ */
    {O_WRONLY | O_CREAT, true, false}, /* w */
    {O_RDWR | O_CREAT, true, false},  /* w+ */
    {O_WRONLY | O_CREAT, false, true}, /* a */
    {O_RDWR | O_CREAT, false, true},  /* a+ */
};

int files_init(struct semihosting_files *files, const char *directory)
{
    memset(files, 0, sizeof(*files));
    files->directory = -1;
    if (!directory)
        return 0;
    files->directory = open(directory, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    return files->directory < 0 ? -errno : 0;
}

static void close_file(struct semihosting_file *file)
{
    if (file->kind == FILE_REGULAR)
        close(file->fd);
    free(file->path);
    *file = (struct semihosting_file){.kind = FILE_CLOSED};
}

void files_close_all(struct semihosting_files *files)
{
    for (unsigned i = 0; i < SEMIHOSTING_MAX_FILES; i++)
        close_file(&files->files[i]);
}

void files_destroy(struct semihosting_files *files)
{
    files_close_all(files);
    if (files->directory >= 0)
        close(files->directory);
    files->directory = -1;
}

/*
 * Opens the directory that holds the last component of `path`, one component at a time so that no link is followed,
 * and copies that component to `name`. Returns a descriptor of its own, or a negative errno value.
 */
static int open_parent(const struct semihosting_files *files, const char *path, char name[SEMIHOSTING_MAX_PATH])
{
    if (files->directory < 0 || path[0] == '/')
        return -EACCES;
    int parent = fcntl(files->directory, F_DUPFD_CLOEXEC, 0);
    if (parent < 0)
        return -errno;
    for (;;) {
        path += strspn(path, "/");
        size_t length = strcspn(path, "/");
        if (length == 0 || length >= SEMIHOSTING_MAX_PATH) {
            close(parent);
            return length ? -ENAMETOOLONG : -ENOENT;
        }
        memcpy(name, path, length);
        name[length] = '\0';
        path += length;
        if (strcmp(name, "..") == 0) {
            close(parent);
            return -EACCES;
        }
        if (*path == '\0')
            return parent;
        if (strcmp(name, ".") == 0)
            continue;
        int next = openat(parent, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
        int failure = errno;
        close(parent);
        if (next < 0)
            return -failure;
        parent = next;
    }
}

/* Opening must not block on a FIFO nor change anything that isn't a regular file. */
static int open_regular(const struct semihosting_files *files, const char *path, const struct open_mode *mode)
{
    char name[SEMIHOSTING_MAX_PATH];
    int parent = open_parent(files, path, name);
    if (parent < 0)
        return parent;
    int fd = openat(parent, name, mode->flags | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY | O_CLOEXEC, 0666);
    int failure = errno;
    close(parent);
    if (fd < 0)
        return -failure;
    struct stat status;
    if (fstat(fd, &status) != 0)
        failure = errno;
    else if (!S_ISREG(status.st_mode))
        failure = EACCES;
    else if (mode->truncate && ftruncate(fd, 0) != 0)
        failure = errno;
    else
        return fd;
    close(fd);
    return -failure;
}

static int open_special(struct semihosting_file *file, const char *path, unsigned mode)
{
    if (strcmp(path, ":tt") == 0) {
        file->kind = mode < 4 ? FILE_CONSOLE_IN : FILE_CONSOLE_OUT;
        return 0;
    }
    if (strcmp(path, ":semihosting-features") != 0)
        return -ENOENT;
    if (mode >= 4)
        return -EACCES;
    file->kind = FILE_FEATURES;
    return 0;
}

static int open_at(struct semihosting_files *files, unsigned slot, const char *path, unsigned mode,
                   const struct open_mode *how)
{
    struct semihosting_file file = {.kind = FILE_REGULAR, .fd = -1, .mode = (uint8_t)mode, .append = how->append};
    int result;
    file.path = strdup(path);
    if (!file.path)
        return -ENOMEM;
    if (path[0] == ':')
        result = open_special(&file, path, mode);
    else
        result = file.fd = open_regular(files, path, how);
    if (result < 0) {
        free(file.path);
        return result;
    }
    files->files[slot] = file;
    return (int)slot + 1;
}

int files_open(struct semihosting_files *files, const char *path, unsigned mode)
{
    if (mode / 2 >= sizeof(open_modes) / sizeof(open_modes[0]))
        return -EINVAL;
    unsigned slot = 0;
    while (slot < SEMIHOSTING_MAX_FILES && files->files[slot].kind != FILE_CLOSED)
        slot++;
    if (slot == SEMIHOSTING_MAX_FILES)
        return -EMFILE;
    return open_at(files, slot, path, mode, &open_modes[mode / 2]);
}

int files_reopen(struct semihosting_files *files, unsigned slot, const char *path, unsigned mode, uint64_t position)
{
    if (mode / 2 >= sizeof(open_modes) / sizeof(open_modes[0]) || slot >= SEMIHOSTING_MAX_FILES ||
        files->files[slot].kind != FILE_CLOSED)
        return -EINVAL;
    struct open_mode how = open_modes[mode / 2];
    how.flags &= ~O_CREAT;
    how.truncate = false;
    int result = open_at(files, slot, path, mode, &how);
    if (result > 0)
        files->files[slot].position = position;
    return result < 0 ? result : 0;
}

struct semihosting_file *files_find(struct semihosting_files *files, uint64_t handle)
{
    if (handle == 0 || handle > SEMIHOSTING_MAX_FILES || files->files[handle - 1].kind == FILE_CLOSED)
        return NULL;
    return &files->files[handle - 1];
}

int files_close(struct semihosting_files *files, uint64_t handle)
{
    struct semihosting_file *file = files_find(files, handle);
    if (!file)
        return -EBADF;
    close_file(file);
    return 0;
}

int64_t file_read(struct semihosting_file *file, void *data, size_t size)
{
    if (file->kind == FILE_FEATURES) {
        if (file->position >= sizeof(features_contents))
            return 0;
        size_t left = sizeof(features_contents) - (size_t)file->position;
        size = size < left ? size : left;
        memcpy(data, features_contents + file->position, size);
        file->position += size;
        return (int64_t)size;
    }
    if (file->position > INT64_MAX)
        return -EINVAL;
    ssize_t got = pread(file->fd, data, size, (off_t)file->position);
    if (got < 0)
        return -errno;
    file->position += (uint64_t)got;
    return got;
}

int64_t file_write(struct semihosting_file *file, const void *data, size_t size)
{
    if (file->kind != FILE_REGULAR)
        return -EACCES;
    if (file->append) {
        int64_t length = file_length(file);
        if (length < 0)
            return length;
        file->position = (uint64_t)length;
    }
    if (file->position > INT64_MAX)
        return -EINVAL;
    ssize_t put = pwrite(file->fd, data, size, (off_t)file->position);
    if (put < 0)
        return -errno;
    file->position += (uint64_t)put;
    return put;
}

int64_t file_length(const struct semihosting_file *file)
{
    if (file->kind == FILE_FEATURES)
        return sizeof(features_contents);
    if (file->kind != FILE_REGULAR)
        return -ESPIPE;
    struct stat status;
    return fstat(file->fd, &status) == 0 ? status.st_size : -errno;
}

/* Removing and renaming concern regular files only: the descriptor of the parent, or a negative errno value. */
static int parent_of_regular(const struct semihosting_files *files, const char *path,
                             char name[SEMIHOSTING_MAX_PATH], bool must_exist)
{
    int parent = open_parent(files, path, name);
    if (parent < 0)
        return parent;
    struct stat status;
    int failure = 0;
    if (fstatat(parent, name, &status, AT_SYMLINK_NOFOLLOW) != 0)
        failure = must_exist || errno != ENOENT ? errno : 0;
    else if (!S_ISREG(status.st_mode))
        failure = EACCES;
    if (failure == 0)
        return parent;
    close(parent);
    return -failure;
}

int files_remove(struct semihosting_files *files, const char *path)
{
    char name[SEMIHOSTING_MAX_PATH];
    int parent = parent_of_regular(files, path, name, true);
    if (parent < 0)
        return parent;
    int result = unlinkat(parent, name, 0) == 0 ? 0 : -errno;
    close(parent);
    return result;
}

int files_rename(struct semihosting_files *files, const char *from, const char *to)
{
    char old_name[SEMIHOSTING_MAX_PATH], new_name[SEMIHOSTING_MAX_PATH];
    int old_parent = parent_of_regular(files, from, old_name, true);
    if (old_parent < 0)
        return old_parent;
    int new_parent = parent_of_regular(files, to, new_name, false);
    int result = new_parent;
    if (new_parent >= 0) {
        result = renameat(old_parent, old_name, new_parent, new_name) == 0 ? 0 : -errno;
        close(new_parent);
    }
    close(old_parent);
    return result;
}
