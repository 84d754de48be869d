#define NCURSES_WIDECHAR 1
#include "ui/term.h"

#include "ui/keys.h"
#include "ui/outbox.h"
#include "ui/signals.h"

#include <curses.h>
#include <fcntl.h>
#include <langinfo.h>
#include <locale.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <term.h>
#include <termios.h>
#include <unistd.h>
#include <wchar.h>

enum { COLOUR_SPAN = 257, PAIRS_MAX = 4096, UNDO_BYTES = 256, PIECES_MS = 1000 };

struct terminal {
    SCREEN *screen;
    FILE *out; /* what curses writes to */
    struct outbox outbox;
    struct termios before, ours;
    enum theme_depth depth;
    enum tier tier;
    struct theme theme;
    int rows, cols, cursor_row, cursor_col;
    bool paste, pasting, everything;
    int escape_ms;
    mbstate_t letter; /* whose first bytes have come */
    int pairs;
    short *pair; /* [fg + 1][bg + 1] → pair, 0 = not made yet */
    int shown_rows, shown_cols;
    struct cell *shown;
};

/* --- opening and closing ----------------------------------------------------------- */

static bool env_is_utf8(void)
{
    const char *const names[] = {"LC_ALL", "LC_CTYPE", "LANG"};
    for (int i = 0; i < 3; i++) {
        const char *v = getenv(names[i]);
        if (v && *v)
            return strstr(v, "UTF-8") || strstr(v, "utf8") || strstr(v, "utf-8");
    }
    return false;
}

/* A UTF-8 locale that is not installed (common over SSH) still means a UTF-8 terminal. */
static bool locale_is_utf8(void)
{
    if (!setlocale(LC_CTYPE, "") && env_is_utf8())
        setlocale(LC_CTYPE, "C.UTF-8");
    return strcmp(nl_langinfo(CODESET), "UTF-8") == 0;
}

/* A string capability of the terminal; NULL: it has none of that name. */
static const char *capability(const char *name)
{
    char own[16]; /* older curses want a text that they could write to */
    snprintf(own, sizeof own, "%s", name);
    const char *s = tigetstr(own);
    return s && s != (const char *)-1 && *s ? s : NULL;
}

enum status term_check(struct err *e)
{
    const char *name = getenv("TERM");
    if (!isatty(STDIN_FILENO) || !isatty(STDOUT_FILENO))
        return err_set(e, ST_NO_TERMINAL,
                       "the workstation needs a terminal on standard input and output; "
                       "`trowel --batch` works without one");
    if (!name || !*name)
        return err_set(e, ST_NO_TERMINAL,
                       "TERM is not set; try TERM=xterm-256color, or `trowel --batch`");
    int found = 0;
    if (setupterm(NULL, STDOUT_FILENO, &found) != OK || found != 1)
        return err_set(e, ST_NO_TERMINAL,
                       "the terminal type TERM=%s is not known here; try "
                       "TERM=xterm-256color, or `trowel --batch`",
                       name);
    bool moves = capability("cup");
    del_curterm(cur_term); /* opening asks again */
    if (!moves)
        return err_set(e, ST_NO_TERMINAL,
                       "a terminal of type TERM=%s cannot move its cursor; use another "
                       "one, or `trowel --batch`",
                       name);
    return ST_OK;
}

static const char *paste_mode(const struct terminal *t, bool on)
{
    return !t->paste ? "" : on ? "\033[?2004h" : "\033[?2004l";
}

/* What undoes us, for crashes: capabilities without their padding marks. */
static void restore_text(struct terminal *t, char *to, size_t n)
{
    static const char *const names[] = {"sgr0", "op", "rmkx", "cnorm", "rmcup"};
    size_t used = strlen(strcpy(to, paste_mode(t, false)));
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        for (const char *s = capability(names[i]); s && *s && used + 1 < n; s++) {
            if (s[0] == '$' && s[1] == '<' && strchr(s, '>'))
                s = strchr(s, '>');
            else
                to[used++] = *s;
        }
    }
    to[used] = '\0';
}

/* The speed of a line; a pseudo terminal only repeats that of another (9600 whoever comes
 * from a Mac by SSH). */
