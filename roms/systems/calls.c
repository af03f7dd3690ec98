/*
 * S06, S07, S08: one list of calls over every transport, from EL1 and EL0, with answers that are the same to the byte;
 * what EL0 may not ask; messages of 64 KiB by string forms, across pages, backwards, into a page that isn't there.
 */
#include "../guest/client.h"
#include "../lib/memory.h"
#include "../lib/syndrome.h"
#include "../lib/test.h"

enum { MAGIC = 0x41524d53, PORT = 0x4153, STREAM = 0x4154, FAILURE = 0xffffffff, RPC_OPENING = 0x49435052 };
enum { VERSION, FEATURES, TIME, PUTC, MESSAGE, VM_INFO };
enum { OPEN, SEND, RECV, CLOSE, PUT, GET };

static struct {
    u64 esr, far, elr;
    unsigned count;
} fault;
static u64 *unmapped; /* the page that comes when it is touched */
static u8 buffer[65536 + 8192] EL0_DATA __attribute__((aligned(4096)));

static void handle(struct frame *frame, unsigned vector, unsigned el)
{
    (void)vector;
    (void)el;
    fault.esr = frame->esr;
    fault.far = frame->far;
    fault.elr = frame->elr;
    fault.count++;
    if (unmapped && fault.far / 4096 == (u64)unmapped / 4096)
        mmu_set_page((u64)unmapped, true);
    else
        frame->elr += 4;
}

/* ---- the list */

struct row {
    const char *name;
    u64 x0, x1, x2, x3;
    u32 w7;
    bool kernel; /* EL0 is refused */
    bool fails;
    bool foreign; /* a WFE with these registers is no call at all */
    bool varies; /* by when and how it is asked: only X0 is compared */
};
static const struct row rows[] = {
    {"VERSION", MAGIC, 7, VERSION, PORT, IO_IN_DX_4, false, false, false, false},
    {"FEATURES", MAGIC, 7, FEATURES, PORT, IO_IN_DX_4, false, false, false, false},
    {"TIME", MAGIC, 7, TIME, PORT, IO_IN_DX_4, false, false, false, true},
    {"PUTC", MAGIC, '*', PUTC, PORT, IO_IN_DX_4, true, false, false, false},
    {"VM_INFO", MAGIC, 7, VM_INFO, PORT, IO_IN_DX_4, true, false, false, false},
    {"an unknown command", MAGIC, 7, 6, PORT, IO_IN_DX_4, false, true, false, false},
    {"an unknown port", MAGIC, 7, VERSION, PORT + 2, IO_IN_DX_4, false, true, true, false},
    {"a magic one bit off", MAGIC ^ 0x10000, 7, VERSION, PORT, IO_IN_DX_4, false, true, true, false},
    {"OUT", MAGIC, 7, VERSION, PORT, 0xa, false, true, false, false},
    {"two bytes", MAGIC, 7, VERSION, PORT, 0xd, false, true, false, false},
    {"size 3", MAGIC, 7, VERSION, PORT, 0xf, false, true, true, false},
    {"an immediate port", MAGIC, 7, VERSION, PORT, 0x6 | 0x53 << 5, false, true, true, false},
    {"a string form", MAGIC, 7, 0, PORT, IO_REP_IN_1, false, true, false, false},
    {"a bit too many", MAGIC, 7, VERSION, PORT, IO_IN_DX_4 | 0x20, false, true, true, false},
};
enum { ROWS = sizeof(rows) / sizeof(*rows) };

static void run_row(const struct row *row, unsigned el, enum trapcall_transport transport, u64 x[7])
{
    const u64 before[7] = {row->x0, row->x1, row->x2, row->x3, 44, 55, 66};
    memcpy(x, before, sizeof(before));
    bool fails = row->fails || (row->kernel && el == 0);
    CHECK(client_call_from(el, transport, x, row->w7));
    if (row->foreign && transport == TRANSPORT_WFE) {
        CHECK(x[0] == row->x0);
        x[0] = FAILURE;
    }
    CHECK((x[0] == FAILURE) == fails);
    for (unsigned i = 1; i < 7 && fails; i++)
        CHECK(x[i] == before[i]);
    if (row->varies) {
        CHECK(x[3] == READ(cntfrq_el0));
        for (unsigned i = 1; i < 4; i++)
            x[i] = 0;
    }
}

static bool offers(enum trapcall_transport transport, unsigned el)
{
    return el == 1 || !client_transports[transport].kernel;
}

static void compare_transports(unsigned el)
{
    for (unsigned i = 0; i < ROWS; i++) {
        u64 first[7], x[7];
        bool have = false;
        for (unsigned t = 0; t < TRANSPORTS; t++) {
            if (!offers(t, el))
                continue;
            run_row(&rows[i], el, t, have ? x : first);
            for (unsigned n = 0; n < 7 && have; n++)
                CHECK(x[n] == first[n]);
            have = true;
        }
        print("EL%u %s: %lx %lx %lx %lx\n", el, rows[i].name, first[0], first[1], first[2], first[3]);
    }
}

