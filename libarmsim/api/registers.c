/* Registers: the general ones and PSTATE here, system registers through cpu/host.h. */
#include "libarmsim/api/check.h"

#include "cpu/host.h"

#include <string.h>
#include <strings.h>

#define SYSREG_FLAG 0x10000u
#define SYSREG_KEY(id) ((id) & 0xffffu)

/* What isn't X0..X30 or V0..V31. */
static const struct armsim_register_info special[] = {
    {ARMSIM_REG_SP, "SP", NULL, 64, true, true},
    {ARMSIM_REG_PC, "PC", NULL, 64, true, true},
    {ARMSIM_REG_PSTATE, "PSTATE", NULL, 64, true, true},
    {ARMSIM_REG_NZCV, "NZCV", NULL, 32, true, true},
    {ARMSIM_REG_CURRENT_EL, "EL", NULL, 2, true, false},
    {ARMSIM_REG_SECURE, "SECURE", NULL, 1, true, false},
    {ARMSIM_REG_EVENT, "EVENT", NULL, 1, true, true},
    {ARMSIM_REG_EXCLUSIVE, "EXCLUSIVE", NULL, 2, true, true},
    {ARMSIM_REG_FPCR, "FPCR", NULL, 32, true, true},
    {ARMSIM_REG_FPSR, "FPSR", NULL, 32, true, true},
    {ARMSIM_REG_BTYPE, "BTYPE", NULL, 2, true, true},
    {ARMSIM_REG_SP_EL3, "SP_EL3", NULL, 64, true, true}, /* the last: not without EL3 */
};

enum { SPECIALS = sizeof(special) / sizeof(special[0]), GENERALS = 31, VECTORS = 32 };

static const char *const general_names[GENERALS] = {
    "X0",  "X1",  "X2",  "X3",  "X4",  "X5",  "X6",  "X7",  "X8",  "X9",  "X10", "X11", "X12", "X13", "X14", "X15",
    "X16", "X17", "X18", "X19", "X20", "X21", "X22", "X23", "X24", "X25", "X26", "X27", "X28", "X29", "X30"};
static const char *const vector_names[VECTORS] = {
    "V0",  "V1",  "V2",  "V3",  "V4",  "V5",  "V6",  "V7",  "V8",  "V9",  "V10", "V11", "V12", "V13", "V14", "V15",
    "V16", "V17", "V18", "V19", "V20", "V21", "V22", "V23", "V24", "V25", "V26", "V27", "V28", "V29", "V30", "V31"};

static struct armsim_register_info sysreg_info(const struct host_sysreg *sysreg)
{
    return (struct armsim_register_info){.id = SYSREG_FLAG | sysreg->key,
                                         .name = sysreg->name,
                                         .bits = 64,
                                         .readable = sysreg->readable,
                                         .writable = sysreg->writable};
}

static const struct armsim_register_info *find_special(const char *name)
{
    for (size_t i = 0; i < SPECIALS; i++)
        if (strcasecmp(special[i].name, name) == 0)
            return &special[i];
    return NULL;
}

/* Special registers that are system registers too are listed once. */
static bool is_listed(const char *name)
{
    for (size_t i = 0; i < SPECIALS; i++)
        if (special[i].name[0] == name[0] && strcmp(special[i].name, name) == 0)
            return true;
    return false;
}

int armsim_register_at(const struct armsim_machine *machine, size_t index, struct armsim_register_info *info)
{
    REQUIRE_CONST(machine, info);
    if (index < GENERALS) {
        *info = (struct armsim_register_info){(armsim_register_id)index, general_names[index], NULL, 64, true, true};
        return 0;
    }
    index -= GENERALS;
    size_t specials = machine->pes[0]->have_el3 ? SPECIALS : SPECIALS - 1;
    if (index < specials) {
        *info = special[index];
        return 0;
    }
    index -= specials;
    if (index < VECTORS) {
        *info = (struct armsim_register_info){
            (armsim_register_id)(ARMSIM_REG_V0 + index), vector_names[index], NULL, 128, true, true};
        return 0;
    }
    index -= VECTORS;
    struct host_sysreg sysreg;
    for (size_t place = 0; host_sysreg_next(machine->pes[0], &place, &sysreg);) {
        if (is_listed(sysreg.name) || index-- > 0)
            continue;
        *info = sysreg_info(&sysreg);
        return 0;
    }
    return ARMSIM_ERROR_NOT_FOUND;
}

/* A decimal number up to `max` that ends at one of `stops` (or the end), or -1. Moves *text past the stop. */
static int take_number(const char **text, int max, const char *stops)
{
    int value = 0;
    const char *at = *text;
    if (*at < '0' || *at > '9')
        return -1;
    for (; *at >= '0' && *at <= '9'; at++) {
        value = value * 10 + (*at - '0');
        if (value > max)
            return -1;
    }
    if (*at && !strchr(stops, *at))
        return -1;
    if (!*at && *stops)
        return -1;
    *text = *at ? at + 1 : at;
    return value;
}

