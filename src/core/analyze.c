#include "core/analyze.h"

#include "core/why.h"
#include "io/number.h"

#include <math.h>

static void number_line(struct text *out, const char *name, double value, int decimals,
                        const char *unit)
{
    char number[64];
    if (isfinite(value))
        format_number(number, sizeof number, value, decimals);
    text_addf(out, "%-17s %s%s%s\n", name, isfinite(value) ? number : "none",
              isfinite(value) && unit[0] ? " " : "", isfinite(value) ? unit : "");
}

static void add_onsets(struct text *out, const struct onset_list *onsets)
{
    for (size_t i = 0; i < onsets->count; i++) {
        if (onsets->at[i].click)
            continue;
        char number[64];
        format_number(number, sizeof number, onsets->at[i].time_s, 6);
        text_addf(out, "%s\n", number);
    }
}

static size_t without_clicks(const struct onset_list *onsets)
{
    size_t count = 0;
    for (size_t i = 0; i < onsets->count; i++)
        count += !onsets->at[i].click;
    return count;
}

/* The measures of a recording as a whole, for both forms: name, value, decimals, unit. */
static void each_measure(const struct dig *d,
                         void (*tell)(struct text *, const char *, double, int,
                                      const char *),
                         struct text *out)
{
    static const char *const bands[TRACK_BAND_COUNT][2] = {
        [TRACK_SUB] = {"sub", "dBFS below 60 Hz"},
        [TRACK_LOW] = {"low", "dBFS to 200 Hz"},
        [TRACK_MID] = {"mid", "dBFS to 2 kHz"},
        [TRACK_HIGH] = {"high", "dBFS to 8 kHz"},
        [TRACK_AIR] = {"air", "dBFS above 8 kHz"}};
    const struct track_info *t = track_info(d->track);
    struct track_range whole;
    track_range(d->track, 0, t->frames, &whole);
    double seconds = (double)t->frames / t->rate_hz;
    tell(out, "duration", seconds, 3, "s");
    /* what the gates of the miners compare: a file of 8 channels may peak 18 dB higher */
    const char *level = d->info.channels > 1 ? "dBFS of the mono mean" : "dBFS";
    tell(out, "rms", t->rms_db, 2, level);
    tell(out, "peak", t->peak_db, 2, level);
    tell(out, "loudness", t->loudness_lufs, 2, "LUFS");
    tell(out, "crest", whole.crest, 2, "");
    tell(out, "dc", t->dc, 6, "");
    tell(out, "centroid", whole.centroid_hz, 1, "Hz");
    tell(out, "spread", whole.spread_hz, 1, "Hz");
    tell(out, "rolloff", whole.rolloff_hz, 1, "Hz: 85 % of the power lies below");
    tell(out, "flatness", whole.flatness, 4, "");
    for (int b = 0; b < TRACK_BAND_COUNT; b++)
        tell(out, bands[b][0], whole.band_db[b], 2, bands[b][1]);
    tell(out, "tonality", whole.tonality, 3, "");
    tell(out, "onset_rate", whole.onset_rate_hz, 3, "1/s");
    tell(out, "tuning", t->tuning_cents, 1, "cents");
    tell(out, "tempo", t->tempo.bpm > 0 ? t->tempo.bpm : (double)NAN, 2, "bpm");
    tell(out, "clipped_runs", (double)t->clipped_runs, 0, "");
    tell(out, "clipped_samples", (double)t->clipped_samples, 0, "");
    tell(out, "nonfinite_samples", (double)t->nonfinite_samples, 0, "");
    tell(out, "zero_frames", (double)t->zero_frames, 0, "");
}

static void json_measure(struct text *out, const char *name, double value, int decimals,
                         const char *unit)
{
    (void)unit;
    json_number(out, name, value, decimals);
}

static void add_text(struct text *out, const struct dig *d,
                     const struct onset_list *onsets)
{
    const struct track_info *t = track_info(d->track);
    char path[PATH_BYTES];
    text_addf(out, "%-17s %s\n", "source",
              text_plain(path, sizeof path, d->site.source_path));
    text_addf(out, "%-17s %s, %d Hz, %d channel%s\n", "format", d->info.format,
              d->info.rate_hz, d->info.channels, d->info.channels == 1 ? "" : "s");
    each_measure(d, number_line, out);
    char confidence[64];
    format_number(confidence, sizeof confidence, (double)t->key.confidence, 2);
    if (t->key.name[0])
        text_addf(out, "%-17s %s (confidence %s)\n", "key", t->key.name, confidence);
    else
        text_addf(out, "%-17s none\n", "key");
    text_addf(out, "%-17s %zu\n", "onsets", without_clicks(onsets));
    for (size_t i = 0; i < d->finds.count; i++) {
        const struct candidate *c = &d->finds.at[i];
        char start[64], end[64], score[64], missed[WHY_MISSED_BYTES];
        format_number(start, sizeof start, c->m.start_sec, 3);
        format_number(end, sizeof end, c->m.end_sec, 3);
        format_number(score, sizeof score, c->m.score, 2);
        text_addf(out, "%-17s %10s - %10s s  score %s  %s%s\n", kind_type(c->kind), start,
                  end, score, c->missed_by[0] ? "missed: " : c->filename,
                  why_missed(c, missed, sizeof missed));
    }
}

