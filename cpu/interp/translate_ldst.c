/* Translators of loads and stores. */
#include "cpu/interp/translate.h"

/* ops.list: modes innermost in this order. */
enum mode { MODE_OFF, MODE_REG, MODE_UXTW, MODE_SXTW, MODE_PRE, MODE_POST, MODES };

static bool writeback_of_sp_keeps_alignment(uint32_t insn, int64_t imm)
{
    return RN != 31 || imm % 16 == 0;
}

unsigned translate_ldst_register(const struct translation *t, uint32_t insn, struct record *r)
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

unsigned translate_ldst_literal(const struct translation *t, uint32_t insn, struct record *r)
{
    r->imm = (int32_t)(signed_bits(insn, 5, 19) * 4);
    static const uint16_t ops[2][3] = {{OP_load_general_u32_lit, OP_load_general_u64_lit, OP_load_general_s32x_lit},
                                       {OP_load_simd_s_lit, OP_load_simd_d_lit, OP_load_simd_q_lit}};
    bool simd = BITS(insn, 26, 1);
    r->a = simd ? (uint8_t)RD : target(RD);
    r->b = r->c = 0;
    return ops[simd][insn >> 30];
}

unsigned translate_ldst_pair(const struct translation *t, uint32_t insn, struct record *r)
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
