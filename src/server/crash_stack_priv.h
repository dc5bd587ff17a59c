/* What crash_stack.c and crash_threads.c share. */
#ifndef SERVER_CRASH_STACK_PRIV_H
#define SERVER_CRASH_STACK_PRIV_H

#include "server/symbols.h"

#define FRAMES_MAX 100

/* "file(function+0x1f)[0x55...]", as far as it is known. */
void crash_say_address(const struct symbols *symbols, uintptr_t address);
void crash_say_frames(const struct symbols *symbols, void *const *frames, int count);

#endif
