/* announce: names said on disk before they are written, so that what a killed run left
 * behind is known to be ours and can go.
 * Thread: one writer; different announcements are independent. */
#ifndef TROWEL_CORE_ANNOUNCE_H
#define TROWEL_CORE_ANNOUNCE_H

#include "core/status.h"
#include "io/paths.h"

#include <stdbool.h>

/* A list is held by a lock while it is open: no second run writes the same names. */
struct announced {
    const struct root *root;
    char list[256]; /* below root */
    int fd;
};

/* Hold the list as it is; its folder is made. ST_BUSY: another process has it. ST_DISK,
 * ST_REFUSED. Where files cannot be locked, nobody else is ever seen. */
enum status announce_claim(struct announced *a, const struct root *root, const char *list,
                           struct err *e);
/* The files that the list held names are removed, with folders they leave empty, and it
 * starts afresh. ST_DISK: the list could not be emptied, and is let go. */
enum status announce_restart(struct announced *a, struct err *e);
/* What the list held is complete and on record elsewhere: it starts afresh, and no file
 * goes. ST_DISK as above. */
enum status announce_empty(struct announced *a, struct err *e);
/* Say a name (relative to root) before the file is written. False: errno says why not. */
bool announce_name(struct announced *a, const char *relative);
/* The same for many, in one write. */
bool announce_names(struct announced *a, const char *const *names, size_t count);
/* Stop; the list stays for the next announce_claim. Safe twice. */
void announce_leave(struct announced *a);
/* All is written and on record elsewhere: the list goes. */
enum status announce_end(struct announced *a, struct err *e);

#endif
