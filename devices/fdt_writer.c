/* The device tree writer: libfdt's sequential-write functions on a buffer that grows. */
#include "devices/fdt_writer.h"

#include "devices/device.h"

#include <inttypes.h>
#include <libfdt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { INITIAL_SIZE = 16 << 10, MAXIMUM_SIZE = 16 << 20, NAME_MAX_LENGTH = 80, CELLS_MAX = 256 };

struct fdt_writer {
    void *blob;
    size_t size;
    int error;
    bool structure; /* the reservation map has ended */
    unsigned depth; /* nodes that are open below the root */
    uint32_t next_phandle;
};

struct fdt_writer *fdt_writer_create(void)
{
    struct fdt_writer *writer = calloc(1, sizeof(*writer));
    if (!writer)
        return NULL;
    writer->size = INITIAL_SIZE;
    writer->next_phandle = FDT_PHANDLE_FIRST_FREE;
    writer->blob = calloc(1, writer->size);
    if (!writer->blob) {
        free(writer);
        return NULL;
    }
    writer->error = fdt_create(writer->blob, (int)writer->size);
    return writer;
}

void fdt_writer_destroy(struct fdt_writer *writer)
{
    if (!writer)
        return;
    free(writer->blob);
    free(writer);
}

/* Doubles the buffer. False, with the error kept: no more memory, or a tree beyond all reason. */
static bool grow(struct fdt_writer *writer)
{
    size_t size = writer->size * 2;
    void *blob = size <= MAXIMUM_SIZE ? calloc(1, size) : NULL;
    if (!blob) {
        writer->error = -FDT_ERR_NOSPACE;
        return false;
    }
    writer->error = fdt_resize(writer->blob, blob, (int)size);
    if (writer->error) {
        free(blob);
        return false;
    }
    free(writer->blob);
    writer->blob = blob;
    writer->size = size;
    return true;
}

/* Runs one libfdt call, again with a bigger buffer as long as it says that there is no space. */
#define TRY(writer, call)                                                                                              \
    do {                                                                                                               \
        if ((writer)->error)                                                                                           \
            break;                                                                                                     \
        int try_error = (call);                                                                                        \
        if (try_error == -FDT_ERR_NOSPACE && grow(writer))                                                             \
            continue;                                                                                                  \
        if (!(writer)->error)                                                                                          \
            (writer)->error = try_error;                                                                               \
        break;                                                                                                         \
    } while (1)

void fdtw_reserve(struct fdt_writer *writer, uint64_t address, uint64_t size)
{
    if (writer->structure && !writer->error)
        writer->error = -FDT_ERR_BADSTATE;
    TRY(writer, fdt_add_reservemap_entry(writer->blob, address, size));
}

/* Ends the reservation map and opens the root node before the first thing in it. */
static void enter_structure(struct fdt_writer *writer)
{
    if (writer->structure)
        return;
    writer->structure = true;
    TRY(writer, fdt_finish_reservemap(writer->blob));
    TRY(writer, fdt_begin_node(writer->blob, ""));
}

void fdtw_begin(struct fdt_writer *writer, const char *name)
{
    enter_structure(writer);
    TRY(writer, fdt_begin_node(writer->blob, name));
    writer->depth++;
}

void fdtw_begin_at(struct fdt_writer *writer, const char *name, uint64_t address)
{
    char full[NAME_MAX_LENGTH];
    int length = snprintf(full, sizeof(full), "%s@%" PRIx64, name, address);
    if ((length < 0 || (size_t)length >= sizeof(full)) && !writer->error)
        writer->error = -FDT_ERR_BADVALUE;
    fdtw_begin(writer, full);
}

void fdtw_end(struct fdt_writer *writer)
{
    if (!writer->depth && !writer->error)
        writer->error = -FDT_ERR_BADSTRUCTURE;
    TRY(writer, fdt_end_node(writer->blob));
    writer->depth--;
}

void fdtw_bytes(struct fdt_writer *writer, const char *name, const void *data, size_t size)
{
    enter_structure(writer);
    if (size > MAXIMUM_SIZE && !writer->error)
        writer->error = -FDT_ERR_NOSPACE;
    TRY(writer, fdt_property(writer->blob, name, data, (int)size));
}

void fdtw_empty(struct fdt_writer *writer, const char *name)
{
    fdtw_bytes(writer, name, NULL, 0);
}

void fdtw_u32(struct fdt_writer *writer, const char *name, uint32_t value)
{
    fdtw_cells(writer, name, &value, 1);
}

