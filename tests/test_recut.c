/* Finds cut again: the same positions give the same sound, moved ones give another. */
#define _XOPEN_SOURCE 700
#include "checks.h"
#include "core/recipe.h"
#include "core/recordings.h"
#include "dsp/biquad.h"
#include "dsp/level.h"
#include "dsp/seam.h"
#include "io/soundfile.h"
#include "mined_rig.h"
#include "program.h"
#include "tone.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { RATE = MINED_RATE };

static double difference(const struct audio *a, const struct audio *b, size_t from)
{
    double most = 0;
    assert_int_equal(a->frames, b->frames);
    assert_int_equal(a->channels, b->channels);
    for (size_t i = from; i < a->frames * (size_t)a->channels; i++)
        most = fmax(most, fabs((double)a->data[i] - (double)b->data[i]));
    return most;
}

/* All that were mined, cut again: within the dither of 24 bits of what was written; for
 * hits from where their fade-in ends, the length of which nobody wrote down. */
static void unchanged_positions_give_the_mined_sound(void **state)
{
    struct mined *m = *state;
    size_t n, compared[KIND_COUNT] = {0};
    FREED struct catalog_find *all = mined_finds(m, &n);
    for (size_t i = 0; i < n; i++) {
        struct recut r;
        struct err e = {0};
        const struct candidate *f = &all[i].c;
        if (f->missed_by[0] || !kind_cut(f->kind))
            continue;
        if (recut_find(&r, &m->site, f, RATE, &e) != ST_OK)
            fail_msg("%s", e.msg);
        OWN(audio) was = mined_sound(m, f);
        size_t fade = f->kind == KIND_DRUM ? (size_t)(0.002 * RATE) + 2 : 0;
        double d = difference(&r.sound, &was, fade);
        if (d > 2.5 / (1 << 23))
            fail_msg("%s differs by %g", f->filename, d);
        assert_int_equal(r.c.start_frame, f->start_frame);
        assert_int_equal(r.c.end_frame, f->end_frame);
        assert_int_equal(r.c.grade, f->grade);
        assert_string_equal(r.c.key, f->key);
        assert_string_equal(r.c.brightness, f->brightness);
        assert_true(fade > 0 || fabs(r.c.m.rms_db - f->m.rms_db) < 0.01);
        compared[f->kind]++;
        recut_done(&r);
    }
    assert_true(compared[KIND_PAD] >= 1 && compared[KIND_DRUM] >= 4 &&
                compared[KIND_SILENCE] >= 2);
}

/* The wind goes from a pad that is cut again as it went when it was mined. */
static void a_pad_in_the_wind_is_heard_without_it(void **state)
{
    struct mined *m = *state;
    struct catalog_find f = mined_first(m, KIND_PAD, false);
    OWN(recut) calm, windy;
    char path[400];
    snprintf(path, sizeof path, "%s/tapes/tape.wav", m->top);
    OWN(audio) a = sound_read(path);
    assert_int_equal(recut_make(&calm, path, &f.c, &m->cfg, 0, NULL), ST_OK);
    tone_add(&a, -1, 6, 0.1, 0);
    folder_wav(m->top, "windy.wav", &a, 24);
    snprintf(path, sizeof path, "%s/windy.wav", m->top);
    assert_int_equal(recut_make(&windy, path, &f.c, &m->cfg, 0, NULL), ST_OK);
    assert_true(difference(&windy.sound, &calm.sound, 0) < 0.01); /* 0.004 */
}

/* What is cut from other sound has the key and the brightness of that. */
static void a_key_is_of_what_is_cut(void **state)
{
    static const double chord_hz[] = {130.81, 261.63, 311.13, 392.0, 523.25};
    struct mined *m = *state;
    struct catalog_find f = mined_first(m, KIND_PAD, false);
    OWN(recut) r;
    char path[400];
    snprintf(path, sizeof path, "%s/tapes/tape.wav", m->top);
    OWN(audio) a = sound_read(path);
    memset(a.data, 0, a.frames * (size_t)a.channels * sizeof *a.data);
    for (size_t i = 0; i < 5; i++)
        tone_add(&a, -1, chord_hz[i], 0.1, 0);
    folder_wav(m->top, "other.wav", &a, 24);
    snprintf(path, sizeof path, "%s/other.wav", m->top);
    assert_string_not_equal(f.c.key, "Cm");
    assert_int_equal(recut_make(&r, path, &f.c, &m->cfg, 0, NULL), ST_OK);
    assert_string_equal(r.c.key, "Cm");
    assert_true(r.c.m.key_confidence > 0.1);
    assert_string_equal(r.c.brightness, "dark");
}

