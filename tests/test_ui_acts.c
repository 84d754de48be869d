/* The workstation's behaviour, typed at and read from its state: decisions, advance,
 * undo, filters, tags, kit, and how long a key takes with 100,000 finds. */
#include "ui_rig.h"

#include "core/kit.h"
#include "core/kit_slots.h"
#include "core/rng.h"
#include "ui/term_options.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static struct ui_rig rig;

static int set_up(void **state)
{
    (void)state;
    ui_rig_init(&rig, 4, 40, 30, 112, TIER_BRAILLE);
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    ui_rig_done(&rig);
    return 0;
}

static const struct find *current(void)
{
    long at = library_current(&rig.app);
    assert_true(at >= 0);
    return session_find(rig.session, (size_t)at);
}

static void deciding_moves_on(void **state)
{
    (void)state;
    ui_rig_keys(&rig, "]"); /* pads */
    size_t first = view_at(rig.app.view, 0), second = view_at(rig.app.view, 1);
    ui_rig_keys(&rig, "a");
    assert_int_equal(session_find(rig.session, first)->decision, DECISION_ACCEPTED);
    assert_int_equal(view_cursor(rig.app.view), 1);
    assert_non_null(strstr(rig.app.echo, "u undoes"));
    ui_rig_keys(&rig, "x");
    assert_int_equal(session_find(rig.session, second)->decision, DECISION_REJECTED);
    assert_int_equal(view_cursor(rig.app.view), 2);
    /* upwards: the next undecided lies above */
    ui_rig_keys(&rig, "j j k a");
    assert_int_equal(view_cursor(rig.app.view), 2);
    /* pressing it again on a decided one changes nothing */
    ui_rig_keys(&rig, "gg a");
    assert_int_equal(session_find(rig.session, first)->decision, DECISION_ACCEPTED);
    ui_rig_keys(&rig, "gg U");
    assert_int_equal(session_find(rig.session, first)->decision, DECISION_NONE);
    ui_rig_keys(&rig, "u");
    assert_int_equal(session_find(rig.session, first)->decision, DECISION_ACCEPTED);
    ui_rig_keys(&rig, "^R");
    assert_int_equal(session_find(rig.session, first)->decision, DECISION_NONE);
}

/* What is said names the keys that the user has, not those that came with the program. */
static void messages_name_keys_of_ones_own(void **state)
{
    (void)state;
    struct err e = {0};
    assert_int_equal(keymap_load(&rig.app.map, "undo: Y q\nkit.lock:\n", "keys.yaml", &e),
                     ST_CONFIG); /* q is taken: nothing of it counts */
    ui_rig_keys(&rig, "a");
    assert_true(ui_rig_said(&rig, " u undoes"));
    assert_int_equal(
        keymap_load(&rig.app.map, "undo: Y\nredo:\nkit.redo:\n", "keys.yaml", &e), ST_OK);
    ui_rig_keys(&rig, "a");
    assert_true(ui_rig_said(&rig, " Y undoes"));
    ui_rig_keys(&rig, "Y");
    assert_true(ui_rig_said(&rig, "undone: "));
    assert_true(ui_rig_said(&rig, " redo redoes")); /* it has no key any more */
    app_say(&rig.app, "{lock} {no such} {accept");
    assert_string_equal(rig.app.echo, "L {no such} {accept");
    char long_text[2 * ECHO_BYTES] = "";
    while (strlen(long_text) < sizeof long_text - 8)
        strcat(long_text, "{undo}");
    app_say(&rig.app, "%s", long_text);
    assert_true(strlen(rig.app.echo) < ECHO_BYTES);
}

static void decisions_are_on_disk_at_once(void **state)
{
    (void)state;
    struct err e;
    struct session *other;
    uint64_t id = current()->id;
    ui_rig_keys(&rig, "x");
    assert_int_equal(session_open(&other, rig.folder, &e), ST_OK);
    long at = session_index_of(other, id);
    assert_true(at >= 0);
    assert_int_equal(session_find(other, (size_t)at)->decision, DECISION_REJECTED);
    session_close(other);
}

