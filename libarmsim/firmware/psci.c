/*
 * PSCI 1.1 (DEN0022 E). Functions and error codes are the specification's. Left out, and announced so by
 * PSCI_FEATURES: MIGRATE (there is no Trusted OS), CPU_FREEZE, CPU_DEFAULT_SUSPEND, NODE_HW_STATE, SYSTEM_SUSPEND,
 * PSCI_SET_SUSPEND_MODE, the statistics and MEM_PROTECT, all optional.
 *
 * CPU_SUSPEND knows one state: standby of the PE alone. A request to power down is met with standby as well, which
 * the platform-coordinated mode allows (5.4), so that it returns SUCCESS to its caller when an interrupt comes.
 */
#include "libarmsim/firmware/smccc.h"

#include <stddef.h>

enum psci_function {
    PSCI_VERSION = 0x84000000,
    PSCI_CPU_SUSPEND = 0x84000001,
    PSCI_CPU_OFF = 0x84000002,
    PSCI_CPU_ON = 0x84000003,
    PSCI_AFFINITY_INFO = 0x84000004,
    PSCI_MIGRATE_INFO_TYPE = 0x84000006,
    PSCI_SYSTEM_OFF = 0x84000008,
    PSCI_SYSTEM_RESET = 0x84000009,
    PSCI_PSCI_FEATURES = 0x8400000a,
    PSCI_SYSTEM_RESET2 = 0x84000012,
};

enum psci_error {
    PSCI_SUCCESS = 0,
    PSCI_NOT_SUPPORTED = -1,
    PSCI_INVALID_PARAMETERS = -2,
    PSCI_ALREADY_ON = -4,
    PSCI_INVALID_ADDRESS = -9,
};

#define PSCI_VERSION_1_1 0x10001
enum { AFFINITY_ON = 0, AFFINITY_OFF = 1 };
enum { MIGRATE_NO_TRUSTED_OS = 2 };
enum { RESET2_SYSTEM_WARM_RESET = 0 };

#define SMCCC_VERSION_FUNCTION 0x80000000u

/* Function numbers that belong to PSCI: 0x84000000 to 0x8400001f and their 64-bit forms (DEN0028 table 6-2). */
static bool is_psci(uint32_t function)
{
    return (function & ~(SMCCC_64 | 0x1fu)) == PSCI_VERSION;
}

/* Affinity fields from level `level` up: Aff0 is bits 7:0, Aff1 15:8, Aff2 23:16, Aff3 39:32. */
static uint64_t affinity_above(uint64_t affinity, unsigned level)
{
    static const uint64_t masks[] = {0xff00ffffff, 0xff00ffff00, 0xff00ff0000, 0xff00000000};
    return affinity & masks[level];
}

static int find_pe(const struct firmware *firmware, uint64_t affinity)
{
    unsigned count = firmware->ops->pe_count(firmware->opaque);
    for (unsigned pe = 0; pe < count; pe++)
        if (firmware->ops->affinity(firmware->opaque, pe) == affinity)
            return (int)pe;
    return -1;
}

/* 5.4: power_state in the original format: StateID 15:0, StateType 16, PowerLevel 25:24, all else zero. */
static int64_t cpu_suspend(const struct firmware *firmware, struct smccc_call *call)
{
    enum { POWER_DOWN = 1 << 16 };
    uint32_t power_state = (uint32_t)call->x[1];
    if (power_state & ~(uint32_t)POWER_DOWN)
        return PSCI_INVALID_PARAMETERS;
    if ((power_state & POWER_DOWN) && !firmware->ops->valid_entry(firmware->opaque, smccc_argument(call, 2)))
        return PSCI_INVALID_ADDRESS;
    firmware->ops->standby(firmware->opaque, call->pe);
    return PSCI_SUCCESS;
}

static int64_t cpu_on(const struct firmware *firmware, struct smccc_call *call)
{
    uint64_t target = smccc_argument(call, 1), entry = smccc_argument(call, 2), context = smccc_argument(call, 3);
    int pe = find_pe(firmware, target);
    if (pe < 0)
        return PSCI_INVALID_PARAMETERS;
    if (firmware->ops->is_on(firmware->opaque, (unsigned)pe))
        return PSCI_ALREADY_ON;
    if (!firmware->ops->valid_entry(firmware->opaque, entry))
        return PSCI_INVALID_ADDRESS;
    firmware->ops->start(firmware->opaque, (unsigned)pe, entry, context);
    return PSCI_SUCCESS;
}

