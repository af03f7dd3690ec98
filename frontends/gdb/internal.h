/* What the files of the protocol share. */
#ifndef ARMSIM_FRONTENDS_GDB_INTERNAL_H
#define ARMSIM_FRONTENDS_GDB_INTERNAL_H

#include "frontends/gdb/gdb.h"

#include <errno.h>

enum { PACKET_BYTES = 0x4000, MAX_POINTS = 1024 };

/* What is left of a packet to read. */
struct cursor {
    const char *at, *end;
};

/* Numbers that the standard features have; the others follow. */
enum {
    NUMBER_X0 = 0,
    NUMBER_FP = 29,
    NUMBER_SP = 31,
    NUMBER_PC = 32,
    NUMBER_CPSR = 33,
    NUMBER_V0 = 34,
    NUMBER_FPSR = 66,
    NUMBER_FPCR = 67,
    NUMBER_OTHERS = 68, /* the first that the g packet doesn't have */
};

struct reg {
    armsim_register_id id;
    uint32_t bytes;
    const char *name, *group; /* static; group NULL: one of the standard features */
};

/* The types of Z packets. */
enum point_type { POINT_SOFTWARE, POINT_HARDWARE, POINT_WRITE, POINT_READ, POINT_ACCESS, POINT_TYPES };

struct point {
    enum point_type type;
    uint64_t va, size;
};

/* How the machine goes on. */
enum resume {
    RESUME_ALL,   /* every PE */
    RESUME_SOME,  /* those of `resumed` alone */
    RESUME_STEP,  /* until PE `stepped` has executed one instruction, the others in their turns */
    RESUME_ALONE, /* the same, the others standing still */
    RESUME_BACK,  /* into the past, to what stops */
};

struct gdb {
    struct armsim_machine *machine;
    gdb_send_fn *send;
    void *opaque;
    enum gdb_state state;
    bool connected;

    /* packet.c: a packet on its way in, and the last one out with its frame. */
    enum { BETWEEN, INSIDE, CHECKSUM } phase;
    unsigned digits;
    uint8_t sum, expected;
    bool too_long, no_ack;
    size_t in_size, out_size;
    char in[PACKET_BYTES + 1];
    char out[2 * PACKET_BYTES + 8];

    /* What the debugger can and what it looks at. */
    bool knows_swbreak, knows_hwbreak;
    uint32_t pe; /* of registers and memory */
    uint32_t control_pe;
    bool control_all;

    /* run.c */
    enum resume resume;
    uint64_t resumed; /* bit set of PEs */
    uint32_t stepped;
    uint64_t step_goal;             /* the PE's own instruction count at which it has stepped */
    uint64_t range_start, range_end; /* stepping goes on inside */
    char stop_reply[256];           /* for '?' */
    struct point points[MAX_POINTS];
    size_t point_count;

    /* reverse.c */
    bool own_history;           /* the history is kept for the debugger */
    uint64_t back_origin;       /* where it began to go back */
    uint64_t back_end;          /* nothing stops between here and there */
    uint64_t back_stretch;      /* how much is searched next */
    bool back_found, back_failed;
    struct armsim_stop back_hit;

    /* memory.c */
    bool physical;
    int pas;      /* of physical addresses; -1: the PE's security state */
    int el;       /* of virtual ones; -1: the PE's */
    int security; /* 1: Secure, 0: Non-secure, -1: the PE's */

    /* registers.c */
    struct reg *regs;
    size_t reg_count;
    char *description; /* XML */
    size_t description_size;
};

/* --- packet.c: reading and writing packets --- */
bool take_char(struct cursor *cursor, char c);
bool take_text(struct cursor *cursor, const char *text);
bool take_hex(struct cursor *cursor, uint64_t *value); /* one to 16 digits */
bool take_bytes(struct cursor *cursor, uint8_t *bytes, size_t count); /* two digits each */
bool at_end(const struct cursor *cursor);
static inline size_t left(const struct cursor *cursor) { return (size_t)(cursor->end - cursor->at); }

void reply_begin(struct gdb *gdb);
void reply_text(struct gdb *gdb, const char *format, ...) __attribute__((format(printf, 2, 3)));
void reply_hex(struct gdb *gdb, const void *data, size_t size);
void reply_binary(struct gdb *gdb, const void *data, size_t size); /* escaped */
void reply_end(struct gdb *gdb);
void reply(struct gdb *gdb, const char *text); /* all of it */
void reply_error(struct gdb *gdb, int error);  /* errno's number */
/* A line for the debugger's user (packets O); not while it waits for anything but an end of the run or of a command. */
void print(struct gdb *gdb, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* --- server.c --- */
void handle_packet(struct gdb *gdb, struct cursor packet);
void handle_interrupt(struct gdb *gdb);

/* --- registers.c --- */
bool registers_create(struct gdb *gdb);
void registers_destroy(struct gdb *gdb);
void read_all_registers(struct gdb *gdb, struct cursor *packet);  /* g */
void write_all_registers(struct gdb *gdb, struct cursor *packet); /* G */
void read_register(struct gdb *gdb, struct cursor *packet);       /* p */
void write_register(struct gdb *gdb, struct cursor *packet);      /* P */
void append_register(struct gdb *gdb, uint32_t pe, unsigned number); /* "20:0000000000000000;" */
uint64_t peek(const struct gdb *gdb, uint32_t pe, armsim_register_id id);
/* The register's group, as in the description. */
const char *register_group(armsim_register_id id);

/* --- memory.c --- */
struct armsim_space current_space(const struct gdb *gdb, bool physical);
void read_memory(struct gdb *gdb, struct cursor *packet);         /* m */
void write_memory(struct gdb *gdb, struct cursor *packet);        /* M */
void write_memory_binary(struct gdb *gdb, struct cursor *packet); /* X */

/* --- run.c --- */
bool take_thread(const struct gdb *gdb, struct cursor *cursor, int64_t *thread); /* -1 all, 0 any, or PE + 1 */
void resume_by_actions(struct gdb *gdb, struct cursor *packet); /* what follows vCont */
void resume_one(struct gdb *gdb, char action, struct cursor *packet); /* c, C, s, S */
void insert_point(struct gdb *gdb, struct cursor *packet);
void remove_point(struct gdb *gdb, struct cursor *packet);
void remove_all_points(struct gdb *gdb);
/* Stops with a signal, and tells. */
void halt(struct gdb *gdb, int signal, uint32_t pe, const char *reason);

/* Tells of a break- or watchpoint or a trap. */
void report_stop(struct gdb *gdb, const struct armsim_stop *stop);
uint64_t executed(const struct gdb *gdb, uint32_t pe); /* instructions */

/* --- reverse.c --- */
void begin_history(struct gdb *gdb);
void end_history(struct gdb *gdb);
void step_back(struct gdb *gdb, struct cursor *packet);     /* bs */
void continue_back(struct gdb *gdb, struct cursor *packet); /* bc */
void search_back(struct gdb *gdb, struct armsim_stop *stop); /* a part of it */
bool report_back(struct gdb *gdb); /* false: the search goes on */
void interrupt_back(struct gdb *gdb);

/* --- monitor.c, catch.c --- */
void monitor(struct gdb *gdb, char *line);
void monitor_catch(struct gdb *gdb, char *arguments);
bool next_word(char **line, char **word);

enum { SIGNAL_INT = 2, SIGNAL_TRAP = 5 };

#endif
