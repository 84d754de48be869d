/* Similarity on real sounds, from what bench_copies heard (its output on stdin).
 *   table  prints dsp/similarity_table.h, worked out from it
 *   cross  leave one kit out: the table and the limits from the others, judged on it
 *   judge  the library as it is, kit by kit
 *   scale  what stacks cost (needs no input)
 * docs/similarity.md says how they are used together. */
#include "clock.h"
#include "core/rng.h"
#include "dsp/stacks.h"
#include "similarity_dump.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { DIM = SIMILARITY_DIM, KITS_MAX = 64, LEAST = 8, MOST = 50, PASSES = 30 };

static const float knees[] = {1.5F, 2.0F, 2.5F};
static const float limits[] = {2.0F, 2.2F, 2.4F, 2.5F, 2.6F, 2.8F, 3.0F, 3.2F};
static const double precision_wanted = 0.984;

static struct heard *sounds;
static size_t count;

/* --- the table --- */

struct table {
    double mean[DIM], deviation[DIM];
    struct similarity_metric metric;
};

static void standardise(const struct table *t, const float *raw, float *v)
{
    for (int d = 0; d < DIM; d++)
        v[d] = fmaxf(
            -8.0F, fminf(8.0F, (float)(((double)raw[d] - t->mean[d]) / t->deviation[d])));
}

static void moments(struct table *t, const char *without)
{
    for (int d = 0; d < DIM; d++) {
        double sum = 0.0, squares = 0.0, n = 0.0;
        for (size_t i = 0; i < count; i++)
            if (strcmp(sounds[i].kit, without) != 0) {
                double v = (double)sounds[i].raw[0][d];
                sum += v;
                squares += v * v;
                n += 1.0;
            }
        t->mean[d] = sum / n;
        t->deviation[d] = fmax(1e-3, sqrt(squares / n - t->mean[d] * t->mean[d]));
    }
}

static int by_double(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;
    return x < y ? -1 : x > y;
}

/* A robust deviation of copies from their sound, not so small that rounding counts; the
 * strongest partial may be another one in a copy, so its height tells little. */
static void spread_of_copies(struct table *t, const char *without)
{
    double *one = malloc(count * COPIES * sizeof *one);
    if (one == NULL)
        exit(1);
    for (int d = 0; d < DIM; d++) {
        size_t n = 0;
        for (size_t i = 0; i < count; i++)
            for (int k = 1; k < TAKES && strcmp(sounds[i].kit, without) != 0; k++)
                one[n++] = fabs((double)(sounds[i].raw[k][d] - sounds[i].raw[0][d]));
        qsort(one, n, sizeof *one, by_double);
        double least = d == PITCH_AT + 12 ? 0.3 : 0.03;
        t->metric.copy[d] =
            (float)fmax(least, one[(size_t)(0.75 * (double)n)] / t->deviation[d]);
    }
    free(one);
}

static void make_table(struct table *t, const char *without)
{
    moments(t, without);
    spread_of_copies(t, without);
}

/* --- judging --- */

struct score {
    double hit, made, real;
};

static double precision_of(struct score s)
{
    return s.made > 0.0 ? s.hit / s.made : 1.0;
}

static double f1_of(struct score s)
{
    return 2.0 * s.hit / fmax(1.0, s.made + s.real);
}

static void add(struct score *to, struct score s)
{
    to->hit += s.hit;
    to->made += s.made;
    to->real += s.real;
}

/* Which sounds share stacks, and which fall apart. */
static void who_is_taken(const char *kit, const int *stack, const int *truth, size_t n)
{
    for (size_t i = 0; i < n; i += TAKES) {
        size_t whole = 0;
        for (size_t a = i; a < i + TAKES; a++)
            for (size_t b = i; b < a; b++)
                whole += stack[a] != 0 && stack[a] == stack[b];
        if (whole < TAKES * (TAKES - 1) / 4)
            fprintf(stderr, "%s: apart (%zu) %s\n", kit, whole, sounds[truth[i]].name);
        for (size_t k = 0; k < i; k += TAKES) {
            size_t pairs = 0;
            for (size_t a = i; a < i + TAKES; a++)
                for (size_t b = k; b < k + TAKES; b++)
                    pairs += stack[a] != 0 && stack[a] == stack[b];
            if (pairs > 40 && truth[i] != truth[k])
                fprintf(stderr, "%s: one (%zu) %s | %s\n", kit, pairs,
                        sounds[truth[i]].name, sounds[truth[k]].name);
        }
    }
}

