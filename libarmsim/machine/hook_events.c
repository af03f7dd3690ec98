/* What happens in the machine, as events for hooks. */
#include "libarmsim/machine/hooks.h"

#include "cpu/host.h"
#include "libarmsim/machine/look.h"
#include "libarmsim/machine/machine.h"

#include <stdio.h>
#include <string.h>

struct armsim_hook_event hook_event(const struct armsim_machine *machine, const struct pe *pe,
                                    enum armsim_hook_kind kind)
{
    uint64_t instructions = machine_instructions(machine);
    return (struct armsim_hook_event){
        .kind = kind,
        .pe = pe->index,
        .el = pe->pstate.el,
        .secure = host_is_secure(pe),
        .sp_selected = pe->pstate.sp,
        .pc = pe->pc,
        .instructions = instructions,
        .time_ns = machine_time_at(machine, instructions),
    };
}

/* --- the instruction that comes --- */

/* What is known of it. */
struct coming {
    bool fetched;
    uint32_t word;
    struct mmu_result at;
};

/* Asks; true: the instruction goes on, with whatever word it has now. */
static bool goes_on(struct armsim_machine *machine, struct pe *pe, struct armsim_hook_event *event,
                    struct verdict *verdict)
{
    enum armsim_hook_answer answer = hooks_ask(machine, pe, event);
    hooks_verdict(machine, pe, event, answer, verdict);
    return verdict->kind == VERDICT_GO;
}

static bool tell_fetch(struct armsim_machine *machine, struct pe *pe, struct coming *coming, struct verdict *verdict)
{
    struct armsim_hook_event event = hook_event(machine, pe, ARMSIM_HOOK_FETCH);
    event.memory = (struct armsim_hook_memory){
        .va = pe->pc, .pa = coming->at.pa, .pas = (enum armsim_pas)coming->at.pas, .size = 4,
        .value = {coming->word}, .device = look_is_device(machine, coming->at.pas, coming->at.pa)};
    bool on = goes_on(machine, pe, &event, verdict);
    coming->word = (uint32_t)event.memory.value[0];
    return on;
}

/* Branches, exception generation, ERET: C4.1 "Branches, Exception Generating and System instructions", without the
 * system instructions. */
static bool ends_block(uint32_t word)
{
    return (word & 0x1c000000) == 0x14000000 && (word & 0xff000000) != 0xd5000000;
}

/* To the end of the block that begins with the instruction. */
static uint32_t block_size(struct armsim_machine *machine, const struct pe *pe, const struct coming *coming)
{
    uint32_t size = 4, word = coming->word, room = 0x1000 - (pe->pc & 0xfff);
    while (coming->fetched && !ends_block(word) && size < room &&
           look_word(machine, coming->at.pas, coming->at.pa + size, &word))
        size += 4;
    return size;
}

static bool begins_block(struct armsim_machine *machine, const struct pe *pe)
{
    struct block_state *block = &machine->hooks.blocks[pe->index];
    if (!passage_has(&block->at, pe)) {
        bool follows = block->at.valid && pe_instructions(pe) == block->at.instructions + 1 && pe->pc == block->next;
        block->began = !follows;
        block->at = passage_of(pe);
    }
    return block->began;
}

static bool tell_instruction(struct armsim_machine *machine, struct pe *pe, enum armsim_hook_kind kind,
                             struct coming *coming, struct verdict *verdict)
{
    struct armsim_hook_event event = hook_event(machine, pe, kind);
    event.instruction = (struct armsim_hook_instruction){
        .fetched = coming->fetched, .word = coming->word,
        .size = kind == ARMSIM_HOOK_BLOCK ? block_size(machine, pe, coming) : 4};
    bool on = goes_on(machine, pe, &event, verdict);
    coming->word = event.instruction.word;
    return on;
}

static bool tell_block(struct armsim_machine *machine, struct pe *pe, struct coming *coming, struct verdict *verdict)
{
    bool on = !begins_block(machine, pe) || tell_instruction(machine, pe, ARMSIM_HOOK_BLOCK, coming, verdict);
    /* What follows a branch begins a block even if it follows at once. */
    machine->hooks.blocks[pe->index].next = ends_block(coming->word) ? 1 : pe->pc + 4;
    return on;
}

/* --- system instructions --- */

enum { OP0_SYS = 1 };

static unsigned key_of(uint32_t word)
{
    return word >> 5 & 0xffff;
}

/* Fields of PSTATE that MSR (immediate) writes: op1, op2. */
static const char *pstate_field(uint32_t word)
{
    static const struct {
        uint8_t op1, op2;
        const char *name;
    } fields[] = {{0, 3, "UAO"},  {0, 4, "PAN"},     {0, 5, "SPSEL"},  {3, 1, "SSBS"},
                  {3, 2, "DIT"},  {3, 4, "TCO"},     {3, 6, "DAIFSET"}, {3, 7, "DAIFCLR"}};
    for (size_t i = 0; i < sizeof(fields) / sizeof(fields[0]); i++)
        if (fields[i].op1 == (word >> 16 & 7) && fields[i].op2 == (word >> 5 & 7))
            return fields[i].name;
    return NULL;
}

