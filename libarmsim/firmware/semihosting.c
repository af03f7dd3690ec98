#include "libarmsim/firmware/semihosting.h"

#include "libarmsim/fabric/little_endian.h"
#include "libarmsim/fabric/state.h"
#include "libarmsim/firmware/semihosting_files.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum semihosting_operation {
    SYS_OPEN = 0x01,
    SYS_CLOSE = 0x02,
    SYS_WRITEC = 0x03,
    SYS_WRITE0 = 0x04,
    SYS_WRITE = 0x05,
    SYS_READ = 0x06,
    SYS_READC = 0x07,
    SYS_ISERROR = 0x08,
    SYS_ISTTY = 0x09,
    SYS_SEEK = 0x0a,
    SYS_FLEN = 0x0c,
    SYS_TMPNAM = 0x0d,
    SYS_REMOVE = 0x0e,
    SYS_RENAME = 0x0f,
    SYS_CLOCK = 0x10,
    SYS_TIME = 0x11,
    SYS_SYSTEM = 0x12,
    SYS_ERRNO = 0x13,
    SYS_GET_CMDLINE = 0x15,
    SYS_HEAPINFO = 0x16,
    SYS_EXIT = 0x18,
    SYS_EXIT_EXTENDED = 0x20,
    SYS_ELAPSED = 0x30,
    SYS_TICKFREQ = 0x31,
};

enum {
    CHUNK = 4096,                   /* bytes moved at a time, and the smallest page */
    MAX_TRANSFER = 16 * 1024 * 1024, /* of one call: both calls may move less than asked */
    MAX_STRING = 1024 * 1024,       /* of SYS_WRITE0: a string without an end ends here */
    NS_PER_CENTISECOND = 10000000,
    TICKS_PER_SECOND = 1000000000,  /* a tick is a nanosecond of virtual time */
};

#define ADP_STOPPED_APPLICATION_EXIT 0x20026u

struct semihosting {
    const struct semihosting_ops *ops;
    void *opaque;
    char *command_line;
    struct semihosting_files files;
    int last_error; /* SYS_ERRNO: errno numbers, as common C libraries for bare metal have them */
};

typedef int64_t operation_fn(struct semihosting *semihosting, uint64_t parameter, bool *no_return);

struct semihosting *semihosting_create(const struct semihosting_ops *ops, void *opaque, const char *directory,
                                       const char *command_line, int *error)
{
    struct semihosting *semihosting = calloc(1, sizeof(*semihosting));
    if (!semihosting) {
        *error = -ENOMEM;
        return NULL;
    }
    semihosting->ops = ops;
    semihosting->opaque = opaque;
    *error = files_init(&semihosting->files, directory);
    if (*error == 0) {
        semihosting->command_line = strdup(command_line ? command_line : "");
        if (semihosting->command_line)
            return semihosting;
        *error = -ENOMEM;
    }
    semihosting_destroy(semihosting);
    return NULL;
}

void semihosting_destroy(struct semihosting *semihosting)
{
    if (!semihosting)
        return;
    files_destroy(&semihosting->files);
    free(semihosting->command_line);
    free(semihosting);
}

void semihosting_reset(struct semihosting *semihosting)
{
    files_close_all(&semihosting->files);
    semihosting->last_error = 0;
}

/* The parameter block: `count` fields of 64 bits. */
static bool read_block(struct semihosting *semihosting, uint64_t address, uint64_t *fields, unsigned count)
{
    uint8_t bytes[4 * 8];
    if (!semihosting->ops->read_memory(semihosting->opaque, address, bytes, count * 8))
        return false;
    for (unsigned i = 0; i < count; i++)
        fields[i] = load_le64(bytes + 8 * i);
    return true;
}

static bool write_block(struct semihosting *semihosting, uint64_t address, const uint64_t *fields, unsigned count)
{
    uint8_t bytes[4 * 8];
    for (unsigned i = 0; i < count; i++)
        store_le64(bytes + 8 * i, fields[i]);
    return semihosting->ops->write_memory(semihosting->opaque, address, bytes, count * 8);
}

