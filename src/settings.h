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

/* What was saved in the workstation of sound and screen, over `cfg`; and saving it: what
 * differs from `usual`, the config without it. It is the user's and holds in all
 * projects, workstation.yaml beside the user's config. */
enum status settings_load_own(struct config *cfg, const struct log *log, struct err *e);
enum status settings_save_own(const char *user_dir, const struct config *cfg,
                              const struct config *usual, struct err *e);

/* "$XDG_CONFIG_HOME/trowel/<name>" or "~/.config/trowel/<name>"; "" without a home. */
void settings_user_file(char *out, size_t size, const char *name);
/* The folder of the program itself; "" when it cannot be told. What was installed with it
 * lies in ../share/trowel, also where the prefix is another than the build's. */
void settings_program_folder(char *out, size_t size);

#endif
