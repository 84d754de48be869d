#include "batch_rig.h"
#include "checks.h"

#include "core/demo.h"
#include "io/soundfile.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Seconds [from, to) of a demo recording. */
static void cut(const char *tapes, const char *folder, const char *name, double from_s,
                double to_s)
{
    char path[FOLDER_BYTES];
    OWN(audio) part;
    folder_path(path, tapes, name);
    OWN(audio) whole = sound_read(path);
    size_t start = (size_t)(from_s * whole.rate_hz), end = (size_t)(to_s * whole.rate_hz);
    assert_int_equal(audio_slice(&part, &whole, start, end - start, NULL), ST_OK);
    folder_wav(folder, name, &part, 16);
}

int batch_rig_setup_few(void **state, size_t recordings)
{
    static const struct {
        const char *name;
        double from_s, to_s;
    } cuts[] = {
        {"jam-tape.wav", 30, 42}, {"night-pads.wav", 4, 14}, {"full-sketch.wav", 0, 9}};
    static const char config[] =
        "drones: {pitch_shift_semitones: [0, 7], pad_variants: [warm],"
        " time_stretch_factors: [1.5], swell_duration_sec: 4}\n"
        "clouds: {clouds_per_source: 1, cloud_duration_sec: 2}\n"
        "hiss: {hiss_loops_per_source: 1, flicker_count: 2}\n"
        "pad_miner: {max_candidates_per_file: 2}\n";
    struct place *p = calloc(1, sizeof *p);
    char tapes[1024], in[1024];
    struct root r;
    folder_make(p->path);
    path_in(tapes, p, "tapes");
    path_in(in, p, "in");
    assert_int_equal(root_open(&r, tapes, true, NULL), ST_OK);
    for (int i = 0; i < demo_count(); i++)
        for (size_t k = 0; k < recordings; k++)
            if (strcmp(demo_name(i), cuts[k].name) == 0) {
                assert_int_equal(demo_write(&r, i, NULL), ST_OK);
                cut(tapes, in, cuts[k].name, cuts[k].from_s, cuts[k].to_s);
            }
    root_done(&r);
    folder_write(p->path, "config.yaml", config, sizeof config - 1);
    *state = p;
    return 0;
}

int batch_rig_setup(void **state)
{
    return batch_rig_setup_few(state, 3);
}

int batch_rig_teardown(void **state)
{
    FREED struct place *p = *state;
    folder_remove(p->path);
    return 0;
}

void batch_rig_went_well(struct outcome *o)
{
    if (o->exit_status != 0)
        fail_msg("ended with %d: %s", o->exit_status, o->err);
    outcome_done(o);
}

void path_in(char out[1024], const struct place *p, const char *relative)
{
    snprintf(out, 1024, "%s/%s", p->path, relative);
}

bool there(const struct place *p, const char *relative)
{
    return folder_has(p->path, relative);
}

void assert_same_trees(const struct place *p, const char *a, const char *b,
                       const char *without)
{
    char path[1024];
    path_in(path, p, a);
    FREED char *x = tree_hash(path, without);
    path_in(path, p, b);
    FREED char *y = tree_hash(path, without);
    assert_true(strlen(x) > 0);
    assert_string_equal(x, y);
}

struct candidate *manifest_rows(const struct place *p, const char *relative,
                                size_t *count)
{
    char folder[1024], path[FOLDER_BYTES];
    struct candidate *rows;
    path_in(folder, p, relative);
    assert_int_equal(
        manifest_read(folder_path(path, folder, "manifest.csv"), &rows, count, NULL),
        ST_OK);
    return rows;
}
