/* Hear sounds and copies of them: paths of sound files on stdin, struct heard on stdout
 * (for bench_similarity). --clouds adds sustained sounds: granular clouds made of every
 * fourth file longer than a second. Files end after 3 s here.
 *
 * A copy is what a second recording of one playback does: gain ±12 dB, white noise 40–60
 * dB under the peak, 10–60 cents up or down, up to 1 ms late, a tilt of up to ±2 dB in
 * the bass and in the treble, 16 bits. Files that are the same recording already (aligned
 * correlation above 0.98 within 5 ms over the first half second) get one `same`. */
#include "clock.h"
#include "core/pi.h"
#include "core/rng.h"
#include "dsp/grains.h"
#include "io/soundfile.h"
#include "similarity_dump.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum {
    TAPS = 32,
    PHASES = 256,
    RATE = 44100,
    LAGS = RATE / 200,
    HEAD = RATE / 2,
    LONGEST = 3 * RATE,
    RATES = 5
};

static float kernel[PHASES + 1][TAPS];

static void make_kernel(void)
{
    for (int p = 0; p <= PHASES; p++)
        for (int k = 0; k < TAPS; k++) {
            double x = k - (TAPS / 2 - 1) - (double)p / PHASES;
            double sinc = fabs(x) < 1e-9 ? 1.0 : sin(PI * x) / (PI * x);
            kernel[p][k] = (float)(sinc * (0.5 + 0.5 * cos(PI * x / (TAPS / 2 + 1))));
        }
}

static double read_at(const float *x, size_t frames, double at)
{
    long whole = (long)floor(at);
    double part = (at - (double)whole) * PHASES, sum = 0.0;
    int p = (int)part;
    double mix = part - p;
    for (int k = 0; k < TAPS; k++) {
        long i = whole - (TAPS / 2 - 1) + k;
        if (i >= 0 && i < (long)frames)
            sum += (double)x[i] *
                   ((1.0 - mix) * (double)kernel[p][k] + mix * (double)kernel[p + 1][k]);
    }
    return sum;
}

static double between(struct rng *r, double low, double high)
{
    return rng_range(r, low, high) * (rng_uniform(r) < 0.5 ? -1.0 : 1.0);
}

static void copy_of(const float *x, size_t n, int rate_hz, struct rng *r, struct audio *b)
{
    double ratio = pow(2.0, between(r, 10.0, 60.0) / 1200.0), peak = 1e-9;
    double late = rng_range(r, 0.0, 0.001) * rate_hz;
    double gain = pow(10.0, rng_range(r, -24.0, 0.0) / 20.0);
    double noise = pow(10.0, rng_range(r, -60.0, -40.0) / 20.0);
    double bass = pow(10.0, rng_range(r, -2.0, 2.0) / 20.0) - 1.0;
    double treble = pow(10.0, rng_range(r, -2.0, 2.0) / 20.0) - 1.0;
    double slow = 1.0 - exp(-2.0 * PI * 250.0 / rate_hz),
           quick = 1.0 - exp(-2.0 * PI * 4000.0 / rate_hz), low = 0.0, high = 0.0;
    size_t frames = (size_t)((double)n / ratio + late);
    if (audio_init(b, frames, 1, rate_hz, NULL) != ST_OK)
        exit(1);
    for (size_t i = 0; i < frames; i++) {
        double v = read_at(x, n, ((double)i - late) * ratio);
        low += slow * (v - low);
        high += quick * (v - high);
        v += bass * low + treble * (v - high);
        b->data[i] = (float)v;
        peak = fmax(peak, fabs(v));
    }
    for (size_t i = 0; i < frames; i++) {
        double v = gain * ((double)b->data[i] / peak + noise * rng_gauss(r));
        b->data[i] = (float)(rint(fmax(-1.0, fmin(1.0, v)) * 32767.0) / 32768.0);
    }
}

/* --- recordings that are one already --- */

struct start {
    float
        x[HEAD + 2 * LAGS]; /* half a second from the first loud sample, and around it */
};

static void keep_start(const float *x, size_t n, struct start *s)
{
    float peak = 0.0F;
    size_t at = 0;
    for (size_t i = 0; i < n; i++)
        peak = fmaxf(peak, fabsf(x[i]));
    while (at < n && fabsf(x[at]) < 0.1F * peak)
        at++;
    for (long i = 0; i < HEAD + 2 * LAGS; i++) {
        long from = (long)at + i - LAGS;
        s->x[i] = from >= 0 && from < (long)n ? x[from] : 0.0F;
    }
}

static bool one_recording(const struct start *a, const struct start *b)
{
    double aa = 1e-30, bb = 1e-30;
    for (int i = 0; i < HEAD; i++)
        aa += (double)a->x[LAGS + i] * (double)a->x[LAGS + i];
    for (int i = 0; i < HEAD; i++)
        bb += (double)b->x[i] * (double)b->x[i];
    for (int lag = 0; lag <= 2 * LAGS; lag++) {
        float part[8] = {0};
        for (int i = 0; i + 8 <= HEAD; i += 8)
            for (int k = 0; k < 8; k++)
                part[k] += a->x[LAGS + i + k] * b->x[lag + i + k];
        double ab = 0.0;
        for (int k = 0; k < 8; k++)
            ab += (double)part[k];
        if (fabs(ab) > 0.98 * sqrt(aa * bb))
            return true;
        if (lag < 2 * LAGS)
            bb += (double)b->x[lag + HEAD] * (double)b->x[lag + HEAD] -
                  (double)b->x[lag] * (double)b->x[lag];
    }
    return false;
}

