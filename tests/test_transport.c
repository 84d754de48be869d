/* audio/transport: what is heard, offline and to the sample. */
#include "checks.h"
#include "core/pi.h"
#include "transport_rig.h"

#include "dsp/level.h"
#include "dsp/loudness.h"
#include "folder.h"
#include "gated_open.h"
#include "io/paths.h"
#include "soundcard.h"

#include <math.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

static struct stage g;

static int set_up(void **state)
{
    open_stage(&g, TRANSPORT_OFFLINE);
    return 0;
}

static int tear_down(void **state)
{
    close_stage(&g);
    return 0;
}

static void play(const struct play_item *item)
{
    transport_play(g.t, item);
    transport_settle(g.t);
}

static void true_level_is_the_file(void **state)
{
    struct play_item item = add(&g, 0, 20000, 2, 1);
    item.once = true; /* its edges, too */
    float out[21000 * 2];
    transport_set_matched(g.t, false);
    transport_play(g.t, &item);
    status(&g);
    assert_true(g.s.playing && g.s.id == 100);
    transport_settle(g.t);
    status(&g);
    assert_true(g.s.playing && !g.s.loading);
    transport_render(g.t, out, 10000);
    status(&g);
    assert_true(fabs(g.s.position_s - 10000.0 / RATE) < 1e-9);
    assert_true(fabs(g.s.length_s - 20000.0 / RATE) < 1e-9);
    transport_render(g.t, out + 20000, 11000);
    assert_memory_equal(out, g.sound[0].data, 40000 * sizeof(float));
    status(&g);
    assert_false(g.s.playing);
    assert_int_equal(g.s.device, DEVICE_SILENT);
}

/* Render `seconds` and measure what was heard. */
static void hear(double seconds, struct audio *out)
{
    assert_int_equal(audio_init(out, (size_t)(seconds * RATE), 2, RATE, NULL), ST_OK);
    transport_render(g.t, out->data, out->frames);
}

static void matching_brings_all_to_one_loudness(void **state)
{
    static const double levels[] = {0.02, 0.1, 0.9};
    for (int i = 0; i < 3; i++) {
        struct play_item item = add(&g, i, RATE * 4, 1, levels[i]);
        OWN(audio) heard;
        struct loudness l;
        play(&item);
        hear(4, &heard);
        assert_int_equal(loudness_measure(&heard, &l, NULL), ST_OK);
        /* a mono file sounds from both sides: 3 dB more than the file alone */
        assert_true(fabs(l.integrated_lufs + 18 - 3.01) < 0.2);
        status(&g);
        assert_true(g.s.matched);
        audio_done(&heard);
        transport_stop(g.t);
        hear(0.1, &heard);
    }
}

/* The loudness that was asked for. */
static void matching_is_to_the_loudness_of_the_options(void **state)
{
    OWN(audio) heard;
    struct loudness l;
    transport_free(g.t);
    struct transport_options o = {.backend = TRANSPORT_OFFLINE, .match_lufs = -27};
    assert_int_equal(transport_new(&g.t, &o, NULL), ST_OK);
    struct play_item item = add(&g, 0, RATE * 4, 1, 0.5);
    play(&item);
    hear(4, &heard);
    assert_int_equal(loudness_measure(&heard, &l, NULL), ST_OK);
    assert_true(fabs(l.integrated_lufs + 27 - 3.01) < 0.2);
}

static void matching_never_exceeds_the_peak(void **state)
{
    OWN(audio) heard;
    /* a click of 3 ms: very quiet over 400 ms, but as high as any */
    struct play_item item = add(&g, 0, 130, 1, 0.5);
    item.once = true;
    play(&item);
    hear(0.2, &heard);
    double peak_db = level_to_db(level_true_peak(&heard, false));
    assert_true(peak_db < -0.98 && peak_db > -1.1);
}