/* ---- messages */

struct channel {
    unsigned el;
    enum trapcall_transport transport;
    u64 number, key0, key1;
};

static u64 message(struct channel *channel, u64 what, u64 x1)
{
    u64 x[7] = {MAGIC, x1, what << 16 | MESSAGE, channel->number << 16 | PORT, channel->key0, channel->key1, 0};
    CHECK(client_call_from(channel->el, channel->transport, x, IO_IN_DX_4));
    CHECK(x[0] == 0);
    if (what == OPEN) {
        channel->number = x[1];
        channel->key0 = x[4];
        channel->key1 = x[5];
    }
    return x[1];
}

/* Returns the address behind. */
static u64 stream(struct channel *channel, bool in, const void *address, u64 count, u32 more)
{
    u64 x[7] = {MAGIC, 0, count, channel->number << 16 | STREAM};
    x[in ? 4 : 6] = channel->key0;
    x[in ? 6 : 5] = channel->key1;
    x[in ? 5 : 4] = (u64)address;
    CHECK(client_call_from(channel->el, channel->transport, x, (in ? IO_REP_IN_1 : IO_REP_OUT_1) | more));
    CHECK(x[0] == 0 && x[1] == 0x10000 && x[2] == 0);
    return x[in ? 5 : 4];
}

static void fill(u8 *at, unsigned size)
{
    memcpy(at, "echo ", 5);
    for (unsigned i = 5; i < size; i++)
        at[i] = (u8)(i * 7 ^ i >> 8);
}

static void check_echo(const u8 *at, unsigned size)
{
    unsigned wrong = at[0] != '1' || at[1] != ' ';
    for (unsigned i = 5; i < size; i++)
        wrong += at[i - 3] != (u8)(i * 7 ^ i >> 8);
    CHECK(wrong == 0);
}

/* 64 KiB there and back, at an odd address. */
static void large_message(unsigned el, enum trapcall_transport transport)
{
    enum { SIZE = 65536 };
    struct channel channel = {.el = el, .transport = transport};
    message(&channel, OPEN, RPC_OPENING);
    fill(buffer + 3, SIZE);
    message(&channel, SEND, SIZE);
    CHECK(stream(&channel, false, buffer + 3, SIZE, 0) == (u64)buffer + 3 + SIZE);
    memset(buffer, 0, sizeof(buffer));
    CHECK(message(&channel, RECV, 0) == SIZE - 3);
    CHECK(stream(&channel, true, buffer + 5, SIZE - 3, 0) == (u64)buffer + 5 + SIZE - 3);
    check_echo(buffer + 5, SIZE);
    message(&channel, CLOSE, 0);
}

/* The same 512 bytes by both bandwidths. */
static void small_messages(unsigned el, enum trapcall_transport transport)
{
    enum { SIZE = 512 };
    struct channel channel = {.el = el, .transport = transport};
    message(&channel, OPEN, RPC_OPENING);
    fill(buffer, SIZE);
    message(&channel, SEND, SIZE);
    for (unsigned i = 0; i < SIZE; i += 4)
        message(&channel, PUT, *(u32 *)(buffer + i));
    CHECK(message(&channel, RECV, 0) == SIZE - 3);
    for (unsigned i = 0; i < SIZE - 3; i += 4)
        *(u32 *)(buffer + i) = (u32)message(&channel, GET, 0);
    check_echo(buffer, SIZE);
    message(&channel, CLOSE, 0);
}

/* Words with the direction flag: the first is at the highest address. */
static void backwards(unsigned el, enum trapcall_transport transport)
{
    static const char text[] = "info-get guestinfo.backwards";
    enum { SIZE = sizeof(text) - 1 };
    struct channel channel = {.el = el, .transport = transport};
    message(&channel, OPEN, RPC_OPENING);
    for (unsigned i = 0; i < SIZE; i++)
        buffer[4096 + 10 - i] = (u8)text[i]; /* across a page boundary */
    message(&channel, SEND, SIZE);
    CHECK(stream(&channel, false, buffer + 4096 + 10, SIZE, IO_DOWN) == (u64)buffer + 4096 + 10 - SIZE);
    CHECK(message(&channel, RECV, 0) == 16);
    CHECK(stream(&channel, true, buffer + 15, 16, IO_DOWN) == (u64)buffer - 1);
    for (unsigned i = 0; i < 16; i++)
        CHECK(buffer[15 - i] == (u8)"0 No value found"[i]);
    message(&channel, CLOSE, 0);
}

/* The second page isn't there when the call reaches it: the guest's own abort, with the registers as far as it came; and
 * the call goes on when the page is there. */
