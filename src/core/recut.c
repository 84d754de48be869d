#include "core/recut.h"

#include "core/dig.h"
#include "core/project.h"
#include "core/recordings.h"
#include "dsp/drum_class.h"
#include "dsp/hits.h"
#include "dsp/level.h"
#include "dsp/line.h"
#include "dsp/loop.h"
#include "dsp/offset.h"
#include "dsp/pads.h"
#include "dsp/silence.h"
#include "io/manifest.h"
#include "io/part_reader.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { OFFSET_REACH_S = 5 };

void recut_site_init(struct recut_site *s, const char *project,
                     const struct config *otherwise)
{
    char path[PATH_BYTES];
    snprintf(s->project, sizeof s->project, "%s", project);
    s->why.code = ST_OK;
    enum status st = config_defaults(&s->cfg, &s->why);
    if (otherwise)
        s->cfg = *otherwise;
    if (st == ST_OK)
        st = path_join(path, sizeof path, project, "config.effective.yaml", &s->why);
    if (st == ST_OK)
        st = config_load(&s->cfg, path, NULL, &s->why);
    if (st == ST_NOT_FOUND)
        s->why.code = ST_OK;
    recordings_folder(s->recordings, s->cfg.paths.source_audio_dir, project);
}

void recut_done(struct recut *r)
{
    audio_done(&r->sound);
}

void recut_as_mined(struct candidate *c, const struct recut_site *s, const char *filename)
{
    char record[PATH_BYTES];
    struct candidate *known = NULL;
    size_t count = 0;
    project_hidden(record, c->source, ".record");
    if (manifest_read_in(s->project, record, &known, &count, NULL) != ST_OK)
        return;
    for (size_t i = 0; i < count; i++) {
        const struct candidate *mined = &known[i];
        if (mined->missed_by[0] || strcmp(mined->filename, filename) != 0)
            continue;
        c->m = mined->m;
        c->start_frame = mined->start_frame;
        c->end_frame = mined->end_frame;
        c->loop_count = mined->loop_count;
        memcpy(c->loop, mined->loop, sizeof c->loop);
    }
    free(known);
}

/* --- reading --- */

struct cutting {
    struct soundfile *sf;
    struct part_reader from; /* what the miner cut it from */
    const char *recording;
    const struct config *cfg;
    int64_t start, end; /* of the find, inside the recording */
    int64_t frames;     /* of the recording, or very many when it does not say */
    int source_rate_hz, rate_hz;
    struct offsets offset; /* of the recording, taken off */
    struct recut *out;
};

static enum status open_part(struct cutting *c, struct err *e)
{
    bool pad = c->out->c.kind == KIND_PAD && c->cfg->separation.pads;
    bool hit = c->out->c.kind == KIND_DRUM && c->cfg->separation.drums;
    c->from = part_reader_all(c->sf);
    return pad || hit ? part_reader_init(&c->from, c->sf,
                                         pad ? SEPARATE_SUSTAINED : SEPARATE_STRUCK, e)
                      : ST_OK;
}

/* What the miner knows of the whole recording, here from around the find. */
static enum status find_offset(struct cutting *c, struct err *e)
{
    struct audio around;
    int64_t reach = (int64_t)c->source_rate_hz * OFFSET_REACH_S;
    int64_t from = c->start > reach ? c->start - reach : 0;
    int64_t to = c->end + reach < c->frames ? c->end + reach : c->frames;
    enum status st = soundfile_read_region(c->sf, from, (size_t)(to - from), &around, e);
    if (st != ST_OK)
        return st;
    c->offset = part_offset(&c->from, offset_of(&around, from == 0 && to == c->frames));
    audio_done(&around);
    return ST_OK;
}

/* The recording's frames from … to, in mono unless `stereo`, as the miner reads them. */
static enum status read(struct cutting *c, int64_t from, int64_t to, bool stereo,
                        struct audio *out, struct err *e)
{
    enum status st = part_read_region(&c->from, from, (size_t)(to - from), out, e);
    if (st != ST_OK)
        return st;
    offset_remove(out->data, out->frames, out->channels, c->offset);
    return audio_to_channels(out, out->channels > 1 && stereo ? 2 : 1, e);
}

/* --- pads --- */

