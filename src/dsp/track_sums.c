#include "dsp/track_sums.h"

#include "dsp/glide.h"
#include "dsp/track_build.h"

#include <math.h>
#include <stdlib.h>

#define CHANGE_S         0.25
#define FLOOR_DB         (-100.0)
#define CHANGE_CELLS_MAX 16

enum {
    ROOM_BEYOND = 4, /* rounding to cells may make a window a little longer */
    CELLS_PER_CHROMA = TRACK_HOPS_PER_CHROMA / TRACK_HOPS_PER_SPECTRUM
};

static size_t hops_in(const struct track_info *info, size_t cell)
{
    size_t first = cell * TRACK_HOPS_PER_SPECTRUM;
    size_t left = info->hops > first ? info->hops - first : 0;
    return left < TRACK_HOPS_PER_SPECTRUM ? left : TRACK_HOPS_PER_SPECTRUM;
}

/* Sums over the cells before one, and the peak of the last of them. */
struct track_sum {
    double energy;   /* Σ rms² of what is heard */
    double all;      /* Σ rms² of everything */
    double dc;       /* Σ mean */
    double weight;   /* Σ rms, the weight of the next three */
    double flatness; /* Σ rms · flatness */
    double centroid; /* Σ rms · centroid */
    double tonality; /* Σ rms · tonality */
    double pitched;  /* Σ rms · tonality up to TRACK_PITCHED_MOST */
    double mains;    /* Σ rms · share of the mains' hum */
    double level;    /* Σ level, dB, floored at −100 */
    double level_sq; /* Σ level² */
    double change;   /* Σ distance of the spectra 250 ms apart, at the later one */
    double turned[GLIDE_TURNS]; /* Σ correlations of the chromas, at the later one */
    unsigned clipped;           /* cells with a clipping run */
    float peak;                 /* linear */
    float chroma[12];           /* of the last of them */
};

/* The colours of the last cells. */
struct change_memory {
    float unit[CHANGE_CELLS_MAX][TRACK_BANDS];
    bool sounds[CHANGE_CELLS_MAX];
};

/* Mean square of a hop without what is not heard: a constant, its steps and its wander,
 * the rumble of wind and hands. What lies below some 40 Hz moves the means of the hops;
 * of it only what turns round from one to the next counts. Half is left at 24 Hz, two
 * thirds at the lowest note of a piano, 4 % at 8 Hz. */
static double heard(const struct track *t, size_t i, double square)
{
    double own = track_dc(t, i), before = i > 0 ? track_dc(t, i - 1) : own;
    double after = i + 1 < track_info(t)->hops ? track_dc(t, i + 1) : own;
    double turns = 0.25 * (before - 2.0 * own + after);
    return fmax(0.0, square - own * own) + turns * turns;
}

static void add_cell(const struct track *t, size_t cell, struct track_sum *sum)
{
    const struct track_info *info = track_info(t);
    double offset = info->offset.middle;
    double energy = 0.0, all = 0.0, dc = 0.0, weight = 0.0, flatness = 0.0,
           centroid = 0.0;
    double peak_db = -(double)INFINITY;
    bool clipped = false;
    size_t hops = hops_in(info, cell);
    for (size_t k = 0; k < hops; k++) {
        size_t i = cell * TRACK_HOPS_PER_SPECTRUM + k;
        double square = track_square(t, i), mean_square = heard(t, i, square);
        double rms = sqrt(mean_square);
        double flat = track_flatness(t, i), hz = track_centroid_hz(t, i);
        energy += mean_square;
        all += square;
        dc += track_dc(t, i);
        peak_db = fmax(peak_db, track_peak_db(t, i));
        clipped = clipped || (track_flags(t, i) & TRACK_CLIPPED);
        if (isfinite(flat) && isfinite(hz)) {
            weight += rms;
            flatness += rms * flat;
            centroid += rms * hz;
        }
    }
    double per = hops ? 1.0 / (double)hops : 0.0, tonality = 0.0, mains = 0.0;
    size_t chroma = cell * TRACK_HOPS_PER_SPECTRUM / TRACK_HOPS_PER_CHROMA;
    if (chroma < info->chromas) {
        tonality = fmax(track_tonality(t, chroma), track_waver(t, cell));
        mains = track_mains(t, chroma);
    }
    double level = fmax(FLOOR_DB, 10.0 * log10(energy * per + 1e-30));
    sum->energy += energy * per;
    sum->all += all * per;
    sum->dc += dc * per;
    sum->weight += weight * per;
    sum->flatness += flatness * per;
    sum->centroid += centroid * per;
    sum->tonality += tonality * weight * per;
    sum->pitched += fmin(tonality, TRACK_PITCHED_MOST) * weight * per;
    sum->mains += mains * weight * per;
    sum->level += level;
    sum->level_sq += level * level;
    sum->clipped += clipped ? 1 : 0;
    sum->peak = (float)fmax(0.0, pow(10.0, peak_db / 20.0) - fabs(offset));
}