/* The guest sees -1, and the number by SYS_ERRNO. */
static int64_t fail(struct semihosting *semihosting, int64_t error)
{
    semihosting->last_error = (int)-error;
    return -1;
}

static int64_t result_of(struct semihosting *semihosting, int64_t result)
{
    return result < 0 ? fail(semihosting, result) : result;
}

static int read_path(struct semihosting *semihosting, uint64_t address, uint64_t length,
                     char path[SEMIHOSTING_MAX_PATH])
{
    if (length >= SEMIHOSTING_MAX_PATH)
        return -ENAMETOOLONG;
    if (!semihosting->ops->read_memory(semihosting->opaque, address, path, (size_t)length))
        return -EFAULT;
    path[length] = '\0';
    return strlen(path) == length ? 0 : -EINVAL;
}

static int64_t sys_open(struct semihosting *semihosting, uint64_t parameter, bool *no_return)
{
    uint64_t block[3];
    char path[SEMIHOSTING_MAX_PATH];
    if (!read_block(semihosting, parameter, block, 3))
        return fail(semihosting, -EFAULT);
    int result = read_path(semihosting, block[0], block[2], path);
    if (result == 0)
        result = block[1] > 11 ? -EINVAL : files_open(&semihosting->files, path, (unsigned)block[1]);
    return result_of(semihosting, result);
}

/* The file whose handle is the block's first field; NULL: last_error is set. */
static struct semihosting_file *file_of(struct semihosting *semihosting, uint64_t parameter, uint64_t *block,
                                        unsigned fields)
{
    if (!read_block(semihosting, parameter, block, fields)) {
        fail(semihosting, -EFAULT);
        return NULL;
    }
    struct semihosting_file *file = files_find(&semihosting->files, block[0]);
    if (!file)
        fail(semihosting, -EBADF);
    return file;
}

static int64_t sys_close(struct semihosting *semihosting, uint64_t parameter, bool *no_return)
{
    uint64_t handle;
    if (!read_block(semihosting, parameter, &handle, 1))
        return fail(semihosting, -EFAULT);
    return result_of(semihosting, files_close(&semihosting->files, handle));
}

static int64_t sys_writec(struct semihosting *semihosting, uint64_t parameter, bool *no_return)
{
    uint8_t byte;
    if (semihosting->ops->read_memory(semihosting->opaque, parameter, &byte, 1))
        semihosting->ops->console_write(semihosting->opaque, &byte, 1);
    return 0;
}

static int64_t sys_write0(struct semihosting *semihosting, uint64_t parameter, bool *no_return)
{
    uint8_t bytes[CHUNK];
    for (size_t total = 0; total < MAX_STRING;) {
        /* Never read past the page that holds the end of the string. */
        size_t part = CHUNK - (size_t)(parameter % CHUNK);
        if (!semihosting->ops->read_memory(semihosting->opaque, parameter, bytes, part))
            break;
        size_t length = strnlen((const char *)bytes, part);
        if (length > 0)
            semihosting->ops->console_write(semihosting->opaque, bytes, length);
        if (length < part)
            break;
        parameter += part;
        total += part;
    }
    return 0;
}

static int64_t put_bytes(struct semihosting *semihosting, struct semihosting_file *file, const uint8_t *bytes,
                         size_t size)
{
    if (file->kind == FILE_CONSOLE_IN)
        return -EBADF;
    if (file->kind != FILE_CONSOLE_OUT)
        return file_write(file, bytes, size);
    semihosting->ops->console_write(semihosting->opaque, bytes, size);
    return (int64_t)size;
}

static int64_t get_bytes(struct semihosting *semihosting, struct semihosting_file *file, uint8_t *bytes, size_t size)
{
    if (file->kind == FILE_CONSOLE_OUT)
        return -EBADF;
    if (file->kind == FILE_CONSOLE_IN)
        return (int64_t)semihosting->ops->console_read(semihosting->opaque, bytes, size);
    return file_read(file, bytes, size);
}

