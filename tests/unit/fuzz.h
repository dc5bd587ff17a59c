/* What a src/<room>/<x>_fuzz.c defines: libFuzzer's entry points.
 *
 * In the preset `fuzz` libFuzzer calls them; in every other build tests/unit/replay.c does, with
 * the files of tests/corpus/<room>_<x>/. An input must not change what a later one does. */
#ifndef TESTS_UNIT_FUZZ_H
#define TESTS_UNIT_FUZZ_H

#include <stddef.h>
#include <stdint.h>

/* Try one input. Returns 0; whatever is wrong aborts or is caught by a sanitizer. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

/* Optional: once, before the first input. Returns 0. */
int LLVMFuzzerInitialize(int *argc, char ***argv);

#endif
