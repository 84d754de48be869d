/* The workstation and its sound: what the cursor rests on is heard, keys reach the
 * transport, and pictures come without the drawing waiting for them. */
#include "core/kit.h"
#include "core/kit_sample.h"
#include "tone.h"

#include "checks.h"
#include "folder.h"
#include "nap.h"
#include "ui_rig.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* A file for every find that says it has one: a tone as long as the find. */
static void write_files(void)
{
    struct err e;
    struct root root;
    assert_int_equal(root_open(&root, rig.folder, false, &e), ST_OK);
    for (size_t i = 0; i < session_count(rig.session); i++) {
        const struct find *f = session_find(rig.session, i);
        char path[PATH_BYTES];
        if (!f->saved)
            continue;
        assert_true(session_file(rig.session, i, path));
        size_t frames =
            (size_t)(session_measure(rig.session, f, ME_duration_sec) * 44100);
        struct audio a = tone_frames(frames, 1, 44100);
        for (size_t k = 0; k < frames; k++)
            a.data[k] = (float)(0.5 * sin(0.03 * (double)(i + 1) * (double)k));
        folder_wav(rig.folder, path + strlen(rig.folder) + 1, &a, 16);
        audio_done(&a);
    }
    root_done(&root);
}

static int set_up(void **state)
{
    struct err e;
    struct transport_options o = {.backend = TRANSPORT_NULL};
    ui_rig_init(&rig, 1, 20, 30, 112, TIER_BRAILLE);
    write_files();
    assert_int_equal(transport_new(&rig.app.transport, &o, &e), ST_OK);
    rig.setup.transport = rig.app.setup.transport = rig.app.transport;
    return 0;
}

static int tear_down(void **state)
{
    transport_free(rig.app.transport);
    ui_rig_done(&rig);
    return 0;
}

static uint64_t current(void)
{
    return session_find(rig.session, (size_t)library_current(&rig.app))->id;
}

static const struct transport_status *sound(void)
{
    transport_settle(rig.app.transport);
    app_tick(&rig.app);
    return &rig.app.sound;
}

static void nothing_sounds_before_the_first_key(void **state)
{
    app_done(&rig.app); /* begun once more, now with sound */
    assert_int_equal(app_init(&rig.app, &rig.setup, NULL), ST_OK);
    assert_true(library_current(&rig.app) >= 0);
    for (int i = 0; i < 5; i++) {
        rig.app.now += 1;
        app_tick(&rig.app);
        assert_false(sound()->playing || sound()->loading);
    }
}

static void the_cursor_is_heard_after_its_rest(void **state)
{
    app_key(&rig.app, 'j'); /* two quick steps: only the second is heard */
    assert_true(app_tick(&rig.app) > 0.05);
    uint64_t passed = current();
    rig.app.now += 0.03;
    app_key(&rig.app, 'j');
    rig.app.now += 0.06;
    app_tick(&rig.app);
    assert_true(sound()->id != passed);
    assert_false(sound()->playing);
    rig.app.now += 0.03;
    app_tick(&rig.app);
    assert_true(sound()->id == current());
    assert_true(sound()->playing);
    /* off: only Space sounds */
    rig.config.interface.audition_delay_ms = -1;
    ui_rig_keys(&rig, "j");
    rig.app.now += 5;
    app_tick(&rig.app);
    assert_true(sound()->id != current());
    ui_rig_keys(&rig, "Space");
    assert_false(sound()->playing); /* what played stops first */
    ui_rig_keys(&rig, "Space");
    assert_true(sound()->playing && sound()->id == current());
}

/* The library's cursor is heard where it is seen: what is done on another screen does not
 * begin a loop that then goes on below the kit. */
static void no_find_begins_on_a_screen_without_it(void **state)
{
    static const char *const opens[] = {"K", ",", "w", "?"};
    for (size_t i = 0; i < sizeof opens / sizeof *opens; i++) {
        ui_rig_keys(&rig, opens[i]);
        ui_rig_type(&rig, ":theme\r");
        rig.app.now += 5;
        app_tick(&rig.app);
        assert_false(sound()->playing || sound()->loading);
        ui_rig_keys(&rig, "q");
        assert_int_equal(rig.app.screen, SCREEN_LIBRARY);
        ui_rig_keys(&rig, "j"); /* and away before it has rested */
        ui_rig_keys(&rig, opens[i]);
        rig.app.now += 5;
        app_tick(&rig.app);
        assert_false(sound()->playing || sound()->loading);
        ui_rig_keys(&rig, "q");
    }
    ui_rig_keys(&rig, "]");        /* pads: they sound until they are looked at */
    ui_rig_type(&rig, ":theme\r"); /* where it is seen it is */
    rig.app.now += 5;
    app_tick(&rig.app);
    assert_true(sound()->playing && sound()->id == current());
}

static void the_kit_is_heard_alone(void **state)
{
    ui_rig_keys(&rig, "] K F Space q j"); /* a pad goes round */
    rig.app.now += 1;
    app_tick(&rig.app);
    assert_true(sound()->playing && sound()->kit_running); /* asked for over a pattern */
    ui_rig_keys(&rig, "K");
    assert_false(sound()->playing);
    assert_true(sound()->kit_running);
    ui_rig_keys(&rig, "Space n");
    assert_false(sound()->playing || sound()->kit_running);
}

/* On 80 columns, too: that nothing can be heard, and that the sound had gaps. A device's
 * name is cut where the line ends. */
static void a_narrow_line_says_what_is_wrong_with_the_sound(void **state)
{
    assert_int_equal(canvas_resize(&rig.app.canvas, 24, 80, NULL), ST_OK);
    assert_true(sound()->device == DEVICE_SILENT);
    assert_true(ui_rig_shows(&rig, "matched   silent"));
    rig.app.sound.device = DEVICE_READY;
    rig.app.sound.underruns = 3;
    assert_true(ui_rig_shows(&rig, "matched   3 gaps"));
    assert_int_equal(canvas_resize(&rig.app.canvas, 24, 100, NULL), ST_OK);
    assert_true(ui_rig_shows(&rig, "matched   3 gaps · device"));
    memset(rig.app.sound.device_name, 'a', sizeof rig.app.sound.device_name - 1);
    assert_true(ui_rig_shows(&rig, "device aaaaaaaaaaaaaaaaaa…"));
}

