/* What was said of a sound goes with it when its recording is mined again and gives other
 * names. */
#include "checks.h"
#include "session_rig.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { RATE = 44100, MOST = 16 };

struct hit {
    const char *name;
    double start_s, length_s;
};

static size_t make_of(const char *tape, struct candidate *c,
                      struct catalog_source *source, const struct hit *hits)
{
    size_t n = 0;
    *source = (struct catalog_source){.rate_hz = RATE, .channels = 2};
    snprintf(source->stem, sizeof source->stem, "%s", tape);
    snprintf(source->path, sizeof source->path, "%s.wav", tape);
    for (; hits[n].name; n++) {
        candidate_clear(&c[n]);
        c[n].kind = strncmp(hits[n].name, "pad", 3) == 0 ? KIND_PAD : KIND_DRUM;
        snprintf(c[n].source, sizeof c[n].source, "%s", tape);
        snprintf(c[n].source_path, sizeof c[n].source_path, "%s.wav", tape);
        snprintf(c[n].filename, sizeof c[n].filename, "%s_%s.wav", tape, hits[n].name);
        c[n].start_frame = (int64_t)(hits[n].start_s * RATE);
        c[n].end_frame = c[n].start_frame + (int64_t)(hits[n].length_s * RATE);
        c[n].m.start_sec = hits[n].start_s;
        c[n].m.end_sec = hits[n].start_s + hits[n].length_s;
        c[n].source_rate_hz = RATE;
        c[n].m.score = 0.5;
        c[n].grade = 'A';
        c[n].saved = true;
    }
    return n;
}

static size_t make(struct candidate *c, struct catalog_source *source,
                   const struct hit *hits)
{
    return make_of("tape", c, source, hits);
}

/* As miners bring them: a few at a time, and then the last word. */
static void mine_of(struct session *s, const char *tape, const struct hit *hits)
{
    FREED struct candidate *c = calloc(MOST, sizeof *c);
    struct catalog_source source;
    size_t n = make_of(tape, c, &source, hits);
    for (size_t i = 0; i < n; i += 2)
        assert_int_equal(
            session_add(s, &source, c + i, n - i < 2 ? n - i : 2, NULL, NULL), ST_OK);
    assert_int_equal(session_keep_only(s, &source, c, n, NULL), ST_OK);
    session_announce(s);
    while (session_tidy(s))
        continue;
}

static void mine(struct session *s, const struct hit *hits)
{
    mine_of(s, "tape", hits);
}

static void publish(const struct place *p, const struct hit *hits)
{
    FREED struct candidate *c = calloc(MOST, sizeof *c);
    struct catalog_source source;
    struct catalog_content content = {
        .sources = &source, .source_count = 1, .candidates = c};
    FREED const char *path = text_of("%s/catalog.db", p->project);
    content.candidate_count = make(c, &source, hits);
    assert_int_equal(catalog_publish(path, &content, NULL), ST_OK);
}

static const struct find *called_of(struct session *s, const char *tape, const char *name)
{
    FREED const char *whole = text_of("%s_%s", tape, name);
    for (size_t i = 0; i < session_count(s); i++) {
        const struct find *f = session_find(s, i);
        if (!f->gone && strcmp(f->name, whole) == 0)
            return f;
    }
    fail_msg("there is no %s", name);
    return NULL;
}

static const struct find *called(struct session *s, const char *name)
{
    return called_of(s, "tape", name);
}

static size_t index_of(struct session *s, const char *name)
{
    return (size_t)session_index_of(s, called(s, name)->id);
}

static void decide(struct session *s, const char *name, enum decision d)
{
    size_t at = index_of(s, name);
    assert_int_equal(session_decide(s, &at, 1, d, NULL), ST_OK);
}

static const struct hit before[] = {
    {"drum_001_kick", 1, 0.2},  {"drum_002_snare", 2, 0.2},
    {"drum_003_kick", 3, 0.2},  {"drum_004_hat", 4, 0.1},
    {"drum_005_snare", 5, 0.2}, {"pad01_dark", 1.5, 2},
    {"pad02_mid", 6, 2},        {NULL, 0, 0}};
/* Quiet ones are passed over now, and two are told otherwise. */
static const struct hit after[] = {{"drum_001_snare", 2, 0.35},
                                   {"drum_002_tom", 3, 0.2},
                                   {"drum_003_kick", 4.999, 0.2},
                                   {"pad01_dark", 6.2, 2},
                                   {NULL, 0, 0}};

