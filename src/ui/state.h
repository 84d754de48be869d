/* state: everything the workstation knows while it runs. Private to src/ui.
 *
 * One struct app, one thread. Screens are a draw function and an action function; actions
 * change the state and say whether they meant anything here, drawing happens later, once,
 * when the frame is due. Nothing in here knows curses: tests drive app_key and app_draw
 * without a terminal. */
#ifndef TROWEL_UI_STATE_H
#define TROWEL_UI_STATE_H

#include "core/budget.h"
#include "core/picture.h"
#include "core/view.h"
#include "dsp/pads.h"
#include "dsp/track.h"
#include "io/paths.h"
#include "ui/actions.h"
#include "ui/app.h"
#include "ui/canvas.h"
#include "ui/prompt.h"

#include <stdbool.h>

enum {
    MIN_ROWS = 24,
    MIN_COLS = 80,

    ECHO_BYTES = 400,
    PICTURES_MAX = 96,
    HEARD_MAX = 512,
    SCREEN_DEPTH = 8,
    PAGE_BYTES = 65536
};

enum prompt_mode {
    ASK_NOTHING,
    ASK_COMMAND,
    ASK_FILTER,
    ASK_SEARCH,
    ASK_TAG,
    ASK_VALUE,  /* settings: a value for the key under the cursor */
    ASK_CONFIRM /* y or n */
};

/* A picture that is there, being made, or could not be made. */
struct picture_slot {
    uint64_t key; /* of path and stretch, 0 = free */
    uint64_t used;
    bool failed;
    struct picture *picture; /* NULL: not there, or not yet */
};

/* Finds with moved edges, cut again: files in a folder of this session. */
enum { CUTS_MAX = 64 };
enum cut_state { CUT_NONE, CUT_MAKING, CUT_READY, CUT_FAILED };
struct cut_slot {
    uint64_t key; /* of find, positions and what its recording was mined by, 0 = free */
    uint64_t used;
    double seam_db; /* of a loop that is ready */
    enum cut_state state;
};
struct cut_shelf {
    bool open;
    char folder[256];
    struct root root;
    struct cut_slot slot[CUTS_MAX];
    uint64_t clock, latest;
    uint64_t wanted; /* to be played when it is there, 0 = none */
    bool seam;       /* of that only the seam */
};

struct library_state {
    size_t top;
    int rows;        /* list rows at the last drawing */
    bool side;       /* focus is on the categories */
    bool wide;       /* the inspector takes the place of the list */
    bool beside;     /* it stands beside the list, as drawn last */
    bool why;        /* every measure and part */
    bool range;      /* `v` is on … */
    uint64_t anchor; /* … from this find */
    bool on_tagged;  /* `;`: the next command goes to the tagged */
    uint64_t pinned; /* id, 0 = none */
    bool flipped;    /* the pinned one sounds */
    bool notes_told; /* how the drums are found among them */
    char search[PROMPT_BYTES];
    char before_prompt[PROMPT_BYTES]; /* the filter to go back to … */
    uint64_t before_at;               /* … and the find that the cursor was on */
    /* the find in the inspector, read once */
    struct catalog_find detail;
    char note[EVENT_VALUE_BYTES]; /* the user's remark on it */
    long detail_index;
    uint64_t detail_state, detail_finds;
};

struct kit_screen_state {
    int slot, step;
    bool extras; /* focus is on the extras */
    size_t extra;
    /* what suits the slots, as of that version of the finds */
    bool matched;
    uint64_t match_version;
    struct slot_matches match[KIT_SLOTS];
    uint64_t loaded[KIT_SLOTS]; /* app_item_key of what the transport holds */
    /* what the export takes: of which finds, and what they cost */
    bool counted;        /* false: count all of it anew */
    uint64_t counted_to; /* of the session's changes */
    uint32_t *chosen;
    bool *is_chosen; /* by find */
    size_t chosen_count, chosen_room;
    struct budget budget;
    bool also_listed;
    struct kit_also { /* accepted, neither on a slot nor among the extras */
        uint32_t index;
        enum category category;
        double score;
    } * also;
    size_t also_count, also_room;
};

enum curve { CURVE_LEVEL, CURVE_FLATNESS, CURVE_ONSETS, CURVE_STEADY, CURVE_COUNT };

enum { CATEGORY_ANY = -1 };

