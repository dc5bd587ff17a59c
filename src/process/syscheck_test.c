#include "process/syscheck.h"

#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/file.h"
#include "base/slice.h"
#include "tests/unit/check.h"

/* A machine whose kernel's files say what a test wants. */
static char root[64];

static void new_machine(void)
{
    memcpy(root, "/tmp/syscheck_test.XXXXXX", sizeof("/tmp/syscheck_test.XXXXXX"));
    CHECK_PTR_NOT_NULL(mkdtemp(root));
}

static void tell(const char *path, const char *text)
{
    char full[512];
    (void)snprintf(full, sizeof(full), "%s%s", root, path);
    for (char *slash = strchr(full + strlen(root) + 1, '/'); slash;
         slash = strchr(slash + 1, '/')) {
        *slash = '\0';
        (void)mkdir(full, 0700);
        *slash = '/';
    }
    int fd = file_open(full, O_WRONLY | O_CREAT | O_TRUNC, 0600);
    CHECK(fd >= 0);
    CHECK_INT(file_write_all(fd, slice_str(text)), 0);
    CHECK_INT(file_close(fd), 0);
}

static void scrap(void)
{
    char command[128];
    (void)snprintf(command, sizeof(command), "rm -r %s", root);
    CHECK_INT(system(command), 0);
}

#define CLOCK_SOURCE "/sys/devices/system/clocksource/clocksource0/current_clocksource"
#define OVERCOMMIT "/proc/sys/vm/overcommit_memory"
#define HUGE_PAGES "/sys/kernel/mm/transparent_hugepage/enabled"

TEST(overcommit_has_to_be_on)
{
    char text[SYSCHECK_TEXT_MAX];
    new_machine();
    CHECK_INT(syscheck_overcommit(root, text), SYSCHECK_SKIPPED);
    tell(OVERCOMMIT, "1\n");
    CHECK_INT(syscheck_overcommit(root, text), SYSCHECK_OK);
    tell(OVERCOMMIT, "0\n");
    CHECK_INT(syscheck_overcommit(root, text), SYSCHECK_WARNING);
    CHECK_PTR_NOT_NULL(strstr(text, "vm.overcommit_memory"));
    tell(OVERCOMMIT, "2\n");
    CHECK_INT(syscheck_overcommit(root, text), SYSCHECK_WARNING);
    scrap();
}

TEST(huge_pages_must_not_be_everywhere)
{
    char text[SYSCHECK_TEXT_MAX];
    new_machine();
    CHECK_INT(syscheck_huge_pages(root, text), SYSCHECK_SKIPPED);
    tell(HUGE_PAGES, "always [madvise] never\n");
    CHECK_INT(syscheck_huge_pages(root, text), SYSCHECK_OK);
    tell(HUGE_PAGES, "[always] madvise never\n");
    CHECK_INT(syscheck_huge_pages(root, text), SYSCHECK_WARNING);
    CHECK_PTR_NOT_NULL(strstr(text, HUGE_PAGES "'"));
    scrap();
}

TEST(the_clock_of_xen_is_warned_of)
{
    char text[SYSCHECK_TEXT_MAX];
    new_machine();
    CHECK_INT(syscheck_xen_clock(root, text), SYSCHECK_SKIPPED);
    tell(CLOCK_SOURCE, "tsc\n");
    CHECK_INT(syscheck_xen_clock(root, text), SYSCHECK_OK);
    tell(CLOCK_SOURCE, "xen\n");
    CHECK_INT(syscheck_xen_clock(root, text), SYSCHECK_WARNING);
    scrap();
}

TEST(pages_are_not_lost_here)
{
    char text[SYSCHECK_TEXT_MAX] = "";
    CHECK_INT(syscheck_lost_pages("", text), SYSCHECK_OK);
}

TEST(all_checks_are_listed_with_their_outcome)
{
    char *shown = NULL;
    size_t len = 0;
    new_machine();
    tell(OVERCOMMIT, "0\n");
    tell(HUGE_PAGES, "always madvise [never]\n");
    FILE *out = open_memstream(&shown, &len);
    CHECK_PTR_NOT_NULL(out);
    CHECK(!syscheck_run(root, out));
    CHECK_INT(fclose(out), 0);
    CHECK_PTR_NOT_NULL(strstr(shown, "[slow-clocksource]..."));
    CHECK_PTR_NOT_NULL(strstr(shown, "[xen-clocksource]...skipped\n"));
    CHECK_PTR_NOT_NULL(
        strstr(shown, "[overcommit]...WARNING:\nMemory overcommit must be enabled!"));
    CHECK_PTR_NOT_NULL(strstr(shown, "[THP]...OK\n"));
    free(shown); /* tidy-allow free: open_memstream allocated it */
    scrap();
}
