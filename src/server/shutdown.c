/* The way through the steps. */
#include "server/shutdown.h"

#include "base/assert.h"
#include "base/log.h"

void shutdown_init(struct shutdown *sd, const struct shutdown_step *steps, size_t count,
                   void *owner)
{
    *sd = (struct shutdown){ .steps = steps, .count = count, .owner = owner };
}

/* They go back in the opposite order. */
static void give_up(struct shutdown *sd)
{
    for (size_t i = sd->count; i-- > 0;)
        if (sd->steps[i].give_up)
            sd->steps[i].give_up(sd->owner);
    sd->waits = false;
    sd->how = 0;
}

static bool may_end(const struct shutdown *sd)
{
    for (size_t i = 0; i < sd->count; i++)
        if (sd->steps[i].may_end && !sd->steps[i].may_end(sd->owner))
            return false;
    return true;
}

static enum shutdown_state finish(struct shutdown *sd)
{
    for (size_t i = 0; i < sd->count; i++) {
        const struct shutdown_step *step = &sd->steps[i];
        int error = step->finish ? step->finish(sd->owner, sd->how) : 0;
        if (error == 0)
            continue;
        if (!(sd->how & SHUTDOWN_FORCE)) {
            log_write(
                LOG_WARNING,
                "Errors trying to shut down the server. Check the logs for more information.");
            give_up(sd);
            return SHUTDOWN_FAILED;
        }
        log_write(LOG_WARNING, "The server shuts down by force, without: %s", step->name);
    }
    sd->waits = false;
    sd->ended = true;
    return SHUTDOWN_ENDED;
}

enum shutdown_state shutdown_start(struct shutdown *sd, uint32_t how, int64_t now_ms,
                                   int64_t patience_ms)
{
    ASSERT(!sd->ended);
    if (sd->waits)
        return SHUTDOWN_WAITS;
    sd->how = how;
    log_write(LOG_WARNING, "User requested shutdown...");
    for (size_t i = 0; i < sd->count; i++)
        if (sd->steps[i].begin)
            sd->steps[i].begin(sd->owner, how);
    if ((how & SHUTDOWN_NOW) || patience_ms <= 0 || may_end(sd))
        return finish(sd);
    sd->waits = true;
    sd->deadline_ms = now_ms + patience_ms;
    return SHUTDOWN_WAITS;
}

enum shutdown_state shutdown_go_on(struct shutdown *sd, int64_t now_ms)
{
    if (!sd->waits)
        return SHUTDOWN_NONE;
    return now_ms >= sd->deadline_ms || may_end(sd) ? finish(sd) : SHUTDOWN_WAITS;
}

bool shutdown_abort(struct shutdown *sd)
{
    if (!sd->waits)
        return false;
    give_up(sd);
    log_write(LOG_NOTICE, "Shutdown manually aborted.");
    return true;
}
