/*
 * From an encoding to a record: the form (a64.decode) selects a translator, which picks the operation and places
 * the operands. Registers: 31 becomes ZR (32) as a source, the sink (33) as a destination, or stays SP.
 */
#include "cpu/a64_forms.h"
#include "cpu/coverage.h"
#include "cpu/interp/interp.h"

#define BITS(word, lsb, width) ((word) >> (lsb) & ((1u << (width)) - 1))
#define RD (insn & 31)
#define RN (insn >> 5 & 31)
#define RM (insn >> 16 & 31)
#define RA (insn >> 10 & 31)
#define SF (insn >> 31)

typedef unsigned translator_fn(const struct translation *t, uint32_t insn, struct record *r);

static uint8_t source(unsigned n) { return n == 31 ? REG_ZR : n; }
static uint8_t target(unsigned n) { return n == 31 ? REG_SINK : n; }
static int64_t signed_bits(uint32_t word, unsigned lsb, unsigned width)
{
    return (int32_t)(word << (32 - lsb - width)) >> (32 - width);
}

/* OP_name_32 is directly followed by OP_name_64: the parameter lists in ops.list say so. */
#define BY_WIDTH(op32) (OP_##op32##_32 + SF)

static void set_registers(struct record *r, uint32_t insn)
{
    r->a = target(RD);
    r->b = source(RN);
    r->c = source(RM);
    r->d = 0;
    r->imm = 0;
}

/* To be executed by the form's C function, which translate() finds: the record keeps the word. */
static unsigned slow(uint32_t insn, struct record *r)
{
    r->imm = (int32_t)insn;
    return OP_CALL_FIRST;
}

/* --- data processing (immediate) --- */

static unsigned translate_pcreladdr(const struct translation *t, uint32_t insn, struct record *r)
{
    r->imm = (int32_t)(signed_bits(insn, 5, 19) * 4 | BITS(insn, 29, 2));
    return insn >> 31 ? OP_adrp : OP_adr;
}

static unsigned translate_addsub_imm(const struct translation *t, uint32_t insn, struct record *r)
{
    int32_t imm = (int32_t)(BITS(insn, 10, 12) << (BITS(insn, 22, 1) * 12));
    bool subtract = BITS(insn, 30, 1), flags = BITS(insn, 29, 1);
    r->b = (uint8_t)RN;
    if (flags) {
        r->imm = imm;
        if (RD == 31)
            return subtract ? BY_WIDTH(cmp_imm) : BY_WIDTH(cmn_imm);
        return subtract ? BY_WIDTH(subs_imm) : BY_WIDTH(adds_imm);
    }
    r->a = (uint8_t)RD;
    r->imm = subtract ? -imm : imm;
    if (RD == 31) {
        if (!SF)
            return slow(insn, r);
        /* SP plus a multiple of 16 is as aligned as it was. */
        if (RN != 31 || imm % 16 != 0)
            return OP_add_imm_sp;
    }
    if (imm == 0) {
        r->c = (uint8_t)RN;
        return BY_WIDTH(mov);
    }
    return BY_WIDTH(add_imm);
}

static unsigned logic_result(unsigned opc, unsigned base, unsigned ands)
{
    return opc == 3 ? ands : base + opc;
}

static unsigned translate_log_imm(const struct translation *t, uint32_t insn, struct record *r)
{
    unsigned opc = BITS(insn, 29, 2), immr = BITS(insn, 16, 6), imms = BITS(insn, 10, 6), n = BITS(insn, 22, 1);
    uint64_t mask = decode_bit_mask(n, immr, imms, SF);
    if (opc != 3 && RD == 31)
        return slow(insn, r); /* writes SP */
    if (opc != 3)
        r->a = (uint8_t)RD;
    bool fits = SF ? (int64_t)mask == (int32_t)mask : true;
    if (opc == 1 && RN == 31 && (SF ? fits : (int32_t)mask >= 0)) { /* MOV (bitmask immediate) */
        r->imm = (int32_t)mask;
        return OP_mov_imm;
    }
    if (opc == 0 && mask == 0xff)
        return OP_uxtb;
    if (opc == 0 && mask == 0xffff)
        return OP_uxth;
    if (fits) {
        r->imm = (int32_t)mask;
        switch (opc) {
        case 0: return BY_WIDTH(logic_imm_and);
        case 1: return BY_WIDTH(logic_imm_orr);
        case 2: return BY_WIDTH(logic_imm_eor);
        default: return RD == 31 ? BY_WIDTH(tst_imm) : BY_WIDTH(ands_imm);
        }
    }
    if ((uint32_t)mask == mask >> 32) {
        r->imm = (int32_t)mask;
        return logic_result(opc, OP_logic_rep_and, OP_ands_rep);
    }
    r->c = (uint8_t)immr;
    r->d = (uint8_t)(imms + 1);
    return logic_result(opc, OP_logic_ones_and, OP_ands_ones);
}

