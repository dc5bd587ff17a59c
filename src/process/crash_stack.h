/* Where a thread is: registers, stack and backtrace, written to the log from a signal's handler.
 *
 * Nothing here allocates. Memory is read through the kernel, so that addresses that a crash left wild
 * do not crash the report. */
#ifndef PROCESS_CRASH_STACK_H
#define PROCESS_CRASH_STACK_H

#include <stdint.h>
#include <ucontext.h>

#include "base/macros.h"

/* A line or a part of one, without the log's prefix; cut at 1023 bytes. */
void crash_say(const char *fmt, ...) PRINTF(1, 2);

/* The unwinder is loaded when it is first used, which allocates: once at start. */
void crash_stack_prepare(void);

uintptr_t crash_stack_ip(const ucontext_t *uc);
/* "STACK TRACE": the instruction and the frames. With NULL from the caller on. */
void crash_stack_trace(const ucontext_t *uc);
/* Registers, and the words at the stack's top. */
void crash_stack_registers(const ucontext_t *uc);
/* The code around the instruction, to be disassembled. */
void crash_stack_code(const ucontext_t *uc);

/* ---- the other threads ---- */

enum crash_threads_wish { THREADS_TELL, THREADS_STOP };

/* Asks all threads but the caller where they are and says it; with THREADS_STOP they do not go
 * on, and nothing is said. Takes the handler of SIGUSR2 for good. */
void crash_threads(enum crash_threads_wish wish);

#endif
