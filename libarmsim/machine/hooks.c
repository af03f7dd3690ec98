/* The list of hooks: adding, removing, answers. */
#include "libarmsim/machine/hooks.h"

#include "cpu/host.h"
#include "libarmsim/machine/machine.h"
#include "libarmsim/machine/observe.h"

#include <stdlib.h>
#include <string.h>

enum { PAGE = 4096, SMALL_RANGE = 4096 };

#define BIT(kind) ARMSIM_HOOK_BIT(ARMSIM_HOOK_##kind)
#define STEPPED (BIT(INSTRUCTION) | BIT(BLOCK) | BIT(FETCH))
#define ACCESSES (BIT(READ) | BIT(WRITE))
#define SYSTEM (BIT(MRS) | BIT(MSR) | BIT(MAINTENANCE))
#define TRAPS (BIT(EXCEPTION) | BIT(RETURN))

struct hook {
    struct armsim_hook_options options; /* `name` is the hook's own */
    armsim_hook_fn *fn;
    void *opaque;
    armsim_hook_id id;
    bool dead;
    unsigned told, place; /* of the instruction at work: events it has heard of, events passed since it came up again */
};

/* What a hook has answered about the instruction at work, unless it was to go on. */
struct kept_answer {
    armsim_hook_id hook;
    unsigned place;
    enum armsim_hook_answer answer;
    uint64_t value[2];
};

/* --- passages --- */

struct passage passage_of(const struct pe *pe)
{
    return (struct passage){.valid = true, .pe = pe->index, .pc = pe->pc, .instructions = pe_instructions(pe)};
}

bool passage_has(const struct passage *passage, const struct pe *pe)
{
    return passage->valid && passage->pe == pe->index && passage->pc == pe->pc &&
           passage->instructions == pe_instructions(pe);
}

void hooks_interrupted(struct armsim_machine *machine)
{
    machine->hooks.again = true;
}

void hooks_forget(struct armsim_machine *machine)
{
    machine->hooks.at.valid = false;
    for (unsigned i = 0; machine->hooks.blocks && i < machine->pe_count; i++)
        machine->hooks.blocks[i] = (struct block_state){0};
}

/* --- what has to be arranged for --- */

/* A range of instructions whose places in their pages can be marked; all else goes instruction by instruction. */
static bool is_marked(const struct armsim_hook_options *o, uint64_t *from, uint64_t *size)
{
    bool by_address = !(o->kinds & (BIT(INSTRUCTION) | BIT(BLOCK))) && o->address_size;
    *from = by_address && !o->pc_size ? o->address : o->pc;
    *size = by_address && !o->pc_size ? o->address_size : o->pc_size;
    return !(o->kinds & BIT(BLOCK)) && *size && *size < SMALL_RANGE;
}

void hooks_mark(const struct armsim_machine *machine, uint64_t marks[16])
{
    for (size_t i = 0; i < machine->hooks.count; i++) {
        const struct hook *hook = machine->hooks.list[i];
        uint64_t from, size;
        if (hook->dead || !(hook->options.kinds & STEPPED) || !is_marked(&hook->options, &from, &size))
            continue;
        for (uint64_t at = from & ~3ull; at - (from & ~3ull) < size + (from & 3); at += 4)
            marks[at % PAGE / 256] |= 1ull << at % 256 / 4;
    }
}

bool hooks_watch_page(const struct armsim_machine *machine, uint64_t va, uint64_t pa)
{
    for (size_t i = 0; i < machine->hooks.count; i++) {
        const struct hook *hook = machine->hooks.list[i];
        if (!hook->dead && (hook->options.kinds & ACCESSES) &&
            hook_wants_address(&hook->options, va & ~(uint64_t)(PAGE - 1), pa & ~(uint64_t)(PAGE - 1), PAGE))
            return true;
    }
    return false;
}

static bool make_blocks(struct armsim_machine *machine)
{
    if (!machine->hooks.blocks)
        machine->hooks.blocks = calloc(machine->pe_count, sizeof(*machine->hooks.blocks));
    return machine->hooks.blocks != NULL;
}

/* The hooks that there are have changed. */
static void rearrange(struct armsim_machine *machine)
{
    struct hooks *hooks = &machine->hooks;
    uint32_t before = hooks->kinds;
    hooks->kinds = 0;
    hooks->steps = false;
    for (size_t i = 0; i < hooks->count; i++) {
        const struct armsim_hook_options *o = &hooks->list[i]->options;
        uint64_t from, size;
        if (hooks->list[i]->dead)
            continue;
        hooks->kinds |= o->kinds;
        hooks->steps |= (o->kinds & STEPPED) && !is_marked(o, &from, &size);
    }
    observe_rearrange(machine, ((hooks->kinds ^ before) & SYSTEM) != 0);
    machine_update_listeners(machine);
}

