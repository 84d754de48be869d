#include "batch.h"

#include "batch_help.h"
#include "batch_output.h"
#include "batch_places.h"
#include "core/analyze.h"
#include "core/curate.h"
#include "core/demo.h"
#include "core/index.h"
#include "core/kit.h"
#include "core/kit_origin.h"
#include "core/pipelines.h"
#include "core/recordings.h"
#include "core/report.h"
#include "interrupt.h"
#include "settings.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* One batch run: the request, the settings it works with, and how it tells of itself. */
struct batch {
    struct request request;
    struct config cfg;
    char config_path[4096];
    struct output output;
    struct process_result result;
    size_t chosen, unusable; /* finds by the last curation, samples for the kit */
    bool again; /* what an earlier run of the same command wrote is replaced */
    bool kit_written;
};

static bool given(const struct batch *b, enum option o)
{
    return b->request.given[o];
}

static const char *text(const struct batch *b, enum option o)
{
    return b->request.text[o];
}

static const char *export_root(const struct batch *b)
{
    return given(b, OPT_EXPORT_ROOT) ? text(b, OPT_EXPORT_ROOT) : b->cfg.paths.export_dir;
}

static struct job_context context(struct batch *b)
{
    return (struct job_context){.cancelled = interrupt_flag(), .log = &b->output.log};
}

static struct process_job process_job(struct batch *b, const struct process_input *inputs,
                                      size_t count)
{
    int cores = (int)sysconf(_SC_NPROCESSORS_ONLN);
    return (struct process_job){
        .cfg = &b->cfg,
        .inputs = inputs,
        .input_count = count,
        .export_root = export_root(b),
        .project_name = text(b, OPT_PROJECT_NAME),
        .recursive = given(b, OPT_RECURSIVE),
        .force = given(b, OPT_FORCE),
        .strict = given(b, OPT_STRICT),
        .dry_run = given(b, OPT_DRY_RUN),
        .jobs = given(b, OPT_JOBS) ? (int)b->request.number[OPT_JOBS] : cores,
        .shard_index = b->request.shard_index,
        .shard_count = b->request.shard_count,
        .reporter = &b->output.reporter,
        .log = &b->output.log,
        .interrupted = interrupt_flag(),
        .wake_fd = interrupt_fd()};
}

/* An excavation, its sums told whatever came of it. */
static enum status excavate(struct batch *b, const struct process_job *job, struct err *e)
{
    b->output.hits_taken_off = job->cfg->separation.pads;
    enum status st = process_run(job, &b->result, e);
    bool tried = b->result.done + b->result.skipped + b->result.failed > 0;
    if (tried || st == ST_OK) { /* a shard beyond the last recording has nothing to do */
        enum pipeline p = b->request.pipeline;
        char place[PATH_BYTES];
        process_place(place, job);
        output_summary(&b->output, p == PIPE_ALL || p == PIPE_DEMO ? PIPE_PROCESS : p,
                       place, &b->result);
    }
    size_t missing = b->result.totals.missing;
    if (missing > 0)
        output_line(&b->output,
                    "%zu sample%s of earlier runs %s removed; --force makes %s again",
                    missing, missing == 1 ? "" : "s", missing == 1 ? "was" : "were",
                    missing == 1 ? "it" : "them");
    return st;
}

/* What to do with what a pipeline wrote, for whoever reads along. */
__attribute__((format(printf, 2, 3))) static void hint(struct batch *b,
                                                       const char *format, ...)
{
    char next[2 * PATH_BYTES];
    va_list args;
    va_start(args, format);
    vsnprintf(next, sizeof next, format, args);
    va_end(args);
    if (!given(b, OPT_DRY_RUN) && !b->output.json)
        log_write(&b->output.log, LOG_INFO, "next: %s", next);
}

static void hint_project(struct batch *b, enum status st)
{
    char project[PATH_BYTES], quoted[PATH_BYTES];
    if ((st != ST_OK && st != ST_SOURCES_FAILED) || b->result.totals.finds == 0)
        return;
    snprintf(project, sizeof project, "%s/%s", export_root(b), text(b, OPT_PROJECT_NAME));
    const char *path = text_word(quoted, sizeof quoted, project);
    if (b->request.shard_count > 1) {
        hint(b, "trowel --batch index --project %s   # when all shards are done", path);
        return;
    }
    hint(b, "trowel %s   # hear and judge the finds", path);
    if (b->request.pipeline == PIPE_PROCESS)
        hint(b, "the same command with all instead of process makes a kit of the best");
}

