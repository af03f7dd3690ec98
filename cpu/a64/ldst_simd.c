/* Advanced SIMD load and store of multiple and of single structures. */
#include "cpu/a64/ldst.h"

#include "cpu/interp/interp.h"

#include <string.h>

static bool begin(struct pe *pe, uint32_t insn, uint64_t *base)
{
    return fp_access_check(pe) && ldst_base(pe, BITS(insn, 5, 5), base);
}

/* Post-index: by Rm, or by the bytes transferred when Rm is 31. */
static void post_index(struct pe *pe, uint32_t insn, uint64_t base, unsigned bytes)
{
    unsigned rm = BITS(insn, 16, 5);
    if (BITS(insn, 23, 1))
        ldst_writeback(pe, BITS(insn, 5, 5), base + (rm == 31 ? bytes : pe->x[rm]));
}

bool exec_ldst_simd_multiple(struct pe *pe, uint32_t insn)
{
    /* By opcode: registers in a row, and elements that a structure has. */
    static const struct { uint8_t repeat, structure; } shapes[16] = {
        [0] = {1, 4}, [2] = {4, 1}, [4] = {1, 3}, [6] = {3, 1}, [7] = {1, 1}, [8] = {1, 2}, [10] = {2, 1}};
    unsigned opcode = BITS(insn, 12, 4), rt = insn & 31, size = 1u << BITS(insn, 10, 2);
    unsigned bytes = BITS(insn, 30, 1) ? 16 : 8, repeat = shapes[opcode].repeat, structure = shapes[opcode].structure;
    bool load = BITS(insn, 22, 1);
    struct mmu_access access = data_access(pe, !load, size);
    uint64_t base;
    if (!begin(pe, insn, &base))
        return false;
    uint64_t va = base;
    /* Loaded registers are written when all elements have come without a fault. */
    union vreg v[4];
    for (unsigned i = 0; i < repeat * structure; i++) {
        v[i] = pe->v[(rt + i) % 32];
        if (load)
            memset(&v[i], 0, sizeof(v[i]));
    }
    for (unsigned r = 0; r < repeat; r++) {
        for (unsigned e = 0; e < bytes; e += size) {
            for (unsigned s = 0; s < structure; s++, va += size) {
                uint8_t element[8];
                uint8_t *lane = &v[r * structure + s].b[e];
                if (load) {
                    if (!mem_read(pe, va, size, &access, element))
                        return false;
                    ldst_swap(pe, element, size, 1);
                    memcpy(lane, element, size);
                } else {
                    memcpy(element, lane, size);
                    ldst_swap(pe, element, size, 1);
                    if (!mem_write(pe, va, size, &access, element))
                        return false;
                }
            }
        }
    }
    if (load) {
        for (unsigned i = 0; i < repeat * structure; i++)
            pe->v[(rt + i) % 32] = v[i];
    }
    post_index(pe, insn, base, bytes * repeat * structure);
    return true;
}

bool exec_ldst_simd_single(struct pe *pe, uint32_t insn)
{
    unsigned rt = insn & 31, opcode = BITS(insn, 13, 3), q = BITS(insn, 30, 1), s = BITS(insn, 12, 1);
    unsigned size_field = BITS(insn, 10, 2), scale = opcode >> 1;
    unsigned structure = ((opcode & 1) << 1 | BITS(insn, 21, 1)) + 1, index = 0;
    bool load = BITS(insn, 22, 1), replicate = scale == 3;
    switch (scale) {
    case 3: scale = size_field; break;
    case 0: index = q << 3 | s << 2 | size_field; break;
    case 1: index = q << 2 | s << 1 | size_field >> 1; break;
    default:
        if (size_field & 1) {
            index = q;
            scale = 3;
        } else {
            index = q << 1 | s;
        }
    }
    unsigned size = 1u << scale;
    struct mmu_access access = data_access(pe, !load, size);
    uint64_t base;
    if (!begin(pe, insn, &base))
        return false;
    union vreg v[4];
    for (unsigned i = 0; i < structure; i++) {
        uint64_t va = base + i * size;
        uint8_t element[8];
        v[i] = pe->v[(rt + i) % 32];
        if (!load) {
            memcpy(element, &v[i].b[index * size], size);
            ldst_swap(pe, element, size, 1);
            if (!mem_write(pe, va, size, &access, element))
                return false;
            continue;
        }
        if (!mem_read(pe, va, size, &access, element))
            return false;
        ldst_swap(pe, element, size, 1);
        if (!replicate) {
            memcpy(&v[i].b[index * size], element, size);
            continue;
        }
        memset(&v[i], 0, sizeof(v[i]));
        for (unsigned e = 0; e < (q ? 16 : 8); e += size)
            memcpy(&v[i].b[e], element, size);
    }
    if (load) {
        for (unsigned i = 0; i < structure; i++)
            pe->v[(rt + i) % 32] = v[i];
    }
    post_index(pe, insn, base, size * structure);
    return true;
}
