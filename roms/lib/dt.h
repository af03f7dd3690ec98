/* Flattened device trees (Devicetree Specification 0.4, version 17): read, and written from nothing. */
#ifndef ROM_DT_H
#define ROM_DT_H

#include "types.h"

/* ---- reading. A node is the offset of its FDT_BEGIN_NODE in the structure block; DT_NONE is none. */
#define DT_NONE (-1)

struct dt {
    const u8 *blob;
    u32 size, structure, structure_size, strings, strings_size;
};

/* False: that is no tree. */
bool dt_open(struct dt *fdt, const void *blob);

/* The node at a path like "/chosen"; a name without unit address matches any ("/memory"). */
int dt_path(const struct dt *fdt, const char *path);
int dt_first_child(const struct dt *fdt, int node);
int dt_next_sibling(const struct dt *fdt, int node);
int dt_parent(const struct dt *fdt, int node);
const char *dt_name(const struct dt *fdt, int node);

/* The next node, anywhere, whose compatible list has the string; `after` DT_NONE: the first one. */
int dt_compatible(const struct dt *fdt, int after, const char *compatible);

/* A property's value, or NULL. */
const void *dt_property(const struct dt *fdt, int node, const char *name, u32 *size);
bool dt_has_string(const struct dt *fdt, int node, const char *property, const char *string);
/* The index-th 32-bit cell of a property, or `otherwise`. */
u32 dt_cell(const struct dt *fdt, int node, const char *property, unsigned index, u32 otherwise);
/* A number of one or two cells, or `otherwise`. */
u64 dt_number(const struct dt *fdt, int node, const char *property, u64 otherwise);
/* The index-th range of "reg", by the parent's cell counts. */
bool dt_reg(const struct dt *fdt, int node, unsigned index, u64 *address, u64 *size);
/* "disabled" nodes aren't. */
bool dt_enabled(const struct dt *fdt, int node);

/* ---- writing, into memory of the caller's. Too little room is remembered, and the end says so. */
struct dt_writer {
    u8 *blob;
    u32 capacity, used, strings_used;
    char strings[512];
    bool failed;
};

void dt_write_begin(struct dt_writer *writer, void *memory, u32 capacity);
void dt_node(struct dt_writer *writer, const char *name);
/* name@address in hexadecimal. */
void dt_node_at(struct dt_writer *writer, const char *name, u64 address);
void dt_node_end(struct dt_writer *writer);
void dt_put(struct dt_writer *writer, const char *name, const void *value, u32 size);
void dt_put_string(struct dt_writer *writer, const char *name, const char *value);
void dt_put_cells(struct dt_writer *writer, const char *name, const u32 *cells, u32 count);
void dt_put_u64(struct dt_writer *writer, const char *name, u64 value);
/* Bytes of the finished tree, or 0: it didn't fit. */
u32 dt_write_end(struct dt_writer *writer);

#define DT_CELLS(writer, name, ...)                                                                                   \
    dt_put_cells(writer, name, (const u32[]){__VA_ARGS__}, COUNT(((const u32[]){__VA_ARGS__})))
#define DT_EMPTY(writer, name) dt_put(writer, name, NULL, 0)

#endif
