/* What crash_stack.c and crash_threads.c share. */
#ifndef PROCESS_CRASH_STACK_PRIV_H
#define PROCESS_CRASH_STACK_PRIV_H

#include "process/symbols.h"

#define FRAMES_MAX 100

/* "file(function+0x1f)[0x55...]", as far as it is known. */
void crash_say_address(const struct symbols *symbols, uintptr_t address);
/* A frame but `ip` is where a call returns to: behind the call, which may be the last of its
 * function. */
void crash_say_frames(const struct symbols *symbols, uintptr_t ip, void *const *frames, int count);

#endif
