/* Stage: granular clouds from the stable regions of the recording. */
#include "core/makers.h"

#include "core/survey.h"
#include "dsp/cloud_ground.h"
#include "dsp/key.h"
#include "dsp/pads.h"
#include "dsp/part_units.h"

#include <math.h>
#include <stdio.h>

/* So much of the recording is read for one cloud, in pieces of at most PIECE_S: enough
 * variety for 300 grains, and the same memory for an hour as for a minute. */
static const double MATERIAL_S = 12, PIECE_S = 3;

/* Of a dense piece under drums that much is held, of noise and of a talk less. */
static const double TONE_ALL = 0.3;

enum { PIECES_MAX = 64 };

struct piece {
    int64_t start, end;
};

static double seconds_of(const struct stable_list *l)
{
    double sum = 0;
    for (size_t i = 0; i < l->count; i++)
        sum += l->at[i].end_sec - l->at[i].start_sec;
    return sum;
}

/* The pieces cloud `number` of `clouds` takes its grains from: every cloud its own
 * stretch of the stable ground, so that one recording gives different clouds. */
static size_t choose_pieces(const struct dig *d, const struct stable_list *stable,
                            int number, int clouds, struct piece out[PIECES_MAX])
{
    double total = seconds_of(stable);
    double wanted = fmin(MATERIAL_S, fmax(total / clouds, fmin(total, PIECE_S)));
    double skip = fmax(0, total - wanted) * number / fmax(1, clouds - 1);
    size_t n = 0;
    int rate = d->info.rate_hz;
    for (size_t i = 0; i < stable->count && wanted > 0.01 && n < PIECES_MAX; i++) {
        double start = stable->at[i].start_sec, end = stable->at[i].end_sec;
        double passed = fmin(skip, end - start);
        skip -= passed;
        start += passed;
        while (end - start > 0.05 && wanted > 0.01 && n < PIECES_MAX) {
            double take = fmin(PIECE_S, fmin(end - start, wanted));
            out[n++] =
                (struct piece){llround(start * rate), llround((start + take) * rate)};
            start += take;
            wanted -= take;
        }
    }
    return n;
}

/* Without stable ground: pieces spread over the recording, and the grains look for the
 * calmest fifth in them (dsp.md "Clouds"). */
static size_t spread_pieces(const struct dig *d, int number, int clouds,
                            struct piece *out)
{
    enum { PIECES = 4 };
    const struct track_info *t = track_info(d->track);
    int64_t length = (int64_t)(PIECE_S * t->rate_hz);
    if (t->frames <= PIECES * length) {
        out[0] = (struct piece){0, t->frames};
        return 1;
    }
    int64_t step = (t->frames - length) / PIECES;
    for (int i = 0; i < PIECES; i++) {
        int64_t start = i * step + step * number / (clouds > 0 ? clouds : 1);
        out[i] = (struct piece){start, start + length};
    }
    return PIECES;
}

static enum status gather(struct dig *d, const struct piece *pieces, size_t count,
                          struct audio *out, struct grain_region *regions, struct err *e)
{
    size_t frames = 0;
    int channels = d->info.channels == 1 ? 1 : 2;
    for (size_t i = 0; i < count; i++)
        frames += (size_t)(pieces[i].end - pieces[i].start);
    enum status st = audio_init(out, frames, channels, d->info.rate_hz, e);
    size_t at = 0;
    for (size_t i = 0; i < count && st == ST_OK; i++) {
        struct audio part;
        st = dig_read_pads(d, pieces[i].start, pieces[i].end, channels, &part, e);
        if (st != ST_OK)
            break;
        size_t n = part.frames < out->frames - at ? part.frames : out->frames - at;
        for (size_t k = 0; k < n * (size_t)channels; k++)
            out->data[at * (size_t)channels + k] = part.data[k];
        regions[i] = (struct grain_region){at, at + n};
        at += n;
        audio_done(&part);
    }
    if (st != ST_OK)
        audio_done(out);
    return st;
}

