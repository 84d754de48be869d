/* dsp/analysis on any input: clipped, stuck, silent or poisoned, in blocks of any size,
 * of any length, rate and number of channels. */
#include "checks.h"
#include "dsp/analysis.h"
#include "tone.h"

#include <math.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

static void clipping_zeros_and_sticking_are_seen(void **state)
{
    OWN(audio) a = tone_blank(1, 2, 44100);
    tone_white(&a, 0.1, 3);
    for (int i = 0; i < 3; i++) /* three samples of the right channel, hop 4 */
        a.data[2 * (4 * 512 + 100 + i) + 1] = 1.0f;
    for (int i = 0; i < 2; i++) /* two are none, hop 10 */
        a.data[2 * (10 * 512 + 7 + i)] = -1.0f;
    for (int i = -4; i < 6; i++) /* a run over a hop's end, hops 19 and 20 */
        a.data[2 * (20 * 512 + i)] = -1.0f;
    memset(a.data + 2 * (30 * 512 + 50), 0, 2 * 40 * sizeof(float));  /* 40 zero frames */
    memset(a.data + 2 * (40 * 512), 0, 2 * 512 * sizeof(float));      /* hop 40 */
    memset(a.data + 2 * (50 * 512 + 9), 0, 2 * 20 * sizeof(float));   /* too few */
    memset(a.data + 2 * (55 * 512 + 502), 0, 2 * 40 * sizeof(float)); /* into hop 56 */
    for (int i = 60 * 512; i < 62 * 512; i++)
        a.data[2 * i] = a.data[2 * i + 1] = 0.123f;
    a.data[2 * (70 * 512 + 33)] = NAN;
    a.data[2 * (70 * 512 + 34) + 1] = -INFINITY;
    OWN(track) *t = tone_track(&a);
    for (size_t h = 0; h < track_info(t)->hops; h++) {
        unsigned expected = 0;
        if (h == 4 || h == 19 || h == 20)
            expected |= TRACK_CLIPPED;
        if (h == 30 || h == 40 || h == 56)
            expected |= TRACK_HAS_ZERO;
        if (h == 40)
            expected |= TRACK_ZERO;
        if (h == 61)
            expected |= TRACK_STUCK;
        if (h == 70)
            expected |= TRACK_NONFINITE;
        unsigned flags = track_flags(t, h);
        if (h == 40) /* the first zero differs from what was before */
            flags &= ~(unsigned)TRACK_STUCK;
        if (flags != expected)
            print_message("hop %zu: flags %x, expected %x\n", h, flags, expected);
        assert_int_equal(flags, expected);
    }
    const struct track_info *info = track_info(t);
    assert_int_equal(info->clipped_runs, 2);
    assert_int_equal(info->clipped_samples, 13);
    assert_int_equal(info->nonfinite_samples, 2);
    assert_int_equal(info->zero_frames, 40 + 512 + 40);
}

/* A float recording goes beyond full scale without clipping, and may be clipped there. */
static void beyond_full_scale_is_headroom(void **state)
{
    enum { FLAT = 512 * 9 - 3, LONG = 6 };
    OWN(audio) a = tone_blank(1.0, 1, 44100);
    tone_add(&a, -1, 110, 2.5, 0);
    for (int i = 0; i < LONG; i++) /* over the end of a hop; told from the second on */
        a.data[FLAT + i] = 1.75f;
    for (int headroom = 0; headroom < 2; headroom++) {
        struct analysis *analysis;
        OWN(track) *t = NULL;
        assert_int_equal(analysis_new(&analysis, 44100, 1, NULL), ST_OK);
        if (headroom)
            analysis_headroom(analysis);
        assert_int_equal(analysis_push(analysis, a.data, a.frames, NULL), ST_OK);
        assert_int_equal(analysis_finish(analysis, &t, NULL), ST_OK);
        analysis_free(analysis);
        const struct track_info *info = track_info(t);
        if (headroom) {
            assert_int_equal(info->clipped_runs, 1);
            assert_int_equal(info->clipped_samples, LONG - 1);
        } else {
            assert_true(info->clipped_runs >= 219);
        }
    }
}

