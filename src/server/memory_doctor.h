/* MEMORY DOCTOR: what stands out in the figures of the memory, in words. */
#ifndef SERVER_MEMORY_DOCTOR_H
#define SERVER_MEMORY_DOCTOR_H

#include <stddef.h>
#include <stdint.h>

struct buf;

/* What the doctor looks at. */
struct memory_figures {
    uint64_t used, peak;
    uint64_t allocated, active, resident, rss;
    uint64_t clients_bytes;
    size_t clients;
};

/* Appends a report: what was found, or that nothing was. */
void memory_doctor_report(const struct memory_figures *f, struct buf *out);

#endif
