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

static const struct {
    u32 esr;
    bool key, kernel;
} transports[TRANSPORTS] = {
#define TRANSPORT(NAME, word, SYNDROME, key, kernel, ...) {SYNDROME, key, kernel},
#include "transports.def"
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

/* Of the exceptions that a guest makes come to EL2, HVC's alone is taken after the instruction. */
bool trapcall_is_behind(enum trapcall_transport transport)
{
    return ESR_CLASS(transports[transport].esr) == EC_HVC;
}