static void toggling_the_match_is_ramped_and_exact_at_the_end(void **state)
{
    float out[20000 * 2];
    struct play_item item = add(&g, 0, 40000, 1, 0.1);
    play(&item);
    transport_render(g.t, out, 5000);
    double gain = (double)out[2000] / (double)sample(&g, 0, 1000);
    struct loudness own;
    assert_int_equal(loudness_measure(&g.sound[0], &own, NULL), ST_OK);
    assert_true(fabs(20 * log10(gain) - (-18 - own.momentary_max_lufs)) < 0.001);
    transport_set_matched(g.t, false);
    transport_render(g.t, out, 15000);
    for (size_t i = 1000; i < 15000; i++)
        assert_true(out[2 * i] == sample(&g, 0, 5000 + i));
    transport_set_volume(g.t, -6);
    transport_render(g.t, out, 10000);
    assert_true(fabs((double)out[2 * 5000] / (double)sample(&g, 0, 25000) -
                     pow(10, -0.3)) < 1e-5);
    transport_set_volume(g.t, -200);
    transport_render(g.t, out, 5000);
    assert_true(out[2 * 4000] == 0);
    status(&g);
    assert_true(g.s.volume_db == -60);
}

static void space_and_seek(void **state)
{
    float out[20000 * 2];
    transport_set_matched(g.t, false);
    transport_toggle(g.t); /* nothing to play yet */
    status(&g);
    assert_true(!g.s.playing && g.s.id == 0);
    struct play_item item = add(&g, 0, RATE * 2, 1, 1);
    item.once = true;
    play(&item);
    transport_render(g.t, out, 10000);
    transport_seek(g.t, 0.5);
    transport_render(g.t, out, 10000);
    for (size_t i = 600; i < 10000; i++)
        assert_true(out[2 * i] == sample(&g, 0, 10000 + RATE / 2 + i));
    transport_toggle(g.t);
    transport_render(g.t, out, 1000);
    status(&g);
    assert_true(!g.s.playing && out[2 * 900] == 0);
    transport_seek(g.t, 99);
    status(&g);
    assert_true(g.s.position_s < 2 && g.s.position_s > 1.999); /* the last frame */
    transport_seek(g.t, 1 - g.s.position_s);
    status(&g);
    assert_true(fabs(g.s.position_s - 1) < 1e-9);
    transport_toggle(g.t);
    transport_render(g.t, out, 2000);
    assert_true(out[2 * 1500] == sample(&g, 0, RATE + 1500));
    transport_seek(g.t, -100);
    transport_render(g.t, out, 2000);
    assert_true(out[2 * 1500] == sample(&g, 0, 1500));
    transport_seek(g.t, 100); /* clamped to the last frame: it ends there */
    transport_render(g.t, out, 2000);
    status(&g);
    assert_false(g.s.playing);
    transport_toggle(g.t);
    transport_render(g.t, out, 100);
    assert_true(out[0] == sample(&g, 0, 0)); /* from the beginning, not faded */
    /* sought while it is still: kept within the sound, and for nothing else that plays */
    transport_stop(g.t);
    transport_render(g.t, out, 1000);
    transport_seek(g.t, -5);
    status(&g);
    assert_true(g.s.position_s == 0);
    transport_seek(g.t, 0.5);
    play(&item);
    transport_render(g.t, out, 100);
    assert_true(out[0] == sample(&g, 0, 0));
}

static void loops_and_their_switch(void **state)
{
    float out[20000 * 2];
    transport_set_matched(g.t, false);
    transport_set_loop(g.t, true);
    struct play_item item = add(&g, 0, 30000, 1, 1);
    item.loop_start_frame = 1000;
    item.loop_end_frame = 9000;
    play(&item);
    transport_render(g.t, out, 15000);
    for (size_t i = 600; i < 15000; i++)
        assert_true(out[2 * i] == sample(&g, 0, i < 9000 ? i : i - 8000));
    transport_render(g.t, out, 4000); /* from 7000 */
    for (size_t i = 0; i < 4000; i++)
        assert_true(out[2 * i] == sample(&g, 0, i < 2000 ? 7000 + i : i - 1000));
    transport_set_loop(g.t, false);
    transport_render(g.t, out, 20000); /* from 3000 on, to where it may end */
    assert_true(out[2 * 19999] == sample(&g, 0, 22999));
    transport_set_loop(g.t, true);
    item.once = true; /* a hit ends, loop or not */
    play(&item);
    for (int i = 0; i < 3; i++)
        transport_render(g.t, out, 12000);
    assert_true(out[2 * 5999] == sample(&g, 0, 29999) && out[2 * 6000] == 0);
    status(&g);
    assert_true(g.s.loop && g.s.once && !g.s.playing);
}

/* The largest step from one sample to the next on the left. */
static double largest_step(const float *out, size_t frames)
{
    float most = 0;
    for (size_t i = 1; i < frames; i++)
        most = fmaxf(most, fabsf(out[2 * i] - out[2 * (i - 1)]));
    return (double)most;
}

