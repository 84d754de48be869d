/* The same keys on every screen: whom they are for on the source and kit screens, counts,
 * what commands say when something is missing. */
#include "checks.h"
#include "ui_rig.h"

#include "core/clock.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

static bool shown(const char *part)
{
    return ui_rig_shows(&rig, part);
}

static void command(const char *line)
{
    ui_rig_enter(&rig, ":", line);
}

static const struct find *here(void)
{
    long at = library_current(&rig.app);
    assert_true(at >= 0);
    return session_find(rig.session, (size_t)at);
}

static size_t rated(int stars)
{
    size_t n = 0;
    for (size_t i = 0; i < session_count(rig.session); i++)
        n += session_find(rig.session, i)->rating == stars;
    return n;
}

/* A range in the list, or what waits for the tagged, is for the list. */
static void a_range_stays_in_the_library(void **state)
{
    ui_rig_keys(&rig, "] gg v j j M 3");
    assert_int_equal(rig.app.screen, SCREEN_SOURCE);
    assert_int_equal(rated(3), 1);
    assert_int_equal(here()->rating, 3);
    ui_rig_keys(&rig, "q");
    assert_true(rig.app.library.range);
    ui_rig_keys(&rig, "Esc gg t t ;");
    assert_true(rig.app.library.on_tagged);
    ui_rig_keys(&rig, "j"); /* the message is gone, the state is not */
    assert_true(shown("2 tagged · next to all tagged"));
    ui_rig_keys(&rig, "M 4 q x");
    assert_int_equal(rated(4), 1);
    assert_int_equal(session_tallies(rig.session)->all.rejected, 2);
    assert_false(shown("next to all tagged"));
}

static void places_of_a_recording_are_walked(void **state)
{
    ui_rig_keys(&rig, "] gg M F gg");
    struct source_state *s = &rig.app.source;
    assert_true(s->place_count > 12);
    ui_rig_keys(&rig, "# 3 J");
    assert_int_equal(s->cursor, 3);
    ui_rig_keys(&rig, "# 6 gg");
    assert_int_equal(s->cursor, 5);
    ui_rig_keys(&rig, "# 3 G k k ^D");
    assert_int_equal(s->cursor, 10);
    ui_rig_keys(&rig, "G J");
    assert_true(ui_rig_said(&rig, "nothing undecided later"));
    ui_rig_keys(&rig, "gg ^K");
    assert_true(ui_rig_said(&rig, "nothing undecided earlier"));
    /* onwards in the direction of travel, also when it is repeated */
    ui_rig_keys(&rig, "# 7 gg k a");
    assert_int_equal(s->cursor, 4);
    size_t row = view_cursor(rig.app.view);
    ui_rig_keys(&rig, ".");
    assert_int_equal(s->cursor, 3);
    assert_int_equal(view_cursor(rig.app.view), row); /* the list stays where it is */
    assert_int_equal(session_tallies(rig.session)->all.accepted, 2);
    long last = s->places[4].index;
    ui_rig_keys(&rig, "G u");
    assert_int_equal(s->places[s->cursor].index, last); /* where something happened */
    command("set interface.advance=stay");
    ui_rig_keys(&rig, "# 7 gg a");
    assert_int_equal(s->cursor, 6);
}

/* What was made from a pad has no place of its own: it is shown where it came from. */
static void what_was_made_leads_to_its_place(void **state)
{
    command("filter type:swell");
    ui_rig_keys(&rig, "G");
    double from = session_measure(rig.session, here(), ME_start_sec);
    assert_true(here()->kind == KIND_SWELL);
    ui_rig_keys(&rig, "M");
    const struct source_state *s = &rig.app.source;
    double far = s->places[s->cursor].start_s - from;
    for (int i = 0; i < s->place_count; i++) {
        double other = s->places[i].start_s - from;
        assert_true(far * far <= other * other + 1e-9);
    }
    ui_rig_keys(&rig, "q"); /* without a name it is the recording of the cursor */
    command("source");
    assert_int_equal(s->source, here()->source);
}

