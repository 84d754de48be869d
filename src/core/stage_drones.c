/* Stage: drones (loops in several pitches and shades) and swells, from the best pads. */
#include "core/dig.h"

#include "core/makers.h"
#include "dsp/drone.h"
#include "dsp/key.h"
#include "dsp/loop.h"
#include "dsp/resample.h"
#include "dsp/stretch.h"
#include "dsp/weave.h"

#include <math.h>
#include <stdio.h>

/* Swells of each stretch, from as many pads. */
enum { SWELLS_EACH = 2 };

/* A drone's level may deviate by so much more than its pad's. */
static const double MORE_SWING_DB = 1.0;

/* A loop at the rate of the output, so that whatever is made of it needs no further
 * conversion. `from` is used up. */
static enum status at_output_rate(const struct dig *d, struct audio *from, size_t frames,
                                  struct audio *to, struct err *e)
{
    enum status st = resample_loop(to, from, frames > 0 ? frames : 1, e);
    to->rate_hz = d->recipe->cfg.global.sample_rate;
    audio_done(from);
    return st;
}

/* The pad with at most `channels`, at the rate of the output. */
static enum status pad_loop(const struct dig *d, const struct material *pad, int channels,
                            struct audio *to, struct err *e)
{
    const struct audio *sound = &pad->sound;
    *to = (struct audio){0};
    enum status st = sound->channels > channels
                         ? audio_convert_channels(to, sound, channels, e)
                         : audio_slice(to, sound, 0, sound->frames, e);
    if (st != ST_OK)
        return st;
    st = dig_to_rate(to, d->converter, d->recipe->cfg.global.sample_rate, true, e);
    if (st != ST_OK)
        audio_done(to);
    return st;
}

/* The pad's own loop, stretched to `frames`; where that would be too far, as often as it
 * takes, so that a loop always has the length that was asked for. */
static enum status own_loop(const struct dig *d, const struct material *pad, int channels,
                            size_t frames, struct audio *loop, struct err *e)
{
    static const size_t furthest = 3;
    struct audio own, rounds;
    enum status st = pad_loop(d, pad, channels, &own, e);
    if (st != ST_OK)
        return st;
    size_t longest = furthest * own.frames, times = (frames + longest - 1) / longest;
    st = audio_round(&rounds, &own, 0, times * own.frames, e);
    audio_done(&own);
    if (st != ST_OK)
        return st;
    st = stretch_time(loop, &rounds, frames, e);
    audio_done(&rounds);
    return st;
}

/* Of loops found in the recording, those that hold more attacks for their length than the
 * pad does are no drones of it, nor those that swell or die away where the pad is even:
 * they would pump, round after round. `from` is the recording's frame that was searched
 * first.
 */
static void keep_calm(const struct dig *d, const struct material *pad, int64_t from,
                      struct loop_list *found)
{
    const struct track *t = dig_pads_track(d);
    struct track_range own;
    track_range(t, pad->start_frame, pad->end_frame, &own);
    double per_frame = (double)track_onset_count(t, pad->start_frame, pad->end_frame) /
                       fmax(1, (double)(pad->end_frame - pad->start_frame));
    int kept = 0;
    for (int i = 0; i < found->count; i++) {
        struct loop_option o = found->option[i];
        int64_t start = from + (int64_t)o.start, end = from + (int64_t)o.end;
        size_t struck =
            track_onset_count(t, start - (int64_t)o.crossfade_frames / 2, end);
        struct track_range r;
        track_range(t, start, end, &r);
        if ((double)struck <= per_frame * (double)(o.end - o.start) + 1e-9 &&
            r.level_sd_db <= own.level_sd_db + MORE_SWING_DB)
            found->option[kept++] = o;
    }
    found->count = kept;
}

/* A loop of the wanted length around the pad; the pad's own, where the recording has no
 * room for it, or nothing there is as calm as the pad. */
