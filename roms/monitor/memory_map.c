/*
 * The monitor's own translation: addresses are physical ones. What belongs to Non-secure state is mapped as Non-secure,
 * so that the monitor reads what its callers see: the bits of a Secure address can't be reached through it.
 */
#include "../lib/board.h"
#include "../lib/pgtab.h"
#include "../lib/pgtab_tlbi.h"
#include "monitor.h"

enum { TABLES = 24, INPUT_BITS = 39 };
#define MIB 0x100000ul
#define GIB 0x40000000ul

struct range ram;

static struct pgtab map;
static u64 tables[TABLES][512] __attribute__((aligned(4096)));
static unsigned tables_used;
extern u8 data_start[];

static void *allocate(void *context)
{
    (void)context;
    return tables_used < TABLES ? tables[tables_used++] : NULL;
}

static void add(u64 base, u64 size, unsigned flags)
{
    if (pgtab_map(&map, base, base, size, flags))
        panic("no memory for translation tables", NULL);
}

void memory_map_build(void)
{
    map = (struct pgtab){.allocate = allocate};
    if (pgtab_init(&map, PGTAB_EL2, INPUT_BITS))
        panic("no memory for translation tables", NULL);
    add(BOARD_FLASH, MIB, PGTAB_READ | PGTAB_EXECUTE);
    add(BOARD_FLASH + BOARD_FLASH_BANK, BOARD_FLASH_BANK, PGTAB_READ | PGTAB_NON_SECURE);
    add(BOARD_GICD, 0x01000000, PGTAB_READ | PGTAB_WRITE | PGTAB_DEVICE);
    add(BOARD_UART, 0x01000000, PGTAB_READ | PGTAB_WRITE | PGTAB_DEVICE);
    add(BOARD_SECURE_RAM, MIB, PGTAB_READ | PGTAB_WRITE);
    ram.size &= ~(2 * MIB - 1);
    add(ram.base, ram.size, PGTAB_READ | PGTAB_WRITE | PGTAB_NON_SECURE);
}

void memory_map_use(void)
{
    /* TCR_EL3: T0SZ, inner and outer write-back tables, inner shareable, 4 KiB, RES1; PS as the PE has it. */
    u64 size = READ(id_aa64mmfr0_el1) & 7;
    WRITE(mair_el3, PGTAB_MAIR);
    WRITE(ttbr0_el3, map.root);
    WRITE(tcr_el3, (64 - INPUT_BITS) | 1 << 8 | 1 << 10 | 3 << 12 | size << 16 | 1u << 31 | 1 << 23);
    __asm__ volatile("dsb sy\n\ttlbi alle3\n\tdsb sy\n\tisb" ::: "memory");
    WRITE(sctlr_el3, READ(sctlr_el3) | 0x1005); /* M, C, I */
    ISB();
}

bool is_non_secure_memory(u64 address, u64 size)
{
    const struct range ranges[] = {ram, {BOARD_FLASH + BOARD_FLASH_BANK, BOARD_FLASH_BANK}};
    for (unsigned i = 0; i < COUNT(ranges); i++)
        if (address >= ranges[i].base && address - ranges[i].base < ranges[i].size &&
            size <= ranges[i].size - (address - ranges[i].base))
            return true;
    return false;
}