static void absent_page(unsigned el, enum trapcall_transport transport)
{
    struct channel channel = {.el = el, .transport = transport};
    enum { SIZE = 600 };
    for (unsigned in = 0; in < 2; in++) {
        message(&channel, OPEN, RPC_OPENING);
        fill(buffer + 4000, SIZE);
        message(&channel, SEND, SIZE);
        if (in) {
            stream(&channel, false, buffer + 4000, SIZE, 0);
            message(&channel, RECV, 0);
        }
        unmapped = (u64 *)(buffer + 4096);
        mmu_set_page((u64)unmapped, false);
        unsigned count = fault.count;
        stream(&channel, in, buffer + 4000, in ? SIZE - 3 : SIZE, 0);
        unmapped = NULL;
        CHECK(fault.count == count + 1);
        CHECK(fault.far == (u64)buffer + 4096);
        CHECK(fault.elr == (u64)client_transports[transport].at);
        CHECK(fault.esr == ESR_VALUE(EC_DATA_LOWER + el, FSC_TRANSLATION(3) | (in ? ISS_WNR : 0)));
        if (!in) {
            message(&channel, RECV, 0);
            stream(&channel, true, buffer, SIZE - 3, 0);
        }
        check_echo(in ? buffer + 4000 : buffer, SIZE);
        message(&channel, CLOSE, 0);
    }
}

static u8 secret[64] = "echo secret";

/* The string form that the channel waits for, at EL1's memory: the guest's own permission fault, and nothing done. */
static void expect_refusal(struct channel *channel, bool in, u64 count, u32 esr)
{
    u64 x[7] = {MAGIC, 0, count, channel->number << 16 | STREAM}, before = fault.count;
    x[in ? 4 : 6] = channel->key0;
    x[in ? 6 : 5] = channel->key1;
    x[in ? 5 : 4] = (u64)secret;
    CHECK(client_call_from(channel->el, channel->transport, x, in ? IO_REP_IN_1 : IO_REP_OUT_1)); /* gone over */
    CHECK(fault.count == before + 1 && fault.far == (u64)secret && fault.esr == esr);
    CHECK(x[1] == 0 && x[2] == count && x[in ? 5 : 4] == (u64)secret);
    CHECK(memcmp(secret, "echo secret", 12) == 0);
}

/* EL0 has no way to what is EL1's, neither to read it nor to write it. */
static void foreign_memory(enum trapcall_transport transport)
{
    struct channel channel = {.el = 0, .transport = transport};
    message(&channel, OPEN, RPC_OPENING);
    message(&channel, SEND, 11);
    expect_refusal(&channel, false, 11, ESR_VALUE(EC_DATA_LOWER, FSC_PERMISSION(3)));
    message(&channel, SEND, 0); /* which is no command: there is an answer */
    expect_refusal(&channel, true, 4, ESR_VALUE(EC_DATA_LOWER, FSC_PERMISSION(3) | ISS_WNR));
    message(&channel, CLOSE, 0);
}

/* EL1 that may not use EL0's memory (PSTATE.PAN), can't have the hypervisor do it. */
static void forbidden_access(void)
{
    struct channel channel = {.el = 1, .transport = TRANSPORT_HVC};
    message(&channel, OPEN, RPC_OPENING);
    message(&channel, SEND, 11);
    register u64 x0 __asm__("x0") = MAGIC;
    register u64 x1 __asm__("x1") = 0;
    register u64 x2 __asm__("x2") = 11;
    register u64 x3 __asm__("x3") = channel.number << 16 | STREAM;
    register u64 x4 __asm__("x4") = (u64)buffer;
    register u64 x5 __asm__("x5") = channel.key1;
    register u64 x6 __asm__("x6") = channel.key0;
    register u64 x7 __asm__("x7") = IO_REP_OUT_1;
    __asm__ volatile(".inst 0xd500419f\n\thvc #0x86\n\t.inst 0xd500409f" /* MSR PAN, #1 and #0 */
                     : "+r"(x0), "+r"(x1), "+r"(x2), "+r"(x4)
                     : "r"(x3), "r"(x5), "r"(x6), "r"(x7)
                     : "memory");
    CHECK(x1 == 0 && x2 == 11 && x4 == (u64)buffer);
    CHECK(fault.count == 1 && fault.far == (u64)buffer && fault.esr == ESR_VALUE(EC_DATA_SAME, FSC_PERMISSION(3)));
    fault.count = 0;
    stream(&channel, false, buffer, 11, 0);
    message(&channel, CLOSE, 0);
}

void test_main(void)
{
    set_handler(handle);
    WRITE(sctlr_el1, READ(sctlr_el1) | 1ul << 18); /* nTWE */
    ISB();
    for (unsigned el = 2; el-- > 0;)
        compare_transports(el);
    CHECK(fault.count == 0);
    for (unsigned el = 2; el-- > 0;)
        for (unsigned t = 0; t < TRANSPORTS; t++) {
            if (!offers(t, el))
                continue;
            large_message(el, t);
            small_messages(el, t);
            backwards(el, t);
            CHECK(fault.count == 0);
            absent_page(el, t);
            if (el == 0)
                foreign_memory(t);
            fault.count = 0;
            print("EL%u by %s: messages\n", el, client_transports[t].name);
        }
    if ((READ(id_aa64mmfr1_el1) >> 20 & 15) >= 2) /* FEAT_PAN2 */
        forbidden_access();
}