static void the_kit_assigns_and_keeps_what_is_locked(void **state)
{
    const struct kit_state *k = session_kit(rig.session);
    ui_rig_keys(&rig, "K F");
    uint64_t bd = k->slot[0].id, sd = k->slot[1].id;
    ui_rig_keys(&rig, "\" d"); /* the sample of BD, where the cursor stands, to LT */
    assert_true(k->slot[2].id == bd);
    ui_rig_keys(&rig, "s L X");
    assert_true(k->slot[1].id == sd && ui_rig_said(&rig, "SD is locked"));
    ui_rig_keys(&rig, "a \" s");
    assert_true(k->slot[1].id == sd && ui_rig_said(&rig, "SD is locked"));
    ui_rig_keys(&rig, "q \" s");
    assert_true(k->slot[1].id == sd && ui_rig_said(&rig, "SD is locked"));
    ui_rig_keys(&rig, "\" e K Tab \" f");
    assert_true(k->slot[3].id == session_find(rig.session, k->extra[0])->id);
    ui_rig_keys(&rig, "Tab a X X");
    assert_true(k->slot[0].id == 0 && ui_rig_said(&rig, "BD is empty already"));
    ui_rig_keys(&rig, "3 Home");
    assert_int_equal(rig.app.kit.slot, 2);
    ui_rig_keys(&rig, "P P");
    assert_string_equal(kit_pattern_name(&rig.app), "B");
    ui_rig_keys(&rig, "u"); /* and goes on from what is there */
    assert_true(shown("■ pattern A"));
    ui_rig_keys(&rig, "Enter");
    assert_false(shown("■ pattern A"));
    ui_rig_keys(&rig, "\"");
    assert_true(shown("e extras"));
}

/* With the cursor among the extras no key changes a slot that is not looked at. */
static void extras_leave_the_slots_alone(void **state)
{
    const struct kit_state *k = session_kit(rig.session);
    ui_rig_keys(&rig, "; \" e");
    assert_true(ui_rig_said(&rig, "nothing is tagged"));
    assert_false(rig.app.library.on_tagged);
    assert_int_equal(k->extra_count, 0);
    ui_rig_keys(&rig, "] gg \" e K F P s Tab");
    assert_true(rig.app.kit.extras && k->extra_count == 1);
    FREED const char *row =
        text_of("▸· %s", session_find(rig.session, k->extra[0])->name);
    assert_true(shown(row));
    const struct kit_slot before = k->slot[1];
    ui_rig_keys(&rig, "Enter");
    assert_true(k->slot[1].steps == before.steps);
    for (const char *key = "nNL]["; *key; key++) {
        ui_rig_keys(&rig, (char[]){*key, '\0'});
        assert_true(ui_rig_said(&rig, "is for slots; Tab goes back to them"));
    }
    assert_memory_equal(&k->slot[1], &before, sizeof before);
    ui_rig_keys(&rig, "Tab Enter ]");
    assert_true(k->slot[1].steps == (before.steps ^ 1));
    assert_true(k->slot[1].trim_db == 0.5);
}

/* Keys typed faster than the screen is drawn find the cursor where it will be drawn. */
static void extras_are_taken_out_faster_than_drawn(void **state)
{
    const struct kit_state *k = session_kit(rig.session);
    ui_rig_keys(&rig, "] gg \" e j \" e j \" e K Tab Down Down");
    assert_int_equal(k->extra_count, 3);
    uint32_t first = k->extra[0];
    ui_rig_keys(&rig, "X X");
    assert_int_equal(k->extra_count, 1);
    assert_int_equal(k->extra[0], first);
    ui_rig_keys(&rig, "Enter X X");
    assert_true(ui_rig_said(&rig, "there are no extras to take out"));
    assert_int_equal(k->extra_count, 0);
}

