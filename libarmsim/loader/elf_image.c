#include "libarmsim/loader/elf_image.h"

#include <errno.h>
#include <gelf.h>
#include <inttypes.h>
#include <libelf.h>
#include <stdlib.h>

static int bad(const struct blob *blob, struct load_error *error, const char *field, const char *expected,
               uint64_t found)
{
    return load_fail(error, -EINVAL, blob->name, field, "expected %s, found %" PRIu64, expected, found);
}

static int check_header(const struct blob *blob, const GElf_Ehdr *header, struct load_error *error)
{
    if (header->e_ident[EI_CLASS] != ELFCLASS64)
        return bad(blob, error, "e_ident[EI_CLASS]", "2 (ELF64)", header->e_ident[EI_CLASS]);
    if (header->e_ident[EI_DATA] != ELFDATA2LSB)
        return bad(blob, error, "e_ident[EI_DATA]", "1 (little-endian)", header->e_ident[EI_DATA]);
    if (header->e_machine != EM_AARCH64)
        return bad(blob, error, "e_machine", "183 (AArch64)", header->e_machine);
    if (header->e_type != ET_EXEC && header->e_type != ET_DYN)
        return bad(blob, error, "e_type", "2 (executable) or 3 (position independent)", header->e_type);
    if (header->e_phoff >= blob->size)
        return load_fail(error, -EINVAL, blob->name, "e_phoff",
                         "expected program headers inside the file's %zu bytes, found 0x%" PRIx64, blob->size,
                         (uint64_t)header->e_phoff);
    if (header->e_phentsize != sizeof(Elf64_Phdr))
        return bad(blob, error, "e_phentsize", "56", header->e_phentsize);
    size_t room = (blob->size - header->e_phoff) / sizeof(Elf64_Phdr);
    if (header->e_phnum == 0 || (header->e_phnum > room && header->e_phnum != PN_XNUM))
        return load_fail(error, -EINVAL, blob->name, "e_phnum",
                         "expected 1 to %zu (the file's end), found %u", room, header->e_phnum);
    return 0;
}

static int check_segment(const struct blob *blob, size_t index, const GElf_Phdr *header, struct load_error *error)
{
    if (header->p_filesz > header->p_memsz)
        return load_fail(error, -EINVAL, blob->name, "p_filesz",
                         "segment %zu: expected at most p_memsz 0x%" PRIx64 ", found 0x%" PRIx64, index,
                         (uint64_t)header->p_memsz, (uint64_t)header->p_filesz);
    if (header->p_filesz > blob->size || header->p_offset > blob->size - header->p_filesz)
        return load_fail(error, -EINVAL, blob->name, "p_offset",
                         "segment %zu: expected bytes inside the file's %zu, found 0x%" PRIx64 " bytes at 0x%" PRIx64,
                         index, blob->size, (uint64_t)header->p_filesz, (uint64_t)header->p_offset);
    if (header->p_paddr > UINT64_MAX - header->p_memsz)
        return load_fail(error, -EINVAL, blob->name, "p_paddr",
                         "segment %zu: expected an end below 2^64, found 0x%" PRIx64 " + 0x%" PRIx64, index,
                         (uint64_t)header->p_paddr, (uint64_t)header->p_memsz);
    return 0;
}

static int read_segments(const struct blob *blob, Elf *elf, uint64_t entry, struct elf_image *image,
                         struct load_error *error)
{
    size_t count;
    if (elf_getphdrnum(elf, &count) != 0 || count == 0 || count > blob->size / sizeof(Elf64_Phdr))
        return load_fail(error, -EINVAL, blob->name, "e_phnum", "expected at least one program header in the file");
    image->segments = calloc(count, sizeof(*image->segments));
    if (!image->segments)
        return load_fail_errno(error, -ENOMEM, blob->name, "program headers");
    bool entry_found = false;
    for (size_t i = 0; i < count; i++) {
        GElf_Phdr header;
        if (!gelf_getphdr(elf, (int)i, &header))
            return load_fail(error, -EINVAL, blob->name, "program header", "expected entry %zu inside the file", i);
        if (header.p_type != PT_LOAD || header.p_memsz == 0)
            continue;
        int result = check_segment(blob, i, &header, error);
        if (result < 0)
            return result;
        image->segments[image->count++] = (struct elf_segment){.address = header.p_paddr,
                                                               .offset = header.p_offset,
                                                               .file_size = header.p_filesz,
                                                               .memory_size = header.p_memsz,
                                                               .index = i};
        if (!entry_found && entry - header.p_vaddr < header.p_memsz && entry >= header.p_vaddr) {
            image->entry = entry - header.p_vaddr + header.p_paddr;
            entry_found = true;
        }
    }
    if (image->count == 0)
        return load_fail(error, -EINVAL, blob->name, "program headers", "expected at least one PT_LOAD segment");
    if (!entry_found)
        return load_fail(error, -EINVAL, blob->name, "e_entry",
                         "expected an address inside a PT_LOAD segment, found 0x%" PRIx64, entry);
    if (image->entry % 4 != 0)
        return load_fail(error, -EINVAL, blob->name, "e_entry", "expected a multiple of 4, found 0x%" PRIx64, entry);
    return 0;
}

int elf_image_parse(const struct blob *blob, struct elf_image *image, struct load_error *error)
{
    *image = (struct elf_image){0};
    if (blob->size < sizeof(Elf64_Ehdr))
        return load_fail(error, -EINVAL, blob->name, "ELF header", "expected %zu bytes, the file has %zu",
                         sizeof(Elf64_Ehdr), blob->size);
    if (elf_version(EV_CURRENT) == EV_NONE)
        return load_fail(error, -EINVAL, blob->name, "ELF", "libelf doesn't know the current ELF version");
    /* libelf reads only: the file was opened for nothing else. */
    Elf *elf = elf_memory((char *)blob->data, blob->size);
    GElf_Ehdr header = {0};
    int result;
    if (!elf || elf_kind(elf) != ELF_K_ELF || !gelf_getehdr(elf, &header))
        result = load_fail(error, -EINVAL, blob->name, "ELF header", "expected a valid ELF64 header");
    else
        result = check_header(blob, &header, error);
    if (result == 0)
        result = read_segments(blob, elf, header.e_entry, image, error);
    if (elf)
        elf_end(elf);
    if (result < 0)
        elf_image_free(image);
    return result;
}

void elf_image_free(struct elf_image *image)
{
    free(image->segments);
    *image = (struct elf_image){0};
}
