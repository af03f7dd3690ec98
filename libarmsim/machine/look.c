/* The host's view of memory. */
#include "libarmsim/machine/look.h"

#include "cpu/host.h"
#include "libarmsim/fabric/little_endian.h"

#include <string.h>

enum { PAGE = 4096 };

static struct bus_attrs look_attrs(enum pas pas)
{
    return (struct bus_attrs){.pas = pas, .debug = true, .requester = BUS_REQUESTER_DMA};
}

static struct host_walk walk_of(const struct armsim_machine *machine, const struct armsim_space *space,
                                enum access_type type)
{
    const struct pe *pe = machine->pes[space->pe];
    return (struct host_walk){
        .el = space->current ? pe->pstate.el : space->el,
        .secure = space->current ? host_is_secure(pe) : space->pas == ARMSIM_PAS_SECURE,
        .type = type,
        .ignore_permissions = space->ignore_permissions,
    };
}

bool look_is_device(const struct armsim_machine *machine, enum pas pas, uint64_t pa)
{
    const struct bus_region *region = bus_find(machine->bus, pas, pa, NULL);
    return !bus_is_memory(region);
}

bool look_word(struct armsim_machine *machine, enum pas pas, uint64_t pa, uint32_t *word)
{
    uint8_t bytes[4];
    if (bus_read_block(machine->bus, pa, bytes, sizeof(bytes), look_attrs(pas)) != BUS_OK)
        return false;
    *word = load_le32(bytes);
    return true;
}

bool look_fetch(struct armsim_machine *machine, struct pe *pe, struct mmu_result *at, uint32_t *word)
{
    struct host_walk walk = {.el = pe->pstate.el, .secure = host_is_secure(pe), .type = ACCESS_FETCH};
    bool unsupported;
    *word = 0;
    return !(pe->pc & 3) && host_translate(pe, &walk, pe->pc, at, &unsupported) &&
           look_word(machine, at->pas, at->pa, word);
}

int look_check_space(struct armsim_machine *machine, const struct armsim_space *space)
{
    if (!space->is_virtual) {
        if ((unsigned)space->pas >= PAS_COUNT)
            return machine_fail(machine, ARMSIM_ERROR_ARGUMENT, "space: physical address space %d", (int)space->pas);
        return 0;
    }
    if (space->pe >= machine->pe_count)
        return machine_fail(machine, ARMSIM_ERROR_ARGUMENT, "space: PE %u, the machine has %u", space->pe,
                            machine->pe_count);
    if (space->current)
        return 0;
    if (space->el > 3 || (space->pas != ARMSIM_PAS_NON_SECURE && space->pas != ARMSIM_PAS_SECURE))
        return machine_fail(machine, ARMSIM_ERROR_ARGUMENT, "space: EL%u of security state %d", space->el,
                            (int)space->pas);
    return 0;
}

/* A device register, in one access. */
static bool device_access(struct armsim_machine *machine, enum pas pas, uint64_t pa, uint8_t *data, unsigned size,
                          bool write)
{
    uint64_t value = 0;
    if (write)
        return bus_write(machine->bus, pa, size, look_attrs(pas), load_le(data, size)) == BUS_OK;
    if (bus_read(machine->bus, pa, size, look_attrs(pas), &value) != BUS_OK)
        return false;
    store_le(data, value, size);
    return true;
}

/* One piece that doesn't leave a page. `whole`: it is all that the caller asked for. */
static bool transfer_piece(struct armsim_machine *machine, enum pas pas, uint64_t pa, uint8_t *data, size_t size,
                           bool write, bool whole)
{
    uint64_t offset;
    const struct bus_region *region = bus_find(machine->bus, pas, pa, &offset);
    if (!region)
        return false;
    if (region->kind == BUS_MMIO) {
        bool one_access = (size == 1 || size == 2 || size == 4 || size == 8) && pa % size == 0;
        return whole && one_access && device_access(machine, pas, pa, data, (unsigned)size, write);
    }
    if (!write)
        return bus_read_block(machine->bus, pa, data, size, look_attrs(pas)) == BUS_OK;
    if (bus_write_block(machine->bus, pa, data, size, look_attrs(pas)) != BUS_OK)
        return false;
    icache_invalidate(machine->icache, region->base + offset, size);
    return true;
}

int look_transfer(struct armsim_machine *machine, const struct armsim_space *space, uint64_t address, void *data,
                  size_t size, bool write, size_t *done)
{
    uint8_t *bytes = data;
    size_t count = 0;
    *done = 0;
    while (count < size) {
        uint64_t at = address + count;
        size_t piece = PAGE - (size_t)(at & (PAGE - 1));
        if (piece > size - count)
            piece = size - count;
        uint64_t pa = at;
        enum pas pas = (enum pas)space->pas;
        if (space->is_virtual) {
            struct host_walk walk = walk_of(machine, space, write ? ACCESS_WRITE : ACCESS_READ);
            struct mmu_result result;
            bool unsupported = false;
            if (!host_translate(machine->pes[space->pe], &walk, at, &result, &unsupported))
                return unsupported ? machine_fail(machine, ARMSIM_ERROR_UNSUPPORTED,
                                                  "space: the PE has no EL%u in %s state", walk.el,
                                                  walk.secure ? "Secure" : "Non-secure")
                                   : machine_fail(machine, ARMSIM_ERROR_FAULT, "0x%llx doesn't translate",
                                                  (unsigned long long)at);
            pa = result.pa;
            pas = result.pas;
        }
        if (!transfer_piece(machine, pas, pa, bytes + count, piece, write, piece == size))
            return machine_fail(machine, ARMSIM_ERROR_FAULT, "nothing answers at physical address 0x%llx",
                                (unsigned long long)pa);
        count += piece;
        *done = count;
    }
    return 0;
}