void fdtw_u64(struct fdt_writer *writer, const char *name, uint64_t value)
{
    uint32_t cells[2] = {(uint32_t)(value >> 32), (uint32_t)value};
    fdtw_cells(writer, name, cells, 2);
}

void fdtw_cells(struct fdt_writer *writer, const char *name, const uint32_t *cells, size_t count)
{
    fdt32_t big[CELLS_MAX];
    if (count > CELLS_MAX) {
        if (!writer->error)
            writer->error = -FDT_ERR_NOSPACE;
        return;
    }
    for (size_t i = 0; i < count; i++)
        big[i] = cpu_to_fdt32(cells[i]);
    fdtw_bytes(writer, name, big, count * sizeof(*big));
}

void fdtw_string(struct fdt_writer *writer, const char *name, const char *value)
{
    fdtw_bytes(writer, name, value, strlen(value) + 1);
}

void fdtw_strings(struct fdt_writer *writer, const char *name, const char *list, size_t size)
{
    fdtw_bytes(writer, name, list, size);
}

void fdtw_reg(struct fdt_writer *writer, const uint64_t (*pairs)[2], size_t count)
{
    uint32_t cells[CELLS_MAX];
    if (count > CELLS_MAX / 4) {
        if (!writer->error)
            writer->error = -FDT_ERR_NOSPACE;
        return;
    }
    for (size_t i = 0; i < count; i++) {
        for (size_t half = 0; half < 2; half++) {
            cells[4 * i + 2 * half] = (uint32_t)(pairs[i][half] >> 32);
            cells[4 * i + 2 * half + 1] = (uint32_t)pairs[i][half];
        }
    }
    fdtw_cells(writer, "reg", cells, 4 * count);
}

void fdtw_interrupts(struct fdt_writer *writer, const struct fdt_interrupt *interrupts, size_t count)
{
    uint32_t cells[CELLS_MAX];
    if (count > CELLS_MAX / 3) {
        if (!writer->error)
            writer->error = -FDT_ERR_NOSPACE;
        return;
    }
    for (size_t i = 0; i < count; i++) {
        cells[3 * i] = interrupts[i].type;
        cells[3 * i + 1] = interrupts[i].number;
        cells[3 * i + 2] = interrupts[i].flags;
    }
    fdtw_cells(writer, "interrupts", cells, 3 * count);
}

void fdtw_device(struct fdt_writer *writer, const struct device *device)
{
    const uint64_t window[1][2] = {{device->base, device->size}};
    fdtw_reg(writer, window, 1);
    if (device->irq) {
        struct fdt_interrupt interrupt = {FDT_SPI, device->spi, FDT_LEVEL_HIGH};
        fdtw_interrupts(writer, &interrupt, 1);
    }
    if (!(device->pas_mask & PAS_BIT(PAS_NON_SECURE))) {
        fdtw_string(writer, "status", "disabled");
        fdtw_string(writer, "secure-status", "okay");
    }
}

void fdtw_primecell(struct fdt_writer *writer, const char *compatible, const char *clock_names, size_t names_size)
{
    char list[NAME_MAX_LENGTH];
    int length = snprintf(list, sizeof(list), "%s%carm,primecell", compatible, 0);
    if ((length < 0 || (size_t)length >= sizeof(list)) && !writer->error)
        writer->error = -FDT_ERR_BADVALUE;
    else
        fdtw_strings(writer, "compatible", list, (size_t)length + 1);

    uint32_t clocks[CELLS_MAX];
    size_t count = 0;
    for (size_t i = 0; i < names_size && count < CELLS_MAX; i++)
        if (!clock_names[i])
            clocks[count++] = FDT_PHANDLE_CLOCK;
    fdtw_cells(writer, "clocks", clocks, count);
    fdtw_strings(writer, "clock-names", clock_names, names_size);
}

uint32_t fdtw_new_phandle(struct fdt_writer *writer)
{
    return writer->next_phandle++;
}

int fdtw_error(const struct fdt_writer *writer)
{
    return writer->error;
}

int fdtw_finish(struct fdt_writer *writer, void **blob, size_t *size)
{
    enter_structure(writer);
    if (writer->depth && !writer->error)
        writer->error = -FDT_ERR_BADSTRUCTURE;
    TRY(writer, fdt_end_node(writer->blob));
    TRY(writer, fdt_finish(writer->blob));
    if (writer->error)
        return writer->error;
    *blob = writer->blob;
    *size = fdt_totalsize(writer->blob);
    writer->blob = NULL;
    return 0;
}
