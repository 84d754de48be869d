/* errands: what the screens ask of the workstation, each begun as a job of its own:
 * mining, the kit, the report, the demo, its settings. */
#ifndef TROWEL_ERRANDS_H
#define TROWEL_ERRANDS_H

#include "core/project.h"
#include "io/paths.h"
#include "ui/app.h"

struct hush;

struct workstation {
    struct config cfg, usual; /* usual: without what was saved in the workstation */
    struct project project;
    struct session *session;
    struct jobs *jobs;
    struct transport *transport;
    struct logbook *logbook;
    struct log log;
    struct hush *hush;
    char input_dir[PATH_BYTES], export_root[PATH_BYTES], kits_dir[PATH_BYTES];
    char user_dir[PATH_BYTES], theme_dirs[4 * PATH_BYTES];
    bool no_audio;
    bool made_export_root, made_project; /* these folders were not there before */
    bool settings_stay; /* the project's: saved now or by an earlier run */
};

/* For the screens. `w`, with its project, session and jobs, outlives them; they are asked
 * for on the thread of the screens. */
struct app_ops errands_of(struct workstation *w);

#endif
