/* Names of this program's functions by their addresses, for stacks in reports.
 *
 * The dynamic linker knows exported functions alone, and a program exports none. The symbol table
 * of the program's own file has them all, static ones too, unless it was stripped. Nothing here
 * allocates: it may run in a signal's handler. */
#ifndef PROCESS_SYMBOLS_H
#define PROCESS_SYMBOLS_H

#include <elf.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/macros.h"

struct symbols {
    const char *file; /* mapped; NULL: no names */
    size_t file_size;
    const Elf64_Sym *rows;
    size_t count;
    const char *names;
    size_t names_size;
    uintptr_t bias; /* address in memory minus address in the file */
};

/* Maps the file of the program that runs. 0 or -errno; -ENOENT if it was stripped. Either way
 * symbols_close is right afterwards. */
MUST_USE int symbols_open(struct symbols *ret_symbols);
void symbols_close(struct symbols *s);

struct symbol {
    const char *name; /* borrowed from the file */
    uintptr_t start;
    size_t size;
};
/* The function that `address` lies in. */
bool symbols_find(const struct symbols *s, uintptr_t address, struct symbol *ret_symbol);

#endif
