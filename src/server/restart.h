/* Starting anew in the same process: DEBUG RESTART and CRASH-AND-RECOVER.
 *
 * The program is executed again with the arguments, and in the folder, that it was started with; its
 * id stays. */
#ifndef SERVER_RESTART_H
#define SERVER_RESTART_H

#include <stdbool.h>
#include <stdint.h>

#include "base/macros.h"

struct restart;

/* Remembers how the program was started: before arguments and folder change. */
struct restart *restart_new(int argc, char *const *argv);
struct restart *restart_free(struct restart *r); /* accepts NULL, returns NULL */

/* When the server has ended in order, restart_if_asked will do it. */
void restart_ask(struct restart *r, int64_t delay_ms);
void restart_if_asked(const struct restart *r); /* accepts NULL */

/* Now, whatever is under way. Comes back, with -errno, only if it is not possible. */
MUST_USE int restart_now(const struct restart *r, int64_t delay_ms);

#endif