static unsigned translate_movewide(const struct translation *t, uint32_t insn, struct record *r)
{
    unsigned opc = BITS(insn, 29, 2), shift = BITS(insn, 21, 2) * 16;
    uint64_t imm = BITS(insn, 5, 16);
    r->d = (uint8_t)shift;
    r->imm = (int32_t)imm;
    if (opc == 3)
        return SF ? OP_movk : OP_movk_32;
    uint64_t value = opc == 0 ? ~(imm << shift) : imm << shift;
    if (!SF)
        value = (uint32_t)value;
    if ((int64_t)value == (int32_t)value) {
        r->imm = (int32_t)value;
        return OP_mov_imm;
    }
    if (!SF) { /* above INT32_MAX: as a zero-extended 32-bit number */
        r->imm = (int32_t)value;
        r->d = 0;
        return OP_movz_shift;
    }
    return opc == 0 ? OP_movn_shift : OP_movz_shift;
}

static unsigned translate_bitfield(const struct translation *t, uint32_t insn, struct record *r)
{
    unsigned opc = BITS(insn, 29, 2), immr = BITS(insn, 16, 6), imms = BITS(insn, 10, 6);
    unsigned top = SF ? 63 : 31;
    if (opc == 1) {
        r->c = (uint8_t)immr;
        r->d = (uint8_t)imms;
        return BY_WIDTH(bfm);
    }
    if (opc == 0) {
        if (imms == top) {
            r->d = (uint8_t)immr;
            return BY_WIDTH(asr_imm);
        }
        if (immr == 0 && imms == 7)
            return BY_WIDTH(sxtb);
        if (immr == 0 && imms == 15)
            return BY_WIDTH(sxth);
        if (immr == 0 && imms == 31 && SF)
            return OP_sxtw;
        if (imms >= immr) {
            r->c = (uint8_t)(top - imms);
            r->d = (uint8_t)(top - imms + immr);
            return BY_WIDTH(sbfx);
        }
        r->c = (uint8_t)immr;
        r->d = (uint8_t)imms;
        return BY_WIDTH(sbfm);
    }
    if (imms == top) {
        r->d = (uint8_t)immr;
        return BY_WIDTH(lsr_imm);
    }
    if (imms + 1 == immr) {
        r->d = (uint8_t)(top - imms);
        return BY_WIDTH(lsl_imm);
    }
    if (imms >= immr) {
        if (immr == 0 && imms == 7)
            return OP_uxtb;
        if (immr == 0 && imms == 15)
            return OP_uxth;
        r->c = (uint8_t)immr;
        r->d = (uint8_t)(imms - immr + 1);
        return OP_ubfx; /* the field lies below bit 32 of a W register's zero-extended value */
    }
    r->c = (uint8_t)(top + 1 - immr);
    r->d = (uint8_t)(imms + 1);
    return BY_WIDTH(ubfiz);
}

static unsigned translate_extract(const struct translation *t, uint32_t insn, struct record *r)
{
    r->d = (uint8_t)BITS(insn, 10, 6);
    return BY_WIDTH(extr);
}

/* --- data processing (register) --- */

static unsigned translate_dp_2src(const struct translation *t, uint32_t insn, struct record *r)
{
    switch (BITS(insn, 10, 6)) {
    case 2: return BY_WIDTH(udiv);
    case 3: return BY_WIDTH(sdiv);
    case 8: return BY_WIDTH(lslv);
    case 9: return BY_WIDTH(lsrv);
    case 10: return BY_WIDTH(asrv);
    default: return BY_WIDTH(rorv);
    }
}

static unsigned translate_crc32(const struct translation *t, uint32_t insn, struct record *r)
{
    r->d = (uint8_t)(1u << BITS(insn, 10, 2));
    r->imm = BITS(insn, 12, 1) ? (int32_t)0x82f63b78 : (int32_t)0xedb88320; /* reflected 0x1EDC6F41, 0x04C11DB7 */
    return OP_crc32;
}

