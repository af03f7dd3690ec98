/* Entering, leaving and stepping the interpreter; the C side of the handlers. */
#include "cpu/a64_forms.h"
#include "cpu/cpu.h"
#include "cpu/debug.h"
#include "cpu/impdef.h"
#include "cpu/interp/flow.h"

#include <string.h>

enum { RECORD_BYTES = sizeof(struct record) };

uint64_t pe_instructions(const struct pe *pe) { return interp_instructions(pe); }

/* Makes the next sample point come at once: what is left of the budget is put aside. */
static void call_attention(struct pe *pe)
{
    struct interp *it = pe->interp;
    int64_t left = interp_records_left(pe);
    if (!it->running || left <= 0)
        return;
    it->deferred += (uint64_t)left;
    it->count_limit -= (uint64_t)left;
    pe->limit = (int64_t)pe->ip;
}

void pe_request_exit(struct pe *pe)
{
    pe->interp->exit_requested = true;
    call_attention(pe);
}

void pe_shorten(struct pe *pe, uint64_t instructions)
{
    struct interp *it = pe->interp;
    uint64_t end = pe_instructions(pe) + instructions;
    if (end < it->end && end >= instructions)
        it->end = end;
    if (!it->running)
        return;
    int64_t left = interp_records_left(pe) + (int64_t)it->deferred;
    if (left <= (int64_t)instructions)
        return;
    /* Drop the excess for good; deferred first, because limit may already stand at ip. */
    uint64_t excess = (uint64_t)left - instructions;
    uint64_t from_deferred = excess < it->deferred ? excess : it->deferred;
    it->deferred -= from_deferred;
    excess -= from_deferred;
    it->count_limit -= excess;
    pe->limit -= (int64_t)excess * RECORD_BYTES;
}

void pe_set_pending(struct pe *pe, enum pending pending, bool level)
{
    uint8_t before = pe->pending;
    pe->pending = level ? (uint8_t)(before | pending) : (uint8_t)(before & ~pending);
    if (pe->pending & ~before) {
        pe->sample_interrupts = true;
        call_attention(pe);
    }
    if (UNLIKELY(pe->env->pins_changed != NULL) && pe->pending != before)
        pe->env->pins_changed(pe->env->machine, pe, before);
}

bool pe_at_sample_point(const struct pe *pe) { return pe->interp->sample_point; }

void pe_pass_sample_point(struct pe *pe) { pe->interp->sample_point = false; }

/* --- fetch --- */

/* The instruction at pe->pc is not in RAM or ROM that can be cached: fetch it alone and run it as a step. `ask`: the
 * host hasn't been asked yet. */
static enum flow enter_step_record(struct pe *pe, uint32_t word, bool ask)
{
    struct interp *it = pe->interp;
    struct translation t = {&pe->features, pe->pc & 0xfff, true, pe->env->coverage};
    unsigned op = translate(&t, word, &it->step[0]);
    it->step[0].handler = op_handler(op);
    if (UNLIKELY(ask && interp_asks_for(pe, pe->pc & 0xfff, word)))
        it->step[0].handler = handle_ask;
    it->step[1].handler = handle_step_end;
    it->step_word = word;
    pe->limit += (int64_t)it->step - (int64_t)pe->ip;
    pe->ip = it->step;
    pe->bias = pe->pc - ((uint64_t)it->step >> 2);
    return FLOW_RESUME;
}

