/*
 * Injections: "inject: WHEN WHAT".
 *
 * WHEN: at=N (after N instructions of all PEs), at=A..B (a random number from there, by --seed), time=N[ns|us|ms]
 * (virtual time), on=SYMBOL[+N] (a PE is about to execute that address), read=ADDRESS and write=ADDRESS (one is about
 * to make an access to it), trap=N (the N-th trap record has come). When nothing can happen any more but an event at an
 * instruction or a time is still to come, it comes then.
 * WHAT: irq, fiq, virq, vfiq, serror-pin on|off; serror [iss=N]; spi=N on|off; ppi=N on|off; flip PLACE bit=N;
 * set PLACE = VALUE; error DEVICE on|off; reset warm|cold; power-cut; serial "TEXT"; power-key. `pulse=N` in place of
 * on|off is on, and off N instructions later; pe=N says which PE.
 */
#include "frontends/harness/harness.h"
#include "frontends/random.h"

#include <stdlib.h>
#include <string.h>

static bool wrong(struct buffer *error, const char *expected, const char *found)
{
    buffer_add(error, "inject: expected %s, found \"%s\"", expected, found ? found : "nothing");
    return false;
}

static bool parse_time(const char *text, uint64_t *ns)
{
    char *end;
    *ns = strtoull(text, &end, 0);
    uint64_t factor = strcmp(end, "ms") == 0 ? 1000000 : strcmp(end, "us") == 0 ? 1000 : 1;
    if (end == text || (factor == 1 && *end && strcmp(end, "ns") != 0))
        return false;
    *ns *= factor;
    return true;
}

static bool parse_when(const struct running *running, const char *word, struct event *event, struct buffer *error)
{
    char *end;
    if (strncmp(word, "at=", 3) == 0) {
        event->when = WHEN_INSTRUCTIONS;
        event->at = strtoull(word + 3, &end, 0);
        if (strncmp(end, "..", 2) == 0) {
            uint64_t last = strtoull(end + 2, &end, 0), state = running->random + event->line->number;
            if (last < event->at)
                return wrong(error, "at=FIRST..LAST", word);
            event->at += splitmix64(&state) % (last - event->at + 1);
        }
        return (end != word + 3 && !*end) || wrong(error, "at=INSTRUCTIONS", word);
    }
    if (strncmp(word, "time=", 5) == 0) {
        event->when = WHEN_TIME;
        return parse_time(word + 5, &event->at) || wrong(error, "time=N[ns|us|ms]", word);
    }
    static const struct {
        const char *name;
        enum when when;
    } places[] = {{"on=", WHEN_SYMBOL}, {"read=", WHEN_READ}, {"write=", WHEN_WRITE}, {"trap=", WHEN_TRAP}};
    for (size_t i = 0; i < sizeof(places) / sizeof(places[0]); i++) {
        size_t length = strlen(places[i].name);
        if (strncmp(word, places[i].name, length) == 0) {
            event->when = places[i].when;
            return value_parse(&running->scope, word + length, &event->at, error);
        }
    }
    return wrong(error, "at=, time=, on=, read=, write= or trap=", word);
}

static const struct {
    const char *name;
    enum armsim_pin pin;
} pins[] = {{"irq", ARMSIM_PIN_IRQ},
            {"fiq", ARMSIM_PIN_FIQ},
            {"serror-pin", ARMSIM_PIN_SERROR},
            {"virq", ARMSIM_PIN_VIRQ},
            {"vfiq", ARMSIM_PIN_VFIQ}};

/* "pe=3": the number; false: it isn't one. */
static bool parse_value(const char *word, const char *name, uint64_t *value)
{
    size_t length = strlen(name);
    char *end;
    if (strncmp(word, name, length) != 0 || word[length] < '0' || word[length] > '9')
        return false;
    *value = strtoull(word + length, &end, 0);
    return !*end;
}

/* The first word of what happens. */
static bool parse_what(const char *word, struct event *event, struct buffer *error)
{
    for (size_t i = 0; i < sizeof(pins) / sizeof(pins[0]); i++) {
        if (strcmp(word, pins[i].name) == 0) {
            event->what = DO_PIN;
            event->unit = pins[i].pin;
            return true;
        }
    }
    static const struct {
        const char *name;
        enum what what;
    } words[] = {{"serror", DO_SERROR}, {"flip", DO_FLIP},     {"set", DO_SET},           {"error", DO_DEVICE},
                 {"reset", DO_RESET},   {"serial", DO_SERIAL}, {"power-key", DO_POWER_KEY},
                 {"power-cut", DO_POWER_CUT}};
    for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++) {
        if (strcmp(word, words[i].name) == 0) {
            event->what = words[i].what;
            return true;
        }
    }
    bool spi = strncmp(word, "spi=", 4) == 0;
    if (!spi && strncmp(word, "ppi=", 4) != 0)
        return wrong(error, "what to inject", word);
    event->what = spi ? DO_SPI : DO_PPI;
    uint64_t number;
    if (!parse_value(word, spi ? "spi=" : "ppi=", &number) || number > 1023)
        return wrong(error, "the number of an interrupt", word);
    event->unit = (unsigned)number;
    return true;
}

/* The text of "set", "flip" and "serial" up to its options; *rest: those. */
static char *operand(struct running *running, char *rest, char **options, enum what what)
{
    char *end = rest + strlen(rest);
    if (what == DO_FLIP) {
        char *bit = strstr(rest, "bit=");
        end = bit ? bit : end;
    }
    *options = end;
    return trim(arena_text(&running->arena, rest, (size_t)(end - rest)));
}

