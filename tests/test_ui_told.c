/* What the screens tell somebody who sees them for the first time: the keys that work
 * here, how to leave, what a recording holds, and nothing that was not measured. */
#include "checks.h"
#include "ui_rig.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static bool shown(const char *part)
{
    return ui_rig_shows(&rig, part);
}

static bool hidden(const char *part)
{
    FREED char *screen = ui_rig_screen(&rig);
    return strstr(screen, part) == NULL;
}

static void resize(int rows, int cols)
{
    assert_int_equal(canvas_resize(&rig.app.canvas, rows, cols, NULL), ST_OK);
}

/* A project that is opened with its finds there names keys as a new one does. */
static void the_first_words_name_keys(void **state)
{
    assert_true(ui_rig_said(&rig, "j and k move and play, a keeps, x drops, u takes "
                                  "back; ? shows all keys"));
}

static void every_screen_says_how_to_leave(void **state)
{
    static const char *const screens[] = {"K", "M", "w", ",", "?"};
    for (size_t i = 0; i < sizeof screens / sizeof *screens; i++) {
        ui_rig_keys(&rig, screens[i]);
        for (int cols = 80; cols <= 130; cols += 5) {
            resize(24, cols);
            assert_true(shown("q back  ? help"));
        }
        ui_rig_keys(&rig, "q");
    }
    assert_true(shown("? help"));
    assert_true(hidden("q back"));
}

/* One key, another thing on another screen: its help says the one that counts here. */
static void help_is_about_the_screen(void **state)
{
    static const struct {
        const char *screen, *pane, *enter, *not_here;
    } here[] = {
        {"F1", "Tab            from the list to the categories",
         "Enter          widen the inspector", "section"},
        {"K F1", "Tab            from the slots to the extras",
         "Enter          set or clear the step", "inspector"},
        {"M F1", "Tab            next curve", "Enter          hear the find",
         "the kit, set"},
        {"w F1", "Tab            from the jobs to the log",
         "Enter          try again what failed or was cancelled", "inspector"},
        {", F1", "Tab            next section", "Enter          change the value",
         "inspector"},
    };
    resize(70, 100);
    for (size_t i = 0; i < sizeof here / sizeof *here; i++) {
        ui_rig_keys(&rig, here[i].screen);
        assert_true(shown(here[i].pane));
        assert_true(shown(here[i].enter));
        assert_true(hidden(here[i].not_here));
        ui_rig_keys(&rig, "q q");
        rig.app.screen = SCREEN_LIBRARY;
        rig.app.quit = false;
    }
}

/* Whose keys are others reads of those, on every screen. */
static void screens_name_keys_of_ones_own(void **state)
{
    struct err e;
    assert_int_equal(
        keymap_load(&rig.app.map,
                    "mine: Y\njobs: W\npane: ^G\ndetail: ^T\naccept: ^Y\ncancel: ^O\n"
                    "clear-filter: ^V\nsort-reverse: ^E\nassign: ^A\nback: ^X\n"
                    "help: ^W\nkit.back: ^X\nsearch: F6\nflip: F7\npin: F8\n"
                    "command: F9\n",
                    "keys.yaml", &e),
        ST_OK);
    resize(30, 112);
    ui_rig_keys(&rig, "M");
    assert_true(shown("^T hears it, ^Y takes it"));
    ui_rig_keys(&rig, "^X W");
    assert_true(shown("Y  mines the project's recordings"));
    assert_true(shown(" ^O cancels   ^T tries again   ^G to the log "));
    ui_rig_keys(&rig, "^X ,");
    assert_true(shown("   ^T changes it  ^O default  "));
    ui_rig_keys(&rig, "^X f");
    ui_rig_type(&rig, "nosuchthing");
    assert_true(shown("matches nosuchthing; ^V clears"));
    ui_rig_keys(&rig, "Esc o");
    assert_true(ui_rig_said(&rig, "; ^E reverses it"));
    app_command(&rig.app, "sort name");
    assert_true(ui_rig_said(&rig, "sorted by name; ^E reverses it"));
    ui_rig_keys(&rig, "^P Esc");
    assert_true(ui_rig_said(&rig, "nothing is open here; ^X quits"));
    ui_rig_keys(&rig, "q");
    assert_true(ui_rig_said(&rig, "q does nothing here; ^W shows the keys that do"));
    ui_rig_keys(&rig, "n");
    assert_true(ui_rig_said(&rig, "nothing was searched for; F6 does"));
    ui_rig_keys(&rig, "F8");
    assert_true(ui_rig_said(&rig, "; F7 flips between it and the cursor"));
    app_key(&rig.app, K_PASTE_BEGIN);
    app_key(&rig.app, K_PASTE_END);
    assert_true(ui_rig_said(&rig, "ignored here; F9 opens a line that takes it"));
    app_reply_to(&rig.app).done(&rig.app, ST_OK, "mining cancelled; {mine} goes on",
                                NULL);
    assert_true(ui_rig_said(&rig, "mining cancelled; Y goes on"));
    ui_rig_keys(&rig, "K"); /* the kit's own key for it is another one */
    assert_true(shown("in the library ^A and e adds more"));
}

