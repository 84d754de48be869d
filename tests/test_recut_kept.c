/* What the user says of finds reaches kits and best-of sets: they hold what was edited
 * and accepted, and nothing that was rejected. */
#include "checks.h"
#include "core/curate.h"
#include "core/journal.h"
#include "core/kit.h"
#include "core/kit_load.h"
#include "core/recipe.h"
#include "dsp/level.h"
#include "io/manifest.h"
#include "io/sha256.h"
#include "io/soundfile.h"
#include "mined_rig.h"
#include "program.h"
#include "tone.h"

#include <glob.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static enum status write_kit(struct mined *m, struct kit_result *result,
                             struct text *text)
{
    char kits[300];
    snprintf(kits, sizeof kits, "%s/kits", m->top);
    struct kit_job job = {.input_dir = m->project,
                          .output_dir = kits,
                          .kit_name = "K",
                          .target = "tr8s",
                          .cfg = &m->cfg,
                          .force = true};
    return kit_run(&job, result, text, NULL);
}

static char *kit_manifest_text(struct mined *m)
{
    char *text;
    size_t n;
    snprintf(m->path, sizeof m->path, "%s/kits/K/manifest.csv", m->top);
    assert_int_equal(path_read_file(m->path, 1 << 20, &text, &n, NULL), ST_OK);
    return text;
}

static void say_slot(struct mined *m, const char *slot, const char *path)
{
    OWN(catalog) *c = mined_catalog(m, CATALOG_WRITE);
    struct change change = {.field = FIELD_SLOT};
    snprintf(change.key, sizeof change.key, "%s", slot);
    snprintf(change.value, sizeof change.value, "%s", path);
    assert_int_equal(catalog_record(c, &change, 1, "said", NULL, NULL), ST_OK);
}

/* Nothing is accepted yet: all is wanted that was not rejected. */
static void what_was_rejected_is_in_no_kit(void **state)
{
    struct mined *m = *state;
    struct kit_result result;
    struct catalog_find drum = mined_first(m, KIND_DRUM, false);
    assert_int_equal(write_kit(m, &result, NULL), ST_OK);
    FREED char *rows = kit_manifest_text(m);
    assert_true(text_has(rows, drum.c.filename));
    free(rows);
    mined_say(m, FIELD_DECISION, drum.id, "rejected");
    assert_int_equal(write_kit(m, &result, NULL), ST_OK);
    rows = kit_manifest_text(m);
    assert_false(text_has(rows, drum.c.filename));
    mined_say(m, FIELD_DECISION, drum.id, "undecided");
}

/* A part of the chord that the miner did not like, as it would say so. */
static void add_near_miss(struct mined *m)
{
    struct catalog_find f = mined_first(m, KIND_PAD, false);
    OWN(catalog) *c = mined_catalog(m, CATALOG_WRITE);
    FREED struct catalog_source *sources;
    size_t n;
    snprintf(f.c.filename, sizeof f.c.filename, "tape_pad_miss01.wav");
    snprintf(f.c.missed_by, sizeof f.c.missed_by, "level 1.2 dB below the gate");
    f.c.start_frame = 2 * MINED_RATE;
    f.c.end_frame = 4 * MINED_RATE;
    f.c.m.start_sec = 2;
    f.c.m.end_sec = 4;
    f.c.m.duration_sec = 2;
    f.c.m.channels = (double)NAN;
    f.c.loop_count = 0;
    f.c.saved = false;
    f.c.sha256[0] = '\0';
    assert_int_equal(catalog_sources(c, &sources, &n, NULL), ST_OK);
    assert_int_equal(catalog_add(c, &sources[0], &f.c, 1, NULL, NULL), ST_OK);
}

/* One edited drum, one near-miss, both accepted. */
static void accept_two(struct mined *m, struct catalog_find *drum,
                       struct catalog_find *miss)
{
    add_near_miss(m);
    *drum = mined_first(m, KIND_DRUM, false);
    *miss = mined_first(m, KIND_PAD, true);
    mined_say(m, FIELD_DECISION, drum->id, "accepted");
    mined_say(m, FIELD_DECISION, miss->id, "accepted");
    FREED const char *value = text_of("%lld %lld", (long long)drum->c.start_frame,
                                      (long long)drum->c.start_frame + 3000);
    mined_say(m, FIELD_EDGES, drum->id, value);
}

