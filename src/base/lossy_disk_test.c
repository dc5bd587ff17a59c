#include "base/lossy_disk.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

#include "tests/unit/check.h"

/* A root and a shadow for one test. The disk is used by children, so that its power can go. */
struct world {
    char dir[64];
    char root[80], shadow[80];
};

static void rules_none(struct lossy_control *c UNUSED)
{
}

static struct world world_new(void)
{
    struct world w = { .dir = "/tmp/lossy_test.XXXXXX" };
    CHECK_PTR_NOT_NULL(mkdtemp(w.dir));
    (void)snprintf(w.root, sizeof(w.root), "%s/root", w.dir);
    (void)snprintf(w.shadow, sizeof(w.shadow), "%s/shadow", w.dir);
    CHECK_INT(mkdir(w.root, 0700), 0);
    CHECK_INT(mkdir(w.shadow, 0700), 0);
    return w;
}

static void world_done(struct world *w)
{
    char command[96];
    (void)snprintf(command, sizeof(command), "rm -rf %s", w->dir);
    CHECK_INT(system(command), 0);
}

static void put(const char *path, const char *text, int flags)
{
    int fd = file_open(path, O_WRONLY | O_CREAT | flags, 0600);
    if (fd < 0 || file_write_all(fd, slice_str(text)) < 0)
        _exit(9);
    (void)file_close(fd);
}

static void put_synced(const char *path, const char *text, int flags)
{
    put(path, text, flags);
    int fd = file_open(path, O_WRONLY, 0);
    if (fd < 0 || file_sync(fd) < 0 || file_close(fd) < 0)
        _exit(9);
}

/* Runs the work in a child, in the root's folder and on the disk; its exit status, or minus the
 * signal that ended it. */
static int run(struct world *w, void (*rules)(struct lossy_control *), void (*work)(void))
{
    int status;
    pid_t pid = fork();
    CHECK(pid >= 0);
    if (pid == 0) {
        if (chdir(w->root) < 0)
            _exit(8);
        struct lossy_disk *disk = lossy_disk_new(".", "../shadow");
        rules(lossy_disk_control(disk));
        work();
        _exit(0);
    }
    CHECK_INT(waitpid(pid, &status, 0), pid);
    return WIFSIGNALED(status) ? -WTERMSIG(status) : WEXITSTATUS(status);
}

/* What would be found under the name: `want`, or nothing if it is NULL. */
static void check_durable(const struct world *w, const char *name, const char *want)
{
    char path[160];
    struct buf found;
    (void)snprintf(path, sizeof(path), "%s/durable/%s", w->shadow, name);
    buf_init(&found, 1 << 20);
    CHECK_INT(file_read_whole(path, &found), want ? 0 : -ENOENT);
    buf_append_char(&found, 0);
    CHECK_STR(buf_slice(&found).ptr, want ? want : "");
    buf_done(&found);
}

static void writes_and_syncs(void)
{
    put("a", "one", 0);
    put_synced("b", "two", 0);
    (void)!file_sync_dir(".");
    put("b", "+more", O_APPEND);
    put_synced("c", "three", 0);
}

TEST(bytes_and_names_that_were_not_synced_are_lost)
{
    struct world w = world_new();
    CHECK_INT(run(&w, rules_none, writes_and_syncs), 0);
    check_durable(&w, "a", "");
    check_durable(&w, "b", "two");
    check_durable(&w, "c", NULL);
    world_done(&w);
}

static void grows_and_overwrites(void)
{
    put_synced("old", "!", O_APPEND);
    put_synced("sub/old", "TH", 0);
    put("gone", "", O_TRUNC);
    (void)!file_unlink("kept");
}

TEST(what_was_there_at_the_start_is_durable)
{
    struct world w = world_new();
    char sub[96];
    (void)snprintf(sub, sizeof(sub), "%s/sub", w.root);
    CHECK_INT(chdir(w.root), 0);
    put("old", "one", 0);
    put("gone", "two", 0);
    put("kept", "kept", 0);
    CHECK_INT(mkdir(sub, 0700), 0);
    put("sub/old", "three", 0);
    CHECK_INT(chdir("/"), 0);
    CHECK_INT(run(&w, rules_none, grows_and_overwrites), 0);
    check_durable(&w, "old", "one!");
    check_durable(&w, "sub/old", "THree");
    check_durable(&w, "gone", "two");
    check_durable(&w, "kept", "kept");
    world_done(&w);
}

