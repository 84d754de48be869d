/* Matching traces. */
#include "dsp/fft_batch.h"
#include "dsp/line.h"
#include "dsp/oversample.h"
#include "dsp/trace_match.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

enum {
    CENTS = 112,   /* faster or slower, at most */
    PROMISING = 4, /* speeds have all shifts tried, by their bounds, … */
    TRIED = 3      /* and of those the best are looked at closely */
};
_Static_assert(2 * (int)PROMISING == (int)FFT_BATCH, "two rows each of one transform");

/* Between the speeds tried first: the higher the band, the sooner it runs apart. */
static const double step_cents[BANDS] = {16.0, 16.0, 8.0};
/* A band counts when noise leaves so much of its power; and as much as is left. */
static const double least_share = 0.5;
/* Below this bound of the correlation it is no match worth having, whatever the shift;
 * nor below so much of what is needed. The speeds between are looked at where the bound
 * is so close. */
static const float least_bound = 0.86F, of_needed_bound = 0.9F, close_bound = 0.1F;
/* The bounds are those of sketches, of a whole band. From those of whole spectra they are
 * up to 0.012 away: of 27,700 pairs this loses none. And where a hit begins later or was
 * cut, what it has in common with its copy may correlate so much better than the whole.
 */
static const float sketchy = 0.01F;
static const double of_bound[BANDS] = {0.95, 0.8, 0.8};
/* Below this (squared), found on the coarse, it will not be one closely looked at; nor
 * below so much of what is needed, less where another band has told the speed. */
static const double least_coarse = 0.45, of_needed = 0.5, of_needed_near = 0.25;
/* The others need not look far around the speed and the shift of a band of so much
 * detail, but for the lowest, whose shift an equaliser moves. */
static const double knows_detail = 1.0;
static const double around_s[BANDS] = {0.0015, 0.0005, 0.0003};
/* Correlations (squared) above and below which no other speed is looked at. */
static const double enough = 0.88, hopeless = 0.6;

static bool make_plans(struct trace_matcher *m)
{
    const double pi = 3.14159265358979323846;
    for (int b = 0; b < BANDS; b++) {
        int size = 2 * trace_bands[b].count;
        m->eight[b] = fft_batch_new(size, NULL);
        if (!m->eight[b])
            return false;
        for (int k = 0; k < trace_bands[b].count; k++) {
            double angle = pi * k / size;
            m->half[b][2 * k] = (float)cos(angle);
            m->half[b][2 * k + 1] = (float)sin(angle);
        }
    }
    return true;
}

