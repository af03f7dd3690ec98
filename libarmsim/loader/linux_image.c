#include "libarmsim/loader/linux_image.h"

#include "libarmsim/loader/gzip.h"
#include "libarmsim/fabric/little_endian.h"

#include <errno.h>
#include <inttypes.h>
#include <string.h>

/* struct arm64_image_header. */
enum {
    HEADER_SIZE = 64,
    TEXT_OFFSET = 8,
    IMAGE_SIZE = 16,
    FLAGS = 24,
    MAGIC = 56,
    PE_OFFSET = 60, /* when the first two bytes are "MZ" */
};
#define IMAGE_MAGIC 0x644d5241u /* "ARM\x64" */
#define FLAG_BIG_ENDIAN 0x1u
#define FLAG_PAGE_SIZE(flags) ((unsigned)(flags) >> 1 & 3)
#define FLAG_ANYWHERE 0x8u
/* Kernels before 3.17 leave image_size 0 and mean this offset. */
#define OLD_TEXT_OFFSET 0x80000u

/* struct linux_efi_zboot_header. */
enum { ZBOOT_MAGIC = 4, ZBOOT_PAYLOAD_OFFSET = 8, ZBOOT_PAYLOAD_SIZE = 12, ZBOOT_COMPRESSION = 24, ZBOOT_END = 56 };

/* PE/COFF: what is needed to know how long the file must be. */
enum {
    PE_SECTION_COUNT = 6,
    PE_OPTIONAL_SIZE = 20,
    PE_OPTIONAL = 24,
    PE32_PLUS_DIRECTORY_COUNT = 108,
    PE32_PLUS_DIRECTORIES = 112,
    PE_SECURITY_DIRECTORY = 4,
    PE_SECTION_SIZE = 40,
    PE_SECTION_RAW_SIZE = 16,
    PE_SECTION_RAW_OFFSET = 20,
};
#define PE_MAGIC 0x00004550u /* "PE\0\0" */
#define PE32_PLUS 0x20bu

static bool starts_with(const struct blob *blob, size_t offset, const char *magic, size_t length)
{
    return blob->size >= offset + length && memcmp(blob->data + offset, magic, length) == 0;
}

enum kernel_format kernel_format(const struct blob *blob)
{
    if (gzip_is(blob->data, blob->size))
        return KERNEL_GZIP;
    if (starts_with(blob, 0, "\177ELF", 4))
        return KERNEL_ELF;
    if (starts_with(blob, 0, "MZ", 2) && starts_with(blob, ZBOOT_MAGIC, "zimg", 4))
        return KERNEL_ZBOOT;
    if (starts_with(blob, MAGIC, "ARM\x64", 4))
        return KERNEL_IMAGE;
    return KERNEL_UNKNOWN;
}

static int replace(struct blob *blob, const char *field, size_t offset, size_t size, uint64_t limit,
                   struct load_error *error)
{
    struct blob inflated;
    int result = gzip_inflate(&inflated, blob->name, field, blob->data + offset, size, limit, error);
    if (result < 0)
        return result;
    blob_free(blob);
    *blob = inflated;
    return 0;
}

static int unpack_zboot(struct blob *blob, uint64_t limit, struct load_error *error)
{
    if (blob->size < HEADER_SIZE)
        return load_fail(error, -EINVAL, blob->name, "zboot header", "expected %d bytes, the file has %zu",
                         HEADER_SIZE, blob->size);
    uint32_t offset = load_le32(blob->data + ZBOOT_PAYLOAD_OFFSET), size = load_le32(blob->data + ZBOOT_PAYLOAD_SIZE);
    char compression[ZBOOT_END - ZBOOT_COMPRESSION + 1] = {0};
    memcpy(compression, blob->data + ZBOOT_COMPRESSION, ZBOOT_END - ZBOOT_COMPRESSION);
    if (strcmp(compression, "gzip") != 0)
        return load_fail(error, -EINVAL, blob->name, "zboot compression type",
                         "expected \"gzip\", found \"%s\" (unpack the kernel with that tool first)", compression);
    if (offset < HEADER_SIZE || offset > blob->size)
        return load_fail(error, -EINVAL, blob->name, "zboot payload offset",
                         "expected %d to %zu (the file's size), found %" PRIu32, HEADER_SIZE, blob->size, offset);
    if (size > blob->size - offset)
        return load_fail(error, -EINVAL, blob->name, "zboot payload size",
                         "expected at most %zu bytes (to the file's end), found %" PRIu32, blob->size - offset, size);
    return replace(blob, "zboot payload", offset, size, limit, error);
}

