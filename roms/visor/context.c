#include "roms/visor/context.h"

#define READ_EL1(name, el1, e2h)                                                                                       \
    case name: return READ(el1);
#define READ_E2H(name, el1, e2h)                                                                                       \
    case name: return READ(e2h);
#define WRITE_EL1(name, el1, e2h)                                                                                      \
    case name: WRITE(el1, value); break;
#define WRITE_E2H(name, el1, e2h)                                                                                      \
    case name: WRITE(e2h, value); break;

u64 register_read(enum guest_register reg)
{
    if (has_vhe()) {
        switch (reg) {
            GUEST_REGISTERS(READ_E2H)
        default: return 0;
        }
    }
    switch (reg) {
        GUEST_REGISTERS(READ_EL1)
    default: return 0;
    }
}

void register_write(enum guest_register reg, u64 value)
{
    if (has_vhe()) {
        switch (reg) {
            GUEST_REGISTERS(WRITE_E2H)
        default: break;
        }
        return;
    }
    switch (reg) {
        GUEST_REGISTERS(WRITE_EL1)
    default: break;
    }
}

#define SAVE_EL1(name, el1, e2h) values[name] = READ(el1);
#define SAVE_E2H(name, el1, e2h) values[name] = READ(e2h);
#define LOAD_EL1(name, el1, e2h) WRITE(el1, values[name]);
#define LOAD_E2H(name, el1, e2h) WRITE(e2h, values[name]);

void registers_save(u64 values[GUEST_REGISTER_COUNT])
{
    if (has_vhe()) {
        GUEST_REGISTERS(SAVE_E2H)
    } else {
        GUEST_REGISTERS(SAVE_EL1)
    }
}

void registers_load(const u64 values[GUEST_REGISTER_COUNT])
{
    if (has_vhe()) {
        GUEST_REGISTERS(LOAD_E2H)
    } else {
        GUEST_REGISTERS(LOAD_EL1)
    }
}