/* What is cut to loop begins and ends in the middle of its sound: it is heard without a
 * click from the first to the last frame, over another one and in a slot of the kit. A
 * hit with such a start keeps it. */
static void loops_begin_and_end_without_a_click(void **state)
{
    enum { N = RATE / 2 };
    const double hz = 110, level = 0.5, step = 2 * PI * hz / RATE * level;
    static float out[RATE * 3 * 2];
    struct kit_pattern p;
    transport_set_matched(g.t, false);
    transport_set_loop(g.t, true);
    struct play_item item[2];
    for (int n = 0; n < 2; n++) { /* cosines of a whole number of periods */
        item[n] = add(&g, n, N, 1, 0);
        for (size_t i = 0; i < N; i++)
            g.sound[n].data[i] =
                (float)((n ? -level : level) * cos(2 * PI * hz * (double)i / RATE));
        FREED const char *name = text_of("%d.wav", n);
        folder_wav(g.folder, name, &g.sound[n], 24);
    }
    transport_prefetch(g.t, item, 2);
    transport_settle(g.t);
    transport_render(g.t, out, 100);
    transport_play(g.t, &item[0]);
    transport_render(g.t, out + 200, N); /* round once, then the other over it */
    transport_play(g.t, &item[1]);
    transport_render(g.t, out + 2 * (100 + N), N);
    transport_set_loop(g.t, false);
    transport_render(g.t, out + 2 * (100 + 2 * N), 2 * N);
    status(&g);
    assert_false(g.s.playing);
    assert_true(largest_step(out, 100 + 4 * N) < 1.3 * step);
    kit_pattern_clear(&p);
    p.steps[0] = 1;
    transport_kit_slot(g.t, 0, &item[0], 0);
    transport_kit_pattern(g.t, &p);
    transport_kit_tempo(g.t, 100);
    transport_settle(g.t);
    transport_kit_run(g.t, true);
    transport_render(g.t, out, 3 * N);
    assert_true(fabsf(out[2 * 1000] - sample(&g, 0, 1000)) < 1e-6f);
    assert_true(largest_step(out, 3 * N) < 1.3 * step);
    transport_kit_run(g.t, false);
    transport_render(g.t, out, N);
    item[0].once = true;
    transport_play(g.t, &item[0]);
    transport_render(g.t, out, N + 1);
    assert_true(fabsf(out[0] - sample(&g, 0, 0)) < 1e-6f);
    assert_true(fabsf(out[2 * (N - 1)] - sample(&g, 0, N - 1)) < 1e-6f);
}

/* The last second runs into the first, again and again. */
static void the_seam_of_a_loop(void **state)
{
    enum { N = 3 * RATE, EDGE = RATE / 50 };
    static float out[6 * RATE * 2];
    transport_set_matched(g.t, false);
    transport_set_loop(g.t, true);
    struct play_item item = add(&g, 0, N, 1, 1);
    item.loop_end_frame = N;
    transport_seam(g.t, &item);
    transport_settle(g.t);
    transport_render(g.t, out, 5 * RATE);
    for (size_t i = EDGE; i < 5 * RATE; i++) {
        size_t round = i % (2 * RATE),
               from = round < RATE ? N - RATE + round : round - RATE;
        bool edge = round < EDGE || round >= 2 * RATE - EDGE; /* where it turns back */
        if (!edge)
            assert_true(out[2 * i] == sample(&g, 0, from));
    }
    transport_seek(g.t, -0.3); /* there is nowhere to go: half a round is over */
    transport_render(g.t, out, RATE);
    for (size_t i = EDGE; i < RATE - EDGE; i++)
        assert_true(out[2 * i] == sample(&g, 0, i));
}

static void a_stretch_of_a_file(void **state)
{
    float out[20000 * 2];
    transport_set_matched(g.t, false);
    struct play_item item = add(&g, 0, RATE * 3, 2, 1);
    item.start_frame = 50000;
    item.end_frame = 60000;
    play(&item);
    transport_render(g.t, out, 12000);
    for (size_t i = 600; i < 9400; i++)
        assert_true(out[2 * i] == sample(&g, 0, 50000 + i));
    assert_true(fabsf(out[0]) < 0.01f && fabsf(out[2 * 9999]) < 0.01f);
    assert_true(out[2 * 10000] == 0);
    status(&g);
    assert_true(fabs(g.s.length_s - 10000.0 / RATE) < 1e-9);
}