static void help_is_searched_by_key_and_word(void **state)
{
    ui_rig_keys(&rig, "? n");
    assert_true(ui_rig_said(&rig, "nothing was searched for; / does"));
    ui_rig_keys(&rig, "/ ^ R Enter");
    assert_true(shown("───\n  ^R             redo"));
    ui_rig_keys(&rig, "/");
    ui_rig_type(&rig, "^"); /* a whole key, not what one begins with */
    ui_rig_keys(&rig, "Enter");
    assert_true(ui_rig_said(&rig, "nothing here contains '^'"));
    ui_rig_enter(&rig, "/", "SEAM");
    assert_true(shown("───\n  e              hear the loop's seam over and over"));
    ui_rig_enter(&rig, "/", "xylophone");
    assert_true(ui_rig_said(&rig, "nothing here contains 'xylophone'"));
}

/* The recording shows what the list is about, and every kind when asked; what is gone to
 * is always there. */
static void a_recording_shows_what_is_listed(void **state)
{
    ui_rig_keys(&rig, "] gg M");
    const struct source_state *s = &rig.app.source;
    int pads = s->place_count;
    assert_true(pads > 0);
    for (int i = 0; i < pads; i++)
        assert_int_equal(session_find(rig.session, (size_t)s->places[i].index)->category,
                         CAT_PADS);
    assert_true(shown("   pads ● "));
    ui_rig_keys(&rig, "]");
    assert_int_equal(s->only, CAT_PADS); /* of every recording */
    ui_rig_keys(&rig, "[");
    long at = source_current(&rig.app);
    ui_rig_keys(&rig, "F");
    assert_true(s->place_count > 2 * pads);
    assert_int_equal(source_current(&rig.app), at); /* the cursor stays on its find */
    assert_true(hidden("   pads ● "));
    ui_rig_keys(&rig, "q ] ] ] ] M"); /* the drums */
    assert_int_equal(s->only, CAT_DRUMS);
    ui_rig_keys(&rig, "x");
    ui_rig_keys(&rig, "q [ [ [ [ gg M");
    assert_int_equal(s->only, CAT_PADS);
    ui_rig_keys(&rig, "u"); /* of a drum */
    assert_int_equal(s->only, CATEGORY_ANY);
    assert_int_equal(
        session_find(rig.session, (size_t)source_current(&rig.app))->category, CAT_DRUMS);
    ui_rig_keys(&rig, "q");
    for (int i = 0;
         i < 20 && (int)view_scope(rig.app.view) - SCOPE_CATEGORY != CAT_SILENCES; i++)
        ui_rig_keys(&rig, "]");
    ui_rig_keys(&rig, "M");
    assert_int_equal(s->only, CAT_SILENCES);
}

