/*
 * Lines about translation: `... va= | control registers | address:descriptor ... | result`, and how an access is made
 * under the line's tables, which map nothing for the code that makes it.
 */
#ifndef CONFORMANCE_REGIME_H
#define CONFORMANCE_REGIME_H

#include "subject.h"

enum { MAX_DESCRIPTORS = 64 };

struct regime_case {
    unsigned el;
    bool pan, uao;
    bool older; /* what the architecture leaves open is as in the model for Armv8.5 */
    uint64_t va;
    char *control, *result; /* the result's first part; updates are cut off */
    struct {
        uint64_t address, value;
    } memory[MAX_DESCRIPTORS], updates[MAX_DESCRIPTORS];
    size_t memory_count, update_count;
    struct page_set pages;
};

/* From the three fields behind the first one; EL, PAN, UAO and va are the caller's. False: not understood. */
bool regime_parse(struct regime_case *line, char *control, char *memory, char *result);

/* A machine with the line's memory and registers, in its EL. `extra`: RAM for what is accessed, or 0. */
bool regime_open(struct subject *subject, const char *cpu, struct regime_case *line, struct text *why);

/*
 * Executes the word at the line's EL with X2 = va: first a NOP beside it, under tables of our own that map its page
 * (identically, as global), then the word itself under the line's: the page's TLB entry is still there, because
 * nothing has invalidated it. False: the page could not be reached.
 */
bool regime_execute(struct subject *subject, struct regime_case *line, uint32_t word);

/* Descriptors that the line says were updated, and those that it doesn't, are as they should be. */
bool regime_check_updates(struct subject *subject, const struct regime_case *line, struct text *difference);

/* A feature that the line's registers use and the machine lacks, or NULL. */
const char *regime_missing_feature(const struct subject *subject, const struct regime_case *line);

#endif
