/* gdb's command `monitor`: what the protocol has no packets for. */
#include "frontends/gdb/internal.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

enum { TRAPS_SHOWN = 20, TRAPS_MAX = 1024 };

bool next_word(char **line, char **word)
{
    *word = *line + strspn(*line, " \t");
    if (!**word)
        return false;
    size_t length = strcspn(*word, " \t");
    *line = *word + length;
    if (**line)
        *(*line)++ = '\0';
    return true;
}

static bool parse_number(const char *text, uint64_t *value)
{
    char *end;
    errno = 0;
    *value = strtoull(text, &end, 0);
    return *text >= '0' && *text <= '9' && !*end && !errno;
}

/* A number, or the value of a register: "$VBAR_EL1". */
static bool parse_address(const struct gdb *gdb, const char *text, uint64_t *value)
{
    if (*text != '$')
        return parse_number(text, value);
    armsim_register_id id = armsim_register_by_name(gdb->machine, text + 1);
    return id != ARMSIM_REG_NONE && armsim_peek(gdb->machine, gdb->pe, id, value) == 0;
}

/* --- info --- */

static void info_pes(struct gdb *gdb, char *line)
{
    static const char *const states[] = {"running", "WFI", "WFE", "off"};
    for (uint32_t pe = 0; pe < armsim_pe_count(gdb->machine); pe++) {
        int state = armsim_pe_state(gdb->machine, pe);
        uint64_t count = 0;
        armsim_pe_instructions(gdb->machine, pe, &count);
        print(gdb, "PE %" PRIu32 ": pc 0x%016" PRIx64 " EL%" PRIu64 " %s, %s, %" PRIu64 " instructions\n", pe,
              peek(gdb, pe, ARMSIM_REG_PC), peek(gdb, pe, ARMSIM_REG_CURRENT_EL),
              peek(gdb, pe, ARMSIM_REG_SECURE) ? "Secure" : "Non-secure", state >= 0 && state < 4 ? states[state] : "?",
              count);
    }
}

static void info_registers(struct gdb *gdb, char *line)
{
    char *word;
    bool any = false;
    if (!next_word(&line, &word)) {
        print(gdb, "expected a group (as gdb's maint print reggroups lists them) or a register's name\n");
        return;
    }
    for (size_t i = NUMBER_OTHERS; i < gdb->reg_count; i++) {
        const struct reg *reg = &gdb->regs[i];
        uint64_t value;
        if (strcasecmp(reg->group, word) != 0 && strcasecmp(reg->name, word) != 0)
            continue;
        any = true;
        if (armsim_peek(gdb->machine, gdb->pe, reg->id, &value) < 0)
            print(gdb, "%-20s no value\n", reg->name);
        else
            print(gdb, "%-20s 0x%016" PRIx64 "\n", reg->name, value);
    }
    if (!any)
        print(gdb, "no group and no register \"%s\"\n", word);
}

static void info_traps(struct gdb *gdb, char *line)
{
    char *word;
    uint64_t count = TRAPS_SHOWN;
    if (next_word(&line, &word) && (!parse_number(word, &count) || count > TRAPS_MAX)) {
        print(gdb, "expected a number up to %d\n", TRAPS_MAX);
        return;
    }
    struct armsim_trap *traps = calloc(count + 1, sizeof(*traps));
    if (!traps)
        return;
    uint64_t total = armsim_trap_total(gdb->machine);
    int64_t got = armsim_traps(gdb->machine, total > count ? total - count : 0, traps, (size_t)count);
    for (int64_t i = 0; i < got; i++) {
        char text[640];
        if (armsim_format_trap(&traps[i], ARMSIM_TRACE_TEXT, text, sizeof(text)) > 0)
            print(gdb, "%s\n", text);
    }
    if (got <= 0)
        print(gdb, "none\n");
    free(traps);
}

static const char *pas_name(enum armsim_pas pas)
{
    static const char *const names[] = {"Non-secure", "Secure", "Root", "Realm"};
    return (unsigned)pas < 4 ? names[pas] : "?";
}

