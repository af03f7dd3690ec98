#include "pgtab.h"

#include <stddef.h>

#define VALID 1ull
#define TABLE 3ull /* at levels 0 to 2; at level 3 the same bits are a page */
#define BLOCK 1ull
#define ADDRESS 0x0000fffffffff000ull
#define AF (1ull << 10)
#define INNER_SHAREABLE (3ull << 8)
#define ENTRIES 512

/* The lower and upper attributes that the flags ask for, and the way back. */

static uint64_t stage1_attributes(enum pgtab_kind kind, unsigned flags)
{
    bool el1 = kind == PGTAB_EL1;
    bool user = el1 && flags & PGTAB_USER;
    uint64_t bits = flags & PGTAB_DEVICE ? 0 : 1 << 2 | INNER_SHAREABLE;
    bits |= flags & PGTAB_WRITE ? 0 : 1 << 7;
    bits |= flags & PGTAB_NON_SECURE ? 1 << 5 : 0;
    /* AP[1] is RES1 where there is one privilege. */
    bits |= user || !el1 ? 1 << 6 : 0;
    bits |= el1 && flags & PGTAB_LOCAL ? 1 << 11 : 0;
    bool execute = flags & PGTAB_EXECUTE;
    if (el1)
        bits |= (execute && !user ? 0 : 1ull << 53) | (execute && user ? 0 : 1ull << 54);
    else
        bits |= execute ? 0 : 1ull << 54;
    return bits | AF;
}

static uint64_t stage2_attributes(unsigned flags)
{
    /* MemAttr: Device-nGnRE, or Normal Write-Back; stage 1 can only make it stricter. */
    uint64_t bits = flags & PGTAB_DEVICE ? 1 << 2 : 0xf << 2 | INNER_SHAREABLE;
    bits |= flags & PGTAB_READ ? 1 << 6 : 0;
    bits |= flags & PGTAB_WRITE ? 1 << 7 : 0;
    bits |= flags & PGTAB_EXECUTE ? 0 : 1ull << 54;
    return bits | AF;
}

static uint64_t attributes(enum pgtab_kind kind, unsigned flags)
{
    return kind == PGTAB_STAGE2 ? stage2_attributes(flags) : stage1_attributes(kind, flags);
}

static unsigned flags_of(enum pgtab_kind kind, uint64_t descriptor)
{
    unsigned flags = 0;
    if (kind == PGTAB_STAGE2) {
        flags |= descriptor >> 6 & 1 ? PGTAB_READ : 0;
        flags |= descriptor >> 7 & 1 ? PGTAB_WRITE : 0;
        flags |= descriptor >> 54 & 1 ? 0 : PGTAB_EXECUTE;
        return flags | ((descriptor >> 4 & 3) == 0 ? PGTAB_DEVICE : 0);
    }
    bool user = kind == PGTAB_EL1 && descriptor >> 6 & 1;
    unsigned never = kind == PGTAB_EL1 && !user ? 53 : 54;
    flags |= PGTAB_READ | (descriptor >> 7 & 1 ? 0 : PGTAB_WRITE) | (descriptor >> never & 1 ? 0 : PGTAB_EXECUTE);
    flags |= user ? PGTAB_USER : 0;
    flags |= descriptor >> 5 & 1 ? PGTAB_NON_SECURE : 0;
    flags |= kind == PGTAB_EL1 && descriptor >> 11 & 1 ? PGTAB_LOCAL : 0;
    return flags | ((descriptor >> 2 & 7) == 0 ? PGTAB_DEVICE : 0);
}

/* ---- levels */

unsigned pgtab_start_level(unsigned input_bits)
{
    return input_bits > 39 ? 0 : input_bits > 30 ? 1 : 2;
}

static unsigned shift_of(unsigned level)
{
    return 39 - 9 * level;
}

static unsigned index_of(uint64_t input, unsigned level)
{
    return input >> shift_of(level) & (ENTRIES - 1);
}

static bool is_table(uint64_t descriptor, unsigned level)
{
    return level < 3 && (descriptor & 3) == TABLE;
}

static uint64_t leaf(unsigned level, uint64_t output, uint64_t bits)
{
    return output | bits | (level == 3 ? TABLE : BLOCK);
}

static uint64_t *next_table(uint64_t descriptor)
{
    return (uint64_t *)(uintptr_t)(descriptor & ADDRESS);
}

/* ---- writing */

/* The only place that changes an entry that a walk can meet. */
static void set_entry(struct pgtab *table, uint64_t *entry, uint64_t input, uint64_t descriptor)
{
    volatile uint64_t *live = entry;
    if (*live == descriptor)
        return;
    if (*live & VALID) {
        *live = 0;
        if (table->invalidate)
            table->invalidate(table->context, input);
    }
    if (descriptor & VALID) {
        *live = descriptor;
        if (table->publish)
            table->publish(table->context);
    }
}

