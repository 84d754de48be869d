#include "audio/stream.h"

#include "core/array.h"
#include "core/rng.h"
#include "io/soundfile.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>

enum { BLOCK_FRAMES = 1 << 15, NOT_WISHED = 1 << 30 };

struct entry {
    uint64_t hash;
    struct stretch what;
    char *path; /* what.path, our own */
    enum stream_answer state;
    bool loading;
    bool stale; /* forgotten while it was being loaded */
    int rank;   /* place in the wish list */
    uint64_t used;
    struct sound *sound;
    struct err why;
};

struct stream {
    pthread_mutex_t lock;
    pthread_cond_t wake;
    pthread_t thread;
    bool quit;
    struct entry **entry;
    size_t count, room;
    size_t bytes, limit;
    uint64_t clock;
    stream_ready *ready;
    void *user;
};

/* ---- entries (the lock is held) ---- */

static uint64_t hash_of(const struct stretch *w)
{
    uint64_t h = rng_hash(0, w->path, strlen(w->path));
    h = rng_hash(h, &w->from, sizeof w->from);
    h = rng_hash(h, &w->to, sizeof w->to);
    int shape[] = {w->shape.channels, w->shape.rate_hz, w->shape.struck};
    h = rng_hash(h, shape, sizeof shape);
    return rng_hash(h, &w->around_s, sizeof w->around_s);
}

static bool same_stretch(const struct stretch *a, const struct stretch *b)
{
    return a->from == b->from && a->to == b->to && a->around_s == b->around_s &&
           a->shape.channels == b->shape.channels &&
           a->shape.rate_hz == b->shape.rate_hz && a->shape.struck == b->shape.struck &&
           strcmp(a->path, b->path) == 0;
}

static struct entry *lookup(struct stream *s, const struct stretch *w)
{
    uint64_t hash = hash_of(w);
    for (size_t i = 0; i < s->count; i++) {
        struct entry *n = s->entry[i];
        if (n->hash == hash && !n->stale && same_stretch(&n->what, w))
            return n;
    }
    return NULL;
}

static struct entry *create(struct stream *s, const struct stretch *w)
{
    if (!array_grow(&s->entry, &s->room, s->count + 1, sizeof *s->entry))
        return NULL;
    struct entry *n = calloc(1, sizeof *n);
    char *path = strdup(w->path);
    if (!n || !path) {
        free(n);
        free(path);
        return NULL;
    }
    *n = (struct entry){
        .hash = hash_of(w), .what = *w, .path = path, .state = STREAM_WAITING};
    n->what.path = path;
    s->entry[s->count++] = n;
    return n;
}

static size_t sound_bytes(const struct sound *s)
{
    return s ? s->audio.frames * (size_t)s->audio.channels * sizeof(float) : 0;
}

static void delete_at(struct stream *s, size_t i)
{
    struct entry *n = s->entry[i];
    s->bytes -= sound_bytes(n->sound);
    s->entry[i] = s->entry[--s->count];
    sound_unref(n->sound);
    free(n->path);
    free(n);
}

/* Drop the least recently wished until what is kept fits. */
static void evict(struct stream *s)
{
    while (s->bytes > s->limit) {
        size_t oldest = s->count;
        for (size_t i = 0; i < s->count; i++) {
            const struct entry *n = s->entry[i];
            if (n->rank == NOT_WISHED && !n->loading && n->sound &&
                (oldest == s->count || n->used < s->entry[oldest]->used))
                oldest = i;
        }
        if (oldest == s->count)
            return;
        delete_at(s, oldest);
    }
}

/* The most urgent wish that is neither here nor failed. Once the wishes fill the cache,
 * only the first is still loaded. */
static struct entry *most_urgent(struct stream *s)
{
    struct entry *best = NULL;
    for (size_t i = 0; i < s->count; i++) {
        struct entry *n = s->entry[i];
        if (n->state == STREAM_WAITING && n->rank != NOT_WISHED && !n->stale &&
            (!best || n->rank < best->rank))
            best = n;
    }
    return best && best->rank > 0 && s->bytes >= s->limit ? NULL : best;
}

/* ---- decoding (no lock) ---- */

/* What is being decoded, and whether it still should be. */
struct decode {
    struct stream *s;
    struct entry *entry;
    struct soundfile *file;
    struct audio audio; /* grows */
    size_t room;
    int channels; /* of audio: 1 or 2 */
};

static bool unwanted(struct decode *d)
{
    pthread_mutex_lock(&d->s->lock);
    struct entry *urgent = most_urgent(d->s);
    bool out = d->s->quit || d->entry->stale || (urgent && urgent != d->entry);
    pthread_mutex_unlock(&d->s->lock);
    return out;
}

