/* why: the parts of a score in plain units: "level moves 1.4 dB". Thread: pure. */
#ifndef TROWEL_CORE_WHY_H
#define TROWEL_CORE_WHY_H

#include "io/candidate.h"

#include <stddef.h>

/* What part `i` of c->parts says, read back from the number the miner made of it; "" for
 * a part nobody explained. */
void why_part(const struct candidate *c, int i, char *to, size_t n);

#endif