/* Band magnitudes of unit length; false when silent. */
static bool unit_spectrum(const struct track *t, size_t i, float unit[TRACK_BANDS])
{
    float db[TRACK_BANDS];
    track_spectrum(t, i, db);
    float sum = 0.0f;
    for (int b = 0; b < TRACK_BANDS; b++) {
        unit[b] = db[b] <= -119.0f ? 0.0f : band_magnitude(db[b]);
        sum += unit[b] * unit[b];
    }
    float scale = sum > 0.0f ? 1.0f / sqrtf(sum) : 0.0f;
    for (int b = 0; b < TRACK_BANDS; b++)
        unit[b] *= scale;
    return sum > 0.0f;
}

static size_t cells_apart(const struct track_sums *s)
{
    size_t apart = (size_t)lround(CHANGE_S / s->cell_s);
    return apart < 1 ? 1 : apart < CHANGE_CELLS_MAX ? apart : CHANGE_CELLS_MAX - 1;
}

static double change_at(const struct track_sums *s, size_t cell)
{
    struct change_memory *m = s->change;
    size_t apart = cells_apart(s), now = cell % CHANGE_CELLS_MAX;
    m->sounds[now] = unit_spectrum(s->track, cell, m->unit[now]);
    if (cell < apart)
        return 0.0;
    size_t then = (cell - apart) % CHANGE_CELLS_MAX;
    if (m->sounds[now] != m->sounds[then])
        return 1.0;
    if (!m->sounds[now])
        return 0.0;
    float same = 0.0f;
    for (int b = 0; b < TRACK_BANDS; b++)
        same += m->unit[now][b] * m->unit[then][b];
    return fmax(0.0, 1.0 - (double)same);
}

static void add_turned(const struct track *t, size_t cell, double turned[GLIDE_TURNS])
{
    size_t i = cell / CELLS_PER_CHROMA;
    if (cell % CELLS_PER_CHROMA != 0 || i < GLIDE_APART || i >= track_info(t)->chromas)
        return;
    double before[CHROMA_FINE] = {0}, after[CHROMA_FINE] = {0};
    track_add_fine(t, i - GLIDE_APART, before);
    track_add_fine(t, i, after);
    glide_add(before, after, turned);
}

static void take_chroma(const struct track *t, size_t cell, float chroma[12])
{
    if (cell / CELLS_PER_CHROMA < track_info(t)->chromas)
        track_chroma(t, cell / CELLS_PER_CHROMA, chroma);
}

static struct track_sum *sum_at(const struct track_sums *s, size_t cell)
{
    return &s->ring[cell % s->room];
}

static void reach(struct track_sums *s, size_t cell)
{
    for (; s->reached < cell; s->reached++) {
        struct track_sum *sum = sum_at(s, s->reached + 1);
        *sum = *sum_at(s, s->reached);
        add_cell(s->track, s->reached, sum);
        sum->change += change_at(s, s->reached);
        add_turned(s->track, s->reached, sum->turned);
        if (s->reached % CELLS_PER_CHROMA == 0)
            take_chroma(s->track, s->reached, sum->chroma);
    }
}

enum status track_sums_init(struct track_sums *s, const struct track *t, double longest_s,
                            struct err *e)
{
    const struct track_info *info = track_info(t);
    *s = (struct track_sums){.track = t, .cells = info->spectra};
    s->cell_s = (double)info->hop_frames * TRACK_HOPS_PER_SPECTRUM / info->rate_hz;
    s->room = track_sums_cell(s, longest_s) + ROOM_BEYOND;
    s->ring = calloc(s->room, sizeof *s->ring);
    s->change = calloc(1, sizeof *s->change);
    if (s->ring && s->change)
        return ST_OK;
    track_sums_done(s);
    return err_set(e, ST_NO_MEMORY, "no memory to mine a recording");
}

void track_sums_done(struct track_sums *s)
{
    free(s->ring);
    free(s->change);
    *s = (struct track_sums){0};
}

void track_sums_rewind(struct track_sums *s, size_t cell)
{
    s->reached = cell;
    *sum_at(s, cell) = (struct track_sum){0};
    take_chroma(s->track, cell, sum_at(s, cell)->chroma);
}