/* Returns how many bytes were not written. */
static int64_t sys_write(struct semihosting *semihosting, uint64_t parameter, bool *no_return)
{
    uint64_t block[3];
    struct semihosting_file *file = file_of(semihosting, parameter, block, 3);
    if (!file)
        return -1;
    uint8_t bytes[CHUNK];
    uint64_t done = 0, wanted = block[2] < MAX_TRANSFER ? block[2] : MAX_TRANSFER;
    while (done < wanted) {
        size_t part = wanted - done < CHUNK ? (size_t)(wanted - done) : CHUNK;
        int64_t put = -EFAULT;
        if (semihosting->ops->read_memory(semihosting->opaque, block[1] + done, bytes, part))
            put = put_bytes(semihosting, file, bytes, part);
        if (put < 0)
            fail(semihosting, put);
        if (put <= 0)
            break;
        done += (uint64_t)put;
    }
    return (int64_t)(block[2] - done);
}

/* Returns how many bytes of the buffer were not filled; all of them: end of file. */
static int64_t sys_read(struct semihosting *semihosting, uint64_t parameter, bool *no_return)
{
    uint64_t block[3];
    struct semihosting_file *file = file_of(semihosting, parameter, block, 3);
    if (!file)
        return -1;
    uint8_t bytes[CHUNK];
    uint64_t done = 0, wanted = block[2] < MAX_TRANSFER ? block[2] : MAX_TRANSFER;
    while (done < wanted) {
        size_t part = wanted - done < CHUNK ? (size_t)(wanted - done) : CHUNK;
        int64_t got = get_bytes(semihosting, file, bytes, part);
        if (got > 0 && !semihosting->ops->write_memory(semihosting->opaque, block[1] + done, bytes, (size_t)got))
            got = -EFAULT;
        if (got < 0) {
            fail(semihosting, got);
            if (done == 0)
                return -1;
        }
        if (got <= 0)
            break;
        done += (uint64_t)got;
        if ((size_t)got < part || file->kind == FILE_CONSOLE_IN)
            break;
    }
    return (int64_t)(block[2] - done);
}

static int64_t sys_readc(struct semihosting *semihosting, uint64_t parameter, bool *no_return)
{
    uint8_t byte;
    return semihosting->ops->console_read(semihosting->opaque, &byte, 1) == 1 ? byte : -1;
}

static int64_t sys_iserror(struct semihosting *semihosting, uint64_t parameter, bool *no_return)
{
    uint64_t status;
    if (!read_block(semihosting, parameter, &status, 1))
        return fail(semihosting, -EFAULT);
    return (int64_t)status < 0;
}

static int64_t sys_istty(struct semihosting *semihosting, uint64_t parameter, bool *no_return)
{
    uint64_t handle;
    struct semihosting_file *file = file_of(semihosting, parameter, &handle, 1);
    return file ? file->kind == FILE_CONSOLE_IN || file->kind == FILE_CONSOLE_OUT : -1;
}

static int64_t sys_seek(struct semihosting *semihosting, uint64_t parameter, bool *no_return)
{
    uint64_t block[2];
    struct semihosting_file *file = file_of(semihosting, parameter, block, 2);
    if (!file)
        return -1;
    if (file->kind == FILE_CONSOLE_IN || file->kind == FILE_CONSOLE_OUT)
        return fail(semihosting, -ESPIPE);
    if (block[1] > INT64_MAX)
        return fail(semihosting, -EINVAL);
    file->position = block[1];
    return 0;
}

static int64_t sys_flen(struct semihosting *semihosting, uint64_t parameter, bool *no_return)
{
    uint64_t handle;
    struct semihosting_file *file = file_of(semihosting, parameter, &handle, 1);
    return file ? result_of(semihosting, file_length(file)) : -1;
}

static int64_t sys_tmpnam(struct semihosting *semihosting, uint64_t parameter, bool *no_return)
{
    uint64_t block[3];
    char name[32];
    if (!read_block(semihosting, parameter, block, 3))
        return fail(semihosting, -EFAULT);
    if (block[1] > 255)
        return fail(semihosting, -EINVAL);
    size_t size = (size_t)snprintf(name, sizeof(name), "armsim-%03u.tmp", (unsigned)block[1]) + 1;
    if (block[2] < size)
        return fail(semihosting, -ENAMETOOLONG);
    if (!semihosting->ops->write_memory(semihosting->opaque, block[0], name, size))
        return fail(semihosting, -EFAULT);
    return 0;
}

