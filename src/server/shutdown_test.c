#include "server/shutdown.h"

#include <errno.h>
#include <string.h>

#include "base/buf.h"
#include "base/log.h"
#include "tests/unit/check.h"

/* Rooms that wait and save, and what was asked of them: b begins, f finishes, g gives up. */
struct rooms {
    bool ready;
    int saved; /* what saving returns */
    char told[32];
};

static void tell(struct rooms *r, char what)
{
    size_t len = strlen(r->told);
    CHECK(len + 1 < sizeof(r->told));
    r->told[len] = what;
}

static void begin_replicas(void *owner, uint32_t how UNUSED)
{
    tell(owner, 'b');
}

static bool replicas_may_end(void *owner)
{
    return ((struct rooms *)owner)->ready;
}

static void give_up_replicas(void *owner)
{
    tell(owner, 'g');
}

static int save(void *owner, uint32_t how)
{
    struct rooms *r = owner;
    if (how & SHUTDOWN_NOSAVE)
        return 0;
    tell(r, 's');
    return r->saved;
}

static int close_all(void *owner, uint32_t how UNUSED)
{
    tell(owner, 'c');
    return 0;
}

static const struct shutdown_step steps[] = {
    { .name = "replicas",
      .begin = begin_replicas,
      .may_end = replicas_may_end,
      .give_up = give_up_replicas },
    { .name = "snapshot", .finish = save },
    { .name = "close", .finish = close_all },
};

static void set_up(struct shutdown *sd, struct rooms *r)
{
    log_set_level(LOG_NOTHING);
    *r = (struct rooms){ .ready = false };
    shutdown_init(sd, steps, COUNT_OF(steps), r);
}

TEST(what_is_ready_ends_at_once)
{
    struct shutdown sd;
    struct rooms r;
    set_up(&sd, &r);
    r.ready = true;
    CHECK_INT(shutdown_start(&sd, 0, 1000, 5000), SHUTDOWN_ENDED);
    CHECK_STR(r.told, "bsc");
    CHECK(!shutdown_abort(&sd));
}

TEST(the_end_waits_until_all_may_end)
{
    struct shutdown sd;
    struct rooms r;
    set_up(&sd, &r);
    CHECK_INT(shutdown_start(&sd, SHUTDOWN_NOSAVE, 1000, 5000), SHUTDOWN_WAITS);
    CHECK_INT(sd.deadline_ms, 6000);
    CHECK_INT(shutdown_go_on(&sd, 5999), SHUTDOWN_WAITS);
    CHECK_STR(r.told, "b");
    r.ready = true;
    CHECK_INT(shutdown_go_on(&sd, 5999), SHUTDOWN_ENDED);
    CHECK_STR(r.told, "bc");
    CHECK_INT(shutdown_go_on(&sd, 6000), SHUTDOWN_NONE);
}

TEST(the_time_to_wait_is_limited)
{
    struct shutdown sd;
    struct rooms r;
    set_up(&sd, &r);
    CHECK_INT(shutdown_start(&sd, 0, 1000, 5000), SHUTDOWN_WAITS);
    CHECK_INT(shutdown_go_on(&sd, 6000), SHUTDOWN_ENDED);
    CHECK_STR(r.told, "bsc");
}

TEST(now_and_no_patience_do_not_wait)
{
    struct shutdown sd;
    struct rooms r;
    set_up(&sd, &r);
    CHECK_INT(shutdown_start(&sd, SHUTDOWN_NOW, 1000, 5000), SHUTDOWN_ENDED);
    set_up(&sd, &r);
    CHECK_INT(shutdown_start(&sd, 0, 1000, 0), SHUTDOWN_ENDED);
}

TEST(a_second_wish_joins_the_first)
{
    struct shutdown sd;
    struct rooms r;
    set_up(&sd, &r);
    CHECK_INT(shutdown_start(&sd, SHUTDOWN_NOSAVE, 1000, 5000), SHUTDOWN_WAITS);
    CHECK_INT(shutdown_start(&sd, SHUTDOWN_NOW, 2000, 5000), SHUTDOWN_WAITS);
    CHECK_INT(sd.deadline_ms, 6000);
    CHECK_STR(r.told, "b");
}

TEST(an_aborted_wait_goes_back_and_can_begin_anew)
{
    struct shutdown sd;
    struct rooms r;
    set_up(&sd, &r);
    CHECK(!shutdown_abort(&sd));
    CHECK_INT(shutdown_start(&sd, 0, 1000, 5000), SHUTDOWN_WAITS);
    CHECK(shutdown_abort(&sd));
    CHECK_INT(shutdown_go_on(&sd, 9000), SHUTDOWN_NONE);
    CHECK_STR(r.told, "bg");
    CHECK_INT(shutdown_start(&sd, SHUTDOWN_NOW, 9000, 5000), SHUTDOWN_ENDED);
    CHECK_STR(r.told, "bgbsc");
}

TEST(a_step_that_fails_keeps_the_server)
{
    struct shutdown sd;
    struct rooms r;
    set_up(&sd, &r);
    r.ready = true;
    r.saved = -EIO;
    CHECK_INT(shutdown_start(&sd, 0, 1000, 5000), SHUTDOWN_FAILED);
    CHECK_STR(r.told, "bsg");
    r.saved = 0;
    CHECK_INT(shutdown_start(&sd, 0, 1000, 5000), SHUTDOWN_ENDED);
}

TEST(force_ends_whatever_fails)
{
    struct shutdown sd;
    struct rooms r;
    set_up(&sd, &r);
    r.saved = -EIO;
    CHECK_INT(shutdown_start(&sd, SHUTDOWN_FORCE | SHUTDOWN_NOW, 1000, 5000), SHUTDOWN_ENDED);
    CHECK_STR(r.told, "bsc");
}
