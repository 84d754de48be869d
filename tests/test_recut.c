/* Finds cut again: the same positions give the same sound, moved ones give another, and
 * kits and best-of sets hold what was heard. */
#define _XOPEN_SOURCE 700
#include "core/catalog.h"
#include "core/curate.h"
#include "core/kit.h"
#include "core/process.h"
#include "core/recordings.h"
#include "core/recut.h"
#include "core/session.h"
#include "dsp/level.h"
#include "dsp/seam.h"
#include "dsp/synth.h"
#include "io/manifest.h"
#include "io/soundfile.h"
#include "program.h"
#include "tone.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

enum { RATE = 44100, SECONDS = 24 };

struct bench {
    char top[256], export_root[300], project[320], path[900];
    struct config cfg;
    struct recut_site site;
};

/* Eight seconds of a slow chord, eight of hits, eight of room tone. */
static void write_recording(const char *folder)
{
    struct audio a, tone, hit;
    struct rng r = rng_derive(3, 1, "recut", 0);
    assert_int_equal(audio_init(&a, (size_t)SECONDS * RATE, 1, RATE, NULL), ST_OK);
    assert_int_equal(audio_init(&tone, (size_t)8 * RATE, 1, RATE, NULL), ST_OK);
    tone_noise(&a, 0.0008, &r);
    tone_harmonic(&tone, 110, 0.12, 3000);
    tone_harmonic(&tone, 164.9, 0.08, 3000);
    tone_noise(&tone, 0.004, &r);
    level_fade_in(&tone, RATE / 5);
    level_fade_out(&tone, RATE / 5);
    memcpy(a.data, tone.data, tone.frames * sizeof *a.data);
    for (int i = 0; i < 12; i++) {
        size_t at = (size_t)(8.5 * RATE) + (size_t)(i * 0.6 * RATE);
        enum synth_drum d = (enum synth_drum)(i % 3);
        size_t n = (size_t)(synth_drum_length_s(d) * RATE);
        assert_int_equal(audio_init(&hit, n, 1, RATE, NULL), ST_OK);
        synth_drum(d, 0.7, 1, &r, hit.data, n, RATE);
        for (size_t k = 0; k < n && at + k < a.frames; k++)
            a.data[at + k] += hit.data[k];
        audio_done(&hit);
    }
    struct root root;
    assert_int_equal(root_open(&root, folder, true, NULL), ST_OK);
    assert_int_equal(soundfile_write_wav(&root, "tape.wav", &a, 24, NULL, NULL), ST_OK);
    root_done(&root);
    audio_done(&tone);
    audio_done(&a);
}

static void process(struct bench *b, const char *folder, const char *project,
                    unsigned stages)
{
    struct process_result result;
    struct err e = {0};
    struct process_input input = {.dir = folder, .stages = stages};
    struct process_job job = {.cfg = &b->cfg,
                              .inputs = &input,
                              .input_count = 1,
                              .export_root = b->export_root,
                              .project_name = project,
                              .jobs = 1,
                              .shard_index = 1,
                              .shard_count = 1,
                              .wake_fd = -1};
    if (process_run(&job, &result, &e) != ST_OK)
        fail_msg("%s", e.msg);
}

static int setup(void **state)
{
    struct bench *b = calloc(1, sizeof *b);
    assert_non_null(b);
    tree_make(b->top);
    char tapes[300];
    snprintf(tapes, sizeof tapes, "%s/tapes", b->top);
    write_recording(tapes);
    snprintf(b->export_root, sizeof b->export_root, "%s/export", b->top);
    snprintf(b->project, sizeof b->project, "%s/P", b->export_root);
    config_defaults(&b->cfg);
    b->cfg.reproducibility.random_seed.set = true;
    b->cfg.reproducibility.random_seed.value = 9;
    process(b, tapes, "P",
            1u << STAGE_PADS | 1u << STAGE_DRUMS | 1u << STAGE_SILENCES |
                1u << STAGE_CLOUDS);
    recut_site_init(&b->site, b->project, NULL);
    assert_string_equal(b->site.recordings, tapes);
    *state = b;
    return 0;
}

