/* The process title: what ps shows instead of the command line.
 *
 * The kernel shows the memory in which the arguments were handed over. Behind it lies the
 * environment, which is moved away to make room; a title that is longer still is cut. */
#ifndef PROCESS_TITLE_H
#define PROCESS_TITLE_H

#include <stdbool.h>
#include <stddef.h>

#include "base/buf.h"
#include "base/slice.h"

/* What stands for the variables of a template. */
struct title_values {
    const char *title;       /* {title}: how the program was called */
    const char *listen_addr; /* {listen-addr} */
    const char *server_mode; /* {server-mode}: " [cluster]", " [sentinel]" or "" */
    const char *unixsocket;  /* {unixsocket} */
    const char *config_file; /* {config-file} */
    int port, tls_port;      /* {port}, {tls-port} */
};

/* Appends the template with its variables replaced, without spaces at its end. False for an empty
 * template, an unknown variable and a brace that is not closed: nothing is appended. */
MUST_USE bool title_expand(struct slice template, const struct title_values *values,
                           struct buf *out);
/* Whether title_expand would succeed, and say something whatever the title and the mode are. */
bool title_is_good(struct slice template);

struct title_area {
    char *start;
    size_t size;
};

/* Finds the memory, and moves the environment out of it. The arguments are overwritten by
 * title_set: whoever wants them keeps copies. Once, before threads start. */
struct title_area title_claim(int argc, char **argv);
void title_set(const struct title_area *area, struct slice title);

#endif