static bool parse_option(const char *word, struct event *event, uint64_t *pulse, struct buffer *error)
{
    uint64_t number;
    if (strcmp(word, "on") == 0 || strcmp(word, "warm") == 0)
        event->value = 1;
    else if (strcmp(word, "off") == 0 || strcmp(word, "cold") == 0)
        event->value = 0;
    else if (parse_value(word, "pulse=", pulse))
        return true;
    else if (parse_value(word, "pe=", &number) && number < ARMSIM_MAX_PES)
        event->pe = (uint32_t)number;
    else if (parse_value(word, "iss=", &number))
        event->value = number;
    else if (parse_value(word, "bit=", &number) && number < 64)
        event->unit = (unsigned)number;
    else if (event->what == DO_DEVICE && !event->text && !strchr(word, '='))
        event->text = word;
    else
        return wrong(error, "on, off, pulse=N, pe=N, iss=N or bit=N", word);
    return true;
}

bool event_parse(const struct running *const_running, const struct line *line, struct event *events, size_t *count,
                 struct buffer *error)
{
    struct running *running = (struct running *)const_running; /* for its arena */
    struct event event = {.line = line};
    char *text = arena_text(&running->arena, line->value, strlen(line->value)), *save = NULL;
    char *when = strtok_r(text, " \t", &save);
    char *what = when ? strtok_r(NULL, " \t", &save) : NULL;
    if (!what)
        return wrong(error, "WHEN WHAT", line->value);
    if (!parse_when(running, when, &event, error) || !parse_what(what, &event, error))
        return false;
    char *rest = save ? save : what + strlen(what);
    if (event.what == DO_SET || event.what == DO_FLIP || event.what == DO_SERIAL)
        event.text = operand(running, rest, &rest, event.what);
    else
        event.value = 1;
    if (event.what == DO_SERROR)
        event.value = 0;
    uint64_t pulse = 0;
    for (char *word = strtok_r(rest, " \t", &save); word; word = strtok_r(NULL, " \t", &save))
        if (!parse_option(word, &event, &pulse, error))
            return false;
    events[(*count)++] = event;
    if (pulse) {
        if (event.when != WHEN_INSTRUCTIONS)
            return wrong(error, "at=N with pulse=N", when);
        event.at += pulse;
        event.value = 0;
        events[(*count)++] = event;
    }
    return true;
}

uint32_t event_watch_kinds(const struct event *event)
{
    return event->when == WHEN_READ ? ARMSIM_WATCH_READ : ARMSIM_WATCH_WRITE;
}

/* "PLACE = VALUE". */
static bool do_set(struct running *running, const char *text, struct buffer *error)
{
    const char *equals = strrchr(text, '=');
    if (!equals)
        return wrong(error, "PLACE = VALUE", text);
    struct place place;
    uint64_t value;
    const char *left = trim(arena_text(&running->arena, text, (size_t)(equals - text)));
    return place_parse(&running->scope, left, &place, error) &&
           value_parse(&running->scope, equals + 1, &value, error) &&
           place_write(&running->scope, &place, value, error);
}

static bool do_flip(struct running *running, const struct event *event, struct buffer *error)
{
    struct place place;
    uint64_t value;
    return place_parse(&running->scope, event->text, &place, error) &&
           place_read(&running->scope, &place, &value, error) &&
           place_write(&running->scope, &place, value ^ (UINT64_C(1) << (event->unit & 63)), error);
}

static bool do_device(struct running *running, const struct event *event, struct buffer *error)
{
    for (size_t i = 0; i < running->device_count; i++) {
        if (event->text && strcmp(running->devices[i].name, event->text) == 0) {
            running->devices[i].failing = event->value;
            return true;
        }
    }
    for (size_t i = 0; i < running->drive_count; i++) {
        if (event->text && strcmp(running->drives[i].name, event->text) == 0) {
            running->drives[i].failing = event->value;
            return true;
        }
    }
    return wrong(error, "the name of a \"device:\" or \"drive:\"", event->text);
}

bool event_fire(struct running *running, const struct event *event, struct buffer *error)
{
    struct armsim_machine *machine = running->machine;
    int64_t code = 0;
    switch (event->what) {
    case DO_PIN:
        code = armsim_set_pin(machine, event->pe, (enum armsim_pin)event->unit, event->value);
        break;
    case DO_SERROR:
        code = armsim_inject_serror(machine, event->pe, (uint32_t)event->value);
        break;
    case DO_SPI:
        code = armsim_set_spi(machine, event->unit, event->value);
        break;
    case DO_PPI:
        code = armsim_set_ppi(machine, event->pe, event->unit, event->value);
        break;
    case DO_FLIP:
        return do_flip(running, event, error);
    case DO_SET:
        return do_set(running, event->text, error);
    case DO_DEVICE:
        return do_device(running, event, error);
    case DO_RESET:
        code = armsim_reset(machine, event->value ? ARMSIM_RESET_WARM : ARMSIM_RESET_COLD);
        break;
    case DO_SERIAL:
        code = armsim_serial_input(machine, ARMSIM_SERIAL_UART0, event->text, strlen(event->text));
        break;
    case DO_POWER_KEY:
        code = armsim_power_key(machine);
        break;
    case DO_POWER_CUT:
        return running_restart(running, error);
    }
    if (code >= 0)
        return true;
    buffer_add(error, "%s:%u: inject: %s", event->line->file, event->line->number, armsim_last_error(machine));
    return false;
}
