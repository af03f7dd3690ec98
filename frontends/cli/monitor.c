/* The monitor: a prompt for looking at the machine while it runs. */
#include "frontends/cli/session.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

enum { BACKSPACE = 0x08, DELETE = 0x7f, CTRL_U = 0x15, TRAPS_SHOWN = 20, TRAPS_MAX = 1024, TRAP_TEXT = 640 };

static void prompt(struct session *session)
{
    session->console.line_length = 0;
    console_print(session, "(armsim) ");
}

void monitor_enter(struct session *session)
{
    session->console.monitor = true;
    console_print(session, "\narmsim %s monitor: \"help\" for its commands, Ctrl-A c goes back\n", armsim_version());
    prompt(session);
}

static uint64_t peek(const struct session *session, uint32_t pe, armsim_register_id id)
{
    uint64_t value = 0;
    armsim_peek(session->machine, pe, id, &value);
    return value;
}

static void show_registers(struct session *session, uint32_t pe)
{
    static const char *const states[] = {"running", "WFI", "WFE", "off"};
    int state = armsim_pe_state(session->machine, pe);
    uint64_t count = 0;
    armsim_pe_instructions(session->machine, pe, &count);
    console_print(session, "PE %" PRIu32 ": %s, EL%" PRIu64 " %s, %" PRIu64 " instructions\n", pe,
                  state >= 0 && state < 4 ? states[state] : "?", peek(session, pe, ARMSIM_REG_CURRENT_EL),
                  peek(session, pe, ARMSIM_REG_SECURE) ? "Secure" : "Non-secure", count);
    console_print(session, " PC=%016" PRIx64 "  SP=%016" PRIx64 " PSTATE=%08" PRIx64 "\n",
                  peek(session, pe, ARMSIM_REG_PC), peek(session, pe, ARMSIM_REG_SP),
                  peek(session, pe, ARMSIM_REG_PSTATE));
    for (unsigned n = 0; n < 31; n++)
        console_print(session, "X%02u=%016" PRIx64 "%s", n, peek(session, pe, ARMSIM_REG_X0 + n),
                      n % 4 == 3 || n == 30 ? "\n" : " ");
}

static bool pe_argument(struct session *session, const char *text, uint32_t *pe)
{
    uint64_t number = 0;
    if (text && (!parse_number(text, &number) || number >= armsim_pe_count(session->machine))) {
        console_print(session, "expected a PE from 0 to %" PRIu32 "\n", armsim_pe_count(session->machine) - 1);
        return false;
    }
    *pe = (uint32_t)number;
    return true;
}

static void command_registers(struct session *session, const char *argument)
{
    uint32_t pe;
    if (pe_argument(session, argument, &pe))
        show_registers(session, pe);
}

static void command_traps(struct session *session, const char *argument)
{
    uint64_t count = TRAPS_SHOWN;
    if (argument && (!parse_number(argument, &count) || count > TRAPS_MAX)) {
        console_print(session, "expected a number up to %d\n", TRAPS_MAX);
        return;
    }
    struct armsim_trap *traps = calloc(count ? count : 1, sizeof(*traps));
    if (!traps)
        return;
    uint64_t total = armsim_trap_total(session->machine);
    int64_t got = armsim_traps(session->machine, total > count ? total - count : 0, traps, count);
    for (int64_t i = 0; i < got; i++) {
        char text[TRAP_TEXT];
        if (armsim_format_trap(&traps[i], ARMSIM_TRACE_TEXT, text, sizeof(text)) > 0)
            console_print(session, "%s\n", text);
    }
    free(traps);
}

static void command_quit(struct session *session, const char *argument)
{
    session->quit = true;
}

static void command_stop(struct session *session, const char *argument)
{
    session->paused = true;
}

static void command_cont(struct session *session, const char *argument)
{
    session->paused = false;
    session->anchored = false; /* the pause doesn't count */
}

static void command_reset(struct session *session, const char *argument)
{
    if (armsim_reset(session->machine, ARMSIM_RESET_COLD) < 0)
        console_print(session, "%s\n", armsim_last_error(session->machine));
}

static void command_power_down(struct session *session, const char *argument)
{
    armsim_power_key(session->machine);
}

static void command_help(struct session *session, const char *argument);

static const struct command {
    const char *name, *help;
    void (*run)(struct session *session, const char *argument);
} commands[] = {
    {"help", "this list", command_help},
    {"quit", "ends the run", command_quit},
    {"q", NULL, command_quit},
    {"stop", "halts the machine", command_stop},
    {"cont", "goes on", command_cont},
    {"c", NULL, command_cont},
    {"info registers", "[PE]  registers of a PE", command_registers},
    {"info traps", "[N]  the last N exceptions and returns, with the reason", command_traps},
    {"system_reset", "resets the machine", command_reset},
    {"system_powerdown", "presses the power key", command_power_down},
};

static void command_help(struct session *session, const char *argument)
{
    for (size_t i = 0; i < sizeof(commands) / sizeof(commands[0]); i++)
        if (commands[i].help)
            console_print(session, "%-18s %s\n", commands[i].name, commands[i].help);
}

static void execute(struct session *session, const char *line)
{
    line += strspn(line, " ");
    for (size_t i = 0; i < sizeof(commands) / sizeof(commands[0]); i++) {
        size_t length = strlen(commands[i].name);
        if (strncmp(line, commands[i].name, length) != 0 || (line[length] && line[length] != ' '))
            continue;
        const char *argument = line + length + strspn(line + length, " ");
        commands[i].run(session, *argument ? argument : NULL);
        return;
    }
    if (*line)
        console_print(session, "unknown command \"%s\": \"help\" lists them\n", line);
}

void monitor_byte(struct session *session, uint8_t byte)
{
    struct console *console = &session->console;
    if (byte == '\r' || byte == '\n') {
        console->line[console->line_length] = '\0';
        console_print(session, "\n");
        execute(session, console->line);
        if (!session->quit)
            prompt(session);
    } else if (byte == BACKSPACE || byte == DELETE) {
        if (console->line_length > 0) {
            console->line_length--;
            console_print(session, "\b \b");
        }
    } else if (byte == CTRL_U) {
        console_print(session, "\n");
        prompt(session);
    } else if (byte >= ' ' && console->line_length < MONITOR_LINE - 1) {
        console->line[console->line_length++] = (char)byte;
        console_write(session, &byte, 1);
    }
}