static int teardown(void **state)
{
    struct bench *b = *state;
    tree_remove(b->top);
    free(b);
    return 0;
}

static struct catalog *open_catalog(struct bench *b, enum catalog_mode mode)
{
    struct catalog *c;
    snprintf(b->path, sizeof b->path, "%s/catalog.db", b->project);
    assert_int_equal(catalog_open(&c, b->path, mode, NULL), ST_OK);
    return c;
}

/* The first find of a kind, a near-miss or a real one. */
static struct catalog_find first_of(struct bench *b, enum kind kind, bool miss)
{
    struct catalog_find *all, out = {0};
    size_t n;
    struct catalog *c = open_catalog(b, CATALOG_READ);
    assert_int_equal(catalog_load(c, &all, NULL, &n, NULL), ST_OK);
    for (size_t i = 0; i < n && !out.id; i++)
        if (all[i].c.kind == kind && (all[i].c.missed_by[0] != 0) == miss)
            out = all[i];
    free(all);
    catalog_close(c);
    if (!out.id)
        fail_msg("nothing was mined of kind %s", kind_type(kind));
    return out;
}

static void say(struct bench *b, enum event_field field, uint64_t id, const char *value)
{
    struct catalog *c = open_catalog(b, CATALOG_WRITE);
    struct change change = {.field = field, .candidate = id};
    snprintf(change.value, sizeof change.value, "%s", value);
    assert_int_equal(catalog_record(c, &change, 1, "said", NULL, NULL), ST_OK);
    catalog_close(c);
}

static struct audio mined(struct bench *b, const struct candidate *c)
{
    struct audio a;
    snprintf(b->path, sizeof b->path, "%s/%s/%s/%s", b->project, c->source,
             category_folder(kind_category(c->kind)), c->filename);
    assert_int_equal(soundfile_load(b->path, 0, &a, NULL), ST_OK);
    return a;
}

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
    struct bench *b = *state;
    struct catalog_find *all;
    size_t n, compared[KIND_COUNT] = {0};
    struct catalog *c = open_catalog(b, CATALOG_READ);
    assert_int_equal(catalog_load(c, &all, NULL, &n, NULL), ST_OK);
    catalog_close(c);
    for (size_t i = 0; i < n; i++) {
        struct recut r;
        struct err e = {0};
        const struct candidate *f = &all[i].c;
        if (f->missed_by[0] || !kind_cut(f->kind))
            continue;
        if (recut_find(&r, &b->site, f, RATE, &e) != ST_OK)
            fail_msg("%s", e.msg);
        struct audio was = mined(b, f);
        size_t fade = f->kind == KIND_DRUM ? (size_t)(0.002 * RATE) + 2 : 0;
        double d = difference(&r.sound, &was, fade);
        if (d > 2.5 / (1 << 23))
            fail_msg("%s differs by %g", f->filename, d);
        assert_int_equal(r.c.start_frame, f->start_frame);
        assert_int_equal(r.c.end_frame, f->end_frame);
        assert_int_equal(r.c.grade, f->grade);
        assert_true(fade > 0 || fabs(r.c.m.rms_db - f->m.rms_db) < 0.01);
        compared[f->kind]++;
        audio_done(&was);
        recut_done(&r);
    }
    assert_true(compared[KIND_PAD] >= 1 && compared[KIND_DRUM] >= 4 &&
                compared[KIND_SILENCE] >= 2);
    free(all);
}

static void a_moved_start_starts_there(void **state)
{
    struct bench *b = *state;
    enum { BY = 441 };
    struct catalog_find f = first_of(b, KIND_DRUM, false);
    struct recut r, moved;
    assert_int_equal(recut_find(&r, &b->site, &f.c, RATE, NULL), ST_OK);
    f.c.start_frame += BY;
    assert_int_equal(recut_find(&moved, &b->site, &f.c, RATE, NULL), ST_OK);
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
    recut_done(&r);
    recut_done(&moved);
}

