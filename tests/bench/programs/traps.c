/*
 * Round trips through exceptions, TLB maintenance, interrupts, devices and rewritten code. One program each: CASE names
 * the function, ITERATIONS says how often. What an empty run costs is measured by the case `nothing`.
 */
#include "program.h"

#define UART     0x09000000ul
#define RAM_BASE 0x40000000ul
#define RAM_MAP  (32ul << 20)
#define DATA     0x41000000ul /* pages that are mapped and unmapped */

u64 el0_svc_loop(u64 n);
extern u32 rewritten_code[];
extern u8 el0_page[];

u32 started_at_el3 = 1; /* trap_start.S clears it */
u64 good_entry[2];      /* where a table entry belongs, and its value: for the fault handler */
u64 faults, interrupts; /* counted by the handlers */

static u64 level1[512] __attribute__((aligned(4096)));
static u64 level2_ram[512] __attribute__((aligned(4096)));
static u64 level2_devices[512] __attribute__((aligned(4096)));
static u64 level3[RAM_MAP >> 21][512] __attribute__((aligned(4096)));

static u64 *entry_of(u64 va)
{
    return &level3[(va - RAM_BASE) >> 21][(va >> 12) & 511];
}

u64 mmu_build(void)
{
    level1[0] = (u64)level2_devices | 3;
    level1[1] = (u64)level2_ram | 3;
    for (u64 i = 0; i < 16; i++)
        level2_devices[64 + i] = (0x08000000ul + (i << 21)) | (3ul << 53) | (1 << 10) | 1;
    for (u64 i = 0; i < RAM_MAP >> 21; i++) {
        level2_ram[i] = (u64)level3[i] | 3;
        for (u64 j = 0; j < 512; j++)
            level3[i][j] = (RAM_BASE + (i << 21) + (j << 12)) | (1ul << 54) | (1 << 10) | (3 << 8) | (2 << 2) | 3;
    }
    u64 *el0 = entry_of((u64)el0_page);
    *el0 = (*el0 & ~(1ul << 54)) | (1 << 6) | (1 << 7); /* EL0 may read and execute */
    for (u64 i = 0; i < 64; i++)
        *entry_of(DATA + (i << 12)) |= 1 << 11; /* nG: these belong to an ASID */
    return (u64)level1;
}

#define READ(reg)                                                                                                      \
    ({                                                                                                                 \
        u64 value_;                                                                                                    \
        __asm__ volatile("mrs %0, " #reg : "=r"(value_));                                                              \
        value_;                                                                                                        \
    })
#define WRITE(reg, v)       __asm__ volatile("msr " #reg ", %0" ::"r"((u64)(v)) : "memory")
#define DO(text)            __asm__ volatile(text ::: "memory", "x0", "x9", "x10", "cc")
#define TLBI_VAE1(va)       __asm__ volatile("tlbi vae1, %0\n\tdsb ish\n\tisb" ::"r"((va) >> 12) : "memory")
#define LOAD(type, address) (*(volatile type *)(address))

static u64 touch(u64 pages)
{
    u64 sum = 0;
    for (u64 i = 0; i < pages; i++)
        sum += LOAD(u64, DATA + (i << 12) + i * 8);
    return sum;
}

static u64 nothing(u64 n)
{
    return n;
}

static u64 svc(u64 n)
{
    return el0_svc_loop(n);
}

static u64 hvc(u64 n)
{
    for (u64 i = 0; i < n; i++)
        DO("hvc #0");
    return 0;
}

static u64 smc(u64 n)
{
    for (u64 i = 0; i < n; i++)
        DO("smc #0");
    return 0;
}

static u64 trapped_mrs(u64 n) /* HCR_EL2.TID3 */
{
    for (u64 i = 0; i < n; i++)
        DO("mrs x0, id_aa64pfr0_el1");
    return 0;
}

static u64 page_fault(u64 n) /* the handler maps the page again */
{
    u64 sum = 0;
    good_entry[0] = (u64)entry_of(DATA);
    good_entry[1] = *entry_of(DATA);
    for (u64 i = 0; i < n; i++) {
        LOAD(u64, good_entry[0]) = 0;
        DO("dsb ishst");
        TLBI_VAE1(DATA);
        sum += LOAD(u64, DATA);
    }
    return faults + sum;
}

static u64 tlbi_page(u64 n)
{
    u64 sum = 0;
    for (u64 i = 0; i < n; i++) {
        TLBI_VAE1(DATA);
        sum += LOAD(u64, DATA);
    }
    return sum;
}

static u64 tlbi_all(u64 n)
{
    u64 sum = 0;
    for (u64 i = 0; i < n; i++) {
        DO("tlbi vmalle1\n\tdsb ish\n\tisb");
        sum += touch(64);
    }
    return sum;
}

static u64 asid_switch(u64 n)
{
    u64 sum = 0;
    for (u64 i = 0; i < n; i++) {
        WRITE(ttbr0_el1, (u64)level1 | ((1 + (i & 1)) << 48));
        DO("isb");
        sum += touch(16);
    }
    return sum;
}

static u64 software_interrupt(u64 n)
{
    DO("msr daifclr, #2");
    for (u64 i = 0; i < n; i++) {
        WRITE(S3_0_C12_C11_5, 1); /* ICC_SGI1R_EL1: SGI 0 to this PE */
        DO("isb");
        while (LOAD(u64, &interrupts) <= i)
            ;
    }
    return interrupts;
}

static u64 timer_interrupt(u64 n)
{
    DO("msr daifclr, #2");
    for (u64 i = 0; i < n; i++) {
        WRITE(cntv_cval_el0, 0);
        WRITE(cntv_ctl_el0, 1);
        DO("isb");
        while (LOAD(u64, &interrupts) <= i)
            ;
    }
    return interrupts;
}

static u64 uart_read(u64 n)
{
    u64 sum = 0;
    for (u64 i = 0; i < n; i++)
        sum += LOAD(u32, UART + 0x18);
    return sum / n;
}

static u64 uart_write(u64 n)
{
    for (u64 i = 0; i < n; i++)
        LOAD(u32, UART + 0x24) = (u32)i & 0xff;
    return 0;
}

static u64 rewritten(u64 n)
{
    u64 sum = 0;
    for (u64 i = 0; i < n; i++) {
        rewritten_code[0] = 0x52800000 | (u32)(i & 0xffff) << 5; /* MOV W0, #i */
        __asm__ volatile("dc cvau, %0\n\tdsb ish\n\tic ivau, %0\n\tdsb ish\n\tisb" ::"r"(rewritten_code) : "memory");
        sum += ((u32(*)(void))rewritten_code)();
    }
    return sum;
}

static u64 system_register(u64 n)
{
    u64 sum = 0;
    for (u64 i = 0; i < n; i++) {
        sum += READ(tpidr_el1);
        WRITE(tpidr_el1, i);
    }
    return sum & 1;
}

static u64 barrier(u64 n)
{
    for (u64 i = 0; i < n; i++)
        DO("isb");
    return 0;
}

#define TEXT_(x) #x
#define TEXT(x)  TEXT_(x)

void rom_main(void)
{
    u64 (*const all[])(u64) = {nothing,         svc,       hvc,        smc,         trapped_mrs,
                               page_fault,      tlbi_page, tlbi_all,   asid_switch, software_interrupt,
                               timer_interrupt, uart_read, uart_write, rewritten,   system_register,
                               barrier};
    (void)all; /* the compiler leaves out those that aren't called */
    report(TEXT(CASE), ITERATIONS, CASE(ITERATIONS));
}
