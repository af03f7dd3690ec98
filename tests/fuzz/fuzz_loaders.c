/* Every loader: ELF, Image, gzip, EFI zboot, raw, initrd, DTB, firmware; the files damaged at will. */
#include "fuzz.h"

#include "roms/builtin_rom.h"

#include <armsim/armsim.h>
#include <string.h>
#include <zlib.h>

/* The first byte of an input says what the rest is. */
enum role { KERNEL, INITRD, DTB, BIOS, LOAD, ROLES };

static size_t image_header(uint8_t *data)
{
    static const uint8_t header[64] = {[0] = 0x4d, 0x5a, 0x40, 0xfa, 0xff, 0xff, 0xff, 0x17, [18] = 0x01, [24] = 0x0a,
                                       [56] = 'A', 'R', 'M', 0x64, 0x40};
    memcpy(data, header, sizeof header);
    memset(data + sizeof header, 0, 192);
    return 256;
}

static size_t compress_gzip(uint8_t *out, size_t max, const uint8_t *data, size_t size)
{
    z_stream stream = {.next_in = (uint8_t *)(uintptr_t)data, .avail_in = (unsigned)size, .next_out = out,
                       .avail_out = (unsigned)max};
    if (deflateInit2(&stream, 6, Z_DEFLATED, 15 + 16, 8, Z_DEFAULT_STRATEGY) != Z_OK)
        return 0;
    deflate(&stream, Z_FINISH);
    size_t length = stream.total_out;
    deflateEnd(&stream);
    return length;
}

static size_t zboot(uint8_t *data, size_t max)
{
    uint8_t image[256];
    size_t size = compress_gzip(data + 64, max - 64, image, image_header(image));
    static const uint8_t header[64] = {[0] = 'M', 'Z', 0, 0, 'z', 'i', 'm', 'g', [8] = 64, [24] = 'g', 'z', 'i', 'p'};
    memcpy(data, header, sizeof header);
    data[12] = (uint8_t)size;
    data[13] = (uint8_t)(size >> 8);
    return 64 + size;
}

static size_t device_tree(uint8_t *out, size_t max)
{
    struct armsim_options options;
    struct armsim_machine *machine;
    const void *data;
    size_t size = 0;
    armsim_options_init(&options, sizeof options);
    if (armsim_create(&options, &machine) == 0 && armsim_device_tree(machine, &data, &size) == 0 && size <= max)
        memcpy(out, data, size);
    else
        size = 0;
    armsim_destroy(machine);
    return size;
}

size_t fuzz_seed(unsigned index, uint8_t *data, size_t max)
{
    size_t size = 0;
    switch (index) {
    case 0:
    case 1:
        data[0] = index ? LOAD : KERNEL;
        size = builtin_rom_size < max - 1 ? builtin_rom_size : max - 1;
        memcpy(data + 1, builtin_rom, size);
        break;
    case 2:
        data[0] = KERNEL;
        size = image_header(data + 1);
        break;
    case 3: {
        uint8_t image[256];
        data[0] = KERNEL;
        size = compress_gzip(data + 1, max - 1, image, image_header(image));
        break;
    }
    case 4:
        data[0] = KERNEL;
        size = zboot(data + 1, max - 1);
        break;
    case 5:
        data[0] = DTB;
        size = device_tree(data + 1, max - 1);
        break;
    default:
        return 0;
    }
    return size + 1;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct armsim_options options;
    struct armsim_machine *machine;
    static uint8_t kernel[256];
    if (size < 2)
        return 0;
    enum role role = data[0] % ROLES;
    struct armsim_image image = {.data = data + 1, .size = size - 1};
    struct armsim_load load = {.image = image, .address = 0x40100000, .has_address = data[0] & 0x80, .raw = data[0] & 0x40,
                               .set_pc = data[0] & 0x20};
    armsim_options_init(&options, sizeof options);
    options.ram_size = 8 * ARMSIM_MIB;
    options.append = "console=ttyAMA0";
    options.secure = data[0] & 0x10;
    switch (role) {
    case KERNEL:
        options.kernel = image;
        break;
    case INITRD:
    case DTB:
        options.kernel = (struct armsim_image){.data = kernel, .size = image_header(kernel)};
        *(role == DTB ? &options.dtb : &options.initrd) = image;
        break;
    case BIOS:
        options.bios = image;
        break;
    default:
        options.loads = &load;
        options.load_count = 1;
    }
    int error = armsim_create(&options, &machine);
    if (error == 0) {
        struct armsim_stop stop = {.size = sizeof stop};
        armsim_run(machine, 100, &stop);
    } else if (machine) {
        const char *text = armsim_last_error(machine);
        if (!text[0] || strchr(text, '\n'))
            __builtin_trap(); /* a refusal is one line */
    }
    armsim_destroy(machine);
    return 0;
}