static void digital_silence_is_silent(void **state)
{
    OWN(audio) a = tone_blank(2, 2, 44100);
    OWN(track) *t = tone_track(&a);
    const struct track_info *info = track_info(t);
    assert_true(isinf(info->rms_db) && isinf(info->peak_db) &&
                isinf(info->loudness_lufs));
    assert_int_equal(info->zero_frames, a.frames);
    assert_int_equal(track_onsets(t)->count, 0);
    assert_string_equal(info->key.name, "");
    assert_true(info->tempo.bpm == 0);
    for (size_t h = 0; h < info->hops; h++) {
        struct track_hop hop;
        track_hop(t, h, &hop);
        assert_true(isinf(hop.rms_db) && isnan(hop.centroid_hz) && isnan(hop.flatness));
        assert_int_equal(hop.flags, TRACK_ZERO | TRACK_STUCK | TRACK_HAS_ZERO);
    }
    struct track_range r;
    track_range(t, 0, info->frames, &r);
    assert_true(isinf(r.rms_db) && isnan(r.crest) && r.tonality == 0);
}

static struct track *analyse_in_blocks(const struct audio *a, struct rng *r, size_t most)
{
    struct analysis *analysis;
    struct track *t;
    assert_int_equal(analysis_new(&analysis, a->rate_hz, a->channels, NULL), ST_OK);
    for (size_t i = 0; i < a->frames;) {
        size_t n = most == 1 ? 1 : rng_below(r, (uint32_t)most);
        n = n < a->frames - i ? n : a->frames - i;
        assert_int_equal(
            analysis_push(analysis, a->data + i * (size_t)a->channels, n, NULL), ST_OK);
        i += n;
    }
    assert_int_equal(analysis_finish(analysis, &t, NULL), ST_OK);
    analysis_free(analysis);
    return t;
}

static void assert_same(const struct track *a, const struct track *b)
{
    const struct track_info *x = track_info(a), *y = track_info(b);
    assert_int_equal(x->frames, y->frames);
    assert_int_equal(x->hops, y->hops);
    assert_int_equal(x->spectra, y->spectra);
    assert_int_equal(x->chromas, y->chromas);
    assert_int_equal(x->novelties, y->novelties);
    assert_memory_equal(track_novelty(a).at, track_novelty(b).at,
                        x->novelties * sizeof(float));
    assert_true(x->loudness_lufs == y->loudness_lufs &&
                x->tuning_cents == y->tuning_cents);
    assert_true(x->tempo.bpm == y->tempo.bpm && x->key.confidence == y->key.confidence);
    for (size_t i = 0; i < x->hops; i++) {
        struct track_hop p, q;
        memset(&p, 0, sizeof p);
        memset(&q, 0, sizeof q);
        track_hop(a, i, &p);
        track_hop(b, i, &q);
        assert_true(p.rms_db == q.rms_db && p.peak_db == q.peak_db && p.dc == q.dc);
        /* As bytes: of silence they are NAN. */
        assert_memory_equal(&p.centroid_hz, &q.centroid_hz, sizeof p.centroid_hz);
        assert_memory_equal(&p.spread_hz, &q.spread_hz, sizeof p.spread_hz);
        assert_memory_equal(&p.rolloff_hz, &q.rolloff_hz, sizeof p.rolloff_hz);
        assert_memory_equal(&p.flatness, &q.flatness, sizeof p.flatness);
        assert_int_equal(p.flags, q.flags);
        assert_memory_equal(p.band_db, q.band_db, sizeof p.band_db);
    }
    for (size_t i = 0; i < x->spectra; i++) {
        float p[TRACK_BANDS], q[TRACK_BANDS];
        track_spectrum(a, i, p);
        track_spectrum(b, i, q);
        assert_memory_equal(p, q, sizeof p);
    }
    for (size_t i = 0; i < x->chromas; i++) {
        float p[12], q[12];
        track_chroma(a, i, p);
        track_chroma(b, i, q);
        assert_memory_equal(p, q, sizeof p);
        assert_true(track_tonality(a, i) == track_tonality(b, i));
    }
    struct overview_column p[64], q[64];
    overview_columns(track_overview(a), 0, x->frames, 64, p);
    overview_columns(track_overview(b), 0, x->frames, 64, q);
    assert_memory_equal(p, q, sizeof p);
}

