/* The loaders: what they accept, and one line that names file, field and expectation for what they don't. */
#include "libarmsim/fabric/little_endian.h"
#include "libarmsim/loader/dtb.h"
#include "libarmsim/loader/elf_image.h"
#include "libarmsim/loader/gzip.h"
#include "libarmsim/loader/linux_image.h"
#include "libarmsim/loader/load_plan.h"
#include "run_suite.h"

#include <check.h>
#include <elf.h>
#include <errno.h>
#include <libfdt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <zlib.h>

enum { LIMIT = 64 << 20, IMAGE_BYTES = 4096, ELF_BYTES = 1024 };

static struct blob blob_of(const char *name, uint8_t *data, size_t size)
{
    return (struct blob){.name = name, .data = data, .size = size};
}

/* The report is one line that begins with the file and names the field. */
static void expect_report(const struct load_error *error, const char *file, const char *field)
{
    char start[256];
    snprintf(start, sizeof(start), "%s: %s: ", file, field);
    ck_assert_msg(strncmp(error->text, start, strlen(start)) == 0, "\"%s\" begins with \"%s\"", error->text, start);
    ck_assert_ptr_null(strchr(error->text, '\n'));
    ck_assert_uint_gt(strlen(error->text), strlen(start));
}

/* --- Image --- */

static void make_image(uint8_t image[IMAGE_BYTES])
{
    memset(image, 0, IMAGE_BYTES);
    store_le32(image, 0x14000010);          /* b */
    store_le64(image + 8, 0x80000);         /* text_offset */
    store_le64(image + 16, 2 * IMAGE_BYTES); /* image_size */
    store_le64(image + 24, 0xa);            /* 4K pages, anywhere */
    memcpy(image + 56, "ARM\x64", 4);
    memset(image + 64, 0x5a, IMAGE_BYTES - 64);
}

/* The same with an EFI stub: a PE header with one section up to the end of the file. */
static void make_efi_image(uint8_t image[IMAGE_BYTES])
{
    make_image(image);
    memcpy(image, "MZ", 2);
    store_le32(image + 60, 64);
    uint8_t *pe = image + 64;
    memset(pe, 0, 24 + 160 + 40);
    memcpy(pe, "PE\0\0", 4);
    store_le16(pe + 6, 1);    /* sections */
    store_le16(pe + 20, 160); /* optional header */
    store_le16(pe + 24, 0x20b);
    store_le32(pe + 24 + 108, 6);
    uint8_t *section = pe + 24 + 160;
    store_le32(section + 16, IMAGE_BYTES - 1024);
    store_le32(section + 20, 1024);
}

START_TEST(image_accepted)
{
    uint8_t bytes[IMAGE_BYTES];
    struct linux_image image;
    struct load_error error;
    make_image(bytes);
    struct blob blob = blob_of("Image", bytes, sizeof(bytes));
    ck_assert_int_eq(kernel_format(&blob), KERNEL_IMAGE);
    ck_assert_int_eq(linux_image_parse(&blob, &image, &error), 0);
    ck_assert_uint_eq(image.text_offset, 0x80000);
    ck_assert_uint_eq(image.image_size, 2 * IMAGE_BYTES);
    ck_assert_uint_eq(image.file_size, IMAGE_BYTES);
    ck_assert_uint_eq(image.page_size, 4096);
    ck_assert(image.anywhere);
    ck_assert(!image.big_endian);

    store_le64(bytes + 16, 0); /* before 3.17: nothing is said */
    ck_assert_int_eq(linux_image_parse(&blob, &image, &error), 0);
    ck_assert_uint_eq(image.text_offset, 0x80000);
    ck_assert_uint_eq(image.image_size, IMAGE_BYTES);
}
END_TEST

