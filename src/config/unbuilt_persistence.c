/* Directives whose features are still to come: what replication does with files. */

#include "config/unbuilt.h"

static const struct directive rows[] = {
    { .name = "rdb-del-sync-files",
      .type = DIRECTIVE_BOOL,
      .flags = DIRECTIVE_UNBUILT,
      UNBUILT_CELL,
      .initial = "no",
      .summary = "Whether snapshots that were only made or received for replication are "
                 "deleted as soon as they are not needed, where neither kind of persistence "
                 "is on." },
};

const struct unbuilt_chapter unbuilt_persistence = { rows, COUNT_OF(rows), UNBUILT_CELLS,
                                                     "Persistence", NULL };
