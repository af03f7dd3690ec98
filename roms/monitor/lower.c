/* The exception levels below: their state at the start, and what the monitor sees through their eyes. */
#include "monitor.h"

/* SCR_EL3: what is below is Non-secure AArch64, external aborts and FIQs come here, nothing else is withheld. Fields of
 * features that the PE lacks are RES0. */
#define SCR_NS (1ul << 0)
#define SCR_FIQ (1ul << 2)
#define SCR_EA (1ul << 3)
#define SCR_RES1 (3ul << 4)
#define SCR_HCE (1ul << 8)
#define SCR_RW (1ul << 10)
#define SCR_TWE (1ul << 13)
#define SCR_FEATURES (1ul << 16 | 1ul << 17 | 1ul << 25 | 1ul << 26 | 1ul << 27 | 1ul << 28 | 1ul << 38)
#define CPTR_EZ_ESM (1ul << 8 | 1ul << 12)
#define MDCR_BUFFERS_NON_SECURE (3ul << 12 | 3ul << 24)
#define SCTLR_EL1_RES1 0x30d00800ul
#define SCTLR_EL2_RES1 0x30c50830ul
#define SCTLR_EE (1ul << 25)
#define SCTLR_E0E (1ul << 24)

bool have_el2;

static bool has_vhe(void)
{
    return (READ(id_aa64mmfr1_el1) >> 8 & 15) != 0;
}

static void el2_reset(void)
{
    WRITE(hcr_el2, HCR_RW);
    WRITE(sctlr_el2, SCTLR_EL2_RES1);
    WRITE(cptr_el2, 0x33ff);
    WRITE(cnthctl_el2, 3);
    WRITE(cntvoff_el2, 0);
    WRITE(vpidr_el2, READ(midr_el1));
    WRITE(vmpidr_el2, READ(mpidr_el1));
    WRITE(vttbr_el2, 0);
    WRITE(hstr_el2, 0);
    WRITE(mdcr_el2, READ(pmcr_el0) >> 11 & 0x1f);
}

void lower_levels_reset(void)
{
    have_el2 = (READ(id_aa64pfr0_el1) >> 8 & 15) != 0;
    WRITE(scr_el3, SCR_NS | SCR_FIQ | SCR_EA | SCR_RES1 | SCR_RW | SCR_FEATURES | (have_el2 ? SCR_HCE : 0) |
                       (config.wfe_agent ? SCR_TWE : 0));
    WRITE(cptr_el3, CPTR_EZ_ESM);
    WRITE(mdcr_el3, MDCR_BUFFERS_NON_SECURE);
    if (have_el2)
        el2_reset();
    WRITE(sctlr_el1, SCTLR_EL1_RES1);
    ISB();
}

unsigned caller_el(const struct frame *frame)
{
    return frame->spsr >> 2 & 3;
}

u64 caller_sp(const struct frame *frame)
{
    if (!(frame->spsr & PSTATE_SP))
        return READ(sp_el0);
    return caller_el(frame) == 2 ? READ(sp_el2) : READ(sp_el1);
}

void set_caller_sp(const struct frame *frame, u64 value)
{
    if (!(frame->spsr & PSTATE_SP))
        WRITE(sp_el0, value);
    else if (caller_el(frame) == 2)
        WRITE(sp_el2, value);
    else
        WRITE(sp_el1, value);
}

static bool is_host(void)
{
    u64 both = HCR_E2H | HCR_TGE;
    return have_el2 && has_vhe() && (READ(hcr_el2) & both) == both;
}

bool is_host_el0(const struct frame *frame)
{
    return caller_el(frame) == 0 && is_host();
}

bool caller_is_big_endian(const struct frame *frame)
{
    switch (caller_el(frame)) {
    case 0:
        return (is_host_el0(frame) ? READ(sctlr_el2) : READ(sctlr_el1)) & SCTLR_E0E;
    case 1:
        return READ(sctlr_el1) & SCTLR_EE;
    default:
        return READ(sctlr_el2) & SCTLR_EE;
    }
}

/* LDTR and the like at `el` have the permissions of EL0. */
static bool has_el0_permissions(const struct frame *frame, bool unprivileged)
{
    unsigned el = caller_el(frame);
    bool lowered = unprivileged && !(frame->spsr & PSTATE_UAO) && (el == 1 || is_host());
    return el == 0 || lowered;
}

#define AT(operation) __asm__ volatile("at " #operation ", %0" ::"r"(address) : "memory")
#define AT_EITHER(operation)                                                                                           \
    do {                                                                                                               \
        if (write)                                                                                                     \
            AT(operation##w);                                                                                          \
        else                                                                                                           \
            AT(operation##r);                                                                                          \
    } while (0)

static void address_translate(const struct frame *frame, u64 address, bool write, bool as_el0)
{
    bool regime_of_el2 = caller_el(frame) == 2 || is_host_el0(frame);
    if (regime_of_el2 && !as_el0)
        AT_EITHER(s1e2);
    else if (regime_of_el2 || (!have_el2 && as_el0)) /* of a host, S1E0 is EL2&0 */
        AT_EITHER(s1e0);
    else if (!have_el2)
        AT_EITHER(s1e1);
    else if (as_el0)
        AT_EITHER(s12e0);
    else
        AT_EITHER(s12e1);
    ISB();
}

bool caller_translate(const struct frame *frame, u64 address, enum caller_access access, bool unprivileged,
                      u64 *physical)
{
    struct pe *pe = this_pe();
    /* Who has executed an instruction may fetch it, which AT can't ask: whether it may be read is another question. Its
     * privileged level can read all that is mapped. */
    bool as_el0 = access != CALLER_FETCHES && has_el0_permissions(frame, unprivileged);
    u64 before = READ(par_el1);
    pe->translating = true;
    address_translate(frame, address, access == CALLER_WRITES, as_el0);
    bool aborted = !pe->translating;
    pe->translating = false;
    u64 result = READ(par_el1);
    WRITE(par_el1, before);
    if (aborted || result & 1)
        return false;
    *physical = (result & 0x000ffffffffff000ul) | (address & 0xfff);
    return true;
}

void skip_instruction(struct frame *frame)
{
    frame->elr += 4;
    frame->spsr &= ~(PSTATE_SS | PSTATE_BTYPE); /* the step is made; the type was of the next instruction */
}
