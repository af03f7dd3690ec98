/*
 * External aborts of the levels below (SCR_EL3.EA). The syndrome doesn't tell what the instruction was (ISV is 0 always),
 * so it is fetched, decoded and carried out; an access that no device of ours takes is given back to where it belongs.
 */
#include "../lib/mmio_decode.h"
#include "monitor.h"

enum { CACHED = 64, PAGE_BYTES = 4096 };

struct attempt {
    const struct frame *frame;
    bool unprivileged;
};

static bool access(void *opaque, u64 address, unsigned bytes, bool write, u64 *value)
{
    const struct attempt *attempt = opaque;
    enum caller_access kind = write ? CALLER_WRITES : CALLER_READS;
    u64 physical, offset;
    if (address % PAGE_BYTES + bytes > PAGE_BYTES) /* the next page may be anything */
        return false;
    if (!caller_translate(attempt->frame, address, kind, attempt->unprivileged, &physical))
        return false;
    const struct mmio_device *device = device_at(physical, &offset);
    if (!device || bytes > device->size - offset)
        return false;
    return write ? device->write(device, offset, bytes, *value) : device->read(device, offset, bytes, value);
}

/* Through the caller's translation, and from memory that the caller may see: nothing is executed from anywhere else. */
static bool fetch(const struct frame *frame, u32 *opcode)
{
    u64 physical;
    if (frame->elr & 3 || !caller_translate(frame, frame->elr, CALLER_FETCHES, false, &physical) ||
        !is_non_secure_memory(physical, sizeof(*opcode)))
        return false;
    *opcode = *(const volatile u32 *)physical;
    return true;
}

/* Drivers use few instructions: what was taken apart is kept, by opcode, so that nothing can make it stale. */
static struct {
    u32 opcode; /* 0, which is no load or store: nothing */
    struct mmio_instruction instruction;
} cache[CACHED];
static u64 answered, given_back, decoded;

static bool decode(u32 opcode, struct mmio_instruction *instruction)
{
    unsigned place = (opcode ^ opcode >> 10 ^ opcode >> 20) % CACHED;
    if (cache[place].opcode != opcode) {
        decoded++;
        if (!mmio_decode_a64(opcode, &cache[place].instruction)) {
            cache[place].opcode = 0;
            return false;
        }
        cache[place].opcode = opcode;
    }
    *instruction = cache[place].instruction;
    return opcode != 0;
}

void print_abort_counts(void)
{
    if (answered + given_back)
        print("monitor: external aborts: %lu answered, %lu given back; %lu instructions decoded\n", answered,
              given_back, decoded);
}

static bool carry_out(struct frame *frame)
{
    struct mmio_instruction instruction;
    u32 opcode;
    if (frame->spsr & PSTATE_AARCH32 || !fetch(frame, &opcode) || !decode(opcode, &instruction))
        return false;
    u64 sp = caller_sp(frame), before = sp;
    struct mmio_registers registers = {.x = frame->x,
                                       .sp = &sp,
                                       .pc = frame->elr,
                                       .big_endian = caller_is_big_endian(frame),
                                       .read_vector = read_vector,
                                       .write_vector = write_vector};
    struct attempt attempt = {frame, instruction.unprivileged};
    if (!mmio_execute(&instruction, &registers, access, &attempt))
        return false;
    if (sp != before)
        set_caller_sp(frame, sp);
    skip_instruction(frame);
    return true;
}

void data_abort(struct frame *frame)
{
    if (ISS_FSC(frame->esr) == FSC_EXTERNAL && config.device_count && !config.deaf) {
        monitor_lock();
        bool done = carry_out(frame);
        (*(done ? &answered : &given_back))++;
        monitor_unlock();
        if (done)
            return;
    }
    reflect(frame, REFLECT_SYNC, (u32)frame->esr, frame->far);
}
