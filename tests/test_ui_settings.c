/* The workstation's commands, its settings and what they change, and how it is left: with
 * work that runs, with settings that are not saved. */
#include "checks.h"
#include "ui_rig.h"

#include "core/rng.h"
#include "io/paths.h"
#include "ui/term_options.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static void commands_and_settings(void **state)
{
    ui_rig_keys(&rig, ":");
    ui_rig_type(&rig, "so");
    ui_rig_keys(&rig, "Tab");
    assert_string_equal(rig.app.prompt.text, "sort");
    ui_rig_type(&rig, " na");
    ui_rig_keys(&rig, "Tab");
    assert_string_equal(rig.app.prompt.text, "sort name");
    ui_rig_keys(&rig, "Enter");
    assert_int_equal(view_order(rig.app.view), ORDER_NAME);
    ui_rig_enter(&rig, ":", "set pad_miner.min_rms_db=5");
    assert_int_equal(rig.app.echo_role, ROLE_WARNING);
    ui_rig_enter(&rig, ":", "set pad_miner.min_rms_db=-50");
    assert_true(rig.config.pad_miner.min_rms_db < -49.9);
    ui_rig_enter(&rig, ":", "theme amber");
    assert_string_equal(rig.app.theme.name, "amber");
    ui_rig_enter(&rig, ":", "fly me");
    assert_string_equal(rig.app.echo, "there is no command 'fly'; Tab lists them");
    /* a wrong value keeps its prompt open and says what is expected */
    ui_rig_keys(&rig, ", Enter ^U");
    ui_rig_type(&rig, "7");
    assert_string_equal(rig.app.settings.problem,
                        "expected a whole number from 8000 to 192000 Hz");
    assert_true(ui_rig_shows(&rig, "7   expected a whole number from 8000 to 192000 Hz"));
    ui_rig_keys(&rig, "Enter");
    assert_int_equal(rig.app.asking, ASK_VALUE);
    ui_rig_enter(&rig, "^U", "48000");
    assert_int_equal(rig.app.asking, ASK_NOTHING);
    assert_int_equal(rig.config.global.sample_rate, 48000);
    ui_rig_keys(&rig, "X");
    assert_int_equal(rig.config.global.sample_rate, 44100);
    /* words come round in both directions, however often */
    ui_rig_enter(&rig, "/", "match_levels");
    bool was = rig.config.audio.match_levels;
    ui_rig_keys(&rig, "7 {");
    assert_true(rig.config.audio.match_levels != was);
    ui_rig_keys(&rig, "7 {");
    assert_true(rig.config.audio.match_levels == was);
}

static void set_to(const char *key, const char *keys)
{
    ui_rig_enter(&rig, "/", key);
    assert_string_equal(config_key(rig.app.settings.cursor)->name, key);
    ui_rig_keys(&rig, keys);
}

/* A hit of 0.8 s is not a second longer by one key; what is counted in decibels or hertz
 * goes by whole ones. */
static void steps_suit_what_they_change(void **state)
{
    ui_rig_keys(&rig, ",");
    set_to("drum_miner.max_length_sec", "}");
    assert_float_equal(rig.config.drum_miner.max_length_sec, 0.85, 1e-9);
    set_to("silence_miner.min_duration_sec", "{");
    assert_float_equal(rig.config.silence_miner.min_duration_sec, 0.05, 1e-9);
    set_to("drones.swell_duration_sec", "}");
    assert_float_equal(rig.config.drones.swell_duration_sec, 11, 1e-9);
    set_to("pad_miner.min_rms_db", "}");
    assert_float_equal(rig.config.pad_miner.min_rms_db, -44, 1e-9);
    set_to("pad_miner.spectral_flatness_threshold", "{");
    assert_float_equal(rig.config.pad_miner.spectral_flatness_threshold, 0.4, 1e-9);
}

