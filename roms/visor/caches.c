/*
 * Caches of a guest whose accesses to them are trapped because its configuration says so (`traps ctr cache`): the answers
 * are the PE's own, and the maintenance is done, so that only time tells.
 */
#include "roms/visor/sysregs.h"

bool cache_identity(struct vcpu *vcpu, struct sysreg_access *access)
{
    switch (access->encoding) {
    case ENCODING(3u, 3, 0, 0, 1): access->value = READ(ctr_el0); return access->read;
    case ENCODING(3u, 1, 0, 0, 0): access->value = READ(ccsidr_el1); return access->read; /* of the guest's CSSELR_EL1 */
    case ENCODING(3u, 1, 0, 0, 1): access->value = READ(clidr_el1); return access->read;
    case ENCODING(3u, 2, 0, 0, 0):
        if (access->read)
            access->value = vcpu_get(vcpu, CSSELR_EL1);
        else
            vcpu_set(vcpu, CSSELR_EL1, access->value);
        return true;
    default: return false;
    }
}

/* Every IC, and DC by address: the line's place in memory is cleaned and invalidated, whatever less was asked for. */
bool cache_maintenance(struct vcpu *vcpu, struct sysreg_access *access)
{
    bool by_address = access->encoding != ENCODING(1u, 0, 7, 1, 0) && access->encoding != ENCODING(1u, 0, 7, 5, 0);
    u64 ipa, par;
    if (access->read)
        return false;
    if (by_address) {
        if (!vcpu_translate(vcpu, access->value, ACCESS_READ, false, &ipa, &par)) {
            inject_abort(vcpu, false, access->value, fault_status(vcpu, access->value, par), ISS_CM | ISS_WNR);
            return true;
        }
        const void *line = vm_ram(vcpu->vm, ipa, 1);
        if (line)
            __asm__ volatile("dc civac, %0\n\tdsb ish" ::"r"(line) : "memory");
    }
    __asm__ volatile("ic ialluis\n\tdsb ish\n\tisb" ::: "memory");
    return true;
}
