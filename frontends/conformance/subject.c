#include "subject.h"

#include "frontends/little_endian.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const struct armsim_space physical = {.pas = ARMSIM_PAS_NON_SECURE};

void pages_add(struct page_set *pages, uint64_t address, uint64_t size)
{
    for (uint64_t page = address & -(uint64_t)PAGE_SIZE; page <= address + size - 1; page += PAGE_SIZE) {
        size_t i = 0;
        while (i < pages->count && pages->base[i] != page)
            i++;
        if (i == pages->count && pages->count < MAX_PAGES)
            pages->base[pages->count++] = page;
        if (page > UINT64_MAX - PAGE_SIZE)
            break;
    }
}

static enum armsim_hook_answer on_exception(void *opaque, struct armsim_machine *machine,
                                            struct armsim_hook_event *event)
{
    struct subject *subject = opaque;
    (void)machine;
    subject->entry = event->trap;
    subject->entries++;
    if (subject->entered)
        subject->entered(subject, subject->opaque);
    return ARMSIM_HOOK_CONTINUE;
}

bool subject_open(struct subject *subject, const struct subject_kind *kind, const struct page_set *pages,
                  struct text *why)
{
    memset(subject, 0, sizeof *subject);
    struct armsim_options options;
    armsim_options_init(&options, sizeof options);
    options.board = kind->board;
    options.cpu = kind->cpu;
    options.ram_size = strcmp(kind->board, "bare") ? ARMSIM_MIB : 0;
    options.gic_version = 3;
    options.secure = kind->el3;
    options.virtualization = kind->el2;
    options.conduit = ARMSIM_CONDUIT_NONE;
    options.trap_ring = 0;
    options.impdefs = kind->impdefs;
    options.impdef_count = kind->impdef_count;
    int error = armsim_create(&options, &subject->machine);
    for (size_t i = 0; !error && pages && i < pages->count; i++)
        error = armsim_map_ram(subject->machine, pages->base[i], PAGE_SIZE,
                               1u << ARMSIM_PAS_NON_SECURE | 1u << ARMSIM_PAS_SECURE);
    const struct armsim_hook_options entries = {.size = sizeof entries,
                                                .kinds = ARMSIM_HOOK_BIT(ARMSIM_HOOK_EXCEPTION)};
    if (!error)
        error = armsim_hook_add(subject->machine, &entries, on_exception, subject, NULL);
    if (error) {
        text_clear(why);
        const char *detail = armsim_last_error(subject->machine);
        text_add(why, "%s", detail && detail[0] ? detail : armsim_strerror(error));
        subject_close(subject);
        return false;
    }
    return true;
}

void subject_close(struct subject *subject)
{
    armsim_destroy(subject->machine);
    subject->machine = NULL;
}

/* ---------------------------------------------------------------- registers */

static const struct {
    const char *name;
    unsigned lsb, width;
} pstate_fields[] = {
    {"N", 31, 1},   {"Z", 30, 1},   {"C", 29, 1},   {"V", 28, 1},    {"TCO", 25, 1}, {"DIT", 24, 1},
    {"UAO", 23, 1}, {"PAN", 22, 1}, {"SS", 21, 1},  {"IL", 20, 1},   {"SSBS", 12, 1}, {"BTYPE", 10, 2},
    {"D", 9, 1},    {"A", 8, 1},    {"I", 7, 1},    {"F", 6, 1},     {"nRW", 4, 1},   {"EL", 2, 2},
    {"SP", 0, 1},
};

bool pstate_field(const char *name, unsigned *lsb, unsigned *width)
{
    for (size_t i = 0; i < sizeof pstate_fields / sizeof *pstate_fields; i++) {
        if (!strcmp(pstate_fields[i].name, name)) {
            *lsb = pstate_fields[i].lsb;
            *width = pstate_fields[i].width;
            return true;
        }
    }
    return false;
}

bool pstate_set(uint64_t *pstate, const char *name, uint64_t value)
{
    unsigned lsb, width;
    if (!pstate_field(name, &lsb, &width))
        return false;
    uint64_t mask = ((1ull << width) - 1) << lsb;
    *pstate = (*pstate & ~mask) | (value << lsb & mask);
    return true;
}

/* The names seen so far. A register's number is the same in every machine that has it. */
struct known {
    char *name;
    armsim_register_id id;
};

static struct known *lookup(const char *name)
{
    enum { SLOTS = 4096 };
    static struct known slots[SLOTS];
    unsigned hash = 0;
    for (const char *c = name; *c; c++)
        hash = hash * 31 + (unsigned char)*c;
    for (unsigned i = 0; i < SLOTS; i++) {
        struct known *slot = &slots[(hash + i) % SLOTS];
        if (!slot->name) {
            slot->name = strdup(name);
            slot->id = ARMSIM_REG_NONE; /* NOLINT(clang-analyzer-unix.Malloc): slots live as long as the process */
        }
        if (!slot->name || !strcmp(slot->name, name))
            return slot->name ? slot : NULL;
    }
    return NULL;
}

/* The library's names, but for those that only the vectors use. */
static armsim_register_id register_id(const struct subject *subject, const char *name)
{
    if (!strcmp(name, "EventRegister"))
        return ARMSIM_REG_EVENT;
    if (name[0] == 'X' && name[1] >= '0' && name[1] <= '9')
        return ARMSIM_REG_X0 + (armsim_register_id)atoi(name + 1);
    struct known *known = lookup(name);
    if (!known || known->id == ARMSIM_REG_NONE) {
        armsim_register_id id = armsim_register_by_name(subject->machine, name);
        if (known)
            known->id = id;
        return id;
    }
    return known->id;
}