static int line_baud(void)
{
    char name[256];
    bool known = ttyname_r(STDOUT_FILENO, name, sizeof name) == 0;
    bool pseudo = !known || strncmp(name, "/dev/pts/", 9) == 0 ||
                  strncmp(name, "/dev/ttys", 9) == 0;
    return pseudo ? 0 : baudrate();
}

static void begin_mode(struct terminal *t)
{
    raw();
    noecho();
    nonl();
    intrflush(stdscr, FALSE);
    typeahead(-1); /* frames are whole: drawing them waits for nobody */
    nodelay(stdscr, TRUE);
    tcgetattr(STDIN_FILENO, &t->ours);
    outbox_open(&t->outbox, fileno(t->out), line_baud());
}

/* After what curses has written. */
static void send_at_once(struct terminal *t, const char *text)
{
    fflush(t->out);
    if (t->outbox.slot >= 0)
        outbox_send(&t->outbox, text);
    else if (write(STDOUT_FILENO, text, strlen(text)) < 0)
        return; /* the terminal is gone: SIGHUP tells the loop */
}

/* The terminal's own state is set here and not by curses, which writes to a file now. */
static void enter(struct terminal *t)
{
    tcsetattr(STDIN_FILENO, TCSADRAIN, &t->ours);
    keypad(stdscr, TRUE);
    curs_set(t->cursor_row >= 0);
    send_at_once(t, paste_mode(t, true));
}

/* A slow line is left as it was found, also within a frame: curses thinks that arrived.
 */
static void leave(struct terminal *t)
{
    char undo[UNDO_BYTES];
    bool whole = outbox_flush(&t->outbox);
    restore_text(t, undo, sizeof undo);
    curs_set(1);
    endwin();
    send_at_once(t, whole ? paste_mode(t, false) : undo);
    outbox_flush(&t->outbox);
    tcsetattr(STDIN_FILENO, TCSANOW, &t->before);
}

static enum theme_depth find_depth(int wanted)
{
    const char *no = getenv("NO_COLOR");
    if (wanted != TERM_AUTO)
        return has_colors() ? (enum theme_depth)wanted : THEME_MONO;
    if ((no && *no) || !has_colors())
        return THEME_MONO;
    return COLORS >= 256 ? THEME_256 : COLORS >= 8 ? THEME_16 : THEME_MONO;
}

static void read_size(struct terminal *t)
{
    struct winsize w = {0};
    t->rows = LINES;
    t->cols = COLS;
    if (ioctl(STDOUT_FILENO, TIOCGWINSZ, &w) == 0 && w.ws_row > 0 && w.ws_col > 0) {
        t->rows = w.ws_row < CANVAS_MAX ? w.ws_row : CANVAS_MAX;
        t->cols = w.ws_col < CANVAS_MAX ? w.ws_col : CANVAS_MAX;
    }
}

static void set_up(struct terminal *t, const struct term_options *options, bool utf8)
{
    const char *name = getenv("TERM");
    t->paste = strncmp(name, "vt", 2) != 0 && strncmp(name, "linux", 5) != 0;
    if (!getenv("ESCDELAY"))
        set_escdelay(25);
    t->escape_ms = get_escdelay();
    start_color();
    use_default_colors();
    t->depth = find_depth(options->depth);
    if (t->depth == THEME_256 && COLORS < 256)
        t->depth = THEME_16;
    t->tier = utf8 && options->tier != TERM_AUTO ? (enum tier)options->tier
                                                 : tier_for(name, utf8);
    t->theme = *options->theme;
    t->cursor_row = -1;
    t->everything = true;
    begin_mode(t);
    enter(t);
    define_key("\033[200~", (int)(KEY_MAX + 1));
    define_key("\033[201~", (int)(KEY_MAX + 2));
    define_key(NULL, KEY_MOUSE); /* where it begins a report, that is eaten */
    char undo[UNDO_BYTES];
    restore_text(t, undo, sizeof undo);
    signals_set_undo(undo);
    read_size(t);
    if (t->rows != LINES || t->cols != COLS)
        resizeterm(t->rows, t->cols);
}

