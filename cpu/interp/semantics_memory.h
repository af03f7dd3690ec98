/*
 * Loads and stores, the fast case: the page is RAM and in the fast TLB with this context. A miss first tries to fill
 * the entry and starts the instruction anew; everything else (MMIO, faults, page crossings, alignment checks,
 * big-endian data) is done whole by the instruction's own function in cpu/a64/ldst*.c.
 */
#ifndef ARMSIM_CPU_INTERP_SEMANTICS_MEMORY_H
#define ARMSIM_CPU_INTERP_SEMANTICS_MEMORY_H

#include "cpu/interp/semantics.h"

#include <string.h>

/* An access that crosses a page has its last byte under another tag, so one comparison covers both. */
#define FAST_TAG(va, size) ((((va) + (size) - 1) & ~0xfffull) | pe->context)
#define MISS(handler, K, va)                                                                                           \
    do {                                                                                                               \
        pe->slow_address = (va);                                                                                       \
        ip += (K);                                                                                                     \
        TAIL(handler);                                                                                                 \
    } while (0)
#define FAST_ENTRY(va) (&pe->dtlb[(va) >> 12 & (FAST_TLB_ENTRIES - 1)])

/* Addressing modes: the address, and what happens to the base register after the access. */
#define ADDRESS_off(B, C, D, I, K) (X(B) + (uint64_t)(int64_t)(I))
#define ADDRESS_reg(B, C, D, I, K) (X(B) + (X(C) << (D)))
#define ADDRESS_uxtw(B, C, D, I, K) (X(B) + ((uint64_t)(uint32_t)X(C) << (D)))
#define ADDRESS_sxtw(B, C, D, I, K) (X(B) + ((uint64_t)(int64_t)(int32_t)X(C) << (D)))
#define ADDRESS_pre(B, C, D, I, K) (X(B) + (uint64_t)(int64_t)(I))
#define ADDRESS_post(B, C, D, I, K) (X(B))
#define ADDRESS_lit(B, C, D, I, K) (PC_OF(K) + (uint64_t)(int64_t)(I))
#define WRITEBACK_off(B, I, va)
#define WRITEBACK_reg(B, I, va)
#define WRITEBACK_uxtw(B, I, va)
#define WRITEBACK_sxtw(B, I, va)
#define WRITEBACK_lit(B, I, va)
#define WRITEBACK_pre(B, I, va) X(B) = (va);
#define WRITEBACK_post(B, I, va) X(B) = (va) + (uint64_t)(int64_t)(I);

/* Kinds of data: type in memory, and how a register gets or gives it. */
/* X(kind) of the single accesses, by register file, and of the addressing modes. */
#define LOAD_KINDS(X) X(u8) X(u16) X(u32) X(u64) X(s8x) X(s16x) X(s32x) X(s8w) X(s16w) X(b) X(h) X(s) X(d) X(q)
#define STORE_KINDS(X) X(u8) X(u16) X(u32) X(u64) X(b) X(h) X(s) X(d) X(q)
#define PAIR_KINDS(X) X(u32) X(u64) X(s32x) X(s) X(d) X(q)
#define ADDRESSING_MODES(X, kind) X(kind, off) X(kind, reg) X(kind, uxtw) X(kind, sxtw) X(kind, pre) X(kind, post) X(kind, lit)

struct bytes16 {
    uint64_t low, high;
};
#define TYPE_u8 uint8_t
#define TYPE_u16 uint16_t
#define TYPE_u32 uint32_t
#define TYPE_u64 uint64_t
#define TYPE_s8x int8_t
#define TYPE_s16x int16_t
#define TYPE_s32x int32_t
#define TYPE_s8w int8_t
#define TYPE_s16w int16_t
#define TYPE_b uint8_t
#define TYPE_h uint16_t
#define TYPE_s uint32_t
#define TYPE_d uint64_t
#define TYPE_q struct bytes16
#define PUT_u8(A, data) X(A) = (data)
#define PUT_u16(A, data) X(A) = (data)
#define PUT_u32(A, data) X(A) = (data)
#define PUT_u64(A, data) X(A) = (data)
#define PUT_s8x(A, data) X(A) = (uint64_t)(int64_t)(data)
#define PUT_s16x(A, data) X(A) = (uint64_t)(int64_t)(data)
#define PUT_s32x(A, data) X(A) = (uint64_t)(int64_t)(data)
#define PUT_s8w(A, data) X(A) = (uint32_t)(int32_t)(data)
#define PUT_s16w(A, data) X(A) = (uint32_t)(int32_t)(data)
#define PUT_b(A, data) (pe->v[A].d[0] = (data), pe->v[A].d[1] = 0)
#define PUT_h(A, data) (pe->v[A].d[0] = (data), pe->v[A].d[1] = 0)
#define PUT_s(A, data) (pe->v[A].d[0] = (data), pe->v[A].d[1] = 0)
#define PUT_d(A, data) (pe->v[A].d[0] = (data), pe->v[A].d[1] = 0)
#define PUT_q(A, data) (pe->v[A].d[0] = (data).low, pe->v[A].d[1] = (data).high)
#define TAKE_u8(A) ((uint8_t)X(A))
#define TAKE_u16(A) ((uint16_t)X(A))
#define TAKE_u32(A) ((uint32_t)X(A))
#define TAKE_u64(A) (X(A))
#define TAKE_b(A) (pe->v[A].b[0])
#define TAKE_h(A) (pe->v[A].h[0])
#define TAKE_s(A) (pe->v[A].s[0])
#define TAKE_d(A) (pe->v[A].d[0])
#define TAKE_s32x(A) ((int32_t)X(A))
#define TAKE_q(A) ((struct bytes16){pe->v[A].d[0], pe->v[A].d[1]})
/* SIMD&FP registers may be disabled; the slow path traps. */
#define ENABLED_general(K)
#define ENABLED_simd(K)                                                                                                \
    if (UNLIKELY(!pe->fp_enabled))                                                                                     \
        SLOW(K);

