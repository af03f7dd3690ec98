/*
 * What a host may see and change of a PE: the API's registers and translations, debuggers. Nothing here traps, takes
 * an exception or checks who asks.
 */
#ifndef ARMSIM_CPU_HOST_H
#define ARMSIM_CPU_HOST_H

#include "cpu/cpu.h"

enum host_result {
    HOST_OK,
    HOST_NO_REGISTER,   /* this PE has no register of that encoding */
    HOST_NO_ACCESS,     /* it has, but not for this direction */
};

/* Security state now: true for Secure (and for EL3). */
bool host_is_secure(const struct pe *pe);

/* PSTATE in the layout of SPSR_ELx. Setting changes EL and all that depends on it; false: this PE can't be there. */
uint64_t host_pstate(const struct pe *pe);
bool host_set_pstate(struct pe *pe, uint64_t spsr);
/* SP_EL0 to SP_EL3, wherever the present one lives. */
uint64_t host_sp(const struct pe *pe, unsigned el);
void host_set_sp(struct pe *pe, unsigned el, uint64_t value);

/* System registers. `key` is op0 << 14 | op1 << 11 | CRn << 7 | CRm << 3 | op2. */
struct host_sysreg {
    uint32_t key;
    const char *name;
    bool readable, writable; /* at the highest implemented EL */
};
/* The registers (not the instructions) that this PE has: the next one from *place on, which begins at 0 and is moved
 * behind it; false at the end. */
bool host_sysreg_next(const struct pe *pe, size_t *place, struct host_sysreg *info);
bool host_sysreg_find(const struct pe *pe, const char *name, struct host_sysreg *info);
bool host_sysreg_info(const struct pe *pe, uint32_t key, struct host_sysreg *info);

/* The value without side effects; the stored value as it is. */
enum host_result host_peek(const struct pe *pe, uint32_t key, uint64_t *value);
enum host_result host_poke(struct pe *pe, uint32_t key, uint64_t value);
/* What an encoding of MRS, MSR, SYS or SYSL means to the PE now, HCR_EL2.E2H's redirections included. */
struct host_system {
    const char *name; /* NULL: none */
    bool exists;      /* this PE has it */
    bool known;       /* it is a register whose value can be looked at: */
    uint64_t value;
};
void host_look_system(struct pe *pe, uint32_t key, struct host_system *system);

/* Where an exception goes that an UNDEFINED instruction takes; whether the PE can take one to that EL. */
unsigned host_default_target(const struct pe *pe);
bool host_can_take(const struct pe *pe, unsigned el);
/* Takes it now; the PE stands at the vector. */
void host_raise(struct pe *pe, const struct raised *raised);

/* As MRS and MSR at the highest implemented EL, with their effects. */
enum host_result host_read(struct pe *pe, uint32_t key, uint64_t *value);
enum host_result host_write(struct pe *pe, uint32_t key, uint64_t value);

/*
 * Translates as the guest at EL `el` would, without changing anything: through the PE's TLB, or with `fresh` through
 * the tables in memory alone. `observer` hears of every descriptor read (may be NULL).
 * False with *unsupported set: this PE has no such EL in that state; false otherwise: result->fault.
 */
struct host_walk {
    unsigned el;
    bool secure;
    enum access_type type; /* ACCESS_READ, _WRITE, _FETCH */
    bool ignore_permissions;
    struct mmu *fresh;     /* an MMU without entries, to walk with; NULL: the PE's own */
    mmu_walk_fn *observer;
    void *opaque;
};
bool host_translate(struct pe *pe, const struct host_walk *walk, uint64_t va, struct mmu_result *result,
                    bool *unsupported);

/* Figures for statistics. */
struct host_stats {
    uint64_t tlb_hits, tlb_misses, walks, descriptor_reads, invalidations;
    uint64_t decoded, invalidated;
};
void host_stats(const struct pe *pe, struct host_stats *stats);

/*
 * The form's name of an A64 encoding and its fields ("ADD_64_addsub_imm sh=0 imm12=1 rn=5 rd=5"), whatever features
 * it needs. At most size - 1 characters and a NUL are stored; returns the length it has.
 */
size_t host_describe_instruction(uint32_t word, char *text, size_t size);

#endif