/* Standard output under a descriptor of its own. */
static FILE *open_output(void)
{
    int fd = fcntl(STDOUT_FILENO, F_DUPFD_CLOEXEC, 3);
    FILE *f = fd >= 0 ? fdopen(fd, "w") : NULL;
    if (!f && fd >= 0)
        close(fd);
    return f;
}

enum status term_open(struct terminal **out, const struct term_options *options,
                      struct err *e)
{
    *out = NULL;
    bool utf8 = locale_is_utf8();
    enum status st = term_check(e);
    if (st != ST_OK)
        return st;
    struct terminal *t = calloc(1, sizeof *t);
    if (t)
        t->pair = calloc((size_t)COLOUR_SPAN * COLOUR_SPAN, sizeof *t->pair);
    if (!t || !t->pair) {
        free(t);
        return err_set(e, ST_NO_MEMORY, "no memory for the screen");
    }
    tcgetattr(STDIN_FILENO, &t->before);
    t->outbox.slot = -1;
    t->out = open_output();
    signals_install(&t->before);
    t->screen = t->out ? newterm(NULL, t->out, stdin) : NULL;
    if (!t->screen) {
        signals_remove();
        if (t->out)
            fclose(t->out);
        free(t->pair);
        free(t);
        return err_set(e, ST_NO_TERMINAL, "the terminal TERM=%s cannot be used",
                       getenv("TERM"));
    }
    set_up(t, options, utf8);
    *out = t;
    return ST_OK;
}

void term_close(struct terminal *t)
{
    if (!t)
        return;
    leave(t);
    signals_remove();
    delscreen(t->screen);
    outbox_close(&t->outbox);
    fclose(t->out);
    free(t->shown);
    free(t->pair);
    free(t);
}

enum theme_depth term_depth(const struct terminal *t)
{
    return t->depth;
}

enum tier term_tier(const struct terminal *t)
{
    return t->tier;
}

void term_set_theme(struct terminal *t, const struct theme *theme)
{
    t->theme = *theme;
    t->everything = true;
}

void term_size(const struct terminal *t, int *rows, int *cols)
{
    *rows = t->rows;
    *cols = t->cols;
}

/* --- keys and signals -------------------------------------------------------------- */

static uint32_t translate(int c)
{
    static const struct {
        int curses;
        uint32_t key;
    } keys[] = {{KEY_UP, K_UP},
                {KEY_DOWN, K_DOWN},
                {KEY_LEFT, K_LEFT},
                {KEY_RIGHT, K_RIGHT},
                {KEY_HOME, K_HOME},
                {KEY_END, K_END},
                {KEY_PPAGE, K_PGUP},
                {KEY_NPAGE, K_PGDN},
                {KEY_DC, K_DELETE},
                {KEY_IC, K_INSERT},
                {KEY_BTAB, K_BACKTAB},
                {KEY_ENTER, K_ENTER},
                {KEY_BACKSPACE, K_BACKSPACE},
                {KEY_MAX + 1, K_PASTE_BEGIN},
                {KEY_MAX + 2, K_PASTE_END}};
    for (size_t i = 0; i < sizeof keys / sizeof *keys; i++)
        if (keys[i].curses == c)
            return keys[i].key;
    if (c >= KEY_F(1) && c <= KEY_F(12))
        return K_F1 + (uint32_t)(c - KEY_F(1));
    return 0;
}

/* The next byte of what has begun; on a slow line it comes a moment later. */
static int next_of_it(int wait_ms)
{
    struct pollfd fd = {STDIN_FILENO, POLLIN, 0};
    int c = getch();
    return c == ERR && poll(&fd, 1, wait_ms) > 0 ? getch() : c;
}

/* A control sequence that terminfo does not know, or an answer to who sat here before:
 * eaten whole, or its letters would be taken for keys. Within a number its end is waited
 * for: where a paste began in pieces, all of that would be keys. */