static void say_things(struct session *s)
{
    decide(s, "drum_001_kick", DECISION_REJECTED);
    decide(s, "drum_002_snare", DECISION_ACCEPTED);
    decide(s, "drum_003_kick", DECISION_REJECTED);
    decide(s, "pad01_dark", DECISION_REJECTED);
    decide(s, "pad02_mid", DECISION_ACCEPTED);
    size_t three = index_of(s, "drum_003_kick"), five = index_of(s, "drum_005_snare");
    assert_int_equal(session_rate(s, &three, 1, 4, NULL), ST_OK);
    assert_int_equal(session_kit_assign(s, 1, (long)five, NULL), ST_OK);
    assert_int_equal(session_kit_extra(s, &three, 1, true, NULL), ST_OK);
}

static void assert_followed(struct session *s)
{
    assert_int_equal(called(s, "drum_001_snare")->decision, DECISION_ACCEPTED);
    assert_int_equal(called(s, "drum_002_tom")->decision, DECISION_REJECTED);
    assert_int_equal(called(s, "drum_002_tom")->rating, 4);
    assert_int_equal(called(s, "drum_003_kick")->decision, DECISION_NONE);
    assert_int_equal(called(s, "drum_003_kick")->rating, 0);
    assert_int_equal(called(s, "pad01_dark")->decision, DECISION_ACCEPTED);
    assert_true(session_kit(s)->slot[1].id == called(s, "drum_003_kick")->id);
    assert_int_equal(session_kit(s)->extra_count, 1);
    assert_true(session_find(s, session_kit(s)->extra[0])->id ==
                called(s, "drum_002_tom")->id);
    assert_tallies_true(s);
}

static void words_follow_their_sounds(void **state)
{
    OWN(session) *s = open_session(*state);
    mine(s, before);
    say_things(s);
    mine(s, after);
    assert_followed(s);
    session_close(s);
    s = open_session(*state); /* and on the disk */
    assert_followed(s);
    /* it is one action, and can be taken back */
    assert_int_equal(session_undo(s, NULL, NULL), ST_OK);
    assert_non_null(strstr(session_echo(s), "moved with the sounds"));
    assert_int_equal(called(s, "drum_001_snare")->decision, DECISION_NONE);
    assert_int_equal(session_redo(s, NULL, NULL), ST_OK);
    assert_followed(s);
    /* with the settings as they were all is as it was, also what was not there */
    mine(s, before);
    assert_int_equal(called(s, "drum_001_kick")->decision, DECISION_REJECTED);
    assert_int_equal(called(s, "drum_002_snare")->decision, DECISION_ACCEPTED);
    assert_int_equal(called(s, "drum_003_kick")->decision, DECISION_REJECTED);
    assert_int_equal(called(s, "drum_003_kick")->rating, 4);
    assert_int_equal(called(s, "drum_004_hat")->decision, DECISION_NONE);
    assert_int_equal(called(s, "drum_005_snare")->decision, DECISION_NONE);
    assert_int_equal(called(s, "pad01_dark")->decision, DECISION_REJECTED);
    assert_int_equal(called(s, "pad02_mid")->decision, DECISION_ACCEPTED);
    assert_true(session_kit(s)->slot[1].id == called(s, "drum_005_snare")->id);
    assert_tallies_true(s);
}

/* While one recording is mined again something is said of another: undo takes that back,
 * and what moved stays with its sounds. */
