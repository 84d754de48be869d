#include "dsp/drum_kin.h"

#include "dsp/similarity.h"

/* So many have a say; from this distance on none. Its own verdict counts for so much. */
enum { VOTERS = 5 };
enum { AROUND = 160 }; /* hits before and after that are looked at */
static const double NEAR = 1, OWN = 0.25;

struct voter {
    size_t hit;
    double distance;
};

/* The nearest of those that are near, nearest first; of equals the first. NAN is none. */
static int nearest(const float *distance, size_t count, size_t own,
                   struct voter out[VOTERS])
{
    int found = 0;
    for (size_t j = 0; j < count; j++) {
        double d = (double)distance[j];
        if (j == own || !(d < (found < VOTERS ? NEAR : out[VOTERS - 1].distance)))
            continue;
        int at = found < VOTERS ? found++ : VOTERS - 1;
        for (; at > 0 && d < out[at - 1].distance; at--)
            out[at] = out[at - 1];
        out[at] = (struct voter){j, d};
    }
    return found;
}

void drum_kin(const struct drum_verdict *at, const float *vectors, size_t count,
              double *kin)
{
    float distance[2 * AROUND + 1];
    for (size_t i = 0; i < count; i++) {
        size_t from = i > AROUND ? i - AROUND : 0;
        size_t to = count - i > AROUND ? i + AROUND + 1 : count;
        const float *own = vectors + i * SIMILARITY_DIM;
        struct voter voter[VOTERS];
        similarity_distances(vectors + from * SIMILARITY_DIM, to - from, own, NULL,
                             distance);
        int voters = nearest(distance, to - from, i - from, voter);
        double same = OWN * at[i].confidence, all = same;
        for (int v = 0; v < voters; v++) {
            const struct drum_verdict *other = &at[from + voter[v].hit];
            double say = other->confidence * (1 - voter[v].distance / NEAR);
            all += say;
            same += other->best == at[i].best ? say : 0;
        }
        kin[i] = all > 0 ? same / all : 1;
    }
}
