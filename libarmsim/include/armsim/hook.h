/*
 * Hooks: functions of the caller's that a machine calls when something happens in it.
 *
 *     static enum armsim_hook_answer on_write(void *opaque, struct armsim_machine *machine,
 *                                             struct armsim_hook_event *event)
 *     {
 *         printf("%llx: [%llx] = %llx\n", event->pc, event->memory.va, event->memory.value[0]);
 *         return ARMSIM_HOOK_CONTINUE;
 *     }
 *
 *     struct armsim_hook_options options = {
 *         .size = sizeof options,
 *         .kinds = ARMSIM_HOOK_BIT(ARMSIM_HOOK_WRITE),
 *         .address = 0x48000000, .address_size = 0x1000};
 *     armsim_hook_id id;
 *     armsim_hook_add(machine, &options, on_write, NULL, &id);
 *
 * Hooks may be added and removed at any time, also from inside a hook, itself included: what is added takes effect from
 * the next event on, what is removed isn't called any more. Several hooks hear of an event in the order in which they
 * were added. What a hook's filter doesn't let pass isn't delivered. A machine without hooks pays nothing for them; one
 * with hooks pays where they are: docs/library.md.
 *
 * As long as hooks answer CONTINUE and the caller changes nothing, the guest computes exactly what it computes without
 * them. Inside a hook everything is allowed that the rules of armsim.h allow to callbacks. While armsim_go_to() repeats
 * the past no hook is called; answers that changed something are not repeated by it either. Hooks are no part of
 * snapshots, and a fork has none.
 */
#ifndef ARMSIM_HOOK_H
#define ARMSIM_HOOK_H

#include <armsim/armsim.h>

