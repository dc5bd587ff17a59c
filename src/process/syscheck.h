/* What about this machine is known to hurt a server that keeps data in memory.
 *
 * Each check is a row: tarn-server --check-system runs them all, the start warns of what concerns
 * it. A check reads the kernel's files; below `root`, for tests. */
#ifndef PROCESS_SYSCHECK_H
#define PROCESS_SYSCHECK_H

#include <stdbool.h>
#include <stdio.h>

enum syscheck_result { SYSCHECK_OK, SYSCHECK_WARNING, SYSCHECK_SKIPPED };

#define SYSCHECK_TEXT_MAX 512

/* Runs all checks, a line each (and the reason below it). Whether none warns. */
bool syscheck_run(const char *root, FILE *out);

/* Single ones; on a warning `ret_text` says what is wrong and what to do. */
enum syscheck_result syscheck_slow_clock(const char *root, char ret_text[SYSCHECK_TEXT_MAX]);
enum syscheck_result syscheck_xen_clock(const char *root, char ret_text[SYSCHECK_TEXT_MAX]);
enum syscheck_result syscheck_overcommit(const char *root, char ret_text[SYSCHECK_TEXT_MAX]);
enum syscheck_result syscheck_huge_pages(const char *root, char ret_text[SYSCHECK_TEXT_MAX]);
/* Some kernels for arm64 forget what a child wrote to pages that were once given back. Forks. */
enum syscheck_result syscheck_lost_pages(const char *root, char ret_text[SYSCHECK_TEXT_MAX]);

#endif
