/* What execve needs, kept. */
#include "server/restart.h"

#include <errno.h>
#include <limits.h>
#include <signal.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "base/log.h"
#include "base/mem.h"
#include "server/crash.h"

struct restart {
    char *program; /* absolute; NULL if the system does not say */
    char *folder;
    char **argv;
    bool is_asked;
    int64_t delay_ms;
};

struct restart *restart_new(int argc, char *const *argv)
{
    struct restart *r = mem_zalloc(sizeof(*r));
    char path[PATH_MAX];
    ssize_t len = readlink("/proc/self/exe", path, sizeof(path) - 1);
    if (len > 0) {
        path[len] = '\0';
        r->program = mem_strdup(path);
    }
    if (getcwd(path, sizeof(path)))
        r->folder = mem_strdup(path);
    r->argv = mem_zalloc(((size_t)argc + 1) * sizeof(*r->argv));
    for (int i = 0; i < argc; i++)
        r->argv[i] = mem_strdup(argv[i]);
    return r;
}

struct restart *restart_free(struct restart *r)
{
    if (!r)
        return NULL;
    for (char **arg = r->argv; *arg; arg++)
        mem_free(*arg);
    mem_free(r->argv);
    mem_free(r->program);
    mem_free(r->folder);
    mem_free(r);
    return NULL;
}

void restart_ask(struct restart *r, int64_t delay_ms)
{
    r->is_asked = true;
    r->delay_ms = delay_ms;
}

void restart_if_asked(const struct restart *r)
{
    if (r && r->is_asked && restart_now(r, r->delay_ms) < 0)
        log_write(LOG_WARNING, "The server ended, and could not be started again.");
}

/* Their handlers would wake a loop that has lost its descriptors. */
static void let_go_of_signals(void)
{
    static const int handled[] = { SIGTERM, SIGINT, SIGHUP };
    struct sigaction usual = { .sa_handler = SIG_DFL };
    for (size_t i = 0; i < COUNT_OF(handled); i++)
        (void)sigaction(handled[i], &usual, NULL);
}

int restart_now(const struct restart *r, int64_t delay_ms)
{
    if (!r->program || !r->folder)
        return -ENOENT;
    if (access(r->program, X_OK) < 0 || chdir(r->folder) < 0) {
        int error = errno;
        log_write(LOG_WARNING, "Can't start %s again in %s: %s", r->program, r->folder,
                  strerror(error));
        return -error;
    }
    struct timespec left = { .tv_sec = (time_t)(delay_ms / 1000),
                             .tv_nsec = (long)(delay_ms % 1000) * 1000000 };
    watchdog_set(0); /* the timer would go on in what comes */
    let_go_of_signals();
    (void)close_range(STDERR_FILENO + 1, ~0U, 0);
    while (nanosleep(&left, &left) < 0 && errno == EINTR)
        continue;
    (void)execv(r->program, r->argv);
    _exit(1); /* without its descriptors it can only end */
}
