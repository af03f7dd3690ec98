/*
 * Registers with one field for each INTID, laid out alike in GICD of GICv2, GICD of GICv3 and the SGI frame of a
 * redistributor; and who may see which field.
 */
#include "gic/internal.h"

bool gic_access_secure(const struct gic *gic, struct bus_attrs attrs)
{
    return attrs.pas == PAS_SECURE || attrs.pas == PAS_ROOT || !gic->two_states;
}

void gic_bad_access(const struct gic *gic, const char *frame, bool write, uint64_t offset, unsigned size)
{
    log_message(gic->env->log, LOG_GUEST_ERROR, "%s: %s of %u bytes at offset 0x%llx: no such register, RAZ/WI", frame,
                write ? "write" : "read", size, (unsigned long long)offset);
}

static unsigned nsacr_field(const struct gic_bank *bank, unsigned n)
{
    return bank->nsacr[n / 16] >> 2 * (n % 16) & 3;
}

bool gic_bank_accessible(const struct gic *gic, const struct gic_bank *bank, unsigned n, bool secure, unsigned nsacr)
{
    if (!(bank->implemented >> n & 1))
        return false;
    if (secure || !gic->two_states || bank->group >> n & 1)
        return true;
    return nsacr_field(bank, n) >= nsacr;
}

/* The INTIDs an access may touch, all at once. */
static uint32_t accessible_bits(const struct gic *gic, const struct gic_bank *bank, bool secure, unsigned nsacr)
{
    if (secure || !gic->two_states)
        return bank->implemented;
    uint32_t bits = bank->group;
    if (bank->nsacr[0] | bank->nsacr[1])
        for (unsigned n = 0; n < 32; n++)
            if (nsacr_field(bank, n) >= nsacr)
                bits |= 1u << n;
    return bits & bank->implemented;
}

/* The least GICD_NSACR value that opens the register of a Secure interrupt to Non-secure accesses; 4: none does. */
static unsigned least_nsacr(enum gic_bit_register reg)
{
    switch (reg) {
    case GIC_ISPENDR:
        return 1;
    case GIC_ICPENDR:
    case GIC_ISACTIVER:
    case GIC_ICACTIVER:
        return 2;
    default:
        return 4;
    }
}

uint32_t gic_bank_read_bits(const struct gic *gic, const struct gic_bank *bank, enum gic_bit_register reg, bool secure)
{
    uint32_t visible = accessible_bits(gic, bank, secure, least_nsacr(reg));
    switch (reg) {
    case GIC_IGROUPR:
        return secure || !gic->two_states ? bank->group : 0;
    case GIC_IGRPMODR:
        return secure && gic->two_states ? bank->group_modifier : 0;
    case GIC_ISENABLER:
    case GIC_ICENABLER:
        return bank->enabled & visible;
    case GIC_ISPENDR:
    case GIC_ICPENDR:
        return gic_bank_pending(bank) & visible;
    case GIC_ISACTIVER:
    case GIC_ICACTIVER:
        return bank->active & visible;
    }
    return 0;
}

void gic_bank_write_bits(const struct gic *gic, struct gic_bank *bank, enum gic_bit_register reg, bool secure,
                         uint32_t value, uint32_t fixed)
{
    uint32_t bits = value & accessible_bits(gic, bank, secure, least_nsacr(reg));
    switch (reg) {
    case GIC_IGROUPR:
        if (secure || !gic->two_states)
            bank->group = value & bank->implemented;
        break;
    case GIC_IGRPMODR:
        if (secure && gic->two_states)
            bank->group_modifier = value & bank->implemented;
        break;
    case GIC_ISENABLER:
        bank->enabled |= bits;
        break;
    case GIC_ICENABLER:
        bank->enabled &= ~(bits & ~fixed);
        break;
    case GIC_ISPENDR:
        bank->latched |= bits & ~fixed;
        break;
    case GIC_ICPENDR:
        bank->latched &= ~(bits & ~fixed);
        break;
    case GIC_ISACTIVER:
        bank->active |= bits;
        break;
    case GIC_ICACTIVER:
        bank->active &= ~bits;
        break;
    }
}

