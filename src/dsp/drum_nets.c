#include "dsp/drum_nets.h"

#include "core/rng.h"
#include "dsp/vec.h"

#include <math.h>
#include <stdint.h>
#include <string.h>

#if defined(__x86_64__)
#include <immintrin.h>
#endif

#include "dsp/drum_model.inc"

_Static_assert((int)MODEL_FEATURES == (int)DRUM_FEATURES,
               "drum_model.inc was trained on other features: run tools/train_drums.py");

enum {
    PICTURE = DRUM_MOMENTS * DRUM_MEL, /* the last of the features */
    REST = MODEL_FEATURES - PICTURE,
    VIEW = SIGHT_SLIT * DRUM_MOMENTS,
    PLACES = DRUM_MEL - SIGHT_SLIT + 1, /* of the slit */
    INNER = REST + PLACES / 2 * SIGHT_SEERS
};

/* Standardised features beyond this many deviations are held there. */
static const float FEATURE_MAX = 4;

struct table {
    const void *at;
    size_t size;
};
#define TABLE(t)                                                                         \
    {                                                                                    \
        t, sizeof(t)                                                                     \
    }

bool drum_nets_are_whole(void)
{
    static const struct table tables[] = {
        TABLE(model_mean),         TABLE(model_scale),        TABLE(model_prior),
        TABLE(model_hidden),       TABLE(model_hidden_scale), TABLE(model_hidden_bias),
        TABLE(model_out),          TABLE(model_out_bias),     TABLE(sight_view),
        TABLE(sight_view_scale),   TABLE(sight_view_bias),    TABLE(sight_hidden),
        TABLE(sight_hidden_scale), TABLE(sight_hidden_bias),  TABLE(sight_out),
        TABLE(sight_out_bias),     TABLE(note_hidden),        TABLE(note_hidden_scale),
        TABLE(note_hidden_bias),   TABLE(note_out),           TABLE(note_out_bias),
        TABLE(model_trials)};
    uint64_t h = 0;
    for (size_t i = 0; i < sizeof tables / sizeof *tables; i++)
        h = rng_hash(h, tables[i].at, tables[i].size);
    return h == model_checksum;
}

typedef signed char v16c __attribute__((vector_size(16)));
typedef signed char v16c_any __attribute__((vector_size(16), aligned(1), may_alias));

enum { BYTES = 16, BLOCKS = 4, STEP = BLOCKS * BYTES / 2 };
_Static_assert(MODEL_HIDDEN % STEP == 0 && SIGHT_SEERS % STEP == 0,
               "units are summed by so many at once");
_Static_assert(MODEL_FEATURES % 2 == 0 && VIEW % 2 == 0 && INNER % 2 == 0,
               "inputs are summed in pairs");
_Static_assert(INNER >= (int)MODEL_FEATURES && INNER <= INT32_MAX / 127 / INT16_MAX,
               "no sum overflows");

/* Each byte fills a word, its top is shifted down. */
#define LOW_BYTES(v)                                                                     \
    ((v8s)VEC_SHUFFLE(v, v, 0, 0, 1, 1, 2, 2, 3, 3, 4, 4, 5, 5, 6, 6, 7, 7) >> 8)
#define HIGH_BYTES(v)                                                                    \
    ((v8s)VEC_SHUFFLE(v, v, 8, 8, 9, 9, 10, 10, 11, 11, 12, 12, 13, 13, 14, 14, 15,      \
                      15) >>                                                             \
     8)

/* Whole numbers, so that no order of summing matters. A row of `w` holds the weights of
 * two inputs, unit by unit. */
struct layer {
    const signed char *w;
    const float *scale, *bias; /* of the units */
    int inputs, units;
};

/* whole[k] = Σ x[i]·w[i][u + k] */
typedef void sums(const struct layer *l, const int16_t *x, int u, int32_t whole[STEP]);

static void sums_base(const struct layer *l, const int16_t *x, int u, int32_t whole[STEP])
{
    v4i sum[2 * BLOCKS] = {{0}};
    for (int i = 0; i < l->inputs; i += 2) {
        const signed char *at = l->w + i * l->units + 2 * u;
        int32_t two;
        memcpy(&two, x + i, sizeof two);
        v8s pair = (v8s)(v4i){two, two, two, two};
        for (int k = 0; k < BLOCKS; k++) {
            v16c bytes = *(const v16c_any *)(at + k * BYTES);
            v8s low = LOW_BYTES(bytes), high = HIGH_BYTES(bytes);
            vec_add_pairs(&sum[2 * k], &low, &pair);
            vec_add_pairs(&sum[2 * k + 1], &high, &pair);
        }
    }
    memcpy(whole, sum, sizeof sum);
}

#if defined(__x86_64__)
/* The same: sixteen bytes are widened and multiplied at once, which compilers do not find
 * in the above. */
