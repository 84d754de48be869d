/* kit_shape: the shape of a kit and its pattern, shared by model and sound. */
#ifndef TROWEL_DSP_KIT_SHAPE_H
#define TROWEL_DSP_KIT_SHAPE_H

enum { KIT_SLOTS = 11, KIT_STEPS = 16 };
enum { KIT_BPM_MIN = 20, KIT_BPM_MAX = 400 }; /* as config.yaml takes them, too */

#endif
