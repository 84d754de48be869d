/* weave_calm_join: where a circle is best cut. */
#include "dsp/fft.h"
#include "dsp/fft_batch.h"
#include "dsp/line.h"
#include "dsp/mixdown.h"
#include "dsp/spectral.h"
#include "dsp/weave.h"

#include <math.h>
#include <stdbool.h>
#include <stdlib.h>

enum { FRAME_44K1 = 1024, TRIES = 10, BACK = 2, AROUND = 4 };
/* Measuring a place costs the more the longer the loop is: so much sound is measured for
 * a join with room, then a seamless one will do. */
static const double enough_s = 32;
static const double apart_s = 0.05;
/* 50 ms before and after a join whose levels are this near are within the 1 dB that is
 * allowed whatever the loop does elsewhere. */
static const double level_s = 0.05, even_db = 0.75;

struct place {
    size_t frame;
    int steps; /* in level: 2 that of all channels or of their sum, 1 that of one alone */
    double unrest;
};

/* Frames round the circle, and the logarithms of their spectra. */
struct spectra {
    struct fft_batch *fft;
    float *rows, *powers; /* of eight frames */
    float *log_power;     /* bin k of frame h at [h·bins + k] */
};

static bool spectra_init(struct spectra *s, int n, size_t hops)
{
    size_t size = (size_t)n, bins = size / 2 + 1;
    s->fft = fft_batch_hann(n);
    s->rows = calloc(FFT_BATCH * size, sizeof *s->rows);
    s->powers = malloc(FFT_BATCH * bins * sizeof *s->powers);
    s->log_power = malloc((hops + FFT_BATCH) * bins * sizeof *s->log_power);
    return s->fft && s->rows && s->powers && s->log_power;
}

static void spectra_done(struct spectra *s)
{
    fft_batch_free(s->fft);
    free(s->rows);
    free(s->powers);
    free(s->log_power);
}

static void fill_spectra(struct spectra *s, const float *mono, size_t frames, size_t n,
                         size_t hops)
{
    size_t bins = n / 2 + 1;
    for (size_t h = 0; h < hops; h += FFT_BATCH) {
        for (size_t i = 0; i < FFT_BATCH && h + i < hops; i++)
            line_copy_round(mono, frames, (h + i) * frames / hops + frames * 2 - n / 2, n,
                            s->rows + i * n);
        fft_batch_power(s->fft, s->rows, (int)n, s->powers);
        float *row = s->log_power + h * bins;
        spectral_powers(s->powers, (int)bins, row);
        for (size_t k = 0; k < FFT_BATCH * bins; k++)
            row[k] = logf(1e-3f + row[k]);
    }
}

/* Change of the log spectrum, either way, from the frame two hops before. */
static enum status measure_flux(const float *mono, size_t frames, int n, size_t hops,
                                float *flux, struct err *e)
{
    size_t bins = (size_t)n / 2 + 1;
    struct spectra s;
    if (!spectra_init(&s, n, hops)) {
        spectra_done(&s);
        return err_set(e, ST_NO_MEMORY, "no memory to find the calmest join");
    }
    fill_spectra(&s, mono, frames, (size_t)n, hops);
    for (size_t h = 0; h < hops; h++) {
        const float *now = s.log_power + h * bins;
        const float *before = s.log_power + (h + hops - BACK) % hops * bins;
        flux[h] = 0.0f;
        for (size_t k = 1; k < bins; k++)
            flux[h] +=
                now[k] > before[k] ? now[k] - before[k] : 0.5f * (before[k] - now[k]);
    }
    spectra_done(&s);
    return ST_OK;
}

static int by_unrest(const void *a, const void *b)
{
    const struct place *x = a, *y = b;
    if (x->steps != y->steps)
        return x->steps - y->steps;
    int order = (x->unrest > y->unrest) - (x->unrest < y->unrest);
    return order ? order : (x->frame > y->frame) - (x->frame < y->frame);
}

/* Running sums of squares, frames + 1 each: of all channels, of their sum, of each. */
struct energies {
    double *line;
    size_t frames, lines, block;
};

