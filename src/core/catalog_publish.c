#include "core/catalog_internal.h"

#include "io/paths.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* --- the journal ------------------------------------------------------------------- */

static enum status write_journal(struct catalog *c, struct text *t, struct err *e)
{
    enum status st = ST_OK;
    struct query *q = catalog_query(c, Q_EVENTS, e);
    text_add(t, "# trowel decisions 1\n"
                "# one event a line: word, value, source/type/file name\n");
    while (query_next(c, q, &st, e)) {
        char path[CANDIDATE_PATH_BYTES];
        struct change change;
        if (!row_change(q, &change))
            continue;
        row_text(q, 4, path, sizeof path);
        journal_add(t, &change, path);
    }
    return st == ST_OK && t->failed ? err_set(e, ST_NO_MEMORY, "no memory for the events")
                                    : st;
}

enum status catalog_export(struct catalog *c, const char *file, struct err *e)
{
    struct text t = {0};
    struct root folder;
    const char *name;
    enum status st = root_of_file(&folder, file, false, &name, e);
    if (st != ST_OK)
        return st;
    st = write_journal(c, &t, e);
    if (st == ST_OK)
        st = root_write_file(&folder, name, t.at, t.length, e);
    text_done(&t);
    root_done(&folder);
    return st;
}

/* --- files beside and renames ------------------------------------------------------ */

static char *beside(const char *path, const char *ending, struct err *e)
{
    size_t bytes = strlen(path) + strlen(ending) + 1;
    char *out = malloc(bytes);
    if (out == NULL)
        err_set(e, ST_NO_MEMORY, "no memory for a path");
    else
        snprintf(out, bytes, "%s%s", path, ending);
    return out;
}

static enum status sync_path(const char *path, int flags, struct err *e)
{
    int fd = open(path, flags);
    if (fd < 0 || fsync(fd) != 0) {
        int code = errno;
        if (fd >= 0)
            close(fd);
        return err_errno(e, ST_DISK, code, "%s cannot be written", path);
    }
    close(fd);
    return ST_OK;
}

/* Everything written is on disk under its final name, or nothing is. */
static enum status move_into_place(const char *part, const char *path, struct err *e)
{
    enum status st = sync_path(part, O_RDONLY, e);
    if (st != ST_OK)
        return st;
    if (rename(part, path) != 0)
        return err_errno(e, ST_DISK, errno, "%s cannot be written", path);
    char *folder = strdup(path);
    char *slash = folder != NULL ? strrchr(folder, '/') : NULL;
    if (slash != NULL)
        slash[slash == folder ? 1 : 0] = '\0';
    /* a folder that cannot be synced is no reason to fail what is already there */
    if (folder != NULL)
        sync_path(slash != NULL ? folder : ".", O_RDONLY, NULL);
    free(folder);
    return ST_OK;
}

enum status catalog_flush(const char *path, struct err *e)
{
    char *log = beside(path, "-wal", e);
    enum status st = log != NULL ? sync_path(log, O_RDONLY, e) : ST_NO_MEMORY;
    free(log);
    return st;
}

/* --- writing the whole ------------------------------------------------------------- */

static enum status anything_said(struct catalog *c, const struct change *about,
                                 bool *said, struct err *e)
{
    int64_t one = 0;
    struct query *q = catalog_query(c, Q_VALUE_KNOWN, e);
    query_int(q, 1, (int64_t)about->candidate);
    query_text(q, 2, event_word(about->field));
    enum status st = catalog_number(c, q, 0, &one, e);
    *said = one != 0;
    return st;
}

/* Decisions and ratings that candidates carry (read back from a manifest) and no event
 * knows become one action; without a time, so that the same content gives the same file.
 */
static enum status adopt(struct catalog *c, const struct change_list *words,
                         struct err *e)
{
    struct catalog_action a;
    enum status st = catalog_action_begin(c, &a, ACTION_DO, 0, e);
    for (size_t i = 0; i < words->count && st == ST_OK; i++) {
        bool said = false;
        st = anything_said(c, &words->at[i], &said, e);
        if (st == ST_OK && !said)
            st = catalog_action_change(c, &a, &words->at[i], NULL, e);
    }
    if (st == ST_OK)
        st = catalog_action_finish(c, &a, "read back from the manifest", e);
    catalog_history_done(&c->history);
    return st;
}