/* How far a tone is held in the pieces. */
static enum status tone_in(struct dig *d, const struct piece *pieces, size_t count,
                           double *tone, struct err *e)
{
    struct stable_region at[PIECES_MAX];
    double rate = d->info.rate_hz, longest_s = 0;
    for (size_t i = 0; i < count; i++) {
        at[i] = (struct stable_region){(double)pieces[i].start / rate,
                                       (double)pieces[i].end / rate};
        longest_s = fmax(longest_s, at[i].end_sec - at[i].start_sec);
    }
    return cloud_ground_tone(at, count, longest_s, dig_pads_track(d), tone, e);
}

static enum status make_cloud(struct dig *d, const struct stable_list *stable, int number,
                              struct err *e)
{
    const struct config *cfg = &d->recipe->cfg;
    struct piece pieces[PIECES_MAX];
    struct grain_region regions[PIECES_MAX];
    int clouds = cfg->clouds.clouds_per_source;
    bool calm = stable->count > 0;
    size_t count = calm ? choose_pieces(d, stable, number, clouds, pieces)
                        : spread_pieces(d, number, clouds, pieces);
    if (count == 0)
        return ST_OK;
    struct audio material, cloud;
    double tone;
    enum status st = tone_in(d, pieces, count, &tone, e);
    if (st == ST_OK)
        st = gather(d, pieces, count, &material, regions, e);
    if (st != ST_OK)
        return st;
    struct key target = dig_target_key(d), own = track_info(d->track)->key;
    struct grains_spec spec = maker_cloud_spec(cfg, key_shift(&own, &target));
    spec.duration_s = maker_loop_s(d, spec.duration_s);
    struct rng r =
        rng_derive(d->recipe->seed, d->content_hash, "cloud", (uint64_t)number);
    struct grains_report report;
    struct grain_material from = {&material, regions, calm ? count : 0};
    st = grains_cloud(&cloud, &from, &spec, &r, &report, e);
    audio_done(&material);
    if (st == ST_OK && dig_go_on(d, e) != ST_OK) {
        audio_done(&cloud);
        return ST_CANCELLED;
    }
    if (st != ST_OK)
        return st == ST_EMPTY ? ST_OK : st;
    struct candidate c;
    dig_candidate(d, &c, KIND_CLOUD, pieces[0].start, pieces[count - 1].end);
    maker_score(&c, &cloud, report.mean_quality, true, &report.seam);
    double toned = fmin(1, tone / TONE_ALL);
    parts_add(&c.parts, "tonal", toned);
    c.m.score *= part_toned(toned);
    char name[160];
    snprintf(name, sizeof name, "cloud_%s_%02d_%%B", d->site.stem, number + 1);
    struct keep k = {
        .name = name, .channels = cloud.channels, .loop = true, .finished = true};
    st = dig_keep(d, &c, &cloud, &k, e);
    return st == ST_EMPTY ? ST_OK : st;
}

/* Where there is less than `least_s` of it, and than a fifth of the recording, what is
 * only too loud counts as well. */
static enum status find_ground(const struct dig *d, double least_s,
                               struct stable_list *out, struct err *e)
{
    struct pre_analysis_params p = survey_pad_params(&d->recipe->cfg).pre_analysis;
    enum status st = stable_find(dig_pads_track(d), &p, out, e);
    const struct track_info *t = track_info(dig_pads_track(d));
    if (st != ST_OK ||
        seconds_of(out) >= fmin(least_s, 0.2 * (double)t->frames / t->rate_hz))
        return st;
    stable_list_done(out);
    p.max_rms_db = 0;
    return stable_find(dig_pads_track(d), &p, out, e);
}

enum status stage_clouds(struct dig *d, struct err *e)
{
    int wanted = d->recipe->cfg.clouds.clouds_per_source;
    if (!dig_wants(d, STAGE_CLOUDS) || wanted < 1)
        return ST_OK;
    struct stable_list stable = {0};
    enum status st = find_ground(d, PIECE_S * wanted, &stable, e);
    if (st == ST_OK)
        st = cloud_ground_choose(&stable, dig_pads_track(d), PIECE_S * wanted, e);
    for (int i = 0; i < wanted && st == ST_OK; i++) {
        st = make_cloud(d, &stable, i, e);
        if (st == ST_OK)
            st = dig_go_on(d, e);
    }
    stable_list_done(&stable);
    return st;
}
