/*
 * System registers: access, the barriers that go with it, and the bits of HCR_EL2 and SPSR_ELx. Assembly sources have
 * the bits alone.
 */
#ifndef ROM_SYSREG_H
#define ROM_SYSREG_H

#ifdef __ASSEMBLER__
#define BIT(n) (1 << (n))
#else
#include "types.h"

#define STRING(x) #x
#define READ(reg)                                                                                                      \
    ({                                                                                                                 \
        u64 value_;                                                                                                    \
        __asm__ volatile("mrs %0, " STRING(reg) : "=r"(value_)::"memory");                                             \
        value_;                                                                                                        \
    })
#define WRITE(reg, v) __asm__ volatile("msr " STRING(reg) ", %0" ::"r"((u64)(v)) : "memory")
#define ISB() __asm__ volatile("isb" ::: "memory")
#define DSB() __asm__ volatile("dsb sy" ::: "memory")

#define BIT(n) (1ull << (n))
#endif

#define HCR_VM BIT(0)
#define HCR_SWIO BIT(1)
#define HCR_FMO BIT(3)
#define HCR_IMO BIT(4)
#define HCR_AMO BIT(5)
#define HCR_VSE BIT(8)
#define HCR_FB BIT(9)
#define HCR_BSU_INNER BIT(10)
#define HCR_TWI BIT(13)
#define HCR_TWE BIT(14)
#define HCR_TID2 BIT(17)
#define HCR_TID3 BIT(18)
#define HCR_TSC BIT(19)
#define HCR_TIDCP BIT(20)
#define HCR_TACR BIT(21)
#define HCR_TSW BIT(22)
#define HCR_TPC BIT(23)
#define HCR_TPU BIT(24)
#define HCR_TGE BIT(27)
#define HCR_RW BIT(31)
#define HCR_E2H BIT(34)
#define HCR_TLOR BIT(35)
#define HCR_TERR BIT(36)
#define HCR_TEA BIT(37)

/* PSTATE, as SPSR_ELx holds it. */
#define PSTATE_SP BIT(0)
#define PSTATE_EL(pstate) ((unsigned)((pstate) >> 2 & 3))
#define PSTATE_AARCH32 BIT(4)
#define PSTATE_A BIT(8)
#define PSTATE_D BIT(9)
#define PSTATE_DAIF (15 * BIT(6))
#define PSTATE_BTYPE (3 * BIT(10))
#define PSTATE_SSBS BIT(12)
#define PSTATE_SS BIT(21)
#define PSTATE_PAN BIT(22)
#define PSTATE_UAO BIT(23)
#define PSTATE_DIT BIT(24)
#define PSTATE_TCO BIT(25)
#define PSTATE_NZCV (15 * BIT(28))
#define PSTATE_EL1H_MASKED (PSTATE_DAIF | 1 << 2 | PSTATE_SP)

#endif
