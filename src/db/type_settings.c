/* The thresholds of the types' encodings as directives. */
#include "base/macros.h"
#include "db/db_priv.h"

#define AT(member) .offset = offsetof(struct type_env, member)

static const struct directive rows[] = {
    { .name = "hash-max-listpack-entries",
      .alias = "hash-max-ziplist-entries",
      .type = DIRECTIVE_INT,
      AT(hash_listpack_entries),
      .max = INT64_MAX,
      .initial = "512",
      .summary = "A hash with at most so many fields is kept as one packed list." },
    { .name = "hash-max-listpack-value",
      .alias = "hash-max-ziplist-value",
      .type = DIRECTIVE_MEMORY,
      AT(hash_listpack_value),
      .max = INT64_MAX,
      .initial = "64",
      .summary = "A hash with a name or value longer than this is not kept as a packed list." },
    { .name = "list-max-listpack-size",
      .alias = "list-max-ziplist-size",
      .type = DIRECTIVE_INT,
      AT(list_listpack_size),
      .min = INT32_MIN,
      .max = INT32_MAX,
      .initial = "-2",
      .summary = "How big one node of a list gets: -1 to -5 for 4, 8, 16, 32, 64 KiB; "
                 "positive for a number of elements." },
    { .name = "list-compress-depth",
      .type = DIRECTIVE_INT,
      AT(list_compress_depth),
      .max = INT32_MAX,
      .initial = "0",
      .summary = "How many nodes at both ends of a list stay uncompressed. 0 for all." },
    { .name = "set-max-intset-entries",
      .type = DIRECTIVE_INT,
      AT(set_intset_entries),
      .max = INT64_MAX,
      .initial = "512",
      .summary = "A set of at most so many integers is kept as a sorted array." },
    { .name = "set-max-listpack-entries",
      .type = DIRECTIVE_INT,
      AT(set_listpack_entries),
      .max = INT64_MAX,
      .initial = "128",
      .summary = "A set of at most so many members is kept as one packed list." },
    { .name = "set-max-listpack-value",
      .type = DIRECTIVE_INT,
      AT(set_listpack_value),
      .max = INT64_MAX,
      .initial = "64",
      .summary = "A set with a member longer than this is not kept as a packed list." },
    { .name = "zset-max-listpack-entries",
      .alias = "zset-max-ziplist-entries",
      .type = DIRECTIVE_INT,
      AT(zset_listpack_entries),
      .max = INT64_MAX,
      .initial = "128",
      .summary = "A sorted set of at most so many members is kept as one packed list." },
    { .name = "zset-max-listpack-value",
      .alias = "zset-max-ziplist-value",
      .type = DIRECTIVE_MEMORY,
      AT(zset_listpack_value),
      .max = INT64_MAX,
      .initial = "64",
      .summary = "A sorted set with a member longer than this is not kept as a packed list." },
    { .name = "stream-node-max-bytes",
      .type = DIRECTIVE_MEMORY,
      AT(stream_node_bytes),
      .max = INT64_MAX,
      .initial = "4096",
      .summary = "How many bytes one node of a stream gets. 0 for no limit." },
    { .name = "stream-node-max-entries",
      .type = DIRECTIVE_INT,
      AT(stream_node_entries),
      .max = INT64_MAX,
      .initial = "100",
      .summary = "How many entries one node of a stream gets. 0 for no limit." },
    { .name = "hll-sparse-max-bytes",
      .type = DIRECTIVE_MEMORY,
      AT(hll_sparse_bytes),
      .max = INT64_MAX,
      .initial = "3000",
      .summary = "A HyperLogLog longer than this is kept in its dense form." },
};

const struct type_env *keyspace_env(const struct keyspace *ks)
{
    return &ks->env;
}

void keyspace_set_list_plain_bytes(struct keyspace *ks, int64_t bytes)
{
    ks->env.list_plain_bytes = bytes;
}

struct directive_table keyspace_type_directives(struct keyspace *ks)
{
    return (struct directive_table){
        .rows = rows,
        .count = COUNT_OF(rows),
        .settings = &ks->env,
        .owner = ks,
        .title = "Data types",
    };
}
