/*
 * The ways of a hypercall into the visor, and the WFE channel: each decodes the exit, and hypercall.c and wfe_agent.c do
 * the rest. A vCPU's state of them is made when the guest first calls.
 */
#include "roms/visor/transports.h"

#include "roms/lib/wfe_agent.h"
#include "roms/visor/host.h"
#include "roms/visor/hypercall.h"

#define AGENT_ID 0x7669736f72000001ull /* "visor", version 1 */

struct channel {
    struct hypercall_guest guest;
    struct wfe_agent agent;
    u64 par; /* of the last address that didn't translate */
};

/* ---- what the dispatcher needs */

static u64 nanoseconds(u64 ticks)
{
    u64 frequency = READ(cntfrq_el0);
    return ticks / frequency * 1000000000 + ticks % frequency * 1000000000 / frequency;
}

static bool failed(struct vcpu *vcpu, u64 va, bool write, struct hypercall_fault *fault)
{
    const struct channel *channel = vcpu->channel;
    *fault = (struct hypercall_fault){va, fault_status(vcpu, va, channel->par), write};
    return false;
}

/* The caller's rights are those of the vCPU as it stands: its EL is the caller's. */
static bool read_guest(void *opaque, unsigned el, u64 va, void *data, size_t size, struct hypercall_fault *fault)
{
    struct vcpu *vcpu = opaque;
    struct channel *channel = vcpu->channel;
    return vcpu_read(vcpu, va, data, size, el == 0, &channel->par) == size || failed(vcpu, va, false, fault);
}

static bool write_guest(void *opaque, unsigned el, u64 va, const void *data, size_t size, struct hypercall_fault *fault)
{
    struct vcpu *vcpu = opaque;
    struct channel *channel = vcpu->channel;
    return vcpu_write(vcpu, va, data, size, el == 0, &channel->par) == size || failed(vcpu, va, true, fault);
}

static bool guest_writable(void *opaque, unsigned el, u64 va, struct hypercall_fault *fault)
{
    struct vcpu *vcpu = opaque;
    struct channel *channel = vcpu->channel;
    u64 ipa;
    return (vcpu_translate(vcpu, va, ACCESS_WRITE, el == 0, &ipa, &channel->par) && vm_ram(vcpu->vm, ipa, 1)) ||
           failed(vcpu, va, true, fault);
}

static void guest_time(void *opaque, u64 *ns, u64 *ticks, u64 *frequency)
{
    *ticks = counter() - vcpu_get(opaque, CNTVOFF_EL2);
    *ns = nanoseconds(*ticks);
    *frequency = READ(cntfrq_el0);
}

static void console_char(void *opaque, char c)
{
    (void)opaque;
    put_char(c);
}

static const struct hypercall_host hypercall_host = {read_guest, write_guest, guest_writable, guest_time, console_char};

/* ---- what the agent needs */

static u64 agent_now(void *opaque)
{
    (void)opaque;
    return nanoseconds(counter());
}

static void agent_timer(void *opaque, u64 deadline)
{
    (void)opaque;
    (void)deadline; /* transports_deadline() is asked before each entry */
}

static void agent_bark(void *opaque, enum wfe_action action)
{
    struct vcpu *vcpu = opaque;
    say("%s, vCPU %u: watchdog: PC %lx, PSTATE %lx, X30 %lx, SP_EL1 %lx", vcpu->vm->name, vcpu->index, vcpu->pc,
        vcpu->pstate, vcpu->x[30], vcpu_get(vcpu, SP_EL1));
    for (unsigned i = 0; i < 30; i += 2)
        say("  X%u %016lx  X%u %016lx", i, vcpu->x[i], i + 1, vcpu->x[i + 1]);
    if (action == WFE_ACTION_RESET)
        vm_reset(vcpu->vm);
    if (action == WFE_ACTION_NMI) { /* what comes nearest to one: an SError */
        vcpu->virtual_serror = true;
        if (vcpu->loaded)
            WRITE(hcr_el2, READ(hcr_el2) | HCR_VSE);
    }
}

static void agent_trace(void *opaque, u64 code)
{
    const struct vcpu *vcpu = opaque;
    say("%s, vCPU %u: trace %lx", vcpu->vm->name, vcpu->index, code);
}

/* The same request as a WFE of our own. Where nobody traps it, it waits for an event: the event stream has one every 2^10
 * ticks meanwhile. */