static void a_decision_plays_the_next(void **state)
{
    rig.config.interface.audition_delay_ms = 0;
    ui_rig_keys(&rig, "j");
    uint64_t before = current();
    ui_rig_keys(&rig, "a");
    assert_true(current() != before);
    assert_true(sound()->id == current());
}

/* Whatever brings another find under the cursor: it is heard. */
static void what_comes_under_the_cursor_is_heard(void **state)
{
    rig.config.interface.audition_delay_ms = 0;
    app_command(&rig.app, "filter rating=0");
    ui_rig_keys(&rig, "gg j");
    uint64_t rated = current();
    ui_rig_keys(&rig, "2");
    assert_true(current() != rated && sound()->id == current());
    ui_rig_keys(&rig, "u");
    assert_true(current() == rated && sound()->id == rated);
    ui_rig_keys(&rig, "F a");
    app_command(&rig.app, "filter is:accepted");
    ui_rig_keys(&rig, "U u");
    assert_true(current() == rated && sound()->id == rated);
    ui_rig_keys(&rig, "F ] Tab j"); /* among the categories, too */
    assert_true(current() != rated && sound()->id == current());
    uint64_t swell = current();
    ui_rig_keys(&rig, "gg");
    assert_true(current() != swell && sound()->id == current());
}

static void sound_keys_reach_the_transport(void **state)
{
    view_set_scope(rig.app.view, SCOPE_CATEGORY + CAT_PADS);
    ui_rig_keys(&rig, "Space e");
    assert_int_equal(sound()->mode, PLAY_SEAM);
    bool loop = sound()->loop;
    ui_rig_keys(&rig, "r");
    assert_int_equal(sound()->loop, !loop);
    ui_rig_keys(&rig, "+ + + -");
    assert_true(fabs(sound()->volume_db - 2) < 1e-9);
    ui_rig_keys(&rig, "# 9 9 +"); /* no louder than that, and no softer */
    assert_true(sound()->volume_db == 12);
    ui_rig_keys(&rig, "# 9 9 -");
    assert_true(sound()->volume_db == -60);
    app_command(&rig.app, "volume 2");
    bool matched = sound()->matched;
    ui_rig_keys(&rig, "=");
    assert_int_equal(sound()->matched, !matched);
    ui_rig_keys(&rig, "D"); /* silence is meant here, and no device is opened */
    assert_true(ui_rig_said(&rig, "started with --no-audio"));
    app_command(&rig.app, "device front");
    assert_true(ui_rig_said(&rig, "started with --no-audio"));
    /* a drum has no seam: a sentence, no change */
    view_set_scope(rig.app.view, SCOPE_CATEGORY + CAT_DRUMS);
    ui_rig_keys(&rig, "e");
    assert_non_null(strstr(rig.app.echo, "has no seam"));
}

static void settings_of_sound_count_at_the_start(void **state)
{
    struct err e;
    app_done(&rig.app);
    rig.config.audio.volume_db = -12.5;
    rig.config.audio.match_levels = false;
    rig.config.interface.loop_audition = false;
    assert_int_equal(app_init(&rig.app, &rig.setup, &e), ST_OK);
    assert_true(sound()->volume_db == -12.5);
    assert_false(sound()->matched);
    assert_false(sound()->loop);
    /* and at once when they are changed, or it is said that they do not */
    ui_rig_enter(&rig, ":", "set audio.volume_db=-3");
    assert_true(sound()->volume_db == -3);
    ui_rig_keys(&rig, ":");
    ui_rig_type(&rig, "set audio.volume_db=12"); /* what the keys reach */
    ui_rig_keys(&rig, "Enter");
    assert_true(sound()->volume_db == 12);
    ui_rig_enter(&rig, ":", "set audio.latency_ms=40");
    assert_non_null(strstr(rig.app.echo, "takes effect at the next start"));
}

static void pinned_and_current_flip(void **state)
{
    rig.config.interface.audition_delay_ms = 0;
    uint64_t pinned = current();
    ui_rig_keys(&rig, "b j");
    uint64_t other = current();
    assert_true(sound()->id == other);
    ui_rig_keys(&rig, "`");
    assert_true(sound()->id == pinned);
    ui_rig_keys(&rig, "`");
    assert_true(sound()->id == other);
    /* who flips before the find under the cursor is heard, hears the pinned one out */
    rig.config.interface.audition_delay_ms = 500;
    ui_rig_keys(&rig, "j `");
    assert_true(sound()->id == pinned);
    rig.app.now += 5;
    app_tick(&rig.app);
    assert_true(sound()->id == pinned && rig.app.library.flipped);
    ui_rig_keys(&rig, "j");
    rig.app.now += 5;
    app_tick(&rig.app);
    assert_true(sound()->id == current());
}

