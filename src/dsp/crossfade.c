#include "dsp/crossfade.h"
#include "core/pi.h"
#include "dsp/fft.h"
#include "dsp/fft_batch.h"
#include "dsp/line.h"

#include <math.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

enum { BANDS = 8, AT_ONCE = FFT_BATCH / 2 };
static const double first_hz = 100; /* middle of the lowest band, and below */

/* Rows of a channel: both sounds with what surrounds them, and, to compare them, the
 * two under a window. */
enum { TAIL, LEAD, TAIL_SEEN, LEAD_SEEN, ROWS };

struct fading {
    size_t length, around, channels;
    int n;
    struct fft_batch *fft;
    float *out, *in, *twice; /* cos θ, sin θ, sin 2θ */
    float *row;              /* FFT_BATCH rows of n + 2 */
    float *spectrum;         /* ROWS per channel */
    int middle[BANDS];       /* bins, ever higher, not all below half the rate */
    float rho[BANDS];
};

static size_t row_size(const struct fading *b)
{
    return (size_t)b->n + 2;
}

static float *row_at(const struct fading *b, int k)
{
    return b->row + (size_t)k * row_size(b);
}

static float *spectrum_at(const struct fading *b, size_t channel, size_t k)
{
    return b->spectrum + (ROWS * channel + k) * row_size(b);
}

static void fading_done(struct fading *b)
{
    fft_batch_free(b->fft);
    free(b->out);
    free(b->row);
    free(b->spectrum);
}

static void lay_gains(struct fading *b)
{
    double step = PI / 2 / (double)(b->length + 1);
    double c_step = cos(step), s_step = sin(step), re = 1, im = 0;
    for (size_t i = 0; i < b->length; i++) {
        double turned = re * c_step - im * s_step;
        im = im * c_step + re * s_step;
        re = turned;
        b->out[i] = (float)re;
        b->in[i] = (float)im;
        b->twice[i] = (float)(2 * re * im);
    }
}

static void lay_bands(struct fading *b, int rate_hz)
{
    for (int k = 0, least = 1; k < BANDS; k++, least++) {
        int at = (int)(first_hz * exp2(k) * b->n / rate_hz);
        b->middle[k] = least = at > least ? at : least;
    }
}

static enum status fading_init(struct fading *b, const struct audio *loop, size_t length,
                               struct err *e)
{
    *b = (struct fading){
        .length = length, .around = length / 4, .channels = (size_t)loop->channels};
    b->n = fft_next_fast((int)(length + 2 * b->around));
    b->n = b->n < 16 ? 16 : b->n;
    b->fft = fft_batch_new(b->n, NULL);
    b->out = malloc(3 * length * sizeof *b->out);
    b->row = malloc(FFT_BATCH * row_size(b) * sizeof *b->row);
    b->spectrum = malloc(ROWS * b->channels * row_size(b) * sizeof *b->spectrum);
    if (!b->fft || !b->out || !b->row || !b->spectrum)
        return err_set(e, ST_NO_MEMORY, "no memory to crossfade a loop");
    b->in = b->out + length;
    b->twice = b->in + length;
    lay_gains(b);
    lay_bands(b, loop->rate_hz);
    return ST_OK;
}

/* `tail` begins `around` frames before the fade, `lead` with it and ends as many after.
 */
static void read_rows(struct fading *b, const float *tail, const float *lead, size_t c)
{
    size_t around = b->around;
    float *t = row_at(b, TAIL), *l = row_at(b, LEAD);
    float *t_seen = row_at(b, TAIL_SEEN), *l_seen = row_at(b, LEAD_SEEN);
    memset(b->row, 0, FFT_BATCH * row_size(b) * sizeof *b->row);
    for (size_t i = 0; i < b->length + around; i++) {
        t[i] = tail[i * b->channels + c];
        l[around + i] = finite_or_0(lead[i * b->channels + c]);
    }
    for (size_t i = 0; i < b->length; i++) {
        float window = b->twice[i] * b->twice[i]; /* sin² 2θ: Hann */
        t_seen[i] = window * t[around + i];
        l_seen[i] = window * l[around + i];
    }
}

static void analyse(struct fading *b, const float *tail, const float *lead)
{
    size_t row = row_size(b);
    for (size_t c = 0; c < b->channels; c++) {
        read_rows(b, tail, lead, c);
        fft_batch_forward(b->fft, b->row, row, b->row, row);
        memcpy(spectrum_at(b, c, 0), b->row, ROWS * row * sizeof *b->row);
    }
}

