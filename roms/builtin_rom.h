/* The ROM built into the command: an ELF image. Size 0: the build had no AArch64 cross compiler. */
#ifndef BUILTIN_ROM_H
#define BUILTIN_ROM_H

#include <stddef.h>

extern const unsigned char builtin_rom[];
extern const size_t builtin_rom_size;

#endif
