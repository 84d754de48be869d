/* audio/engine: exactness, fades, loops, seams, rates, references, real-time safety. */
#include "audio/engine.h"
#include "audio/limit.h"
#include "checks.h"
#include "core/pi.h"
#include "core/rng.h"
#include "dsp/level.h"
#include "tone.h"

#include <math.h>
#include <stdint.h>
#include <stdlib.h>

enum { RATE = 44100 };

static struct sound *make_sound(size_t frames, int channels, int rate_hz)
{
    struct audio a = tone_frames(frames, channels, rate_hz);
    struct sound *s = sound_new(&a);
    assert_non_null(s);
    s->file_frames = (int64_t)frames;
    return s;
}

/* Values on the 24-bit grid. */
static struct sound *noise_sound(size_t frames, int channels, uint64_t seed)
{
    struct sound *s = make_sound(frames, channels, RATE);
    struct rng r = rng_derive(seed, 0, "test", 0);
    for (size_t i = 0; i < frames * (size_t)channels; i++)
        s->audio.data[i] =
            (float)((double)(int)(rng_range(&r, -8388608, 8388607)) / 8388608.0);
    return s;
}

static struct sound *sine_sound(size_t frames, double hz, double level, int rate_hz)
{
    struct sound *s = make_sound(frames, 1, rate_hz);
    for (size_t i = 0; i < frames; i++)
        s->audio.data[i] = (float)(level * sin(2 * PI * hz * (double)i / rate_hz));
    return s;
}

static struct engine_command play(struct sound *s, uint64_t serial)
{
    struct engine_command c = {.action = ENGINE_PLAY};
    c.u.play.sound = sound_ref(s);
    c.u.play.serial = serial;
    c.u.play.gain = 1;
    c.u.play.plan = (struct plan){.frames = (int64_t)s->audio.frames,
                                  .cut_start = s->cut_start,
                                  .cut_end = s->cut_end};
    plan_clean(&c.u.play.plan);
    return c;
}

static struct engine *fresh(int channels)
{
    struct engine *g;
    assert_int_equal(engine_new(&g, RATE, channels, NULL), ST_OK);
    return g;
}

static void post(struct engine *g, struct engine_command c)
{
    assert_true(engine_post(g, &c));
}

/* Render in blocks of changing size. */
static void render(struct engine *g, float *out, size_t frames, struct rng *r)
{
    size_t channels = (size_t)engine_channels(g);
    while (frames > 0) {
        size_t part = r ? 1 + rng_below(r, 700) : 512;
        part = part < frames ? part : frames;
        engine_render(g, out, part);
        engine_collect(g);
        out += part * channels;
        frames -= part;
    }
}

static void what_is_heard_is_the_file(void **state)
{
    enum { N = 30011 };
    struct rng r = rng_derive(1, 0, "blocks", 0);
    for (int channels = 1; channels <= 2; channels++) {
        struct engine *g = fresh(2);
        struct sound *s = noise_sound(N, channels, 3);
        FREED float *out = malloc((N + 1000) * 2 * sizeof *out);
        post(g, play(s, 1));
        render(g, out, N + 1000, &r);
        for (size_t i = 0; i < N + 1000; i++)
            for (size_t c = 0; c < 2; c++) {
                size_t from = i * (size_t)channels + (channels == 2 ? c : 0);
                float want = i < N ? s->audio.data[from] : 0;
                assert_true(out[2 * i + c] == want);
            }
        struct engine_snapshot snap;
        engine_snapshot(g, &snap);
        assert_false(snap.playing);
        assert_true(snap.silent && snap.serial == 1 && snap.frame == N);
        assert_int_equal(atomic_load(&s->references), 1);
        engine_free(g);
        sound_unref(s);
    }
}

static void mono_and_wide_devices(void **state)
{
    struct sound *s = noise_sound(1000, 2, 4);
    struct engine *one = fresh(1), *four = fresh(4);
    float a[1000], b[4000];
    post(one, play(s, 1));
    post(four, play(s, 1));
    engine_render(one, a, 1000);
    engine_render(four, b, 1000);
    for (size_t i = 0; i < 1000; i++) {
        float l = s->audio.data[2 * i], r = s->audio.data[2 * i + 1];
        assert_true(a[i] == (l + r) * 0.5f);
        assert_true(b[4 * i] == l && b[4 * i + 1] == r);
        assert_true(b[4 * i + 2] == 0 && b[4 * i + 3] == 0);
    }
    engine_free(one);
    engine_free(four);
    assert_int_equal(atomic_load(&s->references), 1);
    sound_unref(s);
}