static bool energies_init(struct energies *g, const struct audio *loop, const float *mono)
{
    size_t channels = (size_t)loop->channels, room = loop->frames + 1;
    *g = (struct energies){.frames = loop->frames,
                           .lines = channels > 1 ? 2 + channels : 1,
                           .block = (size_t)(level_s * loop->rate_hz)};
    g->line = malloc(g->lines * room * sizeof *g->line);
    if (!g->line)
        return false;
    line_running_energy(loop->data, loop->frames, channels, g->line);
    if (channels > 1)
        line_running_energy(mono, loop->frames, 1, g->line + room);
    for (size_t c = 0; c + 2 < g->lines; c++) {
        double *sum = g->line + (2 + c) * room;
        sum[0] = 0;
        for (size_t i = 0; i < loop->frames; i++) {
            double x = (double)loop->data[i * channels + c];
            sum[i + 1] = sum[i] + x * x;
        }
    }
    return true;
}

/* Do the levels of a line before and after that frame differ by more than even_db? */
static bool level_steps(const struct energies *g, size_t line, size_t at)
{
    const double *energy = g->line + line * (g->frames + 1);
    size_t frames = g->frames, block = g->block;
    size_t from = at < block ? at + frames - block : at - block;
    size_t to = (at + block) % frames;
    double before = energy[at] - energy[from] + (at < block ? energy[frames] : 0);
    double after = energy[to] - energy[at] + (to < at ? energy[frames] : 0);
    double ratio = (before + 1e-18) / (after + 1e-18);
    return !(fabs(10 * log10(fmax(ratio, 1e-18))) <= even_db);
}

static int steps_at(const struct energies *g, size_t at)
{
    for (size_t line = 0; line < g->lines; line++)
        if (level_steps(g, line, at))
            return line < 2 ? 2 : 1;
    return 0;
}

/* The calmest places, calmest first and apart from each other, those where the level
 * steps behind all others; returns how many. */
static size_t choose(const float *flux, const struct energies *g, size_t hops,
                     const struct audio *loop, struct place *place, size_t most)
{
    for (size_t h = 0; h < hops; h++) {
        double worst = 0;
        for (size_t k = 0; k <= 2 * AROUND; k++)
            worst = fmax(worst, (double)flux[(h + hops * AROUND + k - AROUND) % hops]);
        size_t at = h * loop->frames / hops;
        place[h] = (struct place){at, steps_at(g, at), worst};
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
    size_t enough = (size_t)(enough_s * loop->rate_hz / (double)loop->frames);
    for (size_t i = 0; i < count; i++) {
        struct audio turned = {0};
        struct seam seam = {0};
        enum status st = audio_round(&turned, loop, place[i].frame, loop->frames, e);
        if (st == ST_OK)
            st = seam_measure(&turned, &seam, e);
        if (st != ST_OK) {
            audio_done(&turned);
            audio_done(&best);
            return st;
        }
        if (!best.data || seam_better(&seam, best_seam)) {
            *best_seam = seam;
            audio_done(&best);
            best = turned;
        } else {
            audio_done(&turned);
        }
        if (seam_roomy(&seam) || (best_seam->seamless && i + 1 >= enough))
            break;
    }
    if (best.data) {
        audio_done(loop);
        *loop = best;
    }
    return ST_OK;
}

enum status weave_calm_join(struct audio *loop, struct seam *seam, struct err *e)
{
    int n = fft_size_at(FRAME_44K1, loop->rate_hz);
    size_t hops = loop->frames / ((size_t)n / 2);
    bool long_enough = loop->rate_hz >= 8000 && loop->rate_hz <= 192000 &&
                       hops >= 4 * AROUND &&
                       (double)loop->frames >= SEAM_MIN_S * loop->rate_hz;
    *seam = (struct seam){0};
    if (!long_enough)
        return ST_OK;
    float *mono = malloc(loop->frames * sizeof *mono);
    float *flux = malloc(hops * sizeof *flux);
    struct place *place = malloc((hops + 1) * sizeof *place);
    struct energies energies = {0};
    enum status st = ST_OK;
    if (mono)
        mixdown(loop, mono);
    if (!mono || !flux || !place || !energies_init(&energies, loop, mono))
        st = err_set(e, ST_NO_MEMORY, "no memory to find the calmest join");
    if (st == ST_OK)
        st = measure_flux(mono, loop->frames, n, hops, flux, e);
    if (st == ST_OK) {
        size_t count = choose(flux, &energies, hops, loop, place, TRIES);
        st = try_places(loop, place, count, seam, e);
    }
    free(mono);
    free(flux);
    free(place);
    free(energies.line);
    return st;
}
