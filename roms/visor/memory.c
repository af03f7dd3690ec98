#include "roms/lib/memory.h"

#include "roms/visor/vcpu.h"

#define PAR_FAILED 1ull
#define PAR_STAGE2 BIT(9)
#define PAR_STATUS(par) ((unsigned)((par) >> 1 & 63))
#define PAR_ADDRESS 0x0000fffffffff000ull

void *vm_ram(const struct vm *vm, u64 ipa, u64 size)
{
    u64 offset = ipa - vm->ram_ipa;
    if (ipa < vm->ram_ipa || offset >= vm->ram_size || size > vm->ram_size - offset)
        return NULL;
    return (void *)(vm->ram_pa + offset);
}

#define AT_S1E1RP "sys #0, c7, c9, #0, %0" /* with PSTATE.PAN, which is the visor's here */
#define AT_S1E1WP "sys #0, c7, c9, #1, %0"
#define SET_PAN(value) __asm__ volatile(".inst 0xd500409f | " #value " << 8" ::: "memory")

/* What EL1 may not reach while its PSTATE.PAN is set. FEAT_PAN alone, without FEAT_PAN2, has no such translation. */
static void translate_with_pan(u64 va, enum access access)
{
    SET_PAN(1);
    if (access == ACCESS_READ)
        __asm__ volatile(AT_S1E1RP "\n\tisb" ::"r"(va) : "memory");
    else
        __asm__ volatile(AT_S1E1WP "\n\tisb" ::"r"(va) : "memory");
    SET_PAN(0);
}

/* The vCPU's PAR_EL1 is left as it was. */
static u64 translate(u64 va, enum access access, bool as_el0, bool pan)
{
    u64 saved = READ(par_el1);
    if (as_el0 && access == ACCESS_WRITE)
        __asm__ volatile("at s1e0w, %0\n\tisb" ::"r"(va) : "memory");
    else if (as_el0)
        __asm__ volatile("at s1e0r, %0\n\tisb" ::"r"(va) : "memory");
    else if (pan)
        translate_with_pan(va, access);
    else if (access != ACCESS_WRITE)
        __asm__ volatile("at s1e1r, %0\n\tisb" ::"r"(va) : "memory");
    else
        __asm__ volatile("at s1e1w, %0\n\tisb" ::"r"(va) : "memory");
    u64 par = READ(par_el1);
    WRITE(par_el1, saved);
    return par;
}

bool vcpu_translate(struct vcpu *vcpu, u64 va, enum access access, bool as_el0, u64 *ipa, u64 *par)
{
    as_el0 = as_el0 || PSTATE_EL(vcpu->pstate) == 0 || vcpu->pstate & PSTATE_AARCH32;
    bool has_pan2 = (READ(id_aa64mmfr1_el1) >> 20 & 15) >= 2;
    *par = translate(va, access, as_el0, has_pan2 && access != ACCESS_FETCH && vcpu->pstate & PSTATE_PAN);
    *ipa = (*par & PAR_ADDRESS) | (va & 0xfff);
    return !(*par & PAR_FAILED);
}

typedef void copy_fn(void *ours, u8 *theirs, u64 size);

static void copy_in(void *ours, u8 *theirs, u64 size)
{
    memcpy(ours, theirs, size);
}

static void copy_out(void *ours, u8 *theirs, u64 size)
{
    memcpy(theirs, ours, size);
}

static u64 copy(struct vcpu *vcpu, u64 va, u8 *ours, u64 size, enum access access, bool as_el0, u64 *par, copy_fn *move)
{
    u64 done = 0;
    while (done < size) {
        u64 at = va + done, ipa, part = PGTAB_PAGE - (at & (PGTAB_PAGE - 1));
        part = part < size - done ? part : size - done;
        if (!vcpu_translate(vcpu, at, access, as_el0, &ipa, par))
            return done;
        u8 *theirs = vm_ram(vcpu->vm, ipa, part);
        *par = 0;
        if (!theirs)
            return done;
        move(ours + done, theirs, part);
        done += part;
    }
    return done;
}

u64 vcpu_read(struct vcpu *vcpu, u64 va, void *to, u64 size, bool as_el0, u64 *par)
{
    return copy(vcpu, va, to, size, ACCESS_READ, as_el0, par, copy_in);
}

bool vcpu_fetch(struct vcpu *vcpu, u32 *opcode)
{
    u64 par;
    return copy(vcpu, vcpu->pc, (u8 *)opcode, 4, ACCESS_FETCH, false, &par, copy_in) == 4;
}

u64 vcpu_write(struct vcpu *vcpu, u64 va, const void *from, u64 size, bool as_el0, u64 *par)
{
    return copy(vcpu, va, (u8 *)from, size, ACCESS_WRITE, as_el0, par, copy_out);
}

/* ---- faults */

/* Where a walk of the vCPU's stage-1 tables leaves its RAM: the level, which no syndrome of stage 2 tells. */
unsigned walk_level(struct vcpu *vcpu, u64 va)
{
    u64 tcr = vcpu_get(vcpu, TCR_EL1);
    bool upper = va >> 55 & 1;
    unsigned tg = upper ? tcr >> 30 & 3 : tcr >> 14 & 3;
    /* TG1: 16, 4, 64 KiB are 1, 2, 3; TG0: 4, 64, 16 KiB are 0, 1, 2. */
    unsigned page = upper ? (tg == 1 ? 14 : tg == 3 ? 16 : 12) : (tg == 1 ? 16 : tg == 2 ? 14 : 12);
    unsigned bits = 64 - (upper ? tcr >> 16 & 63 : tcr & 63), step = page - 3;
    bits = bits > 48 ? 48 : bits; /* TxSZ below 16 counts as 16 */
    unsigned level = bits <= page ? 3 : 4 - (bits - page + step - 1) / step;
    u64 table = vcpu_get(vcpu, upper ? TTBR1_EL1 : TTBR0_EL1) & 0x0000fffffffffffe;
    for (; level < 3; level++) {
        unsigned shift = page + step * (3 - level), top = bits - shift < step ? bits - shift : step;
        const u64 *entry = vm_ram(vcpu->vm, table + (va >> shift & ((1u << top) - 1)) * 8, 8);
        if (!entry)
            break;
        u64 descriptor = *(const volatile u64 *)entry;
        table = descriptor & 0x0000fffffffff000 & ~((1ull << page) - 1);
    }
    return level;
}

/* A fault of stage 2 (a table of the guest's outside its RAM) is the external abort that an access to nothing is. */
unsigned fault_status(struct vcpu *vcpu, u64 va, u64 par)
{
    if (!(par & PAR_FAILED))
        return FSC_EXTERNAL;
    return par & PAR_STAGE2 ? FSC_EXTERNAL_WALK(walk_level(vcpu, va)) : PAR_STATUS(par);
}

void inject_translation_fault(struct vcpu *vcpu, u64 va, u64 par, bool write)
{
    inject_abort(vcpu, false, va, fault_status(vcpu, va, par), write ? ISS_WNR : 0);
}
