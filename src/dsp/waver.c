#include "dsp/waver.h"

#include "dsp/vec.h"

enum {
    AROUND = 8, /* bins on each side that a peak is compared with */
    LOBE = 2,   /* half a Hann main lobe, in bins */
    LATER = 2,  /* hops: half a window */
    BINS_MAX = 256
};

static const double LOW_HZ = 215.0, HIGH_HZ = 5000.0;
/* A peak must exceed the mean power of its surroundings by this factor to count at all,
 * and by the second to count fully; a tone that trembles by a semitone does. Noise
 * through a resonance makes such peaks, too, but they come and go: one that is more than
 * twice as strong, or less than half, after half a window is none. */
static const float STANDS_OUT = 60.0f, STANDS_CLEAR = 240.0f, STEADY = 2.0f;
static const float RESONANCE_SHARE = 0.3f;

struct share {
    v8f held, total; /* energy, a lane for each hop */
};

/* How far bin k is a peak (0 … 1), and the energy of its lobe. */
VEC_INLINE void look(const float *power, int k, v8f *clear, v8f *lobe)
{
    v8f around = {0}, none = {0}, one;
    vec_set(&one, 1.0f);
    *lobe = none;
    for (int i = k - LOBE; i <= k + LOBE; i++)
        *lobe += VEC_CONST_AT(power + VEC * i);
    for (int i = LOBE + 1; i <= AROUND; i++)
        around +=
            VEC_CONST_AT(power + VEC * (k - i)) + VEC_CONST_AT(power + VEC * (k + i));
    v8f p = VEC_CONST_AT(power + VEC * k);
    v8i peak = (p > VEC_CONST_AT(power + VEC * (k - 1))) &
               (p >= VEC_CONST_AT(power + VEC * (k + 1))) & (p >= 1e-6f);
    v8f mean = around / (float)(2 * (AROUND - LOBE)) + 1e-9f;
    v8f out = (p / mean - STANDS_OUT) / (STANDS_CLEAR - STANDS_OUT);
    vec_max(&out, &none);
    vec_min(&out, &one);
    vec_pick(clear, &peak, &out, &none);
}

VEC_INLINE void add_up(const float *power, int first, int last, struct share *s)
{
    /* Of the peak at each bin, none at either end: its energy, and what of it counts. No
     * two are neighbours. */
    v8f peak[BINS_MAX + 2] = {0}, counts[BINS_MAX + 2] = {0};
    v8f held = {0}, total = {0}, none = {0};
    for (int k = first; k < last; k++) {
        v8f clear, lobe;
        look(power, k, &clear, &lobe);
        v8i is = clear > none;
        vec_pick(&peak[k - first + 1], &is, &lobe, &none);
        counts[k - first + 1] = clear * lobe;
        total += VEC_CONST_AT(power + VEC * k);
    }
    for (int k = 1; k <= last - first; k++) {
        v8f before = peak[k], kept;
        vec_max(&before, &peak[k - 1]);
        vec_max(&before, &peak[k + 1]);
        before = VEC_SHUFFLE(none, before, 0, 0, 8, 9, 10, 11, 12, 13);
        v8i stays = (peak[k] < STEADY * before) & (before < STEADY * peak[k]);
        vec_pick(&kept, &stays, &counts[k], &none);
        held += kept;
    }
    s->held = held;
    s->total = total;
}

VEC_CLONES(run_add_up, add_up, (const float *power, int first, int last, struct share *s),
           (power, first, last, s))

float waver_share(const float *power, int bins, double bin_hz)
{
    int first = (int)ceil(LOW_HZ / bin_hz), last = (int)floor(HIGH_HZ / bin_hz);
    first = first > AROUND ? first : AROUND;
    last = last < bins - AROUND ? last : bins - AROUND;
    last = last < first + BINS_MAX ? last : first + BINS_MAX;
    if (last <= first)
        return 0.0f;
    struct share s;
    run_add_up(power, first, last, &s);
    double held = 0.0, total = 0.0;
    for (int i = LATER; i < VEC; i++) {
        held += fmin((double)s.held[i], (double)s.total[i]);
        total += (double)s.total[i];
    }
    return total > 1e-5 && isfinite(total) ? (float)(held / total) : 0.0f;
}

float waver_tonality(float share)
{
    return fmaxf(0.0f, (share - RESONANCE_SHARE) / (1.0f - RESONANCE_SHARE));
}
