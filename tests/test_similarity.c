/* Likeness of sounds: vectors do not change with gain, copies of a hit stack, other
 * velocities and kinds do not. All sounds are synthesised here. */
#include "checks.h"

#include "core/pi.h"
#include "core/rng.h"
#include "dsp/mfcc.h"
#include "dsp/similarity.h"
#include "tone.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { RATE = 44100 };

/* A drum by its parameters: a falling tone and filtered noise, each with its decay. */
struct drum {
    double from_hz, to_hz, fall_ms, tone_ms; /* 0 tone_ms: none */
    double noise, noise_ms, low_hz, high_hz;
    double click; /* velocity: more of it, brighter */
};

static void strike(const struct drum *d, double cents, double gain, double noise_db,
                   double late_ms, uint64_t seed, struct audio *a)
{
    double pitch = pow(2.0, cents / 1200.0), longest = fmax(d->tone_ms, d->noise_ms);
    size_t late = (size_t)(late_ms * 1e-3 * RATE);
    size_t frames = late + (size_t)(7.0 * longest * 1e-3 * RATE);
    struct rng own = rng_derive(1, 1, "drum", (uint64_t)(d->to_hz * 10 + d->high_hz)),
               room = rng_derive(seed, 2, "room", 0);
    assert_int_equal(audio_init(a, frames, 1, RATE, NULL), ST_OK);
    double phase = 0.0, low = 0.0, high = 0.0, peak = 1e-9;
    double al = 1.0 - exp(-6.2832 * d->high_hz * pitch / RATE),
           ah = 1.0 - exp(-6.2832 * d->low_hz * pitch / RATE);
    for (size_t i = late; i < frames; i++) {
        double t = (double)(i - late) / RATE * pitch, v = 0.0;
        if (d->tone_ms > 0.0) {
            phase += 2 * PI * pitch / RATE *
                     (d->to_hz + (d->from_hz - d->to_hz) * exp(-t * 1e3 / d->fall_ms));
            v += sin(phase) * exp(-t * 1e3 / d->tone_ms);
        }
        low += al * (rng_gauss(&own) - low);
        high += ah * (low - high);
        v += d->noise * (low - high) * exp(-t * 1e3 / fmax(d->noise_ms, 1.0));
        v += d->click * (low - high) * exp(-t * 1e3 / 4.0);
        a->data[i] = (float)v;
        peak = fmax(peak, fabs(v));
    }
    double floor = pow(10.0, noise_db / 20.0);
    for (size_t i = 0; i < frames; i++)
        a->data[i] =
            (float)(gain * ((double)a->data[i] / peak + floor * rng_gauss(&room)));
}

static const struct drum kick = {180, 52, 22, 120, 0.05, 30, 200, 4000, 0.3};
static const struct drum snare = {260, 190, 15, 45, 1.2, 70, 900, 9000, 0.5};
static const struct drum hat = {0, 0, 1, 0, 1.0, 28, 6500, 15000, 0.5};
static const struct drum open_hat = {0, 0, 1, 0, 1.0, 160, 6500, 15000, 0.5};
static const struct drum tom = {160, 110, 40, 160, 0.1, 40, 300, 5000, 0.3};

static struct similarity *sim;

static int setup(void **state)
{
    return similarity_new(&sim, RATE, NULL) != ST_OK;
}

static int teardown(void **state)
{
    similarity_free(sim);
    return 0;
}

static void hear(const struct drum *d, double cents, double gain, double noise_db,
                 double late_ms, uint64_t seed, float *v)
{
    OWN(audio) a;
    strike(d, cents, gain, noise_db, late_ms, seed, &a);
    assert_int_equal(similarity_vector(sim, &a, v, NULL), ST_OK);
}

static void test_gain_changes_nothing(void **state)
{
    float one[SIMILARITY_DIM], two[SIMILARITY_DIM];
    hear(&snare, 0, 0.9, -200, 0, 1, one);
    hear(&snare, 0, 0.9 / 1024, -200, 0, 1, two); /* an exact factor */
    assert_true(similarity_distance(one, two) < 1e-4);
    hear(&snare, 0, 0.1, -60, 0, 1, two);
    assert_true(similarity_distance(one, two) < 0.15);
}

