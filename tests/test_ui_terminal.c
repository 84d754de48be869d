/* The workstation on real terminals: kinds, sizes, signals, and that the terminal is
 * given back. The child runs app_run on a pseudo-terminal of its own. */
#define _GNU_SOURCE 1 /* syscall */
#include "checks.h"
#include "core/clock.h"
#include "folder.h"
#include "nap.h"
#include "program.h"
#include "pty.h"
#include "ui/term.h"
#include "ui_rig.h"
#include "vt.h"

#include <poll.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <termios.h>
#include <unistd.h>

static struct pty pty;
static char folder[256];
static bool sounding; /* the next workstation has a transport */

/* What main does, small: exit codes as the real program has them. */
static int workstation(void *arg)
{
    const char *where = arg;
    struct err e;
    struct session *s = NULL;
    struct jobs *jobs = NULL;
    static struct config config;
    config_defaults(&config, NULL);
    if (session_open(&s, where, &e) != ST_OK || jobs_new(&jobs, 1, NULL, &e) != ST_OK)
        return 99;
    if (session_count(s) == 0)
        ui_rig_fill(s, 3, 30);
    struct transport_options silent = {.backend = TRANSPORT_NULL};
    struct transport *transport = NULL;
    if (sounding && transport_new(&transport, &silent, &e) != ST_OK)
        return 99;
    struct app_setup setup = {.session = s,
                              .jobs = jobs,
                              .transport = transport,
                              .config = &config,
                              .input_dir = "",
                              .theme_dirs = SOURCE_DIR "/themes",
                              .user_dir = ""};
    enum status st = app_run(&setup, &e);
    transport_free(transport);
    jobs_free(jobs);
    session_close(s);
    if (st != ST_OK && st != ST_CANCELLED)
        fprintf(stderr, "trowel: %s\n", e.msg);
    return status_exit_code(st);
}

/* How often the child waited for the disk; put before the library's, SQLite's too. */
static atomic_int *syncs;

int fdatasync(int fd)
{
    if (syncs)
        atomic_fetch_add(syncs, 1);
    return (int)syscall(SYS_fdatasync, fd);
}

int fsync(int fd)
{
    if (syncs)
        atomic_fetch_add(syncs, 1);
    return (int)syscall(SYS_fsync, fd);
}

static void start(const char *term, const char *locale, int rows, int cols)
{
    pty_start(&pty, term, locale, rows, cols, workstation, folder);
}

static int set_up(void **state)
{
    folder_make(folder);
    strcat(folder, "/tapes");
    return 0;
}

static int tear_down(void **state)
{
    *strrchr(folder, '/') = '\0';
    folder_remove(folder);
    return 0;
}

static void every_terminal_starts_and_ends(void **state)
{
    static const char *const terms[] = {"xterm-256color", "tmux-256color", "screen",
                                        "linux",          "vt100",         "xterm"};
    static const char *const locales[] = {"C.UTF-8", "C", "xx_XX.UTF-8"};
    for (size_t t = 0; t < sizeof terms / sizeof *terms; t++)
        for (size_t l = 0; l < sizeof locales / sizeof *locales; l++) {
            start(terms[t], locales[l], 24, 80);
            assert_true(pty_wait_for(&pty, "near misses", 10));
            pty_settle(&pty, 0.1);
            bool ascii = strcmp(locales[l], "C") == 0 || strcmp(terms[t], "vt100") == 0;
            for (size_t i = 0; ascii && i < pty.used; i++)
                assert_true((unsigned char)pty.text[i] < 0x80);
            if (!ascii)
                assert_non_null(strstr(pty.text, "\xE2\x96\xB8") /* > */
                                    ? pty.text
                                    : strstr(pty.text, "\xE2\x96\xBA"));
            pty_send(&pty, "Q");
            assert_int_equal(pty_end(&pty, 10), 0);
        }
}

/* With eight colours there is no bright black: what matters less is dim, never black on
 * what may be black. */