/* --- adding and removing --- */

static bool wraps(uint64_t from, uint64_t size)
{
    return size && from + (size - 1) < from;
}

static int check_options(struct armsim_machine *machine, const struct armsim_hook_options *o)
{
    if (!o->kinds || o->kinds >> ARMSIM_HOOK_KINDS)
        return machine_fail(machine, ARMSIM_ERROR_ARGUMENT, "hook: kinds 0x%x, bits of 0x%x expected", o->kinds,
                            (1u << ARMSIM_HOOK_KINDS) - 1);
    if (wraps(o->pc, o->pc_size) || wraps(o->address, o->address_size))
        return machine_fail(machine, ARMSIM_ERROR_ARGUMENT, "hook: the range of %s wraps around",
                            wraps(o->pc, o->pc_size) ? "pc" : "address");
    return 0;
}

int hooks_add(struct armsim_machine *machine, const struct armsim_hook_options *options, armsim_hook_fn *fn,
              void *opaque, armsim_hook_id *id)
{
    struct hooks *hooks = &machine->hooks;
    struct hook *hook = calloc(1, sizeof(*hook));
    if (!hook)
        return machine_fail(machine, ARMSIM_ERROR_MEMORY, "out of memory");
    memcpy(&hook->options, options,
           options->size < sizeof(hook->options) ? options->size : sizeof(hook->options));
    int error = check_options(machine, &hook->options);
    const char *name = hook->options.name;
    hook->options.name = name && error == 0 ? strdup(name) : NULL;
    if (error == 0 && hooks->count == hooks->capacity) {
        size_t capacity = hooks->capacity ? hooks->capacity * 2 : 8;
        struct hook **list = realloc(hooks->list, capacity * sizeof(*list));
        if (list) {
            hooks->list = list;
            hooks->capacity = capacity;
        }
    }
    if (error == 0 && (hooks->count == hooks->capacity || (name && !hook->options.name) ||
                       ((hook->options.kinds & BIT(BLOCK)) && !make_blocks(machine))))
        error = machine_fail(machine, ARMSIM_ERROR_MEMORY, "out of memory");
    if (error < 0) {
        free((char *)hook->options.name);
        free(hook);
        return error;
    }
    hook->fn = fn;
    hook->opaque = opaque;
    hook->id = ++hooks->last_id;
    hooks->list[hooks->count++] = hook;
    if (id)
        *id = hook->id;
    rearrange(machine);
    return 0;
}

static void free_hook(struct hook *hook)
{
    free((char *)hook->options.name);
    free(hook);
}

static void bury_dead(struct hooks *hooks)
{
    size_t left = 0;
    for (size_t i = 0; i < hooks->count; i++) {
        if (hooks->list[i]->dead)
            free_hook(hooks->list[i]);
        else
            hooks->list[left++] = hooks->list[i];
    }
    hooks->count = left;
    hooks->has_dead = false;
}

int hooks_remove(struct armsim_machine *machine, armsim_hook_id id)
{
    struct hooks *hooks = &machine->hooks;
    for (size_t i = 0; i < hooks->count; i++) {
        struct hook *hook = hooks->list[i];
        if (hook->id != id || hook->dead)
            continue;
        hook->dead = hooks->has_dead = true;
        rearrange(machine);
        if (!hooks->depth)
            bury_dead(hooks);
        return 0;
    }
    return machine_fail(machine, ARMSIM_ERROR_NOT_FOUND, "there is no hook %u", id);
}

void hooks_free(struct armsim_machine *machine)
{
    struct hooks *hooks = &machine->hooks;
    for (size_t i = 0; i < hooks->count; i++)
        free_hook(hooks->list[i]);
    free(hooks->list);
    free(hooks->answers);
    free(hooks->blocks);
    *hooks = (struct hooks){0};
}

/* --- answers --- */

static const char *const kind_names[ARMSIM_HOOK_KINDS] = {
    [ARMSIM_HOOK_INSTRUCTION] = "instruction", [ARMSIM_HOOK_BLOCK] = "block",
    [ARMSIM_HOOK_FETCH] = "fetch",             [ARMSIM_HOOK_READ] = "read",
    [ARMSIM_HOOK_WRITE] = "write",             [ARMSIM_HOOK_MRS] = "mrs",
    [ARMSIM_HOOK_MSR] = "msr",                 [ARMSIM_HOOK_MAINTENANCE] = "maintenance",
    [ARMSIM_HOOK_EXCEPTION] = "exception",     [ARMSIM_HOOK_RETURN] = "return",
    [ARMSIM_HOOK_TLB_FILL] = "tlb-fill",       [ARMSIM_HOOK_INTERRUPT] = "interrupt",
    [ARMSIM_HOOK_CONSOLE] = "console"};

