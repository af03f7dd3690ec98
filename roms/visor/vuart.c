/* A PL011 (Arm DDI 0183G) that transmits at once and has a FIFO of 32 characters for what comes in. No modem lines, no
 * DMA, no loopback. */
#include "roms/lib/memory.h"
#include "roms/visor/host.h"

enum { VUART_BASE = 0x09000000, VUART_INTID = 33, FIFO = 32 };
enum { DR = 0, RSR = 4, FR = 0x18, ILPR = 0x20, IBRD = 0x24, FBRD = 0x28, LCR_H = 0x2c, CR = 0x30, IFLS = 0x34,
       IMSC = 0x38, RIS = 0x3c, MIS = 0x40, ICR = 0x44, DMACR = 0x48, ID = 0xfe0 };
enum { INT_RX = 0x10, INT_TX = 0x20, INT_RT = 0x40, INT_ALL = 0x7ff };
enum { FR_CTS = 1, FR_DSR = 2, FR_DCD = 4, FR_RXFE = 0x10, FR_RXFF = 0x40, FR_TXFE = 0x80 };

struct vuart {
    u32 stored[DMACR / 4 + 1]; /* the registers that are what was written */
    u32 raw;                   /* interrupts */
    u8 fifo[FIFO];
    unsigned first, count;
};

static void update(struct vm *vm)
{
    struct vuart *uart = vm->uart;
    unsigned level = uart->stored[LCR_H / 4] & 0x10 ? FIFO / 2 : 1;
    if (uart->count >= level)
        uart->raw |= INT_RX;
    vgic_line(vm->vcpus[0], VUART_INTID, (uart->raw & uart->stored[IMSC / 4]) != 0);
}

static u32 take(struct vuart *uart)
{
    if (uart->count == 0)
        return 0;
    u32 c = uart->fifo[uart->first];
    uart->first = (uart->first + 1) % FIFO;
    uart->count--;
    uart->raw &= ~(u32)INT_RX;
    if (uart->count == 0)
        uart->raw &= ~(u32)INT_RT;
    return c;
}

static u32 read_register(struct vuart *uart, u64 offset)
{
    static const u8 ids[] = {0x11, 0x10, 0x34, 0x00, 0x0d, 0xf0, 0x05, 0xb1};
    switch (offset) {
    case DR: return take(uart);
    case FR:
        return FR_CTS | FR_DSR | FR_DCD | FR_TXFE | (uart->count == 0 ? FR_RXFE : 0) | (uart->count == FIFO ? FR_RXFF : 0);
    case RIS: return uart->raw;
    case MIS: return uart->raw & uart->stored[IMSC / 4];
    case RSR:
    case ICR: return 0;
    default: break;
    }
    if (offset >= ID)
        return ids[(offset - ID) / 4];
    return offset <= DMACR ? uart->stored[offset / 4] : 0;
}

static void write_register(struct vm *vm, u64 offset, u32 value)
{
    struct vuart *uart = vm->uart;
    if (offset == DR) {
        console_write(vm, (char)value);
        uart->raw |= INT_TX;
    } else if (offset == ICR) {
        uart->raw &= ~value;
    } else if (offset >= ILPR && offset <= DMACR && offset != RIS && offset != MIS) {
        uart->stored[offset / 4] = value & 0xffff;
    }
}

static bool access(struct vcpu *vcpu, void *device, u64 offset, unsigned size, bool write, u64 *value)
{
    (void)device;
    if (size > 4 || offset & 3)
        return false;
    if (write)
        write_register(vcpu->vm, offset, (u32)*value);
    else
        *value = read_register(vcpu->vm->uart, offset);
    update(vcpu->vm);
    return true;
}

void vuart_receive(struct vm *vm, char c)
{
    lock(&vm->lock);
    struct vuart *uart = vm->uart;
    if (uart->count < FIFO) {
        uart->fifo[(uart->first + uart->count++) % FIFO] = (u8)c;
        uart->raw |= INT_RT;
    }
    update(vm);
    unlock(&vm->lock);
}

void vuart_idle(struct vm *vm)
{
    if (vm->uart)
        console_flush(vm);
}

/* As firmware leaves it: on, 115200 8N1 with FIFOs. */
void vuart_reset(struct vm *vm)
{
    if (!vm->uart)
        return;
    memset(vm->uart, 0, sizeof(*vm->uart));
    vm->uart->stored[CR / 4] = 0x301;
    vm->uart->stored[LCR_H / 4] = 0x70;
    vm->uart->stored[IFLS / 4] = 0x12;
}

bool vuart_create(struct vm *vm)
{
    vm->uart = page_zeroed(NULL);
    if (!vm->uart || !vm_add_region(vm, VUART_BASE, 0x1000, access, NULL))
        return false;
    vuart_reset(vm);
    console_add(vm);
    return true;
}
