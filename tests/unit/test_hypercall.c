/* Hypercalls as the dispatcher sees them: descriptions, magics, personas, callers, string forms with pages and faults. */
#include "roms/lib/syndrome.h"
#include "roms/visor/hypercall.h"
#include "run_suite.h"

#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { PAGES = 20, BASE = 0x10000 };

/* Memory of the caller: pages that are there for EL1, for EL0, to read, to write. */
static struct {
    uint8_t data[PAGES][4096];
    uint8_t rights[PAGES]; /* enum below */
    char console[16];
    unsigned written;
} memory;
enum { EL1_READ = 1, EL1_WRITE = 2, EL0_READ = 4, EL0_WRITE = 8, ALL = 15 };

static struct rpc rpc;
static struct hypercall_guest guest;
static struct hypercall_fault fault;

static uint8_t *find(unsigned el, uint64_t va, size_t size, bool write, struct hypercall_fault *why)
{
    uint64_t page = (va - BASE) / 4096;
    unsigned right = (write ? EL1_WRITE : EL1_READ) << (el ? 0 : 2);
    ck_assert_uint_ge(size, 1);
    ck_assert_uint_le(size, HYPERCALL_PIECE);
    ck_assert_uint_le(va % 4096 + size, 4096);
    if (va < BASE || page >= PAGES || !(memory.rights[page] & right)) {
        *why = (struct hypercall_fault){va, va < BASE || page >= PAGES ? FSC_TRANSLATION(3) : FSC_PERMISSION(3), write};
        return NULL;
    }
    return &memory.data[page][va % 4096];
}

static bool read_memory(void *opaque, unsigned el, u64 va, void *data, size_t size, struct hypercall_fault *why)
{
    const uint8_t *from = find(el, va, size, false, why);
    if (from)
        memcpy(data, from, size);
    return from != NULL;
}

static bool write_memory(void *opaque, unsigned el, u64 va, const void *data, size_t size, struct hypercall_fault *why)
{
    uint8_t *to = find(el, va, size, true, why);
    if (to)
        memcpy(to, data, size);
    return to != NULL;
}

static bool writable(void *opaque, unsigned el, u64 va, struct hypercall_fault *why)
{
    return find(el, va, 1, true, why) != NULL;
}

static void tell_time(void *opaque, u64 *ns, u64 *counter, u64 *frequency)
{
    *ns = 1000;
    *counter = 2000;
    *frequency = 3000;
}

static void put_char(void *opaque, char c)
{
    memory.console[memory.written++ % sizeof(memory.console)] = c;
}

static const struct hypercall_host host = {read_memory, write_memory, writable, tell_time, put_char};

static void setup(void)
{
    memset(&memory, 0, sizeof(memory));
    memset(memory.rights, ALL, sizeof(memory.rights));
    rpc_reset(&rpc, 7);
    guest = (struct hypercall_guest){.host = &host,
                                     .transports = (1 << TRANSPORTS) - 1,
                                     .personas = PERSONA_NATIVE | PERSONA_PUBLIC,
                                     .number = 7,
                                     .vcpus = 2,
                                     .vcpu = 1,
                                     .memory = 64 << 20,
                                     .rpc = &rpc};
}

enum { NATIVE = 0x41524d53, PUBLIC = 0x564d5868, IN_DX_4 = 0xe, REP_OUT_1 = 0x18, REP_IN_1 = 0x1c, DOWN = 0x20 };

static struct trapcall make(uint32_t magic, uint16_t port, uint64_t command, uint64_t x1)
{
    return (struct trapcall){.x = {magic, x1, command, port, 4, 5, 6, UINT64_C(0x86) << 32 | IN_DX_4}, .el = 1};
}

static void expect_failure(struct trapcall call)
{
    struct trapcall before = call;
    ck_assert_int_eq(hypercall(&guest, &call, &fault), HYPERCALL_DONE);
    before.x[0] = 0xffffffff;
    ck_assert(memcmp(before.x, call.x, sizeof(call.x)) == 0);
}

