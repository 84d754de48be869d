/* kit_sample: one sample made ready for the machine. Pure. */
#ifndef TROWEL_CORE_KIT_SAMPLE_H
#define TROWEL_CORE_KIT_SAMPLE_H

#include "core/kit_plan.h"
#include "dsp/audio.h"

/* `sound` in place in the shape (dsp/sample_shape.h) of the target and the item; true
 * peak at peak_dbfs + the item's trim (never above 0); dithered to the target's depth
 * from `seed` and the sample's own hash. *gain_db = the level change. ST_EMPTY for
 * silence. */
enum status kit_sample_prepare(struct audio *sound, const struct kit_item *item,
                               const struct target *t, double peak_dbfs, uint64_t seed,
                               double *gain_db, struct err *e);

#endif