/* Fills the fast instruction TLB for pe->pc. False: an abort was taken. *word is set when the page isn't memory. */
static bool fetch(struct pe *pe, bool *is_memory, uint32_t *word)
{
    if (pe->pc & 3) {
        take_pc_alignment_fault(pe);
        return false;
    }
    struct mmu_access access = {.type = ACCESS_FETCH, .el = pe->pstate.el, .size = 4};
    struct mmu_result result;
    if (!mmu_translate(pe->mmu, &pe->regime[pe->current_regime], &access, pe->pc, &result)) {
        take_instruction_abort(pe, &result.fault);
        return false;
    }
    uint64_t offset;
    struct bus_region *region = bus_find(pe->env->bus, result.pas, result.pa, &offset);
    if (bus_is_memory(region)) {
        struct code_page *page = icache_page(pe->env->icache, region, offset);
        struct fast_itlb_entry *entry = &pe->itlb[pe->pc >> 12 & (FAST_ITLB_ENTRIES - 1)];
        if (page && result.may_execute) { /* an answer that may be kept */
            entry->tag = (pe->pc & ~0xfffull) | pe->context;
            entry->base = page->records;
            entry->bias = (pe->pc & ~0xfffull) - ((uint64_t)page->records >> 2);
            *executed_word(pe, pe->pc) |= executed_bit(pe->pc);
            *is_memory = true;
            return true;
        }
    }
    struct bus_attrs attrs = {result.pas, pe->pstate.el, true, false, (uint16_t)pe->index};
    uint64_t value;
    enum bus_result answer = bus_read(pe->env->bus, result.pa, 4, attrs, &value);
    bool zero = answer == BUS_DECODE_ERROR && impdef(pe, BUS_ERROR) == BUS_ERROR_RAZWI;
    if (answer != BUS_OK && !zero) {
        struct fault_record fault = {.type = FAULT_SYNC_EXTERNAL, .access = access, .va = pe->pc};
        take_instruction_abort(pe, &fault);
        return false;
    }
    *is_memory = false;
    *word = (uint32_t)value;
    return true;
}

/* Each attempt to execute counts as one instruction, so that a fault at its own vector ends its budget too. */
static void count_one(struct pe *pe)
{
    pe->limit -= RECORD_BYTES;
}

enum flow interp_enter_slowly(struct pe *pe, bool sample)
{
    struct interp *it = pe->interp;
    for (;;) {
        if (UNLIKELY(pe->nz_both | pe->by_steps) && !it->stepping) {
            it->sample_point = sample;
            it->leave = LEAVE_FLAGS;
            return FLOW_LEAVE;
        }
        if (sample && UNLIKELY(pe->sample_interrupts || (int64_t)pe->ip >= pe->limit || it->stepping)) {
            if (interp_sample(pe) == FLOW_LEAVE)
                return FLOW_LEAVE;
            if (UNLIKELY(pe->by_steps) && !it->stepping) { /* where an interrupt has led to */
                it->sample_point = false;
                it->leave = LEAVE_FLAGS;
                return FLOW_LEAVE;
            }
        }
        sample = true; /* what follows an exception entry */
        const struct fast_itlb_entry *entry = itlb_entry(pe);
        if (entry->tag != itlb_tag(pe)) {
            bool is_memory = false;
            uint32_t word = 0;
            if (!fetch(pe, &is_memory, &word)) {
                count_one(pe);
                continue;
            }
            if (!is_memory && !pe->pstate.il)
                return enter_step_record(pe, word, !it->stepping);
        }
        if (UNLIKELY(pe->pstate.il)) { /* of an instruction that could be fetched */
            take_illegal_state(pe);
            count_one(pe);
            continue;
        }
        continue_at(pe, entry);
        return FLOW_RESUME;
    }
}

enum flow interp_aborted(struct pe *pe)
{
    pe->ip++;
    return interp_enter(pe, true);
}

/* At a sample point with pe->pc the next instruction and pe->ip the record that would follow in straight line. */
enum flow interp_sample(struct pe *pe)
{
    struct interp *it = pe->interp;
    pe->limit += (int64_t)it->deferred * RECORD_BYTES;
    it->count_limit += it->deferred;
    it->deferred = 0;
    it->sample_point = true;
    if (it->exit_requested) {
        it->leave = LEAVE_REQUEST;
        return FLOW_LEAVE;
    }
    bool interrupted = false;
    bool at_next_step = it->stepping && (it->debugged || pe->by_steps); /* software step concludes this one first */
    if (pe->sample_interrupts && !at_next_step) {
        pe->sample_interrupts = false;
        interrupted = take_pending_interrupt(pe);
    }
    if (interp_records_left(pe) <= 0 || it->stepping) {
        it->leave = it->stepping ? LEAVE_STEP : LEAVE_BUDGET;
        return FLOW_LEAVE;
    }
    return interrupted ? FLOW_RESUME : FLOW_NEXT;
}

