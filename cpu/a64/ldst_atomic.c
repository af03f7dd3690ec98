/* Exclusives, load-acquire and store-release, compare and swap, and the atomic memory operations. */
#include "cpu/a64/ldst.h"

#include "cpu/interp/interp.h"

#include <string.h>

/* CTR_EL0.ERG of the models: 16 words. */
enum { RESERVATION_GRANULE = 64 };

static struct mmu_access ordered_access(const struct pe *pe, bool write, unsigned size)
{
    struct mmu_access access = data_access(pe, write, size);
    access.aligned_required = true; /* always alignment checked, without FEAT_LSE2 */
    access.acqrel = true;
    return access;
}

/* --- exclusives: the local and the global monitor, AArch64.SetExclusiveMonitors and ...MonitorsPass --- */

static bool load_exclusive(struct pe *pe, uint64_t va, unsigned size, unsigned element, const struct mmu_access *access,
                           uint8_t *data)
{
    struct mem_place place;
    if (!mem_locate(pe, va, size, access, &place) || !mem_place_read(pe, &place, va, size, access, data))
        return false;
    pe->monitor.local_valid = pe->monitor.global_valid = true;
    pe->monitor.pas = place.pas;
    pe->monitor.pa = place.pa & ~(uint64_t)(RESERVATION_GRANULE - 1);
    pe->monitor.size = RESERVATION_GRANULE;
    pe->monitor.tagged_va = va;
    ldst_swap(pe, data, element, size / element);
    return true;
}

static bool store_exclusive(struct pe *pe, uint64_t va, unsigned size, unsigned element,
                            const struct mmu_access *access, uint8_t *data, uint64_t *status)
{
    struct mem_place place;
    if (!mem_locate(pe, va, size, access, &place))
        return false;
    bool pass = pe->monitor.local_valid && pe->monitor.global_valid && pe->monitor.pas == place.pas &&
                pe->monitor.pa <= place.pa && place.pa + size <= pe->monitor.pa + pe->monitor.size;
    *status = !pass;
    ldst_swap(pe, data, element, size / element);
    if (pass && pe->env->access && mem_ask_write(pe, va, size, access, data) == ASKED_NOT)
        return false;
    pe->monitor.local_valid = pe->monitor.global_valid = false;
    return !pass || mem_place_put(pe, &place, va, size, access, data);
}

bool exec_ldst_exclusive(struct pe *pe, uint32_t insn)
{
    unsigned rt = insn & 31, rn = BITS(insn, 5, 5), rt2 = BITS(insn, 10, 5), rs = BITS(insn, 16, 5);
    bool load = BITS(insn, 22, 1), pair = BITS(insn, 21, 1), acqrel = BITS(insn, 15, 1);
    unsigned element = 1u << (insn >> 30), size = element << pair;
    uint64_t va;
    if (!ldst_base(pe, rn, &va))
        return false;
    struct mmu_access access = ordered_access(pe, !load, size);
    access.exclusive = true;
    access.acqrel = acqrel;
    uint8_t data[16] = {0};
    uint64_t value[2];
    if (load) {
        if (!load_exclusive(pe, va, size, element, &access, data))
            return false;
        value[0] = value[1] = 0;
        memcpy(&value[0], data, element);
        memcpy(&value[1], data + element, element);
        write_x(pe, rt, value[0]);
        if (pair)
            write_x(pe, rt2, value[1]);
        return true;
    }
    uint64_t status;
    value[0] = read_x(pe, rt);
    value[1] = read_x(pe, rt2);
    memcpy(data, &value[0], element);
    memcpy(data + element, &value[1], element);
    if (!store_exclusive(pe, va, size, element, &access, data, &status))
        return false;
    write_x(pe, rs, status);
    return true;
}

/* --- ordered --- */

/* LDAR, STLR, LDLAR, STLLR (insn[29:24] = 001000) and LDAPR. */
bool exec_ldst_ordered(struct pe *pe, uint32_t insn)
{
    unsigned log2_size = insn >> 30, rt = insn & 31;
    bool ldapr = BITS(insn, 24, 6) == 0x38, load = ldapr || BITS(insn, 22, 1);
    uint64_t va, value;
    if (!ldst_base(pe, BITS(insn, 5, 5), &va))
        return false;
    struct mmu_access access = ordered_access(pe, !load, 1u << log2_size);
    if (!ldapr) /* LDAPR gives no syndrome of its own, LDAPUR does */
        set_iss(pe, log2_size, false, rt, log2_size == 3, true);
    if (!load)
        return ldst_write(pe, va, 1u << log2_size, &access, read_x(pe, rt));
    if (!ldst_read(pe, va, 1u << log2_size, &access, &value))
        return false;
    write_x(pe, rt, value);
    return true;
}

