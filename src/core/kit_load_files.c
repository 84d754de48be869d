/* Samples that no manifest tells of: measured, and classified by name and by ear. */
#include "core/kit_load_internal.h"
#include "core/kit_names.h"
#include "dsp/drum_class.h"
#include "dsp/measure.h"
#include "io/discover.h"
#include "io/sha256.h"
#include "io/soundfile.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

/* The category a file's folder says it has, else by what it is: a short hit, or not. A
 * cymbal may ring longer than other hits. */
static enum kind guess_kind(const char *relative, double seconds, bool named)
{
    char folder[256] = "";
    const char *slash = strrchr(relative, '/');
    if (slash) {
        snprintf(folder, sizeof folder, "%.*s", (int)(slash - relative), relative);
        int c = category_find(path_base(folder));
        if (c >= 0)
            return category_kind((enum category)c);
    }
    return seconds < (named ? 20.0 : 2.5) ? KIND_DRUM : KIND_PAD;
}

/* Where others have names, one without plays where no name tells more. */
static const double UNNAMED = 0.5;

/* Of the classes that the name leaves open, the one it sounds like; else any. Who named a
 * sample knew it: the more the ear denies it, the less, but a half, it counts. Named ones
 * come before any that only sound so, and the less a name leaves open the sooner. */
static enum status classify(const struct audio *a, unsigned named, struct candidate *c,
                            struct err *e)
{
    struct drum_verdict v;
    double right = 0;
    enum status st = drum_classify(a, &v, e);
    if (st != ST_OK)
        return st;
    if (named)
        drum_class_told(&v, named);
    int best = (int)v.best;
    for (int k = 0; k < DRUM_CLASS_COUNT && named; k++) {
        if ((named >> k & 1) == 0)
            continue;
        right += v.probability[k];
        if (!(named >> best & 1) || v.probability[k] > v.probability[best])
            best = k;
    }
    snprintf(c->hit_class, sizeof c->hit_class, "%s",
             drum_class_name((enum drum_class)best));
    c->m.hit_confidence = named ? (1 + right) / 2 : v.confidence;
    parts_add(&c->parts, "company", named ? v.probability[best] / right : UNNAMED);
    return ST_OK;
}

static enum status measure_file(const struct source_file *f, const struct audio *a,
                                struct kit_item *item, struct err *e)
{
    struct candidate *c = &item->c;
    candidate_clear(c);
    snprintf(c->filename, sizeof c->filename, "%s", path_base(f->relative));
    snprintf(c->source, sizeof c->source, "%s", f->stem);
    snprintf(c->source_path, sizeof c->source_path, "%s", f->relative);
    snprintf(item->path, sizeof item->path, "%s", f->path);
    unsigned named = kit_classes_in_path(f->relative);
    c->kind = guess_kind(f->relative, (double)a->frames / a->rate_hz, named != 0);
    c->saved = true;
    item->category = kind_category(c->kind);
    enum status st = measure_sample(a, &c->m, e);
    if (st == ST_OK && c->kind == KIND_DRUM)
        st = classify(a, named, c, e);
    /* no score: that is a miner's word, and this was cut by somebody */
    return st == ST_OK ? sha256_file(f->path, c->sha256, e) : st;
}

static enum status hear(struct similarity **ear, struct kit_item *item,
                        const struct audio *a, struct err *e)
{
    enum status st = similarity_for(ear, a->rate_hz, e);
    return st == ST_OK ? similarity_vector(*ear, a, item->vector, e) : st;
}

enum status kit_load_hear(struct loading *l, struct err *e)
{
    enum status st = ST_OK;
    struct similarity *ear = NULL;
    for (size_t i = 0; i < l->set->count && st == ST_OK; i++) {
        struct kit_item *item = &l->set->item[i];
        struct audio a;
        if (item->category != CAT_DRUMS || !isnan(item->vector[0]) ||
            soundfile_load(item->path, 0, &a, NULL) != ST_OK)
            continue; /* what cannot be read is told when it is written */
        st = hear(&ear, item, &a, e);
        audio_done(&a);
        if (st == ST_OK)
            st = job_go_on(l->ctx, e);
    }
    similarity_free(ear);
    return st;
}

static enum status from_file(struct loading *l, const struct source_file *f,
                             struct similarity **ear, struct err *e)
{
    struct audio a;
    struct err why;
    char doubts[SOUNDFILE_DOUBTS_BYTES];
    const struct log *log = job_log(l->ctx);
    size_t longest = (size_t)(4 * l->target->longest_s * SOUNDFILE_MAX_RATE_HZ);
    enum status st =
        strlen(f->path) < sizeof l->set->item->path
            ? soundfile_load_told(f->path, longest, &a, doubts, &why)
            : err_set(&why, ST_UNSUPPORTED, "%.200s… is too long a path", f->path);
    if (st == ST_NO_MEMORY)
        return err_set(e, st, "%s", why.msg);
    if (st != ST_OK) {
        log_write(log, LOG_WARNING, "%s; left out", why.msg);
        if (l->set->failed++ == 0)
            l->set->failure = why;
        return ST_OK;
    }
    if (doubts[0])
        log_write(log, LOG_WARNING, "%s: %s", f->path, doubts);
    struct kit_item *item = kit_load_add(l->set);
    st = item ? measure_file(f, &a, item, e)
              : err_set(e, ST_NO_MEMORY, "no memory for %s", f->path);
    if (st == ST_OK && item->category == CAT_DRUMS)
        st = hear(ear, item, &a, e);
    audio_done(&a);
    if (st == ST_OK)
        kit_load_settle(l, item);
    return st;
}

static bool is_listed(const struct kit_listed *listed, const char *name)
{
    for (; listed && listed->rows; listed++)
        for (size_t i = 0; i < listed->count; i++)
            if (strcmp(listed->rows[i].filename, name) == 0)
                return true;
    return false;
}

enum status kit_load_files(struct loading *l, const struct kit_listed *listed,
                           struct err *e)
{
    struct source_list files;
    struct discover_options options = {.recursive = true, .skip_kits = true};
    char missed[2 * PATH_BYTES];
    struct similarity *ear = NULL;
    enum status st = discover(&files, l->folder, &options, e);
    if (st == ST_OK && source_list_missed(&files, l->folder, missed, sizeof missed))
        log_write(job_log(l->ctx), LOG_WARNING, "%s", missed);
    if (files.unreadable_folders > 0 && l->set->failed == 0)
        err_set(&l->set->failure, ST_UNREADABLE, "%s", missed);
    l->set->failed += files.unreadable_folders;
    for (size_t i = 0; st == ST_OK && i < files.count; i++) {
        if (is_listed(listed, path_base(files.items[i].relative)))
            continue;
        st = from_file(l, &files.items[i], &ear, e);
        if (st == ST_OK)
            st = job_go_on(l->ctx, e);
    }
    similarity_free(ear);
    source_list_done(&files);
    return st;
}
