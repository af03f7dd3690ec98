/*
 * Creating a GIC, its inputs and its state. What happens between an input and a PE's pin is in pending.c; the frames
 * and registers are in gicv2_*.c and gicv3_*.c.
 */
#include "devices/fdt_writer.h"
#include "gic/internal.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { SECTION_VERSION = 1 };

static const struct state_field distributor_fields[] = {
    STATE_FIELD(struct gic, gicd_ctlr, 0),
};

#define BANK_FIELDS(type, prefix)                                                                                      \
    STATE_FIELD(type, prefix group, 0), STATE_FIELD(type, prefix group_modifier, 0),                                   \
        STATE_FIELD(type, prefix enabled, 0), STATE_FIELD(type, prefix latched, 0),                                    \
        STATE_FIELD(type, prefix active, 0), STATE_FIELD(type, prefix edge, 0), STATE_ARRAY(type, prefix nsacr, 0),    \
        STATE_ARRAY(type, prefix priority, 0), STATE_KEPT(type, prefix level)

static const struct state_field spi_bank_fields[] = {
    BANK_FIELDS(struct gic_bank, ),
    STATE_ARRAY(struct gic_bank, route, 0),
};

/* The CPU interface and the virtual interface. */
#define INTERFACE_FIELDS                                                                                               \
    STATE_FIELD(struct gic_cpu_interface, pmr, 0), STATE_FIELD_MAX(struct gic_cpu_interface, bpr0, 0, 7),                     \
        STATE_ARRAY_MAX(struct gic_cpu_interface, bpr1, 0, 7),                                                                \
        STATE_ARRAY(struct gic_cpu_interface, active[GIC_GROUP0].apr, 0),                                              \
        STATE_ARRAY(struct gic_cpu_interface, active[GIC_GROUP1_SECURE].apr, 0),                                       \
        STATE_ARRAY(struct gic_cpu_interface, active[GIC_GROUP1_NON_SECURE].apr, 0),                                   \
        STATE_ARRAY(struct gic_cpu_interface, ctlr, 0), STATE_FIELD(struct gic_cpu_interface, ctlr_el3, 0),            \
        STATE_FIELD(struct gic_cpu_interface, igrpen0, 0), STATE_ARRAY(struct gic_cpu_interface, igrpen1, 0),          \
        STATE_ARRAY(struct gic_cpu_interface, sre_enable, 1), STATE_FIELD(struct gic_cpu_interface, virt.hcr, 0),      \
        STATE_FIELD(struct gic_cpu_interface, virt.vmcr, 0),                                                           \
        STATE_ARRAY(struct gic_cpu_interface, virt.active[0].apr, 0),                                                  \
        STATE_ARRAY(struct gic_cpu_interface, virt.active[1].apr, 0),                                                  \
        STATE_ARRAY(struct gic_cpu_interface, virt.lr, 0)

static const struct state_field interface_fields[] = {INTERFACE_FIELDS};

static const struct state_field cpu_fields[] = {
    BANK_FIELDS(struct gic_cpu_interface, private_bank.),
    STATE_ARRAY(struct gic_cpu_interface, sgi_sources, 0),
    INTERFACE_FIELDS,
    STATE_FIELD(struct gic_cpu_interface, gicr_ctlr, 0),
    STATE_FIELD(struct gic_cpu_interface, waker, 0),
    STATE_FIELD(struct gic_cpu_interface, propbaser, 0),
    STATE_FIELD(struct gic_cpu_interface, pendbaser, 0),
    /* The PE tells these again by gic_set_pe_state(). */
    STATE_KEPT(struct gic_cpu_interface, el3),
    STATE_KEPT(struct gic_cpu_interface, secure),
};

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

/* Order of the sections: distributor, SPI banks, PEs, then LPIs of each PE and the ITS where they exist. */
size_t gic_section_count(const struct gic *gic)
{
    return 1 + gic->spi_banks + gic->config.cpus + (gic->its ? gic->config.cpus + 1 : 0);
}

static struct state_section section(const char *name, const struct state_field *fields, size_t count, void *instance)
{
    return (struct state_section){
        .name = name, .version = SECTION_VERSION, .fields = fields, .field_count = count, .instance = instance};
}

