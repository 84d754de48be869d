/* The catalog's file: foreign, damaged, replaced, removed, open in two places, and what a
 * writer leaves that was killed. */
#undef _FILE_OFFSET_BITS /* mmap is defined below, under both its names */
#define _GNU_SOURCE 1
#include "catalog_rig.h"
#include "checks.h"
#include "no_locks.h"

#include "core/catalog_internal.h"

#include <errno.h>
#include <fcntl.h>
#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

/* Files are not in memory that processes share, as on some shared folders of virtual
 * machines, pooled disks and network mounts. */
static bool nothing_shared;

void *mmap64(void *at, size_t n, int protection, int flags, int fd, off64_t from)
{
    if (nothing_shared && fd >= 0 && (flags & MAP_SHARED)) {
        errno = ENODEV;
        return MAP_FAILED;
    }
    return (void *)syscall(SYS_mmap, at, n, protection, flags, fd, from);
}

void *mmap(void *at, size_t n, int protection, int flags, int fd, off_t from)
{
    return mmap64(at, n, protection, flags, fd, from);
}

static void assert_refused(const struct bench *b, enum status expected, const char *says)
{
    struct catalog *c;
    struct err e = {0};
    size_t before, after;
    FREED char *one = file_read(b->db, &before);
    assert_int_equal(catalog_open(&c, b->db, CATALOG_WRITE, &e), expected);
    assert_null(c);
    assert_non_null(strstr(e.msg, says));
    struct catalog_content nothing = {0};
    assert_int_equal(catalog_publish(b->db, &nothing, &e), expected);
    FREED char *two = file_read(b->db, &after);
    assert_int_equal(before, after);
    assert_memory_equal(one, two, before);
}

static void test_foreign_newer_garbage(void **state)
{
    struct bench *b = *state;
    FREED struct candidate *in = make_finds(5);
    publish(b, in, 5, NULL);
    size_t bytes;
    FREED char *whole = file_read(b->db, &bytes);
    unsigned char *db = (unsigned char *)whole;
    db[63] = 2; /* user_version, big endian, bytes 60–63 */
    spew(b->db, db, bytes);
    assert_refused(b, ST_UNSUPPORTED, "newer trowel");
    db[63] = 1;
    db[68] = 'x'; /* application id, bytes 68–71 */
    spew(b->db, db, bytes);
    assert_refused(b, ST_UNSUPPORTED, "not a trowel catalog");
    spew(b->db,
         "certainly no database, but a text that is long enough to look at it twice "
         "and three times, and then once more for good measure, till 100 bytes",
         140);
    assert_refused(b, ST_CORRUPT, "damaged");
    struct catalog *c;
    struct err e = {0};
    assert_int_equal(catalog_open(&c, b->folder, CATALOG_WRITE, &e), ST_UNSUPPORTED);
    unlink(b->db);
    assert_int_equal(catalog_open(&c, b->db, CATALOG_READ, &e), ST_NOT_FOUND);
    assert_int_not_equal(access(b->db, F_OK), 0);
}

/* Pages are overwritten one after the other. Whatever happens: no crash; a rebuild gives
 * a working catalog; when the events are untouched, all of them come along. */
static void test_damage_is_survived(void **state)
{
    struct bench *b = *state;
    enum { N = 300 };
    FREED struct candidate *in = make_finds(N);
    publish(b, in, N, NULL);
    struct catalog *c = open_db(b, CATALOG_WRITE);
    for (int i = 0; i < 60; i++)
        assert_int_equal(decide(c, candidate_id(&in[i]), "accepted"), ST_OK);
    catalog_close(c);
    size_t bytes, all_kept = 0, pages = 0;
    FREED char *whole = file_read(b->db, &bytes);
    struct catalog_content content = {.candidates = in, .candidate_count = N};
    for (size_t at = 0; at + 4096 <= bytes; at += 4096 * 2, pages++) {
        FREED char *broken = malloc(bytes);
        memcpy(broken, whole, bytes);
        memset(broken + at, 0xA5, 4096);
        spew(b->db, broken, bytes);
        struct err e = {0};
        if (catalog_rebuild(b->db, &content, &e) != ST_OK)
            fail_msg("page %zu: %s", at / 4096, e.msg);
        c = open_db(b, CATALOG_WRITE);
        size_t kept = 0;
        for (int i = 0; i < N; i++)
            kept += decision_of(c, candidate_id(&in[i])) == DECISION_ACCEPTED;
        all_kept += kept == 60;
        catalog_close(c);
    }
    print_message("%zu pages of %zu damaged, everything kept in %zu\n", pages,
                  bytes / 4096, all_kept);
    assert_true(pages > 10);
    assert_true(all_kept + 3 >= pages); /* all but the pages of events and the header */
    FREED const char *aside = text_of("%s.damaged-1", b->db);
    assert_int_equal(access(aside, F_OK), 0);
}