static enum status write_all(struct catalog *c, const struct catalog_content *content,
                             struct catalog *events_of, struct err *e)
{
    struct change_list carried = {0};
    struct catalog_action followed = {0};
    enum status st = catalog_begin(c, e);
    if (st != ST_OK)
        return st;
    st = catalog_put_places(c, e);
    if (st == ST_OK)
        st = catalog_write_content(c, content, &carried, e);
    if (st == ST_OK && events_of != NULL)
        st = catalog_salvage(c, events_of, e);
    if (st == ST_OK)
        st = catalog_follow_all(c, &followed, e);
    if (st == ST_OK)
        st = adopt(c, &carried, e);
    free(carried.at);
    return catalog_end(c, st, e);
}

static enum status build_beside(const char *path, const struct catalog_content *content,
                                struct catalog *events_of, char **part_out, struct err *e)
{
    struct catalog *c;
    char *part = beside(path, ".part", e);
    if (part == NULL)
        return ST_NO_MEMORY;
    unlink(part);
    enum status st = catalog_open_as(&c, part, DB_BESIDE, e);
    if (st == ST_OK) {
        st = write_all(c, content, events_of, e);
        catalog_close(c);
    }
    if (st != ST_OK) {
        unlink(part);
        free(part);
        return st;
    }
    *part_out = part;
    return ST_OK;
}

static enum status replace_with(const char *path, char *part, struct err *e)
{
    enum status st = move_into_place(part, path, e);
    if (st != ST_OK)
        unlink(part);
    free(part);
    return st;
}

enum status catalog_publish(const char *path, const struct catalog_content *content,
                            struct err *e)
{
    struct catalog *c = NULL;
    char *part = NULL;
    enum status st;
    if (access(path, F_OK) == 0) {
        int64_t said = 0;
        st = catalog_open_as(&c, path, DB_PLAIN, e);
        if (st == ST_OK)
            st = catalog_number(c, catalog_query(c, Q_EVENT_ANY, e), 0, &said, e);
        if (st == ST_OK && (said != 0 || !catalog_take_alone(c))) {
            st = write_all(c, content, NULL, e);
            catalog_close(c);
            return st;
        }
        if (st != ST_OK) {
            catalog_close(c);
            return st;
        }
    }
    st = build_beside(path, content, NULL, &part, e);
    if (st == ST_OK)
        st = replace_with(path, part, e);
    catalog_close(
        c); /* whoever opened it meanwhile waited, and sees that it is another */
    return st;
}

/* --- over a damaged file ----------------------------------------------------------- */

/* The next free `catalog.db.damaged-N`; the log goes with it. */
static enum status set_aside(const char *path, struct err *e)
{
    char ending[32];
    for (int n = 1; n < 10000; n++) {
        snprintf(ending, sizeof ending, ".damaged-%d", n);
        char *aside = beside(path, ending, e);
        if (aside == NULL)
            return ST_NO_MEMORY;
        if (access(aside, F_OK) == 0) {
            free(aside);
            continue;
        }
        static const char *const logs[] = {"-wal", "-shm", "-journal", ""};
        enum status st = ST_OK;
        for (int i = 0; i < 4 && st == ST_OK; i++) {
            char *from = beside(path, logs[i], e), *to = beside(aside, logs[i], e);
            if (from == NULL || to == NULL)
                st = ST_NO_MEMORY;
            else if (rename(from, to) != 0 && errno != ENOENT)
                st = err_errno(e, ST_DISK, errno, "%s cannot be moved aside", from);
            free(from);
            free(to);
        }
        free(aside);
        return st;
    }
    return err_set(e, ST_DISK, "too many damaged catalogs beside %s", path);
}

static enum status healthy(const char *path, struct err *e)
{
    struct catalog *c;
    enum status st = catalog_open_as(&c, path, DB_PLAIN, e);
    if (st != ST_OK)
        return st;
    st = catalog_check(c, e);
    catalog_close(c);
    return st;
}

enum status catalog_rebuild(const char *path, const struct catalog_content *content,
                            struct err *e)
{
    enum status st = access(path, F_OK) == 0 ? healthy(path, e) : ST_OK;
    if (st == ST_OK)
        st = catalog_publish(path, content, e);
    if (st != ST_CORRUPT)
        return st;
    struct catalog *damaged = NULL;
    char *part = NULL;
    /* a header that cannot be read leaves nothing to carry over; the file stays beside */
    catalog_open_as(&damaged, path, DB_READ, NULL);
    st = build_beside(path, content, damaged, &part, e);
    catalog_close(damaged);
    if (st == ST_OK && (st = set_aside(path, e)) != ST_OK) {
        unlink(part);
        free(part);
    }
    return st == ST_OK ? replace_with(path, part, e) : st;
}
