/* Registers behind which devices stand: the generic timer and the GIC's CPU interface. */
#include "cpu/sysreg_handlers.h"

#include "cpu/traps.h"
#include "devices/generic_timer.h"
#include "gic/gic.h"

/* A PE without the device (unit tests, cores built without one): the registers read as zero. */
static inline bool no_device(const struct pe *pe, const struct sysreg_row *row, const void *device)
{
    if (LIKELY(device))
        return false;
    log_message(pe->env->log, LOG_UNIMPLEMENTED, "PE %u: %s: no device is connected", pe->index, row->name);
    return true;
}

enum sysreg_result sysreg_read_cntpct(struct pe *pe, const struct sysreg_row *row, uint64_t *value)
{
    *value = no_device(pe, row, pe->timer) ? 0 : generic_timer_count(pe->timer);
    return SYSREG_DONE;
}

enum sysreg_result sysreg_read_cntvct(struct pe *pe, const struct sysreg_row *row, uint64_t *value)
{
    if (no_device(pe, row, pe->timer))
        *value = 0;
    else /* the offset doesn't apply to a host hypervisor and its applications */
        *value = in_host(pe) ? generic_timer_count(pe->timer) : generic_timer_read(pe->timer, TIMER_CNTVCT);
    return SYSREG_DONE;
}

enum sysreg_result sysreg_read_cnt(struct pe *pe, const struct sysreg_row *row, uint64_t *value)
{
    if (row->argument >= TIMER_REGISTER_COUNT)
        return SYSREG_UNDEFINED;
    *value = no_device(pe, row, pe->timer) ? 0 : generic_timer_read(pe->timer, (enum timer_register)row->argument);
    return SYSREG_DONE;
}

enum sysreg_result sysreg_write_cnt(struct pe *pe, const struct sysreg_row *row, uint64_t value)
{
    if (row->argument >= TIMER_REGISTER_COUNT)
        return SYSREG_UNDEFINED;
    if (!no_device(pe, row, pe->timer))
        generic_timer_write(pe->timer, (enum timer_register)row->argument, value);
    return SYSREG_DONE;
}

/* CNTKCTL_EL1, CNTHCTL_EL2, CNTVOFF_EL2: the traps read the stored value, the timer needs the event stream and offset. */
static enum sysreg_result store_and_tell(struct pe *pe, const struct sysreg_row *row, enum timer_register reg, uint64_t value)
{
    sysreg_store(pe, row, value);
    if (pe->timer)
        generic_timer_write(pe->timer, reg, pe->sr[row->storage]);
    return SYSREG_DONE;
}

enum sysreg_result sysreg_write_cntkctl(struct pe *pe, const struct sysreg_row *row, uint64_t value)
{
    return store_and_tell(pe, row, TIMER_CNTKCTL, value);
}

enum sysreg_result sysreg_write_cnthctl(struct pe *pe, const struct sysreg_row *row, uint64_t value)
{
    return store_and_tell(pe, row, TIMER_CNTHCTL, value);
}

enum sysreg_result sysreg_write_cntvoff(struct pe *pe, const struct sysreg_row *row, uint64_t value)
{
    return store_and_tell(pe, row, TIMER_CNTVOFF, value);
}

static struct gic_view view_of(const struct pe *pe) { return pe->level[pe->pstate.el].gic; }

enum sysreg_result sysreg_read_icc(struct pe *pe, const struct sysreg_row *row, uint64_t *value)
{
    if (no_device(pe, row, pe->gic)) {
        *value = 0;
        return SYSREG_DONE;
    }
    bool done = gic_icc_read(pe->gic, (enum gic_register)row->argument, view_of(pe), value);
    return done ? SYSREG_DONE : SYSREG_UNDEFINED;
}

enum sysreg_result sysreg_write_icc(struct pe *pe, const struct sysreg_row *row, uint64_t value)
{
    if (no_device(pe, row, pe->gic))
        return SYSREG_DONE;
    bool done = gic_icc_write(pe->gic, (enum gic_register)row->argument, view_of(pe), value);
    return done ? SYSREG_DONE : SYSREG_UNDEFINED;
}

enum sysreg_result sysreg_write_ich_hcr(struct pe *pe, const struct sysreg_row *row, uint64_t value)
{
    enum sysreg_result result = sysreg_write_icc(pe, row, value);
    SR(pe, ICH_HCR_EL2) = pe->gic ? gic_ich_hcr(pe->gic) : value;
    return result;
}

void sysreg_reset_devices(struct pe *pe)
{
    if (pe->timer)
        generic_timer_reset(pe->timer);
    if (pe->gic) {
        gic_pe_reset(pe->gic);
        gic_set_pe_state(pe->gic, pe->pstate.el, !(effective_scr(pe) & SCR_EL3_NS));
    }
}

static bool secure_now(const struct pe *pe) { return !(effective_scr(pe) & SCR_EL3_NS); }

enum sysreg_result sysreg_read_icc_sre_el1(struct pe *pe, const struct sysreg_row *row, uint64_t *value)
{
    *value = secure_now(pe) ? SR(pe, ICC_SRE_EL1_S) : SR(pe, ICC_SRE_EL1);
    return SYSREG_DONE;
}

/* ICC_SRE_EL1 (two instances), _EL2, _EL3: the GIC says what of it can be changed; the traps read the stored value. */
enum sysreg_result sysreg_write_icc_sre(struct pe *pe, const struct sysreg_row *row, uint64_t value)
{
    if (pe->gic) {
        enum gic_register reg = (enum gic_register)row->argument;
        if (!gic_icc_write(pe->gic, reg, view_of(pe), value) || !gic_icc_peek(pe->gic, reg, view_of(pe), &value))
            return SYSREG_UNDEFINED;
    }
    bool secure_instance = row->storage == SR_ICC_SRE_EL1 && secure_now(pe);
    pe->sr[secure_instance ? SR_ICC_SRE_EL1_S : row->storage] = value;
    return SYSREG_DONE;
}
