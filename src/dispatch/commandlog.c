/* Entries of a command log: what is kept of a request, in one block. */
#include "dispatch/commandlog.h"

#include <stdio.h>

#include "base/mem.h"
#include "dispatch/cmd.h"

#define REDACTED SLICE("(redacted)")
/* "... (18446744073709551615 more arguments)" */
#define NOTE_MAX 64

void commandlog_init(struct commandlog *log)
{
    list_init(&log->entries);
    log->count = log->next_id = 0;
}

void commandlog_trim(struct commandlog *log, int64_t max)
{
    while (log->count > max) {
        struct list *oldest = log->entries.prev;
        list_unlink(oldest);
        mem_free(LIST_ENTRY(oldest, struct commandlog_entry, in_log));
        log->count--;
    }
}

void commandlog_reset(struct commandlog *log)
{
    commandlog_trim(log, 0);
}

/* How an argument is shown: its first bytes, and a note about what was left out. */
struct shown {
    struct slice bytes;
    char note[NOTE_MAX];
    size_t note_len;
};

static void note(struct shown *shown, size_t left_out, const char *what)
{
    int len = snprintf(shown->note, sizeof(shown->note), "... (%zu more %s)", left_out, what);
    shown->note_len = (size_t)len;
}

static void show_arg(const struct commandlog_record *record, int i, struct shown *ret_shown)
{
    struct slice arg = record->argv[i];
    *ret_shown = (struct shown){ .bytes = arg };
    if (i == COMMANDLOG_ARGS_MAX - 1 && record->argc > COMMANDLOG_ARGS_MAX) {
        ret_shown->bytes.len = 0;
        note(ret_shown, (size_t)(record->argc - i), "arguments");
    } else if (command_arg_is_secret(record->row, record->owner, record->argv, record->argc, i)) {
        ret_shown->bytes = REDACTED;
    } else if (arg.len > COMMANDLOG_ARG_BYTES_MAX) {
        ret_shown->bytes.len = COMMANDLOG_ARG_BYTES_MAX;
        note(ret_shown, arg.len - COMMANDLOG_ARG_BYTES_MAX, "bytes");
    }
}

/* Copies to `*at`, which moves behind the copy. */
static struct slice put(char **at, struct slice bytes)
{
    struct slice copy = slice_of(*at, bytes.len);
    if (bytes.len)
        memcpy(*at, bytes.ptr, bytes.len);
    *at += bytes.len;
    return copy;
}

void commandlog_add(struct commandlog *log, const struct commandlog_record *record, int64_t max)
{
    struct shown shown[COMMANDLOG_ARGS_MAX];
    int argc = MIN_OF(record->argc, COMMANDLOG_ARGS_MAX);
    size_t bytes = record->address.len + record->name.len;
    for (int i = 0; i < argc; i++) {
        show_arg(record, i, &shown[i]);
        bytes += shown[i].bytes.len + shown[i].note_len;
    }

    size_t head = sizeof(struct commandlog_entry) + (size_t)argc * sizeof(struct slice);
    struct commandlog_entry *entry = mem_alloc(head + bytes);
    char *at = (char *)entry + head;
    entry->id = log->next_id++;
    entry->unix_s = record->unix_s;
    entry->amount = record->amount;
    entry->argc = argc;
    for (int i = 0; i < argc; i++) {
        entry->argv[i] = put(&at, shown[i].bytes);
        entry->argv[i].len += put(&at, slice_of(shown[i].note, shown[i].note_len)).len;
    }
    entry->address = put(&at, record->address);
    entry->name = put(&at, record->name);
    list_push_front(&log->entries, &entry->in_log);
    log->count++;
    commandlog_trim(log, max);
}
