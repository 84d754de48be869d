#include "dsp/line.h"
#include "dsp/offset.h"
#include "dsp/track_build.h"

#include <math.h>

/* ---- Integrated loudness --------------------------------------------------------- */

/* Blocks of 400 ms every 100 ms (as near as whole hops come), each four steps. */
enum { STEPS_PER_BLOCK = 4 };

struct gated {
    double sum;
    size_t blocks;
};

static struct gated gated_sum(const struct track *t, size_t step_hops, double gate)
{
    double step[STEPS_PER_BLOCK] = {0};
    struct gated g = {0};
    for (size_t s = 0; (s + 1) * step_hops <= t->info.hops; s++) {
        double sum = 0;
        for (size_t i = s * step_hops; i < (s + 1) * step_hops; i++)
            sum += track_k_square(t, i);
        step[s % STEPS_PER_BLOCK] = sum / (double)step_hops;
        if (s + 1 < STEPS_PER_BLOCK)
            continue;
        double block = (step[0] + step[1] + step[2] + step[3]) / STEPS_PER_BLOCK;
        if (block > gate) {
            g.sum += block;
            g.blocks++;
        }
    }
    return g;
}

static double lufs(double k_square)
{
    return -0.691 + 10 * log10(k_square);
}

static double integrated_lufs(const struct track *t)
{
    double step = 0.1 * t->info.rate_hz / t->info.hop_frames;
    size_t hops = (size_t)fmax(1, floor(step + 0.5));
    double gate = db_power(-70 + 0.691);
    struct gated g = gated_sum(t, hops, gate);
    if (g.blocks == 0)
        return -HUGE_VAL;
    g = gated_sum(t, hops, fmax(gate, g.sum / (double)g.blocks * db_power(-10)));
    return g.blocks ? lufs(g.sum / (double)g.blocks) : -HUGE_VAL;
}

/* 1, or less for the partial last hop. */
static double share_of_hop(const struct track *t, size_t i)
{
    int64_t left = t->info.frames - track_hop_start(t, i);
    return left < t->info.hop_frames ? (double)left / t->info.hop_frames : 1;
}

static struct offsets offset_between(const struct track *t, size_t first, size_t last,
                                     struct offsets base, bool whole)
{
    struct offset o = {.base = base, .whole = whole};
    for (int k = 0; k < OFFSET_ROUNDS; k++) {
        offset_again(&o);
        for (size_t i = first; i < last; i++)
            offset_add(&o, track_dc(t, i), track_side_dc(t, i), track_square(t, i));
    }
    return offset_values(&o);
}

void track_sum_up(struct track *t, const struct scan_totals *totals)
{
    struct track_info *info = &t->info;
    double square = 0, dc = 0, count = 0, peak = -HUGE_VAL;
    for (size_t i = 0; i < info->hops; i++) {
        struct track_hop h;
        track_hop(t, i, &h);
        double share = share_of_hop(t, i);
        count += share;
        square += share * track_square(t, i);
        dc += share * h.dc;
        peak = fmax(peak, h.peak_db);
    }
    info->rms_db = count > 0 ? 10 * log10(square / count) : -HUGE_VAL;
    info->peak_db = peak;
    info->dc = count > 0 ? dc / count : 0;
    info->offset = offset_between(t, 0, info->hops, (struct offsets){0}, true);
    info->loudness_lufs = integrated_lufs(t);
    info->clipped_runs = totals->clipped_runs;
    info->clipped_samples = totals->clipped_samples;
    info->nonfinite_samples = totals->nonfinite_samples;
    info->zero_frames = totals->zero_frames;
}

/* ---- Ranges ---------------------------------------------------------------------- */

/* The items [first, last) of a grid of `size` frames that overlap [start, end). */
struct span {
    size_t first, last;
};

static struct span span_of(int64_t start, int64_t end, int64_t size, size_t count)
{
    struct span s = {0};
    if (start < 0)
        start = 0;
    if (end <= start)
        return s;
    s.first = (size_t)(start / size);
    s.last = (size_t)((end - 1) / size) + 1;
    s.last = s.last < count ? s.last : count;
    s.first = s.first < s.last ? s.first : s.last;
    return s;
}

static struct span hops_of(const struct track *t, int64_t start, int64_t end)
{
    return span_of(start, end, t->info.hop_frames, t->info.hops);
}

size_t track_onset_count(const struct track *t, int64_t start, int64_t end)
{
    double rate = t->info.rate_hz;
    size_t first = onset_list_find(&t->onsets, (double)start / rate);
    size_t last = onset_list_find(&t->onsets, (double)end / rate);
    return last > first ? last - first : 0;
}

struct weighted {
    double sum, weight;
};

static void weigh(struct weighted *w, double value, double weight)
{
    if (isfinite(value)) {
        w->sum += value * weight;
        w->weight += weight;
    }
}

static double mean_of(const struct weighted *w)
{
    return w->weight > 0 ? w->sum / w->weight : (double)NAN;
}

