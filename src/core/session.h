/* session: the workstation's model of one project: every find in memory as the lists
 * need it, the catalog behind it, and the user's actions with undo and redo.
 *
 * Single writer: all of this belongs to the owner's thread (the UI's). Miners hand their
 * results over through jobs; `done` runs on the owner's thread and calls
 * session_add. Nothing calls back into the UI: it compares version counters.
 * Finds are addressed by their index, which never changes while the session is open
 * (finds are only appended; those a new mining run did not find again become `gone`), or
 * by their id across sessions. Lists (filter, sort, stacks, cursor) are views: view.h.
 * Every action is on disk when the call returns (but see catalog_sync_later); if that
 * fails, the model is unchanged.
 */
#ifndef TROWEL_CORE_SESSION_H
#define TROWEL_CORE_SESSION_H

#include "core/catalog.h"
#include "core/filter.h"
#include "core/find.h"
#include "core/status.h"
#include "dsp/kit_shape.h"
#include "io/paths.h"
#include "io/targets.h"

struct session;

/* --- a project --------------------------------------------------------------------- */

/* `folder` is the project's (export/<project>); it and its catalog.db are created when
 * missing. Errors as in catalog_open; with ST_CORRUPT the caller may offer
 * catalog_rebuild and try again. */
enum status session_open(struct session **out, const char *folder, struct err *e);
void session_close(struct session *s); /* NULL is fine */
const char *session_folder(const struct session *s);
const char *session_name(const struct session *s); /* its last part */
struct catalog *session_catalog(struct session *s);

/* Counters that only grow. `finds`: finds came, went or were replaced (and that was
 * announced); `state`: a decision, rating, tag, override or kit entry changed. */
struct session_version {
    uint64_t finds, state;
};
struct session_version session_version(const struct session *s);
/* The finds whose decision, rating …, or place in the kit changed since `*seen`, some
 * perhaps twice; `*seen` is brought up to now. False: too much changed, look at all. */
bool session_changed_since(const struct session *s, uint64_t *seen,
                           const uint32_t **index, size_t *count);

/* Take in what another process wrote to the catalog meanwhile (batch run, second
 * workstation) without keeping keys waiting (0.2 s for 100,000): begin on the owner's
 * thread (NULL: there is nothing to read now; cheap), session_reread on any, then steps
 * on the owner's until one is false (some 2 ms each; lists see it after the last) or,
 * when reading failed, drop: then it is begun again. What the user and miners do
 * meanwhile stands. */
struct session_news;
struct session_news *session_reread_begin(struct session *s);
enum status session_reread(struct session_news *news, struct err *e);
bool session_reread_step(struct session *s, struct session_news *news);
void session_reread_drop(struct session *s, struct session_news *news);

/* --- finds and sources ------------------------------------------------------------- */

size_t session_count(const struct session *s); /* including gone ones and near-misses */
/* Valid until the next session_add or session_reread_step. */
const struct find *session_find(const struct session *s, size_t index);
long session_index_of(const struct session *s, uint64_t id); /* or −1 */
/* What was measured of one; `f` is of this session. */
double session_measure(const struct session *s, const struct find *f,
                       enum measure_id measure);
void session_measures(const struct session *s, const struct find *f,
                      struct measures *out);

/* All of one find: parts, loops, source path, missed_by, with overrides applied (one
 * read of the catalog, some 50 µs). */
enum status session_detail(struct session *s, size_t index, struct catalog_find *out,
                           struct err *e);
/* The file it was written to: <folder>/<source>/<category folder>/<filename>. Returns
 * false when it does not fit, or the catalog cannot tell. */
bool session_file(struct session *s, size_t index, char path[PATH_BYTES]);

size_t session_source_count(const struct session *s);
const struct catalog_source *session_source(const struct session *s, size_t source);
long session_source_find(const struct session *s, const char *stem); /* or −1 */

/* What a miner found in one source, in small steps, while keys wait to be answered:
 * session_add takes some finds in (about 0.2 ms each; known ids are brought up to date in
 * place, user's actions kept; embeddings: count × SIMILARITY_DIM or NULL),
 * session_keep_only makes the source's others gone when it is done (also one that failed:
 * count 0, failed, note). Lists see either only after session_announce, which makes them
 * look at all finds again (some 5 ms at 100,000): call it now and then. It says whether
 * there was news. What fails halfway makes a reread due, and session_restack refuse: then
 * the catalog is written anew from what is on record. */
enum status session_add(struct session *s, const struct catalog_source *source,
                        const struct candidate *found, size_t count,
                        const float *embeddings, struct err *e);
enum status session_keep_only(struct session *s, const struct catalog_source *source,
                              const struct candidate *found, size_t count, struct err *e);
