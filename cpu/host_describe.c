/* An instruction word in terms of the decode table. */
#include "cpu/a64_forms.h"
#include "cpu/host.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* The next "name@lsb:width" of a form's list; returns what follows it, or NULL at the end. */
static const char *next_field(const char *list, char name[32], unsigned *lsb, unsigned *width)
{
    while (*list == ' ')
        list++;
    const char *at = strchr(list, '@');
    if (!at || (size_t)(at - list) >= 32)
        return NULL;
    memcpy(name, list, (size_t)(at - list));
    name[at - list] = '\0';
    char *end;
    *lsb = (unsigned)strtoul(at + 1, &end, 10);
    *width = (unsigned)strtoul(end + 1, &end, 10);
    return end;
}

size_t host_describe_instruction(uint32_t word, char *text, size_t size)
{
    struct feature_set all;
    memset(&all, 0xff, sizeof(all));
    const struct a64_form_info *form = &a64_forms[a64_decode(word, &all)];
    size_t length = (size_t)snprintf(text, size, "%s", form->name);
    char name[32];
    unsigned lsb, width;
    const char *list = form->fields;
    while ((list = next_field(list, name, &lsb, &width)) != NULL) {
        unsigned value = word >> lsb & (uint32_t)((1ull << width) - 1);
        char *at = length < size ? text + length : NULL;
        length += (size_t)snprintf(at, at ? size - length : 0, " %s=%u", name, value);
    }
    return length;
}
