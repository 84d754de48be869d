/* io/paths, io/content_hash: names, roots and whole files. */
#define _GNU_SOURCE 1 /* syscall */
#include "core/project.h"
#include "io/content_hash.h"
#include "io/paths.h"

#include "checks.h"
#include "folder.h"
#include "no_locks.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

/* A disk that Windows reads, and one that is read only: all below, by these words in the
 * path. */
int access(const char *path, int mode)
{
    if (strstr(path, "locked-card") && (mode & W_OK)) {
        errno = EROFS;
        return -1;
    }
    return faccessat(AT_FDCWD, path, mode, 0);
}

int mkdir(const char *path, mode_t mode)
{
    const char *fat = strstr(path, "fat-card");
    if (fat && strpbrk(fat, UNPORTABLE)) {
        errno = EINVAL;
        return -1;
    }
    return mkdirat(AT_FDCWD, path, mode);
}

static void paths_that_leave_are_refused(void **state)
{
    static const char *const bad[] = {"",     "/etc/x", "..",  "../x",  "a/../../x",
                                      "a/..", "a//b",   "./a", "a/./b", "a/"};
    static const char *const good[] = {"a", "a/b", "...", "a..b/c", ".hidden", "-a"};
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
        assert_int_equal(path_check_relative(bad[i], NULL), ST_REFUSED);
    for (size_t i = 0; i < sizeof good / sizeof *good; i++)
        assert_int_equal(path_check_relative(good[i], NULL), ST_OK);
    static const char *const names[] = {"",    "  ",   ".",    "..",
                                        "a/b", "a\\b", "a\nb", "\x7f"};
    struct err e;
    for (size_t i = 0; i < sizeof names / sizeof *names; i++)
        assert_int_equal(path_check_name(names[i], "kit name", &e), ST_REFUSED);
    assert_non_null(strstr(e.msg, "kit name"));
    assert_int_equal(path_check_name("NIGHTBUS 2 (é)", "kit name", NULL), ST_OK);
}

static void the_folder_above_is_named(void **state)
{
    static const char *const cases[][2] = {
        {"a/b.wav", "a"}, {"a/b/c", "a/b"}, {"b", "."},   {"/b", "/"}, {"/", "/"},
        {"a/", "a"},      {"", "."},        {"./b", "."}, {"..", "."}};
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        char path[16];
        snprintf(path, sizeof path, "%s", cases[i][0]);
        path_up(path);
        assert_string_equal(path, cases[i][1]);
    }
}

static void stems_are_safe(void **state)
{
    static const char *const cases[][2] = {
        {"plain", "plain"},
        {"..--  .hidden", "hidden"},
        {"a/b\\c:d*e?f\"g<h>i|j", "a_b_c_d_e_f_g_h_i_j"},
        {"", "untitled"},
        {"...", "untitled"},
        {"tab\there\x1b[31m", "tab_here_[31m"},
        {"na\xc3\xafve \xf0\x9f\x8e\xb9", "na\xc3\xafve \xf0\x9f\x8e\xb9"},
        {"broken\xc3(\xff\xed\xa0\x80", "broken_(____"},
        {"long\xc0\xaf"
         "way\xe0\x80\xaf",
         "long__way___"},             /* a slash spelled too long */
        {"\xf4\x90\x80\x80", "____"}, /* beyond Unicode */
        {"next\xc2\x85line", "next_line"},
        {"zero\xe2\x80\x8bwidth", "zero_width"},
        {"word\xe2\x81\xa0joiner", "word_joiner"},
        {"\xef\xbb\xbfmark", "_mark"},
        {"no\xef\xbf\xbfne", "no_ne"},
        {"com9", "_com9"},
        {"com0", "com0"},
        {"ends. .", "ends"},
        {"con", "_con"},
        {"LPT1.take", "_LPT1.take"},
        {"console", "console"},
        {"turn\xe2\x80\xae"
         "around",
         "turn_around"},
    };
    char out[STEM_BYTES];
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        stem_safe(out, cases[i][0]);
        assert_string_equal(out, cases[i][1]);
        stem_safe(out, out); /* safe stays as it is */
        assert_string_equal(out, cases[i][1]);
    }
    stem_of_file(out, "dir.d/take.1.flac");
    assert_string_equal(out, "take.1");
    stem_of_file(out, ".wav");
    assert_string_equal(out, "wav");
}

