/* Long-descriptor formats: types, addresses, sizes; and reading and replacing descriptors in memory. */
#include "mmu/internal.h"

#include "libarmsim/fabric/little_endian.h"

/* AArch64.ContiguousBit and ContiguousSize: log2 of the number of entries that a set Contiguous bit joins. */
unsigned contiguous_size(unsigned granule_bits, int level)
{
    static const uint8_t size_4k[4] = {0, 4, 4, 4}, size_16k[4] = {0, 0, 5, 7}, size_64k[4] = {0, 0, 5, 5};
    if (level < 0)
        return 0;
    return granule_bits == 12 ? size_4k[level] : granule_bits == 14 ? size_16k[level] : size_64k[level];
}

/* AArch64.BlockDescSupported */
bool block_supported(const struct mmu_features *features, unsigned granule_bits, bool ds, int level)
{
    switch (granule_bits) {
    case 12:
        return level == 1 || level == 2 || (level == 0 && ds);
    case 14:
        return level == 2 || (level == 1 && ds);
    default:
        return level == 2 || (level == 1 && features->lpa && features->pa_bits >= 52);
    }
}

/* AArch64.PhysicalAddressSize */
uint64_t unreachable_bits(const struct mmu_features *features, unsigned ps, unsigned granule_bits)
{
    static const uint8_t sizes[8] = {32, 36, 40, 42, 44, 48, 52, 56};
    unsigned limit = features->lpa && (granule_bits == 16 || features->lpa2) ? 52 : 48;
    unsigned size = sizes[ps];
    if (size > limit)
        size = limit;
    if (size > features->pa_bits)
        size = features->pa_bits;
    return ~low_mask(size);
}

/* AArch64.S1TTBaseAddress, AArch64.S2TTBaseAddress: a table of 2^entries_log2 descriptors is aligned to its size. */
uint64_t table_base(const struct mmu_features *features, uint64_t ttbr, unsigned granule_bits, unsigned ps, bool ds,
                    unsigned entries_log2)
{
    unsigned size_log2 = entries_log2 + 3;
    uint64_t base = ttbr & low_mask(48) & ~1ull;
    if ((features->lpa && granule_bits == 16 && ps == 6) || ds) {
        if (size_log2 < 6)
            size_log2 = 6;
        base = (base & ~low_mask(6)) | field(ttbr, 2, 4) << 48;
    }
    return base & ~low_mask(size_log2);
}

static struct bus_attrs walk_attrs(const struct mmu *mmu, const struct mmu_access *access, enum pas pas)
{
    return (struct bus_attrs){.pas = pas, .el = access->el, .debug = access->no_update, .requester = mmu->requester};
}

/* Keeps the RAM region around `at` as the window that the next descriptors are read through. */
static const uint8_t *open_window(struct mmu *mmu, struct full_address at, unsigned size)
{
    uint64_t offset;
    struct bus_region *region = bus_find(mmu->bus, at.pas, at.address, &offset);
    if (!bus_is_memory(region) || region->size - offset < size ||
        (offset & (PAGE_BYTES - 1)) + size > PAGE_BYTES)
        return NULL;
    if (region->kind == BUS_RAM && region->base + offset == at.address) { /* an alias is reached by the search only */
        mmu->window.base = region->base;
        mmu->window.last = region->size - 8;
        mmu->window.region = region;
        mmu->window.pas = at.pas;
    }
    return bus_host(region, offset);
}

static uint64_t reverse(uint64_t value, unsigned size)
{
    return size == 4 ? __builtin_bswap32((uint32_t)value) : __builtin_bswap64(value);
}

bool fetch_descriptor_slowly(struct mmu *mmu, const struct mmu_access *access, struct full_address at, unsigned size,
                             bool big_endian, uint64_t *descriptor)
{
    const uint8_t *host = open_window(mmu, at, size);
    mmu->stats.descriptor_reads++;
    if (host) {
        *descriptor = load_le(host, size);
    } else {
        enum bus_result result = bus_read(mmu->bus, at.address, size, walk_attrs(mmu, access, at.pas), descriptor);
        if (result != BUS_OK && !(result == BUS_DECODE_ERROR && mmu->unclaimed_zero))
            return false;
    }
    if (big_endian)
        *descriptor = reverse(*descriptor, size);
    return true;
}

bool mem_swap_table_descriptor(struct mmu *mmu, const struct mmu_access *access, struct full_address at,
                               const struct descriptor_site *site, uint64_t new_value, uint64_t *previous)
{
    if (!fetch_descriptor(mmu, access, at, 8, site->big_endian, previous))
        return false;
    if (*previous != site->value)
        return true;
    uint64_t ordered = site->big_endian ? reverse(new_value, 8) : new_value;
    return bus_write(mmu->bus, at.address, 8, walk_attrs(mmu, access, at.pas), ordered) == BUS_OK;
}
