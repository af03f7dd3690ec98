#include "client.h"

const struct client_transport client_transports[TRANSPORTS] = {
#define TRANSPORT(NAME, word, SYNDROME, key, kernel, ...) {#NAME, probe_##word, probe_##word##_at, kernel},
#include "../lib/transports.def"
};

bool client_call(enum trapcall_transport transport, u64 x[7], u32 w7)
{
    struct probe probe;
    u64 first = x[0];
    for (unsigned i = 0; i < 31; i++)
        probe.x[i] = i < 7 ? x[i] : 0x0123456789abcdeful * (i + 1);
    probe.x[7] = (u64)TRAPCALL_KEY << 32 | w7;
    probe.nzcv = 0xa0000000;
    for (unsigned tries = transport == TRANSPORT_WFE ? 3 : 1; tries && probe.x[0] == first; tries--) {
        u64 left = probe.x[2];
        client_transports[transport].probe(&probe);
        tries += transport == TRANSPORT_WFE && probe.x[2] != left; /* a part of it is done */
    }
    for (unsigned i = 0; i < 7; i++)
        x[i] = probe.x[i];
    for (unsigned i = 8; i < 31; i++)
        if (probe.x[i] != 0x0123456789abcdeful * (i + 1))
            return false;
    return probe.x[7] == ((u64)TRAPCALL_KEY << 32 | w7) && probe.nzcv == 0xa0000000;
}

static struct {
    enum trapcall_transport transport;
    u64 x[7];
    u32 w7;
} request EL0_DATA;

static u64 at_el0(void)
{
    return client_call(request.transport, request.x, request.w7);
}

bool client_call_from(unsigned el, enum trapcall_transport transport, u64 x[7], u32 w7)
{
    if (el == 1)
        return client_call(transport, x, w7);
    request.transport = transport;
    request.w7 = w7;
    for (unsigned i = 0; i < 7; i++)
        request.x[i] = x[i];
    bool good = call_el0(at_el0);
    for (unsigned i = 0; i < 7; i++)
        x[i] = request.x[i];
    return good;
}
