/*
 * The machine: PEs, interrupt controller and devices on one bus, advanced by one clock.
 *
 * This is what the rooms of libarmsim/ (api, board, loader, firmware, machine) share; nobody below sees it. A board
 * is a table of hooks (struct board); firmware built into the machine hooks in by `conduit` and `semihosting`.
 */
#ifndef ARMSIM_MACHINE_MACHINE_H
#define ARMSIM_MACHINE_MACHINE_H

#include <armsim/armsim.h>
#include <armsim/device.h>

#include "cpu/cpu.h"
#include "cpu/impdef.h"
#include "devices/device.h"
#include "libarmsim/fabric/bus.h"
#include "libarmsim/fabric/clock.h"
#include "libarmsim/fabric/irq.h"
#include "libarmsim/fabric/log.h"
#include "libarmsim/fabric/state.h"
#include "libarmsim/machine/drive.h"
#include "libarmsim/machine/hooks.h"

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct gic;           /* gic/gic.h */
struct generic_timer; /* devices/generic_timer.h */
struct trap_ring;     /* machine/trap_ring.h */
struct trace;         /* machine/trace.h */
struct board_data;    /* the board's own */
struct history;       /* snapshot/history.h */

/* Where the board puts the interrupt controller. Addresses are physical; 0 where the version has no such frame. */
struct board_gic {
    uint64_t distributor;
    uint64_t cpu_interface;      /* GICv2: GICC */
    uint64_t hypervisor;         /* GICv2: GICH */
    uint64_t virtual_cpu;        /* GICv2: GICV */
    uint64_t redistributor;      /* GICv3: first redistributor region ... */
    uint32_t redistributor_pes;  /* ... how many PEs it takes ... */
    uint64_t redistributor_high; /* ... and where the others are */
    uint64_t its;                /* GICv3, 0: none */
    uint64_t msi_frame;          /* GICv2: a GICv2m frame ... */
    uint32_t msi_first_spi, msi_spis; /* ... and its SPIs; 0: none */
    uint32_t spis;               /* shared peripheral interrupts */
    /* INTIDs (16..31) of the private interrupts. */
    uint32_t ppi_secure_physical_timer, ppi_physical_timer, ppi_virtual_timer, ppi_hypervisor_timer;
    uint32_t ppi_hypervisor_virtual_timer, ppi_pmu, ppi_maintenance;
};

/*
 * A board. The hooks are called in this order when a machine is made; each returns 0 or a negative enum
 * armsim_error after machine_fail(). Options are machine->options (valid for the machine's life).
 */
struct board {
    const char *name;
    const struct board_gic *gic; /* NULL: none */
    bool needs_ram;              /* options.ram_size may not be 0 */
    /* Checks options that only this board knows and adds RAM, ROM and flash to the bus. No PE exists yet. */
    int (*map)(struct armsim_machine *machine);
    /* Adds devices by machine_add_device(). PEs, GIC and timers exist: machine_spi(), machine_ppi(). */
    int (*populate)(struct armsim_machine *machine);
    /* Loads images, makes the device tree, sets the PEs' starting state. Everything is freshly reset. Called at
     * creation and at every cold reset. */
    int (*load)(struct armsim_machine *machine);
    /* In place of load() for a fork of `from`, whose state will be loaded: what the board keeps beside it. Optional. */
    int (*clone)(struct armsim_machine *machine, const struct armsim_machine *from);
    /* A warm reset: sets the PEs' starting state over memory as it is. Optional: without it load() is called. */
    int (*start)(struct armsim_machine *machine);
    /* Could input that the host may still send wake a PE? Optional: without it, yes. */
    bool (*listens)(struct armsim_machine *machine);
    /* Frees machine->board_data; may be called after any of the hooks failed. Optional. */
    void (*destroy)(struct armsim_machine *machine);
};

extern const struct board board_bare, board_virt;
/* board/table.c: the board of options.table, which has been copied. 0 or an error. */
int board_of_table(struct armsim_machine *machine);
/* Whatever only a whole board can do with options. */
int board_refuse_images(struct armsim_machine *machine);

/* Bytes on their way to a serial device. The device end is attached by the board. */
enum { SERIAL_QUEUE_BYTES = 65536, NET_QUEUE_FRAMES = 256, NET_FRAME_MIN = 14, NET_FRAME_MAX = 65550 };

struct serial_port {
    bool attached; /* the machine has this port */
    bool open;     /* the host may still send */
    /* The device takes up to `size` bytes now; returns how many. It calls machine_serial_ready() when there is room. */
    size_t (*receive)(void *device, const uint8_t *data, size_t size);
    void *device;
    uint8_t *queue; /* ring of SERIAL_QUEUE_BYTES */
    size_t head, count;
};