static void a_moved_loop_still_joins(void **state)
{
    struct bench *b = *state;
    struct catalog_find f = first_of(b, KIND_PAD, false);
    int64_t start = f.c.loop[0].start_frame, end = f.c.loop[0].end_frame + 300;
    char value[64];
    snprintf(value, sizeof value, "%lld %lld", (long long)start, (long long)end);
    catalog_overlay(&f, FIELD_LOOP, value);
    assert_true(f.edited);
    assert_int_equal(f.c.end_frame, end);
    assert_true(fabs(f.c.m.duration_sec - (double)(end - start) / RATE) < 1e-9);
    struct recut r;
    struct seam seam;
    assert_int_equal(recut_find(&r, &b->site, &f.c, 0, NULL), ST_OK);
    assert_int_equal(r.sound.frames, end - start);
    assert_true(r.c.m.loop_start == 0 && r.c.m.loop_end == (double)(end - start));
    assert_int_equal(seam_measure(&r.sound, NULL, 0, &seam, NULL), ST_OK);
    assert_true(seam.step_ok && seam.slope <= 1);
    recut_done(&r);
    /* edges of a pad are its loop points, too */
    f = first_of(b, KIND_PAD, false);
    catalog_overlay(&f, FIELD_EDGES, value);
    assert_int_equal(f.c.loop[0].start_frame, start);
    assert_int_equal(f.c.loop[0].end_frame, end);
}

static void what_cannot_be_cut_is_refused(void **state)
{
    struct bench *b = *state;
    struct recut r;
    struct err e;
    struct catalog_find f = first_of(b, KIND_CLOUD, false);
    f.edited = true;
    assert_int_equal(recut_find(&r, &b->site, &f.c, 0, &e), ST_REFUSED);
    assert_non_null(strstr(e.msg, "made, not cut"));
    f = first_of(b, KIND_DRUM, false);
    struct candidate c = f.c;
    c.start_frame = (int64_t)SECONDS * RATE + 5;
    c.end_frame = c.start_frame + RATE;
    assert_int_equal(recut_find(&r, &b->site, &c, 0, &e), ST_EMPTY);
    c = f.c;
    c.source_rate_hz = 48000;
    assert_int_equal(recut_find(&r, &b->site, &c, 0, &e), ST_UNSUPPORTED);
    c = f.c;
    snprintf(c.source_path, sizeof c.source_path, "gone.wav");
    assert_int_equal(recut_find(&r, &b->site, &c, 0, &e), ST_NOT_FOUND);
    assert_non_null(strstr(e.msg, "gone.wav"));
    c = f.c;
    c.start_frame = -1000; /* the edges go as far as there is something */
    c.end_frame = (int64_t)(SECONDS + 1) * RATE;
    assert_int_equal(recut_find(&r, &b->site, &c, 0, &e), ST_OK);
    assert_int_equal(r.c.start_frame, 0);
    assert_int_equal(r.c.end_frame, (int64_t)SECONDS * RATE);
    recut_done(&r);
}

static enum status export(struct bench *b, struct kit_result *result, struct text *text) {
    char kits[300]; snprintf(kits, sizeof kits, "%s/kits", b->top);
    struct kit_job job = {.input_dir = b->project,
                          .output_dir = kits,
                          .kit_name = "K",
                          .target = "tr8s",
                          .cfg = &b->cfg,
                          .force = true};
    return kit_run(&job, result, text, NULL);
}

static char *kit_manifest_text(struct bench *b)
{
    char *text;
    size_t n;
    snprintf(b->path, sizeof b->path, "%s/kits/K/manifest.csv", b->top);
    assert_int_equal(path_read_file(b->path, 1 << 20, &text, &n, NULL), ST_OK);
    return text;
}

