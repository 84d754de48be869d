#include "mined_rig.h"
#include "checks.h"

#include "core/process.h"
#include "dsp/level.h"
#include "dsp/synth.h"
#include "io/soundfile.h"
#include "tone.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { RATE = MINED_RATE };

/* Eight seconds of a slow chord, eight of hits, eight of room tone. */
static void write_recording(const char *folder)
{
    struct audio hit;
    struct rng r = rng_derive(3, 1, "recut", 0);
    struct audio a = tone_frames((size_t)MINED_SECONDS * RATE, 1, RATE);
    struct audio tone = tone_frames((size_t)8 * RATE, 1, RATE);
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
    folder_wav(folder, "tape.wav", &a, 24);
    audio_done(&tone);
    audio_done(&a);
}

void mined_rig_process(struct mined *m, const char *folder, const char *project,
                       unsigned stages)
{
    struct process_result result;
    struct err e = {0};
    struct process_input input = {.dir = folder, .stages = stages};
    struct process_job job = {.cfg = &m->cfg,
                              .inputs = &input,
                              .input_count = 1,
                              .export_root = m->export_root,
                              .project_name = project,
                              .jobs = 1,
                              .shard_index = 1,
                              .shard_count = 1,
                              .wake_fd = -1};
    if (process_run(&job, &result, &e) != ST_OK)
        fail_msg("%s", e.msg);
}

int mined_rig_setup(void **state, unsigned stages)
{
    struct mined *m = calloc(1, sizeof *m);
    assert_non_null(m);
    folder_make(m->top);
    char tapes[300];
    snprintf(tapes, sizeof tapes, "%s/tapes", m->top);
    write_recording(tapes);
    snprintf(m->export_root, sizeof m->export_root, "%s/export", m->top);
    snprintf(m->project, sizeof m->project, "%s/P", m->export_root);
    config_defaults(&m->cfg, NULL);
    m->cfg.reproducibility.random_seed.set = true;
    m->cfg.reproducibility.random_seed.value = 9;
    mined_rig_process(m, tapes, "P", stages);
    recut_site_init(&m->site, m->project, NULL);
    assert_string_equal(m->site.recordings, tapes);
    *state = m;
    return 0;
}

int mined_rig_teardown(void **state)
{
    FREED struct mined *m = *state;
    folder_remove(m->top);
    return 0;
}

struct catalog *mined_catalog(struct mined *m, enum catalog_mode mode)
{
    struct catalog *c;
    snprintf(m->path, sizeof m->path, "%s/catalog.db", m->project);
    assert_int_equal(catalog_open(&c, m->path, mode, NULL), ST_OK);
    return c;
}

struct audio mined_sound(struct mined *m, const struct candidate *c)
{
    snprintf(m->path, sizeof m->path, "%s/%s/%s/%s", m->project, c->source,
             category_folder(kind_category(c->kind)), c->filename);
    return sound_read(m->path);
}

struct catalog_find *mined_finds(struct mined *m, size_t *n)
{
    struct catalog_find *all;
    OWN(catalog) *c = mined_catalog(m, CATALOG_READ);
    assert_int_equal(catalog_load(c, &all, NULL, n, NULL), ST_OK);
    return all;
}

/* The first find of a kind, a near-miss or a real one. */
struct catalog_find mined_first(struct mined *m, enum kind kind, bool miss)
{
    struct catalog_find out = {0};
    size_t n;
    FREED struct catalog_find *all = mined_finds(m, &n);
    for (size_t i = 0; i < n && !out.id; i++)
        if (all[i].c.kind == kind && (all[i].c.missed_by[0] != 0) == miss)
            out = all[i];
    if (!out.id)
        fail_msg("nothing was mined of kind %s", kind_type(kind));
    return out;
}

void mined_say(struct mined *m, enum event_field field, uint64_t id, const char *value)
{
    OWN(catalog) *c = mined_catalog(m, CATALOG_WRITE);
    struct change change = {.field = field, .candidate = id};
    snprintf(change.value, sizeof change.value, "%s", value);
    assert_int_equal(catalog_record(c, &change, 1, "said", NULL, NULL), ST_OK);
}