/* LDAPUR, STLUR. */
bool exec_ldst_rcpc(struct pe *pe, uint32_t insn)
{
    unsigned log2_size = insn >> 30, rt = insn & 31, opc = BITS(insn, 22, 2);
    bool to64 = opc >= 2 ? opc == 2 : log2_size == 3;
    uint64_t base, value;
    if (!ldst_base(pe, BITS(insn, 5, 5), &base))
        return false;
    uint64_t va = base + (uint64_t)signed_field(insn, 12, 9);
    struct mmu_access access = ordered_access(pe, opc == 0, 1u << log2_size);
    set_iss(pe, log2_size, opc >= 2, rt, to64, true);
    if (opc == 0)
        return ldst_write(pe, va, 1u << log2_size, &access, read_x(pe, rt));
    if (!ldst_read(pe, va, 1u << log2_size, &access, &value))
        return false;
    if (opc >= 2)
        value = to64 ? sign_extend(value, 1u << log2_size) : (uint32_t)sign_extend(value, 1u << log2_size);
    write_x(pe, rt, value);
    return true;
}

/* --- read-modify-write --- */

static struct mmu_access atomic_access(const struct pe *pe, unsigned size, bool acqrel)
{
    struct mmu_access access = ordered_access(pe, true, size);
    access.read = true;
    access.atomic = true;
    access.acqrel = acqrel;
    return access;
}

bool exec_ldst_cas(struct pe *pe, uint32_t insn)
{
    unsigned log2_size = insn >> 30, size = 1u << log2_size, rs = BITS(insn, 16, 5), rt = insn & 31;
    bool acqrel = BITS(insn, 22, 1) || BITS(insn, 15, 1);
    struct mmu_access access = atomic_access(pe, size, acqrel);
    struct mem_place place;
    uint64_t va, old = 0, mask = ones(8 * size);
    if (!ldst_base(pe, BITS(insn, 5, 5), &va))
        return false;
    if (!mem_locate(pe, va, size, &access, &place) || !mem_place_read(pe, &place, va, size, &access, &old))
        return false;
    ldst_swap(pe, (uint8_t *)&old, size, 1);
    if (old == (read_x(pe, rs) & mask)) {
        uint64_t value = read_x(pe, rt);
        ldst_swap(pe, (uint8_t *)&value, size, 1);
        if (!mem_place_write(pe, &place, va, size, &access, &value))
            return false;
    }
    write_x(pe, rs, old);
    return true;
}

bool exec_ldst_casp(struct pe *pe, uint32_t insn)
{
    unsigned element = BITS(insn, 30, 1) ? 8 : 4, rs = BITS(insn, 16, 5), rt = insn & 31;
    bool acqrel = BITS(insn, 22, 1) || BITS(insn, 15, 1);
    struct mmu_access access = atomic_access(pe, 2 * element, acqrel);
    struct mem_place place;
    uint64_t va, mask = ones(8 * element);
    uint8_t old[16];
    if (!ldst_base(pe, BITS(insn, 5, 5), &va))
        return false;
    if (!mem_locate(pe, va, 2 * element, &access, &place) ||
        !mem_place_read(pe, &place, va, 2 * element, &access, old))
        return false;
    ldst_swap(pe, old, element, 2);
    uint64_t first = 0, second = 0;
    memcpy(&first, old, element);
    memcpy(&second, old + element, element);
    if (first == (read_x(pe, rs) & mask) && second == (read_x(pe, rs + 1) & mask)) {
        uint64_t values[2] = {read_x(pe, rt), read_x(pe, rt + 1)};
        uint8_t data[16];
        memcpy(data, &values[0], element);
        memcpy(data + element, &values[1], element);
        ldst_swap(pe, data, element, 2);
        if (!mem_place_write(pe, &place, va, 2 * element, &access, data))
            return false;
    }
    write_x(pe, rs, first);
    write_x(pe, rs + 1, second);
    return true;
}

static uint64_t atomic_result(unsigned operation, uint64_t old, uint64_t operand, unsigned size)
{
    int64_t signed_old = (int64_t)sign_extend(old, size), signed_operand = (int64_t)sign_extend(operand, size);
    switch (operation) {
    case 0: return old + operand;
    case 1: return old & ~operand;
    case 2: return old ^ operand;
    case 3: return old | operand;
    case 4: return signed_old > signed_operand ? old : operand;
    case 5: return signed_old > signed_operand ? operand : old;
    case 6: return old > operand ? old : operand;
    case 7: return old > operand ? operand : old;
    default: return operand; /* SWP */
    }
}

bool exec_ldst_atomic(struct pe *pe, uint32_t insn)
{
    unsigned log2_size = insn >> 30, size = 1u << log2_size, rs = BITS(insn, 16, 5), rt = insn & 31;
    unsigned operation = BITS(insn, 12, 4);
    bool acqrel = BITS(insn, 22, 2) != 0;
    struct mmu_access access = atomic_access(pe, size, acqrel);
    struct mem_place place;
    uint64_t va, old = 0;
    if (!ldst_base(pe, BITS(insn, 5, 5), &va))
        return false;
    if (!mem_locate(pe, va, size, &access, &place) || !mem_place_read(pe, &place, va, size, &access, &old))
        return false;
    ldst_swap(pe, (uint8_t *)&old, size, 1);
    uint64_t value = atomic_result(operation, old, read_x(pe, rs) & ones(8 * size), size);
    ldst_swap(pe, (uint8_t *)&value, size, 1);
    if (!mem_place_write(pe, &place, va, size, &access, &value))
        return false;
    write_x(pe, rt, old);
    return true;
}
