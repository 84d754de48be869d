/* Matching traces. */
#include "dsp/trace_match.h"
#include "core/pi.h"
#include "dsp/fft_batch.h"
#include "dsp/line.h"
#include "dsp/oversample.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

enum {
    PROMISING = 4, /* speeds have all shifts tried, by their bounds, … */
    TRIED = 3      /* and of those the best are looked at closely */
};
_Static_assert(2 * (int)PROMISING == (int)FFT_BATCH, "two rows each of one transform");

/* A band counts when noise leaves so much of its power; and as much as is left. */
static const double least_share = 0.5;
/* Nor is it a match worth having below so much of what is needed. From bounds of whole
 * spectra those of sketches are up to 0.012 away: of 27,700 pairs this loses none. */
static const float of_needed_bound = 0.9F, sketchy = 0.01F;
/* Below this (squared), found on the coarse, it will not be one closely looked at; nor
 * below so much of what is needed, less where another band has told the speed. */
static const double least_coarse = 0.45, of_needed = 0.5, of_needed_near = 0.25;
/* The others need not look far around the speed and the shift of a band of so much
 * detail, but for the lowest, whose shift an equaliser moves. */
static const double knows_detail = 1.0;
static const double around_s[BANDS] = {0.0015, 0.0005, 0.0003};
/* The correlation (squared) of the best below which no other speed is looked at. */
static const double hopeless = 0.7;

static bool make_plans(struct trace_matcher *m)
{
    for (int b = 0; b < BANDS; b++) {
        int size = 2 * trace_bands[b].bins;
        m->eight[b] = fft_batch_new(size, NULL);
        if (!m->eight[b])
            return false;
        for (int k = 0; k < trace_bands[b].bins; k++) {
            double angle = PI * k / size;
            m->half[b][2 * k] = (float)cos(angle);
            m->half[b][2 * k + 1] = (float)sin(angle);
        }
    }
    return true;
}

static void make_fades(struct trace_matcher *m)
{
    for (int b = 0; b < BANDS; b++) {
        int count = trace_bands[b].count, in = 8, out = count / 6;
        for (int i = 0; i < count; i++)
            m->fade[b][i] = 1.0F;
        for (int i = 0; i < in; i++)
            m->fade[b][i] = (float)i / (float)in;
        for (int i = 0; i < out; i++)
            m->fade[b][count - 1 - i] = (float)i / (float)out;
    }
}

enum status trace_matcher_new(struct trace_matcher **out, struct err *e)
{
    struct trace_matcher *m = calloc(1, sizeof *m);
    bool done = m != NULL && make_plans(m);
    if (done)
        make_fades(m);
    if (!done) {
        trace_matcher_free(m);
        m = NULL;
    }
    *out = m;
    return done ? ST_OK : err_set(e, ST_NO_MEMORY, "no memory to match traces");
}

void trace_matcher_free(struct trace_matcher *m)
{
    if (m == NULL)
        return;
    for (int b = 0; b < BANDS; b++)
        fft_batch_free(m->eight[b]);
    free(m);
}

/* Faded at both ends, zeros behind, and made power 1. */
static void finish(const struct trace_matcher *m, int band, float *x)
{
    const struct trace_band *b = &trace_bands[band];
    for (int i = 0; i < b->count; i++)
        x[i] *= m->fade[band][i];
    double power = 1e-30 + line_square_sum(x, (size_t)b->count);
    float gain = (float)(1.0 / sqrt(power));
    for (int i = 0; i < b->count; i++)
        x[i] *= gain;
    memset(x + b->count, 0, (size_t)(2 * b->bins - b->count) * sizeof *x);
}

/* Returns the power of what is not faded in. */
static float expand(const struct trace *t, int b, float *x)
{
    const int8_t *from = trace_samples(t, b);
    int begins = trace_begins(t, b);
    for (int i = 0; i < trace_bands[b].count; i++) {
        float v = (float)from[i] / 127.0F;
        x[i] = v * fabsf(v);
    }
    return (float)line_square_sum(x + begins, (size_t)(trace_bands[b].count - begins));
}

/* A row of `size` values' spectrum: what is turned has nothing there. */
static void without_nyquist(float *row, int size)
{
    row[size] = row[size + 1] = 0.0F;
}

