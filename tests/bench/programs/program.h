#ifndef PROGRAM_H
#define PROGRAM_H
typedef unsigned char u8;
typedef unsigned short u16;
typedef unsigned int u32;
typedef unsigned long u64;
typedef signed char s8;
typedef short s16;
typedef int s32;
typedef long s64;
#define NOINLINE __attribute__((noinline, noclone))
void put_str(const char *s);
void put_u64(u64 v);
void put_hex(u64 v);
void rom_exit(u64 status) __attribute__((noreturn));
/* Prints "NAME iterations checksum". */
void report(const char *name, u64 iters, u64 sum);
#endif
