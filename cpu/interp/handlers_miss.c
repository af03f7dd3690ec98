/* Where loads and stores go when the fast TLB has no entry for them. */
#include "cpu/interp/flow.h"

/* Neither the device TLB nor a quick refill serves it: by the whole translation, which may abort, or by C code. */
static enum flow missed(struct pe *pe, unsigned refilled, uint64_t size, bool write)
{
    switch (mem_refill_slowly(pe, pe->slow_address, size, write, refilled)) {
    case REFILL_DONE:
        return FLOW_RESUME;
    case REFILL_ABORT:
        return interp_aborted(pe);
    case REFILL_NOT:
        break;
    }
    return interp_slow(pe);
}

static __attribute__((noinline)) enum flow missed_load(struct pe *pe, unsigned refilled, uint64_t size)
{
    return missed(pe, refilled, size, false);
}

static __attribute__((noinline)) enum flow missed_store(struct pe *pe, unsigned refilled, uint64_t size)
{
    return missed(pe, refilled, size, true);
}

/* The device TLB is asked first: what it holds is never in the fast TLB. */
#define IN_DEVICE_TLB(KIND, tag)                                                                                       \
    (sizeof(TYPE_##KIND) <= 8 && device_page(pe, pe->slow_address)->tag == device_tag(pe, pe->slow_address))
#define HOST_ADDRESS (pe->slow_address + (uint64_t)FAST_ENTRY(pe->slow_address)->addend)

/* After the access: `limit`, because a device may have changed it. */
#define LOADED(KIND, MODE, data)                                                                                       \
    do {                                                                                                               \
        WRITEBACK_##MODE(ip->b, ip->imm, pe->slow_address) PUT_##KIND(ip->a, data);                                    \
        limit = pe->limit;                                                                                             \
        NEXT(1);                                                                                                       \
    } while (0)
#define MISS_LOAD(KIND, MODE)                                                                                          \
    HANDLER(miss_load_##KIND##_##MODE, {                                                                               \
        SPILL;                                                                                                         \
        union {                                                                                                        \
            uint64_t word;                                                                                             \
            TYPE_##KIND data;                                                                                          \
        } value;                                                                                                       \
        if (UNLIKELY(IN_DEVICE_TLB(KIND, read_tag))) {                                                                 \
            enum device_access access_ = device_load(pe, pe->slow_address, sizeof(value.data));                        \
            value.word = pe->slow_data;                                                                                \
            if (LIKELY(access_ == DEVICE_DONE))                                                                        \
                LOADED(KIND, MODE, value.data);                                                                        \
            if (access_ == DEVICE_ABORT)                                                                               \
                CONTINUE(interp_aborted(pe));                                                                          \
        }                                                                                                              \
        unsigned refilled_ = mem_refill(pe, pe->slow_address, sizeof(value.data), false);                              \
        if (UNLIKELY(refilled_ != MMU_REFILLED))                                                                       \
            CONTINUE(missed_load(pe, refilled_, sizeof(value.data)));                                                  \
        memcpy(&value.data, (const void *)HOST_ADDRESS, sizeof(value.data));                                           \
        LOADED(KIND, MODE, value.data);                                                                                \
    })
#define STORED(MODE)                                                                                                   \
    do {                                                                                                               \
        WRITEBACK_##MODE(ip->b, ip->imm, pe->slow_address) limit = pe->limit;                                          \
        NEXT(1);                                                                                                       \
    } while (0)
#define MISS_STORE(KIND, MODE)                                                                                         \
    HANDLER(miss_store_##KIND##_##MODE, {                                                                              \
        SPILL;                                                                                                         \
        union {                                                                                                        \
            uint64_t word;                                                                                             \
            TYPE_##KIND data;                                                                                          \
        } value = {0};                                                                                                 \
        value.data = TAKE_##KIND(ip->a);                                                                               \
        if (UNLIKELY(IN_DEVICE_TLB(KIND, write_tag))) {                                                                \
            enum device_access access_ = device_store(pe, pe->slow_address, sizeof(value.data), value.word);           \
            if (LIKELY(access_ == DEVICE_DONE))                                                                        \
                STORED(MODE);                                                                                          \
            if (access_ == DEVICE_ABORT)                                                                               \
                CONTINUE(interp_aborted(pe));                                                                          \
        }                                                                                                              \
        unsigned refilled_ = mem_refill(pe, pe->slow_address, sizeof(value.data), true);                               \
        if (UNLIKELY(refilled_ != MMU_REFILLED))                                                                       \
            CONTINUE(missed_store(pe, refilled_, sizeof(value.data)));                                                 \
        memcpy((void *)HOST_ADDRESS, &value.data, sizeof(value.data));                                                 \
        STORED(MODE);                                                                                                  \
    })
#define MISS_LOADS(kind) ADDRESSING_MODES(MISS_LOAD, kind)
#define MISS_STORES(kind) ADDRESSING_MODES(MISS_STORE, kind)
LOAD_KINDS(MISS_LOADS)
STORE_KINDS(MISS_STORES)

/* Pairs are done again by their own handlers, when the fast TLB serves them. */
#define MISS_PAIR(direction, KIND, write)                                                                              \
    HANDLER(miss_##direction##_pair_##KIND, {                                                                          \
        SPILL;                                                                                                         \
        unsigned refilled_ = mem_refill(pe, pe->slow_address, 2 * sizeof(TYPE_##KIND), write);                         \
        if (LIKELY(refilled_ == MMU_REFILLED))                                                                         \
            DISPATCH;                                                                                                  \
        CONTINUE(missed_##direction(pe, refilled_, 2 * sizeof(TYPE_##KIND)));                                          \
    })
#define MISS_LOAD_PAIR(kind) MISS_PAIR(load, kind, false)
#define MISS_STORE_PAIR(kind) MISS_PAIR(store, kind, true)
PAIR_KINDS(MISS_LOAD_PAIR)
PAIR_KINDS(MISS_STORE_PAIR)
