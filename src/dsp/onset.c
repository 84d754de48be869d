#include "dsp/onset.h"

#include "core/array.h"

#include <math.h>
#include <stdbool.h>
#include <stdlib.h>

/* An onset is timed by where the novelty passes this share of its peak, which comes so
 * long before the physical onset (half a window sees it earlier): measured median on
 * drums, plucked and struck notes. What rises slowly peaks up to 15 ms later than what is
 * struck, but begins to rise at the same time. The lower the peak, the more of the stroke
 * the window must hold: the lead is shorter by EDGE_LATE_S over the peak's novelty. */
static const double EDGE_SHARE = 0.5, EDGE_AHEAD_S = 0.0036, EDGE_LATE_S = 0.006;

/* The more of nothing it begins in, the earlier the novelty has half its peak: a window
 * that holds the first hundredth of a loud stroke is decades above silence, up to 9 ms
 * before the stroke. There the samples tell the start. The last that rises is meant: the
 * echo of a coder, or a gate, may open before. */
static const double RISE_BEFORE_S = 0.005, RISE_AFTER_S = 0.012;

/* A peak is measured against this share of the mean around it. Much of that mean is the
 * strokes next door, of which no more counts than NEAR_CAP: in full, they would hide the
 * soft ones between them. */
static const double NEAR_WEIGHT = 0.5, NEAR_CAP = 9;

/* Frames of the earlier scripts' settings. */
static const double USER_FRAME_S = 512.0 / 44100;
static const double USER_DELTA = 0.05, USER_WAIT = 30;

struct onset_params onset_params_default(void)
{
    return (struct onset_params){
        .threshold = 1,
        .pre_max_s = 0.0232,
        .post_max_s = 0.0232,
        /* Short of a sixteenth at 240 bpm, whose strokes would hide each other. */
        .pre_avg_s = 0.0464,
        .post_avg_s = 0.0464,
        .min_gap_s = 0.03,
        .restless_s = 0.755,
        .restless_weight = 1.6,
        .restless_cap = 0.9,
    };
}

struct onset_params onset_params_user(double delta, double wait, double pre_max,
                                      double post_max, double pre_avg, double post_avg)
{
    struct onset_params p = onset_params_default();
    if (delta >= 0)
        p.threshold *= delta / USER_DELTA;
    if (wait >= 0)
        p.min_gap_s *= wait / USER_WAIT;
    if (pre_max >= 0)
        p.pre_max_s = pre_max * USER_FRAME_S;
    if (post_max >= 0)
        p.post_max_s = post_max * USER_FRAME_S;
    if (pre_avg >= 0)
        p.pre_avg_s = pre_avg * USER_FRAME_S;
    if (post_avg >= 0)
        p.post_avg_s = post_avg * USER_FRAME_S;
    return p;
}

void onset_list_done(struct onset_list *l)
{
    free(l->at);
    *l = (struct onset_list){0};
}

size_t onset_list_find(const struct onset_list *l, double time_s)
{
    size_t low = 0, high = l->count;
    while (low < high) {
        size_t mid = low + (high - low) / 2;
        if (l->at[mid].time_s < time_s)
            low = mid + 1;
        else
            high = mid;
    }
    return low;
}

static double value_at(const struct novelty *v, size_t i)
{
    return isfinite(v->at[i]) ? (double)v->at[i] : 0;
}

static bool is_set(const unsigned char *bits, size_t i)
{
    return bits && (bits[i / 8] >> i % 8 & 1);
}

static size_t frames_of(double seconds, double hop_s)
{
    double frames = round(seconds / hop_s);
    return frames > 0 ? frames < 1e6 ? (size_t)frames : 1000000 : 0;
}

struct window {
    size_t before, after;
};