const char *armsim_hook_kind_name(enum armsim_hook_kind kind)
{
    return (unsigned)kind < ARMSIM_HOOK_KINDS ? kind_names[kind] : "unknown";
}

static bool may_answer(const struct armsim_hook_event *event, enum armsim_hook_answer answer)
{
    switch (answer) {
    case ARMSIM_HOOK_CONTINUE:
    case ARMSIM_HOOK_STOP:
        return true;
    case ARMSIM_HOOK_SKIP:
        return event->kind <= ARMSIM_HOOK_MAINTENANCE || event->kind == ARMSIM_HOOK_CONSOLE;
    case ARMSIM_HOOK_REPLACE: /* DC ZVA writes zeros */
        return (event->kind <= ARMSIM_HOOK_MAINTENANCE || event->kind == ARMSIM_HOOK_CONSOLE) &&
               !(event->kind == ARMSIM_HOOK_WRITE && event->memory.size > 16);
    case ARMSIM_HOOK_RAISE:
        return event->kind <= ARMSIM_HOOK_MAINTENANCE;
    }
    return false;
}

/* What REPLACE replaces. */
static void replacement(const struct armsim_hook_event *event, uint64_t value[2])
{
    value[0] = value[1] = 0;
    switch (event->kind) {
    case ARMSIM_HOOK_INSTRUCTION:
    case ARMSIM_HOOK_BLOCK:
        value[0] = event->instruction.word;
        break;
    case ARMSIM_HOOK_FETCH:
    case ARMSIM_HOOK_READ:
    case ARMSIM_HOOK_WRITE:
        memcpy(value, event->memory.value, sizeof(event->memory.value));
        break;
    case ARMSIM_HOOK_CONSOLE:
        value[0] = event->console.byte;
        break;
    default:
        value[0] = event->reg.value;
    }
}

static void replace(struct armsim_hook_event *event, const uint64_t value[2])
{
    switch (event->kind) {
    case ARMSIM_HOOK_INSTRUCTION:
    case ARMSIM_HOOK_BLOCK:
        event->instruction.word = (uint32_t)value[0];
        break;
    case ARMSIM_HOOK_FETCH:
    case ARMSIM_HOOK_READ:
    case ARMSIM_HOOK_WRITE:
        memcpy(event->memory.value, value, sizeof(event->memory.value));
        break;
    case ARMSIM_HOOK_CONSOLE:
        event->console.byte = (uint8_t)value[0];
        break;
    default:
        event->reg.value = value[0];
    }
}

/* Another instruction than the last time, or the same from its beginning. */
static void come_to(struct armsim_machine *machine, const struct pe *pe)
{
    struct hooks *hooks = &machine->hooks;
    bool same = passage_has(&hooks->at, pe);
    if (same && !hooks->again)
        return;
    for (size_t i = 0; i < hooks->count; i++) {
        hooks->list[i]->place = 0;
        if (!same)
            hooks->list[i]->told = 0;
    }
    if (!same) {
        hooks->at = passage_of(pe);
        hooks->answer_count = 0;
    }
    hooks->again = false;
}

static void keep_answer(struct armsim_machine *machine, const struct hook *hook, enum armsim_hook_answer answer,
                        const struct armsim_hook_event *event)
{
    struct hooks *hooks = &machine->hooks;
    if (hooks->answer_count == hooks->answer_capacity) {
        size_t capacity = hooks->answer_capacity ? hooks->answer_capacity * 2 : 8;
        struct kept_answer *answers = realloc(hooks->answers, capacity * sizeof(*answers));
        if (!answers) {
            machine_stop_error(machine,
                               machine_fail(machine, ARMSIM_ERROR_MEMORY, "out of memory: a hook's answer is lost"));
            return;
        }
        hooks->answers = answers;
        hooks->answer_capacity = capacity;
    }
    struct kept_answer *kept = &hooks->answers[hooks->answer_count++];
    *kept = (struct kept_answer){.hook = hook->id, .place = hook->place, .answer = answer};
    replacement(event, kept->value);
}

