#include "io/soundfile.h"

#include "dsp/line.h"
#include "io/mpeg_length.h"
#include "io/mpeg_probe.h"
#include "io/ogg_probe.h"
#include "io/refusal.h"
#include "io/sound_length.h"
#include "io/splice.h"

#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <sndfile.h>

/* How a format finds its way to a frame. */
enum seeking {
    SEEK_EXACT,   /* libsndfile's seek is sample-exact */
    SEEK_PREROLL, /* exact when decoding starts well before */
    SEEK_FRESH,   /* the same but for the last bit, which depends on where it starts */
    SEEK_FORWARD  /* only decoding from the beginning is exact */
};

struct soundfile {
    SNDFILE *sf;
    struct splice *splice; /* what libsndfile reads from */
    struct soundfile_info info;
    int format; /* libsndfile's */
    enum seeking seeking;
    int64_t position;
    int64_t run_start; /* where the decoding in progress was begun */
    int64_t end;       /* where the sound was found to end, or -1 */
    bool ogg, pcm16;
    bool chained;       /* another stream follows, which libsndfile does not read */
    bool unfinished;    /* Ogg that breaks off: its last page is not marked as last */
    int64_t seek_limit; /* seeks must land before; where a last Vorbis page begins */
    uint64_t scrubbed;  /* samples that were not finite and are read as 0 */
    char damage[SOUNDFILE_DAMAGE_BYTES];
    char path[];
};

static const float loudest = 1000.0f;
enum { SKIP_FRAMES = 4096, BLOCK_SAMPLES = 8192, SAID_BYTES = 128 };

/* --- what a file is --- */

/* Of each coding: bits of a stored whole number (0: it stores none), bytes of a sample
 * where each has as many, the depth that its steps are as fine as, its name without bits,
 * and how it seeks. */
static const struct coding {
    int id, bits, bytes, depth;
    const char *name;
    enum seeking seeking;
} codings[] = {
    {SF_FORMAT_PCM_S8, 8, 1, 8, "", SEEK_EXACT},
    {SF_FORMAT_PCM_U8, 8, 1, 8, "", SEEK_EXACT},
    {SF_FORMAT_PCM_16, 16, 2, 16, "", SEEK_EXACT},
    {SF_FORMAT_PCM_24, 24, 3, 24, "", SEEK_EXACT},
    {SF_FORMAT_PCM_32, 32, 4, 32, "", SEEK_EXACT},
    {SF_FORMAT_ALAC_16, 16, 0, 16, "", SEEK_EXACT},
    {SF_FORMAT_ALAC_20, 20, 0, 20, "", SEEK_EXACT},
    {SF_FORMAT_ALAC_24, 24, 0, 24, "", SEEK_EXACT},
    {SF_FORMAT_ALAC_32, 32, 0, 32, "", SEEK_EXACT},
    {SF_FORMAT_FLOAT, 0, 4, 0, "float", SEEK_EXACT},
    {SF_FORMAT_DOUBLE, 0, 8, 0, "double", SEEK_EXACT},
    {SF_FORMAT_ULAW, 0, 0, 13, "µ-law", SEEK_EXACT},
    {SF_FORMAT_ALAW, 0, 0, 12, "A-law", SEEK_EXACT},
    {SF_FORMAT_VORBIS, 0, 0, 0, "Vorbis", SEEK_PREROLL},
    {SF_FORMAT_OPUS, 0, 0, 0, "Opus", SEEK_PREROLL},
    {SF_FORMAT_MPEG_LAYER_I, 0, 0, 0, "layer I", SEEK_FORWARD},
    {SF_FORMAT_MPEG_LAYER_II, 0, 0, 0, "layer II", SEEK_FORWARD},
    {SF_FORMAT_MPEG_LAYER_III, 0, 0, 0, "layer III", SEEK_FORWARD},
    {0, 0, 0, 0, "compressed", SEEK_FORWARD}, /* any other */
};