static void a_moved_start_starts_there(void **state)
{
    struct mined *m = *state;
    enum { BY = 441 };
    struct catalog_find f = mined_first(m, KIND_DRUM, false);
    OWN(recut) r, moved;
    assert_int_equal(recut_find(&r, &m->site, &f.c, RATE, NULL), ST_OK);
    f.c.start_frame += BY;
    assert_int_equal(recut_find(&moved, &m->site, &f.c, RATE, NULL), ST_OK);
    assert_int_equal(moved.sound.frames, r.sound.frames - BY);
    assert_true(moved.sound.data[0] == 0.0F);
    assert_true(moved.sound.data[moved.sound.frames - 1] == 0.0F);
    /* past the fade in and before the fade out it is the same sound at another level */
    size_t from = (size_t)(0.003 * RATE), to = moved.sound.frames / 2;
    double both = 0, one = 0;
    for (size_t i = from; i < to; i++) {
        both += (double)moved.sound.data[i] * (double)r.sound.data[i + BY];
        one += (double)r.sound.data[i + BY] * (double)r.sound.data[i + BY];
    }
    double gain = both / one, rest = 0;
    for (size_t i = from; i < to; i++)
        rest = fmax(rest, fabs((double)moved.sound.data[i] -
                               gain * (double)r.sound.data[i + BY]));
    assert_true(gain >= 0.9 && rest < 1e-5);
}

static void a_moved_loop_still_joins(void **state)
{
    struct mined *m = *state;
    struct catalog_find f = mined_first(m, KIND_PAD, false);
    int64_t start = f.c.loop[0].start_frame, end = f.c.loop[0].end_frame + 300;
    FREED const char *value = text_of("%lld %lld", (long long)start, (long long)end);
    catalog_overlay(&f, FIELD_LOOP, value);
    assert_true(f.edited);
    assert_int_equal(f.c.end_frame, end);
    assert_true(fabs(f.c.m.duration_sec - (double)(end - start) / RATE) < 1e-9);
    struct recut r;
    struct seam seam;
    assert_int_equal(recut_find(&r, &m->site, &f.c, 0, NULL), ST_OK);
    assert_int_equal(r.sound.frames, end - start);
    assert_true(r.c.m.loop_start == 0 && r.c.m.loop_end == (double)(end - start));
    assert_int_equal(seam_measure(&r.sound, &seam, NULL), ST_OK);
    assert_true(seam.step_ok && seam.slope <= 1);
    recut_done(&r);
    /* edges of a pad are its loop points, too */
    f = mined_first(m, KIND_PAD, false);
    catalog_overlay(&f, FIELD_EDGES, value);
    assert_int_equal(f.c.loop[0].start_frame, start);
    assert_int_equal(f.c.loop[0].end_frame, end);
    /* a near-miss has none: it gets the one it was cut at */
    f.c.loop_count = 0;
    assert_int_equal(recut_find(&r, &m->site, &f.c, 0, NULL), ST_OK);
    assert_int_equal(r.c.loop_count, 1);
    assert_int_equal(r.c.loop[0].start_frame, r.c.start_frame);
    assert_int_equal(r.c.loop[0].end_frame, r.c.end_frame);
    recut_done(&r);
}

/* The constant under a recording is none of a pad, nor of what is too short to tell and
 * lies at an end: they are the same without it. */
