/*
 * GICv2 distributor (GICD), as GIC-400: IHI 0048B section 4.3.
 *
 * 0x000 CTLR, 0x004 TYPER, 0x008 IIDR, 0x080 IGROUPR, 0x100 ISENABLER, 0x180 ICENABLER, 0x200 ISPENDR, 0x280 ICPENDR,
 * 0x300 ISACTIVER, 0x380 ICACTIVER, 0x400 IPRIORITYR, 0x800 ITARGETSR, 0xc00 ICFGR, 0xd00 PPISR, 0xd04 SPISR,
 * 0xe00 NSACR, 0xf00 SGIR, 0xf10 CPENDSGIR, 0xf20 SPENDSGIR, 0xfd0 identification.
 *
 * Registers of SGIs and PPIs are banked: the requester's index selects the copy. IMPLEMENTATION DEFINED choices: SGIs
 * are always enabled; the active state of an SGI is one bit whatever its source; ICFGR of PPIs is writable.
 */
#include "gic/internal.h"

static uint32_t cpu_mask(const struct gic *gic)
{
    return (1u << gic->config.cpus) - 1;
}

static uint32_t read_control(const struct gic *gic, bool secure)
{
    if (secure)
        return gic->gicd_ctlr & (GICD_CTLR_GRP0 | GICD_CTLR_GRP1NS);
    return gic->gicd_ctlr & GICD_CTLR_GRP1NS ? 1 : 0;
}

static void write_control(struct gic *gic, bool secure, uint32_t value)
{
    if (secure)
        gic->gicd_ctlr = value & (GICD_CTLR_GRP0 | GICD_CTLR_GRP1NS);
    else
        gic->gicd_ctlr = (gic->gicd_ctlr & GICD_CTLR_GRP0) | (value & 1 ? GICD_CTLR_GRP1NS : 0);
    gic_groups_changed(gic);
    gic_update_all(gic);
}

static uint32_t read_type(const struct gic *gic)
{
    return gic->spi_banks | (gic->config.cpus - 1) << 5 | (uint32_t)gic->config.security << 10;
}

/* --- SGIs --- */

static void set_sgi_sources(struct gic_cpu_interface *cpu, unsigned sgi, uint8_t sources)
{
    cpu->sgi_sources[sgi] = sources;
    if (sources)
        cpu->private_bank.latched |= 1u << sgi;
    else
        cpu->private_bank.latched &= ~(1u << sgi);
    gic_cpu_update(cpu);
}

/* IHI 0048B table 4-23: which requests of which Security state reach a target of which group. */
static bool sgi_forwarded(const struct gic *gic, const struct gic_cpu_interface *target, unsigned sgi, bool secure,
                          bool nsatt)
{
    bool group1 = target->private_bank.group >> sgi & 1;
    if (!gic->two_states)
        return true;
    return secure ? group1 == nsatt : gic_bank_accessible(gic, &target->private_bank, sgi, false, 1);
}

static void write_sgir(struct gic *gic, unsigned source, bool secure, uint32_t value)
{
    unsigned sgi = value & 15;
    uint32_t targets;
    switch (value >> 24 & 3) {
    case 0:
        targets = value >> 16 & 0xff;
        break;
    case 1:
        targets = ~(1u << source);
        break;
    case 2:
        targets = 1u << source;
        break;
    default:
        log_message(gic->env->log, LOG_GUEST_ERROR, "gicd: SGIR TargetListFilter 3 is reserved; no SGI is sent");
        return;
    }
    for (targets &= cpu_mask(gic); targets; targets &= targets - 1) {
        struct gic_cpu_interface *target = &gic->cpus[__builtin_ctz(targets)];
        if (sgi_forwarded(gic, target, sgi, secure, value >> 15 & 1))
            set_sgi_sources(target, sgi, (uint8_t)(target->sgi_sources[sgi] | 1u << source));
    }
}

/* CPENDSGIR (0xf10) and SPENDSGIR (0xf20): a byte of source CPUs for each SGI. */
static void write_pending_sgi(struct gic_cpu_interface *cpu, uint64_t offset, bool secure, uint8_t sources)
{
    unsigned sgi = offset & 15;
    bool set = offset & 0x20;
    if (!gic_bank_accessible(cpu->gic, &cpu->private_bank, sgi, secure, set ? 1 : 2))
        return;
    uint8_t old = cpu->sgi_sources[sgi];
    sources &= (uint8_t)cpu_mask(cpu->gic);
    set_sgi_sources(cpu, sgi, set ? old | sources : old & (uint8_t)~sources);
}

static uint8_t read_pending_sgi(const struct gic_cpu_interface *cpu, uint64_t offset, bool secure)
{
    unsigned sgi = offset & 15;
    bool visible = gic_bank_accessible(cpu->gic, &cpu->private_bank, sgi, secure, offset & 0x20 ? 1 : 2);
    return visible ? cpu->sgi_sources[sgi] : 0;
}

/* --- targets --- */

static uint8_t read_target(struct gic_cpu_interface *cpu, uint32_t intid, bool secure)
{
    unsigned n;
    struct gic_bank *bank = gic_find(cpu, intid, &n);
    if (!bank || cpu->gic->config.cpus == 1)
        return 0;
    if (!gic_bank_accessible(cpu->gic, bank, n, secure, 3))
        return 0;
    return intid < GIC_PRIVATE ? (uint8_t)(1u << cpu->index) : (uint8_t)bank->route[n];
}

