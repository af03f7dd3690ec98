/* The far end of a serial device: where its output goes, and who waits to give it input. */
#ifndef ARMSIM_DEVICES_CHAR_BACKEND_H
#define ARMSIM_DEVICES_CHAR_BACKEND_H

#include <stddef.h>
#include <stdint.h>

/* Every member may be NULL. */
struct char_backend {
    void (*write)(void *opaque, const uint8_t *data, size_t size); /* output of the guest */
    void (*ready)(void *opaque); /* the device, which had no room for input, has some now */
    void *opaque;
};

#endif
