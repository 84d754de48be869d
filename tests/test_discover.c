/* io/discover: which files of a folder are recordings, and what they are called. */
#if defined(__linux__)
#define _GNU_SOURCE /* RTLD_NEXT */
#endif
#include "io/discover.h"

#include "checks.h"
#include "core/project_list.h"
#include "folder.h"

#include <dirent.h>
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <sndfile.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

/* The C library's own, until it has given so many names: a disk that fails. */
static int names_left = -1;

struct dirent *readdir(DIR *dir)
{
    struct dirent *(*own)(DIR *) = NULL;
    void *found = dlsym(RTLD_NEXT, "readdir");
    memcpy(&own, &found, sizeof own);
    if (names_left == 0) {
        errno = EIO;
        return NULL;
    }
    names_left -= names_left > 0;
    return own(dir);
}

static void sound(const char *folder, const char *name)
{
    static const float silence[200];
    char path[FOLDER_BYTES];
    folder_write(folder, name, "", 0);
    assert_true(folder_sound(folder_path(path, folder, name),
                             SF_FORMAT_WAV | SF_FORMAT_PCM_16, 44100, 1, silence, 200));
}

/* "relative=stem …" of what is found. */
static void list(char out[4096], const char *folder, bool recursive, const char *skip)
{
    OWN(source_list) found;
    struct err e;
    struct discover_options options = {.recursive = recursive, .skip = {skip}};
    if (discover(&found, folder, &options, &e))
        fail_msg("%s", e.msg);
    out[0] = '\0';
    for (size_t i = 0; i < found.count; i++) {
        strcat(out, i ? " " : "");
        strcat(out, found.items[i].relative);
        strcat(out, "=");
        strcat(out, found.items[i].stem);
        struct stat there;
        assert_int_equal(lstat(found.items[i].path, &there), 0);
    }
    source_list_done(&found);
}

/* A folder that cannot be listed to its end is told of, and its records are no records.
 */
static void half_a_list_is_no_list(void **state)
{
    struct source_list found;
    struct stem_list stems;
    OWN(project) p;
    struct err e;
    struct discover_options options = {0};
    for (int i = 0; i < 4; i++) {
        char name[32];
        snprintf(name, sizeof name, "tape%d.wav", i);
        sound(*state, name);
        snprintf(name, sizeof name, "P/.trowel/tape%d.source", i);
        folder_write(*state, name, "", 0);
    }
    names_left = 4; /* "." and ".." are two */
    assert_int_equal(discover(&found, *state, &options, NULL), ST_OK);
    names_left = -1;
    assert_in_range(found.count, 1, 2);
    assert_int_equal(found.unreadable_folders, 1);
    assert_string_equal(found.unreadable, "");
    source_list_done(&found);
    options.recursive = true; /* nothing of it: that is no empty folder */
    names_left = 0;
    assert_int_equal(discover(&found, *state, &options, &e), ST_UNREADABLE);
    names_left = -1;
    assert_non_null(strstr(e.msg, " cannot be listed: no permission, or a failing"));
    assert_int_equal(project_open(&p, *state, "P", NULL), ST_OK);
    names_left = 4;
    assert_int_equal(project_stems(&p, &stems, &e), ST_DISK);
    names_left = -1;
    stem_list_done(&stems);
    assert_non_null(strstr(e.msg, "P/.trowel cannot be read"));
    /* nor are there none when no more files can be opened */
    struct rlimit usual, none;
    assert_int_equal(getrlimit(RLIMIT_NOFILE, &usual), 0);
    none = usual;
    none.rlim_cur = 0;
    assert_int_equal(setrlimit(RLIMIT_NOFILE, &none), 0);
    enum status st = project_stems(&p, &stems, &e);
    assert_int_equal(setrlimit(RLIMIT_NOFILE, &usual), 0);
    assert_int_equal(st, ST_DISK);
    stem_list_done(&stems);
    /* a record that is there and cannot be read is not passed over either */
    FREED struct catalog_source *sources;
    size_t count;
    folder_write(*state, "P/.trowel/tape9.source/x", "", 0);
    assert_int_equal(project_sources(&p, &sources, &count, &e), ST_UNREADABLE);
    project_done(&p);
    /* but a file in the place of all records holds none */
    folder_write(*state, "Q/.trowel", "", 0);
    assert_int_equal(project_open(&p, *state, "Q", NULL), ST_OK);
    assert_int_equal(project_stems(&p, &stems, NULL), ST_OK);
    assert_int_equal(stems.count, 0);
    stem_list_done(&stems);
}

