/* Instruction words in terms of the decode table. */
#include <armsim/armsim.h>

#include "cpu/host.h"

int armsim_describe_instruction(uint32_t word, char *text, size_t size)
{
    if (!text && size)
        return ARMSIM_ERROR_ARGUMENT;
    return (int)host_describe_instruction(word, text, size);
}