static bool is_immediate(uint32_t word)
{
    return (word & 0xfff8f01f) == 0xd500401f && pstate_field(word);
}

/* ARMSIM_HOOK_KINDS: none of these. */
static enum armsim_hook_kind system_kind(uint32_t word)
{
    if (is_immediate(word))
        return ARMSIM_HOOK_MSR;
    if ((word & 0xffc00000) != 0xd5000000 || !(word >> 19 & 3))
        return ARMSIM_HOOK_KINDS;
    if ((word >> 19 & 3) == OP0_SYS)
        return ARMSIM_HOOK_MAINTENANCE;
    return word >> 21 & 1 ? ARMSIM_HOOK_MRS : ARMSIM_HOOK_MSR;
}

static void describe_register(struct armsim_machine *machine, struct pe *pe, uint32_t word,
                              struct armsim_hook_register *reg)
{
    bool read = word >> 21 & 1;
    unsigned key = key_of(word), rt = word & 31;
    *reg = (struct armsim_hook_register){.id = 0x10000u | key, .rt = (uint8_t)rt, .word = word, .exists = true,
                                         .known = true};
    if (is_immediate(word)) {
        reg->name = pstate_field(word);
        reg->immediate = true;
        reg->value = word >> 8 & 15;
        return;
    }
    struct host_system system;
    host_look_system(pe, key, &system);
    reg->name = system.name;
    reg->exists = system.exists;
    reg->known = !read || system.known;
    reg->value = read ? system.value : pe->x[rt == 31 ? REG_ZR : rt];
    if (reg->name)
        return;
    reg->name = machine->hooks.name;
    snprintf(machine->hooks.name, sizeof(machine->hooks.name), "S%u_%u_C%u_C%u_%u", key >> 14 & 3, key >> 11 & 7,
             key >> 7 & 15, key >> 3 & 15, key & 7);
}

/* REPLACE. */
static void substitute(struct pe *pe, const struct armsim_hook_register *reg, struct verdict *verdict)
{
    if (reg->immediate) {
        *verdict = (struct verdict){.kind = VERDICT_WORD,
                                    .word = (reg->word & ~(15u << 8)) | (uint32_t)(reg->value & 15) << 8};
    } else if (reg->word >> 21 & 1) {
        if (reg->rt != 31)
            pe->x[reg->rt] = reg->value;
        verdict->kind = VERDICT_SKIP;
    } else {
        *verdict = (struct verdict){.kind = VERDICT_OPERAND, .word = reg->word, .operand = reg->value};
    }
}

static bool tell_system(struct armsim_machine *machine, struct pe *pe, enum armsim_hook_kind kind, uint32_t word,
                        struct verdict *verdict)
{
    struct armsim_hook_event event = hook_event(machine, pe, kind);
    describe_register(machine, pe, word, &event.reg);
    enum armsim_hook_answer answer = hooks_ask(machine, pe, &event);
    hooks_verdict(machine, pe, &event, answer, verdict);
    if (answer == ARMSIM_HOOK_REPLACE)
        substitute(pe, &event.reg, verdict);
    return verdict->kind == VERDICT_GO;
}

void hooks_before(struct armsim_machine *machine, struct pe *pe, const uint32_t *word, struct verdict *verdict)
{
    struct hooks *hooks = &machine->hooks;
    const uint32_t stepped = ARMSIM_HOOK_BIT(ARMSIM_HOOK_INSTRUCTION) | ARMSIM_HOOK_BIT(ARMSIM_HOOK_BLOCK) |
                             ARMSIM_HOOK_BIT(ARMSIM_HOOK_FETCH);
    struct coming coming = {.fetched = true};
    hooks_interrupted(machine); /* whatever it is, it begins here */
    if (word && !(hooks->kinds & (stepped & ~ARMSIM_HOOK_BIT(ARMSIM_HOOK_INSTRUCTION))))
        coming.word = *word;
    else
        coming.fetched = look_fetch(machine, pe, &coming.at, &coming.word);
    const uint32_t original = coming.word;
    const uint64_t pc = pe->pc;
    if (hooks_want(hooks, ARMSIM_HOOK_FETCH) && coming.fetched && !tell_fetch(machine, pe, &coming, verdict))
        return;
    if (hooks_want(hooks, ARMSIM_HOOK_BLOCK) && !tell_block(machine, pe, &coming, verdict))
        return;
    if (hooks_want(hooks, ARMSIM_HOOK_INSTRUCTION) &&
        !tell_instruction(machine, pe, ARMSIM_HOOK_INSTRUCTION, &coming, verdict))
        return;
    if (pe->pc != pc) /* a hook has moved the PE */
        return;
    enum armsim_hook_kind kind = coming.fetched ? system_kind(coming.word) : ARMSIM_HOOK_KINDS;
    if (kind != ARMSIM_HOOK_KINDS && hooks_want(hooks, kind) &&
        !tell_system(machine, pe, kind, coming.word, verdict))
        return;
    if (coming.word != original)
        *verdict = (struct verdict){.kind = VERDICT_WORD, .word = coming.word};
}

