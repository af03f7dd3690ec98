/* Loads and stores of one register, of pairs, and of literals: C4.1 "Loads and Stores". */
#include "cpu/a64/ldst.h"

#include "cpu/control.h"

#include <string.h>

bool ldst_base(struct pe *pe, unsigned n, uint64_t *address)
{
    *address = pe->x[n];
    if (n != REG_SP || !(pe->x[REG_SP] & 15))
        return true;
    bool check = pe->regime[pe->current_regime].sctlr >> (pe->pstate.el == 0 ? 4 : 3) & 1; /* CheckSPAlignment() */
    if (check)
        take_sp_alignment_fault(pe);
    return !check;
}

void ldst_writeback(struct pe *pe, unsigned n, uint64_t address)
{
    pe->x[n] = address;
    if (n == REG_SP)
        pe_update_pstate(pe);
}

static bool big_endian(const struct pe *pe)
{
    return pe->regime[pe->current_regime].sctlr >> (pe->pstate.el == 0 ? 24 : 25) & 1;
}

void ldst_swap(const struct pe *pe, uint8_t *data, unsigned element, unsigned count)
{
    if (!big_endian(pe))
        return;
    for (unsigned i = 0; i < count; i++, data += element) {
        for (unsigned low = 0, high = element - 1; low < high; low++, high--) {
            uint8_t byte = data[low];
            data[low] = data[high];
            data[high] = byte;
        }
    }
}

bool ldst_read(struct pe *pe, uint64_t va, unsigned size, const struct mmu_access *access, uint64_t *value)
{
    uint8_t data[8] = {0};
    if (!mem_read(pe, va, size, access, data))
        return false;
    ldst_swap(pe, data, size, 1);
    memcpy(value, data, sizeof(*value));
    return true;
}

bool ldst_write(struct pe *pe, uint64_t va, unsigned size, const struct mmu_access *access, uint64_t value)
{
    uint8_t data[8];
    memcpy(data, &value, sizeof(data));
    ldst_swap(pe, data, size, 1);
    return mem_write(pe, va, size, access, data);
}

/* --- one register --- */

struct single {
    unsigned log2_size, rt, rn;
    bool simd, load, sign, to64, writeback, post;
    uint64_t offset;
};

static uint64_t extend_register(uint64_t value, unsigned option, unsigned shift)
{
    switch (option) {
    case 2: value = (uint32_t)value; break;
    case 6: value = (uint64_t)(int64_t)(int32_t)value; break;
    default: break;
    }
    return value << shift;
}

static struct single decode_single(const struct pe *pe, uint32_t insn)
{
    unsigned size = insn >> 30, opc = BITS(insn, 22, 2);
    struct single s = {.rt = insn & 31, .rn = BITS(insn, 5, 5), .simd = BITS(insn, 26, 1)};
    s.log2_size = s.simd ? (opc & 2) << 1 | size : size;
    s.load = s.simd ? opc & 1 : opc != 0;
    s.sign = !s.simd && opc >= 2;
    s.to64 = s.sign ? opc == 2 : size == 3;
    if (BITS(insn, 24, 1)) {
        s.offset = (uint64_t)BITS(insn, 10, 12) << s.log2_size;
    } else if (BITS(insn, 21, 1)) {
        s.offset = extend_register(read_x(pe, BITS(insn, 16, 5)), BITS(insn, 13, 3),
                                   BITS(insn, 12, 1) ? s.log2_size : 0);
    } else {
        s.offset = (uint64_t)signed_field(insn, 12, 9);
        s.writeback = BITS(insn, 10, 1);
        s.post = BITS(insn, 10, 2) == 1;
    }
    return s;
}

static bool execute_single(struct pe *pe, const struct single *s, struct mmu_access access)
{
    uint64_t base;
    unsigned size = 1u << s->log2_size;
    if (s->simd && !fp_access_check(pe))
        return false;
    if (!ldst_base(pe, s->rn, &base))
        return false;
    uint64_t va = s->post ? base : base + s->offset;
    /* ISV is 0 with writeback, and for SIMD&FP registers. */
    if (!s->simd && !s->writeback)
        set_iss(pe, s->log2_size, s->sign, s->rt, s->to64, false);
    uint8_t data[16] = {0};
    if (s->load) {
        if (!mem_read(pe, va, size, &access, data))
            return false;
        ldst_swap(pe, data, size, 1);
        if (s->writeback)
            ldst_writeback(pe, s->rn, base + s->offset);
        if (s->simd) {
            memcpy(pe->v[s->rt].b, data, sizeof(data));
            return true;
        }
        uint64_t value;
        memcpy(&value, data, sizeof(value));
        if (s->sign)
            value = s->to64 ? sign_extend(value, size) : (uint32_t)sign_extend(value, size);
        write_x(pe, s->rt, value);
        return true;
    }
    if (s->simd) {
        memcpy(data, pe->v[s->rt].b, sizeof(data));
    } else {
        uint64_t value = read_x(pe, s->rt);
        memcpy(data, &value, sizeof(value));
    }
    ldst_swap(pe, data, size, 1);
    if (!mem_write(pe, va, size, &access, data))
        return false;
    if (s->writeback)
        ldst_writeback(pe, s->rn, base + s->offset);
    return true;
}

