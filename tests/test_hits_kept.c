/* dsp/hits and hit_pool: what becomes of hits that are cut. The best are kept, and their
 * ends and their level finished. */
#include "checks.h"
#include "hits_rig.h"
#include "usual.h"

#include "core/rng.h"
#include "dsp/hit_pool.h"
#include "dsp/level.h"
#include "tone.h"

#include <math.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

static void the_best_are_kept_in_order_of_time(void **state)
{
    struct hits_params p = usual_hits();
    p.max_saved = 3;
    struct hit h[6] = {{.score = 0.2},  {.score = 0.9}, {.score = 0.5},
                       {.score = 0.95}, {.score = 0.5}, {.score = 0.1}};
    OWN(hit_pool) pool;
    hit_pool_init(&pool, &p);
    strcpy(h[3].missed_by, "peak 1.0 dB below the gate");
    for (int i = 0; i < 6; i++) {
        h[i].start_frame = i * 1000;
        h[i].end_frame = h[i].start_frame + 500;
        assert_int_equal(hit_pool_offer(&pool, &h[i], NULL), ST_OK);
    }
    assert_int_equal(hit_pool_settle(&pool, NULL), ST_OK);
    assert_int_equal(pool.count, 3);
    assert_int_equal(pool.best[0].hit.start_frame, 1000);
    assert_int_equal(pool.best[1].hit.start_frame, 2000);
    assert_int_equal(pool.best[2].hit.start_frame, 4000);
    assert_int_equal(pool.missed_count, 3);
    assert_string_equal(pool.missed[0].hit.missed_by, "peak 1.0 dB below the gate");
    assert_string_equal(pool.missed[1].hit.missed_by, "not among the best 3");
    assert_int_equal(pool.missed[1].hit.start_frame, 0);
    assert_int_equal(pool.missed[2].hit.start_frame, 5000);
    hit_pool_done(&pool);
    p.max_saved = 0;
    hit_pool_init(&pool, &p);
    assert_int_equal(hit_pool_offer(&pool, &h[0], NULL), ST_OK);
    assert_int_equal(pool.count, 0);
}

static int best_first(const void *a, const void *b)
{
    const struct hit *x = a, *y = b;
    if (x->score != y->score)
        return x->score > y->score ? -1 : 1;
    return x->start_frame < y->start_frame ? -1 : x->start_frame > y->start_frame;
}

/* Against sorting them all. */
static void a_pool_holds_what_sorting_would_give(void **state)
{
    enum { HITS = 5000, SAVED = 700 };
    struct hits_params p = usual_hits();
    p.max_saved = SAVED;
    FREED struct hit *h = calloc(HITS, sizeof *h);
    OWN(hit_pool) pool;
    struct rng r = rng_derive(3, 0, "test-hit-pool", 0);
    hit_pool_init(&pool, &p);
    for (int i = 0; i < HITS; i++) {
        h[i] = (struct hit){.start_frame = i * 10, .end_frame = i * 10 + 9};
        h[i].score = floor(rng_range(&r, 0, 1) * 300) / 300; /* many are equal */
        assert_int_equal(hit_pool_offer(&pool, &h[i], NULL), ST_OK);
    }
    assert_int_equal(hit_pool_settle(&pool, NULL), ST_OK);
    qsort(h, HITS, sizeof *h, best_first);
    assert_int_equal(pool.count, SAVED);
    for (size_t i = 0; i < SAVED; i++) {
        const struct hit *own = &pool.best[i].hit;
        assert_true(best_first(own, &h[SAVED]) < 0);
        assert_true(i == 0 || pool.best[i - 1].number < pool.best[i].number);
    }
    assert_int_equal(pool.missed_count, HITS_MISSED_MAX);
    for (int i = 0; i < HITS_MISSED_MAX; i++)
        assert_int_equal(pool.missed[i].hit.start_frame, h[SAVED + i].start_frame);
}

/* Kicks are louder than hats and stand more alone: by score alone no hat would be left.
 */
static void a_pool_has_room_for_every_register(void **state)
{
    static const size_t offered[HIT_REGISTER_COUNT] = {900, 60, 500};
    static const double worth[HIT_REGISTER_COUNT] = {0.5, 0.3, 0.1};
    struct hits_params p = usual_hits();
    p.max_saved = 300;
    for (uint64_t seed = 0; seed < 3; seed++) {
        OWN(hit_pool) pool;
        struct rng r = rng_derive(seed, 0, "test-hit-registers", 0);
        size_t kept[HIT_REGISTER_COUNT] = {0}, made[HIT_REGISTER_COUNT] = {0};
        double least[HIT_REGISTER_COUNT] = {1, 1, 1};
        hit_pool_init(&pool, &p);
        for (int i = 0; i < 3 * 900; i++) {
            struct hit h = {.start_frame = i * 10, .end_frame = i * 10 + 9};
            h.reg = (enum hit_register)(i % HIT_REGISTER_COUNT);
            h.score = worth[h.reg] + rng_range(&r, 0, 0.5);
            if (made[h.reg]++ < offered[h.reg])
                assert_int_equal(hit_pool_offer(&pool, &h, NULL), ST_OK);
        }
        assert_int_equal(hit_pool_settle(&pool, NULL), ST_OK);
        assert_int_equal(pool.count, 300);
        for (size_t i = 0; i < pool.count; i++) {
            const struct hit *h = &pool.best[i].hit;
            kept[h->reg]++;
            least[h->reg] = fmin(least[h->reg], h->score);
        }
        assert_int_equal(kept[HIT_DEEP], 120);
        assert_int_equal(kept[HIT_MIDDLE], 60);
        assert_int_equal(kept[HIT_TREBLE], 120);
        assert_true(least[HIT_DEEP] > 0.9 && least[HIT_TREBLE] > 0.45);
    }
}

