/* The batch mode on single recordings: what is found in them, what is left out, and what
 * is told of it. */
#include "batch_rig.h"
#include "checks.h"
#include "core/pi.h"
#include "core/rng.h"
#include "dsp/synth.h"
#include "tone.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* Where the loops came out, not where they were asked for. */
static void pads_lie_apart(void **state)
{
    struct place *p = *state;
    FREED struct candidate *rows;
    size_t count;
    RUN_WELL(p, "process", "--input_dir", "tapes/night-pads.wav", "--project_name",
             "APART", "--stages", "pads", "--set", "pad_miner.max_candidates_per_file=40",
             "--set", "curation.thresholds.min_rms_db=-12", "--set",
             "curation.auto_delete_grade_f=true", "--set",
             "brightness_tags.enabled=false", "--seed", "1");
    rows = manifest_rows(p, "export/APART", &count);
    assert_true(count > 8);
    for (size_t i = 0; i < count; i++)
        for (size_t k = 0; k < i; k++) {
            const struct measures *a = &rows[i].m, *b = &rows[k].m;
            double both = fmin(a->end_sec, b->end_sec) - fmax(a->start_sec, b->start_sec);
            double shorter = fmin(a->end_sec - a->start_sec, b->end_sec - b->start_sec);
            assert_true(both <= 0.25 * shorter + 1e-4);
        }
    /* and what was set: bad ones are not kept, names end with the number */
    size_t bad = 0;
    for (size_t i = 0; i < count; i++) {
        bad += rows[i].grade == 'F';
        assert_int_equal(rows[i].saved, rows[i].grade != 'F');
        FREED const char *file =
            text_of("export/APART/night-pads/pads/%s", rows[i].filename);
        assert_int_equal(there(p, file), rows[i].saved);
        FREED const char *name = text_of("night-pads_pad%02zu.wav", i + 1);
        bool numbered = false;
        for (size_t k = 0; k < count; k++)
            numbered = numbered || strcmp(rows[k].filename, name) == 0;
        assert_true(numbered);
    }
    assert_true(bad > 0 && bad < count);
}

static void one_source_pipelines_write_flat(void **state)
{
    struct place *p = *state;
    OWN(outcome) o;
    char path[1024];
    RUN_WELL(p, "drums", "--source", "in/jam-tape.wav", "--export", "hits", "--seed",
             "1");
    path_in(path, p, "hits");
    assert_true(tree_count(path, ".wav") > 10);
    assert_true(there(p, "hits/manifest.csv"));
    RUN_WELL(p, "silences", "--source", "in/jam-tape.wav", "--export", "tones",
             "--norm_db", "-20", "--seed", "1");
    FREED struct candidate *rows;
    size_t count;
    rows = manifest_rows(p, "tones", &count);
    assert_true(count > 2);
    for (size_t i = 0; i < count; i++)
        assert_true(fabs(rows[i].m.peak_dbfs + 20) < 1.0);
    RUN(o, p, "drums", "--source", "in/jam-tape.wav", "--export", "hits", "--seed", "2");
    assert_int_equal(o.exit_status, 4);
    assert_false(text_has(o.err, "--project_name")); /* drums has none */
    outcome_done(&o);
    RUN(o, p, "drums", "--source", "in/jam-tape.wav", "--export", "loud", "--norm_db",
        "6");
    assert_int_equal(o.exit_status, 2);
    outcome_done(&o);
    RUN(o, p, "silences", "--source", "in/jam-tape.wav", "--export", "loud", "--norm_db",
        "0", "--dry-run"); /* at which the grades take all for clipped */
    assert_int_equal(o.exit_status, 0);
    assert_true(text_has(o.err, "silence_miner.target_peak_dbfs (0) lies above"));
    assert_false(there(p, "loud"));
}

static void hits_left_out_are_told(void **state)
{
    struct place *p = *state;
    OWN(outcome) o;
    for (int few = 0; few < 2; few++) {
        RUN(o, p, "process", "--input-dir", "in", "--project-name", few ? "FEW" : "ALL",
            "--stages", "drums", "--seed", "1", "--set",
            few ? "drum_miner.max_saved_per_file=3"
                : "drum_miner.max_saved_per_file=300");
        assert_int_equal(text_has(o.err, "there are more hits, not among the best 3 "
                                         "(drum_miner.max_saved_per_file)"),
                         few);
        outcome_done(&o);
    }
    RUN(o, p, "process", "--input-dir", "in/jam-tape.wav", "--project-name", "ONE",
        "--stages", "drums", "--seed", "1", "--set", "drum_miner.max_saved_per_file=1");
    assert_true(text_has(o.out, "; 1 find (0 pads, ") && text_has(o.out, " 1 drum, "));
}

