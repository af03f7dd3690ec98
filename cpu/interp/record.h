/*
 * The unit of the page cache: one decoded instruction.
 *
 * Each executed guest page owns 1024 records and a sentinel; the address of a record gives its PC:
 * pc = (ip >> 2) + pe->bias, because 16 bytes of record stand for 4 bytes of code.
 */
#ifndef ARMSIM_CPU_INTERP_RECORD_H
#define ARMSIM_CPU_INTERP_RECORD_H

#include <stdint.h>

struct pe;
struct record;

/*
 * Handlers continue by tail calls where the compiler can promise them (`musttail`, or gcc at -O2), so that the six
 * hot values stay in host registers. Elsewhere (ARMSIM_LOOP: -O0, sanitizers) each handler returns the next record
 * and keeps the values in a frame. The semantics are the same text.
 */
#ifdef ARMSIM_LOOP
struct frame {
    int64_t limit;
    uint64_t nz, fc, fv;
};
typedef const struct record *handler_fn(struct pe *pe, const struct record *ip, struct frame *frame);
#define HANDLER_PARAMETERS struct pe *pe, const struct record *ip, struct frame *frame
#define HANDLER_CONVENTION
#define HANDLER_RESULT const struct record *
#else
#if defined(__clang__) && __has_attribute(preserve_none) && __has_attribute(musttail)
#define HANDLER_CONVENTION __attribute__((preserve_none))
#define MUSTTAIL __attribute__((musttail))
#else
#define HANDLER_CONVENTION
#define MUSTTAIL
#endif
#define HANDLER_RESULT void
#define HANDLER_PARAMETERS                                                                                             \
    struct pe *pe, const struct record *ip, int64_t limit, uint64_t nz, uint64_t fc, uint64_t fv
typedef HANDLER_CONVENTION void handler_fn(HANDLER_PARAMETERS);
#endif

struct record {
    handler_fn *handler;
    uint8_t a, b, c, d; /* register numbers (31 SP, 32 ZR, 33 sink) or small constants: see the semantics */
    int32_t imm;
};

_Static_assert(sizeof(void *) != 8 || sizeof(struct record) == 16, "pc arithmetic relies on 16-byte records");

#endif