bool subject_set(struct subject *subject, const char *name, uint64_t value)
{
    if (!strncmp(name, "PSTATE.", 7)) {
        uint64_t pstate = subject_peek(subject, ARMSIM_REG_PSTATE);
        if (!pstate_set(&pstate, name + 7, value))
            return false;
        subject_poke(subject, ARMSIM_REG_PSTATE, pstate);
        return true;
    }
    armsim_register_id id = register_id(subject, name);
    return id != ARMSIM_REG_NONE && armsim_poke(subject->machine, 0, id, value) == 0;
}

uint64_t subject_get(const struct subject *subject, const char *name)
{
    return subject_peek(subject, register_id(subject, name));
}

bool subject_has(const struct subject *subject, const char *feature)
{
    return armsim_has_feature(subject->machine, 0, feature) == 1;
}

void subject_poke(struct subject *subject, armsim_register_id id, uint64_t value)
{
    armsim_poke(subject->machine, 0, id, value);
}

uint64_t subject_peek(const struct subject *subject, armsim_register_id id)
{
    uint64_t value = 0;
    armsim_peek(subject->machine, 0, id, &value);
    return value;
}

/* ---------------------------------------------------------------- running, memory */

void subject_clear(struct subject *subject)
{
    subject->entries = 0;
    memset(&subject->entry, 0, sizeof subject->entry);
}

void subject_step(struct subject *subject)
{
    memset(&subject->stop, 0, sizeof subject->stop);
    subject->stop.size = sizeof subject->stop;
    armsim_step(subject->machine, 0, 1, &subject->stop);
}

void memory_write(struct subject *subject, uint64_t address, const void *data, size_t size)
{
    armsim_write_memory(subject->machine, &physical, address, data, size, NULL);
}

void memory_write_word(struct subject *subject, uint64_t address, uint32_t word)
{
    uint8_t bytes[4];
    store_le(bytes, word, 4);
    memory_write(subject, address, bytes, sizeof bytes);
}

void memory_write_doubleword(struct subject *subject, uint64_t address, uint64_t value)
{
    uint8_t bytes[8];
    store_le(bytes, value, 8);
    memory_write(subject, address, bytes, sizeof bytes);
}

uint64_t memory_read_doubleword(struct subject *subject, uint64_t address)
{
    uint8_t bytes[8] = {0};
    armsim_read_memory(subject->machine, &physical, address, bytes, sizeof bytes, NULL);
    return load_le(bytes, 8);
}

/* ---------------------------------------------------------------- expectations */

static struct tracked *find(struct tracker *tracker, const char *name)
{
    for (size_t i = 0; i < tracker->count; i++)
        if (!strcmp(tracker->items[i].name, name))
            return &tracker->items[i];
    return NULL;
}

static struct tracked *add(struct tracker *tracker, const struct subject *subject, const char *name)
{
    if (tracker->count == MAX_TRACKED)
        return NULL;
    armsim_register_id id = register_id(subject, name);
    const struct known *known = lookup(name);
    struct tracked item = {.name = known ? known->name : "", .id = id};
    item.vector = id >= ARMSIM_REG_V0 && id < ARMSIM_REG_V0 + 32;
    int error = item.vector ? armsim_read_vector(subject->machine, 0, id - ARMSIM_REG_V0, item.want)
                            : armsim_peek(subject->machine, 0, id, &item.want[0]);
    if (id == ARMSIM_REG_NONE || error)
        return NULL;
    tracker->items[tracker->count] = item;
    return &tracker->items[tracker->count++];
}

void tracker_add(struct tracker *tracker, const struct subject *subject, const char *name)
{
    if (!find(tracker, name))
        add(tracker, subject, name);
}

bool tracker_expect(struct tracker *tracker, const struct subject *subject, const char *name, uint64_t value)
{
    bool in_pstate = !strncmp(name, "PSTATE.", 7);
    const char *whole = in_pstate ? "PSTATE" : name;
    struct tracked *item = find(tracker, whole);
    if (!item)
        item = add(tracker, subject, whole);
    if (!item)
        return false;
    if (in_pstate)
        return pstate_set(&item->want[0], name + 7, value);
    item->want[0] = value;
    return true;
}

void tracker_expect_vector(struct tracker *tracker, unsigned n, uint64_t low, uint64_t high)
{
    char name[8];
    snprintf(name, sizeof name, "V%u", n);
    struct tracked *item = find(tracker, name);
    if (item) {
        item->want[0] = low;
        item->want[1] = high;
    }
}

void tracker_ignore(struct tracker *tracker, const char *name)
{
    struct tracked *item = find(tracker, name);
    if (item)
        item->any = true;
}

bool tracker_check(const struct tracker *tracker, const struct subject *subject, struct text *difference)
{
    text_clear(difference);
    for (size_t i = 0; i < tracker->count; i++) {
        const struct tracked *item = &tracker->items[i];
        uint64_t got[2] = {0, 0};
        if (item->vector)
            armsim_read_vector(subject->machine, 0, item->id - ARMSIM_REG_V0, got);
        else
            armsim_peek(subject->machine, 0, item->id, &got[0]);
        if (item->any || (got[0] == item->want[0] && got[1] == item->want[1]))
            continue;
        if (item->vector)
            text_add(difference, "%s=%016llx%016llx (expected %016llx%016llx) ", item->name,
                     (unsigned long long)got[1], (unsigned long long)got[0], (unsigned long long)item->want[1],
                     (unsigned long long)item->want[0]);
        else
            text_add(difference, "%s=%llx (expected %llx) ", item->name, (unsigned long long)got[0],
                     (unsigned long long)item->want[0]);
    }
    return difference->length == 0;
}
