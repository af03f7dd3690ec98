/*
 * A translation cache: set-associative, tagged by a *context* and a page number of any size.
 *
 * A context stands for what selects a set of entries beside the address: regime, security state, VMID, and ASID or
 * "global". It has a number that is never used twice, and an entry belongs to it by that number. So forgetting an
 * ASID or a VMID forgets a few context numbers and no entry is touched: the entries can't be found any more.
 * Each context knows the page sizes that it has entries of, and a lookup tries only those.
 *
 * Where all ways of a set are in use, they make room in turn: contents are a function of fills and invalidations alone.
 */
#ifndef ARMSIM_MMU_TLB_H
#define ARMSIM_MMU_TLB_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { TLB_WAYS = 4, TLB_CONTEXTS = 64, TLB_SPLIT_FILTER = 16, TLB_HINTS = 2 };
#define TLB_NO_KEY UINT64_MAX

struct tlb_tag {
    uint64_t page;    /* size_log2 << 56 | VA[55:size_log2] */
    uint64_t context; /* 0: invalid */
};

struct tlb_context {
    uint64_t key;      /* TLB_NO_KEY: not in use */
    uint64_t salt;     /* of the key, for choosing sets */
    uint64_t number;   /* how many were made before it, * TLB_CONTEXTS + its index; 0: not in use */
    uint64_t sizes[2]; /* bit n: entries of 2^n bytes may exist, by VA[55] */
    uint64_t split[2]; /* bit n: entries may exist that are parts of a stage-1 leaf of 2^n bytes */
    uint64_t unused;   /* a power of two is quick to index */
};

/* What must not make room: entries for `va` in the contexts of these keys, and the contexts. */
struct tlb_pin {
    bool valid;
    uint64_t va, keys[2];
};

struct tlb {
    struct tlb_tag *tags;
    uint8_t *leaf_log2; /* by entry: the size of the stage-1 leaf that it is, or is a part of */
    uint8_t *next_way;  /* by set */
    void *payload;
    size_t payload_size;
    unsigned set_bits, set_shift; /* 64 - set_bits */
    uint64_t in_use;   /* bit n: contexts[n] */
    uint64_t made;     /* contexts, ever */
    void (*pin)(void *opaque, struct tlb_pin *pin); /* asked when something must make room; NULL: nothing stays */
    void *pin_opaque;
    bool evicted, evicted_all;  /* an entry, or a whole context, made room: the owner clears these */
    uint64_t evicted_va;
    unsigned evicted_log2;
    struct tlb_context contexts[TLB_CONTEXTS];
    struct {
        uint64_t name, in_use, made, set;
    } kept; /* tlb_keep() */
    unsigned last_context[TLB_HINTS];        /* where a context was last found: only a hint */
    uint64_t split_filter[TLB_SPLIT_FILTER]; /* hashes of the stage-1 leaves that are in parts */
};

bool tlb_create(struct tlb *tlb, unsigned entries, size_t payload_size); /* false: out of memory */
void tlb_destroy(struct tlb *tlb);
void tlb_clear(struct tlb *tlb);

/*
 * The context of a key; made when there is none. Good until the next call of any function here that can drop
 * contexts, or make one. `hint`, less than TLB_HINTS, names who asks for the same key again and again.
 */
struct tlb_context *tlb_find_or_make_context(struct tlb *tlb, uint64_t key, unsigned hint);

/* The context of a key without making one; NULL: there is none. */
struct tlb_context *tlb_find_context(struct tlb *tlb, uint64_t key);

static inline struct tlb_context *tlb_context_of(struct tlb *tlb, uint64_t key, unsigned hint)
{
    unsigned last = tlb->last_context[hint];
    if (tlb->contexts[last].key == key)
        return &tlb->contexts[last];
    return tlb_find_or_make_context(tlb, key, hint);
}

/* Keys that differ in these bits only (ASID, global) share sets, so that one search serves both. */
#define TLB_OWNER (~0ull << 32)

/* VA[55:0], with VA[63:56] equal to VA[55]. */
static inline uint64_t sign_extend_va(uint64_t va)
{
    return (uint64_t)((int64_t)(va << 8) >> 8);
}

static inline uint64_t tlb_salt(uint64_t key)
{
    return (key & ~TLB_OWNER) << 20;
}

static inline unsigned tlb_set_of(const struct tlb *tlb, uint64_t page, uint64_t salt)
{
    return (unsigned)((page ^ salt) * 0x9e3779b97f4a7c15ull >> tlb->set_shift);
}

/* The index of the set's first entry. */
static inline size_t tlb_first_of(const struct tlb *tlb, uint64_t page, uint64_t salt)
{
    return (size_t)tlb_set_of(tlb, page, salt) * TLB_WAYS;
}

static inline uint64_t tlb_page_of(uint64_t va, unsigned size_log2)
{
    return (uint64_t)size_log2 << 56 | (va << 8 >> 8) >> size_log2;
}

/* The way of a set that holds the page for either context, or TLB_WAYS. */
static inline unsigned tlb_way_of(const struct tlb_tag *set, uint64_t page, uint64_t own, uint64_t global)
{
#define IS_IN(way) (set[way].page == page && (set[way].context == own || set[way].context == global))
    _Static_assert(TLB_WAYS == 4, "all are looked at");
    return IS_IN(0) ? 0 : IS_IN(1) ? 1 : IS_IN(2) ? 2 : IS_IN(3) ? 3 : TLB_WAYS;
#undef IS_IN
}

/* The payload of the entry for `va` in either context (whose keys agree but for TLB_OWNER), or NULL. `sizes`: those that
 * the page may have. */