/* A kit of one find alone, or of all that there is. */
static void assert_kit_of(struct mined *m, const char *alone, const char *slot)
{
    struct kit_result result;
    assert_int_equal(write_kit(m, &result, NULL), ST_OK);
    FREED char *rows = kit_manifest_text(m);
    if (alone) {
        assert_int_equal(result.exported, 1);
        assert_true(text_has(rows, alone));
        assert_true(text_has(rows, slot));
    } else {
        assert_true(result.exported > 1);
        assert_false(text_has(rows, "miss01"));
    }
}

/* As an extra or on an instrument, whether it was accepted or not; a near-miss is cut for
 * it. Taken out again it is as if it had never been in. */
static void what_was_put_into_a_kit_is_in_it(void **state)
{
    struct mined *m = *state;
    char path[CANDIDATE_PATH_BYTES];
    add_near_miss(m);
    struct catalog_find drum = mined_first(m, KIND_DRUM, false),
                        miss = mined_first(m, KIND_PAD, true);
    mined_say(m, FIELD_EXTRA, drum.id, "1");
    assert_kit_of(m, drum.c.filename, ",,drums,");
    mined_say(m, FIELD_EXTRA, drum.id, "");
    assert_kit_of(m, NULL, NULL);
    candidate_path(&miss.c, path);
    say_slot(m, "RC", path);
    assert_kit_of(m, miss.c.filename, ",RC,pads,");
    say_slot(m, "RC", "");
    assert_kit_of(m, NULL, NULL);
}

/* What the budget is asked about is the edited sound, not the file that is still there.
 */
static void assert_counted_as_edited(struct mined *m, uint64_t id, int64_t frames)
{
    OWN(kit_set) set;
    size_t at = 0;
    assert_int_equal(
        kit_load(&set, m->project, target_find("tr8s"), &m->cfg, false, NULL, NULL),
        ST_OK);
    while (at < set.count && set.item[at].id != id)
        at++;
    assert_true(at < set.count);
    assert_true(set.item[at].recut);
    assert_int_equal(set.item[at].frames, frames);
    assert_string_equal(set.item[at].c.sha256,
                        ""); /* no double of what was mined alike */
}

static void kits_hold_what_was_edited(void **state)
{
    struct mined *m = *state;
    struct catalog_find drum, miss;
    struct kit_result result;
    OWN(text) text = {0};
    accept_two(m, &drum, &miss);
    assert_counted_as_edited(m, drum.id, 3000);
    assert_int_equal(write_kit(m, &result, &text), ST_OK);
    assert_int_equal(result.exported, 2);
    const struct target *t = target_find("tr8s");
    int64_t missed = (int64_t)((miss.c.m.end_sec - miss.c.m.start_sec) * MINED_RATE);
    assert_int_equal(result.sectors,
                     budget_sectors(t, 3000, 1) + budget_sectors(t, missed, 1));
    assert_true(text_has(text.at, "cut anew"));
    char *rows = kit_manifest_text(m), end[32];
    snprintf(end, sizeof end, ",%.6f,", (double)(drum.c.start_frame + 3000) / MINED_RATE);
    assert_true(text_has(rows, ",anew") && text_has(rows, miss.c.filename));
    assert_true(text_has(rows, end));
    free(rows);
    text_done(&text);
    /* without the recordings: the mined file, and it is said */
    FREED const char *from = text_of("%s/tapes", m->top);
    FREED const char *to = text_of("%s/elsewhere", m->top);
    assert_int_equal(rename(from, to), 0);
    memset(&text, 0, sizeof text);
    assert_int_equal(write_kit(m, &result, &text), ST_OK);
    assert_int_equal(result.exported, 1);
    assert_true(text_has(text.at, "as mined") && text_has(text.at, "no recording"));
    rows = kit_manifest_text(m);
    assert_true(text_has(rows, "edit not applied"));
    assert_false(text_has(rows, end)); /* of the edges, which nobody hears */
    free(rows);
    assert_int_equal(rename(to, from), 0);
}

