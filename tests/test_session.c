/* The workstation's model: finds, actions, undo, views, the kit; all of it across
 * restarts and a kill -9. */
#include "checks.h"
#include "io/manifest.h"
#include "session_rig.h"

#include <math.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

static void test_finds_come_in_and_stay(void **state)
{
    struct place *p = *state;
    OWN(session) *s = open_session(p);
    assert_string_equal(session_name(s), "TAPES");
    assert_int_equal(session_count(s), 0);
    deliver(s, "night", 20, true);
    deliver(s, "tape", 10, true);
    uint64_t finds = session_version(s).finds;
    assert_int_equal(session_count(s), 30);
    assert_int_equal(session_tallies(s)->near_misses, 6);
    assert_int_equal(session_tallies(s)->all.undecided, 24);
    assert_int_equal(session_source_count(s), 2);
    assert_string_equal(session_find(s, 3)->name, "night_drum003");
    size_t one = 3;
    assert_int_equal(session_decide(s, &one, 1, DECISION_ACCEPTED, NULL), ST_OK);
    /* mined again: the first five are no more, the decision stays */
    uint64_t id = session_find(s, 3)->id;
    deliver(s, "night", 12, true);
    assert_true(session_version(s).finds > finds);
    assert_int_equal(session_count(s), 30);
    assert_true(session_find(s, 15)->gone);
    assert_int_equal(session_index_of(s, id), 3);
    assert_int_equal(session_find(s, 3)->decision, DECISION_ACCEPTED);
    assert_tallies_true(s);
    char path[PATH_BYTES];
    assert_true(session_file(s, 3, path));
    FREED const char *expected = text_of("%s/night/drums/night_drum003.wav", p->project);
    assert_string_equal(path, expected);
    session_close(s);
    s = open_session(p);
    assert_int_equal(session_count(s), 22);
    long index = session_index_of(s, id);
    assert_int_equal(session_find(s, (size_t)index)->decision, DECISION_ACCEPTED);
    assert_tallies_true(s);
}

static void test_actions_and_echo(void **state)
{
    OWN(session) *s = open_session(*state);
    deliver(s, "night", 20, true);
    size_t one = 2, three[] = {0, 1, 2};
    session_decide(s, &one, 1, DECISION_REJECTED, NULL);
    assert_string_equal(session_echo(s), "rejected night_pad002 · {undo} undoes");
    session_decide(s, &one, 1, DECISION_REJECTED, NULL);
    assert_string_equal(session_echo(s), "already rejected night_pad002");
    assert_int_equal(catalog_event_count(session_catalog(s)), 1);
    session_decide(s, three, 3, DECISION_REJECTED, NULL);
    assert_string_equal(session_echo(s), "rejected 2 of 3 finds · {undo} undoes");
    assert_int_equal(session_undo(s, NULL, NULL), ST_OK);
    assert_string_equal(session_echo(s), "undone: rejected 2 of 3 finds · {redo} redoes");
    assert_int_equal(session_redo(s, NULL, NULL), ST_OK);
    session_decide(s, three, 3, DECISION_REJECTED, NULL);
    assert_string_equal(session_echo(s), "already rejected 3 finds");
    session_rate(s, three, 3, 4, NULL);
    assert_string_equal(session_echo(s), "rated 4: 3 finds · {undo} undoes");
    size_t five = 5;
    assert_int_equal(session_repeat(s, &five, 1, NULL), ST_OK);
    assert_int_equal(session_find(s, 5)->rating, 4);
    session_set_category(s, &one, 1, CAT_SWELLS, NULL);
    session_set_class(s, &five, 1, "rim", NULL);
    session_set_span(s, 5, FIELD_EDGES, 44100, 88200, NULL);
    size_t seven = 7; /* the class is repeated, not what belongs to one find */
    assert_int_equal(session_repeat(s, &seven, 1, NULL), ST_OK);
    assert_string_equal(session_find(s, 7)->hit_class, "rim");
    assert_false(session_find(s, 7)->edited);
    session_undo(s, NULL, NULL);
    assert_int_equal(session_find(s, 2)->category, CAT_SWELLS);
    assert_string_equal(session_find(s, 5)->hit_class, "rim");
    assert_true(session_find(s, 5)->edited &&
                session_measure(s, session_find(s, 5), ME_end_sec) == 2.0);
    assert_int_equal(session_tallies(s)->category[CAT_SWELLS].rejected, 1);
    long touched;
    session_undo(s, &touched, NULL);
    assert_int_equal(touched, 5);
    assert_false(session_find(s, 5)->edited);
    assert_string_equal(session_echo(s),
                        "undone: edges moved: night_drum005 · {redo} redoes");
    session_undo(s, NULL, NULL);
    session_undo(s, NULL, NULL);
    assert_string_equal(session_find(s, 5)->hit_class, "");
    assert_int_equal(session_find(s, 2)->category, CAT_PADS);
    session_redo(s, &touched, NULL);
    assert_int_equal(session_find(s, 2)->category, CAT_SWELLS);
    while (session_undo(s, NULL, NULL) == ST_OK)
        ;
    assert_string_equal(session_echo(s), "nothing to undo");
    assert_int_equal(session_tallies(s)->all.undecided, 16);
    assert_tallies_true(s);
    struct err e = {0};
    assert_int_equal(session_rate(s, &one, 1, 9, &e), ST_USAGE);
    assert_int_equal(session_find(s, 2)->rating, 0);
}

