/* From sound to file: rate, channels, level, dither, measures, name, and the find. */
#include "core/dig.h"

#include "dsp/brightness.h"
#include "dsp/key.h"
#include "dsp/level.h"
#include "dsp/measure.h"
#include "dsp/resample.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

static void replace(struct audio *a, struct audio *with)
{
    audio_done(a);
    *a = *with;
    *with = (struct audio){0};
}

enum status dig_to_rate(struct audio *a, int rate_hz, bool loop, struct err *e)
{
    if (a->rate_hz == rate_hz)
        return ST_OK;
    struct audio out;
    double frames = (double)a->frames * rate_hz / a->rate_hz;
    enum status st = loop ? resample_loop(&out, a, (size_t)llround(fmax(1, frames)),
                                          RESAMPLE_MEDIUM, e)
                          : resample_rate(&out, a, rate_hz, RESAMPLE_MEDIUM, e);
    if (st == ST_OK) {
        out.rate_hz = rate_hz;
        replace(a, &out);
    }
    return st;
}

static enum status to_channels(struct audio *a, int channels, struct err *e)
{
    if (a->channels == channels)
        return ST_OK;
    struct audio out;
    enum status st = audio_convert_channels(&out, a, channels, e);
    if (st == ST_OK)
        replace(a, &out);
    return st;
}

enum status dig_finish(struct audio *a, const struct keep *k, int rate_hz, struct err *e)
{
    if (k->finished)
        return ST_OK;
    enum status st = to_channels(a, k->channels, e);
    if (st == ST_OK)
        st = dig_to_rate(a, rate_hz, k->loop, e);
    if (st != ST_OK)
        return st;
    level_scrub(a);
    st = level_remove_dc(a, k->loop, NULL, e);
    if (st == ST_OK && !k->loop)
        level_close_ends(a, 2, 10);
    return st == ST_OK ? level_normalise(a, k->peak_dbfs, k->loop, e) : st;
}

enum status dig_measure(struct measurer *measurer, struct candidate *c,
                        const struct audio *a, bool loop, const struct config *cfg,
                        struct err *e)
{
    enum status st =
        measurer ? measurer_sample(measurer, a, &c->m, e) : measure_sample(a, &c->m, e);
    if (st != ST_OK)
        return st;
    if (loop) {
        c->m.loop_start = 0;
        c->m.loop_end = (double)a->frames;
    }
    if (!c->brightness[0])
        snprintf(c->brightness, sizeof c->brightness, "%s",
                 brightness_tag(c->m.centroid_hz, cfg->brightness_tags.centroid_low_hz,
                                cfg->brightness_tags.centroid_high_hz));
    if (!c->key[0] && (c->kind == KIND_PAD || c->kind == KIND_DRONE ||
                       c->kind == KIND_SWELL || c->kind == KIND_CLOUD)) {
        struct key key;
        st = key_of_sound(a->data, a->frames, a->channels, a->rate_hz, &key, e);
        if (st != ST_OK)
            return st;
        snprintf(c->key, sizeof c->key, "%s", key.name);
        if (key.name[0])
            c->m.key_confidence = (double)key.confidence;
    }
    struct grade_limits limits = {
        .min_rms_db = cfg->curation.thresholds.min_rms_db,
        .clipping_tolerance = cfg->curation.thresholds.clipping_tolerance,
        .max_crest_factor = cfg->curation.thresholds.max_crest_factor};
    c->grade = measure_grade(&c->m, &limits);
    return ST_OK;
}

/* "%B" in a name is the brightness tag, with its underscore gone when tags are off. */
static void expand_name(char *out, size_t size, const char *name, const char *tag)
{
    const char *mark = strstr(name, "_%B");
    if (!mark)
        snprintf(out, size, "%s", name);
    else if (tag[0])
        snprintf(out, size, "%.*s_%s%s", (int)(mark - name), name, tag, mark + 3);
    else
        snprintf(out, size, "%.*s%s", (int)(mark - name), name, mark + 3);
}

/* The folder of a category, without an ending slash; "" is the root. */
static enum status folder_of(char *out, size_t size, const struct dig *d,
                             enum category category, struct err *e)
{
    enum status st =
        path_join(out, size, d->site.folder,
                  d->site.category_folders ? category_folder(category) : "", e);
    if (st == ST_OK && out[0] && out[strlen(out) - 1] == '/')
        out[strlen(out) - 1] = '\0';
    return st;
}

static enum status place(char *out, size_t size, const struct dig *d,
                         enum category category, const char *filename, struct err *e)
{
    char folder[PATH_BYTES];
    enum status st = folder_of(folder, sizeof folder, d, category, e);
    return st == ST_OK ? path_join(out, size, folder, filename, e) : st;
}

