#include "dsp/analysis.h"

#include "dsp/band_edge.h"
#include "dsp/chroma_stream.h"
#include "dsp/fft.h"
#include "dsp/stft.h"
#include "dsp/track_build.h"
#include "dsp/waver.h"

#include <stdlib.h>
#include <string.h>

enum { RATE_LOW = 1000, RATE_HIGH = 1000000, CHANNELS_MAX = 1024 };

/* What still waits for its end: a spectrum of four hops. */
struct open_spectrum {
    double square[TRACK_BANDS];
    float waver;
    int hops;
};

struct analysis {
    struct track *track;
    int channels, hop;
    int held;              /* frames of an unfinished hop */
    float *partial, *mono; /* a hop: interleaved, mean */
    struct scan *scan;
    struct stft *feature_stft, *onset_stft;
    struct spectral *spectral;
    struct band_edge *band_edge;
    struct onset_filter *onset_filter;
    struct chroma_stream *chroma;
    int feature_bins;
    double feature_bin_hz;
    size_t hops_done;
    struct open_spectrum spectrum;
};

static enum status out_of_memory(struct err *e)
{
    return err_set(e, ST_NO_MEMORY, "no memory for the analysis of a recording");
}

static bool make_parts(struct analysis *a, int rate_hz)
{
    int hop = a->hop, onset_hop = hop / 2;
    size_t width = (size_t)a->channels;
    a->partial = malloc(width * (size_t)hop * sizeof *a->partial);
    a->mono = malloc((size_t)hop * sizeof *a->mono);
    a->scan = scan_new(a->channels, hop);

    int n = fft_size_at(2048, rate_hz);
    a->feature_bins = n / 2 + 1;
    a->feature_bin_hz = (double)rate_hz / n;
    a->feature_stft = stft_new(n, hop, hop / 2, hop);
    a->spectral = spectral_new(rate_hz, n);
    a->band_edge = band_edge_new(rate_hz, n);

    n = onset_size_at(rate_hz);
    a->onset_stft = stft_new(n, onset_hop, 0, hop);
    a->onset_filter = onset_filter_new(rate_hz, n, onset_hop);

    a->chroma = chroma_stream_new(rate_hz, hop);
    return a->partial && a->mono && a->scan && a->feature_stft && a->spectral &&
           a->band_edge && a->onset_stft && a->onset_filter && a->chroma;
}

enum status analysis_new(struct analysis **out, int rate_hz, int channels, struct err *e)
{
    *out = NULL;
    if (rate_hz < RATE_LOW || rate_hz > RATE_HIGH)
        return err_set(e, ST_USAGE, "a sample rate of %d Hz cannot be analysed", rate_hz);
    if (channels < 1 || channels > CHANNELS_MAX)
        return err_set(e, ST_USAGE, "%d channels cannot be analysed", channels);
    struct analysis *a = calloc(1, sizeof *a);
    if (!a)
        return out_of_memory(e);
    a->channels = channels;
    a->track = track_new(rate_hz, channels);
    if (a->track)
        a->hop = a->track->info.hop_frames;
    if (!a->track || !make_parts(a, rate_hz)) {
        analysis_free(a);
        return out_of_memory(e);
    }
    *out = a;
    return ST_OK;
}

void analysis_free(struct analysis *a)
{
    if (!a)
        return;
    track_free(a->track);
    scan_free(a->scan);
    stft_free(a->feature_stft);
    stft_free(a->onset_stft);
    spectral_free(a->spectral);
    band_edge_free(a->band_edge);
    onset_filter_free(a->onset_filter);
    chroma_stream_free(a->chroma);
    free(a->partial);
    free(a->mono);
    free(a);
}

void analysis_headroom(struct analysis *a)
{
    scan_headroom(a->scan);
    a->track->info.headroom = true;
}

void analysis_no_overview(struct analysis *a)
{
    overview_free(a->track->overview);
    a->track->overview = NULL;
}

static bool close_spectrum(struct analysis *a)
{
    bool ok = track_add_spectrum(a->track, a->spectrum.square, a->spectrum.hops,
                                 a->spectrum.waver);
    memset(&a->spectrum, 0, sizeof a->spectrum);
    return ok;
}

/* The first `count` of a batch of feature spectra. */
static bool take_features(struct analysis *a, const float *power, size_t count)
{
    struct spectral_hop hops[FFT_BATCH];
    spectral_batch(a->spectral, power, hops);
    band_edge_push(a->band_edge, power);
    float waver = waver_tonality(waver_share(power, a->feature_bins, a->feature_bin_hz));
    for (size_t i = 0; i < count; i++) {
        track_set_spectral(a->track, a->hops_done++, &hops[i]);
        for (int b = 0; b < TRACK_BANDS; b++)
            a->spectrum.square[b] += (double)hops[i].fine_square[b];
        a->spectrum.waver = waver;
        if (++a->spectrum.hops == TRACK_HOPS_PER_SPECTRUM && !close_spectrum(a))
            return false;
    }
    return true;
}

static bool take_onsets(struct analysis *a, const float *power, size_t count)
{
    struct onset_frame frames[FFT_BATCH];
    onset_filter_push(a->onset_filter, power, (int)count, frames);
    for (size_t i = 0; i < count; i++) {
        if (!track_add_novelty(a->track, frames[i].novelty))
            return false;
        track_mark_ends(a->track, frames[i].ended);
        track_mark_stroke(a->track, frames[i].stroke);
        track_mark_click(a->track, frames[i].click);
    }
    return true;
}

static bool take_chromas(struct analysis *a, const struct chroma_frame *frames,
                         size_t count)
{
    for (size_t i = 0; i < count; i++)
        if (!track_add_chroma(a->track, &frames[i]))
            return false;
    return true;
}