static enum status run_process(struct batch *b, struct err *e)
{
    struct process_input input = {.dir = given(b, OPT_INPUT_DIR)
                                             ? text(b, OPT_INPUT_DIR)
                                             : b->cfg.paths.source_audio_dir,
                                  .named_by = "--input_dir",
                                  .stages = STAGES_ALL};
    if (given(b, OPT_STAGES)) {
        enum status st = stages_parse(text(b, OPT_STAGES), &input.stages, e);
        if (st != ST_OK)
            return st;
    }
    struct process_job job = process_job(b, &input, 1);
    job.one_recipe = true;
    enum status st = excavate(b, &job, e);
    if (b->request.pipeline == PIPE_PROCESS)
        hint_project(b, st);
    return st;
}

static enum status run_textures(struct batch *b, struct err *e)
{
    bool all =
        given(b, OPT_ALL) || !(given(b, OPT_MINE_PADS) || given(b, OPT_MAKE_DRONES) ||
                               given(b, OPT_MAKE_CLOUDS) || given(b, OPT_MAKE_HISS));
    unsigned from_pads = (all || given(b, OPT_MAKE_DRONES) ? 1u << STAGE_DRONES : 0) |
                         (all || given(b, OPT_MAKE_CLOUDS) ? 1u << STAGE_CLOUDS : 0);
    struct process_input inputs[PROCESS_INPUTS_MAX];
    size_t n = 0;
    if (all || given(b, OPT_MINE_PADS))
        inputs[n++] = (struct process_input){.dir = b->cfg.paths.source_audio_dir,
                                             .named_by = "paths.source_audio_dir",
                                             .stages = 1u << STAGE_PADS,
                                             .optional = all};
    if (from_pads)
        inputs[n++] = (struct process_input){.dir = b->cfg.paths.pad_sources_dir,
                                             .named_by = "paths.pad_sources_dir",
                                             .stages = from_pads,
                                             .whole_pads = true,
                                             .optional = all};
    if (all || given(b, OPT_MAKE_HISS))
        inputs[n++] = (struct process_input){.dir = b->cfg.paths.drums_dir,
                                             .named_by = "paths.drums_dir",
                                             .stages = 1u << STAGE_HISS,
                                             .optional = all};
    struct process_job job = process_job(b, inputs, n);
    job.project_name = text(b, OPT_TEXTURES_NAME);
    return excavate(b, &job, e);
}

/* `drums` and `silences`: one source into one folder. */
static enum status run_single(struct batch *b, struct err *e)
{
    bool drums = b->request.pipeline == PIPE_DRUMS;
    enum stage stage = drums ? STAGE_DRUMS : STAGE_SILENCES;
    b->cfg.drum_miner.enabled |= drums;
    struct process_input input = {
        .dir = text(b, OPT_SOURCE), .named_by = "--source", .stages = 1u << stage};
    char folder[PATH_BYTES], below[PATH_BYTES], stem[STEM_BYTES];
    stem_of_file(stem, input.dir);
    snprintf(below, sizeof below, "%s/%s", stem, stage_name(stage));
    enum status st =
        place_given(folder, &b->request, OPT_EXPORT, export_root(b), below, e);
    struct process_job job = process_job(b, &input, 1);
    job.flat_dir = folder;
    return st == ST_OK ? excavate(b, &job, e) : st;
}

static enum status run_clouds(struct batch *b, struct err *e)
{
    char folder[PATH_BYTES];
    struct process_input input = {.dir = text(b, OPT_SOUNDS_DIR),
                                  .named_by = "--input_dir",
                                  .stages = 1u << STAGE_CLOUDS};
    enum status st =
        place_given(folder, &b->request, OPT_CLOUDS_DIR, export_root(b), "clouds", e);
    struct process_job job = process_job(b, &input, 1);
    job.flat_dir = folder;
    return st == ST_OK ? excavate(b, &job, e) : st;
}

