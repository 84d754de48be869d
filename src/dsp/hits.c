#include "dsp/hits.h"

#include "core/pi.h"
#include "dsp/biquad.h"
#include "dsp/level.h"
#include "dsp/line.h"
#include "dsp/part_units.h"
#include "dsp/vec.h"

#include <math.h>
#include <stdlib.h>

/* Around what a hit may last, the read has room to see what came before and the attack of
 * what comes next. */
static const double READ_BEFORE_S = 0.080, READ_AFTER_S = 0.060;
/* What must be there before an attack for it to be placed and compared. */
static const double LEAST_BEFORE_S = 0.025;
/* Of what sounds before an attack so soon there is nothing. Levels are means of two
 * spectra: the quietest single hop lies 2 dB below steady noise. */
static const double BEGIN_S = 0.005, BEGIN_SEEN_S = 10, NOWHERE_DB = -200;
static const double AIR_HZ = 8000; /* of TRACK_AIR */
static const double FADE_OUT_SHARE = 0.2, SILENT_PEAK = 1e-8;
/* A hit whose end lies FALLEN_DB below its loudest part needs its shortest fade-out only.
 * The louder the end, the longer the fade: LONGER times that where it lies LOUD_DB below
 * or less. */
static const double LEVEL_S = 0.010, FALLEN_DB = 24, LOUD_DB = 6, LONGER = 8;
/* Score that is left to a drum without bass that is mostly kick or bass, to a hit that
 * sounds nowhere near where its class does, and to one wholly struck together with
 * others. */
static const double LOW_WORTH = 0.5, OUT_OF_RANGE = 0.5, WITH_OTHERS = 0.4;
/* Bass under hats and cymbals: it is there if its power in the first BASS_SEEN_S is less
 * than BASS_RISE times that before the attack, and more than BASS_LEAST of all. */
static const double BASS_HZ = 300, BASS_RISE = 2, BASS_LEAST = 1e-3, BASS_SEEN_S = 0.060;
/* A register a hit is in: this share of its power, so many times what was there. */
static const double REGISTER_SHARE = 0.003, REGISTER_RISE = 2;

void hit_plans_done(struct hit_plans *p)
{
    free(p->at);
    *p = (struct hit_plans){0};
}

static int64_t clamp_frame(double frame, int64_t frames)
{
    return frame > 0 ? frame < (double)frames ? (int64_t)frame : frames : 0;
}

enum status hits_plan(const struct onset_list *onsets, int rate_hz, int64_t frames,
                      const struct hits_params *p, struct hit_plans *out, struct err *e)
{
    *out = (struct hit_plans){0};
    if (onsets->count == 0 || frames <= 0)
        return ST_OK;
    out->at = malloc(onsets->count * sizeof *out->at);
    if (!out->at)
        return err_set(e, ST_NO_MEMORY, "no memory to plan %zu hits", onsets->count);
    double length_s = p->fixed_length ? p->fixed_length_s : p->max_length_s;
    for (size_t i = 0; i < onsets->count; i++) {
        if (onsets->at[i].click)
            continue;
        struct hit_plan h = {.onset_s = onsets->at[i].time_s,
                             .next_s = (double)INFINITY,
                             .before = {NOWHERE_DB, NOWHERE_DB},
                             .strength = onsets->at[i].strength,
                             .attack_frame = -1};
        if (i + 1 < onsets->count)
            h.next_s = onsets->at[i + 1].time_s;
        double stop_s = h.onset_s + length_s;
        if (!p->fixed_length)
            stop_s = fmin(stop_s, h.next_s);
        h.onset_frame = clamp_frame(round(h.onset_s * rate_hz), frames - 1);
        h.read_start = clamp_frame((h.onset_s - READ_BEFORE_S) * rate_hz, frames - 1);
        h.read_end = clamp_frame(ceil((stop_s + READ_AFTER_S) * rate_hz), frames);
        if (h.onset_s * rate_hz < (double)frames)
            out->at[out->count++] = h;
    }
    return ST_OK;
}

/* How much of the power between two frequencies is in the first difference. */
static double differs(double from_hz, double to_hz, int rate_hz)
{
    double from = 2 * PI * from_hz / rate_hz;
    double to = fmin(PI, 2 * PI * to_hz / rate_hz);
    return to > from ? 2 - 2 * (sin(to) - sin(from)) / (to - from) : 0;
}

struct powers {
    double all, treble;
};

