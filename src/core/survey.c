#include "core/survey.h"

#include "dsp/analysis.h"
#include "io/soundfile.h"

#include <math.h>
#include <stdlib.h>

enum { BLOCK_FRAMES = 16384 };

static enum status push_all(struct part_reader *from, struct analysis *a,
                            struct survey_progress progress,
                            const struct job_context *ctx, struct err *e)
{
    const struct soundfile_info *info = soundfile_info(from->sf);
    float *block = malloc((size_t)BLOCK_FRAMES * (size_t)info->channels * sizeof *block);
    if (!block)
        return err_set(e, ST_NO_MEMORY, "no memory to analyse");
    double claimed = fmax(1, (double)info->claimed_frames);
    enum status st = ST_OK;
    for (size_t got = BLOCK_FRAMES; st == ST_OK && got == BLOCK_FRAMES;) {
        if (job_cancelled(ctx)) {
            st = err_set(e, ST_CANCELLED, "analysing was cancelled");
            break;
        }
        st = part_read(from, block, BLOCK_FRAMES, &got, e);
        if (st == ST_OK)
            st = analysis_push(a, block, got, e);
        double done = fmin(1, (double)part_position(from) / claimed);
        job_progress(ctx, progress.from + (progress.to - progress.from) * done,
                     "listening");
    }
    free(block);
    return st;
}

static enum status survey(struct part_reader *from, struct survey_progress progress,
                          bool overview, const struct job_context *ctx,
                          struct track **out, struct err *e)
{
    const struct soundfile_info *info = soundfile_info(from->sf);
    struct analysis *a = NULL;
    *out = NULL;
    enum status st = analysis_new(&a, info->rate_hz, info->channels, e);
    if (st == ST_OK && (info->headroom || from->by))
        analysis_headroom(a);
    if (st == ST_OK && !overview)
        analysis_no_overview(a);
    if (st == ST_OK)
        st = push_all(from, a, progress, ctx, e);
    if (st == ST_OK)
        st = analysis_finish(a, out, e);
    analysis_free(a);
    return st;
}

enum status survey_read(struct part_reader *from, struct survey_progress progress,
                        const struct job_context *ctx, struct track **out, struct err *e)
{
    return survey(from, progress, false, ctx, out, e);
}

enum status survey_analyse(const char *path, bool apart, const struct job_context *ctx,
                           struct track **out, struct track **pads, struct err *e)
{
    struct soundfile *sf = NULL;
    struct part_reader sustained = {0};
    *out = *pads = NULL;
    enum status st = soundfile_open(&sf, path, e);
    if (st != ST_OK)
        return st;
    struct part_reader all = part_reader_all(sf);
    st = survey(&all, (struct survey_progress){0, apart ? 0.3 : 1}, true, ctx, out, e);
    if (st == ST_OK && apart)
        st = part_reader_init(&sustained, sf, SEPARATE_SUSTAINED, e);
    if (st == ST_OK && apart)
        st = survey_read(&sustained, (struct survey_progress){0.3, 1}, ctx, pads, e);
    part_reader_done(&sustained);
    soundfile_close(sf);
    if (st == ST_OK)
        return st;
    track_free(*out);
    *out = NULL;
    return st;
}

_Static_assert((int)PAD_DURATIONS_MAX == (int)CONFIG_LIST_MAX,
               "all lengths that may be asked for are looked for");

struct pad_params survey_pad_params(const struct config *config)
{
    struct pad_params p = {
        .target_duration_count = config->pad_miner.target_durations_sec.count,
        .min_rms_db = config->pad_miner.min_rms_db,
        .max_rms_db = config->pad_miner.max_rms_db,
        .max_onset_rate_per_second = config->pad_miner.max_onset_rate_per_second,
        .spectral_flatness_threshold = config->pad_miner.spectral_flatness_threshold,
        .max_candidates_per_file = config->pad_miner.max_candidates_per_file,
        .loop_crossfade_ms = config->pad_miner.loop_crossfade_ms,
        .window_hop_sec = config->pad_miner.window_hop_sec,
        .pre_analysis = {
            .enabled = config->pre_analysis.enabled,
            .analysis_window_sec = config->pre_analysis.analysis_window_sec,
            .analysis_hop_sec = config->pre_analysis.analysis_hop_sec,
            .max_onset_rate_hz = config->pre_analysis.max_onset_rate_hz,
            .min_rms_db = config->pre_analysis.min_rms_db,
            .max_rms_db = config->pre_analysis.max_rms_db,
            .max_dc_offset = config->pre_analysis.max_dc_offset,
            .max_crest_factor = config->pre_analysis.max_crest_factor,
            .min_stable_windows = config->pre_analysis.min_stable_windows,
            .centroid_low_hz = config->pre_analysis.centroid_low_hz,
            .centroid_high_hz = config->pre_analysis.centroid_high_hz,
            .skip_clipped_regions = config->pre_analysis.skip_clipped_regions,
            .skip_transient_regions = config->pre_analysis.skip_transient_regions}};
    for (int i = 0; i < p.target_duration_count; i++)
        p.target_durations_sec[i] = config->pad_miner.target_durations_sec.v[i];
    return p;
}

double survey_bar_tempo(const struct config *config, const struct track *t)
{
    double wanted = config->musicality.reference_bpm;
    return isnan(wanted) ? track_info(t)->tempo.bpm : wanted;
}

void survey_use_bars(struct pad_params *p, const struct config *config, double bpm)
{
    static const double least_s = 0.4, most_s = 30; /* of a pad */
    const struct config_ints *bars = &config->musicality.bar_lengths;
    int n = 0;
    if (!config->musicality.snap_to_grid || !(bpm > 0))
        return;
    for (int i = 0; i < bars->count; i++) {
        double seconds = bars->v[i] * 4 * 60 / bpm;
        if (seconds >= least_s && seconds <= most_s)
            p->target_durations_sec[n++] = seconds;
    }
    if (n > 0)
        p->target_duration_count = n;
}