static enum status base_loop(struct dig *d, const struct material *pad, int channels,
                             struct audio *loop, double *seam_error_db, struct err *e)
{
    double seconds = maker_loop_s(d, d->recipe->cfg.drones.pad_loop_duration_sec);
    size_t frames = (size_t)llround(seconds * d->info.rate_hz);
    size_t frames_out = (size_t)llround(seconds * d->recipe->cfg.global.sample_rate);
    int64_t margin = (int64_t)frames / 2 + d->info.rate_hz / 4;
    struct audio around;
    int64_t from = pad->start_frame > margin ? pad->start_frame - margin : 0;
    enum status st =
        dig_read_pads(d, from, pad->end_frame + margin, channels, &around, e);
    if (st != ST_OK)
        return st;
    struct loop_params p = loop_params_default();
    struct loop_list found;
    struct looped joined;
    struct err why;
    p.crossfade_ms = d->recipe->cfg.pad_miner.loop_crossfade_ms;
    p.attacks = track_onsets(dig_pads_track(d));
    p.clock_s = (double)from / d->info.rate_hz;
    st = loop_search_exact(&around, frames, &p, &found, &why);
    if (st == ST_OK)
        keep_calm(d, pad, from, &found);
    if (st == ST_OK)
        st = loop_make_best(&around, &found, &joined, &why);
    audio_done(&around);
    if (st == ST_NO_MEMORY)
        return err_set(e, st, "%s", why.msg);
    if (st == ST_OK && !seam_audible(&joined.seam)) {
        *seam_error_db = joined.seam.seam_error_db;
        return at_output_rate(d, &joined.audio, frames_out, loop, e);
    }
    if (st == ST_OK)
        audio_done(&joined.audio);
    *seam_error_db = (double)NAN;
    return own_loop(d, pad, channels, frames_out, loop, e);
}

/* A sound that is made of a pad, as its find tells of it. */
struct derived {
    const struct material *pad;
    enum kind kind;
    struct seam seam;     /* of a loop */
    double seam_error_db; /* of the loop it was made from */
    char name[160];
};

/* `sound` is used up. */
static enum status keep_derived(struct dig *d, const struct derived *derived,
                                struct audio *sound, struct err *e)
{
    const struct material *pad = derived->pad;
    struct candidate c;
    dig_candidate(d, &c, derived->kind, pad->start_frame, pad->end_frame);
    struct keep k = {.name = derived->name,
                     .peak_dbfs = d->recipe->cfg.global.target_peak_dbfs,
                     .loop = kind_loops(derived->kind),
                     .channels = sound->channels};
    maker_score(&c, sound, pad->score, k.loop, &derived->seam);
    c.m.seam_error_db = derived->seam_error_db;
    enum status st = dig_keep(d, &c, sound, &k, e);
    return st == ST_EMPTY ? ST_OK : st;
}

static enum status shades(struct dig *d, const struct material *pad,
                          const struct audio *pitched, int semitones,
                          double seam_error_db, struct err *e)
{
    static const enum drone_tone tones[] = {[VARIANT_WARM] = DRONE_WARM,
                                            [VARIANT_AIRY] = DRONE_AIRY,
                                            [VARIANT_DARK] = DRONE_DARK};
    const struct config *cfg = &d->recipe->cfg;
    const struct config_ints *wanted = &cfg->drones.pad_variants;
    struct drone_tones corners = {.warm_lowpass_hz = cfg->drones.warm_lowpass_hz,
                                  .airy_highpass_hz = cfg->drones.airy_highpass_hz,
                                  .dark_high_cut_hz = cfg->drones.dark_high_cut_hz};
    enum status st = ST_OK;
    for (int i = 0; i < wanted->count && st == ST_OK; i++) {
        struct audio sound;
        struct derived derived = {
            .pad = pad, .kind = KIND_DRONE, .seam_error_db = seam_error_db};
        enum drone_tone tone = tones[wanted->v[i]];
        st = audio_slice(&sound, pitched, 0, pitched->frames, e);
        if (st != ST_OK)
            break;
        st = drone_colour(&sound, tone, &corners, e);
        if (st == ST_OK) /* a made loop may begin anywhere: where no join can be heard */
            st = weave_calm_join(&sound, &derived.seam, e);
        if (st != ST_OK) {
            audio_done(&sound);
            break;
        }
        snprintf(derived.name, sizeof derived.name, "%s_pitch_%+d_loop_%s", d->site.stem,
                 semitones, drone_tone_name(tone));
        st = keep_derived(d, &derived, &sound, e);
    }
    return st;
}

static enum status drones(struct dig *d, const struct material *pad, int shift,
                          struct err *e)
{
    const struct config *cfg = &d->recipe->cfg;
    struct audio base;
    double seam_error_db;
    int channels = cfg->export.pads_stereo ? 2 : 1;
    enum status st = base_loop(d, pad, channels, &base, &seam_error_db, e);
    if (st != ST_OK)
        return st;
    for (int i = 0; i < cfg->drones.pitch_shift_semitones.count && st == ST_OK; i++) {
        struct audio pitched;
        int semitones = cfg->drones.pitch_shift_semitones.v[i];
        st = stretch_pitch(&pitched, &base, semitones + shift, e);
        if (st != ST_OK)
            break;
        drone_unrumble(&pitched);
        st = shades(d, pad, &pitched, semitones, seam_error_db, e);
        audio_done(&pitched);
        if (st == ST_OK)
            st = dig_go_on(d, e);
    }
    audio_done(&base);
    return st;
}