static enum status run_dust(struct batch *b, struct err *e)
{
    char folder[PATH_BYTES];
    struct source_list hiss;
    struct discover_options options = {0};
    enum status st =
        place_given(folder, &b->request, OPT_DUST_DIR, export_root(b), "dust", e);
    if (st == ST_OK)
        st = discover(&hiss, text(b, OPT_HISS_DIR), &options, e);
    if (st != ST_OK)
        return st;
    if (hiss.count == 0) {
        source_list_done(&hiss);
        return err_set(e, ST_SOURCES_FAILED, "%s holds no hiss", text(b, OPT_HISS_DIR));
    }
    struct process_input input = {.dir = text(b, OPT_PADS_DIR),
                                  .named_by = "--pads_dir",
                                  .stages = 1u << STAGE_DUST};
    struct process_job job = process_job(b, &input, 1);
    job.flat_dir = folder;
    job.hiss = &hiss;
    job.mix_db = b->request.decibel[OPT_MIX_DB];
    st = excavate(b, &job, e);
    source_list_done(&hiss);
    return st;
}

static enum status curate(struct batch *b, const char *input, const char *output,
                          struct err *e)
{
    struct job_context ctx = context(b);
    bool top = given(b, OPT_TOP); /* so many; else the kit's instruments come first */
    struct curate_job job = {.input_root = input,
                             .output_root = output,
                             .decisions = text(b, OPT_DECISIONS),
                             .options = {.top = (int)b->request.number[OPT_TOP],
                                         .kit = top ? NULL : kit_target(&b->cfg),
                                         .diversity = b->cfg.curation.diversity},
                             .force = given(b, OPT_FORCE) || b->again,
                             .fail_on_empty = given(b, OPT_FAIL_ON_EMPTY),
                             .dry_run = given(b, OPT_DRY_RUN),
                             .ctx = &ctx};
    struct curate_result r = {0};
    enum status st = curate_run(&job, &r, e);
    if (st != ST_OK)
        return st;
    b->chosen = r.chosen;
    b->unusable += r.unreadable;
    const struct output_count counts[] = {
        {"considered", r.considered}, {"chosen", r.chosen},
        {"copied", r.copied},         {"kept", r.kept},
        {"missing", r.missing},       {"unreadable", r.unreadable}};
    output_counts(&b->output, PIPE_CURATE, output, counts,
                  sizeof counts / sizeof *counts);
    if (job.dry_run)
        output_line(&b->output, "%zu of %zu finds would be chosen for %s", r.chosen,
                    r.considered, output);
    else
        output_line(&b->output,
                    "%zu of %zu finds chosen for %s (%zu new, %zu there before)",
                    r.chosen, r.considered, output, r.copied, r.kept);
    if (r.missing > 0)
        output_line(&b->output, "%zu file%s of the manifest %s missing", r.missing,
                    r.missing == 1 ? "" : "s", r.missing == 1 ? "is" : "are");
    return ST_OK;
}

static enum status run_curate(struct batch *b, struct err *e)
{
    char output[PATH_BYTES];
    const char *input =
        given(b, OPT_INPUT_ROOT) ? text(b, OPT_INPUT_ROOT) : export_root(b);
    enum status st =
        place_given(output, &b->request, OPT_OUTPUT_ROOT, input, "best_of", e);
    if (st == ST_OK)
        st = curate(b, input, output, e);
    char quoted[PATH_BYTES];
    if (b->chosen > 0)
        hint(
            b,
            "trowel --batch format --input_dir %s --kit_name NAME   # make a kit of them",
            text_word(quoted, sizeof quoted, output));
    return st;
}