static void in_context(void **state)
{
    float out[30000 * 2];
    transport_set_matched(g.t, false);
    transport_set_loop(g.t, true); /* does not matter here */
    struct play_item item = add(&g, 0, RATE * 3, 1, 1);
    item.start_frame = RATE;
    item.end_frame = RATE + 4410;
    transport_context(g.t, &item, 0.25);
    transport_settle(g.t);
    transport_render(g.t, out, 5000);
    status(&g);
    assert_true(g.s.mode == PLAY_CONTEXT);
    assert_true(fabs(g.s.length_s - 3) < 1e-9);
    assert_true(fabs(g.s.position_s - (0.75 + 5000.0 / RATE)) < 1e-4);
    assert_true(out[2 * 4000] == sample(&g, 0, RATE - RATE / 4 + 4000));
    transport_seek(g.t, 1 - g.s.position_s);
    transport_render(g.t, out, 5000);
    assert_true(out[2 * 4000] == sample(&g, 0, RATE + 4000));
    transport_render(g.t, out, 25000);
    status(&g);
    assert_false(g.s.playing); /* ends, in spite of the loop switch */
    item.start_frame = 100;    /* at the edges of the recording */
    item.end_frame = 0;
    transport_context(g.t, &item, 10);
    transport_settle(g.t);
    transport_render(g.t, out, 1000);
    assert_true(fabsf(out[0]) < 0.01f && out[2 * 600] == sample(&g, 0, 600));
}

static void flip_compares_at_one_place(void **state)
{
    float out[20000 * 2];
    transport_set_matched(g.t, false);
    struct play_item a = add(&g, 0, 60000, 1, 1), b = add(&g, 1, 60000, 1, 1);
    transport_prefetch(g.t, &b, 1);
    play(&a);
    transport_render(g.t, out, 7000);
    transport_flip(g.t, &b);
    transport_render(g.t, out, 5000);
    assert_true(out[2 * 4000] == sample(&g, 1, 11000));
    transport_flip(g.t, &a);
    transport_render(g.t, out, 5000);
    assert_true(out[2 * 4000] == sample(&g, 0, 16000));
    status(&g);
    assert_true(g.s.id == 100 && g.s.playing);
    transport_stop(g.t);
    transport_render(g.t, out, 1000);
    transport_flip(g.t, &b);
    transport_render(g.t, out, 1000);
    assert_true(out[2 * 900] == sample(&g, 1, 900));
    /* what plays with its surroundings is at no place of the other's */
    b.start_frame = 30000;
    b.end_frame = 40000;
    transport_context(g.t, &b, 0.1);
    transport_settle(g.t);
    transport_render(g.t, out, 5000);
    transport_flip(g.t, &a);
    transport_render(g.t, out, 5000);
    assert_true(out[2 * 4000] == sample(&g, 0, 4000));
    status(&g);
    assert_true(g.s.mode == PLAY_PLAIN);
}

/* How long a sound is that is still being read, the one before does not tell. */
static void a_seek_goes_into_what_is_being_read(void **state)
{
    float out[4000 * 2];
    transport_set_matched(g.t, false);
    struct play_item brief = add(&g, 0, 4000, 1, 1), item = add(&g, 1, 60000, 1, 1);
    brief.once = item.once = true;
    play(&brief);
    transport_render(g.t, out, 1000);
    atomic_store(&gate_closed, true);
    transport_play(g.t, &item);
    transport_seek(g.t, 0.5);
    transport_seek(g.t, 0.5);
    status(&g);
    assert_true(g.s.playing && g.s.loading);
    atomic_store(&gate_closed, false);
    transport_settle(g.t);
    transport_render(g.t, out, 2000);
    assert_true(out[2 * 1500] == sample(&g, 1, RATE + 1500));
    /* stopped before it came: nothing is shown of the one before */
    struct play_item third = add(&g, 2, 9000, 1, 1);
    atomic_store(&gate_closed, true);
    transport_play(g.t, &third);
    transport_stop(g.t);
    status(&g);
    atomic_store(&gate_closed, false);
    assert_true(g.s.id == 102 && !g.s.playing && g.s.length_s == 0);
}

static bool no_memory;
char *__real_strdup(const char *s);
char *__wrap_strdup(const char *s);
char *__wrap_strdup(const char *s)
{
    return no_memory ? NULL : __real_strdup(s);
}

