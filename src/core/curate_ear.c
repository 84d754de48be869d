#include "core/curate_ear.h"

#include "core/array.h"
#include "dsp/drum_class.h"
#include "dsp/trace.h"
#include "io/paths.h"
#include "io/soundfile.h"

#include <stdlib.h>
#include <string.h>

/* docs/choice.md has what it finds, and what it takes for the same and is not. */
static const double same = 0.85;

struct heard {
    size_t entry;
    struct trace trace;
};

struct curate_ear {
    const struct curate_entry *entries;
    const struct curate_files *files;
    struct trace_maker *maker;
    int rate_hz;
    struct heard *kept;
    size_t count, room;
    struct heard last;
    bool listened; /* `last` is known */
};

enum status curate_ear_new(struct curate_ear **out, const struct curate_entry *entries,
                           const struct curate_files *files, struct err *e)
{
    *out = files != NULL ? calloc(1, sizeof **out) : NULL;
    if (files == NULL)
        return ST_OK;
    if (*out == NULL)
        return err_set(e, ST_NO_MEMORY, "no memory for the choice");
    **out = (struct curate_ear){.entries = entries, .files = files};
    return ST_OK;
}

void curate_ear_free(struct curate_ear *ear)
{
    if (ear == NULL)
        return;
    trace_maker_free(ear->maker);
    free(ear->kept);
    free(ear);
}

/* Where a drum of that class is most its own. */
static bool is_high(const struct candidate *c)
{
    int class = drum_class_find(c->hit_class);
    return class == DRUM_CLAP || class == DRUM_RIM ||
           (class >= 0 && drum_class_treble((enum drum_class) class));
}

static bool comparable(const struct candidate *a, const struct candidate *b)
{
    return strcmp(a->hit_class, b->hit_class) == 0 && strcmp(a->source, b->source) == 0;
}

static enum status tune_in(struct curate_ear *ear, int rate_hz, struct err *e)
{
    if (rate_hz == ear->rate_hz)
        return ST_OK;
    trace_maker_free(ear->maker);
    ear->maker = NULL;
    enum status st = trace_maker_new(&ear->maker, rate_hz, e);
    ear->rate_hz = st == ST_OK ? rate_hz : 0;
    return st;
}

static enum status take(struct curate_ear *ear, const char *path, struct err *e)
{
    struct audio a;
    enum status st = soundfile_load(path, 0, &a, e);
    if (st == ST_OK)
        st = tune_in(ear, a.rate_hz, e);
    if (st == ST_OK)
        st = trace_take(ear->maker, &a, &ear->last.trace, e);
    audio_done(&a);
    return st;
}

/* What cannot be read has no trace, and is like nothing. */
static enum status listen(struct curate_ear *ear, size_t entry, struct err *e)
{
    char path[PATH_BYTES];
    struct err why;
    if (ear->listened && ear->last.entry == entry)
        return ST_OK;
    ear->listened = true;
    ear->last = (struct heard){.entry = entry};
    if (!ear->files->find(ear->files->of, entry, path))
        return ST_OK;
    enum status st = take(ear, path, &why);
    if (st == ST_NO_MEMORY)
        return err_set(e, st, "%s", why.msg);
    if (st != ST_OK && ear->files->unread != NULL)
        ear->files->unread(ear->files->of, &why);
    return ST_OK;
}

enum status curate_ear_knows(struct curate_ear *ear, size_t entry, bool *knows,
                             struct err *e)
{
    enum status st = ST_OK;
    *knows = false;
    for (size_t i = 0; ear != NULL && i < ear->count && !*knows && st == ST_OK; i++) {
        const struct candidate *c = ear->entries[entry].c;
        if (!comparable(ear->entries[ear->kept[i].entry].c, c))
            continue;
        st = listen(ear, entry, e);
        *knows = trace_alike(&ear->kept[i].trace, &ear->last.trace, is_high(c)) > same;
    }
    return st;
}

enum status curate_ear_keep(struct curate_ear *ear, size_t entry, struct err *e)
{
    if (ear == NULL || !ear->entries[entry].c->hit_class[0])
        return ST_OK;
    if (!array_grow(&ear->kept, &ear->room, ear->count + 1, sizeof *ear->kept))
        return err_set(e, ST_NO_MEMORY, "no memory for the choice");
    enum status st = listen(ear, entry, e);
    if (st == ST_OK)
        ear->kept[ear->count++] = ear->last;
    return st;
}