static const struct coding *coding_of(int format)
{
    const struct coding *c = codings;
    while (c->id != 0 && c->id != (format & SF_FORMAT_SUBMASK))
        c++;
    return c;
}

/* Where the first word of libsndfile's own name is not the usual one. */
static const char *container_name(int format)
{
    switch (format & SF_FORMAT_TYPEMASK) {
    case SF_FORMAT_WAV:
    case SF_FORMAT_WAVEX:
        return "WAV";
    case SF_FORMAT_OGG:
        return "Ogg";
    case SF_FORMAT_MPEG:
        return "MPEG";
    default:
        return "";
    }
}

static void describe(struct soundfile_info *info, int format)
{
    const struct coding *coding = coding_of(format);
    char library_name[32] = "";
    const char *container = container_name(format);
    if (!*container) {
        SF_FORMAT_INFO known = {.format = format & SF_FORMAT_TYPEMASK};
        if (sf_command(NULL, SFC_GET_FORMAT_INFO, &known, sizeof known) == 0)
            snprintf(library_name, sizeof library_name, "%.*s",
                     (int)strcspn(known.name, " ("), known.name);
        container = library_name;
    }
    if (coding->bits)
        snprintf(info->format, sizeof info->format, "%.20s %d-bit", container,
                 coding->bits);
    else
        snprintf(info->format, sizeof info->format, "%.20s %s", container, coding->name);
    info->bit_depth = coding->depth;
    info->headroom = coding->id == SF_FORMAT_FLOAT || coding->id == SF_FORMAT_DOUBLE;
    info->lossy = coding->bits == 0 && !info->headroom;
}

/* MPEG audio of low bit rates keeps data of many frames back, which a seek would miss;
 * mono and low rates are summed in an order that depends on where decoding began. */
static enum seeking mpeg_seeking(const SF_INFO *info, int64_t bytes)
{
    bool low_rate = info->samplerate < 32000;
    int64_t per_frame = low_rate ? 576 : 1152, frames = info->frames / per_frame;
    if (frames <= 0 || info->frames == SF_COUNT_MAX || bytes / frames < 300)
        return SEEK_FORWARD;
    return low_rate || info->channels == 1 ? SEEK_FRESH : SEEK_PREROLL;
}

static enum seeking seeking_of(const SF_INFO *info, int64_t bytes)
{
    if (!info->seekable)
        return SEEK_FORWARD;
    if ((info->format & SF_FORMAT_TYPEMASK) == SF_FORMAT_MPEG)
        return mpeg_seeking(info, bytes);
    return coding_of(info->format)->seeking;
}

/* --- opening --- */

/* An open file and what can be told of it before libsndfile reads it. */
struct opened {
    SNDFILE *sf;
    struct splice *splice;
    SF_INFO info;
    int64_t bytes;
    struct ogg_shape ogg;
    int64_t missing_frames; /* claimed beyond the end of the file */
};

static void close_opened(SNDFILE *sf, struct splice *splice)
{
    if (sf)
        sf_close(sf);
    if (splice)
        close(splice->fd);
    free(splice);
}

/* Hand an open descriptor to libsndfile, with its header put right where that is needed.
 * Formats without a header are never accepted: libsndfile takes those only by file name
 * or by an explicit request. The errno of what failed but the format; then it is closed.
 */
static int open_descriptor(int fd, bool mpeg, struct opened *o)
{
    SF_VIRTUAL_IO io = {splice_length, splice_seek, splice_read, NULL, splice_tell};
    memset(&o->info, 0, sizeof o->info);
    o->sf = NULL;
    o->splice = calloc(1, sizeof *o->splice);
    if (!o->splice) {
        close(fd);
        return ENOMEM;
    }
    if (!(mpeg ? mpeg_length_splice : sound_length_splice)(o->splice, fd))
        splice_whole(o->splice, fd);
    o->sf = sf_open_virtual(&io, SFM_READ, &o->info, o->splice);
    int problem = o->splice->problem;
    if (!o->sf || problem) {
        close_opened(o->sf, o->splice);
        o->sf = NULL;
    }
    return problem;
}

