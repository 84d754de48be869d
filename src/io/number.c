/* The C library prints and reads the decimal point of the locale, so that point is looked
 * up and exchanged for '.'. Most numbers do without it: their digits are whole numbers of
 * 128 bits. */
#include "io/number.h"

#include <float.h>
#include <langinfo.h>
#include <math.h>
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

/* --- digits by whole numbers --- */

#if defined(__SIZEOF_INT128__)
__extension__ typedef unsigned __int128 u128;
#else
typedef uint64_t u128; /* too small, see take_apart */
#endif
enum { TEN_POWER_MAX = 22 }; /* doubles up to there are exact */
static const double ten_to[] = {1e0,  1e1,  1e2,  1e3,  1e4,  1e5,  1e6,  1e7,
                                1e8,  1e9,  1e10, 1e11, 1e12, 1e13, 1e14, 1e15,
                                1e16, 1e17, 1e18, 1e19, 1e20, 1e21, 1e22};

/* |value| = mantissa · 2^−shift. */
struct binary {
    uint64_t mantissa;
    int shift;
};

/* False for what is so large or small that 128 bits may not do. */
static bool take_apart(double value, struct binary *b)
{
    int exponent;
    double share = frexp(fabs(value), &exponent);
    b->mantissa = (uint64_t)(share * 0x1p53);
    b->shift = DBL_MANT_DIG - exponent;
    return sizeof(u128) == 16 && b->shift > 0 && b->shift < 120;
}

/* The number times 10^n to the nearest whole one, halves to even; *off is how far off,
 * in 10^−n · 2^−shift, and *less whether it is less than the number. */
static u128 nearest_count(const struct binary *b, int n, u128 *off, bool *less)
{
    u128 product = b->mantissa * (u128)ten_to[n], one = (u128)1 << b->shift;
    u128 count = product >> b->shift, rest = product & (one - 1);
    *less = rest < one / 2 || (rest == one / 2 && count % 2 == 0);
    *off = *less ? rest : one - rest;
    return *less ? count : count + 1;
}

/* Is the number the double nearest to what it is with n decimals? Below a power of two
 * they lie twice as close. */
static bool reads_back_with(const struct binary *b, int n)
{
    u128 off, ten = (u128)ten_to[n];
    bool less;
    nearest_count(b, n, &off, &less);
    off *= less && b->mantissa == 1ULL << 52 ? 4 : 2;
    return off < ten || (off == ten && b->mantissa % 2 == 0);
}

/* `count` · 10^−n with all n decimals; returns the length. */
static int put_decimal(char *out, size_t size, bool negative, uint64_t count, int n)
{
    char text[TEXT_MAX], *p = text + sizeof text;
    *--p = '\0';
    for (int place = 0; count > 0 || place <= n; place++, count /= 10) {
        if (place == n && n > 0)
            *--p = '.';
        *--p = (char)('0' + count % 10);
    }
    if (negative)
        *--p = '-';
    size_t length = strlen(p), room = length < size ? length : size - 1;
    if (size > 0) {
        memcpy(out, p, room);
        out[room] = '\0';
    }
    return (int)length;
}

/* With the fewest decimals that read back, for what has at most 17 digits to
 * TEN_POWER_MAX decimals: where fewer do, every larger number of them does too. */
static int put_exact(char *out, size_t size, bool negative, const struct binary *b)
{
    int low = 0, high = TEN_POWER_MAX;
    while (low < high) {
        int n = (low + high) / 2;
        if (reads_back_with(b, n))
            high = n;
        else
            low = n + 1;
    }
    u128 off;
    bool less;
    return put_decimal(out, size, negative, (uint64_t)nearest_count(b, low, &off, &less),
                       low);
}

/* --- numbers as text --- */

int format_number(char *out, size_t size, double value, int decimals)
{
    char printed[400];
    struct binary b;
    if (!isfinite(value))
        return special(out, size, value);
    decimals = decimals < 0 ? 0 : decimals > 17 ? 17 : decimals;
    if (take_apart(value, &b)) {
        u128 off;
        bool less;
        u128 count = nearest_count(&b, decimals, &off, &less);
        if (count <= UINT64_MAX)
            return put_decimal(out, size, value < 0 && count > 0, (uint64_t)count,
                               decimals);
    }
    snprintf(printed, sizeof printed, "%.*f", decimals, value);
    if (printed[0] == '-' && !strpbrk(printed, "123456789"))
        memmove(printed, printed + 1, strlen(printed));
    return with_point(out, size, printed);
}

