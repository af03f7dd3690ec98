/* What the floor above (libarmsim/) may know of a PE: creating, resetting, running, and its registers by index. */
#ifndef ARMSIM_CPU_CPU_H
#define ARMSIM_CPU_CPU_H

#include "cpu/pe.h"

struct pe_config {
    unsigned index;
    uint64_t mpidr;
    const struct cpu_model *model; /* cpu_model_find() */
    struct feature_set features;   /* the model's, as the user changed them */
    bool have_el2, have_el3;
    bool secure_only;              /* no EL3 and the only state is Secure */
    uint64_t reset_address;        /* RVBAR */
    unsigned tlb_entries;          /* a power of two; 0: the default */
};

/* Decoded pages of all RAM and ROM, shared by the PEs of a machine. */
struct icache *icache_create(struct bus *bus);
void icache_destroy(struct icache *icache);
/* Pages that have records, and the host memory that all of them take. */
void icache_stats(const struct icache *icache, uint64_t *pages, uint64_t *bytes);

struct pe *pe_create(const struct pe_config *config, const struct pe_env *env); /* NULL: out of memory */
void pe_destroy(struct pe *pe);
/* Cold or warm reset: AArch64.TakeReset(). Afterwards pc is the reset address, at the highest implemented EL. */
void pe_reset(struct pe *pe, bool cold);

enum pe_exit {
    PE_EXIT_BUDGET,  /* the budget is used up (at the next sample point: a few instructions more may have run) */
    PE_EXIT_WAIT,    /* entered WFI, WFE or was powered off: pe->power */
    PE_EXIT_REQUEST, /* pe_request_exit() was called from below (semihosting exit, power-off, breakpoint) */
};

/*
 * Runs until `budget` instructions are executed. Interrupts are sampled only at taken branches, page crossings,
 * ERET, ISB, MSR and WFx, so the flow depends on the guest alone and not on how the caller cuts its budgets.
 * pe->instructions is exact on return.
 */
enum pe_exit pe_run(struct pe *pe, uint64_t budget);
/* Runs exactly one instruction (or takes one pending interrupt that the flow allows here, or one exception). */
enum pe_exit pe_step(struct pe *pe);
/*
 * Whether the PE stands at a sample point: its last instruction ended at one, or it was reset, woken or moved by the
 * host. pe_run() and pe_step() take a pending interrupt on entry there only, so that a run that was cut in the middle
 * of straight-line code (exact limits, single steps) goes on as if it had not been; the run loop lets time and
 * events advance at sample points only.
 */
bool pe_at_sample_point(const struct pe *pe);
/* Whatever could happen at this point has happened: a stop here is no sample point any more. */
void pe_pass_sample_point(struct pe *pe);
/* Whether the next step executes the instruction at the PC: no interrupt and no debug exception comes first. */
bool pe_comes_to_execute(const struct pe *pe);
/* What the next pe_step() does in place of it: VERDICT_SKIP, _WORD, _RAISE. */
void pe_step_instead(struct pe *pe, const struct verdict *verdict);
void pe_request_exit(struct pe *pe);
/* Cuts the running turn to end `instructions` from now at the latest (0: at the next sample point). */
void pe_shorten(struct pe *pe, uint64_t instructions);
/* Exact count now, also from inside a slow path. */
uint64_t pe_instructions(const struct pe *pe);

/* Levels of the PE's interrupt pins. */
void pe_set_pending(struct pe *pe, enum pending pending, bool level);
/* Wakes a waiting PE if something does: returns whether it runs now. */
bool pe_wake(struct pe *pe);

/* Moves the PE from outside: PSCI's entry points, boot protocols, debuggers. It then stands at a sample point. */
void pe_set_pc(struct pe *pe, uint64_t pc);

/* The PE's state; `name` is borrowed. Not while it runs. */
struct state_section;
struct state_section pe_section(struct pe *pe, const char *name);
uint64_t pe_hash(struct pe *pe, uint64_t hash);
/* The system register that an element of the field "sr" is; static. NULL: none of its own. */
const char *pe_storage_name(uint64_t index);

/* From now on (or no longer) PEs ask pe_env.before before each instruction whose address ends in `offset`. */
void icache_set_breakpoint(struct icache *icache, unsigned offset, bool on);
/* pe_env.filled has become NULL or not. */
void pe_watch_fills(struct pe *pe);

/* Takes all write permissions out of the fast TLB: the memory is about to be shared. */
void pe_purge_all_writes(struct pe *pe);

/* RAM changed behind the PEs' backs (loader, DMA, host write). */
void icache_invalidate(struct icache *icache, uint64_t pa, uint64_t size);

#endif
