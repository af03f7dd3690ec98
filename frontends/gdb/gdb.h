/*
 * gdb's remote serial protocol for a machine: PEs are threads. This is the protocol alone, bytes in and bytes out;
 * socket.h connects it to the network. It is written against the public headers of the library.
 *
 * The caller runs the machine, by gdb_run() while gdb_state() is GDB_RUNNING, and hands every stop to gdb_stopped().
 */
#ifndef ARMSIM_FRONTENDS_GDB_H
#define ARMSIM_FRONTENDS_GDB_H

#include <armsim/armsim.h>

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct gdb;

enum gdb_state {
    GDB_RUNNING, /* the machine is to run */
    GDB_HALTED,  /* the debugger has it */
    GDB_KILLED,  /* the debugger wants an end */
};

typedef void gdb_send_fn(void *opaque, const void *data, size_t size);

/* NULL: out of memory. The machine runs until a debugger connects, or (`halted`) until one lets it. */
struct gdb *gdb_create(struct armsim_machine *machine, bool halted, gdb_send_fn *send, void *opaque);
/* Removes what the debugger has set in the machine. NULL is allowed. */
void gdb_destroy(struct gdb *gdb);

/* A debugger is there: the machine stops. */
void gdb_connected(struct gdb *gdb);
/* It is gone: its points are removed, and the machine goes on. */
void gdb_disconnected(struct gdb *gdb);
/* Bytes from it, in pieces of any size. */
void gdb_receive(struct gdb *gdb, const uint8_t *data, size_t size);

enum gdb_state gdb_state(const struct gdb *gdb);
/* Runs as the debugger asked, at most `limit` instructions: as armsim_run(). */
int gdb_run(struct gdb *gdb, uint64_t limit, struct armsim_stop *stop);
/* True: the stop is the debugger's business and it has been told. */
bool gdb_stopped(struct gdb *gdb, const struct armsim_stop *stop);
/* The debugger has gone back: what the host sends now would change the past, and what comes has been. */
bool gdb_is_in_past(const struct gdb *gdb);
/* The run is over, with this exit status. */
void gdb_exited(struct gdb *gdb, int status);

#endif
