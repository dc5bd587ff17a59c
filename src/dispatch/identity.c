/* Who the server says that it is, where clients ask (HELLO, INFO): its settings. */
#include "dispatch/dispatch_priv.h"

#define AT(field) offsetof(struct dispatch_settings, field)

static const struct directive directives[] = {
    { .name = "availability-zone",
      .type = DIRECTIVE_STRING,
      .offset = AT(availability_zone),
      .initial = "",
      .summary = "Where the server runs, in words of your own: told by HELLO and INFO, so that "
                 "clients can prefer servers that are near." },
    { .name = "extended-redis-compatibility",
      .type = DIRECTIVE_BOOL,
      .offset = AT(extended_redis_compatibility),
      .initial = "no",
      .summary = "The server goes by the name of Redis also where it would give its own: as "
                 "server_name of INFO, and in what LOLWUT says." },
};

struct directive_table dispatch_identity_directives(struct dispatch *d)
{
    return (struct directive_table){
        .rows = directives,
        .count = COUNT_OF(directives),
        .settings = &d->settings,
        .owner = d,
        .title = "Identity",
    };
}
