#include "frontends/net/user_net.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <slirp/libslirp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define NS_PER_MS INT64_C(1000000)

struct timer {
    struct timer *next;
    SlirpTimerCb fire;
    void *opaque;
    int64_t expire_ms; /* virtual; -1: not running */
};

struct user_net {
    Slirp *slirp;
    struct user_net_options options;
    struct user_net_forward *forwards;
    struct armsim_machine *machine; /* NULL until attached */
    uint32_t nic;
    struct pollfd *fds;
    size_t fd_count, fd_capacity;
    struct timer *timers;
};

/* --- what slirp asks of us --- */

/* A frame that doesn't fit is lost, as on a wire; TCP sends it again. */
static ssize_t send_packet(const void *frame, size_t size, void *opaque)
{
    struct user_net *net = opaque;
    enum { SHORTEST = 60 }; /* Ethernet pads shorter frames (64 bytes with the check sequence) */
    uint8_t padded[SHORTEST] = {0};
    if (size < SHORTEST) {
        memcpy(padded, frame, size);
        armsim_net_input(net->machine, net->nic, padded, sizeof(padded));
    } else {
        armsim_net_input(net->machine, net->nic, frame, size);
    }
    return (ssize_t)size;
}

static void guest_error(const char *message, void *opaque)
{
    struct user_net *net = opaque;
    if (net->options.log)
        net->options.log(net->options.log_opaque, message);
}

static int64_t clock_get_ns(void *opaque)
{
    const struct user_net *net = opaque;
    return net->machine ? (int64_t)armsim_time_ns(net->machine) : 0;
}

static void *timer_new(SlirpTimerCb fire, void *fire_opaque, void *opaque)
{
    struct user_net *net = opaque;
    struct timer *timer = calloc(1, sizeof(*timer));
    if (!timer)
        return NULL;
    *timer = (struct timer){.next = net->timers, .fire = fire, .opaque = fire_opaque, .expire_ms = -1};
    net->timers = timer;
    return timer;
}

static void timer_free(void *which, void *opaque)
{
    struct user_net *net = opaque;
    for (struct timer **at = &net->timers; *at; at = &(*at)->next) {
        if (*at == which) {
            *at = (*at)->next;
            free(which);
            return;
        }
    }
}

static void timer_mod(void *which, int64_t expire_ms, void *opaque)
{
    struct timer *timer = which;
    if (timer)
        timer->expire_ms = expire_ms;
}

static void ignore_fd(int fd, void *opaque)
{
}

static void ignore_notify(void *opaque)
{
}

static const SlirpCb callbacks = {
    .send_packet = send_packet,
    .guest_error = guest_error,
    .clock_get_ns = clock_get_ns,
    .timer_new = timer_new,
    .timer_free = timer_free,
    .timer_mod = timer_mod,
    .register_poll_fd = ignore_fd,
    .unregister_poll_fd = ignore_fd,
    .notify = ignore_notify,
};

/* --- making one --- */

static struct in_addr address(const char *text)
{
    struct in_addr result = {.s_addr = INADDR_ANY};
    inet_pton(AF_INET, text, &result);
    return result;
}

struct user_net *user_net_create(const struct user_net_options *options, const char **error)
{
    const SlirpConfig config = {
        .version = 1,
        .restricted = options->restricted,
        .in_enabled = true,
        .vnetwork = address("10.0.2.0"),
        .vnetmask = address("255.255.255.0"),
        .vhost = address("10.0.2.2"),
        .vdhcp_start = address("10.0.2.15"),
        .vnameserver = address("10.0.2.3"),
    };
    struct user_net *net = calloc(1, sizeof(*net));
    *error = "out of memory";
    if (!net)
        return NULL;
    net->options = *options;
    if (options->forward_count) {
        size_t size = options->forward_count * sizeof(*net->forwards);
        net->forwards = malloc(size);
        if (!net->forwards) {
            free(net);
            return NULL;
        }
        memcpy(net->forwards, options->forwards, size);
    }
    net->slirp = slirp_new(&config, &callbacks, net);
    if (!net->slirp) {
        *error = "libslirp refused its configuration";
        user_net_destroy(net);
        return NULL;
    }
    return net;
}

void user_net_destroy(struct user_net *net)
{
    if (!net)
        return;
    if (net->slirp)
        slirp_cleanup(net->slirp);
    while (net->timers) {
        struct timer *next = net->timers->next;
        free(net->timers);
        net->timers = next;
    }
    free(net->forwards);
    free(net->fds);
    free(net);
}

void user_net_transmit(void *opaque, const void *frame, size_t size)
{
    struct user_net *net = opaque;
    if (net->machine && size <= INT32_MAX)
        slirp_input(net->slirp, frame, (int)size);
}

