/* Any bytes as a manifest; what is understood is written as text that means the same. */
#include <errno.h>

#include "base/assert.h"
#include "persist/manifest.h"
#include "tests/unit/fuzz.h"

static void check_invariants(const struct manifest *m)
{
    int64_t seq = 0;
    for (size_t i = 0; i < m->incr_count; i++) {
        ASSERT(m->incrs[i].name[0] != '\0');
        ASSERT(m->incrs[i].seq > seq);
        seq = m->incrs[i].seq;
    }
    ASSERT(m->incr_seq == seq);
    ASSERT(!m->base.name || m->base.seq == m->base_seq);
}

static void try_again(const struct manifest *m)
{
    struct manifest again;
    struct manifest_fault fault;
    struct buf text, text_again;
    buf_init(&text, BUF_NO_CEILING);
    buf_init(&text_again, BUF_NO_CEILING);
    manifest_init(&again);
    manifest_format(m, &text);
    int error = manifest_parse(&again, buf_slice(&text), &fault);
    /* Escapes may make a name longer than a line may be. */
    ASSERT(error == 0 || text.len == 0 || text.len > MANIFEST_LINE_MAX);
    if (error == 0) {
        manifest_format(&again, &text_again);
        ASSERT(slice_eq(buf_slice(&text), buf_slice(&text_again)));
    }
    manifest_done(&again);
    buf_done(&text_again);
    buf_done(&text);
}

static void try_changes(struct manifest *m)
{
    struct manifest copy;
    manifest_copy(&copy, m);
    (void)manifest_new_base(&copy, "a.aof", m->incr_count % 2 == 0);
    (void)manifest_new_incr(&copy, "a.aof");
    manifest_retire_incrs(&copy, 1);
    ASSERT(copy.incr_count == 1);
    ASSERT(copy.history_count == m->history_count + m->incr_count + (m->base.name ? 1 : 0));
    check_invariants(&copy);
    manifest_forget_history(&copy);
    manifest_move(m, &copy);
    manifest_done(m);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
    struct manifest m;
    struct manifest_fault fault;
    manifest_init(&m);
    int error = manifest_parse(&m, slice_of(data, len), &fault);
    ASSERT(error == 0 || error == -EBADMSG);
    if (error == 0) {
        check_invariants(&m);
        try_again(&m);
        try_changes(&m);
    } else {
        ASSERT(fault.reason);
        ASSERT(fault.line >= 0);
        ASSERT(manifest_is_empty(&m));
    }
    manifest_done(&m);
    return 0;
}