/* S<op0>_<op1>_C<n>_C<m>_<op2> */
static armsim_register_id generic_name(const char *name)
{
    if (*name != 'S' && *name != 's')
        return ARMSIM_REG_NONE;
    name++;
    int op0 = take_number(&name, 3, "_"), op1 = op0 < 0 ? -1 : take_number(&name, 7, "_");
    if (op1 < 0 || (*name != 'C' && *name != 'c'))
        return ARMSIM_REG_NONE;
    name++;
    int crn = take_number(&name, 15, "_");
    if (crn < 0 || (*name != 'C' && *name != 'c'))
        return ARMSIM_REG_NONE;
    name++;
    int crm = take_number(&name, 15, "_"), op2 = crm < 0 ? -1 : take_number(&name, 7, "");
    return op2 < 0 ? ARMSIM_REG_NONE : ARMSIM_SYSREG(op0, op1, crn, crm, op2);
}

armsim_register_id armsim_register_by_name(const struct armsim_machine *machine, const char *name)
{
    if (!usable(machine) || !name)
        return ARMSIM_REG_NONE;
    const char *number = name + 1;
    if (*name == 'x' || *name == 'X' || *name == 'w' || *name == 'W') {
        int n = take_number(&number, GENERALS - 1, "");
        if (n >= 0)
            return (armsim_register_id)n;
    }
    if (*name == 'v' || *name == 'V' || *name == 'q' || *name == 'Q') {
        int n = take_number(&number, VECTORS - 1, "");
        if (n >= 0)
            return (armsim_register_id)(ARMSIM_REG_V0 + n);
    }
    if (find_special(name))
        return find_special(name)->id;
    struct host_sysreg sysreg;
    armsim_register_id id = generic_name(name);
    bool is_generic = (*name == 'S' || *name == 's') && *number >= '0' && *number <= '9';
    if (!is_generic && host_sysreg_find(machine->pes[0], name, &sysreg))
        return SYSREG_FLAG | sysreg.key;
    return id != ARMSIM_REG_NONE && host_sysreg_info(machine->pes[0], SYSREG_KEY(id), &sysreg) ? id : ARMSIM_REG_NONE;
}

static bool is_sysreg(armsim_register_id id)
{
    return (id & ~0xffffu) == SYSREG_FLAG;
}

/* Registers that aren't system registers. False: no such register. */
static bool read_plain(const struct pe *pe, armsim_register_id id, uint64_t *value)
{
    if (id < GENERALS || id == ARMSIM_REG_SP) {
        *value = pe->x[id];
        return true;
    }
    if (id >= ARMSIM_REG_V0 && id < ARMSIM_REG_V0 + VECTORS) {
        *value = pe->v[id - ARMSIM_REG_V0].d[0];
        return true;
    }
    switch (id) {
    case ARMSIM_REG_PC:
        *value = pe->pc;
        return true;
    case ARMSIM_REG_PSTATE:
        *value = host_pstate(pe);
        return true;
    case ARMSIM_REG_NZCV:
        *value = (uint64_t)pe_nzcv(pe) << 28;
        return true;
    case ARMSIM_REG_CURRENT_EL:
        *value = pe->pstate.el;
        return true;
    case ARMSIM_REG_SECURE:
        *value = host_is_secure(pe);
        return true;
    case ARMSIM_REG_EVENT:
        *value = pe->event_register;
        return true;
    case ARMSIM_REG_EXCLUSIVE:
        *value = pe->monitor.local_valid | pe->monitor.global_valid << 1;
        return true;
    case ARMSIM_REG_SP_EL3:
        *value = pe->have_el3 ? host_sp(pe, 3) : 0;
        return pe->have_el3;
    case ARMSIM_REG_FPCR:
        *value = pe->fpcr;
        return true;
    case ARMSIM_REG_FPSR:
        *value = pe->fpsr;
        return true;
    case ARMSIM_REG_BTYPE:
        *value = pe->pstate.btype;
        return true;
    default:
        return false;
    }
}

