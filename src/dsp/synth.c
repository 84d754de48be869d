#include "dsp/synth.h"

#include "core/pi.h"

#include <math.h>
#include <stdlib.h>

static const double lengths_s[SYNTH_DRUM_COUNT] = {
    [SYNTH_KICK] = 0.45,       [SYNTH_SNARE] = 0.35,   [SYNTH_CLAP] = 0.35,
    [SYNTH_HAT_CLOSED] = 0.09, [SYNTH_HAT_OPEN] = 0.5, [SYNTH_TOM] = 0.5,
    [SYNTH_CRASH] = 1.6,       [SYNTH_RIM] = 0.12,     [SYNTH_RIDE] = 1.8,
};

double synth_drum_length_s(enum synth_drum d)
{
    return lengths_s[d];
}

/* One-pole coefficient for a corner frequency. */
static double pole(double hz, int rate_hz)
{
    return 1 - exp(-2 * PI * fmin(hz, 0.45 * rate_hz) / rate_hz);
}

/* Noise between two one-pole corners, with unit gain in the band. */
struct band {
    double low, high, slow, fast;
};

static double band_next(struct band *b, double x)
{
    b->fast += b->high * (x - b->fast);
    b->slow += b->low * (b->fast - b->slow);
    return b->fast - b->slow;
}

static void kick(double level, double tune, struct rng *r, float *out, size_t n, int rate)
{
    double phase = 0, base = 48 * tune;
    for (size_t i = 0; i < n; i++) {
        double t = (double)i / rate;
        phase += (base + 130 * tune * exp(-t * 45)) / rate;
        double click =
            i < 40 ? (rng_uniform(r) - 0.5) * 0.4 * (40.0 - (double)i) / 40 : 0;
        double body = cos(2 * PI * phase) * exp(-t * 9);
        out[i] += (float)(level * (0.9 * body + click));
    }
}

static void snare(double level, double tune, struct rng *r, float *out, size_t n,
                  int rate)
{
    struct band b = {pole(900, rate), pole(9000, rate), 0, 0};
    for (size_t i = 0; i < n; i++) {
        double t = (double)i / rate;
        double shell = 0.45 * cos(2 * PI * 190 * tune * t) * exp(-t * 26) +
                       0.25 * cos(2 * PI * 333 * tune * t) * exp(-t * 32);
        double wires = band_next(&b, rng_uniform(r) * 2 - 1) * 1.1 * exp(-t * 17);
        out[i] += (float)(level * (shell + wires));
    }
}

static void clap(double level, double tune, struct rng *r, float *out, size_t n, int rate)
{
    struct band b = {pole(700 * tune, rate), pole(3500 * tune, rate), 0, 0}, again = b;
    for (size_t i = 0; i < n; i++) {
        double t = (double)i / rate, slap = fmod(t, 0.010);
        double envelope = t < 0.030 ? exp(-slap * 300) : exp(-(t - 0.030) * 24);
        double hands = band_next(&again, band_next(&b, rng_uniform(r) * 2 - 1));
        out[i] += (float)(level * 2.8 * envelope * hands);
    }
}

/* Six inharmonic squares behind a high-pass: the usual analogue cymbal. */
struct metal {
    double tune, decay_per_s, noise; /* noise: beside squares of 0.16 each */
    double low_hz;
};

static void metal(double level, const struct metal *m, struct rng *r, float *out,
                  size_t n, int rate)
{
    static const double ratio[6] = {2, 3, 4.16, 5.43, 6.79, 8.21};
    double phase[6];
    for (int k = 0; k < 6; k++)
        phase[k] = rng_uniform(r);
    struct band b = {pole(m->low_hz, rate), pole(16000, rate), 0, 0};
    for (size_t i = 0; i < n; i++) {
        double t = (double)i / rate, sum = 0;
        for (int k = 0; k < 6; k++) {
            phase[k] += 325 * m->tune * ratio[k] / rate;
            phase[k] -= floor(phase[k]);
            sum += phase[k] < 0.5 ? 0.16 : -0.16;
        }
        sum += m->noise * (rng_uniform(r) * 2 - 1);
        out[i] += (float)(level * exp(-t * m->decay_per_s) * band_next(&b, sum));
    }
}