/* The hook has heard of it already: what it answered, which is no stop this time. */
static enum armsim_hook_answer answer_again(const struct hooks *hooks, const struct hook *hook,
                                            struct armsim_hook_event *event)
{
    for (size_t i = 0; i < hooks->answer_count; i++) {
        const struct kept_answer *kept = &hooks->answers[i];
        if (kept->hook != hook->id || kept->place != hook->place || kept->answer != ARMSIM_HOOK_REPLACE)
            continue;
        replace(event, kept->value);
        return ARMSIM_HOOK_REPLACE;
    }
    return ARMSIM_HOOK_CONTINUE;
}

static enum armsim_hook_answer ask(struct armsim_machine *machine, struct hook *hook, struct armsim_hook_event *event,
                                   bool before)
{
    if (before && hook->place < hook->told) {
        enum armsim_hook_answer answer = answer_again(&machine->hooks, hook, event);
        hook->place++;
        return answer;
    }
    event->hook = hook->id;
    enum armsim_hook_answer answer = hook->fn(hook->opaque, machine, event);
    if (!may_answer(event, answer)) {
        machine_stop_error(machine, machine_fail(machine, ARMSIM_ERROR_ARGUMENT,
                                                 "hook %u: answer %d to %s is not possible", hook->id, (int)answer,
                                                 kind_names[event->kind]));
        answer = ARMSIM_HOOK_STOP;
    }
    if (answer == ARMSIM_HOOK_STOP) {
        if (!machine->stop_pending) {
            machine->stop.hook = hook->id;
            machine->stop.hook_kind = (uint32_t)event->kind;
        }
        machine_stop(machine, ARMSIM_STOP_HOOK, 0);
    }
    if (before && answer == ARMSIM_HOOK_REPLACE)
        keep_answer(machine, hook, answer, event);
    if (before)
        hook->told = ++hook->place;
    return answer;
}

enum armsim_hook_answer hooks_ask(struct armsim_machine *machine, struct pe *pe, struct armsim_hook_event *event)
{
    struct hooks *hooks = &machine->hooks;
    enum armsim_hook_answer result = ARMSIM_HOOK_CONTINUE;
    bool before = event->kind <= ARMSIM_HOOK_MAINTENANCE;
    if (before)
        come_to(machine, pe);
    size_t count = hooks->count; /* who is added meanwhile comes next time */
    hooks->depth++;
    for (size_t i = 0; i < count; i++) {
        if (hooks->list[i]->dead || !hook_wants(&hooks->list[i]->options, event))
            continue;
        enum armsim_hook_answer answer = ask(machine, hooks->list[i], event, before);
        if (answer == ARMSIM_HOOK_CONTINUE)
            continue;
        result = answer;
        if (answer != ARMSIM_HOOK_REPLACE && before)
            break;
    }
    if (--hooks->depth == 0 && hooks->has_dead)
        bury_dead(hooks);
    return result;
}

/* --- what follows from an answer --- */

int hooks_check_exception(struct armsim_machine *machine, const struct pe *pe, const struct armsim_exception *exception,
                          struct raised *raised)
{
    unsigned el = exception->el ? exception->el : host_default_target(pe);
    if (!host_can_take(pe, el))
        return machine_fail(machine, ARMSIM_ERROR_UNSUPPORTED, "exception: the PE can't take one from EL%u to EL%u",
                            pe->pstate.el, el);
    if (exception->esr >> 32)
        return machine_fail(machine, ARMSIM_ERROR_ARGUMENT, "exception: esr 0x%llx has more than 32 bits",
                            (unsigned long long)exception->esr);
    *raised = (struct raised){
        .el = (uint8_t)el,
        .esr = (uint32_t)exception->esr,
        .far_valid = exception->has_far,
        .far = exception->far,
        .ipa_valid = exception->has_ipa,
        .ipa = exception->ipa,
    };
    return 0;
}

void hooks_verdict(struct armsim_machine *machine, const struct pe *pe, const struct armsim_hook_event *event,
                   enum armsim_hook_answer answer, struct verdict *verdict)
{
    int error;
    switch (answer) {
    case ARMSIM_HOOK_STOP:
        verdict->kind = VERDICT_HOLD;
        hooks_interrupted(machine);
        return;
    case ARMSIM_HOOK_SKIP:
        verdict->kind = VERDICT_SKIP;
        return;
    case ARMSIM_HOOK_RAISE:
        verdict->kind = VERDICT_RAISE;
        error = hooks_check_exception(machine, pe, &event->raise, &verdict->raised);
        if (error < 0) {
            machine_stop_error(machine, error);
            verdict->kind = VERDICT_HOLD;
            hooks_interrupted(machine);
        }
        return;
    default:
        verdict->kind = VERDICT_GO;
    }
}
