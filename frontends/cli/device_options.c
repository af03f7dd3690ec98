/*
 * -device, and what devices are connected to: -drive, -nic, -netdev. A -device names its backend by an id that may come
 * later on the command line, so devices are kept as they are and resolved when all options are known.
 */
#include "frontends/cli/options.h"

#include <stdlib.h>
#include <string.h>

/* --- -drive --- */

static size_t drive_index(const struct cli_options *options, const void *drive)
{
    return (size_t)((const struct armsim_drive *)drive - options->drives);
}

static bool drive_id(struct cli_options *options, void *target, const char *value)
{
    return option_set_text(options, &options->drive_backends[drive_index(options, target)].id, value);
}

static bool drive_file(struct cli_options *options, void *target, const char *value)
{
    return option_set_text(options, &((struct armsim_drive *)target)->path, value);
}

static bool drive_interface(struct cli_options *options, void *target, const char *value)
{
    size_t index = drive_index(options, target);
    options->drive_backends[index].free = strcmp(value, "none") == 0;
    return options->drive_backends[index].free || strcmp(value, "virtio") == 0;
}

static bool drive_format(struct cli_options *options, void *target, const char *value)
{
    return strcmp(value, "raw") == 0;
}

static bool drive_read_only(struct cli_options *options, void *target, const char *value)
{
    return parse_switch(value, &((struct armsim_drive *)target)->read_only);
}

/* What a CD holds can't be written; the transport is the same. */
static bool drive_media(struct cli_options *options, void *target, const char *value)
{
    bool cdrom = strcmp(value, "cdrom") == 0;
    if (cdrom)
        ((struct armsim_drive *)target)->read_only = true;
    return cdrom || strcmp(value, "disk") == 0;
}

static bool drive_serial(struct cli_options *options, void *target, const char *value)
{
    ((struct armsim_drive *)target)->serial = value;
    return strlen(value) <= 20;
}

/* NULL after complaining: there are too many. */
static struct armsim_drive *new_drive(struct cli_options *options, const char *name)
{
    if (options->machine.drive_count < MAX_DRIVES)
        return &options->drives[options->machine.drive_count++];
    complain(EXIT_USAGE, "-%s: expected at most %d drives", name, MAX_DRIVES);
    return NULL;
}

int option_drive(struct cli_options *options, const char *name, const char *value)
{
    static const struct option_property properties[] = {
        {"file", "a file's name", drive_file},
        {"if", "virtio or none", drive_interface},
        {"id", "a name", drive_id},
        {"format", "raw", drive_format},
        {"readonly", "on or off", drive_read_only},
        {"media", "disk or cdrom", drive_media},
        {"serial", "up to 20 characters", drive_serial},
    };
    struct pair pairs[MAX_PAIRS];
    int count = option_pairs(options, name, value, pairs);
    struct armsim_drive *drive = count < 0 ? NULL : new_drive(options, name);
    if (!drive)
        return EXIT_USAGE;
    for (int i = 0; i < count; i++) {
        int status = SET_PROPERTY(options, name, properties, drive, &pairs[i]);
        if (status)
            return status;
    }
    if (!drive->path)
        return complain(EXIT_USAGE, "-%s: file: expected a file's name, found none", name);
    return 0;
}

/* The file's name is taken as it is, commas and all. */
int option_cdrom(struct cli_options *options, const char *name, const char *value)
{
    struct armsim_drive *drive = new_drive(options, name);
    if (!drive)
        return EXIT_USAGE;
    drive->path = value;
    drive->read_only = true;
    return 0;
}

/* --- -nic, -netdev --- */

static bool nic_forward(struct cli_options *options, void *target, const char *value)
{
    size_t nic = (size_t)((struct armsim_nic *)target - options->nics);
    if (options->forward_counts[nic] == MAX_FORWARDS)
        return false;
    return user_net_parse_forward(value, &options->forwards[nic][options->forward_counts[nic]++]);
}

static bool nic_parse_mac(const char *value, uint8_t *mac)
{
    int used = 0;
    return sscanf(value, "%2hhx:%2hhx:%2hhx:%2hhx:%2hhx:%2hhx%n", &mac[0], &mac[1], &mac[2], &mac[3], &mac[4], &mac[5],
                  &used) == 6 &&
           value[used] == '\0' && !(mac[0] & 1);
}

static bool nic_mac(struct cli_options *options, void *target, const char *value)
{
    return nic_parse_mac(value, ((struct armsim_nic *)target)->mac);
}

