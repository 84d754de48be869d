/* Recordings mined with what sustains and what is struck taken apart: section
 * `separation`. */
#include "checks.h"
#include "core/pi.h"
#include "core/recipe.h"
#include "dsp/biquad.h"
#include "dsp/level.h"
#include "dsp/synth.h"
#include "io/soundfile.h"
#include "mined_rig.h"
#include "tone.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

enum { RATE = MINED_RATE, SECONDS = 16 };
static const double HELD_HZ = 440;

/* A chord held all along, and drums four times a second on it. */
static void write_song(const char *folder)
{
    static const enum synth_drum bar[] = {SYNTH_KICK, SYNTH_HAT_CLOSED, SYNTH_SNARE,
                                          SYNTH_HAT_CLOSED};
    OWN(audio) a = tone_blank(SECONDS, 2, RATE);
    struct rng r = rng_derive(7, 1, "test-apart", 0);
    tone_noise(&a, 0.0005, &r);
    tone_harmonic(&a, HELD_HZ / 2, 0.08, 9000);
    tone_harmonic(&a, HELD_HZ * 0.75, 0.06, 9000);
    for (int i = 0; i < 4 * SECONDS; i++) {
        enum synth_drum d = bar[i % 4];
        OWN(audio) hit = tone_blank(synth_drum_length_s(d), 1, RATE);
        synth_drum(d, 0.7, 1, &r, hit.data, hit.frames, RATE);
        for (size_t k = 0, at = (size_t)i * RATE / 4 + 3000;
             k < hit.frames && at + k < a.frames; k++)
            for (size_t c = 0; c < 2; c++)
                a.data[2 * (at + k) + c] += 0.8F * hit.data[k];
    }
    folder_wav(folder, "song.wav", &a, 24);
}

/* The song mined into a project of its own; what was found. */
static struct catalog_find *finds_of(struct mined *m, struct mined *other,
                                     const char *name, enum stage stage, bool apart,
                                     size_t *n)
{
    FREED const char *folder = text_of("%s/songs", m->top);
    if (!folder_has(folder, "song.wav"))
        write_song(folder);
    *other = *m;
    other->cfg.separation.pads = other->cfg.separation.drums = apart;
    mined_rig_process(other, folder, name, 1u << STAGE_DRUMS | 1u << stage);
    snprintf(other->project, sizeof other->project, "%s/%s", m->export_root, name);
    recut_site_init(&other->site, other->project, NULL);
    assert_int_equal(other->site.cfg.separation.pads, apart);
    return mined_finds(other, n);
}

/* The recording where a find was found. */
static struct audio song_at(struct mined *m, const struct candidate *c)
{
    struct audio a;
    snprintf(m->path, sizeof m->path, "%s/songs/song.wav", m->top);
    struct audio all = sound_read(m->path);
    assert_int_equal(audio_slice(&a, &all, (size_t)c->start_frame,
                                 (size_t)(c->end_frame - c->start_frame), NULL),
                     ST_OK);
    audio_done(&all);
    return a;
}

/* Cut again from the recording it is what was mined, from frame `from` on. */
static void assert_recut(struct mined *m, const struct candidate *c, size_t from,
                         double within)
{
    OWN(recut) r;
    struct err e = {0};
    double most = 0;
    OWN(audio) was = mined_sound(m, c);
    if (recut_find(&r, &m->site, c, RATE, &e) != ST_OK)
        fail_msg("%s", e.msg);
    assert_int_equal(r.sound.frames, was.frames);
    for (size_t i = from; i < was.frames; i++)
        most = fmax(most, fabs((double)r.sound.data[i] - (double)was.data[i]));
    if (most > within)
        fail_msg("%s differs by %g", c->filename, most);
}

/* From the quietest 50 ms to the loudest. */
static double swing_db(const struct audio *a)
{
    enum { BLOCK = RATE / 20 };
    double low = (double)INFINITY, high = 0;
    for (size_t at = 0; at + BLOCK <= a->frames; at += BLOCK) {
        double rms = level_rms_range(a, at, at + BLOCK);
        low = fmin(low, rms);
        high = fmax(high, rms);
    }
    return level_to_db(high / low);
}