/* Of the hops of a spectrum. */
static struct powers powers(const struct track *t, size_t spectrum)
{
    int rate_hz = track_info(t)->rate_hz;
    double air = differs(AIR_HZ, 0.5 * rate_hz, rate_hz) / TRACK_HOPS_PER_SPECTRUM;
    struct powers p = {0};
    float db[TRACK_BANDS];
    track_spectrum(t, spectrum, db);
    for (int b = 0; b < TRACK_BANDS && track_band_low_hz(b) < AIR_HZ; b++)
        p.treble += db_power((double)db[b]) *
                    differs(track_band_low_hz(b), track_band_low_hz(b + 1), rate_hz);
    for (size_t i = 0; i < TRACK_HOPS_PER_SPECTRUM; i++) {
        struct track_hop hop;
        track_hop(t, spectrum * TRACK_HOPS_PER_SPECTRUM + i, &hop);
        p.all += db_power(hop.rms_db) / TRACK_HOPS_PER_SPECTRUM;
        p.treble += db_power(hop.band_db[TRACK_AIR]) * air;
    }
    return p;
}

void hits_begin(struct hit_plans *p, const struct track *t)
{
    const struct track_info *info = track_info(t);
    size_t seen = track_hop_of(t, (int64_t)(BEGIN_SEEN_S * info->rate_hz)) /
                  TRACK_HOPS_PER_SPECTRUM;
    if (p->count == 0 || p->at[0].onset_s >= BEGIN_S ||
        (double)info->frames < BEGIN_SEEN_S * info->rate_hz)
        return;
    struct powers last = powers(t, 0), least = {(double)INFINITY, (double)INFINITY};
    for (size_t i = 1; i < seen; i++) {
        struct powers here = powers(t, i);
        least.all = fmin(least.all, last.all + here.all);
        least.treble = fmin(least.treble, last.treble + here.treble);
        last = here;
    }
    p->at[0].before =
        (struct hit_levels){power_db(least.all / 2), power_db(least.treble / 2)};
}

bool hits_join(struct hit_plan *plan, const struct hit *sunken,
               const struct hit_plan *plan_before, const struct hit *before)
{
    bool reaches =
        plan_before->onset_s - plan->onset_s + READ_BEFORE_S >= LEAST_BEFORE_S ||
        plan->read_start == 0;
    if (!sunken->sunken || !before->cut_short || !reaches)
        return false;
    plan->onset_s = plan_before->onset_s;
    plan->onset_frame = plan_before->onset_frame;
    plan->attack_frame = -1;
    plan->strength = plan_before->strength;
    plan->before = plan_before->before;
    return true;
}

static double power(const struct audio *a, size_t first, size_t last)
{
    size_t c = (size_t)a->channels;
    return line_square_sum(a->data + first * c, (last - first) * c) /
           (double)((last - first) * c);
}

/* The first `frames` through a low-pass at `hz`; the caller's to free. */
static enum status below(struct audio *low, const struct audio *a, size_t frames,
                         double hz, struct err *e)
{
    struct biquad f = biquad_lowpass(4, hz, a->rate_hz);
    enum status st = audio_slice(low, a, 0, frames, e);
    if (st == ST_OK)
        biquad_run(&f, low);
    return st;
}

enum status hits_bass_under(const struct audio *a, size_t before, bool *under,
                            struct err *e)
{
    size_t seen = before + (size_t)(BASS_SEEN_S * a->rate_hz), settled = before / 3;
    seen = seen < a->frames ? seen : a->frames;
    *under = false;
    if (settled < 1 || seen <= before)
        return ST_OK;
    struct audio low;
    enum status st = below(&low, a, seen, BASS_HZ, e);
    if (st != ST_OK)
        return st;
    double bass = power(&low, before, seen);
    *under = bass < BASS_RISE * power(&low, settled, before) &&
             bass > BASS_LEAST * power(a, before, seen);
    audio_done(&low);
    return ST_OK;
}

enum status hits_cut_bass(struct audio *a, struct err *e)
{
    struct biquad f = biquad_highpass(2, BASS_HZ, a->rate_hz);
    return biquad_zero_phase(&f, a, e);
}

static double scaled(double score, struct score_parts *parts, const char *part,
                     double value, double least)
{
    if (value < 1)
        parts_add(parts, part, value);
    return score * (least + (1 - least) * value);
}

double hits_in_range(double score, struct score_parts *parts,
                     const struct drum_range *range, enum drum_class class)
{
    score = scaled(score, parts, "low", drum_range_clear(range, class), LOW_WORTH);
    return scaled(score, parts, "range", drum_range_own(range, class), OUT_OF_RANGE);
}

double hits_among(double score, struct score_parts *parts, double alone)
{
    return scaled(score, parts, "alone", alone, WITH_OTHERS);
}

static void scale_frame(struct audio *a, size_t frame, double gain)
{
    float *at = a->data + frame * (size_t)a->channels;
    for (int c = 0; c < a->channels; c++)
        at[c] = (float)((double)at[c] * gain);
}

VEC_INLINE void scale_four(float *x, const v4d *gain)
{
    *(v4f_any *)x = __builtin_convertvector(V4D_FROM(x) * *gain, v4f);
}

