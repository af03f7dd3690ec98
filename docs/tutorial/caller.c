/* Asks who is above, by every transport that the guest kit knows, and prints the answers. */
#include "roms/guest/client.h"
#include "roms/lib/test.h"

enum { MAGIC = 0x41524d53, PORT = 0x4153, VERSION = 0 };

/* A BRK that nobody above takes for a call is this program's own exception: it goes over it. (Without a hypervisor HVC
 * comes here, too, at EL2. It is over already.) */
static void handle(struct frame *frame, unsigned vector, unsigned el)
{
    (void)vector;
    if (el == 1)
        frame->elr += 4;
}

void test_main(void)
{
    set_handler(handle);
    WRITE(cntkctl_el1, 14 << 4 | 1 << 2); /* the event stream: a WFE that nobody traps ends by itself */
    for (unsigned t = 0; t < TRANSPORTS; t++) {
        u64 x[7] = {MAGIC, 0, VERSION, PORT};
        CHECK(client_call(t, x, IO_IN_DX_4));
        if (x[0] == 1 && x[1] == MAGIC)
            print("%s: version %lx\n", client_transports[t].name, x[2]);
        else
            print("%s: no answer, X0 is %lx\n", client_transports[t].name, x[0]);
    }
}