static void renames(void)
{
    put_synced("temp-1", "new", 0);
    put_synced("name-1", "old", 0);
    put("temp-2", "never synced", 0);
    put_synced("name-2", "old", 0);
    (void)!file_sync_dir(".");
    (void)!file_rename("temp-2", "name-2");
    (void)!file_sync_dir(".");
    (void)!file_rename("temp-1", "name-1");
}

TEST(a_rename_counts_when_its_folder_is_synced_and_may_lead_to_an_empty_file)
{
    struct world w = world_new();
    CHECK_INT(run(&w, rules_none, renames), 0);
    check_durable(&w, "name-1", "old");
    check_durable(&w, "temp-1", "new");
    check_durable(&w, "name-2", "");
    check_durable(&w, "temp-2", NULL);
    world_done(&w);
}

static void makes_folders(void)
{
    (void)!file_mkdir("known", 0700);
    (void)!file_mkdir("unknown", 0700);
    put_synced("known/a", "a", 0);
    put_synced("unknown/a", "a", 0);
    (void)!file_sync_dir("unknown");
    (void)!file_unlink("unknown/a");
    put_synced("unknown/b", "b", 0);
    (void)!file_sync_dir("known");
    int fd = file_open("known/a", O_WRONLY, 0);
    (void)!file_truncate(fd, 0);
    (void)!file_rename("unknown/b", "known/b");
}

static void makes_folders_and_syncs(void)
{
    makes_folders();
    (void)!file_sync_dir(".");
}

TEST(a_folder_is_a_name_and_has_names_of_its_own)
{
    struct world w = world_new();
    CHECK_INT(run(&w, rules_none, makes_folders), 0);
    check_durable(&w, "known/a", NULL);
    world_done(&w);

    w = world_new();
    CHECK_INT(run(&w, rules_none, makes_folders_and_syncs), 0);
    check_durable(&w, "known/a", "a");
    check_durable(&w, "known/b", NULL);
    check_durable(&w, "unknown/a", "a");
    check_durable(&w, "unknown/b", NULL);
    world_done(&w);
}

/* open, write, sync, open, sync of the folder */
static void creates_synced(void)
{
    int fd = file_open("a", O_WRONLY | O_CREAT, 0600);
    (void)!file_write(fd, "bytes", 5);
    (void)!file_sync(fd);
    (void)!file_sync_dir(".");
}

static uint64_t cut_at;

static void rules_cut(struct lossy_control *c)
{
    atomic_store(&c->cut_at, cut_at);
}

TEST(power_goes_at_any_call)
{
    for (cut_at = 1; cut_at <= 6; cut_at++) {
        struct world w = world_new();
        CHECK_INT(run(&w, rules_cut, creates_synced), cut_at < 6 ? -SIGKILL : 0);
        check_durable(&w, "a", cut_at < 6 ? NULL : "bytes");
        world_done(&w);
    }
}

static void forks(void)
{
    put_synced("a", "parent", 0);
    (void)!file_sync_dir(".");
    pid_t pid = fork();
    if (pid == 0) {
        put_synced("b", "child", 0);
        _exit(0);
    }
    for (;;)
        pause();
}

TEST(a_cut_in_a_child_ends_its_parent)
{
    struct world w = world_new();
    cut_at = 7; /* the child's sync */
    CHECK_INT(run(&w, rules_cut, forks), -SIGKILL);
    check_durable(&w, "a", "parent");
    check_durable(&w, "b", NULL);
    world_done(&w);
}

static void forks_and_closes(void)
{
    pid_t pid = fork();
    if (pid == 0) {
        if (close_range(3, ~0u, 0) < 0)
            _exit(9);
        put_synced("a", "child", 0);
        (void)!file_sync_dir(".");
        _exit(0);
    }
    (void)waitpid(pid, NULL, 0);
}

TEST(a_child_that_closes_all_descriptors_is_still_on_the_disk)
{
    struct world w = world_new();
    CHECK_INT(run(&w, rules_none, forks_and_closes), 0);
    check_durable(&w, "a", "child");
    world_done(&w);
}

static uint64_t seed;

static void rules_seed(struct lossy_control *c)
{
    atomic_store(&c->seed, seed);
}

static void writes_unsynced(void)
{
    put("a", "0123456789", 0);
}