static int64_t sys_remove(struct semihosting *semihosting, uint64_t parameter, bool *no_return)
{
    uint64_t block[2];
    char path[SEMIHOSTING_MAX_PATH];
    if (!read_block(semihosting, parameter, block, 2))
        return fail(semihosting, -EFAULT);
    int result = read_path(semihosting, block[0], block[1], path);
    return result_of(semihosting, result < 0 ? result : files_remove(&semihosting->files, path));
}

static int64_t sys_rename(struct semihosting *semihosting, uint64_t parameter, bool *no_return)
{
    uint64_t block[4];
    char from[SEMIHOSTING_MAX_PATH], to[SEMIHOSTING_MAX_PATH];
    if (!read_block(semihosting, parameter, block, 4))
        return fail(semihosting, -EFAULT);
    int result = read_path(semihosting, block[0], block[1], from);
    if (result == 0)
        result = read_path(semihosting, block[2], block[3], to);
    return result_of(semihosting, result < 0 ? result : files_rename(&semihosting->files, from, to));
}

static int64_t sys_clock(struct semihosting *semihosting, uint64_t parameter, bool *no_return)
{
    return (int64_t)(semihosting->ops->time_ns(semihosting->opaque) / NS_PER_CENTISECOND);
}

static int64_t sys_time(struct semihosting *semihosting, uint64_t parameter, bool *no_return)
{
    return semihosting->ops->unix_time(semihosting->opaque);
}

static int64_t sys_system(struct semihosting *semihosting, uint64_t parameter, bool *no_return)
{
    return fail(semihosting, -EPERM);
}

static int64_t sys_errno(struct semihosting *semihosting, uint64_t parameter, bool *no_return)
{
    return semihosting->last_error;
}

static int64_t sys_get_cmdline(struct semihosting *semihosting, uint64_t parameter, bool *no_return)
{
    uint64_t block[2];
    if (!read_block(semihosting, parameter, block, 2))
        return fail(semihosting, -EFAULT);
    size_t length = strlen(semihosting->command_line);
    if (block[1] < length + 1)
        return fail(semihosting, -E2BIG);
    block[1] = length;
    if (!semihosting->ops->write_memory(semihosting->opaque, block[0], semihosting->command_line, length + 1) ||
        !write_block(semihosting, parameter, block, 2))
        return fail(semihosting, -EFAULT);
    return 0;
}

static int64_t sys_heapinfo(struct semihosting *semihosting, uint64_t parameter, bool *no_return)
{
    uint64_t address, info[4];
    if (!read_block(semihosting, parameter, &address, 1))
        return fail(semihosting, -EFAULT);
    semihosting->ops->heap(semihosting->opaque, info);
    return write_block(semihosting, address, info, 4) ? 0 : fail(semihosting, -EFAULT);
}

/* A64: a block of reason and subcode; the subcode is the exit status when the application itself ended. */
static int64_t sys_exit(struct semihosting *semihosting, uint64_t parameter, bool *no_return)
{
    uint64_t block[2];
    uint32_t code = 1;
    if (read_block(semihosting, parameter, block, 2) && block[0] == ADP_STOPPED_APPLICATION_EXIT)
        code = (uint32_t)block[1];
    semihosting->ops->exit(semihosting->opaque, code);
    *no_return = true;
    return 0;
}

static int64_t sys_elapsed(struct semihosting *semihosting, uint64_t parameter, bool *no_return)
{
    uint64_t ticks = semihosting->ops->time_ns(semihosting->opaque);
    return write_block(semihosting, parameter, &ticks, 1) ? 0 : fail(semihosting, -EFAULT);
}

static int64_t sys_tickfreq(struct semihosting *semihosting, uint64_t parameter, bool *no_return)
{
    return TICKS_PER_SECOND;
}

