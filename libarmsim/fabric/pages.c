#include "libarmsim/fabric/pages.h"

#include <errno.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

const uint8_t page_of_zeroes[PAGE_BYTES] __attribute__((aligned(64)));

/* A mapping whose pages are used where they lie. */
struct page_arena {
    uint8_t *base;
    uint64_t size;
    atomic_size_t chunks; /* that have pages in it */
    atomic_uint users[];  /* by chunk number: how many chunks have pages of it */
};

/* A copy. */
struct page {
    uint8_t data[PAGE_BYTES];
    atomic_uint users; /* chunks */
};

struct page_chunk {
    atomic_uint users;        /* tables */
    struct page_arena *arena; /* NULL: none of the pages lies in one */
    uint8_t *page[CHUNK_PAGES];
};

static uint64_t chunk_count(const struct pages *pages)
{
    return (pages->count + CHUNK_PAGES - 1) / CHUNK_PAGES;
}

void *map_zeroes(uint64_t size)
{
    void *host = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    return host == MAP_FAILED ? NULL : host;
}

void unmap(void *host, uint64_t size)
{
    if (host)
        munmap(host, size);
}

int pages_create(struct pages *pages, uint64_t count)
{
    *pages = (struct pages){.count = count};
    pages->chunk = calloc(chunk_count(pages), sizeof(struct page_chunk *));
    return pages->chunk ? 0 : -ENOMEM;
}

static bool in_arena(const struct page_chunk *chunk, const uint8_t *page)
{
    return chunk->arena && (uintptr_t)page - (uintptr_t)chunk->arena->base < chunk->arena->size;
}

static struct page *copy_of(uint8_t *page)
{
    return (struct page *)(void *)page;
}

/* The last use of what others may have read: their reads come before. */
static bool drop(atomic_uint *users)
{
    return atomic_fetch_sub_explicit(users, 1, memory_order_acq_rel) == 1;
}

static bool is_sole(const atomic_uint *users)
{
    return atomic_load_explicit(users, memory_order_acquire) == 1;
}

static void arena_leave(struct page_arena *arena, uint64_t number)
{
    if (drop(&arena->users[number])) {
        uint64_t from = number * CHUNK_PAGES * PAGE_BYTES, size = (uint64_t)CHUNK_PAGES * PAGE_BYTES;
        madvise(arena->base + from, from + size > arena->size ? arena->size - from : size, MADV_DONTNEED);
    }
    if (atomic_fetch_sub_explicit(&arena->chunks, 1, memory_order_acq_rel) == 1) {
        munmap(arena->base, arena->size);
        free(arena);
    }
}

static void chunk_leave(struct page_chunk *chunk, uint64_t number)
{
    if (!chunk || !drop(&chunk->users))
        return;
    for (unsigned i = 0; i < CHUNK_PAGES; i++)
        if (chunk->page[i] && !in_arena(chunk, chunk->page[i]) && drop(&copy_of(chunk->page[i])->users))
            free(copy_of(chunk->page[i]));
    if (chunk->arena)
        arena_leave(chunk->arena, number);
    free(chunk);
}

void pages_free(struct pages *pages)
{
    for (uint64_t i = 0; pages->chunk && i < chunk_count(pages); i++)
        chunk_leave(pages->chunk[i], i);
    free(pages->chunk);
    *pages = (struct pages){0};
}

static struct page_chunk *chunk_create(void)
{
    struct page_chunk *chunk = calloc(1, sizeof(*chunk));
    if (chunk)
        atomic_init(&chunk->users, 1);
    return chunk;
}

static void chunk_enter_arena(struct page_chunk *chunk, struct page_arena *arena, uint64_t number)
{
    chunk->arena = arena;
    atomic_fetch_add_explicit(&arena->users[number], 1, memory_order_relaxed);
    atomic_fetch_add_explicit(&arena->chunks, 1, memory_order_relaxed);
}

