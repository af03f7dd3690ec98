/*
 * Puts the images in memory and the PEs in their starting state. Placement is QEMU's: the kernel at its text_offset
 * from a 2 MiB boundary, leaving the first 2 MiB free; the initrd at the middle of RAM or 128 MiB from its start,
 * whichever is lower, but behind the kernel; the device tree at the next 2 MiB boundary that is free.
 */
#include "cpu/a64_forms.h"
#include "devices/fw_cfg.h"
#include "libarmsim/board/virt.h"
#include "libarmsim/loader/dtb.h"
#include "libarmsim/loader/elf_image.h"
#include "libarmsim/loader/linux_image.h"
#include "libarmsim/fabric/little_endian.h"
#include "libarmsim/loader/load_plan.h"

#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#define MIB ((uint64_t)1 << 20)
#define BOOT_ALIGN (2 * MIB)
#define INITRD_ALIGN 0x1000u
#define INITRD_FURTHEST (128 * MIB)
/* QEMU's own code at the start of RAM makes it move kernels with a smaller text_offset up; guests expect that. */
#define LOWEST_TEXT_OFFSET 0x1000u
/* Where QEMU puts kernels that don't say where they want to be. */
#define RAW_TEXT_OFFSET 0x80000u
/* ELF files may be much longer than what they load; nothing that a machine starts is longer than this. */
#define FILE_LIMIT ((uint64_t)1 << 30)

/* Everything that is needed while loading. */
struct loading {
    struct armsim_machine *machine;
    bool cold; /* RAM has lost its contents; else images are only put there as firmware would do it again */
    struct load_plan plan;
    struct load_error error;
    struct blob kernel, initrd, bios, dtb;
    struct blob *loads;
    size_t images; /* read so far: their fingerprints' number */
    struct virt_boot_info info;
    uint64_t entry;
    bool is_linux;  /* enter `entry` as boot firmware would; else PEs begin at the highest EL */
    bool has_entry;
    void *tree;
    size_t tree_size;
    uint64_t tree_address; /* 0: not in memory */
};

static uint64_t ram_end(const struct armsim_machine *machine)
{
    return VIRT_RAM_BASE + machine->options.ram_size;
}

static uint64_t align_up(uint64_t value, uint64_t align)
{
    return (value + align - 1) & ~(align - 1);
}

/* The loaders' errno values as the interface's errors. */
static int loading_fail(struct loading *loading, int error)
{
    enum armsim_error code = ARMSIM_ERROR_IO;
    if (error == -ENOMEM)
        code = ARMSIM_ERROR_MEMORY;
    else if (error == -EINVAL || error == -EFBIG)
        code = ARMSIM_ERROR_INPUT;
    else if (error == -EEXIST)
        code = ARMSIM_ERROR_OVERLAP;
    return machine_fail(loading->machine, code, "%s", loading->error.text);
}

/* A machine that is reset starts with what it was created with, or says that this is gone. */
static int check_fingerprint(struct loading *loading, const struct blob *blob)
{
    struct board_data *virt = loading->machine->board_data;
    uint64_t fingerprint = blob_fingerprint(blob);
    size_t index = loading->images++;
    if (virt->loaded) {
        if (index < virt->fingerprint_count && virt->fingerprints[index] == fingerprint)
            return 0;
        return load_fail(&loading->error, -EINVAL, blob->name, "contents",
                         "expected what the machine was started with, the file has changed");
    }
    uint64_t *fingerprints = realloc(virt->fingerprints, loading->images * sizeof(*fingerprints));
    if (!fingerprints)
        return load_fail_errno(&loading->error, -ENOMEM, blob->name, "read");
    virt->fingerprints = fingerprints;
    virt->fingerprint_count = loading->images;
    fingerprints[index] = fingerprint;
    return 0;
}

static int read_image(struct loading *loading, const struct armsim_image *image, const char *name, uint64_t limit,
                      struct blob *blob)
{
    struct load_source source = {.path = image->path, .data = image->data, .size = image->size, .name = name};
    if (!load_source_given(&source))
        return 0;
    int result = blob_read(blob, &source, limit, &loading->error);
    return result < 0 ? result : check_fingerprint(loading, blob);
}