/* What there is no memory for takes the place of nothing. */
static void without_memory_the_one_before_comes(void **state)
{
    float out[4000 * 2];
    transport_set_matched(g.t, false);
    struct play_item a = add(&g, 0, 60000, 1, 1), b = add(&g, 1, 60000, 1, 1);
    atomic_store(&gate_closed, true);
    transport_play(g.t, &a);
    no_memory = true;
    transport_play(g.t, &b);
    transport_flip(g.t, &b);
    transport_kit_slot(g.t, 0, &b, 0);
    transport_prefetch(g.t, &b, 1);
    no_memory = false;
    atomic_store(&gate_closed, false);
    transport_settle(g.t);
    transport_render(g.t, out, 2000);
    status(&g);
    assert_true(g.s.playing && g.s.id == a.id);
    assert_true(out[2 * 1500] == sample(&g, 0, 1500));
}

/* Until the other one is there, what a flip comes from goes on, and keys go to it. */
static void a_flip_waits_at_the_playhead(void **state)
{
    float out[8000 * 2];
    transport_set_matched(g.t, false);
    struct play_item a = add(&g, 0, 60000, 1, 1), b = add(&g, 1, 60000, 1, 1);
    play(&a);
    transport_render(g.t, out, 7000);
    atomic_store(&gate_closed, true);
    transport_flip(g.t, &b);
    transport_render(g.t, out, 1000);
    status(&g);
    assert_true(g.s.loading && out[2 * 900] == sample(&g, 0, 7900));
    transport_flip(g.t, &a); /* and back, before the other was heard */
    transport_render(g.t, out, 2000);
    assert_true(out[2 * 1900] == sample(&g, 0, 9900));
    transport_flip(g.t, &b);
    transport_seek(g.t, 0.5);
    transport_render(g.t, out, 2000);
    assert_true(out[2 * 1900] == sample(&g, 0, 10000 + RATE / 2 + 1900));
    atomic_store(&gate_closed, false);
    transport_settle(g.t);
    transport_render(g.t, out, 2000);
    assert_true(out[2 * 1900] == sample(&g, 1, 12000 + RATE / 2 + 1900));
    /* the other one cannot be read: nothing plays on that is not shown */
    struct play_item gone = add(&g, 2, 5000, 1, 1);
    assert_int_equal(unlink(g.path[2]), 0);
    transport_flip(g.t, &gone);
    transport_settle(g.t);
    transport_render(g.t, out, 2000);
    status(&g);
    assert_true(!g.s.playing && strstr(g.s.problem, "2.wav"));
    assert_true(out[2 * 1900] == 0);
}

static void what_cannot_be_heard_is_said(void **state)
{
    float out[2000];
    FREED const char *path = text_of("%s/0.wav", g.folder);
    struct play_item item = {.id = 5, .path = path};
    play(&item);
    status(&g);
    assert_true(!g.s.playing && strstr(g.s.problem, "0.wav"));
    add(&g, 0, 5000, 1, 1); /* now it is there */
    play(&item);
    status(&g);
    assert_true(g.s.playing && !g.s.loading && g.s.problem[0] == '\0');
    transport_stop(g.t);
    status(&g);
    assert_true(g.s.length_s == 5000.0 / RATE);
    FILE *f = fopen(path, "w");
    assert_non_null(f);
    fputs("this is not audio", f);
    fclose(f);
    transport_forget(g.t, path);
    play(&item);
    transport_render(g.t, out, 1000);
    status(&g);
    assert_true(!g.s.playing && g.s.problem[0]);
    assert_true(g.s.length_s == 0); /* not the old one's */
    struct play_item beyond = add(&g, 1, 5000, 1, 1);
    beyond.start_frame = RATE;
    beyond.end_frame = 2 * RATE;
    play(&beyond);
    status(&g);
    assert_true(!g.s.playing && strstr(g.s.problem, "no sound at this place"));
}

static void a_file_written_again_is_read_again(void **state)
{
    float out[2000];
    transport_set_matched(g.t, false);
    struct play_item item = add(&g, 0, 5000, 1, 1);
    play(&item);
    transport_render(g.t, out, 1000);
    noise_make(&g.sound[1], 5000, 1, RATE, 24, 1, 77);
    folder_wav(g.folder, "0.wav", &g.sound[1], 24);
    transport_forget(g.t, g.path[0]);
    transport_stop(g.t);
    transport_render(g.t, out, 1000);
    play(&item);
    transport_render(g.t, out, 1000);
    assert_true(out[2 * 900] == sample(&g, 1, 900));
}