static void eight_colours_hide_nothing(void **state)
{
    start("xterm", "C.UTF-8", 30, 112);
    assert_true(pty_wait_for(&pty, "near misses", 10));
    pty_settle(&pty, 0.1);
    assert_non_null(strstr(pty.text, "\033[0;2m"));
    for (const char *at = pty.text; (at = strstr(at, "\033[30m")); at += 5)
        assert_memory_equal(at + 5, "\033[4", 3); /* on a ground */
    pty_send(&pty, "Q");
    assert_int_equal(pty_end(&pty, 10), 0);
}

/* A terminal of direct colours reads a number as red, green and blue: 252, a light grey
 * of the palette, would be blue. */
static void direct_colours_are_those_of_the_palette(void **state)
{
    char command[900];
    FREED const char *source = text_of("%s.ti", folder);
    FILE *f = fopen(source, "w");
    assert_non_null(f);
    fputs("xt-direct|for this test,colors#0x1000000,pairs#0x7FFF,op=\\E[39;49m,"
          "setaf=\\E[%?%p1%{8}%<%t3%p1%d%e38;2;%p1%{65536}%/%d;%p1%{256}%/%{255}%&%d;"
          "%p1%{255}%&%d%;m,"
          "setab=\\E[%?%p1%{8}%<%t4%p1%d%e48;2;%p1%{65536}%/%d;%p1%{256}%/%{255}%&%d;"
          "%p1%{255}%&%d%;m,use=vt220,\n",
          f);
    fclose(f);
    snprintf(command, sizeof command, "tic -x -o '%s.d' '%s' 2>/dev/null", folder,
             source);
    if (system(command) != 0)
        skip();
    snprintf(command, sizeof command, "%s.d", folder);
    setenv("TERMINFO", command, 1);
    start("xt-direct", "C.UTF-8", 24, 80);
    unsetenv("TERMINFO");
    assert_true(pty_wait_for(&pty, "near misses", 10));
    pty_settle(&pty, 0.1);
    assert_non_null(strstr(pty.text, "38;2;208;208;208m")); /* text: 252 */
    assert_non_null(strstr(pty.text, "48;2;215;175;135m")); /* cursor: on 180 */
    assert_null(strstr(pty.text, ";2;0;0;"));
    pty_send(&pty, "Q");
    assert_int_equal(pty_end(&pty, 10), 0);
}

static void hopeless_terminals_are_refused(void **state)
{
    static const char *const terms[] = {"dumb", "no-such-terminal", ""};
    for (size_t t = 0; t < 3; t++) {
        start(terms[t], "C.UTF-8", 24, 80);
        assert_int_equal(pty_end(&pty, 10), 2);
        assert_non_null(strstr(pty.text, "trowel: "));
        assert_non_null(strstr(pty.text, "--batch"));
        assert_null(strstr(pty.text, "\033["));
    }
}

static void the_terminal_is_given_back(void **state)
{
    static const int signals[] = {0, SIGHUP, SIGTERM, SIGINT};
    for (size_t i = 0; i < 4; i++) {
        start("xterm-256color", "C.UTF-8", 24, 80);
        assert_true(pty_wait_for(&pty, "near misses", 10));
        pty_settle(&pty, 0.1);
        assert_non_null(strstr(pty.text, "\033[?1049h"));
        assert_non_null(strstr(pty.text, "\033[?2004h"));
        pty_forget(&pty);
        if (signals[i])
            kill(pty.pid, signals[i]);
        else
            pty_send(&pty, "Q");
        assert_int_equal(pty_end(&pty, 10), signals[i] ? 130 : 0);
        assert_non_null(strstr(pty.text, "\033[?2004l"));
        assert_non_null(strstr(pty.text, "\033[?1049l"));
        assert_non_null(strstr(pty.text, "\033[?12l\033[?25h"));
    }
}

static void a_crash_gives_it_back_too(void **state)
{
#ifdef __SANITIZE_ADDRESS__
    skip();
#endif
    start("xterm-256color", "C.UTF-8", 24, 80);
    assert_true(pty_wait_for(&pty, "near misses", 10));
    pty_forget(&pty);
    kill(pty.pid, SIGSEGV);
    assert_int_equal(pty_end(&pty, 10), 128 + SIGSEGV);
    assert_non_null(strstr(pty.text, "\033[?1049l"));
}

