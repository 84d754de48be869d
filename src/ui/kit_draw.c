/* The kit as drawn. */
#include "ui/state.h"

#include <stdio.h>
#include <string.h>

enum { KIT_NAME_LEAST = 12, KIT_NAME_GOOD = 30 }; /* cells */

/* Where room is short the number of samples goes, which the meter below tells, too, then
 * the step, which the pattern shows. */
static void say_kit(struct app *app, int cols, char *to, size_t n)
{
    const struct kit_state *k = session_kit(app->session);
    enum tier tier = app->canvas.tier;
    struct budget b;
    const struct target *t = kit_budget(app, &b);
    const char *pattern = kit_pattern_name(app);
    char size[80] = "", files[40], step[32] = "";
    if (app->sound.kit_running)
        snprintf(step, sizeof step, "   step %-2d", app->sound.kit_step + 1);
    if (cols >= 100 && app->batch.active == 0) /* else the meter below says it */
        snprintf(size, sizeof size, "   %.1f s of %.0f   %d of %d sectors", b.seconds,
                 t->seconds, b.sectors, t->sectors);
    snprintf(files, sizeof files, "   %d sample%s", b.files, b.files == 1 ? "" : "s");
    const char *whole = k->name[0] ? k->name : session_name(app->session);
    char about[220], name[400];
    int room = frame_top_room(app, cols) - (int)strlen("kit "), cells = utf8_cells(whole);
    for (int without = 0; without < 3; without++) {
        const char *gap = without ? "  " : "   ";
        snprintf(about, sizeof about, "%s%s%s%s=%.0f%s%s pattern%s%s%s",
                 without ? "" : files, size, gap, glyph_text(GLYPH_TEMPO, tier),
                 kit_tempo(app), gap,
                 glyph_text(app->sound.kit_running ? GLYPH_PLAY : GLYPH_STOP, tier),
                 *pattern ? " " : "", pattern, without < 2 ? step : "");
        int good = without < 1 ? KIT_NAME_GOOD : KIT_NAME_LEAST;
        if (utf8_cells(about) + (cells < good ? cells : good) <= room)
            break;
    }
    room -= utf8_cells(about); /* what changes stays in sight, however long the name is */
    utf8_fit(name, sizeof name, whole, room > KIT_NAME_LEAST ? room : KIT_NAME_LEAST,
             CUT_MIDDLE, glyph_text(GLYPH_ELLIPSIS, tier));
    snprintf(to, n, "kit %s%s", name, about);
}

static void draw_steps(struct app *app, const struct area *a, int row, int col, int slot)
{
    uint16_t steps = session_kit(app->session)->slot[slot].steps;
    for (int i = 0; i < KIT_STEPS; i++) {
        bool on = steps & (1u << i), here = app->kit.slot == slot && app->kit.step == i;
        bool now = app->sound.kit_running && app->sound.kit_step == i;
        area_glyph(a, row, col + i, on ? ROLE_STEP_ON : ROLE_STEP_OFF,
                   on ? GLYPH_STEP_ON : GLYPH_STEP_OFF);
        if (now)
            area_ground(a, row, col + i, 1, ROLE_STEP_NOW);
        else if (here && !app->kit.extras)
            area_ground(a, row, col + i, 1, ROLE_CURSOR);
    }
}

struct columns {
    int sample, name, len, level, steps;
};

static struct columns lay_out(int cols)
{
    int steps = cols - KIT_STEPS - 1;
    struct columns c = {.steps = steps, .level = steps - 2, .len = steps - 9};
    c.sample = 10;
    c.name = c.len - 7 - c.sample;
    return c;
}

static void draw_slot(struct app *app, const struct area *a, int row, int slot,
                      const struct columns *c)
{
    const struct kit_slot *k = &session_kit(app->session)->slot[slot];
    char key[16], level[32], len[32];
    keymap_keys(&app->map, SCREEN_KIT, (enum action)(ACT_SLOT_1 + slot), key, sizeof key);
    if (app->kit.slot == slot && !app->kit.extras)
        area_cursor(a, row, 1, c->steps - 2);
    area_text(a, row, 2, ROLE_STRONG, kit_slot_name(slot));
    area_text(a, row, 5, ROLE_KEY, key);
    if (k->locked)
        area_glyph(a, row, 7, ROLE_LOCKED, GLYPH_LOCK);
    draw_steps(app, a, row, c->steps, slot);
    if (k->index < 0) {
        area_fit(a, row, c->sample, c->name, ROLE_DIM, CUT_END,
                 k->id ? "(not in this project any more)" : "-");
        return;
    }
    const struct find *f = session_find(app->session, (size_t)k->index);
    area_glyph(a, row, c->sample - 2, words_mark_role(f), words_mark(f));
    area_fit(a, row, c->sample, c->name,
             f->decision == DECISION_REJECTED ? ROLE_REJECTED : ROLE_TEXT, CUT_MIDDLE,
             words_name(app, f, c->name));
    if (f->decision == DECISION_REJECTED) { /* the export leaves the slot to others */
        area_right_text(a, row, c->level, ROLE_WARNING, "stays out");
        return;
    }
    snprintf(len, sizeof len, "%.2fs", session_measure(app->session, f, ME_duration_sec));
    double trim = kit_trim(app, slot);
    snprintf(level, sizeof level, "%+.1f", trim);
    area_right_text(a, row, c->len, ROLE_TEXT, len);
    area_right_text(a, row, c->level, trim < 0 || trim > 0 ? ROLE_TEXT : ROLE_DIM, level);
}

