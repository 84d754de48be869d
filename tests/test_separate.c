/* What sustains and what is struck, taken apart; and read so, from files. */
#include "checks.h"
#include "core/pi.h"
#include "dsp/biquad.h"
#include "dsp/separate.h"
#include "dsp/synth.h"
#include "folder.h"
#include "io/part_reader.h"
#include "tone.h"

#include <math.h>
#include <string.h>

enum { RATE = 44100, SECONDS = 12 };

/* Chords of two seconds, and drums four times a second, as loud. */
struct mix {
    struct audio chords, drums, both;
};

static void scale_to(struct audio *a, double rms)
{
    double sum = 0;
    size_t n = a->frames * (size_t)a->channels;
    for (size_t i = 0; i < n; i++)
        sum += (double)a->data[i] * (double)a->data[i];
    for (size_t i = 0; i < n; i++)
        a->data[i] *= (float)(rms / sqrt(sum / (double)n));
}

static void add_chord(struct audio *a, size_t from, size_t frames, double root_hz)
{
    static const double ratio[] = {1, 1.2599, 1.4983, 2.0};
    for (size_t i = 0; i < frames && from + i < a->frames; i++) {
        double ends =
            fmin(1, fmin((double)i, (double)(frames - i)) / (0.03 * a->rate_hz));
        double v = 0;
        for (int k = 0; k < 4; k++)
            for (int p = 1; p <= 6; p++)
                v += ends / p *
                     sin(2 * PI * root_hz * ratio[k] * p * (double)i / a->rate_hz);
        for (int c = 0; c < a->channels; c++)
            a->data[(from + i) * (size_t)a->channels + (size_t)c] += (float)v;
    }
}

static void add_drums(struct audio *a)
{
    struct rng r = rng_derive(5, 1, "test-separate", 0);
    for (int i = 0; i < 4 * SECONDS; i++) {
        enum synth_drum d = (enum synth_drum)(i % 3);
        size_t n = (size_t)(synth_drum_length_s(d) * a->rate_hz);
        size_t at = (size_t)i * (size_t)a->rate_hz / 4;
        OWN(audio) hit = tone_blank((double)n / a->rate_hz, 1, a->rate_hz);
        synth_drum(d, 0.7, 1, &r, hit.data, hit.frames, a->rate_hz);
        for (size_t k = 0; k < hit.frames && at + k < a->frames; k++)
            for (int c = 0; c < a->channels; c++)
                a->data[(at + k) * (size_t)a->channels + (size_t)c] += hit.data[k];
    }
}

static struct mix make_mix(int channels, int rate_hz)
{
    static const double roots[] = {110, 146.8, 98, 130.8};
    struct mix m = {tone_blank(SECONDS, channels, rate_hz),
                    tone_blank(SECONDS, channels, rate_hz),
                    tone_blank(SECONDS, channels, rate_hz)};
    for (int i = 0; i < SECONDS / 2; i++)
        add_chord(&m.chords, (size_t)(2 * i * rate_hz), (size_t)(2 * rate_hz),
                  roots[i % 4]);
    add_drums(&m.drums);
    scale_to(&m.chords, 0.1);
    scale_to(&m.drums, 0.1);
    for (size_t i = 0; i < m.both.frames * (size_t)channels; i++)
        m.both.data[i] = m.chords.data[i] + m.drums.data[i];
    return m;
}

static void mix_done(struct mix *m)
{
    audio_done(&m->chords);
    audio_done(&m->drums);
    audio_done(&m->both);
}

