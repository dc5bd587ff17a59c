/* DEBUG: what tests and operators look into, behind enable-debug-command.
 *
 * A subcommand is a row, with its own lines of HELP. What belongs to parts that this server does not
 * have is unknown. */
#include "base/num.h"
#include "server/debug_priv.h"
#include "server/verbs.h"

#define HELP_LINES_MAX 192
#define ANY INT32_MAX

static void debug_help(struct cmd *cmd);

static const struct debug_verb {
    const char *name;
    int argc_min, argc_max; /* with DEBUG and the name */
    command_run run;
    const char *usage;    /* NULL: another name of something */
    const char *lines[3]; /* what HELP says below */
} verbs[] = {
    { "aof-flush-sleep",
      3,
      3,
      debug_aof_flush_sleep,
      "AOF-FLUSH-SLEEP <microseconds>",
      { "    Sleep that long before each write to the append only file." } },
    { "assert", 2, ANY, debug_assert, "ASSERT", { "    Crash by a failed assertion." } },
    { "client-enforce-reply-list",
      3,
      3,
      debug_nothing_to_do,
      "CLIENT-ENFORCE-REPLY-LIST <0|1>",
      { "    Accepted; replies always are lists of blocks." } },
    { "client-eviction",
      2,
      2,
      debug_client_eviction,
      "CLIENT-EVICTION",
      { "    Return the pools from which clients would be evicted." } },
    { "config-rewrite-force-all",
      2,
      2,
      debug_config_rewrite_force_all,
      "CONFIG-REWRITE-FORCE-ALL",
      { "    Like CONFIG REWRITE, with every directive." } },
    { "crash-and-recover",
      2,
      ANY,
      debug_crash_and_recover,
      "CRASH-AND-RECOVER [<milliseconds>]",
      { "    Start the program anew at once, after a delay; nothing is ended in order." } },
    { "dict-resizing",
      3,
      3,
      debug_dict_resizing,
      "DICT-RESIZING <0|1>",
      { "    With 0, tables neither split nor merge buckets, as while a child saves." } },
    { "digest", 2, 2, debug_digest, "DIGEST", { "    Return a digest of all data." } },
    { "digest-value",
      2,
      ANY,
      debug_digest_value,
      "DIGEST-VALUE <key> [<key> ...]",
      { "    Return a digest of each value." } },
    { "error", 3, 3, debug_error, "ERROR <string>", { "    Return an error with that text." } },
    { "htstats",
      3,
      4,
      debug_htstats,
      "HTSTATS <dbid> [full]",
      { "    Return how full the buckets of a database's table are." } },
    { "htstats-key",
      3,
      4,
      debug_htstats_key,
      "HTSTATS-KEY <key> [full]",
      { "    The same for the table of a value." } },
    { "leak",
      3,
      3,
      debug_leak,
      "LEAK <string>",
      { "    Lose the memory of a copy of the string." } },
    { "listpack",
      3,
      3,
      debug_listpack,
      "LISTPACK <key>",
      { "    Print what a packed list holds to the standard output." } },
    { "loadaof",
      2,
      2,
      debug_loadaof,
      "LOADAOF",
      { "    Write the append-only file to its end, remove all data and load it from there." } },
    { "log", 3, 3, debug_log, "LOG <message>", { "    Write a message to the log." } },
    { "mallctl",
      3,
      ANY,
      debug_mallctl,
      "MALLCTL <name> [<number>]",
      { "    Return a number of the allocator's, and set it." } },
    { "mallctl-str",
      3,
      ANY,
      debug_mallctl_str,
      "MALLCTL-STR <name> [<text>]",
      { "    The same for a text." } },
    { "object",
      3,
      4,
      debug_object,
      "OBJECT <key> [fast]",
      { "    Return how a value is kept; fast leaves out its serialized length." } },
    { "oom", 2, ANY, debug_oom, "OOM", { "    Crash as if there were no memory." } },
    { "panic", 2, ANY, debug_panic, "PANIC", { "    Crash by a panic." } },
    { "pause-after-fork",
      3,
      3,
      debug_pause_after_fork,
      "PAUSE-AFTER-FORK <0|1>",
      { "    With 1, the server stops itself by SIGSTOP whenever it has forked." } },
    { "pause-cron",
      3,
      3,
      debug_pause_cron,
      "PAUSE-CRON <0|1>",
      { "    With 1, nothing is done periodically." } },
    { "populate",
      3,
      5,
      debug_populate,
      "POPULATE <count> [<prefix>] [<size>]",
      { "    Create <count> strings <prefix>:<number>, key:<number> by default; values are cut",
        "    or filled to <size> bytes. No effect is journaled." } },
    { "protocol",
      3,
      3,
      debug_protocol,
      "PROTOCOL <type>",
      { "    Return a value of a protocol type: string, integer, double, bignum, null, array,",
        "    set, map, attrib, push, verbatim, true, false." } },
    { "quicklist",
      3,
      4,
      debug_quicklist,
      "QUICKLIST <key> [<0|1>]",
      { "    Print the packs of a list to the standard output; with 1 their values, too." } },
    { "quicklist-packed-threshold",
      3,
      3,
      debug_quicklist_packed_threshold,
      "QUICKLIST-PACKED-THRESHOLD <size>",
      { "    In lists that are made from now on, values of so many bytes have a pack of their",
        "    own. 0 for those that are too big for a pack." } },
    { "reload",
      2,
      ANY,
      debug_reload,
      "RELOAD [MERGE] [NOFLUSH] [NOSAVE]",
      { "    Save all data, remove it and load it again. NOSAVE takes the file that is there,",
        "    NOFLUSH keeps what is in memory, MERGE lets keys of the file replace it." } },
    { "replybuffer",
      4,
      4,
      debug_replybuffer,
      "REPLYBUFFER <PEAK-RESET-TIME <NEVER|RESET|milliseconds>|RESIZING <0|1>>",
      { "    Accepted; clients have no reply buffers of their own." } },
    { "restart",
      2,
      ANY,
      debug_restart,
      "RESTART [<milliseconds>]",
      { "    Write the configuration, shut down, and start anew after a delay." } },
    { "segfault",
      2,
      ANY,
      debug_segfault,
      "SEGFAULT",
      { "    Crash by a forbidden access to memory." } },
    { "set-active-expire",
      3,
      3,
      debug_set_active_expire,
      "SET-ACTIVE-EXPIRE <0|1>",
      { "    With 0, keys expire only when they are accessed." } },
    { "set-disable-deny-scripts",
      3,
      3,
      debug_nothing_to_do,
      "SET-DISABLE-DENY-SCRIPTS <0|1>",
      { "    Accepted; there are no scripts." } },
    { "set-skip-checksum-validation",
      3,
      3,
      debug_set_skip_checksum,
      "SET-SKIP-CHECKSUM-VALIDATION <0|1>",
      { "    With 1, RESTORE takes payloads whose checksum is wrong." } },
    { "sigalrm", 2, 2, debug_sigalrm, "SIGALRM", { "    Log the stack, as the watchdog does." } },
    { "sleep",
      3,
      3,
      debug_sleep,
      "SLEEP <seconds>",
      { "    Stand still that long. Decimals allowed." } },
    { "stringmatch-len",
      4,
      4,
      debug_stringmatch_len,
      "STRINGMATCH-LEN <pattern> <string>",
      { "    Return whether a pattern of KEYS matches a string." } },
    { "structsize",
      2,
      2,
      debug_structsize,
      "STRUCTSIZE",
      { "    Return the sizes of some structures." } },
    { "ziplist", 3, 3, debug_listpack, NULL, { NULL } },
    { "help", 2, 2, debug_help, NULL, { NULL } },
};

