/* The texts of the statements, and running them. */
#include "core/catalog_internal.h"

#include <string.h>

#define MEASURE(field, column, unit, decimals, help) "," column
static const char measure_names[] =
#include "dsp/measures.def"
    ;
#undef MEASURE
#define MEASURE(field, column, unit, decimals, help) "," column " REAL"
static const char measure_types[] =
#include "dsp/measures.def"
    ;
#undef MEASURE
#define MEASURE(field, column, unit, decimals, help) ",?"
static const char measure_marks[] =
#include "dsp/measures.def"
    ;
#undef MEASURE

static const char find_columns[] =
    "id, source, filename, type, key, brightness, hit_class, cluster, grade, saved, "
    "missed_by, start_frame, end_frame, source_rate_hz";
static const char detail_columns[] =
    ", source_path, seed, algorithm_version, sha256, parts, loops";

static const char schema[] =
    "CREATE TABLE source(id INTEGER PRIMARY KEY, stem TEXT NOT NULL UNIQUE, path TEXT "
    "NOT NULL, content_hash INTEGER NOT NULL, recipe_hash INTEGER NOT NULL, rate_hz "
    "INTEGER NOT NULL, channels INTEGER NOT NULL, frames INTEGER NOT NULL, failed "
    "INTEGER NOT NULL, note TEXT NOT NULL);"
    "CREATE TABLE candidate(position INTEGER PRIMARY KEY, id INTEGER NOT NULL, source "
    "INTEGER NOT NULL, filename TEXT NOT NULL, type TEXT NOT NULL, key TEXT, brightness "
    "TEXT, hit_class TEXT, cluster INTEGER, grade TEXT, saved INTEGER, missed_by TEXT, "
    "start_frame INTEGER, end_frame INTEGER, source_rate_hz INTEGER$TYPES);"
    "CREATE UNIQUE INDEX candidate_id ON candidate(id);"
    "CREATE TABLE detail(position INTEGER PRIMARY KEY, source_path TEXT, seed INTEGER, "
    "algorithm_version TEXT, sha256 TEXT, parts BLOB, loops BLOB);"
    "CREATE TABLE embedding(position INTEGER PRIMARY KEY, vector BLOB NOT NULL);"
    "CREATE TABLE action(number INTEGER PRIMARY KEY, mode INTEGER NOT NULL, target "
    "INTEGER NOT NULL, first INTEGER NOT NULL, last INTEGER NOT NULL, at_ms INTEGER NOT "
    "NULL, label TEXT NOT NULL);"
    "CREATE TABLE event(seq INTEGER PRIMARY KEY, action INTEGER NOT NULL, field TEXT NOT "
    "NULL, candidate INTEGER NOT NULL, key TEXT NOT NULL, value TEXT NOT NULL, previous "
    "TEXT NOT NULL);"
    "CREATE TABLE current(candidate INTEGER NOT NULL, field TEXT NOT NULL, key TEXT NOT "
    "NULL, value TEXT NOT NULL, PRIMARY KEY(candidate, field, key)) WITHOUT ROWID;"
    "CREATE TABLE subject(id INTEGER PRIMARY KEY, path TEXT NOT NULL);";

static const char *const queries[Q_COUNT] = {
#define QUERY(id, sql) [Q_##id] = sql,
#include "core/catalog_queries.def"
#undef QUERY
};

/* Puts the column lists in; false when it does not fit. */
static bool expand(char out[SQL_BYTES], const char *sql)
{
    static const struct {
        const char *mark, *text;
    } lists[] = {{"$MEASURES", measure_names},
                 {"$MARKS", measure_marks},
                 {"$TYPES", measure_types},
                 {"$FIND", find_columns},
                 {"$DETAIL", detail_columns}};
    size_t n = 0;
    while (*sql != '\0') {
        const char *text = NULL;
        for (size_t i = 0; *sql == '$' && i < sizeof lists / sizeof *lists; i++)
            if (strncmp(sql, lists[i].mark, strlen(lists[i].mark)) == 0) {
                text = lists[i].text;
                sql += strlen(lists[i].mark);
                break;
            }
        size_t bytes = text != NULL ? strlen(text) : 1;
        if (n + bytes >= SQL_BYTES)
            return false;
        memcpy(out + n, text != NULL ? text : sql++, bytes);
        n += bytes;
    }
    out[n] = '\0';
    return true;
}

bool catalog_sql(char out[SQL_BYTES], enum catalog_query q)
{
    return expand(out, queries[q]);
}

bool catalog_sql_schema(char out[SQL_BYTES])
{
    return expand(out, schema);
}

struct query *catalog_query_of(struct catalog *c, enum catalog_query q, int64_t what,
                               struct err *e)
{
    struct query *ready = catalog_query(c, q, e);
    query_int(ready, 1, what);
    return ready;
}

enum status catalog_run(struct catalog *c, struct query *q, struct err *e)
{
    enum status st = ST_OK;
    while (query_next(c, q, &st, e))
        continue;
    return st;
}

enum status catalog_simple(struct catalog *c, enum catalog_query q, struct err *e)
{
    return catalog_run(c, catalog_query(c, q, e), e);
}

enum status catalog_simple_number(struct catalog *c, enum catalog_query q, int64_t *value,
                                  struct err *e)
{
    return catalog_number(c, catalog_query(c, q, e), value, e);
}
