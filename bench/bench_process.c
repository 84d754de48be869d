/* bench_process: what an excavation costs against decoding and analysing the same file.
 *
 *   bench_process [FILE …]
 *   bench_process --make FOLDER    only writes the demo recordings there
 *
 * Without files the program's demo recordings are made in a temporary folder and used.
 * Each figure comes from a process of its own: CPU time (user and system), × realtime,
 * the ratio to decoding and to the analysis, and peak memory. "three" is pads, drums and
 * silences, "apart" the same with what sustains and what is struck taken apart before
 * (separation.pads, separation.drums), "all" the six categories; all write their files as
 * `process` does.
 * bench_process.sh makes variants in other formats first. */
#define _DEFAULT_SOURCE /* wait4 */
#include "core/demo.h"
#include "core/process.h"
#include "core/survey.h"
#include "io/soundfile.h"

#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

enum { BLOCK_FRAMES = 16384 };
enum work { DECODE, ANALYSE, THREE, APART, ALL, WORKS };
static const char *const names[WORKS] = {"decode", "analysis", "three", "apart", "all"};

struct cost {
    double cpu_s;
    long peak_kb;
    int failed;
};

static int decode(const char *path, int analyse)
{
    struct soundfile *f;
    struct track *track = NULL;
    if (soundfile_open(&f, path, NULL) != ST_OK)
        return 1;
    enum status st = ST_OK;
    if (analyse) {
        struct part_reader all = part_reader_all(f);
        st = survey_read(&all, (struct survey_progress){0, 1}, NULL, &track, NULL);
        track_free(track);
    } else {
        size_t got = BLOCK_FRAMES;
        float *block =
            malloc(BLOCK_FRAMES * (size_t)soundfile_info(f)->channels * sizeof *block);
        while (block && st == ST_OK && got == BLOCK_FRAMES)
            st = soundfile_read(f, block, BLOCK_FRAMES, &got, NULL);
        free(block);
    }
    soundfile_close(f);
    return st != ST_OK;
}

static int excavate(const char *path, const char *folder, unsigned stages, bool apart)
{
    static struct recipe recipe;
    static struct config cfg;
    struct project p;
    struct find_list finds;
    config_defaults(&cfg, NULL);
    cfg.reproducibility.random_seed.value = 1;
    cfg.separation.pads = cfg.separation.drums = apart;
    recipe.stages = stages;
    const char *slash = strrchr(path, '/');
    struct source_file file = {.path = (char *)path,
                               .relative = (char *)(slash ? slash + 1 : path)};
    snprintf(file.stem, sizeof file.stem, "bench");
    if (recipe_init(&recipe, &cfg, NULL) != ST_OK ||
        project_open(&p, folder, "P", NULL) != ST_OK)
        return 1;
    struct err e;
    struct source_job one = {.project = &p, .recipe = &recipe, .file = &file};
    enum status st = process_source(&one, NULL, &finds, NULL, &e);
    if (st != ST_OK)
        fprintf(stderr, "%s\n", e.msg);
    find_list_done(&finds);
    project_done(&p);
    return st != ST_OK;
}

static int work(enum work w, const char *path, const char *folder)
{
    unsigned three = 1u << STAGE_PADS | 1u << STAGE_DRUMS | 1u << STAGE_SILENCES;
    if (w == DECODE || w == ANALYSE)
        return decode(path, w == ANALYSE);
    return excavate(path, folder, w == ALL ? STAGES_ALL : three, w == APART);
}

/* Everything goes to new folders below `top`, and is removed at the very end: files are
 * dearer to make where others were removed just before. */
static struct cost measure(enum work w, const char *path, const char *top)
{
    struct cost c = {.failed = 1};
    char folder[300];
    snprintf(folder, sizeof folder, "%s/XXXXXX", top);
    if (!mkdtemp(folder))
        return c;
    fflush(stdout);
    pid_t pid = fork();
    if (pid == 0)
        _exit(work(w, path, folder));
    int status;
    struct rusage u;
    if (pid > 0 && wait4(pid, &status, 0, &u) == pid) {
        c.failed = !WIFEXITED(status) || WEXITSTATUS(status) != 0;
        c.cpu_s = (double)(u.ru_utime.tv_sec + u.ru_stime.tv_sec) +
                  1e-6 * (double)(u.ru_utime.tv_usec + u.ru_stime.tv_usec);
        c.peak_kb = u.ru_maxrss;
    }
    return c;
}

static double length_s(const char *path)
{
    struct soundfile *f;
    if (soundfile_open(&f, path, NULL) != ST_OK)
        return 0;
    const struct soundfile_info *info = soundfile_info(f);
    double s = (double)info->claimed_frames / info->rate_hz;
    soundfile_close(f);
    return s;
}

static void row(const char *name, double seconds, const struct cost cost[WORKS])
{
    printf("%-28.28s %6.0f s\n", name, seconds);
    for (int w = 0; w < WORKS; w++) {
        double cpu = cost[w].cpu_s;
        if (cost[w].failed)
            printf("  %-9s failed\n", names[w]);
        else
            printf("  %-9s %7.2f s CPU %7.0f x realtime %6.1f x decode %6.1f x analysis "
                   "%6.1f MB\n",
                   names[w], cpu, seconds / (cpu > 1e-3 ? cpu : 1e-3),
                   cpu / (cost[DECODE].cpu_s > 1e-3 ? cost[DECODE].cpu_s : 1e-3),
                   cpu / (cost[ANALYSE].cpu_s > 1e-3 ? cost[ANALYSE].cpu_s : 1e-3),
                   (double)cost[w].peak_kb / 1024);
    }
}

static void bench(const char *path, const char *top, double *seconds, double total[WORKS])
{
    struct cost cost[WORKS];
    double length = length_s(path);
    for (int w = 0; w < WORKS; w++) {
        cost[w] = measure((enum work)w, path, top);
        total[w] += cost[w].cpu_s;
    }
    const char *slash = strrchr(path, '/');
    row(slash ? slash + 1 : path, length, cost);
    *seconds += length;
}

static int make_demo(const char *folder)
{
    return demo_write_all(folder, NULL, NULL) != ST_OK;
}

static int bench_demo(const char *top, double *seconds, double total[WORKS])
{
    char folder[200], path[256];
    snprintf(folder, sizeof folder, "%s/recordings", top);
    if (make_demo(folder))
        return 1;
    for (int i = 0; i < demo_count(); i++) {
        snprintf(path, sizeof path, "%s/%s", folder, demo_name(i));
        bench(path, top, seconds, total);
    }
    return 0;
}

int main(int argc, char *argv[])
{
    double seconds = 0, total[WORKS] = {0};
    char top[] = "/tmp/bench_process.XXXXXX", command[64];
    if (argc == 3 && strcmp(argv[1], "--make") == 0)
        return make_demo(argv[2]);
    if (!mkdtemp(top))
        return 1;
    for (int i = 1; i < argc; i++)
        bench(argv[i], top, &seconds, total);
    int failed = argc < 2 && bench_demo(top, &seconds, total);
    printf("together %26.0f s\n", seconds);
    for (int w = 0; w < WORKS; w++)
        printf("  %-9s %7.2f s CPU %7.0f x realtime %8.3f s CPU a minute\n", names[w],
               total[w], seconds / (total[w] > 1e-3 ? total[w] : 1e-3),
               60 * total[w] / (seconds > 1e-3 ? seconds : 1e-3));
    snprintf(command, sizeof command, "rm -rf %s", top);
    return system(command) != 0 || failed;
}
