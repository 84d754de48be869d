#include "io/paths.h"
#include "ui/state.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

void words_time(char *to, size_t n, double seconds, int decimals)
{
    if (!(seconds >= 0) || seconds > 1e8)
        seconds = 0;
    double unit = pow(10, decimals);
    seconds = floor(seconds * unit + 0.5) / unit;
    long whole = (long)seconds;
    int width = decimals > 0 ? 3 + decimals : 2;
    double rest = (double)(whole % 60) + (seconds - (double)whole);
    if (whole >= 3600)
        snprintf(to, n, "%ld:%02ld:%0*.*f", whole / 3600, whole / 60 % 60, width,
                 decimals, rest);
    else
        snprintf(to, n, "%ld:%0*.*f", whole / 60, width, decimals, rest);
}

void words_score(char *to, size_t n, double value)
{
    if (isnan(value)) {
        snprintf(to, n, "-");
        return;
    }
    char digits[32];
    snprintf(digits, sizeof digits, "%.2f", value);
    snprintf(to, n, "%s", digits[0] == '0' ? digits + 1 : digits);
}

void words_count(char *to, size_t n, size_t count)
{
    char plain[32];
    int length = snprintf(plain, sizeof plain, "%zu", count);
    size_t used = 0;
    for (int i = 0; i < length && used + 2 < n; i++) {
        if (i > 0 && (length - i) % 3 == 0)
            to[used++] = ',';
        to[used++] = plain[i];
    }
    to[used] = '\0';
}

const char *words_order(int order)
{
    return order >= ORDER_MEASURE
               ? filter_measure_word((enum measure_id)(order - ORDER_MEASURE))
               : view_order_name(order);
}

enum glyph words_mark(const struct find *f)
{
    if (f->decision == DECISION_ACCEPTED)
        return GLYPH_ACCEPTED;
    if (f->decision == DECISION_REJECTED)
        return GLYPH_REJECTED;
    return f->near_miss ? GLYPH_NEAR_MISS : GLYPH_UNDECIDED;
}

enum role words_mark_role(const struct find *f)
{
    if (f->decision == DECISION_ACCEPTED)
        return ROLE_ACCEPTED;
    if (f->decision == DECISION_REJECTED)
        return ROLE_REJECTED;
    return f->near_miss ? ROLE_NEAR_MISS : ROLE_UNDECIDED;
}

/* How many bytes of a source's stem are the folders it lies in. */
static size_t folders_in(const struct catalog_source *s)
{
    char own[STEM_BYTES];
    if (!strchr(s->path, '/'))
        return 0;
    stem_of_file(own, s->path);
    size_t whole = strlen(s->stem), part = strlen(own);
    bool ends = part < whole && strcmp(s->stem + whole - part, own) == 0;
    return ends ? whole - part : 0;
}

const char *words_name(const struct app *app, const struct find *f, int cells)
{
    if (f->source >= session_source_count(app->session) || utf8_cells(f->name) <= cells)
        return f->name;
    const struct catalog_source *s = session_source(app->session, f->source);
    size_t whole = strlen(s->stem);
    return strncmp(f->name, s->stem, whole) == 0 ? f->name + folders_in(s) : f->name;
}