/* At most MOST sounds of a kit, evenly drawn, `takes` takes of each. */
static struct score judge(const struct table *t, const char *kit, int takes)
{
    static float v[MOST * TAKES][DIM];
    static uint64_t ids[MOST * TAKES];
    static int truth[MOST * TAKES], stack[MOST * TAKES];
    size_t of_kit = 0, seen = 0, n = 0;
    struct score s = {0};
    for (size_t i = 0; i < count; i++)
        of_kit += strcmp(sounds[i].kit, kit) == 0;
    size_t keep = of_kit < MOST ? of_kit : MOST;
    for (size_t i = 0; i < count; i++) {
        if (strcmp(sounds[i].kit, kit) != 0)
            continue;
        bool drawn = (seen + 1) * keep / of_kit > seen * keep / of_kit;
        seen++;
        for (int k = 0; drawn && k < takes; k++, n++) {
            standardise(t, sounds[i].raw[k], v[n]);
            truth[n] = sounds[i].same;
            ids[n] = rng_hash(1, &n, sizeof n);
        }
    }
    similarity_stacks_by(&t->metric, &(struct similarity_set){v[0], ids, NULL, n}, stack,
                         NULL, NULL);
    if (takes == TAKES && getenv("TROWEL_WHO") != NULL)
        who_is_taken(kit, stack, truth, n);
    for (size_t i = 0; i < n; i++)
        for (size_t k = 0; k < i; k++) {
            bool together = stack[i] != 0 && stack[i] == stack[k];
            s.hit += together && truth[i] == truth[k];
            s.made += together;
            s.real += truth[i] == truth[k];
        }
    return s;
}

static char kits[KITS_MAX][64];
static int kit_count;

static void find_kits(void)
{
    for (size_t i = 0; i < count; i++) {
        size_t of = 0;
        int at = 0;
        for (size_t k = 0; k < count; k++)
            of += strcmp(sounds[i].kit, sounds[k].kit) == 0;
        while (at < kit_count && strcmp(kits[at], sounds[i].kit) != 0)
            at++;
        if (at == kit_count && of >= LEAST && kit_count < KITS_MAX)
            memcpy(kits[kit_count++], sounds[i].kit, sizeof kits[0]);
    }
}

static struct score on_others(const struct table *t, const char *without)
{
    struct score all = {0};
    for (int k = 0; k < kit_count; k++)
        if (strcmp(kits[k], without) != 0)
            add(&all, judge(t, kits[k], TAKES / 2));
    return all;
}

/* The best F1 over the kits but one, among the limits precise enough there. */
static void choose(struct table *t, const char *without)
{
    struct similarity_metric *m = &t->metric;
    float knee = knees[0], limit = limits[0];
    double best = -1.0;
    for (size_t a = 0; a < sizeof knees / sizeof *knees; a++)
        for (size_t b = 0; b < sizeof limits / sizeof *limits; b++) {
            m->knee = knees[a];
            m->limit = limits[b];
            struct score s = on_others(t, without);
            if (getenv("TROWEL_SWEEP") != NULL)
                fprintf(stderr, "%.1f %.1f: precision %.4f F1 %.4f\n", (double)m->knee,
                        (double)m->limit, precision_of(s), f1_of(s));
            if (f1_of(s) > best && precision_of(s) > precision_wanted) {
                best = f1_of(s);
                knee = knees[a];
                limit = limits[b];
            }
        }
    m->knee = knee;
    m->limit = limit;
}

static void report(const char *kit, const struct table *t, struct score s)
{
    printf("%-24s knee %.1f limit %.1f precision %.4f recall %.4f F1 %.4f\n", kit,
           (double)t->metric.knee, (double)t->metric.limit, precision_of(s),
           s.hit / fmax(1.0, s.real), f1_of(s));
    fflush(stdout);
}

static void cross(void)
{
    struct score all = {0};
    struct table t;
    for (int k = 0; k < kit_count; k++) {
        make_table(&t, kits[k]);
        choose(&t, kits[k]);
        struct score s = judge(&t, kits[k], TAKES);
        report(kits[k], &t, s);
        add(&all, s);
    }
    report("all, each left out", &t, all);
}

static void judge_library(void)
{
    struct score all = {0};
    struct table t;
    similarity_metric_init(&t.metric);
    similarity_standards(t.mean, t.deviation);
    for (int k = 0; k < kit_count; k++) {
        struct score s = judge(&t, kits[k], TAKES);
        report(kits[k], &t, s);
        add(&all, s);
    }
    report("all", &t, all);
}

/* --- printing --- */

