#include "dsp/drum_class.h"

#include "core/rng.h"
#include "dsp/drum_features.h"
#include "dsp/vec.h"

#include <math.h>
#include <stdbool.h>
#include <stdint.h>
#include <string.h>

#include "dsp/drum_model.inc"

_Static_assert((int)MODEL_FEATURES == (int)DRUM_FEATURES,
               "drum_model.inc was trained on other features: run tools/train_drums.py");

/* Standardised features beyond this many deviations are held there. */
static const float FEATURE_MAX = 4;

static const char *const names[DRUM_CLASS_COUNT] = {
    [DRUM_KICK] = "kick",         [DRUM_SNARE] = "snare",
    [DRUM_CLAP] = "clap",         [DRUM_RIM] = "rim",
    [DRUM_TOM_LOW] = "tom_low",   [DRUM_TOM_MID] = "tom_mid",
    [DRUM_TOM_HIGH] = "tom_high", [DRUM_HAT_CLOSED] = "hat_closed",
    [DRUM_HAT_OPEN] = "hat_open", [DRUM_CRASH] = "crash",
    [DRUM_RIDE] = "ride",         [DRUM_PERC] = "perc",
};

const char *drum_class_name(enum drum_class c)
{
    return names[c];
}

int drum_class_find(const char *name)
{
    for (int c = 0; c < DRUM_CLASS_COUNT; c++)
        if (strcmp(name, names[c]) == 0)
            return c;
    return -1;
}

bool drum_class_model_is_whole(void)
{
    uint64_t h = rng_hash(0, model_mean, sizeof model_mean);
    h = rng_hash(h, model_scale, sizeof model_scale);
    h = rng_hash(h, model_prior, sizeof model_prior);
    h = rng_hash(h, model_hidden, sizeof model_hidden);
    h = rng_hash(h, model_hidden_scale, sizeof model_hidden_scale);
    h = rng_hash(h, model_hidden_bias, sizeof model_hidden_bias);
    h = rng_hash(h, model_out, sizeof model_out);
    h = rng_hash(h, model_out_bias, sizeof model_out_bias);
    h = rng_hash(h, note_hidden, sizeof note_hidden);
    h = rng_hash(h, note_hidden_scale, sizeof note_hidden_scale);
    h = rng_hash(h, note_hidden_bias, sizeof note_hidden_bias);
    h = rng_hash(h, note_out, sizeof note_out);
    h = rng_hash(h, note_out_bias, sizeof note_out_bias);
    return h == model_checksum;
}

typedef signed char v16c __attribute__((vector_size(16)));
typedef signed char v16c_any __attribute__((vector_size(16), aligned(1), may_alias));
typedef int32_t v4i __attribute__((vector_size(16)));
typedef float v4f __attribute__((vector_size(16)));
typedef float v4f_any __attribute__((vector_size(16), aligned(4), may_alias));

enum { QUADS = 8, STEP = 4 * QUADS };
_Static_assert(MODEL_HIDDEN % STEP == 0, "hidden units are summed by so many at once");

/* sum += x · four small whole numbers: each byte fills a word, its top is shifted down.
 */
#define ADD_QUAD(sum, bytes, k, x)                                                       \
    sum +=                                                                               \
        __builtin_convertvector((v4i)VEC_SHUFFLE(bytes, bytes, k, k, k, k, k + 1, k + 1, \
                                                 k + 1, k + 1, k + 2, k + 2, k + 2,      \
                                                 k + 2, k + 3, k + 3, k + 3, k + 3) >>   \
                                    24,                                                  \
                                v4f) *                                                   \
        x

/* out[h] = Σ x[i]·w[i][h], the whole numbers of the table as they are. */
VEC_INLINE void sum_inputs(const signed char *w, const float *x, float *out)
{
    for (int h = 0; h < MODEL_HIDDEN; h += STEP) {
        v4f sum[QUADS] = {{0}};
        for (int i = 0; i < MODEL_FEATURES; i++) {
            const signed char *at = w + i * MODEL_HIDDEN + h;
            v16c a = *(const v16c_any *)at, b = *(const v16c_any *)(at + 16);
            ADD_QUAD(sum[0], a, 0, x[i]);
            ADD_QUAD(sum[1], a, 4, x[i]);
            ADD_QUAD(sum[2], a, 8, x[i]);
            ADD_QUAD(sum[3], a, 12, x[i]);
            ADD_QUAD(sum[4], b, 0, x[i]);
            ADD_QUAD(sum[5], b, 4, x[i]);
            ADD_QUAD(sum[6], b, 8, x[i]);
            ADD_QUAD(sum[7], b, 12, x[i]);
        }
        for (int k = 0; k < QUADS; k++)
            *(v4f_any *)(out + h + 4 * k) = sum[k];
    }
}

VEC_CLONES(run_sum, sum_inputs, (const signed char *w, const float *x, float *out),
           (w, x, out))

struct perceptron {
    const signed char *hidden; /* whole numbers, inputs × units */
    const float *scale, *bias; /* of the units */
    const float *out, *out_bias;
    int classes; /* ≤ DRUM_CLASS_COUNT */
};

