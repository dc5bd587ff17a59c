/* MEMORY DOCTOR as a table of checks. The limits are those at which the peers' doctors speak. */
#include "server/memory_doctor.h"

#include <stdbool.h>

#include "base/buf.h"
#include "base/macros.h"

#define MIB ((uint64_t)1024 * 1024)

/* With less in use, shares say nothing. */
#define TOO_LITTLE (5 * MIB)
/* What is lost in shares only counts if it is so much. */
#define WORTH_SAYING (10 * MIB)
#define CLIENT_MUCH ((uint64_t)200 * 1024)

/* `a` exceeds `b` by more than so many percent, and by an amount worth saying. */
static bool exceeds(uint64_t a, uint64_t b, uint64_t percent)
{
    return a > b && a - b > WORTH_SAYING && (a - b) * 100 > b * percent;
}

static bool peak_is_high(const struct memory_figures *f)
{
    return f->peak * 2 > f->used * 3;
}

static bool is_fragmented(const struct memory_figures *f)
{
    return exceeds(f->rss, f->used, 40);
}

static bool blocks_are_scattered(const struct memory_figures *f)
{
    return exceeds(f->active, f->allocated, 10);
}

static bool pages_are_kept(const struct memory_figures *f)
{
    return exceeds(f->resident, f->active, 10);
}

static bool others_take_memory(const struct memory_figures *f)
{
    return exceeds(f->rss, f->resident, 10);
}

static bool clients_are_big(const struct memory_figures *f)
{
    return f->clients > 0 && f->clients_bytes / f->clients > CLIENT_MUCH;
}

static const struct check {
    bool (*applies)(const struct memory_figures *f);
    const char *finding;
} checks[] = {
    { peak_is_high,
      "Peak: the server has used at least half as much again as it uses now. The allocator may "
      "keep "
      "pages from that time, which makes the fragmentation ratio look worse than it is." },
    { is_fragmented,
      "Fragmentation: the process occupies over 40 % more of the machine's memory than is in use. "
      "The findings below say where it is." },
    { blocks_are_scattered,
      "Scattered blocks: pages hold over 10 % more than the blocks in them, mostly because values "
      "of other sizes were there before." },
    { pages_are_kept,
      "Kept pages: the allocator keeps over 10 % more pages than hold blocks. MEMORY PURGE gives "
      "them back." },
    { others_take_memory, "Outside the allocator: the process occupies over 10 % more than its "
                          "allocator knows of: code, "
                          "stacks, libraries." },
    { clients_are_big, "Clients: they hold more than 200 KiB each on average. Some do not read "
                       "their replies, or send "
                       "very long requests; CLIENT LIST shows whom." },
};

void memory_doctor_report(const struct memory_figures *f, struct buf *out)
{
    if (f->used < TOO_LITTLE) {
        buf_append_str(out, "Too little memory is in use to say anything about it.\n");
        return;
    }
    size_t start = out->len;
    for (size_t i = 0; i < COUNT_OF(checks); i++)
        if (checks[i].applies(f))
            buf_printf(out, "* %s\n", checks[i].finding);
    if (out->len == start)
        buf_append_str(out, "Nothing stands out: memory is as it should be.\n");
}