START_TEST(image_refused)
{
    uint8_t bytes[IMAGE_BYTES];
    struct linux_image image;
    struct load_error error;
    make_image(bytes);
    for (size_t size = 0; size < 64; size++) {
        struct blob cut = blob_of("Image", bytes, size);
        ck_assert_int_eq(linux_image_parse(&cut, &image, &error), -EINVAL);
        expect_report(&error, "Image", "Image header");
    }
    struct blob blob = blob_of("Image", bytes, sizeof(bytes));
    store_le64(bytes + 16, IMAGE_BYTES - 1);
    ck_assert_int_eq(linux_image_parse(&blob, &image, &error), -EINVAL);
    expect_report(&error, "Image", "image_size");
    make_image(bytes);
    bytes[56] ^= 1;
    ck_assert_int_eq(linux_image_parse(&blob, &image, &error), -EINVAL);
    expect_report(&error, "Image", "magic");
    ck_assert_int_eq(kernel_format(&blob), KERNEL_UNKNOWN);
}
END_TEST

START_TEST(image_with_stub)
{
    uint8_t bytes[IMAGE_BYTES];
    struct linux_image image;
    struct load_error error;
    make_efi_image(bytes);
    struct blob blob = blob_of("vmlinuz", bytes, sizeof(bytes));
    ck_assert_int_eq(linux_image_parse(&blob, &image, &error), 0);
    ck_assert_uint_eq(image.file_size, IMAGE_BYTES);
    /* A signature at the end is not part of the kernel. */
    store_le32(bytes + 64 + 24 + 112 + 8 * 4, IMAGE_BYTES - 512);
    ck_assert_int_eq(linux_image_parse(&blob, &image, &error), 0);
    ck_assert_uint_eq(image.file_size, IMAGE_BYTES - 512);
    /* Cut off anywhere, it is noticed. */
    for (size_t size = 64; size < sizeof(bytes); size += 61) {
        struct blob cut = blob_of("vmlinuz", bytes, size);
        ck_assert_int_eq(linux_image_parse(&cut, &image, &error), -EINVAL);
        expect_report(&error, "vmlinuz", size < 88 ? "PE header" : size < 288 ? "PE section table" : "PE section");
    }
    store_le32(bytes + 60, 0xfffffff0);
    ck_assert_int_eq(linux_image_parse(&blob, &image, &error), -EINVAL);
    expect_report(&error, "vmlinuz", "PE header");
}
END_TEST

/* --- gzip and zboot --- */

static size_t compress_into(uint8_t *to, size_t room, const uint8_t *data, size_t size)
{
    z_stream stream = {0};
    ck_assert_int_eq(deflateInit2(&stream, 9, Z_DEFLATED, 15 + 16, 9, Z_DEFAULT_STRATEGY), Z_OK);
    stream.next_in = (Bytef *)(uintptr_t)data;
    stream.avail_in = (uInt)size;
    stream.next_out = to;
    stream.avail_out = (uInt)room;
    ck_assert_int_eq(deflate(&stream, Z_FINISH), Z_STREAM_END);
    size_t done = stream.total_out;
    deflateEnd(&stream);
    return done;
}

START_TEST(gzip_accepted)
{
    uint8_t image[IMAGE_BYTES], packed[2 * IMAGE_BYTES + 64] = {0};
    struct load_error error;
    make_image(image);
    size_t size = compress_into(packed, sizeof(packed), image, sizeof(image));
    struct blob out;
    ck_assert_int_eq(gzip_inflate(&out, "Image.gz", "gzip", packed, size, LIMIT, &error), 0);
    ck_assert_uint_eq(out.size, sizeof(image));
    ck_assert_int_eq(memcmp(out.data, image, sizeof(image)), 0);
    blob_free(&out);
    /* Two members, then zeros. */
    size_t second = compress_into(packed + size, sizeof(packed) - size, image, sizeof(image));
    ck_assert_int_eq(gzip_inflate(&out, "Image.gz", "gzip", packed, size + second + 32, LIMIT, &error), 0);
    ck_assert_uint_eq(out.size, 2 * sizeof(image));
    blob_free(&out);

    struct blob blob = blob_of("Image.gz", packed, size);
    ck_assert_int_eq(kernel_format(&blob), KERNEL_GZIP);
    ck_assert_int_eq(kernel_unpack(&blob, LIMIT, &error), 0);
    ck_assert_int_eq(kernel_format(&blob), KERNEL_IMAGE);
    ck_assert_str_eq(blob.name, "Image.gz");
    blob_free(&blob);
}
END_TEST

