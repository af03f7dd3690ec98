/* The PE's part of the state hash: everything that a guest or a debugger can observe. */
#include "cpu/cpu.h"
#include "cpu/interp/interp.h"
#include "libarmsim/fabric/state.h"

uint64_t pe_hash(const struct pe *pe, uint64_t hash)
{
    const struct pstate *p = &pe->pstate;
    const uint64_t scalars[] = {
        pe->pc, pe_nzcv(pe), pe->fpcr, pe->fpsr, p->d, p->a, p->i, p->f, p->el, p->sp, p->nrw, p->ss, p->il, p->pan,
        p->uao, p->dit, p->ssbs, p->tco, p->btype, pe->event_register, pe->pending, pe->serror_syndrome, pe->power,
        pe->monitor.local_valid, pe->monitor.global_valid, pe->monitor.pas, pe->monitor.pa, pe->instructions,
        pe->interp->sample_point, pe->step.stepped, pe->step.exclusive,
    };
    hash = state_hash_bytes(hash, scalars, sizeof(scalars));
    hash = state_hash_bytes(hash, pe->x, 32 * sizeof(pe->x[0])); /* without the sink */
    hash = state_hash_bytes(hash, pe->v, sizeof(pe->v));
    for (unsigned i = 0; i < 4; i++) {
        bool current = i == (p->sp ? p->el : 0);
        hash = state_hash_bytes(hash, current ? &pe->x[REG_SP] : &pe->sp_el[i], sizeof(uint64_t));
    }
    hash = state_hash_bytes(hash, pe->sr, sizeof(pe->sr));
    return mmu_hash(pe->mmu, hash);
}