static void write_target(struct gic_cpu_interface *cpu, uint32_t intid, bool secure, uint8_t value)
{
    unsigned n;
    struct gic_bank *bank = gic_find(cpu, intid, &n);
    if (!bank || intid < GIC_PRIVATE || cpu->gic->config.cpus == 1)
        return;
    if (!gic_bank_accessible(cpu->gic, bank, n, secure, 3))
        return;
    bank->route[n] = value & cpu_mask(cpu->gic);
    gic_route_spi(cpu->gic, intid - GIC_PRIVATE);
}

/* PPISR, SPISR: the levels of the input signals. */
static uint32_t read_input_status(struct gic_cpu_interface *cpu, uint64_t offset, bool secure)
{
    const struct gic *gic = cpu->gic;
    unsigned index = (unsigned)(offset - 0xd00) / 4;
    if (index > gic->spi_banks)
        return 0;
    const struct gic_bank *bank = index ? &gic->spi[index - 1] : &cpu->private_bank;
    uint32_t visible = secure ? bank->implemented : bank->implemented & bank->group;
    return index ? bank->level & visible : (bank->level & visible) >> GIC_SGIS;
}

static bool read_word(struct gic_cpu_interface *cpu, uint64_t offset, bool secure, uint64_t *value)
{
    const struct gic *gic = cpu->gic;
    *value = 0;
    if (offset == 0x000)
        *value = read_control(gic, secure);
    else if (offset == 0x004)
        *value = read_type(gic);
    else if (offset == 0x008)
        *value = 0x02000000 | GIC_IMPLEMENTER;
    else if (offset >= 0xd00 && offset < 0xd80)
        *value = read_input_status(cpu, offset, secure);
    else if (offset >= 0xfd0)
        *value = gic_id_register(gic, offset, 0x90);
    else
        return offset == 0xf00; /* SGIR is write-only: RAZ */
    return true;
}

static struct gic_cpu_interface *requester(struct gic *gic, struct bus_attrs attrs)
{
    return attrs.requester < gic->config.cpus ? &gic->cpus[attrs.requester] : NULL;
}

static enum bus_result distributor_read(void *opaque, uint64_t offset, unsigned size, struct bus_attrs attrs,
                                        uint64_t *value)
{
    struct gic *gic = opaque;
    struct gic_cpu_interface *cpu = requester(gic, attrs);
    if (!cpu)
        return BUS_DEVICE_ERROR;
    bool secure = gic_access_secure(gic, attrs);
    if (size == 4 && read_word(cpu, offset, secure, value))
        return BUS_OK;
    if (gic_private_registers_read(cpu, offset, size, secure, value))
        return BUS_OK;
    bool targets = offset >= 0x800 && offset < 0xc00, sgis = offset >= 0xf10 && offset < 0xf30;
    if ((targets || sgis) && size != 2) {
        *value = 0;
        for (unsigned i = 0; i < size; i++) {
            uint64_t at = offset + i;
            uint8_t byte = targets ? read_target(cpu, (uint32_t)at - 0x800, secure) : read_pending_sgi(cpu, at, secure);
            *value |= (uint64_t)byte << 8 * i;
        }
        return BUS_OK;
    }
    if (!gic_spi_registers_read(gic, offset, size, secure, value))
        gic_bad_access(gic, "gicd", false, offset, size);
    return BUS_OK;
}

static enum bus_result distributor_write(void *opaque, uint64_t offset, unsigned size, struct bus_attrs attrs,
                                         uint64_t value)
{
    struct gic *gic = opaque;
    struct gic_cpu_interface *cpu = requester(gic, attrs);
    if (!cpu)
        return BUS_DEVICE_ERROR;
    bool secure = gic_access_secure(gic, attrs);
    bool targets = offset >= 0x800 && offset < 0xc00, sgis = offset >= 0xf10 && offset < 0xf30;
    if (size == 4 && offset == 0x000) {
        write_control(gic, secure, (uint32_t)value);
    } else if (size == 4 && offset == 0xf00) {
        write_sgir(gic, cpu->index, secure, (uint32_t)value);
    } else if ((targets || sgis) && size != 2) {
        for (unsigned i = 0; i < size; i++) {
            uint8_t byte = (uint8_t)(value >> 8 * i);
            if (targets)
                write_target(cpu, (uint32_t)(offset + i) - 0x800, secure, byte);
            else
                write_pending_sgi(cpu, offset + i, secure, byte);
        }
    } else if (offset >= 0xd00 && offset < 0xe00) {
        gic_bad_access(gic, "gicd", true, offset, size); /* PPISR and SPISR are read-only; no IGRPMODR here */
    } else if (!gic_private_registers_write(cpu, offset, size, secure, value) &&
               !gic_spi_registers_write(gic, offset, size, secure, value)) {
        gic_bad_access(gic, "gicd", true, offset, size);
    }
    return BUS_OK;
}

const struct bus_ops gicv2_distributor_ops = {distributor_read, distributor_write, 1 | 2 | 4};