static int read_images(struct loading *loading)
{
    const struct armsim_options *options = &loading->machine->options;
    uint64_t ram = options->ram_size, limit = ram > FILE_LIMIT ? ram : FILE_LIMIT;
    int result = read_image(loading, &options->kernel, "kernel", limit, &loading->kernel);
    if (result == 0)
        result = read_image(loading, &options->initrd, "initrd", ram, &loading->initrd);
    if (result == 0)
        result = read_image(loading, &options->bios, "bios", limit, &loading->bios);
    if (result == 0)
        result = read_image(loading, &options->dtb, "dtb", FILE_LIMIT, &loading->dtb);
    if (result == 0 && loading->dtb.data)
        result = dtb_check(&loading->dtb, &loading->error);
    loading->loads = options->load_count ? calloc(options->load_count, sizeof(*loading->loads)) : NULL;
    if (result == 0 && options->load_count && !loading->loads)
        result = load_fail_errno(&loading->error, -ENOMEM, "loader", "read");
    for (size_t i = 0; i < options->load_count && result == 0; i++)
        result = read_image(loading, &options->loads[i].image, "loader", limit, &loading->loads[i]);
    return result;
}

/* The space in which an image goes: what the Non-secure side doesn't have, a Secure machine's loader can reach. */
static enum pas space_of(const struct loading *loading, uint64_t address, bool secure)
{
    if (secure)
        return PAS_SECURE;
    const struct armsim_machine *machine = loading->machine;
    bool only_secure = machine->options.secure && !bus_find(machine->bus, PAS_NON_SECURE, address, NULL);
    return only_secure ? PAS_SECURE : PAS_NON_SECURE;
}

static int add_bytes(struct loading *loading, const struct blob *blob, const char *part, uint64_t address,
                     uint64_t memory_size, uint64_t file_size, bool secure)
{
    struct load_item item = {.file = blob->name,
                             .part = part,
                             .address = address,
                             .size = memory_size,
                             .pas = space_of(loading, address, secure),
                             .data = blob->data,
                             .data_size = file_size};
    return load_plan_add(&loading->plan, &item, &loading->error);
}

static int add_elf(struct loading *loading, const struct blob *blob, bool secure, uint64_t *entry)
{
    struct elf_image elf;
    int result = elf_image_parse(blob, &elf, &loading->error);
    for (size_t i = 0; i < elf.count && result == 0; i++) {
        const struct elf_segment *segment = &elf.segments[i];
        struct load_item item = {.file = blob->name,
                                 .part = "segment",
                                 .part_index = segment->index,
                                 .address = segment->address,
                                 .size = segment->memory_size,
                                 .pas = space_of(loading, segment->address, secure),
                                 .data = blob->data + segment->offset,
                                 .data_size = segment->file_size};
        result = load_plan_add(&loading->plan, &item, &loading->error);
    }
    *entry = elf.entry;
    elf_image_free(&elf);
    return result;
}

/* A kernel for a granule that the PE lacks would stop without a word. */
static int check_page_size(struct loading *loading, const struct linux_image *image)
{
    const struct pe *pe = loading->machine->pes[0];
    const struct mmu_features *features = &pe->mmu_features;
    bool ok = image->page_size == 0 || (image->page_size == 4096 && features->granule4) ||
              (image->page_size == 16384 && features->granule16) || (image->page_size == 65536 && features->granule64);
    if (ok)
        return 0;
    return load_fail(&loading->error, -EINVAL, loading->kernel.name, "flags",
                     "expected a page size that the CPU model has (%s%s%s), found %u bytes",
                     features->granule4 ? " 4K" : "", features->granule16 ? " 16K" : "",
                     features->granule64 ? " 64K" : "", image->page_size);
}

static int add_linux(struct loading *loading)
{
    struct linux_image image;
    int result = linux_image_parse(&loading->kernel, &image, &loading->error);
    if (result == 0)
        result = check_page_size(loading, &image);
    if (result < 0)
        return result;
    if (image.text_offset > loading->machine->options.ram_size)
        return load_fail(&loading->error, -EINVAL, loading->kernel.name, "text_offset",
                         "expected at most the RAM's %" PRIu64 " bytes, found 0x%" PRIx64,
                         loading->machine->options.ram_size, image.text_offset);
    loading->entry = VIRT_RAM_BASE + image.text_offset;
    if (image.text_offset < LOWEST_TEXT_OFFSET)
        loading->entry += BOOT_ALIGN;
    loading->is_linux = loading->has_entry = true;
    return add_bytes(loading, &loading->kernel, "image_size", loading->entry, image.image_size, image.file_size, false);
}