void format_short(char *out, size_t size, double value, int decimals)
{
    format_number(out, size, value, decimals);
    size_t n = strlen(out);
    while (strchr(out, '.') && (out[n - 1] == '0' || out[n - 1] == '.'))
        out[--n] = '\0';
}

static bool reads_back(const char *text, double value)
{
    return strtod(text, NULL) == value;
}

/* With the fewest digits, or decimals, that read back as the same number. Where up to 15
 * digits do, 15 are those and zeros, which %g leaves out; but for the denormal. */
static void print_exact(char text[TEXT_MAX], double value, bool plain)
{
    int n = plain                   ? 0
            : fabs(value) < DBL_MIN ? 1
                                    : DBL_DIG,
        most = plain ? TEN_POWER_MAX : 17;
    do
        snprintf(text, TEXT_MAX, plain ? "%.*f" : "%.*g", n, value);
    while (!reads_back(text, value) && n++ < most);
}

int format_exact(char *out, size_t size, double value)
{
    char printed[TEXT_MAX];
    struct binary b;
    if (!isfinite(value))
        return special(out, size, value);
    /* Plain digits where they stay short, else an exponent. */
    bool plain = value == 0 || (fabs(value) >= 1e-5 && fabs(value) < 1e15);
    if (plain && take_apart(value, &b))
        return put_exact(out, size, signbit(value), &b);
    print_exact(printed, value, plain);
    return with_point(out, size, printed);
}

/* --- text as numbers --- */

static size_t digits(const char *p)
{
    return strspn(p, "0123456789");
}

/* sign? (digits (. digits?)? | . digits) (e sign? digits)? and nothing else */
static bool is_number(const char *p)
{
    p += *p == '+' || *p == '-';
    size_t whole = digits(p), fraction = 0;
    p += whole;
    if (*p == '.') {
        fraction = digits(++p);
        p += fraction;
    }
    if (whole + fraction == 0)
        return false;
    if (*p == 'e' || *p == 'E') {
        p++;
        p += *p == '+' || *p == '-';
        size_t exponent = digits(p);
        if (exponent == 0)
            return false;
        p += exponent;
    }
    return *p == '\0';
}

/* A plain number whose digits and power of ten doubles hold exactly: one division, which
 * rounds as it should. */
static bool is_short(const char *p, double *value)
{
    const uint64_t most = (1ULL << 53) / 10 - 1;
    uint64_t count = 0;
    int decimals = 0;
    bool negative = *p == '-', point = false, any = false;
    for (p += negative; *p; p++) {
        if (*p == '.' && !point) {
            point = true;
            continue;
        }
        if (*p < '0' || *p > '9' || count > most || decimals == TEN_POWER_MAX)
            return false;
        count = 10 * count + (uint64_t)(*p - '0');
        decimals += point;
        any = true;
    }
    *value = (double)count / ten_to[decimals];
    *value = negative ? -*value : *value;
    return any && FLT_EVAL_METHOD == 0;
}

bool parse_number(const char *text, double *value)
{
    char local[512];
    if (is_short(text, value))
        return true;
    const char *point = local_point(), *dot = strchr(text, '.');
    if (strlen(text) >= sizeof local - 16 || strlen(point) > 8 || !is_number(text))
        return false;
    bool exchange = dot && strcmp(point, ".") != 0;
    if (exchange)
        snprintf(local, sizeof local, "%.*s%s%s", (int)(dot - text), text, point,
                 dot + 1);
    double number = strtod(exchange ? local : text, NULL);
    if (!isfinite(number))
        return false;
    *value = number;
    return true;
}

size_t parse_leading(const char *text, double *value)
{
    char number[64];
    size_t n = *text == '+' || *text == '-';
    n += digits(text + n);
    if (text[n] == '.' && text[n + 1] != '.')
        n += 1 + digits(text + n + 1);
    if (n >= sizeof number)
        return 0;
    snprintf(number, sizeof number, "%.*s", (int)n, text);
    return parse_number(number, value) ? n : 0;
}

bool parse_whole(const char *text, uint64_t *value)
{
    const char *p = text;
    *value = 0;
    for (; *p >= '0' && *p <= '9'; p++) {
        unsigned digit = (unsigned)(*p - '0');
        if (*value > (UINT64_MAX - digit) / 10)
            return false;
        *value = *value * 10 + digit;
    }
    return p > text && *p == '\0';
}