static operation_fn *const operations[] = {
    [SYS_OPEN] = sys_open,
    [SYS_CLOSE] = sys_close,
    [SYS_WRITEC] = sys_writec,
    [SYS_WRITE0] = sys_write0,
    [SYS_WRITE] = sys_write,
    [SYS_READ] = sys_read,
    [SYS_READC] = sys_readc,
    [SYS_ISERROR] = sys_iserror,
    [SYS_ISTTY] = sys_istty,
    [SYS_SEEK] = sys_seek,
    [SYS_FLEN] = sys_flen,
    [SYS_TMPNAM] = sys_tmpnam,
    [SYS_REMOVE] = sys_remove,
    [SYS_RENAME] = sys_rename,
    [SYS_CLOCK] = sys_clock,
    [SYS_TIME] = sys_time,
    [SYS_SYSTEM] = sys_system,
    [SYS_ERRNO] = sys_errno,
    [SYS_GET_CMDLINE] = sys_get_cmdline,
    [SYS_HEAPINFO] = sys_heapinfo,
    [SYS_EXIT] = sys_exit,
    [SYS_EXIT_EXTENDED] = sys_exit,
    [SYS_ELAPSED] = sys_elapsed,
    [SYS_TICKFREQ] = sys_tickfreq,
};

bool semihosting_call(struct semihosting *semihosting, uint32_t operation, uint64_t parameter, uint64_t *result,
                      bool *no_return)
{
    *no_return = false;
    if (operation >= sizeof(operations) / sizeof(operations[0]) || !operations[operation]) {
        *result = (uint64_t)fail(semihosting, -ENOSYS);
        return false;
    }
    *result = (uint64_t)operations[operation](semihosting, parameter, no_return);
    return true;
}

uint64_t semihosting_hash(struct semihosting *semihosting, uint64_t hash)
{
    for (unsigned i = 0; i < SEMIHOSTING_MAX_FILES; i++) {
        const struct semihosting_file *file = &semihosting->files.files[i];
        if (file->kind == FILE_CLOSED)
            continue;
        uint8_t bytes[10] = {(uint8_t)i, (uint8_t)file->kind};
        store_le64(bytes + 2, file->position);
        hash = state_hash_bytes(hash, bytes, sizeof(bytes));
    }
    uint8_t last_error = (uint8_t)semihosting->last_error;
    return state_hash_bytes(hash, &last_error, 1);
}

void semihosting_save(struct semihosting *semihosting, struct state_writer *writer)
{
    state_put(writer, (uint32_t)semihosting->last_error, 4);
    for (unsigned i = 0; i < SEMIHOSTING_MAX_FILES; i++) {
        const struct semihosting_file *file = &semihosting->files.files[i];
        if (file->kind == FILE_CLOSED)
            continue;
        state_put(writer, i, 1);
        state_put(writer, file->mode, 1);
        state_put(writer, file->position, 8);
        state_put_string(writer, file->path);
    }
    state_put(writer, SEMIHOSTING_MAX_FILES, 1);
}

static bool load_file(struct semihosting_files *files, unsigned index, struct state_reader *reader)
{
    char path[SEMIHOSTING_MAX_PATH];
    unsigned mode = (unsigned)state_take(reader, 1);
    uint64_t position = state_take(reader, 8);
    size_t length = (size_t)state_take_max(reader, 2, SEMIHOSTING_MAX_PATH - 1);
    const uint8_t *bytes = state_take_bytes(reader, length);
    if (!bytes || memchr(bytes, 0, length))
        return false;
    memcpy(path, bytes, length);
    path[length] = '\0';
    return files_reopen(files, index, path, mode, position) == 0;
}

bool semihosting_load(struct semihosting *semihosting, struct state_reader *reader)
{
    struct semihosting_files files = {.directory = semihosting->files.directory};
    int last_error = (int)(int32_t)state_take(reader, 4);
    unsigned index = 0;
    bool good = true;
    while (good && !reader->failed && (index = (unsigned)state_take(reader, 1)) != SEMIHOSTING_MAX_FILES)
        good = index < SEMIHOSTING_MAX_FILES && load_file(&files, index, reader);
    if (!good || reader->failed) {
        files_close_all(&files);
        return false;
    }
    files_close_all(&semihosting->files);
    semihosting->files = files;
    semihosting->last_error = last_error;
    return true;
}
