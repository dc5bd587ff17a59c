#include "base/assert.h"

#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "tests/unit/check.h"

/* Ends the process by its own means, so that its being called can be told from abort(). */
static void leave(const char *cond, const char *file, int line)
{
    (void)file;
    (void)line;
    _exit(cond[0] == '1' ? 0 : 1);
}

static void fail_again(const char *cond, const char *file, int line)
{
    (void)cond;
    (void)file;
    (void)line;
    ASSERT(3 > 4);
}

static void restore_and_fail(void)
{
    assert_set_handler(leave);
    assert_set_handler(NULL);
    ASSERT(1 > 2);
}

static void fail_with(assert_handler handler)
{
    assert_set_handler(handler);
    ASSERT(1 > 2);
}

TEST(a_failed_assertion_aborts)
{
    CHECK_ABORTS(ASSERT(1 > 2));
}

TEST(a_true_condition_passes_and_is_evaluated_once)
{
    int count = 0;
    ASSERT(++count == 1);
    CHECK_INT(count, 1);
}

TEST(the_handler_is_told_the_condition)
{
    pid_t pid = fork();
    CHECK(pid >= 0);
    if (pid == 0)
        fail_with(leave);
    int status = -1;
    CHECK_INT(waitpid(pid, &status, 0), pid);
    CHECK(WIFEXITED(status));
    CHECK_INT(WEXITSTATUS(status), 0);
}

TEST(a_handler_that_fails_itself_does_not_come_back)
{
    CHECK_ABORTS(fail_with(fail_again));
}

TEST(null_restores_the_default)
{
    CHECK_ABORTS(restore_and_fail());
}

/* Leaves with 0 if it is told the words that fail_by_panic says. */
static void leave_for(const char *text, const char *file, int line)
{
    (void)file;
    (void)line;
    _exit(strcmp(text, "no 3 of 4") == 0 ? 0 : 1);
}

static void fail_by_panic(void)
{
    panic_set_handler(leave_for);
    PANIC("no %d of %s", 3, "4");
}

TEST(a_panic_aborts)
{
    CHECK_ABORTS(PANIC("no way"));
}

TEST(the_handler_of_panics_is_told_the_words)
{
    pid_t pid = fork();
    CHECK(pid >= 0);
    if (pid == 0)
        fail_by_panic();
    int status = -1;
    CHECK_INT(waitpid(pid, &status, 0), pid);
    CHECK(WIFEXITED(status));
    CHECK_INT(WEXITSTATUS(status), 0);
}

TEST(expect_never_yields_its_condition)
{
    CHECK(EXPECT_NEVER(2 > 1));
    CHECK(!EXPECT_NEVER(1 > 2));
}
