/*
 * From an encoding to a record: the form (a64.decode) selects a translator. Here are those of branches and system
 * instructions, and of all that C functions execute.
 */
#include "cpu/interp/translate.h"

#include "cpu/coverage.h"

/* --- branches --- */

/* Places the distance: in the page as record bytes, else as code bytes for the far form. */
static unsigned branch(const struct translation *t, int64_t bytes, struct record *r, unsigned near, unsigned far)
{
    int64_t to = (int64_t)t->page_offset + bytes;
    bool in_page = !t->step && to >= 0 && to < 4096;
    r->imm = (int32_t)(in_page ? bytes * 4 : bytes);
    return in_page ? near : far;
}

unsigned translate_condbranch(const struct translation *t, uint32_t insn, struct record *r)
{
    unsigned cond = insn & 15;
    int64_t bytes = signed_bits(insn, 5, 19) * 4;
    if (cond >= CONDITIONS)
        return branch(t, bytes, r, OP_b, OP_b_far);
    return branch(t, bytes, r, OP_bcond_eq + cond, OP_bcond_far_eq + cond);
}

unsigned translate_branch_imm(const struct translation *t, uint32_t insn, struct record *r)
{
    int64_t bytes = signed_bits(insn, 0, 26) * 4;
    if (insn >> 31)
        return branch(t, bytes, r, OP_bl, t->step ? OP_bl_step : OP_bl_far);
    return branch(t, bytes, r, OP_b, OP_b_far);
}

unsigned translate_compbranch(const struct translation *t, uint32_t insn, struct record *r)
{
    int64_t bytes = signed_bits(insn, 5, 19) * 4;
    r->b = source(RD);
    if (BITS(insn, 24, 1))
        return branch(t, bytes, r, BY_WIDTH(cbnz), BY_WIDTH(cbnz_far));
    return branch(t, bytes, r, BY_WIDTH(cbz), BY_WIDTH(cbz_far));
}

unsigned translate_testbranch(const struct translation *t, uint32_t insn, struct record *r)
{
    int64_t bytes = signed_bits(insn, 5, 14) * 4;
    r->b = source(RD);
    r->d = (uint8_t)(SF << 5 | BITS(insn, 19, 5));
    return BITS(insn, 24, 1) ? branch(t, bytes, r, OP_tbnz, OP_tbnz_far) : branch(t, bytes, r, OP_tbz, OP_tbz_far);
}

unsigned translate_branch_reg(const struct translation *t, uint32_t insn, struct record *r)
{
    switch (BITS(insn, 21, 2)) {
    case 0: return OP_br;
    case 1: return t->step ? OP_blr_step : OP_blr;
    default: return OP_ret;
    }
}

/* --- system --- */

unsigned translate_nop(const struct translation *t, uint32_t insn, struct record *r) { return OP_nop; }
/* Barriers order memory accesses; ours are in order already. */
unsigned translate_barrier(const struct translation *t, uint32_t insn, struct record *r) { return OP_nop; }
unsigned translate_prefetch(const struct translation *t, uint32_t insn, struct record *r) { return OP_nop; }
#define TRANSLATE_SLOW(name)                                                                                           \
    unsigned translate_##name(const struct translation *t, uint32_t insn, struct record *r)                            \
    {                                                                                                                  \
        return slow(insn, r);                                                                                          \
    }
TRANSLATE_SLOW(flagm)
TRANSLATE_SLOW(hint)
TRANSLATE_SLOW(eret)
TRANSLATE_SLOW(svc)
TRANSLATE_SLOW(hvc)
TRANSLATE_SLOW(smc)
TRANSLATE_SLOW(brk)
TRANSLATE_SLOW(hlt)
TRANSLATE_SLOW(dcps)
TRANSLATE_SLOW(ldst_exclusive)
TRANSLATE_SLOW(ldst_ordered)
TRANSLATE_SLOW(ldst_cas)
TRANSLATE_SLOW(ldst_casp)
TRANSLATE_SLOW(ldst_unprivileged)
TRANSLATE_SLOW(ldst_atomic)
TRANSLATE_SLOW(ldst_rcpc)
TRANSLATE_SLOW(ldst_simd_multiple)
TRANSLATE_SLOW(ldst_simd_single)

