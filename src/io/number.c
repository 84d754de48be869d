/* Numbers as text, whatever the locale: the C library prints and reads the decimal point
 * of the locale, so that point is looked up and exchanged for '.'. */
#include "io/csv.h"

#include <langinfo.h>
#include <math.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { TEXT_MAX = 64 };

static const char *local_point(void)
{
    const char *point = nl_langinfo(RADIXCHAR);
    return *point ? point : ".";
}

/* Put '.' where the locale's point stands. */
static int with_point(char *out, size_t size, const char *printed)
{
    const char *point = local_point(), *at = strstr(printed, point);
    if (!at || strcmp(point, ".") == 0)
        return snprintf(out, size, "%s", printed);
    return snprintf(out, size, "%.*s.%s", (int)(at - printed), printed,
                    at + strlen(point));
}

static int special(char *out, size_t size, double value)
{
    return snprintf(out, size, "%s", isnan(value) ? "" : value > 0 ? "inf" : "-inf");
}

int format_number(char *out, size_t size, double value, int decimals)
{
    char printed[400];
    if (!isfinite(value))
        return special(out, size, value);
    decimals = decimals < 0 ? 0 : decimals > 17 ? 17 : decimals;
    snprintf(printed, sizeof printed, "%.*f", decimals, value);
    if (printed[0] == '-' && !strpbrk(printed, "123456789"))
        memmove(printed, printed + 1, strlen(printed));
    return with_point(out, size, printed);
}

static bool reads_back(char *text, size_t size, double value, bool plain, int n)
{
    snprintf(text, size, plain ? "%.*f" : "%.*g", n, value);
    return strtod(text, NULL) == value;
}

/* With the fewest digits that read back as the same number: most need 16 or 17, and where
 * fewer do, every larger number of them does too. */
static void print_exact(char text[TEXT_MAX], double value, bool plain)
{
    char shorter[TEXT_MAX];
    int low = plain ? 0 : 1, high = plain ? 22 : 17, n = 16;
    if (plain && value != 0)
        n = 15 - (int)floor(log10(fabs(value)));
    n = n < low ? low : n > high ? high : n;
    while (!reads_back(text, TEXT_MAX, value, plain, n) && n < high)
        low = ++n;
    /* One digit fewer than 16 is further off than half the step of doubles, unless the
     * last is next to nothing. */
    if (plain && n > low && strchr("2345678", text[strlen(text) - 1]))
        return;
    high = n;
    for (n = high - 1; low < high; n = (low + high) / 2)
        if (reads_back(shorter, TEXT_MAX, value, plain, n)) {
            high = n;
            memcpy(text, shorter, TEXT_MAX);
        } else {
            low = n + 1;
        }
}

int format_exact(char *out, size_t size, double value)
{
    char printed[TEXT_MAX];
    if (!isfinite(value))
        return special(out, size, value);
    /* Plain digits where they stay short, else an exponent. */
    bool plain = value == 0 || (fabs(value) >= 1e-5 && fabs(value) < 1e15);
    print_exact(printed, value, plain);
    return with_point(out, size, printed);
}

static size_t digits(const char *p)
{
    return strspn(p, "0123456789");
}

/* sign? (digits (. digits?)? | . digits) (e sign? digits)? and nothing else */
static int is_number(const char *p)
{
    p += *p == '+' || *p == '-';
    size_t whole = digits(p), fraction = 0;
    p += whole;
    if (*p == '.') {
        fraction = digits(++p);
        p += fraction;
    }
    if (whole + fraction == 0)
        return 0;
    if (*p == 'e' || *p == 'E') {
        p++;
        p += *p == '+' || *p == '-';
        size_t exponent = digits(p);
        if (exponent == 0)
            return 0;
        p += exponent;
    }
    return *p == '\0';
}

int parse_number(const char *text, double *value)
{
    char local[512];
    const char *point = local_point(), *dot = strchr(text, '.');
    if (strlen(text) >= sizeof local - 16 || strlen(point) > 8 || !is_number(text))
        return 0;
    if (dot)
        snprintf(local, sizeof local, "%.*s%s%s", (int)(dot - text), text, point,
                 dot + 1);
    double number = strtod(dot ? local : text, NULL);
    if (!isfinite(number))
        return 0;
    *value = number;
    return 1;
}
