#include "core/catalog_internal.h"

#include "io/paths.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* --- the journal ------------------------------------------------------------------- */

static const char JOURNAL_HEAD[] = "# trowel decisions 1\n";

/* Only what was written here before is written anew; a recording, or what somebody wrote
 * by hand, is not. */
static enum status check_free(const char *file, struct err *e)
{
    char head[sizeof JOURNAL_HEAD] = "";
    int fd;
    struct stat there;
    enum status st = path_open_file(file, &fd, e);
    if (st == ST_NOT_FOUND)
        return ST_OK;
    if (st != ST_OK && lstat(file, &there) != 0)
        return st; /* no such name can be */
    bool ours = st == ST_OK && read(fd, head, sizeof head - 1) == sizeof head - 1 &&
                strcmp(head, JOURNAL_HEAD) == 0;
    if (st == ST_OK)
        close(fd);
    return ours ? ST_OK
                : err_set(e, ST_EXISTS,
                          "%s already exists and is not a decision file that trowel "
                          "wrote; name another",
                          file);
}

static enum status write_journal(struct catalog *c, struct text *t, struct err *e)
{
    enum status st = ST_OK;
    struct query *q = catalog_query(c, Q_EVENTS, e);
    text_add(t, JOURNAL_HEAD);
    text_add(t, "# one event a line: word, value, source/type/file name\n");
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
    enum status st = check_free(file, e);
    if (st == ST_OK)
        st = root_of_file(&folder, file, false, &name, e);
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

enum { BESIDE_BYTES = PATH_BYTES + 64 };

static void beside(char out[BESIDE_BYTES], const char *path, const char *ending)
{
    snprintf(out, BESIDE_BYTES, "%.*s%s", PATH_BYTES, path, ending);
}

static enum status sync_path(const char *path, struct err *e)
{
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    int problem = fd >= 0 && fsync(fd) == 0 ? 0 : errno;
    if (fd >= 0)
        close(fd);
    return problem ? err_errno(e, ST_DISK, problem, "%s cannot be written", path) : ST_OK;
}

/* `part` is on disk under its final name, or `path` is what it was. */
static enum status replace_with(const char *path, const char *part, struct err *e)
{
    char folder[PATH_BYTES];
    enum status st = sync_path(part, e);
    if (st == ST_OK && rename(part, path) != 0)
        st = err_errno(e, ST_DISK, errno, "%s cannot be written", path);
    if (st != ST_OK) {
        unlink(part);
        return st;
    }
    /* a folder that cannot be synced is no reason to fail what is already there */
    snprintf(folder, sizeof folder, "%s", path);
    path_up(folder);
    sync_path(folder, NULL);
    return ST_OK;
}

enum status catalog_flush(const char *path, struct err *e)
{
    char log[BESIDE_BYTES];
    beside(log, path, "-wal");
    return sync_path(log, e);
}

/* --- writing the whole ------------------------------------------------------------- */

static enum status anything_said(struct catalog *c, const struct change *about,
                                 bool *said, struct err *e)
{
    int64_t one = 0;
    struct query *q = catalog_query_of(c, Q_VALUE_KNOWN, (int64_t)about->candidate, e);
    query_text(q, 2, event_word(about->field));
    enum status st = catalog_number(c, q, &one, e);
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
    enum status st = catalog_begin(c, e);
    if (st != ST_OK)
        return st;
    st = catalog_put_places(c, e);
    if (st == ST_OK)
        st = catalog_write_content(c, content, &carried, e);
    if (st == ST_OK && events_of != NULL)
        st = catalog_salvage(c, events_of, e);
    if (st == ST_OK)
        st = catalog_follow_all(c, e);
    if (st == ST_OK)
        st = adopt(c, &carried, e);
    free(carried.at);
    return catalog_end(c, st, e);
}

static enum status build_beside(char part[BESIDE_BYTES], const char *path,
                                const struct catalog_content *content,
                                struct catalog *events_of, struct err *e)
{
    struct catalog *c;
    beside(part, path, ".part");
    unlink(part);
    enum status st = catalog_open_as(&c, part, DB_BESIDE, e);
    if (st == ST_OK) {
        st = write_all(c, content, events_of, e);
        catalog_close(c);
    }
    if (st != ST_OK)
        unlink(part);
    return st;
}

enum status catalog_publish(const char *path, const struct catalog_content *content,
                            struct err *e)
{
    struct catalog *c = NULL;
    char part[BESIDE_BYTES];
    enum status st;
    if (access(path, F_OK) == 0) {
        int64_t said = 0;
        st = catalog_open_as(&c, path, DB_PLAIN, e);
        if (st == ST_OK)
            st = catalog_simple_number(c, Q_EVENT_ANY, &said, e);
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
    st = build_beside(part, path, content, NULL, e);
    if (st == ST_OK)
        st = replace_with(path, part, e);
    /* whoever opened it meanwhile waited, and sees that it is another */
    catalog_close(c);
    return st;
}

/* --- over a damaged file ----------------------------------------------------------- */

/* The next free `catalog.db.damaged-N`; the log goes with it. */
static enum status set_aside(const char *path, struct err *e)
{
    static const char *const logs[] = {"-wal", "-shm", "-journal", ""};
    char ending[32], aside[BESIDE_BYTES], from[BESIDE_BYTES], to[BESIDE_BYTES];
    int n = 0;
    do {
        snprintf(ending, sizeof ending, ".damaged-%d", ++n);
        beside(aside, path, ending);
    } while (access(aside, F_OK) == 0);
    for (size_t i = 0; i < sizeof logs / sizeof *logs; i++) {
        beside(from, path, logs[i]);
        beside(to, aside, logs[i]);
        if (rename(from, to) != 0 && errno != ENOENT)
            return err_errno(e, ST_DISK, errno, "%s cannot be moved aside", from);
    }
    return ST_OK;
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
    char part[BESIDE_BYTES];
    /* a header that cannot be read leaves nothing to carry over; the file stays beside */
    catalog_open_as(&damaged, path, DB_READ, NULL);
    st = build_beside(part, path, content, damaged, e);
    catalog_close(damaged);
    if (st == ST_OK && (st = set_aside(path, e)) != ST_OK)
        unlink(part);
    return st == ST_OK ? replace_with(path, part, e) : st;
}