/* Ten seconds of a chord and four of room tone: no pad where none may be so loud. */
static void without_pads_the_setting_is_named(void **state)
{
    enum { RATE_HZ = 44100, FRAMES = 14 * RATE_HZ, TONE = 10 * RATE_HZ };
    struct place *p = *state;
    OWN(outcome) o;
    char folder[1024];
    struct rng r = rng_derive(3, 0, "room", 0);
    OWN(audio) a = tone_frames(FRAMES, 1, RATE_HZ);
    for (size_t i = 0; i < FRAMES; i++) {
        double x = 2e-3 * (rng_uniform(&r) - 0.5), turn = 2 * PI / RATE_HZ;
        for (int k = 4; i < TONE && k < 7; k++)
            x += 0.05 * sin(turn * 55 * k * (double)i);
        a.data[i] = (float)x;
    }
    path_in(folder, p, "chord");
    folder_wav(folder, "chord.wav", &a, 24);
    static const char said[] = "dB above the gate (pad_miner.max_rms_db)";
    RUN(o, p, "process", "--input-dir", "chord", "--project-name", "QUIET", "--seed", "1",
        "--stages", "pads,silences", "--set", "pad_miner.max_rms_db=-26", "--verbose");
    assert_int_equal(o.exit_status, 0);
    assert_true(text_has(o.err, "  chord_silence_001.wav: score 0."));
    assert_true(text_has(o.err, " still 1.00 (no onset inside), "));
    assert_true(text_has(o.err, "  near-miss: pad at "));
    assert_true(text_has(o.err, "no pad; the nearest: level "));
    assert_true(text_has(o.err, said));
    outcome_done(&o);
    RUN_SAYS(p, 1, err, said, "process", "--input-dir", "chord", "--project-name", "NONE",
             "--seed", "1", "--stages", "pads", "--set", "pad_miner.max_rms_db=-26");
    RUN_SAYS(p, 0, out, said, "analyze", "--source", "chord/chord.wav", "--set",
             "pad_miner.max_rms_db=-26");
    RUN(o, p, "process", "--input-dir", "chord", "--project-name", "LOUD", "--seed", "1",
        "--stages", "pads", "--set", "pad_miner.max_rms_db=-20");
    assert_int_equal(o.exit_status, 0);
    assert_false(text_has(o.err, "no pad"));
}

/* The same chord with a drummer over it: nobody asked for pads there, so they are only
 * counted, but all of it is told to who wants to know. */
static void a_drummer_is_not_told_of_pads(void **state)
{
    enum { RATE_HZ = 44100, FRAMES = 12 * RATE_HZ, HITS = 6 };
    struct place *p = *state;
    struct outcome o;
    char folder[1024];
    struct rng r = rng_derive(3, 0, "drummer", 0);
    static const char line[] = "no pad; the nearest: ";
    static const char count[] = "no pads in 2 recordings full of hits; the near misses",
                      apart[] = ", --set separation.pads=true removes the hits\n";
    OWN(audio) a = tone_frames(FRAMES, 1, RATE_HZ);
    for (size_t i = 0; i < FRAMES; i++)
        for (int k = 4; i < FRAMES / 2 && k < 7; k++)
            a.data[i] += (float)(0.05 * sin(2 * PI / RATE_HZ * 55 * k * (double)i));
    for (int i = 0; i < HITS; i++)
        synth_drum(SYNTH_SNARE, 0.7, 1, &r, a.data + FRAMES / 2 + i * RATE_HZ,
                   RATE_HZ / 2, RATE_HZ);
    path_in(folder, p, "drummer");
    folder_wav(folder, "one.wav", &a, 24);
    folder_wav(folder, "two.wav", &a, 16);
#define DRUMMER(name, ...)                                                               \
    RUN(o, p, "process", "--input-dir", "drummer", "--project-name", name, "--seed",     \
        "1", "--stages", "pads,drums", "--set", "pad_miner.max_rms_db=-26", __VA_ARGS__)
    DRUMMER("PLAIN", "--jobs", "1");
    assert_int_equal(o.exit_status, 0);
    assert_true(text_has(o.err, "one.wav: 7 drums "));
    assert_false(text_has(o.err, line));
    assert_true(text_has(o.err, count));
    assert_true(text_has(o.err, apart));
    outcome_done(&o);
    DRUMMER("TAKEN", "--set", "separation.pads=true", "--set",
            "pad_miner.max_rms_db=-28");
    assert_true(text_has(o.err, count));
    assert_false(text_has(o.err, apart));
    outcome_done(&o);
    DRUMMER("LONG", "--verbose");
    assert_true(text_has(o.err, line));
    assert_false(text_has(o.err, count));
    outcome_done(&o);
    DRUMMER("HALF", "--set", "drum_miner.max_saved_per_file=6"); /* .5 a second */
    assert_false(text_has(o.err, line));
    outcome_done(&o);
    DRUMMER("FEWER", "--set", "drum_miner.max_saved_per_file=5"); /* less */
    assert_true(text_has(o.err, line));
    assert_false(text_has(o.err, "full of hits"));
    outcome_done(&o);
    DRUMMER("JSON", "--json");
    assert_true(text_has(o.out, "\"nearest_pad_missed_by\""));
    assert_false(text_has(o.err, "no pad"));
    outcome_done(&o);
#undef DRUMMER
}

