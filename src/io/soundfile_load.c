/* What needs nothing but the reading: names, and whole files. */
#include "io/soundfile.h"

#include "core/array.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

bool soundfile_has_audio_ending(const char *path)
{
    static const char *const endings[] = {
        "wav", "wave", "bwf",  "rf64", "w64", "aif",  "aiff", "aifc", "flac",
        "ogg", "oga",  "opus", "mp3",  "mp2", "mpga", "caf",  "au",   "snd",
        "voc", "sd2",  "avr",  "8svx", "iff", "svx",  "pvf",  "sf",   "ircam",
        "xi",  "paf",  "nist", "sph",  "m4a", "wma",  "aac",  "ape",  "wv"};
    const char *ending = path_ending(path);
    for (size_t i = 0; i < sizeof endings / sizeof *endings; i++)
        if (stem_same(ending, endings[i]))
            return true;
    return false;
}

/* Its header claims more than `most`, and there is a frame beyond: told without decoding
 * what lies before, where the format seeks. */
static bool goes_beyond(const char *path, const struct soundfile_info *info, size_t most)
{
    struct soundfile *sf;
    struct audio frame = {0};
    if (info->claimed_frames <= (int64_t)most || soundfile_open(&sf, path, NULL))
        return false;
    bool there = soundfile_read_region(sf, (int64_t)most, 1, &frame, NULL) == ST_OK &&
                 soundfile_position(sf) > (int64_t)most;
    audio_done(&frame);
    soundfile_close(sf);
    return there;
}

static enum status too_long(const char *path, size_t most, int rate_hz, struct err *e)
{
    return err_set(e, ST_UNSUPPORTED, "%s is longer than %.1f s", path,
                   (double)most / rate_hz);
}

const char *soundfile_doubts(const struct soundfile *sf, char to[SOUNDFILE_DOUBTS_BYTES])
{
    const char *damage = soundfile_damage(sf);
    unsigned long long scrubbed = (unsigned long long)soundfile_scrubbed(sf);
    snprintf(to, SOUNDFILE_DOUBTS_BYTES, "%s%s", damage ? damage : "",
             damage ? "; using what is there" : "");
    size_t n = strlen(to);
    if (scrubbed > 0)
        snprintf(to + n, SOUNDFILE_DOUBTS_BYTES - n,
                 scrubbed == 1 ? "%s%llu sample is no finite number and counts as 0"
                               : "%s%llu samples are no finite numbers and count as 0",
                 damage ? "; " : "", scrubbed);
    return to;
}

enum status soundfile_load(const char *path, size_t max_frames, struct audio *out,
                           struct err *e)
{
    char doubts[SOUNDFILE_DOUBTS_BYTES];
    return soundfile_load_told(path, max_frames, out, doubts, e);
}

enum status soundfile_load_told(const char *path, size_t max_frames, struct audio *out,
                                char doubts[SOUNDFILE_DOUBTS_BYTES], struct err *e)
{
    struct soundfile *sf;
    *out = (struct audio){0};
    doubts[0] = '\0';
    enum status st = soundfile_open(&sf, path, e);
    if (st)
        return st;
    const struct soundfile_info *info = soundfile_info(sf);
    enum { BLOCK = 1 << 16 };
    size_t channels = (size_t)info->channels, room = 0, length = 0, got = 1;
    size_t most = SOUNDFILE_LOAD_MAX / channels;
    if (max_frames && max_frames < most)
        most = max_frames;
    if (goes_beyond(path, info, most))
        st = too_long(path, most, info->rate_hz, e);
    float *data = NULL;
    while (!st && got > 0) {
        if (!array_grow(&data, &room, length + BLOCK, channels * sizeof *data)) {
            st = err_set(e, ST_NO_MEMORY, "%s does not fit into memory", path);
            break;
        }
        st = soundfile_read(sf, data + length * channels, BLOCK, &got, e);
        length += got;
        if (!st && length > most)
            st = too_long(path, most, info->rate_hz, e);
    }
    if (!st && length == 0)
        st = err_set(e, ST_EMPTY, "%s holds no sound", path);
    if (st) {
        free(data);
    } else {
        float *fitting = realloc(data, length * channels * sizeof *data);
        *out = (struct audio){fitting ? fitting : data, length, (int)channels,
                              info->rate_hz};
    }
    soundfile_doubts(sf, doubts);
    soundfile_close(sf);
    return st;
}