static void long_stems_stay_utf8(void **state)
{
    char name[400] = "x", out[STEM_BYTES];
    for (int i = 0; i < 100; i++)
        strcat(name, "\xe2\x82\xac");
    stem_safe(out, name);
    assert_int_equal(strlen(out), 79); /* 1 + 26 × 3; one more would be 82 */
    stem_numbered(out, out, 12);
    assert_int_equal(strlen(out), 76 + 3);
    assert_string_equal(out + strlen(out) - 6, "\xe2\x82\xac_12");
    /* what makes room for the sign of a device's name leaves no dot at the end */
    snprintf(name, sizeof name, "con.%073d. x", 0);
    stem_safe(out, name);
    assert_int_equal(strlen(out), 78);
    assert_int_equal(strncmp(out, "_con.0", 6), 0);
    assert_int_equal(out[77], '0');
    assert_true(stem_same("Take_A", "take_a"));
    assert_false(stem_same("take", "take_a"));
}

/* What a disk that ignores case takes for one name is one, beyond ASCII too. */
static void case_is_ignored_beyond_ascii(void **state)
{
    static const char *const same[][2] = {
        {"\u00c4rger", "\u00e4rger"},
        {"\u0160koda \u017d", "\u0161KODA \u017e"},
        {"\u0178", "\u00ff"},
        {"\u0386\u03a9 \u038e", "\u03ac\u03c9 \u03cd"},
        {"\u0416\u0423\u041a \u0401", "\u0436\u0443\u043a \u0451"},
        {"\u1ea4n", "\u1ea5N"},
        /* spelled by a Mac, and by others */
        {"cafe\u0301", "CAF\u00c9"},
        {"A\u0308rger o\u030b", "\u00e4rger \u0151"},
        {"S\u030ckoda c\u0327", "\u0161koda \u00e7"},
        {"\u0418\u0306", "\u0439"}};
    for (size_t i = 0; i < sizeof same / sizeof *same; i++) {
        assert_true(stem_same(same[i][0], same[i][1]));
        assert_int_equal(stem_compare(same[i][1], same[i][0]), 0);
        assert_true(stem_hash(same[i][0]) == stem_hash(same[i][1]));
    }
    static const char *const other[][2] = {
        {"\u00d7", "\u00f7"}, {"\u00e4", "\u00e5"}, {"\u0101", "\u0102"},
        {"a", "\u00e4"},      {"e\u0301", "e"},     {"e\u0301", "\u00e8"},
        {"q\u0301", "q"},     {"\xc3", "\xe3"},     {"ab", "a"}};
    for (size_t i = 0; i < sizeof other / sizeof *other; i++) {
        assert_false(stem_same(other[i][0], other[i][1]));
        assert_true(stem_compare(other[i][0], other[i][1]) ==
                    -stem_compare(other[i][1], other[i][0]));
    }
}

static void a_file_appears_whole_or_not(void **state)
{
    char path[FOLDER_BYTES], *text;
    size_t n;
    OWN(root) r;
    assert_int_equal(root_open(&r, folder_path(path, *state, "new/deep"), true, NULL),
                     ST_OK);
    struct atomic_file *f;
    assert_int_equal(atomic_begin(&f, &r, "a/b.txt", NULL), ST_OK);
    assert_int_equal(atomic_write(f, "hello ", 6, NULL), ST_OK);
    assert_false(root_exists(&r, "a/b.txt"));
    assert_int_equal(atomic_write(f, "world", 5, NULL), ST_OK);
    assert_int_equal(atomic_commit(f, NULL), ST_OK);
    assert_int_equal(root_read_file(&r, "a/b.txt", 100, &text, &n, NULL), ST_OK);
    assert_string_equal(text, "hello world");
    free(text);
    assert_int_equal(root_read_file(&r, "a/b.txt", 5, &text, &n, NULL), ST_UNREADABLE);

    assert_int_equal(atomic_begin(&f, &r, "a/b.txt", NULL), ST_OK);
    atomic_write(f, "other", 5, NULL);
    atomic_abort(f);
    atomic_abort(NULL);
    assert_int_equal(
        path_read_file(folder_path(path, r.path, "a/b.txt"), 100, &text, &n, NULL),
        ST_OK);
    assert_int_equal(n, 11);
    free(text);
    folder_path(path, r.path, "a");
    assert_int_equal(folder_count(path), 1); /* no temporary file stays */

    assert_int_equal(root_rename(&r, "a/b.txt", "c/d.txt", NULL), ST_OK);
    assert_int_equal(root_remove(&r, "a", NULL), ST_OK);
    assert_int_equal(root_remove(&r, "a", NULL), ST_NOT_FOUND);
    assert_int_equal(root_remove(&r, "c", NULL), ST_DISK); /* not empty */
    assert_int_equal(root_remove(&r, "c/d.txt", NULL), ST_OK);
}

