/* A TCP port at which a debugger may connect; one at a time. */
#ifndef ARMSIM_FRONTENDS_GDB_SOCKET_H
#define ARMSIM_FRONTENDS_GDB_SOCKET_H

#include "frontends/gdb/gdb.h"

struct gdb_address {
    char host[128];
    uint16_t port; /* 0: any that is free */
};

/* "tcp:[HOST]:PORT", with QEMU's ",server,nowait" and the like after it; without HOST the loopback address. */
bool gdb_parse_address(const char *text, struct gdb_address *address);

struct gdb_socket;

/* Listens. NULL: *error says why, in one line. *port is the one that was taken. */
struct gdb_socket *gdb_socket_open(struct armsim_machine *machine, const struct gdb_address *address, bool halted,
                                   uint16_t *port, const char **error);
void gdb_socket_close(struct gdb_socket *socket); /* NULL is allowed */

struct gdb *gdb_socket_protocol(struct gdb_socket *socket);
/* What to wait for (POLLIN), and what to call then; that may also be called at any other time. */
int gdb_socket_fd(const struct gdb_socket *socket);
void gdb_socket_ready(struct gdb_socket *socket);

#endif
