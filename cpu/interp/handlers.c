/* The handlers that are not made from semantics macros, and the table of all. */
#include "cpu/a64_forms.h"
#include "cpu/exception.h"
#include "cpu/interp/flow.h"

HANDLER(decode, {
    SPILL;
    interp_decode(pe, (struct record *)(uintptr_t)ip);
    DISPATCH;
})

/* Straight-line code went over the end of its page: the sentinel stands for no instruction. */
HANDLER(page_cross, {
    SPILL;
    CONTINUE(interp_enter(pe, true));
})

HANDLER(jump_slow, {
    SPILL;
    pe->pc = branch_address(pe, pe->slow_address);
    CONTINUE(interp_enter(pe, true));
})

HANDLER(flags_both, {
    SPILL;
    CONTINUE(interp_flags_both(pe));
})

HANDLER(expired, {
    SPILL;
    CONTINUE(interp_expired(pe));
})

/* A stepped instruction has ended without a branch. */
HANDLER(step_end, {
    SPILL;
    CONTINUE(interp_step_end(pe));
})

HANDLER(ask, {
    SPILL;
    handler_fn *original;
    enum flow flow = interp_ask(pe, &original);
    if (!original)
        CONTINUE(flow);
    RELOAD;
    TAIL(original);
})

/* One handler for each function of the FP, SIMD and crypto instructions. */
#define EXECUTE_HANDLER_0(function)                                                                                    \
    HANDLER(execute_##function##_0, {                                                                                  \
        if (UNLIKELY(!pe->fp_enabled))                                                                                 \
            SLOW(0);                                                                                                   \
        function(pe, ip);                                                                                              \
        NEXT(1);                                                                                                       \
    })
#define EXECUTE_HANDLER_1(function)                                                                                    \
    HANDLER(execute_##function##_1, {                                                                                  \
        if (UNLIKELY(!pe->fp_enabled || pe->nz_both))                                                                  \
            SLOW(0);                                                                                                   \
        pe->nz = nz;                                                                                                   \
        pe->fc = fc;                                                                                                   \
        pe->fv = fv;                                                                                                   \
        function(pe, ip);                                                                                              \
        nz = pe->nz;                                                                                                   \
        fc = pe->fc;                                                                                                   \
        fv = pe->fv;                                                                                                   \
        if (UNLIKELY(pe->nz_both))                                                                                     \
            TAIL(handle_flags_both);                                                                                   \
        NEXT(1);                                                                                                       \
    })
#define EXECUTE_HANDLER(function, flags) EXECUTE_HANDLER_##flags(function)
A64_EXECUTES(EXECUTE_HANDLER)

#define DECLARE(name, ends, operands) handler_fn handle_##name;
OPS(DECLARE)
#undef DECLARE

static handler_fn *const generated_handlers[] = {
#define ENTRY(name, ends, operands) handle_##name,
    OPS(ENTRY)
#undef ENTRY
};

static handler_fn *const execute_handlers[] = {
#define ENTRY(function, flags) handle_execute_##function##_##flags,
    A64_EXECUTES(ENTRY)
#undef ENTRY
};

static const bool ends[] = {
#define ENTRY(name, ends, operands) ends,
    OPS(ENTRY)
#undef ENTRY
};

static const char *const names[] = {
#define ENTRY(name, ends, operands) #name,
    OPS(ENTRY)
#undef ENTRY
};

static const uint8_t operands[] = {
#define ENTRY(name, ends, operands) operands,
    OPS(ENTRY)
#undef ENTRY
};

void op_clear_unused(unsigned op, struct record *r)
{
    if (op >= OP_GENERATED_COUNT)
        return;
    r->a = operands[op] & 1 ? r->a : 0;
    r->b = operands[op] & 2 ? r->b : 0;
    r->c = operands[op] & 4 ? r->c : 0;
    r->d = operands[op] & 8 ? r->d : 0;
}

handler_fn *op_handler(unsigned op)
{
    if (op < OP_GENERATED_COUNT)
        return generated_handlers[op];
    if (op == OP_UNDEFINED)
        return handle_undefined;
    if (op == OP_SYSREG)
        return handle_sysreg;
    if (op == OP_SYSREG_CALL)
        return handle_sysreg_call;
    if (op < OP_EXECUTE_FIRST)
        return call_handler(op - OP_CALL_FIRST);
    return execute_handlers[op - OP_EXECUTE_FIRST];
}

bool op_ends_block(unsigned op)
{
    return op < OP_GENERATED_COUNT ? ends[op] : op == OP_UNDEFINED;
}

const char *op_name(unsigned op)
{
    return op < OP_GENERATED_COUNT ? names[op] : NULL;
}
