// The guest kit's probes (client.h).
#include "probe.inc"

    // The transports, and what is like them and isn't one.
#define TRANSPORT(NAME, word, SYNDROME, key, kernel, HCR, MDCR, ...) probe word, __VA_ARGS__
#include "../lib/transports.def"
    probe   dcc_x9, mrs x9, mdccsr_el0
    probe   brk_other, brk #0x87
    probe   brk_kernel, brk #0x5
    probe   wfi, wfi