struct net_frame {
    struct net_frame *next;
    size_t size;
    uint8_t data[];
};

struct net_port {
    bool attached, open;
    /* True: the device took the frame (or dropped it for good). It calls machine_net_ready() when there is room. */
    bool (*receive)(void *device, const uint8_t *frame, size_t size);
    void *device;
    void (*transmit)(void *opaque, const void *frame, size_t size); /* the host's end; NULL: discarded */
    void *opaque;
    struct net_frame *first, *last;
    size_t count;
};

enum {
    MACHINE_MAX_NICS = 4,
    MACHINE_MAX_DRIVES = 24,
    MACHINE_MAX_BREAKPOINTS = 4096,
    MACHINE_MAX_WATCHPOINTS = 256,
};

struct watchpoint {
    uint64_t va, size;
    uint32_t kinds; /* ARMSIM_WATCH_* */
};

/* A PE's turn: it goes on until this much of its own instruction count, then the next PE has its turn. */
struct turn {
    bool open;
    unsigned pe;
    uint64_t end; /* in pe->instructions */
};

/* What an input was and when it came: see armsim_input_at(). */
struct input_record {
    uint64_t instructions, time;
    uint8_t kind;
    uint32_t unit;
    uint64_t value;
    void *data;
    size_t size;
    /* Where at that time: inside a run (at a boundary, or when the guest asked), or between two, with this many events
     * fired and the turn open or not. */
    bool in_run, turn_open;
    uint64_t fired;
};
enum input_kind {
    INPUT_SERIAL,
    INPUT_NET,
    INPUT_POWER_KEY,
    INPUT_PIN,
    INPUT_SERROR,
    INPUT_SPI,
    INPUT_PPI,
    INPUT_CONSOLE /* what a semihosting read of the console yields */
};

struct input_log {
    struct input_record *records;
    size_t count, capacity;
};

/* An input that waits for the next point at which the machine takes inputs. */
struct pending_input {
    struct pending_input *next;
    enum input_kind kind;
    uint32_t unit;
    uint64_t value; /* level | pin << 1 for pins; INTID << 1 | level for PPIs */
    size_t size;
    uint8_t data[];
};

struct armsim_machine {
    /* How it was made. `options` and all it points to is the machine's own copy. */
    struct armsim_options options;
    struct option_copies *copies; /* owner of what options points to */
    const struct board *board;
    struct board_data *board_data;
    bool ready; /* creation succeeded */
    bool is_fork;
    char error[512];

    /* Fabric. */
    struct bus *bus;
    struct clock *clock;
    struct log log;
    struct device_env device_env;
    armsim_log_fn *log_fn;
    void *log_opaque;

    /* PEs. */
    unsigned pe_count;
    struct pe **pes;
    char (*pe_names)[8]; /* "pe0": state sections */
    struct generic_timer **timers; /* one for each PE; connected if there is a GIC */
    struct icache *icache;
    struct mmu *walker; /* for armsim_translate(): never keeps an entry */
    struct pe_env pe_env;
    const struct cpu_model *model;
    struct feature_set features;
    struct impdef_values impdefs;
    struct gic *gic; /* NULL: none */

    /* Devices, in the order they were added. The machine resets, hashes and destroys them. */
    struct device **devices;
    size_t device_count, device_capacity;

    /* Firmware built in; NULL: none. True: handled. Set by the board's hooks. */
    bool (*conduit)(struct armsim_machine *machine, struct pe *pe, bool smc, uint16_t imm);
    bool (*semihosting)(struct armsim_machine *machine, struct pe *pe);
    void *firmware; /* theirs; freed by board->destroy */

    /* The device tree (malloc'd, owned). */
    void *dtb;
    size_t dtb_size;

    /* Inputs. */
    struct serial_port serial[ARMSIM_SERIAL_PORTS];
    struct net_port nic[MACHINE_MAX_NICS];
    void (*power_key)(struct armsim_machine *machine); /* set by the board: the key is pressed; NULL: none */
    struct pending_input *inputs, **inputs_end;
    bool record_inputs;
    struct input_log input_log;
    bool at_boundary; /* inputs are delivered inside a run */
    bool muted;       /* the past happens again: nobody outside hears of it */
    bool unobserved;  /* ... nor are there hooks, break- and watchpoints */
    struct history *history; /* NULL: none is kept */
    struct drive drives[MACHINE_MAX_DRIVES]; /* by the number of the option */

