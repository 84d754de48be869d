/* measures: the numbers trowel knows of a candidate (see measures.def for each).
 * All are doubles; NAN means the measure has no meaning for this candidate.
 * Measures are taken from the sample as written, positions from its recording. */
#ifndef TROWEL_DSP_MEASURES_H
#define TROWEL_DSP_MEASURES_H

struct measures {
#define MEASURE(field, column, unit, decimals, help) double field;
#include "dsp/measures.def"
#undef MEASURE
};

enum measure_id {
#define MEASURE(field, column, unit, decimals, help) ME_##field,
#include "dsp/measures.def"
#undef MEASURE
    ME_COUNT
};

struct measure_info {
    const char *column, *unit, *help;
    int decimals;
};

extern const struct measure_info measure_table[ME_COUNT];

void measures_clear(struct measures *m); /* every field NAN */
double measures_get(const struct measures *m, enum measure_id id);
void measures_set(struct measures *m, enum measure_id id, double value);

/* Index of a column name, or -1. */
int measures_find(const char *column);

/* Score parts: the reasons behind a score, each 0 … 1 with a short name ("steady",
 * "tonal", "calm", "rich", "seam"; at most 11 bytes). Ordered by the miner, most telling
 * first. */
enum { PARTS_MAX = 13, PART_NAME_BYTES = 12 };
struct score_parts {
    int count;
    struct score_part {
        char name[PART_NAME_BYTES];
        double value;
    } part[PARTS_MAX];
};

void parts_add(struct score_parts *p, const char *name, double value);
double parts_value(const struct score_parts *p, const char *name); /* NAN: none */

/* What a find that is only a near-miss misses by, in plain units. */
enum { MISSED_BY_BYTES = 64 };

#endif
