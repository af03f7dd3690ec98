/* The files of semihosting: handles, and paths that can't leave the user's directory. */
#ifndef ARMSIM_FIRMWARE_SEMIHOSTING_FILES_H
#define ARMSIM_FIRMWARE_SEMIHOSTING_FILES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum semihosting_file_kind { FILE_CLOSED, FILE_REGULAR, FILE_CONSOLE_IN, FILE_CONSOLE_OUT, FILE_FEATURES };

enum { SEMIHOSTING_MAX_FILES = 64, SEMIHOSTING_MAX_PATH = 1024 };

struct semihosting_file {
    enum semihosting_file_kind kind;
    int fd;            /* FILE_REGULAR */
    uint64_t position; /* FILE_REGULAR, FILE_FEATURES */
    bool append;
    uint8_t mode; /* as opened, with */
    char *path;   /* this path */
};

struct semihosting_files {
    int directory; /* descriptor, or -1: no files */
    struct semihosting_file files[SEMIHOSTING_MAX_FILES];
};

/* Functions return 0 or more, or a negative errno value. Handles are 1 to SEMIHOSTING_MAX_FILES. */
int files_init(struct semihosting_files *files, const char *directory);
void files_close_all(struct semihosting_files *files);
void files_destroy(struct semihosting_files *files);

int files_open(struct semihosting_files *files, const char *path, unsigned mode); /* a handle */
int files_close(struct semihosting_files *files, uint64_t handle);
/* A file as it was when it was saved, in its old slot; nothing is truncated or made. 0 or a negative errno value. */
int files_reopen(struct semihosting_files *files, unsigned slot, const char *path, unsigned mode, uint64_t position);
struct semihosting_file *files_find(struct semihosting_files *files, uint64_t handle); /* NULL: not open */

/* Regular files and the features file; at the position, which moves on. */
int64_t file_read(struct semihosting_file *file, void *data, size_t size);
int64_t file_write(struct semihosting_file *file, const void *data, size_t size);
int64_t file_length(const struct semihosting_file *file);

int files_remove(struct semihosting_files *files, const char *path);
int files_rename(struct semihosting_files *files, const char *from, const char *to);

#endif
