/*
 * LPIs of a redistributor: configuration and pending tables. IHI 0069 chapter 5.
 *
 * Configuration is cached as a whole when LPIs are enabled and again by INV and INVALL, as the architecture allows;
 * pending state lives here while LPIs are enabled and goes back to the guest's pending table when they are disabled.
 */
#include "gic/internal.h"

#include "libarmsim/fabric/little_endian.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

enum {
    LPI_COUNT = (1 << GIC_LPI_ID_BITS) - GIC_FIRST_LPI,
    LPI_WORDS = LPI_COUNT / 64,
    LPI_SUMMARY = (LPI_WORDS + 63) / 64,
    CONFIG_ENABLE = 1,
    BLOCK = 1024, /* bytes of a table read at a time */
};

struct gic_lpis {
    uint8_t config[LPI_COUNT];
    uint64_t pending[LPI_WORDS];
    /* Derived. */
    uint64_t summary[LPI_SUMMARY];
    struct gic_pending best;
    char name[24];
};

static const struct state_field lpi_fields[] = {
    STATE_ARRAY(struct gic_lpis, config, 0),
    STATE_ARRAY(struct gic_lpis, pending, 0),
};

struct state_section gic_lpi_section(struct gic_cpu_interface *cpu)
{
    return (struct state_section){.name = cpu->lpis->name,
                                  .version = 1,
                                  .fields = lpi_fields,
                                  .field_count = sizeof(lpi_fields) / sizeof(lpi_fields[0]),
                                  .instance = cpu->lpis};
}

static bool enabled(const struct gic_cpu_interface *cpu)
{
    return cpu->gicr_ctlr & 1;
}

/* Number of LPIs that PROPBASER.IDbits leaves. */
static uint32_t lpi_limit(const struct gic_cpu_interface *cpu)
{
    unsigned bits = (unsigned)(cpu->propbaser & 31) + 1;
    if (bits >= GIC_LPI_ID_BITS)
        return LPI_COUNT;
    return bits < 14 ? 0 : (1u << bits) - GIC_FIRST_LPI;
}

static uint16_t lpi_priority(const struct gic_cpu_interface *cpu, uint32_t n)
{
    uint8_t priority = cpu->lpis->config[n] & 0xfc;
    if (cpu->gic->two_states)
        priority = gic_priority_write_non_secure(priority);
    return priority & cpu->gic->priority_mask;
}

static void consider(struct gic_cpu_interface *cpu, uint32_t n)
{
    struct gic_pending *best = &cpu->lpis->best;
    uint32_t intid = GIC_FIRST_LPI + n;
    if (!(cpu->lpis->config[n] & CONFIG_ENABLE))
        return;
    uint16_t priority = lpi_priority(cpu, n);
    if (priority < best->priority || (priority == best->priority && intid < best->intid))
        *best = (struct gic_pending){intid, priority, GIC_GROUP1_NON_SECURE};
}

static void select_best(struct gic_cpu_interface *cpu)
{
    struct gic_lpis *lpis = cpu->lpis;
    lpis->best = (struct gic_pending){GIC_NONE, GIC_NO_PRIORITY, GIC_GROUP1_NON_SECURE};
    if (!enabled(cpu))
        return;
    for (unsigned s = 0; s < LPI_SUMMARY; s++)
        for (uint64_t words = lpis->summary[s]; words; words &= words - 1) {
            unsigned w = 64 * s + (unsigned)__builtin_ctzll(words);
            for (uint64_t bits = lpis->pending[w]; bits; bits &= bits - 1)
                consider(cpu, 64 * w + (unsigned)__builtin_ctzll(bits));
        }
}

struct gic_pending gic_lpi_best(const struct gic_cpu_interface *cpu)
{
    return cpu->lpis->best;
}

static void set_bit(struct gic_lpis *lpis, uint32_t n, bool pending)
{
    uint64_t *word = &lpis->pending[n / 64];
    if (pending)
        *word |= 1ull << n % 64;
    else
        *word &= ~(1ull << n % 64);
    if (*word)
        lpis->summary[n / 4096] |= 1ull << n / 64 % 64;
    else
        lpis->summary[n / 4096] &= ~(1ull << n / 64 % 64);
}

void gic_lpi_set_pending(struct gic_cpu_interface *cpu, uint32_t intid, bool pending)
{
    uint32_t n = intid - GIC_FIRST_LPI;
    if (!cpu->lpis || !enabled(cpu) || intid < GIC_FIRST_LPI || n >= lpi_limit(cpu))
        return;
    set_bit(cpu->lpis, n, pending);
    if (pending)
        consider(cpu, n);
    else if (cpu->lpis->best.intid == intid)
        select_best(cpu);
    gic_cpu_update(cpu);
}

bool gic_lpi_is_pending(const struct gic_cpu_interface *cpu, uint32_t intid)
{
    uint32_t n = intid - GIC_FIRST_LPI;
    return cpu->lpis && intid >= GIC_FIRST_LPI && n < LPI_COUNT && cpu->lpis->pending[n / 64] >> n % 64 & 1;
}

/* --- tables in the guest's memory --- */

static const struct bus_attrs table_attrs = {.pas = PAS_NON_SECURE, .requester = BUS_REQUESTER_DMA};

static void log_table(const struct gic_cpu_interface *cpu, const char *table, uint64_t address)
{
    log_message(cpu->gic->env->log, LOG_GUEST_ERROR, "gicr: PE %u: the LPI %s table at 0x%llx is not in memory",
                cpu->index, table, (unsigned long long)address);
}

