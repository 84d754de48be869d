/* hiss_material: the steady air hidden in percussive sounds.
 *
 * Of each sound what lies above the lower edge of a hiss is kept (zero-phase high-pass),
 * the attack and what has fallen into the floor are cut off, lines of its spectrum are
 * brought down to what lies around them (a sound that is hardly anything else is left
 * out), and the decay is divided by its own envelope: what remains are stretches of noise
 * at one level (−20 dBFS RMS), joined in `sound` (mono), one region each. Thread: no
 * shared state. */
#ifndef TROWEL_DSP_HISS_MATERIAL_H
#define TROWEL_DSP_HISS_MATERIAL_H

#include "core/rng.h"
#include "core/status.h"
#include "dsp/audio.h"
#include "dsp/grains.h"

#include <stddef.h>

struct hiss_spec;

struct hiss_material {
    struct audio sound;
    struct grain_region *region;
    size_t regions; /* 0: nothing usable */
};

/* For what `spec` makes: of its rate, and from the lower edge of its band on. At most 24
 * sounds (drawn by the stream) and 8 s of them are taken. */
enum status hiss_material_init(struct hiss_material *m, const struct audio *material,
                               size_t count, const struct hiss_spec *spec, struct rng *r,
                               struct err *e);
void hiss_material_done(struct hiss_material *m);

#endif
