/* DEBUG: what is done to the process: it sleeps, crashes, starts anew, turns the allocator's knobs. */
#include <errno.h>
#include <math.h>
#include <signal.h>
#include <stdint.h>
#include <string.h>
#include <sys/mman.h>
#include <time.h>

#include "base/assert.h"
#include "base/log.h"
#include "base/mem.h"
#include "base/num.h"
#include "dispatch/dispatch.h"
#include "event/loop.h"
#include "persist/persist.h"
#include "server/debug_priv.h"
#include "server/restart.h"
#include "server/server_priv.h"

/* ---- time ---- */

/* The server stands still. */
void debug_aof_flush_sleep(struct cmd *cmd)
{
    const struct server *s = cmd->owner;
    int64_t us = 0;
    (void)!num_parse_int(cmd->argv[2], &us);
    persist_set_flush_sleep(s->persist, us);
    reply_ok(cmd->reply);
}

void debug_sleep(struct cmd *cmd)
{
    double seconds = 0;
    (void)!num_parse_double(cmd->argv[2], &seconds);
    if (seconds > 0) {
        struct timespec left = {
            .tv_sec = (time_t)seconds,
            .tv_nsec = (long)((seconds - floor(seconds)) * 1e9),
        };
        while (nanosleep(&left, &left) < 0)
            continue;
    }
    reply_ok(cmd->reply);
}

void debug_pause_cron(struct cmd *cmd)
{
    struct server *s = cmd->owner;
    s->cron_is_paused = debug_flag(cmd, 2);
    reply_ok(cmd->reply);
}

/* ---- words ---- */

void debug_error(struct cmd *cmd)
{
    reply_error_slice(cmd->reply, cmd->argv[2]);
}

void debug_log(struct cmd *cmd)
{
    log_write(LOG_WARNING, "DEBUG LOG: %.*s", SLICE_ARGS(cmd->argv[2]));
    reply_ok(cmd->reply);
}

/* ---- ways to crash ---- */

/* Where nothing may be written. */
void debug_segfault(struct cmd *cmd UNUSED)
{
    volatile char *page = mmap(NULL, 4096, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    *page = 'x';
}

void debug_assert(struct cmd *cmd)
{
    ASSERT(cmd->argc == 1);
}

void debug_panic(struct cmd *cmd UNUSED)
{
    PANIC("DEBUG PANIC called at Unix time %lld", (long long)time(NULL));
}

void debug_oom(struct cmd *cmd UNUSED)
{
    size_t size = SIZE_MAX / 2;
    ASSERT(!mem_try_alloc(size));
    mem_out_of_memory(size);
}

void debug_sigalrm(struct cmd *cmd)
{
    (void)raise(SIGALRM);
    reply_ok(cmd->reply);
}

/* A block that nobody knows any more. */
void debug_leak(struct cmd *cmd)
{
    struct slice text = cmd->argv[2];
    char *lost = mem_alloc(text.len + 1);
    memcpy(lost, text.ptr, text.len);
    reply_ok(cmd->reply);
}

/* ---- starting anew ---- */

static void reply_no_restart(struct cmd *cmd)
{
    reply_error(cmd->reply, "ERR failed to restart the server. Check server logs.");
}

static bool parse_delay(struct cmd *cmd, int64_t *ret_ms)
{
    *ret_ms = 0;
    if (cmd->argc > 2 && !cmd_int(cmd, 2, ret_ms, NULL))
        return false;
    *ret_ms = MAX_OF(*ret_ms, (int64_t)0);
    return true;
}

/* No reply: the connection's end is the answer. */
void debug_restart(struct cmd *cmd)
{
    struct server *s = cmd->owner;
    int64_t delay_ms;
    if (!parse_delay(cmd, &delay_ms))
        return;
    int error = config_file(s->config) ? config_rewrite(s->config, /* force_all= */ false) : 0;
    if (error < 0) {
        log_write(LOG_WARNING, "The configuration could not be written: %s", strerror(-error));
        reply_no_restart(cmd);
        return;
    }
    if (server_shutdown(s))
        restart_ask(s->restart, delay_ms);
    else
        reply_no_restart(cmd);
}

void debug_crash_and_recover(struct cmd *cmd)
{
    struct server *s = cmd->owner;
    int64_t delay_ms;
    if (parse_delay(cmd, &delay_ms) && restart_now(s->restart, delay_ms) < 0)
        reply_no_restart(cmd);
}

void debug_config_rewrite_force_all(struct cmd *cmd)
{
    const struct server *s = cmd->owner;
    int error = config_file(s->config) ? config_rewrite(s->config, /* force_all= */ true) : -EFAULT;
    if (error < 0)
        reply_errorf(cmd->reply, "ERR CONFIG-REWRITE-FORCE-ALL failed: %s", strerror(-error));
    else
        reply_ok(cmd->reply);
}

/* ---- the allocator ---- */

static const char *text_of(struct cmd *cmd, int i)
{
    char *text = arena_alloc(cmd->arena, cmd->argv[i].len + 1);
    memcpy(text, cmd->argv[i].ptr, cmd->argv[i].len);
    text[cmd->argv[i].len] = '\0';
    return text;
}

void debug_mallctl(struct cmd *cmd)
{
    int64_t value, before;
    bool sets = cmd->argc > 3;
    if (sets && !cmd_int(cmd, 3, &value, NULL))
        return;
    int error = mem_knob_number(text_of(cmd, 2), sets ? &value : NULL, &before);
    if (error < 0)
        reply_errorf(cmd->reply, "ERR %s", strerror(-error));
    else
        reply_int(cmd->reply, before);
}

void debug_mallctl_str(struct cmd *cmd)
{
    const char *before;
    int error = mem_knob_text(text_of(cmd, 2), cmd->argc > 3 ? text_of(cmd, 3) : NULL, &before);
    if (error < 0)
        reply_errorf(cmd->reply, "ERR %s", strerror(-error));
    else
        reply_bulk_str(cmd->reply, before ? before : "");
}

/* ---- what has nothing to act on ---- */

/* Switches of parts that this server does without, or does not have yet: it already is as the switch
 * would make it, so they are taken and change nothing. */
void debug_nothing_to_do(struct cmd *cmd)
{
    reply_ok(cmd->reply);
}

/* Replies are written into blocks of a pool that go back when they have been sent: there is no buffer
 * of a client's own to be resized, nor a peak to be forgotten. */
void debug_replybuffer(struct cmd *cmd)
{
    int64_t ms;
    if (cmd_is(cmd, 2, "resizing")) {
        reply_ok(cmd->reply);
        return;
    }
    if (!cmd_is(cmd, 2, "peak-reset-time")) {
        cmd_reply_subcommand_error(cmd);
        return;
    }
    bool is_word = cmd_is(cmd, 3, "never") || cmd_is(cmd, 3, "reset");
    if (is_word || cmd_int(cmd, 3, &ms, NULL))
        reply_ok(cmd->reply);
}

void debug_client_eviction(struct cmd *cmd)
{
    reply_error(cmd->reply, "ERR maxmemory-clients is disabled.");
}
