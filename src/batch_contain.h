/* batch_contain: the folders that a pipeline writes to unless told otherwise lie below
 * its export root, also when somebody put a symbolic link in their place. */
#ifndef TROWEL_BATCH_CONTAIN_H
#define TROWEL_BATCH_CONTAIN_H

#include "core/pipelines.h"

/* ST_REFUSED when the default folder of this pipeline is, or lies behind, a symbolic link
 * below `export_root` (curate: below its input; demo: below its own folder). A folder
 * that was asked for is the user's choice, and so is the export root itself. */
enum status batch_contained(const struct request *r, const char *export_root,
                            struct err *e);

#endif