static void loops_are_sample_exact(void **state)
{
    enum { N = 20000, OUT = 100000 };
    static const int64_t loops[][2] = {{5000, 15001}, {0, N}, {19000, N}, {700, 701}};
    struct rng r = rng_derive(2, 0, "blocks", 0);
    FREED float *out = malloc(OUT * 2 * sizeof *out);
    struct sound *s = noise_sound(N, 1, 5);
    for (size_t k = 0; k < sizeof loops / sizeof *loops; k++) {
        struct engine *g = fresh(2);
        struct engine_command c = play(s, 1);
        int64_t start = loops[k][0], end = loops[k][1];
        c.u.play.plan.loop = true;
        c.u.play.plan.loop_start = start;
        c.u.play.plan.loop_end = end;
        post(g, c);
        render(g, out, OUT, &r);
        for (int64_t i = 0; i < OUT; i++) {
            int64_t at = i < end ? i : start + (i - start) % (end - start);
            assert_true(out[2 * i] == s->audio.data[at]);
        }
        engine_free(g);
    }
    sound_unref(s);
}

static void the_loop_switch_acts_at_once(void **state)
{
    enum { N = 20000 };
    struct sound *s = noise_sound(N, 1, 6);
    struct engine *g = fresh(2);
    FREED float *out = malloc(40000 * 2 * sizeof *out);
    struct engine_command c = play(s, 9), change = {.action = ENGINE_PLAN};
    post(g, c);
    engine_render(g, out, 6000);
    change.u.change.serial = 9;
    change.u.change.plan = c.u.play.plan;
    change.u.change.plan.loop = true;
    change.u.change.plan.loop_start = 2000;
    change.u.change.plan.loop_end = 10000;
    post(g, change);
    engine_render(g, out + 2 * 6000, 10000); /* one turn and a half */
    change.u.change.plan.loop = false;
    post(g, change);
    engine_render(g, out + 2 * 16000, 20000);
    for (int64_t i = 0; i < 36000; i++) {
        int64_t at = i < 10000 ? i : 2000 + (i - 10000);
        float want = at < N ? s->audio.data[at] : 0;
        assert_true(out[2 * i] == want);
    }
    engine_free(g);
    sound_unref(s);
}

static void the_seam_is_heard_again_and_again(void **state)
{
    enum { N = 60000, SIDE = 4000, EDGE = 530 };
    struct sound *s = noise_sound(N, 1, 7);
    struct engine *g = fresh(2);
    enum { TURN = 2 * SIDE, OUT = 3 * TURN };
    FREED float *out = malloc(OUT * 2 * sizeof *out);
    struct engine_command c = play(s, 1);
    c.u.play.plan.seam = true;
    c.u.play.plan.loop_start = 10000;
    c.u.play.plan.loop_end = 50000;
    c.u.play.plan.seam_frames = SIDE;
    post(g, c);
    render(g, out, OUT, NULL);
    for (int i = 0; i < OUT; i++) {
        int at = i % TURN;
        float heard = out[2 * i];
        if (at >= EDGE && at < 2 * SIDE - EDGE)
            assert_true(heard ==
                        s->audio.data[at < SIDE ? 50000 - SIDE + at : 10000 + at - SIDE]);
    }
    assert_true(out[0] == 0 && out[2 * (TURN - 1)] == 0); /* both ends are silent */
    engine_free(g);
    sound_unref(s);
}

