/* Debug registers: control, OS lock, claim tags, authentication. */
#include "cpu/sysreg_handlers.h"

#define OSLSR_OSLK (1ull << 1)

/* MDSCR_EL1: the external debugger's view of the DCC and of traps is writable while the OS lock is set. */
enum sysreg_result sysreg_write_mdscr(struct pe *pe, const struct sysreg_row *row, uint64_t value)
{
    const uint64_t own = 1ull << 0 | 1ull << 12 | 1ull << 13 | 1ull << 15;                         /* SS TDCC KDE MDE */
    const uint64_t saved = 1ull << 6 | 1ull << 14 | 1ull << 21 | 3ull << 22 | 0xfull << 26 | 3ull << 29; /* ERR HDE TDA INTdis TX RX */
    uint64_t writable = SR(pe, OSLSR_EL1) & OSLSR_OSLK ? own | saved : own;
    writable &= ~(3ull << 24 | 1ull << 28);
    SR(pe, MDSCR_EL1) = (value & writable) | (SR(pe, MDSCR_EL1) & ~writable);
    return SYSREG_DONE;
}

enum sysreg_result sysreg_write_oslar(struct pe *pe, const struct sysreg_row *row, uint64_t value)
{
    SR(pe, OSLSR_EL1) = (SR(pe, OSLSR_EL1) & ~OSLSR_OSLK) | (value & 1 ? OSLSR_OSLK : 0);
    return SYSREG_DONE;
}

enum sysreg_result sysreg_write_osdlr(struct pe *pe, const struct sysreg_row *row, uint64_t value)
{
    SR(pe, OSDLR_EL1) = has_feature(pe, FEATURE_DoubleLock) ? value & 1 : 0;
    return SYSREG_DONE;
}

enum { CLAIM_TAGS = 0xff };

enum sysreg_result sysreg_read_dbgclaimset(struct pe *pe, const struct sysreg_row *row, uint64_t *value)
{
    *value = CLAIM_TAGS; /* RAO: how many tags there are */
    return SYSREG_DONE;
}

enum sysreg_result sysreg_write_dbgclaimset(struct pe *pe, const struct sysreg_row *row, uint64_t value)
{
    SR(pe, DBGCLAIMCLR_EL1) |= value & CLAIM_TAGS;
    return SYSREG_DONE;
}

enum sysreg_result sysreg_write_dbgclaimclr(struct pe *pe, const struct sysreg_row *row, uint64_t value)
{
    SR(pe, DBGCLAIMCLR_EL1) &= ~(value & CLAIM_TAGS);
    return SYSREG_DONE;
}

/* External debug is implemented and disabled, in each Security state that the PE has. */
enum sysreg_result sysreg_read_dbgauthstatus(struct pe *pe, const struct sysreg_row *row, uint64_t *value)
{
    enum { NON_SECURE_DISABLED = 0x0a, SECURE_DISABLED = 0xa0 };
    bool non_secure = pe->have_el3 || !pe->secure_only, secure = pe->have_el3 || pe->secure_only;
    *value = (non_secure ? NON_SECURE_DISABLED : 0u) | (secure ? SECURE_DISABLED : 0u);
    return SYSREG_DONE;
}
