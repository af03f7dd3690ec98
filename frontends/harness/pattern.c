/* Trap records as headers and golden logs write them: "sync el0->el1 ec=0x15 why=SVC elr=sym+4". */
#include "frontends/harness/harness.h"

#include <inttypes.h>
#include <stddef.h>
#include <string.h>

/* What can be asked of a record. */
static const struct field {
    const char *name;
    unsigned digits; /* hexadecimal digits when shown; 0: decimal */
} fields[] = {
    {"from", 0}, {"to", 0},  {"ec", 2},    {"esr", 8},    {"iss", 7}, {"elr", 8},         {"pc", 8},  {"far", 8},
    {"hpfar", 8}, {"spsr", 8}, {"vector", 3}, {"pe", 0}, {"secure", 0}, {"from_secure", 0}, {"instructions", 0},
};

static const struct field *find_field(const char *name)
{
    for (size_t i = 0; i < sizeof(fields) / sizeof(fields[0]); i++)
        if (strcmp(fields[i].name, name) == 0)
            return &fields[i];
    return NULL;
}

static uint64_t field_of(const struct armsim_trap *trap, const char *name)
{
    if (strcmp(name, "from") == 0)
        return trap->from_el;
    if (strcmp(name, "to") == 0)
        return trap->to_el;
    if (strcmp(name, "ec") == 0)
        return trap->ec;
    if (strcmp(name, "esr") == 0)
        return trap->esr;
    if (strcmp(name, "iss") == 0)
        return trap->esr & 0x1ffffff;
    if (strcmp(name, "elr") == 0)
        return trap->elr;
    if (strcmp(name, "pc") == 0)
        return trap->pc;
    if (strcmp(name, "far") == 0)
        return trap->far;
    if (strcmp(name, "hpfar") == 0)
        return trap->hpfar;
    if (strcmp(name, "spsr") == 0)
        return trap->spsr;
    if (strcmp(name, "vector") == 0)
        return trap->vector_offset;
    if (strcmp(name, "pe") == 0)
        return trap->pe;
    if (strcmp(name, "secure") == 0)
        return trap->to_secure;
    if (strcmp(name, "from_secure") == 0)
        return trap->from_secure;
    return trap->instructions;
}

/* The next word; text in quotes may have spaces. Returns what follows; NULL: no more. */
static const char *next_word(struct arena *arena, const char *text, char **word)
{
    while (*text == ' ' || *text == '\t')
        text++;
    if (!*text)
        return NULL;
    struct buffer out = {0};
    bool quoted = false;
    for (; *text && (quoted || (*text != ' ' && *text != '\t')); text++) {
        if (*text == '"')
            quoted = !quoted;
        else
            buffer_bytes(&out, text, 1);
    }
    *word = arena_text(arena, buffer_text(&out), out.length);
    buffer_free(&out);
    return text;
}

static bool parse_el(const char *text, int *el)
{
    if (strncmp(text, "el", 2) != 0 || text[2] < '0' || text[2] > '3' || text[3])
        return false;
    *el = text[2] - '0';
    return true;
}

/* "el0->el1", "->el2", "el1->". */
static bool parse_levels(char *word, struct pattern *pattern)
{
    char *arrow = strstr(word, "->");
    if (!arrow)
        return false;
    *arrow = '\0';
    bool good = (!*word || parse_el(word, &pattern->from)) && (!arrow[2] || parse_el(arrow + 2, &pattern->to));
    *arrow = '-';
    return good;
}

static bool parse_kind(const char *word, struct pattern *pattern)
{
    for (int kind = 0; kind < ARMSIM_TRAP_KINDS; kind++) {
        if (strcmp(word, armsim_trap_kind_name((enum armsim_trap_kind)kind)) == 0) {
            pattern->kind = kind;
            return true;
        }
    }
    return false;
}

static bool parse_field(const struct scope *scope, char *word, struct pattern *pattern, struct buffer *error)
{
    char *equals = strchr(word, '=');
    if (!equals || pattern->field_count == PATTERN_FIELDS)
        return false;
    *equals = '\0';
    struct pattern_field *field = &pattern->fields[pattern->field_count];
    *field = (struct pattern_field){.key = word, .text = equals + 1};
    if (strcmp(word, "why") != 0) {
        if (!find_field(word))
            return false;
        int el;
        if (parse_el(field->text, &el))
            field->value = (uint64_t)el;
        else if (!value_parse(scope, field->text, &field->value, error))
            return false;
    }
    pattern->field_count++;
    return true;
}

