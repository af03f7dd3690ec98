/* System registers: identity of the models, masks, redirection, the handlers with behaviour of their own. */
#include "pe_fixture.h"

#include "cpu/exception.h"
#include "cpu/impdef.h"
#include "cpu/sysreg_access.h"
#include "cpu/pmu.h"
#include "cpu/syndrome.h"
#include "cpu/sysreg.h"
#include "libarmsim/fabric/random.h"
#include "run_suite.h"

#include <stdio.h>
#include <stdlib.h>

static struct pe_fixture fixture;
static struct pe *pe;

static void teardown(void) { fixture_destroy(&fixture); }

static void use(const char *model, bool el2, bool el3)
{
    fixture_create(&fixture, model, el2, el3);
    pe = fixture.pe;
}

static void setup(void) { use("v8.2", true, true); }

static const struct sysreg_row *row_of(const char *name)
{
    const struct sysreg_row *row = sysreg_find(name);
    ck_assert_msg(row != NULL, "%s", name);
    return row;
}

static uint64_t mrs(const char *name)
{
    pe->x[5] = 0x5555;
    fixture.traps = 0;
    bool done = exec_system(pe, system_word(row_of(name)->key, true));
    ck_assert_msg(done, "MRS %s: %s", name, fixture.traps ? fixture.last.why : "not completed");
    return pe->x[5];
}

static void msr(const char *name, uint64_t value)
{
    pe->x[5] = value;
    fixture.traps = 0;
    bool done = exec_system(pe, system_word(row_of(name)->key, false));
    ck_assert_msg(done, "MSR %s: %s", name, fixture.traps ? fixture.last.why : "not completed");
}

START_TEST(models_identify_themselves)
{
    static const struct {
        const char *model;
        uint64_t midr, mmfr0_parange, isar0;
    } parts[] = {
        {"cortex-a53", 0x410fd034, 2, 0x11120},
        {"cortex-a57", 0x411fd070, 4, 0x11120},
        {"cortex-a72", 0x410fd083, 4, 0x11120},
        {"cortex-a76", 0x414fd0b1, 2, 0x100010211120},
        {"neoverse-n1", 0x414fd0c1, 5, 0x100010211120},
    };
    for (size_t i = 0; i < sizeof parts / sizeof parts[0]; i++) {
        struct pe_fixture part;
        fixture_create(&part, parts[i].model, true, true);
        ck_assert_uint_eq(SR(part.pe, MIDR_EL1), parts[i].midr);
        ck_assert_uint_eq(SR(part.pe, ID_AA64MMFR0_EL1) & 15, parts[i].mmfr0_parange);
        ck_assert_uint_eq(SR(part.pe, ID_AA64ISAR0_EL1), parts[i].isar0);
        fixture_destroy(&part);
    }
}
END_TEST

START_TEST(a_feature_switched_off_is_not_announced)
{
    const struct cpu_model *model = cpu_model_find("cortex-a76");
    struct feature_set set = model->features;
    ck_assert(feature_set_change(&set, FEATURE_LSE, false));
    ck_assert_uint_eq(cpu_model_id_register(model, &set, SR_ID_AA64ISAR0_EL1) >> 20 & 15, 0);
    ck_assert(feature_set_change(&set, FEATURE_FP, false)); /* and all that needs it */
    ck_assert(!feature_set_has(&set, FEATURE_AdvSIMD) && !feature_set_has(&set, FEATURE_AES));
    ck_assert_uint_eq(cpu_model_id_register(model, &set, SR_ID_AA64PFR0_EL1) >> 16 & 15, 15);
    ck_assert_uint_eq(cpu_model_id_register(model, &set, SR_ID_AA64ISAR0_EL1) >> 4 & 15, 0);
}
END_TEST

START_TEST(levels_that_are_absent_are_not_announced)
{
    struct pe_fixture part;
    fixture_create(&part, "cortex-a57", false, false);
    ck_assert_uint_eq(SR(part.pe, ID_AA64PFR0_EL1) & 0xff00, 0);
    ck_assert_uint_eq(part.pe->pstate.el, 1);
    fixture_destroy(&part);
}
END_TEST

START_TEST(names_and_encodings_find_the_same_row)
{
    for (size_t i = 0; i < sysreg_row_count; i++) {
        const struct sysreg_row *row = &sysreg_rows[i];
        unsigned key = row->key;
        char encoding[32];
        snprintf(encoding, sizeof encoding, "S%u_%u_C%u_C%u_%u", key >> 14, key >> 11 & 7, key >> 7 & 15, key >> 3 & 15, key & 7);
        ck_assert_ptr_eq(sysreg_lookup(key), row);
        ck_assert_ptr_eq(sysreg_find(row->name), row);
        ck_assert_ptr_eq(sysreg_find(encoding), row);
    }
    ck_assert_ptr_null(sysreg_find("NO_SUCH_REGISTER"));
    ck_assert_ptr_null(sysreg_lookup(SYSREG_KEY(3, 7, 15, 15, 7)));
}
END_TEST

