/* The command line of `armsim check`. */
#include "frontends/harness/harness.h"

#include "frontends/cli/cli.h"

#include <string.h>

static void usage(FILE *file)
{
    fputs("usage: armsim check [OPTION...] PATH...\n"
          "\n"
          "Runs tests: assembly files (.S, .s) and ELF files with a FILE.expect beside them, or folders of them.\n"
          "\n"
          "  --jobs N           threads (default: as many as there are processors)\n"
          "  --shard I/N        the I-th of N parts (1 to N)\n"
          "  --source DIR       the folder of ELF files' sources, whose //! lines say what is expected: DIR/NAME.S of\n"
          "                     NAME.elf\n"
          "  --filter PATTERN   only tests whose name has this in it (* and ? are wildcards); may be repeated\n"
          "  --list             names of the tests, without running them\n"
          "  --update           write the golden trap logs from what comes\n"
          "  --repeat N         run each N times, every second time cut into pieces: the state must be the same\n"
          "  --seed N           of random injections and of the guests' random numbers (default 0)\n"
          "  --tap              report as TAP\n"
          "  --junit FILE       and as JUnit XML\n"
          "  --coverage DIR     coverage.json and index.html: what the tests touched, and what they never did\n"
          "  --out DIR          where the snapshots of failures go (default: the folder of the --junit FILE, or\n"
          "                     armsim-failures)\n"
          "  --gdb tcp::PORT    one test, with a debugger: it waits there before the first instruction\n"
          "  --gdb COMMAND      the same with a debugger that is started: --gdb gdb-multiarch\n"
          "  --snapshot FILE    with --gdb: begins at a failure's snapshot, with the past before it\n"
          "  --verbose          name each test\n",
          file);
}

/* --- the command line --- */

static bool parse_shard(struct command *command, const char *text)
{
    int used = 0;
    return sscanf(text, "%u/%u%n", &command->shard, &command->shards, &used) == 2 && !text[used] && command->shard &&
           command->shard <= command->shards;
}

static void add_word(const char ***words, size_t *count, size_t *capacity, const char *word)
{
    *words = grow(*words, *count, capacity, sizeof(**words));
    (*words)[(*count)++] = word;
}

/* An option with a value; false: it isn't one, or the value is wrong. */
static bool set_option(struct command *command, const char *name, const char *value)
{
    uint64_t number = 0;
    if (strcmp(name, "jobs") == 0) {
        bool good = parse_number(value, &number) && number && number <= 256;
        command->harness.jobs = (unsigned)number;
        return good;
    }
    if (strcmp(name, "repeat") == 0) {
        bool good = parse_number(value, &number) && number && number <= 1000000;
        command->harness.repeat = (unsigned)number;
        return good;
    }
    if (strcmp(name, "seed") == 0)
        return parse_number(value, &command->harness.seed);
    if (strcmp(name, "shard") == 0)
        return parse_shard(command, value);
    if (strcmp(name, "junit") == 0)
        command->junit = value;
    else if (strcmp(name, "gdb") == 0)
        command->harness.gdb = value;
    else if (strcmp(name, "source") == 0)
        command->source = value;
    else if (strcmp(name, "out") == 0)
        command->harness.out = value;
    else if (strcmp(name, "snapshot") == 0)
        command->harness.snapshot = value;
    else if (strcmp(name, "coverage") == 0)
        command->coverage_directory = value;
    else if (strcmp(name, "filter") == 0)
        add_word(&command->filters, &command->filter_count, &command->filter_capacity, value);
    else
        return false;
    return true;
}

static bool set_flag(struct command *command, const char *name)
{
    const struct {
        const char *name;
        bool *flag;
    } flags[] = {{"list", &command->list},
                 {"update", &command->harness.update},
                 {"tap", &command->tap},
                 {"verbose", &command->harness.verbose}};
    for (size_t i = 0; i < sizeof(flags) / sizeof(flags[0]); i++) {
        if (strcmp(flags[i].name, name) == 0) {
            *flags[i].flag = true;
            return true;
        }
    }
    return false;
}

static bool takes_value(const char *name)
{
    static const char *const names[] = {"jobs", "repeat", "seed", "shard", "junit", "coverage", "filter", "gdb",
                                        "out",  "snapshot", "source"};
    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
        if (strcmp(names[i], name) == 0)
            return true;
    return false;
}

int command_parse(struct command *command, int argc, char **argv)
{
    for (int i = 0; i < argc; i++) {
        const char *word = argv[i];
        if (word[0] != '-' || !word[1]) {
            add_word(&command->paths, &command->path_count, &command->path_capacity, word);
            continue;
        }
        const char *name = word + (word[1] == '-' ? 2 : 1);
        if (strcmp(name, "help") == 0 || strcmp(name, "h") == 0) {
            usage(stdout);
            return -1;
        }
        if (set_flag(command, name))
            continue;
        if (!takes_value(name))
            return complain(EXIT_USAGE, "check: unknown option %s (see armsim check --help)", word);
        if (i + 1 == argc)
            return complain(EXIT_USAGE, "%s: expected a value", word);
        if (!set_option(command, name, argv[++i]))
            return complain(EXIT_USAGE, "%s: unusable value \"%s\" (see armsim check --help)", word, argv[i]);
    }
    if (!command->path_count) {
        usage(stderr);
        return EXIT_USAGE;
    }
    if (command->harness.snapshot && !command->harness.gdb)
        return complain(EXIT_USAGE, "--snapshot: expected --gdb with it");
    return 0;
}
