#include "dsp/glide.h"

#include "dsp/line.h"
#include "dsp/part_units.h"

#include <math.h>

/* Of the top: noise has up to 0.2, chords that are held, however they tremble, 0.65 and
 * more, sliding ones at least 0.3 up to six semitones a second. */
static const double ALIKE_NONE = 0.2, ALIKE_ALL = 0.4;
static const double SEMITONES_NONE = 0.4, SEMITONES_ALL = 1.0;

/* About the mean; returns the length. */
static double centre(const double fine[CHROMA_FINE], double out[CHROMA_FINE])
{
    double mean = 0, square = 0;
    for (int i = 0; i < CHROMA_FINE; i++)
        mean += fine[i] / CHROMA_FINE;
    for (int i = 0; i < CHROMA_FINE; i++) {
        out[i] = fine[i] - mean;
        square += out[i] * out[i];
    }
    return sqrt(square);
}

void glide_add(const double before[CHROMA_FINE], const double after[CHROMA_FINE],
               double turned[GLIDE_TURNS])
{
    double x[CHROMA_FINE], y[CHROMA_FINE + 2 * GLIDE_REACH]; /* y goes on at both ends */
    double lengths = centre(before, x) * centre(after, y + GLIDE_REACH);
    if (lengths <= 0)
        return;
    for (int i = 0; i < GLIDE_REACH; i++) {
        y[i] = y[i + CHROMA_FINE];
        y[i + GLIDE_REACH + CHROMA_FINE] = y[i + GLIDE_REACH];
    }
    for (int t = 0; t < GLIDE_TURNS; t++) {
        double sum = 0;
        for (int i = 0; i < CHROMA_FINE; i++)
            sum += x[i] * y[i + t];
        turned[t] += sum / lengths;
    }
}

double glide_of(const double turned[GLIDE_TURNS], double seconds, double apart_s)
{
    int top = GLIDE_REACH;
    for (int t = 0; t < GLIDE_TURNS; t++)
        top = turned[t] > turned[top] ? t : top;
    double bins = top - GLIDE_REACH;
    if (top > 0 && top + 1 < GLIDE_TURNS)
        bins += parabola_top(turned[top - 1], turned[top], turned[top + 1]);
    double semitones = fabs(bins) * 12 / CHROMA_FINE * seconds / apart_s;
    /* A vibrato that is somewhere else every time goes both ways alike. */
    int back = GLIDE_TURNS - 1 - top;
    double alike = turned[top] - (back == top ? 0 : fmax(0, turned[back]));
    return part_between(alike, ALIKE_NONE, ALIKE_ALL) *
           part_between(semitones, SEMITONES_NONE, SEMITONES_ALL);
}