/* A whole disk was asked for, and it is not waited for. */
static void looking_can_be_left_off(void **state)
{
    OWN(source_list) found;
    struct err e;
    atomic_bool cancelled = true;
    struct discover_options options = {.recursive = true, .cancelled = &cancelled};
    for (int i = 0; i < 40; i++) {
        FREED const char *name = text_of("tapes%d/tape.wav", i);
        sound(*state, name);
    }
    names_left = 4;
    assert_int_equal(discover(&found, *state, &options, &e), ST_CANCELLED);
    assert_true(names_left > 0); /* nothing behind the first name that counts */
    names_left = -1;
    assert_string_equal(e.msg, "looking for recordings was cancelled");
    assert_int_equal(found.count, 0);
    cancelled = false;
    assert_int_equal(discover(&found, *state, &options, &e), ST_OK);
    assert_int_equal(found.count, 40);
}

/* Of links to one folder the first by name is the way in, whichever was made first. */
static void the_first_of_several_links_is_followed(void **state)
{
    static const char *const made[][3] = {{"b", "a", "c"}, {"c", "b", "a"}};
    char path[FOLDER_BYTES], top[FOLDER_BYTES], out[4096];
    for (int k = 0; k < 2; k++) {
        char name[32];
        snprintf(name, sizeof name, "outside%d/deep/x.wav", k);
        sound(*state, name);
        snprintf(name, sizeof name, "in%d", k);
        folder_path(top, *state, name);
        folder_write(top, "notes.txt", "", 0);
        snprintf(name, sizeof name, "../outside%d", k);
        for (int i = 0; i < 3; i++)
            assert_int_equal(symlink(name, folder_path(path, top, made[k][i])), 0);
        list(out, top, true, NULL);
        assert_string_equal(out, "a/deep/x.wav=a_deep_x");
    }
}

/* A link leads to what its maker meant, not on from there: a prefix of wine has one to
 * the whole disk, a process one to every folder. Nor does it lead up. */
static void links_lead_one_step(void **state)
{
    char path[FOLDER_BYTES], top[FOLDER_BYTES], out[4096];
    OWN(source_list) found;
    struct discover_options options = {.recursive = true};
    sound(*state, "disk/jam/x.wav");
    sound(*state, "machine/y.wav");
    sound(*state, "home/beside.wav");
    sound(*state, "home/tapes/own/z.wav");
    folder_path(top, *state, "home/tapes");
    symlink("../../disk", folder_path(path, top, "disk"));
    symlink("..", folder_path(path, top, "home"));
    symlink("/", folder_path(path, top, "own/everything"));
    symlink("../../machine", folder_path(path, *state, "disk/jam/machine"));
    symlink("../machine/y.wav", folder_path(path, *state, "disk/one.wav"));
    list(out, top, true, NULL);
    assert_string_equal(out, "disk/jam/x.wav=disk_jam_x disk/one.wav=disk_one "
                             "own/z.wav=own_z");
    assert_int_equal(discover(&found, top, &options, NULL), ST_OK);
    assert_int_equal(found.links_left, 1);
    assert_true(source_list_missed(&found, "tapes", out, sizeof out));
    assert_string_equal(out,
                        "1 link to a folder, behind a link in tapes, is not followed");
}

