/* From finished sample to file and find. Samples wait until there is a batch of them,
 * whose frames share transforms and whose files share a flush of the disk. */
#include "core/dig.h"

#include "dsp/band_edge.h"
#include "dsp/level.h"
#include "dsp/measure.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

/* Enough to share well; and what may lie in memory together. */
enum { BATCH_MAX = 48, SAMPLES_MAX = 1 << 20 };

/* What of its score is left to what ends at 4 kHz or below. */
static const double NARROW_WORTH = 0.75;

struct waiting {
    struct candidate find;
    struct audio sound;
    bool loop;
    char name[256]; /* of struct keep */
    char relative[PATH_BYTES];
    float vector[SIMILARITY_DIM];
    struct trace trace;
};

struct dig_batch {
    struct waiting at[BATCH_MAX];
    size_t count, samples;
    struct atomic_file *file[BATCH_MAX]; /* written, not yet named */
    size_t of[BATCH_MAX], files;         /* whose */
    struct root folder[CAT_COUNT];       /* open where path is not "" */
};

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

/* The folder of a category; "" is the root. */
static enum status folder_of(char out[PATH_BYTES], const struct dig *d,
                             enum category category, struct err *e)
{
    return path_join(out, PATH_BYTES, d->site.folder,
                     d->site.category_folders ? category_folder(category) : "", e);
}

static enum status place(char out[PATH_BYTES], const struct dig *d,
                         enum category category, const char *filename, struct err *e)
{
    char folder[PATH_BYTES];
    enum status st = folder_of(folder, d, category, e);
    return st == ST_OK ? path_join(out, PATH_BYTES, folder, filename, e) : st;
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
        st = folder_of(folder, d, (enum category)c, e);
        if (st == ST_OK)
            st = root_flush(d->site.root, folder, e);
    }
    return st;
}

static bool is_waiting(const struct dig_batch *b, const struct waiting *but,
                       const char *relative)
{
    for (const struct waiting *w = b ? b->at : NULL; w && w != but; w++)
        if (strcmp(w->relative, relative) == 0)
            return true;
    return false;
}

static bool is_there(const struct dig *d, const struct candidate *c, const char *relative)
{
    const struct root *folder =
        d->batch ? &d->batch->folder[kind_category(c->kind)] : NULL;
    return folder && folder->path[0] ? root_exists(folder, c->filename)
                                     : root_exists(d->site.root, relative);
}

/* A file that is there keeps its name; ours takes the next free number. `w` is whose
 * name it will be, NULL when nothing is written. */
static enum status choose_name(char relative[PATH_BYTES], const struct dig *d,
                               const struct waiting *w, struct candidate *c,
                               const char *base, struct err *e)
{
    for (int n = 1; n < 1000; n++) {
        if (n == 1)
            snprintf(c->filename, sizeof c->filename, "%.200s.wav", base);
        else
            snprintf(c->filename, sizeof c->filename, "%.200s_%d.wav", base, n);
        enum status st = place(relative, d, kind_category(c->kind), c->filename, e);
        if (st != ST_OK || !d->site.root)
            return st;
        if (!is_there(d, c, relative) && !(w && is_waiting(d->batch, w, relative)))
            return ST_OK;
    }
    return err_set(e, ST_EXISTS, "%s: too many files of this name are in the way", base);
}

/* The category's folder, held open from its first file on. */
static enum status open_folder(struct dig *d, enum category category,
                               const struct root **out, struct err *e)
{
    struct root *r = &d->batch->folder[category];
    char folder[PATH_BYTES];
    *out = r;
    if (r->path[0])
        return ST_OK;
    enum status st = folder_of(folder, d, category, e);
    if (st == ST_OK && !folder[0])
        *out = d->site.root;
    return st == ST_OK && folder[0] ? root_sub(r, d->site.root, folder, true, e) : st;
}

static enum status announce(const struct dig *d, const char *const *names, size_t count,
                            struct err *e)
{
    if (!d->site.announce || count == 0 || d->site.announce(d->site.user, names, count))
        return ST_OK;
    return err_errno(e, ST_DISK, errno, "%s cannot be announced in .trowel", names[0]);
}

static enum status name_it(struct dig *d, struct waiting *w, struct err *e)
{
    char base[256];
    expand_name(base, sizeof base, w->name,
                d->recipe->cfg.brightness_tags.enabled ? w->find.brightness : "");
    return choose_name(w->relative, d, w, &w->find, base, e);
}

