/* Where loads and stores go when the fast TLB has no entry for them. */
#include "cpu/interp/flow.h"

#define CONTINUE_SLOW CONTINUE(interp_slow(pe))

/* Does the access again, when it can go the fast way now. */
#define REFILL_AND_CONTINUE(size, write)                                                                               \
    do {                                                                                                               \
        enum refill refill_ = mem_refill(pe, pe->slow_address, size, write);                                           \
        if (LIKELY(refill_ == REFILL_DONE))                                                                            \
            DISPATCH;                                                                                                  \
        if (refill_ == REFILL_ABORT)                                                                                   \
            CONTINUE(interp_aborted(pe));                                                                              \
        CONTINUE_SLOW;                                                                                                 \
    } while (0)

/* The device TLB is asked first: what it holds is never in the fast TLB. */
#define MISS_LOAD(KIND, MODE)                                                                                          \
    HANDLER(miss_load_##KIND##_##MODE, {                                                                               \
        SPILL;                                                                                                         \
        enum device_access access_ = sizeof(TYPE_##KIND) <= 8 && device_page(pe, pe->slow_address)->read_tag ==        \
                                                                     device_tag(pe, pe->slow_address)                  \
                                         ? device_load(pe, pe->slow_address, sizeof(TYPE_##KIND))                      \
                                         : DEVICE_UNKNOWN;                                                             \
        if (LIKELY(access_ == DEVICE_DONE)) {                                                                          \
            union {                                                                                                    \
                uint64_t word;                                                                                         \
                TYPE_##KIND data;                                                                                      \
            } value;                                                                                                   \
            value.word = pe->slow_data;                                                                                \
            WRITEBACK_##MODE(ip->b, ip->imm, pe->slow_address) PUT_##KIND(ip->a, value.data);                          \
            limit = pe->limit;                                                                                         \
            NEXT(1);                                                                                                   \
        }                                                                                                              \
        if (UNLIKELY(access_ == DEVICE_ABORT))                                                                         \
            CONTINUE(interp_aborted(pe));                                                                              \
        REFILL_AND_CONTINUE(sizeof(TYPE_##KIND), false);                                                               \
    })
#define MISS_STORE(KIND, MODE)                                                                                         \
    HANDLER(miss_store_##KIND##_##MODE, {                                                                              \
        SPILL;                                                                                                         \
        union {                                                                                                        \
            uint64_t word;                                                                                             \
            TYPE_##KIND data;                                                                                          \
        } value = {0};                                                                                                 \
        value.data = TAKE_##KIND(ip->a);                                                                               \
        enum device_access access_ = sizeof(TYPE_##KIND) <= 8 && device_page(pe, pe->slow_address)->write_tag ==       \
                                                                     device_tag(pe, pe->slow_address)                  \
                                         ? device_store(pe, pe->slow_address, sizeof(TYPE_##KIND), value.word)         \
                                         : DEVICE_UNKNOWN;                                                             \
        if (LIKELY(access_ == DEVICE_DONE)) {                                                                          \
            WRITEBACK_##MODE(ip->b, ip->imm, pe->slow_address) limit = pe->limit;                                      \
            NEXT(1);                                                                                                   \
        }                                                                                                              \
        if (UNLIKELY(access_ == DEVICE_ABORT))                                                                         \
            CONTINUE(interp_aborted(pe));                                                                              \
        REFILL_AND_CONTINUE(sizeof(TYPE_##KIND), true);                                                                \
    })
#define MISS_LOADS(kind) ADDRESSING_MODES(MISS_LOAD, kind)
#define MISS_STORES(kind) ADDRESSING_MODES(MISS_STORE, kind)
LOAD_KINDS(MISS_LOADS)
STORE_KINDS(MISS_STORES)

#define MISS_PAIR(direction, KIND, write)                                                                              \
    HANDLER(miss_##direction##_pair_##KIND, {                                                                          \
        SPILL;                                                                                                         \
        REFILL_AND_CONTINUE(2 * sizeof(TYPE_##KIND), write);                                                           \
    })
#define MISS_LOAD_PAIR(kind) MISS_PAIR(load, kind, false)
#define MISS_STORE_PAIR(kind) MISS_PAIR(store, kind, true)
PAIR_KINDS(MISS_LOAD_PAIR)
PAIR_KINDS(MISS_STORE_PAIR)
