/* Registers: the standard features, then everything else that the library lists, in groups. */
#include "frontends/gdb/internal.h"
#include "frontends/little_endian.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

uint64_t peek(const struct gdb *gdb, uint32_t pe, armsim_register_id id)
{
    uint64_t value = 0;
    armsim_peek(gdb->machine, pe, id, &value);
    return value;
}

/* --- groups --- */

#define ANY 16
/* By encoding; the first row that fits counts. */
static const struct group_rule {
    const char *group;
    uint8_t op0, crn, crm_first, crm_last, op1;
} rules[] = {
    {"debug", 2, ANY, 0, 15, ANY},
    {"id", 3, 0, 0, 15, ANY},
    {"control", 3, 1, 0, 15, ANY},
    {"translation", 3, 2, 0, 15, ANY},
    {"gic", 3, 4, 6, 6, 0}, /* ICC_PMR_EL1 */
    {"exception", 3, 4, 0, 15, ANY},
    {"exception", 3, 5, 0, 2, ANY},
    {"ras", 3, 5, 3, 15, ANY},
    {"exception", 3, 6, 0, 15, ANY},
    {"translation", 3, 7, 0, 15, ANY}, /* PAR */
    {"pmu", 3, 9, 12, 14, ANY},
    {"spe", 3, 9, 9, 11, ANY},
    {"translation", 3, 10, 0, 15, ANY}, /* MAIR, AMAIR, LORegions */
    {"exception", 3, 12, 0, 0, ANY},    /* VBAR, RVBAR, RMR */
    {"exception", 3, 12, 1, 1, ANY},    /* ISR, DISR, VDISR */
    {"gic", 3, 12, 2, 15, ANY},
    {"amu", 3, 13, 2, 15, 3},
    {"thread", 3, 13, 0, 15, ANY}, /* CONTEXTIDR, TPIDR */
    {"pmu", 3, 14, 8, 15, 3},      /* event counters */
    {"timer", 3, 14, 0, 15, ANY},
};

const char *register_group(armsim_register_id id)
{
    if (id < ARMSIM_SYSREG(0, 0, 0, 0, 0))
        return "pe";
    unsigned op0 = id >> 14 & 3, op1 = id >> 11 & 7, crn = id >> 7 & 15, crm = id >> 3 & 15;
    for (size_t i = 0; i < sizeof(rules) / sizeof(rules[0]); i++) {
        const struct group_rule *r = &rules[i];
        if (r->op0 == op0 && (r->crn == ANY || r->crn == crn) && crm >= r->crm_first && crm <= r->crm_last &&
            (r->op1 == ANY || r->op1 == op1))
            return r->group;
    }
    return "implementation";
}

/* --- the description --- */

enum { REGS_STEP = 256 };

/* False: out of memory. */
static bool add(struct gdb *gdb, FILE *file, armsim_register_id id, uint32_t bytes, const char *name, const char *type,
                const char *group)
{
    fprintf(file, "<reg name=\"%s\" bitsize=\"%u\" type=\"%s\" regnum=\"%zu\"", name, 8 * bytes, type, gdb->reg_count);
    if (group)
        fprintf(file, " group=\"%s\" save-restore=\"no\"", group);
    fputs("/>", file);
    if (gdb->reg_count % REGS_STEP == 0) {
        struct reg *regs = realloc(gdb->regs, (gdb->reg_count + REGS_STEP) * sizeof(*regs));
        if (!regs)
            return false;
        gdb->regs = regs;
    }
    gdb->regs[gdb->reg_count++] = (struct reg){.id = id, .bytes = bytes, .name = name, .group = group};
    return true;
}