static bool push_chroma(struct analysis *a, const float *mono, int frames)
{
    struct chroma_frame out[CHROMA_BATCH];
    int count = chroma_stream_push(a->chroma, mono, frames, out);
    return take_chromas(a, out, (size_t)count);
}

/* One whole hop, or the partial last one. */
static bool take_hop(struct analysis *a, const float *x, int frames, struct err *e)
{
    struct scan_hop scanned;
    scan_next(a->scan, x, frames, a->mono, &scanned);
    struct overview *o = a->track->overview;
    if (!track_add_hop(a->track, &scanned, frames) ||
        !rises_push(&a->track->rises, a->mono, frames, a->hop, a->track->info.rate_hz) ||
        (o && overview_push(o, scanned.clean, (size_t)frames, a->channels, e)))
        return false;
    const float *power;
    stft_push(a->feature_stft, a->mono, frames);
    if ((power = stft_next(a->feature_stft)) && !take_features(a, power, FFT_BATCH))
        return false;
    stft_push(a->onset_stft, a->mono, frames);
    if ((power = stft_next(a->onset_stft)) && !take_onsets(a, power, FFT_BATCH))
        return false;
    return push_chroma(a, a->mono, frames);
}

enum status analysis_push(struct analysis *a, const float *interleaved, size_t frames,
                          struct err *e)
{
    size_t width = (size_t)a->channels, hop = (size_t)a->hop;
    while (frames > 0) {
        size_t held = (size_t)a->held, n = hop - held < frames ? hop - held : frames;
        const float *whole = n == hop ? interleaved : NULL;
        if (!whole) {
            memcpy(a->partial + held * width, interleaved, n * width * sizeof(float));
            a->held += (int)n;
            if (a->held == a->hop) {
                whole = a->partial;
                a->held = 0;
            }
        }
        if (whole && !take_hop(a, whole, a->hop, e))
            return out_of_memory(e);
        interleaved += n * width;
        frames -= n;
    }
    return ST_OK;
}

/* A recording that is cut off while it sounds ends nothing and begins nothing, but the
 * break splashes into every window that reaches over it. What is as short as a few
 * windows keeps them: it may be all of one hit. */
static void forget_the_cut(struct analysis *a)
{
    const struct track_info *info = &a->track->info;
    int64_t size = onset_size_at(info->rate_hz);
    if (info->frames >= 4 * size)
        track_hush_novelty(
            a->track, (size_t)((info->frames - size / 2) / info->novelty_hop_frames) + 1);
}

/* Silence behind the end brings out the windows that still reach into the sound. */
static bool flush(struct analysis *a)
{
    const struct track_info *info = &a->track->info;
    size_t novelties = (size_t)((info->frames + info->novelty_hop_frames - 1) /
                                info->novelty_hop_frames);
    size_t chromas = (info->hops + TRACK_HOPS_PER_CHROMA - 1) / TRACK_HOPS_PER_CHROMA;
    size_t left;
    while ((left = info->hops - a->hops_done) > 0)
        if (!take_features(a, stft_flush(a->feature_stft),
                           left < FFT_BATCH ? left : FFT_BATCH))
            return false;
    if (a->spectrum.hops && !close_spectrum(a))
        return false;
    while ((left = novelties - info->novelties) > 0)
        if (!take_onsets(a, stft_flush(a->onset_stft),
                         left < FFT_BATCH ? left : FFT_BATCH))
            return false;
    forget_the_cut(a);
    memset(a->mono, 0, (size_t)a->hop * sizeof *a->mono);
    for (int lag = chroma_stream_lag(a->chroma); lag > 0; lag -= a->hop)
        if (!push_chroma(a, a->mono, lag < a->hop ? lag : a->hop))
            return false;
    while ((left = chromas - info->chromas) > 0) {
        struct chroma_frame out[CHROMA_BATCH];
        chroma_stream_flush(a->chroma, out);
        if (!take_chromas(a, out, left < CHROMA_BATCH ? left : CHROMA_BATCH))
            return false;
    }
    return true;
}

/* A tempo is one of strokes: are there enough of them anywhere? What beats evenly without
 * one is a held sound: voices a few cents apart, a tremolo. */
static bool is_struck(const struct onset_list *l)
{
    static const double SPAN_S = 12; /* eight beats at the slowest tempo */
    enum { FEWEST = 4 };
    for (size_t i = FEWEST - 1; i < l->count; i++)
        if (l->at[i].time_s - l->at[i - (FEWEST - 1)].time_s <= SPAN_S)
            return true;
    return false;
}

enum status analysis_finish(struct analysis *a, struct track **out, struct err *e)
{
    *out = NULL;
    struct track *t = a->track;
    if (a->held && !take_hop(a, a->partial, a->held, e))
        return out_of_memory(e);
    a->held = 0;
    if (!flush(a))
        return out_of_memory(e);
    enum status st = t->overview ? overview_finish(t->overview, e) : ST_OK;
    if (st != ST_OK)
        return st;
    track_sum_up(t, scan_totals(a->scan));
    t->info.band_hz = band_edge_hz(a->band_edge);
    t->info.tuning_cents = chroma_stream_tuning_cents(a->chroma);
    struct onset_params params = onset_params_default();
    struct novelty novelty = track_novelty(t);
    st = onset_pick(&novelty, &params, &t->onsets, e);
    if (st == ST_OK && is_struck(&t->onsets))
        st = tempo_of_novelty(novelty.at, novelty.n, novelty.hop_s, &t->info.tempo, e);
    if (st != ST_OK)
        return st;
    t->info.key = key_of_track(t);
    *out = t;
    a->track = NULL;
    return ST_OK;
}
