/* How long from a cursor move to the sound, and what the engine costs.
 *
 * Key to sound: the moment transport_play is called on a prefetched item until its first
 * sample leaves a captured sound card (tests/capdev), against the device's own buffer.
 * Engine: rendering one second, as a share of one second, for more and more voices.
 * Transport: how long its calls hold the caller. */
#include "audio/engine.h"
#include "audio/hush.h"
#include "audio/transport.h"
#include "core/clock.h"
#include "folder.h"
#include "nap.h"
#include "soundcard.h"

#include <stdio.h>
#include <stdlib.h>

enum { RATE = 44100, ITEMS = 40 };

#ifndef CAPDEV_LIBRARY
#define CAPDEV_LIBRARY ""
#endif

static int compare(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

static void report(const char *what, double *ms, int n, double buffer_ms)
{
    qsort(ms, (size_t)n, sizeof *ms, compare);
    printf("%-34s median %6.2f ms  p95 %6.2f ms  max %6.2f ms", what, ms[n / 2],
           ms[n * 95 / 100], ms[n - 1]);
    if (buffer_ms > 0)
        printf("  (buffer %.1f ms: p95 is %+.1f ms)", buffer_ms,
               ms[n * 95 / 100] - buffer_ms);
    putchar('\n');
}

static bool await_ready(struct transport *t, struct transport_status *s)
{
    for (int i = 0; i < 400; i++) {
        transport_get_status(t, s);
        if (s->device == DEVICE_READY)
            return true;
        nap_ms(5);
    }
    return false;
}

static void key_to_sound(void)
{
    char folder[256], path[ITEMS][512];
    struct audio sound[ITEMS];
    struct play_item item[ITEMS];
    struct hush *hush = NULL;
    struct transport *t = NULL;
    struct transport_status s;
    double pressed[ITEMS], ms[ITEMS], call_ms[ITEMS];
    folder_make(folder);
    card_plug(folder, CAPDEV_LIBRARY);
    for (int i = 0; i < ITEMS; i++) {
        char name[32];
        snprintf(name, sizeof name, "%d.wav", i);
        noise_make(&sound[i], RATE / 5, 2, RATE, 24, 0.5, (uint64_t)i);
        folder_wav(folder, name, &sound[i], 24);
        snprintf(path[i], sizeof path[i], "%s/%s", folder, name);
        item[i] = (struct play_item){.id = (uint64_t)i + 1, .path = path[i]};
    }
    if ((hush = hush_begin()) == NULL || transport_new(&t, NULL, NULL) != ST_OK ||
        !await_ready(t, &s)) {
        hush_end(hush);
        printf("no captured sound card\n");
        return;
    }
    transport_set_matched(t, false);
    transport_prefetch(t, item, ITEMS);
    transport_settle(t);
    nap_ms(300);
    for (int i = 0; i < ITEMS; i++) {
        pressed[i] = clock_s();
        transport_play(t, &item[i]);
        call_ms[i] = (clock_s() - pressed[i]) * 1000;
        nap_ms(60 + i);
    }
    nap_ms(300);
    transport_free(t);
    hush_end(hush);
    size_t frames;
    float *heard = card_heard(folder, 2, &frames);
    int found = 0;
    for (int i = 0; i < ITEMS; i++) {
        /* beyond the crossfade with the one before */
        int64_t at = find_exact(heard, frames, 0, sound[i].data + 2 * 1000, 1000, 2);
        if (at >= 0)
            ms[found++] =
                (card_time_s(folder, (size_t)at - 1000, RATE) - pressed[i]) * 1000;
        audio_done(&sound[i]);
    }
    free(heard);
    printf("heard %d of %d items exactly\n", found, ITEMS);
    if (found > 0)
        report("key to sound, prefetched", ms, found, s.latency_ms);
    report("transport_play holds the caller", call_ms, ITEMS, 0);
    folder_remove(folder);
}

static void engine_cost(int voices, int rate_hz)
{
    struct engine *g;
    struct audio a;
    struct kernel *k = rate_hz == RATE ? NULL : kernel_new(rate_hz, RATE);
    if (engine_new(&g, RATE, 2, NULL) != ST_OK)
        return;
    noise_make(&a, (size_t)rate_hz * 3, 2, rate_hz, 24, 0.1, 1);
    struct sound *s = sound_new(&a);
    for (int i = 0; i < voices; i++) {
        struct engine_command c = {.action = ENGINE_SLOT};
        c.u.kit.slot = i;
        c.u.kit.sound = sound_ref(s);
        c.u.kit.kernel = k;
        c.u.kit.gain = 0.1f;
        engine_post(g, &c);
        c = (struct engine_command){.action = ENGINE_HIT};
        c.u.kit.slot = i;
        engine_post(g, &c);
    }
    static float out[441 * 2];
    double from = clock_s();
    for (int i = 0; i < 200; i++)
        engine_render(g, out, 441);
    double share = (clock_s() - from) / 2;
    printf("engine, %2d stereo voices at %5d Hz    %6.3f %% of one core\n", voices,
           rate_hz, share * 100);
    engine_free(g);
    sound_unref(s);
    kernel_free(k);
}

int main(void)
{
    key_to_sound();
    static const int voices[] = {0, 1, 11};
    for (size_t i = 0; i < sizeof voices / sizeof *voices; i++)
        engine_cost(voices[i], RATE);
    engine_cost(1, 48000);
    engine_cost(11, 48000);
    engine_cost(11, 96000);
    double from = clock_s();
    kernel_free(kernel_new(48000, RATE));
    double mid = clock_s();
    kernel_free(kernel_new(192000, RATE));
    printf("tables for 48 kHz %.1f ms, for 192 kHz %.1f ms\n", (mid - from) * 1000,
           (clock_s() - mid) * 1000);
    return 0;
}