/* A name is kept whole, or it is told that it is not. */
static void check_kit_names(struct session *s)
{
    static const char *const refused[] = {"a/b", "..", ".hidden", ""};
    char name[KIT_NAME_BYTES + 1];
    struct err e;
    for (size_t i = 0; i < sizeof name - 1; i += 2)
        memcpy(name + i, "\xc3\xbc", 2);
    name[KIT_NAME_BYTES] = '\0';
    assert_int_equal(session_kit_name(s, name, &e), ST_REFUSED);
    assert_string_equal(e.msg, "the kit name is longer than 127 bytes");
    assert_string_equal(session_kit(s)->name, "NIGHTBUS");
    name[KIT_NAME_BYTES - 2] = '\0';
    assert_int_equal(session_kit_name(s, name, &e), ST_OK);
    assert_string_equal(session_kit(s)->name, name);
    assert_non_null(strstr(session_echo(s), name));
    for (size_t i = 0; i < sizeof refused / sizeof *refused; i++)
        assert_int_equal(session_kit_name(s, refused[i], &e), ST_REFUSED);
    assert_string_equal(session_kit(s)->name, name);
}

static void test_kit(void **state)
{
    struct place *p = *state;
    OWN(session) *s = open_session(p);
    deliver(s, "night", 20, true);
    assert_int_equal(session_kit_assign(s, 0, 1, NULL), ST_OK);
    assert_string_equal(session_echo(s), "BD plays night_drum001 · {undo} undoes");
    session_kit_assign(s, 1, 3, NULL);
    session_kit_lock(s, 1, true, NULL);
    session_kit_trim(s, 1, -3.5, NULL);
    session_kit_steps(s, 1, 0x1010, NULL);
    session_kit_tempo(s, 124.5, NULL);
    session_kit_name(s, "NIGHTBUS", NULL);
    check_kit_names(s);
    session_kit_name(s, "NIGHTBUS", NULL);
    size_t extras[] = {2, 0};
    session_kit_extra(s, extras, 2, true, NULL);
    long all[KIT_SLOTS];
    for (int i = 0; i < KIT_SLOTS; i++)
        all[i] = i < 3 ? 5 + 2 * i : -2;
    session_kit_assign_all(s, all, "shuffled", NULL);
    session_close(s);
    s = open_session(p);
    const struct kit_state *k = session_kit(s);
    assert_int_equal(k->slot[0].index, 5);
    assert_int_equal(k->slot[1].index, 3); /* locked */
    assert_int_equal(k->slot[2].index, 9);
    assert_int_equal(k->slot[3].index, -1);
    assert_true(k->slot[1].locked && k->slot[1].steps == 0x1010);
    assert_true(k->slot[1].trim_db == -3.5 && k->tempo_bpm == 124.5);
    assert_string_equal(k->name, "NIGHTBUS");
    assert_int_equal(k->extra_count, 2);
    assert_true(k->extra[0] == 2 && k->extra[1] == 0);
    assert_true(session_find(s, 5)->slot == 0 && session_find(s, 1)->slot == -1);
    session_undo(s, NULL, NULL);
    assert_int_equal(session_kit(s)->slot[0].index, 1);
    session_undo(s, NULL, NULL);
    assert_int_equal(session_kit(s)->extra_count, 0);
    assert_int_equal(session_kit_assign(s, 11, 1, NULL), ST_USAGE);
    /* what a kit plays may be mined away and come back */
    deliver(s, "night", 1, true);
    assert_int_equal(session_kit(s)->slot[0].index, -1);
    deliver(s, "night", 20, true);
    assert_int_equal(session_kit(s)->slot[0].index, 1);
}

