#include "rom.h"

#include "psci.h"
#include "syndrome.h"

unsigned start_el;
static handler_fn *handler;
void el1_return(u64 result) __attribute__((noreturn));
void handle_exception(struct frame *frame, unsigned vector, unsigned el);

void set_handler(handler_fn *fn)
{
    handler = fn;
}

const char *exception_class_name(unsigned ec)
{
    static const char *const names[64] = {
        [EC_UNKNOWN] = "unknown reason",
        [EC_WFX] = "WFI or WFE",
        [0x07] = "access to FP or SIMD",
        [EC_ILLEGAL_STATE] = "illegal execution state",
        [EC_SVC] = "SVC",
        [EC_HVC] = "HVC",
        [EC_SMC] = "SMC",
        [EC_SYSREG] = "MSR, MRS or system instruction",
        [EC_FETCH_LOWER] = "instruction abort from a lower EL",
        [EC_FETCH_SAME] = "instruction abort",
        [0x22] = "PC alignment",
        [EC_DATA_LOWER] = "data abort from a lower EL",
        [EC_DATA_SAME] = "data abort",
        [0x26] = "SP alignment",
        [EC_SERROR] = "SError",
        [EC_BREAKPOINT_LOWER] = "breakpoint from a lower EL",
        [EC_BREAKPOINT_LOWER + 1] = "breakpoint",
        [EC_STEP_LOWER] = "software step from a lower EL",
        [EC_STEP_LOWER + 1] = "software step",
        [EC_WATCHPOINT_LOWER] = "watchpoint from a lower EL",
        [EC_WATCHPOINT_LOWER + 1] = "watchpoint",
        [EC_BRK] = "BRK",
    };
    return names[ec & 63] ? names[ec & 63] : "other class";
}

const char *fault_status_name(unsigned status)
{
    static const char *const names[] = {"address size", "translation", "access flag", "permission"};
    if (status < 16)
        return names[status >> 2];
    return status == 0x10 ? "external abort" : status == 0x21 ? "alignment" : "other fault";
}

void handle_exception(struct frame *frame, unsigned vector, unsigned el)
{
    if (vector == 8 && el <= 2 && ESR_CLASS(frame->esr) == EC_SVC) {
        if ((frame->esr & 0xffff) == SVC_LEAVE)
            el1_return(frame->x[0]);
        if ((frame->esr & 0xffff) == SVC_PUT_CHAR) {
            put_char((char)frame->x[0]);
            return;
        }
    }
    if (vector == 8 && (frame->esr == ESR_HVC(CALL_AT) || frame->esr == ESR_SMC(CALL_AT))) {
        frame->x[0] = ((u64(*)(u64))frame->x[0])(frame->x[1]);
        return;
    }
    if (handler) {
        handler(frame, vector, el);
        return;
    }
    print("unexpected exception: vector %03x at EL%u, ESR %lx, ELR %lx, FAR %lx\n", vector * 0x80, el, frame->esr,
          frame->elr, frame->far);
    power_off(1);
}

u64 call_at(unsigned el, u64 (*fn)(u64), u64 argument)
{
    register u64 x0 __asm__("x0") = (u64)fn;
    register u64 x1 __asm__("x1") = argument;
    if (el == 2)
        __asm__ volatile("hvc %2" : "+r"(x0) : "r"(x1), "i"(CALL_AT) : "memory");
    else
        __asm__ volatile("smc %2" : "+r"(x0) : "r"(x1), "i"(CALL_AT) : "memory");
    return x0;
}

/* Semihosting SYS_EXIT: the ROM's own EL3 leaves nobody to ask for PSCI. */
static void semihosting_exit(unsigned status)
{
    static u64 block[2];
    block[0] = 0x20026; /* ADP_Stopped_ApplicationExit */
    block[1] = status;
    register u64 operation __asm__("x0") = 0x18;
    register u64 parameter __asm__("x1") = (u64)block;
    __asm__ volatile("hlt #0xf000" : "+r"(operation) : "r"(parameter) : "memory");
}

static void no_semihosting(struct frame *frame, unsigned vector, unsigned el)
{
    (void)vector;
    (void)el;
    frame->elr += 4;
}

void power_off(unsigned status)
{
    set_handler(no_semihosting); /* HLT is UNDEFINED without semihosting */
    if (start_el == 3 || status)
        semihosting_exit(status);
    if (start_el != 3)
        firmware_call(PSCI_SYSTEM_OFF, 0, 0, 0);
    for (;;)
        __asm__ volatile("msr daifset, #15\n\twfi" ::: "memory");
}
