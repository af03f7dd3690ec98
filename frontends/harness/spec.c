/*
 * Test files: header lines, sections, matrices. A line is "//! key: value" at the start of a line of an assembly file,
 * or "key: value" in a sidecar (FILE.expect). "[name]" begins a section, which is a test of its own; the lines before
 * the first section belong to all of them.
 */
#include "frontends/harness/harness.h"

#include <ctype.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

/* Keys of which there is one value: they can be matrix variables, and conditions can ask for them. */
static const char *const settings[] = {
    "test", "board", "cpu",     "el2",   "el3",  "gic",    "smp",    "ram",   "secure",      "entry", "start",
    "exit", "limit", "console", "golden", "skip", "engine", "conduit", "quantum", "semihosting", "requires", "matrix",
    "bios", "kernel", "initrd", "append",  "traps", "pci",
};
/* Keys that may come several times. */
static const char *const lists[] = {"set", "expect", "trap", "never", "count", "stat", "inject", "device",
                                    "drive", "impdef"};

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

static bool is_in(const char *const *names, size_t count, const char *name)
{
    for (size_t i = 0; i < count; i++)
        if (strcmp(names[i], name) == 0)
            return true;
    return false;
}

struct section {
    const char *name; /* NULL: the common lines */
    struct line *lines;
    size_t count, capacity;
};

struct reader {
    struct test_file *file;
    struct section *sections; /* 0: common */
    size_t count, capacity;
};

static bool fail(struct test_file *file, const char *where, unsigned number, const char *format, ...)
    __attribute__((format(printf, 4, 5)));
static bool fail(struct test_file *file, const char *where, unsigned number, const char *format, ...)
{
    if (file->error)
        return false;
    char text[512];
    va_list args;
    va_start(args, format);
    vsnprintf(text, sizeof(text), format, args);
    va_end(args);
    file->error = arena_format(&file->arena, "%s:%u: %s", where, number, text);
    return false;
}

static void begin_section(struct reader *reader, const char *name)
{
    reader->sections = grow(reader->sections, reader->count, &reader->capacity, sizeof(*reader->sections));
    reader->sections[reader->count++] = (struct section){.name = name};
}

static bool read_lines(struct reader *reader, const char *path, bool assembly, unsigned depth);

/* Source files have their header in "//!" comments, other files are headers. */
static bool has_comments(const char *path)
{
    const char *dot = strrchr(path, '.');
    return dot && (strcmp(dot, ".S") == 0 || strcmp(dot, ".s") == 0 || strcmp(dot, ".c") == 0);
}

static bool include(struct reader *reader, const char *from, unsigned number, const char *name, unsigned depth)
{
    const char *slash = strrchr(from, '/');
    int folder = slash && name[0] != '/' ? (int)(slash - from + 1) : 0;
    const char *path = arena_format(&reader->file->arena, "%.*s%s", folder, from, name);
    if (depth > 8)
        return fail(reader->file, from, number, "include: too deep");
    if (!read_lines(reader, path, has_comments(path), depth + 1))
        return fail(reader->file, from, number, "include: %s: %s", path, strerror(errno));
    return true;
}