static void print_row(const char *name, const double *v)
{
    printf("static const float table_%s[SIMILARITY_DIM] = {\n", name);
    for (int i = 0; i < DIM; i++)
        printf("%s%#.6gF,%s", i % 8 == 0 ? "    " : " ", v[i], i % 8 == 7 ? "\n" : "");
    printf("};\n");
}

static void print_table(void)
{
    struct table t;
    double copy[DIM];
    make_table(&t, "");
    choose(&t, "");
    for (int d = 0; d < DIM; d++)
        copy[d] = (double)t.metric.copy[d];
    printf(
        "/* Generated by bench/bench_similarity table; do not edit by hand. How, and "
        "from "
        "which\n * sounds: docs/similarity.md. Mean and deviation of each dimension, and "
        "its deviation\n * among copies of one sound in units of the first; knee and "
        "limit for telling copies. */\n/* clang-format off */\n");
    print_row("mean", t.mean);
    print_row("deviation", t.deviation);
    print_row("copy", copy);
    printf("static const float table_knee = %.1fF, table_limit = %.1fF;\n"
           "/* clang-format on */\n",
           (double)t.metric.knee, (double)t.metric.limit);
}

/* --- cost --- */

/* A decaying noise of the kind's own, and some of the copy's. */
static void some_trace(struct trace *t, struct rng *kind, struct rng *copy)
{
    *t = (struct trace){.known = 1, .snr_db = {40, 40, 40}, .detail = {50, 50, 50}};
    for (int i = 0; i < TRACE_HIGH; i++) {
        int8_t v =
            (int8_t)fmax(-127, fmin(127, (40 * rng_gauss(kind) + 4 * rng_gauss(copy)) *
                                             exp(-i / 100.0)));
        t->high[i] = v;
        t->mid[i % TRACE_MID] = v;
        t->low[i % TRACE_LOW] = v;
    }
}

/* n hits of so many sounds, copies as near as real ones; all different when kinds = n. */
static double time_stacks(size_t n, size_t kinds)
{
    float *v = malloc(n * DIM * sizeof *v);
    uint64_t *ids = malloc(n * sizeof *ids);
    int *stack = malloc(n * sizeof *stack), *group = calloc(n, sizeof *group);
    struct trace *traces = malloc(n * sizeof *traces);
    if (!v || !ids || !stack || !group || !traces)
        exit(1);
    struct rng r = rng_derive(6, 0, "many", 0);
    for (size_t i = 0; i < n; i++) {
        struct rng kind = rng_derive(6, 1, "kind", i % kinds);
        double common = rng_gauss(&kind);
        ids[i] = rng_u64(&r);
        for (int d = 0; d < DIM; d++)
            v[i * DIM + (size_t)d] =
                (float)(0.5 * common + 0.8 * rng_gauss(&kind) + 0.01 * rng_gauss(&r));
        some_trace(&traces[i], &kind, &r);
    }
    double start = cpu_s();
    stacks_find(&(struct similarity_set){v, ids, group, n}, traces, stack, NULL, NULL);
    double took = cpu_s() - start;
    free(v);
    free(ids);
    free(stack);
    free(group);
    free(traces);
    return took;
}

static void scale(void)
{
    static const size_t sizes[] = {5000, 10000, 20000, 50000, 100000};
    for (int i = 0; i < 5; i++) {
        printf("%6zu hits: all unlike %.2f s,", sizes[i],
               time_stacks(sizes[i], sizes[i]));
        fflush(stdout);
        printf(" 20 of each %.2f s, of 50 sounds %.2f s\n",
               time_stacks(sizes[i], sizes[i] / 20), time_stacks(sizes[i], 50));
        fflush(stdout);
    }
}

int main(int argc, char **argv)
{
    const char *what = argc > 1 ? argv[1] : "judge";
    if (strcmp(what, "scale") == 0) {
        scale();
        return 0;
    }
    sounds = calloc(SOUNDS_MAX, sizeof *sounds);
    if (sounds == NULL)
        return 1;
    if (isatty(STDIN_FILENO)) {
        fprintf(stderr, "bench_similarity [table|cross|judge] < what bench_copies wrote, "
                        "or bench_similarity scale\n");
        return 2;
    }
    count = fread(sounds, sizeof *sounds, SOUNDS_MAX, stdin);
    if (count == 0) {
        fprintf(stderr, "nothing heard: give it what bench_copies wrote, or say scale\n");
        return 2;
    }
    find_kits();
    if (strcmp(what, "table") == 0)
        print_table();
    else if (strcmp(what, "cross") == 0)
        cross();
    else
        judge_library();
    free(sounds);
    return 0;
}
