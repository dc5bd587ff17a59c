/* Text of the reference: wrapped, quoted, escaped. */
#include <ctype.h>

#include "server/reference_priv.h"

/* The length of the next line of `text`: as many words as fit into `room`, one at least. */
static size_t line_length(const char *text, size_t room)
{
    size_t len = 0;
    for (size_t at = 0; text[at];) {
        size_t end = at + strcspn(text + at, " ");
        if (len > 0 && end > room)
            break;
        len = end;
        at = end + strspn(text + end, " ");
    }
    return len;
}

void text_wrap(struct buf *out, const char *prefix, const char *text)
{
    size_t room = REFERENCE_COLUMNS - strlen(prefix);
    for (text += strspn(text, " "); *text; text += strspn(text, " ")) {
        size_t len = line_length(text, room);
        buf_printf(out, "%s%.*s\n", prefix, (int)len, text);
        text += len;
    }
}

/* Up to the next space that no bracket encloses. */
static size_t item_length(const char *text)
{
    int depth = 0;
    size_t len = 0;
    for (; text[len] && (depth > 0 || text[len] != ' '); len++)
        depth += (text[len] == '[' || text[len] == '<') - (text[len] == ']' || text[len] == '>');
    return len;
}

/* An item that has no room on any line is broken between words. */
static void put_long_item(struct buf *out, struct slice item)
{
    struct buf text;
    buf_init(&text, BUF_NO_CEILING);
    buf_append(&text, item);
    text_wrap(out, "    ", buf_cstr(&text));
    buf_truncate(out, out->len - 1);
    buf_done(&text);
}

void text_wrap_syntax(struct buf *out, const char *text)
{
    size_t used = 0;
    while (*text) {
        size_t len = item_length(text);
        bool is_long = len + 4 > REFERENCE_COLUMNS;
        if (used > 0 && used + 1 + len > REFERENCE_COLUMNS) {
            buf_append_str(out, is_long ? "\n" : "\n   ");
            used = 3;
        }
        if (is_long) {
            put_long_item(out, slice_of(text, len));
        } else {
            buf_append_str(out, used > 0 ? " " : "");
            buf_append(out, slice_of(text, len));
        }
        used += len + 1;
        text += len;
        text += strspn(text, " ");
    }
    buf_append_char(out, '\n');
}

void text_cell(struct buf *out, const char *text)
{
    for (; *text; text++) {
        if (*text == '|')
            buf_append_char(out, '\\');
        buf_append_char(out, *text);
    }
}

void text_man(struct buf *out, const char *text)
{
    if (*text == '.' || *text == '\'')
        buf_append_str(out, "\\&");
    for (; *text; text++) {
        if (*text == '\\')
            buf_append_str(out, "\\e");
        else if (*text == '-')
            buf_append_str(out, "\\-");
        else
            buf_append_char(out, *text);
    }
}

void text_command_name(struct buf *out, const char *full_name)
{
    for (; *full_name; full_name++)
        buf_append_char(out, *full_name == '|' ? ' ' : (char)toupper((unsigned char)*full_name));
}