static bool is_to_write(const struct dig *d, const struct candidate *c)
{
    return d->site.root &&
           !(c->grade == 'F' && d->recipe->cfg.curation.auto_delete_grade_f);
}

static enum status write_file(struct dig *d, struct waiting *w, struct err *e)
{
    struct dig_batch *b = d->batch;
    struct candidate *c = &w->find;
    const struct root *folder;
    enum status st = open_folder(d, kind_category(c->kind), &folder, e);
    if (st == ST_OK)
        st = soundfile_begin_wav(folder, c->filename, &w->sound,
                                 d->recipe->cfg.global.output_bit_depth,
                                 &b->file[b->files], c->sha256, e);
    if (st == ST_OK)
        b->of[b->files++] = (size_t)(w - b->at);
    return st;
}

/* Those that are written get their names, or, after a failure, go. */
static enum status place_written(struct dig_batch *b, enum status st, struct err *e)
{
    if (st == ST_OK)
        st = atomic_place_all(b->file, b->files, e);
    for (size_t i = 0; i < b->files; i++) {
        atomic_abort(b->file[i]);
        b->at[b->of[i]].find.saved = st == ST_OK;
    }
    b->files = 0;
    return st;
}

/* Each holds two descriptors until it has its name, and all cores may do so at once:
 * where few may be open (4096 on a cluster, with 64 cores), a batch takes several
 * flushes. */
static size_t most_open(void)
{
    enum { EACH = 2, OTHERS = 64, LEAST = 4 };
    struct rlimit limit;
    long cores = sysconf(_SC_NPROCESSORS_ONLN);
    if (getrlimit(RLIMIT_NOFILE, &limit) != 0 || limit.rlim_cur == RLIM_INFINITY)
        return BATCH_MAX;
    rlim_t free = limit.rlim_cur > OTHERS ? limit.rlim_cur - OTHERS : 0;
    rlim_t share = free / EACH / (rlim_t)(cores > 0 ? cores : 1);
    return share < LEAST ? LEAST : share < BATCH_MAX ? (size_t)share : BATCH_MAX;
}

/* Names for all that wait, announced; then the files. */
static enum status write_all(struct dig *d, struct dig_batch *b, struct err *e)
{
    const char *names[BATCH_MAX];
    size_t count = 0, most = most_open();
    enum status st = ST_OK;
    for (size_t i = 0; i < b->count && st == ST_OK; i++) {
        st = name_it(d, &b->at[i], e);
        if (is_to_write(d, &b->at[i].find))
            names[count++] = b->at[i].relative;
    }
    if (st == ST_OK)
        st = announce(d, names, count, e);
    for (size_t i = 0; i < b->count && st == ST_OK; i++) {
        if (is_to_write(d, &b->at[i].find))
            st = write_file(d, &b->at[i], e);
        if (st == ST_OK && b->files == most)
            st = place_written(b, st, e);
    }
    return place_written(b, st, e);
}

static enum status add_find(struct dig *d, const struct candidate *find,
                            const float *vector, const struct trace *trace, struct err *e)
{
    if (find_list_add(&d->finds, find, vector, trace))
        return ST_OK;
    return err_set(e, ST_NO_MEMORY, "no memory for the finds of %s", d->site.source_path);
}

/* One ear after the other, over all that waits: what they work in would push each other's
 * out of the cache. */
static enum status listen(struct dig *d, struct dig_batch *b, struct err *e)
{
    enum status st = ST_OK;
    for (size_t i = 0; i < b->count && st == ST_OK; i++)
        st = measurer_add(d->measurer, &b->at[i].sound, &b->at[i].find.m, e);
    measurer_finish(d->measurer);
    for (size_t i = 0; i < b->count && st == ST_OK; i++)
        st = similarity_add(d->similarity, &b->at[i].sound, b->at[i].vector, e);
    similarity_finish(d->similarity);
    for (size_t i = 0; i < b->count && st == ST_OK; i++)
        if (b->at[i].find.kind == KIND_DRUM)
            st = trace_add(d->tracer, &b->at[i].sound, &b->at[i].trace, e);
    trace_finish(d->tracer);
    for (size_t i = 0; i < b->count && st == ST_OK; i++)
        st = dig_describe(&b->at[i].find, &b->at[i].sound, b->at[i].loop, &d->recipe->cfg,
                          e);
    return st;
}

