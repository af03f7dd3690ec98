#include "cpu/asked.h"

#include "cpu/a64/ldst.h"
#include "cpu/debug.h"
#include "cpu/interp/interp.h"
#include "libarmsim/fabric/little_endian.h"

enum { PAGE = 4096 };

/* A translation that changes nothing. */
static bool look(struct pe *pe, uint64_t va, const struct mmu_access *access, struct mmu_result *result)
{
    struct mmu_access quiet = *access;
    quiet.no_update = true;
    return mmu_translate(pe->mmu, &pe->regime[pe->current_regime], &quiet, va, result);
}

/* Bytes of the accesses that the instruction makes of [va, va + size): elements of a pair, or all of it. */
static unsigned unit_of(const struct mmu_access *access, unsigned size)
{
    return access->type == ACCESS_DC_ZVA || !access->size || access->size > size ? size : access->size;
}

/* What a read will find. */
static void peek(const struct pe *pe, const struct mmu_result *result, uint8_t *data, unsigned size)
{
    const struct bus_attrs attrs = {.pas = result->pas, .el = pe->pstate.el, .debug = true,
                                    .requester = (uint16_t)pe->index};
    if (bus_is_memory(bus_find(pe->env->bus, result->pas, result->pa, NULL))) {
        bus_read_block(pe->env->bus, result->pa, data, size, attrs);
        return;
    }
    for (unsigned done = 0; done < size;) {
        unsigned piece = aligned_piece(result->pa + done, size - done);
        uint64_t value = 0;
        if (bus_read(pe->env->bus, result->pa + done, piece, attrs, &value) == BUS_OK)
            store_le(data + done, value, piece);
        done += piece;
    }
}

/* The same of a range that may lie in two pages. */
static void peek_range(struct pe *pe, uint64_t va, const struct mmu_access *access, const struct mmu_result *first,
                       uint8_t *data, unsigned size)
{
    unsigned room = PAGE - (va & (PAGE - 1));
    peek(pe, first, data, size < room ? size : room);
    struct mmu_result second;
    if (size > room && look(pe, va + room, access, &second))
        peek(pe, &second, data + room, size - room);
}

static enum asked carry_out(struct pe *pe, const struct verdict *verdict)
{
    if (verdict->kind == VERDICT_GO)
        return ASKED_GO;
    pe->interp->verdict = verdict->kind;
    if (verdict->kind == VERDICT_RAISE)
        interp_raise(pe, &verdict->raised);
    return ASKED_NOT;
}

/* One access. `data`, in memory order: what is written, and what the host has put in its place. */
static enum asked ask_one(struct pe *pe, uint64_t va, unsigned size, const struct mmu_access *access, bool write,
                          uint8_t *data, bool *replaced)
{
    struct mmu_result result;
    struct verdict verdict = {.kind = VERDICT_GO};
    if (!look(pe, va, access, &result))
        return ASKED_FAULTS;
    struct asked_access asked = {.va = va, .pa = result.pa, .pas = result.pas, .size = size, .write = write,
                                 .access = access,
                                 .device = !bus_is_memory(bus_find(pe->env->bus, result.pas, result.pa, NULL))};
    uint8_t value[16] = {0};
    bool small = size <= sizeof(value);
    if (small && write)
        memcpy(value, data, size);
    else if (small)
        peek_range(pe, va, access, &result, value, size);
    ldst_swap(pe, value, small ? size : 0, 1);
    memcpy(asked.value, value, sizeof(value));
    pe->env->access(pe->env->machine, pe, &asked, &verdict);
    *replaced = small && asked.replaced;
    if (*replaced) {
        memcpy(value, asked.value, sizeof(value));
        ldst_swap(pe, value, size, 1);
        memcpy(data, value, size);
    }
    return carry_out(pe, &verdict);
}

/* Whether all of the range translates for the access. */
static bool translates(struct pe *pe, uint64_t va, unsigned size, const struct mmu_access *access)
{
    struct mmu_result result;
    unsigned room = PAGE - (va & (PAGE - 1));
    return look(pe, va, access, &result) && (size <= room || look(pe, va + room, access, &result)) &&
           !(pe->watching && debug_watchpoint_hits(pe, va, size, access));
}

enum asked ask_read(struct pe *pe, uint64_t va, unsigned size, const struct mmu_access *access,
                    struct asked_data *asked)
{
    asked->replaced = 0;
    if (!translates(pe, va, size, access))
        return ASKED_FAULTS;
    unsigned unit = unit_of(access, size);
    for (unsigned done = 0; done < size && pe->env->access; done += unit) {
        bool replaced = false;
        enum asked answer = ask_one(pe, va + done, unit, access, false, asked->data + done, &replaced);
        if (answer != ASKED_GO)
            return answer;
        if (replaced)
            asked->replaced |= (uint32_t)((1ull << unit) - 1) << done;
    }
    return ASKED_GO;
}

enum asked mem_ask_write(struct pe *pe, uint64_t va, unsigned size, const struct mmu_access *access, void *data)
{
    if (!translates(pe, va, size, access))
        return ASKED_FAULTS;
    unsigned unit = unit_of(access, size);
    for (unsigned done = 0; done < size && pe->env->access; done += unit) {
        bool replaced;
        enum asked answer = ask_one(pe, va + done, unit, access, true, (uint8_t *)data + done, &replaced);
        if (answer != ASKED_GO)
            return answer;
    }
    return ASKED_GO;
}
