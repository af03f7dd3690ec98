/* The parts of the AHCI model. Private to devices/ahci/. */
#ifndef ARMSIM_DEVICES_AHCI_AHCI_INTERNAL_H
#define ARMSIM_DEVICES_AHCI_AHCI_INTERNAL_H

#include "devices/ahci/ahci.h"
#include "devices/ahci/ata.h"
#include "devices/pci/pci.h"

/* Port registers, from 0x100 on, 0x80 bytes each. */
enum {
    PORT_CLB = 0x00,
    PORT_CLBU = 0x04,
    PORT_FB = 0x08,
    PORT_FBU = 0x0c,
    PORT_IS = 0x10,
    PORT_IE = 0x14,
    PORT_CMD = 0x18,
    PORT_TFD = 0x20,
    PORT_SIG = 0x24,
    PORT_SSTS = 0x28,
    PORT_SCTL = 0x2c,
    PORT_SERR = 0x30,
    PORT_SACT = 0x34,
    PORT_CI = 0x38,
    PORT_SNTF = 0x3c,
    PORT_FBS = 0x40,
    PORT_DEVSLP = 0x44,
};

/* PxIS */
#define IS_DHRS (1u << 0)
#define IS_PSS (1u << 1)
#define IS_DSS (1u << 2)
#define IS_SDBS (1u << 3)
#define IS_DPS (1u << 5)
#define IS_PCS (1u << 6)
#define IS_PRCS (1u << 22)
#define IS_OFS (1u << 24)
#define IS_IFS (1u << 27)
#define IS_HBDS (1u << 28)
#define IS_HBFS (1u << 29)
#define IS_TFES (1u << 30)
/* PxCMD */
#define CMD_ST (1u << 0)
#define CMD_SUD (1u << 1)
#define CMD_POD (1u << 2)
#define CMD_CLO (1u << 3)
#define CMD_FRE (1u << 4)
#define CMD_FR (1u << 14)
#define CMD_CR (1u << 15)
#define CMD_ATAPI (1u << 24)
#define CMD_DLAE (1u << 25)
/* PxSERR.DIAG */
#define SERR_PROTOCOL (1u << 10)
#define SERR_PHY_CHANGED (1u << 16)
#define SERR_HANDSHAKE (1u << 22)
#define SERR_EXCHANGED (1u << 26)

struct ahci_port {
    uint64_t command_list, fis;
    uint32_t interrupts, enabled, command, task_file, signature, status, control, errors, active, issued;
    uint8_t slot;          /* PxCMD.CCS */
    bool halted;           /* by a fatal error, until PxCMD.ST is cleared */
    bool resetting;        /* between the two FISes of a software reset */
    bool announce;         /* the disk's signature waits to be received */
    struct ata_disk disk;
    struct ahci *ahci;
    struct clock_event work;
};

struct ahci {
    struct device device;
    struct device *function; /* NULL: a platform device */
    uint32_t control, interrupts; /* GHC, IS */
    struct ahci_port port[AHCI_PORTS];
    uint8_t buffer[64 << 10]; /* scratch */
};

/* Raises what a port has to say. */
void ahci_raise(struct ahci_port *port, uint32_t interrupts);
/* Something is to be done: `work` fires after the latency. */
void ahci_schedule(struct ahci_port *port);

/* ahci_command.c: takes commands from the list until there is none, or for as much data as fits in one go. True: there
 * is more to do. */
bool ahci_serve(struct ahci_port *port);
/* Receives the signature that the disk sends after a reset. */
void ahci_announce(struct ahci_port *port);

#endif
