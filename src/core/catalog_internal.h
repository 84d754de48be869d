/* catalog_internal: what the parts of the catalog share: statements without sqlite's own
 * header. catalog.c is the database, catalog_finds.c the machine's half, catalog_events.c
 * the user's. Not for anyone else. */
#ifndef TROWEL_CORE_CATALOG_INTERNAL_H
#define TROWEL_CORE_CATALOG_INTERNAL_H

#include "core/catalog.h"

enum catalog_query {
#define QUERY(id, sql) Q_##id,
#include "core/catalog_queries.def"
#undef QUERY
    Q_COUNT
};

struct query; /* a prepared statement */

enum catalog_access {
    DB_READ,  /* read only */
    DB_WAL,   /* a session */
    DB_PLAIN, /* rollback journal: whole rewrites */
    DB_BESIDE /* a file built beside, thrown away when it fails */
};

/* What can be undone and done again: numbers of the user's own actions, newest last. */
struct catalog_history {
    struct action_stack {
        int64_t *number;
        size_t count, room;
    } undo, redo;
    bool loaded;
};

struct catalog {
    void *db;
    char *path;
    struct query *query[Q_COUNT];
    int64_t data_version;
    bool changed_elsewhere;    /* by another process, and nobody has asked since */
    int log_pages;             /* in the write-ahead log, after the last commit */
    bool logged;               /* begin_log is done (also where there can be no log) */
    bool sync_later, unsynced; /* events, after catalog_sync_later */
    enum catalog_access access;
    struct catalog_history history;
};

/* --- catalog_sql.c: texts; false when one does not fit ----------------------------- */

enum { SQL_BYTES = 4096 };
bool catalog_sql(char out[SQL_BYTES], enum catalog_query q);
bool catalog_sql_schema(char out[SQL_BYTES]);

/* catalog_query with its first parameter, mostly an id, bound. As with that, NULL may be
 * handed on: binding it is nothing, and running it is the failure. */
struct query *catalog_query_of(struct catalog *c, enum catalog_query q, int64_t what,
                               struct err *e);
/* Run to the end, results unseen. */
enum status catalog_run(struct catalog *c, struct query *q, struct err *e);
enum status catalog_simple(struct catalog *c, enum catalog_query q, struct err *e);
/* catalog_number of a statement that takes nothing. */
enum status catalog_simple_number(struct catalog *c, enum catalog_query q, int64_t *value,
                                  struct err *e);

/* --- catalog.c: the database ------------------------------------------------------- */

enum status catalog_open_as(struct catalog **out, const char *path,
                            enum catalog_access access, struct err *e);
/* Nobody else has it open, and it is a single file without a log now. */
bool catalog_take_alone(struct catalog *c);
enum status catalog_check(struct catalog *c, struct err *e); /* full integrity check */
/* While all is read in one go, pages are not kept: fresh memory for each costs more than
 * a copy. */
void catalog_passes_once(struct catalog *c, bool once);

/* Ready to bind, NULL with e filled when it cannot be prepared. */
struct query *catalog_query(struct catalog *c, enum catalog_query q, struct err *e);
void query_int(struct query *q, int at, int64_t value);
void query_real(struct query *q, int at, double value);      /* NAN = NULL */
void query_text(struct query *q, int at, const char *value); /* kept until the step */
void query_blob(struct query *q, int at, const void *value, size_t bytes);

/* Is there another row? No (q is reset then) at the end, when reading fails, which is put
 * into *st, and when *st is a failure already: the caller's. q NULL fails. */
bool query_next(struct catalog *c, struct query *q, enum status *st, struct err *e);
void query_reset(struct query *q); /* ends a select that was not read to the end */
/* The one number a query answers; 0 when there is no row or NULL. */
enum status catalog_number(struct catalog *c, struct query *q, int64_t *value,
                           struct err *e);
/* A statement of its own, run once; text may hold several. */
enum status catalog_script(struct catalog *c, const char *sql, struct err *e);

int64_t row_int(struct query *q, int column);
double row_real(struct query *q, int column); /* NULL = NAN */
void row_text(struct query *q, int column, char *out, size_t size);
const void *row_blob(struct query *q, int column, size_t *bytes);

/* catalog_changed_elsewhere that does not count as asked. */
bool catalog_look_elsewhere(struct catalog *c);
enum status catalog_begin(struct catalog *c, struct err *e);
/* Commit when st is ST_OK, else roll back; returns the outcome. */
enum status catalog_end(struct catalog *c, enum status st, struct err *e);
/* The same for what need not be on the disk before the next event or the end. */
enum status catalog_begin_unsynced(struct catalog *c, struct err *e);
enum status catalog_end_unsynced(struct catalog *c, enum status st, struct err *e);

/* --- catalog_finds.c --------------------------------------------------------------- */

/* Blobs are numbers as they lie in memory; a part's name, then its value. */
enum {
    PART_BYTES = PART_NAME_BYTES + sizeof(double),
    VECTOR_BYTES = SIMILARITY_DIM * sizeof(float)
};

/* `carried` are the decisions and ratings that candidates bring along; the caller frees
 * its `at`. */
enum status catalog_write_content(struct catalog *c,
                                  const struct catalog_content *content,
                                  struct change_list *carried, struct err *e);

/* --- catalog_events.c -------------------------------------------------------------- */

void catalog_history_done(struct catalog_history *h);
/* A row that begins with field, candidate, key, value; false: of a later version. */
bool row_change(struct query *q, struct change *out);
int64_t catalog_now_ms(void);

/* One action inside a transaction: begin, change …, finish; after the commit, note. */
/* As stored. FOLLOW: nobody did it, it came with a recording's mining. */
enum catalog_action_mode { ACTION_DO, ACTION_UNDO, ACTION_REDO, ACTION_FOLLOW };
struct catalog_action {
    int64_t number, target, first, at_ms;
    enum catalog_action_mode mode;
    size_t applied;
};
enum status catalog_action_begin(struct catalog *c, struct catalog_action *a,
                                 enum catalog_action_mode mode, int64_t at_ms,
                                 struct err *e);
/* path NULL: that of the candidate in the catalog, ST_NOT_FOUND when there is none. */
enum status catalog_action_change(struct catalog *c, struct catalog_action *a,
                                  const struct change *wanted, const char *path,
                                  struct err *e);
enum status catalog_action_finish(struct catalog *c, const struct catalog_action *a,
                                  const char *label, struct err *e);
void catalog_action_note(struct catalog *c, const struct catalog_action *a);

/* --- catalog_follow.c -------------------------------------------------------------- */

/* Inside a transaction: where everything lies of which something was said … */
enum status catalog_put_places(struct catalog *c, struct err *e);
/* … and what was said goes with it to where it lies now. The undo stacks do not know of
 * it yet: catalog_history_done. */
enum status catalog_follow_all(struct catalog *c, struct err *e);

/* --- catalog_replay.c -------------------------------------------------------------- */

/* Carry every event over that can still be read; in a transaction of `to`. */
enum status catalog_salvage(struct catalog *to, struct catalog *from, struct err *e);

#endif