static enum status append(struct decode *d, const struct audio *block, size_t frames,
                          struct err *e)
{
    struct audio folded = {0};
    const struct audio *from = block;
    if (frames == 0) /* asked for beyond the end */
        return ST_OK;
    if (block->channels > 2) {
        enum status st = audio_convert_channels(&folded, block, 2, e);
        if (st != ST_OK)
            return st;
        from = &folded;
    }
    size_t channels = (size_t)d->channels, need = d->audio.frames + frames;
    if (!array_grow(&d->audio.data, &d->room, need, channels * sizeof(float))) {
        audio_done(&folded);
        return err_set(e, ST_NO_MEMORY, "%s does not fit into memory", d->entry->path);
    }
    memcpy(d->audio.data + d->audio.frames * channels, from->data,
           frames * channels * sizeof(float));
    d->audio.frames = need;
    audio_done(&folded);
    return ST_OK;
}

/* The first block; seeks. */
static enum status read_first(struct decode *d, int64_t from, size_t frames, size_t *got,
                              struct err *e)
{
    struct audio block = {0};
    enum status st = soundfile_read_region(d->file, from, frames, &block, e);
    if (st != ST_OK)
        return st;
    int64_t read = soundfile_position(d->file) - from;
    *got = read > 0 ? (size_t)read : 0;
    st = append(d, &block, *got, e);
    audio_done(&block);
    return st;
}

static enum status read_rest(struct decode *d, size_t most, struct err *e)
{
    const struct soundfile_info *info = soundfile_info(d->file);
    struct audio block;
    enum status st = audio_init(&block, BLOCK_FRAMES, info->channels, info->rate_hz, e);
    while (st == ST_OK && d->audio.frames < most) {
        size_t want = most - d->audio.frames, got = 0;
        if (unwanted(d)) {
            st = ST_CANCELLED;
            break;
        }
        want = want < BLOCK_FRAMES ? want : BLOCK_FRAMES;
        st = soundfile_read(d->file, block.data, want, &got, e);
        if (st == ST_OK && got > 0)
            st = append(d, &block, got, e);
        if (got < want)
            break;
    }
    audio_done(&block);
    return st;
}

static int64_t at_least_0(int64_t n)
{
    return n > 0 ? n : 0;
}

static enum status wrap(struct decode *d, int64_t from, bool full, struct sound **out,
                        struct err *e)
{
    if (d->audio.frames == 0)
        return err_set(e, ST_EMPTY, "%s has no sound at this place", d->entry->path);
    int64_t claimed = soundfile_info(d->file)->claimed_frames;
    int64_t end = from + (int64_t)d->audio.frames;
    const struct sample_shape *shape = &d->entry->what.shape;
    enum status st = shape->rate_hz > 0 ? sample_shape_apply(&d->audio, shape, e) : ST_OK;
    if (st != ST_OK)
        return st;
    struct sound *sound = sound_new(&d->audio);
    if (!sound)
        return err_set(e, ST_NO_MEMORY, "no memory for %s", d->entry->path);
    sound->first_frame = from;
    sound->file_frames = claimed > end ? claimed : end;
    sound->cut_start = from > 0;
    sound->cut_end = full && end < sound->file_frames;
    sound_measure(sound);
    if (shape->rate_hz > 0) /* its ends are closed as they are to be */
        sound->cut_start = sound->cut_end = sound->loud_start = sound->loud_end = false;
    *out = sound;
    return ST_OK;
}

static enum status decode(struct decode *d, struct sound **out, struct err *e)
{
    const struct soundfile_info *info = soundfile_info(d->file);
    const struct stretch *w = &d->entry->what;
    int64_t around = (int64_t)(w->around_s * info->rate_hz);
    int64_t from = at_least_0(w->from - around);
    d->channels = info->channels == 1 ? 1 : 2;
    d->audio.channels = d->channels;
    d->audio.rate_hz = info->rate_hz;
    size_t most = STREAM_SOUND_BYTES / ((size_t)d->channels * sizeof(float));
    if (w->to > w->from && (uint64_t)(w->to + around - from) < most)
        most = (size_t)(w->to + around - from);
    size_t first = most < BLOCK_FRAMES ? most : BLOCK_FRAMES, got = 0;
    enum status st = read_first(d, from, first, &got, e);
    if (st == ST_OK && got == first)
        st = read_rest(d, most, e);
    return st == ST_OK ? wrap(d, from, d->audio.frames == most, out, e) : st;
}

static enum status load(struct stream *s, struct entry *n, struct sound **out,
                        struct err *e)
{
    struct decode d = {.s = s, .entry = n};
    enum status st = soundfile_open(&d.file, n->path, e);
    if (st != ST_OK)
        return st;
    st = decode(&d, out, e);
    soundfile_close(d.file);
    audio_done(&d.audio);
    return st;
}

/* ---- the thread ---- */