/* What comes out of frames [from, …), pushed `block` frames at a time. */
static struct audio separated(const struct audio *a, enum separate_part part, size_t from,
                              size_t block)
{
    struct separator *s;
    size_t c = (size_t)a->channels, at = 0, got;
    assert_int_equal(separator_new(&s, a->rate_hz, a->channels, part, NULL), ST_OK);
    struct audio out = tone_frames(a->frames - from, a->channels, a->rate_hz);
    for (size_t i = from; i <= a->frames; i += block) {
        size_t some = a->frames - i < block ? a->frames - i : block;
        assert_int_equal(separator_push(s, a->data + i * c, some, NULL), ST_OK);
        if (some < block)
            assert_int_equal(separator_finish(s, NULL), ST_OK);
        const float *ready = separator_take(s, &got);
        assert_true(at + got <= out.frames);
        if (got > 0)
            memcpy(out.data + at * c, ready, got * c * sizeof *ready);
        at += got;
    }
    assert_int_equal(at, out.frames);
    separator_free(s);
    return out;
}

/* Power of x over that of x − y, dB. */
static double clean_db(const struct audio *x, const struct audio *y)
{
    double all = 0, rest = 0;
    assert_int_equal(x->frames, y->frames);
    for (size_t i = 0; i < x->frames * (size_t)x->channels; i++) {
        double d = (double)x->data[i] - (double)y->data[i];
        all += (double)x->data[i] * (double)x->data[i];
        rest += d * d;
    }
    return 10 * log10(all / rest);
}

/* Both parts together are the mix, but for the treble: all of it is among what is struck.
 */
static void assert_sum(const struct mix *m, const struct audio *chords,
                       const struct audio *drums)
{
    OWN(audio) over = tone_blank(SECONDS, 1, m->both.rate_hz);
    struct biquad low = biquad_lowpass(8, 3000, over.rate_hz);
    double most = 0, all = 0, below = 0;
    for (size_t k = 0; k < over.frames; k++) {
        over.data[k] = chords->data[k] + drums->data[k] - m->both.data[k];
        most = fmax(most, fabs((double)over.data[k]));
        all += (double)over.data[k] * (double)over.data[k];
    }
    assert_int_equal(biquad_zero_phase(&low, &over, NULL), ST_OK);
    for (size_t k = 0; k < over.frames; k++)
        below += (double)over.data[k] * (double)over.data[k];
    if (m->both.rate_hz <= 8000)
        assert_true(most < 1e-6);
    else if (below > 1e-4 * all)
        fail_msg("%g of %g below 3 kHz", below, all);
}

static void chords_and_drums_come_apart(void **state)
{
    static const int rates[] = {RATE, 48000, 22050, 8000};
    for (size_t i = 0; i < sizeof rates / sizeof *rates; i++) {
        OWN(mix) m = make_mix(1, rates[i]);
        OWN(audio) chords = separated(&m.both, SEPARATE_SUSTAINED, 0, 5000);
        OWN(audio) drums = separated(&m.both, SEPARATE_STRUCK, 0, 5000);
        double before = clean_db(&m.chords, &m.both);
        double after = clean_db(&m.chords, &chords), struck = clean_db(&m.drums, &drums);
        assert_close(before, 0, 0.1);
        if (after < 7 || struck < 7)
            fail_msg("%d Hz: chords %.1f dB clean, drums %.1f", rates[i], after, struck);
        assert_sum(&m, &chords, &drums);
    }
}

static void a_steady_tone_stays_a_drum_goes(void **state)
{
    OWN(audio) tone = tone_blank(4, 1, RATE), click = tone_blank(4, 1, RATE);
    tone_add(&tone, 0, 440, 0.3, 0);
    click.data[2 * RATE] = 0.9F;
    OWN(audio) a = separated(&tone, SEPARATE_SUSTAINED, 0, 1000);
    OWN(audio) b = separated(&click, SEPARATE_SUSTAINED, 0, 1000);
    double peak = 0;
    for (size_t i = RATE / 4; i < 3 * RATE; i++)
        peak = fmax(peak, fabs((double)a.data[i] - (double)tone.data[i]));
    assert_true(peak < 0.3 * 0.01);
    peak = 0;
    for (size_t i = 0; i < click.frames; i++)
        peak = fmax(peak, fabs((double)b.data[i]));
    assert_true(peak < 0.9 * 0.001);
}

