#include "frontends/cli/terminal.h"

#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <termios.h>
#include <unistd.h>

static struct termios saved, raw;
static volatile sig_atomic_t is_raw;
static volatile sig_atomic_t caught;
static void (*stop_fn)(void);
static int wake_pipe[2] = {-1, -1};

void terminal_restore(void)
{
    if (is_raw)
        tcsetattr(STDIN_FILENO, TCSANOW, &saved);
    is_raw = 0;
}

/* The signal's default: the shell sees what killed the process. */
static void die_of(int number)
{
    terminal_restore();
    signal(number, SIG_DFL);
    raise(number);
}

static void crashed(int number)
{
    die_of(number);
}

static void stopped(int number)
{
    bool was_raw = is_raw;
    terminal_restore();
    raise(SIGSTOP);
    if (was_raw && tcsetattr(STDIN_FILENO, TCSANOW, &raw) == 0) /* continued */
        is_raw = 1;
}

static void handle(int number, void (*handler)(int))
{
    struct sigaction action;
    memset(&action, 0, sizeof(action));
    action.sa_handler = handler;
    action.sa_flags = SA_RESTART;
    sigaction(number, &action, NULL);
}

static void handle_all(const int *numbers, size_t count, void (*handler)(int))
{
    for (size_t i = 0; i < count; i++)
        handle(numbers[i], handler);
}

bool terminal_raw(void)
{
    static const int crashes[] = {SIGSEGV, SIGBUS, SIGILL, SIGFPE, SIGABRT};
    static bool registered;
    if (is_raw)
        return true;
    if (!isatty(STDIN_FILENO) || tcgetpgrp(STDIN_FILENO) != getpgrp() || tcgetattr(STDIN_FILENO, &saved) != 0)
        return false;
    raw = saved;
    raw.c_iflag &= ~(tcflag_t)(IGNBRK | BRKINT | PARMRK | ISTRIP | INLCR | IGNCR | ICRNL | IXON);
    raw.c_lflag &= ~(tcflag_t)(ECHO | ECHONL | ICANON | IEXTEN | ISIG);
    raw.c_cflag = (raw.c_cflag & ~(tcflag_t)(CSIZE | PARENB)) | CS8;
    raw.c_cc[VMIN] = 1;
    raw.c_cc[VTIME] = 0;
    if (!registered) {
        registered = true;
        atexit(terminal_restore);
        handle_all(crashes, sizeof(crashes) / sizeof(crashes[0]), crashed);
        handle(SIGTSTP, stopped);
    }
    is_raw = 1;
    if (tcsetattr(STDIN_FILENO, TCSANOW, &raw) == 0)
        return true;
    is_raw = 0;
    return false;
}

static void ended(int number)
{
    if (caught)
        die_of(number);
    caught = number;
    if (stop_fn)
        stop_fn();
    char byte = 0;
    if (write(wake_pipe[1], &byte, 1) != 1)
        return; /* the pipe is full: it is readable anyway */
}

bool signals_install(void (*stop)(void))
{
    static const int ends[] = {SIGINT, SIGTERM, SIGHUP, SIGQUIT};
    stop_fn = stop;
    if (pipe(wake_pipe) != 0)
        return false;
    for (int i = 0; i < 2; i++) {
        fcntl(wake_pipe[i], F_SETFD, FD_CLOEXEC);
        fcntl(wake_pipe[i], F_SETFL, O_NONBLOCK);
    }
    handle_all(ends, sizeof(ends) / sizeof(ends[0]), ended);
    signal(SIGPIPE, SIG_IGN);
    return true;
}

int signals_fd(void)
{
    return wake_pipe[0];
}

int signals_caught(void)
{
    return caught;
}
