#include "dsp/onset.h"

#include "dsp/fft.h"
#include "dsp/vec.h"

#include <math.h>
#include <stdbool.h>
#include <stdlib.h>

enum { SIZE_MIN = 64 }; /* of a frame, at rates below 2.8 kHz */
enum { BANDS_PER_OCTAVE = 24, BANDS_MAX = 256 };

static const double LOW_HZ = 30, HIGH_HZ = 17000;

/* The two frames compared with lie so many hops back: 12 and 17 ms. Before there are as
 * many as SETTLED, nothing is told of clicks and strokes. */
enum { NEAR = 2, FAR = 3, SETTLED = 16 };

/* Low bands are few, for want of resolution: each counts more, by this power of how many
 * nominal bands it stands for, so that kicks and low toms are heard under music. */
static const double CROWDED_POWER = 0.25;
enum { CROWDED_MAX = 6 };

/* Where voices, strings and keys have most of their partials, what sounds on flickers the
 * most and strokes show the least: these bands count less. */
static const double VOICES_FROM_HZ = 500, VOICES_TO_HZ = 3000, VOICES_WEIGHT = 0.75;

/* Magnitudes are brought to the scale of a 1024-point transform. The sum over bands is in
 * units of the default threshold at 44.1 kHz; where a low rate leaves fewer bands, it
 * grows by this power of what is missing. A stroke rises in all of them and would have it
 * at 1, but a held chord flickers in the low ones that are left: 1.3 to 2.2 false onsets
 * a second in chords at 2.5 to 4 kHz with 1, under 0.1 with this. */
static const double MISSING_POWER = 0.3;
static const float REFERENCE_SIZE = 1024, REFERENCE_WEIGHT = 112.165F;
static const float REFERENCE_NOVELTY = 1.334F;

/* Gain for quiet recordings: a slowly falling peak of the band magnitudes is lifted to
 * LEVEL_LOUD, in steps, by 40 dB at most. Louder recordings are taken as they are. */
static const float LEVEL_LOUD = 100, LEVEL_START = 10;
static const double LEVEL_HOLD_S = 3, LEVEL_FALL_DB_PER_S = 6;
enum { GAIN_STEPS_MAX = 27 };
static const double GAIN_STEP_DB = 1.5;

/* A sound that is cut off splashes over bands that were empty, and gated samples end in a
 * burst. Of power: while the whole falls by CUT_FALL over the lag, what rises is the end
 * of that sound when it lies CUT_BELOW under what was there. The frames just before,
 * whose windows had seen the end already, go with it. */
static const float CUT_FALL = 3, CUT_BELOW = 10;

/* An end that goes on sounding is a stroke in the tail of a louder one: of what rose with
 * it this share, at least, is there still CLICK_TO later. Of splashes nothing is. */
static const float STROKE_LEFT = 0.25F;

/* A click (a crackle, a sample broken off, a bad splice) is a peak of the novelty of
 * which nothing, by that share, is left in any of the frames up to CLICK_TO later. The
 * window of the first, CLICK_FROM later, may still begin with it. The driest drums leave
 * more. Of a weak peak, under CLICK_WEAK, that first look decides: samples break off in
 * mid-sound, and what plays on beside them hides that nothing is left of the step. */
static const float CLICK_LEFT = 0.05F, CLICK_EDGE = 0.1F, CLICK_LEAST = 0.25F;
static const float CLICK_WEAK = 5.5F, STRUCK_AGAIN = 2;
enum { CLICK_FROM = 2, CLICK_TO = 5, HISTORY = CLICK_TO + FAR + 1 };

struct band {
    int first, count;
    size_t weights; /* index of the first */
};

struct onset_filter {
    int bins, bands;
    float in_scale, out_scale;
    double level, level_fall;
    long held, hold_frames;
    int gain_step;
    long seen;
    struct band band[BANDS_MAX];
    float gain[GAIN_STEPS_MAX + 1];
    float power[HISTORY]; /* of all bands, before the gain */
    bool faint[HISTORY];  /* what rises lies far below what was there */
    float risen[HISTORY]; /* the sum over the bands */
    bool fleeting[HISTORY], end[HISTORY];
    int ended;
    bool stroke;
    float magnitude[HISTORY][BANDS_MAX]; /* per band, before the gain */
    float widest[HISTORY][BANDS_MAX];    /* log, maximum over three bands */
    float log_now[BANDS_MAX], importance[BANDS_MAX];
    float *weight;
    v8f *lanes; /* of eight frames: magnitudes of bins, bands, the power of all */
};

