/*
 * A debugger and its program, as processes: BRK, single steps, a hardware breakpoint and a watchpoint by ptrace. Prints
 * what it counted; the same with and without a hypervisor. With an argument it only calls getppid() so often, for kprobes.
 */
#include <elf.h>
#include <asm/ptrace.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/ptrace.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <sys/wait.h>
#include <unistd.h>

static volatile uint64_t watched;
extern const uint32_t first_brk[], second_brk[], place[];

static void debugged(void)
{
    ptrace(PTRACE_TRACEME, 0, 0, 0);
    raise(SIGSTOP);
    /* 18 instructions between the BRKs, one of them a system call: 17 stops before the last one's. */
    __asm__ volatile(".global first_brk, second_brk, place\n"
                     "first_brk: brk #0x123\n"
                     "    mov x1, #5\n"
                     "1:  str x1, [%0]\n"
                     "    subs x1, x1, #1\n"
                     "place: b.ne 1b\n"
                     "    mov x8, #173\n"
                     "    svc #0\n"
                     "second_brk: brk #0x124\n"
                     :
                     : "r"(&watched)
                     : "x0", "x1", "x8", "cc", "memory");
    _exit(0);
}

static struct user_pt_regs regs;

static void get(pid_t pid)
{
    struct iovec iov = {&regs, sizeof(regs)};
    ptrace(PTRACE_GETREGSET, pid, NT_PRSTATUS, &iov);
}

static void jump(pid_t pid, const void *pc)
{
    struct iovec iov = {&regs, sizeof(regs)};
    regs.pc = (uint64_t)pc;
    ptrace(PTRACE_SETREGSET, pid, NT_PRSTATUS, &iov);
}

static void set_hardware(pid_t pid, int kind, const volatile void *address, uint32_t control)
{
    struct user_hwdebug_state state = {0};
    struct iovec iov = {&state, sizeof(state.dbg_info) + sizeof(state.pad) + sizeof(state.dbg_regs[0])};
    state.dbg_regs[0].addr = (uint64_t)address;
    state.dbg_regs[0].ctrl = control;
    if (ptrace(PTRACE_SETREGSET, pid, kind, &iov) != 0)
        perror("hardware");
}

static void go(pid_t pid, int how)
{
    int status;
    ptrace(how, pid, 0, 0);
    if (waitpid(pid, &status, 0) != pid || !WIFSTOPPED(status) || WSTOPSIG(status) != SIGTRAP)
        exit(2);
    get(pid);
}

/* Goes on until the BRK at `end`; how many stops there were before. */
static unsigned stops(pid_t pid, int how, const uint32_t *end)
{
    unsigned count = 0;
    for (go(pid, how); regs.pc != (uint64_t)end && count < 1000; go(pid, how))
        count++;
    return count;
}

/* The same with a hardware breakpoint or watchpoint, which is stepped over without it. */
static unsigned hits(pid_t pid, int kind, const volatile void *address, uint32_t control, const uint32_t *end)
{
    unsigned count = 0;
    set_hardware(pid, kind, address, control);
    for (go(pid, PTRACE_CONT); regs.pc != (uint64_t)end && count < 1000; go(pid, PTRACE_CONT)) {
        count++;
        set_hardware(pid, kind, address, control & ~1u);
        go(pid, PTRACE_SINGLESTEP);
        set_hardware(pid, kind, address, control);
    }
    set_hardware(pid, kind, address, control & ~1u);
    return count;
}

int main(int argc, char **argv)
{
    if (argc > 1) {
        for (int i = atoi(argv[1]); i > 0; i--)
            syscall(SYS_getppid);
        return 0;
    }
    pid_t pid = fork();
    int status;
    if (pid == 0)
        debugged();
    waitpid(pid, &status, 0);
    unsigned before = stops(pid, PTRACE_CONT, first_brk);
    jump(pid, first_brk + 1);
    unsigned steps = stops(pid, PTRACE_SINGLESTEP, second_brk);
    jump(pid, first_brk + 1);
    unsigned watchpoints = hits(pid, NT_ARM_HW_WATCH, &watched, 0xff << 5 | 2 << 3 | 2 << 1 | 1, second_brk);
    jump(pid, first_brk + 1);
    unsigned breakpoints = hits(pid, NT_ARM_HW_BREAK, place, 0xf << 5 | 2 << 1 | 1, second_brk);
    kill(pid, SIGKILL);
    printf("debugging: %u stops before, %u steps, %u watchpoints, %u breakpoints\n", before, steps, watchpoints,
           breakpoints);
    return 0;
}
