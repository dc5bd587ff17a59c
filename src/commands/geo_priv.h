/* What the verbs on geo points share. */
#ifndef COMMANDS_GEO_PRIV_H
#define COMMANDS_GEO_PRIV_H

#include "commands/zset_priv.h"
#include "types/geo.h"

/* Longitude and latitude from argument `i` on; false: an error was replied. */
MUST_USE bool geo_point_args(const struct cmd *cmd, int i, struct geo_point *ret_point);
/* A unit in metres; false: an error was replied. */
MUST_USE bool geo_unit_arg(const struct cmd *cmd, int i, double *ret_metres);
/* The point of a member; false if there is none. */
MUST_USE bool geo_member(const struct entry *e, struct slice member, struct geo_point *ret_point);
/* Longitude and latitude with 17 decimals. */
void geo_reply_point(const struct cmd *cmd, struct geo_point p);
/* With 4 decimals. */
void geo_reply_distance(const struct cmd *cmd, double distance);

#endif
