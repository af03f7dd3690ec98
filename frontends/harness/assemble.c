/*
 * Assembling tests: one file, one call of the cross compiler, one fixed memory map. The compiler is $ARMSIM_CC, or
 * aarch64-linux-gnu-gcc, or gcc on an AArch64 host.
 */
#include "frontends/harness/harness.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <spawn.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

extern char **environ;

/* RAM begins at 0x40000000; the first half MiB is left to tests. */
static const char linker_script[] = "ENTRY(_start)\n"
                                    "SECTIONS\n"
                                    "{\n"
                                    "    . = 0x40080000;\n"
                                    "    .text : { *(.text .text.*) }\n"
                                    "    . = ALIGN(4096);\n"
                                    "    .rodata : { *(.rodata .rodata.*) }\n"
                                    "    .data : { *(.data .data.*) }\n"
                                    "    .bss : { *(.bss .bss.* COMMON) }\n"
                                    "    . = ALIGN(4096);\n"
                                    "    image_end = .;\n"
                                    "    /DISCARD/ : { *(.comment .note .note.* .eh_frame) }\n"
                                    "}\n";

static const char *compiler(void)
{
    const char *given = getenv("ARMSIM_CC");
    if (given && *given)
        return given;
#ifdef __aarch64__
    return "gcc";
#else
    return "aarch64-linux-gnu-gcc";
#endif
}

/* Runs a program with its output in a file. Its exit status, or -1 with errno: it couldn't be started. */
static int run_program(char *const *argv, const char *output)
{
    posix_spawn_file_actions_t actions;
    posix_spawn_file_actions_init(&actions);
    posix_spawn_file_actions_addopen(&actions, STDIN_FILENO, "/dev/null", O_RDONLY, 0);
    posix_spawn_file_actions_addopen(&actions, STDOUT_FILENO, output, O_WRONLY | O_CREAT | O_TRUNC, 0600);
    posix_spawn_file_actions_adddup2(&actions, STDOUT_FILENO, STDERR_FILENO);
    pid_t child;
    int error = posix_spawnp(&child, argv[0], &actions, NULL, argv, environ);
    posix_spawn_file_actions_destroy(&actions);
    if (error) {
        errno = error;
        return -1;
    }
    int status;
    while (waitpid(child, &status, 0) < 0)
        if (errno != EINTR)
            return -1;
    return WIFEXITED(status) ? WEXITSTATUS(status) : 255;
}

static bool write_script(const char *path)
{
    FILE *file = fopen(path, "w");
    if (!file)
        return false;
    bool good = fputs(linker_script, file) >= 0;
    return fclose(file) == 0 && good;
}

static bool assemble(struct test_file *file, const char *directory, unsigned number, const char *elf)
{
    struct arena *arena = &file->arena;
    const char *script = arena_format(arena, "%s/%u.ld", directory, number);
    const char *log = arena_format(arena, "%s/%u.log", directory, number);
    const char *slash = strrchr(file->path, '/');
    const char *folder = slash ? arena_text(arena, file->path, (size_t)(slash - file->path)) : ".";
    if (!write_script(script)) {
        file->build_error = arena_format(arena, "%s: %s", script, strerror(errno));
        return false;
    }
    const char *arguments[] = {compiler(), "-g", "-nostdlib", "-static",
                               "-march=armv8.5-a+crypto+sha3+sm4+fp16+rng+memtag", "-I", folder, "-x",
                               "assembler-with-cpp", file->path, "-x", "none", "-T", script,
                               "-Wl,--build-id=none", "-Wl,--no-warn-rwx-segments", "-o", elf, NULL};
    int status = run_program((char *const *)arguments, log);
    if (status < 0 || status == 127) {
        file->skip = arena_format(arena, "no cross assembler: %s: %s (set ARMSIM_CC, or install gcc-aarch64-linux-gnu)",
                                  compiler(), strerror(status < 0 ? errno : ENOENT));
        return false;
    }
    if (status == 0)
        return true;
    char *text = read_file(log, NULL);
    file->build_error = arena_format(arena, "%s: status %d\n%s", compiler(), status, text ? text : "");
    free(text);
    return false;
}

void image_build(struct test_file *file, const char *directory, unsigned number)
{
    struct arena *arena = &file->arena;
    const char *elf = file->path;
    if (file->assembly) {
        elf = arena_format(arena, "%s/%u.elf", directory, number);
        if (!assemble(file, directory, number, elf))
            return;
    }
    char *error = NULL;
    file->elf = elf;
    file->image.data = read_file(elf, &file->image.size);
    if (!file->image.data)
        file->build_error = arena_format(arena, "%s: %s", elf, strerror(errno));
    else if (!image_parse(&file->image, arena, &error))
        file->build_error = arena_format(arena, "%s: %s", elf, error);
}
