#include "dt_edit.h"

#include "memory.h"

enum { BEGIN_NODE = 1, END_NODE = 2, PROPERTY = 3, NOP = 4, END = 9 };
enum { VERSION = 17, COMPATIBLE = 16, HEADER_BYTES = 40, DEPTH_MAX = 64 };
#define MAGIC 0xd00dfeedu

/* Offsets of the header's fields. */
enum { H_MAGIC = 0, H_SIZE = 4, H_STRUCTURE = 8, H_STRINGS = 12, H_RESERVED = 16, H_VERSION = 20, H_COMPATIBLE = 24,
       H_BOOT_PE = 28, H_STRINGS_SIZE = 32, H_STRUCTURE_SIZE = 36 };

static u32 load32(const void *at)
{
    const u8 *b = at;
    return (u32)b[0] << 24 | (u32)b[1] << 16 | (u32)b[2] << 8 | b[3];
}

static void store32(void *at, u32 value)
{
    u8 *b = at;
    for (unsigned i = 0; i < 4; i++)
        b[i] = (u8)(value >> (24 - 8 * i));
}

static u32 align4(u32 value)
{
    return (value + 3) & ~3u;
}

static u32 field(const struct dt_edit *tree, unsigned offset)
{
    return load32(tree->base + offset);
}

static void add_to_field(struct dt_edit *tree, unsigned offset, i64 change)
{
    store32(tree->base + offset, (u32)(field(tree, offset) + change));
}

static u8 *structure(const struct dt_edit *tree)
{
    return tree->base + field(tree, H_STRUCTURE);
}

static const char *string(const struct dt_edit *tree, u32 offset)
{
    return (const char *)tree->base + field(tree, H_STRINGS) + offset;
}

/* The token at an offset of the structure, and where the next one is. */
static u32 token(const struct dt_edit *tree, u32 offset, u32 *next)
{
    const u8 *at = structure(tree) + offset;
    u32 kind = load32(at);
    *next = offset + 4;
    if (kind == BEGIN_NODE)
        *next += align4((u32)strlen((const char *)at + 4) + 1);
    else if (kind == PROPERTY)
        *next += 8 + align4(load32(at + 4));
    return kind;
}

/* --- checking --- */

static bool terminated(const u8 *from, const u8 *end)
{
    while (from < end && *from)
        from++;
    return from < end;
}

static bool inside(u32 offset, u32 size, u32 total)
{
    return offset <= total && size <= total - offset;
}

/* One token, within `size` bytes of structure. */
static bool token_is_good(const struct dt_edit *tree, u32 offset, u32 size)
{
    const u8 *at = structure(tree) + offset, *end = structure(tree) + size;
    if (!inside(offset, 4, size))
        return false;
    switch (load32(at)) {
    case BEGIN_NODE:
        return terminated(at + 4, end);
    case PROPERTY:
        if (!inside(offset, 12, size) || !inside(offset + 12, load32(at + 4), size) ||
            load32(at + 8) >= field(tree, H_STRINGS_SIZE))
            return false;
        return terminated((const u8 *)string(tree, load32(at + 8)), tree->base + field(tree, H_SIZE));
    case END_NODE:
    case NOP:
    case END:
        return true;
    default:
        return false;
    }
}

static bool structure_is_good(const struct dt_edit *tree)
{
    u32 size = field(tree, H_STRUCTURE_SIZE), next;
    unsigned depth = 0;
    bool properties = false; /* may stand here: in front of a node's children */
    for (u32 offset = 0; offset < size; offset = next) {
        if (!token_is_good(tree, offset, size))
            return false;
        u32 kind = token(tree, offset, &next);
        if (kind == END)
            return depth == 0 && offset > 0;
        if (kind == BEGIN_NODE ? depth == 0 && offset > 0 : depth == 0)
            return false;
        if (kind == PROPERTY && !properties)
            return false;
        depth += kind == BEGIN_NODE ? 1u : 0u;
        depth -= kind == END_NODE ? 1u : 0u;
        if (depth > DEPTH_MAX)
            return false;
        properties = kind == BEGIN_NODE || (properties && kind != END_NODE);
    }
    return false;
}

/* --- opening --- */

static size_t reservations_size(const u8 *from, size_t limit)
{
    static const u8 last[16];
    for (size_t size = 16; size <= limit; size += 16)
        if (memcmp(from + size - 16, last, 16) == 0)
            return size;
    return 0;
}

