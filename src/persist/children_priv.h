/* What tests of the child process look at. */
#ifndef PERSIST_CHILDREN_PRIV_H
#define PERSIST_CHILDREN_PRIV_H

#include <stdint.h>

/* The bytes that smaps_rollup calls private and dirty; 0 if it does not say. */
uint64_t child_parse_private_dirty(const char *text);

#endif
