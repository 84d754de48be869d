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

/* Bins that may be peaks, and of each lane there its energy and what of it counts. */
struct peaks {
    int count, bin[BINS_MAX];
    v8f energy[BINS_MAX], counts[BINS_MAX];
};

/* Where bin k exceeds its neighbours, and two of those it is compared with fourfold: a
 * peak exceeds each of them by STANDS_OUT / 12 at least. Most bins do not. */
VEC_INLINE void may_be_peak(const float *power, int k, v8i *may)
{
    v8f p = VEC_CONST_AT(power + VEC * k);
    v8f quarter = p * 0.25f;
    *may = (p > VEC_CONST_AT(power + VEC * (k - 1))) &
           (p >= VEC_CONST_AT(power + VEC * (k + 1))) &
           (quarter > VEC_CONST_AT(power + VEC * (k - LOBE - 1))) &
           (quarter > VEC_CONST_AT(power + VEC * (k + LOBE + 1))) & (p >= 1e-6f);
}

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
    v8f mean = around / (float)(2 * (AROUND - LOBE)) + 1e-9f;
    *clear =
        (VEC_CONST_AT(power + VEC * k) / mean - STANDS_OUT) / (STANDS_CLEAR - STANDS_OUT);
    vec_max(clear, &none);
    vec_min(clear, &one);
}

VEC_INLINE void find_peaks(const float *power, int first, int last, struct peaks *peaks)
{
    v8f none = {0};
    peaks->count = 0;
    for (int k = first; k < last; k++) {
        v8i is;
        may_be_peak(power, k, &is);
        if (!vec_any(&is))
            continue;
        v8f clear, lobe;
        look(power, k, &clear, &lobe);
        is &= clear > none;
        if (!vec_any(&is))
            continue;
        int at = peaks->count++;
        peaks->bin[at] = k;
        vec_pick(&peaks->energy[at], &is, &lobe, &none);
        peaks->counts[at] = clear * peaks->energy[at];
    }
}

/* What there was of a peak near this one, half a window before. */
VEC_INLINE void before_this(const struct peaks *peaks, int at, v8f *before)
{
    int k = peaks->bin[at];
    v8f near = peaks->energy[at], none = {0};
    if (at > 0 && peaks->bin[at - 1] == k - 1)
        vec_max(&near, &peaks->energy[at - 1]);
    if (at + 1 < peaks->count && peaks->bin[at + 1] == k + 1)
        vec_max(&near, &peaks->energy[at + 1]);
    *before = VEC_SHUFFLE(none, near, 0, 0, 8, 9, 10, 11, 12, 13);
}

VEC_INLINE void add_up(const float *power, int first, int last, struct share *s)
{
    struct peaks peaks;
    v8f held = {0}, total = {0}, none = {0};
    for (int k = first; k < last; k++)
        total += VEC_CONST_AT(power + VEC * k);
    find_peaks(power, first, last, &peaks);
    for (int i = 0; i < peaks.count; i++) {
        v8f before, kept;
        before_this(&peaks, i, &before);
        v8i stays =
            (peaks.energy[i] < STEADY * before) & (before < STEADY * peaks.energy[i]);
        vec_pick(&kept, &stays, &peaks.counts[i], &none);
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
    return total > 1e-5 ? (float)(held / total) : 0.0f;
}

float waver_tonality(float share)
{
    return fmaxf(0.0f, (share - RESONANCE_SHARE) / (1.0f - RESONANCE_SHARE));
}
