#include "core/picture.h"

#include "core/pi.h"
#include "dsp/fft.h"
#include "io/soundfile.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { LONGEST_S = 120, WINDOW_44K1 = 2048 };

static const double low_hz = 40, high_hz = 16000, floor_db = -66;

static void draw_wave(struct picture *p, const float *mono, int64_t frames)
{
    for (int c = 0; c < PICTURE_WAVE; c++) {
        int64_t from = c * frames / PICTURE_WAVE, to = (c + 1) * frames / PICTURE_WAVE;
        float low = 0, high = 0;
        double square = 0;
        for (int64_t i = from; i < to || i == from; i++) {
            float v = i < frames ? mono[i] : 0;
            low = fminf(low, v);
            high = fmaxf(high, v);
            square += (double)v * (double)v;
        }
        double n = to > from ? (double)(to - from) : 1;
        p->wave[c] = (struct overview_column){low, high, (float)sqrt(square / n)};
        p->peak = fmaxf(p->peak, fmaxf(-low, high));
    }
}

struct spectrogram {
    struct rfft *fft;
    int size, shown; /* of the transform, and of the window in its middle */
    float *window, *block, *bins;
    int edge[PICTURE_ROWS + 1];
};

/* A short sound is looked at through a shorter window: when counts more than pitch. */
static enum status spectrogram_init(struct spectrogram *s, int rate_hz, int64_t frames)
{
    s->size = fft_size_at(WINDOW_44K1, rate_hz);
    s->shown = frames < rate_hz / 3 ? s->size / 4
               : frames < rate_hz   ? s->size / 2
                                    : s->size;
    s->fft = rfft_new(s->size);
    size_t n = (size_t)s->size;
    s->window = malloc(n * sizeof(float));
    s->block = malloc(n * sizeof(float));
    s->bins = malloc((n + 2) * sizeof(float));
    if (!s->fft || !s->window || !s->block || !s->bins)
        return ST_NO_MEMORY;
    for (int i = 0; i < s->size; i++) {
        double at = (double)(i - (s->size - s->shown) / 2) / s->shown;
        s->window[i] = (float)(0.5 - 0.5 * cos(2 * PI * at));
        if (at < 0 || at >= 1)
            s->window[i] = 0;
    }
    double top = fmin(high_hz, rate_hz / 2.0);
    for (int r = 0; r <= PICTURE_ROWS; r++) {
        double hz = low_hz * pow(top / low_hz, (double)r / PICTURE_ROWS);
        s->edge[r] = (int)lround(hz * s->size / rate_hz);
    }
    return ST_OK;
}

static void spectrogram_done(struct spectrogram *s)
{
    rfft_free(s->fft);
    free(s->window);
    free(s->block);
    free(s->bins);
}

static void spectrogram_column(struct spectrogram *s, const float *mono, int64_t frames,
                               int64_t centre, float *out)
{
    for (int i = 0; i < s->size; i++) {
        int64_t at = centre - s->size / 2 + i;
        s->block[i] = at >= 0 && at < frames ? mono[at] * s->window[i] : 0;
    }
    rfft_forward(s->fft, s->block, s->bins);
    for (int r = 0; r < PICTURE_ROWS; r++) {
        float sum = 0;
        int bins = 0;
        for (int k = s->edge[r]; k < s->edge[r + 1] || bins == 0; k++, bins++) {
            float re = s->bins[2 * k], im = s->bins[2 * k + 1];
            sum += re * re + im * im;
        }
        out[(size_t)r * PICTURE_COLS] = sum / (float)bins;
    }
}

/* Powers to 0 … 1 of the range below the loudest. */
static void to_levels(float *power, size_t n)
{
    float most = 1e-12f;
    for (size_t i = 0; i < n; i++)
        most = fmaxf(most, power[i]);
    for (size_t i = 0; i < n; i++) {
        double db = 10 * log10((double)power[i] / (double)most + 1e-12);
        double v = db > floor_db ? 1 - db / floor_db : 0;
        power[i] = (float)(v * sqrt(v)); /* quiet parts recede */
    }
}

static enum status draw_spectrum(struct picture *p, const float *mono, int64_t frames,
                                 const atomic_bool *cancelled, struct err *e)
{
    struct spectrogram s = {0};
    enum status st = spectrogram_init(&s, p->rate_hz, frames);
    for (int c = 0; c < PICTURE_COLS && st == ST_OK; c++) {
        int64_t centre = (2 * c + 1) * frames / (2 * PICTURE_COLS);
        spectrogram_column(&s, mono, frames, centre, p->spectrum + c);
        if (cancelled && atomic_load(cancelled))
            st = ST_CANCELLED;
    }
    spectrogram_done(&s);
    if (st != ST_OK)
        return err_set(e, st, "%s", status_text(st));
    to_levels(p->spectrum, PICTURE_ROWS * PICTURE_COLS);
    return ST_OK;
}

static enum status read_mono(struct picture *p, const char *path, int64_t start,
                             int64_t end, float **mono, struct err *e)
{
    struct soundfile *sf = NULL;
    enum status st = soundfile_open(&sf, path, e);
    if (st != ST_OK)
        return st;
    const struct soundfile_info *info = soundfile_info(sf);
    int64_t longest = (int64_t)info->rate_hz * LONGEST_S;
    if (end <= 0)
        end = info->claimed_frames;
    int64_t frames = end - start < longest ? end - start : longest;
    p->rate_hz = info->rate_hz;
    struct audio a = {0};
    if (frames < 1)
        st = err_set(e, ST_EMPTY, "%s: nothing to draw", path);
    if (st == ST_OK)
        st = soundfile_read_region(sf, start, (size_t)frames, &a, e);
    soundfile_close(sf);
    if (st == ST_OK) {
        *mono = malloc((size_t)frames * sizeof(float));
        if (*mono)
            audio_mono(&a, *mono);
        else
            st = err_set(e, ST_NO_MEMORY, "no memory for a picture of %s", path);
    }
    audio_done(&a);
    p->frames = frames;
    return st;
}

enum status picture_make(struct picture *out, const char *path, int64_t start_frame,
                         int64_t end_frame, const atomic_bool *cancelled, struct err *e)
{
    memset(out, 0, sizeof *out);
    float *mono = NULL;
    enum status st = read_mono(out, path, start_frame, end_frame, &mono, e);
    if (st == ST_OK) {
        draw_wave(out, mono, out->frames);
        st = draw_spectrum(out, mono, out->frames, cancelled, e);
    }
    free(mono);
    return st;
}