/* Moved thresholds find pads, wherever hits lie: they are shown beside what is there,
 * once each, and not among the drums. */
static void moved_thresholds_show_pads(void **state)
{
    struct source_state *s = &rig.app.source;
    double at[2] = {-1, -1}, end = 0;
    ui_rig_keys(&rig, "] ] ] ] ] M");
    assert_int_equal(s->only, CAT_DRUMS);
    at[0] = s->places[s->place_count / 2].start_s;
    ui_rig_keys(&rig, "}");
    assert_int_equal(s->only, CATEGORY_ANY);
    for (int i = 0; i < s->place_count; i++) {
        const struct find *f = session_find(rig.session, (size_t)s->places[i].index);
        if (f->kind == KIND_PAD && find_counts(f)) {
            at[1] = s->places[i].start_s;
            end = s->places[i].end_s;
        }
    }
    assert_true(at[1] > at[0] + 0.5 || at[1] < at[0] - 0.5);
    s->live.found = calloc(2, sizeof *s->live.found);
    assert_non_null(s->live.found);
    s->live.found_count = 2;
    for (int k = 0; k < 2; k++)
        s->live.found[k] = (struct pad_region){.start_sec = at[k] + 0.1,
                                               .end_sec = at[k] + 0.1 + (end - at[1])};
    int before = s->place_count, live = 0;
    s->places_source = -1;
    source_refresh(&rig.app);
    assert_int_equal(s->place_count, before + 1);
    for (int i = 0; i < s->place_count; i++)
        live += s->places[i].index < 0 && s->places[i].start_s == at[0] + 0.1;
    assert_int_equal(live, 1);
    ui_rig_keys(&rig, "q M");
    assert_int_equal(s->only, CAT_DRUMS);
    assert_true(s->moved && s->place_count > 0);
    for (int i = 0; i < s->place_count; i++)
        assert_true(s->places[i].index >= 0);
}

static int found_now_only(void)
{
    const struct source_state *s = &rig.app.source;
    int n = 0;
    for (int i = 0; i < s->place_count; i++)
        n += s->places[i].index < 0 && !s->places[i].missed_by[0];
    return n;
}

/* One more find, or near-miss, of a recording of a minute. */
static void add_to_song(enum kind kind, const char *file, double start_s, double end_s,
                        const char *missed_by)
{
    static struct candidate c;
    struct catalog_source src = {
        .stem = "song", .path = "song.flac", .rate_hz = 44100, .frames = 44100 * 60};
    candidate_clear(&c);
    c.kind = kind;
    c.saved = !missed_by[0];
    c.m.start_sec = start_s;
    c.m.end_sec = end_s;
    snprintf(c.source, sizeof c.source, "song");
    snprintf(c.filename, sizeof c.filename, "%s", file);
    snprintf(c.missed_by, sizeof c.missed_by, "%s", missed_by);
    ui_rig_add(&rig, &src, &c, 1);
}

/* A pad is the loop that was found around its region: it is no other find because it
 * begins later than that. A near-miss that would be found now is one. */
