/* The registers of EL1 and EL0 that belong to a vCPU: one list, for saving, loading and emulating. */
#ifndef VISOR_CONTEXT_H
#define VISOR_CONTEXT_H

#include "roms/visor/registers.h"

/* Name, encoding as EL1 has it, encoding at EL2 with HCR_EL2.E2H (the _EL12 and _EL02 forms). */
#define GUEST_REGISTERS(R)                                                                                             \
    R(SCTLR_EL1, S3_0_C1_C0_0, S3_5_C1_C0_0)                                                                           \
    R(CPACR_EL1, S3_0_C1_C0_2, S3_5_C1_C0_2)                                                                           \
    R(TTBR0_EL1, S3_0_C2_C0_0, S3_5_C2_C0_0)                                                                           \
    R(TTBR1_EL1, S3_0_C2_C0_1, S3_5_C2_C0_1)                                                                           \
    R(TCR_EL1, S3_0_C2_C0_2, S3_5_C2_C0_2)                                                                             \
    R(SPSR_EL1, S3_0_C4_C0_0, S3_5_C4_C0_0)                                                                            \
    R(ELR_EL1, S3_0_C4_C0_1, S3_5_C4_C0_1)                                                                             \
    R(AFSR0_EL1, S3_0_C5_C1_0, S3_5_C5_C1_0)                                                                           \
    R(AFSR1_EL1, S3_0_C5_C1_1, S3_5_C5_C1_1)                                                                           \
    R(ESR_EL1, S3_0_C5_C2_0, S3_5_C5_C2_0)                                                                             \
    R(FAR_EL1, S3_0_C6_C0_0, S3_5_C6_C0_0)                                                                             \
    R(MAIR_EL1, S3_0_C10_C2_0, S3_5_C10_C2_0)                                                                          \
    R(AMAIR_EL1, S3_0_C10_C3_0, S3_5_C10_C3_0)                                                                         \
    R(VBAR_EL1, S3_0_C12_C0_0, S3_5_C12_C0_0)                                                                          \
    R(CONTEXTIDR_EL1, S3_0_C13_C0_1, S3_5_C13_C0_1)                                                                    \
    R(CNTKCTL_EL1, S3_0_C14_C1_0, S3_5_C14_C1_0)                                                                       \
    R(CNTV_CTL_EL0, S3_3_C14_C3_1, S3_5_C14_C3_1)                                                                      \
    R(CNTV_CVAL_EL0, S3_3_C14_C3_2, S3_5_C14_C3_2)                                                                     \
    R(ACTLR_EL1, S3_0_C1_C0_1, S3_0_C1_C0_1)                                                                           \
    R(SP_EL0, S3_0_C4_C1_0, S3_0_C4_C1_0)                                                                              \
    R(SP_EL1, S3_4_C4_C1_0, S3_4_C4_C1_0)                                                                              \
    R(PAR_EL1, S3_0_C7_C4_0, S3_0_C7_C4_0)                                                                             \
    R(TPIDR_EL1, S3_0_C13_C0_4, S3_0_C13_C0_4)                                                                         \
    R(TPIDR_EL0, S3_3_C13_C0_2, S3_3_C13_C0_2)                                                                         \
    R(TPIDRRO_EL0, S3_3_C13_C0_3, S3_3_C13_C0_3)                                                                       \
    R(CSSELR_EL1, S3_2_C0_C0_0, S3_2_C0_C0_0)                                                                          \
    R(MDSCR_EL1, S2_0_C0_C2_2, S2_0_C0_C2_2)                                                                           \
    R(CNTVOFF_EL2, S3_4_C14_C0_3, S3_4_C14_C0_3)                                                                       \
    R(VMPIDR_EL2, S3_4_C0_C0_5, S3_4_C0_C0_5)                                                                          \
    R(VPIDR_EL2, S3_4_C0_C0_0, S3_4_C0_C0_0)

#define ENUMERATE(name, el1, e2h) name,
enum guest_register { GUEST_REGISTERS(ENUMERATE) GUEST_REGISTER_COUNT };
#undef ENUMERATE

/* Q0 to Q31, FPCR, FPSR. */
struct fp_context {
    _Alignas(16) u64 q[64];
    u64 fpcr, fpsr;
};

void fp_save(struct fp_context *context);
void fp_load(const struct fp_context *context);

/* All of the list between the PE and memory. */
void registers_save(u64 values[GUEST_REGISTER_COUNT]);
void registers_load(const u64 values[GUEST_REGISTER_COUNT]);

/* One of them, on the PE. */
u64 register_read(enum guest_register reg);
void register_write(enum guest_register reg, u64 value);

#endif
