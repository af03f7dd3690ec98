/* EL2's own translation: RAM and the devices that the visor drives, one to one. With E2H the regime is EL2&0, of which the
 * lower range is used. */
#include "roms/lib/pgtab_tlbi.h"
#include "roms/visor/host.h"

#define INPUT_BITS 48

extern u8 image_start[], image_rodata[], image_data[], image_end[];

static struct pgtab tables = {
    .allocate = page_zeroed, .invalidate = pgtab_invalidate_el2, .publish = pgtab_publish};

void mmu_map_device(u64 base, u64 size)
{
    u64 first = base & ~(PGTAB_PAGE - 1), end = (base + size + PGTAB_PAGE - 1) & ~(PGTAB_PAGE - 1);
    pgtab_map(&tables, first, first, end - first, PGTAB_READ | PGTAB_WRITE | PGTAB_DEVICE);
}

static void map_ram(void)
{
    u64 base, size;
    const struct dt *fdt = &host.fdt;
    for (int node = dt_first_child(fdt, dt_path(fdt, "/")); node != DT_NONE; node = dt_next_sibling(fdt, node)) {
        for (unsigned i = 0;
             dt_has_string(fdt, node, "device_type", "memory") && dt_reg(fdt, node, i, &base, &size); i++)
            pgtab_map(&tables, base, base, size, PGTAB_READ | PGTAB_WRITE);
    }
}

void mmu_start(void)
{
    u64 text = (u64)image_start, rodata = (u64)image_rodata, data = (u64)image_data;
    pgtab_init(&tables, has_vhe() ? PGTAB_EL1 : PGTAB_EL2, INPUT_BITS);
    map_ram();
    pgtab_map(&tables, text, text, rodata - text, PGTAB_READ | PGTAB_EXECUTE);
    pgtab_map(&tables, rodata, rodata, data - rodata, PGTAB_READ);
    mmu_map_device(host.uart, PGTAB_PAGE);
    mmu_map_device(host.gicd, 0x10000);
    if (host.gic_version == 3) {
        mmu_map_device(host.gicr, host.gicr_size);
    } else {
        mmu_map_device(host.gicc, 0x2000);
        mmu_map_device(host.gich, 0x1000);
    }
    if (host.virtio_size)
        mmu_map_device(host.virtio, host.virtio_size);
    mmu_join();
}

void mmu_join(void)
{
    u64 size = READ(id_aa64mmfr0_el1) & 15;
    u64 tcr = (64 - INPUT_BITS) | 1 << 8 | 1 << 10 | 3 << 12; /* Write-Back, inner shareable */
    if (has_vhe())
        tcr |= size << 32 | BIT(23) | BIT(30) | (u64)(64 - INPUT_BITS) << 16; /* EPD1; TG1 4 KiB */
    else
        tcr |= size << 16 | BIT(31) | BIT(23);
    WRITE(mair_el2, PGTAB_MAIR);
    WRITE(tcr_el2, tcr);
    WRITE(ttbr0_el2, tables.root);
    __asm__ volatile("dsb sy\n\ttlbi alle2\n\ttlbi alle1\n\tdsb sy\n\tisb" ::: "memory");
    /* M, C, SA, I and the RES1 bits of either form; writable memory is never executable. */
    WRITE(sctlr_el2, 0x30c50830 | 0x100d | BIT(19));
    ISB();
}