/* Much alike in mean bands: else it is not worth the correlation. */
static bool worth_it(const struct heard *a, const struct heard *b)
{
    double sum = 0.0;
    for (int d = 0; d < 12; d++) {
        double by = (double)a->raw[0][d] - (double)b->raw[0][d];
        sum += by * by;
    }
    return sum < 12.0 * 16.0;
}

static void find_same(struct heard *h, const struct start *s, size_t n)
{
    for (size_t i = 0; i < n; i++)
        for (size_t k = 0; k < i; k++)
            if (h[i].same != h[k].same && worth_it(&h[i], &h[k]) &&
                one_recording(&s[i], &s[k])) {
                int from = h[i].same, to = h[k].same;
                fprintf(stderr, "one recording: %s/%s | %s/%s\n", h[i].kit, h[i].name,
                        h[k].kit, h[k].name);
                for (size_t j = 0; j <= i; j++)
                    if (h[j].same == from)
                        h[j].same = to;
            }
}

/* --- hearing --- */

static double spent_s;

static void hear(struct similarity *sim, const struct audio *a, float *raw)
{
    double from_s = clock_s(CLOCK_THREAD_CPUTIME_ID);
    similarity_raw(sim, a, raw, NULL);
    spent_s += clock_s(CLOCK_THREAD_CPUTIME_ID) - from_s;
}

static void hear_all(struct similarity *sim, const struct audio *a, struct heard *h,
                     struct start *s)
{
    float *mono = malloc((a->frames + 1) * sizeof *mono);
    struct rng r =
        rng_derive(1, rng_hash(0, h->name, strlen(h->name)), "copy", (uint64_t)h->made);
    if (mono == NULL)
        exit(1);
    audio_mono(a, mono);
    keep_start(mono, a->frames, s);
    hear(sim, a, h->raw[0]);
    for (int c = 1; c < TAKES; c++) {
        struct audio b;
        copy_of(mono, a->frames, a->rate_hz, &r, &b);
        hear(sim, &b, h->raw[c]);
        audio_done(&b);
    }
    free(mono);
}

static void name_it(struct heard *h, const char *path)
{
    const char *file = strrchr(path, '/'), *folder = file;
    while (folder != NULL && folder > path && folder[-1] != '/')
        folder--;
    snprintf(h->name, sizeof h->name, "%.190s", file != NULL ? file + 1 : path);
    if (folder != NULL)
        snprintf(h->kit, sizeof h->kit, "%.*s", (int)(file - folder), folder);
}

static bool cloud_of(const struct audio *a, const char *name, struct audio *cloud)
{
    struct rng r = rng_derive(1, rng_hash(0, name, strlen(name)), "cloud", 0);
    struct grains_spec spec = {.length_min_ms = 40,
                               .length_max_ms = 120,
                               .grain_count = 300,
                               .duration_s = 3.0,
                               .pitch_min_semitones = -5,
                               .pitch_max_semitones = 5,
                               .overlap_ratio = 0.7,
                               .lowpass_hz = 7000,
                               .peak_dbfs = -3,
                               .quality_threshold = 0.6,
                               .channels = 2};
    return a->frames > RATE && grains_cloud(cloud, &(struct grain_material){.sound = a},
                                            &spec, &r, NULL, NULL) == ST_OK;
}

static struct similarity *similarity_at(struct similarity *sims[RATES], int rate_hz)
{
    static const int rates[RATES] = {22050, 32000, 44100, 48000, 96000};
    for (int i = 0; i < RATES; i++)
        if (rates[i] == rate_hz &&
            (sims[i] != NULL || similarity_new(&sims[i], rate_hz, NULL) == ST_OK))
            return sims[i];
    return NULL;
}

int main(int argc, char **argv)
{
    char path[512];
    size_t n = 0;
    bool clouds = argc > 1 && strcmp(argv[1], "--clouds") == 0;
    struct similarity *sim, *sims[RATES] = {NULL};
    struct heard *h = calloc(SOUNDS_MAX + 2, sizeof *h);
    struct start *s = calloc(SOUNDS_MAX + 2, sizeof *s);
    if (h == NULL || s == NULL)
        return 1;
    make_kernel();
    for (size_t files = 0; n < SOUNDS_MAX && fgets(path, sizeof path, stdin); files++) {
        struct audio a, cloud;
        path[strcspn(path, "\n")] = '\0';
        if (soundfile_load(path, RATE * 20, &a, NULL) != ST_OK)
            continue;
        if (a.frames == 0 || (sim = similarity_at(sims, a.rate_hz)) == NULL) {
            audio_done(&a);
            continue;
        }
        a.frames = a.frames < LONGEST ? a.frames : LONGEST;
        name_it(&h[n], path);
        h[n].same = (int)n;
        hear_all(sim, &a, &h[n], &s[n]);
        n++;
        if (clouds && files % 4 == 0 && cloud_of(&a, path, &cloud)) {
            name_it(&h[n], path);
            snprintf(h[n].kit, sizeof h[n].kit, "clouds");
            h[n].same = (int)n;
            h[n].made = 1;
            hear_all(sim, &cloud, &h[n], &s[n]);
            n++;
            audio_done(&cloud);
        }
        audio_done(&a);
    }
    find_same(h, s, n);
    fprintf(stderr, "%zu sounds, %.3f ms a vector\n", n,
            1e3 * spent_s / ((double)n * TAKES));
    bool done = fwrite(h, sizeof *h, n, stdout) == n;
    free(h);
    free(s);
    for (int i = 0; i < RATES; i++)
        similarity_free(sims[i]);
    return !done;
}
