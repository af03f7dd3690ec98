/* Memory, translation, memory maps. */
#include "libarmsim/api/check.h"
#include "libarmsim/machine/look.h"
#include "libarmsim/machine/user_device.h"

#include "cpu/host.h"

#include <stdio.h>
#include <string.h>

_Static_assert((int)ARMSIM_PAS_NON_SECURE == (int)PAS_NON_SECURE && (int)ARMSIM_PAS_SECURE == (int)PAS_SECURE &&
                   (int)ARMSIM_PAS_ROOT == (int)PAS_ROOT && (int)ARMSIM_PAS_REALM == (int)PAS_REALM,
               "public and internal physical address spaces have the same numbers");

static int transfer(struct armsim_machine *machine, const struct armsim_space *space, uint64_t address, void *data,
                    size_t size, bool write, size_t *done)
{
    size_t count = 0;
    int error = look_check_space(machine, space);
    if (error == 0 && size && address + (size - 1) < address)
        error = machine_fail(machine, ARMSIM_ERROR_ARGUMENT, "memory: %zu bytes at 0x%llx wrap around", size,
                             (unsigned long long)address);
    if (error == 0)
        error = look_transfer(machine, space, address, data, size, write, &count);
    if (done)
        *done = count;
    return error;
}

int armsim_read_memory(struct armsim_machine *machine, const struct armsim_space *space, uint64_t address, void *data,
                       size_t size, size_t *done)
{
    REQUIRE(machine, space && (data || !size));
    return transfer(machine, space, address, data, size, false, done);
}

int armsim_write_memory(struct armsim_machine *machine, const struct armsim_space *space, uint64_t address,
                        const void *data, size_t size, size_t *done)
{
    REQUIRE(machine, space && (data || !size));
    machine_touched(machine);
    return transfer(machine, space, address, (void *)data, size, true, done);
}

int armsim_map_ram(struct armsim_machine *machine, uint64_t base, uint64_t size, uint32_t pas_mask)
{
    REQUIRE(machine, size && base % 4096 == 0 && size % 4096 == 0 && pas_mask && pas_mask < 1u << PAS_COUNT);
    REQUIRE_STOPPED(machine);
    machine_touched(machine);
    if (machine->started)
        return machine_fail(machine, ARMSIM_ERROR_BUSY, "the machine has run: its memory map is fixed");
    char *name = machine_keep_name(machine, "ram@", base);
    if (!name)
        return machine_fail(machine, ARMSIM_ERROR_MEMORY, "out of memory");
    const struct bus_region *other;
    int result = bus_add_ram(machine->bus, name, base, size, pas_mask, &other);
    return machine_map_result(machine, name, base, size, result, other);
}

int armsim_add_device(struct armsim_machine *machine, const struct armsim_device_config *config,
                      struct armsim_device **device)
{
    REQUIRE(machine, config);
    REQUIRE_STOPPED(machine);
    machine_touched(machine);
    if (machine->started)
        return machine_fail(machine, ARMSIM_ERROR_BUSY, "the machine has run: its memory map is fixed");
    struct armsim_device *added;
    int error = user_device_add(machine, config, &added);
    if (error < 0)
        return error;
    user_device_reset(added);
    if (device)
        *device = added;
    return 0;
}

static enum armsim_pas first_pas(const struct bus_region *region)
{
    return (enum armsim_pas)__builtin_ctz(region->pas_mask);
}

/* The first dirty page of a region from `page` on; the region's page count if there is none. */
static uint64_t next_dirty(const struct bus_region *region, uint64_t page)
{
    const uint64_t pages = region->size >> 12, any_dirty = 0x0101010101010101ull * BUS_PAGE_DIRTY;
    while (page < pages) {
        uint64_t eight;
        if (page % 8 == 0 && page + 8 <= pages) {
            memcpy(&eight, &region->page_flags[page], sizeof(eight));
            if (!(eight & any_dirty)) {
                page += 8;
                continue;
            }
        }
        if (region->page_flags[page] & BUS_PAGE_DIRTY)
            return page;
        page++;
    }
    return pages;
}

