/* batch_rig: a folder with recordings in it, for tests that run the batch mode there as a
 * user would. */
#ifndef TROWEL_TESTS_BATCH_RIG_H
#define TROWEL_TESTS_BATCH_RIG_H

#include "folder.h"
#include "program.h"

#include "io/manifest.h"

struct place {
    char path[FOLDER_NAME_BYTES];
};

/* cmocka's group setup and teardown, *state = struct place. "tapes" holds three
 * recordings of the demo, "in" ten seconds of each; a "config.yaml" has few and short
 * sounds made: the stages are the same, the suite stays quick. */
int batch_rig_setup(void **state);
/* With the first of jam-tape, night-pads and full-sketch only. */
int batch_rig_setup_few(void **state, size_t recordings);
int batch_rig_teardown(void **state);

/* trowel --batch … in that folder, to its end. */
#define RUN(o, p, ...)                                                                   \
    program_run(&(o), (p)->path,                                                         \
                (char *[]){TROWEL_BIN, "--batch", __VA_ARGS__, (char *)NULL})

/* What only must go well: a run, and its end. */
#define RUN_WELL(p, ...)                                                                 \
    do {                                                                                 \
        struct outcome well;                                                             \
        RUN(well, p, __VA_ARGS__);                                                       \
        batch_rig_went_well(&well);                                                      \
    } while (0)
void batch_rig_went_well(struct outcome *o); /* else it prints what was said; done */

/* What ends with that status and says these words; `said` is out or err. */
#define RUN_SAYS(p, status, said, words, ...)                                            \
    do {                                                                                 \
        struct outcome told;                                                             \
        RUN(told, p, __VA_ARGS__);                                                       \
        assert_int_equal(told.exit_status, status);                                      \
        assert_true(text_has(told.said, words));                                         \
        outcome_done(&told);                                                             \
    } while (0)

/* The folder's name before that of what lies in it. */
void path_in(char out[1024], const struct place *p, const char *relative);
bool there(const struct place *p, const char *relative);
/* Two folders hold the same files with the same bytes, but for names with `without`. */
void assert_same_trees(const struct place *p, const char *a, const char *b,
                       const char *without);
/* The rows of <relative>/manifest.csv; the caller frees. */
struct candidate *manifest_rows(const struct place *p, const char *relative,
                                size_t *count);

#endif
