/* A sink that remembers what it was given, in a form that tests compare: for the tests of every
 * room.
 *
 * Effects are written as words, one effect after the other with "; " between them and " | " between units:
 * "SELECT 0; SET k v | MULTI; DEL a; DEL b; EXEC". Bytes other than printable ASCII show as \xNN. The sink
 * asserts that the offsets follow each other and that the bytes are well-formed. */
#ifndef JOURNAL_TEST_SINK_H
#define JOURNAL_TEST_SINK_H

#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/slice.h"

struct journal;

struct test_sink {
    struct journal *journal;
    struct buf text;
    struct buf wire;
    size_t units;
    uint64_t next; /* offset expected */
};

/* Adds itself to the journal; test_sink_done removes it. */
void test_sink_init(struct test_sink *t, struct journal *journal);
void test_sink_done(struct test_sink *t);

/* What came since the start or since the last clear. Borrowed until more comes. */
const char *test_sink_text(struct test_sink *t);
struct slice test_sink_wire(const struct test_sink *t);
void test_sink_clear(struct test_sink *t);

#endif
