/* dsp/fft_batch against kissfft, and its two builds against each other.
 * The .c file is included for its processor-specific builds. */
#include "checks.h"

#include "core/pi.h"
#include "dsp/fft_batch.c" // NOLINT

#include "core/rng.h"
#include "dsp/fft.h"
#include "dsp/window.h"

#include <stdint.h>

static const int SIZES[] = {8,    12,   16,   20,   24,   60,   128,  180,  300, 1024,
                            1152, 1620, 2048, 2304, 2400, 3840, 4096, 4500, 4800};
enum { SIZE_COUNT = sizeof SIZES / sizeof *SIZES };

struct bench {
    int n, hop;
    struct fft_batch *batch;
    struct rfft *plain;
    float *window, *x, *power, *other, *frame, *spectrum;
};

static void bench_init(struct bench *b, int n)
{
    size_t size = (size_t)n;
    *b = (struct bench){.n = n, .hop = n / 4};
    size_t length = 7 * (size_t)b->hop + size;
    b->window = malloc(size * sizeof(float));
    b->x = malloc(length * sizeof(float));
    b->power = malloc(8 * (size / 2 + 1) * sizeof(float));
    b->other = malloc(8 * (size / 2 + 1) * sizeof(float));
    b->frame = malloc(size * sizeof(float));
    b->spectrum = malloc((size + 2) * sizeof(float));
    window_hann(b->window, n);
    b->batch = fft_batch_new(n, b->window);
    b->plain = rfft_new(n);
    assert_non_null(b->batch);
    assert_non_null(b->plain);
    struct rng r = rng_derive(1, 0, "test-batch", (uint64_t)n);
    for (size_t i = 0; i < length; i++)
        b->x[i] = (float)rng_range(&r, -1, 1);
}

static void bench_done(struct bench *b)
{
    fft_batch_free(b->batch);
    rfft_free(b->plain);
    free(b->window);
    free(b->x);
    free(b->power);
    free(b->other);
    free(b->frame);
    free(b->spectrum);
}

static void agrees_with_the_plain_transform(void **state)
{
    for (int z = 0; z < SIZE_COUNT; z++) {
        OWN(bench) b;
        bench_init(&b, SIZES[z]);
        fft_batch_power(b.batch, b.x, b.hop, b.power);
        for (int lane = 0; lane < 8; lane++) {
            double worst = 0, square = 0;
            for (int i = 0; i < b.n; i++)
                b.frame[i] = b.x[lane * b.hop + i] * b.window[i];
            rfft_forward(b.plain, b.frame, b.spectrum);
            for (int k = 0; k <= b.n / 2; k++) {
                double re = (double)b.spectrum[2 * k], im = (double)b.spectrum[2 * k + 1];
                double mag = hypot(re, im);
                worst = fmax(worst, fabs(mag - sqrt((double)b.power[8 * k + lane])));
                square += mag * mag;
            }
            assert_true(worst < 1e-5 * sqrt(square / (b.n / 2 + 1)));
        }
    }
}

/* Spectra as the plain transform has them, and the windowed frames back from them. */
static void rows_go_there_and_back(void **state)
{
    for (int z = 0; z < SIZE_COUNT; z++) {
        OWN(bench) b;
        bench_init(&b, SIZES[z]);
        size_t n = (size_t)b.n, row = n + 5;
        FREED float *spectra = malloc(8 * row * sizeof *spectra);
        fft_batch_forward(b.batch, b.x, (size_t)b.hop, spectra, row);
        double apart = 0, lost = 0, square = 0;
        for (size_t lane = 0; lane < 8; lane++) {
            for (size_t i = 0; i < n; i++)
                b.frame[i] = b.x[lane * (size_t)b.hop + i] * b.window[i];
            rfft_forward(b.plain, b.frame, b.spectrum);
            for (size_t i = 0; i < n + 2; i++) {
                double d = (double)(b.spectrum[i] - spectra[lane * row + i]);
                apart = fmax(apart, fabs(d));
                square += (double)b.spectrum[i] * (double)b.spectrum[i];
            }
        }
        assert_true(apart < 1e-5 * sqrt(square / (8 * (b.n / 2 + 1))));
        fft_batch_inverse(b.batch, spectra, row, spectra, row);
        for (size_t lane = 0; lane < 8; lane++)
            for (size_t i = 0; i < n; i++) {
                float x = b.x[lane * (size_t)b.hop + i] * b.window[i];
                lost = fmax(lost, fabs((double)(x - spectra[lane * row + i])));
            }
        assert_true(lost < 1e-6);
    }
}