static void block_sizes_do_not_matter(void **state)
{
    struct rng r = rng_derive(4, 0, "test-analysis", 0);
    for (int channels = 1; channels <= 3; channels++) {
        OWN(audio) a = tone_blank(2.71, channels, channels == 3 ? 48000 : 44100);
        tone_white(&a, 0.1, 20 + (uint64_t)channels);
        for (size_t i = 0; i + 1 < a.frames; i += a.frames / 7)
            memset(a.data + i, 0, 4000 * sizeof(float));
        OWN(track) *whole = tone_track(&a);
        static const size_t most[] = {1, 100, 700, 50000};
        for (size_t i = 0; i < sizeof most / sizeof *most; i++) {
            OWN(track) *t = analyse_in_blocks(&a, &r, most[i]);
            assert_same(whole, t);
        }
    }
}

static void channels_are_averaged(void **state)
{
    OWN(audio) mono = tone_blank(1, 1, 44100);
    tone_white(&mono, 0.1, 30);
    OWN(audio) wide = tone_blank(1, 8, 44100);
    for (size_t i = 0; i < mono.frames; i++)
        for (size_t c = 0; c < 8; c++)
            wide.data[8 * i + c] = mono.data[i];
    struct track *a = tone_track(&mono), *b = tone_track(&wide);
    assert_int_equal(track_info(b)->channels, 8);
    for (size_t h = 0; h < track_info(a)->hops; h++) {
        struct track_hop x, y;
        track_hop(a, h, &x);
        track_hop(b, h, &y);
        assert_close(x.rms_db, y.rms_db, 0.006);
        assert_close(x.centroid_hz, y.centroid_hz, 3);
    }
    track_free(a);
    track_free(b);
}

static void assert_sane(const struct track *t)
{
    const struct track_info *info = track_info(t);
    assert_false(isnan(info->rms_db) || isnan(info->peak_db) ||
                 isnan(info->loudness_lufs));
    assert_true(isfinite(info->tempo.bpm) && isfinite(info->tuning_cents));
    for (size_t i = 0; i < info->novelties; i++)
        assert_true(isfinite(track_novelty(t).at[i]) && track_novelty(t).at[i] >= 0);
    for (size_t i = 0; i < info->hops; i++) {
        struct track_hop h;
        track_hop(t, i, &h);
        assert_false(isnan(h.rms_db) || isnan(h.peak_db) || isnan(h.dc));
        assert_false(isinf(h.centroid_hz) || isinf(h.spread_hz) || isinf(h.flatness));
        struct track_range own;
        track_range(t, track_hop_start(t, i), track_hop_start(t, i + 1), &own);
        assert_true(own.peak_db == h.peak_db);
    }
    struct track_range r;
    track_range(t, -5, info->frames + 5, &r);
    assert_false(isnan(r.rms_db) || isnan(r.level_sd_db) || isnan(r.unsteadiness));
    track_range(t, info->frames, info->frames, &r);
    assert_true(isinf(r.rms_db));
    track_range(t, info->frames + 1000000, info->frames + 2000000, &r);
    assert_true(isinf(r.rms_db));
    struct key k = key_of_track(t);
    assert_true(isfinite(k.confidence));
    assert_true(track_hop_of(t, -1) == 0);
    assert_true(info->hops == 0 || track_hop_of(t, INT64_MAX / 2) == info->hops - 1);
}

static void odd_lengths_and_rates_are_fine(void **state)
{
    static const int rates[] = {1000, 3000, 8000, 11025, 44100, 192000, 768000};
    static const size_t lengths[] = {0,   1,   2,   31,  255,  256,
                                     257, 511, 512, 513, 2047, 5000};
    for (size_t r = 0; r < sizeof rates / sizeof *rates; r++)
        for (size_t n = 0; n < sizeof lengths / sizeof *lengths; n++) {
            OWN(audio) a = tone_frames(lengths[n], 1, rates[r]);
            tone_white(&a, 0.2, 40);
            OWN(track) *t = tone_track(&a);
            const struct track_info *info = track_info(t);
            assert_int_equal(info->frames, lengths[n]);
            size_t hop = (size_t)info->hop_frames;
            assert_int_equal(info->hops, (lengths[n] + hop - 1) / hop);
            assert_int_equal(info->spectra, (info->hops + 3) / 4);
            assert_int_equal(info->chromas, (info->hops + 7) / 8);
            assert_sane(t);
        }
}