static void a_filter_never_dead_ends(void **state)
{
    (void)state;
    ui_rig_keys(&rig, "] f");
    ui_rig_type(&rig, "is:undecided");
    ui_rig_keys(&rig, "Enter");
    size_t n = view_count(rig.app.view);
    assert_true(n > 3);
    for (size_t i = 0; i < n; i++) {
        assert_true(library_current(&rig.app) >= 0);
        ui_rig_keys(&rig, i % 2 ? "a" : "x");
    }
    assert_int_equal(view_count(rig.app.view), 0);
    assert_non_null(strstr(rig.app.echo, "F clears"));
    ui_rig_keys(&rig, "F");
    assert_int_equal(view_count(rig.app.view), n);
    /* a wrong filter keeps the list and says what is wrong; Esc goes back */
    ui_rig_keys(&rig, "f");
    ui_rig_type(&rig, "grade>=Q");
    assert_true(rig.app.filter_error.sentence[0] != '\0');
    ui_rig_keys(&rig, "Esc");
    assert_string_equal(view_filter(rig.app.view), "");
}

/* What is typed may well be about another category than the one in sight. */
static void a_filter_leads_to_where_its_finds_are(void **state)
{
    (void)state;
    ui_rig_keys(&rig, "] f"); /* among the pads */
    ui_rig_type(&rig, "cat:drums class:snare");
    assert_int_equal(view_count(rig.app.view), 0);
    assert_int_equal(view_scope(rig.app.view), SCOPE_CATEGORY + CAT_PADS);
    ui_rig_keys(&rig, "Enter");
    assert_int_equal(view_scope(rig.app.view), SCOPE_ALL);
    assert_true(view_count(rig.app.view) > 1);
    assert_non_null(strstr(rig.app.echo, "none of the pads, but "));
    assert_non_null(strstr(rig.app.echo, " of all match; F clears the filter"));
    const struct find *f = session_find(rig.session, (size_t)library_current(&rig.app));
    assert_string_equal(f->hit_class, "snare");
    /* where there is none at all, and in a choice of one's own, the list stays */
    ui_rig_keys(&rig, "F ]");
    app_command(&rig.app, "filter nosuchthing");
    assert_int_equal(view_scope(rig.app.view), SCOPE_CATEGORY + CAT_PADS);
    assert_string_equal(rig.app.echo, "no pad matches nosuchthing; F clears the filter");
    view_set_scope(rig.app.view, SCOPE_BEST_OF);
    app_command(&rig.app, "filter cat:drums");
    assert_int_equal(view_scope(rig.app.view), SCOPE_BEST_OF);
    /* and keys say that there is nothing for them */
    for (const char *key = "sbtaZ3"; *key; key++) {
        ui_rig_keys(&rig, (char[]){*key, '\0'});
        assert_string_equal(rig.app.echo, "there is nothing under the cursor");
    }
}

static void tags_ranges_and_repeat(void **state)
{
    (void)state;
    ui_rig_keys(&rig, "] t t t ; x");
    const struct session_tallies *t = session_tallies(rig.session);
    assert_int_equal(t->tagged, 3);
    assert_int_equal(t->category[CAT_PADS].rejected, 3);
    ui_rig_keys(&rig, "u");
    assert_int_equal(session_tallies(rig.session)->category[CAT_PADS].rejected, 0);
    ui_rig_keys(&rig, "gg v j j a");
    assert_int_equal(session_tallies(rig.session)->category[CAT_PADS].accepted, 3);
    assert_false(rig.app.library.range);
    ui_rig_keys(&rig, "G 3 gg .");
    assert_int_equal(current()->rating == 3 ||
                         session_find(rig.session, view_at(rig.app.view, 0))->rating == 3,
                     1);
    ui_rig_keys(&rig, ": ");
    ui_rig_type(&rig, "untag");
    ui_rig_keys(&rig, "Enter T");
    ui_rig_type(&rig, "cat:pads rating>=3");
    ui_rig_keys(&rig, "Enter");
    assert_true(session_tallies(rig.session)->tagged >= 1);
}

/* Of the find under the cursor, as it is cut now. */
static struct candidate detail(void)
{
    struct catalog_find f;
    long at = library_current(&rig.app);
    assert_int_equal(session_detail(rig.session, (size_t)at, &f, NULL), ST_OK);
    return f.c;
}