static void test_distance_is_sensible(void **state)
{
    float k[SIMILARITY_DIM], s[SIMILARITY_DIM], h[SIMILARITY_DIM], o[SIMILARITY_DIM],
        t[SIMILARITY_DIM];
    hear(&kick, 0, 0.9, -60, 0, 1, k);
    hear(&snare, 0, 0.9, -60, 0, 2, s);
    hear(&hat, 0, 0.9, -60, 0, 3, h);
    hear(&open_hat, 0, 0.9, -60, 0, 4, o);
    hear(&tom, 0, 0.9, -60, 0, 5, t);
    double kick_tom = similarity_distance(k, t), kick_hat = similarity_distance(k, h);
    double hat_open = similarity_distance(h, o), snare_hat = similarity_distance(s, h);
    print_message("kick-tom %.2f kick-hat %.2f hat-open %.2f snare-hat %.2f\n", kick_tom,
                  kick_hat, hat_open, snare_hat);
    assert_true(kick_tom < 0.7 * kick_hat);
    assert_true(hat_open < kick_hat);
    /* aspects: an open and a closed hat differ in how they move, not in the spectrum */
    struct similarity_weights spectrum = {{1, 0, 0, 0}}, envelope = {{0, 0, 0, 1}};
    float by_spectrum, by_envelope, doubled;
    similarity_distances(h, 1, o, &spectrum, &by_spectrum);
    similarity_distances(h, 1, o, &envelope, &by_envelope);
    assert_true(by_spectrum < 0.4F * by_envelope);
    /* a metric: symmetric, zero only for itself, weights scale it */
    assert_true(similarity_distance(k, t) == similarity_distance(t, k));
    assert_true(similarity_distance(k, k) == 0.0);
    struct similarity_weights twice = {{2, 2, 2, 2}};
    similarity_distances(k, 1, t, &twice, &doubled);
    assert_true(fabs((double)doubled - 2 * kick_tom) < 1e-5);
}

static void test_distances_of_all(void **state)
{
    enum { N = 500 };
    FREED float *v = malloc(N * SIMILARITY_DIM * sizeof *v);
    struct rng r = rng_derive(8, 0, "near", 0);
    for (int i = 0; i < N * SIMILARITY_DIM; i++)
        v[i] = (float)rng_gauss(&r);
    v[7 * SIMILARITY_DIM] = NAN;
    float distance[N];
    for (size_t q = 0; q < 40; q++) {
        const float *query = v + (q == 7 ? 8 : q) * SIMILARITY_DIM;
        similarity_distances(v, N, query, NULL, distance);
        for (size_t i = 0; i < N; i++)
            if (i == 7)
                assert_true(isinf(distance[i]));
            else
                assert_true(fabs((double)distance[i] -
                                 similarity_distance(v + i * SIMILARITY_DIM, query)) <
                            1e-5);
    }
}

struct f1 {
    double precision, recall, f1;
};

static struct f1 judge(const int *stack, const int *truth, size_t n)
{
    double hit = 0, made = 0, real = 0;
    for (size_t i = 0; i < n; i++)
        for (size_t k = i + 1; k < n; k++) {
            bool together = stack[i] != 0 && stack[i] == stack[k];
            hit += together && truth[i] == truth[k];
            made += together;
            real += truth[i] == truth[k];
        }
    return (struct f1){hit / made, hit / real, 2 * hit / (made + real)};
}

/* Twelve drums, each recorded again thirty times: level, room noise, pitch, a late start.
 * Among them are four velocities of one snare and four kicks tuned a tone apart. */
