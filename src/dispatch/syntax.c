/* Syntax notation: a recursive descent over our own rows into a small tree, which is then written
 * as the peers describe arguments. The depth is bounded by SYNTAX_DEPTH_MAX. */
#include "dispatch/syntax.h"

#include <stdint.h>

#include "base/assert.h"

#define SYNTAX_DEPTH_MAX 12

enum node_type {
    NODE_STRING,
    NODE_INT,
    NODE_DOUBLE,
    NODE_KEY,
    NODE_PATTERN,
    NODE_UNIX_TIME,
    NODE_PURE_TOKEN,
    NODE_ONE_OF,
    NODE_BLOCK,
};

static const struct node_type_name {
    const char *written; /* behind the colon, NULL if the type has a form of its own */
    const char *shown;
} type_names[] = {
    [NODE_STRING] = { "string", "string" },     [NODE_INT] = { "int", "integer" },
    [NODE_DOUBLE] = { "double", "double" },     [NODE_KEY] = { "key", "key" },
    [NODE_PATTERN] = { "pattern", "pattern" },  [NODE_UNIX_TIME] = { "unixtime", "unix-time" },
    [NODE_PURE_TOKEN] = { NULL, "pure-token" }, [NODE_ONE_OF] = { NULL, "oneof" },
    [NODE_BLOCK] = { NULL, "block" },
};

struct node {
    struct slice name, token, since;
    enum node_type type;
    bool optional, multiple, multiple_token;
    struct node *children, *next;
    size_t child_count;
};

struct scanner {
    const char *at;
    struct arena *arena;
    unsigned depth;
    bool failed;
};

static struct node *scan_argument(struct scanner *sc);

static void skip_spaces(struct scanner *sc)
{
    while (*sc->at == ' ')
        sc->at++;
}

static bool take(struct scanner *sc, const char *text)
{
    skip_spaces(sc);
    size_t len = strlen(text);
    if (strncmp(sc->at, text, len) != 0)
        return false;
    sc->at += len;
    return true;
}

static void expect(struct scanner *sc, const char *text)
{
    if (!take(sc, text))
        sc->failed = true;
}

static bool is_word_char(char c)
{
    return c != '\0' && !strchr(" :=<>{}[]()|.@", c);
}

static struct slice scan_word(struct scanner *sc)
{
    skip_spaces(sc);
    const char *start = sc->at;
    while (is_word_char(*sc->at) || (*sc->at == '.' && strncmp(sc->at, "...", 3) != 0))
        sc->at++;
    if (sc->at == start)
        sc->failed = true;
    return slice_of(start, (size_t)(sc->at - start));
}

/* A word without lower-case letters is a token. */
static bool is_token(struct slice word)
{
    for (size_t i = 0; i < word.len; i++)
        if (word.ptr[i] >= 'a' && word.ptr[i] <= 'z')
            return false;
    return true;
}

/* True where nothing follows that a token could belong to. */
static bool at_end_of_argument(struct scanner *sc)
{
    skip_spaces(sc);
    return *sc->at == '\0' || strchr("]>|})@", *sc->at) || strncmp(sc->at, "...", 3) == 0;
}

static struct node *node_new(struct scanner *sc, struct slice name, enum node_type type)
{
    struct node *node = arena_alloc(sc->arena, sizeof(*node));
    *node = (struct node){ .name = name, .type = type };
    return node;
}

static struct slice lower(struct arena *arena, struct slice word)
{
    char *out = arena_alloc(arena, word.len);
    for (size_t i = 0; i < word.len; i++)
        out[i] = word.ptr[i] >= 'A' && word.ptr[i] <= 'Z' ? (char)(word.ptr[i] | 0x20)
                                                          : word.ptr[i];
    return slice_of(out, word.len);
}

