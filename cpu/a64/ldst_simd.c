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

/* Stores one element, or asks the host for it and lets it change the element. False: as for mem_write(). */
typedef bool store_fn(struct pe *pe, uint64_t va, unsigned size, const struct mmu_access *access, uint8_t *lane);

static bool store_element(struct pe *pe, uint64_t va, unsigned size, const struct mmu_access *access, uint8_t *lane)
{
    uint8_t element[8];
    memcpy(element, lane, size);
    ldst_swap(pe, element, size, 1);
    return mem_put(pe, va, size, access, element);
}

/* What follows an element that faults isn't asked for. */
static bool ask_for_element(struct pe *pe, uint64_t va, unsigned size, const struct mmu_access *access, uint8_t *lane)
{
    uint8_t element[8];
    memcpy(element, lane, size);
    ldst_swap(pe, element, size, 1);
    if (mem_ask_write(pe, va, size, access, element) != ASKED_GO)
        return false;
    ldst_swap(pe, element, size, 1);
    memcpy(lane, element, size);
    return true;
}

/* The host's answer was that the instruction isn't to be executed, or an exception. */
static bool is_refused(const struct pe *pe) { return pe->interp->verdict != VERDICT_GO; }

static bool load_element(struct pe *pe, uint64_t va, unsigned size, const struct mmu_access *access, uint8_t *lane)
{
    uint8_t element[8];
    if (!mem_read(pe, va, size, access, element))
        return false;
    ldst_swap(pe, element, size, 1);
    memcpy(lane, element, size);
    return true;
}

/* Registers in a row, elements that a structure has, their size, and bytes of a register. */
struct shape {
    unsigned repeat, structure, size, bytes;
};

static bool for_elements(struct pe *pe, const struct shape *shape, uint64_t va, const struct mmu_access *access,
                         union vreg *v, store_fn *function)
{
    for (unsigned r = 0; r < shape->repeat; r++)
        for (unsigned e = 0; e < shape->bytes; e += shape->size)
            for (unsigned s = 0; s < shape->structure; s++, va += shape->size)
                if (!function(pe, va, shape->size, access, &v[r * shape->structure + s].b[e]))
                    return false;
    return true;
}

bool exec_ldst_simd_multiple(struct pe *pe, uint32_t insn)
{
    /* By opcode: registers in a row, and elements that a structure has. */
    static const struct { uint8_t repeat, structure; } shapes[16] = {
        [0] = {1, 4}, [2] = {4, 1}, [4] = {1, 3}, [6] = {3, 1}, [7] = {1, 1}, [8] = {1, 2}, [10] = {2, 1}};
    unsigned opcode = BITS(insn, 12, 4), rt = insn & 31;
    const struct shape shape = {shapes[opcode].repeat, shapes[opcode].structure, 1u << BITS(insn, 10, 2),
                                BITS(insn, 30, 1) ? 16 : 8};
    unsigned registers = shape.repeat * shape.structure;
    bool load = BITS(insn, 22, 1);
    struct mmu_access access = data_access(pe, !load, shape.size);
    uint64_t base;
    if (!begin(pe, insn, &base))
        return false;
    /* Loaded registers are written when all elements have come without a fault. */
    union vreg v[4];
    for (unsigned i = 0; i < registers; i++) {
        v[i] = pe->v[(rt + i) % 32];
        if (load)
            memset(&v[i], 0, sizeof(v[i]));
    }
    if (!load && pe->env->access && !for_elements(pe, &shape, base, &access, v, ask_for_element) && is_refused(pe))
        return false;
    if (!for_elements(pe, &shape, base, &access, v, load ? load_element : store_element))
        return false;
    if (load) {
        for (unsigned i = 0; i < registers; i++)
            pe->v[(rt + i) % 32] = v[i];
    }
    post_index(pe, insn, base, shape.bytes * registers);
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
    for (unsigned i = 0; i < structure; i++)
        v[i] = pe->v[(rt + i) % 32];
    for (unsigned i = 0; !load && pe->env->access && i < structure; i++) {
        if (ask_for_element(pe, base + i * size, size, &access, &v[i].b[index * size]))
            continue;
        if (is_refused(pe))
            return false;
        break;
    }
    for (unsigned i = 0; i < structure; i++) {
        uint64_t va = base + i * size;
        uint8_t element[8];
        if (!(load ? load_element : store_element)(pe, va, size, &access, load ? element : &v[i].b[index * size]))
            return false;
        if (!load)
            continue;
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