/* The held one as it is between the samples, too. */
static void prepare(struct trace_matcher *m, int b)
{
    struct held *h = &m->held[b];
    int count = trace_bands[b].count;
    float x[LONGEST];
    if (h->ready)
        return;
    h->power = expand(m->trace, b, x);
    oversample(x, count, h->dense);
    memset(h->dense + DENSER * count, 0, DENSER * sizeof *h->dense);
    h->ready = true;
}

/* The held one played at a speed, around its attack. */
static void play(const struct trace_matcher *m, int b, int speed, float *x)
{
    const struct held *h = &m->held[b];
    const struct trace_band *band = &trace_bands[b];
    double attack = trace_lead_s * band->rate_hz,
           step = exp2(trace_cents(b, speed) / 1200.0) * DENSER,
           first = attack * (DENSER - step);
    int last = band->count * DENSER - 1, from = (int)fmax(0.0, ceil(-first / step)),
        until = (int)fmin(band->count, ceil((last - first) / step));
    memset(x, 0, (size_t)band->count * sizeof *x);
    trace_read(h->dense, (float)first, (float)step, from, until, x);
    finish(m, b, x);
}

/* What is not known yet of the spectra of both, the held one at these speeds. */
static void know(struct trace_matcher *m, int b, const int *speeds, int count, bool other)
{
    struct held *h = &m->held[b];
    float *to[FFT_BATCH];
    int rows = 0;
    for (int i = 0; i < count; i++)
        if (!h->known[speeds[i]]) {
            play(m, b, speeds[i], m->row[rows]);
            h->known[speeds[i]] = true;
            to[rows++] = h->spectrum[speeds[i]];
        }
    if (other) {
        size_t n = (size_t)trace_bands[b].count;
        memcpy(m->row[rows], m->other->plain, n * sizeof *m->row[rows]);
        finish(m, b, m->row[rows]);
        to[rows++] = m->other->spectrum;
    }
    if (rows > 0)
        fft_batch_forward(m->eight[b], m->row[0], LARGEST + 2, m->row[0], LARGEST + 2);
    for (int r = 0; r < rows; r++)
        memcpy(to[r], m->row[r], 2 * (size_t)trace_bands[b].bins * sizeof(float));
}

void trace_know(struct trace_matcher *m, int b, const int *speeds, int count)
{
    prepare(m, b);
    know(m, b, speeds, count, false);
}

/* ---- holding ---- */

static void draw_band(const float *spectrum, int b, struct trace_sketch *out)
{
    uint8_t *to[BANDS] = {out->low, out->mid, out->high};
    float sizes[WIDEST];
    int bins = trace_bands[b].bins;
    trace_draw(spectrum, bins, to[b]);
    trace_sizes(to[b], bins, sizes);
    out->by[b] = 1.0F / sqrtf(trace_product(sizes, sizes, bins) + 1e-30F);
    if (b == LOW)
        out->unit = trace_flatten(spectrum, out->deep);
}

void trace_sketch(struct trace_matcher *m, const struct trace *const of[], int count,
                  struct trace_sketch *out)
{
    for (int b = 0; b < BANDS; b++) {
        for (int i = 0; i < count; i++) {
            expand(of[i], b, m->row[i]);
            finish(m, b, m->row[i]);
        }
        fft_batch_forward(m->eight[b], m->row[0], LARGEST + 2, m->row[0], LARGEST + 2);
        for (int i = 0; i < count; i++) {
            double over_noise = pow(10.0, 0.1 * of[i]->snr_db[b]);
            draw_band(m->row[i], b, &out[i]);
            out[i].share[b] = over_noise / (1.0 + over_noise);
        }
    }
}

void trace_hold(struct trace_matcher *m, const struct trace *one,
                const struct trace_sketch *sketch)
{
    m->trace = one;
    m->sketch = sketch;
    for (int b = 0; b < BANDS; b++) {
        m->held[b].ready = false;
        memset(m->held[b].known, 0, sizeof m->held[b].known);
        m->held[b].sized = false;
        for (int i = 0; i < SPEEDS; i++)
            m->held[b].sizes[i].by = 0.0F;
    }
}

/* ---- one band ---- */

/* The best shift in two rows of correlations, at whole samples and half a sample later:
 * between two samples the upper band turns round. It takes its place in `fits`, best
 * first. */