    /* The run loop: machine/run.c. */
    atomic_bool stop_requested;
    bool running;            /* inside armsim_run() or armsim_step() */
    bool started;            /* has run: the memory map is fixed */
    struct turn turn;
    struct pe *current;      /* the PE that runs now; NULL between turns */
    unsigned last_pe;
    uint64_t base_instructions; /* all PEs' count minus the current PE's own (between turns: all) */
    uint64_t idle_ns;        /* virtual time that was skipped */
    uint64_t skipped_ns;     /* the same, since creation: figures */
    uint64_t turns;
    bool idle_stop;          /* armsim_set_idle_stop() */
    uint64_t idle_reported;  /* deadline for which IDLE was returned already, or 0 */
    bool stop_pending;       /* something below asks armsim_run() to return */
    struct armsim_stop stop; /* with this */
    int stop_error;          /* and for ARMSIM_STOP_ERROR with this result */

    /* Hooks and records. */
    struct trap_ring *traps;
    struct hooks hooks;
    bool trap_filter_on;
    struct armsim_trap_filter trap_filter;
    char trap_filter_why[64];
    struct trace *trace;
    uint64_t *breakpoints; /* sorted */
    size_t breakpoint_count;
    uint64_t marks[16];    /* places in a page (bit n: offset 4n) of breakpoints and hooks */
    bool asked;            /* there are such places, or hooks on system instructions */
    struct passage breakpoint_passage, watchpoint_passage;
    struct watchpoint *watchpoints;
    size_t watchpoint_count;
    bool trap_listeners;   /* somebody beside the ring wants trap records */
    bool trap_attention;   /* ... or their time isn't simply the count of instructions */
    struct irq_line (*pins)[4]; /* per PE: IRQ, FIQ, virtual IRQ, virtual FIQ, driven by the GIC */
    uint64_t exceptions, returns;
};

/* --- machine.c: what boards, loaders and firmware use --- */

/* Sets the last error's text (printf-like) and returns `error`. */
int machine_fail(struct armsim_machine *machine, enum armsim_error error, const char *format, ...)
    __attribute__((format(printf, 3, 4)));
/* ARMSIM_ERROR_IO: "WHERE: WHAT: " and what the host says of `code`, an errno value. */
int machine_fail_errno(struct armsim_machine *machine, const char *where, const char *what, int code);

/* Turns a result of bus_add_*() into an error with text; 0 stays 0. */
int machine_map_result(struct armsim_machine *machine, const char *name, uint64_t base, uint64_t size, int result,
                       const struct bus_region *other);

/* Takes ownership of a device, also on failure (it is destroyed then). Attaches its window if it has one. NULL is
 * "out of memory", so that a constructor can be the argument. */
int machine_add_device(struct armsim_machine *machine, struct device *device);

/* Interrupt inputs of the GIC; NULL without GIC or beyond its range. */
struct irq_line *machine_spi(struct armsim_machine *machine, unsigned spi);
struct irq_line *machine_ppi(struct armsim_machine *machine, unsigned pe, unsigned intid);

/* Loads bytes into RAM, ROM or flash: 0, or ARMSIM_ERROR_INPUT with a text that says `what` doesn't fit where. */
int machine_load(struct armsim_machine *machine, const char *what, enum pas pas, uint64_t address, const void *data,
                 size_t size);
/* Gives the machine its device tree (malloc'd; the old one is freed). */
void machine_set_dtb(struct armsim_machine *machine, void *data, size_t size);

/* Starting state, for board->load() and PSCI: a general register 0..30, the PC. */
void machine_set_x(struct armsim_machine *machine, unsigned pe, unsigned n, uint64_t value);
void machine_set_pc(struct armsim_machine *machine, unsigned pe, uint64_t pc);

/* Asks armsim_run() to return as soon as the present instruction is complete. The first one wins. */
void machine_stop(struct armsim_machine *machine, enum armsim_stop_reason reason, uint32_t code);
/* The same for ARMSIM_STOP_ERROR, after machine_fail(): what the call that runs the machine returns. */
void machine_stop_error(struct armsim_machine *machine, int error);

/* A device (or the board on its behalf) has room for input again. */
void machine_serial_ready(struct armsim_machine *machine, unsigned port);
void machine_net_ready(struct armsim_machine *machine, unsigned nic);
void machine_attach_serial(struct armsim_machine *machine, unsigned port,
                           size_t (*receive)(void *device, const uint8_t *data, size_t size), void *device);
void machine_attach_nic(struct armsim_machine *machine, unsigned nic,
                        bool (*receive)(void *device, const uint8_t *frame, size_t size), void *device);

/* --- lifecycle (machine.c), for the API --- */
/* `from`: the machine is a fork of it; its state is to be loaded. NULL: loads what the options name, and resets. */
int machine_build(struct armsim_machine *machine, const struct armsim_machine *from);
void machine_free(struct armsim_machine *machine);
int machine_reset(struct armsim_machine *machine, bool cold);

