/* What the files of the board `virt` share. */
#ifndef ARMSIM_BOARD_VIRT_H
#define ARMSIM_BOARD_VIRT_H

#include "devices/pl061.h"
#include "libarmsim/firmware/builtin.h"
#include "libarmsim/loader/blob.h"
#include "libarmsim/machine/machine.h"

/* The memory map. */
#define VIRT_FLASH_BASE 0x00000000ull
#define VIRT_FLASH_BANK 0x04000000ull
#define VIRT_UART0_BASE 0x09000000ull
#define VIRT_RTC_BASE 0x09010000ull
#define VIRT_FW_CFG_BASE 0x09020000ull
#define VIRT_GPIO_BASE 0x09030000ull
#define VIRT_UART1_BASE 0x09040000ull
#define VIRT_SECURE_GPIO_BASE 0x090b0000ull
#define VIRT_VIRTIO_BASE 0x0a000000ull
#define VIRT_SECURE_RAM_BASE 0x0e000000ull
#define VIRT_SECURE_RAM_SIZE 0x01000000ull
#define VIRT_AHCI_BASE 0x090c0000ull
#define VIRT_PCI_MEMORY_BASE 0x10000000ull
#define VIRT_PCI_MEMORY_SIZE 0x2eff0000ull
#define VIRT_PCI_IO_BASE 0x3eff0000ull
#define VIRT_PCI_IO_SIZE 0x00010000ull
#define VIRT_PCI_ECAM_BASE 0x3f000000ull
#define VIRT_PCI_ECAM_SIZE 0x01000000ull
#define VIRT_PCI_HIGH_ECAM_BASE 0x4010000000ull
#define VIRT_PCI_HIGH_ECAM_SIZE 0x10000000ull
#define VIRT_PCI_HIGH_MEMORY_BASE 0x8000000000ull
#define VIRT_PCI_HIGH_MEMORY_SIZE 0x8000000000ull
#define VIRT_RAM_BASE 0x40000000ull
#define VIRT_RAM_MAX (255ull << 30) /* up to the high PCIe windows */

enum {
    VIRT_SPI_UART0 = 1,
    VIRT_SPI_RTC = 2,
    VIRT_SPI_PCI = 3,
    VIRT_SPI_GPIO = 7,
    VIRT_SPI_UART1 = 8,
    VIRT_SPI_AHCI = 10,
    VIRT_SPI_VIRTIO = 16
};
enum { VIRT_VIRTIO_SLOTS = 32 };

/* One direction of a connection: which machine, which port. */
struct virt_link {
    struct armsim_machine *machine;
    unsigned index;
};

struct board_data {
    struct builtin_firmware *firmware;
    struct device *uart[2], *console, *gpio, *fw_cfg, *pci;
    struct device *nics[MACHINE_MAX_NICS];
    struct virt_link serial_links[ARMSIM_SERIAL_PORTS], nic_links[MACHINE_MAX_NICS];
    bool loaded; /* the first load is done: fingerprints and fw_cfg items are there */
    uint64_t *fingerprints; /* of every image read, in the order of virt_load() */
    size_t fingerprint_count;
    uint8_t rng_seed[32]; /* drawn once: a reset shows the same tree */
    uint64_t kaslr_seed;
    enum armsim_conduit conduit; /* as it takes effect */
};

/* virt_devices.c */
int virt_populate(struct armsim_machine *machine);
/* Does the guest's driver of a serial port take input? */
bool virt_serial_listens(const struct board_data *virt, unsigned port);
/* Opens a drive, unless the machine is a fork, which has it already. 0 or an armsim error after machine_fail(). */
int virt_open_drive(struct armsim_machine *machine, size_t index);

/* virt_pci.c: the host bridge, if there is one. */
int virt_add_pci(struct armsim_machine *machine);
/* The next function on it, for a device that `what` names. NULL after machine_fail(). */
struct device *virt_add_function(struct armsim_machine *machine, const char *what);
/* virt_ahci.c: the controllers that the options or their drives want. */
int virt_add_ahci(struct armsim_machine *machine);

/* virt_load.c */
int virt_load(struct armsim_machine *machine);
int virt_start(struct armsim_machine *machine); /* after a warm reset */

/* virt_fdt.c: what the tree says of the images. */
struct virt_boot_info {
    bool has_initrd;
    uint64_t initrd_start, initrd_end;
};
/* Generates the tree, or fills in the user's (`given`); malloc'ed. 0 or an armsim error after machine_fail(). */
int virt_make_dtb(struct armsim_machine *machine, const struct virt_boot_info *info, const struct blob *given,
                  void **dtb, size_t *size);

/* handover.c: puts a PE that was just reset in the state in which boot firmware enters a Non-secure system at
 * `entry`: EL2 if there is one, else EL1, MMU off, interrupts masked. */
void handover_pe(struct armsim_machine *machine, unsigned pe, uint64_t entry);
/* What such firmware has done to the interrupt controller: everything belongs to the Non-secure side. */
void handover_gic(struct armsim_machine *machine);

#endif
