#include "dsp/measures.h"

#include <math.h>
#include <string.h>

const struct measure_info measure_table[ME_COUNT] = {
#define MEASURE(field, column, unit, decimals, help)                                     \
    [ME_##field] = {column, unit, help, decimals},
#include "dsp/measures.def"
#undef MEASURE
};

/* The struct is nothing but ME_COUNT doubles in table order. */
_Static_assert(sizeof(struct measures) == ME_COUNT * sizeof(double),
               "measures are doubles");

void measures_clear(struct measures *m)
{
    for (int i = 0; i < ME_COUNT; i++)
        measures_set(m, (enum measure_id)i, (double)NAN);
}

double measures_get(const struct measures *m, enum measure_id id)
{
    double value;
    memcpy(&value, (const char *)m + (size_t)id * sizeof value, sizeof value);
    return value;
}

void measures_set(struct measures *m, enum measure_id id, double value)
{
    memcpy((char *)m + (size_t)id * sizeof value, &value, sizeof value);
}

int measures_find(const char *column)
{
    for (int i = 0; i < ME_COUNT; i++)
        if (strcmp(measure_table[i].column, column) == 0)
            return i;
    return -1;
}

void parts_add(struct score_parts *p, const char *name, double value)
{
    if (p->count >= PARTS_MAX)
        return;
    struct score_part *part = &p->part[p->count++];
    strncpy(part->name, name, sizeof part->name - 1);
    part->name[sizeof part->name - 1] = '\0';
    part->value = value;
}

double parts_value(const struct score_parts *p, const char *name)
{
    for (int i = 0; i < p->count; i++)
        if (strcmp(p->part[i].name, name) == 0)
            return p->part[i].value;
    return (double)NAN;
}
