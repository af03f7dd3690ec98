/* Interrupt priorities at EL1: the mask, the order of pending interrupts, preemption, active interrupts. */
#include "../lib/test.h"

enum { LOW = 1, MIDDLE = 2, HIGH = 3 }; /* SGIs */

static volatile unsigned taken[16], count, nest_at;

static void handle(struct frame *frame, unsigned vector, unsigned el)
{
    (void)el;
    if (vector % 4 != VECTOR_IRQ) {
        print("ESR %lx at %lx\n", frame->esr, frame->elr);
        power_off(1);
    }
    unsigned intid = gic_acknowledge() & 0x3ff;
    if (count < 16)
        taken[count++] = intid;
    if (intid == nest_at) { /* open to what is more urgent than this one, and ask for all */
        u64 elr = READ(elr_el1), spsr = READ(spsr_el1);
        nest_at = 99;
        gic_send_self(LOW);
        gic_send_self(MIDDLE);
        gic_send_self(HIGH);
        irq_unmask();
        for (unsigned i = 0; i < 100; i++)
            ISB();
        irq_mask();
        WRITE(elr_el1, elr);
        WRITE(spsr_el1, spsr);
    }
    gic_end(intid);
}

static void let_through(void)
{
    irq_unmask();
    for (unsigned i = 0; i < 200; i++)
        ISB();
    irq_mask();
}

static void start(void)
{
    count = 0;
    nest_at = 99;
    gic_set_priority_mask(0xf0);
}

void test_main(void)
{
    set_handler(handle);
    gic_enable(LOW, 0xc0);
    gic_enable(MIDDLE, 0x80);
    gic_enable(HIGH, 0x40);

    /* Pending ones are taken in the order of their priorities. */
    start();
    gic_send_self(LOW);
    gic_send_self(MIDDLE);
    gic_send_self(HIGH);
    let_through();
    CHECK(count == 3 && taken[0] == HIGH && taken[1] == MIDDLE && taken[2] == LOW);

    /* A priority equal to the mask is masked; a more urgent one isn't. */
    start();
    gic_set_priority_mask(0x80);
    gic_send_self(LOW);
    gic_send_self(MIDDLE);
    gic_send_self(HIGH);
    let_through();
    CHECK(count == 1 && taken[0] == HIGH);
    gic_set_priority_mask(0xf0);
    let_through();
    CHECK(count == 3 && taken[1] == MIDDLE && taken[2] == LOW);

    /* The mask is read as it was written, as far as priorities go. */
    gic_set_priority_mask(0x60);
    CHECK(gic_priority_mask() == 0x60);

    /* While MIDDLE is active only HIGH preempts it; the others, itself included, wait for the end. */
    start();
    nest_at = MIDDLE;
    gic_send_self(MIDDLE);
    irq_unmask();
    for (unsigned i = 0; i < 200 && count < 2; i++)
        ISB();
    let_through();
    CHECK(count == 4 && taken[0] == MIDDLE && taken[1] == HIGH && taken[2] == MIDDLE && taken[3] == LOW);

    /* Nothing pending: the acknowledge says so. */
    CHECK((gic_acknowledge() & 0x3ff) == 1023);
}
