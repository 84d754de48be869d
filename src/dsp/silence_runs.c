#include "dsp/silence_runs.h"

#include "dsp/line.h"
#include "dsp/track_sums.h"

#include <math.h>
#include <stdlib.h>

#define NEAR_DB         6.0  /* that far outside the level gates is still a near-miss */
#define RUMBLE_DB       20.0 /* above max_rms_db at most */
#define RUMBLE_S        1.0  /* under rumble, what is shorter may be a bass note's end */
#define LEVEL_HOPS      4    /* 46 ms, the frame of the level gates */
#define DC_HOPS         43   /* 0.5 s to either side */
#define AROUND_S        1.5  /* the surroundings a hop's level is compared with */
#define AWAY_DB         4.5  /* furthest above them, or AWAY_SD of their deviations */
#define AWAY_MOST_DB    8.0
#define AWAY_SD         3.0
#define AWAY_DOWN       1.6  /* a dip may be that much deeper than a bump is high */
#define RESTLESS_DB     4.5  /* deviation of surroundings that are no room tone at all */
#define SLOPE_S         0.75 /* means on either side whose difference is the slope */
#define SLOPE_DB_S      5.0
#define SLOPE_ERRORS    3.0 /* a slope is one from that many standard errors on */
#define SHORT_S         0.4 /* runs below have little to be judged by: stricter */
#define SHORT_SD_DB     2.0
#define SHORT_CHANGE_DB 2.0
#define ONSET_STRENGTH  2.0
#define PITCHED         0.3 /* tonality: noise has 0.02, speech 0.2, choirs 0.3 to 0.6 */
#define PITCHED_LOW     0.2 /* of rumble itself it is below 0.1 */
#define MOVING_FROM_HZ  300.0 /* below, traffic comes and goes, and no one minds */
#define MOVING_S        2.0
#define MOVING_LEAST_S  0.7  /* in less, noise does by chance */
#define MOVING_STEP     8    /* spectra */
#define MOVING_LATER    2    /* spectra: what noise does now says nothing of then */
#define MOVING_DB       0.7  /* rooms and noises stay below, murmurs and sweeps do not */
#define WAVERING        0.12 /* a tone that moves; noise has 0, of a Q of 20 up to 0.08 */
#define HUM_TOP_HZ      250.0
#define HUM_SHARE       0.55
#define HUM_SD_DB       1.5
#define HUM_ALL         0.6 /* of what is held: of a third of it a peak is missed */
#define HUM_MOST        0.8 /* of what sounds: some chords lie on its partials */
#define DITHER_LSB      1.5
#define WHITE_LSB       2.0
#define WHITE_FLATNESS  0.45

void quiet_map_done(struct quiet_map *m)
{
    free(m->level_db);
    free(m->reason);
    *m = (struct quiet_map){0};
}

/* ---- level, DC taken out ---- */

enum { DC_RING = 2 * DC_HOPS + 2, ENERGY_RING = LEVEL_HOPS + 2 };

/* Mean square of each hop about the offset of its surroundings, in which quiet hops count
 * most: music next to a run has means of its own that are no offset. Walks along the
 * track; what lies too far behind is forgotten. */
struct energies {
    const struct track *t;
    bool rumbles; /* then the mean square of what is heard instead */
    size_t hops, summed, known;
    double weights[DC_RING], offsets[DC_RING]; /* running sums up to `summed` */
    float energy[ENERGY_RING];                 /* of the last hops before `known` */
};

static double mean_square(struct energies *n, size_t i)
{
    size_t from = i > DC_HOPS ? i - DC_HOPS : 0;
    size_t to = i + DC_HOPS < n->hops ? i + DC_HOPS + 1 : n->hops;
    for (; n->summed < to; n->summed++) {
        size_t now = n->summed % DC_RING, next = (n->summed + 1) % DC_RING;
        double weight = 1.0 / (track_square(n->t, n->summed) + 1e-10);
        n->weights[next] = n->weights[now] + weight;
        n->offsets[next] = n->offsets[now] + weight * track_dc(n->t, n->summed);
    }
    size_t first = from % DC_RING, last = to % DC_RING;
    double dc =
        (n->offsets[last] - n->offsets[first]) / (n->weights[last] - n->weights[first]);
    double own = (double)(float)track_dc(n->t, i);
    return fmax(0.0, track_square(n->t, i) - 2.0 * dc * own + dc * dc);
}

