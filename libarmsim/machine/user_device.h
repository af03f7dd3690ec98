/* Devices of the library's users: armsim/device.h on top of devices/device.h. */
#ifndef ARMSIM_MACHINE_USER_DEVICE_H
#define ARMSIM_MACHINE_USER_DEVICE_H

#include <armsim/device.h>

/* *device may be NULL. 0 or an error after machine_fail(). On failure ops.destroy is not called. */
int user_device_add(struct armsim_machine *machine, const struct armsim_device_config *config,
                    struct armsim_device **device);

struct device;
/* The same device for a fork of its machine, if it is one of the user's; else nothing. 0 or an error after
 * machine_fail(). */
int user_device_copy(struct armsim_machine *machine, struct device *device);
/* False: it is a user's, with a state that can't be loaded. */
bool user_device_can_be_saved(const struct device *device);

/* For a device that joins a machine which was reset before. */
void user_device_reset(struct armsim_device *device);

#endif