static struct trapcall good(struct trapcall call)
{
    ck_assert_int_eq(hypercall(&guest, &call, &fault), HYPERCALL_DONE);
    ck_assert_uint_ne(call.x[0], 0xffffffff);
    return call;
}

/* ---- */

START_TEST(test_syndromes)
{
    /* Reference values: HVC #0x86, BRK #0x86, MRS XZR, MDCCSR_EL0, WFE. */
    static const struct {
        uint32_t esr;
        enum trapcall_transport transport;
        bool el0, key;
    } rows[] = {{0x5a000086, TRANSPORT_HVC, false, false},
                {0xf2000086, TRANSPORT_BRK, true, false},
                {0x6220c3e3, TRANSPORT_DCC, true, true},
                {0x07e00001, TRANSPORT_WFE, true, true}};
    struct trapcall call;
    for (size_t i = 0; i < TRANSPORTS; i++) {
        uint64_t x[8] = {1, 2, 3, 4, 5, 6, 7, UINT64_C(0x86) << 32};
        ck_assert(trapcall_decode(rows[i].esr, 1, x, &call));
        ck_assert_int_eq(call.transport, rows[i].transport);
        ck_assert(memcmp(call.x, x, sizeof(x)) == 0);
        ck_assert(trapcall_decode(rows[i].esr, 0, x, &call) == rows[i].el0);
        for (unsigned bit = 0; bit < 32; bit++) /* every near miss of the syndrome */
            ck_assert(!trapcall_decode(rows[i].esr ^ UINT32_C(1) << bit, 1, x, &call));
        for (unsigned bit = 32; bit < 64; bit++) { /* and of the key */
            x[7] ^= UINT64_C(1) << bit;
            ck_assert(trapcall_decode(rows[i].esr, 1, x, &call) != rows[i].key);
            x[7] ^= UINT64_C(1) << bit;
        }
    }
    uint64_t low_only[8] = {[7] = 0x86};
    ck_assert(!trapcall_decode(0x6220c3e3, 1, low_only, &call));
}
END_TEST

/* All 13-bit descriptions, and each bit above them: what is valid is known by counting. */
START_TEST(test_descriptions)
{
    unsigned valid = 0;
    struct io io;
    for (uint32_t w7 = 0; w7 < 1u << 13; w7++) {
        bool is_valid = trapcall_io(w7, 0x4153, &io);
        valid += is_valid;
        struct trapcall call = make(NATIVE, 0x4153, 0, 9);
        call.x[7] = w7;
        bool answered = w7 == IN_DX_4;
        if (answered) {
            call = good(call);
            ck_assert_uint_eq(call.x[0], 1);
            ck_assert_uint_eq(call.x[1], NATIVE);
        } else {
            expect_failure(call);
        }
        for (unsigned bit = 13; bit < 32; bit++)
            ck_assert(!trapcall_io(w7 | 1u << bit, 0, &io));
    }
    /* immediate port: 3 sizes, 2 directions, 256 ports; DX: 3, 2; strings: 3, 2, 2 ways, with and without REP */
    ck_assert_uint_eq(valid, 3 * 2 * 256 + 3 * 2 + 3 * 2 * 2 * 2);
    ck_assert(trapcall_io(0x1fe6, 0, &io));
    ck_assert(io.port == 0xff && io.in && io.size == 4 && !io.string);
    ck_assert(trapcall_io(REP_OUT_1 | DOWN, 0x4154, &io));
    ck_assert(io.port == 0x4154 && !io.in && io.size == 1 && io.string && io.repeat && io.down);
}
END_TEST

