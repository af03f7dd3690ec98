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
};

#define STATE_KEEP_ON_RESET 1u /* reset leaves it alone (connected input levels, contents of media) */

#define STATE_FIELD(type, member, reset_value)                                                                         \
    {#member, offsetof(type, member), sizeof(((type *)0)->member), 1, (reset_value), 0, 0}
#define STATE_ARRAY(type, member, reset_value)                                                                         \
    {#member, offsetof(type, member), sizeof(((type *)0)->member[0]),                                                  \
     sizeof(((type *)0)->member) / sizeof(((type *)0)->member[0]), (reset_value), 0, 0}
#define STATE_KEPT(type, member)                                                                                       \
    {#member, offsetof(type, member), sizeof(((type *)0)->member), 1, 0, STATE_KEEP_ON_RESET, 0}
#define STATE_KEPT_ARRAY(type, member)                                                                                 \
    {#member, offsetof(type, member), sizeof(((type *)0)->member[0]),                                                  \
     sizeof(((type *)0)->member) / sizeof(((type *)0)->member[0]), 0, STATE_KEEP_ON_RESET, 0}
/* One member of each struct in an array: STATE_MEMBERS(struct gadget, channel, control, 0) is channel[].control. */
#define STATE_MEMBERS(type, array, member, reset_value)                                                                \
    {#array "." #member, offsetof(type, array[0].member), sizeof(((type *)0)->array[0].member),                        \
     sizeof(((type *)0)->array) / sizeof(((type *)0)->array[0]), (reset_value), 0, sizeof(((type *)0)->array[0])}

/* A table and the instance it describes. Sections of one machine are kept in a list, in creation order. */
struct state_section {
    const char *name; /* unique in the machine, e.g. "pe0", "pl011@9000000" */
    uint32_t version;
    const struct state_field *fields;
    size_t field_count;
    void *instance;
    /* State of variable size (queues, RAM): optional functions on top of the fields. */
    uint64_t (*hash_extra)(void *instance, uint64_t hash);
};

/* 64-bit hash, chained; independent of host, compiler and padding. */
uint64_t state_hash_bytes(uint64_t hash, const void *data, size_t size);
uint64_t state_hash_words(uint64_t hash, const uint64_t *words, size_t count);
uint64_t state_hash_section(uint64_t hash, const struct state_section *section);
void state_reset_section(const struct state_section *section);

/* Reads element `index` of a field as an integer. */
uint64_t state_get(const struct state_section *section, const struct state_field *field, uint32_t index);
void state_set(const struct state_section *section, const struct state_field *field, uint32_t index, uint64_t value);

#endif
