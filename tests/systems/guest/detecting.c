/*
 * S09 as a process: which instructions are trapped, by LDXR; candidate; STXR (roms/guest/detect.c). What the kernel
 * refuses, by a signal, it tells apart. Rounds go on under a timer of 1 kHz until it has come a hundred times, and each has
 * to find the same.
 */
#include "roms/guest/detect.h"

#include <setjmp.h>
#include <signal.h>
#include <stdio.h>
#include <sys/time.h>

enum { TICKS = 100 };

static sigjmp_buf back;
static volatile unsigned ticks;
static u64 word __attribute__((aligned(2048)));

static void refused(int number)
{
    siglongjmp(back, number);
}

static void tick(int number)
{
    (void)number;
    ticks++;
}

struct report {
    u64 trapped, refused;
};

static struct report round_of_all(void)
{
    static struct report report; /* survives siglongjmp() */
    report = (struct report){0, 0};
    for (volatile unsigned i = 0; i < candidate_count; i++) {
        if (!candidates[i].el0)
            continue;
        if (sigsetjmp(back, 1))
            report.refused |= 1ul << i;
        else
            report.trapped |= (u64)detect_one(i, &word) << i;
    }
    return report;
}

static void show(unsigned n, const struct report *report)
{
    static const char *const registers[] = {"HCR_EL2", "MDCR_EL2", "CNTHCTL_EL2", "CPTR_EL2"};
    const struct candidate *candidate = &candidates[n];
    printf("detecting: %s: %s", candidate->name,
           report->refused >> n & 1 ? "refused" : report->trapped >> n & 1 ? "trapped" : "free");
    if (candidate->controls[0].bits)
        printf(", %s %llx %s", registers[candidate->controls[0].in], (unsigned long long)candidate->controls[0].bits,
               candidate->controls[0].inverted ? "clear" : "set");
    printf("\n");
}

int main(void)
{
    struct itimerval each = {{0, 1000}, {0, 1000}};
    struct report first;
    unsigned rounds = 0, different = 0;
    signal(SIGILL, refused);
    signal(SIGALRM, tick);
    first = round_of_all();
    for (unsigned i = 0; i < candidate_count; i++)
        if (candidates[i].el0)
            show(i, &first);
    setitimer(ITIMER_REAL, &each, NULL);
    for (; ticks < TICKS; rounds++) {
        struct report next = round_of_all();
        different += next.trapped != first.trapped || next.refused != first.refused;
    }
    each = (struct itimerval){0};
    setitimer(ITIMER_REAL, &each, NULL);
    printf("detecting: %s, %u other verdicts\n", rounds > 10 ? "many rounds under 1 kHz" : "too few rounds", different);
    return 0;
}