static void the_pattern_plays_while_slots_are_swapped(void **state)
{
    ui_rig_keys(&rig, "K F Space");
    assert_true(sound()->kit_running);
    FREED char *screen = ui_rig_screen(&rig); /* the line of what sounds says so */
    assert_non_null(strstr(screen, "\n ▶ pattern A ▕"));
    assert_null(strstr(screen, "■"));
    assert_null(strstr(screen, "matched"));
    free(screen);
    rig.app.sound.kit_step = KIT_STEPS - 1; /* the last step fills the bar */
    assert_true(ui_rig_shows_at(&rig, 24, 80, "▕████████████████▏"));
    rig.app.sound.playing = true; /* a find that sounds over it is what is told of */
    assert_false(ui_rig_shows_at(&rig, 24, 80, "▶ pattern A ▕"));
    app_tick(&rig.app);
    ui_rig_keys(&rig, "s n > >");
    assert_true(sound()->kit_running);
    uint64_t playing = rig.app.kit.loaded[1];
    ui_rig_keys(&rig, "C n");
    assert_true(session_kit(rig.session)->rings && rig.app.kit.loaded[1] != playing);
    ui_rig_keys(&rig, "u u"); /* heard at once, too */
    assert_true(!session_kit(rig.session)->rings && rig.app.kit.loaded[1] == playing);
    assert_true(fabs(sound()->kit_bpm - (rig.config.kit.pattern_bpm + 2)) < 1e-6);
    ui_rig_keys(&rig, "#");
    ui_rig_type(&rig, "999>"); /* what is shown is what is heard */
    assert_true(kit_tempo(&rig.app) == 400 && sound()->kit_bpm == 400);
    transport_kit_run(rig.app.transport, false); /* as when its device goes */
    ui_rig_keys(&rig, "Space");
    assert_true(sound()->kit_running);
    ui_rig_keys(&rig, "Space");
    assert_false(sound()->kit_running);
    screen = ui_rig_screen(&rig);
    assert_null(strstr(screen, "▶"));
}

enum { FRAMES = 12000, LEAD = 900 };

/* A find of that kind has a file with two sides that are not alike, behind some silence:
 * in one channel they are another sound with another peak. *a receives it. */
static size_t write_two_sides(enum kind kind, struct audio *sound)
{
    struct transport_options offline = {.backend = TRANSPORT_OFFLINE};
    size_t find = 0;
    char path[PATH_BYTES];
    while (session_find(rig.session, find)->kind != kind ||
           !session_find(rig.session, find)->saved)
        find++;
    struct audio a = tone_frames(FRAMES, 2, 44100);
    for (size_t k = LEAD; k < FRAMES; k++) {
        double fall = exp(-(double)(k - LEAD) / 3000), phase = 0.05 * (double)(k - LEAD);
        a.data[2 * k] = (float)(0.6 * fall * sin(phase));
        a.data[2 * k + 1] = (float)(0.5 * fall * sin(1.7 * phase + 2));
    }
    assert_true(session_file(rig.session, find, path));
    folder_wav(rig.folder, path + strlen(rig.folder) + 1, &a, 24);
    transport_free(rig.app.transport);
    assert_int_equal(transport_new(&rig.app.transport, &offline, NULL), ST_OK);
    rig.setup.transport = rig.app.setup.transport = rig.app.transport;
    *sound = a;
    return find;
}

/* `heard`, in both ears, is what a kit has of `a`, to the dither of 16 bits; ends *a. */
static void is_as_exported(const float *heard, struct audio *a, enum kind kind,
                           double trim_db)
{
    FREED struct kit_item *item = calloc(1, sizeof *item);
    double gain_db;
    candidate_clear(&item->c);
    item->c.kind = kind;
    item->channels = 1;
    item->trim_db = trim_db;
    assert_int_equal(kit_sample_prepare(a, item, kit_target(&rig.config),
                                        rig.config.kit.target_peak_dbfs, 7, &gain_db,
                                        NULL),
                     ST_OK);
    assert_int_equal(a->channels, 1);
    for (size_t k = 0; k < a->frames; k++)
        assert_true(fabsf(heard[2 * k] - a->data[k]) < 2.5f / 32768 &&
                    heard[2 * k] == heard[2 * k + 1]);
    audio_done(a);
}

/* It begins with the attack. */
static void a_slot_sounds_as_it_is_exported(void **state)
{
    static float out[2 * FRAMES];
    struct audio a;
    size_t kick = write_two_sides(KIND_DRUM, &a);
    assert_int_equal(session_kit_assign(rig.session, 0, (long)kick, NULL), ST_OK);
    assert_int_equal(session_kit_trim(rig.session, 0, -3, NULL), ST_OK);
    ui_rig_keys(&rig, "K");
    transport_settle(rig.app.transport);
    transport_render(rig.app.transport, out, 2000);
    ui_rig_keys(&rig, "a"); /* its key */
    transport_render(rig.app.transport, out, FRAMES);
    assert_true(out[2 * (FRAMES - LEAD + 50)] == 0);
    is_as_exported(out, &a, KIND_DRUM, -3);
}

/* So does an extra: once, as the machine has no loops for it, and as loud as it is there,
 * however the library matches levels. */
static void an_extra_sounds_as_it_is_exported(void **state)
{
    static float out[2 * 2 * FRAMES];
    struct audio a;
    size_t pad = write_two_sides(KIND_PAD, &a);
    transport_set_matched(rig.app.transport, true);
    transport_set_loop(rig.app.transport, true);
    assert_int_equal(session_kit_extra(rig.session, &pad, 1, true, NULL), ST_OK);
    ui_rig_keys(&rig, "K Tab Enter");
    transport_settle(rig.app.transport);
    transport_render(rig.app.transport, out, (size_t)2 * FRAMES);
    for (size_t k = FRAMES + 1; k < (size_t)2 * FRAMES; k++)
        assert_true(out[2 * k] == 0);
    is_as_exported(out, &a, KIND_PAD, 0);
}

static void a_missing_file_is_a_sentence(void **state)
{
    char path[PATH_BYTES];
    ui_rig_keys(&rig, "j");
    session_file(rig.session, (size_t)library_current(&rig.app), path);
    remove(path);
    ui_rig_keys(&rig, "Space");
    assert_non_null(strstr(sound()->problem, "does not exist"));
    FREED char *screen = ui_rig_screen(&rig);
    assert_non_null(strstr(screen, "does not exist"));
}

