/*
 * armsim: a deterministic Armv8-A system simulator as a library.
 *
 *     struct armsim_options options;
 *     armsim_options_init(&options, sizeof options);
 *     options.cpu = "cortex-a57";
 *     options.kernel.path = "Image";
 *     struct armsim_machine *machine;
 *     if (armsim_create(&options, &machine) == 0) {
 *         struct armsim_stop stop = {.size = sizeof stop};
 *         armsim_run(machine, ARMSIM_NO_LIMIT, &stop);
 *     }
 *     armsim_destroy(machine);
 *
 * Rules that hold for every function:
 *
 * - Functions that can fail return 0 (ARMSIM_OK) or a negative `enum armsim_error`, unless they say otherwise.
 *   armsim_last_error() has the text. A NULL machine, a NULL result pointer or an index out of range is
 *   ARMSIM_ERROR_ARGUMENT and changes nothing.
 * - The library never aborts, exits, prints, or reads the host's clock or random numbers. What a machine does is a
 *   function of its options, of the inputs with their virtual times, and of the instruction count.
 * - Machines share nothing. One thread at a time may use a machine; different machines may run in different
 *   threads. Only armsim_request_stop() may be called at any time from any thread, and from a signal handler.
 * - Callbacks run inside the call that causes them (mostly armsim_run()). They may read and write registers and
 *   memory, inject input and request a stop; they may not run, reset or destroy the machine (ARMSIM_ERROR_BUSY).
 * - Structs with a `size` field grow at their end. Set it to sizeof the struct; what an older caller doesn't know
 *   keeps its default.
 * - Strings are UTF-8 and NUL-terminated. Strings and memory in `struct armsim_options` are needed during
 *   armsim_create() only.
 */
#ifndef ARMSIM_ARMSIM_H
#define ARMSIM_ARMSIM_H

#include <armsim/trap.h>

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#if defined(__GNUC__)
#define ARMSIM_API __attribute__((visibility("default")))
#else
#define ARMSIM_API
#endif

