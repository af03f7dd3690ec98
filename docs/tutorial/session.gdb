set pagination off
set filename-display basename
set print frame-info short-location
set print frame-arguments presence
set trace-commands on
# The visor's symbols, where the visor was loaded.
add-symbol-file mine/visor.elf -o 0x40200000
# To the guest's call.
thbreak *probe_aidr_at
continue
p/x $x0
p/x $x7 >> 32
# To EL2, and not farther: the trap, with its reason.
monitor catch sysreg why HCR_EL2.TID1
continue
p/x $ESR_EL2
monitor el 1
x/i $ELR_EL2
monitor el current
# Into C: the call, as the dispatcher sees it.
monitor catch off
thbreak hypercall
continue
p *call
# To its end: what did the guest's registers become?
thbreak *(probe_aidr_at + 4)
continue
p/x $x0
# And back, to where the answer was made.
thbreak native_version
reverse-continue
# What is done again is as it was, to the end.
continue