static void tom(double level, double tune, struct rng *r, float *out, size_t n, int rate)
{
    double phase = rng_uniform(r) * 0.01;
    for (size_t i = 0; i < n; i++) {
        double t = (double)i / rate;
        phase += (125 * tune * (1 + 0.5 * exp(-t * 28))) / rate;
        out[i] += (float)(level * 0.9 * cos(2 * PI * phase) * exp(-t * 9));
    }
}

/* A stick across the rim: wood on metal, and no drum to speak of. */
static void rim(double level, double tune, struct rng *r, float *out, size_t n, int rate)
{
    struct band b = {pole(1500, rate), pole(7000, rate), 0, 0};
    for (size_t i = 0; i < n; i++) {
        double t = (double)i / rate;
        double wood = 0.5 * cos(2 * PI * 520 * tune * t) * exp(-t * 90) +
                      0.5 * cos(2 * PI * 1720 * tune * t) * exp(-t * 110);
        double click = band_next(&b, rng_uniform(r) * 2 - 1) * exp(-t * 500);
        out[i] += (float)(level * (wood + click));
    }
}

/* The stick's ping over bronze that rings on: partials of a plate, denser towards the
 * top, the higher the sooner gone. */
static void ride(double level, double tune, struct rng *r, float *out, size_t n, int rate)
{
    enum { PARTIALS = 40 };
    struct band b = {pole(4000, rate), pole(12000, rate), 0, 0};
    for (int k = 0; k < PARTIALS; k++) {
        double hz = tune * 340 * pow(36, rng_range(r, 0.0, 1.0));
        double phase = 2 * PI * rng_uniform(r), fall = exp(-(1.5 + hz / 4000) / rate);
        double gain = hz < 0.45 * rate ? level * 0.12 * sqrt(hz / 12000) : 0;
        double re = gain * cos(phase), im = gain * sin(phase);
        double c = fall * cos(2 * PI * hz / rate), d = fall * sin(2 * PI * hz / rate);
        for (size_t i = 0; i < n; i++) { /* each turned on from the one before */
            double turned = re * c - im * d;
            out[i] += (float)re;
            im = im * c + re * d;
            re = turned;
        }
    }
    for (size_t i = 0; i < n; i++) {
        double t = (double)i / rate;
        double ping = 0.35 * cos(2 * PI * 2900 * tune * t) * exp(-t * 60);
        out[i] += (float)(level * (ping + 0.6 * band_next(&b, rng_uniform(r) * 2 - 1) *
                                              exp(-t * 120)));
    }
}

static void (*const skins[SYNTH_DRUM_COUNT])(double level, double tune, struct rng *r,
                                             float *out, size_t n, int rate) = {
    [SYNTH_KICK] = kick, [SYNTH_SNARE] = snare, [SYNTH_CLAP] = clap,
    [SYNTH_TOM] = tom,   [SYNTH_RIM] = rim,     [SYNTH_RIDE] = ride};
static const struct metal metals[SYNTH_DRUM_COUNT] = {
    [SYNTH_HAT_CLOSED] = {1, 70, 0.5, 6500},
    [SYNTH_HAT_OPEN] = {1, 7, 1.0, 8000},
    [SYNTH_CRASH] = {1.1, 3, 1.0, 6500}};

void synth_drum(enum synth_drum d, double velocity, double tune, struct rng *r,
                float *mono, size_t n, int rate_hz)
{
    size_t length = (size_t)(lengths_s[d] * rate_hz);
    n = n < length ? n : length;
    if (skins[d]) {
        skins[d](velocity, tune, r, mono, n, rate_hz);
        return;
    }
    struct metal m = metals[d];
    m.tune *= tune;
    metal(velocity, &m, r, mono, n, rate_hz);
}

