#include "wfe_agent.h"

#include "syndrome.h"

bool wfe_is_request(u64 esr, const u64 *x)
{
    return (u32)esr == ESR_WFE && x[0] == WFE_REQUEST && x[1] == ~WFE_REQUEST;
}

static enum wfe_status discover(struct wfe_agent *agent, const u64 *x)
{
    (void)agent;
    (void)x;
    return WFE_OK;
}

static void set_deadline(struct wfe_agent *agent)
{
    u64 now = agent->ops->now(agent->opaque);
    agent->deadline = now > UINT64_MAX - agent->timeout ? UINT64_MAX : now + agent->timeout;
    agent->ops->timer(agent->opaque, agent->deadline);
}

static enum wfe_status arm(struct wfe_agent *agent, const u64 *x)
{
    if (x[3] == 0 || x[4] >= WFE_ACTIONS)
        return WFE_BAD_ARGUMENT;
    agent->timeout = x[3];
    agent->action = (enum wfe_action)x[4];
    set_deadline(agent);
    return WFE_OK;
}

static enum wfe_status ping(struct wfe_agent *agent, const u64 *x)
{
    (void)x;
    wfe_agent_timer(agent); /* too late is too late, even if the timer's interrupt has not come through */
    if (!agent->deadline)
        return WFE_NOT_ARMED;
    set_deadline(agent);
    return WFE_OK;
}

static enum wfe_status disarm(struct wfe_agent *agent, const u64 *x)
{
    (void)x;
    if (!agent->deadline)
        return WFE_NOT_ARMED;
    agent->deadline = 0;
    agent->ops->timer(agent->opaque, 0);
    return WFE_OK;
}

static enum wfe_status trace(struct wfe_agent *agent, const u64 *x)
{
    agent->ops->trace(agent->opaque, x[3]);
    return WFE_OK;
}

static enum wfe_status (*const functions[WFE_FUNCTIONS])(struct wfe_agent *agent, const u64 *x) = {
    [WFE_DISCOVER] = discover, [WFE_WATCHDOG_ARM] = arm, [WFE_WATCHDOG_PING] = ping,
    [WFE_WATCHDOG_DISARM] = disarm, [WFE_TRACE] = trace,
};

bool wfe_agent_serve(struct wfe_agent *agent, u64 esr, u64 *x)
{
    if (!wfe_is_request(esr, x))
        return false;
    u64 reply[5] = {x[0], x[1], x[2], x[3], x[4]};
    bool both = x[2] == WFE_DISCOVER && agent->ops->below;
    if (both)
        agent->ops->below(agent->opaque, reply);
    both = both && reply[0] == WFE_REPLY;
    enum wfe_status status = x[2] < WFE_FUNCTIONS ? functions[x[2]](agent, x) : WFE_UNKNOWN_FUNCTION;
    x[0] = WFE_REPLY;
    x[1] = status;
    x[2] = (both ? reply[2] : 0) | 1u << agent->el;
    x[3] = agent->el == 2 ? agent->id : 0;
    x[4] = agent->el == 3 ? agent->id : both ? reply[4] : 0;
    return true;
}

void wfe_agent_timer(struct wfe_agent *agent)
{
    if (!agent->deadline || agent->ops->now(agent->opaque) < agent->deadline)
        return;
    agent->deadline = 0;
    agent->ops->timer(agent->opaque, 0);
    agent->ops->bark(agent->opaque, agent->action);
}
