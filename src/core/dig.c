#include "core/dig.h"

#include "core/array.h"
#include "core/survey.h"
#include "core/version.h"
#include "dsp/converter.h"
#include "dsp/drum_features.h"
#include "dsp/key.h"
#include "dsp/level.h"
#include "dsp/measure.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* A recording that never gets louder than this holds nothing to find. */
static const double SILENT_PEAK_DB = -90;

/* About how much work there is in a stage, for the time that is left: in seconds of a
 * core, whatever the recording is, from a length on, and for each second of it. */
struct cost {
    double fixed_s, least_s, per_second;
};
/* The analysis of all that sounds; and where pads come from separated sound, of that. */
static const struct cost first_pass = {.per_second = 0.0013},
                         second_pass = {.per_second = 0.003};

/* Drums come before hiss, which is made from them; pads before drones. */
static const struct {
    enum stage stage;
    enum status (*run)(struct dig *, struct err *);
    struct cost cost;
} order[STAGE_COUNT] = {
    {STAGE_PADS, stage_pads, {0.08, 3, 0}},
    {STAGE_DRONES, stage_drones, {0.47, 3, 0}},
    {STAGE_CLOUDS, stage_clouds, {0.22, 0, 0}},
    {STAGE_DRUMS, stage_drums, {0, 0, 0.0007}},
    {STAGE_HISS, stage_hiss, {0.1, 0, 0}},
    {STAGE_SILENCES, stage_silences, {0, 0, 0}},
    {STAGE_DUST, stage_dust, {0.01, 0, 0}},
};

static double cost_of(const struct cost *c, double seconds)
{
    return c->per_second * seconds + (seconds >= c->least_s ? c->fixed_s : 0);
}

static bool separates_pads(const struct recipe *r)
{
    unsigned made = 1u << STAGE_PADS | 1u << STAGE_DRONES | 1u << STAGE_CLOUDS;
    return r->cfg.separation.pads && !r->whole_pads && (r->stages & made);
}

double dig_cost(const struct recipe *r, double seconds)
{
    double cost = cost_of(&first_pass, seconds);
    if (separates_pads(r))
        cost += cost_of(&second_pass, seconds);
    for (int i = 0; i < STAGE_COUNT; i++)
        if (r->stages & 1u << order[i].stage)
            cost += cost_of(&order[i].cost, seconds);
    return cost;
}

/* The share in all work on this recording, of the length its header claims. */
static double share_of(const struct dig *d, const struct cost *c)
{
    double seconds = (double)d->info.claimed_frames / d->info.rate_hz;
    return cost_of(c, seconds) / fmax(dig_cost(d->recipe, seconds), 1e-9);
}

/* DC and nothing on it. */
static bool is_constant(const struct track *t)
{
    size_t hops = track_info(t)->hops, i = 0;
    while (i < hops && track_flags(t, i) & TRACK_STUCK)
        i++;
    return i == hops && hops > 1;
}

static enum status check_sound(const struct dig *d, struct err *e)
{
    const struct track_info *t = track_info(d->track);
    const char *damage = soundfile_damage(d->sf);
    if (t->frames == 0)
        return err_set(e, ST_EMPTY, "%s holds no sound%s%s", d->site.open_path,
                       damage ? ": " : "", damage ? damage : "");
    uint64_t samples = (uint64_t)t->frames * (uint64_t)t->channels;
    if (!(t->peak_db > SILENT_PEAK_DB) && 2 * soundfile_scrubbed(d->sf) > samples)
        return err_set(e, ST_EMPTY,
                       "%s holds no sound: its samples are no finite numbers",
                       d->site.open_path);
    bool silent = !(t->peak_db > SILENT_PEAK_DB);
    if (silent && t->channels > 1 && isfinite(t->loudness_lufs)) /* of every channel */
        return err_set(e, ST_EMPTY,
                       "%s cancels itself out: its channels are in opposite phase; "
                       "invert one of them",
                       d->site.open_path);
    if (silent)
        return err_set(e, ST_EMPTY, "%s is silent from end to end", d->site.open_path);
    if (is_constant(d->track))
        return err_set(e, ST_EMPTY, "%s holds one value from end to end, no sound",
                       d->site.open_path);
    return ST_OK;
}

/* Two channels all but upside down: what is mined is the mean, and of that scraps are
 * left. One channel alone, sustained and bright, is 10 dB louder than the mean's peak. */
static bool nearly_cancels(const struct track_info *t)
{
    static const double louder_db = 15;
    return t->channels == 2 && t->loudness_lufs > t->peak_db + louder_db;
}

