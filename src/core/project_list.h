/* project_list: which sources a project has on record (complete or only begun), and the
 * names that follow from it.
 * Thread: pure, but for reading the folder. */
#ifndef TROWEL_CORE_PROJECT_LIST_H
#define TROWEL_CORE_PROJECT_LIST_H

#include "core/project.h"
#include "io/discover.h"

struct stem_list {
    char (*at)[STEM_BYTES]; /* sorted bytewise, each once */
    size_t count;
};

/* A project without records gives an empty list; ST_DISK when they cannot all be seen,
 * ST_NO_MEMORY. Done with stem_list_done, also after a failure. */
enum status project_stems(const struct project *p, struct stem_list *out, struct err *e);
void stem_list_done(struct stem_list *l);

/* One of them. *known is false where it is begun or damaged: it is mined again.
 * ST_UNREADABLE, ST_NO_MEMORY. */
enum status project_source(const struct project *p, const char *stem,
                           struct catalog_source *out, bool *known, struct err *e);
/* The complete ones, ordered by path, then stem; the caller frees *out, also after a
 * failure, which is one of the above. */
enum status project_sources(const struct project *p, struct catalog_source **out,
                            size_t *count, struct err *e);

/* discover() names recordings by what lies in the folder now. A recording that is on
 * record keeps the stem it has there, and with it the user's decisions; no other one gets
 * it: a "tape.aiff" that comes beside "tape.wav" is another source, whichever is first by
 * name. `afresh`: records of what is not listed will go, and hold no name. ST_NO_MEMORY
 * and ST_DISK leave `sources` as they were. */
enum status project_keep_stems(const struct project *p, struct source_list *sources,
                               bool afresh, struct err *e);

/* Remove one of a source's hidden files, ".record" …; ST_OK where there is none. */
enum status project_forget(const struct project *p, const char *stem, const char *ending,
                           struct err *e);

#endif
