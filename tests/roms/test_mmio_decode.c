/* The ROMs' load and store decoder, beside a PE of the library: random instructions of every class, on a device. */
#include "roms/lib/mmio_decode.h"
#include "tests/unit/api_machine.h"

#include <string.h>

/* Literals reach 1 MiB: code and device are neighbours. */
enum { DEVICE_BYTES = 0x40000, ROUNDS = 4000 };
#define DEVICE_BASE (CODE_BASE + RAM_BYTES)
#define CODE (CODE_BASE + RAM_BYTES - 4096)

struct registers {
    u64 x[31], sp, v[32][2];
};

static bool big_endian;
static struct registers soft; /* the decoder's; its callbacks have no argument for it */

static u64 random_state = 1;

static u64 draw(void)
{
    random_state ^= random_state << 13;
    random_state ^= random_state >> 7;
    random_state ^= random_state << 17;
    return random_state * 0x2545f4914f6cdd1dull;
}

static bool in_device(u64 address, unsigned size)
{
    return address >= DEVICE_BASE && address - DEVICE_BASE <= DEVICE_BYTES - size && address % size == 0;
}

/* --- one device, twice: registers that keep what is written --- */

static u8 hard_bytes[DEVICE_BYTES], soft_bytes[DEVICE_BYTES];
static unsigned hard_accesses, soft_accesses;

static int device_read(void *opaque, struct armsim_device *device, uint64_t offset, uint32_t bytes,
                       const struct armsim_requester *requester, uint64_t *value)
{
    hard_accesses++;
    *value = 0;
    memcpy(value, &hard_bytes[offset], bytes);
    return 0;
}

static int device_write(void *opaque, struct armsim_device *device, uint64_t offset, uint32_t bytes,
                        const struct armsim_requester *requester, uint64_t value)
{
    hard_accesses++;
    memcpy(&hard_bytes[offset], &value, bytes);
    return 0;
}

static bool soft_access(void *opaque, u64 address, unsigned size, bool write, u64 *value)
{
    if (!in_device(address, size))
        return false;
    soft_accesses++;
    if (write) {
        memcpy(&soft_bytes[address - DEVICE_BASE], value, size);
    } else {
        *value = 0;
        memcpy(value, &soft_bytes[address - DEVICE_BASE], size);
    }
    return true;
}

static void read_vector(unsigned n, u64 value[2])
{
    memcpy(value, soft.v[n], 16);
}

static void write_vector(unsigned n, const u64 value[2])
{
    memcpy(soft.v[n], value, 16);
}

static struct mmio_registers software(void)
{
    return (struct mmio_registers){
        .big_endian = big_endian, .x = soft.x, .sp = &soft.sp, .pc = CODE, .read_vector = read_vector, .write_vector = write_vector};
}

/* --- the PE --- */

static struct armsim_machine *machine_with_device(void)
{
    struct armsim_options options = bare_options();
    options.cpu = "neoverse-n1,LOR=on";
    struct armsim_machine *machine = create(&options);
    ck_assert_int_eq(armsim_map_ram(machine, CODE_BASE, RAM_BYTES, 3), 0);
    struct armsim_device_config config = {.ops = {.size = sizeof(config.ops),
                                                  .model = "registers",
                                                  .access_sizes = 1 | 2 | 4 | 8,
                                                  .read = device_read,
                                                  .write = device_write},
                                          .base = DEVICE_BASE,
                                          .size = DEVICE_BYTES,
                                          .spi = ARMSIM_NO_IRQ};
    ck_assert_int_eq(armsim_add_device(machine, &config, NULL), 0);
    put(machine, "CPACR_EL1", 3 << 20);
    put(machine, "VBAR_EL1", CODE_BASE);
    return machine;
}

static void put_registers(struct armsim_machine *machine, const struct registers *registers)
{
    for (unsigned n = 0; n < 31; n++)
        ck_assert_int_eq(armsim_poke(machine, 0, n, registers->x[n]), 0);
    put(machine, "SP", registers->sp);
    for (unsigned n = 0; n < 32; n++)
        ck_assert_int_eq(armsim_write_vector(machine, 0, n, registers->v[n]), 0);
}

static struct registers get_registers(struct armsim_machine *machine)
{
    struct registers registers;
    for (unsigned n = 0; n < 31; n++)
        ck_assert_int_eq(armsim_peek(machine, 0, n, &registers.x[n]), 0);
    registers.sp = get(machine, "SP");
    for (unsigned n = 0; n < 32; n++)
        ck_assert_int_eq(armsim_read_vector(machine, 0, n, registers.v[n]), 0);
    return registers;
}

