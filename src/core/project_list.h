/* project_list: which sources a project has on record (complete or only begun).
 * Thread: pure, but for reading the folder. */
#ifndef TROWEL_CORE_PROJECT_LIST_H
#define TROWEL_CORE_PROJECT_LIST_H

#include "core/project.h"

struct stem_list {
    char (*at)[STEM_BYTES]; /* sorted bytewise, each once */
    size_t count;
};

/* A project without records gives an empty list. Done with stem_list_done, also after a
 * failure. */
enum status project_stems(const struct project *p, struct stem_list *out, struct err *e);
void stem_list_done(struct stem_list *l);

#endif
