/* The PE's state: everything that a guest or a debugger can observe, and what its further flow depends on. */
#include "cpu/cpu.h"
#include "cpu/interp/interp.h"
#include "cpu/sysreg.h"
#include "libarmsim/fabric/state.h"

#define PSTATE_FIELD(member) STATE_FIELD_MAX(struct pe, pstate.member, 0, 1)
#define UNSEEN(member, max) STATE_KEPT_WITH(struct pe, member, STATE_UNSEEN, max)

static const struct state_field fields[] = {
    {"x", offsetof(struct pe, x), 8, 32, 0, 0, 0, 0}, /* without the zero register and the sink */
    {"v", offsetof(struct pe, v), 8, 64, 0, 0, 0, 0},
    STATE_FIELD(struct pe, pc, 0),
    STATE_FIELD(struct pe, nz, 0),
    STATE_FIELD_MAX(struct pe, fc, 0, 1),
    STATE_FIELD_MAX(struct pe, fv, 0, 1),
    STATE_FIELD(struct pe, fpcr, 0),
    STATE_FIELD(struct pe, fpsr, 0),
    STATE_FIELD_MAX(struct pe, pstate.el, 0, 3),
    PSTATE_FIELD(d), PSTATE_FIELD(a), PSTATE_FIELD(i), PSTATE_FIELD(f), PSTATE_FIELD(sp), PSTATE_FIELD(nrw),
    PSTATE_FIELD(ss), PSTATE_FIELD(il), PSTATE_FIELD(pan), PSTATE_FIELD(uao), PSTATE_FIELD(dit), PSTATE_FIELD(ssbs),
    PSTATE_FIELD(tco),
    STATE_FIELD_MAX(struct pe, pstate.btype, 0, 3),
    STATE_ARRAY(struct pe, sp_el, 0),
    STATE_ARRAY_WITH(struct pe, sr, 0, STATE_KEEP_ON_RESET, 0),
    STATE_FIELD(struct pe, event_register, 0),
    STATE_KEPT_WITH(struct pe, pending, 0, 31),
    STATE_FIELD(struct pe, serror_syndrome, 0),
    STATE_FIELD_MAX(struct pe, power, PE_RUNNING, PE_OFF),
    STATE_FIELD(struct pe, monitor.local_valid, 0),
    STATE_FIELD(struct pe, monitor.global_valid, 0),
    STATE_FIELD_MAX(struct pe, monitor.pas, 0, PAS_COUNT - 1),
    STATE_FIELD(struct pe, monitor.pa, 0),
    STATE_FIELD(struct pe, monitor.size, 0),
    UNSEEN(monitor.tagged_va, 0),
    STATE_FIELD(struct pe, step.stepped, 0),
    STATE_FIELD(struct pe, step.exclusive, 0),
    STATE_KEPT(struct pe, instructions),
    UNSEEN(pmu.last, 0),
    UNSEEN(pmu.counting, 1),
    UNSEEN(sample_interrupts, 1),
};

static uint64_t hash_extra(void *opaque, uint64_t hash)
{
    const struct pe *pe = opaque;
    const uint64_t sample_point = pe->interp->sample_point;
    hash = state_hash_words(hash, &sample_point, 1);
    return mmu_hash(pe->mmu, hash);
}

static void save_extra(void *opaque, struct state_writer *writer)
{
    const struct pe *pe = opaque;
    state_put(writer, pe->interp->sample_point, 1);
    mmu_save(pe->mmu, writer);
}

static bool load_extra(void *opaque, struct state_reader *reader)
{
    struct pe *pe = opaque;
    pe->interp->sample_point = state_take_max(reader, 1, 1);
    return mmu_load(pe->mmu, reader);
}

/* Also what no field holds: the interpreter begins afresh. */
static bool loaded(void *opaque)
{
    struct pe *pe = opaque;
    const struct pstate *p = &pe->pstate;
    if ((p->el == 3 && !pe->have_el3) || (p->el == 2 && !pe->have_el2) || p->nrw ||
        (pe->monitor.global_valid && (!pe->monitor.size || pe->monitor.pa % pe->monitor.size)))
        return false;
    pe->nz_both = pe->nz == NZ_BOTH;
    pe->x[REG_ZR] = 0;
    pe->iss.valid = false;
    pe->interp->exit_requested = false;
    pe->interp->verdict = pe->interp->instead.kind = VERDICT_GO;
    pe->interp->deferred = 0;
    bool stepped = pe->step.stepped, exclusive = pe->step.exclusive; /* of the flow, which goes on */
    sysreg_forget_rulings(pe);
    pe_update_context(pe);
    pe_flush_fast_tlb(pe);
    pe->step.stepped = stepped;
    pe->step.exclusive = exclusive;
    if (pe->monitor.global_valid)
        icache_watch_exclusive(pe->env->icache, pe);
    return true;
}

struct state_section pe_section(struct pe *pe, const char *name)
{
    pe_save_sp(pe); /* the bank of the SP in use is stale */
    pe_set_nzcv(pe, pe_nzcv(pe)); /* the flags have many forms: this one */
    return (struct state_section){
        .name = name,
        .version = 2,
        .fields = fields,
        .field_count = sizeof(fields) / sizeof(fields[0]),
        .instance = pe,
        .hash_extra = hash_extra,
        .save_extra = save_extra,
        .load_extra = load_extra,
        .loaded = loaded,
    };
}

uint64_t pe_hash(struct pe *pe, uint64_t hash)
{
    struct state_section section = pe_section(pe, "pe");
    return state_hash_section(hash, &section);
}

const char *pe_storage_name(uint64_t index)
{
    for (size_t i = 0; i < sysreg_row_count; i++)
        if (sysreg_rows[i].storage == index && sysreg_rows[i].key == sysreg_rows[i].identity)
            return sysreg_rows[i].name;
    return NULL;
}
