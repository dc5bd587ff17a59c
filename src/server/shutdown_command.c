/* SHUTDOWN, the signals that ask for the same, and the steps of this server. */
#include <errno.h>
#include <inttypes.h>
#include <signal.h>

#include "base/file.h"
#include "base/log.h"
#include "db/db.h"
#include "dispatch/block.h"
#include "dispatch/cmd.h"
#include "dispatch/dispatch.h"
#include "event/loop.h"
#include "persist/persist.h"
#include "process/notify.h"
#include "server/server_priv.h"
#include "server/verbs.h"

#define ERR_FAILED "ERR Errors trying to SHUTDOWN. Check logs."

/* ---- steps ---- */

static void tell_supervisor(void *owner, uint32_t how UNUSED)
{
    const struct server *s = owner;
    notify_stopping(s->process.supervised_by);
}

static int save_data(void *owner, uint32_t how)
{
    struct persist *p = ((const struct server *)owner)->persist;
    bool saves = (how & SHUTDOWN_SAVE) || (!(how & SHUTDOWN_NOSAVE) && persist_wants_snapshot(p));
    return persist_finish(p, (saves ? PERSIST_SAVE : 0u) |
                                 (how & SHUTDOWN_FORCE ? PERSIST_FORCE : 0u));
}

static int remove_pidfile(void *owner, uint32_t how UNUSED)
{
    struct server *s = owner;
    if (!s->process.pidfile)
        return 0;
    log_write(LOG_NOTICE, "Removing the pid file.");
    (void)!file_unlink(s->process.pidfile);
    s->process.pidfile = NULL;
    return 0;
}

/* Nothing runs any more; the loop ends after this turn. */
static int stop_serving(void *owner, uint32_t how UNUSED)
{
    struct server *s = owner;
    dispatch_halt(s->dispatch);
    listeners_close(s);
    log_write(LOG_WARNING, "Tarn is now ready to exit, bye bye...");
    loop_stop(s->loop);
    return 0;
}

static const struct shutdown_step steps[] = {
    { .name = "supervisor", .begin = tell_supervisor },
    { .name = "saving the data", .finish = save_data },
    { .name = "pid file", .finish = remove_pidfile },
    { .name = "serving", .finish = stop_serving },
};

/* ---- for the server ---- */

void server_shutdown_init(struct server *s)
{
    shutdown_init(&s->process.shutdown, steps, COUNT_OF(steps), s);
    block_queue_init(&s->process.shutdown_waiters);
}

/* A turn is all that is needed: each looks whether the waiting is over. */
static int64_t deadline_is_here(struct loop *loop UNUSED, void *arg UNUSED)
{
    return LOOP_TIMER_ONCE;
}

/* An attempt that is over: who waits for it is told, and signals may ask anew. */
static void over(struct server *s)
{
    if (s->process.shutdown_timer)
        loop_timer_remove(s->loop, s->process.shutdown_timer);
    s->process.shutdown_timer = 0;
    signals_forget_end();
    block_queue_wake(s->dispatch, &s->process.shutdown_waiters);
}

/* A part of the data is not worth saving, nor waiting for anybody. */
static uint32_t amid_a_load(uint32_t how)
{
    return (how & ~(uint32_t)SHUTDOWN_SAVE) | SHUTDOWN_NOSAVE | SHUTDOWN_NOW;
}

static enum shutdown_state start(struct server *s, uint32_t how)
{
    if (persist_is_loading(s->persist))
        how = amid_a_load(how);
    int64_t patience_ms = s->process.settings.shutdown_timeout_s * 1000;
    bool waited = s->process.shutdown.waits;
    enum shutdown_state state = shutdown_start(&s->process.shutdown, how,
                                               dispatch_now_ms(s->dispatch), patience_ms);
    if (state == SHUTDOWN_WAITS && !waited)
        s->process.shutdown_timer = loop_timer_add(s->loop, patience_ms, deadline_is_here, s);
    if (state == SHUTDOWN_FAILED)
        over(s);
    return state;
}

