#include "dsp/loop.h"
#include "dsp/crossfade.h"
#include "dsp/line.h"
#include "dsp/loop_find.h"

#include <math.h>
#include <string.h>

#define DISTINCT_S 0.04

struct loop_params loop_params_default(void)
{
    return (struct loop_params){.crossfade_ms = 120.0, .reach = 0.25};
}

enum status loop_cut(const struct audio *sound, const struct loop_option *o,
                     struct audio *loop, struct err *e)
{
    *loop = (struct audio){0};
    if (o->end > sound->frames || o->end <= o->start || o->crossfade_frames > o->start ||
        o->crossfade_frames > (o->end - o->start) / 2)
        return err_set(e, ST_EMPTY, "the loop does not lie inside the sound");
    enum status st = audio_slice(loop, sound, o->start, o->end - o->start, e);
    if (st != ST_OK)
        return st;
    line_scrub(loop->data, loop->frames * (size_t)loop->channels);
    size_t lead = (o->start - o->crossfade_frames) * (size_t)sound->channels;
    st = crossfade(loop, sound->data + lead, o->crossfade_frames, e);
    if (st != ST_OK)
        audio_done(loop);
    return st;
}

/* ST_NOTHING when it certainly joins no better than `rival` and is not seamless. */
static enum status make_against(const struct audio *sound, const struct loop_option *o,
                                const struct seam *rival, struct looped *out,
                                struct err *e)
{
    enum status st = loop_cut(sound, o, &out->audio, e);
    if (st != ST_OK)
        return st;
    size_t lead = (o->start - o->crossfade_frames) * (size_t)sound->channels;
    st = seam_measure_against(&out->audio, sound->data + lead, o->crossfade_frames, rival,
                              &out->seam, e);
    if (st != ST_OK)
        audio_done(&out->audio);
    return st;
}

static size_t seconds(const struct audio *sound, double s)
{
    return (size_t)fmax(0.0, round(s * sound->rate_hz));
}

static struct loop_params sane(const struct loop_params *p)
{
    struct loop_params out = p ? *p : loop_params_default();
    if (!(out.crossfade_ms >= 1.0))
        out.crossfade_ms = 1.0;
    if (!(out.reach >= 0.0))
        out.reach = 0.0;
    out.reach = fmin(out.reach, 0.45);
    return out;
}

static size_t fade_of(const struct audio *sound, const struct loop_params *p)
{
    size_t fade = seconds(sound, p->crossfade_ms / 1000.0);
    return fade < CROSSFADE_FRAMES_MAX ? fade : CROSSFADE_FRAMES_MAX;
}

enum status loop_search(const struct audio *sound, size_t start, size_t end,
                        const struct loop_params *params, struct loop_list *out,
                        struct err *e)
{
    *out = (struct loop_list){0};
    end = end < sound->frames ? end : sound->frames;
    if (end <= start)
        return err_set(e, ST_EMPTY, "there is nothing to loop");
    struct loop_params p = sane(params);
    size_t length = end - start, reach = (size_t)(p.reach * (double)length);
    size_t fade = fade_of(sound, &p);
    fade = fade < length / 4 ? fade : length / 4;
    if (start + reach < fade) /* near the beginning: a shorter fade, or a later start */
        fade = (start + reach) / 2;
    struct loop_bounds b = {
        .start_low = start > reach + fade ? start - reach : fade,
        .start_high = start + reach,
        .end_low = end - reach,
        .end_high = end + reach < sound->frames ? end + reach : sound->frames,
        .start = start,
        .end = end,
        .fade = fade,
        .apart = seconds(sound, DISTINCT_S),
        .attacks = p.attacks,
        .clock_s = p.clock_s,
    };
    return loop_find(sound, &b, out, e);
}

enum status loop_search_exact(const struct audio *sound, size_t frames,
                              const struct loop_params *params, struct loop_list *out,
                              struct err *e)
{
    *out = (struct loop_list){0};
    struct loop_params p = sane(params);
    size_t fade = fade_of(sound, &p);
    size_t spare = sound->frames > frames ? sound->frames - frames : 0;
    fade = fade < frames / 4 ? fade : frames / 4;
    fade = fade < spare ? fade : spare;
    if (frames == 0 || fade < 2)
        return err_set(e, ST_EMPTY, "the sound is too short for a loop of that length");
    struct loop_bounds b = {.fade = fade,
                            .apart = seconds(sound, DISTINCT_S),
                            .attacks = p.attacks,
                            .clock_s = p.clock_s};
    return loop_find_exact(sound, frames, &b, out, e);
}

enum status loop_at(const struct audio *sound, size_t start, size_t end,
                    const struct loop_params *params, struct loop_option *out,
                    struct err *e)
{
    *out = (struct loop_option){0};
    struct loop_params p = sane(params);
    size_t fade = fade_of(sound, &p);
    if (end > sound->frames || start >= end)
        return err_set(e, ST_EMPTY, "the loop does not lie inside the sound");
    fade = fade < start ? fade : start;
    fade = fade < (end - start) / 2 ? fade : (end - start) / 2;
    *out = (struct loop_option){.start = start, .end = end, .crossfade_frames = fade};
    return loop_judge(sound, out, e);
}