static void show_translation(struct gdb *gdb, uint64_t address, const struct armsim_translation *answer)
{
    for (uint32_t i = 0; i < answer->descriptor_count; i++) {
        const struct armsim_descriptor *d = &answer->descriptors[i];
        print(gdb, "stage %u level %d: 0x%016" PRIx64 " at %s 0x%" PRIx64 "\n", d->stage, d->level, d->value,
              pas_name(d->pas), d->address);
    }
    if (!answer->valid) {
        print(gdb, "0x%" PRIx64 ": %s fault, stage %d level %d%s", address,
              answer->fault_name ? answer->fault_name : "", answer->fault_stage2 ? 2 : 1, answer->fault_level,
              answer->fault_on_walk ? ", on the walk of stage 1" : "");
        if (answer->fault_stage2)
            print(gdb, ", IPA 0x%" PRIx64, answer->fault_ipa);
        print(gdb, ", status 0x%02x\n", answer->fault_status);
        return;
    }
    static const char *const device_types[] = {"GRE", "nGRE", "nGnRE", "nGnRnE"};
    print(gdb, "0x%" PRIx64 ": %s 0x%" PRIx64 ", %c%c%c, ", address, pas_name(answer->pas), answer->address,
          answer->readable ? 'r' : '-', answer->writable ? 'w' : '-', answer->executable ? 'x' : '-');
    if (answer->device)
        print(gdb, "Device-%s", device_types[answer->device_type & 3]);
    else
        print(gdb, "Normal, inner %x outer %x shareability %u", answer->inner, answer->outer, answer->shareability);
    print(gdb, ", block of 0x%" PRIx64 "\n", answer->block_size);
}

static void info_translation(struct gdb *gdb, char *line)
{
    static const char *const names[] = {[ARMSIM_READ] = "read", [ARMSIM_WRITE] = "write", [ARMSIM_FETCH] = "fetch"};
    char *word, *kind = (char *)"read";
    uint64_t address;
    unsigned access = 0;
    if (!next_word(&line, &word) || !parse_address(gdb, word, &address)) {
        print(gdb, "expected an address or $REGISTER\n");
        return;
    }
    next_word(&line, &kind);
    while (access < 3 && *kind && strcmp(kind, names[access]) != 0)
        access++;
    if (access == 3) {
        print(gdb, "expected read, write or fetch\n");
        return;
    }
    struct armsim_space space = current_space(gdb, false);
    struct armsim_translation answer = {.size = sizeof(answer)};
    space.ignore_permissions = false;
    if (armsim_translate(gdb->machine, &space, address, (enum armsim_access)access, &answer) < 0)
        print(gdb, "%s\n", armsim_last_error(gdb->machine));
    else
        show_translation(gdb, address, &answer);
}

static void info_time(struct gdb *gdb, char *line)
{
    print(gdb, "%" PRIu64 " instructions, %" PRIu64 " ns, %" PRIu64 " exceptions and returns\n",
          armsim_instructions(gdb->machine), armsim_time_ns(gdb->machine), armsim_trap_total(gdb->machine));
}

static void info_history(struct gdb *gdb, char *line)
{
    uint64_t first, last;
    if (armsim_history(gdb->machine, &first, &last) < 0)
        print(gdb, "no history is kept\n");
    else
        print(gdb, "instructions %" PRIu64 " to %" PRIu64 ", now %" PRIu64 "\n", first, last,
              armsim_instructions(gdb->machine));
}

static void info_space(struct gdb *gdb, char *line)
{
    struct armsim_space space = current_space(gdb, gdb->physical);
    if (gdb->physical)
        print(gdb, "memory: physical, %s\n", pas_name(space.pas));
    else if (space.current)
        print(gdb, "memory: virtual, as PE %" PRIu32 " is now\n", space.pe);
    else
        print(gdb, "memory: virtual, EL%u %s of PE %" PRIu32 "\n", space.el, pas_name(space.pas), space.pe);
}

/* --- what memory is looked at --- */

static void command_phys(struct gdb *gdb, char *line)
{
    static const char *const spaces[] = {"nonsecure", "secure", "root", "realm"};
    char *word;
    while (next_word(&line, &word)) {
        int pas = 0;
        while (pas < 4 && strcmp(word, spaces[pas]) != 0)
            pas++;
        if (strcmp(word, "on") == 0 || strcmp(word, "off") == 0) {
            gdb->physical = word[1] == 'n';
            gdb->pas = -1;
        } else if (pas < 4) {
            gdb->pas = pas;
        } else {
            print(gdb, "expected on or off, and nonsecure, secure, root or realm\n");
            return;
        }
    }
    info_space(gdb, line);
}

static void command_el(struct gdb *gdb, char *line)
{
    char *word;
    uint64_t el;
    if (next_word(&line, &word)) {
        bool current = strcmp(word, "current") == 0;
        if (!current && (!parse_number(word, &el) || el > 3)) {
            print(gdb, "expected 0 to 3 or current\n");
            return;
        }
        gdb->el = current ? -1 : (int)el;
    }
    info_space(gdb, line);
}

