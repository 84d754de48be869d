#include "core/budget.h"

#include <limits.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

int64_t budget_frames(const struct target *t, double seconds)
{
    /* no sound lasts sixty years; whole frames come back as a little more or less */
    double frames = fmin(fabs(seconds), 2e9) * t->rate_hz;
    return isnan(seconds) ? 0 : (int64_t)ceil(frames - 0.05);
}

int budget_sectors(const struct target *t, int64_t frames, int channels)
{
    int64_t bytes = frames * channels * (t->bits / 8);
    int64_t sectors = (bytes + t->sector_bytes - 1) / t->sector_bytes;
    return sectors < 1 ? 1 : sectors > INT_MAX ? INT_MAX : (int)sectors;
}

void budget_add(struct budget *b, const struct target *t, int64_t frames, int channels)
{
    double seconds = (double)frames * channels / t->rate_hz;
    int sectors = budget_sectors(t, frames, channels);
    b->files++;
    b->seconds += seconds;
    b->sectors = sectors > INT_MAX - b->sectors ? INT_MAX : b->sectors + sectors;
    if (seconds > b->longest_s)
        b->longest_s = seconds;
}

enum { LIMITS = 4 };

double budget_told_s(double seconds)
{
    return ceil(10 * seconds - 1e-6) / 10;
}

/* One text for each limit, "" where it is kept to. */
static void each_limit(const struct budget *b, const struct target *t,
                       char over[LIMITS][64])
{
    memset(over, 0, LIMITS * sizeof *over);
    if (b->files > t->files)
        snprintf(over[0], sizeof *over, "%d of %d files", b->files, t->files);
    if (b->longest_s > t->longest_s)
        snprintf(over[1], sizeof *over, "one sample of %.1f s, at most %.0f s",
                 budget_told_s(b->longest_s), t->longest_s);
    if (b->seconds > t->seconds)
        snprintf(over[2], sizeof *over, "%.1f of %.0f s", budget_told_s(b->seconds),
                 t->seconds);
    if (b->sectors > t->sectors)
        snprintf(over[3], sizeof *over, "%d of %d sectors", b->sectors, t->sectors);
}

bool budget_over(const struct budget *b, const struct target *t, char text[160])
{
    char over[LIMITS][64];
    size_t length = 0;
    each_limit(b, t, over);
    text[0] = '\0';
    for (int i = 0; i < LIMITS; i++)
        if (over[i][0])
            length += (size_t)snprintf(text + length, 160 - length, "%s%s",
                                       length ? ", " : "", over[i]);
    return length > 0;
}

bool budget_fits(const struct budget *b, const struct target *t, int64_t frames,
                 int channels, char why[96])
{
    char over[LIMITS][64];
    struct budget more = *b;
    budget_add(&more, t, frames, channels);
    each_limit(&more, t, over);
    for (int i = 0; i < LIMITS; i++)
        if (over[i][0]) {
            snprintf(why, 96, "%s", over[i]);
            return false;
        }
    return true;
}

void budget_text(const struct budget *b, const struct target *t, char text[160])
{
    snprintf(text, 160, "%d of %d files, %.1f of %.0f s, %d of %d sectors", b->files,
             t->files, b->seconds, t->seconds, b->sectors, t->sectors);
}
