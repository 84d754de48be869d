/* The whole way to a sound card: transport, PortAudio and ALSA, heard through capdev,
 * with every fault a card can have. Each scenario is a process of its own, because
 * PortAudio's and ALSA's state is. */
#define _GNU_SOURCE /* RUSAGE_THREAD */
#include "audio/hush.h"
#include "audio/transport.h"
#include "checks.h"
#include "core/clock.h"
#include "folder.h"
#include "gated_open.h"
#include "nap.h"
#include "soundcard.h"

#include <math.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

enum { RATE = 44100 };

#ifndef CAPDEV_LIBRARY
#define CAPDEV_LIBRARY ""
#endif

/* In a scenario: say what failed and end with 1. */
#define CHECK(condition)                                                                 \
    do {                                                                                 \
        if (!(condition)) {                                                              \
            printf("%s:%d: %s\n", __FILE__, __LINE__, #condition);                       \
            fflush(stdout);                                                              \
            _exit(1);                                                                    \
        }                                                                                \
    } while (0)

struct stage {
    char folder[256], path[512];
    struct audio sound;
    struct hush *hush;
    struct transport *t;
    struct transport_status s;
    struct play_item item;
    int latency_ms;
    double slowest_s; /* call of the transport that waited for something */
};

static long waits(void)
{
    struct rusage r;
    getrusage(RUSAGE_THREAD, &r);
    return r.ru_nvcsw;
}

/* A call that others kept from the processor did not wait: the system counts them apart.
 */
static void status(struct stage *g)
{
    long waited = waits();
    double before = clock_s();
    transport_get_status(g->t, &g->s);
    double took = clock_s() - before;
    if (waits() > waited)
        g->slowest_s = fmax(g->slowest_s, took);
}

/* Until the device is in a state; how long it took, or -1 after `limit_s`. */
static double await_device(struct stage *g, enum device_state wanted, double limit_s)
{
    double from = clock_s();
    while (clock_s() - from < limit_s) {
        status(g);
        if (g->s.device == wanted)
            return clock_s() - from;
        nap_ms(5);
    }
    return -1;
}

static void await_end(struct stage *g, double limit_s)
{
    double from = clock_s();
    do {
        nap_ms(5);
        status(g);
    } while (g->s.playing && clock_s() - from < limit_s);
    CHECK(!g->s.playing);
}

/* With enough latency that a busy machine does not make gaps of its own. */
static void begin(struct stage *g, const char *library, double seconds, int channels,
                  int bits)
{
    struct transport_options o = {.latency_ms = g->latency_ms ? g->latency_ms : 120};
    folder_make(g->folder);
    card_plug(g->folder, library);
    noise_make(&g->sound, (size_t)(seconds * RATE), channels, RATE, bits, 0.5, 11);
    /* in silence, or its edges are faded */
    size_t samples = g->sound.frames * (size_t)channels;
    for (size_t c = 0; c < (size_t)channels; c++)
        g->sound.data[c] = g->sound.data[samples - 1 - c] = 0;
    folder_wav(g->folder, "sound.wav", &g->sound, bits);
    snprintf(g->path, sizeof g->path, "%s/sound.wav", g->folder);
    g->item = (struct play_item){.id = 7, .path = g->path};
    CHECK((g->hush = hush_begin()) != NULL);
    double before = clock_s();
    CHECK(transport_new(&g->t, &o, NULL) == ST_OK);
    CHECK(clock_s() - before < 0.25); /* does not wait for the device */
    transport_set_matched(g->t, false);
}

static void close_transport(struct stage *g)
{
    double before = clock_s();
    transport_free(g->t);
    g->t = NULL;
    CHECK(clock_s() - before < 0.8);
}

static void end(struct stage *g)
{
    close_transport(g);
    CHECK(g->slowest_s < 0.1);
    hush_end(g->hush);
    audio_done(&g->sound);
    folder_remove(g->folder);
}

/* Heard in full, once, after frame `from`? */
static int64_t heard_at(struct stage *g, size_t from)
{
    size_t frames;
    FREED float *heard = card_heard(g->folder, 2, &frames);
    OWN(audio) stereo;
    CHECK(audio_convert_channels(&stereo, &g->sound, 2, NULL) == ST_OK);
    int64_t at = find_exact(heard, frames, from, stereo.data, stereo.frames, 2);
    return at;
}

static void scenario_exact(void)
{
    for (int bits = 16; bits <= 24; bits += 8) {
        struct stage g = {0};
        begin(&g, CAPDEV_LIBRARY, 0.7, bits == 16 ? 1 : 2, bits);
        CHECK(await_device(&g, DEVICE_READY, 5) >= 0);
        CHECK(g.s.rate_hz == RATE && g.s.channels == 2);
        CHECK(g.s.latency_ms > 100 && g.s.latency_ms < 200); /* as was asked for */
        transport_play(g.t, &g.item);
        await_end(&g, 3);
        transport_stop(g.t);
        /* at once: what the device still holds must not be cut off */
        close_transport(&g);
        CHECK(heard_at(&g, 0) >= 0);
        end(&g);
    }
}

static void scenario_loop(void)
{
    struct stage g = {0};
    begin(&g, CAPDEV_LIBRARY, 0.5, 2, 24);
    g.item.loop_start_frame = 3000;
    g.item.loop_end_frame = 11025;
    transport_set_loop(g.t, true);
    transport_play(g.t, &g.item);
    nap_ms(1500);
    status(&g);
    CHECK(g.s.playing && g.s.loop && g.s.position_s < 0.26);
    close_transport(&g);
    size_t frames;
    FREED float *heard = card_heard(g.folder, 2, &frames);
    int64_t at = find_exact(heard, frames, 0, g.sound.data, 11025, 2);
    CHECK(at >= 0);
    size_t first = (size_t)at + 11025;
    for (size_t i = 0; i < 8025 * 4 * 2; i++)
        CHECK(heard[first * 2 + i] == g.sound.data[3000 * 2 + i % (8025 * 2)]);
    end(&g);
}

/* A card with another rate, and a mono one. */
static void scenario_other_card(void)
{
    struct stage g = {0};
    setenv("CAPDEV_RATE", "48000", 1);
    setenv("CAPDEV_CHANNELS", "1", 1);
    begin(&g, CAPDEV_LIBRARY, 0.5, 1, 16);
    CHECK(await_device(&g, DEVICE_READY, 5) >= 0);
    CHECK(g.s.rate_hz == 48000 && g.s.channels == 1);
    transport_play(g.t, &g.item);
    await_end(&g, 3);
    close_transport(&g);
    size_t frames;
    FREED float *heard = card_heard(g.folder, 1, &frames);
    double energy = 0, want = 0;
    for (size_t i = 0; i < frames; i++)
        energy += (double)heard[i] * (double)heard[i] / 48000;
    for (size_t i = 0; i < g.sound.frames; i++)
        want += (double)g.sound.data[i] * (double)g.sound.data[i] / RATE;
    /* white noise loses what lies above the filter's edge: 0.46 of 44.1 kHz */
    CHECK(fabs(10 * log10(energy / want)) < 0.6);
    end(&g);
}

/* The device's rate follows the files: bit for bit at 48 kHz too. */
static void scenario_rate_follows(void)
{
    struct stage g = {0};
    begin(&g, CAPDEV_LIBRARY, 0.5, 2, 24);
    g.sound.rate_hz = 48000;
    folder_wav(g.folder, "sound.wav", &g.sound, 24);
    CHECK(await_device(&g, DEVICE_READY, 5) >= 0);
    transport_prefetch(g.t, &g.item, 1);
    transport_settle(g.t);
    for (int i = 0; i < 200 && g.s.rate_hz != 48000; i++) {
        nap_ms(5);
        status(&g);
    }
    CHECK(g.s.rate_hz == 48000);
    transport_play(g.t, &g.item);
    await_end(&g, 3);
    close_transport(&g);
    CHECK(heard_at(&g, 0) >= 0);
    end(&g);
}

/* In the middle of a sound another device is asked for, or the same one (NULL); the sound
 * goes on: no step at either end. */
static void asked_while_playing(const char *name, const char *said)
{
    struct stage g = {0};
    begin(&g, CAPDEV_LIBRARY, 3, 1, 24);
    for (size_t i = 0; i < g.sound.frames; i++)
        g.sound.data[i] = (float)(0.5 * sin(0.02 * (double)i));
    folder_wav(g.folder, "sound.wav", &g.sound, 24);
    CHECK(await_device(&g, DEVICE_READY, 5) >= 0);
    transport_play(g.t, &g.item);
    do {
        nap_ms(5);
        status(&g);
    } while (g.s.position_s < 0.5);
    transport_reconnect(g.t, name);
    nap_ms(100);
    CHECK(await_device(&g, DEVICE_READY, 5) >= 0);
    CHECK(*said ? strstr(g.s.sentence, said) != NULL : !g.s.sentence[0]);
    CHECK(g.s.playing);
    await_end(&g, 5);
    if (name) { /* what is opened again is what works, not what was mistyped */
        transport_reconnect(g.t, NULL);
        nap_ms(100);
        CHECK(await_device(&g, DEVICE_READY, 5) >= 0);
        CHECK(!g.s.sentence[0]);
    }
    close_transport(&g);
    size_t frames, steps = 0, silent = 0;
    FREED float *heard = card_heard(g.folder, 2, &frames);
    for (size_t i = 1; i < frames; i++) {
        steps += fabsf(heard[2 * i] - heard[2 * i - 2]) > 0.5F * 0.02F + 0.5F / 200;
        silent += i > RATE / 4 && i < RATE && heard[2 * i] == 0 && heard[2 * i - 2] == 0;
    }
    CHECK(silent > 100); /* it was opened again */
    CHECK(steps == 0);
    end(&g);
}

static void scenario_reopened(void)
{
    asked_while_playing(NULL, "");
}

static void scenario_mistyped(void)
{
    asked_while_playing("nosuch", "no sound device is called \"nosuch\"");
}

/* One that was plugged in since the list was made is found by its name. */
static void scenario_plugged_in_since(void)
{
    struct stage g = {0};
    begin(&g, CAPDEV_LIBRARY, 0.5, 2, 16);
    CHECK(await_device(&g, DEVICE_READY, 5) >= 0);
    transport_reconnect(g.t, "second");
    nap_ms(100);
    CHECK(await_device(&g, DEVICE_READY, 5) >= 0);
    CHECK(strstr(g.s.sentence, "\"second\"") && strcmp(g.s.device_name, "default") == 0);
    FREED const char *path = text_of("%s/asoundrc", g.folder);
    FILE *f = fopen(path, "a");
    CHECK(f && fputs("pcm.second { type trowelcap }\n", f) >= 0 && fclose(f) == 0);
    transport_reconnect(g.t, "second");
    nap_ms(100);
    CHECK(await_device(&g, DEVICE_READY, 5) >= 0);
    CHECK(!g.s.sentence[0] && strcmp(g.s.device_name, "second") == 0);
    transport_play(g.t, &g.item);
    await_end(&g, 3);
    nap_ms(250);
    CHECK(heard_at(&g, 0) >= 0);
    end(&g);
}

/* Another kind of device while everything plays: the sound goes on where it was, the
 * pattern from its first step, and both are heard. */
static void scenario_other_rate(void)
{
    struct stage g = {0};
    struct kit_pattern p;
    begin(&g, CAPDEV_LIBRARY, 3, 1, 24);
    for (size_t i = 0; i < g.sound.frames; i++)
        g.sound.data[i] = i < g.sound.frames / 2 ? 0.25F : -0.25F;
    folder_wav(g.folder, "sound.wav", &g.sound, 24);
    kit_pattern_clear(&p);
    p.steps[0] = 1;
    CHECK(await_device(&g, DEVICE_READY, 5) >= 0);
    transport_play(g.t, &g.item);
    do {
        nap_ms(5);
        status(&g);
    } while (g.s.position_s < 1);
    size_t before, frames;
    setenv("CAPDEV_RATE", "48000", 1);
    transport_reconnect(g.t, NULL);
    nap_ms(100);
    CHECK(await_device(&g, DEVICE_READY, 5) >= 0);
    CHECK(g.s.rate_hz == 48000 && g.s.playing && g.s.position_s >= 1);
    free(card_heard(g.folder, 2, &before));
    await_end(&g, 5);
    transport_kit_slot(g.t, 0, &g.item, 0);
    transport_kit_pattern(g.t, &p);
    transport_kit_tempo(g.t, 60);
    transport_settle(g.t);
    transport_kit_run(g.t, true);
    nap_ms(300);
    status(&g);
    size_t kit;
    free(card_heard(g.folder, 2, &kit));
    setenv("CAPDEV_RATE", "44100", 1);
    transport_reconnect(g.t, NULL);
    nap_ms(100);
    CHECK(await_device(&g, DEVICE_READY, 5) >= 0);
    nap_ms(500);
    status(&g);
    CHECK(g.s.rate_hz == RATE && g.s.kit_running && g.s.kit_step >= 1);
    CHECK(g.s.kit_bpm == 60);
    transport_kit_run(g.t, false);
    close_transport(&g);
    FREED float *heard = card_heard(g.folder, 2, &frames);
    size_t on = 0, rung = 0;
    for (size_t i = 0; i < frames; i++) {
        on += i >= before && i < kit && heard[2 * i] < -0.2F;
        rung += i > kit + 48000 / 4 && heard[2 * i] > 0.2F;
    }
    CHECK(on > 67200 && on < 76800); /* the second half of it */
    CHECK(rung > RATE / 4);          /* the kit's sound */
    end(&g);
}

/* Another kind of device while a flip waits for its file: what is flipped to begins where
 * the other one was heard last, or where one goes from there. */
static void scenario_flip_meets_another_rate(void)
{
    struct stage g = {0};
    struct play_item other = {.id = 8};
    OWN(audio) longer;
    begin(&g, CAPDEV_LIBRARY, 3, 1, 24);
    noise_make(&longer, 7 * RATE, 1, RATE, 24, 0.5, 12);
    folder_wav(g.folder, "other.wav", &longer, 24);
    FREED const char *path = text_of("%s/other.wav", g.folder);
    other.path = path;
    CHECK(await_device(&g, DEVICE_READY, 5) >= 0);
    transport_play(g.t, &g.item);
    do {
        nap_ms(5);
        status(&g);
    } while (g.s.position_s < 1);
    atomic_store(&gate_closed, true);
    transport_flip(g.t, &other);
    setenv("CAPDEV_RATE", "48000", 1);
    transport_reconnect(g.t, NULL);
    nap_ms(100);
    CHECK(await_device(&g, DEVICE_READY, 5) >= 0);
    CHECK(g.s.rate_hz == 48000 && g.s.loading);
    transport_seek(g.t, 3);
    atomic_store(&gate_closed, false);
    transport_settle(g.t);
    nap_ms(100);
    status(&g);
    CHECK(g.s.id == 8 && g.s.playing && g.s.position_s >= 4);
    end(&g);
}

/* A recording from a telephone does not make a telephone of the device. */
static void scenario_low_rate(void)
{
    struct stage g = {0};
    begin(&g, CAPDEV_LIBRARY, 0.5, 2, 24);
    OWN(audio) low;
    noise_make(&low, 2000, 1, 8000, 16, 0.5, 12);
    folder_wav(g.folder, "low.wav", &low, 16);
    FREED const char *path = text_of("%s/low.wav", g.folder);
    struct play_item item = {.id = 8, .path = path};
    CHECK(await_device(&g, DEVICE_READY, 5) >= 0);
    transport_prefetch(g.t, &item, 1);
    transport_settle(g.t);
    nap_ms(300);
    for (int i = 0; i < 2; i++) {
        transport_play(g.t, i == 0 ? &item : &g.item);
        await_end(&g, 3);
        nap_ms(300);
        status(&g);
        CHECK(g.s.rate_hz == RATE);
    }
    close_transport(&g);
    CHECK(heard_at(&g, 0) >= 0);
    end(&g);
}

static void play_without_a_card(struct stage *g)
{
    double from = clock_s();
    transport_play(g->t, &g->item);
    do {
        nap_ms(5);
        status(g);
    } while (g->s.position_s < 0.1 && clock_s() - from < 2);
    CHECK(g->s.playing && g->s.position_s >= 0.1 && g->s.position_s < 0.5);
    CHECK(clock_s() - from > 0.04); /* in real time; 50 ms may be made up for */
    CHECK(g->s.sentence[0] && g->s.problem[0] == '\0');
    transport_stop(g->t);
    nap_ms(60); /* faded out */
}

static void scenario_no_device(void)
{
    struct stage g = {0};
    begin(&g, NULL, 1, 1, 16);
    CHECK(await_device(&g, DEVICE_NONE, 5) >= 0);
    CHECK(strstr(g.s.sentence, "no sound device"));
    play_without_a_card(&g);
    end(&g);
}

/* PortAudio 19.6 aborts on this configuration. */
static void scenario_no_default(void)
{
    struct stage g = {0};
    begin(&g, "", 1, 1, 16);
    CHECK(await_device(&g, DEVICE_NONE, 6) >= 0);
    CHECK(g.s.sentence[0]);
    play_without_a_card(&g);
    end(&g);
}

static void reconnect_and_hear(struct stage *g)
{
    size_t before;
    free(card_heard(g->folder, 2, &before));
    card_state(g->folder, 'n');
    transport_reconnect(g->t, NULL);
    CHECK(await_device(g, DEVICE_OPENING, 1) >= 0 || g->s.device == DEVICE_READY);
    CHECK(await_device(g, DEVICE_READY, 5) >= 0);
    CHECK(g->s.sentence[0] == '\0');
    transport_play(g->t, &g->item);
    await_end(g, 3);
    nap_ms(250);
    CHECK(heard_at(g, before) >= 0);
}

static void scenario_busy(void)
{
    struct stage g = {0};
    begin(&g, CAPDEV_LIBRARY, 0.5, 2, 16);
    card_state(g.folder, 'b');
    transport_reconnect(g.t, NULL);
    nap_ms(100);
    CHECK(await_device(&g, DEVICE_NONE, 6) >= 0);
    CHECK(strstr(g.s.sentence, "busy"));
    play_without_a_card(&g);
    reconnect_and_hear(&g);
    end(&g);
}

static double cpu_s(void)
{
    struct rusage u;
    getrusage(RUSAGE_SELF, &u);
    return (double)(u.ru_utime.tv_sec + u.ru_stime.tv_sec) +
           (double)(u.ru_utime.tv_usec + u.ru_stime.tv_usec) * 1e-6;
}

static void fault_while_playing(char fault)
{
    struct stage g = {0};
    struct kit_pattern p;
    begin(&g, CAPDEV_LIBRARY, 0.5, 2, 16);
    kit_pattern_clear(&p);
    p.steps[0] = 0xffff;
    transport_set_loop(g.t, true);
    transport_play(g.t, &g.item);
    transport_kit_slot(g.t, 0, &g.item, 0);
    transport_kit_pattern(g.t, &p);
    CHECK(await_device(&g, DEVICE_READY, 5) >= 0);
    transport_kit_run(g.t, true);
    nap_ms(400);
    status(&g);
    CHECK(g.s.kit_running && g.s.kit_step > 0);
    card_state(g.folder, fault);
    double took = await_device(&g, DEVICE_LOST, 3);
    CHECK(took >= 0 && took < 1);
    /* the kit does not go on either, nor does it when the device is there again */
    CHECK(!g.s.playing && !g.s.kit_running);
    CHECK(strstr(g.s.sentence, "is gone or hangs"));
    CHECK(strlen(g.s.sentence) + strlen("! ") + strlen(" D tries again  ") < 80);
    nap_ms(300);
    double cpu = cpu_s(), from = clock_s();
    nap_ms(500);
    CHECK((cpu_s() - cpu) / (clock_s() - from) < 0.5); /* no thread spins */
    CHECK(hush_total(g.hush) < 64 << 20);
    transport_set_loop(g.t, false);
    play_without_a_card(&g);
    reconnect_and_hear(&g);
    end(&g);
}

static void scenario_vanishes(void)
{
    fault_while_playing('u');
}

static void scenario_stalls(void)
{
    fault_while_playing('s');
}

/* Opening does not come back: everything else goes on, and the program can end. */
static void scenario_hangs(void)
{
    struct stage g = {0};
    begin(&g, CAPDEV_LIBRARY, 1, 1, 16);
    CHECK(await_device(&g, DEVICE_READY, 5) >= 0);
    card_state(g.folder, 'h');
    transport_reconnect(g.t, NULL);
    CHECK(await_device(&g, DEVICE_OPENING, 1) >= 0);
    transport_play(g.t, &g.item);
    for (int i = 0; i < 50; i++) {
        status(&g);
        nap_ms(2);
    }
    CHECK(await_device(&g, DEVICE_NONE, 7) >= 0);
    CHECK(strstr(g.s.sentence, "does not respond"));
    end(&g);
}

static void scenario_underruns(void)
{
    struct stage g = {.latency_ms = 20};
    begin(&g, CAPDEV_LIBRARY, 1, 1, 16);
    transport_set_loop(g.t, true);
    transport_play(g.t, &g.item);
    CHECK(await_device(&g, DEVICE_READY, 5) >= 0);
    double before_ms = g.s.latency_ms;
    card_state(g.folder, 'x');
    for (int i = 0; i < 400 && g.s.latency_ms < 1.5 * before_ms; i++) {
        nap_ms(10);
        status(&g);
    }
    CHECK(g.s.latency_ms > 1.5 * before_ms);
    CHECK(g.s.playing);
    card_state(g.folder, 'n');
    end(&g);
}

/* Idle: the device sleeps and costs nothing; a key wakes it. */
static void scenario_sleeps(void)
{
    struct stage g = {0};
    begin(&g, CAPDEV_LIBRARY, 0.3, 2, 16);
    transport_play(g.t, &g.item);
    nap_ms(5000);
    size_t early = 0, late = 1;
    for (int i = 0; i < 20 && early != late; i++) { /* it falls asleep about now */
        early = late;
        nap_ms(200);
        free(card_heard(g.folder, 2, &late));
    }
    nap_ms(200); /* what closes the device costs something */
    double cpu = cpu_s();
    nap_ms(500);
    free(card_heard(g.folder, 2, &early));
    CHECK(early == late);
    CHECK(cpu_s() - cpu < 0.1); /* nothing spins; heard nothing: it sleeps */
    transport_play(g.t, &g.item);
    await_end(&g, 2);
    nap_ms(250);
    CHECK(heard_at(&g, early) >= 0);
    end(&g);
}

/* Loudness from `ms` before the last that was heard, for one. */
static double level_before_end(const float *heard, size_t frames, int ms)
{
    double sum = 0;
    while (frames > 0 && heard[2 * frames - 1] == 0)
        frames--;
    CHECK(frames > RATE);
    const float *from = heard + 2 * (frames - (size_t)ms * (RATE / 1000));
    for (int i = 0; i < 2 * (RATE / 1000); i++)
        sum += (double)from[i] * (double)from[i];
    return sum;
}

/* Ctrl-Z: all fades out before the process is stopped, and that it was is no gap. */
static void scenario_rests(void)
{
    struct stage g = {0};
    begin(&g, CAPDEV_LIBRARY, 2, 2, 24);
    transport_kit_slot(g.t, 0, &g.item, 0);
    transport_settle(g.t);
    transport_play(g.t, &g.item);
    nap_ms(1400);
    transport_kit_hit(g.t, 0);
    nap_ms(200);
    double before = clock_s();
    transport_rest(g.t);
    CHECK(clock_s() - before < 0.9);
    status(&g);
    CHECK(!g.s.playing);
    size_t early, late;
    FREED float *heard = card_heard(g.folder, 2, &early);
    CHECK(level_before_end(heard, early, 1) < level_before_end(heard, early, 30) / 100);
    pid_t self = getpid(), other = fork();
    if (other == 0) {
        nap_ms(900);
        _exit(kill(self, SIGCONT));
    }
    raise(SIGSTOP);
    waitpid(other, NULL, 0);
    free(card_heard(g.folder, 2, &late));
    CHECK(early == late);
    transport_play(g.t, &g.item);
    await_end(&g, 4);
    nap_ms(250);
    status(&g);
    CHECK(g.s.underruns == 0);
    CHECK(heard_at(&g, early) >= 0);
    end(&g);
}

static const struct {
    const char *name;
    void (*run)(void);
} scenarios[] = {
    {"rests", scenario_rests},
    {"sleeps", scenario_sleeps},
    {"hangs", scenario_hangs},
    {"vanishes", scenario_vanishes},
    {"stalls", scenario_stalls},
    {"exact", scenario_exact},
    {"loop", scenario_loop},
    {"busy", scenario_busy},
    {"underruns", scenario_underruns},
    {"other_card", scenario_other_card},
    {"rate_follows", scenario_rate_follows},
    {"low_rate", scenario_low_rate},
    {"reopened", scenario_reopened},
    {"mistyped", scenario_mistyped},
    {"plugged_in_since", scenario_plugged_in_since},
    {"other_rate", scenario_other_rate},
    {"flip_meets_another_rate", scenario_flip_meets_another_rate},
    {"no_device", scenario_no_device},
    {"no_default", scenario_no_default},
};

enum { COUNT = sizeof scenarios / sizeof *scenarios };

/* Some at the same time: they mostly wait. */
enum { TOGETHER = 4 };

static pid_t child[COUNT];

static void launch(int i)
{
    if (i >= COUNT || access(CAPDEV_LIBRARY, R_OK) != 0)
        return;
    fflush(NULL);
    child[i] = fork();
    if (child[i] == 0) {
        execl("/proc/self/exe", "test_device", scenarios[i].name, (char *)NULL);
        _exit(127);
    }
}

static int start_some(void **state)
{
    for (int i = 0; i < TOGETHER; i++)
        launch(i);
    return 0;
}

static void plays(void **state)
{
    int i = (int)(uintptr_t)*state, how;
    if (child[i] <= 0)
        skip();
    assert_int_equal(waitpid(child[i], &how, 0), child[i]);
    launch(i + TOGETHER);
    assert_true(WIFEXITED(how));
    assert_int_equal(WEXITSTATUS(how), 0);
}

int main(int argc, char **argv)
{
    for (int i = 0; argc > 1 && i < COUNT; i++)
        if (strcmp(argv[1], scenarios[i].name) == 0) {
            scenarios[i].run();
            return 0;
        }
    struct CMUnitTest tests[COUNT];
    for (int i = 0; i < COUNT; i++)
        tests[i] = (struct CMUnitTest){.name = scenarios[i].name,
                                       .test_func = plays,
                                       .initial_state = (void *)(uintptr_t)i};
    return cmocka_run_group_tests_name("device", tests, start_some, NULL);
}