/* The loop where it was asked for, though it may be too short to judge how it joins. */
static enum status loop_there(const struct audio *around, size_t start, size_t end,
                              const struct loop_params *p, struct looped *loop,
                              struct err *e)
{
    struct loop_list one = {.count = 1};
    enum status st = loop_at(around, start, end, p, &one.option[0], e);
    if (st != ST_OK)
        return st;
    if ((double)(end - start) >= SEAM_MIN_S * around->rate_hz)
        return loop_make_best(around, &one, loop, e);
    loop->seam = (struct seam){.seam_error_db = (double)NAN};
    return loop_cut(around, &one.option[0], &loop->audio, e);
}

/* A near-miss has no loop yet: the best one there is, whatever it sounds like. */
static enum status loop_near(const struct audio *around, size_t *start, size_t *end,
                             const struct loop_params *p, struct looped *loop,
                             struct err *e)
{
    struct loop_list list;
    struct err unused;
    if (loop_search(around, *start, *end, p, &list, &unused) != ST_OK ||
        loop_make_best(around, &list, loop, &unused) != ST_OK)
        return loop_there(around, *start, *end, p, loop, e);
    *start = list.option[0].start;
    *end = list.option[0].end;
    return ST_OK;
}

static enum status cut_pad(struct cutting *c, struct err *e)
{
    struct candidate *find = &c->out->c;
    double fade_ms = c->cfg->pad_miner.loop_crossfade_ms;
    struct loop_params p = {.crossfade_ms = fade_ms, .reach = PAD_REACH};
    int64_t reach = llround(PAD_REACH * (double)(c->end - c->start));
    int64_t fade = llround(2 * fmax(0, fade_ms) * 1e-3 * c->source_rate_hz);
    int64_t from = c->start - reach - fade, to = c->end + reach + 1;
    from = from > 0 ? from : 0;
    to = to < c->frames ? to : c->frames;
    struct audio around;
    enum status st = read(c, from, to, c->cfg->export.pads_stereo, &around, e);
    if (st != ST_OK)
        return st;
    st = level_remove_rumble(&around, e);
    if (st != ST_OK) {
        audio_done(&around);
        return st;
    }
    size_t start = (size_t)(c->start - from), end = (size_t)(c->end - from);
    struct looped loop;
    st = find->loop_count > 0 ? loop_there(&around, start, end, &p, &loop, e)
                              : loop_near(&around, &start, &end, &p, &loop, e);
    audio_done(&around);
    if (st != ST_OK)
        return st;
    c->out->sound = loop.audio;
    c->start = from + (int64_t)start;
    c->end = from + (int64_t)end;
    find->m.seam_error_db = loop.seam.seam_error_db;
    find->loop_count = find->loop_count > 0 ? find->loop_count : 1;
    find->loop[0].start_frame = c->start;
    find->loop[0].end_frame = c->end;
    find->loop[0].seam_error_db = loop.seam.seam_error_db;
    struct keep k = {.peak_dbfs = c->cfg->global.target_peak_dbfs,
                     .loop = true,
                     .channels = loop.audio.channels};
    return dig_finish(&c->out->sound, &k, NULL, c->rate_hz, e);
}

/* --- drums --- */

/* How much of the slice comes before its attack: what the fade-in may cover. The miner
 * starts where it is quiet, else as far before the attack as a fade may be; a start that
 * was moved into the sound gets all of the fade, a quiet one hardly any. */
static enum status attack_of(struct cutting *c, const struct audio *slice, size_t *attack,
                             struct err *e)
{
    static const double looks_s[] = {0, 0.002, 0.005, 0.01, 0.02, 0.03};
    size_t most = (size_t)fmax(1, c->cfg->drum_miner.fade_in_ms * 1e-3 * slice->rate_hz);
    int64_t before = c->source_rate_hz / 10, from = c->start - before;
    from = from > 0 ? from : 0;
    int64_t to = c->start + before < c->frames ? c->start + before : c->frames;
    struct audio around;
    enum status st = read(c, from, to, false, &around, e);
    if (st != ST_OK)
        return st;
    size_t start = (size_t)(c->start - from);
    size_t rest = around.frames - start;
    rest = rest < slice->frames ? rest : slice->frames;
    /* As loud as it was read: the slice may have lost the bass under it. */
    double peak = fmax((double)line_peak(around.data + start, rest), level_peak(slice));
    bool quiet = fabs((double)around.data[start]) <= 1e-3 * peak;
    *attack = quiet ? 1 : most;
    for (size_t i = 0; quiet && i < sizeof looks_s / sizeof *looks_s; i++) {
        size_t near = start + (size_t)(looks_s[i] * around.rate_hz);
        size_t at = onset_attack(around.data, around.frames, around.rate_hz, near);
        if (at > start && at - start <= most + 1 && at != near) {
            *attack = at - start;
            break;
        }
    }
    audio_done(&around);
    return ST_OK;
}