/* Four hits a second are no pad, until they are taken off. */
static void pads_lose_the_drums_on_them(void **state)
{
    struct mined *m = *state, other;
    size_t n, pads = 0;
    struct catalog_find *all = finds_of(m, &other, "all", STAGE_PADS, false, &n);
    for (size_t i = 0; i < n; i++)
        assert_true(all[i].c.kind != KIND_PAD || all[i].c.missed_by[0]);
    free(all);
    all = finds_of(m, &other, "sustained", STAGE_PADS, true, &n);
    for (size_t i = 0; i < n; i++) {
        if (all[i].c.missed_by[0] || all[i].c.kind != KIND_PAD)
            continue;
        OWN(audio) a = mined_sound(&other, &all[i].c);
        OWN(audio) mix = song_at(m, &all[i].c);
        double swing = swing_db(&a), before = swing_db(&mix);
        if (!(before > 6 && swing < 0.5 * before))
            fail_msg("%s moves by %.1f dB, %.1f before", all[i].c.filename, swing,
                     before);
        assert_recut(&other, &all[i].c, 0, 2.5 / (1 << 23));
        pads++;
    }
    assert_in_range(pads, 3, 6);
    free(all);
}

/* The held tone in the hits, beside their peaks: the mean in dB. */
static double held_db(struct mined *m, const struct catalog_find *all, size_t n)
{
    enum { WINDOW = 2048 };
    double sum = 0;
    size_t count = 0;
    for (size_t i = 0; i < n; i++) {
        if (all[i].c.missed_by[0])
            continue;
        OWN(audio) a = mined_sound(m, &all[i].c);
        if (a.frames > 2 * WINDOW) {
            struct partial p = tone_partial(&a, 0, WINDOW, WINDOW, HELD_HZ);
            sum += level_to_db(p.amplitude / level_peak(&a));
            count++;
        }
    }
    assert_true(count > 20);
    return sum / (double)count;
}

/* The least time between the start of a hit and of one of others. */
static double nearest_ms(const struct candidate *c, const struct catalog_find *others,
                         size_t n)
{
    double least = (double)INFINITY;
    for (size_t i = 0; i < n; i++)
        if (!others[i].c.missed_by[0])
            least = fmin(least, 1e3 * fabs(others[i].c.m.start_sec - c->m.start_sec));
    return least;
}

static void hits_lose_the_chords_under_them(void **state)
{
    struct mined *m = *state, other;
    size_t n, n_mixed, kept = 0;
    FREED struct catalog_find *mixed =
        finds_of(m, &other, "hits", STAGE_DRUMS, false, &n_mixed);
    double before = held_db(&other, mixed, n_mixed);
    FREED struct catalog_find *all = finds_of(m, &other, "struck", STAGE_DRUMS, true, &n);
    double after = held_db(&other, all, n);
    if (!(after < before - 12))
        fail_msg("%.1f dB of the chord, %.1f before", after, before);
    for (size_t i = 0; i < n; i++)
        if (!all[i].c.missed_by[0]) {
            /* what windows spread before an attack is not cut along */
            assert_true(nearest_ms(&all[i].c, mixed, n_mixed) < 2.1);
            assert_recut(&other, &all[i].c, (size_t)(0.002 * RATE) + 2, 5e-4);
            kept++;
        }
    assert_true(kept >= 4 * SECONDS - 4);
}

/* Cymbals on short notes of a bass, which are as struck as they and begin between them: a
 * note each quarter of a second, a cymbal each `every` notes. The recording begins at
 * from_s. */
static void write_groove(const char *folder, enum synth_drum drum, int every,
                         double from_s)
{
    static const double bass_hz[] = {55, 98, 73.4, 130.8};
    OWN(audio) a = tone_blank(SECONDS, 1, RATE);
    struct rng r = rng_derive(9, 1, "test-apart", 0);
    tone_noise(&a, 0.0005, &r);
    for (int i = 0; i < 4 * SECONDS; i++) {
        OWN(audio) hit = tone_blank(synth_drum_length_s(drum), 1, RATE);
        synth_drum(drum, 0.7, 1, &r, hit.data, hit.frames, RATE);
        size_t at = (size_t)i * RATE / 4 + RATE / 8;
        for (size_t k = 0; i % every == 0 && k < hit.frames && at + k < a.frames; k++)
            a.data[at + k] += 0.5F * hit.data[k];
        for (size_t k = 0; k < RATE * 22 / 100; k++) {
            double ends = fmin(1, fmin((double)k, 0.22 * RATE - (double)k) / 500);
            a.data[(size_t)i * RATE / 4 + k] +=
                (float)(0.1 * ends * sin(2 * PI * bass_hz[i % 4] * (double)k / RATE));
        }
    }
    size_t from = (size_t)(from_s * RATE);
    OWN(audio) rest;
    assert_int_equal(audio_slice(&rest, &a, from, a.frames - from, NULL), ST_OK);
    folder_wav(folder, "song.wav", &rest, 24);
}

