/*
 * armsim-conformance [-v] [-q] [-x EXPLAINED] [FILE-OR-FOLDER...]
 *
 * Runs vector files (results of Arm's pseudocode, executed) and says per file how many lines agree, are explained, are
 * skipped because the build lacks a feature, or differ. Exit status: 0, or 1 with an unexplained difference, 2 for
 * usage, 3 when a file can't be read.
 */
#define _GNU_SOURCE /* FNM_CASEFOLD */
#include "formats.h"

#include <dirent.h>
#include <errno.h>
#include <fnmatch.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#ifndef VECTORS_DIRECTORY
#define VECTORS_DIRECTORY "tests/vectors"
#endif

/* The formats, by the files' names. A file without `run` is of a kind that needs a feature no build has yet. */
static const struct {
    const char *pattern;
    run_file_fn *run;
    const char *feature;
    bool newest; /* the vectors are of the newest architecture, not of the version in the name */
} formats[] = {
    {"sysmat_a32_*", NULL, "AArch32", false},
    {"a32_t32_*", NULL, "AArch32", false},
    {"abort_a32_*", NULL, "AArch32", false},
    {"trans_a32_*", NULL, "AArch32", false},
    {"exc_mixed_*", NULL, "AArch32", false},
    {"sve_*", NULL, "FEAT_SVE", false},
    {"sysmat_base_v8?_*", run_access_matrix, NULL, false},
    {"sysmat_v8?*", run_access_matrix, NULL, false},
    {"exc_a64_v8?*", run_exceptions, NULL, false},
    {"sysredir_*", run_redirections, NULL, true},
    {"at_v8?*", run_address_translation_instructions, NULL, true},
    {"a64_*", run_a64, NULL, true},
    {"trans_a64_*", run_translations, NULL, true},
    {"abort_a64_*", run_aborts, NULL, true},
    {"s2abort_*", run_stage2_aborts, NULL, true},
    {"debug_*", run_debug, NULL, true},
};

static bool has_model(const char *name)
{
    const char *model;
    for (size_t i = 0; (model = armsim_cpu_model_at(i)); i++)
        if (!strcmp(model, name))
            return true;
    return false;
}

static bool can_be_made(const char *cpu)
{
    struct armsim_options options;
    struct armsim_machine *machine = NULL;
    armsim_options_init(&options, sizeof options);
    options.board = "bare";
    options.ram_size = 0;
    options.cpu = cpu;
    bool made = armsim_create(&options, &machine) == 0;
    armsim_destroy(machine);
    return made;
}

void run_lines(const struct vector_file *file, struct report *report, run_line_fn *run, void *opaque)
{
    char *line;
    while ((line = lines_next(file->lines))) {
        char *text = strdup(line);
        if (!text)
            break;
        run(file, opaque, line, text, report);
        free(text);
    }
}

void newest_model(char *cpu, size_t size)
{
    /* What the models behind the vectors don't have. */
    static const char *const off[] = {"lse2", "mte*", "sve*", "sme*", "mops", "rng*", "ls64*", "gcs", "fpac*", "pauth2", "lpa*", "lva"};
    char model[8] = "v8.0";
    if (has_model("max")) {
        snprintf(cpu, size, "max");
        return;
    }
    for (unsigned minor = 0; minor < 10; minor++) {
        snprintf(cpu, size, "v8.%u", minor);
        if (has_model(cpu))
            snprintf(model, sizeof model, "v8.%u", minor);
    }
    size_t length = (size_t)snprintf(cpu, size, "%s", model);
    const char *feature;
    for (size_t i = 0; (feature = armsim_feature_at(i)); i++) {
        bool wanted = true;
        for (size_t j = 0; j < sizeof off / sizeof *off; j++)
            wanted &= fnmatch(off[j], feature, FNM_CASEFOLD) != 0;
        size_t added = length + strlen(feature) + 4;
        if (!wanted || added >= size)
            continue;
        snprintf(cpu + length, size - length, ",%s=on", feature);
        if (can_be_made(cpu))
            length = added;
        else
            cpu[length] = 0;
    }
}

static const char *base_name(const char *path)
{
    const char *slash = strrchr(path, '/');
    return slash ? slash + 1 : path;
}

static void count_lines(struct line_reader *lines, struct report *report, const char *feature)
{
    while (lines_next(lines))
        report_skip(report, feature);
}

/* False: no such format, or the file can't be read. */
static bool run_path(const char *path, struct report *report)
{
    size_t format = 0, formats_count = sizeof formats / sizeof *formats;
    report->file = base_name(path);
    while (format < formats_count && fnmatch(formats[format].pattern, report->file, 0))
        format++;
    if (format == formats_count) {
        fprintf(stderr, "%s: no vector format has such a name\n", path);
        return false;
    }
    struct vector_file file = {.lines = lines_open(path), .els = 0xf};
    if (!file.lines) {
        fprintf(stderr, "%s: %s\n", path, strerror(errno));
        return false;
    }
    const char *version = strstr(report->file, "_v");
    const char *els = strstr(report->file, "_el0x");
    file.version = version ? (unsigned)strtoul(version + 2, NULL, 10) : 0;
    if (els)
        file.els = (unsigned)strtoul(els + 5, NULL, 16);
    char missing[32];
    snprintf(file.cpu, sizeof file.cpu, "v%u.%u", file.version / 10, file.version % 10);
    if (formats[format].newest) {
        newest_model(file.cpu, sizeof file.cpu);
    } else if (formats[format].run && !has_model(file.cpu)) {
        snprintf(missing, sizeof missing, "Armv%u.%u-A", file.version / 10, file.version % 10);
        count_lines(file.lines, report, missing);
        lines_close(file.lines);
        return true;
    }
    if (formats[format].run)
        formats[format].run(&file, report);
    else
        count_lines(file.lines, report, formats[format].feature);
    bool failed = lines_failed(file.lines);
    if (failed)
        fprintf(stderr, "%s: damaged: it can't be decompressed to its end\n", path);
    lines_close(file.lines);
    return !failed;
}

