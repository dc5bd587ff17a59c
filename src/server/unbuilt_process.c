/* Directives whose features are still to come: what the process itself is told. */
#include "server/unbuilt.h"

static const struct directive rows[] = {
};

const struct unbuilt_chapter unbuilt_process = { rows, COUNT_OF(rows), UNBUILT_CELLS, "Process",
                                                 NULL };