/* The terminal as the workstation takes it and gives it back; 0 when every signal does
 * then what it did before. */
static int taken_and_given_back(void *arg)
{
    static const int signals[] = {SIGTSTP, SIGINT, SIGTERM, SIGWINCH, SIGHUP, SIGSEGV};
    struct terminal *term;
    struct theme theme;
    (void)arg;
    theme_builtin(&theme);
    struct term_options options = {
        .theme = &theme, .depth = TERM_AUTO, .tier = TERM_AUTO};
    for (size_t i = 0; i < sizeof signals / sizeof *signals; i++)
        signal(signals[i], SIG_DFL);
    if (term_open(&term, &options, NULL) != ST_OK)
        return 99;
    term_close(term);
    for (size_t i = 0; i < sizeof signals / sizeof *signals; i++)
        if (signal(signals[i], SIG_DFL) != SIG_DFL)
            return signals[i];
    return 0;
}

/* A handler of curses's own, left behind, would draw on a screen that is no more. */
static void no_handler_is_left_behind(void **state)
{
    pty_start(&pty, "xterm-256color", "C.UTF-8", 24, 80, taken_and_given_back, NULL);
    assert_int_equal(pty_end(&pty, 10), 0);
}

static void stopping_and_going_on(void **state)
{
    start("xterm-256color", "C.UTF-8", 24, 80);
    assert_true(pty_wait_for(&pty, "near misses", 10));
    for (int i = 0; i < 3; i++) {
        pty_settle(&pty, 0.1);
        pty_forget(&pty);
        /* an orphaned process group cannot stop by SIGTSTP: the terminal is given back
         * and taken again at once */
        kill(pty.pid, SIGTSTP);
        assert_true(pty_wait_for(&pty, "\033[?1049l", 5));
        kill(pty.pid, SIGCONT);
        assert_true(pty_wait_for(&pty, "near misses", 5));
    }
    pty_resize(&pty, 30, 100);
    kill(pty.pid, SIGSTOP);
    pty_resize(&pty, 40, 120); /* no SIGWINCH is taken while it is stopped */
    kill(pty.pid, SIGCONT);
    pty_forget(&pty);
    assert_true(pty_wait_for(&pty, "kit 0/400", 5));
    pty_send(&pty, "Q");
    assert_int_equal(pty_end(&pty, 10), 0);
}

/* A shell that saw it stop sets the terminal for its own line, and fg may leave it so.
 * Until keys come singly and without echo again, none is heeded. */
static void what_a_shell_set_is_set_back(void **state)
{
    struct termios ours, shell;
    start("xterm-256color", "C.UTF-8", 24, 80);
    assert_true(pty_wait_for(&pty, "near misses", 10));
    pty_send(&pty, ":the");
    assert_true(pty_wait_for(&pty, "change the theme", 5));
    kill(pty.pid, SIGSTOP);
    pty_settle(&pty, 0.1);
    assert_int_equal(tcgetattr(pty.fd, &ours), 0);
    shell = ours;
    shell.c_lflag |= ICANON | ECHO | ISIG;
    assert_int_equal(tcsetattr(pty.fd, TCSANOW, &shell), 0);
    pty_forget(&pty);
    kill(pty.pid, SIGCONT);
    assert_true(pty_wait_for(&pty, "change the theme", 5));
    assert_non_null(strstr(pty.text, "\033[?2004h"));
    assert_non_null(strstr(pty.text, "\033[?1h")); /* arrows as terminfo has them */
    assert_int_equal(tcgetattr(pty.fd, &shell), 0);
    assert_int_equal(shell.c_lflag, ours.c_lflag);
    pty_forget(&pty);
    kill(pty.pid, SIGTSTP); /* given back and taken again: it is typed on in sight */
    assert_true(pty_wait_for(&pty, "change the theme", 5));
    assert_non_null(strstr(pty.text, "\033[?25h"));
    assert_null(strstr(pty.text, "\033[?25l"));
    pty_send(&pty, "\033x");
    assert_true(pty_wait_for(&pty, "undoes", 5));
    pty_send(&pty, "Q");
    assert_int_equal(pty_end(&pty, 10), 0);
}