static void range_hops(const struct track *t, struct span s, struct track_range *out)
{
    struct weighted centroid = {0}, spread = {0}, rolloff = {0}, flatness = {0};
    double square = 0, bands[TRACK_BAND_COUNT] = {0}, count = 0;
    for (size_t i = s.first; i < s.last; i++) {
        struct track_hop h;
        track_hop(t, i, &h);
        double share = share_of_hop(t, i), power = share * track_square(t, i);
        double weight = sqrt(power);
        count += share;
        square += power;
        out->peak_db = fmax(out->peak_db, h.peak_db);
        weigh(&centroid, h.centroid_hz, weight);
        weigh(&spread, h.spread_hz, weight);
        weigh(&rolloff, h.rolloff_hz, weight);
        weigh(&flatness, h.flatness, weight);
        for (int b = 0; b < TRACK_BAND_COUNT; b++)
            bands[b] += share * db_power(h.band_db[b]);
    }
    out->rms_db = 10 * log10(square / count);
    if (square > 0)
        out->crest = pow(10, (out->peak_db - out->rms_db) / 20);
    out->centroid_hz = mean_of(&centroid);
    out->spread_hz = mean_of(&spread);
    out->rolloff_hz = mean_of(&rolloff);
    out->flatness = mean_of(&flatness);
    for (int b = 0; b < TRACK_BAND_COUNT; b++)
        out->band_db[b] = 10 * log10(bands[b] / count);
}

/* Levels of successive 46 ms; silent ones count as −120 dB in the deviation. */
static void range_levels(const struct track *t, struct span s, struct track_range *out)
{
    double sum = 0, squares = 0, count = 0;
    for (size_t i = s.first; i < s.last; i += TRACK_HOPS_PER_SPECTRUM) {
        double power = 0, hops = 0;
        for (size_t k = i; k < s.last && k < i + TRACK_HOPS_PER_SPECTRUM; k++, hops++)
            power += track_square(t, k);
        if (hops < TRACK_HOPS_PER_SPECTRUM && count > 0)
            break;
        double level = fmax(10 * log10(power / hops), -120);
        sum += level;
        squares += level * level;
        count++;
    }
    out->level_sd_db = sqrt(fmax(0, squares / count - (sum / count) * (sum / count)));
}

static double range_unsteadiness(const struct track *t, int64_t start, int64_t end)
{
    int64_t size = (int64_t)t->info.hop_frames * TRACK_HOPS_PER_SPECTRUM;
    struct span s = span_of(start, end, size, t->info.spectra);
    double apart = floor(0.25 * t->info.rate_hz / (double)size + 0.5);
    size_t lag = apart > 1 ? (size_t)apart : 1, pairs = 0;
    double sum = 0;
    for (size_t i = s.first; i + lag < s.last; i++, pairs++)
        sum += track_spectrum_distance(t, i, i + lag);
    return pairs ? sum / (double)pairs : 0;
}

static double chroma_level(const struct track *t, size_t chroma)
{
    double power = 0;
    size_t first = chroma * TRACK_HOPS_PER_CHROMA;
    for (size_t i = first; i < first + TRACK_HOPS_PER_CHROMA && i < t->info.hops; i++)
        power += track_square(t, i);
    return sqrt(power);
}

static double range_tonality(const struct track *t, int64_t start, int64_t end)
{
    int64_t size = (int64_t)t->info.hop_frames * TRACK_HOPS_PER_CHROMA;
    struct span s = span_of(start, end, size, t->info.chromas);
    struct weighted w = {0};
    for (size_t i = s.first; i < s.last; i++)
        weigh(&w, track_tonality(t, i), chroma_level(t, i));
    return w.weight > 0 ? w.sum / w.weight : 0;
}

struct offsets track_offset(const struct track *t, int64_t start, int64_t end)
{
    struct span s = hops_of(t, start, end);
    return offset_between(t, s.first, s.last, t->info.offset, false);
}

void track_range(const struct track *t, int64_t start, int64_t end,
                 struct track_range *out)
{
    *out = (struct track_range){
        .rms_db = -HUGE_VAL,
        .peak_db = -HUGE_VAL,
        .crest = (double)NAN,
        .centroid_hz = (double)NAN,
        .spread_hz = (double)NAN,
        .rolloff_hz = (double)NAN,
        .flatness = (double)NAN,
    };
    for (int b = 0; b < TRACK_BAND_COUNT; b++)
        out->band_db[b] = -HUGE_VAL;
    struct span s = hops_of(t, start, end);
    if (s.last == s.first)
        return;
    range_hops(t, s, out);
    range_levels(t, s, out);
    out->unsteadiness = range_unsteadiness(t, start, end);
    out->tonality = range_tonality(t, start, end);
    out->onset_rate_hz = (double)track_onset_count(t, start, end) * t->info.rate_hz /
                         (double)(end - start);
}

double track_fine_chroma(const struct track *t, double fine[CHROMA_FINE])
{
    int64_t size = (int64_t)t->info.hop_frames * TRACK_HOPS_PER_CHROMA;
    struct span s = span_of(0, t->info.frames, size, t->info.chromas);
    for (int k = 0; k < CHROMA_FINE; k++)
        fine[k] = 0;
    for (size_t i = s.first; i < s.last; i++)
        track_add_fine(t, i, fine);
    return range_tonality(t, 0, t->info.frames);
}
