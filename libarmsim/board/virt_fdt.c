/* The device tree of the board `virt`: made from the machine as it is, or the user's with the images filled in. */
#include "devices/fdt_writer.h"
#include "gic/gic.h"
#include "libarmsim/board/virt.h"

#include <libfdt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { APB_CLOCK_HZ = 24000000, PPI_FIRST_INTID = 16, SPARE_BYTES = 8192, DTB_APPEND_MAX = 65536 };

static int fdt_fail(struct armsim_machine *machine, const char *what, const char *field, int error)
{
    if (error == -FDT_ERR_NOSPACE)
        return machine_fail(machine, ARMSIM_ERROR_MEMORY, "%s: %s: out of memory", what, field);
    return machine_fail(machine, ARMSIM_ERROR_INPUT, "%s: %s: %s", what, field, fdt_strerror(error));
}

/* A PPI by its INTID, level-sensitive. GICv2 adds the PEs that have it. */
static struct fdt_interrupt ppi(const struct armsim_machine *machine, uint32_t intid)
{
    uint32_t flags = FDT_LEVEL_HIGH;
    if (machine->options.gic_version == 2)
        flags |= ((1u << machine->pe_count) - 1) << 8;
    return (struct fdt_interrupt){FDT_PPI, intid - PPI_FIRST_INTID, flags};
}

static void write_psci(struct armsim_machine *machine, struct fdt_writer *writer)
{
    static const char compatible[] = "arm,psci-1.0\0arm,psci-0.2\0arm,psci";
    enum { CPU_SUSPEND = 0xc4000001, CPU_OFF = 0x84000002, CPU_ON = 0xc4000003 };
    enum armsim_conduit conduit = machine->board_data->conduit;
    if (conduit == ARMSIM_CONDUIT_NONE)
        return;
    fdtw_begin(writer, "psci");
    fdtw_strings(writer, "compatible", compatible, sizeof(compatible));
    fdtw_string(writer, "method", conduit == ARMSIM_CONDUIT_SMC ? "smc" : "hvc");
    /* Function numbers are for readers of the first binding, "arm,psci". */
    fdtw_u32(writer, "cpu_suspend", CPU_SUSPEND);
    fdtw_u32(writer, "cpu_off", CPU_OFF);
    fdtw_u32(writer, "cpu_on", CPU_ON);
    fdtw_end(writer);
}

/* "arm,cortex-a57" for a core of that name, "arm,armv8" for the generic models. */
static void cpu_compatible(const struct armsim_machine *machine, char *text, size_t size)
{
    const char *cpu = machine->model->name;
    bool core = strncmp(cpu, "cortex-", 7) == 0 || strncmp(cpu, "neoverse-", 9) == 0;
    if (core)
        snprintf(text, size, "arm,%s", cpu);
    else
        snprintf(text, size, "arm,armv8");
}

#define MPIDR_AFFINITY UINT64_C(0xff00ffffff)
#define MPIDR_CLUSTER(affinity) ((affinity) >> 8)

static void write_cpus(struct armsim_machine *machine, struct fdt_writer *writer)
{
    char compatible[64];
    cpu_compatible(machine, compatible, sizeof(compatible));
    uint32_t phandles[ARMSIM_MAX_PES];
    fdtw_begin(writer, "cpus");
    fdtw_u32(writer, "#address-cells", 1);
    fdtw_u32(writer, "#size-cells", 0);
    for (unsigned i = 0; i < machine->pe_count; i++) {
        uint64_t affinity = machine->pes[i]->mpidr & MPIDR_AFFINITY; /* 64 PEs: Aff3 and Aff2 are 0 */
        phandles[i] = fdtw_new_phandle(writer);
        fdtw_begin_at(writer, "cpu", affinity);
        fdtw_string(writer, "device_type", "cpu");
        fdtw_string(writer, "compatible", compatible);
        fdtw_u32(writer, "reg", (uint32_t)affinity);
        if (machine->board_data->conduit != ARMSIM_CONDUIT_NONE)
            fdtw_string(writer, "enable-method", "psci");
        fdtw_u32(writer, "phandle", phandles[i]);
        fdtw_end(writer);
    }
    /* The topology: a cluster for each value of Aff1. */
    fdtw_begin(writer, "cpu-map");
    fdtw_begin(writer, "socket0");
    unsigned cluster = 0;
    for (unsigned i = 0; i < machine->pe_count; cluster++) {
        uint64_t affinity = MPIDR_CLUSTER(machine->pes[i]->mpidr & MPIDR_AFFINITY);
        char name[32];
        snprintf(name, sizeof(name), "cluster%u", cluster);
        fdtw_begin(writer, name);
        for (unsigned core = 0; i < machine->pe_count; i++, core++) {
            if (MPIDR_CLUSTER(machine->pes[i]->mpidr & MPIDR_AFFINITY) != affinity)
                break;
            snprintf(name, sizeof(name), "core%u", core);
            fdtw_begin(writer, name);
            fdtw_u32(writer, "cpu", phandles[i]);
            fdtw_end(writer);
        }
        fdtw_end(writer);
    }
    fdtw_end(writer);
    fdtw_end(writer);
    fdtw_end(writer);
}

