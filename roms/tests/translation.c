/* A TLB that goes stale until it is told: by address, by ASID, altogether; global entries; the access flag; AT. */
#include "../lib/test.h"

#define VA 0x80000000ul /* two pages of it are mapped here */

static u64 level2[512] __attribute__((aligned(4096)));
static u64 level3[512] __attribute__((aligned(4096)));
static volatile u64 page_a[512] __attribute__((aligned(4096)));
static volatile u64 page_b[512] __attribute__((aligned(4096)));
static volatile unsigned faults;
static volatile u64 last_esr;

#define NORMAL_PAGE (0x703ul | 1 << 2 | 3ul << 53) /* AF, Inner Shareable, EL1 only */
#define NOT_GLOBAL (1ul << 11)
#define ACCESS_FLAG (1ul << 10)

static void handle(struct frame *frame, unsigned vector, unsigned el)
{
    (void)vector;
    (void)el;
    faults++;
    last_esr = frame->esr;
    frame->elr += 4;
}

static void map(unsigned index, volatile u64 *page, u64 flags)
{
    *(volatile u64 *)&level3[index] = page ? (u64)page | (NORMAL_PAGE ^ flags) : 0;
    __asm__ volatile("dsb ishst\n\tisb" ::: "memory");
}

static u64 look(unsigned index)
{
    return *(volatile u64 *)(VA + index * 4096);
}

static void invalidate_address(unsigned index)
{
    u64 operand = (VA + index * 4096) >> 12;
    __asm__ volatile("tlbi vaae1, %0\n\tdsb ish\n\tisb" ::"r"(operand) : "memory");
}

static void set_asid(u64 asid)
{
    u64 ttbr = READ(ttbr0_el1) & 0xfffffffffffful;
    WRITE(ttbr0_el1, ttbr | asid << 48);
    ISB();
}

void test_main(void)
{
    set_handler(handle);
    u64 *level1 = (u64 *)(READ(ttbr0_el1) & 0xfffffffff000ul);
    level2[0] = (u64)level3 | 3;
    level1[2] = (u64)level2 | 3;
    page_a[0] = 0xa;
    page_b[0] = 0xb;

    /* A changed entry is seen after TLBI, and a TLBI of another address doesn't help. */
    map(0, page_a, 0);
    CHECK(look(0) == 0xa);
    map(0, page_b, 0);
    invalidate_address(1);
    CHECK(look(0) == 0xa);
    invalidate_address(0);
    CHECK(look(0) == 0xb);

    /* An invalid entry is never cached: making it valid needs no TLBI. */
    map(1, 0, 0);
    faults = 0;
    look(1);
    CHECK(faults == 1 && (last_esr & 0x3f) == 7);
    map(1, page_a, 0);
    CHECK(look(1) == 0xa && faults == 1);

    /* Entries that aren't global belong to their ASID. */
    set_asid(1);
    map(2, page_a, NOT_GLOBAL);
    CHECK(look(2) == 0xa);
    map(2, page_b, NOT_GLOBAL);
    CHECK(look(2) == 0xa);
    set_asid(2);
    CHECK(look(2) == 0xb);
    set_asid(1);
    CHECK(look(2) == 0xa);
    __asm__ volatile("tlbi aside1, %0\n\tdsb ish\n\tisb" ::"r"(1ul << 48) : "memory");
    CHECK(look(2) == 0xb);
    set_asid(0);

    /* TLBI VMALLE1 forgets everything. */
    map(0, page_a, 0);
    CHECK(look(0) == 0xb);
    __asm__ volatile("tlbi vmalle1\n\tdsb ish\n\tisb" ::: "memory");
    CHECK(look(0) == 0xa);

    /* A clear access flag faults, at level 3, and isn't cached. */
    map(3, page_a, ACCESS_FLAG);
    faults = 0;
    look(3);
    CHECK(faults == 1 && (last_esr & 0x3f) == 0xb);
    map(3, page_a, 0);
    CHECK(look(3) == 0xa);

    /* AT finds the same as the access would. */
    __asm__ volatile("at s1e1r, %0\n\tisb" ::"r"(VA) : "memory");
    CHECK((READ(par_el1) & 0xfffffffff001ul) == (u64)page_a);
    __asm__ volatile("at s1e0r, %0\n\tisb" ::"r"(VA) : "memory");
    CHECK((READ(par_el1) & 0x7f) == (0xf << 1 | 1)); /* permission fault, level 3 */
}
