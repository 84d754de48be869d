/* pipelines: the command line of the batch mode as data (pipelines.def): parse, help,
 * names. Thread: pure, except that a struct request belongs to its owner. */
#ifndef TROWEL_CORE_PIPELINES_H
#define TROWEL_CORE_PIPELINES_H

#include "core/status.h"

#include <stdbool.h>
#include <stdint.h>

enum pipeline {
#define PIPELINE(id, ...) PIPE_##id,
#include "core/pipelines.def"
#undef PIPELINE
    PIPE_COUNT
};

enum option {
#define OPTION(id, name, kind, metavar, initial, help) OPT_##id,
#include "core/pipelines.def"
#undef OPTION
    OPT_COUNT
};

enum { SETS_MAX = 256 };

/* One parsed command line. Texts point into argv or into static tables. */
struct request {
    enum pipeline pipeline;
    bool given[OPT_COUNT];       /* on the command line */
    const char *text[OPT_COUNT]; /* the value, or the default, or NULL */
    uint64_t number[OPT_COUNT];  /* of NUMBER options (with default 0 when none) */
    double decibel[OPT_COUNT];
    int shard_index, shard_count; /* 1-based; 1 of 1 when not given */
    const char *set[SETS_MAX];    /* every --set, in order */
    int sets;
};

/* argv[0] is the pipeline's name. ST_USAGE with a sentence that names the nearest known
 * word;
 * --help sets given[OPT_HELP] and skips the check for required options. */
enum status request_parse(struct request *r, int argc, char *const argv[], struct err *e);

/* -1: none is called so. */
int pipeline_find(const char *name);
const char *pipeline_name(enum pipeline p);
const char *pipeline_help(enum pipeline p);

/* An option of a pipeline, for help, man page and completions: its own come first, then
 * the common ones; false past the end. */
struct option_info {
    const char *name, *metavar, *initial, *help;
    bool flag, common;
};
bool pipeline_option(enum pipeline p, int index, struct option_info *out);

#endif