/* handle_expired: pe->ip is the next instruction's record already, unless an interrupt moves the flow. */
enum flow interp_expired(struct pe *pe)
{
    enum flow flow = interp_sample(pe);
    if (flow == FLOW_RESUME)
        return interp_enter(pe, false);
    return flow == FLOW_NEXT ? FLOW_RESUME : flow;
}

/* handle_step_end: a lone record has ended without a branch; pe->pc is the next instruction. */
enum flow interp_step_end(struct pe *pe)
{
    bool page_crossed = (pe->pc & 0xfff) == 0; /* a sample point, as in the page cache */
    if (pe->interp->stepping && !page_crossed) {
        pe->interp->leave = LEAVE_STEP;
        return FLOW_LEAVE;
    }
    return interp_enter(pe, page_crossed);
}

/* A conditional compare has set N and Z: pe->ip is its record. */
enum flow interp_flags_both(struct pe *pe)
{
    pe->pc += 4;
    pe->ip++;
    return interp_step_end(pe);
}

static void use_operand(struct pe *pe, uint64_t operand)
{
    pe->interp->operand = operand;
    pe->interp->step[0].handler = handle_operand;
}

enum flow interp_substitute(struct pe *pe, const struct verdict *verdict)
{
    enum flow flow = enter_step_record(pe, verdict->word, false);
    if (verdict->kind == VERDICT_OPERAND)
        use_operand(pe, verdict->operand);
    return flow;
}

bool interp_undisturbed(const struct pe *pe, uint64_t pc)
{
    return pe->pc == pc && (pe->ip == pe->interp->step || itlb_entry(pe)->tag == itlb_tag(pe)) &&
           !(pe->nz_both | pe->by_steps);
}

bool pe_comes_to_execute(const struct pe *pe)
{
    return !(pe_at_sample_point(pe) && interrupt_pending(pe, false)) && !(pe->by_steps && debug_comes_first(pe));
}

void pe_step_instead(struct pe *pe, const struct verdict *verdict) { pe->interp->instead = *verdict; }

/* --- decoding --- */

enum { MAX_BLOCK = 64 };

/* Looks for the longest special handler that starts at each record. */
static void specialise(struct record *records, const uint16_t *ops, unsigned count)
{
    for (unsigned i = 0; i < count; i++) {
        uint64_t keys[SPECIAL_MAX];
        unsigned length = 0;
        while (length < SPECIAL_MAX && i + length < count && ops[i + length] < OP_GENERATED_COUNT) {
            keys[length] = special_key(ops[i + length], &records[i + length]);
            length++;
        }
        for (; length > 0; length--) {
            unsigned slot = (unsigned)special_hash(keys, length) & special_mask;
            const struct special *s;
            while ((s = &special_table[slot])->handler) {
                if (s->count == length && !memcmp(s->keys, keys, length * sizeof(keys[0])))
                    break;
                slot = (slot + 1) & special_mask;
            }
            if (s->handler) {
                records[i].handler = s->handler;
                break;
            }
        }
    }
}

void interp_decode(struct pe *pe, struct record *ip)
{
    struct code_page *page = page_of(ip, pe->pc);
    unsigned first = (unsigned)(ip - page->records), count = 0;
    struct translation t = {&pe->features, 0, false, pe->env->coverage};
    uint16_t ops[MAX_BLOCK];
    while (count < MAX_BLOCK && first + count < PAGE_RECORDS) {
        unsigned index = first + count;
        struct record *r = &page->records[index];
        if (r->handler != handle_decode)
            break;
        uint32_t insn;
        memcpy(&insn, page->host + 4 * index, sizeof(insn));
        t.page_offset = 4 * index;
        unsigned op = translate(&t, insn, r);
        r->handler = op_handler(op);
        ops[count++] = (uint16_t)op;
        if (UNLIKELY(interp_asks_for(pe, 4 * index, insn))) {
            r->handler = handle_ask;
            ops[count - 1] = OP_UNDEFINED; /* no part of a sequence */
        }
#ifdef ARMSIM_PROFILE
        page->ops[index] = (uint16_t)op;
#endif
        if (!(page->decoded_lines >> (index / RECORDS_PER_LINE) & 1))
            icache_line_decoded(pe->env->icache, page, index);
        if (op_ends_block(op))
            break;
    }
    pe->interp->decoded += count;
    specialise(ip, ops, count);
}