static bool suits_a_slot(const struct session *s, uint32_t find)
{
    FREED struct slot_matches *m = calloc(KIT_SLOTS, sizeof *m);
    bool found = false;
    assert_non_null(m);
    session_slot_matches(s, target_find("tr8s"), m);
    for (int slot = 0; slot < KIT_SLOTS; slot++)
        for (size_t i = 0; i < m[slot].count; i++)
            found = found || m[slot].find[i] == find;
    return found;
}

/* A near-miss that you accept can go into a kit as it is; what you reject cannot. */
static void test_accepted_near_misses_suit_slots(void **state)
{
    OWN(session) *s = open_session(*state);
    deliver(s, "night", 20, true);
    size_t near = 0, kick = 0;
    for (size_t i = 0; i < session_count(s); i++) {
        const struct find *f = session_find(s, i);
        if (f->kind == KIND_DRUM && f->grade == 'A')
            *(f->near_miss ? &near : &kick) = i;
    }
    session_set_class(s, (size_t[]){near, kick}, 2, "kick", NULL);
    assert_false(suits_a_slot(s, (uint32_t)near));
    assert_true(suits_a_slot(s, (uint32_t)kick));
    session_decide(s, &near, 1, DECISION_ACCEPTED, NULL);
    session_decide(s, &kick, 1, DECISION_REJECTED, NULL);
    assert_true(suits_a_slot(s, (uint32_t)near));
    assert_false(suits_a_slot(s, (uint32_t)kick));
}

/* What the best match of a slot is worth. */
static double best_worth(const struct session *s, const char *slot)
{
    FREED struct slot_matches *m = calloc(KIT_SLOTS, sizeof *m);
    assert_non_null(m);
    session_slot_matches(s, target_find("tr8s"), m);
    return m[target_slot(target_find("tr8s"), slot)].value[0];
}

/* All that an export looks at counts here, too: the parts of a hit's score. */
static void test_a_match_is_worth_what_an_export_says(void **state)
{
    OWN(session) *s = open_session(*state);
    struct catalog_source source;
    double ratio = 1, plain = 1;
    for (int part = -1; part < KIT_PARTS; part++) {
        FREED float *v;
        FREED struct candidate *c = make_finds("night", 2, &source, &v);
        c[1].m.hit_confidence = 0.9;
        c[1].m.duration_sec = 0.3;
        snprintf(c[1].hit_class, sizeof c[1].hit_class, "kick");
        if (part >= 0)
            parts_add(&c[1].parts, kit_parts[part], 0.05);
        assert_int_equal(session_add(s, &source, c, 2, v, NULL), ST_OK);
        double worth = kit_worth(&c[1], CAT_DRUMS), now = best_worth(s, "BD") / worth;
        plain = part < 0 ? worth : plain;
        ratio = part < 0 ? now : ratio;
        assert_true(fabs(now - ratio) < 1e-6);
        assert_true(plain > 0 && (part < 0 || worth < 0.8 * plain));
    }
}

