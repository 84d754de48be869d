/* similarity_internal: the vector before it is standardised, for the program that makes
 * similarity_table.h. Not for anyone else. */
#ifndef TROWEL_DSP_SIMILARITY_INTERNAL_H
#define TROWEL_DSP_SIMILARITY_INTERNAL_H

#include "dsp/similarity.h"

enum {
    SPECTRUM_DIM = 16,
    TIMBRE_DIM = 24,
    PITCH_DIM = 14,
    ENVELOPE_DIM = 10,
    SPECTRUM_AT = 0,
    TIMBRE_AT = SPECTRUM_AT + SPECTRUM_DIM,
    PITCH_AT = TIMBRE_AT + TIMBRE_DIM,
    ENVELOPE_AT = PITCH_AT + PITCH_DIM
};

/* The 64 features in their own units (dB, octaves, …). */
enum status similarity_raw(struct similarity *s, const struct audio *a,
                           float raw[SIMILARITY_DIM], struct err *e);

/* What stands for silence: raw values and length of the table. */
void similarity_standardise(const float raw[SIMILARITY_DIM],
                            float vector[SIMILARITY_DIM]);

/* For the bench: what one dimension, and all of them with another knee, say of whether
 * two are copies (similarity_stack.c). */
double similarity_copy_part(const float *a, const float *b, int dimension);
double similarity_copy_distance(const float *a, const float *b, float knee);

#endif
