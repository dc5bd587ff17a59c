#include "server/tools.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "persist/check_aof.h"
#include "persist/check_rdb.h"
#include "server/version.h"

static int check_rdb(int argc UNUSED, char **argv)
{
    return check_rdb_main(argv[1]);
}

static const struct tool {
    const char *name; /* the end of the program's name */
    const char *usage;
    int arguments_min, arguments_max;
    int (*run)(int argc, char **argv);
} tools[] = {
    { "check-aof", CHECK_AOF_USAGE, 1, 3, check_aof_main },
    { "check-rdb", "<rdb-file-name>", 1, 1, check_rdb },
};

static const struct tool *find_tool(const char *program)
{
    const size_t len = strlen(program);
    for (size_t i = 0; i < COUNT_OF(tools); i++) {
        const size_t end = strlen(tools[i].name);
        if (len >= end && strcmp(program + len - end, tools[i].name) == 0)
            return &tools[i];
    }
    return NULL;
}

static bool is_option(int argc, char **argv, const char *option, const char *shorter)
{
    return argc == 2 && (strcmp(argv[1], option) == 0 || strcmp(argv[1], shorter) == 0);
}

static int run(const struct tool *tool, int argc, char **argv)
{
    if (is_option(argc, argv, "--version", "-v")) {
        printf("tarn-%s %s\n", tool->name, TARN_VERSION);
        return EXIT_SUCCESS;
    }
    const bool asked = is_option(argc, argv, "--help", "-h");
    if (asked || argc <= tool->arguments_min || argc > tool->arguments_max + 1) {
        fprintf(asked ? stdout : stderr, "Usage: tarn-%s %s\n", tool->name, tool->usage);
        return asked ? EXIT_SUCCESS : EXIT_FAILURE;
    }
    return tool->run(argc, argv);
}

bool tools_run(int argc, char **argv, int *ret_status)
{
    const struct tool *tool = argc > 0 ? find_tool(argv[0]) : NULL;
    if (!tool)
        return false;
    *ret_status = run(tool, argc, argv);
    return true;
}