/* Down in a straight line that is there with the loudest frame, back up in .1 s. */
static void too_much_is_turned_down_in_a_line(void **state)
{
    enum { N = 512, AT = 255, BEFORE = 100 };
    const float quiet = 0.1f;
    struct limit l = {.gain = 1};
    float left[N], right[N];
    for (int block = 0; block < 2; block++) {
        for (int i = 0; i < N; i++) {
            left[i] = block == 0 && i == AT ? 2 : quiet;
            if (block == 0 && i == BEFORE) /* too much on the way down, too */
                left[i] = 1.9f;
            right[i] = -0.5f * left[i];
        }
        limit_apply(&l, RATE, left, right, N);
        for (int i = 0; i < N; i++) {
            double gain = block == 1 ? 0.5 + (i + 1) / (0.1 * RATE)
                          : i < AT   ? 1 - 0.5 * (i + 1) / (AT + 1)
                                     : 0.5;
            bool full = block == 0 && (i == AT || i == BEFORE);
            double want = full ? 1 : gain * (double)quiet;
            assert_true(fabs((double)left[i] - want) < 2e-6);
            assert_true(fabs((double)right[i] + 0.5 * want) < 2e-6);
        }
    }
}

/* The largest step between neighbouring samples. */
static double largest_step(const float *out, size_t frames)
{
    double most = 0;
    for (size_t i = 1; i < frames; i++)
        most = fmax(most, fabs((double)out[2 * i] - (double)out[2 * i - 2]));
    return most;
}

static void nothing_ever_clicks(void **state)
{
    enum { N = RATE * 2, OUT = RATE * 20, SOUNDS = 3 };
    const double own = 2 * PI * 100 / RATE * 0.5; /* of a 100 Hz sine at -6 dB */
    struct rng r = rng_derive(3, 0, "clicks", 0);
    struct engine *g = fresh(2);
    struct sound *s[SOUNDS];
    for (int i = 0; i < SOUNDS; i++) {
        s[i] = sine_sound(N, 100 - 7 * i, 0.5, RATE);
        s[i]->cut_start = s[i]->cut_end = true;
    }
    FREED float *out = calloc(OUT * 2, sizeof *out);
    size_t done = 0;
    uint64_t serial = 0;
    while (done < OUT) {
        struct engine_command c = {.action = ENGINE_STOP};
        switch (rng_below(&r, 6)) {
        case 0:
        case 1:
            c = play(s[rng_below(&r, SOUNDS)], ++serial);
            c.u.play.at =
                rng_below(&r, 3) ? (int64_t)rng_below(&r, N) : ENGINE_SAME_PLACE;
            c.u.play.plan.loop = rng_below(&r, 2);
            c.u.play.plan.loop_start = 4410; /* whole periods of each */
            c.u.play.plan.loop_end = 4410 + RATE;
            break;
        case 2:
            c.action = ENGINE_SEEK;
            c.u.frame = (int64_t)rng_below(&r, N);
            break;
        case 3:
            c.action = ENGINE_GAIN;
            c.u.gain = (float)rng_range(&r, 0, 1);
            break;
        case 4:
            c.action = ENGINE_VOLUME;
            c.u.gain = (float)rng_range(&r, 0, 1);
            break;
        default:
            break;
        }
        post(g, c);
        size_t part = 16 + rng_below(&r, rng_below(&r, 4) ? 300 : 9000);
        part = part < OUT - done ? part : OUT - done;
        engine_render(g, out + 2 * done, part);
        engine_collect(g);
        done += part;
    }
    /* two sounds cross over with gains that add up to one; a gain ramp and a fade have
     * steps of their own, far below -50 dBFS a sample */
    double limit = own + pow(10, -50.0 / 20);
    assert_true(largest_step(out, OUT) < limit);
    engine_free(g);
    for (int i = 0; i < SOUNDS; i++) {
        assert_int_equal(atomic_load(&s[i]->references), 1);
        sound_unref(s[i]);
    }
}

static void a_start_of_a_file_is_not_faded_but_a_cut_is(void **state)
{
    struct sound *s = make_sound(4000, 1, RATE);
    for (int i = 0; i < 4000; i++)
        s->audio.data[i] = 0.5f;
    float out[4200 * 2];
    for (int cut = 0; cut < 2; cut++) {
        s->cut_start = s->cut_end = cut;
        struct engine *g = fresh(2);
        post(g, play(s, 1));
        engine_render(g, out, 4200);
        float first = out[0], last = out[2 * 3999], middle = out[2 * 2000];
        assert_true(middle == 0.5f);
        if (cut) {
            assert_true(largest_step(out, 4200) < 0.0032 && last < 0.001f);
            for (int i = 0; i <= 529; i += 23) { /* 12 ms: a raised cosine */
                double want = 0.25 - 0.25 * cos(PI * i / 529);
                assert_true(fabs((double)out[2 * i] - want) < 0.002);
                assert_true(fabs((double)out[2 * (3999 - i)] - want) < 0.002);
            }
        } else {
            assert_true(first == 0.5f && last == 0.5f);
        }
        engine_free(g);
    }
    sound_unref(s);
}