/* The parts of the recording that are mined instead of all of it. */
static enum status separate(struct dig *d, struct err *e)
{
    enum status st = ST_OK;
    if (d->recipe->cfg.separation.drums)
        st = part_reader_init(&d->hits_from, d->sf, SEPARATE_STRUCK, e);
    if (st != ST_OK || !separates_pads(d->recipe))
        return st;
    st = part_reader_init(&d->pads_from, d->sf, SEPARATE_SUSTAINED, e);
    double from = d->progress.from, to = from + share_of(d, &second_pass);
    if (st == ST_OK)
        st = survey_read(&d->pads_from, (struct survey_progress){from, to}, d->ctx,
                         &d->pads_track, e);
    d->progress.from = to;
    return st;
}

static void tell_doubts(const struct dig *d, const struct log *log)
{
    const char *path = d->site.open_path, *source = d->site.source_path;
    char doubts[SOUNDFILE_DOUBTS_BYTES];
    if (soundfile_doubts(d->sf, doubts)[0])
        log_about(log, source, "%s: %s", path, doubts);
    if (nearly_cancels(track_info(d->track)))
        log_about(
            log, source,
            "%s nearly cancels itself out: its channels are almost in opposite phase; "
            "invert one of them, or only what is left of their mean is mined",
            path);
}

enum status dig_open(struct dig *d, const struct recipe *recipe,
                     const struct dig_site *site, const struct job_context *ctx,
                     struct err *e)
{
    *d = (struct dig){.recipe = recipe, .site = *site, .ctx = ctx};
    enum status st = soundfile_open(&d->sf, site->open_path, e);
    if (st != ST_OK)
        return st;
    d->info = *soundfile_info(d->sf);
    d->pads_from = d->hits_from = part_reader_all(d->sf);
    soundfile_begin_hash(d->sf);
    d->progress.from = share_of(d, &first_pass);
    st = survey_read(&d->pads_from, (struct survey_progress){0, d->progress.from}, ctx,
                     &d->track, e);
    if (st == ST_OK)
        st = soundfile_hash(d->sf, &d->content_hash, e);
    if (st == ST_OK)
        st = check_sound(d, e);
    if (st == ST_OK)
        st = separate(d, e);
    if (st == ST_OK)
        st = similarity_new(&d->similarity, recipe->cfg.global.sample_rate, e);
    if (st == ST_OK)
        st = trace_maker_new(&d->tracer, recipe->cfg.global.sample_rate, e);
    if (st == ST_OK)
        st = measurer_new(&d->measurer, recipe->cfg.global.sample_rate, e);
    if (st == ST_OK && site->root)
        st = converter_new(&d->converter, d->info.rate_hz, recipe->cfg.global.sample_rate,
                           e);
    if (st != ST_OK) {
        dig_done(d);
        return st;
    }
    tell_doubts(d, job_log(ctx));
    d->bpm = survey_bar_tempo(&recipe->cfg, d->track);
    return ST_OK;
}

bool dig_wants(const struct dig *d, enum stage s)
{
    return d->recipe->stages & 1u << s;
}

enum status dig_go_on(const struct dig *d, struct err *e)
{
    return job_cancelled(d->ctx)
               ? err_set(e, ST_CANCELLED, "%s: interrupted", d->site.source_path)
               : ST_OK;
}

void dig_part(const struct dig *d, double part)
{
    job_progress(d->ctx, d->progress.from + d->progress.share * part, d->progress.stage);
}

enum status dig_run(struct dig *d, struct err *e)
{
    for (int i = 0; i < STAGE_COUNT; i++) {
        d->progress.share =
            dig_wants(d, order[i].stage) ? share_of(d, &order[i].cost) : 0;
        d->progress.stage = stage_name(order[i].stage);
        dig_part(d, 0);
        size_t first = d->finds.count;
        enum status st = dig_go_on(d, e);
        if (st == ST_OK)
            st = order[i].run(d, e);
        if (st == ST_OK)
            st = dig_settle(d, e);
        if (st == ST_OK)
            st = dig_flush(d, first, e);
        if (st != ST_OK)
            return st;
        if (d->site.found && d->finds.count > first)
            d->site.found(d->site.found_user, d, first);
        d->progress.from += d->progress.share;
    }
    return ST_OK;
}

static void material_list_done(struct material_list *l)
{
    for (size_t i = 0; i < l->count; i++)
        audio_done(&l->at[i].sound);
    free(l->at);
}

void dig_done(struct dig *d)
{
    part_reader_done(&d->pads_from);
    part_reader_done(&d->hits_from);
    soundfile_close(d->sf);
    track_free(d->track);
    track_free(d->pads_track);
    similarity_free(d->similarity);
    trace_maker_free(d->tracer);
    measurer_free(d->measurer);
    converter_free(d->converter);
    drum_ear_free(d->ear);
    dig_batch_free(d->batch);
    find_list_done(&d->finds);
    material_list_done(&d->pads);
    material_list_done(&d->hits);
    memset(d, 0, sizeof *d);
}

