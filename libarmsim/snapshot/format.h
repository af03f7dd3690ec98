/* Snapshot files as docs/snapshot.md has them: a header, then blocks with checksums. */
#ifndef ARMSIM_SNAPSHOT_FORMAT_H
#define ARMSIM_SNAPSHOT_FORMAT_H

#include "libarmsim/machine/machine.h"

#define SNAPSHOT_MAGIC "armsim snapshot\n" /* 16 bytes */

enum { FORMAT_VERSION = 1, HEADER_BYTES = 32, MAGIC_BYTES = 16, BLOCK_BYTES = 32 };
enum { STORED, DEFLATED };
enum { GROUP_PAGES = 64, GROUP_HEAD = 8 + 8 * GROUP_PAGES, GROUP_BYTES = GROUP_HEAD + GROUP_PAGES * PAGE_BYTES };

#define BLOCK_TYPE(a, b, c, d) ((uint32_t)(a) | (uint32_t)(b) << 8 | (uint32_t)(c) << 16 | (uint32_t)(d) << 24)
#define BLOCK_CONFIGURATION BLOCK_TYPE('C', 'O', 'N', 'F')
#define BLOCK_STATE BLOCK_TYPE('S', 'T', 'A', 'T')
#define BLOCK_PAGES BLOCK_TYPE('P', 'A', 'G', 'E')
#define BLOCK_END BLOCK_TYPE('E', 'N', 'D', ' ')

static inline int out_of_memory(struct armsim_machine *machine)
{
    return machine_fail(machine, ARMSIM_ERROR_MEMORY, "snapshot: out of memory");
}

#endif
