/*
 * Branches: each ends a sequence. In the page: I is the distance in record bytes; `far`: I is the distance in bytes
 * of code, found through the instruction TLB. Interrupts and budgets are looked at here (taken branches).
 */
#ifndef ARMSIM_CPU_INTERP_SEMANTICS_BRANCH_H
#define ARMSIM_CPU_INTERP_SEMANTICS_BRANCH_H

#include "cpu/interp/semantics_memory.h"

#define JUMP_IN_PAGE(K, distance)                                                                                      \
    {                                                                                                                  \
        int64_t d_ = (distance);                                                                                       \
        limit += d_ - (int64_t)sizeof(struct record);                                                                  \
        ip = (const struct record *)((const char *)(ip + (K)) + d_);                                                   \
        CHECK_BUDGET                                                                                                   \
        DISPATCH;                                                                                                      \
    }
#define JUMP_TO(K, target)                                                                                             \
    {                                                                                                                  \
        uint64_t to_ = (target);                                                                                       \
        const struct fast_itlb_entry *page_ = &pe->itlb[to_ >> 12 & (FAST_ITLB_ENTRIES - 1)];                          \
        if (UNLIKELY(page_->tag != ((to_ & ~0xffcull) | pe->context))) {                                               \
            pe->slow_address = to_;                                                                                    \
            ip += (K) + 1;                                                                                             \
            TAIL(handle_jump_slow);                                                                                    \
        }                                                                                                              \
        const char *next_ = (const char *)page_->base + ((to_ & 0xffc) << 2);                                          \
        limit += next_ - (const char *)(ip + (K) + 1);                                                                 \
        pe->bias = page_->bias;                                                                                        \
        ip = (const struct record *)next_;                                                                             \
        CHECK_BUDGET                                                                                                   \
        DISPATCH;                                                                                                      \
    }

/* The return stack only predicts: an entry counts when its address is the one in the register. */
#define RETURN_PUSH(K, address)                                                                                        \
    {                                                                                                                  \
        struct return_stack *stack_ = pe->return_stack;                                                                \
        struct return_entry *entry_ = &stack_->entries[stack_->top];                                                   \
        stack_->top = (stack_->top + 1) & (RETURN_STACK_ENTRIES - 1);                                                  \
        entry_->va = (address);                                                                                          \
        entry_->ip = ip + (K) + 1;                                                                                     \
        entry_->bias = pe->bias;                                                                                       \
    }
#define JUMP_RETURN(K, target)                                                                                         \
    {                                                                                                                  \
        struct return_stack *stack_ = pe->return_stack;                                                                \
        uint64_t va_ = (target);                                                                                       \
        uint64_t top_ = (stack_->top - 1) & (RETURN_STACK_ENTRIES - 1);                                                \
        const struct return_entry *entry_ = &stack_->entries[top_];                                                    \
        stack_->top = top_;                                                                                            \
        if (LIKELY(entry_->va == va_)) {                                                                               \
            const struct record *next_ = entry_->ip;                                                                   \
            limit += (const char *)next_ - (const char *)(ip + (K) + 1);                                               \
            pe->bias = entry_->bias;                                                                                   \
            ip = next_;                                                                                                \
            CHECK_BUDGET                                                                                               \
            DISPATCH;                                                                                                  \
        }                                                                                                              \
        JUMP_TO(K, va_)                                                                                                \
    }

#define TERM_b(A, B, C, D, I, K) JUMP_IN_PAGE(K, I)
#define TERM_b_far(A, B, C, D, I, K) JUMP_TO(K, PC_OF(K) + (uint64_t)(int64_t)(I))
#define LINK(K)                                                                                                        \
    uint64_t link_ = PC_OF(K) + 4;                                                                                     \
    X(30) = link_;
#define TERM_bl(A, B, C, D, I, K)                                                                                      \
    {                                                                                                                  \
        LINK(K) RETURN_PUSH(K, link_) JUMP_IN_PAGE(K, I)                                                               \
    }
#define TERM_bl_far(A, B, C, D, I, K)                                                                                  \
    {                                                                                                                  \
        LINK(K) RETURN_PUSH(K, link_) JUMP_TO(K, link_ - 4 + (uint64_t)(int64_t)(I))                                   \
    }
/* While stepping, the record that follows is not the next instruction's: nothing to push. */
#define TERM_bl_step(A, B, C, D, I, K)                                                                                 \
    {                                                                                                                  \
        LINK(K) JUMP_TO(K, link_ - 4 + (uint64_t)(int64_t)(I))                                                         \
    }
#define TERM_br(A, B, C, D, I, K) JUMP_TO(K, X(B))
#define TERM_blr(A, B, C, D, I, K)                                                                                     \
    {                                                                                                                  \
        uint64_t target_ = X(B);                                                                                       \
        LINK(K) RETURN_PUSH(K, link_) JUMP_TO(K, target_)                                                              \
    }
#define TERM_blr_step(A, B, C, D, I, K)                                                                                \
    {                                                                                                                  \
        uint64_t target_ = X(B);                                                                                       \
        LINK(K) JUMP_TO(K, target_)                                                                                    \
    }
#define TERM_ret(A, B, C, D, I, K) JUMP_RETURN(K, X(B))

#define BRANCH_IF(condition, K, I)                                                                                     \
    {                                                                                                                  \
        if (condition)                                                                                                 \
            JUMP_IN_PAGE(K, I)                                                                                         \
        NEXT((K) + 1);                                                                                                 \
    }
#define BRANCH_FAR_IF(condition, K, I)                                                                                 \
    {                                                                                                                  \
        if (condition)                                                                                                 \
            JUMP_TO(K, PC_OF(K) + (uint64_t)(int64_t)(I))                                                              \
        NEXT((K) + 1);                                                                                                 \
    }
#define TERM_bcond(CC, A, B, C, D, I, K) BRANCH_IF(COND_##CC, K, I)
#define TERM_bcond_far(CC, A, B, C, D, I, K) BRANCH_FAR_IF(COND_##CC, K, I)
#define TERM_cbz(W, A, B, C, D, I, K) BRANCH_IF(GET##W(B) == 0, K, I)
#define TERM_cbnz(W, A, B, C, D, I, K) BRANCH_IF(GET##W(B) != 0, K, I)
#define TERM_cbz_far(W, A, B, C, D, I, K) BRANCH_FAR_IF(GET##W(B) == 0, K, I)
#define TERM_cbnz_far(W, A, B, C, D, I, K) BRANCH_FAR_IF(GET##W(B) != 0, K, I)
#define TERM_tbz(A, B, C, D, I, K) BRANCH_IF(!(X(B) >> (D) & 1), K, I)
#define TERM_tbnz(A, B, C, D, I, K) BRANCH_IF(X(B) >> (D) & 1, K, I)
#define TERM_tbz_far(A, B, C, D, I, K) BRANCH_FAR_IF(!(X(B) >> (D) & 1), K, I)
#define TERM_tbnz_far(A, B, C, D, I, K) BRANCH_FAR_IF(X(B) >> (D) & 1, K, I)

#endif
