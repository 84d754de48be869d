/* The workstation's behaviour, typed at and read from its state: decisions, advance,
 * undo, filters, tags, kit, and what keys mean. */
#include "checks.h"
#include "ui_rig.h"

#include "core/kit.h"
#include "core/kit_slots.h"
#include "core/rng.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const struct find *current(void)
{
    long at = library_current(&rig.app);
    assert_true(at >= 0);
    return session_find(rig.session, (size_t)at);
}

static void deciding_moves_on(void **state)
{
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
    struct err e;
    OWN(session) *other = NULL;
    uint64_t id = current()->id;
    ui_rig_keys(&rig, "x");
    assert_int_equal(session_open(&other, rig.folder, &e), ST_OK);
    long at = session_index_of(other, id);
    assert_true(at >= 0);
    assert_int_equal(session_find(other, (size_t)at)->decision, DECISION_REJECTED);
}

static void a_filter_never_dead_ends(void **state)
{
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
    assert_true(rig.app.filter_error.msg[0] != '\0');
    ui_rig_keys(&rig, "Esc");
    assert_string_equal(view_filter(rig.app.view), "");
    /* and it is mended, not typed anew: no part of it is taken for a filter */
    ui_rig_enter(&rig, "f", "grade>=Q");
    assert_int_equal(rig.app.asking, ASK_FILTER);
    ui_rig_keys(&rig, "BackSpace B Enter");
    assert_int_equal(rig.app.asking, ASK_NOTHING);
    assert_string_equal(view_filter(rig.app.view), "grade>=B");
    /* half a filter is none, wherever it was typed */
    static const char *const halves[] = {"filter (((", "tag (((", "filter rms<"};
    for (size_t i = 0; i < sizeof halves / sizeof *halves; i++) {
        ui_rig_enter(&rig, ":", halves[i]);
        assert_true(rig.app.asking == (halves[i][0] == 't' ? ASK_TAG : ASK_FILTER));
        assert_true(ui_rig_shows(&rig, "the expression is not finished"));
        ui_rig_keys(&rig, "Esc");
        assert_string_equal(view_filter(rig.app.view), "grade>=B");
    }
    ui_rig_enter(&rig, ":", "filter grade>=A");
    assert_int_equal(rig.app.asking, ASK_NOTHING);
    assert_string_equal(view_filter(rig.app.view), "grade>=A");
    ui_rig_keys(&rig, "F T");
    ui_rig_type(&rig, "grade>=Q");
    ui_rig_keys(&rig, "Enter");
    assert_int_equal(rig.app.asking, ASK_TAG);
    assert_true(rig.app.filter_error.msg[0] != '\0');
    ui_rig_keys(&rig, "BackSpace");
    assert_true(rig.app.filter_error.msg[0] == '\0');
    ui_rig_keys(&rig, "B Enter");
    assert_int_equal(rig.app.asking, ASK_NOTHING);
    assert_true(ui_rig_said(&rig, "tagged"));
}

/* Who types a filter in vain is where they were: what matched half of it on the way does
 * not keep the cursor. */
static void a_filter_in_vain_keeps_the_place(void **state)
{
    static const char *const leaves[] = {"Esc", "Enter F"};
    ui_rig_keys(&rig, "] gg");
    uint64_t id = current()->id;
    const char *other = strstr(current()->name, "pad01") ? "pad02" : "pad01";
    ui_rig_keys(&rig, "f");
    ui_rig_type(&rig, current()->name);
    assert_true(ui_rig_shows(&rig, "   1 matches\n"));
    ui_rig_keys(&rig, "Esc");
    for (size_t i = 0; i < sizeof leaves / sizeof *leaves; i++) {
        ui_rig_keys(&rig, "f");
        ui_rig_type(&rig, other);
        assert_true(current()->id != id);
        ui_rig_type(&rig, "zz");
        ui_rig_keys(&rig, leaves[i]);
        assert_true(current()->id == id);
        ui_rig_enter(&rig, "f", "zz");
        ui_rig_keys(&rig, "i"); /* where nothing is there is nothing to explain */
        assert_true(!rig.app.library.why &&
                    ui_rig_said(&rig, "nothing under the cursor"));
        ui_rig_keys(&rig, "F");
    }
}