/* What lies deeper than a path can name is missed, and that is known. */
static void what_is_too_deep_is_counted(void **state)
{
    enum { DEEP = 24 };
    char name[201];
    OWN(source_list) found;
    struct discover_options options = {.recursive = true};
    sound(*state, "tape.wav");
    name[sizeof name - 1] = '\0';
    for (const char *c = "zxy"; *c; c++) {
        memset(name, *c, sizeof name - 1);
        int at = open(*state, O_RDONLY | O_DIRECTORY);
        for (int i = 0; i < DEEP; i++) {
            assert_int_equal(mkdirat(at, name, 0777), 0);
            int below = openat(at, name, O_RDONLY | O_DIRECTORY);
            assert_true(below >= 0);
            close(at);
            at = below;
        }
        close(at);
    }
    enum status st = discover(&found, *state, &options, NULL);
    char command[FOLDER_BYTES + 30]; /* folder_remove names paths, too */
    snprintf(command, sizeof command, "cd '%s' && rm -rf x* y* z*", (char *)*state);
    assert_int_equal(system(command), 0);
    assert_int_equal(st, ST_OK);
    assert_int_equal(found.count, 1);
    assert_int_equal(found.unreadable_folders, 3);
    memset(name, 'x', sizeof name - 1); /* the first by name */
    assert_memory_equal(found.unreadable, name, sizeof name - 1);
}

/* What trowel wrote is no recording, unless it is what was asked for. */
static void projects_are_passed_over(void **state)
{
    char path[FOLDER_BYTES], project[FOLDER_BYTES];
    OWN(source_list) found;
    struct discover_options options = {.recursive = true, .skip_projects = true};
    sound(*state, "tape.wav");
    sound(*state, "sub/other.wav");
    sound(*state, "sub/export/P/tape/drums/tape_drum_001_kick.wav");
    folder_write(*state, "sub/export/P/.trowel/tape.source", "", 0);
    static const char kit[] =
        "name,path,slot,category,type,hit_class,key,filename,source,"
        "source_path,start_sec\nBD_a,";
    static const char set[] = "filename,source,source_path,type,start_sec\r\n";
    sound(*state, "kits/K/ROLAND/TR-8S/SAMPLE/K/BD_tape_001.WAV");
    folder_write(*state, "kits/K/manifest.csv", kit, sizeof kit - 1);
    folder_path(project, *state, "kits/K");
    assert_false(discover_is_kit(project)); /* without its sheet */
    folder_write(*state, "kits/K/ASSIGN.txt", "", 0);
    assert_true(discover_is_kit(project));
    sound(*state, "best/drums/tape_drum_001_kick.wav");
    folder_write(*state, "best/manifest.csv", set, sizeof set - 1);
    /* somebody's own list, and one whose columns are others */
    sound(*state, "takes/mine.wav");
    folder_write(*state, "takes/manifest.csv", "take,mic\nfilename,source,source_path,\n",
                 38);
    assert_int_equal(discover(&found, *state, &options, NULL), ST_OK);
    assert_int_equal(found.count, 3);
    assert_string_equal(found.items[0].relative, "sub/other.wav");
    assert_string_equal(found.items[1].relative, "takes/mine.wav");
    assert_string_equal(found.items[2].relative, "tape.wav");
    source_list_done(&found);
    /* the folders that --recursive would look into: not best, nor what is to be skipped
     */
    struct discover_options flat = {.skip_projects = true};
    assert_int_equal(discover(&found, *state, &flat, NULL), ST_OK);
    assert_int_equal(found.count, 1);
    assert_int_equal(found.folders_below, 3);
    source_list_done(&found);
    flat.skip[0] = folder_path(path, *state, "takes");
    assert_int_equal(discover(&found, *state, &flat, NULL), ST_OK);
    assert_int_equal(found.folders_below, 2);
    source_list_done(&found);
    folder_path(project, *state, "sub/export/P");
    assert_int_equal(discover(&found, project, &options, NULL), ST_OK);
    assert_int_equal(found.count, 1);
    source_list_done(&found);
    assert_false(discover_is_kit(project));
    options.skip_projects = false;
    assert_int_equal(discover(&found, folder_path(path, *state, "sub"), &options, NULL),
                     ST_OK);
    assert_int_equal(found.count, 2);
    source_list_done(&found);
    folder_path(path, *state, "kits");
    for (int skip = 0; skip < 2; skip++) { /* kits alone, below what was asked for */
        options.skip_kits = skip;
        assert_int_equal(discover(&found, path, &options, NULL), ST_OK);
        assert_int_equal(found.count, !skip);
        source_list_done(&found);
    }
    folder_path(path, *state, "kits/K");
    assert_int_equal(discover(&found, path, &options, NULL), ST_OK);
    assert_int_equal(found.count, 1);
}