/* A remark that has no room loses nothing: none of it is taken. */
static void test_a_note_is_kept_whole(void **state)
{
    OWN(session) *s = open_session(*state);
    char kept[EVENT_VALUE_BYTES];
    struct err e;
    char note[EVENT_VALUE_BYTES + 1];
    deliver(s, "night", 3, true);
    memset(note, 'x', sizeof note);
    note[EVENT_VALUE_BYTES] = '\0';
    assert_int_equal(session_set_note(s, 1, note, &e), ST_USAGE);
    assert_string_equal(e.msg, "the note is too long by 1 bytes");
    assert_int_equal(catalog_event_count(session_catalog(s)), 0);
    note[EVENT_VALUE_BYTES - 1] = '\0';
    assert_int_equal(session_set_note(s, 1, note, &e), ST_OK);
    assert_int_equal(catalog_value(session_catalog(s), FIELD_NOTE, session_find(s, 1)->id,
                                   "", kept, &e),
                     ST_OK);
    assert_string_equal(kept, note);
}

/* What the machine takes for a note is a drum when the user names it one. */
static void test_a_named_hit_is_sure(void **state)
{
    enum { ALL = 6, NAMED = 4 };
    OWN(session) *s = open_session(*state);
    struct catalog_source source;
    FREED float *v;
    FREED struct candidate *c = make_finds("night", ALL, &source, &v);
    for (int i = 0; i < ALL; i++) {
        c[i].kind = KIND_DRUM;
        c[i].grade = 'A';
        c[i].cluster = 0;
        c[i].m.duration_sec = 0.3;
        c[i].m.hit_confidence = 0.05;
        c[i].missed_by[0] = '\0';
        snprintf(c[i].hit_class, sizeof c[i].hit_class, "snare");
    }
    assert_int_equal(session_add(s, &source, c, ALL, v, NULL), ST_OK);
    session_announce(s);
    double before = best_worth(s, "SD");
    size_t named = NAMED;
    session_set_class(s, &named, 1, "snare", NULL);
    assert_true(session_measure(s, session_find(s, named), ME_hit_confidence) == 1);
    assert_true(best_worth(s, "SD") > 4 * before);
    session_undo(s, NULL, NULL);
    assert_true(fabs(session_measure(s, session_find(s, named), ME_hit_confidence) -
                     0.05) < 1e-6);
    assert_true(fabs(best_worth(s, "SD") - before) < 1e-9);
}

/* As many as the machine takes beside the slots, and not one more. */
static void test_extras_end_somewhere(void **state)
{
    enum { MANY = KIT_EXTRAS_MAX + 11 };
    OWN(session) *s = open_session(*state);
    deliver(s, "night", MANY, true);
    size_t all[MANY], last = MANY - 1, first = 0;
    for (size_t i = 0; i < MANY; i++)
        all[i] = i;
    assert_int_equal(session_kit_extra(s, all, MANY, true, NULL), ST_OK);
    assert_int_equal(session_kit(s)->extra_count, KIT_EXTRAS_MAX);
    size_t in = 0;
    for (size_t i = 0; i < MANY; i++)
        in += session_find(s, i)->extra > 0;
    assert_int_equal(in, KIT_EXTRAS_MAX);
    session_kit_extra(s, &last, 1, true, NULL);
    assert_int_equal(session_find(s, last)->extra, 0);
    session_kit_extra(s, &first, 1, false, NULL);
    session_kit_extra(s, &last, 1, true, NULL);
    assert_int_equal(session_kit(s)->extra_count, KIT_EXTRAS_MAX);
    assert_int_equal(session_kit(s)->extra[KIT_EXTRAS_MAX - 1], last);
}