/* The first sample of the kit that was written last. */
static const char *exported_sample(struct mined *m)
{
    glob_t found;
    FREED const char *pattern = text_of("%s/kits/K/ROLAND/*/SAMPLE/K/*.WAV", m->top);
    assert_int_equal(glob(pattern, 0, NULL, &found), 0);
    snprintf(m->path, sizeof m->path, "%s", found.gl_pathv[0]);
    globfree(&found);
    return m->path;
}

/* Of a recording with another rate, too: the sound that the workstation plays. */
static void an_edited_loop_is_exported_as_it_is_heard(void **state)
{
    struct mined *m = *state;
    char mined[sizeof m->project];
    struct recut_site site;
    struct recut heard;
    struct kit_result result;
    struct rng r = rng_derive(5, 1, "edited", 0);
    FREED const char *folder = text_of("%s/other", m->top);
    OWN(audio) chord = tone_frames((size_t)8 * 48000, 1, 48000);
    tone_harmonic(&chord, 110, 0.12, 3000);
    tone_harmonic(&chord, 164.9, 0.08, 3000);
    tone_noise(&chord, 0.004, &r);
    folder_wav(folder, "chord.wav", &chord, 24);
    memcpy(mined, m->project, sizeof mined);
    mined_rig_process(m, folder, "Q", 1u << STAGE_PADS);
    snprintf(m->project, sizeof m->project, "%s/Q", m->export_root);
    struct catalog_find pad = mined_first(m, KIND_PAD, false);
    pad.c.end_frame += 96;
    FREED const char *value =
        text_of("%lld %lld", (long long)pad.c.start_frame, (long long)pad.c.end_frame);
    mined_say(m, FIELD_EDGES, pad.id, value);
    mined_say(m, FIELD_DECISION, pad.id, "accepted");
    assert_int_equal(write_kit(m, &result, NULL), ST_OK);
    assert_int_equal(result.exported, 1);
    recut_site_init(&site, m->project, &m->cfg);
    assert_int_equal(recut_find(&heard, &site, &pad.c, m->cfg.global.sample_rate, NULL),
                     ST_OK);
    OWN(audio) kit = sound_read(exported_sample(m));
    assert_int_equal(kit.frames, heard.sound.frames);
    size_t from = 441, to = kit.frames - 441; /* but for the fades of the ends */
    double gain =
        level_rms_range(&kit, from, to) / level_rms_range(&heard.sound, from, to);
    for (size_t i = from; i < to; i++)
        assert_true(fabs((double)kit.data[i] - gain * (double)heard.sound.data[i]) <
                    3.0 / 32768);
    recut_done(&heard);
    memcpy(m->project, mined, sizeof mined);
}

/* A recording that is there, but is none any more: the mined file, as it was mined. */
static void a_damaged_recording_cuts_nothing(void **state)
{
    struct mined *m = *state;
    struct kit_result result;
    struct catalog_find drum = mined_first(m, KIND_DRUM, false);
    char kept[300];
    FREED const char *value = text_of("%lld %lld", (long long)drum.c.start_frame,
                                      (long long)drum.c.start_frame + 3000);
    mined_say(m, FIELD_DECISION, drum.id, "accepted");
    mined_say(m, FIELD_EDGES, drum.id, value);
    FREED const char *from = text_of("%s/tapes/tape.wav", m->top);
    snprintf(kept, sizeof kept, "%s/kept.wav", m->top);
    assert_int_equal(rename(from, kept), 0);
    folder_write(m->top, "tapes/tape.wav", "no sound", 8);
    assert_int_equal(write_kit(m, &result, NULL), ST_OK);
    assert_int_equal(rename(kept, from), 0);
    assert_int_equal(result.exported, 1);
    FREED char *rows = kit_manifest_text(m);
    assert_true(text_has(rows, "edit not applied: "));
    FREED const char *end =
        text_of(",%.6f,", (double)(drum.c.start_frame + 3000) / MINED_RATE);
    assert_false(text_has(rows, end));
    mined_say(m, FIELD_EDGES, drum.id, "");
    mined_say(m, FIELD_DECISION, drum.id, "undecided");
}

