/* The catalog and the model at 100,000 candidates (or the number given): what the
 * contract bounds, in ms, beside a plain scan of the same memory as a measure of the
 * machine.
 *
 * With `--project FOLDER RECORDINGS [N]` nothing is measured: a whole project of that
 * many finds (records, manifest, catalog; one sample, which is empty) is made there and
 * stays, whose recordings are RECORDINGS: for bench_desk.py and for trying the
 * workstation by hand. */
#include "clock.h"
#include "core/project.h"
#include "core/rng.h"
#include "core/session.h"
#include "core/view.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static double now_ms(void)
{
    return 1e3 * clock_s(CLOCK_MONOTONIC);
}

static double baseline_ms, cpu_before_ms;

static double cpu_ms(void)
{
    return 1e3 * cpu_s();
}

static void report(const char *what, double ms, double bound_ms)
{
    double cpu = cpu_ms() - cpu_before_ms;
    printf("%-44s %9.3f ms  cpu since last %9.3f  (bound %6.1f)  %8.2f x scan\n", what,
           ms, cpu, bound_ms, ms / baseline_ms);
    cpu_before_ms = cpu_ms();
}

static void fail(const struct err *e)
{
    fprintf(stderr, "%s\n", e->msg);
    exit(1);
}

static void make(struct candidate *c, float *v, int n)
{
    struct rng r = rng_derive(3, 0, "bench", 0);
    static const char *const classes[] = {"kick", "snare", "closed hat", "tom"};
    for (int i = 0; i < n; i++) {
        candidate_clear(&c[i]);
        c[i].kind = i % 10 < 8 ? KIND_DRUM : (enum kind)(i % KIND_COUNT);
        snprintf(c[i].source, sizeof c[i].source, "tape-%03d", i / 400);
        snprintf(c[i].source_path, sizeof c[i].source_path, "in/tape-%03d.flac", i / 400);
        snprintf(c[i].filename, sizeof c[i].filename, "tape-%03d_%s_%06d.wav", i / 400,
                 kind_type(c[i].kind), i);
        for (int m = 0; m < ME_COUNT; m++)
            measures_set(&c[i].m, (enum measure_id)m, rng_range(&r, -60, 100));
        c[i].m.score = rng_uniform(&r);
        c[i].grade = "ABF"[rng_below(&r, 3)];
        snprintf(c[i].hit_class, sizeof c[i].hit_class, "%s", classes[rng_below(&r, 4)]);
        snprintf(c[i].key, sizeof c[i].key, "F#m");
        c[i].cluster =
            rng_below(&r, 2) ? 1 + (int)rng_below(&r, (uint32_t)n / 10 + 1) : 0;
        c[i].saved = false; /* no sample lies beside the record */
        memset(c[i].sha256, 'a', 64);
        parts_add(&c[i].parts, "steady", 0.5);
        c[i].loop_count = 3;
        for (int d = 0; d < SIMILARITY_DIM; d++)
            v[i * SIMILARITY_DIM + d] = (float)rng_gauss(&r);
    }
}

/* --- every column ------------------------------------------------------------------ */

enum { ROUNDS = 20, ASKED_MOST = 2 * (ME_COUNT + 32) };

struct asked {
    double cpu_ms[ASKED_MOST][ROUNDS];
    const char *what[ASKED_MOST];
    int count;
};

static int by_size(const void *a, const void *b)
{
    const double *x = a, *y = b;
    return *x < *y ? -1 : *x > *y;
}

/* What ought to be in the processor's cache is not. */
static void sweep_cache(void)
{
    enum { BYTES = 64 << 20 };
    static unsigned char *block;
    if (block == NULL)
        block = malloc(BYTES);
    for (size_t i = 0; block != NULL && i < BYTES; i += 64)
        block[i]++;
}

