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

struct curate_ear *curate_ear_new(const struct curate_entry *entries,
                                  const struct curate_files *files)
{
    struct curate_ear *ear = files != NULL ? calloc(1, sizeof *ear) : NULL;
    if (ear != NULL) {
        ear->entries = entries;
        ear->files = files;
    }
    return ear;
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

/* What cannot be read has no trace, and is like nothing. */
static void listen(struct curate_ear *ear, size_t entry)
{
    char path[PATH_BYTES];
    struct audio a;
    if (ear->listened && ear->last.entry == entry)
        return;
    ear->listened = true;
    ear->last = (struct heard){.entry = entry};
    if (!ear->files->find(ear->files->of, entry, path) ||
        soundfile_load(path, 0, &a, NULL) != ST_OK)
        return;
    if (a.rate_hz != ear->rate_hz) {
        trace_maker_free(ear->maker);
        ear->maker = NULL;
        ear->rate_hz =
            trace_maker_new(&ear->maker, a.rate_hz, NULL) == ST_OK ? a.rate_hz : 0;
    }
    if (ear->maker != NULL)
        trace_take(ear->maker, &a, &ear->last.trace);
    audio_done(&a);
}

bool curate_ear_knows(struct curate_ear *ear, size_t entry)
{
    if (ear == NULL)
        return false;
    const struct candidate *c = ear->entries[entry].c;
    for (size_t i = 0; i < ear->count; i++) {
        if (!comparable(ear->entries[ear->kept[i].entry].c, c))
            continue;
        listen(ear, entry);
        if (trace_alike(&ear->kept[i].trace, &ear->last.trace, is_high(c)) > same)
            return true;
    }
    return false;
}

void curate_ear_keep(struct curate_ear *ear, size_t entry)
{
    if (ear == NULL || !ear->entries[entry].c->hit_class[0] ||
        !array_grow(&ear->kept, &ear->room, ear->count + 1, sizeof *ear->kept))
        return;
    listen(ear, entry);
    ear->kept[ear->count++] = ear->last;
}
