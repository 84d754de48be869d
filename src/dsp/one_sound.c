#include "dsp/one_sound.h"

#include <math.h>
#include <stdbool.h>
#include <stdlib.h>

static const double LONGEST_S = 10, RISE_DB = 5, LOUDEST_WITHIN_DB = 1.5;
/* Of the ring of one stroke among others. */
static const double RING_S = 0.8, RING_RISE_DB = 4, RING_STRENGTH = 2;
/* Hops compared: before an onset the last BEFORE but those whose windows reach over it,
 * AFTER from it on. */
enum { BEFORE = 8, REACH = 3, AFTER = 6, LOUDEST_AFTER = 9 };
/* Of all that sounds after an onset: less in a band is no stroke. A kick or a snare is
 * most of it, a hat on a kick that rings may be little. */
static const double LEAST_DB[TRACK_BAND_COUNT] = {-20, -20, -20, -35, -35};

/* The loudest of hops [from, end) in each band and, last, in all. */
static void loudest(const struct track *t, size_t from, size_t end,
                    double db[TRACK_BAND_COUNT + 1])
{
    for (int b = 0; b <= TRACK_BAND_COUNT; b++)
        db[b] = -140;
    for (size_t i = from; i < end && i < track_info(t)->hops; i++) {
        struct track_hop h;
        track_hop(t, i, &h);
        for (int b = 0; b < TRACK_BAND_COUNT; b++)
            db[b] = fmax(db[b], h.band_db[b]);
        db[TRACK_BAND_COUNT] = fmax(db[TRACK_BAND_COUNT], h.rms_db);
    }
}

static size_t hop_of(const struct track *t, const struct onset *o)
{
    return track_hop_of(t, llround(o->time_s * track_info(t)->rate_hz));
}

/* By how much it raises a band of which there is enough, or the whole, dB. */
static double rise_db(const struct track *t, const struct onset *o)
{
    double before[TRACK_BAND_COUNT + 1], after[TRACK_BAND_COUNT + 1];
    size_t hop = hop_of(t, o);
    loudest(t, hop > BEFORE ? hop - BEFORE : 0, hop > REACH ? hop - REACH + 1 : 0,
            before);
    loudest(t, hop, hop + AFTER, after);
    double rise = after[TRACK_BAND_COUNT] - before[TRACK_BAND_COUNT];
    for (int b = 0; b < TRACK_BAND_COUNT; b++)
        if (after[b] > after[TRACK_BAND_COUNT] + LEAST_DB[b])
            rise = fmax(rise, after[b] - before[b]);
    return rise;
}

static bool one_sound(const struct track *t)
{
    const struct track_info *info = track_info(t);
    const struct onset_list *onsets = track_onsets(t);
    if (onsets->count < 1 || (double)info->frames > LONGEST_S * info->rate_hz)
        return false;
    size_t first = hop_of(t, &onsets->at[0]);
    double attack[TRACK_BAND_COUNT + 1], all[TRACK_BAND_COUNT + 1];
    loudest(t, first, first + LOUDEST_AFTER, attack);
    loudest(t, 0, info->hops, all);
    if (attack[TRACK_BAND_COUNT] < all[TRACK_BAND_COUNT] - LOUDEST_WITHIN_DB)
        return false;
    for (size_t i = 1; i < onsets->count; i++)
        if (!onsets->at[i].click && rise_db(t, &onsets->at[i]) > RISE_DB)
            return false;
    return !onsets->at[0].click;
}

/* The first onset behind those that ring on from `i`. */
static size_t ring_end(const struct track *t, const struct onset_list *l, size_t i)
{
    const struct onset *at = l->at;
    size_t end = i + 1;
    if (at[i].click || rise_db(t, &at[i]) < RING_RISE_DB)
        return end;
    for (; end < l->count && at[end].time_s <= at[i].time_s + RING_S; end++)
        if (!at[end].click && ((double)at[end].strength >= RING_STRENGTH ||
                               rise_db(t, &at[end]) >= RING_RISE_DB))
            return i + 1;
    return end;
}

enum status one_sound_begins(const struct track *t, struct onset_list *out, struct err *e)
{
    const struct onset_list *l = track_onsets(t);
    *out = (struct onset_list){.at = malloc((l->count + 1) * sizeof *out->at)};
    if (!out->at)
        return err_set(e, ST_NO_MEMORY, "no memory for %zu onsets", l->count);
    bool single = one_sound(t);
    for (size_t i = 0; i < l->count;) {
        size_t end = single ? l->count : ring_end(t, l, i);
        out->at[out->count++] = l->at[i++];
        for (; i < end; i++)
            if (l->at[i].click && !single)
                out->at[out->count++] = l->at[i];
    }
    return ST_OK;
}
