// The header of an arm64 Image (Documentation/arch/arm64/booting.rst): with it a ROM is a kernel, at 2 MiB of RAM.
// Link with rom_base = 0x40200000.
    .section .text.header, "ax"
    b       _start
    .word   0
    .quad   0                           // text_offset
    .quad   rom_image_size              // image_size
    .quad   2                           // 4 KiB pages
    .quad   0, 0, 0
    .ascii  "ARM\x64"
    .word   0