/* Of a recording that is mined again, or was until somebody quit. */
static void a_sample_that_comes_again_is_told(void **state)
{
    char path[PATH_BYTES], said[160], begun[PATH_BYTES];
    struct root folder;
    ui_rig_keys(&rig, "j");
    size_t at = (size_t)library_current(&rig.app);
    const char *stem =
        session_source(rig.session, session_find(rig.session, at)->source)->stem;
    session_file(rig.session, at, path);
    remove(path);
    snprintf(begun, sizeof begun, ".trowel/%.100s.begun", stem);
    assert_int_equal(root_open(&folder, session_folder(rig.session), false, NULL), ST_OK);
    assert_int_equal(root_mkdirs(&folder, ".trowel", NULL), ST_OK);
    assert_int_equal(root_write_file(&folder, begun, "", 0, NULL), ST_OK);
    root_done(&folder);
    ui_rig_keys(&rig, "Space");
    snprintf(said, sizeof said, "%.60s was not mined to its end; m continues", stem);
    char *screen = ui_rig_screen(&rig);
    assert_non_null(strstr(screen, said));
    assert_null(strstr(screen, "does not exist"));
    free(screen);
}

/* The first drawing orders the picture and returns; a later one has it. */
static void pictures_come_later(void **state)
{
    int row, col;
    view_set_scope(rig.app.view, SCOPE_CATEGORY + CAT_PADS);
    app_draw(&rig.app, &row, &col);
    jobs_wait(rig.app.quick);
    app_draw(&rig.app, &row, &col);
    int filled = 0;
    const struct canvas *c = &rig.app.canvas;
    for (int i = 0; i < c->rows * c->cols; i++)
        filled += c->cell[i].ch >= 0x2801 && c->cell[i].ch <= 0x28FF;
    assert_true(filled > 60); /* a wave in dots */
}

/* A recording long enough for the first finds, where the app looks for it. */
static void write_seconds(size_t seconds)
{
    OWN(audio) a = tone_frames(seconds * 44100, 1, 44100);
    for (size_t k = 0; k < a.frames; k++)
        a.data[k] = (float)(0.3 * sin(0.02 * (double)k) + 0.2 * sin(0.031 * (double)k));
    folder_wav(rig.folder, "rehearsal-3.flac", &a, 24);
    rig.setup.input_dir = rig.app.setup.input_dir = rig.folder;
}

static void write_recording(void)
{
    write_seconds(20);
}

/* For a drum, whose file must be there: it is missed only by a drawing for more than the
 * playhead, and another row's is looked for at once. */
static void a_moving_playhead_asks_nothing_of_the_disk(void **state)
{
    char path[PATH_BYTES];
    int row, col;
    view_set_scope(rig.app.view, SCOPE_CATEGORY + CAT_DRUMS);
    app_draw(&rig.app, &row, &col);
    long at = library_current(&rig.app);
    assert_true(session_file(rig.session, (size_t)at, path));
    const struct pictured *p = &rig.app.pictured;
    assert_int_equal(p->id, session_find(rig.session, (size_t)at)->id);
    assert_string_equal(p->item.path, path);
    write_recording();
    remove(path);
    rig.app.only_moved = true;
    app_draw(&rig.app, &row, &col);
    assert_string_equal(p->item.path, path);
    rig.app.only_moved = false;
    app_draw(&rig.app, &row, &col);
    assert_string_not_equal(p->item.path, path); /* in the recording */
    rig.app.only_moved = true;
    ui_rig_keys(&rig, "j");
    app_draw(&rig.app, &row, &col);
    assert_int_equal(p->id,
                     session_find(rig.session, (size_t)library_current(&rig.app))->id);
}

static double heard_s(void)
{
    jobs_wait(rig.app.quick);
    app_tick(&rig.app);
    return sound()->length_s;
}

/* To the millisecond, by which it is moved, and with the seam of what is heard. */
static void says_the_loop(double now_s, double before_s)
{
    char said[64];
    snprintf(said, sizeof said, "the loop is %.3f s long", now_s);
    assert_true(ui_rig_said(&rig, said));
    snprintf(said, sizeof said, "loop   %.3f s seam ", now_s);
    FREED const char *before = text_of("loop   %.3f s", before_s);
    char *screen = ui_rig_screen(&rig), *loop = strstr(screen, said);
    assert_true(loop && strstr(loop, " dB own") && !strstr(screen, before));
    free(screen);
    assert_true(rig.app.library.detail.c.m.seam_error_db < 0);
}

static void what_was_nudged_is_heard_as_cut(void **state)
{
    rig.config.interface.audition_delay_ms = 0;
    write_recording();
    long pad = -1;
    for (size_t i = 0; pad < 0 && i < session_count(rig.session); i++)
        if (session_find(rig.session, i)->kind == KIND_PAD)
            pad = (long)i;
    for (int i = 0; i < 40 && library_current(&rig.app) != pad; i++)
        ui_rig_keys(&rig, "j");
    assert_int_equal(library_current(&rig.app), pad);
    const struct find *f = session_find(rig.session, (size_t)pad);
    double mined_s = session_measure(rig.session, f, ME_duration_sec);
    ui_rig_keys(&rig, "\" a K Esc");
    assert_int_equal(session_kit(rig.session)->slot[0].index, pad);
    uint64_t mined = rig.app.kit.loaded[0];
    assert_true(mined != 0);
    ui_rig_keys(&rig, ">");
    double once_s = session_measure(rig.session, f, ME_duration_sec);
    assert_true(f->edited && once_s > mined_s && once_s < mined_s + 0.01);
    assert_true(fabs(heard_s() - once_s) < 1e-4);
    assert_true(sound()->id == f->id);
    says_the_loop(once_s, mined_s);
    ui_rig_keys(&rig, "("); /* the edges of a pad are its loop points */
    assert_true(fabs(fabs(session_measure(rig.session, f, ME_duration_sec) - once_s) -
                     0.02) < 1e-4);
    assert_true(fabs(heard_s() - session_measure(rig.session, f, ME_duration_sec)) <
                1e-4);
    jobs_wait(rig.app.quick);
    assert_true(rig.app.kit.loaded[0] != mined); /* the slot plays it as cut */
    ui_rig_keys(&rig, "u u");
    assert_false(f->edited);
    assert_true(fabs(session_measure(rig.session, f, ME_duration_sec) - mined_s) < 1e-9);
    assert_true(rig.app.kit.loaded[0] == mined); /* and as mined again */
    assert_true(fabs(heard_s() - mined_s) < 1e-4);
    ui_rig_keys(&rig, "^R"); /* what is redone is heard, too */
    assert_true(fabs(heard_s() - once_s) < 1e-4);
    rig.config.interface.audition_delay_ms = -1; /* off: only Space sounds */
    ui_rig_keys(&rig, "Space");
    assert_false(sound()->playing);
    ui_rig_keys(&rig, "> u");
    heard_s();
    assert_false(sound()->playing);
}

