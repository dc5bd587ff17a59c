/* Logs of commands: what an entry keeps, and which entries stay. */
#include "dispatch/commandlog.h"

#include "tests/unit/check.h"

static const struct command plain = { .name = "plain" };
static const struct command secret = { .name = "secret", .flags = CMD_SECRET_ARGS };

static bool second_is_secret(void *owner, const struct slice *argv, int argc, int i)
{
    CHECK_STR(owner, "owner");
    CHECK_INT(argc, 3);
    return slice_eq(argv[i], SLICE("hunter2"));
}

static const struct command partly = { .name = "partly",
                                       .flags = CMD_SECRET_ARGS,
                                       .is_secret = second_is_secret };

static const struct commandlog_entry *newest(const struct commandlog *log)
{
    CHECK(!list_is_empty(&log->entries));
    return LIST_ENTRY(log->entries.next, struct commandlog_entry, in_log);
}

static struct commandlog_record record_of(const struct command *row, const struct slice *argv,
                                          int argc)
{
    return (struct commandlog_record){ .row = row,
                                       .owner = "owner",
                                       .argv = argv,
                                       .argc = argc,
                                       .unix_s = 1700000000,
                                       .amount = 42,
                                       .address = SLICE("1.2.3.4:5"),
                                       .name = SLICE("bob") };
}

static void add(struct commandlog *log, const struct command *row, const struct slice *argv,
                int argc)
{
    struct commandlog_record record = record_of(row, argv, argc);
    commandlog_add(log, &record, 10);
}

TEST(an_entry_keeps_copies)
{
    struct commandlog log;
    char key[] = "key";
    const struct slice argv[] = { SLICE("GET"), slice_of(key, 3), SLICE("") };
    commandlog_init(&log);
    add(&log, &plain, argv, 3);
    key[0] = 'x';
    const struct commandlog_entry *e = newest(&log);
    CHECK_INT(e->id, 0);
    CHECK_INT(e->unix_s, 1700000000);
    CHECK_UINT(e->amount, 42);
    CHECK_INT(e->argc, 3);
    CHECK_SLICE(e->argv[0], "GET");
    CHECK_SLICE(e->argv[1], "key");
    CHECK_SLICE(e->argv[2], "");
    CHECK_SLICE(e->address, "1.2.3.4:5");
    CHECK_SLICE(e->name, "bob");
    commandlog_reset(&log);
}

TEST(long_arguments_are_cut_and_say_so)
{
    struct commandlog log;
    char bytes[130];
    memset(bytes, 'a', sizeof(bytes));
    const struct slice argv[] = { slice_of(bytes, 128), slice_of(bytes, 129),
                                  slice_of(bytes, 130) };
    commandlog_init(&log);
    add(&log, &plain, argv, 3);
    const struct commandlog_entry *e = newest(&log);
    CHECK_UINT(e->argv[0].len, 128);
    CHECK_SLICE(slice_from(e->argv[1], 128), "... (1 more bytes)");
    CHECK_SLICE(slice_from(e->argv[2], 128), "... (2 more bytes)");
    commandlog_reset(&log);
}

TEST(many_arguments_are_cut_and_say_so)
{
    struct commandlog log;
    struct slice argv[100];
    for (size_t i = 0; i < COUNT_OF(argv); i++)
        argv[i] = SLICE("x");
    commandlog_init(&log);
    add(&log, &plain, argv, 32);
    CHECK_INT(newest(&log)->argc, 32);
    CHECK_SLICE(newest(&log)->argv[31], "x");
    add(&log, &plain, argv, 33);
    CHECK_INT(newest(&log)->argc, 32);
    CHECK_SLICE(newest(&log)->argv[30], "x");
    CHECK_SLICE(newest(&log)->argv[31], "... (2 more arguments)");
    add(&log, &plain, argv, 100);
    CHECK_SLICE(newest(&log)->argv[31], "... (69 more arguments)");
    commandlog_reset(&log);
}

TEST(secrets_are_not_kept)
{
    struct commandlog log;
    const struct slice argv[] = { SLICE("AUTH"), SLICE("joe"), SLICE("hunter2") };
    commandlog_init(&log);
    add(&log, &secret, argv, 3);
    CHECK_SLICE(newest(&log)->argv[0], "AUTH");
    CHECK_SLICE(newest(&log)->argv[1], "(redacted)");
    CHECK_SLICE(newest(&log)->argv[2], "(redacted)");
    add(&log, &partly, argv, 3);
    CHECK_SLICE(newest(&log)->argv[1], "joe");
    CHECK_SLICE(newest(&log)->argv[2], "(redacted)");
    commandlog_reset(&log);
}

TEST(the_oldest_go_and_ids_go_on)
{
    struct commandlog log;
    const struct slice argv[] = { SLICE("PING") };
    commandlog_init(&log);
    for (int i = 0; i < 25; i++)
        add(&log, &plain, argv, 1);
    CHECK_INT(log.count, 10);
    int64_t id = 24;
    LIST_FOR_EACH_SAFE(at, &log.entries)
    {
        CHECK_INT(LIST_ENTRY(at, struct commandlog_entry, in_log)->id, id);
        id--;
    }
    CHECK_INT(id, 14);
    commandlog_trim(&log, 3);
    CHECK_INT(log.count, 3);
    CHECK_INT(newest(&log)->id, 24);
    commandlog_reset(&log);
    CHECK_INT(log.count, 0);
    add(&log, &plain, argv, 1);
    CHECK_INT(newest(&log)->id, 25);
    commandlog_reset(&log);
}
