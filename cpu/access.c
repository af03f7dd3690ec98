/*
 * Data accesses by virtual address: every alignment, page crossings, MMIO, faults. The fast TLB is filled on the way.
 */
#include "cpu/asked.h"
#include "cpu/cpu.h"
#include "cpu/debug.h"
#include "cpu/impdef.h"
#include "cpu/syndrome.h"
#include "cpu/interp/interp.h"
#include "libarmsim/fabric/little_endian.h"

#include <string.h>

struct mmu_access data_access(const struct pe *pe, bool write, unsigned size)
{
    return (struct mmu_access){
        .type = write ? ACCESS_WRITE : ACCESS_READ,
        .write = write,
        .read = !write,
        .el = pe->pstate.el,
        .pan = pe->pstate.pan,
        .size = (uint8_t)size,
        .aligned_required = pe->regime[pe->current_regime].sctlr >> 1 & 1,
    };
}

/* Pages that the host watches are in no fast TLB. */
static bool is_watched(const struct pe *pe, uint64_t va, uint64_t pa)
{
    return UNLIKELY(pe->env->watches_page != NULL) && pe->env->watches_page(pe->env->machine, va, pa);
}

static struct fast_tlb_entry *fast_entry(struct pe *pe, uint64_t va)
{
    return &pe->dtlb[va >> 12 & (FAST_TLB_ENTRIES - 1)];
}

static void fill_device_tlb(struct pe *pe, uint64_t va, bool may_read, bool may_write, enum pas pas,
                            struct bus_region *region, uint64_t offset)
{
    uint64_t in_page = va & 0xfff;
    /* The whole page must be the region's. */
    if (offset < in_page || region->size - (offset - in_page) < 0x1000)
        return;
    uint64_t tag = (va & ~0xfffull) | pe->context;
    *device_page(pe, va) = (struct device_tlb_entry){
        .read_tag = may_read && region->kind == BUS_MMIO ? tag : ~0ull,
        .write_tag = may_write ? tag : ~0ull, .region = region, .offset = offset - in_page, .pas = pas};
}

static struct device_tlb_entry *device_entry(struct pe *pe, uint64_t va, unsigned size, bool write)
{
    struct device_tlb_entry *entry = device_page(pe, va);
    if ((write ? entry->write_tag : entry->read_tag) != device_tag(pe, va) || (va & (size - 1)))
        return NULL;
    if (entry->region->kind == BUS_RAM)
        return entry;
    uint8_t sizes = entry->region->ops->sizes ? entry->region->ops->sizes : 1 | 2 | 4;
    return sizes & size ? entry : NULL;
}

static enum device_access device_refused(struct pe *pe, uint64_t va, unsigned size, bool write)
{
    struct fault_record fault = {
        .type = FAULT_SYNC_EXTERNAL, .access = data_access(pe, write, size), .va = va, .write = write};
    take_data_abort(pe, &fault);
    return DEVICE_ABORT;
}

enum device_access device_load(struct pe *pe, uint64_t va, unsigned size)
{
    const struct device_tlb_entry *entry = device_entry(pe, va, size, false);
    if (!entry)
        return DEVICE_UNKNOWN;
    struct bus_attrs attrs = {entry->pas, pe->pstate.el, false, false, (uint16_t)pe->index};
    const struct bus_region *region = entry->region;
    if (region->ops->read(region->opaque, entry->offset + (va & 0xfff), size, attrs, &pe->slow_data) != BUS_OK)
        return device_refused(pe, va, size, false);
    return DEVICE_DONE;
}

/* A Translation fault of stage 1, whose syndrome doesn't tell of the instruction. */
static enum refill page_fault(struct pe *pe, uint64_t va, bool write, int level)
{
    const struct fault_record fault = {.type = FAULT_TRANSLATION, .access = data_access(pe, write, 0), .va = va,
                                       .level = (int8_t)level, .write = write};
    take_data_abort(pe, &fault);
    return REFILL_ABORT;
}

/* The abort of an access inside a page may be taken at once, unless its syndrome tells of the instruction, or its
 * misalignment could come first. */
static bool abort_is_certain(const struct fault_record *fault, uint64_t size)
{
    return !fault->second_stage && !fault->s2fs1walk && !(fault->va & (size - 1));
}

