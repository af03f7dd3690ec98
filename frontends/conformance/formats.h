/* One function for each format of vector file. Each reads the whole file and reports every line. */
#ifndef CONFORMANCE_FORMATS_H
#define CONFORMANCE_FORMATS_H

#include "report.h"
#include "subject.h"

/* What a file's name says beside its format: a64_v94 is version 94, sysmat_base_v80_el0xb has the EL mask 0xb. */
struct vector_file {
    struct line_reader *lines;
    unsigned version;
    unsigned els; /* bit n: ELn is implemented */
    char cpu[2048]; /* the model to use, as in options.cpu */
};

/* Reports one line; `text` is a copy of it, to be taken apart. `opaque` is what run_lines() was given. */
typedef void run_line_fn(const struct vector_file *file, void *opaque, const char *line, char *text,
                         struct report *report);
void run_lines(const struct vector_file *file, struct report *report, run_line_fn *run, void *opaque);

typedef void run_file_fn(const struct vector_file *file, struct report *report);

run_file_fn run_a64, run_exceptions, run_access_matrix, run_redirections, run_translations, run_aborts,
    run_address_translation_instructions, run_stage2_aborts, run_debug;

/* "max" if this build has it, else its newest generic model with everything else it can switch on. */
void newest_model(char *cpu, size_t size);

/* The feature that an A64 encoding (by its name in the vectors) needs and the machine lacks, or NULL. */
const char *missing_feature(const struct subject *subject, const char *name);

#endif
