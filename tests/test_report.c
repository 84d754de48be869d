/* The report: one page, escaped, whole; opened and played in a real browser. */
#include "checks.h"
#include "core/report.h"
#include "core/rng.h"
#include "dsp/synth.h"
#include "folder.h"
#include "io/paths.h"
#include "io/sha256.h"
#include "io/text.h"
#include "program.h"
#include "tone.h"

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static void make_samples(const char *folder)
{
    static const char *const names[] = {"kick <script>alert(1)<|script>.wav",
                                        "snare & \"friends\".wav",
                                        "hat \xf0\x9f\xa5\x81 \xe2\x80\xaevaw.wav"};
    for (int d = 0; d < 3; d++) {
        struct rng rng = rng_derive(1, (uint64_t)d, "report test", 0);
        OWN(audio) a = tone_frames(22050, 1, 44100);
        synth_drum((enum synth_drum)d, 0.5, 1, &rng, a.data, a.frames, 44100);
        if (d == 1) { /* its channels are each other upside down */
            assert_int_equal(audio_to_channels(&a, 2, NULL), ST_OK);
            for (size_t i = 1; i < 2 * a.frames; i += 2)
                a.data[i] = -a.data[i];
        }
        folder_wav(folder, names[d], &a, 16);
    }
}

static int count(const char *text, const char *part)
{
    int n = 0;
    for (const char *p = text; (p = strstr(p, part)); p += strlen(part))
        n++;
    return n;
}

static void page_holds_every_sample_escaped(void **state)
{
    const char *top = *state;
    char *text;
    size_t n;
    struct report_result r;
    struct report_job job = {.input_dir = top};
    assert_int_equal(report_run(&job, &r, NULL), ST_OK);
    assert_int_equal(r.samples, 3);
    assert_int_equal(r.left_out, 0);
    FREED const char *path = text_of("%s/report.html", top);
    assert_int_equal(path_read_file(path, 1 << 26, &text, &n, NULL), ST_OK);
    assert_int_equal(n, r.bytes);
    assert_int_equal(count(text, "<article "), 3);
    assert_int_equal(count(text, "data:audio/wav;base64,"), 3);
    char silence[20001]; /* of 58800 letters each */
    memset(silence, 'A', sizeof silence - 1);
    silence[sizeof silence - 1] = '\0';
    assert_int_equal(count(text, silence), 0);
    assert_int_equal(count(text, "data:image/bmp;base64,"), 3);
    assert_int_equal(count(text, "<script>alert"), 0);
    assert_true(text_has(text, "&lt;script&gt;alert"));
    assert_true(text_has(text, "snare &amp; &quot;friends&quot;"));
    assert_true(
        text_has(text, "hat \xf0\x9f\xa5\x81 ?vaw")); /* nothing turns what follows */
    assert_int_equal(count(text, "\xe2\x80\xae"), 0);
    assert_int_equal(count(text, "http://") + count(text, "https://"), 0);
    free(text);
}

/* What cannot be played is in the page with its reason, and told where it is made. */
static void a_sample_without_a_player_is_told(void **state)
{
    static const char kit[] = "name,path,type,sha256,origin_sha256\r\n"
                              "BD_gone,BD_gone.WAV,drum,1,2\r\n";
    char *argv[] = {TROWEL_BIN, "--batch", "report", "--input_dir", ".", NULL};
    char *page;
    OWN(outcome) o;
    folder_write(*state, "manifest.csv", kit, sizeof kit - 1);
    program_run(&o, *state, argv);
    assert_int_equal(o.exit_status, 1);
    assert_true(text_has(o.err, "1 of the samples or their folders cannot be used"));
    assert_true(text_has(o.out, "1 sample in ./report.html (0.0 MB); 1 without a player, "
                                "the page says why\n"));
    FREED const char *path = text_of("%s/report.html", (char *)*state);
    page = file_read(path, NULL);
    assert_int_equal(count(page, "the file cannot be read"), 1);
    free(page);
}

