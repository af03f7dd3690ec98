/*
 * Semihosting for AArch64 (Arm's "Semihosting for AArch32 and AArch64" 2.0): HLT #0xF000 with the operation in W0 and
 * its parameter in X1; the result goes to X0.
 *
 * Files are opened below one directory that the user names, and only there: no absolute path, no "..", no symbolic
 * link, nothing but regular files. Without a directory only the console and the exit calls work. Time is virtual
 * time. SYS_SYSTEM is refused.
 */
#ifndef ARMSIM_FIRMWARE_SEMIHOSTING_H
#define ARMSIM_FIRMWARE_SEMIHOSTING_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct semihosting_ops {
    /* The caller's memory, by virtual address as the calling PE sees it; false: some byte doesn't translate. */
    bool (*read_memory)(void *opaque, uint64_t address, void *data, size_t size);
    bool (*write_memory)(void *opaque, uint64_t address, const void *data, size_t size);
    void (*console_write)(void *opaque, const uint8_t *data, size_t size);
    size_t (*console_read)(void *opaque, uint8_t *data, size_t size); /* 0: end of input */
    uint64_t (*time_ns)(void *opaque);  /* virtual time */
    int64_t (*unix_time)(void *opaque); /* virtual date: seconds since 1970 */
    /* Heap base and limit, stack base and limit for SYS_HEAPINFO; 0 where there is none. */
    void (*heap)(void *opaque, uint64_t info[4]);
    void (*exit)(void *opaque, uint32_t code);
};

struct semihosting;

/*
 * `directory` NULL: no files. `command_line` NULL: empty; both are copied or opened here. *error (a negative errno
 * value) says why NULL is returned: out of memory, or the directory can't be opened.
 */
struct semihosting *semihosting_create(const struct semihosting_ops *ops, void *opaque, const char *directory,
                                       const char *command_line, int *error);
void semihosting_destroy(struct semihosting *semihosting);
void semihosting_reset(struct semihosting *semihosting); /* closes the guest's files */

/*
 * One call. *no_return: the guest has exited. False: the operation isn't one of the specification's (the result is
 * -1 all the same), so that the caller can log it.
 */
bool semihosting_call(struct semihosting *semihosting, uint32_t operation, uint64_t parameter, uint64_t *result,
                      bool *no_return);

/* Open files with their positions, the last error: what the guest can observe. */
uint64_t semihosting_hash(struct semihosting *semihosting, uint64_t hash);
struct state_writer;
struct state_reader;
void semihosting_save(struct semihosting *semihosting, struct state_writer *writer);
/* Opens the files again. False, with nothing changed: not what semihosting_save() writes, or one can't be opened. */
bool semihosting_load(struct semihosting *semihosting, struct state_reader *reader);

#endif
