#include "sound_rig.h"
#include "checks.h"
#include "core/pi.h"

#include "core/rng.h"

#include <math.h>
#include <stdint.h>
#include <stdlib.h>

float *material(int channels, size_t frames, int rate)
{
    float *x = malloc(frames * (size_t)channels * sizeof *x);
    struct rng r = rng_derive(1, 0, "material", (uint64_t)channels);
    for (size_t i = 0; i < frames; i++)
        for (int c = 0; c < channels; c++) {
            double t = (double)i / rate;
            double v = 0.3 * sin(2 * PI * (200 + 31 * c) * t + 30 * sin(2 * t)) +
                       0.1 * rng_gauss(&r) * (i % 9000 < 300) + 0.02 * rng_gauss(&r);
            x[i * (size_t)channels + (size_t)c] =
                (float)(i % 60000 > 50000 ? 0 : fmin(fmax(v, -0.99), 0.99));
        }
    return x;
}

const char *sound_in(char path[FOLDER_BYTES], const char *folder, const char *name,
                     int format, int rate, int channels, size_t frames)
{
    FREED float *x = material(channels, frames, rate);
    folder_path(path, folder, name);
    int written = folder_sound(path, format, rate, channels, x, frames);
    return written ? path : NULL;
}

double worst_difference(const char *path, int count)
{
    struct audio part, expected;
    struct soundfile *sf;
    struct err e;
    struct audio all = sound_read(path);
    assert_int_equal(soundfile_open(&sf, path, &e), ST_OK);
    struct rng r = rng_derive(2, 0, "regions", 0);
    double worst = 0;
    for (int i = 0; i < count; i++) {
        size_t frames = 1 + rng_below(&r, 9000);
        int64_t start = rng_below(&r, (uint32_t)all.frames);
        if (i % 5 == 0)
            start = rng_below(&r, 3000);
        if (i % 5 == 1)
            start = (int64_t)all.frames - rng_below(&r, 20000);
        if (i % 5 == 2) /* ascending */
            start = (int64_t)all.frames * i / count;
        assert_int_equal(soundfile_read_region(sf, start, frames, &part, &e), ST_OK);
        assert_int_equal(part.frames, frames);
        assert_int_equal(audio_slice(&expected, &all, (size_t)start, frames, NULL),
                         ST_OK);
        for (size_t k = 0; k < frames * (size_t)part.channels; k++)
            worst = fmax(worst, fabs((double)part.data[k] - (double)expected.data[k]));
        audio_done(&part);
        audio_done(&expected);
    }
    soundfile_close(sf);
    audio_done(&all);
    return worst;
}

size_t frames_of(const char *path, bool *damaged)
{
    struct soundfile *sf;
    struct err e;
    enum status st = soundfile_open(&sf, path, &e);
    if (st)
        fail_msg("%s", e.msg);
    float block[128 * SOUNDFILE_MAX_CHANNELS];
    size_t total = 0, got;
    do {
        assert_int_equal(soundfile_read(sf, block, 128, &got, NULL), ST_OK);
        total += got;
        assert_int_equal(soundfile_position(sf), total);
    } while (got > 0);
    if (damaged)
        *damaged = soundfile_damage(sf) != NULL;
    soundfile_close(sf);
    return total;
}
