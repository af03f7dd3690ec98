/*
 * Which instructions are trapped, found out from below: LDXR; candidate; STXR. Every exception return clears the local
 * monitor, so the STXR after a trapped candidate fails, always. One that succeeds proves that there was no trap;
 * DETECT_ATTEMPTS failures in a row are taken for one, because interrupts and other PEs can't hit every time.
 *
 * WFE is a matter of majority: it doesn't trap when an event came just before, and waits for one otherwise, so the event
 * stream has to run, with a period shorter than the time between interrupts.
 */
#ifndef GUEST_DETECT_H
#define GUEST_DETECT_H

#include "../lib/rom.h"

#ifndef DETECT_ATTEMPTS /* the control build has 1 */
#define DETECT_ATTEMPTS 16
#endif

/* The controls that trap candidates: the registers of EL2 that have them. */
enum detect_register { DETECT_HCR, DETECT_MDCR, DETECT_CNTHCTL, DETECT_CPTR, DETECT_REGISTERS };

struct candidate {
    const char *name;
    unsigned (*attempt)(u64 *word); /* 0: the STXR succeeded */
    bool el0;                       /* can be tried at EL0, where EL1 allows it */
    bool majority;                  /* more than half of the attempts must succeed */
    struct {
        enum detect_register in;
        u64 bits;     /* each of them traps it, when it has the value that traps */
        bool inverted; /* 0 traps */
    } controls[2];
};
extern const struct candidate candidates[];
extern const unsigned candidate_count;

/* Bit n: candidates[n] is trapped. Bit 0 is the control, LDXR; NOP; STXR: set if nothing can be said at all. `word` is a
 * reservation granule that nobody else writes. */
u64 detect(bool el0, u64 *word);

/* One candidate: whether it is trapped. */
bool detect_one(unsigned n, u64 *word);

#endif