static uint32_t eat_sequence(int kind)
{
    enum { MOST = 128, BELL = 7 };
    bool text = kind == ']' || kind == 'P';
    char said[5] = "";
    int moment = get_escdelay(), c = next_of_it(moment);
    int more = c == 'M' && kind == '[' ? 3 : c == '[' ? 1 : 0; /* mouse, linux F1 … F5 */
    for (; more > 0; more--)
        c = next_of_it(moment);
    for (int i = 0; i < MOST && c != ERR && c <= 0xFF;
         i++, c = next_of_it(text ? moment : PIECES_MS)) {
        if (i < (int)sizeof said - 1)
            said[i] = (char)c;
        if (text ? c == BELL : c >= 0x40 && c <= 0x7E)
            break;
        if (c == K_ESC) {
            text ? next_of_it(moment) : ungetch(c); /* its end, or another one */
            break;
        }
    }
    return strcmp(said, "200~") == 0   ? K_PASTE_BEGIN
           : strcmp(said, "201~") == 0 ? K_PASTE_END
                                       : 0;
}

/* In what is pasted Esc stands for itself nowhere: its end may come in pieces, and who
 * presses Esc then waits for one that does not come. */
static void take_paste(struct terminal *t, bool begins)
{
    t->pasting = begins;
    set_escdelay(begins ? PIECES_MS : t->escape_ms);
}

static bool after_escape(struct terminal *t, uint32_t *key)
{
    int c = getch();
    if (c == '[' || c == 'O' || c == ']' || c == 'P') {
        *key = eat_sequence(c);
        return *key != 0;
    }
    if (c != ERR)
        ungetch(c);
    *key = t->pasting && c == ERR ? K_PASTE_END : K_ESC;
    return true;
}

/* Letters of several bytes may come in pieces, which get_wch would lose. */
static bool take_byte(struct terminal *t, int c, uint32_t *key)
{
    char byte = (char)c;
    wchar_t wide = 0;
    bool began = !mbsinit(&t->letter);
    size_t n = mbrtowc(&wide, &byte, 1, &t->letter);
    if (n == (size_t)-1) {
        memset(&t->letter, 0, sizeof t->letter);
        return began && take_byte(t, c, key);
    }
    *key = wide == '\n' ? K_ENTER : (uint32_t)wide;
    return n == 1;
}

bool term_next_key(struct terminal *t, uint32_t *key)
{
    for (int c; (c = getch()) != ERR;) {
        if (c > 0xFF)
            *key = translate(c);
        else if (c == K_ESC ? !after_escape(t, key) : !take_byte(t, c, key))
            continue;
        if (*key == K_PASTE_BEGIN || *key == K_PASTE_END)
            take_paste(t, *key == K_PASTE_BEGIN);
        if (*key)
            return true;
    }
    return false;
}

int term_input_fd(const struct terminal *t)
{
    (void)t;
    return STDIN_FILENO;
}

int term_signal_fd(const struct terminal *t)
{
    (void)t;
    return signals_fd();
}

static void take_size(struct terminal *t)
{
    read_size(t);
    resizeterm(t->rows, t->cols);
    t->everything = true;
    outbox_forget_pace(&t->outbox);
}

unsigned term_take_signals(struct terminal *t)
{
    unsigned taken = signals_take();
    if (taken & TERM_CONTINUED) /* a shell may have had it meanwhile */
        enter(t);
    if (taken & (TERM_RESIZED | TERM_CONTINUED))
        take_size(t);
    return taken;
}

void term_suspend(struct terminal *t)
{
    leave(t);
    signals_stop();
    refresh();
    enter(t);
    take_size(t);
}

/* --- drawing --------------------------------------------------------------------- */

/* What the terminal calls a colour. One of direct colours (xterm-direct) takes red, green
 * and blue as one number; its lowest numbers stand for its own palette. */
static int terminal_colour(int colour)
{
    enum { DIRECT = 1 << 24, PALETTE = 256, BARELY_RED = 1 << 16 };
    if (colour < 8 || COLORS < DIRECT)
        return colour;
    int r, g, b;
    theme_rgb(colour, &r, &g, &b);
    int all = r << 16 | g << 8 | b;
    return all < PALETTE ? all | BARELY_RED : all;
}

static short pair_of(struct terminal *t, short fg, short bg)
{
    short *made = &t->pair[(fg + 1) * COLOUR_SPAN + bg + 1];
    int limit = COLOR_PAIRS < PAIRS_MAX ? COLOR_PAIRS : PAIRS_MAX;
    if (*made == 0 && (fg >= 0 || bg >= 0) && t->pairs + 1 < limit &&
        init_extended_pair(t->pairs + 1, terminal_colour(fg), terminal_colour(bg)) == OK)
        *made = (short)++t->pairs;
    return *made;
}