/* Shards that start together: whoever comes second has the seed of the first, and the
 * whole goes on with it. */
static void start_together(struct place *p, char *const shard[])
{
    pid_t pid[2];
    for (int i = 0; i < 2; i++) {
        char *argv[] = {TROWEL_BIN, "--batch",        "process", "--input-dir",
                        "three",    "--project-name", "AT_ONCE", "--stages",
                        "drums",    "--shard",        shard[i],  NULL};
        pid[i] = program_start(p->path, argv);
    }
    for (int i = 0; i < 2; i++)
        assert_int_equal(program_wait(pid[i]), 0);
    OWN(outcome) o;
    RUN(o, p, "process", "--input-dir", "three", "--project-name", "AT_ONCE", "--stages",
        "drums");
    assert_int_equal(o.exit_status, 0);
    assert_true(text_has(o.out, "3 sources: 0 done, 3 done before"));
}

/* Shards that nobody gave a seed have one: who comes later has it from the project, also
 * to start afresh. Finds of a recording that has left are nobody's share, and stay. */
static void shards_share_a_seed(void **state)
{
    enum { RATE_HZ = 44100 };
    struct place *p = *state;
    struct outcome o;
    char path[1024];
    FREED char *before = NULL;
    static char *const shard[] = {"1/2", "2/2"};
    for (int i = 0; i < 3; i++) {
        struct rng r = rng_derive(3, (uint64_t)i, "shards", 0);
        OWN(audio) a = tone_frames(2 * RATE_HZ, 1, RATE_HZ);
        for (int k = 0; k < 4; k++)
            synth_drum(SYNTH_SNARE, 0.7, 1, &r, a.data + k * RATE_HZ / 2, RATE_HZ / 3,
                       RATE_HZ);
        path_in(path, p, "three");
        FREED const char *name = text_of("%d.wav", i);
        folder_wav(path, name, &a, 16);
    }
    start_together(p, shard);
    for (int force = 0; force < 2; force++) {
        for (int i = 0; i < 2; i++) {
            RUN(o, p, "process", "--input-dir", "three", "--project-name", "PARTS",
                "--stages", "drums", "--shard", shard[i], force ? "--force" : "--resume");
            assert_int_equal(o.exit_status, 0);
            outcome_done(&o);
        }
        if (!force) {
            path_in(path, p, "three/1.wav");
            unlink(path);
            path_in(path, p, "export/PARTS");
            before = tree_hash(path, "catalog.db");
        }
    }
    FREED char *after = tree_hash(path, "catalog.db");
    assert_string_equal(before, after);
    assert_true(text_has(after, "/1/drums/1_drum_001"));
}

/* What the demo would make is told by name, and nothing is made. */
static void the_demo_tells_what_it_would_make(void **state)
{
    struct place *p = *state;
    OWN(outcome) o;
    RUN(o, p, "demo", "--output_dir", "shown", "--dry-run");
    assert_int_equal(o.exit_status, 0);
    assert_true(text_has(o.err, "8 demo recordings into shown/recordings"));
    assert_true(text_has(o.out, "jam-tape.wav") && text_has(o.out, "night-pads.wav"));
    assert_false(path_has(p->path, "shown"));
}

