/*
 * Semantics of data processing, one macro an operation, instantiated by handlers.py as generic, register-specialised
 * and fused handlers. Parameters: the operation's own (width, condition ...), then A, B, C, D (register numbers or
 * small constants from the record), I (its immediate) and K (its place in a fused sequence).
 *
 * In scope: pe, ip (first record of the sequence), limit, nz, fc, fv.
 */
#ifndef ARMSIM_CPU_INTERP_SEMANTICS_H
#define ARMSIM_CPU_INTERP_SEMANTICS_H

#define X(r) (pe->x[r])
#define GET32(r) ((uint32_t)pe->x[r])
#define GET64(r) (pe->x[r])
#define SET32(r, v) (pe->x[r] = (uint32_t)(v))
#define SET64(r, v) (pe->x[r] = (uint64_t)(v))
#define PC_OF(K) (((uint64_t)(ip + (K)) >> 2) + pe->bias)

#define UINT32 uint32_t
#define UINT64 uint64_t
#define INT32 int32_t
#define INT64 int64_t
#define U(W) UINT##W
#define S(W) INT##W
#define BITS32 32
#define BITS64 64

/* Flags: nz is the sign-extended result, fc and fv are 0 or 1. */
#define SIGN32(v) ((uint64_t)(int64_t)(int32_t)(v))
#define SIGN64(v) ((uint64_t)(v))
#define SET_LOGIC_FLAGS(W, result) (nz = SIGN##W(result), fc = 0, fv = 0)

#define ADD_FLAGS(W, x, y, store)                                                                                      \
    {                                                                                                                  \
        U(W) x_ = (x), y_ = (y), r_;                                                                                   \
        S(W) s_;                                                                                                       \
        fv = __builtin_add_overflow((S(W))x_, (S(W))y_, &s_);                                                          \
        fc = __builtin_add_overflow(x_, y_, &r_);                                                                      \
        nz = SIGN##W(r_);                                                                                              \
        store;                                                                                                         \
    }
#define SUB_FLAGS(W, x, y, store)                                                                                      \
    {                                                                                                                  \
        U(W) x_ = (x), y_ = (y), r_ = x_ - y_;                                                                         \
        S(W) s_;                                                                                                       \
        fv = __builtin_sub_overflow((S(W))x_, (S(W))y_, &s_);                                                          \
        fc = x_ >= y_;                                                                                                 \
        nz = SIGN##W(r_);                                                                                              \
        store;                                                                                                         \
    }

/* ConditionHolds() */
#define COND_eq (nz == 0)
#define COND_ne (nz != 0)
#define COND_cs (fc)
#define COND_cc (!fc)
#define COND_mi ((int64_t)nz < 0)
#define COND_pl ((int64_t)nz >= 0)
#define COND_vs (fv)
#define COND_vc (!fv)
#define COND_hi (fc && nz != 0)
#define COND_ls (!fc || nz == 0)
#define COND_ge (((int64_t)nz < 0) == (int)fv)
#define COND_lt (((int64_t)nz < 0) != (int)fv)
#define COND_gt (nz != 0 && ((int64_t)nz < 0) == (int)fv)
#define COND_le (nz == 0 || ((int64_t)nz < 0) != (int)fv)

/* --- Moves and addresses --- */
#define SEM_nop(A, B, C, D, I, K)
#define SEM_mov_imm(A, B, C, D, I, K) X(A) = (uint64_t)(int64_t)(I);
#define SEM_movz_shift(A, B, C, D, I, K) X(A) = (uint64_t)(uint32_t)(I) << (D);
#define SEM_movn_shift(A, B, C, D, I, K) X(A) = ~((uint64_t)(uint32_t)(I) << (D));
#define SEM_movk(A, B, C, D, I, K) X(A) = (X(A) & ~(0xffffull << (D))) | (uint64_t)(uint32_t)(I) << (D);
#define SEM_movk_32(A, B, C, D, I, K) X(A) = (GET32(A) & ~(0xffffu << (D))) | (uint32_t)(I) << (D);
#define SEM_mov(W, A, B, C, D, I, K) SET##W(A, GET##W(C));
#define SEM_mvn(W, A, B, C, D, I, K) SET##W(A, ~GET##W(C));
#define SEM_adr(A, B, C, D, I, K) X(A) = PC_OF(K) + (int64_t)(I);
#define SEM_adrp(A, B, C, D, I, K) X(A) = (PC_OF(K) & ~0xfffull) + ((uint64_t)(int64_t)(I) << 12);

