/* The end: SHUTDOWN, and what a signal asked for. */
#include <signal.h>

#include "base/file.h"
#include "base/log.h"
#include "dispatch/cmd.h"
#include "dispatch/dispatch.h"
#include "event/loop.h"
#include "server/server_priv.h"
#include "server/verbs.h"

void server_shutdown(struct server *s)
{
    log_write(LOG_WARNING, "User requested shutdown...");
    if (s->pidfile) {
        log_write(LOG_NOTICE, "Removing the pid file.");
        (void)!file_unlink(s->pidfile);
    }
    dispatch_halt(s->dispatch);
    listeners_close(s);
    log_write(LOG_WARNING, "Tarn is now ready to exit, bye bye...");
    loop_stop(s->loop);
}

enum shutdown_word {
    WORD_NOSAVE = 1,
    WORD_SAVE = 2,
    WORD_NOW = 4,
    WORD_FORCE = 8,
    WORD_ABORT = 16
};

static const struct {
    const char *word;
    uint32_t bit;
} shutdown_words[] = {
    { "nosave", WORD_NOSAVE }, { "save", WORD_SAVE },   { "now", WORD_NOW },
    { "force", WORD_FORCE },   { "abort", WORD_ABORT },
};

/* The words' bits; 0 with *ret_ok false for an unknown one or a contradiction. */
static uint32_t parse_words(const struct cmd *cmd, bool *ret_ok)
{
    uint32_t words = 0;
    *ret_ok = true;
    for (int i = 1; i < cmd->argc; i++) {
        uint32_t bit = 0;
        for (size_t w = 0; w < COUNT_OF(shutdown_words); w++)
            if (cmd_is(cmd, i, shutdown_words[w].word))
                bit = shutdown_words[w].bit;
        *ret_ok = *ret_ok && bit != 0;
        words |= bit;
    }
    bool both = (words & WORD_NOSAVE) && (words & WORD_SAVE);
    bool abort_with_more = (words & WORD_ABORT) && words != WORD_ABORT;
    *ret_ok = *ret_ok && !both && !abort_with_more;
    return words;
}

void cmd_shutdown(struct cmd *cmd)
{
    struct server *s = cmd->owner;
    bool ok;
    uint32_t words = parse_words(cmd, &ok);
    if (!ok) {
        reply_error(cmd->reply, ERR_SYNTAX);
        return;
    }
    if (words & WORD_ABORT) {
        reply_error(cmd->reply, "ERR No shutdown in progress.");
        return;
    }
    /* No reply: the connection's end is the answer. */
    server_shutdown(s);
}

void server_shutdown_if_asked(struct server *s)
{
    int signal = signals_end_asked();
    if (LIKELY(signal == 0) || loop_is_stopped(s->loop))
        return;
    log_write(LOG_WARNING, "Received %s scheduling shutdown...",
              signal == SIGINT ? "SIGINT" : "SIGTERM");
    server_shutdown(s);
}

static const struct job jobs[] = {
    { "metrics", 100, metrics_sample },
};

struct job_table server_jobs(struct server *s)
{
    return (struct job_table){ jobs, COUNT_OF(jobs), s };
}