/* Sound goes on while settings are read or jobs watched: the keys of the sound work
 * there, too. */
static void every_screen_can_silence(void **state)
{
    static const char *const screens[] = {"w", ",", "?", "M"};
    rig.config.interface.audition_delay_ms = 0;
    write_recording();
    app_command(&rig.app, "filter type:pad");
    for (size_t i = 0; i < sizeof screens / sizeof *screens; i++) {
        ui_rig_keys(&rig, "I");
        assert_true(sound()->playing);
        double volume = sound()->volume_db;
        bool matched = sound()->matched;
        ui_rig_keys(&rig, screens[i]);
        assert_true(sound()->playing);
        ui_rig_keys(&rig, "Space");
        assert_false(sound()->playing);
        ui_rig_keys(&rig, "Space");
        assert_true(sound()->playing);
        ui_rig_keys(&rig, "+ + - =");
        assert_true(sound()->volume_db == volume + 1 && sound()->matched == !matched);
        ui_rig_keys(&rig, "q");
    }
}

/* What is heard in its recording is not cut off by its own audition. */
static void context_is_heard_out(void **state)
{
    rig.config.interface.audition_delay_ms = 500;
    write_recording();
    app_command(&rig.app, "filter type:pad");
    ui_rig_keys(&rig, "gg j I");
    assert_int_equal(sound()->mode, PLAY_CONTEXT);
    rig.app.now += 5;
    app_tick(&rig.app);
    assert_int_equal(sound()->mode, PLAY_CONTEXT);
    assert_true(sound()->playing && sound()->id == current());
}

/* Who listens to the seam while trying loops goes on hearing seams. */
static void a_seam_stays_a_seam(void **state)
{
    rig.config.interface.audition_delay_ms = 0;
    write_recording();
    app_command(&rig.app, "filter type:pad");
    ui_rig_keys(&rig, "gg e");
    assert_int_equal(sound()->mode, PLAY_SEAM);
    static const char *const keys[] = {"R", "R", "# 9 >", "<", "u", "^R", "( e", ")"};
    double was = sound()->length_s;
    for (size_t i = 0; i < sizeof keys / sizeof *keys; i++) {
        ui_rig_keys(&rig, keys[i]);
        double now = heard_s();
        assert_true(fabs(now - was) > 1e-4);
        assert_int_equal(sound()->mode, PLAY_SEAM);
        assert_true(sound()->playing && sound()->id == current());
        was = now;
    }
    ui_rig_keys(&rig, "F j k");
    heard_s();
    assert_int_equal(sound()->mode, PLAY_PLAIN);
    ui_rig_keys(&rig, ">");
    heard_s();
    assert_int_equal(sound()->mode, PLAY_PLAIN);
}

/* A seam is told of the loop it was measured of: not of one the user made. */
static void no_seam_is_told_of_a_loop_that_was_moved(void **state)
{
    write_recording();
    app_command(&rig.app, "filter type:pad");
    ui_rig_keys(&rig, "gg");
    static const char *const keys[] = {">", "u", "R", "u", "(", "u"};
    for (size_t i = 0; i < sizeof keys / sizeof *keys; i++) {
        bool written = i % 2 == 0;
        FREED char *screen = ui_rig_screen(&rig);
        assert_true((strstr(screen, "seam ⚠ -50 dB") != NULL) == written);
        assert_true((strstr(screen, "seam .") != NULL) == written);
        free(screen);
        ui_rig_keys(&rig, "i");
        screen = ui_rig_screen(&rig);
        assert_true((strstr(screen, "loop joins at -50 dB") != NULL) == written);
        assert_true((strstr(screen, "seam       -50") != NULL) == written);
        ui_rig_keys(&rig, "i");
        ui_rig_keys(&rig, keys[i]);
    }
}

/* The bar is what is played around a find, not the hour it lies in, and says where in
 * it the find is. */
static void in_context_the_bar_is_the_context(void **state)
{
    rig.config.interface.audition_delay_ms = 0;
    rig.config.interface.context_sec = 2;
    write_recording();
    app_command(&rig.app, "filter type:pad");
    ui_rig_keys(&rig, "gg I");
    assert_int_equal(sound()->mode, PLAY_CONTEXT);
    const struct find *f = session_find(rig.session, (size_t)library_current(&rig.app));
    double start_s = session_measure(rig.session, f, ME_start_sec);
    double end_s = session_measure(rig.session, f, ME_end_sec);
    assert_true(sound()->length_s > end_s + 3);
    FREED char *screen = ui_rig_screen(&rig);
    FREED const char *expected = text_of("▏ 0:%04.1f  in context", end_s + 2);
    assert_non_null(strstr(screen, expected));
    const char *bar = strstr(screen, "▕");
    assert_non_null(bar);
    int cells = 0, first = -1, lines = 0;
    for (const char *c = bar + 3; strncmp(c, "▏", 3) != 0; cells++) {
        bool line = strncmp(c, "─", 3) == 0;
        first = line && first < 0 ? cells : first;
        lines += line;
        c += (*c & 0x80) ? 3 : 1;
    }
    double from_s = start_s > 2 ? start_s - 2 : 0, span_s = end_s + 2 - from_s;
    assert_int_equal(cells, 16);
    assert_int_equal(first, (int)((start_s - from_s) / span_s * 16));
    assert_true(abs(lines - (int)((end_s - start_s) / span_s * 16)) <= 1);
    free(screen);
    rig.config.interface.context_sec = 60; /* which it has to neither side */
    screen = ui_rig_screen(&rig);
    assert_non_null(strstr(screen, "▏ 0:20.0  in context"));
    bar = strstr(screen, "▕");
    assert_non_null(bar);
    cells = 0;
    for (const char *c = bar + 3; strncmp(c, "▏", 3) != 0; cells++) {
        assert_true(cells < 16);
        if (strncmp(c, "─", 3) == 0) /* what is to come of it */
            assert_true(cells >= (int)(start_s / 20 * 16) &&
                        cells < (int)ceil(end_s / 20 * 16));
        c += (*c & 0x80) ? 3 : 1;
    }
}