/* --- Add and subtract. imm: an immediate (negated for a subtraction without flags) --- */
#define SEM_add_imm(W, A, B, C, D, I, K) SET##W(A, GET##W(B) + (U(W))(int64_t)(I));
#define SEM_adds_imm(W, A, B, C, D, I, K) ADD_FLAGS(W, GET##W(B), (U(W))(int64_t)(I), SET##W(A, r_))
#define SEM_subs_imm(W, A, B, C, D, I, K) SUB_FLAGS(W, GET##W(B), (U(W))(int64_t)(I), SET##W(A, r_))
#define SEM_cmn_imm(W, A, B, C, D, I, K) ADD_FLAGS(W, GET##W(B), (U(W))(int64_t)(I), (void)r_)
#define SEM_cmp_imm(W, A, B, C, D, I, K) SUB_FLAGS(W, GET##W(B), (U(W))(int64_t)(I), (void)r_)
#define SEM_add(W, A, B, C, D, I, K) SET##W(A, GET##W(B) + GET##W(C));
#define SEM_sub(W, A, B, C, D, I, K) SET##W(A, GET##W(B) - GET##W(C));
#define SEM_adds(W, A, B, C, D, I, K) ADD_FLAGS(W, GET##W(B), GET##W(C), SET##W(A, r_))
#define SEM_subs(W, A, B, C, D, I, K) SUB_FLAGS(W, GET##W(B), GET##W(C), SET##W(A, r_))
#define SEM_cmn(W, A, B, C, D, I, K) ADD_FLAGS(W, GET##W(B), GET##W(C), (void)r_)
#define SEM_cmp(W, A, B, C, D, I, K) SUB_FLAGS(W, GET##W(B), GET##W(C), (void)r_)

/* Shifted or extended second operand: OP2_<kind>(W, register, amount) */
#define OP2_lsl(W, r, n) ((U(W))(GET##W(r) << (n)))
#define OP2_lsr(W, r, n) ((U(W))(GET##W(r) >> (n)))
#define OP2_asr(W, r, n) ((U(W))((S(W))GET##W(r) >> (n)))
#define OP2_ror(W, r, n) (rotate_right_##W(GET##W(r), (n)))
#define OP2_uxtb(W, r, n) ((U(W))((U(W))(uint8_t)X(r) << (n)))
#define OP2_uxth(W, r, n) ((U(W))((U(W))(uint16_t)X(r) << (n)))
#define OP2_uxtw(W, r, n) ((U(W))((U(W))(uint32_t)X(r) << (n)))
#define OP2_sxtb(W, r, n) ((U(W))((U(W))(S(W))(int8_t)X(r) << (n)))
#define OP2_sxth(W, r, n) ((U(W))((U(W))(S(W))(int16_t)X(r) << (n)))
#define OP2_sxtw(W, r, n) ((U(W))((U(W))(S(W))(int32_t)X(r) << (n)))
#define SEM_add_op2(W, KIND, A, B, C, D, I, K) SET##W(A, GET##W(B) + OP2_##KIND(W, C, D));
#define SEM_sub_op2(W, KIND, A, B, C, D, I, K) SET##W(A, GET##W(B) - OP2_##KIND(W, C, D));
#define SEM_adds_op2(W, KIND, A, B, C, D, I, K) ADD_FLAGS(W, GET##W(B), OP2_##KIND(W, C, D), SET##W(A, r_))
#define SEM_subs_op2(W, KIND, A, B, C, D, I, K) SUB_FLAGS(W, GET##W(B), OP2_##KIND(W, C, D), SET##W(A, r_))