struct source_state {
    long source;   /* session source, −1 = none */
    int only;      /* category shown, or CATEGORY_ANY */
    double zoom_s; /* seconds shown below; 0 = all */
    long cursor;   /* place among `places`, −1 = none */
    bool back;     /* it was moved towards the beginning last */
    int place_count;
    size_t place_room;
    struct place {
        long index; /* find, or −1 for one the thresholds found just now */
        double start_s, end_s;
        char missed_by[MISSED_BY_BYTES];
    } * places;
    uint64_t places_finds, places_state;
    long places_source;
    enum curve curve;
    struct track *track;
    struct track *pads_track; /* of what pads come from, where that is not all; or NULL */
    long track_source;
    char failed[200];
    struct pad_params params;
    int found_before, found_now; /* pads; −1 = not known */
    bool finding, find_again;
    struct pad_list live; /* what the thresholds find */
    bool moved;           /* the thresholds are no longer the config's */
};

struct jobs_state {
    int cursor, top;
    uint64_t id; /* of the job under the cursor, 0 = not looked yet */
    bool over;   /* that job had ended when the cursor came to it */
    bool log;    /* focus is on the log */
    int log_top;
};

struct settings_state {
    int cursor, top;
    char problem[256]; /* with the value being typed */
    char search[PROMPT_BYTES];
    struct settings_step {
        int key;
        char *was, *is;
    } * step; /* what was changed; u goes back, ^R forth */
    size_t room;
    int steps, at;
    int saved; /* steps that :save kept; −1: they are no longer among these */
};

struct help_state {
    enum screen about;
    int top;
    char search[PROMPT_BYTES];
};

/* A page of text over the screen: a dry run, a report. */
struct page_state {
    bool open;
    char title[96];
    char text[PAGE_BYTES];
    int top;
    bool unseen;          /* a dry run is being made, or was not drawn yet */
    bool confirms_export; /* Enter writes the kit, unless unseen */
};

/* Background work since it last was idle, for the top line. */
struct batch_state {
    int active;
    struct job_count {
        int active, total;
    } mining, other;                     /* recordings are counted by themselves */
    double since, fraction, done_before; /* by the weight of jobs */
    double told;                         /* when the screen was to show it last */
};

struct app {
    struct app_setup setup;
    struct session *session;
    struct view *view;
    struct jobs *jobs, *quick; /* quick: pictures, analyses; never behind mining */
    struct jobs *disk;         /* what only waits for the disk */
    struct transport *transport;
    struct transport_status sound;
    struct config *config;

    struct canvas canvas;
    struct keymap map;
    struct key_state keys;
    bool ramp; /* enough colours for spectrograms; with few they use shade glyphs */
    struct theme theme;

    enum screen screen;
    int depth;
    enum screen back[SCREEN_DEPTH];

    bool quit, suspend, redraw, theme_changed, pasting;
    bool dirty;      /* something changed: draw now */
    bool moved;      /* only a playhead moved: draw when the terminal's line has room */
    bool only_moved; /* the same of the frame being drawn */
    bool greeted;
    double now;          /* monotonic seconds, set by the loop */
    double audition_at;  /* 0 = nothing waits */
    uint64_t auditioned; /* id heard last by moving there */

    char echo[ECHO_BYTES];
    enum role echo_role;

    enum prompt_mode asking;
    struct prompt prompt;
    struct history commands, filters, searches;
    char question[160];
    void (*confirmed)(struct app *app), (*declined)(struct app *app);
    struct err filter_error;

    struct library_state library;
    struct kit_screen_state kit;
    struct source_state source;
    struct jobs_state job_list;
    struct settings_state settings;
    struct help_state help;
    struct page_state page;
    struct batch_state batch;
    struct pictured {
        uint64_t id; /* of the find whose pictures were drawn last; 0: none */
        bool there;
        struct play_item item;
        char path[PATH_BYTES];
    } pictured;
    struct picture_slot picture[PICTURES_MAX];
    uint64_t picture_clock;
    struct cut_shelf cuts;
    struct heard {
        uint64_t path, content;
    } heard[HEARD_MAX];  /* hash of the content the transport may hold of a path */
    bool looking;        /* for recordings, nothing is known yet */
    unsigned best_asked; /* how often :best was */
    int set_top;         /* of :curate, while it is asked whether to */
    /* what a job at work reads, one at a time */
    struct catalog *log_ahead;
    struct session_vectors *vectors_ahead;
    struct session_news *rereading;
    struct session_news *news; /* from elsewhere, being taken in */
    double last_look, last_news, news_every;
    double reread_since, reread_at; /* begun last; not again before */
};

/* --- app.c, app_core.c ------------------------------------------------------------- */

