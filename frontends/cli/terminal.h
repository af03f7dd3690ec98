/*
 * The terminal. Raw mode is undone on every way out: exit(), signals that end the process, crashes, and while the
 * process is stopped.
 */
#ifndef ARMSIM_FRONTENDS_CLI_TERMINAL_H
#define ARMSIM_FRONTENDS_CLI_TERMINAL_H

#include <stdbool.h>

/* Puts the terminal at standard input in raw mode, if there is one and this process is in its foreground. Output
 * keeps its line ends. Returns whether raw mode is on. */
bool terminal_raw(void);
void terminal_restore(void); /* async-signal-safe; nothing if raw mode is off */

/*
 * Catches the signals that end a process (INT, TERM, HUP, QUIT): the first one calls `stop`, is noted, and makes
 * signals_fd() readable; a second one ends the process at once. SIGPIPE is ignored.
 */
bool signals_install(void (*stop)(void));
int signals_fd(void);
int signals_caught(void); /* the signal's number, or 0 */

#endif
