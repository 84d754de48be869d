/* Seeds, mutated by a fixed stream, through every fuzz target for a bounded time. The
 * stream is the same each time; a slow machine gets less far along it. */
#include "core/rng.h"
#include "io/config.h"

#include "checks.h"
#include "folder.h"
#include "fuzz/targets.h"

#include <sndfile.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "io/paths.h"

enum { MAX_BYTES = 1 << 16 };

static double seconds(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

/* A few edits: bytes changed, stretches dropped, doubled or blanked, the end cut. */
static size_t mutate(uint8_t *bytes, size_t n, struct rng *r)
{
    static const char hostile[] = "\0\xff\x7f\x80:{}[]&*!\"'\n,-.#%0";
    for (uint32_t edits = 1 + rng_below(r, 4); edits && n > 8; edits--) {
        size_t at = rng_below(r, (uint32_t)n), span = 1 + rng_below(r, 40);
        if (at + span > n)
            span = n - at;
        switch (rng_below(r, 6)) {
        case 0:
            bytes[at] = (uint8_t)rng_u64(r);
            break;
        case 1:
            bytes[at] = (uint8_t)hostile[rng_below(r, sizeof hostile - 1)];
            break;
        case 2:
            memmove(bytes + at, bytes + at + span, n - at - span);
            n -= span;
            break;
        case 3:
            if (n + span <= MAX_BYTES) {
                memmove(bytes + at + span, bytes + at, n - at);
                n += span;
            }
            break;
        case 4:
            memset(bytes + at, rng_below(r, 2) ? 0 : 0xff, span < 4 ? span : 4);
            break;
        default:
            if (rng_below(r, 4) == 0)
                n = at;
        }
    }
    return n;
}

static void replay(int (*target)(const uint8_t *, size_t), const void *seed, size_t size,
                   uint64_t item, double limit_s)
{
    FREED uint8_t *bytes = malloc(MAX_BYTES);
    struct rng r = rng_derive(1, 0, "fuzz", item);
    if (size > MAX_BYTES)
        size = MAX_BYTES;
    double end = seconds() + limit_s;
    target(seed, size);
    for (int i = 0; i < 20000 && seconds() < end; i++) {
        memcpy(bytes, seed, size);
        size_t n = mutate(bytes, size, &r);
        /* A copy of the exact size lets ASan see every byte read beyond it. */
        FREED uint8_t *exact = malloc(n ? n : 1);
        memcpy(exact, bytes, n);
        target(exact, n);
    }
}

static void replay_file(int (*target)(const uint8_t *, size_t), const char *path,
                        uint64_t item, double limit_s)
{
    FREED char *bytes;
    size_t n;
    assert_int_equal(path_read_file(path, 1 << 24, &bytes, &n, NULL), ST_OK);
    replay(target, bytes, n, item, limit_s);
}

static void configs(void **state)
{
    replay_file(fuzz_config, SOURCE_DIR "/config.yaml", 1, 0.6);
    static const char small[] =
        "clouds: {pitch_shift_range: [-3, 3], overlap_ratio: .5}\n"
        "pad_miner: {target_duration_sec: 2, crossfade_ms: 1e2}\n"
        "drones: {pad_variants: [warm, \"dark\"]}\n";
    replay(fuzz_config, small, sizeof small - 1, 2, 0.6);
}

static void manifests(void **state)
{
    static const char rows[] =
        "filename,source,source_path,type,start_sec,score,grade,saved,decision,rating,"
        "seed,"
        "sha256,parts,loops,start_frame\r\n"
        "a.wav,tape,\"x, \"\"y\"\".wav\",pad,1.5,0.25,A,true,accepted,3,42,,steady=0.5 "
        "seam=1,1:2:0.5:-40 3:4::,99\r\n"
        "b.wav,tape,z.wav,drum,,,,false,,,,,,,\r\n";
    replay(fuzz_manifest, rows, sizeof rows - 1, 3, 0.6);
}

static void themes(void **state)
{
    replay_file(fuzz_theme, SOURCE_DIR "/themes/terminal.yaml", 4, 0.5);
}

static void filters(void **state)
{
    static const char text[] =
        "cat:pads,drums grade>=B !is:accepted (dur>2 | \"tape 4\" bpm:118..124) "
        "key!=A#m len<500ms centroid>2k re*dark p?d has:bpm score>=.8";
    replay(fuzz_filter, text, sizeof text - 1, 5, 0.4);
}

static void decisions(void **state)
{
    static const char lines[] =
        "# trowel decisions 1\n"
        "decision accepted a/pad/a_pad01_mid.wav\nrejected b.wav\n"
        "note \"lovely \\\"tail\\\"\\x09\" a/pad/a_pad01_mid.wav\n"
        "slot BD tape4/drum/tape4_drum_031_kick.wav\ntrim BD -3.50\n"
        "edges \"100 2400\" a/pad/a.wav\nsteps SD 1000100010001000\ntempo 120.5\n"
        "class snare t/drum/t \\\\ x.wav\nrating 4 a/pad/b.wav\n";
    replay(fuzz_decisions, lines, sizeof lines - 1, 6, 0.6);
}

static void words(void **state)
{
    static const char *const text[] = {"con.\303\234bung: 3/4 \"x\".", "-12345.678901e-7",
                                       "18446744073709551615", "0.000012345678901234567"};
    for (size_t i = 0; i < sizeof text / sizeof *text; i++)
        replay(fuzz_words, text[i], strlen(text[i]), 30 + i, 0.2);
}

static void sound_files(void **state)
{
    const char *folder = *state;
    static const int formats[] = {
        SF_FORMAT_WAV | SF_FORMAT_PCM_16,  SF_FORMAT_WAV | SF_FORMAT_FLOAT,
        SF_FORMAT_AIFF | SF_FORMAT_PCM_24, SF_FORMAT_FLAC | SF_FORMAT_PCM_16,
        SF_FORMAT_OGG | SF_FORMAT_VORBIS,  SF_FORMAT_MPEG | SF_FORMAT_MPEG_LAYER_III,
        SF_FORMAT_CAF | SF_FORMAT_PCM_16,  SF_FORMAT_AU | SF_FORMAT_PCM_16,
        SF_FORMAT_W64 | SF_FORMAT_PCM_16,  SF_FORMAT_RF64 | SF_FORMAT_PCM_16};
    char path[FOLDER_BYTES];
    float x[6000];
    struct rng r = rng_derive(2, 0, "fuzz", 0);
    for (int i = 0; i < 6000; i++)
        x[i] = (float)(0.1 * rng_gauss(&r));
    folder_path(path, folder, "seed");
    for (size_t i = 0; i < sizeof formats / sizeof *formats; i++) {
        assert_true(folder_sound(path, formats[i], 44100, 2, x, 3000));
        replay_file(fuzz_soundfile, path, 10 + i, 0.2);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(configs), cmocka_unit_test(manifests), cmocka_unit_test(themes),
        cmocka_unit_test(filters), cmocka_unit_test(decisions), cmocka_unit_test(words),
        IN_FOLDER(sound_files),
    };
    return cmocka_run_group_tests_name("fuzz", tests, NULL, NULL);
}
