#include "mmu/tlb.h"

#include "libarmsim/fabric/state.h"

#include <stdlib.h>
#include <string.h>

static unsigned tag_size_log2(const struct tlb_tag *tag)
{
    return (unsigned)(tag->page >> 56);
}

/* The page's first address, with VA[63:56] equal to VA[55]. */
static uint64_t tag_va(const struct tlb_tag *tag)
{
    uint64_t va = (tag->page & ((1ull << 56) - 1)) << tag_size_log2(tag);
    return sign_extend_va(va);
}

static unsigned half(uint64_t va)
{
    return va >> 55 & 1;
}

bool tlb_create(struct tlb *tlb, unsigned entries, size_t payload_size)
{
    unsigned set_bits = 1;
    while (entries > (unsigned)TLB_WAYS << set_bits && set_bits < 20)
        set_bits++;
    size_t sets = (size_t)1 << set_bits;
    memset(tlb, 0, sizeof *tlb);
    tlb->set_bits = set_bits;
    tlb->set_shift = 64 - set_bits;
    tlb->payload_size = payload_size;
    tlb->tags = aligned_alloc(64, sets * TLB_WAYS * sizeof *tlb->tags);
    tlb->leaf_log2 = calloc(sets, TLB_WAYS);
    tlb->next_way = calloc(sets, 1);
    tlb->payload = calloc(sets * TLB_WAYS, payload_size);
    if (!tlb->tags || !tlb->leaf_log2 || !tlb->next_way || !tlb->payload) {
        tlb_destroy(tlb);
        return false;
    }
    tlb_clear(tlb);
    return true;
}

void tlb_destroy(struct tlb *tlb)
{
    free(tlb->tags);
    free(tlb->leaf_log2);
    free(tlb->next_way);
    free(tlb->payload);
    tlb->tags = NULL;
    tlb->leaf_log2 = NULL;
    tlb->next_way = NULL;
    tlb->payload = NULL;
}

void tlb_clear(struct tlb *tlb)
{
    size_t sets = (size_t)1 << tlb->set_bits;
    memset(tlb->tags, 0, sets * TLB_WAYS * sizeof *tlb->tags);
    memset(tlb->next_way, 0, sets);
    memset(tlb->split_filter, 0, sizeof tlb->split_filter);
    for (unsigned i = 0; i < TLB_CONTEXTS; i++)
        tlb->contexts[i] = (struct tlb_context){.key = TLB_NO_KEY};
    tlb->in_use = 0;
    tlb->made = 0;
    memset(tlb->last_context, 0, sizeof tlb->last_context);
    memset(&tlb->kept, 0, sizeof tlb->kept);
}

/* The set's next context, which is taken out of it: for (uint64_t left = set; left;). */
static inline struct tlb_context *next_context(const struct tlb *tlb, uint64_t *left)
{
    unsigned index = (unsigned)__builtin_ctzll(*left);
    *left &= *left - 1;
    return (struct tlb_context *)&tlb->contexts[index];
}

/* NULL: the tag's context has been forgotten. */
static const struct tlb_context *context_of(const struct tlb *tlb, const struct tlb_tag *tag)
{
    return tlb_is_live(tlb, tag) ? &tlb->contexts[tag->context % TLB_CONTEXTS] : NULL;
}

static struct tlb_pin ask_for_pin(const struct tlb *tlb)
{
    struct tlb_pin pin = {.valid = false};
    if (tlb->pin)
        tlb->pin(tlb->pin_opaque, &pin);
    return pin;
}

/* The context that makes room: the oldest that isn't pinned. */
static unsigned oldest_context(const struct tlb *tlb)
{
    struct tlb_pin pin = ask_for_pin(tlb);
    const struct tlb_context *oldest = NULL;
    for (unsigned i = 0; i < TLB_CONTEXTS; i++) {
        const struct tlb_context *context = &tlb->contexts[i];
        bool pinned = pin.valid && (context->key == pin.keys[0] || context->key == pin.keys[1]);
        if (!pinned && (!oldest || context->number < oldest->number))
            oldest = context;
    }
    return (unsigned)(oldest - tlb->contexts);
}

static struct tlb_context *make_context(struct tlb *tlb, uint64_t key)
{
    unsigned index;
    if (~tlb->in_use) {
        index = (unsigned)__builtin_ctzll(~tlb->in_use);
    } else {
        index = oldest_context(tlb);
        tlb->evicted_all = true;
    }
    tlb->in_use |= 1ull << index;
    tlb->contexts[index] = (struct tlb_context){
        .key = key, .salt = tlb_salt(key), .number = ++tlb->made * TLB_CONTEXTS + index};
    return &tlb->contexts[index];
}

