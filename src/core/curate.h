/* curate: the best-of set: which finds are worth keeping, and why.
 *
 * Per category: what the user accepted is always in, what was rejected never, grade F
 * never (unless accepted). The rest by score with diversity: no two of one stack, no
 * near-duplicate of something chosen, no drum stroke again, maximal marginal relevance
 * (Carbonell & Goldstein 1998) over the similarity vectors: λ·score − (1 − λ)·likeness to
 * the nearest chosen, less what others of the same class, kind, recording and place take
 * (docs/choice.md). Deterministic; ties go to the smaller id. Thread: pure, but for the
 * files of options.files; the operation touches files. */
#ifndef TROWEL_CORE_CURATE_H
#define TROWEL_CORE_CURATE_H

#include "core/catalog.h"
#include "core/jobs.h"
#include "core/log.h"
#include "io/paths.h"
#include "io/targets.h"

/* In the folder of a set while it is written: its rows, until the manifest has them.
 * After a kill both together tell which files are the tool's own. */
#define CURATE_BEGUN ".trowel-curating.csv"

/* The score of a candidate, 0 … 1, in explained parts (docs/choice.md). The miner's score
 * (or, of a sample that nobody mined, its level, crest and tone), grade, loop seam, and
 * of drums the class's confidence and whether the hit is whole, count as far as they are
 * known; a recording's low rate costs some of it, and stars weigh as much as all. parts
 * gets each with its value (may be NULL).
 */
double curate_score(const struct candidate *c, enum category category,
                    struct score_parts *parts);

/* How well a hit sounds, whatever drum it is: the root of the miner's score (or of the
 * measures), with band and stars. */
double curate_sound(const struct candidate *c);

/* What a recording of that rate leaves of the score of what is in it: 0.75 at 8 kHz and
 * less to 1 from 32 kHz on, or where the rate is not known. */
double curate_band_worth(const struct candidate *c);

/* Of a hit: does it ring as long as its class needs and come down, 0 … 1, or does the
 * next stroke cut it off while it is loud? */
double curate_rings_out(const struct candidate *c);

/* Of a hit: so little of its class that it is none. A crash that is over in a tenth of a
 * second is what the next stroke left of one, or a spoken s. What somebody cut (and no
 * miner scored) is as long as they want it. */
bool curate_is_scrap(const struct candidate *c);

struct curate_entry {
    uint64_t id;
    enum category category;
    const struct candidate *c;
    const float *vector; /* SIMILARITY_DIM, NULL or starting with NAN = none */
    int stack;           /* 0 = alone; c->cluster does not count */
};

struct curate_pick {
    size_t entry; /* index of the entry */
    double score; /* 0 … 1 */
    /* "accepted by you · score 0.91: mined 0.90 grade 1.00 class 0.95 (mined: attack 0.93
     * …) · 12% like the nearest chosen" */
    char reason[280];
};

/* Where the file of an entry lies; false when it has none. `unread` is told of one that
 * cannot be read, and is like no other; may be NULL. */
struct curate_files {
    bool (*find)(void *of, size_t entry, char path[PATH_BYTES]);
    void (*unread)(void *of, const struct err *why);
    void *of;
};

struct curate_options {
    int top; /* per category, ≥ 0; accepted ones may exceed it */
    /* A kit for this machine follows: of drums at least one for each instrument is chosen
     * where there are such, the ones that suit them best first. NULL = none follows. */
    const struct target *kit;
    double diversity; /* 0 = score alone … 1 = likeness alone; normal 0.3 */
    /* With the files, no stroke of a recording is chosen twice, whatever sounds beside
     * it. NULL = only what is known of the entries counts. */
    const struct curate_files *files;
};

/* Picks in category order, best first in each; caller frees *out. */
enum status curate_choose(const struct curate_entry *entries, size_t count,
                          const struct curate_options *options, struct curate_pick **out,
                          size_t *picked, struct err *e);

/* The pipeline `curate`. input_root: a project (with catalog.db), any tree with
 * manifests, or a folder of plain sound files. */
struct curate_job {
    const char *input_root, *output_root;
    const char *decisions; /* a journal to heed, or NULL */
    struct curate_options options;
    bool force;                    /* replace the best-of set this tool wrote there */
    bool fail_on_empty;            /* ST_NOTHING when nothing is chosen */
    bool dry_run;                  /* choose, write nothing */
    const struct job_context *ctx; /* may be NULL */
};
struct curate_result {
    size_t considered, chosen, copied, kept, missing;
    size_t unreadable; /* files that are left out, or could not be compared */
};
/* Writes <output_root>/<category>/<file> and <output_root>/manifest.csv, each atomically
 * and the manifest last; running it again after an interruption goes on (`kept` = files
 * already there with the right bytes). ST_EXISTS when output_root holds another best-of
 * set and `force` is off; force removes only files its manifest lists with their hash. */
enum status curate_run(const struct curate_job *job, struct curate_result *result,
                       struct err *e);
/* A set has what was cut anew under a name of its own. Turns it into the one it was mined
 * under; false when it is none. */
bool curate_mined_name(char *filename);
/* What refuses it whatever there is to choose from (input_root is not looked at):
 * decisions that are not there, an output_root that holds something else. */
enum status curate_check(const struct curate_job *job, struct err *e);

#endif