static void a_constant_is_not_cut(void **state)
{
    struct mined *m = *state;
    static const struct candidate finds[] = {
        {.kind = KIND_PAD,
         .source_rate_hz = RATE,
         .start_frame = 2 * RATE,
         .end_frame = 4 * RATE + 137,
         .loop_count = 1},
        {.kind = KIND_DRUM, .source_rate_hz = RATE, .end_frame = RATE / 4},
        {.kind = KIND_DRUM,
         .source_rate_hz = RATE,
         .start_frame = 8 * RATE - RATE / 4,
         .end_frame = 8 * RATE}};
    enum { FINDS = sizeof finds / sizeof *finds };
    struct recut cut[FINDS][2];
    char path[320];
    FREED const char *folder = text_of("%s/constant", m->top);
    for (int k = 0; k < 2; k++) {
        struct err e = {0};
        struct rng r = rng_derive(3, 1, "recut-constant", 0);
        struct audio a = tone_frames((size_t)8 * RATE, 1, RATE);
        tone_harmonic(&a, 110, 0.02, 3000);
        tone_noise(&a, 0.004, &r);
        for (size_t i = 0; i < a.frames; i++)
            a.data[i] += k ? 0.04f : 0.0f;
        folder_wav(folder, k ? "b.wav" : "a.wav", &a, 24);
        audio_done(&a);
        snprintf(path, sizeof path, "%s/%s", folder, k ? "b.wav" : "a.wav");
        for (int i = 0; i < FINDS; i++)
            if (recut_make(&cut[i][k], path, &finds[i], &m->cfg, RATE, &e) != ST_OK)
                fail_msg("%s", e.msg);
    }
    for (int i = 0; i < FINDS; i++) {
        double d = difference(&cut[i][1].sound, &cut[i][0].sound, 0);
        if (d > (i == 0 ? 1e-3 : 0.02)) /* 2e-6; 0.008: five seconds tell less */
            fail_msg("the constant makes a difference of %g to find %d", d, i);
        recut_done(&cut[i][0]);
        recut_done(&cut[i][1]);
    }
}

/* The finds of a room of white noise, under rumble or not. */
static struct catalog_find *finds_of_room(struct mined *m, struct mined *other,
                                          const char *name, int rate_hz, bool rumbles,
                                          size_t *n)
{
    struct rng r = rng_derive(4, 1, "recut-room", 0);
    struct biquad f = biquad_lowpass(4, 40, rate_hz);
    FREED const char *folder = text_of("%s/%s", m->top, name);
    OWN(audio) a = tone_frames((size_t)(12 * rate_hz), 1, rate_hz);
    OWN(audio) low = tone_frames(a.frames, 1, rate_hz);
    tone_noise(&a, rumbles ? 0.001 : 0.003, &r);
    tone_noise(&low, rumbles ? 0.3 : 0, &r);
    biquad_run(&f, &low);
    for (size_t i = 0; i < a.frames; i++)
        a.data[i] += low.data[i];
    folder_wav(folder, "room.wav", &a, 24);
    mined_rig_process(m, folder, name, 1u << STAGE_SILENCES);
    *other = *m;
    snprintf(other->project, sizeof other->project, "%s/%s", m->export_root, name);
    recut_site_init(&other->site, other->project, NULL);
    return mined_finds(other, n);
}

/* A loop of room tone begins in the recording where it is said to: up to the crossfade at
 * its end it is what lies there, turned up. */
static void a_loop_of_a_room_lies_where_it_is_said_to(void **state)
{
    enum { COMPARED = RATE / 2 };
    struct mined *m = *state, other;
    struct audio room;
    size_t n, loops = 0;
    FREED struct catalog_find *all = finds_of_room(m, &other, "PLACES", RATE, false, &n);
    FREED const char *path = text_of("%s/PLACES/room.wav", m->top);
    assert_int_equal(soundfile_load(path, 0, &room, NULL), ST_OK);
    for (size_t i = 0; i < n; i++) {
        const struct candidate *f = &all[i].c;
        struct err e = {0};
        struct recut again;
        double xx = 0, yy = 0, xy = 0;
        if (f->missed_by[0] || isnan(f->m.loop_end))
            continue;
        OWN(audio) a = mined_sound(&other, f);
        assert_int_equal(a.frames, f->end_frame - f->start_frame);
        for (size_t k = 0; k < COMPARED; k++) {
            double x = (double)a.data[k],
                   y = (double)room.data[(size_t)f->start_frame + k];
            xx += x * x;
            yy += y * y;
            xy += x * y;
        }
        assert_true(xy / sqrt(xx * yy) > 0.9999);
        if (recut_find(&again, &other.site, f, RATE, &e) != ST_OK)
            fail_msg("%s", e.msg);
        assert_true(difference(&again.sound, &a, 0) < 2.5 / (1 << 23));
        recut_done(&again);
        loops++;
    }
    audio_done(&room);
    assert_true(loops >= 1);
}

/* At 44.1 kHz the peaks of what was recorded at 48 are others, and still a loop's is
 * where it was asked for, mined or cut again. */