START_TEST(gzip_refused)
{
    uint8_t image[IMAGE_BYTES], packed[2 * IMAGE_BYTES];
    struct load_error error;
    struct blob out;
    make_image(image);
    for (size_t i = 64; i < sizeof(image); i++)
        image[i] = (uint8_t)(i * i >> 3); /* not too easy to compress */
    size_t size = compress_into(packed, sizeof(packed), image, sizeof(image));
    for (size_t cut = 0; cut < size; cut += 7) {
        ck_assert_int_eq(gzip_inflate(&out, "Image.gz", "gzip", packed, cut, LIMIT, &error), -EINVAL);
        expect_report(&error, "Image.gz", "gzip");
        ck_assert_ptr_null(out.data);
    }
    for (size_t bit = 0; bit < 8 * size; bit += 37) {
        packed[bit / 8] ^= 1u << bit % 8;
        int result = gzip_inflate(&out, "Image.gz", "gzip", packed, size, LIMIT, &error);
        ck_assert(result == 0 || result == -EINVAL); /* some header bits don't matter */
        if (result == 0)
            ck_assert(out.size == sizeof(image) && memcmp(out.data, image, out.size) == 0);
        blob_free(&out);
        packed[bit / 8] ^= 1u << bit % 8;
    }
    packed[size] = 0x77; /* trailing bytes */
    ck_assert_int_eq(gzip_inflate(&out, "Image.gz", "gzip", packed, size + 1, LIMIT, &error), -EINVAL);
    expect_report(&error, "Image.gz", "gzip");
    ck_assert_int_eq(gzip_inflate(&out, "Image.gz", "gzip", packed, size, sizeof(image) - 1, &error), -EFBIG);
    expect_report(&error, "Image.gz", "gzip");
    ck_assert_int_eq(gzip_inflate(&out, "Image.gz", "gzip", packed, size, sizeof(image), &error), 0);
    blob_free(&out);
}
END_TEST

/* A small file that becomes a large one takes no more memory than the limit. */
START_TEST(gzip_bomb)
{
    enum { ZEROS = 32 << 20, SMALL_LIMIT = 1 << 20 };
    uint8_t *zeros = calloc(1, ZEROS), *packed = malloc(1 << 20);
    struct load_error error;
    struct blob out;
    size_t size = compress_into(packed, 1 << 20, zeros, ZEROS);
    ck_assert_int_eq(gzip_inflate(&out, "bomb", "gzip", packed, size, SMALL_LIMIT, &error), -EFBIG);
    expect_report(&error, "bomb", "gzip");
    struct blob blob = blob_of("bomb", packed, size);
    ck_assert_int_eq(kernel_unpack(&blob, SMALL_LIMIT, &error), -EFBIG);
    free(packed);
    free(zeros);
}
END_TEST

START_TEST(gzip_in_gzip)
{
    uint8_t image[IMAGE_BYTES], once[2 * IMAGE_BYTES], twice[2 * IMAGE_BYTES];
    struct load_error error;
    make_image(image);
    size_t size = compress_into(once, sizeof(once), image, sizeof(image));
    size = compress_into(twice, sizeof(twice), once, size);
    struct blob blob = blob_of("Image.gz.gz", twice, size);
    ck_assert_int_eq(kernel_unpack(&blob, LIMIT, &error), -EINVAL);
    expect_report(&error, "Image.gz.gz", "decompressed contents");
    blob_free(&blob);
}
END_TEST

