/* Periodic jobs: every room's rows become timers of the loop. */
#include "base/clock.h"
#include "base/mem.h"
#include "event/loop.h"
#include "server/server_priv.h"

struct running_job {
    const struct job *row;
    void *owner;
    struct server *server;
};

static int64_t period_ms(const struct running_job *job)
{
    return job->row->period_ms ? job->row->period_ms : 1000 / job->server->settings.hz;
}

static int64_t run_job(struct loop *loop UNUSED, void *arg)
{
    const struct running_job *job = arg;
    if (UNLIKELY(job->server->cron_is_paused))
        return period_ms(job);
    uint64_t start_ns = clock_mono_ns();
    job->row->run(job->owner);
    job->server->turn.cron_ns += clock_mono_ns() - start_ns;
    return period_ms(job);
}

void cron_start(struct server *s)
{
    struct job_table tables[JOB_TABLES_MAX];
    size_t table_count = server_job_tables(s, tables), total = 0, at = 0;
    for (size_t i = 0; i < table_count; i++)
        total += tables[i].count;

    s->running_jobs = mem_alloc(MAX_OF(total, (size_t)1) * sizeof(struct running_job));
    for (size_t i = 0; i < table_count; i++) {
        for (size_t row = 0; row < tables[i].count; row++, at++) {
            struct running_job *job = &s->running_jobs[at];
            *job = (struct running_job){ &tables[i].rows[row], tables[i].owner, s };
            loop_timer_add(s->loop, period_ms(job), run_job, job);
        }
    }
}

static const struct job jobs[] = {
    { "metrics", 100, metrics_sample },
};

struct job_table server_jobs(struct server *s)
{
    return (struct job_table){ jobs, COUNT_OF(jobs), s };
}