/* Its samples have no other names than what leads there. */
static void a_long_way_to_the_samples_is_gone(void **state)
{
    static const char kit[] = "name,path,type,sha256,origin_sha256\r\n"
                              "BD_one,BD_one.WAV,drum,1,2\r\n";
    char level[202], way[FOLDER_BYTES], at[FOLDER_BYTES];
    struct report_result r;
    struct err e;
    memset(level, 'z', sizeof level - 1);
    level[200] = '/';
    level[201] = '\0';
    OWN(audio) a = tone_frames(4410, 1, 44100);
    a.data[0] = 0.5f;
    for (int levels = 3; levels <= 6; levels += 3) {
        way[0] = '\0';
        for (int i = 0; i < levels; i++)
            strcat(way, level);
        folder_path(at, *state, way);
        folder_wav(at, "BD_one.WAV", &a, 16);
        if (levels == 3)
            folder_write(at, "manifest.csv", kit, sizeof kit - 1);
        struct report_job job = {.input_dir = at};
        assert_int_equal(report_run(&job, &r, &e), levels == 3 ? ST_OK : ST_NOTHING);
        assert_int_equal(r.samples, levels == 3);
        assert_int_equal(r.left_out, 0);
    }
}

static void a_strangers_page_stays(void **state)
{
    const char *top = *state;
    struct report_result r;
    struct err e;
    FREED const char *path = text_of("%s/theirs.html", top);
    folder_write(top, "theirs.html", "<p>mine</p>", 11);
    struct report_job job = {.input_dir = top, .output = path};
    assert_int_equal(report_run(&job, &r, &e), ST_EXISTS);
    job.force = true;
    assert_int_equal(report_run(&job, &r, &e), ST_OK);
    job.force = false; /* now it is ours */
    assert_int_equal(report_run(&job, &r, &e), ST_OK);
}

/* --force gives up a page, never a recording or a text; a pipe is not waited on, and a
 * link to a disk that is not there stays. */
static void what_is_no_page_stays(void **state)
{
    const char *top = *state;
    static const char *const names[] = {"take.wav", "notes.txt", "pipe.html",
                                        "gone.html"};
    char path[512], before[SHA256_HEX_BYTES], after[SHA256_HEX_BYTES];
    struct report_result r;
    struct err e;
    folder_write(top, names[0], "RIFF take", 9);
    folder_write(top, names[1], "notes", 5);
    snprintf(path, sizeof path, "%s/%s", top, names[2]);
    assert_int_equal(mkfifo(path, 0666), 0);
    snprintf(path, sizeof path, "%s/%s", top, names[3]);
    assert_int_equal(symlink("/nowhere/page.html", path), 0);
    for (size_t i = 0; i < 4; i++) {
        snprintf(path, sizeof path, "%s/%s", top, names[i]);
        struct report_job job = {.input_dir = top, .output = path, .force = true};
        if (i < 2)
            assert_int_equal(sha256_file(path, before, NULL), ST_OK);
        assert_int_equal(report_run(&job, &r, &e), ST_EXISTS);
        assert_true(text_has(e.msg, "is not a report that trowel wrote; move it away"));
        if (i < 2) {
            assert_int_equal(sha256_file(path, after, NULL), ST_OK);
            assert_string_equal(before, after);
        }
        assert_int_equal(remove(path), 0);
    }
    struct report_job job = {.input_dir = top, .output = top, .force = true};
    assert_int_equal(report_run(&job, &r, &e), ST_USAGE);
    assert_true(text_has(e.msg, "is a folder; name the HTML file"));
    snprintf(path, sizeof path, "%0300d.html", 0); /* no file can be called so */
    job.output = path;
    assert_true(report_run(&job, &r, &e) != ST_OK);
    assert_true(text_has(e.msg, "File name too long"));
}