static void links_lead_nowhere(void **state)
{
    char path[FOLDER_BYTES], outside[FOLDER_BYTES];
    struct root r, sub;
    struct err e;
    folder_write(*state, "outside/precious", "x", 1);
    folder_path(outside, *state, "outside");
    assert_int_equal(root_open(&r, folder_path(path, *state, "root"), true, NULL), ST_OK);
    assert_int_equal(symlink(outside, folder_path(path, r.path, "link")), 0);
    assert_int_equal(root_write_file(&r, "link/file", "x", 1, &e), ST_REFUSED);
    assert_non_null(strstr(e.msg, "symbolic link"));
    assert_int_equal(root_mkdirs(&r, "link/folder", NULL), ST_REFUSED);
    assert_int_equal(root_sub(&sub, &r, "link", true, NULL), ST_REFUSED);
    assert_int_equal(root_remove(&r, "link/precious", NULL), ST_REFUSED);
    assert_int_equal(root_write_file(&r, "../escaped", "x", 1, NULL), ST_REFUSED);
    assert_int_equal(folder_count(outside), 1);
    /* A link in the place of the file itself is replaced, not followed. */
    folder_path(path, *state, "outside/precious");
    char link[FOLDER_BYTES];
    assert_int_equal(symlink(path, folder_path(link, r.path, "file")), 0);
    assert_int_equal(root_write_file(&r, "file", "new", 3, NULL), ST_OK);
    struct stat s;
    assert_int_equal(stat(path, &s), 0);
    assert_int_equal(s.st_size, 1);
    /* Removing a link removes the link. */
    assert_int_equal(root_remove(&r, "link", NULL), ST_OK);
    assert_int_equal(folder_count(outside), 1);
    root_done(&r);
}

static void disk_trouble_is_told_and_cleaned(void **state)
{
    char path[FOLDER_BYTES];
    OWN(root) r;
    struct err e;
    assert_int_equal(root_open(&r, folder_path(path, *state, "full"), true, NULL), ST_OK);
    /* A limit on file size stands for a full disk: write fails in the middle. */
    pid_t child = fork();
    if (child == 0) {
        struct rlimit limit = {1000, 1000};
        signal(SIGXFSZ, SIG_IGN);
        setrlimit(RLIMIT_FSIZE, &limit);
        char bytes[4000] = {0};
        enum status st = root_write_file(&r, "sound.wav", bytes, sizeof bytes, &e);
        _exit(st == ST_DISK && strstr(e.msg, "full/sound.wav cannot be written") ? 0 : 1);
    }
    int how;
    assert_int_equal(waitpid(child, &how, 0), child);
    assert_int_equal(how, 0);
    assert_int_equal(folder_count(r.path), 0);
    folder_write(r.path, "file", "x", 1);
    assert_int_equal(root_write_file(&r, "file/below", "x", 1, &e), ST_DISK);
    assert_non_null(strstr(e.msg, "not a folder"));
    root_mkdirs(&r, "folder", NULL);
    assert_int_equal(root_write_file(&r, "folder", "x", 1, NULL), ST_DISK);
    if (geteuid() != 0) {
        chmod(r.path, 0500);
        assert_int_equal(root_write_file(&r, "denied", "x", 1, &e), ST_DISK);
        chmod(r.path, 0700);
    }
    root_done(&r);
    /* Removed by somebody while it is written to: a folder in it cannot be made. */
    assert_int_equal(root_open(&r, folder_path(path, *state, "gone"), true, NULL), ST_OK);
    assert_int_equal(rmdir(r.path), 0);
    assert_int_equal(root_mkdirs(&r, "folder", NULL), ST_DISK);
    assert_int_equal(root_write_file(&r, "folder/sound.wav", "x", 1, NULL), ST_DISK);
    assert_int_equal(root_write_file(&r, "sound.wav", "x", 1, NULL), ST_DISK);
    assert_int_equal(root_remove(&r, "folder/sound.wav", NULL), ST_NOT_FOUND);
}

/* What the disk will refuse is known before hours of work, and nothing stays of asking.
 */
