#include "dsp/stable.h"

#include "core/array.h"
#include "dsp/track_sums.h"

#include <math.h>
#include <stdlib.h>

static bool passes(const struct track_window *w, const struct pre_analysis_params *p)
{
    if (!(w->rms_db >= p->min_rms_db && w->rms_db - w->beyond_db <= p->max_rms_db))
        return false;
    if (w->dc > p->max_dc_offset || w->crest > p->max_crest_factor)
        return false;
    if (p->skip_clipped_regions && w->clipped > 0)
        return false;
    if (p->skip_transient_regions && w->onset_rate_hz > p->max_onset_rate_hz)
        return false;
    return !(w->centroid_hz < p->centroid_low_hz || w->centroid_hz > p->centroid_high_hz);
}

static enum status add(struct stable_list *l, size_t *room, double start, double end,
                       struct err *e)
{
    if (!array_grow(&l->at, room, l->count + 1, sizeof *l->at))
        return err_set(e, ST_NO_MEMORY, "no memory to mine a recording");
    l->at[l->count++] = (struct stable_region){start, end};
    return ST_OK;
}

static enum status join_windows(struct track_sums *s, const struct pre_analysis_params *p,
                                double length_s, struct stable_list *out, struct err *e)
{
    double window = fmax(s->cell_s, fmin(p->analysis_window_sec, length_s));
    double hop = fmax(s->cell_s, p->analysis_hop_sec);
    if (length_s < window) /* shorter than a cell: there is nothing to tell apart */
        return add(out, &(size_t){0}, 0.0, length_s, e);
    size_t count = (size_t)floor((length_s - window) / hop + 1e-9) + 1, run = 0, room = 0;
    size_t least = p->min_stable_windows > 1 ? (size_t)p->min_stable_windows : 1;
    least = least < count ? least : count;
    for (size_t i = 0; i <= count; i++) {
        bool good = false;
        if (i < count) {
            size_t from = track_sums_cell(s, (double)i * hop);
            size_t to = track_sums_cell(s, (double)i * hop + window);
            struct track_window w;
            if (to > from) {
                track_sums_window(s, from, to, &w);
                good = passes(&w, p);
            }
        }
        if (good) {
            run++;
            continue;
        }
        if (run >= least) {
            double end = i == count ? length_s : (double)(i - 1) * hop + window;
            enum status st = add(out, &room, (double)(i - run) * hop, end, e);
            if (st != ST_OK)
                return st;
        }
        run = 0;
    }
    return ST_OK;
}

/* Overlapping windows let the end of one region reach into the start of the next, with
 * the window that failed between them: the earlier one keeps what both claim. */
static void part(struct stable_list *l)
{
    size_t kept = 0;
    for (size_t i = 0; i < l->count; i++) {
        struct stable_region r = l->at[i];
        if (kept && r.start_sec < l->at[kept - 1].end_sec)
            r.start_sec = l->at[kept - 1].end_sec;
        if (r.end_sec > r.start_sec)
            l->at[kept++] = r;
    }
    l->count = kept;
}

enum status stable_find(const struct track *t, const struct pre_analysis_params *p,
                        struct stable_list *out, struct err *e)
{
    *out = (struct stable_list){0};
    const struct track_info *info = track_info(t);
    double length_s = (double)info->frames / info->rate_hz;
    size_t room = 0;
    if (info->frames == 0)
        return ST_OK;
    if (!p->enabled)
        return add(out, &room, 0.0, length_s, e);
    struct track_sums s;
    enum status st = track_sums_init(&s, t, p->analysis_window_sec, e);
    if (st != ST_OK)
        return st;
    st = join_windows(&s, p, length_s, out, e);
    track_sums_done(&s);
    if (st != ST_OK)
        stable_list_done(out);
    else
        part(out);
    return st;
}

void stable_list_done(struct stable_list *l)
{
    free(l->at);
    *l = (struct stable_list){0};
}

double stable_share(const struct stable_list *l, double start_sec, double end_sec)
{
    if (!(end_sec > start_sec))
        return 0.0;
    size_t low = 0, high = l->count;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (l->at[middle].end_sec <= start_sec)
            low = middle + 1;
        else
            high = middle;
    }
    double inside = 0.0;
    for (size_t i = low; i < l->count && l->at[i].start_sec < end_sec; i++)
        inside += fmin(end_sec, l->at[i].end_sec) - fmax(start_sec, l->at[i].start_sec);
    return inside / (end_sec - start_sec);
}
