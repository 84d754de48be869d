/* why: the parts of a score in plain units: "level moves 1.4 dB"; what a near-miss
 * failed. Thread: pure. */
#ifndef TROWEL_CORE_WHY_H
#define TROWEL_CORE_WHY_H

#include "io/candidate.h"

#include <stddef.h>

/* What part `i` of c->parts says, read back from the number the miner made of it; "" for
 * a part nobody explained. */
void why_part(const struct candidate *c, int i, char *to, size_t n);

/* The setting whose gate the near-miss `c` failed ("pad_miner.min_rms_db"), or "" when
 * none moves it. */
const char *why_setting(const struct candidate *c);
/* What it missed by, and that setting: "0.4 onsets a second above the gate
 * (pad_miner.max_onset_rate_per_second)". Returns `to`. */
enum { WHY_MISSED_BYTES = 160 };
const char *why_missed(const struct candidate *c, char *to, size_t n);

#endif