static void a_pad_stands_for_its_region(void **state)
{
    struct source_state *s = &rig.app.source;
    add_to_song(KIND_PAD, "song_pad01_dark.wav", 20.5, 22, "");
    add_to_song(KIND_PAD, "song_pad_near01", 40, 41.5, "level 1.2 dB below the gate");
    app_command(&rig.app, "source song");
    s->live.found = calloc(1, sizeof *s->live.found);
    assert_non_null(s->live.found);
    s->live.found_count = 1;
    s->moved = true;
    static const struct {
        double start, end;
        int now;
    } at[] = {{20, 21.5, 0}, /* 0.5 s is a third of its length */
              {21, 22.5, 0},   {19.9, 21.4, 1},
              {21.1, 22.6, 1}, {20, 24.5, 1}, /* another length */
              {40, 41.5, 1}};
    for (size_t k = 0; k < sizeof at / sizeof *at; k++) {
        s->live.found[0] =
            (struct pad_region){.start_sec = at[k].start, .end_sec = at[k].end};
        s->places_source = -1;
        source_refresh(&rig.app);
        assert_int_equal(found_now_only(), at[k].now);
    }
    s->params.max_candidates_per_file = 0; /* no more than are to be found */
    s->places_source = -1;
    source_refresh(&rig.app);
    assert_int_equal(found_now_only(), 0);
    s->live.missed = calloc(1, sizeof *s->live.missed);
    assert_non_null(s->live.missed);
    s->live.missed_count = 1;
    s->live.missed[0] =
        (struct pad_region){.start_sec = 40, .end_sec = 41.5, .missed_by = "level"};
    s->places_source = -1;
    source_refresh(&rig.app);
    for (int i = 0; i < s->place_count; i++) /* the near-miss stands for it */
        assert_true(s->places[i].index >= 0);
}

static void a_recording_without_them_says_so(void **state)
{
    add_to_song(KIND_DRUM, "song_drum_001_kick.wav", 0.2, 0.4, "");
    ui_rig_keys(&rig, "] gg M");
    while (strcmp(session_source(rig.session, (size_t)rig.app.source.source)->stem,
                  "song") != 0)
        ui_rig_keys(&rig, "]");
    assert_int_equal(rig.app.source.place_count, 0);
    assert_true(shown("no pads in this recording; F shows everything"));
    ui_rig_keys(&rig, "F");
    assert_int_equal(rig.app.source.place_count, 1);
    assert_true(shown("song_drum_001_kick"));
}

/* Also where its recording is not there, or not listened to yet. */
static void why_is_told_without_the_recording(void **state)
{
    static const int rows[] = {24, 40, 60};
    ui_rig_keys(&rig, "] gg M");
    for (int i = 0; i < 3; i++) {
        resize(rows[i], 112);
        assert_true(shown("does not exist") && hidden("keyconf"));
        ui_rig_keys(&rig, "i");
        assert_true(shown("keyconf") && hidden("does not exist"));
        ui_rig_keys(&rig, "i");
    }
}

/* The cells that hold this sign, below the title. */
static int signs(const char *sign)
{
    char *screen = ui_rig_screen(&rig), *line = screen;
    int n = 0;
    for (int row = 0; row < rig.app.canvas.rows - 4 && line; row++) {
        char *end = strchr(line, '\n');
        for (char *at = line; row > 1 && (at = strstr(at, sign)) && at < end; at++)
            n++;
        line = end ? end + 1 : NULL;
    }
    free(screen);
    return n;
}

/* A near-miss that was taken is marked as taken, beside it and in the lane. */
static void a_taken_near_miss_is_marked(void **state)
{
    ui_rig_keys(&rig, "] gg M gg");
    while (!session_find(rig.session, (size_t)source_current(&rig.app))->near_miss)
        ui_rig_keys(&rig, "j");
    assert_true(shown("missed: level 1.2 dB below the gate   a takes it anyway"));
    resize(24, 100);
    assert_true(shown("missed: level 1.2 dB below the gate   Enter hears it, a takes it "
                      "anyway"));
    int missed = signs("○"), taken = signs("●");
    rig.config.interface.advance = ADVANCE_STAY;
    ui_rig_keys(&rig, "a");
    assert_int_equal(signs("○"), missed - 2);
    assert_int_equal(signs("●"), taken + 2);
    assert_true(shown("\n ● "));
}