/* Whoever has it for itself writes it: it is neither damaged nor to be put aside. */
static void test_busy_is_not_damaged(void **state)
{
    struct bench *b = *state;
    struct err e = {0};
    struct catalog *alone, *other;
    FREED struct candidate *in = make_finds(6);
    publish(b, in, 6, NULL);
    assert_int_equal(catalog_open_as(&alone, b->db, DB_PLAIN, NULL), ST_OK);
    assert_int_equal(catalog_open_as(&other, b->db, DB_PLAIN, NULL), ST_OK);
    assert_int_equal(catalog_check(other, &e), ST_OK);
    assert_true(catalog_take_alone(alone));
    assert_int_equal(catalog_check(other, &e), ST_DISK);
    assert_non_null(strstr(e.msg, "in use by another trowel"));
    catalog_close(other);
    catalog_close(alone);
}

static void test_two_processes(void **state)
{
    struct bench *b = *state;
    FREED struct candidate *in = make_finds(12);
    publish(b, in, 6, NULL);
    struct catalog *one = open_db(b, CATALOG_WRITE), *two = open_db(b, CATALOG_WRITE);
    assert_false(catalog_changed_elsewhere(one));
    assert_int_equal(decide(two, candidate_id(&in[1]), "accepted"), ST_OK);
    assert_true(catalog_changed_elsewhere(one));
    assert_false(catalog_changed_elsewhere(one));
    assert_int_equal(decision_of(one, candidate_id(&in[1])), DECISION_ACCEPTED);
    struct change_list changes;
    char label[ACTION_LABEL_BYTES];
    assert_int_equal(catalog_undo(one, &changes, label, NULL), ST_OK);
    free(changes.at);
    assert_int_equal(catalog_undo(one, &changes, label, NULL), ST_NOTHING);
    assert_int_equal(catalog_redo(one, &changes, label, NULL), ST_OK);
    free(changes.at);
    /* a batch run publishes while both are open: kept in place, seen by both, also by who
     * decides before he looks */
    publish(b, in, 12, NULL);
    assert_int_equal(decide(one, candidate_id(&in[3]), "rejected"), ST_OK);
    assert_true(catalog_changed_elsewhere(one));
    assert_false(catalog_changed_elsewhere(one));
    assert_int_equal(decision_of(one, candidate_id(&in[11])), DECISION_NONE);
    assert_int_equal(decision_of(two, candidate_id(&in[1])), DECISION_ACCEPTED);
    catalog_close(one);
    assert_int_equal(decide(two, candidate_id(&in[2]), "rejected"), ST_OK);
    catalog_close(two);
    one = open_db(b, CATALOG_READ);
    assert_int_equal(decision_of(one, candidate_id(&in[2])), DECISION_REJECTED);
    catalog_close(one);
}

static bool has_log(const struct bench *b)
{
    FREED const char *log = text_of("%s-wal", b->db);
    return access(log, F_OK) == 0;
}

/* Whoever only looks writes nothing and waits for no disk. */
static void test_looking_writes_nothing(void **state)
{
    struct bench *b = *state;
    FREED struct candidate *in = make_finds(6);
    size_t before, after;
    publish(b, in, 6, NULL);
    FREED char *was = file_read(b->db, &before);
    struct catalog *c = open_db(b, CATALOG_WRITE);
    assert_int_equal(decision_of(c, candidate_id(&in[1])), DECISION_NONE);
    assert_false(has_log(b));
    catalog_close(c);
    FREED char *is = file_read(b->db, &after);
    assert_int_equal(after, before);
    assert_memory_equal(is, was, before);
    c = open_db(b, CATALOG_WRITE);
    catalog_sync_later(c, NULL);
    assert_true(has_log(b));
    assert_false(catalog_changed_elsewhere(c)); /* it was us */
    assert_int_equal(decide(c, candidate_id(&in[1]), "accepted"), ST_OK);
    assert_false(catalog_changed_elsewhere(c));
    catalog_close(c);
    assert_false(has_log(b));
}

/* A run that finds no decisions puts a new file in the place of the old one; whoever only
 * looked until then goes on in the new one. */
