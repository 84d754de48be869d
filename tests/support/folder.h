/* folder: a folder of its own for a test's files, and sound files of any format. */
#ifndef TROWEL_TESTS_FOLDER_H
#define TROWEL_TESTS_FOLDER_H

#include <stddef.h>

enum { FOLDER_BYTES = 4096 };

/* Make an empty folder below $TMPDIR or /tmp; `path` receives its name. */
void folder_make(char path[FOLDER_BYTES]);
/* Remove it with everything in it. */
void folder_remove(const char *path);

/* cmocka's setup and teardown: *state is the name of an empty folder of the test's own.
 */
int folder_setup(void **state);
int folder_teardown(void **state);
#define IN_FOLDER(test)                                                                  \
    cmocka_unit_test_setup_teardown(test, folder_setup, folder_teardown)

/* "<folder>/<name>" in a buffer of the caller. Returns `out`. */
const char *folder_path(char out[FOLDER_BYTES], const char *folder, const char *name);
/* Write bytes to <folder>/<name>, making folders on the way. */
void folder_write(const char *folder, const char *name, const void *bytes, size_t n);
/* How many names (files and folders, also hidden ones) lie directly in it. */
int folder_count(const char *path);

/* Write interleaved samples through libsndfile; `format` as in sndfile.h. Returns 0 when
 * this libsndfile cannot write it. */
int folder_sound(const char *path, int format, int rate_hz, int channels,
                 const float *samples, size_t frames);

#endif