/* One "key[condition]: value". */
static bool read_line(struct reader *reader, const char *path, unsigned number, char *text, unsigned depth)
{
    struct arena *arena = &reader->file->arena;
    text = trim(text);
    if (!*text || *text == '#')
        return true;
    size_t length = strlen(text);
    if (*text == '[') {
        if (text[length - 1] != ']' || length < 3)
            return fail(reader->file, path, number, "expected [section], found \"%s\"", text);
        begin_section(reader, arena_text(arena, text + 1, length - 2));
        return true;
    }
    size_t key = strspn(text, "abcdefghijklmnopqrstuvwxyz0123456789-_");
    char *rest = text + key;
    const char *condition = NULL;
    if (*rest == '[') {
        char *end = strchr(rest, ']');
        if (!end)
            return fail(reader->file, path, number, "expected key[condition]: value, found \"%s\"", text);
        condition = arena_text(arena, rest + 1, (size_t)(end - rest - 1));
        rest = end + 1;
    }
    if (!key || *rest != ':')
        return fail(reader->file, path, number, "expected key: value, found \"%s\"", text);
    const char *name = arena_text(arena, text, key);
    char *value = trim(rest + 1);
    if (strcmp(name, "include") == 0)
        return include(reader, path, number, value, depth);
    if (!is_in(settings, COUNT(settings), name) && !is_in(lists, COUNT(lists), name))
        return fail(reader->file, path, number, "unknown key \"%s\"", name);
    struct section *section = &reader->sections[reader->count - 1];
    section->lines = grow(section->lines, section->count, &section->capacity, sizeof(*section->lines));
    section->lines[section->count++] = (struct line){
        .key = name,
        .condition = condition,
        .value = arena_text(arena, value, strlen(value)),
        .file = arena_text(arena, path, strlen(path)),
        .number = number,
    };
    return true;
}

/* False with errno: the file can't be read. */
static bool read_lines(struct reader *reader, const char *path, bool assembly, unsigned depth)
{
    char *text = read_file(path, NULL);
    if (!text)
        return false;
    unsigned number = 0;
    for (char *at = text; *at && !reader->file->error;) {
        number++;
        char *end = strchr(at, '\n');
        if (end)
            *end = '\0';
        char *line = at;
        if (assembly) {
            while (*line == ' ' || *line == '\t')
                line++;
            line = strncmp(line, "//!", 3) == 0 ? line + 3 : NULL;
        }
        if (line)
            read_line(reader, path, number, line, depth);
        if (!end)
            break;
        at = end + 1;
    }
    free(text);
    return true;
}

/* --- variables --- */

struct variables {
    struct variable *items;
    size_t count, capacity;
    size_t fixed; /* the matrix's: lines don't change them */
};

static struct variable *find(struct variables *variables, const char *name)
{
    for (size_t i = 0; i < variables->count; i++)
        if (strcmp(variables->items[i].name, name) == 0)
            return &variables->items[i];
    return NULL;
}

static void assign(struct variables *variables, const char *name, const char *value)
{
    struct variable *variable = find(variables, name);
    if (variable) {
        if ((size_t)(variable - variables->items) >= variables->fixed)
            variable->value = value;
        return;
    }
    variables->items = grow(variables->items, variables->count, &variables->capacity, sizeof(*variables->items));
    variables->items[variables->count++] = (struct variable){name, value};
}

/* "a=x|y,b!=z": all must hold. */
static bool holds(struct variables *variables, const char *condition)
{
    while (condition && *condition) {
        size_t length = strcspn(condition, ",");
        const char *equals = memchr(condition, '=', length);
        bool negated = equals && equals > condition && equals[-1] == '!';
        char name[64] = "";
        size_t name_length = equals ? (size_t)(equals - condition) - negated : length;
        if (name_length < sizeof(name))
            memcpy(name, condition, name_length);
        struct variable *variable = find(variables, name);
        const char *value = variable ? variable->value : "";
        bool found = !equals && variable;
        const char *end = condition + length;
        for (const char *at = equals ? equals + 1 : end; equals && at <= end;) {
            size_t size = strcspn(at, "|,");
            if (at + size > end)
                size = (size_t)(end - at);
            found |= strlen(value) == size && strncmp(value, at, size) == 0;
            at += size + 1;
        }
        if (found == negated)
            return false;
        condition = *end ? end + 1 : end;
    }
    return true;
}

/* Replaces ${name}. */
static const char *replace(struct test_file *file, struct variables *variables, const struct line *line)
{
    if (!strstr(line->value, "${"))
        return line->value;
    struct buffer out = {0};
    for (const char *at = line->value; *at;) {
        const char *end = at[0] == '$' && at[1] == '{' ? strchr(at, '}') : NULL;
        if (!end) {
            buffer_bytes(&out, at++, 1);
            continue;
        }
        char name[64] = "";
        size_t length = (size_t)(end - at - 2);
        if (length < sizeof(name))
            memcpy(name, at + 2, length);
        struct variable *variable = find(variables, name);
        if (!variable)
            fail(file, line->file, line->number, "no matrix variable \"%s\"", name);
        else
            buffer_add(&out, "%s", variable->value);
        at = end + 1;
    }
    const char *text = arena_text(&file->arena, buffer_text(&out), out.length);
    buffer_free(&out);
    return text;
}