/* The table below an entry; a block becomes 512 entries that say the same. NULL without memory. */
static uint64_t *open_entry(struct pgtab *table, uint64_t *entry, unsigned level, uint64_t input)
{
    if (is_table(*entry, level))
        return next_table(*entry);
    uint64_t *below = table->allocate(table->context);
    if (!below)
        return NULL;
    if (*entry & VALID) {
        uint64_t bits = *entry & ~ADDRESS & ~3ull, output = *entry & ADDRESS;
        for (unsigned i = 0; i < ENTRIES; i++)
            below[i] = leaf(level + 1, output + ((uint64_t)i << shift_of(level + 1)), bits);
    }
    set_entry(table, entry, input, (uint64_t)(uintptr_t)below | TABLE);
    return below;
}

enum change { MAP, UNMAP, PROTECT };

struct edit {
    struct pgtab *table;
    enum change change;
    uint64_t output_less_input, bits;
};

static bool is_whole(const struct edit *edit, uint64_t input, uint64_t size, unsigned level)
{
    uint64_t block = 1ull << shift_of(level);
    if (level == 0 || (input & (block - 1)) || size < block)
        return false;
    return edit->change != MAP || ((input + edit->output_less_input) & (block - 1)) == 0;
}

static int edit_range(const struct edit *edit, uint64_t *entries, unsigned level, uint64_t input, uint64_t size);

/* A table goes only after each of its entries, because an invalidation reaches no others than its own address's. */
static void edit_leaf(const struct edit *edit, uint64_t *entry, uint64_t input, unsigned level)
{
    uint64_t descriptor = 0;
    if (is_table(*entry, level)) {
        struct edit clear = {edit->table, UNMAP, 0, 0};
        edit_range(&clear, next_table(*entry), level + 1, input, 1ull << shift_of(level));
    }
    if (edit->change == MAP)
        descriptor = leaf(level, input + edit->output_less_input, edit->bits);
    else if (edit->change == PROTECT)
        descriptor = leaf(level, *entry & ADDRESS, edit->bits);
    set_entry(edit->table, entry, input, descriptor);
}

static int edit_range(const struct edit *edit, uint64_t *entries, unsigned level, uint64_t input, uint64_t size)
{
    while (size) {
        uint64_t block = 1ull << shift_of(level), *entry = &entries[index_of(input, level)];
        uint64_t part = block - (input & (block - 1));
        part = part < size ? part : size;
        bool nothing = edit->change != MAP && !(*entry & VALID);
        bool whole = is_whole(edit, input, size, level) && (edit->change != PROTECT || !is_table(*entry, level));
        if (!nothing && whole) {
            edit_leaf(edit, entry, input, level);
        } else if (!nothing) {
            uint64_t *below = open_entry(edit->table, entry, level, input);
            if (!below || edit_range(edit, below, level + 1, input, part) < 0)
                return -1;
        }
        input += part;
        size -= part;
    }
    return 0;
}

static int edit_all(const struct edit *edit, uint64_t input, uint64_t output, uint64_t size)
{
    uint64_t limit = 1ull << edit->table->input_bits;
    if ((input | output | size) & (PGTAB_PAGE - 1) || input > limit || size > limit - input || output & ~ADDRESS)
        return -1;
    return edit_range(edit, edit->table->root, pgtab_start_level(edit->table->input_bits), input, size);
}

int pgtab_init(struct pgtab *table, enum pgtab_kind kind, unsigned input_bits)
{
    if (input_bits < 25 || input_bits > 48)
        return -1;
    table->kind = kind;
    table->input_bits = input_bits;
    table->root = table->allocate(table->context);
    return table->root ? 0 : -1;
}

int pgtab_map(struct pgtab *table, uint64_t input, uint64_t output, uint64_t size, unsigned flags)
{
    struct edit edit = {table, MAP, output - input, attributes(table->kind, flags)};
    return edit_all(&edit, input, output, size);
}

int pgtab_unmap(struct pgtab *table, uint64_t input, uint64_t size)
{
    struct edit edit = {table, UNMAP, 0, 0};
    return edit_all(&edit, input, 0, size);
}

int pgtab_protect(struct pgtab *table, uint64_t input, uint64_t size, unsigned flags)
{
    struct edit edit = {table, PROTECT, 0, attributes(table->kind, flags)};
    return edit_all(&edit, input, 0, size);
}

struct pgtab_leaf pgtab_walk(const struct pgtab *table, uint64_t input)
{
    struct pgtab_leaf result = {.level = pgtab_start_level(table->input_bits)};
    if (input >> table->input_bits)
        return result;
    const uint64_t *entries = table->root;
    for (;; result.level++) {
        result.descriptor = entries[index_of(input, result.level)];
        if (!is_table(result.descriptor, result.level))
            break;
        entries = next_table(result.descriptor);
    }
    uint64_t kind = result.descriptor & 3, below = (1ull << shift_of(result.level)) - 1;
    result.valid = result.level == 3 ? kind == TABLE : kind == BLOCK && result.level > 0;
    if (result.valid) {
        result.output = (result.descriptor & ADDRESS & ~below) | (input & below);
        result.flags = flags_of(table->kind, result.descriptor);
    }
    return result;
}
