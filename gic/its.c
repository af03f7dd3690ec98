/*
 * Interrupt Translation Service (ITS), physical LPIs: IHI 0069 chapter 5 and section 12.19.
 *
 * Control frame: 0x0000 CTLR, 0x0004 IIDR, 0x0008 TYPER, 0x0080 CBASER, 0x0088 CWRITER, 0x0090 CREADR, 0x0100 BASER0
 * (devices), 0x0108 BASER1 (collections), 0xffd0 identification. Translation frame: 0x10040 TRANSLATER.
 *
 * All mappings live in the guest's memory; every command is done when CWRITER is written. A command in error is logged
 * and skipped (no SError; queues never stall). The DeviceID of a write to TRANSLATER is the requester without the DMA
 * flag. Table entries are of 8 bytes: bit 63 Valid, then
 *   device       [51:8] ITT address, [4:0] EventID bits - 1
 *   ITT          [47:32] ICID, [31:0] INTID
 *   collection   [15:0] PE number
 * BASER.Page_Size is UNKNOWN after a reset: 64 KiB, which drivers that take the size as they find it are written for.
 */
#include "gic/its.h"
#include "gic/internal.h"
#include "libarmsim/fabric/little_endian.h"

#include <errno.h>
#include <stdlib.h>

enum {
    CTLR_ENABLED = 1,
    EVENT_BITS = 16,
    DEVICE_BITS = 16,
    COLLECTION_BITS = 16,
    ENTRY_SIZE = 8,
    COMMAND_SIZE = 32,
    BASERS = 2,
    TABLE_DEVICES = 0,
    TABLE_COLLECTIONS = 1,
};

#define ENTRY_VALID    (1ull << 63)
#define BASER_VALID    (1ull << 63)
#define BASER_INDIRECT (1ull << 62)
#define BASER_64K      (2ull << 8)
#define CBASER_VALID   (1ull << 63)
#define CBASER_MASK    0xf8ffffffffffffffull

struct gic_its {
    struct gic *gic;
    uint32_t ctlr;
    uint64_t cbaser, cwriter, creadr;
    uint64_t baser[BASERS];
};

static const struct state_field its_fields[] = {
    STATE_FIELD(struct gic_its, ctlr, 0),    STATE_FIELD(struct gic_its, cbaser, 0),
    STATE_FIELD(struct gic_its, cwriter, 0), STATE_FIELD(struct gic_its, creadr, 0),
    STATE_ARRAY(struct gic_its, baser, BASER_64K),
};

static bool its_loaded(void *opaque)
{
    const struct gic_its *its = opaque;
    return its->creadr % COMMAND_SIZE == 0 && its->cwriter % COMMAND_SIZE == 0;
}

struct state_section gic_its_section(struct gic *gic)
{
    return (struct state_section){.name = "gic.its",
                                  .version = 1,
                                  .fields = its_fields,
                                  .field_count = sizeof(its_fields) / sizeof(its_fields[0]),
                                  .instance = gic->its,
                                  .loaded = its_loaded};
}

/* Tables are in memory only: an entry never reaches a register, of the ITS itself least of all. */
static const struct bus_attrs table_attrs = {.pas = PAS_NON_SECURE, .requester = BUS_REQUESTER_DMA};

static bool read_entry(const struct gic_its *its, uint64_t address, uint64_t *entry)
{
    uint8_t bytes[ENTRY_SIZE];
    *entry = 0;
    if (bus_read_block(its->gic->env->bus, address, bytes, ENTRY_SIZE, table_attrs) != BUS_OK)
        return false;
    *entry = load_le64(bytes);
    return true;
}

static bool write_entry(const struct gic_its *its, uint64_t address, uint64_t entry)
{
    uint8_t bytes[ENTRY_SIZE];
    store_le64(bytes, entry);
    return bus_write_block(its->gic->env->bus, address, bytes, ENTRY_SIZE, table_attrs) == BUS_OK;
}

/* --- tables --- */

static uint64_t page_size(uint64_t baser)
{
    static const uint32_t sizes[4] = {0x1000, 0x4000, 0x10000, 0x10000};
    return sizes[baser >> 8 & 3];
}

