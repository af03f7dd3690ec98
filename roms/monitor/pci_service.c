/* The configuration space of the shim by SMC: the same functions as in its ECAM, without an abort. */
#include "../lib/pci_service.h"

#include "pci_shim.h"

enum { FUNCTIONS = 256 }; /* of bus 0 of segment 0, which is all there is */

static u64 error(enum pci_service_error number)
{
    return (u32)number;
}

static bool is_access(const u64 *x)
{
    u32 place = (u32)x[1], offset = (u32)x[2], bytes = (u32)x[3];
    return place < FUNCTIONS && (bytes == 1 || bytes == 2 || bytes == 4) && offset < PCI_EXTENDED_SPACE &&
           offset % bytes == 0;
}

static u64 ecam_offset(const u64 *x)
{
    return (u64)(u32)x[1] * PCI_EXTENDED_SPACE + (u32)x[2];
}

static u64 read_space(u64 *x)
{
    u64 value;
    if (!is_access(x) || !pci_shim_read(&pci_ecam, ecam_offset(x), (u32)x[3], &value))
        return error(PCI_SERVICE_INVALID_PARAMETER);
    x[1] = value & ((1ul << 8 * x[3]) - 1);
    return PCI_SERVICE_SUCCESS;
}

static u64 write_space(u64 *x)
{
    bool done = is_access(x) && pci_shim_write(&pci_ecam, ecam_offset(x), (u32)x[3], (u32)x[4]);
    return error(done ? PCI_SERVICE_SUCCESS : PCI_SERVICE_INVALID_PARAMETER);
}

static u64 segment(u64 *x)
{
    if ((u32)x[1] != 0)
        return error(PCI_SERVICE_NOT_IMPLEMENTED);
    x[1] = 0; /* bus 0 to bus 0 */
    x[2] = 0; /* no other segment */
    return PCI_SERVICE_SUCCESS;
}

static bool is_service(u32 function)
{
    return function >= PCI_SERVICE_VERSION && function <= PCI_SERVICE_SEGMENT;
}

bool pci_service_call(u64 x[5])
{
    switch ((u32)x[0]) {
    case PCI_SERVICE_VERSION:
        x[0] = PCI_SERVICE_VERSION_1_0;
        return true;
    case PCI_SERVICE_FEATURES:
        x[0] = error(is_service((u32)x[1]) ? PCI_SERVICE_SUCCESS : PCI_SERVICE_NOT_SUPPORTED);
        return true;
    case PCI_SERVICE_READ:
        x[0] = read_space(x);
        return true;
    case PCI_SERVICE_WRITE:
        x[0] = write_space(x);
        return true;
    case PCI_SERVICE_SEGMENT:
        x[0] = segment(x);
        return true;
    default:
        return false;
    }
}
