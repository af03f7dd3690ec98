/*
 * S01: a PE loads from a simulated register while another one changes the translation of the instruction and of the
 * data, at any moment: also between the abort and what the monitor looks at. Where they lead to Secure memory, to
 * nothing, or through a table where nothing is, the load has its own level's abort; the monitor isn't stopped, and
 * nothing of Secure memory is seen.
 */
#include "../lib/syndrome.h"
#include "../lib/test.h"

#define SIMULATED 0x0b002000ul
#define SECURE_RAM 0x0e000000ul
#define UNKNOWN_TABLE 0x0b00a000ul
#define PATTERN 0x0123456789abcdefull
#define ABORTED 0x5ec5e7ull
#define PAGE_DEVICE (BIT(54) | BIT(53) | BIT(10) | 3)
#define PAGE_CODE (BIT(54) | BIT(10) | 3 << 8 | 1 << 2 | BIT(7) | 3)
enum { INDEX = 5, LOADS = 4000, PAGE = 4096 };
#define DATA_VA ((u64)INDEX << 30)
#define CODE_VA (DATA_VA + 0x200000)

unsigned checks_failed;
static u64 level2[512] __attribute__((aligned(PAGE)));
static u64 data_table[512] __attribute__((aligned(PAGE))), code_table[512] __attribute__((aligned(PAGE)));
static u8 code[PAGE] __attribute__((aligned(PAGE)));
static volatile unsigned done;
static volatile struct {
    unsigned answered, aborts, fetch_aborts, others;
} seen;

__asm__("copied: ldr x0, [x1]\n\tret\n"
        "copied_end:\n");
extern const u8 copied[], copied_end[];

static void handle(struct frame *frame, unsigned vector, unsigned el)
{
    unsigned class = ESR_CLASS(frame->esr);
    if (vector == 4 && el == 1 && class == EC_FETCH_SAME) {
        seen.fetch_aborts++;
        frame->elr = frame->x[30];
    } else if (vector == 4 && el == 1 && class == EC_DATA_SAME) {
        seen.aborts++;
        frame->elr += 4;
    } else {
        print("vector %u, EL%u, ESR %lx, ELR %lx, FAR %lx\n", vector, el, frame->esr, frame->elr, frame->far);
        power_off(1);
    }
}

static void load_again_and_again(unsigned number)
{
    (void)number;
    for (unsigned i = 0; i < LOADS; i++) {
        register u64 x0 __asm__("x0") = ABORTED;
        register u64 x1 __asm__("x1") = DATA_VA;
        register u64 x2 __asm__("x2") = CODE_VA;
        __asm__ volatile("blr x2" : "+r"(x0) : "r"(x1), "r"(x2) : "x30", "memory");
        if (x0 == PATTERN)
            seen.answered++;
        else if (x0 != ABORTED)
            seen.others++;
    }
    done = 1;
    DSB();
}

/* Each of them by break-before-make, on all PEs. */
static void change(volatile u64 *descriptor, u64 value, u64 va)
{
    *descriptor = 0;
    mmu_invalidate(va);
    *descriptor = value;
    mmu_invalidate(va);
}

static void at_el1(void)
{
    static const u64 data[] = {SIMULATED | PAGE_DEVICE, 0, SECURE_RAM | PAGE_DEVICE, SIMULATED | PAGE_DEVICE};
    const u64 codes[] = {(u64)code | PAGE_CODE, 0, SECURE_RAM | PAGE_CODE, (u64)code | PAGE_CODE,
                         (u64)code | PAGE_CODE};
    const u64 data_tables[] = {(u64)data_table | 3, UNKNOWN_TABLE | 3, (u64)data_table | 3};
    const u64 code_tables[] = {(u64)code_table | 3, (u64)code_table | 3, UNKNOWN_TABLE | 3, (u64)code_table | 3};
    install_vectors();
    open_el1();
    mmu_on();
    memcpy(code, copied, (u64)(copied_end - copied));
    __asm__ volatile("ic ialluis\n\tdsb sy\n\tisb" ::: "memory");
    ((u64 *)(READ(ttbr0_el1) & 0xfffffffff000))[INDEX] = (u64)level2 | 3;
    level2[0] = data_tables[0];
    level2[1] = code_tables[0];
    data_table[0] = data[0];
    code_table[0] = codes[0];
    mmu_invalidate(DATA_VA);
    *(volatile u64 *)DATA_VA = PATTERN;
    CHECK(start_secondary(1, load_again_and_again) == 0);
    for (unsigned i = 0; !done; i++) {
        change(&data_table[0], data[i % COUNT(data)], DATA_VA);
        change(&code_table[0], codes[i % COUNT(codes)], CODE_VA);
        change(&level2[0], data_tables[i % COUNT(data_tables)], DATA_VA);
        change(&level2[1], code_tables[i % COUNT(code_tables)], CODE_VA);
        for (volatile unsigned wait = i * 7919 % 257; wait; wait--) /* an answer takes its time, too */
            ;
    }
    CHECK(seen.answered && seen.aborts && seen.fetch_aborts);
    CHECK(seen.others == 0);
    print(checks_failed ? "FAILED\n" : "all as it should be\n");
    power_off(checks_failed != 0);
}

void rom_main(void)
{
    set_handler(handle);
    go_on_at_el1(at_el1);
}
