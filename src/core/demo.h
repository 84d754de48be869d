/* demo: recordings of trowel's own making, to try everything without a tape at hand.
 * They are the same bytes on every machine. */
#ifndef TROWEL_CORE_DEMO_H
#define TROWEL_CORE_DEMO_H

#include "core/jobs.h"
#include "core/status.h"
#include "io/paths.h"

#include <stddef.h>

/* Something whose place in a demo recording is known. */
struct demo_event {
    double start_s, end_s;
    char label[16]; /* a drum class, "pad", "tone" (room tone) or "speech" */
};

struct demo_truth {
    struct demo_event *at;
    size_t count, capacity;
};

int demo_count(void);
const char *demo_name(int index);        /* "jam-tape.wav" … */
const char *demo_description(int index); /* one line */

/* Render one recording and write it below `root`. `truth` may be NULL, else it is filled
 * in the order of time of each layer; free it with demo_truth_done. */
enum status demo_write(const struct root *root, int index, struct demo_truth *truth,
                       struct err *e);
void demo_truth_done(struct demo_truth *t);

/* All of them. */
enum status demo_write_all(const struct root *root, const struct job_context *ctx,
                           struct err *e);

#endif
