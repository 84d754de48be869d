#include "core/budget.h"

#include <stdio.h>

int budget_sectors(const struct target *t, int64_t frames, int channels)
{
    int64_t bytes = frames * channels * (t->bits / 8);
    int64_t sectors = (bytes + t->sector_bytes - 1) / t->sector_bytes;
    return sectors < 1 ? 1 : (int)sectors;
}

void budget_add(struct budget *b, const struct target *t, int64_t frames, int channels)
{
    double seconds = (double)frames * channels / t->rate_hz;
    b->files++;
    b->seconds += seconds;
    b->sectors += budget_sectors(t, frames, channels);
    if (seconds > b->longest_s)
        b->longest_s = seconds;
}

bool budget_ok(const struct budget *b, const struct target *t, char why[96])
{
    if (b->files > t->files)
        snprintf(why, 96, "%d of %d files", b->files, t->files);
    else if (b->longest_s > t->longest_s)
        snprintf(why, 96, "one sample of %.1f s, at most %.0f s", b->longest_s,
                 t->longest_s);
    else if (b->seconds > t->seconds)
        snprintf(why, 96, "%.1f of %.0f s", b->seconds, t->seconds);
    else if (b->sectors > t->sectors)
        snprintf(why, 96, "%d of %d sectors", b->sectors, t->sectors);
    else
        return true;
    return false;
}

bool budget_fits(const struct budget *b, const struct target *t, int64_t frames,
                 int channels, char why[96])
{
    struct budget more = *b;
    budget_add(&more, t, frames, channels);
    return budget_ok(&more, t, why);
}

void budget_text(const struct budget *b, const struct target *t, char text[160])
{
    snprintf(text, 160, "%d of %d files, %.1f of %.0f s, %d of %d sectors", b->files,
             t->files, b->seconds, t->seconds, b->sectors, t->sectors);
}
