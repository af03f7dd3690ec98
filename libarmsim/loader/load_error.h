/* One line that says which file, which field and what was expected: what every loader reports. */
#ifndef ARMSIM_LOADER_LOAD_ERROR_H
#define ARMSIM_LOADER_LOAD_ERROR_H

struct load_error {
    char text[640];
};

/*
 * Writes "<file>: <field>: <format...>" into *error, control characters replaced so that it stays one line.
 * Returns `code`, a negative errno value, so that a caller can say `return load_fail(...)`. `error` may be NULL.
 */
int load_fail(struct load_error *error, int code, const char *file, const char *field, const char *format, ...)
    __attribute__((format(printf, 5, 6)));
/* The same for an error number of the host: "<file>: <what>: <text of code>". */
int load_fail_errno(struct load_error *error, int code, const char *file, const char *what);

#endif