static void best_shift(const struct trace_band *band, double cents, const float *whole,
                       const float *half, struct fit fits[TRIED])
{
    int size = 2 * band->bins, most = (int)(band->shift_s * band->rate_hz),
        at = TRIED - 1, found = -most;
    size_t n = (size_t)most;
    float peak = fmaxf(line_peak(whole, n + 1), line_peak(whole + size - n, n)),
          between = fmaxf(line_peak(half, n), line_peak(half + size - n, n)),
          best = fmaxf(peak, between);
    const float *row = peak >= between ? whole : half;
    double alike = (double)best * (double)best;
    if (alike <= fits[at].alike)
        return;
    while (found < most && fabsf(row[found < 0 ? found + size : found]) < best)
        found++;
    for (; at > 0 && alike > fits[at - 1].alike; at--)
        fits[at] = fits[at - 1];
    fits[at] = (struct fit){cents, found + (row == half ? 0.5 : 0.0), alike};
}

/* Looks for the best shifts at some speeds. */
static void try_speeds(struct trace_matcher *m, int b, const int *speeds, int count,
                       struct fit fits[TRIED])
{
    const struct trace_band *band = &trace_bands[b];
    float later[LARGEST];
    trace_turn_back(m->other->spectrum, m->half[b], band->bins, later);
    for (int i = 0; i < count; i++) {
        const float *held = m->held[b].spectrum[speeds[i]];
        without_nyquist(m->row[2 * i], 2 * band->bins);
        without_nyquist(m->row[2 * i + 1], 2 * band->bins);
        trace_turn_back(held, m->other->spectrum, band->bins, m->row[2 * i]);
        trace_turn_back(held, later, band->bins, m->row[2 * i + 1]);
    }
    fft_batch_inverse(m->eight[b], m->row[0], LARGEST + 2, m->row[0], LARGEST + 2);
    for (int i = 0; i < count; i++)
        best_shift(band, trace_cents(b, speeds[i]), m->row[2 * i], m->row[2 * i + 1],
                   fits);
}

static struct fit best_of(const struct trace_matcher *m, int b,
                          const struct fit fits[TRIED], double needed)
{
    double least = fmax(least_coarse, of_needed * needed),
           enough = fmax(hopeless, needed);
    struct fit best = {0.0, 0.0, fits[0].alike > least ? -1.0 : 0.0};
    for (int i = 0; i < TRIED && fits[i].alike > least && best.alike < enough; i++) {
        struct fit now = trace_climb(m, b, fits[i], trace_step_cents[b] / 4.0, needed);
        best = now.alike > best.alike ? now : best;
        if (now.alike >= 0.0 && now.alike < hopeless)
            break;
    }
    return best;
}

static void look_at(struct trace_matcher *m, int b, const struct trace *other)
{
    m->other->power = expand(other, b, m->other->plain);
    m->other->begins = trace_begins(other, b);
}

/* Where a trace is kept, or will be. */
static struct other *place_of(struct trace_matcher *m, int b,
                              const struct trace_sketch *sketch)
{
    return &m->kept[((uintptr_t)sketch / sizeof *sketch * BANDS + (size_t)b) % KEPT];
}

/* At any speed; the bounds are used up. What comes of it is less than needed when the
 * correlation is. */
static struct fit match_freely(struct trace_matcher *m, int b, const struct trace *other,
                               const struct trace_sketch *sketch, struct bounds *x,
                               double needed)
{
    struct fit fits[TRIED] = {0};
    float least =
        fmaxf(trace_least_bound, of_needed_bound * sqrtf((float)fmax(0.0, needed)));
    int speeds[PROMISING], count = 0;
    trace_complete(m, b, x);
    while (count < PROMISING) {
        int best = 0;
        for (int i = 1; i < trace_speeds(b); i++)
            best = x->at[i] > x->at[best] ? i : best;
        if (x->at[best] < least - sketchy)
            break;
        x->at[best] = 0.0F;
        speeds[count++] = best;
    }
    if (count == 0)
        return (struct fit){0};
    m->other = place_of(m, b, sketch);
    bool known = m->other->of == sketch && m->other->band == b;
    if (!known) {
        look_at(m, b, other);
        m->other->of = sketch;
        m->other->band = b;
    }
    prepare(m, b);
    know(m, b, speeds, count, !known);
    try_speeds(m, b, speeds, count, fits);
    return best_of(m, b, fits, needed);
}

