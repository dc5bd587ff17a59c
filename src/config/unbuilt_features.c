/* Directives whose features are still to come: users, scripts. */
#include "config/unbuilt.h"

static const struct directive_word pubsub_words[] = { { "allchannels", 0 },
                                                      { "resetchannels", 1 },
                                                      { NULL, 0 } };

static const struct directive rows[] = {
    { .name = "aclfile",
      .type = DIRECTIVE_STRING,
      .flags = DIRECTIVE_UNBUILT | DIRECTIVE_IMMUTABLE,
      UNBUILT_CELL,
      .initial = "",
      .summary = "A file with users, one a line." },
    { .name = "acllog-max-len",
      .type = DIRECTIVE_INT,
      .flags = DIRECTIVE_UNBUILT,
      UNBUILT_CELL,
      .max = INT64_MAX,
      .initial = "128",
      .summary = "How many refusals ACL LOG remembers." },
    { .name = "acl-pubsub-default",
      .type = DIRECTIVE_ENUM,
      .flags = DIRECTIVE_UNBUILT,
      UNBUILT_CELL,
      .initial = "resetchannels",
      .words = pubsub_words,
      .summary = "Whether a new user may use all channels or none." },
    { .name = "busy-reply-threshold",
      .alias = "lua-time-limit",
      .type = DIRECTIVE_INT,
      .flags = DIRECTIVE_UNBUILT,
      UNBUILT_CELL,
      .max = INT64_MAX,
      .initial = "5000",
      .summary = "Milliseconds after which a running script is busy: others are told so and "
                 "may end it." },
    { .name = "lua-enable-insecure-api",
      .alias = "lua-enable-deprecated-api",
      .type = DIRECTIVE_BOOL,
      .flags = DIRECTIVE_UNBUILT | DIRECTIVE_HIDDEN | DIRECTIVE_PROTECTED,
      UNBUILT_CELL,
      .initial = "no",
      .summary = "Whether scripts get functions of Lua that newer versions do not give them "
                 "any more." },
};

const struct unbuilt_chapter unbuilt_features = { rows, COUNT_OF(rows), UNBUILT_CELLS,
                                                  "Access control, scripts", NULL };