START_TEST(res0_and_res1_bits_stay)
{
    fixture_enter(&fixture, 3);
    msr("SCTLR_EL1", 0);
    ck_assert_uint_eq(mrs("SCTLR_EL1"), 0x30500980); /* RES1, and ITD and SED where EL0 has no AArch32 */
    msr("SCR_EL3", ~0ull);
    ck_assert_uint_eq(mrs("SCR_EL3") >> 18 & 1, 0); /* EEL2, without FEAT_SEL2 */
    ck_assert_uint_eq(mrs("SCR_EL3") >> 10 & 1, 1); /* RW, without AArch32 */
    msr("VBAR_EL3", 0x123456789abcdfffull);
    ck_assert_uint_eq(mrs("VBAR_EL3"), 0x123456789abcd800ull);
}
END_TEST

START_TEST(e2h_redirects_names)
{
    SR(pe, SCR_EL3) |= SCR_EL3_NS;
    SR(pe, HCR_EL2) |= HCR_EL2_E2H;
    fixture_enter(&fixture, 2);
    msr("TTBR0_EL1", 0x1000);
    msr("TTBR0_EL12", 0x2000);
    ck_assert_uint_eq(SR(pe, TTBR0_EL2), 0x1000);
    ck_assert_uint_eq(SR(pe, TTBR0_EL1), 0x2000);
    SR(pe, HCR_EL2) &= ~HCR_EL2_E2H;
    fixture_enter(&fixture, 2);
    ck_assert_uint_eq(mrs("TTBR0_EL1"), 0x2000);
    ck_assert(!exec_system(pe, system_word(row_of("TTBR0_EL12")->key, true)));
    ck_assert_uint_eq(fixture.last.esr, syndrome_unknown());
}
END_TEST

START_TEST(virtual_identity_is_read_from_el1)
{
    SR(pe, SCR_EL3) |= SCR_EL3_NS;
    SR(pe, VPIDR_EL2) = 0x1234;
    SR(pe, VMPIDR_EL2) = 0x5678;
    fixture_enter(&fixture, 1);
    ck_assert_uint_eq(mrs("MIDR_EL1"), 0x1234);
    ck_assert_uint_eq(mrs("MPIDR_EL1"), 0x5678);
    fixture_enter(&fixture, 2);
    ck_assert_uint_eq(mrs("MIDR_EL1"), SR(pe, MIDR_EL1));
}
END_TEST

START_TEST(stack_pointers_are_banked)
{
    fixture_enter(&fixture, 3);
    pe->x[REG_SP] = 0x3000;
    msr("SP_EL1", 0x1000);
    msr("SP_EL0", 0x10);
    exec_system(pe, 0xd50040bf); /* MSR SPSel, #0 */
    ck_assert_uint_eq(pe->x[REG_SP], 0x10);
    ck_assert(!exec_system(pe, system_word(row_of("SP_EL0")->key, true)));
    fixture_enter(&fixture, 3);
    ck_assert_uint_eq(pe->x[REG_SP], 0x3000);
    ck_assert_uint_eq(mrs("SP_EL1"), 0x1000);
}
END_TEST

START_TEST(dc_zva_is_prohibited_where_it_traps)
{
    SR(pe, SCTLR_EL1) &= ~(1ull << 14);
    fixture_enter(&fixture, 0);
    ck_assert_uint_eq(mrs("DCZID_EL0"), 0x14);
    SR(pe, SCTLR_EL1) |= 1ull << 14;
    ck_assert_uint_eq(mrs("DCZID_EL0"), 0x04);
}
END_TEST

START_TEST(daif_masks_and_samples)
{
    fixture_enter(&fixture, 1);
    exec_system(pe, 0xd50342ff); /* MSR DAIFClr, #2 */
    ck_assert_uint_eq(mrs("DAIF"), 0x340);
    ck_assert(pe->sample_interrupts);
    exec_system(pe, 0xd5034fdf); /* MSR DAIFSet, #15 */
    ck_assert_uint_eq(mrs("DAIF"), 0x3c0);
}
END_TEST

START_TEST(claim_tags_set_and_clear)
{
    fixture_enter(&fixture, 1);
    ck_assert_uint_eq(mrs("DBGCLAIMSET_EL1"), 0xff);
    msr("DBGCLAIMSET_EL1", 0x35);
    msr("DBGCLAIMCLR_EL1", 0x05);
    ck_assert_uint_eq(mrs("DBGCLAIMCLR_EL1"), 0x30);
}
END_TEST

