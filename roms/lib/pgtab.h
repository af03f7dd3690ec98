/*
 * Long-descriptor translation tables with the 4 KiB granule, stage 1 and stage 2: built, changed and walked.
 *
 * A table's output addresses are the addresses that its memory has for the program that builds it: ROMs map their
 * memory one to one. The functions touch nothing but the tables; the TLB is the owner's, by the `invalidate` function
 * (pgtab_tlbi.h has those of the PE). A live entry is changed by break-before-make: invalid descriptor, invalidate,
 * new descriptor.
 */
#ifndef PGTAB_H
#define PGTAB_H

#include <stdbool.h>
#include <stdint.h>

#define PGTAB_PAGE 4096ull

enum pgtab_kind {
    PGTAB_EL1,    /* stage 1 of EL1&0 (and of EL2&0): two privileges, ASIDs */
    PGTAB_EL2,    /* stage 1 of EL2 or EL3: one privilege */
    PGTAB_STAGE2, /* IPA to PA */
};

/* What a mapping permits and what memory it is. Without PGTAB_DEVICE it is Normal Write-Back memory. */
enum {
    PGTAB_READ = 1 << 0,   /* stage 1 can always read; stage 2 can be without */
    PGTAB_WRITE = 1 << 1,
    PGTAB_EXECUTE = 1 << 2,
    PGTAB_USER = 1 << 3,   /* PGTAB_EL1: EL0 has the same, and EL1 doesn't execute */
    PGTAB_DEVICE = 1 << 4, /* Device-nGnRE */
    PGTAB_LOCAL = 1 << 5,  /* PGTAB_EL1: not global (nG) */
    PGTAB_NON_SECURE = 1 << 6, /* stage 1 of a Secure regime, EL3's too: the output address is Non-secure (NS) */
};

/* MAIR_ELx for the tables of stage 1: index 0 Device-nGnRE, 1 Normal Write-Back. */
#define PGTAB_MAIR 0xff04ull

struct pgtab {
    enum pgtab_kind kind;
    unsigned input_bits; /* 25 to 48 */
    uint64_t *root;      /* one page */
    /* A page of zeros aligned to its size, or NULL. Tables are never given back. */
    void *(*allocate)(void *context);
    /* Takes the entries of this input address out of the TLBs. NULL: the tables aren't live. */
    void (*invalidate)(void *context, uint64_t input);
    /* An entry was made valid: what a walk needs to see it (DSB, ISB). NULL: nothing. */
    void (*publish)(void *context);
    void *context;
};

/* 0, or -1 without memory for the root or with bad input_bits. The callbacks are set by the caller before. */
int pgtab_init(struct pgtab *table, enum pgtab_kind kind, unsigned input_bits);

/* Maps [input, input + size), all multiples of 4 KiB, in the largest blocks that fit. What was mapped there is replaced.
 * 0, or -1 without memory, or with misaligned or too large addresses. */
int pgtab_map(struct pgtab *table, uint64_t input, uint64_t output, uint64_t size, unsigned flags);

/* Unmaps; blocks that lie partly inside are split. 0, or -1 without memory for that. */
int pgtab_unmap(struct pgtab *table, uint64_t input, uint64_t size);

/* Changes what a range permits; what isn't mapped stays so. 0, or -1 without memory for a split. */
int pgtab_protect(struct pgtab *table, uint64_t input, uint64_t size, unsigned flags);

/* What an input address leads to. */
struct pgtab_leaf {
    uint64_t output;     /* of this very address */
    uint64_t descriptor;
    unsigned level;      /* 0 to 3: where the walk ended */
    bool valid;
    unsigned flags;
};
struct pgtab_leaf pgtab_walk(const struct pgtab *table, uint64_t input);

/* The level at which walks of a table with so many input bits start. */
unsigned pgtab_start_level(unsigned input_bits);

#endif
