#include "session_rig.h"
#include "checks.h"

#include <stdio.h>
#include <stdlib.h>

int session_rig_setup(void **state)
{
    struct place *p = calloc(1, sizeof *p);
    folder_make(p->folder);
    snprintf(p->project, sizeof p->project, "%s/export/TAPES", p->folder);
    *state = p;
    return 0;
}

struct session *open_session(const struct place *p)
{
    struct session *s;
    struct err e = {0};
    if (session_open(&s, p->project, &e) != ST_OK)
        fail_msg("%s", e.msg);
    return s;
}

struct candidate *make_finds(const char *stem, int n, struct catalog_source *source,
                             float **vectors)
{
    struct candidate *c = calloc((size_t)n + 1, sizeof *c);
    float *v = calloc(((size_t)n + 1) * SIMILARITY_DIM, sizeof *v);
    *source = (struct catalog_source){.rate_hz = 44100, .channels = 2};
    snprintf(source->stem, sizeof source->stem, "%s", stem);
    snprintf(source->path, sizeof source->path, "%s.wav", stem);
    for (int i = 0; i < n; i++) {
        candidate_clear(&c[i]);
        c[i].kind = i % 2 ? KIND_DRUM : KIND_PAD;
        snprintf(c[i].source, sizeof c[i].source, "%s", stem);
        snprintf(c[i].filename, sizeof c[i].filename, "%s_%s%03d.wav", stem,
                 kind_type(c[i].kind), i);
        c[i].m.score = 1.0 - i / 1000.0;
        c[i].m.duration_sec = 0.1 * (i % 13);
        c[i].m.rms_db = -10.0 - i % 7;
        if (i % 3 == 0)
            c[i].m.bpm = 100 + i;
        c[i].grade = "ABF"[i % 3];
        c[i].cluster = i % 2 ? i / 6 + 1 : 0;
        c[i].saved = true;
        c[i].source_rate_hz = 44100;
        if (i % 5 == 4)
            snprintf(c[i].missed_by, sizeof c[i].missed_by, "level");
        for (int d = 0; d < SIMILARITY_DIM; d++)
            v[i * SIMILARITY_DIM + d] = (float)i / 10.0F;
    }
    *vectors = v;
    return c;
}

void deliver(struct session *s, const char *stem, int n, bool replace)
{
    struct catalog_source source;
    float *v;
    FREED struct candidate *c = make_finds(stem, n, &source, &v);
    struct err e = {0};
    if (session_add(s, &source, c, (size_t)n, v, &e) != ST_OK ||
        (replace && session_keep_only(s, &source, c, (size_t)n, &e) != ST_OK))
        fail_msg("%s", e.msg);
    while (session_tidy(s))
        continue;
    session_announce(s);
    free(v);
}

bool take_news(struct session *s)
{
    while (session_tidy(s))
        continue;
    struct session_news *news = session_reread_begin(s);
    if (news == NULL)
        return false;
    if (session_reread(news, NULL) != ST_OK)
        fail_msg("the catalog cannot be read");
    while (session_reread_step(s, news))
        continue;
    return true;
}

enum status pick_best(struct session *s, int top, const struct target *kit)
{
    struct err e;
    struct session_best *b = session_best_begin(s, top, kit, 0.3);
    assert_non_null(b);
    return session_best_end(s, b, session_choose_best(b, &e), &e);
}

struct view *open_view(struct session *s)
{
    struct view *v;
    assert_int_equal(view_new(&v, s, NULL), ST_OK);
    for (size_t i = 0; i < view_count(v); i++)
        if (view_hidden(v, i) > 0)
            view_toggle_stack(v, i);
    return v;
}

void assert_tallies_true(const struct session *s)
{
    struct session_tallies t = {0};
    for (size_t i = 0; i < session_count(s); i++) {
        const struct find *f = session_find(s, i);
        if (f->gone)
            continue;
        struct session_tally *both[] = {&t.all, &t.category[f->category]};
        t.near_misses += f->near_miss;
        bool missed = f->near_miss && f->decision != DECISION_ACCEPTED;
        for (int k = 0; k < 2 && !missed; k++) {
            both[k]->undecided += f->decision == DECISION_NONE;
            both[k]->accepted += f->decision == DECISION_ACCEPTED;
            both[k]->rejected += f->decision == DECISION_REJECTED;
        }
        t.tagged += f->tagged;
        t.picked += f->picked;
        t.in_set += f->in_set;
        t.best_of += session_in_best_of(s, f);
    }
    assert_memory_equal(&t, session_tallies(s), sizeof t);
}