enum status trace_matcher_new(struct trace_matcher **out, struct err *e)
{
    struct trace_matcher *m = calloc(1, sizeof *m);
    bool done = m != NULL && make_plans(m);
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
static void finish(const struct trace_band *b, float *x)
{
    int in = 8, out = b->count / 6;
    for (int i = 0; i < in; i++)
        x[i] *= (float)i / (float)in;
    for (int i = 0; i < out; i++)
        x[b->count - 1 - i] *= (float)i / (float)out;
    double power = 1e-30 + line_square_sum(x, (size_t)b->count);
    float gain = (float)(1.0 / sqrt(power));
    for (int i = 0; i < b->count; i++)
        x[i] *= gain;
    memset(x + b->count, 0, (size_t)b->count * sizeof *x);
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

static int speeds_of(int b)
{
    return 1 + 2 * (int)(CENTS / step_cents[b]);
}

static double cents_of(int b, int speed)
{
    return (speed - speeds_of(b) / 2) * step_cents[b];
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
static void play(const struct held *h, int b, int speed, float *x)
{
    const struct trace_band *band = &trace_bands[b];
    double attack = trace_lead_s * band->rate_hz,
           step = exp2(cents_of(b, speed) / 1200.0) * DENSER,
           first = attack * (DENSER - step);
    int last = band->count * DENSER - 1, from = (int)fmax(0.0, ceil(-first / step)),
        until = (int)fmin(band->count, ceil((last - first) / step));
    memset(x, 0, (size_t)band->count * sizeof *x);
    trace_read(h->dense, (float)first, (float)step, from, until, x);
    finish(band, x);
}

/* What is not known yet of the spectra of both, the held one at these speeds. */
static void know(struct trace_matcher *m, int b, const int *speeds, int count, bool other)
{
    struct held *h = &m->held[b];
    float *to[FFT_BATCH];
    int rows = 0;
    for (int i = 0; i < count; i++)
        if (!h->known[speeds[i]]) {
            play(h, b, speeds[i], m->row[rows]);
            h->known[speeds[i]] = true;
            to[rows++] = h->spectrum[speeds[i]];
        }
    if (other) {
        size_t n = (size_t)trace_bands[b].count;
        memcpy(m->row[rows], m->other->plain, n * sizeof *m->row[rows]);
        finish(&trace_bands[b], m->row[rows]);
        to[rows++] = m->other->spectrum;
    }
    if (rows > 0)
        fft_batch_forward(m->eight[b], m->row[0], LARGEST + 2, m->row[0], LARGEST + 2);
    for (int r = 0; r < rows; r++)
        memcpy(to[r], m->row[r], 2 * (size_t)trace_bands[b].count * sizeof(float));
}

/* --- what can be, by the magnitudes of the spectra
 * --------------------------------------------------------------------------------- */

static const uint8_t *drawn(const struct trace_sketch *s, int b)
{
    return b == LOW ? s->low : b == MID ? s->mid : s->high;
}

void trace_sketch(struct trace_matcher *m, const struct trace *const of[], int count,
                  struct trace_sketch *out)
{
    for (int b = 0; b < BANDS; b++) {
        for (int i = 0; i < count; i++) {
            expand(of[i], b, m->row[i]);
            finish(&trace_bands[b], m->row[i]);
        }
        fft_batch_forward(m->eight[b], m->row[0], LARGEST + 2, m->row[0], LARGEST + 2);
        for (int i = 0; i < count; i++) {
            uint8_t *to[BANDS] = {out[i].low, out[i].mid, out[i].high};
            double over_noise = pow(10.0, 0.1 * of[i]->snr_db[b]);
            trace_draw(m->row[i], trace_bands[b].count, to[b]);
            out[i].share[b] = over_noise / (1.0 + over_noise);
        }
    }
}

/* Of the held one at a speed: its spectrum is as much wider. */
static const struct sizes *sizes_at(struct trace_matcher *m, int b, int speed)
{
    struct held *h = &m->held[b];
    struct sizes *s = &h->sizes[speed];
    int count = trace_bands[b].count;
    if (!h->sized) {
        trace_sizes(drawn(m->sketch, b), count, h->plain);
        h->plain[count] = h->plain[count + 1] = 0.0F;
        h->sized = true;
    }
    if (s->by == 0.0F) {
        double step = exp2(-cents_of(b, speed) / 1200.0);
        int until = (int)fmin(count, ceil(count / step));
        memset(s->at + until, 0, (size_t)(count - until) * sizeof *s->at);
        trace_read(h->plain, 0.0F, (float)step, 0, until, s->at);
        s->by = 1.0F / sqrtf(trace_product(s->at, s->at, count) + 1e-30F);
    }
    return s;
}

/* What an other can be at most, at each speed: no shift can correlate better than when
 * all phases agree. */
struct bounds {
    struct sizes other;
    float at[SPEEDS], most;
    bool between; /* the speeds between have been looked at, too */
};

static void bound_at(struct trace_matcher *m, int b, int speed, struct bounds *x)
{
    const struct sizes *held = sizes_at(m, b, speed);
    x->at[speed] = trace_product(held->at, x->other.at, trace_bands[b].count) *
                   (held->by * x->other.by);
    x->most = fmaxf(x->most, x->at[speed]);
}

/* At every second speed. */
static void begin_bounds(struct trace_matcher *m, int b,
                         const struct trace_sketch *sketch, struct bounds *x)
{
    int count = trace_bands[b].count;
    struct sizes *other = &x->other;
    trace_sizes(drawn(sketch, b), count, other->at);
    other->by = 1.0F / sqrtf(trace_product(other->at, other->at, count) + 1e-30F);
    x->most = 0.0F;
    x->between = false;
    for (int i = 0; i < speeds_of(b); i += 2)
        bound_at(m, b, i, x);
}

/* And between them, where they promise something. */
static void complete_bounds(struct trace_matcher *m, int b, struct bounds *x)
{
    float near = least_bound - close_bound;
    for (int i = 1; i < speeds_of(b) && !x->between; i += 2)
        if (fmaxf(x->at[i - 1], x->at[i + 1]) >= near)
            bound_at(m, b, i, x);
        else
            x->at[i] = 0.0F;
    x->between = true;
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

/* --- one band
 * -------------------------------------------------------------------------------------
 */

/* The best shift in two rows of correlations, at whole samples and half a sample later:
 * between two samples the upper band turns round. It takes its place in `fits`, best
 * first. */
static void best_shift(const struct trace_band *band, double cents, const float *whole,
                       const float *half, struct fit fits[TRIED])
{
    int size = 2 * band->count, most = (int)(band->shift_s * band->rate_hz),
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
    trace_turn_back(m->other->spectrum, m->half[b], band->count, later);
    for (int i = 0; i < count; i++) {
        const float *held = m->held[b].spectrum[speeds[i]];
        without_nyquist(m->row[2 * i], 2 * band->count);
        without_nyquist(m->row[2 * i + 1], 2 * band->count);
        trace_turn_back(held, m->other->spectrum, band->count, m->row[2 * i]);
        trace_turn_back(held, later, band->count, m->row[2 * i + 1]);
    }
    fft_batch_inverse(m->eight[b], m->row[0], LARGEST + 2, m->row[0], LARGEST + 2);
    for (int i = 0; i < count; i++)
        best_shift(band, cents_of(b, speeds[i]), m->row[2 * i], m->row[2 * i + 1], fits);
}

static struct fit best_of(const struct trace_matcher *m, int b,
                          const struct fit fits[TRIED], double needed)
{
    double least = fmax(least_coarse, of_needed * needed);
    struct fit best = {0.0, 0.0, fits[0].alike > least ? -1.0 : 0.0};
    for (int i = 0; i < TRIED && fits[i].alike > least && best.alike < enough; i++) {
        struct fit now = trace_climb(m, b, fits[i], step_cents[b] / 4.0, needed);
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
    float least = fmaxf(least_bound, of_needed_bound * sqrtf((float)fmax(0.0, needed)));
    int speeds[PROMISING], count = 0;
    complete_bounds(m, b, x);
    while (count < PROMISING) {
        int best = 0;
        for (int i = 1; i < speeds_of(b); i++)
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
               ? trace_climb(m, b, best, step_cents[b] / 4.0, needed)
               : best;
}

/* --- the bands together
 * ---------------------------------------------------------------------------------- */

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

static double unexplained(double alike, double share)
{
    return alike < share ? 1.0 - alike / share : 0.0;
}

/* By which the band to begin with is chosen: not the lowest, if another says enough, for
 * its shift is of no use to the others. */
static double known_to_say(const struct trace *a, const struct trace *b,
                           const double weight[BANDS], int band)
{
    double detail = 0.1 * lesser_detail(a, b, band);
    return weight[band] * (band == LOW && detail > knows_detail ? knows_detail : detail);
}

/* The correlation, squared, below which a band leaves more than `room` of its weight. */
static double needed_for(double room, double share, double weight)
{
    return share * (1.0 - room / weight);
}

/* What a band leaves unexplained at least. */
static double least_of(const struct bounds *x, int b, double share, double weight)
{
    double bound = (double)x->most / of_bound[b];
    return weight * unexplained(bound * bound, share);
}

/* Whether all bands leave no more than `most` unexplained, by their bounds: the lowest
 * tells most and costs least. That which is matched first is always asked. */
static bool promises(struct trace_matcher *m, const struct trace_sketch *sketch,
                     const double share[BANDS], const double weight[BANDS], int first,
                     double most, struct bounds x[BANDS])
{
    double unlike = 0.0;
    for (int b = 0; b < BANDS && unlike <= most; b++) {
        if (weight[b] <= 0.0 && b != first)
            continue;
        begin_bounds(m, b, sketch, &x[b]);
        double least = least_of(&x[b], b, share[b], weight[b]);
        if (unlike + least > most) {
            complete_bounds(m, b, &x[b]);
            least = least_of(&x[b], b, share[b], weight[b]);
        }
        unlike += least;
    }
    return unlike <= most;
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
    for (int b = 0; b < BANDS; b++) {
        bool lower = known_to_say(m->trace, other, weight, b) <=
                     known_to_say(m->trace, other, weight, first);
        all += weight[b];
        first = lower ? first : b;
    }
    if (!promises(m, sketch, share, weight, first, most * all, x))
        return 1.0;
    int knows = first;
    struct fit known = match_freely(m, first, other, sketch, &x[first],
                                    needed_for(most * all, share[first], weight[first]));
    unlike = weight[first] * unexplained(fmax(0.0, known.alike), share[first]);
    for (int i = 1; i < BANDS && unlike <= most * all; i++) {
        int b = order[first][i];
        if (weight[b] <= 0.0)
            continue;
        bool near =
            knows != LOW && lesser_detail(m->trace, other, knows) >= 10.0 * knows_detail;
        double needed = needed_for(most * all - unlike, share[b], weight[b]);
        struct fit now =
            near ? match_near(m, b, other, &known, trace_bands[knows].rate_hz, needed)
                 : match_freely(m, b, other, sketch, &x[b], needed);
        if (now.alike < 0.0)
            all -= weight[b];
        else
            unlike += weight[b] * unexplained(now.alike, share[b]);
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
