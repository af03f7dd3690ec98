#include "rom.h"

bool has_el(unsigned el)
{
    return el <= 1 || (el <= start_el && (READ(id_aa64pfr0_el1) >> (4 * el) & 15) != 0);
}

static bool has_gic_registers(void)
{
    return (READ(id_aa64pfr0_el1) >> 24 & 15) != 0;
}


void open_el3(void)
{
    WRITE(cptr_el3, 0);
    WRITE(mdcr_el3, 0);
    /* RW, HCE, NS, RES1; and FIQ, with which Non-secure state sees one and the same scale of priorities everywhere. */
    WRITE(scr_el3, 0x535);
    ISB();
    if (has_gic_registers()) {
        WRITE(S3_6_C12_C12_5, 0xf);
        ISB();
    }
}

void open_el2(void)
{
    WRITE(hcr_el2, HCR_RW);
    WRITE(cptr_el2, 0x33ff);
    WRITE(hstr_el2, 0);
    WRITE(mdcr_el2, READ(mdcr_el2) & 0x1f);
    WRITE(cnthctl_el2, 3);
    WRITE(cntvoff_el2, 0);
    WRITE(vpidr_el2, READ(midr_el1));
    WRITE(vmpidr_el2, READ(mpidr_el1));
    if (has_gic_registers()) {
        WRITE(S3_4_C12_C9_5, 0xf);
        ISB();
    }
}

void open_el1(void)
{
    WRITE(cpacr_el1, 3 << 20);
    WRITE(cntkctl_el1, 3);
    if (gic_version() == 3) {
        WRITE(S3_0_C12_C12_5, 7);
        ISB();
    }
}

void go_on_at_el1(void (*entry)(void))
{
    if (start_el == 2) {
        open_el2();
        enter(1, entry);
    }
    entry();
}
