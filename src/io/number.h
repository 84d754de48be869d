/* number: numbers as text and back, with '.' whatever the locale. Pure functions. */
#ifndef TROWEL_IO_NUMBER_H
#define TROWEL_IO_NUMBER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* `value` with `decimals` (0 … 17) digits after the point, "-0.00" as "0.00". NAN gives
 * "", infinities "inf"/"-inf". Returns the length. */
int format_number(char *out, size_t size, double value, int decimals);
/* The same with at most so many decimals: without zeros at the end. */
void format_short(char *out, size_t size, double value, int decimals);
/* The shortest text that reads back as exactly `value`. */
int format_exact(char *out, size_t size, double value);
/* The whole text as a finite decimal number; false when it is none: no hex, no inf, no
 * nan. */
bool parse_number(const char *text, double *value);
/* The number that a text begins with: +2, -.5 or 3. without an exponent; of "1..2", a
 * range, the 1. Returns its bytes, 0 when there is none. */
size_t parse_leading(const char *text, double *value);
/* The whole text as a whole number of at most 64 bits; digits alone. */
bool parse_whole(const char *text, uint64_t *value);

#endif
