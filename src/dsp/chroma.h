/* chroma: pitch classes, tuning and tonality from power spectra of held sound.
 *
 * Spectral peaks that stand out of their surroundings are located by parabolic
 * interpolation of the log spectrum and folded into one octave of CHROMA_FINE bins, three
 * a semitone, so that the tuning can be taken out when all is heard (after Gómez,
 * "Tonal description of polyphonic audio", 2006, and Müller & Ewert, ISMIR 2011). Peaks
 * that were not there one frame before (drums, noise) count little.
 * Thread: belongs to one thread at a time. */
#ifndef TROWEL_DSP_CHROMA_H
#define TROWEL_DSP_CHROMA_H

enum { CHROMA_FINE = 36 };

/* Windows are 4096 frames at 11.025 kHz every 1024, or the same time at other rates. */
#define CHROMA_LOW_HZ  55.0
#define CHROMA_HIGH_HZ 5000.0

struct chroma;

struct chroma_frame {
    float fine[CHROMA_FINE]; /* bin 3c is pitch class c exactly, C = 0, at A = 440 Hz */
    float tonality;          /* 0 … 1, see track.h */
    float mains;             /* 0 … 1, see track.h */
};

/* For spectra of n-frame windows at rate_hz. NULL when memory runs out. */
struct chroma *chroma_new(double rate_hz, int n);
void chroma_free(struct chroma *c);

/* The next frame: its |X|² for k = 0 … n/2. */
void chroma_next(struct chroma *c, const float *power, struct chroma_frame *out);

/* Tuning of everything heard up to now, cents of A = 440 Hz, −50 … 50; 0 when nothing
 * tonal was heard. */
double chroma_tuning_cents(const struct chroma *c);

/* Twelve pitch classes of fine bins at a tuning. */
void chroma_fold(const double fine[CHROMA_FINE], double tuning_cents, double out[12]);

#endif