static bool nic_restrict(struct cli_options *options, void *target, const char *value)
{
    return parse_switch(value, &options->nic_restricted[(struct armsim_nic *)target - options->nics]);
}

static bool nic_model(struct cli_options *options, void *target, const char *value)
{
    return strncmp(value, "virtio", 6) == 0;
}

static bool nic_id(struct cli_options *options, void *target, const char *value)
{
    return option_set_text(options, &options->nic_backends[(struct armsim_nic *)target - options->nics].id, value);
}

/* A card on the user network, or, for -netdev, the network of a card that -device makes. */
static int add_nic(struct cli_options *options, const char *name, const struct pair *pairs, int count, bool card)
{
    static const struct option_property properties[] = {
        {"hostfwd", "tcp|udp:[hostaddr]:hostport-[guestaddr]:guestport", nic_forward},
        {"mac", "six hexadecimal bytes, the first even", nic_mac},
        {"restrict", "on or off", nic_restrict},
        {"model", "virtio", nic_model},
        {"id", "a name", nic_id},
    };
    if (options->machine.nic_count == MAX_NICS)
        return complain(EXIT_USAGE, "-%s: expected at most %d network cards", name, MAX_NICS);
    options->nic_backends[options->machine.nic_count].free = !card;
    struct armsim_nic *nic = &options->nics[options->machine.nic_count++];
    for (int i = 1; i < count; i++) {
        int status = SET_PROPERTY(options, name, properties, nic, &pairs[i]);
        if (status)
            return status;
    }
    return 0;
}

int option_nic(struct cli_options *options, const char *name, const char *value)
{
    struct pair pairs[MAX_PAIRS];
    int count = option_pairs(options, name, value, pairs);
    if (count < 0)
        return EXIT_USAGE;
    if (!pairs[0].value && strcmp(pairs[0].key, "none") == 0 && count == 1) {
        options->no_nic = true;
        return 0;
    }
    if (pairs[0].value || strcmp(pairs[0].key, "user") != 0)
        return option_expected(name, "user or none", value);
    return add_nic(options, name, pairs, count, true);
}

int option_netdev(struct cli_options *options, const char *name, const char *value)
{
    struct pair pairs[MAX_PAIRS];
    int count = option_pairs(options, name, value, pairs);
    if (count < 0)
        return EXIT_USAGE;
    if (pairs[0].value || strcmp(pairs[0].key, "user") != 0)
        return option_expected(name, "user", value);
    return add_nic(options, name, pairs, count, false);
}

/* --- -device loader --- */

static bool loader_file(struct cli_options *options, void *target, const char *value)
{
    return option_set_text(options, &((struct armsim_load *)target)->image.path, value);
}

static bool loader_address(struct cli_options *options, void *target, const char *value)
{
    struct armsim_load *load = target;
    load->has_address = true;
    return parse_number(value, &load->address);
}

static bool loader_cpu(struct cli_options *options, void *target, const char *value)
{
    struct armsim_load *load = target;
    uint64_t pe;
    if (!parse_number(value, &pe) || pe >= ARMSIM_MAX_PES)
        return false;
    load->pe = (uint32_t)pe;
    load->set_pc = true;
    return true;
}

static bool loader_raw(struct cli_options *options, void *target, const char *value)
{
    return parse_switch(value, &((struct armsim_load *)target)->raw);
}

static bool loader_secure(struct cli_options *options, void *target, const char *value)
{
    return parse_switch(value, &((struct armsim_load *)target)->secure);
}

static int add_loader(struct cli_options *options, const char *name, const struct pair *pairs, int count)
{
    static const struct option_property properties[] = {
        {"file", "a file's name", loader_file},
        {"addr", "an address", loader_address},
        {"cpu-num", "a PE's number", loader_cpu},
        {"force-raw", "on or off", loader_raw},
        {"secure", "on or off", loader_secure},
    };
    if (options->machine.load_count == MAX_LOADS)
        return complain(EXIT_USAGE, "-%s: expected at most %d loaders", name, MAX_LOADS);
    struct armsim_load *load = &options->loads[options->machine.load_count++];
    for (int i = 1; i < count; i++) {
        int status = SET_PROPERTY(options, name, properties, load, &pairs[i]);
        if (status)
            return status;
    }
    if (!load->image.path)
        return complain(EXIT_USAGE, "-%s: file: expected a file's name, found none", name);
    if (load->raw && !load->has_address)
        return complain(EXIT_USAGE, "-%s: addr: expected an address for a raw file, found none", name);
    return 0;
}

/* --- -device of other kinds --- */