/* A part of the chord that the miner did not like, as it would say so. */
static void add_near_miss(struct bench *b)
{
    struct catalog_find f = first_of(b, KIND_PAD, false);
    struct catalog *c = open_catalog(b, CATALOG_WRITE);
    struct catalog_source *sources;
    size_t n;
    snprintf(f.c.filename, sizeof f.c.filename, "tape_pad_miss01.wav");
    snprintf(f.c.missed_by, sizeof f.c.missed_by, "level 1.2 dB below the gate");
    f.c.start_frame = 2 * RATE;
    f.c.end_frame = 4 * RATE;
    f.c.m.start_sec = 2;
    f.c.m.end_sec = 4;
    f.c.m.duration_sec = 2;
    f.c.m.channels = (double)NAN;
    f.c.loop_count = 0;
    f.c.saved = false;
    f.c.sha256[0] = '\0';
    assert_int_equal(catalog_sources(c, &sources, &n, NULL), ST_OK);
    assert_int_equal(catalog_add(c, &sources[0], &f.c, 1, NULL, NULL), ST_OK);
    free(sources);
    catalog_close(c);
}

/* One edited drum, one near-miss, both accepted. */
static void accept_two(struct bench *b, struct catalog_find *drum,
                       struct catalog_find *miss)
{
    char value[64];
    add_near_miss(b);
    *drum = first_of(b, KIND_DRUM, false);
    *miss = first_of(b, KIND_PAD, true);
    say(b, FIELD_DECISION, drum->id, "accepted");
    say(b, FIELD_DECISION, miss->id, "accepted");
    snprintf(value, sizeof value, "%lld %lld", (long long)drum->c.start_frame,
             (long long)drum->c.start_frame + 3000);
    say(b, FIELD_EDGES, drum->id, value);
}

static void kits_hold_what_was_edited(void **state)
{
    struct bench *b = *state;
    struct catalog_find drum, miss;
    struct kit_result result;
    struct text text = {0};
    accept_two(b, &drum, &miss);
    assert_int_equal(export(b, &result, &text), ST_OK);
    assert_int_equal(result.exported, 2);
    assert_true(
        fabs(result.seconds - 3000.0 / RATE - (miss.c.m.end_sec - miss.c.m.start_sec)) <
        0.3 * (miss.c.m.end_sec - miss.c.m.start_sec));
    assert_true(text_has(text.at, "cut anew"));
    char *rows = kit_manifest_text(b);
    assert_true(text_has(rows, ",anew") && text_has(rows, miss.c.filename));
    free(rows);
    text_done(&text);
    /* without the recordings: the mined file, and it is said */
    char from[300], to[300];
    snprintf(from, sizeof from, "%s/tapes", b->top);
    snprintf(to, sizeof to, "%s/elsewhere", b->top);
    assert_int_equal(rename(from, to), 0);
    memset(&text, 0, sizeof text);
    assert_int_equal(export(b, &result, &text), ST_OK);
    assert_int_equal(result.exported, 1);
    assert_true(text_has(text.at, "as mined") && text_has(text.at, "no recording"));
    rows = kit_manifest_text(b);
    assert_true(text_has(rows, "edit not heard"));
    free(rows);
    text_done(&text);
    assert_int_equal(rename(to, from), 0);
}

/* Nothing is accepted yet: all is wanted that was not rejected. */
static void what_was_rejected_is_in_no_kit(void **state)
{
    struct bench *b = *state;
    struct kit_result result;
    struct catalog_find drum = first_of(b, KIND_DRUM, false);
    assert_int_equal(export(b, &result, NULL), ST_OK);
    char *rows = kit_manifest_text(b);
    assert_true(text_has(rows, drum.c.filename));
    free(rows);
    say(b, FIELD_DECISION, drum.id, "rejected");
    assert_int_equal(export(b, &result, NULL), ST_OK);
    rows = kit_manifest_text(b);
    assert_false(text_has(rows, drum.c.filename));
    free(rows);
    say(b, FIELD_DECISION, drum.id, "undecided");
}

/* What the sheet says of the mute groups is what C said on the kit screen. */
static void the_sheet_lets_ring_what_rings(void **state)
{
    struct bench *b = *state;
    struct kit_result result;
    char *sheet;
    size_t n;
    for (int rings = 0; rings < 2; rings++) {
        if (rings)
            say(b, FIELD_RING, 0, "1");
        assert_int_equal(export(b, &result, NULL), ST_OK);
        snprintf(b->path, sizeof b->path, "%s/kits/K/ASSIGN.txt", b->top);
        assert_int_equal(path_read_file(b->path, 1 << 20, &sheet, &n, NULL), ST_OK);
        assert_int_equal(text_has(sheet, "Let CH mute OH"), !rings);
        assert_int_equal(text_has(sheet, "CH and OH ring together"), rings);
        free(sheet);
    }
}

