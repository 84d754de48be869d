#include "core/catalog_internal.h"

#include "io/paths.h"

#include <sqlite3.h>

#include <errno.h>
#include <fcntl.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum {
    SCHEMA_VERSION = 1,
    APPLICATION_ID = 0x74726f77,
    BUSY_MS = 3000,
    LOG_DUE = 8192,  /* pages in the log that make a checkpoint worth while: whoever
                      * writes after one waits for the disk */
    LOG_MOST = 32768 /* nobody came: do it now */
};

/* --- failures ---------------------------------------------------------------------- */

static enum status failure(int code, const char *path, const char *text, struct err *e)
{
    switch (code & 0xFF) {
    case SQLITE_CORRUPT:
    case SQLITE_NOTADB:
        return err_set(e, ST_CORRUPT,
                       "the catalog %s is damaged; `trowel --batch index` rebuilds it "
                       "and keeps every decision that can be read",
                       path);
    case SQLITE_NOMEM:
        return err_set(e, ST_NO_MEMORY, "no memory for the catalog %s", path);
    case SQLITE_BUSY:
    case SQLITE_LOCKED:
        return err_set(e, ST_DISK, "the catalog %s is in use by another trowel", path);
    case SQLITE_FULL:
        return err_set(e, ST_DISK, "the disk is full: %s cannot be written", path);
    case SQLITE_READONLY:
        return err_set(e, ST_DISK,
                       "the catalog %s is read-only, and decisions are saved in it: copy "
                       "the project to a writable disk",
                       path);
    case SQLITE_ERROR:
        return err_set(e, ST_CORRUPT,
                       "the catalog %s is incomplete (%s); `trowel --batch index` "
                       "rebuilds it",
                       path, text);
    default:
        return err_set(e, ST_DISK, "the catalog %s: %s", path, text);
    }
}

/* Did the system say so, of the file or of its log? */
static bool was_said(sqlite3 *db, int problem)
{
    int of_file = 0, of_log = 0;
    sqlite3_file *log = NULL;
    sqlite3_file_control(db, "main", SQLITE_FCNTL_LAST_ERRNO, &of_file);
    sqlite3_file_control(db, "main", SQLITE_FCNTL_JOURNAL_POINTER, &log);
    if (log != NULL && log->pMethods != NULL)
        log->pMethods->xFileControl(log, SQLITE_FCNTL_LAST_ERRNO, &of_log);
    return of_file == problem || of_log == problem;
}

/* SQLite takes a disk that fails for a damaged file, and that would be rebuilt; one that
 * has become read-only, or a used up quota, for one that fails. */
static enum status database_failure(sqlite3 *db, int code, const char *path,
                                    struct err *e)
{
    int kind = code & 0xFF;
    if (kind == SQLITE_CORRUPT && (was_said(db, EIO) || was_said(db, ENXIO)))
        return failure(SQLITE_IOERR, path, sqlite3_errstr(SQLITE_IOERR), e);
    if (kind == SQLITE_IOERR && was_said(db, EROFS))
        code = SQLITE_READONLY;
    else if (kind == SQLITE_IOERR && was_said(db, EDQUOT))
        code = SQLITE_FULL;
    return failure(code, path, sqlite3_errmsg(db), e);
}

static enum status query_failure(struct catalog *c, struct err *e)
{
    return database_failure(c->db, sqlite3_errcode(c->db), c->path, e);
}

/* --- statements -------------------------------------------------------------------- */

struct query *catalog_query(struct catalog *c, enum catalog_query q, struct err *e)
{
    if (c->query[q] != NULL) {
        query_reset(c->query[q]);
        return c->query[q];
    }
    char sql[SQL_BYTES];
    sqlite3_stmt *st = NULL;
    if (!catalog_sql(sql, q)) {
        err_set(e, ST_UNSUPPORTED, "a catalog statement is too long");
        return NULL;
    }
    if (sqlite3_prepare_v3(c->db, sql, -1, SQLITE_PREPARE_PERSISTENT, &st, NULL) !=
        SQLITE_OK) {
        query_failure(c, e);
        return NULL;
    }
    return c->query[q] = (struct query *)st;
}

static sqlite3_stmt *statement(struct query *q)
{
    return (sqlite3_stmt *)q;
}

void query_int(struct query *q, int at, int64_t value)
{
    if (q != NULL)
        sqlite3_bind_int64(statement(q), at, value);
}

void query_real(struct query *q, int at, double value)
{
    if (q != NULL)
        sqlite3_bind_double(statement(q), at, value); /* NAN becomes NULL */
}