static void command_security(struct gdb *gdb, char *line)
{
    char *word;
    if (next_word(&line, &word)) {
        if (strcmp(word, "secure") == 0)
            gdb->security = 1;
        else if (strcmp(word, "nonsecure") == 0)
            gdb->security = 0;
        else if (strcmp(word, "current") == 0)
            gdb->security = -1;
        else
            print(gdb, "expected secure, nonsecure or current\n");
    }
    info_space(gdb, line);
}

/* --- the machine --- */

static void command_reset(struct gdb *gdb, char *line)
{
    char *word;
    bool warm = next_word(&line, &word) && strcmp(word, "warm") == 0;
    if (armsim_reset(gdb->machine, warm ? ARMSIM_RESET_WARM : ARMSIM_RESET_COLD) < 0)
        print(gdb, "%s\n", armsim_last_error(gdb->machine));
    else
        print(gdb, "%s reset; then: maint flush register-cache\n", warm ? "warm" : "cold");
}

static void command_goto(struct gdb *gdb, char *line)
{
    char *word;
    uint64_t count;
    if (!next_word(&line, &word) || !parse_number(word, &count))
        print(gdb, "expected an instruction count: monitor info history\n");
    else if (armsim_go_to(gdb->machine, count) < 0)
        print(gdb, "%s\n", armsim_last_error(gdb->machine));
    else
        print(gdb, "instruction %" PRIu64 "; then: maint flush register-cache\n", count);
}

static void command_power_key(struct gdb *gdb, char *line)
{
    bool pressed = armsim_power_key(gdb->machine) == 0;
    print(gdb, "%s\n", pressed ? "pressed" : armsim_last_error(gdb->machine));
}

static void command_help(struct gdb *gdb, char *line);

static const struct command {
    const char *first, *second; /* words; the second may be NULL */
    const char *help;
    void (*run)(struct gdb *gdb, char *line);
} commands[] = {
    {"help", NULL, "                          this list", command_help},
    {"info", "pes", "                      what each PE does", info_pes},
    {"info", "registers", "GROUP|NAME          system registers of the current thread's PE", info_registers},
    {"info", "traps", "[N]                     the last N exceptions and returns, with the reason", info_traps},
    {"info", "translation", "ADDRESS [read|write|fetch]   the walk and its result", info_translation},
    {"info", "time", "                     instructions and virtual time", info_time},
    {"info", "history", "                  the instruction counts one can go back to", info_history},
    {"info", "space", "                    which memory gdb sees", info_space},
    {"phys", NULL, "on|off [nonsecure|secure|root|realm]   gdb sees physical memory", command_phys},
    {"el", NULL, "0..3|current                gdb sees memory as this EL would", command_el},
    {"security", NULL, "secure|nonsecure|current    ... and in this security state", command_security},
    {"catch", NULL, "CLASS[,CLASS]... [from EL] [to EL] [why NAME] | off   stops at the vector; catch help: classes",
     monitor_catch},
    {"reset", NULL, "[cold|warm]              resets the machine", command_reset},
    {"goto", NULL, "COUNT                    goes to an instruction count, back or forth", command_goto},
    {"powerkey", NULL, "                      presses the power key", command_power_key},
};

static void command_help(struct gdb *gdb, char *line)
{
    for (size_t i = 0; i < sizeof(commands) / sizeof(commands[0]); i++)
        print(gdb, "%s%s%s %s\n", commands[i].first, commands[i].second ? " " : "",
              commands[i].second ? commands[i].second : "", commands[i].help);
}

void monitor(struct gdb *gdb, char *line)
{
    char *word, *second = NULL;
    for (char *at = line; *at; at++)
        if ((unsigned char)*at < ' ')
            *at = ' ';
    if (!next_word(&line, &word))
        return;
    for (size_t i = 0; i < sizeof(commands) / sizeof(commands[0]); i++) {
        if (strcmp(word, commands[i].first) != 0)
            continue;
        if (commands[i].second && !second && !next_word(&line, &second))
            break;
        if (commands[i].second && strcmp(second, commands[i].second) != 0)
            continue;
        commands[i].run(gdb, line);
        return;
    }
    print(gdb, "unknown command \"%s%s%s\": monitor help lists them\n", word, second ? " " : "", second ? second : "");
}