/* A state ready for keys and drawing, without terminal. */
enum status app_init(struct app *app, const struct app_setup *setup, struct err *e);
void app_done(struct app *app);
/* One key; app->now must be right. */
void app_key(struct app *app, uint32_t key);
/* Timers and descriptors: deliver jobs, ask the transport, audition when due. Returns
 * seconds until it wants to be called again: at most one, then it looks for what others
 * wrote. */
double app_tick(struct app *app);
/* Draw the whole screen onto app->canvas; the place of the typing cursor or −1. */
void app_draw(struct app *app, int *cursor_row, int *cursor_col);

__attribute__((format(printf, 2, 3))) void app_say(struct app *app, const char *format,
                                                   ...);
__attribute__((format(printf, 2, 3))) void app_warn(struct app *app, const char *format,
                                                    ...);
/* st not ST_OK: the error's sentence on the echo line. Returns st == ST_OK. */
bool app_check(struct app *app, enum status st, const struct err *e);
/* The same of what the session was asked to do; ST_OK: how it calls that. */
bool app_did(struct app *app, enum status st, const struct err *e);
/* What is said names actions in braces, "{undo} undoes": keys are the user's own.
 * "{library.assign}" is the library's key, whatever screen says so. */
void app_name_keys(const struct app *app, const char *said, char *to, size_t bytes);
void app_show(struct app *app, enum screen screen); /* with a way back */
bool app_shows_finds(enum screen screen);           /* with the cursor on one of them */
void app_back(struct app *app);
struct app_reply app_reply_to(struct app *app);
/* A project whose recordings' folder is not there (any more). */
bool app_recordings_gone(const struct app *app);
/* The first keys, as soon as there is a find and as long as nothing was decided; once. */
void app_say_hello(struct app *app);
/* By name, or the path of a file; ST_NOT_FOUND … */
enum status app_load_theme(struct app *app, const char *name, struct err *e);
void app_mine(struct app *app, const char *source, bool force);
void app_mine_at_start(struct app *app); /* what is new, without a word if nothing is */
void app_ask_to_mine_all(struct app *app);
void app_export(struct app *app, bool dry_run);

/* --- app_files.c ------------------------------------------------------------------- */

/* The user's own keys; a file that is wrong changes nothing: the default keys hold then.
 */
enum status app_load_keys(struct app *app, struct err *e);
/* What was typed on the line at the bottom, in this session and those before. */
void app_load_history(struct app *app);
void app_save_history(const struct app *app);

/* --- app_prompt.c, app_commands.c -------------------------------------------------- */

/* A yes-or-no question; `yes` is called on y or Enter, `no` (may be NULL) on n. Esc does
 * neither, nor does any other key, which then does what it does elsewhere. */
void app_confirm(struct app *app, const char *question, void (*yes)(struct app *),
                 void (*no)(struct app *));
/* False, and it is told, when it is none. */
bool app_number(struct app *app, const char *text, double *out);
/* Asks first while it is mining, or has unsaved settings. */
void app_quit(struct app *app);
void app_ask(struct app *app, enum prompt_mode mode, const char *text);
void app_ask_filter(struct app *app, const char *text);
/* A screen's keys of search: asks what for, or goes on to the `next` place (±1, false
 * when there is none, and says so) that holds what was `wanted`. False: another key. */
bool app_search_action(struct app *app, const struct key_action *a, const char *wanted,
                       bool (*next)(struct app *app, int step));
void app_prompt_key(struct app *app, uint32_t key);
void app_paste_key(struct app *app, uint32_t key);
const char *app_prompt_label(const struct app *app);
/* What is wrong with what is typed, or "". */
const char *app_prompt_problem(const struct app *app);
/* What is typed, from where the line's `cols` show it up to the cursor, and how many
 * cells stand before that. */
const char *app_prompt_in_sight(const struct app *app, int cols, int *before);
void app_command(struct app *app, const char *line);
bool app_value_completes(const char *key); /* the value of a setting */
/* What goes on from what is typed, into the prompt: for the word that begins at *from. */
int app_complete(struct app *app, const char *typed, size_t *from);
/* Help of the command that a line begins with, and its arguments; NULL without one. */
const char *app_command_about(const char *line, const char **arguments);
/* The i-th command for the help screen; NULL behind the last. */
const char *app_command_help(int i, const char **name, const char **arguments);

/* --- app_sound.c ------------------------------------------------------------------- */