/* --- tests --- */

/* The lines that hold: settings first, in their order, so that every other line's condition can ask for them. */
static void add_lines(struct test *test, struct variables *variables, const struct section *section, bool set)
{
    for (size_t i = 0; section && i < section->count; i++) {
        const struct line *line = &section->lines[i];
        if (strcmp(line->key, "matrix") == 0 || is_in(settings, COUNT(settings), line->key) != set ||
            !holds(variables, line->condition))
            continue;
        struct line copy = *line;
        copy.value = replace(test->file, variables, line);
        if (set)
            assign(variables, line->key, copy.value);
        else
            test->lines[test->line_count++] = copy;
    }
}

static void add_test(struct test_file *file, const struct section *common, const struct section *section,
                     const struct variable *matrix, size_t matrix_count, size_t *capacity)
{
    file->tests = grow(file->tests, file->test_count, capacity, sizeof(*file->tests));
    struct test *test = &file->tests[file->test_count++];
    size_t lines = common->count + (section ? section->count : 0);
    *test = (struct test){.file = file, .lines = arena_alloc(&file->arena, (lines + 1) * sizeof(struct line))};
    struct buffer name = {0};
    buffer_add(&name, "%s", file->path);
    if (section)
        buffer_add(&name, ":%s", section->name);
    struct variables variables = {0};
    for (size_t i = 0; i < matrix_count; i++) {
        assign(&variables, matrix[i].name, matrix[i].value);
        buffer_add(&name, "%c%s=%s", i ? ',' : ':', matrix[i].name, matrix[i].value);
    }
    variables.fixed = matrix_count;
    for (int set = 1; set >= 0; set--) {
        add_lines(test, &variables, common, set);
        add_lines(test, &variables, section, set);
    }
    test->name = arena_text(&file->arena, name.data, name.length);
    buffer_free(&name);
    test->variables = arena_alloc(&file->arena, (variables.count + 1) * sizeof(struct variable));
    if (variables.count)
        memcpy(test->variables, variables.items, variables.count * sizeof(struct variable));
    test->variable_count = variables.count;
    free(variables.items);
}

enum { MAX_DIMENSIONS = 16 };
struct dimension {
    const char *name;
    const char **values;
    size_t count;
};

/* "el2=on,off gic=2,3": adds dimensions. */
static void add_dimensions(struct test_file *file, const struct line *line, struct dimension *dimensions,
                           size_t *count)
{
    char *text = arena_text(&file->arena, line->value, strlen(line->value));
    char *save = NULL;
    for (char *word = strtok_r(text, " \t", &save); word; word = strtok_r(NULL, " \t", &save)) {
        char *equals = strchr(word, '=');
        if (!equals || *count == MAX_DIMENSIONS) {
            fail(file, line->file, line->number, "matrix: expected name=value,value..., found \"%s\"", word);
            return;
        }
        *equals = '\0';
        struct dimension *dimension = &dimensions[(*count)++];
        *dimension = (struct dimension){.name = word};
        size_t capacity = 0;
        const char **values = NULL;
        char *inner = NULL;
        for (char *value = strtok_r(equals + 1, ",", &inner); value; value = strtok_r(NULL, ",", &inner)) {
            values = grow(values, dimension->count, &capacity, sizeof(*values));
            values[dimension->count++] = value;
        }
        dimension->values = arena_alloc(&file->arena, (dimension->count + 1) * sizeof(*values));
        if (dimension->count)
            memcpy(dimension->values, values, dimension->count * sizeof(*values));
        free(values);
        if (!dimension->count)
            fail(file, line->file, line->number, "matrix: %s has no values", word);
    }
}

