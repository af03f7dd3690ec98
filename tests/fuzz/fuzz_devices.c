/* Every device of the board, by loads and stores of every size that the guest makes, with time passing between them. */
#include "fuzz.h"

#include <armsim/armsim.h>
#include <stdlib.h>
#include <string.h>

#define RAM 0x40000000ull
#define CODE (RAM + 0x1000)

static const struct {
    uint64_t base, size;
} regions[] = {
    {0x00000000, 0x08000000}, /* flash */
    {0x08000000, 0x00020000}, /* GIC distributor, CPU interface */
    {0x08030000, 0x00010000}, {0x08040000, 0x00010000}, /* virtual interface */
    {0x08080000, 0x00020000}, /* ITS */
    {0x080a0000, 0x00040000}, /* redistributors */
    {0x09000000, 0x00001000}, {0x09010000, 0x00001000}, {0x09020000, 0x00001000}, {0x09030000, 0x00001000},
    {0x09040000, 0x00001000}, {0x090b0000, 0x00001000}, {0x090c0000, 0x00001000},
    {0x0a000000, 0x00004000}, /* virtio */
    {0x0e000000, 0x00010000}, {0x10000000, 0x00010000}, {0x3eff0000, 0x00010000}, {0x3f000000, 0x00010000},
    {0x08020000, 0x00001000}, /* MSI frame */
    {0x4010000000, 0x00040000}, /* PCI configuration */
    {0x8000000000, 0x00020000}, /* PCI memory: where set_bars() puts the BARs of 64 bits */
};

enum { DISK_SIZE = 64 * 512 };
static uint8_t disk[DISK_SIZE];

static int disk_read(void *opaque, uint64_t offset, void *data, size_t size)
{
    (void)opaque;
    if (offset > DISK_SIZE || size > DISK_SIZE - offset)
        abort(); /* the library never asks for what isn't there */
    memcpy(data, disk + offset, size);
    return 0;
}

static int disk_write(void *opaque, uint64_t offset, const void *data, size_t size)
{
    (void)opaque;
    if (offset > DISK_SIZE || size > DISK_SIZE - offset)
        abort();
    memcpy(disk + offset, data, size);
    return 0;
}

static void transmit(void *opaque, const void *frame, size_t size)
{
    (void)opaque;
    (void)frame;
    if (size < 1 || size > 65550)
        abort();
}

size_t fuzz_seed(unsigned index, uint8_t *data, size_t max)
{
    (void)index;
    (void)data;
    (void)max;
    return 0;
}

/* One load or store of the guest: the word goes where the PE executes next. */
static void access_memory(struct armsim_machine *machine, bool write, unsigned size_log2, uint64_t address, uint64_t value)
{
    uint32_t word = 0x39000041u | size_log2 << 30 | (write ? 0 : 1u << 22); /* STR or LDR X1, [X2] */
    struct armsim_space space = ARMSIM_PHYSICAL(ARMSIM_PAS_NON_SECURE);
    struct armsim_stop stop = {.size = sizeof stop};
    armsim_write_memory(machine, &space, CODE, &word, sizeof word, NULL);
    armsim_poke(machine, 0, ARMSIM_REG_PC, CODE);
    armsim_poke(machine, 0, ARMSIM_REG_X0 + 1, value);
    armsim_poke(machine, 0, ARMSIM_REG_X0 + 2, address);
    armsim_set_pe_state(machine, 0, ARMSIM_PE_RUNNING);
    armsim_step(machine, 0, 1, &stop);
}

/* Sets up a virtqueue with descriptors that the input chose, so that devices get past their checks. */
static void set_queue(struct armsim_machine *machine, struct fuzz_input *input, unsigned slot, unsigned queue)
{
    struct armsim_space space = ARMSIM_PHYSICAL(ARMSIM_PAS_NON_SECURE);
    uint64_t base = 0x0a000000 + slot * 0x200, ring = RAM + 0x10000 + queue * 0x4000;
    unsigned size = 1u << (fuzz_take(input, 1) & 7);
    for (unsigned i = 0; i < size; i++) {
        struct {
            uint64_t address;
            uint32_t length;
            uint16_t flags, next;
        } descriptor = {RAM + 0x40000 + (fuzz_take(input, 2) << 4), (uint32_t)fuzz_take(input, 2),
                        (uint16_t)fuzz_take(input, 1), (uint16_t)fuzz_take(input, 1)};
        armsim_write_memory(machine, &space, ring + i * 16, &descriptor, sizeof descriptor, NULL);
    }
    for (unsigned i = 0; i < 64; i++) {
        uint16_t word = (uint16_t)(i == 1 ? fuzz_take(input, 1) : i < 2 ? 0 : fuzz_take(input, 1) % (size + 1));
        armsim_write_memory(machine, &space, ring + 0x1000 + 2 * i, &word, 2, NULL);
    }
    const uint32_t writes[][2] = {
        {0x70, 0}, {0x70, 3}, {0x24, 1}, {0x20, 1}, {0x70, 11}, {0x30, queue}, {0x38, size}, {0x80, (uint32_t)ring}, {0x84, 0},
        {0x90, (uint32_t)ring + 0x1000}, {0x94, 0}, {0xa0, (uint32_t)ring + 0x2000}, {0xa4, 0}, {0x44, 1}, {0x70, 15}, {0x50, queue},
    };
    for (unsigned i = 0; i < sizeof writes / sizeof *writes; i++)
        if (queue == 0 || writes[i][0] != 0x70 || writes[i][1]) /* a second queue doesn't reset the device */
            access_memory(machine, true, 2, base + writes[i][0], writes[i][1]);
}