/* --- run.c --- */
uint64_t machine_instructions(const struct armsim_machine *machine); /* all PEs, exact in slow paths too */
#define MACHINE_NS_PER_SECOND 1000000000ull
/* Nanoseconds that as many instructions take. */
uint64_t machine_duration(const struct armsim_machine *machine, uint64_t instructions);
/* Virtual time of a count just taken, ns. */
static inline uint64_t machine_time_at(const struct armsim_machine *machine, uint64_t instructions)
{
    bool nominal = LIKELY(machine->options.frequency == MACHINE_NS_PER_SECOND);
    return machine->idle_ns + (nominal ? instructions : machine_duration(machine, instructions));
}
uint64_t machine_now(const struct armsim_machine *machine);          /* ns, exact in slow paths too */
int machine_run(struct armsim_machine *machine, uint64_t limit, struct armsim_stop *why);
/* The same until one PE has executed `count` instructions more. */
int machine_run_pe(struct armsim_machine *machine, unsigned pe, uint64_t count, uint64_t limit,
                   struct armsim_stop *why);
int machine_step(struct armsim_machine *machine, unsigned pe, uint64_t count, struct armsim_stop *why);
void machine_advance_idle(struct armsim_machine *machine, uint64_t time);
void machine_install_clock(struct armsim_machine *machine);
/* The host changed the machine's state otherwise than by an input: a history can't repeat it, and begins anew there. */
void machine_touched(struct armsim_machine *machine);

/* --- env.c: the callbacks that PEs get --- */
void machine_install_env(struct armsim_machine *machine);
/* Firmware calls are answered by `conduit`; NULL: by nobody, HVC and SMC do what the PE does by itself. */
void machine_set_conduit(struct armsim_machine *machine,
                         bool (*conduit)(struct armsim_machine *machine, struct pe *pe, bool smc, uint16_t imm));
/* What the guest sends to a serial port (or ARMSIM_CONSOLE_SEMIHOSTING), for the host's end of it; NULL: there is none. */
void machine_output(struct armsim_machine *machine, uint32_t port,
                    void (*write)(void *opaque, const uint8_t *data, size_t size), void *opaque, const uint8_t *data,
                    size_t size);
/* After a listener of traps came or went. */
void machine_update_listeners(struct armsim_machine *machine);

/* --- input.c --- */
/* Queues an input and, unless the machine is running, applies it at once. */
int machine_input(struct armsim_machine *machine, enum input_kind kind, uint32_t unit, uint64_t value,
                  const void *data, size_t size);
void machine_deliver_inputs(struct armsim_machine *machine);
/* What an input, or a device of the user's, does to a PE's interrupt pin. */
void machine_drive_pin(struct armsim_machine *machine, uint32_t pe, enum armsim_pin pin, bool level);
bool machine_input_possible(struct armsim_machine *machine);
void input_log_clear(struct input_log *log);
/* Forgets all from `count` on. */
void input_log_cut(struct input_log *log, size_t count);
/* Applies a record of a log. */
int machine_repeat_input(struct armsim_machine *machine, const struct input_record *record);
/* Semihosting reads the console: bytes got. */
size_t machine_console_input(struct armsim_machine *machine, uint8_t *data, size_t size);
/* Forgets the inputs that wait. */
void machine_drop_inputs(struct armsim_machine *machine);
void machine_free_inputs(struct armsim_machine *machine);

/* --- options.c --- */
int machine_copy_options(struct armsim_machine *machine, const struct armsim_options *options);
void machine_free_options(struct armsim_machine *machine);
/* The options of `from` for a fork: what they point to is shared, and nothing outside is connected. */
void machine_share_options(struct armsim_machine *machine, const struct armsim_machine *from);
/* A region's name ("ram@40000000") that lives as long as the machine; NULL: out of memory. */
char *machine_keep_name(struct armsim_machine *machine, const char *prefix, uint64_t address);
/* A copy that lives as long as the machine and its forks; NULL: out of memory. */
void *machine_keep(struct armsim_machine *machine, const void *data, size_t size);
int machine_check_options(struct armsim_machine *machine);

/* --- cpu_option.c: "model,feature=on|off", and the impdef choices --- */
int machine_parse_cpu(struct armsim_machine *machine);
int machine_choose_impdefs(struct armsim_machine *machine);

/* --- sections.c: all state but the contents of memory and drives --- */
/* Section `index`; false at the end. The order is that in which a state is loaded. */
bool machine_section(struct armsim_machine *machine, size_t index, struct state_section *section);
/* After all sections have been loaded. */
void machine_loaded(struct armsim_machine *machine);

/* --- state_hash.c --- */
uint64_t machine_state_hash(struct armsim_machine *machine);
/* Section `index`'s name and hash; false at the end. */
bool machine_state_section(struct armsim_machine *machine, size_t index, const char **name, uint64_t *hash);

#endif