static const struct candidate *row_of(const struct candidate *rows, size_t n,
                                      const char *part)
{
    for (size_t i = 0; i < n; i++)
        if (strstr(rows[i].filename, part))
            return &rows[i];
    return NULL;
}

static void best_of_sets_hold_what_was_edited(void **state)
{
    struct bench *b = *state;
    struct catalog_find drum, miss;
    struct curate_result result;
    struct err e = {0};
    char best[300], name[900];
    accept_two(b, &drum, &miss);
    snprintf(best, sizeof best, "%s/best", b->top);
    struct curate_job job = {.input_root = b->project,
                             .output_root = best,
                             .options = {.top = 0, .diversity = 0.3}};
    if (curate_run(&job, &result, &e) != ST_OK)
        fail_msg("%s", e.msg);
    assert_int_equal(result.copied, 2);
    struct candidate *rows;
    size_t n;
    snprintf(b->path, sizeof b->path, "%s/manifest.csv", best);
    assert_int_equal(manifest_read(b->path, &rows, &n, NULL), ST_OK);
    assert_int_equal(n, 2);
    const struct candidate *row = row_of(rows, n, "drum");
    assert_non_null(row);
    assert_true(text_has(row->filename, "_edit.wav"));
    assert_true(fabs(row->m.end_sec - row->m.start_sec - 3000.0 / RATE) < 1e-5);
    assert_int_equal(strlen(row->sha256), 64);
    struct audio a;
    snprintf(b->path, sizeof b->path, "%s/drums/%s", best, row->filename);
    assert_int_equal(soundfile_load(b->path, 0, &a, NULL), ST_OK);
    assert_int_equal(a.frames, 3000);
    audio_done(&a);
    row = row_of(rows, n, "miss");
    assert_non_null(row);
    snprintf(name, sizeof name, "%s/pads/%s", best, row->filename);
    assert_int_equal(access(name, R_OK), 0);
    free(rows);
    assert_int_equal(tree_count(best, ".tmp"), 0);
    /* again: everything is there already, and stays the same */
    char *before = tree_hash(best, NULL);
    assert_int_equal(curate_run(&job, &result, &e), ST_OK);
    assert_int_equal(result.kept, 2);
    assert_int_equal(result.copied, 0);
    char *after = tree_hash(best, NULL);
    assert_string_equal(before, after);
    free(before);
    free(after);
}

static void recordings_are_found_from_anywhere(void **state)
{
    struct bench *b = *state;
    char here[1000], folder[PATH_BYTES], file[PATH_BYTES], project[400], real[PATH_BYTES];
    snprintf(project, sizeof project, "%s/export/P", b->top);
    assert_non_null(getcwd(here, sizeof here));
    assert_non_null(realpath(b->top, real));
    assert_true(recordings_folder(folder, "tapes", project)); /* an ancestor has it */
    assert_true(text_has(folder, real) && text_has(folder, "/tapes"));
    assert_true(recordings_find(file, folder, "tape.wav"));
    assert_false(recordings_find(file, folder, "other.wav"));
    assert_string_equal(file, "");
    assert_int_equal(chdir(b->top), 0);
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
}