/* libsndfile's reason why a file does not open. It keeps one for the whole process, and
 * other workers open files, too: a reason given twice in a row is that of this file. */
static void ask_reason(const char *path, bool mpeg, char said[SAID_BYTES])
{
    enum { MOST_TRIES = 8 };
    char before[SAID_BYTES] = "";
    snprintf(said, SAID_BYTES, "%s", sf_strerror(NULL));
    for (int i = 0; i < MOST_TRIES && strcmp(said, before) != 0; i++) {
        struct opened again;
        int fd;
        memcpy(before, said, SAID_BYTES);
        if (path_open_file(path, &fd, NULL) != ST_OK)
            return;
        open_descriptor(fd, mpeg, &again);
        if (again.sf) {
            close_opened(again.sf, again.splice);
            return;
        }
        snprintf(said, SAID_BYTES, "%s", sf_strerror(NULL));
    }
}

/* Frames in `missing` more bytes of a sound of `there` bytes: exact where a frame has a
 * size, else in proportion. */
static int64_t frames_of_bytes(const SF_INFO *info, int64_t there, int64_t missing)
{
    int bytes = coding_of(info->format)->bytes;
    if (bytes > 0 && info->channels > 0)
        return missing / (bytes * info->channels);
    return there > 0 ? (int64_t)((double)info->frames * (double)missing / (double)there)
                     : 0;
}

/* MPEG audio has no magic number; what libsndfile takes for it must also hold a row of
 * frames that fit together. `count_mpeg`: make sure of its true length. */
static enum status open_checked(const char *path, bool by_name, bool count_mpeg,
                                struct opened *o, struct err *e)
{
    int fd;
    int64_t there, missing;
    enum status st = path_open_file(path, &fd, e);
    if (st)
        return st;
    struct stat s;
    unsigned char head[REFUSAL_HEAD_BYTES] = {0};
    o->bytes = fstat(fd, &s) == 0 ? (int64_t)s.st_size : 0;
    if (pread(fd, head, sizeof head, 0) < 0)
        memset(head, 0, sizeof head);
    o->ogg = ogg_probe(fd);
    bool cut = sound_length_missing(fd, &there, &missing);
    enum mpeg_likeness mpeg = mpeg_probe(fd, by_name);
    if (mpeg == MPEG_SYNC_ONLY) {
        close(fd);
        return err_set(e, ST_UNREADABLE, "%s cannot be read as audio: %s", path,
                       refusal(head, "not recognised"));
    }
    int problem = open_descriptor(fd, mpeg == MPEG_YES && count_mpeg, o);
    if (problem)
        return err_errno(e, problem == ENOMEM ? ST_NO_MEMORY : ST_UNREADABLE, problem,
                         "%s cannot be read", path);
    if (!o->sf && o->bytes == 0)
        return err_set(e, ST_EMPTY, "%s is empty", path);
    if (!o->sf && !e)
        return ST_UNREADABLE;
    if (!o->sf) {
        char said[SAID_BYTES] = "";
        if (!*refusal(head, said))
            ask_reason(path, mpeg == MPEG_YES && count_mpeg, said);
        return err_set(e, ST_UNREADABLE, "%s cannot be read as audio: %s", path,
                       refusal(head, said));
    }
    int type = o->info.format & SF_FORMAT_TYPEMASK;
    if (type == SF_FORMAT_RAW || (type == SF_FORMAT_MPEG && mpeg == MPEG_NO)) {
        close_opened(o->sf, o->splice);
        return err_set(e, ST_UNREADABLE,
                       "%s cannot be read as audio: it is something else", path);
    }
    o->missing_frames = cut ? frames_of_bytes(&o->info, there, missing) : 0;
    return ST_OK;
}