/* Executes it; false: it took an exception. */
static bool execute(struct armsim_machine *machine, u32 opcode, const struct registers *registers)
{
    struct armsim_stop stop = {.size = sizeof(stop)};
    put_code(machine, CODE, &opcode, 1);
    put_registers(machine, registers);
    put(machine, "PC", CODE);
    ck_assert_int_eq(armsim_step(machine, 0, 1, &stop), 0);
    return get(machine, "PC") == CODE + 4;
}

/* --- the comparison --- */

static struct registers random_registers(void)
{
    struct registers registers;
    for (unsigned n = 0; n < 31; n++)
        registers.x[n] = draw();
    registers.sp = draw();
    for (unsigned n = 0; n < 32; n++)
        registers.v[n][0] = draw(), registers.v[n][1] = draw();
    return registers;
}

/* Moves the base so that the access meets the device. False: it can't be, or not with SP's alignment. */
static bool aim(const struct mmio_instruction *in)
{
    unsigned alignment = in->size * in->count;
    if (in->has_rm)
        soft.x[in->rm] &= ~0xffull;
    if (in->rn == 31)
        soft.sp &= ~0xfull;
    struct mmio_registers registers = software();
    u64 *base = in->rn == 31 ? &soft.sp : &soft.x[in->rn];
    u64 target = DEVICE_BASE + draw() % (DEVICE_BYTES - 64) / alignment * alignment;
    *base += target - mmio_address(in, &registers);
    return mmio_address(in, &registers) == target && (in->rn != 31 || soft.sp % 16 == 0);
}

/* The decoder leaves these UNPREDICTABLE ones to itself: registers that are loaded twice, or base and result. */
static bool is_unpredictable(const struct mmio_instruction *in)
{
    bool load = in->kind == MMIO_LOAD || in->kind == MMIO_ATOMIC;
    bool indexed = in->index == MMIO_PRE_INDEX || in->index == MMIO_POST_INDEX;
    bool overlap = in->rn != 31 && (in->rt == in->rn || (in->count == 2 && in->rt2 == in->rn));
    if (load && in->count == 2 && in->rt == in->rt2)
        return true;
    if (in->kind == MMIO_STORE_EXCLUSIVE)
        return in->rs == in->rt || in->rs == in->rn || (in->count == 2 && in->rs == in->rt2) || overlap;
    return indexed && overlap && !in->vector;
}

static void reserve(struct armsim_machine *machine, u32 opcode, const struct mmio_instruction *in)
{
    /* The load-exclusive of the same size and base, into other registers. */
    struct registers before = soft;
    u32 load = (opcode & ~(0x1fu << 16 | 0x1fu << 10 | 0x1fu)) | 1u << 22 | 0x1fu << 16;
    load |= in->count == 2 ? (in->rn == 1 ? 2u : 1u) << 10 | (in->rn == 3 ? 4u : 3u) : 0x1fu << 10 | 31u;
    ck_assert_msg(execute(machine, load, &before), "%08x", load);
}

static void compare(u32 opcode, const struct registers *hard)
{
    for (unsigned n = 0; n < 31; n++)
        ck_assert_msg(hard->x[n] == soft.x[n], "%08x: X%u %lx, the PE has %lx", opcode, n, soft.x[n], hard->x[n]);
    ck_assert_msg(hard->sp == soft.sp, "%08x: SP %lx, the PE has %lx", opcode, soft.sp, hard->sp);
    ck_assert_msg(memcmp(hard->v, soft.v, sizeof(soft.v)) == 0, "%08x: a vector differs", opcode);
    ck_assert_msg(memcmp(hard_bytes, soft_bytes, sizeof(soft_bytes)) == 0, "%08x: memory differs", opcode);
}

