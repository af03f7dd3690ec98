#include "frontends/gdb/socket.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netdb.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

/* A debugger that doesn't read for so long is gone. */
enum { SEND_SECONDS = 10, RECEIVE_BYTES = 4096 };

struct gdb_socket {
    struct gdb *gdb;
    int listener, connection; /* -1: none */
    bool broken;
};

bool gdb_parse_address(const char *text, struct gdb_address *address)
{
    if (strncmp(text, "tcp:", 4) != 0)
        return false;
    text += 4;
    const char *colon = strrchr(text, ':');
    size_t length = colon ? (size_t)(colon - text) : 0;
    if (!colon || length >= sizeof(address->host))
        return false;
    memcpy(address->host, text, length);
    address->host[length] = '\0';
    if (!length)
        strcpy(address->host, "127.0.0.1");
    char *end;
    unsigned long port = strtoul(colon + 1, &end, 10);
    address->port = (uint16_t)port;
    return colon[1] >= '0' && colon[1] <= '9' && port <= UINT16_MAX && (*end == '\0' || *end == ',');
}

static void drop(struct gdb_socket *socket)
{
    close(socket->connection);
    socket->connection = -1;
    socket->broken = false;
    gdb_disconnected(socket->gdb);
}

static void send_bytes(void *opaque, const void *data, size_t size)
{
    struct gdb_socket *socket = opaque;
    const char *at = data;
    while (size && socket->connection >= 0 && !socket->broken) {
        ssize_t sent = send(socket->connection, at, size, MSG_NOSIGNAL);
        if (sent < 0 && errno == EINTR)
            continue;
        if (sent <= 0) {
            socket->broken = true; /* dropped when its turn comes, not from inside the protocol */
            return;
        }
        at += sent;
        size -= (size_t)sent;
    }
}

/* A listening socket, or -1 with *error set. */
static int listen_at(const struct gdb_address *address, uint16_t *port, const char **error)
{
    char service[8];
    snprintf(service, sizeof(service), "%u", address->port);
    struct addrinfo hints = {.ai_family = AF_UNSPEC, .ai_socktype = SOCK_STREAM, .ai_flags = AI_PASSIVE}, *found;
    int result = getaddrinfo(address->host, service, &hints, &found);
    if (result != 0) {
        *error = gai_strerror(result);
        return -1;
    }
    int fd = socket(found->ai_family, found->ai_socktype | SOCK_CLOEXEC | SOCK_NONBLOCK, found->ai_protocol), on = 1;
    if (fd >= 0)
        setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on));
    if (fd < 0 || bind(fd, found->ai_addr, found->ai_addrlen) < 0 || listen(fd, 1) < 0) {
        *error = strerror(errno);
        if (fd >= 0)
            close(fd);
        fd = -1;
    }
    freeaddrinfo(found);
    struct sockaddr_storage name;
    socklen_t length = sizeof(name);
    *port = address->port;
    if (fd >= 0 && getsockname(fd, (struct sockaddr *)&name, &length) == 0)
        *port = ntohs(name.ss_family == AF_INET6 ? ((struct sockaddr_in6 *)&name)->sin6_port
                                                 : ((struct sockaddr_in *)&name)->sin_port);
    return fd;
}

struct gdb_socket *gdb_socket_open(struct armsim_machine *machine, const struct gdb_address *address, bool halted,
                                   uint16_t *port, const char **error)
{
    struct gdb_socket *socket = calloc(1, sizeof(*socket));
    *error = "out of memory";
    if (!socket)
        return NULL;
    socket->listener = socket->connection = -1;
    socket->gdb = gdb_create(machine, halted, send_bytes, socket);
    if (socket->gdb)
        socket->listener = listen_at(address, port, error);
    if (socket->listener >= 0)
        return socket;
    gdb_socket_close(socket);
    return NULL;
}

void gdb_socket_close(struct gdb_socket *socket)
{
    if (!socket)
        return;
    if (socket->connection >= 0)
        close(socket->connection);
    if (socket->listener >= 0)
        close(socket->listener);
    gdb_destroy(socket->gdb);
    free(socket);
}

struct gdb *gdb_socket_protocol(struct gdb_socket *socket)
{
    return socket->gdb;
}

int gdb_socket_fd(const struct gdb_socket *socket)
{
    return socket->connection >= 0 ? socket->connection : socket->listener;
}

static void accept_debugger(struct gdb_socket *socket)
{
    struct timeval timeout = {.tv_sec = SEND_SECONDS};
    int on = 1;
    socket->connection = accept(socket->listener, NULL, NULL);
    if (socket->connection < 0)
        return;
    setsockopt(socket->connection, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
    setsockopt(socket->connection, SOL_SOCKET, SO_SNDTIMEO, &timeout, sizeof(timeout));
    gdb_connected(socket->gdb);
}

void gdb_socket_ready(struct gdb_socket *socket)
{
    if (socket->connection < 0) {
        accept_debugger(socket);
        return;
    }
    uint8_t data[RECEIVE_BYTES];
    ssize_t size = recv(socket->connection, data, sizeof(data), MSG_DONTWAIT);
    if (size > 0)
        gdb_receive(socket->gdb, data, (size_t)size);
    bool alive = size > 0 || (size < 0 && (errno == EAGAIN || errno == EWOULDBLOCK || errno == EINTR));
    if (!alive || socket->broken)
        drop(socket);
}