/* What firmware does: every BAR gets an address, every function is switched on. */
static void set_bars(struct armsim_machine *machine)
{
    for (unsigned slot = 1; slot < 8; slot++) {
        uint64_t config = 0x4010000000 + slot * 0x8000;
        access_memory(machine, true, 2, config + 0x14, 0x10000000 + slot * 0x1000);
        access_memory(machine, true, 2, config + 0x20, slot * 0x4000);
        access_memory(machine, true, 2, config + 0x24, 0x80);
        access_memory(machine, true, 1, config + 0x04, 6);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct fuzz_input input = {data, size};
    struct armsim_options options;
    struct armsim_machine *machine;
    armsim_options_init(&options, sizeof options);
    uint64_t shape = fuzz_take(&input, 2);
    enum armsim_attachment virtio = shape & 8 ? ARMSIM_VIRTIO_PCI : ARMSIM_VIRTIO_MMIO;
    static const enum armsim_attachment disks[4] = {ARMSIM_VIRTIO_MMIO, ARMSIM_VIRTIO_PCI, ARMSIM_AHCI_PCI,
                                                    ARMSIM_AHCI_PLATFORM};
    struct armsim_drive drives[2] = {
        {.block = {disk_read, disk_write, NULL, NULL, DISK_SIZE}, .attachment = disks[shape >> 5 & 3]},
        {.block = {disk_read, NULL, NULL, NULL, DISK_SIZE}, .read_only = true, .attachment = disks[shape >> 7 & 3]}};
    struct armsim_nic nic = {.transmit = transmit, .input = true, .attachment = virtio};
    options.ram_size = ARMSIM_MIB;
    options.gic_version = 2 + (shape & 1);
    options.secure = shape >> 1 & 1;
    options.virtualization = shape >> 2 & 1;
    options.drives = drives;
    options.drive_count = 2;
    options.nics = &nic;
    options.nic_count = 1;
    options.virtio_console = true;
    options.conduit = ARMSIM_CONDUIT_NONE;
    options.serial[0].input = options.serial[2].input = true;
    if (armsim_create(&options, &machine)) {
        armsim_destroy(machine);
        return 0;
    }
    struct armsim_stop stop = {.size = sizeof stop};
    if (shape & 16)
        set_bars(machine);
    while (input.size) {
        uint64_t action = fuzz_take(&input, 1);
        if (action < 200) {
            uint64_t region = fuzz_take(&input, 1) % (sizeof regions / sizeof *regions);
            uint64_t offset = fuzz_take(&input, 3) % regions[region].size;
            unsigned log2 = action & 3;
            if (action & 0x10) /* mostly aligned, mostly where registers are */
                offset &= 0xfff;
            offset &= action & 0x20 ? ~0ull : -(1ull << log2);
            access_memory(machine, action & 4, log2, regions[region].base + offset,
                          action & 8 ? fuzz_take(&input, 1) : fuzz_take(&input, 8));
        } else if (action < 215) {
            set_queue(machine, &input, 28 + (unsigned)(fuzz_take(&input, 1) & 3), (unsigned)(fuzz_take(&input, 1) & 3));
        } else if (action < 225) {
            uint8_t bytes[64] = {0};
            for (unsigned i = 0; i < sizeof bytes; i++)
                bytes[i] = (uint8_t)fuzz_take(&input, 1);
            armsim_net_input(machine, 0, bytes, sizeof bytes);
        } else if (action < 235) {
            uint8_t byte = (uint8_t)fuzz_take(&input, 1);
            armsim_serial_input(machine, action & 1 ? ARMSIM_SERIAL_UART0 : ARMSIM_SERIAL_VIRTIO, &byte, 1);
        } else if (action < 240) {
            armsim_reset(machine, action & 1 ? ARMSIM_RESET_WARM : ARMSIM_RESET_COLD);
        } else {
            armsim_run(machine, fuzz_take(&input, 1), &stop);
        }
    }
    armsim_destroy(machine);
    return 0;
}