static short ramp_colour(const struct terminal *t, uint8_t level)
{
    int n = t->theme.spectrum_count;
    return (short)(n > 0 ? t->theme.spectrum[(level - 1) * n / 255] : -1);
}

static attr_t curses_attributes(unsigned a)
{
    return (a & ATTR_BOLD ? A_BOLD : 0) | (a & ATTR_DIM ? A_DIM : 0) |
           (a & ATTR_REVERSE ? A_REVERSE : 0) | (a & ATTR_UNDERLINE ? A_UNDERLINE : 0);
}

static struct look resolve(const struct terminal *t, const struct cell *cell)
{
    struct look ink = theme_over(&t->theme, t->depth, cell->ink, cell->ground);
    if (cell->ink_level)
        ink.fg = ramp_colour(t, cell->ink_level);
    if (cell->ground_level)
        ink.bg = ramp_colour(t, cell->ground_level);
    return ink;
}

static void put_cell(struct terminal *t, int row, int col, const struct cell *cell)
{
    struct look look = resolve(t, cell);
    attr_t attributes = curses_attributes(look.attributes);
    if (COLORS < 16 && look.fg >= 8) { /* eight colours: bright ones are bold, and a bold
                                          black may be seen nowhere */
        attributes |= look.fg == 8 ? A_DIM : A_BOLD;
        look.fg = (short)(look.fg == 8 ? -1 : look.fg % 8);
    }
    if (COLORS < 16 && look.bg >= 8)
        look.bg = (short)(look.bg % 8);
    wchar_t text[2 + CLUSTER_MARKS] = {(wchar_t)cell->ch, (wchar_t)cell->mark[0],
                                       (wchar_t)cell->mark[1]};
    cchar_t out;
    short pair = t->depth == THEME_MONO ? 0 : pair_of(t, look.fg, look.bg);
    if (setcchar(&out, text, attributes, pair, NULL) == OK)
        mvadd_wchnstr(row, col, &out, 1);
}

static bool keep_copy(struct terminal *t, const struct canvas *c)
{
    if (t->shown && t->shown_rows == c->rows && t->shown_cols == c->cols)
        return true;
    struct cell *grown =
        realloc(t->shown, (size_t)c->rows * (size_t)c->cols * sizeof *grown);
    if (!grown)
        return false;
    t->shown = grown;
    t->shown_rows = c->rows;
    t->shown_cols = c->cols;
    t->everything = true;
    return true;
}

void term_present(struct terminal *t, const struct canvas *c)
{
    bool copy = keep_copy(t, c);
    if (t->everything)
        clear();
    for (int r = 0; r < c->rows && r < LINES; r++)
        for (int x = 0; x < c->cols && x < COLS; x++) {
            size_t i = (size_t)r * (size_t)c->cols + (size_t)x;
            const struct cell *cell = &c->cell[i];
            bool same =
                copy && !t->everything && memcmp(&t->shown[i], cell, sizeof *cell) == 0;
            if (!same && cell->ch != 0)
                put_cell(t, r, x, cell);
            if (copy)
                t->shown[i] = *cell;
        }
    t->everything = !copy;
    if (t->cursor_row >= 0)
        move(t->cursor_row, t->cursor_col);
    refresh();
    outbox_send(&t->outbox, NULL);
}

int term_output_fd(const struct terminal *t)
{
    return outbox_fd(&t->outbox);
}

bool term_send(struct terminal *t)
{
    outbox_send(&t->outbox, NULL);
    return !outbox_waits(&t->outbox);
}

double term_rest(const struct terminal *t)
{
    return outbox_rest(&t->outbox);
}

void term_cursor(struct terminal *t, int row, int col)
{
    if ((row >= 0) != (t->cursor_row >= 0))
        curs_set(row >= 0);
    t->cursor_row = row;
    t->cursor_col = col;
}

void term_redraw(struct terminal *t)
{
    t->everything = true;
}