/* Arguments up to `end`, with `separator` between them if there is one. */
static void scan_children(struct scanner *sc, struct node *parent, const char *separator,
                          const char *end)
{
    struct node **tail = &parent->children;
    do {
        *tail = scan_argument(sc);
        if (sc->failed)
            return;
        tail = &(*tail)->next;
        parent->child_count++;
        skip_spaces(sc);
        if (separator && take(sc, separator))
            continue;
        if (take(sc, end))
            return;
        if (separator || *sc->at == '\0')
            sc->failed = true;
    } while (!sc->failed);
}

static struct node *scan_typed(struct scanner *sc, struct slice name)
{
    struct slice written = scan_word(sc);
    for (unsigned i = 0; i < COUNT_OF(type_names); i++)
        if (type_names[i].written && slice_eq(written, slice_str(type_names[i].written)))
            return node_new(sc, name, (enum node_type)i);
    sc->failed = true;
    return node_new(sc, name, NODE_STRING);
}

static struct node *pure_token(struct scanner *sc, struct slice name, struct slice token)
{
    struct node *node = node_new(sc, name, NODE_PURE_TOKEN);
    node->token = token;
    return node;
}

/* What stands behind "name=". */
static struct node *scan_named(struct scanner *sc, struct slice name)
{
    if (take(sc, "<")) {
        struct node *node = node_new(sc, name, NODE_ONE_OF);
        scan_children(sc, node, "|", ">");
        return node;
    }
    if (take(sc, "{")) {
        struct node *node = node_new(sc, name, NODE_BLOCK);
        scan_children(sc, node, NULL, "}");
        return node;
    }
    if (take(sc, "="))
        return pure_token(sc, name, SLICE("="));
    return pure_token(sc, name, scan_word(sc));
}

static struct node *scan_worded(struct scanner *sc)
{
    struct slice word = scan_word(sc);
    if (take(sc, "="))
        return scan_named(sc, word);
    if (*sc->at == ':') {
        sc->at++;
        return scan_typed(sc, word);
    }
    if (!is_token(word))
        return node_new(sc, word, NODE_STRING);
    if (at_end_of_argument(sc))
        return pure_token(sc, lower(sc->arena, word), word);
    struct node *node = scan_argument(sc);
    node->token = word;
    return node;
}

static struct node *scan_argument(struct scanner *sc)
{
    struct node *node;
    if (++sc->depth > SYNTAX_DEPTH_MAX)
        sc->failed = true;
    if (sc->failed)
        return node_new(sc, SLICE(""), NODE_STRING);

    if (take(sc, "[")) {
        node = scan_argument(sc);
        node->optional = true;
        expect(sc, "]");
    } else if (take(sc, "(")) {
        node = scan_argument(sc);
        node->multiple_token = true;
        expect(sc, ")");
    } else {
        node = scan_worded(sc);
    }
    if (take(sc, "@"))
        node->since = scan_word(sc);
    if (take(sc, "..."))
        node->multiple = true;
    sc->depth--;
    return node;
}

/* The tree under a nameless block. */
static struct node *scan_syntax(struct scanner *sc)
{
    struct node *root = node_new(sc, SLICE(""), NODE_BLOCK);
    struct node **tail = &root->children;
    for (skip_spaces(sc); *sc->at && !sc->failed; skip_spaces(sc)) {
        *tail = scan_argument(sc);
        tail = &(*tail)->next;
        root->child_count++;
    }
    return root;
}

/* ---- writing ---- */

struct writer {
    struct reply *reply;
    int keys; /* key arguments written so far */
    int key_specs;
};

static void write_nodes(struct writer *w, const struct node *parent);

static void write_flags(struct reply *r, const struct node *node)
{
    reply_bulk_str(r, "flags");
    reply_set(r, (size_t)node->optional + node->multiple + node->multiple_token);
    if (node->optional)
        reply_status(r, SLICE("optional"));
    if (node->multiple)
        reply_status(r, SLICE("multiple"));
    if (node->multiple_token)
        reply_status(r, SLICE("multiple_token"));
}