void query_text(struct query *q, int at, const char *value)
{
    if (q != NULL)
        sqlite3_bind_text(statement(q), at, value, -1, SQLITE_STATIC);
}

void query_blob(struct query *q, int at, const void *value, size_t bytes)
{
    if (q == NULL)
        return;
    if (bytes == 0)
        sqlite3_bind_null(statement(q), at);
    else
        sqlite3_bind_blob64(statement(q), at, value, bytes, SQLITE_STATIC);
}

void query_reset(struct query *q)
{
    if (q != NULL)
        sqlite3_reset(statement(q));
}

/* The status e would have carried, also when the caller has none. */
static enum status last_status(struct catalog *c, struct err *e)
{
    struct err own = {0};
    return e != NULL && e->code != ST_OK ? e->code : query_failure(c, &own);
}

bool query_next(struct catalog *c, struct query *q, enum status *st, struct err *e)
{
    if (*st == ST_OK && q == NULL)
        *st = last_status(c, e);
    int code = *st == ST_OK ? sqlite3_step(statement(q)) : SQLITE_DONE;
    if (code == SQLITE_ROW)
        return true;
    if (code != SQLITE_DONE)
        *st = query_failure(c, e);
    query_reset(q);
    return false;
}

enum status catalog_number(struct catalog *c, struct query *q, int64_t *value,
                           struct err *e)
{
    enum status st = ST_OK;
    *value = query_next(c, q, &st, e) ? row_int(q, 0) : 0; /* NULL reads as 0 */
    query_reset(q);
    return st;
}

enum status catalog_script(struct catalog *c, const char *sql, struct err *e)
{
    int code = sqlite3_exec(c->db, sql, NULL, NULL, NULL);
    return code == SQLITE_OK ? ST_OK : query_failure(c, e);
}

int64_t row_int(struct query *q, int column)
{
    return sqlite3_column_int64(statement(q), column);
}

double row_real(struct query *q, int column)
{
    double v = sqlite3_column_double(statement(q), column); /* 0 for NULL */
    if (v == 0.0 && sqlite3_column_type(statement(q), column) == SQLITE_NULL)
        return (double)NAN;
    return v;
}

void row_text(struct query *q, int column, char *out, size_t size)
{
    const unsigned char *text = sqlite3_column_text(statement(q), column);
    size_t n = text != NULL ? (size_t)sqlite3_column_bytes(statement(q), column) : 0;
    if (n >= size)
        n = size - 1;
    if (n > 0)
        memcpy(out, text, n);
    out[n] = '\0';
}

const void *row_blob(struct query *q, int column, size_t *bytes)
{
    const void *blob = sqlite3_column_blob(statement(q), column);
    *bytes = blob != NULL ? (size_t)sqlite3_column_bytes(statement(q), column) : 0;
    return blob;
}

/* --- opening ----------------------------------------------------------------------- */

static enum status create_schema(struct catalog *c, struct err *e)
{
    char sql[SQL_BYTES], head[128];
    if (!catalog_sql_schema(sql))
        return err_set(e, ST_UNSUPPORTED, "the catalog's schema is too long");
    snprintf(head, sizeof head, "PRAGMA application_id=%d; PRAGMA user_version=%d;",
             APPLICATION_ID, SCHEMA_VERSION);
    enum status st = catalog_script(c, "BEGIN IMMEDIATE", e);
    if (st != ST_OK)
        return st;
    int64_t tables; /* another process may have been faster */
    st = catalog_simple_number(c, Q_TABLES, &tables, e);
    if (st == ST_OK && tables == 0)
        st = catalog_script(c, head, e);
    if (st == ST_OK && tables == 0)
        st = catalog_script(c, sql, e);
    return catalog_end(c, st, e);
}

/* Whose file is it, and which version? An empty one becomes a catalog. */
static enum status check_identity(struct catalog *c, struct err *e)
{
    int64_t application = 0, version = 0, tables = 0;
    enum status st = catalog_simple_number(c, Q_APPLICATION, &application, e);
    if (st == ST_OK)
        st = catalog_simple_number(c, Q_VERSION, &version, e);
    if (st == ST_OK)
        st = catalog_simple_number(c, Q_TABLES, &tables, e);
    if (st != ST_OK)
        return st;
    if (tables == 0 && application == 0 && c->access != DB_READ)
        return create_schema(c, e);
    if (application != APPLICATION_ID)
        return err_set(e, ST_UNSUPPORTED,
                       "%s is not a trowel catalog; move it away to start a new one",
                       c->path);
    if (version > SCHEMA_VERSION)
        return err_set(e, ST_UNSUPPORTED,
                       "the catalog %s was written by a newer trowel (version %lld); "
                       "use that one, or move the file away",
                       c->path, (long long)version);
    return ST_OK;
}