/* Of hop i, at most half a frame behind the furthest one asked for. */
static double energy_at(struct energies *n, size_t i)
{
    for (; n->known <= i; n->known++)
        n->energy[n->known % ENERGY_RING] =
            (float)(n->rumbles ? track_heard(n->t, n->known) : mean_square(n, n->known));
    return (double)n->energy[i % ENERGY_RING];
}

struct gate {
    const struct track *t;
    const struct silence_params *p;
    struct quiet_map *m;
    struct energies *near;
};

size_t quiet_hops(const struct quiet_map *m, double seconds)
{
    double hops = round(seconds / m->hop_s);
    return hops < 1.0 ? 1 : (size_t)hops;
}

/* Mean over the hops of the frame round i that could be room tone themselves: loud music
 * beside a run must not count into the run's first and last level. */
static double frame_energy(const struct gate *g, size_t i)
{
    double limit = db_power(g->p->max_rms_db + NEAR_DB), sum = 0.0;
    size_t from = i > LEVEL_HOPS / 2 ? i - LEVEL_HOPS / 2 : 0, count = 0;
    for (size_t k = from; k < from + LEVEL_HOPS + 1 && k < g->m->hops; k++) {
        double energy = energy_at(g->near, k);
        if (energy > limit)
            continue;
        sum += energy;
        count++;
    }
    return count ? sum / (double)count : energy_at(g->near, i);
}

static enum quiet_reason by_level(const struct gate *g, size_t i, double frame_db)
{
    double own = power_db(energy_at(g->near, i));
    const struct silence_params *p = g->p;
    if (own > p->max_rms_db + NEAR_DB)
        return QUIET_FAR;
    if (frame_db > p->max_rms_db)
        return frame_db > p->max_rms_db + NEAR_DB ? QUIET_FAR : QUIET_LOUD;
    if (frame_db < p->min_rms_db)
        return frame_db < p->min_rms_db - NEAR_DB ? QUIET_FAR : QUIET_FAINT;
    return QUIET;
}

/* Level in the file's own steps: dither and rounding alone stay below 1.5 of them. */
static bool only_dither(const struct gate *g, size_t i, double frame_db)
{
    if (g->p->source_bits <= 0)
        return false;
    double lsb = ldexp(1.0, 1 - g->p->source_bits);
    if (frame_db < 20.0 * log10(DITHER_LSB * lsb))
        return true;
    return frame_db < 20.0 * log10(WHITE_LSB * lsb) &&
           track_flatness(g->t, i) > WHITE_FLATNESS;
}

static enum quiet_reason first_look(const struct gate *g, size_t i)
{
    if (g->near->rumbles && track_rms_db(g->t, i) > g->p->max_rms_db + RUMBLE_DB)
        return QUIET_FAR;
    double frame = frame_energy(g, i), frame_db = power_db(frame);
    g->m->level_db[i] = (float)frame_db;
    if (track_flags(g->t, i) &
        (TRACK_ZERO | TRACK_STUCK | TRACK_HAS_ZERO | TRACK_NONFINITE))
        return QUIET_DEAD;
    enum quiet_reason reason = by_level(g, i, frame_db);
    if (reason != QUIET)
        return reason;
    if (only_dither(g, i, frame_db))
        return QUIET_DITHER;
    if (g->near->rumbles)
        frame = fmax(frame, track_square(g->t, i)); /* of which this is the peak */
    double peak = pow(10.0, track_peak_db(g->t, i) / 20.0) - fabs(track_dc(g->t, i));
    return peak > g->p->max_crest * sqrt(frame) ? QUIET_CREST : QUIET;
}

static void mark(const struct gate *g, size_t from, size_t to, enum quiet_reason reason)
{
    for (size_t i = from; i < to && i < g->m->hops; i++)
        if (g->m->reason[i] == QUIET)
            g->m->reason[i] = (uint8_t)reason;
}

static void mark_onsets(const struct gate *g)
{
    const struct onset_list *onsets = track_onsets(g->t);
    for (size_t k = 0; k < onsets->count; k++) {
        if ((double)onsets->at[k].strength < ONSET_STRENGTH)
            continue;
        size_t at = (size_t)fmax(0.0, onsets->at[k].time_s / g->m->hop_s);
        mark(g, at > 0 ? at - 1 : 0, at + LEVEL_HOPS, QUIET_ONSET);
    }
}