static void test_copies_stack_and_velocities_do_not(void **state)
{
    enum { DRUMS = 12, TIMES = 30, N = DRUMS * TIMES };
    struct drum drums[DRUMS] = {kick, snare, hat, open_hat, tom};
    for (int i = 5; i < 8; i++) {
        drums[i] = kick;
        drums[i].from_hz *= pow(2.0, (i - 4) / 6.0);
        drums[i].to_hz *= pow(2.0, (i - 4) / 6.0);
    }
    for (int i = 8; i < 11; i++) {
        drums[i] = snare;
        drums[i].click += 0.5 * (i - 7);
        drums[i].noise *= pow(1.35, i - 7);
        drums[i].high_hz *= pow(0.75, i - 7);
    }
    drums[11] = snare;
    drums[11].noise_ms = 130;
    FREED float *v = malloc(N * SIMILARITY_DIM * sizeof *v);
    uint64_t ids[N], turned_ids[N];
    int truth[N], stack[N], turned[N], group[N];
    struct rng r = rng_derive(3, 0, "again", 0);
    for (int i = 0; i < N; i++) {
        truth[i] = i % DRUMS;
        ids[i] = rng_u64(&r) | 1;
        hear(&drums[i % DRUMS], rng_range(&r, -20, 20), pow(10, rng_range(&r, -1.5, 0)),
             rng_range(&r, -60, -42), rng_range(&r, 0, 4), (uint64_t)i,
             v + i * SIMILARITY_DIM);
    }
    assert_int_equal(
        similarity_stacks(&(struct similarity_set){v, ids, NULL, N}, stack, NULL, NULL),
        ST_OK);
    struct f1 result = judge(stack, truth, N);
    print_message("precision %.4f recall %.4f F1 %.4f\n", result.precision, result.recall,
                  result.f1);
    assert_true(result.f1 >= 0.95);
    assert_true(result.precision >= 0.99);
    /* the other way round: the same stacks */
    FREED float *w = malloc(N * SIMILARITY_DIM * sizeof *w);
    for (int i = 0; i < N; i++) {
        memcpy(w + i * SIMILARITY_DIM, v + (N - 1 - i) * SIMILARITY_DIM,
               SIMILARITY_DIM * sizeof *w);
        turned_ids[i] = ids[N - 1 - i];
        group[i] = truth[N - 1 - i] % 2;
    }
    assert_int_equal(similarity_stacks(&(struct similarity_set){w, turned_ids, NULL, N},
                                       turned, NULL, NULL),
                     ST_OK);
    for (int i = 0; i < N; i++)
        assert_int_equal(turned[i], stack[N - 1 - i]);
    /* every member is a copy of some other one of its stack; none of groups apart */
    assert_int_equal(similarity_stacks(&(struct similarity_set){w, turned_ids, group, N},
                                       turned, NULL, NULL),
                     ST_OK);
    for (int i = 0; i < N; i++)
        for (int k = 0; k < i; k++)
            assert_true(turned[i] == 0 || turned[i] != turned[k] || group[i] == group[k]);
}

static void test_stack_numbers(void **state)
{
    float v[6 * SIMILARITY_DIM] = {0};
    uint64_t ids[6] = {50, 10, 40, 20, 30, 60};
    int stack[6];
    for (int i = 0; i < 6; i++)
        for (int d = 0; d < SIMILARITY_DIM; d++)
            v[i * SIMILARITY_DIM + d] = (float)(i % 2) * 3.0F;
    v[5 * SIMILARITY_DIM] = NAN; /* knows nothing: alone */
    assert_int_equal(
        similarity_stacks(&(struct similarity_set){v, ids, NULL, 6}, stack, NULL, NULL),
        ST_OK);
    static const int expected[6] = {2, 1, 2, 1, 2, 0};
    assert_memory_equal(stack, expected, sizeof stack);
    assert_int_equal(
        similarity_stacks(&(struct similarity_set){v, ids, NULL, 0}, stack, NULL, NULL),
        ST_OK);
    assert_int_equal(
        similarity_stacks(&(struct similarity_set){v, ids, NULL, 1}, stack, NULL, NULL),
        ST_OK);
    assert_int_equal(stack[0], 0);
    assert_false(similarity_duplicate(v, v + 5 * SIMILARITY_DIM));
    assert_true(similarity_duplicate(v, v + 2 * SIMILARITY_DIM));
}