static void agent_below(void *opaque, u64 *x)
{
    (void)opaque;
    u64 control = READ(cnthctl_el2);
    WRITE(cnthctl_el2, (control & ~0xfcull) | 0x94);
    ISB();
    wfe_call(x);
    WRITE(cnthctl_el2, control);
    ISB();
}

static const struct wfe_agent_ops agent_ops = {agent_now, agent_timer, agent_bark, agent_trace, agent_below};

/* ---- the state */

static struct channel *channel_of(struct vcpu *vcpu);

/* Messages belong to the VM: the first vCPU's channel has them. */
static struct rpc *messages(struct vcpu *vcpu)
{
    if (vcpu->index != 0) {
        struct channel *first = channel_of(vcpu->vm->vcpus[0]);
        return first ? first->guest.rpc : NULL;
    }
    struct rpc *rpc = pages_take((sizeof(*rpc) + PGTAB_PAGE - 1) & ~(PGTAB_PAGE - 1), PGTAB_PAGE);
    if (rpc)
        rpc_reset(rpc, vcpu->vm->index);
    return rpc;
}

static struct channel *channel_of(struct vcpu *vcpu)
{
    const struct vm *vm = vcpu->vm;
    if (vcpu->channel)
        return vcpu->channel;
    struct channel *channel = page_zeroed(NULL);
    if (!channel)
        return NULL;
    channel->guest = (struct hypercall_guest){
        .host = &hypercall_host,
        .opaque = vcpu,
        .transports = vm->features & ((1u << TRANSPORTS) - 1),
        .personas = vm->personas,
        .number = vm->index,
        .vcpus = vm->vcpu_count,
        .vcpu = vcpu->index,
        .memory = vm->ram_size,
        .rpc = messages(vcpu),
    };
    channel->agent = (struct wfe_agent){.ops = &agent_ops, .opaque = vcpu, .el = 2, .id = AGENT_ID};
    vcpu->channel = channel;
    return channel;
}

void transports_reset(struct vcpu *vcpu)
{
    struct channel *channel = vcpu->channel;
    if (!channel)
        return;
    channel->agent.deadline = 0;
    if (vcpu->index == 0 && channel->guest.rpc)
        rpc_reset(channel->guest.rpc, vcpu->vm->index);
}

u64 transports_deadline(const struct vcpu *vcpu)
{
    const struct channel *channel = vcpu->channel;
    if (!channel || !channel->agent.deadline)
        return ~0ull;
    u64 frequency = READ(cntfrq_el0), ns = channel->agent.deadline;
    if (ns == ~0ull)
        return ~0ull;
    return ns / 1000000000 * frequency + (ns % 1000000000 * frequency + 999999999) / 1000000000;
}

void transports_tick(struct vcpu *vcpu)
{
    struct channel *channel = vcpu->channel;
    if (channel)
        wfe_agent_timer(&channel->agent);
}

/* ---- the exits */

bool transport_call(struct vcpu *vcpu)
{
    struct trapcall call;
    struct hypercall_fault fault;
    if (vcpu->pstate & PSTATE_AARCH32 || !trapcall_decode(vcpu->esr, PSTATE_EL(vcpu->pstate), vcpu->x, &call) ||
        !vm_has(vcpu->vm, (enum feature)call.transport))
        return false;
    struct channel *channel = channel_of(vcpu);
    if (!channel)
        return false;
    lock(&vcpu->vm->lock);
    enum hypercall_result result = hypercall(&channel->guest, &call, &fault);
    unlock(&vcpu->vm->lock);
    if (result == HYPERCALL_FOREIGN)
        return false;
    for (unsigned i = 0; i < 7; i++)
        vcpu->x[i] = call.x[i];
    bool behind = trapcall_is_behind(call.transport);
    if (result == HYPERCALL_DONE && !behind)
        vcpu_skip(vcpu);
    if (result != HYPERCALL_DONE && behind)
        vcpu->pc -= 4;
    if (result == HYPERCALL_FAULT)
        inject_translation_fault(vcpu, fault.address, channel->par, fault.write);
    return true;
}

bool transport_channel(struct vcpu *vcpu)
{
    if (!vm_has(vcpu->vm, FEATURE_WFE) || !wfe_is_request(vcpu->esr, vcpu->x))
        return false;
    struct channel *channel = channel_of(vcpu);
    if (!channel)
        return false;
    wfe_agent_serve(&channel->agent, vcpu->esr, vcpu->x);
    vcpu_skip(vcpu);
    return true;
}
