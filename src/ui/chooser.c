#include "ui/chooser.h"

#include "ui/canvas.h"
#include "ui/keys.h"
#include "ui/term.h"
#include "ui/term_options.h"
#include "ui/themes.h"
#include "ui/utf8.h"

#include <poll.h>

struct chooser {
    const struct chooser_line *line;
    int count, cursor, top;
    bool over;
    int chosen;
};

static void draw_line(const struct chooser *c, const struct area *a, int row, int i)
{
    const struct chooser_line *l = &c->line[i];
    int name = a->cols >= 100 ? 34 : 24, note = 16;
    if (i == c->cursor)
        area_cursor(a, row, 0, a->cols);
    if (i < 9)
        area_printf(a, row, 3, ROLE_KEY, "%d", i + 1);
    area_fit(a, row, 5, name, ROLE_TEXT, CUT_MIDDLE, l->name);
    area_fit(a, row, 6 + name, a->cols - name - note - 8, ROLE_DIM, CUT_MIDDLE, l->path);
    area_right_text(a, row, a->cols - 1, ROLE_DIM, l->note);
}

static void draw(struct chooser *c, struct canvas *canvas)
{
    canvas_clear(canvas);
    struct area all = canvas_area(canvas);
    struct area top = area_top(&all, 1), hints = area_bottom(&all, 1);
    int col = area_text(&top, 0, 1, ROLE_TITLE, "trowel");
    area_printf(&top, 0, col, ROLE_STRONG, " %s which project?",
                glyph_text(GLYPH_DOT, canvas->tier));
    static const char *const keys[][2] = {
        {"j k", "move"}, {"Enter", "opens"}, {"1-9", "open at once"}, {"q", "leaves"}};
    col = 1;
    for (size_t i = 0; i < sizeof keys / sizeof *keys; i++) {
        col = area_text(&hints, 0, col, ROLE_KEY, keys[i][0]);
        col = area_printf(&hints, 0, col, ROLE_HINT, " %s  ", keys[i][1]);
    }
    struct area rule = area_top(&all, 1);
    area_hline(&rule, 0);
    c->top = area_scroll(&all, c->top, c->cursor);
    for (int r = 0; r < all.rows && c->top + r < c->count; r++)
        draw_line(c, &all, r, c->top + r);
}

static void take(struct chooser *c, int i)
{
    c->chosen = i;
    c->over = true;
}

static void key_typed(struct chooser *c, uint32_t key)
{
    int last = c->count - 1;
    if (key >= '1' && key <= '9' && (int)(key - '1') <= last) {
        take(c, (int)(key - '1'));
        return;
    }
    switch (key) {
    case 'j':
    case K_DOWN:
        c->cursor += c->cursor < last;
        break;
    case 'k':
    case K_UP:
        c->cursor -= c->cursor > 0;
        break;
    case 'g':
    case K_HOME:
        c->cursor = 0;
        break;
    case 'G':
    case K_END:
        c->cursor = last;
        break;
    case K_ENTER:
    case ' ':
        take(c, c->cursor);
        break;
    case 'q':
    case 'Q':
    case K_ESC:
    case KEY_CONTROL('C'):
        take(c, -1);
        break;
    default:
        break;
    }
}

static void show(struct chooser *c, struct terminal *term, struct canvas *canvas)
{
    int rows, cols;
    term_size(term, &rows, &cols);
    if ((rows != canvas->rows || cols != canvas->cols) &&
        canvas_resize(canvas, rows, cols, NULL) != ST_OK)
        return;
    draw(c, canvas);
    term_cursor(term, -1, 0);
    term_present(term, canvas);
}

static void run(struct chooser *c, struct terminal *term, struct canvas *canvas)
{
    while (!c->over) {
        if (term_send(term)) /* else what was drawn before is still on its way */
            show(c, term, canvas);
        struct pollfd fd[3] = {{term_input_fd(term), POLLIN, 0},
                               {term_signal_fd(term), POLLIN, 0},
                               {term_output_fd(term), POLLOUT, 0}};
        if (poll(fd, 3, -1) > 0 && fd[0].revents & (POLLHUP | POLLERR | POLLNVAL))
            take(c, -1);
        unsigned seen = term_take_signals(term);
        if (seen & TERM_QUIT)
            take(c, -1);
        bool stop = seen & TERM_STOP;
        for (uint32_t key; !c->over && term_next_key(term, &key);)
            if (key == KEY_CONTROL('Z'))
                stop = true;
            else if (key == KEY_CONTROL('L'))
                term_redraw(term);
            else
                key_typed(c, key);
        if (stop && !c->over) {
            term_suspend(term);
            term_redraw(term);
        }
    }
}

enum status chooser_run(const struct chooser_line *line, int count,
                        const struct config *config, const char *theme_dirs, int *chosen,
                        struct err *e)
{
    struct chooser c = {.line = line, .count = count, .chosen = -1};
    struct theme theme;
    struct terminal *term;
    struct canvas canvas = {0};
    theme_builtin(&theme);
    themes_load(&theme, theme_dirs, config->interface.theme, NULL);
    struct term_options options = term_options_of(config, &theme);
    enum status st = term_open(&term, &options, e);
    if (st != ST_OK)
        return st;
    canvas.tier = term_tier(term);
    run(&c, term, &canvas);
    term_close(term);
    canvas_done(&canvas);
    *chosen = c.chosen;
    return ST_OK;
}
