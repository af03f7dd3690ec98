/* A guest's machine, and its images in memory. */
#include "roms/lib/memory.h"
#include "roms/lib/pgtab_tlbi.h"
#include "roms/visor/config.h"
#include "roms/visor/host.h"
#include "roms/visor/hypercall.h"

#define BLOCK 0x200000ull /* 2 MiB */
enum { DEFAULT_RAM = 0x40000000, TREE_SIZE = 0x10000, RAW_OFFSET = 0x80000 };

static struct vm vms[MAX_GUESTS];

static bool refuse(const struct vm *vm, const char *why)
{
    say("%s: %s", vm->name, why);
    return false;
}

/* ---- the machine */

static bool give_memory(struct vm *vm)
{
    const struct config *config = vm->config;
    vm->ram_size = config->memory;
    vm->ram_ipa = config->place ? config->place : DEFAULT_RAM;
    if (config->place) {
        if (!pages_take_at(config->place, config->memory))
            return refuse(vm, "its place isn't free");
        vm->ram_pa = config->place;
    } else {
        vm->ram_pa = (u64)pages_take(config->memory, BLOCK);
        if (!vm->ram_pa)
            return refuse(vm, "not enough memory");
    }
    return pgtab_map(&vm->stage2, vm->ram_ipa, vm->ram_pa, vm->ram_size, PGTAB_READ | PGTAB_WRITE | PGTAB_EXECUTE) == 0;
}

static void pass_virtio(struct vm *vm)
{
    u64 first = host.virtio & ~(PGTAB_PAGE - 1), end = (host.virtio + host.virtio_size + PGTAB_PAGE - 1) & ~(PGTAB_PAGE - 1);
    pgtab_map(&vm->stage2, first, first, end - first, PGTAB_READ | PGTAB_WRITE | PGTAB_DEVICE);
    for (int node = dt_compatible(&host.fdt, DT_NONE, "virtio,mmio"); node != DT_NONE;
         node = dt_compatible(&host.fdt, node, "virtio,mmio"))
        pass_interrupt(vm, 32 + dt_cell(&host.fdt, node, "interrupts", 1, 0));
}

static bool give_devices(struct vm *vm)
{
    const struct config *config = vm->config;
    vgic_add_regions(vm);
    if (config->passed_console) {
        pgtab_map(&vm->stage2, host.uart, host.uart, PGTAB_PAGE, PGTAB_READ | PGTAB_WRITE | PGTAB_DEVICE);
        pass_interrupt(vm, host.uart_spi);
    } else if (!vuart_create(vm)) {
        return refuse(vm, "not enough memory");
    }
    if (config->passed_virtio) {
        if (!config->place)
            return refuse(vm, "passed virtio devices need memory at a place of its own: their DMA isn't translated");
        pass_virtio(vm);
    }
    return !config->disk.size || virtio_disk_create(vm, config->disk);
}

struct vm *vm_create(unsigned index, const struct config *config)
{
    struct vm *vm = &vms[index];
    vm->index = index;
    vm->config = config;
    memcpy(vm->name, config->name, sizeof(vm->name));
    vm->features = config->features | 1ull << FEATURE_BASE;
    vm->personas = (config->native || !config->compatible ? PERSONA_NATIVE : 0) | (config->compatible ? PERSONA_PUBLIC : 0);
    vm->stage2 = (struct pgtab){
        .allocate = page_zeroed, .invalidate = pgtab_invalidate_stage2, .publish = pgtab_publish};
    if (pgtab_init(&vm->stage2, PGTAB_STAGE2, 39) < 0)
        return NULL;
    vm->vttbr = (u64)vm->stage2.root | (u64)(index + 1) << 48;
    vm->vcpu_count = config->vcpus;
    for (unsigned i = 0; i < vm->vcpu_count; i++) {
        struct pe *pe = &host.pes[(config->first_pe + i) % host.pe_count];
        struct vcpu *vcpu = vcpu_create(vm, i, pe);
        if (!vcpu)
            return NULL;
        pe->vcpus[pe->vcpu_count++] = vcpu;
    }
    return give_memory(vm) && give_devices(vm) ? vm : NULL;
}

/* ---- its images */

static u64 little(const u8 *at, unsigned bytes)
{
    u64 value = 0;
    while (bytes--)
        value = value << 8 | at[bytes];
    return value;
}

