/* Memory and strings, as the C library has them: the compiler calls some of them on its own. */
#ifndef ROM_MEMORY_H
#define ROM_MEMORY_H

#include "types.h"

void *memset(void *to, int c, size_t n);
void *memcpy(void *to, const void *from, size_t n);
void *memmove(void *to, const void *from, size_t n);
int memcmp(const void *a, const void *b, size_t n);
size_t strlen(const char *s);
int strcmp(const char *a, const char *b);

#endif