static enum status set_access(struct catalog *c, struct err *e)
{
    static const char *const pragmas[] = {
        [DB_READ] = "PRAGMA query_only=1;",
        [DB_WAL] = "PRAGMA synchronous=FULL;",
        [DB_PLAIN] = "PRAGMA synchronous=FULL;",
        [DB_BESIDE] = ("PRAGMA page_size=4096; PRAGMA journal_mode=OFF; "
                       "PRAGMA synchronous=OFF; PRAGMA locking_mode=EXCLUSIVE;"),
    };
    enum status st = catalog_script(c, pragmas[c->access], e);
    if (st == ST_OK && c->access == DB_WAL && sqlite3_db_readonly(c->db, "main") != 0)
        return failure(SQLITE_READONLY, c->path, "", e);
    catalog_passes_once(c, false);
    return st;
}

void catalog_passes_once(struct catalog *c, bool once)
{
    catalog_script(c, once ? "PRAGMA cache_size=-256" : "PRAGMA cache_size=-32768", NULL);
}

/* After each commit, in place of SQLite's own checkpoints. */
static int note_log(void *user, sqlite3 *db, const char *name, int pages)
{
    struct catalog *c = user;
    c->log_pages = pages;
    if (pages >= LOG_MOST)
        sqlite3_wal_checkpoint_v2(db, name, SQLITE_CHECKPOINT_PASSIVE, NULL, NULL);
    return SQLITE_OK;
}

bool catalog_wants_checkpoint(struct catalog *c)
{
    bool wants = c->log_pages >= LOG_DUE;
    if (wants)
        c->log_pages = 0; /* the next commit tells how long it is */
    return wants;
}

/* A file that sqlite makes is 0644 whatever the umask; those beside it are like it. */
static int open_file(sqlite3 **db, const char *path, int flags)
{
    int fd = flags & SQLITE_OPEN_CREATE
                 ? open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0666)
                 : -1;
    if (fd >= 0)
        close(fd);
    return sqlite3_open_v2(path, db, SQLITE_OPEN_NOMUTEX | flags, NULL);
}

enum status catalog_checkpoint(const char *path, struct err *e)
{
    sqlite3 *db = NULL;
    int code = open_file(&db, path, SQLITE_OPEN_READWRITE);
    if (code == SQLITE_OK) /* reading makes the connection aware of the log */
        code = sqlite3_exec(db, "PRAGMA schema_version", NULL, NULL, NULL);
    if (code == SQLITE_OK)
        code = sqlite3_wal_checkpoint_v2(db, NULL, SQLITE_CHECKPOINT_PASSIVE, NULL, NULL);
    enum status st = code == SQLITE_OK ? ST_OK : database_failure(db, code, path, e);
    sqlite3_close(db);
    return st;
}

/* The database at c->path; `fresh`: an empty one. */
static enum status open_database(struct catalog *c, bool fresh, struct err *e)
{
    int flags = c->access == DB_READ ? SQLITE_OPEN_READONLY
                                     : SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE;
    sqlite3 *db = NULL;
    int code = open_file(&db, c->path, flags);
    c->db = db;
    if (code == SQLITE_CANTOPEN && sqlite3_system_errno(db) != 0)
        return err_errno(e, ST_DISK, sqlite3_system_errno(db),
                         "the catalog %s cannot be opened", c->path);
    if (code != SQLITE_OK)
        return failure(code, c->path, sqlite3_errstr(code), e);
    sqlite3_busy_timeout(db, BUSY_MS);
    /* whose it is before anything is changed, the journal mode included */
    enum status st = fresh ? ST_OK : check_identity(c, e);
    if (st == ST_OK)
        st = set_access(c, e);
    if (c->access == DB_WAL)
        sqlite3_wal_hook(db, note_log, c);
    return st == ST_OK && fresh ? check_identity(c, e) : st;
}

static void finalize_all(struct catalog *c)
{
    for (int i = 0; i < Q_COUNT; i++) {
        sqlite3_finalize(statement(c->query[i]));
        c->query[i] = NULL;
    }
}

static void close_database(struct catalog *c)
{
    finalize_all(c);
    sqlite3_close(c->db);
}

/* A killed writer leaves a log beside the database. A connection that only reads, or one
 * on a disk without shared memory, cannot merge it: an exclusive one does that first. */
