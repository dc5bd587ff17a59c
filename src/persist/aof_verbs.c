/* BGREWRITEAOF and WAITAOF. */
#include <string.h>

#include "dispatch/cmd.h"
#include "dispatch/dispatch.h"
#include "persist/aof_priv.h"

/* ---- BGREWRITEAOF ---- */

static void run_bgrewriteaof(struct cmd *cmd)
{
    struct aof *a = cmd->owner;
    enum child_kind child = children_kind(a->persist->children);
    if (child == CHILD_REWRITE) {
        reply_error(cmd->reply, "ERR Background append only file rewriting already in progress");
    } else if (child != CHILD_NONE || (cmd->session->flags & SESSION_NO_BLOCK)) {
        /* Within EXEC, too: a base begins between two units. */
        aof_rewrite_later(a);
        reply_status(cmd->reply, SLICE("Background append only file rewriting scheduled"));
    } else if (aof_rewrite(a) == 0) {
        reply_status(cmd->reply, SLICE("Background append only file rewriting started"));
    } else {
        reply_error(cmd->reply, "ERR Can't execute an AOF background rewriting. Please check the "
                                "server logs for more information.");
    }
}

/* ---- WAITAOF ----
 *
 * What the session wrote is safe when everything up to its offset of the journal is. There are no replicas yet, so
 * none has acknowledged anything. */

#define ERR_IS_OFF "ERR WAITAOF cannot be used when numlocal is set but appendonly is disabled."

struct wanted {
    uint64_t offset;
    int64_t local, replicas;
};

static bool is_local_safe(const struct aof *a, uint64_t offset)
{
    return aof_state(a) == AOF_ON && aof_synced_offset(a) >= offset;
}

static void reply_safe(const struct cmd *cmd, bool local)
{
    reply_array(cmd->reply, 2);
    reply_int(cmd->reply, local);
    reply_int(cmd->reply, 0);
}

static struct wanted wanted_of(const struct block_wake *wake)
{
    struct wanted w;
    memcpy(&w, wake->note.ptr, sizeof(w));
    return w;
}

static bool serve_waitaof(struct cmd *cmd, const struct block_wake *wake)
{
    const struct aof *a = cmd->owner;
    struct wanted w = wanted_of(wake);
    if (w.local > 0 && !aof_is_wanted(a)) {
        reply_error(cmd->reply, ERR_IS_OFF);
        return true;
    }
    if (w.replicas > 0 || !is_local_safe(a, w.offset))
        return false;
    reply_safe(cmd, true);
    return true;
}

static void give_up_waitaof(struct cmd *cmd, const struct block_wake *wake)
{
    reply_safe(cmd, is_local_safe(cmd->owner, wanted_of(wake).offset));
}

static void run_waitaof(struct cmd *cmd)
{
    struct aof *a = cmd->owner;
    struct wanted w = { .offset = cmd->session->journal_offset };
    int64_t timeout_ms;
    if (!cmd_int_in(cmd, 1, 0, 1, &w.local, NULL) ||
        !cmd_int_in(cmd, 2, 0, INT64_MAX, &w.replicas,
                    "ERR value is out of range, must be positive") ||
        !cmd_timeout(cmd, 3, TIMEOUT_IN_MS, &timeout_ms))
        return;
    if (w.local > 0 && !aof_is_wanted(a)) {
        reply_error(cmd->reply, ERR_IS_OFF);
        return;
    }
    bool local = is_local_safe(a, w.offset);
    if (w.replicas == 0 && (int64_t)local >= w.local)
        reply_safe(cmd, local);
    else
        cmd_block(cmd, &(struct block_on){ .serve = serve_waitaof,
                                           .timed_out = give_up_waitaof,
                                           .timeout_ms = timeout_ms,
                                           .queue = &a->waiters,
                                           .note = slice_of(&w, sizeof(w)) });
}

/* ---- rows ---- */

static const char *const wait_tips[] = { "request_policy:all_shards", "response_policy:agg_min",
                                         NULL };

static const struct command rows[] = {
    {
        .name = "bgrewriteaof",
        .run = run_bgrewriteaof,
        .arity = 1,
        .flags = CMD_ADMIN | CMD_NO_SCRIPT | CMD_NO_ASYNC_LOADING,
        .group = GROUP_SERVER,
        .since = "1.0.0",
        .complexity = "O(1)",
        .summary = "Rewrites the append only file in the background, as short as the data allows.",
        .syntax = "",
    },
    {
        .name = "waitaof",
        .run = run_waitaof,
        .arity = 4,
        .flags = CMD_BLOCKING,
        .group = GROUP_GENERIC,
        .acl = ACL_NO_GROUP | ACL_CONNECTION,
        .since = "7.2.0",
        .complexity = "O(1)",
        .summary = "Waits until what this connection has written is safe in append only files.",
        .syntax = "numlocal:int numreplicas:int timeout:int",
        .tips = wait_tips,
    },
};

struct command_table aof_commands(struct aof *a)
{
    return (struct command_table){ rows, COUNT_OF(rows), a };
}
