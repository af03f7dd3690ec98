#include "roms/visor/config.h"

#include "roms/lib/memory.h"
#include "roms/visor/host.h"

/* ---- the words of a line */

struct text {
    const u8 *at, *end;
};

static bool is_blank(u8 c)
{
    return c == ' ' || c == '\t' || c == '\r' || c == ',' || c == '=';
}

/* The next word of the line; empty at its end. */
static struct text word(struct text *text)
{
    while (text->at < text->end && is_blank(*text->at))
        text->at++;
    struct text result = {text->at, text->at};
    while (text->at < text->end && !is_blank(*text->at) && *text->at != '\n')
        text->at++;
    result.end = text->at;
    return result;
}

static void next_line(struct text *text)
{
    while (text->at < text->end && *text->at++ != '\n')
        ;
}

static bool is(struct text word, const char *string)
{
    size_t length = strlen(string);
    return (size_t)(word.end - word.at) == length && memcmp(word.at, string, length) == 0;
}

static bool number(struct text word, u64 *value)
{
    bool hex = word.end - word.at > 2 && word.at[0] == '0' && word.at[1] == 'x';
    const u8 *at = word.at + (hex ? 2 : 0);
    u64 result = 0;
    for (; at < word.end; at++) {
        unsigned digit = *at <= '9' ? *at - '0' + 0u : (*at | 0x20) - 'a' + 10u;
        if (digit >= (hex ? 16u : 10u))
            break;
        result = result * (hex ? 16 : 10) + digit;
    }
    unsigned shift = at == word.end ? 0 : *at == 'K' ? 10 : *at == 'M' ? 20 : *at == 'G' ? 30 : 64;
    if (at == word.at || shift == 64 || word.end - at > 1)
        return false;
    *value = result << shift;
    return true;
}

/* ---- keys */

static bool set_memory(struct config *config, struct text *line)
{
    return number(word(line), &config->memory) && config->memory && !(config->memory & 0x1fffff);
}

static bool set_place(struct config *config, struct text *line)
{
    return number(word(line), &config->place) && config->place && !(config->place & 0x1fffff);
}

static bool set_vcpus(struct config *config, struct text *line)
{
    u64 value = 0;
    bool good = number(word(line), &value) && value >= 1 && value <= MAX_VCPUS;
    config->vcpus = (unsigned)value;
    return good;
}

static bool set_pe(struct config *config, struct text *line)
{
    u64 value = 0;
    bool good = number(word(line), &value) && value < host.pe_count;
    config->first_pe = (unsigned)value;
    return good;
}

static bool passed_or_emulated(struct text *line, bool *passed)
{
    struct text how = word(line);
    *passed = is(how, "passed");
    return *passed || is(how, "emulated");
}

static bool set_console(struct config *config, struct text *line)
{
    return passed_or_emulated(line, &config->passed_console);
}

static bool set_virtio(struct config *config, struct text *line)
{
    return passed_or_emulated(line, &config->passed_virtio);
}

struct feature_word {
    const char *word;
    enum feature feature;
};

static bool set_features(struct config *config, struct text *line, const struct feature_word *words, size_t count)
{
    for (struct text name = word(line); name.at < name.end; name = word(line)) {
        size_t i = 0;
        while (i < count && !is(name, words[i].word))
            i++;
        if (i == count)
            return false;
        config->features |= 1ull << words[i].feature;
    }
    return true;
}

static bool set_transports(struct config *config, struct text *line)
{
    static const struct feature_word words[] = {
#define TRANSPORT(NAME, word, ...) {#word, FEATURE_##NAME},
#include "roms/lib/transports.def"
        {"debug", FEATURE_DEBUG}};
    return set_features(config, line, words, COUNT(words));
}

static bool set_traps(struct config *config, struct text *line)
{
    static const struct feature_word words[] = {{"ctr", FEATURE_TRAP_CTR}, {"cache", FEATURE_TRAP_CACHE}};
    return set_features(config, line, words, COUNT(words));
}

static bool set_persona(struct config *config, struct text *line)
{
    for (struct text name = word(line); name.at < name.end; name = word(line)) {
        config->native = config->native || is(name, "native");
        config->compatible = config->compatible || is(name, "public");
        if (!is(name, "native") && !is(name, "public"))
            return false;
    }
    return true;
}

static const struct key {
    const char *name;
    bool (*set)(struct config *config, struct text *line);
} keys[] = {
    {"memory", set_memory}, {"place", set_place},   {"vcpus", set_vcpus},           {"pe", set_pe},
    {"console", set_console}, {"virtio", set_virtio}, {"transports", set_transports}, {"persona", set_persona},
    {"traps", set_traps},
};

static bool set_key(struct config *config, struct text name, struct text *text)
{
    for (unsigned i = 0; i < COUNT(keys); i++) {
        if (is(name, keys[i].name))
            return keys[i].set(config, text) && word(text).at >= text->at;
    }
    return false;
}

static bool parse(struct config *config, struct file file)
{
    struct text text = {file.data, file.data + file.size};
    for (unsigned line = 1; text.at < text.end; line++, next_line(&text)) {
        struct text name = word(&text);
        if (name.at == name.end || *name.at == '#')
            continue;
        if (!set_key(config, name, &text)) {
            say("%s/config, line %u: not understood", config->name, line);
            return false;
        }
    }
    return true;
}

bool config_read(const u8 *archive, u64 size, unsigned number, struct config *config)
{
    char path[32] = "guest0/";
    path[5] = (char)('0' + number);
    *config = (struct config){.memory = 64 << 20, .vcpus = 1, .first_pe = number % host.pe_count};
    memcpy(config->name, path, 6);
    struct {
        const char *name;
        struct file *file;
    } files[] = {{"kernel", &config->kernel}, {"initrd", &config->initrd}, {"cmdline", &config->cmdline},
                 {"disk", &config->disk}};
    for (unsigned i = 0; i < COUNT(files); i++) {
        memcpy(path + 7, files[i].name, strlen(files[i].name) + 1);
        archive_file(archive, size, path, files[i].file);
    }
    struct file text = {0};
    memcpy(path + 7, "config", 7);
    archive_file(archive, size, path, &text);
    return config->kernel.size && parse(config, text);
}
