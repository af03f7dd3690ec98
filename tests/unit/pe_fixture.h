/* A PE with a little RAM and a record of its traps, for tests of cpu/. */
#ifndef ARMSIM_TESTS_PE_FIXTURE_H
#define ARMSIM_TESTS_PE_FIXTURE_H

#include "cpu/control.h"
#include "cpu/cpu.h"
#include "cpu/impdef.h"
#include "cpu/sysreg.h"

#include <check.h>
#include <string.h>

enum { FIXTURE_RAM = 0x40000000, FIXTURE_RAM_SIZE = 0x10000 };

struct pe_fixture {
    struct bus *bus;
    struct clock *clock;
    struct icache *icache;
    struct pe_env env;
    struct pe *pe;
    struct trap_event last, *event; /* valid when traps is not 0 */
    unsigned traps;
};

static inline void fixture_trap(void *machine, struct pe *pe, struct trap_event *event)
{
    struct pe_fixture *fixture = machine;
    fixture->traps++;
}
static inline void fixture_event(void *machine) {}
static inline void fixture_tlbi(void *machine, struct pe *from, const struct tlbi *tlbi) {}
static inline void fixture_icache(void *machine, struct pe *from, bool all, uint64_t pa) {}
static inline bool fixture_conduit(void *machine, struct pe *pe, bool smc, uint16_t imm) { return false; }
static inline bool fixture_semihosting(void *machine, struct pe *pe) { return false; }

static inline void fixture_create(struct pe_fixture *f, const char *model, bool have_el2, bool have_el3)
{
    memset(f, 0, sizeof *f);
    f->event = &f->last;
    f->bus = bus_create();
    f->clock = clock_create();
    f->icache = icache_create(f->bus);
    ck_assert(f->bus && f->clock && f->icache);
    ck_assert_int_eq(bus_add_ram(f->bus, "ram", FIXTURE_RAM, FIXTURE_RAM_SIZE, PAS_MASK_BOTH, NULL), 0);
    f->env = (struct pe_env){.bus = f->bus, .clock = f->clock, .impdef = &impdef_defaults, .icache = f->icache, .machine = f, .event = &f->event,
                             .trap = fixture_trap,
                             .send_event = fixture_event, .broadcast_tlbi = fixture_tlbi,
                             .broadcast_icache = fixture_icache, .conduit = fixture_conduit,
                             .semihosting = fixture_semihosting};
    struct pe_config config = {.mpidr = 0x80000000u, .model = cpu_model_find(model), .have_el2 = have_el2,
                               .have_el3 = have_el3, .reset_address = FIXTURE_RAM};
    ck_assert_ptr_nonnull(config.model);
    config.features = config.model->features;
    f->pe = pe_create(&config, &f->env);
    ck_assert_ptr_nonnull(f->pe);
    pe_reset(f->pe, true);
}

static inline void fixture_destroy(struct pe_fixture *f)
{
    pe_destroy(f->pe);
    icache_destroy(f->icache);
    clock_destroy(f->clock);
    bus_destroy(f->bus);
}

/* Puts the PE at an EL, with SP_ELx, all interrupts masked. Tests may have changed its control registers directly. */
static inline void fixture_enter(struct pe_fixture *f, unsigned el)
{
    pe_save_sp(f->pe);
    f->pe->pstate = (struct pstate){.el = (uint8_t)el, .sp = el > 0, .d = 1, .a = 1, .i = 1, .f = 1};
    pe_load_sp(f->pe);
    sysreg_forget_rulings(f->pe);
    pe_update_context(f->pe);
    f->pe->pc = FIXTURE_RAM;
    f->pe->power = PE_RUNNING;
    f->traps = 0;
}

/* MRS, MSR, SYS, SYSL with Rt = X5, of an encoding key. */
static inline uint32_t system_word(unsigned key, bool read) { return 0xd5000000u | (uint32_t)read << 21 | key << 5 | 5; }

#endif
