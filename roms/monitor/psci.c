/*
 * PSCI 1.1 (DEN0022). CPU_SUSPEND knows one state, standby, which is what platform-coordinated mode makes of a request to
 * power down, too. SYSTEM_RESET2 has no architectural warm reset: the board's switch resets all of it.
 */
#include "../lib/gic_secure.h"
#include "../lib/psci.h"
#include "monitor.h"

static struct pe *find_pe(u64 affinity)
{
    for (unsigned i = 0; i < pe_count; i++)
        if (pes[i].affinity == affinity)
            return &pes[i];
    return NULL;
}

static bool is_entry(u64 address)
{
    return address % 4 == 0 && is_non_secure_memory(address, 4);
}

static i64 version(const u64 *x)
{
    (void)x;
    return PSCI_VERSION_1_1;
}

static i64 cpu_suspend(const u64 *x)
{
    if (x[1] & ~(u64)PSCI_STATE_POWER_DOWN)
        return PSCI_INVALID_PARAMETERS;
    if (x[1] & PSCI_STATE_POWER_DOWN && !is_entry(x[2]))
        return PSCI_INVALID_ADDRESS;
    __asm__ volatile("dsb sy\n\twfi" ::: "memory");
    return PSCI_SUCCESS;
}

static i64 cpu_off(const u64 *x)
{
    (void)x;
    gic_secure_pe_off();
    __atomic_store_n(&this_pe()->power, PE_OFF, __ATOMIC_RELEASE);
    park();
}

static i64 cpu_on(const u64 *x)
{
    struct pe *pe = find_pe(x[1]);
    if (!pe)
        return PSCI_INVALID_PARAMETERS;
    if (!is_entry(x[2]))
        return PSCI_INVALID_ADDRESS;
    monitor_lock();
    enum pe_power power = pe->power;
    if (power == PE_OFF) {
        pe->entry = x[2];
        pe->context = x[3];
        __atomic_store_n(&pe->power, PE_ON_PENDING, __ATOMIC_RELEASE);
        __asm__ volatile("dsb sy\n\tsev" ::: "memory");
    }
    monitor_unlock();
    return power == PE_OFF ? PSCI_SUCCESS : power == PE_ON ? PSCI_ALREADY_ON : PSCI_ON_PENDING;
}

static i64 affinity_info(const u64 *x)
{
    static const u64 masks[] = {0xff00ffffff, 0xff00ffff00, 0xff00ff0000, 0xff00000000};
    i64 result = PSCI_INVALID_PARAMETERS;
    for (unsigned i = 0; i < pe_count && x[2] < COUNT(masks); i++) {
        if ((pes[i].affinity & masks[x[2]]) != (x[1] & masks[x[2]]))
            continue;
        if (pes[i].power == PE_ON)
            return PSCI_AFFINITY_ON;
        if (pes[i].power == PE_ON_PENDING)
            result = PSCI_AFFINITY_ON_PENDING;
        else if (result < 0)
            result = PSCI_AFFINITY_OFF;
    }
    return result;
}

static i64 migrate_info_type(const u64 *x)
{
    (void)x;
    return PSCI_NO_MIGRATION;
}

static i64 system_off(const u64 *x)
{
    (void)x;
    power_off_board();
}

static i64 system_reset(const u64 *x)
{
    (void)x;
    reset_board();
}

static i64 system_reset2(const u64 *x)
{
    if ((u32)x[1] != 0)
        return PSCI_INVALID_PARAMETERS;
    reset_board();
}

static i64 features(const u64 *x);

static const struct {
    u32 function;
    bool has_64; /* a form with 64-bit arguments, too */
    i64 (*call)(const u64 *x);
} calls[] = {
    {PSCI_VERSION, false, version},           {PSCI_CPU_SUSPEND, true, cpu_suspend},
    {PSCI_CPU_OFF, false, cpu_off},           {PSCI_CPU_ON, true, cpu_on},
    {PSCI_AFFINITY_INFO, true, affinity_info}, {PSCI_MIGRATE_INFO_TYPE, false, migrate_info_type},
    {PSCI_SYSTEM_OFF, false, system_off},     {PSCI_SYSTEM_RESET, false, system_reset},
    {PSCI_FEATURES, false, features},         {PSCI_SYSTEM_RESET2, true, system_reset2},
};

static int find_call(u32 function)
{
    for (unsigned i = 0; i < COUNT(calls); i++)
        if (function == calls[i].function || (calls[i].has_64 && function == (calls[i].function | SMCCC_64)))
            return (int)i;
    return -1;
}

/* Flags of a function that is there are 0: CPU_SUSPEND in the original format of states. */
static i64 features(const u64 *x)
{
    return (u32)x[1] == SMCCC_VERSION || find_call((u32)x[1]) >= 0 ? PSCI_SUCCESS : PSCI_NOT_SUPPORTED;
}

bool psci_call(u64 x[4])
{
    u32 function = (u32)x[0];
    int index = find_call(function);
    if (index < 0)
        return false;
    u64 arguments[4] = {x[0], x[1], x[2], x[3]};
    for (unsigned i = 1; i < 4 && !(function & SMCCC_64); i++)
        arguments[i] = (u32)arguments[i];
    i64 result = calls[index].call(arguments);
    x[0] = function & SMCCC_64 ? (u64)result : (u32)result;
    return true;
}