static void undo_is_of_what_the_user_did(void **state)
{
    OWN(session) *s = open_session(*state);
    mine(s, before);
    mine_of(s, "reel", before);
    size_t at = (size_t)session_index_of(s, called_of(s, "reel", "pad02_mid")->id);
    assert_int_equal(session_decide(s, &at, 1, DECISION_ACCEPTED, NULL), ST_OK);
    say_things(s);
    at = (size_t)session_index_of(s, called_of(s, "reel", "pad01_dark")->id);
    assert_int_equal(session_decide(s, &at, 1, DECISION_REJECTED, NULL), ST_OK);
    assert_int_equal(session_kit_tempo(s, 99, NULL), ST_OK);
    mine(s, after);
    for (int again = 0; again < 2; again++) { /* and as the next session knows it */
        assert_followed(s);
        assert_int_equal(session_undo(s, NULL, NULL), ST_OK);
        assert_non_null(strstr(session_echo(s), again ? "reel_pad01_dark" : "tempo"));
        assert_followed(s);
        session_close(s);
        s = open_session(*state);
    }
    assert_int_equal(called_of(s, "reel", "pad01_dark")->decision, DECISION_NONE);
    assert_int_equal(session_redo(s, NULL, NULL), ST_OK);
    assert_int_equal(called_of(s, "reel", "pad01_dark")->decision, DECISION_REJECTED);
    assert_int_equal(session_undo(s, NULL, NULL), ST_OK);
    /* of what was said before its sounds moved, the moving goes first */
    assert_int_equal(session_undo(s, NULL, NULL), ST_OK);
    assert_non_null(strstr(session_echo(s), "moved with the sounds"));
    assert_int_equal(session_undo(s, NULL, NULL), ST_OK);
    assert_null(strstr(session_echo(s), "moved with"));
    mine_of(s, "reel", after); /* the other one moves meanwhile: all can be done again */
    session_close(s);
    s = open_session(*state);
    assert_int_equal(session_redo(s, NULL, NULL), ST_OK);
    assert_int_equal(session_redo(s, NULL, NULL), ST_OK);
    assert_followed(s);
    /* but not what was said under a name that another sound has now */
    assert_int_equal(session_redo(s, NULL, NULL), ST_NOTHING);
}

/* The same by a batch run, beside an open workstation. */
static void a_run_elsewhere_does_the_same(void **state)
{
    OWN(session) *s = open_session(*state);
    mine(s, before);
    say_things(s);
    publish(*state, after);
    assert_true(take_news(s));
    session_announce(s);
    assert_followed(s);
    session_close(s);
    s = open_session(*state);
    assert_followed(s);
    session_close(s);
    publish(*state, before);
    s = open_session(*state);
    assert_int_equal(called(s, "pad01_dark")->decision, DECISION_REJECTED);
    assert_int_equal(called(s, "drum_003_kick")->rating, 4);
}

/* The same names at the same places: nothing is moved, nothing stands in the history. */
static void what_stays_is_left_alone(void **state)
{
    OWN(session) *s = open_session(*state);
    mine(s, before);
    say_things(s);
    mine(s, before);
    assert_int_equal(session_undo(s, NULL, NULL), ST_OK);
    assert_null(strstr(session_echo(s), "moved with"));
    /* what was said of one that is mined no more waits for it */
    static const struct hit fewer[] = {{"drum_002_snare", 2, 0.2}, {NULL, 0, 0}};
    mine(s, fewer);
    assert_int_equal(called(s, "drum_002_snare")->decision, DECISION_ACCEPTED);
    mine(s, before);
    assert_int_equal(called(s, "drum_003_kick")->rating, 4);
    assert_int_equal(called(s, "pad02_mid")->decision, DECISION_ACCEPTED);
    assert_tallies_true(s);
}

/* It is the same stretch where half of both together is common to them, on whichever side
 * the rest lies. */
static void half_of_both_is_the_same_stretch(void **state)
{
    static const struct hit was[] = {{"pad01_dark", 4, 2}, {NULL, 0, 0}};
    static const struct {
        struct hit now[2];
        enum decision decision;
    } cases[] = {
        {{{"pad01_mid", 2.1, 3.9}}, DECISION_ACCEPTED}, /* begins much earlier */
        {{{"pad01_mid", 4, 3.9}}, DECISION_ACCEPTED},
        {{{"pad01_mid", 1.9, 4.1}}, DECISION_NONE},   /* 2 of 4.1 s */
        {{{"pad01_mid", 4, 4.1}}, DECISION_ACCEPTED}, /* begins where it began */
        {{{"pad01_mid", 4.1, 4.1}}, DECISION_NONE},
        {{{"pad01_mid", 3.4, 2}}, DECISION_ACCEPTED}, /* 1.4 of 2.6 s */
        {{{"pad01_mid", 3.2, 2}}, DECISION_NONE},     /* 1.2 of 2.8 s */
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        const struct place *p = *state;
        OWN(session) *s = open_session(p);
        mine(s, was);
        decide(s, "pad01_dark", DECISION_ACCEPTED);
        mine(s, cases[i].now);
        assert_int_equal(called(s, "pad01_mid")->decision, cases[i].decision);
        folder_remove(p->project);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        IN_SESSION(words_follow_their_sounds),
        IN_SESSION(half_of_both_is_the_same_stretch),
        IN_SESSION(undo_is_of_what_the_user_did),
        IN_SESSION(a_run_elsewhere_does_the_same),
        IN_SESSION(what_stays_is_left_alone),
    };
    return cmocka_run_group_tests_name("follow", tests, NULL, NULL);
}
