/* io/forward: regions that overlap, leave gaps, go back or lie beyond the end are what
 * soundfile_read_region gives. */
#include "checks.h"
#include "core/rng.h"
#include "folder.h"
#include "io/forward.h"
#include "tone.h"

#include <stdint.h>

enum { FRAMES = 20000, RATE = 8000 };

static void regions_are_those_of_the_file(void **state)
{
    static const struct {
        int64_t start;
        size_t frames;
    } region[] = {{0, 100},     {50, 100},    {60, 20},      {150, 500}, {640, 30},
                  {5000, 3000}, {7999, 1},    {8000, 4000},  {10, 40},   {19000, 5000},
                  {19500, 900}, {30000, 100}, {30050, 1000}, {0, 0},     {0, FRAMES}};
    const char *folder = *state;
    char path[FOLDER_BYTES];
    struct rng noise = rng_derive(1, 0, "test-forward", 0);
    OWN(audio) a = tone_frames(FRAMES, 2, RATE);
    for (size_t i = 0; i < 2 * FRAMES; i++)
        a.data[i] = (float)rng_range(&noise, -1, 1);
    folder_wav(folder, "a.wav", &a, 16);
    folder_path(path, folder, "a.wav");
    struct soundfile *one, *other;
    struct part_reader all;
    assert_int_equal(soundfile_open(&one, path, NULL), ST_OK);
    assert_int_equal(soundfile_open(&other, path, NULL), ST_OK);
    struct forward f;
    all = part_reader_all(one);
    forward_init(&f, &all, (struct offsets){0});
    for (size_t i = 0; i < sizeof region / sizeof *region; i++) {
        struct audio got, want;
        assert_int_equal(forward_read(&f, region[i].start, region[i].frames, &got, NULL),
                         ST_OK);
        assert_int_equal(
            soundfile_read_region(other, region[i].start, region[i].frames, &want, NULL),
            ST_OK);
        assert_int_equal(got.frames, want.frames);
        assert_int_equal(got.channels, 2);
        assert_int_equal(got.rate_hz, RATE);
        for (size_t s = 0; s < 2 * want.frames; s++)
            assert_true(got.data[s] == want.data[s]);
        audio_done(&want);
    }
    forward_done(&f);
    soundfile_close(one);
    soundfile_close(other);
}

int main(void)
{
    const struct CMUnitTest tests[] = {IN_FOLDER(regions_are_those_of_the_file)};
    return cmocka_run_group_tests_name("forward", tests, NULL, NULL);
}
