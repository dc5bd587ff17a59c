/* Lists: what entry.c knows of them. */
#ifndef TYPES_LIST_PRIV_H
#define TYPES_LIST_PRIV_H

struct encoding_ops;

extern const struct encoding_ops list_packs_ops;

#endif
