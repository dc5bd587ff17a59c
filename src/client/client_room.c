/* Room for maxclients connections: each takes a descriptor, of which the process and the loop have
 * so many. */
#include <errno.h>
#include <sys/resource.h>

#include "client/client_priv.h"

/* Descriptors for files, listeners and peers; the peers' number, which their messages tell. */
#define RESERVED ((int64_t)32)
/* Beyond those a new connection still gets one, to be told that there are too many. */
#define SPARE ((int64_t)96)

/* As many descriptors as `wanted`, or as there are to be had. */
static int64_t raise_limit(int64_t wanted)
{
    struct rlimit limit;
    if (getrlimit(RLIMIT_NOFILE, &limit) < 0)
        return wanted; /* nobody says that there is a limit */
    if (limit.rlim_cur < (rlim_t)wanted) {
        struct rlimit higher = { (rlim_t)wanted, MAX_OF(limit.rlim_max, (rlim_t)wanted) };
        if (setrlimit(RLIMIT_NOFILE, &higher) == 0)
            return wanted;
        limit.rlim_cur = MIN_OF(limit.rlim_max, (rlim_t)wanted);
        (void)setrlimit(RLIMIT_NOFILE, &limit);
        (void)getrlimit(RLIMIT_NOFILE, &limit);
    }
    return (int64_t)MIN_OF(limit.rlim_cur, (rlim_t)wanted);
}

int clients_make_room(struct clients *cs, int64_t *ret_possible)
{
    int64_t wanted = cs->settings.maxclients + RESERVED;
    int64_t have = raise_limit(wanted);
    *ret_possible = MAX_OF(have - RESERVED, (int64_t)1);
    size_t fd_max = (size_t)(have + SPARE);
    if (loop_fd_max(cs->loop) < fd_max) {
        int error = loop_resize(cs->loop, fd_max);
        if (error < 0)
            return error;
    }
    return have == wanted ? 0 : -EMFILE;
}