static unsigned translate_dp_1src(const struct translation *t, uint32_t insn, struct record *r)
{
    switch (BITS(insn, 10, 6)) {
    case 0: return BY_WIDTH(rbit);
    case 1: return BY_WIDTH(rev16);
    case 2: return SF ? OP_rev32 : OP_rev_32;
    case 3: return OP_rev_64;
    case 4: return BY_WIDTH(clz);
    default: return BY_WIDTH(cls);
    }
}

static unsigned translate_log_shift(const struct translation *t, uint32_t insn, struct record *r)
{
    unsigned opc = BITS(insn, 29, 2), n = BITS(insn, 21, 1), shift = BITS(insn, 22, 2), amount = BITS(insn, 10, 6);
    r->d = (uint8_t)amount;
    if (amount == 0) {
        if (opc == 1 && RN == 31)
            return n ? BY_WIDTH(mvn) : BY_WIDTH(mov);
        if (opc == 3 && !n)
            return RD == 31 ? BY_WIDTH(tst) : BY_WIDTH(ands);
        if (opc != 3) {
            static const uint16_t plain[2][3] = {{OP_logic_and_32, OP_logic_orr_32, OP_logic_eor_32},
                                                 {OP_logic_bic_32, OP_logic_orn_32, OP_logic_eon_32}};
            return plain[n][opc] + SF;
        }
    }
    if (opc == 3)
        return (n ? (SF ? OP_bics_op2_64_lsl : OP_bics_op2_32_lsl) : (SF ? OP_ands_op2_64_lsl : OP_ands_op2_32_lsl)) +
               shift;
    static const uint16_t shifted[2][3][2] = {
        {{OP_logic_op2_and_32_lsl, OP_logic_op2_and_64_lsl},
         {OP_logic_op2_orr_32_lsl, OP_logic_op2_orr_64_lsl},
         {OP_logic_op2_eor_32_lsl, OP_logic_op2_eor_64_lsl}},
        {{OP_logic_op2_bic_32_lsl, OP_logic_op2_bic_64_lsl},
         {OP_logic_op2_orn_32_lsl, OP_logic_op2_orn_64_lsl},
         {OP_logic_op2_eon_32_lsl, OP_logic_op2_eon_64_lsl}},
    };
    return shifted[n][opc][SF] + shift;
}

static unsigned op2(uint32_t insn, unsigned kind)
{
    static const uint16_t base[2][2][2] = {
        {{OP_add_op2_32_lsl, OP_add_op2_64_lsl}, {OP_sub_op2_32_lsl, OP_sub_op2_64_lsl}},
        {{OP_adds_op2_32_lsl, OP_adds_op2_64_lsl}, {OP_subs_op2_32_lsl, OP_subs_op2_64_lsl}},
    };
    return base[BITS(insn, 29, 1)][BITS(insn, 30, 1)][SF] + kind;
}

static unsigned addsub_plain(uint32_t insn)
{
    bool subtract = BITS(insn, 30, 1), flags = BITS(insn, 29, 1);
    if (!flags)
        return subtract ? BY_WIDTH(sub) : BY_WIDTH(add);
    if (RD == 31)
        return subtract ? BY_WIDTH(cmp) : BY_WIDTH(cmn);
    return subtract ? BY_WIDTH(subs) : BY_WIDTH(adds);
}

static unsigned translate_addsub_shift(const struct translation *t, uint32_t insn, struct record *r)
{
    r->d = (uint8_t)BITS(insn, 10, 6);
    return r->d == 0 ? addsub_plain(insn) : op2(insn, BITS(insn, 22, 2));
}

static unsigned translate_addsub_ext(const struct translation *t, uint32_t insn, struct record *r)
{
    unsigned option = BITS(insn, 13, 3), amount = BITS(insn, 10, 3);
    bool flags = BITS(insn, 29, 1);
    if (!flags && RD == 31)
        return slow(insn, r); /* writes SP */
    r->b = (uint8_t)RN;
    r->d = (uint8_t)amount;
    if (!flags)
        r->a = (uint8_t)RD;
    /* UXTX and SXTX of a doubleword, and every extension of a word to a word, is LSL. */
    if ((option & 3) == 3 || (!SF && (option & 3) == 2))
        return amount == 0 ? addsub_plain(insn) : op2(insn, 0);
    static const uint8_t kind[8] = {3, 4, 5, 0, 6, 7, 8, 0}; /* the order of OP2 kinds in ops.list */
    return op2(insn, kind[option]);
}