static void the_kit_plays(void **state)
{
    enum { STEP = RATE / 8 };
    static float out[STEP * 16 * 2];
    struct kit_pattern p;
    struct play_item kick = add(&g, 0, 2000, 1, 1), snare = add(&g, 1, 2000, 1, 1);
    kick.once = snare.once = true;
    kit_pattern_clear(&p);
    assert_int_equal(p.chokes[KIT_SLOT_CH], 1 << KIT_SLOT_OH);
    p.steps[0] = 1;
    p.steps[1] = 1 << 4;
    transport_kit_slot(g.t, 0, &kick, 0);
    transport_kit_slot(g.t, 1, &snare, -6);
    transport_kit_slot(g.t, 99, &snare, 0); /* no such slot */
    transport_kit_pattern(g.t, &p);
    transport_kit_tempo(g.t, 120);
    transport_settle(g.t);
    transport_kit_run(g.t, true);
    transport_render(g.t, out, STEP * 4 + STEP / 2);
    assert_true(out[2 * 1000] == sample(&g, 0, 1000));
    double trimmed = (double)sample(&g, 1, 1000) * pow(10, -0.3);
    size_t at = RATE / 2 + 1000; /* the fifth sixteenth at 120 */
    assert_true(fabs((double)out[2 * at] - trimmed) < 1e-6);
    status(&g);
    assert_true(g.s.kit_running && g.s.kit_step == 4 && g.s.kit_bpm == 120);
    transport_kit_run(g.t, false);
    status(&g);
    assert_true(!g.s.kit_running && g.s.kit_step == -1);
    transport_render(g.t, out, STEP);
    transport_kit_hit(g.t, 0);
    transport_render(g.t, out, STEP);
    assert_true(out[2 * 1500] == sample(&g, 0, 1500));
    transport_kit_slot(g.t, 0, NULL, 0); /* empty: it is not heard any more */
    transport_kit_hit(g.t, 0);
    transport_render(g.t, out, STEP);
    for (size_t i = 0; i < STEP; i++)
        assert_true(out[2 * i] == 0);
    transport_settle(g.t);
    transport_kit_run(g.t, true);
    transport_render(g.t, out, STEP + STEP / 2);
    transport_kit_run(g.t, true); /* it runs: nothing begins anew */
    transport_render(g.t, out, STEP);
    status(&g);
    assert_int_equal(g.s.kit_step, 2);
    transport_kit_tempo(g.t, 1);
    status(&g);
    assert_true(g.s.kit_bpm == KIT_BPM_MIN);
    transport_kit_tempo(g.t, 1e6);
    status(&g);
    assert_true(g.s.kit_bpm == KIT_BPM_MAX);
}

/* A file that could not be read is read when the slot is given it again, and then nothing
 * is wrong any more. */
static void a_slot_is_tried_again(void **state)
{
    static float out[2000 * 2];
    struct play_item kick = add(&g, 0, 2000, 1, 1);
    kick.once = true;
    assert_int_equal(unlink(g.path[0]), 0);
    transport_kit_slot(g.t, 0, &kick, 0);
    transport_settle(g.t);
    status(&g);
    assert_true(g.s.problem[0]);
    folder_wav(g.folder, path_base(g.path[0]), &g.sound[0], 24);
    transport_kit_slot(g.t, 0, &kick, 0);
    transport_settle(g.t);
    status(&g);
    assert_true(!g.s.problem[0]);
    transport_render(g.t, out, 2000);
    transport_kit_hit(g.t, 0);
    transport_render(g.t, out, 2000);
    assert_true(out[2 * 1500] == sample(&g, 0, 1500));
}

/* There are tables for so many pairs of rates. A sound that finds none is not heard, and
 * neither is what was on its slot before. */