struct state_section gic_section(struct gic *gic, size_t index)
{
    if (index == 0)
        return section("gic", distributor_fields, COUNT(distributor_fields), gic);
    index -= 1;
    if (index < gic->spi_banks)
        return section(gic->spi_names[index], spi_bank_fields, COUNT(spi_bank_fields), &gic->spi[index]);
    index -= gic->spi_banks;
    if (index < gic->config.cpus)
        return section(gic->cpus[index].name, cpu_fields, COUNT(cpu_fields), &gic->cpus[index]);
    index -= gic->config.cpus;
    return index < gic->config.cpus ? gic_lpi_section(&gic->cpus[index]) : gic_its_section(gic);
}

static void recompute(struct gic *gic)
{
    gic_groups_changed(gic);
    for (unsigned i = 0; i < gic->config.cpus; i++) {
        gic_cpu_masks_changed(&gic->cpus[i]);
        gic_running_changed(&gic->cpus[i]);
    }
    for (unsigned spi = 0; spi < 32 * gic->spi_banks; spi++)
        gic_route_spi(gic, spi);
    gic_update_all(gic);
    for (unsigned i = 0; i < gic->config.cpus; i++)
        gic_virtual_update(&gic->cpus[i]);
}

/* What a reset leaves in the CPU interface beyond the fields' own reset values. */
static void reset_interface(struct gic_cpu_interface *cpu)
{
    const struct gic *gic = cpu->gic;
    cpu->bpr0 = (uint8_t)gic_bpr_minimum(gic->preemption_bits, GIC_SPLIT_BPR0);
    cpu->bpr1[0] = (uint8_t)gic_bpr_minimum(gic->preemption_bits, GIC_SPLIT_BPR1);
    cpu->bpr1[1] = (uint8_t)gic_bpr_minimum(gic->preemption_bits, GIC_SPLIT_BPR0);
    gic_virtual_reset(cpu);
}

static void reset_cpu(struct gic_cpu_interface *cpu)
{
    const struct gic *gic = cpu->gic;
    reset_interface(cpu);
    cpu->private_bank.edge = 0xffff; /* SGIs */
    if (gic->config.version == 2)
        cpu->private_bank.enabled = 0xffff; /* as GIC-400: SGIs are always enabled */
    else
        cpu->waker = !gic->config.awake_at_reset;
    if (cpu->lpis)
        gic_lpi_reset(cpu);
}

void gic_reset(struct gic *gic)
{
    size_t own = 1 + gic->spi_banks + gic->config.cpus;
    for (size_t i = 0; i < own; i++) {
        struct state_section section = gic_section(gic, i);
        state_reset_section(&section);
    }
    if (gic->config.version == 3)
        gic->gicd_ctlr = gic->config.security && !gic->config.single_security ? GICD_CTLR_ARE_S | GICD_CTLR_ARE_NS
                                                                              : GICD_CTLR_ARE_S | GICD_CTLR_DS;
    for (unsigned i = 0; i < gic->config.cpus; i++)
        reset_cpu(&gic->cpus[i]);
    if (gic->its)
        gic_its_reset(gic);
    recompute(gic);
}

/* In GICv3 the CPU interface is the PE's and its redistributor is not; in GICv2 neither is. */
void gic_pe_reset(struct gic_cpu_interface *cpu)
{
    if (cpu->gic->config.version != 3)
        return;
    struct state_section section = gic_section(cpu->gic, 1 + cpu->gic->spi_banks + cpu->index);
    section.fields = interface_fields;
    section.field_count = COUNT(interface_fields);
    state_reset_section(&section);
    reset_interface(cpu);
    gic_cpu_masks_changed(cpu);
    gic_running_changed(cpu);
    gic_groups_changed(cpu->gic);
    gic_cpu_update(cpu);
    gic_virtual_update(cpu);
}

/* The levels of the input lines are those that the banks have seen. */
static void load_lines(struct gic *gic)
{
    for (unsigned n = 0; n < 32 * gic->spi_banks; n++)
        gic->spi_lines[n].level = gic->spi[n / 32].level >> n % 32 & 1;
    for (unsigned i = 0; i < gic->config.cpus; i++)
        for (unsigned n = 0; n < GIC_PRIVATE - GIC_SGIS; n++)
            gic->cpus[i].ppi[n].level = gic->cpus[i].private_bank.level >> (GIC_SGIS + n) & 1;
}