/* Many more than are compared with each other: still the same stacks. */
static void test_many_hits(void **state)
{
    enum { KINDS = 40, N = 10000 };
    FREED float *v = malloc(N * SIMILARITY_DIM * sizeof *v);
    FREED uint64_t *ids = malloc(N * sizeof *ids);
    int *stack = malloc(N * sizeof *stack), first[KINDS] = {0};
    struct rng r = rng_derive(6, 0, "many", 0);
    for (int i = 0; i < N; i++) {
        struct rng kind = rng_derive(6, 1, "kind", (uint64_t)(i % KINDS));
        ids[i] = rng_u64(&r);
        for (int d = 0; d < SIMILARITY_DIM; d++)
            v[i * SIMILARITY_DIM + d] = (float)(rng_gauss(&kind) + 0.004 * rng_gauss(&r));
    }
    assert_int_equal(
        similarity_stacks(&(struct similarity_set){v, ids, NULL, N}, stack, NULL, NULL),
        ST_OK);
    for (int i = 0; i < N; i++) {
        if (i < KINDS)
            first[i] = stack[i];
        assert_true(stack[i] > 0 && stack[i] <= KINDS);
        assert_int_equal(stack[i], first[i % KINDS]);
    }
    free(stack);
}

/* Families of vectors, some of which have more in common than others. */
static void make_families(float *v, uint64_t *ids, int *group, size_t n, double apart)
{
    struct rng r = rng_derive(8, 0, "families", n);
    for (size_t i = 0; i < n; i++) {
        struct rng family = rng_derive(8, 1, "family", rng_u64(&r) % (n / 4 + 1));
        ids[i] = rng_u64(&r);
        group[i] = (int)(rng_u64(&family) % 3);
        for (size_t d = 0; d < SIMILARITY_DIM; d++)
            v[i * SIMILARITY_DIM + d] =
                (float)(apart * rng_gauss(&family) + 0.1 * apart * rng_gauss(&r));
    }
}

/* Every pair compared, as nothing but the definition says it. */
static void stack_all_pairs(const float *v, const uint64_t *ids, const int *group,
                            size_t n, int *stack)
{
    FREED bool *copies = calloc(n * n, sizeof *copies);
    FREED size_t *degree = calloc(n, sizeof *degree);
    for (size_t i = 0; i < n; i++)
        for (size_t k = 0; k < n; k++) {
            copies[i * n + k] =
                group[i] == group[k] &&
                similarity_duplicate(v + i * SIMILARITY_DIM, v + k * SIMILARITY_DIM);
            degree[i] += copies[i * n + k];
        }
    memset(stack, 0, n * sizeof *stack);
    for (int number = 1;; number++) {
        size_t centre = n;
        for (size_t i = 0; i < n; i++)
            if (degree[i] > 0 && (centre == n || degree[i] > degree[centre] ||
                                  (degree[i] == degree[centre] && ids[i] < ids[centre])))
                centre = i;
        if (centre == n)
            break;
        degree[centre] = 0; /* its turn is over */
        for (size_t k = 0; stack[centre] == 0 && k < n; k++)
            if (k != centre && stack[k] == 0 && copies[centre * n + k])
                stack[k] = -number;
        for (size_t k = 0; k < n; k++)
            if (stack[k] == -number)
                stack[k] = stack[centre] = number;
    }
}

static void no_copy_is_passed_over(void **state)
{
    enum { N = 700 };
    static const double apart[] = {1.0, 0.3, 0.1, 0.03};
    FREED float *v = malloc(N * SIMILARITY_DIM * sizeof *v);
    uint64_t ids[N];
    int group[N], stack[N], truth[N];
    for (size_t a = 0; a < sizeof apart / sizeof *apart; a++) {
        size_t alone = 0;
        make_families(v, ids, group, N, apart[a]);
        stack_all_pairs(v, ids, group, N, truth);
        assert_int_equal(similarity_stacks(&(struct similarity_set){v, ids, group, N},
                                           stack, NULL, NULL),
                         ST_OK);
        for (size_t i = 0; i < N; i++) {
            alone += stack[i] == 0;
            assert_int_equal(stack[i] == 0, truth[i] == 0);
            for (size_t k = 0; k < i; k++)
                assert_int_equal(stack[i] == stack[k], truth[i] == truth[k]);
        }
        print_message("%.2f apart: %zu of %d alone\n", apart[a], alone, N);
    }
}