static size_t make_zboot(uint8_t *to, size_t room, const char *compression)
{
    enum { PAYLOAD = 512 };
    uint8_t image[IMAGE_BYTES];
    make_image(image);
    memset(to, 0, room);
    memcpy(to, "MZ\0\0zimg", 8);
    size_t size = compress_into(to + PAYLOAD, room - PAYLOAD, image, sizeof(image));
    store_le32(to + 8, PAYLOAD);
    store_le32(to + 12, size);
    memcpy(to + 24, compression, strlen(compression));
    store_le32(to + 56, 0x818223cd);
    store_le32(to + 60, 64);
    return PAYLOAD + size;
}

START_TEST(zboot)
{
    uint8_t bytes[2 * IMAGE_BYTES];
    struct load_error error;
    size_t size = make_zboot(bytes, sizeof(bytes), "gzip");
    struct blob blob = blob_of("vmlinuz.efi", bytes, size);
    ck_assert_int_eq(kernel_format(&blob), KERNEL_ZBOOT);
    ck_assert_int_eq(kernel_unpack(&blob, LIMIT, &error), 0);
    ck_assert_int_eq(kernel_format(&blob), KERNEL_IMAGE);
    blob_free(&blob);

    struct {
        unsigned offset, size;
        uint64_t value;
        const char *field;
    } damages[] = {
        {8, 4, 0xffffff00, "zboot payload offset"}, {8, 4, 8, "zboot payload offset"},
        {12, 4, 0x7fffffff, "zboot payload size"},  {12, 4, 20, "zboot payload"},
        {512, 1, 0, "zboot payload"},               {24, 4, 0x6474737a, "zboot compression type"},
    };
    for (size_t i = 0; i < sizeof(damages) / sizeof(damages[0]); i++) {
        size = make_zboot(bytes, sizeof(bytes), "gzip");
        store_le(bytes + damages[i].offset, damages[i].value, damages[i].size);
        blob = blob_of("vmlinuz.efi", bytes, size);
        ck_assert_int_eq(kernel_unpack(&blob, LIMIT, &error), -EINVAL);
        expect_report(&error, "vmlinuz.efi", damages[i].field);
    }
    ck_assert_ptr_nonnull(strstr(error.text, "zstd"));
    for (size_t cut = 8; cut < 512; cut += 13) {
        size = make_zboot(bytes, sizeof(bytes), "gzip");
        blob = blob_of("vmlinuz.efi", bytes, cut);
        ck_assert_int_eq(kernel_unpack(&blob, LIMIT, &error), -EINVAL);
    }
}
END_TEST

/* --- ELF --- */

static void make_elf(uint8_t bytes[ELF_BYTES])
{
    memset(bytes, 0, ELF_BYTES);
    Elf64_Ehdr header = {.e_type = ET_EXEC,
                         .e_machine = EM_AARCH64,
                         .e_version = EV_CURRENT,
                         .e_entry = 0xffff000040080010,
                         .e_phoff = 64,
                         .e_ehsize = 64,
                         .e_phentsize = 56,
                         .e_phnum = 2};
    memcpy(header.e_ident, "\177ELF\2\1\1", 7);
    Elf64_Phdr segments[2] = {
        {.p_type = PT_LOAD, .p_offset = 256, .p_vaddr = 0xffff000040080000, .p_paddr = 0x40080000, .p_filesz = 256,
         .p_memsz = 512},
        {.p_type = PT_LOAD, .p_offset = 512, .p_vaddr = 0xffff000040090000, .p_paddr = 0x40090000, .p_filesz = 512,
         .p_memsz = 512},
    };
    memcpy(bytes, &header, sizeof(header));
    memcpy(bytes + 64, segments, sizeof(segments));
}

START_TEST(elf_accepted)
{
    uint8_t bytes[ELF_BYTES];
    struct elf_image elf;
    struct load_error error;
    make_elf(bytes);
    struct blob blob = blob_of("vmlinux", bytes, sizeof(bytes));
    ck_assert_int_eq(kernel_format(&blob), KERNEL_ELF);
    ck_assert_int_eq(elf_image_parse(&blob, &elf, &error), 0);
    ck_assert_uint_eq(elf.count, 2);
    ck_assert_uint_eq(elf.entry, 0x40080010); /* physical */
    ck_assert_uint_eq(elf.segments[0].memory_size, 512);
    ck_assert_uint_eq(elf.segments[1].address, 0x40090000);
    ck_assert_uint_eq(elf.segments[1].offset, 512);
    elf_image_free(&elf);
}
END_TEST

