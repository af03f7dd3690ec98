#include "roms/visor/vcpu.h"

#include "roms/lib/memory.h"
#include "roms/visor/debug.h"
#include "roms/visor/host.h"
#include "roms/visor/transports.h"

_Static_assert(offsetof(struct vcpu, pc) == VCPU_PC, "start.S stores it there");
_Static_assert(offsetof(struct vcpu, esr) == VCPU_ESR, "start.S stores it there");
_Static_assert(offsetof(struct vcpu, hpfar) == VCPU_HPFAR, "start.S stores it there");
_Static_assert(offsetof(struct fp_context, fpcr) == 512, "start.S stores it there");

struct vcpu *vcpu_create(struct vm *vm, unsigned index, struct pe *pe)
{
    struct vcpu *vcpu = pages_take((sizeof(*vcpu) + PGTAB_PAGE - 1) & ~(PGTAB_PAGE - 1), PGTAB_PAGE);
    if (!vcpu)
        return NULL;
    vcpu->vm = vm;
    vcpu->index = index;
    vcpu->pe = pe;
    vm->vcpus[index] = vcpu;
    return vcpu;
}

void vcpu_reset(struct vcpu *vcpu, u64 entry, u64 x0)
{
    if (vcpu->loaded)
        vcpu_unload(vcpu);
    memset(vcpu->x, 0, sizeof(vcpu->x));
    memset(vcpu->registers, 0, sizeof(vcpu->registers));
    memset(&vcpu->fp, 0, sizeof(vcpu->fp));
    vcpu->x[0] = x0;
    vcpu->pc = entry;
    vcpu->pstate = PSTATE_EL1H_MASKED;
    vcpu->registers[SCTLR_EL1] = 0x30d00800; /* RES1; MMU and caches off, nothing trapped from EL0 */
    vcpu->registers[ACTLR_EL1] = READ(actlr_el1);
    vcpu->registers[VMPIDR_EL2] = BIT(31) | vcpu->index;
    vcpu->registers[VPIDR_EL2] = READ(midr_el1);
    vcpu->registers[CNTVOFF_EL2] = vcpu->vm->counter_offset;
    memset(&vcpu->debug, 0, sizeof(vcpu->debug));
    transports_reset(vcpu);
    vcpu->virtual_serror = false;
    vcpu->physical_ctl = vcpu->physical_cval = 0;
    vcpu->physical_line = false;
    vgic_cpu_reset(vcpu);
}

void vcpu_load(struct vcpu *vcpu)
{
    struct pe *pe = this_pe();
    if (pe->current == vcpu && vcpu->loaded)
        return;
    if (pe->current)
        vcpu_unload(pe->current);
    pe->current = vcpu;
    vcpu->loaded = true;
    WRITE(vttbr_el2, vcpu->vm->vttbr);
    trap_config_load(vcpu);
    registers_load(vcpu->registers);
    debug_load(vcpu);
    fp_load(&vcpu->fp);
    vgic_load(vcpu);
    timer_load(vcpu);
    ISB();
}

void vcpu_unload(struct vcpu *vcpu)
{
    if (!vcpu->loaded)
        return;
    vcpu->virtual_serror = READ(hcr_el2) & HCR_VSE;
    registers_save(vcpu->registers);
    debug_unload(vcpu);
    fp_save(&vcpu->fp);
    vgic_unload(vcpu);
    timer_unload(vcpu);
    vcpu->loaded = false;
    this_pe()->current = NULL;
}

u64 vcpu_get(struct vcpu *vcpu, enum guest_register reg)
{
    return vcpu->loaded ? register_read(reg) : vcpu->registers[reg];
}

void vcpu_set(struct vcpu *vcpu, enum guest_register reg, u64 value)
{
    if (vcpu->loaded)
        register_write(reg, value);
    else
        vcpu->registers[reg] = value;
}

u64 vcpu_x(const struct vcpu *vcpu, unsigned n)
{
    return n == 31 ? 0 : vcpu->x[n];
}

void vcpu_set_x(struct vcpu *vcpu, unsigned n, u64 value)
{
    if (n < 31)
        vcpu->x[n] = value;
}

/* PSTATE.IT, ITSTATE: base condition in [7:5] (here 15:13), the rest shifts along; done when the low bits are zero. */
static void advance_it(struct vcpu *vcpu)
{
    u64 it = (vcpu->pstate >> 25 & 3) | (vcpu->pstate >> 10 & 0x3f) << 2;
    it = it & 7 ? (it & 0xe0) | (it << 1 & 0x1f) : 0;
    vcpu->pstate = (vcpu->pstate & ~(3ull << 25 | 0x3full << 10)) | (it & 3) << 25 | (it >> 2) << 10;
}

void vcpu_skip(struct vcpu *vcpu)
{
    vcpu->pc += vcpu->esr & ESR_IL ? 4 : 2;
    if (vcpu->pstate & PSTATE_AARCH32)
        advance_it(vcpu);
    vcpu->pstate &= ~PSTATE_SS; /* the instruction has been stepped over */
}