static void put_header(struct dt_edit *tree, u32 reserved, u32 structure_size, u32 strings_size, u32 boot_pe)
{
    const u32 values[] = {
        MAGIC, HEADER_BYTES + reserved + structure_size + strings_size, HEADER_BYTES + reserved,
        HEADER_BYTES + reserved + structure_size, HEADER_BYTES, VERSION, COMPATIBLE, boot_pe, strings_size,
        structure_size,
    };
    for (unsigned i = 0; i < COUNT(values); i++)
        store32(tree->base + 4 * i, values[i]);
}

bool dt_edit_open(struct dt_edit *tree, void *buffer, size_t capacity, const void *from, size_t limit)
{
    const u8 *blob = from;
    *tree = (struct dt_edit){.base = buffer, .capacity = capacity};
    if (limit < HEADER_BYTES || load32(blob + H_MAGIC) != MAGIC || load32(blob + H_COMPATIBLE) > VERSION ||
        load32(blob + H_VERSION) < VERSION)
        return false;
    u32 total = load32(blob + H_SIZE), from_structure = load32(blob + H_STRUCTURE);
    u32 structure_size = load32(blob + H_STRUCTURE_SIZE), strings_size = load32(blob + H_STRINGS_SIZE);
    u32 from_strings = load32(blob + H_STRINGS), from_reserved = load32(blob + H_RESERVED);
    if (total > limit || structure_size % 4 || !inside(from_structure, structure_size, total) ||
        !inside(from_strings, strings_size, total) || from_reserved > total)
        return false;
    u32 reserved = (u32)reservations_size(blob + from_reserved, total - from_reserved);
    if (!reserved || HEADER_BYTES + (u64)reserved + structure_size + strings_size > capacity)
        return false;
    put_header(tree, reserved, structure_size, strings_size, load32(blob + H_BOOT_PE));
    memcpy(tree->base + HEADER_BYTES, blob + from_reserved, reserved);
    memcpy(structure(tree), blob + from_structure, structure_size);
    memcpy(tree->base + field(tree, H_STRINGS), blob + from_strings, strings_size);
    return structure_is_good(tree) && dt_open(&tree->dt, tree->base);
}

/* --- changes --- */

/* The token behind a node, all of it. */
static u32 node_end(const struct dt_edit *tree, u32 node)
{
    unsigned depth = 0;
    u32 next, kind;
    do {
        kind = token(tree, node, &next);
        depth += kind == BEGIN_NODE ? 1u : 0u;
        depth -= kind == END_NODE ? 1u : 0u;
        node = next;
    } while (depth);
    return node;
}

/* Offset of a property of the node; where it would be put, if there is none, in *insertion. */
static int find_property(const struct dt_edit *tree, int node, const char *name, u32 *insertion)
{
    u32 offset, next, kind;
    token(tree, (u32)node, &offset);
    *insertion = offset;
    for (;; offset = next) {
        kind = token(tree, offset, &next);
        if (kind == PROPERTY && strcmp(string(tree, load32(structure(tree) + offset + 8)), name) == 0)
            return (int)offset;
        if (kind != PROPERTY && kind != NOP)
            return DT_NONE;
    }
}

/* Makes room in the structure (or takes some away, with a negative change) at an offset. */
static bool resize(struct dt_edit *tree, u32 offset, i64 change)
{
    u8 *at = structure(tree) + offset, *end = tree->base + field(tree, H_SIZE);
    if (change > 0 && (u64)change > tree->capacity - field(tree, H_SIZE))
        return false;
    if (change >= 0)
        memmove(at + change, at, (size_t)(end - at));
    else
        memmove(at, at - change, (size_t)(end - at + change));
    add_to_field(tree, H_STRUCTURE_SIZE, change);
    add_to_field(tree, H_STRINGS, change);
    add_to_field(tree, H_SIZE, change);
    return dt_open(&tree->dt, tree->base);
}

static bool find_string(const struct dt_edit *tree, const char *text, u32 *offset)
{
    u32 size = field(tree, H_STRINGS_SIZE);
    for (u32 i = 0; i < size; i += (u32)strlen(string(tree, i)) + 1) {
        if (!terminated((const u8 *)string(tree, i), (const u8 *)string(tree, size)))
            return false;
        *offset = i;
        if (strcmp(string(tree, i), text) == 0)
            return true;
    }
    return false;
}