static void move_to_front(struct loop_list *list, int i)
{
    struct loop_option chosen = list->option[i];
    memmove(list->option + 1, list->option, (size_t)i * sizeof chosen);
    list->option[0] = chosen;
}

/* Twice the crossfade, where there is room: the join then lies in more of what preceded
 * the start. Returns false when there is not. */
static bool lengthen(struct loop_option *o)
{
    size_t twice = 2 * o->crossfade_frames;
    if (twice > o->start || twice > (o->end - o->start) / 2 ||
        twice > CROSSFADE_FRAMES_MAX)
        return false;
    o->crossfade_frames = twice;
    return true;
}

/* Make option `i` (0 … 2·count: the second round with longer crossfades, where only
 * seamless ones count) against the best so far; ST_NOTHING when that one cannot be made,
 * or is none to take. */
static enum status try_option(const struct audio *sound, struct loop_list *list, int i,
                              const struct looped *best, struct looped *made,
                              struct err *e)
{
    struct loop_option o = list->option[i % list->count];
    struct seam rival = best->seam;
    rival.seamless = rival.seamless || i >= list->count;
    if (i >= list->count && !lengthen(&o))
        return ST_NOTHING;
    enum status st = make_against(sound, &o, best->audio.data ? &rival : NULL, made, e);
    if (st == ST_OK && made->seam.seamless)
        list->option[i % list->count] = o;
    return st;
}

enum status loop_make_best(const struct audio *sound, struct loop_list *list,
                           struct looped *out, struct err *e)
{
    struct looped best = {0}, made;
    int taken = 0;
    *out = best;
    if (list->count == 0)
        return err_set(e, ST_EMPTY, "there is no loop to make");
    for (int i = 0; i < 2 * list->count && !(best.audio.data && seam_roomy(&best.seam));
         i++) {
        if (i == list->count && best.seam.seamless)
            break;
        enum status st = try_option(sound, list, i, &best, &made, e);
        if (st == ST_NOTHING)
            continue;
        if (st != ST_OK) {
            audio_done(&best.audio);
            return st;
        }
        if (!best.audio.data || ((i < list->count || made.seam.seamless) &&
                                 seam_better(&made.seam, &best.seam))) {
            audio_done(&best.audio);
            best = made;
            taken = i % list->count;
        } else {
            audio_done(&made.audio);
        }
    }
    move_to_front(list, taken);
    *out = best;
    return ST_OK;
}

/* As long as possible: the ends of the sound, give or take a twelfth. */
static enum status search_ends(const struct audio *sound, struct loop_list *out,
                               struct err *e)
{
    struct loop_params p = loop_params_default();
    size_t n = sound->frames, fade = fade_of(sound, &p);
    fade = fade < n / 12 ? fade : n / 12;
    struct loop_bounds b = {
        .start_low = fade,
        .start_high = fade + n / 12,
        .end_low = n - n / 12,
        .end_high = n,
        .start = fade,
        .end = n,
        .fade = fade,
        .apart = seconds(sound, DISTINCT_S),
    };
    return loop_find(sound, &b, out, e);
}

/* Make the best of the list; it replaces what was made before when it joins better. */
static enum status make_if_better(const struct audio *sound, struct loop_list *list,
                                  struct looped *best, struct loop_option *at,
                                  struct err *e)
{
    struct looped made;
    enum status st = loop_make_best(sound, list, &made, e);
    if (st != ST_OK)
        return st;
    if (best->audio.data && !seam_better(&made.seam, &best->seam)) {
        audio_done(&made.audio);
        return ST_OK;
    }
    audio_done(&best->audio);
    *best = made;
    *at = list->option[0];
    return ST_OK;
}

enum status loop_close(struct audio *sound, struct loop_option *made, struct seam *seam,
                       struct err *e)
{
    struct loop_list list;
    struct looped best = {0};
    struct loop_option at;
    enum status st = search_ends(sound, &list, e);
    if (st == ST_OK)
        st = make_if_better(sound, &list, &best, &at, e);
    if (st != ST_OK)
        return st;
    /* Shorter ones have more places to choose from. */
    static const double parts[] = {0.9, 0.84, 0.78};
    for (size_t k = 0; k < 3 && !seam_roomy(&best.seam); k++) {
        size_t length = (size_t)(parts[k] * (double)sound->frames);
        st = loop_search_exact(sound, length, NULL, &list, e);
        if (st == ST_OK)
            st = make_if_better(sound, &list, &best, &at, e);
        if (st == ST_NO_MEMORY) {
            audio_done(&best.audio);
            return st;
        }
    }
    audio_done(sound);
    *sound = best.audio;
    if (made)
        *made = at;
    if (seam)
        *seam = best.seam;
    return ST_OK;
}
