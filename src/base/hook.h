/* Hooks: how a low room tells a higher one that something happened, without knowing it.
 *
 * A hook is a function and its argument; HOOK_CALL does nothing when none is set. The room that
 * fires declares the function's type and documents when it is called and what it may do. */
#ifndef BASE_HOOK_H
#define BASE_HOOK_H

/* Declares struct `name` with a function `void (*fn)(void *arg, ...)`. */
#define HOOK_TYPE(name, ...)                  \
    struct name {                             \
        void (*fn)(void *arg, ##__VA_ARGS__); \
        void *arg;                            \
    }

#define HOOK_CALL(hook, ...)                      \
    do {                                          \
        if ((hook).fn)                            \
            (hook).fn((hook).arg, ##__VA_ARGS__); \
    } while (0)

#endif
