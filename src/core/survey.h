/* survey: one recording analysed for looking at: its track, and the pads that given
 * thresholds find in it. Analysing is a job; finding again is fast enough to follow a
 * key. Thread: survey_analyse on a worker; a finished track may be read by any thread. */
#ifndef TROWEL_CORE_SURVEY_H
#define TROWEL_CORE_SURVEY_H

#include "core/jobs.h"
#include "dsp/pads.h"
#include "dsp/track.h"
#include "io/config.h"
#include "io/part_reader.h"

#include <stdbool.h>

/* The whole recording through dsp/analysis, in blocks, with its overview; and in *pads,
 * where pads are wanted without drums (`apart`), what sustains in it, else NULL. Errors
 * as in soundfile_open; ST_CANCELLED, ST_NO_MEMORY. */
enum status survey_analyse(const char *path, bool apart, const struct job_context *ctx,
                           struct track **out, struct track **pads, struct err *e);

/* The pad miner's parameters as the config has them. */
struct pad_params survey_pad_params(const struct config *config);
/* The tempo of bars: the config's, else the recording's (not above 0: none is known). */
double survey_bar_tempo(const struct config *config, const struct track *t);
/* If pads are to last whole bars, and there is a tempo, lengths of bars. */
void survey_use_bars(struct pad_params *p, const struct config *config, double bpm);

/* Where a reading's progress begins and ends in the whole. */
struct survey_progress {
    double from, to;
};

/* The analysis pass over an open sound file, or a part of it, from where the reader
 * stands to its end, for mining: without an overview. *out is NULL unless ST_OK. */
enum status survey_read(struct part_reader *from, struct survey_progress progress,
                        const struct job_context *ctx, struct track **out, struct err *e);

#endif
