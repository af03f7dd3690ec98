/* Where things are on the board `virt` (docs/devices.md). */
#ifndef ROM_BOARD_H
#define ROM_BOARD_H

#define BOARD_FLASH 0x00000000ul
#define BOARD_FLASH_BANK 0x04000000ul /* the second bank, of the same size, is Non-secure */
#define BOARD_GICD 0x08000000ul
#define BOARD_GICC 0x08010000ul
#define BOARD_GICR 0x080a0000ul
#define BOARD_UART 0x09000000ul
#define BOARD_RTC 0x09010000ul
#define BOARD_FW_CFG 0x09020000ul
#define BOARD_SECURE_UART 0x09040000ul
#define BOARD_SECURE_GPIO 0x090b0000ul
#define BOARD_SECURE_RAM 0x0e000000ul
#define BOARD_SECURE_RAM_SIZE 0x01000000ul
#define BOARD_RAM 0x40000000ul

#define INTID_SPI(spi) ((spi) + 32)
enum { BOARD_SPI_UART = 1, BOARD_SPI_RTC = 2 };

#define REG32(base, offset) (*(volatile u32 *)((base) + (offset)))
#define REG8(base, offset) (*(volatile u8 *)((base) + (offset)))
#define REG64(base, offset) (*(volatile u64 *)((base) + (offset)))

#endif