static void settle(struct stream *s, struct entry *n, enum status st, struct sound *sound,
                   const struct err *why)
{
    n->loading = false;
    if (n->stale) {
        size_t at = 0;
        while (s->entry[at] != n)
            at++;
        delete_at(s, at);
        sound_unref(sound);
        return;
    }
    if (st == ST_OK) {
        n->state = STREAM_READY;
        n->sound = sound;
        s->bytes += sound_bytes(sound);
        evict(s);
    } else if (st != ST_CANCELLED) {
        n->state = STREAM_FAILED;
        n->why = *why;
    }
}

static void *run(void *arg)
{
    struct stream *s = arg;
    pthread_mutex_lock(&s->lock);
    while (!s->quit) {
        struct entry *n = most_urgent(s);
        if (!n) {
            pthread_cond_wait(&s->wake, &s->lock);
            continue;
        }
        n->loading = true;
        pthread_mutex_unlock(&s->lock);
        struct sound *sound = NULL;
        struct err why = {.code = ST_OK};
        enum status st = load(s, n, &sound, &why);
        int rate_hz = st == ST_OK ? sound->audio.rate_hz : 0;
        pthread_mutex_lock(&s->lock);
        settle(s, n, st, sound, &why);
        if (st != ST_CANCELLED) {
            pthread_mutex_unlock(&s->lock);
            s->ready(s->user, rate_hz);
            pthread_mutex_lock(&s->lock);
        }
    }
    pthread_mutex_unlock(&s->lock);
    return NULL;
}

enum status stream_new(struct stream **out, size_t cache_bytes, stream_ready *ready,
                       void *user, struct err *e)
{
    struct stream *s = calloc(1, sizeof *s);
    if (!s)
        return err_set(e, ST_NO_MEMORY, "no memory for the loader");
    s->limit = cache_bytes;
    s->ready = ready;
    s->user = user;
    pthread_mutex_init(&s->lock, NULL);
    pthread_cond_init(&s->wake, NULL);
    if (pthread_create(&s->thread, NULL, run, s) != 0) {
        pthread_mutex_destroy(&s->lock);
        pthread_cond_destroy(&s->wake);
        free(s);
        return err_set(e, ST_NO_MEMORY, "the loader's thread cannot be started");
    }
    *out = s;
    return ST_OK;
}

void stream_stop(struct stream *s)
{
    pthread_mutex_lock(&s->lock);
    bool stopped = s->quit;
    s->quit = true;
    pthread_cond_signal(&s->wake);
    pthread_mutex_unlock(&s->lock);
    if (!stopped)
        pthread_join(s->thread, NULL);
}

void stream_free(struct stream *s)
{
    if (!s)
        return;
    stream_stop(s);
    while (s->count > 0)
        delete_at(s, s->count - 1);
    free(s->entry);
    pthread_cond_destroy(&s->wake);
    pthread_mutex_destroy(&s->lock);
    free(s);
}

/* ---- any thread ---- */

void stream_wish(struct stream *s, const struct stretch *list, int count)
{
    pthread_mutex_lock(&s->lock);
    for (size_t i = 0; i < s->count; i++)
        s->entry[i]->rank = NOT_WISHED;
    for (int i = 0; i < count; i++) {
        struct entry *n = lookup(s, &list[i]);
        if (!n)
            n = create(s, &list[i]);
        if (!n)
            break;
        n->rank = n->rank < i ? n->rank : i;
        n->used = s->clock + (uint64_t)(count - i);
    }
    s->clock += (uint64_t)count;
    for (size_t i = s->count; i-- > 0;) {
        const struct entry *n = s->entry[i];
        if (n->rank == NOT_WISHED && n->state == STREAM_WAITING && !n->loading)
            delete_at(s, i);
    }
    pthread_cond_signal(&s->wake);
    pthread_mutex_unlock(&s->lock);
}

enum stream_answer stream_find(struct stream *s, const struct stretch *what,
                               struct sound **out, struct err *why)
{
    pthread_mutex_lock(&s->lock);
    const struct entry *n = lookup(s, what);
    enum stream_answer answer = n ? n->state : STREAM_UNKNOWN;
    if (answer == STREAM_READY)
        *out = sound_ref(n->sound);
    else if (answer == STREAM_FAILED && why)
        *why = n->why;
    pthread_mutex_unlock(&s->lock);
    return answer;
}

void stream_forget(struct stream *s, const char *path)
{
    pthread_mutex_lock(&s->lock);
    for (size_t i = s->count; i-- > 0;) {
        struct entry *n = s->entry[i];
        bool hit = path ? strcmp(n->path, path) == 0 : n->state == STREAM_FAILED;
        if (hit && n->loading)
            n->stale = true;
        else if (hit)
            delete_at(s, i);
    }
    pthread_mutex_unlock(&s->lock);
}

bool stream_idle(struct stream *s)
{
    pthread_mutex_lock(&s->lock);
    bool idle = most_urgent(s) == NULL;
    pthread_mutex_unlock(&s->lock);
    return idle;
}