/* Mined again, a recording may have fewer finds: what is gone is in no kit. */
static void test_extras_that_are_gone(void **state)
{
    OWN(session) *s = open_session(*state);
    deliver(s, "night", 12, true);
    size_t extras[] = {10, 2};
    session_kit_extra(s, extras, 2, true, NULL);
    assert_int_equal(session_kit(s)->extra_count, 2);
    deliver(s, "night", 6, true);
    assert_true(session_find(s, 10)->gone);
    session_kit_name(s, "AGAIN", NULL);
    assert_int_equal(session_kit(s)->extra_count, 1);
    assert_int_equal(session_kit(s)->extra[0], 2);
    /* and what comes back is in it again, the last one too */
    deliver(s, "night", 2, true);
    session_kit_name(s, "NONE", NULL);
    assert_int_equal(session_kit(s)->extra_count, 0);
    deliver(s, "night", 12, true);
    session_kit_name(s, "BOTH", NULL);
    assert_int_equal(session_kit(s)->extra_count, 2);
    assert_true(session_kit(s)->extra[0] == 10 && session_kit(s)->extra[1] == 2);
}

static void test_kill_in_a_session(void **state)
{
    struct place *p = *state;
    OWN(session) *s = open_session(p);
    deliver(s, "night", 50, true);
    session_close(s);
    int ends[2];
    assert_int_equal(pipe(ends), 0);
    pid_t child = fork();
    assert_true(child >= 0);
    if (child == 0) {
        if (session_open(&s, p->project, NULL) != ST_OK)
            _exit(1);
        for (size_t i = 0; i < 50; i++) {
            unsigned char told = (unsigned char)i;
            if (session_decide(s, &i, 1, DECISION_REJECTED, NULL) != ST_OK ||
                write(ends[1], &told, 1) != 1)
                _exit(1);
        }
        pause();
    }
    close(ends[1]);
    unsigned char told = 0;
    for (int heard = 0; heard < 17 && read(ends[0], &told, 1) == 1; heard++)
        ;
    kill(child, SIGKILL);
    while (read(ends[0], &told, 1) == 1)
        ;
    close(ends[0]);
    assert_int_equal(waitpid(child, NULL, 0), child);
    assert_true(told >= 16);
    s = open_session(p);
    assert_true(session_tallies(s)->all.rejected + 10 >= told + 1u);
    for (size_t i = 0; i <= told; i++)
        assert_int_equal(session_find(s, i)->decision, DECISION_REJECTED);
    assert_int_equal(session_undo(s, NULL, NULL), ST_OK);
}

static size_t proposed(const struct session *s)
{
    size_t n = 0;
    for (size_t i = 0; i < session_count(s); i++)
        n += session_find(s, i)->picked;
    return n;
}

/* A proposal of the best is taken back and done again like a decision, also after a
 * restart; the next one takes its place. */
static void test_a_proposal_is_undone(void **state)
{
    const struct place *p = *state;
    OWN(session) *s = open_session(p);
    deliver(s, "night", 60, true); /* pads and drums */
    size_t one = 3;
    session_rate(s, &one, 1, 5, NULL);
    assert_int_equal(pick_best(s, 2, NULL), ST_OK);
    assert_string_equal(session_echo(s),
                        "proposed the best 2 of each category, 4 finds · {undo} undoes");
    assert_int_equal(proposed(s), 4);
    assert_int_equal(session_tallies(s)->best_of, 4);
    assert_int_equal(pick_best(s, 2, NULL), ST_OK);
    assert_string_equal(session_echo(s),
                        "already proposed the best 2 of each category, 4 finds");
    assert_int_equal(pick_best(s, 1, NULL), ST_OK);
    assert_int_equal(proposed(s), 2);
    session_close(s);
    s = open_session(p); /* it holds, and so does the way back */
    assert_int_equal(proposed(s), 2);
    assert_int_equal(session_undo(s, NULL, NULL), ST_OK);
    assert_int_equal(proposed(s), 4);
    assert_int_equal(session_undo(s, NULL, NULL), ST_OK);
    assert_int_equal(proposed(s), 0);
    assert_int_equal(session_tallies(s)->best_of, 0);
    assert_string_equal(
        session_echo(s),
        "undone: proposed the best 2 of each category, 4 finds · {redo} redoes");
    assert_int_equal(session_find(s, one)->rating, 5);
    assert_int_equal(session_redo(s, NULL, NULL), ST_OK);
    assert_int_equal(session_redo(s, NULL, NULL), ST_OK);
    assert_int_equal(proposed(s), 2);
    assert_tallies_true(s);
}