static bool describe_core(struct gdb *gdb, FILE *file)
{
    static const struct {
        const char *name;
        unsigned start, end;
    } fields[] = {{"SP", 0, 0},   {"EL", 2, 3},    {"nRW", 4, 4},     {"F", 6, 6},      {"I", 7, 7},
                  {"A", 8, 8},    {"D", 9, 9},     {"BTYPE", 10, 11}, {"SSBS", 12, 12}, {"IL", 20, 20},
                  {"SS", 21, 21}, {"PAN", 22, 22}, {"UAO", 23, 23},   {"DIT", 24, 24},  {"TCO", 25, 25},
                  {"V", 28, 28},  {"C", 29, 29},   {"Z", 30, 30},     {"N", 31, 31}};
    static const char *const names[] = {"x0",  "x1",  "x2",  "x3",  "x4",  "x5",  "x6",  "x7",  "x8",  "x9",  "x10",
                                        "x11", "x12", "x13", "x14", "x15", "x16", "x17", "x18", "x19", "x20", "x21",
                                        "x22", "x23", "x24", "x25", "x26", "x27", "x28", "x29", "x30"};
    fputs("<feature name=\"org.gnu.gdb.aarch64.core\"><flags id=\"pstate\" size=\"4\">", file);
    for (size_t i = 0; i < sizeof(fields) / sizeof(fields[0]); i++)
        fprintf(file, "<field name=\"%s\" start=\"%u\" end=\"%u\"/>", fields[i].name, fields[i].start, fields[i].end);
    fputs("</flags>", file);
    bool good = true;
    for (unsigned n = 0; n < 31; n++)
        good = good && add(gdb, file, ARMSIM_REG_X0 + n, 8, names[n], "int64", NULL);
    good = good && add(gdb, file, ARMSIM_REG_SP, 8, "sp", "data_ptr", NULL) &&
           add(gdb, file, ARMSIM_REG_PC, 8, "pc", "code_ptr", NULL) &&
           add(gdb, file, ARMSIM_REG_PSTATE, 4, "cpsr", "pstate", NULL);
    fputs("</feature>", file);
    return good;
}

static bool describe_fpu(struct gdb *gdb, FILE *file)
{
    static const struct {
        const char *id, *type;
        unsigned count;
    } views[] = {{"f64x2", "ieee_double", 2}, {"u64x2", "uint64", 2}, {"f32x4", "ieee_single", 4},
                 {"u32x4", "uint32", 4},      {"u16x8", "uint16", 8}, {"u8x16", "uint8", 16}};
    static const char *const names[] = {"v0",  "v1",  "v2",  "v3",  "v4",  "v5",  "v6",  "v7",  "v8",  "v9",  "v10",
                                        "v11", "v12", "v13", "v14", "v15", "v16", "v17", "v18", "v19", "v20", "v21",
                                        "v22", "v23", "v24", "v25", "v26", "v27", "v28", "v29", "v30", "v31"};
    fputs("<feature name=\"org.gnu.gdb.aarch64.fpu\">", file);
    for (size_t i = 0; i < sizeof(views) / sizeof(views[0]); i++)
        fprintf(file, "<vector id=\"%s\" type=\"%s\" count=\"%u\"/>", views[i].id, views[i].type, views[i].count);
    fputs("<union id=\"vector\">", file);
    for (size_t i = 0; i < sizeof(views) / sizeof(views[0]); i++)
        fprintf(file, "<field name=\"%s\" type=\"%s\"/>", views[i].id, views[i].id);
    fputs("<field name=\"u128\" type=\"uint128\"/></union>", file);
    bool good = true;
    for (unsigned n = 0; n < 32; n++)
        good = good && add(gdb, file, ARMSIM_REG_V0 + n, 16, names[n], "vector", NULL);
    good = good && add(gdb, file, ARMSIM_REG_FPSR, 4, "fpsr", "int", NULL) &&
           add(gdb, file, ARMSIM_REG_FPCR, 4, "fpcr", "int", NULL);
    fputs("</feature>", file);
    return good;
}

static bool is_standard(armsim_register_id id)
{
    return id <= ARMSIM_REG_PSTATE || id == ARMSIM_REG_FPSR || id == ARMSIM_REG_FPCR ||
           (id >= ARMSIM_REG_V0 && id < ARMSIM_REG_V0 + 32);
}

static bool describe_others(struct gdb *gdb, FILE *file)
{
    struct armsim_register_info info;
    fputs("<feature name=\"org.armsim.registers\">", file);
    bool good = true;
    for (size_t i = 0; good && armsim_register_at(gdb->machine, i, &info) == 0; i++)
        if (!is_standard(info.id))
            good = add(gdb, file, info.id, info.bits > 32 ? 8 : 4, info.name, info.bits > 32 ? "uint64" : "uint32",
                       register_group(info.id));
    fputs("</feature>", file);
    return good;
}

bool registers_create(struct gdb *gdb)
{
    FILE *file = open_memstream(&gdb->description, &gdb->description_size);
    if (!file)
        return false;
    fputs("<?xml version=\"1.0\"?><!DOCTYPE target SYSTEM \"gdb-target.dtd\"><target version=\"1.0\">"
          "<architecture>aarch64</architecture>",
          file);
    bool good = describe_core(gdb, file) && describe_fpu(gdb, file) && describe_others(gdb, file);
    fputs("</target>", file);
    return fclose(file) == 0 && good && gdb->description;
}

void registers_destroy(struct gdb *gdb)
{
    free(gdb->regs);
    free(gdb->description);
}

/* --- values --- */

enum { MAX_BYTES = 16 };

