/* Writers of trap records. Values are hexadecimal, counts and times decimal. */
#include "libarmsim/machine/trap_text.h"

static const char *const kind_names[] = {"sync", "irq", "fiq", "serror", "virq", "vfiq", "vserror", "return"};
_Static_assert(sizeof(kind_names) / sizeof(kind_names[0]) == ARMSIM_TRAP_KINDS, "a name for each kind");

/* Arm ARM, ESR_ELx, "Exception Class". */
static const char *const class_names[64] = {
    [0x00] = "Unknown reason",
    [0x01] = "Trapped WFI or WFE",
    [0x03] = "Trapped MCR or MRC, coproc 0b1111",
    [0x04] = "Trapped MCRR or MRRC, coproc 0b1111",
    [0x05] = "Trapped MCR or MRC, coproc 0b1110",
    [0x06] = "Trapped LDC or STC",
    [0x07] = "Access to SIMD or floating-point trapped",
    [0x08] = "Trapped VMRS, from ID group traps",
    [0x09] = "Trapped use of a Pointer authentication instruction",
    [0x0a] = "Trapped execution of an LD64B or ST64B* instruction",
    [0x0c] = "Trapped MRRC, coproc 0b1110",
    [0x0d] = "Branch Target Exception",
    [0x0e] = "Illegal Execution state",
    [0x11] = "SVC in AArch32 state",
    [0x12] = "HVC in AArch32 state",
    [0x13] = "SMC in AArch32 state",
    [0x15] = "SVC in AArch64 state",
    [0x16] = "HVC in AArch64 state",
    [0x17] = "SMC in AArch64 state",
    [0x18] = "Trapped MSR, MRS or System instruction",
    [0x19] = "Access to SVE functionality trapped",
    [0x1a] = "Trapped ERET, ERETAA or ERETAB",
    [0x1b] = "Exception from a TSTART access",
    [0x1c] = "Pointer Authentication instruction authentication failure",
    [0x1d] = "Access to SME functionality trapped",
    [0x1e] = "Granule Protection Check exception",
    [0x1f] = "IMPLEMENTATION DEFINED exception to EL3",
    [0x20] = "Instruction Abort from a lower Exception level",
    [0x21] = "Instruction Abort taken without a change in Exception level",
    [0x22] = "PC alignment fault",
    [0x24] = "Data Abort from a lower Exception level",
    [0x25] = "Data Abort taken without a change in Exception level",
    [0x26] = "SP alignment fault",
    [0x27] = "Memory Operation Exception",
    [0x28] = "Trapped floating-point exception from AArch32 state",
    [0x2c] = "Trapped floating-point exception from AArch64 state",
    [0x2d] = "GCS exception",
    [0x2f] = "SError interrupt",
    [0x30] = "Breakpoint exception from a lower Exception level",
    [0x31] = "Breakpoint exception taken without a change in Exception level",
    [0x32] = "Software Step exception from a lower Exception level",
    [0x33] = "Software Step exception taken without a change in Exception level",
    [0x34] = "Watchpoint exception from a lower Exception level",
    [0x35] = "Watchpoint exception taken without a change in Exception level",
    [0x38] = "BKPT instruction in AArch32 state",
    [0x3a] = "Vector Catch exception from AArch32 state",
    [0x3c] = "BRK instruction in AArch64 state",
    [0x3d] = "PMU exception",
};

const char *trap_class_name(uint8_t ec)
{
    const char *name = class_names[ec & 63];
    return ec < 64 && name ? name : "Reserved exception class";
}

const char *trap_kind_name(enum armsim_trap_kind kind)
{
    return (unsigned)kind < ARMSIM_TRAP_KINDS ? kind_names[kind] : "unknown";
}

static void put_level(struct text *text, uint8_t el, bool secure, bool aarch32)
{
    text_string(text, "EL");
    text_decimal(text, el);
    text_string(text, secure ? "s" : "ns");
    if (aarch32)
        text_string(text, "/a32");
}

static void put_named(struct text *text, const char *name, uint64_t value)
{
    text_char(text, ' ');
    text_string(text, name);
    text_string(text, "=0x");
    text_hex(text, value, 1);
}