bool user_net_attach(struct user_net *net, struct armsim_machine *machine, uint32_t nic, char *error, size_t size)
{
    net->machine = machine;
    net->nic = nic;
    for (size_t i = 0; i < net->options.forward_count; i++) {
        const struct user_net_forward *forward = &net->forwards[i];
        if (slirp_add_hostfwd(net->slirp, forward->udp, address(forward->host_address), forward->host_port,
                              address(forward->guest_address), forward->guest_port) == 0)
            continue;
        snprintf(error, size, "hostfwd: expected a free port of this host, %s port %u can't be opened",
                 forward->udp ? "UDP" : "TCP", forward->host_port);
        return false;
    }
    return true;
}

/* --- host forwarding's syntax --- */

/* "[address]:port" up to `stop` or the end; the rest, or NULL. */
static const char *parse_endpoint(const char *text, char stop, char host[16], uint16_t *port)
{
    size_t length = strcspn(text, ":");
    if (text[length] != ':' || length >= 16)
        return NULL;
    memcpy(host, text, length);
    host[length] = '\0';
    struct in_addr ignored;
    if (length > 0 && inet_pton(AF_INET, host, &ignored) != 1)
        return NULL;
    const char *digits = text + length + 1;
    char *end;
    if (*digits < '0' || *digits > '9')
        return NULL;
    errno = 0;
    unsigned long number = strtoul(digits, &end, 10);
    if (errno || number > UINT16_MAX || *end != stop)
        return NULL;
    *port = (uint16_t)number;
    return end + (stop != '\0');
}

bool user_net_parse_forward(const char *text, struct user_net_forward *forward)
{
    *forward = (struct user_net_forward){0};
    if (strncmp(text, "udp:", 4) == 0)
        forward->udp = true;
    else if (strncmp(text, "tcp:", 4) != 0)
        return false;
    text = parse_endpoint(text + 4, '-', forward->host_address, &forward->host_port);
    return text && parse_endpoint(text, '\0', forward->guest_address, &forward->guest_port) &&
           forward->guest_port != 0;
}

/* --- waiting --- */

static int add_poll(int fd, int events, void *opaque)
{
    struct user_net *net = opaque;
    if (net->fd_count == net->fd_capacity) {
        size_t capacity = net->fd_capacity ? net->fd_capacity * 2 : 16;
        struct pollfd *fds = realloc(net->fds, capacity * sizeof(*fds));
        if (!fds)
            return -1; /* this socket has to wait */
        net->fds = fds;
        net->fd_capacity = capacity;
    }
    short wanted = 0;
    if (events & SLIRP_POLL_IN)
        wanted |= POLLIN;
    if (events & SLIRP_POLL_OUT)
        wanted |= POLLOUT;
    if (events & SLIRP_POLL_PRI)
        wanted |= POLLPRI;
    net->fds[net->fd_count] = (struct pollfd){.fd = fd, .events = wanted};
    return (int)net->fd_count++;
}

static int get_revents(int index, void *opaque)
{
    const struct user_net *net = opaque;
    if (index < 0 || (size_t)index >= net->fd_count)
        return 0;
    short got = net->fds[index].revents;
    return (got & POLLIN ? SLIRP_POLL_IN : 0) | (got & POLLOUT ? SLIRP_POLL_OUT : 0) |
           (got & POLLPRI ? SLIRP_POLL_PRI : 0) | (got & POLLERR ? SLIRP_POLL_ERR : 0) |
           (got & POLLHUP ? SLIRP_POLL_HUP : 0);
}

size_t user_net_poll_begin(struct user_net *net, struct pollfd **fds, int64_t *timeout_ns)
{
    uint32_t timeout_ms = UINT32_MAX;
    net->fd_count = 0;
    slirp_pollfds_fill(net->slirp, &timeout_ms, add_poll, net);
    int64_t timeout = timeout_ms == UINT32_MAX ? INT64_MAX : (int64_t)timeout_ms * NS_PER_MS;
    int64_t now = clock_get_ns(net);
    for (const struct timer *timer = net->timers; timer; timer = timer->next) {
        if (timer->expire_ms < 0)
            continue;
        int64_t left = timer->expire_ms * NS_PER_MS - now;
        if (left < timeout)
            timeout = left > 0 ? left : 0;
    }
    *timeout_ns = timeout;
    *fds = net->fds;
    return net->fd_count;
}

static void fire_timers(struct user_net *net)
{
    int64_t now_ms = clock_get_ns(net) / NS_PER_MS;
    for (struct timer *timer = net->timers; timer;) {
        struct timer *next = timer->next;
        if (timer->expire_ms >= 0 && timer->expire_ms <= now_ms) {
            timer->expire_ms = -1;
            timer->fire(timer->opaque);
        }
        timer = next;
    }
}

void user_net_poll_end(struct user_net *net, bool failed)
{
    slirp_pollfds_poll(net->slirp, failed, get_revents, net);
    fire_timers(net);
}