/* As a shell would read it: blanks around the sign, and ~. */
static void paths_may_begin_at_home(void **state)
{
    char *home = getenv("HOME"), *was = home ? strdup(home) : NULL, file[300];
    setenv("HOME", rig.folder, 1);
    app_command(&rig.app, "set drum_miner.max_length_sec = 0.3");
    assert_float_equal(rig.config.drum_miner.max_length_sec, 0.3, 1e-9);
    app_command(&rig.app, "set paths.source_audio_dir = ~/tapes");
    snprintf(file, sizeof file, "%s/tapes", rig.folder);
    assert_string_equal(rig.config.paths.source_audio_dir, file);
    ui_rig_keys(&rig, ", u");
    assert_string_not_equal(rig.config.paths.source_audio_dir, file);
    app_command(&rig.app, "set paths.source_audio_dir=~tapes/a~b");
    assert_string_equal(rig.config.paths.source_audio_dir, "~tapes/a~b");
    app_command(&rig.app, "decisions ~/kept.txt");
    assert_true(ui_rig_said(&rig, "writing the decisions")); /* and keys are heeded */
    jobs_wait(rig.app.quick);
    app_tick(&rig.app);
    snprintf(file, sizeof file, "%s/kept.txt", rig.folder);
    assert_true(path_is_file(file));
    assert_true(ui_rig_said(&rig, file));
    unlink(file);
    if (was)
        setenv("HOME", was, 1);
    free(was);
}

static void settings_are_searched_and_taken_back(void **state)
{
    ui_rig_keys(&rig, ", /");
    ui_rig_type(&rig, "FLATNESS");
    ui_rig_keys(&rig, "Enter");
    int found = rig.app.settings.cursor;
    assert_non_null(strstr(config_key(found)->name, "flatness"));
    ui_rig_keys(&rig, "n");
    assert_true(rig.app.settings.cursor != found);
    ui_rig_keys(&rig, "N");
    assert_int_equal(rig.app.settings.cursor, found);
    ui_rig_enter(&rig, "/", "no such thing");
    assert_string_equal(rig.app.echo, "no setting contains 'no such thing'");
    assert_int_equal(rig.app.settings.cursor, found);
    /* u takes settings back here, no decision */
    size_t one = (size_t)view_current(rig.app.view);
    session_decide(rig.session, &one, 1, DECISION_REJECTED, NULL);
    ui_rig_keys(&rig, "u");
    assert_string_equal(rig.app.echo, "no setting was changed here");
    ui_rig_keys(&rig, "gg X Enter ^U");
    ui_rig_type(&rig, "48000");
    ui_rig_keys(&rig, "Enter j Enter ^U");
    ui_rig_type(&rig, "16");
    ui_rig_keys(&rig, "Enter");
    assert_int_equal(rig.config.global.output_bit_depth, 16);
    ui_rig_keys(&rig, "G u");
    assert_int_equal(rig.config.global.output_bit_depth, 24);
    assert_int_equal(rig.config.global.sample_rate, 48000);
    assert_string_equal(config_key(rig.app.settings.cursor)->name,
                        "global.output_bit_depth");
    ui_rig_keys(&rig, "u");
    assert_int_equal(rig.config.global.sample_rate, 44100);
    ui_rig_keys(&rig, "^R ^R");
    assert_int_equal(rig.config.global.output_bit_depth, 16);
    assert_int_equal(rig.config.global.sample_rate, 48000);
    ui_rig_keys(&rig, "u :");
    ui_rig_type(&rig, "set kit.pattern_bpm=99");
    ui_rig_keys(&rig, "Enter ^R"); /* there is nothing to redo any more */
    assert_int_equal(rig.config.global.output_bit_depth, 24);
    ui_rig_keys(&rig, "u");
    assert_true(rig.config.kit.pattern_bpm != 99);
    assert_int_equal(session_find(rig.session, one)->decision, DECISION_REJECTED);
    /* a value that was refused leaves no sentence behind */
    ui_rig_keys(&rig, "gg Enter");
    ui_rig_type(&rig, "x");
    ui_rig_keys(&rig, "Enter Esc");
    assert_string_equal(rig.app.echo, "");
}

static void the_cursor_goes_where_the_settings_say(void **state)
{
    static const struct {
        enum config_advance how;
        long at; /* from the first of three, of which the second is decided */
    } cases[] = {{ADVANCE_UNDECIDED, 2}, {ADVANCE_NEXT, 1}, {ADVANCE_STAY, 0}};
    ui_rig_keys(&rig, "] j a");
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        rig.config.interface.advance = (int)cases[i].how;
        ui_rig_keys(&rig, "gg U gg a");
        assert_int_equal(view_cursor(rig.app.view), cases[i].at);
    }
}