struct tlb_context *tlb_find_context(struct tlb *tlb, uint64_t key)
{
    for (uint64_t left = tlb->in_use; left;) {
        struct tlb_context *context = next_context(tlb, &left);
        if (context->key == key)
            return context;
    }
    return NULL;
}

struct tlb_context *tlb_find_or_make_context(struct tlb *tlb, uint64_t key, unsigned hint)
{
    struct tlb_context *context = tlb_find_context(tlb, key);
    if (!context)
        context = make_context(tlb, key);
    tlb->last_context[hint] = (unsigned)(context - tlb->contexts);
    return context;
}

static unsigned split_hash(uint64_t number, uint64_t va, unsigned leaf_log2)
{
    uint64_t hash = (tlb_page_of(va, leaf_log2) ^ number * 0xd6e8feb86659fd93ull) * 0x9e3779b97f4a7c15ull;
    return (unsigned)(hash >> 32) % (TLB_SPLIT_FILTER * 64);
}

static void filter_add(struct tlb *tlb, uint64_t number, uint64_t va, unsigned leaf_log2)
{
    unsigned hash = split_hash(number, va, leaf_log2);
    tlb->split_filter[hash / 64] |= 1ull << hash % 64;
}

static bool is_pinned(const struct tlb *tlb, const struct tlb_pin *pin, const struct tlb_tag *tag)
{
    const struct tlb_context *context = context_of(tlb, tag);
    return pin->valid && context && tag->page == tlb_page_of(pin->va, tag_size_log2(tag)) &&
           (context->key == pin->keys[0] || context->key == pin->keys[1]);
}

size_t tlb_evict(struct tlb *tlb, size_t first)
{
    const struct tlb_tag *tags = &tlb->tags[first];
    size_t set = first / TLB_WAYS;
    struct tlb_pin pin = ask_for_pin(tlb);
    unsigned way = tlb->next_way[set];
    for (unsigned i = 0; i < TLB_WAYS && is_pinned(tlb, &pin, &tags[way]); i++)
        way = (way + 1) % TLB_WAYS;
    tlb->next_way[set] = (uint8_t)((way + 1) % TLB_WAYS);
    tlb->evicted = true;
    tlb->evicted_va = tag_va(&tags[way]);
    tlb->evicted_log2 = tag_size_log2(&tags[way]);
    return first + way;
}

void tlb_note_part(struct tlb *tlb, struct tlb_context *context, uint64_t va, unsigned leaf_log2)
{
    context->split[half(va)] |= 1ull << leaf_log2;
    filter_add(tlb, context->number, va, leaf_log2);
}

uint64_t tlb_contexts_like(const struct tlb *tlb, uint64_t mask, uint64_t value)
{
    uint64_t set = 0;
    for (uint64_t left = tlb->in_use; left;) {
        const struct tlb_context *context = next_context(tlb, &left);
        if ((context->key & mask) == value)
            set |= 1ull << (context - tlb->contexts);
    }
    return set;
}

void tlb_drop_contexts(struct tlb *tlb, uint64_t set)
{
    tlb->in_use &= ~set;
    while (set)
        *next_context(tlb, &set) = (struct tlb_context){.key = TLB_NO_KEY};
}

/* Drops the page's entries of both contexts, which share sets; false: there were none. */
static inline bool drop_page(struct tlb *tlb, const struct tlb_context *a, const struct tlb_context *b, uint64_t va,
                             unsigned size_log2)
{
    uint64_t page = tlb_page_of(va, size_log2);
    struct tlb_tag *set = &tlb->tags[tlb_first_of(tlb, page, a->salt)];
    bool dropped = false;
    for (unsigned way = 0; way < TLB_WAYS; way++) {
        if (set[way].page == page && (set[way].context == a->number || set[way].context == b->number)) {
            set[way].context = 0;
            dropped = true;
        }
    }
    return dropped;
}

/* Drops the context's entries whose stage-1 leaf meets [first, last], and makes the filter exact again. */
static void drop_leaves(struct tlb *tlb, const struct tlb_context *context, uint64_t first, uint64_t last)
{
    size_t entries = (size_t)TLB_WAYS << tlb->set_bits;
    memset(tlb->split_filter, 0, sizeof tlb->split_filter);
    for (size_t i = 0; i < entries; i++) {
        struct tlb_tag *tag = &tlb->tags[i];
        uint64_t extent = (1ull << tlb->leaf_log2[i]) - 1;
        uint64_t leaf = tag_va(tag) & ~extent;
        if (tag->context == context->number && leaf <= last && (leaf | extent) >= first)
            tag->context = 0;
        else if (tlb->leaf_log2[i] > tag_size_log2(tag) && context_of(tlb, tag))
            filter_add(tlb, tag->context, leaf, tlb->leaf_log2[i]);
    }
}

