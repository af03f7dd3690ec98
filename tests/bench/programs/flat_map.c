/* Identity tables of 4 KiB pages: normal memory at RAM_BASE, one device page for the UART. */
#include "program.h"

#define UART 0x09000000ul
#define RAM_BASE 0x40000000ul
#define RAM_MAP (32ul << 20)

static u64 l1[512] __attribute__((aligned(4096)));
static u64 l2ram[512] __attribute__((aligned(4096)));
static u64 l2dev[512] __attribute__((aligned(4096)));
static u64 l3dev[512] __attribute__((aligned(4096)));
static u64 l3ram[RAM_MAP >> 21][512] __attribute__((aligned(4096)));

u64 mmu_build(void)
{
    l1[0] = (u64)l2dev | 3;
    l1[RAM_BASE >> 30] = (u64)l2ram | 3;
    l2dev[UART >> 21] = (u64)l3dev | 3;
    l3dev[0] = UART | (1ul << 54) | (1ul << 53) | (1 << 10) | (0 << 2) | 3;
    for (u64 i = 0; i < RAM_MAP >> 21; i++) {
        l2ram[i] = (u64)l3ram[i] | 3;
        for (u64 j = 0; j < 512; j++)
            l3ram[i][j] = (RAM_BASE + (i << 21) + (j << 12)) | (1ul << 54) | (1 << 10) | (3 << 8) | (2 << 2) | 3;
    }
    return (u64)l1;
}