/* Edges and loops near where they are: what `(`, `<` and `R` do. */
static void edit_at_random(struct session *s, size_t index, struct rng *r)
{
    if (session_find(s, index)->gone)
        return;
    FREED struct catalog_find *f = malloc(sizeof *f);
    assert_non_null(f);
    assert_int_equal(session_detail(s, index, f, NULL), ST_OK);
    int64_t by = 100 * (int64_t)rng_below(r, 40), from = f->c.start_frame + by;
    switch (rng_below(r, 6)) {
    case 0:
        session_set_span(s, index, FIELD_EDGES, 0, 0, NULL);
        break;
    case 1:
        session_set_span(s, index, FIELD_LOOP, 0, 0, NULL);
        break;
    case 2:
    case 3:
        session_set_span(s, index, FIELD_EDGES, from, from + 4410 + by, NULL);
        break;
    default: /* the next best of those it has, or one of its own */
        if (f->c.loop_count > 1)
            session_set_span(s, index, FIELD_LOOP, f->c.loop[1].start_frame,
                             f->c.loop[1].end_frame, NULL);
        else
            session_set_span(s, index, FIELD_LOOP, from, from + 4410, NULL);
    }
}

static void kit_at_random(struct session *s, struct rng *r)
{
    static const char *const names[] = {"NIGHTBUS", "ATTIC", ""};
    size_t all = session_count(s);
    int slot = (int)rng_below(r, KIT_SLOTS);
    long every[KIT_SLOTS];
    uint16_t steps[KIT_SLOTS];
    for (int i = 0; i < KIT_SLOTS; i++) {
        every[i] = (long)rng_below(r, (uint32_t)all + 2) - 2;
        steps[i] = (uint16_t)rng_below(r, 65536);
    }
    switch (rng_below(r, 10)) {
    case 0:
    case 1:
        session_kit_assign(s, slot, (long)rng_below(r, (uint32_t)all) - 1, NULL);
        break;
    case 2:
        session_kit_assign_all(s, every, "shuffled", NULL);
        break;
    case 3:
        session_kit_trim(s, slot, -(double)rng_below(r, 12) / 2, NULL);
        break;
    case 4:
        session_kit_steps(s, slot, steps[0] & 0x1111, NULL);
        break;
    case 5:
        session_kit_pattern(s, steps, "another pattern", NULL);
        break;
    case 6:
        session_kit_tempo(s, 60 + rng_below(r, 200) / 2.0, NULL);
        break;
    case 7:
        session_kit_ring(s, rng_below(r, 2), NULL);
        break;
    case 8:
        session_kit_name(s, names[rng_below(r, 3)], NULL);
        break;
    default:
        session_kit_lock(s, slot, rng_below(r, 2), NULL);
    }
}

static void say_at_random(struct session *s, const size_t *some, size_t n, struct rng *r)
{
    static const char *const classes[] = {"kick", "snare", ""};
    static const char *const notes[] = {"lovely tail", "\"hum\"\nat the end", ""};
    switch (rng_below(r, 10)) {
    case 0:
    case 1:
    case 2:
        session_decide(s, some, n, (enum decision)rng_below(r, 3), NULL);
        break;
    case 3:
        session_rate(s, some, n, (int)rng_below(r, 6), NULL);
        break;
    case 4:
        session_tag(s, some, n, rng_below(r, 3), NULL);
        break;
    case 5:
        session_set_category(s, some, n, (enum category)rng_below(r, CAT_COUNT), NULL);
        break;
    case 6:
        session_set_class(s, some, n, classes[rng_below(r, 3)], NULL);
        break;
    case 7:
        session_keep_best(s, some, n, NULL);
        break;
    case 8:
        session_set_note(s, some[0], notes[rng_below(r, 3)], NULL);
        break;
    default:
        session_repeat(s, some, n, NULL);
    }
}

void act_at_random(struct session *s, struct rng *r)
{
    size_t few[6], *some = few, *tagged = NULL;
    size_t n = 1 + rng_below(r, 6), all = session_count(s);
    for (size_t i = 0; i < n; i++)
        few[i] = rng_below(r, (uint32_t)all);
    if (rng_below(r, 8) == 0) { /* `;`: all that is tagged */
        assert_int_equal(session_tagged(s, &tagged, &n, NULL), ST_OK);
        if (n > 0)
            some = tagged;
        else
            n = 1;
    }
    switch (rng_below(r, 6)) {
    case 0:
        edit_at_random(s, some[0], r);
        break;
    case 1:
    case 2:
        kit_at_random(s, r);
        break;
    case 3:
        if (rng_below(r, 6) == 0) {
            pick_best(s, 1 + (int)rng_below(r, 4), NULL);
            break;
        }
        if (rng_below(r, 2)) {
            session_kit_extra(s, some, n, rng_below(r, 3) > 0, NULL);
            break;
        }
        /* fall through */
    default:
        say_at_random(s, some, n, r);
    }
    free(tagged);
}
