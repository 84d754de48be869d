/* limit: what would exceed full scale is turned down instead of cut off.
 *
 * Up to full scale every sample stays as it is, bit for bit. Where several sounds add up
 * to more, the gain falls towards the block's peak, never faster than full scale asks
 * for, and comes back within a tenth of a second. Both channels alike. Real-time safe; no
 * delay. Thread: the engine's. */
#ifndef TROWEL_AUDIO_LIMIT_H
#define TROWEL_AUDIO_LIMIT_H

struct limit {
    float gain; /* now, 1 = untouched */
};

void limit_apply(struct limit *l, int rate_hz, float *left, float *right, int n);

#endif
