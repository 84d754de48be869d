/* Names from the wild made into names for any file system. */
#include "io/paths.h"

#include "core/rng.h"

#include <stdio.h>
#include <string.h>
#include <wchar.h>

size_t utf8_sequence(const char *text, unsigned *code)
{
    const unsigned char *p = (const unsigned char *)text;
    static const unsigned least[5] = {0, 0, 0x80, 0x800, 0x10000};
    size_t n = p[0] < 0x80       ? 1
               : p[0] >> 5 == 6  ? 2
               : p[0] >> 4 == 14 ? 3
               : p[0] >> 3 == 30 ? 4
                                 : 0;
    if (n <= 1) {
        *code = p[0];
        return n;
    }
    unsigned c = p[0] & (0x7fu >> n);
    for (size_t i = 1; i < n; i++) {
        if (p[i] >> 6 != 2)
            return 0;
        c = c << 6 | (p[i] & 0x3fu);
    }
    *code = c;
    return c < least[n] || c > 0x10ffff || (c >= 0xd800 && c < 0xe000) ? 0 : n;
}

int utf8_encode(char *to, unsigned code)
{
    static const unsigned lead[] = {0, 0xC0, 0xE0, 0xF0};
    int more = code < 0x80 ? 0 : code < 0x800 ? 1 : code < 0x10000 ? 2 : 3;
    to[0] = (char)(lead[more] | code >> 6 * more);
    for (int i = 1; i <= more; i++)
        to[i] = (char)(0x80 | (code >> 6 * (more - i) & 0x3F));
    to[more + 1] = '\0';
    return more + 1;
}

bool utf8_is_control(unsigned c)
{
    return c < 0x20 || (c >= 0x7f && c < 0xa0) || c == 0x2028 || c == 0x2029;
}

/* Invisible characters that turn the direction of text or break lines. */
static bool is_hostile(unsigned c)
{
    return utf8_is_control(c) || (c >= 0x200b && c <= 0x200f) ||
           (c >= 0x202a && c <= 0x202e) || (c >= 0x2060 && c <= 0x206f) || c == 0xfeff ||
           (c >= 0xfff0 && c <= 0xffff) ||
           (c < 0x80 && strchr("/" UNPORTABLE, (int)c) != NULL);
}

/* The small letter of a Latin, Greek or Cyrillic capital, as many bytes long as that,
 * else the character itself. A table of our own: the locale's would differ from machine
 * to machine. */
static unsigned utf8_lower(unsigned c)
{
    static const struct {
        unsigned first, last, step; /* every step-th from the first on is a capital */
        int distance;
    } capitals[] = {
        {'A', 'Z', 1, 32},     {0xc0, 0xd6, 1, 32},     {0xd8, 0xde, 1, 32},
        {0x100, 0x12e, 2, 1},  {0x132, 0x136, 2, 1},    {0x139, 0x147, 2, 1},
        {0x14a, 0x176, 2, 1},  {0x178, 0x178, 1, -121}, {0x179, 0x17d, 2, 1},
        {0x386, 0x386, 1, 38}, {0x388, 0x38a, 1, 37},   {0x38c, 0x38c, 1, 64},
        {0x38e, 0x38f, 1, 63}, {0x391, 0x3ab, 1, 32},   {0x400, 0x40f, 1, 80},
        {0x410, 0x42f, 1, 32}, {0x460, 0x480, 2, 1},    {0x1e00, 0x1e94, 2, 1},
        {0x1ea0, 0x1efe, 2, 1}};
    for (size_t i = 0; i < sizeof capitals / sizeof *capitals && c >= capitals[i].first;
         i++)
        if (c <= capitals[i].last && (c - capitals[i].first) % capitals[i].step == 0)
            return (unsigned)((int)c + capitals[i].distance);
    return c;
}

/* Small letters with and without a mark. */
static const struct {
    unsigned mark;
    const wchar_t *letters, *with;
} marks[] = {
    {0x300, L"aeioun", L"àèìòùǹ"},
    {0x301, L"aeiouyclnrszg", L"áéíóúýćĺńŕśźǵ"},
    {0x302, L"aeioucghjswy", L"âêîôûĉĝĥĵŝŵŷ"},
    {0x303, L"anoiu", L"ãñõĩũ"},
    {0x304, L"aeiou", L"āēīōū"},
    {0x306, L"aegiouи", L"ăĕğĭŏŭй"},
    {0x307, L"cegz", L"ċėġż"},
    {0x308, L"aeiouyеі", L"äëïöüÿёї"},
    {0x30a, L"au", L"åů"},
    {0x30b, L"ou", L"őű"},
    {0x30c, L"cdelnrstz", L"čďěľňřšťž"},
    {0x327, L"cgklnrst", L"çģķļņŗşţ"},
    {0x328, L"aeiu", L"ąęįų"},
};
enum { MARKS = sizeof marks / sizeof *marks };

/* A small letter and a mark as one character, or 0. Names that were on a Mac are spelled
 * in two (NFD), others in one (NFC); a file system may take both for the same. */
