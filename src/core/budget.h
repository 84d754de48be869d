/* budget: what a set of samples costs on a machine. Thread: pure. */
#ifndef TROWEL_CORE_BUDGET_H
#define TROWEL_CORE_BUDGET_H

#include "io/targets.h"

#include <stdbool.h>
#include <stdint.h>

/* Costs at the target's rate and depth. A stereo sample costs as two mono ones; every
 * sample occupies whole sectors, which are counted up to INT_MAX: a header or a manifest
 * may claim any length. */
struct budget {
    int files;
    double seconds; /* as mono: stereo counts twice */
    int sectors;
    double longest_s; /* of one sample, as mono */
};

/* Of a sound of so many seconds, which a manifest rounds to a microsecond and may claim
 * any of; not known is none. */
int64_t budget_frames(const struct target *t, double seconds);
int budget_sectors(const struct target *t, int64_t frames, int channels);
void budget_add(struct budget *b, const struct target *t, int64_t frames, int channels);
/* Would it still fit with one more? `why` says what would not: "402 of 400 files". */
bool budget_fits(const struct budget *b, const struct target *t, int64_t frames,
                 int channels, char why[96]);
/* Is it more than the machine holds? `text` says by how much, each limit that is passed:
 * "402 of 400 files, 612.0 of 600 s". */
bool budget_over(const struct budget *b, const struct target *t, char text[160]);
/* Seconds over a limit as they are told: in tenths, and never as what they are over. */
double budget_told_s(double seconds);
/* "18 of 400 files, 27.4 of 600 s, 21 of 408 sectors" */
void budget_text(const struct budget *b, const struct target *t, char text[160]);

#endif