static void add_json_find(struct text *out, const struct candidate *c)
{
    json_open(out, NULL, '{');
    json_string(out, "type", kind_type(c->kind));
    json_number(out, "start_sec", c->m.start_sec, 6);
    json_number(out, "end_sec", c->m.end_sec, 6);
    json_number(out, "score", c->m.score, 4);
    if (c->hit_class[0])
        json_string(out, "hit_class", c->hit_class);
    if (c->missed_by[0])
        json_string(out, "missed_by", c->missed_by);
    if (*why_setting(c))
        json_string(out, "setting", why_setting(c));
    json_open(out, "parts", '{');
    for (int i = 0; i < c->parts.count; i++)
        json_number(out, c->parts.part[i].name, c->parts.part[i].value, 4);
    json_close(out, '}');
    json_close(out, '}');
}

static void json_begin(struct text *out, const char *path)
{
    json_open(out, NULL, '{');
    json_string(out, "event", "summary");
    json_string(out, "pipeline", "analyze");
    json_string(out, "source", path);
}

static void json_end(struct text *out)
{
    json_close(out, '}');
    text_add(out, "\n");
    out->comma = false;
}

static void json_onsets(struct text *out, const struct onset_list *onsets)
{
    json_open(out, "onsets", '[');
    for (size_t i = 0; i < onsets->count; i++)
        if (!onsets->at[i].click)
            json_number(out, NULL, onsets->at[i].time_s, 6);
    json_close(out, ']');
}

static void add_json(struct text *out, const struct dig *d,
                     const struct onset_list *onsets)
{
    const struct track_info *t = track_info(d->track);
    json_begin(out, d->site.source_path);
    json_string(out, "format", d->info.format);
    json_number(out, "rate_hz", d->info.rate_hz, 0);
    json_number(out, "channels", d->info.channels, 0);
    json_number(out, "frames", (double)t->frames, 0);
    each_measure(d, json_measure, out);
    json_string(out, "key", t->key.name);
    json_number(out, "key_confidence", (double)t->key.confidence, 3);
    json_number(out, "tempo_confidence", t->tempo.confidence, 3);
    json_onsets(out, onsets);
    json_open(out, "candidates", '[');
    for (size_t i = 0; i < d->finds.count; i++)
        add_json_find(out, &d->finds.at[i]);
    json_close(out, ']');
    json_end(out);
}

/* Onsets, and nothing else. */
static void add_only_onsets(struct text *out, enum analyze_form form, const char *path,
                            const struct onset_list *onsets)
{
    if (form == ANALYZE_ONSETS) {
        add_onsets(out, onsets);
        return;
    }
    json_begin(out, path);
    json_onsets(out, onsets);
    json_end(out);
}

enum status analyze_run(const struct recipe *recipe, const char *path,
                        enum analyze_form form, const struct job_context *ctx,
                        struct text *out, struct err *e)
{
    struct dig d;
    char stem[STEM_BYTES];
    stem_of_file(stem, path);
    struct dig_site site = {
        .open_path = path, .source_path = path, .stem = stem, .folder = ""};
    bool only = form == ANALYZE_ONSETS || form == ANALYZE_JSON_ONSETS;
    struct onset_list own = {0};
    const struct onset_list *onsets = &own;
    enum status st = dig_open(&d, recipe, &site, ctx, e);
    if (st == ST_EMPTY && only) {
        add_only_onsets(out, form, path, onsets);
        return ST_OK;
    }
    if (st != ST_OK)
        return st;
    if (!only)
        st = dig_run(&d, e);
    if (st == ST_OK)
        st = dig_onsets(&d, &own, &onsets, e);
    if (st == ST_OK && only)
        add_only_onsets(out, form, path, onsets);
    else if (st == ST_OK && form == ANALYZE_JSON)
        add_json(out, &d, onsets);
    else if (st == ST_OK)
        add_text(out, &d, onsets);
    onset_list_done(&own);
    if (st == ST_OK && out->failed)
        st = err_set(e, ST_NO_MEMORY, "no memory for the analysis of %s", path);
    dig_done(&d);
    return st;
}
