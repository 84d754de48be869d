/* curate_ear: is a hit the same stroke as one that was chosen, with something else beside
 * it? Stacks hold only copies that sound alike as a whole; in a mix the same kick comes
 * with a hat, a bass note, a voice. Only hits of one class in one recording are held
 * against each other, by the waveform of their files in the band of their drum.
 *
 * Cost: a file is read when it is about to be chosen, not before: 400 of 21,059 hits take
 * 0.4 s more. Not for anyone but curate. */
#ifndef TROWEL_CORE_CURATE_EAR_H
#define TROWEL_CORE_CURATE_EAR_H

#include "core/curate.h"

struct curate_ear;

/* *out is NULL when `files` is; all of this does nothing then. ST_NO_MEMORY, as all. */
enum status curate_ear_new(struct curate_ear **out, const struct curate_entry *entries,
                           const struct curate_files *files, struct err *e);
void curate_ear_free(struct curate_ear *ear);

/* Is it the same as one of those kept? A file that cannot be read is like none. */
enum status curate_ear_knows(struct curate_ear *ear, size_t entry, bool *knows,
                             struct err *e);
/* Keeps the one that was asked for last, or should be. */
enum status curate_ear_keep(struct curate_ear *ear, size_t entry, struct err *e);

#endif