TEST(with_a_seed_a_part_of_what_was_not_synced_may_be_there)
{
    bool seen_none = false, seen_part = false;
    for (seed = 1; seed < 60; seed++) {
        struct world w = world_new();
        char path[160];
        struct buf found;
        (void)snprintf(path, sizeof(path), "%s/durable/a", w.shadow);
        CHECK_INT(run(&w, rules_seed, writes_unsynced), 0);
        buf_init(&found, 100);
        int rc = file_read_whole(path, &found);
        seen_none |= rc == -ENOENT;
        seen_part |= rc == 0 && found.len > 0 && found.len < 10;
        CHECK(rc < 0 || found.len == 0 ||
              memcmp(buf_slice(&found).ptr, "0123456789", found.len) == 0);
        buf_done(&found);
        world_done(&w);
    }
    CHECK(seen_none);
    CHECK(seen_part);
}

static void rules_fail(struct lossy_control *c)
{
    atomic_store(&c->fail_errno, EIO);
    atomic_store(&c->fail_count, 1);
    atomic_store(&c->fail_at, 3);
    atomic_store(&c->short_at, 5);
}

static void meets_errors(void)
{
    int fd = file_open("a", O_WRONLY | O_CREAT, 0600);
    if (file_write(fd, "ab", 2) != 2 || file_sync(fd) != -EIO || file_sync(fd) != 0)
        _exit(1);
    if (file_write(fd, "cdef", 4) != 2 || file_write(fd, "cdef", 4) != 4)
        _exit(2);
    (void)!file_sync_dir(".");
}

TEST(the_call_with_the_number_fails_and_the_one_behind_it_does_not)
{
    struct world w = world_new();
    CHECK_INT(run(&w, rules_fail, meets_errors), 0);
    check_durable(&w, "a", "ab");
    world_done(&w);
}

static void meets_errors_and_syncs(void)
{
    meets_errors();
    int fd = file_open("a", O_WRONLY, 0);
    (void)!file_sync(fd);
}

static void rules_forget(struct lossy_control *c)
{
    atomic_store(&c->forgets, 1);
    rules_fail(c);
}

TEST(a_failed_sync_may_forget_what_it_had_to_bring)
{
    struct world w = world_new();
    char path[160];
    struct buf found;
    CHECK_INT(run(&w, rules_forget, meets_errors_and_syncs), 0);
    (void)snprintf(path, sizeof(path), "%s/durable/a", w.shadow);
    buf_init(&found, 100);
    CHECK_INT(file_read_whole(path, &found), 0);
    CHECK_SLICE(buf_slice(&found), "\0\0cdcdef");
    buf_done(&found);
    world_done(&w);
}

static void rules_no_sync(struct lossy_control *c)
{
    atomic_store(&c->fail_errno, EIO);
    atomic_store(&c->fail_ops, 1u << LOSSY_SYNC | 1u << LOSSY_RENAME);
    atomic_store(&c->fail_at, 1);
    atomic_store(&c->capacity, 5);
}

static void fills_up(void)
{
    int fd = file_open("a", O_WRONLY | O_CREAT, 0600);
    if (file_write(fd, "abc", 3) != 3 || file_write(fd, "def", 3) != 2)
        _exit(1);
    if (file_write(fd, "f", 1) != -ENOSPC || file_sync(fd) != -EIO ||
        file_rename("a", "b") != -EIO || file_unlink("a") != 0)
        _exit(2);
    int pipes[2];
    if (pipe(pipes) < 0 || file_write(pipes[1], "not a file", 10) != 10)
        _exit(3);
}

TEST(a_disk_is_full_and_kinds_of_calls_fail_for_good)
{
    struct world w = world_new();
    CHECK_INT(run(&w, rules_no_sync, fills_up), 0);
    world_done(&w);
}

static void reuses_a_number(void)
{
    struct stat first, second;
    put_synced("a", "first", 0);
    (void)!file_sync_dir(".");
    (void)!file_stat("a", &first);
    (void)!file_unlink("a");
    for (int i = 0; i < 50; i++) { /* until the number is given again, where that is done */
        put("b", "second", 0);
        (void)!file_stat("b", &second);
        if (first.st_ino == second.st_ino)
            break;
        (void)!file_unlink("b");
    }
}

TEST(a_file_that_gets_the_number_of_another_has_nothing_of_it)
{
    struct world w = world_new();
    CHECK_INT(run(&w, rules_none, reuses_a_number), 0);
    check_durable(&w, "a", "first");
    check_durable(&w, "b", NULL);
    world_done(&w);
}
