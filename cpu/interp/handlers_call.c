/*
 * Instructions that C functions execute, with the PE's state written back: one handler for each function, so that its
 * caller knows what it may do, and those for instructions whose function is found when they are executed.
 */
#include "cpu/a64_forms.h"
#include "cpu/interp/flow.h"

#include <string.h>

uint32_t interp_word(const struct pe *pe)
{
    const struct interp *it = pe->interp;
    if (pe->ip == it->step)
        return it->step_word;
    const struct code_page *page = page_of(pe->ip, pe->pc);
    uint32_t word;
    memcpy(&word, page->host + (pe->pc & 0xffc), sizeof(word));
    return word;
}

/* An exception has been taken instead. */
static inline __attribute__((always_inline)) enum flow not_completed(struct pe *pe)
{
    if (UNLIKELY(pe->interp->verdict != VERDICT_GO))
        return interp_refused(pe);
    pe->ip++;
    return interp_enter(pe, true);
}

/*
 * The after-effects of a C function that has executed an instruction: `next` is the one that follows, `completed` what
 * the function returned. `samples`: where it completes is a sample point.
 */
static inline __attribute__((always_inline)) enum flow finish(struct pe *pe, uint64_t next, bool completed, bool samples)
{
    struct interp *it = pe->interp;
    if (UNLIKELY(pe->power != PE_RUNNING)) {
        if (completed)
            pe->pc = next;
        pe->ip++;
        it->sample_point = true;
        it->leave = LEAVE_WAIT;
        return FLOW_LEAVE;
    }
    if (!completed)
        return not_completed(pe);
    /* Go on with the next record when the page is still mapped as it was and nobody wants attention. */
    bool sample = samples || (next & 0xfff) == 0;
    bool same_page = pe->ip == it->step || itlb_entry(pe)->tag == itlb_tag(pe);
    bool attention = pe->sample_interrupts || (int64_t)(pe->ip + 1) >= pe->limit || it->stepping || pe->by_steps;
    if (same_page && !(sample && attention) && !(pe->nz_both && !it->stepping))
        return FLOW_NEXT;
    pe->pc = next;
    pe->ip++;
    return interp_enter(pe, sample);
}

/* Executes one instruction by its C function. */
static inline __attribute__((always_inline)) enum flow execute(struct pe *pe, uint32_t insn, system_fn *function,
                                                               bool samples)
{
    uint64_t next = pe->pc + 4;
    return finish(pe, next, function(pe, insn), samples);
}

/* The translators of a64.decode, the functions that execute what they leave to them, and `samples` of execute(). */
#define SLOW_FUNCTIONS(X)                                                                                              \
    X(addsub_imm, exec_sp_arithmetic, false)                                                                           \
    X(addsub_ext, exec_sp_arithmetic, false)                                                                           \
    X(log_imm, exec_sp_arithmetic, false)                                                                              \
    X(condbranch, exec_condbranch, false)                                                                              \
    X(condsel, exec_condsel, false)                                                                                    \
    X(condcmp, exec_condcmp, false)                                                                                    \
    X(flagm, exec_flagm, false)                                                                                        \
    X(eret, exec_eret, true)                                                                                           \
    X(svc, exec_svc, true)                                                                                             \
    X(hvc, exec_hvc, true)                                                                                             \
    X(smc, exec_smc, true)                                                                                             \
    X(brk, exec_brk, true)                                                                                             \
    X(hlt, exec_hlt, true)                                                                                             \
    X(dcps, exec_dcps, true)                                                                                           \
    X(hint, exec_system, true)                                                                                         \
    X(system, exec_system, true)                                                                                       \
    X(ldst_register, exec_ldst_register, false)                                                                        \
    X(ldst_pair, exec_ldst_pair, false)                                                                                \
    X(ldst_literal, exec_ldst_literal, false)                                                                          \
    X(ldst_exclusive, exec_ldst_exclusive, false)                                                                      \
    X(ldst_ordered, exec_ldst_ordered, false)                                                                          \
    X(ldst_cas, exec_ldst_cas, false)                                                                                  \
    X(ldst_casp, exec_ldst_casp, false)                                                                                \
    X(ldst_atomic, exec_ldst_atomic, false)                                                                            \
    X(ldst_rcpc, exec_ldst_rcpc, false)                                                                                \
    X(ldst_unprivileged, exec_ldst_unprivileged, false)                                                                \
    X(ldst_simd_multiple, exec_ldst_simd_multiple, false)                                                              \
    X(ldst_simd_single, exec_ldst_simd_single, false)

static bool exec_undefined(struct pe *pe, uint32_t insn)
{
    take_undefined(pe, "unallocated encoding");
    return false;
}