enum { QUICK_WORKERS = 2 };

static enum status wait_for_a_byte(void *gate, const struct job_context *ctx,
                                   struct err *e)
{
    char byte;
    (void)ctx, (void)e;
    return read(*(int *)gate, &byte, 1) == 1 ? ST_OK : ST_DISK;
}

static void nothing_follows(void *arg, enum status st, const struct err *e)
{
    (void)arg, (void)st, (void)e;
}

static size_t cuts(enum cut_state state)
{
    size_t n = 0;
    for (int i = 0; i < CUTS_MAX; i++)
        n += rig.app.cuts.slot[i].state == state;
    return n;
}

/* All that is quick waits for a byte each through the gate. */
static void hold_workers(int gate[2])
{
    assert_int_equal(pipe(gate), 0);
    jobs_wait(rig.app.quick);
    for (int i = 0; i < QUICK_WORKERS; i++) {
        struct job_spec spec = {
            .work = wait_for_a_byte, .done = nothing_follows, .arg = &gate[0]};
        assert_true(jobs_submit(rig.app.quick, &spec) > 0);
    }
}

static void let_workers_go(int gate[2])
{
    assert_int_equal(write(gate[1], "xx", QUICK_WORKERS), QUICK_WORKERS);
    jobs_wait(rig.app.quick);
    close(gate[0]);
    close(gate[1]);
}

/* As an export would hold it, with the crossfade of a loop; not before it is asked for.
 */
static void a_near_miss_is_heard_as_cut(void **state)
{
    rig.config.interface.audition_delay_ms = -1;
    write_seconds(80); /* it lies far back */
    view_set_scope(rig.app.view, SCOPE_NEAR_MISSES);
    ui_rig_keys(&rig, "gg");
    const struct find *f = session_find(rig.session, (size_t)library_current(&rig.app));
    assert_true(f->near_miss && kind_cut(f->kind));
    free(ui_rig_screen(&rig));
    jobs_wait(rig.app.quick);
    assert_int_equal(cuts(CUT_MAKING) + cuts(CUT_READY), 0);
    ui_rig_keys(&rig, "Space");
    assert_true(heard_s() > 0);
    assert_int_equal(cuts(CUT_READY), 1);
    assert_true(sound()->playing && sound()->id == f->id);
}

/* It falls back on the recording, and what was just said stays. */
static void a_near_miss_that_cannot_be_cut_says_nothing(void **state)
{
    int gate[2];
    rig.config.interface.audition_delay_ms = -1;
    write_recording(); /* it lies beyond its end */
    view_set_scope(rig.app.view, SCOPE_NEAR_MISSES);
    hold_workers(gate);
    ui_rig_keys(&rig, "gg Space 5");
    assert_int_equal(cuts(CUT_MAKING), 1);
    let_workers_go(gate);
    assert_int_equal(cuts(CUT_FAILED), 1);
    assert_true(ui_rig_said(&rig, "rated 5"));
}

/* Of a pad whose loop was moved, while the workers wait at the gate. */
static void begin_a_cut(int gate[2])
{
    rig.config.interface.audition_delay_ms = 0;
    write_recording();
    app_command(&rig.app, "filter type:pad");
    hold_workers(gate);
    ui_rig_keys(&rig, ">");
    assert_int_equal(cuts(CUT_MAKING), 1);
}

/* A cut that comes when the recording is listened to already does not come over it. */
static void a_late_cut_leaves_what_is_heard(void **state)
{
    int gate[2];
    begin_a_cut(gate);
    ui_rig_keys(&rig, "I");
    assert_int_equal(sound()->mode, PLAY_CONTEXT);
    let_workers_go(gate);
    assert_int_equal(cuts(CUT_READY), 1);
    assert_int_equal(sound()->mode, PLAY_CONTEXT);
}

/* Another recording is opened before its turn came: it is cut when it is wanted next. */
static void a_cut_put_off_is_made_later(void **state)
{
    int gate[2];
    begin_a_cut(gate);
    jobs_cancel(rig.app.quick, 0);
    let_workers_go(gate);
    assert_int_equal(cuts(CUT_FAILED), 0);
    ui_rig_keys(&rig, "Space");
    jobs_wait(rig.app.quick);
    assert_int_equal(cuts(CUT_READY), 1);
}

/* Mined again by other settings, it is cut by those. */
static void a_cut_is_of_what_was_mined_last(void **state)
{
    struct err e;
    rig.config.interface.audition_delay_ms = 0;
    write_recording();
    app_command(&rig.app, "filter type:pad");
    long pad = library_current(&rig.app);
    size_t source = session_find(rig.session, (size_t)pad)->source;
    struct catalog_source src = *session_source(rig.session, source);
    struct catalog_find mined;
    assert_int_equal(session_detail(rig.session, (size_t)pad, &mined, &e), ST_OK);
    ui_rig_keys(&rig, ">");
    jobs_wait(rig.app.quick);
    app_play(&rig.app, pad);
    jobs_wait(rig.app.quick);
    assert_int_equal(cuts(CUT_READY), 1);
    src.recipe_hash++;
    ui_rig_add(&rig, &src, &mined.c, 1);
    assert_true(session_find(rig.session, (size_t)pad)->edited);
    app_play(&rig.app, pad);
    jobs_wait(rig.app.quick);
    assert_int_equal(cuts(CUT_READY), 2);
}