static enum refill by_whole_translation(struct pe *pe, uint64_t va, uint64_t size, bool write)
{
    struct mmu_access access = data_access(pe, write, 0);
    struct mmu_result result;
    if (!mmu_translate(pe->mmu, &pe->regime[pe->current_regime], &access, va, &result)) {
        if (!abort_is_certain(&result.fault, size))
            return REFILL_NOT;
        take_data_abort(pe, &result.fault);
        return REFILL_ABORT;
    }
    uint64_t offset;
    struct bus_region *region = result.attrs.device ? NULL : bus_find(pe->env->bus, result.pas, result.pa, &offset);
    if (!bus_is_memory(region) || is_watched(pe, va, result.pa))
        return REFILL_NOT;
    struct fast_tlb_entry *entry = fast_entry(pe, va);
    fast_tlb_fill(entry, pe->env->bus, va, pe->context, write, result.may_read, result.may_write, region, offset);
    if (write && region->kind == BUS_RAM && (region->page_flags[offset >> 12] & BUS_PAGE_WATCHED))
        fill_device_tlb(pe, va, result.may_read, result.may_write, result.pas, region, offset);
    return (write ? entry->write_tag : entry->read_tag) == ((va & ~0xfffull) | pe->context) ? REFILL_DONE : REFILL_NOT;
}

/* What only the slow path does: strict alignment checks, and accesses that cross a page. */
static bool is_for_slow_path(const struct pe *pe, uint64_t va, uint64_t size)
{
    return pe->strict || (va & 0xfff) + size > 0x1000;
}

unsigned mem_refill(struct pe *pe, uint64_t va, uint64_t size, bool write)
{
    if (UNLIKELY(is_for_slow_path(pe, va, size) || pe->env->watches_page))
        return MMU_UNUSUAL;
    const struct mmu_load_store access = {.el = pe->pstate.el, .pan = pe->pstate.pan, .write = write};
    return mmu_refill(pe->mmu, &pe->regime[pe->current_regime], access, va, pe->context, fast_entry(pe, va));
}

enum refill mem_refill_slowly(struct pe *pe, uint64_t va, uint64_t size, bool write, unsigned refilled)
{
    if (is_for_slow_path(pe, va, size))
        return REFILL_NOT;
    if (refilled == MMU_UNUSUAL || (va & (size - 1)))
        return by_whole_translation(pe, va, size, write);
    return page_fault(pe, va, write, (int)(refilled - MMU_UNMAPPED));
}

/* Where one part of an access (inside a page) goes. */
struct target {
    struct bus_region *region;
    uint64_t offset, pa, va;
    enum pas pas;
    unsigned size;
};

/* Strict contexts check every access's alignment, so they always go the slow way; Device memory faults when unaligned. */
static void keep_translation(struct pe *pe, const struct mmu_access *access, const struct mmu_result *result,
                             const struct target *target)
{
    if (pe->strict || access->el != pe->pstate.el || is_watched(pe, target->va, target->pa))
        return;
    if (target->region->kind == BUS_MMIO)
        fill_device_tlb(pe, target->va, result->may_read, result->may_write, result->pas, target->region,
                        target->offset);
    else if (!result->attrs.device && bus_is_memory(target->region))
        fast_tlb_fill(fast_entry(pe, target->va), pe->env->bus, target->va, pe->context, access->write,
                      result->may_read, result->may_write, target->region, target->offset);
}

static bool resolve(struct pe *pe, uint64_t va, unsigned size, const struct mmu_access *access, struct target *target)
{
    struct mmu_result result;
    if (!mmu_translate(pe->mmu, &pe->regime[pe->current_regime], access, va, &result)) {
        take_data_abort(pe, &result.fault);
        return false;
    }
    if (UNLIKELY(pe->watching) && debug_watchpoint(pe, va, size, access))
        return false;
    target->region = bus_find(pe->env->bus, result.pas, result.pa, &target->offset);
    target->pa = result.pa;
    target->pas = result.pas;
    target->va = va;
    target->size = size;
    if (target->region)
        keep_translation(pe, access, &result, target);
    return true;
}

/* BUS_SERROR_AET's values as ESR_ELx.AET has them. */
static const uint8_t serror_aet[] = {
    [BUS_SERROR_AET_UC] = 0, [BUS_SERROR_AET_UEU] = 1, [BUS_SERROR_AET_UEO] = 2, [BUS_SERROR_AET_UER] = 3};

/* A load or store has met an error of the bus. True: it completes all the same, what it read being zero. */
static bool completes(struct pe *pe, enum bus_result result)
{
    if (result == BUS_OK)
        return true;
    if (result != BUS_DECODE_ERROR || impdef(pe, BUS_ERROR) == BUS_ERROR_SEA)
        return false;
    if (impdef(pe, BUS_ERROR) == BUS_ERROR_SERROR && !(pe->pending & PENDING_SERROR)) {
        pe->serror_syndrome = iss_serror_external(has_feature(pe, FEATURE_RAS), serror_aet[impdef(pe, BUS_SERROR_AET)]);
        pe_set_pending(pe, PENDING_SERROR, true);
    }
    return true;
}

