#include "roms/visor/hypercall.h"

#define FAILURE 0xffffffffu

struct request {
    struct hypercall_guest *guest;
    u64 *x;
    unsigned el;
    struct io io;
    struct hypercall_fault *fault;
};

static enum hypercall_result failure(struct request *request)
{
    request->x[0] = FAILURE;
    return HYPERCALL_DONE;
}

/* ---- string forms: elements between the guest's memory and a channel, one by one as x86 has them */

/* One piece inside a page. */
static bool transfer(struct request *r, u64 va, u8 *data, size_t size)
{
    const struct hypercall_host *host = r->guest->host;
    return r->io.in ? host->write(r->guest->opaque, r->el, va, data, size, r->fault)
                    : host->read(r->guest->opaque, r->el, va, data, size, r->fault);
}

/* An element across a page boundary: all of it or nothing. */
static bool transfer_crossing(struct request *r, u64 va, u8 *data, size_t first)
{
    const struct hypercall_host *host = r->guest->host;
    if (r->io.in && !host->writable(r->guest->opaque, r->el, va + first, r->fault))
        return false;
    return transfer(r, va, data, first) && transfer(r, va + first, data + first, r->io.size - first);
}

/* How many bytes go at once: as many elements as lie in the page, or one that leaves it. */
static size_t piece_size(const struct request *r, u64 va, u64 left)
{
    size_t to_end = 4096 - (va & 4095), most = HYPERCALL_PIECE;
    if (r->io.down || to_end < r->io.size)
        return r->io.size;
    most = most < to_end ? most : to_end;
    most = most < left ? most : left;
    return most - most % r->io.size;
}

static enum hypercall_result move(struct request *r, struct rpc_channel *channel)
{
    u64 *address = &r->x[r->io.in ? 5 : 4];
    u64 left = r->io.size * (r->io.repeat ? r->x[2] : 1);
    for (size_t turn = 0; left; ) {
        if (turn >= HYPERCALL_TURN)
            return HYPERCALL_AGAIN;
        size_t room, size = piece_size(r, *address, left), first = 4096 - (*address & 4095);
        u8 *data = r->io.in ? (u8 *)rpc_get_data(channel, &room) : rpc_put_space(channel, &room);
        if (!(size > first ? transfer_crossing(r, *address, data, first) : transfer(r, *address, data, size)))
            return HYPERCALL_FAULT;
        if (r->io.in)
            rpc_get_done(channel, size);
        else
            rpc_put_done(r->guest->rpc, channel, size);
        *address += r->io.down ? -(u64)size : size;
        if (r->io.repeat)
            r->x[2] -= size / r->io.size;
        left -= size;
        turn += size;
    }
    return HYPERCALL_DONE;
}

/* The channel that a string form names, if it has as much to take or to give as is asked for. */
static struct rpc_channel *stream_channel(struct request *r)
{
    const u64 *x = r->x;
    size_t room;
    if (!r->io.string || !r->guest->rpc || (u16)x[1] != 0)
        return NULL;
    struct rpc_channel *channel = rpc_channel(r->guest->rpc, (u32)x[3] >> 16, (u32)x[r->io.in ? 4 : 6],
                                              (u32)x[r->io.in ? 6 : 5]);
    if (!channel)
        return NULL;
    if (r->io.in)
        rpc_get_data(channel, &room);
    else
        rpc_put_space(channel, &room);
    u64 elements = r->io.repeat ? x[2] : 1;
    return elements <= room / r->io.size ? channel : NULL;
}

#define STREAM_DONE 0x10000u /* X1 afterwards; the public persona has it there before, too */

static enum hypercall_result native_stream(struct request *r)
{
    struct rpc_channel *channel = (u32)r->x[1] == 0 ? stream_channel(r) : NULL;
    if (!channel)
        return failure(r);
    enum hypercall_result result = move(r, channel);
    if (result == HYPERCALL_DONE) {
        r->x[0] = 0;
        r->x[1] = STREAM_DONE;
    }
    return result;
}

static enum hypercall_result public_stream(struct request *r)
{
    struct rpc_channel *channel = (u32)r->x[1] == STREAM_DONE ? stream_channel(r) : NULL;
    if (!channel) {
        r->x[1] = (u16)r->x[1]; /* the caller looks at the status here */
        return failure(r);
    }
    return move(r, channel);
}

/* ---- four bytes at once, in both personas */

