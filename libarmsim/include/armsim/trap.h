/*
 * The trap record: one exception entry or return, with the reason why it happened.
 *
 * Records are numbered from 0 in the order in which the machine took them. The machine's ring keeps the last ones
 * (armsim_traps()), counters keep all (armsim_trap_counts()), and hooks see each as it happens (armsim/hook.h).
 */
#ifndef ARMSIM_TRAP_H
#define ARMSIM_TRAP_H

#include <stdbool.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

/** What kind of exception was taken. The numbers are part of the interface and never change. */
enum armsim_trap_kind {
    ARMSIM_TRAP_SYNC = 0,    /**< synchronous: ESR.EC says which class */
    ARMSIM_TRAP_IRQ = 1,     /**< physical IRQ */
    ARMSIM_TRAP_FIQ = 2,     /**< physical FIQ */
    ARMSIM_TRAP_SERROR = 3,  /**< physical SError interrupt */
    ARMSIM_TRAP_VIRQ = 4,    /**< virtual IRQ */
    ARMSIM_TRAP_VFIQ = 5,    /**< virtual FIQ */
    ARMSIM_TRAP_VSERROR = 6, /**< virtual SError interrupt */
    ARMSIM_TRAP_RETURN = 7,  /**< exception return: ERET and its kin */
    ARMSIM_TRAP_KINDS = 8
};

/** One exception entry or return. Valid during the callback, or as a copy. */
struct armsim_trap {
    uint64_t sequence;      /**< number of this record in the machine, from 0 */
    uint64_t instructions;  /**< instructions that all PEs had executed, the trapping one included if it counts */
    uint64_t time_ns;       /**< virtual time, nanoseconds since the cold reset */
    uint32_t pe;            /**< index of the PE */
    enum armsim_trap_kind kind; /**< what was taken */
    uint8_t from_el, to_el; /**< 0 to 3 */
    bool from_aarch32, to_aarch32; /**< the Execution states */
    bool from_secure, to_secure; /**< the Security states */
    uint16_t vector_offset; /**< from VBAR: 0x000 to 0x780; 0 for a return */
    uint8_t ec;             /**< ESR.EC for ARMSIM_TRAP_SYNC, otherwise 0 */
    uint64_t pc;            /**< where execution goes on: the vector, or the return address */
    uint64_t esr;           /**< ESR_ELx of the target EL as written; for a return 0 */
    uint64_t far;           /**< FAR_ELx as written, 0 where the exception doesn't write it */
    uint64_t hpfar;         /**< HPFAR_EL2 as written, 0 where the exception doesn't write it */
    uint64_t elr;           /**< ELR_ELx: the preferred return address; for a return the address of its instruction */
    uint64_t spsr;          /**< SPSR_ELx: the PSTATE saved; for a return the value returned with */
    const char *why;        /**< the row of traps.def ("HCR_EL2.TWE") or the fixed cause ("SVC"); static, never NULL */
};

/** A line of the counters: how often exceptions of one class went from one level to another. */
struct armsim_trap_count {
    uint8_t from_el, to_el; /**< 0 to 3 */
    enum armsim_trap_kind kind; /**< what was taken */
    uint8_t ec;      /**< for ARMSIM_TRAP_SYNC; otherwise 0 */
    uint64_t count;  /**< never 0 */
};

#ifdef __cplusplus
}
#endif

#endif
