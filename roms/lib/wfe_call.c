#include "wfe_agent.h"

#ifndef WFE_TRIES /* the control build has 1 */
#define WFE_TRIES 3
#endif

bool wfe_call(u64 x[5])
{
    register u64 x0 __asm__("x0") = x[0];
    register u64 x1 __asm__("x1") = x[1];
    register u64 x2 __asm__("x2") = x[2];
    register u64 x3 __asm__("x3") = x[3];
    register u64 x4 __asm__("x4") = x[4];
    for (unsigned i = 0; i < WFE_TRIES && x0 == WFE_REQUEST; i++)
        __asm__ volatile("wfe" : "+r"(x0), "+r"(x1), "+r"(x2), "+r"(x3), "+r"(x4)::"memory");
    x[0] = x0;
    x[1] = x1;
    x[2] = x2;
    x[3] = x3;
    x[4] = x4;
    return x0 == WFE_REPLY;
}
