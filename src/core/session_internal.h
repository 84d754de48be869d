/* session_internal: the model's memory, shared by session*.c and view*.c only. Everything
 * here is the owner's thread's, but for what session_load.c, session_reread.c,
 * session_vectors.c and session_best.c say runs elsewhere: that works on memory of its
 * own. */
#ifndef TROWEL_CORE_SESSION_INTERNAL_H
#define TROWEL_CORE_SESSION_INTERNAL_H

#include "core/session.h"

#include <time.h>

/* Texts that stay where they are until the session ends. */
struct text_block {
    struct text_block *next;
    size_t used, size;
    char bytes[];
};

/* From a find's id to its index: open addressing with linear probing. A slot holds the
 * index + 1, 0 = free; the size is a power of two. */
struct id_table {
    uint32_t *slot;
    size_t size;
};

/* Members of all stacks one after the other, best first; stack k is
 * member[start[k] … start[k + 1]). rank[find] = place in `member`. */
struct stack_index {
    uint32_t *start, *member, *rank;
    int stacks; /* highest number */
    bool fresh;
};

/* Finds by their index. */
struct index_list {
    uint32_t *at;
    size_t count, room;
};
bool index_list_add(struct index_list *l, size_t index); /* false without memory */

struct session_source {
    struct catalog_source about;
    const char *folded; /* about.stem, folded for search */
    bool mining; /* session_add has brought finds, session_keep_only not ended it yet */
};

struct session {
    char *folder, *database;
    const char *name;
    struct catalog *catalog;
    struct find *find;
    double *measure[ME_COUNT]; /* columns, by find */
    size_t count, room;
    struct session_source *source;
    size_t source_count, source_room;
    struct text_block *texts;
    struct id_table ids;
    struct stack_index stacks;
    struct session_version version;
    struct session_tallies tallies;
    size_t with_picks, with_set; /* tallies.best_of by either proposal */
    struct kit_state kit;
    bool extras_changed; /* or their finds came or went: kit.extra is to be listed anew */
    struct index_list leaving; /* gone, with rows still in the catalog (session_tidy) */
    struct restacking {
        uint32_t *find;   /* finds whose catalog rows have another stack number */
        size_t count, at; /* session_tidy has come to find[at] */
        bool cleared;     /* first pass done: the rows' old numbers are 0 */
    } restacking;
    /* rows were not brought up to date, because another process had written: the project
     * is to be joined again */
    bool join_due;
    bool unannounced; /* finds came or went since session_announce */
    /* while another thread reads the catalog again: which of the first touched_count
     * finds changed here since it began; NULL otherwise. Later finds are newer than what
     * is read. */
    unsigned char *touched;
    size_t touched_count;
    struct timespec set_written; /* of the best_of folder, when it was read */
    bool reread_due; /* the catalog has more than was taken in, of another process mostly
                      */
    float *vector;   /* room × SIMILARITY_DIM; a row of NAN: none. NULL: not loaded */
    bool vectors_loading;  /* another thread reads them (session_vectors_read) */
    bool vectors_outdated; /* … and what it read cannot be used any more */
    struct index_list vector_changed; /* came or changed since that began */
    uint32_t *name_rank; /* rank in the order of names of the first names_ranked finds */
    size_t names_ranked;
    float *standing; /* of each score within its kind, 1 = best; NULL = not worked out */
    size_t standing_count;
    /* finds whose state changed, oldest first; views remember how far they have read.
     * log_start counts what was dropped from the front. */
    struct index_list log;
    uint64_t log_start;
    char echo[ACTION_LABEL_BYTES + 60];
    int64_t echo_action; /* the last on record when that was said */
    struct change last;  /* for `.`; candidate 0, field FIELD_COUNT = none */
};

enum { SESSION_LOG_MAX = 65536 };

/* session.c */
void session_changed(struct session *s, size_t index);
void session_forget_changes(struct session *s); /* views then look at every find */
bool session_make_room(struct session *s, size_t room); /* for so many finds */
void session_free_finds(struct session *s);
void session_put_measures(struct session *s, size_t index, const struct measures *from);
/* Room for another id; the first time, all that are there go in. */
bool session_grow_ids(struct session *s);
void session_tally(struct session *s, const struct find *f, int sign);
void session_say(struct session *s, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

/* Known by its stem, or new; index, −1 without memory. */
long session_take_source(struct session *s, const struct catalog_source *about);
/* Append or bring up to date; its source is known already. Index, −1 without memory. */
long session_take_find(struct session *s, const struct catalog_find *from, long source);
/* The same for one that is not there yet, without noting its id. */
long session_append_find(struct session *s, const struct catalog_find *from, long source);
/* The same from another model of the same catalog; its texts are copied. */
long session_take_row(struct session *s, const struct session *other, size_t row,
                      long source);
void session_take_gone(struct session *s, struct find *f);
/* Mark as gone; session_tidy takes its row out of the catalog. ST_NO_MEMORY. */
enum status session_let_go(struct session *s, size_t index, struct err *e);
void session_finds_changed(struct session *s); /* lists look at all finds again */
void session_forget_standing(struct session *s);

/* session_load.c */
/* All sources and finds of the catalog, with the user's decisions, into an empty model;
 * the kit is not. Any thread that has the session to itself. */
enum status session_read_all(struct session *s, struct err *e);
/* Where the manifest of the best_of folder is, and when it was written; 0: it is not. */
struct timespec session_set_written(const struct session *s, char path[PATH_BYTES]);
/* When all finds are there: reads the kit, and views look at every find. */
enum status session_settle_load(struct session *s, struct err *e);
void session_forget_texts(struct session *s);

static inline void session_touch(struct session *s, size_t index)
{
    if (s->touched != NULL && index < s->touched_count)
        s->touched[index] = 1;
}

/* session_reread.c: another process has written what was not taken in yet. */
bool session_reread_pending(struct session *s);

/* session_act.c: record and take; label is the past tense. ST_OK also when nothing
 * changed. */
enum status session_act(struct session *s, const struct change *changes, size_t count,
                        const char *label, size_t *applied, struct err *e);
/* What the catalog has recorded already. */
void session_take_changes(struct session *s, const struct change *changes, size_t count);

/* session_kit.c */
long session_take_kit(struct session *s, const struct change *c);
void session_relink_kit(struct session *s); /* after finds came or went */

/* session_stack.c */
bool session_index_stacks(struct session *s); /* false without memory */

/* session_vectors.c */
enum status session_load_vectors(struct session *s, struct err *e);
/* The find's vector in the catalog is newer than what session_vectors_read may get. */
void session_vector_changed(struct session *s, size_t index);

/* session.c: the finds as the filter sees them. */
struct filter_finds session_finds(struct session *s);

#endif
