/*
 * The priority rules of the GIC, once and pure: GICv2, GICv3 and the virtual CPU interface share them.
 * IHI 0069 section 4.8 ("Interrupt prioritization"); IHI 0048 section 3.3 says the same for GICv2.
 *
 * A priority is always held as the 8-bit value of the Secure view: 0 is the highest. Unimplemented low bits are 0.
 */
#ifndef ARMSIM_GIC_PRIORITY_H
#define ARMSIM_GIC_PRIORITY_H

#include <stdbool.h>
#include <stdint.h>

#define GIC_PRIORITY_IDLE 0xffu /* running priority when no interrupt is active */

/* Interrupt groups. With one Security state, Group 1 is GIC_GROUP1_NON_SECURE. */
enum gic_group { GIC_GROUP0, GIC_GROUP1_SECURE, GIC_GROUP1_NON_SECURE, GIC_GROUP_COUNT };

/*
 * How a Binary Point Register divides the priority: bits [7:BPR+1] are the group priority for BPR0 (and the Secure
 * copy of BPR1), bits [7:BPR] for the Non-secure copy of BPR1, GICC_ABPR and ICV_BPR1.
 */
enum gic_split { GIC_SPLIT_BPR0, GIC_SPLIT_BPR1 };

/* The implemented bits of a priority field of `bits` bits (4 to 8). */
uint8_t gic_priority_mask(unsigned bits);
/* Bits of a priority that take part in preemption: at most 7. */
unsigned gic_preemption_bits(unsigned priority_bits);

/* The mask that selects the group priority. */
uint8_t gic_group_priority_mask(unsigned bpr, enum gic_split split);
/* The smallest value a BPR holds; writes of less set it to this. */
unsigned gic_bpr_minimum(unsigned preemption_bits, enum gic_split split);
unsigned gic_bpr_clamp(unsigned value, unsigned preemption_bits, enum gic_split split);
/* BPR1 as read when CBPR makes BPR0 common: BPR0 + 1, saturated to 7. */
unsigned gic_bpr_common_view(unsigned bpr0);

/* GICD_IPRIORITYR fields of Non-secure Group 1 interrupts, as a Non-secure access sees them. */
uint8_t gic_priority_read_non_secure(uint8_t priority);
uint8_t gic_priority_write_non_secure(uint8_t value);
/* PMR and RPR as a Non-secure access sees them: the Secure half reads as 0, idle stays idle. */
uint8_t gic_mask_read_non_secure(uint8_t priority);
/* The new PMR after a Non-secure write of `value`: no effect while the PMR is in the Secure half. */
uint8_t gic_mask_write_non_secure(uint8_t pmr, uint8_t value);

/* Active priorities: bit n of the 128 is the preemption level n. Laid out as AP0R0..AP0R3. */
struct gic_active {
    uint32_t apr[4];
};

/* How many of apr[] exist for this many preemption bits: 1, 2 or 4. */
unsigned gic_active_registers(unsigned preemption_bits);
void gic_active_set(struct gic_active *active, unsigned preemption_bits, uint8_t group_priority);
/* The highest active priority, GIC_PRIORITY_IDLE if there is none. */
static inline uint8_t gic_active_highest(const struct gic_active *active, unsigned preemption_bits)
{
    for (unsigned n = 0; n < 4; n++)
        if (active->apr[n])
            return (uint8_t)((n * 32 + (unsigned)__builtin_ctz(active->apr[n])) << (8 - preemption_bits));
    return GIC_PRIORITY_IDLE;
}
/* Priority drop: clears the highest active priority. False: there was none. */
bool gic_active_drop(struct gic_active *active);

/* Whether an interrupt of `priority` passes the mask and preempts what runs. */
static inline bool gic_preempts(uint8_t priority, uint8_t pmr, uint8_t running, uint8_t group_mask)
{
    return priority < pmr && (running == GIC_PRIORITY_IDLE || (priority & group_mask) < running);
}

#endif