bool server_shutdown(struct server *s)
{
    return start(s, SHUTDOWN_NOW) == SHUTDOWN_ENDED;
}

void server_shutdown_if_asked(struct server *s)
{
    if (s->process.shutdown.ended)
        return;
    if (shutdown_go_on(&s->process.shutdown, dispatch_now_ms(s->dispatch)) == SHUTDOWN_FAILED)
        over(s);
    int signal = signals_end_asked();
    if (LIKELY(signal == 0) || s->process.shutdown.waits || s->process.shutdown.ended)
        return;
    bool is_interrupt = signal == SIGINT;
    log_write(LOG_WARNING, "Received %s scheduling shutdown...",
              is_interrupt ? "SIGINT" : "SIGTERM");
    (void)start(s, (uint32_t)(is_interrupt ? s->process.settings.on_sigint
                                           : s->process.settings.on_sigterm));
}

int64_t server_shutdown_left_ms(const struct server *s)
{
    const struct shutdown *sd = &s->process.shutdown;
    return sd->waits ? MAX_OF(sd->deadline_ms - dispatch_now_ms(s->dispatch), (int64_t)0) : -1;
}

/* ---- the verb ---- */

#define WORD_ABORT (1U << 31)

static const struct {
    const char *word;
    uint32_t bit;
} words[] = {
    { "nosave", SHUTDOWN_NOSAVE }, { "save", SHUTDOWN_SAVE }, { "now", SHUTDOWN_NOW },
    { "force", SHUTDOWN_FORCE },   { "safe", SHUTDOWN_SAFE }, { "failover", SHUTDOWN_FAILOVER },
    { "abort", WORD_ABORT },
};

/* The words' bits. False for an unknown one or a contradiction. */
static bool parse_words(const struct cmd *cmd, uint32_t *ret_how)
{
    uint32_t how = 0;
    for (int i = 1; i < cmd->argc; i++) {
        uint32_t bit = 0;
        for (size_t w = 0; w < COUNT_OF(words); w++)
            if (cmd_is(cmd, i, words[w].word))
                bit = words[w].bit;
        if (!bit)
            return false;
        how |= bit;
    }
    bool both = (how & SHUTDOWN_NOSAVE) && (how & SHUTDOWN_SAVE);
    bool abort_with_more = (how & WORD_ABORT) && how != WORD_ABORT;
    *ret_how = how;
    return !both && !abort_with_more;
}

static void abort_shutdown(struct cmd *cmd)
{
    struct server *s = cmd->owner;
    if (!shutdown_abort(&s->process.shutdown)) {
        reply_error(cmd->reply, "ERR No shutdown in progress.");
        return;
    }
    over(s);
    reply_ok(cmd->reply);
}

/* Who waits for the end is asked when there will be none. */
static bool serve_failure(struct cmd *cmd, const struct block_wake *wake UNUSED)
{
    reply_error(cmd->reply, ERR_FAILED);
    return true;
}

void cmd_shutdown(struct cmd *cmd)
{
    struct server *s = cmd->owner;
    uint32_t how;
    if (!parse_words(cmd, &how)) {
        reply_error(cmd->reply, ERR_SYNTAX);
        return;
    }
    if (how & WORD_ABORT) {
        abort_shutdown(cmd);
        return;
    }
    if (!(how & SHUTDOWN_NOW) && !cmd_may_block(cmd)) {
        reply_error(cmd->reply,
                    "ERR SHUTDOWN without NOW or ABORT isn't allowed for DENY BLOCKING client");
        return;
    }
    /* No reply when it succeeds: the connection's end is the answer. */
    switch (start(s, how)) {
    case SHUTDOWN_FAILED:
        reply_error(cmd->reply, ERR_FAILED);
        break;
    case SHUTDOWN_WAITS:
        cmd_block(cmd, &(struct block_on){ .serve = serve_failure,
                                           .queue = &s->process.shutdown_waiters });
        break;
    case SHUTDOWN_ENDED:
    case SHUTDOWN_NONE:
        break;
    }
}