START_TEST(elf_refused)
{
    static const struct {
        unsigned offset, size;
        uint64_t value;
        const char *field;
    } damages[] = {
        {EI_CLASS, 1, ELFCLASS32, "e_ident[EI_CLASS]"},
        {EI_DATA, 1, ELFDATA2MSB, "e_ident[EI_DATA]"},
        {offsetof(Elf64_Ehdr, e_machine), 2, EM_X86_64, "e_machine"},
        {offsetof(Elf64_Ehdr, e_type), 2, ET_REL, "e_type"},
        {offsetof(Elf64_Ehdr, e_phoff), 8, ELF_BYTES, "e_phoff"},
        {offsetof(Elf64_Ehdr, e_phoff), 8, UINT64_MAX - 10, "e_phoff"},
        {offsetof(Elf64_Ehdr, e_phentsize), 2, 32, "e_phentsize"},
        {offsetof(Elf64_Ehdr, e_phnum), 2, 0, "e_phnum"},
        {offsetof(Elf64_Ehdr, e_phnum), 2, 60000, "e_phnum"},
        {offsetof(Elf64_Ehdr, e_entry), 8, 0x1000, "e_entry"},
        {offsetof(Elf64_Ehdr, e_entry), 8, 0xffff000040080012, "e_entry"},
        {64 + offsetof(Elf64_Phdr, p_filesz), 8, 513, "p_filesz"},
        {64 + offsetof(Elf64_Phdr, p_offset), 8, ELF_BYTES - 255, "p_offset"},
        {64 + offsetof(Elf64_Phdr, p_offset), 8, UINT64_MAX, "p_offset"},
        {64 + offsetof(Elf64_Phdr, p_paddr), 8, UINT64_MAX - 500, "p_paddr"},
    };
    for (size_t i = 0; i < sizeof(damages) / sizeof(damages[0]); i++) {
        uint8_t bytes[ELF_BYTES];
        struct elf_image elf;
        struct load_error error;
        make_elf(bytes);
        store_le(bytes + damages[i].offset, damages[i].value, damages[i].size);
        struct blob blob = blob_of("vmlinux", bytes, sizeof(bytes));
        ck_assert_int_eq(elf_image_parse(&blob, &elf, &error), -EINVAL);
        ck_assert_ptr_null(elf.segments);
        expect_report(&error, "vmlinux", damages[i].field);
    }
    for (size_t size = 0; size < ELF_BYTES; size += 3) {
        uint8_t bytes[ELF_BYTES];
        struct elf_image elf;
        struct load_error error;
        make_elf(bytes);
        struct blob blob = blob_of("vmlinux", bytes, size);
        ck_assert_int_eq(elf_image_parse(&blob, &elf, &error), -EINVAL);
    }
}
END_TEST

START_TEST(elf_without_segments)
{
    uint8_t bytes[ELF_BYTES];
    struct elf_image elf;
    struct load_error error;
    make_elf(bytes);
    store_le32(bytes + 64, PT_NOTE);
    store_le32(bytes + 64 + 56, PT_NOTE);
    struct blob blob = blob_of("vmlinux", bytes, sizeof(bytes));
    ck_assert_int_eq(elf_image_parse(&blob, &elf, &error), -EINVAL);
    expect_report(&error, "vmlinux", "program headers");
}
END_TEST

/* --- device trees --- */

