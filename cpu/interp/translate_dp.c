/* Translators of data processing instructions, immediate and register. */
#include "cpu/interp/translate.h"

/* --- data processing (immediate) --- */

unsigned translate_pcreladdr(const struct translation *t, uint32_t insn, struct record *r)
{
    r->imm = (int32_t)(signed_bits(insn, 5, 19) * 4 | BITS(insn, 29, 2));
    return insn >> 31 ? OP_adrp : OP_adr;
}

unsigned translate_addsub_imm(const struct translation *t, uint32_t insn, struct record *r)
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

unsigned translate_log_imm(const struct translation *t, uint32_t insn, struct record *r)
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

unsigned translate_movewide(const struct translation *t, uint32_t insn, struct record *r)
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

unsigned translate_bitfield(const struct translation *t, uint32_t insn, struct record *r)
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

unsigned translate_extract(const struct translation *t, uint32_t insn, struct record *r)
{
    r->d = (uint8_t)BITS(insn, 10, 6);
    return BY_WIDTH(extr);
}

/* --- data processing (register) --- */

unsigned translate_dp_2src(const struct translation *t, uint32_t insn, struct record *r)
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

unsigned translate_crc32(const struct translation *t, uint32_t insn, struct record *r)
{
    r->d = (uint8_t)(1u << BITS(insn, 10, 2));
    r->imm = BITS(insn, 12, 1) ? (int32_t)0x82f63b78 : (int32_t)0xedb88320; /* reflected 0x1EDC6F41, 0x04C11DB7 */
    return OP_crc32;
}

unsigned translate_dp_1src(const struct translation *t, uint32_t insn, struct record *r)
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

unsigned translate_log_shift(const struct translation *t, uint32_t insn, struct record *r)
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

unsigned translate_addsub_shift(const struct translation *t, uint32_t insn, struct record *r)
{
    r->d = (uint8_t)BITS(insn, 10, 6);
    return r->d == 0 ? addsub_plain(insn) : op2(insn, BITS(insn, 22, 2));
}

unsigned translate_addsub_ext(const struct translation *t, uint32_t insn, struct record *r)
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

unsigned translate_addsub_carry(const struct translation *t, uint32_t insn, struct record *r)
{
    bool subtract = BITS(insn, 30, 1), flags = BITS(insn, 29, 1);
    if (flags)
        return subtract ? BY_WIDTH(sbcs) : BY_WIDTH(adcs);
    return subtract ? BY_WIDTH(sbc) : BY_WIDTH(adc);
}

unsigned translate_condcmp(const struct translation *t, uint32_t insn, struct record *r)
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

unsigned translate_condsel(const struct translation *t, uint32_t insn, struct record *r)
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

unsigned translate_dp_3src(const struct translation *t, uint32_t insn, struct record *r)
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