static enum status check_shape(const char *path, const SF_INFO *info, struct err *e)
{
    if (info->channels < 1 || info->channels > SOUNDFILE_MAX_CHANNELS)
        return err_set(e, ST_UNSUPPORTED, "%s has %d channels; 1 to %d can be used", path,
                       info->channels, SOUNDFILE_MAX_CHANNELS);
    if (info->samplerate < SOUNDFILE_MIN_RATE_HZ ||
        info->samplerate > SOUNDFILE_MAX_RATE_HZ)
        return err_set(e, ST_UNSUPPORTED,
                       "%s has a sample rate of %d Hz; %d to %d Hz can be used", path,
                       info->samplerate, SOUNDFILE_MIN_RATE_HZ, SOUNDFILE_MAX_RATE_HZ);
    return ST_OK;
}

static enum status reopen(struct soundfile *sf, struct err *e)
{
    close_opened(sf->sf, sf->splice);
    sf->sf = NULL;
    sf->splice = NULL;
    sf->position = sf->run_start = 0;
    struct opened o;
    bool by_name = soundfile_has_audio_ending(sf->path);
    enum status st = open_checked(sf->path, by_name, true, &o, e);
    if (st)
        return st;
    if (o.info.channels != sf->info.channels || o.info.samplerate != sf->info.rate_hz ||
        o.info.format != sf->format) {
        close_opened(o.sf, o.splice); /* its frames fit no buffer of ours */
        return err_set(e, ST_CORRUPT, "%s changed while it was being read", sf->path);
    }
    sf->sf = o.sf;
    sf->splice = o.splice;
    return ST_OK;
}

/* A header that claims no frames may be wrong: tries to read one. */
static enum status check_not_empty(struct soundfile *sf, struct err *e)
{
    if (sf->info.claimed_frames > 0)
        return ST_OK;
    float frame[SOUNDFILE_MAX_CHANNELS];
    if (sf_readf_float(sf->sf, frame, 1) < 1)
        return err_set(e, ST_EMPTY, "%s holds no sound", sf->path);
    return reopen(sf, e);
}

static void fill_info(struct soundfile *sf, const struct opened *o)
{
    bool known = o->info.frames > 0 && o->info.frames < SF_COUNT_MAX;
    sf->info.rate_hz = o->info.samplerate;
    sf->info.channels = o->info.channels;
    sf->format = o->info.format;
    sf->info.claimed_frames = known ? o->info.frames + o->missing_frames : 0;
    describe(&sf->info, o->info.format);
    sf->seeking = seeking_of(&o->info, o->bytes);
    sf->pcm16 = (o->info.format & SF_FORMAT_SUBMASK) == SF_FORMAT_PCM_16;
    sf->ogg = (o->info.format & SF_FORMAT_TYPEMASK) == SF_FORMAT_OGG;
    bool vorbis = (o->info.format & SF_FORMAT_SUBMASK) == SF_FORMAT_VORBIS;
    sf->seek_limit = vorbis ? o->ogg.last_page_start : INT64_MAX;
    sf->chained = sf->ogg && o->ogg.chained;
    sf->unfinished = sf->ogg && !o->ogg.ended;
    if (sf->chained)
        sf->seeking = SEEK_FORWARD;
}

enum status soundfile_open(struct soundfile **out, const char *path, struct err *e)
{
    *out = NULL;
    struct opened o;
    enum status st = open_checked(path, soundfile_has_audio_ending(path), true, &o, e);
    if (st)
        return st;
    st = check_shape(path, &o.info, e);
    struct soundfile *sf = st ? NULL : calloc(1, sizeof *sf + strlen(path) + 1);
    if (!sf) {
        close_opened(o.sf, o.splice);
        return st ? st : err_set(e, ST_NO_MEMORY, "%s: no memory to open it", path);
    }
    strcpy(sf->path, path);
    sf->sf = o.sf;
    sf->splice = o.splice;
    sf->end = -1;
    fill_info(sf, &o);
    st = check_not_empty(sf, e);
    if (st) {
        soundfile_close(sf);
        return st;
    }
    *out = sf;
    return ST_OK;
}