uint8_t gic_bank_read_priority(const struct gic *gic, const struct gic_bank *bank, unsigned n, bool secure)
{
    if (!gic_bank_accessible(gic, bank, n, secure, 4))
        return 0;
    return secure || !gic->two_states ? bank->priority[n] : gic_priority_read_non_secure(bank->priority[n]);
}

void gic_bank_write_priority(const struct gic *gic, struct gic_bank *bank, unsigned n, bool secure, uint8_t value)
{
    if (!gic_bank_accessible(gic, bank, n, secure, 4))
        return;
    if (!secure && gic->two_states)
        value = gic_priority_write_non_secure(value);
    bank->priority[n] = value & gic->priority_mask;
}

uint32_t gic_bank_read_config(const struct gic *gic, const struct gic_bank *bank, unsigned half, bool secure)
{
    uint32_t edge = (bank->edge & accessible_bits(gic, bank, secure, 4)) >> 16 * half, value = 0;
    for (unsigned n = 0; n < 16; n++)
        value |= (edge >> n & 1) << (2 * n + 1);
    return value;
}

void gic_bank_write_config(const struct gic *gic, struct gic_bank *bank, unsigned half, bool secure, uint32_t value)
{
    uint32_t visible = accessible_bits(gic, bank, secure, 4), edge = 0;
    for (unsigned n = 0; n < 16; n++)
        edge |= (value >> (2 * n + 1) & 1) << (n + 16 * half);
    visible &= 0xffffu << 16 * half;
    bank->edge = (bank->edge & ~visible) | (edge & visible);
}

/* The SPI bank whose registers are at this offset within a block of registers of `bits` bits for each INTID. */
static struct gic_bank *spi_bank_at(struct gic *gic, uint64_t block_offset, unsigned bits, unsigned *index)
{
    unsigned bank = (unsigned)(block_offset / (4 * bits));
    if (bank == 0 || bank > gic->spi_banks)
        return NULL;
    *index = bank - 1;
    return &gic->spi[bank - 1];
}

static bool is_bit_register(uint64_t offset)
{
    return (offset >= 0x080 && offset < 0x400) || (offset >= 0xd00 && offset < 0xd80);
}

bool gic_spi_registers_read(struct gic *gic, uint64_t offset, unsigned size, bool secure, uint64_t *value)
{
    unsigned index;
    *value = 0;
    if (offset >= 0x400 && offset < 0x800 && size <= 4) { /* IPRIORITYR */
        struct gic_bank *bank = spi_bank_at(gic, offset - 0x400, 8, &index);
        for (unsigned i = 0; bank && i < size; i++)
            *value |= (uint64_t)gic_bank_read_priority(gic, bank, (offset + i) % 32, secure) << 8 * i;
        return true;
    }
    if (size != 4)
        return false;
    if (is_bit_register(offset)) {
        struct gic_bank *bank = spi_bank_at(gic, offset & 0x7f, 1, &index);
        if (bank)
            *value = gic_bank_read_bits(gic, bank, (enum gic_bit_register)(offset >> 7), secure);
        return true;
    }
    if (offset >= 0xc00 && offset < 0xd00) { /* ICFGR */
        struct gic_bank *bank = spi_bank_at(gic, offset - 0xc00, 2, &index);
        if (bank)
            *value = gic_bank_read_config(gic, bank, offset >> 2 & 1, secure);
        return true;
    }
    if (offset >= 0xe00 && offset < 0xf00) { /* NSACR */
        struct gic_bank *bank = spi_bank_at(gic, offset - 0xe00, 2, &index);
        if (bank && secure && gic->two_states)
            *value = bank->nsacr[offset >> 2 & 1];
        return true;
    }
    return false;
}

bool gic_spi_registers_write(struct gic *gic, uint64_t offset, unsigned size, bool secure, uint64_t value)
{
    unsigned index;
    struct gic_bank *bank;
    if (offset >= 0x400 && offset < 0x800 && size <= 4) {
        bank = spi_bank_at(gic, offset - 0x400, 8, &index);
        for (unsigned i = 0; bank && i < size; i++)
            gic_bank_write_priority(gic, bank, (offset + i) % 32, secure, (uint8_t)(value >> 8 * i));
    } else if (size != 4) {
        return false;
    } else if (is_bit_register(offset)) {
        bank = spi_bank_at(gic, offset & 0x7f, 1, &index);
        if (bank)
            gic_bank_write_bits(gic, bank, (enum gic_bit_register)(offset >> 7), secure, (uint32_t)value, 0);
    } else if (offset >= 0xc00 && offset < 0xd00) {
        bank = spi_bank_at(gic, offset - 0xc00, 2, &index);
        if (bank)
            gic_bank_write_config(gic, bank, offset >> 2 & 1, secure, (uint32_t)value);
    } else if (offset >= 0xe00 && offset < 0xf00) {
        bank = spi_bank_at(gic, offset - 0xe00, 2, &index);
        if (bank && secure && gic->two_states)
            bank->nsacr[offset >> 2 & 1] = (uint32_t)value;
    } else {
        return false;
    }
    if (bank)
        gic_spi_changed(gic, index, UINT32_MAX, true);
    return true;
}

