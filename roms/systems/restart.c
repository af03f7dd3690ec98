/* A guest that resets itself three times: its memory is as at its start each time, its disk keeps what was written. */
#include "../guest/disk.h"
#include "../lib/psci.h"
#include "../lib/test.h"

enum { RUNS = 4 };

static u32 changed = 1; /* by each run, in memory */

void test_main(void)
{
    CHECK(changed++ == 1);
    disk_start_here();
    CHECK(disk_transfer(DISK_READ, 0) == 0);
    u32 run = (u32)(u8)(disk.data[0] - 'd') + 1; /* the archive's disk begins with a "d" */
    disk.data[0] = (u8)('d' + run);
    CHECK(disk_transfer(DISK_WRITE, 0) == 0);
    print("run %u\n", run);
    if (run < RUNS)
        firmware_call(PSCI_SYSTEM_RESET, 0, 0, 0);
    CHECK(run == RUNS);
}
