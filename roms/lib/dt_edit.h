/*
 * A device tree that is changed in place. The whole blob is checked when it is opened; dt.h's functions read it, by
 * &edit->dt. Nodes are offsets, which change when anything in front of them does.
 */
#ifndef ROM_DT_EDIT_H
#define ROM_DT_EDIT_H

#include "dt.h"

struct dt_edit {
    struct dt dt;    /* the tree as it is */
    u8 *base;        /* header, reservations, structure, strings; what is behind them is room */
    size_t capacity;
};

/* Copies the blob at `from`, of at most `limit` bytes, into the buffer (aligned to 8), and checks it. False: it isn't a
 * tree of version 17 or compatible with it, it is broken, or it doesn't fit. */
bool dt_edit_open(struct dt_edit *tree, void *buffer, size_t capacity, const void *from, size_t limit);

/* False, or DT_NONE, where the buffer is full; the tree is then still one. */
int dt_add_node(struct dt_edit *tree, int parent, const char *name); /* or the one that is there */
bool dt_remove_node(struct dt_edit *tree, int node);                 /* not the root */
bool dt_set(struct dt_edit *tree, int node, const char *name, const void *value, u32 size);
bool dt_set_string(struct dt_edit *tree, int node, const char *name, const char *value);
bool dt_set_u64(struct dt_edit *tree, int node, const char *name, u64 value);
bool dt_set_cells(struct dt_edit *tree, int node, const char *name, const u32 *cells, unsigned count);
bool dt_reserve(struct dt_edit *tree, u64 address, u64 size); /* memory that the operating system leaves alone */

#endif