/* The counts of the title stay whole however long the recording's name is. */
static void a_long_name_leaves_room_for_the_counts(void **state)
{
    static struct candidate c;
    struct catalog_source src = {.rate_hz = 44100, .frames = 44100, .channels = 2};
    snprintf(src.stem, sizeof src.stem, "long");
    for (int i = 0; i < 20; i++)
        strcat(src.path, "録音 rehearsal ");
    strcat(src.path, "7.flac");
    candidate_clear(&c);
    c.kind = KIND_PAD;
    c.saved = true;
    c.m.start_sec = 0.2;
    c.m.end_sec = 0.9;
    snprintf(c.source, sizeof c.source, "long");
    snprintf(c.filename, sizeof c.filename, "long_pad01_dark.wav");
    ui_rig_add(&rig, &src, &c, 1);
    ui_rig_enter(&rig, ":", "source long");
    for (int cols = 80; cols <= 200; cols += 10) {
        resize(24, cols);
        assert_true(shown("7.flac   0:01"));
        assert_true(shown("● 0  ✗ 0  · 1"));
        assert_true(shown(cols < 90 ? "○ 0" : "near misses 0"));
    }
    resize(24, 80); /* beside the progress of what is mined, too */
    rig.app.batch = (struct batch_state){.active = 1, .mining = {1, 3}};
    assert_true(shown("● 0  ✗ 0  · 1   ○ 0"));
    rig.app.batch = (struct batch_state){0};
}

static void goes_on(bool mining)
{
    rig.app.batch = (struct batch_state){.active = 1};
    *(mining ? &rig.app.batch.mining : &rig.app.batch.other) = (struct job_count){1, 3};
}

/* While it is mining an empty category is no verdict. */
static void an_empty_category_waits_for_mining(void **state)
{
    resize(24, 80);
    app_command(&rig.app, "filter nosuchname");
    assert_true(shown("no find matches nosuchname"));
    assert_true(hidden("Mining is running"));
    goes_on(true);
    assert_true(hidden("Nothing here yet.")); /* but is hidden, and that is told */
    assert_true(shown("Mining is running: finds will appear here."));
    app_command(&rig.app, "mine all"); /* how many are all is not known yet */
    assert_true(shown("mine all again? Decisions stay."));
    assert_true(shown("y Enter yes")); /* which both are */
    ui_rig_keys(&rig, ": u n t a g");  /* no answer, nor is its Enter */
    assert_true(hidden("mine all again?"));
    ui_rig_keys(&rig, "Enter F");
    assert_true(hidden("mine all again?"));
    view_set_scope(rig.app.view, SCOPE_CATEGORY + CAT_SILENCES);
    size_t *all = NULL, count = 0;
    assert_int_equal(view_matching(rig.app.view, "*", &all, &count, NULL), ST_OK);
    assert_int_equal(session_set_category(rig.session, all, count, CAT_DRUMS, NULL),
                     ST_OK);
    free(all);
    assert_int_equal(view_count(rig.app.view), 0);
    goes_on(true);
    assert_true(shown("Nothing here yet."));
    assert_true(shown("Mining is running: finds will appear here."));
    assert_true(hidden("no silence was found"));
    view_set_scope(rig.app.view, SCOPE_BEST_OF); /* nor does it wait for mining */
    assert_int_equal(view_count(rig.app.view), 0);
    assert_true(shown("nothing accepted yet"));
    view_set_scope(rig.app.view, SCOPE_CATEGORY + CAT_SILENCES);
    goes_on(false);
    assert_true(hidden("Mining is running"));
    assert_true(shown("no silence was found"));
    rig.app.batch = (struct batch_state){0};
}

/* What was put into the kit and rejected then is not exported, and its row says so. */
static void what_is_rejected_stays_out_of_the_kit(void **state)
{
    struct budget b;
    resize(24, 80);
    ui_rig_keys(&rig, "] \" a K");
    kit_budget(&rig.app, &b);
    assert_int_equal(b.files, 1);
    assert_true(hidden("stays out"));
    ui_rig_keys(&rig, "q \" e K");
    assert_true(hidden("stays out"));
    ui_rig_keys(&rig, "q x K");
    kit_budget(&rig.app, &b);
    assert_int_equal(b.files, 0);
    assert_true(shown("stays out  "));    /* the slot */
    assert_true(shown("stays out: pad")); /* the extra */
    ui_rig_keys(&rig, "u");
    assert_true(hidden("stays out"));
}

