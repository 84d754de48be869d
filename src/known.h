/* known: the projects this user had, newest first: `projects` in the user's folder, one
 * path a line. Thread: none of its own. */
#ifndef TROWEL_KNOWN_H
#define TROWEL_KNOWN_H

#include "io/config.h"
#include "io/paths.h"

#include <stdbool.h>

enum { KNOWN_MAX = 60 };

struct known {
    int count;
    char path[KNOWN_MAX][PATH_BYTES];
};

/* May this folder be a project? Told by names alone, for lists of them: kits and best-of
 * sets have a manifest, too (project_folder_kind looks closely). */
bool known_project(const char *folder);

/* How many projects lie right in this folder, and the first by name. */
int known_below(char first[PATH_BYTES], const char *folder);

/* Those that are still there. user_dir "" = none. */
void known_read(struct known *k, const char *user_dir);
/* This one first from now on; a list that cannot be written is no loss. */
void known_remember(const char *user_dir, const char *project);
/* Let the user choose among them and the folder stood in; folder "" when they left. */
enum status known_ask(const struct known *k, const struct config *config,
                      const char *theme_dirs, char folder[PATH_BYTES], struct err *e);

#endif