/* Centre bins 24 to the octave, those that round to one bin taken once; `crowd` counts
 * them. */
static int centre_bins(int rate_hz, int fft_size, int *centre, int *crowd, int max)
{
    int count = 0;
    for (int i = -1;; i++) {
        double hz = LOW_HZ * exp2((double)i / BANDS_PER_OCTAVE);
        long bin = lround(hz * fft_size / rate_hz);
        if (hz > HIGH_HZ * exp2(1.0 / BANDS_PER_OCTAVE) || bin > fft_size / 2 ||
            count == max)
            return count;
        if (count == 0 || bin > centre[count - 1]) {
            crowd[count] = 0;
            centre[count++] = (int)bin;
        }
        crowd[count - 1]++;
    }
}

static bool make_bands(struct onset_filter *f, int rate_hz, int fft_size)
{
    int centre[BANDS_MAX + 2], crowd[BANDS_MAX + 2];
    int count = centre_bins(rate_hz, fft_size, centre, crowd, BANDS_MAX + 2);
    f->bands = count - 2;
    if (f->bands < 8)
        return false;
    size_t total = 0;
    for (int b = 0; b < f->bands; b++)
        total += (size_t)(centre[b + 2] - centre[b]);
    f->weight = malloc(total * sizeof *f->weight);
    if (!f->weight)
        return false;
    size_t at = 0;
    for (int b = 0; b < f->bands; b++) {
        int low = centre[b], mid = centre[b + 1], high = centre[b + 2];
        f->band[b] = (struct band){low + 1, high - low - 1, at};
        int stands_for = crowd[b + 1] < CROWDED_MAX ? crowd[b + 1] : CROWDED_MAX;
        double hz = (double)mid * rate_hz / fft_size;
        bool voices = hz >= VOICES_FROM_HZ && hz < VOICES_TO_HZ;
        f->importance[b] =
            (float)(pow(stands_for, CROWDED_POWER) * (voices ? VOICES_WEIGHT : 1));
        for (int k = low + 1; k < high; k++)
            f->weight[at++] = k <= mid ? (float)(k - low) / (float)(mid - low)
                                       : (float)(high - k) / (float)(high - mid);
    }
    return true;
}

int onset_size_at(int rate_hz)
{
    int size = fft_size_at(1024, rate_hz);
    return size < SIZE_MIN ? SIZE_MIN : size;
}

struct onset_filter *onset_filter_new(int rate_hz, int fft_size, int hop)
{
    if (rate_hz < 1 || fft_size < SIZE_MIN || hop < 1 || hop > fft_size)
        return NULL;
    struct onset_filter *f = calloc(1, sizeof *f);
    if (!f)
        return NULL;
    if (!make_bands(f, rate_hz, fft_size)) {
        onset_filter_free(f);
        return NULL;
    }
    double hop_s = (double)hop / rate_hz;
    f->bins = fft_size / 2 + 1;
    size_t lanes = (size_t)f->bins + BANDS_MAX + 1;
    f->lanes = aligned_alloc(64, (lanes + 1) / 2 * 2 * sizeof *f->lanes);
    if (!f->lanes) {
        onset_filter_free(f);
        return NULL;
    }
    f->in_scale = REFERENCE_SIZE / (float)fft_size;
    float weight = 0;
    for (int b = 0; b < f->bands; b++)
        weight += f->importance[b];
    double missing = (double)(REFERENCE_WEIGHT / weight);
    f->out_scale = (float)pow(missing, MISSING_POWER) / REFERENCE_NOVELTY;
    f->level = (double)LEVEL_START;
    f->level_fall = pow(10, -LEVEL_FALL_DB_PER_S / 20 * hop_s);
    f->hold_frames = lround(LEVEL_HOLD_S / hop_s);
    for (int i = 0; i <= GAIN_STEPS_MAX; i++)
        f->gain[i] = (float)pow(10, i * GAIN_STEP_DB / 20);
    return f;
}

