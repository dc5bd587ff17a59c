/* Registers, frames, code. */
#include "process/crash_stack.h"

#include <dlfcn.h>
#include <execinfo.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <sys/uio.h>
#include <unistd.h>

#include "base/log.h"
#include "process/crash_stack_priv.h"

#define STACK_WORDS 16
#define CODE_BYTES_MAX 512

void crash_say(const char *fmt, ...)
{
    char text[1024];
    va_list args;
    va_start(args, fmt);
    (void)vsnprintf(text, sizeof(text), fmt, args);
    va_end(args);
    log_raw(text);
}

void crash_stack_prepare(void)
{
    void *frame;
    (void)backtrace(&frame, 1);
}

/* False where the address leads nowhere. */
static bool peek(uintptr_t address, void *out, size_t size)
{
    struct iovec here = { out, size }, there = { (void *)address, size };
    return process_vm_readv(getpid(), &here, 1, &there, 1, 0) == (ssize_t)size;
}

static bool peek_word(uintptr_t address, uintptr_t *ret_word)
{
    return peek(address, ret_word, sizeof(*ret_word));
}

/* ---- registers ---- */

struct register_row {
    const char *name;
    int index;
};

#if defined(__x86_64__)

static const struct register_row registers[] = {
    { "RAX", REG_RAX }, { "RBX", REG_RBX }, { "RCX", REG_RCX },       { "RDX", REG_RDX },
    { "RDI", REG_RDI }, { "RSI", REG_RSI }, { "RBP", REG_RBP },       { "RSP", REG_RSP },
    { "R8 ", REG_R8 },  { "R9 ", REG_R9 },  { "R10", REG_R10 },       { "R11", REG_R11 },
    { "R12", REG_R12 }, { "R13", REG_R13 }, { "R14", REG_R14 },       { "R15", REG_R15 },
    { "RIP", REG_RIP }, { "EFL", REG_EFL }, { "CSGSFS", REG_CSGSFS },
};

static uintptr_t register_value(const ucontext_t *uc, const struct register_row *row)
{
    return (uintptr_t)uc->uc_mcontext.gregs[row->index];
}

uintptr_t crash_stack_ip(const ucontext_t *uc)
{
    return (uintptr_t)uc->uc_mcontext.gregs[REG_RIP];
}

static uintptr_t stack_pointer(const ucontext_t *uc)
{
    return (uintptr_t)uc->uc_mcontext.gregs[REG_RSP];
}

static uintptr_t frame_pointer(const ucontext_t *uc)
{
    return (uintptr_t)uc->uc_mcontext.gregs[REG_RBP];
}

/* Who called a function whose code cannot be executed: the call has pushed it. */
static bool caller_of_nowhere(const ucontext_t *uc, uintptr_t *ret_caller)
{
    return peek_word(stack_pointer(uc), ret_caller);
}

#elif defined(__aarch64__)

static const struct register_row registers[] = {
    { "X0 ", 0 },  { "X1 ", 1 },  { "X2 ", 2 },  { "X3 ", 3 },     { "X4 ", 4 },    { "X5 ", 5 },
    { "X6 ", 6 },  { "X7 ", 7 },  { "X8 ", 8 },  { "X9 ", 9 },     { "X10", 10 },   { "X11", 11 },
    { "X12", 12 }, { "X13", 13 }, { "X14", 14 }, { "X15", 15 },    { "X16", 16 },   { "X17", 17 },
    { "X18", 18 }, { "X19", 19 }, { "X20", 20 }, { "X21", 21 },    { "X22", 22 },   { "X23", 23 },
    { "X24", 24 }, { "X25", 25 }, { "X26", 26 }, { "X27", 27 },    { "X28", 28 },   { "X29", 29 },
    { "X30", 30 }, { "SP ", 31 }, { "PC ", 32 }, { "PSTATE", 33 }, { "FAULT", 34 },
};

static uintptr_t register_value(const ucontext_t *uc, const struct register_row *row)
{
    const mcontext_t *m = &uc->uc_mcontext;
    switch (row->index) {
    case 31:
        return m->sp;
    case 32:
        return m->pc;
    case 33:
        return m->pstate;
    case 34:
        return m->fault_address;
    default:
        return m->regs[row->index];
    }
}

uintptr_t crash_stack_ip(const ucontext_t *uc)
{
    return uc->uc_mcontext.pc;
}

static uintptr_t stack_pointer(const ucontext_t *uc)
{
    return uc->uc_mcontext.sp;
}

static uintptr_t frame_pointer(const ucontext_t *uc)
{
    return uc->uc_mcontext.regs[29];
}

static bool caller_of_nowhere(const ucontext_t *uc, uintptr_t *ret_caller)
{
    *ret_caller = uc->uc_mcontext.regs[30];
    return true;
}

#else
#error "Registers of this machine are not known."
#endif

