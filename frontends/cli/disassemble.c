/* Disassembly by Capstone; what its version doesn't know is named by armsim's own decode table. */
#include "frontends/cli/session.h"
#include "frontends/little_endian.h"

#include <capstone/capstone.h>
#include <stdlib.h>

struct disassembler {
    csh capstone;
    bool open;
};

struct disassembler *disassembler_create(void)
{
    struct disassembler *disassembler = calloc(1, sizeof(*disassembler));
    if (disassembler)
        disassembler->open = cs_open(CS_ARCH_ARM64, CS_MODE_LITTLE_ENDIAN, &disassembler->capstone) == CS_ERR_OK;
    return disassembler;
}

void disassembler_destroy(struct disassembler *disassembler)
{
    if (!disassembler)
        return;
    if (disassembler->open)
        cs_close(&disassembler->capstone);
    free(disassembler);
}

void disassemble(struct disassembler *disassembler, uint64_t pc, uint32_t word, char *text, size_t size)
{
    uint8_t bytes[4];
    store_le(bytes, word, 4);
    cs_insn *instruction = NULL;
    size_t count =
        disassembler->open ? cs_disasm(disassembler->capstone, bytes, sizeof(bytes), pc, 1, &instruction) : 0;
    if (count == 1)
        snprintf(text, size, "%s%s%s", instruction->mnemonic, *instruction->op_str ? " " : "", instruction->op_str);
    else if (armsim_describe_instruction(word, text, size) <= 0)
        snprintf(text, size, ".word 0x%08x", word);
    if (instruction)
        cs_free(instruction, count);
}