/* 5.8: an affinity instance is off when every PE in it is. */
static int64_t affinity_info(const struct firmware *firmware, const struct smccc_call *call)
{
    uint64_t target = smccc_argument(call, 1), level = (uint32_t)call->x[2];
    if (level > 3)
        return PSCI_INVALID_PARAMETERS;
    if (target & ~UINT64_C(0xff00ffffff))
        return PSCI_INVALID_PARAMETERS;
    unsigned count = firmware->ops->pe_count(firmware->opaque);
    bool found = false;
    for (unsigned pe = 0; pe < count; pe++) {
        uint64_t affinity = firmware->ops->affinity(firmware->opaque, pe);
        if (affinity_above(affinity, (unsigned)level) != affinity_above(target, (unsigned)level))
            continue;
        found = true;
        if (firmware->ops->is_on(firmware->opaque, pe))
            return AFFINITY_ON;
    }
    return found ? AFFINITY_OFF : PSCI_INVALID_PARAMETERS;
}

static int64_t features(uint32_t function)
{
    switch (function) {
    case PSCI_CPU_SUSPEND | SMCCC_64:
    case PSCI_CPU_ON | SMCCC_64:
    case PSCI_AFFINITY_INFO | SMCCC_64:
    case PSCI_SYSTEM_RESET2 | SMCCC_64:
    case PSCI_VERSION:
    case PSCI_CPU_SUSPEND: /* flags 0: original power_state format, no OS-initiated mode */
    case PSCI_CPU_OFF:
    case PSCI_CPU_ON:
    case PSCI_AFFINITY_INFO:
    case PSCI_MIGRATE_INFO_TYPE:
    case PSCI_SYSTEM_OFF:
    case PSCI_SYSTEM_RESET:
    case PSCI_PSCI_FEATURES:
    case PSCI_SYSTEM_RESET2:
    case SMCCC_VERSION_FUNCTION:
        return PSCI_SUCCESS;
    default:
        return PSCI_NOT_SUPPORTED;
    }
}

static int64_t system_reset2(const struct firmware *firmware, struct smccc_call *call)
{
    if ((uint32_t)call->x[1] != RESET2_SYSTEM_WARM_RESET)
        return PSCI_INVALID_PARAMETERS;
    firmware->ops->system_reset(firmware->opaque, true);
    call->no_return = true;
    return PSCI_SUCCESS;
}

bool psci_dispatch(const struct firmware *firmware, struct smccc_call *call)
{
    uint32_t function = (uint32_t)call->x[0];
    if (!is_psci(function))
        return false;
    int64_t result = PSCI_NOT_SUPPORTED;
    switch (function) {
    case PSCI_VERSION:
        result = PSCI_VERSION_1_1;
        break;
    case PSCI_CPU_SUSPEND:
    case PSCI_CPU_SUSPEND | SMCCC_64:
        result = cpu_suspend(firmware, call);
        break;
    case PSCI_CPU_OFF:
        firmware->ops->stop(firmware->opaque, call->pe);
        call->no_return = true;
        result = PSCI_SUCCESS;
        break;
    case PSCI_CPU_ON:
    case PSCI_CPU_ON | SMCCC_64:
        result = cpu_on(firmware, call);
        break;
    case PSCI_AFFINITY_INFO:
    case PSCI_AFFINITY_INFO | SMCCC_64:
        result = affinity_info(firmware, call);
        break;
    case PSCI_MIGRATE_INFO_TYPE:
        result = MIGRATE_NO_TRUSTED_OS;
        break;
    case PSCI_SYSTEM_OFF:
        firmware->ops->system_off(firmware->opaque);
        call->no_return = true;
        result = PSCI_SUCCESS;
        break;
    case PSCI_SYSTEM_RESET:
        firmware->ops->system_reset(firmware->opaque, false);
        call->no_return = true;
        result = PSCI_SUCCESS;
        break;
    case PSCI_PSCI_FEATURES:
        result = features((uint32_t)call->x[1]);
        break;
    case PSCI_SYSTEM_RESET2:
    case PSCI_SYSTEM_RESET2 | SMCCC_64:
        result = system_reset2(firmware, call);
        break;
    default:
        break;
    }
    smccc_return(call, result);
    return true;
}