/* Whoever quits does not wait for the seconds that many alike take. */
static void it_ends_when_cancelled(void **state)
{
    enum { N = 1000 };
    FREED float *v = malloc(N * SIMILARITY_DIM * sizeof *v);
    FREED uint64_t *ids = malloc(N * sizeof *ids);
    FREED int *group = malloc(N * sizeof *group), *stack = malloc(N * sizeof *stack);
    atomic_bool cancelled = true;
    make_families(v, ids, group, N, 1.0);
    struct similarity_set of = {v, ids, NULL, N};
    assert_int_equal(similarity_stacks(&of, stack, &cancelled, NULL), ST_CANCELLED);
    cancelled = false;
    assert_int_equal(similarity_stacks(&of, stack, &cancelled, NULL), ST_OK);
}

static void test_hostile_sounds(void **state)
{
    float v[SIMILARITY_DIM];
    struct similarity *odd;
    assert_int_equal(similarity_new(&odd, 10, NULL), ST_UNSUPPORTED);
    static const int rates[] = {8000, 22050, 48000, 192000};
    for (int i = 0; i < 4; i++) {
        struct audio a;
        assert_int_equal(similarity_new(&odd, rates[i], NULL), ST_OK);
        for (size_t frames = 0; frames < 3000; frames = frames * 3 + 1) {
            assert_int_equal(audio_init(&a, frames, 3, rates[i], NULL), ST_OK);
            assert_int_equal(similarity_vector(odd, &a, v, NULL), ST_OK); /* silence */
            for (size_t k = 0; k < frames * 3; k++)
                a.data[k] = k % 5 == 0 ? NAN : k % 7 == 0 ? INFINITY : (k % 2) ? 1 : -1;
            assert_int_equal(similarity_vector(odd, &a, v, NULL), ST_OK);
            for (int d = 0; d < SIMILARITY_DIM; d++)
                assert_true(isfinite(v[d]));
            audio_done(&a);
        }
        similarity_free(odd);
    }
}

/* Drums one after the other, in one or two channels; silence, nothing, and no numbers. */
static void odd_one(struct audio *a, size_t number)
{
    static const struct drum *const drums[] = {&kick, &snare, &hat, &open_hat, &tom};
    OWN(audio) one;
    strike(drums[number % 5], 7.0 * (double)number, 0.9, -50.0, 0.0, number, &one);
    size_t frames = number % 11 == 10 ? 0 : 1 + number * number * 61;
    int channels = 1 + (int)(number % 3 == 2);
    assert_int_equal(audio_init(a, frames, channels, RATE, NULL), ST_OK);
    for (size_t i = 0; i < a->frames * (size_t)channels; i++)
        a->data[i] = number % 13 == 12 ? 0.0F : one.data[i % one.frames];
    if (number % 7 == 6 && frames > 0)
        a->data[frames / 2] = NAN;
}

/* Frames of many sounds are transformed side by side; each has the vector it has alone.
 */
static void sounds_heard_together_do_not_mix(void **state)
{
    enum { SOUNDS = 40 };
    static float together[SOUNDS][SIMILARITY_DIM];
    struct audio a[SOUNDS];
    for (int turn = 0; turn < 2; turn++) {
        for (size_t i = 0; i < SOUNDS; i++) {
            odd_one(&a[i], i);
            memset(together[i], 0, sizeof together[i]);
            assert_int_equal(similarity_add(sim, &a[i], together[i], NULL), ST_OK);
        }
        similarity_finish(sim);
        for (size_t i = 0; i < SOUNDS; i++) {
            float alone[SIMILARITY_DIM];
            assert_int_equal(similarity_vector(sim, &a[i], alone, NULL), ST_OK);
            assert_memory_equal(together[i], alone, sizeof alone);
            audio_done(&a[i]);
        }
    }
}