/* The counts of a project and of a kit stay, however long their names are. */
static void a_long_title_leaves_room_for_the_counts(void **state)
{
    char name[KIT_NAME_BYTES];
    memset(name, 'k', sizeof name - 1);
    name[sizeof name - 1] = '\0';
    assert_int_equal(session_kit_name(rig.session, name, NULL), ST_OK);
    ui_rig_keys(&rig, "K");
    for (int cols = 80; cols <= 200; cols += 10) {
        resize(24, cols);
        assert_true(shown("pattern"));
        assert_true(shown("=124"));
        assert_true(shown("kit kkkkkk"));
    }
    rig.app.sound.kit_running = true;
    for (int cols = 80; cols <= 140; cols++) { /* and do not come and go with the steps */
        resize(24, cols);
        rig.app.sound.kit_step = 8;
        bool counted = shown(" samples ");
        rig.app.sound.kit_step = 9;
        assert_int_equal(shown(" samples "), counted);
    }
    resize(24, 80); /* beside the progress of what is mined, too */
    goes_on(true);
    rig.app.sound.kit_step = 11;
    assert_false(shown("s…"));
    assert_int_equal(session_kit_name(rig.session, "jam", NULL), ST_OK);
    assert_true(shown("pattern   step 12  "));
    rig.app.batch = (struct batch_state){0};
    rig.app.sound.kit_running = false;
}

/* A near-miss is not measured in full: what is not known is not written down. */
static void nothing_unmeasured_is_shown(void **state)
{
    static struct candidate c;
    struct catalog_source src = {
        .stem = "room", .path = "room.flac", .rate_hz = 44100, .frames = 44100};
    candidate_clear(&c);
    c.kind = KIND_SILENCE;
    c.m.start_sec = 0.2;
    c.m.end_sec = 0.4;
    c.m.rms_db = -44.7;
    c.m.crest_factor = c.m.centroid_hz = c.m.peak_dbfs = c.m.lufs = (double)NAN;
    snprintf(c.missed_by, sizeof c.missed_by, "level 0.3 dB above the gate");
    snprintf(c.source, sizeof c.source, "room");
    snprintf(c.filename, sizeof c.filename, "room_silence_miss01.wav");
    ui_rig_add(&rig, &src, &c, 1);
    view_set_scope(rig.app.view, SCOPE_NEAR_MISSES);
    view_move_to_id(rig.app.view,
                    session_find(rig.session, session_count(rig.session) - 1)->id);
    static const int sizes[][2] = {{24, 80}, {30, 112}, {60, 200}};
    for (int i = 0; i < 3; i++) {
        resize(sizes[i][0], sizes[i][1]);
        assert_true(shown("loud   -44.7 dB\n") || shown("loud   -44.7 dB "));
        assert_true(hidden("nan"));
        assert_true(hidden("bright "));
        ui_rig_keys(&rig, "i");
        assert_true(hidden("nan"));
        ui_rig_keys(&rig, "i");
    }
}