/* In lanes the same values as in rows: bit by bit, as far as they are asked for. */
static void lanes_are_the_rows(void **state)
{
    for (int z = 0; z < SIZE_COUNT; z++) {
        OWN(bench) b;
        bench_init(&b, SIZES[z]);
        size_t n = (size_t)b.n, row = n + 2, bins = n / 2 + 1, some = n / 3;
        FREED float *rows = malloc(8 * row * sizeof *rows),
                    *part = malloc(8 * row * sizeof *part);
        fft_batch_forward(b.batch, b.x, (size_t)b.hop, rows, row);
        const float *lanes = fft_batch_spectra(b.batch, b.x, (size_t)b.hop);
        for (size_t lane = 0; lane < 8; lane++)
            for (size_t k = 0; k < 2 * bins; k++)
                assert_true(lanes[8 * k + lane] == rows[lane * row + k]);
        memcpy(part, lanes, 16 * bins * sizeof *part);
        memcpy(fft_batch_lanes(b.batch), part, 16 * bins * sizeof *part);
        fft_batch_back(b.batch, (int)some, part, row);
        fft_batch_inverse(b.batch, rows, row, rows, row);
        for (size_t lane = 0; lane < 8; lane++)
            assert_memory_equal(part + lane * row, rows + lane * row,
                                some * sizeof *part);
    }
}

/* The transform of complex values, as the sum in double precision. */
static void complex_lanes_turn(void **state)
{
    for (int z = 0; SIZES[z] <= 300; z++) {
        OWN(bench) b;
        bench_init(&b, SIZES[z]);
        int half = b.n / 2;
        FREED float *x = malloc(16 * (size_t)half * sizeof *x);
        struct rng r = rng_derive(3, 0, "lanes", (uint64_t)b.n);
        for (int i = 0; i < 16 * half; i++)
            x[i] = (float)rng_range(&r, -1, 1);
        memcpy(fft_batch_lanes(b.batch), x, 16 * (size_t)half * sizeof *x);
        const float *out = fft_batch_turn(b.batch);
        for (int k = 0; k < half; k++)
            for (int lane = 0; lane < 8; lane++) {
                double re = 0, im = 0;
                for (int i = 0; i < half; i++) {
                    double angle = -2 * PI * ((i * k) % half) / half, c = cos(angle),
                           s = sin(angle), u = (double)x[16 * i + lane],
                           v = (double)x[16 * i + 8 + lane];
                    re += u * c - v * s;
                    im += u * s + v * c;
                }
                assert_true(fabs((double)out[16 * k + lane] - re) < 1e-5 * half);
                assert_true(fabs((double)out[16 * k + 8 + lane] - im) < 1e-5 * half);
            }
    }
}

/* As the sums in double precision, at a few lags. */
static void correlations_are_those_of_the_windowed_frame_with_the_whole(void **state)
{
    for (int z = 0; z < SIZE_COUNT; z++) {
        OWN(bench) b;
        bench_init(&b, SIZES[z]);
        int n = b.n;
        FREED float *x = malloc(8 * (size_t)n * sizeof *x);
        FREED float *out = malloc(8 * ((size_t)n + 2) * sizeof *out);
        for (int i = 0; i < 8 * n; i++)
            x[i] = b.x[i % 8 * b.hop + i / 8];
        fft_batch_correlate(b.batch, x, n, out);
        for (int lane = 0; lane < 8; lane++) {
            const float *frame = b.x + lane * b.hop;
            double worst = 0, square = 0;
            for (int i = 0; i < n; i++)
                square += (double)frame[i] * (double)frame[i];
            for (int k = 0; k < 9; k++) {
                int lag = k * (n - 1) / 8;
                double sum = 0;
                for (int i = 0; i < n; i++)
                    sum += (double)b.window[i] * (double)frame[i] *
                           (double)frame[(i + lag) % n];
                worst = fmax(worst, fabs(sum - (double)out[8 * lag + lane]));
            }
            assert_true(worst < 1e-6 * square);
        }
        /* Fewer lags are the same ones, and what is behind them is left alone. */
        FREED float *some = malloc(8 * ((size_t)n + 2) * sizeof *some);
        for (int lags = 1; lags < n; lags += n / 4) {
            for (int i = 0; i < 8 * (n + 2); i++)
                some[i] = 77;
            fft_batch_correlate(b.batch, x, lags, some);
            assert_memory_equal(some, out, 8 * (size_t)lags * sizeof *some);
            for (int i = 8 * (lags + 1); i < 8 * (n + 2); i++)
                assert_true(some[i] == 77);
        }
    }
}

