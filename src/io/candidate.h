/* candidate: one find, as manifest, catalog, curation, kit and screens know it.
 *
 * A plain value with fixed-size texts: copying is assignment, nothing is owned.
 * Positions are frames at the recording's own rate; loop points are frames of the written
 * sample. Thread: none of its own. */
#ifndef TROWEL_IO_CANDIDATE_H
#define TROWEL_IO_CANDIDATE_H

#include "dsp/measures.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum category {
#define CATEGORY(id, folder, singular) CAT_##id,
#include "io/kinds.def"
#undef CATEGORY
    CAT_COUNT
};

enum kind {
#define KIND(id, type, category, loops, cut) KIND_##id,
#include "io/kinds.def"
#undef KIND
    KIND_COUNT
};

const char *category_folder(enum category c);            /* "pads" … */
const char *category_singular(enum category c);          /* "pad" … */
const char *category_counted(enum category c, size_t n); /* "pad" of 1, else "pads" */
int category_find(const char *folder);                   /* or -1 */
enum kind category_kind(enum category c); /* of what nobody knows more of */
const char *kind_type(enum kind k);       /* the manifest's `type` */
enum category kind_category(enum kind k);
bool kind_loops(enum kind k);
bool kind_struck(enum kind k);   /* answers a key at once: a hit, a flicker */
bool kind_cut(enum kind k);      /* from its recording: it can be cut again, elsewhere */
int kind_find(const char *type); /* or -1 */

/* Decisions are events in the catalog; this is the latest. */
enum decision { DECISION_NONE, DECISION_ACCEPTED, DECISION_REJECTED, DECISION_COUNT };
const char *decision_name(enum decision d); /* "", "accepted", "rejected" */
int decision_find(const char *name);        /* or -1 */

struct loop_choice {
    int64_t start_frame, end_frame; /* in the recording; end is the frame after */
    double correlation;             /* −1 … 1 */
    double seam_error_db;
};

enum { LOOP_CHOICES_MAX = 5 };

enum { SOURCE_BYTES = 96, SOURCE_PATH_BYTES = 512 };

struct candidate {
    /* file name below <project>/<source>/<category folder>/; unique in a project */
    char filename[256];
    char source[SOURCE_BYTES]; /* the source's safe, project-unique stem = its folder */
    /* as found, relative to the input folder where possible */
    char source_path[SOURCE_PATH_BYTES];
    enum kind kind;
    struct measures m;
    int64_t start_frame, end_frame; /* in the recording, at source_rate_hz */
    int source_rate_hz;
    char key[12];        /* "Am", "F#" or "" */
    char brightness[12]; /* "dark", "mid", "bright" or "" */
    char hit_class[16];  /* "kick" … or "" */
    int cluster;         /* stack number from 1, 0 = alone or not worked out */
    char grade;          /* 'A' 'B' 'F', 0 = none */
    bool saved;          /* the file was written */
    enum decision decision;
    int rating;    /* 0–5 */
    uint64_t seed; /* the project's seed */
    char algorithm_version[16];
    char sha256[65]; /* of the written file, hex, "" when not saved */
    struct score_parts parts;
    /* "" for a real find; else why it is a near-miss, in plain units:
     * "level 1.2 dB below the gate" */
    char missed_by[MISSED_BY_BYTES];
    int loop_count; /* ranked alternatives, best first; the first is the one written */
    struct loop_choice loop[LOOP_CHOICES_MAX];
};

void candidate_clear(struct candidate *c); /* zero, measures NAN */
/* Where it lies, in frames at source_rate_hz; without a rate in frames alone. */
void candidate_place(struct candidate *c, int64_t start, int64_t end);

/* The stable identity: a hash of source, kind and name, the same in every run. */
uint64_t candidate_id(const struct candidate *c);

#endif
