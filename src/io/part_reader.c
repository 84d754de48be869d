#include "io/part_reader.h"

#include <stdlib.h>
#include <string.h>

enum { BLOCK_FRAMES = 16384 };

struct part_reader part_reader_all(struct soundfile *sf)
{
    return (struct part_reader){.sf = sf};
}

enum status part_reader_init(struct part_reader *r, struct soundfile *sf,
                             enum separate_part part, struct err *e)
{
    const struct soundfile_info *info = soundfile_info(sf);
    *r = part_reader_all(sf);
    r->part = part;
    enum status st = separator_new(&r->by, info->rate_hz, info->channels, part, e);
    if (st != ST_OK)
        return st;
    r->block = malloc(BLOCK_FRAMES * (size_t)info->channels * sizeof *r->block);
    if (r->block)
        return ST_OK;
    part_reader_done(r);
    return err_set(e, ST_NO_MEMORY, "no memory to separate sounds");
}

void part_reader_done(struct part_reader *r)
{
    separator_free(r->by);
    free(r->block);
    *r = (struct part_reader){0};
}

struct offsets part_offset(const struct part_reader *r, struct offsets all)
{
    struct offsets none = {0};
    return r->by && r->part == SEPARATE_STRUCK ? none : all;
}

/* The sound file to where reading goes on, wherever others left it. */
static enum status come_back(struct part_reader *r, struct err *e)
{
    struct audio nothing;
    if (soundfile_position(r->sf) == r->read)
        return ST_OK;
    enum status st = soundfile_read_region(r->sf, r->read, 0, &nothing, e);
    audio_done(&nothing);
    return st;
}

/* Another block through the separator. */
static enum status fill(struct part_reader *r, struct err *e)
{
    size_t got = 0;
    enum status st = come_back(r, e);
    if (st == ST_OK && soundfile_position(r->sf) == r->read)
        st = soundfile_read(r->sf, r->block, BLOCK_FRAMES, &got, e);
    if (st == ST_OK)
        st = separator_push(r->by, r->block, got, e);
    r->read += (int64_t)got;
    r->ended = got < BLOCK_FRAMES;
    if (st == ST_OK && r->ended)
        st = separator_finish(r->by, e);
    if (st == ST_OK)
        r->ready = separator_take(r->by, &r->left);
    return st;
}

/* Of what is ready up to so many frames, to `to` unless that is NULL. */
static size_t take(struct part_reader *r, size_t frames, float *to)
{
    size_t channels = (size_t)soundfile_info(r->sf)->channels;
    size_t some = frames < r->left ? frames : r->left;
    if (some == 0)
        return 0;
    if (to)
        memcpy(to, r->ready, some * channels * sizeof *to);
    r->ready += some * channels;
    r->left -= some;
    r->at += (int64_t)some;
    return some;
}

static enum status take_all(struct part_reader *r, size_t frames, float *to, size_t *got,
                            struct err *e)
{
    size_t channels = (size_t)soundfile_info(r->sf)->channels;
    enum status st = ST_OK;
    *got = take(r, frames, to);
    while (*got < frames && !r->ended && st == ST_OK) {
        st = fill(r, e);
        if (st == ST_OK)
            *got += take(r, frames - *got, to ? to + *got * channels : NULL);
    }
    return st;
}

enum status part_read(struct part_reader *r, float *interleaved, size_t frames,
                      size_t *got, struct err *e)
{
    return r->by ? take_all(r, frames, interleaved, got, e)
                 : soundfile_read(r->sf, interleaved, frames, got, e);
}

int64_t part_position(const struct part_reader *r)
{
    return r->by ? r->at : soundfile_position(r->sf);
}

/* From the next frame on if that is not farther than beginning anew. */
static enum status go_to(struct part_reader *r, int64_t start, struct err *e)
{
    int64_t from = separator_from(r->by, start);
    size_t skipped;
    if (start < r->at || from > r->read) {
        separator_restart(r->by);
        r->at = r->read = from;
        r->left = 0;
        r->ended = false;
    }
    return take_all(r, (size_t)(start - r->at), NULL, &skipped, e);
}

enum status part_read_region(struct part_reader *r, int64_t start, size_t frames,
                             struct audio *out, struct err *e)
{
    const struct soundfile_info *info = soundfile_info(r->sf);
    size_t got;
    if (!r->by || start < 0)
        return soundfile_read_region(r->sf, start, frames, out, e);
    enum status st = audio_init(out, frames, info->channels, info->rate_hz, e);
    if (st == ST_OK)
        st = go_to(r, start, e);
    if (st == ST_OK && r->at == start)
        st = part_read(r, out->data, frames, &got, e);
    if (st != ST_OK)
        audio_done(out);
    return st;
}
