/* recordings: where the recordings of a project and its samples lie, long after they were
 * mined.
 * Thread: pure functions over the disk. */
#ifndef TROWEL_CORE_RECORDINGS_H
#define TROWEL_CORE_RECORDINGS_H

#include "core/log.h"
#include "io/candidate.h"
#include "io/paths.h"

#include <stdbool.h>

/* The folder that `written` (paths.source_audio_dir of the project's settings) means now.
 * An absolute one is itself; a relative one, as the user typed it somewhere above, is
 * looked for below the current folder, then below the project's real path and each of its
 * ancestors: of those the one that holds most of the recordings on record, the first of
 * several. Where none holds any, the first there is, but not "." or "..", which is
 * everywhere. The project and what is in it are it only with recordings right in them.
 * False, and out "", when there is no such folder. What is said of a folder goes for a
 * single recording, too, as discover() has it. */
bool recordings_folder(char out[PATH_BYTES], const char *written, const char *project);

/* Warns of the recordings there that the project has nothing of on record: its mining was
 * stopped, shards of it are still to come, or they came later. Of a folder that is no
 * project, or holds none of the recordings on record, nothing is said. */
void recordings_tell_left(const char *project, const struct log *log);

/* Where the recording of a find should lie, from `folder` and the find's source_path.
 * False when that is not known, or too long. */
bool recordings_path(char out[PATH_BYTES], const char *folder, const char *source_path);
/* The same; false, and out "", when there is no readable file. */
bool recordings_find(char out[PATH_BYTES], const char *folder, const char *source_path);

/* The sample of a find in `folder`: a project, a best-of set (where the user may have
 * moved it to another category) or a flat folder. False when it is nowhere. */
bool recordings_sample(char out[PATH_BYTES], const char *folder,
                       const struct candidate *c);

#endif