static void flipping_keeps_the_place(void **state)
{
    enum { N = 40000 };
    struct sound *a = noise_sound(N, 1, 8), *b = noise_sound(N, 1, 9);
    struct engine *g = fresh(2);
    float out[4000 * 2];
    post(g, play(a, 1));
    engine_render(g, out, 3000);
    struct engine_command c = play(b, 2);
    c.u.play.at = ENGINE_SAME_PLACE;
    post(g, c);
    engine_render(g, out, 4000);
    for (int i = 550; i < 4000; i++) /* after 12 ms of crossfade */
        assert_true(out[2 * i] == b->audio.data[3000 + i]);
    engine_free(g);
    sound_unref(a);
    sound_unref(b);
}

/* Twice before anything is rendered, and to what is shorter than the place. */
static void flipping_fast_and_to_what_is_shorter(void **state)
{
    enum { N = 40000, SHORT = 2500 };
    struct sound *a = noise_sound(N, 1, 8), *b = noise_sound(N, 1, 9),
                 *brief = noise_sound(SHORT, 1, 10), *order[] = {b, a, brief};
    struct engine *g = fresh(2);
    float out[4000 * 2];
    for (int i = -1; i < 3; i++) {
        struct engine_command c = play(i < 0 ? a : order[i], (uint64_t)i + 2);
        c.u.play.at = i < 0 ? 0 : ENGINE_SAME_PLACE;
        c.u.play.gain = 0.25f; /* two at once are not turned down */
        post(g, c);
        if (i < 0)
            engine_render(g, out, 3000);
        if (i <= 0)
            continue;
        engine_render(g, out, i == 1 ? 4000 : SHORT);
        for (int k = 550; k < (i == 1 ? 4000 : SHORT); k++)
            assert_true(out[2 * k] == 0.25f * (i == 1 ? a->audio.data[3000 + k]
                                                      : brief->audio.data[k]));
    }
    engine_free(g);
    sound_unref(a);
    sound_unref(b);
    sound_unref(brief);
}

/* Over 20 ms to exactly what was asked for, also when a seek comes in between. A seek
 * before anything was heard fades nothing. */
static void a_gain_arrives_whatever_comes_between(void **state)
{
    enum { N = 20000, BACK = 5000 };
    struct sound *s = noise_sound(N, 1, 12);
    struct engine_command gain = {.action = ENGINE_GAIN, .u.gain = 0.5f},
                          seek = {.action = ENGINE_SEEK, .u.frame = 0};
    float out[3000 * 2];
    for (int sought = 0; sought < 2; sought++) {
        struct engine *g = fresh(2);
        post(g, play(s, 1));
        post(g, seek);
        engine_render(g, out, 2000);
        for (int i = 0; i < 2000; i++)
            assert_true(out[2 * i] == s->audio.data[i]);
        post(g, gain);
        engine_render(g, out, 441);
        float half = out[2 * 440] / s->audio.data[2440];
        assert_true(fabsf(half - 0.75f) < 0.001f); /* 10 ms */
        seek.u.frame = BACK;
        if (sought)
            post(g, seek);
        engine_render(g, out, 2000);
        for (int i = 600; i < 2000; i++)
            assert_true(out[2 * i] == 0.5f * s->audio.data[i + (sought ? BACK : 2441)]);
        seek.u.frame = 0;
        engine_free(g);
    }
    assert_int_equal(atomic_load(&s->references), 1);
    sound_unref(s);
}

/* The loop is switched on behind its end: what plays crosses over into it. */
static void a_loop_switched_on_behind_its_end_does_not_click(void **state)
{
    struct sound *s = sine_sound(RATE, 100, 0.5, RATE);
    struct engine *g = fresh(2);
    float out[8000 * 2];
    struct engine_command c = play(s, 1), change = {.action = ENGINE_PLAN};
    post(g, c);
    engine_render(g, out, 6000);
    change.u.change.serial = 1;
    change.u.change.plan = c.u.play.plan;
    change.u.change.plan.loop = true;
    change.u.change.plan.loop_end = 3307; /* seven periods and a half */
    post(g, change);
    engine_render(g, out + 2 * 6000, 600);
    assert_true(largest_step(out, 6600) < 2 * PI * 100 / RATE * 0.5 + 0.0032);
    struct engine_snapshot snap;
    engine_snapshot(g, &snap);
    assert_true(snap.frame == 6600 - 3307);
    engine_free(g);
    sound_unref(s);
}