static void five_hundred_resizes(void **state)
{
    start("xterm-256color", "C.UTF-8", 24, 80);
    assert_true(pty_wait_for(&pty, "near misses", 10));
    pty_send(&pty, "jjt");
    for (int i = 0; i < 500; i++) {
        pty_resize(&pty, 1 + i * 37 % 100, 1 + i * 91 % 300);
        if (i % 50 == 0)
            pty_settle(&pty, 0.02);
    }
    pty_resize(&pty, 24, 65535); /* nonsense, and more than curses can count */
    pty_send(&pty, "\x0c");
    pty_settle(&pty, 0.1);
    pty_resize(&pty, 24, 80);
    pty_settle(&pty, 0.3);
    pty_forget(&pty);
    pty_send(&pty, "\x0c"); /* all anew */
    assert_true(pty_wait_for(&pty, "1 tagged", 5));
    pty_send(&pty, "Q");
    assert_int_equal(pty_end(&pty, 10), 0);
}

static void decisions_survive_a_kill(void **state)
{
    start("xterm-256color", "C.UTF-8", 24, 80);
    assert_true(pty_wait_for(&pty, "near misses", 10));
    pty_send(&pty, "xxxxx");
    assert_true(pty_wait_for(&pty, "undoes", 5));
    pty_settle(&pty, 0.2);
    kill(pty.pid, SIGKILL);
    assert_int_equal(pty_end(&pty, 5), 128 + SIGKILL);
    assert_int_equal(ui_rig_rejected(folder), 5);
    /* and are undone in the next session */
    start("xterm-256color", "C.UTF-8", 24, 80);
    assert_true(pty_wait_for(&pty, "near misses", 10));
    pty_send(&pty, "uu");
    assert_true(pty_wait_for(&pty, "redo", 5));
    pty_settle(&pty, 0.2);
    pty_send(&pty, "Q");
    assert_int_equal(pty_end(&pty, 10), 0);
    assert_int_equal(ui_rig_rejected(folder), 3);
}

/* Another thread brings each to the disk, at once and without a further key. */
static void every_decision_is_brought_to_the_disk(void **state)
{
    syncs = mmap(NULL, sizeof *syncs, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS,
                 -1, 0);
    assert_true(syncs != MAP_FAILED);
    start("xterm-256color", "C.UTF-8", 24, 80);
    assert_true(pty_wait_for(&pty, "near misses", 10));
    pty_send(&pty, "x"); /* begins the log, which takes more of them */
    assert_true(pty_wait_for(&pty, "undoes", 5));
    pty_settle(&pty, 0.2);
    int before = atomic_load(syncs);
    assert_true(before > 0);
    pty_send(&pty, "jjj");
    pty_settle(&pty, 0.2);
    assert_int_equal(atomic_load(syncs), before); /* moving decides nothing */
    for (const char *key = "xaxax"; *key; key++) {
        before = atomic_load(syncs);
        pty_send(&pty, (const char[]){*key, '\0'});
        for (int i = 0; i < 100 && atomic_load(syncs) == before; i++)
            pty_settle(&pty, 0.05);
        assert_true(atomic_load(syncs) > before);
        pty_settle(&pty, 0.2);
    }
    pty_send(&pty, "Q");
    assert_int_equal(pty_end(&pty, 10), 0);
    munmap(syncs, sizeof *syncs);
    syncs = NULL;
    assert_int_equal(ui_rig_rejected(folder), 4);
}

/* A line that takes nothing any more: keys are heeded all the same, and a signal ends it
 * with the terminal as it was. */
static void a_stuck_line_delays_no_key(void **state)
{
    start("xterm-256color", "C.UTF-8", 100, 300);
    assert_true(pty_wait_for(&pty, "near misses", 10));
    pty_settle(&pty, 0.2);
    size_t done = 0;
    for (int i = 0; i < 5; i++) { /* each time the whole screen, some 30 kB */
        pty_send(&pty, "\014");
        nap_ms(30);
        pty_send(&pty, "\014x");
        nap_ms(30);
    }
    for (int i = 0; i < 60 && (done = ui_rig_rejected(folder)) < 5; i++)
        nap_ms(50);
    assert_int_equal(done, 5);
    kill(pty.pid, SIGTERM);
    int status = 0;
    pid_t ended = 0;
    for (int i = 0; i < 60 && ended == 0; i++) {
        nap_ms(50);
        ended = waitpid(pty.pid, &status, WNOHANG);
    }
    assert_int_equal(ended, pty.pid);
    assert_true(WIFEXITED(status) && WEXITSTATUS(status) == 130);
    close(pty.fd);
}