static void a_kit_without_drums_says_so(void **state)
{
    ui_rig_done(&rig);
    ui_rig_init(&rig, 0, 0, 30, 112, TIER_BRAILLE);
    ui_rig_keys(&rig, "K F");
    assert_true(ui_rig_said(&rig, "no drum here fits an empty slot"));
    /* nor is there anything to propose, and no empty list to stand in */
    command("best");
    assert_true(ui_rig_said(&rig, "there is nothing to choose from yet: m mines"));
    assert_int_equal(view_scope(rig.app.view), SCOPE_ALL);
}

static void counts_count_everywhere(void **state)
{
    ui_rig_keys(&rig, ", # 4 gg");
    assert_int_equal(rig.app.settings.cursor, 3);
    ui_rig_keys(&rig, "gg ^F");
    int page = rig.app.settings.cursor;
    ui_rig_keys(&rig, "gg # 2 ^F");
    assert_int_equal(rig.app.settings.cursor, 2 * page);
    ui_rig_keys(&rig, "q ? # 9 gg");
    assert_int_equal(rig.app.help.top, 8);
}

/* A count as a key that is held down gives it. */
static void counts_have_an_end(void **state)
{
    double begin = clock_s();
    ui_rig_keys(&rig, "Tab # 4 1 k");
    assert_int_equal(view_scope(rig.app.view), SCOPE_CATEGORY + 3);
    ui_rig_keys(&rig, "Tab / d r u m Enter 9 9 9 9 9 9 9 n");
    ui_rig_keys(&rig, ", / l o o p Enter 9 9 9 9 9 9 9 n 9 9 9 9 9 9 9 u");
    ui_rig_keys(&rig, "? / l o o p Enter 9 9 9 9 9 9 9 N q q");
    size_t said = catalog_event_count(session_catalog(rig.session));
    ui_rig_keys(&rig, "K 9 9 9 9 9 9 9 n");
    assert_true(catalog_event_count(session_catalog(rig.session)) - said < 500);
    assert_true(clock_s() - begin < 10);
}

static void commands_say_what_they_lack(void **state)
{
    static const char *const lines[][2] = {
        {"goto", "usage: :goto ROW, "},
        {"tempo", "usage: :tempo BPM, "},
        {"sort", "usage: :sort ORDER, "},
        {"set", "usage: :set KEY=VALUE, "},
        {"tag", "usage: :tag EXPRESSION, "},
        {"decisions", "usage: :decisions FILE, "},
        {"export BEATS",
         "usage: :export, export the kit: a dry run first"}, /* not its name */
        {"save mine.yaml", "usage: :save, save the settings"},
        {"goto 0", "there is no row 0"},
        {"best 0", "best takes 1 to 1000 finds of each category, not 0"},
        {"kit ../up", "separator"},
        {"note", " has no note"},
        {"tempo 99", "kit tempo 99"},
        {"tempo 1000", "a tempo is 20 to 400 bpm, not 1000"},
        {"sort dur", "sorted by len"},
        {"sort similar", "finds like the one under the cursor first"}};
    for (size_t i = 0; i < sizeof lines / sizeof *lines; i++) {
        command(lines[i][0]);
        assert_true(ui_rig_said(&rig, lines[i][1]));
    }
    assert_string_equal(session_kit(rig.session)->name, "");
    ui_rig_keys(&rig, "T Enter");
    assert_int_equal(session_tallies(rig.session)->tagged, 0);
    ui_rig_keys(&rig, "S");
    assert_true(ui_rig_said(&rig, "likeness"));
    ui_rig_keys(&rig, "g"); /* what follows is read whole */
    assert_true(shown("first row; with a count, that row"));
}

/* Most hits of music are notes: how drums are left alone is said where one looks for
 * them, once, and what a filter may be where one is typed. */