static void loops_of_other_rates_meet_their_peak(void **state)
{
    struct mined *m = *state, other;
    size_t n, loops = 0;
    FREED struct catalog_find *all = finds_of_room(m, &other, "ROOM", 48000, false, &n);
    for (size_t i = 0; i < n; i++) {
        const struct candidate *f = &all[i].c;
        struct err e = {0};
        struct recut again;
        if (f->missed_by[0] || isnan(f->m.loop_end))
            continue;
        OWN(audio) a = mined_sound(&other, f);
        assert_true(fabs(level_to_db(level_true_peak(&a, true)) + 12) < 0.01);
        if (recut_find(&again, &other.site, f, RATE, &e) != ST_OK)
            fail_msg("%s", e.msg);
        assert_true(fabs(level_to_db(level_true_peak(&again.sound, true)) + 12) < 0.01);
        recut_done(&again);
        loops++;
    }
    assert_true(loops >= 1);
}

/* Below 80 Hz there is 12 dB more than above: none of that is in the samples, mined or
 * cut again, and their noise is. */
static void a_room_is_cut_without_its_rumble(void **state)
{
    struct mined *m = *state, other;
    size_t n, compared[2] = {0};
    FREED struct catalog_find *all = finds_of_room(m, &other, "RUMBLE", RATE, true, &n);
    struct biquad f = biquad_lowpass(4, 60, RATE);
    for (size_t i = 0; i < n; i++) {
        struct err e = {0};
        struct recut again;
        if (all[i].c.missed_by[0])
            continue;
        assert_true(parts_value(&all[i].c.parts, "rumble") == 1);
        if (recut_find(&again, &other.site, &all[i].c, RATE, &e) != ST_OK)
            fail_msg("%s", e.msg);
        OWN(audio) a = mined_sound(&other, &all[i].c);
        assert_true(difference(&again.sound, &a, 0) < 2.5 / (1 << 23));
        double whole = level_rms(&a);
        biquad_run(&f, &a);
        assert_true(level_to_db(level_rms(&a) / whole) < -12);
        recut_done(&again);
        compared[!isnan(all[i].c.m.loop_end)]++;
    }
    assert_true(compared[0] >= 10 && compared[1] >= 1);
}

/* Notes that lie beside zero while they sound, and each elsewhere: pads are cut again as
 * they were mined, but for what is left of that below -80 dB. */
static void the_offset_of_notes_is_cut_as_mined(void **state)
{
    struct mined *m = *state, other;
    size_t n, compared = 0;
    FREED const char *folder = text_of("%s/NOTES", m->top);
    OWN(audio) a = tone_frames((size_t)24 * RATE, 1, RATE);
    tone_harmonic(&a, 110, 0.12, 3000);
    tone_harmonic(&a, 164.9, 0.08, 3000);
    for (size_t i = 0; i < a.frames; i++) {
        double t = (double)i / RATE;
        a.data[i] += (float)(0.08 * exp(-fmod(t, 6) / 4) * (t < 12 ? 1 : 0.6));
    }
    folder_wav(folder, "notes.wav", &a, 24);
    mined_rig_process(m, folder, "NOTES", 1u << STAGE_PADS);
    other = *m;
    snprintf(other.project, sizeof other.project, "%s/NOTES", m->export_root);
    recut_site_init(&other.site, other.project, NULL);
    FREED struct catalog_find *all = mined_finds(&other, &n);
    for (size_t i = 0; i < n; i++) {
        struct err e = {0};
        struct recut again;
        if (all[i].c.missed_by[0])
            continue;
        if (recut_find(&again, &other.site, &all[i].c, RATE, &e) != ST_OK)
            fail_msg("%s", e.msg);
        OWN(audio) was = mined_sound(&other, &all[i].c);
        double d = difference(&again.sound, &was, 0);
        if (d > 1e-4)
            fail_msg("%s differs by %g", all[i].c.filename, d);
        recut_done(&again);
        compared++;
    }
    assert_true(compared >= 3);
}

