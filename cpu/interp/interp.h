/*
 * Inside the interpreter: how handlers are written, and what they share. See docs/architecture.md.
 *
 * A handler sees pe, ip, limit, nz, fc, fv. It ends by NEXT(n) (the n-th record on), a jump of semantics_branch.h,
 * SLOW(K) (the K-th instruction of the sequence is executed by its C function), or TAIL(handler).
 *
 * Budget: no counter is decremented. `limit` is the ip at which the budget ends in straight-line code; a taken
 * branch moves it along and compares. (limit - ip) / 16 instructions are left, exact at any record.
 */
#ifndef ARMSIM_CPU_INTERP_INTERP_H
#define ARMSIM_CPU_INTERP_INTERP_H

#include "cpu/a64/base.h"
#include "cpu/a64/fpsimd.h"
#include "cpu/a64_forms.h"
#include "cpu/interp/arithmetic.h"
#include "cpu/interp/icache.h"
#include "cpu/interp/ops.h"
#include "cpu/interp/record.h"
#include "cpu/pe.h"

#ifdef ARMSIM_LOOP
#define HANDLER(name, ...)                                                                                             \
    handler_fn handle_##name;                                                                                          \
    HANDLER_RESULT handle_##name(HANDLER_PARAMETERS)                                                                   \
    {                                                                                                                  \
        int64_t limit = frame->limit;                                                                                  \
        uint64_t nz = frame->nz, fc = frame->fc, fv = frame->fv;                                                       \
        (void)limit, (void)nz, (void)fc, (void)fv;                                                                     \
        __VA_ARGS__                                                                                                    \
    }
#define STORE_FRAME (frame->limit = limit, frame->nz = nz, frame->fc = fc, frame->fv = fv)
#define DISPATCH                                                                                                       \
    do {                                                                                                               \
        STORE_FRAME;                                                                                                   \
        return ip;                                                                                                     \
    } while (0)
#define TAIL(handler)                                                                                                  \
    do {                                                                                                               \
        STORE_FRAME;                                                                                                   \
        return handler(pe, ip, frame);                                                                                 \
    } while (0)
#define LEAVE return NULL
#else
#define HANDLER(name, ...)                                                                                             \
    handler_fn handle_##name;                                                                                          \
    HANDLER_CONVENTION HANDLER_RESULT handle_##name(HANDLER_PARAMETERS)                                                \
    {                                                                                                                  \
        __VA_ARGS__                                                                                                    \
    }
#define DISPATCH MUSTTAIL return ip->handler(pe, ip, limit, nz, fc, fv)
#define TAIL(handler) MUSTTAIL return handler(pe, ip, limit, nz, fc, fv)
#define LEAVE return
#endif

#define NEXT(n)                                                                                                        \
    do {                                                                                                               \
        ip += (n);                                                                                                     \
        DISPATCH;                                                                                                      \
    } while (0)
#define SLOW(K)                                                                                                        \
    do {                                                                                                               \
        ip += (K);                                                                                                     \
        TAIL(handle_slow);                                                                                             \
    } while (0)
#define CHECK_BUDGET                                                                                                   \
    if (UNLIKELY((int64_t)ip >= limit))                                                                                \
        TAIL(handle_expired);

/* Around C functions: the PE's fields hold everything; pe->pc is the instruction's own address. */
#define SPILL                                                                                                          \
    (pe->ip = ip, pe->limit = limit, pe->nz = nz, pe->fc = fc, pe->fv = fv, pe->pc = ((uint64_t)ip >> 2) + pe->bias)
#define RELOAD (ip = pe->ip, limit = pe->limit, nz = pe->nz, fc = pe->fc, fv = pe->fv)

/* Hand-written handlers (handlers.c). */
handler_fn handle_decode;     /* a record not decoded yet */
handler_fn handle_page_cross; /* the sentinel after a page's last record */
handler_fn handle_slow;       /* executes the instruction at ip by its C function */
handler_fn handle_slow_system; /* the same, where it is known to be a system instruction */
handler_fn handle_sysreg;     /* an access to the system register imm: a is Xt, b: a read */
handler_fn handle_sysreg_call; /* a write to one that is all done by the row's function: system instructions, mostly */
/* In the immediates of accesses to plain registers: the row of sysregs.def, and above it the storage. */
enum { ROW_BITS = 16, ROW_MASK = (1 << ROW_BITS) - 1 };
handler_fn handle_mrs_ruling, handle_msr_ruling; /* ... to a plain one that isn't known to be allowed */
handler_fn handle_jump_slow;  /* target in pe->slow_address, ip after the branch */
handler_fn handle_expired;    /* the budget is used up, or somebody asked for attention */
handler_fn handle_undefined;
handler_fn handle_flags_both; /* an execute function has set N and Z both */
handler_fn handle_step_end;   /* the record after a stepped instruction */
handler_fn handle_ask;        /* asks the host before the instruction */
handler_fn handle_operand;    /* a system instruction whose operand the host has chosen */

