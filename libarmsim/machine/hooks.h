/*
 * Hooks: who wants to hear of what, and what they answer. See <armsim/hook.h>.
 *
 * An instruction may come up more than once before it is executed: a hook stops the run before it, and the next run
 * begins with it. So that nobody hears twice of the same thing, the answers that hooks have given about the instruction
 * at work are kept until another comes up.
 */
#ifndef ARMSIM_MACHINE_HOOKS_H
#define ARMSIM_MACHINE_HOOKS_H

#include <armsim/hook.h>

#include "cpu/cpu.h"

struct hook;
struct kept_answer;

/* Where a PE was stopped: there it goes on without being stopped again. */
struct passage {
    bool valid;
    unsigned pe;
    uint64_t pc, instructions; /* the PE's own */
};
struct passage passage_of(const struct pe *pe);
bool passage_has(const struct passage *passage, const struct pe *pe);

/* Where a PE's basic block goes on: to find the beginnings of others. */
struct block_state {
    struct passage at; /* the last instruction, and whether it began a block */
    bool began;
    uint64_t next;
};

struct hooks {
    struct hook **list; /* in the order of their numbers */
    size_t count, capacity;
    uint32_t kinds;     /* bit set of those that some hook wants */
    uint32_t last_id;
    bool steps;         /* some hook has to hear of instructions anywhere */
    unsigned depth;     /* calls at work */
    bool has_dead;      /* removed in such a call: freed later */
    struct passage at;  /* the instruction at work */
    bool again;         /* it comes up again */
    struct kept_answer *answers;
    size_t answer_count, answer_capacity;
    struct block_state *blocks; /* by PE; NULL: nobody has ever wanted blocks */
    char name[24];      /* of a register that has no other */
};

int hooks_add(struct armsim_machine *machine, const struct armsim_hook_options *options, armsim_hook_fn *fn,
              void *opaque, armsim_hook_id *id);
int hooks_remove(struct armsim_machine *machine, armsim_hook_id id);
void hooks_free(struct armsim_machine *machine);
/* The instruction at work is not going on: it comes up again, or (forget) the machine is elsewhere. */
void hooks_interrupted(struct armsim_machine *machine);
void hooks_forget(struct armsim_machine *machine);
/* Bit set of the places in a page (bit n: offset 4n) before which hooks want to be asked. */
void hooks_mark(const struct armsim_machine *machine, uint64_t marks[16]);
/* Whether some hook watches an access in this page (4 KiB). */
bool hooks_watch_page(const struct armsim_machine *machine, uint64_t va, uint64_t pa);
/* --- hook_filter.c --- */

bool hook_wants(const struct armsim_hook_options *options, const struct armsim_hook_event *event);
/* Whether the range has something of the options' range of addresses. */
bool hook_wants_address(const struct armsim_hook_options *options, uint64_t va, uint64_t pa, uint64_t size);
/* Whether [va, va + size) and the other range have an address in common, top bytes aside. */
bool ranges_overlap(uint64_t va, uint64_t size, uint64_t other, uint64_t other_size);

static inline bool hooks_want(const struct hooks *hooks, enum armsim_hook_kind kind) { return hooks->kinds >> kind & 1; }

/* --- hook_events.c: what happens, made into events --- */

/* Before the instruction at the PC, `word` (NULL: not known yet). */
void hooks_before(struct armsim_machine *machine, struct pe *pe, const uint32_t *word, struct verdict *verdict);
void hooks_access(struct armsim_machine *machine, struct pe *pe, struct asked_access *access, struct verdict *verdict);
void hooks_trap(struct armsim_machine *machine, struct pe *pe, const struct armsim_trap *trap);
/* False: the byte is dropped. */
bool hooks_console(struct armsim_machine *machine, uint32_t port, uint8_t *byte);
/* struct pe_env. */
void hooks_filled(void *machine, struct pe *pe, const struct mmu_fill *fill);
void hooks_pins_changed(void *machine, struct pe *pe, uint8_t before);

/* --- hooks.c, for hook_events.c --- */

/* An event with what all have. */
struct armsim_hook_event hook_event(const struct armsim_machine *machine, const struct pe *pe,
                                    enum armsim_hook_kind kind);
/*
 * Asks the hooks that want the event, in order, until one wants something else than to go on or to replace. The event
 * has what they have put there. REPLACE: the last who answered otherwise than CONTINUE did so.
 */
enum armsim_hook_answer hooks_ask(struct armsim_machine *machine, struct pe *pe, struct armsim_hook_event *event);
/* The verdict that an answer is; an event's exception is checked. */
void hooks_verdict(struct armsim_machine *machine, const struct pe *pe, const struct armsim_hook_event *event,
                   enum armsim_hook_answer answer, struct verdict *verdict);
/* 0, or an error with text: an exception that the PE can't take. */
int hooks_check_exception(struct armsim_machine *machine, const struct pe *pe, const struct armsim_exception *exception,
                          struct raised *raised);

#endif