/* --- running --- */

static void run_handlers(struct pe *pe)
{
#ifdef ARMSIM_LOOP
    struct frame frame = {pe->limit, pe->nz, pe->fc, pe->fv};
    const struct record *ip = pe->ip;
    while (ip) {
#ifdef ARMSIM_PROFILE
        uint64_t pc = ((uint64_t)ip >> 2) + pe->bias;
        struct code_page *page = page_of(ip, pc);
        if (ip != pe->interp->step && ip != pe->interp->step + 1 && ip->handler != handle_decode &&
            ip->handler != handle_page_cross)
            page->counts[pc >> 2 & (PAGE_RECORDS - 1)]++;
#endif
        ip = ip->handler(pe, ip, &frame);
    }
#else
    pe->ip->handler(pe, pe->ip, pe->limit, pe->nz, pe->fc, pe->fv);
#endif
}

/* N and Z are both set: conditions are evaluated by the C functions, one instruction at a time. */
static bool reads_conditions(uint32_t insn, const struct feature_set *features, system_fn **function)
{
    const struct a64_form_info *form = &a64_forms[a64_decode(insn, features)];
    if (form->kind != A64_KIND_TRANSLATE)
        return false;
    switch (form->function) {
    case TRANSLATOR_condbranch: *function = exec_condbranch; return true;
    case TRANSLATOR_condsel: *function = exec_condsel; return true;
    case TRANSLATOR_condcmp: *function = exec_condcmp; return true;
    default: return false;
    }
}

/* The host's will, in place of an instruction. */
static void step_otherwise(struct pe *pe, enum verdict_kind verdict)
{
    struct interp *it = pe->interp;
    bool by_steps = it->debugged = pe->by_steps, stepped = by_steps && debug_is_stepped(pe);
    if (verdict == VERDICT_RAISE)
        interp_raise(pe, &it->instead.raised);
    else
        pe->pc += 4;
    it->sample_point = verdict == VERDICT_RAISE || (pe->pc & 0xfff) == 0;
    if (by_steps)
        debug_instruction_done(pe, 0, stepped);
}

static void step_one(struct pe *pe)
{
    struct interp *it = pe->interp;
    bool is_memory = false;
    uint32_t word = 0;
    enum verdict_kind instead = it->instead.kind;
    if (UNLIKELY(instead != VERDICT_GO)) {
        it->instead.kind = VERDICT_GO;
        word = it->instead.word;
        if (instead == VERDICT_SKIP || instead == VERDICT_RAISE) {
            step_otherwise(pe, instead);
            return;
        }
    }
    bool by_steps = it->debugged = pe->by_steps;
    if ((by_steps && debug_software_step(pe)) ||
        (instead == VERDICT_GO && !fetch(pe, &is_memory, &word)) || (by_steps && debug_breakpoint(pe))) {
        it->sample_point = true;
        return;
    }
    if (pe->pstate.il) {
        take_illegal_state(pe);
        it->sample_point = true;
        return;
    }
    if (is_memory) {
        const struct fast_itlb_entry *entry = &pe->itlb[pe->pc >> 12 & (FAST_ITLB_ENTRIES - 1)];
        const struct code_page *page = page_of(entry->base, 0);
        memcpy(&word, page->host + (pe->pc & 0xffc), sizeof(word));
    }
    pe->ip = it->step;
    pe->limit = (int64_t)it->step + RECORD_BYTES;
    enter_step_record(pe, word, false);
    if (UNLIKELY(instead == VERDICT_OPERAND))
        use_operand(pe, it->instead.operand);
    system_fn *function;
    bool stepped = by_steps && debug_is_stepped(pe);
    it->running = true;
    if (pe->nz_both && pe->nz == NZ_BOTH && reads_conditions(word, &pe->features, &function)) {
        bool completed = function(pe, word);
        if (completed)
            pe->pc += 4;
        it->sample_point = !completed || (pe->pc & 0xfff) == 0;
    } else {
        run_handlers(pe);
    }
    it->running = false;
    if (by_steps && it->verdict != VERDICT_HOLD)
        debug_instruction_done(pe, word, stepped);
}

