/* Fault status codes. */
#include "mmu/internal.h"

/* EncodeLDFSC: a code for each fault, plus the level where there is one. */
unsigned mmu_fault_status_code(const struct fault_record *fault)
{
    unsigned level = (unsigned)fault->level & 3;
    bool minus1 = fault->level == -1;
    switch (fault->type) {
    case FAULT_ADDRESS_SIZE:
        return minus1 ? 0x29 : 0x00 | level;
    case FAULT_TRANSLATION:
        return minus1 ? 0x2b : 0x04 | level;
    case FAULT_ACCESS_FLAG:
        return 0x08 | level;
    case FAULT_PERMISSION:
        return 0x0c | level;
    case FAULT_SYNC_EXTERNAL:
        return 0x10;
    case FAULT_SYNC_EXTERNAL_ON_WALK:
        return minus1 ? 0x13 : 0x14 | level;
    case FAULT_SYNC_PARITY:
        return 0x18;
    case FAULT_SYNC_PARITY_ON_WALK:
        return minus1 ? 0x1b : 0x1c | level;
    case FAULT_ASYNC_PARITY:
        return 0x19;
    case FAULT_ASYNC_EXTERNAL:
    case FAULT_TAG_CHECK:
        return 0x11;
    case FAULT_ALIGNMENT:
        return 0x21;
    case FAULT_DEBUG:
        return 0x22;
    case FAULT_TLB_CONFLICT:
        return 0x30;
    case FAULT_HW_UPDATE:
        return 0x31;
    case FAULT_LOCKDOWN:
        return 0x34;
    case FAULT_EXCLUSIVE:
        return 0x35;
    case FAULT_DOMAIN: /* only in PAR_EL1 (AArch64.PARFaultStatus) */
        return fault->level == 1 ? 0x3d : 0x3e;
    case FAULT_NONE:
    case FAULT_BACKGROUND:
    case FAULT_BRANCH_TARGET:
    case FAULT_ICACHE_MAINT:
        break;
    }
    return 0; /* these have no long-descriptor code: no fault that the MMU makes */
}

/* EncodeSDFSC */
unsigned mmu_fault_status_code_short(const struct fault_record *fault)
{
    bool first = fault->level == 1;
    switch (fault->type) {
    case FAULT_ACCESS_FLAG:
        return first ? 0x03 : 0x06;
    case FAULT_ALIGNMENT:
        return 0x01;
    case FAULT_PERMISSION:
        return first ? 0x0d : 0x0f;
    case FAULT_DOMAIN:
        return first ? 0x09 : 0x0b;
    case FAULT_TRANSLATION:
        return first ? 0x05 : 0x07;
    case FAULT_SYNC_EXTERNAL:
        return 0x08;
    case FAULT_SYNC_EXTERNAL_ON_WALK:
        return first ? 0x0c : 0x0e;
    case FAULT_SYNC_PARITY:
        return 0x19;
    case FAULT_SYNC_PARITY_ON_WALK:
        return first ? 0x1c : 0x1e;
    case FAULT_ASYNC_PARITY:
        return 0x18;
    case FAULT_ASYNC_EXTERNAL:
        return 0x16;
    case FAULT_DEBUG:
        return 0x02;
    case FAULT_TLB_CONFLICT:
        return 0x10;
    case FAULT_LOCKDOWN:
        return 0x14;
    case FAULT_EXCLUSIVE:
        return 0x15;
    case FAULT_ICACHE_MAINT:
        return 0x04;
    case FAULT_NONE:
    case FAULT_BACKGROUND:
    case FAULT_ADDRESS_SIZE:
    case FAULT_TAG_CHECK:
    case FAULT_BRANCH_TARGET:
    case FAULT_HW_UPDATE:
        break;
    }
    return 0; /* these have no short-descriptor code */
}