static void poison_does_no_harm(void **state)
{
    for (int kind = 0; kind < 6; kind++) {
        OWN(audio) a = tone_blank(1.2, 2, 44100);
        struct rng r = rng_derive(5, 0, "test-analysis", (uint64_t)kind);
        for (size_t i = 0; i < 2 * a.frames; i++) {
            static const float nasty[] = {NAN,   INFINITY, -INFINITY,
                                          3e38f, 1e-42f,   -3e38f};
            float v = 0;
            if (kind == 0)
                v = NAN;
            else if (kind == 1)
                v = rng_uniform(&r) < 0.01 ? nasty[rng_below(&r, 6)] : 0.1f;
            else if (kind == 2)
                v = i / 100 % 2 ? 1.0f : -1.0f; /* full-scale square */
            else if (kind == 3)
                v = 1.0f; /* DC */
            else if (kind == 4)
                v = 1e30f * (float)rng_range(&r, -1, 1);
            else
                v = 1e-40f;
            a.data[i] = v;
        }
        OWN(track) *t = tone_track(&a);
        assert_sane(t);
        if (kind == 2) {
            assert_close(track_info(t)->rms_db, 0, 0.01);
            assert_int_equal(track_info(t)->clipped_samples, 2 * a.frames);
        }
        if (kind == 3)
            assert_close(track_info(t)->dc, 1, 1e-4);
    }
}

static void impossible_shapes_are_refused(void **state)
{
    struct analysis *a;
    struct err e;
    assert_int_equal(analysis_new(&a, 0, 2, &e), ST_USAGE);
    assert_null(a);
    assert_int_equal(analysis_new(&a, 44100, 0, &e), ST_USAGE);
    assert_int_equal(analysis_new(&a, 44100, 5000, &e), ST_USAGE);
    assert_int_equal(analysis_new(&a, 2000000000, 1, &e), ST_USAGE);
    analysis_free(NULL);
    track_free(NULL);
    assert_int_equal(analysis_new(&a, 44100, 1, &e), ST_OK);
    analysis_free(a); /* without finish */
}

static void an_hour_stays_small(void **state)
{
    enum { RATE = 8000, MINUTES = 30 }; /* the grids are the same at every rate */
    struct analysis *a;
    OWN(track) *t = NULL;
    assert_int_equal(analysis_new(&a, RATE, 1, NULL), ST_OK);
    FREED float *minute = malloc(60 * RATE * sizeof *minute);
    struct rng r = rng_derive(6, 0, "test-analysis", 0);
    for (int i = 0; i < 60 * RATE; i++)
        minute[i] = (float)rng_range(&r, -0.1, 0.1);
    for (int i = 0; i < MINUTES; i++)
        assert_int_equal(analysis_push(a, minute, 60 * RATE, NULL), ST_OK);
    assert_int_equal(analysis_finish(a, &t, NULL), ST_OK);
    double mb_per_hour = (double)track_bytes(t) / 1e6 * 60 / MINUTES;
    print_message("%.1f MB per hour\n", mb_per_hour);
    assert_true(mb_per_hour < 17);
    analysis_free(a);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(clipping_zeros_and_sticking_are_seen),
        cmocka_unit_test(beyond_full_scale_is_headroom),
        cmocka_unit_test(digital_silence_is_silent),
        cmocka_unit_test(block_sizes_do_not_matter),
        cmocka_unit_test(channels_are_averaged),
        cmocka_unit_test(odd_lengths_and_rates_are_fine),
        cmocka_unit_test(poison_does_no_harm),
        cmocka_unit_test(impossible_shapes_are_refused),
        cmocka_unit_test(an_hour_stays_small),
    };
    return cmocka_run_group_tests_name("analysis input", tests, NULL, NULL);
}