/* Nor by other settings than the project wrote down: it would be another sound. */
static void damaged_settings_cut_nothing(void **state)
{
    static const char damaged[] = "drum_miner:\n  fade_out_ms: banana\n";
    struct mined *m = *state;
    struct kit_result result;
    char kept[400];
    FREED const char *file = text_of("%s/config.effective.yaml", m->project);
    snprintf(kept, sizeof kept, "%s/kept.yaml", m->top);
    bool was_there = rename(file, kept) == 0;
    folder_write(m->project, "config.effective.yaml", damaged, sizeof damaged - 1);
    assert_int_equal(write_kit(m, &result, NULL), ST_OK);
    assert_int_equal(result.exported, 1); /* the near-miss was never written */
    FREED char *rows = kit_manifest_text(m);
    assert_false(text_has(rows, ",anew"));
    assert_true(text_has(rows, "edit not applied: config.effective.yaml:2: "));
    assert_true(text_has(rows, "banana"));
    struct recut_site site;
    struct recut r;
    struct err e;
    struct catalog_find drum = mined_first(m, KIND_DRUM, false);
    recut_site_init(&site, m->project, &m->cfg);
    assert_int_equal(recut_find(&r, &site, &drum.c, 0, &e), ST_CONFIG);
    assert_true(text_has(e.msg, "banana"));
    remove(file);
    assert_int_equal(was_there ? rename(kept, file) : 0, 0);
}

/* What the sheet says of the mute groups is what C said on the kit screen. */
static void the_sheet_lets_ring_what_rings(void **state)
{
    struct mined *m = *state;
    struct kit_result result;
    char *sheet;
    size_t n;
    struct catalog_find drum = mined_first(m, KIND_DRUM, false);
    mined_say(m, FIELD_CLASS, drum.id, "hat_open"); /* a kit with a hat */
    mined_say(m, FIELD_DECISION, drum.id, "accepted");
    for (int said = 0; said < 3; said++) {
        bool rings = said == 1;
        if (said)
            mined_say(m, FIELD_RING, 0, rings ? "1" : "");
        assert_int_equal(write_kit(m, &result, NULL), ST_OK);
        snprintf(m->path, sizeof m->path, "%s/kits/K/ASSIGN.txt", m->top);
        assert_int_equal(path_read_file(m->path, 1 << 20, &sheet, &n, NULL), ST_OK);
        assert_int_equal(text_has(sheet, "Let CH mute OH"), !rings);
        assert_int_equal(text_has(sheet, "CH and OH ring together"), rings);
        free(sheet);
    }
    mined_say(m, FIELD_DECISION, drum.id, "undecided");
    mined_say(m, FIELD_CLASS, drum.id, "");
}

static const struct candidate *row_of(const struct candidate *rows, size_t n,
                                      const char *part)
{
    for (size_t i = 0; i < n; i++)
        if (strstr(rows[i].filename, part))
            return &rows[i];
    return NULL;
}

/* A set's manifest has no parts of a score, but the project knows them: a kit chosen from
 * the set is chosen as one from the project is. */