/* A kit's manifest that came from elsewhere: the page is made to be given away. */
static void a_kit_shows_nothing_from_outside(void **state)
{
    char kit[300];
    OWN(root) r;
    struct err e;
    struct report_result result;
    static const char rows[] = "name,path,slot,type,filename,origin_sha256\r\n"
                               "BD_1,../hat \xf0\x9f\xa5\x81.wav,BD,drum,hat.wav,\r\n";
    snprintf(kit, sizeof kit, "%s/kit", (const char *)*state);
    assert_int_equal(root_open(&r, kit, true, NULL), ST_OK);
    assert_int_equal(root_write_file(&r, "manifest.csv", rows, sizeof rows - 1, NULL),
                     ST_OK);
    struct report_job job = {.input_dir = kit};
    assert_int_equal(report_run(&job, &result, &e), ST_REFUSED);
    assert_false(root_exists(&r, "report.html"));
}

/* A kit of one sample, tape.wav. */
static void make_kit(char kit[FOLDER_NAME_BYTES], const unsigned char *wav, size_t n)
{
    static const char rows[] = "name,path,slot,type,filename,origin_sha256\r\n"
                               "TAPE,tape.wav,,pad,tape.wav,\r\n";
    folder_make(kit);
    folder_write(kit, "manifest.csv", rows, sizeof rows - 1);
    folder_write(kit, "tape.wav", wav, n);
}

/* It is no folder of sounds then, and not empty. */
static void a_kit_whose_list_cannot_be_read_is_told(void **state)
{
    char kit[FOLDER_NAME_BYTES], path[FOLDER_BYTES];
    struct report_result r;
    struct report_job job = {.input_dir = kit};
    struct err e = {0};
    make_kit(kit, (const unsigned char *)"", 0);
    folder_path(path, kit, "manifest.csv");
    assert_int_equal(unlink(path), 0);
    assert_int_equal(symlink("manifest.csv", path), 0);
    assert_int_equal(report_run(&job, &r, &e), ST_UNREADABLE);
    assert_true(text_has(e.msg, "manifest.csv is a link that leads back to itself"));
    folder_remove(kit);
}

/* Three hours at 8 kHz: what the page says of it is known after two minutes of it. */
static void what_is_too_long_is_not_read_to_its_end(void **state)
{
    enum { FRAMES = 93 << 20 };
    static const unsigned char head[] =
        "RIFF\044\0\320\005WAVEfmt \020\0\0\0\001\0\001\0"
        "\100\037\0\0\100\037\0\0\001\0\010\0data\0\0\320\005";
    char kit[FOLDER_NAME_BYTES], path[FOLDER_BYTES], *text;
    size_t n;
    struct report_result r;
    struct report_job job = {.input_dir = kit};
    make_kit(kit, head, 44);
    assert_int_equal(truncate(folder_path(path, kit, "tape.wav"), 44 + FRAMES), 0);
    assert_int_equal(report_run(&job, &r, NULL), ST_OK);
    assert_int_equal(r.left_out, 1);
    folder_path(path, kit, "report.html");
    assert_int_equal(path_read_file(path, 1 << 26, &text, &n, NULL), ST_OK);
    assert_int_equal(count(text, "data:image/bmp;base64,"), 1);
    assert_int_equal(count(text, "too long for a player on this page"), 1);
    free(text);
    folder_remove(kit);
}

/* Players come to 60 MB in all: of six of 11.5 each the last has none. */
static void a_page_does_not_become_too_large(void **state)
{
    char kit[FOLDER_NAME_BYTES];
    struct report_result r;
    struct report_job job = {.input_dir = kit};
    struct text rows = {0};
    OWN(audio) a = tone_frames(6000000, 1, 96000);
    make_kit(kit, (const unsigned char *)"", 0);
    folder_wav(kit, "tape.wav", &a, 16);
    text_add(&rows, "name,path,slot,type,filename,origin_sha256\r\n");
    for (int i = 0; i < 6; i++)
        text_addf(&rows, "T%d,tape.wav,,pad,tape.wav,\r\n", i);
    folder_write(kit, "manifest.csv", rows.at, rows.length);
    text_done(&rows);
    assert_int_equal(report_run(&job, &r, NULL), ST_OK);
    assert_int_equal(r.samples, 6);
    assert_int_equal(r.left_out, 1);
    folder_remove(kit);
}

