/*
 * Messages between a guest and its hypervisor: the guest opens a channel, sends a message of a size that it tells first,
 * and receives the answer. Messages are text: a command and its argument; answers begin with "1 " (done) or "0 " (not).
 *
 *   echo TEXT                     TEXT
 *   log TEXT                      kept as the guest's last line
 *   info-set NAME VALUE, info-get NAME    names begin with "guestinfo."
 *   machine.id.get                the VM's number
 */
#ifndef RPC_H
#define RPC_H

#include "roms/lib/types.h"

#define RPC_PROTOCOL 0x49435052u

enum { RPC_CHANNELS = 4, RPC_MAX = 65536, RPC_VALUES = 8, RPC_NAME = 48, RPC_VALUE = 160 };

enum rpc_state { RPC_CLOSED, RPC_IDLE, RPC_SENDING, RPC_ANSWERED };

struct rpc_channel {
    enum rpc_state state;
    u32 keys[2];
    u32 size, done; /* bytes of the message, or of the answer, and how many of them went over */
    u8 data[RPC_MAX + 8];
};

struct rpc {
    u32 number;  /* of the VM */
    u32 opened;  /* channels so far: keys are never given twice */
    struct rpc_channel channels[RPC_CHANNELS];
    struct {
        char name[RPC_NAME], value[RPC_VALUE];
    } values[RPC_VALUES];
    char last_line[RPC_VALUE];
};

void rpc_reset(struct rpc *rpc, u32 number);

/* The channel's number, or -1: another protocol, or all are open. */
int rpc_open(struct rpc *rpc, u32 protocol);
/* An open channel; NULL: closed, no such number, or other keys. */
struct rpc_channel *rpc_channel(struct rpc *rpc, u32 number, u32 key0, u32 key1);
void rpc_close(struct rpc_channel *channel);

/* A message of `size` bytes comes. False: too large. */
bool rpc_send(struct rpc *rpc, struct rpc_channel *channel, u32 size);
/* Room for data of the message that comes: at most *size bytes at the address returned. *size 0: none is expected. */
u8 *rpc_put_space(struct rpc_channel *channel, size_t *size);
/* That many bytes are there; when they are all, the message is served. */
void rpc_put_done(struct rpc *rpc, struct rpc_channel *channel, size_t size);
/* The answer's size; false: there is none. */
bool rpc_answer(const struct rpc_channel *channel, u32 *size);
/* What of the answer has not gone over yet. */
const u8 *rpc_get_data(const struct rpc_channel *channel, size_t *size);
void rpc_get_done(struct rpc_channel *channel, size_t size);

#endif