static bool add_string(struct dt_edit *tree, const char *text, u32 *offset)
{
    size_t length = strlen(text) + 1;
    if (find_string(tree, text, offset))
        return true;
    if (length > tree->capacity - field(tree, H_SIZE))
        return false;
    *offset = field(tree, H_STRINGS_SIZE);
    memcpy(tree->base + field(tree, H_SIZE), text, length);
    add_to_field(tree, H_STRINGS_SIZE, (i64)length);
    add_to_field(tree, H_SIZE, (i64)length);
    return dt_open(&tree->dt, tree->base);
}

bool dt_set(struct dt_edit *tree, int node, const char *name, const void *value, u32 size)
{
    u32 insertion, name_offset = 0, next;
    int offset = find_property(tree, node, name, &insertion);
    if (offset != DT_NONE) {
        token(tree, (u32)offset, &next);
        i64 change = (i64)12 + align4(size) - (next - (u32)offset);
        name_offset = load32(structure(tree) + offset + 8);
        insertion = (u32)offset;
        if (!resize(tree, change < 0 ? insertion + 12 : next, change))
            return false;
    } else if (12 + (u64)align4(size) + strlen(name) + 1 > tree->capacity - field(tree, H_SIZE) ||
               !add_string(tree, name, &name_offset) || !resize(tree, insertion, 12 + align4(size))) {
        return false;
    }
    u8 *at = structure(tree) + insertion;
    store32(at, PROPERTY);
    store32(at + 4, size);
    store32(at + 8, name_offset);
    memset(at + 12, 0, align4(size));
    memcpy(at + 12, value, size);
    return true;
}

bool dt_set_string(struct dt_edit *tree, int node, const char *name, const char *value)
{
    return dt_set(tree, node, name, value, (u32)strlen(value) + 1);
}

bool dt_set_u64(struct dt_edit *tree, int node, const char *name, u64 value)
{
    u8 bytes[8];
    store32(bytes, (u32)(value >> 32));
    store32(bytes + 4, (u32)value);
    return dt_set(tree, node, name, bytes, sizeof(bytes));
}

bool dt_set_cells(struct dt_edit *tree, int node, const char *name, const u32 *cells, unsigned count)
{
    static const u8 nothing[4];
    if (!dt_set(tree, node, name, nothing, 0))
        return false;
    u32 insertion;
    int offset = find_property(tree, node, name, &insertion);
    if (!resize(tree, (u32)offset + 12, 4 * (i64)count))
        return false;
    u8 *at = structure(tree) + offset;
    store32(at + 4, 4 * count);
    for (unsigned i = 0; i < count; i++)
        store32(at + 12 + 4 * i, cells[i]);
    return true;
}

/* A new node stands behind all of its parent's. */
int dt_add_node(struct dt_edit *tree, int parent, const char *name)
{
    for (int child = dt_first_child(&tree->dt, parent); child != DT_NONE; child = dt_next_sibling(&tree->dt, child))
        if (strcmp(dt_name(&tree->dt, child), name) == 0)
            return child;
    u32 at = node_end(tree, (u32)parent) - 4, length = align4((u32)strlen(name) + 1);
    if (!resize(tree, at, 8 + (i64)length))
        return DT_NONE;
    u8 *node = structure(tree) + at;
    memset(node, 0, 8 + length);
    store32(node, BEGIN_NODE);
    memcpy(node + 4, name, strlen(name));
    store32(node + 4 + length, END_NODE);
    return (int)at;
}

bool dt_remove_node(struct dt_edit *tree, int node)
{
    return node > 0 && resize(tree, (u32)node, (i64)node - node_end(tree, (u32)node));
}

bool dt_reserve(struct dt_edit *tree, u64 address, u64 size)
{
    if (tree->capacity - field(tree, H_SIZE) < 16)
        return false;
    u8 *at = tree->base + HEADER_BYTES;
    memmove(at + 16, at, field(tree, H_SIZE) - HEADER_BYTES);
    const u32 words[] = {(u32)(address >> 32), (u32)address, (u32)(size >> 32), (u32)size};
    for (unsigned i = 0; i < COUNT(words); i++)
        store32(at + 4 * i, words[i]);
    add_to_field(tree, H_STRUCTURE, 16);
    add_to_field(tree, H_STRINGS, 16);
    add_to_field(tree, H_SIZE, 16);
    return dt_open(&tree->dt, tree->base);
}
