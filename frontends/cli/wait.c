/*
 * Waiting for the host. The machine's time is virtual: it advances by instructions and, when all PEs wait, by skipping
 * to the next event. Where something real may come in between (a key, a packet), the skip is made to last as long in
 * real time, so that the guest's timeouts mean what they say.
 */
#define _GNU_SOURCE /* ppoll */
#include "frontends/cli/session.h"
#include "frontends/cli/terminal.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define NS_PER_SECOND UINT64_C(1000000000)
/* A machine that is slower than real time may catch up that much while it idles; older debts are forgiven. */
#define CATCH_UP_NS (UINT64_C(50) * 1000000)

uint64_t real_now(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (uint64_t)now.tv_sec * NS_PER_SECOND + (uint64_t)now.tv_nsec;
}

/* Room for `count` more entries behind `used`. */
static bool reserve(struct session *session, size_t used, size_t count)
{
    if (used + count <= session->fd_capacity)
        return true;
    struct pollfd *fds = realloc(session->fds, (used + count) * sizeof(*fds));
    if (!fds)
        return false;
    session->fds = fds;
    session->fd_capacity = used + count;
    return true;
}

/* Whether real time means something to the guest. */
static bool is_paced(const struct session *session)
{
    bool paced = session->realtime;
    for (unsigned i = 0; i < MAX_NICS; i++)
        paced |= session->nets[i] != NULL;
    return paced;
}

/* One round: everything that could bring input, for at most `timeout_ns` of real time. */
static void poll_once(struct session *session, uint64_t timeout_ns)
{
    enum { SIGNALS, STDIN, GDB, NETS };
    struct pollfd *net_fds[MAX_NICS];
    size_t net_counts[MAX_NICS] = {0}, count = NETS;
    if (!reserve(session, 0, NETS))
        return;
    session->fds[SIGNALS] = (struct pollfd){.fd = signals_fd(), .events = POLLIN};
    bool closed = is_in_past(session);
    session->fds[STDIN] = (struct pollfd){.fd = console_wants_input(session) && !closed ? 0 : -1, .events = POLLIN};
    session->fds[GDB] = (struct pollfd){.fd = session->gdb ? gdb_socket_fd(session->gdb) : -1, .events = POLLIN};
    for (unsigned i = 0; i < MAX_NICS; i++) {
        int64_t net_timeout;
        if (!session->nets[i] || closed)
            continue;
        size_t fds = user_net_poll_begin(session->nets[i], &net_fds[i], &net_timeout);
        if (net_timeout >= 0 && (uint64_t)net_timeout < timeout_ns)
            timeout_ns = (uint64_t)net_timeout;
        if (!reserve(session, count, fds))
            fds = 0;
        if (fds)
            memcpy(session->fds + count, net_fds[i], fds * sizeof(struct pollfd));
        net_counts[i] = fds;
        count += fds;
    }
    struct timespec timeout = {.tv_sec = (time_t)(timeout_ns / NS_PER_SECOND),
                               .tv_nsec = (long)(timeout_ns % NS_PER_SECOND)};
    bool for_ever = timeout_ns == UINT64_MAX;
    uint64_t before = real_now();
    int result = ppoll(session->fds, count, for_ever ? NULL : &timeout, NULL);
    if (timeout_ns > 0 && is_paced(session) && !is_halted(session))
        armsim_advance_idle(session->machine, armsim_time_ns(session->machine) + (real_now() - before));
    if (result > 0 && session->fds[STDIN].revents)
        console_read(session);
    if (result > 0 && session->fds[GDB].revents)
        gdb_socket_ready(session->gdb);
    size_t at = NETS;
    for (unsigned i = 0; i < MAX_NICS; i++) {
        if (!session->nets[i] || closed)
            continue;
        if (net_counts[i])
            memcpy(net_fds[i], session->fds + at, net_counts[i] * sizeof(struct pollfd));
        at += net_counts[i];
        user_net_poll_end(session->nets[i], result < 0);
    }
    if (!is_in_past(session))
        console_feed(session);
}

void poll_inputs(struct session *session)
{
    poll_once(session, 0);
}

void wait_inputs(struct session *session, uint64_t virtual_ns)
{
    console_flush(session);
    uint64_t now = armsim_time_ns(session->machine);
    poll_once(session, virtual_ns == UINT64_MAX ? UINT64_MAX : virtual_ns > now ? virtual_ns - now : 0);
    console_flush(session);
}

/* A connection that is open may bring something at any time. */
static bool has_sockets(struct session *session)
{
    for (unsigned i = 0; i < MAX_NICS; i++) {
        struct pollfd *fds;
        int64_t timeout;
        if (session->nets[i] && user_net_poll_begin(session->nets[i], &fds, &timeout) > 0)
            return true;
    }
    return false;
}

void pass_idle_time(struct session *session, uint64_t virtual_ns)
{
    if (!session->realtime && !has_sockets(session)) {
        session->anchored = false;
        poll_inputs(session);
        return;
    }
    uint64_t virtual_now = armsim_time_ns(session->machine), now = real_now();
    if (!session->anchored || now > session->anchor_real + (virtual_now - session->anchor_virtual) + CATCH_UP_NS) {
        session->anchored = true;
        session->anchor_virtual = virtual_now;
        session->anchor_real = now;
    }
    uint64_t due = session->anchor_real + (virtual_ns - session->anchor_virtual);
    if (due <= now) {
        poll_inputs(session);
        return;
    }
    wait_inputs(session, virtual_now + (due - now));
    armsim_set_idle_stop(session->machine, true); /* what is left of the idle time is reported again */
}