static enum status format(struct batch *b, const char *input, const char *output,
                          struct err *e)
{
    struct job_context ctx = context(b);
    struct kit_job job = {.input_dir = input,
                          .output_dir = output,
                          .kit_name = text(b, OPT_KIT_NAME),
                          .target = given(b, OPT_TARGET) ? text(b, OPT_TARGET) : NULL,
                          .cfg = &b->cfg,
                          .force = given(b, OPT_FORCE) || b->again,
                          .no_fit = given(b, OPT_NO_FIT),
                          .stereo = given(b, OPT_STEREO),
                          .dry_run = given(b, OPT_DRY_RUN),
                          .strict = given(b, OPT_STRICT),
                          .ctx = &ctx};
    struct kit_result r = {0};
    struct text summary = {0};
    char kit[PATH_BYTES];
    enum status st = kit_run(&job, &r, &summary, e);
    const struct output_count counts[] = {
        {"considered", r.considered},     {"exported", r.exported},
        {"left_out", r.left_out},         {"sectors", (size_t)r.sectors},
        {"instruments", (size_t)r.slots}, {"instruments_filled", (size_t)r.filled}};
    if (st == ST_OK)
        output_counts(&b->output, PIPE_FORMAT, place_kit(&b->request, output, kit),
                      counts, sizeof counts / sizeof *counts);
    char *line = b->output.quiet && summary.at ? strchr(summary.at, '\n') : NULL;
    if (line) /* the kit and what it costs is the result; the rest is told who listens */
        summary.length = (size_t)(line + 1 - summary.at);
    /* a plan explains a kit that cannot be made, not one that could not be written */
    if (!b->output.json && (st == ST_OK || st == ST_OVER_BUDGET || st == ST_NOTHING))
        output_text(&b->output, &summary);
    if (r.beside_set)
        log_write(ctx.log, LOG_WARNING,
                  "only what you accepted or put into the kit was taken; --input_dir "
                  "%s/best_of takes the best-of set",
                  input);
    text_done(&summary);
    b->unusable += r.failed;
    b->kit_written = st == ST_OK;
    return st;
}

static void hint_kit(struct batch *b, const char *kit)
{
    hint(b, "%s/ASSIGN.txt says how to get the kit onto the machine", kit);
}

static enum status run_format(struct batch *b, struct err *e)
{
    char kits[PATH_BYTES], kit[PATH_BYTES];
    enum status st =
        place_given(kits, &b->request, OPT_KITS_DIR, export_root(b), "kits", e);
    if (st != ST_OK)
        return st;
    recordings_tell_left(text(b, OPT_SAMPLES_DIR), &b->output.log);
    st = format(b, text(b, OPT_SAMPLES_DIR), kits, e);
    if (st == ST_OK)
        hint_kit(b, place_kit(&b->request, kits, kit));
    return st;
}

static enum status report(struct batch *b, const char *input, const char *output,
                          struct err *e)
{
    struct job_context ctx = context(b);
    struct report_job job = {.input_dir = input,
                             .output = output,
                             .force = given(b, OPT_REPLACE),
                             .dry_run = given(b, OPT_DRY_RUN),
                             .ctx = &ctx};
    struct report_result r = {0};
    enum status st = report_run(&job, &r, e);
    b->unusable += r.failed;
    if (st != ST_OK)
        return st;
    const struct output_count counts[] = {
        {"samples", r.samples}, {"left_out", r.left_out}, {"bytes", r.bytes}};
    output_counts(&b->output, PIPE_REPORT, r.path, counts,
                  sizeof counts / sizeof *counts);
    const char *s = r.samples == 1 ? "" : "s";
    char mute[64] = "";
    if (r.left_out > 0)
        snprintf(mute, sizeof mute, "; %zu without a player, the page says why",
                 r.left_out);
    if (job.dry_run)
        output_line(&b->output, "%zu sample%s would be in %s", r.samples, s, r.path);
    else
        output_line(&b->output, "%zu sample%s in %s (%.1f MB)%s", r.samples, s, r.path,
                    (double)r.bytes * 1e-6, mute);
    return ST_OK;
}

static enum status run_report(struct batch *b, struct err *e)
{
    recordings_tell_left(text(b, OPT_KIT_DIR), &b->output.log);
    return report(b, text(b, OPT_KIT_DIR), text(b, OPT_OUTPUT), e);
}

static enum status run_analyze(struct batch *b, struct err *e)
{
    struct recipe recipe = {.stages = 1u << STAGE_PADS | 1u << STAGE_DRUMS |
                                      1u << STAGE_SILENCES};
    struct job_context ctx = context(b);
    struct text out = {0};
    b->cfg.reproducibility.random_seed.set = true;
    enum status st = recipe_init(&recipe, &b->cfg, e);
    static const enum analyze_form forms[2][2] = {{ANALYZE_TEXT, ANALYZE_JSON},
                                                  {ANALYZE_ONSETS, ANALYZE_JSON_ONSETS}};
    enum analyze_form form = forms[given(b, OPT_ONSETS)][b->output.json];
    if (st == ST_OK)
        st = analyze_run(&recipe, text(b, OPT_SOURCE), form, &ctx, &out, e);
    if (st == ST_OK)
        output_text(&b->output, &out);
    text_done(&out);
    return st;
}

