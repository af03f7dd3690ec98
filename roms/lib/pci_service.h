/* Arm PCI Configuration Space Access Firmware Interface 1.0 (DEN0115): numbers of functions, and what they answer. */
#ifndef ROM_PCI_SERVICE_H
#define ROM_PCI_SERVICE_H

enum pci_service_function {
    PCI_SERVICE_VERSION = 0x84000130,
    PCI_SERVICE_FEATURES = 0x84000131, /* X1: function */
    PCI_SERVICE_READ = 0x84000132,     /* X1: segment << 16 | bus << 8 | device << 3 | function, X2: offset, X3: size */
    PCI_SERVICE_WRITE = 0x84000133,    /* and X4: data */
    PCI_SERVICE_SEGMENT = 0x84000134,  /* X1: segment. X1: last bus << 8 | first bus, X2: the next segment, or 0 */
};
enum { PCI_SERVICE_CALLS = 5, PCI_SERVICE_VERSION_1_0 = 0x10000 };

enum pci_service_error {
    PCI_SERVICE_SUCCESS = 0,
    PCI_SERVICE_NOT_SUPPORTED = -1,
    PCI_SERVICE_INVALID_PARAMETER = -2,
    PCI_SERVICE_NOT_IMPLEMENTED = -3,
};

#endif