/*
 * Single accesses miss into a handler of their own kind, which knows the register to transfer: a miss fills the entry
 * and starts anew, and an access to a device that is in the device TLB is made at once. Pairs miss to their function.
 */
#define SEM_load(FILE_, KIND, MODE, A, B, C, D, I, K)                                                                  \
    {                                                                                                                  \
        ENABLED_##FILE_(K)                                                                                             \
        uint64_t va_ = ADDRESS_##MODE(B, C, D, I, K);                                                                  \
        const struct fast_tlb_entry *entry_ = FAST_ENTRY(va_);                                                         \
        TYPE_##KIND data_;                                                                                             \
        if (UNLIKELY(FAST_TAG(va_, sizeof(data_)) != entry_->read_tag))                                                \
            MISS(handle_miss_load_##KIND##_##MODE, K, va_);                                                                       \
        memcpy(&data_, (const void *)(va_ + (uint64_t)entry_->addend), sizeof(data_));                                 \
        WRITEBACK_##MODE(B, I, va_) PUT_##KIND(A, data_);                                                              \
    }
#define SEM_store(FILE_, KIND, MODE, A, B, C, D, I, K)                                                                 \
    {                                                                                                                  \
        ENABLED_##FILE_(K)                                                                                             \
        uint64_t va_ = ADDRESS_##MODE(B, C, D, I, K);                                                                  \
        const struct fast_tlb_entry *entry_ = FAST_ENTRY(va_);                                                         \
        TYPE_##KIND data_ = TAKE_##KIND(A);                                                                            \
        if (UNLIKELY(FAST_TAG(va_, sizeof(data_)) != entry_->write_tag))                                               \
            MISS(handle_miss_store_##KIND##_##MODE, K, va_);                                                                      \
        memcpy((void *)(va_ + (uint64_t)entry_->addend), &data_, sizeof(data_));                                       \
        WRITEBACK_##MODE(B, I, va_)                                                                                    \
    }
/* Pairs: registers A and C. */
#define SEM_load_pair(FILE_, KIND, MODE, A, B, C, D, I, K)                                                             \
    {                                                                                                                  \
        ENABLED_##FILE_(K)                                                                                             \
        uint64_t va_ = ADDRESS_##MODE(B, C, D, I, K);                                                                  \
        const struct fast_tlb_entry *entry_ = FAST_ENTRY(va_);                                                         \
        TYPE_##KIND data_[2];                                                                                          \
        if (UNLIKELY(FAST_TAG(va_, sizeof(data_)) != entry_->read_tag))                                                \
            MISS(handle_miss_load_pair_##KIND, K, va_);                                                                       \
        memcpy(data_, (const void *)(va_ + (uint64_t)entry_->addend), sizeof(data_));                                  \
        WRITEBACK_##MODE(B, I, va_) PUT_##KIND(A, data_[0]);                                                           \
        PUT_##KIND(C, data_[1]);                                                                                       \
    }
#define SEM_store_pair(FILE_, KIND, MODE, A, B, C, D, I, K)                                                            \
    {                                                                                                                  \
        ENABLED_##FILE_(K)                                                                                             \
        uint64_t va_ = ADDRESS_##MODE(B, C, D, I, K);                                                                  \
        const struct fast_tlb_entry *entry_ = FAST_ENTRY(va_);                                                         \
        TYPE_##KIND data_[2] = {TAKE_##KIND(A), TAKE_##KIND(C)};                                                       \
        if (UNLIKELY(FAST_TAG(va_, sizeof(data_)) != entry_->write_tag))                                               \
            MISS(handle_miss_store_pair_##KIND, K, va_);                                                                      \
        memcpy((void *)(va_ + (uint64_t)entry_->addend), data_, sizeof(data_));                                        \
        WRITEBACK_##MODE(B, I, va_)                                                                                    \
    }

/* A write to SP that may change its alignment: the slow path re-evaluates the SP alignment check. */
#define SEM_add_imm_sp(A, B, C, D, I, K)                                                                               \
    {                                                                                                                  \
        uint64_t sp_ = X(B) + (uint64_t)(int64_t)(I);                                                                  \
        if (UNLIKELY(((sp_ | X(REG_SP)) & 15) != 0))                                                                   \
            SLOW(K);                                                                                                   \
        X(REG_SP) = sp_;                                                                                               \
    }

#endif