static void lines_are_kept_for_the_next_time(void **state)
{
    struct err e;
    rig.setup.user_dir = rig.app.setup.user_dir = rig.folder;
    command("sort dur");
    command("goto 3");
    app_done(&rig.app);
    assert_int_equal(app_init(&rig.app, &rig.setup, &e), ST_OK);
    assert_int_equal(rig.app.commands.count, 2);
    assert_string_equal(rig.app.commands.line[0], "sort dur");
    assert_string_equal(rig.app.commands.line[1], "goto 3");
}

static void begin_again(void)
{
    struct err e;
    app_done(&rig.app);
    assert_int_equal(app_init(&rig.app, &rig.setup, &e), ST_OK);
}

/* The next evening begins where this one ended, not with a row that was decided long
 * ago. */
static void it_goes_on_where_somebody_stopped(void **state)
{
    begin_again();
    assert_int_equal(view_scope(rig.app.view), SCOPE_CATEGORY + CAT_PADS);
    assert_int_equal(view_cursor(rig.app.view), 0);
    ui_rig_keys(&rig, "] ] ] ] j j x a");
    assert_int_equal(view_scope(rig.app.view), SCOPE_CATEGORY + CAT_DRUMS);
    uint64_t next = here()->id;
    ui_rig_keys(&rig, "[");          /* that somebody only looked at */
    app_command(&rig.app, "best 2"); /* and what was proposed, is no place */
    jobs_wait(rig.app.quick);
    app_tick(&rig.app);
    begin_again();
    assert_int_equal(view_scope(rig.app.view), SCOPE_CATEGORY + CAT_DRUMS);
    assert_true(here()->id == next);
    ui_rig_keys(&rig, "4"); /* rated, and still to be decided */
    begin_again();
    assert_true(here()->id == next);
    ui_rig_keys(&rig, "a u");
    begin_again();
    assert_true(here()->id == next); /* taken back, it is the next again */
    view_set_scope(rig.app.view, SCOPE_NEAR_MISSES);
    ui_rig_keys(&rig, "x");
    begin_again();
    assert_int_equal(view_scope(rig.app.view), SCOPE_NEAR_MISSES);
    view_set_scope(rig.app.view, SCOPE_CATEGORY + CAT_DRUMS);
    ui_rig_keys(&rig, "G 2"); /* a rating is a judgement, too */
    const struct find *rated = here();
    begin_again();
    assert_int_equal(view_scope(rig.app.view), SCOPE_CATEGORY + CAT_DRUMS);
    assert_ptr_equal(here(), rated);
    struct err e;
    struct catalog_source source = *session_source(rig.session, rated->source);
    assert_int_equal(session_keep_only(rig.session, &source, NULL, 0, &e), ST_OK);
    assert_true(rated->gone);
    begin_again(); /* its recording was mined again, and it is no more */
    assert_int_equal(view_scope(rig.app.view), SCOPE_CATEGORY + CAT_PADS);
}

static void drums_are_found_among_notes(void **state)
{
    enum { NOTES = 40 };
    static struct candidate c[NOTES];
    struct catalog_source src = {.rate_hz = 44100, .channels = 2, .frames = 44100 * 60};
    snprintf(src.stem, sizeof src.stem, "song");
    snprintf(src.path, sizeof src.path, "song.flac");
    for (int i = 0; i < NOTES; i++) {
        candidate_clear(&c[i]);
        c[i].kind = KIND_DRUM;
        c[i].saved = true;
        snprintf(c[i].source, sizeof c[i].source, "song");
        snprintf(c[i].filename, sizeof c[i].filename, "song_drum_%03d_kick.wav", i);
        snprintf(c[i].hit_class, sizeof c[i].hit_class, "kick");
        parts_add(&c[i].parts, "drum", 0.1);
    }
    ui_rig_add(&rig, &src, c, NOTES);
    ui_rig_keys(&rig, "] ] ] ] ]");
    assert_int_equal(view_scope(rig.app.view), SCOPE_CATEGORY + CAT_DRUMS);
    assert_true(ui_rig_said(&rig, "hits are more likely notes; f drum>.5"));
    ui_rig_keys(&rig, "[ ]");
    assert_string_equal(rig.app.echo, "");
    ui_rig_keys(&rig, "f");
    assert_true(shown("such as score>.8  drum>.5"));
    ui_rig_type(&rig, "drum>.5");
    ui_rig_keys(&rig, "Enter");
    assert_true(ui_rig_said(&rig, " match; F clears the filter"));
    for (size_t i = 0; i < view_count(rig.app.view); i++)
        assert_true(session_find(rig.session, view_at(rig.app.view, i))->drum > 0.5F);
}

