/* Packets: "$", text, "#" and two digits of checksum; each is acknowledged by "+" or asked for again by "-". */
#include "frontends/gdb/internal.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

enum { ESCAPE = '}', ESCAPE_FLIP = 0x20, INTERRUPT = 3 };

static int digit(char c)
{
    if (c >= '0' && c <= '9')
        return c - '0';
    if (c >= 'a' && c <= 'f')
        return c - 'a' + 10;
    return c >= 'A' && c <= 'F' ? c - 'A' + 10 : -1;
}

/* --- reading --- */

bool at_end(const struct cursor *cursor)
{
    return cursor->at == cursor->end;
}

bool take_char(struct cursor *cursor, char c)
{
    if (at_end(cursor) || *cursor->at != c)
        return false;
    cursor->at++;
    return true;
}

bool take_text(struct cursor *cursor, const char *text)
{
    size_t length = strlen(text);
    if (left(cursor) < length || memcmp(cursor->at, text, length) != 0)
        return false;
    cursor->at += length;
    return true;
}

bool take_hex(struct cursor *cursor, uint64_t *value)
{
    unsigned digits = 0;
    *value = 0;
    while (!at_end(cursor) && digit(*cursor->at) >= 0) {
        if (*value >> 60)
            return false;
        *value = *value << 4 | (unsigned)digit(*cursor->at++);
        digits++;
    }
    return digits > 0;
}

bool take_bytes(struct cursor *cursor, uint8_t *bytes, size_t count)
{
    if (left(cursor) / 2 < count)
        return false;
    for (size_t i = 0; i < count; i++, cursor->at += 2) {
        int high = digit(cursor->at[0]), low = digit(cursor->at[1]);
        if (high < 0 || low < 0)
            return false;
        bytes[i] = (uint8_t)(high << 4 | low);
    }
    return true;
}

/* --- writing --- */

static void put(struct gdb *gdb, char c)
{
    if (gdb->out_size < sizeof(gdb->out) - 4) /* "#" and the checksum */
        gdb->out[gdb->out_size++] = c;
}

void reply_begin(struct gdb *gdb)
{
    gdb->out_size = 0;
    put(gdb, '$');
}

void reply_text(struct gdb *gdb, const char *format, ...)
{
    char text[512];
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(text, sizeof(text), format, arguments);
    va_end(arguments);
    for (const char *at = text; *at; at++)
        put(gdb, *at);
}

void reply_hex(struct gdb *gdb, const void *data, size_t size)
{
    static const char digits[] = "0123456789abcdef";
    const uint8_t *bytes = data;
    for (size_t i = 0; i < size; i++) {
        put(gdb, digits[bytes[i] >> 4]);
        put(gdb, digits[bytes[i] & 15]);
    }
}

void reply_binary(struct gdb *gdb, const void *data, size_t size)
{
    const char *bytes = data;
    for (size_t i = 0; i < size; i++) {
        bool special = bytes[i] == '#' || bytes[i] == '$' || bytes[i] == ESCAPE || bytes[i] == '*';
        if (special)
            put(gdb, ESCAPE);
        put(gdb, (char)(special ? bytes[i] ^ ESCAPE_FLIP : bytes[i]));
    }
}

void reply_end(struct gdb *gdb)
{
    uint8_t sum = 0;
    for (size_t i = 1; i < gdb->out_size; i++)
        sum += (uint8_t)gdb->out[i];
    char tail[4];
    snprintf(tail, sizeof(tail), "#%02x", sum);
    memcpy(gdb->out + gdb->out_size, tail, 3);
    gdb->out_size += 3;
    gdb->send(gdb->opaque, gdb->out, gdb->out_size);
}

void reply(struct gdb *gdb, const char *text)
{
    reply_begin(gdb);
    reply_text(gdb, "%s", text);
    reply_end(gdb);
}

void reply_error(struct gdb *gdb, int error)
{
    reply_begin(gdb);
    reply_text(gdb, "E%02x", error & 0xff);
    reply_end(gdb);
}

void print(struct gdb *gdb, const char *format, ...)
{
    char text[1024];
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(text, sizeof(text), format, arguments);
    va_end(arguments);
    if (!gdb->connected)
        return;
    reply_begin(gdb);
    put(gdb, 'O');
    reply_hex(gdb, text, strlen(text));
    reply_end(gdb);
}

/* --- the stream --- */

static size_t unescape(char *text, size_t size)
{
    size_t to = 0;
    for (size_t from = 0; from < size; from++) {
        bool escaped = text[from] == ESCAPE && from + 1 < size;
        text[to++] = escaped ? (char)(text[++from] ^ ESCAPE_FLIP) : text[from];
    }
    return to;
}

static void packet_complete(struct gdb *gdb)
{
    gdb->phase = BETWEEN;
    bool good = gdb->sum == gdb->expected || gdb->no_ack;
    if (!gdb->no_ack)
        gdb->send(gdb->opaque, good ? "+" : "-", 1);
    if (!good)
        return;
    if (gdb->too_long) {
        reply_error(gdb, E2BIG);
        return;
    }
    gdb->in_size = unescape(gdb->in, gdb->in_size);
    gdb->in[gdb->in_size] = '\0';
    handle_packet(gdb, (struct cursor){gdb->in, gdb->in + gdb->in_size});
}

static void between(struct gdb *gdb, uint8_t byte)
{
    if (byte == '$') {
        gdb->phase = INSIDE;
        gdb->in_size = 0;
        gdb->sum = 0;
        gdb->too_long = false;
    } else if (byte == INTERRUPT) {
        handle_interrupt(gdb);
    } else if (byte == '-' && !gdb->no_ack && gdb->out_size) {
        gdb->send(gdb->opaque, gdb->out, gdb->out_size);
    }
}

static void inside(struct gdb *gdb, uint8_t byte)
{
    if (byte == '$') { /* the last one was cut off */
        between(gdb, byte);
    } else if (byte == '#') {
        gdb->phase = CHECKSUM;
        gdb->digits = 0;
        gdb->expected = 0;
    } else {
        gdb->sum += byte;
        if (gdb->in_size < PACKET_BYTES)
            gdb->in[gdb->in_size++] = (char)byte;
        else
            gdb->too_long = true;
    }
}

void gdb_receive(struct gdb *gdb, const uint8_t *data, size_t size)
{
    for (size_t i = 0; i < size && gdb->state != GDB_KILLED; i++) {
        if (gdb->phase == BETWEEN) {
            between(gdb, data[i]);
        } else if (gdb->phase == INSIDE) {
            inside(gdb, data[i]);
        } else {
            int value = digit((char)data[i]);
            if (value < 0)
                gdb->sum = (uint8_t)~gdb->expected; /* never right */
            gdb->expected = (uint8_t)(gdb->expected << 4 | (value & 15));
            if (++gdb->digits == 2)
                packet_complete(gdb);
        }
    }
}