static void screen_of(struct vt *v)
{
    vt_clear(v);
    vt_feed(v, pty.text, pty.used);
}

/* What did not fit into the line comes when it flows again, and nothing twice. */
static void a_stuck_line_loses_nothing(void **state)
{
    static struct vt kept, anew;
    start("vt100", "C", VT_ROWS, VT_COLS);
    assert_true(pty_wait_for(&pty, "near misses", 10));
    pty_settle(&pty, 0.2);
    for (int i = 0; i < 80; i++) { /* some 2 kB each; a line holds no more than 70 */
        pty_send(&pty, "\014");
        nap_ms(20);
    }
    pty_send(&pty, "jjx");
    for (int i = 0; i < 100 && ui_rig_rejected(folder) < 1; i++)
        nap_ms(20);
    assert_true(pty_wait_for(&pty, "undoes", 10));
    pty_settle(&pty, 0.3);
    screen_of(&kept);
    pty_forget(&pty);
    pty_send(&pty, "\014");
    assert_true(pty_wait_for(&pty, "near misses", 10));
    pty_settle(&pty, 0.3);
    screen_of(&anew);
    for (int row = 0; row < VT_ROWS; row++)
        assert_string_equal(kept.cell[row], anew.cell[row]);
    pty_send(&pty, "Q");
    assert_int_equal(pty_end(&pty, 10), 0);
}

/* What a line was too slow for goes out when it can, though nothing more happens; and
 * waiting for that costs nothing. */
static void a_slow_line_gets_all_of_it(void **state)
{
    start("xterm-256color", "C.UTF-8", 100, 300);
    assert_true(pty_wait_for(&pty, "near misses", 10));
    pty_settle(&pty, 0.5);
    for (int i = 0; i < 3; i++) {
        pty_forget(&pty);
        pty_send(&pty, "\x0c");
        nap_ms(300); /* nobody reads meanwhile */
        assert_true(pty_wait_for(&pty, " help", 2));
        pty_settle(&pty, 0.2);
    }
    pty_send(&pty, "Q");
    assert_int_equal(pty_end(&pty, 10), 0);
}

static int with_sound(void *arg)
{
    sounding = true;
    return workstation(arg);
}

/* As a line would that takes that many bytes a second. */
static void read_slowly(double rate, double seconds)
{
    char bytes[256];
    double taken = 0, from = clock_s();
    for (double gone = 0; gone < seconds; gone = clock_s() - from) {
        struct pollfd p = {pty.fd, POLLIN, 0};
        double due = gone * rate - taken;
        if (due > (double)sizeof bytes)
            due = (double)sizeof bytes;
        if (due >= 1 && poll(&p, 1, 0) > 0)
            taken += (double)read(pty.fd, bytes, (size_t)due);
        else
            nap_ms(5);
    }
}

static size_t written_in_two_seconds(void)
{
    pty_settle(&pty, 0.01);
    pty_forget(&pty);
    assert_false(pty_wait_for(&pty, "never", 2));
    return pty.used;
}

/* What moves by itself takes a quarter of a slow line, so that a key is answered: its
 * frame would stand behind the 16 kB that the line holds. A quick line sees all of it. */
static void moving_leaves_the_line_to_keys(void **state)
{
    enum { RATE = 3000 };
    pty_start(&pty, "xterm-256color", "C.UTF-8", 30, 112, with_sound, folder);
    assert_true(pty_wait_for(&pty, "near misses", 10));
    pty_send(&pty, "KP");
    assert_true(pty_wait_for(&pty, "clears steps", 5));
    pty_send(&pty, " ");
    assert_true(pty_wait_for(&pty, "step", 5));
    size_t quick = written_in_two_seconds();
    assert_true(quick > 2 * RATE);
    read_slowly(RATE, 10);
    size_t slow = written_in_two_seconds();
    assert_true(slow < RATE); /* half of the line and a frame */
    pty_send(&pty, "L");
    assert_true(pty_wait_for(&pty, "locked", 3));
    pty_send(&pty, " Q");
    assert_int_equal(pty_end(&pty, 10), 0);
}