void soundfile_close(struct soundfile *sf)
{
    if (!sf)
        return;
    close_opened(sf->sf, sf->splice);
    free(sf);
}

const struct soundfile_info *soundfile_info(const struct soundfile *sf)
{
    return &sf->info;
}

void soundfile_begin_hash(struct soundfile *sf)
{
    splice_begin_hash(sf->splice);
}

enum status soundfile_hash(struct soundfile *sf, uint64_t *hash, struct err *e)
{
    bool known = sf->splice && splice_hash(sf->splice, hash);
    return known ? ST_OK : content_hash_file(sf->path, hash, e);
}

int64_t soundfile_position(const struct soundfile *sf)
{
    return sf->position;
}

uint64_t soundfile_scrubbed(const struct soundfile *sf)
{
    return sf->scrubbed;
}

const char *soundfile_damage(const struct soundfile *sf)
{
    return sf->damage[0] ? sf->damage : NULL;
}

/* --- reading --- */

static uint64_t scrub(float *x, size_t n)
{
    uint64_t scrubbed = line_scrub(x, n);
    if (line_peak(x, n) > loudest)
        for (size_t i = 0; i < n; i++)
            x[i] = fminf(fmaxf(x[i], -loudest), loudest);
    return scrubbed;
}

/* The same floats as sf_readf_float's in a fraction of its time. */
static sf_count_t read_pcm16(const struct soundfile *sf, float *to, sf_count_t frames)
{
    short block[BLOCK_SAMPLES];
    sf_count_t channels = sf->info.channels, most = BLOCK_SAMPLES / channels, done = 0, n;
    do {
        n = sf_readf_short(sf->sf, block, frames - done < most ? frames - done : most);
        for (sf_count_t i = 0; i < n * channels; i++)
            *to++ = (float)block[i] * (1.0f / 32768.0f);
        done += n;
    } while (n == most && done < frames);
    return done;
}

static void note_end(struct soundfile *sf)
{
    sf->end = sf->position;
    /* Lost Ogg pages: the places that the others state are no longer those of reading. */
    if (sf->ogg && sf->run_start == 0 && sf->position != sf->info.claimed_frames)
        sf->seeking = SEEK_FORWARD;
    double rate = sf->info.rate_hz, have = (double)sf->position / rate;
    double claimed = (double)sf->info.claimed_frames / rate;
    if (sf_error(sf->sf) != SF_ERR_NO_ERROR)
        snprintf(sf->damage, sizeof sf->damage, "the data is damaged after %.1f s", have);
    else if (sf->position + (sf->info.lossy ? sf->info.rate_hz : 0) <
             sf->info.claimed_frames)
        snprintf(sf->damage, sizeof sf->damage, "the data ends after %.1f s of %.1f s",
                 have, claimed);
    else if (sf->splice->stale)
        snprintf(sf->damage, sizeof sf->damage,
                 "the header claims less than the %.1f s that are there", have);
    else if (sf->chained)
        snprintf(sf->damage, sizeof sf->damage,
                 "another stream begins after %.1f s, which is not read", have);
    else if (sf->unfinished)
        snprintf(sf->damage, sizeof sf->damage,
                 "the data breaks off after %.1f s, before the stream's end", have);
}

