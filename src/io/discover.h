/* discover: the recordings of a folder.
 *
 * A file is a source when its name ends like audio (it may then still turn out
 * unreadable, or a link to nothing: a failure to report) or when its content is audio.
 * Everything else is passed over, as are hidden names, what is not a regular file, and
 * the folders to skip. Links to files are followed, and so are links to folders, except
 * back to one that was visited or that holds the one asked for, and those that lie behind
 * another link: who links a disk here wants that disk, not all it has links to. The order
 * is bytewise by relative path, and stems depend only on the set of relative paths: the
 * same folder gives the same list everywhere.
 * Ownership: source_list_done. Thread: any. */
#ifndef TROWEL_IO_DISCOVER_H
#define TROWEL_IO_DISCOVER_H

#include "core/status.h"
#include "io/paths.h"

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct source_file {
    char *path;     /* to open it: folder/relative */
    char *relative; /* below the folder; what `source_path` of a candidate is */
    /* safe stem, unique in the list without regard to case: a sub-folder is kept in it
     * ("tapes_side-a"), doubles get "_2", "_3" … */
    char stem[STEM_BYTES];
    int64_t bytes; /* the file's size; 0 when it is missing */
};

struct source_list {
    struct source_file *items;
    size_t count;
    size_t unreadable_folders; /* not all of it: no permission, a disk that fails, or too
                                * deep for a path */
    char *unreadable;          /* the first of them by name, below the folder; or NULL */
    size_t folders_below;      /* passed over, for not `recursive` */
    size_t links_left;         /* to folders, passed over for lying behind a link */
    size_t samples;            /* passed over: trowel's own, among recordings */
};

enum { DISCOVER_SKIPS_MAX = 4 };

struct discover_options {
    bool recursive;
    /* no folder below the top that is a project, a best-of set or a kit of trowel's, and
     * no sample that lies among recordings in the top itself, by the manifest there */
    bool skip_projects;
    bool skip_kits; /* no folder below the top that is a kit */
    /* not to go into (export root, kits), up to a NULL; may be missing, or the folder */
    const char *skip[DISCOVER_SKIPS_MAX];
    const atomic_bool *cancelled; /* becomes true: leave off; NULL: never */
};

/* `folder` may also be one file: a list of one. ST_NOT_FOUND, ST_UNREADABLE,
 * ST_NO_MEMORY, ST_CANCELLED. An empty list is ST_OK. */
enum status discover(struct source_list *out, const char *folder,
                     const struct discover_options *options, struct err *e);
/* A folder that a kit was written into: it has the sheet and the manifest of one. */
bool discover_is_kit(const char *folder);
/* Take the items of `more` over; a stem that is taken gets a number. ST_NO_MEMORY. */
enum status source_list_join(struct source_list *all, struct source_list *more,
                             struct err *e);
/* In words, which folders could not be read, or else which links were not followed; false
 * when there is nothing to tell. */
bool source_list_missed(const struct source_list *list, const char *folder, char *out,
                        size_t size);
void source_list_done(struct source_list *list); /* safe on a zeroed one */

#endif
