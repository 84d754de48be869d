/* The numbers of the filter language, with their units. */
#include "core/filter_internal.h"

#include "io/number.h"

#include <string.h>

static const struct {
    const char *unit, *typed;
    double factor;
} units[] = {
#define UNIT(unit, typed, factor) {unit, typed, factor},
#include "core/filter.def"
#undef UNIT
};

/* Minutes and seconds, 12:04.5 or 1:02:03. */
static size_t clock_parse(const char *text, double *value, double *step)
{
    double total = 0.0, part;
    size_t used = 0;
    for (int i = 0; i < 3; i++) {
        size_t n = parse_leading(text + used, &part);
        if (n == 0)
            return i > 0 ? used : 0;
        total = total * 60.0 + part;
        used += n;
        *value = total;
        *step = 1.0;
        if (text[used] != ':')
            break;
        used++;
    }
    return used;
}

static double step_of(const char *number, size_t bytes)
{
    const char *point = memchr(number, '.', bytes);
    double step = 1.0;
    for (const char *d = point; d != NULL && d + 1 < number + bytes; d++)
        step /= 10.0;
    return step;
}

enum quantity filter_unit(const char *typed, size_t bytes, const char *unit,
                          double *factor)
{
    char folded[16];
    if (bytes == 0)
        return QUANTITY_OK;
    if (bytes >= sizeof folded)
        return QUANTITY_BAD;
    memcpy(folded, typed, bytes);
    folded[bytes] = '\0';
    filter_fold(folded, sizeof folded, folded);
    enum quantity best = QUANTITY_BAD;
    for (size_t i = 0; i < sizeof units / sizeof *units; i++) {
        if (strcmp(units[i].unit, unit) != 0 ||
            strncmp(units[i].typed, folded, bytes) != 0)
            continue;
        if (units[i].typed[bytes] == '\0') {
            *factor = units[i].factor;
            return QUANTITY_OK;
        }
        best = QUANTITY_PARTIAL;
    }
    return best;
}

const char *filter_unit_of(int field)
{
    return field >= FF_MEASURE ? measure_table[field - FF_MEASURE].unit
           : field == FF_DRUM  ? ""
                               : "none";
}

enum quantity filter_quantity(const char *text, size_t bytes, int field, double *value,
                              double *step)
{
    const char *unit = filter_unit_of(field);
    if (field == FF_GRADE) {
        static const char grades[] = "fFbBaA";
        const char *letter = bytes == 1 ? strchr(grades, text[0]) : NULL;
        if (letter == NULL)
            return QUANTITY_BAD;
        *value = 1 + (int)(letter - grades) / 2;
        *step = 1.0;
        return QUANTITY_OK;
    }
    char number[64];
    if (bytes >= sizeof number)
        return QUANTITY_BAD;
    memcpy(number, text, bytes);
    number[bytes] = '\0';
    if (strcmp(number, "-") == 0 || strcmp(number, "+") == 0 ||
        strcmp(number, ".") == 0 || strcmp(number, "-.") == 0)
        return QUANTITY_PARTIAL;
    size_t used = parse_leading(number, value);
    if (used == 0)
        return QUANTITY_BAD;
    if (number[used] == ':' && strcmp(unit, "s") == 0)
        return clock_parse(number, value, step) == bytes ? QUANTITY_OK : QUANTITY_BAD;
    double factor = 1.0;
    *step = step_of(number, used);
    enum quantity q = filter_unit(number + used, bytes - used, unit, &factor);
    *value *= factor;
    *step *= factor;
    return q;
}

const char *filter_shared_unit(const char *low, size_t bytes, const char *high, int field)
{
    double from, to, factor;
    size_t used = parse_leading(high, &to);
    const char *unit = high + used;
    bool bare = bytes > 0 && parse_leading(low, &from) == bytes && used > 0;
    return bare && from < to &&
                   filter_unit(unit, strlen(unit), filter_unit_of(field), &factor) ==
                       QUANTITY_OK
               ? unit
               : "";
}