enum status dig_flush(const struct dig *d, size_t first, struct err *e)
{
    bool written[CAT_COUNT] = {false};
    enum status st = ST_OK;
    for (size_t i = first; i < d->finds.count; i++)
        if (d->finds.at[i].saved)
            written[kind_category(d->finds.at[i].kind)] = true;
    for (int c = 0; c < CAT_COUNT && st == ST_OK; c++) {
        char folder[PATH_BYTES];
        if (!written[c])
            continue;
        st = folder_of(folder, sizeof folder, d, (enum category)c, e);
        if (st == ST_OK)
            st = root_flush(d->site.root, folder, e);
    }
    return st;
}

/* A file that is not ours keeps its name; ours takes the next free number. */
static enum status choose_name(char *relative, size_t size, const struct dig *d,
                               struct candidate *c, const char *base, struct err *e)
{
    for (int n = 1; n < 1000; n++) {
        if (n == 1)
            snprintf(c->filename, sizeof c->filename, "%.200s.wav", base);
        else
            snprintf(c->filename, sizeof c->filename, "%.200s_%d.wav", base, n);
        enum status st = place(relative, size, d, kind_category(c->kind), c->filename, e);
        if (st != ST_OK || !d->site.root || !root_exists(d->site.root, relative) ||
            (d->site.is_ours && d->site.is_ours(d->site.user, relative)))
            return st;
    }
    return err_set(e, ST_EXISTS, "%s: too many files of this name are in the way", base);
}

static enum status write_file(struct dig *d, struct candidate *c, const struct audio *a,
                              const char *base, struct err *e)
{
    char relative[PATH_BYTES];
    enum status st = choose_name(relative, sizeof relative, d, c, base, e);
    if (st != ST_OK || !d->site.root)
        return st;
    if (c->grade == 'F' && d->recipe->cfg.curation.auto_delete_grade_f)
        return ST_OK;
    if (d->site.announce && !d->site.announce(d->site.user, relative))
        return err_set(e, ST_DISK, "%s: the project's journal cannot be written",
                       relative);
    st = soundfile_place_wav(d->site.root, relative, a,
                             d->recipe->cfg.global.output_bit_depth, c->sha256, e);
    c->saved = st == ST_OK;
    return st;
}

static enum status add_find(struct dig *d, const struct candidate *find,
                            const float *vector, const struct trace *trace, struct err *e)
{
    struct candidate *slot = find_list_add(&d->finds);
    if (!slot)
        return err_set(e, ST_NO_MEMORY, "no memory for the finds of %s",
                       d->site.source_path);
    *slot = *find;
    if (vector)
        memcpy(d->finds.vectors + (d->finds.count - 1) * SIMILARITY_DIM, vector,
               SIMILARITY_DIM * sizeof *vector);
    if (trace)
        d->finds.traces[d->finds.count - 1] = *trace;
    return ST_OK;
}

enum status dig_keep(struct dig *d, const struct candidate *c, struct audio *sound,
                     const struct keep *k, struct err *e)
{
    const struct config *cfg = &d->recipe->cfg;
    enum status st = dig_finish(sound, k, cfg->global.sample_rate, e);
    struct candidate find = *c;
    if (st == ST_OK) {
        struct rng dither = rng_derive(d->recipe->seed, d->content_hash, "dither",
                                       rng_hash(0, k->name, strlen(k->name)));
        level_dither(sound, cfg->global.output_bit_depth, &dither);
        st = dig_measure(d->measurer, &find, sound, k->loop, cfg, e);
    }
    float vector[SIMILARITY_DIM];
    struct trace trace = {0};
    if (st == ST_OK)
        st = similarity_vector(d->similarity, sound, vector, e);
    if (st == ST_OK && find.kind == KIND_DRUM)
        trace_take(d->tracer, sound, &trace);
    if (st == ST_OK) {
        char base[256];
        expand_name(base, sizeof base, k->name,
                    cfg->brightness_tags.enabled ? find.brightness : "");
        st = write_file(d, &find, sound, base, e);
    }
    audio_done(sound);
    return st == ST_OK ? add_find(d, &find, vector, &trace, e) : st;
}

enum status dig_tell(struct dig *d, const struct candidate *c, const char *name,
                     struct err *e)
{
    char relative[PATH_BYTES];
    struct candidate find = *c;
    enum status st = choose_name(relative, sizeof relative, d, &find, name, e);
    return st == ST_OK ? add_find(d, &find, NULL, NULL, e) : st;
}

enum status dig_miss(struct dig *d, const struct candidate *c, const char *what,
                     int number, struct err *e)
{
    struct candidate find = *c;
    snprintf(find.filename, sizeof find.filename, "%s_%s_miss%02d.wav", d->site.stem,
             what, number);
    find.m.duration_sec = c->m.end_sec - c->m.start_sec;
    find.saved = false;
    return add_find(d, &find, NULL, NULL, e);
}
