/* session_internal: the model's memory, shared by session*.c and view*.c only. */
#ifndef TROWEL_CORE_SESSION_INTERNAL_H
#define TROWEL_CORE_SESSION_INTERNAL_H

#include "core/session.h"

/* Texts that stay where they are until the session ends. */
struct text_block {
    struct text_block *next;
    size_t used, size;
    char bytes[];
};

/* Which find an id is: open addressing, index + 1, 0 = free; size a power of two. */
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

struct session_source {
    struct catalog_source about;
    const char *folded;
    bool coming; /* finds are, and the last word is not said yet */
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
    struct kit_state kit;
    bool extras_changed; /* or their finds came or went: kit.extra is to be listed anew */
    uint32_t *leaving;   /* gone finds whose rows are still in the catalog */
    size_t leaving_count, leaving_room;
    struct restacking {
        uint32_t *find; /* whose rows have another stack number than they should */
        size_t count, at;
        bool cleared; /* their old numbers have left the catalog */
    } restacking;
    bool join_due;    /* rows were left as they are, another process had written */
    bool unannounced; /* finds came or went that lists do not know of */
    /* while the catalog is read again: which finds changed here since (by index, of the
     * first touched_count; what came later is ours anyway) */
    unsigned char *touched;
    size_t touched_count;
    bool reread_due; /* it has changed, and was not taken in */
    float *vector;   /* count × SIMILARITY_DIM once loaded */
    bool vectors_loaded;
    bool listening;    /* somebody reads the vectors ahead */
    bool misheard;     /* … for nothing: much has changed meanwhile */
    uint32_t *unheard; /* finds that came or changed meanwhile */
    size_t unheard_count, unheard_room;
    uint32_t *name_rank; /* places by name, for views: of the first so many finds */
    size_t names_ranked;
    float *standing; /* of scores within their kind, likewise; NULL = not worked out */
    size_t standing_count;
    /* finds whose state changed, oldest first; views remember how far they have read.
     * log_start counts what was dropped from the front. */
    uint32_t *log;
    size_t log_count, log_room;
    uint64_t log_start;
    char echo[ACTION_LABEL_BYTES + 60];
    struct change last; /* for `.`; candidate 0, field FIELD_COUNT = none */
};

enum { SESSION_LOG_MAX = 65536 };

/* session.c */
void session_changed(struct session *s, size_t index);
void session_forget_changes(struct session *s); /* whoever follows them looks at all */
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
/* Gone, and its row leaves the catalog when there is time. */
enum status session_let_go(struct session *s, size_t index, struct err *e);
void session_finds_changed(struct session *s); /* lists look at all finds again */
void session_forget_standing(struct session *s);

/* session_load.c: all of the catalog. */
/* Sources and finds into an empty model, with what was said of each. */
enum status session_read_all(struct session *s, struct err *e);
/* When all finds are there: the kit; whoever follows looks at everything. */
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

/* session_voice.c */
enum status session_load_vectors(struct session *s, struct err *e);
/* This find has another vector in the catalog than whoever reads ahead may see. */
void session_not_heard(struct session *s, size_t index);

/* session.c: the finds as the filter sees them. */
struct filter_finds session_finds(struct session *s);

#endif
