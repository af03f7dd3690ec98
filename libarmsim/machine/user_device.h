/* Devices of the library's users: armsim/device.h on top of devices/device.h. */
#ifndef ARMSIM_MACHINE_USER_DEVICE_H
#define ARMSIM_MACHINE_USER_DEVICE_H

#include <armsim/device.h>

/* *device may be NULL. 0 or an error after machine_fail(). On failure ops.destroy is not called. */
int user_device_add(struct armsim_machine *machine, const struct armsim_device_config *config,
                    struct armsim_device **device);

/* For a device that joins a machine which was reset before. */
void user_device_reset(struct armsim_device *device);

#endif
