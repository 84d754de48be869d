/* themes: themes by name in a colon-separated list of folders, first found first.
 * Thread: pure functions over the disk. */
#ifndef TROWEL_UI_THEMES_H
#define TROWEL_UI_THEMES_H

#include "core/status.h"
#include "io/theme.h"

enum { THEMES_NAME_BYTES = 72 };

/* By name, or the path of a file. ST_NOT_FOUND … ; then *out is as it was. */
enum status themes_load(struct theme *out, const char *folders, const char *name,
                        struct err *e);
/* The names there are, sorted, each once; returns how many (at most max). */
int themes_names(const char *folders, char (*out)[THEMES_NAME_BYTES], int max);

#endif