/* More sounds than voices, each still fading out: the last waits for a free voice, and
 * stopping takes it back. */
static void what_finds_no_voice_waits_for_one(void **state)
{
    enum { N = 4000, SOUNDS = 70 };
    struct sound *s = noise_sound(N, 1, 13);
    float out[3000 * 2];
    struct engine_snapshot snap;
    for (int stopped = 0; stopped < 2; stopped++) {
        struct engine *g = fresh(2);
        for (int i = 0; i < SOUNDS; i++) {
            post(g, play(s, (uint64_t)i + 1));
            engine_render(g, out, 1);
        }
        engine_snapshot(g, &snap);
        assert_true(snap.playing && snap.serial < SOUNDS);
        if (stopped)
            post(g, (struct engine_command){.action = ENGINE_STOP});
        engine_render(g, out, 600);
        engine_render(g, out, 600);
        engine_snapshot(g, &snap);
        assert_int_equal(snap.playing, !stopped);
        assert_int_equal(snap.silent, stopped);
        if (!stopped)
            assert_int_equal(snap.serial, SOUNDS);
        engine_render(g, out, 3000);
        engine_render(g, out, 1000);
        engine_collect(g);
        assert_int_equal(atomic_load(&s->references), 1);
        engine_free(g);
    }
    sound_unref(s);
}

/* What is left beside the best-fitting sine of that frequency, in dB below it. */
static double purity_db(const float *x, size_t from, size_t to, double hz)
{
    double ss = 0, cc = 0, sc = 0, xs = 0, xc = 0, all = 0;
    for (size_t i = from; i < to; i++) {
        double w = 2 * PI * hz * (double)i / RATE, v = (double)x[2 * i];
        double s = sin(w), c = cos(w);
        ss += s * s, cc += c * c, sc += s * c;
        xs += v * s, xc += v * c, all += v * v;
    }
    double det = ss * cc - sc * sc;
    double p = (xs * cc - xc * sc) / det, q = (xc * ss - xs * sc) / det;
    double explained = p * xs + q * xc;
    return 10 * log10(explained / fmax(all - explained, 1e-30));
}

static void other_rates_are_converted_cleanly(void **state)
{
    static const int rates[] = {48000, 96000, 22050, 8000, 192000, 47999};
    FREED float *out = malloc(RATE * 2 * sizeof *out);
    for (size_t k = 0; k < sizeof rates / sizeof *rates; k++) {
        struct kernel *kernel = kernel_new(rates[k], RATE);
        assert_non_null(kernel);
        struct sound *s = sine_sound((size_t)rates[k], 1234.5, 0.5, rates[k]);
        struct engine *g = fresh(2);
        struct engine_command c = play(s, 1);
        c.u.play.kernel = kernel;
        post(g, c);
        struct engine_snapshot snap;
        render(g, out, RATE / 2, NULL);
        engine_snapshot(g, &snap);
        assert_true(fabs((double)snap.frame - rates[k] / 2.0) <=
                    2); /* not what is read */
        render(g, out + 2 * (RATE / 2), RATE - RATE / 2, NULL);
        assert_true(purity_db(out, 1000, RATE - 1000, 1234.5) > 85);
        for (int i = 1000; i < RATE - 1000; i++) /* at its time, to 0.2 µs */
            assert_true(fabs((double)out[2 * i] - 0.5 * sin(2 * PI * 1234.5 * i / RATE)) <
                        1e-3);
        engine_render(g, out, 600);
        engine_snapshot(g, &snap);
        assert_false(snap.playing);
        engine_free(g);
        kernel_free(kernel);
        sound_unref(s);
    }
}

static double rms_db(const float *x, size_t from, size_t to)
{
    double sum = 0;
    for (size_t i = from; i < to; i++)
        sum += (double)x[2 * i] * (double)x[2 * i];
    return 10 * log10(sum / (double)(to - from) + 1e-30);
}

