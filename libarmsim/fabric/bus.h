/*
 * The bus: one sorted list of regions for each physical address space.
 *
 * Every access ends in BUS_OK, BUS_DECODE_ERROR (no region claims the address) or BUS_DEVICE_ERROR
 * (a region claims it and refuses). The PE turns the last two into the architected external abort; the
 * bus itself never raises anything.
 */
#ifndef ARMSIM_FABRIC_BUS_H
#define ARMSIM_FABRIC_BUS_H

#include "libarmsim/fabric/pages.h"

/* Physical address spaces (PAS); the numbers are those of the pseudocode's PASpace order used in traces. */
enum pas { PAS_NON_SECURE, PAS_SECURE, PAS_ROOT, PAS_REALM, PAS_COUNT };

#define PAS_BIT(pas) (1u << (pas))
#define PAS_MASK_BOTH (PAS_BIT(PAS_NON_SECURE) | PAS_BIT(PAS_SECURE))

/* Who asks, and how. Travels with every access. */
struct bus_attrs {
    enum pas pas;
    uint8_t el;         /* exception level of the requester; 0 for DMA */
    bool instruction;   /* an instruction fetch */
    bool debug;         /* a host's look: devices must not change state */
    uint16_t requester; /* PE index, or DMA_REQUESTER + n */
};

#define BUS_REQUESTER_DMA 0x8000u

enum bus_result { BUS_OK, BUS_DECODE_ERROR, BUS_DEVICE_ERROR };

/*
 * Access functions of an MMIO region. `offset` is relative to the region's base and naturally aligned to
 * `size` (1, 2, 4 or 8 bytes, one of the region's declared sizes). Values are little-endian integers.
 */
struct bus_ops {
    enum bus_result (*read)(void *opaque, uint64_t offset, unsigned size, struct bus_attrs attrs, uint64_t *value);
    enum bus_result (*write)(void *opaque, uint64_t offset, unsigned size, struct bus_attrs attrs, uint64_t value);
    uint8_t sizes; /* bit n set: accesses of n bytes (1|2|4|8); 0 means 1, 2 and 4 */
};

/*
 * A ROM with `ops` is a ROM device (flash): it is read as memory, but writes go to the device, which may also turn the
 * whole region into MMIO for a while (bus_set_direct). Writes to a ROM without `ops` are ignored.
 */
enum bus_region_kind { BUS_RAM, BUS_ROM, BUS_MMIO, BUS_ALIAS };

struct bus_region {
    const char *name; /* borrowed; lives as long as the bus */
    enum bus_region_kind kind;
    uint64_t base, size;    /* bytes; size is not 0 and base + size does not wrap */
    unsigned pas_mask;      /* PAS_BIT()s in which the region appears */
    uint8_t *flat;          /* RAM, ROM, ROM device: the host memory in one piece ... */
    struct pages *pages;    /* ... or, once it was shared, in pages: see bus_host() */
    uint8_t *page_flags;    /* where there is host memory: one BUS_PAGE_* byte for each 4 KiB page */
    const struct bus_ops *ops;
    void *opaque;
    uint64_t alias_target; /* ALIAS: the physical address that base maps to, same PAS */
};

/* Page flags: who wants to hear of writes to this page that do not come through a PE's own fast path. */
#define BUS_PAGE_CODE 0x01u      /* a PE holds decoded records of this page */
#define BUS_PAGE_EXCLUSIVE 0x02u /* a PE's global monitor watches a granule of this page */
#define BUS_PAGE_DIRTY 0x04u     /* written since the flag was last cleared */
#define BUS_PAGE_TOUCHED 0x08u   /* written since it was made: others are zero */
#define BUS_PAGE_SHARED 0x10u    /* others may have it too: bus_write_page() before a write */
#define BUS_PAGE_WATCHED (BUS_PAGE_CODE | BUS_PAGE_EXCLUSIVE)
#define BUS_PAGE_WRITTEN (BUS_PAGE_DIRTY | BUS_PAGE_TOUCHED)

/* All ones, as wide as an access of `size` bytes (1 to 8). */
static inline uint64_t bus_ones(unsigned size)
{
    return UINT64_MAX >> (64 - 8 * size);
}

/* Whether the region has host memory (RAM, ROM, ROM devices in whatever mode). */
static inline bool bus_has_memory(const struct bus_region *region)
{
    return region->page_flags != NULL;
}

/* Whether accesses read the region's memory: not a ROM device while it shows its registers. NULL is no region. */
static inline bool bus_is_memory(const struct bus_region *region)
{
    return region && (region->kind == BUS_RAM || region->kind == BUS_ROM);
}

/* The byte at `offset` of a region with memory, to read; up to the end of its page, and until the next bus_write_page(). */
static inline const uint8_t *bus_host(const struct bus_region *region, uint64_t offset)
{
    if (__builtin_expect(!region->pages, 1))
        return region->flat + offset;
    const uint8_t *page = pages_get(region->pages, offset >> PAGE_BITS);
    return (page ? page : page_of_zeroes) + (offset & (PAGE_BYTES - 1));
}

/* Called before a write to a RAM page with BUS_PAGE_CODE or BUS_PAGE_EXCLUSIVE set. `host` points into RAM. */
typedef void bus_watch_fn(void *opaque, struct bus_region *region, uint64_t region_offset, uint64_t size,
                          uint16_t requester);

struct bus;

struct bus *bus_create(void); /* NULL: out of memory */
void bus_destroy(struct bus *bus);

