/* batch_output: how a batch run looks: a progress line on a terminal, plain lines without
 * one, JSON lines when asked for. Progress and log go to stderr, results to stdout. */
#ifndef TROWEL_BATCH_OUTPUT_H
#define TROWEL_BATCH_OUTPUT_H

#include "core/log.h"
#include "core/pipelines.h"
#include "core/process.h"
#include "core/reporter.h"
#include "io/config.h"
#include "io/text.h"

#include <pthread.h>
#include <stdbool.h>
#include <stdio.h>

struct output {
    bool json, quiet, verbose, terminal, dry_run;
    FILE *messages;       /* on descriptor 2 */
    int stdout_error;     /* errno of the first write that failed */
    pthread_mutex_t lock; /* workers log too */
    bool line_open;       /* a progress line stands on the terminal */
    double began_s, audio_s, told_s;
    size_t per_category[CAT_COUNT]; /* of the source whose finds are being told */
    size_t without_pads;            /* recordings full of hits that were told nothing */
    bool hits_taken_off;            /* separation.pads, which else is worth a word */
    struct text buffer;
    struct log log;
    struct reporter reporter;
};

/* By the options --json, --quiet, --verbose and --dry-run of `r`. */
void output_init(struct output *o, const struct request *r);
/* The outcome: `st`, or ST_DISK when the results could not all be written. */
enum status output_done(struct output *o, enum status st);

/* A line of the result, or several, to stdout (nothing under --json). What a terminal
 * would obey becomes '?' (err_tame). */
void output_line(struct output *o, const char *format, ...)
    __attribute__((format(printf, 2, 3)));
/* Prepared text, to stdout. */
void output_text(struct output *o, const struct text *t);
/* The error that ends a run. */
void output_error(struct output *o, enum status st, const struct err *e);
/* What a pipeline without sources came to: under --json one "summary" object, else
 * nothing (its sentence is an output_line). `path` may be NULL. */
struct output_count {
    const char *name;
    size_t value;
};
void output_counts(struct output *o, enum pipeline p, const char *path,
                   const struct output_count *counts, size_t n);
/* Under --json the summary of a validation: the file and every setting under the name
 * that --set knows; else nothing. */
void output_settings(struct output *o, const char *path, const struct config *cfg);
/* The sums of a process run. */
void output_summary(struct output *o, enum pipeline p, const char *path,
                    const struct process_result *r);

#endif
