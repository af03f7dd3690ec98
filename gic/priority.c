#include "gic/priority.h"

uint8_t gic_priority_mask(unsigned bits)
{
    return (uint8_t)(0xff00u >> bits);
}

unsigned gic_preemption_bits(unsigned priority_bits)
{
    return priority_bits < 7 ? priority_bits : 7;
}

uint8_t gic_group_priority_mask(unsigned bpr, enum gic_split split)
{
    return (uint8_t)(0xffu << (split == GIC_SPLIT_BPR0 ? bpr + 1 : bpr));
}

unsigned gic_bpr_minimum(unsigned preemption_bits, enum gic_split split)
{
    return split == GIC_SPLIT_BPR0 ? 7 - preemption_bits : 8 - preemption_bits;
}

unsigned gic_bpr_clamp(unsigned value, unsigned preemption_bits, enum gic_split split)
{
    unsigned minimum = gic_bpr_minimum(preemption_bits, split);
    value &= 7;
    return value < minimum ? minimum : value;
}

unsigned gic_bpr_common_view(unsigned bpr0)
{
    return bpr0 < 7 ? bpr0 + 1 : 7;
}

uint8_t gic_priority_read_non_secure(uint8_t priority)
{
    return (uint8_t)(priority << 1);
}

uint8_t gic_priority_write_non_secure(uint8_t value)
{
    return 0x80 | value >> 1;
}

uint8_t gic_mask_read_non_secure(uint8_t priority)
{
    if (priority == GIC_PRIORITY_IDLE)
        return priority;
    return priority & 0x80 ? (uint8_t)(priority << 1) : 0;
}

uint8_t gic_mask_write_non_secure(uint8_t pmr, uint8_t value)
{
    return pmr & 0x80 ? gic_priority_write_non_secure(value) : pmr;
}

unsigned gic_active_registers(unsigned preemption_bits)
{
    return preemption_bits <= 5 ? 1 : 1u << (preemption_bits - 5);
}

void gic_active_set(struct gic_active *active, unsigned preemption_bits, uint8_t group_priority)
{
    unsigned level = group_priority >> (8 - preemption_bits);
    active->apr[level / 32] |= 1u << level % 32;
}

bool gic_active_drop(struct gic_active *active)
{
    for (unsigned n = 0; n < 4; n++)
        if (active->apr[n]) {
            active->apr[n] &= active->apr[n] - 1;
            return true;
        }
    return false;
}