static void what_cannot_be_cut_is_refused(void **state)
{
    struct mined *m = *state;
    OWN(recut) r;
    struct err e;
    struct catalog_find f = mined_first(m, KIND_CLOUD, false);
    f.edited = true;
    assert_int_equal(recut_find(&r, &m->site, &f.c, 0, &e), ST_REFUSED);
    assert_non_null(strstr(e.msg, "made, not cut"));
    f = mined_first(m, KIND_DRUM, false);
    struct candidate c = f.c;
    c.start_frame = (int64_t)MINED_SECONDS * RATE + 5;
    c.end_frame = c.start_frame + RATE;
    assert_int_equal(recut_find(&r, &m->site, &c, 0, &e), ST_EMPTY);
    c = f.c;
    c.source_rate_hz = 48000;
    assert_int_equal(recut_find(&r, &m->site, &c, 0, &e), ST_UNSUPPORTED);
    c = f.c;
    snprintf(c.source_path, sizeof c.source_path, "gone.wav");
    assert_int_equal(recut_find(&r, &m->site, &c, 0, &e), ST_NOT_FOUND);
    assert_non_null(strstr(e.msg, "gone.wav"));
    c = f.c;
    c.start_frame = -1000; /* the edges go as far as there is something */
    c.end_frame = (int64_t)(MINED_SECONDS + 1) * RATE;
    assert_int_equal(recut_find(&r, &m->site, &c, 0, &e), ST_OK);
    assert_int_equal(r.c.start_frame, 0);
    assert_int_equal(r.c.end_frame, (int64_t)MINED_SECONDS * RATE);
    char path[320];
    OWN(audio) a = tone_frames((size_t)601 * 8000, 1, 8000);
    folder_wav(m->top, "long.wav", &a, 16);
    snprintf(path, sizeof path, "%s/long.wav", m->top);
    c = (struct candidate){.kind = KIND_SILENCE, .source_rate_hz = 8000};
    for (int s = 600; s <= 601; s++) { /* all of the first is silent */
        OWN(recut) of_long;
        c.end_frame = (int64_t)s * 8000;
        assert_int_equal(recut_make(&of_long, path, &c, &m->cfg, 0, &e),
                         s == 600 ? ST_EMPTY : ST_REFUSED);
    }
    assert_non_null(strstr(e.msg, "longer than 600 s"));
}

static void recordings_are_found_from_anywhere(void **state)
{
    struct mined *m = *state;
    char here[1000], folder[PATH_BYTES], file[PATH_BYTES], real[PATH_BYTES];
    FREED const char *project = text_of("%s/export/P", m->top);
    assert_non_null(getcwd(here, sizeof here));
    assert_non_null(realpath(m->top, real));
    assert_true(recordings_folder(folder, "tapes", project)); /* an ancestor has it */
    assert_true(text_has(folder, real) && text_has(folder, "/tapes"));
    assert_true(recordings_find(file, folder, "tape.wav"));
    assert_false(recordings_find(file, folder, "other.wav"));
    assert_string_equal(file, "");
    assert_int_equal(chdir(m->top), 0);
    assert_true(recordings_folder(folder, "tapes", "export/P"));
    assert_string_equal(folder, "tapes"); /* the current folder comes first */
    assert_int_equal(chdir("export/P"), 0);
    assert_true(recordings_folder(folder, "tapes", "."));
    assert_true(recordings_find(file, folder, "tape.wav"));
    assert_int_equal(chdir(here), 0);
    assert_false(recordings_folder(folder, "no-such-folder-of-tapes", project));
    assert_string_equal(folder, "");
    assert_false(recordings_folder(folder, "", project));
    assert_false(recordings_folder(folder, "/no/such/folder", project));
    /* mined of a single recording, not of the folder it lies in */
    assert_true(recordings_folder(folder, "tapes/tape.wav", project));
    assert_true(recordings_find(file, folder, "tape.wav"));
    assert_string_equal(file, folder);
    assert_false(recordings_find(file, folder, "other.wav"));
}

/* A project named as the folder it was mined from, or with a source of that name: these
 * hold its samples, which nobody wants mined. */