static void read_config(struct gic_cpu_interface *cpu, uint32_t first, uint32_t count)
{
    uint64_t base = (cpu->propbaser & 0x000ffffffffff000ull) + first;
    uint8_t *config = &cpu->lpis->config[first];
    if (bus_read_block(cpu->gic->env->bus, base, config, count, table_attrs) != BUS_OK) {
        memset(config, 0, count);
        log_table(cpu, "configuration", base);
    }
}

void gic_lpi_invalidate(struct gic_cpu_interface *cpu, uint32_t intid)
{
    if (!cpu->lpis || !enabled(cpu))
        return;
    uint32_t limit = lpi_limit(cpu), n = intid - GIC_FIRST_LPI;
    if (intid == 0)
        read_config(cpu, 0, limit);
    else if (intid >= GIC_FIRST_LPI && n < limit)
        read_config(cpu, n, 1);
    select_best(cpu);
    gic_cpu_update(cpu);
}

/* The pending table has one bit for each INTID, so the LPIs' begin 1 KiB into it. */
static uint64_t pending_table(const struct gic_cpu_interface *cpu)
{
    return (cpu->pendbaser & 0x000fffffffff0000ull) + GIC_FIRST_LPI / 8;
}

static void load_pending(struct gic_cpu_interface *cpu)
{
    uint8_t block[BLOCK];
    uint32_t bytes = lpi_limit(cpu) / 8;
    for (uint32_t at = 0; at < bytes; at += BLOCK) {
        uint32_t size = bytes - at < BLOCK ? bytes - at : BLOCK;
        if (bus_read_block(cpu->gic->env->bus, pending_table(cpu) + at, block, size, table_attrs) != BUS_OK) {
            log_table(cpu, "pending", pending_table(cpu) + at);
            return;
        }
        for (uint32_t n = 0; n < 8 * size; n++)
            if (block[n / 8] >> n % 8 & 1)
                set_bit(cpu->lpis, 8 * at + n, true);
    }
}

static void store_pending(struct gic_cpu_interface *cpu)
{
    uint8_t block[BLOCK];
    uint32_t bytes = lpi_limit(cpu) / 8;
    for (uint32_t at = 0; at < bytes; at += BLOCK) {
        uint32_t size = bytes - at < BLOCK ? bytes - at : BLOCK;
        for (uint32_t i = 0; i < size; i += 8)
            store_le64(block + i, cpu->lpis->pending[(at + i) / 8]);
        if (bus_write_block(cpu->gic->env->bus, pending_table(cpu) + at, block, size, table_attrs) != BUS_OK) {
            log_table(cpu, "pending", pending_table(cpu) + at);
            return;
        }
    }
}

static void clear_pending(struct gic_lpis *lpis)
{
    memset(lpis->pending, 0, sizeof(lpis->pending));
    memset(lpis->summary, 0, sizeof(lpis->summary));
}

void gic_lpi_enable(struct gic_cpu_interface *cpu)
{
    bool zero = cpu->pendbaser >> 62 & 1; /* PTZ: the guest says the table is all zeros */
    if (enabled(cpu)) {
        clear_pending(cpu->lpis);
        read_config(cpu, 0, lpi_limit(cpu));
        if (!zero)
            load_pending(cpu);
    } else {
        store_pending(cpu);
        clear_pending(cpu->lpis);
    }
    select_best(cpu);
}

void gic_lpi_move_all(struct gic_cpu_interface *from, struct gic_cpu_interface *to)
{
    if (from == to || !enabled(from) || !enabled(to))
        return;
    for (uint32_t n = 0; n < LPI_COUNT; n++)
        if (from->lpis->pending[n / 64] >> n % 64 & 1 && n < lpi_limit(to)) {
            set_bit(from->lpis, n, false);
            set_bit(to->lpis, n, true);
        }
    select_best(from);
    select_best(to);
    gic_cpu_update(from);
    gic_cpu_update(to);
}

int gic_lpi_create(struct gic_cpu_interface *cpu)
{
    cpu->lpis = calloc(1, sizeof(*cpu->lpis));
    if (!cpu->lpis)
        return -ENOMEM;
    static const char prefix[] = "gic.lpi";
    memcpy(cpu->lpis->name, prefix, sizeof(prefix));
    strcpy(cpu->lpis->name + sizeof(prefix) - 1, cpu->name + strlen("gic.cpu"));
    cpu->lpis->best = (struct gic_pending){GIC_NONE, GIC_NO_PRIORITY, GIC_GROUP1_NON_SECURE};
    return 0;
}

void gic_lpi_destroy(struct gic_cpu_interface *cpu)
{
    free(cpu->lpis);
    cpu->lpis = NULL;
}

void gic_lpi_reset(struct gic_cpu_interface *cpu)
{
    struct state_section section = gic_lpi_section(cpu);
    state_reset_section(&section);
    gic_lpi_loaded(cpu);
}

void gic_lpi_loaded(struct gic_cpu_interface *cpu)
{
    struct gic_lpis *lpis = cpu->lpis;
    memset(lpis->summary, 0, sizeof(lpis->summary));
    for (unsigned w = 0; w < LPI_WORDS; w++)
        if (lpis->pending[w])
            lpis->summary[w / 64] |= 1ull << w % 64;
    select_best(cpu);
}
