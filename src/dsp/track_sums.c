#include "dsp/track_sums.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#define CHANGE_S         0.25
#define FLOOR_DB         (-100.0)
#define CHANGE_CELLS_MAX 16

static size_t hops_in(const struct track_info *info, size_t cell)
{
    size_t first = cell * TRACK_HOPS_PER_SPECTRUM;
    size_t left = info->hops > first ? info->hops - first : 0;
    return left < TRACK_HOPS_PER_SPECTRUM ? left : TRACK_HOPS_PER_SPECTRUM;
}

static void add_cell(struct track_sums *s, size_t cell)
{
    const struct track_info *info = track_info(s->track);
    double energy = 0.0, dc = 0.0, weight = 0.0, flatness = 0.0, centroid = 0.0;
    double peak = 0.0;
    bool clipped = false;
    size_t hops = hops_in(info, cell);
    for (size_t k = 0; k < hops; k++) {
        struct track_hop h;
        track_hop(s->track, cell * TRACK_HOPS_PER_SPECTRUM + k, &h);
        double rms = pow(10.0, h.rms_db / 20.0);
        energy += rms * rms;
        dc += h.dc;
        peak = fmax(peak, pow(10.0, h.peak_db / 20.0));
        clipped = clipped || (h.flags & TRACK_CLIPPED);
        if (isfinite(h.flatness) && isfinite(h.centroid_hz)) {
            weight += rms;
            flatness += rms * h.flatness;
            centroid += rms * h.centroid_hz;
        }
    }
    double per = hops ? 1.0 / (double)hops : 0.0, tonality = 0.0;
    size_t chroma = cell * TRACK_HOPS_PER_SPECTRUM / TRACK_HOPS_PER_CHROMA;
    if (chroma < info->chromas)
        tonality = track_tonality(s->track, chroma);
    double level = fmax(FLOOR_DB, 10.0 * log10(energy * per + 1e-30));
    s->energy[cell + 1] = s->energy[cell] + energy * per;
    s->dc[cell + 1] = s->dc[cell] + dc * per;
    s->weight[cell + 1] = s->weight[cell] + weight * per;
    s->flatness[cell + 1] = s->flatness[cell] + flatness * per;
    s->centroid[cell + 1] = s->centroid[cell] + centroid * per;
    s->tonality[cell + 1] = s->tonality[cell] + tonality * weight * per;
    s->level[cell + 1] = s->level[cell] + level;
    s->level_sq[cell + 1] = s->level_sq[cell] + level * level;
    s->clipped[cell + 1] = s->clipped[cell] + (clipped ? 1 : 0);
    s->peak[cell] = (float)peak;
}

/* Band magnitudes of unit length; false when silent. */
static bool unit_spectrum(const struct track *t, size_t i, float unit[TRACK_BANDS])
{
    float db[TRACK_BANDS];
    track_spectrum(t, i, db);
    float sum = 0.0f;
    for (int b = 0; b < TRACK_BANDS; b++) {
        unit[b] = db[b] <= -119.0f ? 0.0f : exp2f(db[b] * 0.16609640f);
        sum += unit[b] * unit[b];
    }
    float scale = sum > 0.0f ? 1.0f / sqrtf(sum) : 0.0f;
    for (int b = 0; b < TRACK_BANDS; b++)
        unit[b] *= scale;
    return sum > 0.0f;
}

static void add_changes(struct track_sums *s)
{
    size_t apart = (size_t)lround(CHANGE_S / s->cell_s);
    apart = apart < 1 ? 1 : apart < CHANGE_CELLS_MAX ? apart : CHANGE_CELLS_MAX - 1;
    float ring[CHANGE_CELLS_MAX][TRACK_BANDS];
    bool sounds[CHANGE_CELLS_MAX];
    for (size_t i = 0; i < s->cells; i++) {
        size_t now = i % CHANGE_CELLS_MAX;
        sounds[now] = unit_spectrum(s->track, i, ring[now]);
        double distance = 0.0;
        if (i >= apart) {
            size_t then = (i - apart) % CHANGE_CELLS_MAX;
            float same = 0.0f;
            for (int b = 0; b < TRACK_BANDS; b++)
                same += ring[now][b] * ring[then][b];
            if (sounds[now] != sounds[then])
                distance = 1.0;
            else if (sounds[now])
                distance = fmax(0.0, 1.0 - (double)same);
        }
        s->change[i + 1] = s->change[i] + distance;
    }
}