/* At the speed and shift that another band knows. */
static struct fit match_near(struct trace_matcher *m, int b, const struct trace *other,
                             const struct fit *known, double known_hz, double needed)
{
    double rate_hz = trace_bands[b].rate_hz, middle = known->shift / known_hz * rate_hz;
    struct fit best = {0.0, 0.0, -1.0};
    int reach = (int)ceil(2.0 * around_s[b] * rate_hz);
    prepare(m, b);
    m->other = &m->passing;
    look_at(m, b, other);
    for (int i = -reach; i <= reach; i++) {
        struct fit now = {known->cents, middle + i / 2.0, 0.0};
        now.alike = trace_alike_at(m, b, now.cents, now.shift, 2);
        best = now.alike > best.alike ? now : best;
    }
    return best.alike > fmax(0.0, of_needed_near * needed)
               ? trace_climb(m, b, best, trace_step_cents[b] / 4.0, needed)
               : best;
}

/* ---- the bands together ---- */

static int8_t lesser_detail(const struct trace *a, const struct trace *b, int band)
{
    return a->detail[band] < b->detail[band] ? a->detail[band] : b->detail[band];
}

/* What noise leaves of the power that two copies have in common, and how much each band
 * counts; the least noisy one always does. */
static void weigh(const struct trace_matcher *m, const struct trace_sketch *other,
                  double share[BANDS], double weight[BANDS])
{
    int best = 0;
    for (int i = 0; i < BANDS; i++) {
        share[i] = fmax(0.05, m->sketch->share[i] * other->share[i]);
        weight[i] = share[i] > least_share ? share[i] : 0.0;
        best = share[i] > share[best] ? i : best;
    }
    weight[best] = share[best];
}

/* By which the band to begin with is chosen: not the lowest, if another says enough, for
 * its shift is of no use to the others. */
static double known_to_say(const struct trace *a, const struct trace *b,
                           const double weight[BANDS], int band)
{
    double detail = 0.1 * lesser_detail(a, b, band);
    return weight[band] * (band == LOW && detail > knows_detail ? knows_detail : detail);
}

double trace_unlike(struct trace_matcher *m, const struct trace *other,
                    const struct trace_sketch *sketch, double most)
{
    static const int order[BANDS][BANDS] = {
        {LOW, MID, HIGH}, {MID, HIGH, LOW}, {HIGH, MID, LOW}};
    double share[BANDS], weight[BANDS], all = 0.0, unlike = 0.0;
    struct bounds x[BANDS];
    int first = 0;
    if (!m->trace->known || !other->known)
        return 1.0;
    weigh(m, sketch, share, weight);
    for (int b = 0; b < BANDS; b++)
        all += weight[b];
    if (!trace_promises(m, sketch, share, weight, most * all, x))
        return 1.0;
    for (int b = 1; b < BANDS; b++)
        if (known_to_say(m->trace, other, weight, b) >
            known_to_say(m->trace, other, weight, first))
            first = b;
    int knows = first;
    struct fit known =
        match_freely(m, first, other, sketch, &x[first],
                     trace_needed(most * all, share[first], weight[first]));
    unlike = weight[first] * trace_unexplained(fmax(0.0, known.alike), share[first]);
    for (int i = 1; i < BANDS && unlike <= most * all; i++) {
        int b = order[first][i];
        if (weight[b] <= 0.0)
            continue;
        bool near =
            knows != LOW && lesser_detail(m->trace, other, knows) >= 10.0 * knows_detail;
        double needed = trace_needed(most * all - unlike, share[b], weight[b]);
        struct fit now =
            near ? match_near(m, b, other, &known, trace_bands[knows].rate_hz, needed)
                 : match_freely(m, b, other, sketch, &x[b], needed);
        if (now.alike < 0.0)
            all -= weight[b];
        else
            unlike += weight[b] * trace_unexplained(now.alike, share[b]);
        if (!near) {
            knows = b;
            known = now;
        }
    }
    return fmin(1.0, unlike / all);
}

double trace_detail(const struct trace_matcher *m, const struct trace *other,
                    const struct trace_sketch *sketch)
{
    double share[BANDS], weight[BANDS], most = 0.0;
    weigh(m, sketch, share, weight);
    for (int i = 0; i < BANDS; i++)
        if (weight[i] > 0.0)
            most = fmax(most, 0.1 * lesser_detail(m->trace, other, i));
    return most;
}
