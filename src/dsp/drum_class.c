#include "dsp/drum_class.h"

#include "dsp/drum_features.h"
#include "dsp/drum_nets.h"

#include <math.h>
#include <string.h>

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

bool drum_class_treble(enum drum_class c)
{
    return c == DRUM_HAT_CLOSED || c == DRUM_HAT_OPEN || c == DRUM_CRASH ||
           c == DRUM_RIDE;
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
        probability[c] *= drum_nets_prior((enum drum_class)c);
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

/* Less than this of a time is no picture of it. */
static const double SEEN_S = 0.02;
/* Loudness goes with the power to 0.3 (Stevens); the features are in 20 dB. */
static const double LOUDNESS = 0.6;

static void loudness(const float *x, double length_s, struct drum_loudness *out)
{
    const float *falls = x + DRUM_FALLS_AT;
    out->times = 1;
    while (out->times < DRUM_TIMES && length_s > drum_time_s[out->times] + SEEN_S)
        out->times++;
    for (int t = 0; t < out->times; t++)
        for (int b = 0; b < DRUM_BANDS; b++)
            out->at[t][b] = (float)pow(10, LOUDNESS * (double)falls[b * DRUM_TIMES + t]);
}

static void judge(float x[DRUM_FEATURES], struct drum_verdict *out)
{
    struct drum_opinion opinion;
    drum_nets_standardise(x);
    drum_nets_ask(x, &opinion);
    memcpy(out->probability, opinion.probability, sizeof out->probability);
    weigh(out->probability);
    out->best = drum_class_choose(out->probability);
    out->drum = opinion.drum;
    out->confidence = out->drum * out->probability[out->best];
}

void drum_class_told(struct drum_verdict *v, unsigned classes)
{
    static const double right = 0.95;
    int told = __builtin_popcount(classes);
    double share = right / told, rest = (1 - right) / (DRUM_CLASS_COUNT - told), sum = 0;
    for (int c = 0; c < DRUM_CLASS_COUNT; c++) {
        v->probability[c] *= classes >> c & 1 ? share : rest;
        sum += v->probability[c];
    }
    for (int c = 0; c < DRUM_CLASS_COUNT; c++)
        v->probability[c] /= sum;
    v->drum = v->drum * right / (v->drum * right + (1 - v->drum) * (1 - right));
    v->best = drum_class_choose(v->probability);
    v->confidence = v->drum * v->probability[v->best];
}

enum status drum_classify_by(struct drum_ear *ear, const struct audio *hit,
                             size_t lead_frames, struct drum_verdict *out, struct err *e)
{
    float x[DRUM_FEATURES];
    unknown(out);
    enum status st = drum_ear_features(ear, hit, lead_frames, x, e);
    if (st == ST_OK) {
        size_t own = hit->frames - (lead_frames < hit->frames ? lead_frames : 0);
        loudness(x, (double)own / hit->rate_hz, &out->loudness);
        judge(x, out);
    }
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
