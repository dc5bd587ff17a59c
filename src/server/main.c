/* tarn-server: starts, runs turns, ends. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#ifdef TARN_DEBUG
#include "base/lossy_disk.h"
#endif
#include "base/mem.h"
#include "event/loop.h"
#include "process/syscheck.h"
#include "server/restart.h"
#include "server/server_priv.h"
#include "server/tools.h"
#include "server/version.h"

static int print_version(void)
{
    printf("Tarn server v=%s sha=00000000:0 malloc=%s bits=64 build=%s\n", TARN_VERSION,
           mem_allocator_name(), TARN_COMPATIBLE_VERSION);
    return EXIT_SUCCESS;
}

static int print_help(void)
{
    fprintf(stderr, "Usage: tarn-server [/path/to/tarn.conf] [options] [-]\n"
                    "       tarn-server - (reads the configuration from standard input)\n"
                    "       tarn-server -v or --version\n"
                    "       tarn-server -h or --help\n"
                    "       tarn-server --check-system\n\n"
                    "Every directive is an option, too:\n"
                    "       tarn-server (runs with the defaults)\n"
                    "       tarn-server /etc/tarn/tarn.conf --loglevel verbose\n"
                    "       tarn-server --port 7777 --maxclients 100\n"
                    "       echo 'maxclients 100' | tarn-server -\n");
    return EXIT_FAILURE;
}

static int check_system(void)
{
    return syscheck_run("", stdout) ? EXIT_SUCCESS : EXIT_FAILURE;
}

/* What is done instead of serving; whatever follows is not looked at, as by the peers. */
static const struct {
    const char *option, *shorter;
    int (*run)(void);
} errands[] = {
    { "--version", "-v", print_version },
    { "--help", "-h", print_help },
    { "--check-system", NULL, check_system },
};

int main(int argc, char **argv)
{
    int status;
    if (tools_run(argc, argv, &status))
        return status;
    for (size_t i = 0; argc > 1 && i < COUNT_OF(errands); i++)
        if (strcmp(argv[1], errands[i].option) == 0 ||
            (errands[i].shorter && strcmp(argv[1], errands[i].shorter) == 0))
            return errands[i].run();

#ifdef TARN_DEBUG
    (void)lossy_disk_from_environment(); /* for as long as the process lives */
#endif
    struct server server = { .process = { .is_the_process = true } };
    if (server_boot(&server, argc, argv) < 0) {
        bool was_asked_to_end = server.process.shutdown.ended; /* while it loaded its data */
        server_done(&server);
        return was_asked_to_end ? EXIT_SUCCESS : EXIT_FAILURE;
    }
    loop_run(server.loop);
    struct restart *restart = server.restart;
    server.restart = NULL;
    server_done(&server);
    restart_if_asked(restart);
    restart_free(restart);
    return server.exit_status;
}