/* AddWithCarry(): three addends, so carry and overflow come from either addition. */
#define ADC_FLAGS(W, x, y, store)                                                                                      \
    {                                                                                                                  \
        U(W) x_ = (x), y_ = (y), r_;                                                                                   \
        U(W) carry_ = (U(W))__builtin_add_overflow(x_, y_, &r_);                                                       \
        carry_ |= (U(W))__builtin_add_overflow(r_, (U(W))fc, &r_);                                                     \
        fv = ((x_ ^ r_) & (y_ ^ r_)) >> (BITS##W - 1);                                                                 \
        fc = carry_;                                                                                                   \
        nz = SIGN##W(r_);                                                                                              \
        store;                                                                                                         \
    }
#define SEM_adc(W, A, B, C, D, I, K) SET##W(A, GET##W(B) + GET##W(C) + (U(W))fc);
#define SEM_sbc(W, A, B, C, D, I, K) SET##W(A, GET##W(B) - GET##W(C) - 1 + (U(W))fc);
#define SEM_adcs(W, A, B, C, D, I, K) ADC_FLAGS(W, GET##W(B), GET##W(C), SET##W(A, r_))
#define SEM_sbcs(W, A, B, C, D, I, K) ADC_FLAGS(W, GET##W(B), ~GET##W(C), SET##W(A, r_))

/* --- Logic. rep: a 32-bit pattern in both halves; mask: D ones rotated right by C --- */
#define LOGIC_and(x, y) ((x) & (y))
#define LOGIC_orr(x, y) ((x) | (y))
#define LOGIC_eor(x, y) ((x) ^ (y))
#define LOGIC_bic(x, y) ((x) & ~(y))
#define LOGIC_orn(x, y) ((x) | ~(y))
#define LOGIC_eon(x, y) ((x) ^ ~(y))
#define REPLICATED(I) ((uint64_t)(uint32_t)(I) << 32 | (uint32_t)(I))
#define ROTATED_ONES(C, D) (rotate_right_64(~0ull >> (64 - (D)), (C)))
#define SEM_logic_imm(OP, W, A, B, C, D, I, K) SET##W(A, LOGIC_##OP(GET##W(B), (U(W))(int64_t)(I)));
#define SEM_logic_rep(OP, A, B, C, D, I, K) X(A) = LOGIC_##OP(X(B), REPLICATED(I));
#define SEM_logic_ones(OP, A, B, C, D, I, K) X(A) = LOGIC_##OP(X(B), ROTATED_ONES(C, D));
#define SEM_logic(OP, W, A, B, C, D, I, K) SET##W(A, LOGIC_##OP(GET##W(B), GET##W(C)));
#define SEM_logic_op2(OP, W, KIND, A, B, C, D, I, K) SET##W(A, LOGIC_##OP(GET##W(B), OP2_##KIND(W, C, D)));
#define SETS_LOGIC(W, A, v)                                                                                            \
    {                                                                                                                  \
        U(W) r_ = (v);                                                                                                 \
        SET##W(A, r_);                                                                                                 \
        SET_LOGIC_FLAGS(W, r_);                                                                                        \
    }
#define SEM_ands_imm(W, A, B, C, D, I, K) SETS_LOGIC(W, A, GET##W(B) & (U(W))(int64_t)(I))
#define SEM_ands_rep(A, B, C, D, I, K) SETS_LOGIC(64, A, X(B) & REPLICATED(I))
#define SEM_ands_ones(A, B, C, D, I, K) SETS_LOGIC(64, A, X(B) & ROTATED_ONES(C, D))
#define SEM_tst_imm(W, A, B, C, D, I, K) SET_LOGIC_FLAGS(W, GET##W(B) & (U(W))(int64_t)(I));
#define SEM_tst(W, A, B, C, D, I, K) SET_LOGIC_FLAGS(W, GET##W(B) & GET##W(C));
#define SEM_ands(W, A, B, C, D, I, K) SETS_LOGIC(W, A, GET##W(B) & GET##W(C))
#define SEM_ands_op2(W, KIND, A, B, C, D, I, K) SETS_LOGIC(W, A, GET##W(B) & OP2_##KIND(W, C, D))
#define SEM_bics_op2(W, KIND, A, B, C, D, I, K) SETS_LOGIC(W, A, GET##W(B) & ~OP2_##KIND(W, C, D))

/* --- Shifts and bit fields. The mask of ubfx/ubfiz is D ones; the shift is C --- */
#define SEM_lsl_imm(W, A, B, C, D, I, K) SET##W(A, GET##W(B) << (D));
#define SEM_lsr_imm(W, A, B, C, D, I, K) SET##W(A, GET##W(B) >> (D));
#define SEM_asr_imm(W, A, B, C, D, I, K) SET##W(A, (S(W))GET##W(B) >> (D));
#define SEM_ubfx(A, B, C, D, I, K) X(A) = (X(B) >> (C)) & (~0ull >> (64 - (D)));
#define SEM_ubfiz(W, A, B, C, D, I, K) SET##W(A, (GET##W(B) & (U(W))(~0ull >> (64 - (D)))) << (C));
#define SEM_sbfx(W, A, B, C, D, I, K) SET##W(A, (S(W))(GET##W(B) << (C)) >> (D));
#define SEM_bfm(W, A, B, C, D, I, K) SET##W(A, bitfield_insert_##W(GET##W(A), GET##W(B), (C), (D)));
#define SEM_sbfm(W, A, B, C, D, I, K) SET##W(A, signed_bitfield_##W(GET##W(B), (C), (D)));
#define SEM_uxtb(A, B, C, D, I, K) X(A) = (uint8_t)X(B);
#define SEM_uxth(A, B, C, D, I, K) X(A) = (uint16_t)X(B);
#define SEM_sxtb(W, A, B, C, D, I, K) SET##W(A, (S(W))(int8_t)X(B));
#define SEM_sxth(W, A, B, C, D, I, K) SET##W(A, (S(W))(int16_t)X(B));
#define SEM_sxtw(A, B, C, D, I, K) X(A) = (uint64_t)(int64_t)(int32_t)X(B);
#define SEM_extr(W, A, B, C, D, I, K)                                                                                  \
    SET##W(A, (D) == 0 ? GET##W(C) : (U(W))(GET##W(C) >> (D) | GET##W(B) << (BITS##W - (D))));
#define SEM_lslv(W, A, B, C, D, I, K) SET##W(A, GET##W(B) << (X(C) & (BITS##W - 1)));
#define SEM_lsrv(W, A, B, C, D, I, K) SET##W(A, GET##W(B) >> (X(C) & (BITS##W - 1)));
#define SEM_asrv(W, A, B, C, D, I, K) SET##W(A, (S(W))GET##W(B) >> (X(C) & (BITS##W - 1)));
#define SEM_rorv(W, A, B, C, D, I, K) SET##W(A, rotate_right_##W(GET##W(B), X(C) & (BITS##W - 1)));

/* --- Multiply and divide. D: the addend's register --- */
#define SEM_madd(W, A, B, C, D, I, K) SET##W(A, GET##W(D) + GET##W(B) * GET##W(C));
#define SEM_msub(W, A, B, C, D, I, K) SET##W(A, GET##W(D) - GET##W(B) * GET##W(C));
#define SEM_smaddl(A, B, C, D, I, K) X(A) = X(D) + (uint64_t)((int64_t)(int32_t)X(B) * (int32_t)X(C));
#define SEM_smsubl(A, B, C, D, I, K) X(A) = X(D) - (uint64_t)((int64_t)(int32_t)X(B) * (int32_t)X(C));
#define SEM_umaddl(A, B, C, D, I, K) X(A) = X(D) + (uint64_t)GET32(B) * GET32(C);
#define SEM_umsubl(A, B, C, D, I, K) X(A) = X(D) - (uint64_t)GET32(B) * GET32(C);
#define SEM_smulh(A, B, C, D, I, K) X(A) = (uint64_t)(((__int128)(int64_t)X(B) * (int64_t)X(C)) >> 64);
#define SEM_umulh(A, B, C, D, I, K) X(A) = (uint64_t)(((unsigned __int128)X(B) * X(C)) >> 64);
#define SEM_udiv(W, A, B, C, D, I, K)                                                                                  \
    {                                                                                                                  \
        U(W) y_ = GET##W(C);                                                                                           \
        SET##W(A, y_ == 0 ? 0 : GET##W(B) / y_);                                                                       \
    }
#define SEM_sdiv(W, A, B, C, D, I, K)                                                                                  \
    {                                                                                                                  \
        S(W) x_ = (S(W))GET##W(B), y_ = (S(W))GET##W(C);                                                               \
        SET##W(A, y_ == 0 ? 0 : y_ == -1 ? -(U(W))x_ : (U(W))(x_ / y_)); /* the most negative / -1 wraps */            \
    }

/* --- One source --- */
#define SEM_rbit(W, A, B, C, D, I, K) SET##W(A, reverse_bits_##W(GET##W(B)));
#define SEM_rev(W, A, B, C, D, I, K) SET##W(A, __builtin_bswap##W(GET##W(B)));
#define SEM_rev16(W, A, B, C, D, I, K) SET##W(A, reverse_halfwords_##W(GET##W(B)));
#define SEM_rev32(A, B, C, D, I, K) X(A) = rotate_right_64(__builtin_bswap64(X(B)), 32);
#define SEM_clz(W, A, B, C, D, I, K) SET##W(A, count_leading_zeros_##W(GET##W(B)));
#define SEM_cls(W, A, B, C, D, I, K) SET##W(A, count_leading_signs_##W(GET##W(B)));
#define SEM_crc32(A, B, C, D, I, K) X(A) = crc32_update(GET32(B), X(C), (D), (uint32_t)(I));

/* --- Conditional select and compare. D of ccmp: NZCV of the false case --- */
#define SEM_csel(W, CC, A, B, C, D, I, K) SET##W(A, COND_##CC ? GET##W(B) : GET##W(C));
#define SEM_csinc(W, CC, A, B, C, D, I, K) SET##W(A, COND_##CC ? GET##W(B) : (U(W))(GET##W(C) + 1));
#define SEM_csinv(W, CC, A, B, C, D, I, K) SET##W(A, COND_##CC ? GET##W(B) : (U(W))~GET##W(C));
#define SEM_csneg(W, CC, A, B, C, D, I, K) SET##W(A, COND_##CC ? GET##W(B) : (U(W))-GET##W(C));
#define CONDITIONAL_FLAGS(CC, D, compare)                                                                              \
    if (COND_##CC)                                                                                                     \
        compare else                                                                                                   \
        {                                                                                                              \
            nz = (D) & 8 ? ~0ull : !((D) & 4);                                                                         \
            fc = (D) >> 1 & 1;                                                                                         \
            fv = (D) & 1;                                                                                              \
        }
#define SEM_ccmp(W, CC, A, B, C, D, I, K) CONDITIONAL_FLAGS(CC, D, SUB_FLAGS(W, GET##W(B), GET##W(C), (void)r_))
#define SEM_ccmn(W, CC, A, B, C, D, I, K) CONDITIONAL_FLAGS(CC, D, ADD_FLAGS(W, GET##W(B), GET##W(C), (void)r_))
#define SEM_ccmp_imm(W, CC, A, B, C, D, I, K) CONDITIONAL_FLAGS(CC, D, SUB_FLAGS(W, GET##W(B), (U(W))(I), (void)r_))
#define SEM_ccmn_imm(W, CC, A, B, C, D, I, K) CONDITIONAL_FLAGS(CC, D, ADD_FLAGS(W, GET##W(B), (U(W))(I), (void)r_))

#endif
