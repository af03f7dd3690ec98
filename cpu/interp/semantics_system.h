/*
 * System instructions that are too frequent for the general way (cpu/a64/system.c): registers that are plain storage at
 * the current EL whatever the controls say, PSTATE.DAIF, and ISB. Wherever that isn't so they take the general way.
 */
#ifndef ARMSIM_CPU_INTERP_SEMANTICS_SYSTEM_H
#define ARMSIM_CPU_INTERP_SEMANTICS_SYSTEM_H

#include "cpu/interp/semantics_branch.h"
#include "cpu/sysreg_access.h"

#define SYSTEM_SLOW(K)                                                                                                 \
    do {                                                                                                               \
        ip += (K);                                                                                                     \
        TAIL(handle_slow_system);                                                                                      \
    } while (0)

#define AT_ELS(D, K)                                                                                                   \
    if (UNLIKELY(!((D) >> pe->pstate.el & 1)))                                                                         \
        SYSTEM_SLOW(K);
/* D: sysreg_storage_els(). At other ELs the ruling decides. */
#define OWN_STORAGE(K, D, otherwise)                                                                                   \
    if (UNLIKELY(!((D) >> pe->pstate.el & 1))) {                                                                       \
        ip += (K);                                                                                                     \
        TAIL(otherwise);                                                                                               \
    }
#define SEM_mrs_storage(A, B, C, D, I, K)                                                                              \
    {                                                                                                                  \
        OWN_STORAGE(K, D, handle_mrs_ruling)                                                                           \
        X(A) = pe->sr[(I) >> ROW_BITS];                                                                                \
    }
/* I: a row of sysregs.def that is plain (sysreg_is_plain), but may be trapped or mean another register. */
#define PLAIN_STORAGE(K, I, READ, otherwise)                                                                           \
    uint32_t storage_ = sysreg_known_ruling(pe, I, READ);                                                              \
    if (UNLIKELY(storage_ >= RULING_ROW)) {                                                                            \
        ip += (K);                                                                                                     \
        TAIL(otherwise);                                                                                               \
    }
#define SEM_mrs_plain(A, B, C, D, I, K)                                                                                \
    {                                                                                                                  \
        PLAIN_STORAGE(K, I, true, handle_mrs_ruling)                                                                   \
        X(A) = pe->sr[storage_];                                                                                       \
    }
/* SP_EL0 exists as a register while another SP is selected. */
#define SEM_mrs_sp_el0(A, B, C, D, I, K)                                                                               \
    {                                                                                                                  \
        if (UNLIKELY(pe->pstate.el == 0 || !pe->pstate.sp))                                                            \
            SYSTEM_SLOW(K);                                                                                            \
        X(A) = pe->sp_el[0];                                                                                           \
    }
#define SEM_mrs_daif(A, B, C, D, I, K)                                                                                 \
    {                                                                                                                  \
        AT_ELS(0xe, K)                                                                                                 \
        X(A) = (uint64_t)pe->pstate.d << 9 | (uint64_t)pe->pstate.a << 8 | (uint64_t)pe->pstate.i << 7 |               \
               (uint64_t)pe->pstate.f << 6;                                                                            \
    }

/* Every write and ISB is a sample point: pending interrupts that it unmasks are taken at once. */
#define SAMPLE_POINT(K)                                                                                                \
    {                                                                                                                  \
        ip += (K) + 1;                                                                                                 \
        CHECK_BUDGET                                                                                                   \
        DISPATCH;                                                                                                      \
    }
#define TERM_isb(A, B, C, D, I, K) SAMPLE_POINT(K)
#define TERM_msr_storage(A, B, C, D, I, K)                                                                             \
    {                                                                                                                  \
        OWN_STORAGE(K, D, handle_msr_ruling)                                                                           \
        pe->sr[(I) >> ROW_BITS] = X(B);                                                                                \
        SAMPLE_POINT(K)                                                                                                \
    }
#define TERM_msr_plain(A, B, C, D, I, K)                                                                               \
    {                                                                                                                  \
        PLAIN_STORAGE(K, I, false, handle_msr_ruling)                                                                  \
        pe->sr[storage_] = X(B);                                                                                       \
        SAMPLE_POINT(K)                                                                                                \
    }
/* D: the mask of the immediate, as D A I F. */
#define TERM_daifset(A, B, C, D, I, K)                                                                                 \
    {                                                                                                                  \
        AT_ELS(0xe, K)                                                                                                 \
        pe->pstate.d |= (D) >> 3 & 1;                                                                                  \
        pe->pstate.a |= (D) >> 2 & 1;                                                                                  \
        pe->pstate.i |= (D) >> 1 & 1;                                                                                  \
        pe->pstate.f |= (D)&1;                                                                                         \
        SAMPLE_POINT(K)                                                                                                \
    }
/* What it unmasks may be pending: then the general way takes it. */
#define UNMASKING(K)                                                                                                   \
    AT_ELS(0xe, K)                                                                                                     \
    if (UNLIKELY(pe->pending || (SR(pe, HCR_EL2) & 7ull << 6)))                                                        \
        SYSTEM_SLOW(K);
#define TERM_daifclr(A, B, C, D, I, K)                                                                                 \
    {                                                                                                                  \
        UNMASKING(K)                                                                                                   \
        pe->pstate.d &= ~((D) >> 3 & 1);                                                                               \
        pe->pstate.a &= ~((D) >> 2 & 1);                                                                               \
        pe->pstate.i &= ~((D) >> 1 & 1);                                                                               \
        pe->pstate.f &= ~((D)&1);                                                                                      \
        SAMPLE_POINT(K)                                                                                                \
    }
#define TERM_msr_daif(A, B, C, D, I, K)                                                                                \
    {                                                                                                                  \
        UNMASKING(K)                                                                                                   \
        pe->pstate.d = X(B) >> 9 & 1;                                                                                  \
        pe->pstate.a = X(B) >> 8 & 1;                                                                                  \
        pe->pstate.i = X(B) >> 7 & 1;                                                                                  \
        pe->pstate.f = X(B) >> 6 & 1;                                                                                  \
        SAMPLE_POINT(K)                                                                                                \
    }

#endif
