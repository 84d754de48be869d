/* wcwidth is XSI, not base POSIX. */
#ifndef _XOPEN_SOURCE
#define _XOPEN_SOURCE 600
#endif
#include "ui/utf8.h"

#include "io/paths.h"

#include <stdlib.h>
#include <string.h>
#include <wchar.h>

int utf8_decode(const char *s, size_t n, uint32_t *code)
{
    unsigned char first = (unsigned char)s[0];
    static const uint32_t least[5] = {0, 0, 0x80, 0x800, 0x10000};
    *code = 0xFFFD;
    if (n == 0)
        return 0;
    if (first < 0x80) {
        *code = first;
        return 1;
    }
    int length = first >= 0xF0 && first < 0xF5   ? 4
                 : first >= 0xE0 && first < 0xF0 ? 3
                 : first >= 0xC2 && first < 0xE0 ? 2
                                                 : 0;
    if (length == 0)
        return 1;
    uint32_t c = first & (0xFFu >> (length + 1));
    for (int i = 1; i < length; i++) {
        if ((size_t)i >= n || ((unsigned char)s[i] & 0xC0) != 0x80)
            return i;
        c = (c << 6) | ((unsigned char)s[i] & 0x3F);
    }
    if (c < least[length] || c > 0x10FFFF || (c >= 0xD800 && c < 0xE000))
        return length;
    *code = c;
    return length;
}

/* Characters that only steer others: dropped, so that widths stay known. */
static bool steers(uint32_t c)
{
    return (c >= 0x200B && c <= 0x200F) || (c >= 0x202A && c <= 0x202E) ||
           (c >= 0x2060 && c <= 0x206F) || (c >= 0xFE00 && c <= 0xFE0F) || c == 0xFEFF ||
           c == 0x061C || c == 0x00AD || (c >= 0xE0000 && c <= 0xE0FFF) ||
           (c >= 0x1F3FB && c <= 0x1F3FF);
}

/* Signs of our own sentences, which the C locale does not know: the canvas has a letter
 * for each. */
static bool is_sign(uint32_t c)
{
    return (c >= 0xA1 && c <= 0xFF) || (c >= 0x2010 && c <= 0x2027) ||
           (c >= 0x2190 && c <= 0x2193) || c == 0x2264 || c == 0x2265 || c == 0x266F;
}

static int width_of(uint32_t c)
{
    if (c < 0x7F)
        return 1;
    int width = wcwidth((wchar_t)c);
    return width < 0 && is_sign(c) ? 1 : width;
}

bool utf8_next(const char **s, struct cluster *out)
{
    uint32_t c = 0;
    do {
        if (**s == '\0')
            return false;
        *s += utf8_decode(*s, strlen(*s) < 4 ? strlen(*s) : 4, &c);
    } while (steers(c));
    *out = (struct cluster){.base = c, .cells = 1};
    if (utf8_is_control(c)) {
        out->base = 0xB7;
        return true;
    }
    int width = width_of(c);
    if (width == 2)
        out->cells = 2;
    else if (width == 0) /* a mark with nothing to sit on */
        *out = (struct cluster){.base = ' ', .mark = {c}, .cells = 1};
    else if (width < 0)
        out->base = 0xFFFD;
    for (int marks = out->mark[0] != 0; **s;) {
        int n = utf8_decode(*s, strlen(*s) < 4 ? strlen(*s) : 4, &c);
        if (!steers(c) && (utf8_is_control(c) || width_of(c) != 0))
            break;
        if (!steers(c) && marks < CLUSTER_MARKS)
            out->mark[marks++] = c;
        *s += n;
    }
    return true;
}

int utf8_cells(const char *s)
{
    int cells = 0;
    struct cluster c;
    while (utf8_next(&s, &c))
        cells += c.cells;
    return cells;
}

/* Bytes of the longest beginning of s that fits into `cells`. */
static size_t prefix(const char *s, int cells)
{
    const char *at = s, *fits = s;
    struct cluster c;
    while (utf8_next(&at, &c)) {
        cells -= c.cells;
        if (cells < 0)
            break;
        fits = at;
    }
    return (size_t)(fits - s);
}

/* The shortest offset from which the rest of s fits into `cells`. */
static size_t suffix_offset(const char *s, int total, int cells)
{
    const char *at = s;
    struct cluster c;
    while (total > cells && utf8_next(&at, &c))
        total -= c.cells;
    return (size_t)(at - s);
}

static size_t append(char *to, size_t n, size_t used, const char *s, size_t bytes)
{
    if (used + bytes >= n) {
        size_t room = n - used - 1;
        while (room > 0 && ((unsigned char)s[room] & 0xC0) == 0x80)
            room--;
        bytes = room;
    }
    memcpy(to + used, s, bytes);
    to[used + bytes] = '\0';
    return used + bytes;
}

size_t utf8_wrap(const char *s, int cells)
{
    size_t n = prefix(s, cells), word = n;
    if (s[n] == '\0' || s[n] == ' ')
        return n;
    while (word > 0 && s[word - 1] != ' ')
        word--;
    return word > n / 3 ? word : n;
}

int utf8_rows(const char *s, int cells)
{
    int rows = 0;
    for (size_t n; *s && (n = utf8_wrap(s, cells)) > 0; rows++) {
        s += n;
        s += strspn(s, " ");
    }
    return rows;
}

/* Where the kept end of s begins, a cut at `at` being asked for: a number that it would
 * break stays whole, the rest of a word goes, where that is short against the `cells`
 * kept. */
static const char *end_to_keep(const char *s, const char *at, int cells)
{
    static const char number[] = "0123456789+-.", starts[] = " _-/0123456789";
    const char *from = at;
    if (at == s || strchr(" _-/", at[-1]))
        return at;
    if (*at < '0' || *at > '9')
        from += strcspn(at, starts);
    else
        while (from > s && strchr(number, from[-1]))
            from--;
    return labs((long)(from - at)) <= cells / 3 ? from : at;
}

void utf8_fit(char *to, size_t n, const char *s, int cells, enum utf8_cut cut,
              const char *ellipsis)
{
    to[0] = '\0';
    int total = utf8_cells(s);
    if (total <= cells) {
        append(to, n, 0, s, strlen(s));
        return;
    }
    if (cells <= 0)
        return;
    /* names begin with the recording and end with what tells them apart */
    int tail = cut == CUT_MIDDLE ? (cells - 1) * 2 / 3 : 0;
    const char *rest = "";
    if (tail > 0)
        rest = end_to_keep(s, s + suffix_offset(s, total, tail), tail);
    size_t used = append(to, n, 0, s, prefix(s, cells - 1 - utf8_cells(rest)));
    used = append(to, n, used, ellipsis, strlen(ellipsis));
    append(to, n, used, rest, strlen(rest));
}

size_t utf8_before(const char *s, size_t at)
{
    if (at > 0)
        at--;
    while (at > 0 && ((unsigned char)s[at] & 0xC0) == 0x80)
        at--;
    return at;
}

size_t utf8_after(const char *s, size_t at)
{
    if (s[at] == '\0')
        return at;
    at++;
    while (((unsigned char)s[at] & 0xC0) == 0x80)
        at++;
    return at;
}
