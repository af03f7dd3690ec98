/*
 * The virtio devices of the board. Each is one `struct device`: a transport (virtio_mmio.c, virtio_pci.c) with a
 * function behind it. Create functions return NULL when memory is short.
 */
#ifndef ARMSIM_DEVICES_VIRTIO_VIRTIO_H
#define ARMSIM_DEVICES_VIRTIO_VIRTIO_H

#include "devices/block_backend.h"
#include "devices/char_backend.h"
#include "devices/device.h"

enum { VIRTIO_MMIO_SIZE = 0x200 };

/* Where a transport sits: a window, or a PCI function (pci_function_create()), for which the rest is not used. */
struct virtio_place {
    struct device *function; /* NULL: MMIO */
    uint64_t base;
    unsigned pas_mask;
    struct irq_line *irq;
    unsigned spi;
};

/* A driver has set DRIVER_OK. */
bool virtio_in_use(const struct device *device);

/* A transport with nothing behind it: DeviceID 0. */
struct device *virtio_empty_create(const struct device_env *env, const struct virtio_place *place);

/* Block. What its functions refuse the guest sees as VIRTIO_BLK_S_IOERR. */
struct virtio_blk_options {
    struct block_backend backend;
    const char *serial; /* up to 20 characters for GET_ID; NULL: empty */
};
struct device *virtio_blk_create(const struct device_env *env, const struct virtio_place *place,
                                 const struct virtio_blk_options *options);

/* Network. Frames are Ethernet frames without FCS. */
enum { VIRTIO_NET_FRAME_MAX = 65550 };

struct net_backend {
    void (*send)(void *opaque, const uint8_t *frame, size_t size); /* from the guest */
    void (*ready)(void *opaque); /* the guest, which had no buffer for a frame, has supplied some */
    void *opaque;
};
struct virtio_net_options {
    struct net_backend backend;
    uint8_t mac[6];
    uint16_t mtu; /* 0: VIRTIO_NET_F_MTU is not offered */
};
struct device *virtio_net_create(const struct device_env *env, const struct virtio_place *place,
                                 const struct virtio_net_options *options);
/* A frame for the guest. False: there is no buffer for it now; give it again after `ready`. */
bool virtio_net_receive(struct device *device, const uint8_t *frame, size_t size);
void virtio_net_set_link(struct device *device, bool up);

/* Console. With one port VIRTIO_CONSOLE_F_MULTIPORT is not offered. */
enum { VIRTIO_CONSOLE_PORTS_MAX = 4 };

struct virtio_console_port {
    struct char_backend backend;
    const char *name; /* NULL: none; ports other than 0, which is the console, should have one. Borrowed. */
};
struct virtio_console_options {
    struct virtio_console_port ports[VIRTIO_CONSOLE_PORTS_MAX];
    unsigned port_count; /* 1 ... VIRTIO_CONSOLE_PORTS_MAX */
};
struct device *virtio_console_create(const struct device_env *env, const struct virtio_place *place,
                                     const struct virtio_console_options *options);
/* Input for a port; returns how many bytes the guest had room for. The rest: again after `ready`. */
size_t virtio_console_receive(struct device *device, unsigned port, const uint8_t *bytes, size_t size);
void virtio_console_resize(struct device *device, uint16_t columns, uint16_t rows);

/* Entropy: a deterministic generator with this seed. */
struct device *virtio_rng_create(const struct device_env *env, const struct virtio_place *place, uint64_t seed);

#endif
