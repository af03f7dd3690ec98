#include "roms/visor/mmio.h"

#include "roms/lib/mmio_decode.h"
#include "roms/visor/host.h"

static bool is_permission_fault(u64 iss)
{
    return (iss >> 2 & 15) == 3;
}

/* The IPA of the abort. HPFAR_EL2 doesn't have it for a permission fault that isn't of a walk. */
static bool fault_ipa(struct vcpu *vcpu, u64 *ipa)
{
    u64 iss = ESR_ISS(vcpu->esr), par;
    if (is_permission_fault(iss) && !(iss & ISS_S1PTW))
        return vcpu_translate(vcpu, vcpu->far, ACCESS_FETCH, false, ipa, &par); /* no PAN: it was allowed */
    *ipa = (vcpu->hpfar >> 4 & 0xffffffffff) << 12 | (vcpu->far & 0xfff);
    return true;
}

static const struct region *find_region(const struct vm *vm, u64 ipa, unsigned size)
{
    for (unsigned i = 0; i < vm->region_count; i++) {
        const struct region *region = &vm->regions[i];
        if (ipa >= region->base && ipa - region->base < region->size && size <= region->size - (ipa - region->base))
            return region;
    }
    return NULL;
}

/* One access of the guest to a physical address of its own that no memory is mapped at. */
static bool access_ipa(struct vcpu *vcpu, u64 ipa, unsigned size, bool write, u64 *value)
{
    const struct region *region = find_region(vcpu->vm, ipa, size);
    if (!region || ipa & (size - 1))
        return false;
    lock(&vcpu->vm->lock);
    bool done = region->access(vcpu, region->device, ipa - region->base, size, write, value);
    unlock(&vcpu->vm->lock);
    return done;
}

/* With a syndrome of the access: ISV. */
static bool by_syndrome(struct vcpu *vcpu, u64 ipa)
{
    u64 iss = ESR_ISS(vcpu->esr);
    unsigned size = 1 << (iss >> 22 & 3), rt = iss >> 16 & 31;
    bool write = iss & ISS_WNR, extend = iss >> 21 & 1, wide = iss >> 15 & 1;
    u64 mask = size == 8 ? ~0ull : (1ull << 8 * size) - 1, value = write ? vcpu_x(vcpu, rt) & mask : 0;
    if (!access_ipa(vcpu, ipa, size, write, &value))
        return false;
    if (!write) {
        value &= mask;
        if (extend && size < 8 && value >> (8 * size - 1))
            value |= ~mask;
        vcpu_set_x(vcpu, rt, wide ? value : (u32)value);
    }
    return true;
}

/* ---- without: the instruction is fetched and carried out here */

struct by_hand {
    struct vcpu *vcpu;
    bool unprivileged;
    u64 address, par; /* of the access that failed */
    bool write;
};

static bool access_va(void *opaque, u64 va, unsigned size, bool write, u64 *value)
{
    struct by_hand *by_hand = opaque;
    struct vcpu *vcpu = by_hand->vcpu;
    u64 ipa;
    by_hand->address = va;
    by_hand->write = write;
    if (!vcpu_translate(vcpu, va, write ? ACCESS_WRITE : ACCESS_READ, by_hand->unprivileged, &ipa, &by_hand->par))
        return false;
    if (!vm_ram(vcpu->vm, ipa, 1))
        return access_ipa(vcpu, ipa, size, write, value);
    if (write)
        return vcpu_write(vcpu, va, value, size, by_hand->unprivileged, &by_hand->par) == size;
    *value = 0;
    return vcpu_read(vcpu, va, value, size, by_hand->unprivileged, &by_hand->par) == size;
}

/* The guest's SIMD&FP registers are on the PE; the context is where software can reach them. */
static struct fp_context *vectors;

static void read_vector(unsigned n, u64 value[2])
{
    value[0] = vectors->q[2 * n];
    value[1] = vectors->q[2 * n + 1];
}