/* Wider than the recording, shorter than any sound. */
static void edges_stay_within_the_recording(void **state)
{
    (void)state;
    const int64_t frames = session_source(rig.session, current()->source)->frames;
    assert_true(frames > 0);
    view_set_scope(rig.app.view, SCOPE_CATEGORY + CAT_DRUMS);
    ui_rig_type(&rig, "#99999(");
    assert_int_equal(detail().start_frame, 0);
    assert_int_equal(detail().end_frame, frames);
    struct candidate was = detail();
    ui_rig_type(&rig, "#99999)");
    assert_string_equal(rig.app.echo, "it is as short as it gets");
    assert_int_equal(detail().end_frame, was.end_frame);
    ui_rig_keys(&rig, "u");
    was = detail();
    int64_t rest = was.end_frame - was.start_frame; /* 10 ms are left, not less */
    char keys[32];
    snprintf(keys, sizeof keys, "#%d)", (int)(rest / 441 - 1) / 2);
    ui_rig_type(&rig, keys);
    rest = detail().end_frame - detail().start_frame;
    assert_true(rest >= 441 && rest < 3 * 441);
    view_set_scope(rig.app.view, SCOPE_CATEGORY + CAT_PADS);
    ui_rig_type(&rig, "#99999(");
    assert_int_equal(detail().loop[0].start_frame, 0);
    assert_int_equal(detail().loop[0].end_frame, frames);
    ui_rig_type(&rig, "#99>");
    assert_int_equal(detail().loop[0].end_frame, frames);
    was = detail();
    ui_rig_type(&rig, "#999999<");
    assert_string_equal(rig.app.echo, "a loop that short is no loop");
    assert_int_equal(detail().loop[0].end_frame, was.loop[0].end_frame);
}

static void counts_move_and_digits_rate(void **state)
{
    (void)state;
    ui_rig_type(&rig, "#12j");
    assert_int_equal(view_cursor(rig.app.view), 12);
    ui_rig_keys(&rig, "7k");
    assert_int_equal(view_cursor(rig.app.view), 5);
    ui_rig_keys(&rig, "5");
    assert_int_equal(current()->rating, 5);
    assert_int_equal(view_cursor(rig.app.view), 5);
    ui_rig_keys(&rig, "0");
    assert_int_equal(current()->rating, 0);
    ui_rig_keys(&rig, "G");
    assert_int_equal(view_cursor(rig.app.view), view_count(rig.app.view) - 1);
    ui_rig_keys(&rig, ":");
    ui_rig_type(&rig, "3");
    ui_rig_keys(&rig, "Enter");
    assert_int_equal(view_cursor(rig.app.view), 2);
    ui_rig_keys(&rig, "# 5 0 u"); /* as far as it goes, and what that was */
    assert_true(ui_rig_said(&rig, "undone: rated 5"));
    ui_rig_keys(&rig, "u");
    assert_true(ui_rig_said(&rig, "nothing to undo"));
    ui_rig_keys(&rig, "# 5 0 ^R");
    assert_true(ui_rig_said(&rig, "done again: rated 0"));
    ui_rig_keys(&rig, ", } # 5 0 u");
    assert_true(ui_rig_said(&rig, "again; ^R redoes"));
}

static void classes_stacks_and_loops_change(void **state)
{
    (void)state;
    ui_rig_keys(&rig, "] ] ] ] ] ck");
    assert_string_equal(current()->hit_class, "kick");
    ui_rig_keys(&rig, "[ [ [ [ gg >");
    assert_true(current()->edited);
    ui_rig_keys(&rig, "u");
    assert_false(current()->edited);
    ui_rig_keys(&rig, "R");
    assert_true(current()->edited);
    assert_non_null(strstr(rig.app.echo, "loop 2 of 3"));
    ui_rig_keys(&rig, "R"); /* all of them, round */
    assert_non_null(strstr(rig.app.echo, "loop 3 of 3"));
    ui_rig_keys(&rig, "R");
    assert_non_null(strstr(rig.app.echo, "loop 1 of 3"));
    ui_rig_keys(&rig, "R");
    assert_non_null(strstr(rig.app.echo, "loop 2 of 3"));
    ui_rig_keys(&rig, "> R"); /* from one of the user's own to the best */
    assert_non_null(strstr(rig.app.echo, "loop 1 of "));
    assert_null(strstr(rig.app.echo, "nan"));
    ui_rig_keys(&rig, "u 6(");
    assert_true(current()->edited);
}

