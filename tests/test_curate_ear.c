/* The best-of set has no stroke of a recording twice, whatever sounds beside it. */
#include "checks.h"
#include "core/curate.h"
#include "core/pi.h"
#include "core/rng.h"
#include "dsp/trace.h"
#include "folder.h"
#include "tone.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { RATE = 44100, FRAMES = 13230, SOUNDS = 4 };

struct bench {
    char folder[256];
    struct candidate c[SOUNDS];
    float v[SOUNDS * SIMILARITY_DIM];
    struct curate_entry entry[SOUNDS];
    int unread;
};

/* A kick that falls from so high; a hat, with noise of its own. */
static void add_kick(struct audio *a, double from_hz, double falls_s)
{
    double phase = 0;
    for (int i = 0; i < FRAMES; i++) {
        double t = (double)i / RATE;
        phase += 2 * PI * (50 + (from_hz - 50) * exp(-t / falls_s)) / RATE;
        a->data[i] += (float)(0.5 * sin(phase) * exp(-t / 0.12));
    }
}

static void add_hat(struct audio *a, uint64_t seed, double gain)
{
    struct rng r = rng_derive(seed, 1, "hat", 0);
    double before = 0;
    for (int i = 0; i < FRAMES; i++) {
        double now = rng_gauss(&r);
        a->data[i] += (float)(gain * (now - before) * exp(-i / (0.03 * RATE)));
        before = now;
    }
}

static void add_note(struct audio *a, double hz, double gain)
{
    for (int i = 0; i < FRAMES; i++)
        a->data[i] += (float)(gain * sin(2 * PI * hz * i / RATE));
}

static int setup(void **state)
{
    struct bench *b = calloc(1, sizeof *b);
    folder_make(b->folder);
    for (int i = 0; i < SOUNDS; i++) { /* unlike each other, says the vector */
        struct candidate *c = &b->c[i];
        candidate_clear(c);
        c->kind = KIND_DRUM;
        c->grade = 'A';
        c->m.duration_sec = 0.3;
        c->m.hit_confidence = 0.9;
        c->m.score = 0.9 - 0.1 * i;
        snprintf(c->source, sizeof c->source, "tape");
        snprintf(c->hit_class, sizeof c->hit_class, "kick");
        snprintf(c->filename, sizeof c->filename, "%d.wav", i);
        for (int d = 0; d < SIMILARITY_DIM; d++)
            b->v[i * SIMILARITY_DIM + d] = d % SOUNDS == i ? 6.0F : 0.0F;
        b->entry[i] = (struct curate_entry){candidate_id(c), CAT_DRUMS, c,
                                            b->v + i * SIMILARITY_DIM, 0};
    }
    *state = b;
    return 0;
}

static bool find_file(void *of, size_t entry, char path[PATH_BYTES])
{
    const struct bench *b = of;
    snprintf(path, PATH_BYTES, "%s/%zu.wav", b->folder, entry);
    return true;
}

static void count_unread(void *of, const struct err *why)
{
    struct bench *b = of;
    b->unread += why->code != ST_OK && strstr(why->msg, b->folder) != NULL;
}

/* Which are chosen, as bits. */
static unsigned chosen(struct bench *b, bool heard, const struct target *kit)
{
    struct curate_files files = {find_file, count_unread, b};
    b->unread = 0;
    struct curate_options options = {
        .top = SOUNDS, .kit = kit, .files = heard ? &files : NULL};
    FREED struct curate_pick *p;
    size_t n;
    unsigned which = 0;
    assert_int_equal(curate_choose(b->entry, SOUNDS, &options, &p, &n, NULL), ST_OK);
    for (size_t i = 0; i < n; i++)
        which |= 1U << p[i].entry;
    return which;
}

/* 0 and 1 are one kick, with a hat beside the second; 2 is another; 3 the first again,
 * on a held note. */
static void write_kicks(struct bench *b)
{
    for (int i = 0; i < SOUNDS; i++) {
        OWN(audio) a = tone_frames(FRAMES, 1, RATE);
        memset(a.data, 0, FRAMES * sizeof *a.data);
        add_kick(&a, i == 2 ? 300 : 180, i == 2 ? 0.03 : 0.015);
        if (i == 1)
            add_hat(&a, 5, 0.1);
        if (i == 3)
            add_note(&a, 110, 0.05);
        folder_wav(b->folder, b->c[i].filename, &a, 16);
    }
}