/* What a cymbal rings with is as narrow and lasts as long as a note, but higher. */
static void a_cymbal_rings_on(void **state)
{
    static const double partial_hz[] = {6230, 7410, 8270, 9350, 10930, 12110};
    enum { TENTH = RATE / 10 };
    OWN(audio) chord = tone_blank(4, 1, RATE), ride = tone_blank(4, 1, RATE);
    OWN(audio) both = tone_blank(4, 1, RATE);
    double loud = 0, left = 0, under = 0, held = 0;
    add_chord(&chord, 0, chord.frames, 220);
    scale_to(&chord, 0.1);
    for (size_t i = 0; i + 1 < 2 * RATE; i++)
        for (size_t k = 0; k < 6; k++)
            ride.data[RATE + i] +=
                (float)(0.03 * exp(-3.0 * (double)i / RATE) *
                        sin(2 * PI * partial_hz[k] * (double)i / RATE));
    for (size_t i = 0; i < both.frames; i++)
        both.data[i] = chord.data[i] + ride.data[i];
    OWN(audio) struck = separated(&both, SEPARATE_STRUCK, 0, 5000);
    for (size_t i = RATE + TENTH; i < RATE + 2 * TENTH; i++) {
        double rest = (double)struck.data[i] - (double)ride.data[i];
        loud += (double)ride.data[i] * (double)ride.data[i];
        left += (double)struck.data[i] * (double)struck.data[i];
        held += (double)chord.data[i] * (double)chord.data[i];
        under += rest * rest;
    }
    assert_close(10 * log10(left / loud), 0, 0.5);
    assert_true(10 * log10(under / held) < -20);
}

static void blocks_and_stretches_change_no_bit(void **state)
{
    static const size_t blocks[] = {1, 777, 8192, 16384, 1000000};
    OWN(mix) m = make_mix(2, RATE);
    m.both.frames = 5 * RATE + 123;
    OWN(audio) all = separated(&m.both, SEPARATE_SUSTAINED, 0, 4096);
    for (size_t i = 0; i < sizeof blocks / sizeof *blocks; i++) {
        OWN(audio) again = separated(&m.both, SEPARATE_SUSTAINED, 0, blocks[i]);
        assert_memory_equal(again.data, all.data, 2 * all.frames * sizeof *all.data);
    }
    struct separator *s;
    assert_int_equal(separator_new(&s, RATE, 2, SEPARATE_SUSTAINED, NULL), ST_OK);
    for (size_t start = 0; start < all.frames; start += 31013) {
        size_t from = (size_t)separator_from(s, (int64_t)start);
        assert_true(from <= start && start - from < RATE / 2);
        OWN(audio) part = separated(&m.both, SEPARATE_SUSTAINED, from, 4096);
        assert_memory_equal(part.data + 2 * (start - from), all.data + 2 * start,
                            2 * (all.frames - start) * sizeof *all.data);
    }
    separator_free(s);
    m.both.frames = (size_t)SECONDS * RATE;
}

/* The gains are those of all channels: what lies between two stays there. */
static void the_image_stays(void **state)
{
    OWN(mix) m = make_mix(2, RATE);
    for (size_t i = 0; i < m.both.frames; i++)
        m.both.data[2 * i + 1] = -0.25F * m.both.data[2 * i];
    OWN(audio) a = separated(&m.both, SEPARATE_STRUCK, 0, 4096);
    for (size_t i = 0; i < a.frames; i++)
        assert_true(fabsf(a.data[2 * i + 1] + 0.25F * a.data[2 * i]) < 1e-6F);
}

