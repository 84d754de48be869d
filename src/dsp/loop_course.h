/* loop_course: how far the level beats on over a loop's join. A pad that pumps under a
 * compressor, trembles or pulses limps where its loop is not as long as some of its
 * beats, however well the sound itself joins. Use loop.h. Thread: pure. */
#ifndef TROWEL_DSP_LOOP_COURSE_H
#define TROWEL_DSP_LOOP_COURSE_H

#include "dsp/loop_view.h"

/* Of loops from `low` to `high` steps of the view (its coarse copy's): how far the level
 * at a time and a loop later lie apart, in dB above the sway of any chord, on average
 * over the view and without what takes longer than a beat. Too little to compare: 0.
 * NULL: no memory; free() it. */
float *loop_course(const struct loop_view *v, size_t low, size_t high);

#endif
