#include "rom.h"

extern u8 rom_text_start[], rom_data_start[], rom_el0_start[], rom_el0_end[], rom_end[];

u8 el0_stack[4096] EL0_DATA __attribute__((aligned(16)));
static u64 level1[512] __attribute__((aligned(4096)));
static u64 level2[512] __attribute__((aligned(4096)));
static u64 level3[512] __attribute__((aligned(4096)));

#define AF (1ul << 10)
#define INNER_SHAREABLE (3ul << 8)
#define READ_ONLY (1ul << 7)
#define EL0 (1ul << 6)
#define PXN (1ul << 53)
#define UXN (1ul << 54)
#define NORMAL (1ul << 2)
#define DEVICE (0ul << 2)

/* 0 to 1 GiB Device; RAM in 2 MiB blocks, the ROM's own 2 MiB in pages. */
static void build_tables(void)
{
    const u64 ram = 0x40000000, own = (u64)rom_text_start & ~0x1ffffful;
    level1[0] = DEVICE | AF | PXN | UXN | 1;
    level1[1] = (u64)level2 | 3;
    for (u64 i = 0; i < 512; i++)
        level2[i] = (ram + (i << 21)) | NORMAL | AF | INNER_SHAREABLE | UXN | 1;
    level2[(own - ram) >> 21] = (u64)level3 | 3;
    for (u64 i = 0; i < 512; i++) {
        u64 address = own + (i << 12), flags = PXN | UXN;
        if (address >= (u64)rom_text_start && address < (u64)rom_data_start)
            flags = READ_ONLY | EL0;
        else if (address >= (u64)rom_el0_start && address < (u64)rom_el0_end)
            flags = EL0 | PXN | UXN;
        level3[i] = address | flags | NORMAL | AF | INNER_SHAREABLE | 3;
    }
    DSB();
}

void mmu_on(void)
{
    build_tables();
    mmu_join();
}

void mmu_join(void)
{
    WRITE(mair_el1, 0xff04);
    WRITE(ttbr0_el1, level1);
    WRITE(tcr_el1, 25 | 0x3500 | 1 << 23 | 2ul << 32);
    DSB();
    __asm__ volatile("tlbi vmalle1\n\tdsb sy\n\tisb" ::: "memory");
    WRITE(sctlr_el1, (READ(sctlr_el1) | 0x1005 | 1ul << 23) & ~(1ul << 19 | 1ul << 25));
    ISB();
}

/* The same tables for EL2: EL2&0, or EL2 alone, where bits of the second privilege mean nothing. */
void mmu_on_el2(void)
{
    u64 el1_format = 25 | 0x3500 | 1 << 23 | 2ul << 32, el2_format = 25 | 0x3500 | 1ul << 23 | 1ul << 31 | 2 << 16;
    build_tables();
    WRITE(mair_el2, 0xff04);
    WRITE(ttbr0_el2, level1);
    WRITE(tcr_el2, READ(hcr_el2) >> 34 & 1 ? el1_format : el2_format);
    DSB();
    __asm__ volatile("tlbi alle2\n\tdsb sy\n\tisb" ::: "memory");
    WRITE(sctlr_el2, (READ(sctlr_el2) | 0x1005 | 1ul << 23) & ~(1ul << 19 | 1ul << 25));
    ISB();
}

volatile u64 *mmu_descriptor(u64 va)
{
    return &level3[va >> 12 & 511];
}

void mmu_invalidate(u64 va)
{
    DSB();
    if (current_el() == 2)
        __asm__ volatile("tlbi vae2is, %0\n\tdsb sy\n\tisb" ::"r"(va >> 12) : "memory");
    else
        __asm__ volatile("tlbi vaae1is, %0\n\tdsb sy\n\tisb" ::"r"(va >> 12) : "memory");
}

void mmu_set_page(u64 va, bool mapped)
{
    volatile u64 *descriptor = mmu_descriptor(va);
    *descriptor = (*descriptor & ~1ul) | mapped;
    mmu_invalidate(va);
}

void mmu_map_device(u64 va, u64 physical)
{
    mmu_set_page(va, false);
    *mmu_descriptor(va) = physical | EL0 | PXN | UXN | DEVICE | AF | 3;
    mmu_invalidate(va);
}
