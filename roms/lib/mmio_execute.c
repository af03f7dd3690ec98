/* Carries out what mmio_decode.c took apart. */
#include "mmio_decode.h"

static u64 read_x(const struct mmio_registers *registers, unsigned n)
{
    return n == 31 ? 0 : registers->x[n];
}

static void write_x(const struct mmio_registers *registers, unsigned n, u64 value)
{
    if (n != 31)
        registers->x[n] = value;
}

static u64 truncated(u64 value, unsigned bytes)
{
    return bytes == 8 ? value : value & (((u64)1 << 8 * bytes) - 1);
}

static i64 sign_extended(u64 value, unsigned bytes)
{
    unsigned unused = 64 - 8 * bytes;
    return (i64)(value << unused) >> unused;
}

static u64 base_of(const struct mmio_instruction *in, const struct mmio_registers *registers)
{
    if (in->index == MMIO_LITERAL)
        return registers->pc;
    return in->rn == 31 ? *registers->sp : registers->x[in->rn];
}

/* ExtendReg(): UXTW, UXTX (LSL), SXTW, SXTX */
static u64 register_offset(const struct mmio_instruction *in, const struct mmio_registers *registers)
{
    u64 value = read_x(registers, in->rm);
    if (!(in->option & 1))
        value = in->option & 4 ? (u64)sign_extended(value, 4) : truncated(value, 4);
    return value << in->shift;
}

static u64 offset_of(const struct mmio_instruction *in, const struct mmio_registers *registers)
{
    return in->has_rm ? register_offset(in, registers) : (u64)in->offset;
}

u64 mmio_address(const struct mmio_instruction *in, const struct mmio_registers *registers)
{
    u64 base = base_of(in, registers);
    return in->index == MMIO_POST_INDEX ? base : base + offset_of(in, registers);
}

unsigned mmio_access_count(const struct mmio_instruction *in)
{
    unsigned once = in->kind == MMIO_PREFETCH ? 0 : in->joined ? 1 : in->count * (in->size == 16 ? 2u : 1u);
    return in->kind == MMIO_ATOMIC || in->kind == MMIO_COMPARE_SWAP ? 2 * once : once;
}

/* What memory holds, or is to hold: up to two elements of up to 16 bytes. */
struct elements {
    u64 value[2][2];
};

static u64 in_order(const struct mmio_registers *registers, u64 value, unsigned bytes)
{
    return registers->big_endian ? __builtin_bswap64(value) >> (64 - 8 * bytes) : value;
}

static bool transfer_joined(const struct mmio_registers *registers, u64 address, bool write, struct elements *elements,
                            mmio_access_fn *access, void *opaque)
{
    u64 both = in_order(registers, truncated(elements->value[0][0], 4), 4) |
               in_order(registers, truncated(elements->value[1][0], 4), 4) << 32;
    bool done = access(opaque, address, 8, write, &both);
    elements->value[0][0] = in_order(registers, (u32)both, 4);
    elements->value[1][0] = in_order(registers, both >> 32, 4);
    return done;
}

static bool transfer(const struct mmio_instruction *in, const struct mmio_registers *registers, u64 address, bool write,
                     struct elements *elements, mmio_access_fn *access, void *opaque)
{
    unsigned bytes = in->size > 8 ? 8 : in->size, halves = in->size / bytes;
    if (in->joined)
        return transfer_joined(registers, address, write, elements, access, opaque);
    for (unsigned i = 0; i < in->count; i++) {
        for (unsigned n = 0; n < halves; n++, address += bytes) {
            u64 *element = &elements->value[i][registers->big_endian ? halves - 1 - n : n];
            u64 value = in_order(registers, truncated(*element, bytes), bytes);
            if (!access(opaque, address, bytes, write, &value))
                return false;
            *element = in_order(registers, truncated(value, bytes), bytes);
        }
    }
    return true;
}

static struct elements operands(const struct mmio_instruction *in, const struct mmio_registers *registers,
                                const u8 numbers[2])
{
    struct elements elements = {0};
    for (unsigned i = 0; i < in->count; i++) {
        if (in->vector)
            registers->read_vector(numbers[i], elements.value[i]);
        else
            elements.value[i][0] = read_x(registers, numbers[i]);
    }
    return elements;
}

/* A result narrower than its register is extended with zeroes or, to 32 or 64 bits, with its sign. */
static void deliver(const struct mmio_instruction *in, const struct mmio_registers *registers, const u8 numbers[2],
                    const struct elements *elements)
{
    for (unsigned i = 0; i < in->count; i++) {
        u64 value = elements->value[i][0];
        if (in->vector) {
            registers->write_vector(numbers[i], elements->value[i]);
            continue;
        }
        if (in->sign_extend)
            value = (u64)sign_extended(value, in->size);
        write_x(registers, numbers[i], in->wide ? value : (u32)value);
    }
}