static void what_the_device_cannot_play_does_not_fold_back(void **state)
{
    FREED float *out = malloc(RATE * 2 * sizeof *out);
    struct kernel *kernel = kernel_new(96000, RATE);
    struct sound *s = sine_sound(96000, 25000, 0.5, 96000);
    struct engine *g = fresh(2);
    struct engine_command c = play(s, 1);
    c.u.play.kernel = kernel;
    post(g, c);
    render(g, out, RATE, NULL);
    assert_true(rms_db(out, 1000, RATE - 1000) < -90);
    engine_free(g);
    kernel_free(kernel);
    sound_unref(s);
}

/* All of what both rates hold, and nothing of what only the file's does. */
static void the_band_is_kept_to_its_edge(void **state)
{
    static const struct {
        int rate_hz;
        double hz, low_db, high_db;
    } tones[] = {
        {48000, 100, -9.04, -9.02}, {48000, 18000, -9.1, -8.96},
        {48000, 23500, -300, -90},  {96000, 18000, -9.1, -8.96},
        {22050, 9000, -9.1, -8.96},
    };
    FREED float *out = malloc(RATE * 2 * sizeof *out);
    for (size_t k = 0; k < sizeof tones / sizeof *tones; k++) {
        int rate_hz = tones[k].rate_hz;
        struct kernel *kernel = kernel_new(rate_hz, RATE);
        struct sound *s = sine_sound((size_t)rate_hz, tones[k].hz, 0.5, rate_hz);
        struct engine *g = fresh(2);
        struct engine_command c = play(s, 1);
        c.u.play.kernel = kernel;
        post(g, c);
        render(g, out, RATE, NULL);
        double level = rms_db(out, 1000, RATE - 1000);
        assert_true(level > tones[k].low_db && level < tones[k].high_db);
        engine_free(g);
        kernel_free(kernel);
        sound_unref(s);
    }
}

/* At another rate, too, a sound is heard to its last frame, and the next one on the same
 * voice begins with nothing of it. */
static void other_rates_have_both_ends(void **state)
{
    enum { N = 4000 };
    struct kernel *kernel = kernel_new(RATE / 2, RATE);
    struct sound *loud = make_sound(N, 2, RATE / 2), *late = make_sound(N, 2, RATE / 2);
    for (int i = 0; i < 2 * N; i++) {
        loud->audio.data[i] = 0.5f;
        late->audio.data[i] = i < N ? 0 : 0.5f;
    }
    struct engine *g = fresh(2);
    float out[(2 * N + 1000) * 2];
    struct engine_command c = play(loud, 1);
    c.u.play.kernel = kernel;
    post(g, c);
    render(g, out, 2 * N + 1000, NULL);
    int heard = 0;
    for (int i = 0; i < 2 * N + 1000; i++)
        heard += out[2 * i] > 0.25f;
    assert_in_range(heard, 2 * N - 2, 2 * N + 2);
    c = play(late, 2);
    c.u.play.kernel = kernel;
    post(g, c);
    render(g, out, 2 * N, NULL);
    for (int i = 0; i < N - 100; i++)
        assert_true(out[2 * i] == 0 && out[2 * i + 1] == 0);
    assert_true(fabsf(out[2 * (N + 1000)] - 0.5f) < 1e-4f);
    engine_free(g);
    kernel_free(kernel);
    sound_unref(loud);
    sound_unref(late);
}

/* A loop of whole periods stays a pure tone for ever, also where its length is no whole
 * number of device frames. */
static void loops_stay_exact_at_other_rates(void **state)
{
    enum { PERIOD = 97, LOOP = PERIOD * 7 };
    FREED float *out = malloc(RATE * 4 * 2 * sizeof *out);
    struct kernel *kernel = kernel_new(48000, RATE);
    struct sound *s = sine_sound(LOOP + 1000, 48000.0 / PERIOD, 0.5, 48000);
    struct engine *g = fresh(2);
    struct engine_command c = play(s, 1);
    c.u.play.kernel = kernel;
    c.u.play.plan.loop = true;
    c.u.play.plan.loop_start = 300;
    c.u.play.plan.loop_end = 300 + LOOP;
    post(g, c);
    render(g, out, RATE * 4, NULL);
    assert_true(purity_db(out, 1000, RATE * 4, 48000.0 / PERIOD) > 85);
    engine_free(g);
    kernel_free(kernel);
    sound_unref(s);
}