/* Of the project that the shards have left: one sample goes, one stays of a folder. */
static void one_is_told_as_one(void **state)
{
    struct place *p = *state;
    OWN(outcome) o;
    char from[1024], to[1024];
    static const char sample[] = "export/PARTS/1/drums/1_drum_001_snare.wav";
    path_in(to, p, "alone");
    folder_write(to, "note.txt", "-", 1);
    path_in(from, p, sample);
    path_in(to, p, "alone/one.wav");
    assert_int_equal(rename(from, to), 0);
    RUN(o, p, "report", "--input-dir", "alone");
    assert_true(text_has(o.out, "1 sample in alone/report.html"));
    outcome_done(&o);
    RUN(o, p, "report", "--input-dir", "alone", "--dry-run");
    assert_true(text_has(o.out, "1 sample would be in alone/report.html"));
    outcome_done(&o);
    RUN(o, p, "index", "--project", "export/PARTS");
    assert_true(text_has(o.out, "1 sample on record was removed and is left out"));
    outcome_done(&o);
    RUN(o, p, "process", "--input-dir", "three", "--project-name", "PARTS", "--stages",
        "drums");
    assert_true(
        text_has(o.out, "1 sample of earlier runs was removed; --force makes it"));
}

/* How many onsets are printed, and the least time between two. */
static int printed_onsets(char *text, double *gap_s)
{
    double last = -1;
    int lines = 0;
    *gap_s = 1e9;
    for (char *line = strtok(text, "\n"); line; line = strtok(NULL, "\n"), lines++) {
        char *end;
        double t = strtod(line, &end);
        assert_true(*end == '\0' && t > last);
        *gap_s = lines > 0 ? fmin(*gap_s, t - last) : *gap_s;
        last = t;
    }
    return lines;
}

/* Without anything percussive there is synthetic noise, where hiss alone is asked for; it
 * saves no recording that was asked for more. */
static void noise_stands_in_where_hiss_is_asked_for(void **state)
{
    struct place *p = *state;
    struct outcome o;
    char folder[1024];
    OWN(audio) a = tone_frames(4 * 44100, 1, 44100);
    for (size_t i = 0; i < a.frames; i++)
        a.data[i] = (float)(0.3 * sin(2 * PI * 220 / 44100 * (double)i));
    path_in(folder, p, "sine");
    folder_wav(folder, "sine.wav", &a, 24);
#define SINE(name, stages, ...)                                                          \
    RUN(o, p, "process", "--input-dir", "sine", "--project-name", name, "--seed", "1",   \
        "--stages", stages, __VA_ARGS__)
    SINE("NOISE", "hiss", "--jobs", "1");
    assert_int_equal(o.exit_status, 0);
    assert_true(text_has(o.err, "sine.wav: 3 hiss "));
    outcome_done(&o);
    path_in(folder, p, "export/NOISE/sine/hiss");
    assert_int_equal(tree_count(folder, ".wav"), 3);
    SINE("NONOISE", "hiss,silences", "--set", "hiss.use_synthetic_noise=false");
    assert_int_equal(o.exit_status, 1);
    assert_true(text_has(
        o.err, "sine.wav holds nothing usable: nothing comes close to hiss, silences"));
    outcome_done(&o);
    SINE("NODRUMS", "drums", "--set", "drum_miner.enabled=false", "--set",
         "global.target_peak_dbfs=0");
    assert_true(text_has(o.err, "global.target_peak_dbfs (0) lies above"));
    assert_true(text_has(o.err, "nothing usable: drum_miner.enabled is off"));
    outcome_done(&o);
    SINE("MORE", "hiss,silences", "--jobs", "1");
    assert_int_equal(o.exit_status, 1);
    outcome_done(&o);
#undef SINE
}

/* max_extracted counts pieces; of the long runs the best three are loops beside them. */
static void loops_stand_beside_the_silences(void **state)
{
    enum { RATE_HZ = 44100, RUN_FRAMES = 4 * RATE_HZ, RUNS = 5 };
    struct place *p = *state;
    struct outcome o;
    struct rng r = rng_derive(5, 0, "room", 0);
    char path[1024];
    OWN(audio) a = tone_frames((size_t)RUNS * RUN_FRAMES, 1, RATE_HZ);
    float low = 0; /* a room is not white */
    for (size_t i = 0; i < a.frames; i++) {
        low += 0.3f * (0.004f * (float)rng_gauss(&r) - low);
        double t = (double)(i % RUN_FRAMES) / RATE_HZ;
        a.data[i] = low + (t < 0.3 ? (float)(0.3 * sin(2000 * t)) : 0);
    }
    path_in(path, p, "room");
    folder_wav(path, "room.wav", &a, 24);
    for (int most = 2; most >= 0; most -= 2) {
        FREED char *setting = text_of("silence_miner.max_extracted=%d", most);
        FREED char *folder = text_of("quiet%d", most);
        RUN(o, p, "silences", "--source", "room/room.wav", "--export", folder, "--seed",
            "1", "--set", setting);
        assert_int_equal(o.exit_status, most ? 0 : 1);
        outcome_done(&o);
        path_in(path, p, folder);
        int all = tree_count(path, ".wav");
        assert_int_equal(all, most ? 2 + 3 : 0);
    }
    assert_true(there(p, "quiet2/room_silence_loop_03.wav"));
    assert_true(there(p, "quiet2/room_silence_002.wav"));
    assert_false(there(p, "quiet2/room_silence_003.wav"));
}

