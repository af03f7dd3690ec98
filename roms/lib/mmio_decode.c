/* Names are those of the Arm ARM's encoding index, "Loads and Stores". */
#include "mmio_decode.h"

#define BIT(word, n) ((word) >> (n) & 1)
#define FIELD(word, high, low) ((word) >> (low) & ((1u << ((high) - (low) + 1)) - 1))

static i64 sign_extended(u64 value, unsigned bits)
{
    u64 sign = (u64)1 << (bits - 1);
    return (i64)(((value & (sign * 2 - 1)) ^ sign) - sign);
}

/* opc of single registers: 0 store, 1 load, 2 and 3 sign-extending loads; with V, size is opc<1>:size. */
static bool single_register(u32 opcode, struct mmio_instruction *in)
{
    unsigned size = FIELD(opcode, 31, 30), opc = FIELD(opcode, 23, 22);
    in->vector = BIT(opcode, 26);
    if (in->vector) {
        size |= (opc & 2) << 1;
        if (size > 4)
            return false;
        in->size = (u8)(1u << size);
        in->kind = opc & 1 ? MMIO_LOAD : MMIO_STORE;
        return true;
    }
    in->size = (u8)(1u << size);
    in->kind = opc == 0 ? MMIO_STORE : MMIO_LOAD;
    in->sign_extend = opc >= 2;
    in->wide = opc < 2 ? size == 3 : opc == 2;
    if (size == 3 && opc == 2)
        in->kind = MMIO_PREFETCH;
    return !(size == 3 && opc == 3) && !(size == 2 && opc == 3);
}

static bool unscaled_or_indexed(u32 opcode, struct mmio_instruction *in)
{
    enum { UNSCALED, POST, UNPRIVILEGED, PRE };
    unsigned form = FIELD(opcode, 11, 10);
    in->offset = sign_extended(FIELD(opcode, 20, 12), 9);
    in->index = form == POST ? MMIO_POST_INDEX : form == PRE ? MMIO_PRE_INDEX : MMIO_OFFSET;
    in->unprivileged = form == UNPRIVILEGED;
    if (!single_register(opcode, in) || (in->unprivileged && in->vector))
        return false;
    return in->kind != MMIO_PREFETCH || form == UNSCALED;
}

static bool unsigned_offset(u32 opcode, struct mmio_instruction *in)
{
    bool good = single_register(opcode, in);
    in->offset = (i64)FIELD(opcode, 21, 10) * in->size;
    return good;
}

static bool register_offset(u32 opcode, struct mmio_instruction *in)
{
    bool good = single_register(opcode, in) && BIT(opcode, 14);
    in->has_rm = true;
    in->rm = (u8)FIELD(opcode, 20, 16);
    in->option = (u8)FIELD(opcode, 15, 13);
    in->shift = BIT(opcode, 12) ? (u8)__builtin_ctz(in->size) : 0;
    return good;
}

static bool literal(u32 opcode, struct mmio_instruction *in)
{
    unsigned opc = FIELD(opcode, 31, 30);
    in->index = MMIO_LITERAL;
    in->offset = sign_extended(FIELD(opcode, 23, 5), 19) * 4;
    in->vector = BIT(opcode, 26);
    in->kind = !in->vector && opc == 3 ? MMIO_PREFETCH : MMIO_LOAD;
    in->sign_extend = !in->vector && opc == 2;
    in->size = (u8)(in->vector ? 4u << opc : opc == 1 ? 8u : 4u);
    in->wide = opc != 0;
    return !(in->vector && opc == 3);
}

static bool pair(u32 opcode, struct mmio_instruction *in)
{
    enum { NO_ALLOCATE, POST, OFFSET, PRE };
    unsigned opc = FIELD(opcode, 31, 30), form = FIELD(opcode, 24, 23);
    bool load = BIT(opcode, 22);
    in->kind = load ? MMIO_LOAD : MMIO_STORE;
    in->index = form == POST ? MMIO_POST_INDEX : form == PRE ? MMIO_PRE_INDEX : MMIO_OFFSET;
    in->vector = BIT(opcode, 26);
    in->count = 2;
    in->rt2 = (u8)FIELD(opcode, 14, 10);
    in->sign_extend = !in->vector && opc == 1; /* LDPSW; its store is STGP, of FEAT_MTE */
    in->size = (u8)(in->vector ? 4u << opc : opc == 2 ? 8u : 4u);
    in->wide = opc != 0;
    in->offset = sign_extended(FIELD(opcode, 21, 15), 7) * in->size;
    return opc != 3 && !(in->sign_extend && (!load || form == NO_ALLOCATE));
}