/* Address bits of a BASER or CBASER; those of a 64 KiB page have [51:48] in [15:12]. */
static uint64_t baser_address(uint64_t baser)
{
    if (page_size(baser) == 0x10000)
        return (baser & 0x0000ffffffff0000ull) | (baser & 0xf000) << 36;
    return baser & 0x0000fffffffff000ull;
}

/* The address of an entry of a flat or two-level table. False: the table has no such entry. */
static bool entry_address(const struct gic_its *its, unsigned table, uint32_t id, uint64_t *address)
{
    uint64_t baser = its->baser[table], page = page_size(baser), bytes = page * ((baser & 0xff) + 1);
    if (!(baser & BASER_VALID))
        return false;
    if (!(baser & BASER_INDIRECT)) {
        *address = baser_address(baser) + (uint64_t)id * ENTRY_SIZE;
        return (uint64_t)id * ENTRY_SIZE < bytes;
    }
    uint64_t per_page = page / ENTRY_SIZE, first = id / per_page, entry;
    if (first * 8 >= bytes || !read_entry(its, baser_address(baser) + first * 8, &entry) || !(entry & ENTRY_VALID))
        return false;
    *address = (entry & 0x000ffffffffff000ull & ~(page - 1)) + id % per_page * ENTRY_SIZE;
    return true;
}

static bool find_device(const struct gic_its *its, uint32_t device, uint64_t *dte)
{
    uint64_t address;
    return device < 1u << DEVICE_BITS && entry_address(its, TABLE_DEVICES, device, &address) &&
           read_entry(its, address, dte) && *dte & ENTRY_VALID;
}

/* The ITT entry's address of an event of a mapped device. */
static bool find_event(const struct gic_its *its, uint32_t device, uint32_t event, uint64_t *address)
{
    uint64_t dte;
    if (!find_device(its, device, &dte) || event >= 1ull << ((dte & 31) + 1))
        return false;
    *address = (dte & 0x000fffffffffff00ull) + (uint64_t)event * ENTRY_SIZE;
    return true;
}

static struct gic_cpu_interface *find_collection(const struct gic_its *its, uint32_t icid)
{
    uint64_t address, cte;
    if (!entry_address(its, TABLE_COLLECTIONS, icid, &address) || !read_entry(its, address, &cte) ||
        !(cte & ENTRY_VALID))
        return NULL;
    return (cte & 0xffff) < its->gic->config.cpus ? &its->gic->cpus[cte & 0xffff] : NULL;
}

/* A whole translation: (DeviceID, EventID) to (INTID, PE). */
struct translation {
    uint64_t address, ite;
    uint32_t intid;
    struct gic_cpu_interface *cpu;
};

static bool translate(const struct gic_its *its, uint32_t device, uint32_t event, struct translation *t)
{
    if (!find_event(its, device, event, &t->address) || !read_entry(its, t->address, &t->ite) ||
        !(t->ite & ENTRY_VALID))
        return false;
    t->intid = (uint32_t)t->ite;
    t->cpu = find_collection(its, t->ite >> 32 & 0xffff);
    return t->cpu;
}

/* --- commands: section 5.3 --- */

struct command {
    uint64_t word[4];
};

static uint32_t cmd_device(const struct command *c)
{
    return (uint32_t)(c->word[0] >> 32);
}
static uint32_t cmd_event(const struct command *c)
{
    return (uint32_t)c->word[1];
}
static uint32_t cmd_icid(const struct command *c)
{
    return (uint32_t)c->word[2] & 0xffff;
}
static bool cmd_valid(const struct command *c)
{
    return c->word[2] >> 63;
}

/* RDbase is a PE number in [31:16] of the physical address field, for GITS_TYPER.PTA is 0. */
static struct gic_cpu_interface *cmd_target(const struct gic_its *its, uint64_t word)
{
    uint64_t number = word >> 16 & 0xffffffff;
    return number < its->gic->config.cpus ? &its->gic->cpus[number] : NULL;
}