static double number_after(const char *text, const char *name)
{
    const char *line = strstr(text, name);
    assert_non_null(line);
    return strtod(line + strlen(name), NULL);
}

static void analyze_prints_onsets_alone(void **state)
{
    struct place *p = *state;
    OWN(outcome) o;
    double gap_s;
    RUN(o, p, "analyze", "--source", "in/jam-tape.wav", "--onsets");
    assert_int_equal(o.exit_status, 0);
    int usual = printed_onsets(o.out, &gap_s);
    assert_true(usual > 10);
    assert_true(gap_s < 0.4);
    outcome_done(&o);
    RUN(o, p, "analyze", "--source", "in/jam-tape.wav", "--onsets", "--json");
    static const char head[] = "{\"event\":\"summary\",\"pipeline\":\"analyze\","
                               "\"source\":\"in/jam-tape.wav\",\"onsets\":[";
    assert_int_equal(strncmp(o.out, head, sizeof head - 1), 0);
    assert_string_equal(strchr(o.out, ']'), "]}\n");
    int commas = 0;
    for (const char *c = o.out + sizeof head - 1; *c; c++)
        commas += *c == ',';
    assert_int_equal(commas, usual - 1);
    outcome_done(&o);
    /* They are the ones that hits are cut at. */
    RUN(o, p, "analyze", "--source", "in/jam-tape.wav", "--onsets", "--set",
        "drum_miner.delta=0.5");
    int fewer = printed_onsets(o.out, &gap_s);
    assert_in_range(fewer, 1, usual - 1);
    outcome_done(&o);
    RUN(o, p, "analyze", "--source", "in/jam-tape.wav", "--set", "drum_miner.delta=0.5");
    FREED const char *line = text_of("onsets            %d\n", fewer);
    assert_true(text_has(o.out, line));
    outcome_done(&o);
    /* of what the levels are: these two channels are not one */
    RUN(o, p, "analyze", "--source", "in/jam-tape.wav");
    assert_true(text_has(o.out, " Hz, 2 channels\n"));
    assert_true(text_has(o.out, " dBFS of the mono mean\n"));
    /* the parts of the spectrum: together they are the whole */
    static const char *const parts[] = {"\nsub ", "\nlow ", "\nmid ", "\nhigh ",
                                        "\nair "};
    double power = 0;
    for (size_t i = 0; i < sizeof parts / sizeof *parts; i++)
        power += pow(10, number_after(o.out, parts[i]) / 10);
    assert_true(fabs(10 * log10(power) - number_after(o.out, "\nrms ")) < 0.3);
    double spread = number_after(o.out, "\nspread "),
           rolloff = number_after(o.out, "\nrolloff ");
    assert_true(spread > 100 && spread < 22050 && rolloff > 20 && rolloff < 22050);
    assert_true(number_after(o.out, "\nnonfinite_samples ") == 0);
}

static int set_up(void **state)
{
    return batch_rig_setup_few(state, 2);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(pads_lie_apart),
        cmocka_unit_test(one_source_pipelines_write_flat),
        cmocka_unit_test(hits_left_out_are_told),
        cmocka_unit_test(without_pads_the_setting_is_named),
        cmocka_unit_test(a_drummer_is_not_told_of_pads),
        cmocka_unit_test(shards_share_a_seed),
        cmocka_unit_test(the_demo_tells_what_it_would_make),
        cmocka_unit_test(one_is_told_as_one),
        cmocka_unit_test(noise_stands_in_where_hiss_is_asked_for),
        cmocka_unit_test(loops_stand_beside_the_silences),
        cmocka_unit_test(analyze_prints_onsets_alone),
    };
    return cmocka_run_group_tests_name("batch one", tests, set_up, batch_rig_teardown);
}
