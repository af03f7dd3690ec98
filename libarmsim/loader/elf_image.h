/* ELF64 files for AArch64, by libelf: what has to go where, and where to start. */
#ifndef ARMSIM_LOADER_ELF_IMAGE_H
#define ARMSIM_LOADER_ELF_IMAGE_H

#include "libarmsim/loader/blob.h"

struct elf_segment { /* one PT_LOAD of non-zero memory size */
    uint64_t address; /* p_paddr */
    uint64_t offset, file_size, memory_size;
    size_t index; /* in the program header table, for reports */
};

struct elf_image {
    uint64_t entry; /* physical: e_entry moved as the segment that holds it */
    size_t count;
    struct elf_segment *segments;
};

/* Reads and checks the headers. Returns 0 or a negative errno value; elf_image_free() frees the segments. */
int elf_image_parse(const struct blob *blob, struct elf_image *image, struct load_error *error);
void elf_image_free(struct elf_image *image);

#endif
