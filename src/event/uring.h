/* Operations of a loop that waits by io_uring: asked for during a turn, handed to the kernel together
 * when the loop waits, told to their owners when they have completed.
 *
 * Only a loop made on loop_backend_uring has a struct uring. An operation's struct stays in place
 * until its last completion (one without IORING_CQE_F_MORE), which may come after it was cancelled. */
#ifndef EVENT_URING_H
#define EVENT_URING_H

#include <liburing.h>
#include <stdint.h>

struct loop;
struct uring;
struct uring_op;

typedef void (*uring_fn)(struct loop *loop, struct uring_op *op, int32_t result, uint32_t flags);

struct uring_op {
    uring_fn fn;
};

/* NULL if the loop waits in another way. */
struct uring *uring_of(const struct loop *loop);

/* Room for one request, to be filled by an io_uring_prep_ function and named by uring_ask(). Never
 * NULL: a full queue is submitted first. */
struct io_uring_sqe *uring_request(struct uring *u);
/* `op` may be NULL: nobody wants to know. */
void uring_ask(struct io_uring_sqe *sqe, struct uring_op *op);
/* Ends the operation early; its own completion still comes. */
void uring_cancel(struct uring *u, struct uring_op *op);

/* How often requests have been handed to the kernel: memory that only the handing over needs may be
 * used again when this has changed. */
uint64_t uring_submits(const struct uring *u);

/* For registrations (buffers, files). */
struct io_uring *uring_ring(struct uring *u);

#endif