static enum status place_all(struct dig *d, struct dig_batch *b, struct err *e)
{
    enum status st = write_all(d, b, e);
    for (size_t i = 0; i < b->count && st == ST_OK; i++) {
        struct waiting *w = &b->at[i];
        st = add_find(d, &w->find, w->vector, &w->trace, e);
    }
    return st;
}

static void drop_sounds(struct dig_batch *b)
{
    for (size_t i = 0; i < b->count; i++)
        audio_done(&b->at[i].sound);
    b->count = b->samples = 0;
}

enum status dig_settle(struct dig *d, struct err *e)
{
    struct dig_batch *b = d->batch;
    if (!b || b->count == 0)
        return ST_OK;
    enum status st = listen(d, b, e);
    if (st == ST_OK)
        st = place_all(d, b, e);
    drop_sounds(b);
    return st;
}

void dig_batch_free(struct dig_batch *b)
{
    if (!b)
        return;
    drop_sounds(b);
    for (int c = 0; c < CAT_COUNT; c++)
        root_done(&b->folder[c]);
    free(b);
}

static struct waiting *open_place(struct dig *d)
{
    if (!d->batch)
        d->batch = calloc(1, sizeof *d->batch);
    if (!d->batch)
        return NULL;
    struct waiting *w = &d->batch->at[d->batch->count++];
    w->trace = (struct trace){0};
    return w;
}

/* What comes from a recording whose band ends as if cut off is duller than its like. */
static void weigh_band(const struct dig *d, struct candidate *c)
{
    double hz = track_info(d->track)->band_hz;
    if (hz <= 0 || !kind_cut(c->kind))
        return;
    double worth = band_edge_worth(hz);
    parts_add(&c->parts, "band", worth);
    c->m.score *= NARROW_WORTH + (1 - NARROW_WORTH) * worth;
}

enum status dig_keep(struct dig *d, const struct candidate *c, struct audio *sound,
                     const struct keep *k, struct err *e)
{
    const struct config *cfg = &d->recipe->cfg;
    enum status st = dig_finish(sound, k, d->converter, cfg->global.sample_rate, e);
    struct waiting *w = st == ST_OK ? open_place(d) : NULL;
    if (!w) {
        audio_done(sound);
        return st ? st
                  : err_set(e, ST_NO_MEMORY, "no memory for the finds of %s",
                            d->site.source_path);
    }
    struct rng dither = rng_derive(d->recipe->seed, d->content_hash, "dither",
                                   rng_hash(0, k->name, strlen(k->name)));
    level_dither(sound, cfg->global.output_bit_depth, &dither);
    w->find = *c;
    weigh_band(d, &w->find);
    w->sound = *sound;
    w->loop = k->loop;
    snprintf(w->name, sizeof w->name, "%s", k->name);
    *sound = (struct audio){0};
    d->batch->samples += w->sound.frames * (size_t)w->sound.channels;
    bool full = d->batch->count == BATCH_MAX || d->batch->samples >= SAMPLES_MAX;
    return full ? dig_settle(d, e) : ST_OK;
}

enum status dig_tell(struct dig *d, const struct candidate *c, const char *name,
                     struct err *e)
{
    char relative[PATH_BYTES];
    struct candidate find = *c;
    weigh_band(d, &find);
    enum status st = dig_settle(d, e);
    if (st == ST_OK)
        st = choose_name(relative, d, NULL, &find, name, e);
    return st == ST_OK ? add_find(d, &find, NULL, NULL, e) : st;
}

enum status dig_rename(struct dig *d, size_t i, const char *name, struct err *e)
{
    char relative[PATH_BYTES];
    const char *names[] = {relative};
    const struct root *folder;
    struct candidate was = d->finds.at[i], *c = &d->finds.at[i];
    enum status st = choose_name(relative, d, NULL, c, name, e);
    if (st != ST_OK || !c->saved)
        return st;
    st = announce(d, names, 1, e);
    if (st == ST_OK)
        st = open_folder(d, kind_category(c->kind), &folder, e);
    return st == ST_OK ? root_rename_soon(folder, was.filename, c->filename, e) : st;
}

enum status dig_miss(struct dig *d, const struct candidate *c, const char *what,
                     int number, struct err *e)
{
    struct candidate find = *c;
    snprintf(find.filename, sizeof find.filename, "%s_%s_miss%02d.wav", d->site.stem,
             what, number);
    find.m.duration_sec = c->m.end_sec - c->m.start_sec;
    find.saved = false;
    enum status st = dig_settle(d, e);
    return st == ST_OK ? add_find(d, &find, NULL, NULL, e) : st;
}
