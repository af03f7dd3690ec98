/*
 * Devices of the test's own: "device: NAME base=ADDRESS [size=N] [console] [spi=N]". Registers that keep what is
 * written; on "inject: ... error NAME on" every access ends in an external abort until it is switched off. A
 * console's first register takes characters. And disks: "drive: NAME [size=N] [at=WHERE]", whose requests fail in the same way.
 */
#include "frontends/harness/harness.h"
#include "frontends/little_endian.h"

#include <stdlib.h>
#include <string.h>

static int device_read(void *opaque, struct armsim_device *device, uint64_t offset, uint32_t bytes,
                       const struct armsim_requester *requester, uint64_t *value)
{
    const struct test_device *self = opaque;
    if (self->failing)
        return -1;
    *value = load_le(self->bytes + offset, bytes);
    return 0;
}

static int device_write(void *opaque, struct armsim_device *device, uint64_t offset, uint32_t bytes,
                        const struct armsim_requester *requester, uint64_t value)
{
    struct test_device *self = opaque;
    if (self->failing)
        return -1;
    if (self->console && offset == 0 && !requester->debug && !running_in_past(self->running)) {
        char character = (char)value;
        buffer_bytes(&self->running->console, &character, 1);
    }
    store_le(self->bytes + offset, value, bytes);
    return 0;
}

static size_t device_state(void *opaque, struct armsim_device *device, void *data, size_t max)
{
    const struct test_device *self = opaque;
    size_t size = (size_t)self->size;
    if (size < max) {
        memcpy(data, self->bytes, size);
        ((uint8_t *)data)[size] = self->failing;
    }
    return size + 1;
}

static int device_load(void *opaque, struct armsim_device *device, const void *data, size_t size)
{
    struct test_device *self = opaque;
    const uint8_t *bytes = data;
    if (size != self->size + 1 || bytes[self->size] > 1)
        return -1;
    memcpy(self->bytes, bytes, (size_t)self->size);
    self->failing = bytes[self->size];
    return 0;
}

bool device_parse(struct running *running, const struct line *line, struct test_device *device, struct buffer *error)
{
    *device = (struct test_device){.size = 4096, .spi = ARMSIM_NO_IRQ, .running = running};
    char *text = arena_text(&running->arena, line->value, strlen(line->value)), *save = NULL;
    for (char *word = strtok_r(text, " \t", &save); word; word = strtok_r(NULL, " \t", &save)) {
        bool good = true;
        if (!device->name)
            device->name = word;
        else if (strcmp(word, "console") == 0)
            device->console = true;
        else if (strncmp(word, "base=", 5) == 0)
            good = value_parse(&running->scope, word + 5, &device->base, error);
        else if (strncmp(word, "size=", 5) == 0)
            good = value_parse(&running->scope, word + 5, &device->size, error);
        else if (strncmp(word, "spi=", 4) == 0)
            good = value_parse(&running->scope, word + 4, &device->spi, error);
        else
            good = false;
        if (!good) {
            buffer_add(error, " device: expected NAME base=ADDRESS [size=N] [console] [spi=N], found \"%s\"", word);
            return false;
        }
    }
    if (device->name && device->size && device->size <= 1 << 20 && device->size % 4 == 0)
        return true;
    buffer_add(error, "device: expected a name, and a size up to 1 MiB that is a multiple of 4");
    return false;
}

bool device_attach(struct running *running, struct test_device *device, struct buffer *error)
{
    device->bytes = arena_alloc(&running->arena, (size_t)device->size + 8);
    struct armsim_device_config config = {
        .ops = {.size = sizeof(config.ops),
                .model = "test",
                .access_sizes = 15,
                .read = device_read,
                .write = device_write,
                .state = device_state,
                .load = device_load},
        .opaque = device,
        .base = device->base,
        .size = device->size,
        .spi = (uint32_t)device->spi,
    };
    if (armsim_add_device(running->machine, &config, NULL) == 0)
        return true;
    buffer_add(error, "device: %s", armsim_last_error(running->machine));
    return false;
}

/* --- drives --- */

/* NULL: the request fails. */
static uint8_t *drive_bytes(const struct test_drive *drive, uint64_t offset, size_t size)
{
    bool inside = offset <= drive->size && size <= drive->size - offset;
    return inside && !drive->failing ? drive->bytes + offset : NULL;
}

static int drive_read(void *opaque, uint64_t offset, void *data, size_t size)
{
    const uint8_t *from = drive_bytes(opaque, offset, size);
    if (!from)
        return -1;
    memcpy(data, from, size);
    return 0;
}

static int drive_write(void *opaque, uint64_t offset, const void *data, size_t size)
{
    uint8_t *to = drive_bytes(opaque, offset, size);
    if (!to)
        return -1;
    memcpy(to, data, size);
    return 0;
}

static bool attachment_parse(const char *word, enum armsim_attachment *attachment)
{
    static const char *const names[] = {[ARMSIM_VIRTIO_MMIO] = "at=virtio", [ARMSIM_VIRTIO_PCI] = "at=virtio-pci",
                                        [ARMSIM_AHCI_PCI] = "at=ahci-pci", [ARMSIM_AHCI_PLATFORM] = "at=ahci"};
    for (unsigned i = 0; i < sizeof(names) / sizeof(names[0]); i++)
        if (strcmp(word, names[i]) == 0) {
            *attachment = (enum armsim_attachment)i;
            return true;
        }
    return false;
}

static bool drive_parse(struct running *running, const struct line *line, struct test_drive *drive,
                        struct buffer *error)
{
    struct scope numbers = {0};
    *drive = (struct test_drive){.size = 65536};
    char *text = arena_text(&running->arena, line->value, strlen(line->value)), *save = NULL;
    bool good = true;
    for (char *word = strtok_r(text, " \t", &save); word; word = strtok_r(NULL, " \t", &save)) {
        if (!drive->name)
            drive->name = word;
        else if (strncmp(word, "size=", 5) == 0)
            good = value_parse(&numbers, word + 5, &drive->size, error) && good;
        else
            good = attachment_parse(word, &drive->attachment) && good;
    }
    if (good && drive->name && drive->size && drive->size % 512 == 0 && drive->size <= 1 << 26) {
        drive->bytes = arena_alloc(&running->arena, (size_t)drive->size);
        return true;
    }
    buffer_add(error, "drive: expected NAME [size=N] [at=virtio|virtio-pci|ahci|ahci-pci]; N a multiple of 512 up to 64 MiB");
    return false;
}

bool drives_parse(struct running *running, struct armsim_options *options, struct buffer *error)
{
    struct armsim_drive *drives = arena_alloc(&running->arena, MAX_TEST_DRIVES * sizeof(*drives));
    const struct test *test = running->test;
    for (size_t i = 0; i < test->line_count; i++) {
        if (strcmp(test->lines[i].key, "drive") != 0)
            continue;
        if (running->drive_count == MAX_TEST_DRIVES || strcmp(options->board, "bare") == 0) {
            buffer_add(error, "drive: expected up to %d, on the board virt", MAX_TEST_DRIVES);
            return false;
        }
        struct test_drive *drive = &running->drives[running->drive_count];
        if (!drive_parse(running, &test->lines[i], drive, error))
            return false;
        drives[running->drive_count++] = (struct armsim_drive){
            .block = {.read = drive_read, .write = drive_write, .opaque = drive, .size = drive->size},
            .attachment = drive->attachment};
    }
    options->drives = drives;
    options->drive_count = running->drive_count;
    return true;
}
