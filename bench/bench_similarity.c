/* Similarity on real sounds: paths of sound files on stdin.
 *   --table  print dsp/similarity_table.h, worked out from them and copies of them
 *   --sweep  the same as without, and other limits
 *   (else)   how well copies are told from everything else, stacks' F1, and the cost */
#include "core/rng.h"
#include "dsp/similarity.h"
#include "dsp/similarity_internal.h"
#include "io/soundfile.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

enum { COPIES = 5, SOUNDS_MAX = 3000 };

struct sample {
    char path[512];
    float raw[COPIES + 1][SIMILARITY_DIM], v[COPIES + 1][SIMILARITY_DIM];
};

static double now_s(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

static double sinc(double x)
{
    return fabs(x) < 1e-9 ? 1.0 : sin(3.14159265358979 * x) / (3.14159265358979 * x);
}

/* Played again: other level, pitch, noise floor and a little later. */
static void play_again(const struct audio *a, struct audio *b, struct rng *r)
{
    double ratio = pow(2.0, rng_range(r, -30, 30) / 1200.0);
    double gain = pow(10.0, rng_range(r, -20, 6) / 20.0), peak = 0.0;
    double late = rng_range(r, 0, 0.003) * a->rate_hz;
    size_t frames = (size_t)((double)a->frames / ratio + late);
    if (audio_init(b, frames, 1, a->rate_hz, NULL) != ST_OK)
        exit(1);
    float *mono = malloc((a->frames + 1) * sizeof *mono);
    audio_mono(a, mono);
    for (size_t i = 0; i < a->frames; i++)
        peak = fmax(peak, fabs((double)mono[i]));
    double noise = peak * pow(10.0, rng_range(r, -60, -45) / 20.0);
    for (size_t i = 0; i < frames; i++) {
        double at = ((double)i - late) * ratio, sum = 0.0;
        long middle = (long)floor(at);
        for (long k = middle - 15; k <= middle + 16; k++)
            if (k >= 0 && k < (long)a->frames)
                sum += (double)mono[k] * sinc(at - (double)k) *
                       (0.5 + 0.5 * cos(3.14159265 * (at - (double)k) / 17.0));
        b->data[i] = (float)(gain * (sum + noise * rng_gauss(r)));
    }
    free(mono);
}

static int by_double(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;
    return x < y ? -1 : x > y;
}

static void print_row(const char *name, const double *v)
{
    printf("static const float table_%s[SIMILARITY_DIM] = {\n", name);
    for (int i = 0; i < SIMILARITY_DIM; i++)
        printf("%s%.6gF,%s", i % 8 == 0 ? "    " : " ", v[i], i % 8 == 7 ? "\n" : "");
    printf("};\n");
}

static void print_table(const struct sample *s, size_t n)
{
    double mean[SIMILARITY_DIM], deviation[SIMILARITY_DIM], copy[SIMILARITY_DIM];
    double *one = malloc(n * COPIES * sizeof *one);
    for (int d = 0; d < SIMILARITY_DIM; d++) {
        double sum = 0.0, square = 0.0;
        for (size_t i = 0; i < n; i++) {
            double v = (double)s[i].raw[0][d];
            sum += v;
            square += v * v;
            for (int c = 0; c < COPIES; c++)
                one[i * COPIES + (size_t)c] = fabs((double)s[i].raw[c + 1][d] - v);
        }
        mean[d] = sum / (double)n;
        deviation[d] = fmax(1e-3, sqrt(square / (double)n - mean[d] * mean[d]));
        /* a robust deviation, not so small that rounding counts; the strongest partial
         * may be another one in a copy, so its height tells little */
        double least = d == PITCH_AT + 12 ? 0.3 : 0.03;
        qsort(one, n * COPIES, sizeof *one, by_double);
        copy[d] = fmax(least, one[(size_t)(0.75 * (double)(n * COPIES))] / deviation[d]);
    }
    free(one);
    print_row("mean", mean);
    print_row("deviation", deviation);
    print_row("copy", copy);
}

/* What keeps copies apart, worst first. */
static void blame(const struct sample *s, size_t n)
{
    double part[SIMILARITY_DIM] = {0}, count = 0;
    for (size_t i = 0; i < n; i++)
        for (int a = 0; a <= COPIES; a++)
            for (int b = a + 1; b <= COPIES; b++) {
                if (similarity_duplicate(s[i].v[a], s[i].v[b]))
                    continue;
                count++;
                for (int d = 0; d < SIMILARITY_DIM; d++)
                    part[d] += similarity_copy_part(s[i].v[a], s[i].v[b], d);
            }
    for (int d = 0; d < SIMILARITY_DIM; d++)
        printf("%2d:%.1f%s", d, part[d] / count, d % 8 == 7 ? "\n" : "  ");
}

static void sweep(const struct sample *s, size_t n)
{
    for (float most = 1.5F; most < 4.0F; most += 0.5F)
        for (double limit = 1.6; limit < 5.3; limit += 0.4) {
            size_t same = 0, found = 0, wrong = 0;
            for (size_t i = 0; i < n; i++)
                for (int a = 0; a <= COPIES; a++)
                    for (int b = a + 1; b <= COPIES; b++, same++)
                        found +=
                            similarity_copy_distance(s[i].v[a], s[i].v[b], most) < limit;
            for (size_t i = 0; i < n; i++)
                for (size_t k = i + 1; k < n; k++)
                    wrong += similarity_copy_distance(s[i].v[0], s[k].v[0], most) < limit;
            printf("knee %.1f limit %.1f: copies %.4f, merged %zu\n", (double)most, limit,
                   (double)found / (double)same, wrong);
        }
}

static void judge(const struct sample *s, size_t n)
{
    size_t same = 0, found = 0, others = 0, wrong = 0, total = n * (COPIES + 1);
    float *v = malloc(total * sizeof s->v[0]);
    uint64_t *ids = malloc(total * sizeof *ids);
    int *stack = malloc(total * sizeof *stack);
    for (size_t i = 0; i < n; i++)
        for (size_t c = 0; c <= COPIES; c++) {
            memcpy(v + (i * (COPIES + 1) + c) * SIMILARITY_DIM, s[i].v[c],
                   sizeof s->v[0]);
            ids[i * (COPIES + 1) + c] = i * (COPIES + 1) + c + 1;
        }
    for (size_t i = 0; i < n; i++)
        for (int a = 0; a <= COPIES; a++)
            for (int b = a + 1; b <= COPIES; b++) {
                same++;
                found += similarity_duplicate(s[i].v[a], s[i].v[b]);
            }
    for (size_t i = 0; i < n; i++)
        for (size_t k = i + 1; k < n; k++) {
            others++;
            if (similarity_duplicate(s[i].v[0], s[k].v[0])) {
                if (wrong++ < 40)
                    printf("  taken for one: %s | %s\n", s[i].path, s[k].path);
            }
        }
    double start = now_s();
    similarity_stacks(v, ids, NULL, total, stack, NULL);
    double took = now_s() - start, hit = 0, made = 0, real = 0;
    for (size_t i = 0; i < total; i++)
        for (size_t k = i + 1; k < total; k++) {
            bool together = stack[i] != 0 && stack[i] == stack[k],
                 belong = i / (COPIES + 1) == k / (COPIES + 1);
            hit += together && belong;
            made += together;
            real += belong;
        }
    printf("copies told: %.4f of %zu pairs; different sounds merged: %zu of %zu "
           "(%.6f)\nstacks: precision %.4f recall %.4f F1 %.4f; %zu in %.3f s\n",
           (double)found / (double)same, same, wrong, others,
           (double)wrong / (double)others, hit / made, hit / real,
           2 * hit / (made + real), total, took);
    free(v);
    free(ids);
    free(stack);
}

int main(int argc, char **argv)
{
    char line[512];
    size_t n = 0;
    double seconds = 0.0;
    struct similarity *sim;
    struct sample *s = calloc(SOUNDS_MAX, sizeof *s);
    if (s == NULL || similarity_new(&sim, 44100, NULL) != ST_OK)
        return 1;
    while (n < SOUNDS_MAX && fgets(line, sizeof line, stdin) != NULL) {
        struct audio a, b;
        line[strcspn(line, "\n")] = '\0';
        if (soundfile_load(line, 44100 * 20, &a, NULL) != ST_OK)
            continue;
        struct rng r = rng_derive(1, rng_hash(0, line, strlen(line)), "copy", 0);
        snprintf(s[n].path, sizeof s[n].path, "%s", line);
        double start = now_s();
        similarity_raw(sim, &a, s[n].raw[0], NULL);
        seconds += now_s() - start;
        for (int c = 1; c <= COPIES; c++) {
            play_again(&a, &b, &r);
            similarity_raw(sim, &b, s[n].raw[c], NULL);
            audio_done(&b);
        }
        for (int c = 0; c <= COPIES; c++)
            similarity_standardise(s[n].raw[c], s[n].v[c]);
        audio_done(&a);
        n++;
    }
    if (argc > 1 && strcmp(argv[1], "--table") == 0) {
        print_table(s, n);
    } else {
        printf("%zu sounds, %.2f ms each\n", n, 1e3 * seconds / (double)n);
        judge(s, n);
        if (argc > 1)
            blame(s, n), sweep(s, n);
    }
    free(s);
    similarity_free(sim);
    return 0;
}