/* The functions of the FP, SIMD and crypto forms, behind the access check. */
static bool exec_simd(struct pe *pe, uint32_t insn)
{
    static fpsimd_fn *const functions[] = {
#define ENTRY(function, flags) function,
        A64_EXECUTES(ENTRY)
#undef ENTRY
    };
    if (!fp_access_check(pe))
        return false;
    const struct a64_form_info *form = &a64_forms[a64_decode(insn, &pe->features)];
    struct record r = {.a = insn & 31, .b = insn >> 5 & 31, .c = insn >> 16 & 31, .d = insn >> 10 & 31,
                       .imm = (int32_t)insn};
    functions[form->function](pe, &r);
    return true;
}

#define CALL_HANDLER(translator, function, samples)                                                                    \
    HANDLER(call_##translator, {                                                                                       \
        SPILL;                                                                                                         \
        pe->iss.valid = false;                                                                                         \
        CONTINUE(execute(pe, (uint32_t)ip->imm, function, samples));                                                   \
    })
SLOW_FUNCTIONS(CALL_HANDLER)

static const struct slow_function {
    handler_fn *handler;
    system_fn *function;
    bool samples;
} slow_functions[TRANSLATOR_COUNT] = {
#define ENTRY(translator, function, samples) [TRANSLATOR_##translator] = {handle_call_##translator, function, samples},
    SLOW_FUNCTIONS(ENTRY)
#undef ENTRY
};

handler_fn *call_handler(unsigned translator) { return slow_functions[translator].handler; }

/* Any instruction: what its record does is not known, or can't be done the fast way. */
enum flow interp_slow(struct pe *pe)
{
    uint32_t insn = interp_word(pe);
    const struct a64_form_info *form = &a64_forms[a64_decode(insn, &pe->features)];
    pe->interp->slow_accesses++;
    pe->iss.valid = false;
    if (form->kind == A64_KIND_EXECUTE)
        return execute(pe, insn, exec_simd, false);
    if (form->kind != A64_KIND_TRANSLATE)
        return execute(pe, insn, exec_undefined, false);
    const struct slow_function *slow = &slow_functions[form->function];
    return execute(pe, insn, slow->function, slow->samples);
}

HANDLER(slow, {
    SPILL;
    CONTINUE(interp_slow(pe));
})

HANDLER(undefined, {
    SPILL;
    CONTINUE(interp_slow(pe));
})

HANDLER(sysreg, {
    SPILL;
    pe->iss.valid = false;
    uint64_t next = pe->pc + 4;
    CONTINUE(finish(pe, next, sysreg_access_row(pe, (unsigned)ip->imm, ip->a, ip->b), true));
})

HANDLER(sysreg_call, {
    if (UNLIKELY(sysreg_known_ruling(pe, (unsigned)ip->imm, false) != RULING_ROW + (unsigned)ip->imm))
        TAIL(handle_sysreg);
    SPILL;
    pe->iss.valid = false;
    uint64_t next = pe->pc + 4;
    CONTINUE(finish(pe, next, sysreg_call_row(pe, (unsigned)ip->imm, ip->a), true));
})

/* Whether the ruling was known is no matter of the guest's: where it allows the access, this goes on as it would have. */
#define RULING_HANDLER(name, rt, read, access)                                                                         \
    HANDLER(name, {                                                                                                    \
        SPILL;                                                                                                         \
        unsigned row = (unsigned)ip->imm & ROW_MASK;                                                                   \
        uint32_t ruling = sysreg_known_ruling(pe, row, read);                                                          \
        if (UNLIKELY(ruling >= RULING_LIMIT))                                                                          \
            ruling = sysreg_rule(pe, row, read);                                                                       \
        if (ruling < RULING_ROW)                                                                                       \
            access                                                                                                     \
        if (LIKELY(ruling - RULING_TRAPPED < RULING_REFUSED - RULING_TRAPPED)) {                                       \
            sysreg_take_trap(pe, row, ruling, rt, read);                                                               \
            CONTINUE(not_completed(pe));                                                                               \
        }                                                                                                              \
        uint64_t next = pe->pc + 4;                                                                                    \
        CONTINUE(finish(pe, next, sysreg_access_row(pe, row, rt, read), true));                                        \
    })
RULING_HANDLER(mrs_ruling, ip->a == REG_SINK ? 31 : ip->a, true, {
    X(ip->a) = pe->sr[ruling];
    NEXT(1);
})
RULING_HANDLER(msr_ruling, ip->b == REG_ZR ? 31 : ip->b, false, {
    pe->sr[ruling] = X(ip->b);
    SAMPLE_POINT(0)
})

HANDLER(slow_system, {
    SPILL;
    CONTINUE(execute(pe, interp_word(pe), exec_system, true));
})

/* MSR or SYS with the host's operand in place of Xt. */
static bool exec_with_operand(struct pe *pe, uint32_t insn)
{
    uint64_t *operand = &pe->x[(insn & 31) == 31 ? REG_ZR : insn & 31], own = *operand;
    *operand = pe->interp->operand;
    bool completed = exec_system(pe, insn);
    *operand = own;
    return completed;
}

HANDLER(operand, {
    SPILL;
    CONTINUE(execute(pe, interp_word(pe), exec_with_operand, true));
})