/* Two sounds that add up to twice full scale: nothing is cut off, no step is larger than
 * the sum's own, and what fits is untouched before and afterwards. */
static void the_first_attack_is_heard_at_the_volume_set_before(void **state)
{
    enum { N = 4000 };
    static const float volumes[] = {0.5f, 0.0625f, 0.25f};
    struct engine *g = fresh(1);
    struct sound *s = noise_sound(N, 1, 11);
    float out[N + 1000];
    for (size_t k = 0; k < 3; k++) {
        struct engine_command c = {.action = ENGINE_VOLUME};
        c.u.gain = volumes[k];
        post(g, c);
        post(g, play(s, 1 + k));
        render(g, out, N + 1000, NULL);
        for (size_t i = 0; i < N; i++)
            assert_true(out[i] == s->audio.data[i] * volumes[k]);
    }
    engine_free(g);
    sound_unref(s);
}

static void what_is_too_loud_is_turned_down(void **state)
{
    enum { N = RATE };
    struct engine *g = fresh(2);
    struct sound *quiet = sine_sound(N, 100, 0.9, RATE),
                 *loud = sine_sound(N / 4, 150, 1, RATE);
    struct rng r = rng_derive(3, 0, "blocks", 0);
    FREED float *out = malloc(N * 2 * sizeof *out);
    struct engine_command c = {.action = ENGINE_SLOT};
    c.u.kit.sound = sound_ref(loud);
    c.u.kit.gain = 1;
    post(g, play(quiet, 1));
    post(g, c);
    render(g, out, N / 4, &r);
    c = (struct engine_command){.action = ENGINE_HIT};
    post(g, c);
    render(g, out + N / 2, N - N / 4, &r);
    float most = 0, step = 0;
    for (size_t i = 1; i < N; i++) {
        most = fmaxf(most, fabsf(out[2 * i]));
        step = fmaxf(step, fabsf(out[2 * i] - out[2 * (i - 1)]));
    }
    assert_true(most <= 1 && most > 0.99F);
    assert_true((double)step < 2 * PI / RATE * (100 * 0.9 + 150) * 1.6);
    for (size_t i = 0; i < N / 4; i++)
        assert_true(out[2 * i] == quiet->audio.data[i]);
    for (size_t i = N / 2 + RATE / 10; i < N; i++)
        assert_true(out[2 * i] == quiet->audio.data[i]);
    engine_free(g);
    sound_unref(quiet);
    sound_unref(loud);
}

static void a_full_queue_is_refused_not_lost(void **state)
{
    struct engine *g = fresh(2);
    struct sound *s = noise_sound(100, 1, 1);
    int taken = 0;
    for (;;) {
        struct engine_command c = play(s, 1);
        if (!engine_post(g, &c)) /* and the reference is dropped */
            break;
        taken++;
    }
    assert_true(taken >= 1000);
    assert_int_equal(atomic_load(&s->references), taken + 1);
    float out[64 * 2];
    for (int i = 0; i < 40; i++) {
        engine_render(g, out, 64);
        engine_collect(g);
    }
    assert_int_equal(atomic_load(&s->references), 1);
    post(g, play(s, 2)); /* freed with the queue full of references */
    engine_free(g);
    assert_int_equal(atomic_load(&s->references), 1);
    sound_unref(s);
}