/*
 * Code without a header is entered as a kernel, too (small systems are built so). It has to begin with an instruction;
 * what begins like a PE file is an Image that is damaged, and a text is no program though its words may be allocated.
 */
static bool is_raw_code(const struct loading *loading, const struct blob *kernel)
{
    size_t text = 0;
    while (text < kernel->size && text < 64 && (kernel->data[text] == '\n' || kernel->data[text] == '\t' ||
                                                (kernel->data[text] >= ' ' && kernel->data[text] < 0x7f)))
        text++;
    if (kernel->size < 4 || text == kernel->size || text == 64 || memcmp(kernel->data, "MZ", 2) == 0)
        return false;
    uint32_t first = load_le32(kernel->data);
    enum a64_form form = a64_decode(first, &loading->machine->pes[0]->features);
    bool leaves = form == A64_B_only_branch_imm && (first & 0x03ffffff) >= kernel->size / 4; /* what is cut off */
    return form != A64_UNALLOCATED && first >> 16 != 0 /* UDF */ && !leaves;
}

static int add_kernel(struct loading *loading)
{
    struct blob *kernel = &loading->kernel;
    int result = kernel_unpack(kernel, loading->machine->options.ram_size, &loading->error);
    if (result < 0)
        return result;
    switch (kernel_format(kernel)) {
    case KERNEL_IMAGE:
        return add_linux(loading);
    case KERNEL_ELF:
        loading->has_entry = true;
        return add_elf(loading, kernel, false, &loading->entry);
    default:
        if (!is_raw_code(loading, kernel))
            return load_fail(&loading->error, -EINVAL, kernel->name, "magic",
                             "expected an arm64 Image (\"ARM\\x64\" at byte 56), ELF, gzip or EFI zboot kernel, or raw "
                             "code, found none of these");
        loading->entry = VIRT_RAM_BASE + RAW_TEXT_OFFSET;
        loading->is_linux = loading->has_entry = true;
        return add_bytes(loading, kernel, "code", loading->entry, kernel->size, kernel->size, false);
    }
}

static int add_initrd(struct loading *loading)
{
    const struct armsim_machine *machine = loading->machine;
    uint64_t half = machine->options.ram_size / 2;
    uint64_t address = VIRT_RAM_BASE + (half < INITRD_FURTHEST ? half : INITRD_FURTHEST);
    uint64_t top = load_plan_top(&loading->plan, VIRT_RAM_BASE, ram_end(machine));
    if (top > address)
        address = top;
    address = align_up(address, INITRD_ALIGN);
    loading->info = (struct virt_boot_info){
        .has_initrd = true, .initrd_start = address, .initrd_end = address + loading->initrd.size};
    if (loading->initrd.size == 0)
        return load_fail(&loading->error, -EINVAL, loading->initrd.name, "size", "expected at least 1 byte");
    if (address >= ram_end(machine) || loading->initrd.size > ram_end(machine) - address)
        return load_fail(&loading->error, -EINVAL, loading->initrd.name, "size",
                         "expected at most %" PRIu64 " bytes (from 0x%" PRIx64 " to the end of RAM), found %zu",
                         address < ram_end(machine) ? ram_end(machine) - address : 0, address, loading->initrd.size);
    return add_bytes(loading, &loading->initrd, "initrd", address, loading->initrd.size, loading->initrd.size, false);
}

/* Firmware at the first flash bank: an ELF file knows its addresses, anything else begins at the reset address. */
static int add_bios(struct loading *loading)
{
    const struct blob *bios = &loading->bios;
    if (kernel_format(bios) == KERNEL_ELF) {
        loading->has_entry = true;
        return add_elf(loading, bios, false, &loading->entry);
    }
    if (bios->size == 0 || bios->size > VIRT_FLASH_BANK)
        return load_fail(&loading->error, -EINVAL, bios->name, "size",
                         "expected 1 to %" PRIu64 " bytes (the flash bank), found %zu", (uint64_t)VIRT_FLASH_BANK,
                         bios->size);
    return add_bytes(loading, bios, "bios", VIRT_FLASH_BASE, bios->size, bios->size, false);
}