static bool put_word(struct request *r, struct rpc_channel *channel, u32 word)
{
    size_t room;
    u8 *to = rpc_put_space(channel, &room);
    size_t size = room < 4 ? room : 4;
    for (size_t i = 0; i < size; i++)
        to[i] = (u8)(word >> 8 * i);
    if (size)
        rpc_put_done(r->guest->rpc, channel, size);
    return size != 0;
}

static bool get_word(struct rpc_channel *channel, u64 *word)
{
    size_t room;
    const u8 *from = rpc_get_data(channel, &room);
    size_t size = room < 4 ? room : 4;
    u32 value = 0;
    for (size_t i = 0; i < size; i++)
        value |= (u32)from[i] << 8 * i;
    if (!size)
        return false;
    *word = value;
    rpc_get_done(channel, size);
    return true;
}

static struct rpc_channel *channel_of(struct request *r)
{
    return rpc_channel(r->guest->rpc, (u32)r->x[3] >> 16, (u32)r->x[4], (u32)r->x[5]);
}

/* ---- native commands; false: failure, nothing changed */

#define NATIVE_MAGIC 0x41524d53u

static bool native_version(struct request *r)
{
    r->x[0] = 1;
    r->x[1] = NATIVE_MAGIC;
    r->x[2] = 1;
    return true;
}

static bool native_features(struct request *r)
{
    r->x[1] = r->guest->transports;
    r->x[2] = r->guest->personas;
    r->x[3] = r->guest->rpc ? 0x3f : 0x2f;
    return true;
}

static bool native_time(struct request *r)
{
    r->guest->host->time(r->guest->opaque, &r->x[1], &r->x[2], &r->x[3]);
    return true;
}

static bool native_put_char(struct request *r)
{
    r->guest->host->put_char(r->guest->opaque, (char)r->x[1]);
    return true;
}

static bool native_message(struct request *r)
{
    enum { OPEN, SEND, RECV, CLOSE, PUT, GET };
    struct rpc *rpc = r->guest->rpc;
    u64 *x = r->x;
    u32 what = (u32)x[2] >> 16, size;
    if (!rpc)
        return false;
    if (what == OPEN) {
        int number = rpc_open(rpc, (u32)x[1]);
        if (number < 0)
            return false;
        x[1] = (u64)number;
        x[4] = rpc->channels[number].keys[0];
        x[5] = rpc->channels[number].keys[1];
        return true;
    }
    struct rpc_channel *channel = channel_of(r);
    if (!channel)
        return false;
    switch (what) {
    case SEND:
        return rpc_send(rpc, channel, (u32)x[1]);
    case RECV:
        if (!rpc_answer(channel, &size))
            return false;
        x[1] = size;
        return true;
    case CLOSE:
        rpc_close(channel);
        return true;
    case PUT:
        return put_word(r, channel, (u32)x[1]);
    case GET:
        return get_word(channel, &x[1]);
    default:
        return false;
    }
}

static bool native_vm_info(struct request *r)
{
    r->x[1] = r->guest->number;
    r->x[2] = r->guest->vcpus;
    r->x[3] = r->guest->vcpu;
    r->x[4] = r->guest->memory;
    return true;
}

/* ---- public commands */

#define PUBLIC_MAGIC 0x564d5868u

enum { PUBLIC_ABI_VERSION = 6, PUBLIC_PRODUCT = 4, PUBLIC_HARDWARE = 20 };

static bool public_version(struct request *r)
{
    r->x[0] = PUBLIC_ABI_VERSION;
    r->x[1] = PUBLIC_MAGIC;
    r->x[2] = PUBLIC_PRODUCT;
    return true;
}

static bool public_hardware(struct request *r)
{
    r->x[0] = PUBLIC_HARDWARE;
    return true;
}

static bool public_memory(struct request *r)
{
    r->x[0] = (u32)(r->guest->memory >> 20);
    return true;
}

