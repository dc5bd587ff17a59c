/* The dispatcher's life and its settings. */
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
      .summary = "The password of the default user, whom AUTH logs in. Empty: every "
                 "client may do everything, and protected-mode decides from where. Make "
                 "it long: many can be tried in a second.",
      .apply = apply_password },
    { .name = "enable-debug-command",
      .type = DIRECTIVE_ENUM,
      .flags = DIRECTIVE_IMMUTABLE,
      .offset = AT(enable_debug_command),
      .initial = "no",
      .summary = "Who may use DEBUG, which can stop or slow the server: nobody, "
                 "everybody, or clients of this machine.",
      .words = protected_words },
    { .name = "enable-module-command",
      .type = DIRECTIVE_ENUM,
      .flags = DIRECTIVE_IMMUTABLE,
      .offset = AT(enable_module_command),
      .initial = "no",
      .summary = "Who may use MODULE, which runs code of others in the server: nobody, "
                 "everybody, or clients of this machine.",
      .words = protected_words },
    { .name = "enable-protected-configs",
      .type = DIRECTIVE_ENUM,
      .flags = DIRECTIVE_IMMUTABLE,
      .offset = AT(enable_protected_configs),
      .initial = "no",
      .summary = "Who may change protected directives by CONFIG SET, which reach beyond "
                 "the data: nobody, everybody, or clients of this machine.",
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
    observe_init(d);
    waiting_init(&d->waiting);
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
    observe_done(d);
    interests_done(d);
    waiting_done(&d->waiting);
    registry_done(&d->registry);
    for (size_t i = 0; i < DISK_USER_COUNT; i++)
        mem_free(d->disk_errors[i]);
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

void dispatch_register_own(struct dispatch *d)
{
    dispatch_register(d, &(struct command_table){ session_rows, session_row_count, d });
    dispatch_register(d, &(struct command_table){ multi_rows, multi_row_count, d });
    dispatch_register(d, &(struct command_table){ watch_rows, watch_row_count, d });
    dispatch_register(d, &(struct command_table){ &command_row, 1, d });
    dispatch_register(d, &(struct command_table){ commandlog_rows, commandlog_row_count, d });
    dispatch_register(d, &(struct command_table){ &latency_row, 1, d });
}