/* A recording is mined again: its files are gone for a while. */
/* On a busy machine a short hit may be over before it is looked at: then again. */
static bool space_plays(uint64_t id)
{
    bool plays = false;
    for (int i = 0; i < 50 && !plays; i++) {
        ui_rig_keys(&rig, "Space");
        plays = sound()->playing && rig.app.sound.id == id;
    }
    return plays;
}

static void what_is_mined_again_is_heard_from_its_recording(void **state)
{
    char path[PATH_BYTES], aside[PATH_BYTES + 8];
    write_recording();
    ui_rig_keys(&rig, "K F");
    assert_string_equal(sound()->problem, ""); /* all slots are loaded */
    uint64_t written = rig.app.kit.loaded[0];
    size_t kick = (size_t)session_kit(rig.session)->slot[0].index;
    const struct find *f = session_find(rig.session, kick);
    assert_true(session_file(rig.session, kick, path));
    snprintf(aside, sizeof aside, "%s.aside", path);
    assert_int_equal(rename(path, aside), 0);
    ui_rig_keys(&rig, "Esc"); /* back in the library */
    view_move_to_id(rig.app.view, f->id);
    assert_true(space_plays(f->id));
    assert_string_equal(sound()->problem, "");
    assert_true(sound()->once);
    kit_follow_sound(&rig.app);
    assert_true(rig.app.kit.loaded[0] != 0 && rig.app.kit.loaded[0] != written);
    assert_string_equal(sound()->problem, "");
    assert_int_equal(rename(aside, path), 0);
    kit_follow_sound(&rig.app);
    assert_true(rig.app.kit.loaded[0] == written);
}

/* Whatever the machine is given another sample for is loaded anew. */
static void a_slot_is_told_by_its_shape(void **state)
{
    const struct find *f = session_find(rig.session, 0);
    const struct play_item mono = {
        .path = "a.wav", .shape = {.channels = 1, .rate_hz = 44100, .struck = true}};
    struct play_item stereo = mono, faster = mono, held = mono;
    stereo.shape.channels = 2;
    faster.shape.rate_hz = 48000;
    held.shape.struck = false;
    uint64_t key = app_item_key(&rig.app, f, &mono);
    assert_true(app_item_key(&rig.app, f, &mono) == key);
    assert_true(app_item_key(&rig.app, f, &stereo) != key);
    assert_true(app_item_key(&rig.app, f, &faster) != key);
    assert_true(app_item_key(&rig.app, f, &held) != key);
}

/* What only moved thresholds find is no find yet, and is heard by the same key. */
static void space_plays_what_thresholds_find(void **state)
{
    rig.config.interface.audition_delay_ms = -1;
    write_recording();
    ui_rig_keys(&rig, "M gg");
    struct source_state *s = &rig.app.source;
    s->places[0] = (struct place){.index = -1, .start_s = 2, .end_s = 3.5};
    ui_rig_keys(&rig, "Space");
    assert_true(sound()->playing && fabs(sound()->length_s - 1.5) < 1e-6);
    ui_rig_keys(&rig, "Space");
    assert_false(sound()->playing);
    ui_rig_keys(&rig, "Enter");
    assert_true(sound()->playing);
}

/* Away from a recording and back before the other was listened to: nothing may still be
 * looked for in the track that the next one replaces. */
static void a_track_is_looked_at_while_it_stays(void **state)
{
    struct source_state *s = &rig.app.source;
    write_recording();
    ui_rig_fill(rig.session, 2, 20);
    ui_rig_keys(&rig, "M");
    jobs_wait(rig.app.quick);
    assert_non_null(s->track);
    assert_int_equal(s->source, 0);
    ui_rig_keys(&rig, "] [ }");
    assert_int_equal(s->source, 0);
    assert_false(s->finding); /* until there is one again */
    jobs_wait(rig.app.quick);
    assert_non_null(s->track);
    assert_true(s->found_now >= 0);
}

/* What mining would cut to whole bars is shown and counted so. */
static void pads_on_the_grid_are_looked_for_in_bars(void **state)
{
    const struct source_state *s = &rig.app.source;
    rig.config.musicality.snap_to_grid = true;
    rig.config.musicality.reference_bpm = 100;
    rig.config.musicality.bar_lengths = (struct config_ints){1, {1}};
    write_recording();
    ui_rig_keys(&rig, "M");
    jobs_wait(rig.app.quick);
    assert_true(s->live.found_count > 0);
    for (size_t i = 0; i < s->live.found_count; i++)
        assert_true(fabs(s->live.found[i].end_sec - s->live.found[i].start_sec - 2.4) <
                    0.01);
}

/* Beside the curve, and of what was pinned, stand the keys that the user has. */
static void the_curve_names_its_keys(void **state)
{
    struct err e;
    write_recording();
    ui_rig_fill(rig.session, 2, 20);
    assert_int_equal(keymap_load(&rig.app.map,
                                 "mine: Y\npane: ^G\nthreshold-up: )\nwider:\n"
                                 "threshold-down: (\nnarrower:\npin: F8\n",
                                 "keys.yaml", &e),
                     ST_OK);
    ui_rig_keys(&rig, "`");
    assert_true(ui_rig_said(&rig, "nothing is pinned; F8 pins this one"));
    ui_rig_keys(&rig, "M");
    jobs_wait(rig.app.quick);
    for (int moved = 0; moved < 2; moved++) {
        FREED char *screen = ui_rig_screen(&rig);
        assert_non_null(
            strstr(screen, moved ? "   ( ) move it   Y mines with it   X back   ^G"
                                 : "   ( ) move it   ^G next curve"));
        /* a loop that does not join is known when it is mined */
        char counted[40];
        struct source_state *s = &rig.app.source;
        snprintf(counted, sizeof counted,
                 moved ? "   up to %d → %d pad" : "   up to %d pad", s->found_before,
                 s->found_now);
        assert_non_null(strstr(screen, counted));
        ui_rig_keys(&rig, ")");
        jobs_wait(rig.app.quick);
    }
    ui_rig_keys(&rig, "^G ^G )"); /* the longest of them, on the least width */
    jobs_wait(rig.app.quick);
    assert_true(ui_rig_shows_at(&rig, 24, 80, " / s   up to "));
    assert_true(ui_rig_shows_at(&rig, 24, 80, "   Y mines with it   X back\n"));
}