/* Status in X2[31:16]; the kind of what comes, or the channel, in X3[31:16]. */
static bool public_message(struct request *r)
{
    enum { OPEN, SEND_SIZE, SEND_DATA, RECV_SIZE, RECV_DATA, RECV_STATUS, CLOSE };
    enum { SUCCESS = 1, ANSWER = 2, STREAM = 0x10, COOKIES = 1u << 31 };
    struct rpc *rpc = r->guest->rpc;
    u64 *x = r->x;
    u32 what = (u32)x[2] >> 16, status = 0, size;
    struct rpc_channel *channel = rpc && what != OPEN ? channel_of(r) : NULL;
    int number;
    if (rpc && what == OPEN) {
        number = rpc_open(rpc, (u32)x[1] & ~COOKIES);
        if (number >= 0) {
            status = SUCCESS;
            x[3] = (u32)number << 16 | (u16)x[3];
            x[4] = rpc->channels[number].keys[0];
            x[5] = rpc->channels[number].keys[1];
        }
    } else if (channel) {
        switch (what) {
        case SEND_SIZE:
            status = rpc_send(rpc, channel, (u32)x[1]) ? SUCCESS | STREAM : 0;
            break;
        case SEND_DATA:
            status = put_word(r, channel, (u32)x[1]) ? SUCCESS : 0;
            break;
        case RECV_SIZE:
            status = SUCCESS;
            if (rpc_answer(channel, &size)) {
                status = SUCCESS | ANSWER | STREAM;
                x[1] = size;
                x[3] = (u32)SEND_SIZE << 16 | (u16)x[3];
            }
            break;
        case RECV_DATA:
            if (get_word(channel, &x[1])) {
                status = SUCCESS;
                x[3] = (u32)SEND_DATA << 16 | (u16)x[3];
            }
            break;
        case RECV_STATUS:
            status = SUCCESS;
            break;
        case CLOSE:
            rpc_close(channel);
            status = SUCCESS;
            break;
        default:
            break;
        }
    }
    x[2] = status << 16 | (u16)x[2];
    return true;
}

/* ---- tables */

struct command {
    u16 number;
    bool kernel; /* not from EL0 */
    bool status; /* X0 = 0 afterwards */
    bool (*run)(struct request *r);
};

static const struct command native_commands[] = {
    {0, false, false, native_version},
    {1, false, true, native_features},
    {2, false, true, native_time},
    {3, true, true, native_put_char},
    {4, false, true, native_message},
    {5, true, true, native_vm_info},
};

static const struct command public_commands[] = {
    {10, false, false, public_version},
    {17, false, false, public_hardware},
    {20, false, false, public_memory},
    {30, false, false, public_message},
};

static const struct port {
    u16 number;
    u32 persona, magic;
    const struct command *commands; /* NULL: a stream */
    size_t count;
    enum hypercall_result (*stream)(struct request *r);
} ports[] = {
    {0x4153, PERSONA_NATIVE, NATIVE_MAGIC, native_commands, sizeof(native_commands) / sizeof(*native_commands), NULL},
    {0x4154, PERSONA_NATIVE, NATIVE_MAGIC, NULL, 0, native_stream},
    {0x5658, PERSONA_PUBLIC, PUBLIC_MAGIC, public_commands, sizeof(public_commands) / sizeof(*public_commands), NULL},
    {0x5659, PERSONA_PUBLIC, PUBLIC_MAGIC, NULL, 0, public_stream},
};

/* The port, if this guest has it and the call knows its magic. */
static const struct port *find_port(const struct request *r)
{
    for (size_t i = 0; i < sizeof(ports) / sizeof(*ports); i++)
        if (ports[i].number == r->io.port && (ports[i].persona & r->guest->personas) && (u32)r->x[0] == ports[i].magic)
            return &ports[i];
    return NULL;
}

static enum hypercall_result run_command(struct request *r, const struct port *port)
{
    if (r->io.string || !r->io.in || r->io.size != 4)
        return failure(r);
    for (size_t i = 0; i < port->count; i++) {
        const struct command *command = &port->commands[i];
        if (command->number != (u16)r->x[2])
            continue;
        if ((command->kernel && r->el == 0) || !command->run(r))
            return failure(r);
        if (command->status)
            r->x[0] = 0;
        return HYPERCALL_DONE;
    }
    return failure(r);
}

enum hypercall_result hypercall(struct hypercall_guest *guest, struct trapcall *call, struct hypercall_fault *fault)
{
    struct request request = {.guest = guest, .x = call->x, .el = call->el, .fault = fault};
    if (!(guest->transports >> call->transport & 1) || !guest->personas)
        return HYPERCALL_FOREIGN;
    bool valid = trapcall_io((u32)call->x[7], (u32)call->x[3], &request.io);
    const struct port *port = valid ? find_port(&request) : NULL;
    if (!port) /* a WFE is first of all a WFE: only what is surely a call is one */
        return call->transport == TRANSPORT_WFE ? HYPERCALL_FOREIGN : failure(&request);
    return port->stream ? port->stream(&request) : run_command(&request, port);
}