static void test_replaced_while_looking(void **state)
{
    struct bench *b = *state;
    FREED struct candidate *in = make_finds(12);
    publish(b, in, 6, NULL);
    OWN(catalog) *c = open_db(b, CATALOG_WRITE);
    assert_int_equal(decision_of(c, candidate_id(&in[1])), DECISION_NONE);
    publish(b, in, 12, NULL);
    assert_int_equal(decide(c, candidate_id(&in[11]), "accepted"), ST_OK);
    assert_true(catalog_changed_elsewhere(c));
    assert_false(catalog_changed_elsewhere(c));
    assert_int_equal(decision_of(c, candidate_id(&in[11])), DECISION_ACCEPTED);
    publish(b, in, 12, NULL); /* in place now */
    assert_true(catalog_changed_elsewhere(c));
    assert_int_equal(decide(c, candidate_id(&in[10]), "rejected"), ST_OK);
    catalog_close(c);
    c = open_db(b, CATALOG_READ);
    assert_int_equal(decision_of(c, candidate_id(&in[11])), DECISION_ACCEPTED);
    assert_int_equal(decision_of(c, candidate_id(&in[10])), DECISION_REJECTED);
}

/* Into a file that is gone nothing is said as if it were kept. */
static void test_removed_while_open(void **state)
{
    struct bench *b = *state;
    FREED struct candidate *in = make_finds(6);
    struct err e;
    publish(b, in, 6, NULL);
    OWN(catalog) *c = open_db(b, CATALOG_WRITE);
    assert_int_equal(decide(c, candidate_id(&in[1]), "accepted"), ST_OK);
    assert_int_equal(unlink(b->db), 0);
    struct change change = {.field = FIELD_DECISION, .candidate = candidate_id(&in[2])};
    snprintf(change.value, sizeof change.value, "rejected");
    assert_int_equal(catalog_record(c, &change, 1, "rejected it", NULL, &e), ST_DISK);
    assert_non_null(strstr(e.msg, "was removed or replaced"));
    publish(b, in, 6, NULL); /* another in its place */
    assert_int_equal(decide(c, candidate_id(&in[3]), "accepted"), ST_DISK);
    catalog_close(c);
    c = open_db(b, CATALOG_WRITE);
    assert_int_equal(decision_of(c, candidate_id(&in[3])), DECISION_NONE);
    assert_int_equal(decide(c, candidate_id(&in[3]), "accepted"), ST_OK);
}

static bool lies_beside(const struct bench *b, const char *ending)
{
    FREED const char *path = text_of("%s%s", b->db, ending);
    return access(path, F_OK) == 0;
}

/* A group that shares a project shares its decisions: the umask says who may write. */
static void test_follows_the_umask(void **state)
{
    static const char *const endings[] = {"", "-wal", "-shm"};
    struct bench *b = *state;
    FREED struct candidate *in = make_finds(6);
    mode_t usual = umask(0002);
    for (int published = 0; published < 2; published++) {
        if (published)
            publish(b, in, 6, NULL);
        OWN(catalog) *c = open_db(b, CATALOG_WRITE);
        assert_int_equal(decide(c, candidate_id(&in[0]), "accepted"),
                         published ? ST_OK : ST_NOT_FOUND);
        for (size_t i = 0; i < sizeof endings / sizeof *endings; i++) {
            struct stat s;
            FREED const char *path = text_of("%s%s", b->db, endings[i]);
            assert_int_equal(stat(path, &s), 0);
            assert_int_equal(s.st_mode & 0777, 0664);
        }
        unlink(b->db);
    }
    umask(usual);
}

/* Where there can be no log everything is kept all the same, synced with each commit. */
static void test_without_shared_memory(void **state)
{
    struct bench *b = *state;
    FREED struct candidate *in = make_finds(6);
    publish(b, in, 6, NULL);
    nothing_shared = true;
    struct catalog *two, *ahead, *c = open_db(b, CATALOG_WRITE);
    assert_int_equal(catalog_log_ahead(&ahead, b->db, NULL), ST_OK);
    catalog_sync_later(c, ahead);
    assert_int_equal(decide(c, candidate_id(&in[1]), "accepted"), ST_OK);
    assert_false(catalog_wants_flush(c));
    assert_false(lies_beside(b, "-wal"));
    two = open_db(b, CATALOG_WRITE);
    assert_int_equal(decide(two, candidate_id(&in[2]), "rejected"), ST_OK);
    assert_true(catalog_changed_elsewhere(c));
    assert_int_equal(decision_of(c, candidate_id(&in[2])), DECISION_REJECTED);
    catalog_close(two);
    assert_int_equal(unlink(b->db), 0);
    assert_int_equal(decide(c, candidate_id(&in[3]), "accepted"), ST_DISK);
    catalog_close(c);
    nothing_shared = false;
}

static int take_number(void *to, int columns, char **value, char **name)
{
    (void)columns, (void)name;
    *(int *)to = atoi(value[0]);
    return 0;
}