static enum pe_exit step(struct pe *pe)
{
    struct interp *it = pe->interp;
    if (pe->power != PE_RUNNING)
        return PE_EXIT_WAIT;
    it->stepping = true;
    it->leave = LEAVE_STEP;
    it->deferred = 0;
    it->count_limit = pe->instructions + 1;
    /* The host has decided on the instruction: nothing comes before it. */
    bool sample = it->sample_point && pe->sample_interrupts && it->instead.kind == VERDICT_GO;
    it->sample_point = false;
    if (sample) {
        pe->sample_interrupts = false;
        if (take_pending_interrupt(pe)) { /* in place of an instruction: the vector's first is the next step's */
            it->stepping = false;
            bool requested = it->exit_requested;
            it->exit_requested = false;
            return requested ? PE_EXIT_REQUEST : PE_EXIT_BUDGET;
        }
    }
    step_one(pe);
    it->stepping = false;
    if (UNLIKELY(it->verdict == VERDICT_HOLD)) {
        it->verdict = VERDICT_GO;
        it->exit_requested = false;
        return PE_EXIT_REQUEST;
    }
    pe->instructions++;
    if (pe->nz_both && pe->nz != NZ_BOTH)
        pe->nz_both = false;
    if (it->exit_requested) {
        it->exit_requested = false;
        return PE_EXIT_REQUEST;
    }
    return pe->power == PE_RUNNING ? PE_EXIT_BUDGET : PE_EXIT_WAIT;
}

static enum pe_exit run(struct pe *pe, uint64_t budget)
{
    struct interp *it = pe->interp;
    it->end = pe->instructions + budget;
    while (pe->instructions < it->end || !it->sample_point) {
        if (pe->power != PE_RUNNING)
            return PE_EXIT_WAIT;
        if ((pe->nz_both && pe->nz == NZ_BOTH) || pe->by_steps || !it->sample_point || pe->instructions >= it->end) {
            /* Not at a sample point: nothing may be looked at before the flow reaches one. */
            if (interp_stops_before(pe)) {
                pe_pass_sample_point(pe);
                it->exit_requested = false;
                return PE_EXIT_REQUEST;
            }
            enum pe_exit exit = step(pe);
            if (exit != PE_EXIT_BUDGET)
                return exit;
            continue;
        }
        uint64_t left = it->end - pe->instructions;
        it->deferred = 0;
        it->count_limit = it->end;
        it->leave = LEAVE_BUDGET;
        it->sample_point = false;
        pe->ip = it->step + 1;
        pe->limit = (int64_t)pe->ip + (int64_t)left * RECORD_BYTES;
        it->running = true;
        if (interp_enter(pe, true) != FLOW_LEAVE)
            run_handlers(pe);
        pe->instructions = it->count_limit - (uint64_t)interp_records_left(pe);
        it->running = false;
        if (it->exit_requested) {
            it->exit_requested = false;
            it->verdict = VERDICT_GO;
            return PE_EXIT_REQUEST;
        }
        if (it->leave == LEAVE_WAIT)
            return PE_EXIT_WAIT;
    }
    return PE_EXIT_BUDGET;
}

/* The turn is over: from now on other observers may store to the granule that this PE has reserved. */
static enum pe_exit end_turn(struct pe *pe, enum pe_exit exit)
{
    if (pe->monitor.global_valid)
        icache_watch_exclusive(pe->env->icache, pe);
    return exit;
}

enum pe_exit pe_step(struct pe *pe) { return end_turn(pe, step(pe)); }

enum pe_exit pe_run(struct pe *pe, uint64_t budget) { return end_turn(pe, run(pe, budget)); }
