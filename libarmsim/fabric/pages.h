/*
 * The contents of a memory as a table of pages that several owners share: machines, their forks, their snapshots. An
 * owner that writes gets a page of its own first. Owners may be in different threads; a table belongs to one of them.
 *
 * Pages are counted in chunks of 512, which are shared as a whole, so that sharing a memory takes a count for every
 * 2 MiB. A page that nobody has is a page of zeroes and takes nothing.
 */
#ifndef ARMSIM_FABRIC_PAGES_H
#define ARMSIM_FABRIC_PAGES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { PAGE_BITS = 12, PAGE_BYTES = 1 << PAGE_BITS, CHUNK_PAGES = 512 };

struct page_arena;
struct page_chunk;

struct pages {
    uint64_t count;            /* pages */
    struct page_chunk **chunk; /* NULL: zeroes */
};

extern const uint8_t page_of_zeroes[PAGE_BYTES];

/* A table of absent pages. 0 or -ENOMEM. */
int pages_create(struct pages *pages, uint64_t count);
/*
 * A table over memory of the caller's, `mapping` of `count` pages by mmap(), which then belongs to the table. Pages for
 * which `present` is false are known to be zero. -ENOMEM: the mapping stays the caller's.
 */
int pages_adopt(struct pages *pages, void *mapping, uint64_t count,
                bool (*present)(const void *opaque, uint64_t page), const void *opaque);
/* Another table of the same pages. 0 or -ENOMEM. */
int pages_share(struct pages *pages, const struct pages *other);
void pages_free(struct pages *pages);

/* The page's bytes to read, or NULL: absent, as good as zeroes. Good until the table's owner writes to it. */
const uint8_t *pages_get(const struct pages *pages, uint64_t page);
/* The page's bytes to write, after what others share is copied. NULL: out of memory. */
uint8_t *pages_own(struct pages *pages, uint64_t page);
/* Pages that are copies, outside of what pages_adopt() was given. */
uint64_t pages_copies(const struct pages *pages);
/* The same without what `other` (NULL: nothing), a table of as many pages, has too. */
uint64_t pages_copies_new(const struct pages *pages, const struct pages *other);
/* Both tables have the same page, by identity: what is true is known to be equal. */
static inline bool pages_same_chunk(const struct pages *a, const struct pages *b, uint64_t chunk)
{
    return a->chunk[chunk] == b->chunk[chunk];
}

/* Host memory that takes room only when touched; NULL: none. */
void *map_zeroes(uint64_t size);
void unmap(void *host, uint64_t size);

#endif
