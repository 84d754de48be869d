/* dig: the excavation of one recording: analyse it once, then run the stages over it.
 *
 * The stages (stage_*.c) append finds; every find becomes a whole file through
 * dig_keep, which converts, levels, dithers, measures, names and writes it. Nothing
 * depends on other recordings, on time or on the thread.
 *
 * Ownership: a dig owns its finds until dig_done, or who takes them leaves an empty list.
 * Thread: one worker.
 */
#ifndef TROWEL_CORE_DIG_H
#define TROWEL_CORE_DIG_H

#include "core/find_list.h"
#include "core/jobs.h"
#include "core/recipe.h"
#include "dsp/audio.h"
#include "dsp/similarity.h"
#include "dsp/track.h"
#include "io/candidate.h"
#include "io/part_reader.h"
#include "io/paths.h"

/* Where a dig reads and writes. */
struct dig;
struct dig_site {
    const char *open_path;   /* the recording, to open */
    const char *source_path; /* the recording, as the manifest tells it */
    const char *stem;        /* safe, unique in the project */
    const struct root *root; /* the project; NULL: write nothing */
    const char *folder;      /* below root: "<stem>" ("" = the root itself) */
    bool category_folders;   /* <folder>/pads/…, else straight into folder */
    /* Called with names before they are written; false, with errno, stops the dig
     * (ST_DISK). */
    bool (*announce)(void *user, const char *const *names, size_t count);
    void *user;
    /* Called after each stage that found something, on the worker's thread: the finds
     * from `first` on are new. May be NULL. */
    void (*found)(void *found_user, const struct dig *d, size_t first);
    void *found_user;
};

/* Sound that later stages are made from, at the recording's rate. */
struct material {
    struct audio sound;
    int64_t start_frame, end_frame; /* in the recording */
    double score;
    float weight; /* of hits: how noise-like, for hiss */
};
struct material_list {
    struct material *at;
    size_t count, room;
};
/* Takes `sound` over (also on failure, when it is freed). */
enum status material_add(struct material_list *l, struct material *m, struct err *e);

struct dig_batch;
struct converter;
struct drum_ear;
struct measurer;

struct dig {
    const struct recipe *recipe;
    struct dig_site site;
    const struct job_context *ctx;
    struct soundfile *sf;
    struct soundfile_info info;
    uint64_t content_hash;
    struct track *track;
    /* What pads, drones and clouds come from, and hits: all that sounds, or a part of it.
     * Where it is a part, what is known of the first is `pads_track`, else NULL. */
    struct part_reader pads_from, hits_from;
    struct track *pads_track;
    struct similarity *similarity;
    struct trace_maker *tracer;  /* of finished hits */
    struct measurer *measurer;   /* of finished samples */
    struct converter *converter; /* to the rate of the files; NULL: nothing to write */
    struct drum_ear *ear;        /* at the recording's rate; NULL when that is too low */
    struct find_list finds;
    struct material_list pads, hits;
    struct dig_batch *batch; /* samples that wait for dig_settle (dig_place.c) */
    double bpm; /* for bar lengths: the config's or the recording's, 0 = none */
    struct {
        double from, share; /* of the stage, in the whole */
        const char *stage;
    } progress;
};

/* Opens, hashes and analyses. On failure nothing needs dig_done. ST_UNREADABLE, ST_EMPTY
 * (no sound in it), ST_CANCELLED … */
enum status dig_open(struct dig *d, const struct recipe *recipe,
                     const struct dig_site *site, const struct job_context *ctx,
                     struct err *e);
/* All stages of the recipe, in order. A stage that finds nothing is no failure. */
enum status dig_run(struct dig *d, struct err *e);
void dig_done(struct dig *d);
/* About how much work a recording of that length is, in any unit. Only the time that is
 * left is told by it. */
double dig_cost(const struct recipe *r, double seconds);

/* What a stage says of a sample it wants kept. */
struct keep {
    const char *name; /* file name without ending; "%B" becomes the brightness tag */
    double peak_dbfs;
    bool loop;     /* all of it is a loop */
    int channels;  /* of the file: 1 or 2 */
    bool finished; /* at the output rate, faded and peaked: only dither is missing */
};