static void best_of_sets_know_how_hits_end(void **state)
{
    struct mined *m = *state;
    struct curate_result result;
    struct err e = {0};
    FREED const char *best = text_of("%s/best_of", m->project);
    struct curate_job job = {.input_root = m->project,
                             .output_root = best,
                             .options = {.top = 3, .diversity = 0.3}};
    if (curate_run(&job, &result, &e) != ST_OK)
        fail_msg("%s", e.msg);
    struct kit_set set;
    size_t drums = 0;
    if (kit_load(&set, m->project, target_find("tr8s"), &m->cfg, false, NULL, &e) !=
        ST_OK)
        fail_msg("%s", e.msg);
    struct catalog *catalog = mined_catalog(m, CATALOG_READ);
    for (size_t i = 0; i < set.count; i++) {
        if (set.item[i].c.kind != KIND_DRUM)
            continue;
        struct catalog_find f;
        assert_int_equal(catalog_get(catalog, set.item[i].id, &f, NULL), ST_OK);
        double decay = parts_value(&f.c.parts, "decay");
        assert_true(decay >= 0 && decay <= 1);
        assert_true(parts_value(&set.item[i].c.parts, "decay") == decay);
        drums++;
    }
    assert_true(drums > 0);
    assert_int_equal(set.count, result.copied);
    catalog_close(catalog);
    /* so is what was put on an instrument, and a set of nothing is none */
    struct catalog_find drum = mined_first(m, KIND_DRUM, false);
    size_t wished = 0, all = set.count, bytes, once = 0;
    kit_set_done(&set);
    char path[CANDIDATE_PATH_BYTES], *copy = NULL;
    candidate_path(&drum.c, path);
    say_slot(m, "RC", path);
    job.force = true;
    job.options.top = 100;
    assert_int_equal(curate_run(&job, &result, &e), ST_OK);
    assert_int_equal(kit_load(&set, best, target_find("tr8s"), &m->cfg, false, NULL, &e),
                     ST_OK);
    for (size_t i = 0; i < set.count; i++)
        if (set.item[i].wish == target_slot(target_find("tr8s"), "RC")) {
            assert_int_equal(
                path_read_file(set.item[i].path, 1 << 24, &copy, &bytes, NULL), ST_OK);
            wished++;
        }
    assert_int_equal(wished, 1);
    once = set.count;
    kit_set_done(&set);
    /* a copy of it, of whatever name, is not in the kit once more */
    folder_write(best, "0.wav", copy, bytes);
    free(copy);
    assert_int_equal(kit_load(&set, best, target_find("tr8s"), &m->cfg, false, NULL, &e),
                     ST_OK);
    assert_int_equal(set.count, once);
    kit_set_done(&set);
    say_slot(m, "RC", "");
    folder_remove(best);
    assert_int_equal(mkdir(best, 0777), 0);
    folder_write(best, "manifest.csv", "filename,source,type\n", 21);
    assert_int_equal(
        kit_load(&set, m->project, target_find("tr8s"), &m->cfg, false, NULL, &e), ST_OK);
    assert_true(set.count >= all);
    kit_set_done(&set);
    folder_remove(best);
}

static void best_of_sets_hold_what_was_edited(void **state)
{
    struct mined *m = *state;
    struct catalog_find drum, miss;
    struct curate_result result;
    struct err e = {0};
    char best[300];
    accept_two(m, &drum, &miss);
    snprintf(best, sizeof best, "%s/best", m->top);
    struct curate_job job = {.input_root = m->project,
                             .output_root = best,
                             .options = {.top = 0, .diversity = 0.3}};
    if (curate_run(&job, &result, &e) != ST_OK)
        fail_msg("%s", e.msg);
    assert_int_equal(result.copied, 2);
    FREED struct candidate *rows;
    size_t n;
    snprintf(m->path, sizeof m->path, "%s/manifest.csv", best);
    assert_int_equal(manifest_read(m->path, &rows, &n, NULL), ST_OK);
    assert_int_equal(n, 2);
    const struct candidate *row = row_of(rows, n, "drum");
    assert_non_null(row);
    assert_true(text_has(row->filename, "_edit.wav"));
    assert_true(fabs(row->m.end_sec - row->m.start_sec - 3000.0 / MINED_RATE) < 1e-5);
    assert_int_equal(strlen(row->sha256), 64);
    snprintf(m->path, sizeof m->path, "%s/drums/%s", best, row->filename);
    OWN(audio) a = sound_read(m->path);
    assert_int_equal(a.frames, 3000);
    audio_done(&a);
    row = row_of(rows, n, "miss");
    assert_non_null(row);
    char name[900];
    snprintf(name, sizeof name, "%s/pads/%s", best, row->filename);
    assert_int_equal(access(name, R_OK), 0);
    free(rows);
    assert_int_equal(tree_count(best, ".tmp"), 0);
    /* again: everything is there already, and stays the same */
    FREED char *before = tree_hash(best, NULL);
    assert_int_equal(curate_run(&job, &result, &e), ST_OK);
    assert_int_equal(result.kept, 2);
    assert_int_equal(result.copied, 0);
    FREED char *after = tree_hash(best, NULL);
    assert_string_equal(before, after);
    /* without the recordings: the mined file under its own name, and nothing of a
     * near-miss */
    FREED const char *from = text_of("%s/tapes", m->top);
    FREED const char *to = text_of("%s/elsewhere", m->top);
    assert_int_equal(rename(from, to), 0);
    job.force = true;
    assert_int_equal(curate_run(&job, &result, &e), ST_OK);
    assert_int_equal(rename(to, from), 0);
    assert_int_equal(result.chosen, 1);
    assert_int_equal(result.missing, 1);
    snprintf(m->path, sizeof m->path, "%s/drums/%s", best, drum.c.filename);
    assert_int_equal(sha256_file(m->path, name, NULL), ST_OK);
    assert_string_equal(name, drum.c.sha256);
    assert_int_equal(tree_count(best, ".wav"), 1);
    snprintf(m->path, sizeof m->path, "%s/manifest.csv", best);
    assert_int_equal(manifest_read(m->path, &rows, &n, NULL), ST_OK);
    assert_int_equal(n, 1); /* and it lies where it was mined, not where it was moved */
    snprintf(m->path, sizeof m->path, "%s/drums/%s", best, drum.c.filename);
    assert_int_equal(soundfile_load(m->path, 0, &a, NULL), ST_OK);
    assert_int_not_equal(a.frames, 3000);
    double seconds = (double)a.frames / MINED_RATE;
    assert_true(fabs(rows[0].m.end_sec - rows[0].m.start_sec - seconds) < 1e-4);
    assert_true(fabs(rows[0].m.duration_sec - seconds) < 1e-5);
    assert_int_equal(rows[0].decision, DECISION_ACCEPTED);
}

