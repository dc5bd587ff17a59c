/* Feeds a fuzz driver with the files of its corpus: `fuzz_<room>_<x> <directory or file>...`.
 * Each input lies in a block of exactly its size, so that a read past its end is caught. */
#include "tests/unit/fuzz.h"

#include <dirent.h>
#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

__attribute__((weak)) int LLVMFuzzerInitialize(int *argc, char ***argv)
{
    (void)argc;
    (void)argv;
    return 0;
}

static bool replay_file(const char *path, size_t len)
{
    FILE *file = fopen(path, "rb");
    if (!file) {
        perror(path);
        return false;
    }

    uint8_t *data = malloc(len); /* its bounds are the check */
    bool ok = (data || len == 0) && fread(data, 1, len, file) == len;
    if (ok)
        (void)LLVMFuzzerTestOneInput(data, len);
    else
        fprintf(stderr, "%s: cannot be read\n", path);
    free(data);
    (void)fclose(file);
    return ok;
}

static bool replay_directory(const char *path, size_t *count)
{
    struct dirent **entries;
    bool ok = true;
    int n = scandir(path, &entries, NULL, alphasort);
    if (n < 0) {
        perror(path);
        return false;
    }

    for (int i = 0; i < n; i++) {
        char file[4096];
        struct stat st;
        (void)snprintf(file, sizeof(file), "%s/%s", path, entries[i]->d_name);
        if (stat(file, &st) == 0 && S_ISREG(st.st_mode)) {
            ok = replay_file(file, (size_t)st.st_size) && ok;
            (*count)++;
        }
        free(entries[i]);
    }
    free(entries);
    return ok;
}

int main(int argc, char **argv)
{
    size_t count = 0;
    bool ok = true;

    (void)LLVMFuzzerInitialize(&argc, &argv);
    for (int i = 1; i < argc; i++) {
        struct stat st;
        if (stat(argv[i], &st) != 0) {
            perror(argv[i]);
            ok = false;
        } else if (S_ISDIR(st.st_mode)) {
            ok = replay_directory(argv[i], &count) && ok;
        } else {
            ok = replay_file(argv[i], (size_t)st.st_size) && ok;
            count++;
        }
    }
    printf("%zu inputs replayed\n", count);
    return ok && count > 0 ? 0 : 1;
}
