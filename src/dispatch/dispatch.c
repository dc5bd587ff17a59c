/* The dispatcher's life, its settings and its statistics. */
#include "dispatch/dispatch.h"

#include <openssl/crypto.h>
#include <openssl/sha.h>

#include "base/mem.h"
#include "dispatch/dispatch_priv.h"

static const struct directive_word protected_words[] = {
    { "no", ALLOWED_NO }, { "yes", ALLOWED_YES }, { "local", ALLOWED_LOCAL }, { NULL, 0 }
};

#define AT(field) offsetof(struct dispatch_settings, field)

static int apply_password(void *owner, const char **ret_error UNUSED)
{
    struct dispatch *d = owner;
    dispatch_gate_set(d, GATE_AUTH, dispatch_password_required(d));
    HOOK_CALL(d->hooks.password_changed);
    return 0;
}

static const struct directive directives[] = {
    { .name = "requirepass",
      .type = DIRECTIVE_STRING,
      .flags = DIRECTIVE_SENSITIVE | DIRECTIVE_EMPTY_IS_NULL,
      .offset = AT(requirepass),
      .initial = "",
      .apply = apply_password },
    { .name = "enable-debug-command",
      .type = DIRECTIVE_ENUM,
      .flags = DIRECTIVE_IMMUTABLE,
      .offset = AT(enable_debug_command),
      .initial = "no",
      .words = protected_words },
    { .name = "enable-module-command",
      .type = DIRECTIVE_ENUM,
      .flags = DIRECTIVE_IMMUTABLE,
      .offset = AT(enable_module_command),
      .initial = "no",
      .words = protected_words },
    { .name = "enable-protected-configs",
      .type = DIRECTIVE_ENUM,
      .flags = DIRECTIVE_IMMUTABLE,
      .offset = AT(enable_protected_configs),
      .initial = "no",
      .words = protected_words },
};

struct directive_table dispatch_directives(struct dispatch *d)
{
    return (struct directive_table){
        .rows = directives,
        .count = COUNT_OF(directives),
        .settings = &d->settings,
        .owner = d,
        .title = "Access",
    };
}

struct dispatch *dispatch_new(struct keyspace *ks, struct journal *journal)
{
    struct dispatch *d = mem_zalloc(sizeof(*d));
    d->keyspace = ks;
    d->journal = journal;
    registry_init(&d->registry);
    struct directive_table table = dispatch_directives(d);
    struct directive_table identity = dispatch_identity_directives(d);
    directive_init_all(&table);
    directive_init_all(&identity);
    dispatch_gate_set(d, GATE_PROTECTED, true);
    dispatch_time_sync(d);
    return d;
}

void dispatch_free(struct dispatch *d)
{
    if (!d)
        return;
    struct directive_table table = dispatch_directives(d);
    struct directive_table identity = dispatch_identity_directives(d);
    directive_done_all(&table);
    directive_done_all(&identity);
    registry_done(&d->registry);
    mem_free(d);
}

struct keyspace *dispatch_keyspace(const struct dispatch *d)
{
    return d->keyspace;
}

struct journal *dispatch_journal(const struct dispatch *d)
{
    return d->journal;
}

struct dispatch_hooks *dispatch_hooks(struct dispatch *d)
{
    return &d->hooks;
}

const struct dispatch_settings *dispatch_settings(const struct dispatch *d)
{
    return &d->settings;
}

const struct cmd *dispatch_current(const struct dispatch *d)
{
    return d->current;
}

/* ---- the default user's password ---- */

bool dispatch_password_required(const struct dispatch *d)
{
    return d->settings.requirepass != NULL && d->settings.requirepass[0] != '\0';
}

bool dispatch_password_ok(const struct dispatch *d, struct slice user, struct slice password)
{
    if (!slice_eq(user, SLICE("default")))
        return false;
    if (!dispatch_password_required(d))
        return true;

    /* Digests have one length, so the time says nothing about the password. */
    unsigned char given[SHA256_DIGEST_LENGTH], wanted[SHA256_DIGEST_LENGTH];
    struct slice required = slice_str(d->settings.requirepass);
    SHA256((const unsigned char *)password.ptr, password.len, given);
    SHA256((const unsigned char *)required.ptr, required.len, wanted);
    return CRYPTO_memcmp(given, wanted, sizeof(given)) == 0;
}

/* ---- statistics ---- */

