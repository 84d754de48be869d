#include "core/kit_sample.h"

#include "dsp/level.h"
#include "dsp/sample_shape.h"

#include <math.h>
#include <string.h>

enum status kit_sample_prepare(struct audio *sound, const struct kit_item *item,
                               const struct target *t, double peak_dbfs, uint64_t seed,
                               double *gain_db, struct err *e)
{
    double before = level_peak(sound);
    struct sample_shape shape = {item->channels, t->rate_hz, kind_struck(item->c.kind)};
    enum status st = sample_shape_apply(sound, &shape, e);
    if (st != ST_OK)
        return st;
    st = level_normalise(sound, fmin(0, peak_dbfs + item->trim_db), false, e);
    if (st != ST_OK)
        return st;
    double after = level_peak(sound);
    *gain_db = before > 0 && after > 0 ? level_to_db(after / before) : 0;
    const char *hash = item->c.sha256;
    struct rng r = rng_derive(seed, rng_hash(0, hash, strlen(hash)), "dither",
                              rng_hash(0, item->c.filename, strlen(item->c.filename)));
    level_dither(sound, t->bits, &r);
    return ST_OK;
}