static void undo_walks_back_a_thousand(void **state)
{
    (void)state;
    static const char *const acts[] = {"a", "x", "U",   "1", "4", "0", "t", "cd", "cs",
                                       "j", "k", "#5j", "]", "[", "Z", ">", "("};
    enum { N = 1000 };
    static struct session_tallies before[N];
    static size_t depth[N];
    struct rng r = rng_derive(5, 0, "acts", 0);
    size_t n = 0;
    ui_rig_keys(&rig, "]");
    for (int i = 0; i < N; i++) {
        size_t d = catalog_undo_depth(session_catalog(rig.session));
        struct session_tallies t = *session_tallies(rig.session);
        ui_rig_keys(&rig, acts[rng_below(&r, sizeof acts / sizeof *acts)]);
        if (catalog_undo_depth(session_catalog(rig.session)) > d) {
            before[n] = t;
            depth[n++] = d;
        }
    }
    assert_true(n > 300);
    while (n-- > 0) {
        ui_rig_keys(&rig, "u");
        assert_int_equal(catalog_undo_depth(session_catalog(rig.session)), depth[n]);
        assert_memory_equal(session_tallies(rig.session), &before[n], sizeof before[n]);
    }
}

/* F puts on the slots what an export that fills them would, of all drums there are. */
static void a_kit_is_filled_as_an_export_would(void **state)
{
    (void)state;
    const struct target *t = kit_target(&rig.config);
    size_t n = session_count(rig.session), hits = 0;
    struct candidate *c = calloc(n, sizeof *c);
    struct kit_hit *hit = calloc(n, sizeof *hit);
    long *find = calloc(n, sizeof *find), expected[KIT_SLOTS];
    ui_rig_keys(&rig, "] ] ] ] ] j j x j j a K");
    for (size_t i = 0; i < n; i++) {
        struct catalog_find f;
        assert_int_equal(session_detail(rig.session, i, &f, NULL), ST_OK);
        if (f.category != CAT_DRUMS || !f.c.saved)
            continue;
        c[hits] = f.c;
        find[hits] = (long)i;
        hit[hits] = (struct kit_hit){&c[hits], NULL, kit_worth(&c[hits]), -1};
        hits++;
    }
    kit_slots_fill(t, hit, hits);
    for (int s = 0; s < KIT_SLOTS; s++)
        expected[s] = -1;
    for (size_t i = 0; i < hits; i++)
        if (hit[i].slot >= 0)
            expected[hit[i].slot] = find[i];
    ui_rig_keys(&rig, "F");
    int full = 0;
    for (int s = 0; s < KIT_SLOTS; s++) {
        assert_int_equal(session_kit(rig.session)->slot[s].index, expected[s]);
        full += expected[s] >= 0;
    }
    assert_true(full >= 8);
    free(c);
    free(hit);
    free(find);
}

static void a_kit_is_built_by_keys(void **state)
{
    (void)state;
    ui_rig_keys(&rig, "] \" e K F");
    const struct kit_state *k = session_kit(rig.session);
    int filled = 0;
    for (int s = 0; s < KIT_SLOTS; s++)
        filled += k->slot[s].index >= 0;
    assert_int_equal(filled, KIT_SLOTS);
    assert_int_equal(k->extra_count, 1);
    for (int s = 0; s < KIT_SLOTS; s++) /* no sound twice */
        for (int t = 0; t < s; t++)
            assert_true(k->slot[s].id != k->slot[t].id);
    uint64_t bd = k->slot[0].id, sd = k->slot[1].id;
    ui_rig_keys(&rig, "a L s n"); /* a and s go to BD and SD */
    assert_true(k->slot[0].locked && k->slot[1].id != sd);
    ui_rig_keys(&rig, "a n !");
    assert_true(session_kit(rig.session)->slot[0].id == bd);
    ui_rig_keys(&rig, "Enter Right Right Enter");
    assert_int_equal(session_kit(rig.session)->slot[0].steps, 5);
    ui_rig_keys(&rig, "] ] >");
    assert_true(session_kit(rig.session)->slot[0].trim_db > 0.9);
    assert_true(session_kit(rig.session)->tempo_bpm > 120.5);
    ui_rig_keys(&rig, "u u u u u");
    assert_int_equal(session_kit(rig.session)->slot[0].steps, 0);
    struct budget b;
    kit_budget(&rig.app, &b);
    assert_int_equal(b.files, KIT_SLOTS + 1);
    assert_true(b.sectors >= b.files);
}

