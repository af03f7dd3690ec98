/* The machine under test: one PE and the memory that a vector line needs. */
#ifndef CONFORMANCE_SUBJECT_H
#define CONFORMANCE_SUBJECT_H

#include "text.h"

#include <armsim/hook.h>

enum { MAX_PAGES = 256, MAX_TRACKED = 192, PAGE_SIZE = 0x10000 };

/* Pages of RAM (64 KiB each), Secure and Non-secure at once, that the machine is to have. */
struct page_set {
    uint64_t base[MAX_PAGES];
    size_t count;
};
/* Adds the pages under [address, address + size), once each. */
void pages_add(struct page_set *pages, uint64_t address, uint64_t size);

struct subject_kind {
    const char *cpu;
    const char *board; /* "bare", or "virt" where the GIC's system registers are wanted */
    bool el2, el3;
    const struct armsim_impdef *impdefs; /* choices that differ from the defaults */
    size_t impdef_count;
};

struct subject {
    struct armsim_machine *machine;
    struct armsim_stop stop;
    struct armsim_trap entry; /* the last exception entry since subject_clear() */
    unsigned entries;         /* exceptions entered since then */
    void (*entered)(struct subject *subject, void *opaque); /* hears of each, with the PE as the entry leaves it */
    void *opaque;
};

/* False: *why says why the machine can't be made. `extra`: more RAM, or NULL. */
bool subject_open(struct subject *subject, const struct subject_kind *kind, const struct page_set *pages,
                  struct text *why);
void subject_close(struct subject *subject);

/* Sets a register or PSTATE.FIELD (as written in the vectors). False: this machine has none of that name. */
bool subject_set(struct subject *subject, const char *name, uint64_t value);
uint64_t subject_get(const struct subject *subject, const char *name);
bool subject_has(const struct subject *subject, const char *feature);
void subject_poke(struct subject *subject, armsim_register_id id, uint64_t value);
uint64_t subject_peek(const struct subject *subject, armsim_register_id id);

void subject_clear(struct subject *subject);
/* One step of PE 0: an instruction, or an exception in its place. */
void subject_step(struct subject *subject);

void memory_write(struct subject *subject, uint64_t address, const void *data, size_t size);
void memory_write_word(struct subject *subject, uint64_t address, uint32_t word);
void memory_write_doubleword(struct subject *subject, uint64_t address, uint64_t value);
/* 0 where there is nothing. */
uint64_t memory_read_doubleword(struct subject *subject, uint64_t address);

/* The position of a PSTATE field ("EL", "N", ...) in the layout of SPSR_ELx. False: no such field in AArch64. */
bool pstate_field(const char *name, unsigned *lsb, unsigned *width);
/* *pstate with a field changed; false as above. */
bool pstate_set(uint64_t *pstate, const char *name, uint64_t value);

/* Registers watched over a step: what they should be, and what they are. */
struct tracked {
    const char *name;
    armsim_register_id id;
    uint64_t want[2]; /* the second one for V registers */
    bool vector, any; /* any: the architecture says UNKNOWN */
};
struct tracker {
    struct tracked items[MAX_TRACKED];
    size_t count;
};
/* Watches a register from now on: it should keep its value. A name unknown to the machine is ignored. */
void tracker_add(struct tracker *tracker, const struct subject *subject, const char *name);
/* The register (watched from now on, if it wasn't) should have the value after the step. False: unknown name. */
bool tracker_expect(struct tracker *tracker, const struct subject *subject, const char *name, uint64_t value);
void tracker_expect_vector(struct tracker *tracker, unsigned n, uint64_t low, uint64_t high);
void tracker_ignore(struct tracker *tracker, const char *name);
/* True: all as expected. Otherwise `difference` lists the others. */
bool tracker_check(const struct tracker *tracker, const struct subject *subject, struct text *difference);

#endif