static void debug_help(struct cmd *cmd)
{
    const char *lines[HELP_LINES_MAX];
    size_t count = 0;
    static_assert(COUNT_OF(verbs) * (COUNT_OF(verbs[0].lines) + 1) < HELP_LINES_MAX,
                  "HELP has room for all rows");
    for (size_t i = 0; i < COUNT_OF(verbs); i++) {
        if (!verbs[i].usage)
            continue;
        lines[count++] = verbs[i].usage;
        for (size_t l = 0; l < COUNT_OF(verbs[i].lines) && verbs[i].lines[l]; l++)
            lines[count++] = verbs[i].lines[l];
    }
    lines[count] = NULL;
    cmd_reply_help(cmd, lines);
}

bool debug_flag(const struct cmd *cmd, int i)
{
    int64_t value;
    return num_parse_int(cmd->argv[i], &value) && value != 0;
}

void cmd_debug(struct cmd *cmd)
{
    for (size_t i = 0; i < COUNT_OF(verbs); i++) {
        const struct debug_verb *verb = &verbs[i];
        if (!cmd_is(cmd, 1, verb->name))
            continue;
        if (cmd->argc < verb->argc_min || cmd->argc > verb->argc_max)
            break;
        verb->run(cmd);
        return;
    }
    cmd_reply_subcommand_error(cmd);
}
