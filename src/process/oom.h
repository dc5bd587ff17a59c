/* What the kernel shall think of this process when memory runs out: its oom_score_adj.
 *
 * The higher it is, the sooner the process is ended. Each class of processes has a value of its own;
 * relative values are added to what the process was started with. Raising it is free, lowering it
 * below the start's value needs a privilege. Children set their own after the fork. */
#ifndef PROCESS_OOM_H
#define PROCESS_OOM_H

#include <stdbool.h>

#include "base/macros.h"

enum oom_mode { OOM_NO, OOM_RELATIVE, OOM_ABSOLUTE };
enum oom_class { OOM_PRIMARY, OOM_REPLICA, OOM_CHILD, OOM_CLASS_COUNT };

struct oom_score {
    const char *path; /* NULL: the process's own; for tests */
    bool changed;     /* so `base` is what it was before */
    int base;
};

/* Puts the value into effect; OOM_NO restores what was there before the first change. 0 or
 * -errno: then nothing has changed. */
MUST_USE int oom_apply(struct oom_score *o, enum oom_mode mode, int value);

#endif