static bool put(struct vm *vm, u64 ipa, const u8 *data, u64 size)
{
    void *to = vm_ram(vm, ipa, size ? size : 1);
    if (to)
        memcpy(to, data, size);
    return to != NULL;
}

/* The end of what the kernel takes, or 0. */
static u64 load_elf(struct vm *vm, struct file file, u64 *entry)
{
    enum { PHOFF = 32, ENTRY = 24, PHENTSIZE = 54, PHNUM = 56, PT_LOAD = 1 };
    const u8 *image = file.data;
    u64 headers = little(image + PHOFF, 8), each = little(image + PHENTSIZE, 2), count = little(image + PHNUM, 2), end = 0;
    if (headers > file.size || each < 56 || count * each > file.size - headers)
        return 0;
    *entry = little(image + ENTRY, 8);
    for (u64 i = 0; i < count; i++) {
        const u8 *header = image + headers + i * each;
        u64 offset = little(header + 8, 8), address = little(header + 24, 8);
        u64 in_file = little(header + 32, 8), in_memory = little(header + 40, 8);
        if (little(header, 4) != PT_LOAD)
            continue;
        if (offset > file.size || in_file > file.size - offset || in_memory < in_file ||
            !put(vm, address, image + offset, in_file) || !vm_ram(vm, address, in_memory))
            return 0;
        memset(vm_ram(vm, address + in_file, 0), 0, in_memory - in_file);
        end = address + in_memory > end ? address + in_memory : end;
    }
    return end;
}

static u64 load_kernel(struct vm *vm, u64 *entry)
{
    struct file file = vm->config->kernel;
    if (file.size >= 64 && memcmp(file.data, "\177ELF\2\1", 6) == 0)
        return load_elf(vm, file, entry);
    u64 offset = RAW_OFFSET, size = file.size;
    if (file.size >= 64 && memcmp(file.data + 56, "ARM\x64", 4) == 0) {
        u64 text_offset = little(file.data + 8, 8), image_size = little(file.data + 16, 8);
        offset = BLOCK + (text_offset & (BLOCK - 1));
        size = image_size > size ? image_size : size;
    }
    *entry = vm->ram_ipa + offset;
    return vm_ram(vm, *entry, size) && put(vm, *entry, file.data, file.size) ? *entry + size : 0;
}

static bool load_images(struct vm *vm, u64 *entry, u64 *tree)
{
    struct file initrd = vm->config->initrd;
    *tree = vm->ram_ipa + vm->ram_size - BLOCK;
    u64 start = (*tree - initrd.size) & ~(PGTAB_PAGE - 1), kernel_end = load_kernel(vm, entry);
    if (!kernel_end || initrd.size > vm->ram_size - BLOCK || kernel_end > start || !put(vm, start, initrd.data, initrd.size))
        return refuse(vm, "its images don't fit into its memory, or aren't what can be loaded");
    return guest_tree(vm, vm_ram(vm, *tree, TREE_SIZE), TREE_SIZE, start, start + initrd.size) != 0;
}

bool vm_start(struct vm *vm)
{
    u64 entry, tree;
    if (!load_images(vm, &entry, &tree))
        return false;
    /* What is in memory now is executed: caches and the last run's translations know it by their maintenance alone. */
    __asm__ volatile("dsb ish\n\tic ialluis\n\ttlbi alle1is\n\tdsb ish\n\tisb" ::: "memory");
    vgic_reset(vm);
    vuart_reset(vm);
    virtio_reset(vm);
    vm->counter_offset = counter();
    vm->reset_wanted = false;
    vm->running = true;
    for (unsigned i = 0; i < vm->vcpu_count; i++)
        vcpu_reset(vm->vcpus[i], entry, 0);
    vcpu_reset(vm->vcpus[0], entry, tree);
    vm->vcpus[0]->state = VCPU_RUNNABLE;
    sched_wake(vm->vcpus[0]);
    return true;
}

void vm_ended(struct vm *vm)
{
    console_flush(vm);
    if (vm->reset_wanted) {
        say("%s: reset", vm->name);
        if (vm_start(vm))
            return;
    }
    vm->running = false;
    say("%s: off", vm->name);
    for (unsigned i = 0; i < MAX_GUESTS; i++) {
        if (vms[i].running)
            return;
    }
    power_off();
}
