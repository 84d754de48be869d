/* bench_stretch: the workbench of bench_stretch.sh.
 *   make DIR               writes tone.wav (220 Hz and harmonics) and pad.wav, stereo
 *   stretch IN FACTOR      stretches by our vocoder, prints × realtime of the input and
 *                          the same three lines of judgement
 *   judge IN OUT FACTOR    judges what another program made of IN
 *   truth HELD TRUTH NAME  stretches the note by 2, then as `against` has it
 *   against HELD OUT TRUTH NAME  what was made of the note by 2 beside the same note held
 *                          twice as long: bands that differ in level (dB, weighted), and
 *                          how much each band moves (deviation in dB over 1 … 6 s)
 * Judgement: the strongest line that is no harmonic of 220 Hz over the strongest (only
 * tells something of the tone), change of the centroid, and the modulation error: RMS in
 * dB over 40 bands (those within 40 dB of the loudest, weighted by level) and time of
 * band level in the output at factor × t less that of the input at t, mean taken off. */
#include "clock.h"
#include "core/pi.h"
#include "dsp/fft.h"
#include "dsp/level.h"
#include "dsp/log_bands.h"
#include "dsp/measure.h"
#include "dsp/mixdown.h"
#include "dsp/stretch.h"
#include "dsp/synth.h"
#include "io/soundfile.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { SPAN = 1 << 17, FRAME = 4096, HOP = 1024 };

static void die(const struct err *e)
{
    fprintf(stderr, "bench_stretch: %s\n", e->msg);
    exit(1);
}

static void write_wav(const char *dir, const char *name, const struct audio *a)
{
    struct err e;
    struct root root;
    if (root_open(&root, dir, false, &e) != ST_OK ||
        soundfile_write_wav(&root, name, a, 24, NULL, &e) != ST_OK)
        die(&e);
    root_done(&root);
}

static void make(const char *dir)
{
    struct audio tone, pad;
    struct err e;
    size_t n = 8 * 44100;
    if (audio_init(&tone, n, 2, 44100, &e) || audio_init(&pad, n, 2, 44100, &e))
        die(&e);
    for (size_t i = 0; i < n; i++)
        for (int k = 1; k <= 36; k++) {
            double x = sin(2 * PI * 220 * k * (double)i / 44100 + k * k);
            tone.data[2 * i] += (float)(0.2 / k * x);
            tone.data[2 * i + 1] += (float)(0.2 / k * x);
        }
    static const double notes[] = {130.81, 196.0, 311.13, 392.0};
    float *line = calloc(n, sizeof *line);
    for (size_t c = 0; c < 2 && line; c++) {
        struct rng r = rng_derive(c, 0, "bench", 0);
        memset(line, 0, n * sizeof *line);
        for (size_t i = 0; i < 4; i++) {
            struct synth_pad p = {notes[i], 0.06, 2500, 6, 0.4, 0.4};
            synth_pad(&p, &r, line, n, 44100);
        }
        for (size_t i = 0; i < n; i++)
            pad.data[2 * i + c] = line[i];
    }
    free(line);
    if (synth_reverb(&pad, 1.2, 0.3, &e) != ST_OK)
        die(&e);
    write_wav(dir, "tone.wav", &tone);
    write_wav(dir, "pad.wav", &pad);
    audio_done(&tone);
    audio_done(&pad);
}

static double sidebands_db(const struct audio *a)
{
    if (a->frames < SPAN + 22050)
        return (double)NAN;
    float *x = malloc(SPAN * sizeof *x), *s = malloc((SPAN + 2) * sizeof *s);
    struct rfft *fft = rfft_new(SPAN);
    double top = 0, side = 0, bin = (double)a->rate_hz / SPAN;
    for (size_t i = 0; i < SPAN; i++) {
        double t = 2 * PI * ((double)i + 0.5) / SPAN;
        double w =
            0.35875 - 0.48829 * cos(t) + 0.14128 * cos(2 * t) - 0.01168 * cos(3 * t);
        size_t at = (a->frames - SPAN) / 2 + i;
        x[i] = (float)(w * (double)a->data[at * (size_t)a->channels]);
    }
    rfft_forward(fft, x, s);
    for (int k = 8; k <= SPAN / 2; k++) {
        double m = (double)hypotf(s[2 * k], s[2 * k + 1]);
        top = fmax(top, m);
        if (fabs(k * bin - 220 * rint(k * bin / 220)) > 6 * bin)
            side = fmax(side, m);
    }
    rfft_free(fft);
    free(x);
    free(s);
    return level_to_db(side / top);
}

static void bands_at(struct log_bands *b, const float *mono, size_t frames, double centre,
                     float db[LOG_BANDS])
{
    double start = fmin(fmax(0, centre - FRAME / 2), (double)(frames - FRAME));
    const float *at = mono + (size_t)start;
    log_bands_measure(b, &at, 1, (float(*)[LOG_BANDS])db);
}