/* Whoever began with an empty project reads the first keys when there is something. */
static void the_first_finds_come_with_the_first_keys(void **state)
{
    ui_rig_done(&rig);
    ui_rig_init(&rig, 0, 0, 30, 112, TIER_BRAILLE);
    assert_string_equal(rig.app.echo, "");
    struct err e;
    static struct candidate c;
    struct catalog_source src = {.stem = "song", .path = "song.flac", .rate_hz = 44100};
    candidate_clear(&c);
    c.kind = KIND_DRUM;
    c.saved = true;
    snprintf(c.source, sizeof c.source, "song");
    snprintf(c.filename, sizeof c.filename, "song_drum_001_kick.wav");
    assert_int_equal(session_add(rig.session, &src, &c, 1, NULL, &e), ST_OK);
    rig.app.now += 1;
    app_tick(&rig.app);
    assert_true(ui_rig_said(&rig, "j and k move and play"));
    ui_rig_keys(&rig, "j");
    rig.app.now += 1;
    app_tick(&rig.app);
    assert_string_equal(rig.app.echo, "");
}

static void add_kick(const char *stem, const char *path)
{
    static struct candidate c;
    struct catalog_source src = {0};
    snprintf(src.stem, sizeof src.stem, "%s", stem);
    snprintf(src.path, sizeof src.path, "%s", path);
    candidate_clear(&c);
    c.kind = KIND_DRUM;
    snprintf(c.source, sizeof c.source, "%s", stem);
    snprintf(c.source_path, sizeof c.source_path, "%s", path);
    snprintf(c.filename, sizeof c.filename, "%s_drum_001_kick.wav", stem);
    assert_int_equal(session_add(rig.session, &src, &c, 1, NULL, NULL), ST_OK);
}

/* Where a name has no room, the folders it begins with go first. */
static void names_are_cut_where_they_say_least(void **state)
{
    ui_rig_done(&rig);
    ui_rig_init(&rig, 0, 0, 30, 112, TIER_BRAILLE);
    add_kick("loft_tapes of 1994_Haus", "loft/tapes of 1994/Haus.flac");
    const struct find *f = session_find(rig.session, 0);
    assert_string_equal(words_name(&rig.app, f, 37), f->name);
    assert_string_equal(words_name(&rig.app, f, 36), "Haus_drum_001_kick");
    rig.app.now += 1;
    app_tick(&rig.app);
    FREED char *screen = ui_rig_screen(&rig);
    assert_non_null(strstr(screen, " Haus_drum_001_kick "));
    assert_null(strstr(screen, "loft_tapes"));
}

/* Stems of two songs bear the same names: the folders that have room tell them apart. */
static void a_recording_is_told_with_its_folders(void **state)
{
    (void)state;
    const char *path = "stems/Song A/drums.wav";
    assert_string_equal(words_recording(path, 22), path);
    assert_string_equal(words_recording(path, 21), "Song A/drums.wav");
    assert_string_equal(words_recording(path, 15), "drums.wav");
    assert_string_equal(words_recording(path, 3), "drums.wav");
    assert_string_equal(words_recording("drums.wav", 3), "drums.wav");
    ui_rig_done(&rig);
    ui_rig_init(&rig, 0, 0, 30, 112, TIER_BRAILLE);
    add_kick("stems_Song A_drums", path);
    rig.app.now += 1;
    app_tick(&rig.app);
    FREED char *screen = ui_rig_screen(&rig);
    assert_non_null(strstr(screen, " Song A/drums.wav"));
}