/* One opcode on both. True: it was an instruction that both executed. */
static bool check_opcode(struct armsim_machine *machine, u32 opcode)
{
    struct mmio_instruction in = {0};
    soft = random_registers();
    if (!mmio_decode_a64(opcode, &in)) { /* then it is one that the header names, or UNDEFINED */
        bool structure = (opcode & 0xbe000000) == 0x0c000000, authenticated = (opcode & 0xff200400) == 0xf8200400;
        bool tag = (opcode & 0xff000000) == 0xd9000000 || (opcode & 0xfe400000) == 0x68000000;
        bool extension = (opcode & 0x3f000000) == 0x19000000 || (opcode & 0x3f200c00) == 0x08200c00;
        hard_accesses = 0;
        if (!structure && !authenticated && !tag && !extension)
            ck_assert_msg(!execute(machine, opcode, &soft) && hard_accesses == 0, "%08x isn't known", opcode);
        return false;
    }
    if (is_unpredictable(&in) || in.kind == MMIO_PREFETCH || (in.index != MMIO_LITERAL && !aim(&in)))
        return false;
    struct mmio_registers registers = software();
    if (!in_device(mmio_address(&in, &registers), in.size * in.count))
        return false;
    for (unsigned i = 0; i < 64; i++) /* something to read */
        hard_bytes[mmio_address(&in, &registers) - DEVICE_BASE + i % 32] = (u8)draw();
    memcpy(soft_bytes, hard_bytes, sizeof(soft_bytes));
    if (in.kind == MMIO_COMPARE_SWAP && draw() % 2) /* half of them find what they look for */
        for (unsigned i = 0; i < in.count && in.rs + i < 31 && in.rs + i != in.rn; i++)
            memcpy(&soft.x[in.rs + i], &hard_bytes[mmio_address(&in, &registers) - DEVICE_BASE + i * in.size], in.size);
    if (in.kind == MMIO_STORE_EXCLUSIVE)
        reserve(machine, opcode, &in);
    hard_accesses = soft_accesses = 0;
    struct registers before = soft;
    ck_assert_msg(execute(machine, opcode, &before), "%08x takes an exception", opcode);
    ck_assert_msg(mmio_execute(&in, &registers, soft_access, NULL), "%08x has no access", opcode);
    struct registers hard = get_registers(machine);
    compare(opcode, &hard);
    if (in.kind == MMIO_LOAD || in.kind == MMIO_STORE || in.kind == MMIO_STORE_EXCLUSIVE) {
        ck_assert_msg(hard_accesses == soft_accesses, "%08x: %u accesses, the PE made %u", opcode, soft_accesses,
                      hard_accesses);
        ck_assert_uint_eq(soft_accesses, mmio_access_count(&in));
    }
    return true;
}

static const struct {
    u32 mask, value;
    unsigned least; /* of ROUNDS that must have been instructions */
    const char *feature;
} classes[] = {
    {0x3f000000, 0x08000000, 500, NULL},  /* ordered, exclusive, compare and swap */
    {0x3f200c00, 0x19000000, 500, "LRCPC2"}, /* LDAPUR, STLUR */
    {0x3b000000, 0x18000000, 200, NULL},  /* literal */
    {0x3a000000, 0x28000000, 1000, NULL}, /* pairs */
    {0x3b200000, 0x38000000, 1000, NULL}, /* unscaled, unprivileged, indexed */
    {0x3f200c00, 0x38200000, 500, NULL},  /* atomics */
    {0x3b200c00, 0x38200800, 500, NULL},  /* register offset */
    {0x3b000000, 0x39000000, 1000, NULL}, /* unsigned offset */
};

START_TEST(test_class)
{
    struct armsim_machine *machine = machine_with_device();
    unsigned executed = 0, class = (unsigned)_i / 2;
    big_endian = _i % 2;
    put(machine, "SCTLR_EL1", get(machine, "SCTLR_EL1") | (u64)big_endian << 25);
    if (classes[class].feature && armsim_has_feature(machine, 0, classes[class].feature) <= 0) {
        armsim_destroy(machine);
        return;
    }
    for (unsigned i = 0; i < ROUNDS; i++)
        executed += check_opcode(machine, ((u32)draw() & ~classes[class].mask) | classes[class].value);
    ck_assert_uint_ge(executed, classes[class].least);
    armsim_destroy(machine);
}
END_TEST

/* Nothing else is taken for a load or store. */
START_TEST(test_others)
{
    struct mmio_instruction in;
    for (unsigned i = 0; i < 1000000; i++) {
        u32 opcode = (u32)draw();
        ck_assert(!mmio_decode_a64(opcode, &in) || (opcode & 0x0a000000) == 0x08000000);
    }
}
END_TEST

static bool no_access(void *opaque, u64 address, unsigned size, bool write, u64 *value)
{
    return (*(unsigned *)opaque)-- > 1;
}

/* An abort, at any access of an instruction, changes no register. */
START_TEST(test_abort)
{
    for (unsigned i = 0; i < 20000; i++) {
        struct mmio_instruction in;
        u32 opcode = ((u32)draw() & ~classes[i % COUNT(classes)].mask) | classes[i % COUNT(classes)].value;
        if (!mmio_decode_a64(opcode, &in) || in.kind == MMIO_PREFETCH || in.kind == MMIO_COMPARE_SWAP)
            continue;
        soft = random_registers();
        struct registers before = soft;
        struct mmio_registers registers = software();
        unsigned accesses = 1 + (unsigned)draw() % mmio_access_count(&in);
        ck_assert(!mmio_execute(&in, &registers, no_access, &accesses));
        ck_assert(memcmp(&before, &soft, sizeof(soft)) == 0);
    }
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("mmio_decode");
    TCase *tcase = tcase_create("all");
    tcase_set_timeout(tcase, 100);
    tcase_add_loop_test(tcase, test_class, 0, 2 * COUNT(classes));
    tcase_add_test(tcase, test_others);
    tcase_add_test(tcase, test_abort);
    suite_add_tcase(suite, tcase);
    return run_suite(suite);
}
