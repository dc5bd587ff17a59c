#include "process/title.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/mem.h"
#include "tests/unit/check.h"

static const struct title_values values = {
    .title = "tarn",
    .listen_addr = "*:6379",
    .server_mode = "",
    .unixsocket = "/run/t.sock",
    .config_file = "/etc/t.conf",
    .port = 6379,
    .tls_port = 0,
};

static const char *expanded(const char *template)
{
    static struct buf out;
    buf_done(&out);
    buf_init(&out, BUF_NO_CEILING);
    return title_expand(slice_str(template), &values, &out) ? buf_cstr(&out) : "refused";
}

TEST(variables_are_replaced)
{
    CHECK_STR(expanded("{title} {listen-addr}"), "tarn *:6379");
    CHECK_STR(expanded("{port}/{tls-port} {unixsocket} {config-file}!"),
              "6379/0 /run/t.sock /etc/t.conf!");
    CHECK_STR(expanded("nothing"), "nothing");
}

TEST(spaces_at_the_end_go)
{
    CHECK_STR(expanded("{title} {listen-addr} {server-mode}"), "tarn *:6379");
    CHECK_STR(expanded("  a  "), "  a");
    CHECK_STR(expanded("{server-mode}"), "");
}

TEST(templates_that_make_no_sense_are_refused)
{
    static const char *const wrong[] = {
        "", "{", "{title", "{}", "{TITLE}", "{ title}", "a{foo}b"
    };
    for (size_t i = 0; i < COUNT_OF(wrong); i++) {
        CHECK_STR(expanded(wrong[i]), "refused");
        CHECK(!title_is_good(slice_str(wrong[i])));
    }
    CHECK(title_is_good(SLICE("a } {port}")));
    CHECK(!title_is_good(SLICE("{title}"))); /* says nothing by itself */
}

TEST(a_refused_template_appends_nothing)
{
    struct buf out;
    buf_init(&out, BUF_NO_CEILING);
    buf_append_str(&out, "before ");
    CHECK(!title_expand(SLICE("{title} {foo}"), &values, &out));
    CHECK_STR(buf_cstr(&out), "before ");
    buf_done(&out);
}

/* Arguments and environment as the kernel lays them out. */
struct process {
    char memory[32];
    char *argv[3];
    char *environment[3];
};

static void process_init(struct process *p)
{
    static const char strings[] = "prog\0-x\0A=1\0B=2\0";
    memset(p->memory, '!', sizeof(p->memory));
    memcpy(p->memory, strings, sizeof(strings) - 1);
    p->argv[0] = p->memory;
    p->argv[1] = p->memory + 5;
    p->environment[0] = p->memory + 8;
    p->environment[1] = p->memory + 12;
    p->argv[2] = p->environment[2] = NULL;
}

/* The environment of the test takes the place of the process's for a moment. */
static struct title_area claim(struct process *p, char ***ret_moved)
{
    char **before = environ;
    environ = p->environment;
    struct title_area area = title_claim(2, p->argv);
    *ret_moved = environ;
    environ = before;
    return area;
}

TEST(a_title_takes_the_place_of_arguments_and_environment)
{
    struct process p;
    char **moved;
    process_init(&p);
    struct title_area area = claim(&p, &moved);
    CHECK_PTR(area.start, p.memory);
    CHECK_UINT(area.size, 16);

    title_set(&area, SLICE("new title"));
    CHECK_MEM(p.memory, "new title\0\0\0\0\0\0\0!", 17);
    title_set(&area, SLICE("a title that is longer than there is room"));
    CHECK_MEM(p.memory, "a title that is\0!", 17);

    CHECK_STR(moved[0], "A=1");
    CHECK_STR(moved[1], "B=2");
    CHECK_PTR_NULL(moved[2]);
    mem_free(moved);
}

TEST(strings_elsewhere_are_not_overwritten)
{
    struct process p;
    char **moved;
    char elsewhere[] = "C=3";
    process_init(&p);
    p.environment[0] = elsewhere;
    struct title_area area = claim(&p, &moved);
    CHECK_UINT(area.size, 8);
    mem_free(moved);
    CHECK_UINT(title_claim(0, p.argv).size, 0);
}