static void write_timer(struct armsim_machine *machine, struct fdt_writer *writer)
{
    static const char compatible[] = "arm,armv8-timer\0arm,armv7-timer";
    const struct board_gic *gic = machine->board->gic;
    struct fdt_interrupt interrupts[] = {
        ppi(machine, gic->ppi_secure_physical_timer), ppi(machine, gic->ppi_physical_timer),
        ppi(machine, gic->ppi_virtual_timer), ppi(machine, gic->ppi_hypervisor_timer),
        ppi(machine, gic->ppi_hypervisor_virtual_timer),
    };
    bool hypervisor_virtual = machine->options.virtualization && feature_set_has(&machine->features, FEATURE_VHE);
    fdtw_begin(writer, "timer");
    fdtw_strings(writer, "compatible", compatible, sizeof(compatible));
    fdtw_empty(writer, "always-on");
    fdtw_interrupts(writer, interrupts, hypervisor_virtual ? 5 : 4);
    fdtw_end(writer);
}

static void write_pmu(struct armsim_machine *machine, struct fdt_writer *writer)
{
    if (!feature_set_has(&machine->features, FEATURE_PMUv3))
        return;
    struct fdt_interrupt interrupt = ppi(machine, machine->board->gic->ppi_pmu);
    fdtw_begin(writer, "pmu");
    fdtw_string(writer, "compatible", "arm,armv8-pmuv3");
    fdtw_interrupts(writer, &interrupt, 1);
    fdtw_end(writer);
}

static void write_clock(struct fdt_writer *writer)
{
    fdtw_begin(writer, "apb-pclk");
    fdtw_string(writer, "compatible", "fixed-clock");
    fdtw_u32(writer, "#clock-cells", 0);
    fdtw_u32(writer, "clock-frequency", APB_CLOCK_HZ);
    fdtw_string(writer, "clock-output-names", "clk24mhz");
    fdtw_u32(writer, "phandle", FDT_PHANDLE_CLOCK);
    fdtw_end(writer);
}

static void write_memory_node(struct fdt_writer *writer, const char *name, uint64_t base, uint64_t size, bool secure)
{
    const uint64_t window[1][2] = {{base, size}};
    fdtw_begin_at(writer, name, base);
    fdtw_string(writer, "device_type", "memory");
    fdtw_reg(writer, window, 1);
    if (secure) {
        fdtw_string(writer, "status", "disabled");
        fdtw_string(writer, "secure-status", "okay");
    }
    fdtw_end(writer);
}

static void write_memory(struct armsim_machine *machine, struct fdt_writer *writer)
{
    write_memory_node(writer, "memory", VIRT_RAM_BASE, machine->options.ram_size, false);
    if (machine->options.secure)
        write_memory_node(writer, "secram", VIRT_SECURE_RAM_BASE, VIRT_SECURE_RAM_SIZE, true);
}

static void write_chosen(struct armsim_machine *machine, const struct virt_boot_info *info, struct fdt_writer *writer)
{
    const struct board_data *virt = machine->board_data;
    char uart[32];
    snprintf(uart, sizeof(uart), "/pl011@%llx", VIRT_UART0_BASE);
    fdtw_begin(writer, "chosen");
    if (machine->options.append && *machine->options.append)
        fdtw_string(writer, "bootargs", machine->options.append);
    fdtw_string(writer, "stdout-path", uart);
    if (info->has_initrd) {
        fdtw_u64(writer, "linux,initrd-start", info->initrd_start);
        fdtw_u64(writer, "linux,initrd-end", info->initrd_end);
    }
    fdtw_bytes(writer, "rng-seed", virt->rng_seed, sizeof(virt->rng_seed));
    fdtw_u64(writer, "kaslr-seed", virt->kaslr_seed);
    fdtw_end(writer);
}

static int describe_all(struct armsim_machine *machine, struct fdt_writer *writer)
{
    int error = gic_describe(machine->gic, writer);
    for (size_t i = 0; i < machine->device_count && error == 0; i++)
        error = device_describe(machine->devices[i], writer);
    return error;
}

static int generate(struct armsim_machine *machine, const struct virt_boot_info *info, void **dtb, size_t *size)
{
    struct fdt_writer *writer = fdt_writer_create();
    if (!writer)
        return machine_fail(machine, ARMSIM_ERROR_MEMORY, "out of memory");
    fdtw_string(writer, "compatible", "linux,dummy-virt");
    fdtw_string(writer, "model", "linux,dummy-virt");
    fdtw_u32(writer, "#address-cells", 2);
    fdtw_u32(writer, "#size-cells", 2);
    fdtw_u32(writer, "interrupt-parent", gic_phandle(machine->gic));
    fdtw_empty(writer, "dma-coherent");
    write_psci(machine, writer);
    write_memory(machine, writer);
    write_clock(writer);
    write_cpus(machine, writer);
    write_timer(machine, writer);
    write_pmu(machine, writer);
    int error = describe_all(machine, writer);
    write_chosen(machine, info, writer);
    if (error == 0)
        error = fdtw_finish(writer, dtb, size);
    fdt_writer_destroy(writer);
    return error == 0 ? 0 : fdt_fail(machine, "device tree", "generation", error);
}