static void write_vector(unsigned n, const u64 value[2])
{
    vectors->q[2 * n] = value[0];
    vectors->q[2 * n + 1] = value[1];
}

static volatile u32 by_hand_lock;

static bool carry_out(struct vcpu *vcpu, const struct mmio_instruction *instruction, struct by_hand *by_hand)
{
    bool at_el1 = PSTATE_EL(vcpu->pstate) == 1, own_sp = at_el1 && vcpu->pstate & 1;
    enum guest_register sp_name = own_sp ? SP_EL1 : SP_EL0;
    u64 sp = vcpu_get(vcpu, sp_name);
    struct mmio_registers registers = {.x = vcpu->x, .sp = &sp, .pc = vcpu->pc, .read_vector = read_vector,
                                       .write_vector = write_vector};
    lock(&by_hand_lock);
    vectors = &vcpu->fp;
    if (instruction->vector)
        fp_save(vectors);
    bool done = mmio_execute(instruction, &registers, access_va, by_hand);
    if (done && instruction->vector)
        fp_load(vectors);
    unlock(&by_hand_lock);
    if (done)
        vcpu_set(vcpu, sp_name, sp);
    return done;
}

static void by_instruction(struct vcpu *vcpu)
{
    struct mmio_instruction instruction;
    struct by_hand by_hand = {.vcpu = vcpu};
    u32 opcode = 0;
    if (vcpu->pstate & PSTATE_AARCH32) {
        inject_abort(vcpu, false, vcpu->far, FSC_EXTERNAL, ESR_ISS(vcpu->esr) & ISS_WNR);
        return;
    }
    /* Another vCPU may have changed what the PE executed: then the instruction is tried again. */
    if (!vcpu_fetch(vcpu, &opcode))
        return;
    if (!mmio_decode_a64(opcode, &instruction)) {
        inject_abort(vcpu, false, vcpu->far, FSC_EXTERNAL, ESR_ISS(vcpu->esr) & ISS_WNR);
        return;
    }
    by_hand.unprivileged = instruction.unprivileged;
    if (carry_out(vcpu, &instruction, &by_hand))
        vcpu_skip(vcpu);
    else
        inject_translation_fault(vcpu, by_hand.address, by_hand.par, by_hand.write);
}

void data_abort(struct vcpu *vcpu)
{
    u64 iss = ESR_ISS(vcpu->esr), ipa;
    if ((iss & 0x38) == FSC_EXTERNAL || !fault_ipa(vcpu, &ipa)) {
        /* An abort of the bus, or one whose translation is gone by now: the first is the guest's, the other tries again. */
        if ((iss & 0x38) == FSC_EXTERNAL)
            inject_abort(vcpu, false, vcpu->far, ISS_FSC(iss), iss & (ISS_WNR | ISS_CM));
        return;
    }
    if (iss & ISS_S1PTW)
        inject_abort(vcpu, false, vcpu->far, FSC_EXTERNAL_WALK(walk_level(vcpu, vcpu->far)), iss & ISS_WNR);
    else if (iss & ISS_CM)
        vcpu_skip(vcpu); /* maintenance of what has no cache */
    else if (!find_region(vcpu->vm, ipa, 1))
        inject_abort(vcpu, false, vcpu->far, FSC_EXTERNAL, iss & ISS_WNR);
    else if (!(iss & ISS_ISV))
        by_instruction(vcpu);
    else if (by_syndrome(vcpu, ipa))
        vcpu_skip(vcpu);
    else
        inject_abort(vcpu, false, vcpu->far, FSC_EXTERNAL, iss & ISS_WNR);
}

void fetch_abort(struct vcpu *vcpu)
{
    u64 iss = ESR_ISS(vcpu->esr);
    unsigned status = iss & ISS_S1PTW ? FSC_EXTERNAL_WALK(walk_level(vcpu, vcpu->far)) : FSC_EXTERNAL;
    inject_abort(vcpu, true, vcpu->far, status, 0);
}
