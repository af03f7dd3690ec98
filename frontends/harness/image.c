/* ELF files: segments and symbols of a 64-bit little-endian A64 program. */
#include "frontends/harness/harness.h"

#include <elf.h>
#include <stdlib.h>
#include <string.h>

static bool range_ok(const struct image *image, uint64_t offset, uint64_t size)
{
    return offset <= image->size && size <= image->size - offset;
}

static int by_address(const void *a, const void *b)
{
    const struct symbol *x = a, *y = b;
    return x->value != y->value ? (x->value > y->value) - (x->value < y->value) : strcmp(x->name, y->name);
}

/* Mapping symbols ($x, $d) and local labels of the assembler say nothing. */
static bool is_named(const Elf64_Sym *symbol, const char *name)
{
    unsigned type = ELF64_ST_TYPE(symbol->st_info);
    return *name && *name != '$' && *name != '.' && type != STT_SECTION && type != STT_FILE &&
           symbol->st_shndx != SHN_UNDEF;
}

static void read_symbols(struct image *image, struct arena *arena, const Elf64_Shdr *table, const Elf64_Shdr *strings)
{
    size_t count = table->sh_size / sizeof(Elf64_Sym);
    if (!range_ok(image, table->sh_offset, table->sh_size) || !range_ok(image, strings->sh_offset, strings->sh_size))
        return;
    image->symbols = arena_alloc(arena, (count + 1) * sizeof(struct symbol));
    for (size_t i = 0; i < count; i++) {
        Elf64_Sym symbol;
        memcpy(&symbol, image->data + table->sh_offset + i * sizeof(symbol), sizeof(symbol));
        if (symbol.st_name >= strings->sh_size)
            continue;
        const char *name = image->data + strings->sh_offset + symbol.st_name;
        if (memchr(name, 0, strings->sh_size - symbol.st_name) && is_named(&symbol, name))
            image->symbols[image->symbol_count++] = (struct symbol){name, symbol.st_value};
    }
    qsort(image->symbols, image->symbol_count, sizeof(struct symbol), by_address);
}

static bool read_sections(struct image *image, struct arena *arena, const Elf64_Ehdr *header)
{
    if (header->e_shentsize != sizeof(Elf64_Shdr) ||
        !range_ok(image, header->e_shoff, (uint64_t)header->e_shnum * sizeof(Elf64_Shdr)))
        return header->e_shnum == 0;
    for (unsigned i = 0; i < header->e_shnum; i++) {
        Elf64_Shdr section, strings;
        memcpy(&section, image->data + header->e_shoff + i * sizeof(section), sizeof(section));
        if (section.sh_type != SHT_SYMTAB || section.sh_link >= header->e_shnum)
            continue;
        memcpy(&strings, image->data + header->e_shoff + section.sh_link * sizeof(strings), sizeof(strings));
        read_symbols(image, arena, &section, &strings);
        break;
    }
    return true;
}

bool image_parse(struct image *image, struct arena *arena, char **error)
{
    Elf64_Ehdr header;
    if (image->size < sizeof(header) || memcmp(image->data, ELFMAG, SELFMAG) != 0) {
        *error = arena_format(arena, "not an ELF file");
        return false;
    }
    memcpy(&header, image->data, sizeof(header));
    if (header.e_ident[EI_CLASS] != ELFCLASS64 || header.e_machine != EM_AARCH64 ||
        header.e_phentsize != sizeof(Elf64_Phdr) ||
        !range_ok(image, header.e_phoff, (uint64_t)header.e_phnum * sizeof(Elf64_Phdr))) {
        *error = arena_format(arena, "expected a 64-bit AArch64 ELF program");
        return false;
    }
    image->entry = header.e_entry;
    image->segments = arena_alloc(arena, (header.e_phnum + 1u) * sizeof(struct segment));
    for (unsigned i = 0; i < header.e_phnum; i++) {
        Elf64_Phdr segment;
        memcpy(&segment, image->data + header.e_phoff + i * sizeof(segment), sizeof(segment));
        if (segment.p_type != PT_LOAD || segment.p_memsz == 0)
            continue;
        if (!range_ok(image, segment.p_offset, segment.p_filesz) || segment.p_memsz < segment.p_filesz ||
            segment.p_memsz > UINT64_C(1) << 32) {
            *error = arena_format(arena, "segment %u lies outside the file", i);
            return false;
        }
        image->segments[image->segment_count++] = (struct segment){
            .address = segment.p_paddr,
            .data = (const uint8_t *)image->data + segment.p_offset,
            .size = segment.p_filesz,
            .memory_size = segment.p_memsz,
        };
    }
    if (!read_sections(image, arena, &header)) {
        *error = arena_format(arena, "the section headers lie outside the file");
        return false;
    }
    return true;
}

const struct symbol *image_symbol(const struct image *image, const char *name)
{
    for (size_t i = 0; i < image->symbol_count; i++)
        if (strcmp(image->symbols[i].name, name) == 0)
            return &image->symbols[i];
    return NULL;
}

void image_locate(const struct image *image, uint64_t address, char *text, size_t size)
{
    const struct symbol *best = NULL;
    for (size_t i = 0; i < image->symbol_count && image->symbols[i].value <= address; i++)
        if (!best || image->symbols[i].value > best->value)
            best = &image->symbols[i];
    *text = '\0';
    if (!best || address - best->value > 0xffff)
        return;
    if (address == best->value)
        snprintf(text, size, "%s", best->name);
    else
        snprintf(text, size, "%s+0x%llx", best->name, (unsigned long long)(address - best->value));
}
