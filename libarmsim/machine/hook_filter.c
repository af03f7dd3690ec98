/* Which events a hook wants to hear of. */
#include "libarmsim/machine/hooks.h"

#include <strings.h>

/* Addresses are compared without their top byte: where it counts, an access that differs in it only has faulted. */
static uint64_t untagged(uint64_t va)
{
    return va << 8 >> 8;
}

bool ranges_overlap(uint64_t va, uint64_t size, uint64_t other, uint64_t other_size)
{
    return untagged(other - va) < size || untagged(va - other) < other_size;
}

static bool name_matches(const char *pattern, const char *name)
{
    const char *star = NULL, *from = name;
    while (*name) {
        if (*pattern == '*') {
            star = ++pattern;
            from = name;
        } else if (*pattern == '?' || (*pattern && strncasecmp(pattern, name, 1) == 0)) {
            pattern++;
            name++;
        } else if (star) {
            pattern = star;
            name = ++from;
        } else {
            return false;
        }
    }
    while (*pattern == '*')
        pattern++;
    return !*pattern;
}

bool hook_wants_address(const struct armsim_hook_options *o, uint64_t va, uint64_t pa, uint64_t size)
{
    return !o->address_size || ranges_overlap(o->physical ? pa : va, size, o->address, o->address_size);
}

static bool wants_trap(const struct armsim_hook_options *o, const struct armsim_trap *trap)
{
    bool entry = trap->kind != ARMSIM_TRAP_RETURN;
    if (entry && o->trap_kinds && !(o->trap_kinds >> trap->kind & 1))
        return false;
    if (entry && o->classes && (trap->kind != ARMSIM_TRAP_SYNC || !(o->classes >> (trap->ec & 63) & 1)))
        return false;
    return (!o->to_els || o->to_els >> trap->to_el & 1) && (!o->name || name_matches(o->name, trap->why));
}

static bool wants_register(const struct armsim_hook_options *o, const struct armsim_hook_register *reg)
{
    return (!o->id || o->id == reg->id) && (!o->name || name_matches(o->name, reg->name));
}

bool hook_wants(const struct armsim_hook_options *o, const struct armsim_hook_event *event)
{
    bool trap = event->kind == ARMSIM_HOOK_EXCEPTION || event->kind == ARMSIM_HOOK_RETURN;
    unsigned el = trap ? event->trap.from_el : event->el, state = trap ? event->trap.from_secure : event->secure;
    uint64_t pc = event->kind == ARMSIM_HOOK_EXCEPTION ? event->trap.elr : event->pc;
    if (!(o->kinds >> event->kind & 1) || (o->pes && !(o->pes >> event->pe & 1)) ||
        (o->els && !(o->els >> el & 1)) || (o->states && !(o->states >> state & 1)) ||
        (o->pc_size && pc - o->pc >= o->pc_size))
        return false;
    switch (event->kind) {
    case ARMSIM_HOOK_FETCH:
    case ARMSIM_HOOK_READ:
    case ARMSIM_HOOK_WRITE:
        return hook_wants_address(o, event->memory.va, event->memory.pa, event->memory.size);
    case ARMSIM_HOOK_MRS:
    case ARMSIM_HOOK_MSR:
    case ARMSIM_HOOK_MAINTENANCE:
        return wants_register(o, &event->reg);
    case ARMSIM_HOOK_EXCEPTION:
    case ARMSIM_HOOK_RETURN:
        return wants_trap(o, &event->trap);
    case ARMSIM_HOOK_TLB_FILL:
        return hook_wants_address(o, event->fill.va & -event->fill.size, event->fill.pa & -event->fill.size,
                             event->fill.size);
    case ARMSIM_HOOK_CONSOLE:
        return !o->ports || o->ports >> event->console.port & 1;
    default:
        return true;
    }
}