static void write_node(struct writer *w, const struct node *node)
{
    struct reply *r = w->reply;
    bool flags = node->optional || node->multiple || node->multiple_token;
    bool is_key = node->type == NODE_KEY;

    reply_map(r, 2u + is_key + (node->token.len > 0) + (node->since.len > 0) + flags +
                     (node->children != NULL));
    reply_bulk_str(r, "name");
    reply_bulk(r, node->name);
    reply_bulk_str(r, "type");
    reply_bulk_str(r, type_names[node->type].shown);
    if (is_key) {
        reply_bulk_str(r, "key_spec_index");
        reply_int(r, MIN_OF(w->keys, w->key_specs - 1));
        w->keys++;
    }
    if (node->token.len) {
        reply_bulk_str(r, "token");
        reply_bulk(r, node->token);
    }
    if (node->since.len) {
        reply_bulk_str(r, "since");
        reply_bulk(r, node->since);
    }
    if (flags)
        write_flags(r, node);
    if (node->children) {
        reply_bulk_str(r, "arguments");
        write_nodes(w, node);
    }
}

static void write_nodes(struct writer *w, const struct node *parent)
{
    reply_array(w->reply, parent->child_count);
    for (const struct node *node = parent->children; node; node = node->next)
        write_node(w, node);
}

void syntax_reply_arguments(struct reply *r, struct arena *arena, const char *syntax, int key_specs)
{
    struct scanner sc = { .at = syntax, .arena = arena };
    struct node *root = scan_syntax(&sc);
    ASSERT(!sc.failed);
    struct writer w = { .reply = r, .key_specs = key_specs };
    write_nodes(&w, root);
}

bool syntax_is_valid(const char *syntax)
{
    struct arena arena;
    arena_init(&arena, 4096, 0);
    struct scanner sc = { .at = syntax, .arena = &arena };
    (void)scan_syntax(&sc);
    arena_done(&arena);
    return !sc.failed;
}

/* ---- the human form ---- */

static void print_node(struct buf *out, const struct node *node);

static void print_nodes(struct buf *out, const struct node *parent, const char *separator)
{
    for (const struct node *node = parent->children; node; node = node->next) {
        print_node(out, node);
        buf_append_str(out, node->next ? separator : "");
    }
}

/* What is longer is not written twice where it may be repeated. */
#define REPEAT_BYTES_MAX 40

/* What stands behind the token, without brackets of its own. */
static void print_content(struct buf *out, const struct node *node, bool bracketed)
{
    bool choice = node->type == NODE_ONE_OF;
    if (!node->children) {
        if (node->type != NODE_PURE_TOKEN)
            buf_append(out, node->name);
        return;
    }
    buf_append_str(out, choice && !bracketed ? "<" : "");
    print_nodes(out, node, choice ? " | " : " ");
    buf_append_str(out, choice && !bracketed ? ">" : "");
}

static void print_token(struct buf *out, const struct node *node)
{
    buf_append(out, node->token);
    if (node->token.len && node->type != NODE_PURE_TOKEN)
        buf_append_char(out, ' ');
}

static void print_node(struct buf *out, const struct node *node)
{
    bool bracketed = node->optional && !node->multiple && node->token.len == 0;
    buf_append_str(out, node->optional ? "[" : "");
    print_token(out, node);
    size_t before = out->len;
    print_content(out, node, bracketed);
    if (node->multiple && out->len - before > REPEAT_BYTES_MAX) {
        buf_append_str(out, " [...]");
    } else if (node->multiple) {
        buf_append_str(out, " [");
        if (node->multiple_token)
            print_token(out, node);
        print_content(out, node, /* bracketed= */ false);
        buf_append_str(out, " ...]");
    }
    buf_append_str(out, node->optional ? "]" : "");
}

void syntax_print(struct buf *out, const char *syntax)
{
    struct arena arena;
    arena_init(&arena, 4096, 0);
    struct scanner sc = { .at = syntax, .arena = &arena };
    struct node *root = scan_syntax(&sc);
    ASSERT(!sc.failed);
    print_nodes(out, root, " ");
    arena_done(&arena);
}