static inline void *tlb_lookup_sizes(const struct tlb *tlb, const struct tlb_context *own,
                                     const struct tlb_context *global, uint64_t va, uint64_t sizes)
{
    for (; sizes; sizes &= sizes - 1) {
        uint64_t page = tlb_page_of(va, (unsigned)__builtin_ctzll(sizes));
        size_t first = tlb_first_of(tlb, page, own->salt);
        unsigned way = tlb_way_of(&tlb->tags[first], page, own->number, global->number);
        if (way < TLB_WAYS)
            return (char *)tlb->payload + (first + way) * tlb->payload_size;
    }
    return NULL;
}

static inline void *tlb_lookup(const struct tlb *tlb, const struct tlb_context *own, const struct tlb_context *global,
                               uint64_t va)
{
    unsigned half = va >> 55 & 1;
    return tlb_lookup_sizes(tlb, own, global, va, own->sizes[half] | global->sizes[half]);
}

static inline bool tlb_is_live(const struct tlb *tlb, const struct tlb_tag *tag)
{
    return tlb->contexts[tag->context % TLB_CONTEXTS].number == tag->context && tag->context;
}

/* For tlb_fill(), when all ways of the set are in use: the entry that makes room. Parts of a leaf are noted. */
size_t tlb_evict(struct tlb *tlb, size_t first);
void tlb_note_part(struct tlb *tlb, struct tlb_context *context, uint64_t va, unsigned leaf_log2);

/* The set's first entry that is free, or TLB_NO_ENTRY. */
#define TLB_NO_ENTRY SIZE_MAX
static inline __attribute__((always_inline)) size_t tlb_free_entry(const struct tlb *tlb, size_t first)
{
    for (size_t index = first; index < first + TLB_WAYS; index++)
        if (!tlb_is_live(tlb, &tlb->tags[index]))
            return index;
    return TLB_NO_ENTRY;
}

/* Gives an entry to a page in one half of the addresses. `leaf_log2` is the size of the stage-1 leaf. */
static inline __attribute__((always_inline)) void tlb_take_entry(struct tlb *tlb, size_t index, uint64_t page,
                                                                 struct tlb_context *context, unsigned half,
                                                                 unsigned size_log2, unsigned leaf_log2)
{
    tlb->tags[index] = (struct tlb_tag){page, context->number};
    tlb->leaf_log2[index] = (uint8_t)leaf_log2;
    context->sizes[half] |= 1ull << size_log2;
}

/* Room for the payload of a new entry. `replace`: a lookup found an entry for the address; if it is of the same size
 * and context, the new one takes its place. */
static inline __attribute__((always_inline)) void *tlb_fill(struct tlb *tlb, struct tlb_context *context, uint64_t va,
                                                            unsigned size_log2, unsigned leaf_log2, bool replace)
{
    uint64_t page = tlb_page_of(va, size_log2);
    size_t first = tlb_first_of(tlb, page, context->salt), index = TLB_NO_ENTRY;
    if (replace) {
        unsigned way = tlb_way_of(&tlb->tags[first], page, context->number, context->number);
        index = way < TLB_WAYS ? first + way : TLB_NO_ENTRY;
    }
    if (index == TLB_NO_ENTRY)
        index = tlb_free_entry(tlb, first);
    if (index == TLB_NO_ENTRY)
        index = tlb_evict(tlb, first);
    if (leaf_log2 > size_log2)
        tlb_note_part(tlb, context, va, leaf_log2);
    tlb_take_entry(tlb, index, page, context, va >> 55 & 1, size_log2, leaf_log2);
    return (char *)tlb->payload + index * tlb->payload_size;
}

/* Sets of contexts: bit n is contexts[n]. Good until the next call that can drop contexts, or make one. Those with
 * (key & mask) == value: */
uint64_t tlb_contexts_like(const struct tlb *tlb, uint64_t mask, uint64_t value);

/* The last set that was worth keeping, under a name of the caller's; false: it is another, or contexts have changed. */
static inline bool tlb_recall(const struct tlb *tlb, uint64_t name, uint64_t *set)
{
    *set = tlb->kept.set;
    return tlb->kept.name == name && tlb->kept.in_use == tlb->in_use && tlb->kept.made == tlb->made;
}

static inline void tlb_keep(struct tlb *tlb, uint64_t name, uint64_t set)
{
    tlb->kept.name = name;
    tlb->kept.in_use = tlb->in_use;
    tlb->kept.made = tlb->made;
    tlb->kept.set = set;
}

/* Forget contexts, or addresses in contexts. For an address the answer is what was lost: the log2 of the size of the
 * largest page around it, or 0. */
void tlb_drop_contexts(struct tlb *tlb, uint64_t set);
unsigned tlb_drop_address(struct tlb *tlb, uint64_t set, uint64_t va);
void tlb_drop_range(struct tlb *tlb, uint64_t set, uint64_t va, uint64_t size);

/* Contents, replacement and all: what later fills and invalidations depend on. Payloads are the owner's. */
struct state_writer;
struct state_reader;
void tlb_save(const struct tlb *tlb, struct state_writer *writer,
              void (*payload)(struct state_writer *writer, const void *payload));
bool tlb_load(struct tlb *tlb, struct state_reader *reader,
              bool (*payload)(struct state_reader *reader, void *payload, unsigned size_log2));

/* Visits live entries in a fixed order. */
typedef void tlb_visit_fn(void *opaque, uint64_t key, uint64_t va, unsigned size_log2, const void *payload);
void tlb_visit(const struct tlb *tlb, tlb_visit_fn *visit, void *opaque);

#endif
