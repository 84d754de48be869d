/* settings: which config counts: --config, else ./config.yaml, else the user's, else the
 * installed one, else the built-in defaults; then every --set; then --seed. */
#ifndef TROWEL_SETTINGS_H
#define TROWEL_SETTINGS_H

#include "core/log.h"
#include "core/pipelines.h"
#include "io/config.h"

/* `request` may be NULL (no options). `used` (may be NULL) receives the path that was
 * loaded or "". Warnings and all errors of the file go to `log`. */
enum status settings_load(struct config *cfg, const struct request *request,
                          const struct log *log, char *used, size_t used_size,
                          struct err *e);

/* "$XDG_CONFIG_HOME/trowel/<name>" or "~/.config/trowel/<name>"; "" without a home. */
void settings_user_file(char *out, size_t size, const char *name);

#endif
