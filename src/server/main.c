/* tarn-server: starts, runs turns, ends. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "event/loop.h"
#include "server/server_priv.h"
#include "server/version.h"

static int print_version(void)
{
    printf("Tarn server v=%s sha=00000000:0 malloc=jemalloc bits=64 build=%s\n", TARN_VERSION,
           TARN_COMPATIBLE_VERSION);
    return 0;
}

static int print_help(void)
{
    printf("Usage: tarn-server [/path/to/tarn.conf] [options] [-]\n"
           "       tarn-server -v or --version\n"
           "       tarn-server -h or --help\n\n"
           "Every directive is an option, too:\n"
           "       tarn-server                          (runs with the defaults)\n"
           "       tarn-server /etc/tarn/tarn.conf --loglevel verbose\n"
           "       tarn-server --port 7777 --maxclients 100\n"
           "       echo 'maxclients 100' | tarn-server -\n");
    return 0;
}

static bool is_word(const char *arg, const char *shorter, const char *longer)
{
    return strcmp(arg, shorter) == 0 || strcmp(arg, longer) == 0;
}

int main(int argc, char **argv)
{
    if (argc == 2 && is_word(argv[1], "-v", "--version"))
        return print_version();
    if (argc == 2 && is_word(argv[1], "-h", "--help"))
        return print_help();

    struct server server = { 0 };
    if (server_boot(&server, argc, argv) < 0) {
        server_done(&server);
        return EXIT_FAILURE;
    }
    loop_run(server.loop);
    server_done(&server);
    return server.exit_status;
}
