/*
 * A64 loads and stores, taken apart and carried out by software: what a monitor or a hypervisor needs when a data abort
 * comes without a syndrome of the access (ESR_ELx.ISV = 0).
 *
 * Known: LDR, STR of every size and extension; unscaled, unprivileged, pre- and post-indexed, register offset, literal;
 * LDP, STP, LDPSW, LDNP, STNP; LDAR, STLR, LDLAR, STLLR, LDAPR, LDAPUR, STLUR; exclusives and exclusive pairs; the
 * atomics and compare-and-swaps of FEAT_LSE; LDR, STR, LDUR, STUR, LDP, STP, LDNP, STNP of SIMD&FP registers.
 * Not known: SIMD structures (LD1 to LD4, ST1 to ST4), LDRAA and LDRAB, tags, SVE, DC ZVA; A32 and T32.
 */
#ifndef ROM_MMIO_DECODE_H
#define ROM_MMIO_DECODE_H

#include "types.h"

enum mmio_kind {
    MMIO_LOAD,
    MMIO_STORE,
    MMIO_STORE_EXCLUSIVE, /* a store whose status register is Rs */
    MMIO_ATOMIC,          /* Rt = memory; memory = memory `operation` Rs */
    MMIO_COMPARE_SWAP,    /* memory = Rt where memory was Rs; Rs = memory */
    MMIO_PREFETCH,        /* no access that could abort */
};

enum mmio_operation { MMIO_ADD, MMIO_CLR, MMIO_EOR, MMIO_SET, MMIO_SMAX, MMIO_SMIN, MMIO_UMAX, MMIO_UMIN, MMIO_SWP };
enum mmio_index { MMIO_OFFSET, MMIO_PRE_INDEX, MMIO_POST_INDEX, MMIO_LITERAL };

struct mmio_instruction {
    enum mmio_kind kind;
    enum mmio_operation operation; /* MMIO_ATOMIC */
    enum mmio_index index;
    u8 size;        /* bytes of an element: 1, 2, 4, 8, 16 */
    u8 count;       /* elements: 2 for pairs */
    bool joined;    /* both in one access: exclusive and compared pairs of words */
    u8 rt, rt2, rn; /* rn = 31: SP */
    u8 rs;          /* status, operand, or the value compared with; of a pair: with rs + 1 */
    bool vector;    /* rt and rt2 are SIMD&FP registers */
    bool sign_extend, wide; /* to 64 bits rather than 32 */
    bool unprivileged;      /* with EL0's permissions, even at EL1 */
    bool has_rm;
    u8 rm, option, shift;   /* register offset: ExtendReg(rm, option, shift) */
    i64 offset;
};

/* False: not one of the instructions above. */
bool mmio_decode_a64(u32 opcode, struct mmio_instruction *instruction);

/* The registers of whoever executed the instruction. A load's results are there only when all of it has worked. */
struct mmio_registers {
    u64 *x;  /* X0 to X30 */
    u64 *sp; /* the stack pointer in use */
    u64 pc;  /* of the instruction */
    bool big_endian; /* in memory, the first byte of an element is its most significant one */
    void (*read_vector)(unsigned n, u64 value[2]);
    void (*write_vector)(unsigned n, const u64 value[2]);
};

/* One access of 1, 2, 4 or 8 bytes (16 are two) at a virtual address. False: it aborts. */
typedef bool mmio_access_fn(void *opaque, u64 address, unsigned size, bool write, u64 *value);

/* The address that the first access goes to. */
u64 mmio_address(const struct mmio_instruction *instruction, const struct mmio_registers *registers);

/* Accesses of `access` that carrying it out makes: 16-byte elements count twice. */
unsigned mmio_access_count(const struct mmio_instruction *instruction);

/*
 * Carries the instruction out: accesses in the architecture's order, then registers and write-back. A store-exclusive
 * that came to an abort has passed the monitor, so it stores and its status is 0. False: an access aborted, and no
 * register has changed. The PC is the caller's to advance.
 */
bool mmio_execute(const struct mmio_instruction *instruction, const struct mmio_registers *registers,
                  mmio_access_fn *access, void *opaque);

#endif
