/*
 * virtio console device. Specification: Virtual I/O Device (VIRTIO) 1.2, section 5.3.
 *
 * Queues: 0 and 1 receive and transmit of port 0, 2 and 3 control, then two for each further port. Features: SIZE,
 * EMERG_WRITE, and MULTIPORT when there is more than one port. The host's end of every port is always open.
 *
 * What the device has to tell on the control queue is a set of pending messages for each port, not a list: so it is
 * bounded, and a driver that asks twice hears it twice at most.
 *
 * Output appears 1 us of virtual time after the notification.
 */
#include "devices/virtio/virtqueue.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

enum { CONTROL_RECEIVE_QUEUE = 2, CONTROL_TRANSMIT_QUEUE = 3, LATENCY_NS = 1000, CHUNK_BYTES = 4096 };
enum { CONFIG_COLS = 0, CONFIG_ROWS = 2, CONFIG_MAX_PORTS = 4, CONFIG_EMERG_WRITE = 8, CONFIG_BYTES = 12 };
enum { CONTROL_BYTES = 8, CONTROL_MAX = 64, DEFAULT_COLS = 80, DEFAULT_ROWS = 25 };

/* Control events. */
enum { DEVICE_READY = 0, DEVICE_ADD = 1, PORT_READY = 3, CONSOLE_PORT = 4, RESIZE = 5, PORT_OPEN = 6, PORT_NAME = 7 };

#define F_SIZE (1ull << 0)
#define F_MULTIPORT (1ull << 1)
#define F_EMERG_WRITE (1ull << 2)

struct virtio_console {
    struct virtio virtio;
    struct virtio_console_port port[VIRTIO_CONSOLE_PORTS_MAX];
    unsigned port_count;
    uint16_t columns, rows;
    uint8_t pending[VIRTIO_CONSOLE_PORTS_MAX];    /* bit n: control event n is to be sent for the port */
    uint8_t guest_open[VIRTIO_CONSOLE_PORTS_MAX]; /* the guest has opened its end */
};

static const struct state_field fields[] = {
    VIRTIO_FIELDS(struct virtio_console),
    STATE_KEPT(struct virtio_console, columns),
    STATE_KEPT(struct virtio_console, rows),
    STATE_ARRAY(struct virtio_console, pending, 0),
    STATE_ARRAY(struct virtio_console, guest_open, 0),
};

static unsigned receive_queue(unsigned port)
{
    return port ? 2 * port + 2 : 0;
}

/* The port of a data queue. */
static unsigned port_of(unsigned queue)
{
    return queue < 2 ? 0 : (queue - 2) / 2;
}

static bool multiport(const struct virtio_console *console)
{
    return virtio_has(&console->virtio, F_MULTIPORT);
}

/* --- control messages to the guest --- */

static size_t compose(const struct virtio_console *console, unsigned port, unsigned event, uint8_t *message)
{
    size_t size = CONTROL_BYTES;
    store_le32(message, port);
    store_le16(message + 4, (uint16_t)event);
    store_le16(message + 6, 1);
    if (event == RESIZE) {
        store_le16(message + size, console->columns);
        store_le16(message + size + 2, console->rows);
        size += 4;
    } else if (event == PORT_NAME) {
        size_t length = strnlen(console->port[port].name, CONTROL_MAX - CONTROL_BYTES);
        memcpy(message + size, console->port[port].name, length);
        size += length;
    }
    return size;
}

/* Sends one message. False: not now. */
static bool send_control(struct virtio_console *console, unsigned port, unsigned event)
{
    struct virtio *virtio = &console->virtio;
    struct virtq_chain chain;
    uint8_t message[CONTROL_MAX];
    if (!virtq_pop(virtio, CONTROL_RECEIVE_QUEUE, &chain))
        return false;
    size_t size = compose(console, port, event, message);
    if (!virtq_write(virtio, &chain, 0, message, size)) {
        virtio_fail(virtio, "a control buffer of %" PRIu64 " bytes", chain.in_size);
        return false;
    }
    virtq_push(virtio, CONTROL_RECEIVE_QUEUE, chain.head, (uint32_t)size);
    return true;
}