static void what_cannot_be_made_is_known_before(void **state)
{
    static const struct {
        const char *path;
        enum status st;
        const char *says;
    } wanted[] = {
        {"plain", ST_OK, NULL},
        {"plain/new/newer", ST_OK, NULL},
        {"plain/new?/newer", ST_OK, NULL},
        {"plain/page.html", ST_OK, NULL},
        {"plain/page.html/x", ST_DISK, "page.html is in the way: it is not a folder"},
        {"plain/page.html/x/y", ST_DISK, "page.html is in the way: it is not a folder"},
        {"plain/unplugged/kit", ST_DISK, "unplugged is a broken link"},
        {"missing/too", ST_OK, NULL},
        {"locked-card/page.html", ST_DISK, "locked-card cannot be written: Read-only"},
        {"locked-card", ST_DISK, "locked-card cannot be written: Read-only"},
        {"locked-card/a/b/c", ST_DISK, "locked-card cannot be written: Read-only"},
        {"fat-card/kit/", ST_OK, NULL},
        {"fat-card/kit?", ST_DISK, "use another"},
        {"fat-card/new/a:b/page.html", ST_DISK, "new/a:b/page.html cannot be made"},
    };
    char path[FOLDER_BYTES];
    static const char *const folders[] = {"plain", "locked-card", "fat-card"};
    for (size_t i = 0; i < sizeof folders / sizeof *folders; i++)
        assert_int_equal(path_mkdirs(folder_path(path, *state, folders[i]), NULL), ST_OK);
    folder_write(*state, "plain/page.html", "x", 1);
    folder_write(*state, "locked-card/page.html", "x", 1);
    assert_int_equal(symlink("nowhere", folder_path(path, *state, "plain/unplugged")), 0);
    for (size_t i = 0; i < sizeof wanted / sizeof *wanted; i++) {
        struct err e = {0};
        folder_path(path, *state, wanted[i].path);
        assert_int_equal(path_check_writable(path, true, &e), wanted[i].st);
        if (wanted[i].says)
            assert_non_null(strstr(e.msg, wanted[i].says));
    }
    struct err e = {0};
    assert_int_equal(path_mkdirs("/proc/trowel/new", &e), ST_DISK);
    assert_non_null(strstr(e.msg, "the folder /proc/trowel cannot be made"));
    folder_path(path, *state, "fat-card/kit?"); /* a dry run makes nothing */
    assert_int_equal(path_check_writable(path, false, NULL), ST_OK);
    assert_int_equal(path_check_writable("new/page.html", true, NULL), ST_OK);
    for (size_t i = 0; i < sizeof folders / sizeof *folders; i++)
        assert_int_equal(folder_count(folder_path(path, *state, folders[i])), 2 - (int)i);
}

/* Nothing is mined into a project that could have no catalog. */
static void a_disk_without_locks_is_told(void **state)
{
    OWN(project) p;
    struct err e = {0};
    nothing_locked = true;
    assert_int_equal(project_open(&p, *state, "P", &e), ST_DISK);
    assert_non_null(strstr(e.msg, "/P keeps no file locks"));
    nothing_locked = false;
    assert_int_equal(project_open(&p, *state, "P", &e), ST_OK);
    assert_int_equal(folder_count(p.root.path), 0);
}

/* Who only stands in a folder that takes nothing did not choose it. */
static void where_else_to_write_is_told(void **state)
{
    char path[FOLDER_BYTES], here[FOLDER_BYTES];
    struct project p;
    struct err e = {0};
    folder_write(*state, "stand/export", "x", 1);
    assert_non_null(getcwd(here, sizeof here));
    assert_int_equal(chdir(folder_path(path, *state, "stand")), 0);
    assert_int_equal(project_open(&p, "export", "P", &e), ST_DISK);
    assert_int_equal(chdir(here), 0);
    assert_non_null(strstr(e.msg, "export is in the way"));
    assert_non_null(strstr(e.msg, "; start in another folder, or set paths.export_dir"));
    folder_path(path, *state, "stand/export");
    assert_int_equal(project_open(&p, path, "P", &e), ST_DISK);
    assert_null(strstr(e.msg, "paths.export_dir"));
}