void onset_filter_free(struct onset_filter *f)
{
    if (!f)
        return;
    free(f->weight);
    free(f->lanes);
    free(f);
}

VEC_INLINE void bands_of_eight(struct onset_filter *f, const float *power)
{
    v8f *mag = f->lanes, *bands = f->lanes + f->bins, all = {0};
    for (int k = 0; k < f->bins; k++) {
        mag[k] = VEC_CONST_AT(power + VEC * k);
        vec_sqrt(&mag[k]);
    }
    for (int b = 0; b < f->bands; b++) {
        const struct band *band = &f->band[b];
        const float *w = f->weight + band->weights;
        v8f sum = {0};
        for (int k = 0; k < band->count; k++)
            sum += w[k] * mag[band->first + k];
        sum *= f->in_scale;
        v8i sane = (sum > 0) & (sum < 1e12F); /* not NaN either */
        bands[b] = (v8f)((v8i)sum & sane);
        all += bands[b] * bands[b];
    }
    bands[f->bands] = all;
}

VEC_CLONES(to_bands, bands_of_eight, (struct onset_filter * f, const float *power),
           (f, power))

/* log10(1 + gain·in), in whole vectors: behind the last band there is room for that. */
VEC_INLINE void logs_of(const struct onset_filter *f, const float *in, float *out)
{
    float gain = f->gain[f->gain_step];
    for (int b = 0; b < f->bands; b += VEC) {
        v8f x = 1 + gain * VEC_CONST_AT(in + b);
        vec_log2(&x);
        VEC_AT(out + b) = 0.30103F * x;
    }
}
_Static_assert((int)BANDS_MAX % (int)VEC == 0, "bands are taken in whole vectors");

VEC_CLONES(to_log, logs_of, (const struct onset_filter *f, const float *in, float *out),
           (f, in, out))

static void widen(const struct onset_filter *f, const float *log_in, float *out)
{
    int last = f->bands - 1;
    for (int b = 1; b < last; b++) {
        float side = log_in[b - 1] > log_in[b + 1] ? log_in[b - 1] : log_in[b + 1];
        out[b] = log_in[b] > side ? log_in[b] : side;
    }
    out[0] = log_in[0] > log_in[1] ? log_in[0] : log_in[1];
    out[last] = log_in[last] > log_in[last - 1] ? log_in[last] : log_in[last - 1];
}

/* Follow the level. True when the gain moved, so that what is remembered must follow. */
static bool follow_level(struct onset_filter *f, float power)
{
    double level = sqrt((double)power);
    if (level >= f->level) {
        f->level = level;
        f->held = 0;
    } else if (++f->held > f->hold_frames) {
        f->level = fmax(f->level * f->level_fall, fmax(level, 1e-6));
    }
    double db = 20 * log10((double)LEVEL_LOUD / f->level);
    int step = db > 0 ? (int)(db / GAIN_STEP_DB) : 0;
    step = step > GAIN_STEPS_MAX ? GAIN_STEPS_MAX : step;
    bool moved = step != f->gain_step;
    f->gain_step = step;
    return moved;
}

static size_t slot(const struct onset_filter *f, int frames_ago)
{
    return (size_t)((f->seen + HISTORY - frames_ago) % HISTORY);
}

static void reweigh_history(struct onset_filter *f)
{
    float scratch[BANDS_MAX];
    for (int i = 1; i < HISTORY; i++) {
        to_log(f, f->magnitude[slot(f, i)], scratch);
        widen(f, scratch, f->widest[slot(f, i)]);
    }
}

/* What the power of the frame `ago` is compared with. */
static float power_before(const struct onset_filter *f, int ago)
{
    float near = f->power[slot(f, ago + NEAR)], far = f->power[slot(f, ago + FAR)];
    return near > far ? near : far;
}

