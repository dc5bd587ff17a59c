/* What the log shows first: who starts, how, and a picture. */
#include <stdio.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/log.h"
#include "server/server_priv.h"
#include "server/version.h"

/* A tarn: a lake in a hollow of the mountains. */
static const char logo[] = "\n"
                           "              /\\\n"
                           "             /  \\  /\\            Tarn %s, 64 bits\n"
                           "            /    \\/  \\\n"
                           "      /\\   /     /    \\          Running in standalone mode\n"
                           "     /  \\ /     /      \\  /\\     Port: %d\n"
                           "    /    \\     /        \\/  \\    PID: %d\n"
                           "   /______\\___/__________\\___\\\n"
                           "    \\ ~  ~ ~~   ~  ~~ ~   ~ /\n"
                           "     `--._  ~  ~~  ~   _.--'\n"
                           "          `----------'\n\n";

/* Only people like it, who look at a terminal. */
static bool shows_logo(const struct log_choices *log)
{
    if (log->format != LOG_FORMAT_LEGACY || log->level > LOG_NOTICE)
        return false;
    bool watched = !log->syslog_enabled && !*log->logfile && isatty(STDOUT_FILENO);
    return watched || log->always_show_logo;
}

static void print_logo(const struct server *s)
{
    char text[sizeof(logo) + 64];
    (void)snprintf(text, sizeof(text), logo, TARN_VERSION, (int)s->settings.port, (int)getpid());
    log_raw(text);
}

int process_print_banner(struct server *s)
{
    log_write(LOG_NOTICE, "oO0OoO0OoO0Oo Tarn is starting oO0OoO0OoO0Oo");
    log_write(LOG_NOTICE, "Tarn version=%s, bits=64, pid=%d, just started", TARN_VERSION,
              (int)getpid());
    if (s->process.argc > 1)
        log_write(LOG_NOTICE, "Configuration loaded");
    else
        log_write(
            LOG_WARNING,
            "Warning: no config file specified, using the default config. In order to specify "
            "a config file use %s /path/to/tarn.conf",
            s->process.argc > 0 ? s->process.argv[0] : "tarn-server");
    log_write(LOG_NOTICE, "monotonic clock: %s", clock_mono_name());
    if (shows_logo(&s->process.log))
        print_logo(s);
    else
        log_write(LOG_NOTICE, "Running mode=standalone, port=%d, PID: %d", (int)s->settings.port,
                  (int)getpid());
    return 0;
}
