#include "dsp/similarity_pitch.h"

#include "dsp/vec.h"

#include <math.h>

static const double LOWEST_HZ = 40.0, HIGHEST_HZ = 5000.0;

/* Notes are semitones above this, 120 under 440 Hz, so that none is negative. */
static const float NOTE_0_HZ = 0.4296875F;

enum { PEAKS = 64 };

/* Found, and not yet counted: room for those of one bin more. */
struct peaks {
    int count;
    int32_t at[PEAKS + VEC]; /* in the powers: 8 · bin + lane */
    float note[PEAKS + VEC], hz[PEAKS + VEC], here[PEAKS + VEC], near[PEAKS + VEC];
};

struct similarity_pitch similarity_pitch_none(void)
{
    return (struct similarity_pitch){.loudest_hz = 440.0};
}

/* Eight peaks: the tops of parabolas through three logarithms. */
VEC_INLINE void place_some(struct peaks *f, int first, const float *power, float bin_hz)
{
    v8f left, here, right, bin;
    for (int i = 0; i < VEC; i++) {
        int at = f->at[first + i];
        left[i] = power[at - VEC];
        here[i] = power[at];
        right[i] = power[at + VEC];
        bin[i] = (float)(at / VEC);
    }
    VEC_AT(f->here + first) = here;
    VEC_AT(f->near + first) = left + here + right;
    v8f a = left + 1e-30F, b = here + 1e-30F, c = right + 1e-30F, half;
    vec_log2(&a);
    vec_log2(&b);
    vec_log2(&c);
    v8f bend = a - 2.0F * b + c, shift = 0.5F * (a - c) / bend, least;
    v8i bent = bend < -1e-5F; /* the logarithms are as near */
    shift = (v8f)((v8i)shift & bent);
    vec_set(&half, 0.5F);
    vec_min(&shift, &half);
    least = -half;
    vec_max(&shift, &least);
    v8f hz = (bin + shift) * bin_hz, note = hz * (1 / NOTE_0_HZ);
    vec_log2(&note);
    VEC_AT(f->hz + first) = hz;
    VEC_AT(f->note + first) = note * 12.0F;
}

VEC_INLINE void count_peaks(struct peaks *f, const float *power, float bin_hz,
                            struct similarity_pitch *const *of)
{
    for (int i = f->count; i < f->count + VEC - 1; i++)
        f->at[i] = f->at[0]; /* filled up; not counted */
    for (int i = 0; i < f->count; i += VEC)
        place_some(f, i, power, bin_hz);
    for (int i = 0; i < f->count; i++) {
        struct similarity_pitch *p = of[f->at[i] % VEC];
        int class = (int)f->note[i];
        double part = (double)(f->note[i] - (float)class), here = (double)f->here[i];
        double weight = sqrt(here);
        p->chroma[class % SIMILARITY_CHROMA] += weight * (1.0 - part);
        p->chroma[(class + 1) % SIMILARITY_CHROMA] += weight * part;
        p->peaks += (double)f->near[i];
        if (here > p->loudest) {
            p->loudest = here;
            p->loudest_hz = (double)f->hz[i];
        }
    }
    f->count = 0;
}

VEC_INLINE void add_peaks(struct similarity_pitch *const *of, int count,
                          const float *power, int low, int high, float bin_hz)
{
    struct peaks found = {.count = 0};
    v4d total[2] = {{0.0}};
    v8i wanted = {0};
    for (int i = 0; i < count; i++)
        wanted[i] = -1;
    for (int k = low; k <= high; k++) {
        const float *at = power + VEC * k;
        v8f left = VEC_CONST_AT(at - VEC), here = VEC_CONST_AT(at);
        v8i peak = (here > left) & (here >= VEC_CONST_AT(at + VEC)) & wanted;
        int32_t is[VEC];
        total[0] += V4D_FROM(at);
        total[1] += V4D_FROM(at + VEC / 2);
        memcpy(is, &peak, sizeof is);
        for (int i = 0; i < VEC; i++) {
            found.at[found.count] = VEC * k + i;
            found.count -= is[i];
        }
        if (found.count >= PEAKS - VEC)
            count_peaks(&found, power, bin_hz, of);
    }
    count_peaks(&found, power, bin_hz, of);
    for (int i = 0; i < count; i++)
        of[i]->total += total[i / 4][i % 4];
}

VEC_CLONES(run_peaks, add_peaks,
           (struct similarity_pitch *const *of, int count, const float *power, int low,
            int high, float bin_hz),
           (of, count, power, low, high, bin_hz))

static int highest_bin(int size, int rate_hz)
{
    int high = (int)(HIGHEST_HZ / ((double)rate_hz / size));
    return high > size / 2 - 2 ? size / 2 - 2 : high;
}

int similarity_pitch_bins(int size, int rate_hz)
{
    return highest_bin(size, rate_hz) + 2;
}

void similarity_pitch_add(struct similarity_pitch *const *of, int count,
                          const float *power, int size, int rate_hz)
{
    double bin_hz = (double)rate_hz / size;
    run_peaks(of, count, power, (int)(LOWEST_HZ / bin_hz) + 1, highest_bin(size, rate_hz),
              (float)bin_hz);
}

void similarity_pitch_put(const struct similarity_pitch *p, float *out)
{
    double square = 1e-30;
    for (int c = 0; c < SIMILARITY_CHROMA; c++)
        square += p->chroma[c] * p->chroma[c];
    double salience = p->total > 0.0 ? fmin(1.0, p->peaks / p->total) : 0.0;
    for (int c = 0; c < SIMILARITY_CHROMA; c++)
        out[c] = (float)(salience * p->chroma[c] / sqrt(square));
    out[SIMILARITY_CHROMA] = (float)log2(p->loudest_hz / 440.0);
    out[SIMILARITY_CHROMA + 1] = (float)salience;
}