/* Firmware finds the kernel in the configuration device, as on QEMU's board. */
static int offer_kernel(struct loading *loading)
{
    struct armsim_machine *machine = loading->machine;
    const char *append = machine->options.append ? machine->options.append : "";
    struct device *fw_cfg = machine->board_data->fw_cfg;
    int result = 0;
    if (machine->board_data->loaded || !loading->kernel.data)
        return 0;
    const struct {
        uint16_t size_key, data_key;
        const void *data;
        size_t size;
    } items[] = {
        {FW_CFG_KERNEL_SIZE, FW_CFG_KERNEL_DATA, loading->kernel.data, loading->kernel.size},
        {FW_CFG_INITRD_SIZE, FW_CFG_INITRD_DATA, loading->initrd.data, loading->initrd.size},
        {FW_CFG_CMDLINE_SIZE, FW_CFG_CMDLINE_DATA, append, strlen(append) + 1},
    };
    for (size_t i = 0; i < sizeof(items) / sizeof(items[0]) && result == 0; i++) {
        result = fw_cfg_add_u32(fw_cfg, items[i].size_key, (uint32_t)items[i].size);
        if (result == 0 && items[i].size > 0)
            result = fw_cfg_add_item(fw_cfg, items[i].data_key, items[i].data, items[i].size);
    }
    return result < 0 ? load_fail_errno(&loading->error, result, loading->kernel.name, "fw_cfg item") : 0;
}

static int add_loads(struct loading *loading)
{
    const struct armsim_options *options = &loading->machine->options;
    for (size_t i = 0; i < options->load_count; i++) {
        const struct armsim_load *load = &options->loads[i];
        const struct blob *blob = &loading->loads[i];
        uint64_t entry = load->address;
        int result;
        if (!load->raw && kernel_format(blob) == KERNEL_ELF)
            result = add_elf(loading, blob, load->secure, &entry);
        else if (!load->has_address)
            result = load_fail(&loading->error, -EINVAL, blob->name, "magic",
                               "expected an ELF file, or an address for raw bytes");
        else
            result = add_bytes(loading, blob, "loader", load->address, blob->size, blob->size, load->secure);
        if (result < 0)
            return result;
        if (load->set_pc)
            machine_set_pc(loading->machine, load->pe, entry);
    }
    return 0;
}

/* Where the tree lies for a kernel: behind everything; else, or if that is full, as low as possible. */
static uint64_t place_tree(const struct loading *loading)
{
    const struct armsim_machine *machine = loading->machine;
    uint64_t from = VIRT_RAM_BASE, end = ram_end(machine), address = UINT64_MAX;
    if (loading->is_linux) {
        uint64_t half = machine->options.ram_size / 2;
        from += half < INITRD_FURTHEST ? half : INITRD_FURTHEST;
        if (loading->info.has_initrd)
            from = loading->info.initrd_end;
        address = load_plan_find_free(&loading->plan, from, loading->tree_size, BOOT_ALIGN, end);
    }
    if (address == UINT64_MAX)
        address = load_plan_find_free(&loading->plan, VIRT_RAM_BASE, loading->tree_size, BOOT_ALIGN, end);
    return address;
}

static int add_tree(struct loading *loading)
{
    struct armsim_machine *machine = loading->machine;
    uint64_t address = place_tree(loading);
    if (address == UINT64_MAX) {
        if (!loading->is_linux)
            return 0; /* a program that fills the RAM doesn't want one */
        return load_fail(&loading->error, -EINVAL, loading->kernel.name, "image_size",
                         "expected to leave room for a device tree of %zu bytes in RAM of %" PRIu64 " bytes",
                         loading->tree_size, machine->options.ram_size);
    }
    loading->tree_address = address;
    struct blob tree = {.name = loading->dtb.data ? loading->dtb.name : "device tree",
                        .data = loading->tree,
                        .size = loading->tree_size};
    return add_bytes(loading, &tree, "dtb", address, tree.size, tree.size, false);
}

/*
 * Who answers PSCI calls. Guest code that starts at the level where the calls would end answers them itself; then all
 * PEs start together, as there is nobody to start them.
 */
static enum armsim_conduit choose_conduit(const struct loading *loading)
{
    const struct armsim_options *options = &loading->machine->options;
    bool has_loads_pc = false;
    for (size_t i = 0; i < options->load_count; i++)
        has_loads_pc |= options->loads[i].set_pc;
    bool from_highest = !loading->is_linux && (loading->has_entry || loading->bios.data || has_loads_pc);
    if (options->conduit != ARMSIM_CONDUIT_AUTO)
        return options->conduit;
    if (from_highest && options->secure)
        return ARMSIM_CONDUIT_NONE;
    return options->virtualization ? ARMSIM_CONDUIT_SMC : ARMSIM_CONDUIT_HVC;
}