static void the_terminal_is_what_the_settings_say(void **state)
{
    struct config *c = &rig.config;
    struct term_options o = term_options_of(c, NULL);
    assert_int_equal(o.depth, TERM_AUTO);
    assert_int_equal(o.tier, TERM_AUTO);
    c->interface.colours = COLOURS_16;
    c->interface.glyphs = GLYPHS_ASCII;
    o = term_options_of(c, NULL);
    assert_int_equal(o.depth, THEME_16);
    assert_int_equal(o.tier, TIER_ASCII);
}

/* Each weight alone gives another order. */
static void likeness_heeds_its_weights(void **state)
{
    enum { N = 12, ASPECTS = 4 };
    size_t order[ASPECTS][N];
    struct catalog_source source = {.rate_hz = 44100, .channels = 1, .stem = "heard"};
    static struct candidate heard[N];
    float vectors[N * SIMILARITY_DIM];
    struct rng r = rng_derive(5, 0, "vectors", 0);
    for (int i = 0; i < N; i++) {
        candidate_clear(&heard[i]);
        heard[i].saved = true;
        snprintf(heard[i].source, sizeof heard[i].source, "heard");
        snprintf(heard[i].filename, sizeof heard[i].filename, "heard_pad%02d.wav", i);
    }
    for (int i = 0; i < N * SIMILARITY_DIM; i++)
        vectors[i] = (float)rng_range(&r, -1, 1);
    assert_int_equal(session_add(rig.session, &source, heard, N, vectors, NULL), ST_OK);
    session_announce(rig.session);
    ui_rig_enter(&rig, "f", "src:heard");
    for (int a = 0; a < ASPECTS; a++) {
        rig.config.similarity.spectrum_weight = a == 0;
        rig.config.similarity.timbre_weight = a == 1;
        rig.config.similarity.pitch_weight = a == 2;
        rig.config.similarity.envelope_weight = a == 3;
        ui_rig_keys(&rig, "gg s");
        for (int i = 0; i < N; i++)
            order[a][i] = view_at(rig.app.view, (size_t)i);
        char like[128];
        snprintf(like, sizeof like, "· most like %s first, S back",
                 session_find(rig.session, order[a][0])->name);
        ui_rig_keys(&rig, "j"); /* it stays said */
        assert_true(ui_rig_shows_at(&rig, 24, 112, like));
        assert_true(ui_rig_shows_at(&rig, 24, 80, "· most alike first, S back"));
        for (int b = 0; b < a; b++)
            assert_memory_not_equal(order[a], order[b], sizeof order[a]);
        ui_rig_keys(&rig, "S");
        assert_int_equal(view_current(rig.app.view), order[a][0]);
        snprintf(like, sizeof like, "back at %s",
                 session_find(rig.session, order[a][0])->name);
        assert_true(ui_rig_said(&rig, like));
    }
}

static void recordings_complete(void **state)
{
    ui_rig_keys(&rig, ":");
    ui_rig_type(&rig, "mine reh");
    ui_rig_keys(&rig, "Tab");
    assert_string_equal(rig.app.prompt.text, "mine rehearsal-3");
    ui_rig_keys(&rig, "^U");
    ui_rig_type(&rig, "source ki");
    ui_rig_keys(&rig, "Tab Enter");
    assert_int_equal(rig.app.screen, SCREEN_SOURCE);
    assert_string_equal(session_source(rig.session, (size_t)rig.app.source.source)->stem,
                        "kitchen");
}

/* Esc closes what is open and goes back, as q does, and stops there. */
static void escape_never_quits(void **state)
{
    ui_rig_keys(&rig, "v Esc");
    assert_false(rig.app.library.range);
    ui_rig_keys(&rig, "K , Esc Esc");
    assert_int_equal(rig.app.screen, SCREEN_LIBRARY);
    ui_rig_keys(&rig, "Esc Esc");
    assert_false(rig.app.quit);
    assert_string_equal(rig.app.echo, "nothing is open here; q quits");
    assert_int_equal(canvas_resize(&rig.app.canvas, 5, 70, NULL), ST_OK);
    rig.app.batch.active = 1; /* also where there is room for little */
    ui_rig_keys(&rig, "q");
    FREED char *screen = ui_rig_screen(&rig);
    assert_non_null(strstr(screen, "Quit?"));
    ui_rig_keys(&rig, "y");
    assert_true(rig.app.quit);
}