enum status material_add(struct material_list *l, struct material *m, struct err *e)
{
    if (!array_grow(&l->at, &l->room, l->count + 1, sizeof *l->at)) {
        audio_done(&m->sound);
        return err_set(e, ST_NO_MEMORY, "no memory for %zu sounds", l->count + 1);
    }
    l->at[l->count++] = *m;
    return ST_OK;
}

void dig_candidate(const struct dig *d, struct candidate *c, enum kind kind,
                   int64_t start, int64_t end)
{
    candidate_clear(c);
    c->kind = kind;
    snprintf(c->source, sizeof c->source, "%s", d->site.stem);
    snprintf(c->source_path, sizeof c->source_path, "%s", d->site.source_path);
    c->source_rate_hz = d->info.rate_hz;
    candidate_place(c, start, end);
    const struct tempo *tempo = &track_info(d->track)->tempo;
    if (tempo->bpm > 0) {
        c->m.bpm = tempo->bpm;
        c->m.bpm_confidence = tempo->confidence;
    }
    c->seed = d->recipe->seed;
    snprintf(c->algorithm_version, sizeof c->algorithm_version, "%s",
             TROWEL_ALGORITHM_VERSION);
}

/* What is to be read, and with how many channels at most. */
struct region {
    struct part_reader *from;
    int64_t start;
    size_t frames;
    int channels;
};

/* A region without its DC offset. */
static enum status read_piece(const struct dig *d, const struct region *r,
                              struct audio *out, struct err *e)
{
    enum status st = part_read_region(r->from, r->start, r->frames, out, e);
    if (st != ST_OK)
        return st;
    offset_remove(out->data, out->frames, out->channels,
                  part_offset(r->from, track_info(d->track)->offset));
    return audio_to_channels(out, out->channels == 1 ? 1 : r->channels, e);
}

/* With many channels (a mixing desk's 32 tracks) piece by piece, each folded to
 * `channels` at once: two minutes of all of them would take a gigabyte. */
static enum status read_many(const struct dig *d, const struct region *r,
                             struct audio *out, struct err *e)
{
    enum { PIECE = 1 << 16 };
    size_t width = (size_t)r->channels;
    enum status st = audio_init(out, r->frames, r->channels, d->info.rate_hz, e);
    for (size_t at = 0; at < r->frames && st == ST_OK; at += PIECE) {
        struct audio piece;
        struct region some = *r;
        some.start += (int64_t)at;
        some.frames = r->frames - at < PIECE ? r->frames - at : PIECE;
        st = read_piece(d, &some, &piece, e);
        if (st != ST_OK)
            break;
        memcpy(out->data + at * width, piece.data,
               some.frames * width * sizeof *out->data);
        audio_done(&piece);
    }
    if (st != ST_OK)
        audio_done(out);
    return st;
}

/* The region from its start to `end`, as far as it lies in the recording. */
static enum status read_until(const struct dig *d, struct region r, int64_t end,
                              struct audio *out, struct err *e)
{
    int64_t frames = track_info(d->track)->frames;
    r.start = r.start < 0 ? 0 : r.start;
    end = end > frames ? frames : end;
    r.frames = end > r.start ? (size_t)(end - r.start) : 0;
    return d->info.channels > 2 ? read_many(d, &r, out, e) : read_piece(d, &r, out, e);
}

enum status dig_read(struct dig *d, int64_t start, int64_t end, int channels,
                     struct audio *out, struct err *e)
{
    struct part_reader all = part_reader_all(d->sf);
    struct region r = {.from = &all, .start = start, .channels = channels};
    return read_until(d, r, end, out, e);
}

enum status dig_read_pads(struct dig *d, int64_t start, int64_t end, int channels,
                          struct audio *out, struct err *e)
{
    struct region r = {.from = &d->pads_from, .start = start, .channels = channels};
    enum status st = read_until(d, r, end, out, e);
    if (st != ST_OK)
        return st;
    st = level_remove_rumble(out, e);
    if (st != ST_OK)
        audio_done(out);
    return st;
}

const struct track *dig_pads_track(const struct dig *d)
{
    return d->pads_track ? d->pads_track : d->track;
}

struct key dig_target_key(const struct dig *d)
{
    struct key k = key_none();
    const char *wanted = d->recipe->cfg.musicality.target_key;
    if (wanted[0] && !key_parse(wanted, &k))
        k = key_none();
    return k;
}