/* Raised cosine over the first or last n frames, from the silent end: four at a time,
 * each turned on from the fourth before it. */
VEC_INLINE void fade_all(struct audio *a, size_t n, bool out)
{
    double angle = PI / (double)n, c = cos(4 * angle), s = sin(4 * angle);
    v4d re = {1, cos(angle), cos(2 * angle), cos(3 * angle)},
        im = {0, sin(angle), sin(2 * angle), sin(3 * angle)};
    n = n < a->frames ? n : a->frames;
    for (size_t i = 0; i < n; i += 4) {
        v4d gain = 0.5 - 0.5 * re, back = VEC_SHUFFLE(gain, gain, 3, 2, 1, 0);
        v4d turned = re * c - im * s;
        if (a->channels == 1 && i + 4 <= n)
            scale_four(a->data + (out ? a->frames - i - 4 : i), out ? &back : &gain);
        else
            for (size_t k = 0; k < 4 && i + k < n; k++)
                scale_frame(a, out ? a->frames - 1 - i - k : i + k, gain[k]);
        im = im * c + re * s;
        re = turned;
    }
}

VEC_CLONES(fade, fade_all, (struct audio * a, size_t n, bool out), (a, n, out))

/* How far the last 10 ms lie below the loudest 10 ms, dB. */
static double fallen_db(const struct audio *a)
{
    size_t channels = (size_t)a->channels, n = a->frames * channels;
    size_t block = (size_t)(LEVEL_S * a->rate_hz) * channels;
    if (block == 0 || n < block)
        return 0;
    double loudest = 0, last = line_square_sum(a->data + n - block, block);
    for (size_t at = 0; at + block <= n; at += block)
        loudest = fmax(loudest, line_square_sum(a->data + at, block));
    return last > 0 ? fmax(0, 10 * log10(loudest / last)) : FALLEN_DB;
}

static double fade_out_frames(const struct audio *a, const struct hits_params *p)
{
    double longer = 1 + (LONGER - 1) * part_between(fallen_db(a), FALLEN_DB, LOUD_DB);
    return fmin(FADE_OUT_SHARE * (double)a->frames,
                longer * p->fade_out_ms * 1e-3 * a->rate_hz);
}

enum status hits_finish(struct audio *a, size_t attack_frame, const struct hits_params *p,
                        double target_peak_db, struct err *e)
{
    level_scrub(a);
    size_t out = (size_t)fmax(1, fade_out_frames(a, p));
    size_t most = (size_t)fmax(1, p->fade_in_ms * 1e-3 * a->rate_hz);
    size_t in = attack_frame < 1 ? 1 : attack_frame < most ? attack_frame : most;
    if (level_peak(a) < SILENT_PEAK)
        return err_set(e, ST_EMPTY, "the hit is silent");
    fade(a, in, false);
    fade(a, out, true);
    double peak = level_true_peak(a, false);
    if (peak < SILENT_PEAK)
        return err_set(e, ST_EMPTY, "nothing of the hit is left between its fades");
    level_gain(a, level_from_db(target_peak_db) / peak);
    return ST_OK;
}

/* Mean squares of the three registers in hops [first, last], the loudest of each. */
static void register_powers(const struct track *t, size_t first, size_t last,
                            double power[HIT_REGISTER_COUNT])
{
    static const enum hit_register of[TRACK_BAND_COUNT] = {HIT_DEEP, HIT_DEEP, HIT_MIDDLE,
                                                           HIT_TREBLE, HIT_TREBLE};
    for (int r = 0; r < HIT_REGISTER_COUNT; r++)
        power[r] = 0;
    for (size_t i = first; i <= last && i < track_info(t)->hops; i++) {
        struct track_hop hop;
        double now[HIT_REGISTER_COUNT] = {0};
        track_hop(t, i, &hop);
        for (int b = 0; b < TRACK_BAND_COUNT; b++)
            now[of[b]] += pow(10, 0.1 * hop.band_db[b]);
        for (int r = 0; r < HIT_REGISTER_COUNT; r++)
            power[r] = fmax(power[r], now[r]);
    }
}

enum hit_register hits_register(const struct track *t, int64_t attack_frame)
{
    double before[HIT_REGISTER_COUNT], after[HIT_REGISTER_COUNT], all = 0;
    size_t at = track_hop_of(t, attack_frame), first = at < 3 ? 0 : at - 3;
    register_powers(t, first, at < 2 ? 0 : at - 2, before);
    register_powers(t, at, at + 2, after);
    for (int r = 0; r < HIT_REGISTER_COUNT; r++)
        all += after[r];
    int r = 0;
    while (r < HIT_TREBLE &&
           (after[r] < REGISTER_SHARE * all || after[r] < REGISTER_RISE * before[r]))
        r++;
    return (enum hit_register)r;
}