static enum status name_hit(struct candidate *find, const struct audio *slice,
                            struct err *e)
{
    struct drum_verdict v;
    if (find->hit_class[0])
        return ST_OK;
    enum status st = drum_classify(slice, &v, e);
    if (st == ST_OK) {
        snprintf(find->hit_class, sizeof find->hit_class, "%s", drum_class_name(v.best));
        find->m.hit_confidence = v.confidence;
    }
    return st;
}

/* Without the bass under it, where the miner took that out. */
static enum status read_hit(struct cutting *c, struct audio *slice, struct err *e)
{
    bool bass = parts_value(&c->out->c.parts, "bass") > 0;
    int64_t lead = bass ? (int64_t)(HIT_BASS_LEAD_S * c->source_rate_hz) : 0;
    lead = lead < c->start ? lead : c->start;
    struct audio around;
    enum status st =
        read(c, c->start - lead, c->end, c->cfg->export.drums_stereo, &around, e);
    if (st != ST_OK)
        return st;
    if (bass)
        st = hits_cut_bass(&around, e);
    size_t skip = (size_t)lead < around.frames ? (size_t)lead : around.frames;
    if (st == ST_OK)
        st = audio_slice(slice, &around, skip, around.frames - skip, e);
    audio_done(&around);
    return st;
}

static enum status cut_drum(struct cutting *c, struct err *e)
{
    size_t attack = 0;
    struct audio *slice = &c->out->sound;
    struct hits_params p = {.fade_in_ms = c->cfg->drum_miner.fade_in_ms,
                            .fade_out_ms = c->cfg->drum_miner.fade_out_ms};
    enum status st = read_hit(c, slice, e);
    if (st == ST_OK)
        st = attack_of(c, slice, &attack, e);
    if (st == ST_OK)
        st = name_hit(&c->out->c, slice, e);
    if (st == ST_OK && slice->rate_hz != c->rate_hz) {
        attack = (size_t)((double)attack * c->rate_hz / slice->rate_hz);
        st = dig_to_rate(slice, NULL, c->rate_hz, false, e);
    }
    return st == ST_OK
               ? hits_finish(slice, attack, &p, c->cfg->global.target_peak_dbfs, e)
               : st;
}

/* --- silences --- */

static enum status cut_room(struct cutting *c, const struct silence_params *p,
                            struct err *e)
{
    struct audio *piece = &c->out->sound;
    enum status st = read(c, c->start, c->end, c->cfg->export.silences_stereo, piece, e);
    if (st == ST_OK)
        st = dig_to_rate(piece, NULL, c->rate_hz, false, e);
    return st == ST_OK ? silence_finish(piece, p, e) : st;
}

static enum status cut_room_loop(struct cutting *c, const struct silence_params *p,
                                 struct err *e)
{
    struct audio around, *sound = &c->out->sound;
    struct loop_params params = loop_params_default();
    struct looped loop;
    int64_t margin = llround(SILENCE_MARGIN_S * c->source_rate_hz);
    int64_t fade = llround(2 * params.crossfade_ms * 1e-3 * c->source_rate_hz);
    int64_t from = c->start - fade - margin, to = c->end + margin;
    from = from > 0 ? from : 0;
    to = to < c->frames ? to : c->frames;
    enum status st = read(c, from, to, c->cfg->export.silences_stereo, &around, e);
    if (st != ST_OK)
        return st;
    size_t start = (size_t)(c->start - from), end = (size_t)(c->end - from);
    st = silence_prepare_loop(&around, start, end, p, e);
    if (st == ST_OK)
        st = loop_there(&around, start, end, &params, &loop, e);
    audio_done(&around);
    if (st != ST_OK)
        return st;
    *sound = loop.audio;
    c->out->c.m.seam_error_db = loop.seam.seam_error_db;
    st = silence_finish_loop(sound, p, e);
    if (st == ST_OK)
        st = dig_to_rate(sound, NULL, c->rate_hz, true, e);
    return st == ST_OK ? level_normalise(sound, p->target_peak_dbfs, true, e) : st;
}

static enum status cut_silence(struct cutting *c, struct err *e)
{
    const struct candidate *find = &c->out->c;
    struct silence_params p = {.target_peak_dbfs = c->cfg->silence_miner.target_peak_dbfs,
                               .cut_rumble = parts_value(&find->parts, "rumble") > 0};
    return isnan(find->m.loop_end) ? cut_room(c, &p, e) : cut_room_loop(c, &p, e);
}

