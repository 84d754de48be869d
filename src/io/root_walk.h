/* root_walk: what root.c and atomic.c share. Not for other files. */
#ifndef TROWEL_IO_ROOT_WALK_H
#define TROWEL_IO_ROOT_WALK_H

#include "io/paths.h"

/* Open the folder that holds `relative` (made when missing and `create`); *name points at
 * the last component. The descriptor is the caller's to close. ST_REFUSED for a link on
 * the way, ST_NOT_FOUND, ST_DISK. */
enum status root_walk(const struct root *r, const char *relative, bool create, int *fd,
                      const char **name, struct err *e);

enum { TEMPORARY_BYTES = 48 };
void root_make_temporary_name(char out[TEMPORARY_BYTES], long pid, unsigned n);

/* fsync a folder; file systems that cannot are not a failure. 0 or errno. */
int root_flush_folder(int fd);

#endif
