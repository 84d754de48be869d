/* ui_rig: a project full of made-up finds, and the workstation over it without terminal.
 */
#ifndef TROWEL_TESTS_UI_RIG_H
#define TROWEL_TESTS_UI_RIG_H

#include "own.h"
#include "ui/state.h"

struct ui_rig {
    char folder[256]; /* a fresh one below /tmp, removed by ui_rig_done */
    struct session *session;
    struct jobs *jobs;
    struct logbook *logbook;
    struct config config;
    struct app_setup setup;
    struct app app;
};

/* The one that the tests of a program have, one after the other. */
extern struct ui_rig rig;

/* cmocka's setup and teardown of a test that begins with a rig of that size; *state is
 * the size. */
struct ui_rig_size {
    int sources, rows, cols; /* of 40 finds each, on a canvas of that size */
};
extern const struct ui_rig_size two_tapes, four_tapes, small_screen;
int ui_rig_setup(void **state);
int ui_rig_teardown(void **state);
#define IN_RIG(test, size)                                                               \
    cmocka_unit_test_prestate_setup_teardown(test, ui_rig_setup, ui_rig_teardown,        \
                                             (void *)&(size))

/* Finds that are always the same: `per_source` in each of `sources` recordings, of all
 * categories, some in stacks, some near-misses. Fails the test on any error. */
void ui_rig_fill(struct session *s, int sources, int per_source);

/* Finds of a recording as mining brings them, announced. */
void ui_rig_add(struct ui_rig *r, const struct catalog_source *source,
                const struct candidate *finds, size_t count);

/* How many of a project's finds are rejected, as a session that opens it now sees it. */
size_t ui_rig_rejected(const char *project);

/* A project with these finds and an app on a canvas of that size. */
void ui_rig_init(struct ui_rig *r, int sources, int per_source, int rows, int cols,
                 enum tier tier);
void ui_rig_done(struct ui_rig *r);

/* Type keys as written ("j j a", "gg", "Space"), 0.1 s apart. */
void ui_rig_keys(struct ui_rig *r, const char *keys);
/* Type a text literally. */
void ui_rig_type(struct ui_rig *r, const char *text);
/* A key that asks for a line, the line, and Enter. */
void ui_rig_enter(struct ui_rig *r, const char *key, const char *text);
/* Rows joined by newlines, trailing blanks cut; the caller frees. */
char *canvas_dump(const struct canvas *c);
/* The screen as text; the caller frees. */
char *ui_rig_screen(struct ui_rig *r);

/* Is this on the screen? Prints the screen when not. */
bool ui_rig_shows(struct ui_rig *r, const char *part);
/* Would it be, on a screen of that size? */
bool ui_rig_shows_at(struct ui_rig *r, int rows, int cols, const char *part);
/* Does the last line of news hold this? Prints the line when not. */
bool ui_rig_said(const struct ui_rig *r, const char *part);

/* Compare with tests/golden/<name>.txt; TROWEL_REGENERATE=1 writes it instead. */
void ui_rig_golden(struct ui_rig *r, const char *name);
void check_text_file(const char *path, const char *text);

#endif