/* A list made anew by a filter or an order, again and again. */
static void ask(struct view *v, struct asked *all, const char *filter, int order,
                bool cold)
{
    int at = all->count++;
    all->what[at] = filter[0] ? filter : view_order_name(order);
    for (int i = 0; i < ROUNDS; i++) {
        view_set_filter(v, "", NULL);
        view_set_order(v, filter[0] ? order : ORDER_FOUND, false);
        view_count(v);
        if (cold)
            sweep_cache();
        double t = cpu_ms();
        if (filter[0])
            view_set_filter(v, filter, NULL);
        else
            view_set_order(v, order, i % 2);
        view_count(v);
        all->cpu_ms[at][i] = cpu_ms() - t;
    }
}

static void tell(struct asked *all, const char *name)
{
    static double every[ASKED_MOST * ROUNDS];
    int worst = 0;
    for (int k = 0; k < all->count; k++) {
        qsort(all->cpu_ms[k], ROUNDS, sizeof(double), by_size);
        memcpy(every + k * ROUNDS, all->cpu_ms[k], sizeof all->cpu_ms[k]);
        if (all->cpu_ms[k][ROUNDS / 2] > all->cpu_ms[worst][ROUNDS / 2])
            worst = k;
    }
    int n = all->count * ROUNDS;
    qsort(every, (size_t)n, sizeof *every, by_size);
    printf("%-44s cpu p50 %.2f  p95 %.2f  p99 %.2f ms; dearest: %s, p50 %.2f  least "
           "%.2f\n",
           name, every[n / 2], every[n * 95 / 100], every[n * 99 / 100], all->what[worst],
           all->cpu_ms[worst][ROUNDS / 2], all->cpu_ms[worst][0]);
    all->count = 0;
    cpu_before_ms = cpu_ms();
}

/* Every word of the filter language, and every order. */
static void measure_columns(struct view *v)
{
    static const char *const words[] = {
        "grade>=B",
        "rating>=1",
        "stack>1",
        "drum>.5",
        "class:snare",
        "key:F#m",
        "bright:d",
        "cat:pads",
        "type:pad",
        "is:open",
        "is:stacked",
        "has:key",
        "has:bpm",
        "src:tape-01",
        "tape-1*7",
        "drum",
        "!is:best",
        "snare | drum",
        "rms<-20",
        "class:tom",
        "nowhere",
        "dur>2 grade>=B score>.5",
        "(class:snare | class:kick) rms>0 !src:tape-02 is:open"};
    static char measures[ME_COUNT][40];
    static struct asked all;
    for (int cold = 0; cold < 2; cold++) {
        for (int m = 0; m < ME_COUNT; m++) {
            snprintf(measures[m], sizeof measures[m], "%s>20", measure_table[m].column);
            ask(v, &all, measures[m], ORDER_MEASURE + ME_score, cold);
        }
        for (size_t i = 0; i < sizeof words / sizeof *words; i++)
            ask(v, &all, words[i], ORDER_MEASURE + ME_score, cold);
        tell(&all, cold ? "filter by any column, caches swept" : "filter by any column");
        for (int o = 0; o < ORDER_MEASURE + ME_COUNT; o++)
            if (o != ORDER_SIMILAR)
                ask(v, &all, "", o, cold);
        tell(&all, cold ? "sort by any column, caches swept" : "sort by any column");
    }
    view_set_filter(v, "", NULL);
}

