#include "dsp/one_sound.h"

#include <math.h>

static const double LONGEST_S = 10, RISE_DB = 5, LOUDEST_WITHIN_DB = 1.5;
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

static bool stands_out(const struct track *t, size_t hop)
{
    double before[TRACK_BAND_COUNT + 1], after[TRACK_BAND_COUNT + 1];
    loudest(t, hop > BEFORE ? hop - BEFORE : 0, hop > REACH ? hop - REACH + 1 : 0,
            before);
    loudest(t, hop, hop + AFTER, after);
    for (int b = 0; b < TRACK_BAND_COUNT; b++)
        if (after[b] > after[TRACK_BAND_COUNT] + LEAST_DB[b] &&
            after[b] > before[b] + RISE_DB)
            return true;
    return after[TRACK_BAND_COUNT] > before[TRACK_BAND_COUNT] + RISE_DB;
}

static size_t hop_of(const struct track *t, const struct onset *o)
{
    return track_hop_of(t, llround(o->time_s * track_info(t)->rate_hz));
}

bool one_sound(const struct track *t)
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
        if (!onsets->at[i].click && stands_out(t, hop_of(t, &onsets->at[i])))
            return false;
    return !onsets->at[0].click;
}