static void make_tree(uint8_t *bytes, size_t size)
{
    memset(bytes, 0, size);
    ck_assert_int_eq(fdt_create(bytes, (int)size), 0);
    ck_assert_int_eq(fdt_finish_reservemap(bytes), 0);
    ck_assert_int_eq(fdt_begin_node(bytes, ""), 0);
    ck_assert_int_eq(fdt_property_string(bytes, "compatible", "linux,dummy-virt"), 0);
    ck_assert_int_eq(fdt_begin_node(bytes, "chosen"), 0);
    ck_assert_int_eq(fdt_end_node(bytes), 0);
    ck_assert_int_eq(fdt_end_node(bytes), 0);
    ck_assert_int_eq(fdt_finish(bytes), 0);
}

START_TEST(tree)
{
    uint8_t bytes[1024];
    struct load_error error;
    make_tree(bytes, sizeof(bytes));
    size_t size = fdt_totalsize(bytes);
    struct blob blob = blob_of("virt.dtb", bytes, size);
    ck_assert_int_eq(dtb_check(&blob, &error), 0);
    for (size_t cut = 0; cut < size; cut++) {
        struct blob part = blob_of("virt.dtb", bytes, cut);
        ck_assert_int_eq(dtb_check(&part, &error), -EINVAL);
        expect_report(&error, "virt.dtb", cut < sizeof(struct fdt_header) ? "DTB header" : "totalsize");
    }
    fdt_set_magic(bytes, 0x12345678);
    ck_assert_int_eq(dtb_check(&blob, &error), -EINVAL);
    expect_report(&error, "virt.dtb", "magic");
    make_tree(bytes, sizeof(bytes));
    bytes[fdt_off_dt_struct(bytes) + 3] = 0x77; /* not FDT_BEGIN_NODE */
    ck_assert_int_eq(dtb_check(&blob, &error), -EINVAL);
    expect_report(&error, "virt.dtb", "structure");
    make_tree(bytes, sizeof(bytes));
    fdt_set_totalsize(bytes, DTB_MAX_SIZE + 1);
    uint8_t *large = calloc(1, DTB_MAX_SIZE + 1);
    memcpy(large, bytes, size);
    blob = blob_of("virt.dtb", large, DTB_MAX_SIZE + 1);
    ck_assert_int_eq(dtb_check(&blob, &error), -EINVAL);
    expect_report(&error, "virt.dtb", "totalsize");
    free(large);
}
END_TEST

/* --- files --- */

START_TEST(files)
{
    struct load_error error;
    struct blob blob;
    struct load_source source = {.path = "/nonexistent/Image"};
    ck_assert_int_eq(blob_read(&blob, &source, LIMIT, &error), -ENOENT);
    expect_report(&error, "/nonexistent/Image", "open");
    source.path = "/";
    ck_assert_int_lt(blob_read(&blob, &source, LIMIT, &error), 0);
    char path[] = "/tmp/armsim-test-XXXXXX";
    int fd = mkstemp(path);
    ck_assert_int_eq(write(fd, "12345678", 8), 8);
    close(fd);
    source.path = path;
    ck_assert_int_eq(blob_read(&blob, &source, 8, &error), 0);
    ck_assert_uint_eq(blob.size, 8);
    ck_assert_int_eq(memcmp(blob.data, "12345678", 8), 0);
    blob_free(&blob);
    ck_assert_int_eq(blob_read(&blob, &source, 7, &error), -EFBIG);
    expect_report(&error, path, "size");
    unlink(path);
    source.path = "/dev/zero"; /* without an end */
    ck_assert_int_eq(blob_read(&blob, &source, 1 << 20, &error), -EFBIG);
    source = (struct load_source){.data = "abc", .size = 3, .name = "kernel"};
    ck_assert_int_eq(blob_read(&blob, &source, 3, &error), 0);
    ck_assert_int_eq(blob_read(&blob, &source, 2, &error), -EFBIG);
    expect_report(&error, "kernel", "size");
}
END_TEST

START_TEST(report_is_one_line)
{
    struct load_error error;
    ck_assert_int_eq(load_fail(&error, -EINVAL, "a\nfile\033[2J", "magic", "expected %d", 1), -EINVAL);
    ck_assert_str_eq(error.text, "a?file?[2J: magic: expected 1");
    char name[4096];
    memset(name, 'x', sizeof(name) - 1);
    name[sizeof(name) - 1] = '\0';
    load_fail(&error, -EINVAL, name, "magic", "expected %s", "that");
    ck_assert_ptr_nonnull(strstr(error.text, "expected that"));
}
END_TEST