static void plans_stay_within_the_sound(void **state)
{
    enum { N = 1000 };
    static const int64_t points[][4] = {/* given, cleaned */
                                        {200, 700, 200, 700},
                                        {-5, 700, 0, 700},
                                        {200, 2000, 200, N},
                                        {600, 600, 0, N},
                                        {700, 200, 0, N}};
    for (size_t i = 0; i < sizeof points / sizeof *points; i++) {
        struct plan p = {
            .frames = N, .loop_start = points[i][0], .loop_end = points[i][1]};
        plan_clean(&p);
        assert_true(p.loop_start == points[i][2] && p.loop_end == points[i][3]);
    }
    struct plan p = {.frames = N, .loop = true, .loop_start = 200, .loop_end = 700};
    static const int64_t starts[][2] = {
        {-9, 0}, {699, 699}, {700, 200}, {999, 499}, {5000, 499}};
    for (size_t i = 0; i < sizeof starts / sizeof *starts; i++) {
        struct program out = plan_program(&p, starts[i][0]);
        assert_true(out.span[0].from == starts[i][1] && out.span[0].to == 700);
        assert_true(out.span[1].from == 200 && out.span[1].to == 700);
    }
    p.seam = true;
    static const int64_t seams[][3] = {{100, 600, 300}, {5000, 0, 700}};
    for (size_t i = 0; i < 2; i++) {
        p.seam_frames = seams[i][0];
        struct program out = plan_program(&p, 0);
        assert_true(out.span[0].from == seams[i][1] && out.span[0].to == 700);
        assert_true(out.span[1].from == 200 && out.span[1].to == seams[i][2]);
    }
}

/* A second of a tone, then three of it 8 dB softer. */
static struct sound *fading(double seconds, double db)
{
    struct audio a = tone_blank(seconds, 1, 44100);
    tone_add(&a, -1, 1000, level_from_db(db), PI / 2);
    for (size_t i = 44100; i < a.frames; i++)
        a.data[i] *= (float)level_from_db(-8);
    struct sound *s = sound_new(&a);
    assert_non_null(s);
    sound_measure(s);
    return s;
}

static void sounds_are_matched_by_what_is_heard(void **state)
{
    struct sound *brief = fading(2, -6), *whole = fading(4, -6), *faint = fading(2, -90);
    /* 10 lg of the mean power of all four seconds */
    double all = 10 * log10((1 + 3 * pow(10, -0.8)) / 4);
    assert_true(fabs(whole->loudness_lufs - brief->loudness_lufs - all) < 0.3);
    assert_true(sound_match_db(brief, brief->loudness_lufs - 20) == -20);
    assert_true(sound_match_db(brief, brief->loudness_lufs - 50) == -36);
    assert_true(sound_match_db(faint, -20) == 36); /* R 128 does not hear it at all */
    assert_true(whole->loud_start && whole->loud_end);
    struct audio closed = tone_blank(2, 1, 44100);
    tone_add(&closed, -1, 1000, 0.5, 0);
    closed.data[closed.frames - 1] = 0;
    struct sound *quiet_ends = sound_new(&closed);
    sound_measure(quiet_ends);
    assert_false(quiet_ends->loud_start || quiet_ends->loud_end);
    sound_unref(brief);
    sound_unref(whole);
    sound_unref(faint);
    sound_unref(quiet_ends);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_is_heard_is_the_file),
        cmocka_unit_test(mono_and_wide_devices),
        cmocka_unit_test(loops_are_sample_exact),
        cmocka_unit_test(the_loop_switch_acts_at_once),
        cmocka_unit_test(the_seam_is_heard_again_and_again),
        cmocka_unit_test(too_much_is_turned_down_in_a_line),
        cmocka_unit_test(nothing_ever_clicks),
        cmocka_unit_test(a_start_of_a_file_is_not_faded_but_a_cut_is),
        cmocka_unit_test(flipping_keeps_the_place),
        cmocka_unit_test(flipping_fast_and_to_what_is_shorter),
        cmocka_unit_test(a_gain_arrives_whatever_comes_between),
        cmocka_unit_test(a_loop_switched_on_behind_its_end_does_not_click),
        cmocka_unit_test(what_finds_no_voice_waits_for_one),
        cmocka_unit_test(other_rates_are_converted_cleanly),
        cmocka_unit_test(the_band_is_kept_to_its_edge),
        cmocka_unit_test(other_rates_have_both_ends),
        cmocka_unit_test(what_the_device_cannot_play_does_not_fold_back),
        cmocka_unit_test(loops_stay_exact_at_other_rates),
        cmocka_unit_test(the_first_attack_is_heard_at_the_volume_set_before),
        cmocka_unit_test(what_is_too_loud_is_turned_down),
        cmocka_unit_test(a_full_queue_is_refused_not_lost),
        cmocka_unit_test(plans_stay_within_the_sound),
        cmocka_unit_test(sounds_are_matched_by_what_is_heard),
    };
    return cmocka_run_group_tests_name("engine", tests, NULL, NULL);
}