VEC_AVX2 static void sums_avx2(const struct layer *l, const int16_t *x, int u,
                               int32_t whole[STEP])
{
    __m256i sum[BLOCKS] = {{0}};
    for (int i = 0; i < l->inputs; i += 2) {
        const signed char *at = l->w + i * l->units + 2 * u;
        int32_t two;
        memcpy(&two, x + i, sizeof two);
        __m256i pair = _mm256_set1_epi32(two);
        for (int k = 0; k < BLOCKS; k++) {
            __m128i bytes = _mm_loadu_si128((const __m128i_u *)(at + k * BYTES));
            __m256i products = _mm256_madd_epi16(_mm256_cvtepi8_epi16(bytes), pair);
            sum[k] = _mm256_add_epi32(sum[k], products);
        }
    }
    memcpy(whole, sum, sizeof sum);
}

static sums *best_sums(void)
{
    return VEC_HAS_AVX2() ? sums_avx2 : sums_base;
}
#else
static sums *best_sums(void)
{
    return sums_base;
}
#endif

/* out[u] = bias[u] + scale[u]·Σ x[i]·w[i][u] */
static void pass(const struct layer *l, const int16_t *x, float *out)
{
    sums *sum = best_sums();
    for (int u = 0; u < l->units; u += STEP) {
        int32_t whole[STEP];
        sum(l, x, u, whole);
        for (int k = 0; k < STEP; k++)
            out[u + k] = (float)whole[k] * l->scale[u + k] + l->bias[u + k];
    }
}

/* In whole steps; what is far out is held. */
VEC_INLINE void all_to_steps(const float *x, int n, int16_t *out)
{
    v8f most, least;
    vec_set(&most, INT16_MAX);
    vec_set(&least, -INT16_MAX);
    int i = 0;
    for (; i + VEC <= n; i += VEC) {
        v8f steps = VEC_CONST_AT(x + i) * MODEL_FINE;
        vec_min(&steps, &most);
        vec_max(&steps, &least);
        vec_round(&steps);
        v8s words = __builtin_convertvector(steps, v8s);
        memcpy(out + i, &words, sizeof words);
    }
    for (; i < n; i++) {
        float steps = fmaxf(-INT16_MAX, fminf(INT16_MAX, x[i] * MODEL_FINE));
        out[i] = (int16_t)lrintf(steps);
    }
}

VEC_CLONES(to_steps, all_to_steps, (const float *x, int n, int16_t *out), (x, n, out))

/* What there is to see of a hit. */
struct look {
    int16_t x[MODEL_FEATURES];
    int16_t line[PICTURE]; /* the picture band by band, the moments of each together */
};

struct net {
    struct layer view, hidden; /* a perceptron's view has no units */
    const float *out, *out_bias;
    int classes; /* ≤ DRUM_CLASS_COUNT */
};

/* The inputs of the hidden layer: the features before the picture, then what the stronger
 * of two neighbouring places shows of it. */
static void see(const struct layer *view, const struct look *look, int16_t *inner)
{
    memcpy(inner, look->x, REST * sizeof *inner);
    for (int place = 0; place + 1 < PLACES; place += 2) {
        float first[SIGHT_SEERS], second[SIGHT_SEERS];
        pass(view, look->line + place * DRUM_MOMENTS, first);
        pass(view, look->line + (place + 1) * DRUM_MOMENTS, second);
        for (int k = 0; k < SIGHT_SEERS; k++) {
            first[k] = first[k] > second[k] ? first[k] : second[k];
            first[k] = first[k] > 0 ? first[k] : 0;
        }
        to_steps(first, SIGHT_SEERS, inner + REST + place / 2 * SIGHT_SEERS);
    }
}

static double squash(float x)
{
    return 1 - 2 / (1 + exp(2 * (double)x)); /* tanh, much sooner */
}

/* What the hidden units say of the classes, before it is made probabilities. */
static void tell(const struct net *n, const double *told, double *out)
{
    for (int c = 0; c < n->classes; c++)
        out[c] = (double)n->out_bias[c];
    for (int h = 0; h < MODEL_HIDDEN; h++)
        for (int c = 0; c < n->classes; c++)
            out[c] += told[h] * (double)n->out[h * n->classes + c];
}

/* The same for as many classes as there are of drums. */
VEC_INLINE void tell_all_drums(const float *w, const float *bias, const double *told,
                               double *out)
{
    enum { FOURS = DRUM_CLASS_COUNT / 4 };
    _Static_assert(FOURS * 4 == (int)DRUM_CLASS_COUNT, "classes are summed by fours");
    v4d sum[FOURS];
    for (int k = 0; k < FOURS; k++)
        sum[k] = V4D_FROM(bias + 4 * k);
    for (int h = 0; h < MODEL_HIDDEN; h++)
        for (int k = 0; k < FOURS; k++)
            sum[k] += told[h] * V4D_FROM(w + h * DRUM_CLASS_COUNT + 4 * k);
    memcpy(out, sum, sizeof sum);
}

