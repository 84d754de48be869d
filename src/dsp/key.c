#include "dsp/key.h"

#include "dsp/chroma_stream.h"
#include "dsp/track_build.h"

#include <math.h>
#include <stdlib.h>

struct profile {
    double major[12], minor[12];
};

/* Krumhansl & Kessler 1982: probe-tone ratings. */
static const struct profile PROFILE = {
    {6.35, 2.23, 3.48, 2.33, 4.38, 4.09, 2.52, 5.19, 2.39, 3.66, 2.29, 2.88},
    {6.33, 2.68, 3.52, 5.38, 2.60, 3.53, 2.54, 4.75, 3.98, 2.69, 3.34, 3.17},
};

static const double LEAST_TONALITY = 0.15, LEAST_CORRELATION = 0.5;

/* Pearson correlation of a chroma with a profile whose tonic is moved to `tonic`. */
static double correlate(const double chroma[12], const double profile[12], int tonic)
{
    double mean_c = 0, mean_p = 0, cc = 0, pp = 0, cp = 0;
    for (int i = 0; i < 12; i++) {
        mean_c += chroma[i] / 12;
        mean_p += profile[i] / 12;
    }
    for (int i = 0; i < 12; i++) {
        double c = chroma[(i + tonic) % 12] - mean_c, p = profile[i] - mean_p;
        cc += c * c;
        pp += p * p;
        cp += c * p;
    }
    return cc > 0 && pp > 0 ? cp / sqrt(cc * pp) : 0;
}

struct key key_of_chroma(const double chroma[12], double tonality)
{
    double best = -1, second = -1;
    int winner = -1;
    for (int k = 0; k < 24; k++) {
        const double *profile = k < 12 ? PROFILE.major : PROFILE.minor;
        double r = correlate(chroma, profile, k % 12);
        if (r > best) {
            second = best;
            best = r;
            winner = k;
        } else if (r > second) {
            second = r;
        }
    }
    if (winner < 0 || !(tonality >= LEAST_TONALITY) || !(best >= LEAST_CORRELATION))
        return key_none();
    struct key key = key_make(winner % 12, winner >= 12);
    key.correlation = (float)best;
    key.confidence = (float)fmax(0, fmin(best - second, 1));
    return key;
}

static struct key key_of_fine(const double fine[CHROMA_FINE], double tuning_cents,
                              double tonality)
{
    double chroma[12];
    chroma_fold(fine, tuning_cents, chroma);
    return key_of_chroma(chroma, tonality);
}

struct key key_of_track(const struct track *t, int64_t start, int64_t end)
{
    double fine[CHROMA_FINE];
    double tonality = track_fine_chroma(t, start, end, fine);
    return key_of_fine(fine, t->info.tuning_cents, tonality);
}

struct summary {
    double fine[CHROMA_FINE], tonality, weight;
};

static void add_frames(struct summary *s, const struct chroma_frame *frames, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        double weight = 0;
        for (int k = 0; k < CHROMA_FINE; k++) {
            s->fine[k] += (double)frames[i].fine[k];
            weight += (double)frames[i].fine[k];
        }
        s->tonality += weight * (double)frames[i].tonality;
        s->weight += weight;
    }
}

/* Hop number `i` of the sound as mono, silence behind its end. */
static void mono_hop(const float *x, size_t frames, int channels, size_t i, int hop,
                     float *mono)
{
    for (int k = 0; k < hop; k++) {
        size_t frame = i * (size_t)hop + (size_t)k;
        float sum = 0;
        for (int c = 0; c < channels && frame < frames; c++) {
            float v = x[frame * (size_t)channels + (size_t)c];
            sum += isfinite(v) ? v : 0.0f;
        }
        mono[k] = sum / (float)channels;
    }
}

enum status key_of_sound(const float *interleaved, size_t frames, int channels,
                         int rate_hz, struct key *out, struct err *e)
{
    *out = key_none();
    int hop = 2 * (int)floor(256.0 * rate_hz / 44100 + 0.5);
    if (hop < 2 || channels < 1)
        return ST_OK;
    struct chroma_stream *stream = chroma_stream_new(rate_hz, hop);
    float *mono = malloc((size_t)hop * sizeof *mono);
    if (!stream || !mono) {
        chroma_stream_free(stream);
        free(mono);
        return err_set(e, ST_NO_MEMORY, "no memory to find a key");
    }
    struct summary s = {0};
    struct chroma_frame batch[CHROMA_BATCH];
    size_t size = (size_t)hop, done = 0;
    size_t wanted =
        (frames + size * TRACK_HOPS_PER_CHROMA - 1) / (size * TRACK_HOPS_PER_CHROMA);
    size_t hops = (frames + (size_t)chroma_stream_lag(stream) + size - 1) / size;
    for (size_t i = 0; i < hops && done < wanted; i++) {
        mono_hop(interleaved, frames, channels, i, hop, mono);
        size_t count = (size_t)chroma_stream_push(stream, mono, hop, batch);
        count = count < wanted - done ? count : wanted - done;
        add_frames(&s, batch, count);
        done += count;
    }
    while (done < wanted) {
        chroma_stream_flush(stream, batch);
        size_t count = wanted - done < CHROMA_BATCH ? wanted - done : CHROMA_BATCH;
        add_frames(&s, batch, count);
        done += count;
    }
    if (s.weight > 0)
        *out = key_of_fine(s.fine, chroma_stream_tuning_cents(stream),
                           s.tonality / s.weight);
    chroma_stream_free(stream);
    free(mono);
    return ST_OK;
}