static bool command_mapd(struct gic_its *its, const struct command *c)
{
    uint64_t address, size = c->word[1] & 31, itt = c->word[2] & 0x000fffffffffff00ull;
    if (cmd_device(c) >= 1u << DEVICE_BITS || !entry_address(its, TABLE_DEVICES, cmd_device(c), &address) ||
        (cmd_valid(c) && size >= EVENT_BITS))
        return false;
    return write_entry(its, address, cmd_valid(c) ? ENTRY_VALID | itt | size : 0);
}

static bool command_mapc(struct gic_its *its, const struct command *c)
{
    uint64_t address;
    const struct gic_cpu_interface *target = cmd_target(its, c->word[2]);
    if (!entry_address(its, TABLE_COLLECTIONS, cmd_icid(c), &address) || (cmd_valid(c) && !target))
        return false;
    return write_entry(its, address, cmd_valid(c) ? ENTRY_VALID | target->index : 0);
}

static bool map_event(struct gic_its *its, const struct command *c, uint32_t intid)
{
    uint64_t address;
    if (intid < GIC_FIRST_LPI || intid >= 1u << GIC_LPI_ID_BITS ||
        !find_event(its, cmd_device(c), cmd_event(c), &address))
        return false;
    return write_entry(its, address, ENTRY_VALID | (uint64_t)cmd_icid(c) << 32 | intid);
}

static bool command_mapti(struct gic_its *its, const struct command *c)
{
    return map_event(its, c, (uint32_t)(c->word[1] >> 32));
}

static bool command_mapi(struct gic_its *its, const struct command *c)
{
    return map_event(its, c, cmd_event(c));
}

static bool command_movi(struct gic_its *its, const struct command *c)
{
    struct translation t;
    struct gic_cpu_interface *to = find_collection(its, cmd_icid(c));
    if (!to || !translate(its, cmd_device(c), cmd_event(c), &t))
        return false;
    if (to != t.cpu && gic_lpi_is_pending(t.cpu, t.intid)) {
        gic_lpi_set_pending(t.cpu, t.intid, false);
        gic_lpi_set_pending(to, t.intid, true);
    }
    return write_entry(its, t.address, (t.ite & ~(0xffffull << 32)) | (uint64_t)cmd_icid(c) << 32);
}

static bool command_int(struct gic_its *its, const struct command *c)
{
    struct translation t;
    if (!translate(its, cmd_device(c), cmd_event(c), &t))
        return false;
    gic_lpi_set_pending(t.cpu, t.intid, true);
    return true;
}

static bool command_clear(struct gic_its *its, const struct command *c)
{
    struct translation t;
    if (!translate(its, cmd_device(c), cmd_event(c), &t))
        return false;
    gic_lpi_set_pending(t.cpu, t.intid, false);
    return true;
}

static bool command_discard(struct gic_its *its, const struct command *c)
{
    struct translation t;
    if (!translate(its, cmd_device(c), cmd_event(c), &t))
        return false;
    gic_lpi_set_pending(t.cpu, t.intid, false);
    return write_entry(its, t.address, 0);
}

/* All redistributors share one configuration table, and each caches all of it: an LPI may move without another INV. */
static void invalidate(struct gic_its *its, uint32_t intid)
{
    for (unsigned i = 0; i < its->gic->config.cpus; i++)
        gic_lpi_invalidate(&its->gic->cpus[i], intid);
}

static bool command_inv(struct gic_its *its, const struct command *c)
{
    struct translation t;
    if (!translate(its, cmd_device(c), cmd_event(c), &t))
        return false;
    invalidate(its, t.intid);
    return true;
}

static bool command_invall(struct gic_its *its, const struct command *c)
{
    if (!find_collection(its, cmd_icid(c)))
        return false;
    invalidate(its, 0);
    return true;
}

static bool command_movall(struct gic_its *its, const struct command *c)
{
    struct gic_cpu_interface *from = cmd_target(its, c->word[2]), *to = cmd_target(its, c->word[3]);
    if (!from || !to)
        return false;
    gic_lpi_move_all(from, to);
    return true;
}