START_TEST(test_near_misses)
{
    for (unsigned bit = 0; bit < 32; bit++) {
        expect_failure(make(NATIVE ^ 1u << bit, 0x4153, 0, 9));
        expect_failure(make(PUBLIC ^ 1u << bit, 0x5658, 10, 9));
    }
    for (unsigned bit = 0; bit < 16; bit++) {
        expect_failure(make(NATIVE, 0x4153 ^ 1u << bit, 0, 9));
        if (bit > 2)
            expect_failure(make(NATIVE, 0x4153, 1u << bit, 9));
    }
    struct trapcall call = make(NATIVE, 0x4153, 0, 9);
    call.transport = TRANSPORT_WFE; /* a WFE that isn't a call stays a WFE */
    call.x[0] ^= 1;
    struct trapcall before = call;
    ck_assert_int_eq(hypercall(&guest, &call, &fault), HYPERCALL_FOREIGN);
    ck_assert(memcmp(&before, &call, sizeof(call)) == 0);
}
END_TEST

START_TEST(test_permission)
{
    struct trapcall call = make(NATIVE, 0x4153, 0, 9), before = call;
    for (unsigned t = 0; t < TRANSPORTS; t++) {
        call.transport = t;
        before = call;
        guest.transports = ~(1u << t);
        ck_assert_int_eq(hypercall(&guest, &call, &fault), HYPERCALL_FOREIGN);
        ck_assert(memcmp(&before, &call, sizeof(call)) == 0);
    }
    setup();
    guest.personas = PERSONA_NATIVE; /* as guests are made */
    expect_failure(make(PUBLIC, 0x5658, 10, 9));
    good(make(NATIVE, 0x4153, 0, 9));
    guest.personas = 0;
    call = make(NATIVE, 0x4153, 0, 9);
    ck_assert_int_eq(hypercall(&guest, &call, &fault), HYPERCALL_FOREIGN);
    setup();
    /* Kernel-only commands from EL0. */
    for (unsigned command = 0; command < 6; command++) {
        call = make(NATIVE, 0x4153, command, command == 4 ? RPC_PROTOCOL : 'x');
        call.el = 0;
        if (command == 3 || command == 5)
            expect_failure(call);
        else
            good(call);
    }
    ck_assert_uint_eq(memory.written, 0);
}
END_TEST

START_TEST(test_commands)
{
    struct trapcall call = good(make(NATIVE, 0x4153, 1, 9));
    ck_assert(call.x[0] == 0 && call.x[1] == 15 && call.x[2] == 3 && call.x[3] == 0x3f);
    call = good(make(NATIVE, 0x4153, 2, 9));
    ck_assert(call.x[0] == 0 && call.x[1] == 1000 && call.x[2] == 2000 && call.x[3] == 3000);
    good(make(NATIVE, 0x4153, 3, 'A'));
    ck_assert(memory.written == 1 && memory.console[0] == 'A');
    call = good(make(NATIVE, 0x4153, 5, 9));
    ck_assert(call.x[1] == 7 && call.x[2] == 2 && call.x[3] == 1 && call.x[4] == 64 << 20);
    call = good(make(PUBLIC, 0x5658, 10, ~PUBLIC));
    ck_assert(call.x[0] == 6 && call.x[1] == PUBLIC && call.x[2] == 4);
    call = good(make(PUBLIC, 0x5658, 20, 9));
    ck_assert(call.x[0] == 64);
}
END_TEST

/* ---- messages */

static struct trapcall open_channel(void)
{
    return good(make(NATIVE, 0x4153, 4, RPC_PROTOCOL));
}

static struct trapcall message(const struct trapcall *channel, unsigned what, uint64_t x1)
{
    struct trapcall call = make(NATIVE, 0x4153, what << 16 | 4, x1);
    call.x[3] |= channel->x[1] << 16;
    call.x[4] = channel->x[4];
    call.x[5] = channel->x[5];
    return call;
}

static struct trapcall stream(const struct trapcall *channel, bool in, uint64_t address, uint64_t count)
{
    struct trapcall call = make(NATIVE, 0x4154, count, 0);
    call.x[3] |= channel->x[1] << 16;
    call.x[in ? 4 : 6] = channel->x[4];
    call.x[in ? 6 : 5] = channel->x[5];
    call.x[in ? 5 : 4] = address;
    call.x[7] = in ? REP_IN_1 : REP_OUT_1;
    return call;
}