static enum status run_index(struct batch *b, struct err *e)
{
    struct project_totals t = {0};
    struct job_context ctx = context(b);
    struct index_job job = {.folder = text(b, OPT_PROJECT),
                            .cfg = &b->cfg,
                            .decisions = text(b, OPT_TAKE_DECISIONS),
                            .dry_run = given(b, OPT_DRY_RUN),
                            .ctx = &ctx};
    enum status st = index_run(&job, &t, e);
    if (st != ST_OK)
        return st;
    const struct output_count counts[] = {{"sources", t.sources},
                                          {"finds", t.finds},
                                          {"near_misses", t.misses},
                                          {"missing", t.missing}};
    output_counts(&b->output, PIPE_INDEX, text(b, OPT_PROJECT), counts,
                  sizeof counts / sizeof *counts);
    output_line(&b->output, "%s: %zu source%s, %zu find%s, %zu near-miss%s",
                text(b, OPT_PROJECT), t.sources, t.sources == 1 ? "" : "s", t.finds,
                t.finds == 1 ? "" : "s", t.misses, t.misses == 1 ? "" : "es");
    if (t.missing > 0)
        output_line(&b->output, "%zu sample%s on record %s left out", t.missing,
                    t.missing == 1 ? "" : "s",
                    t.missing == 1 ? "was removed and is" : "were removed and are");
    return ST_OK;
}

static enum status run_validate(struct batch *b, struct err *e)
{
    char *yaml;
    enum status st = config_yaml(&b->cfg, &yaml, e);
    if (st != ST_OK)
        return st;
    if (b->config_path[0])
        log_write(&b->output.log, LOG_INFO, "%s is valid", b->config_path);
    output_settings(&b->output, b->config_path[0] ? b->config_path : NULL, &b->cfg);
    output_line(&b->output, "%s", yaml);
    free(yaml);
    return ST_OK;
}

/* process → curate → format → report. Sources that fail do not keep the rest from the
 * kit; the exit status still tells of them. */
static enum status run_chain(struct batch *b, const struct places *at, struct err *e)
{
    struct err failed = {0};
    enum status sources = run_process(b, &failed);
    if (sources != ST_OK && (sources != ST_SOURCES_FAILED || b->result.totals.finds == 0))
        return err_set(e, sources, "%s", failed.msg);
    if (given(b, OPT_DRY_RUN))
        return ST_OK;
    /* Another run of the same command goes on: the set and kit it made are its own. */
    b->again = !given(b, OPT_OUTPUT_ROOT);
    enum status st = curate(b, at->project, at->best_of, e);
    b->again = kit_is_from(at->kit, at->project);
    if (st == ST_OK)
        st = format(b, at->best_of, at->kits, e);
    if (st == ST_OK)
        st = report(b, at->kit, at->page, e);
    if (st == ST_OK && sources != ST_OK)
        return err_set(e, sources, "%s", failed.msg);
    return st;
}

static enum status run_all(struct batch *b, struct err *e)
{
    struct places at;
    enum status st = places_of(&at, &b->request, export_root(b), e);
    if (st == ST_OK)
        st = places_check(&at, &b->request, &b->cfg, e);
    if (st != ST_OK)
        return st;
    st = run_chain(b, &at, e);
    hint_project(b, st);
    if (b->kit_written)
        hint_kit(b, at.kit);
    return st;
}