/* How much of a bin is the band's: neighbours cross smoothly between their middles, and
 * all bands together are 1. */
static float share_of(const struct fading *b, int band, int bin)
{
    bool falls = bin >= b->middle[band];
    int low = falls ? band : band - 1;
    if (low < 0 || low + 1 == BANDS)
        return 1;
    int from = b->middle[low];
    float x = (float)(bin - from) / (float)(b->middle[low + 1] - from);
    float more = x * x * (3 - 2 * x);
    return falls ? 1 - more : more;
}

/* The bins of which a band has a share. */
static void bins_of(const struct fading *b, int band, int *first, int *end)
{
    int bins = b->n / 2 + 1;
    *first = band ? b->middle[band - 1] : 0;
    *end = band + 1 < BANDS && b->middle[band + 1] < bins ? b->middle[band + 1] : bins;
}

/* Kept where the gains stay sane: below −0.5 the quotient would lift the middle by more
 * than 3 dB. */
static float correlation_of(const struct fading *b, int band)
{
    double both = 0, tails = 0, leads = 0;
    int first, end;
    bins_of(b, band, &first, &end);
    for (size_t c = 0; c < b->channels; c++) {
        const float *t = spectrum_at(b, c, TAIL_SEEN), *l = spectrum_at(b, c, LEAD_SEEN);
        for (int i = first; i < end; i++) {
            float share = share_of(b, band, i);
            float tr = t[2 * i], ti = t[2 * i + 1], lr = l[2 * i], li = l[2 * i + 1];
            both += (double)(share * (tr * lr + ti * li));
            tails += (double)(share * (tr * tr + ti * ti));
            leads += (double)(share * (lr * lr + li * li));
        }
    }
    double norm = sqrt(tails * leads);
    return norm > 0 ? (float)fmin(1, fmax(-0.5, both / norm)) : 0;
}

/* A band of both sounds of a channel. */
static void take_band(const struct fading *b, int band, size_t channel, float *tail,
                      float *lead)
{
    const float *t = spectrum_at(b, channel, TAIL), *l = spectrum_at(b, channel, LEAD);
    int first, end;
    bins_of(b, band, &first, &end);
    for (int i = first; i < end; i++) {
        float share = share_of(b, band, i);
        for (int k = 2 * i; k < 2 * i + 2; k++) {
            tail[k] = share * t[k];
            lead[k] = share * l[k];
        }
    }
}

/* One band of a channel of the fade. */
static void add_band(const struct fading *b, const float *tail, const float *lead,
                     float rho, float *to)
{
    for (size_t i = 0; i < b->length; i++) {
        float even = 1 / sqrtf(1 + rho * b->twice[i]);
        to[i * b->channels] += even * (b->out[i] * tail[i] + b->in[i] * lead[i]);
    }
}

static void render(struct fading *b, float *to)
{
    size_t row = row_size(b), around = b->around;
    memset(to, 0, b->length * b->channels * sizeof *to);
    for (size_t c = 0; c < b->channels; c++)
        for (int first = 0; first < BANDS; first += AT_ONCE) {
            memset(b->row, 0, FFT_BATCH * row * sizeof *b->row);
            for (int k = 0; k < AT_ONCE; k++)
                take_band(b, first + k, c, row_at(b, 2 * k), row_at(b, 2 * k + 1));
            fft_batch_inverse(b->fft, b->row, row, b->row, row);
            for (int k = 0; k < AT_ONCE; k++)
                add_band(b, row_at(b, 2 * k) + around, row_at(b, 2 * k + 1) + around,
                         b->rho[first + k], to + c);
        }
}

enum status crossfade(struct audio *loop, const float *lead, size_t length, struct err *e)
{
    if (length == 0)
        return ST_OK;
    struct fading b;
    enum status st = fading_init(&b, loop, length, e);
    float *fade = loop->data + (loop->frames - length) * b.channels;
    if (st == ST_OK) {
        analyse(&b, fade - b.around * b.channels, lead);
        for (int k = 0; k < BANDS; k++)
            b.rho[k] = correlation_of(&b, k);
        render(&b, fade);
    }
    fading_done(&b);
    return st;
}