/* ---- runs ---- */

static int compare_floats(const void *a, const void *b)
{
    float x = *(const float *)a, y = *(const float *)b;
    return (x > y) - (x < y);
}

enum { SAMPLES_MAX = 96 };

/* Median level and its deviation, from the quartiles so that bumps do not widen it. */
static double median_level(const struct gate *g, size_t from, size_t to, double *sd)
{
    float values[SAMPLES_MAX];
    size_t step = (to - from) / SAMPLES_MAX + 1, count = 0;
    for (size_t i = from; i < to; i += step)
        values[count++] = g->m->level_db[i];
    qsort(values, count, sizeof *values, compare_floats);
    *sd = ((double)values[count - 1 - count / 4] - (double)values[count / 4]) / 1.349;
    return (double)values[count / 2];
}

static double mean_level(const struct quiet_map *m, size_t from, size_t to)
{
    double sum = 0.0;
    for (size_t i = from; i < to; i++)
        sum += (double)m->level_db[i];
    return to > from ? sum / (double)(to - from) : 0.0;
}

double quiet_sd_db(const struct quiet_map *m, size_t from, size_t to)
{
    double sum = 0.0, squares = 0.0, n = (double)(to - from);
    for (size_t i = from; i < to; i++) {
        sum += (double)m->level_db[i];
        squares += (double)m->level_db[i] * (double)m->level_db[i];
    }
    return sqrt(fmax(0.0, squares / n - sum / n * (sum / n)));
}

/* What lies away from the level of its surroundings: bumps, and the tails of music that
 * the tone takes over from. */
static void mark_unsteady(const struct gate *g, size_t from, size_t to)
{
    size_t around = quiet_hops(g->m, AROUND_S), block = LEVEL_HOPS;
    for (size_t i = from; i < to; i += block) {
        size_t low = i > from + around ? i - around : from;
        size_t high = i + around < to ? i + around : to;
        double sd, usual = median_level(g, low, high, &sd);
        double limit = fmin(AWAY_MOST_DB, fmax(AWAY_DB, AWAY_SD * sd));
        for (size_t k = i; k < i + block && k < to; k++) {
            double away = (double)g->m->level_db[k] - usual;
            if (sd > RESTLESS_DB || away > limit || away < -AWAY_DOWN * limit)
                g->m->reason[k] = QUIET_UNSTEADY;
        }
    }
}

static void mark_fades(const struct gate *g, size_t from, size_t to)
{
    size_t side = quiet_hops(g->m, SLOPE_S), least = quiet_hops(g->m, 0.1);
    for (size_t i = from; i < to; i += LEVEL_HOPS) {
        size_t low = i > from + side ? i - side : from;
        size_t high = i + side < to ? i + side : to;
        size_t middle = low + (high - low) / 2;
        if (middle - low < least)
            continue;
        double apart = (double)(high - low) * 0.5 * g->m->hop_s;
        double change = mean_level(g->m, middle, high) - mean_level(g->m, low, middle);
        /* Short stretches, and deep noise, fluctuate: only what is more than that, and
         * would also be heard as a fade, counts. */
        double sd =
            0.5 * (quiet_sd_db(g->m, low, middle) + quiet_sd_db(g->m, middle, high));
        double error = sd * sqrt(4.0 * LEVEL_HOPS / (double)(high - low));
        double limit =
            fmax(fmax(SLOPE_DB_S * apart, SHORT_CHANGE_DB), SLOPE_ERRORS * error);
        if (fabs(change) > limit)
            mark(g, i, i + LEVEL_HOPS < to ? i + LEVEL_HOPS : to, QUIET_FADE);
    }
}

/* Steady and all of it deep: mains hum belongs to a room. */
static bool hums(const struct gate *g, size_t from, size_t to)
{
    if (quiet_sd_db(g->m, from, to) > HUM_SD_DB)
        return false;
    double shares = 0.0;
    size_t count = 0, edge = 2 * TRACK_HOPS_PER_SPECTRUM; /* sees what lies beside */
    for (size_t i = from + edge; i + edge < to; i += TRACK_HOPS_PER_SPECTRUM) {
        float db[TRACK_BANDS];
        double low = 0.0, all = 1e-30;
        track_spectrum(g->t, i / TRACK_HOPS_PER_SPECTRUM, db);
        for (int b = 0; b < TRACK_BANDS; b++) {
            double power = db_power((double)db[b]);
            all += power;
            low += track_band_low_hz(b + 1) < HUM_TOP_HZ ? power : 0.0;
        }
        shares += low / all;
        count++;
    }
    return count > 0 && shares > HUM_SHARE * (double)count;
}

