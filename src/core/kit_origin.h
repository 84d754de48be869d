/* kit_origin: whose kit a folder holds. */
#ifndef TROWEL_CORE_KIT_ORIGIN_H
#define TROWEL_CORE_KIT_ORIGIN_H

#include <stdbool.h>

/* Was the kit in `folder` made from finds of `project`? True as soon as one of its rows
 * (recording, begin and end in it) is in the project's manifest, or is a find by its name
 * that a kit has cut anew; false when there is no kit, or what tells cannot be read. */
bool kit_is_from(const char *folder, const char *project);
/* Does one of its samples come from a recording that lies in `input` (a folder, or one
 * recording)? So it is with a project that was removed, and is to be mined again. */
bool kit_is_of_recordings(const char *folder, const char *input);

#endif
