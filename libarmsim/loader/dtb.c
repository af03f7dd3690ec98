#include "libarmsim/loader/dtb.h"

#include <errno.h>
#include <inttypes.h>
#include <libfdt.h>

int dtb_check(const struct blob *blob, struct load_error *error)
{
    if (blob->size < sizeof(struct fdt_header))
        return load_fail(error, -EINVAL, blob->name, "DTB header", "expected %zu bytes, the file has %zu",
                         sizeof(struct fdt_header), blob->size);
    if (fdt_magic(blob->data) != FDT_MAGIC)
        return load_fail(error, -EINVAL, blob->name, "magic", "expected 0x%08x, found 0x%08" PRIx32, FDT_MAGIC,
                         fdt_magic(blob->data));
    if (fdt_totalsize(blob->data) > blob->size)
        return load_fail(error, -EINVAL, blob->name, "totalsize",
                         "expected at most the file's %zu bytes, found %" PRIu32, blob->size,
                         fdt_totalsize(blob->data));
    if (fdt_totalsize(blob->data) > DTB_MAX_SIZE)
        return load_fail(error, -EINVAL, blob->name, "totalsize", "expected at most %u bytes, found %" PRIu32,
                         DTB_MAX_SIZE, fdt_totalsize(blob->data));
    int result = fdt_check_full(blob->data, blob->size);
    if (result < 0)
        return load_fail(error, -EINVAL, blob->name, "structure", "expected a well-formed device tree, found %s",
                         fdt_strerror(result));
    return 0;
}