enum device_needs { NEEDS_NOTHING, NEEDS_DRIVE, NEEDS_NETDEV };

static const struct device_kind {
    const char *name;
    enum device_needs needs;
    enum armsim_attachment attachment; /* of the drive or card; ide-hd: as its bus says */
    bool is_disk;                      /* at an AHCI port */
    size_t controller;                 /* offset of what it switches on in the machine's options; 0: nothing */
} device_kinds[] = {
    {"virtio-blk-pci", NEEDS_DRIVE, ARMSIM_VIRTIO_PCI, false, 0},
    {"virtio-blk-device", NEEDS_DRIVE, ARMSIM_VIRTIO_MMIO, false, 0},
    {"virtio-net-pci", NEEDS_NETDEV, ARMSIM_VIRTIO_PCI, false, 0},
    {"virtio-net-device", NEEDS_NETDEV, ARMSIM_VIRTIO_MMIO, false, 0},
    {"virtio-rng-pci", NEEDS_NOTHING, 0, false, offsetof(struct armsim_options, virtio_rng_pci)},
    {"ahci", NEEDS_NOTHING, ARMSIM_AHCI_PCI, false, offsetof(struct armsim_options, ahci_pci)},
    {"ich9-ahci", NEEDS_NOTHING, ARMSIM_AHCI_PCI, false, offsetof(struct armsim_options, ahci_pci)},
    {"sysbus-ahci", NEEDS_NOTHING, ARMSIM_AHCI_PLATFORM, false, offsetof(struct armsim_options, ahci_platform)},
    {"ide-hd", NEEDS_DRIVE, 0, true, 0},
};

static bool device_id(struct cli_options *options, void *target, const char *value)
{
    return option_set_text(options, &((struct cli_device *)target)->id, value);
}

static bool device_drive(struct cli_options *options, void *target, const char *value)
{
    return option_set_text(options, &((struct cli_device *)target)->drive, value);
}

static bool device_netdev(struct cli_options *options, void *target, const char *value)
{
    return option_set_text(options, &((struct cli_device *)target)->netdev, value);
}

static bool device_bus(struct cli_options *options, void *target, const char *value)
{
    return option_set_text(options, &((struct cli_device *)target)->bus, value);
}

static bool device_serial(struct cli_options *options, void *target, const char *value)
{
    ((struct cli_device *)target)->serial = value;
    return strlen(value) <= 20;
}

static bool device_mac(struct cli_options *options, void *target, const char *value)
{
    struct armsim_nic nic;
    return nic_parse_mac(value, nic.mac) && option_set_text(options, &((struct cli_device *)target)->mac, value);
}

/* What a driver for this build's devices can't see a difference in: only the modern interface exists. */
static bool device_interface(struct cli_options *options, void *target, const char *value)
{
    bool on;
    return parse_switch(value, &on);
}

static const struct device_kind *find_kind(const char *name)
{
    for (size_t i = 0; i < sizeof(device_kinds) / sizeof(device_kinds[0]); i++)
        if (strcmp(device_kinds[i].name, name) == 0)
            return &device_kinds[i];
    return NULL;
}

int option_device(struct cli_options *options, const char *name, const char *value)
{
    static const struct option_property properties[] = {
        {"id", "a name", device_id},
        {"drive", "a drive's id", device_drive},
        {"netdev", "a network's id", device_netdev},
        {"bus", "ID.PORT of an AHCI controller", device_bus},
        {"serial", "up to 20 characters", device_serial},
        {"mac", "six hexadecimal bytes, the first even", device_mac},
        {"disable-legacy", "on or off", device_interface},
        {"disable-modern", "off", device_interface},
    };
    struct pair pairs[MAX_PAIRS];
    int count = option_pairs(options, name, value, pairs);
    if (count < 0)
        return EXIT_USAGE;
    if (!pairs[0].value && strcmp(pairs[0].key, "loader") == 0)
        return add_loader(options, name, pairs, count);
    if (pairs[0].value || !find_kind(pairs[0].key))
        return option_expected(name, "a device (loader, virtio-blk-pci, virtio-net-pci, virtio-rng-pci, ahci, "
                                     "sysbus-ahci, ide-hd)", pairs[0].key);
    if (options->device_count == MAX_CLI_DEVICES)
        return complain(EXIT_USAGE, "-%s: expected at most %d devices", name, MAX_CLI_DEVICES);
    struct cli_device *device = &options->cli_devices[options->device_count++];
    *device = (struct cli_device){.kind = pairs[0].key};
    for (int i = 1; i < count; i++) {
        int status = SET_PROPERTY(options, name, properties, device, &pairs[i]);
        if (status)
            return status;
    }
    return 0;
}

