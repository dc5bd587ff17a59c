/* COMMAND INFO and COMMAND DOCS: a row, written out. */
#include "dispatch/dispatch_priv.h"
#include "dispatch/syntax.h"

static const struct {
    const char *name;
    uint32_t bit;
} key_flag_names[] = {
    { "RO", KEY_RO },
    { "RW", KEY_RW },
    { "OW", KEY_OW },
    { "RM", KEY_RM },
    { "access", KEY_ACCESS },
    { "update", KEY_UPDATE },
    { "insert", KEY_INSERT },
    { "delete", KEY_DELETE },
    { "not_key", KEY_NOT_KEY },
    { "incomplete", KEY_INCOMPLETE },
    { "variable_flags", KEY_VARIABLE_FLAGS },
};

void reply_key_flags(struct reply *r, uint32_t flags)
{
    reply_set(r, (size_t)__builtin_popcount(flags));
    for (size_t i = 0; i < COUNT_OF(key_flag_names); i++)
        if (flags & key_flag_names[i].bit)
            reply_status(r, slice_str(key_flag_names[i].name));
}

void command_print_key_flags(struct buf *out, uint32_t flags)
{
    const char *separator = "";
    for (size_t i = 0; i < COUNT_OF(key_flag_names); i++) {
        if (!(flags & key_flag_names[i].bit))
            continue;
        buf_printf(out, "%s%s", separator, key_flag_names[i].name);
        separator = " ";
    }
}

static void reply_field_int(struct reply *r, const char *name, int value)
{
    reply_bulk_str(r, name);
    reply_int(r, value);
}

static void reply_begin_search(struct reply *r, const struct key_spec *spec)
{
    reply_bulk_str(r, "begin_search");
    reply_map(r, 2);
    reply_bulk_str(r, "type");
    switch (spec->begin) {
    case KEYS_INDEX:
        reply_bulk_str(r, "index");
        reply_bulk_str(r, "spec");
        reply_map(r, 1);
        reply_field_int(r, "index", spec->at);
        break;
    case KEYS_KEYWORD:
        reply_bulk_str(r, "keyword");
        reply_bulk_str(r, "spec");
        reply_map(r, 2);
        reply_bulk_str(r, "keyword");
        reply_bulk_str(r, spec->keyword);
        reply_field_int(r, "startfrom", spec->at);
        break;
    case KEYS_NONE:
    case KEYS_BEGIN_UNKNOWN:
        reply_bulk_str(r, "unknown");
        reply_bulk_str(r, "spec");
        reply_map(r, 0);
        break;
    }
}

static void reply_find_keys(struct reply *r, const struct key_spec *spec)
{
    reply_bulk_str(r, "find_keys");
    reply_map(r, 2);
    reply_bulk_str(r, "type");
    switch (spec->find) {
    case KEYS_RANGE:
        reply_bulk_str(r, "range");
        reply_bulk_str(r, "spec");
        reply_map(r, 3);
        reply_field_int(r, "lastkey", spec->last);
        reply_field_int(r, "keystep", spec->step);
        reply_field_int(r, "limit", spec->limit);
        break;
    case KEYS_NUMKEYS:
        reply_bulk_str(r, "keynum");
        reply_bulk_str(r, "spec");
        reply_map(r, 3);
        reply_field_int(r, "keynumidx", spec->count_at);
        reply_field_int(r, "firstkey", spec->first);
        reply_field_int(r, "keystep", spec->step);
        break;
    case KEYS_FIND_UNKNOWN:
        reply_bulk_str(r, "unknown");
        reply_bulk_str(r, "spec");
        reply_map(r, 0);
        break;
    }
}

static int key_spec_count(const struct command *row)
{
    int count = 0;
    while (count < KEY_SPECS_MAX && row->keys[count].begin != KEYS_NONE)
        count++;
    return count;
}