static void measure_views(struct session *s, int n)
{
    struct view *v;
    struct err e = {0};
    if (view_new(&v, s, &e) != ST_OK)
        fail(&e);
    double t = now_ms();
    view_count(v);
    report("first list (stacks closed, by score)", now_ms() - t, 50);
    static const char *const filters[] = {
        "rms<-20",        "cat:pads", "class:snare grade>=B", "tape-1*7 !is:accepted",
        "score>.5|dur>2", ""};
    for (int i = 0; i < 6; i++) {
        char what[64];
        t = now_ms();
        view_set_filter(v, filters[i], NULL);
        size_t rows = view_count(v);
        snprintf(what, sizeof what, "filter %s: %zu", filters[i], rows);
        report(what, now_ms() - t, 20);
    }
    static const int orders[] = {ORDER_NAME, ORDER_MEASURE + ME_rms_db, ORDER_CLASS,
                                 ORDER_NAME, ORDER_MEASURE + ME_score};
    view_count(v);
    for (int i = 0; i < 5; i++) {
        char what[64];
        t = now_ms();
        view_set_order(v, orders[i], i % 2);
        view_count(v);
        snprintf(what, sizeof what, "sort by %s", view_order_name(orders[i]));
        report(what, now_ms() - t, 30);
    }
    measure_columns(v);
    view_set_filter(v, "is:undecided", NULL);
    view_count(v);
    double worst = 0.0, decide = 0.0, worst_decide = 0.0;
    for (int i = 0; i < 100; i++) {
        size_t one = (size_t)view_current(v);
        t = now_ms();
        if (session_decide(s, &one, 1, i % 2 ? DECISION_ACCEPTED : DECISION_REJECTED,
                           &e) != ST_OK)
            fail(&e);
        double done = now_ms();
        decide += (done - t) / 100;
        worst_decide = fmax(worst_decide, done - t);
        view_count(v);
        worst = fmax(worst, now_ms() - done);
    }
    report("a decision, on disk (mean)", decide, 5);
    report("a decision, on disk (worst)", worst_decide, 5);
    report("the list after it (worst)", worst, 16);
    size_t *index;
    float *distance = malloc((size_t)n * sizeof *distance);
    size_t found;
    t = now_ms();
    view_set_similar(v, 5, NULL, &e);
    view_count(v);
    report("list by likeness, vectors read the first time", now_ms() - t, 300);
    t = now_ms();
    view_set_similar(v, 7, NULL, &e);
    view_count(v);
    report("list by likeness", now_ms() - t, 50);
    t = now_ms();
    view_matching(v, "class:snare", &index, &found, &e);
    report("select by expression", now_ms() - t, 20);
    free(index);
    free(distance);
    view_free(v);
}

/* --- a project to work in ---------------------------------------------------------- */

static void complete(const struct project *p, const struct candidate *c, const float *v,
                     size_t count)
{
    struct find_list finds = {0};
    struct catalog_source source = {.rate_hz = 44100, .channels = 2};
    struct begun begun;
    struct err e = {0};
    for (size_t i = 0; i < count; i++)
        if (!find_list_add(&finds, &c[i], v + i * SIMILARITY_DIM, NULL))
            exit(1);
    memcpy(source.stem, c->source, sizeof source.stem);
    memcpy(source.path, c->source_path, sizeof source.path);
    if (project_begin(p, source.stem, &begun, &e) != ST_OK ||
        project_complete(&begun, &source, &finds, &e) != ST_OK)
        fail(&e);
    find_list_done(&finds);
}

/* Where none of a project's samples is there, all its records are read to see whose
 * folder it is. */
static void write_sample(const struct project *p, struct candidate *c)
{
    char path[PATH_BYTES];
    struct err e = {0};
    c->saved = true;
    project_find_path(p, c, path);
    if (root_write_file(&p->root, path, "", 0, &e) != ST_OK)
        fail(&e);
}

