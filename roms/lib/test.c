/* Down to EL1, Non-secure, and there test_main(). HVC and SMC come back at once where the ROM has EL2 and EL3. */
#include "test.h"

#include "syndrome.h"

unsigned checks_failed;

static void handle(struct frame *frame, unsigned vector, unsigned el)
{
    unsigned ec = ESR_CLASS(frame->esr);
    if (el > 1 && (ec == EC_HVC || ec == EC_SMC))
        return;
    print("unexpected exception: vector %03x at EL%u, ESR %lx, ELR %lx, FAR %lx\n", vector * 0x80, el, frame->esr,
          frame->elr, frame->far);
    power_off(1);
}

static void at_el1(void)
{
    install_vectors();
    open_el1();
    mmu_on();
    gic_init_el1();
    test_main();
    print(checks_failed ? "FAILED\n" : "passed\n");
    power_off(checks_failed != 0);
}

static void at_el2(void)
{
    install_vectors();
    open_el2();
    enter(1, at_el1);
}

void rom_main(void)
{
    set_handler(handle);
    if (start_el == 3) {
        open_el3();
        gic_init_el3();
        enter(has_el(2) ? 2 : 1, has_el(2) ? at_el2 : at_el1);
    }
    if (start_el == 2)
        at_el2();
    at_el1();
}