/* Quitting takes a second, and what has not arrived of a frame by then is taken back from
 * the line: the terminal is left with its own screen, colours and cursor. */
static void a_slow_line_is_given_back(void **state)
{
    enum { RATE = 1000, FRAMES = 12 };
    start("xterm-256color", "C.UTF-8", 90, 300); /* a frame is more than the line holds */
    assert_true(pty_wait_for(&pty, "near misses", 10));
    pty_settle(&pty, 0.5);
    for (int i = 0; i < FRAMES; i++) {
        pty_send(&pty, "\x0c");
        nap_ms(50);
    }
    pty_forget(&pty);
    double began = clock_s();
    pty_send(&pty, "Q");
    read_slowly(RATE, 2);
    assert_int_equal(pty_end(&pty, 10), 0);
    assert_true(clock_s() - began < 5);
    const char *cut = strrchr(pty.text, '\x18'); /* within some sequence */
    assert_non_null(cut);
    assert_non_null(strstr(cut, "\033[?1049l"));
    assert_non_null(strstr(cut, "\033[39;49m"));
    assert_non_null(strstr(cut, "\033[?25h"));
    assert_non_null(strstr(cut, "\033[?2004l"));
}

static void idle_costs_nothing(void **state)
{
    start("xterm-256color", "C.UTF-8", 30, 112);
    assert_true(pty_wait_for(&pty, "near misses", 10));
    pty_send(&pty, "jjj");
    pty_settle(&pty, 0.5);
    pty_forget(&pty);
    long before = pty_waits(&pty);
    pty_settle(&pty, 1);
    nap_ms(1000);
    long woken = pty_waits(&pty) - before;
    assert_in_range(woken, 1, 30);
    assert_int_equal(pty.used, 0);
    pty_send(&pty, "Q");
    assert_int_equal(pty_end(&pty, 10), 0);
}

static void check_words(char *const argv[], const char *said)
{
    OWN(outcome) o;
    program_run(&o, NULL, argv);
    assert_int_equal(o.exit_status, 2);
    if (!text_has(o.err, said))
        fail_msg("said: %s", o.err);
}

/* Before any terminal is asked for. */
static void wrong_words_are_named(void **state)
{
    check_words((char *[]){TROWEL_BIN, "--jobs", "2", NULL},
                "trowel: the workstation has no option --jobs (see trowel --help); ");
    check_words((char *[]){TROWEL_BIN, "--no-audio", "tapes", "more", NULL},
                "trowel: tapes and more: one project or folder at a time");
    check_words((char *[]){TROWEL_BIN, "--", "-tape", "--", NULL},
                "trowel: -tape and --: one project or folder at a time");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
#define CASE(f) cmocka_unit_test_setup_teardown(f, set_up, tear_down)
        CASE(every_terminal_starts_and_ends),
        CASE(eight_colours_hide_nothing),
        CASE(direct_colours_are_those_of_the_palette),
        CASE(hopeless_terminals_are_refused),
        CASE(the_terminal_is_given_back),
        CASE(a_crash_gives_it_back_too),
        cmocka_unit_test(no_handler_is_left_behind),
        CASE(stopping_and_going_on),
        CASE(what_a_shell_set_is_set_back),
        CASE(five_hundred_resizes),
        CASE(decisions_survive_a_kill),
        CASE(every_decision_is_brought_to_the_disk),
        CASE(a_stuck_line_delays_no_key),
        CASE(a_stuck_line_loses_nothing),
        CASE(a_slow_line_gets_all_of_it),
        CASE(moving_leaves_the_line_to_keys),
        CASE(a_slow_line_is_given_back),
        CASE(idle_costs_nothing),
        cmocka_unit_test(wrong_words_are_named),
    };
    return cmocka_run_group_tests_name("ui terminal", tests, NULL, NULL);
}