static int make_project(const char *folder, const char *recordings, int n)
{
    struct project p;
    struct project_totals totals;
    struct config *cfg = malloc(sizeof *cfg);
    struct candidate *c = calloc((size_t)n, sizeof *c);
    float *v = calloc((size_t)n * SIMILARITY_DIM, sizeof *v);
    struct err e = {0};
    if (cfg == NULL || c == NULL || v == NULL)
        return 1;
    config_defaults(cfg, NULL);
    cfg->reproducibility.random_seed = (struct config_seed){true, 7};
    snprintf(cfg->paths.source_audio_dir, sizeof cfg->paths.source_audio_dir, "%s",
             recordings);
    make(c, v, n);
    for (int i = 0; i < n; i++) { /* pairs of copies, and many of unknown sound: joining
                                     is not what is measured */
        c[i].cluster = 0;
        if (i % 8 == 1)
            memcpy(v + i * SIMILARITY_DIM, v + (i - 1) * SIMILARITY_DIM,
                   SIMILARITY_DIM * sizeof *v);
        if (i % 8 > 1)
            v[i * SIMILARITY_DIM] = NAN;
    }
    const struct recipe recipe = {.cfg = *cfg, .stages = STAGES_ALL};
    if (project_open(&p, folder, "LARGE", &e) != ST_OK ||
        project_write_config(&p, &recipe, NULL, &e) != ST_OK)
        fail(&e);
    write_sample(&p, c);
    for (int i = 0; i < n; i += 400)
        complete(&p, c + i, v + i * SIMILARITY_DIM, n - i < 400 ? (size_t)(n - i) : 400);
    double t = now_ms();
    if (project_assemble(&p, NULL, &totals, &e) != ST_OK)
        fail(&e);
    printf("%s/LARGE: %zu finds of %zu sources, joined in %.1f s\n", folder, totals.finds,
           totals.sources, (now_ms() - t) / 1000);
    project_done(&p);
    free(cfg);
    free(c);
    free(v);
    return 0;
}

int main(int argc, char **argv)
{
    if (argc > 3 && strcmp(argv[1], "--project") == 0)
        return make_project(argv[2], argv[3], argc > 4 ? atoi(argv[4]) : 100000);
    int n = argc > 1 ? atoi(argv[1]) : 100000;
    char folder[] = "/tmp/trowel-bench-XXXXXX", db[64], command[64];
    struct err e = {0};
    struct candidate *c = calloc((size_t)n, sizeof *c);
    float *v = calloc((size_t)n * SIMILARITY_DIM, sizeof *v);
    if (c == NULL || v == NULL || mkdtemp(folder) == NULL)
        return 1;
    snprintf(db, sizeof db, "%s/catalog.db", folder);
    make(c, v, n);
    double t = now_ms(), sum = 0.0;
    for (int i = 0; i < n; i++)
        sum += c[i].m.rms_db;
    baseline_ms = now_ms() - t;
    printf("%d candidates; scan of one measure %.3f ms (%g)\n", n, baseline_ms, sum);
    struct catalog_content content = {
        .candidates = c, .candidate_count = (size_t)n, .embeddings = v};
    t = now_ms();
    if (catalog_publish(db, &content, &e) != ST_OK)
        fail(&e);
    report("catalog_publish", now_ms() - t, 2000);
    struct session *s;
    for (int i = 0; i < 2; i++) {
        t = now_ms();
        if (session_open(&s, folder, &e) != ST_OK)
            fail(&e);
        report("session_open", now_ms() - t, 300);
        if (i == 0)
            session_close(s);
    }
    measure_views(s, n);
    t = now_ms();
    session_close(s);
    report("session_close", now_ms() - t, 100);
    int *stack = malloc((size_t)n * sizeof *stack);
    uint64_t *ids = malloc((size_t)n * sizeof *ids);
    for (int i = 0; i < n; i++)
        ids[i] = candidate_id(&c[i]);
    int hits = n < 5000 ? n : 5000;
    t = now_ms();
    similarity_stacks(&(struct similarity_set){v, ids, NULL, (size_t)hits}, stack, NULL,
                      &e);
    report("stacks of 5,000 unlike hits", now_ms() - t, 500);
    for (int i = 0; i < hits; i++)
        for (int d = 0; d < SIMILARITY_DIM; d++)
            v[i * SIMILARITY_DIM + d] = 0.001F * (float)(i % 7);
    t = now_ms();
    similarity_stacks(&(struct similarity_set){v, ids, NULL, (size_t)hits}, stack, NULL,
                      &e);
    report("stacks of 5,000 alike hits", now_ms() - t, 500);
    free(stack);
    free(ids);
    free(c);
    free(v);
    snprintf(command, sizeof command, "rm -r %s", folder);
    return system(command) != 0;
}