static void a_project_is_not_its_own_recordings(void **state)
{
    struct mined *m = *state;
    char here[1000], folder[PATH_BYTES], project[400], inside[500], tapes[PATH_BYTES];
    OWN(audio) a = tone_frames(RATE, 1, RATE);
    assert_non_null(getcwd(here, sizeof here));
    snprintf(project, sizeof project, "%s/tapes", m->top);
    assert_non_null(realpath(project, tapes));
    snprintf(project, sizeof project, "%s/export/tapes", m->top);
    snprintf(inside, sizeof inside, "%s/tapes/pads", project);
    assert_int_equal(path_mkdirs(inside, NULL), ST_OK);
    folder_wav(inside, "tapes_pad01_dark.wav", &a, 16);
    assert_int_equal(chdir(m->export_root), 0); /* "tapes" is the project here */
    assert_true(recordings_folder(folder, "tapes", "tapes"));
    assert_string_equal(folder, tapes);
    assert_int_equal(chdir(project), 0); /* and the samples of a source here */
    assert_true(recordings_folder(folder, "tapes", "."));
    assert_string_equal(folder, tapes);
    /* a folder beside it that begins as it does holds none of its samples, nor is there a
     * project that is not there; and without recordings on record all that lies here is
     * what was meant */
    snprintf(inside, sizeof inside, "%s/P-live/friday", m->export_root);
    assert_int_equal(path_mkdirs(inside, NULL), ST_OK);
    folder_wav(inside, "1.wav", &a, 16);
    assert_int_equal(chdir(m->export_root), 0);
    assert_true(recordings_folder(folder, "P-live", "P"));
    assert_true(recordings_folder(folder, "P-live", "nowhere"));
    assert_true(recordings_folder(folder, ".", "nowhere"));
    assert_string_equal(folder, ".");
    assert_int_equal(chdir(here), 0);
    folder_wav(project, "b-side.wav", &a, 16); /* mined right beside itself */
    assert_true(recordings_folder(folder, "tapes", project));
    assert_true(text_has(folder, "/export/tapes"));
    assert_true(recordings_folder(folder, project, project)); /* said in full */
}

/* Whoever typed "." stood among the recordings; who opens the project may stand anywhere,
 * and does not mean all that lies there. */
static void the_folder_that_was_stood_in_is_known_by_its_recordings(void **state)
{
    struct mined *m = *state;
    char here[1000], command[1400], folder[PATH_BYTES], tapes[PATH_BYTES], project[400];
    snprintf(command, sizeof command,
             "cd '%s' && mkdir -p tapes/export elsewhere/tapes && "
             "cp -r export/P tapes/export/P && cp tapes/tape.wav elsewhere/other.wav",
             m->top);
    assert_int_equal(system(command), 0);
    assert_non_null(getcwd(here, sizeof here));
    snprintf(project, sizeof project, "%s/tapes", m->top);
    assert_non_null(realpath(project, tapes));
    snprintf(project, sizeof project, "%s/tapes/export/P", m->top);
    snprintf(folder, sizeof folder, "%s/elsewhere", m->top);
    assert_int_equal(chdir(folder), 0);
    assert_true(recordings_folder(folder, ".", project));
    assert_string_equal(folder, tapes);
    assert_true(recordings_folder(folder, "tapes", project)); /* not the one here */
    assert_string_equal(folder, tapes);
    assert_int_equal(rename("../tapes/tape.wav", "../tapes/renamed.wav"), 0);
    assert_false(recordings_folder(folder, ".", project));
    assert_true(recordings_folder(folder, "tapes", project)); /* by its name alone */
    assert_string_equal(folder, "tapes");
    assert_int_equal(rename("../tapes/renamed.wav", "../tapes/tape.wav"), 0);
    assert_int_equal(chdir(tapes), 0);
    assert_true(recordings_folder(folder, ".", "export/P"));
    assert_string_equal(folder, ".");
    assert_int_equal(chdir(here), 0);
}

static int set_up(void **state)
{
    return mined_rig_setup(state, 1u << STAGE_PADS | 1u << STAGE_DRUMS |
                                      1u << STAGE_SILENCES | 1u << STAGE_CLOUDS);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(unchanged_positions_give_the_mined_sound),
        cmocka_unit_test(a_pad_in_the_wind_is_heard_without_it),
        cmocka_unit_test(a_key_is_of_what_is_cut),
        cmocka_unit_test(a_moved_start_starts_there),
        cmocka_unit_test(a_moved_loop_still_joins),
        cmocka_unit_test(a_constant_is_not_cut),
        cmocka_unit_test(a_loop_of_a_room_lies_where_it_is_said_to),
        cmocka_unit_test(loops_of_other_rates_meet_their_peak),
        cmocka_unit_test(a_room_is_cut_without_its_rumble),
        cmocka_unit_test(the_offset_of_notes_is_cut_as_mined),
        cmocka_unit_test(what_cannot_be_cut_is_refused),
        cmocka_unit_test(recordings_are_found_from_anywhere),
        cmocka_unit_test(the_folder_that_was_stood_in_is_known_by_its_recordings),
        cmocka_unit_test(a_project_is_not_its_own_recordings),
    };
    return cmocka_run_group_tests_name("recut", tests, set_up, mined_rig_teardown);
}