/* Make `sound` a file and `c` (kind, positions, score, parts filled) the last find.
 * `sound` is used up. A sample that is silent is dropped: ST_EMPTY, no find. Samples are
 * measured and written four dozen at a time: file and find are there after dig_settle. */
enum status dig_keep(struct dig *d, const struct candidate *c, struct audio *sound,
                     const struct keep *k, struct err *e);

/* What waits becomes files and finds. dig_run does so behind every stage, dig_miss and
 * dig_tell before they add theirs. */
enum status dig_settle(struct dig *d, struct err *e);
void dig_batch_free(struct dig_batch *b); /* drops what waits; NULL safe */

/* The same for a dig that writes nothing and asks for no measures of the sound: `c` under
 * the name its file would have (a name without "%B"). */
enum status dig_tell(struct dig *d, const struct candidate *c, const char *name,
                     struct err *e);

/* Find `i`, which waits no longer, and its file, where it has one, get another name. The
 * folder is not flushed. */
enum status dig_rename(struct dig *d, size_t i, const char *name, struct err *e);

/* The steps of dig_keep, for sounds cut again later: `sound` as `k` says it (channels,
 * rate, DC, ends, level; nothing when k->finished), then what is measured of it. `by` is
 * a converter to rate_hz, or NULL for one sound alone, which libsamplerate converts. */
enum status dig_to_rate(struct audio *sound, const struct converter *by, int rate_hz,
                        bool loop, struct err *e);
enum status dig_finish(struct audio *sound, const struct keep *k,
                       const struct converter *by, int rate_hz, struct err *e);
enum status dig_measure(struct candidate *c, const struct audio *sound, bool loop,
                        const struct config *cfg, struct err *e);
/* Brightness, key and grade, from what is measured and the sound. */
enum status dig_describe(struct candidate *c, const struct audio *sound, bool loop,
                         const struct config *cfg, struct err *e);

/* Flush the folders of the finds from `first` on: dig_keep leaves that to the end of a
 * stage. */
enum status dig_flush(const struct dig *d, size_t first, struct err *e);

/* A near-miss: no file, only what it missed by. `number` makes its name unique. */
enum status dig_miss(struct dig *d, const struct candidate *c, const char *what,
                     int number, struct err *e);

/* A candidate of this recording with its positions (frames at its rate) filled. */
void dig_candidate(const struct dig *d, struct candidate *c, enum kind kind,
                   int64_t start, int64_t end);

/* Is the stage one of the recipe's? What another is made from is mined all the same. */
bool dig_wants(const struct dig *d, enum stage s);

/* So much of the stage is done, 0 … 1. */
void dig_part(const struct dig *d, double part);
/* ST_CANCELLED once the job is to end: asked every tenth of a second of work or so. */
enum status dig_go_on(const struct dig *d, struct err *e);

/* The recording's frames [start, end) with at most `channels` (1 or 2) channels, without
 * its constant offset. */
enum status dig_read(struct dig *d, int64_t start, int64_t end, int channels,
                     struct audio *out, struct err *e);
/* The same of what pads come from, and its track. What is slower than any sound is taken
 * off: notes bring an offset of their own, and every grain of it would be a thump. */
enum status dig_read_pads(struct dig *d, int64_t start, int64_t end, int channels,
                          struct audio *out, struct err *e);
const struct track *dig_pads_track(const struct dig *d);

/* The key that what is made is to be in (musicality.target_key); none: that of what it is
 * made from. */
struct key dig_target_key(const struct dig *d);

/* The onsets that hits are cut at: the track's, or as drum_miner wants them picked. `own`
 * holds the latter, and is done by the caller whatever comes back. */
enum status dig_onsets(const struct dig *d, struct onset_list *own,
                       const struct onset_list **out, struct err *e);

/* The stages. */
enum status stage_pads(struct dig *d, struct err *e);
enum status stage_drones(struct dig *d, struct err *e);
enum status stage_clouds(struct dig *d, struct err *e);
enum status stage_hiss(struct dig *d, struct err *e);
enum status stage_drums(struct dig *d, struct err *e);
enum status stage_silences(struct dig *d, struct err *e);
enum status stage_dust(struct dig *d, struct err *e);

#endif
