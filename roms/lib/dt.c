#include "dt.h"

#include "memory.h"

enum { BEGIN_NODE = 1, END_NODE = 2, PROPERTY = 3, NOP = 4, END = 9 };
enum { MAGIC = 0xd00dfeed, HEADER_SIZE = 40 };

static u32 read32(const u8 *at)
{
    return (u32)at[0] << 24 | (u32)at[1] << 16 | (u32)at[2] << 8 | at[3];
}

bool dt_open(struct dt *fdt, const void *blob)
{
    const u8 *at = blob;
    if (!at || (uintptr_t)at & 7 || read32(at) != MAGIC || read32(at + 24) > 17)
        return false;
    *fdt = (struct dt){at, read32(at + 4), read32(at + 8), read32(at + 36), read32(at + 12), read32(at + 32)};
    return fdt->size >= HEADER_SIZE && fdt->structure <= fdt->size && fdt->structure_size <= fdt->size - fdt->structure &&
           fdt->strings <= fdt->size && fdt->strings_size <= fdt->size - fdt->strings;
}

/* A token and what follows it; `next` is the offset of the one behind. A tree that ends early ends here. */
struct token {
    u32 kind, next;
    const char *name;
    const u8 *value;
    u32 size;
};

static struct token token_at(const struct dt *fdt, u32 offset)
{
    struct token token = {.kind = END};
    if (offset > fdt->structure_size || fdt->structure_size - offset < 4)
        return token;
    const u8 *at = fdt->blob + fdt->structure + offset;
    u32 left = fdt->structure_size - offset - 4, used = 0;
    token.kind = read32(at);
    if (token.kind == BEGIN_NODE) {
        token.name = (const char *)at + 4;
        while (used < left && token.name[used])
            used++;
        token.kind = used < left ? token.kind : END;
        used++;
    } else if (token.kind == PROPERTY) {
        u32 name = left >= 8 ? read32(at + 8) : fdt->strings_size;
        token.size = left >= 8 ? read32(at + 4) : 0;
        token.value = at + 12;
        token.name = (const char *)fdt->blob + fdt->strings + name;
        token.kind = name < fdt->strings_size && token.size <= left - 8 ? token.kind : END;
        used = 8 + token.size;
    }
    token.next = offset + 4 + ((used + 3) & ~3u);
    return token;
}

const char *dt_name(const struct dt *fdt, int node)
{
    return token_at(fdt, (u32)node).name;
}

/* The nodes in the tree's order, with their depths. The root is the first, of depth 0. */
static int next_node(const struct dt *fdt, int node, int *depth)
{
    u32 offset = node < 0 ? 0 : token_at(fdt, (u32)node).next;
    if (node < 0)
        *depth = -1;
    for (;;) {
        struct token token = token_at(fdt, offset);
        if (token.kind == BEGIN_NODE) {
            ++*depth;
            return (int)offset;
        }
        if (token.kind == END_NODE)
            --*depth;
        else if (token.kind != PROPERTY && token.kind != NOP)
            return DT_NONE;
        offset = token.next;
    }
}

int dt_first_child(const struct dt *fdt, int node)
{
    int depth = 0, next = next_node(fdt, node, &depth);
    return depth == 1 ? next : DT_NONE;
}

int dt_next_sibling(const struct dt *fdt, int node)
{
    int depth = 0;
    do
        node = next_node(fdt, node, &depth);
    while (node != DT_NONE && depth > 0);
    return depth == 0 ? node : DT_NONE;
}

int dt_parent(const struct dt *fdt, int node)
{
    int path[16], depth;
    for (int at = next_node(fdt, DT_NONE, &depth); at != DT_NONE; at = next_node(fdt, at, &depth)) {
        if (depth < 0 || depth >= (int)COUNT(path))
            continue;
        path[depth] = at;
        if (at == node)
            return depth ? path[depth - 1] : DT_NONE;
    }
    return DT_NONE;
}

