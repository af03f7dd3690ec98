# From a panic of Linux back to its cause. The kernel was told to begin with /nonexistent, and found no root file system.
# There is no debugging information: gdb knows some functions' addresses alone.

# Where it ends: what does it say, and who says so?
hbreak *panic
continue
x/s $x0
info symbol $x30
delete

# Mounting a root file system is kernel_init_freeable's last resort, when there is no first program. Back to where it
# looked for that.
hbreak *init_eaccess
reverse-continue
x/s $x0
x/4i $x30-8
delete

# The name comes from a variable: LDR X0, [Xn, #offset] has read it. Who wrote it?
set $load = *(unsigned *) ($x30 - 8)
eval "set $variable = (unsigned long *) ($x%u + %u)", $load >> 5 & 31, ($load >> 10 & 4095) * 8
set $text = (char *) *$variable
watch *$variable
reverse-continue
x/s *$variable
x/i $pc
delete

# So "/init" was changed, by a parameter of the kernel's. Where does the parameter's text come from?
watch *$text
reverse-continue
info symbol $x30
x/s $x1
set $text = (char *) $x1 + ($text - (char *) $x0)
delete

# From a copy of a copy. Where does that come from?
watch *$text
reverse-continue
info symbol $x30
x/s $x1
monitor info translation $x1
monitor info history