int64_t armsim_dirty_pages(struct armsim_machine *machine, struct armsim_page *pages, size_t max, bool clear)
{
    REQUIRE(machine, pages || !max);
    int64_t count = 0;
    for (size_t i = 0; i < bus_region_count(machine->bus); i++) {
        const struct bus_region *region = bus_region_at(machine->bus, i);
        if (region->kind != BUS_RAM)
            continue;
        uint64_t end = region->size >> 12;
        for (uint64_t page = next_dirty(region, 0); page < end; page = next_dirty(region, page + 1)) {
            if ((uint64_t)count < max)
                pages[count] = (struct armsim_page){.address = region->base + (page << 12), .pas = first_pas(region)};
            count++;
            if (clear)
                region->page_flags[page] &= (uint8_t)~BUS_PAGE_DIRTY;
        }
    }
    for (unsigned i = 0; clear && count && i < machine->pe_count; i++)
        pe_flush_fast_tlb(machine->pes[i]); /* so that the next write is noticed */
    return count;
}

static void note_descriptor(void *opaque, int stage, int level, uint64_t address, enum pas pas, uint64_t value)
{
    struct armsim_translation *out = opaque;
    if (out->descriptor_count < ARMSIM_MAX_DESCRIPTORS)
        out->descriptors[out->descriptor_count++] = (struct armsim_descriptor){
            .stage = (uint8_t)stage, .level = (int8_t)level, .pas = (enum armsim_pas)pas, .address = address,
            .value = value};
}

static const char *fault_name(enum fault_type type)
{
    switch (type) {
    case FAULT_ACCESS_FLAG:
        return "access flag";
    case FAULT_ALIGNMENT:
        return "alignment";
    case FAULT_PERMISSION:
        return "permission";
    case FAULT_TRANSLATION:
        return "translation";
    case FAULT_ADDRESS_SIZE:
        return "address size";
    case FAULT_SYNC_EXTERNAL:
        return "external abort";
    case FAULT_SYNC_EXTERNAL_ON_WALK:
        return "external abort on walk";
    case FAULT_TLB_CONFLICT:
        return "TLB conflict";
    case FAULT_HW_UPDATE:
        return "unsupported atomic update";
    case FAULT_DOMAIN:
        return "domain";
    default:
        return "other";
    }
}

static void put_answer(struct armsim_translation *out, const struct mmu_result *result)
{
    out->valid = true;
    out->address = result->pa;
    out->pas = (enum armsim_pas)result->pas;
    out->block_size = result->page_size;
    out->readable = result->may_read;
    out->writable = result->may_write;
    out->executable = result->may_execute;
    out->device = result->attrs.device;
    out->device_type = result->attrs.device_type;
    out->inner = result->attrs.inner;
    out->outer = result->attrs.outer;
    out->shareability = result->attrs.shareability;
}

static void put_fault(struct armsim_translation *out, const struct fault_record *fault)
{
    out->fault_status = (uint8_t)mmu_fault_status_code(fault);
    out->fault_level = fault->level;
    out->fault_stage2 = fault->second_stage;
    out->fault_on_walk = fault->s2fs1walk;
    out->fault_ipa = fault->second_stage ? fault->ipa : 0;
    out->fault_name = fault_name(fault->type);
}

int armsim_translate(struct armsim_machine *machine, const struct armsim_space *space, uint64_t address,
                     enum armsim_access access, struct armsim_translation *out)
{
    static const enum access_type types[] = {
        [ARMSIM_READ] = ACCESS_READ, [ARMSIM_WRITE] = ACCESS_WRITE, [ARMSIM_FETCH] = ACCESS_FETCH};
    REQUIRE(machine, space && space->is_virtual && (unsigned)access <= ARMSIM_FETCH && out &&
                         out->size >= offsetof(struct armsim_translation, address) && out->size <= 65536);
    int error = look_check_space(machine, space);
    if (error < 0)
        return error;
    struct pe *pe = machine->pes[space->pe];
    struct armsim_translation answer = {.size = out->size};
    struct host_walk walk = {
        .el = space->current ? pe->pstate.el : space->el,
        .secure = space->current ? host_is_secure(pe) : space->pas == ARMSIM_PAS_SECURE,
        .type = types[access],
        .ignore_permissions = space->ignore_permissions,
        .fresh = machine->walker,
        .observer = note_descriptor,
        .opaque = &answer,
    };
    struct mmu_result result;
    bool unsupported = false;
    if (host_translate(pe, &walk, address, &result, &unsupported))
        put_answer(&answer, &result);
    else if (unsupported)
        return machine_fail(machine, ARMSIM_ERROR_UNSUPPORTED, "space: the PE has no EL%u in %s state", walk.el,
                            walk.secure ? "Secure" : "Non-secure");
    else
        put_fault(&answer, &result.fault);
    memcpy(out, &answer, out->size < sizeof(answer) ? out->size : sizeof(answer));
    return 0;
}