static bool pc_was_set(const struct armsim_options *options, unsigned pe)
{
    for (size_t i = 0; i < options->load_count; i++)
        if (options->loads[i].set_pc && options->loads[i].pe == pe)
            return true;
    return false;
}

static void start_pes(struct loading *loading)
{
    struct armsim_machine *machine = loading->machine;
    enum armsim_conduit conduit = machine->board_data->conduit;
    builtin_firmware_set_conduit(machine->board_data->firmware, conduit);
    if (loading->is_linux)
        handover_gic(machine);
    for (unsigned i = 0; i < machine->pe_count; i++) {
        bool given = pc_was_set(&machine->options, i);
        if (loading->is_linux && i == 0)
            handover_pe(machine, i, loading->entry);
        else if (loading->has_entry && !given)
            machine_set_pc(machine, i, loading->entry);
        if (i == 0 || conduit == ARMSIM_CONDUIT_NONE)
            machine_set_x(machine, i, 0, loading->tree_address);
        bool on = i == 0 || given || (conduit == ARMSIM_CONDUIT_NONE && !loading->is_linux);
        machine->pes[i]->power = on ? PE_RUNNING : PE_OFF;
    }
}

static void set_heap(const struct loading *loading)
{
    const struct armsim_machine *machine = loading->machine;
    uint64_t end = ram_end(machine), top = align_up(load_plan_top(&loading->plan, VIRT_RAM_BASE, end), 4096);
    builtin_firmware_set_heap(machine->board_data->firmware, top < end ? top : end, end);
}

/* RAM has lost what it held. New RAM is zero. */
static void fill_ram(const struct loading *loading)
{
    const uint64_t poison = 0x0000dead0000dead;
    const struct armsim_machine *machine = loading->machine;
    bool poisoned = machine->options.ram_fill == ARMSIM_RAM_POISON;
    if (poisoned || machine->board_data->loaded)
        bus_fill_ram(machine->bus, poisoned ? poison : 0);
}

static int load_all(struct loading *loading)
{
    struct armsim_machine *machine = loading->machine;
    int result = read_images(loading);
    if (result == 0 && loading->bios.data)
        result = add_bios(loading);
    if (result == 0 && loading->bios.data)
        result = offer_kernel(loading);
    else if (result == 0 && loading->kernel.data)
        result = add_kernel(loading);
    if (result == 0)
        result = add_loads(loading);
    if (result == 0 && loading->initrd.data && !loading->bios.data)
        result = add_initrd(loading);
    if (result < 0)
        return loading_fail(loading, result);
    machine->board_data->conduit = choose_conduit(loading);
    result = virt_make_dtb(machine, &loading->info, loading->dtb.data ? &loading->dtb : NULL, &loading->tree,
                           &loading->tree_size);
    if (result < 0)
        return result;
    result = add_tree(loading);
    if (result == 0)
        result = load_plan_check(&loading->plan, machine->bus, &loading->error);
    if (result == 0 && loading->cold)
        fill_ram(loading);
    if (result == 0 && (loading->cold || loading->is_linux))
        result = load_plan_write(&loading->plan, machine->bus, &loading->error);
    return result < 0 ? loading_fail(loading, result) : 0;
}

static int load(struct armsim_machine *machine, bool cold)
{
    struct loading loading = {.machine = machine, .cold = cold};
    int result = load_all(&loading);
    if (result == 0) {
        start_pes(&loading);
        set_heap(&loading);
        machine_set_dtb(machine, loading.tree, loading.tree_size);
        loading.tree = NULL;
        machine->board_data->loaded = true;
    }
    load_plan_free(&loading.plan);
    blob_free(&loading.kernel);
    blob_free(&loading.initrd);
    blob_free(&loading.bios);
    blob_free(&loading.dtb);
    for (size_t i = 0; loading.loads && i < machine->options.load_count; i++)
        blob_free(&loading.loads[i]);
    free(loading.loads);
    free(loading.tree);
    return result;
}

int virt_load(struct armsim_machine *machine)
{
    return load(machine, true);
}

int virt_start(struct armsim_machine *machine)
{
    return load(machine, false);
}