/* "1.5x", "2x": as short as the number allows, whatever the locale. */
static void factor_text(char out[24], double factor)
{
    int hundredths = (int)lround(factor * 100);
    if (hundredths % 100 == 0)
        snprintf(out, 24, "%dx", hundredths / 100);
    else if (hundredths % 10 == 0)
        snprintf(out, 24, "%d.%dx", hundredths / 100, hundredths / 10 % 10);
    else
        snprintf(out, 24, "%d.%02dx", hundredths / 100, hundredths % 100);
}

/* How a swell is made of a loop. */
struct swell_variant {
    double factor; /* by which it is stretched */
    bool reversed;
    uint64_t item; /* number of its random stream */
};

/* The loop keeps its pace inside the swell. */
static enum status swell(struct dig *d, const struct derived *derived,
                         const struct audio *loop, struct swell_variant how,
                         struct err *e)
{
    const struct config *cfg = &d->recipe->cfg;
    struct audio stretched = {0}, sound;
    struct rng r = rng_derive(d->recipe->seed, d->content_hash, "swell", how.item);
    size_t frames = (size_t)llround((double)loop->frames * how.factor);
    enum status st = stretch_any(&stretched, loop, frames > 0 ? frames : 1, &r, e);
    if (st != ST_OK)
        return st;
    struct swell_spec s = {.duration_s = cfg->drones.swell_duration_sec,
                           .fade_in_s = cfg->drones.fade_in_sec,
                           .fade_out_s = cfg->drones.fade_out_sec,
                           .reversed = how.reversed};
    st = drone_swell(&sound, &stretched, &s, &r, e);
    audio_done(&stretched);
    if (st != ST_OK)
        return st == ST_EMPTY ? ST_OK : st;
    return keep_derived(d, derived, &sound, e);
}

static int swells_each(const struct dig *d)
{
    return d->pads.count < SWELLS_EACH ? (int)d->pads.count : SWELLS_EACH;
}

/* Which pad a swell is made from. All stretches of one sound alike: they go from pad to
 * pad, as far as there are any. */
static size_t pad_of(const struct dig *d, int number, int factor)
{
    return (size_t)(factor * swells_each(d) + number - 1) % d->pads.count;
}

/* All swells of pad `p`. */
static enum status swells(struct dig *d, size_t p, int shift, struct err *e)
{
    const struct config *cfg = &d->recipe->cfg;
    const struct config_reals *factors = &cfg->drones.time_stretch_factors;
    const struct material *pad = &d->pads.at[p];
    struct audio own, loop;
    enum status st = pad_loop(d, pad, cfg->export.swells_stereo ? 2 : 1, &own, e);
    if (st != ST_OK)
        return st;
    st = stretch_pitch(&loop, &own, shift, e);
    audio_done(&own);
    if (st != ST_OK)
        return st;
    struct derived derived = {
        .pad = pad, .kind = KIND_SWELL, .seam_error_db = (double)NAN};
    char text[24];
    for (int i = 0; i < factors->count; i++)
        for (int number = 1; number <= swells_each(d) && st == ST_OK; number++) {
            if (pad_of(d, number, i) != p)
                continue;
            factor_text(text, factors->v[i]);
            snprintf(derived.name, sizeof derived.name, "%s_stretch_%s_swell%02d",
                     d->site.stem, text, number);
            struct swell_variant how = {.factor = factors->v[i],
                                        .item = (uint64_t)(number * 100 + i)};
            st = swell(d, &derived, &loop, how, e);
            if (st == ST_OK)
                st = dig_go_on(d, e);
        }
    if (st == ST_OK && p == 0 && cfg->drones.enable_reversal) {
        snprintf(derived.name, sizeof derived.name, "%s_reversed", d->site.stem);
        struct swell_variant how = {.factor = 1, .reversed = true, .item = 99};
        st = swell(d, &derived, &loop, how, e);
    }
    audio_done(&loop);
    return st;
}

enum status stage_drones(struct dig *d, struct err *e)
{
    if (!dig_wants(d, STAGE_DRONES) || d->pads.count == 0)
        return ST_OK;
    const struct track_info *t = track_info(d->track);
    struct key target = dig_target_key(d);
    int shift = key_shift(&t->key, &target);
    enum status st = drones(d, &d->pads.at[0], shift, e);
    size_t used =
        (size_t)(d->recipe->cfg.drones.time_stretch_factors.count * swells_each(d));
    for (size_t p = 0; p < d->pads.count && (p == 0 || p < used) && st == ST_OK; p++)
        st = swells(d, p, shift, e);
    return st;
}
