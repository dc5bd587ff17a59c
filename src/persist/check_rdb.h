/* tarn-check-rdb: reads an RDB file as a server would, keeps nothing of it, and says what it found and where.
 *
 * Lines are those of redis-check-rdb, which scripts read; what is known beside them stands in lines of the same form:
 *
 *   [offset 27] AUX FIELD redis-ver = '7.2.4'      behind what was read
 *   [offset 237] \o/ RDB looks OK! \o/
 *   [info] 5 keys read */
#ifndef PERSIST_CHECK_RDB_H
#define PERSIST_CHECK_RDB_H

#include "base/macros.h"
#include "codec/reader.h"

struct rdb_report;

/* The tool: `path` is the file. The exit status: 0, or 1 if the file is not good; all is on standard output. */
int check_rdb_main(const char *path);
/* The same for RDB data at the reader's place, in front of commands. 0 or -errno; the reader stands behind the data. */
MUST_USE int check_rdb_read(struct codec_reader *from);

#endif