static void send_pending(struct virtio_console *console)
{
    if (!multiport(console) || !virtio_running(&console->virtio))
        return;
    for (unsigned port = 0; port < console->port_count; port++) {
        for (unsigned event = 0; event < 8; event++) {
            if (!(console->pending[port] & 1u << event))
                continue;
            if (!send_control(console, port, event)) {
                virtq_settle(&console->virtio, CONTROL_RECEIVE_QUEUE);
                return;
            }
            console->pending[port] &= ~(1u << event);
        }
    }
    virtq_settle(&console->virtio, CONTROL_RECEIVE_QUEUE);
}

/* --- control messages from the guest --- */

static void port_ready(struct virtio_console *console, unsigned port)
{
    if (port == 0)
        console->pending[port] |= 1u << CONSOLE_PORT | 1u << RESIZE;
    if (console->port[port].name)
        console->pending[port] |= 1u << PORT_NAME;
    console->pending[port] |= 1u << PORT_OPEN;
}

static void receive_control(struct virtio_console *console, const uint8_t *message)
{
    uint32_t port = load_le32(message);
    uint16_t event = load_le16(message + 4), value = load_le16(message + 6);
    if (event == DEVICE_READY) {
        for (unsigned i = 0; value && i < console->port_count; i++)
            console->pending[i] |= 1u << DEVICE_ADD;
        return;
    }
    if (port >= console->port_count || (event != PORT_READY && event != PORT_OPEN)) {
        log_message(console->virtio.device.env->log, LOG_GUEST_ERROR, "%s: control event %u for port %" PRIu32,
                    console->virtio.device.name, event, port);
        return;
    }
    if (event == PORT_READY && value) {
        port_ready(console, port);
    } else if (event == PORT_OPEN) {
        console->guest_open[port] = value != 0;
        if (value && console->port[port].backend.ready)
            console->port[port].backend.ready(console->port[port].backend.opaque);
    }
}

static void serve_control(struct virtio_console *console)
{
    struct virtio *virtio = &console->virtio;
    struct virtq_chain chain;
    for (unsigned n = 0; n < VIRTIO_QUEUE_SIZE && virtq_pop(virtio, CONTROL_TRANSMIT_QUEUE, &chain); n++) {
        uint8_t message[CONTROL_BYTES];
        if (!virtq_read(virtio, &chain, 0, message, sizeof(message))) {
            virtio_fail(virtio, "a control message of %" PRIu64 " bytes", chain.out_size);
            return;
        }
        receive_control(console, message);
        virtq_push(virtio, CONTROL_TRANSMIT_QUEUE, chain.head, 0);
    }
    virtq_settle(virtio, CONTROL_TRANSMIT_QUEUE);
    send_pending(console);
}

/* --- data --- */

static void output(struct virtio_console *console, unsigned port, const struct virtq_chain *chain)
{
    const struct char_backend *backend = &console->port[port].backend;
    uint8_t chunk[CHUNK_BYTES];
    for (uint64_t done = 0; done < chain->out_size;) {
        uint64_t left = chain->out_size - done;
        size_t part = left < sizeof(chunk) ? (size_t)left : sizeof(chunk);
        if (!virtq_read(&console->virtio, chain, done, chunk, part))
            return;
        if (backend->write)
            backend->write(backend->opaque, chunk, part);
        done += part;
    }
}

static bool process(struct virtio *virtio, unsigned queue)
{
    struct virtio_console *console = (struct virtio_console *)virtio;
    if (queue == CONTROL_RECEIVE_QUEUE) {
        send_pending(console);
        return false;
    }
    if (queue == CONTROL_TRANSMIT_QUEUE) {
        serve_control(console);
        return virtq_available(virtio, queue);
    }
    unsigned port = port_of(queue);
    if (queue == receive_queue(port)) {
        if (console->port[port].backend.ready)
            console->port[port].backend.ready(console->port[port].backend.opaque);
        return false;
    }
    struct virtq_chain chain;
    for (unsigned n = 0; n < VIRTIO_QUEUE_SIZE && virtq_pop(virtio, queue, &chain); n++) {
        output(console, port, &chain);
        virtq_push(virtio, queue, chain.head, 0);
    }
    virtq_settle(virtio, queue);
    return virtq_available(virtio, queue);
}