int pages_adopt(struct pages *pages, void *mapping, uint64_t count,
                bool (*present)(const void *opaque, uint64_t page), const void *opaque)
{
    if (pages_create(pages, count) < 0)
        return -ENOMEM;
    struct page_arena *arena = calloc(1, sizeof(*arena) + chunk_count(pages) * sizeof(arena->users[0]));
    if (!arena) {
        pages_free(pages);
        return -ENOMEM;
    }
    arena->base = mapping;
    arena->size = count * PAGE_BYTES;
    atomic_init(&arena->chunks, 1); /* until all is well */
    for (uint64_t page = 0; page < count; page++) {
        if (!present(opaque, page))
            continue;
        uint64_t number = page / CHUNK_PAGES;
        struct page_chunk *chunk = pages->chunk[number];
        if (!chunk) {
            chunk = pages->chunk[number] = chunk_create();
            if (!chunk) {
                /* The chunks made so far forget the arena, so that it isn't unmapped. */
                for (uint64_t i = 0; i < number; i++)
                    free(pages->chunk[i]);
                free(pages->chunk);
                free(arena);
                *pages = (struct pages){0};
                return -ENOMEM;
            }
            chunk_enter_arena(chunk, arena, number);
        }
        chunk->page[page % CHUNK_PAGES] = arena->base + page * PAGE_BYTES;
    }
    if (atomic_fetch_sub_explicit(&arena->chunks, 1, memory_order_acq_rel) == 1) { /* not a page */
        munmap(arena->base, arena->size);
        free(arena);
    }
    return 0;
}

int pages_share(struct pages *pages, const struct pages *other)
{
    if (pages_create(pages, other->count) < 0)
        return -ENOMEM;
    for (uint64_t i = 0; i < chunk_count(pages); i++) {
        pages->chunk[i] = other->chunk[i];
        if (pages->chunk[i])
            atomic_fetch_add_explicit(&pages->chunk[i]->users, 1, memory_order_relaxed);
    }
    return 0;
}

const uint8_t *pages_get(const struct pages *pages, uint64_t page)
{
    const struct page_chunk *chunk = pages->chunk[page / CHUNK_PAGES];
    return chunk ? chunk->page[page % CHUNK_PAGES] : NULL;
}

/* The chunk of a page, of this table alone. */
static struct page_chunk *own_chunk(struct pages *pages, uint64_t number)
{
    struct page_chunk *old = pages->chunk[number];
    if (old && is_sole(&old->users))
        return old;
    struct page_chunk *chunk = chunk_create();
    if (!chunk || !old) {
        pages->chunk[number] = chunk;
        return chunk ? chunk : (pages->chunk[number] = old);
    }
    memcpy(chunk->page, old->page, sizeof(chunk->page));
    if (old->arena)
        chunk_enter_arena(chunk, old->arena, number);
    for (unsigned i = 0; i < CHUNK_PAGES; i++)
        if (chunk->page[i] && !in_arena(chunk, chunk->page[i]))
            atomic_fetch_add_explicit(&copy_of(chunk->page[i])->users, 1, memory_order_relaxed);
    chunk_leave(old, number);
    pages->chunk[number] = chunk;
    return chunk;
}

static bool is_own(const struct page_chunk *chunk, uint64_t number, uint8_t *page)
{
    return is_sole(in_arena(chunk, page) ? &chunk->arena->users[number] : &copy_of(page)->users);
}

uint8_t *pages_own(struct pages *pages, uint64_t index)
{
    uint64_t number = index / CHUNK_PAGES;
    struct page_chunk *chunk = own_chunk(pages, number);
    if (!chunk || !is_sole(&chunk->users))
        return NULL;
    uint8_t *old = chunk->page[index % CHUNK_PAGES];
    if (old && is_own(chunk, number, old))
        return old;
    struct page *page = malloc(sizeof(*page));
    if (!page)
        return NULL;
    memcpy(page->data, old ? old : page_of_zeroes, PAGE_BYTES);
    atomic_init(&page->users, 1);
    chunk->page[index % CHUNK_PAGES] = page->data;
    if (old && !in_arena(chunk, old) && drop(&copy_of(old)->users))
        free(copy_of(old));
    return page->data;
}

uint64_t pages_copies_new(const struct pages *pages, const struct pages *other)
{
    uint64_t count = 0;
    for (uint64_t number = 0; number < chunk_count(pages); number++) {
        const struct page_chunk *chunk = pages->chunk[number], *before = other ? other->chunk[number] : NULL;
        for (unsigned i = 0; chunk && chunk != before && i < CHUNK_PAGES; i++)
            count += chunk->page[i] && !in_arena(chunk, chunk->page[i]) &&
                     !(before && before->page[i] == chunk->page[i]);
    }
    return count;
}

uint64_t pages_copies(const struct pages *pages)
{
    return pages_copies_new(pages, NULL);
}
