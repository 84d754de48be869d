/* sound_rig: sound files of every format, and what io/soundfile makes of them. Whatever
 * cannot be read ends the test. */
#ifndef TROWEL_TESTS_SOUND_RIG_H
#define TROWEL_TESTS_SOUND_RIG_H

#include "folder.h"
#include "io/soundfile.h"

enum { RATE = 44100, FRAMES = 150000 };

/* By how much a sample of an MP3 depends on where its decoding began: libmpg123's code
 * for x86-64 rounds two channels always alike, that for other machines by place. */
#if defined(__x86_64__)
#define MP3_ROUNDING 0.0
#else
#define MP3_ROUNDING 1.2e-7
#endif

/* Tones that glide, noise, clicks and a silent stretch: coders have to work. The caller
 * frees. */
float *material(int channels, size_t frames, int rate);
/* Such material in <folder>/<name>, `format` as in sndfile.h. Returns `path`, its name;
 * NULL when this libsndfile cannot write it. */
const char *sound_in(char path[FOLDER_BYTES], const char *folder, const char *name,
                     int format, int rate, int channels, size_t frames);

/* The largest difference of a sample between `count` regions and the same frames of the
 * whole file, decoded from its beginning. */
double worst_difference(const char *path, int count);
/* How many frames there are to read, and whether the file was called damaged (may be
 * NULL). */
size_t frames_of(const char *path, bool *damaged);

#endif