/* --- accesses --- */

void hooks_access(struct armsim_machine *machine, struct pe *pe, struct asked_access *access, struct verdict *verdict)
{
    enum armsim_hook_kind kind = access->write ? ARMSIM_HOOK_WRITE : ARMSIM_HOOK_READ;
    if (!hooks_want(&machine->hooks, kind))
        return;
    struct armsim_hook_event event = hook_event(machine, pe, kind);
    event.memory = (struct armsim_hook_memory){
        .va = access->va,
        .pa = access->pa,
        .pas = (enum armsim_pas)access->pas,
        .size = access->size,
        .value = {access->value[0], access->value[1]},
        .device = access->device,
        .atomic = access->access->atomic,
        .exclusive = access->access->exclusive,
        .ordered = access->access->acqrel,
        .unprivileged = access->access->el != pe->pstate.el,
    };
    enum armsim_hook_answer answer = hooks_ask(machine, pe, &event);
    memcpy(access->value, event.memory.value, sizeof(access->value));
    hooks_verdict(machine, pe, &event, answer, verdict);
    access->replaced = answer == ARMSIM_HOOK_REPLACE;
}

/* --- what has happened --- */

void hooks_trap(struct armsim_machine *machine, struct pe *pe, const struct armsim_trap *trap)
{
    enum armsim_hook_kind kind = trap->kind == ARMSIM_TRAP_RETURN ? ARMSIM_HOOK_RETURN : ARMSIM_HOOK_EXCEPTION;
    if (!hooks_want(&machine->hooks, kind))
        return;
    struct armsim_hook_event event = {
        .kind = kind,
        .pe = trap->pe,
        .el = trap->to_el,
        .secure = trap->to_secure,
        .sp_selected = pe->pstate.sp,
        .pc = trap->pc,
        .instructions = trap->instructions,
        .time_ns = trap->time_ns,
        .trap = *trap,
    };
    hooks_ask(machine, pe, &event);
}

bool hooks_console(struct armsim_machine *machine, uint32_t port, uint8_t *byte)
{
    struct pe *pe = machine->pes[machine->last_pe];
    struct armsim_hook_event event = hook_event(machine, pe, ARMSIM_HOOK_CONSOLE);
    event.console = (struct armsim_hook_console){.port = port, .byte = *byte};
    enum armsim_hook_answer answer = hooks_ask(machine, pe, &event);
    *byte = event.console.byte;
    return answer != ARMSIM_HOOK_SKIP;
}

void hooks_filled(void *opaque, struct pe *pe, const struct mmu_fill *fill)
{
    struct armsim_machine *machine = opaque;
    if (machine->unobserved)
        return;
    const struct mmu_result *result = fill->result;
    struct armsim_hook_event event = hook_event(machine, pe, ARMSIM_HOOK_TLB_FILL);
    event.fill = (struct armsim_hook_fill){
        .regime = (enum armsim_regime)fill->regime->id,
        .secure = fill->regime->security == PAS_SECURE,
        .asid = fill->regime->asid[0],
        .vmid = fill->regime->vmid,
        .global = fill->global,
        .va = fill->va,
        .pa = result->pa,
        .ipa = fill->ipa,
        .pas = (enum armsim_pas)result->pas,
        .size = result->page_size,
        .stage2 = fill->stage2,
        .readable = result->may_read,
        .writable = result->may_write,
        .executable = result->may_execute,
        .device = result->attrs.device,
    };
    hooks_ask(machine, pe, &event);
}

_Static_assert((int)ARMSIM_REGIME_EL10 == (int)REGIME_EL10 && (int)ARMSIM_REGIME_EL20 == (int)REGIME_EL20 &&
                   (int)ARMSIM_REGIME_EL2 == (int)REGIME_EL2 && (int)ARMSIM_REGIME_EL3 == (int)REGIME_EL3 &&
                   1 << ARMSIM_PIN_IRQ == PENDING_IRQ && 1 << ARMSIM_PIN_FIQ == PENDING_FIQ &&
                   1 << ARMSIM_PIN_SERROR == PENDING_SERROR && 1 << ARMSIM_PIN_VIRQ == PENDING_VIRQ &&
                   1 << ARMSIM_PIN_VFIQ == PENDING_VFIQ,
               "public and internal regimes and pins have the same numbers");

void hooks_pins_changed(void *opaque, struct pe *pe, uint8_t before)
{
    struct armsim_machine *machine = opaque;
    if (machine->unobserved)
        return;
    struct armsim_hook_event event = hook_event(machine, pe, ARMSIM_HOOK_INTERRUPT);
    event.interrupt = (struct armsim_hook_interrupt){.before = before, .after = pe->pending};
    hooks_ask(machine, pe, &event);
}