#ifdef __cplusplus
extern "C" {
#endif

/* ---------------------------------------------------------------- version and errors ---------------------------- */

#define ARMSIM_VERSION_MAJOR 0
#define ARMSIM_VERSION_MINOR 1
#define ARMSIM_VERSION_PATCH 0

/** The library's version as "major.minor.patch"; static. Compare with the header's ARMSIM_VERSION_* numbers. */
ARMSIM_API const char *armsim_version(void);

/** Every error. The numbers are part of the interface and never change. */
enum armsim_error {
    ARMSIM_OK = 0,
    ARMSIM_ERROR_ARGUMENT = -1,    /**< NULL, an index or a range that can't be */
    ARMSIM_ERROR_MEMORY = -2,      /**< the host is out of memory */
    ARMSIM_ERROR_OPTION = -3,      /**< an option's value isn't one of those it can have */
    ARMSIM_ERROR_INPUT = -4,       /**< a kernel, device tree, ELF file, drive ... is not usable */
    ARMSIM_ERROR_IO = -5,          /**< the host could not read or write a file */
    ARMSIM_ERROR_NOT_FOUND = -6,   /**< no register, symbol, device ... of that name */
    ARMSIM_ERROR_UNSUPPORTED = -7, /**< this machine or this build doesn't have it */
    ARMSIM_ERROR_FAULT = -8,       /**< the address doesn't translate, or nothing answers there */
    ARMSIM_ERROR_OVERLAP = -9,     /**< the range is already taken */
    ARMSIM_ERROR_BUSY = -10,       /**< not from inside a callback of the same machine */
    ARMSIM_ERROR_FULL = -11,       /**< a queue takes no more now */
    ARMSIM_ERROR_INTERNAL = -12    /**< a defect of armsim: the machine stays usable for inspection only */
};

/** A short English name of an error; static, never NULL, also for unknown numbers. */
ARMSIM_API const char *armsim_strerror(int error);

/* ---------------------------------------------------------------- options --------------------------------------- */

struct armsim_machine; /**< A machine. Opaque. */

/** File or memory: `path` if not NULL, else `data`. Both NULL: absent. */
struct armsim_image {
    const char *path; /**< read during armsim_create(), and again, unchanged, at a cold reset */
    const void *data; /**< copied during armsim_create() */
    size_t size;      /**< bytes at `data` */
};

/** Something to put in memory before the start: `-device loader`. */
struct armsim_load {
    struct armsim_image image; /**< what to load */
    uint64_t address;  /**< physical; used if has_address, or as the place of a raw image */
    bool has_address;  /**< false: the image must be an ELF file, which knows its own addresses */
    bool raw;          /**< true: bytes as they are, even if the file looks like ELF */
    bool set_pc;       /**< start PE `pe` at the ELF entry (or at `address`) */
    uint32_t pe; /**< for `set_pc` */
    bool secure;       /**< goes into the Secure physical address space */
};

/** A character device's far end. Ports: see ARMSIM_SERIAL_*. */
struct armsim_serial {
    /** What the guest sends; called in the guest's order. NULL: discarded. */
    void (*write)(void *opaque, const uint8_t *data, size_t size);
    void *opaque; /**< handed to `write` */
    bool input; /**< armsim_serial_input() may be called: an idle machine waits for it (ARMSIM_STOP_WAITING) */
};

enum {
    ARMSIM_SERIAL_UART0 = 0,   /**< PL011 at 0x09000000, the console */
    ARMSIM_SERIAL_UART1 = 1,   /**< Secure PL011 at 0x09040000 (with secure = true) */
    ARMSIM_SERIAL_VIRTIO = 2,  /**< virtio console (with virtio_console = true) */
    ARMSIM_SERIAL_PORTS = 3
};

/** What a drive's data is kept in when it isn't a raw file. Functions return 0 or a negative number (I/O error). */
struct armsim_block {
    int (*read)(void *opaque, uint64_t offset, void *data, size_t size);        /**< never NULL */
    int (*write)(void *opaque, uint64_t offset, const void *data, size_t size); /**< NULL: read-only */
    int (*flush)(void *opaque);                                                 /**< NULL: nothing to do */
    void *opaque; /**< handed to the functions */
    uint64_t size; /**< bytes, a multiple of 512, not 0 */
};

enum { ARMSIM_AHCI_PORTS = 6 }; /**< of each AHCI controller */

/** What a drive or network card is a part of. */
enum armsim_attachment {
    ARMSIM_VIRTIO_MMIO = 0,  /**< virtio, in the first free MMIO transport */
    ARMSIM_VIRTIO_PCI = 1,   /**< virtio, a PCI function of its own */
    ARMSIM_AHCI_PCI = 2,     /**< drives: the next port of the AHCI controller on PCI */
    ARMSIM_AHCI_PLATFORM = 3 /**< drives: the next port of the AHCI controller with registers at a fixed address */
};

/** A drive: a virtio block device, or a disk at an AHCI controller. */
struct armsim_drive {
    const char *path;          /**< a raw image, open while the machine lives; NULL: `block` */
    struct armsim_block block; /**< used if path is NULL */
    bool read_only;            /**< the file is opened for reading only and the device says so */
    const char *serial;        /**< up to 20 characters, or NULL */
    enum armsim_attachment attachment; /**< what it is a part of */
    uint32_t port;             /**< AHCI: 1 plus the port's number; 0: the next free one */
};

/** A network card (virtio). Frames are Ethernet without FCS, 14 to 65550 bytes. */
struct armsim_nic {
    /** A frame that the guest sends. NULL: discarded. */
    void (*transmit)(void *opaque, const void *frame, size_t size);
    void *opaque; /**< handed to `transmit` */
    uint8_t mac[6]; /**< all 0: 52:54:00:12:34:56 plus the card's index */
    bool input;     /**< armsim_net_input() may be called: an idle machine waits for it */
    enum armsim_attachment attachment; /**< ARMSIM_VIRTIO_MMIO or _PCI */
};

/** Semihosting (`-semihosting`). */
struct armsim_semihosting {
    bool enabled; /**< false: HLT #0xF000 is a halting debug event as without a debugger */
    const char *directory;  /**< files may be opened below this directory only; NULL: no files */
    const char *command_line; /**< SYS_GET_CMDLINE; NULL: empty */
    void (*write)(void *opaque, const uint8_t *data, size_t size); /**< SYS_WRITEC, SYS_WRITE0, console; NULL: discarded */
    /** SYS_READC and console reads: bytes got, 0 at the end of input. NULL: end of input. */
    size_t (*read)(void *opaque, uint8_t *data, size_t size);
    void *opaque; /**< handed to the functions */
};

/** A piece of memory of a caller's board. */
struct armsim_memory {
    uint64_t base, size; /**< physical: multiples of 4096; size not 0 */
    uint32_t pas_mask;   /**< bit set of 1 << enum armsim_pas in which it appears; 0: Secure and Non-secure */
    bool rom;            /**< what the guest writes there is ignored */
    struct armsim_image image; /**< its first bytes after a cold reset; absent: memory keeps what it has, at first zeroes */
};

/**
 * A board of the caller's: its memory map, and an interrupt controller with the generic timers' interrupts at INTIDs 29
 * (Secure physical), 30 (physical), 27 (virtual), 26 and 28 (hypervisor), 23 (PMU) and 25 (GIC maintenance). The devices
 * are those of options.devices and armsim_add_device(). All PEs start at options.reset_address.
 */
struct armsim_board_table {
    size_t size;      /**< sizeof(struct armsim_board_table) */
    const char *name; /**< 1 to 31 letters, digits, '-' or '_'; not that of a built-in board */
    const struct armsim_memory *memories; /**< RAM and ROM */
    size_t memory_count; /**< 1 to 64 */
    uint64_t gic_distributor;   /**< 0: no GIC; armsim_set_pin() drives the PEs' pins */
    uint64_t gic_cpu_interface; /**< GICv2: GICC */
    uint64_t gic_hypervisor, gic_virtual_cpu; /**< GICv2 with EL2: GICH, GICV */
    uint64_t gic_redistributor; /**< GICv3: 128 KiB for each PE */
    uint64_t gic_its;           /**< GICv3; 0: none */
    uint32_t gic_spis;          /**< shared peripheral interrupts: a multiple of 32, 32 to 960; 0: 256 */
};

/** A choice the architecture leaves open (a row of impdef.def): see armsim_impdef_at(). */
struct armsim_impdef {
    const char *name;  /**< as armsim_impdef_at() tells it */
    const char *value; /**< one of its values */
};

/** What RAM holds when it has lost its contents. */
enum armsim_ram_fill {
    ARMSIM_RAM_ZERO = 0,
    ARMSIM_RAM_POISON = 1 /**< every word is 0x0000dead: UDF #0xdead when it is executed */
};

/** Who answers PSCI and SMCCC calls. */
enum armsim_conduit {
    ARMSIM_CONDUIT_AUTO = 0, /**< HVC, or SMC when EL2 is on; none when firmware runs at EL3 */
    ARMSIM_CONDUIT_NONE = 1,
    ARMSIM_CONDUIT_HVC = 2,
    ARMSIM_CONDUIT_SMC = 3
};

enum armsim_log_class {
    ARMSIM_LOG_GUEST_ERROR = 1 << 0,   /**< the guest broke a device's or the architecture's rules */
    ARMSIM_LOG_UNIMPLEMENTED = 1 << 1, /**< the guest asked for what this build doesn't model */
    ARMSIM_LOG_EXCEPTION = 1 << 2,     /**< exception entries and returns, as text */
    ARMSIM_LOG_MMU = 1 << 3,           /**< translation faults, TLB maintenance */
    ARMSIM_LOG_DEVICE = 1 << 4,        /**< what devices do, for their authors */
    ARMSIM_LOG_ALL = 0x1f
};

/** One line without a newline; valid during the call. */
typedef void armsim_log_fn(void *opaque, enum armsim_log_class log_class, const char *message);

struct armsim_device_config; /* armsim/device.h */

#define ARMSIM_MAX_PES_GICV2 8
#define ARMSIM_MAX_PES 64
#define ARMSIM_MIB (1024ull * 1024)

/** How a machine is made. Fill with armsim_options_init() first. */
struct armsim_options {
    size_t size; /**< sizeof(struct armsim_options) */

    /* The machine. */
    const char *board;          /**< "virt" (default) or "bare": RAM by armsim_map_ram() only, no devices, no GIC */
    const char *cpu;            /**< model, then features: "cortex-a57" (default), "a76,lse=off" (short for cortex-a76) */
    uint32_t smp;               /**< PEs: 1 (default) to 8 with GICv2, to 64 with GICv3 */
    uint64_t ram_size;          /**< bytes, a multiple of 4096, from 1 MiB; default 128 MiB. "bare": ignored */
    uint32_t gic_version;       /**< 2 (default) or 3 */
    bool secure;                /**< EL3 and the Secure devices; default false. "bare": EL3 present */
    bool virtualization;        /**< EL2; default false. "bare": EL2 present */
    bool secure_only;           /**< "bare" without EL3: the one security state is Secure; default false */
    uint64_t reset_address;     /**< "bare": RVBAR, a multiple of 4; default 0 */
    bool split_icache;          /**< instruction caches that aren't coherent: ARMSIM_ERROR_UNSUPPORTED in this version */

    /* Time. */
    uint64_t frequency;         /**< nominal instructions per second of virtual time: 1e6 to 1e12, default 1e9 */
    uint64_t counter_frequency; /**< of the system counter, Hz: 1e6 to 1e9, default 62500000 */
    uint64_t quantum;           /**< instructions of a PE's turn: 1 to 1e9, default 20000 */
    int64_t rtc_epoch;          /**< the RTC's time at reset, seconds since 1970; default 2026-01-01 00:00:00 UTC */
    uint64_t rng_seed;          /**< of every random number the guest can see; default 0 */

    /* What it runs. */
    struct armsim_image kernel; /**< Linux Image, gzip, EFI zboot, ELF, or raw code (at RAM + 0x80000, as a kernel) */
    struct armsim_image initrd; /**< initial RAM disk, for Linux */
    struct armsim_image dtb;    /**< in place of the generated tree; /chosen and memory are filled in */
    struct armsim_image bios;   /**< at the first flash bank (at 0), started at the highest EL */
    const char *append;         /**< kernel command line; NULL: empty */
    const struct armsim_load *loads; /**< put in memory in this order, after the kernel */
    size_t load_count; /**< how many `loads` there are */
    enum armsim_conduit conduit; /**< who answers PSCI */

    /* What it is connected to. */
    struct armsim_serial serial[ARMSIM_SERIAL_PORTS]; /**< the far ends of the ports: ARMSIM_SERIAL_* */
    bool virtio_console; /**< a virtio console, port ARMSIM_SERIAL_VIRTIO; default false */
    const struct armsim_drive *drives; /**< up to 24 */
    size_t drive_count; /**< how many `drives` there are */
    const struct armsim_nic *nics;     /**< up to 4 */
    size_t nic_count; /**< how many `nics` there are */
    struct armsim_semihosting semihosting; /**< default: off */
    const struct armsim_device_config *devices; /**< the user's own devices: armsim/device.h */
    size_t device_count; /**< how many `devices` there are */

    /* Choices and records. */
    const struct armsim_impdef *impdefs; /**< choices other than the default ones */
    size_t impdef_count; /**< how many `impdefs` there are */
    uint32_t trap_ring;      /**< trap records kept: 0 to 1048576; default 1024 */
    uint32_t log_mask;       /**< enum armsim_log_class; default 0 */
    armsim_log_fn *log;      /**< hears creation too; armsim_set_log() replaces it */
    void *log_opaque; /**< handed to `log` */

    /* PCI Express and AHCI ("virt"). */
    bool pci;            /**< the host bridge; default true */
    bool ahci_pci;       /**< an AHCI controller on PCI, also when no drive needs one; default false */
    bool ahci_platform;  /**< the same with registers at a fixed address */
    bool virtio_rng_pci; /**< a second entropy source, on PCI */

    const struct armsim_board_table *table; /**< a board of the caller's, in place of `board`. It takes no kernel, initrd,
                                             * dtb, bios, loads, drives, cards or semihosting */

    /* How it is built, where the architecture or a data sheet leaves a choice. */
    uint64_t counter_epoch;     /**< the system counter's value when the machine is made; default 0 */
    uint32_t gic_priority_bits; /**< that the GIC implements: 4 (5 with `secure`) to 8; default 5 */
    bool gic_single_security;   /**< with `secure`: a GIC of one Security state (GICv3: GICD_CTLR.DS is fixed at one) */
    uint32_t tlb_entries;       /**< of each PE: a power of two from 16 to 262144; default 2048 */
    uint32_t uart_fifo;         /**< "virt": characters of the PL011s' FIFOs: 16 (r1p4) or 32 (r1p5, default) */
    enum armsim_ram_fill ram_fill; /**< "virt": what RAM holds after a cold reset, beside images; default zero */
};

/** Fills in the defaults. `size` is sizeof(struct armsim_options) of the caller; ARMSIM_ERROR_ARGUMENT if impossible. */
ARMSIM_API int armsim_options_init(struct armsim_options *options, size_t size);

/**
 * Makes a machine, loads everything, and leaves it at its cold reset, not yet running.
 * On failure *machine still gets an object that only armsim_last_error() and armsim_destroy() accept (or NULL when
 * memory is out), so that the reason can be read: one line that names the option or file, the field and what was
 * expected. No file is changed.
 * @return 0, ARMSIM_ERROR_OPTION (usage), ARMSIM_ERROR_INPUT, _IO, _OVERLAP, _MEMORY, _ARGUMENT, _UNSUPPORTED.
 */
ARMSIM_API int armsim_create(const struct armsim_options *options, struct armsim_machine **machine);

/** Frees the machine and closes its files. NULL is allowed. */
ARMSIM_API void armsim_destroy(struct armsim_machine *machine);

/** The text of the machine's last error; "" if none. Valid until the next call that fails. NULL is allowed. */
ARMSIM_API const char *armsim_last_error(const struct armsim_machine *machine);

/* What can be chosen. Each returns NULL at the end of its list; strings are static. */
ARMSIM_API const char *armsim_board_at(size_t index);     /**< names for options.board */
ARMSIM_API const char *armsim_cpu_model_at(size_t index); /**< names for options.cpu */
ARMSIM_API const char *armsim_feature_at(size_t index);   /**< features that can follow: "lse", "pauth", ... */
/** A choice that the architecture leaves open; strings are static. */
struct armsim_impdef_info {
    const char *name;          /**< for struct armsim_impdef and --impdef */
    const char *description;   /**< what is chosen */
    const char *default_value; /**< one of `values` */
    const char *const *values; /**< the allowed values */
    size_t value_count; /**< how many `values` there are */
};
/** Choice number `index`; ARMSIM_ERROR_NOT_FOUND at the end. */
ARMSIM_API int armsim_impdef_at(size_t index, struct armsim_impdef_info *info);

/** The value that a choice has in this machine; static. NULL: no such choice. */
ARMSIM_API const char *armsim_impdef_value(const struct armsim_machine *machine, const char *name);

/** Whether a PE has a feature ("lse" or "FEAT_LSE"): 1, 0, or ARMSIM_ERROR_NOT_FOUND. */
ARMSIM_API int armsim_has_feature(const struct armsim_machine *machine, uint32_t pe, const char *name);

/** The flattened device tree that the guest gets; valid while the machine lives. ARMSIM_ERROR_UNSUPPORTED: none. */
ARMSIM_API int armsim_device_tree(const struct armsim_machine *machine, const void **data, size_t *size);

ARMSIM_API uint32_t armsim_pe_count(const struct armsim_machine *machine); /**< 0 for a NULL machine */

/* ---------------------------------------------------------------- running --------------------------------------- */

#define ARMSIM_NO_LIMIT UINT64_MAX

enum armsim_stop_reason {
    ARMSIM_STOP_LIMIT = 0,       /**< the instruction limit is reached, exactly */
    ARMSIM_STOP_POWER_OFF = 1,   /**< the guest powered the machine off; `code` is its status if it gave one */
    ARMSIM_STOP_RESET = 2,       /**< the guest asked for a reset: armsim_reset(machine, code) goes on as hardware would */
    ARMSIM_STOP_DEADLOCK = 3,    /**< all PEs wait, no event is pending and no input can come: nothing can happen */
    ARMSIM_STOP_WAITING = 4,     /**< as DEADLOCK, but host input is possible: inject some and run again */
    ARMSIM_STOP_IDLE = 5,        /**< all PEs wait until `idle_until_ns` (armsim_set_idle_stop()) */
    ARMSIM_STOP_SEMIHOSTING = 6, /**< SYS_EXIT: `code` */
    ARMSIM_STOP_BREAKPOINT = 7,  /**< PE `pe` is about to execute `pc` */
    ARMSIM_STOP_TRAP = 8,        /**< the trap filter matched: `trap` */
    ARMSIM_STOP_REQUEST = 9,     /**< armsim_request_stop() */
    ARMSIM_STOP_ERROR = 10,      /**< a defect or out of memory: armsim_last_error() */
    ARMSIM_STOP_WATCHPOINT = 11, /**< PE `pe` is about to execute `pc`, which makes an access that is watched */
    ARMSIM_STOP_HOOK = 12        /**< a hook (armsim/hook.h) wants it: `hook`, `hook_kind` */
};

/** Why armsim_run() came back. Set `size` before the call. */
struct armsim_stop {
    size_t size; /**< sizeof(struct armsim_stop) */
    enum armsim_stop_reason reason; /**< which of the fields below are valid */
    uint32_t pe;           /**< PE that was running */
    uint32_t code;         /**< POWER_OFF, SEMIHOSTING: the guest's status; RESET: enum armsim_reset_kind */
    uint64_t pc;           /**< of that PE: the next instruction */
    uint64_t executed;     /**< instructions executed by this call, all PEs */
    uint64_t instructions; /**< executed since creation, all PEs */
    uint64_t time_ns;      /**< virtual time since the cold reset */
    uint64_t idle_until_ns; /**< IDLE: virtual time of the next event */
    struct armsim_trap trap; /**< TRAP: the record */
    uint64_t watch_address;  /**< WATCHPOINT: the virtual address of the access (of the element that a pair's hits) ... */
    uint32_t watch_size;     /**< ... its bytes ... */
    uint32_t watch_kinds;    /**< ... what it does: enum armsim_watch ... */
    uint64_t watchpoint;     /**< ... and the address that armsim_watchpoint_add() was given */
    uint32_t hook;           /**< HOOK: the armsim_hook_id, and the enum armsim_hook_kind of the event */
    uint32_t hook_kind; /**< HOOK: the enum armsim_hook_kind of its event */
};

/** The short name of a reason ("limit", "power-off", ...); static, never NULL. */
ARMSIM_API const char *armsim_stop_name(enum armsim_stop_reason reason);

/**
 * Runs until something stops the machine, `limit` instructions (counted over all PEs) at most. The guest can't tell
 * how its run was cut into calls. `limit` 0 does nothing and is ARMSIM_STOP_LIMIT.
 * @param why may be NULL.
 * @return 0; ARMSIM_ERROR_BUSY, _ARGUMENT; or the error of ARMSIM_STOP_ERROR.
 */
ARMSIM_API int armsim_run(struct armsim_machine *machine, uint64_t limit, struct armsim_stop *why);

/**
 * Runs `count` instructions of one PE only, exactly; the other PEs stand still, virtual time goes on. An exception
 * that is taken in place of an instruction counts as one step. Stops early when the PE waits (DEADLOCK, WAITING or
 * IDLE as above) and for the reasons of armsim_run().
 */
ARMSIM_API int armsim_step(struct armsim_machine *machine, uint32_t pe, uint64_t count, struct armsim_stop *why);

/**
 * Runs all PEs, each in its turn, as armsim_run() does, until PE `pe` has executed `count` instructions (reason LIMIT).
 * The guest can't tell. How long that takes depends on when the PE's turn comes and on whether it waits: `limit`
 * instructions of all PEs at most.
 */
ARMSIM_API int armsim_run_pe(struct armsim_machine *machine, uint32_t pe, uint64_t count, uint64_t limit,
                             struct armsim_stop *why);

/** Makes the running (or the next) armsim_run() come back soon. Async-signal-safe, thread-safe; NULL is ignored. */
ARMSIM_API void armsim_request_stop(struct armsim_machine *machine);

/**
 * What to do when all PEs wait and an event lies in the future. false (default): skip to it. true: armsim_run()
 * returns ARMSIM_STOP_IDLE once, so that the caller can wait for the host (a socket, a key) up to as long as it
 * likes; the next armsim_run() skips to the event unless an input came first.
 */
ARMSIM_API int armsim_set_idle_stop(struct armsim_machine *machine, bool on);

/**
 * Lets virtual time pass while all PEs wait, without running: up to `time_ns`, or to the next event if that comes first
 * (it then happens). For callers that let a guest's idle time take as long as it says and inject an input in the midst
 * of it. Nothing happens if some PE can run or the time is past.
 */
ARMSIM_API int armsim_advance_idle(struct armsim_machine *machine, uint64_t time_ns);

enum armsim_reset_kind {
    ARMSIM_RESET_COLD = 0, /**< power off and on: RAM has lost its contents, images are loaded again */
    ARMSIM_RESET_WARM = 1  /**< PEs and devices are reset, memory is kept */
};

/**
 * Resets. Time and instruction counts go on; flash and drives keep what they have.
 *
 * ARMSIM_RESET_COLD: RAM is as after armsim_create() (options.ram_fill, then the images). On the board "bare", whose RAM
 * is the caller's, it keeps its contents. Registers that only a cold reset resets are reset.
 * ARMSIM_RESET_WARM: RAM is kept. Only the images of a machine without firmware, whose kernel the board starts as boot
 * firmware would, are put in their places again, as that firmware would do.
 */
ARMSIM_API int armsim_reset(struct armsim_machine *machine, enum armsim_reset_kind kind);

/** Resets one PE alone (cold): registers, TLB, pending exceptions. The PE runs afterwards. */
ARMSIM_API int armsim_reset_pe(struct armsim_machine *machine, uint32_t pe);

ARMSIM_API uint64_t armsim_time_ns(const struct armsim_machine *machine);      /**< virtual time; exact in callbacks */
ARMSIM_API uint64_t armsim_instructions(const struct armsim_machine *machine); /**< all PEs; exact in callbacks */

enum armsim_pe_state { ARMSIM_PE_RUNNING = 0, ARMSIM_PE_WFI = 1, ARMSIM_PE_WFE = 2, ARMSIM_PE_OFF = 3 };

/** What a PE is doing: an enum armsim_pe_state, or an error. */
ARMSIM_API int armsim_pe_state(const struct armsim_machine *machine, uint32_t pe);
/** Turns a PE on or off, or lets it wait, as the power controller or WFI and WFE would. */
ARMSIM_API int armsim_set_pe_state(struct armsim_machine *machine, uint32_t pe, enum armsim_pe_state state);

/** The PE whose callback runs now, or that ran last. */
ARMSIM_API uint32_t armsim_current_pe(const struct armsim_machine *machine);

/* ---------------------------------------------------------------- breakpoints ----------------------------------- */

/**
 * Stops any PE before it executes the instruction at the virtual address `va`; at most 4096 of them. Nothing is written
 * to memory. The next run goes on from there, without stopping again at the same instruction.
 */
ARMSIM_API int armsim_breakpoint_add(struct armsim_machine *machine, uint64_t va);
ARMSIM_API int armsim_breakpoint_remove(struct armsim_machine *machine, uint64_t va); /**< ARMSIM_ERROR_NOT_FOUND */

enum armsim_watch { ARMSIM_WATCH_READ = 1, ARMSIM_WATCH_WRITE = 2, ARMSIM_WATCH_ACCESS = 3 };

/**
 * Stops any PE before an instruction that reads or writes (`kinds`: enum armsim_watch) one of `size` bytes at the
 * virtual address `va`; at most 256 of them. The access has not been made, and the instruction not been counted; the next run
 * executes it. Addresses count without their top byte. Accesses that fault don't stop.
 */
ARMSIM_API int armsim_watchpoint_add(struct armsim_machine *machine, uint64_t va, uint64_t size, uint32_t kinds);
/** Removes one that was added with the same arguments; ARMSIM_ERROR_NOT_FOUND. */
ARMSIM_API int armsim_watchpoint_remove(struct armsim_machine *machine, uint64_t va, uint64_t size, uint32_t kinds);

/** Which trap records stop the run. A field set to its ANY value matches all. */
struct armsim_trap_filter {
    uint32_t pe;       /**< ARMSIM_ANY: any */
    uint32_t kinds;    /**< bit set of 1 << enum armsim_trap_kind; 0: nothing matches */
    uint32_t from_els; /**< bit set of 1 << EL */
    uint32_t to_els; /**< bit set of 1 << EL */
    uint64_t classes;  /**< for ARMSIM_TRAP_SYNC: bit set of 1 << EC */
    const char *why;   /**< exact name of the cause, or NULL; copied */
};
#define ARMSIM_ANY UINT32_MAX

/** Stops the run after a record that matches; NULL: never. One filter at a time. */
ARMSIM_API int armsim_stop_on_trap(struct armsim_machine *machine, const struct armsim_trap_filter *filter);

/* ---------------------------------------------------------------- registers ------------------------------------- */

/*
 * A register is a number: one of enum armsim_register, or ARMSIM_SYSREG() of an AArch64 system register's encoding.
 */
typedef uint32_t armsim_register_id;

enum armsim_register {
    ARMSIM_REG_X0 = 0,    /**< X0 to X30 are 0 to 30 */
    ARMSIM_REG_SP = 31,   /**< the stack pointer in use (PSTATE.SP, EL) */
    ARMSIM_REG_PC = 32,
    ARMSIM_REG_PSTATE = 33, /**< all of PSTATE in the layout of SPSR_ELx; writing may change EL, as ERET can't */
    ARMSIM_REG_NZCV = 34,   /**< the layout of the system register: bits 31 to 28 */
    ARMSIM_REG_CURRENT_EL = 35,  /**< 0 to 3; read-only: write PSTATE */
    ARMSIM_REG_SECURE = 36,      /**< 1: the PE is in Secure state; read-only: write SCR_EL3.NS */
    ARMSIM_REG_EVENT = 37,       /**< the event register of WFE: 0 or 1 */
    ARMSIM_REG_EXCLUSIVE = 38,   /**< bit 0: local monitor set, bit 1: global monitor set; writing 0 clears both */
    ARMSIM_REG_SP_EL3 = 39,      /**< the one stack pointer that no system register names; only with EL3 */
    ARMSIM_REG_FPCR = 40,
    ARMSIM_REG_FPSR = 41,
    ARMSIM_REG_V0 = 64,  /**< V0 to V31 are 64 to 95: 128 bits, see armsim_read_vector() */
    ARMSIM_REG_BTYPE = 96,
    ARMSIM_REG_NONE = 0xffffffff
};

/** The number of a system register by its encoding: op0 2..3 (or 1 for SYS), op1 0..7, CRn, CRm 0..15, op2 0..7. */
#define ARMSIM_SYSREG(op0, op1, crn, crm, op2)                                                                         \
    (0x10000u | (uint32_t)(op0) << 14 | (uint32_t)(op1) << 11 | (uint32_t)(crn) << 7 | (uint32_t)(crm) << 3 |          \
     (uint32_t)(op2))

/** What a register is: armsim_register_at(). */
struct armsim_register_info {
    armsim_register_id id; /**< its number */
    const char *name;    /**< the Arm ARM's: "X0", "SCTLR_EL1"; static */
    const char *feature; /**< "FEAT_..." that it needs, or NULL; static */
    uint32_t bits;       /**< 32, 64 or 128; 1 to 64 for the parts of PSTATE */
    bool readable, writable; /**< by armsim_read_register() and armsim_write_register() */
};

/** The registers that a PE of this machine has, by index from 0; ARMSIM_ERROR_NOT_FOUND at the end. */
ARMSIM_API int armsim_register_at(const struct armsim_machine *machine, size_t index,
                                  struct armsim_register_info *info);
/** By name, in any case; "X0", "W0", "SP", "PC", "PSTATE", "V3", "SCTLR_EL1", "S3_0_C1_C0_0". ARMSIM_REG_NONE: none. */
ARMSIM_API armsim_register_id armsim_register_by_name(const struct armsim_machine *machine, const char *name);

/**
 * Reads a register as a debugger sees it: no side effect, no trap, no security check, whatever EL the PE is in.
 * A 128-bit register yields its low half. ARMSIM_ERROR_NOT_FOUND, _UNSUPPORTED (has no value to look at).
 */
ARMSIM_API int armsim_peek(const struct armsim_machine *machine, uint32_t pe, armsim_register_id id, uint64_t *value);

/**
 * Writes a register's stored value: no trap and no permission check. Everything derived from the register (the
 * translation regime, routing, cached permissions) follows at once; RES0 and read-only bits too take the value.
 * A 128-bit register gets its low half and a zero upper half. ID registers can be set (they announce, they don't
 * add features).
 */
ARMSIM_API int armsim_poke(struct armsim_machine *machine, uint32_t pe, armsim_register_id id, uint64_t value);

/** Reads as MRS at the highest implemented EL would, with all side effects (an ICC_IAR1_EL1 read acknowledges). */
ARMSIM_API int armsim_read_register(struct armsim_machine *machine, uint32_t pe, armsim_register_id id,
                                    uint64_t *value);
/** Writes as MSR at the highest implemented EL would: masks, side effects. */
ARMSIM_API int armsim_write_register(struct armsim_machine *machine, uint32_t pe, armsim_register_id id,
                                     uint64_t value);

/** V0 to V31 (n 0 to 31), value[0] the low half. */
ARMSIM_API int armsim_read_vector(const struct armsim_machine *machine, uint32_t pe, uint32_t n, uint64_t value[2]);
ARMSIM_API int armsim_write_vector(struct armsim_machine *machine, uint32_t pe, uint32_t n, const uint64_t value[2]);

/* ---------------------------------------------------------------- memory ---------------------------------------- */

enum armsim_pas { ARMSIM_PAS_NON_SECURE = 0, ARMSIM_PAS_SECURE = 1, ARMSIM_PAS_ROOT = 2, ARMSIM_PAS_REALM = 3 };

/** Which addresses: physical ones of a space, or virtual ones as seen by a PE at some EL and security state. */
struct armsim_space {
    bool is_virtual; /**< false: physical addresses */
    enum armsim_pas pas; /**< physical: the space. Virtual: the security state, unless `current` */
    uint32_t pe;         /**< virtual: whose registers and TLB */
    bool current;        /**< virtual: the PE's own EL and security state; `el` and `pas` are ignored */
    uint8_t el;          /**< virtual: 0 to 3 */
    bool ignore_permissions; /**< virtual: only the mapping counts (debuggers) */
};

#define ARMSIM_PHYSICAL(space_pas) ((struct armsim_space){.pas = (space_pas)})
#define ARMSIM_VIRTUAL(pe_index) ((struct armsim_space){.is_virtual = true, .pe = (pe_index), .current = true})

/**
 * Reads or writes memory (RAM and ROM; a device register only with exactly 1, 2, 4 or 8 aligned bytes, by its
 * debug view, without side effects where it has one). Writing works for ROM and flash too, and decoded
 * instructions follow. No TLB entry, access flag or dirty bit changes.
 * @param done if not NULL: bytes transferred before the end or the first address that fails.
 * @return 0 or ARMSIM_ERROR_FAULT (armsim_last_error() says where and why).
 */
ARMSIM_API int armsim_read_memory(struct armsim_machine *machine, const struct armsim_space *space, uint64_t address,
                                  void *data, size_t size, size_t *done);
ARMSIM_API int armsim_write_memory(struct armsim_machine *machine, const struct armsim_space *space, uint64_t address,
                                   const void *data, size_t size, size_t *done);

/**
 * Adds RAM, zero, to a machine that has not run yet (meant for "bare"). base and size: multiples of 4096.
 * @param pas_mask bit set of 1 << enum armsim_pas in which it appears.
 * @return 0, ARMSIM_ERROR_OVERLAP, _MEMORY, _ARGUMENT.
 */
ARMSIM_API int armsim_map_ram(struct armsim_machine *machine, uint64_t base, uint64_t size, uint32_t pas_mask);

/** A page of 4096 bytes that was written. */
struct armsim_page {
    uint64_t address; /**< physical; of the first space in which it appears */
    enum armsim_pas pas; /**< that space */
};

/**
 * The pages of RAM that the guest, a device or the host wrote since the last call with `clear`, or since creation, in
 * the order of the memory map.
 * @return their number, which may exceed `max`; at most `max` are stored. Or an error.
 */
ARMSIM_API int64_t armsim_dirty_pages(struct armsim_machine *machine, struct armsim_page *pages, size_t max,
                                      bool clear);

enum armsim_access { ARMSIM_READ = 0, ARMSIM_WRITE = 1, ARMSIM_FETCH = 2 };

/** One translation table descriptor that a walk read. */
struct armsim_descriptor {
    uint8_t stage;  /**< 1 or 2 */
    int8_t level;   /**< -1 to 3 */
    enum armsim_pas pas; /**< the physical address space it is in */
    uint64_t address; /**< physical */
    uint64_t value; /**< the descriptor as memory has it */
};

enum { ARMSIM_MAX_DESCRIPTORS = 32 };

/** The full answer of armsim_translate(). Set `size` before the call. */
struct armsim_translation {
    size_t size; /**< sizeof(struct armsim_translation) */
    bool valid; /**< false: the fault below */
    uint64_t address; /**< physical */
    enum armsim_pas pas; /**< its physical address space */
    uint64_t block_size;  /**< bytes around the address for which the same answer holds */
    bool readable, writable, executable; /**< at the EL asked for */
    bool device;          /**< Device memory */
    uint8_t device_type;  /**< 0 GRE, 1 nGRE, 2 nGnRE, 3 nGnRnE */
    uint8_t inner, outer; /**< Normal: attributes << 2 | hints; attributes 0 NC, 2 WT, 3 WB; hints bit 1 RA, bit 0 WA */
    uint8_t shareability; /**< 0 non-shareable, 1 Inner, 2 Outer Shareable */
    /* The fault. */
    uint8_t fault_status; /**< the DFSC/IFSC it would have in ESR_ELx */
    int8_t fault_level; /**< of the walk: -1 to 3 */
    bool fault_stage2, fault_on_walk; /**< by stage 2; while walking stage 1 */
    uint64_t fault_ipa;   /**< for stage 2 */
    const char *fault_name; /**< "translation", "permission", ...; static; NULL without a fault */
    /* The walk. */
    uint32_t descriptor_count; /**< how many `descriptors` there are */
    struct armsim_descriptor descriptors[ARMSIM_MAX_DESCRIPTORS]; /**< in the order they were read */
};

/**
 * Translates a virtual address as the PE's tables in memory say, TLB left aside: what a fresh walk would do.
 * Nothing in the machine changes.
 * @param space must be virtual. @return 0 with `valid` true or false, or ARMSIM_ERROR_ARGUMENT, _UNSUPPORTED.
 */
ARMSIM_API int armsim_translate(struct armsim_machine *machine, const struct armsim_space *space, uint64_t address,
                                enum armsim_access access, struct armsim_translation *out);

/* ---------------------------------------------------------------- input ----------------------------------------- */

/*
 * Inputs reach the guest at the virtual time at which armsim_run() next looks (at the start of a turn), and are
 * noted with that time in the input log: the same log gives the same run.
 */

/**
 * Bytes for a serial port (ARMSIM_SERIAL_*), queued in the machine until the guest's device takes them.
 * @return bytes taken, 0 to size (the queue holds 65536), or an error.
 */
ARMSIM_API int64_t armsim_serial_input(struct armsim_machine *machine, uint32_t port, const void *data, size_t size);
/** No more input will come on this port: an idle machine no longer waits for it. The guest notices nothing. */
ARMSIM_API int armsim_serial_close(struct armsim_machine *machine, uint32_t port);

/** A frame for a network card. ARMSIM_ERROR_FULL: more than 256 are waiting; _ARGUMENT: size not 14 to 65550. */
ARMSIM_API int armsim_net_input(struct armsim_machine *machine, uint32_t nic, const void *frame, size_t size);
ARMSIM_API int armsim_net_close(struct armsim_machine *machine, uint32_t nic);

/** Presses and releases the power key. */
ARMSIM_API int armsim_power_key(struct armsim_machine *machine);

enum armsim_pin {
    ARMSIM_PIN_IRQ = 0,
    ARMSIM_PIN_FIQ = 1,
    ARMSIM_PIN_SERROR = 2,
    ARMSIM_PIN_VIRQ = 3,
    ARMSIM_PIN_VFIQ = 4
};

/** Drives a PE's interrupt pin directly. "bare" machines only (elsewhere the GIC drives them), but SERROR anywhere. */
ARMSIM_API int armsim_set_pin(struct armsim_machine *machine, uint32_t pe, enum armsim_pin pin, bool level);
/** Makes a physical SError interrupt pending with this ISS (bits 24 to 0 of the ESR it will have). */
ARMSIM_API int armsim_inject_serror(struct armsim_machine *machine, uint32_t pe, uint32_t iss);
/** Drives a shared peripheral interrupt (0-based: INTID - 32) of the GIC, or a private one (INTID 16..31) of a PE. */
ARMSIM_API int armsim_set_spi(struct armsim_machine *machine, uint32_t spi, bool level);
ARMSIM_API int armsim_set_ppi(struct armsim_machine *machine, uint32_t pe, uint32_t intid, bool level);

/** A synchronous exception from outside. All 0: to EL1, ESR.EC 0 ("unknown reason"). */
struct armsim_exception {
    uint8_t el;   /**< target: 1 to 3, not below the PE's; 0: where an UNDEFINED instruction's would go */
    uint64_t esr; /**< ESR_ELx as it will be written: 32 bits, EC, IL, ISS */
    bool has_far; /**< FAR_ELx gets `far` */
    bool has_ipa; /**< HPFAR_EL2 gets `ipa` (a byte address) */
    uint64_t far, ipa; /**< what these registers get */
};

/**
 * Makes the PE take the exception in place of the instruction at its PC, which is the preferred return address. It then
 * stands at the vector (and runs, if it waited); the record's `why` is "host". Inside a hook: answer ARMSIM_HOOK_RAISE.
 * @return 0; ARMSIM_ERROR_ARGUMENT, _BUSY; _UNSUPPORTED: the PE can't take exceptions to that EL from where it is.
 */
ARMSIM_API int armsim_raise(struct armsim_machine *machine, uint32_t pe, const struct armsim_exception *exception);

/** One recorded input. */
struct armsim_input {
    uint64_t instructions; /**< all PEs, when it reached the machine */
    uint64_t time_ns; /**< virtual time, nanoseconds */
    uint8_t kind;          /**< 0 serial, 1 network, 2 power key, 3 pin, 4 SError, 5 SPI, 6 PPI, 7 semihosting's console */
    uint32_t unit;         /**< port, card, PE or line */
    uint64_t value;        /**< level, ISS */
    const void *data;      /**< bytes; valid while the machine lives */
    size_t size; /**< bytes at `data` */
};

/** Switches the recording of inputs on or off (default off) and empties the log when switched on. */
ARMSIM_API int armsim_record_input(struct armsim_machine *machine, bool on);
/** The recorded input number `index`; ARMSIM_ERROR_NOT_FOUND at the end. */
ARMSIM_API int armsim_input_at(const struct armsim_machine *machine, size_t index, struct armsim_input *input);

/* ---------------------------------------------------------------- traps and traces ------------------------------ */

/**
 * Copies kept records, oldest first, starting with the first whose sequence is at least `from`.
 * @return the number copied, 0 to max, or an error.
 */
ARMSIM_API int64_t armsim_traps(const struct armsim_machine *machine, uint64_t from, struct armsim_trap *traps,
                                size_t max);
ARMSIM_API uint64_t armsim_trap_total(const struct armsim_machine *machine); /**< records taken since creation */
/** Copies the counters' lines that aren't 0, ordered. @return how many there are (may exceed max), or an error. */
ARMSIM_API int64_t armsim_trap_counts(const struct armsim_machine *machine, struct armsim_trap_count *counts,
                                      size_t max);

/** "Data Abort from a lower EL" for ESR.EC 0x24 ...; static, never NULL. */
ARMSIM_API const char *armsim_exception_class_name(uint8_t ec);
/** "sync", "irq", ...; static, never NULL. */
ARMSIM_API const char *armsim_trap_kind_name(enum armsim_trap_kind kind);

enum armsim_trace_format { ARMSIM_TRACE_TEXT = 0, ARMSIM_TRACE_JSON = 1, ARMSIM_TRACE_TARMAC = 2 };

/** Gets whole lines, each with its newline. */
typedef void armsim_write_fn(void *opaque, const char *data, size_t size);

/**
 * Writes a header (version, machine, choices) and from now on every trap record, and with `instructions` every
 * instruction, in the given format. One trace at a time; independent of hooks. armsim_trace_stop() ends it
 * (as does armsim_destroy()); buffered lines are written when armsim_run() returns.
 */
ARMSIM_API int armsim_trace_start(struct armsim_machine *machine, enum armsim_trace_format format, bool instructions,
                                  armsim_write_fn *write, void *opaque);
ARMSIM_API int armsim_trace_stop(struct armsim_machine *machine);

/**
 * Writes one record as a line of a format, NUL-terminated, without newline. @return the length it has (as snprintf),
 * or an error. 512 bytes always suffice.
 */
ARMSIM_API int armsim_format_trap(const struct armsim_trap *trap, enum armsim_trace_format format, char *text,
                                  size_t size);

/** Replaces the log's listener; mask: enum armsim_log_class bits; fn NULL: silent. */
ARMSIM_API int armsim_set_log(struct armsim_machine *machine, uint32_t mask, armsim_log_fn *fn, void *opaque);

/**
 * The A64 encoding's name in our decode table with its fields ("ADD_64_addsub_imm sh=0 imm12=1 rn=5 rd=5"), or
 * "unallocated". For what a disassembler doesn't know. @return the length as snprintf, or an error.
 */
ARMSIM_API int armsim_describe_instruction(uint32_t word, char *text, size_t size);

/* ---------------------------------------------------------------- figures --------------------------------------- */

/** Set `size` before the call. Counted since creation. */
struct armsim_stats {
    size_t size; /**< sizeof(struct armsim_stats) */
    uint64_t instructions;      /**< all PEs */
    uint64_t time_ns;           /**< virtual time */
    uint64_t idle_ns;           /**< of it skipped because all PEs waited */
    uint64_t turns;             /**< turns given to PEs */
    uint64_t events;            /**< clock events fired */
    uint64_t exceptions, returns; /**< entries and returns, all PEs */
    uint64_t tlb_hits, tlb_misses; /**< look-ups of the architectural TLBs */
    uint64_t table_walks, descriptor_reads; /**< that the misses made */
    uint64_t tlb_invalidations; /**< TLB maintenance instructions */
    uint64_t pages_decoded;        /**< pages that got instruction records */
    uint64_t instructions_decoded; /**< records filled in */
    uint64_t records_invalidated;  /**< records dropped because their code was written */
    uint64_t memory_bytes;         /**< host memory that decoded code takes */
};
ARMSIM_API int armsim_get_stats(const struct armsim_machine *machine, struct armsim_stats *stats);

/** Instructions that one PE has executed. */
ARMSIM_API int armsim_pe_instructions(const struct armsim_machine *machine, uint32_t pe, uint64_t *count);

/**
 * A hash of everything a guest could ever observe: RAM and ROM contents, registers, TLBs, devices, time.
 * Equal options and inputs give equal hashes at equal instruction counts, on every host, compiler and build.
 */
ARMSIM_API int armsim_state_hash(struct armsim_machine *machine, uint64_t *hash);

/** Host-independent hash of one named part ("pe0", "ram@40000000", "pl011@9000000"), to find where two runs differ. */
ARMSIM_API int armsim_state_section(struct armsim_machine *machine, size_t index, const char **name, uint64_t *hash);

/* ---------------------------------------------------------------- snapshots ------------------------------------- */

/*
 * A snapshot is everything from which the run goes on as if it had not been interrupted: memory, PEs with their TLBs and
 * monitors, interrupt controller, devices with what is in flight, time, inputs that wait. It is not: what the host has
 * attached (callbacks, hooks, breakpoints), statistics, records, and the contents of drives, but for changes that are
 * held in memory (forks, histories). The file's format is docs/snapshot.md.
 */

/** Saves to a file, which gets its name when it is complete. @return 0, ARMSIM_ERROR_BUSY, _IO, _MEMORY, _UNSUPPORTED. */
ARMSIM_API int armsim_snapshot_save(struct armsim_machine *machine, const char *path);
/**
 * Loads what a machine made with the same options has saved (images, paths and the host's ends may be others). Whatever
 * the error is, nothing has changed. @return 0, or ARMSIM_ERROR_INPUT: it is no snapshot, of another version, damaged, or
 * of another machine, as armsim_last_error() says; _IO, _BUSY, _MEMORY, _UNSUPPORTED.
 */
ARMSIM_API int armsim_snapshot_load(struct armsim_machine *machine, const char *path);

/** Takes `size` bytes. @return 0, or a negative errno value, which ends the saving with ARMSIM_ERROR_IO. */
typedef int armsim_snapshot_write_fn(void *opaque, const void *data, size_t size);
/** Yields `size` bytes: *got tells how many, fewer at the end only. @return 0 or a negative errno value. */
typedef int armsim_snapshot_read_fn(void *opaque, void *data, size_t size, size_t *got);
ARMSIM_API int armsim_snapshot_save_to(struct armsim_machine *machine, armsim_snapshot_write_fn *write, void *opaque);
ARMSIM_API int armsim_snapshot_load_from(struct armsim_machine *machine, armsim_snapshot_read_fn *read, void *opaque);

/**
 * Makes a second machine in the same state. Memory is shared until one of them writes to a page. They are independent
 * from then on, also in different threads, and may be destroyed in any order. Nothing of the host's is attached to the
 * child: output is discarded (armsim_connect_serial(), armsim_connect_net(), armsim_connect_semihosting()), there are no
 * hooks or breakpoints. Drives of both are held: what they write stays in memory, each sees its own; the first
 * machine's changes reach the file when it and all its forks are destroyed. Block functions of the user's
 * (struct armsim_block) are then called from all the machines.
 * @return 0; ARMSIM_ERROR_BUSY, _MEMORY, _UNSUPPORTED (a user's device that can't be copied: *child is NULL).
 */
ARMSIM_API int armsim_fork(struct armsim_machine *machine, struct armsim_machine **child);

/** Replaces the far end of a serial port, card or console, as in struct armsim_options (`nic.mac` is ignored). */
ARMSIM_API int armsim_connect_serial(struct armsim_machine *machine, uint32_t port, const struct armsim_serial *serial);
ARMSIM_API int armsim_connect_net(struct armsim_machine *machine, uint32_t nic, const struct armsim_nic *end);
ARMSIM_API int armsim_connect_semihosting(struct armsim_machine *machine, const struct armsim_semihosting *end);

/** A part of the state that differs between two machines. Strings are valid during the call. */
struct armsim_difference {
    const char *section; /**< "pe0", "ram", "pl011@9000000" ... */
    const char *field;   /**< "x", "pc", "SCTLR_EL1" ...; "byte" of a memory; "other": what no field names */
    uint64_t index;      /**< element of the field; offset of the byte; byte of the saved form */
    uint64_t a, b;       /**< the values */
};
typedef void armsim_difference_fn(void *opaque, const struct armsim_difference *difference);

/**
 * Tells the differences between two machines made with the same options: every field, and of each page of memory the
 * first byte. @return their number (0: equal), or ARMSIM_ERROR_ARGUMENT (not the same sections), _BUSY, _MEMORY.
 */
ARMSIM_API int64_t armsim_state_diff(struct armsim_machine *a, struct armsim_machine *b, armsim_difference_fn *fn,
                                     void *opaque);

/* ---------------------------------------------------------------- going back ------------------------------------ */

/**
 * Keeps the machine's past from here on: its state every `interval` instructions (20 million make going back quick) and
 * all inputs. When the memory for it exceeds `max_bytes` (about; 0: no limit), states are thinned out, which makes going
 * back slower, never impossible. `interval` 0 ends the history; the machine stays where it is. While there is one, what
 * drives are told to write stays in memory; it is written when the history ends, as of then, or when the machine is
 * destroyed, as of the latest moment there ever was.
 * @return 0; ARMSIM_ERROR_BUSY, _MEMORY, _IO (drives); _UNSUPPORTED: semihosting with files, or a user's device whose
 * state can't be loaded.
 */
ARMSIM_API int armsim_set_history(struct armsim_machine *machine, uint64_t interval, uint64_t max_bytes);

/**
 * Goes to the first moment at which `instructions` (all PEs, armsim_instructions()) had been executed, bit for bit as it
 * was; to the latest count there ever was: the present. In the past the machine runs as it did: inputs come by
 * themselves, the guest's output is discarded, hooks and breakpoints work (but not during this call), and at the end of
 * the past it is in the present again. An input from the host, or a change that it makes, in the past makes that the
 * present: what had come after is forgotten. Changes that callbacks made during a run are not repeated.
 * @return 0; ARMSIM_ERROR_ARGUMENT (not in the range), _BUSY, _MEMORY, _UNSUPPORTED (there is no history, or what came
 * before was executed by armsim_step() of one PE among several), _INTERNAL.
 */
ARMSIM_API int armsim_go_to(struct armsim_machine *machine, uint64_t instructions);

/** The earliest and the latest instruction count one can go to. ARMSIM_ERROR_UNSUPPORTED: there is no history. */
ARMSIM_API int armsim_history(const struct armsim_machine *machine, uint64_t *first, uint64_t *last);

/* ---------------------------------------------------------------- coverage -------------------------------------- */

/** What is recorded as touched. The numbers are part of the interface and never change. */
enum armsim_coverage_kind {
    ARMSIM_COVERAGE_TRAP = 0,     /**< trap controls (rows of traps.def): exceptions taken because of them */
    ARMSIM_COVERAGE_REGISTER = 1, /**< system registers and system instructions by their names: accesses not refused */
    ARMSIM_COVERAGE_ENCODING = 2, /**< A64 encodings: how often one was decoded (at least once before it executes) */
    ARMSIM_COVERAGE_VECTOR = 3    /**< exception vectors: entries */
};

/** One thing that can be touched. Set `size` before the call. */
struct armsim_coverage {
    size_t size; /**< sizeof(struct armsim_coverage) */
    const char *name;  /**< "HCR_EL2.TWE", "SCTLR_EL1", "ADD_64_addsub_imm", "VBAR_EL2"; static */
    bool possible;     /**< PE 0 of this machine has what it needs */
    uint8_t from_els;  /**< TRAP: bit set of 1 << EL that the control catches; else 0 */
    uint8_t to_el;     /**< TRAP, VECTOR: the EL it leads to; 0: the instruction becomes UNDEFINED */
    uint16_t offset;   /**< VECTOR: offset from VBAR_ELx */
    uint64_t count;    /**< times; REGISTER: reads */
    uint64_t writes;   /**< REGISTER: writes, and executions of a system instruction without a result */
};

/**
 * Switches the recording on, from zero, or off (default; then it costs nothing). The guest computes the same. What
 * the host does by armsim_read_register() and the like isn't counted. @return 0, ARMSIM_ERROR_BUSY, _MEMORY.
 */
ARMSIM_API int armsim_coverage_enable(struct armsim_machine *machine, bool on);
/**
 * Thing number `index` of a kind; an index means the same thing in every machine of a version of the library. Without
 * recording the counts are 0. @return 0, or ARMSIM_ERROR_NOT_FOUND at the end.
 */
ARMSIM_API int armsim_coverage_at(const struct armsim_machine *machine, enum armsim_coverage_kind kind, size_t index,
                                  struct armsim_coverage *item);

#ifdef __cplusplus
}
#endif

#endif
