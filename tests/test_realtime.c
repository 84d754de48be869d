/* The audio thread's half allocates, frees, locks, waits, prints and reads nothing: every
 * such call from our code is wrapped by the linker (see CMakeLists.txt) and counted while
 * the engine renders a wild mixture of everything it can do. */
#include "checks.h"

#include "audio/engine.h"
#include "audio/ring.h"
#include "core/rng.h"
#include "tone.h"

#include <math.h>
#include <pthread.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

enum { RATE = 44100, SOUNDS = 5 };

static bool rendering;
static int forbidden;

#define WRAPPED(type, name, parameters, arguments)                                       \
    type __real_##name parameters;                                                       \
    type __wrap_##name parameters;                                                       \
    type __wrap_##name parameters                                                        \
    {                                                                                    \
        forbidden += rendering;                                                          \
        return __real_##name arguments;                                                  \
    }

WRAPPED(void *, malloc, (size_t n), (n))
WRAPPED(void *, calloc, (size_t n, size_t m), (n, m))
WRAPPED(void *, realloc, (void *p, size_t n), (p, n))
WRAPPED(char *, strdup, (const char *s), (s))
WRAPPED(int, pthread_mutex_lock, (pthread_mutex_t * m), (m))
WRAPPED(int, pthread_mutex_unlock, (pthread_mutex_t * m), (m))
WRAPPED(int, pthread_cond_signal, (pthread_cond_t * c), (c))
WRAPPED(int, nanosleep, (const struct timespec *a, struct timespec *b), (a, b))
WRAPPED(ssize_t, write, (int f, const void *p, size_t n), (f, p, n))
WRAPPED(ssize_t, read, (int f, void *p, size_t n), (f, p, n))
WRAPPED(int, puts, (const char *s), (s))
/* what compilers make of printf and fprintf */
WRAPPED(int, putchar, (int c), (c))
WRAPPED(int, fputc, (int c, FILE *f), (c, f))
WRAPPED(int, fputs, (const char *s, FILE *f), (s, f))
WRAPPED(size_t, fwrite, (const void *p, size_t n, size_t m, FILE *f), (p, n, m, f))
WRAPPED(void *, aligned_alloc, (size_t a, size_t n), (a, n))
WRAPPED(int, pthread_cond_wait, (pthread_cond_t * c, pthread_mutex_t *m), (c, m))
WRAPPED(int, pthread_cond_broadcast, (pthread_cond_t * c), (c))
WRAPPED(FILE *, fopen, (const char *p, const char *m), (p, m))

void __real_free(void *p);
void __wrap_free(void *p);
void __wrap_free(void *p)
{
    forbidden += rendering;
    __real_free(p);
}

/* Variadic: counted, not forwarded. */
int __wrap_printf(const char *format, ...);
int __wrap_printf(const char *format, ...)
{
    forbidden += rendering;
    return format != NULL;
}

int __wrap_fprintf(FILE *f, const char *format, ...);
int __wrap_fprintf(FILE *f, const char *format, ...)
{
    forbidden += rendering;
    return f && format;
}

static struct sound *make_sound(struct rng *r, size_t frames, int channels, int rate_hz)
{
    struct audio a = tone_frames(frames, channels, rate_hz);
    for (size_t i = 0; i < frames * (size_t)channels; i++)
        a.data[i] = (float)rng_range(r, -0.5, 0.5);
    return sound_new(&a);
}

struct library {
    struct sound *sound[SOUNDS];
    struct kernel *kernel[SOUNDS];
};

static void fill_play(struct rng *r, const struct library *l, struct engine_command *c,
                      uint64_t serial)
{
    int i = (int)rng_below(r, SOUNDS);
    struct sound *s = l->sound[i];
    c->u.play.sound = sound_ref(s);
    c->u.play.kernel = l->kernel[i];
    c->u.play.serial = serial;
    c->u.play.at =
        rng_below(r, 3) ? (int64_t)rng_below(r, (uint32_t)s->audio.frames) : -1;
    c->u.play.gain = 0.5f;
    c->u.play.plan = (struct plan){
        .frames = (int64_t)s->audio.frames,
        .loop = rng_below(r, 2),
        .loop_start = (int64_t)rng_below(r, 300),
        .loop_end = (int64_t)rng_below(r, 3000),
        .seam = rng_below(r, 4) == 0,
        .seam_frames = 1000,
    };
    plan_clean(&c->u.play.plan);
}