/* Ordered and exclusive; compare and swap. o2 and o1 say which, L loads, o0 orders. */
static bool exclusive(u32 opcode, struct mmio_instruction *in)
{
    unsigned size = FIELD(opcode, 31, 30);
    bool o2 = BIT(opcode, 23), load = BIT(opcode, 22), o1 = BIT(opcode, 21);
    in->size = (u8)(1u << size);
    in->wide = size == 3;
    in->rs = (u8)FIELD(opcode, 20, 16);
    in->rt2 = (u8)FIELD(opcode, 14, 10);
    in->kind = load ? MMIO_LOAD : MMIO_STORE;
    if (o2 && o1) { /* CAS */
        in->kind = MMIO_COMPARE_SWAP;
        return in->rt2 == 31;
    }
    if (o1 && size < 2) { /* CASP */
        in->kind = MMIO_COMPARE_SWAP;
        in->count = 2;
        in->size = (u8)(4u << size);
        in->joined = size == 0;
        in->wide = size == 1;
        bool even = in->rs % 2 == 0 && in->rt % 2 == 0 && in->rt2 == 31;
        in->rt2 = (u8)(in->rt + 1);
        return even;
    }
    if (!o2 && !load)
        in->kind = MMIO_STORE_EXCLUSIVE;
    if (o1) {
        in->count = 2;
        in->joined = size == 2;
    }
    return true;
}

static bool atomic(u32 opcode, struct mmio_instruction *in)
{
    unsigned size = FIELD(opcode, 31, 30), opc = FIELD(opcode, 14, 12);
    bool acquire = BIT(opcode, 23), release = BIT(opcode, 22), o3 = BIT(opcode, 15);
    in->size = (u8)(1u << size);
    in->wide = size == 3;
    in->rs = (u8)FIELD(opcode, 20, 16);
    in->kind = MMIO_ATOMIC;
    in->operation = o3 ? MMIO_SWP : (enum mmio_operation)opc;
    if (o3 && opc == 4) { /* LDAPR */
        in->kind = MMIO_LOAD;
        return acquire && !release && in->rs == 31;
    }
    return !o3 || opc == 0;
}

/* LDAPUR, STLUR: opc as of single registers. */
static bool ordered_unscaled(u32 opcode, struct mmio_instruction *in)
{
    in->offset = sign_extended(FIELD(opcode, 20, 12), 9);
    return single_register(opcode, in) && in->kind != MMIO_PREFETCH;
}

static const struct {
    u32 mask, value;
    bool (*decode)(u32 opcode, struct mmio_instruction *instruction);
} classes[] = {
    {0x3f000000, 0x08000000, exclusive},           {0x3f200c00, 0x19000000, ordered_unscaled},
    {0x3b000000, 0x18000000, literal},             {0x3a000000, 0x28000000, pair},
    {0x3b200000, 0x38000000, unscaled_or_indexed}, {0x3f200c00, 0x38200000, atomic},
    {0x3b200c00, 0x38200800, register_offset},     {0x3b000000, 0x39000000, unsigned_offset},
};

bool mmio_decode_a64(u32 opcode, struct mmio_instruction *in)
{
    for (unsigned i = 0; i < COUNT(classes); i++) {
        if ((opcode & classes[i].mask) != classes[i].value)
            continue;
        *in = (struct mmio_instruction){
            .count = 1, .rt = (u8)FIELD(opcode, 4, 0), .rn = (u8)FIELD(opcode, 9, 5), .index = MMIO_OFFSET};
        return classes[i].decode(opcode, in);
    }
    return false;
}