/* The manifest of a best_of folder as curate leaves it: `n` of the 60 finds from the
 * first on, which was cut anew. */
static void put_set(const struct place *p, size_t first, size_t n)
{
    char best[FOLDER_BYTES];
    struct catalog_source source;
    OWN(root) r;
    FREED float *vectors;
    FREED struct candidate *c = make_finds("night", 60, &source, &vectors);
    char *name = c[first].filename;
    strcpy(name + strlen(name) - 4, "_edit.wav");
    folder_path(best, p->project, "best_of");
    assert_int_equal(root_open(&r, best, true, NULL), ST_OK);
    assert_int_equal(
        manifest_write(&r, "manifest.csv", c + first, n, MANIFEST_PLAIN, NULL), ST_OK);
}

static size_t in_best_of(struct session *s)
{
    struct view *v;
    assert_int_equal(view_new(&v, s, NULL), ST_OK);
    view_set_scope(v, SCOPE_BEST_OF);
    size_t n = view_count(v);
    view_free(v);
    assert_int_equal(session_tallies(s)->best_of, n);
    assert_tallies_true(s);
    return n;
}

/* Whoever opens what `--batch all` made finds its picks under best of, as they would find
 * a proposal, which takes their place; nothing is written for that. */
static void test_what_curate_picked_is_the_best_of(void **state)
{
    const struct place *p = *state;
    OWN(session) *s = open_session(p);
    struct view *v;
    deliver(s, "night", 60, true);
    assert_int_equal(in_best_of(s), 0);
    session_close(s);
    put_set(p, 10, 3);
    s = open_session(p);
    size_t events = catalog_event_count(session_catalog(s));
    assert_false(take_news(s));
    assert_int_equal(in_best_of(s), 3);
    assert_int_equal(view_new(&v, s, NULL), ST_OK);
    assert_int_equal(view_set_filter(v, "is:best", NULL), ST_OK);
    assert_int_equal(view_count(v), 3);
    view_set_filter(v, "", NULL);
    view_set_scope(v, SCOPE_BEST_OF);
    put_set(p, 10, 5); /* curate runs beside the workstation: 14 is a near-miss */
    assert_true(take_news(s));
    assert_false(take_news(s));
    assert_int_equal(in_best_of(s), 5);
    assert_int_equal(view_count(v), 5);
    size_t one = 12;
    assert_int_equal(session_decide(s, &one, 1, DECISION_REJECTED, NULL), ST_OK);
    assert_int_equal(in_best_of(s), 4);
    assert_int_equal(pick_best(s, 1, NULL), ST_OK);
    assert_int_equal(in_best_of(s), 2);
    assert_int_equal(view_count(v), 2);
    session_undo(s, NULL, NULL);
    assert_int_equal(in_best_of(s), 4);
    assert_int_equal(view_count(v), 4);
    session_undo(s, NULL, NULL);
    assert_int_equal(in_best_of(s), 5);
    view_free(v);
    session_close(s);
    folder_write(p->project, "best_of/manifest.csv", "filename\r\n", 10); /* damaged */
    s = open_session(p);
    assert_int_equal(in_best_of(s), 0);
    assert_int_equal(events, 0);
}

/* What is said while another thread chooses holds; the kit has its drums as curate gives
 * them, more than are asked for. */