/* All a kit's mono sample is, to its last bit. */
static void a_player_plays_what_is_on_the_card(void **state)
{
    static const unsigned char wav[] =
        "RIFF\064\0\0\0WAVEfmt \020\0\0\0\001\0\001\0\104\254\0\0\210\130\001\0"
        "\002\0\020\0data\020\0\0\0" /* 0, 1, -1, 16384, 23456, -30001, both ends */
        "\0\0\001\0\377\377\0\100\240\133\317\212\377\177\0\200";
    char kit[FOLDER_NAME_BYTES], path[FOLDER_BYTES], *text;
    size_t n;
    struct report_result r;
    struct report_job job = {.input_dir = kit};
    make_kit(kit, wav, sizeof wav - 1);
    assert_int_equal(report_run(&job, &r, NULL), ST_OK);
    folder_path(path, kit, "report.html");
    assert_int_equal(path_read_file(path, 1 << 26, &text, &n, NULL), ST_OK);
    assert_int_equal(count(text, "data:audio/wav;base64,"
                                 "UklGRjQAAABXQVZFZm10IBAAAAABAAEARKwAAIhY"
                                 "AQACABAAZGF0YRAAAAAAAAEA//8AQKBbz4r/fwCA\""),
                     1);
    free(text);
    folder_remove(kit);
}

static void a_browser_plays_it(void **state)
{
    const char *top = *state;
    static char *const browsers[] = {"/usr/bin/chromium", "/usr/bin/chromium-browser",
                                     "/usr/bin/google-chrome"};
    char *browser = NULL;
    for (size_t i = 0; i < sizeof browsers / sizeof *browsers && !browser; i++)
        browser = access(browsers[i], X_OK) == 0 ? browsers[i] : NULL;
    if (!browser) {
        print_message("no chromium: skipped\n");
        skip();
    }
    char profile[600];
    FREED char *url = text_of("file://%s/report.html#play=1", top);
    snprintf(profile, sizeof profile, "--user-data-dir=%s/profile", top);
    char *argv[] = {browser,
                    "--headless",
                    "--no-sandbox",
                    "--disable-gpu",
                    "--disable-quic",
                    "--no-first-run",
                    "--disable-background-networking",
                    "--disable-component-update",
                    "--disable-sync",
                    "--disable-dev-shm-usage",
                    "--mute-audio",
                    "--autoplay-policy=no-user-gesture-required",
                    "--enable-logging=stderr",
                    "--virtual-time-budget=6000",
                    profile,
                    "--dump-dom",
                    url,
                    NULL};
    OWN(outcome) o;
    program_run(&o, NULL, argv);
    if (o.exit_status != 0)
        print_message("%s", o.err);
    assert_int_equal(o.exit_status, 0);
    assert_int_equal(count(o.out, "<article "), 3);
    bool sounded = text_has(o.out, "data-state=\"playing\"") ||
                   text_has(o.out, "data-state=\"played\"");
    assert_true(sounded);
    assert_true(text_has(o.out, "<span id=\"error\" role=\"alert\"></span>"));
    assert_false(text_has(o.err, "CONSOLE"));
}

static int set_up(void **state)
{
    folder_setup(state);
    make_samples(*state);
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(page_holds_every_sample_escaped),
        IN_FOLDER(a_sample_without_a_player_is_told),
        IN_FOLDER(a_long_way_to_the_samples_is_gone),
        cmocka_unit_test(a_strangers_page_stays),
        cmocka_unit_test(what_is_no_page_stays),
        cmocka_unit_test(a_kit_shows_nothing_from_outside),
        cmocka_unit_test(a_page_does_not_become_too_large),
        cmocka_unit_test(a_player_plays_what_is_on_the_card),
        cmocka_unit_test(a_kit_whose_list_cannot_be_read_is_told),
        cmocka_unit_test(what_is_too_long_is_not_read_to_its_end),
        cmocka_unit_test(a_browser_plays_it),
    };
    return cmocka_run_group_tests_name("report", tests, set_up, folder_teardown);
}