static unsigned translate_addsub_carry(const struct translation *t, uint32_t insn, struct record *r)
{
    bool subtract = BITS(insn, 30, 1), flags = BITS(insn, 29, 1);
    if (flags)
        return subtract ? BY_WIDTH(sbcs) : BY_WIDTH(adcs);
    return subtract ? BY_WIDTH(sbc) : BY_WIDTH(adc);
}

/* ops.list has the conditions innermost, AL and NV left out. */
enum { CONDITIONS = 14 };

static unsigned translate_condcmp(const struct translation *t, uint32_t insn, struct record *r)
{
    unsigned cond = BITS(insn, 12, 4), nzcv = insn & 15;
    bool immediate = BITS(insn, 11, 1), compare = BITS(insn, 30, 1);
    if ((nzcv & 12) == 12 || cond >= CONDITIONS)
        return slow(insn, r); /* N and Z together have no plain representation */
    r->d = (uint8_t)nzcv;
    if (immediate) {
        r->imm = (int32_t)RM;
        return (compare ? (SF ? OP_ccmp_imm_64_eq : OP_ccmp_imm_32_eq) : (SF ? OP_ccmn_imm_64_eq : OP_ccmn_imm_32_eq)) +
               cond;
    }
    return (compare ? (SF ? OP_ccmp_64_eq : OP_ccmp_32_eq) : (SF ? OP_ccmn_64_eq : OP_ccmn_32_eq)) + cond;
}

static unsigned translate_condsel(const struct translation *t, uint32_t insn, struct record *r)
{
    unsigned cond = BITS(insn, 12, 4), which = BITS(insn, 30, 1) << 1 | BITS(insn, 10, 1);
    if (cond >= CONDITIONS) {
        r->c = r->b;
        return BY_WIDTH(mov);
    }
    static const uint16_t base[4][2] = {{OP_csel_32_eq, OP_csel_64_eq},
                                        {OP_csinc_32_eq, OP_csinc_64_eq},
                                        {OP_csinv_32_eq, OP_csinv_64_eq},
                                        {OP_csneg_32_eq, OP_csneg_64_eq}};
    return base[which][SF] + cond;
}

static unsigned translate_dp_3src(const struct translation *t, uint32_t insn, struct record *r)
{
    bool subtract = BITS(insn, 15, 1);
    r->d = source(RA);
    switch (BITS(insn, 21, 3)) {
    case 0: return subtract ? BY_WIDTH(msub) : BY_WIDTH(madd);
    case 1: return subtract ? OP_smsubl : OP_smaddl;
    case 2: return OP_smulh;
    case 5: return subtract ? OP_umsubl : OP_umaddl;
    default: return OP_umulh;
    }
}

static unsigned translate_flagm(const struct translation *t, uint32_t insn, struct record *r)
{
    return slow(insn, r);
}

/* --- branches --- */

/* Places the distance: in the page as record bytes, else as code bytes for the far form. */
static unsigned branch(const struct translation *t, int64_t bytes, struct record *r, unsigned near, unsigned far)
{
    int64_t to = (int64_t)t->page_offset + bytes;
    bool in_page = !t->step && to >= 0 && to < 4096;
    r->imm = (int32_t)(in_page ? bytes * 4 : bytes);
    return in_page ? near : far;
}

static unsigned translate_condbranch(const struct translation *t, uint32_t insn, struct record *r)
{
    unsigned cond = insn & 15;
    int64_t bytes = signed_bits(insn, 5, 19) * 4;
    if (cond >= CONDITIONS)
        return branch(t, bytes, r, OP_b, OP_b_far);
    return branch(t, bytes, r, OP_bcond_eq + cond, OP_bcond_far_eq + cond);
}

static unsigned translate_branch_imm(const struct translation *t, uint32_t insn, struct record *r)
{
    int64_t bytes = signed_bits(insn, 0, 26) * 4;
    if (insn >> 31)
        return branch(t, bytes, r, OP_bl, t->step ? OP_bl_step : OP_bl_far);
    return branch(t, bytes, r, OP_b, OP_b_far);
}

static unsigned translate_compbranch(const struct translation *t, uint32_t insn, struct record *r)
{
    int64_t bytes = signed_bits(insn, 5, 19) * 4;
    r->b = source(RD);
    if (BITS(insn, 24, 1))
        return branch(t, bytes, r, BY_WIDTH(cbnz), BY_WIDTH(cbnz_far));
    return branch(t, bytes, r, BY_WIDTH(cbz), BY_WIDTH(cbz_far));
}