/*
 * Adding regions. Return 0, or -ENOMEM, -EINVAL (empty, wrapping, bad size), -EEXIST (overlaps another region
 * of a common PAS: *other, if not NULL, names it). RAM is zero and takes host memory only when touched.
 */
int bus_add_ram(struct bus *bus, const char *name, uint64_t base, uint64_t size, unsigned pas_mask,
                const struct bus_region **other);
int bus_add_rom(struct bus *bus, const char *name, uint64_t base, uint64_t size, unsigned pas_mask,
                const struct bus_region **other);
/* A ROM device; *region, if not NULL, is what bus_set_direct() and bus_program() take. */
int bus_add_rom_device(struct bus *bus, const char *name, uint64_t base, uint64_t size, unsigned pas_mask,
                       const struct bus_ops *ops, void *opaque, struct bus_region **region,
                       const struct bus_region **other);
int bus_add_mmio(struct bus *bus, const char *name, uint64_t base, uint64_t size, unsigned pas_mask,
                 const struct bus_ops *ops, void *opaque, const struct bus_region **other);
int bus_add_alias(struct bus *bus, const char *name, uint64_t base, uint64_t size, unsigned pas_mask,
                  uint64_t target, const struct bus_region **other);

void bus_set_watch(struct bus *bus, bus_watch_fn *fn, void *opaque);

/*
 * The same byte to write. With BUS_PAGE_SHARED set the page may move, which the move watch is told: whoever keeps host
 * pointers must look again. NULL: out of memory; the shortage watch has been told, and the write is lost.
 */
uint8_t *bus_write_page(struct bus *bus, struct bus_region *region, uint64_t offset);

/* The page at `offset`, with the same contents, is somewhere else now (`before`: where it was). */
typedef void bus_move_fn(void *opaque, struct bus_region *region, uint64_t offset, const uint8_t *before);
void bus_set_move_watch(struct bus *bus, bus_move_fn *fn, void *opaque);
/* All memory is somewhere else, with other contents where bus_host() yields another place than before. */
void bus_set_load_watch(struct bus *bus, void (*fn)(void *opaque), void *opaque);
void bus_set_shortage_watch(struct bus *bus, void (*fn)(void *opaque), void *opaque);

/*
 * The contents of all memory, shared with the bus it was taken from (bus_share_memory()), or read from somewhere. An
 * element for each region with memory, in the order of the regions.
 */
struct bus_image {
    size_t count;
    struct pages *memory;
};

/*
 * Shares all memory with *image. Nobody may write by host pointers taken before: the caller takes write permission out
 * of the fast TLBs. 0 or -ENOMEM.
 */
int bus_share_memory(struct bus *bus, struct bus_image *image);
/* Gives the bus the image's contents, sharing its pages, and tells the load watch. The regions must be those of the bus it
 * was taken from. 0, or -ENOMEM or -EINVAL with nothing changed. */
int bus_load_memory(struct bus *bus, const struct bus_image *image);
void bus_image_free(struct bus_image *image);

/*
 * ROM devices. bus_set_direct: whether reads see the memory (BUS_ROM) or the device (BUS_MMIO); tells the remap watch,
 * which must drop host pointers into the region. bus_program: changes the memory, as the device decided to, telling
 * the write watch.
 */
typedef void bus_remap_fn(void *opaque, struct bus_region *region);
void bus_set_remap_watch(struct bus *bus, bus_remap_fn *fn, void *opaque);
void bus_set_direct(struct bus *bus, struct bus_region *region, bool direct);
void bus_program(struct bus *bus, struct bus_region *region, uint64_t offset, const void *data, size_t size,
                 uint16_t requester);

/* The region that claims `pa` in `pas` (aliases resolved), or NULL. *offset is relative to its base. */
struct bus_region *bus_find(const struct bus *bus, enum pas pas, uint64_t pa, uint64_t *offset);
size_t bus_region_count(const struct bus *bus);
struct bus_region *bus_region_at(const struct bus *bus, size_t index); /* sorted by base */

/*
 * One access of 1, 2, 4 or 8 bytes, naturally aligned or not (an unaligned access to MMIO is a
 * BUS_DEVICE_ERROR). A size that the device doesn't declare is a BUS_DEVICE_ERROR.
 * ROM writes are BUS_OK and ignored (or the ROM device's) for `debug` false; with `debug` true they store (loaders).
 */
enum bus_result bus_read(struct bus *bus, uint64_t pa, unsigned size, struct bus_attrs attrs, uint64_t *value);
enum bus_result bus_write(struct bus *bus, uint64_t pa, unsigned size, struct bus_attrs attrs, uint64_t value);

/* Blocks (DMA, loaders, host access): RAM and ROM only; stop with an error at the first byte that is neither. */
enum bus_result bus_read_block(struct bus *bus, uint64_t pa, void *data, size_t size, struct bus_attrs attrs);
enum bus_result bus_write_block(struct bus *bus, uint64_t pa, const void *data, size_t size, struct bus_attrs attrs);

/* Makes every doubleword of all RAM this one, telling the write watch. */
void bus_fill_ram(struct bus *bus, uint64_t doubleword);

/* The page's contents; NULL: known to be zero. */
const uint8_t *bus_page(const struct bus_region *region, uint64_t page);
bool page_is_zero(const uint8_t *page);
/* Chains the contents of a region, or of all RAM and ROM, into `hash`; pages of zeroes count for nothing, touched or
 * not. */
uint64_t bus_hash_region(const struct bus_region *region, uint64_t hash);
uint64_t bus_hash_memory(const struct bus *bus, uint64_t hash);

#endif
