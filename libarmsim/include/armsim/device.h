/*
 * For authors of devices: a device of the user's own, on the bus of an armsim machine.
 *
 * Describe it in `struct armsim_device_config`, and hand it to armsim_create() (options.devices: the generated device
 * tree then has a node for it) or to armsim_add_device() before the machine first runs. All callbacks run inside
 * armsim_run() in the guest's order, at exact virtual times; a device that computes only from its own state, its
 * inputs and armsim_device_time() keeps the machine deterministic.
 */
#ifndef ARMSIM_DEVICE_H
#define ARMSIM_DEVICE_H

#include <armsim/armsim.h>

#ifdef __cplusplus
extern "C" {
#endif

struct armsim_device; /**< A device on the bus. Opaque; lives as long as its machine. */

/** Who accesses the device. */
struct armsim_requester {
    uint32_t pe;  /**< index of the PE, or ARMSIM_ANY for another device's DMA */
    uint8_t el;   /**< exception level of the access; 0 for DMA */
    bool secure;  /**< Secure physical address space */
    bool debug;   /**< the host looks: nothing may change */
};

/** Behaviour. All functions but read and write are optional. */
struct armsim_device_ops {
    size_t size; /**< sizeof(struct armsim_device_ops) */
    const char *model;      /**< "mydevice"; copied */
    const char *compatible; /**< the device tree's "compatible" string, or NULL: no node; copied */
    uint32_t access_sizes;  /**< bits 1, 2, 4, 8: sizes the device takes; others are external aborts. 0: 1, 2 and 4 */
    /**
     * One access. `offset` is aligned to `bytes`. A 64-bit access comes once.
     * @return 0, or a negative number: the access ends in an external abort.
     */
    int (*read)(void *opaque, struct armsim_device *device, uint64_t offset, uint32_t bytes,
                const struct armsim_requester *requester, uint64_t *value);
    int (*write)(void *opaque, struct armsim_device *device, uint64_t offset, uint32_t bytes,
                 const struct armsim_requester *requester, uint64_t value); /**< as `read` */
    void (*reset)(void *opaque, struct armsim_device *device); /**< cold or warm; also before the first run */
    /** The event that armsim_device_schedule() asked for. `time_ns` is the time asked for. */
    void (*event)(void *opaque, struct armsim_device *device, uint64_t time_ns);
    /** The device's state as bytes (guest-visible, host-independent) for armsim_state_hash(). */
    size_t (*state)(void *opaque, struct armsim_device *device, void *data, size_t max);
    void (*destroy)(void *opaque); /**< the machine is gone */
    /**
     * Takes back what `state` has given (its interrupt and its event are the library's): snapshots, forks and histories
     * need it where there is `state`. @return 0, or a negative number: not a possible state, nothing has changed.
     */
    int (*load)(void *opaque, struct armsim_device *device, const void *data, size_t size);
    /** The `opaque` of the same device in a fork of the machine; NULL: out of memory. Without it both have the same one,
     * which must stand two threads then, and the fork doesn't call `destroy`. */
    void *(*fork)(void *opaque);
};

#define ARMSIM_NO_IRQ UINT32_MAX

/** A device that a user adds: what it does, and where. */
struct armsim_device_config {
    struct armsim_device_ops ops; /**< what it does; copied */
    void *opaque; /**< handed to every function of `ops` */
    uint64_t base, size; /**< physical; size a multiple of 4, not 0 */
    uint32_t pas_mask;   /**< 1 << enum armsim_pas; 0: Secure and Non-secure */
    uint32_t spi;        /**< its interrupt (0-based, INTID - 32), level-sensitive; or ARMSIM_NO_IRQ */
};

/**
 * Puts a device on the bus of a machine that has not run yet. @param device may be NULL.
 * @return 0, ARMSIM_ERROR_OVERLAP, _ARGUMENT, _MEMORY, _UNSUPPORTED (an SPI on a machine without GIC).
 */
ARMSIM_API int armsim_add_device(struct armsim_machine *machine, const struct armsim_device_config *config,
                                 struct armsim_device **device);

/** Drives the device's interrupt. NULL or no interrupt: ignored. */
ARMSIM_API void armsim_device_set_irq(struct armsim_device *device, bool level);

/**
 * Drives a PE's interrupt pin, at once: for boards whose interrupt controller is the user's. The level is the machine's
 * state: the library saves it, and no reset changes it but that of SERROR.
 * @return 0, ARMSIM_ERROR_ARGUMENT, _UNSUPPORTED (a GIC drives it; SERROR is possible anywhere).
 */
ARMSIM_API int armsim_device_set_pin(struct armsim_device *device, uint32_t pe, enum armsim_pin pin, bool level);

/** Virtual time, nanoseconds since the cold reset; 0 for NULL. */
ARMSIM_API uint64_t armsim_device_time(const struct armsim_device *device);

/** Calls ops.event at `time_ns` (at once after the present instruction, if that is past); replaces the last one. */
ARMSIM_API int armsim_device_schedule(struct armsim_device *device, uint64_t time_ns);
ARMSIM_API int armsim_device_cancel(struct armsim_device *device);

/** DMA: memory as the device sees it. ARMSIM_ERROR_FAULT: something other than RAM or ROM in the range. */
ARMSIM_API int armsim_device_read_memory(struct armsim_device *device, enum armsim_pas pas, uint64_t address,
                                         void *data, size_t size);
ARMSIM_API int armsim_device_write_memory(struct armsim_device *device, enum armsim_pas pas, uint64_t address,
                                          const void *data, size_t size);

/** A line of the log. */
ARMSIM_API void armsim_device_log(struct armsim_device *device, enum armsim_log_class log_class, const char *message);

#ifdef __cplusplus
}
#endif

#endif
