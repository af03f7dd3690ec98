/*
 * gdb's remote protocol: packets, damaged at will. The first byte says whether the rest is the stream as it is, or
 * lines that become packets with the right checksum. Whatever comes, each answer is well formed and the
 * machine stays usable.
 */
#include "fuzz.h"

#include "frontends/gdb/gdb.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define RAM 0x40000000ull
enum { RAM_BYTES = 1 << 16 };

static const char *const seeds[] = {
    "qSupported:multiprocess+;swbreak+;hwbreak+;qRelocInsn+\nvMustReplyEmpty\nQStartNoAckMode\nHg0\n"
    "qXfer:features:read:target.xml:0,ffb\nqTStatus\n?\nqfThreadInfo\nqsThreadInfo\nqAttached\nHc-1\nqOffsets\nqC\ng",
    "m40000000,40\nM40000000,4:1f2003d5\nX40000004,4:abcd\nm40000000,8\nmffffffffffffffff,10\nm0,ffffffffffffffff",
    "p0\np20\np44\np100\nP5=0123456789abcdef\nP22=000102030405060708090a0b0c0d0e0f\nP21=c5030000\nP60=0000000000000000",
    "Z0,40000008,4\nZ1,4000000c,4\nZ2,40001000,8\nZ3,40001008,1\nZ4,40001010,20\nvCont;c\nvCont;s:1\nz0,40000008,4\n"
    "z1,4000000c,4\nz2,40001000,8\nz3,40001008,1\nz4,40001010,20\nc\ns\nS05\nC05;40000000\n"
    "vCont;r40000000,40000010:2;c",
    "qRcmd,696e666f20747261707320333030\nqRcmd,63617463682073766320746f20656c31\nqRcmd,7068797320"
    "6f6e20736563757265\nm40000000,10\nQqemu.PhyMemMode:0\nqqemu.PhyMemMode\nqRcmd,656c2033\nm40000000,10\n"
    "qRcmd,696e666f207472616e736c6174696f6e2030783430303030303030\nqRcmd,6865",
    "T1\nT3\nHg2\ng\nqThreadExtraInfo,1\nvCont?\nvCont;s:2\nvCont;c:1\nD;1\nvKill;1\nqSymbol::\nbs\nbc\nR00\n!",
    "G0000000000000000",
    "c\nqRcmd,696e666f20686973746f7279\nqRcmd,676f746f2033\nbs\nqRcmd,7265736574207761726d\nqRcmd,696e666f20706573\n"
    "qRcmd,63617463682068656c70\nqRcmd,68656c70\nc\nbc",
};

size_t fuzz_seed(unsigned index, uint8_t *data, size_t max)
{
    if (index >= 2 * (sizeof seeds / sizeof *seeds))
        return 0;
    const char *text = seeds[index / 2];
    size_t length = strlen(text);
    if (length + 1 > max)
        return 0;
    data[0] = index % 4 != 1; /* one of four as a stream, where nearly every checksum is wrong */
    memcpy(data + 1, text, length);
    return length + 1;
}

/* Answers: acknowledgements and whole packets. */
static void check_answer(void *opaque, const void *data, size_t size)
{
    const char *text = data;
    unsigned sum = 0, expected;
    (void)opaque;
    if (size == 1 && (*text == '+' || *text == '-'))
        return;
    if (size < 4 || text[0] != '$' || text[size - 3] != '#')
        abort();
    for (size_t i = 1; i < size - 3; i++) {
        if (text[i] == '$' || text[i] == '#')
            abort();
        sum += (unsigned char)text[i];
    }
    const char digits[3] = {text[size - 2], text[size - 1]};
    if (sscanf(digits, "%2x", &expected) != 1 || expected != (sum & 0xff))
        abort();
}

static void run(struct gdb *gdb)
{
    struct armsim_stop stop = {.size = sizeof stop};
    for (unsigned i = 0; i < 3 && gdb_state(gdb) == GDB_RUNNING; i++) {
        gdb_run(gdb, 300, &stop);
        gdb_stopped(gdb, &stop);
    }
    gdb_receive(gdb, (const uint8_t *)"\x03", 1);
}

static void receive_packet(struct gdb *gdb, const uint8_t *data, size_t size)
{
    char tail[4];
    unsigned sum = 0;
    for (size_t i = 0; i < size; i++)
        sum += data[i];
    snprintf(tail, sizeof tail, "#%02x", sum & 0xff);
    gdb_receive(gdb, (const uint8_t *)"$", 1);
    gdb_receive(gdb, data, size);
    gdb_receive(gdb, (const uint8_t *)tail, 3);
    run(gdb);
}

/* One machine serves many inputs: making the debugger's list of registers takes longer than an input. */
static struct armsim_machine *machine;
static struct gdb *gdb;

static void create(void)
{
    struct armsim_options options;
    armsim_options_init(&options, sizeof options);
    options.board = "bare";
    options.smp = 2;
    options.secure = options.virtualization = true;
    options.reset_address = RAM;
    options.trap_ring = 64;
    if (armsim_create(&options, &machine) || armsim_map_ram(machine, RAM, RAM_BYTES, 3))
        abort();
    gdb = gdb_create(machine, true, check_answer, NULL);
    if (!gdb)
        abort();
}

/* As if it were new. */
static void begin(void)
{
    /* STR X0, [X1]; ADD X0, X0, #1; SVC #0; B .-12; the vector returns. */
    static const uint32_t code[] = {0xf9000020, 0x91000400, 0xd4000001, 0x17fffffd}, vector[] = {0xd69f03e0};
    static const uint8_t zero[RAM_BYTES];
    struct armsim_space space = ARMSIM_PHYSICAL(ARMSIM_PAS_NON_SECURE);
    if (!machine)
        create();
    armsim_write_memory(machine, &space, RAM, zero, sizeof zero, NULL);
    armsim_write_memory(machine, &space, RAM, code, sizeof code, NULL);
    armsim_write_memory(machine, &space, RAM + 0x2200, vector, sizeof vector, NULL);
    if (armsim_reset(machine, ARMSIM_RESET_COLD))
        abort();
    armsim_poke(machine, 0, ARMSIM_REG_X0 + 1, RAM + 0x1000);
    armsim_poke(machine, 0, armsim_register_by_name(machine, "VBAR_EL3"), RAM + 0x2000);
    gdb_connected(gdb);
}

static void end(void)
{
    static unsigned inputs;
    struct armsim_stop stop = {.size = sizeof stop};
    bool killed = gdb_state(gdb) == GDB_KILLED, last = killed || ++inputs % 500 == 0;
    gdb_disconnected(gdb);
    if (last)
        gdb_destroy(gdb);
    if (armsim_run(machine, 10, &stop) < 0 || stop.reason == ARMSIM_STOP_BREAKPOINT ||
        stop.reason == ARMSIM_STOP_WATCHPOINT)
        abort(); /* nothing of the debugger may be left */
    if (last) {
        armsim_destroy(machine);
        machine = NULL;
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (!size)
        return 0;
    begin();
    bool packets = *data++ & 1;
    size--;
    if (!packets) {
        gdb_receive(gdb, data, size);
        run(gdb);
    }
    while (packets && size) {
        const uint8_t *next = memchr(data, '\n', size);
        size_t length = next ? (size_t)(next - data) : size;
        receive_packet(gdb, data, length);
        data += length + (next != NULL);
        size -= length + (next != NULL);
    }
    end();
    return 0;
}
