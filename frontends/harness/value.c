/* Values and places in headers: numbers, symbols, registers, memory. */
#include "frontends/harness/harness.h"
#include "frontends/little_endian.h"

#include <ctype.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

static const char *skip_space(const char *text)
{
    while (*text == ' ' || *text == '\t')
        text++;
    return text;
}

static bool is_name(char c)
{
    return isalnum((unsigned char)c) || c == '_' || c == '.';
}

static bool read_named(const struct scope *scope, const char *name, uint64_t *value)
{
    const struct symbol *symbol = scope->image ? image_symbol(scope->image, name) : NULL;
    if (symbol) {
        *value = symbol->value;
        return true;
    }
    if (!scope->machine)
        return false;
    armsim_register_id reg = armsim_register_by_name(scope->machine, name);
    return reg != ARMSIM_REG_NONE && armsim_peek(scope->machine, 0, reg, value) == 0;
}

/* A number or name; returns what follows, NULL after explaining. */
static const char *primary(const struct scope *scope, const char *text, uint64_t *value, struct buffer *error)
{
    text = skip_space(text);
    if (*text == '~') {
        text = primary(scope, text + 1, value, error);
        *value = ~*value;
        return text;
    }
    if (isdigit((unsigned char)*text)) {
        char *end;
        errno = 0;
        *value = strtoull(text, &end, 0);
        if (!errno && !is_name(*end))
            return end;
        buffer_add(error, "expected a number, found \"%s\"", text);
        return NULL;
    }
    size_t length = 0;
    while (is_name(text[length]))
        length++;
    char name[128];
    if (!length || length >= sizeof(name)) {
        buffer_add(error, "expected a value, found \"%s\"", text);
        return NULL;
    }
    memcpy(name, text, length);
    name[length] = '\0';
    if (read_named(scope, name, value))
        return text + length;
    buffer_add(error, "no symbol or register \"%s\"", name);
    return NULL;
}

/* "a<<b", which binds closest. */
static const char *shifted(const struct scope *scope, const char *text, uint64_t *value, struct buffer *error)
{
    const char *at = primary(scope, text, value, error);
    while (at && strncmp(skip_space(at), "<<", 2) == 0) {
        uint64_t right = 0;
        at = primary(scope, skip_space(at) + 2, &right, error);
        *value = right < 64 ? *value << right : 0;
    }
    return at;
}

bool value_parse(const struct scope *scope, const char *text, uint64_t *value, struct buffer *error)
{
    const char *at = shifted(scope, text, value, error);
    while (at) {
        at = skip_space(at);
        char sign = *at;
        if (!sign)
            return true;
        if (!strchr("+-|&", sign)) {
            buffer_add(error, "expected + - | & or <<, found \"%s\"", at);
            return false;
        }
        uint64_t right = 0;
        at = shifted(scope, at + 1, &right, error);
        *value = sign == '+'   ? *value + right
                 : sign == '-' ? *value - right
                 : sign == '|' ? *value | right
                               : *value & right;
    }
    return false;
}

/* --- places --- */

static bool parse_memory(const struct scope *scope, const char *text, struct place *place, struct buffer *error)
{
    static const struct {
        const char *prefix;
        unsigned bytes;
    } sizes[] = {{"byte@", 1}, {"half@", 2}, {"word@", 4}, {"dword@", 8}};
    place->secure = strncmp(text, "secure ", 7) == 0;
    if (place->secure)
        text = skip_space(text + 7);
    for (size_t i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++) {
        size_t length = strlen(sizes[i].prefix);
        if (strncmp(text, sizes[i].prefix, length) != 0)
            continue;
        place->memory = true;
        place->bytes = sizes[i].bytes;
        place->mask = place->bytes == 8 ? UINT64_MAX : (UINT64_C(1) << 8 * place->bytes) - 1;
        return value_parse(scope, text + length, &place->address, error);
    }
    return false;
}

/* "7:4", "26", "34,27". */
static bool parse_bits(const char *text, struct place *place, struct buffer *error)
{
    unsigned high, low;
    int used = 0;
    if (sscanf(text, "%u:%u]%n", &high, &low, &used) == 2 && used && high < 64 && low <= high) {
        place->mask = (high == 63 ? UINT64_MAX : (UINT64_C(1) << (high + 1)) - 1) & ~((UINT64_C(1) << low) - 1);
        place->shift = low;
        return true;
    }
    place->mask = 0;
    place->each = strchr(text, ',') != NULL;
    for (;;) {
        char *end;
        unsigned long bit = strtoul(text, &end, 10);
        if (end == text || bit > 63 || (*end != ',' && *end != ']')) {
            buffer_add(error, "expected bits as [7:4], [26] or [34,27], found \"[%s\"", text);
            return false;
        }
        place->mask |= UINT64_C(1) << bit;
        place->shift = (unsigned)bit;
        if (*end == ']')
            return true;
        text = end + 1;
    }
}