static void a_slot_without_a_rate_table_is_still(void **state)
{
    static float out[2000 * 2];
    char name[20], path[300];
    for (int i = 0; i < 65; i++) {
        snprintf(name, sizeof name, "r%d.wav", i);
        OWN(audio) a;
        noise_make(&a, 1000, 1, 20000 + i, 24, 1, 3);
        folder_wav(g.folder, name, &a, 24);
        snprintf(path, sizeof path, "%s/%s", g.folder, name);
        struct play_item hit = {.id = 1, .path = path, .once = true};
        transport_kit_slot(g.t, 0, &hit, 0);
        transport_settle(g.t);
        transport_render(g.t, out, 2000);
        transport_kit_hit(g.t, 0);
        transport_render(g.t, out, 2000);
        status(&g);
        assert_true((g.s.problem[0] != '\0') == (i == 64));
        assert_true((out[2 * 500] != 0) == (i < 64));
    }
    assert_non_null(strstr(g.s.problem, "20064 Hz cannot be played on this device"));
}

/* How loud the slot comes out beside its file. */
static double slot_db(int slot, int n)
{
    static float out[2000 * 2];
    transport_settle(g.t);
    transport_render(g.t, out, 2000);
    transport_kit_hit(g.t, slot);
    transport_render(g.t, out, 2000);
    return level_to_db(fabs((double)out[2 * 1500] / (double)sample(&g, n, 1500)));
}

/* What is wished in a shape is another sound than the file's own, and both are kept. */
static void a_shape_belongs_to_the_wish(void **state)
{
    static float plain[4000], shaped[4000];
    struct play_item hit = add(&g, 0, 2000, 2, 0.8);
    hit.once = true;
    struct play_item mono = hit;
    mono.shape = (struct sample_shape){.channels = 1, .rate_hz = 22050};
    transport_kit_slot(g.t, 0, &hit, 0);
    transport_kit_slot(g.t, 1, &mono, 0);
    transport_settle(g.t);
    transport_render(g.t, plain, 2000);
    transport_kit_hit(g.t, 0);
    transport_render(g.t, plain, 2000);
    transport_render(g.t, shaped, 2000);
    transport_kit_hit(g.t, 1);
    transport_render(g.t, shaped, 2000);
    bool sides = false;
    for (size_t i = 0; i < 2000; i++) {
        assert_true(plain[2 * i] == g.sound[0].data[2 * i]);
        assert_true(shaped[2 * i] == shaped[2 * i + 1]);
        sides = sides || plain[2 * i] != plain[2 * i + 1];
    }
    assert_true(sides);
    /* of a stretch of the recording, too, the ends are those of the shape */
    struct play_item part = hit;
    OWN(audio) cut;
    part.start_frame = 500;
    part.end_frame = 1500;
    part.shape = (struct sample_shape){.channels = 2, .rate_hz = RATE};
    assert_int_equal(audio_slice(&cut, &g.sound[0], 500, 1000, NULL), ST_OK);
    assert_int_equal(sample_shape_apply(&cut, &part.shape, NULL), ST_OK);
    transport_kit_slot(g.t, 2, &part, 0);
    transport_settle(g.t);
    transport_render(g.t, shaped, 2000); /* the others die away */
    transport_kit_hit(g.t, 2);
    transport_render(g.t, shaped, 1000);
    for (size_t i = 0; i < 2000; i++)
        assert_float_equal(shaped[i], cut.data[i], 1e-6);
}

/* A sound that lies low in its file is exported with its peak where all have theirs, and
 * a trim ends at full scale: so it is heard. */
static void slots_are_heard_as_exported(void **state)
{
    struct play_item kick = add(&g, 0, 2000, 1, 0.8), room = add(&g, 1, 2000, 1, 0.2);
    kick.once = room.once = true;
    double peak[2] = {level_to_db(level_true_peak(&g.sound[0], false)),
                      level_to_db(level_true_peak(&g.sound[1], false))};
    transport_kit_slot(g.t, 0, &kick, 0);
    assert_true(fabs(slot_db(0, 0)) < 0.01); /* nothing is told: as the file is */
    transport_kit_peak(g.t, -1);
    transport_kit_slot(g.t, 1, &room, -3);
    assert_true(fabs(slot_db(0, 0) - (-1 - peak[0])) < 0.01);
    assert_true(fabs(slot_db(1, 1) - (-4 - peak[1])) < 0.01);
    transport_kit_trim(g.t, 1, 6);
    assert_true(fabs(slot_db(1, 1) - (0 - peak[1])) < 0.01);
    transport_kit_peak(g.t, -9);
    assert_true(fabs(slot_db(1, 1) - (-3 - peak[1])) < 0.01);
    /* silence has no peak to bring anywhere: it stays silence, and nothing else dies */
    struct play_item none = add(&g, 2, 2000, 1, 0);
    transport_kit_slot(g.t, 2, &none, 0);
    transport_settle(g.t);
    transport_kit_hit(g.t, 2);
    assert_true(fabs(slot_db(1, 1) - (-3 - peak[1])) < 0.01);
}

