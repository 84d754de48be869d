#include "dsp/drum_context.h"

#include "dsp/part_units.h"
#include "dsp/vec.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

/* Found on mixed tracks and on kits laid in a row (docs/drum-classifier.md). Hits lie
 * where the logarithms of their probabilities are: what is as unlikely as LEAST is no
 * different from what is unlikelier. */
static const double LEAST = 1e-4;
/* Farther apart than this, two hits say nothing of each other. */
static const float HEARD_WITHIN = 4.5F;
/* What a hit's own mind counts, if it is sure, against one sure neighbour in the same
 * place. */
static const double OWN_MIND = 3;

/* Eight hits, side by side. */
struct eight {
    float place[DRUM_CLASS_COUNT][VEC], voice[DRUM_CLASS_COUNT][VEC], sure[VEC];
};

/* How sure the classifier is of it, if it is a drum; 0 where there was no sound to judge.
 */
static double surety(const struct drum_verdict *v)
{
    double most = 0;
    if (!(v->confidence > 0))
        return 0;
    for (int c = 0; c < DRUM_CLASS_COUNT; c++)
        most = fmax(most, v->probability[c]);
    return most;
}

/* Seats that stay empty are far from all and have no voice. */
static void seat(struct eight *crowd, size_t blocks, const struct drum_verdict *at,
                 size_t count)
{
    static const float FAR_OFF = 1e6F;
    memset(crowd, 0, blocks * sizeof *crowd);
    for (size_t i = 0; i < blocks * VEC; i++) {
        struct eight *to = &crowd[i / VEC];
        double sure = i < count ? surety(&at[i]) : 0;
        to->sure[i % VEC] = (float)sure;
        for (int c = 0; c < DRUM_CLASS_COUNT; c++) {
            double p = i < count ? at[i].probability[c] : 0;
            to->place[c][i % VEC] = i < count ? (float)log(p + LEAST) : FAR_OFF;
            to->voice[c][i % VEC] = (float)(sure * p);
        }
    }
}

/* What is said around a place, class by class, and last how loud all of it is. */
VEC_INLINE void listen(const struct eight *crowd, size_t from, size_t end,
                       const float *place, float *said)
{
    v8f sum[DRUM_CLASS_COUNT + 1] = {{0}}, none = {0};
    for (size_t b = from; b < end; b++) {
        v8f apart = {0};
        for (int c = 0; c < DRUM_CLASS_COUNT; c++) {
            v8f d = VEC_CONST_AT(crowd[b].place[c]) - place[c];
            apart += d * d;
        }
        v8f near = 1 - apart * (1 / (HEARD_WITHIN * HEARD_WITHIN));
        v8i heard = near > none;
        if (!vec_any(&heard))
            continue;
        vec_max(&near, &none);
        near *= near;
        for (int c = 0; c < DRUM_CLASS_COUNT; c++)
            sum[c] += near * VEC_CONST_AT(crowd[b].voice[c]);
        sum[DRUM_CLASS_COUNT] += near * VEC_CONST_AT(crowd[b].sure);
    }
    for (int c = 0; c <= DRUM_CLASS_COUNT; c++)
        said[c] = (float)vec_sum(&sum[c]);
}

VEC_CLONES(run_listen, listen,
           (const struct eight *crowd, size_t from, size_t end, const float *place,
            float *said),
           (crowd, from, end, place, said))

/* A hit hears itself, too, as loud as it is sure: only the rest of its own mind is added.
 */
static void settle(struct drum_verdict *v, const float *said)
{
    double sure = surety(v), own = OWN_MIND * sure * sure - sure;
    double loud = (double)said[DRUM_CLASS_COUNT] + own;
    for (int c = 0; c < DRUM_CLASS_COUNT; c++)
        v->probability[c] = fmax(0, ((double)said[c] + own * v->probability[c]) / loud);
    v->best = drum_class_choose(v->probability);
    v->confidence = v->drum * v->probability[v->best];
}

enum status drum_context(struct drum_verdict *at, size_t count, struct err *e)
{
    enum { REACH = DRUM_CONTEXT_REACH / VEC };
    size_t blocks = (count + VEC - 1) / VEC;
    struct eight *crowd = malloc((blocks + 1) * sizeof *crowd);
    if (!crowd)
        return err_set(e, ST_NO_MEMORY, "no memory to compare %zu hits", count);
    seat(crowd, blocks, at, count);
    for (size_t i = 0; i < count; i++) {
        float place[DRUM_CLASS_COUNT], said[DRUM_CLASS_COUNT + 1];
        size_t b = i / VEC, end = b + REACH + 1;
        if (!(at[i].confidence > 0))
            continue;
        for (int c = 0; c < DRUM_CLASS_COUNT; c++)
            place[c] = crowd[b].place[c][i % VEC];
        run_listen(crowd, b > REACH ? b - REACH : 0, end < blocks ? end : blocks, place,
                   said);
        settle(&at[i], said);
    }
    free(crowd);
    return ST_OK;
}

/* A hit that is rather this drum than any other sound. Shares of such between which the
 * doubt goes away, and what is left before. */
static const double SURE = 0.25, FEW = 0.5, MOST = 0.7, DOUBTED = 0.5;

double drum_company(const struct drum_verdict *at, size_t count, bool in_time)
{
    size_t sure = 1; /* one is taken for granted */
    for (size_t i = 0; i < count; i++)
        sure += at[i].confidence >= SURE;
    double share = (double)sure / ((double)count + 1);
    return in_time ? 1 : DOUBTED + (1 - DOUBTED) * part_between(share, FEW, MOST);
}