static void add_tests(struct test_file *file, const struct section *common, const struct section *section,
                      size_t *capacity)
{
    struct dimension dimensions[MAX_DIMENSIONS];
    size_t count = 0, index[MAX_DIMENSIONS] = {0};
    const struct section *both[] = {common, section};
    for (size_t s = 0; s < 2; s++)
        for (size_t i = 0; both[s] && i < both[s]->count; i++)
            if (strcmp(both[s]->lines[i].key, "matrix") == 0)
                add_dimensions(file, &both[s]->lines[i], dimensions, &count);
    while (!file->error) {
        struct variable matrix[MAX_DIMENSIONS] = {0};
        for (size_t i = 0; i < count; i++)
            matrix[i] = (struct variable){dimensions[i].name, dimensions[i].values[index[i]]};
        add_test(file, common, section, matrix, count, capacity);
        size_t i = count;
        while (i > 0 && ++index[i - 1] == dimensions[i - 1].count)
            index[--i] = 0;
        if (i == 0)
            break;
    }
}

/* A file with what is expected. */
static bool read_header(struct reader *reader, const char *path)
{
    if (!read_lines(reader, path, has_comments(path), 0))
        return false;
    reader->file->header = path;
    return true;
}

/* FILE.expect beside the file, or with its ending replaced. */
static bool read_sidecar(struct reader *reader)
{
    const char *path = reader->file->path, *slash = strrchr(path, '/'), *dot = strrchr(slash ? slash : path, '.');
    int whole = (int)strlen(path), without = dot ? (int)(dot - path) : whole;
    return read_header(reader, arena_format(&reader->file->arena, "%.*s.expect", whole, path)) ||
           read_header(reader, arena_format(&reader->file->arena, "%.*s.expect", without, path));
}

/* The source of an ELF file that something else has assembled, in the folder `--source`. */
static bool read_source(struct reader *reader, const char *folder)
{
    static const char *const endings[] = {"expect", "S", "s", "c"};
    const char *slash = strrchr(reader->file->path, '/'), *name = slash ? slash + 1 : reader->file->path;
    int length = (int)strcspn(name, ".");
    for (size_t i = 0; folder && i < COUNT(endings); i++)
        if (read_header(reader, arena_format(&reader->file->arena, "%s/%.*s.%s", folder, length, name, endings[i])))
            return true;
    return false;
}

void spec_read(struct test_file *file, const char *source)
{
    struct reader reader = {.file = file};
    begin_section(&reader, NULL);
    file->header = file->path;
    if (file->assembly && !read_lines(&reader, file->path, true, 0))
        fail(file, file->path, 0, "%s", strerror(errno));
    if (!read_sidecar(&reader) && !file->assembly && !read_source(&reader, source))
        fail(file, file->path, 0, "expected what the test expects in %s.expect", file->path);
    size_t capacity = 0;
    for (size_t i = 1; i < reader.count; i++)
        add_tests(file, &reader.sections[0], &reader.sections[i], &capacity);
    if (reader.count == 1 && !file->error)
        add_tests(file, &reader.sections[0], NULL, &capacity);
    if (file->error) { /* the file's one test is that it can be read */
        file->test_count = 0;
        add_test(file, &(struct section){0}, NULL, NULL, 0, &capacity);
    }
    for (size_t i = 0; i < reader.count; i++)
        free(reader.sections[i].lines);
    free(reader.sections);
}

void spec_free(struct test_file *file)
{
    free(file->tests);
    free(file->image.data);
    arena_free(&file->arena);
}

const char *test_value(const struct test *test, const char *name)
{
    for (size_t i = 0; i < test->variable_count; i++)
        if (strcmp(test->variables[i].name, name) == 0)
            return test->variables[i].value;
    return NULL;
}

const char *test_value_or(const struct test *test, const char *name, const char *otherwise)
{
    const char *value = test_value(test, name);
    return value ? value : otherwise;
}

bool test_is_on(const struct test *test, const char *name)
{
    return strcmp(test_value_or(test, name, "off"), "on") == 0;
}