static bool may_be_split(const struct tlb *tlb, const struct tlb_context *context, uint64_t va, unsigned leaf_log2)
{
    unsigned hash = split_hash(context->number, va, leaf_log2);
    return tlb->split_filter[hash / 64] >> hash % 64 & 1;
}

/* An address names its whole stage-1 leaf: parts of it that stage 2 made smaller go too. */
static __attribute__((noinline)) unsigned drop_parts(struct tlb *tlb, const struct tlb_context *context, uint64_t va)
{
    for (uint64_t leaves = context->split[half(va)]; leaves; leaves &= leaves - 1) {
        if (may_be_split(tlb, context, va, (unsigned)__builtin_ctzll(leaves))) {
            drop_leaves(tlb, context, va, va);
            return 63 - (unsigned)__builtin_clzll(context->split[half(va)]);
        }
    }
    return 0;
}

static unsigned larger(unsigned a, unsigned b)
{
    return a > b ? a : b;
}

/* In two contexts that share sets, or twice the same. */
static inline __attribute__((always_inline)) unsigned drop_address_in(struct tlb *tlb, const struct tlb_context *a,
                                                                      const struct tlb_context *b, uint64_t va)
{
    unsigned lost = 0;
    for (uint64_t sizes = a->sizes[half(va)] | b->sizes[half(va)]; sizes; sizes &= sizes - 1) { /* the smallest first */
        unsigned size_log2 = (unsigned)__builtin_ctzll(sizes);
        if (drop_page(tlb, a, b, va, size_log2))
            lost = size_log2;
    }
    if (a->split[half(va)] | b->split[half(va)])
        lost = larger(lost, larger(drop_parts(tlb, a, va), drop_parts(tlb, b, va)));
    return lost;
}

unsigned tlb_drop_address(struct tlb *tlb, uint64_t set, uint64_t va)
{
    unsigned lost = 0;
    va = sign_extend_va(va);
    while (set) {
        const struct tlb_context *first = next_context(tlb, &set), *second = first;
        uint64_t rest = set;
        if (rest && next_context(tlb, &rest)->salt == first->salt) /* one look serves both */
            second = next_context(tlb, &set);
        lost = larger(lost, drop_address_in(tlb, first, second, va));
    }
    return lost;
}

void tlb_drop_range(struct tlb *tlb, uint64_t set, uint64_t va, uint64_t size)
{
    enum { PAGE = 4096, PAGES_ONE_BY_ONE = 64 };
    if (size <= (uint64_t)PAGES_ONE_BY_ONE * PAGE) {
        for (uint64_t offset = 0; offset < size; offset += PAGE)
            tlb_drop_address(tlb, set, va + offset);
        return;
    }
    va = sign_extend_va(va);
    uint64_t last = size - 1 > UINT64_MAX - va ? UINT64_MAX : va + (size - 1);
    while (set)
        drop_leaves(tlb, next_context(tlb, &set), va, last);
}

void tlb_visit(const struct tlb *tlb, tlb_visit_fn *visit, void *opaque)
{
    size_t entries = (size_t)TLB_WAYS << tlb->set_bits;
    for (size_t i = 0; i < entries; i++) {
        const struct tlb_tag *tag = &tlb->tags[i];
        const struct tlb_context *context = context_of(tlb, tag);
        if (context)
            visit(opaque, context->key, tag_va(tag), tag_size_log2(tag),
                  (const char *)tlb->payload + i * tlb->payload_size);
    }
}

/* How many contexts are older: the order in which they are saved. */
static unsigned age_rank(const struct tlb *tlb, const struct tlb_context *context)
{
    unsigned rank = 0;
    for (uint64_t left = tlb->in_use; left;)
        rank += next_context(tlb, &left)->number < context->number;
    return rank;
}

static void save_context(const struct tlb_context *context, struct state_writer *writer)
{
    const uint64_t words[] = {context->key,      context->number / TLB_CONTEXTS, context->sizes[0],
                              context->sizes[1], context->split[0],              context->split[1]};
    for (unsigned i = 0; i < sizeof(words) / sizeof(words[0]); i++)
        state_put(writer, words[i], 8);
}

