/* Why this one: every part of its score in plain units, every measure, in the inspector.
 */
#include "ui/state.h"

#include "ui/paint.h"

#include "core/why.h"

#include <math.h>

enum {
    PART_NAME = 10,
    PART_BAR = 12,
    PART_INDENT = 2,
    MEASURE_CELLS = 23,
    MEASURE_WORD = 10
};

/* The score stands above; frames of the written loop say least. */
static bool shown(const struct measures *m, int measure, bool short_of_room)
{
    bool least =
        measure == ME_loop_start || measure == ME_loop_end || measure == ME_channels;
    return measure != ME_score && !(least && short_of_room) &&
           !isnan(measures_get(m, (enum measure_id)measure));
}

static int measures_shown(const struct measures *m, bool short_of_room)
{
    int n = 0;
    for (int i = 0; i < ME_COUNT; i++)
        n += shown(m, i, short_of_room);
    return n;
}

/* The measures stand side by side, or one a row with their help where there is room. */
static int measure_columns(const struct candidate *c, int cols, int rows)
{
    if (cols >= 60 && rows >= c->parts.count + measures_shown(&c->m, false) + 3)
        return 1;
    return cols / MEASURE_CELLS > 1 ? cols / MEASURE_CELLS : 1;
}

/* Beside name and value, and the bar where there is room for one. */
static int part_text_col(int cols)
{
    return PART_NAME + 5 + (cols >= 50 ? PART_BAR + 1 : 0);
}

/* Rows below the first, for a text that is too long to stand beside the value. */
static int rows_below(const char *text, int cols)
{
    bool beside = utf8_cells(text) <= cols - part_text_col(cols);
    return beside ? 0 : utf8_rows(text, cols - PART_INDENT);
}

static int parts_rows(const struct candidate *c, int cols)
{
    int rows = c->parts.count;
    for (int i = 0; i < c->parts.count; i++) {
        char text[64];
        why_part(c, i, text, sizeof text);
        rows += rows_below(text, cols);
    }
    return rows;
}

int why_parts_rows(struct app *app, int cols)
{
    return 1 + parts_rows(&app->library.detail.c, cols);
}

int why_rows(struct app *app, int cols)
{
    const struct candidate *c = &app->library.detail.c;
    int across = measure_columns(c, cols, 0);
    return 2 + parts_rows(c, cols) + (measures_shown(&c->m, false) + across - 1) / across;
}

static int draw_parts(const struct area *a, const struct candidate *c)
{
    char score[16];
    int row = 0;
    words_score(score, sizeof score, c->m.score);
    int col = area_printf(a, row, 0, ROLE_DIM, "score  ");
    col = area_printf(a, row++, col, ROLE_STRONG, "%s", score);
    if (c->grade)
        area_printf(a, row - 1, col, ROLE_TEXT, "  grade %c", c->grade);
    bool roomy = row + parts_rows(c, a->cols) <= a->rows;
    for (int i = 0; i < c->parts.count; i++, row++) {
        const struct score_part *p = &c->parts.part[i];
        char value[16], text[64];
        words_score(value, sizeof value, p->value);
        why_part(c, i, text, sizeof text);
        area_fit(a, row, 0, PART_NAME, ROLE_DIM, CUT_END, p->name);
        area_right_text(a, row, PART_NAME + 4, ROLE_TEXT, value);
        col = part_text_col(a->cols);
        if (a->cols >= 50)
            paint_bar(a, row, PART_NAME + 5, PART_BAR, p->value);
        if (roomy && rows_below(text, a->cols) > 0)
            row += area_wrap(a, row + 1, PART_INDENT, a->cols - PART_INDENT, ROLE_TEXT,
                             text);
        else
            area_fit(a, row, col, a->cols - col, ROLE_TEXT, CUT_END, text);
    }
    return row;
}

static void draw_measure(const struct area *a, int row, int col,
                         const struct candidate *c, int measure, bool help)
{
    const struct measure_info *info = &measure_table[measure];
    double v = measures_get(&c->m, (enum measure_id)measure);
    int decimals = info->decimals > 3 ? 3 : info->decimals;
    area_fit(a, row, col, MEASURE_WORD, ROLE_DIM, CUT_END,
             filter_measure_word((enum measure_id)measure));
    int end = area_printf(a, row, col + MEASURE_WORD + 1, ROLE_TEXT, "%.*f %s", decimals,
                          v, info->unit);
    col = end > 30 ? end + 2 : 30;
    if (help)
        area_fit(a, row, col, a->cols - col, ROLE_DIM, CUT_END, info->help);
}

void why_draw(struct app *app, const struct area *a)
{
    const struct candidate *c = &app->library.detail.c;
    int row = draw_parts(a, c) + 1;
    int across = measure_columns(c, a->cols, a->rows), n = 0;
    int rows = (measures_shown(&c->m, false) + across - 1) / across;
    bool tight = row + rows > a->rows;
    if (tight) { /* the blank line goes, and what says least */
        rows = (measures_shown(&c->m, true) + across - 1) / across;
        row--;
    }
    struct area part = *a;
    if (app->library.beside && row + rows > a->rows) { /* the list stays in sight */
        part.rows--;
        frame_hint(app, a, part.rows, 0, "{detail} shows all of it");
    }
    for (int i = 0; i < ME_COUNT; i++) {
        if (!shown(&c->m, i, tight))
            continue;
        draw_measure(&part, row + n % rows, n / rows * MEASURE_CELLS, c, i,
                     across == 1 && a->cols >= 60);
        n++;
    }
}