/* That groove mined, taken apart or not; what was found. */
static struct catalog_find *groove_finds(struct mined *other, const char *folder,
                                         const char *name, bool apart, size_t *n)
{
    other->cfg.separation.pads = other->cfg.separation.drums = apart;
    mined_rig_process(other, folder, name, 1u << STAGE_DRUMS);
    snprintf(other->project, sizeof other->project, "%s/%s", other->export_root, name);
    recut_site_init(&other->site, other->project, NULL);
    return mined_finds(other, n);
}

/* What was cut free of the bass under it has next to none left, and is cut again the
 * same.
 */
static void assert_without_bass(struct mined *m, const struct candidate *c)
{
    OWN(audio) a = mined_sound(m, c), low;
    struct biquad f = biquad_lowpass(4, 150, RATE);
    assert_int_equal(audio_slice(&low, &a, 0, a.frames, NULL), ST_OK);
    biquad_run(&f, &low);
    double bass = level_to_db(level_rms_range(&low, 0, low.frames) /
                              level_rms_range(&a, 0, a.frames));
    if (bass > -20)
        fail_msg("%s: bass at %.1f dB", c->filename, bass);
    assert_recut(m, c, (size_t)(0.002 * RATE) + 2, 5e-4);
}

/* Hats open and closed, and rides; and a hat that begins before there is as much of the
 * recording as the cut is told from. */
static void cymbals_lose_the_bass_under_them(void **state)
{
    static const struct {
        const char *name, *class;
        enum synth_drum drum;
        int every;
        double from_s, before_s;
        size_t least;
    } all[] = {
        {"hats", "hat_closed", SYNTH_HAT_CLOSED, 1, 0, SECONDS, 2 * SECONDS},
        {"first", "hat_closed", SYNTH_HAT_CLOSED, 1, 0.1, 0.028, 1},
        {"rides", "ride", SYNTH_RIDE, 3, 0, SECONDS, 6},
        {"open", "hat_open", SYNTH_HAT_OPEN, 3, 0, SECONDS, 8},
    };
    struct mined *m = *state, other = *m;
    for (size_t k = 0; k < sizeof all / sizeof *all; k++) {
        size_t n, without = 0;
        FREED const char *folder = text_of("%s/%s", m->top, all[k].name);
        assert_int_equal(mkdir(folder, 0777), 0);
        write_groove(folder, all[k].drum, all[k].every, all[k].from_s);
        FREED struct catalog_find *finds =
            groove_finds(&other, folder, all[k].name, true, &n);
        for (size_t i = 0; i < n; i++) {
            const struct candidate *c = &finds[i].c;
            if (c->missed_by[0] || parts_value(&c->parts, "bass") != 1)
                continue;
            assert_without_bass(&other, c);
            without += strcmp(c->hit_class, all[k].class) == 0 &&
                       c->m.start_sec < all[k].before_s;
        }
        if (without < all[k].least)
            fail_msg("%s: %zu without the bass", all[k].name, without);
    }
}

static void nothing_is_taken_out_of_what_is_whole(void **state)
{
    struct mined *m = *state, other = *m;
    size_t n;
    FREED const char *folder = text_of("%s/hats", m->top);
    FREED struct catalog_find *all = groove_finds(&other, folder, "whole", false, &n);
    assert_true(n > 0);
    /* But those with the least of it come first: on the bass of 131 Hz. All lack treble
     * beside it, which costs them alike and is left out here. */
    size_t low = 0;
    double most = 0, least = 1;
    for (size_t i = 0; i < n; i++) {
        const struct candidate *c = &all[i].c;
        assert_false(parts_value(&c->parts, "bass") > 0);
        if (c->missed_by[0] || strcmp(c->hit_class, "hat_closed") != 0)
            continue;
        double range = parts_value(&c->parts, "range");
        assert_true(range < 0.3);
        double score = c->m.score / (0.5 + 0.5 * range);
        if (parts_value(&c->parts, "low") < 0.5) {
            most = fmax(most, score);
            low++;
        } else {
            least = fmin(least, score);
        }
    }
    assert_true(low >= 2 * SECONDS);
    assert_true(most < 0.4 && least > 0.5);
}

static int setup(void **state)
{
    return mined_rig_setup(state, 1u << STAGE_PADS);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(pads_lose_the_drums_on_them),
        cmocka_unit_test(hits_lose_the_chords_under_them),
        cmocka_unit_test(cymbals_lose_the_bass_under_them),
        cmocka_unit_test(nothing_is_taken_out_of_what_is_whole),
    };
    return cmocka_run_group_tests(tests, setup, mined_rig_teardown);
}