const float *track_sums_chroma(const struct track_sums *s, size_t i)
{
    return sum_at(s, i * CELLS_PER_CHROMA + 1)->chroma;
}

size_t track_sums_cell(const struct track_sums *s, double sec)
{
    double cell = round(sec / s->cell_s);
    if (!(cell > 0.0))
        return 0;
    return cell < (double)s->cells ? (size_t)cell : s->cells;
}

/* How far the means of the window's quarters lie apart. */
static double dc_swing(const struct track_sums *s, size_t from, size_t to)
{
    enum { PARTS = 4 };
    size_t n = to - from;
    double low = (double)INFINITY, high = -(double)INFINITY;
    for (size_t k = 0; k < PARTS && n >= PARTS; k++) {
        size_t a = from + n * k / PARTS, b = from + n * (k + 1) / PARTS;
        double mean = (sum_at(s, b)->dc - sum_at(s, a)->dc) / (double)(b - a);
        low = fmin(low, mean);
        high = fmax(high, mean);
    }
    return fmax(0.0, high - low);
}

/* From the first and the last quarter, whose middles are three quarters apart. */
static double drift(const struct track_sums *s, size_t from, size_t to)
{
    size_t each = (to - from) / 4;
    if (each == 0)
        return 0.0;
    double first = sum_at(s, from + each)->level - sum_at(s, from)->level;
    double last = sum_at(s, to)->level - sum_at(s, to - each)->level;
    return (last - first) / (double)each / 0.75;
}

static double glides(const struct track_sums *s, size_t from, size_t to)
{
    const size_t apart = (size_t)GLIDE_APART * CELLS_PER_CHROMA;
    if (to - from < 2 * apart)
        return 0.0;
    double turned[GLIDE_TURNS], chromas = (double)(to - from - apart) / CELLS_PER_CHROMA;
    const struct track_sum *a = sum_at(s, from + apart), *b = sum_at(s, to);
    for (int i = 0; i < GLIDE_TURNS; i++)
        turned[i] = (b->turned[i] - a->turned[i]) / chromas;
    return glide_of(turned, (double)(to - from) * s->cell_s, (double)apart * s->cell_s);
}

void track_sums_window(struct track_sums *s, size_t from, size_t to,
                       struct track_window *out)
{
    const struct track_info *info = track_info(s->track);
    size_t first = from + cells_apart(s);
    first = first < to ? first : from;
    reach(s, to);
    const struct track_sum *a = sum_at(s, from), *b = sum_at(s, to);
    double n = (double)(to - from), weight = b->weight - a->weight;
    double dc = (b->dc - a->dc) / n;
    double mean = fmax(0.0, (b->energy - a->energy) / n);
    double moving = (b->all - a->all) / n - dc * dc;
    float peak = 0.0f;
    for (size_t i = from + 1; i <= to; i++)
        peak = sum_at(s, i)->peak > peak ? sum_at(s, i)->peak : peak;
    double level = (b->level - a->level) / n;
    double spread = (b->level_sq - a->level_sq) / n - level * level;
    size_t hop = (size_t)info->hop_frames * TRACK_HOPS_PER_SPECTRUM;
    size_t onsets =
        track_onset_count(s->track, (int64_t)(from * hop), (int64_t)(to * hop));
    double nothing = (double)NAN;
    *out = (struct track_window){
        .rms_db = mean > 0.0 ? 10.0 * log10(mean) : -(double)INFINITY,
        .beyond_db = info->headroom ? fmax(0.0, info->peak_db) : 0.0,
        .crest = mean > 0.0 ? (double)peak / sqrt(mean) : nothing,
        .dc = fmin(fabs(dc), dc_swing(s, from, to)),
        .rumble = moving > mean ? 1.0 - mean / moving : 0.0,
        .flatness = weight > 0.0 ? (b->flatness - a->flatness) / weight : nothing,
        .centroid_hz = weight > 0.0 ? (b->centroid - a->centroid) / weight : nothing,
        .tonality = weight > 0.0 ? (b->tonality - a->tonality) / weight : 0.0,
        .pitched = weight > 0.0 ? (b->pitched - a->pitched) / weight : 0.0,
        .mains = weight > 0.0 ? (b->mains - a->mains) / weight : 0.0,
        .level_sd_db = sqrt(fmax(0.0, spread)),
        .drift_db = drift(s, from, to),
        .change = (b->change - sum_at(s, first)->change) / (double)(to - first),
        .glides = glides(s, from, to),
        .onset_rate_hz = (double)onsets / (n * s->cell_s),
        .clipped = b->clipped - a->clipped,
    };
}
