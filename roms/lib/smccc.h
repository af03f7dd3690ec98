/* The SMC Calling Convention 1.1 (DEN0028): numbers, and the caller's side. */
#ifndef ROM_SMCCC_H
#define ROM_SMCCC_H

#include "types.h"

enum smccc_function {
    SMCCC_VERSION = 0x80000000,
    SMCCC_ARCH_FEATURES = 0x80000001,
    /* Standard secure services; vendor-specific EL3 monitor calls. */
    SMCCC_STANDARD_CALL_COUNT = 0x8400ff00,
    SMCCC_STANDARD_CALL_UID = 0x8400ff01,
    SMCCC_STANDARD_REVISION = 0x8400ff03,
    SMCCC_VENDOR_CALL_COUNT = 0x8700ff00,
    SMCCC_VENDOR_CALL_UID = 0x8700ff01,
    SMCCC_VENDOR_REVISION = 0x8700ff03,
};
#define SMCCC_64 0x40000000u /* set in the function's number: arguments have 64 bits */
#define SMCCC_VERSION_1_1 0x10001
#define SMCCC_SUCCESS 0
#define SMCCC_NOT_SUPPORTED (-1)

enum smccc_conduit { SMCCC_CONDUIT_SMC, SMCCC_CONDUIT_HVC };

#ifdef __aarch64__
/* X0 to X4 in and out. The others may change, as version 1.0 has it. */
static inline void smccc_call(enum smccc_conduit conduit, u64 x[5])
{
    register u64 x0 __asm__("x0") = x[0];
    register u64 x1 __asm__("x1") = x[1];
    register u64 x2 __asm__("x2") = x[2];
    register u64 x3 __asm__("x3") = x[3];
    register u64 x4 __asm__("x4") = x[4];
#define SMCCC_CALL(instruction)                                                                                        \
    __asm__ volatile(instruction " #0"                                                                                 \
                     : "+r"(x0), "+r"(x1), "+r"(x2), "+r"(x3), "+r"(x4)                                                \
                     :                                                                                                 \
                     : "x5", "x6", "x7", "x8", "x9", "x10", "x11", "x12", "x13", "x14", "x15", "x16", "x17", "memory")
    if (conduit == SMCCC_CONDUIT_HVC)
        SMCCC_CALL("hvc");
    else
        SMCCC_CALL("smc");
#undef SMCCC_CALL
    x[0] = x0;
    x[1] = x1;
    x[2] = x2;
    x[3] = x3;
    x[4] = x4;
}
#endif

#endif
