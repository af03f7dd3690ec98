#include "roms/visor/config.h"
#include "roms/visor/host.h"

static struct config configs[MAX_GUESTS];

void visor_main(const void *tree);
void secondary_main(u64 index);
void visor_failed(u64 kind) __attribute__((noreturn));

static void start_pe(struct pe *pe)
{
    WRITE(tpidr_el2, pe);
    gic_start_pe();
    timer_arm(~0ull);
    pe->online = true;
}

static unsigned create_guests(struct vm *vms[MAX_GUESTS])
{
    const u8 *archive = (const u8 *)host.initrd_start;
    unsigned count = 0;
    for (unsigned i = 0; i < MAX_GUESTS; i++) {
        if (!config_read(archive, host.initrd_end - host.initrd_start, i, &configs[i]))
            continue;
        struct vm *vm = vm_create(i, &configs[i]);
        if (vm)
            vms[count++] = vm;
    }
    return count;
}

void visor_main(const void *tree)
{
    struct vm *vms[MAX_GUESTS];
    if (!host_read_tree(tree))
        power_off();
    WRITE(tpidr_el2, &host.pes[0]);
    pages_init();
    mmu_start();
    gic_start();
    start_pe(&host.pes[0]);
    unsigned count = create_guests(vms), started = 0;
    say("%s, GICv%u, %u PE(s), %u guest(s)", has_vhe() ? "VHE" : "nVHE", host.gic_version, host.pe_count, count);
    console_start();
    pes_start();
    /* All count as running before the first of them can come to its end, on another PE. */
    for (unsigned i = 0; i < count; i++)
        vms[i]->running = true;
    for (unsigned i = 0; i < count; i++)
        started += vm_start(vms[i]) || (vms[i]->running = false);
    if (!started)
        power_off();
    sched_run(&host.pes[0]);
}

void secondary_main(u64 index)
{
    struct pe *pe = &host.pes[index];
    start_pe(pe);
    sched_run(pe);
}

/* An exception of the visor's own is a defect of it: said, and the end. */
void visor_failed(u64 kind)
{
    say("exception %u at EL2: ESR %lx, ELR %lx, FAR %lx", (unsigned)kind, READ(esr_el2), READ(elr_el2), READ(far_el2));
    power_off();
}