static void commands_and_settings(void **state)
{
    (void)state;
    ui_rig_keys(&rig, ":");
    ui_rig_type(&rig, "so");
    ui_rig_keys(&rig, "Tab");
    assert_string_equal(rig.app.prompt.text, "sort");
    ui_rig_type(&rig, " na");
    ui_rig_keys(&rig, "Tab");
    assert_string_equal(rig.app.prompt.text, "sort name");
    ui_rig_keys(&rig, "Enter");
    assert_int_equal(view_order(rig.app.view), ORDER_NAME);
    ui_rig_keys(&rig, ":");
    ui_rig_type(&rig, "set pad_miner.min_rms_db=5");
    ui_rig_keys(&rig, "Enter");
    assert_int_equal(rig.app.echo_role, ROLE_WARNING);
    ui_rig_keys(&rig, ":");
    ui_rig_type(&rig, "set pad_miner.min_rms_db=-50");
    ui_rig_keys(&rig, "Enter");
    assert_true(rig.config.pad_miner.min_rms_db < -49.9);
    ui_rig_keys(&rig, ":");
    ui_rig_type(&rig, "theme amber");
    ui_rig_keys(&rig, "Enter");
    assert_string_equal(rig.app.theme.name, "amber");
    ui_rig_keys(&rig, ":");
    ui_rig_type(&rig, "fly me");
    ui_rig_keys(&rig, "Enter");
    assert_string_equal(rig.app.echo, "there is no command 'fly'; Tab lists them");
    /* a wrong value keeps its prompt open and says what is expected */
    ui_rig_keys(&rig, ", Enter ^U");
    ui_rig_type(&rig, "7");
    assert_true(rig.app.settings.problem[0] != '\0');
    ui_rig_keys(&rig, "Enter");
    assert_int_equal(rig.app.asking, ASK_VALUE);
    ui_rig_keys(&rig, "^U");
    ui_rig_type(&rig, "48000");
    ui_rig_keys(&rig, "Enter");
    assert_int_equal(rig.app.asking, ASK_NOTHING);
    assert_int_equal(rig.config.global.sample_rate, 48000);
    ui_rig_keys(&rig, "X");
    assert_int_equal(rig.config.global.sample_rate, 44100);
    /* words come round in both directions, however often */
    ui_rig_keys(&rig, "/");
    ui_rig_type(&rig, "match_levels");
    ui_rig_keys(&rig, "Enter");
    bool was = rig.config.audio.match_levels;
    ui_rig_keys(&rig, "7 {");
    assert_true(rig.config.audio.match_levels != was);
    ui_rig_keys(&rig, "7 {");
    assert_true(rig.config.audio.match_levels == was);
}

static void settings_are_searched_and_taken_back(void **state)
{
    (void)state;
    ui_rig_keys(&rig, ", /");
    ui_rig_type(&rig, "FLATNESS");
    ui_rig_keys(&rig, "Enter");
    int found = rig.app.settings.cursor;
    assert_non_null(strstr(config_key(found)->name, "flatness"));
    ui_rig_keys(&rig, "n");
    assert_true(rig.app.settings.cursor != found);
    ui_rig_keys(&rig, "N");
    assert_int_equal(rig.app.settings.cursor, found);
    ui_rig_keys(&rig, "/");
    ui_rig_type(&rig, "no such thing");
    ui_rig_keys(&rig, "Enter");
    assert_string_equal(rig.app.echo, "no setting holds 'no such thing'");
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
    (void)state;
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
    (void)state;
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
    (void)state;
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
    ui_rig_keys(&rig, "f");
    ui_rig_type(&rig, "src:heard");
    ui_rig_keys(&rig, "Enter");
    for (int a = 0; a < ASPECTS; a++) {
        rig.config.similarity.spectrum_weight = a == 0;
        rig.config.similarity.timbre_weight = a == 1;
        rig.config.similarity.pitch_weight = a == 2;
        rig.config.similarity.envelope_weight = a == 3;
        ui_rig_keys(&rig, "gg s");
        for (int i = 0; i < N; i++)
            order[a][i] = view_at(rig.app.view, (size_t)i);
        for (int b = 0; b < a; b++)
            assert_memory_not_equal(order[a], order[b], sizeof order[a]);
        ui_rig_keys(&rig, "S");
    }
}