/* Mean tonality of [from, to); 0 where all that is held is the hum of mains under a
 * louder noise. */
static double tonality_of(const struct gate *g, size_t from, size_t to)
{
    double sum = 0.0, hum = 0.0;
    size_t count = 0;
    for (size_t i = from; i < to; i += TRACK_HOPS_PER_CHROMA, count++) {
        sum += track_tonality(g->t, i / TRACK_HOPS_PER_CHROMA);
        hum += track_mains(g->t, i / TRACK_HOPS_PER_CHROMA);
    }
    if (!g->near->rumbles && sum < HUM_MOST * (double)count && hum > HUM_ALL * sum)
        return 0.0; /* under rumble a low note has the same spectrum */
    return sum / (double)count;
}

/* Of a tone that slides or trembles, of which tonality has little. */
static double waver_of(const struct gate *g, size_t from, size_t to)
{
    size_t first = from / TRACK_HOPS_PER_SPECTRUM,
           end = (to + TRACK_HOPS_PER_SPECTRUM - 1) / TRACK_HOPS_PER_SPECTRUM;
    double sum = 0.0;
    for (size_t i = first; i < end; i++)
        sum += track_waver(g->t, i);
    return sum / (double)(end - first);
}

/* Music that goes on for half a second inside a run, or a run that is all music. */
static void mark_pitched(const struct gate *g, size_t from, size_t to)
{
    size_t piece = quiet_hops(g->m, 0.5), length = to - from, pieces = length / piece + 1;
    double limit = PITCHED;
    if (g->near->rumbles) /* a low note under it has no other sign */
        limit = PITCHED_LOW;
    else if (hums(g, from, to) && length > 2 * piece)
        return;
    for (size_t k = 0; k < pieces; k++) {
        size_t low = from + length * k / pieces, high = from + length * (k + 1) / pieces;
        if (tonality_of(g, low, high) > limit)
            mark(g, low, high, QUIET_PITCHED);
        else if (waver_of(g, low, high) > WAVERING)
            mark(g, low, high, QUIET_WAVERING);
    }
}

struct bands_mean {
    int first; /* band */
    double db[TRACK_BANDS], weight[TRACK_BANDS], weights;
};

static void bands_mean_of(const struct track *t, size_t from, size_t to,
                          struct bands_mean *m)
{
    float db[TRACK_BANDS];
    *m = (struct bands_mean){0};
    while (track_band_low_hz(m->first) < MOVING_FROM_HZ)
        m->first++;
    for (size_t i = from; i < to; i++) {
        track_spectrum(t, i, db);
        for (int b = m->first; b < TRACK_BANDS; b++) {
            double magnitude = (double)band_magnitude(db[b]);
            m->db[b] += (double)db[b] / (double)(to - from);
            m->weight[b] += magnitude;
            m->weights += magnitude;
        }
    }
}

/* Of spectrum i from the mean, without what all bands do: a room may sway. */
static void deviations(const struct track *t, size_t i, const struct bands_mean *m,
                       double out[TRACK_BANDS])
{
    float db[TRACK_BANDS];
    double all = 0.0;
    track_spectrum(t, i, db);
    for (int b = m->first; b < TRACK_BANDS; b++) {
        out[b] = (double)db[b] - m->db[b];
        all += m->weight[b] / m->weights * out[b];
    }
    for (int b = m->first; b < TRACK_BANDS; b++)
        out[b] -= all;
}

/* How far the bands' levels move against each other in spectra [from, to), in dB: what of
 * their deviation is still there 93 ms later, which of noise is nothing. Bands weigh by
 * their magnitude. */
