/*
 * S05: who listens to the WFE channel, asked from EL1 and EL0, with the event register clear and set, over all that may
 * sit at EL2 and EL3: nobody, an agent, somebody who traps WFE and speaks another protocol. Interrupts are masked.
 */
#include "../guest/agents.h"
#include "../lib/test.h"

#define INTERVAL 100000ul /* ns */

static struct discovery result EL0_DATA;
static u8 event EL0_DATA;
static unsigned strange;

static void handle(struct frame *frame, unsigned vector, unsigned el)
{
    (void)vector;
    if (agents_handle(frame, el))
        return;
    strange++;
    frame->elr += 4;
}

static void set_event(bool on)
{
    if (on)
        __asm__ volatile("sevl");
    else
        __asm__ volatile("sevl\n\twfe");
}

static u64 ask_el0(void)
{
    set_event(event);
    discover(&result, INTERVAL, false);
    return 0;
}

static void ask(unsigned el)
{
    if (el == 0) {
        u64 control = READ(cntkctl_el1);
        WRITE(cntkctl_el1, control | 0x94); /* a period of 2^10 ticks */
        ISB();
        call_el0(ask_el0);
        WRITE(cntkctl_el1, control);
    } else {
        set_event(event);
        discover(&result, INTERVAL, true);
    }
}

static void cell(enum agent_kind el2, enum agent_kind el3)
{
    static const char *const names[] = {"nobody", "agent", "stranger"};
    u64 levels = (el2 == AGENT_OURS ? 4 : 0) | (el3 == AGENT_OURS && el2 != AGENT_STRANGER ? 8 : 0);
    for (unsigned el = 0; el < 2; el++)
        for (event = 0; event < 2; event++) {
            ask(el);
            print("EL2 %s, EL3 %s, from EL%u, event %u: levels %lx\n", names[el2], names[el3], el, event, result.levels);
            CHECK(result.levels == levels);
            CHECK(result.found == (levels != 0));
            CHECK(result.ids[2] == (levels & 4 ? AGENT_ID(2) : 0));
            CHECK(result.ids[3] == (levels & 8 ? AGENT_ID(3) : 0));
            CHECK(result.elapsed <= INTERVAL);
            CHECK(strange == 0);
        }
}

/* One bit off in each word: the WFEs are trapped, and change nothing. */
static void near_misses(void)
{
    static const u64 request[5] = {WFE_REQUEST, ~WFE_REQUEST, WFE_TRACE, 77, 0};
    for (unsigned bit = 0; bit < 128; bit++) {
        struct probe probe, before;
        for (unsigned i = 0; i < 31; i++)
            before.x[i] = i < 5 ? request[i] : i;
        before.x[bit / 64] ^= 1ul << bit % 64;
        before.nzcv = 0x60000000;
        probe = before;
        unsigned traps = agent_traps[2] + agent_traps[3];
        for (unsigned tries = 0; tries < 3 && agent_traps[2] + agent_traps[3] == traps; tries++) {
            set_event(false); /* the event stream may set it again meanwhile */
            probe_wfe(&probe);
        }
        CHECK(agent_traps[2] + agent_traps[3] == traps + 1);
        for (unsigned i = 0; i < 31; i++)
            CHECK(probe.x[i] == before.x[i]);
        CHECK(probe.nzcv == before.nzcv);
    }
    CHECK(agent_traced[2] == 0 && agent_traced[3] == 0);
    u64 x[5] = {WFE_REQUEST, ~WFE_REQUEST, WFE_TRACE, 77, 0};
    CHECK(wfe_call(x) && x[1] == WFE_OK && agent_traced[2] + agent_traced[3] == 77);
}

/* Started at EL1: whoever is above, it tells. */
static void who(void)
{
    for (unsigned el = 0; el < 2; el++)
        for (event = 0; event < 2; event++) {
            ask(el);
            print("from EL%u, event %u: levels %lx, EL2 %lx, EL3 %lx\n", el, event, result.levels, result.ids[2],
                  result.ids[3]);
            CHECK(result.found == (result.levels != 0));
            CHECK(result.elapsed <= INTERVAL);
            CHECK(strange == 0);
        }
}

void test_main(void)
{
    set_handler(handle);
    WRITE(sctlr_el1, READ(sctlr_el1) | 1ul << 18); /* nTWE */
    ISB();
    if (start_el == 1) {
        who();
        return;
    }
    for (enum agent_kind el2 = AGENT_NONE; el2 < (has_el(2) ? AGENT_KINDS : 1u); el2++)
        for (enum agent_kind el3 = AGENT_NONE; el3 < (has_el(3) ? AGENT_KINDS : 1u); el3++) {
            if (has_el(2))
                agents_set(2, el2);
            if (has_el(3))
                agents_set(3, el3);
            cell(el2, el3);
        }
    for (unsigned el = 2; el < 4; el++)
        if (has_el(el)) {
            for (unsigned other = 2; other < 4; other++)
                if (has_el(other))
                    agents_set(other, other == el ? AGENT_OURS : AGENT_NONE);
            agent_traced[2] = agent_traced[3] = 0;
            near_misses();
        }
}