static bool is_peak(const struct novelty *v, size_t i, struct window w)
{
    double here = value_at(v, i);
    size_t first = i > w.before ? i - w.before : 0;
    size_t last = v->n - i > w.after ? i + w.after : v->n - 1;
    for (size_t k = first; k <= last; k++) {
        /* An end is no rival, but what leads up to one is its flank. */
        bool rival = k == i + 1 || !is_set(v->ends, k);
        double there = rival ? value_at(v, k) : 0;
        if (there > here || (there == here && k < i)) /* the first of a plateau */
            return false;
    }
    return true;
}

/* Where before the peak `i`, and after `first`, the novelty passes EDGE_SHARE of it; in
 * frames. */
static double edge_of(const struct novelty *v, size_t i, size_t first)
{
    double level = EDGE_SHARE * value_at(v, i);
    while (i > first && value_at(v, i - 1) >= level)
        i--;
    if (i == first)
        return (double)i;
    double below = value_at(v, i - 1), above = value_at(v, i);
    return (double)(i - 1) + (level - below) / (above - below);
}

/* Where the sound rises that is heard to begin about `t`, or else `t`. */
static double rise_near(const struct novelty *v, double t)
{
    size_t low = 0, high = v->rises; /* the first behind */
    while (low < high) {
        size_t mid = low + (high - low) / 2;
        if (v->rise_s[mid] <= t + RISE_AFTER_S)
            low = mid + 1;
        else
            high = mid;
    }
    return low > 0 && v->rise_s[low - 1] >= t - RISE_BEFORE_S ? v->rise_s[low - 1] : t;
}

static bool append(struct onset_list *l, size_t *room, struct onset o)
{
    if (!array_grow(&l->at, room, l->count + 1, sizeof *l->at))
        return false;
    l->at[l->count++] = o;
    return true;
}

/* Running mean of min(novelty, cap) over a window that slides by one. */
struct running {
    struct window w;
    double cap, sum;
    size_t low, high; /* `sum` is over [low, high) */
};

static double running_mean(struct running *r, const struct novelty *v, size_t i)
{
    for (; r->high < v->n && r->high <= i + r->w.after; r->high++)
        r->sum += fmin(value_at(v, r->high), r->cap);
    for (; r->low + r->w.before < i; r->low++)
        r->sum -= fmin(value_at(v, r->low), r->cap);
    return fmax(0, r->sum / (double)(r->high - r->low));
}

enum status onset_pick(const struct novelty *v, const struct onset_params *p,
                       struct onset_list *out, struct err *e)
{
    *out = (struct onset_list){0};
    struct window max = {frames_of(p->pre_max_s, v->hop_s),
                         frames_of(p->post_max_s, v->hop_s)};
    size_t wide = frames_of(p->restless_s, v->hop_s);
    struct running near = {
        .w = {frames_of(p->pre_avg_s, v->hop_s), frames_of(p->post_avg_s, v->hop_s)},
        .cap = NEAR_CAP};
    struct running around = {.w = {wide, wide}, .cap = p->restless_cap};
    size_t room = 0;
    double last_s = -(double)INFINITY;
    for (size_t i = 0; i < v->n; i++) {
        double above = value_at(v, i) - NEAR_WEIGHT * running_mean(&near, v, i);
        double need = p->threshold + p->restless_weight * running_mean(&around, v, i);
        if (above < need || above <= 0 || is_set(v->ends, i) || !is_peak(v, i, max))
            continue;
        double t = edge_of(v, i, i > max.before ? i - max.before : 0) * v->hop_s;
        t += fmax(0, EDGE_AHEAD_S - EDGE_LATE_S / value_at(v, i));
        t = rise_near(v, t);
        bool click = is_set(v->clicks, i);
        if (t - last_s <= p->min_gap_s) {
            if (click || !out->at[out->count - 1].click)
                continue;
            out->count--; /* what begins so soon after a click takes its place */
        }
        double strength = need > 0 ? above / need : above;
        if (!append(out, &room, (struct onset){t, (float)strength, click})) {
            onset_list_done(out);
            return err_set(e, ST_NO_MEMORY, "no memory for the list of onsets");
        }
        last_s = t;
    }
    return ST_OK;
}
