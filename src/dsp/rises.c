#include "dsp/rises.h"

#include "core/array.h"
#include "dsp/vec.h"

#include <stdlib.h>

static const float OVER = 8;
/* −80 dB: the noise of a converter and dither begin nothing. */
static const float LEAST = 1e-4F;

/* The largest of x and of −x. */
VEC_INLINE void extremes(const float *x, int n, float *top, float *bottom)
{
    v8f high, low;
    vec_set(&high, n > 0 ? x[0] : 0);
    low = -high;
    int i = 0;
    for (; i + VEC <= n; i += VEC) {
        v8f v = VEC_CONST_AT(x + i), minus = -v;
        vec_max(&high, &v);
        vec_max(&low, &minus);
    }
    *top = vec_top(&high);
    *bottom = vec_top(&low);
    for (; i < n; i++) {
        *top = x[i] > *top ? x[i] : *top;
        *bottom = -x[i] > *bottom ? -x[i] : *bottom;
    }
}

VEC_INLINE float top_of_blocks(const float *blocks)
{
    v8f all = VEC_CONST_AT(blocks), more = VEC_CONST_AT(blocks + VEC);
    vec_max(&all, &more);
    return vec_top(&all);
}
_Static_assert((int)RISES_BLOCKS == 2 * (int)VEC, "two vectors of blocks");

/* The next block, whose place among the last is `slot`: how far into it the rise is, or
 * -1. */
VEC_INLINE int rise_of(struct rises *r, int slot, const float *x, int n)
{
    float top = top_of_blocks(r->top), bottom = top_of_blocks(r->bottom);
    float middle = 0.5F * top - 0.5F * bottom,
          reach = OVER * (0.5F * top + 0.5F * bottom);
    reach = reach > LEAST ? reach : LEAST;
    extremes(x, n, &r->top[slot], &r->bottom[slot]);
    if (!(r->top[slot] - middle > reach) && !(r->bottom[slot] + middle > reach))
        return -1;
    int at = 0;
    while (at < n - 1 && !(fabsf(x[at] - middle) > reach))
        at++;
    return at;
}

VEC_INLINE void rises_of(struct rises *r, const float *mono, int frames, int hop,
                         int at[RISES_BLOCKS])
{
    for (int i = 0; i < RISES_BLOCKS; i++) {
        int first = i * hop / RISES_BLOCKS, last = (i + 1) * hop / RISES_BLOCKS;
        last = last < frames ? last : frames;
        at[i] = last > first ? rise_of(r, i, mono + first, last - first) : -1;
        at[i] += at[i] < 0 ? 0 : first;
    }
}

VEC_CLONES(look, rises_of,
           (struct rises * r, const float *mono, int frames, int hop,
            int at[RISES_BLOCKS]),
           (r, mono, frames, hop, at))

bool rises_push(struct rises *r, const float *mono, int frames, int hop, int rate_hz)
{
    int at[RISES_BLOCKS];
    look(r, mono, frames, hop, at);
    for (int i = 0; i < RISES_BLOCKS; i++) {
        if (at[i] < 0)
            continue;
        if (!array_grow(&r->at_s, &r->room, r->count + 1, sizeof *r->at_s))
            return false;
        r->at_s[r->count++] = (double)(r->frames + at[i]) / rate_hz;
    }
    r->frames += frames;
    return true;
}

void rises_done(struct rises *r)
{
    free(r->at_s);
    *r = (struct rises){0};
}
