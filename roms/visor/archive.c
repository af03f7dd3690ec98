#include "roms/visor/archive.h"

#include "roms/lib/memory.h"

enum { HEADER = 110, FILE_SIZE = 54, NAME_SIZE = 94 };

static u64 hexadecimal(const u8 *digits)
{
    u64 value = 0;
    for (unsigned i = 0; i < 8; i++) {
        u8 c = digits[i];
        value = value << 4 | (c <= '9' ? c - '0' + 0u : (c | 0x20) - 'a' + 10u);
    }
    return value;
}

bool archive_file(const u8 *archive, u64 size, const char *name, struct file *file)
{
    size_t length = strlen(name) + 1;
    for (u64 at = 0; size - at >= HEADER && memcmp(archive + at, "070701", 6) == 0;) {
        u64 file_size = hexadecimal(archive + at + FILE_SIZE), name_size = hexadecimal(archive + at + NAME_SIZE);
        u64 data = (at + HEADER + name_size + 3) & ~3ull;
        if (data > size || file_size > size - data)
            return false;
        if (name_size >= length && memcmp(archive + at + HEADER, name, length) == 0) {
            *file = (struct file){archive + data, file_size};
            return true;
        }
        at = (data + file_size + 3) & ~3ull;
        if (at > size)
            return false;
    }
    return false;
}
