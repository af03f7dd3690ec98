/* The instruction words that the system matrices name, and the contexts they run in. */
#ifndef CONFORMANCE_WORDS_H
#define CONFORMANCE_WORDS_H

#include "subject.h"

/* R/W<op0>_<op1>_<CRn>_<CRm>_<op2> with Rt = X5, or a name. False: neither. */
bool item_word(const char *item, uint32_t *word);
/* The ESR of a trapped MRS, MSR or SYS item: its canonical syndrome. False: the item is a named word. */
bool item_syndrome(const char *item, uint64_t *esr);

/* The feature that an item needs and the machine lacks, so that it is rightly UNDEFINED; or NULL. */
const char *item_missing_feature(const struct subject *subject, const char *item);

#define CONTEXT_CODE 0x40080000ull /* where the instruction goes; in the first MiB of the board's RAM */

/* False: the context needs a feature, named by *missing, that the machine lacks. */
bool context_possible(const struct subject *subject, const char *context, const char **missing);
/* Registers as the context and the baseline ('P' permissive, 'Z' all controls 0) say, the word at PC. */
void context_set(struct subject *subject, const char *context, char baseline, uint32_t word);
/* Tables for the bits that switch translation on: only the page of the code is mapped. Once per machine. */
void context_tables(struct subject *subject);
/* Inverts REGISTER.BIT. False: the machine has no such register. */
bool context_invert(struct subject *subject, const char *bit);

#endif