/* The probabilities of the classes. */
static void ask(const struct perceptron *p, const float *x, double *out)
{
    float hidden[MODEL_HIDDEN];
    double sum = 0, most = -HUGE_VAL;
    run_sum(p->hidden, x, hidden);
    for (int c = 0; c < p->classes; c++)
        out[c] = (double)p->out_bias[c];
    for (int h = 0; h < MODEL_HIDDEN; h++) {
        double told = tanh((double)hidden[h] * (double)p->scale[h] + (double)p->bias[h]);
        for (int c = 0; c < p->classes; c++)
            out[c] += told * (double)p->out[h * p->classes + c];
    }
    for (int c = 0; c < p->classes; c++)
        most = fmax(most, out[c]);
    for (int c = 0; c < p->classes; c++) {
        out[c] = exp(out[c] - most);
        sum += out[c];
    }
    for (int c = 0; c < p->classes; c++)
        out[c] /= sum;
}

/* The committee's mean. */
static void ask_all(const float *x, double *total)
{
    memset(total, 0, DRUM_CLASS_COUNT * sizeof *total);
    for (int m = 0; m < MODEL_MEMBERS; m++) {
        struct perceptron p = {.hidden = model_hidden + m * MODEL_FEATURES * MODEL_HIDDEN,
                               .scale = model_hidden_scale + m * MODEL_HIDDEN,
                               .bias = model_hidden_bias + m * MODEL_HIDDEN,
                               .out = model_out + m * MODEL_HIDDEN * DRUM_CLASS_COUNT,
                               .out_bias = model_out_bias + m * DRUM_CLASS_COUNT,
                               .classes = DRUM_CLASS_COUNT};
        double said[DRUM_CLASS_COUNT];
        ask(&p, x, said);
        for (int c = 0; c < DRUM_CLASS_COUNT; c++)
            total[c] += said[c] / MODEL_MEMBERS;
    }
}

/* The probability that it is a drum rather than a note. */
static double ask_for_drum(const float *x)
{
    static const struct perceptron p = {.hidden = note_hidden,
                                        .scale = note_hidden_scale,
                                        .bias = note_hidden_bias,
                                        .out = note_out,
                                        .out_bias = note_out_bias,
                                        .classes = 2};
    double said[2];
    ask(&p, x, said);
    return said[0];
}

/* Hats of both kinds stand together against both cymbals. (Toms apart: together they
 * would take kicks.) */
static const int family[DRUM_CLASS_COUNT] = {0, 1, 2, 3, 4, 5, 6, 7, 7, 8, 8, 9};
enum { FAMILIES = 10 };

enum drum_class drum_class_choose(const double *probability)
{
    double sum[FAMILIES] = {0};
    int best = 0;
    for (int c = 0; c < DRUM_CLASS_COUNT; c++)
        sum[family[c]] += probability[c];
    for (int g = 1; g < FAMILIES; g++)
        best = sum[g] > sum[best] ? g : best;
    int chosen = -1;
    for (int c = 0; c < DRUM_CLASS_COUNT; c++)
        if (family[c] == best && (chosen < 0 || probability[c] > probability[chosen]))
            chosen = c;
    return (enum drum_class)chosen;
}

/* By how common the classes are in music; in training each counts about alike. */
static void weigh(double *probability)
{
    double sum = 0;
    for (int c = 0; c < DRUM_CLASS_COUNT; c++) {
        probability[c] *= (double)model_prior[c];
        sum += probability[c];
    }
    for (int c = 0; c < DRUM_CLASS_COUNT; c++)
        probability[c] /= sum;
}

static void unknown(struct drum_verdict *out)
{
    *out = (struct drum_verdict){.best = DRUM_PERC};
    for (int c = 0; c < DRUM_CLASS_COUNT; c++)
        out->probability[c] = 1.0 / DRUM_CLASS_COUNT;
}

static void judge(float x[DRUM_FEATURES], struct drum_verdict *out)
{
    for (int i = 0; i < MODEL_FEATURES; i++) {
        x[i] = (x[i] - model_mean[i]) * model_scale[i];
        x[i] = x[i] > FEATURE_MAX    ? FEATURE_MAX
               : x[i] < -FEATURE_MAX ? -FEATURE_MAX
                                     : x[i];
    }
    ask_all(x, out->probability);
    weigh(out->probability);
    out->best = drum_class_choose(out->probability);
    out->drum = ask_for_drum(x);
    out->confidence = out->drum * out->probability[out->best];
}

enum status drum_classify_by(struct drum_ear *ear, const struct audio *hit,
                             size_t lead_frames, struct drum_verdict *out, struct err *e)
{
    float x[DRUM_FEATURES];
    unknown(out);
    enum status st = drum_ear_features(ear, hit, lead_frames, x, e);
    if (st == ST_OK)
        judge(x, out);
    return st == ST_EMPTY ? ST_OK : st;
}

enum status drum_classify_in(const struct audio *hit, size_t lead_frames,
                             struct drum_verdict *out, struct err *e)
{
    struct drum_ear *ear;
    unknown(out);
    enum status st = drum_ear_new(&ear, hit->rate_hz, e);
    if (st == ST_OK)
        st = drum_classify_by(ear, hit, lead_frames, out, e);
    drum_ear_free(ear);
    return st == ST_EMPTY ? ST_OK : st;
}

enum status drum_classify(const struct audio *hit, struct drum_verdict *out,
                          struct err *e)
{
    return drum_classify_in(hit, 0, out, e);
}
