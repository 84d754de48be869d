/* catalog: a project's memory, `catalog.db` (SQLite). The only user of sqlite.
 *
 * Two halves. What the machine found (sources, candidates with measures, parts, loops,
 * near-misses, embeddings) can be rebuilt from disk at any time. What the user said is an
 * append-only table of events keyed by candidate_id(), which no rebuild touches: undo and
 * redo append inverse events. A recording that failed keeps a row with its reason.
 *
 * Files: journal mode WAL while open for writing, a single file again after
 * catalog_close. catalog_publish without user events writes the same bytes for the same
 * content. Durability: a call that records events returns after they are synced to disk;
 * after catalog_sync_later, when they are committed (safe from kill -9), and
 * catalog_flush brings them to the disk (safe from a power failure).
 * Errors: ST_CORRUPT (damaged: catalog_rebuild helps), ST_UNSUPPORTED (written by a newer
 * trowel, or not a trowel catalog: nothing is touched), ST_DISK, ST_NOT_FOUND,
 * ST_NO_MEMORY; each with one sentence.
 * Thread: a struct catalog belongs to one thread at a time; several processes may have
 * one file open. */
#ifndef TROWEL_CORE_CATALOG_H
#define TROWEL_CORE_CATALOG_H

#include "core/journal.h"
#include "core/status.h"
#include "dsp/similarity.h"
#include "io/candidate.h"

struct catalog;

struct catalog_source {
    char stem[SOURCE_BYTES];      /* safe, unique in the project = its folder */
    char path[SOURCE_PATH_BYTES]; /* as in candidate.source_path */
    uint64_t content_hash;        /* of the file, 0 = unknown */
    uint64_t recipe_hash;         /* of config, version, stages: same = may be skipped */
    int rate_hz, channels;
    int64_t frames;
    bool failed;
    char note[256]; /* why it failed, or "" */
};

/* Everything a run found. The order of the candidates is kept (position). */
struct catalog_content {
    const struct catalog_source *sources;
    size_t source_count;
    const struct candidate *candidates;
    size_t candidate_count;
    /* candidate_count × SIMILARITY_DIM, a row starting with NAN = none; NULL = none */
    const float *embeddings;
    /* Instead of the two arrays, so that not all need be in memory: the i-th candidate,
     * asked for in ascending order, lent until the next; *vector may be left NULL.
     * NULL with *e filled when it cannot be had. `ids` then holds candidate_id of all. */
    const struct candidate *(*read)(void *user, size_t i, const float **vector,
                                    struct err *e);
    void *user;
    const uint64_t *ids;
};

/* Write the machine's half of the catalog at `path` in one go. No file, or one without
 * user events: built beside, synced, renamed (byte-identical for the same content).
 * With user events, or open elsewhere: replaced inside one transaction, events kept.
 * Candidates carrying a decision or rating that no event knows (read back from a
 * manifest) get one. Cost: about 1 s for 100,000. */
enum status catalog_publish(const char *path, const struct catalog_content *content,
                            struct err *e);

/* The same, also over a damaged file: that one is kept beside as
 * `catalog.db.damaged-N` and every event that can still be read is carried over. */
enum status catalog_rebuild(const char *path, const struct catalog_content *content,
                            struct err *e);

enum catalog_mode {
    CATALOG_READ, /* must exist; not a byte changes, but for what a killed writer left */
    CATALOG_WRITE /* created when missing */
};
enum status catalog_open(struct catalog **out, const char *path, enum catalog_mode mode,
                         struct err *e);
void catalog_close(struct catalog *c); /* NULL is fine */

/* Has the log grown so far that copying it into the file is due, by what was written
 * since this was last true? Nobody does that inside a call on an open catalog (until the
 * log is far larger still), because it may wait for the disk: call catalog_checkpoint, on
 * a thread that may wait. */
bool catalog_wants_checkpoint(struct catalog *c);
/* Any thread, also beside open catalogs, which go on reading and writing. */
enum status catalog_checkpoint(const char *path, struct err *e);

/* From here on events wait for catalog_flush, so that whoever records them does not wait
 * for the disk. `ahead` has begun the log, which does wait, on another thread; it is
 * closed here. NULL: it is begun here. */
enum status catalog_log_ahead(struct catalog **out, const char *path, struct err *e);
void catalog_sync_later(struct catalog *c, struct catalog *ahead);
/* Were events recorded since this was last true? Then they want catalog_flush, on any
 * thread; at the latest catalog_close does it. */
bool catalog_wants_flush(struct catalog *c);
enum status catalog_flush(const char *path, struct err *e); /* ST_DISK */

/* Has another process written since the last call? Cheap (microseconds). */
bool catalog_changed_elsewhere(struct catalog *c);

/* Add or replace (by id) candidates of one source, and its own row, while mining goes on;
 * one transaction, consistent after kill -9, synced at the next event or close.
 * embeddings as above. */
enum status catalog_add(struct catalog *c, const struct catalog_source *source,
                        const struct candidate *candidates, size_t count,
                        const float *embeddings, struct err *e);

/* Candidates taken away by id (unknown ones are none), likewise. ST_BUSY, and nothing is
 * done: another process has written since catalog_changed_elsewhere was asked last, and
 * may have put those very ones there anew. */
enum status catalog_drop(struct catalog *c, const uint64_t *ids, size_t count,
                         struct err *e);
/* Before candidates of a known source are replaced: where those of them lie that
 * something was said of; `spoken` are known to be (they play a slot). One transaction,
 * synced as above; some 5 µs for each. */