bool exec_ldst_register(struct pe *pe, uint32_t insn)
{
    struct single s = decode_single(pe, insn);
    return execute_single(pe, &s, data_access(pe, !s.load, 1u << s.log2_size));
}

/* LDTR, STTR: the permissions of EL0 where the regime has an EL0, unless PSTATE.UAO says otherwise. */
bool exec_ldst_unprivileged(struct pe *pe, uint32_t insn)
{
    struct single s = decode_single(pe, insn);
    s.writeback = s.post = false;
    struct mmu_access access = data_access(pe, !s.load, 1u << s.log2_size);
    if (unprivileged_accesses_are_el0(pe))
        access.el = 0;
    return execute_single(pe, &s, access);
}

bool exec_ldst_literal(struct pe *pe, uint32_t insn)
{
    unsigned opc = insn >> 30, rt = insn & 31;
    bool simd = BITS(insn, 26, 1);
    unsigned log2_size = simd ? 2 + opc : opc == 1 ? 3 : 2;
    uint64_t va = pe->pc + (uint64_t)(signed_field(insn, 5, 19) * 4);
    struct mmu_access access = data_access(pe, false, 1u << log2_size);
    uint8_t data[16] = {0};
    if (simd && !fp_access_check(pe))
        return false;
    if (!simd)
        set_iss(pe, log2_size, opc == 2, rt, opc != 0, false);
    if (!mem_read(pe, va, 1u << log2_size, &access, data))
        return false;
    ldst_swap(pe, data, 1u << log2_size, 1);
    if (simd) {
        memcpy(pe->v[rt].b, data, sizeof(data));
        return true;
    }
    uint64_t value;
    memcpy(&value, data, sizeof(value));
    write_x(pe, rt, opc == 2 ? sign_extend(value, 4) : value);
    return true;
}

/* --- pairs --- */

static void put_element(struct pe *pe, bool simd, unsigned n, const uint8_t *data, unsigned size, bool sign)
{
    if (simd) {
        memset(pe->v[n].b, 0, sizeof(pe->v[n].b));
        memcpy(pe->v[n].b, data, size);
        return;
    }
    uint64_t value = 0;
    memcpy(&value, data, size);
    write_x(pe, n, sign ? sign_extend(value, size) : value);
}

static void take_element(const struct pe *pe, bool simd, unsigned n, uint8_t *data, unsigned size)
{
    uint64_t value = simd ? 0 : read_x(pe, n);
    memcpy(data, simd ? pe->v[n].b : (const uint8_t *)&value, size);
}

bool exec_ldst_pair(struct pe *pe, uint32_t insn)
{
    unsigned opc = insn >> 30, index = BITS(insn, 23, 2), rt = insn & 31, rn = BITS(insn, 5, 5), rt2 = BITS(insn, 10, 5);
    bool simd = BITS(insn, 26, 1), load = BITS(insn, 22, 1), sign = !simd && opc == 1;
    unsigned log2_size = simd ? 2 + opc : opc == 2 ? 3 : 2, size = 1u << log2_size;
    uint64_t offset = (uint64_t)(signed_field(insn, 15, 7) * (int64_t)size), base;
    bool writeback = index == 1 || index == 3;
    if (simd && !fp_access_check(pe))
        return false;
    if (!ldst_base(pe, rn, &base))
        return false;
    uint64_t va = index == 1 ? base : base + offset;
    struct mmu_access access = data_access(pe, !load, size);
    uint8_t data[32];
    if (load) {
        if (!mem_read(pe, va, 2 * size, &access, data))
            return false;
        ldst_swap(pe, data, size, 2);
        if (writeback)
            ldst_writeback(pe, rn, base + offset);
        put_element(pe, simd, rt, data, size, sign);
        put_element(pe, simd, rt2, data + size, size, sign);
        return true;
    }
    take_element(pe, simd, rt, data, size);
    take_element(pe, simd, rt2, data + size, size);
    ldst_swap(pe, data, size, 2);
    if (!mem_write(pe, va, 2 * size, &access, data))
        return false;
    if (writeback)
        ldst_writeback(pe, rn, base + offset);
    return true;
}