enum status track_sums_init(struct track_sums *s, const struct track *t, struct err *e)
{
    const struct track_info *info = track_info(t);
    *s = (struct track_sums){.track = t, .cells = info->spectra};
    s->cell_s = (double)info->hop_frames * TRACK_HOPS_PER_SPECTRUM / info->rate_hz;
    double **sums[] = {&s->energy,   &s->dc,    &s->weight,   &s->flatness, &s->centroid,
                       &s->tonality, &s->level, &s->level_sq, &s->change};
    bool full = true;
    for (size_t k = 0; k < sizeof sums / sizeof *sums; k++) {
        *sums[k] = calloc(s->cells + 1, sizeof **sums[k]);
        full = full && *sums[k];
    }
    s->clipped = calloc(s->cells + 1, sizeof *s->clipped);
    s->peak = calloc(s->cells + 1, sizeof *s->peak);
    if (!full || !s->clipped || !s->peak) {
        track_sums_done(s);
        return err_set(e, ST_NO_MEMORY, "no memory to mine a recording");
    }
    for (size_t i = 0; i < s->cells; i++)
        add_cell(s, i);
    add_changes(s);
    return ST_OK;
}

void track_sums_done(struct track_sums *s)
{
    free(s->energy);
    free(s->dc);
    free(s->weight);
    free(s->flatness);
    free(s->centroid);
    free(s->tonality);
    free(s->level);
    free(s->level_sq);
    free(s->change);
    free(s->clipped);
    free(s->peak);
    *s = (struct track_sums){0};
}

size_t track_sums_cell(const struct track_sums *s, double sec)
{
    double cell = round(sec / s->cell_s);
    if (!(cell > 0.0))
        return 0;
    return cell < (double)s->cells ? (size_t)cell : s->cells;
}

static double over(const double *sum, size_t from, size_t to)
{
    return sum[to] - sum[from];
}

void track_sums_window(const struct track_sums *s, size_t from, size_t to,
                       struct track_window *out)
{
    double n = (double)(to - from), weight = over(s->weight, from, to);
    double mean = fmax(0.0, over(s->energy, from, to)) / n;
    float peak = 0.0f;
    for (size_t i = from; i < to; i++)
        peak = s->peak[i] > peak ? s->peak[i] : peak;
    double level = over(s->level, from, to) / n;
    double spread = over(s->level_sq, from, to) / n - level * level;
    size_t hop = (size_t)track_info(s->track)->hop_frames * TRACK_HOPS_PER_SPECTRUM;
    size_t onsets =
        track_onset_count(s->track, (int64_t)(from * hop), (int64_t)(to * hop));
    size_t apart = (size_t)lround(CHANGE_S / s->cell_s), first = from + apart;
    first = first < to ? first : from;
    *out = (struct track_window){
        .rms_db = mean > 0.0 ? 10.0 * log10(mean) : -(double)INFINITY,
        .crest = mean > 0.0 ? (double)peak / sqrt(mean) : (double)NAN,
        .dc = over(s->dc, from, to) / n,
        .flatness = weight > 0.0 ? over(s->flatness, from, to) / weight : (double)NAN,
        .centroid_hz = weight > 0.0 ? over(s->centroid, from, to) / weight : (double)NAN,
        .tonality = weight > 0.0 ? over(s->tonality, from, to) / weight : 0.0,
        .level_sd_db = sqrt(fmax(0.0, spread)),
        .change = over(s->change, first, to) / (double)(to - first),
        .onset_rate_hz = (double)onsets / (n * s->cell_s),
        .clipped = s->clipped[to] - s->clipped[from],
    };
}