/* op0:op1:CRn:CRm:op2 as in bits 20:5. */
#define SYSTEM_KEY(op0, op1, crn, crm, op2) ((op0) << 14 | (op1) << 11 | (crn) << 7 | (crm) << 3 | (op2))

static unsigned sysreg(uint32_t insn, const struct sysreg_row *row, struct record *r)
{
    bool read = BITS(insn, 21, 1);
    r->a = (uint8_t)RD;
    r->b = read;
    r->imm = (int32_t)(row - sysreg_rows);
    return !read && row->write && !row->then ? OP_SYSREG_CALL : OP_SYSREG;
}

unsigned translate_system(const struct translation *t, uint32_t insn, struct record *r)
{
    unsigned key = insn >> 5 & 0xffff;
    bool read = insn >> 21 & 1;
    r->a = target(RD);
    r->b = source(RD);
    if (insn == 0xd5033fdf) /* ISB; other values of CRm too, by the general way */
        return OP_isb;
    if ((insn & 0xfffff0ff) == 0xd50340df || (insn & 0xfffff0ff) == 0xd50340ff) {
        r->d = (uint8_t)BITS(insn, 8, 4);
        return insn & 0x20 ? OP_daifclr : OP_daifset;
    }
    if (t->coverage) /* the general way counts accesses */
        return slow(insn, r);
    if (key == SYSTEM_KEY(3, 3, 4, 2, 1))
        return read ? OP_mrs_daif : OP_msr_daif;
    /* Nested virtualization and fine-grained traps reach some of the others. */
    bool reached = feature_set_has(t->features, FEATURE_NV) || feature_set_has(t->features, FEATURE_FGT);
    const struct sysreg_row *row = sysreg_lookup(key);
    if (reached)
        return row ? sysreg(insn, row, r) : slow(insn, r);
    if (key == SYSTEM_KEY(3, 0, 4, 1, 0) && read)
        return OP_mrs_sp_el0;
    if (!row)
        return slow(insn, r);
    if (!sysreg_is_plain(t->features, row, read))
        return sysreg(insn, row, r);
    r->imm = (int32_t)(row - sysreg_rows);
    r->d = (uint8_t)sysreg_storage_els(t->features, row, read);
    if (!r->d)
        return read ? OP_mrs_plain : OP_msr_plain;
    r->imm |= row->storage << ROW_BITS;
    return read ? OP_mrs_storage : OP_msr_storage;
}

static void set_registers(struct record *r, uint32_t insn)
{
    r->a = target(RD);
    r->b = source(RN);
    r->c = source(RM);
    r->d = 0;
    r->imm = 0;
}

unsigned translate(const struct translation *t, uint32_t insn, struct record *r)
{
    static translator_fn *const translators[] = {
#define TRANSLATOR(name) translate_##name,
        A64_TRANSLATORS(TRANSLATOR)
#undef TRANSLATOR
    };
    enum a64_form number = a64_decode(insn, t->features);
    const struct a64_form_info *form = &a64_forms[number];
    if (t->coverage)
        t->coverage->forms[number]++;
    set_registers(r, insn);
    switch (form->kind) {
    case A64_KIND_TRANSLATE: {
        unsigned op = translators[form->function](t, insn, r);
        if (op == OP_CALL_FIRST)
            op += form->function;
        op_clear_unused(op, r);
        return op;
    }
    case A64_KIND_EXECUTE:
        r->a = (uint8_t)RD;
        r->b = (uint8_t)RN;
        r->c = (uint8_t)RM;
        r->d = (uint8_t)RA;
        r->imm = (int32_t)insn;
        return OP_EXECUTE_FIRST + form->function;
    default:
        r->imm = (int32_t)insn;
        return OP_UNDEFINED;
    }
}