static bool external_abort(struct pe *pe, const struct mmu_access *access, const struct target *target)
{
    struct fault_record fault = {
        .type = FAULT_SYNC_EXTERNAL, .access = *access, .va = target->va, .write = access->write};
    take_data_abort(pe, &fault);
    return false;
}

/* MMIO: naturally aligned pieces, the largest first, and none of more than one element of a pair; each reaches the
 * device once. */
static unsigned piece_size(const struct mmu_access *access, uint64_t address, unsigned left)
{
    return aligned_piece(address, access->size && access->size < left ? (unsigned)access->size : left);
}

static bool read_part(struct pe *pe, const struct target *target, const struct mmu_access *access, uint8_t *data)
{
    if (bus_is_memory(target->region)) {
        memcpy(data, bus_host(target->region, target->offset), target->size);
        return true;
    }
    struct bus_attrs attrs = {target->pas, access->el, false, false, (uint16_t)pe->index};
    for (unsigned done = 0; done < target->size;) {
        unsigned size = piece_size(access, target->pa + done, target->size - done);
        uint64_t value = 0;
        if (!completes(pe, bus_read(pe->env->bus, target->pa + done, size, attrs, &value)))
            return external_abort(pe, access, target);
        store_le(data + done, value, size);
        done += size;
    }
    return true;
}

static bool write_part(struct pe *pe, const struct target *target, const struct mmu_access *access,
                       const uint8_t *data)
{
    if (bus_is_memory(target->region) && !(target->region->kind == BUS_ROM && target->region->ops)) { /* not a ROM device */
        struct bus_region *region = target->region;
        if (region->kind == BUS_ROM)
            return true;
        uint8_t *host = bus_write_page(pe->env->bus, region, target->offset);
        if (!host)
            return true; /* the machine stops */
        uint8_t flags = region->page_flags[target->offset >> 12];
        region->page_flags[target->offset >> 12] = flags | BUS_PAGE_WRITTEN;
        memcpy(host, data, target->size);
        if (flags & BUS_PAGE_CODE)
            icache_written(pe->env->icache, region, target->offset, target->size);
        if (flags & BUS_PAGE_EXCLUSIVE)
            icache_exclusive_written(pe->env->icache, pe, region, target->offset, target->size);
        return true;
    }
    struct bus_attrs attrs = {target->pas, access->el, false, false, (uint16_t)pe->index};
    for (unsigned done = 0; done < target->size;) {
        unsigned size = piece_size(access, target->pa + done, target->size - done);
        if (!completes(pe, bus_write(pe->env->bus, target->pa + done, size, attrs, load_le(data + done, size))))
            return external_abort(pe, access, target);
        done += size;
    }
    return true;
}

/* False: nobody watches the page any more, so that it belongs in the fast TLB. */
static bool store_to_watched(struct pe *pe, const struct device_tlb_entry *entry, uint64_t va, unsigned size,
                             uint64_t value)
{
    uint64_t offset = entry->offset + (va & 0xfff);
    if (!(entry->region->page_flags[offset >> 12] & BUS_PAGE_WATCHED))
        return false;
    const struct target target = {.region = entry->region, .offset = offset, .va = va, .size = size};
    return write_part(pe, &target, NULL, (const uint8_t *)&value);
}

enum device_access device_store(struct pe *pe, uint64_t va, unsigned size, uint64_t value)
{
    struct device_tlb_entry *entry = device_entry(pe, va, size, true);
    if (!entry)
        return DEVICE_UNKNOWN;
    const struct bus_region *region = entry->region;
    if (region->kind == BUS_RAM) {
        if (store_to_watched(pe, entry, va, size, value))
            return DEVICE_DONE;
        entry->write_tag = ~0ull;
        return DEVICE_UNKNOWN;
    }
    struct bus_attrs attrs = {entry->pas, pe->pstate.el, false, false, (uint16_t)pe->index};
    if (region->ops->write(region->opaque, entry->offset + (va & 0xfff), size, attrs, value) != BUS_OK)
        return device_refused(pe, va, size, true);
    return DEVICE_DONE;
}

/* Bytes of [va, va + size) in the first page. */
static unsigned first_part(uint64_t va, unsigned size)
{
    unsigned room = 0x1000 - (va & 0xfff);
    return size < room ? size : room;
}

static bool mem_get(struct pe *pe, uint64_t va, unsigned size, const struct mmu_access *access, void *data)
{
    struct target target[2];
    unsigned first = first_part(va, size);
    if (!resolve(pe, va, first, access, &target[0]))
        return false;
    if (first == size)
        return read_part(pe, &target[0], access, data);
    return resolve(pe, va + first, size - first, access, &target[1]) && read_part(pe, &target[0], access, data) &&
           read_part(pe, &target[1], access, (uint8_t *)data + first);
}

