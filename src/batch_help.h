/* batch_help: --help in its three forms, from the tables. Written to stdout. */
#ifndef TROWEL_BATCH_HELP_H
#define TROWEL_BATCH_HELP_H

#include "core/pipelines.h"

void help_program(void);
void help_batch(void);
void help_pipeline(enum pipeline p);

#endif