/* The same sound at another rate is the same sound. */
static void test_rate_changes_little(void **state)
{
    struct similarity *fast;
    OWN(audio) a;
    float v[SIMILARITY_DIM], w[SIMILARITY_DIM];
    strike(&kick, 0, 0.9, -200, 0, 1, &a);
    OWN(audio) b = tone_frames(a.frames * 2, 1, 2 * RATE);
    for (size_t i = 0; i + 1 < b.frames; i++) /* enough for a kick */
        b.data[i] = i % 2 ? (a.data[i / 2] + a.data[i / 2 + (i / 2 + 1 < a.frames)]) / 2
                          : a.data[i / 2];
    assert_int_equal(similarity_new(&fast, 2 * RATE, NULL), ST_OK);
    assert_int_equal(similarity_vector(sim, &a, v, NULL), ST_OK);
    assert_int_equal(similarity_vector(fast, &b, w, NULL), ST_OK);
    assert_true(similarity_distance(v, w) < 0.3);
    similarity_free(fast);
}

static void test_mfcc(void **state)
{
    struct mfcc *m;
    float power[513], band[40], coeff[13], louder[13];
    assert_int_equal(mfcc_new(&m, RATE, 1024, 40, 13, NULL), ST_OK);
    for (int k = 0; k < 513; k++)
        power[k] = 2.0F;
    mfcc_mel(m, power, band); /* white: flat, whatever the band's width */
    for (int b = 0; b < 40; b++)
        assert_true(fabsf(band[b] - 2.0F) < 1e-5F);
    mfcc_cepstrum(m, band, 0.0F, coeff);
    assert_true(fabs((double)coeff[0] - 10 * log10(2.0) * sqrt(40.0)) < 1e-3);
    for (int c = 1; c < 13; c++)
        assert_true(fabsf(coeff[c]) < 1e-4F);
    /* one bin: the band around it, and gain only moves coefficient 0 */
    memset(power, 0, sizeof power);
    int bin = (int)lround(1000.0 * 1024 / RATE), best = 0;
    power[bin] = 1.0F;
    mfcc_mel(m, power, band);
    for (int b = 0; b < 40; b++)
        best = band[b] > band[best] ? b : best;
    assert_true(fabs(mfcc_band_hz(m, best) - bin * (double)RATE / 1024) < 80.0);
    mfcc_cepstrum(m, band, 1e-9F, coeff);
    for (int b = 0; b < 40; b++)
        band[b] *= 100.0F;
    mfcc_cepstrum(m, band, 1e-7F, louder);
    assert_true(fabs((double)(louder[0] - coeff[0]) - 20 * sqrt(40.0)) < 1e-2);
    for (int c = 1; c < 13; c++)
        assert_true(fabsf(louder[c] - coeff[c]) < 1e-2F);
    mfcc_free(m);
    assert_int_equal(mfcc_new(&m, RATE, 1024, 3, 3, NULL), ST_UNSUPPORTED);
    assert_int_equal(mfcc_new(&m, RATE, 1024, 40, 41, NULL), ST_UNSUPPORTED);
    mfcc_free(NULL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_gain_changes_nothing),
        cmocka_unit_test(test_distance_is_sensible),
        cmocka_unit_test(test_distances_of_all),
        cmocka_unit_test(test_copies_stack_and_velocities_do_not),
        cmocka_unit_test(test_stack_numbers),
        cmocka_unit_test(test_many_hits),
        cmocka_unit_test(no_copy_is_passed_over),
        cmocka_unit_test(it_ends_when_cancelled),
        cmocka_unit_test(test_hostile_sounds),
        cmocka_unit_test(sounds_heard_together_do_not_mix),
        cmocka_unit_test(test_rate_changes_little),
        cmocka_unit_test(test_mfcc),
    };
    return cmocka_run_group_tests(tests, setup, teardown);
}
