/* usual: what the miners and makers go by unless the config says otherwise. */
#ifndef TROWEL_TESTS_USUAL_H
#define TROWEL_TESTS_USUAL_H

#include "core/makers.h"
#include "core/survey.h"
#include "dsp/hits.h"
#include "dsp/silence.h"

static inline struct config usual_config(void)
{
    struct config c;
    config_defaults(&c, NULL);
    return c;
}

static inline struct pad_params usual_pads(void)
{
    struct config c = usual_config();
    return survey_pad_params(&c);
}

/* At the rate of the material. */
static inline struct grains_spec usual_cloud(void)
{
    struct config c = usual_config();
    c.global.sample_rate = 0;
    return maker_cloud_spec(&c, 0);
}

static inline struct hiss_spec usual_hiss(void)
{
    struct config c = usual_config();
    return maker_hiss_spec(&c);
}

static inline struct hits_params usual_hits(void)
{
    struct config c = usual_config();
    return (struct hits_params){.backtrack = c.drum_miner.onset_backtrack,
                                .fixed_length_s = c.drum_miner.fixed_length_sec,
                                .max_length_s = c.drum_miner.max_length_sec,
                                .min_length_s = c.drum_miner.min_length_sec,
                                .fade_in_ms = c.drum_miner.fade_in_ms,
                                .fade_out_ms = c.drum_miner.fade_out_ms,
                                .min_peak_db = c.drum_miner.min_peak_db,
                                .max_peak_db = c.drum_miner.max_peak_db,
                                .max_saved = (size_t)c.drum_miner.max_saved_per_file};
}

static inline struct silence_params usual_silences(void)
{
    struct config c = usual_config();
    return (struct silence_params){.min_rms_db = c.silence_miner.min_rms_db,
                                   .max_rms_db = c.silence_miner.max_rms_db,
                                   .min_duration_sec = c.silence_miner.min_duration_sec,
                                   .max_duration_sec = c.silence_miner.max_duration_sec,
                                   .max_crest = c.silence_miner.max_crest,
                                   .max_extracted = c.silence_miner.max_extracted,
                                   .target_peak_dbfs = c.silence_miner.target_peak_dbfs};
}

#endif
