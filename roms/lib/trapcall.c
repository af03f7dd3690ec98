#include "trapcall.h"

#include "syndrome.h"

bool trapcall_io(u32 w7, u32 dx, struct io *io)
{
    unsigned form = w7 >> 3 & 3;
    *io = (struct io){
        .size = 1u << (w7 & 3),
        .in = w7 >> 2 & 1,
        .string = form >= 2,
        .repeat = form == 3,
        .down = form >= 2 && (w7 >> 5 & 1),
        .port = (u16)(form ? dx : w7 >> 5 & 0xff),
    };
    static const unsigned used_bits[] = {13, 5, 6, 6}; /* by form */
    return io->size <= 4 && w7 >> used_bits[form] == 0;
}

/* A row for each transport: the whole syndrome, and whether X7 must have the key too. */
static const struct {
    u32 esr;
    bool key, kernel;
} transports[TRANSPORTS] = {
    [TRANSPORT_HVC] = {ESR_HVC(TRAPCALL_KEY), false, true},
    [TRANSPORT_BRK] = {ESR_BRK(TRAPCALL_KEY), false, false},
    [TRANSPORT_DCC] = {ESR_MRS_XZR_MDCCSR_EL0, true, false},
    [TRANSPORT_WFE] = {ESR_WFE, true, false},
};

bool trapcall_decode(u64 esr, unsigned el, const u64 *x, struct trapcall *call)
{
    for (unsigned t = 0; t < TRANSPORTS; t++) {
        if ((u32)esr != transports[t].esr || (transports[t].kernel && el == 0))
            continue;
        if (transports[t].key && x[7] >> 32 != TRAPCALL_KEY)
            return false;
        for (unsigned i = 0; i < 8; i++)
            call->x[i] = x[i];
        call->transport = (enum trapcall_transport)t;
        call->el = el;
        return true;
    }
    return false;
}
