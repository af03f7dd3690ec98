#include "libarmsim/firmware/smccc.h"

#define SMCCC_VERSION 0x80000000u
#define SMCCC_ARCH_FEATURES 0x80000001u

#define SMCCC_VERSION_1_2 0x10002

/* DEN0028 7.3: which functions of the Arm Architecture Calls there are. No workaround is offered: a simulated PE has
 * no speculation to stop, and NOT_SUPPORTED leaves the choice to the guest. */
static int64_t arch_features(uint32_t function)
{
    switch (function) {
    case SMCCC_VERSION:
    case SMCCC_ARCH_FEATURES:
        return 0;
    default:
        return SMCCC_NOT_SUPPORTED;
    }
}

void smccc_dispatch(const struct firmware *firmware, struct smccc_call *call)
{
    if (call->imm == 0) {
        switch ((uint32_t)call->x[0]) {
        case SMCCC_VERSION:
            smccc_return(call, SMCCC_VERSION_1_2);
            return;
        case SMCCC_ARCH_FEATURES:
            smccc_return(call, arch_features((uint32_t)call->x[1]));
            return;
        default:
            if (psci_dispatch(firmware, call) || trng_dispatch(firmware, call))
                return;
        }
    }
    smccc_return(call, SMCCC_NOT_SUPPORTED);
}