static struct engine_command any_command(struct rng *r, const struct library *l,
                                         uint64_t serial)
{
    struct engine_command c = {.action =
                                   (enum engine_action)rng_below(r, ENGINE_CUT + 1)};
    int i = (int)rng_below(r, SOUNDS);
    switch (c.action) {
    case ENGINE_PLAY:
        fill_play(r, l, &c, serial);
        break;
    case ENGINE_SEEK:
        c.u.frame = (int64_t)rng_below(r, 5000);
        break;
    case ENGINE_PLAN: {
        struct engine_command p = {.action = ENGINE_STOP};
        fill_play(r, l, &p, serial);
        c.u.change.serial = serial - 1;
        c.u.change.plan = p.u.play.plan;
        /* the plan must be of what plays: all sounds here are at least this long */
        c.u.change.plan.frames = 3000;
        plan_clean(&c.u.change.plan);
        sound_unref(p.u.play.sound);
        break;
    }
    case ENGINE_SLOT:
        c.u.kit.sound = rng_below(r, 5) ? sound_ref(l->sound[i]) : NULL;
        c.u.kit.kernel = l->kernel[i];
        /* fall through */
    case ENGINE_TRIM:
    case ENGINE_HIT:
        c.u.kit.slot = (int)rng_below(r, KIT_SLOTS);
        c.u.kit.gain = 0.7f;
        break;
    case ENGINE_PATTERN:
        kit_pattern_clear(&c.u.pattern);
        for (int s = 0; s < KIT_SLOTS; s++)
            c.u.pattern.steps[s] = (uint16_t)rng_u64(r);
        break;
    case ENGINE_TEMPO:
        c.u.bpm = rng_range(r, 20, 300);
        break;
    case ENGINE_RUN:
        c.u.on = rng_below(r, 3) > 0;
        break;
    case ENGINE_GAIN:
    case ENGINE_VOLUME:
        c.u.gain = (float)rng_uniform(r);
        break;
    case ENGINE_STOP:
    case ENGINE_CUT:
        break;
    }
    return c;
}

static void rendering_touches_nothing(void **state)
{
    static const int rates[SOUNDS] = {RATE, RATE, 48000, 22050, 96000};
    struct rng r = rng_derive(9, 0, "wild", 0);
    struct library l = {0};
    struct engine *g;
    assert_int_equal(engine_new(&g, RATE, 2, NULL), ST_OK);
    for (int i = 0; i < SOUNDS; i++) {
        l.sound[i] = make_sound(&r, 3000 + 2000 * (size_t)i, 1 + i % 2, rates[i]);
        l.kernel[i] = rates[i] == RATE ? NULL : kernel_new(rates[i], RATE);
    }
    static float out[2048 * 2];
    double worst = 0;
    for (uint64_t i = 1; i < 4000; i++) {
        struct engine_command c = any_command(&r, &l, i);
        assert_true(engine_post(g, &c));
        size_t frames = 1 + rng_below(&r, rng_below(&r, 10) ? 200 : 2048);
        rendering = true;
        engine_render(g, out, frames);
        rendering = false;
        engine_collect(g);
        for (size_t k = 0; k < 2 * frames; k++)
            worst = fmax(worst, fabs((double)out[k]));
    }
    assert_int_equal(forbidden, 0);
    assert_true(isfinite(worst) && worst > 0.3 && worst < 40);
    engine_free(g);
    for (int i = 0; i < SOUNDS; i++) {
        assert_int_equal(atomic_load(&l.sound[i]->references), 1);
        sound_unref(l.sound[i]);
        kernel_free(l.kernel[i]);
    }
}

static void the_counter_counts(void **state)
{
    struct ring r;
    rendering = true;
    assert_int_equal(ring_init(&r, 4, 4, NULL), ST_OK);
    ring_done(&r);
    rendering = false;
    assert_true(forbidden >= 2);
    forbidden = 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_counter_counts),
        cmocka_unit_test(rendering_touches_nothing),
    };
    return cmocka_run_group_tests_name("realtime", tests, NULL, NULL);
}
