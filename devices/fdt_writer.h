/*
 * Writing a flattened device tree, nodes in order. A thin layer on libfdt's sequential-write functions that grows the
 * buffer, keeps the first error (so callers check once) and knows the phandles that every device refers to.
 */
#ifndef ARMSIM_DEVICES_FDT_WRITER_H
#define ARMSIM_DEVICES_FDT_WRITER_H

#include <stddef.h>
#include <stdint.h>

struct fdt_writer;
struct device;

/* Phandles given out in advance, so that a node can be referred to before it is written. */
enum fdt_phandle { FDT_PHANDLE_CLOCK = 1, FDT_PHANDLE_GIC, FDT_PHANDLE_GIC_ITS, FDT_PHANDLE_GIC_V2M, FDT_PHANDLE_FIRST_FREE = 0x10 };

enum fdt_interrupt_type { FDT_SPI = 0, FDT_PPI = 1 };
enum { FDT_EDGE_RISING = 1, FDT_LEVEL_HIGH = 4 };

struct fdt_interrupt {
    enum fdt_interrupt_type type;
    uint32_t number; /* SPI n (INTID 32 + n) or PPI n (INTID 16 + n) */
    uint32_t flags;  /* FDT_EDGE_RISING or FDT_LEVEL_HIGH; a GICv2 PPI adds its CPU mask in bits [15:8] */
};

/* Opens the root node (#address-cells and #size-cells 2 are the caller's to write). NULL: out of memory. */
struct fdt_writer *fdt_writer_create(void);
void fdt_writer_destroy(struct fdt_writer *writer);

/* /memreserve/ entries come first, before any property: only directly after create. */
void fdtw_reserve(struct fdt_writer *writer, uint64_t address, uint64_t size);

void fdtw_begin(struct fdt_writer *writer, const char *name);
void fdtw_begin_at(struct fdt_writer *writer, const char *name, uint64_t address); /* name@address */
void fdtw_end(struct fdt_writer *writer);

void fdtw_empty(struct fdt_writer *writer, const char *name);
void fdtw_u32(struct fdt_writer *writer, const char *name, uint32_t value);
void fdtw_u64(struct fdt_writer *writer, const char *name, uint64_t value);
void fdtw_cells(struct fdt_writer *writer, const char *name, const uint32_t *cells, size_t count);
void fdtw_string(struct fdt_writer *writer, const char *name, const char *value);
/* A list of strings, given one after the other, each with its NUL: "arm,pl011\0arm,primecell" and sizeof it. */
void fdtw_strings(struct fdt_writer *writer, const char *name, const char *list, size_t size);
void fdtw_bytes(struct fdt_writer *writer, const char *name, const void *data, size_t size);

/* "reg" for 2 address and 2 size cells: `count` pairs {base, size}. */
void fdtw_reg(struct fdt_writer *writer, const uint64_t (*pairs)[2], size_t count);
/* "interrupts" for the GIC's three cells. */
void fdtw_interrupts(struct fdt_writer *writer, const struct fdt_interrupt *interrupts, size_t count);
/* reg of the device's window, its SPI (level-sensitive) if it has one, and for a device that only the Secure state
 * sees, status = "disabled" with secure-status = "okay". */
void fdtw_device(struct fdt_writer *writer, const struct device *device);
/* compatible = "<compatible>", "arm,primecell", with the APB clock under the name(s) of `clock_names`. */
void fdtw_primecell(struct fdt_writer *writer, const char *compatible, const char *clock_names, size_t names_size);

/* A phandle that nobody has; write it with fdtw_u32(writer, "phandle", ...). */
uint32_t fdtw_new_phandle(struct fdt_writer *writer);

/* 0, or the first negative libfdt error. */
int fdtw_error(const struct fdt_writer *writer);

/* Ends the root node and the blob; it belongs to the caller (free()). Returns 0 or the first error. */
int fdtw_finish(struct fdt_writer *writer, void **blob, size_t *size);

#endif