/* What is typed may well be about another category than the one in sight. */
static void a_filter_leads_to_where_its_finds_are(void **state)
{
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
    /* what just failed has a list of its own */
    ui_rig_keys(&rig, "F");
    app_command(&rig.app, "filter is:near-miss");
    assert_int_equal(view_scope(rig.app.view), SCOPE_NEAR_MISSES);
    assert_int_equal(view_count(rig.app.view), session_tallies(rig.session)->near_misses);
    assert_non_null(strstr(rig.app.echo, " match; F clears the filter"));
    ui_rig_keys(&rig, "F ]");
    assert_int_equal(view_scope(rig.app.view), SCOPE_ALL);
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

/* Without colour, too: the rows of a range are told by a sign, as the tagged are. */
static void a_range_has_a_sign(void **state)
{
    ui_rig_keys(&rig, "gg t v j j");
    FREED char *screen = ui_rig_screen(&rig);
    int signs = 0;
    for (const char *at = screen; (at = strstr(at, "││·")) != NULL; at++)
        signs++;
    assert_int_equal(signs, 2);
    assert_true(ui_rig_shows(&rig, "│◆·"));
}

static void tags_ranges_and_repeat(void **state)
{
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
    const int64_t frames = session_source(rig.session, current()->source)->frames;
    assert_true(frames > 0);
    view_set_scope(rig.app.view, SCOPE_CATEGORY + CAT_SWELLS);
    static const char made[] = "()<>", *const edges = "edges cannot be moved",
                      *const loop = "loop cannot be moved";
    for (int i = 0; i < 4; i++) {
        char key[2] = {made[i]};
        ui_rig_type(&rig, key);
        assert_non_null(strstr(rig.app.echo, i < 2 ? edges : loop));
    }
    view_set_scope(rig.app.view, SCOPE_CATEGORY + CAT_DRUMS);
    ui_rig_type(&rig, "#99999(");
    assert_int_equal(detail().start_frame, 0);
    assert_int_equal(detail().end_frame, frames);
    struct candidate was = detail();
    ui_rig_type(&rig, "#99999)");
    assert_string_equal(rig.app.echo, "it is as short as it can be");
    assert_int_equal(detail().end_frame, was.end_frame);
    ui_rig_keys(&rig, "u");
    was = detail();
    int64_t rest = was.end_frame - was.start_frame; /* 10 ms are left, not less */
    FREED const char *keys = text_of("#%d)", (int)(rest / 441 - 1) / 2);
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
    assert_string_equal(rig.app.echo, "that is too short for a loop");
    assert_int_equal(detail().loop[0].end_frame, was.loop[0].end_frame);
}

static void counts_move_and_digits_rate(void **state)
{
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
    ui_rig_enter(&rig, ":", "3");
    assert_int_equal(view_cursor(rig.app.view), 2);
    ui_rig_keys(&rig, "# 5 0 u"); /* as far as it goes, and what that was */
    assert_true(ui_rig_said(&rig, "undone: rated 5"));
    assert_true(ui_rig_said(&rig, "redoes (2 in all)"));
    ui_rig_keys(&rig, "u");
    assert_true(ui_rig_said(&rig, "nothing to undo"));
    assert_false(ui_rig_said(&rig, "in all"));
    ui_rig_keys(&rig, "# 5 0 ^R");
    assert_true(ui_rig_said(&rig, "redone: rated 0"));
    ui_rig_keys(&rig, ", } # 5 0 u");
    assert_true(ui_rig_said(&rig, "again; ^R redoes"));
}

static void classes_stacks_and_loops_change(void **state)
{
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
    static const char *const acts[] = {"a", "x", "U",   "1", "4", "0", "t", "cd", "cs",
                                       "j", "k", "#5j", "]", "[", "Z", ">", "("};
    enum { N = 1000 };
    static struct session_tallies before[N];
    struct rng r = rng_derive(5, 0, "acts", 0);
    size_t n = 0;
    ui_rig_keys(&rig, "]");
    for (int i = 0; i < N; i++) {
        size_t events = catalog_event_count(session_catalog(rig.session));
        struct session_tallies t = *session_tallies(rig.session);
        ui_rig_keys(&rig, acts[rng_below(&r, sizeof acts / sizeof *acts)]);
        if (catalog_event_count(session_catalog(rig.session)) > events)
            before[n++] = t;
    }
    assert_true(n > 300);
    while (n-- > 0) {
        ui_rig_keys(&rig, "u");
        assert_memory_equal(session_tallies(rig.session), &before[n], sizeof before[n]);
    }
}

/* Six pieces of speech, one of which sounds like the best open hat of all; or of what is
 * spoken in time, as rap is. */
static void add_talk(const char *stem, double company, double best)
{
    enum { PIECES = 6 };
    struct catalog_source src = {.rate_hz = 44100, .channels = 1, .frames = 8 * 44100};
    FREED struct candidate *c = calloc(PIECES, sizeof *c);
    snprintf(src.stem, sizeof src.stem, "%s", stem);
    snprintf(src.path, sizeof src.path, "%s.wav", stem);
    for (int i = 0; i < PIECES; i++) {
        candidate_clear(&c[i]);
        c[i].kind = KIND_DRUM;
        c[i].saved = true;
        c[i].grade = 'A';
        c[i].m.duration_sec = 0.6;
        c[i].m.score = c[i].m.hit_confidence = i == 0 ? best : 0.05;
        snprintf(c[i].source, sizeof c[i].source, "%s", stem);
        snprintf(c[i].source_path, sizeof c[i].source_path, "%s.wav", stem);
        parts_add(&c[i].parts, "decay", 0.1 * i);
        parts_add(&c[i].parts, "company", company);
        snprintf(c[i].hit_class, sizeof c[i].hit_class, "hat_open");
        snprintf(c[i].filename, sizeof c[i].filename, "%s_drum_%03d_hat_open.wav", stem,
                 i);
    }
    ui_rig_add(&rig, &src, c, PIECES);
}

/* F puts on the slots what an export that fills them would, of all drums there are. */
static void a_kit_is_filled_as_an_export_would(void **state)
{
    const struct target *t = kit_target(&rig.config);
    add_talk("talk", 0.5, 0.99);
    add_talk("rap", 1, 0.98);
    size_t n = session_count(rig.session), hits = 0;
    FREED struct candidate *c = calloc(n, sizeof *c);
    FREED struct kit_hit *hit = calloc(n, sizeof *hit);
    long *find = calloc(n, sizeof *find), expected[KIT_SLOTS];
    ui_rig_keys(&rig, "] ] ] ] ] j j x j j a K");
    for (size_t i = 0; i < n; i++) {
        struct catalog_find f;
        assert_int_equal(session_detail(rig.session, i, &f, NULL), ST_OK);
        if (f.category != CAT_DRUMS || !f.c.saved)
            continue;
        c[hits] = f.c;
        find[hits] = (long)i;
        hit[hits] = (struct kit_hit){
            .c = &c[hits], .worth = kit_worth(&c[hits], CAT_DRUMS), .slot = -1};
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
    size_t offered = 0; /* and by the same worth they are offered for each slot */
    for (int s = 0; s < KIT_SLOTS; s++) {
        const struct slot_matches *m = &rig.app.kit.match[s];
        for (size_t k = 0; k < m->count; k++)
            for (size_t i = 0; i < hits; i++) {
                if (find[i] != (long)m->find[k])
                    continue;
                double worth = hit[i].worth * target_fit(t, s, c[i].hit_class);
                assert_float_equal(m->value[k], worth, 1e-6);
                offered++;
            }
    }
    assert_true(offered >= KIT_SLOTS);
    free(find);
}

static void reject_the_drums(void)
{
    for (size_t i = 0; i < session_count(rig.session); i++)
        if (session_find(rig.session, i)->category == CAT_DRUMS)
            session_decide(rig.session, &i, 1, DECISION_REJECTED, NULL);
}

/* What F leaves empty because no drum here is good enough, ! leaves empty, too; and it
 * takes no weak hit instead of a good one. */
static void a_shuffle_asks_what_filling_asks(void **state)
{
    long filled[KIT_SLOTS];
    int full = 0;
    reject_the_drums();
    add_talk("talk", 0.5, 0.99);
    ui_rig_keys(&rig, "K F");
    const struct kit_state *k = session_kit(rig.session);
    for (int s = 0; s < KIT_SLOTS; s++) {
        filled[s] = k->slot[s].index;
        full += filled[s] >= 0;
    }
    assert_true(full > 0 && full < KIT_SLOTS);
    assert_true(rig.app.kit.match[KIT_SLOT_CH].count > 1); /* weaker ones there are */
    ui_rig_keys(&rig, "!");
    for (int s = 0; s < KIT_SLOTS; s++)
        assert_int_equal(k->slot[s].index, filled[s]);
    assert_true(ui_rig_said(&rig, "there is nothing else to shuffle in"));
}

/* Who calls a pad a kick wants to play it as one. */
static void what_is_called_a_drum_is_one(void **state)
{
    reject_the_drums();
    ui_rig_keys(&rig, "]");
    size_t pad = (size_t)library_current(&rig.app);
    const struct find *f = session_find(rig.session, pad);
    assert_int_equal(f->category, CAT_PADS);
    ui_rig_keys(&rig, "c k");
    assert_true(ui_rig_said(&rig, "moved to drums and called kick: "));
    assert_true(f->category == CAT_DRUMS && strcmp(f->hit_class, "kick") == 0);
    assert_true(library_current(&rig.app) != (long)pad); /* no longer among the pads */
    ui_rig_keys(&rig, "u");                              /* one action */
    assert_true(f->category == CAT_PADS && f->hit_class[0] == '\0');
    ui_rig_keys(&rig, "^R");
    assert_true(f->category == CAT_DRUMS && strcmp(f->hit_class, "kick") == 0);
    session_decide(rig.session, &pad, 1, DECISION_ACCEPTED, NULL);
    ui_rig_keys(&rig, "K F");
    assert_int_equal(session_kit(rig.session)->slot[0].index, pad);
}

static void a_kit_is_built_by_keys(void **state)
{
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
    ui_rig_keys(&rig, "]"); /* with its peak at -1 dBFS it is at full scale now */
    assert_true(session_kit(rig.session)->slot[0].trim_db == 1);
    assert_true(ui_rig_said(&rig, "BD is as loud as a sample can be; [ makes others"));
    struct err e; /* more, from a file of decisions, is heard and seen as it is written */
    assert_int_equal(session_kit_trim(rig.session, 0, 5, &e), ST_OK);
    assert_true(kit_trim(&rig.app, 0) == 1);
    assert_true(ui_rig_shows(&rig, "+1.0"));
    ui_rig_keys(&rig, "[");
    assert_true(session_kit(rig.session)->slot[0].trim_db == 0.5);
    ui_rig_keys(&rig, "u u");
    ui_rig_keys(&rig, "u u u u u");
    assert_int_equal(session_kit(rig.session)->slot[0].steps, 0);
    struct budget b;
    kit_budget(&rig.app, &b);
    assert_int_equal(b.files, KIT_SLOTS + 1);
    assert_true(b.sectors >= b.files);
}

static void pasted_text_is_not_taken_for_keys(void **state)
{
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

/* What has no room on the line is told, and nothing is done with the rest. */
static void a_text_too_long_for_the_line_is_told(void **state)
{
    ui_rig_keys(&rig, ":");
    app_key(&rig.app, K_PASTE_BEGIN);
    ui_rig_type(&rig, "filter tape");
    for (int i = 0; i < PROMPT_BYTES; i++)
        ui_rig_type(&rig, "*");
    app_key(&rig.app, K_PASTE_END);
    ui_rig_keys(&rig, "Enter");
    assert_int_equal(rig.app.asking, ASK_COMMAND);
    assert_true(ui_rig_shows_at(&rig, 24, 80, "***   too long: the rest was left out"));
    ui_rig_keys(&rig, "BackSpace Enter");
    assert_int_equal(rig.app.asking, ASK_NOTHING);
    assert_int_equal(strlen(view_filter(rig.app.view)), PROMPT_BYTES - 2 - 7);
}

/* What help lists for a screen has a meaning there. */
static void every_key_of_the_help_means_something(void **state)
{
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

/* A near-miss that is taken is a find: in its category, in every count, until it is given
 * back. */
static void a_near_miss_that_is_taken_is_a_find(void **state)
{
    const struct session_tallies *t = session_tallies(rig.session);
    view_set_scope(rig.app.view, SCOPE_NEAR_MISSES);
    const struct find *taken = current();
    enum view_scope own = SCOPE_CATEGORY + (enum view_scope)taken->category;
    struct session_tally all = t->all, category = t->category[taken->category];
    size_t missed = view_count(rig.app.view), best = t->best_of;
    assert_true(taken->near_miss);
    ui_rig_keys(&rig, "a");
    assert_int_equal(view_count(rig.app.view), missed); /* and still what it was */
    assert_int_equal(t->all.accepted, all.accepted + 1);
    assert_int_equal(t->all.undecided, all.undecided);
    assert_int_equal(t->category[taken->category].accepted, category.accepted + 1);
    assert_int_equal(t->best_of, best + 1);
    view_set_scope(rig.app.view, own);
    assert_true(view_position(rig.app.view, taken->id) >= 0);
    ui_rig_keys(&rig, "u");
    assert_int_equal(view_position(rig.app.view, taken->id), -1);
    assert_memory_equal(&t->all, &all, sizeof all);
}

/* Nothing is decided or changed behind a page that hides it. */
static void a_page_takes_no_decisions(void **state)
{
    static const char *const keys[] = {"a", "x", "U", "3", ".",   "t",   "v",
                                       ";", "u", ")", "R", "c k", "\" a"};
    static const char *const kit_keys[] = {"n", "F", "X", "!", "]", "L", "P", ">"};
    ui_rig_keys(&rig, "] a");
    uint64_t before = session_version(rig.session).state;
    snprintf(rig.app.page.text, sizeof rig.app.page.text, "what would be written\n");
    for (size_t i = 0; i < sizeof keys / sizeof *keys; i++) {
        rig.app.page.open = true;
        ui_rig_keys(&rig, keys[i]);
        assert_true(ui_rig_said(&rig, "q leaves this page first"));
        assert_true(rig.app.page.open);
    }
    assert_false(rig.app.library.range || rig.app.library.on_tagged);
    ui_rig_keys(&rig, "q K");
    for (size_t i = 0; i < sizeof kit_keys / sizeof *kit_keys; i++) {
        rig.app.page.open = true;
        ui_rig_keys(&rig, kit_keys[i]);
        assert_true(rig.app.page.open);
    }
    assert_int_equal(session_version(rig.session).state, before);
    ui_rig_keys(&rig, "q q");
    assert_false(rig.app.page.open);
    rig.app.page.open = true; /* where it leads elsewhere it does */
    ui_rig_keys(&rig, "K");
    assert_int_equal(rig.app.screen, SCREEN_KIT);
    rig.app.page.open = false;
    ui_rig_keys(&rig, "q");
    ui_rig_keys(&rig, "x");
    assert_true(session_version(rig.session).state != before);
}

/* In the dry run a name with blanks is not torn where a row of its own has room for it.
 */
static void names_on_a_page_stay_together(void **state)
{
    snprintf(
        rig.app.page.text, sizeof rig.app.page.text,
        "  SD  SD_a_kit_124382   a kit 124382__cubix__8bit-snare_drum_001_snare.wav\n"
        "wanted: 434 of 400 files, 947.8 of 600 s, 966 of 408 sectors; 196 left out\n");
    rig.app.page.open = true;
    assert_true(ui_rig_shows_at(&rig, 24, 80, "  SD  SD_a_kit_124382    "));
    assert_true(ui_rig_shows_at(
        &rig, 24, 80, "     a kit 124382__cubix__8bit-snare_drum_001_snare.wav "));
    assert_true(ui_rig_shows_at(&rig, 24, 80, "966 of 408 sectors; 196 "));
    assert_true(ui_rig_shows_at(&rig, 24, 112, "SD_a_kit_124382   a kit 124382__cubix"));
}

/* `;` is for what does something to many; nothing is done to one instead, and nothing
 * is left armed. */
static void the_tagged_are_meant_or_nothing_is(void **state)
{
    const struct session_tallies *t = session_tallies(rig.session);
    struct library_state *l = &rig.app.library;
    ui_rig_keys(&rig, "] ;");
    assert_true(ui_rig_said(&rig, "nothing is tagged; t tags, T by expression"));
    static const char *const typed_on[] = {"x", "; t", "; c k", "; \" e"};
    uint64_t untouched = session_version(rig.session).state;
    for (size_t i = 0; i < sizeof typed_on / sizeof *typed_on; i++) {
        ui_rig_keys(&rig, typed_on[i]); /* nor is the find under the cursor meant */
        assert_true(ui_rig_said(&rig, "nothing is tagged"));
        assert_int_equal(session_version(rig.session).state, untouched);
        assert_false(l->on_tagged);
    }
    ui_rig_keys(&rig, "t t t ;");
    assert_true(l->on_tagged);
    ui_rig_keys(&rig, "t"); /* all of them are tagged: that is taken off */
    assert_int_equal(t->tagged, 0);
    assert_false(l->on_tagged);
    ui_rig_keys(&rig, "u");
    assert_int_equal(t->tagged, 3);
    for (const char *key = "()<>R"; *key; key++)
        for (int range = 0; range < 2; range++) {
            uint64_t before = session_version(rig.session).state;
            FREED const char *keys = text_of("%s %c", range ? "v k" : ";", *key);
            ui_rig_keys(&rig, keys);
            assert_true(
                ui_rig_said(&rig, "loops and edges are moved one find at a time"));
            assert_int_equal(session_version(rig.session).state, before);
            assert_false(l->on_tagged || l->range);
        }
    ui_rig_keys(&rig, "; \" a");
    assert_true(ui_rig_said(&rig, "a slot takes one find, not 3"));
    assert_int_equal(session_kit(rig.session)->slot[0].id, 0);
    assert_false(l->on_tagged);
    ui_rig_keys(&rig, "; :");
    ui_rig_type(&rig, "untag");
    ui_rig_keys(&rig, "Enter");
    assert_int_equal(t->tagged, 0);
    assert_false(l->on_tagged);
    l->on_tagged = true; /* the last tag may go elsewhere, too */
    uint64_t before = session_version(rig.session).state;
    ui_rig_keys(&rig, "a");
    assert_true(ui_rig_said(&rig, "nothing is tagged"));
    assert_int_equal(session_version(rig.session).state, before);
    assert_false(l->on_tagged);
}

static void stacks_and_ranges_move_on(void **state)
{
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
    ui_rig_keys(&rig, "gg v G"); /* a range is thinned as a whole, and then over */
    ui_rig_keys(&rig, "Z");
    assert_non_null(strstr(rig.app.echo, "kept the best of "));
    assert_false(rig.app.library.range);
    ui_rig_keys(&rig, "; Z");
    assert_non_null(strstr(rig.app.echo, "nothing is tagged"));
}

/* The meter counts what the export takes: slots, extras, and what is accepted. */
static void the_meter_counts_what_is_exported(void **state)
{
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
    ui_rig_keys(&rig, "s \" j"); /* on a slot more it is a sample more */
    struct budget more;
    kit_budget(&rig.app, &more);
    const struct kit_slot *slot = session_kit(rig.session)->slot;
    assert_int_equal(slot[1].index, slot[6].index);
    int before = more.files;
    ui_rig_keys(&rig, "j X");
    kit_budget(&rig.app, &more);
    assert_int_equal(more.files, before - 1);
    assert_int_equal(session_find(rig.session, (size_t)slot[1].index)->slot, 1);
}

/* A length that a manifest tells costs what the export counts: whole sectors, though it
 * was rounded to a microsecond; and whatever it claims, the meter holds. */
static void the_meter_counts_as_the_export_does(void **state)
{
    struct err e;
    struct budget b;
    struct catalog_source src = {
        .stem = "long", .path = "long.flac", .rate_hz = 44100, .frames = 441000};
    static const double lengths[] = {8.916463 /* 6 × 65536 frames */, 1e300};
    for (int i = 0; i < 2; i++) {
        struct candidate c;
        candidate_clear(&c);
        c.kind = KIND_PAD;
        c.m.duration_sec = lengths[i];
        c.m.channels = 1;
        c.saved = true;
        snprintf(c.source, sizeof c.source, "long");
        snprintf(c.filename, sizeof c.filename, "long_pad%02d.wav", i);
        assert_int_equal(session_add(rig.session, &src, &c, 1, NULL, &e), ST_OK);
        size_t at = session_count(rig.session) - 1;
        assert_int_equal(session_decide(rig.session, &at, 1, DECISION_ACCEPTED, &e),
                         ST_OK);
        const struct target *t = kit_budget(&rig.app, &b);
        assert_int_equal(b.files, i + 1);
        assert_int_equal(b.sectors,
                         i == 0 ? 6
                                : 6 + budget_sectors(t, budget_frames(t, lengths[i]), 1));
        assert_true(b.seconds > 0);
    }
}

/* Twice the memory goes to what is stereo and stays so, not to what is mono as mined. */
static void only_stereo_finds_count_twice(void **state)
{
    struct err e;
    struct budget b[2];
    double length = 0;
    for (int stereo = 0; stereo < 2; stereo++) {
        struct candidate c;
        struct catalog_source src = {
            .stem = "wide", .path = "wide.flac", .rate_hz = 44100, .frames = 441000};
        candidate_clear(&c);
        c.kind = KIND_PAD;
        c.m.duration_sec = 3;
        c.m.channels = 1 + stereo;
        c.saved = true;
        snprintf(c.source, sizeof c.source, "wide");
        snprintf(c.filename, sizeof c.filename, "wide_pad%02d.wav", stereo);
        rig.config.export.pads_stereo = true;
        ui_rig_add(&rig, &src, &c, 1);
        size_t last = session_count(rig.session) - 1;
        session_decide(rig.session, &last, 1, DECISION_ACCEPTED, &e);
        kit_budget(&rig.app, &b[stereo]);
        assert_true(fabs(b[stereo].seconds - length - (stereo ? 6 : 3)) < 1e-3);
        length = b[stereo].seconds;
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        IN_RIG(deciding_moves_on, four_tapes),
        IN_RIG(messages_name_keys_of_ones_own, four_tapes),
        IN_RIG(every_key_of_the_help_means_something, four_tapes),
        IN_RIG(a_pattern_is_one_action, four_tapes),
        IN_RIG(stacks_and_ranges_move_on, four_tapes),
        IN_RIG(the_meter_counts_what_is_exported, four_tapes),
        IN_RIG(the_meter_counts_as_the_export_does, four_tapes),
        IN_RIG(only_stereo_finds_count_twice, four_tapes),
        IN_RIG(decisions_are_on_disk_at_once, four_tapes),
        IN_RIG(a_filter_never_dead_ends, four_tapes),
        IN_RIG(a_filter_in_vain_keeps_the_place, four_tapes),
        IN_RIG(a_shuffle_asks_what_filling_asks, four_tapes),
        IN_RIG(what_is_called_a_drum_is_one, four_tapes),
        IN_RIG(edges_stay_within_the_recording, four_tapes),
        IN_RIG(a_filter_leads_to_where_its_finds_are, four_tapes),
        IN_RIG(a_range_has_a_sign, four_tapes),
        IN_RIG(tags_ranges_and_repeat, four_tapes),
        IN_RIG(counts_move_and_digits_rate, four_tapes),
        IN_RIG(classes_stacks_and_loops_change, four_tapes),
        IN_RIG(undo_walks_back_a_thousand, four_tapes),
        IN_RIG(a_kit_is_filled_as_an_export_would, four_tapes),
        IN_RIG(a_kit_is_built_by_keys, four_tapes),
        IN_RIG(pasted_text_is_not_taken_for_keys, four_tapes),
        IN_RIG(a_text_too_long_for_the_line_is_told, four_tapes),
        IN_RIG(the_tagged_are_meant_or_nothing_is, four_tapes),
        IN_RIG(a_near_miss_that_is_taken_is_a_find, four_tapes),
        IN_RIG(a_page_takes_no_decisions, four_tapes),
        IN_RIG(names_on_a_page_stay_together, four_tapes),
    };
    return cmocka_run_group_tests_name("ui acts", tests, NULL, NULL);
}