/* A kit screen tells all of a kit at every key, and nobody takes it while the device
 * sleeps: what is as it was takes no room from what is played next. */
static void a_kit_told_often_leaves_room_for_a_sound(void **state)
{
    float out[2000 * 2];
    struct kit_pattern p;
    struct play_item item = add(&g, 0, 20000, 1, 1);
    item.once = true;
    transport_set_matched(g.t, false);
    kit_pattern_clear(&p);
    for (int edit = 0; edit < 1200; edit++) { /* one in ten changes something */
        int changes = edit / 10;
        for (int s = 0; s < KIT_SLOTS; s++)
            transport_kit_trim(g.t, s, s == 3 ? changes % 2 : 0);
        if (edit % 10 == 0)
            p.steps[changes % KIT_SLOTS] ^= (uint16_t)(1u << changes % KIT_STEPS);
        transport_kit_pattern(g.t, &p);
        transport_kit_tempo(g.t, 90 + changes % 2);
    }
    play(&item);
    transport_render(g.t, out, 2000);
    assert_true(out[2 * 1000] == sample(&g, 0, 1000));
}

/* Whether the open hat rings on is heard at once, though no step changes. */
static void chokes_alone_change_a_kit(void **state)
{
    enum { STEP = RATE / 8, AT = 3 * STEP };
    static float out[STEP * 4 * 2];
    struct kit_pattern p;
    struct play_item closed = add(&g, 0, 2000, 1, 1), open = add(&g, 1, RATE, 1, 1);
    closed.once = open.once = true;
    kit_pattern_clear(&p);
    p.steps[KIT_SLOT_OH] = 1;
    p.steps[KIT_SLOT_CH] = 1 << 2;
    transport_kit_slot(g.t, KIT_SLOT_CH, &closed, 0);
    transport_kit_slot(g.t, KIT_SLOT_OH, &open, 0);
    transport_kit_tempo(g.t, 120);
    for (int rings = 0; rings < 2; rings++) {
        p.chokes[KIT_SLOT_CH] = rings ? 0 : 1 << KIT_SLOT_OH;
        transport_kit_pattern(g.t, &p);
        transport_settle(g.t);
        transport_kit_run(g.t, true);
        transport_render(g.t, out, 4 * STEP);
        float want = rings ? sample(&g, 1, AT) : 0;
        assert_true(fabsf(out[2 * AT] - want) < 1e-6F);
        transport_kit_run(g.t, false);
        transport_render(g.t, out, 4 * STEP);
    }
}

#define OFFLINE(test) cmocka_unit_test_setup_teardown(test, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        OFFLINE(true_level_is_the_file),
        OFFLINE(matching_brings_all_to_one_loudness),
        OFFLINE(matching_is_to_the_loudness_of_the_options),
        OFFLINE(matching_never_exceeds_the_peak),
        OFFLINE(toggling_the_match_is_ramped_and_exact_at_the_end),
        OFFLINE(space_and_seek),
        OFFLINE(loops_and_their_switch),
        OFFLINE(loops_begin_and_end_without_a_click),
        OFFLINE(the_seam_of_a_loop),
        OFFLINE(a_stretch_of_a_file),
        OFFLINE(in_context),
        OFFLINE(flip_compares_at_one_place),
        OFFLINE(a_seek_goes_into_what_is_being_read),
        OFFLINE(without_memory_the_one_before_comes),
        OFFLINE(a_flip_waits_at_the_playhead),
        OFFLINE(what_cannot_be_heard_is_said),
        OFFLINE(a_file_written_again_is_read_again),
        OFFLINE(the_kit_plays),
        OFFLINE(slots_are_heard_as_exported),
        OFFLINE(a_slot_is_tried_again),
        OFFLINE(a_slot_without_a_rate_table_is_still),
        OFFLINE(a_shape_belongs_to_the_wish),
        OFFLINE(a_kit_told_often_leaves_room_for_a_sound),
        OFFLINE(chokes_alone_change_a_kit),
    };
    return cmocka_run_group_tests_name("transport", tests, NULL, NULL);
}
