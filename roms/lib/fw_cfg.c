#include "fw_cfg.h"

#include "board.h"
#include "memory.h"

enum { DATA = 0x00, SELECTOR = 0x08, DMA = 0x10, ID = 1, ID_DMA = 2 };
enum { DMA_ERROR = 1, DMA_READ = 2, DMA_SELECT = 8 };

static u64 swap64(u64 value)
{
    return __builtin_bswap64(value);
}

void fw_cfg_read(enum fw_cfg_item item, void *to, u32 size)
{
    u8 *bytes = to;
    *(volatile u16 *)(BOARD_FW_CFG + SELECTOR) = __builtin_bswap16((u16)item);
    while (size--)
        *bytes++ = REG8(BOARD_FW_CFG, DATA);
}

u32 fw_cfg_u32(enum fw_cfg_item item)
{
    u8 bytes[4];
    fw_cfg_read(item, bytes, sizeof(bytes));
    return bytes[0] | (u32)bytes[1] << 8 | (u32)bytes[2] << 16 | (u32)bytes[3] << 24;
}

bool fw_cfg_present(void)
{
    char signature[4];
    fw_cfg_read(FW_CFG_SIGNATURE, signature, sizeof(signature));
    return memcmp(signature, "QEMU", 4) == 0 && (fw_cfg_u32((enum fw_cfg_item)ID) & ID_DMA);
}

bool fw_cfg_copy(enum fw_cfg_item item, u64 to, u32 size, volatile void *command)
{
    volatile u64 *words = command; /* control and length; address: big-endian */
    words[0] = swap64((u64)((u32)item << 16 | DMA_SELECT | DMA_READ) << 32 | size);
    words[1] = swap64(to);
    __asm__ volatile("dsb sy" ::: "memory");
    REG64(BOARD_FW_CFG, DMA) = swap64((u64)words);
    __asm__ volatile("dsb sy" ::: "memory");
    u32 control;
    while ((control = (u32)(swap64(words[0]) >> 32)) & ~(u32)DMA_ERROR)
        ;
    return control == 0;
}
