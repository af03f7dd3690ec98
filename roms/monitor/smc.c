/* SMC Calling Convention 1.1 (DEN0028): who is called. */
#include "../lib/smccc.h"
#include "monitor.h"

enum { PSCI_CALLS = 18 };

/* 6d736d61-6f6d-4e69-b574-6f7273303031 of the standard service, ...32 of the monitor's own. */
static const u32 standard_uid[4] = {0x616d736d, 0x694e6d6f, 0x726f74b5, 0x31303073};
static const u32 vendor_uid[4] = {0x616d736d, 0x694e6d6f, 0x726f74b5, 0x32303073};

static void set_result(u64 x[4], const u32 words[4])
{
    for (unsigned i = 0; i < 4; i++)
        x[i] = words[i];
}

static bool identity_call(u64 x[4])
{
    switch ((u32)x[0]) {
    case SMCCC_VERSION:
        x[0] = SMCCC_VERSION_1_1;
        return true;
    case SMCCC_ARCH_FEATURES:
        x[0] =
            (u32)x[1] == SMCCC_VERSION || (u32)x[1] == SMCCC_ARCH_FEATURES ? SMCCC_SUCCESS : (u64)SMCCC_NOT_SUPPORTED;
        return true;
    case SMCCC_STANDARD_CALL_COUNT:
        x[0] = PSCI_CALLS + config.call_count;
        return true;
    case SMCCC_STANDARD_CALL_UID:
        set_result(x, standard_uid);
        return true;
    case SMCCC_VENDOR_CALL_COUNT:
        x[0] = 0;
        return true;
    case SMCCC_VENDOR_CALL_UID:
        set_result(x, vendor_uid);
        return true;
    case SMCCC_STANDARD_REVISION:
    case SMCCC_VENDOR_REVISION:
        x[0] = 1;
        x[1] = 0;
        return true;
    default:
        return false;
    }
}

static bool configured_call(u64 x[5])
{
    if (!config.call)
        return false;
    monitor_lock();
    bool known = config.call(x);
    monitor_unlock();
    return known;
}

/* X4 to X30 stay as they were; so do X1 to X3 where a call has no result in them. */
void smc(struct frame *frame)
{
    bool known = ESR_ISS(frame->esr) == 0; /* SMC #0 alone is a call */
    if (known)
        known = identity_call(frame->x) || psci_call(frame->x) || configured_call(frame->x);
    if (!known)
        frame->x[0] = (u64)SMCCC_NOT_SUPPORTED;
}