/* What a command has another thread do is there. */
static void command_done(const char *line)
{
    app_command(&rig.app, line);
    jobs_wait(rig.app.quick);
    app_tick(&rig.app);
}

/* How many of what is proposed stays in the next proposal. */
static size_t of_the_same(double diversity, const bool *before, bool *now)
{
    size_t n = 0;
    rig.config.curation.diversity = diversity;
    command_done("best 3");
    for (size_t i = 0; i < session_count(rig.session); i++) {
        now[i] = session_find(rig.session, i)->picked;
        n += before[i] && now[i];
    }
    return n;
}

/* By the score alone it is another choice than for variety: the setting counts here as it
 * does for curate. */
static void a_proposal_heeds_the_settings(void **state)
{
    enum { MOST = 80 };
    bool none[MOST] = {false}, best[MOST], same[MOST], various[MOST];
    assert_int_equal(session_count(rig.session), MOST);
    assert_int_equal(of_the_same(0, none, best), 0);
    size_t n = session_tallies(rig.session)->best_of;
    assert_int_equal(of_the_same(0, best, same), n);
    assert_in_range(of_the_same(1, best, various), 1, n - 1);
}

static void a_proposal_is_taken_back(void **state)
{
    app_command(&rig.app, "best 2");
    assert_true(ui_rig_said(&rig, "choosing the best")); /* and keys are heeded */
    assert_int_equal(view_scope(rig.app.view), SCOPE_BEST_OF);
    assert_int_equal(view_count(rig.app.view), 0);
    jobs_wait(rig.app.quick);
    app_tick(&rig.app);
    command_done("best 2");
    assert_true(ui_rig_said(&rig, "already proposed the best 2"));
    ui_rig_keys(&rig, "u");
    command_done("best 2");
    assert_true(ui_rig_said(&rig, "proposed the best 2 of each category"));
    assert_true(ui_rig_shows_at(&rig, 24, 80, "u undoes; a keeps one"));
    size_t n = session_tallies(rig.session)->best_of;
    assert_true(n >= 8);
    assert_int_equal(view_count(rig.app.view), n);
    ui_rig_keys(&rig, "u");
    assert_true(ui_rig_said(&rig, "undone: proposed the best 2"));
    assert_int_equal(view_count(rig.app.view), 0);
    assert_true(strstr(view_empty_reason(rig.app.view),
                       "nothing accepted yet; {accept} accepts, :best proposes") != NULL);
    ui_rig_keys(&rig, "^R");
    assert_int_equal(view_count(rig.app.view), n);
    /* asked for no number, as curate does it: all eleven instruments have a drum */
    ui_rig_keys(&rig, "G a");
    command_done("best 10");
    assert_int_equal(view_cursor(rig.app.view), 0); /* to be looked at from the first */
    size_t ten = session_tallies(rig.session)->best_of;
    command_done("best");
    assert_in_range(session_tallies(rig.session)->best_of, ten + 1, ten + 20);
}

/* Whichever is chosen first: only the last one asked for is proposed. */
static void the_last_proposal_asked_for_counts(void **state)
{
    for (int top = 12; top > 1; top--) {
        FREED const char *line = text_of("best %d", top);
        app_command(&rig.app, line);
    }
    command_done("best 1");
    assert_true(ui_rig_said(&rig, "proposed the best 1 of each category"));
    assert_true(session_tallies(rig.session)->best_of > 0);
    ui_rig_keys(&rig, "u");
    assert_int_equal(session_tallies(rig.session)->best_of, 0);
}

