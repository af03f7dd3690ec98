/*
 * S08: a guest that makes every call that isn't one: all descriptions of 13 bits by every transport, and at EL0 calls with
 * arbitrary registers, nearly right, with addresses of EL1, of devices and of what isn't the guest's. Nothing that EL1 keeps
 * is changed, nothing of it comes down, and nothing else than the guest's own data abort comes of it.
 */
#include "../guest/client.h"
#include "../lib/memory.h"
#include "../lib/syndrome.h"
#include "../lib/test.h"

enum { MAGIC = 0x41524d53, PORT = 0x4153, STREAM = 0x4154, FAILURE = 0xffffffff, RPC_OPENING = 0x49435052 };
enum { DESCRIPTIONS = 1 << 13, CALLS = 3000, WORDS = 512 };
#define SECRET 0x7365637265745345ul

static struct {
    unsigned aborts, others;
} seen;
static u64 secret[WORDS];
static u64 buffer[WORDS] EL0_DATA __attribute__((aligned(4096)));
static u64 channel, keys[2];

static void handle(struct frame *frame, unsigned vector, unsigned el)
{
    (void)vector;
    (void)el;
    if (ESR_CLASS(frame->esr) == EC_DATA_LOWER)
        seen.aborts++;
    else
        seen.others++;
    frame->elr += 4;
}

/* ---- every description */

/* Known to be for a port of ours, so that a WFE with it is a call: ports in W3, and no bit too many. */
static bool names_port(u32 w7)
{
    unsigned form = w7 >> 3 & 3;
    return (w7 & 3) != 3 && form != 0 && w7 >> (form == 1 ? 5 : 6) == 0;
}

static void descriptions(unsigned el, enum trapcall_transport transport)
{
    unsigned answered = 0, failed = 0;
    for (u32 w7 = 0; w7 < DESCRIPTIONS; w7++) {
        u64 x[7] = {MAGIC, 7, 0, PORT, 44, 55, 66};
        static const u64 before[7] = {MAGIC, 7, 0, PORT, 44, 55, 66};
        bool kept = client_call_from(el, transport, x, w7);
        unsigned changed = 0;
        for (unsigned i = 1; i < 7; i++)
            changed += x[i] != before[i];
        if (w7 == IO_IN_DX_4) {
            answered += kept && x[0] == 1 && x[1] == MAGIC && x[2] == 1;
        } else {
            bool foreign = transport == TRANSPORT_WFE && !names_port(w7);
            failed += kept && !changed && x[0] == (foreign ? MAGIC : FAILURE);
        }
    }
    CHECK(answered == 1 && failed == DESCRIPTIONS - 1);
    print("EL%u by %s: %u of %u descriptions are a call\n", el, client_transports[transport].name, answered, DESCRIPTIONS);
}

/* ---- EL0 as it likes */

static u64 next_random(void)
{
    static u64 state = 1;
    state = state * 6364136223846793005ul + 1442695040888963407ul;
    return state >> 11;
}

static u64 pick(const u64 *values, unsigned count)
{
    u64 r = next_random();
    u64 value = r % 16 == 0 ? next_random() << 24 ^ next_random() : values[r / 16 % count];
    return r >> 40 & 7 ? value : value ^ 1ul << (r >> 32) % 64;
}
#define PICK(...) pick((const u64[]){__VA_ARGS__}, COUNT(((u64[]){__VA_ARGS__})))

static void arbitrary_call(void)
{
    u64 x[7], before[7];
    u64 address = PICK((u64)secret, (u64)secret - 3, (u64)buffer, (u64)buffer + 4090, 0, 0x08000000, 0x09000000, 0x40000000,
                       0x44000000, 0x50000000, UNMAPPED, 0xffff000000000000);
    bool string = next_random() & 1;
    u32 w7 = string ? PICK(0x18, 0x19, 0x1a, 0x1c, 0x1e, 0x38, 0x3c, 0x10, 0x14) & 0x1fff : PICK(IO_IN_DX_4) & 0x1fff;
    x[0] = PICK(MAGIC);
    x[1] = string ? 0 : PICK(0, RPC_OPENING, 4096, 'x');
    x[2] = string ? PICK(1, 2, 16, 600, 70000) : PICK(0, 1, 2, 3, 5, 4 | 1 << 16, 4 | 2 << 16, 4 | 4 << 16, 4 | 5 << 16);
    x[3] = (string ? STREAM : PORT) | channel << 16;
    x[4] = string && !(w7 & 4) ? address : keys[0];
    x[5] = string && (w7 & 4) ? address : keys[1];
    x[6] = string && (w7 & 4) ? keys[1] : keys[0];
    memcpy(before, x, sizeof(x));
    unsigned kept = client_call_from(0, 1 + next_random() % 3, x, w7), leaked = 0;
    for (unsigned i = 0; i < 7; i++)
        leaked += x[i] == SECRET;
    CHECK(kept && !leaked);
    if (!string && (u32)before[0] == MAGIC && ((u16)before[2] == 3 || (u16)before[2] == 5)) /* EL1's alone */
        CHECK(memcmp(&x[1], &before[1], sizeof(x) - sizeof(x[0])) == 0);
}

/* A message to the size of which a string form may come from anywhere; and an answer that may go anywhere. */
static void prepare(void)
{
    u64 x[7] = {MAGIC, next_random() & 1 ? 600 : 0, 4 | 1 << 16, channel << 16 | PORT, keys[0], keys[1], 0};
    CHECK(client_call_from(0, TRANSPORT_DCC, x, IO_IN_DX_4));
}

static void hostile_el0(void)
{
    u64 x[7] = {MAGIC, RPC_OPENING, 4, PORT, 0, 0, 0};
    CHECK(client_call_from(0, TRANSPORT_DCC, x, IO_IN_DX_4) && x[0] == 0);
    channel = x[1];
    keys[0] = x[4];
    keys[1] = x[5];
    for (unsigned i = 0; i < WORDS; i++)
        secret[i] = SECRET;
    for (unsigned i = 0; i < CALLS; i++) {
        if (i % 4 == 0)
            prepare();
        arbitrary_call();
    }
    unsigned touched = 0, leaked = 0;
    for (unsigned i = 0; i < WORDS; i++) {
        touched += secret[i] != SECRET;
        leaked += buffer[i] == SECRET;
    }
    CHECK(touched == 0 && leaked == 0 && seen.aborts > 50 && seen.others == 0);
    print("%u calls of EL0: %u touched, %u leaked\n", CALLS, touched, leaked);
}

void test_main(void)
{
    set_handler(handle);
    WRITE(sctlr_el1, READ(sctlr_el1) | 1ul << 18); /* nTWE */
    ISB();
    hostile_el0();
    seen.aborts = 0;
    for (unsigned t = 0; t < TRANSPORTS; t++)
        descriptions(client_transports[t].kernel ? 1 : 0, t);
    CHECK(seen.aborts == 0 && seen.others == 0);
}
