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