static void finish(struct trapcall *call)
{
    int result;
    while ((result = hypercall(&guest, call, &fault)) == HYPERCALL_AGAIN)
        ck_assert_uint_ne(call->x[2], 0);
    ck_assert_int_eq(result, HYPERCALL_DONE);
    ck_assert_uint_eq(call->x[1], 0x10000);
    ck_assert_uint_eq(call->x[2], 0);
}

START_TEST(test_message)
{
    struct trapcall channel = open_channel();
    uint8_t *text = (uint8_t *)memory.data + 3;
    enum { SIZE = RPC_MAX, BODY = SIZE - 5 };
    memcpy(text, "echo ", 5);
    for (unsigned i = 0; i < BODY; i++)
        text[5 + i] = (uint8_t)(i * 7 ^ i >> 8);
    uint8_t *copy = malloc(SIZE);
    memcpy(copy, text, SIZE);
    expect_failure(message(&channel, 1, RPC_MAX + 1));
    good(message(&channel, 1, SIZE));
    struct trapcall call = stream(&channel, false, BASE + 3, SIZE);
    finish(&call);
    ck_assert_uint_eq(call.x[4], BASE + 3 + SIZE);
    memset(memory.data, 0, sizeof(memory.data));
    call = good(message(&channel, 2, 0));
    ck_assert_uint_eq(call.x[1], BODY + 2);
    call = stream(&channel, true, BASE + 5, BODY + 2);
    finish(&call);
    ck_assert(memcmp(memory.data[0] + 5, "1 ", 2) == 0 && memcmp(memory.data[0] + 7, copy + 5, BODY) == 0);
    free(copy);
    good(message(&channel, 3, 0));
    expect_failure(message(&channel, 1, 4)); /* closed */
    struct trapcall again = open_channel();
    ck_assert(again.x[1] == channel.x[1] && again.x[4] != channel.x[4]);
    expect_failure(message(&channel, 1, 4)); /* the old keys */
}
END_TEST

/* What a small message is answered. */
static void ask(const struct trapcall *channel, const char *text, const char *answer)
{
    good(message(channel, 1, strlen(text)));
    for (size_t i = 0; i < strlen(text); i += 4) {
        uint32_t word = 0;
        memcpy(&word, text + i, strlen(text) - i < 4 ? strlen(text) - i : 4);
        good(message(channel, 4, word));
    }
    char got[256] = "";
    uint64_t size = good(message(channel, 2, 0)).x[1];
    for (size_t i = 0; i < size; i += 4) {
        uint32_t word = (uint32_t)good(message(channel, 5, 0)).x[1];
        memcpy(got + i, &word, 4);
    }
    ck_assert_str_eq(got, answer);
    expect_failure(message(channel, 5, 0));
    expect_failure(message(channel, 2, 0));
}

START_TEST(test_services)
{
    struct trapcall channel = open_channel();
    ask(&channel, "machine.id.get", "1 7");
    ask(&channel, "info-get guestinfo.ip", "0 No value found");
    ask(&channel, "info-set guestinfo.ip 10.0.2.15", "1 ");
    ask(&channel, "info-get guestinfo.ip", "1 10.0.2.15");
    ask(&channel, "info-get guestinfo.i", "0 No value found");
    ask(&channel, "info-set guestinfo.ip new value", "1 ");
    ask(&channel, "info-get guestinfo.ip", "1 new value");
    ask(&channel, "info-set hostinfo.x 1", "0 Not permitted");
    ask(&channel, "log it works", "1 ");
    ck_assert_str_eq(rpc.last_line, "it works");
    ask(&channel, "format c:", "0 Unknown command");
    ask(&channel, "echo", "0 Unknown command");
    for (unsigned i = 0; i < RPC_VALUES; i++) {
        char text[64];
        snprintf(text, sizeof(text), "info-set guestinfo.%u x", i);
        ask(&channel, text, i + 1 < RPC_VALUES ? "1 " : "0 Not permitted");
    }
    for (unsigned i = 1; i < RPC_CHANNELS; i++)
        open_channel();
    expect_failure(make(NATIVE, 0x4153, 4, RPC_PROTOCOL));
}
END_TEST

