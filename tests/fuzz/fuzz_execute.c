/* Decoding and execution: random instructions in random states, at every EL, with and without the MMU. */
#include "fuzz.h"

#include "cpu/a64_forms.h"

#include <armsim/armsim.h>

#define CODE 0x40000000ull
#define RAM_SIZE 0x40000ull
#define TABLES (CODE + 0x30000)

static const char *const models[] = {"cortex-a53", "cortex-a57", "cortex-a76", "neoverse-n1", "v8.0", "v8.2"};

/* A flat map with 1 GiB blocks, open to all, for every regime. */
static void map_flat(struct armsim_machine *machine)
{
    struct armsim_space space = ARMSIM_PHYSICAL(ARMSIM_PAS_NON_SECURE);
    for (uint64_t i = 0; i < 4; i++) {
        uint64_t descriptor = i << 30 | 0x741;
        armsim_write_memory(machine, &space, TABLES + 8 * i, &descriptor, sizeof descriptor, NULL);
    }
}

enum { CODE_WORDS = 64 };

/*
 * Instructions: mostly of rows of the decode tables, because of random words too many are UNDEFINED. Where the input
 * ends a generator that it has seeded goes on.
 */
static void make_code(struct fuzz_input *input, uint32_t *words)
{
    uint64_t state = 0;
    for (size_t i = 0; i < input->size; i++)
        state = (state ^ input->data[i]) * 0x100000001b3;
    for (unsigned i = 0; i < CODE_WORDS; i++) {
        uint64_t kind, bits;
        if (input->size) {
            kind = fuzz_take(input, 2);
            bits = fuzz_take(input, 4);
        } else {
            state = state * 6364136223846793005 + 1442695040888963407;
            kind = state >> 48;
            bits = state >> 16;
        }
        const struct a64_form_info *row = &a64_forms[1 + kind / 8 % (A64_FORM_COUNT - 1)];
        words[i] = kind % 8 ? ((uint32_t)bits & ~row->mask) | row->value : (uint32_t)bits;
    }
}

size_t fuzz_seed(unsigned index, uint8_t *data, size_t max)
{
    (void)index;
    (void)data;
    (void)max;
    return 0;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct fuzz_input input = {data, size};
    struct armsim_options options;
    struct armsim_machine *machine;
    armsim_options_init(&options, sizeof options);
    uint64_t shape = fuzz_take(&input, 4);
    options.board = "bare";
    options.ram_size = 0;
    options.cpu = models[shape % (sizeof models / sizeof *models)];
    options.virtualization = shape >> 8 & 1;
    options.secure = shape >> 9 & 1;
    options.smp = 1 + (shape >> 10 & 1);
    options.semihosting.enabled = shape >> 11 & 1;
    options.reset_address = CODE;
    options.trap_ring = 16;
    options.quantum = 1 + (shape >> 12 & 0xff);
    if (armsim_create(&options, &machine) ||
        armsim_map_ram(machine, CODE, RAM_SIZE, 1u << ARMSIM_PAS_NON_SECURE | 1u << ARMSIM_PAS_SECURE)) {
        armsim_destroy(machine);
        return 0;
    }
    map_flat(machine);
    unsigned highest = options.secure ? 3 : options.virtualization ? 2 : 1;
    struct armsim_space space = ARMSIM_PHYSICAL(options.secure ? ARMSIM_PAS_SECURE : ARMSIM_PAS_NON_SECURE);
    static const char *const set[] = {"SCTLR_EL1", "TCR_EL1",  "HCR_EL2",   "SCR_EL3",  "CPACR_EL1", "CPTR_EL2",
                                      "MDCR_EL2",  "VTCR_EL2", "CNTHCTL_EL2", "SCTLR_EL2", "SCTLR_EL3", "MDSCR_EL1",
                                      "MAIR_EL1",  "FPCR"};
    for (unsigned pe = 0; pe < options.smp; pe++) {
        for (unsigned i = 0; i < sizeof set / sizeof *set; i++)
            if (fuzz_take(&input, 1) & 1)
                armsim_poke(machine, pe, armsim_register_by_name(machine, set[i]), fuzz_take(&input, 8));
        armsim_poke(machine, pe, armsim_register_by_name(machine, "TTBR0_EL1"), TABLES);
        armsim_poke(machine, pe, armsim_register_by_name(machine, "TTBR0_EL2"), TABLES);
        armsim_poke(machine, pe, armsim_register_by_name(machine, "VBAR_EL1"), CODE);
        armsim_poke(machine, pe, armsim_register_by_name(machine, "VBAR_EL2"), CODE);
        armsim_poke(machine, pe, armsim_register_by_name(machine, "VBAR_EL3"), CODE);
        uint64_t pstate = fuzz_take(&input, 4) & ~0x1full;
        unsigned el = (unsigned)fuzz_take(&input, 1) % (highest + 1);
        armsim_poke(machine, pe, ARMSIM_REG_PSTATE, pstate | el << 2 | (el && fuzz_take(&input, 1) & 1));
        armsim_poke(machine, pe, ARMSIM_REG_PC, CODE + (fuzz_take(&input, 1) & 0x3c));
        for (unsigned x = 0; x < 32; x++) {
            uint64_t kind = fuzz_take(&input, 1);
            armsim_poke(machine, pe, ARMSIM_REG_X0 + x,
                        kind < 160 ? CODE + 0x8000 + kind * 16 : kind < 200 ? kind - 180 : fuzz_take(&input, 8));
        }
        armsim_set_pe_state(machine, pe, ARMSIM_PE_RUNNING);
    }
    uint32_t words[CODE_WORDS];
    make_code(&input, words);
    armsim_write_memory(machine, &space, CODE, words, sizeof words, NULL);
    struct armsim_stop stop = {.size = sizeof stop};
    armsim_run(machine, 2000, &stop);
    armsim_set_pin(machine, 0, ARMSIM_PIN_IRQ, true);
    armsim_run(machine, 500, &stop);
    uint64_t hash;
    armsim_state_hash(machine, &hash);
    armsim_destroy(machine);
    return 0;
}
