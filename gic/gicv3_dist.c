/*
 * GICv3 distributor (GICD): IHI 0069 section 12.9.
 *
 * 0x0000 CTLR, 0x0004 TYPER, 0x0008 IIDR, 0x000c TYPER2, 0x0010 STATUSR, 0x0040 SETSPI_NSR, 0x0048 CLRSPI_NSR,
 * 0x0050 SETSPI_SR, 0x0058 CLRSPI_SR, 0x0080 IGROUPR to 0x0380 ICACTIVER, 0x0400 IPRIORITYR, 0x0c00 ICFGR,
 * 0x0d00 IGRPMODR, 0x0e00 NSACR, 0x6000 IROUTER, 0xffd0 identification.
 *
 * Affinity routing is always on (ARE is RAO/WI), so ITARGETSR, SGIR and the fields of SGIs and PPIs are RES0.
 * 1-of-N is not supported (TYPER.No1N). Every write takes effect at once: RWP reads as 0.
 */
#include "gic/internal.h"

enum { CTLR_DS_VIEW_ARE = 1u << 4, CTLR_NS_VIEW_ARE = 1u << 4 };

static uint32_t read_control(const struct gic *gic, bool secure)
{
    uint32_t ctlr = gic->gicd_ctlr;
    if (!gic->two_states)
        return (ctlr & (GICD_CTLR_GRP0 | GICD_CTLR_GRP1NS | GICD_CTLR_E1NWF)) | CTLR_DS_VIEW_ARE | GICD_CTLR_DS;
    return secure ? ctlr : (ctlr & GICD_CTLR_GRP1NS) | CTLR_NS_VIEW_ARE;
}

static void write_control(struct gic *gic, bool secure, uint32_t value)
{
    uint32_t writable = GICD_CTLR_GRP0 | GICD_CTLR_GRP1NS | GICD_CTLR_E1NWF;
    if (gic->two_states)
        writable = secure ? writable | GICD_CTLR_GRP1S | GICD_CTLR_DS : GICD_CTLR_GRP1NS;
    gic->gicd_ctlr = (gic->gicd_ctlr & ~writable) | (value & writable);
    if (gic->gicd_ctlr & GICD_CTLR_DS)
        gic->gicd_ctlr &= ~(uint32_t)GICD_CTLR_GRP1S;
    bool two_states = gic->two_states;
    gic_groups_changed(gic);
    if (two_states != gic->two_states && gic->its)
        for (unsigned i = 0; i < gic->config.cpus; i++)
            gic_lpi_loaded(&gic->cpus[i]); /* their priorities were those of the Non-secure view */
    gic_update_all(gic);
}

static uint32_t read_type(const struct gic *gic)
{
    uint32_t id_bits = gic->config.its ? GIC_LPI_ID_BITS : 10;
    return gic->spi_banks | (uint32_t)gic->two_states << 10 | 1u << 16 /* MBIS */ | (uint32_t)gic->config.its << 17 |
           (id_bits - 1) << 19 | 1u << 24 /* A3V */ | 1u << 25 /* No1N */ | (uint32_t)gic->range_selector << 26;
}

/* SETSPI and CLRSPI: a message. That of a level-sensitive SPI stands for its wire. */
static void write_message(struct gic *gic, uint64_t offset, bool secure, uint32_t value)
{
    uint32_t intid = value & 0x3ff;
    bool set = !(offset & 8), secure_register = offset & 0x10;
    unsigned n;
    struct gic_bank *bank = gic_find(&gic->cpus[0], intid, &n);
    if (!bank || intid < GIC_PRIVATE || (secure_register && (!secure || !gic->two_states)))
        return;
    if (!gic_bank_accessible(gic, bank, n, secure_register, set ? 1 : 2))
        return;
    uint32_t *state = bank->edge >> n & 1 ? &bank->latched : &bank->level;
    if (set)
        *state |= 1u << n;
    else
        *state &= ~(1u << n);
    gic_spi_changed(gic, (intid - GIC_PRIVATE) / 32, 1u << n, false);
}

/* The route of the SPI whose IROUTER is at `offset`. NULL: none, or not for this access. */
static uint64_t *find_route(struct gic *gic, uint64_t offset, bool secure, uint32_t *intid)
{
    unsigned n;
    *intid = (uint32_t)(offset - 0x6000) / 8;
    struct gic_bank *bank = *intid < GIC_PRIVATE ? NULL : gic_find(&gic->cpus[0], *intid, &n);
    return bank && gic_bank_accessible(gic, bank, n, secure, 3) ? &bank->route[n] : NULL;
}

static uint64_t read_route(struct gic *gic, uint64_t offset, unsigned size, bool secure)
{
    uint32_t intid;
    const uint64_t *route = find_route(gic, offset, secure, &intid);
    return route ? gic_part(*route, offset, size) : 0;
}

static void write_route(struct gic *gic, uint64_t offset, unsigned size, bool secure, uint64_t value)
{
    uint32_t intid;
    uint64_t *route = find_route(gic, offset, secure, &intid);
    if (!route)
        return;
    *route = gic_with_part(*route, offset, size, value) & 0xff00ffffffull; /* IRM is RES0 with No1N */
    gic_route_spi(gic, intid - GIC_PRIVATE);
}

static bool is_route(uint64_t offset, unsigned size)
{
    return offset >= 0x6000 && offset < 0x8000 && size >= 4;
}

static bool read_word(const struct gic *gic, uint64_t offset, bool secure, uint64_t *value)
{
    *value = 0;
    if (offset >= 0xffd0) {
        *value = gic_id_register(gic, offset, 0x92);
        return true;
    }
    switch (offset) {
    case 0x0000:
        *value = read_control(gic, secure);
        return true;
    case 0x0004:
        *value = read_type(gic);
        return true;
    case 0x0008:
        *value = GIC_IMPLEMENTER;
        return true;
    case 0x000c:
    case 0x0010:
    case 0x0040:
    case 0x0048:
    case 0x0050:
    case 0x0058:
        return true; /* TYPER2 and STATUSR: not implemented, RES0; SETSPI and CLRSPI: write-only, RAZ */
    default:
        return false;
    }
}

static enum bus_result distributor_read(void *opaque, uint64_t offset, unsigned size, struct bus_attrs attrs,
                                        uint64_t *value)
{
    struct gic *gic = opaque;
    bool secure = gic_access_secure(gic, attrs);
    if (size == 4 && read_word(gic, offset, secure, value))
        return BUS_OK;
    if (is_route(offset, size))
        *value = read_route(gic, offset, size, secure);
    else if (!gic_spi_registers_read(gic, offset, size, secure, value))
        gic_bad_access(gic, "gicd", false, offset, size);
    return BUS_OK;
}

static enum bus_result distributor_write(void *opaque, uint64_t offset, unsigned size, struct bus_attrs attrs,
                                         uint64_t value)
{
    struct gic *gic = opaque;
    bool secure = gic_access_secure(gic, attrs);
    bool message = offset >= 0x40 && offset < 0x60 && !(offset & 7);
    if (size == 4 && offset == 0)
        write_control(gic, secure, (uint32_t)value);
    else if (message && (size == 2 || size == 4))
        write_message(gic, offset, secure, (uint32_t)value);
    else if (is_route(offset, size))
        write_route(gic, offset, size, secure, value);
    else if (!(size == 4 && offset == 0x10) && !gic_spi_registers_write(gic, offset, size, secure, value))
        gic_bad_access(gic, "gicd", true, offset, size);
    return BUS_OK;
}

const struct bus_ops gicv3_distributor_ops = {distributor_read, distributor_write, 1 | 2 | 4 | 8};