static enum status recover_log(struct catalog *c, enum status st, struct err *e)
{
    const char *alone = "PRAGMA locking_mode=EXCLUSIVE; PRAGMA journal_mode=DELETE";
    int code = sqlite3_extended_errcode(c->db);
    if ((code & 0xFF) != SQLITE_READONLY && code != SQLITE_IOERR_SHMMAP)
        return st;
    sqlite3 *db = NULL;
    close_database(c);
    code = open_file(&db, c->path, SQLITE_OPEN_READWRITE);
    if (code == SQLITE_OK && sqlite3_busy_timeout(db, BUSY_MS) == SQLITE_OK)
        sqlite3_exec(db, alone, NULL, NULL, NULL);
    sqlite3_close(db);
    return open_database(c, false, e); /* tells what is wrong still */
}

/* On a disk without file locks sqlite only says busy: then e says what is missing. */
static enum status explain_locks(const char *path, enum status st, struct err *e)
{
    struct root folder;
    const char *name;
    if (st != ST_DISK || root_of_file(&folder, path, false, &name, NULL) != ST_OK)
        return st;
    root_check_locks(&folder, e);
    root_done(&folder);
    return st;
}

enum status catalog_open_as(struct catalog **out, const char *path,
                            enum catalog_access access, struct err *e)
{
    *out = NULL;
    struct stat info;
    bool there = stat(path, &info) == 0;
    if (!there && access == DB_READ)
        return err_set(e, ST_NOT_FOUND, "there is no catalog %s", path);
    if (there && !S_ISREG(info.st_mode))
        return err_set(e, ST_UNSUPPORTED, "%s is not a file", path);
    struct catalog *c = calloc(1, sizeof *c);
    if (c == NULL || (c->path = strdup(path)) == NULL) {
        free(c);
        return err_set(e, ST_NO_MEMORY, "no memory for the catalog %s", path);
    }
    c->access = access;
    enum status st = open_database(c, !there || info.st_size == 0, e);
    if (st != ST_OK)
        st = recover_log(c, st, e);
    if (st == ST_OK)
        st = catalog_simple_number(c, Q_DATA_VERSION, &c->data_version, e);
    if (st != ST_OK) {
        c->access = DB_READ;
        catalog_close(c);
        return explain_locks(path, st, e);
    }
    *out = c;
    return ST_OK;
}

enum status catalog_open(struct catalog **out, const char *path, enum catalog_mode mode,
                         struct err *e)
{
    return catalog_open_as(out, path, mode == CATALOG_READ ? DB_READ : DB_WAL, e);
}

/* --- writing ----------------------------------------------------------------------- */

static enum status begin_log(struct catalog *c, bool known, struct err *e);

/* Another process replaced the file before anything was written here: open that one. */
static enum status open_successor(struct catalog *c, struct err *e)
{
    close_database(c);
    c->logged = false;
    c->data_version = -1; /* all is to be read again */
    enum status st = open_database(c, false, e);
    return st == ST_OK ? begin_log(c, false, e) : st;
}

/* A session writes into a log. Beginning one waits for the disk several times (some 25
 * ms, half a second on a busy one), so whoever only reads, a first screen for one, has
 * none yet. `known`: what was written since the last look is known. */
static enum status begin_log(struct catalog *c, bool known, struct err *e)
{
    int64_t before;
    int moved = 0;
    struct err why = {0};
    if (c->access != DB_WAL || c->logged)
        return ST_OK;
    bool possible = root_shares_memory(c->path); /* if not, each commit is synced */
    catalog_simple_number(c, Q_DATA_VERSION, &before, NULL);
    enum status st =
        possible ? catalog_script(c, "PRAGMA journal_mode=WAL", &why) : ST_OK;
    /* from here on nobody puts another file in its place; somebody may have */
    sqlite3_file_control(c->db, "main", SQLITE_FCNTL_HAS_MOVED, &moved);
    if (moved != 0)
        return open_successor(c, e);
    if (st != ST_OK)
        return err_set(e, st, "%s", why.msg);
    c->logged = true;
    if (!possible)
        c->access = DB_PLAIN;
    if (known || before == c->data_version) /* ours is no change from elsewhere */
        catalog_simple_number(c, Q_DATA_VERSION, &c->data_version, NULL);
    return ST_OK;
}

/* Somebody removed the file, or put another in its place: sqlite would go on writing into
 * what nobody can open again. */
static enum status still_there(struct catalog *c, struct err *e)
{
    int moved = 0;
    if (c->logged)
        sqlite3_file_control(c->db, "main", SQLITE_FCNTL_HAS_MOVED, &moved);
    return moved == 0 ? ST_OK
                      : err_set(e, ST_DISK,
                                "%s was removed or replaced: nothing can be saved in it; "
                                "start trowel again",
                                c->path);
}