/* The stretch of file that is this find, to be drawn: what must be cut is not, unless its
 * edges or loop were moved. `path` holds its name. False: there is none. */
bool app_drawn_item(struct app *app, size_t index, struct play_item *item,
                    char path[PATH_BYTES]);
/* The same as a slot of the kit is exported: cut where it has no file, and in the shape
 * of the machine. */
bool app_kit_item(struct app *app, size_t index, struct play_item *item,
                  char path[PATH_BYTES]);
/* A number for what is heard then: another one when it was cut or mined anew. Never 0. */
uint64_t app_item_key(const struct app *app, const struct find *f,
                      const struct play_item *item);
bool app_source_path(struct app *app, const char *source_path, char path[PATH_BYTES]);
void app_open_device(struct app *app, const char *name); /* NULL: the one it was */
void app_audition_soon(struct app *app);                 /* the cursor moved */
void app_play(struct app *app, long index);
/* Its edges or loop are others now: heard at once, unless nothing is by itself. Who
 * listens to its seam goes on with the seam. */
void app_play_edited(struct app *app, long index);
void app_play_cut(struct app *app, long index); /* what was waited for is there */
/* A number for what the find sounds like: another one when its edges were moved. */
uint64_t app_heard_as(const struct app *app, long index);
/* Loop, level matching and volume as the settings have them at the start. */
void app_sound_begin(struct app *app);
bool app_sound_action(struct app *app, const struct key_action *a);
/* Drawn soon: ask for its picture. NULL: not there yet; *failed: it never will be. */
const struct picture *app_picture(struct app *app, const struct find *f,
                                  const struct play_item *item, bool *failed);
void app_pictures_done(struct app *app);

/* --- app_makes.c ------------------------------------------------------------------- */

/* `text` is what follows the command. */
void app_propose(struct app *app, const char *text);
void app_curate(struct app *app, const char *text);
void app_report(struct app *app, const char *nothing);
void app_demo(struct app *app, const char *nothing);
void app_write_decisions(struct app *app, const char *file);

/* --- app_cuts.c -------------------------------------------------------------------- */

/* The sound of a find that must be cut: CUT_READY fills item and path, else a job has it
 * in hand (CUT_MAKING) or it cannot be cut, or was not `wanted` yet (CUT_FAILED). */
enum cut_state app_cut(struct app *app, size_t index, bool wanted, struct play_item *item,
                       char path[PATH_BYTES]);
/* The seam of an edited loop, in dB; NAN while it is not cut. */
double app_cut_seam(struct app *app, const struct catalog_find *f);
void app_cuts_done(struct app *app);

/* --- the screens ------------------------------------------------------------------- */

/* act: false when the action has no meaning here. */
struct screen_ops {
    void (*draw)(struct app *app, const struct area *a);
    bool (*act)(struct app *app, const struct key_action *a);
    void (*enter)(struct app *app);
};
extern const struct screen_ops library_screen, kit_screen, source_screen, jobs_screen,
    settings_screen, help_screen;

/* frame.c: what all screens share */
/* Cells of the top line that `left` may take. */
int frame_top_room(struct app *app, int cols);
bool frame_mining(const struct app *app); /* is that what goes on? */
/* A hint in such words, its keys as keys look. Returns the column behind it. */
int frame_hint(const struct app *app, const struct area *a, int row, int col,
               const char *said);
/* The top line and the lines at the bottom; what lies between them. */
struct area frame(struct app *app, const struct area *a, const char *left);
/* The same, and a rule below the top line. */
struct area frame_ruled(struct app *app, const struct area *a, const char *left);
void frame_page(struct app *app, const struct area *a);
/* Too small for the layout: what can be said, and a sentence. */
void frame_small(struct app *app, const struct area *a);
void frame_which_key(struct app *app, const struct area *a);
void frame_sound(struct app *app, const struct area *row); /* frame_sound.c */

/* library.c, library_draw.c, inspector.c, library_act.c */
/* The find that commands are for: under the cursor of the list, or of the source screen;
 * −1 = none. */
long library_current(struct app *app);
/* The same, in the kit that of the slot or extra; that there is none is said. */
long library_wanted(struct app *app);
/* Before an action there, or part of a key (ACT_NONE): see view_float. */
void library_touched(struct app *app, enum action a);
/* Rows first … last of the range that `v` began: it follows its finds. False: there is
 * none, or the find it began at is not in the list any more. */