/* How many play RC in a kit of the set; `c`: the last of them. */
static size_t on_rc(struct mined *m, const char *best, uint64_t id, struct candidate *c,
                    bool *recut)
{
    OWN(kit_set) set;
    size_t n = 0;
    assert_int_equal(
        kit_load(&set, best, target_find("tr8s"), &m->cfg, false, NULL, NULL), ST_OK);
    for (size_t i = 0; i < set.count; i++) {
        bool rc = set.item[i].wish == target_slot(target_find("tr8s"), "RC");
        assert_true(rc == (set.item[i].id == id)); /* and nowhere else */
        if (rc) {
            *c = set.item[i].c;
            *recut = set.item[i].recut;
            n++;
        }
    }
    return n;
}

/* A set knows what was cut anew by another name, and may be without it. */
static void what_is_on_a_slot_stays_there_whatever_the_set(void **state)
{
    struct mined *m = *state;
    struct curate_result result;
    struct candidate c;
    bool recut;
    char path[CANDIDATE_PATH_BYTES];
    struct catalog_find drum = mined_first(m, KIND_DRUM, false);
    candidate_path(&drum.c, path);
    FREED const char *value = text_of("%lld %lld", (long long)drum.c.start_frame,
                                      (long long)drum.c.start_frame + 3000);
    mined_say(m, FIELD_EDGES, drum.id, value);
    say_slot(m, "RC", path);
    FREED const char *best = text_of("%s/best_of", m->project);
    struct curate_job job = {
        .input_root = m->project, .output_root = best, .force = true};
    mined_say(m, FIELD_DECISION, drum.id, "accepted");
    assert_int_equal(curate_run(&job, &result, NULL), ST_OK);
    assert_int_equal(on_rc(m, best, drum.id, &c, &recut), 1);
    assert_true(text_has(c.filename, "_edit.wav") && !recut);
    mined_say(m, FIELD_DECISION, drum.id, "rejected"); /* since the set was made */
    assert_int_equal(on_rc(m, best, drum.id, &c, &recut), 0);
    mined_say(m, FIELD_DECISION, drum.id, "undecided");
    assert_int_equal(curate_run(&job, &result, NULL), ST_OK);
    assert_int_equal(on_rc(m, best, drum.id, &c, &recut), 1);
    assert_true(strcmp(c.filename, drum.c.filename) == 0 && recut);
    mined_say(m, FIELD_DECISION, drum.id, "accepted");
    say_slot(m, "RC", "");
    folder_remove(best);
}