/* SGIs and PPIs: GICD in GICv2, the SGI frame of a redistributor in GICv3. */

static bool is_private_bit_register(const struct gic *gic, uint64_t offset)
{
    return (offset >= 0x080 && offset < 0x400 && !(offset & 0x7f)) || (offset == 0xd00 && gic->config.version == 3);
}

static bool is_private_nsacr(const struct gic *gic, uint64_t offset)
{
    return offset == 0xe00 || (offset == 0xe04 && gic->config.version == 2);
}

bool gic_private_registers_read(struct gic_cpu_interface *cpu, uint64_t offset, unsigned size, bool secure,
                                uint64_t *value)
{
    const struct gic *gic = cpu->gic;
    const struct gic_bank *bank = &cpu->private_bank;
    *value = 0;
    if (offset >= 0x400 && offset < 0x420 && size <= 4) {
        for (unsigned i = 0; i < size; i++)
            *value |= (uint64_t)gic_bank_read_priority(gic, bank, (offset + i) & 31, secure) << 8 * i;
        return true;
    }
    if (size != 4)
        return false;
    if (is_private_bit_register(gic, offset)) {
        *value = gic_bank_read_bits(gic, bank, (enum gic_bit_register)(offset >> 7), secure);
    } else if (offset == 0xc00 || offset == 0xc04) {
        *value = gic_bank_read_config(gic, bank, offset >> 2 & 1, secure);
    } else if (is_private_nsacr(gic, offset)) {
        if (secure && gic->two_states)
            *value = bank->nsacr[offset >> 2 & 1];
    } else {
        return false;
    }
    return true;
}

bool gic_private_registers_write(struct gic_cpu_interface *cpu, uint64_t offset, unsigned size, bool secure,
                                 uint64_t value)
{
    const struct gic *gic = cpu->gic;
    struct gic_bank *bank = &cpu->private_bank;
    if (offset >= 0x400 && offset < 0x420 && size <= 4) {
        for (unsigned i = 0; i < size; i++)
            gic_bank_write_priority(gic, bank, (offset + i) & 31, secure, (uint8_t)(value >> 8 * i));
    } else if (size != 4) {
        return false;
    } else if (is_private_bit_register(gic, offset)) {
        /* In GICv2 an SGI's pending state is in its sources, and its enable is fixed. */
        uint32_t fixed = gic->config.version == 2 ? 0xffff : 0;
        gic_bank_write_bits(gic, bank, (enum gic_bit_register)(offset >> 7), secure, (uint32_t)value, fixed);
    } else if (offset == 0xc00) {
        return true; /* SGIs are edge-triggered */
    } else if (offset == 0xc04) {
        gic_bank_write_config(gic, bank, 1, secure, (uint32_t)value);
    } else if (is_private_nsacr(gic, offset)) {
        if (secure && gic->two_states)
            bank->nsacr[offset >> 2 & 1] = (uint32_t)value;
    } else {
        return false;
    }
    gic_cpu_update(cpu);
    return true;
}

uint32_t gic_id_register(const struct gic *gic, uint64_t offset, uint8_t part)
{
    /* PIDR4-7, PIDR0-3, CIDR0-3, one byte in each word. */
    const uint8_t ids[12] = {
        0x44, 0x00, 0x00, 0x00, part, 0xb4, gic->config.version == 2 ? 0x2b : 0x3b, 0x00, 0x0d, 0xf0, 0x05, 0xb1,
    };
    unsigned index = (unsigned)(offset & 0x3f) / 4;
    return index >= 4 ? ids[index - 4] : 0;
}