START_TEST(os_lock_locks)
{
    fixture_enter(&fixture, 1);
    ck_assert_uint_eq(mrs("OSLSR_EL1"), 0xa);
    msr("OSLAR_EL1", 0);
    ck_assert_uint_eq(mrs("OSLSR_EL1"), 0x8);
}
END_TEST

START_TEST(software_increments_are_counted)
{
    fixture_enter(&fixture, 3);
    SR(pe, MDCR_EL3) |= 1ull << 17; /* SPME */
    msr("PMEVTYPER0_EL0", PMU_SW_INCR);
    msr("PMCNTENSET_EL0", 1);
    msr("PMCR_EL0", 1);
    msr("PMSWINC_EL0", 1);
    msr("PMSWINC_EL0", 1);
    ck_assert_uint_eq(mrs("PMEVCNTR0_EL0"), 2);
    ck_assert_uint_eq(mrs("PMCR_EL0") >> 11, (uint64_t)pe->model->pmu_identity << 5 | 6);
    uint64_t peeked;
    ck_assert(sysreg_peek(pe, sysreg_find("PMCR_EL0"), &peeked));
    ck_assert_uint_eq(peeked, mrs("PMCR_EL0"));
    msr("PMEVCNTR0_EL0", 0xffffffff);
    msr("PMINTENSET_EL1", 1);
    msr("PMSWINC_EL0", 1);
    ck_assert_uint_eq(mrs("PMEVCNTR0_EL0"), 0);
    ck_assert_uint_eq(mrs("PMOVSSET_EL0"), 1);
    msr("PMOVSCLR_EL0", 1);
    ck_assert_uint_eq(mrs("PMOVSSET_EL0"), 0);
}
END_TEST

START_TEST(cycles_follow_instructions)
{
    fixture_enter(&fixture, 3);
    SR(pe, MDCR_EL3) |= 1ull << 17;
    msr("PMCNTENSET_EL0", 1u << 31);
    msr("PMCR_EL0", 1 | 1 << 6);
    uint64_t before = mrs("PMCCNTR_EL0");
    pe->instructions += 1000;
    ck_assert_uint_eq(mrs("PMCCNTR_EL0") - before, 1000);
}
END_TEST

START_TEST(event_register_is_real)
{
    enum { WFE = 0xd503205f, SEVL = 0xd50320bf };
    fixture_enter(&fixture, 3);
    exec_system(pe, SEVL);
    exec_system(pe, WFE);
    ck_assert_int_eq(pe->power, PE_RUNNING);
    ck_assert(!pe->event_register);
    exec_system(pe, WFE);
    ck_assert_int_eq(pe->power, PE_WFE);
}
END_TEST

START_TEST(exception_return_clears_the_monitor)
{
    SR(pe, SCR_EL3) |= SCR_EL3_NS;
    fixture_enter(&fixture, 3);
    pe->monitor.local_valid = true;
    SR(pe, ELR_EL3) = 0x4444;
    SR(pe, SPSR_EL3) = 0x3c9; /* EL2h */
    ck_assert(!exec_eret(pe, 0xd69f03e0));
    ck_assert(!pe->monitor.local_valid && pe->event_register);
    ck_assert_uint_eq(pe->pstate.el, 2);
    ck_assert_uint_eq(pe->pc, 0x4444);
    ck_assert_int_eq(fixture.last.kind, TRAP_RETURN);
}
END_TEST

START_TEST(aarch32_return_is_illegal_in_this_build)
{
    fixture_enter(&fixture, 3);
    SR(pe, SPSR_EL3) = 0x1d0; /* User mode */
    SR(pe, ELR_EL3) = 0x8000;
    exec_eret(pe, 0xd69f03e0);
    ck_assert_uint_eq(pe->pstate.el, 3);
    ck_assert_uint_eq(pe->pstate.il, 1);
    ck_assert_str_eq(fixture.last.why, "illegal return");
}
END_TEST

