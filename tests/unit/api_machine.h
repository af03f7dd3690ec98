/* Bare machines with a few words of code: what the API's tests share. */
#ifndef ARMSIM_TESTS_API_MACHINE_H
#define ARMSIM_TESTS_API_MACHINE_H

#include "libarmsim/fabric/little_endian.h"
#include "run_suite.h"

#include <armsim/armsim.h>
#include <armsim/device.h>
#include <armsim/hook.h>

#include <check.h>
#include <stdlib.h>

#define CODE_BASE 0x40000000ull
#define RAM_BYTES 0x200000ull

/* Instructions. */
enum {
    INSN_NOP = 0xd503201f,
    INSN_WFI = 0xd503207f,
    INSN_WFE = 0xd503205f,
    INSN_SEV = 0xd503209f,
    INSN_SVC = 0xd4000001,           /* SVC #0 */
    INSN_HVC = 0xd4000002,           /* HVC #0 */
    INSN_ERET = 0xd69f03e0,
    INSN_ADD_X0 = 0x91000400,        /* ADD X0, X0, #1 */
    INSN_ADD_X1 = 0x91000421,        /* ADD X1, X1, #1 */
    INSN_B_SELF = 0x14000000,        /* B . */
    INSN_B_BACK_1 = 0x17ffffff,      /* B .-4 */
    INSN_B_BACK_2 = 0x17fffffe,      /* B .-8 */
    INSN_LDR_X0_X1 = 0xf9400020,     /* LDR X0, [X1] */
    INSN_STR_X0_X1 = 0xf9000020,     /* STR X0, [X1] */
    INSN_MOV_VBAR_X2 = 0xd518c002,   /* MSR VBAR_EL1, X2 */
    INSN_UDF = 0x00000000
};

static inline struct armsim_options bare_options(void)
{
    struct armsim_options options;
    ck_assert_int_eq(armsim_options_init(&options, sizeof(options)), 0);
    options.board = "bare";
    options.cpu = "cortex-a76";
    options.reset_address = CODE_BASE;
    return options;
}

static inline struct armsim_machine *create(const struct armsim_options *options)
{
    struct armsim_machine *machine = NULL;
    int error = armsim_create(options, &machine);
    ck_assert_msg(error == 0, "%s", armsim_last_error(machine));
    return machine;
}

/* RAM at CODE_BASE with `count` words at its start. */
static inline void put_code(struct armsim_machine *machine, uint64_t address, const uint32_t *words, size_t count)
{
    uint8_t bytes[4096];
    ck_assert_uint_le(count * 4, sizeof(bytes));
    for (size_t i = 0; i < count; i++)
        store_le32(bytes + 4 * i, words[i]);
    struct armsim_space space = ARMSIM_PHYSICAL(ARMSIM_PAS_NON_SECURE);
    ck_assert_int_eq(armsim_write_memory(machine, &space, address, bytes, count * 4, NULL), 0);
}

static inline struct armsim_machine *bare_with(const struct armsim_options *options, const uint32_t *words,
                                               size_t count)
{
    struct armsim_machine *machine = create(options);
    ck_assert_int_eq(armsim_map_ram(machine, CODE_BASE, RAM_BYTES, 3), 0);
    put_code(machine, CODE_BASE, words, count);
    return machine;
}

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))
#define BARE(...)                                                                                                      \
    ({                                                                                                                 \
        struct armsim_options bare_with_options = bare_options();                                                     \
        const uint32_t bare_with_words[] = {__VA_ARGS__};                                                              \
        bare_with(&bare_with_options, bare_with_words, COUNT(bare_with_words));                                        \
    })

static inline uint64_t get(struct armsim_machine *machine, const char *name)
{
    uint64_t value = 0;
    armsim_register_id id = armsim_register_by_name(machine, name);
    ck_assert_msg(id != ARMSIM_REG_NONE, "%s", name);
    ck_assert_int_eq(armsim_peek(machine, 0, id, &value), 0);
    return value;
}

static inline void put(struct armsim_machine *machine, const char *name, uint64_t value)
{
    armsim_register_id id = armsim_register_by_name(machine, name);
    ck_assert_msg(id != ARMSIM_REG_NONE, "%s", name);
    ck_assert_msg(armsim_poke(machine, 0, id, value) == 0, "%s: %s", name, armsim_last_error(machine));
}

static inline struct armsim_stop run(struct armsim_machine *machine, uint64_t limit)
{
    struct armsim_stop stop = {.size = sizeof(stop)};
    ck_assert_int_eq(armsim_run(machine, limit, &stop), 0);
    return stop;
}

static inline uint64_t hash(struct armsim_machine *machine)
{
    uint64_t value = 0;
    ck_assert_int_eq(armsim_state_hash(machine, &value), 0);
    return value;
}

#endif