/* On a wide screen names are read, not guessed. */
static void a_wide_list_shows_names_whole(void **state)
{
    static struct candidate c;
    struct catalog_source src = {
        .stem = "jam", .path = "jam.flac", .rate_hz = 44100, .frames = 44100};
    candidate_clear(&c);
    c.kind = KIND_DRONE;
    c.saved = true;
    c.m.score = 1;
    c.m.rms_db = -20;
    c.m.duration_sec = 2;
    snprintf(c.source, sizeof c.source, "jam");
    snprintf(c.filename, sizeof c.filename, "siege_of_laurelmor_pitch_+12_loop_airy.wav");
    ui_rig_add(&rig, &src, &c, 1);
    view_set_scope(rig.app.view, SCOPE_CATEGORY + CAT_PADS);
    ui_rig_keys(&rig, "gg j");
    resize(60, 200);
    assert_true(shown("siege_of_laurelmor_pitch_+12_loop_airy   "));
    resize(40, 150);
    assert_true(shown("siege_of_laurelmor_pitch_+12_loop_airy  "));
    resize(45, 160); /* the counts at its side cost three cells of it */
    assert_true(shown("siege_of_laure…_pitch_+12_loop_airy  2.00s -20.0"));
    resize(24, 80); /* the name before the level */
    assert_true(shown("siege_of_la…_pitch_+12_loop_airy  2.00s     1.00"));
    resize(29, 110);
    assert_true(shown("siege_of_lau…_+12_loop_airy  2.00s     1.00"));
    view_set_order(rig.app.view, ORDER_MEASURE + ME_rms_db,
                   true); /* unless it is wanted */
    assert_true(shown("siege_of_…_+12_loop_airy  2.00s -20.0  1.00"));
}

/* However many loops of one's own came between: the message counts as the inspector. */
static void loops_are_counted_alike(void **state)
{
    static struct candidate c;
    struct catalog_source src = {
        .stem = "jam", .path = "jam.flac", .rate_hz = 44100, .frames = 4410000};
    candidate_clear(&c);
    c.kind = KIND_PAD;
    c.saved = true;
    c.m.score = 1;
    c.m.duration_sec = 2;
    c.source_rate_hz = 44100;
    c.start_frame = 44100;
    c.end_frame = 3 * 44100;
    c.loop_count = LOOP_CHOICES_MAX;
    for (int i = 0; i < LOOP_CHOICES_MAX; i++)
        c.loop[i] = (struct loop_choice){44100 + i * 100, 3 * 44100 - i * 100, 0.9, -40};
    snprintf(c.source, sizeof c.source, "jam");
    snprintf(c.source_path, sizeof c.source_path, "jam.flac");
    snprintf(c.filename, sizeof c.filename, "jam_pad01_dark.wav");
    ui_rig_add(&rig, &src, &c, 1);
    view_set_scope(rig.app.view, SCOPE_CATEGORY + CAT_PADS);
    ui_rig_keys(&rig, "gg");
    assert_true(shown("(1/5)"));
    ui_rig_keys(&rig, "R");
    assert_true(ui_rig_said(&rig, "loop 2 of 5") && shown("(2/5)"));
    ui_rig_keys(&rig, "> R");
    assert_true(ui_rig_said(&rig, "loop 1 of 5") && shown("(1/5)"));
}

/* What filling leaves empty is named at once, not only by what is written. */
static void what_stays_empty_is_named(void **state)
{
    static const char *const drums[] = {"kick", "snare"};
    ui_rig_done(&rig);
    ui_rig_init(&rig, 0, 0, 24, 80, TIER_BRAILLE);
    struct catalog_source src = {
        .stem = "jam", .path = "jam.flac", .rate_hz = 44100, .frames = 4410000};
    static struct candidate c[2];
    for (int i = 0; i < 2; i++) {
        candidate_clear(&c[i]);
        c[i].kind = KIND_DRUM;
        c[i].saved = true;
        c[i].grade = 'A';
        c[i].m.score = c[i].m.hit_confidence = 0.9;
        c[i].m.duration_sec = 0.2;
        parts_add(&c[i].parts, "drum", 0.9);
        snprintf(c[i].hit_class, sizeof c[i].hit_class, "%s", drums[i]);
        snprintf(c[i].source, sizeof c[i].source, "jam");
        snprintf(c[i].filename, sizeof c[i].filename, "jam_drum_%03d_%s.wav", i,
                 drums[i]);
    }
    ui_rig_add(&rig, &src, c, 2);
    ui_rig_keys(&rig, "K F");
    assert_true(ui_rig_said(&rig, "filled the kit, but no drum here fits LT MT HT RS HC "
                                  "CH OH CC RC"));
    assert_true(shown("CC RC · u undoes"));
    ui_rig_keys(&rig, "u d L F"); /* what is locked is meant to be as it is */
    assert_true(ui_rig_said(&rig, "no drum here fits MT HT RS HC CH OH CC RC"));
    ui_rig_keys(&rig, "u"); /* what is mined later may fit better */
    goes_on(true);
    ui_rig_keys(&rig, "F");
    assert_true(ui_rig_said(&rig, "from what is mined so far · u F later fills anew"));
    rig.app.batch = (struct batch_state){0};
}