/* Elements of 1, 2, 4 bytes, both ways, at every distance from a page's end, with the next page absent. */
START_TEST(test_pages_and_faults)
{
    struct trapcall channel = open_channel();
    for (unsigned form = 0; form < 3 * 2 * 2 * 24; form++) {
        unsigned log = form % 3, size = 1u << log, offset = form / 12;
        bool in = form / 3 % 2, down = form / 6 % 2;
        enum { COUNT = 6 };
        setup();
        channel = open_channel();
        uint8_t expected[COUNT * 4 + 8] = "1 ";
        memory.rights[down ? 0 : 1] = 0; /* the page that is reached in the end */
        uint64_t start = down ? BASE + 4096 + offset - (size - 1) : BASE + 4096 - offset;
        good(message(&channel, 1, in ? COUNT * size + 3 : COUNT * size + 1));
        if (in) { /* "echo " and two bytes less come back as "1 ": COUNT elements */
            for (unsigned i = 0; i < COUNT * size + 3; i += 4)
                good(message(&channel, 4, i == 0 ? 0x6f686365 : i == 4 ? 0x64636220 : i * 0x01010101));
            memcpy(expected, channel.x[1] < RPC_CHANNELS ? rpc.channels[channel.x[1]].data : expected, COUNT * size);
        }
        struct trapcall call = stream(&channel, in, start, COUNT);
        call.x[7] |= log | (down ? DOWN : 0);
        struct trapcall before = call;
        if (!in)
            for (unsigned i = 0; i < 8192; i++)
                memory.data[i / 4096][i % 4096] = (uint8_t)(i * 5);
        /* Elements before the first one that touches the page that isn't there. */
        unsigned whole = 0;
        while (whole < COUNT) {
            uint64_t first = down ? start - whole * size : start + whole * size, last = first + size - 1;
            if (!memory.rights[(first - BASE) / 4096] || !memory.rights[(last - BASE) / 4096])
                break;
            whole++;
        }
        int result = hypercall(&guest, &call, &fault);
        ck_assert_int_eq(result, whole == COUNT ? HYPERCALL_DONE : HYPERCALL_FAULT);
        uint64_t moved = whole * size;
        unsigned address = in ? 5 : 4;
        ck_assert_uint_eq(call.x[2], COUNT - whole);
        ck_assert_uint_eq(call.x[address], down ? start - moved : start + moved);
        for (unsigned i = 3; i < 8; i++)
            ck_assert(i == address || call.x[i] == before.x[i]);
        ck_assert_uint_eq(call.x[0], whole == COUNT ? 0 : NATIVE);
        if (whole < COUNT) {
            ck_assert_uint_eq((fault.address - BASE) / 4096, down ? 0 : 1);
            ck_assert_uint_eq(fault.status, FSC_PERMISSION(3));
            ck_assert(fault.write == in);
            if (in && down == false)
                ck_assert_uint_eq(memory.data[1][0], 0);
            memory.rights[down ? 0 : 1] = ALL; /* the page comes, and the call goes on */
            ck_assert_int_eq(hypercall(&guest, &call, &fault), HYPERCALL_DONE);
        }
        ck_assert_uint_eq(call.x[1], 0x10000);
        ck_assert_uint_eq(call.x[2], 0);
        for (unsigned i = 0; i < COUNT; i++) { /* elements in their order, whatever way the addresses go */
            uint64_t va = down ? start - i * size : start + i * size;
            const uint8_t *data = in ? expected : rpc.channels[channel.x[1]].data;
            ck_assert(memcmp((uint8_t *)memory.data + (va - BASE), data + i * size, size) == 0);
        }
    }
}
END_TEST