static u64 apply(enum mmio_operation operation, u64 old, u64 operand, unsigned size)
{
    i64 a = sign_extended(old, size), b = sign_extended(operand, size);
    operand = truncated(operand, size);
    switch (operation) {
    case MMIO_ADD:
        return old + operand;
    case MMIO_CLR:
        return old & ~operand;
    case MMIO_EOR:
        return old ^ operand;
    case MMIO_SET:
        return old | operand;
    case MMIO_SMAX:
        return a > b ? old : operand;
    case MMIO_SMIN:
        return a > b ? operand : old;
    case MMIO_UMAX:
        return old > operand ? old : operand;
    case MMIO_UMIN:
        return old > operand ? operand : old;
    default:
        return operand;
    }
}

static bool compare_swap(const struct mmio_instruction *in, const struct mmio_registers *registers, u64 address,
                         mmio_access_fn *access, void *opaque)
{
    const u8 data[2] = {in->rt, in->rt2}, compared[2] = {in->rs, (u8)(in->rs + 1)};
    struct elements old = {0}, expected = operands(in, registers, compared), new = operands(in, registers, data);
    if (!transfer(in, registers, address, false, &old, access, opaque))
        return false;
    bool equal = true;
    for (unsigned i = 0; i < in->count; i++)
        equal &= old.value[i][0] == truncated(expected.value[i][0], in->size);
    if (equal && !transfer(in, registers, address, true, &new, access, opaque))
        return false;
    deliver(in, registers, compared, &old);
    return true;
}

static bool atomic(const struct mmio_instruction *in, const struct mmio_registers *registers, u64 address,
                   mmio_access_fn *access, void *opaque)
{
    const u8 data[2] = {in->rt, 0};
    struct elements old = {0};
    if (!transfer(in, registers, address, false, &old, access, opaque))
        return false;
    struct elements new = {.value = {{apply(in->operation, old.value[0][0], read_x(registers, in->rs), in->size)}}};
    if (!transfer(in, registers, address, true, &new, access, opaque))
        return false;
    deliver(in, registers, data, &old);
    return true;
}

static bool load(const struct mmio_instruction *in, const struct mmio_registers *registers, u64 address,
                 mmio_access_fn *access, void *opaque)
{
    const u8 data[2] = {in->rt, in->rt2};
    struct elements elements = {0};
    if (!transfer(in, registers, address, false, &elements, access, opaque))
        return false;
    deliver(in, registers, data, &elements);
    return true;
}

static bool store(const struct mmio_instruction *in, const struct mmio_registers *registers, u64 address,
                  mmio_access_fn *access, void *opaque)
{
    const u8 data[2] = {in->rt, in->rt2};
    struct elements elements = operands(in, registers, data);
    if (!transfer(in, registers, address, true, &elements, access, opaque))
        return false;
    if (in->kind == MMIO_STORE_EXCLUSIVE)
        write_x(registers, in->rs, 0);
    return true;
}

/* Rt == Rn with write-back is CONSTRAINED UNPREDICTABLE: a load then keeps what it has loaded. */
static bool base_was_loaded(const struct mmio_instruction *in)
{
    return in->kind == MMIO_LOAD && !in->vector && in->rn != 31 &&
           (in->rt == in->rn || (in->count == 2 && in->rt2 == in->rn));
}

static void write_back(const struct mmio_instruction *in, const struct mmio_registers *registers, u64 base)
{
    bool indexed = in->index == MMIO_PRE_INDEX || in->index == MMIO_POST_INDEX;
    if (!indexed || base_was_loaded(in))
        return;
    u64 value = base + (u64)in->offset;
    if (in->rn == 31)
        *registers->sp = value;
    else
        registers->x[in->rn] = value;
}

bool mmio_execute(const struct mmio_instruction *in, const struct mmio_registers *registers, mmio_access_fn *access,
                  void *opaque)
{
    u64 base = base_of(in, registers), address = mmio_address(in, registers);
    bool done = true;
    switch (in->kind) {
    case MMIO_LOAD:
        done = load(in, registers, address, access, opaque);
        break;
    case MMIO_STORE:
    case MMIO_STORE_EXCLUSIVE:
        done = store(in, registers, address, access, opaque);
        break;
    case MMIO_ATOMIC:
        done = atomic(in, registers, address, access, opaque);
        break;
    case MMIO_COMPARE_SWAP:
        done = compare_swap(in, registers, address, access, opaque);
        break;
    case MMIO_PREFETCH:
        break;
    }
    if (done)
        write_back(in, registers, base);
    return done;
}
