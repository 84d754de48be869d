/* folder: a folder of its own for a test's files, what to put there, and what lies there
 * afterwards. Whatever cannot be done ends the test program and says why. */
#ifndef TROWEL_TESTS_FOLDER_H
#define TROWEL_TESTS_FOLDER_H

#include "dsp/audio.h"

#include <stdbool.h>
#include <stddef.h>

enum { FOLDER_BYTES = 4096, FOLDER_NAME_BYTES = 256 };

/* Make an empty folder below $TMPDIR or /tmp; `path` receives its name. */
void folder_make(char path[FOLDER_NAME_BYTES]);
/* Remove it with everything in it; none there is well, too. */
void folder_remove(const char *path);

/* cmocka's setup and teardown: *state is the name of an empty folder of the test's own.
 * The teardown also serves a struct from malloc that begins with the folder's name. */
int folder_setup(void **state);
int folder_teardown(void **state);
#define IN_FOLDER(test)                                                                  \
    cmocka_unit_test_setup_teardown(test, folder_setup, folder_teardown)

/* "<folder>/<name>" in a buffer of the caller. Returns `out`. */
const char *folder_path(char out[FOLDER_BYTES], const char *folder, const char *name);
/* Is there anything of that name, be it a link to nothing? */
bool folder_has(const char *folder, const char *name);
/* Write bytes to <folder>/<name>, making folders on the way. */
void folder_write(const char *folder, const char *name, const void *bytes, size_t n);
/* Write `a` there as a WAV file of 16 or 24 bits, as trowel writes it. */
void folder_wav(const char *folder, const char *name, const struct audio *a, int bits);
/* All of a sound file at its own rate; audio_done frees. */
struct audio sound_read(const char *path);
/* All of a file, NUL-terminated; the caller frees. `n` may be NULL. */
char *file_read(const char *path, size_t *n);
/* How many names (files and folders, also hidden ones) lie directly in it. */
int folder_count(const char *path);

/* "path sha256\n" of every regular file below, sorted; names that hold `without` (may be
 * NULL) are left out. The caller frees. */
char *tree_hash(const char *path, const char *without);
int tree_count(const char *path, const char *ending); /* files with that ending */

/* Write interleaved samples through libsndfile; `format` as in sndfile.h. Returns 0 when
 * this libsndfile cannot write it. */
int folder_sound(const char *path, int format, int rate_hz, int channels,
                 const float *samples, size_t frames);

#endif
