/*
 * A user-mode network behind one of the machine's network cards: libslirp, driven by virtual time.
 *
 * The guest's network is 10.0.2.0/24: the host is 10.0.2.2, DNS 10.0.2.3, DHCP gives 10.0.2.15. Sockets of the host
 * are looked at only when the caller says so (user_net_poll_*), and what they bring goes to the machine as recorded
 * input, so that what is not deterministic is in the input log.
 */
#ifndef ARMSIM_FRONTENDS_USER_NET_H
#define ARMSIM_FRONTENDS_USER_NET_H

#include <armsim/armsim.h>

#include <poll.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct user_net;

struct user_net_forward {
    bool udp;
    char host_address[16], guest_address[16]; /* "" : any; 10.0.2.15 */
    uint16_t host_port, guest_port;
};

struct user_net_options {
    bool restricted; /* the guest reaches nothing outside its network */
    const struct user_net_forward *forwards;
    size_t forward_count;
    void (*log)(void *opaque, const char *message); /* what the guest does wrong; may be NULL */
    void *log_opaque;
};

/* Parses "tcp|udp:[hostaddr]:hostport-[guestaddr]:guestport". False: it isn't of that form. */
bool user_net_parse_forward(const char *text, struct user_net_forward *forward);

/* NULL: *error says why, static text. Connect the card by passing `user_net_transmit` and the result as its callback,
 * then, when the machine exists, user_net_attach(). */
struct user_net *user_net_create(const struct user_net_options *options, const char **error);
void user_net_destroy(struct user_net *net);
void user_net_transmit(void *net, const void *frame, size_t size);
/* Opens the forwarded ports. False: *error names the one that can't be opened. */
bool user_net_attach(struct user_net *net, struct armsim_machine *machine, uint32_t nic, char *error, size_t size);

/*
 * Before waiting: the sockets to wait for, and the longest wait, in nanoseconds of virtual time, after which the
 * network has something to do by itself (INT64_MAX: never). The array is the network's and stays valid until the next
 * call; poll() its entries, then call user_net_poll_end().
 */
size_t user_net_poll_begin(struct user_net *net, struct pollfd **fds, int64_t *timeout_ns);
/* After waiting: moves data. `failed`: poll() failed, the entries say nothing. */
void user_net_poll_end(struct user_net *net, bool failed);

#endif