static void the_shortest_and_the_silent_come_through(void **state)
{
    static const size_t lengths[] = {0, 1, 2, 1023, 1024, 1025, 4096, 8192, 20000};
    for (size_t i = 0; i < sizeof lengths / sizeof *lengths; i++) {
        OWN(audio) a = tone_blank(3, 3, 8000);
        a.frames = lengths[i];
        OWN(audio) out = separated(&a, SEPARATE_SUSTAINED, 0, 512);
        for (size_t k = 0; k < 3 * out.frames; k++)
            assert_true(out.data[k] == 0.0F);
        audio_done(&out);
        for (size_t k = 0; k < 3 * a.frames; k++)
            a.data[k] = k % 2 ? 0.5F : -0.5F;
        out = separated(&a, SEPARATE_STRUCK, 0, 512);
        for (size_t k = 0; k < 3 * out.frames; k++)
            assert_true(isfinite(out.data[k]) && fabsf(out.data[k]) <= 1);
    }
    struct separator *s;
    assert_int_equal(separator_new(&s, 999, 1, SEPARATE_STRUCK, NULL), ST_UNSUPPORTED);
    assert_null(s);
}

/* --- from files --- */

static void regions_are_what_the_whole_has(void **state)
{
    static const struct {
        int64_t start;
        size_t frames;
    } region[] = {{100000, 5000},   {104000, 30000},     {250000, 10},
                  {3000, 90000},    {0, 1000},           {400000, 9000},
                  {440000, 100000}, {SECONDS * RATE, 10}};
    const char *folder = *state;
    char path[FOLDER_BYTES];
    OWN(mix) m = make_mix(2, RATE);
    struct soundfile *sf;
    struct part_reader r;
    struct audio got, plain;
    folder_wav(folder, "a.wav", &m.both, 24);
    folder_path(path, folder, "a.wav");
    assert_int_equal(soundfile_open(&sf, path, NULL), ST_OK);
    assert_int_equal(part_reader_init(&r, sf, SEPARATE_SUSTAINED, NULL), ST_OK);
    size_t frames = (size_t)SECONDS * RATE, read;
    struct audio all = tone_frames(2 * frames, 2, RATE);
    assert_int_equal(part_read(&r, all.data, frames + 50, &read, NULL), ST_OK);
    assert_int_equal(read, frames);
    assert_int_equal(part_position(&r), frames);
    for (size_t i = 0; i < sizeof region / sizeof *region; i++) {
        assert_int_equal(
            part_read_region(&r, region[i].start, region[i].frames, &got, NULL), ST_OK);
        assert_int_equal(got.frames, region[i].frames);
        assert_memory_equal(got.data, all.data + 2 * region[i].start,
                            2 * got.frames * sizeof *got.data);
        audio_done(&got);
        /* others read the file in between */
        assert_int_equal(soundfile_read_region(sf, 200000, 100, &plain, NULL), ST_OK);
        audio_done(&plain);
    }
    part_reader_done(&r);
    /* what is struck has lost the recording's offset already */
    const struct offsets told = {0.1, 0.05};
    assert_int_equal(part_reader_init(&r, sf, SEPARATE_STRUCK, NULL), ST_OK);
    assert_true(part_offset(&r, told).middle == 0 && part_offset(&r, told).side == 0);
    part_reader_done(&r);
    assert_int_equal(part_reader_init(&r, sf, SEPARATE_SUSTAINED, NULL), ST_OK);
    assert_true(part_offset(&r, told).middle == 0.1);
    part_reader_done(&r);
    r = part_reader_all(sf);
    assert_true(part_offset(&r, told).middle == 0.1);
    soundfile_close(sf);
    audio_done(&all);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(chords_and_drums_come_apart),
        cmocka_unit_test(a_steady_tone_stays_a_drum_goes),
        cmocka_unit_test(a_cymbal_rings_on),
        cmocka_unit_test(blocks_and_stretches_change_no_bit),
        cmocka_unit_test(the_image_stays),
        cmocka_unit_test(the_shortest_and_the_silent_come_through),
        IN_FOLDER(regions_are_what_the_whole_has),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