/* Whether the frame belongs to an end, and how many before it. */
static void watch_ends(struct onset_filter *f, float risen)
{
    size_t now = slot(f, 0);
    float was = power_before(f, 0);
    f->faint[now] = was > CUT_BELOW * risen;
    f->ended = f->faint[now] && was > CUT_FALL * f->power[now];
    while (f->ended && f->ended <= FAR && f->faint[slot(f, f->ended)])
        f->ended++;
    f->end[now] = false;
    for (int i = 0; i < f->ended; i++)
        f->end[slot(f, i)] = true;
}

/* What of the rise of the frame `ago` is there still: the same sum, of now. */
static float left_of(const struct onset_filter *f, int ago)
{
    const float *near = f->widest[slot(f, ago + NEAR)];
    const float *far = f->widest[slot(f, ago + FAR)];
    float sum = 0;
    for (int b = 0; b < f->bands; b++) {
        float before = near[b] > far[b] ? near[b] : far[b];
        float rise = f->log_now[b] - before;
        sum += rise > 0 ? rise * f->importance[b] : 0;
    }
    return sum;
}

/* What leaves more power than there was before is no click, though it adds next to
 * nothing to any band: the same drum again, before it has died away. */
static bool struck_again(const struct onset_filter *f, int ago)
{
    return f->power[slot(f, 0)] > STRUCK_AGAIN * power_before(f, ago);
}

/* Peaks that leave something behind are no clicks. */
static void watch_clicks(struct onset_filter *f)
{
    size_t now = slot(f, 0);
    f->fleeting[now] = f->seen >= SETTLED && f->risen[now] * f->out_scale > CLICK_LEAST;
    for (int ago = CLICK_FROM; ago <= CLICK_TO; ago++) {
        size_t then = slot(f, ago);
        if (ago > CLICK_FROM && f->risen[then] * f->out_scale < CLICK_WEAK)
            continue;
        float share = ago == CLICK_FROM ? CLICK_EDGE : CLICK_LEFT;
        f->fleeting[then] = f->fleeting[then] &&
                            f->risen[then] >= f->risen[slot(f, ago - 1)] &&
                            left_of(f, ago) < share * f->risen[then] &&
                            (ago == CLICK_FROM || !struck_again(f, ago));
    }
}

/* Whether the frame CLICK_TO ago was taken for an end and is none. */
static bool goes_on(const struct onset_filter *f)
{
    size_t then = slot(f, CLICK_TO);
    return f->seen >= SETTLED && f->end[then] &&
           left_of(f, CLICK_TO) >= STROKE_LEFT * f->risen[then];
}

/* One frame, whose bands are in f->magnitude, of so much power. */
static float push(struct onset_filter *f, float power)
{
    size_t now = slot(f, 0);
    const float *bands = f->magnitude[now];
    float risen = 0, sum = 0;
    f->power[now] = power;
    if (follow_level(f, power))
        reweigh_history(f);
    to_log(f, bands, f->log_now);
    widen(f, f->log_now, f->widest[now]);
    const float *near = f->widest[slot(f, NEAR)];
    const float *far = f->widest[slot(f, FAR)];
    for (int b = 0; b < f->bands; b++) {
        float before = near[b] > far[b] ? near[b] : far[b];
        float rise = f->log_now[b] - before;
        sum += rise > 0 ? rise * f->importance[b] : 0;
        risen += rise > 0 ? bands[b] * bands[b] : 0;
    }
    watch_ends(f, risen);
    f->risen[now] = sum;
    watch_clicks(f);
    f->stroke = goes_on(f);
    f->seen++;
    return sum * f->out_scale;
}

void onset_filter_push(struct onset_filter *f, const float *power, int count,
                       struct onset_frame *out)
{
    to_bands(f, power);
    const float *lane = (const float *)(f->lanes + f->bins);
    for (int i = 0; i < count; i++, lane++) {
        float *bands = f->magnitude[slot(f, 0)];
        for (int b = 0; b < f->bands; b++)
            bands[b] = lane[VEC * b];
        out[i].novelty = push(f, lane[VEC * f->bands]);
        out[i].ended = f->ended;
        out[i].stroke = f->stroke ? CLICK_TO : -1;
        out[i].click = f->fleeting[slot(f, CLICK_TO + 1)] ? CLICK_TO : -1;
    }
}
