/* tarn-check-aof: reads an append-only file as a server would, runs nothing of it, and says what is wrong and where.
 *
 * Given a manifest it reads all files that it names, given anything else that file alone. Lines and exit status are
 * those of redis-check-aof, which scripts read. With --fix a file (the last one, of several) is cut behind the last
 * command, or transaction, that is whole, once the user has said yes; with --truncate-to-timestamp it is cut before
 * the first annotation of a later time. */
#ifndef PERSIST_CHECK_AOF_H
#define PERSIST_CHECK_AOF_H

#define CHECK_AOF_USAGE "[--fix|--truncate-to-timestamp $timestamp] <file.manifest|file.aof>"

/* The tool: argv[1] and on are its arguments. The exit status: 0 if everything is good, or is now. */
int check_aof_main(int argc, char **argv);

#endif