static double modulation_db(const struct audio *in, const struct audio *out,
                            double factor)
{
    float *a = malloc(in->frames * sizeof *a), *b = malloc(out->frames * sizeof *b);
    mixdown(in, a);
    mixdown(out, b);
    struct log_bands *bands = log_bands_new(FRAME, in->rate_hz);
    size_t first = (size_t)in->rate_hz / 2, last = in->frames - first, count = 0;
    double sum[LOG_BANDS] = {0}, square[LOG_BANDS] = {0}, level[LOG_BANDS] = {0};
    for (size_t at = first; at < last; at += HOP, count++) {
        float x[LOG_BANDS], y[LOG_BANDS];
        bands_at(bands, a, in->frames, (double)at, x);
        bands_at(bands, b, out->frames, (double)at * factor, y);
        for (int i = 0; i < LOG_BANDS; i++) {
            double d = (double)(y[i] - x[i]);
            sum[i] += d;
            square[i] += d * d;
            level[i] += (double)x[i];
        }
    }
    double top = -1e9, error = 0, weight = 0, n = (double)count;
    for (int i = 0; i < LOG_BANDS; i++)
        top = fmax(top, level[i] / n);
    for (int i = 0; i < LOG_BANDS; i++) {
        double w = level[i] / n > top - 40 ? pow(10, (level[i] / n - top) / 40) : 0;
        error += w * (square[i] / n - sum[i] * sum[i] / n / n);
        weight += w;
    }
    log_bands_free(bands);
    free(a);
    free(b);
    return sqrt(error / weight);
}

static double centroid(const struct audio *a)
{
    struct measures m;
    measures_clear(&m);
    measure_sample(a, &m, NULL);
    return m.centroid_hz;
}

static void judge(const struct audio *in, const struct audio *out, double factor)
{
    printf("lines %6.1f dB  centroid %+5.1f %%  modulation error %5.2f dB\n",
           sidebands_db(out), 100 * (centroid(out) / centroid(in) - 1),
           modulation_db(in, out, factor));
}

enum { TRUTH_FROM_S = 1, TRUTH_SPAN_S = 5 };

/* Mean and deviation of each band over the same seconds of a note. */
static void move_of(const struct audio *a, double mean[LOG_BANDS],
                    double deviation[LOG_BANDS])
{
    float *mono = malloc(a->frames * sizeof *mono), db[LOG_BANDS];
    mixdown(a, mono);
    struct log_bands *bands = log_bands_new(FRAME, a->rate_hz);
    size_t from = (size_t)(TRUTH_FROM_S * a->rate_hz);
    size_t end = from + (size_t)(TRUTH_SPAN_S * a->rate_hz), count = 0;
    double square[LOG_BANDS] = {0};
    memset(mean, 0, LOG_BANDS * sizeof *mean);
    for (size_t at = from; at + FRAME <= end && at + FRAME <= a->frames; at += HOP) {
        const float *frame = mono + at;
        log_bands_measure(bands, &frame, 1, &db);
        count++;
        for (int i = 0; i < LOG_BANDS; i++) {
            mean[i] += (double)db[i];
            square[i] += (double)db[i] * (double)db[i];
        }
    }
    double n = count ? (double)count : 1;
    for (int i = 0; i < LOG_BANDS; i++) {
        mean[i] /= n;
        deviation[i] = sqrt(fmax(0, square[i] / n - mean[i] * mean[i]));
    }
    log_bands_free(bands);
    free(mono);
}

static void against(const struct audio *made, const struct audio *truth, const char *name)
{
    double a[LOG_BANDS], b[LOG_BANDS], move_a[LOG_BANDS], move_b[LOG_BANDS];
    double top = -1e9, apart = 0, ours = 0, theirs = 0, weights = 0;
    move_of(made, a, move_a);
    move_of(truth, b, move_b);
    for (int i = 0; i < LOG_BANDS; i++)
        top = fmax(top, b[i]);
    for (int i = 0; i < LOG_BANDS; i++) {
        double w = b[i] > top - 40 ? pow(10, (b[i] - top) / 40) : 0;
        apart += w * (a[i] - b[i]) * (a[i] - b[i]);
        ours += w * move_a[i];
        theirs += w * move_b[i];
        weights += w;
    }
    printf("%-12s bands apart %5.2f dB  movement %5.2f dB (truly held: %5.2f)\n", name,
           sqrt(apart / weights), ours / weights, theirs / weights);
}

static int against_truth(int argc, char **argv)
{
    struct audio held, made, truth;
    struct err e;
    bool ours = argc == 5;
    if (soundfile_load(argv[2], 0, &held, &e) ||
        soundfile_load(argv[ours ? 3 : 4], 0, &truth, &e) ||
        (ours ? stretch_time(&made, &held, 2 * held.frames, &e)
              : soundfile_load(argv[3], 0, &made, &e)))
        die(&e);
    against(&made, &truth, argv[argc - 1]);
    audio_done(&held);
    audio_done(&made);
    audio_done(&truth);
    return 0;
}

int main(int argc, char **argv)
{
    struct audio in, out;
    struct err e;
    if (argc == 3 && !strcmp(argv[1], "make")) {
        make(argv[2]);
        return 0;
    }
    if ((argc == 5 && !strcmp(argv[1], "truth")) ||
        (argc == 6 && !strcmp(argv[1], "against")))
        return against_truth(argc, argv);
    if (argc >= 4 && soundfile_load(argv[2], 0, &in, &e) != ST_OK)
        die(&e);
    if (argc < 4) {
        fprintf(stderr,
                "usage: bench_stretch make DIR | stretch IN FACTOR | judge IN OUT "
                "FACTOR\n");
        return 2;
    }
    double factor = strtod(argv[argc - 1], NULL);
    if (!strcmp(argv[1], "judge")) {
        if (soundfile_load(argv[3], 0, &out, &e) != ST_OK)
            die(&e);
        judge(&in, &out, factor);
    } else {
        double start = cpu_s();
        if (stretch_time(&out, &in, (size_t)((double)in.frames * factor), &e))
            die(&e);
        double spent = cpu_s() - start;
        printf("%6.2f s CPU, %5.1f x realtime  ", spent,
               (double)in.frames / in.rate_hz / spent);
        judge(&in, &out, factor);
    }
    audio_done(&in);
    audio_done(&out);
    return 0;
}