void gic_loaded(struct gic *gic)
{
    load_lines(gic);
    for (unsigned i = 0; i < gic->config.cpus; i++)
        if (gic->cpus[i].lpis)
            gic_lpi_loaded(&gic->cpus[i]);
    recompute(gic);
}

/* --- inputs --- */

static void set_bank_level(struct gic_bank *bank, uint32_t bit, bool level)
{
    if (level) {
        bank->level |= bit;
        bank->latched |= bit & bank->edge;
    } else {
        bank->level &= ~bit;
    }
}

static void set_spi(void *opaque, unsigned number, bool level)
{
    struct gic *gic = opaque;
    set_bank_level(&gic->spi[number / 32], 1u << number % 32, level);
    gic_spi_changed(gic, number / 32, 1u << number % 32, false);
}

static void set_ppi(void *opaque, unsigned number, bool level)
{
    struct gic_cpu_interface *cpu = opaque;
    set_bank_level(&cpu->private_bank, 1u << number, level);
    if (level)
        gic_cpu_candidate(cpu, &cpu->private_bank, number);
    else if (cpu->best.intid == number)
        gic_cpu_update(cpu);
}

void gic_set_spi_latch(struct gic *gic, uint32_t intid, bool set)
{
    unsigned n;
    struct gic_bank *bank = gic_find(&gic->cpus[0], intid, &n);
    if (!bank || intid < GIC_PRIVATE)
        return;
    if (set)
        bank->latched |= 1u << n;
    else
        bank->latched &= ~(1u << n);
    gic_spi_changed(gic, (intid - GIC_PRIVATE) / 32, 1u << n, false);
}

struct irq_line *gic_spi(struct gic *gic, unsigned n)
{
    return n < 32 * gic->spi_banks && gic->spi[n / 32].implemented >> n % 32 & 1 ? &gic->spi_lines[n] : NULL;
}

struct irq_line *gic_ppi(struct gic *gic, unsigned cpu, unsigned n)
{
    return cpu < gic->config.cpus && n < GIC_PRIVATE - GIC_SGIS ? &gic->cpus[cpu].ppi[n] : NULL;
}

struct gic_cpu_interface *gic_cpu_interface(struct gic *gic, unsigned cpu)
{
    return cpu < gic->config.cpus ? &gic->cpus[cpu] : NULL;
}

void gic_connect(struct gic_cpu_interface *cpu, struct irq_line *irq, struct irq_line *fiq, struct irq_line *virq,
                 struct irq_line *vfiq)
{
    cpu->irq = irq;
    cpu->fiq = fiq;
    cpu->virq = virq;
    cpu->vfiq = vfiq;
    gic_cpu_signal(cpu);
    gic_virtual_update(cpu);
}

const struct gic_config *gic_config(const struct gic *gic)
{
    return &gic->config;
}

uint32_t gic_phandle(const struct gic *gic)
{
    return gic->config.phandle;
}

/* --- affinity --- */

static const struct gic_cluster *find_cluster(const struct gic *gic, uint32_t key)
{
    for (unsigned i = 0; i < gic->cluster_count; i++)
        if (gic->clusters[i].key == key)
            return &gic->clusters[i];
    return NULL;
}

int gic_find_affinity(const struct gic *gic, uint32_t affinity)
{
    const struct gic_cluster *cluster = find_cluster(gic, affinity >> 4);
    return cluster ? cluster->cpu[affinity & 15] : -1;
}

static bool add_to_cluster(struct gic *gic, struct gic_cpu_interface *cpu)
{
    uint32_t affinity = (uint32_t)cpu->affinity;
    struct gic_cluster *cluster = (struct gic_cluster *)find_cluster(gic, affinity >> 4);
    if (!cluster) {
        cluster = &gic->clusters[gic->cluster_count++];
        cluster->key = affinity >> 4;
        memset(cluster->cpu, 0xff, sizeof(cluster->cpu));
    }
    if (cluster->cpu[affinity & 15] >= 0)
        return false; /* two PEs with one affinity */
    cluster->cpu[affinity & 15] = (int16_t)cpu->index;
    return true;
}