/* --- the user's tree --- */

static bool is_memory(const void *fdt, int node)
{
    int length;
    const char *type = fdt_getprop(fdt, node, "device_type", &length);
    return type && length == sizeof("memory") && memcmp(type, "memory", sizeof("memory")) == 0;
}

/* A number in `cells` cells of 32 bits. False: it doesn't fit. */
static bool put_cells(fdt32_t *to, int cells, uint64_t value)
{
    if (cells < 1 || cells > 2 || (cells == 1 && value > UINT32_MAX))
        return false;
    if (cells == 2)
        *to++ = cpu_to_fdt32((uint32_t)(value >> 32));
    *to = cpu_to_fdt32((uint32_t)value);
    return true;
}

/* The memory nodes, whatever they said, make room for one that says what the machine has. */
static int fill_memory(struct armsim_machine *machine, void *fdt)
{
    for (int next, node = fdt_first_subnode(fdt, 0); node >= 0; node = next) {
        next = fdt_next_subnode(fdt, node);
        int length;
        const char *status = fdt_getprop(fdt, node, "status", &length);
        bool disabled = status && length == sizeof("disabled") && memcmp(status, "disabled", sizeof("disabled")) == 0;
        if (!is_memory(fdt, node) || disabled)
            continue;
        int error = fdt_nop_node(fdt, node); /* offsets stay as they are */
        if (error < 0)
            return error;
    }
    int address_cells = fdt_address_cells(fdt, 0), size_cells = fdt_size_cells(fdt, 0);
    fdt32_t reg[4];
    if (!put_cells(reg, address_cells, VIRT_RAM_BASE) ||
        !put_cells(reg + address_cells, size_cells, machine->options.ram_size))
        return -FDT_ERR_BADNCELLS;
    char name[32];
    snprintf(name, sizeof(name), "memory@%llx", VIRT_RAM_BASE);
    int node = fdt_add_subnode(fdt, 0, name);
    if (node == -FDT_ERR_EXISTS)
        node = fdt_subnode_offset(fdt, 0, name);
    if (node < 0)
        return node;
    int error = fdt_setprop_string(fdt, node, "device_type", "memory");
    if (error < 0)
        return error;
    return fdt_setprop(fdt, node, "reg", reg, (address_cells + size_cells) * (int)sizeof(*reg));
}

static int fill_chosen(struct armsim_machine *machine, const struct virt_boot_info *info, void *fdt)
{
    int node = fdt_path_offset(fdt, "/chosen");
    if (node == -FDT_ERR_NOTFOUND)
        node = fdt_add_subnode(fdt, 0, "chosen");
    if (node < 0)
        return node;
    int error = 0;
    if (machine->options.append && *machine->options.append)
        error = fdt_setprop_string(fdt, node, "bootargs", machine->options.append);
    if (error == 0 && info->has_initrd)
        error = fdt_setprop_u64(fdt, node, "linux,initrd-start", info->initrd_start);
    if (error == 0 && info->has_initrd)
        error = fdt_setprop_u64(fdt, node, "linux,initrd-end", info->initrd_end);
    return error;
}

static int fill_in(struct armsim_machine *machine, const struct virt_boot_info *info, const struct blob *given,
                   void **dtb, size_t *size)
{
    size_t append = machine->options.append ? strlen(machine->options.append) : 0;
    if (append > DTB_APPEND_MAX)
        return machine_fail(machine, ARMSIM_ERROR_OPTION, "append: %zu characters given, at most %d expected", append,
                            DTB_APPEND_MAX);
    size_t room = fdt_totalsize(given->data) + append + SPARE_BYTES;
    void *fdt = calloc(1, room);
    if (!fdt)
        return machine_fail(machine, ARMSIM_ERROR_MEMORY, "out of memory");
    const char *field = "structure";
    int error = fdt_open_into(given->data, fdt, (int)room);
    if (error == 0) {
        field = "/memory";
        error = fill_memory(machine, fdt);
    }
    if (error == 0) {
        field = "/chosen";
        error = fill_chosen(machine, info, fdt);
    }
    if (error == 0)
        error = fdt_pack(fdt);
    if (error < 0) {
        free(fdt);
        return fdt_fail(machine, given->name, field, error);
    }
    *dtb = fdt;
    *size = fdt_totalsize(fdt);
    return 0;
}

int virt_make_dtb(struct armsim_machine *machine, const struct virt_boot_info *info, const struct blob *given,
                  void **dtb, size_t *size)
{
    return given ? fill_in(machine, info, given, dtb, size) : generate(machine, info, dtb, size);
}
