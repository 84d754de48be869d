#include "io/text.h"

#include "core/array.h"
#include "core/status.h"
#include "io/number.h"
#include "io/paths.h"

#include <inttypes.h>
#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

void text_done(struct text *t)
{
    free(t->at);
    *t = (struct text){0};
}

void text_clear(struct text *t)
{
    t->length = 0;
    t->comma = false;
    if (t->at)
        t->at[0] = '\0';
}

static bool reserve(struct text *t, size_t more)
{
    t->failed = t->failed || !array_grow(&t->at, &t->room, t->length + more + 1, 1);
    return !t->failed;
}

void text_bytes(struct text *t, const char *bytes, size_t n)
{
    if (!reserve(t, n))
        return;
    memcpy(t->at + t->length, bytes, n);
    t->length += n;
    t->at[t->length] = '\0';
}

void text_add(struct text *t, const char *more)
{
    text_bytes(t, more, strlen(more));
}

void text_replaced(struct text *t, const char *from, const char *what,
                   const char *const *with)
{
    for (;;) {
        size_t plain = strcspn(from, what);
        text_bytes(t, from, plain);
        from += plain;
        if (*from == '\0')
            return;
        text_add(t, with[strchr(what, *from++) - what]);
    }
}

const char *text_plain(char *out, size_t size, const char *from)
{
    snprintf(out, size, "%s", from);
    err_tame(out);
    return out;
}

const char *text_count(char *out, size_t size, size_t count)
{
    char plain[32];
    int length = snprintf(plain, sizeof plain, "%zu", count);
    size_t used = 0;
    for (int i = 0; i < length && used + 2 < size; i++) {
        if (i > 0 && (length - i) % 3 == 0)
            out[used++] = ',';
        out[used++] = plain[i];
    }
    out[used] = '\0';
    return out;
}

const char *text_word(char *out, size_t size, const char *path)
{
    const char *quote = strpbrk(path, " \t\n\"'()&;|<>*?$`\\#~![]{}") ? "'" : "";
    size_t n = (size_t)snprintf(out, size, "%s", quote);
    for (; *path && n + 6 < size; path++) {
        if (*path == '\'') /* ends the quotes, stands alone, begins them again */
            n += (size_t)snprintf(out + n, size - n, "'\\'");
        out[n++] = *path;
    }
    snprintf(out + n, size - n, "%s", quote);
    return out;
}

bool text_part(char *out, size_t size, const char *list, char between, int i)
{
    for (; list && *list; i--) {
        size_t length = strcspn(list, (char[]){between, '\0'});
        if (i == 0) {
            snprintf(out, size, "%.*s", (int)length, list);
            return true;
        }
        list += length + (list[length] == between);
    }
    return false;
}

int text_letter(char c)
{
    return c == '-' ? '_' : c >= 'A' && c <= 'Z' ? c - 'A' + 'a' : c;
}

bool text_digit(char c)
{
    return c >= '0' && c <= '9';
}

bool text_alnum(char c)
{
    int letter = text_letter(c);
    return text_digit(c) || (letter >= 'a' && letter <= 'z');
}

int text_distance(const char *a, const char *b)
{
    enum { MAX = 64 };
    int rows[3][MAX + 1], *before = rows[0], *last = rows[1], *now = rows[2];
    size_t n = strlen(a), m = strlen(b);
    if (n > MAX || m > MAX)
        return (int)(n > m ? n : m);
    for (size_t j = 0; j <= m; j++)
        before[j] = last[j] = (int)j;
    for (size_t i = 1; i <= n; i++) {
        now[0] = (int)i;
        for (size_t j = 1; j <= m; j++) {
            int x = text_letter(a[i - 1]), y = text_letter(b[j - 1]);
            int best = last[j - 1] + (x != y);
            best = last[j] + 1 < best ? last[j] + 1 : best;
            best = now[j - 1] + 1 < best ? now[j - 1] + 1 : best;
            bool swapped = i > 1 && j > 1 && x == text_letter(b[j - 2]) &&
                           y == text_letter(a[i - 2]);
            if (swapped && before[j - 2] + 1 < best)
                best = before[j - 2] + 1;
            now[j] = best;
        }
        int *spare = before;
        before = last;
        last = now;
        now = spare;
    }
    return last[m];
}

const char *text_nearest(const char *word, const char *const *words, size_t count)
{
    const char *best = NULL;
    int least = (int)strlen(word) / 2 + 1;
    for (size_t i = 0; i < count; i++) {
        int d = text_distance(word, words[i]);
        if (d < least) {
            least = d;
            best = words[i];
        }
    }
    return best;
}

void text_vaddf(struct text *t, const char *format, va_list args)
{
    va_list again;
    va_copy(again, args);
    int n = vsnprintf(NULL, 0, format, args);
    if (n > 0 && reserve(t, (size_t)n)) {
        vsnprintf(t->at + t->length, (size_t)n + 1, format, again);
        t->length += (size_t)n;
    }
    va_end(again);
}

void text_addf(struct text *t, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    text_vaddf(t, format, args);
    va_end(args);
}

void text_place(struct text *t, double seconds)
{
    char rest[64];
    double minutes = floor(seconds / 60);
    format_number(rest, sizeof rest, seconds - 60 * minutes, 2);
    if (strcmp(rest, "60.00") == 0) { /* rounded up */
        minutes++;
        strcpy(rest, "0.00");
    }
    text_addf(t, "%.0f:%s%s", minutes, strlen(rest) < 5 ? "0" : "", rest);
}

static void quote(struct text *t, const char *value)
{
    const unsigned char *s = (const unsigned char *)value;
    text_bytes(t, "\"", 1);
    while (*s) {
        unsigned code;
        size_t n = utf8_sequence((const char *)s, &code);
        if (*s == '"' || *s == '\\')
            text_addf(t, "\\%c", *s);
        else if (n > 0 && utf8_is_control(code))
            text_addf(t, "\\u%04x", code);
        else if (n > 0)
            text_bytes(t, (const char *)s, n);
        else
            text_add(t, "\xef\xbf\xbd");
        s += n > 0 ? n : 1;
    }
    text_bytes(t, "\"", 1);
}

static void begin(struct text *t, const char *key)
{
    if (t->comma)
        text_bytes(t, ",", 1);
    t->comma = true;
    if (key) {
        quote(t, key);
        text_bytes(t, ":", 1);
    }
}

void json_open(struct text *t, const char *key, char bracket)
{
    begin(t, key);
    text_bytes(t, &bracket, 1);
    t->comma = false;
}

void json_close(struct text *t, char bracket)
{
    text_bytes(t, &bracket, 1);
    t->comma = true;
}

void json_string(struct text *t, const char *key, const char *value)
{
    begin(t, key);
    quote(t, value);
}

void json_number(struct text *t, const char *key, double value, int decimals)
{
    char number[64];
    begin(t, key);
    if (isfinite(value))
        format_number(number, sizeof number, value, decimals);
    text_add(t, isfinite(value) ? number : "null");
}

void json_whole(struct text *t, const char *key, uint64_t value)
{
    begin(t, key);
    text_addf(t, "%" PRIu64, value);
}

void json_bool(struct text *t, const char *key, bool value)
{
    json_plain(t, key, value ? "true" : "false");
}

void json_plain(struct text *t, const char *key, const char *value)
{
    begin(t, key);
    text_add(t, value);
}