static bool name_matches(const char *name, const char *wanted, size_t length)
{
    return memcmp(name, wanted, length) == 0 && (name[length] == 0 || name[length] == '@');
}

int dt_path(const struct dt *fdt, const char *path)
{
    int depth, node = next_node(fdt, DT_NONE, &depth);
    while (node != DT_NONE && *path == '/' && path[1]) {
        size_t length = 0;
        for (path++; path[length] && path[length] != '/'; length++)
            ;
        for (node = dt_first_child(fdt, node); node != DT_NONE; node = dt_next_sibling(fdt, node)) {
            const char *name = dt_name(fdt, node);
            if (strlen(name) >= length && (name_matches(name, path, length) || strcmp(name, path) == 0))
                break;
        }
        path += length;
    }
    return node;
}

const void *dt_property(const struct dt *fdt, int node, const char *name, u32 *size)
{
    if (node < 0)
        return NULL;
    for (struct token token = token_at(fdt, token_at(fdt, (u32)node).next);; token = token_at(fdt, token.next)) {
        if (token.kind == PROPERTY && strcmp(token.name, name) == 0) {
            if (size)
                *size = token.size;
            return token.value;
        }
        if (token.kind != PROPERTY && token.kind != NOP)
            return NULL;
    }
}

bool dt_has_string(const struct dt *fdt, int node, const char *property, const char *string)
{
    u32 size = 0;
    const char *list = dt_property(fdt, node, property, &size);
    size_t wanted = strlen(string) + 1;
    for (u32 at = 0, end; list && at < size; at = end + 1) {
        for (end = at; end < size && list[end]; end++)
            ;
        if (end - at + 1 == wanted && end < size && memcmp(list + at, string, wanted) == 0)
            return true;
    }
    return false;
}

int dt_compatible(const struct dt *fdt, int after, const char *compatible)
{
    int depth = 0;
    do
        after = next_node(fdt, after, &depth);
    while (after != DT_NONE && !dt_has_string(fdt, after, "compatible", compatible));
    return after;
}

u32 dt_cell(const struct dt *fdt, int node, const char *property, unsigned index, u32 otherwise)
{
    u32 size = 0;
    const u8 *value = dt_property(fdt, node, property, &size);
    return value && size >= 4 * (index + 1) ? read32(value + 4 * index) : otherwise;
}

u64 dt_number(const struct dt *fdt, int node, const char *property, u64 otherwise)
{
    u32 size = 0;
    const u8 *value = dt_property(fdt, node, property, &size);
    if (value && size == 8)
        return (u64)read32(value) << 32 | read32(value + 4);
    return value && size == 4 ? read32(value) : otherwise;
}

static u64 cells(const struct dt *fdt, int node, unsigned from, unsigned count)
{
    u64 value = 0;
    for (unsigned i = 0; i < count; i++)
        value = value << 32 | dt_cell(fdt, node, "reg", from + i, 0);
    return value;
}

bool dt_reg(const struct dt *fdt, int node, unsigned index, u64 *address, u64 *size)
{
    int parent = dt_parent(fdt, node);
    unsigned addresses = dt_cell(fdt, parent, "#address-cells", 0, 2);
    unsigned sizes = dt_cell(fdt, parent, "#size-cells", 0, 1);
    u32 bytes = 0;
    if (addresses > 4 || sizes > 4 || index >= 1024)
        return false;
    if (!dt_property(fdt, node, "reg", &bytes) || bytes < 4 * (addresses + sizes) * (index + 1))
        return false;
    *address = cells(fdt, node, index * (addresses + sizes), addresses);
    if (size)
        *size = cells(fdt, node, index * (addresses + sizes) + addresses, sizes);
    return true;
}

bool dt_enabled(const struct dt *fdt, int node)
{
    return !dt_property(fdt, node, "status", NULL) || dt_has_string(fdt, node, "status", "okay") ||
           dt_has_string(fdt, node, "status", "ok");
}