/* --- all --- */

/* Does the find lie in this recording? Its end may be a little beyond: it was nudged. */
static enum status place(struct cutting *c, const struct candidate *find, struct err *e)
{
    const struct soundfile_info *info = soundfile_info(c->sf);
    c->source_rate_hz = info->rate_hz;
    c->rate_hz = c->rate_hz > 0 ? c->rate_hz : info->rate_hz;
    c->frames = info->claimed_frames > 0 ? info->claimed_frames : INT64_MAX / 4;
    if (find->source_rate_hz <= 0)
        return err_set(e, ST_UNSUPPORTED,
                       "%s has no catalog with the sample rate of its recording; trowel "
                       "--batch index makes one",
                       find->filename);
    if (info->rate_hz != find->source_rate_hz)
        return err_set(e, ST_UNSUPPORTED,
                       "%s has %d Hz, but %s was found in a recording of %d Hz",
                       c->recording, info->rate_hz, find->filename, find->source_rate_hz);
    c->start = find->start_frame > 0 ? find->start_frame : 0;
    c->end = find->end_frame < c->frames ? find->end_frame : c->frames;
    if (c->end <= c->start)
        return err_set(e, ST_EMPTY, "%s: %s lies beyond its end", c->recording,
                       find->filename);
    if ((c->end - c->start) / info->rate_hz > RECUT_MAX_S)
        return err_set(e, ST_REFUSED, "%s is longer than %d s; move its edges closer",
                       find->filename, RECUT_MAX_S);
    return ST_OK;
}

static enum status cut(struct cutting *c, struct err *e)
{
    switch (c->out->c.kind) {
    case KIND_PAD:
        return cut_pad(c, e);
    case KIND_DRUM:
        return cut_drum(c, e);
    default:
        return cut_silence(c, e);
    }
}

static enum status describe(struct cutting *c, struct err *e)
{
    struct candidate *find = &c->out->c;
    candidate_place(find, c->start, c->end);
    find->missed_by[0] = '\0';
    find->sha256[0] = '\0';
    find->saved = true;
    bool loop = find->kind == KIND_PAD || !isnan(find->m.loop_end);
    return dig_measure(find, &c->out->sound, loop, c->cfg, e);
}

enum status recut_make(struct recut *out, const char *recording,
                       const struct candidate *find, const struct config *cfg,
                       int rate_hz, struct err *e)
{
    *out = (struct recut){.c = *find};
    if (!kind_cut(find->kind))
        return err_set(e, ST_REFUSED,
                       "%s was made, not cut: its edges cannot be moved in a recording",
                       find->filename);
    struct cutting c = {
        .recording = recording, .cfg = cfg, .rate_hz = rate_hz, .out = out};
    enum status st = soundfile_open(&c.sf, recording, e);
    if (st != ST_OK)
        return st;
    st = place(&c, find, e);
    if (st == ST_OK)
        st = open_part(&c, e);
    if (st == ST_OK)
        st = find_offset(&c, e);
    if (st == ST_OK)
        st = cut(&c, e);
    if (st == ST_OK)
        st = describe(&c, e);
    part_reader_done(&c.from);
    soundfile_close(c.sf);
    if (st != ST_OK)
        recut_done(out);
    return st;
}

enum status recut_find(struct recut *out, const struct recut_site *s,
                       const struct candidate *c, int rate_hz, struct err *e)
{
    char path[PATH_BYTES];
    *out = (struct recut){0};
    if (s->why.code != ST_OK)
        return err_set(e, s->why.code, "%s", s->why.msg);
    if (kind_cut(c->kind) &&
        (!s->recordings[0] || !recordings_find(path, s->recordings, c->source_path)))
        return err_set(e, ST_NOT_FOUND, "%s: its recording %s is not there", c->filename,
                       c->source_path[0] ? c->source_path : "(unknown)");
    return recut_make(out, path, c, &s->cfg, rate_hz, e);
}

enum status recut_write(struct recut *r, const struct root *root, const char *relative,
                        const struct config *cfg, struct err *e)
{
    int64_t where[2] = {r->c.start_frame, r->c.end_frame};
    struct rng dither =
        rng_derive(r->c.seed, rng_hash(0, r->c.filename, strlen(r->c.filename)), "dither",
                   rng_hash(0, where, sizeof where));
    level_dither(&r->sound, cfg->global.output_bit_depth, &dither);
    return soundfile_write_wav(root, relative, &r->sound, cfg->global.output_bit_depth,
                               r->c.sha256, e);
}