/* Whoever quits when a recording was just listened to: what would be looked for in it
 * next is not begun, since nobody would end it (a leak, for the sanitizer). */
static void what_ends_begins_nothing(void **state)
{
    write_recording();
    ui_rig_keys(&rig, "M");
    while (jobs_active(rig.app.quick) > 0)
        nap_ms(1);
    assert_null(rig.app.source.track); /* done, and not delivered yet */
}

static void what_was_made_has_no_edges(void **state)
{
    for (int i = 0; i < 40; i++) {
        long at = library_current(&rig.app);
        if (at >= 0 && session_find(rig.session, (size_t)at)->kind == KIND_CLOUD)
            break;
        ui_rig_keys(&rig, "j");
    }
    ui_rig_keys(&rig, "(");
    assert_non_null(strstr(rig.app.echo, " was made, not cut"));
    assert_null(strstr(rig.app.echo, ".wav")); /* called as in the list */
    assert_false(session_find(rig.session, (size_t)library_current(&rig.app))->edited);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(nothing_sounds_before_the_first_key, set_up,
                                        tear_down),
        cmocka_unit_test_setup_teardown(the_cursor_is_heard_after_its_rest, set_up,
                                        tear_down),
        cmocka_unit_test_setup_teardown(no_find_begins_on_a_screen_without_it, set_up,
                                        tear_down),
        cmocka_unit_test_setup_teardown(the_kit_is_heard_alone, set_up, tear_down),
        cmocka_unit_test_setup_teardown(an_extra_sounds_as_it_is_exported, set_up,
                                        tear_down),
        cmocka_unit_test_setup_teardown(a_slot_sounds_as_it_is_exported, set_up,
                                        tear_down),
        cmocka_unit_test_setup_teardown(a_narrow_line_says_what_is_wrong_with_the_sound,
                                        set_up, tear_down),
        cmocka_unit_test_setup_teardown(a_decision_plays_the_next, set_up, tear_down),
        cmocka_unit_test_setup_teardown(what_comes_under_the_cursor_is_heard, set_up,
                                        tear_down),
        cmocka_unit_test_setup_teardown(sound_keys_reach_the_transport, set_up,
                                        tear_down),
        cmocka_unit_test_setup_teardown(settings_of_sound_count_at_the_start, set_up,
                                        tear_down),
        cmocka_unit_test_setup_teardown(pinned_and_current_flip, set_up, tear_down),
        cmocka_unit_test_setup_teardown(context_is_heard_out, set_up, tear_down),
        cmocka_unit_test_setup_teardown(every_screen_can_silence, set_up, tear_down),
        cmocka_unit_test_setup_teardown(the_pattern_plays_while_slots_are_swapped, set_up,
                                        tear_down),
        cmocka_unit_test_setup_teardown(a_missing_file_is_a_sentence, set_up, tear_down),
        cmocka_unit_test_setup_teardown(a_sample_that_comes_again_is_told, set_up,
                                        tear_down),
        cmocka_unit_test_setup_teardown(pictures_come_later, set_up, tear_down),
        cmocka_unit_test_setup_teardown(a_moving_playhead_asks_nothing_of_the_disk,
                                        set_up, tear_down),
        cmocka_unit_test_setup_teardown(a_seam_stays_a_seam, set_up, tear_down),
        cmocka_unit_test_setup_teardown(a_near_miss_is_heard_as_cut, set_up, tear_down),
        cmocka_unit_test_setup_teardown(a_near_miss_that_cannot_be_cut_says_nothing,
                                        set_up, tear_down),
        cmocka_unit_test_setup_teardown(no_seam_is_told_of_a_loop_that_was_moved, set_up,
                                        tear_down),
        cmocka_unit_test_setup_teardown(in_context_the_bar_is_the_context, set_up,
                                        tear_down),
        cmocka_unit_test_setup_teardown(what_was_nudged_is_heard_as_cut, set_up,
                                        tear_down),
        cmocka_unit_test_setup_teardown(a_cut_is_of_what_was_mined_last, set_up,
                                        tear_down),
        cmocka_unit_test_setup_teardown(a_cut_put_off_is_made_later, set_up, tear_down),
        cmocka_unit_test_setup_teardown(a_late_cut_leaves_what_is_heard, set_up,
                                        tear_down),
        cmocka_unit_test_setup_teardown(what_is_mined_again_is_heard_from_its_recording,
                                        set_up, tear_down),
        cmocka_unit_test_setup_teardown(a_slot_is_told_by_its_shape, set_up, tear_down),
        cmocka_unit_test_setup_teardown(pads_on_the_grid_are_looked_for_in_bars, set_up,
                                        tear_down),
        cmocka_unit_test_setup_teardown(space_plays_what_thresholds_find, set_up,
                                        tear_down),
        cmocka_unit_test_setup_teardown(a_track_is_looked_at_while_it_stays, set_up,
                                        tear_down),
        cmocka_unit_test_setup_teardown(the_curve_names_its_keys, set_up, tear_down),
        cmocka_unit_test_setup_teardown(what_ends_begins_nothing, set_up, tear_down),
        cmocka_unit_test_setup_teardown(what_was_made_has_no_edges, set_up, tear_down),
    };
    return cmocka_run_group_tests_name("ui sound", tests, NULL, NULL);
}
