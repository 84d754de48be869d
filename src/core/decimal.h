/* decimal: numbers as text with a point, whatever the locale says. Pure functions. */
#ifndef TROWEL_CORE_DECIMAL_H
#define TROWEL_CORE_DECIMAL_H

#include <stddef.h>

enum { DECIMAL_BYTES = 40 };

/* At most 9 decimals, no exponent, no trailing zeros, "0" rather than "-0". Magnitudes
 * above 1e15 are cut there; NAN gives "". */
void decimal_format(char out[DECIMAL_BYTES], double value, int decimals);

/* [+-]digits[.digits], also ".5" and "2."; returns how many bytes were read, 0 when it is
 * no number (*value is then untouched). */
size_t decimal_parse(const char *text, double *value);

#endif
