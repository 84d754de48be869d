#include "tone.h"
#include "checks.h"
#include "core/pi.h"

#include "dsp/analysis.h"
#include "dsp/level.h"
#include "dsp/measure.h"

#include <complex.h>
#include <math.h>
#include <string.h>

/* CMPLX is missing with clang and glibc. */
static double complex complex_of(double re, double im)
{
    return re + im * (double complex)_Complex_I;
}

struct audio tone_frames(size_t frames, int channels, int rate_hz)
{
    struct audio a;
    assert_int_equal(audio_init(&a, frames, channels, rate_hz, NULL), ST_OK);
    return a;
}

struct audio tone_blank(double seconds, int channels, int rate_hz)
{
    return tone_frames((size_t)(seconds * rate_hz + 0.5), channels, rate_hz);
}

void tone_add(struct audio *a, int channel, double hz, double amplitude, double phase)
{
    double complex turn = complex_of(cos(phase), sin(phase));
    double angle = 2 * PI * hz / a->rate_hz;
    double complex step = complex_of(cos(angle), sin(angle));
    for (size_t i = 0; i < a->frames; i++, turn *= step) {
        float x = (float)(amplitude * cimag(turn));
        for (int c = 0; c < a->channels; c++)
            if (channel < 0 || channel == c)
                a->data[i * (size_t)a->channels + (size_t)c] += x;
    }
}

void tone_harmonic(struct audio *a, double hz, double amplitude, double limit_hz)
{
    for (int k = 1; k * hz < limit_hz; k++)
        tone_add(a, -1, k * hz, amplitude / k, 0.7 * k * k);
}

void tone_noise(struct audio *a, double rms, struct rng *r)
{
    for (size_t i = 0; i < a->frames * (size_t)a->channels; i++)
        a->data[i] += (float)(rms * rng_gauss(r));
}

void tone_white(struct audio *a, double rms, uint64_t which)
{
    struct rng r = rng_derive(1, 0, "white", which);
    tone_noise(a, rms, &r);
}

struct track *tone_track(const struct audio *a)
{
    struct track *t = NULL;
    struct analysis *by;
    struct err e = {0};
    enum status st = analysis_new(&by, a->rate_hz, a->channels, &e);
    if (st == ST_OK)
        st = analysis_push(by, a->data, a->frames, &e);
    if (st == ST_OK)
        st = analysis_finish(by, &t, &e);
    analysis_free(by);
    if (st != ST_OK)
        fail_msg("%s", e.msg);
    return t;
}

void assert_close(double found, double expected, double within)
{
    if (!(fabs(found - expected) <= within))
        fail_msg("found %g, expected %g within %g", found, expected, within);
}

/* Windowed Fourier coefficient at exactly hz; its phase belongs to frame `start`. */
static double complex coefficient(const struct audio *a, int channel, size_t start,
                                  size_t count, double hz)
{
    double complex sum = 0, turn = 1,
                   window_turn = cexp(complex_of(0, 2 * PI * 0.5 / (double)count));
    double complex step = cexp(complex_of(0, -2 * PI * hz / a->rate_hz));
    double complex window_step = cexp(complex_of(0, 2 * PI / (double)count));
    double weight = 0;
    const float *x = a->data + start * (size_t)a->channels + channel;
    for (size_t i = 0; i < count; i++, x += a->channels) {
        double c = creal(window_turn), c2 = 2 * c * c - 1, c3 = c * (2 * c2 - 1);
        double w = 0.35875 - 0.48829 * c + 0.14128 * c2 - 0.01168 * c3;
        sum += w * (double)*x * turn;
        weight += w;
        turn *= step;
        window_turn *= window_step;
    }
    return 2 * sum / weight;
}

struct partial tone_partial(const struct audio *a, int channel, size_t start,
                            size_t count, double hz)
{
    size_t half = count / 2;
    double complex c = 0;
    for (int round = 0; round < 4; round++) {
        double complex early = coefficient(a, channel, start, half, hz);
        double complex late = coefficient(a, channel, start + half, half, hz);
        /* each half is measured against the same hz from its own start */
        double ahead = 2 * PI * hz * (double)half / a->rate_hz;
        double drift = carg(late / early * complex_of(cos(ahead), -sin(ahead)));
        hz += drift / (2 * PI * (double)half / a->rate_hz);
        c = coefficient(a, channel, start, count, hz);
    }
    return (struct partial){hz, cabs(c), carg(c) + 2 * PI / 4};
}

double tone_centroid(const struct audio *a)
{
    struct measures m;
    measures_clear(&m);
    assert_int_equal(measure_sample(a, &m, NULL), ST_OK);
    return m.centroid_hz;
}

double tone_cents(double hz, double reference_hz)
{
    return 1200 * log2(hz / reference_hz);
}

double tone_join_kink(const struct audio *loop)
{
    size_t n = loop->frames, channels = (size_t)loop->channels;
    double inside = 0, join = 0;
    for (size_t c = 0; c < channels; c++)
        for (size_t i = 0; i < n; i++) {
            double x = (double)loop->data[i * channels + c];
            double y = (double)loop->data[(i + 1) % n * channels + c];
            double z = (double)loop->data[(i + 2) % n * channels + c];
            double bend = fabs(x - 2 * y + z);
            if (i + 2 < n)
                inside = fmax(inside, bend);
            else
                join = fmax(join, bend);
        }
    return inside > 0 ? join / inside : 0;
}

double tone_correlation(const struct audio *a)
{
    double lr = 0, ll = 0, rr = 0;
    for (size_t i = 0; i < a->frames; i++) {
        double l = (double)a->data[i * (size_t)a->channels];
        double r = (double)a->data[i * (size_t)a->channels + 1];
        lr += l * r;
        ll += l * l;
        rr += r * r;
    }
    return lr / sqrt(ll * rr + 1e-30);
}

void tone_wavering(const struct audio *a, size_t ends, double *least, double *most)
{
    enum { PIECES = 400, REACH = 10 };
    size_t piece = (size_t)a->rate_hz / 20, count = 0;
    double power[PIECES];
    for (size_t at = ends; at + piece + ends <= a->frames && count < PIECES; at += piece)
        power[count++] = pow(level_rms_range(a, at, at + piece), 2);
    *least = *most = 0;
    for (size_t i = REACH; i + REACH < count; i++) {
        double course = 0;
        for (size_t k = i - REACH; k <= i + REACH; k++)
            course += power[k] / (2 * REACH + 1);
        *least = fmin(*least, 10 * log10(power[i] / course));
        *most = fmax(*most, 10 * log10(power[i] / course));
    }
}
