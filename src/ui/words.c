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

const char *words_recording(const char *path, int cells)
{
    const char *last = path_base(path);
    while (path < last && utf8_cells(path) > cells)
        path = strchr(path, '/') + 1;
    return path;
}

/* --- keys that are named ------------------------------------------------------------ */

static void first_key(const struct app *app, enum screen first, enum action a, char *to,
                      size_t n)
{
    const enum screen on[] = {first, SCREEN_LIBRARY, SCREEN_KIT};
    to[0] = '\0';
    for (size_t i = 0; i < sizeof on / sizeof *on && !to[0]; i++)
        keymap_keys(&app->map, on[i], a, to, n);
    if (!to[0])
        snprintf(to, n, "%s", action_info(a)->name);
    to[strcspn(to, " ")] = '\0';
}

void app_name_keys(const struct app *app, const char *said, char *to, size_t bytes)
{
    static const char library[] = "library.";
    size_t n = 0;
    for (const char *at = said; *at && n + 1 < bytes;) {
        char name[32], key[64];
        const char *end = *at == '{' ? strchr(at, '}') : NULL;
        enum action a = ACT_NONE;
        enum screen on = app->screen;
        if (end && (size_t)(end - at) < sizeof name) {
            const char *of =
                at + 1 +
                (strncmp(at + 1, library, strlen(library)) == 0 ? strlen(library) : 0);
            snprintf(name, sizeof name, "%.*s", (int)(end - of), of);
            a = action_find(name);
            on = of > at + 1 ? SCREEN_LIBRARY : app->screen;
        }
        if (a == ACT_NONE) {
            to[n++] = *at++;
            continue;
        }
        first_key(app, on, a, key, sizeof key);
        size_t room = bytes - n, wrote = strlen(key);
        snprintf(to + n, room, "%s", key);
        n += wrote < room ? wrote : room - 1;
        at = end + 1;
    }
    to[n] = '\0';
}
