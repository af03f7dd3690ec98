#include "client.h"

probe_fn *const transport_probes[TRANSPORTS] = {
    [TRANSPORT_HVC] = probe_hvc, [TRANSPORT_BRK] = probe_brk, [TRANSPORT_DCC] = probe_dcc, [TRANSPORT_WFE] = probe_wfe};
const char *const transport_names[TRANSPORTS] = {
    [TRANSPORT_HVC] = "HVC", [TRANSPORT_BRK] = "BRK", [TRANSPORT_DCC] = "DCC", [TRANSPORT_WFE] = "WFE"};

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
        transport_probes[transport](&probe);
        tries += transport == TRANSPORT_WFE && probe.x[2] != left; /* a part of it is done */
    }
    for (unsigned i = 0; i < 7; i++)
        x[i] = probe.x[i];
    for (unsigned i = 8; i < 31; i++)
        if (probe.x[i] != 0x0123456789abcdeful * (i + 1))
            return false;
    return probe.x[7] == ((u64)TRAPCALL_KEY << 32 | w7) && probe.nzcv == 0xa0000000;
}
