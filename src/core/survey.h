/* survey: one recording analysed for looking at: its track, and the pads that given
 * thresholds find in it. Analysing is a job; finding again is fast enough to follow a
 * key. Thread: survey_analyse on a worker; a finished track may be read by any thread. */
#ifndef TROWEL_CORE_SURVEY_H
#define TROWEL_CORE_SURVEY_H

#include "core/jobs.h"
#include "dsp/pads.h"
#include "dsp/track.h"
#include "io/config.h"

/* The whole recording through dsp/analysis, in blocks, with its overview. Errors as in
 * soundfile_open; ST_CANCELLED, ST_NO_MEMORY. */
enum status survey_analyse(const char *path, const struct job_context *ctx,
                           struct track **out, struct err *e);

/* The pad miner's parameters as the config has them. */
struct pad_params survey_pad_params(const struct config *config);

/* The analysis pass over an open sound file, from where it stands to its end, for mining:
 * without an overview. Progress runs from 0 to `share`. *out is NULL unless ST_OK. */
struct soundfile;
enum status survey_read(struct soundfile *sf, double share, const struct job_context *ctx,
                        struct track **out, struct err *e);

#endif