/* Every command has taken effect when the next one begins. */
static bool command_sync(struct gic_its *its, const struct command *c)
{
    return cmd_target(its, c->word[2]);
}

static const struct {
    uint8_t number;
    const char *name;
    bool (*execute)(struct gic_its *its, const struct command *c);
} commands[] = {
    {0x01, "MOVI", command_movi},     {0x03, "INT", command_int},       {0x04, "CLEAR", command_clear},
    {0x05, "SYNC", command_sync},     {0x08, "MAPD", command_mapd},     {0x09, "MAPC", command_mapc},
    {0x0a, "MAPTI", command_mapti},   {0x0b, "MAPI", command_mapi},     {0x0c, "INV", command_inv},
    {0x0d, "INVALL", command_invall}, {0x0e, "MOVALL", command_movall}, {0x0f, "DISCARD", command_discard},
};

static void execute(struct gic_its *its, const struct command *c)
{
    for (size_t i = 0; i < sizeof(commands) / sizeof(commands[0]); i++)
        if (commands[i].number == (c->word[0] & 0xff)) {
            if (!commands[i].execute(its, c))
                log_message(its->gic->env->log, LOG_GUEST_ERROR,
                            "its: %s of device 0x%x, event 0x%x, collection 0x%x failed: not mapped or out of range",
                            commands[i].name, cmd_device(c), cmd_event(c), cmd_icid(c));
            return;
        }
    log_message(its->gic->env->log, LOG_GUEST_ERROR, "its: command 0x%02x does not exist",
                (unsigned)(c->word[0] & 0xff));
}

static uint64_t queue_size(const struct gic_its *its)
{
    return 0x1000 * ((its->cbaser & 0xff) + 1);
}

static void run_queue(struct gic_its *its)
{
    if (!(its->ctlr & CTLR_ENABLED) || !(its->cbaser & CBASER_VALID))
        return;
    uint64_t base = its->cbaser & 0x000ffffffffff000ull, end = its->cwriter & 0xfffe0;
    if (end >= queue_size(its)) {
        log_message(its->gic->env->log, LOG_GUEST_ERROR, "its: CWRITER 0x%llx is outside of the command queue",
                    (unsigned long long)end);
        return;
    }
    while (its->creadr != end) {
        struct command c = {{0}};
        for (unsigned i = 0; i < 4; i++)
            if (!read_entry(its, base + its->creadr + 8 * i, &c.word[i])) {
                log_message(its->gic->env->log, LOG_GUEST_ERROR, "its: the command queue at 0x%llx is not in memory",
                            (unsigned long long)base);
                its->creadr = end;
                return;
            }
        execute(its, &c);
        its->creadr = (its->creadr + COMMAND_SIZE) % queue_size(its);
    }
}

void gic_its_message(struct gic *gic, uint32_t device, uint32_t event)
{
    struct gic_its *its = gic->its;
    struct translation t;
    if (!its || !(its->ctlr & CTLR_ENABLED))
        return;
    if (translate(its, device, event, &t))
        gic_lpi_set_pending(t.cpu, t.intid, true);
    else
        log_message(gic->env->log, LOG_GUEST_ERROR, "its: message of device 0x%x, event 0x%x is not mapped: dropped",
                    device, event);
}

/* --- registers --- */

#define BASER_FIXED(type) ((uint64_t)(type) << 56 | (uint64_t)(ENTRY_SIZE - 1) << 48)
#define BASER_WRITABLE    (~(7ull << 56) & ~(31ull << 48))

static const uint64_t baser_fixed[BASERS] = {BASER_FIXED(1), BASER_FIXED(4)};

static uint64_t read_type(void)
{
    return 1 /* Physical */ | (uint64_t)(ENTRY_SIZE - 1) << 4 | (EVENT_BITS - 1) << 8 | (DEVICE_BITS - 1) << 13 |
           (uint64_t)(COLLECTION_BITS - 1) << 32 | 1ull << 36 /* CIL */;
}