static void note_line(void *said, enum log_level level, const char *source,
                      const char *line)
{
    (void)source;
    (void)level;
    text_add(said, line);
}

/* A manifest alone tells no rate of a recording, which places in it hang on; the record
 * beside it does. */
static void edits_without_a_record_are_not_heard_and_said(void **state)
{
    struct mined *m = *state;
    struct catalog_find drum = mined_first(m, KIND_DRUM, false);
    struct curate_result result;
    OWN(text) said = {0};
    struct log log = {.user = &said, .sink = note_line};
    char words[1024], hash[65];
    snprintf(words, sizeof words,
             "edges \"%lld %lld\" tape/drum/%s\naccepted tape/drum/%s\n",
             (long long)drum.c.start_frame, (long long)drum.c.start_frame + 2500,
             drum.c.filename, drum.c.filename);
    folder_write(m->top, "words.txt", words, strlen(words));
    snprintf(m->path, sizeof m->path, "%s/words.txt", m->top);
    FREED const char *best = text_of("%s/best2", m->top);
    FREED const char *from = text_of("%s/catalog.db", m->project);
    FREED const char *to = text_of("%s/catalog.away", m->top);
    assert_int_equal(rename(from, to), 0);
    char record[400], away[400];
    FREED const char *decisions = text_of("%s", m->path);
    snprintf(record, sizeof record, "%s/.trowel/tape.record", m->project);
    snprintf(away, sizeof away, "%s/record.away", m->top);
    struct curate_job job = {.input_root = m->project,
                             .output_root = best,
                             .decisions = decisions,
                             .options = {.top = 1, .diversity = 0.3},
                             .ctx = &(struct job_context){.log = &log}};
    assert_int_equal(curate_run(&job, &result, NULL), ST_OK);
    FREED struct candidate *rows;
    size_t n;
    snprintf(m->path, sizeof m->path, "%s/manifest.csv", best);
    assert_int_equal(manifest_read(m->path, &rows, &n, NULL), ST_OK);
    const struct candidate *row = row_of(rows, n, "drum");
    assert_true(text_has(row->filename, "_edit.wav"));
    assert_true(fabs(row->m.end_sec - row->m.start_sec - 2500.0 / MINED_RATE) < 1e-5);
    folder_remove(best);
    assert_int_equal(rename(record, away), 0);
    assert_int_equal(curate_run(&job, &result, NULL), ST_OK);
    assert_int_equal(rename(away, record), 0);
    assert_int_equal(rename(to, from), 0);
    assert_true(text_has(said.at, "no catalog with the sample rate"));
    assert_true(text_has(said.at, "copied as it was mined"));
    snprintf(m->path, sizeof m->path, "%s/drums/%s", best, drum.c.filename);
    assert_int_equal(sha256_file(m->path, hash, NULL), ST_OK);
    assert_string_equal(hash, drum.c.sha256);
}

static int set_up(void **state)
{
    return mined_rig_setup(state, 1u << STAGE_PADS | 1u << STAGE_DRUMS);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(best_of_sets_know_how_hits_end),
        cmocka_unit_test(what_was_rejected_is_in_no_kit),
        cmocka_unit_test(what_was_put_into_a_kit_is_in_it),
        cmocka_unit_test(a_damaged_recording_cuts_nothing),
        cmocka_unit_test(kits_hold_what_was_edited),
        cmocka_unit_test(an_edited_loop_is_exported_as_it_is_heard),
        cmocka_unit_test(damaged_settings_cut_nothing),
        cmocka_unit_test(the_sheet_lets_ring_what_rings),
        cmocka_unit_test(best_of_sets_hold_what_was_edited),
        cmocka_unit_test(what_is_on_a_slot_stays_there_whatever_the_set),
        cmocka_unit_test(edits_without_a_record_are_not_heard_and_said),
    };
    return cmocka_run_group_tests_name("recut kept", tests, set_up, mined_rig_teardown);
}