struct list {
    char **paths;
    size_t count;
};

static bool list_add(struct list *list, const char *folder, const char *name)
{
    char **paths = realloc(list->paths, (list->count + 1) * sizeof *paths);
    if (!paths)
        return false;
    list->paths = paths;
    size_t size = strlen(folder) + strlen(name) + 2;
    if (!(paths[list->count] = malloc(size)))
        return false;
    snprintf(paths[list->count++], size, "%s%s%s", folder, *folder ? "/" : "", name);
    return true;
}

static int by_name(const void *a, const void *b)
{
    return strcmp(*(char *const *)a, *(char *const *)b);
}

static bool list_path(struct list *list, const char *path)
{
    struct stat status;
    if (stat(path, &status)) {
        fprintf(stderr, "%s: %s\n", path, strerror(errno));
        return false;
    }
    if (!S_ISDIR(status.st_mode))
        return list_add(list, "", path);
    DIR *directory = opendir(path);
    if (!directory) {
        fprintf(stderr, "%s: %s\n", path, strerror(errno));
        return false;
    }
    size_t first = list->count;
    struct dirent *entry;
    bool good = true;
    while (good && (entry = readdir(directory)))
        if (!fnmatch("*_v[0-9]*.txt", entry->d_name, 0) || !fnmatch("*_v[0-9]*.txt.gz", entry->d_name, 0))
            good = list_add(list, path, entry->d_name);
    closedir(directory);
    if (list->count > first)
        qsort(list->paths + first, list->count - first, sizeof *list->paths, by_name);
    return good;
}

/* What a process that ran one file ends with. */
enum { DONE_AGREED = 0, DONE_DIFFERED = 1, DONE_FAILED = 3 };

static int run_one(const char *path, const struct explanations *explanations, unsigned show, bool quiet)
{
    struct report report = {.explanations = explanations, .show_max = show, .quiet = quiet};
    bool good = run_path(path, &report);
    if (good)
        report_print(&report);
    int status = !good ? DONE_FAILED : report.differ ? DONE_DIFFERED : DONE_AGREED;
    report_free(&report);
    fflush(stdout);
    return status;
}

/* Every file in a process of its own, as many at once as there are processors. */
static int run_all(const struct list *list, const struct explanations *explanations, unsigned show, bool quiet)
{
    long processors = sysconf(_SC_NPROCESSORS_ONLN);
    long running = 0;
    int worst = 0;
    for (size_t next = 0; next < list->count || running;) {
        if (next < list->count && running < (processors > 0 ? processors : 1)) {
            fflush(NULL);
            pid_t child = fork();
            if (child == 0)
                _exit(run_one(list->paths[next], explanations, show, quiet));
            if (child < 0) {
                fprintf(stderr, "fork: %s\n", strerror(errno));
                return DONE_FAILED;
            }
            running++;
            next++;
            continue;
        }
        int status;
        if (wait(&status) < 0)
            break;
        running--;
        int code = WIFEXITED(status) ? WEXITSTATUS(status) : DONE_FAILED;
        if (WIFSIGNALED(status))
            fprintf(stderr, "a run ended by signal %d\n", WTERMSIG(status));
        if (code > worst)
            worst = code;
    }
    return worst;
}

static int usage(FILE *out, int status)
{
    fprintf(out, "usage: armsim-conformance [-v] [-n COUNT] [-q] [-x EXPLAINED] [FILE-OR-FOLDER...]\n"
                 "  -v            print every unexplained difference (default: 5 of each file)\n"
                 "  -n COUNT      print at most COUNT of each file\n"
                 "  -q            one line a file, without reasons\n"
                 "  -x EXPLAINED  file of known differences (default: explained.txt beside the project's vectors)\n"
                 "Default folder: " VECTORS_DIRECTORY "\n");
    return status;
}

int main(int argc, char **argv)
{
    const char *explained = VECTORS_DIRECTORY "/explained.txt";
    unsigned show = 5;
    bool quiet = false;
    int option;
    while ((option = getopt(argc, argv, "vqhn:x:")) != -1) {
        switch (option) {
        case 'v':
            show = ~0u;
            break;
        case 'n':
            show = (unsigned)strtoul(optarg, NULL, 10);
            break;
        case 'q':
            quiet = true;
            break;
        case 'x':
            explained = optarg;
            break;
        case 'h':
            return usage(stdout, 0);
        default:
            return usage(stderr, 2);
        }
    }
    struct explanations *explanations = explanations_read(explained);
    if (!explanations)
        return 3;
    struct list list = {0};
    bool good = true;
    for (int i = optind; i < argc; i++)
        good &= list_path(&list, argv[i]);
    if (optind == argc)
        good = list_path(&list, VECTORS_DIRECTORY);
    if (good && !list.count) {
        fprintf(stderr, "no vector files (*_v<number>*.txt or .txt.gz) there\n");
        good = false;
    }
    int status = good ? run_all(&list, explanations, show, quiet) : 3;
    for (size_t i = 0; i < list.count; i++)
        free(list.paths[i]);
    free(list.paths);
    explanations_free(explanations);
    return status;
}