static void test_what_is_said_meanwhile_holds(void **state)
{
    const struct place *p = *state;
    const struct target *machine = target_find("tr8s");
    OWN(session) *s = open_session(p);
    deliver(s, "night", 300, true);
    assert_int_equal(pick_best(s, 2, NULL), ST_OK);
    size_t plain = proposed(s);
    struct session_best *b = session_best_begin(s, 2, machine, 0.3);
    assert_int_equal(session_choose_best(b, NULL), ST_OK);
    assert_int_equal(proposed(s), plain); /* not before its end */
    size_t first = 0;
    while (!session_find(s, first)->picked)
        first++;
    assert_int_equal(session_decide(s, &first, 1, DECISION_REJECTED, NULL), ST_OK);
    assert_int_equal(session_best_end(s, b, ST_OK, NULL), ST_OK);
    assert_false(session_find(s, first)->picked);
    assert_int_equal(proposed(s), plain - 1 + (size_t)target_slots(machine) - 2);
    b = session_best_begin(s, 1, NULL, 0.3); /* what came to nothing changes nothing */
    assert_int_equal(session_best_end(s, b, ST_CANCELLED, NULL), ST_CANCELLED);
    assert_int_equal(proposed(s), plain - 1 + (size_t)target_slots(machine) - 2);
}

/* Without a vector there is no likeness, not one to everything. */
static void test_what_was_not_heard_is_like_nothing(void **state)
{
    enum { N = 10 };
    const struct place *p = *state;
    char db[FOLDER_BYTES + 64];
    struct catalog_source source;
    float *vectors, distance[N];
    FREED struct candidate *c = make_finds("unheard", N, &source, &vectors);
    struct err e;
    session_close(open_session(p));
    snprintf(db, sizeof db, "%s/catalog.db", p->project);
    struct catalog_content content = {
        .sources = &source, .source_count = 1, .candidates = c, .candidate_count = N};
    assert_int_equal(catalog_publish(db, &content, NULL), ST_OK);
    OWN(session) *s = open_session(p);
    assert_int_equal(session_distances(s, 3, NULL, distance, &e), ST_NOT_FOUND);
    assert_string_equal(e.msg, "it is not known how this find sounds");
    free(vectors);
}

/* The log is kept short from outside, while the session goes on. */
static void test_checkpoints_go_on_beside(void **state)
{
    const struct place *p = *state;
    OWN(session) *s = open_session(p);
    deliver(s, "tape", 400, true);
    bool wanted = false;
    for (int round = 0; round < 1000 && !wanted; round++) {
        deliver(s, "tape", 900, false);
        wanted = catalog_wants_checkpoint(session_catalog(s));
    }
    assert_true(wanted);
    /* once: a session that rests does not do it every second */
    assert_false(catalog_wants_checkpoint(session_catalog(s)));
    assert_int_equal(catalog_checkpoint(session_catalog_path(s), NULL), ST_OK);
    size_t first = 0;
    assert_int_equal(session_decide(s, &first, 1, DECISION_ACCEPTED, NULL), ST_OK);
    assert_false(catalog_wants_checkpoint(session_catalog(s))); /* the log begins anew */
    assert_false(take_news(s));                                 /* nobody else wrote */
    session_close(s);
    s = open_session(p);
    assert_int_equal(session_find(s, 0)->decision, DECISION_ACCEPTED);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        IN_SESSION(test_finds_come_in_and_stay),
        IN_SESSION(test_actions_and_echo),
        IN_SESSION(test_a_note_is_kept_whole),
        IN_SESSION(test_kit),
        IN_SESSION(test_accepted_near_misses_suit_slots),
        IN_SESSION(test_a_match_is_worth_what_an_export_says),
        IN_SESSION(test_a_named_hit_is_sure),
        IN_SESSION(test_extras_end_somewhere),
        IN_SESSION(test_extras_that_are_gone),
        IN_SESSION(test_kill_in_a_session),
        IN_SESSION(test_a_proposal_is_undone),
        IN_SESSION(test_what_curate_picked_is_the_best_of),
        IN_SESSION(test_what_is_said_meanwhile_holds),
        IN_SESSION(test_what_was_not_heard_is_like_nothing),
        IN_SESSION(test_checkpoints_go_on_beside),
    };
    return cmocka_run_group_tests_name("session", tests, NULL, NULL);
}