int kernel_unpack(struct blob *blob, uint64_t limit, struct load_error *error)
{
    /* A compressed file may hold a zboot kernel, which holds a compressed Image: no deeper nesting is meant. */
    bool was_gzip = false, was_zboot = false;
    for (;;) {
        enum kernel_format format = kernel_format(blob);
        int result;
        if (format == KERNEL_GZIP && !was_gzip && !was_zboot) {
            was_gzip = true;
            result = replace(blob, "gzip", 0, blob->size, limit, error);
        } else if (format == KERNEL_ZBOOT && !was_zboot) {
            was_zboot = true;
            result = unpack_zboot(blob, limit, error);
        } else if (format == KERNEL_GZIP || format == KERNEL_ZBOOT) {
            return load_fail(error, -EINVAL, blob->name, "decompressed contents",
                             "expected an Image or an ELF file, found another compressed kernel");
        } else {
            return 0;
        }
        if (result < 0)
            return result;
    }
}

/*
 * A kernel with the EFI stub is also a PE file, whose sections tell how long it has to be, and which may end with
 * a signature that is not loaded.
 */
static int check_pe(const struct blob *blob, struct linux_image *image, struct load_error *error)
{
    uint64_t pe = load_le32(blob->data + PE_OFFSET);
    if (pe + PE_OPTIONAL > blob->size || load_le32(blob->data + pe) != PE_MAGIC)
        return load_fail(error, -EINVAL, blob->name, "PE header", "expected \"PE\" at byte 0x%" PRIx64, pe);
    unsigned sections = load_le16(blob->data + pe + PE_SECTION_COUNT);
    unsigned optional_size = load_le16(blob->data + pe + PE_OPTIONAL_SIZE);
    uint64_t optional = pe + PE_OPTIONAL, table = optional + optional_size;
    if (table + (uint64_t)sections * PE_SECTION_SIZE > blob->size)
        return load_fail(error, -EINVAL, blob->name, "PE section table",
                         "expected %u sections at byte 0x%" PRIx64 ", the file has only %zu bytes", sections, table,
                         blob->size);
    for (unsigned i = 0; i < sections; i++) {
        const uint8_t *section = blob->data + table + (uint64_t)i * PE_SECTION_SIZE;
        uint64_t end =
            (uint64_t)load_le32(section + PE_SECTION_RAW_OFFSET) + load_le32(section + PE_SECTION_RAW_SIZE);
        if (end > blob->size)
            return load_fail(error, -EINVAL, blob->name, "PE section",
                             "expected %" PRIu64 " bytes of file for section %u, the file is cut off at %zu", end, i,
                             blob->size);
    }
    uint64_t entry = PE32_PLUS_DIRECTORIES + 8 * PE_SECURITY_DIRECTORY;
    if (optional_size >= entry + 8 && load_le16(blob->data + optional) == PE32_PLUS &&
        load_le32(blob->data + optional + PE32_PLUS_DIRECTORY_COUNT) > PE_SECURITY_DIRECTORY) {
        uint32_t signature = load_le32(blob->data + optional + entry);
        if (signature >= table && signature < image->file_size)
            image->file_size = signature;
    }
    return 0;
}

int linux_image_parse(const struct blob *blob, struct linux_image *image, struct load_error *error)
{
    static const unsigned page_sizes[] = {0, 4096, 16384, 65536};
    if (blob->size < HEADER_SIZE)
        return load_fail(error, -EINVAL, blob->name, "Image header", "expected %d bytes, the file has %zu",
                         HEADER_SIZE, blob->size);
    if (load_le32(blob->data + MAGIC) != IMAGE_MAGIC)
        return load_fail(error, -EINVAL, blob->name, "magic",
                         "expected 0x%08x at byte 56 of an arm64 Image, found 0x%08" PRIx32, IMAGE_MAGIC,
                         load_le32(blob->data + MAGIC));
    uint64_t flags = load_le64(blob->data + FLAGS);
    *image = (struct linux_image){.text_offset = load_le64(blob->data + TEXT_OFFSET),
                                  .image_size = load_le64(blob->data + IMAGE_SIZE),
                                  .file_size = blob->size,
                                  .big_endian = flags & FLAG_BIG_ENDIAN,
                                  .page_size = page_sizes[FLAG_PAGE_SIZE(flags)],
                                  .anywhere = flags & FLAG_ANYWHERE};
    if (starts_with(blob, 0, "MZ", 2)) {
        int result = check_pe(blob, image, error);
        if (result < 0)
            return result;
    }
    if (image->image_size == 0) {
        image->text_offset = OLD_TEXT_OFFSET;
        image->image_size = image->file_size;
    }
    if (image->image_size < image->file_size)
        return load_fail(error, -EINVAL, blob->name, "image_size",
                         "expected at least the file's %" PRIu64 " bytes, found %" PRIu64, image->file_size,
                         image->image_size);
    return 0;
}