bool session_announce(struct session *s);
/* The stacks as they come out over all finds on record (project_assemble): ids[i] is in
 * stack[i]. Numbers that finds have already are kept where that is possible. Lists see
 * them after session_announce. False, and nothing is changed: another process has written
 * to the catalog and that was not taken in yet, or some of the ids are no finds of this
 * session; then the catalog is to be written anew. About 10 ms for 100,000. */
bool session_restack(struct session *s, const uint64_t *ids, const int *stack,
                     size_t count);
/* What session_keep_only made gone leaves the catalog, and new stack numbers enter it, a
 * few rows at a time (some 20 µs each), on this call and at the latest in session_close.
 * Ended in between, stacks are incomplete there, never mixed up. True: there are more.
 * Rows of a catalog that another process has just written stay: then the project wants to
 * be joined again, when that is quiet (once). */
bool session_tidy(struct session *s);
bool session_wants_join(struct session *s);
bool session_has_news(const struct session *s); /* to announce */

/* For what another thread does with the catalog: catalog_log_ahead, catalog_flush,
 * catalog_checkpoint. */
const char *session_catalog_path(const struct session *s);

int session_stack_size(struct session *s, int stack); /* 1 for stack 0 */

/* Counts for the side bar. Near-misses and gone ones are in none of the categories. */
struct session_tally {
    size_t undecided, accepted, rejected;
};
struct session_tallies {
    struct session_tally category[CAT_COUNT], all;
    size_t near_misses, tagged;
    size_t picked;  /* proposed by session_best */
    size_t in_set;  /* in the folder best_of */
    size_t best_of; /* session_in_best_of */
};
const struct session_tallies *session_tallies(const struct session *s);

/* What the user accepted and, unless the user rejected it, what was proposed last: by
 * session_best or, while there is nothing of that, by curate in the folder best_of. */
bool session_in_best_of(const struct session *s, const struct find *f);

/* --- actions ----------------------------------------------------------------------- */
/* All take `count` indices (one, a range, or the tagged) as one undoable action. Actions
 * that change nothing are no actions and are not undone. A near-miss that is accepted is
 * in the best-of like any other find. ST_USAGE (no such value), ST_DISK, ST_NO_MEMORY:
 * nothing was changed. */

enum status session_decide(struct session *s, const size_t *index, size_t count,
                           enum decision d, struct err *e);
enum status session_rate(struct session *s, const size_t *index, size_t count, int rating,
                         struct err *e);
enum status session_tag(struct session *s, const size_t *index, size_t count, bool on,
                        struct err *e);
enum status session_set_category(struct session *s, const size_t *index, size_t count,
                                 enum category category, struct err *e);
enum status session_set_class(struct session *s, const size_t *index, size_t count,
                              const char *hit_class, struct err *e);
/* ST_USAGE: too long, and nothing of it is kept. */
enum status session_set_note(struct session *s, size_t index, const char *note,
                             struct err *e);
/* FIELD_EDGES or FIELD_LOOP, in frames of the recording; start == end takes the user's
 * edit back. */
enum status session_set_span(struct session *s, size_t index, enum event_field field,
                             int64_t start_frame, int64_t end_frame, struct err *e);
/* Of the stacks of these finds accept one each and reject the others (`Z`): of those that
 * the user accepted, else of those nobody rejected, the one with most stars, then the
 * best. ST_NOTHING when all of them stand alone. */
enum status session_keep_best(struct session *s, const size_t *index, size_t count,
                              struct err *e);

/* The indices of all tagged finds, in list order; caller frees *out. */
enum status session_tagged(const struct session *s, size_t **out, size_t *count,
                           struct err *e);
/* Members of a stack, best first; the array is the session's, valid until the next
 * change. NULL and 0 for stack 0. */
const uint32_t *session_stack(struct session *s, int stack, size_t *count);

/* ST_NOTHING when there is none left (the echo says so). *index (may be NULL) = a find
 * it touched, for the cursor, or −1. */
enum status session_undo(struct session *s, long *index, struct err *e);
enum status session_redo(struct session *s, long *index, struct err *e);

/* What the last action did: "rejected night-train_pad01 · {undo} undoes", "nothing to
 * undo". Until the next action; "" at first. In braces: the name of an action, for its
 * key. */
const char *session_echo(const struct session *s);
/* False: another process has done or undone something since, and undo takes back that. */
bool session_echo_holds(const struct session *s);

/* Repeat the last decide, rate, tag, class or category action on other finds (`.`).
 * ST_NOTHING when there was none. */
enum status session_repeat(struct session *s, const size_t *index, size_t count,
                           struct err *e);

/* --- similarity and best-of -------------------------------------------------------- */