static void quitting_asks_while_it_is_mining(void **state)
{
    ui_rig_keys(&rig, ":");
    ui_rig_type(&rig, "quit");
    rig.app.batch.active = 1;
    app_key(&rig.app, K_ENTER);
    assert_false(rig.app.quit);
    assert_string_equal(app_prompt_label(&rig.app),
                        "1 job is running; what was found so far is kept. Quit?");
    ui_rig_keys(&rig, "n :");
    ui_rig_type(&rig, "q");
    assert_false(rig.app.quit);
    ui_rig_keys(&rig, "Enter"); /* nothing runs any more */
    assert_true(rig.app.quit);
}

static int saves;
static enum status save_them(void *user, const struct config *config, struct err *e)
{
    (void)user;
    (void)config;
    return ++saves > 1 ? ST_OK : err_set(e, ST_DISK, "the disk is full");
}

static void quitting_asks_for_unsaved_settings(void **state)
{
    const char *asks = "the settings have unsaved changes. Save them?";
    rig.app.setup.ops.save_config = save_them;
    saves = 0;
    ui_rig_keys(&rig, ":");
    ui_rig_type(&rig, "set interface.advance=stay");
    ui_rig_keys(&rig, "Enter Q");
    assert_string_equal(app_prompt_label(&rig.app), asks);
    ui_rig_keys(&rig, "Esc");
    assert_false(rig.app.quit);
    ui_rig_keys(&rig, "Q y"); /* cannot be written: it stays */
    assert_false(rig.app.quit);
    assert_string_equal(rig.app.echo, "the disk is full");
    ui_rig_keys(&rig, "Q y");
    assert_true(rig.app.quit);
    assert_int_equal(saves, 2);
    rig.app.quit = false;
    ui_rig_keys(&rig, "Q"); /* nothing changed since */
    assert_true(rig.app.quit);
    rig.app.quit = false;
    ui_rig_keys(&rig, ":");
    ui_rig_type(&rig, "theme day");
    ui_rig_keys(&rig, "Enter Q n");
    assert_true(rig.app.quit);
    assert_int_equal(saves, 2);
    rig.app.quit = false;
    ui_rig_keys(&rig, ", u q"); /* as it was saved */
    assert_string_equal(rig.app.theme.name, "dusk");
    ui_rig_keys(&rig, "Q");
    assert_true(rig.app.quit);
}

/* A theme that is not there is no setting, and Tab knows those that are. */
static void a_theme_is_one_that_there_is(void **state)
{
    ui_rig_enter(&rig, ":", "set interface.theme=amb");
    assert_true(ui_rig_said(&rig, "there is no theme 'amb'"));
    assert_string_equal(rig.config.interface.theme, "dusk");
    assert_false(settings_changed(&rig.app));
    ui_rig_keys(&rig, ", /");
    ui_rig_type(&rig, "interface.theme");
    ui_rig_keys(&rig, "Enter Enter ^U");
    ui_rig_type(&rig, "amb");
    assert_true(ui_rig_shows(&rig, "Tab completes"));
    ui_rig_keys(&rig, "Enter"); /* the prompt stays open */
    assert_int_equal(rig.app.asking, ASK_VALUE);
    assert_non_null(strstr(rig.app.settings.problem, "there is no theme 'amb'"));
    assert_string_equal(rig.config.interface.theme, "dusk");
    ui_rig_keys(&rig, "Tab Enter");
    assert_int_equal(rig.app.asking, ASK_NOTHING);
    assert_string_equal(rig.config.interface.theme, "amber");
    assert_string_equal(rig.app.theme.name, "amber");
    ui_rig_keys(&rig, "u");
    assert_string_equal(rig.app.theme.name, "dusk");
    ui_rig_keys(&rig,
                "Enter Tab"); /* a whole one is not what is looked for: all are told */
    assert_true(ui_rig_shows(&rig, "amber  clear  contrast  day  dusk  kiln  terminal"));
    assert_string_equal(rig.app.prompt.text, "amber");
    ui_rig_keys(&rig, "Esc :");
    ui_rig_type(&rig, "set interface.theme=c");
    ui_rig_keys(&rig, "Tab Tab");
    assert_string_equal(rig.app.prompt.text, "set interface.theme=contrast");
    ui_rig_keys(&rig, "^U");
    ui_rig_type(&rig, "set drum_miner.slice_mode=f"); /* as those of any choice */
    ui_rig_keys(&rig, "Tab");
    assert_string_equal(rig.app.prompt.text, "set drum_miner.slice_mode=fixed_length");
    ui_rig_keys(&rig, "Esc");
    snprintf(rig.config.interface.theme, sizeof rig.config.interface.theme, "gone");
    app_command(&rig.app, "set curation.diversity=0.5"); /* one that has gone is in no
                                                          * other setting's way */
    assert_true(rig.config.curation.diversity == 0.5);
    ui_rig_keys(&rig, "/ ^U"); /* nor is a device a theme */
    ui_rig_type(&rig, "audio.device");
    ui_rig_keys(&rig, "Enter Enter ^U");
    ui_rig_type(&rig, "amb");
    assert_true(ui_rig_shows(&rig, "Tab completes"));
    ui_rig_keys(&rig, "Tab");
    assert_string_equal(rig.app.prompt.text, "amb");
    ui_rig_keys(&rig, "Esc");
}