/* --- creation --- */

static void fill_defaults(struct gic_config *config)
{
#define DEFAULT(field, value) config->field = config->field ? config->field : (value)
    DEFAULT(spis, 256);
    DEFAULT(priority_bits, 5);
    DEFAULT(virtual_priority_bits, 5);
    DEFAULT(list_registers, 4);
    DEFAULT(maintenance_intid, 25);
    DEFAULT(distributor_base, 0x08000000);
    DEFAULT(cpu_base, 0x08010000);
    DEFAULT(hypervisor_base, 0x08030000);
    DEFAULT(virtual_cpu_base, 0x08040000);
    DEFAULT(its_base, 0x08080000);
    DEFAULT(redistributor_base, 0x080a0000);
    DEFAULT(phandle, FDT_PHANDLE_GIC);
#undef DEFAULT
}

static bool config_valid(const struct gic_config *config)
{
    bool spis = config->spis <= GIC_MAX_SPIS && (config->spis % 32 == 0 || config->spis == GIC_MAX_SPIS);
    bool version = config->version == 2 || config->version == 3;
    /* GICH_LR holds 5 bits of priority. */
    unsigned most_virtual = config->version == 2 ? 5 : 8;
    if (config->single_security && (config->version != 3 || !config->security))
        return false;
    return version && spis && config->cpus >= 1 && config->cpus <= (config->version == 2 ? GIC_V2_MAX_CPUS : 512u) &&
           config->priority_bits >= (config->security && !config->single_security ? 5u : 4u) && config->priority_bits <= 8 &&
           config->virtual_priority_bits >= 5 && config->virtual_priority_bits <= most_virtual &&
           config->list_registers <= GIC_MAX_LIST_REGISTERS && config->maintenance_intid >= GIC_SGIS &&
           config->maintenance_intid < GIC_PRIVATE && config->distributor_base % 0x1000 == 0 &&
           (config->version == 3 ? !config->msi_spis : !config->its) && config->msi_spis <= config->spis &&
           config->msi_first_spi <= config->spis - config->msi_spis;
}

static int create_cpu(struct gic *gic, unsigned index)
{
    struct gic_cpu_interface *cpu = &gic->cpus[index];
    cpu->gic = gic;
    cpu->index = index;
    cpu->private_bank.implemented = UINT32_MAX;
    uint64_t mpidr = gic->config.affinity ? gic->config.affinity[index] : index % 16 + (uint64_t)(index / 16) * 256;
    cpu->affinity = (mpidr & 0xffffff) | (mpidr >> 8 & 0xff000000);
    cpu->secure = gic->config.security;
    cpu->el3 = gic->config.security;
    snprintf(cpu->name, sizeof(cpu->name), "gic.cpu%u", index);
    for (unsigned n = 0; n < GIC_PRIVATE - GIC_SGIS; n++)
        cpu->ppi[n] = (struct irq_line){set_ppi, cpu, GIC_SGIS + n, false};
    if (!add_to_cluster(gic, cpu))
        return -EINVAL;
    return gic->config.its ? gic_lpi_create(cpu) : 0;
}

static int allocate(struct gic *gic)
{
    const struct gic_config *config = &gic->config;
    gic->spi_banks = (config->spis + 31) / 32;
    /* One more than needed, so that nothing is of size 0. */
    gic->spi = calloc(gic->spi_banks + 1, sizeof(*gic->spi));
    gic->targets = calloc((size_t)(gic->spi_banks + 1) * config->cpus, sizeof(*gic->targets));
    gic->spi_lines = calloc(32 * (gic->spi_banks + 1), sizeof(*gic->spi_lines));
    gic->spi_names = calloc(gic->spi_banks + 1, sizeof(*gic->spi_names));
    gic->clusters = calloc(config->cpus, sizeof(*gic->clusters));
    gic->cpus = calloc(config->cpus, sizeof(*gic->cpus));
    if (!gic->spi || !gic->targets || !gic->spi_lines || !gic->spi_names || !gic->clusters || !gic->cpus)
        return -ENOMEM;
    for (unsigned b = 0; b < gic->spi_banks; b++) {
        unsigned left = config->spis - 32 * b;
        gic->spi[b].implemented = left >= 32 ? UINT32_MAX : (1u << left) - 1;
        snprintf(gic->spi_names[b], sizeof(gic->spi_names[b]), "gic.spi%u", b);
    }
    for (unsigned n = 0; n < 32 * gic->spi_banks; n++)
        gic->spi_lines[n] = (struct irq_line){set_spi, gic, n, false};
    return 0;
}

