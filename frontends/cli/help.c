/* What `armsim --help` prints. */
#include "frontends/cli/cli.h"

static const char usage[] = "usage: armsim run [OPTION]...\n"
                            "       armsim check [OPTION]... PATH...\n"
                            "       armsim --help | --version\n";

static const char help[] =
    "\n"
    "Runs software for the Armv8-A architecture on a simulated machine, deterministically: what happens is a\n"
    "function of the options and the input alone. Options are QEMU's where the meaning is the same, and take one\n"
    "dash or two. Without -kernel, -bios and -device a built-in ROM is run that shows the machine.\n"
    "\n"
    "Machine\n"
    "  -M virt[,gic-version=2|3][,secure=on|off][,virtualization=on|off][,bus-error=sea|serror|razwi][,dumpdtb=FILE]\n"
    "                        the board; with EL3 and the Secure devices, with EL2; what an access to nothing becomes;\n"
    "                        dumpdtb writes the device tree\n"
    "                        and exits\n"
    "  -cpu MODEL[,FEATURE=on|off]...   default cortex-a57; help lists both\n"
    "  -smp N                processing elements: 1 (default) to 8 with GICv2, to 64 with GICv3\n"
    "  -m SIZE               RAM in MiB, or with K, M, G; default 128M\n"
    "  --impdef NAME=VALUE   a choice that the architecture leaves open; help lists them\n"
    "\n"
    "What it runs\n"
    "  -kernel FILE          Linux Image, gzip or EFI zboot kernel, entered as boot firmware would; or an ELF file,\n"
    "                        entered at the highest exception level\n"
    "  -initrd FILE          initial RAM disk\n"
    "  -append TEXT          kernel command line\n"
    "  -dtb FILE             device tree in place of the generated one; /chosen and memory are filled in\n"
    "  -bios FILE            firmware, at address 0; the kernel is then offered to it by fw_cfg\n"
    "  -device loader,file=FILE[,addr=ADDRESS][,cpu-num=N][,force-raw=on][,secure=on]\n"
    "                        puts an ELF file, or raw bytes at an address, in memory; cpu-num starts that PE there\n"
    "\n"
    "What it is connected to\n"
    "  -drive file=FILE,if=virtio,format=raw[,readonly=on|off][,serial=TEXT]\n"
    "  -nic user[,hostfwd=tcp|udp:[HOSTADDR]:PORT-[GUESTADDR]:PORT]...[,mac=MAC][,restrict=on|off] | none\n"
    "                        a network card in a network of its own: the host is 10.0.2.2, DNS 10.0.2.3\n"
    "  -serial stdio|null|file:FILE     the console (default stdio); a second one: the Secure UART\n"
    "  --virtio-console stdio|null|file:FILE\n"
    "  -nographic            accepted: there is no window\n"
    "  -semihosting          answers HLT #0xF000: console and exit\n"
    "  -semihosting-config [enable=on|off][,target=native][,dir=DIRECTORY][,arg=TEXT]...\n"
    "                        ... and files below DIRECTORY only\n"
    "  -no-reboot            a reset by the guest ends the run\n"
    "\n"
    "Time and randomness (all virtual)\n"
    "  --frequency HZ        instructions in a second of virtual time; default 1G\n"
    "  --quantum N           instructions of a PE's turn; default 20000\n"
    "  --seed N              of every random number that the guest can see; default 0\n"
    "  -rtc base=DATE|utc    the clock's date at the start; default 2026-01-01T00:00:00\n"
    "  --idle skip|realtime  idle time passes at once, or takes as long as it says; default: realtime on a terminal\n"
    "                        and while the network has connections\n"
    "\n"
    "Records and limits\n"
    "  -d ITEM[,ITEM]...     log int, mmu, guest_errors, unimp, device, in_asm; help explains them\n"
    "  -D FILE               writes the log there (default: standard error)\n"
    "  --trace FILE          writes every exception entry and return, with the reason\n"
    "  --trace-format text|json|tarmac\n"
    "  --trace-instructions on|off      every instruction too; default: on for tarmac\n"
    "  --stats FILE          writes the run's figures as JSON (- : standard output)\n"
    "  --state-hash          prints a hash of the machine's state at the end\n"
    "  --limit N             stops after N instructions (k, M, G: powers of 1000)\n"
    "  --save FILE           at the end, writes a snapshot of the machine\n"
    "  --load FILE           begins with a snapshot, of a machine with the same options\n"
    "\n"
    "Debugging\n"
    "  -gdb tcp:[HOST]:PORT  gdb may connect there (target remote :PORT); without HOST on the loopback address only\n"
    "  -s                    the same as -gdb tcp::1234\n"
    "  -S                    the machine waits for gdb's or the monitor's \"cont\"\n"
    "\n"
    "On a terminal: Ctrl-A x exits, Ctrl-A c switches to the monitor and back, Ctrl-A h helps.\n"
    "\n"
    "Exit status: the guest's own (0 when it powers off, or the code that it gives by semihosting); 1 a failure of\n"
    "armsim; 2 unknown options or values; 3 a file that can't be used; 4 the limit is reached; 5 nothing can ever\n"
    "happen again; 128 + N ended by signal N.\n";

void print_usage(FILE *file)
{
    fputs(usage, file);
}

void print_help(void)
{
    fputs(usage, stdout);
    fputs(help, stdout);
}
