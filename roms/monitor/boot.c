/*
 * From reset to the operating system: what fw_cfg offers is put in memory where the kernel's Documentation/arch/arm64/
 * booting.rst wants it, and the device tree at the start of RAM says so.
 */
#include "../lib/board.h"
#include "../lib/fw_cfg.h"
#include "../lib/gic_secure.h"
#include "../lib/pl011.h"
#include "monitor.h"

#define MIB 0x100000ul
#define BOOT_ALIGN (2 * MIB)
/* The first 2 MiB of RAM hold the tree, and behind it what is needed while loading. */
#define TREE_LIMIT MIB
#define SCRATCH_COMMAND (MIB)
#define SCRATCH_HEADER (MIB + 0x1000)
#define SCRATCH_TEXT (MIB + 0x2000)
#define TEXT_LIMIT 0x8000u
enum { TREE_BYTES = 0x20000, IMAGE_MAGIC = 0x644d5241, COUNTER_HZ = 62500000 };

struct pe pes[MAX_PES];
unsigned pe_count;

static struct dt_edit tree;
static u8 tree_buffer[TREE_BYTES] __attribute__((aligned(8)));
static const char *const psci_compatible = "arm,psci-1.0\0arm,psci-0.2\0arm,psci";
enum { PSCI_COMPATIBLE_BYTES = 35 };

struct loaded {
    u64 kernel, end; /* end: first free byte behind everything */
    u64 initrd_start, initrd_end;
};

/* ---- the tree as the board has made it */

static void find_pes(void)
{
    int cpus = dt_path(&tree.dt, "/cpus");
    for (int node = dt_first_child(&tree.dt, cpus); node != DT_NONE; node = dt_next_sibling(&tree.dt, node)) {
        u64 affinity;
        if (dt_has_string(&tree.dt, node, "device_type", "cpu") && dt_reg(&tree.dt, node, 0, &affinity, NULL) &&
            affinity < MAX_PES) {
            pes[affinity] = (struct pe){.index = (unsigned)affinity, .affinity = affinity};
            pe_count = pe_count > affinity ? pe_count : (unsigned)affinity + 1;
        }
    }
}

static void read_tree(void)
{
    if (!dt_edit_open(&tree, tree_buffer, sizeof(tree_buffer), (const void *)BOARD_RAM, TREE_LIMIT))
        panic("no device tree at the start of RAM", NULL);
    if (!dt_reg(&tree.dt, dt_path(&tree.dt, "/memory"), 0, &ram.base, &ram.size))
        panic("the device tree has no memory", NULL);
    find_pes();
}

/* ---- images */

static void copy(enum fw_cfg_item item, u64 to, u32 size)
{
    if (!is_non_secure_memory(to, size))
        panic("an image doesn't fit in RAM", NULL);
    if (!fw_cfg_copy(item, to, size, (void *)(ram.base + SCRATCH_COMMAND)))
        panic("fw_cfg gives no data", NULL);
}

static void load_kernel(struct loaded *loaded)
{
    const u64 *header = (const u64 *)(ram.base + SCRATCH_HEADER);
    u32 size = fw_cfg_u32(FW_CFG_KERNEL_SIZE);
    if (size < 64)
        panic("no kernel in fw_cfg", NULL);
    copy(FW_CFG_KERNEL_DATA, (u64)header, 64);
    if ((u32)header[7] != IMAGE_MAGIC)
        panic("the kernel is not an arm64 Image", NULL);
    u64 text_offset = header[1], image_size = header[2] > size ? header[2] : size;
    if (text_offset >= ram.size || image_size > ram.size)
        panic("the kernel doesn't fit in RAM", NULL);
    loaded->kernel = ram.base + BOOT_ALIGN + text_offset;
    loaded->end = loaded->kernel + image_size;
    copy(FW_CFG_KERNEL_DATA, loaded->kernel, size);
    if (!is_non_secure_memory(loaded->kernel, image_size))
        panic("the kernel doesn't fit in RAM", NULL);
}

static void load_initrd(struct loaded *loaded)
{
    u32 size = fw_cfg_u32(FW_CFG_INITRD_SIZE);
    if (size == 0)
        return;
    loaded->initrd_start = (loaded->end + BOOT_ALIGN - 1) & ~(BOOT_ALIGN - 1);
    loaded->initrd_end = loaded->end = loaded->initrd_start + size;
    copy(FW_CFG_INITRD_DATA, loaded->initrd_start, size);
}