size_t virtio_console_receive(struct device *device, unsigned port, const uint8_t *bytes, size_t size)
{
    struct virtio_console *console = (struct virtio_console *)device;
    struct virtio *virtio = &console->virtio;
    if (port >= console->port_count || (multiport(console) && !console->guest_open[port]))
        return 0;
    unsigned queue = receive_queue(port);
    struct virtq_chain chain;
    size_t taken = 0;
    while (taken < size && virtq_pop(virtio, queue, &chain)) {
        size_t part = size - taken < chain.in_size ? size - taken : (size_t)chain.in_size;
        if (!part || !virtq_write(virtio, &chain, 0, bytes + taken, part)) {
            virtio_fail(virtio, "a receive buffer of %" PRIu64 " bytes, or not in memory", chain.in_size);
            return taken;
        }
        virtq_push(virtio, queue, chain.head, (uint32_t)part);
        taken += part;
    }
    virtq_settle(virtio, queue);
    return taken;
}

void virtio_console_resize(struct device *device, uint16_t columns, uint16_t rows)
{
    struct virtio_console *console = (struct virtio_console *)device;
    if (console->columns == columns && console->rows == rows)
        return;
    console->columns = columns;
    console->rows = rows;
    if (multiport(console)) {
        console->pending[0] |= 1u << RESIZE;
        send_pending(console);
    } else if (virtio_has(&console->virtio, F_SIZE)) {
        virtio_config_changed(&console->virtio);
    }
}

/* --- the transport's hooks --- */

static void started(struct virtio *virtio)
{
    struct virtio_console *console = (struct virtio_console *)virtio;
    for (unsigned i = 0; i < console->port_count; i++)
        if (console->port[i].backend.ready)
            console->port[i].backend.ready(console->port[i].backend.opaque);
}

static size_t config(struct virtio *virtio, uint8_t *image)
{
    const struct virtio_console *console = (const struct virtio_console *)virtio;
    store_le16(image + CONFIG_COLS, console->columns);
    store_le16(image + CONFIG_ROWS, console->rows);
    store_le32(image + CONFIG_MAX_PORTS, console->port_count);
    return CONFIG_BYTES;
}

/* emerg_wr: a character for port 0, at any time, before there are queues. */
static bool config_write(struct virtio *virtio, uint64_t offset, unsigned size, uint32_t value)
{
    struct virtio_console *console = (struct virtio_console *)virtio;
    uint8_t character = (uint8_t)value;
    if (offset != CONFIG_EMERG_WRITE)
        return false;
    if (console->port[0].backend.write)
        console->port[0].backend.write(console->port[0].backend.opaque, &character, 1);
    return true;
}

static void reset(struct virtio *virtio)
{
    struct virtio_console *console = (struct virtio_console *)virtio;
    memset(console->pending, 0, sizeof(console->pending));
    memset(console->guest_open, 0, sizeof(console->guest_open));
}

static const struct virtio_class console_class = {
    .device_id = VIRTIO_ID_CONSOLE,
    .features = F_SIZE | F_EMERG_WRITE,
    .queue_count = 2,
    .latency_ns = LATENCY_NS,
    .process = process,
    .config = config,
    .config_write = config_write,
    .started = started,
    .reset = reset,
};

static const struct device_ops console_ops = {.model = "virtio-console", VIRTIO_OPS(fields)};

_Static_assert(2 * VIRTIO_CONSOLE_PORTS_MAX + 2 <= VIRTIO_QUEUES_MAX, "two queues a port, two for control");

struct device *virtio_console_create(const struct device_env *env, const struct virtio_place *place,
                                     const struct virtio_console_options *options)
{
    if (!options->port_count || options->port_count > VIRTIO_CONSOLE_PORTS_MAX)
        return NULL;
    struct virtio_console *console = calloc(1, sizeof(*console));
    if (!console)
        return NULL;
    memcpy(console->port, options->ports, sizeof(console->port));
    console->port_count = options->port_count;
    console->columns = DEFAULT_COLS;
    console->rows = DEFAULT_ROWS;
    bool many = options->port_count > 1;
    if (virtio_init(&console->virtio, &console_ops, &console_class, env, place, many ? F_MULTIPORT : 0)) {
        free(console);
        return NULL;
    }
    if (many)
        console->virtio.queue_count = 2 * options->port_count + 2;
    return &console->virtio.device;
}