/* PolyBLEP residual around the wrap of a phase in [0, 1). */
static double blep(double phase, double step)
{
    if (phase < step) {
        double x = phase / step;
        return x + x - x * x - 1;
    }
    if (phase > 1 - step) {
        double x = (phase - 1) / step;
        return x * x + x + x + 1;
    }
    return 0;
}

static double ramp(double t, double length, double attack, double release)
{
    double g = 1;
    if (attack > 0 && t < attack)
        g = 0.5 - 0.5 * cos(2 * PI * 0.5 * t / attack);
    if (release > 0 && t > length - release)
        g *= 0.5 - 0.5 * cos(2 * PI * 0.5 * fmax(0, length - t) / release);
    return g;
}

void synth_pad(const struct synth_pad *p, struct rng *r, float *mono, size_t n,
               int rate_hz)
{
    double phase[3], step[3], state[2] = {0, 0}, length = (double)n / rate_hz;
    for (int k = 0; k < 3; k++) {
        phase[k] = rng_uniform(r);
        step[k] = p->freq_hz * exp2(p->detune_cents * (k - 1) / 1200) / rate_hz;
    }
    double a = pole(p->cutoff_hz, rate_hz);
    for (size_t i = 0; i < n; i++) {
        double sum = 0;
        for (int k = 0; k < 3; k++) {
            phase[k] += step[k];
            phase[k] -= floor(phase[k]);
            sum += 2 * phase[k] - 1 - blep(phase[k], step[k]);
        }
        state[0] += a * (sum / 3 - state[0]);
        state[1] += a * (state[0] - state[1]);
        double g = ramp((double)i / rate_hz, length, p->attack_s, p->release_s);
        mono[i] += (float)(p->level * g * state[1]);
    }
}

void synth_pluck(double freq_hz, double level, double decay_s, float *mono, size_t n,
                 int rate_hz)
{
    for (int h = 1; h <= 8 && freq_hz * h < 0.45 * rate_hz; h++) {
        double w = 2 * PI * freq_hz * h / rate_hz, gain = level / h;
        double fall = exp(-(1 + 0.6 * h) / (decay_s * rate_hz));
        for (size_t i = 0; i < n && gain > 1e-6; i++, gain *= fall)
            mono[i] += (float)(gain * sin(w * (double)i));
    }
}

void synth_noise(double level, double low_hz, double high_hz, struct rng *r, float *mono,
                 size_t n, int rate_hz)
{
    struct band b = {pole(low_hz, rate_hz), pole(high_hz, rate_hz), 0, 0}, probe = b;
    struct rng scout = *r;
    double power = 0;
    enum { SETTLE = 4096, PROBE = 16384 };
    for (int i = 0; i < SETTLE + PROBE; i++) {
        double y = band_next(&probe, rng_uniform(&scout) * 2 - 1);
        power += i >= SETTLE ? y * y / PROBE : 0;
    }
    double gain = power > 0 ? level / sqrt(power) : 0;
    for (int i = 0; i < SETTLE; i++)
        band_next(&b, rng_uniform(r) * 2 - 1);
    for (size_t i = 0; i < n; i++)
        mono[i] += (float)(gain * band_next(&b, rng_uniform(r) * 2 - 1));
}

/* Two-pole resonator, unit peak gain. */
struct formant {
    double a1, a2, gain, y1, y2;
};

static struct formant formant(double hz, double width_hz, int rate_hz)
{
    double radius = exp(-2 * PI * 0.5 * width_hz / rate_hz);
    double w = 2 * PI * fmin(hz, 0.45 * rate_hz) / rate_hz;
    return (struct formant){.a1 = 2 * radius * cos(w),
                            .a2 = -radius * radius,
                            .gain = (1 - radius) *
                                    sqrt(1 - 2 * radius * cos(2 * w) + radius * radius)};
}

static double formant_next(struct formant *f, double x)
{
    double y = f->gain * x + f->a1 * f->y1 + f->a2 * f->y2;
    f->y2 = f->y1;
    f->y1 = y;
    return y;
}