static unsigned translate_testbranch(const struct translation *t, uint32_t insn, struct record *r)
{
    int64_t bytes = signed_bits(insn, 5, 14) * 4;
    r->b = source(RD);
    r->d = (uint8_t)(SF << 5 | BITS(insn, 19, 5));
    return BITS(insn, 24, 1) ? branch(t, bytes, r, OP_tbnz, OP_tbnz_far) : branch(t, bytes, r, OP_tbz, OP_tbz_far);
}

static unsigned translate_branch_reg(const struct translation *t, uint32_t insn, struct record *r)
{
    switch (BITS(insn, 21, 2)) {
    case 0: return OP_br;
    case 1: return t->step ? OP_blr_step : OP_blr;
    default: return OP_ret;
    }
}

/* --- system --- */

static unsigned translate_nop(const struct translation *t, uint32_t insn, struct record *r) { return OP_nop; }
/* Barriers order memory accesses; ours are in order already. */
static unsigned translate_barrier(const struct translation *t, uint32_t insn, struct record *r) { return OP_nop; }
static unsigned translate_prefetch(const struct translation *t, uint32_t insn, struct record *r) { return OP_nop; }
#define TRANSLATE_SLOW(name)                                                                                           \
    static unsigned translate_##name(const struct translation *t, uint32_t insn, struct record *r)                     \
    {                                                                                                                  \
        return slow(insn, r);                                                                                          \
    }
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

/* Registers that no control traps or redirects at some ELs (bit n: ELn). */
static const struct plain_register {
    uint16_t key, storage;
    uint8_t read_els, write_els;
} plain_registers[] = {
    {SYSTEM_KEY(3, 3, 13, 0, 2), SR_TPIDR_EL0, 0xf, 0xf},
    {SYSTEM_KEY(3, 3, 13, 0, 3), SR_TPIDRRO_EL0, 0xf, 0xe},
    {SYSTEM_KEY(3, 0, 13, 0, 4), SR_TPIDR_EL1, 0xe, 0xe},
    {SYSTEM_KEY(3, 4, 13, 0, 2), SR_TPIDR_EL2, 0x4, 0x4},
    /* With HCR_EL2.E2H these mean EL2's registers at EL2. */
    {SYSTEM_KEY(3, 0, 4, 0, 0), SR_SPSR_EL1, 0x2, 0},
    {SYSTEM_KEY(3, 0, 4, 0, 1), SR_ELR_EL1, 0x2, 0},
};

static unsigned sysreg(uint32_t insn, const struct sysreg_row *row, struct record *r)
{
    bool read = BITS(insn, 21, 1);
    r->a = (uint8_t)RD;
    r->b = read;
    r->imm = (int32_t)(row - sysreg_rows);
    return !read && row->write && !row->then ? OP_SYSREG_CALL : OP_SYSREG;
}

static unsigned translate_system(const struct translation *t, uint32_t insn, struct record *r)
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
    for (unsigned i = 0; i < sizeof(plain_registers) / sizeof(plain_registers[0]); i++) {
        const struct plain_register *p = &plain_registers[i];
        if (p->key == key && (read ? p->read_els : p->write_els)) {
            r->d = read ? p->read_els : p->write_els;
            r->imm = p->storage;
            return read ? OP_mrs_storage : OP_msr_storage;
        }
    }
    if (!row)
        return slow(insn, r);
    if (!sysreg_is_plain(t->features, row, read))
        return sysreg(insn, row, r);
    r->imm = (int32_t)(row - sysreg_rows);
    return read ? OP_mrs_plain : OP_msr_plain;
}

/* --- loads and stores --- */

/* ops.list: modes innermost in this order. */
enum mode { MODE_OFF, MODE_REG, MODE_UXTW, MODE_SXTW, MODE_PRE, MODE_POST, MODES };

static bool writeback_of_sp_keeps_alignment(uint32_t insn, int64_t imm)
{
    return RN != 31 || imm % 16 == 0;
}

