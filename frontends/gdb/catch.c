/* `monitor catch`: the machine stops at the vector when an exception of these classes is taken. */
#include "frontends/gdb/internal.h"

#include <stdlib.h>
#include <string.h>

#define EC(n) (UINT64_C(1) << (n))
#define KIND(kind) (1u << ARMSIM_TRAP_##kind)

static const struct trap_class {
    const char *name;
    uint32_t kinds;
    uint64_t classes; /* of synchronous exceptions */
    const char *help;
} trap_classes[] = {
    {"all", (1u << ARMSIM_TRAP_KINDS) - 1, UINT64_MAX, "every exception and return"},
    {"sync", KIND(SYNC), UINT64_MAX, "every synchronous exception"},
    {"irq", KIND(IRQ), 0, "physical IRQ"},
    {"fiq", KIND(FIQ), 0, "physical FIQ"},
    {"serror", KIND(SERROR), 0, "physical SError"},
    {"virq", KIND(VIRQ), 0, "virtual IRQ"},
    {"vfiq", KIND(VFIQ), 0, "virtual FIQ"},
    {"vserror", KIND(VSERROR), 0, "virtual SError"},
    {"return", KIND(RETURN), 0, "exception returns"},
    {"undef", KIND(SYNC), EC(0x00), "UNDEFINED and unknown reasons"},
    {"wfx", KIND(SYNC), EC(0x01), "trapped WFI and WFE"},
    {"fp", KIND(SYNC), EC(0x07), "trapped SIMD&FP"},
    {"pauth", KIND(SYNC), EC(0x09) | EC(0x1c), "pointer authentication: traps and failures"},
    {"bti", KIND(SYNC), EC(0x0d), "branch targets"},
    {"illegal", KIND(SYNC), EC(0x0e), "illegal execution state"},
    {"svc", KIND(SYNC), EC(0x11) | EC(0x15), "SVC"},
    {"hvc", KIND(SYNC), EC(0x12) | EC(0x16), "HVC"},
    {"smc", KIND(SYNC), EC(0x13) | EC(0x17), "SMC"},
    {"sysreg", KIND(SYNC), EC(0x18), "trapped MSR, MRS and system instructions"},
    {"eret", KIND(SYNC), EC(0x1a), "trapped ERET"},
    {"iabort", KIND(SYNC), EC(0x20) | EC(0x21), "Instruction Aborts"},
    {"align", KIND(SYNC), EC(0x22) | EC(0x26), "PC and SP alignment"},
    {"dabort", KIND(SYNC), EC(0x24) | EC(0x25), "Data Aborts"},
    {"fpexc", KIND(SYNC), EC(0x28) | EC(0x2c), "trapped floating-point exceptions"},
    {"debug", KIND(SYNC), EC(0x30) | EC(0x31) | EC(0x32) | EC(0x33) | EC(0x34) | EC(0x35), "debug exceptions"},
    {"brk", KIND(SYNC), EC(0x38) | EC(0x3c), "BRK"},
};

enum { CLASSES = sizeof(trap_classes) / sizeof(trap_classes[0]) };

static void show_classes(struct gdb *gdb)
{
    for (size_t i = 0; i < CLASSES; i++)
        print(gdb, "%-8s %s\n", trap_classes[i].name, trap_classes[i].help);
    print(gdb, "0xNN     synchronous exceptions of this class (ESR_ELx.EC)\n");
}

static bool add_class(struct armsim_trap_filter *filter, const char *name)
{
    for (size_t i = 0; i < CLASSES; i++) {
        if (strcmp(trap_classes[i].name, name) == 0) {
            filter->kinds |= trap_classes[i].kinds;
            filter->classes |= trap_classes[i].classes;
            return true;
        }
    }
    char *end;
    unsigned long ec = strtoul(name, &end, 16);
    if (strncmp(name, "0x", 2) != 0 || !name[2] || *end || ec > 63)
        return false;
    filter->kinds |= KIND(SYNC);
    filter->classes |= EC(ec);
    return true;
}

static bool take_level(char **line, uint32_t *levels)
{
    char *word;
    if (!next_word(line, &word))
        return false;
    if (strncmp(word, "el", 2) == 0 || strncmp(word, "EL", 2) == 0)
        word += 2;
    if (*word < '0' || *word > '3' || word[1])
        return false;
    *levels = 1u << (*word - '0');
    return true;
}

void monitor_catch(struct gdb *gdb, char *line)
{
    struct armsim_trap_filter filter = {.pe = ARMSIM_ANY, .from_els = 15, .to_els = 15};
    char *names, *word, *why;
    if (!next_word(&line, &names) || strcmp(names, "help") == 0) {
        show_classes(gdb);
        return;
    }
    if (strcmp(names, "off") == 0) {
        armsim_stop_on_trap(gdb->machine, NULL);
        print(gdb, "nothing is caught\n");
        return;
    }
    for (char *save = NULL, *name = strtok_r(names, ",", &save); name; name = strtok_r(NULL, ",", &save)) {
        if (!add_class(&filter, name)) {
            print(gdb, "unknown class \"%s\": monitor catch help lists them\n", name);
            return;
        }
    }
    while (next_word(&line, &word)) {
        bool good = strcmp(word, "from") == 0  ? take_level(&line, &filter.from_els)
                    : strcmp(word, "to") == 0  ? take_level(&line, &filter.to_els)
                    : strcmp(word, "why") == 0 ? next_word(&line, &why) && (filter.why = why) != NULL
                                               : false;
        if (!good) {
            print(gdb, "expected from EL, to EL or why NAME, found \"%s\"\n", word);
            return;
        }
    }
    if (armsim_stop_on_trap(gdb->machine, &filter) < 0)
        print(gdb, "%s\n", armsim_last_error(gdb->machine));
    else
        print(gdb, "caught from now on\n");
}