bool pattern_parse(const struct scope *scope, struct arena *arena, const struct line *line, const char *text,
                   struct pattern *pattern, struct buffer *error)
{
    *pattern = (struct pattern){.line = line, .kind = -1, .from = -1, .to = -1};
    char *word;
    while ((text = next_word(arena, text, &word)) != NULL) {
        size_t before = error->length;
        if (strcmp(word, "...") == 0)
            pattern->any_number = true;
        else if (!parse_kind(word, pattern) && !parse_levels(word, pattern) &&
                 !parse_field(scope, word, pattern, error)) {
            if (error->length == before)
                buffer_add(error, "expected a kind (sync, irq, fiq, serror, virq, vfiq, vserror, return), el0->el1 or "
                                  "a field of a trap record, found \"%s\"",
                           word);
            return false;
        }
    }
    return true;
}

static bool field_matches(const struct pattern_field *field, const struct armsim_trap *trap)
{
    if (strcmp(field->key, "why") == 0)
        return strcmp(field->text, trap->why) == 0;
    return field_of(trap, field->key) == field->value;
}

bool pattern_matches(const struct pattern *pattern, const struct armsim_trap *trap)
{
    if ((pattern->kind >= 0 && pattern->kind != (int)trap->kind) ||
        (pattern->from >= 0 && pattern->from != trap->from_el) || (pattern->to >= 0 && pattern->to != trap->to_el))
        return false;
    for (unsigned i = 0; i < pattern->field_count; i++)
        if (!field_matches(&pattern->fields[i], trap))
            return false;
    return true;
}

void pattern_explain(const struct pattern *pattern, const struct armsim_trap *trap, struct buffer *out)
{
    const char *separator = "";
    if (pattern->kind >= 0 && pattern->kind != (int)trap->kind) {
        buffer_add(out, "kind is %s", armsim_trap_kind_name(trap->kind));
        separator = ", ";
    }
    if ((pattern->from >= 0 && pattern->from != trap->from_el) || (pattern->to >= 0 && pattern->to != trap->to_el)) {
        buffer_add(out, "%slevels are el%u->el%u", separator, trap->from_el, trap->to_el);
        separator = ", ";
    }
    for (unsigned i = 0; i < pattern->field_count; i++) {
        const struct pattern_field *field = &pattern->fields[i];
        if (field_matches(field, trap))
            continue;
        if (strcmp(field->key, "why") == 0)
            buffer_add(out, "%swhy is \"%s\"", separator, trap->why);
        else
            buffer_add(out, "%s%s is 0x%" PRIx64 ", expected 0x%" PRIx64, separator, field->key,
                       field_of(trap, field->key), field->value);
        separator = ", ";
    }
}

static void add_address(const struct image *image, const char *name, uint64_t address, struct buffer *out)
{
    char place[160];
    image_locate(image, address, place, sizeof(place));
    if (*place)
        buffer_add(out, " %s=%s", name, place);
    else
        buffer_add(out, " %s=0x%" PRIx64, name, address);
}

void pattern_format(const struct image *image, const struct armsim_trap *trap, struct buffer *out)
{
    buffer_add(out, "%s el%u->el%u", armsim_trap_kind_name(trap->kind), trap->from_el, trap->to_el);
    if (trap->kind == ARMSIM_TRAP_SYNC)
        buffer_add(out, " ec=0x%02x", trap->ec);
    buffer_add(out, strchr(trap->why, ' ') ? " why=\"%s\"" : " why=%s", trap->why);
    add_address(image, "elr", trap->elr, out);
    if (trap->kind == ARMSIM_TRAP_RETURN) {
        add_address(image, "pc", trap->pc, out);
    } else {
        buffer_add(out, " vector=0x%03x", trap->vector_offset);
        if (trap->kind == ARMSIM_TRAP_SYNC || trap->kind == ARMSIM_TRAP_SERROR || trap->kind == ARMSIM_TRAP_VSERROR)
            buffer_add(out, " esr=0x%08" PRIx64, trap->esr);
        if (trap->far)
            add_address(image, "far", trap->far, out);
        if (trap->hpfar)
            buffer_add(out, " hpfar=0x%" PRIx64, trap->hpfar);
    }
    buffer_add(out, " spsr=0x%08" PRIx64, trap->spsr);
    if (trap->pe)
        buffer_add(out, " pe=%u", trap->pe);
}