/* What was asked for is done, also when nobody waits for it. */
static void decisions_are_written_for_whoever_quits(void **state)
{
    enum { FILES = 6 };
    struct err e;
    char file[FILES][300], line[320];
    ui_rig_keys(&rig, "a");
    for (int i = 0; i < FILES; i++) {
        snprintf(file[i], sizeof file[i], "%s/said-%d.txt", rig.folder, i);
        snprintf(line, sizeof line, "decisions %s", file[i]);
        app_command(&rig.app, line);
    }
    app_done(&rig.app);
    for (int i = 0; i < FILES; i++)
        assert_int_equal(unlink(file[i]), 0);
    assert_int_equal(app_init(&rig.app, &rig.setup, &e), ST_OK);
}

static enum status no_work(void *arg, const struct job_context *ctx, struct err *e)
{
    (void)arg, (void)ctx, (void)e;
    return ST_OK;
}

static void no_done(void *arg, enum status st, const struct err *e)
{
    (void)arg, (void)st, (void)e;
}

/* A threshold stays where the miner knows what it means, a stretch in sight has a length.
 */
static void thresholds_and_zoom_have_ends(void **state)
{
    ui_rig_keys(&rig, "M # 2 0 0 }");
    assert_true(rig.app.source.params.min_rms_db == 0);
    ui_rig_keys(&rig, "# 3 0 0 {");
    assert_true(rig.app.source.params.min_rms_db == -80);
    double *flat = &rig.app.source.params.spectral_flatness_threshold;
    ui_rig_keys(&rig, "Tab");
    *flat = 0.45;
    ui_rig_keys(&rig, "{ { {"); /* 0.39, and no 0.38999999999999996 */
    assert_true(*flat == 0.39);
    ui_rig_keys(&rig, "# 4 0 z");
    assert_true(rig.app.source.zoom_s == 0.5);
    ui_rig_keys(&rig, "# 4 0 Z");
    assert_true(rig.app.source.zoom_s == 0); /* all of it */
}

/* A level above the highest one allowed is not mined with: saved, such settings would
 * keep the project from opening. */
static void thresholds_that_contradict_are_not_taken(void **state)
{
    double was = rig.config.pad_miner.min_rms_db;
    ui_rig_keys(&rig, "M # 2 0 0 } m");
    assert_true(ui_rig_shows_at(&rig, 24, 80, "pad_miner.min_rms_db"));
    assert_true(rig.config.pad_miner.min_rms_db == was);
    assert_true(rig.app.source.moved);
    assert_false(settings_changed(&rig.app));
    ui_rig_keys(&rig, "# 2 0 { m");
    assert_true(rig.config.pad_miner.min_rms_db == -20);
    assert_false(rig.app.source.moved);
}

/* On the narrowest screen what matters more stays whole. */
static void narrow_screens_leave_out_what_matters_less(void **state)
{
    ui_rig_keys(&rig, "M");
    assert_true(ui_rig_shows_at(&rig, 30, 112, "44.1 kHz stereo"));
    assert_true(ui_rig_shows_at(&rig, 30, 112, "near misses 2"));
    assert_true(ui_rig_shows_at(&rig, 24, 80, "near misses 2"));
    assert_false(ui_rig_shows_at(&rig, 24, 80, "kHz"));
    struct job_spec job = {
        .title = "look for recordings", .work = no_work, .done = no_done};
    jobs_submit(rig.jobs, &job);
    ui_rig_keys(&rig, "w");
    assert_true(ui_rig_shows_at(&rig, 24, 80, " look for recordings "));
    ui_rig_keys(&rig, ","); /* what the keys do stands behind every name there is */
    for (int i = 0; i < config_key_count(); i++) {
        assert_true(ui_rig_shows_at(&rig, 24, 80, "Enter changes it  X default"));
        ui_rig_keys(&rig, "j");
    }
}

