/* The TRNG firmware interface (DEN0098) over the machine's seeded generator: the same bits in every run. */
#include "libarmsim/firmware/smccc.h"

enum {
    TRNG_VERSION = 0x84000050,
    TRNG_FEATURES = 0x84000051,
    TRNG_GET_UUID = 0x84000052,
    TRNG_RND32 = 0x84000053,
    TRNG_RND64 = 0xc4000053,
};

#define TRNG_VERSION_1_0 0x10000
enum { TRNG_SUCCESS = 0, TRNG_INVALID_PARAMETERS = -2 };

/* Names this entropy source, as DEN0098 asks: any constant, the first word not all ones. */
static const uint32_t trng_uuid[4] = {0x61726d73, 0x696d4e54, 0x8f5a2d3c, 0x1e7b9046};

static bool is_trng(uint32_t function)
{
    return function == TRNG_VERSION || function == TRNG_FEATURES || function == TRNG_GET_UUID ||
           function == TRNG_RND32 || function == TRNG_RND64;
}

/* N bits, the least significant in X3, then X2, X1; a register's worth is 32 or 64 bits. */
static void trng_rnd(const struct firmware *firmware, struct smccc_call *call)
{
    unsigned width = (uint32_t)call->x[0] == TRNG_RND64 ? 64 : 32;
    uint64_t bits = smccc_argument(call, 1);
    if (bits == 0 || bits > 3 * width) {
        smccc_return(call, TRNG_INVALID_PARAMETERS);
        return;
    }
    smccc_return(call, TRNG_SUCCESS);
    for (unsigned n = 3; bits > 0; n--) {
        unsigned part = bits < width ? (unsigned)bits : width;
        uint64_t fresh = firmware->ops->random(firmware->opaque);
        call->x[n] = part == 64 ? fresh : fresh & ((UINT64_C(1) << part) - 1);
        bits -= part;
    }
}

bool trng_dispatch(const struct firmware *firmware, struct smccc_call *call)
{
    switch ((uint32_t)call->x[0]) {
    case TRNG_VERSION:
        smccc_return(call, TRNG_VERSION_1_0);
        return true;
    case TRNG_FEATURES:
        smccc_return(call, is_trng((uint32_t)call->x[1]) ? TRNG_SUCCESS : SMCCC_NOT_SUPPORTED);
        return true;
    case TRNG_GET_UUID:
        for (unsigned i = 0; i < 4; i++)
            call->x[i] = trng_uuid[i];
        return true;
    case TRNG_RND32:
    case TRNG_RND64:
        trng_rnd(firmware, call);
        return true;
    default:
        return false;
    }
}
