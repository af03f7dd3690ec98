/* The Power State Coordination Interface 1.1 (DEN0022): numbers, and the caller's side. */
#ifndef ROM_PSCI_H
#define ROM_PSCI_H

#include "smccc.h"

enum psci_function {
    PSCI_VERSION = 0x84000000,
    PSCI_CPU_SUSPEND = 0x84000001,
    PSCI_CPU_OFF = 0x84000002,
    PSCI_CPU_ON = 0x84000003,
    PSCI_AFFINITY_INFO = 0x84000004,
    PSCI_MIGRATE = 0x84000005,
    PSCI_MIGRATE_INFO_TYPE = 0x84000006,
    PSCI_SYSTEM_OFF = 0x84000008,
    PSCI_SYSTEM_RESET = 0x84000009,
    PSCI_FEATURES = 0x8400000a,
    PSCI_SYSTEM_RESET2 = 0x84000012,
};
#define PSCI_CPU_ON_64 (PSCI_CPU_ON | SMCCC_64)
#define PSCI_AFFINITY_INFO_64 (PSCI_AFFINITY_INFO | SMCCC_64)

enum psci_error {
    PSCI_SUCCESS = 0,
    PSCI_NOT_SUPPORTED = -1,
    PSCI_INVALID_PARAMETERS = -2,
    PSCI_ALREADY_ON = -4,
    PSCI_ON_PENDING = -5,
    PSCI_INVALID_ADDRESS = -9,
};

#define PSCI_VERSION_1_1 0x10001
enum psci_affinity { PSCI_AFFINITY_ON = 0, PSCI_AFFINITY_OFF = 1, PSCI_AFFINITY_ON_PENDING = 2 };
#define PSCI_NO_MIGRATION 2 /* MIGRATE_INFO_TYPE: there is no Trusted OS that would need it */
#define PSCI_STATE_POWER_DOWN (1u << 16) /* of CPU_SUSPEND's state, in the original format */

#ifdef __aarch64__
static inline i64 psci(enum smccc_conduit conduit, u64 function, u64 a, u64 b, u64 c)
{
    u64 x[5] = {function, a, b, c};
    smccc_call(conduit, x);
    return (i64)x[0];
}
#endif

#endif