static void every_build_gives_the_same_bits(void **state)
{
    for (int z = 0; z < SIZE_COUNT; z++) {
        OWN(bench) b;
        bench_init(&b, SIZES[z]);
        size_t bytes = 8 * ((size_t)b.n / 2 + 1) * sizeof(float);
        struct fft_batch *base_plan = fft_batch_new(b.n, b.window);
        assert_non_null(base_plan);
        base_plan->transform = run_stages_base;
        const float *frames[8];
        take_rows(b.x, (size_t)b.hop, frames);
        run_power_base(base_plan, frames, b.n / 2 + 1, b.power);
        memset(b.other, 0, bytes);
        run_power(b.batch, frames, b.n / 2 + 1, b.other);
        assert_memory_equal(b.power, b.other, bytes);
        size_t row = (size_t)b.n + 2, rows = 8 * row;
        FREED float *base = malloc(rows * sizeof *base),
                    *best = malloc(rows * sizeof *best);
        run_forward_base(base_plan, frames, base, row);
        run_forward(b.batch, frames, best, row);
        assert_memory_equal(base, best, rows * sizeof *base);
        fft_batch_inverse_base(base_plan, base, row, base, row);
        fft_batch_inverse(b.batch, best, row, best, row);
        assert_memory_equal(base, best, rows * sizeof *base);
        struct complex8 *of_base, *of_best;
        run_spectra_base(base_plan, frames, &of_base);
        run_spectra(b.batch, frames, &of_best);
        assert_memory_equal(of_base, of_best, 2 * bytes);
        memmove(base_plan->a, of_base, 2 * bytes);
        memmove(b.batch->a, of_best, 2 * bytes);
        fft_batch_back_base(base_plan, b.n, base, row);
        fft_batch_back(b.batch, b.n, best, row);
        assert_memory_equal(base, best, rows * sizeof *base);
        FREED float *columns = malloc(rows * sizeof *columns);
        memcpy(columns, base, rows * sizeof *columns);
        fft_batch_correlate_base(base_plan, columns, b.n, base);
        fft_batch_correlate(b.batch, columns, b.n, best);
        assert_memory_equal(base, best, 8 * (size_t)b.n * sizeof *base);
        fft_batch_free(base_plan);
    }
}

/* A few bins, and frames that lie anywhere, are those of all that lie evenly. */
static void parts_are_those_of_the_whole(void **state)
{
    for (int z = 0; z < SIZE_COUNT; z++) {
        OWN(bench) b;
        bench_init(&b, SIZES[z]);
        size_t bins = (size_t)b.n / 2 + 1, bytes = 8 * sizeof(float);
        fft_batch_power(b.batch, b.x, b.hop, b.power);
        for (size_t some = 1; some <= bins; some += 1 + bins / 9) {
            memset(b.other, 0, bins * bytes);
            fft_batch_low_power(b.batch, b.x, b.hop, (int)some, b.other);
            assert_memory_equal(b.power, b.other, some * bytes);
        }
        const float *frames[8];
        for (int i = 0; i < 8; i++)
            frames[i] = b.x + (7 - i) / 2 * b.hop;
        fft_batch_power_of(b.batch, frames, b.other);
        for (size_t k = 0; k < bins; k++)
            for (size_t i = 0; i < 8; i++)
                assert_true(b.other[8 * k + i] == b.power[8 * k + (7 - i) / 2]);
    }
}

static void other_sizes_are_refused(void **state)
{
    float window[64] = {0};
    assert_null(fft_batch_new(0, window));
    assert_null(fft_batch_new(4, window));
    assert_null(fft_batch_new(28, window));
    assert_null(fft_batch_new(30, window));
    assert_null(fft_batch_new(-8, window));
    fft_batch_free(NULL);
    for (int n = 8; n < 5000; n = fft_next_fast(n + 1)) {
        FREED float *w = calloc((size_t)n, sizeof *w);
        struct fft_batch *f = fft_batch_new(n, w);
        assert_non_null(f);
        fft_batch_free(f);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(agrees_with_the_plain_transform),
        cmocka_unit_test(rows_go_there_and_back),
        cmocka_unit_test(lanes_are_the_rows),
        cmocka_unit_test(complex_lanes_turn),
        cmocka_unit_test(correlations_are_those_of_the_windowed_frame_with_the_whole),
        cmocka_unit_test(parts_are_those_of_the_whole),
        cmocka_unit_test(every_build_gives_the_same_bits),
        cmocka_unit_test(other_sizes_are_refused),
    };
    return cmocka_run_group_tests_name("fft_batch", tests, NULL, NULL);
}
