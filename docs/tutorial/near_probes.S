// What looks like a call by AIDR_EL1, and isn't one.
#include "roms/guest/probe.inc"

    probe   aidr_x9, mrs x9, aidr_el1           // another destination
    probe   revidr, mrs xzr, revidr_el1         // another register of TID1
    probe   revidr_x9, mrs x9, revidr_el1
    probe   midr, mrs xzr, midr_el1             // a register that TID1 doesn't trap