static enum status run_demo(struct batch *b, struct err *e)
{
    char tapes[PATH_BYTES], root[PATH_BYTES], kits[PATH_BYTES];
    struct places at;
    const char *top = text(b, OPT_DEMO_DIR);
    snprintf(tapes, sizeof tapes, "%.4000s/recordings", top);
    snprintf(root, sizeof root, "%.4000s/export", top);
    snprintf(kits, sizeof kits, "%.4000s/kits", top);
    bool dry = given(b, OPT_DRY_RUN);
    static const char *const parts[] = {"recordings", "export/DEMO/best_of", "kits"};
    enum status st = ST_OK;
    for (size_t i = 0; i < sizeof parts / sizeof *parts && st == ST_OK; i++)
        st = place_inside(top, parts[i], e);
    if (st != ST_OK)
        return st;
    log_write(&b->output.log, LOG_INFO, "%d demo recordings into %s", demo_count(),
              tapes);
    struct job_context ctx = context(b);
    st = dry ? ST_OK : demo_write_all(tapes, &ctx, e);
    if (st != ST_OK)
        return st;
    for (int i = 0; i < demo_count(); i++)
        output_line(&b->output, "%-20s %s", demo_name(i), demo_description(i));
    if (dry) {
        const struct output_count count = {"recordings", (size_t)demo_count()};
        output_counts(&b->output, PIPE_DEMO, tapes, &count, 1);
        return ST_OK;
    }
    const struct {
        enum option option;
        const char *value;
    } fixed[] = {{OPT_INPUT_DIR, tapes},
                 {OPT_EXPORT_ROOT, root},
                 {OPT_PROJECT_NAME, "DEMO"},
                 {OPT_KITS_DIR, kits},
                 {OPT_KIT_NAME, "DEMO"}};
    for (size_t i = 0; i < sizeof fixed / sizeof *fixed; i++) {
        b->request.given[fixed[i].option] = true;
        b->request.text[fixed[i].option] = fixed[i].value;
    }
    if (!b->cfg.reproducibility.random_seed.set)
        b->cfg.reproducibility.random_seed =
            (struct config_seed){.set = true, .value = 1};
    st = places_of(&at, &b->request, root, e);
    if (st == ST_OK)
        st = run_chain(b, &at, e);
    if (st == ST_OK)
        output_line(&b->output,
                    "\nto hear it:       open %s/DEMO/report.html in a browser\n"
                    "to look around:   ./run.sh %s   (or: trowel %s)\n"
                    "onto the machine: %s/DEMO/ASSIGN.txt says how",
                    kits, at.project, at.project, kits);
    return st;
}

static enum status run(struct batch *b, struct err *e)
{
    static enum status (*const table[PIPE_COUNT])(struct batch *, struct err *) = {
        [PIPE_PROCESS] = run_process, [PIPE_TEXTURES] = run_textures,
        [PIPE_DRUMS] = run_single,    [PIPE_SILENCES] = run_single,
        [PIPE_CURATE] = run_curate,   [PIPE_FORMAT] = run_format,
        [PIPE_DUST] = run_dust,       [PIPE_CLOUDS] = run_clouds,
        [PIPE_REPORT] = run_report,   [PIPE_ANALYZE] = run_analyze,
        [PIPE_INDEX] = run_index,     [PIPE_VALIDATE] = run_validate,
        [PIPE_ALL] = run_all,         [PIPE_DEMO] = run_demo,
    };
    enum status st = settings_load(&b->cfg, &b->request, &b->output.log, b->config_path,
                                   sizeof b->config_path, e);
    return st == ST_OK ? table[b->request.pipeline](b, e) : st;
}

int batch_main(int argc, char *const argv[])
{
    struct err e = {0};
    bool help =
        argc > 0 && (strcmp(argv[0], "--help") == 0 || strcmp(argv[0], "-h") == 0);
    struct batch *b = calloc(1, sizeof *b);
    if (!b) {
        fputs("trowel: memory is exhausted\n", stderr);
        return status_exit_code(ST_NO_MEMORY);
    }
    enum status st = help ? ST_OK : request_parse(&b->request, argc, argv, &e);
    output_init(&b->output, &b->request);
    if (help) {
        help_batch();
    } else if (st == ST_OK && given(b, OPT_HELP)) {
        help_pipeline(b->request.pipeline);
    } else if (st == ST_OK) {
        interrupt_catch();
        st = run(b, &e);
        if (st == ST_OK && b->unusable > 0)
            st = err_set(&e, ST_SOURCES_FAILED,
                         "%zu of the samples or their folders cannot be used",
                         b->unusable);
    }
    if (st != ST_OK)
        output_error(&b->output, st, &e);
    st = output_done(&b->output, st);
    free(b);
    return status_exit_code(st);
}