/* How safe a commit is from a loss of power: 1, after the next one that is 2; 2, at once.
 */
static int safety(const struct catalog *c)
{
    int n = -1;
    sqlite3_exec(c->db, "PRAGMA synchronous", take_number, &n, NULL);
    return n;
}

/* What can be written again waits for no disk, what was decided does; unless somebody
 * else sees to it, or there is no log that would be safe without. */
static void test_decisions_are_safe(void **state)
{
    struct bench *b = *state;
    FREED struct candidate *in = make_finds(6);
    publish(b, in, 6, NULL);
    for (int logged = 1; logged >= 0; logged--) {
        nothing_shared = !logged;
        OWN(catalog) *c = open_db(b, CATALOG_WRITE);
        for (int later = 0; later < 2; later++) {
            assert_int_equal(safety(c), logged && later ? 1 : 2);
            assert_int_equal(catalog_begin_unsynced(c, NULL), ST_OK);
            assert_int_equal(safety(c), logged ? 1 : 2);
            assert_int_equal(catalog_end_unsynced(c, ST_OK, NULL), ST_OK);
            assert_int_equal(safety(c), logged && later ? 1 : 2);
            catalog_sync_later(c, NULL);
        }
    }
    nothing_shared = false;
}

/* A disk without locks is not taken for a busy one. */
static void test_without_locks(void **state)
{
    struct bench *b = *state;
    FREED struct candidate *in = make_finds(6);
    struct catalog *c;
    struct err e = {0};
    publish(b, in, 6, NULL);
    nothing_locked = true;
    assert_int_equal(catalog_open(&c, b->db, CATALOG_WRITE, &e), ST_DISK);
    assert_non_null(strstr(e.msg, "keeps no file locks"));
    nothing_locked = false;
}

/* A process accepts the first find, begins to write more, and is killed. */
static void write_and_die(const struct bench *b, const struct candidate *first,
                          enum catalog_access access)
{
    pid_t child = fork();
    if (child == 0) {
        struct catalog *c;
        bool well = catalog_open_as(&c, b->db, access, NULL) == ST_OK &&
                    decide(c, candidate_id(first), "accepted") == ST_OK;
        /* more than it may keep in memory: some is in the file before it is whole */
        well = well && catalog_script(c,
                                      "PRAGMA cache_size=1; BEGIN IMMEDIATE; UPDATE "
                                      "candidate SET filename = filename || '?'; UPDATE "
                                      "detail SET source_path = source_path || '?'",
                                      NULL) == ST_OK;
        _exit(well ? 0 : 1);
    }
    int how;
    assert_int_equal(waitpid(child, &how, 0), child);
    assert_int_equal(how, 0);
}

/* Whoever reads next finds what was there before, also where there is no log. */
static void assert_taken_in(const struct bench *b, const struct candidate *in, int count)
{
    OWN(catalog) *c = open_db(b, CATALOG_READ);
    assert_int_equal(decision_of(c, candidate_id(&in[0])), DECISION_ACCEPTED);
    for (int i = 0; i < count; i++) {
        struct catalog_find f;
        assert_int_equal(catalog_get(c, candidate_id(&in[i]), &f, NULL), ST_OK);
        assert_string_equal(f.c.filename, in[i].filename);
    }
}

static void test_killed_while_writing(void **state)
{
    enum { N = 300 };
    struct bench *b = *state;
    FREED struct candidate *in = make_finds(N);
    publish(b, in, N, NULL);
    write_and_die(b, &in[0], DB_PLAIN);
    assert_true(lies_beside(b, "-journal"));
    assert_taken_in(b, in, N);
    assert_false(lies_beside(b, "-journal"));
    write_and_die(b, &in[0], DB_WAL);
    assert_true(lies_beside(b, "-wal"));
    nothing_shared = true; /* it was brought to another disk */
    assert_taken_in(b, in, N);
    assert_false(lies_beside(b, "-wal"));
    nothing_shared = false;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        IN_CATALOG(test_foreign_newer_garbage),  IN_CATALOG(test_damage_is_survived),
        IN_CATALOG(test_busy_is_not_damaged),    IN_CATALOG(test_two_processes),
        IN_CATALOG(test_looking_writes_nothing), IN_CATALOG(test_replaced_while_looking),
        IN_CATALOG(test_removed_while_open),     IN_CATALOG(test_without_shared_memory),
        IN_CATALOG(test_killed_while_writing),   IN_CATALOG(test_decisions_are_safe),
        IN_CATALOG(test_without_locks),          IN_CATALOG(test_follows_the_umask),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
