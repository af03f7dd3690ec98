/* Hooks that write down what they hear: what the tests of hooks share. */
#ifndef ARMSIM_TESTS_HOOK_MACHINE_H
#define ARMSIM_TESTS_HOOK_MACHINE_H

#include "api_machine.h"

#include <string.h>

#define DATA (CODE_BASE + 0x10000)
#define VECTOR_BASE (CODE_BASE + 0x1000)

enum {
    INSN_LDP_X2_X3_X1 = 0xa9400c22,    /* LDP X2, X3, [X1] */
    INSN_STP_X2_X3_X1 = 0xa9000c22,    /* STP X2, X3, [X1] */
    INSN_LDP_Q2_Q3_X1 = 0xad400c22,    /* LDP Q2, Q3, [X1] */
    INSN_STR_X0_X1_POST = 0xf8008420,  /* STR X0, [X1], #8 */
    INSN_LDRB_W2_X1 = 0x39400022,      /* LDRB W2, [X1] */
    INSN_LDTR_X2_X1 = 0xf8400822,      /* LDTR X2, [X1] */
    INSN_LDXR_X2_X1 = 0xc85f7c22,      /* LDXR X2, [X1] */
    INSN_STXR_W3_X0_X1 = 0xc8037c20,   /* STXR W3, X0, [X1] */
    INSN_STLR_X0_X1 = 0xc89ffc20,      /* STLR X0, [X1] */
    INSN_LDADD_X0_X2_X1 = 0xf8200022,  /* LDADD X0, X2, [X1] */
    INSN_ST2_V2_4S_X1 = 0x4c008822,    /* ST2 {V2.4S, V3.4S}, [X1] */
    INSN_DC_ZVA_X1 = 0xd50b7421,       /* DC ZVA, X1 */
    INSN_DC_CVAC_X1 = 0xd50b7a21,      /* DC CVAC, X1 */
    INSN_TLBI_VAE1IS_X1 = 0xd5088321,  /* TLBI VAE1IS, X1 */
    INSN_AT_S1E1R_X1 = 0xd5087801,     /* AT S1E1R, X1 */
    INSN_MRS_X0_TPIDR = 0xd53bd040,    /* MRS X0, TPIDR_EL0 */
    INSN_MSR_TPIDR_X0 = 0xd51bd040,    /* MSR TPIDR_EL0, X0 */
    INSN_MRS_X0_SCTLR = 0xd5381000,    /* MRS X0, SCTLR_EL1 */
    INSN_MRS_X0_MIDR = 0xd5380000,     /* MRS X0, MIDR_EL1 */
    INSN_MRS_X0_UNKNOWN = 0xd53bf200,  /* MRS X0, S3_3_C15_C2_0 */
    INSN_DAIFCLR_2 = 0xd50342ff,       /* MSR DAIFClr, #2 */
    INSN_B_BACK_3 = 0x17fffffd,        /* B .-12 */
    INSN_B_BACK_4 = 0x17fffffc,        /* B .-16 */
    INSN_B_BACK_5 = 0x17fffffb,        /* B .-20 */
};

enum { HEARD_MAX = 512 };

struct heard {
    size_t count;
    enum armsim_hook_answer answer; /* what to say */
    struct armsim_hook_event events[HEARD_MAX];
};

static inline enum armsim_hook_answer hear(void *opaque, struct armsim_machine *machine,
                                           struct armsim_hook_event *event)
{
    struct heard *heard = opaque;
    uint64_t pc;
    ck_assert_int_eq(armsim_peek(machine, event->pe, ARMSIM_REG_PC, &pc), 0);
    ck_assert_uint_eq(pc, event->pc);
    ck_assert_uint_eq(armsim_instructions(machine), event->instructions);
    ck_assert_uint_eq(armsim_time_ns(machine), event->time_ns);
    heard->events[heard->count % HEARD_MAX] = *event;
    heard->count++;
    return heard->answer;
}

static inline armsim_hook_id add(struct armsim_machine *machine, const struct armsim_hook_options *options,
                                 armsim_hook_fn *fn, void *opaque)
{
    struct armsim_hook_options sized = *options;
    armsim_hook_id id = 0;
    sized.size = sizeof(sized);
    ck_assert_msg(armsim_hook_add(machine, &sized, fn, opaque, &id) == 0, "%s", armsim_last_error(machine));
    ck_assert_uint_ne(id, 0);
    return id;
}

#define BIT(kind) ARMSIM_HOOK_BIT(ARMSIM_HOOK_##kind)
#define LISTEN(machine, heard, ...) add(machine, &(struct armsim_hook_options){__VA_ARGS__}, hear, heard)

static inline uint64_t memory(struct armsim_machine *machine, uint64_t address)
{
    uint64_t value = 0;
    struct armsim_space space = ARMSIM_PHYSICAL(ARMSIM_PAS_NON_SECURE);
    ck_assert_int_eq(armsim_read_memory(machine, &space, address, &value, sizeof(value), NULL), 0);
    return value;
}

static inline void set_memory(struct armsim_machine *machine, uint64_t address, uint64_t value)
{
    struct armsim_space space = ARMSIM_PHYSICAL(ARMSIM_PAS_NON_SECURE);
    ck_assert_int_eq(armsim_write_memory(machine, &space, address, &value, sizeof(value), NULL), 0);
}

/* A gigabyte of Normal memory at its own address. */
static inline void mmu_on(struct armsim_machine *machine)
{
    const uint32_t block[] = {0x40000701, 0}; /* AF, Inner Shareable, attribute 0 */
    put_code(machine, CODE_BASE + 0x20000 + 8, block, 2);
    put(machine, "MAIR_EL1", 0xff);
    put(machine, "TTBR0_EL1", CODE_BASE + 0x20000);
    put(machine, "TCR_EL1", 25 | 1ull << 23); /* T0SZ, EPD1 */
    put(machine, "SCTLR_EL1", get(machine, "SCTLR_EL1") | 1);
}

/* An ERET at each vector of EL1's. */
static inline void returning_vectors(struct armsim_machine *machine)
{
    for (uint64_t offset = 0; offset < 0x800; offset += 0x80)
        put_code(machine, VECTOR_BASE + offset, (const uint32_t[]){INSN_ERET}, 1);
    put(machine, "VBAR_EL1", VECTOR_BASE);
}

#endif
