/*
 * State is declared once. A component lists its guest-visible fields in one table; reset values, hash, save,
 * load, diff and documentation come from that list, so a field can't be forgotten.
 */
#ifndef ARMSIM_FABRIC_STATE_H
#define ARMSIM_FABRIC_STATE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct state_field {
    const char *name;
    uint32_t offset; /* in the component's struct */
    uint8_t width;   /* bytes of one element: 1, 2, 4, 8 */
    uint32_t count;  /* elements */
    uint64_t reset;  /* value of every element after reset */
    uint32_t flags;  /* STATE_* */
    uint32_t stride; /* bytes from one element to the next; 0: width */
    uint64_t limit;  /* the largest value that a saved state may have; 0: any */
};

#define STATE_KEEP_ON_RESET 1u /* reset leaves it alone (connected input levels, contents of media) */
#define STATE_UNSEEN 2u /* saved, but no part of the hash: differs between runs that no guest can tell apart */

/* A bool is 0 or 1; anything else has the limit given. */
#define STATE_LIMIT(element, max) _Generic((element), bool: 1, default: (max))

#define STATE_FIELD_MAX(type, member, reset_value, max)                                                                \
    {#member, offsetof(type, member), sizeof(((type *)0)->member), 1, (reset_value), 0, 0,                             \
     STATE_LIMIT(((type *)0)->member, max)}
#define STATE_ARRAY_WITH(type, member, reset_value, flags, max)                                                        \
    {#member, offsetof(type, member), sizeof(((type *)0)->member[0]),                                                  \
     sizeof(((type *)0)->member) / sizeof(((type *)0)->member[0]), (reset_value), (flags), 0,                          \
     STATE_LIMIT(((type *)0)->member[0], max)}
#define STATE_ARRAY_MAX(type, member, reset_value, max) STATE_ARRAY_WITH(type, member, reset_value, 0, max)
#define STATE_FIELD(type, member, reset_value) STATE_FIELD_MAX(type, member, reset_value, 0)
#define STATE_ARRAY(type, member, reset_value) STATE_ARRAY_WITH(type, member, reset_value, 0, 0)
#define STATE_KEPT_WITH(type, member, flags, max)                                                                      \
    {#member, offsetof(type, member), sizeof(((type *)0)->member), 1, 0, STATE_KEEP_ON_RESET | (flags), 0,             \
     STATE_LIMIT(((type *)0)->member, max)}
#define STATE_KEPT(type, member) STATE_KEPT_WITH(type, member, 0, 0)
#define STATE_KEPT_ARRAY(type, member) STATE_ARRAY_WITH(type, member, 0, STATE_KEEP_ON_RESET, 0)
/* One member of each struct in an array: STATE_MEMBERS(struct gadget, channel, control, 0) is channel[].control. */
#define STATE_MEMBERS(type, array, member, reset_value)                                                                \
    {#array "." #member, offsetof(type, array[0].member), sizeof(((type *)0)->array[0].member),                        \
     sizeof(((type *)0)->array) / sizeof(((type *)0)->array[0]), (reset_value), 0, sizeof(((type *)0)->array[0]),      \
     STATE_LIMIT(((type *)0)->array[0].member, 0)}

struct state_writer;
struct state_reader;

/* A table and the instance it describes. Sections of one machine are kept in a list, in creation order. */
struct state_section {
    const char *name; /* unique in the machine, e.g. "pe0", "pl011@9000000" */
    uint32_t version;
    const struct state_field *fields;
    size_t field_count;
    void *instance;
    /* State of variable size (queues, TLBs): optional functions on top of the fields; all three or none. */
    uint64_t (*hash_extra)(void *instance, uint64_t hash);
    void (*save_extra)(void *instance, struct state_writer *writer);
    bool (*load_extra)(void *instance, struct state_reader *reader); /* false: not a possible state */
    /*
     * Optional: the fields and the rest have been loaded. Makes what is derived from them; false: they are not a
     * possible state. Other sections may not be loaded yet.
     */
    bool (*loaded)(void *instance);
};

/* Bytes to be written: values are little-endian. A writer that runs out of memory is `failed` and ignores the rest. */
struct state_writer {
    uint8_t *data;
    size_t size, capacity;
    bool failed;
};
void state_put_bytes(struct state_writer *writer, const void *data, size_t size);
void state_put(struct state_writer *writer, uint64_t value, unsigned bytes);
void state_put_string(struct state_writer *writer, const char *string); /* its length, then its bytes */
void state_writer_free(struct state_writer *writer);

/* Bytes to be read; a reader that has come to the end has `failed` and yields zeroes. */
struct state_reader {
    const uint8_t *data;
    size_t size, at;
    bool failed;
};
uint64_t state_take(struct state_reader *reader, unsigned bytes);
/* The next `size` bytes where they lie; NULL: there are fewer. */
const uint8_t *state_take_bytes(struct state_reader *reader, size_t size);
/* A number up to `max`; more is a failure, and 0. */
uint64_t state_take_max(struct state_reader *reader, unsigned bytes, uint64_t max);

/* One section with its name, version, fields and the rest. */
void state_save_section(struct state_writer *writer, const struct state_section *section);
/*
 * The same back again. False: what is there is not of this section or not a possible state, *why (a constant) says what;
 * the section has a mixture of both states then, and all must be loaded from elsewhere before anything runs.
 */
bool state_load_section(struct state_reader *reader, const struct state_section *section, const char **why);

/* A field that differs. `name` is NULL for what isn't a field; index then counts bytes of the saved form. */
typedef void state_difference_fn(void *opaque, const char *section, const char *name, uint64_t index, uint64_t a,
                                 uint64_t b);
/* Tells all differences of two sections with the same table. False: out of memory. */
bool state_diff_section(const struct state_section *a, const struct state_section *b, state_difference_fn *tell,
                        void *opaque);

/* 64-bit hash, chained; independent of host, compiler and padding. */
uint64_t state_hash_bytes(uint64_t hash, const void *data, size_t size);
uint64_t state_hash_words(uint64_t hash, const uint64_t *words, size_t count);
uint64_t state_hash_section(uint64_t hash, const struct state_section *section);
void state_reset_section(const struct state_section *section);

/* Reads element `index` of a field as an integer. */
uint64_t state_get(const struct state_section *section, const struct state_field *field, uint32_t index);
void state_set(const struct state_section *section, const struct state_field *field, uint32_t index, uint64_t value);

#endif