static void syllable(double level, struct rng *r, float *out, size_t n, int rate)
{
    static const double vowels[5][3] = {{730, 1090, 2440},
                                        {270, 2290, 3010},
                                        {530, 1840, 2480},
                                        {570, 840, 2410},
                                        {300, 870, 2240}};
    const double *v = vowels[rng_below(r, 5)];
    struct formant f[3];
    for (int k = 0; k < 3; k++)
        f[k] = formant(v[k], 60 + 40 * k, rate);
    double pitch = rng_range(r, 95, 150), glide = rng_range(r, -25, 15), phase = 0;
    double breath = rng_uniform(r) < 0.4 ? 0.25 : 0.02, length = (double)n / rate;
    for (size_t i = 0; i < n; i++) {
        double t = (double)i / rate, step = (pitch + glide * t / length) / rate;
        phase += step;
        phase -= floor(phase);
        double source = 2 * phase - 1 - blep(phase, step);
        double early = t < 0.06 ? breath * (rng_uniform(r) * 2 - 1) : 0, sum = 0;
        for (int k = 0; k < 3; k++)
            sum += formant_next(&f[k], source) / (k + 1);
        double g = ramp(t, length, 0.03, 0.06);
        out[i] += (float)(level * g * (6 * sum + early));
    }
}

void synth_speech(double level, struct rng *r, float *mono, size_t n, int rate_hz)
{
    for (size_t at = 0; at < n;) {
        size_t length = (size_t)(rng_range(r, 0.14, 0.28) * rate_hz);
        length = length < n - at ? length : n - at;
        syllable(level * rng_range(r, 0.6, 1), r, mono + at, length, rate_hz);
        double pause = rng_uniform(r) < 0.15 ? rng_range(r, 0.4, 1.2) : 0.03;
        at += length + (size_t)(pause * rate_hz);
    }
}

enum { LINES = 8 };

struct network {
    float *line[LINES];
    size_t length[LINES], at[LINES];
    double gain[LINES], damp[LINES];
};

static void network_step(struct network *net, double in, double *left, double *right)
{
    double tap[LINES], sum = 0;
    for (int k = 0; k < LINES; k++) {
        double x = (double)net->line[k][net->at[k]];
        net->damp[k] += 0.6 * (x - net->damp[k]);
        tap[k] = net->damp[k] * net->gain[k];
        sum += tap[k];
    }
    *left = *right = 0;
    for (int k = 0; k < LINES; k++) {
        net->line[k][net->at[k]] = (float)(in + tap[k] - sum * (2.0 / LINES));
        net->at[k] = net->at[k] + 1 < net->length[k] ? net->at[k] + 1 : 0;
        *(k & 1 ? right : left) += tap[k] * (k & 2 ? -0.5 : 0.5);
    }
}

enum status synth_reverb(struct audio *a, double t60_s, double wet, struct err *e)
{
    static const double delay_s[LINES] = {0.0297, 0.0371, 0.0411, 0.0437,
                                          0.0531, 0.0593, 0.0671, 0.0733};
    struct network net = {0};
    enum status st = ST_OK;
    for (int k = 0; k < LINES; k++) {
        net.length[k] = (size_t)(delay_s[k] * a->rate_hz) + 1;
        net.gain[k] = pow(10, -3 * delay_s[k] / t60_s);
        net.line[k] = calloc(net.length[k], sizeof(float));
        if (!net.line[k])
            st = err_set(e, ST_NO_MEMORY, "no memory for the reverb");
    }
    for (size_t i = 0; i < a->frames && st == ST_OK && a->channels == 2; i++) {
        double left, right;
        float *frame = a->data + 2 * i;
        network_step(&net, 0.5 * ((double)frame[0] + (double)frame[1]), &left, &right);
        frame[0] += (float)(wet * left);
        frame[1] += (float)(wet * right);
    }
    for (int k = 0; k < LINES; k++)
        free(net.line[k]);
    return st;
}
