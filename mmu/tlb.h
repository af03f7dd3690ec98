/*
 * A translation cache: set-associative, tagged by a *context* and a page number of any size.
 *
 * A context stands for what selects a set of entries beside the address: regime, security state, VMID, and ASID or
 * "global". It has a number that is never used twice, and an entry belongs to it by that number. So forgetting an
 * ASID or a VMID forgets a few context numbers and no entry is touched: the entries can't be found any more.
 * Each context knows the page sizes that it has entries of, and a lookup tries only those.
 *
 * Replacement is first-in first-out in each set: contents are a function of fills and invalidations alone.
 */
#ifndef ARMSIM_MMU_TLB_H
#define ARMSIM_MMU_TLB_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { TLB_WAYS = 4, TLB_CONTEXTS = 64, TLB_SPLIT_FILTER = 16 };

struct tlb_tag {
    uint64_t page;    /* size_log2 << 56 | VA[55:size_log2] */
    uint64_t context; /* 0: invalid */
};

struct tlb_context {
    uint64_t key;
    uint64_t number;
    uint64_t sizes[2];  /* bit n: entries of 2^n bytes may exist, by VA[55] */
    uint64_t split[2];  /* bit n: entries may exist that are parts of a stage-1 leaf of 2^n bytes */
};

struct tlb {
    struct tlb_tag *tags;
    uint8_t *leaf_log2; /* by entry: the size of the stage-1 leaf that it is, or is a part of */
    uint8_t *next_way;  /* by set */
    void *payload;
    size_t payload_size;
    unsigned set_bits;
    unsigned context_count, next_context;
    uint64_t last_number;
    struct tlb_context contexts[TLB_CONTEXTS];
    unsigned last_context[2]; /* where the last lookups found their contexts: only a hint */
    uint64_t split_filter[TLB_SPLIT_FILTER]; /* hashes of the stage-1 leaves that are in parts */
};

bool tlb_create(struct tlb *tlb, unsigned entries, size_t payload_size); /* false: out of memory */
void tlb_destroy(struct tlb *tlb);
void tlb_clear(struct tlb *tlb);

/* The payload of the entry for `va` in the context `key`, or NULL. `hint` is 0 or 1: a memory of its own. */
void *tlb_lookup(struct tlb *tlb, uint64_t key, unsigned hint, uint64_t va);
/* Room for the payload of a new entry (an equal one is replaced). `leaf_log2` is the size of the stage-1 leaf. */
void *tlb_fill(struct tlb *tlb, uint64_t key, unsigned hint, uint64_t va, unsigned size_log2, unsigned leaf_log2);

/* Forget contexts, or addresses in contexts, whose (key & mask) == match. */
void tlb_drop_contexts(struct tlb *tlb, uint64_t mask, uint64_t match);
void tlb_drop_address(struct tlb *tlb, uint64_t mask, uint64_t match, uint64_t va);
void tlb_drop_range(struct tlb *tlb, uint64_t mask, uint64_t match, uint64_t va, uint64_t size);

/* Visits live entries in a fixed order. */
typedef void tlb_visit_fn(void *opaque, uint64_t key, uint64_t va, unsigned size_log2, const void *payload);
void tlb_visit(const struct tlb *tlb, tlb_visit_fn *visit, void *opaque);

#endif