static void ends_are_silent_and_the_attack_untouched(void **state)
{
    struct hits_params p = usual_hits();
    for (int channels = 1; channels <= 2; channels++) {
        OWN(audio) a, raw;
        make(&a, 0.4, channels);
        strike(&a, 0, 0.3, 100);
        assert_int_equal(audio_slice(&raw, &a, 0, a.frames, NULL), ST_OK);
        size_t attack = 60, n = a.frames, ch = (size_t)channels;
        assert_int_equal(hits_finish(&a, attack, &p, -3, NULL), ST_OK);
        assert_true(fabs(level_to_db(level_true_peak(&a, false)) + 3) < 1e-4);
        for (size_t c = 0; c < ch; c++) {
            assert_true(a.data[c] == 0);
            assert_true(a.data[(n - 1) * ch + c] == 0);
        }
        /* from the attack to the fade-out (20 ms) nothing but gain */
        double gain = (double)a.data[attack * ch] / (double)raw.data[attack * ch];
        for (size_t i = attack * ch; i < (n - 882) * ch; i++)
            assert_true(fabs((double)a.data[i] - gain * (double)raw.data[i]) < 1e-6);
        for (size_t i = 1; i < 882; i++) { /* a quarter cycle of cosine, no step */
            double g = fabs((double)a.data[(n - i) * ch]) /
                       fmax(1e-9, fabs(gain * (double)raw.data[(n - i) * ch]));
            assert_true(g <= 1.0001);
        }
    }
}

/* Frames at the end that hits_finish fades, and the gain halfway through them. */
static size_t faded(double fall_db_per_s, double length_s, double *halfway)
{
    struct hits_params p = usual_hits();
    OWN(audio) a, raw;
    make(&a, length_s, 1);
    for (size_t i = 0; i < a.frames; i++)
        a.data[i] = (float)(pow(10, -fall_db_per_s * (double)i / RATE / 20) *
                            (i % 2 ? -0.5 : 0.5));
    assert_int_equal(audio_slice(&raw, &a, 0, a.frames, NULL), ST_OK);
    assert_int_equal(hits_finish(&a, 100, &p, -1, NULL), ST_OK);
    double gain = (double)a.data[200] / (double)raw.data[200];
    size_t from = 200;
    while (from < a.frames &&
           fabs((double)a.data[from] / (double)raw.data[from] - gain) < 1e-4 * gain)
        from++;
    double before = gain;
    for (size_t i = from; i < a.frames; i++) {
        double now = (double)a.data[i] / (double)raw.data[i];
        assert_true(now <= before * (1 + 1e-5));
        before = now;
    }
    size_t count = a.frames - from, middle = a.frames - count / 2;
    *halfway = (double)a.data[middle] / (double)raw.data[middle] / gain;
    return count;
}

/* What has died away is faded for 20 ms; the louder the end, the longer the fade, up to
 * a fifth of the slice. */
static void loud_ends_fade_longer(void **state)
{
    static const struct {
        double fall_db, length_s, fade_ms;
    } hit[] = {{60, 0.8, 20}, {26, 0.8, 20}, {15, 0.8, 90},
               {3, 0.8, 160}, {3, 0.3, 60},  {60, 0.06, 12}};
    for (size_t k = 0; k < sizeof hit / sizeof *hit; k++) {
        double halfway, length_s = hit[k].length_s;
        size_t frames = faded(hit[k].fall_db / length_s, length_s, &halfway);
        double ms = 1e3 * (double)frames / RATE;
        assert_true(fabs(ms - hit[k].fade_ms) < 0.03 * hit[k].fade_ms + 1);
        assert_true(fabs(halfway - 0.5) < 0.02);
    }
}

/* A hat peaks between its samples, by 3 dB: no converter shall clip on it. */
static void the_true_peak_meets_the_target(void **state)
{
    struct hits_params p = usual_hits();
    OWN(audio) a;
    make(&a, 0.1, 1);
    for (size_t i = 0; i < a.frames; i++)
        a.data[i] = (float)(0.3 * exp(-(double)i / 800) * (i / 2 % 2 ? -1 : 1));
    assert_int_equal(hits_finish(&a, 1, &p, -1, NULL), ST_OK);
    assert_true(level_to_db(level_peak(&a)) < -3);
    assert_true(fabs(level_to_db(level_true_peak(&a, false)) + 1) < 1e-4);
}

static void odd_slices_are_finished_or_refused(void **state)
{
    struct hits_params p = usual_hits();
    static const size_t sizes[] = {0, 1, 2, 3, 20};
    for (size_t k = 0; k < 5; k++) {
        OWN(audio) a = tone_frames(sizes[k], 1, RATE);
        for (size_t i = 0; i < a.frames; i++)
            a.data[i] = i % 3 == 1 ? NAN : 0.5F;
        enum status st = hits_finish(&a, 0, &p, -1, NULL);
        assert_true(st == ST_OK || st == ST_EMPTY);
        for (size_t i = 0; i < a.frames; i++)
            assert_true(isfinite(a.data[i]));
        if (st == ST_OK)
            assert_true(a.data[0] == 0 && a.data[a.frames - 1] == 0);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_best_are_kept_in_order_of_time),
        cmocka_unit_test(a_pool_holds_what_sorting_would_give),
        cmocka_unit_test(a_pool_has_room_for_every_register),
        cmocka_unit_test(ends_are_silent_and_the_attack_untouched),
        cmocka_unit_test(loud_ends_fade_longer),
        cmocka_unit_test(the_true_peak_meets_the_target),
        cmocka_unit_test(odd_slices_are_finished_or_refused),
    };
    return cmocka_run_group_tests_name("hits kept", tests, NULL, NULL);
}