/* The constant under a recording is none of a pad: the loop is the same without it. */
static void a_constant_is_not_cut(void **state)
{
    struct bench *b = *state;
    struct candidate pad = {.kind = KIND_PAD,
                            .source_rate_hz = RATE,
                            .start_frame = 2 * RATE,
                            .end_frame = 4 * RATE + 137,
                            .loop_count = 1};
    struct recut cut[2];
    char folder[300], path[320];
    snprintf(folder, sizeof folder, "%s/constant", b->top);
    for (int k = 0; k < 2; k++) {
        struct audio a;
        struct root root;
        struct err e = {0};
        struct rng r = rng_derive(3, 1, "recut-constant", 0);
        assert_int_equal(audio_init(&a, (size_t)8 * RATE, 1, RATE, NULL), ST_OK);
        tone_harmonic(&a, 110, 0.02, 3000);
        tone_noise(&a, 0.004, &r);
        for (size_t i = 0; i < a.frames; i++)
            a.data[i] += k ? 0.04f : 0.0f;
        assert_int_equal(root_open(&root, folder, true, NULL), ST_OK);
        assert_int_equal(
            soundfile_write_wav(&root, k ? "b.wav" : "a.wav", &a, 24, NULL, NULL), ST_OK);
        root_done(&root);
        audio_done(&a);
        snprintf(path, sizeof path, "%s/%s", folder, k ? "b.wav" : "a.wav");
        if (recut_make(&cut[k], path, &pad, &b->cfg, RATE, &e) != ST_OK)
            fail_msg("%s", e.msg);
    }
    double d = difference(&cut[1].sound, &cut[0].sound, 0);
    if (d > 1e-3)
        fail_msg("the constant makes a difference of %g", d);
    recut_done(&cut[0]);
    recut_done(&cut[1]);
}

/* White room tone at 48 kHz: at 44.1 kHz its peaks are others, and still the loop's is
 * where it was asked for, mined or cut again. */
static void loops_of_other_rates_meet_their_peak(void **state)
{
    struct bench *b = *state;
    struct bench other = *b;
    struct audio a;
    struct root root;
    struct rng r = rng_derive(4, 1, "recut-room", 0);
    char folder[300];
    size_t n, loops = 0;
    snprintf(folder, sizeof folder, "%s/room", b->top);
    assert_int_equal(audio_init(&a, (size_t)12 * 48000, 1, 48000, NULL), ST_OK);
    tone_noise(&a, 0.003, &r);
    assert_int_equal(root_open(&root, folder, true, NULL), ST_OK);
    assert_int_equal(soundfile_write_wav(&root, "room.wav", &a, 24, NULL, NULL), ST_OK);
    root_done(&root);
    audio_done(&a);
    process(b, folder, "ROOM", 1u << STAGE_SILENCES);
    snprintf(other.project, sizeof other.project, "%s/ROOM", b->export_root);
    recut_site_init(&other.site, other.project, NULL);
    struct catalog *c = open_catalog(&other, CATALOG_READ);
    struct catalog_find *all;
    assert_int_equal(catalog_load(c, &all, NULL, &n, NULL), ST_OK);
    catalog_close(c);
    for (size_t i = 0; i < n; i++) {
        const struct candidate *f = &all[i].c;
        struct err e = {0};
        struct recut again;
        if (f->missed_by[0] || isnan(f->m.loop_end))
            continue;
        a = mined(&other, f);
        assert_true(fabs(level_to_db(level_true_peak(&a, true)) + 12) < 0.01);
        audio_done(&a);
        if (recut_find(&again, &other.site, f, RATE, &e) != ST_OK)
            fail_msg("%s", e.msg);
        assert_true(fabs(level_to_db(level_true_peak(&again.sound, true)) + 12) < 0.01);
        recut_done(&again);
        loops++;
    }
    free(all);
    assert_true(loops >= 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(unchanged_positions_give_the_mined_sound),
        cmocka_unit_test(a_moved_start_starts_there),
        cmocka_unit_test(a_moved_loop_still_joins),
        cmocka_unit_test(a_constant_is_not_cut),
        cmocka_unit_test(loops_of_other_rates_meet_their_peak),
        cmocka_unit_test(what_cannot_be_cut_is_refused),
        cmocka_unit_test(recordings_are_found_from_anywhere),
        cmocka_unit_test(what_was_rejected_is_in_no_kit),
        cmocka_unit_test(kits_hold_what_was_edited),
        cmocka_unit_test(the_sheet_lets_ring_what_rings),
        cmocka_unit_test(best_of_sets_hold_what_was_edited),
    };
    return cmocka_run_group_tests_name("recut", tests, setup, teardown);
}