static double moving_db(const struct track *t, size_t from, size_t to)
{
    double then[TRACK_BANDS], now[TRACK_BANDS], moves = 0.0;
    struct bands_mean m;
    bands_mean_of(t, from, to, &m);
    for (size_t i = from + MOVING_LATER; i < to; i++) {
        deviations(t, i, &m, now);
        deviations(t, i - MOVING_LATER, &m, then);
        for (int b = m.first; b < TRACK_BANDS; b++)
            moves += m.weight[b] * now[b] * then[b];
    }
    return sqrt(fmax(0.0, moves / m.weights / (double)(to - from - MOVING_LATER)));
}

/* A murmur next door, noise that a filter is swept over: a room is still in some stretch
 * about every moment. */
static void mark_moving(const struct gate *g, size_t from, size_t to)
{
    const size_t each = TRACK_HOPS_PER_SPECTRUM;
    size_t first = (from + each - 1) / each, last = to / each, still = first;
    if (to - from < quiet_hops(g->m, MOVING_LEAST_S) || last <= first)
        return;
    size_t window = quiet_hops(g->m, MOVING_S) / each;
    window = window < last - first ? window : last - first;
    for (size_t i = first, next; i + window <= last; i = next) {
        next = i + window < last && i + window + MOVING_STEP > last ? last - window
                                                                    : i + MOVING_STEP;
        if (moving_db(g->t, i, i + window) > MOVING_DB)
            continue;
        if (i > still)
            mark(g, still == first ? from : still * each, i * each, QUIET_MOVING);
        still = i + window;
    }
    if (still < last)
        mark(g, still == first ? from : still * each, to, QUIET_MOVING);
}

static bool short_and_doubtful(const struct gate *g, size_t from, size_t to)
{
    if (to - from >= quiet_hops(g->m, SHORT_S))
        return false;
    size_t middle = from + (to - from) / 2;
    double change = mean_level(g->m, middle, to) - mean_level(g->m, from, middle);
    return quiet_sd_db(g->m, from, to) > SHORT_SD_DB || fabs(change) > SHORT_CHANGE_DB;
}

typedef void (*run_look)(const struct gate *g, size_t from, size_t to);

static void each_run(const struct gate *g, run_look look)
{
    const struct quiet_map *m = g->m;
    for (size_t i = 0; i < m->hops;) {
        if (m->reason[i] != QUIET) {
            i++;
            continue;
        }
        size_t from = i;
        while (i < m->hops && m->reason[i] == QUIET)
            i++;
        look(g, from, i);
    }
}

/* The hop next to something else may hold a little of it. */
static void trim(const struct gate *g, size_t from, size_t to)
{
    if (from > 0)
        mark(g, from, from + 1, QUIET_UNSTEADY);
    if (to < g->m->hops)
        mark(g, to - 1, to, QUIET_UNSTEADY);
}

static void doubt_short(const struct gate *g, size_t from, size_t to)
{
    if (g->near->rumbles && to - from < quiet_hops(g->m, RUMBLE_S))
        mark(g, from, to, QUIET_FAR);
    else if (to - from < quiet_hops(g->m, QUIET_LEAST_S) && to - from < g->m->hops)
        mark(g, from, to, QUIET_SHORT);
    else if (short_and_doubtful(g, from, to))
        mark(g, from, to, QUIET_UNSTEADY);
}

enum status quiet_map_init(struct quiet_map *m, const struct track *t,
                           const struct silence_params *p, bool rumbles, struct err *e)
{
    const struct track_info *info = track_info(t);
    *m = (struct quiet_map){.hops = info->hops,
                            .hop_s = (double)info->hop_frames / info->rate_hz};
    m->level_db = calloc(m->hops + 1, sizeof *m->level_db);
    m->reason = calloc(m->hops + 1, sizeof *m->reason);
    if (!m->level_db || !m->reason) {
        quiet_map_done(m);
        return err_set(e, ST_NO_MEMORY, "no memory to mine a recording");
    }
    struct energies near = {.t = t, .rumbles = rumbles, .hops = m->hops};
    struct gate g = {t, p, m, &near};
    for (size_t i = 0; i < m->hops; i++)
        m->reason[i] = (uint8_t)first_look(&g, i);
    mark_onsets(&g);
    each_run(&g, mark_unsteady);
    each_run(&g, mark_fades);
    each_run(&g, mark_pitched);
    each_run(&g, mark_moving);
    each_run(&g, trim);
    each_run(&g, doubt_short);
    return ST_OK;
}