/* Letters two cells wide, more than the line takes: the end being typed is in sight. */
static void wide_letters_are_typed_in_sight(void **state)
{
    ui_rig_keys(&rig, ":");
    for (int i = 0; i < 70; i++)
        ui_rig_type(&rig, "音");
    ui_rig_type(&rig, "end");
    int row, col;
    app_draw(&rig.app, &row, &col); /* the cursor stands behind it, at the line's end */
    const struct cell *last = &rig.app.canvas.cell[row * 112 + col - 1];
    assert_true(last->ch == 'd' && col >= 108);
    ui_rig_keys(&rig, "^A");
    app_draw(&rig.app, &row, &col);
    assert_int_equal(col, 2);
    assert_int_equal(rig.app.canvas.cell[row * 112 + 2].ch, 0x97F3);
}

/* A terminal that what is asked fills alone: what stands at the cursor begins there. */
static void what_is_typed_is_in_sight_without_room(void **state)
{
    int before;
    app_ask(&rig.app, ASK_TAG, "class:kick");
    assert_string_equal(app_prompt_in_sight(&rig.app, 15, &before), "");
    assert_int_equal(before, 0);
    ui_rig_keys(&rig, "^A");
    assert_string_equal(app_prompt_in_sight(&rig.app, 15, &before), "class:kick");
    assert_int_equal(before, 0);
}

/* What was made lies nowhere in a recording: that another find is under the cursor there
 * is said, and nothing of one that was cut. */
static void the_source_of_what_was_made_is_named(void **state)
{
    for (int category = 0; category < 6; category++) {
        ui_rig_keys(&rig, "]");
        const struct find *f =
            session_find(rig.session, (size_t)library_current(&rig.app));
        FREED const char *said =
            text_of("%s was made, not cut: its sound is from here", f->name);
        rig.app.echo[0] = '\0';
        ui_rig_keys(&rig, "M");
        assert_true((strstr(rig.app.echo, said) != NULL) != kind_cut(f->kind));
        ui_rig_keys(&rig, "q");
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        IN_RIG(a_range_stays_in_the_library, two_tapes),
        IN_RIG(places_of_a_recording_are_walked, two_tapes),
        IN_RIG(what_was_made_leads_to_its_place, two_tapes),
        IN_RIG(the_kit_assigns_and_keeps_what_is_locked, two_tapes),
        IN_RIG(extras_leave_the_slots_alone, two_tapes),
        IN_RIG(extras_are_taken_out_faster_than_drawn, two_tapes),
        IN_RIG(a_kit_without_drums_says_so, two_tapes),
        IN_RIG(counts_count_everywhere, two_tapes),
        IN_RIG(counts_have_an_end, two_tapes),
        IN_RIG(commands_say_what_they_lack, two_tapes),
        IN_RIG(lines_are_kept_for_the_next_time, two_tapes),
        IN_RIG(drums_are_found_among_notes, two_tapes),
        IN_RIG(wide_letters_are_typed_in_sight, two_tapes),
        IN_RIG(what_is_typed_is_in_sight_without_room, two_tapes),
        IN_RIG(the_first_finds_come_with_the_first_keys, two_tapes),
        IN_RIG(names_are_cut_where_they_say_least, two_tapes),
        IN_RIG(a_recording_is_told_with_its_folders, two_tapes),
        IN_RIG(thresholds_and_zoom_have_ends, two_tapes),
        IN_RIG(thresholds_that_contradict_are_not_taken, two_tapes),
        IN_RIG(narrow_screens_leave_out_what_matters_less, two_tapes),
        IN_RIG(a_proposal_heeds_the_settings, two_tapes),
        IN_RIG(a_proposal_is_taken_back, two_tapes),
        IN_RIG(it_goes_on_where_somebody_stopped, two_tapes),
        IN_RIG(the_last_proposal_asked_for_counts, two_tapes),
        IN_RIG(decisions_are_written_for_whoever_quits, two_tapes),
        IN_RIG(the_source_of_what_was_made_is_named, two_tapes),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