enum status catalog_begin(struct catalog *c, struct err *e)
{
    enum status st = begin_log(c, false, e);
    if (st == ST_OK)
        st = catalog_simple(c, Q_BEGIN, e);
    if (st == ST_OK && (st = still_there(c, e)) != ST_OK)
        catalog_end(c, st, NULL);
    return st;
}

enum status catalog_end(struct catalog *c, enum status st, struct err *e)
{
    if (st == ST_OK)
        st = catalog_simple(c, Q_COMMIT, e);
    if (st != ST_OK && !sqlite3_get_autocommit(c->db))
        catalog_simple(c, Q_ROLLBACK, NULL);
    return st;
}

static void set_synced(struct catalog *c, bool synced)
{
    begin_log(c, false, NULL); /* a failure is told by the write that follows */
    bool full = (synced && !c->sync_later) || c->access == DB_PLAIN;
    catalog_script(c, full ? "PRAGMA synchronous=FULL" : "PRAGMA synchronous=NORMAL",
                   NULL);
}

enum status catalog_begin_unsynced(struct catalog *c, struct err *e)
{
    set_synced(c, false);
    enum status st = catalog_begin(c, e);
    if (st != ST_OK)
        set_synced(c, true);
    return st;
}

enum status catalog_end_unsynced(struct catalog *c, enum status st, struct err *e)
{
    st = catalog_end(c, st, e);
    set_synced(c, true);
    return st;
}

void catalog_close(struct catalog *c)
{
    if (c == NULL)
        return;
    finalize_all(c);
    if (c->sync_later)
        catalog_flush(c->path, NULL);
    if (c->access == DB_WAL || c->access == DB_PLAIN) {
        sqlite3_busy_timeout(c->db, 0);
        /* fails, harmlessly, while another process has it open */
        catalog_script(c, "PRAGMA journal_mode=DELETE", NULL);
    }
    sqlite3_close(c->db);
    catalog_history_done(&c->history);
    free(c->path);
    free(c);
}

bool catalog_take_alone(struct catalog *c)
{
    finalize_all(c);
    static const char take[] = "PRAGMA journal_mode=DELETE; "
                               "PRAGMA locking_mode=EXCLUSIVE; BEGIN EXCLUSIVE; COMMIT;";
    sqlite3_busy_timeout(c->db, 0);
    bool alone = catalog_script(c, take, NULL) == ST_OK;
    sqlite3_busy_timeout(c->db, BUSY_MS);
    if (!alone && !sqlite3_get_autocommit(c->db))
        catalog_script(c, "ROLLBACK", NULL);
    char log[4096 + 8];
    if (snprintf(log, sizeof log, "%s-wal", c->path) >= (int)sizeof log)
        return false;
    return alone && access(log, F_OK) != 0;
}

/* ST_CORRUPT only when it is damaged for sure: the caller puts the file aside then. */
enum status catalog_check(struct catalog *c, struct err *e)
{
    sqlite3_stmt *st = NULL;
    int code = sqlite3_prepare_v2(c->db, "PRAGMA integrity_check(1)", -1, &st, NULL);
    if (code == SQLITE_OK)
        code = sqlite3_step(st);
    if (code == SQLITE_ROW)
        code = strcmp((const char *)sqlite3_column_text(st, 0), "ok") == 0
                   ? SQLITE_OK
                   : SQLITE_CORRUPT;
    bool whole = code == SQLITE_OK;
    enum status told = whole ? ST_OK : database_failure(c->db, code, c->path, e);
    sqlite3_finalize(st);
    return told;
}

enum status catalog_log_ahead(struct catalog **out, const char *path, struct err *e)
{
    char head[64];
    snprintf(head, sizeof head, "PRAGMA user_version=%d", SCHEMA_VERSION);
    enum status st = catalog_open(out, path, CATALOG_WRITE, e);
    if (st == ST_OK)
        st = begin_log(*out, false, e);
    /* whoever writes first has the log's head synced */
    if (st == ST_OK)
        st = catalog_script(*out, head, e);
    return st;
}

void catalog_sync_later(struct catalog *c, struct catalog *ahead)
{
    bool known = ahead != NULL && !catalog_changed_elsewhere(ahead);
    /* without a log NORMAL is not safe enough */
    if (begin_log(c, known, NULL) == ST_OK && c->access == DB_WAL) {
        c->sync_later = true;
        set_synced(c, true);
    }
    catalog_close(ahead);
}