/* --- all of them together --- */

/* The backend of an id that no device has taken; -1 after complaining. */
static int take_backend(struct cli_backend *backends, size_t count, const char *what, const struct cli_device *device,
                        const char *id)
{
    if (!id) {
        complain(EXIT_USAGE, "-device %s: %s: expected an id, found none", device->kind, what);
        return -1;
    }
    for (size_t i = 0; i < count; i++) {
        if (!backends[i].id || strcmp(backends[i].id, id) != 0)
            continue;
        if (!backends[i].free) {
            complain(EXIT_USAGE, "-device %s: %s: expected one that nothing uses yet, found \"%s\"", device->kind, what,
                     id);
            return -1;
        }
        backends[i].free = false;
        return (int)i;
    }
    complain(EXIT_USAGE, "-device %s: %s: expected the id of one, found \"%s\"", device->kind, what, id);
    return -1;
}

/* The controller and the port that bus=ID.PORT names; without one, the last controller's next port. */
static bool find_port(struct cli_options *options, const struct cli_device *disk, struct armsim_drive *drive)
{
    const char *dot = disk->bus ? strrchr(disk->bus, '.') : NULL;
    uint64_t port = 0;
    bool found = false;
    if (disk->bus && (!dot || !parse_number(dot + 1, &port) || port >= ARMSIM_AHCI_PORTS))
        return false;
    for (size_t i = 0; i < options->device_count; i++) {
        const struct cli_device *device = &options->cli_devices[i];
        if (!find_kind(device->kind)->controller || find_kind(device->kind)->attachment < ARMSIM_AHCI_PCI)
            continue;
        if (dot && (!device->id || strlen(device->id) != (size_t)(dot - disk->bus) ||
                    strncmp(device->id, disk->bus, (size_t)(dot - disk->bus)) != 0))
            continue;
        drive->attachment = find_kind(device->kind)->attachment;
        drive->port = dot ? (uint32_t)port + 1 : 0;
        found = true;
    }
    return found;
}

static int resolve_drive(struct cli_options *options, const struct device_kind *kind, const struct cli_device *device)
{
    int index = take_backend(options->drive_backends, options->machine.drive_count, "drive", device, device->drive);
    if (index < 0)
        return EXIT_USAGE;
    struct armsim_drive *drive = &options->drives[index];
    drive->attachment = kind->attachment;
    if (device->serial)
        drive->serial = device->serial;
    if (kind->is_disk && !find_port(options, device, drive))
        return complain(EXIT_USAGE, "-device %s: bus: expected ID.PORT of an AHCI controller (-device ahci,id=ID), port "
                                    "0 to %d, found \"%s\"", device->kind, ARMSIM_AHCI_PORTS - 1,
                        device->bus ? device->bus : "none");
    return 0;
}

static int resolve_card(struct cli_options *options, const struct device_kind *kind, const struct cli_device *device)
{
    int index = take_backend(options->nic_backends, options->machine.nic_count, "netdev", device, device->netdev);
    if (index < 0)
        return EXIT_USAGE;
    options->nics[index].attachment = kind->attachment;
    if (device->mac)
        nic_parse_mac(device->mac, options->nics[index].mac);
    return 0;
}

static int check_taken(const struct cli_backend *backends, size_t count, const char *option)
{
    for (size_t i = 0; i < count; i++)
        if (backends[i].free)
            return complain(EXIT_USAGE, "%s: expected a -device for \"%s\", found none", option,
                            backends[i].id ? backends[i].id : "");
    return 0;
}

int options_resolve_devices(struct cli_options *options)
{
    for (size_t i = 0; i < options->device_count; i++) {
        const struct cli_device *device = &options->cli_devices[i];
        const struct device_kind *kind = find_kind(device->kind);
        if (kind->controller) {
            bool *on = (bool *)((char *)&options->machine + kind->controller);
            if (*on)
                return complain(EXIT_USAGE, "-device: expected one %s, found more", device->kind);
            *on = true;
        }
        int status = kind->needs == NEEDS_DRIVE    ? resolve_drive(options, kind, device)
                     : kind->needs == NEEDS_NETDEV ? resolve_card(options, kind, device)
                                                   : 0;
        if (status)
            return status;
    }
    int status = check_taken(options->drive_backends, options->machine.drive_count, "-drive if=none");
    return status ? status : check_taken(options->nic_backends, options->machine.nic_count, "-netdev");
}