static void test_no_kick_twice(void **state)
{
    struct bench *b = *state;
    write_kicks(b);
    assert_int_equal(chosen(b, false, NULL), 15); /* of the entries nothing is known */
    assert_int_equal(chosen(b, true, NULL), 1 | 4);
    snprintf(b->c[1].source, sizeof b->c[1].source, "other tape");
    assert_int_equal(chosen(b, true, NULL), 1 | 2 | 4);
    snprintf(b->c[3].hit_class, sizeof b->c[3].hit_class, "tom_low");
    assert_int_equal(chosen(b, true, NULL), 15);
}

static void test_what_you_accepted_stays(void **state)
{
    struct bench *b = *state;
    write_kicks(b);
    b->c[1].decision = b->c[3].decision = DECISION_ACCEPTED;
    assert_int_equal(chosen(b, true, NULL), 2 | 4 | 8);
}

static void test_hats_by_their_treble(void **state)
{
    struct bench *b = *state;
    for (int i = 0; i < SOUNDS; i++) { /* one hat, then another; the note is the same */
        OWN(audio) a = tone_frames(FRAMES, 1, RATE);
        memset(a.data, 0, FRAMES * sizeof *a.data);
        add_hat(&a, i < 2 ? 5 : 6 + (uint64_t)i, 0.1);
        add_note(&a, i == 0 ? 80 : 120, 0.3);
        folder_wav(b->folder, b->c[i].filename, &a, 16);
        snprintf(b->c[i].hit_class, sizeof b->c[i].hit_class, "hat_closed");
    }
    assert_int_equal(chosen(b, true, NULL), 1 | 4 | 8);
}

/* A high tom may play MT as well: not with the stroke that HT has, which comes first
 * though MT does in the kit. */
static void test_a_stand_in_is_another_stroke(void **state)
{
    struct bench *b = *state;
    write_kicks(b);
    for (int i = 0; i < SOUNDS; i++)
        snprintf(b->c[i].hit_class, sizeof b->c[i].hit_class, "tom_high");
    const struct target *kit = target_find("tr8s");
    assert_int_equal(chosen(b, false, kit), 15);
    assert_int_equal(chosen(b, true, kit), 1 | 4);
}

static void test_nothing_to_hear(void **state)
{
    struct bench *b = *state; /* no file is there */
    assert_int_equal(chosen(b, true, NULL), 15);
    assert_int_equal(b->unread, SOUNDS);
    write_kicks(b);
    assert_int_equal(chosen(b, true, NULL), 1 | 4);
    assert_int_equal(b->unread, 0);
    folder_write(b->folder, "1.wav", "RIFF", 4); /* and one is none */
    assert_int_equal(chosen(b, true, NULL), 1 | 2 | 4);
    assert_int_equal(b->unread, 1);
}

/* Neither silence nor the order of two matters. */
static void test_alike(void **state)
{
    struct trace_maker *maker;
    struct trace one, other, nothing;
    assert_int_equal(trace_maker_new(&maker, RATE, NULL), ST_OK);
    OWN(audio) a = tone_frames(FRAMES, 1, RATE);
    memset(a.data, 0, FRAMES * sizeof *a.data);
    assert_int_equal(trace_take(maker, &a, &nothing, NULL), ST_OK);
    add_kick(&a, 180, 0.015);
    assert_int_equal(trace_take(maker, &a, &one, NULL), ST_OK);
    add_hat(&a, 3, 0.1);
    for (int i = 0; i < FRAMES; i++)
        a.data[i] *= -0.3F;
    assert_int_equal(trace_take(maker, &a, &other, NULL), ST_OK);
    assert_true(trace_alike(&one, &one, false) > 0.999);
    assert_true(trace_alike(&one, &other, false) > 0.95);
    assert_true(trace_alike(&one, &other, true) < 0.5);
    assert_true(fabs(trace_alike(&one, &other, false) -
                     trace_alike(&other, &one, false)) < 1e-12);
    assert_true(trace_alike(&one, &nothing, false) == 0);
    trace_maker_free(maker);
}

#define CASE(f) cmocka_unit_test_setup_teardown(f, setup, folder_teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        CASE(test_no_kick_twice),        CASE(test_what_you_accepted_stays),
        CASE(test_hats_by_their_treble), CASE(test_a_stand_in_is_another_stroke),
        CASE(test_nothing_to_hear),      cmocka_unit_test(test_alike),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