/* ---- the tree as the operating system is to see it */

static bool patch_chosen(const struct loaded *loaded)
{
    int node = dt_add_node(&tree, 0, "chosen");
    u32 size = fw_cfg_u32(FW_CFG_CMDLINE_SIZE);
    char *text = (char *)(ram.base + SCRATCH_TEXT);
    if (size > TEXT_LIMIT)
        panic("the command line is too long", NULL);
    if (size > 1) {
        copy(FW_CFG_CMDLINE_DATA, (u64)text, size);
        text[size - 1] = '\0';
        if (!dt_set_string(&tree, node, "bootargs", text))
            return false;
    }
    return !loaded->initrd_end || (dt_set_u64(&tree, node, "linux,initrd-start", loaded->initrd_start) &&
                                   dt_set_u64(&tree, node, "linux,initrd-end", loaded->initrd_end));
}

static bool patch_psci(void)
{
    int node = dt_add_node(&tree, 0, "psci");
    bool good = node != DT_NONE && dt_set(&tree, node, "compatible", psci_compatible, PSCI_COMPATIBLE_BYTES) &&
                dt_set_string(&tree, node, "method", "smc");
    for (node = dt_first_child(&tree.dt, dt_path(&tree.dt, "/cpus")); node != DT_NONE && good;
         node = dt_next_sibling(&tree.dt, node))
        if (dt_has_string(&tree.dt, node, "device_type", "cpu"))
            good = dt_set_string(&tree, node, "enable-method", "psci");
    return good;
}

/* The kernel reads it with its caches off. */
static void clean_to_memory(u64 from, u64 size)
{
    u64 line = 4ul << (READ(ctr_el0) >> 16 & 15);
    for (u64 at = from & ~(line - 1); at < from + size; at += line)
        __asm__ volatile("dc cvac, %0" ::"r"(at) : "memory");
    DSB();
}

static void write_tree(const struct loaded *loaded)
{
    if (!patch_chosen(loaded) || !patch_psci() || !devices_describe(&tree))
        panic("the device tree is too large", NULL);
    memcpy((void *)ram.base, tree.base, tree.dt.size);
    clean_to_memory(ram.base, tree.dt.size);
}

/* ---- PEs */

static void start_pe(unsigned index)
{
    WRITE(tpidr_el3, &pes[index]);
    memory_map_use();
    if (READ(cntfrq_el0) == 0)
        WRITE(cntfrq_el0, COUNTER_HZ);
    gic_secure_pe();
    gic_secure_ppi(INTID_SECURE_TIMER);
}

static void enter_lower(u64 entry, u64 context)
{
    lower_levels_reset();
    struct frame frame = {.elr = entry, .spsr = PSTATE_DAIF | (have_el2 ? 2 : 1) << 2 | PSTATE_SP};
    frame.x[0] = context;
    __asm__ volatile("ic iallu\n\tdsb sy\n\tisb" ::: "memory");
    leave_monitor(&frame);
}

void cold_boot(void)
{
    struct loaded loaded = {0};
    pl011_open(BOARD_SECURE_UART, false);
    read_tree();
    memory_map_build();
    start_pe(0);
    if (!fw_cfg_present())
        panic("no fw_cfg with DMA", NULL);
    load_kernel(&loaded);
    load_initrd(&loaded);
    gic_secure_distributor();
    devices_start();
    write_tree(&loaded);
    print("monitor (%s): %u PE(s), kernel at %lx\n", config.name, pe_count, loaded.kernel);
    pes[0].power = PE_ON;
    gic_secure_enable(); /* the others go on */
    __asm__ volatile("dsb sy\n\tsev");
    enter_lower(loaded.kernel, ram.base);
    __builtin_unreachable();
}

void warm_boot(unsigned index)
{
    start_pe(index);
    wait_for_work();
}

/* Off: nothing happens here but Group 0 interrupts, until CPU_ON. */
void wait_for_work(void)
{
    struct pe *pe = this_pe();
    __asm__ volatile("msr daifclr, #1");
    while (__atomic_load_n(&pe->power, __ATOMIC_ACQUIRE) != PE_ON_PENDING)
        __asm__ volatile("wfe");
    __asm__ volatile("msr daifset, #1");
    u64 entry = pe->entry, context = pe->context;
    pe->serror = 0;
    __atomic_store_n(&pe->power, PE_ON, __ATOMIC_RELEASE);
    enter_lower(entry, context);
    __builtin_unreachable();
}
