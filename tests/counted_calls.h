/* counted_calls: write, fsync, rename, unlink … of this program alone, for tests of what
 * is left where a run ends between two of them. A source of its own beside the program,
 * not of tests/support: in a library it would take the place of everybody's calls. */
#ifndef TROWEL_TESTS_COUNTED_CALLS_H
#define TROWEL_TESTS_COUNTED_CALLS_H

#include <stdbool.h>

extern long calls_left; /* so many come through, the next one dies; −1: all do */
extern int syncs;       /* calls that wait for the disk */
extern long reads_left; /* so many come through, the next one fails; −1: none does */
extern int writes_fail; /* errno of pwrite, as of a disk become read-only; 0: it writes */
extern bool links_refused; /* as where the system links no file without a name */

/* While it watches: what is not flushed, how often something got a name, and how often
 * before it was flushed. */
extern bool watching;
extern int unflushed_count, renames, named_too_early;

#endif
