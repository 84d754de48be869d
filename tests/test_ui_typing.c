/* What comes from a keyboard and from what sits in its place: letters and sequences in
 * pieces, answers that nobody asked for, more keys than anybody types. The real program
 * on a terminal of its own. */
#include "checks.h"
#include "folder.h"
#include "nap.h"
#include "pty.h"
#include "ui_rig.h"

#include "core/clock.h"

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static struct pty pty;
static const char *folder;
static char project[FOLDER_BYTES + 8];

static int trowel(void *arg)
{
    setenv("HOME", folder, 1);
    unsetenv("XDG_CONFIG_HOME");
    execl(TROWEL_BIN, "trowel", "--no-audio", (const char *)arg, (char *)NULL);
    return 99;
}

static int set_up(void **state)
{
    struct err e;
    struct session *s;
    folder_setup(state);
    folder = *state;
    snprintf(project, sizeof project, "%s/tapes", folder);
    assert_int_equal(session_open(&s, project, &e), ST_OK);
    ui_rig_fill(s, 3, 30);
    session_close(s);
    pty_start(&pty, "xterm-256color", "C.UTF-8", 24, 80, trowel, project);
    assert_true(pty_wait_for(&pty, "near misses", 10));
    return 0;
}

/* As over a serial line. */
static void send_in_pieces(const char *bytes)
{
    for (; *bytes; bytes++) {
        char one[2] = {*bytes};
        pty_send(&pty, one);
        nap_ms(2);
    }
}

static void unknown_sequences_are_no_keys(void **state)
{
    /* focus, a modified function key, a mouse report, a paste that would reject and quit
     */
    pty_send(&pty, "\033[I\033[15;7~\033[<0;10;10M\033[200~xxxQ\033[201~");
    /* a mouse that reports as the first ones did, answers to another program */
    pty_send(&pty, "\033[M xx\033]11;rgb:xxxx/xxxx/xxxx\a\033P>|x\033\\\033[[A");
    pty_settle(&pty, 0.3);
    send_in_pieces("\033[<0;10;10M\033[15;\033[15;7~\033]11;x\033\\");
    pty_settle(&pty, 0.3);
    pty_send(&pty, "x");
    assert_true(pty_wait_for(&pty, "undoes", 5));
    pty_send(&pty, "Q");
    assert_int_equal(pty_end(&pty, 10), 0);
    assert_int_equal(ui_rig_rejected(project), 1);
}

/* A line that is slow within the beginning or the end of a paste, or loses that, leaves
 * nobody deaf. */
static void paste_comes_in_pieces_or_ends_with_esc(void **state)
{
    pty_send(&pty, "\033[20");
    pty_settle(&pty, 0.3);
    pty_send(&pty, "0~xQ\033[201~");
    pty_send(&pty, "\033[200~xx\033");
    pty_settle(&pty, 0.2);
    pty_send(&pty, "[201");
    pty_settle(&pty, 0.2);
    pty_send(&pty, "~x");
    assert_true(pty_wait_for(&pty, "undoes", 5));
    pty_send(&pty, ":note \033[200~a\nb\033");
    pty_settle(&pty, 0.2);
    pty_send(&pty, "[201~\r");
    assert_true(pty_wait_for(&pty, "noted", 5));
    pty_send(&pty, "\033[200~xx\033");
    pty_settle(&pty, 1.5);
    pty_send(&pty, "Q");
    assert_int_equal(pty_end(&pty, 10), 0);
    assert_int_equal(ui_rig_rejected(project), 1);
}

/* The bytes of a letter are read as they come, and what is no letter takes none along. */
static void letters_come_in_pieces(void **state)
{
    pty_send(&pty, ":n");
    pty_settle(&pty, 0.1);
    pty_forget(&pty);
    send_in_pieces("\xC3\xA9");
    assert_true(pty_wait_for(&pty, "\xC3\xA9", 5));
    send_in_pieces("\xE2\x99\xAF");
    assert_true(pty_wait_for(&pty, "\xE2\x99\xAF", 5));
    pty_send(&pty, "\377a\303b\342\231c");
    assert_true(pty_wait_for(&pty, "abc", 5));
    pty_send(&pty, "\033Q");
    assert_int_equal(pty_end(&pty, 10), 0);
}

/* As quick as it takes them; what it writes is read. False: it let go of the terminal. */
static bool throw_keys(const char *keys, double seconds)
{
    char bytes[4096];
    size_t n = strlen(keys), at = 0;
    bool gone = false;
    fcntl(pty.fd, F_SETFL, O_NONBLOCK);
    for (double end = clock_s() + seconds; !gone && clock_s() < end;) {
        struct pollfd fd = {pty.fd, POLLIN | POLLOUT, 0};
        ssize_t wrote = poll(&fd, 1, 50) > 0 ? write(pty.fd, keys + at, n - at) : 0;
        at = wrote > 0 ? (at + (size_t)wrote) % n : at;
        if (fd.revents & POLLIN) {
            ssize_t got = read(pty.fd, bytes, sizeof bytes);
            pty.used += got > 0 ? (size_t)got : 0;
        }
        gone = fd.revents & POLLHUP;
    }
    fcntl(pty.fd, F_SETFL, 0);
    return !gone;
}

/* A text of megabytes pasted where there is no bracketed paste, a cat on the keyboard. */
static void endless_keys_leave_room(void **state)
{
    char keys[4001] = "";
    for (int i = 0; i < 1000; i++)
        strcat(keys, "oO\033j");
    assert_true(throw_keys(keys, 0.5));
    pty_forget(&pty);
    assert_true(throw_keys(keys, 1));
    assert_true(pty.used > 0); /* it is drawn */
    pty.used = 0;
    kill(pty.pid, SIGTERM);
    assert_false(throw_keys(keys, 4));
    assert_int_equal(pty_end(&pty, 10), 130);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(unknown_sequences_are_no_keys, set_up,
                                        folder_teardown),
        cmocka_unit_test_setup_teardown(paste_comes_in_pieces_or_ends_with_esc, set_up,
                                        folder_teardown),
        cmocka_unit_test_setup_teardown(letters_come_in_pieces, set_up, folder_teardown),
        cmocka_unit_test_setup_teardown(endless_keys_leave_room, set_up, folder_teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
