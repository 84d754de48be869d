#include "io/forward.h"

#include "core/array.h"

#include <stdlib.h>
#include <string.h>

void forward_init(struct forward *f, struct part_reader *from, struct offsets offset)
{
    *f = (struct forward){.from = from, .offset = offset};
}

void forward_done(struct forward *f)
{
    free(f->data);
    *f = (struct forward){0};
}

static enum status make_room(struct forward *f, size_t samples, struct err *e)
{
    return array_grow(&f->data, &f->room, samples, sizeof *f->data)
               ? ST_OK
               : err_set(e, ST_NO_MEMORY, "no memory for %zu samples", samples);
}

/* Frames of the next region that are there already, moved to its beginning. */
static size_t keep(struct forward *f, int64_t start, size_t frames)
{
    size_t channels = (size_t)soundfile_info(f->from->sf)->channels;
    if (start < f->start || start >= f->start + (int64_t)f->frames)
        return 0;
    size_t skip = (size_t)(start - f->start), have = f->frames - skip;
    have = have < frames ? have : frames;
    memmove(f->data, f->data + skip * channels, have * channels * sizeof *f->data);
    return have;
}

static enum status read_on(struct forward *f, int64_t start, size_t have, size_t frames,
                           struct err *e)
{
    size_t channels = (size_t)soundfile_info(f->from->sf)->channels, got;
    float *to = f->data + have * channels;
    if (part_position(f->from) == start + (int64_t)have) {
        enum status st = part_read(f->from, to, frames - have, &got, e);
        offset_remove(to, got, (int)channels, f->offset);
        memset(to + got * channels, 0, (frames - have - got) * channels * sizeof *to);
        return st;
    }
    struct audio part;
    enum status st =
        part_read_region(f->from, start + (int64_t)have, frames - have, &part, e);
    if (st == ST_OK)
        memcpy(to, part.data, (frames - have) * channels * sizeof *to);
    if (st == ST_OK)
        offset_remove(to, frames - have, (int)channels, f->offset);
    audio_done(&part);
    return st;
}

enum status forward_read(struct forward *f, int64_t start, size_t frames,
                         struct audio *out, struct err *e)
{
    const struct soundfile_info *info = soundfile_info(f->from->sf);
    *out = (struct audio){0};
    enum status st = make_room(f, frames * (size_t)info->channels, e);
    if (st != ST_OK)
        return st;
    size_t have = keep(f, start, frames);
    f->frames = 0;
    if (have < frames)
        st = read_on(f, start, have, frames, e);
    if (st != ST_OK)
        return st;
    f->start = start;
    f->frames = frames;
    *out = (struct audio){f->data, frames, info->channels, info->rate_hz};
    return ST_OK;
}