uint64_t dispatch_commands_processed(const struct dispatch *d)
{
    return d->commands_processed;
}

/* Codes are made up by whoever makes an error: none may break INFO's lines. */
static void make_code(struct error_stat *stat, struct slice code)
{
    for (size_t i = 0; i < code.len; i++)
        stat->code[i] = strchr("#:=\r\n", code.ptr[i]) ? '_' : code.ptr[i];
    stat->code[code.len] = '\0';
}

static struct error_stat *error_stat_of(struct dispatch *d, struct slice code)
{
    struct error_stat made = { .count = 0 };
    make_code(&made, code);
    for (size_t i = 0; i < d->error_codes; i++)
        if (strcmp(made.code, d->errors[i].code) == 0)
            return &d->errors[i];
    if (d->error_codes == ERROR_CODES_MAX)
        return NULL;
    d->errors[d->error_codes] = made;
    return &d->errors[d->error_codes++];
}

void dispatch_count_error(struct dispatch *d, struct slice text)
{
    d->error_replies++;
    ptrdiff_t space = slice_find(text, ' ');
    struct slice code = slice_of(text.ptr, space < 0 ? text.len : (size_t)space);
    code.len = MIN_OF(code.len, (size_t)ERROR_CODE_LEN_MAX - 1);
    struct error_stat *stat = error_stat_of(d, code);
    if (stat)
        stat->count++;
    else
        d->errors_uncounted++;
}

static uint64_t metric_commands(const void *owner)
{
    return ((const struct dispatch *)owner)->commands_processed;
}

static uint64_t metric_errors(const void *owner)
{
    return ((const struct dispatch *)owner)->error_replies;
}

static void command_stat_line(const struct command_slot *slot, struct buf *out)
{
    if (slot->calls == 0 && slot->rejected == 0)
        return;
    double per_call = slot->calls ? (double)slot->ns / 1000.0 / (double)slot->calls : 0.0;
    buf_printf(out,
               "cmdstat_%s:calls=%llu,usec=%llu,usec_per_call=%.2f,rejected_calls=%llu,"
               "failed_calls=%llu\r\n",
               slot->full_name, (unsigned long long)slot->calls,
               (unsigned long long)(slot->ns / 1000), per_call, (unsigned long long)slot->rejected,
               (unsigned long long)slot->failed);
}

static void metric_command_stats(const void *owner, struct buf *out)
{
    const struct dispatch *d = owner;
    for (size_t i = 0; i < d->registry.count; i++) {
        const struct command_slot *slot = d->registry.in_order[i];
        command_stat_line(slot, out);
        for (uint32_t sub = 0; sub < slot->sub_count; sub++)
            command_stat_line(&slot->subs[sub], out);
    }
}

static void metric_error_stats(const void *owner, struct buf *out)
{
    const struct dispatch *d = owner;
    for (size_t i = 0; i < d->error_codes; i++)
        buf_printf(out, "errorstat_%s:count=%llu\r\n", d->errors[i].code,
                   (unsigned long long)d->errors[i].count);
}

static void slot_reset(struct command_slot *slot)
{
    slot->calls = slot->ns = slot->rejected = slot->failed = 0;
    for (uint32_t i = 0; i < slot->sub_count; i++)
        slot_reset(&slot->subs[i]);
}

static void reset_statistics(void *owner)
{
    struct dispatch *d = owner;
    for (size_t i = 0; i < d->registry.count; i++)
        slot_reset(d->registry.in_order[i]);
    d->commands_processed = d->error_replies = d->errors_uncounted = 0;
    d->error_codes = 0;
}

static const struct metric metrics[] = {
    { .section = "Stats", .name = "total_commands_processed", .count = metric_commands },
    { .section = "Stats", .name = "total_error_replies", .count = metric_errors },
    { .section = "Commandstats", .text = metric_command_stats, .flags = METRIC_ONLY_ALL },
    { .section = "Errorstats", .text = metric_error_stats },
};

struct metric_table dispatch_metrics(struct dispatch *d)
{
    return (struct metric_table){
        .rows = metrics,
        .count = COUNT_OF(metrics),
        .owner = d,
        .reset = reset_statistics,
    };
}

void dispatch_register_own(struct dispatch *d)
{
    dispatch_register(d, &(struct command_table){ session_rows, session_row_count, d });
    dispatch_register(d, &(struct command_table){ &command_row, 1, d });
}