static void draw_slots(struct app *app, const struct area *a)
{
    struct columns c = lay_out(a->cols);
    char bar[KIT_STEPS + 1];
    for (int i = 0; i < KIT_STEPS; i++)
        bar[i] = (char)(i % 4 == 0 ? '1' + i / 4 : '.');
    bar[KIT_STEPS] = '\0';
    area_text(a, 0, 2, ROLE_DIM, "slot");
    area_text(a, 0, c.sample, ROLE_DIM, "sample");
    area_right_text(a, 0, c.len, ROLE_DIM, "len");
    area_right_text(a, 0, c.level, ROLE_DIM, "trim");
    area_text(a, 0, c.steps, ROLE_DIM, bar);
    for (int s = 0; s < KIT_SLOTS; s++)
        draw_slot(app, a, s + 1, s, &c);
    if (!session_kit(app->session)->rings && a->rows > KIT_SLOTS + 1)
        area_text(a, KIT_SLOTS + 1, c.steps, ROLE_DIM, "CH chokes OH");
}

/* The class where the name does not tell it, and how well it suits the slot. */
static void say_match(const struct find *f, double value, char *to, size_t n)
{
    char suits[16];
    size_t name = strlen(f->name), word = strlen(f->hit_class);
    bool named = name >= word && strcmp(f->name + name - word, f->hit_class) == 0;
    words_score(suits, sizeof suits, value);
    snprintf(to, n, "%s%s%s", named ? "" : f->hit_class, named ? "" : " ", suits);
}

static void draw_matches(struct app *app, const struct area *a)
{
    const struct kit_slot *k = &session_kit(app->session)->slot[app->kit.slot];
    const struct slot_matches *m = &app->kit.match[app->kit.slot];
    kit_matches(app);
    area_printf(a, 0, 0, ROLE_DIM, "next best for %s", kit_slot_name(app->kit.slot));
    if (m->count == 0)
        area_fit(a, 2, 0, a->cols, ROLE_DIM, CUT_END, "no drum that fits yet");
    int rows = a->rows - 1 < KIT_SLOTS ? a->rows - 1 : KIT_SLOTS;
    int top = 0; /* the one in place stays in sight */
    for (int i = rows; (size_t)i < m->count; i++)
        if (k->index == (long)m->find[i])
            top = i - rows + 1;
    for (int i = 0; i < rows && (size_t)(top + i) < m->count; i++) {
        const struct find *f = session_find(app->session, m->find[top + i]);
        bool in = k->index == (long)m->find[top + i];
        char right[40];
        say_match(f, m->value[top + i], right, sizeof right);
        int end = a->cols - utf8_cells(right) - 1;
        if (in)
            area_glyph(a, i + 1, 0, ROLE_STRONG, GLYPH_CURSOR);
        area_glyph(a, i + 1, 1, words_mark_role(f), words_mark(f));
        area_fit(a, i + 1, 3, end - 4, in ? ROLE_STRONG : ROLE_TEXT, CUT_MIDDLE,
                 words_name(app, f, end - 4));
        area_text(a, i + 1, end, ROLE_DIM, right);
    }
}

/* What a row ends with stands near enough to its name to be of it. */
enum { EXTRA_CELLS = 100 };

static void draw_extra(struct app *app, const struct area *a, int row, size_t i)
{
    int cols = a->cols < EXTRA_CELLS ? a->cols : EXTRA_CELLS;
    const struct find *f = session_find(app->session, kit_extra_at(app, i));
    bool along = i >= session_kit(app->session)->extra_count;
    char right[64];
    snprintf(right, sizeof right, "%s%s %.1fs",
             along                              ? "accepted "
             : f->decision == DECISION_REJECTED ? "stays out: "
                                                : "",
             f->hit_class[0] ? f->hit_class : category_singular(f->category),
             session_measure(app->session, f, ME_duration_sec));
    if (app->kit.extras && i == app->kit.extra)
        area_cursor(a, row, 1, cols - 2);
    area_glyph(a, row, 2, words_mark_role(f), words_mark(f));
    area_fit(a, row, 4, cols - 32, ROLE_TEXT, CUT_MIDDLE, words_name(app, f, cols - 32));
    area_right_text(a, row, cols - 2, ROLE_DIM, right);
}

static void draw_extras(struct app *app, const struct area *a)
{
    size_t count = kit_extra_count(app);
    struct area rule = area_sub(a, 0, 1, 1, a->cols - 2);
    area_hline(&rule, 0);
    area_printf(a, 0, 3, app->kit.extras ? ROLE_STRONG : ROLE_DIM, " extras %zu ", count);
    if (count == 0 && a->rows > 1) {
        char none[160];
        app_name_keys(app,
                      "none yet: what you accept is added; in the library "
                      "{library.assign} and e adds more",
                      none, sizeof none);
        area_fit(a, 1, 2, a->cols - 3, ROLE_DIM, CUT_END, none);
        return;
    }
    size_t rows = (size_t)(a->rows > 1 ? a->rows - 1 : 0), top = 0;
    if (app->kit.extra >= count)
        app->kit.extra = count - 1;
    if (app->kit.extra >= rows && rows > 0)
        top = app->kit.extra - rows + 1;
    for (size_t r = 0; r < rows && top + r < count; r++)
        draw_extra(app, a, (int)r + 1, top + r);
}

void kit_draw(struct app *app, const struct area *a)
{
    char left[680];
    say_kit(app, a->cols, left, sizeof left);
    struct area rest = frame_ruled(app, a, left);
    struct area upper = area_top(&rest, KIT_SLOTS + 2);
    if (a->cols >= 100) {
        struct area matches = area_right(&upper, a->cols >= 160 ? 60 : 38);
        struct area gap = area_right(&upper, 2);
        area_vline(&gap, 0);
        draw_matches(app, &matches);
    }
    draw_slots(app, &upper);
    draw_extras(app, &rest);
}