void tlb_save(const struct tlb *tlb, struct state_writer *writer,
              void (*payload)(struct state_writer *writer, const void *payload))
{
    size_t entries = (size_t)TLB_WAYS << tlb->set_bits;
    unsigned count = (unsigned)__builtin_popcountll(tlb->in_use), ranks[TLB_CONTEXTS];
    const struct tlb_context *by_age[TLB_CONTEXTS];
    for (uint64_t left = tlb->in_use; left;) {
        const struct tlb_context *context = next_context(tlb, &left);
        unsigned rank = ranks[context - tlb->contexts] = age_rank(tlb, context);
        by_age[rank] = context;
    }
    state_put(writer, entries, 4);
    state_put(writer, tlb->made, 8);
    state_put(writer, count, 1);
    for (unsigned i = 0; i < count; i++)
        save_context(by_age[i], writer);
    state_put_bytes(writer, tlb->next_way, entries / TLB_WAYS);
    for (size_t i = 0; i < entries; i++) {
        const struct tlb_context *context = context_of(tlb, &tlb->tags[i]);
        if (!context)
            continue;
        state_put(writer, i, 4);
        state_put(writer, ranks[context - tlb->contexts], 1);
        state_put(writer, tlb->tags[i].page, 8);
        state_put(writer, tlb->leaf_log2[i], 1);
        payload(writer, (const char *)tlb->payload + i * tlb->payload_size);
    }
    state_put(writer, UINT32_MAX, 4);
}

static bool load_contexts(struct tlb *tlb, struct state_reader *reader)
{
    tlb->made = state_take_max(reader, 8, UINT64_MAX / TLB_CONTEXTS / 2);
    unsigned count = (unsigned)state_take_max(reader, 1, TLB_CONTEXTS);
    uint64_t before = 0;
    for (unsigned i = 0; i < count; i++) {
        struct tlb_context *context = &tlb->contexts[i];
        context->key = state_take_max(reader, 8, TLB_NO_KEY - 1);
        context->salt = tlb_salt(context->key);
        uint64_t made = state_take_max(reader, 8, tlb->made);
        context->number = made * TLB_CONTEXTS + i;
        for (unsigned n = 0; n < 2; n++)
            context->sizes[n] = state_take_max(reader, 8, (1ull << 56) - 1);
        for (unsigned n = 0; n < 2; n++)
            context->split[n] = state_take_max(reader, 8, (1ull << 56) - 1);
        for (unsigned n = 0; n < i; n++)
            if (tlb->contexts[n].key == context->key)
                return false;
        if (made <= before)
            return false;
        before = made;
        tlb->in_use |= 1ull << i;
    }
    return !reader->failed;
}

static bool load_entries(struct tlb *tlb, struct state_reader *reader,
                         bool (*payload)(struct state_reader *reader, void *payload, unsigned size_log2))
{
    size_t entries = (size_t)TLB_WAYS << tlb->set_bits, index, next = 0;
    while ((index = (size_t)state_take(reader, 4)) != UINT32_MAX) {
        unsigned context = (unsigned)state_take(reader, 1);
        struct tlb_tag tag = {.page = state_take(reader, 8)};
        unsigned leaf = (unsigned)state_take_max(reader, 1, 55), size = tag_size_log2(&tag);
        if (reader->failed || index < next || index >= entries || context >= (unsigned)__builtin_popcountll(tlb->in_use) || size < 12 ||
            size > leaf || tlb_set_of(tlb, tag.page, tlb->contexts[context].salt) != index / TLB_WAYS ||
            !payload(reader, (char *)tlb->payload + index * tlb->payload_size, size))
            return false;
        tag.context = tlb->contexts[context].number;
        tlb->tags[index] = tag;
        tlb->leaf_log2[index] = (uint8_t)leaf;
        if (leaf > size)
            filter_add(tlb, tag.context, tag_va(&tag), leaf);
        next = index + 1;
    }
    return true;
}

bool tlb_load(struct tlb *tlb, struct state_reader *reader,
              bool (*payload)(struct state_reader *reader, void *payload, unsigned size_log2))
{
    size_t sets = (size_t)1 << tlb->set_bits;
    tlb_clear(tlb);
    tlb->evicted = tlb->evicted_all = false;
    bool good = state_take(reader, 4) == sets * TLB_WAYS && load_contexts(tlb, reader);
    for (size_t i = 0; i < sets && good; i++)
        tlb->next_way[i] = (uint8_t)state_take_max(reader, 1, TLB_WAYS - 1);
    good = good && !reader->failed && load_entries(tlb, reader, payload);
    if (!good)
        tlb_clear(tlb);
    return good;
}
