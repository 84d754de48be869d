/* weave_calm_join: where a circle is best cut. */
#include "dsp/fft.h"
#include "dsp/mixdown.h"
#include "dsp/weave.h"
#include "dsp/window.h"

#include <math.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

enum { FRAME_44K1 = 1024, TRIES = 10, BACK = 2, AROUND = 4 };
static const double apart_s = 0.05;

struct place {
    size_t frame;
    double unrest;
};

/* Move the frames so that `start` comes first. */
static enum status rotate(struct audio *to, const struct audio *from, size_t start,
                          struct err *e)
{
    enum status st = audio_init(to, from->frames, from->channels, from->rate_hz, e);
    if (st != ST_OK)
        return st;
    size_t channels = (size_t)from->channels, head = from->frames - start;
    memcpy(to->data, from->data + start * channels, head * channels * sizeof *to->data);
    memcpy(to->data + head * channels, from->data, start * channels * sizeof *to->data);
    return ST_OK;
}

/* Change of the log spectrum, either way, from the frame two hops before. */
static enum status measure_flux(const float *mono, size_t frames, int n, size_t hops,
                                float *flux, struct err *e)
{
    int bins = n / 2 + 1;
    struct rfft *fft = rfft_new(n);
    float *work = malloc(((size_t)n * 3 + 2) * sizeof *work);
    float *log_power = malloc((hops * (size_t)bins) * sizeof *log_power);
    enum status st = ST_OK;
    if (!fft || !work || !log_power) {
        st = err_set(e, ST_NO_MEMORY, "no memory to find the calmest join");
        goto done;
    }
    float *window = work, *frame = work + n, *spectrum = work + 2 * n;
    window_hann(window, n);
    for (size_t h = 0; h < hops; h++) {
        size_t at = h * frames / hops + frames * 2 - (size_t)n / 2;
        for (int i = 0; i < n; i++)
            frame[i] = mono[(at + (size_t)i) % frames] * window[i];
        rfft_forward(fft, frame, spectrum);
        float *row = log_power + h * (size_t)bins;
        for (int k = 0; k < bins; k++) {
            float re = spectrum[2 * k], im = spectrum[2 * k + 1];
            row[k] = logf(1e-3f + re * re + im * im);
        }
    }
    for (size_t h = 0; h < hops; h++) {
        const float *now = log_power + h * (size_t)bins;
        const float *before = log_power + (h + hops - BACK) % hops * (size_t)bins;
        flux[h] = 0.0f;
        for (int k = 1; k < bins; k++)
            flux[h] +=
                now[k] > before[k] ? now[k] - before[k] : 0.5f * (before[k] - now[k]);
    }
done:
    rfft_free(fft);
    free(work);
    free(log_power);
    return st;
}

static int by_unrest(const void *a, const void *b)
{
    const struct place *x = a, *y = b;
    int order = (x->unrest > y->unrest) - (x->unrest < y->unrest);
    return order ? order : (x->frame > y->frame) - (x->frame < y->frame);
}

/* The calmest places, calmest first and apart from each other; returns how many. */
static size_t choose(const float *flux, size_t hops, const struct audio *loop,
                     struct place *place, size_t most)
{
    for (size_t h = 0; h < hops; h++) {
        double worst = 0;
        for (size_t k = 0; k <= 2 * AROUND; k++)
            worst = fmax(worst, (double)flux[(h + hops * AROUND + k - AROUND) % hops]);
        place[h] = (struct place){h * loop->frames / hops, worst};
    }
    qsort(place, hops, sizeof *place, by_unrest);
    size_t count = 0, apart = (size_t)(apart_s * loop->rate_hz);
    for (size_t h = 0; h < hops && count < most; h++) {
        bool fresh = true;
        for (size_t k = 0; k < count && fresh; k++) {
            size_t a = place[h].frame, b = place[k].frame;
            fresh = (a > b ? a - b : b - a) >= apart;
        }
        if (fresh)
            place[count++] = place[h];
    }
    return count;
}

/* Try the places; `loop` becomes the best of its rotations. */
static enum status try_places(struct audio *loop, const struct place *place, size_t count,
                              struct seam *best_seam, struct err *e)
{
    struct audio best = {0};
    double best_quality = -1;
    for (size_t i = 0; i < count; i++) {
        struct audio turned = {0};
        struct seam seam = {0};
        enum status st = rotate(&turned, loop, place[i].frame, e);
        if (st == ST_OK)
            st = seam_measure(&turned, NULL, 0, &seam, e);
        if (st != ST_OK) {
            audio_done(&turned);
            audio_done(&best);
            return st;
        }
        double quality = seam_quality(&seam) + (seam.seamless ? 1 : 0);
        if (quality > best_quality) {
            best_quality = quality;
            *best_seam = seam;
            audio_done(&best);
            best = turned;
        } else {
            audio_done(&turned);
        }
        if (seam.seamless)
            break;
    }
    if (best.data) {
        audio_done(loop);
        *loop = best;
    }
    return ST_OK;
}

enum status weave_calm_join(struct audio *loop, struct seam *seam, bool *judged,
                            struct err *e)
{
    struct seam unasked;
    int n = fft_size_at(FRAME_44K1, loop->rate_hz);
    size_t hops = loop->frames / ((size_t)n / 2);
    bool long_enough = loop->rate_hz >= 8000 && loop->rate_hz <= 192000 &&
                       hops >= 4 * AROUND &&
                       (double)loop->frames >= SEAM_MIN_S * loop->rate_hz;
    if (judged)
        *judged = long_enough;
    if (!long_enough)
        return ST_OK;
    float *mono = malloc(loop->frames * sizeof *mono);
    float *flux = malloc(hops * sizeof *flux);
    struct place *place = malloc((hops + 1) * sizeof *place);
    enum status st = ST_OK;
    if (!mono || !flux || !place)
        st = err_set(e, ST_NO_MEMORY, "no memory to find the calmest join");
    if (st == ST_OK) {
        mixdown(loop, mono);
        st = measure_flux(mono, loop->frames, n, hops, flux, e);
    }
    if (st == ST_OK) {
        size_t count = choose(flux, hops, loop, place, TRIES);
        st = try_places(loop, place, count, seam ? seam : &unasked, e);
    }
    free(mono);
    free(flux);
    free(place);
    return st;
}