bool mem_put(struct pe *pe, uint64_t va, unsigned size, const struct mmu_access *access, const void *data)
{
    struct target target[2];
    unsigned first = first_part(va, size);
    if (!resolve(pe, va, first, access, &target[0]))
        return false;
    if (first == size)
        return write_part(pe, &target[0], access, data);
    /* Both pages are translated before anything is written. */
    return resolve(pe, va + first, size - first, access, &target[1]) && write_part(pe, &target[0], access, data) &&
           write_part(pe, &target[1], access, (const uint8_t *)data + first);
}

__attribute__((noinline)) static bool read_asked(struct pe *pe, uint64_t va, unsigned size,
                                                 const struct mmu_access *access, void *data)
{
    struct asked_data asked;
    return ask_read(pe, va, size, access, &asked) != ASKED_NOT &&
           (asked_for_all(&asked, size) || mem_get(pe, va, size, access, data)) && asked_put(&asked, size, data);
}

bool mem_read(struct pe *pe, uint64_t va, unsigned size, const struct mmu_access *access, void *data)
{
    if (UNLIKELY(pe->env->access != NULL))
        return read_asked(pe, va, size, access, data);
    return mem_get(pe, va, size, access, data);
}

__attribute__((noinline)) static bool write_asked(struct pe *pe, uint64_t va, unsigned size,
                                                  const struct mmu_access *access, const void *data)
{
    uint8_t copy[ASKED_BYTES] = {0};
    bool small = size <= ASKED_BYTES; /* else it is DC ZVA: there are zeros only */
    if (small)
        memcpy(copy, data, size);
    return mem_ask_write(pe, va, size, access, copy) != ASKED_NOT && mem_put(pe, va, size, access, small ? copy : data);
}

bool mem_write(struct pe *pe, uint64_t va, unsigned size, const struct mmu_access *access, const void *data)
{
    if (UNLIKELY(pe->env->access != NULL))
        return write_asked(pe, va, size, access, data);
    return mem_put(pe, va, size, access, data);
}

bool mem_locate(struct pe *pe, uint64_t va, unsigned size, const struct mmu_access *access, struct mem_place *place)
{
    struct target target;
    if (!resolve(pe, va, size, access, &target))
        return false;
    place->pa = target.pa;
    place->pas = target.pas;
    place->region = target.region;
    place->offset = target.offset;
    return true;
}

static bool mem_place_get(struct pe *pe, const struct mem_place *place, uint64_t va, unsigned size,
                          const struct mmu_access *access, void *data)
{
    struct target target = {place->region, place->offset, place->pa, va, place->pas, size};
    return read_part(pe, &target, access, data);
}

/* The ways with watchpoints or hooks, out of line. */
__attribute__((noinline)) static bool place_read_asked(struct pe *pe, const struct mem_place *place, uint64_t va,
                                                       unsigned size, const struct mmu_access *access, void *data)
{
    struct asked_data asked;
    return ask_read(pe, va, size, access, &asked) != ASKED_NOT &&
           (asked_for_all(&asked, size) || mem_place_get(pe, place, va, size, access, data)) &&
           asked_put(&asked, size, data);
}

bool mem_place_read(struct pe *pe, const struct mem_place *place, uint64_t va, unsigned size,
                    const struct mmu_access *access, void *data)
{
    if (UNLIKELY(pe->env->access != NULL))
        return place_read_asked(pe, place, va, size, access, data);
    return mem_place_get(pe, place, va, size, access, data);
}

__attribute__((noinline)) static bool place_write_asked(struct pe *pe, const struct mem_place *place, uint64_t va,
                                                        unsigned size, const struct mmu_access *access, const void *data)
{
    uint8_t copy[16];
    memcpy(copy, data, size);
    return mem_ask_write(pe, va, size, access, copy) != ASKED_NOT && mem_place_put(pe, place, va, size, access, copy);
}

bool mem_place_write(struct pe *pe, const struct mem_place *place, uint64_t va, unsigned size,
                     const struct mmu_access *access, const void *data)
{
    if (UNLIKELY(pe->env->access != NULL))
        return place_write_asked(pe, place, va, size, access, data);
    return mem_place_put(pe, place, va, size, access, data);
}

bool mem_place_put(struct pe *pe, const struct mem_place *place, uint64_t va, unsigned size,
                   const struct mmu_access *access, const void *data)
{
    struct target target = {place->region, place->offset, place->pa, va, place->pas, size};
    return write_part(pe, &target, access, data);
}