bool place_parse(const struct scope *scope, const char *text, struct place *place, struct buffer *error)
{
    *place = (struct place){.mask = UINT64_MAX};
    text = skip_space(text);
    unsigned pe;
    int used = 0;
    if (sscanf(text, "pe%u.%n", &pe, &used) == 1 && used) {
        place->pe = pe;
        text += used;
    }
    size_t before = error->length;
    if (parse_memory(scope, text, place, error))
        return true;
    if (error->length != before)
        return false;
    char name[64] = "";
    size_t length = strcspn(text, "[ \t");
    if (length < sizeof(name))
        memcpy(name, text, length);
    size_t half = strlen(name);
    if (half > 3 && strcmp(name + half - 3, ".hi") == 0) {
        place->high = true;
        name[half - 3] = '\0';
    }
    place->reg = armsim_register_by_name(scope->machine, name);
    if (place->reg == ARMSIM_REG_NONE) {
        buffer_add(error, "no register \"%s\" in this machine", name);
        return false;
    }
    text = skip_space(text + length);
    return *text != '[' || parse_bits(text + 1, place, error);
}

static bool complain(const struct scope *scope, const struct place *place, int code, struct buffer *error)
{
    const char *why = armsim_last_error(scope->machine);
    if (place->memory)
        buffer_add(error, "memory 0x%llx: %s", (unsigned long long)place->address, *why ? why : armsim_strerror(code));
    else
        buffer_add(error, "register: %s", *why ? why : armsim_strerror(code));
    return false;
}

static bool is_vector(const struct place *place)
{
    return place->reg >= ARMSIM_REG_V0 && place->reg < ARMSIM_REG_V0 + 32;
}

bool place_read(const struct scope *scope, const struct place *place, uint64_t *value, struct buffer *error)
{
    int code;
    *value = 0;
    if (place->memory) {
        uint8_t bytes[8] = {0};
        struct armsim_space space = ARMSIM_PHYSICAL(place->secure ? ARMSIM_PAS_SECURE : ARMSIM_PAS_NON_SECURE);
        code = armsim_read_memory(scope->machine, &space, place->address, bytes, place->bytes, NULL);
        *value = load_le(bytes, place->bytes);
    } else if (is_vector(place)) {
        uint64_t halves[2] = {0};
        code = armsim_read_vector(scope->machine, place->pe, place->reg - ARMSIM_REG_V0, halves);
        *value = halves[place->high];
    } else {
        code = armsim_peek(scope->machine, place->pe, place->reg, value);
    }
    return code >= 0 || complain(scope, place, code, error);
}

bool place_write(const struct scope *scope, const struct place *place, uint64_t value, struct buffer *error)
{
    uint64_t whole = value;
    if (place->mask != UINT64_MAX && !place->memory) {
        uint64_t old;
        if (!place_read(scope, place, &old, error))
            return false;
        uint64_t field = place->each ? (value ? place->mask : 0) : value << place->shift;
        if (field & ~place->mask) {
            buffer_add(error, "0x%llx doesn't fit the field", (unsigned long long)value);
            return false;
        }
        whole = (old & ~place->mask) | field;
    }
    int code;
    if (place->memory) {
        uint8_t bytes[8];
        store_le(bytes, whole, 8);
        struct armsim_space space = ARMSIM_PHYSICAL(place->secure ? ARMSIM_PAS_SECURE : ARMSIM_PAS_NON_SECURE);
        code = armsim_write_memory(scope->machine, &space, place->address, bytes, place->bytes, NULL);
    } else if (is_vector(place)) {
        uint64_t halves[2] = {0};
        armsim_read_vector(scope->machine, place->pe, place->reg - ARMSIM_REG_V0, halves);
        halves[place->high] = whole;
        code = armsim_write_vector(scope->machine, place->pe, place->reg - ARMSIM_REG_V0, halves);
    } else {
        code = armsim_poke(scope->machine, place->pe, place->reg, whole);
    }
    return code >= 0 || complain(scope, place, code, error);
}

uint64_t place_field(const struct place *place, uint64_t whole)
{
    if (place->each)
        return (whole & place->mask) == place->mask ? 1 : (whole & place->mask) ? 2 : 0;
    return (whole & place->mask) >> place->shift;
}
