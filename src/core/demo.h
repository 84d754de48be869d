/* demo: recordings of trowel's own making, to try everything without a tape at hand.
 * They are the same bytes on every machine. Thread: any. */
#ifndef TROWEL_CORE_DEMO_H
#define TROWEL_CORE_DEMO_H

#include "core/jobs.h"
#include "core/status.h"
#include "io/paths.h"

int demo_count(void);
const char *demo_name(int index);        /* "jam-tape.wav" … */
const char *demo_description(int index); /* one line */

/* Render one recording and write it below `root`. One that is there stays; ST_EXISTS when
 * that is another one of the name. */
enum status demo_write(const struct root *root, int index, struct err *e);

/* All of them into a folder, which is made; nothing is written when one of the names is
 * taken. */
enum status demo_write_all(const char *folder, const struct job_context *ctx,
                           struct err *e);

#endif
