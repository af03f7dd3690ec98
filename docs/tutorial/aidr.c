/* What HCR_EL2.TID1 brings to EL2 and is no hypercall: the guest reads what it would read without the trap. */
#include "roms/visor/sysregs.h"

bool revision_register(struct vcpu *vcpu, struct sysreg_access *access)
{
    (void)vcpu;
    access->value = access->encoding == ENCODING(3u, 1, 0, 0, 7) ? READ(aidr_el1) : READ(revidr_el1);
    return access->read;
}