/* The 64-bit registers, readable by halves. */
static bool read_doubleword(const struct gic_its *its, uint64_t offset, uint64_t *value)
{
    switch (offset) {
    case 0x0008:
        *value = read_type();
        return true;
    case 0x0080:
        *value = its->cbaser;
        return true;
    case 0x0088:
        *value = its->cwriter;
        return true;
    case 0x0090:
        *value = its->creadr;
        return true;
    case 0x0100 ... 0x0138:
        *value =
            (offset - 0x100) / 8 < BASERS ? its->baser[(offset - 0x100) / 8] | baser_fixed[(offset - 0x100) / 8] : 0;
        return true;
    default:
        return false;
    }
}

static void write_ctlr(struct gic_its *its, uint32_t value)
{
    its->ctlr = value & CTLR_ENABLED;
    run_queue(its);
}

static bool write_doubleword(struct gic_its *its, uint64_t offset, uint64_t value)
{
    bool locked = its->ctlr & CTLR_ENABLED;
    switch (offset) {
    case 0x0080:
        if (!locked) {
            its->cbaser = value & CBASER_MASK;
            its->creadr = 0;
        }
        return true;
    case 0x0088:
        its->cwriter = value & 0xfffe0;
        run_queue(its);
        return true;
    case 0x0100 ... 0x0138:
        if (!locked && (offset - 0x100) / 8 < BASERS)
            its->baser[(offset - 0x100) / 8] = value & BASER_WRITABLE;
        return true;
    default:
        return false;
    }
}

static bool read_control_frame(const struct gic_its *its, uint64_t offset, unsigned size, uint64_t *value)
{
    uint64_t whole;
    if (size >= 4 && read_doubleword(its, offset & ~7ull, &whole)) {
        *value = gic_part(whole, offset, size);
        return true;
    }
    if (size != 4)
        return false;
    if (offset >= 0xffd0)
        *value = gic_id_register(its->gic, offset, 0x94);
    else if (offset == 0x0000)
        *value = its->ctlr | 1u << 31; /* Quiescent */
    else if (offset == 0x0004)
        *value = GIC_IMPLEMENTER;
    else
        return false;
    return true;
}

static enum bus_result its_read(void *opaque, uint64_t offset, unsigned size, struct bus_attrs attrs, uint64_t *value)
{
    struct gic_its *its = opaque;
    *value = 0;
    if (!read_control_frame(its, offset, size, value))
        gic_bad_access(its->gic, "gits", false, offset, size);
    return BUS_OK;
}

static enum bus_result its_write(void *opaque, uint64_t offset, unsigned size, struct bus_attrs attrs, uint64_t value)
{
    struct gic_its *its = opaque;
    uint64_t whole = 0;
    if (offset == 0x10040 && (size == 2 || size == 4)) {
        gic_its_message(its->gic, attrs.requester & ~BUS_REQUESTER_DMA, (uint32_t)value);
        return BUS_OK;
    }
    if (offset == 0 && size == 4) {
        write_ctlr(its, (uint32_t)value);
        return BUS_OK;
    }
    if (size == 4 && read_doubleword(its, offset & ~7ull, &whole)) {
        value = gic_with_part(whole, offset, size, value);
        size = 8;
    }
    if (size != 8 || !write_doubleword(its, offset & ~7ull, value))
        gic_bad_access(its->gic, "gits", true, offset, size);
    return BUS_OK;
}

static const struct bus_ops its_ops = {its_read, its_write, 1 | 2 | 4 | 8};

int gic_its_create(struct gic *gic)
{
    gic->its = calloc(1, sizeof(*gic->its));
    if (!gic->its)
        return -ENOMEM;
    gic->its->gic = gic;
    return bus_add_mmio(gic->env->bus, "gits", gic->config.its_base, 0x20000, PAS_MASK_BOTH, &its_ops, gic->its, NULL);
}

void gic_its_destroy(struct gic *gic)
{
    free(gic->its);
    gic->its = NULL;
}

void gic_its_reset(struct gic *gic)
{
    struct state_section section = gic_its_section(gic);
    state_reset_section(&section);
}