/* --- the plan --- */

static struct bus *make_bus(void)
{
    struct bus *bus = bus_create();
    ck_assert_int_eq(bus_add_rom(bus, "flash", 0, 0x10000, PAS_MASK_BOTH, NULL), 0);
    ck_assert_int_eq(bus_add_ram(bus, "ram", 0x40000000, 0x100000, PAS_MASK_BOTH, NULL), 0);
    ck_assert_int_eq(bus_add_ram(bus, "secure", 0x0e000000, 0x10000, PAS_BIT(PAS_SECURE), NULL), 0);
    return bus;
}

static int add(struct load_plan *plan, const char *file, uint64_t address, uint64_t size, enum pas pas)
{
    static const uint8_t data[16] = "0123456789abcdef";
    struct load_error error;
    struct load_item item = {.file = file, .part = "loader", .address = address, .size = size, .pas = pas, .data = data,
                             .data_size = size < sizeof(data) ? size : sizeof(data)};
    return load_plan_add(plan, &item, &error);
}

START_TEST(plan_writes)
{
    struct bus *bus = make_bus();
    struct load_plan plan = {0};
    struct load_error error;
    const struct bus_attrs attrs = {.debug = true};
    ck_assert_int_eq(bus_write(bus, 0x40000100, 8, attrs, UINT64_MAX), BUS_OK);
    ck_assert_int_eq(add(&plan, "rom", 0x20, 16, PAS_NON_SECURE), 0);
    ck_assert_int_eq(add(&plan, "bss", 0x400000f8, 32, PAS_NON_SECURE), 0);
    ck_assert_int_eq(load_plan_check(&plan, bus, &error), 0);
    ck_assert_int_eq(load_plan_write(&plan, bus, &error), 0);
    char bytes[32];
    ck_assert_int_eq(bus_read_block(bus, 0x20, bytes, 16, attrs), BUS_OK);
    ck_assert_int_eq(memcmp(bytes, "0123456789abcdef", 16), 0);
    ck_assert_int_eq(bus_read_block(bus, 0x400000f8, bytes, 32, attrs), BUS_OK);
    ck_assert_int_eq(memcmp(bytes, "0123456789abcdef\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0", 32), 0);
    load_plan_free(&plan);
    bus_destroy(bus);
}
END_TEST

START_TEST(plan_refuses)
{
    struct bus *bus = make_bus();
    static const struct {
        uint64_t first, second, size;
        int result;
    } cases[] = {
        {0x40000000, 0x40000010, 0x10, 0},          {0x40000000, 0x4000000f, 0x10, -EEXIST},
        {0x40000020, 0x40000011, 0x10, -EEXIST},    {0x40000000, 0x40000000, 1, -EEXIST},
        {0x40000000, 0x400ffff0, 0x10, 0},          {0x40000000, 0x400ffff1, 0x10, -EINVAL},
        {0x40000000, 0x50000000, 0x10, -EINVAL},    {0x40000000, 0x0e000000, 0x10, -EINVAL},
        {0x40000000, 0x3fffffff, 0x10, -EINVAL},    {0x40000000, UINT64_MAX - 0x20, 0x10, -EINVAL},
    };
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct load_plan plan = {0};
        struct load_error error;
        ck_assert_int_eq(add(&plan, "first", cases[i].first, 0x10, PAS_NON_SECURE), 0);
        ck_assert_int_eq(add(&plan, "second", cases[i].second, cases[i].size, PAS_NON_SECURE), 0);
        ck_assert_int_eq(load_plan_check(&plan, bus, &error), cases[i].result);
        if (cases[i].result == -EEXIST) /* both are named */
            ck_assert(strstr(error.text, "first") && strstr(error.text, "second"));
        load_plan_free(&plan);
    }
    struct load_plan plan = {0};
    ck_assert_int_eq(add(&plan, "wraps", UINT64_MAX - 3, 16, PAS_NON_SECURE), -EINVAL);
    ck_assert_int_eq(add(&plan, "secure", 0x0e000000, 16, PAS_SECURE), 0);
    ck_assert_int_eq(load_plan_check(&plan, bus, NULL), 0);
    load_plan_free(&plan);
    bus_destroy(bus);
}
END_TEST