/* A caller at EL0 reaches no page that isn't its own. */
START_TEST(test_callers_rights)
{
    struct trapcall channel = open_channel();
    memory.rights[0] = EL1_READ | EL1_WRITE;
    memory.rights[1] = EL0_READ | EL1_READ;
    good(message(&channel, 1, 16));
    struct trapcall call = stream(&channel, false, BASE, 16), before = call;
    call.el = before.el = 0;
    ck_assert_int_eq(hypercall(&guest, &call, &fault), HYPERCALL_FAULT);
    ck_assert(memcmp(&call, &before, sizeof(call)) == 0 && fault.address == BASE && !fault.write);
    call = stream(&channel, false, BASE + 4096, 16);
    call.el = 0;
    finish(&call);
    call = stream(&channel, true, BASE + 4096, 4);
    call.el = 0;
    ck_assert_int_eq(hypercall(&guest, &call, &fault), HYPERCALL_FAULT);
    ck_assert(fault.write && fault.address == BASE + 4096);
    /* More than the channel has to give or to take is refused as a whole. */
    expect_failure(stream(&channel, true, BASE + 8192, 4096));
    expect_failure(stream(&channel, true, BASE + 8192, UINT64_MAX));
    expect_failure(stream(&channel, false, BASE + 8192, 1));
}
END_TEST

/* What open-vm-tools does: messages by both ways, status in the high halves. */
START_TEST(test_public_messages)
{
    struct trapcall call = good(make(PUBLIC, 0x5658, 30, RPC_PROTOCOL | 1u << 31));
    uint64_t id = call.x[3] >> 16, high = call.x[4], low = call.x[5];
    ck_assert_uint_eq(call.x[2] >> 16, 1);
    call = make(PUBLIC, 0x5658, 1 << 16 | 30, 14);
    call.x[3] |= id << 16;
    call.x[4] = high;
    call.x[5] = low;
    call = good(call);
    ck_assert_uint_eq(call.x[2] >> 16, 0x11);
    memcpy(memory.data[0], "machine.id.get", 14);
    call = make(PUBLIC, 0x5659, 14, 0x10000);
    call.x[3] |= id << 16;
    call.x[6] = high;
    call.x[5] = low;
    call.x[4] = BASE;
    call.x[7] = REP_OUT_1;
    call = good(call);
    ck_assert(call.x[1] == 0x10000 && call.x[2] == 0);
    call = make(PUBLIC, 0x5658, 3 << 16 | 30, 0);
    call.x[3] |= id << 16;
    call.x[4] = high;
    call.x[5] = low;
    struct trapcall receive = call;
    call = good(call);
    ck_assert(call.x[2] >> 16 == 0x13 && call.x[1] == 3 && call.x[3] >> 16 == 1);
    receive.x[2] = 4 << 16 | 30;
    receive.x[1] = 1;
    call = good(receive);
    ck_assert(call.x[2] >> 16 == 1 && call.x[3] >> 16 == 2 && call.x[1] == 0x372031);
    call.x[2] = 7 << 16 | 30;
    call.x[0] = PUBLIC;
    ck_assert_uint_eq(good(call).x[2] >> 16, 0);
    /* A stream that is refused says so where the caller looks. */
    call = make(PUBLIC, 0x5659, 14, 0x10000);
    call.x[7] = REP_OUT_1;
    ck_assert_int_eq(hypercall(&guest, &call, &fault), HYPERCALL_DONE);
    ck_assert_uint_eq(call.x[1], 0);
}
END_TEST

int main(void)
{
    TCase *tcase = tcase_create("hypercall");
    tcase_add_checked_fixture(tcase, setup, NULL);
    tcase_add_test(tcase, test_syndromes);
    tcase_add_test(tcase, test_descriptions);
    tcase_add_test(tcase, test_near_misses);
    tcase_add_test(tcase, test_permission);
    tcase_add_test(tcase, test_commands);
    tcase_add_test(tcase, test_message);
    tcase_add_test(tcase, test_services);
    tcase_add_test(tcase, test_pages_and_faults);
    tcase_add_test(tcase, test_callers_rights);
    tcase_add_test(tcase, test_public_messages);
    Suite *suite = suite_create("hypercall");
    suite_add_tcase(suite, tcase);
    return run_suite(suite);
}
