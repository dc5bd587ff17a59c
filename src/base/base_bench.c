/* What the small things of the hot path cost: nanoseconds of CPU, the least of many runs.
 *
 *     bench_base_base */
#include <stdio.h>

#include "base/clock.h"
#include "base/hash.h"
#include "base/macros.h"
#include "base/mem.h"
#include "base/num.h"

#define ROUNDS 100000
#define REPEATS 50

static const struct hash_key key = { 1, 2 };
static const char text[] = "key:000000012345and something behind";

/* Keeps the compiler from leaving a result out. */
#define USE(value) __asm__ volatile("" : : "g"(value) : "memory")

/* Bytes of which the compiler knows nothing. */
INLINE struct slice opaque(const char *ptr, size_t len)
{
    __asm__ volatile("" : "+r"(ptr), "+r"(len));
    return slice_of(ptr, len);
}

static void hash_8(void)
{
    USE(hash_bytes(&key, opaque(text, 8)));
}

static void hash_16(void)
{
    USE(hash_bytes(&key, opaque(text, 16)));
}

static void hash_30(void)
{
    USE(hash_bytes(&key, opaque(text, 30)));
}

static void parse_int_yes(void)
{
    int64_t value;
    USE(num_parse_int(opaque(text + 10, 6), &value));
    USE(num_parse_int(opaque("1234567890", 10), &value));
}

static void parse_int_no(void)
{
    int64_t value;
    USE(num_parse_int(opaque(text, 16), &value));
}

static void format_int(void)
{
    char out[NUM_INT_MAX_CHARS];
    int64_t number = 1234567890;
    __asm__ volatile("" : "+r"(number));
    USE(num_format_int(out, number));
}

static void format_double(void)
{
    char out[NUM_DOUBLE_MAX_CHARS];
    double number = 1234.5678;
    __asm__ volatile("" : "+m"(number));
    USE(num_format_double(out, number));
}

static void parse_double(void)
{
    double value;
    USE(num_parse_double(opaque("1234.5678", 9), &value));
}

static void alloc_free(void)
{
    void *p = mem_alloc(64);
    USE(p);
    mem_free_sized(p, 64);
}

static void read_clock(void)
{
    USE(clock_mono_ns());
}

static void read_used(void)
{
    USE(mem_used());
}

static const struct {
    const char *name;
    void (*run)(void);
} works[] = {
    { "hash of 8 bytes", hash_8 },
    { "hash of 16 bytes", hash_16 },
    { "hash of 30 bytes", hash_30 },
    { "two integers read", parse_int_yes },
    { "no integer", parse_int_no },
    { "integer printed", format_int },
    { "double printed", format_double },
    { "double read", parse_double },
    { "64 bytes allocated and freed", alloc_free },
    { "monotonic clock", read_clock },
    { "used memory", read_used },
};

int main(void)
{
    clock_init();
    mem_thread_enter();
    for (size_t i = 0; i < COUNT_OF(works); i++) {
        uint64_t least = UINT64_MAX;
        for (int repeat = 0; repeat < REPEATS; repeat++) {
            uint64_t before = clock_thread_cpu_ns();
            for (int round = 0; round < ROUNDS; round++)
                works[i].run();
            least = MIN_OF(least, clock_thread_cpu_ns() - before);
        }
        printf("%-30s %6.2f ns\n", works[i].name, (double)least / ROUNDS);
    }
    return 0;
}
