/* Where the other threads are: each is asked by a signal, notes its frames, and goes on or stands
 * still.
 *
 * A handler has no argument: the notes lie here, at a fixed place. One thread asks at a time, the one
 * that reports. */
#include <errno.h>
#include <execinfo.h>
#include <fcntl.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include "process/crash_stack.h"
#include "process/crash_stack_priv.h"

#define THREADS_MAX 128
/* So long are those waited for that do not come out of the kernel. */
#define PATIENCE_MS 500

struct thread_note {
    pid_t tid;
    int frame_count;
    _Atomic bool is_written;
    char name[32];
    void *frames[FRAMES_MAX];
};

static struct {
    struct thread_note notes[THREADS_MAX];
    size_t count;
    _Atomic bool stay; /* whoever was asked does not go on */
} asked;

static void on_ask(int signal UNUSED)
{
    int before = errno;
    pid_t own = (pid_t)syscall(SYS_gettid);
    for (size_t i = 0; i < asked.count; i++) {
        struct thread_note *note = &asked.notes[i];
        if (note->tid != own)
            continue;
        if (!atomic_load(&asked.stay))
            note->frame_count = backtrace(note->frames, FRAMES_MAX);
        atomic_store(&note->is_written, true);
    }
    while (atomic_load(&asked.stay))
        (void)pause();
    errno = before;
}

/* A small file of /proc/self/task; "" if it cannot be read. */
static void read_task(pid_t tid, const char *file, char *out, size_t size)
{
    char path[64];
    (void)snprintf(path, sizeof(path), "/proc/self/task/%d/%s", (int)tid, file);
    out[0] = '\0';
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0)
        return;
    ssize_t len = read(fd, out, size - 1);
    (void)close(fd);
    out[len > 0 ? len : 0] = '\0';
}

/* Threads that are not ours may block every signal: the allocator's own. */
static bool takes_signal(pid_t tid, int signal)
{
    char status[2048];
    read_task(tid, "status", status, sizeof(status));
    const char *mask = strstr(status, "SigBlk:");
    return mask && !(strtoull(mask + strlen("SigBlk:"), NULL, 16) >> (signal - 1) & 1);
}

static void add_thread(pid_t tid)
{
    if (asked.count == THREADS_MAX || tid <= 0 || tid == (pid_t)syscall(SYS_gettid))
        return;
    struct thread_note *note = &asked.notes[asked.count++];
    note->tid = tid;
    note->frame_count = 0;
    atomic_store(&note->is_written, false);
    read_task(tid, "comm", note->name, sizeof(note->name));
    note->name[strcspn(note->name, "\n")] = '\0';
}

/* What the kernel says about one name in a folder. */
struct dir_entry {
    uint64_t inode;
    int64_t offset;
    uint16_t size;
    unsigned char kind;
    char name[];
};

static void list_threads(void)
{
    _Alignas(struct dir_entry) char chunk[2048];
    long len;
    asked.count = 0;
    int fd = open("/proc/self/task", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (fd < 0)
        return;
    while ((len = syscall(SYS_getdents64, fd, chunk, sizeof(chunk))) > 0) {
        for (long at = 0; at < len;) {
            const struct dir_entry *entry = (const struct dir_entry *)(const void *)(chunk + at);
            add_thread((pid_t)strtol(entry->name, NULL, 10));
            at += entry->size;
        }
    }
    (void)close(fd);
}

static void wait_for(const struct thread_note *note, int *patience_ms)
{
    const struct timespec moment = { .tv_nsec = 1000000 };
    while (!atomic_load(&note->is_written) && *patience_ms > 0) {
        (void)nanosleep(&moment, NULL);
        --*patience_ms;
    }
}

COLD void crash_threads(enum crash_threads_wish wish)
{
    struct sigaction action = { .sa_handler = on_ask, .sa_flags = SA_RESTART };
    struct symbols symbols;
    int patience_ms = PATIENCE_MS;
    sigfillset(&action.sa_mask);
    (void)sigaction(SIGUSR2, &action, NULL);
    list_threads();
    atomic_store(&asked.stay, wish == THREADS_STOP);
    for (size_t i = 0; i < asked.count; i++)
        if (takes_signal(asked.notes[i].tid, SIGUSR2))
            (void)syscall(SYS_tgkill, getpid(), asked.notes[i].tid, SIGUSR2);
        else
            asked.notes[i].frame_count = -1;

    (void)!symbols_open(&symbols);
    for (size_t i = 0; i < asked.count; i++) {
        const struct thread_note *note = &asked.notes[i];
        if (note->frame_count >= 0)
            wait_for(note, &patience_ms);
        if (wish == THREADS_STOP)
            continue;
        crash_say("\nThread %d (%s):\n", (int)note->tid, note->name);
        if (atomic_load(&note->is_written))
            crash_say_frames(&symbols, 0, note->frames, note->frame_count);
        else
            crash_say("(does not answer)\n");
    }
    symbols_close(&symbols);
}
