/* kill -9 at a random moment, again and again, while random keys decide: what the screen
 * said was done is in the catalog afterwards. The real program on a terminal of its own.
 * TROWEL_KILLS (75) says how often. */
#include "checks.h"
#include "folder.h"
#include "nap.h"
#include "pty.h"
#include "ui_rig.h"
#include "vt.h"

#include <ctype.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "core/rng.h"

enum { ECHO_ROW = VT_ROWS - 3, LABEL_BYTES = VT_COLS + 1, STEPS_BACK = 400 };

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

/* Movement, decisions, stars, tags, stacks, categories, classes, slots; with `back` also
 * undo and redo. */
static const char *random_key(struct rng *r, bool back)
{
    static const char *const keys[] = {"a", "x",   "a", "x", "U",  "3",  "5",
                                       "0", "t",   "j", "k", "cd", "ch", "Z",
                                       "J", "\"b", ".", "[", "u",  "u",  "\x12"};
    enum { ALL = sizeof keys / sizeof *keys };
    return keys[rng_below(r, back ? ALL : ALL - 3)];
}

/* A line ends in " (dot) u undoes" or " (dot) ^R redoes": what stands before it. */
static bool label_before(const char *line, const char *hint, char label[LABEL_BYTES])
{
    const char *at = strstr(line, hint);
    if (!at)
        return false;
    while (at > line && !isalnum((unsigned char)at[-1]))
        at--;
    while (*line == ' ')
        line++;
    snprintf(label, LABEL_BYTES, "%.*s", (int)(at - line), line);
    return label[0] != '\0';
}

/* What the screen says last: that something was done, or undone. */
static bool read_echo(char done[LABEL_BYTES], char undone[LABEL_BYTES])
{
    static struct vt vt;
    char label[LABEL_BYTES];
    done[0] = undone[0] = '\0';
    vt_clear(&vt);
    vt_feed(&vt, pty.text, pty.used);
    const char *line = vt.cell[ECHO_ROW];
    if (label_before(line, "^R redoes", label)) {
        if (strncmp(label, "undone: ", 8) == 0)
            strcpy(undone, label + 8);
    } else if (label_before(line, "u undoes", label)) {
        bool again = strncmp(label, "redone: ", 8) == 0;
        memmove(done, again ? label + 8 : label, strlen(again ? label + 8 : label) + 1);
    }
    return done[0] || undone[0];
}

/* "undone: LABEL · ^R redoes" */
static bool echo_is_of(const char *echo, const char *verb, const char *label)
{
    size_t n = strlen(verb);
    return strncmp(echo, verb, n) == 0 && strncmp(echo + n, label, strlen(label)) == 0;
}

static bool took_back(struct session *s, const char *label)
{
    for (int i = 0; i < STEPS_BACK && session_undo(s, NULL, NULL) == ST_OK; i++)
        if (echo_is_of(session_echo(s), "undone: ", label))
            return true;
    return false;
}

static bool did_again(struct session *s, const char *label)
{
    for (int i = 0; i < STEPS_BACK && session_redo(s, NULL, NULL) == ST_OK; i++)
        if (echo_is_of(session_echo(s), "redone: ", label))
            return true;
    return false;
}

/* What was said to be done is among what can be taken back. With undo in play keys that
 * were taken after the screen said so may have taken it back, and something else may then
 * have ended the way to redo it: *overtaken. */
static bool is_on_record(const char *done, const char *undone, bool *overtaken)
{
    OWN(session) *s = NULL;
    struct err e;
    const char *label = done[0] ? done : undone;
    if (session_open(&s, project, &e) != ST_OK)
        fail_msg("%s", e.msg);
    *overtaken = session_redo(s, NULL, NULL) != ST_OK;
    bool found = !*overtaken &&
                 (echo_is_of(session_echo(s), "redone: ", label) || did_again(s, label));
    found = found || (done[0] && took_back(s, label));
    return found;
}

static void make_project(void)
{
    OWN(session) *s = NULL;
    struct err e;
    folder_remove(project);
    assert_int_equal(session_open(&s, project, &e), ST_OK);
    ui_rig_fill(s, 4, 60);
}

static void run_and_kill(struct rng *r, bool back)
{
    pty_start(&pty, "vt100", "C", VT_ROWS, VT_COLS, trowel, project);
    assert_true(pty_wait_for(&pty, "near misses", 20));
    pty_send(&pty, "tx");
    pty_wait_for(&pty, "rejected", 2);
    for (int left = 3 + (int)rng_below(r, 40); left > 0; left--) {
        pty_send(&pty, random_key(r, back));
        if (rng_below(r, 3) == 0)
            pty_settle(&pty, 0.001 * (1 + rng_below(r, 8)));
    }
    nap_ms(rng_below(r, 250));
    kill(pty.pid, SIGKILL);
    pty_settle(&pty, 0.02);
    assert_int_equal(pty_end(&pty, 5), 128 + SIGKILL);
}

/* What was killed while it wrote the user's own files leaves nothing there for good. */
static void half_files_are_swept(void **state)
{
    char own[FOLDER_BYTES];
    make_project();
    folder_write(folder, ".config/trowel/.trowel-1-7.tmp", "half", 4);
    folder_write(folder, ".config/trowel/notes.tmp", "mine", 4);
    pty_start(&pty, "vt100", "C", VT_ROWS, VT_COLS, trowel, project);
    assert_true(pty_wait_for(&pty, "near misses", 20));
    pty_send(&pty, "Q");
    assert_int_equal(pty_end(&pty, 5), 0);
    folder_path(own, folder, ".config/trowel");
    assert_false(folder_has(own, ".trowel-1-7.tmp"));
    assert_true(folder_has(own, "notes.tmp"));
}

static void what_was_said_is_there(void **state)
{
    const char *wish = getenv("TROWEL_KILLS");
    int kills = wish ? atoi(wish) : 75, judged = 0, late = 0;
    struct rng r = rng_derive((uint64_t)kills, 0, "kill", 0);
    for (int i = 0; i < kills; i++) {
        char done[LABEL_BYTES], undone[LABEL_BYTES];
        bool back = i % 3 == 2, overtaken;
        if (i % 10 == 0)
            make_project(); /* or all would be decided in the end */
        run_and_kill(&r, back);
        if (!read_echo(done, undone))
            continue;
        judged++;
        if (is_on_record(done, undone, &overtaken))
            continue;
        late++;
        if (!back || !overtaken)
            fail_msg("kill %d: the screen said '%s%s', the catalog does not know it", i,
                     done[0] ? "" : "undone: ", done[0] ? done : undone);
    }
    print_message("%d of %d kills came after an echo, %d were overtaken by undo\n",
                  judged, kills, late);
    assert_true(judged >= kills / 3);
    assert_true(late <= kills / 10 + 1);
}

static int set_up(void **state)
{
    folder_setup(state);
    folder = *state;
    snprintf(project, sizeof project, "%s/TAPES", folder);
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(half_files_are_swept),
        cmocka_unit_test(what_was_said_is_there),
    };
    return cmocka_run_group_tests_name("ui kill", tests, set_up, folder_teardown);
}
