/* The guests' archive: cpio, the "newc" kind (new ASCII). */
#ifndef VISOR_ARCHIVE_H
#define VISOR_ARCHIVE_H

#include "roms/lib/types.h"

struct file {
    const u8 *data;
    u64 size;
};

/* False: there is no file of that name, or the archive is damaged before it. */
bool archive_file(const u8 *archive, u64 size, const char *name, struct file *file);

#endif