/* Orders go by the columns' titles, too. */
static void columns_sort_by_their_titles(void **state)
{
    static const struct {
        const char *title;
        int order;
    } told[] = {{"name", ORDER_NAME},
                {"len", ORDER_MEASURE + ME_duration_sec},
                {"level", ORDER_MEASURE + ME_rms_db},
                {"gr", ORDER_GRADE},
                {"score", ORDER_MEASURE + ME_score},
                {"key", ORDER_KEY},
                {"bpm", ORDER_MEASURE + ME_bpm},
                {"kind", ORDER_CLASS},
                {"drum", ORDER_DRUM}};
    for (size_t i = 0; i < sizeof told / sizeof *told; i++) {
        ui_rig_keys(&rig, ":");
        ui_rig_type(&rig, "sort ");
        ui_rig_type(&rig, told[i].title);
        ui_rig_keys(&rig, "Enter");
        assert_int_equal(view_order(rig.app.view), told[i].order);
        if (told[i].order != ORDER_GRADE && told[i].order != ORDER_CLASS) {
            char by[24]; /* and the line of the list's state calls it so */
            snprintf(by, sizeof by, " by %s", told[i].title);
            assert_true(ui_rig_shows(&rig, by));
        }
    }
}

/* The longest kind is whole. */
static void no_kind_is_cut(void **state)
{
    struct candidate c;
    struct err e;
    struct catalog_source src = {.rate_hz = 44100, .channels = 1, .frames = 441000};
    candidate_clear(&c);
    snprintf(src.stem, sizeof src.stem, "reel");
    snprintf(src.path, sizeof src.path, "reel.wav");
    c.kind = KIND_FLICKER;
    c.saved = true;
    snprintf(c.filename, sizeof c.filename, "reel_hiss_001_flicker.wav");
    snprintf(c.source, sizeof c.source, "reel");
    assert_int_equal(session_add(rig.session, &src, &c, 1, NULL, &e), ST_OK);
    app_command(&rig.app, "filter type:hiss_flicker");
    app_command(&rig.app, "sort kind");
    for (int cols = 112; cols < 140; cols++)
        assert_true(ui_rig_shows_at(&rig, 30, cols, " hiss_flicker "));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        IN_RIG(commands_and_settings, four_tapes),
        IN_RIG(steps_suit_what_they_change, four_tapes),
        IN_RIG(paths_may_begin_at_home, four_tapes),
        IN_RIG(settings_are_searched_and_taken_back, four_tapes),
        IN_RIG(the_cursor_goes_where_the_settings_say, four_tapes),
        IN_RIG(the_terminal_is_what_the_settings_say, four_tapes),
        IN_RIG(likeness_heeds_its_weights, four_tapes),
        IN_RIG(recordings_complete, four_tapes),
        IN_RIG(quitting_asks_for_unsaved_settings, four_tapes),
        IN_RIG(escape_never_quits, four_tapes),
        IN_RIG(quitting_asks_while_it_is_mining, four_tapes),
        IN_RIG(a_theme_is_one_that_there_is, four_tapes),
        IN_RIG(columns_sort_by_their_titles, four_tapes),
        IN_RIG(no_kind_is_cut, four_tapes),
    };
    return cmocka_run_group_tests_name("ui settings", tests, NULL, NULL);
}