/* Vectors are read at the first use, some 100 ms for 100,000. Ahead of that, without
 * keeping keys waiting: begin on the owner's thread (NULL: there is nothing to read now),
 * session_vectors_read on any (ST_DISK, ST_NO_MEMORY, …), end on the owner's whatever
 * came of it. */
struct session_vectors;
struct session_vectors *session_vectors_begin(struct session *s);
enum status session_vectors_read(struct session_vectors *ahead, struct err *e);
void session_vectors_end(struct session *s, struct session_vectors *ahead);

/* Distance of every find to one (session_count values into `distance`, INFINITY where
 * there is no vector). Loads the vectors at the first use. */
enum status session_distances(struct session *s, size_t index,
                              const struct similarity_weights *weights, float *distance,
                              struct err *e);

/* Propose a best-of of `top` per category instead of the one before (kit, diversity: as
 * in curate.h) without keeping keys waiting (0.1 s for 30,000): begin on the owner's
 * thread (NULL: no memory), session_choose_best on any, end on the owner's with what came
 * of it, which it returns when that is an error. */
struct session_best;
struct session_best *session_best_begin(const struct session *s, int top,
                                        const struct target *kit, double diversity);
enum status session_choose_best(struct session_best *best, struct err *e);
enum status session_best_end(struct session *s, struct session_best *best,
                             enum status chosen, struct err *e);

/* --- the kit ----------------------------------------------------------------------- */

enum { KIT_EXTRAS_MAX = 389, KIT_NAME_BYTES = 128 };
/* "BD" "SD" "LT" "MT" "HT" "RS" "HC" "CH" "OH" "CC" "RC" */
const char *kit_slot_name(int slot);

struct kit_slot {
    uint64_t id; /* candidate, 0 = empty */
    long index;  /* the find's, −1 = empty or not in this project (any more) */
    bool locked;
    double trim_db;
    uint16_t steps; /* bit 0 = first step */
};
struct kit_state {
    char name[KIT_NAME_BYTES]; /* "" = not given yet */
    double tempo_bpm;
    bool rings; /* CH does not cut OH */
    struct kit_slot slot[KIT_SLOTS];
    size_t extra_count;
    uint32_t extra[KIT_EXTRAS_MAX]; /* indices of finds, in order */
};
/* The kit as it stands; valid until the next change. */
const struct kit_state *session_kit(const struct session *s);

/* For each slot the finds that suit it, best first, one of each stack: by what an export
 * goes by (core/kit_slots). Some 10 ms for 100,000 finds. */
enum { SLOT_MATCHES = 64 };
struct slot_matches {
    size_t count;
    uint32_t find[SLOT_MATCHES]; /* indices */
    double value[SLOT_MATCHES];  /* fit of the class times the hit's worth */
};
void session_slot_matches(const struct session *s, const struct target *t,
                          struct slot_matches out[KIT_SLOTS]);
/* What an export would put on the free slots (index −1) beside what the others hold. A
 * slot that nothing suits stays −1. */
enum status session_fill_slots(struct session *s, const struct target *t,
                               const struct slot_matches matches[KIT_SLOTS],
                               long index[KIT_SLOTS], struct err *e);

/* Another one of its eight best on each slot that is not locked, in index[]: the next one
 * after what is there, so that a shuffle depends on the kit only. Beside the others it
 * must suit as well as an export asks, or what is there stays. */
enum { SLOT_NEXT = 8 };
enum status session_shuffle_slots(struct session *s, const struct target *t,
                                  const struct slot_matches matches[KIT_SLOTS],
                                  long index[KIT_SLOTS], struct err *e);

/* index −1 empties the slot. Assigning does not accept. */
enum status session_kit_assign(struct session *s, int slot, long index, struct err *e);
/* Several at once (shuffle) as one action; locked slots are left alone; index[i] −2 =
 * leave slot i as it is. */
enum status session_kit_assign_all(struct session *s, const long index[KIT_SLOTS],
                                   const char *label, struct err *e);
enum status session_kit_lock(struct session *s, int slot, bool on, struct err *e);
enum status session_kit_trim(struct session *s, int slot, double db, struct err *e);
enum status session_kit_steps(struct session *s, int slot, uint16_t steps, struct err *e);
/* A whole pattern as one action. */
enum status session_kit_pattern(struct session *s, const uint16_t steps[KIT_SLOTS],
                                const char *label, struct err *e);
enum status session_kit_tempo(struct session *s, double bpm, struct err *e);
enum status session_kit_ring(struct session *s, bool on, struct err *e);
enum status session_kit_name(struct session *s, const char *name, struct err *e);
/* Append to the extras, or take out. */
enum status session_kit_extra(struct session *s, const size_t *index, size_t count,
                              bool on, struct err *e);

#endif
