/* Memory: as the PE sees it now, as another EL or security state would, or physical. */
#include "frontends/gdb/internal.h"

struct armsim_space current_space(const struct gdb *gdb, bool physical)
{
    bool secure = peek(gdb, gdb->pe, ARMSIM_REG_SECURE) != 0;
    if (physical)
        return ARMSIM_PHYSICAL(gdb->pas >= 0 ? (enum armsim_pas)gdb->pas
                               : secure      ? ARMSIM_PAS_SECURE
                                             : ARMSIM_PAS_NON_SECURE);
    struct armsim_space space = ARMSIM_VIRTUAL(gdb->pe);
    space.ignore_permissions = true;
    if (gdb->el < 0 && gdb->security < 0)
        return space;
    space.current = false;
    space.el = gdb->el >= 0 ? (uint8_t)gdb->el : (uint8_t)peek(gdb, gdb->pe, ARMSIM_REG_CURRENT_EL);
    if (gdb->security >= 0)
        secure = gdb->security == 1;
    else if (space.el == 3)
        secure = true;
    space.pas = secure ? ARMSIM_PAS_SECURE : ARMSIM_PAS_NON_SECURE;
    return space;
}

static bool take_range(struct cursor *packet, uint64_t *address, uint64_t *size)
{
    return take_hex(packet, address) && take_char(packet, ',') && take_hex(packet, size);
}

void read_memory(struct gdb *gdb, struct cursor *packet)
{
    static const size_t most = PACKET_BYTES / 2 - 16;
    uint8_t data[PACKET_BYTES / 2];
    uint64_t address, size;
    size_t done = 0;
    if (!take_range(packet, &address, &size) || !at_end(packet)) {
        reply_error(gdb, EINVAL);
        return;
    }
    if (size > most)
        size = most;
    if (size && size - 1 > UINT64_MAX - address)
        size = UINT64_MAX - address + 1;
    struct armsim_space space = current_space(gdb, gdb->physical);
    int error = armsim_read_memory(gdb->machine, &space, address, data, (size_t)size, &done);
    if (error < 0 && done == 0) {
        reply_error(gdb, EFAULT);
        return;
    }
    reply_begin(gdb);
    reply_hex(gdb, data, done); /* what there is */
    reply_end(gdb);
}

static void write_bytes(struct gdb *gdb, uint64_t address, const void *data, size_t size)
{
    struct armsim_space space = current_space(gdb, gdb->physical);
    if (armsim_write_memory(gdb->machine, &space, address, data, size, NULL) < 0)
        reply_error(gdb, EFAULT);
    else
        reply(gdb, "OK");
}

void write_memory(struct gdb *gdb, struct cursor *packet)
{
    uint8_t data[PACKET_BYTES / 2];
    uint64_t address, size;
    if (!take_range(packet, &address, &size) || !take_char(packet, ':') || size > sizeof(data) ||
        left(packet) != 2 * size || !take_bytes(packet, data, (size_t)size))
        reply_error(gdb, EINVAL);
    else
        write_bytes(gdb, address, data, (size_t)size);
}

void write_memory_binary(struct gdb *gdb, struct cursor *packet)
{
    uint64_t address, size;
    if (!take_range(packet, &address, &size) || !take_char(packet, ':') || left(packet) != size)
        reply_error(gdb, EINVAL);
    else
        write_bytes(gdb, address, packet->at, (size_t)size);
}
