/* DEBUG: what is done to the files, and to the process that writes them. */
#include <errno.h>
#include <stdlib.h>

#include "base/log.h"
#include "dispatch/dispatch.h"
#include "event/loop.h"
#include "persist/persist.h"
#include "server/debug_priv.h"
#include "server/server_priv.h"

static bool parse_reload(const struct cmd *cmd, struct persist_reload *ret_how)
{
    struct persist_reload how = { .saves = true, .flushes = true };
    for (int i = 2; i < cmd->argc; i++) {
        if (cmd_is(cmd, i, "merge"))
            how.merges = true;
        else if (cmd_is(cmd, i, "noflush"))
            how.flushes = false;
        else if (cmd_is(cmd, i, "nosave"))
            how.saves = false;
        else
            return false;
    }
    *ret_how = how;
    return true;
}

/* What it does to memory is no effect: nothing of it is repeated elsewhere. */
void debug_reload(struct cmd *cmd)
{
    const struct server *s = cmd->owner;
    struct persist_reload how;
    cmd_no_effect(cmd);
    if (!parse_reload(cmd, &how)) {
        reply_error(cmd->reply,
                    "ERR DEBUG RELOAD only supports the MERGE, NOFLUSH and NOSAVE options.");
        return;
    }
    switch (persist_reload(s->persist, &how)) {
    case PERSIST_RELOADED:
        reply_ok(cmd->reply);
        break;
    case PERSIST_IS_LOADING:
        reply_error(cmd->reply, ERR_LOADING);
        break;
    case PERSIST_NOT_SAVED:
        reply_error(cmd->reply, "ERR");
        break;
    case PERSIST_NOT_LOADED:
        reply_error(cmd->reply, "ERR Error trying to load the RDB dump, check server logs.");
        break;
    }
}

/* Half of the data must not be served, nor written over the files that have all of it. */
static COLD void end_half_loaded(struct server *s)
{
    log_write(LOG_WARNING, "The data could not be loaded: it is not whole, and the server ends.");
    s->exit_status = EXIT_FAILURE;
    dispatch_halt(s->dispatch);
    loop_stop(s->loop);
}

void debug_loadaof(struct cmd *cmd)
{
    struct server *s = cmd->owner;
    cmd_no_effect(cmd);
    int error = persist_load_aof(s->persist);
    if (error == 0)
        reply_ok(cmd->reply);
    else if (error == -EBUSY)
        reply_error(cmd->reply, ERR_LOADING);
    else if (error == -EAGAIN)
        reply_error(cmd->reply, "ERR Error trying to write the AOF files, check server logs.");
    else if (error != -ECANCELED)
        end_half_loaded(s);
}

void debug_pause_after_fork(struct cmd *cmd)
{
    const struct server *s = cmd->owner;
    persist_set_pause_after_fork(s->persist, debug_flag(cmd, 2));
    reply_ok(cmd->reply);
}