/* A snare of a telephone, a little better isolated, is not what fills the slot, though
 * the library alone knows at what rate it was recorded. */
static void a_slot_is_filled_from_the_wider_recording(void **state)
{
    struct err e;
    ui_rig_done(&rig);
    ui_rig_init(&rig, 0, 0, 24, 80, TIER_BRAILLE);
    for (int i = 0; i < 2; i++) {
        struct catalog_source src = {.rate_hz = i ? 44100 : 8000, .frames = 441000};
        struct candidate c;
        snprintf(src.stem, sizeof src.stem, "%s", i ? "desk" : "phone");
        snprintf(src.path, sizeof src.path, "%s.wav", src.stem);
        candidate_clear(&c);
        c.kind = KIND_DRUM;
        c.saved = true;
        c.source_rate_hz = src.rate_hz;
        c.m.score = i ? 0.9 : 0.95;
        c.m.hit_confidence = 0.9;
        c.m.duration_sec = 0.2;
        parts_add(&c.parts, "drum", 0.9);
        snprintf(c.hit_class, sizeof c.hit_class, "snare");
        snprintf(c.source, sizeof c.source, "%s", src.stem);
        snprintf(c.filename, sizeof c.filename, "%s_drum_001_snare.wav", src.stem);
        assert_int_equal(session_add(rig.session, &src, &c, 1, NULL, &e), ST_OK);
    }
    session_announce(rig.session);
    ui_rig_keys(&rig, "K F");
    long on = session_kit(rig.session)->slot[1].index;
    assert_true(on >= 0);
    assert_string_equal(session_find(rig.session, (size_t)on)->name,
                        "desk_drum_001_snare");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        IN_RIG(the_first_words_name_keys, small_screen),
        IN_RIG(every_screen_says_how_to_leave, small_screen),
        IN_RIG(help_is_about_the_screen, small_screen),
        IN_RIG(screens_name_keys_of_ones_own, small_screen),
        IN_RIG(help_is_searched_by_key_and_word, small_screen),
        IN_RIG(a_recording_shows_what_is_listed, small_screen),
        IN_RIG(moved_thresholds_show_pads, small_screen),
        IN_RIG(a_pad_stands_for_its_region, small_screen),
        IN_RIG(a_recording_without_them_says_so, small_screen),
        IN_RIG(why_is_told_without_the_recording, small_screen),
        IN_RIG(a_taken_near_miss_is_marked, small_screen),
        IN_RIG(a_long_name_leaves_room_for_the_counts, small_screen),
        IN_RIG(nothing_unmeasured_is_shown, small_screen),
        IN_RIG(a_wide_list_shows_names_whole, small_screen),
        IN_RIG(loops_are_counted_alike, small_screen),
        IN_RIG(what_stays_empty_is_named, small_screen),
        IN_RIG(a_slot_is_filled_from_the_wider_recording, small_screen),
        IN_RIG(an_empty_category_waits_for_mining, small_screen),
        IN_RIG(a_long_title_leaves_room_for_the_counts, small_screen),
        IN_RIG(what_is_rejected_stays_out_of_the_kit, small_screen),
    };
    return cmocka_run_group_tests_name("ui told", tests, NULL, NULL);
}