static void readable(struct text *text, const struct armsim_trap *trap)
{
    text_decimal(text, trap->time_ns);
    text_string(text, " ns pe");
    text_decimal(text, trap->pe);
    text_char(text, ' ');
    text_string(text, trap_kind_name(trap->kind));
    text_char(text, ' ');
    put_level(text, trap->from_el, trap->from_secure, trap->from_aarch32);
    text_string(text, "->");
    put_level(text, trap->to_el, trap->to_secure, trap->to_aarch32);
    text_string(text, " why=");
    text_string(text, trap->why);
    if (trap->kind == ARMSIM_TRAP_SYNC) {
        text_string(text, " class=\"");
        text_string(text, trap_class_name(trap->ec));
        text_char(text, '"');
    }
    if (trap->kind != ARMSIM_TRAP_RETURN) {
        put_named(text, "esr", trap->esr);
        put_named(text, "far", trap->far);
        if (trap->hpfar)
            put_named(text, "hpfar", trap->hpfar);
        put_named(text, "vector", trap->vector_offset);
    }
    put_named(text, "elr", trap->elr);
    put_named(text, "spsr", trap->spsr);
    put_named(text, "pc", trap->pc);
    text_string(text, " #");
    text_decimal(text, trap->sequence);
    text_char(text, '@');
    text_decimal(text, trap->instructions);
}

static void json_number(struct text *text, const char *key, uint64_t value)
{
    text_string(text, ",\"");
    text_string(text, key);
    text_string(text, "\":");
    text_decimal(text, value);
}

static void json_hex(struct text *text, const char *key, uint64_t value)
{
    text_string(text, ",\"");
    text_string(text, key);
    text_string(text, "\":\"0x");
    text_hex(text, value, 1);
    text_char(text, '"');
}

static void json_string(struct text *text, const char *key, const char *value)
{
    text_string(text, ",\"");
    text_string(text, key);
    text_string(text, "\":");
    text_json(text, value);
}

static void json(struct text *text, const struct armsim_trap *trap)
{
    text_string(text, "{\"sequence\":");
    text_decimal(text, trap->sequence);
    json_number(text, "instructions", trap->instructions);
    json_number(text, "time_ns", trap->time_ns);
    json_number(text, "pe", trap->pe);
    json_string(text, "kind", trap_kind_name(trap->kind));
    json_number(text, "from_el", trap->from_el);
    json_number(text, "to_el", trap->to_el);
    json_string(text, "from_state", trap->from_aarch32 ? "aarch32" : "aarch64");
    json_string(text, "to_state", trap->to_aarch32 ? "aarch32" : "aarch64");
    json_string(text, "from_security", trap->from_secure ? "secure" : "non-secure");
    json_string(text, "to_security", trap->to_secure ? "secure" : "non-secure");
    json_hex(text, "vector", trap->vector_offset);
    if (trap->kind == ARMSIM_TRAP_SYNC)
        json_hex(text, "ec", trap->ec);
    json_hex(text, "pc", trap->pc);
    json_hex(text, "esr", trap->esr);
    json_hex(text, "far", trap->far);
    json_hex(text, "hpfar", trap->hpfar);
    json_hex(text, "elr", trap->elr);
    json_hex(text, "spsr", trap->spsr);
    json_string(text, "why", trap->why);
    text_char(text, '}');
}

/* Tarmac has lines for exceptions ("E") with the vector's address and free text; a return is a line of its own. */
static void tarmac(struct text *text, const struct armsim_trap *trap)
{
    text_decimal(text, trap->time_ns);
    text_string(text, " ns cpu");
    text_decimal(text, trap->pe);
    text_string(text, " E ");
    text_hex(text, trap->pc, 16);
    text_char(text, ' ');
    text_hex(text, trap->kind == ARMSIM_TRAP_RETURN ? 0 : trap->vector_offset, 8);
    text_string(text, " CoreEvent_");
    text_string(text, trap_kind_name(trap->kind));
    text_char(text, '_');
    put_level(text, trap->from_el, trap->from_secure, trap->from_aarch32);
    text_string(text, "_to_");
    put_level(text, trap->to_el, trap->to_secure, trap->to_aarch32);
    put_named(text, "esr", trap->esr);
    put_named(text, "far", trap->far);
    put_named(text, "elr", trap->elr);
    put_named(text, "spsr", trap->spsr);
    text_string(text, " why=");
    text_string(text, trap->why);
}

void trap_text(struct text *text, const struct armsim_trap *trap, enum armsim_trace_format format)
{
    switch (format) {
    case ARMSIM_TRACE_TEXT:
        readable(text, trap);
        break;
    case ARMSIM_TRACE_JSON:
        json(text, trap);
        break;
    case ARMSIM_TRACE_TARMAC:
        tarmac(text, trap);
        break;
    }
}