bool library_range(struct app *app, size_t *first, size_t *last);
void library_draw_list(struct app *app, const struct area *a);
/* How wide it is: its longest name and the count beside it have room. */
int library_side_cells(const struct app *app, int cols);
void library_draw_side(struct app *app, const struct area *a);
void library_refresh_detail(struct app *app, long index);
bool library_decide_action(struct app *app, const struct key_action *a);
bool library_edit_action(struct app *app, const struct key_action *a);
void inspector_draw(struct app *app, const struct area *a, long index);
/* Is there room in `a` for every part of `why`? Of the measures then come as many as fit.
 */
bool inspector_holds_why(struct app *app, const struct area *a, long index);

/* why_page.c, for the find in library.detail */
int why_rows(struct app *app, int cols);
int why_parts_rows(struct app *app, int cols); /* without the measures */
void why_draw(struct app *app, const struct area *a);

/* kit */
void kit_draw(struct app *app, const struct area *a);
void kit_sync_sound(struct app *app);   /* hand what changed to the transport */
void kit_follow_sound(struct app *app); /* the same after mining, if it was heard */
void kit_matches(struct app *app);      /* bring kit.match up to date */
int kit_slot_of_key(const struct app *app, uint32_t key); /* or −1 */
bool kit_unlocked(struct app *app, int slot);             /* false: it says so */
/* The find of the slot or extra under the cursor, or −1. */
long kit_current(struct app *app);
double kit_tempo(const struct app *app);
int kit_channels(const struct app *app, const struct find *f); /* of the export: 1 or 2 */
/* The slot's trim as far as full scale allows it: what is heard and exported. */
double kit_trim(const struct app *app, int slot);
const char *kit_pattern_name(const struct app *app); /* "": one of the user's own */

/* kit_contents.c */
/* What the export would take of the machine; returns which machine that is. */
const struct target *kit_budget(struct app *app, struct budget *out);
/* The extras, and behind them the accepted finds that go along; indices of finds. */
size_t kit_extra_count(struct app *app);
size_t kit_extra_at(struct app *app, size_t i);
void kit_contents_done(struct app *app);

/* source */
void source_draw(struct app *app, const struct area *a);
void source_open(struct app *app, long source);
void source_show_only(struct app *app, int category);
void source_refresh(struct app *app);
void source_done(struct app *app);
long source_current(const struct app *app);     /* find under the cursor, or −1 */
void source_go_to(struct app *app, long index); /* to that find, or where it came from */
void source_decided(struct app *app);           /* and on, as the settings say */
/* The settings have other thresholds now: they count from here on. */
void source_follow_settings(struct app *app);
/* Another place or part of the recordings is looked at. */
void source_listen_again(struct app *app);
/* What the thresholds are applied to. */
const struct track *source_pads_track(const struct source_state *s);
double *source_threshold(struct app *app, double *low, double *high, double *step);
const char *source_curve_name(enum curve c);
const char *source_curve_unit(enum curve c); /* with its blank; "" when there is none */

/* settings */
void settings_typed(struct app *app);   /* check the value being typed */
void settings_entered(struct app *app); /* take it */
/* May the settings be these? Reads the theme. */
enum status settings_check(const struct app *app, const struct config *next,
                           struct err *e);
/* The config as it is from now on; `name` is what changed: u takes it back. */
void settings_commit(struct app *app, const struct config *next, const char *name);
bool settings_changed(const struct app *app); /* since :save */
bool settings_save(struct app *app);          /* false: it says why not */
void settings_done(struct app *app);

/* moves.c */
/* The number before the action, 1 without one. */
int times_asked(const struct key_action *a);
/* How often the action is meant; what comes round or stays is not done for minutes. */
int turns(const struct key_action *a);
/* `step` further from `at` in a list of `count` that comes round. */
int come_round(int at, int step, int count);
/* The row of `count` that the action leads to from row `at`; −1: it does not move. A
 * count before it counts rows, pages, or names the row. */
long moved_row(const struct key_action *a, long at, long count, long page);

/* words.c: numbers as lists show them */
void words_time(char *to, size_t n, double seconds, int decimals); /* 1:02:14.3 */
void words_score(char *to, size_t n, double value);                /* ".91", "-" */
const char *words_order(int order); /* as typed after :sort: "len", "name" */
/* The name of a find; where that has no room, without the folders it begins with. */
const char *words_name(const struct app *app, const struct find *f, int cells);
/* A recording's path, with the innermost folders that have room: stems of two songs bear
 * the same names. */
const char *words_recording(const char *path, int cells);
enum glyph words_mark(const struct find *f);
enum role words_mark_role(const struct find *f);

#endif
