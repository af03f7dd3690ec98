/* The command `armsim`. */
#include "frontends/cli/cli.h"
#include "frontends/harness/harness.h"

#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

int complain(int status, const char *format, ...)
{
    char text[1024];
    va_list args;
    va_start(args, format);
    vsnprintf(text, sizeof(text), format, args);
    va_end(args);
    for (char *at = text; *at; at++)
        if ((unsigned char)*at < ' ' || *at == 0x7f)
            *at = '?'; /* one line, whatever a file is called */
    fprintf(stderr, "armsim: %s\n", text);
    return status;
}

static bool is_flag(const char *argument, const char *name)
{
    return argument[0] == '-' && strcmp(argument + (argument[1] == '-' ? 2 : 1), name) == 0;
}

static int command_run(int argc, char **argv)
{
    struct cli_options *options = malloc(sizeof(*options));
    if (!options)
        return complain(EXIT_DEFECT, "out of memory");
    int status = options_parse(options, argc, argv);
    if (status == 0 && !options->done)
        status = run(options);
    options_free(options);
    free(options);
    return status;
}

int main(int argc, char **argv)
{
    if (argc < 2) {
        print_usage(stderr);
        return EXIT_USAGE;
    }
    if (strcmp(argv[1], "run") == 0)
        return command_run(argc - 2, argv + 2);
    if (strcmp(argv[1], "check") == 0)
        return command_check(argv[0], argc - 2, argv + 2);
    if (strcmp(argv[1], "help") == 0 || is_flag(argv[1], "help") || is_flag(argv[1], "h")) {
        print_help();
        return 0;
    }
    if (is_flag(argv[1], "version")) {
        printf("armsim %s\n", armsim_version());
        return 0;
    }
    return complain(EXIT_USAGE, "expected the command run or check (see armsim --help), found \"%s\"", argv[1]);
}
