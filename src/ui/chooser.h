/* chooser: the list of projects to choose one of, before any is open.
 * Thread: the one that calls; it has the terminal until it returns. */
#ifndef TROWEL_UI_CHOOSER_H
#define TROWEL_UI_CHOOSER_H

#include "core/status.h"
#include "io/config.h"
#include "io/paths.h"

struct chooser_line {
    char name[96], note[48];
    char path[PATH_BYTES];
};

/* *chosen = a line's number, or −1 when the user left. ST_NO_TERMINAL, ST_NO_MEMORY. */
enum status chooser_run(const struct chooser_line *line, int count,
                        const struct config *config, const char *theme_dirs, int *chosen,
                        struct err *e);

#endif