/* Little-endian bytes; false: the register has no value. */
static bool get(const struct gdb *gdb, uint32_t pe, const struct reg *reg, uint8_t bytes[MAX_BYTES])
{
    uint64_t value[2] = {0, 0};
    if (reg->bytes == 16) {
        if (armsim_read_vector(gdb->machine, pe, reg->id - ARMSIM_REG_V0, value) < 0)
            return false;
    } else if (armsim_peek(gdb->machine, pe, reg->id, value) < 0) {
        return false;
    }
    store_le(bytes, value[0], 8);
    store_le(bytes + 8, value[1], 8);
    return true;
}

/* Writes as MSR would where that is possible: a debugger's user means the register's effect. */
static bool set(const struct gdb *gdb, uint32_t pe, const struct reg *reg, const uint8_t bytes[MAX_BYTES])
{
    bool vector = reg->bytes == 16;
    uint64_t value[2] = {load_le(bytes, vector ? 8 : reg->bytes), vector ? load_le(bytes + 8, 8) : 0}, old = 0;
    if (vector)
        return armsim_write_vector(gdb->machine, pe, reg->id - ARMSIM_REG_V0, value) == 0;
    if (reg->id == ARMSIM_REG_PSTATE) {
        armsim_peek(gdb->machine, pe, reg->id, &old);
        value[0] |= old & ~UINT64_C(0xffffffff);
        if (value[0] == old)
            return true;
    }
    return armsim_write_register(gdb->machine, pe, reg->id, value[0]) == 0 ||
           armsim_poke(gdb->machine, pe, reg->id, value[0]) == 0;
}

static void append_value(struct gdb *gdb, uint32_t pe, const struct reg *reg)
{
    uint8_t bytes[MAX_BYTES];
    if (get(gdb, pe, reg, bytes))
        reply_hex(gdb, bytes, reg->bytes);
    else
        reply_text(gdb, "%.*s", (int)(2 * reg->bytes), "xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx");
}

void append_register(struct gdb *gdb, uint32_t pe, unsigned number)
{
    reply_text(gdb, "%02x:", number);
    append_value(gdb, pe, &gdb->regs[number]);
    reply_text(gdb, ";");
}

void read_all_registers(struct gdb *gdb, struct cursor *packet)
{
    if (!at_end(packet)) {
        reply_error(gdb, EINVAL);
        return;
    }
    reply_begin(gdb);
    for (unsigned n = 0; n < NUMBER_OTHERS; n++)
        append_value(gdb, gdb->pe, &gdb->regs[n]);
    reply_end(gdb);
}

/* PSTATE comes first, because it chooses the SP; what doesn't change isn't written. */
void write_all_registers(struct gdb *gdb, struct cursor *packet)
{
    uint8_t values[NUMBER_OTHERS][MAX_BYTES], old[MAX_BYTES];
    for (unsigned n = 0; n < NUMBER_OTHERS; n++) {
        if (!take_bytes(packet, values[n], gdb->regs[n].bytes)) {
            reply_error(gdb, EINVAL);
            return;
        }
    }
    bool good = at_end(packet);
    for (unsigned i = 0; good && i < NUMBER_OTHERS; i++) {
        unsigned n = i == 0 ? NUMBER_CPSR : i <= NUMBER_CPSR ? i - 1 : i;
        const struct reg *reg = &gdb->regs[n];
        if (!get(gdb, gdb->pe, reg, old) || memcmp(old, values[n], reg->bytes) != 0)
            good = set(gdb, gdb->pe, reg, values[n]);
    }
    if (good)
        reply(gdb, "OK");
    else
        reply_error(gdb, EINVAL);
}

static const struct reg *take_register(const struct gdb *gdb, struct cursor *packet)
{
    uint64_t number;
    return take_hex(packet, &number) && number < gdb->reg_count ? &gdb->regs[number] : NULL;
}

void read_register(struct gdb *gdb, struct cursor *packet)
{
    const struct reg *reg = take_register(gdb, packet);
    if (!reg || !at_end(packet)) {
        reply_error(gdb, EINVAL);
        return;
    }
    reply_begin(gdb);
    append_value(gdb, gdb->pe, reg);
    reply_end(gdb);
}

void write_register(struct gdb *gdb, struct cursor *packet)
{
    uint8_t bytes[MAX_BYTES];
    const struct reg *reg = take_register(gdb, packet);
    if (!reg || !take_char(packet, '=') || left(packet) != 2 * reg->bytes || !take_bytes(packet, bytes, reg->bytes))
        reply_error(gdb, EINVAL);
    else if (!set(gdb, gdb->pe, reg, bytes))
        reply_error(gdb, EPERM);
    else
        reply(gdb, "OK");
}