/* Of two folders that have a recording of the same name, in whatever case. */
static void joined_lists_have_names_of_their_own(void **state)
{
    OWN(source_list) all, more;
    struct discover_options options = {0};
    char path[FOLDER_BYTES];
    sound(*state, "one/take.wav");
    sound(*state, "one/take_2.wav");
    sound(*state, "two/Take.wav");
    sound(*state, "two/other.wav");
    assert_int_equal(discover(&all, folder_path(path, *state, "one"), &options, NULL),
                     ST_OK);
    assert_int_equal(discover(&more, folder_path(path, *state, "two"), &options, NULL),
                     ST_OK);
    assert_int_equal(source_list_join(&all, &more, NULL), ST_OK);
    assert_int_equal(all.count, 4);
    assert_string_equal(all.items[0].stem, "take");
    assert_string_equal(all.items[2].stem, "Take_3");
    assert_string_equal(all.items[3].stem, "other");
}

/* drums --export into the folder of the recordings themselves. */
static void samples_among_recordings_are_passed_over(void **state)
{
    OWN(source_list) found;
    struct discover_options options = {.skip_projects = true};
    char path[FOLDER_BYTES];
    static const char list[] = "filename,source,source_path,type\r\n"
                               "tape_drum_001_kick.wav,tape,tape.wav,drum\r\n"
                               "gone.wav,tape,tape.wav,drum\r\n";
    sound(*state, "mixed/tape.wav");
    sound(*state, "mixed/tape_drum_001_kick.wav");
    folder_write(*state, "mixed/manifest.csv", list, sizeof list - 1);
    folder_path(path, *state, "mixed");
    assert_int_equal(discover(&found, path, &options, NULL), ST_OK);
    assert_int_equal(found.count, 1);
    assert_string_equal(found.items[0].relative, "tape.wav");
    assert_int_equal(found.samples, 1);
    source_list_done(&found);
    options.skip_projects = false; /* all that sounds was asked for */
    assert_int_equal(discover(&found, path, &options, NULL), ST_OK);
    assert_int_equal(found.count, 2);
    source_list_done(&found);
    options.skip_projects = true;
    /* nothing but samples: they were asked for */
    sound(*state, "hits/tape_drum_001_kick.wav");
    folder_write(*state, "hits/manifest.csv", list, sizeof list - 1);
    folder_path(path, *state, "hits");
    assert_int_equal(discover(&found, path, &options, NULL), ST_OK);
    assert_int_equal(found.count, 1);
    source_list_done(&found);
    /* a set that held nothing */
    sound(*state, "none/tape.wav");
    folder_write(*state, "none/manifest.csv", list, strcspn(list, "\n") + 1);
    folder_path(path, *state, "none");
    assert_int_equal(discover(&found, path, &options, NULL), ST_OK);
    assert_int_equal(found.count, 1);
    assert_int_equal(found.samples, 0);
}

static void content_or_ending_makes_a_source(void **state)
{
    char out[4096], path[FOLDER_BYTES];
    sound(*state, "b.wav");
    sound(*state, "no_ending");
    sound(*state, "odd.txt");
    sound(*state, ".hidden.wav");
    folder_write(*state, "broken.flac", "no audio at all", 15);
    folder_write(*state, "notes.txt", "no audio at all", 15);
    folder_write(*state, "cover.jpg", "\xff\xd8\xff\xe0\0\x10JFIF\0", 11);
    mkfifo(folder_path(path, *state, "pipe.wav"), 0600);
    mkdir(folder_path(path, *state, "folder.wav"), 0700);
    symlink("/dev/zero", folder_path(path, *state, "zero.wav"));
    symlink("nowhere", folder_path(path, *state, "dangling.wav"));
    symlink("nowhere", folder_path(path, *state, "dangling"));
    sound(*state, "sub/deep.wav");
    list(out, *state, false, *state); /* what was asked for is not passed over */
    assert_string_equal(out, "b.wav=b broken.flac=broken dangling.wav=dangling "
                             "no_ending=no_ending odd.txt=odd");
    OWN(source_list) found;
    struct discover_options options = {0};
    assert_int_equal(discover(&found, *state, &options, NULL), ST_OK);
    assert_int_equal(found.items[1].bytes, 15);
    assert_int_equal(found.items[2].bytes, 0); /* dangling */
    source_list_done(&found);
    assert_int_equal(discover(&found, "/nowhere", &options, NULL), ST_NOT_FOUND);
    folder_path(path, *state, "b.wav");
    assert_int_equal(discover(&found, path, &options, NULL), ST_OK);
    assert_int_equal(found.count, 1);
    assert_string_equal(found.items[0].stem, "b");
}