void crash_stack_registers(const ucontext_t *uc)
{
    crash_say("\n------ REGISTERS ------\n");
    for (size_t i = 0; i < COUNT_OF(registers); i++) {
        bool line_ends = i % 2 == 1 || i + 1 == COUNT_OF(registers);
        crash_say("%s:%016lx%s", registers[i].name, register_value(uc, &registers[i]),
                  line_ends ? "\n" : " ");
    }
    uintptr_t word, top = stack_pointer(uc) & ~(uintptr_t)(sizeof(word) - 1);
    for (size_t i = STACK_WORDS; i-- > 0;)
        if (peek_word(top + i * sizeof(word), &word))
            log_write(LOG_WARNING, "(%016lx) -> %016lx", top + i * sizeof(word), word);
}

/* ---- frames ---- */

/* `within` is an address of the function that `address` belongs to. */
static void say_place(const struct symbols *symbols, uintptr_t address, uintptr_t within)
{
    struct symbol found;
    Dl_info info = { .dli_fname = NULL };
    bool in_module = dladdr((const void *)within, &info) && info.dli_fname;
    const char *module = in_module ? info.dli_fname : "?";

    if (symbols_find(symbols, within, &found))
        crash_say("%s(%s+0x%lx)[0x%lx]\n", module, found.name, address - found.start, address);
    else if (in_module && info.dli_sname)
        crash_say("%s(%s+0x%lx)[0x%lx]\n", module, info.dli_sname,
                  address - (uintptr_t)info.dli_saddr, address);
    else if (in_module)
        crash_say("%s(+0x%lx)[0x%lx]\n", module, address - (uintptr_t)info.dli_fbase, address);
    else
        crash_say("[0x%lx]\n", address);
}

void crash_say_address(const struct symbols *symbols, uintptr_t address)
{
    say_place(symbols, address, address);
}

void crash_say_frames(const struct symbols *symbols, uintptr_t ip, void *const *frames, int count)
{
    for (int i = 0; i < count; i++) {
        uintptr_t address = (uintptr_t)frames[i];
        say_place(symbols, address, address == ip ? ip : address - 1);
    }
}

/* The unwinder stops at an address that is no code: a wild call. Then the frame pointers lead on,
 * which every function of this program keeps. */
static int walk_frame_pointers(const ucontext_t *uc, void **out)
{
    uintptr_t frame = frame_pointer(uc), caller, next;
    int count = 0;
    out[count++] = (void *)crash_stack_ip(uc);
    if (caller_of_nowhere(uc, &caller))
        out[count++] = (void *)caller;
    while (count < FRAMES_MAX && peek_word(frame + sizeof(frame), &caller) && caller &&
           peek_word(frame, &next)) {
        out[count++] = (void *)caller;
        if (next <= frame)
            break;
        frame = next;
    }
    return count;
}

/* The frames above the handler's: from the instruction on. */
static int frames_from(const ucontext_t *uc, void **out)
{
    void *all[FRAMES_MAX];
    int count = backtrace(all, FRAMES_MAX), from = 0;
    uintptr_t ip = crash_stack_ip(uc);
    while (from < count && (uintptr_t)all[from] != ip)
        from++;
    Dl_info info;
    if (count - from < 2 || !dladdr((const void *)ip, &info))
        return walk_frame_pointers(uc, out);
    for (int i = from; i < count; i++)
        out[i - from] = all[i];
    return count - from;
}

COLD void crash_stack_trace(const ucontext_t *uc)
{
    struct symbols symbols;
    void *frames[FRAMES_MAX];
    int count, skipped = 0;
    (void)!symbols_open(&symbols);
    crash_say("\n------ STACK TRACE ------\n");
    if (uc) {
        crash_say("EIP:\n");
        crash_say_address(&symbols, crash_stack_ip(uc));
        crash_say("\n");
        count = frames_from(uc, frames);
    } else {
        count = backtrace(frames, FRAMES_MAX);
        skipped = MIN_OF(1, count); /* this function */
    }
    crash_say("Backtrace:\n");
    crash_say_frames(&symbols, uc ? crash_stack_ip(uc) : 0, frames + skipped, count - skipped);
    symbols_close(&symbols);
}

/* ---- code ---- */

COLD void crash_stack_code(const ucontext_t *uc)
{
    struct symbols symbols;
    struct symbol found;
    uintptr_t ip = crash_stack_ip(uc), start = ip;
    size_t size = 64;
    (void)!symbols_open(&symbols);
    if (symbols_find(&symbols, ip, &found)) {
        start = found.start;
        size = MIN_OF(found.size, ip - start + 64);
    }
    if (size > CODE_BYTES_MAX) {
        start += size - CODE_BYTES_MAX;
        size = CODE_BYTES_MAX;
    }
    crash_say("\n------ DUMPING CODE AROUND EIP ------\n");
    crash_say_address(&symbols, ip);
    symbols_close(&symbols);
    crash_say("%zu bytes from 0x%lx on, for objdump -D -b binary --adjust-vma=0x%lx:\n", size,
              start, start);
    unsigned char code[CODE_BYTES_MAX];
    if (!peek(start, code, size)) {
        crash_say("(there is no code)\n");
        return;
    }
    char hex[2 * CODE_BYTES_MAX + 1];
    for (size_t i = 0; i < size; i++)
        (void)snprintf(hex + 2 * i, 3, "%02x", code[i]);
    log_raw(hex);
    log_raw("\n");
}