enum status catalog_remember(struct catalog *c, const uint64_t *ids, const bool *spoken,
                             size_t count, struct err *e);
/* These are all that source has now: what was said of a pad, a hit or a silence goes to
 * the one at its place, whatever its name is, as one action. *said = what was said anew
 * (caller frees its `at`). catalog_publish does the same for all sources. */
enum status catalog_follow(struct catalog *c, const char *stem,
                           const struct candidate *found, size_t count,
                           struct change_list *said, struct err *e);
/* The stacks of some candidates by id, likewise, also ST_BUSY. */
enum status catalog_restack(struct catalog *c, const uint64_t *ids, const int *stacks,
                            size_t count, struct err *e);

/* What the user's events make of a candidate. */
struct catalog_find {
    uint64_t id;            /* candidate_id() as mined: overrides do not change it */
    enum category category; /* with the user's override */
    bool tagged, picked;
    bool edited;        /* edges or loop are the user's */
    int loop_at;        /* which of the ranked loops c.loop[0] is; −1: the user's own */
    struct candidate c; /* decision, rating, hit_class, edges, loop[0] with overrides */
};

/* Every candidate in position order, lent to `fn`, which returns false to stop. */
enum status catalog_each(struct catalog *c,
                         bool (*fn)(void *user, const struct catalog_find *f), void *user,
                         struct err *e);
/* The same of those at the positions first … last, but only what lists need is filled:
 * source_path, loops, seed, algorithm_version and sha256 stay empty (100,000 in about
 * 0.15 s). And the span of all positions (last < first: there are none). */
enum status catalog_each_between(struct catalog *c, int64_t first, int64_t last,
                                 bool (*fn)(void *user, const struct catalog_find *f),
                                 void *user, struct err *e);
enum status catalog_span(struct catalog *c, int64_t *first, int64_t *last, struct err *e);
enum status catalog_get(struct catalog *c, uint64_t id, struct catalog_find *out,
                        struct err *e); /* ST_NOT_FOUND */

/* All of them. Caller frees *out (and *embeddings, may be NULL). */
enum status catalog_load(struct catalog *c, struct catalog_find **out, float **embeddings,
                         size_t *count, struct err *e);

/* Caller frees *out. Sorted by stem. */
enum status catalog_sources(struct catalog *c, struct catalog_source **out, size_t *count,
                            struct err *e);

/* That of one candidate; untouched when it has none (ST_NOT_FOUND). */
enum status catalog_vector(struct catalog *c, uint64_t id, float vector[SIMILARITY_DIM],
                           struct err *e);
enum status catalog_each_vector(struct catalog *c,
                                void (*fn)(void *user, uint64_t id, const float *vector),
                                void *user, struct err *e);

/* --- events ------------------------------------------------------------------------ */

/* What a value is now: one per (field, candidate, key) with something said. */
enum status catalog_each_current(struct catalog *c,
                                 bool (*fn)(void *user, const struct change *now),
                                 void *user, struct err *e);
/* Put the user's words on a find as mined (id and c filled in, category its kind's). */
enum status catalog_apply_words(struct catalog *c, struct catalog_find *f, struct err *e);
/* The same for one word. Edges and loop points also set times and length of what is cut
 * from the recording; a pad is its loop, so its edges are its loop points. "" = nothing
 * said. Pure. */
void catalog_overlay(struct catalog_find *f, enum event_field field, const char *value);
/* The current value of one, "" when nothing was said. */
enum status catalog_value(struct catalog *c, enum event_field field, uint64_t candidate,
                          const char *key, char value[EVENT_VALUE_BYTES], struct err *e);

/* Record one user action of `count` changes: all or none, durable on return. Changes that
 * change nothing are dropped; *applied (may be NULL) = how many were not. `label` is the
 * past tense for echo and undo: "rejected night-train_pad01". */
enum status catalog_record(struct catalog *c, const struct change *changes, size_t count,
                           const char *label, size_t *applied, struct err *e);

/* Take back the last action, or do the last undone one again, across restarts.
 * *changes = the values as they are now (caller frees its `at`), label = that action's.
 * ST_NOTHING when there is none. */
enum { ACTION_LABEL_BYTES = 200 };
enum status catalog_undo(struct catalog *c, struct change_list *changes,
                         char label[ACTION_LABEL_BYTES], struct err *e);
enum status catalog_redo(struct catalog *c, struct change_list *changes,
                         char label[ACTION_LABEL_BYTES], struct err *e);
/* How many events were ever recorded. */
size_t catalog_event_count(struct catalog *c);
/* The number of the last action of anyone, taking back and doing again included. */
int64_t catalog_last_action(struct catalog *c);
/* What was decided, rated, or either taken back of, last; 0 = nothing yet. */
uint64_t catalog_last_judged(struct catalog *c);

/* Write the events, all of them in order, as a journal, atomically. ST_EXISTS when `file`
 * is there and no such journal. */
enum status catalog_export(struct catalog *c, const char *file, struct err *e);

/* Apply a journal as one action. Events of candidates this catalog does not have are
 * recorded too (they take effect when such a candidate appears) and counted. */
struct replay_report {
    struct journal_report journal;
    size_t applied, unknown;
    size_t so_already; /* what they say held before */
    char first_unknown[CANDIDATE_PATH_BYTES];
};
enum status catalog_replay(struct catalog *c, const char *file,
                           struct replay_report *report, struct err *e);

#endif