START_TEST(plan_finds_room)
{
    struct load_plan plan = {0};
    add(&plan, "a", 0x40200000, 0x300000, PAS_NON_SECURE);
    add(&plan, "b", 0x40600000, 0x1000, PAS_NON_SECURE);
    ck_assert_uint_eq(load_plan_find_free(&plan, 0x40200000, 0x1000, 0x200000, 0x48000000), 0x40800000);
    ck_assert_uint_eq(load_plan_find_free(&plan, 0x40200000, 0x1000, 0x1000, 0x48000000), 0x40500000);
    ck_assert_uint_eq(load_plan_find_free(&plan, 0x40000000, 0x1000, 0x200000, 0x48000000), 0x40000000);
    ck_assert_uint_eq(load_plan_find_free(&plan, 0x40200000, 0x1000, 0x200000, 0x40800000), UINT64_MAX);
    ck_assert_uint_eq(load_plan_top(&plan, 0x40000000, 0x48000000), 0x40601000);
    load_plan_free(&plan);
}
END_TEST

/* Random damage to valid inputs: any answer will do that is not a crash (run under ASan and UBSan too). */
START_TEST(random_damage)
{
    uint64_t state = 1;
    for (unsigned round = 0; round < 3000; round++) {
        uint8_t bytes[2 * IMAGE_BYTES];
        size_t size;
        switch (round % 4) {
        case 0:
            make_elf(bytes);
            size = ELF_BYTES;
            break;
        case 1:
            make_efi_image(bytes);
            size = IMAGE_BYTES;
            break;
        case 2:
            size = make_zboot(bytes, sizeof(bytes), "gzip");
            break;
        default:
            make_tree(bytes, 1024);
            size = fdt_totalsize(bytes);
            break;
        }
        for (unsigned i = 0; i < 1 + round % 7; i++) {
            state = state * 6364136223846793005u + 1442695040888963407u;
            size_t reach = size < 600 ? size : 600;
            bytes[(state >> 33) % reach] = (uint8_t)(state >> 24);
        }
        struct blob blob = blob_of("fuzz", bytes, size);
        struct elf_image elf;
        struct linux_image image;
        if (elf_image_parse(&blob, &elf, NULL) == 0)
            elf_image_free(&elf);
        linux_image_parse(&blob, &image, NULL);
        dtb_check(&blob, NULL);
        if (kernel_unpack(&blob, LIMIT, NULL) == 0)
            blob_free(&blob);
    }
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("loader");
    TCase *tests = tcase_create("all");
    tcase_set_timeout(tests, 120);
    tcase_add_test(tests, image_accepted);
    tcase_add_test(tests, image_refused);
    tcase_add_test(tests, image_with_stub);
    tcase_add_test(tests, gzip_accepted);
    tcase_add_test(tests, gzip_refused);
    tcase_add_test(tests, gzip_bomb);
    tcase_add_test(tests, gzip_in_gzip);
    tcase_add_test(tests, zboot);
    tcase_add_test(tests, elf_accepted);
    tcase_add_test(tests, elf_refused);
    tcase_add_test(tests, elf_without_segments);
    tcase_add_test(tests, tree);
    tcase_add_test(tests, files);
    tcase_add_test(tests, report_is_one_line);
    tcase_add_test(tests, plan_writes);
    tcase_add_test(tests, plan_refuses);
    tcase_add_test(tests, plan_finds_room);
    tcase_add_test(tests, random_damage);
    suite_add_tcase(suite, tests);
    return run_suite(suite);
}