static void leftovers_go_living_files_stay(void **state)
{
    char path[FOLDER_BYTES];
    OWN(root) r;
    int pipes[2], wait[2];
    assert_int_equal(root_open(&r, folder_path(path, *state, "rest"), true, NULL), ST_OK);
    folder_write(r.path, "a/.trowel-1-0.tmp", "half", 4);
    folder_write(r.path, "a/.trowel-x.tmp", "foreign", 7);
    folder_write(r.path, "a/sound.wav", "x", 1);
    folder_write(r.path, "a/alive", "old", 3); /* else it is written without a name */
    folder_write(r.path, ".trowel-1-0.tmp", "half", 4);
    assert_int_equal(pipe(pipes), 0);
    assert_int_equal(pipe(wait), 0);
    pid_t child = fork();
    if (child == 0) {
        struct atomic_file *f;
        char go;
        enum status st = atomic_begin(&f, &r, "a/alive", NULL);
        if (write(pipes[1], "x", 1) != 1 || read(wait[0], &go, 1) != 1)
            _exit(2);
        _exit(!st && atomic_commit(f, NULL) == ST_OK ? 0 : 1);
    }
    char ready;
    assert_int_equal(read(pipes[0], &ready, 1), 1);
    assert_int_equal(root_clean(&r), 2);
    folder_write(r.path, ".trowel-1-0.tmp", "again", 5);
    assert_int_equal(root_clean(&r), 1);
    assert_int_equal(write(wait[1], "x", 1), 1);
    int how;
    waitpid(child, &how, 0);
    assert_int_equal(how, 0);
    assert_true(root_exists(&r, "a/alive"));
    assert_true(root_exists(&r, "a/.trowel-x.tmp"));
}

static void pipes_and_devices_are_never_opened(void **state)
{
    char path[FOLDER_BYTES], *text;
    size_t n;
    uint64_t hash;
    mkfifo(folder_path(path, *state, "fifo"), 0600);
    assert_int_equal(path_read_file(path, 100, &text, &n, NULL), ST_UNREADABLE);
    assert_int_equal(content_hash_file(path, &hash, NULL), ST_UNREADABLE);
    assert_int_equal(path_read_file("/dev/zero", 100, &text, &n, NULL), ST_UNREADABLE);
    assert_int_equal(path_read_file(*state, 100, &text, &n, NULL), ST_UNREADABLE);
    assert_int_equal(path_read_file("/nowhere/x", 100, &text, &n, NULL), ST_NOT_FOUND);
}

static uint64_t hash_in_pieces(const unsigned char *bytes, size_t n, size_t piece)
{
    struct content_hash h;
    content_hash_init(&h);
    for (size_t at = 0; at < n; at += piece)
        content_hash_add(&h, bytes + at, n - at < piece ? n - at : piece);
    return content_hash_result(&h);
}

static void the_hash_is_the_specified_one(void **state)
{
    /* Known values of XXH64 with seed 0. */
    static const char text[] = "Nobody inspects the spammish repetition";
    assert_true(hash_in_pieces((const unsigned char *)"", 0, 1) == 0xef46db3751d8e999u);
    assert_true(hash_in_pieces((const unsigned char *)"a", 1, 1) == 0xd24ec4f1a98c6e5bu);
    assert_true(hash_in_pieces((const unsigned char *)"abc", 3, 3) ==
                0x44bc2cf5ad770999u);
    assert_true(hash_in_pieces((const unsigned char *)text, sizeof text - 1, 100) ==
                0xfbcea83c8a378bf1u);
    unsigned char bytes[1000];
    for (size_t i = 0; i < sizeof bytes; i++)
        bytes[i] = (unsigned char)(i * i >> 3);
    uint64_t whole = hash_in_pieces(bytes, sizeof bytes, sizeof bytes);
    for (size_t piece = 1; piece < 100; piece++)
        assert_true(hash_in_pieces(bytes, sizeof bytes, piece) == whole);
    bytes[999] ^= 1;
    assert_true(hash_in_pieces(bytes, sizeof bytes, 64) != whole);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(paths_that_leave_are_refused),
        cmocka_unit_test(the_folder_above_is_named),
        cmocka_unit_test(stems_are_safe),
        cmocka_unit_test(long_stems_stay_utf8),
        cmocka_unit_test(case_is_ignored_beyond_ascii),
        IN_FOLDER(a_file_appears_whole_or_not),
        IN_FOLDER(links_lead_nowhere),
        IN_FOLDER(disk_trouble_is_told_and_cleaned),
        IN_FOLDER(what_cannot_be_made_is_known_before),
        IN_FOLDER(a_disk_without_locks_is_told),
        IN_FOLDER(where_else_to_write_is_told),
        IN_FOLDER(leftovers_go_living_files_stay),
        IN_FOLDER(pipes_and_devices_are_never_opened),
        cmocka_unit_test(the_hash_is_the_specified_one),
    };
    return cmocka_run_group_tests_name("paths", tests, NULL, NULL);
}
