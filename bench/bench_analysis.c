/* bench_analysis: what the one analysis pass costs against bare decoding by libsndfile.
 *
 *   bench_analysis [FILE | SECONDS]
 *
 * Without a file, SECONDS (300) of 16-bit stereo at 44.1 kHz are generated next to the
 * working directory and removed again. Prints CPU time, × realtime, the ratio to decoding
 * the same file and the bytes of the track; in the last line the process's peak memory.
 */
#include "clock.h"
#include "core/pi.h"
#include "core/rng.h"
#include "dsp/analysis.h"
#include "io/soundfile.h"

#include <math.h>
#include <sndfile.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <unistd.h>

enum { BLOCK = 65536, GENERATED_RATE = 44100 };

/* Chords with hits on them and a little noise: nothing an analysis could skip. */
static bool generate(const char *path, int seconds)
{
    SF_INFO info = {.samplerate = GENERATED_RATE,
                    .channels = 2,
                    .format = SF_FORMAT_WAV | SF_FORMAT_PCM_16};
    SNDFILE *sf = sf_open(path, SFM_WRITE, &info);
    float *frame = malloc(2 * GENERATED_RATE * sizeof *frame);
    bool done = sf && frame;
    struct rng r = rng_derive(1, 0, "bench", 0);
    static const double chord[4][3] = {{220, 261.6, 329.6},
                                       {174.6, 220, 261.6},
                                       {196, 246.9, 293.7},
                                       {130.8, 164.8, 196}};
    for (int i = 0; done && i < seconds * GENERATED_RATE; i++) {
        double t = (double)i / GENERATED_RATE, beat = fmod(t, 0.5), hit = exp(-beat * 30);
        double tone = 0;
        for (int k = 0; k < 3; k++)
            tone += 0.08 * sin(2 * PI * chord[i / (2 * GENERATED_RATE) % 4][k] * t);
        double drum =
            0.4 * hit * sin(2 * PI * 60 * beat) + 0.2 * hit * rng_range(&r, -1, 1);
        float *now = frame + 2 * (i % GENERATED_RATE);
        now[0] = (float)(tone + drum);
        now[1] = (float)(0.7 * tone + drum + 0.01 * rng_range(&r, -1, 1));
        if ((i + 1) % GENERATED_RATE == 0)
            done = sf_writef_float(sf, frame, GENERATED_RATE) == GENERATED_RATE;
    }
    free(frame);
    return sf && sf_close(sf) == 0 && done;
}

/* The baseline: libsndfile alone makes floats of the file; returns the frames, −1 on
 * failure. */
static int64_t decode(const char *path, struct err *e)
{
    SF_INFO info = {0};
    SNDFILE *sf = sf_open(path, SFM_READ, &info);
    float *block = sf ? malloc(BLOCK * (size_t)info.channels * sizeof *block) : NULL;
    int64_t frames = 0, got = block ? BLOCK : 0;
    while (got > 0)
        frames += got = sf_readf_float(sf, block, BLOCK);
    if (sf)
        sf_close(sf);
    if (!block) {
        err_set(e, ST_UNREADABLE, "%s cannot be read", path);
        return -1;
    }
    free(block);
    return frames;
}

/* Decodes the file into an analysis; returns the frames, −1 on failure. */
static int64_t analyse(const char *path, struct analysis **a, struct err *e)
{
    struct soundfile *sf;
    if (soundfile_open(&sf, path, e) != ST_OK)
        return -1;
    const struct soundfile_info *info = soundfile_info(sf);
    float *block = malloc(BLOCK * (size_t)info->channels * sizeof *block);
    int64_t frames = block ? 0 : -1;
    if (block && analysis_new(a, info->rate_hz, info->channels, e) != ST_OK)
        frames = -1;
    size_t got = frames < 0 ? 0 : BLOCK;
    while (got > 0) {
        if (soundfile_read(sf, block, BLOCK, &got, e) != ST_OK ||
            analysis_push(*a, block, got, e) != ST_OK) {
            frames = -1;
            break;
        }
        frames += (int64_t)got;
    }
    free(block);
    soundfile_close(sf);
    return frames;
}

static int run(const char *path)
{
    struct err e = {0};
    struct analysis *a = NULL;
    struct track *t = NULL;
    double best_decode = 1e9, best_analysis = 1e9, finish = 0;
    for (int i = 0; i < 3; i++) {
        track_free(t);
        double t0 = cpu_s();
        int64_t frames = decode(path, &e);
        double t1 = cpu_s();
        int64_t again = frames < 0 ? -1 : analyse(path, &a, &e);
        double t2 = cpu_s();
        if (again < 0 || analysis_finish(a, &t, &e) != ST_OK) {
            analysis_free(a);
            fprintf(stderr, "bench_analysis: %s\n", e.msg);
            return 1;
        }
        analysis_free(a);
        double t3 = cpu_s();
        best_decode = fmin(best_decode, t1 - t0);
        best_analysis = fmin(best_analysis, t3 - t1);
        finish = t3 - t2;
    }
    const struct track_info *info = track_info(t);
    double seconds = (double)info->frames / info->rate_hz, hours = seconds / 3600;
    printf("%.1f s, %d Hz, %d channels\n", seconds, info->rate_hz, info->channels);
    printf("decode    %8.3f s   %8.0f x realtime\n", best_decode, seconds / best_decode);
    printf("analysis  %8.3f s   %8.0f x realtime   (finish %.3f s; %.2f s per hour)\n",
           best_analysis, seconds / best_analysis, finish, best_analysis / hours);
    printf("ratio     %8.1f     (decode and analysis over decode; bound 22)\n",
           best_analysis / best_decode);
    printf("track     %8.2f MB  %8.2f MB per hour\n", (double)track_bytes(t) / 1e6,
           (double)track_bytes(t) / 1e6 / hours);
    printf("found     rms %.2f dB  peak %.2f dB  %.2f LUFS  %zu onsets  %.2f bpm (%.2f)  "
           "key %s (%.2f)  tuning %+.1f cents\n",
           info->rms_db, info->peak_db, info->loudness_lufs, track_onsets(t)->count,
           info->tempo.bpm, info->tempo.confidence,
           info->key.name[0] ? info->key.name : "-", (double)info->key.confidence,
           info->tuning_cents);
    track_free(t);
    struct rusage usage;
    getrusage(RUSAGE_SELF, &usage);
    printf("peak      %8.1f MB\n", (double)usage.ru_maxrss / 1024);
    return 0;
}

int main(int argc, char **argv)
{
    const char *generated = "bench_analysis.tmp.wav";
    char *end = NULL;
    long seconds = argc > 1 ? strtol(argv[1], &end, 10) : 300;
    if (argc > 1 && (*end || seconds < 1))
        return run(argv[1]);
    if (!generate(generated, (int)(seconds < 20000 ? seconds : 20000))) {
        fprintf(stderr, "bench_analysis: cannot write %s\n", generated);
        return 1;
    }
    int status = run(generated);
    unlink(generated);
    return status;
}
