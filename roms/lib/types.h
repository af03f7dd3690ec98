/* Integers under the names that ROM code uses. Files that need nothing else build for the host too, where they are tested. */
#ifndef ROM_TYPES_H
#define ROM_TYPES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

typedef uint8_t u8;
typedef uint16_t u16;
typedef uint32_t u32;
typedef uint64_t u64;
typedef int64_t i64;

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

#endif