/* What the interpreter takes for the row's own storage at an EL is ruled to be so, whatever control registers say. */
START_TEST(storage_is_ruled_to_be_storage)
{
    static const uint16_t controls[] = {SR_SCTLR_EL1, SR_SCTLR_EL2, SR_HCR_EL2,  SR_SCR_EL3,    SR_CPTR_EL2, SR_CPTR_EL3,
                                        SR_MDCR_EL2,  SR_MDCR_EL3,  SR_HSTR_EL2, SR_CNTHCTL_EL2, SR_CPACR_EL1};
    unsigned checked = 0;
    uint64_t seed = 1;
    for (size_t i = 0; i < sysreg_row_count; i++) {
        const struct sysreg_row *row = &sysreg_rows[i];
        for (unsigned n = 0; n < 2 * 4 * 8; n++) {
            bool read = n & 1;
            unsigned el = n >> 1 & 3;
            if (!(sysreg_storage_els(&pe->features, row, read) >> el & 1))
                continue;
            for (size_t c = 0; c < sizeof controls / sizeof controls[0]; c++)
                pe->sr[controls[c]] = splitmix64(&seed);
            SR(pe, HCR_EL2) &= ~(7ull << 42); /* NV, NV1, AT: RES0 in these models */
            fixture_enter(&fixture, el);
            ck_assert_msg(sysreg_rule(pe, (unsigned)i, read) == RULING_STORAGE + row->storage, "%s at EL%u", row->name, el);
            checked++;
        }
    }
    ck_assert_uint_gt(checked, 500);
    ck_assert_uint_eq(sysreg_storage_els(&pe->features, row_of("TPIDR_EL0"), true), 0xf);
    ck_assert_uint_eq(sysreg_storage_els(&pe->features, row_of("ELR_EL1"), true), 0xa); /* E2H redirects it at EL2 */
    ck_assert_uint_eq(sysreg_storage_els(&pe->features, row_of("FAR_EL1"), true), 0); /* HCR_EL2.TRVM traps this at EL1 */
    ck_assert_uint_eq(sysreg_storage_els(&pe->features, row_of("ESR_EL2"), true), 0x4);
    ck_assert_uint_eq(sysreg_storage_els(&pe->features, row_of("ESR_EL2"), false), 0); /* RES0 bits stay */
}
END_TEST

START_TEST(choices_have_names)
{
    struct impdef_values values = impdef_defaults;
    ck_assert(impdef_choose(&values, "FAR_UNKNOWN", "unchanged"));
    ck_assert(!impdef_choose(&values, "FAR_UNKNOWN", "perhaps"));
    ck_assert(!impdef_choose(&values, "NO_SUCH_ROW", "zero"));
    fixture.env.impdef = &values;
    fixture_enter(&fixture, 1);
    SR(pe, FAR_EL1) = 0x1234;
    take_undefined(pe, "test");
    ck_assert_uint_eq(SR(pe, FAR_EL1), 0x1234);
    fixture.env.impdef = &impdef_defaults;
    take_undefined(pe, "test");
    ck_assert_uint_eq(SR(pe, FAR_EL1), 0);
}
END_TEST

START_TEST(registers_that_are_not_there)
{
    const uint32_t absent = 0xd53fffe0, selected = 0xd53b9d40; /* MRS X0, S3_7_C15_C15_7; PMXEVCNTR_EL0 */
    struct impdef_values values = impdef_defaults;
    ck_assert(impdef_choose(&values, "IMPDEF_UNALLOCATED", "zero"));
    ck_assert(impdef_choose(&values, "PMSELR_ABOVE", "undefined"));
    for (int chosen = 0; chosen < 2; chosen++) {
        fixture.env.impdef = chosen ? &values : &impdef_defaults;
        fixture_enter(&fixture, 1);
        pe->x[0] = 1;
        ck_assert_int_eq(sysreg_access(pe, absent), chosen);
        ck_assert_uint_eq(pe->x[0], !chosen);
        fixture_enter(&fixture, 1);
        SR(pe, PMSELR_EL0) = 30;
        pe->x[0] = 1;
        ck_assert_int_eq(sysreg_access(pe, selected), !chosen);
        ck_assert_uint_eq(pe->x[0], chosen);
    }
    fixture.env.impdef = &impdef_defaults;
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("sysreg");
    TCase *tests = tcase_create("sysreg");
    tcase_add_checked_fixture(tests, setup, teardown);
    tcase_add_test(tests, models_identify_themselves);
    tcase_add_test(tests, a_feature_switched_off_is_not_announced);
    tcase_add_test(tests, levels_that_are_absent_are_not_announced);
    tcase_add_test(tests, names_and_encodings_find_the_same_row);
    tcase_add_test(tests, res0_and_res1_bits_stay);
    tcase_add_test(tests, e2h_redirects_names);
    tcase_add_test(tests, virtual_identity_is_read_from_el1);
    tcase_add_test(tests, stack_pointers_are_banked);
    tcase_add_test(tests, dc_zva_is_prohibited_where_it_traps);
    tcase_add_test(tests, daif_masks_and_samples);
    tcase_add_test(tests, claim_tags_set_and_clear);
    tcase_add_test(tests, os_lock_locks);
    tcase_add_test(tests, software_increments_are_counted);
    tcase_add_test(tests, cycles_follow_instructions);
    tcase_add_test(tests, event_register_is_real);
    tcase_add_test(tests, exception_return_clears_the_monitor);
    tcase_add_test(tests, aarch32_return_is_illegal_in_this_build);
    tcase_add_test(tests, storage_is_ruled_to_be_storage);
    tcase_add_test(tests, choices_have_names);
    tcase_add_test(tests, registers_that_are_not_there);
    suite_add_tcase(suite, tests);
    return run_suite(suite);
}