static void reply_key_specs(struct reply *r, const struct command *row)
{
    int count = key_spec_count(row);
    reply_set(r, (size_t)count);
    for (int i = 0; i < count; i++) {
        const struct key_spec *spec = &row->keys[i];
        reply_map(r, spec->notes ? 4 : 3);
        if (spec->notes) {
            reply_bulk_str(r, "notes");
            reply_bulk_str(r, spec->notes);
        }
        reply_bulk_str(r, "flags");
        reply_key_flags(r, spec->flags);
        reply_begin_search(r, spec);
        reply_find_keys(r, spec);
    }
}

/* First, last and step as clients knew them before there were specifications: the range that
 * spans all plain specifications. */
static void reply_key_range(struct reply *r, const struct command *row)
{
    int first = 0, last = 0, step = 0;
    for (int i = 0; i < KEY_SPECS_MAX && row->keys[i].begin != KEYS_NONE; i++) {
        const struct key_spec *spec = &row->keys[i];
        if (spec->begin != KEYS_INDEX || spec->find != KEYS_RANGE)
            continue;
        int end = spec->last >= 0 ? spec->at + spec->last : spec->last;
        first = first ? MIN_OF(first, spec->at) : spec->at;
        last = last < 0 || end < 0 ? MIN_OF(last, end) : MAX_OF(last, end);
        step = MAX_OF(step, spec->step);
    }
    reply_int(r, first);
    reply_int(r, last);
    reply_int(r, step);
}

static void reply_tips(struct reply *r, const struct command *row)
{
    size_t count = 0;
    while (row->tips && row->tips[count])
        count++;
    reply_set(r, count);
    for (size_t i = 0; i < count; i++)
        reply_bulk_str(r, row->tips[i]);
}

void reply_command_info(struct reply *r, const struct command_slot *slot)
{
    const struct command *row = slot->row;
    reply_array(r, 10);
    reply_bulk_str(r, slot->full_name);
    reply_int(r, row->arity);
    reply_command_flags(r, row);
    reply_key_range(r, row);
    reply_command_categories(r, row);
    reply_tips(r, row);
    reply_key_specs(r, row);
    reply_set(r, slot->sub_count);
    for (uint32_t i = 0; i < slot->sub_count; i++)
        reply_command_info(r, &slot->subs[i]);
}

/* ---- DOCS ---- */

static void reply_field(struct reply *r, const char *name, const char *text)
{
    if (!text)
        return;
    reply_bulk_str(r, name);
    reply_bulk_str(r, text);
}

static void reply_doc_flags(struct reply *r, bool deprecated, bool system)
{
    reply_bulk_str(r, "doc_flags");
    reply_set(r, (size_t)deprecated + system);
    if (deprecated)
        reply_status(r, SLICE("deprecated"));
    if (system)
        reply_status(r, SLICE("syscmd"));
}

void reply_command_docs(struct reply *r, struct arena *arena, const struct command_slot *slot)
{
    const struct command *row = slot->row;
    bool deprecated = row->deprecated_since != NULL;
    bool system = row->flags & CMD_SYSTEM;
    bool arguments = row->syntax && row->syntax[0] != '\0';

    reply_bulk_str(r, slot->full_name);
    reply_map(r, 4u + deprecated + (deprecated || system) + (row->replaced_by != NULL) + arguments +
                     (slot->sub_count > 0));
    reply_field(r, "summary", row->summary);
    reply_field(r, "since", row->since);
    reply_field(r, "group", group_name(row->group));
    reply_field(r, "complexity", row->complexity);
    if (deprecated || system)
        reply_doc_flags(r, deprecated, system);
    reply_field(r, "deprecated_since", row->deprecated_since);
    reply_field(r, "replaced_by", row->replaced_by);
    if (arguments) {
        reply_bulk_str(r, "arguments");
        syntax_reply_arguments(r, arena, row->syntax, key_spec_count(row));
    }
    if (slot->sub_count > 0) {
        reply_bulk_str(r, "subcommands");
        reply_map(r, slot->sub_count);
        for (uint32_t i = 0; i < slot->sub_count; i++)
            reply_command_docs(r, arena, &slot->subs[i]);
    }
}