#ifdef __cplusplus
extern "C" {
#endif

/**
 * What there is to be told of. The numbers are part of the interface and never change.
 *
 * The kinds up to MAINTENANCE tell of what an instruction is about to do, before anything of it is done: the machine's
 * state is that before the instruction, and STOP leaves it so. The next run executes the instruction; a hook that has
 * heard of it already doesn't hear of it again.
 * The others tell of what has happened. STOP ends the run behind it: for EXCEPTION and RETURN at once, for the rest at
 * the next point where the machine would also take an interrupt (a taken branch, the end of a page, MSR, ISB ...).
 */
enum armsim_hook_kind {
    ARMSIM_HOOK_INSTRUCTION = 0, /**< an instruction */
    ARMSIM_HOOK_BLOCK = 1,       /**< the first instruction of a basic block: behind a branch, an exception, a return; and
                                  * the first that a PE executes with such a hook */
    ARMSIM_HOOK_FETCH = 2,       /**< the fetch of an instruction that doesn't fault, as an access to memory */
    ARMSIM_HOOK_READ = 3,        /**< a load's access to memory or a device, that doesn't fault. One event for each access
                                  * in the Arm ARM's sense: two for LDP, one for what crosses a page. Atomic instructions
                                  * read, then write */
    ARMSIM_HOOK_WRITE = 4,       /**< a store's access; DC ZVA is one of its block's size */
    ARMSIM_HOOK_MRS = 5,         /**< MRS of any register, whether or not the access will be allowed */
    ARMSIM_HOOK_MSR = 6,         /**< MSR to any register, or to a field of PSTATE (MSR DAIFSet, #imm ...) */
    ARMSIM_HOOK_MAINTENANCE = 7, /**< TLBI, DC, IC, AT, and all other SYS and SYSL instructions */
    ARMSIM_HOOK_EXCEPTION = 8,   /**< an exception has been entered: the PE is at the vector */
    ARMSIM_HOOK_RETURN = 9,      /**< an exception return has been made */
    ARMSIM_HOOK_TLB_FILL = 10,   /**< the TLB got an entry */
    ARMSIM_HOOK_INTERRUPT = 11,  /**< a PE's IRQ, FIQ, SError, virtual IRQ or virtual FIQ input has changed */
    ARMSIM_HOOK_CONSOLE = 12,    /**< the guest sends a byte to a serial port or by semihosting; it isn't delivered yet */
    ARMSIM_HOOK_KINDS = 13
};
#define ARMSIM_HOOK_BIT(kind) (1u << (kind))

/** What a hook wants. What a kind can't have stops the run with ARMSIM_STOP_ERROR and a text that says so. */
enum armsim_hook_answer {
    ARMSIM_HOOK_CONTINUE = 0, /**< nothing: go on */
    ARMSIM_HOOK_STOP = 1,     /**< armsim_run() returns with ARMSIM_STOP_HOOK; any kind */
    ARMSIM_HOOK_SKIP = 2,     /**< the instruction does nothing but move the PC on; INSTRUCTION to MAINTENANCE.
                               * CONSOLE: the byte is dropped */
    /**
     * With the value that the hook has put in the event in place of the one there was. INSTRUCTION, BLOCK, FETCH: another
     * word is executed (memory keeps its own). READ: the value read; the access isn't made. WRITE, MSR, MAINTENANCE: the
     * value written or the operand. MRS: the value read; the access isn't made, nor checked. CONSOLE: the byte.
     */
    ARMSIM_HOOK_REPLACE = 3,
    ARMSIM_HOOK_RAISE = 4     /**< the instruction takes the exception `event->raise`; INSTRUCTION to MAINTENANCE */
};

/** An instruction that is about to be executed. */
struct armsim_hook_instruction {
    bool fetched;  /**< false: the fetch will fault, `word` is 0 */
    uint32_t word; /**< the instruction */
    uint32_t size; /**< BLOCK: bytes to the end of the block, its branch or the page's end; else 4 */
};

/** An access to memory: FETCH, READ, WRITE. */
struct armsim_hook_memory {
    uint64_t va, pa;     /**< of its first byte */
    enum armsim_pas pas; /**< the space of `pa` */
    uint32_t size;       /**< bytes: 1, 2, 4, 8, 16; DC ZVA: up to 2048 */
    /**
     * The number read or written, low half first; 0 for DC ZVA. For a read what memory holds; for a read from a device
     * what its debug view says (struct armsim_requester): the access comes later, once.
     */
    uint64_t value[2];
    bool device;         /**< it is a device that answers, not memory; or nothing, and an external abort follows */
    bool atomic;         /**< of an atomic instruction: CAS, SWP, LDADD ... */
    bool exclusive;      /**< of LDXR, STXR and their kin. A store-exclusive that fails makes no access */
    bool ordered;        /**< with acquire or release semantics */
    bool unprivileged;   /**< with EL0's permissions though made at a higher EL: LDTR, STTR */
};

/** MRS, MSR, and system instructions. */
struct armsim_hook_register {
    armsim_register_id id; /**< ARMSIM_SYSREG() of the encoding */
    const char *name;      /**< "SCTLR_EL1", "TLBI_VAE1IS", "DAIFSET"; "S3_0_C15_C2_0" if it has no other; valid in the call */
    bool exists;           /**< false: this PE doesn't have it */
    bool known;            /**< `value` is valid: not for reads with a side effect (ICC_IAR1_EL1), SYSL */
    bool immediate;        /**< MSR (immediate): `value` is the immediate */
    uint8_t rt;            /**< the general register, 31: XZR */
    uint64_t value;        /**< MRS: what would be read; else what is written: the operand */
    uint32_t word;         /**< the instruction */
};

/** Translation regimes. */
enum armsim_regime { ARMSIM_REGIME_EL10 = 0, ARMSIM_REGIME_EL20 = 1, ARMSIM_REGIME_EL2 = 2, ARMSIM_REGIME_EL3 = 3 };

/** A translation that the TLB has got. */
struct armsim_hook_fill {
    enum armsim_regime regime; /**< whose translation it is */
    bool secure;          /**< the regime's security state */
    uint16_t asid, vmid; /**< for which it holds */
    bool global;          /**< for all ASIDs */
    uint64_t va;          /**< the address that was looked up */
    uint64_t pa;          /**< what it translates to */
    uint64_t ipa;         /**< the output of stage 1; the same as `pa` without stage 2 */
    enum armsim_pas pas; /**< the space of `pa` */
    uint64_t size;        /**< bytes around `va` that the entry maps */
    bool stage2;          /**< both stages are in it */
    bool readable, writable, executable; /**< at the EL of the access, now */
    bool device;          /**< Device memory */
};

/** A PE's interrupt inputs; bit sets of 1 << enum armsim_pin. */
struct armsim_hook_interrupt {
    uint32_t before, after; /**< the inputs that are high */
};

#define ARMSIM_CONSOLE_SEMIHOSTING 3 /**< beside ARMSIM_SERIAL_UART0 to _VIRTIO */

/** A byte of output. */
struct armsim_hook_console {
    uint32_t port; /**< ARMSIM_SERIAL_UART0 ..., ARMSIM_CONSOLE_SEMIHOSTING */
    uint8_t byte; /**< what is sent */
};

typedef uint32_t armsim_hook_id; /**< never 0; not given again in the life of a machine */

/** One event. Valid during the call; what isn't to be replaced or raised must not be changed. */
struct armsim_hook_event {
    enum armsim_hook_kind kind; /**< says which member of the union is valid */
    armsim_hook_id hook;        /**< which is called */
    uint32_t pe; /**< in which it happens */
    uint8_t el;                 /**< the PE's exception level, security state and stack pointer now */
    bool secure, sp_selected; /**< its Security state; it uses SP_ELx, not SP_EL0 */
    uint64_t pc;                /**< of the instruction; EXCEPTION, RETURN: where it goes on: ARMSIM_REG_PC */
    uint64_t instructions;      /**< executed by all PEs, this one not included; EXCEPTION, RETURN: as in the record */
    uint64_t time_ns;           /**< virtual time */
    union {
        struct armsim_hook_instruction instruction; /**< INSTRUCTION, BLOCK */
        struct armsim_hook_memory memory;           /**< FETCH, READ, WRITE */
        struct armsim_hook_register reg;            /**< MRS, MSR, MAINTENANCE */
        struct armsim_trap trap;                    /**< EXCEPTION, RETURN */
        struct armsim_hook_fill fill;               /**< TLB_FILL */
        struct armsim_hook_interrupt interrupt;     /**< INTERRUPT */
        struct armsim_hook_console console;         /**< CONSOLE */
    };
    struct armsim_exception raise; /**< to fill in before answering RAISE; zero at first */
};

typedef enum armsim_hook_answer armsim_hook_fn(void *opaque, struct armsim_machine *machine,
                                               struct armsim_hook_event *event);

/** Which events a hook wants. A field that is 0 lets everything pass. */
struct armsim_hook_options {
    size_t size;           /**< sizeof(struct armsim_hook_options) */
    uint32_t kinds;        /**< ARMSIM_HOOK_BIT() of each; at least one */
    uint64_t pes;          /**< bit set of 1 << PE */
    uint32_t els;          /**< bit set of 1 << EL in which the PE is; EXCEPTION, RETURN: from which it comes */
    uint32_t states;       /**< bit set of 1 << ARMSIM_PAS_NON_SECURE, _SECURE: security state; EXCEPTION, RETURN: from */
    uint64_t pc, pc_size;  /**< instructions in [pc, pc + pc_size); EXCEPTION: ELR is in it. pc_size 0: anywhere */
    /** READ, WRITE, FETCH: accesses that touch [address, address + address_size); TLB_FILL: of a page that does.
     * address_size 0: anywhere. Virtual addresses count without their top byte. */
    uint64_t address;
    uint64_t address_size; /**< bytes */
    bool physical;         /**< `address` is a physical address, in whatever space */
    armsim_register_id id; /**< MRS, MSR, MAINTENANCE: this encoding only */
    /** MRS, MSR, MAINTENANCE: the register's or instruction's name, EXCEPTION, RETURN: `why`, with '*' for any characters
     * and '?' for any one, in any case; copied. NULL: any. */
    const char *name;
    uint32_t trap_kinds;   /**< EXCEPTION: bit set of 1 << enum armsim_trap_kind */
    uint32_t to_els;       /**< EXCEPTION, RETURN: bit set of 1 << EL to which it goes */
    uint64_t classes;      /**< EXCEPTION: synchronous ones of these classes only: bit set of 1 << EC */
    uint32_t ports;        /**< CONSOLE: bit set of 1 << port */
};

/**
 * Adds a hook. @param id may be NULL.
 * @return 0; ARMSIM_ERROR_ARGUMENT (no kind or an unknown one, fn NULL, a range that wraps around), _MEMORY.
 */
ARMSIM_API int armsim_hook_add(struct armsim_machine *machine, const struct armsim_hook_options *options,
                               armsim_hook_fn *fn, void *opaque, armsim_hook_id *id);
/** Removes a hook; ARMSIM_ERROR_NOT_FOUND: there is none of that number (any more). */
ARMSIM_API int armsim_hook_remove(struct armsim_machine *machine, armsim_hook_id id);
/** "instruction", "block", "read" ...; static, never NULL. */
ARMSIM_API const char *armsim_hook_kind_name(enum armsim_hook_kind kind);

#ifdef __cplusplus
}
#endif

#endif
