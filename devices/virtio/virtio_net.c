/*
 * virtio network device. Specification: Virtual I/O Device (VIRTIO) 1.2, section 5.1.
 *
 * Queues: 0 receives, 1 transmits. Features: MAC, STATUS, MRG_RXBUF, and MTU if one is given. No offloads are offered,
 * so a header with any in it is a guest error and its frame is dropped.
 *
 * Frames leave 5 us of virtual time after the notification; frames for the guest are put into its buffers at once.
 */
#include "devices/virtio/virtqueue.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

enum { RECEIVE_QUEUE, TRANSMIT_QUEUE, QUEUE_COUNT };
enum { HEADER_BYTES = 12, HEADER_NUM_BUFFERS = 10, LATENCY_NS = 5000 };
enum { CONFIG_MAC = 0, CONFIG_STATUS = 6, CONFIG_MAX_PAIRS = 8, CONFIG_MTU = 10, CONFIG_BYTES = 12 };
enum { STATUS_LINK_UP = 1 };

#define F_MTU (1ull << 3)
#define F_MAC (1ull << 5)
#define F_MRG_RXBUF (1ull << 15)
#define F_STATUS (1ull << 16)

struct virtio_net {
    struct virtio virtio;
    struct net_backend backend;
    uint8_t mac[6];
    uint16_t mtu;
    uint8_t link_up;
    uint8_t frame[HEADER_BYTES + VIRTIO_NET_FRAME_MAX]; /* scratch */
};

static const struct state_field fields[] = {
    VIRTIO_FIELDS(struct virtio_net),
    STATE_KEPT(struct virtio_net, link_up),
};

static void transmit(struct virtio_net *net, const struct virtq_chain *chain)
{
    struct virtio *virtio = &net->virtio;
    static const uint8_t no_offloads[HEADER_NUM_BUFFERS];
    size_t size = (size_t)chain->out_size;
    if (chain->out_size < HEADER_BYTES || chain->out_size > sizeof(net->frame)) {
        log_message(virtio->device.env->log, LOG_GUEST_ERROR, "%s: a frame of %" PRIu64 " bytes with its header",
                    virtio->device.name, chain->out_size);
        return;
    }
    if (!virtq_read(virtio, chain, 0, net->frame, size))
        return;
    if (memcmp(net->frame, no_offloads, sizeof(no_offloads))) {
        log_message(virtio->device.env->log, LOG_GUEST_ERROR, "%s: a header asks for offloads that were not offered",
                    virtio->device.name);
        return;
    }
    if (net->link_up && net->backend.send && size > HEADER_BYTES)
        net->backend.send(net->backend.opaque, net->frame + HEADER_BYTES, size - HEADER_BYTES);
}

/* There may be room for frames now. */
static void ready(struct virtio *virtio)
{
    struct virtio_net *net = (struct virtio_net *)virtio;
    if (net->backend.ready)
        net->backend.ready(net->backend.opaque);
}

static bool process(struct virtio *virtio, unsigned queue)
{
    struct virtio_net *net = (struct virtio_net *)virtio;
    if (queue == RECEIVE_QUEUE) {
        ready(virtio);
        return false;
    }
    struct virtq_chain chain;
    for (unsigned sent = 0; sent < VIRTIO_QUEUE_SIZE && virtq_pop(virtio, queue, &chain); sent++) {
        transmit(net, &chain);
        virtq_push(virtio, queue, chain.head, 0);
    }
    virtq_settle(virtio, queue);
    return virtq_available(virtio, queue);
}

/* The chains that one frame fills, until it is known to fit. */
struct filled {
    uint16_t head;
    uint32_t size;
};

/*
 * Puts header and frame into one chain, or with MRG_RXBUF into as many as it needs. Returns their number; 0: there
 * are not enough, or the driver broke the rules. *first is the chain that holds the header.
 */