#include "cpu/interp/semantics_system.h"

#define DECLARE_MISS(kind, mode) handler_fn handle_miss_load_##kind##_##mode, handle_miss_store_##kind##_##mode;
#define DECLARE_MISSES(kind) ADDRESSING_MODES(DECLARE_MISS, kind)
LOAD_KINDS(DECLARE_MISSES)
#undef DECLARE_MISSES
#define DECLARE_PAIR_MISS(kind) handler_fn handle_miss_load_pair_##kind, handle_miss_store_pair_##kind;
PAIR_KINDS(DECLARE_PAIR_MISS)
#undef DECLARE_PAIR_MISS
#undef DECLARE_MISS

/* --- what a PE's interpreter keeps --- */
enum { EXECUTED_WORDS = 64 };
struct interp {
    struct record step[2];   /* the stepped instruction and its end */
    struct record nowhere;   /* where empty return predictions point: fetches its pc */
    uint64_t count_limit;    /* instruction count at which ip would equal limit */
    uint64_t end;            /* instruction count at which pe_run()'s budget ends, as shortened since */
    uint64_t deferred;       /* budget taken away to make the next sample point come at once */
    uint32_t step_word;      /* the stepped instruction */
    bool stepping;
    bool debugged;           /* the stepped instruction is one that debug looks at: pe->by_steps */
    bool running;            /* inside pe_run or pe_step */
    bool exit_requested;
    bool sample_point;       /* the last instruction ended at one */
    enum verdict_kind verdict; /* on an access of the instruction at work, that it isn't to be executed: HOLD, SKIP, RAISE */
    struct verdict instead;  /* of the next instruction, which will be stepped */
    uint64_t operand;        /* VERDICT_OPERAND */
    enum { LEAVE_BUDGET, LEAVE_WAIT, LEAVE_REQUEST, LEAVE_STEP, LEAVE_FLAGS } leave;
    uint64_t decoded, promoted, invalidated, slow_accesses; /* statistics */
    uint64_t first_context, next_context; /* context numbers in use: see context.c */
    struct context_key *contexts;
    uint64_t executed[EXECUTED_WORDS];
};

/*
 * Pages that returns may be predicted into: those that have been fetched from since all predictions were forgotten.
 * Several pages share a bit; address tags don't count.
 */
static inline uint64_t *executed_word(struct pe *pe, uint64_t va)
{
    return &pe->interp->executed[((va << 8 >> 20) * 0x9e3779b97f4a7c15ull >> 32) % EXECUTED_WORDS];
}
static inline uint64_t executed_bit(uint64_t va) { return 1ull << (va >> 12 & 63); }

/* Up to the limit, which is a whole number of them away. */
static inline int64_t interp_records_left(const struct pe *pe)
{
    _Static_assert((sizeof(struct record) & (sizeof(struct record) - 1)) == 0, "a shift divides, rounding down");
    return (pe->limit - (int64_t)pe->ip) >> __builtin_ctz((unsigned)sizeof(struct record));
}

/* pe_instructions(): exact wherever the PE's fields are spilled. */
static inline uint64_t interp_instructions(const struct pe *pe)
{
    const struct interp *it = pe->interp;
    if (UNLIKELY(!it->running))
        return pe->instructions;
    return it->count_limit - (uint64_t)interp_records_left(pe);
}

/* What a C function's outcome means for the flow. */
enum flow { FLOW_NEXT, FLOW_RESUME, FLOW_LEAVE };

/* Executes the instruction word at pe->pc by its C function (any form; used by handle_slow). */
enum flow interp_slow(struct pe *pe);
/* A sample point: interrupts, exits. pe->pc is the next instruction. FLOW_NEXT: nothing happened; FLOW_RESUME: an
 * interrupt was taken. */