/* 0 or an error. */
static int write_plain(struct pe *pe, armsim_register_id id, uint64_t value)
{
    if (id < GENERALS || id == ARMSIM_REG_SP) {
        pe->x[id] = value;
        pe_update_context(pe); /* the SP's alignment is part of it */
        return 0;
    }
    if (id >= ARMSIM_REG_V0 && id < ARMSIM_REG_V0 + VECTORS) {
        pe->v[id - ARMSIM_REG_V0].d[0] = value;
        pe->v[id - ARMSIM_REG_V0].d[1] = 0;
        return 0;
    }
    switch (id) {
    case ARMSIM_REG_PC:
        pe_set_pc(pe, value);
        return 0;
    case ARMSIM_REG_PSTATE:
        return host_set_pstate(pe, value) ? 0 : ARMSIM_ERROR_UNSUPPORTED;
    case ARMSIM_REG_NZCV:
        pe_set_nzcv(pe, value >> 28 & 15);
        return 0;
    case ARMSIM_REG_EVENT:
        pe->event_register = value & 1;
        return 0;
    case ARMSIM_REG_EXCLUSIVE:
        if (value)
            return ARMSIM_ERROR_UNSUPPORTED;
        pe->monitor.local_valid = pe->monitor.global_valid = false;
        return 0;
    case ARMSIM_REG_SP_EL3:
        if (!pe->have_el3)
            return ARMSIM_ERROR_NOT_FOUND;
        host_set_sp(pe, 3, value);
        return 0;
    case ARMSIM_REG_FPCR:
        pe->fpcr = (uint32_t)value;
        pe_update_context(pe);
        return 0;
    case ARMSIM_REG_FPSR:
        pe->fpsr = (uint32_t)value;
        return 0;
    case ARMSIM_REG_BTYPE:
        pe->pstate.btype = value & 3;
        return 0;
    case ARMSIM_REG_CURRENT_EL:
    case ARMSIM_REG_SECURE:
        return ARMSIM_ERROR_UNSUPPORTED;
    default:
        return ARMSIM_ERROR_NOT_FOUND;
    }
}

static int host_error(enum host_result result)
{
    switch (result) {
    case HOST_OK:
        return 0;
    case HOST_NO_REGISTER:
        return ARMSIM_ERROR_NOT_FOUND;
    default:
        return ARMSIM_ERROR_UNSUPPORTED;
    }
}

int armsim_peek(const struct armsim_machine *machine, uint32_t pe, armsim_register_id id, uint64_t *value)
{
    REQUIRE_CONST(machine, pe < machine->pe_count && value);
    if (is_sysreg(id))
        return host_error(host_peek(machine->pes[pe], SYSREG_KEY(id), value));
    return read_plain(machine->pes[pe], id, value) ? 0 : ARMSIM_ERROR_NOT_FOUND;
}

/* Gives the text of a register's error. */
static int explain(struct armsim_machine *machine, armsim_register_id id, int error)
{
    if (error == ARMSIM_ERROR_NOT_FOUND)
        return machine_fail(machine, ARMSIM_ERROR_NOT_FOUND, "the PE has no register 0x%x", id);
    if (error == ARMSIM_ERROR_UNSUPPORTED)
        return machine_fail(machine, ARMSIM_ERROR_UNSUPPORTED, "register 0x%x can't take or give that", id);
    return error;
}

int armsim_poke(struct armsim_machine *machine, uint32_t pe, armsim_register_id id, uint64_t value)
{
    REQUIRE(machine, pe < machine->pe_count);
    machine_touched(machine);
    int error = is_sysreg(id) ? host_error(host_poke(machine->pes[pe], SYSREG_KEY(id), value))
                              : write_plain(machine->pes[pe], id, value);
    return explain(machine, id, error);
}

int armsim_read_register(struct armsim_machine *machine, uint32_t pe, armsim_register_id id, uint64_t *value)
{
    REQUIRE(machine, pe < machine->pe_count && value);
    machine_touched(machine);
    int error = is_sysreg(id) ? host_error(host_read(machine->pes[pe], SYSREG_KEY(id), value))
                              : (read_plain(machine->pes[pe], id, value) ? 0 : ARMSIM_ERROR_NOT_FOUND);
    return explain(machine, id, error);
}

int armsim_write_register(struct armsim_machine *machine, uint32_t pe, armsim_register_id id, uint64_t value)
{
    REQUIRE(machine, pe < machine->pe_count);
    machine_touched(machine);
    int error = is_sysreg(id) ? host_error(host_write(machine->pes[pe], SYSREG_KEY(id), value))
                              : write_plain(machine->pes[pe], id, value);
    return explain(machine, id, error);
}

int armsim_read_vector(const struct armsim_machine *machine, uint32_t pe, uint32_t n, uint64_t value[2])
{
    REQUIRE_CONST(machine, pe < machine->pe_count && n < VECTORS && value);
    memcpy(value, machine->pes[pe]->v[n].d, 2 * sizeof(uint64_t));
    return 0;
}

int armsim_write_vector(struct armsim_machine *machine, uint32_t pe, uint32_t n, const uint64_t value[2])
{
    REQUIRE(machine, pe < machine->pe_count && n < VECTORS && value);
    machine_touched(machine);
    memcpy(machine->pes[pe]->v[n].d, value, 2 * sizeof(uint64_t));
    return 0;
}
