/*
 * The arm64 Linux kernel's file formats: the flat Image (Documentation/arm64/booting.rst of the kernel), the same
 * compressed with gzip, and the self-decompressing EFI application ("zboot") that wraps a compressed Image.
 */
#ifndef ARMSIM_LOADER_LINUX_IMAGE_H
#define ARMSIM_LOADER_LINUX_IMAGE_H

#include "libarmsim/loader/blob.h"

enum kernel_format { KERNEL_UNKNOWN, KERNEL_IMAGE, KERNEL_ELF, KERNEL_GZIP, KERNEL_ZBOOT };

/* By the magic numbers alone. */
enum kernel_format kernel_format(const struct blob *blob);

/*
 * Replaces a gzip or zboot kernel by what it contains, until it is neither; others stay as they are. `limit`
 * bounds the decompressed size. Zboot kernels with another compression than gzip are an error that names it.
 */
int kernel_unpack(struct blob *blob, uint64_t limit, struct load_error *error);

struct linux_image {
    uint64_t text_offset; /* from a 2 MiB boundary */
    uint64_t image_size;  /* bytes of memory the kernel needs from its start, bss included */
    uint64_t file_size;   /* bytes to load: the file without an appended signature */
    bool big_endian;
    unsigned page_size;   /* 4096, 16384, 65536, or 0: not said */
    bool anywhere;        /* may lie anywhere in memory, else as near as possible to its start */
};

/* Reads and checks the header of a flat Image. */
int linux_image_parse(const struct blob *blob, struct linux_image *image, struct load_error *error);

#endif