VEC_CLONES(tell_drums, tell_all_drums,
           (const float *w, const float *bias, const double *told, double *out),
           (w, bias, told, out))

/* The probabilities of the classes. */
static void ask(const struct net *n, const struct look *look, double *out)
{
    int16_t inner[INNER];
    float hidden[MODEL_HIDDEN];
    double told[MODEL_HIDDEN], sum = 0, most = -HUGE_VAL;
    if (n->view.units)
        see(&n->view, look, inner);
    pass(&n->hidden, n->view.units ? inner : look->x, hidden);
    for (int h = 0; h < MODEL_HIDDEN; h++)
        told[h] = squash(hidden[h]);
    if (n->classes == DRUM_CLASS_COUNT)
        tell_drums(n->out, n->out_bias, told, out);
    else
        tell(n, told, out);
    for (int c = 0; c < n->classes; c++)
        most = fmax(most, out[c]);
    for (int c = 0; c < n->classes; c++) {
        out[c] = exp(out[c] - most);
        sum += out[c];
    }
    for (int c = 0; c < n->classes; c++)
        out[c] /= sum;
}

/* That of the network m, of tables that hold one behind the other. */
static struct layer layer_of(int m, const signed char *w, const float *scale,
                             const float *bias, int inputs, int units)
{
    return (struct layer){w + m * inputs * units, scale + m * units, bias + m * units,
                          inputs, units};
}

static struct net perceptron(int m)
{
    return (struct net){.hidden =
                            layer_of(m, model_hidden, model_hidden_scale,
                                     model_hidden_bias, MODEL_FEATURES, MODEL_HIDDEN),
                        .out = model_out + m * MODEL_HIDDEN * DRUM_CLASS_COUNT,
                        .out_bias = model_out_bias + m * DRUM_CLASS_COUNT,
                        .classes = DRUM_CLASS_COUNT};
}

static struct net with_sight(int m)
{
    return (struct net){.view = layer_of(m, sight_view, sight_view_scale, sight_view_bias,
                                         VIEW, SIGHT_SEERS),
                        .hidden = layer_of(m, sight_hidden, sight_hidden_scale,
                                           sight_hidden_bias, INNER, MODEL_HIDDEN),
                        .out = sight_out + m * MODEL_HIDDEN * DRUM_CLASS_COUNT,
                        .out_bias = sight_out_bias + m * DRUM_CLASS_COUNT,
                        .classes = DRUM_CLASS_COUNT};
}

static const struct net for_notes = {.hidden = {.w = note_hidden,
                                                .scale = note_hidden_scale,
                                                .bias = note_hidden_bias,
                                                .inputs = MODEL_FEATURES,
                                                .units = MODEL_HIDDEN},
                                     .out = note_out,
                                     .out_bias = note_out_bias,
                                     .classes = 2};

static void look_at(const float *x, struct look *out)
{
    to_steps(x, MODEL_FEATURES, out->x);
    for (int band = 0; band < DRUM_MEL; band++)
        for (int moment = 0; moment < DRUM_MOMENTS; moment++)
            out->line[band * DRUM_MOMENTS + moment] =
                out->x[REST + moment * DRUM_MEL + band];
}

void drum_nets_ask(const float x[DRUM_FEATURES], struct drum_opinion *out)
{
    enum { MEMBERS = MODEL_PERCEPTRONS + MODEL_SIGHTS };
    struct look look;
    double said[DRUM_CLASS_COUNT];
    look_at(x, &look);
    *out = (struct drum_opinion){0};
    for (int m = 0; m < MEMBERS; m++) {
        struct net n =
            m < MODEL_PERCEPTRONS ? perceptron(m) : with_sight(m - MODEL_PERCEPTRONS);
        ask(&n, &look, said);
        for (int c = 0; c < DRUM_CLASS_COUNT; c++)
            out->probability[c] += said[c] / MEMBERS;
    }
    ask(&for_notes, &look, said);
    out->drum = said[0];
}

void drum_nets_standardise(float x[DRUM_FEATURES])
{
    for (int i = 0; i < MODEL_FEATURES; i++) {
        x[i] = (x[i] - model_mean[i]) * model_scale[i];
        x[i] = x[i] > FEATURE_MAX    ? FEATURE_MAX
               : x[i] < -FEATURE_MAX ? -FEATURE_MAX
                                     : x[i];
    }
}

double drum_nets_prior(enum drum_class c)
{
    return (double)model_prior[c];
}

const float *drum_nets_trial(int trial)
{
    return trial < MODEL_TRIALS ? model_trials + trial * (DRUM_CLASS_COUNT + 1) : NULL;
}