static void recordings_complete(void **state)
{
    (void)state;
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
    (void)state;
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
    char *screen = ui_rig_screen(&rig);
    assert_non_null(strstr(screen, "Quit?"));
    free(screen);
    ui_rig_keys(&rig, "y");
    assert_true(rig.app.quit);
}

static void quitting_asks_while_it_is_mining(void **state)
{
    (void)state;
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
    (void)state;
    const char *asks = "the settings are changed and not saved. Save them?";
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

static void pasted_text_is_not_taken_for_keys(void **state)
{
    (void)state;
    app_key(&rig.app, K_PASTE_BEGIN);
    ui_rig_type(&rig, "xxxxQ");
    app_key(&rig.app, K_PASTE_END);
    assert_int_equal(session_tallies(rig.session)->all.rejected, 0);
    assert_false(rig.app.quit);
    ui_rig_keys(&rig, "f");
    app_key(&rig.app, K_PASTE_BEGIN);
    ui_rig_type(&rig, "tape\n");
    app_key(&rig.app, K_PASTE_END);
    assert_string_equal(rig.app.prompt.text, "tape ");
}

/* What help lists for a screen has a meaning there. */
static void every_key_of_the_help_means_something(void **state)
{
    (void)state;
    static const char *const ways[SCREEN_COUNT] = {
        [SCREEN_LIBRARY] = "", [SCREEN_KIT] = "K",      [SCREEN_SOURCE] = "M",
        [SCREEN_JOBS] = "w",   [SCREEN_SETTINGS] = ",", [SCREEN_HELP] = "?"};
    for (int screen = 0; screen < SCREEN_COUNT; screen++) {
        ui_rig_keys(&rig, ways[screen]);
        for (int a = 1; a < ACT_COUNT_OF; a++) {
            char keys[64];
            const struct action_info *info = action_info((enum action)a);
            keymap_keys(&rig.app.map, (enum screen)screen, (enum action)a, keys,
                        sizeof keys);
            keys[strcspn(keys, " ")] = '\0';
            if (!keys[0] || info->takes == TAKES_CHOICE || info->takes == TAKES_SLOT ||
                a == ACT_COUNT)
                continue;
            rig.app.echo[0] = '\0';
            ui_rig_keys(&rig, keys);
            bool sound =
                info->group == GROUP_SOUND || info->group == GROUP_PLAY || a == ACT_FLIP;
            if (strstr(rig.app.echo, "means nothing here") ||
                (!sound && strstr(rig.app.echo, ": no sound in this session")))
                fail_msg("%s on the %s screen: %s", keys,
                         screen_name((enum screen)screen), rig.app.echo);
            rig.app.asking = ASK_NOTHING;
            rig.app.quit = rig.app.suspend = rig.app.page.open = false;
            rig.app.screen = (enum screen)screen;
            rig.app.depth = 0;
        }
        rig.app.screen = SCREEN_LIBRARY;
    }
}

static void a_pattern_is_one_action(void **state)
{
    (void)state;
    ui_rig_keys(&rig, "K Right Enter"); /* a step of the user's own */
    uint16_t own = session_kit(rig.session)->slot[0].steps;
    assert_int_equal(own, 1 << 1);
    ui_rig_keys(&rig, "P");
    assert_int_not_equal(session_kit(rig.session)->slot[7].steps, 0);
    assert_non_null(strstr(rig.app.echo, "u undoes"));
    ui_rig_keys(&rig, "u");
    assert_int_equal(session_kit(rig.session)->slot[7].steps, 0);
    assert_int_equal(session_kit(rig.session)->slot[0].steps, own);
}

static void stacks_and_ranges_move_on(void **state)
{
    (void)state;
    ui_rig_keys(&rig, "] v j j a");
    assert_int_equal(view_cursor(rig.app.view), 3);
    assert_int_equal(current()->decision, DECISION_NONE);
    ui_rig_keys(&rig, "] ] ] ]");
    while (view_hidden(rig.app.view, view_cursor(rig.app.view)) == 0)
        ui_rig_keys(&rig, "j");
    const struct find *best = current();
    ui_rig_keys(&rig, "z");
    assert_non_null(strstr(rig.app.echo, "z closes"));
    ui_rig_keys(&rig, "z Z");
    assert_int_equal(best->decision, DECISION_ACCEPTED);
    assert_int_equal(current()->decision, DECISION_NONE);
}

/* The meter counts what the export takes: slots, extras, and what is accepted. */
static void the_meter_counts_what_is_exported(void **state)
{
    (void)state;
    struct budget b;
    ui_rig_keys(&rig, "] a a j \" e");
    kit_budget(&rig.app, &b);
    assert_int_equal(b.files, 3);
    assert_int_equal(kit_extra_count(&rig.app), 3);
    ui_rig_keys(&rig, "K F");
    kit_budget(&rig.app, &b);
    assert_int_equal(b.files, 3 + KIT_SLOTS);
    ui_rig_keys(&rig, "Tab Down X"); /* an accepted one is taken out by undeciding it */
    kit_budget(&rig.app, &b);
    assert_int_equal(b.files, 2 + KIT_SLOTS);
    ui_rig_keys(&rig, "u");
    kit_budget(&rig.app, &b);
    assert_int_equal(b.files, 3 + KIT_SLOTS);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(deciding_moves_on, set_up, tear_down),
        cmocka_unit_test_setup_teardown(messages_name_keys_of_ones_own, set_up,
                                        tear_down),
        cmocka_unit_test_setup_teardown(every_key_of_the_help_means_something, set_up,
                                        tear_down),
        cmocka_unit_test_setup_teardown(a_pattern_is_one_action, set_up, tear_down),
        cmocka_unit_test_setup_teardown(stacks_and_ranges_move_on, set_up, tear_down),
        cmocka_unit_test_setup_teardown(the_meter_counts_what_is_exported, set_up,
                                        tear_down),
        cmocka_unit_test_setup_teardown(decisions_are_on_disk_at_once, set_up, tear_down),
        cmocka_unit_test_setup_teardown(a_filter_never_dead_ends, set_up, tear_down),
        cmocka_unit_test_setup_teardown(edges_stay_within_the_recording, set_up,
                                        tear_down),
        cmocka_unit_test_setup_teardown(a_filter_leads_to_where_its_finds_are, set_up,
                                        tear_down),
        cmocka_unit_test_setup_teardown(tags_ranges_and_repeat, set_up, tear_down),
        cmocka_unit_test_setup_teardown(counts_move_and_digits_rate, set_up, tear_down),
        cmocka_unit_test_setup_teardown(classes_stacks_and_loops_change, set_up,
                                        tear_down),
        cmocka_unit_test_setup_teardown(undo_walks_back_a_thousand, set_up, tear_down),
        cmocka_unit_test_setup_teardown(a_kit_is_filled_as_an_export_would, set_up,
                                        tear_down),
        cmocka_unit_test_setup_teardown(a_kit_is_built_by_keys, set_up, tear_down),
        cmocka_unit_test_setup_teardown(commands_and_settings, set_up, tear_down),
        cmocka_unit_test_setup_teardown(settings_are_searched_and_taken_back, set_up,
                                        tear_down),
        cmocka_unit_test_setup_teardown(the_cursor_goes_where_the_settings_say, set_up,
                                        tear_down),
        cmocka_unit_test_setup_teardown(the_terminal_is_what_the_settings_say, set_up,
                                        tear_down),
        cmocka_unit_test_setup_teardown(likeness_heeds_its_weights, set_up, tear_down),
        cmocka_unit_test_setup_teardown(recordings_complete, set_up, tear_down),
        cmocka_unit_test_setup_teardown(quitting_asks_for_unsaved_settings, set_up,
                                        tear_down),
        cmocka_unit_test_setup_teardown(escape_never_quits, set_up, tear_down),
        cmocka_unit_test_setup_teardown(quitting_asks_while_it_is_mining, set_up,
                                        tear_down),
        cmocka_unit_test_setup_teardown(pasted_text_is_not_taken_for_keys, set_up,
                                        tear_down),
    };
    return cmocka_run_group_tests_name("ui acts", tests, NULL, NULL);
}