enum status soundfile_read(struct soundfile *sf, float *interleaved, size_t frames,
                           size_t *got, struct err *e)
{
    *got = 0;
    if (!sf->sf)
        return err_set(e, ST_UNREADABLE, "%s could not be opened again", sf->path);
    while (*got < frames && (sf->end < 0 || sf->position < sf->end)) {
        float *to = interleaved + *got * (size_t)sf->info.channels;
        sf_count_t wanted = (sf_count_t)(frames - *got);
        if (sf->end >= 0 && wanted > sf->end - sf->position)
            wanted = sf->end - sf->position;
        sf_count_t n =
            sf->pcm16 ? read_pcm16(sf, to, wanted) : sf_readf_float(sf->sf, to, wanted);
        if (sf->splice->problem) /* which libsndfile takes for the end */
            return err_errno(e, ST_UNREADABLE, sf->splice->problem, "%s cannot be read",
                             sf->path);
        if (n <= 0) {
            note_end(sf);
            break;
        }
        if (!sf->pcm16)
            sf->scrubbed += scrub(to, (size_t)n * (size_t)sf->info.channels);
        sf->position += n;
        *got += (size_t)n;
    }
    return ST_OK;
}

/* --- regions --- */

/* Decode and drop until `target` or the end. */
static enum status skip_to(struct soundfile *sf, int64_t target, struct err *e)
{
    size_t channels = (size_t)sf->info.channels;
    float *dropped = malloc(SKIP_FRAMES * channels * sizeof *dropped);
    if (!dropped)
        return err_set(e, ST_NO_MEMORY, "%s: no memory to read it", sf->path);
    uint64_t scrubbed = sf->scrubbed;
    enum status st = ST_OK;
    size_t got = 1;
    while (!st && sf->position < target && got > 0) {
        int64_t left = target - sf->position;
        st = soundfile_read(sf, dropped, left < SKIP_FRAMES ? (size_t)left : SKIP_FRAMES,
                            &got, e);
    }
    sf->scrubbed = scrubbed;
    free(dropped);
    return st;
}

/* Where decoding must begin for the frames from `start` on to be exact. */
static int64_t decode_from(const struct soundfile *sf, int64_t start)
{
    if (sf->seeking == SEEK_EXACT)
        return start;
    if (sf->seeking == SEEK_FORWARD)
        return 0;
    /* Vorbis blocks and MPEG's bit reservoir are far shorter than a second. */
    int64_t before = sf->info.rate_hz > 16384 ? sf->info.rate_hz : 16384;
    int64_t latest = start < sf->seek_limit ? start : sf->seek_limit;
    return latest > before ? latest - before : 0;
}

static enum status go_to(struct soundfile *sf, int64_t start, struct err *e)
{
    int64_t from = decode_from(sf, start);
    bool can_go_on = sf->seeking == SEEK_FRESH ? from == 0 && sf->run_start == 0
                                               : sf->position >= from;
    if (sf->sf && sf->position <= start && can_go_on)
        return skip_to(sf, start, e);
    /* Coming from the beginning avoids libsndfile's short cuts for near seeks in Ogg,
     * some of which lead astray (its issue 885). */
    bool rewound =
        sf->seeking == SEEK_EXACT || (sf->sf && sf_seek(sf->sf, 0, SEEK_SET) == 0);
    if (from > 0 && sf->sf && rewound && sf_seek(sf->sf, from, SEEK_SET) == from) {
        sf->position = sf->run_start = from;
    } else {
        enum status st = reopen(sf, e);
        if (st)
            return st;
    }
    return skip_to(sf, start, e);
}

enum status soundfile_read_region(struct soundfile *sf, int64_t start, size_t frames,
                                  struct audio *out, struct err *e)
{
    if (start < 0)
        return err_set(e, ST_USAGE, "%s: a region cannot start before the beginning",
                       sf->path);
    enum status st = audio_init(out, frames, sf->info.channels, sf->info.rate_hz, e);
    if (st || (sf->end >= 0 && start >= sf->end))
        return st;
    st = go_to(sf, start, e);
    size_t got;
    if (!st && sf->position == start)
        st = soundfile_read(sf, out->data, frames, &got, e);
    if (st)
        audio_done(out);
    return st;
}

bool soundfile_is_audio(const char *path)
{
    struct opened o;
    if (open_checked(path, false, false, &o, NULL))
        return false;
    bool usable = check_shape(path, &o.info, NULL) == ST_OK;
    close_opened(o.sf, o.splice);
    return usable;
}