enum flow interp_sample(struct pe *pe);
enum flow interp_expired(struct pe *pe);
enum flow interp_step_end(struct pe *pe);
enum flow interp_flags_both(struct pe *pe);
/* The instruction at pe->ip has taken an abort. */
enum flow interp_aborted(struct pe *pe);
/* breakpoints.c. MRS, MSR of either form, SYS, SYSL: what pe_env.asks_system is about. */
bool interp_asks_system(uint32_t word);
/* Whether the host is to be asked before the instruction `word` at this place in its page. */
static inline bool interp_asks_for(const struct pe *pe, unsigned offset, uint32_t word)
{
    return icache_has_breakpoint(pe->env->icache, offset) || (pe->env->asks_system && interp_asks_system(word));
}
/* Asks before the instruction at pe->ip. FLOW_NEXT: *original, if not NULL, executes it; else it is done with. */
enum flow interp_ask(struct pe *pe, handler_fn **original);
/* The same where instructions are stepped: true if the PE stops before the one at pe->pc. */
bool interp_stops_before(struct pe *pe);
/* The instruction that is held has not been executed, and doesn't count. */
enum flow interp_hold(struct pe *pe);
/* An access of the instruction at pe->ip was refused: interp.verdict. */
enum flow interp_refused(struct pe *pe);
/* The instruction at pe->ip does nothing. */
enum flow interp_skip(struct pe *pe);
/* VERDICT_WORD, _OPERAND: what is executed in place of the instruction at pe->ip. */
enum flow interp_substitute(struct pe *pe, const struct verdict *verdict);
/* Whether the PE still is where it was, at `pc`, and nobody wants its attention. */
bool interp_undisturbed(const struct pe *pe, uint64_t pc);
void interp_raise(struct pe *pe, const struct raised *raised);
/* The instruction word at pe->ip. */
uint32_t interp_word(const struct pe *pe);
/* 0, or -1: out of memory. */
int interp_create_contexts(struct interp *it);
/* Decodes from ip to the end of its block. */
void interp_decode(struct pe *pe, struct record *ip);

/* --- translation of an encoding into a record (translate.c) --- */
struct translation {
    const struct feature_set *features;
    unsigned page_offset; /* of the instruction, bytes */
    bool step;            /* no jumps inside the page */
    struct coverage *coverage; /* NULL: not recorded */
};
/* Fills everything in *record but the handler; returns an op (enum op or enum special_op). */
unsigned translate(const struct translation *t, uint32_t insn, struct record *record);
/* The functions that a64.decode names: a64_form_info.function. */
enum {
#define TRANSLATOR(name) TRANSLATOR_##name,
    A64_TRANSLATORS(TRANSLATOR)
#undef TRANSLATOR
    TRANSLATOR_COUNT
};
/* Operations that are not made from semantics macros. */
enum {
    OP_UNDEFINED = OP_GENERATED_COUNT,
    OP_SYSREG,
    OP_SYSREG_CALL,
    OP_CALL_FIRST, /* + translator whose C function executes the word in imm */
    OP_EXECUTE_FIRST = OP_CALL_FIRST + TRANSLATOR_COUNT, /* + index of the execute function */
};
handler_fn *call_handler(unsigned translator);
handler_fn *op_handler(unsigned op);
bool op_ends_block(unsigned op);
/* Zeroes the operands that the operation doesn't use, so that equal instructions have equal records. */
void op_clear_unused(unsigned op, struct record *r);
const char *op_name(unsigned op); /* NULL for operations that can't be in a profile */

struct special {
    handler_fn *handler;
    unsigned count;
    uint64_t keys[SPECIAL_MAX];
};
extern const unsigned special_mask;
extern const struct special special_table[];

static inline uint64_t special_hash(const uint64_t *keys, unsigned count)
{
    uint64_t h = count * 0x9e3779b97f4a7c15ull;
    for (unsigned i = 0; i < count; i++) {
        h = (h ^ keys[i]) * 0xff51afd7ed558ccdull;
        h ^= h >> 29;
    }
    return h;
}

static inline uint64_t special_key(unsigned op, const struct record *r)
{
    return (uint64_t)op << 32 | (uint64_t)r->a << 24 | (uint64_t)r->b << 16 | (uint64_t)r->c << 8 | r->d;
}

#endif