static unsigned translate_ldst_register(const struct translation *t, uint32_t insn, struct record *r)
{
    unsigned size = insn >> 30, opc = BITS(insn, 22, 2);
    bool simd = BITS(insn, 26, 1), load;
    unsigned base;
    if (simd) {
        unsigned scale = (opc & 2) << 1 | size;
        load = opc & 1;
        static const uint16_t kinds[2][5] = {
            {OP_store_simd_b_off, OP_store_simd_h_off, OP_store_simd_s_off, OP_store_simd_d_off, OP_store_simd_q_off},
            {OP_load_simd_b_off, OP_load_simd_h_off, OP_load_simd_s_off, OP_load_simd_d_off, OP_load_simd_q_off}};
        base = kinds[load][scale];
        size = scale;
        r->a = (uint8_t)RD;
    } else {
        load = opc != 0;
        static const uint16_t kinds[4][4] = {
            {OP_store_general_u8_off, OP_load_general_u8_off, OP_load_general_s8x_off, OP_load_general_s8w_off},
            {OP_store_general_u16_off, OP_load_general_u16_off, OP_load_general_s16x_off, OP_load_general_s16w_off},
            {OP_store_general_u32_off, OP_load_general_u32_off, OP_load_general_s32x_off, 0},
            {OP_store_general_u64_off, OP_load_general_u64_off, 0, 0}};
        base = kinds[size][opc];
        r->a = load ? target(RD) : source(RD);
    }
    r->b = (uint8_t)RN;
    if (!BITS(insn, 21, 1) || BITS(insn, 24, 1))
        r->c = 0;
    if (BITS(insn, 24, 1)) {
        r->imm = (int32_t)(BITS(insn, 10, 12) << size);
        return base + MODE_OFF;
    }
    if (BITS(insn, 21, 1)) {
        r->d = BITS(insn, 12, 1) ? (uint8_t)size : 0;
        switch (BITS(insn, 13, 3)) {
        case 2: return base + MODE_UXTW;
        case 6: return base + MODE_SXTW;
        default: return base + MODE_REG;
        }
    }
    r->imm = (int32_t)signed_bits(insn, 12, 9);
    switch (BITS(insn, 10, 2)) {
    case 0: return base + MODE_OFF;
    case 1:
    case 3:
        /* Writeback to the transferred register is CONSTRAINED UNPREDICTABLE: its function decides. */
        if ((!simd && RN == RD && RN != 31) || !writeback_of_sp_keeps_alignment(insn, r->imm))
            return slow(insn, r);
        return base + (BITS(insn, 10, 2) == 1 ? MODE_POST : MODE_PRE);
    default: return slow(insn, r);
    }
}

static unsigned translate_ldst_literal(const struct translation *t, uint32_t insn, struct record *r)
{
    r->imm = (int32_t)(signed_bits(insn, 5, 19) * 4);
    static const uint16_t ops[2][3] = {{OP_load_general_u32_lit, OP_load_general_u64_lit, OP_load_general_s32x_lit},
                                       {OP_load_simd_s_lit, OP_load_simd_d_lit, OP_load_simd_q_lit}};
    bool simd = BITS(insn, 26, 1);
    r->a = simd ? (uint8_t)RD : target(RD);
    r->b = r->c = 0;
    return ops[simd][insn >> 30];
}

static unsigned translate_ldst_pair(const struct translation *t, uint32_t insn, struct record *r)
{
    unsigned opc = insn >> 30, index = BITS(insn, 23, 2);
    bool simd = BITS(insn, 26, 1), load = BITS(insn, 22, 1);
    unsigned scale = simd ? 2 + opc : opc == 2 ? 3 : 2;
    r->b = (uint8_t)RN;
    r->imm = (int32_t)(signed_bits(insn, 15, 7) * (1 << scale));
    bool writeback = index == 1 || index == 3;
    if (load && RD == RA)
        return slow(insn, r); /* CONSTRAINED UNPREDICTABLE */
    if (writeback && ((!simd && RN != 31 && (RN == RD || RN == RA)) || !writeback_of_sp_keeps_alignment(insn, r->imm)))
        return slow(insn, r);
    unsigned mode = index == 3 ? 1 : index == 1 ? 2 : 0; /* off (also no-allocate), pre, post */
    if (simd) {
        r->a = (uint8_t)RD;
        r->c = (uint8_t)RA;
        static const uint16_t ops[2][3] = {
            {OP_store_pair_simd_s_off, OP_store_pair_simd_d_off, OP_store_pair_simd_q_off},
            {OP_load_pair_simd_s_off, OP_load_pair_simd_d_off, OP_load_pair_simd_q_off}};
        return ops[load][opc] + mode;
    }
    r->a = load ? target(RD) : source(RD);
    r->c = load ? target(RA) : source(RA);
    if (!load)
        return (opc == 2 ? OP_store_pair_general_u64_off : OP_store_pair_general_u32_off) + mode;
    static const uint16_t loads[3] = {OP_load_pair_general_u32_off, OP_load_pair_general_s32x_off,
                                      OP_load_pair_general_u64_off};
    return loads[opc] + mode;
}

/* --- the table --- */

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
