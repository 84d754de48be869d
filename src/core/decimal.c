#include "core/decimal.h"

#include <inttypes.h>
#include <math.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

void decimal_format(char out[DECIMAL_BYTES], double value, int decimals)
{
    out[0] = '\0';
    if (isnan(value))
        return;
    decimals = decimals < 0 ? 0 : decimals > 9 ? 9 : decimals;
    double magnitude = fmin(fabs(value), 1e15);
    uint64_t scale = 1;
    for (int i = 0; i < decimals; i++)
        scale *= 10;
    double whole = floor(magnitude);
    uint64_t fraction = (uint64_t)llround((magnitude - whole) * (double)scale);
    uint64_t units = (uint64_t)whole;
    if (fraction >= scale) {
        units++;
        fraction -= scale;
    }
    const char *sign = value < 0.0 && (units > 0 || fraction > 0) ? "-" : "";
    if (fraction == 0) {
        snprintf(out, DECIMAL_BYTES, "%s%" PRIu64, sign, units);
        return;
    }
    snprintf(out, DECIMAL_BYTES, "%s%" PRIu64 ".%0*" PRIu64, sign, units, decimals,
             fraction);
    size_t n = strlen(out);
    while (out[n - 1] == '0')
        out[--n] = '\0';
}

size_t decimal_parse(const char *text, double *value)
{
    const char *p = text;
    double sign = 1.0, number = 0.0, scale = 1.0;
    int digits = 0;
    if (*p == '-' || *p == '+')
        sign = *p++ == '-' ? -1.0 : 1.0;
    for (; *p >= '0' && *p <= '9'; p++, digits++)
        number = number * 10.0 + (*p - '0');
    /* "1..2" is a range, not 1. */
    if (*p == '.' && p[1] != '.') {
        p++;
        for (; *p >= '0' && *p <= '9'; p++, digits++) {
            scale *= 10.0;
            number = number * 10.0 + (*p - '0');
        }
    }
    if (digits == 0)
        return 0;
    *value = sign * number / scale;
    return (size_t)(p - text);
}