static void folders_stay_in_names_and_loops_end(void **state)
{
    char out[4096], path[FOLDER_BYTES], target[FOLDER_BYTES];
    sound(*state, "tapes/a/take.wav");
    sound(*state, "tapes/b/take.wav");
    sound(*state, "tapes_a_take.wav");
    sound(*state, "export/ours.wav");
    symlink("..", folder_path(path, *state, "tapes/up"));
    symlink(".", folder_path(path, *state, "tapes/here"));
    symlink("b", folder_path(path, *state, "tapes/again"));
    symlink("../tapes_a_take.wav", folder_path(path, *state, "tapes/link.wav"));
    folder_path(target, *state, "export");
    list(out, *state, true, target);
    assert_string_equal(out,
                        "tapes/a/take.wav=tapes_a_take tapes/b/take.wav=tapes_b_take "
                        "tapes/link.wav=tapes_link "
                        "tapes_a_take.wav=tapes_a_take_2");
}

static void doubles_get_names_of_their_own(void **state)
{
    char out[4096], name[256], path[FOLDER_BYTES];
    sound(*state, "Take.flac");
    sound(*state, "take.aif");
    sound(*state, "take.wav");
    sound(*state, "take_2.wav");
    list(out, *state, false, NULL);
    assert_string_equal(
        out, "Take.flac=Take take.aif=take_3 take.wav=take_4 take_2.wav=take_2");
    folder_remove(*state);
    mkdir(*state, 0700);
    sound(*state, "Best_Of.wav");
    sound(*state, "catalog.db.wav");
    sound(*state, "manifest.csv.ogg");
    list(out, *state, false, NULL); /* beside what a project has of its own */
    assert_string_equal(out, "Best_Of.wav=Best_Of_2 catalog.db.wav=catalog.db_2 "
                             "manifest.csv.ogg=manifest.csv_2");
    folder_remove(*state);
    mkdir(*state, 0700);
    /* Too long a way: the outermost folders go, as few as it takes. */
    sound(*state, "what came down from the loft/reels of the long summer of 1994/side "
                  "two, slow/take 3.wav");
    list(out, *state, true, NULL);
    assert_string_equal(strchr(out, '=') + 1,
                        "reels of the long summer of 1994_side two, slow_take 3");
    folder_remove(*state);
    mkdir(*state, 0700);
    /* Two long names that are the same for 80 bytes. */
    for (int i = 0; i < 2; i++) {
        memset(name, 'x', 200);
        snprintf(name + 200, 20, "%d.wav", i);
        sound(*state, name);
    }
    sound(*state, "...\".wav");
    OWN(source_list) found;
    struct discover_options options = {0};
    assert_int_equal(discover(&found, *state, &options, NULL), ST_OK);
    assert_int_equal(found.count, 2); /* "..." is hidden */
    assert_int_equal(strlen(found.items[0].stem), 80);
    assert_int_equal(strlen(found.items[1].stem), 80);
    assert_string_equal(found.items[1].stem + 78, "_2");
    folder_path(path, *state, "empty");
    mkdir(path, 0700);
    list(out, path, true, NULL);
    assert_string_equal(out, "");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        IN_FOLDER(content_or_ending_makes_a_source),
        IN_FOLDER(half_a_list_is_no_list),
        IN_FOLDER(looking_can_be_left_off),
        IN_FOLDER(the_first_of_several_links_is_followed),
        IN_FOLDER(links_lead_one_step),
        IN_FOLDER(what_is_too_deep_is_counted),
        IN_FOLDER(projects_are_passed_over),
        IN_FOLDER(joined_lists_have_names_of_their_own),
        IN_FOLDER(samples_among_recordings_are_passed_over),
        IN_FOLDER(folders_stay_in_names_and_loops_end),
        IN_FOLDER(doubles_get_names_of_their_own),
    };
    return cmocka_run_group_tests_name("discover", tests, NULL, NULL);
}
