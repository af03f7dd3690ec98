#include "roms/visor/rpc.h"

static bool starts_with(const u8 *data, size_t size, const char *word, size_t *length)
{
    size_t n = 0;
    for (; word[n]; n++)
        if (n >= size || data[n] != (u8)word[n])
            return false;
    *length = n;
    return true;
}

void rpc_reset(struct rpc *rpc, u32 number)
{
    rpc->number = number;
    rpc->opened = 0;
    rpc->last_line[0] = '\0';
    for (unsigned i = 0; i < RPC_CHANNELS; i++)
        rpc->channels[i].state = RPC_CLOSED; /* data are written before they can be read */
    for (unsigned i = 0; i < RPC_VALUES; i++)
        rpc->values[i].name[0] = rpc->values[i].value[0] = '\0';
}

int rpc_open(struct rpc *rpc, u32 protocol)
{
    if (protocol != RPC_PROTOCOL)
        return -1;
    for (int i = 0; i < RPC_CHANNELS; i++) {
        struct rpc_channel *channel = &rpc->channels[i];
        if (channel->state != RPC_CLOSED)
            continue;
        rpc->opened++;
        channel->state = RPC_IDLE;
        channel->size = channel->done = 0;
        channel->keys[0] = (rpc->opened * 0x9e3779b1u) ^ 0x61726d73;
        channel->keys[1] = (rpc->opened * 0x85ebca77u) ^ (u32)i;
        return i;
    }
    return -1;
}

struct rpc_channel *rpc_channel(struct rpc *rpc, u32 number, u32 key0, u32 key1)
{
    if (number >= RPC_CHANNELS || rpc->channels[number].state == RPC_CLOSED)
        return NULL;
    struct rpc_channel *channel = &rpc->channels[number];
    return channel->keys[0] == key0 && channel->keys[1] == key1 ? channel : NULL;
}

void rpc_close(struct rpc_channel *channel)
{
    channel->state = RPC_CLOSED;
}

/* ---- commands: `data` is what follows the command's word; the answer is written over the message */

static void answer(struct rpc_channel *channel, const char *text)
{
    channel->size = 0;
    while (*text)
        channel->data[channel->size++] = (u8)*text++;
}

static void answer_value(struct rpc_channel *channel, const char *value)
{
    answer(channel, "1 ");
    while (*value)
        channel->data[channel->size++] = (u8)*value++;
}

static void copy_text(char *to, size_t room, const u8 *from, size_t size)
{
    size_t n = 0;
    for (; n < size && n + 1 < room && from[n]; n++)
        to[n] = (char)from[n];
    to[n] = '\0';
}

static void echo(struct rpc *rpc, struct rpc_channel *channel, const u8 *data, size_t size)
{
    (void)rpc; /* "echo TEXT" is five bytes longer than TEXT: there is room, and the bytes move down */
    u8 *to = channel->data;
    for (size_t i = 0; i < size; i++)
        to[2 + i] = data[i];
    to[0] = '1';
    to[1] = ' ';
    channel->size = (u32)size + 2;
}

static void log_line(struct rpc *rpc, struct rpc_channel *channel, const u8 *data, size_t size)
{
    copy_text(rpc->last_line, sizeof(rpc->last_line), data, size);
    answer(channel, "1 ");
}

static size_t word_length(const u8 *data, size_t size)
{
    size_t n = 0;
    while (n < size && data[n] != ' ' && data[n])
        n++;
    return n;
}

/* The value of that name, or a free place for it; NULL: there is neither. */
static char *find_value(struct rpc *rpc, const u8 *name, size_t size, bool make)
{
    int free = -1;
    for (int i = 0; i < RPC_VALUES; i++) {
        size_t length;
        const char *own = rpc->values[i].name;
        if (!*own)
            free = free < 0 ? i : free;
        else if (starts_with(name, size, own, &length) && length == size)
            return rpc->values[i].value;
    }
    if (!make || free < 0)
        return NULL;
    copy_text(rpc->values[free].name, RPC_NAME, name, size);
    return rpc->values[free].value;
}

static bool is_guest_name(const u8 *name, size_t size)
{
    size_t length;
    return size < RPC_NAME && starts_with(name, size, "guestinfo.", &length) && size > length;
}

static void info_get(struct rpc *rpc, struct rpc_channel *channel, const u8 *data, size_t size)
{
    size_t length = word_length(data, size);
    const char *value = is_guest_name(data, length) ? find_value(rpc, data, length, false) : NULL;
    if (value)
        answer_value(channel, value);
    else
        answer(channel, "0 No value found");
}

static void info_set(struct rpc *rpc, struct rpc_channel *channel, const u8 *data, size_t size)
{
    size_t length = word_length(data, size);
    char *value = is_guest_name(data, length) ? find_value(rpc, data, length, true) : NULL;
    size_t skip = length < size ? length + 1 : length;
    if (value)
        copy_text(value, RPC_VALUE, data + skip, size - skip);
    answer(channel, value ? "1 " : "0 Not permitted");
}

static void machine_id(struct rpc *rpc, struct rpc_channel *channel, const u8 *data, size_t size)
{
    (void)data;
    (void)size;
    char digits[11];
    size_t n = sizeof(digits) - 1;
    u32 number = rpc->number;
    digits[n] = '\0';
    do {
        digits[--n] = (char)('0' + number % 10);
        number /= 10;
    } while (number);
    answer_value(channel, digits + n);
}

static const struct {
    const char *word;
    void (*run)(struct rpc *rpc, struct rpc_channel *channel, const u8 *data, size_t size);
} commands[] = {
    {"echo ", echo},         {"log ", log_line},          {"info-get ", info_get},
    {"info-set ", info_set}, {"machine.id.get", machine_id},
};

static void serve(struct rpc *rpc, struct rpc_channel *channel)
{
    size_t length;
    channel->state = RPC_ANSWERED;
    channel->done = 0;
    for (size_t i = 0; i < sizeof(commands) / sizeof(*commands); i++) {
        if (starts_with(channel->data, channel->size, commands[i].word, &length)) {
            commands[i].run(rpc, channel, channel->data + length, channel->size - length);
            return;
        }
    }
    answer(channel, "0 Unknown command");
}

/* ---- the data's way */

bool rpc_send(struct rpc *rpc, struct rpc_channel *channel, u32 size)
{
    if (size > RPC_MAX)
        return false;
    channel->state = RPC_SENDING;
    channel->size = size;
    channel->done = 0;
    if (size == 0)
        serve(rpc, channel);
    return true;
}

u8 *rpc_put_space(struct rpc_channel *channel, size_t *size)
{
    *size = channel->state == RPC_SENDING ? channel->size - channel->done : 0;
    return channel->data + channel->done;
}

void rpc_put_done(struct rpc *rpc, struct rpc_channel *channel, size_t size)
{
    channel->done += (u32)size;
    if (channel->done == channel->size)
        serve(rpc, channel);
}

bool rpc_answer(const struct rpc_channel *channel, u32 *size)
{
    *size = channel->size;
    return channel->state == RPC_ANSWERED;
}

const u8 *rpc_get_data(const struct rpc_channel *channel, size_t *size)
{
    *size = channel->state == RPC_ANSWERED ? channel->size - channel->done : 0;
    return channel->data + channel->done;
}

void rpc_get_done(struct rpc_channel *channel, size_t size)
{
    channel->done += (u32)size;
    if (channel->done == channel->size)
        channel->state = RPC_IDLE;
}
