/*
 * Data processing that leaves the fast semantics: writes to SP whose alignment must be looked at, conditions while N
 * and Z are both set, and the flag manipulation instructions.
 */
#include "cpu/a64/ldst.h"
#include "cpu/interp/interp.h"

/* ConditionHolds() */
static bool condition_holds(const struct pe *pe, unsigned cond)
{
    unsigned nzcv = pe_nzcv(pe);
    bool n = nzcv >> 3 & 1, z = nzcv >> 2 & 1, c = nzcv >> 1 & 1, v = nzcv & 1, result;
    switch (cond >> 1) {
    case 0: result = z; break;
    case 1: result = c; break;
    case 2: result = n; break;
    case 3: result = v; break;
    case 4: result = c && !z; break;
    case 5: result = n == v; break;
    case 6: result = n == v && !z; break;
    default: return true;
    }
    return (cond & 1) ? !result : result;
}

static uint64_t extended(const struct pe *pe, uint32_t insn)
{
    uint64_t value = read_x(pe, BITS(insn, 16, 5));
    unsigned option = BITS(insn, 13, 3), bytes = 1u << (option & 3);
    value = option & 4 ? sign_extend(value, bytes) : value & ones(8 * bytes);
    return value << BITS(insn, 10, 3);
}

/* ADD, SUB (immediate and extended register), AND, ORR, EOR (immediate) with SP as the destination. */
bool exec_sp_arithmetic(struct pe *pe, uint32_t insn)
{
    bool is64 = insn >> 31, logical = BITS(insn, 23, 6) == 0x24;
    uint64_t result;
    if (logical) {
        uint64_t operand = read_x(pe, BITS(insn, 5, 5));
        uint64_t mask = decode_bit_mask(BITS(insn, 22, 1), BITS(insn, 16, 6), BITS(insn, 10, 6), is64);
        unsigned opc = BITS(insn, 29, 2);
        result = opc == 0 ? operand & mask : opc == 1 ? operand | mask : operand ^ mask;
    } else {
        uint64_t operand = pe->x[BITS(insn, 5, 5)];
        uint64_t other = BITS(insn, 24, 5) == 0x11 ? (uint64_t)BITS(insn, 10, 12) << (BITS(insn, 22, 1) * 12)
                                                   : extended(pe, insn);
        result = BITS(insn, 30, 1) ? operand - other : operand + other;
    }
    pe->x[REG_SP] = is64 ? result : (uint32_t)result;
    pe_update_pstate(pe);
    return true;
}

bool exec_condbranch(struct pe *pe, uint32_t insn)
{
    if (!condition_holds(pe, insn & 15))
        return true;
    pe->pc += (uint64_t)(signed_field(insn, 5, 19) * 4);
    return false;
}

bool exec_condsel(struct pe *pe, uint32_t insn)
{
    bool is64 = insn >> 31;
    uint64_t result = read_x(pe, BITS(insn, 5, 5));
    if (!condition_holds(pe, BITS(insn, 12, 4))) {
        result = read_x(pe, BITS(insn, 16, 5));
        if (BITS(insn, 30, 1))
            result = ~result;
        if (BITS(insn, 10, 1))
            result++;
    }
    write_x(pe, insn & 31, is64 ? result : (uint32_t)result);
    return true;
}

bool exec_condcmp(struct pe *pe, uint32_t insn)
{
    if (!condition_holds(pe, BITS(insn, 12, 4))) {
        pe_set_nzcv(pe, insn & 15);
        return true;
    }
    uint64_t x = read_x(pe, BITS(insn, 5, 5));
    uint64_t y = BITS(insn, 11, 1) ? BITS(insn, 16, 5) : read_x(pe, BITS(insn, 16, 5));
    uint64_t nz, fc, fv;
    bool subtract = BITS(insn, 30, 1);
    if (insn >> 31) {
        if (subtract)
            SUB_FLAGS(64, x, y, (void)r_)
        else
            ADD_FLAGS(64, x, y, (void)r_)
    } else {
        if (subtract)
            SUB_FLAGS(32, (uint32_t)x, (uint32_t)y, (void)r_)
        else
            ADD_FLAGS(32, (uint32_t)x, (uint32_t)y, (void)r_)
    }
    pe->nz = nz;
    pe->fc = fc;
    pe->fv = fv;
    pe->nz_both = false;
    return true;
}

/* RMIF, SETF8, SETF16 (FEAT_FlagM) */
bool exec_flagm(struct pe *pe, uint32_t insn)
{
    uint64_t value = read_x(pe, BITS(insn, 5, 5));
    if (insn >> 31) {
        unsigned mask = insn & 15;
        unsigned bits = (unsigned)rotate_right_64(value, BITS(insn, 15, 6)) & 15;
        pe_set_nzcv(pe, (pe_nzcv(pe) & ~mask) | (bits & mask));
        return true;
    }
    unsigned msb = BITS(insn, 14, 1) ? 15 : 7;
    unsigned n = value >> msb & 1, z = (value & ones(msb + 1)) == 0, v = (value >> msb ^ value >> (msb + 1)) & 1;
    pe_set_nzcv(pe, n << 3 | z << 2 | (pe_nzcv(pe) & 2) | v);
    return true;
}