struct frame {
    const char *name;
    uint64_t base, size;
    const struct bus_ops *ops;
    void *opaque;
};

static int attach(struct gic *gic)
{
    const struct gic_config *config = &gic->config;
    struct frame frames[4];
    unsigned count = 0;
    if (config->version == 2) {
        frames[count++] = (struct frame){"gicd", config->distributor_base, 0x1000, &gicv2_distributor_ops, gic};
        frames[count++] = (struct frame){"gicc", config->cpu_base, 0x2000, &gicv2_cpu_ops, gic};
        if (config->virtualization) {
            frames[count++] = (struct frame){"gich", config->hypervisor_base, 0x2000, &gicv2_hypervisor_ops, gic};
            frames[count++] = (struct frame){"gicv", config->virtual_cpu_base, 0x2000, &gicv2_virtual_cpu_ops, gic};
        }
    } else {
        frames[count++] = (struct frame){"gicd", config->distributor_base, 0x10000, &gicv3_distributor_ops, gic};
        for (unsigned i = 0; i < 2 && gic->redistributors[i].count; i++)
            frames[count++] = (struct frame){
                i ? "gicr1" : "gicr", i ? config->redistributor_high_base : config->redistributor_base,
                0x20000ull * gic->redistributors[i].count, &gicv3_redistributor_ops, &gic->redistributors[i]};
    }
    for (unsigned i = 0; i < count; i++) {
        int error = bus_add_mmio(gic->env->bus, frames[i].name, frames[i].base, frames[i].size, PAS_MASK_BOTH,
                                 frames[i].ops, frames[i].opaque, NULL);
        if (error)
            return error;
    }
    if (config->msi_spis)
        return gicv2m_create(gic);
    return config->its ? gic_its_create(gic) : 0;
}

static int create(struct gic *gic, const struct gic_config *config, const struct device_env *env)
{
    gic->config = *config;
    fill_defaults(&gic->config);
    if (!config_valid(&gic->config))
        return -EINVAL;
    gic->env = env;
    gic->priority_mask = gic_priority_mask(gic->config.priority_bits);
    gic->preemption_bits = gic_preemption_bits(gic->config.priority_bits);
    gic->virtual_preemption_bits = gic_preemption_bits(gic->config.virtual_priority_bits);
    unsigned cpus = gic->config.cpus, low = gic->config.redistributor_count;
    low = low && low < cpus ? low : cpus;
    gic->redistributors[0] = (struct gic_redistributor_region){gic, 0, low};
    gic->redistributors[1] = (struct gic_redistributor_region){gic, low, cpus - low};
    int error = allocate(gic);
    for (unsigned i = 0; !error && i < gic->config.cpus; i++)
        error = create_cpu(gic, i);
    for (unsigned i = 0; !error && i < gic->config.cpus; i++)
        gic->range_selector |= (gic->cpus[i].affinity & 0xff) >= 16;
    gic->config.affinity = NULL; /* the caller's; each PE has its own copy now */
    return error ? error : attach(gic);
}

struct gic *gic_create(const struct gic_config *config, const struct device_env *env, int *error)
{
    struct gic *gic = calloc(1, sizeof(*gic));
    int result = gic ? create(gic, config, env) : -ENOMEM;
    if (error)
        *error = result;
    if (result) {
        gic_destroy(gic);
        return NULL;
    }
    gic_reset(gic);
    return gic;
}

void gic_destroy(struct gic *gic)
{
    if (!gic)
        return;
    for (unsigned i = 0; gic->cpus && i < gic->config.cpus; i++)
        gic_lpi_destroy(&gic->cpus[i]);
    gic_its_destroy(gic);
    free(gic->cpus);
    free(gic->clusters);
    free(gic->spi_names);
    free(gic->spi_lines);
    free(gic->targets);
    free(gic->spi);
    free(gic);
}