static unsigned composed(unsigned letter, unsigned mark)
{
    for (size_t i = 0; i < MARKS; i++) {
        const wchar_t *at = marks[i].mark == mark && letter
                                ? wcschr(marks[i].letters, (wchar_t)letter)
                                : NULL;
        if (at)
            return (unsigned)marks[i].with[at - marks[i].letters];
    }
    return 0;
}

size_t utf8_plain(const char *text, char out[3])
{
    static const struct {
        unsigned small;
        const char *as;
    } others[] = {{0xdf, "ss"}, {0xe6, "ae"}, {0xf0, "d"},  {0xf8, "o"},  {0xfe, "th"},
                  {0x111, "d"}, {0x131, "i"}, {0x142, "l"}, {0x153, "oe"}};
    unsigned code;
    size_t bytes = utf8_sequence(text, &code);
    memset(out, 0, 3);
    if (bytes <= 1) {
        out[0] = bytes ? (char)code : '\0';
        return 1;
    }
    unsigned small = utf8_lower(code);
    for (size_t i = 0; i < sizeof others / sizeof *others; i++)
        if (others[i].small == small)
            snprintf(out, 3, "%s", others[i].as);
    for (size_t i = 0; i < MARKS; i++) {
        const wchar_t *at = wcschr(marks[i].with, (wchar_t)small);
        if (at && marks[i].letters[at - marks[i].with] < 0x80)
            out[0] = (char)marks[i].letters[at - marks[i].with];
    }
    if (small != code && out[0])
        out[0] = (char)(out[0] - 'a' + 'A');
    return bytes;
}

unsigned utf8_folded(const char **text)
{
    unsigned code;
    size_t n = utf8_sequence(*text, &code);
    if (n == 0)
        return NO_UTF8 + (unsigned char)*(*text)++;
    if (code)
        *text += n;
    unsigned mark, lower = utf8_lower(code);
    size_t m = utf8_sequence(*text, &mark);
    unsigned one = m == 2 ? composed(lower, mark) : 0;
    if (one)
        *text += m;
    return one ? one : lower;
}

int stem_compare(const char *a, const char *b)
{
    unsigned x, y;
    do {
        x = utf8_folded(&a);
        y = utf8_folded(&b);
    } while (x && x == y);
    return (x > y) - (x < y);
}

bool stem_same(const char *a, const char *b)
{
    return stem_compare(a, b) == 0;
}

uint64_t stem_hash(const char *name)
{
    uint64_t h = 0;
    for (unsigned c; (c = utf8_folded(&name));)
        h = rng_hash(h, &c, sizeof c);
    return h;
}

/* Windows keeps these for devices, also with an ending. */
static bool is_reserved(const char *name)
{
    static const char *const words[] = {"con", "prn", "aux", "nul"};
    char head[8] = "";
    size_t n = strcspn(name, ".");
    if (n > 4)
        return false;
    memcpy(head, name, n);
    for (size_t i = 0; i < sizeof words / sizeof *words; i++)
        if (stem_same(head, words[i]))
            return true;
    bool numbered = n == 4 && head[3] >= '1' && head[3] <= '9';
    head[3] = '\0';
    return numbered && (stem_same(head, "com") || stem_same(head, "lpt"));
}

/* Take away what must not stand at the end. */
static size_t trim_end(char *out, size_t n)
{
    while (n && (out[n - 1] == '.' || out[n - 1] == ' '))
        n--;
    out[n] = '\0';
    return n;
}

void stem_safe(char out[STEM_BYTES], const char *name)
{
    const char *p = name;
    size_t n = 0;
    while (*p == '.' || *p == '-' || *p == ' ')
        p++;
    while (*p) {
        unsigned code;
        size_t length = utf8_sequence(p, &code);
        bool bad = length == 0 || is_hostile(code);
        size_t taken = length ? length : 1, put = bad ? 1 : taken;
        if (n + put >= STEM_BYTES)
            break;
        if (bad)
            out[n] = '_';
        else
            memcpy(out + n, p, taken);
        n += put;
        p += taken;
    }
    n = trim_end(out, n);
    if (n == 0)
        strcpy(out, "untitled");
    if (is_reserved(out)) {
        n = strlen(out) < STEM_BYTES - 1 ? strlen(out) : STEM_BYTES - 2;
        while (((unsigned char)out[n] & 0xc0) == 0x80)
            n--;
        memmove(out + 1, out, n);
        out[0] = '_';
        trim_end(out, n + 1); /* what made room may stand before a dot */
    }
}

void stem_of_file(char out[STEM_BYTES], const char *path)
{
    char name[1024];
    const char *base = path_base(path);
    snprintf(name, sizeof name, "%.*s", (int)path_stem(base), base);
    stem_safe(out, name);
}

void stem_numbered(char out[STEM_BYTES], const char *stem, int n)
{
    char suffix[16];
    int length = snprintf(suffix, sizeof suffix, "_%d", n);
    size_t room = STEM_BYTES - 1 - (size_t)length, keep = strlen(stem);
    if (keep > room) {
        keep = room;
        while (keep && ((unsigned char)stem[keep] & 0xc0) == 0x80)
            keep--;
    }
    memmove(out, stem, keep);
    memcpy(out + keep, suffix, (size_t)length + 1);
}