static unsigned fill(struct virtio_net *net, size_t total, struct filled *filled, struct virtq_chain *first)
{
    struct virtio *virtio = &net->virtio;
    bool merge = virtio_has(virtio, F_MRG_RXBUF);
    struct virtq_chain next;
    unsigned count = 0;
    for (size_t done = 0; done < total; count++) {
        struct virtq_chain *chain = count ? &next : first;
        if (count == VIRTIO_QUEUE_SIZE || !virtq_pop(virtio, RECEIVE_QUEUE, chain)) {
            virtq_unpop(virtio, RECEIVE_QUEUE, count);
            return 0;
        }
        size_t part = total - done < chain->in_size ? total - done : (size_t)chain->in_size;
        if (!part || (!merge && part < total) || (!count && part < HEADER_BYTES)) {
            virtio_fail(virtio, "a receive buffer of %" PRIu64 " bytes for %zu", chain->in_size, total);
            return 0;
        }
        if (!virtq_write(virtio, chain, 0, net->frame + done, part))
            return 0;
        filled[count] = (struct filled){chain->head, (uint32_t)part};
        done += part;
    }
    return count;
}

bool virtio_net_receive(struct device *device, const uint8_t *frame, size_t size)
{
    struct virtio_net *net = (struct virtio_net *)device;
    struct virtio *virtio = &net->virtio;
    if (!net->link_up || size > VIRTIO_NET_FRAME_MAX || (virtio->status & (VIRTIO_NEEDS_RESET | VIRTIO_FAILED)))
        return true; /* lost on the wire */
    if (!virtq_available(virtio, RECEIVE_QUEUE))
        return false;

    memset(net->frame, 0, HEADER_BYTES);
    memcpy(net->frame + HEADER_BYTES, frame, size);
    struct filled filled[VIRTIO_QUEUE_SIZE];
    struct virtq_chain first;
    unsigned count = fill(net, HEADER_BYTES + size, filled, &first);
    if (!count) {
        virtq_want_more(virtio, RECEIVE_QUEUE);
        return !virtio_running(virtio);
    }
    uint8_t buffers[2];
    store_le16(buffers, (uint16_t)count);
    if (!virtq_write(virtio, &first, HEADER_NUM_BUFFERS, buffers, sizeof(buffers)))
        return true;
    for (unsigned i = 0; i < count; i++)
        virtq_push(virtio, RECEIVE_QUEUE, filled[i].head, filled[i].size);
    virtq_settle(virtio, RECEIVE_QUEUE);
    return true;
}

void virtio_net_set_link(struct device *device, bool up)
{
    struct virtio_net *net = (struct virtio_net *)device;
    if (net->link_up == up)
        return;
    net->link_up = up;
    virtio_config_changed(&net->virtio);
}

static size_t config(struct virtio *virtio, uint8_t *image)
{
    const struct virtio_net *net = (const struct virtio_net *)virtio;
    memcpy(image + CONFIG_MAC, net->mac, sizeof(net->mac));
    store_le16(image + CONFIG_STATUS, net->link_up ? STATUS_LINK_UP : 0);
    store_le16(image + CONFIG_MAX_PAIRS, 1);
    store_le16(image + CONFIG_MTU, net->mtu);
    return CONFIG_BYTES;
}

static const struct virtio_class net_class = {
    .device_id = VIRTIO_ID_NET,
    .features = F_MAC | F_MRG_RXBUF | F_STATUS,
    .queue_count = QUEUE_COUNT,
    .latency_ns = LATENCY_NS,
    .process = process,
    .config = config,
    .started = ready,
};

static const struct device_ops net_ops = {.model = "virtio-net", VIRTIO_OPS(fields)};

struct device *virtio_net_create(const struct device_env *env, const struct virtio_place *place,
                                 const struct virtio_net_options *options)
{
    struct virtio_net *net = calloc(1, sizeof(*net));
    if (!net)
        return NULL;
    net->backend = options->backend;
    memcpy(net->mac, options->mac, sizeof(net->mac));
    net->mtu = options->mtu;
    net->link_up = 1;
    if (virtio_init(&net->virtio, &net_ops, &net_class, env, place, options->mtu ? F_MTU : 0)) {
        free(net);
        return NULL;
    }
    return &net->virtio.device;
}
